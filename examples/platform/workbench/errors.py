"""What a person did that the platform cannot do; each says what to do instead."""


class RefusedError(ValueError):
    """What was asked for cannot be done, for the reason given."""


class NotFoundError(RefusedError):
    """There is nothing of that name."""
