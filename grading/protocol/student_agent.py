"""What a student's process does for the checker: look up names, call functions, and hand back plain data.

The sandbox calls :func:`install` in a student's process before any student's code runs, keeps the function that comes
back, and calls it with each request of the checker. Everything here runs beside hostile code, which can change any of it:
it makes honest answers arrive, and nothing rests on it. The checker believes no answer (see :mod:`grading.protocol.values`).

A request is a dict with ``op``:

===========  =================================================================================================
``get``      ``name``: the value of a global name
``set``      ``name``, ``value``;  ``delete``: ``name``
``call``     ``of`` (a handle), ``args``, ``kwargs``;  ``random``: state of the random numbers to start from;
             ``watch``: the arguments that may change, as [position or name, changed, returned];
             ``builtins``: functions of the test's that take the place of built-in ones for this call
``attr``     ``of``, ``name``;  ``setattr``: ``value``, too;  ``signature``: ``of``
``item``     ``of``, ``key``;  ``setitem``: ``value``, too;  ``delitem``;  ``length``, ``text`` (str), ``repr``, ``hash``: ``of``
``operate``  ``name`` of an operator, ``of``, ``other`` (for two operands), ``reflected``
``enter``    ``of``;  ``exit``: ``of``, ``kind`` (a built-in exception's name or None)
``iter``     ``of``: a handle of its iterator;  ``next``: ``of``, ``count``: the next items and whether it ended
``model``    ``of``: a Keras model's config and weights
``keep``     ``place``: remember what every global name is bound to;  ``back``: ``place``: bind them so again
``files``    ``put``: files of the test's; gives those that have changed
``figure``   ``name``: what pyplot's ``gca`` or ``gcf`` give, if there is a figure; ``close``: all figures
===========  =================================================================================================

and in all of them ``drop``: handles that are no longer needed. The answer is ``{"ok": value}`` or ``{"missing": True}`` or
``{"error": {"type", "bases", "message", "where"}}``, with ``"printed"`` where something was printed, and with ``"changed"`` where
arguments were.

Where student's code calls a function of the test's, the answer so far is ``{"ok": None, "callback": {"id", "args", "kwargs"}}``.
What follows has ``level``, the number of such calls that are going on: further requests, which are answered within that call,
and at last ``resume`` with its ``value``, or with ``raised`` and ``type`` of its exception.
"""

import builtins
import contextlib
import inspect
import json
import operator
import os
import random
import secrets
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NoReturn

import numpy as np

from grading.protocol import text_files, values
from grading.protocol.capture import Capped
from grading.protocol.exceptions import describe

Space = MutableMapping[str, Any]
Request = dict[str, Any]
Answer = dict[str, Any]
Talk = Callable[[Answer, int], Request]  # sends an answer that is not the last one, and waits for what follows at this level

PRINTED = 64 * 1024  # characters of printed text that go along with an answer
LARGE = 16 * 2**20  # bytes of an array that is not kept alive only because it was there
TENSOR_PACKAGES = ("tensorflow", "torch", "jax", "jaxlib", "keras")
BASES = 20  # of a class, that are told


class GivenUp(BaseException):
    """What the student's code was asked for is not wanted any more: the test has ended."""


def install(space: Space | Callable[[], Space]) -> Callable[..., Answer]:
    """Prepare a process to answer the checker.

    Parameters
    ----------
    space : mapping or callable
        The namespace that the student's cells run in, or a function that gives it.

    Returns
    -------
    callable
        ``answer(request, talk)``: from a request to its answer. Both can be written as JSON. It does not raise, except for
        what interrupts it from outside while it is not running student's code. ``talk(answer, level)``, which is optional,
        sends an answer that is not the last one and gives the next request of at least this level, or raises `GivenUp`.

    Examples
    --------
    >>> answer = install({"double": lambda x: 2 * x})
    >>> handle = answer({"op": "get", "name": "double"})["ok"]
    >>> handle["callable"], answer({"op": "call", "of": handle["id"], "args": [21], "kwargs": {}})
    (True, {'ok': 42})
    """
    return _Side(space if callable(space) else lambda: space).answer


class _Side:
    def __init__(self, space: Callable[[], Space]) -> None:
        self._space = space
        self._epoch = secrets.token_hex(4)  # a handle of a process that has ended must not fit its successor
        self._kept: dict[str, Any] = {}
        self._handles: dict[int, str] = {}  # theirs, by id: the same object has the same one
        self._seen: text_files.Seen = {}  # files that both sides know
        self._places: dict[str, tuple[dict[str, Any], Any, Any]] = {}
        self._count = 0
        self._classes: dict[int, tuple[str, type]] = {}  # their handles, by id
        self._functions: dict[int, Any] = {}  # stand-ins for functions of tests
        self._numbers: dict[int, int] = {}  # of these, by id
        self._raised: dict[int, int] = {}  # exceptions that tests' functions have raised, by id
        self._exceptions: list[BaseException] = []  # these
        self._talk: Talk | None = None
        self._level = 0
        self._replaced: dict[str, Any] = {}  # built-in functions of this call
        self._printed = Capped(PRINTED)
        self._turn = threading.RLock()

    def answer(self, request: Request, talk: Talk | None = None) -> Answer:
        outer = self._printed, self._talk
        self._printed, self._talk = Capped(PRINTED), talk
        try:
            with contextlib.redirect_stdout(self._printed):
                for handle in request.get("drop", ()):
                    self._handles.pop(id(self._kept.pop(handle, None)), None)
                answer: Answer = getattr(self, "_do_" + request["op"])(request)
        except BaseException as problem:  # a student's code may raise anything, and all of it is an answer
            answer = {"error": self._error(problem)}
        answer = self._with_printed(answer)
        self._printed, self._talk = outer
        return answer

    def _with_printed(self, answer: Answer) -> Answer:
        text = self._printed.take()
        return {**answer, "printed": text} if text else answer

    # --- the operations

    def _do_get(self, request: Request) -> Answer:
        space = self._space()
        if request["name"] not in space:
            return {"missing": True}
        return {"ok": self._out(space[request["name"]])}

    def _do_set(self, request: Request) -> Answer:
        self._space()[request["name"]] = self._in(request["value"])
        return {"ok": None}

    def _do_delete(self, request: Request) -> Answer:
        self._space().pop(request["name"], None)
        return {"ok": None}

    def _do_keep(self, request: Request) -> Answer:
        kept = {name: value for name, value in self._space().items() if not _large(value)}
        self._places[request["place"]] = kept, np.random.get_state(), random.getstate()
        return {"ok": True}

    def _do_back(self, request: Request) -> Answer:
        if request["place"] not in self._places:
            return {"missing": True}
        kept, numpys, pythons = self._places[request["place"]]
        space = self._space()
        now = {name: value for name, value in space.items() if _large(value)}
        space.clear()  # the same mapping: functions look their names up in it
        space.update({**now, **kept})
        np.random.set_state(numpys)
        random.setstate(pythons)
        return {"ok": True}

    def _do_call(self, request: Request) -> Answer:
        function = self._of(request)
        positional = [self._in(value) for value in request["args"]]
        named = {name: self._in(value) for name, value in request["kwargs"].items()}
        watched: list[tuple[Any, Any, bool]] = []  # containers, what they held, whether a change of them is wanted
        same: dict[int, int] = {}
        for key, changed, returned in request.get("watch", ()):
            found = list(values.mutables(positional[key] if isinstance(key, int) else named[key]))
            if returned and found:
                same[id(found[0])] = len(watched)
            watched += [(one, _content(one), changed) for one in found]
        if "random" in request:
            _set_random(self._in(request["random"]))
        replaced = {name: self._known(form) for name, form in request.get("builtins", {}).items()}
        with self._as_builtins(replaced):
            value = function(*positional, **named)
        answer = {"ok": values.encode(value, self._other, known=same)}
        known = {id(one): number for number, (one, _, _) in enumerate(watched)}
        changes = [
            [number, values.encode(one, self._other, known={key: at for key, at in known.items() if key != id(one)})]
            for number, (one, before, changed) in enumerate(watched)
            if changed and not _same_content(before, _content(one))
        ]
        return {**answer, "changed": changes} if changes else answer

    def _do_attr(self, request: Request) -> Answer:
        return {"ok": self._out(getattr(self._of(request), request["name"]))}

    def _do_setattr(self, request: Request) -> Answer:
        setattr(self._of(request), request["name"], self._in(request["value"]))
        return {"ok": None}

    def _do_setitem(self, request: Request) -> Answer:
        self._of(request)[self._in(request["key"])] = self._in(request["value"])
        return {"ok": None}

    def _do_delitem(self, request: Request) -> Answer:
        del self._of(request)[self._in(request["key"])]
        return {"ok": None}

    def _do_hash(self, request: Request) -> Answer:
        return {"ok": hash(self._of(request))}

    def _do_operate(self, request: Request) -> Answer:
        value, name = self._of(request), request["name"]
        function = _OPERATORS[name]
        if "other" not in request:
            return {"ok": self._out(function(value))}
        other = self._in(request["other"])
        if request.get("reflected"):
            value, other = other, value
        return {"ok": self._out(function(value, other))}

    def _do_enter(self, request: Request) -> Answer:
        value = self._of(request)
        return {"ok": self._out(type(value).__enter__(value))}

    def _do_exit(self, request: Request) -> Answer:
        value, kind = self._of(request), request["kind"]
        problem = None if kind is None else getattr(builtins, kind)()
        return {"ok": bool(type(value).__exit__(value, None if problem is None else type(problem), problem, None))}

    def _do_signature(self, request: Request) -> Answer:
        parameters = inspect.signature(self._of(request)).parameters.values()
        told = [(one.name, int(one.kind), [] if one.default is one.empty else [one.default]) for one in parameters]
        return {"ok": self._out(told)}

    def _do_item(self, request: Request) -> Answer:
        return {"ok": self._out(self._of(request)[self._in(request["key"])])}

    def _do_length(self, request: Request) -> Answer:
        return {"ok": len(self._of(request))}

    def _do_text(self, request: Request) -> Answer:
        return {"ok": self._out(str(self._of(request)))}

    def _do_repr(self, request: Request) -> Answer:
        return {"ok": self._out(repr(self._of(request)))}

    def _do_iter(self, request: Request) -> Answer:
        return {"ok": self._keep(iter(self._of(request)))}

    def _do_next(self, request: Request) -> Answer:
        iterator = self._of(request)
        items: list[object] = []
        for _ in range(request["count"]):
            try:
                item = next(iterator)
            except StopIteration:
                return {"ok": items, "end": True}
            items.append(self._out(item))
        return {"ok": items, "end": False}

    def _do_files(self, request: Request) -> Answer:
        put: Any = self._in(request["put"])
        text_files.store(os.curdir, put, self._seen)
        return {"ok": self._out(text_files.changes(os.curdir, self._seen))}

    def _do_figure(self, request: Request) -> Answer:
        plt, name = sys.modules.get("matplotlib.pyplot"), request["name"]
        if plt is None or (name != "close" and not plt.get_fignums()):
            return {"missing": True}
        return {"ok": self._out(plt.close("all") if name == "close" else getattr(plt, name)())}

    def _do_model(self, request: Request) -> Answer:
        import keras

        model = self._of(request)
        # As JSON text: what Keras gives holds tuples and types of its own.
        config = json.dumps(keras.saving.serialize_keras_object(model), default=str)
        return {"ok": self._out({"config": config, "weights": [np.asarray(array) for array in model.get_weights()]})}

    # --- functions of the test's

    def _stand_in(self, number: int, name: str) -> Any:
        """A function that has the test's function called."""
        if number not in self._functions:

            def stand_in(*args: object, **kwargs: object) -> Any:
                return self._call_back(number, args, kwargs)

            stand_in.__name__ = stand_in.__qualname__ = name
            stand_in.__module__ = "__main__"
            self._functions[number] = stand_in
            self._numbers[id(stand_in)] = number
        return self._functions[number]

    def _call_back(self, number: int, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Any:
        with self._turn, self._as_builtins({name: _BUILTINS[name] for name in self._replaced}):
            talk = self._talk
            if talk is None:
                raise RuntimeError("a function of a test's can be called only while the test waits for an answer")
            arguments = {"args": self._out(list(args)), "kwargs": self._out(kwargs)}
            self._level += 1
            try:
                request = talk(self._with_printed({"ok": None, "callback": {"id": number, **arguments}}), self._level)
                while request["op"] != "resume" or request["level"] != self._level:
                    request = talk(self.answer(request, talk), self._level)
            finally:
                self._level -= 1
            if "raised" not in request:
                return self._in(request["value"])
            problem = self._kept.get(request.get("of", "")) or getattr(builtins, request["type"])()
            self._raised[id(problem)] = request["raised"]
            self._exceptions.append(problem)  # kept: its id must stay its own
            raise problem

    @contextlib.contextmanager
    def _as_builtins(self, wanted: dict[str, Any]) -> Iterator[None]:
        """Have built-in functions replaced for a while."""
        before = {name: vars(builtins)[name] for name in wanted}
        outer, self._replaced = self._replaced, wanted
        vars(builtins).update(wanted)
        try:
            yield
        finally:
            vars(builtins).update(before)
            self._replaced = outer

    # --- values in and out

    def _of(self, request: Request) -> Any:
        return self._kept[request["of"]] if request["of"] in self._kept else _stale()

    def _in(self, form: object) -> Any:
        return values.decode(form, self._known)

    def _known(self, form: values.Form) -> object:
        if form["$"] == "handle":
            return self._kept[form["id"]] if form["id"] in self._kept else _stale()
        if form["$"] == "callback":
            return self._stand_in(form["id"], form["name"])
        if form["$"] == "iterator":
            items: Any = self._in(form["v"])
            return iter(items)
        if form["$"] == "numbers":
            bits = getattr(np.random, form["type"])()
            bits.state = self._in(form["v"])
            return np.random.Generator(bits)
        value = sys.modules.get(form["module"]) or __import__(form["module"], fromlist=["_"])
        for part in form["name"].split("."):
            value = getattr(value, part)
        return value

    def _out(self, value: object) -> object:
        return values.encode(value, self._other)

    def _other(self, value: object) -> object:
        kind = type(value)
        package = kind.__module__.split(".")[0] if isinstance(kind.__module__, str) else ""
        if package in TENSOR_PACKAGES and hasattr(kind, "__array__") and hasattr(kind, "shape"):
            return values.encode(np.asarray(value))  # tensors are arrays to any check
        if id(value) in self._numbers:
            return {"$": "callback", "id": self._numbers[id(value)]}
        return self._keep(value)

    def _keep(self, value: Any) -> values.Form:
        kind = type(value)
        if issubclass(kind, type):
            return {"$": "class", "mro": self._mro(value)}
        handle = self._handles.get(id(value))
        if handle is None:
            self._count += 1
            handle = self._handles[id(value)] = f"{self._epoch}-{self._count}"
            self._kept[handle] = value
        is_model = any(base.__name__ == "Model" and str(base.__module__).startswith("keras.") for base in kind.__mro__)
        form = {"$": "handle", "id": handle, "type": str(kind.__name__)[:80], "callable": callable(value), "model": is_model}
        if kind.__module__ == "__main__" or kind.__name__ == "_GeneratorContextManager":
            form["mro"] = self._mro(kind)
        elif hasattr(kind, "__next__"):
            form["kind"] = "generator" if kind is types.GeneratorType else "iterator"
        return form

    def _mro(self, kind: type) -> list[object]:
        """A class and its bases: [handle, name, handles of its bases, built-in exceptions that it is, whether it is called]."""
        told: list[object] = []
        for one in type.mro(kind)[:BASES]:
            if one is object or (one.__module__ == "builtins" and one is not kind):
                continue
            builtin = [base.__name__ for base in one.__mro__ if base.__module__ == "builtins" and issubclass(base, BaseException)]
            called = any("__call__" in vars(base) for base in one.__mro__)
            bases = [self._class_handle(base) for base in one.__bases__ if base.__module__ != "builtins"]
            told.append([self._class_handle(one), str(one.__name__)[:80], bases, builtin, called])
        return told

    def _class_handle(self, kind: type) -> str:
        if id(kind) not in self._classes:
            self._count += 1
            handle = f"{self._epoch}-{self._count}"
            self._classes[id(kind)] = handle, kind  # for good: a mirror of it stays
            self._kept[handle] = kind
        return self._classes[id(kind)][0]

    # --- exceptions

    def _error(self, problem: BaseException) -> dict[str, object]:
        """An exception as data: its type, the types that it is a kind of, its message and where it was raised."""
        error = describe(problem)
        if id(problem) in self._raised:
            error["raised"] = self._raised[id(problem)]
        elif type(problem).__module__ == "__main__" and isinstance(problem, Exception):
            form = self._keep(problem.with_traceback(None))  # without the variables of all the functions that it passed
            error |= {"mro": form["mro"], "value": form["id"]}
        return error


_BUILTINS = dict(vars(builtins))
_OPERATORS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in "eq ne lt le gt ge add sub mul matmul truediv floordiv mod pow xor".split()},
    **{name: getattr(operator, name) for name in "lshift rshift neg pos invert abs index contains".split()},
    **{"and": operator.and_, "or": operator.or_, "bool": bool, "float": float, "int": int, "complex": complex},
}


def _content(container: Any) -> Any:
    """What a list, dict, set or array holds now, to see later whether it has changed."""
    if isinstance(container, np.ndarray):
        return container.tobytes()
    if isinstance(container, dict):
        return [part for pair in dict.items(container) for part in pair]
    return bytes(container) if isinstance(container, bytearray) else list(container)


def _same_content(before: Any, after: Any) -> bool:
    """Whether it holds the very same things; never asks these whether they are equal."""
    if isinstance(before, bytes):
        return bool(before == after)
    return len(before) == len(after) and all(map(operator.is_, before, after))


def _large(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes > LARGE


def _stale() -> NoReturn:
    raise LookupError("this value belonged to a process that has ended")


def _set_random(state: dict[str, Any]) -> None:
    np.random.set_state(state["numpy"])
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
