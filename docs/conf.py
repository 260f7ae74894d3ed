"""How Sphinx builds the documentation: ``tox run -e docs``."""

from importlib.metadata import version as installed_version

project = "mllog-callbacks"
author = "the mllog-callbacks authors"
copyright = f"{author}, Apache-2.0"  # noqa: A001 - Sphinx's name for it
release = version = installed_version("mllog-callbacks")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"mllog-callbacks {release}"
exclude_patterns = ["_build"]
