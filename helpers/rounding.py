"""Numbers with the digits that mean something: a mean is rounded by its uncertainty."""

import math

__all__ = ["decimals", "rounded"]


def decimals(spread: float, most: int = 6) -> int:
    """Return with how many decimals a number is written whose uncertainty or spread is this one.

    The spread keeps its first digit, and a second one if the first is 1 or 2. What comes behind it is noise.

    Parameters
    ----------
    spread : float
    most : int, optional

    Returns
    -------
    int

    Examples
    --------
    >>> [decimals(spread) for spread in (12.3, 3.4, 1.4, 0.52, 0.017)]
    [0, 0, 1, 1, 3]
    """
    if not math.isfinite(spread) or spread <= 0:
        return 2 if spread == 0 else 1
    exponent = math.floor(math.log10(spread))
    leading = spread / 10**exponent
    return int(min(max(0, -exponent + (1 if leading < 2.95 else 0)), most))


def rounded(mean: float, spread: float) -> str:
    """Write a mean and its uncertainty with the digits that mean something.

    Parameters
    ----------
    mean, spread : float

    Returns
    -------
    str
        The mean alone if the spread is not a number.

    Examples
    --------
    >>> rounded(91.2345, 0.5212), rounded(0.12345, 0.0171), rounded(12.3, float("nan"))
    ('91.2 ± 0.5', '0.123 ± 0.017', '12.3')
    """
    places = decimals(spread)
    return f"{mean:.{places}f}" + (f" ± {spread:.{places}f}" if math.isfinite(spread) else "")
