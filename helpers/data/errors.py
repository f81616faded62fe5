"""The errors that a reader of the course may see while data are fetched or loaded."""


class DataError(Exception):
    """The data cannot be had, or are not what they should be.

    The message says what happened and what to do next.
    """


class SourceError(DataError):
    """One source failed, so the next one may be tried; the message is the reason, in one line."""


class DamagedError(DataError):
    """What lies in the cache is not what was put there."""
