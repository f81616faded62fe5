"""Plain data on its way between a student's process and the trusted checker.

Both sides turn values into things that JSON knows and back. What comes from a student's process is treated as hostile:
:func:`decode` makes nothing but exact built-in types, NumPy arrays and handles, within limits on size and depth, and no
code of the student's can take part in it. There is no pickle, and no ``.npy`` header to be parsed either: an array is its
dtype (from a short list), its shape and its bytes.

How a value looks: None, truth values, whole numbers, text, finite floats and lists are themselves; everything else is a
dict with the key ``"$"``, which names its kind:

=====================  =====================================================================================
``float``              ``v``: ``"nan"``, ``"inf"`` or ``"-inf"``
``tuple``, ``set``, …  ``v``: the items; also ``frozenset``, ``deque``; ``dict`` has pairs
``bytes``              ``v``: base64
``complex``            ``v``: [real, imaginary]
``range``, ``slice``   ``v``: [start, stop, step]
``ellipsis``           nothing
``array``, ``scalar``  ``dtype``, ``shape`` (arrays only), ``data``: base64 of the bytes in C order, little-endian
``objects``            an array of dtype object: ``shape``, ``v``: its items
``fraction``, …        values of the standard library, see :mod:`grading.protocol.library_values`
``same``               ``v``: which of the lists, dicts, sets and arrays that an argument is made of this one is
``handle``             ``id`` of something that stays in the student's process, ``type`` (text), ``callable``, ``model``
``class``              a class of the student's: ``mro``, see :mod:`grading.checker.proxies`
``callback``           ``id`` of a function of the test's, which stays in the checker; ``name``
``iterator``           (to the student only) ``v``: its items
``numbers``            (to the student only) random numbers of NumPy: ``type`` of the bit generator, ``v``: its state
``name``               (to the student only) a function or type that both sides can import: ``module``, ``name``
=====================  =====================================================================================
"""

import base64
import binascii
import collections
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from grading.protocol import library_values

MIB = 2**20
Form = dict[str, Any]  # the dict of a value that is not itself on the wire
Array = np.ndarray[Any, np.dtype[Any]]

# Byte order and size are part of the name, so that nothing depends on the machine.
_DTYPE = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<c(8|16)|<U\d{1,6}|\|S\d{1,6}|<[Mm]8(\[\d{0,4}[A-Za-zμ]{1,7}\])?")
_LARGEST_CODE_POINT = 0x10FFFF


class RefusedData(ValueError):
    """What came across is not plain data, or too much of it."""


class NotPlain(TypeError):
    """A value that cannot cross; the message says which type."""


@dataclass
class Limits:
    """How much one message may hold.

    Attributes
    ----------
    items : int
        Values of any kind, those inside of others included. The numbers of an array do not count.
    size : int
        Bytes of all arrays and texts together.
    depth : int
        Containers within containers.
    """

    items: int = 1_000_000
    size: int = 128 * MIB
    depth: int = 40


class _Meter:
    """Counts what a message holds, and stops it when it is too much."""

    def __init__(self, limits: Limits, known: Mapping[int, int] | None = None) -> None:
        self.items, self.size = limits.items, limits.size
        self.depth = limits.depth
        self.known = known or {}

    def item(self, depth: int) -> None:
        self.items -= 1
        if self.items < 0:
            raise RefusedData("too many values for one answer")
        if depth > self.depth:
            raise RefusedData("nested too deeply")

    def bytes(self, count: int) -> None:
        self.size -= count
        if self.size < 0:
            raise RefusedData("too large for one answer")


def _never(value: object) -> NoReturn:
    raise NotPlain(f"a value of type {type(value).__name__} is not plain data")


def encode(
    value: object,
    other: Callable[[object], object] = _never,
    limits: Limits | None = None,
    known: Mapping[int, int] | None = None,
) -> object:
    """Turn a value into what JSON knows.

    A subclass of a built-in type or of ``numpy.ndarray`` crosses as its base: the data, without its methods. Those of the
    standard library that :mod:`grading.protocol.library_values` lists cross as themselves.

    Parameters
    ----------
    value : object
    other : callable
        What to do with a value that is not plain: returns its form on the wire, or raises NotPlain.
    limits : Limits, optional
    known : dict of int to int, optional
        Lists, dicts, sets and arrays that the other side has, too: from `id` to its number there (see :func:`mutables`).

    Returns
    -------
    object
        None, bool, int, float, str, list or dict.

    Raises
    ------
    NotPlain
        If `other` is not given and something is not plain data.
    RefusedData
        If it is too large, too much or nested too deeply.

    Examples
    --------
    >>> encode([1, (2.5, float("nan"))])
    [1, {'$': 'tuple', 'v': [2.5, {'$': 'float', 'v': 'nan'}]}]
    >>> decode(encode({"a": np.arange(3)}))
    {'a': array([0, 1, 2])}
    """
    return _encode(value, other, _Meter(limits or Limits(), known), 0)


def _encode(value: Any, other: Callable[[object], object], meter: _Meter, depth: int) -> object:
    meter.item(depth)
    kind = type(value)  # never value.__class__ or isinstance: an object may lie there
    if value is None or kind is bool:
        return value
    if meter.known and id(value) in meter.known:
        return {"$": "same", "v": meter.known[id(value)]}
    if issubclass(kind, np.generic):
        return _encode_array(np.asarray(value), other, meter, depth, scalar=True)
    if issubclass(kind, int):
        return int.__pos__(value)
    if issubclass(kind, float):
        number = float.__pos__(value)
        return number if math.isfinite(number) else {"$": "float", "v": str(number)}
    if issubclass(kind, str):
        text = str.__getitem__(value, slice(None))
        meter.bytes(len(text))
        return text
    if issubclass(kind, np.ndarray):
        return _encode_array(np.ndarray.view(value, np.ndarray), other, meter, depth)
    if issubclass(kind, list):
        return [_encode(item, other, meter, depth + 1) for item in list.__iter__(value)]
    special = library_values.form(value, lambda item: _encode(item, other, meter, depth + 1))
    if special is not None:
        return special
    for name, base in _CONTAINERS.items():
        if issubclass(kind, base):
            return {"$": name, "v": [_encode(item, other, meter, depth + 1) for item in base.__iter__(value)]}
    if issubclass(kind, dict):
        pairs = [
            [_encode(key, other, meter, depth + 1), _encode(item, other, meter, depth + 1)] for key, item in dict.items(value)
        ]
        return {"$": "dict", "v": pairs}
    if issubclass(kind, bytes | bytearray):
        meter.bytes(len(value))
        return {"$": "bytes", "v": base64.b64encode(bytes(value)).decode()}
    if issubclass(kind, complex):
        parts = (complex.__complex__(value).real, complex.__complex__(value).imag)
        return {"$": "complex", "v": [_encode(part, other, meter, depth + 1) for part in parts]}
    if kind is range or kind is slice:
        ends = (value.start, value.stop, value.step)
        return {"$": kind.__name__, "v": [_encode(end, other, meter, depth + 1) for end in ends]}
    if value is Ellipsis:
        return {"$": "ellipsis"}
    return other(value)


_CONTAINERS = {"tuple": tuple, "set": set, "frozenset": frozenset, "deque": collections.deque}


def _encode_array(array: Array, other: Callable[[object], object], meter: _Meter, depth: int, scalar: bool = False) -> object:
    if array.dtype == object:
        items = [_encode(item, other, meter, depth + 1) for item in array.ravel().tolist()]
        return items[0] if scalar else {"$": "objects", "shape": list(array.shape), "v": items}
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)  # long double differs between machines
    elif array.dtype.kind == "c" and array.dtype.itemsize > 16:
        array = array.astype(np.complex128)
    elif array.dtype.kind == "V" and array.dtype.names is None and array.dtype.itemsize in (1, 2):
        array = array.astype(np.float32)  # bfloat16 and the like, which only some libraries know
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    if not _DTYPE.fullmatch(array.dtype.str):
        raise NotPlain(f"an array of dtype {array.dtype} is not plain data")
    meter.bytes(array.nbytes)
    form: Form = {
        "$": "scalar" if scalar else "array",
        "dtype": array.dtype.str,
        "data": base64.b64encode(array.tobytes()).decode(),
    }
    if not scalar:
        form["shape"] = list(array.shape)
    return form


_MUTABLE = (np.ndarray, list, dict, set, collections.deque, bytearray)


def mutables(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield what a call can change of an argument: the lists, dicts, sets and arrays that it consists of.

    Both sides find the same ones in the same order, so that a number tells which.

    Examples
    --------
    >>> list(mutables([1, ([2], {"a": [3]})]))
    [[1, ([2], {'a': [3]})], [2], {'a': [3]}, [3]]
    """
    kind = type(value)
    if depth > Limits.depth or (issubclass(kind, np.ndarray) and value.dtype == object):
        return
    if issubclass(kind, _MUTABLE):
        yield value
    if issubclass(kind, dict):
        parts: Any = list(dict.values(value))
    elif issubclass(kind, list | tuple | collections.deque):
        parts = list(value)
    else:
        return
    for part in parts:
        yield from mutables(part, depth + 1)


def _no_handle(form: Form) -> NoReturn:
    raise RefusedData("a handle is not allowed here")


def decode(form: object, handle: Callable[[Form], object] = _no_handle, limits: Limits | None = None) -> object:
    """Turn what came across into a value; nothing of it is believed.

    Parameters
    ----------
    form : object
        What :func:`encode` gave, or anything that a hostile process may have sent instead.
    handle : callable
        Makes something of a form of the kind ``handle`` or of one of those below it.
    limits : Limits, optional

    Returns
    -------
    object
        Of exact built-in types, `numpy.ndarray`, NumPy scalars, and what `handle` gives.

    Raises
    ------
    RefusedData
        If it is malformed, too large, too much or nested too deeply.

    Examples
    --------
    >>> decode({"$": "array", "dtype": "<f8", "shape": [2, 2], "data": "AAAA"})
    Traceback (most recent call last):
    ...
    grading.protocol.values.RefusedData: malformed data: 3 bytes for an array of 32
    >>> decode({"$": "array", "dtype": "|O", "shape": [1], "data": ""})
    Traceback (most recent call last):
    ...
    grading.protocol.values.RefusedData: malformed data: the dtype '|O' is not allowed
    """
    try:
        return _decode(form, handle, _Meter(limits or Limits()), 0)
    except RefusedData:
        raise
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, binascii.Error, RecursionError, AttributeError) as error:
        raise RefusedData(f"malformed data: {type(error).__name__}") from None


def _decode(form: object, handle: Callable[[Form], object], meter: _Meter, depth: int) -> Any:
    meter.item(depth)
    if form is None or type(form) in (bool, float):
        return form
    if type(form) is int:
        if form.bit_length() > 4096:
            raise RefusedData("malformed data: a whole number of more than 4096 bits")
        return form
    if type(form) is str:
        meter.bytes(len(form))
        return form
    if type(form) is list:
        return [_decode(item, handle, meter, depth + 1) for item in form]
    if type(form) is not dict:
        raise RefusedData(f"malformed data: {type(form).__name__}")
    kind = form["$"]
    if kind == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[form["v"]]
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](_decode(item, handle, meter, depth + 1) for item in _list(form["v"]))
    if kind == "dict":
        return {_decode(key, handle, meter, depth + 1): _decode(item, handle, meter, depth + 1) for key, item in _list(form["v"])}
    if kind == "bytes":
        return _raw(form["v"], meter)
    if kind == "complex":
        real, imaginary = (float(_decode(part, handle, meter, depth + 1)) for part in _list(form["v"]))
        return complex(real, imaginary)
    if kind in ("range", "slice"):
        parts = [_decode(part, handle, meter, depth + 1) for part in _list(form["v"])]
        return range(*parts) if kind == "range" else slice(*parts)
    if kind == "ellipsis":
        return Ellipsis
    if kind == "array":
        return _decode_array(form, _shape(form["shape"]), meter)
    if kind == "scalar":
        return _decode_array(form, (), meter)[()]
    if kind == "objects":
        items = [_decode(item, handle, meter, depth + 1) for item in _list(form["v"])]
        array = np.empty(len(items), dtype=object)
        for position, item in enumerate(items):
            array[position] = item  # one by one: NumPy would look into them otherwise
        return array.reshape(_shape(form["shape"]))
    if kind in library_values.KINDS:
        return library_values.rebuild(form, lambda item: _decode(item, handle, meter, depth + 1))
    if kind in ("handle", "class", "callback", "same", "iterator", "numbers", "name"):
        return handle(form)
    raise RefusedData("malformed data: an unknown kind")


def _list(value: object) -> list[Any]:
    if type(value) is not list:
        raise RefusedData("malformed data: a list is missing")
    return value


def _shape(value: object) -> tuple[int, ...]:
    sides = _list(value)
    if len(sides) > 32 or not all(type(side) is int and 0 <= side < 2**40 for side in sides):
        raise RefusedData("malformed data: no shape of an array")
    return tuple(sides)


def _raw(text: object, meter: _Meter) -> bytes:
    if type(text) is not str:
        raise RefusedData("malformed data: bytes are missing")
    meter.bytes(len(text) * 3 // 4)
    return base64.b64decode(text, validate=True)


def _decode_array(form: Form, shape: tuple[int, ...], meter: _Meter) -> Array:
    name = form["dtype"]
    if type(name) is not str or not _DTYPE.fullmatch(name):
        raise RefusedData(f"malformed data: the dtype {str(name)[:40]!r} is not allowed")
    dtype = np.dtype(name)
    expected = math.prod(shape) * dtype.itemsize
    raw = _raw(form["data"], meter)
    if len(raw) != expected:
        raise RefusedData(f"malformed data: {len(raw)} bytes for an array of {expected}")
    # An empty array may claim any length along its other axes, and a loop over it would not end.
    if not expected and any(side > 2**20 for side in shape):
        raise RefusedData("malformed data: no shape of an array")
    flat = np.frombuffer(bytearray(raw), dtype=dtype) if expected else np.zeros(math.prod(shape), dtype)
    if dtype.kind == "b":  # a truth value of 2 is neither equal to True nor to False
        flat = flat.view(np.uint8) != 0
    if dtype.kind == "U" and flat.size and flat.view(np.uint32).max(initial=0) > _LARGEST_CODE_POINT:
        raise RefusedData("malformed data: no text")
    return flat.reshape(shape)


def clean(text: object, length: int = 4000) -> str:
    r"""Make text from a student's process fit to be stored and shown: bounded, no lone surrogates, no control characters.

    Examples
    --------
    >>> clean("a\x1b[31mred\ud800")
    'a[31mred?'
    """
    text = text if type(text) is str else ""
    if len(text) > length:
        text = text[:length] + " …"
    text = text.encode("utf-8", "replace").decode("utf-8", "replace")
    return "".join(letter for letter in text if letter in "\n\t" or (letter >= " " and not "\x7f" <= letter < "\xa0"))
