"""What stands in the checker for a student's functions, iterators, classes and exceptions."""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from grading.checker.proxies import LARGEST_CHUNK, StudentClass, StudentError, StudentValue, asked_doc, next_items
from grading.protocol.values import Form, RefusedData

if TYPE_CHECKING:
    from grading.checker.link import Link


class StudentFunction(StudentValue):
    """Stands for a student's function, or anything else to be called."""

    __slots__ = ()

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call it with plain data, functions of the test's and what is the student's."""
        get = object.__getattribute__
        return get(self, "_link").call(get(self, "_id"), get(self, "_name"), args, kwargs)

    def __call_with_changes__(self, *args: object, **kwargs: object) -> Any:
        """Call it, and bring every argument to what it is in the student's process: for `helpers.limits.keeps_input`."""
        get = object.__getattribute__
        return get(self, "_link").call(get(self, "_id"), get(self, "_name"), args, kwargs, changes=True)

    @property  # type: ignore[misc]  # isinstance asks for it, and nobody sets it
    def __class__(self) -> type:
        return types.FunctionType if object.__getattribute__(self, "_type") == "function" else type(self)

    @property
    def __signature__(self) -> inspect.Signature:
        """What `inspect.signature` shows: the parameters, as the student's process tells them."""
        told: Any = self._link.value("signature", of=self._id)
        try:
            empty, kinds = inspect.Parameter.empty, inspect._ParameterKind
            return inspect.Signature(
                [inspect.Parameter(name, kinds(kind), default=default[0] if default else empty) for name, kind, default in told]
            )
        except (TypeError, ValueError):
            raise StudentError("the student's process tells no signature of this function") from None


StudentFunction.__doc__ = property(asked_doc)  # type: ignore[assignment]  # of its instances: what the student wrote


class StudentIterator(StudentValue):
    """Stands for an iterator: `next` takes the items one by one."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        held, chunk, ended = object.__getattribute__(self, "_cache") or ([], 0, False)
        if not held and not ended:
            chunk = min(2 * chunk or 1, LARGEST_CHUNK)
            items, ended = next_items(self, chunk)
            held = items[::-1]
        object.__setattr__(self, "_cache", (held, chunk, ended))
        if not held:
            raise StopIteration
        return held.pop()


class StudentGenerator(StudentIterator):
    """Stands for a generator."""

    __slots__ = ()

    @property  # type: ignore[misc]  # isinstance asks for it, and nobody sets it
    def __class__(self) -> type:
        return types.GeneratorType


class StudentException(Exception):
    """What the mirror of a student's exception adds to the built-in one: the message, and the attributes by asking."""

    student_type = student_where = ""
    _message: str | None = None
    _proxy: StudentValue | None = None

    def __str__(self) -> str:
        return str(self._proxy or "") if self._message is None else self._message

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or self._proxy is None:
            raise AttributeError(name)
        return getattr(self._proxy, name)


def mirror(link: Link, handle: str, name: str, bases: tuple[type, ...]) -> type:
    """Make a class here that stands for one of the student's.

    Parameters
    ----------
    link : grading.checker.link.Link
    handle : str
    name : str
        Fit to be shown.
    bases : tuple of type
        Mirrors of its bases, and for an exception a built-in one.

    Returns
    -------
    type
    """
    name = name or "object"
    namespace = {"_class_link": link, "_class_id": handle, "__module__": "builtins", "__qualname__": name}
    if not issubclass(bases[0], BaseException):
        namespace |= {"__slots__": (), "__doc__": property(asked_doc)}
    try:
        return StudentClass(name, bases, dict(namespace))
    except TypeError:  # bases that do not fit together, as a hostile process may tell them
        return StudentClass(name, bases[-1:], dict(namespace))


def is_student(value: object) -> bool:
    """Whether something is the student's: an object, an exception or a class."""
    own = isinstance(value, StudentException) and value._proxy is not None
    return own or isinstance(value, StudentValue) or type(value) is StudentClass


def handle_of(value: Any) -> Form:
    """The form of what is the student's."""
    if isinstance(value, StudentException):
        value = value._proxy
    return {"$": "handle", "id": value._class_id if type(value) is StudentClass else object.__getattribute__(value, "_id")}


# Exceptions that steer loops or end the process are not passed on under their own name: a student's StopIteration
# would quietly end a test's `for ... in map(student, cases)`.
PASSED_ON: dict[str, type[Exception]] = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, StopIteration | StopAsyncIteration)
    and name not in ("UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError", "ExceptionGroup")
}


def passed_on(names: list[Any]) -> type[Exception]:
    """The first of these built-in exceptions that a test may catch by its type."""
    kind = next((PASSED_ON[name] for name in names if type(name) is str and name in PASSED_ON), None)
    if kind is None:
        raise RefusedData("malformed data: no exception")
    return kind


def mirror_of_builtin(name: str, kind: type[Exception]) -> type[StudentException]:
    """Make a type for a built-in exception of the student's: it shows the message that the student's process told."""
    return type(name, (StudentException, kind), {"__module__": "builtins", "__qualname__": name})
