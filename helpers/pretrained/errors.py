"""The errors of pre-trained networks; like those of data sets, their messages say what to do next."""

from helpers.data.errors import DataError


class Unavailable(DataError):
    """The weights are not in the cache and no source delivers them.

    Examples
    --------
    >>> issubclass(Unavailable, DataError)
    True
    """
