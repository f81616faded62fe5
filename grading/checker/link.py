"""The way between a test cell and the student's process: requests, answers, and requests the other way.

Beside plain data, a call carries as much as the test and the reference solution need, and no more:

- **Arguments that are changed.** Where a function of the reference solution changes a parameter in place, that argument comes
  back after the call, and the checker's own lists, dicts, sets and arrays take its content: of the same type, and for an
  array of the same dtype and shape. Any other argument stays as the test made it, whatever the student's function did to its
  copy; so no function can bend the data that a test goes on to compare with.
- **Functions of the test's.** They stay here; the student's process gets a number to call them by. What it learns is what they
  give back: when one raises, the other side is told the built-in type of the exception and not its text, and the exception goes
  on here as it is, unless the student's code handles it. Calls within calls are bounded, and so is their number.
- **Built-in functions that the test has replaced** (``patch("builtins.print")``), in the same way, while a call lasts.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import itertools
import sys
import types
import weakref
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, cast

import numpy as np

from grading.checker.arguments import update
from grading.checker.mirrors import (
    PASSED_ON,
    StudentException,
    StudentFunction,
    StudentGenerator,
    StudentIterator,
    handle_of,
    is_student,
    mirror,
    mirror_of_builtin,
    passed_on,
)
from grading.checker.proxies import StudentError, StudentGone, StudentValue, builtin_name
from grading.checker.random_numbers import RandomNumbers
from grading.checker.reference import Traits
from grading.protocol import text_files, values
from grading.protocol.framing import Channel, ProtocolError, load

MESSAGE = 4000  # characters of an exception's message
CLASSES = 2000  # classes of one student's that are mirrored
BASES = 20  # of one class
ITEMS = 100_000  # of an iterator that a test passes
CONTAINERS = 500_000  # lists and objects in one answer of a student's process
CALLBACKS = 100_000  # calls of a test's functions in one test cell
CALLBACK_DEPTH = 20  # a test's function that calls a student's that calls a test's ...


class Link:
    """The way from a test cell to the student's process.

    Parameters
    ----------
    channel : grading.protocol.framing.Channel
        To the grader.
    traits : grading.checker.reference.Traits
        What tests may meet beside plain data.
    make : dict of str to type, optional
        Kinds of proxies for things that only the checker knows, such as a ``model``.
    """

    def __init__(
        self,
        channel: Channel,
        traits: Traits,
        make: Mapping[str, type[StudentValue]] | None = None,
    ) -> None:
        self.traits = traits
        self._channel, self._make = channel, make or {}
        self._dropped: list[str] = []
        self.numbers = RandomNumbers()
        self._classes: dict[str, type] = {}
        self._folder: str | None = None  # that the test works in, where files pass
        self._seen: text_files.Seen = {}
        self._proxies: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()  # one for each object
        self._functions: list[Any] = []  # of tests, that were passed on
        self._numbers: dict[int, int] = {}  # from their ids
        self._raised: list[BaseException] = []  # by these
        self._depth = self._callbacks = 0
        self._patched: dict[str, object] | None = None  # built-in functions of the test's, while the grader's own code runs
        self._containers: list[tuple[Any, bool]] = []  # of the arguments of the call that is going on
        self.calls = 0  # how often student's code may have run: what was known of its objects before is out of date

    def begin_cell(self) -> None:
        """Count anew, and see which files are there."""
        self._callbacks = 0
        self._raised.clear()
        with contextlib.suppress(StudentGone):  # who asks for it later is told
            self._exchange_files()

    def work_in(self, path: str) -> None:
        """Let files pass between this folder and the student's."""
        self._folder = path

    def _exchange_files(self) -> None:
        """Give what the test has written, and take what the student's code has."""
        if self._folder is None:
            return
        mine = text_files.changes(self._folder, self._seen) if self.traits.reads or self.traits.writes else {}
        theirs = self.ask("files", put=self.encode(mine)).get("ok") if mine or self.traits.writes else None
        files = self.decode(theirs) if self.traits.writes else {}
        if type(files) is not dict or len(files) > text_files.COUNT or not all(text_files.fits(*one) for one in files.items()):
            raise StudentError("the files that the student's code wrote did not come as plain text")
        if sum(map(len, files.values())) > text_files.SIZE:
            raise StudentError("the files that the student's code wrote are too large")
        text_files.store(self._folder, files, self._seen)

    # --- requests

    def ask(self, op: str, **request: object) -> dict[str, object]:
        """Make a request; give the answer, or raise what the student's code raised."""
        answer: dict[str, object] = self.undisturbed(self._ask, op, request)
        return answer

    def undisturbed(self, function: Callable[..., Any], *args: object) -> Any:
        """Call a function of the grader's without the built-in functions that the test has replaced."""
        if self._patched is not None:
            return function(*args)
        self._patched = patched = {name: _NOW[name] for name, own in _BUILTINS.items() if _NOW.get(name, own) is not own}
        try:
            _NOW.update({name: _BUILTINS[name] for name in patched})
            return function(*args)
        finally:
            _NOW.update(patched)
            self._patched = None

    def _ask(self, op: str, request: dict[str, object]) -> dict[str, object]:
        patched = self._patched or {}
        if self._dropped:
            request["drop"], self._dropped = self._dropped, []
        if op == "call":
            if (state := self.numbers.news()) is not None:
                request["random"] = values.encode(state)
            if patched:
                request["builtins"] = {name: self._function(value) for name, value in patched.items() if callable(value)}
        if op not in ("get", "model", "submitted"):
            self.calls += 1
        if self._depth:
            request["level"] = self._depth
        answer = self._send({"op": op, **request})
        while "callback" in answer:
            answer = self._send({"op": "resume", "level": self._depth + 1, **self._answer(answer["callback"])})
        if "error" in answer:
            raise self._exception(answer["error"])
        return answer

    def _send(self, request: dict[str, object]) -> dict[str, Any]:
        self._channel.send({"say": "ask", "request": request})
        received = self._channel.receive()
        if received is None or "gone" in received[0]:
            raise StudentGone(received[0]["gone"] if received else "the grader ended")
        try:
            answer = load(received[0]["answer"], containers=CONTAINERS, values=3 * CONTAINERS)
        except ProtocolError:
            raise StudentGone("the student's process gave an answer that makes no sense") from None
        if answer.get("printed"):
            sys.stdout.write(values.clean(answer["printed"], 100_000))  # not print, which the test may have replaced
        return answer

    def value(self, op: str, **request: object) -> Any:
        """Make a request whose answer is a value."""
        return self.undisturbed(self._value, op, request)

    def _value(self, op: str, request: dict[str, Any]) -> Any:
        answer = self.ask(op, **request)
        if op == "get" and answer.get("missing") is True:
            raise KeyError(request["name"])
        if "ok" not in answer:
            raise StudentGone("the student's process gave an answer that makes no sense")
        return self.decode(answer["ok"])

    def call(self, handle: str, name: str, args: tuple[object, ...], kwargs: Mapping[str, object], changes: bool = False) -> Any:
        """Call something of the student's; `name` tells what the reference solution does to its arguments there.

        With `changes`, every argument comes back as the call has left it.
        """
        watched: list[Any] = self.traits.watched.get(name, [])
        if changes:
            watched = [(place, "", True, False) for place in range(len(args))] + [(-1, key, True, False) for key in kwargs]
        return self.undisturbed(self._call, handle, watched, args, kwargs)

    def _call(self, handle: str, watched: list[Any], args: tuple[object, ...], kwargs: Mapping[str, object]) -> Any:
        self._exchange_files()
        outer, self._containers, watch = self._containers, [], []
        for position, parameter, changed, returned in watched:
            key = position if 0 <= position < len(args) else parameter
            if type(key) is int or key in kwargs:
                value = args[key] if type(key) is int else kwargs[key]
                found = list(values.mutables(value))
                self._containers += [(one, changed) for one in found]
                watch.append([key, changed, bool(returned and found and found[0] is value)])
        request: dict[str, object] = {"watch": watch} if watch else {}
        try:
            answer = self.ask(
                "call",
                of=handle,
                args=[self.encode(value) for value in args],
                kwargs={name: self.encode(value) for name, value in kwargs.items()},
                **request,
            )
            if "ok" not in answer:
                raise StudentGone("the student's process gave an answer that makes no sense")
            self._take_changes(answer.get("changed"))
            return self.decode(answer["ok"])
        finally:
            self._containers = outer
            self._exchange_files()

    def _take_changes(self, changes: object) -> None:
        """Bring the arguments of a call to what they are in the student's process."""
        if changes is None:
            return
        if type(changes) is not list or len(changes) > len(self._containers):
            raise StudentError("the arguments did not come back as plain data")
        taken = []
        for one in changes:
            number, form = one if type(one) is list and len(one) == 2 else (None, None)
            if type(number) is not int or not 0 <= number < len(self._containers) or not self._containers[number][1]:
                raise StudentError("the arguments did not come back as plain data")
            taken.append((self._containers[number][0], self.decode(form)))
        for mine, theirs in taken:
            update(mine, theirs)

    # --- values

    def decode(self, form: object) -> object:
        """Turn what came across into a value."""
        try:
            return values.decode(form, self._handle)
        except values.RefusedData as problem:
            raise StudentError(f"the answer is not plain data: {problem}") from None

    def _handle(self, form: values.Form) -> object:
        kind = form["$"]
        if kind == "same":
            number = form["v"]
            if type(number) is not int or not 0 <= number < len(self._containers):
                raise values.RefusedData("malformed data: no argument")
            return self._containers[number][0]
        if kind == "callback":
            number = form["id"]
            if type(number) is not int or not 0 <= number < len(self._functions):
                raise values.RefusedData("malformed data: no function")
            return self._functions[number]
        if kind == "class":
            return self._class(form["mro"])
        handle = form["id"]
        if kind != "handle" or type(handle) is not str or len(handle) > 40:
            raise values.RefusedData("malformed data: no handle")
        return self._once(handle, lambda: self._proxy(form, handle))

    def _once(self, handle: str, make: Callable[[], Any]) -> Any:
        """The proxy of this handle, which is made where there is none."""
        known = self._proxies.get(handle)
        if known is None:
            if handle in self._dropped:  # it is wanted again before the other side heard that it is not
                self._dropped.remove(handle)
            self._proxies[handle] = known = make()
        return known

    def _proxy(self, form: values.Form, handle: str) -> Any:
        name = values.clean(form.get("type"), 80)
        for attribute, proxy in self._make.items():
            if form.get(attribute) is True:
                return proxy(self, handle, name)
        if "mro" in form:
            made = self._class(form["mro"])
            if issubclass(made, StudentException):
                problem = type.__call__(made)
                problem._proxy = StudentValue(self, handle, name)
                return problem
            value = cast("StudentValue", object.__new__(made))
            StudentValue.__init__(value, self, handle, name)
            return value
        shape = {"generator": StudentGenerator, "iterator": StudentIterator}.get(str(form.get("kind")), StudentValue)
        return (StudentFunction if form.get("callable") is True else shape)(self, handle, name)

    def _class(self, mro: object) -> type:
        """The mirror of a class of the student's: `mro` has it and its bases, as [handle, name, handles of bases, ...]."""
        if type(mro) is not list or not 1 <= len(mro) <= BASES:
            raise values.RefusedData("malformed data: no class")
        for one in reversed(mro):
            handle, name, bases, builtin, called = one if type(one) is list and len(one) == 5 else [None] * 5
            if type(handle) is not str or len(handle) > 40 or type(bases) is not list or type(builtin) is not list:
                raise values.RefusedData("malformed data: no class")
            if handle in self._classes:
                continue
            if len(self._classes) >= CLASSES:
                raise values.RefusedData("too many classes for one student")
            known = tuple(self._classes[base] for base in bases if type(base) is str and base in self._classes)
            own = StudentFunction if called is True else StudentValue
            if builtin:
                problem = passed_on(builtin)
                known = tuple(base for base in known if issubclass(base, StudentException)) or (StudentException,)
                roots: tuple[type, ...] = () if any(issubclass(base, problem) for base in known) else (problem,)
            else:
                known = tuple(base for base in known if issubclass(base, StudentValue))
                roots = () if any(issubclass(base, own) for base in known) else (own,)
            self._classes[handle] = mirror(self, handle, values.clean(name, 80), known + roots)
        return self._classes[mro[0][0]]

    def encode(self, value: object) -> object:
        """Turn a value of a test's into what can cross."""
        return values.encode(value, self._other)

    def _other(self, value: object) -> values.Form:
        if is_student(value):
            return handle_of(value)
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(value, type | types.BuiltinFunctionType | types.FunctionType) or type(value).__name__ == "ufunc":
            if type(value).__name__ == "ufunc":
                module, name = "numpy", getattr(value, "__name__", None)
            if isinstance(module, str) and isinstance(name, str) and module != "__main__" and _same(module, name, value):
                return {"$": "name", "module": module, "name": name}
        if callable(value) and not isinstance(value, type):
            return self._function(value)
        if isinstance(value, np.random.Generator) and type(value.bit_generator).__module__.startswith("numpy."):
            bits: Any = value.bit_generator
            return {"$": "numbers", "type": type(bits).__name__, "v": self.encode(bits.state)}
        if isinstance(value, Iterator | KeysView | ValuesView | ItemsView) and not isinstance(value, io.IOBase):
            items = list(itertools.islice(value, ITEMS + 1))
            if len(items) > ITEMS:
                raise values.NotPlain(f"an iterator of more than {ITEMS} items cannot be passed to a student's function")
            return {"$": "iterator", "v": self.encode(items)}
        raise values.NotPlain(
            f"a test can pass plain data and functions to a student's function, not a value of type {type(value).__name__}: "
            "pass its data, or have a solution cell define the class"
        )

    def _function(self, value: object) -> values.Form:
        number = self._numbers.setdefault(id(value), len(self._functions))
        if number == len(self._functions):
            self._functions.append(value)  # kept: its id must stay its own
        name = getattr(value, "__name__", "")
        return {"$": "callback", "id": number, "name": name if type(name) is str and name.isidentifier() else "function"}

    def drop(self, handle: str) -> None:
        """Nothing here needs this any more."""
        self._dropped.append(handle)

    # --- requests the other way

    def _answer(self, request: object) -> dict[str, object]:
        """Call a function of the test's for the student's code."""
        self._callbacks += 1
        if self._callbacks > CALLBACKS or self._depth >= CALLBACK_DEPTH:
            raise StudentError("the student's code called the test's function without end")
        number = request.get("id") if type(request) is dict else None
        if type(request) is not dict or type(number) is not int or not 0 <= number < len(self._functions):
            raise StudentGone("the student's process gave an answer that makes no sense")
        args, kwargs = self.decode(request.get("args")), self.decode(request.get("kwargs"))
        if type(args) is not list or type(kwargs) is not dict or not all(type(name) is str for name in kwargs):
            raise StudentGone("the student's process gave an answer that makes no sense")
        self._depth += 1
        try:
            return {"value": self._encode_given(self._disturbed(self._functions[number], args, kwargs))}
        except Exception as problem:
            self._raised.append(problem)
            own = {"of": handle_of(problem)["id"]} if is_student(problem) else {}  # it came from there: it is what it was
            return {"raised": len(self._raised) - 1, "type": builtin_name(type(problem)), **own}
        finally:
            self._depth -= 1

    def _disturbed(self, function: Callable[..., object], args: list[Any], kwargs: dict[str, Any]) -> object:
        """Call a function of the test's with what the test has replaced."""
        patched, self._patched = self._patched or {}, None
        before = {name: _NOW[name] for name in patched}
        try:
            _NOW.update(patched)
            return function(*args, **kwargs)
        finally:
            _NOW.update(before)
            self._patched = patched

    def _encode_given(self, value: object) -> object:
        """What a test's function gave back; of a mock that was not told what to give, None."""
        mock = sys.modules.get("unittest.mock")
        return None if mock and isinstance(value, mock.NonCallableMock) else self.encode(value)

    # --- exceptions

    def _exception(self, error: object) -> BaseException:
        """The exception of a student's as one that a test may catch."""
        if type(error) is not dict:
            return StudentGone("the student's process gave an answer that makes no sense")
        raised = error.get("raised")
        if type(raised) is int and 0 <= raised < len(self._raised):  # one of the test's own that went through their code
            return self._raised[raised]
        name = values.clean(error.get("type"), 80) or "Exception"
        bases = error.get("bases")
        bases = [base for base in bases[:BASES] if type(base) is str] if type(bases) is list else []
        message = values.clean(error.get("message"), MESSAGE)
        where = values.clean(error.get("where"), 300)
        made: Any = None  # an exception with attributes more
        if any(base in PASSED_ON for base in bases):
            with contextlib.suppress(TypeError, values.RefusedData, ValueError):
                kind = self._class(error["mro"]) if error.get("mro") else mirror_of_builtin(name, passed_on(bases))
                if issubclass(kind, StudentException):
                    # KeyError shows its text in quotes, and OSError splits its arguments: each is given the plain text.
                    made = type.__call__(kind, message)
                    made._message = message
        if made is None:
            made = StudentError(f"{name}: {message}")
        made.student_type, made.student_where = name, where
        handle = error.get("value")
        if isinstance(made, StudentException) and type(handle) is str and len(handle) <= 40:
            held = self._once(handle, lambda: StudentValue(self, handle, name))
            made._proxy = held._proxy if isinstance(held, StudentException) else held
        assert isinstance(made, BaseException)
        return made


def _same(module: str, name: str, value: object) -> bool:
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value


# --- built-in functions that a test replaces

_NOW = vars(builtins)
_BUILTINS = {
    name: value
    for name, value in _NOW.items()
    # IPython has its own of the last few.
    if not name.startswith("_") and name not in ("exit", "quit", "copyright", "credits", "license", "help")
}
