"""The errors that a reader of the course may see while data are fetched or loaded."""


class DataError(Exception):
    """The data cannot be had, or are not what they should be.

    The message says what happened and what to do next.
    """


class CacheError(DataError):
    """The cache folder cannot be read or written; the message says how to choose another."""


class SourceError(DataError):
    """One source failed, so the next one may be tried; the message is the reason, in one line.

    Parameters
    ----------
    message : str
    step : str, optional
        What to do about it, where something better is known than to look at the connection.
    tried : bool, optional
        False if nothing was asked of the network: something is missing on this computer.
    """

    def __init__(self, message: str, *, step: str = "", tried: bool = True) -> None:
        super().__init__(message)
        self.step, self.tried = step, tried


class SlowError(SourceError):
    """A home was left because it is slow; `seconds` is what the rest of the file would have taken."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class ReaderError(SourceError):
    """What reads the files of a source is not installed; what was downloaded of them is kept."""

    def __init__(self, message: str) -> None:
        super().__init__(message, tried=False)


class DamagedError(DataError):
    """What lies in the cache is not what was put there."""
