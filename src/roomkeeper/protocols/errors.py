"""The one error of this package.

    ValueError
    └── ProtocolError      bytes from the wire (or a setting path from a person) that cannot be understood

Encoders raise a plain ValueError instead: there the mistake is ours, not the sender's.
"""


class ProtocolError(ValueError):
    """The message could not be understood."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.__class__.__doc__ or "")
