"""What a test cell sees of a student's work: proxies for what stays in the student's process.

A proxy asks the student's process for attributes, items, length and calls, and what comes back is plain data or a proxy again.
What it must never do is let the student's code decide how the student's answer compares with the test's. So:

- **A comparison with a plain value is refused**, whatever the object says: it is neither equal nor unequal, less nor more.
  Nor is an object true or false, a number or an array.
- **Special methods are asked for only where the exercise is about them**: the object's class bears the name of one that the
  reference solution defines, and the reference solution's classes define that very method
  (:mod:`grading.checker.reference`). An object with an always true ``__eq__`` gains nothing in an exercise whose answer is a
  number.
- **Two objects of such classes** may be compared by the student's ``__eq__``: the test then tests that method, and its author
  sees from the reference solution that it does. The result has to be a truth value.
- **An operation with a value of the test's** (``v * 3``) has to give an object again, never a number. Otherwise
  ``abs(f(x) - 9) < 1e-6`` would hand the expected 9 to the student's ``__sub__``, and have its 0 for an answer. What came of
  such an operation can still be compared with objects and asked for attributes, but ``abs`` and ``float`` refuse it.
- **``in``** compares here, item by item, unless the reference's class has a ``__contains__``.
- **A context manager** learns of an exception of the test's no more than its built-in type, and cannot suppress it: a failed
  ``assert`` inside ``with`` stays failed.
- **The same object** is the same proxy each time, so that ``is`` tells, and ``==`` for objects whose class has no ``__eq__``.
- **A class** is mirrored by a class here, so that ``isinstance``, ``issubclass``, ``type`` and ``except`` need not ask. What an
  object says of its class is believed: it could have been of that class.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    from grading.checker.link import Link

LARGEST_CHUNK = 64  # items of an iterator that are asked for at once
# What inspect and tests look up. NumPy and others look for more special names, to see what an object can do.
_ASKED = frozenset(
    "__name__ __doc__ __qualname__ __annotations__ __defaults__ __kwdefaults__ __code__ __dict__ __closure__ __wrapped__".split()
)


class StudentError(Exception):
    """What a student's function raised, where it is no built-in exception that a test may catch by its type."""


class StudentGone(BaseException):
    """The student's process gave no answer: no test may catch this and go on."""


class StudentValue:
    """Stands for something that stays in the student's process."""

    __slots__ = ("_id", "_link", "_type", "_cache", "_mixed", "_name", "__weakref__")

    def __init__(self, link: Link, handle: str, kind: str) -> None:
        put = object.__setattr__
        put(self, "_link", link)
        put(self, "_id", handle)
        put(self, "_type", kind)
        put(self, "_cache", None)
        put(self, "_mixed", False)  # whether it came of an operation with a value of the test's
        put(self, "_name", "")  # under which a test found it

    def __del__(self) -> None:
        get = object.__getattribute__
        get(self, "_link").drop(get(self, "_id"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _ASKED:
            raise AttributeError(name)
        found = self._link.value("attr", of=self._id, name=name)
        if isinstance(found, StudentValue):
            object.__setattr__(found, "_name", f".{name}")
        return found

    def __setattr__(self, name: str, value: object) -> None:
        if not _own(self):
            raise TypeError(f"a test cannot change the student's {self._type}")
        self._link.ask("setattr", of=self._id, name=name, value=self._link.encode(value))

    def __getitem__(self, key: object) -> Any:
        return self._link.value("item", of=self._id, key=self._link.encode(key))

    def __setitem__(self, key: object, value: object) -> None:
        _need(self, "setitem", "be changed by a test")
        self._link.ask("setitem", of=self._id, key=self._link.encode(key), value=self._link.encode(value))

    def __delitem__(self, key: object) -> None:
        _need(self, "delitem", "be changed by a test")
        self._link.ask("delitem", of=self._id, key=self._link.encode(key))

    def __len__(self) -> int:
        length = self._link.value("length", of=self._id)
        if type(length) is not int or not 0 <= length < 2**62:
            raise TypeError(f"the length of the student's {self._type} is no whole number")
        return length

    def __iter__(self) -> Iterator[Any]:
        return _iterate(self)

    def __contains__(self, item: object) -> bool:
        if _may(self, "contains"):
            return _truth(self, self._link.value("operate", name="contains", of=self._id, other=self._link.encode(item)))
        return any(item is one or item == one for one in self)  # each comparison is made here

    def __str__(self) -> str:
        return _text(self, self._link.value("text", of=self._id))

    def __repr__(self) -> str:
        if not _may(self, "repr"):
            return f"<the student's {object.__getattribute__(self, '_type')}>"
        return _text(self, self._link.value("repr", of=self._id))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"the student's {self._type} stays in the student's process")

    def __enter__(self) -> Any:
        _need(self, "enter", "be used in a with statement")
        return self._link.value("enter", of=self._id)

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> bool:
        _need(self, "exit", "be used in a with statement")
        told = builtin_name(kind) if kind is not None else None
        suppressed = self._link.value("exit", of=self._id, kind=told)
        # Only what the student's own code raised can be its to suppress: a failed assert of the test's is not.
        return suppressed is True and getattr(problem, "student_type", None) is not None

    def __hash__(self) -> int:
        if not _may(self, "hash"):
            raise TypeError(f"unhashable type: '{object.__getattribute__(self, '_type')}'")
        number = self._link.value("hash", of=self._id)
        if type(number) is not int or number.bit_length() > 63:
            raise TypeError(f"the hash of the student's {self._type} is no whole number")
        return number


def _own(value: StudentValue) -> bool:
    """Whether its class bears the name of one that the reference solution defines."""
    classes = object.__getattribute__(value, "_link").traits.classes
    return any(one.__name__ in classes for one in type(value).__mro__ if type(one) is StudentClass)


def _may(value: StudentValue, *methods: str) -> bool:
    """Whether the exercise is about one of these special methods of such an object."""
    defined = object.__getattribute__(value, "_link").traits.methods
    return _own(value) and any(f"__{method}__" in defined for method in methods)


def _need(value: StudentValue, method: str, what: str) -> None:
    if not _may(value, method):
        _refuse(value, what)


def _refuse(value: StudentValue, what: str) -> NoReturn:
    kind = object.__getattribute__(value, "_type")
    raise TypeError(f"a value of type '{kind}' is no plain data (a number, text, list, array ...): it cannot {what}")


def _truth(value: StudentValue, answer: object) -> bool:
    if type(answer) is not bool:
        _refuse(value, "be taken as true or false")
    return answer


def _text(value: StudentValue, answer: object) -> str:
    if type(answer) is not str:
        raise TypeError(f"the text of the student's {object.__getattribute__(value, '_type')} is no text")
    return answer


def builtin_name(kind: type[BaseException]) -> str:
    """The built-in exception that an exception is: all that the student's code learns of one of the test's."""
    return next(str(one.__name__) for one in kind.__mro__ if one is getattr(builtins, one.__name__, None))


def _iterate(value: StudentValue | StudentClass) -> Iterator[Any]:
    own = (value._class_link, value._class_id) if isinstance(value, StudentClass) else (value._link, value._id)
    iterator = own[0].value("iter", of=own[1])
    if not isinstance(iterator, StudentValue):
        raise StudentError("this value of the student's cannot be looped over")
    chunk = 1
    while True:
        items, ended = next_items(iterator, chunk)
        yield from items
        if ended:
            return
        chunk = min(2 * chunk, LARGEST_CHUNK)


def next_items(iterator: StudentValue, count: int) -> tuple[list[Any], bool]:
    """The next items of an iterator, and whether it has ended."""
    answer = iterator._link.ask("next", of=iterator._id, count=count)
    items, ended = answer.get("ok"), answer.get("end") is not False
    if type(items) is not list or not (items or ended):
        raise StudentGone("the student's process gave an answer that makes no sense")
    return [iterator._link.decode(item) for item in items], ended


# --- operators ----------------------------------------------------------------------------------------------------------


def _comparison(name: str, *alike: str) -> Callable[[StudentValue, object], bool]:
    def method(self: StudentValue, other: object) -> bool:
        fits = isinstance(other, StudentValue) and _own(self) and _own(other)
        if fits and name in ("eq", "ne") and not _may(self, "eq", "ne"):
            return (self is other) is (name == "eq")  # as any object without such a method compares
        if not fits or not _may(self, name, *alike):
            _refuse(self, "be compared with plain data or with an object of another class; compare attributes of it")
        return _truth(self, self._link.value("operate", name=name, of=self._id, other=self._link.encode(other)))

    return method


def _binary(name: str, reflected: bool) -> Callable[[StudentValue, object], Any]:
    def method(self: StudentValue, other: object) -> Any:
        theirs = isinstance(other, StudentValue)
        if not _may(self, name, f"r{name}", f"i{name}") or (isinstance(other, StudentValue) and not _own(other)):
            _refuse(self, "be calculated with")
        link = self._link
        given = link.value("operate", name=name, of=self._id, other=link.encode(other), reflected=reflected)
        pure = theirs and not self._mixed and not object.__getattribute__(other, "_mixed")
        return given if pure else _still_theirs(self, given, name)

    return method


def _unary(name: str) -> Callable[[StudentValue], Any]:
    def method(self: StudentValue) -> Any:
        _need(self, name, "be calculated with")
        given = self._link.value("operate", name=name, of=self._id)
        return _still_theirs(self, given, name) if self._mixed else given

    return method


def _still_theirs(value: StudentValue, given: Any, name: str) -> Any:
    """What came of an operation with a value of the test's: an object, and no number."""
    if not isinstance(given, StudentValue) or not _own(given):
        _refuse(value, f"give plain data in an operation with a value of the test's ({name}); call a method of it instead")
    object.__setattr__(given, "_mixed", True)
    return given


def _number(name: str, *kinds: type) -> Callable[[StudentValue], Any]:
    def method(self: StudentValue) -> Any:
        if not _may(self, name) or self._mixed:
            _refuse(self, "be taken as a number" if name != "bool" else "be taken as true or false")
        given = self._link.value("operate", name=name, of=self._id)
        if type(given) not in kinds:
            raise TypeError(f"__{name}__ of the student's {self._type} gives no {kinds[0].__name__}")
        return given

    return method


def _refusing(what: str) -> Callable[..., NoReturn]:
    def method(self: StudentValue, *others: object, **more: object) -> NoReturn:
        _refuse(self, what)

    return method


BINARY = "add sub mul matmul truediv floordiv mod pow and or xor lshift rshift".split()
COMPARISONS = {"eq": (), "ne": ("eq",), **dict.fromkeys(("lt", "le", "gt", "ge"), ("lt", "le", "gt", "ge"))}
UNARY = ("neg", "pos", "invert", "abs")
NUMBERS = {"bool": (bool,), "float": (float,), "int": (int,), "index": (int,), "complex": (complex,)}

for _name, _alike in COMPARISONS.items():
    setattr(StudentValue, f"__{_name}__", _comparison(_name, *_alike))
for _name in BINARY:
    setattr(StudentValue, f"__{_name}__", _binary(_name, False))
    setattr(StudentValue, f"__r{_name}__", _binary(_name, True))
for _name in UNARY:
    setattr(StudentValue, f"__{_name}__", _unary(_name))
for _name, _kinds in NUMBERS.items():
    setattr(StudentValue, f"__{_name}__", _number(_name, *_kinds))
for _name in ("round", "trunc", "floor", "ceil"):
    setattr(StudentValue, f"__{_name}__", _refusing("be taken as a number"))
for _name in ("divmod", "rdivmod"):
    setattr(StudentValue, f"__{_name}__", _refusing("be calculated with"))
for _name in ("array", "array_ufunc", "array_function"):
    setattr(StudentValue, f"__{_name}__", _refusing("be turned into an array"))


# --- classes ---------------------------------------------------------------------------------------------------------------


def asked_doc(self: Any) -> str | None:
    """The docstring of what a proxy stands for."""
    own = (self._class_link, self._class_id) if type(self) is StudentClass else (self._link, self._id)
    text = own[0].value("attr", of=own[1], name="__doc__")
    return text if type(text) is str else None


StudentValue.__doc__ = property(asked_doc)  # type: ignore[assignment]  # of its instances: what the student wrote


class StudentClass(type):
    """Mirrors a student's class: its objects are proxies, and an exception can be caught by it.

    Calling it makes an object in the student's process; attributes are asked for there.
    """

    _class_link: Link
    _class_id: str

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> StudentClass:
        """Make the mirror of a class; a class statement of a test's cannot."""
        if "_class_link" not in namespace:
            raise TypeError("a test cannot derive a class from a student's class; derive it in a solution cell")
        return super().__new__(mcs, name, bases, namespace)

    def __call__(cls, *args: object, **kwargs: object) -> Any:
        """Have the student's class make an object."""
        return cls._class_link.call(cls._class_id, ".__init__", args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") and name not in _ASKED:
            raise AttributeError(name)
        return cls._class_link.value("attr", of=cls._class_id, name=name)

    def __iter__(cls) -> Iterator[Any]:
        return _iterate(cls)

    def __getitem__(cls, key: object) -> Any:
        return cls._class_link.value("item", of=cls._class_id, key=cls._class_link.encode(key))

    def __setattr__(cls, name: str, value: object) -> None:
        cls._class_link.ask("setattr", of=cls._class_id, name=name, value=cls._class_link.encode(value))


StudentClass.__doc__ = property(asked_doc)  # type: ignore[assignment]
