"""What a student's process does for the checker: look up names, call functions, and hand back plain data.

The sandbox calls :func:`install` in a student's process before any student's code runs, keeps the function that comes
back, and calls it with each request of the checker. Everything here runs beside hostile code, which can change any of it:
it makes honest answers arrive, and nothing rests on it. The checker believes no answer (see :mod:`grading.wire`).

A request is a dict with ``op``:

===========  =================================================================================================
``get``      ``name``: the value of a global name
``set``      ``name``, ``value``;  ``delete``: ``name``
``call``     ``of`` (a handle), ``args``, ``kwargs``;  ``random``: state of the random numbers to start from
``attr``     ``of``, ``name``
``item``     ``of``, ``key``;  ``length``, ``text`` (str), ``repr``: ``of``
``iter``     ``of``: a handle of its iterator;  ``next``: ``of``, ``count``: the next items and whether it ended
``model``    ``of``: a Keras model's config and weights
``keep``     ``place``: remember what every global name is bound to;  ``back``: ``place``: bind them so again
``ping``     nothing
===========  =================================================================================================

and in all of them ``drop``: handles that are no longer needed. The answer is ``{"ok": value}`` or ``{"missing": True}`` or
``{"error": {"type", "bases", "message", "where"}}``, with ``"printed"`` where something was printed.
"""

import contextlib
import io
import json
import linecache
import random
import secrets
import sys
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, NoReturn

import numpy as np

from grading import wire

Space = MutableMapping[str, Any]
Request = dict[str, Any]
Answer = dict[str, Any]

PRINTED = 64 * 1024  # characters of printed text that go along with an answer
MESSAGE = 4000  # characters of an exception's message
LARGE = 16 * 2**20  # bytes of an array that is not kept alive only because it was there
TENSOR_PACKAGES = ("tensorflow", "torch", "jax", "jaxlib", "keras")


def install(space: Space | Callable[[], Space]) -> Callable[[Request], Answer]:
    """Prepare a process to answer the checker.

    Parameters
    ----------
    space : mapping or callable
        The namespace that the student's cells run in, or a function that gives it.

    Returns
    -------
    callable
        From a request to its answer. Both can be written as JSON. It does not raise, except for what interrupts it
        from outside while it is not running student's code.

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
        self._places: dict[str, tuple[dict[str, Any], Any, Any]] = {}
        self._count = 0

    def answer(self, request: Request) -> Answer:
        printed = _Capped(PRINTED)
        try:
            with contextlib.redirect_stdout(printed):
                for handle in request.get("drop", ()):
                    self._kept.pop(handle, None)
                answer: Answer = getattr(self, "_do_" + request["op"])(request)
        except BaseException as problem:  # a student's code may raise anything, and all of it is an answer
            answer = {"error": _describe(problem)}
        text = printed.getvalue()
        if text:
            answer["printed"] = text
        return answer

    # --- the operations

    def _do_ping(self, request: Request) -> Answer:
        return {"ok": None}

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
        if "random" in request:
            _set_random(self._in(request["random"]))
        return {"ok": self._out(function(*positional, **named))}

    def _do_attr(self, request: Request) -> Answer:
        return {"ok": self._out(getattr(self._of(request), request["name"]))}

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

    def _do_model(self, request: Request) -> Answer:
        import keras

        model = self._of(request)
        # As JSON text: what Keras gives holds tuples and types of its own.
        config = json.dumps(keras.saving.serialize_keras_object(model), default=str)
        return {"ok": self._out({"config": config, "weights": [np.asarray(array) for array in model.get_weights()]})}

    # --- values in and out

    def _of(self, request: Request) -> Any:
        return self._kept[request["of"]] if request["of"] in self._kept else _stale()

    def _in(self, form: object) -> Any:
        return wire.decode(form, self._known)

    def _known(self, form: wire.Form) -> object:
        if form["$"] == "handle":
            return self._kept[form["id"]] if form["id"] in self._kept else _stale()
        value = sys.modules.get(form["module"]) or __import__(form["module"], fromlist=["_"])
        for part in form["name"].split("."):
            value = getattr(value, part)
        return value

    def _out(self, value: object) -> object:
        return wire.encode(value, self._other)

    def _other(self, value: object) -> object:
        kind = type(value)
        package = kind.__module__.split(".")[0] if isinstance(kind.__module__, str) else ""
        if package in TENSOR_PACKAGES and hasattr(kind, "__array__") and hasattr(kind, "shape"):
            return wire.encode(np.asarray(value))  # tensors are arrays to any check
        return self._keep(value)

    def _keep(self, value: Any) -> wire.Form:
        self._count += 1
        handle = f"{self._epoch}-{self._count}"
        self._kept[handle] = value
        kind = type(value)
        is_model = any(base.__name__ == "Model" and str(base.__module__).startswith("keras.") for base in kind.__mro__)
        name = value.__name__ if kind is type else kind.__name__
        return {"$": "handle", "id": handle, "type": str(name)[:80], "callable": callable(value), "model": is_model}


def _large(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.nbytes > LARGE


def _stale() -> NoReturn:
    raise LookupError("this value belonged to a process that has ended")


def _set_random(state: dict[str, Any]) -> None:
    np.random.set_state(state["numpy"])
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))


def _describe(problem: BaseException) -> dict[str, object]:
    """An exception as data: its type, the types that it is a kind of, its message and where it was raised."""
    try:
        message = str(problem)[:MESSAGE]
    except BaseException:  # an exception's own text may be hostile code, too
        message = "(its message cannot be read)"
    bases = [base.__name__ for base in type(problem).__mro__ if base.__module__ == "builtins"]
    return {"type": type(problem).__name__[:80], "bases": bases, "message": message, "where": _where(problem)}


def _where(problem: BaseException) -> str:
    """The last line of the student's own that the exception passed, or an empty text."""
    try:
        frames = [
            frame
            for frame in traceback.extract_tb(problem.__traceback__)
            if frame.filename != __file__
            and "site-packages" not in frame.filename
            and not frame.filename.startswith(sys.base_prefix)
        ]
        if not frames:
            return ""
        last = frames[-1]
        line = (last.line or linecache.getline(last.filename, last.lineno or 0)).strip()
        return f"{last.name}, line {last.lineno}: {line}"[:300]
    except BaseException:  # a hint only
        return ""


class _Capped(io.StringIO):
    """Keeps the first so many characters and lets the rest go."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, text: str) -> int:
        super().write(text[: self._room])
        self._room -= min(self._room, len(text))
        return len(text)
