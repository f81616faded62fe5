"""Values of the standard library as plain data, and back: fractions, dates, paths, counters, named tuples.

Only instances of exactly these types are told apart; one of a subclass is no value of this module, because what it is may be
code of the student's. Coming back, a value is built anew from numbers and texts that were looked at first, and from nothing else:

====================  ====================================================================================
``fraction``          ``v``: [numerator, denominator]
``decimal``           ``v``: its text
``date``, ``time``,   ``v``: the numbers that the type is made of, then ``fold`` and the time zone, which is
``datetime``          None or a ``timedelta`` (one with a name stays where it is)
``timedelta``         ``v``: [days, seconds, microseconds]
``path``              ``v``: its text. A relative one without ``..`` is a ``Path``; any other becomes a ``PurePath``, which
                      cannot reach a file
``counter``           ``v``: pairs; all counts together are bounded, since ``elements()`` would lay them out
``ordered``           ``v``: pairs of an OrderedDict
``defaultdict``       ``v``: pairs; ``factory``: a type of the list below, a function of the student's, or None
``namedtuple``        ``type``, ``fields``, ``v``
``bytearray``         ``v``: its bytes
``uuid``              ``v``: its number
``type``              ``v``: the name of a built-in type from a short list
====================  ====================================================================================
"""

import collections
import datetime
import decimal
import fractions
import functools
import keyword
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np

Form = dict[str, Any]

# Types that are themselves wherever they go. They can be called with any data, and that does no harm.
TYPES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None))
_TYPE_NAMES = {kind.__name__: kind for kind in TYPES}
_PATHS = (pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath)
_DECIMAL = re.compile(r"-?\d{1,1000}(\.\d{1,1000})?(E[+-]\d{1,4})?|-?(Infinity|NaN)")
_COUNTED = 10_000_000  # all counts of a Counter together
_FIELDS = 64  # of a named tuple


def form(value: Any, inner: Callable[[object], object]) -> Form | None:
    """Turn a value into a form of plain data.

    Parameters
    ----------
    value : object
    inner : callable
        Turns what lies inside into its form.

    Returns
    -------
    dict or None
        None if it is no value of this module.

    Examples
    --------
    >>> form(fractions.Fraction(1, 2), lambda item: item)
    {'$': 'fraction', 'v': [1, 2]}
    >>> form(object(), lambda item: item) is None
    True
    """
    kind = type(value)
    if kind is type and any(value is known for known in TYPES):
        return {"$": "type", "v": value.__name__}
    if kind is fractions.Fraction:
        return {"$": "fraction", "v": [inner(value.numerator), inner(value.denominator)]}
    if kind is decimal.Decimal:
        return {"$": "decimal", "v": inner(str(value))}
    if kind is datetime.timedelta:
        return {"$": "timedelta", "v": [value.days, value.seconds, value.microseconds]}
    if kind is datetime.date:
        return {"$": "date", "v": [value.year, value.month, value.day]}
    if kind is datetime.time or kind is datetime.datetime:
        zone = value.tzinfo
        if zone is not None and type(zone) is not datetime.timezone:
            return None
        day = [value.year, value.month, value.day] if kind is datetime.datetime else []
        clock = [value.hour, value.minute, value.second, value.microsecond, value.fold]
        return {"$": kind.__name__, "v": [*day, *clock, None if zone is None else inner(zone.utcoffset(None))]}
    if kind in _PATHS:
        return {"$": "path", "v": inner(str(value)), "windows": issubclass(kind, pathlib.PureWindowsPath)}
    if kind is uuid.UUID:
        return {"$": "uuid", "v": value.int}
    if kind is bytearray:
        return {"$": "bytearray", "v": inner(bytes(value))}
    if kind in _MAPPINGS:
        pairs = [[inner(key), inner(item)] for key, item in dict.items(value)]
        made: Form = {"$": _MAPPINGS[kind], "v": pairs}
        if kind is collections.defaultdict:
            made["factory"] = inner(value.default_factory)
        return made
    fields = getattr(kind, "_fields", None) if issubclass(kind, tuple) else None
    if type(fields) is tuple and len(fields) == len(value) and all(type(field) is str for field in fields):
        name = kind.__name__
        if _namedtuple_fits(name, fields):
            return {"$": "namedtuple", "type": name, "fields": list(fields), "v": [inner(item) for item in tuple.__iter__(value)]}
    return None


_MAPPINGS: dict[type, str] = {
    collections.Counter: "counter",
    collections.OrderedDict: "ordered",
    collections.defaultdict: "defaultdict",
}


def rebuild(form: Form, inner: Callable[[object], Any]) -> object:
    """Build a value from its form, of which nothing is believed.

    Parameters
    ----------
    form : dict
        Its kind, ``form["$"]``, is one of `KINDS`.
    inner : callable
        Builds what lies inside.

    Returns
    -------
    object
        Of exactly one of the types above.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is malformed.

    Examples
    --------
    >>> rebuild({"$": "path", "v": "a/b"}, lambda item: item).name
    'b'
    >>> rebuild({"$": "namedtuple", "type": "P", "fields": ["x", "__class__"], "v": [1, 2]}, lambda item: item)
    Traceback (most recent call last):
    ...
    ValueError: no named tuple
    """
    return _REBUILD[form["$"]](form, inner)


def _items(form: Form, inner: Callable[[object], Any], *kinds: type) -> list[Any]:
    """What lies inside, each of exactly the type that belongs there."""
    raw = form["v"]
    if type(raw) is not list or len(raw) != len(kinds):
        raise ValueError("parts are missing")
    return [_exactly(kind, inner(item)) for kind, item in zip(kinds, raw, strict=True)]


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"not a {kind.__name__}")
    return value


def _pairs(form: Form, inner: Callable[[object], Any]) -> list[tuple[Any, Any]]:
    return [(inner(key), inner(item)) for key, item in _exactly(list, form["v"])]


def _fraction(form: Form, inner: Callable[[object], Any]) -> fractions.Fraction:
    numerator, denominator = _items(form, inner, int, int)
    if denominator <= 0:
        raise ValueError("no fraction")
    return fractions.Fraction(numerator, denominator)


def _decimal(form: Form, inner: Callable[[object], Any]) -> decimal.Decimal:
    # The exponent is bounded: int() of it would lay out all the digits.
    text = _exactly(str, inner(form["v"]))
    if not _DECIMAL.fullmatch(text):
        raise ValueError("no decimal number")
    return decimal.Decimal(text)


def _timedelta(form: Form, inner: Callable[[object], Any]) -> datetime.timedelta:
    return datetime.timedelta(*_items(form, inner, int, int, int))


def _date(form: Form, inner: Callable[[object], Any]) -> datetime.date:
    return datetime.date(*_items(form, inner, int, int, int))


def _clock(form: Form, inner: Callable[[object], Any]) -> object:
    kind: Any = datetime.time if form["$"] == "time" else datetime.datetime
    count = 4 if kind is datetime.time else 7
    raw = _exactly(list, form["v"])
    if len(raw) != count + 2:
        raise ValueError("parts are missing")
    *numbers, fold = [_exactly(int, inner(item)) for item in raw[:-1]]
    zone = None if raw[-1] is None else datetime.timezone(_exactly(datetime.timedelta, inner(raw[-1])))
    return kind(*numbers, zone, fold=fold)


def _path(form: Form, inner: Callable[[object], Any]) -> pathlib.PurePath:
    text = _exactly(str, inner(form["v"]))
    if len(text) > 4096 or "\0" in text:
        raise ValueError("no path")
    if form.get("windows") is True:
        return pathlib.PureWindowsPath(text)
    pure = pathlib.PurePosixPath(text)
    # A Path could open any file of the instructor's: only one that stays in the folder of the test becomes one.
    return pure if pure.is_absolute() or ".." in pure.parts else pathlib.Path(text)


def _counter(form: Form, inner: Callable[[object], Any]) -> collections.Counter[Any]:
    pairs = _pairs(form, inner)
    if not all(isinstance(count, int | float | np.number) for _, count in pairs):
        raise TypeError("a count is no number")
    if sum(abs(int(count)) for _, count in pairs if isinstance(count, int | np.integer)) > _COUNTED:
        raise ValueError("counts too much")
    return collections.Counter(dict(pairs))


def _ordered(form: Form, inner: Callable[[object], Any]) -> collections.OrderedDict[Any, Any]:
    return collections.OrderedDict(_pairs(form, inner))


def _defaultdict(form: Form, inner: Callable[[object], Any]) -> collections.defaultdict[Any, Any]:
    return collections.defaultdict(inner(form["factory"]), _pairs(form, inner))  # refuses what cannot be called


def _namedtuple_fits(name: object, fields: Any) -> bool:
    """Whether a class may be made of these names; all of them are identifiers, and none stands for a special method."""
    names = [name, *fields]
    return (
        len(fields) <= _FIELDS
        and len(set(fields)) == len(fields)
        and all(type(one) is str and len(one) <= 80 and one.isidentifier() and not keyword.iskeyword(one) for one in names)
        and not any(field.startswith("_") for field in fields)
    )


@functools.lru_cache(maxsize=256)
def _namedtuple_class(name: str, fields: tuple[str, ...]) -> Callable[..., object]:
    made = collections.namedtuple(name, fields)  # type: ignore[misc]  # its names turn out only now
    made.__module__ = "__main__"
    return made


def _namedtuple(form: Form, inner: Callable[[object], Any]) -> object:
    name, fields = form["type"], form["fields"]
    items = [inner(item) for item in _exactly(list, form["v"])]
    if type(fields) is not list or len(items) != len(fields) or not all(type(field) is str for field in fields):
        raise ValueError("no named tuple")
    if not _namedtuple_fits(name, fields):
        raise ValueError("no named tuple")
    return _namedtuple_class(name, tuple(fields))(*items)


def _bytearray(form: Form, inner: Callable[[object], Any]) -> bytearray:
    return bytearray(_exactly(bytes, inner(form["v"])))


def _uuid(form: Form, inner: Callable[[object], Any]) -> uuid.UUID:
    return uuid.UUID(int=_exactly(int, inner(form["v"])))


def _type(form: Form, inner: Callable[[object], Any]) -> type:
    return _TYPE_NAMES[form["v"]]


_REBUILD: dict[str, Callable[[Form, Callable[[object], Any]], object]] = {
    "fraction": _fraction,
    "decimal": _decimal,
    "timedelta": _timedelta,
    "date": _date,
    "time": _clock,
    "datetime": _clock,
    "path": _path,
    "counter": _counter,
    "ordered": _ordered,
    "defaultdict": _defaultdict,
    "namedtuple": _namedtuple,
    "bytearray": _bytearray,
    "uuid": _uuid,
    "type": _type,
}
KINDS = frozenset(_REBUILD)
