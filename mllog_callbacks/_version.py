"""The version, for the build and for the sidecars."""

__version__ = "0.1.0"
