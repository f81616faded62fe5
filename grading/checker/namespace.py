"""The namespace of test cells, in which a student's names stand for what is in the student's process."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Sequence
from typing import Any

from grading.checker.link import Link
from grading.checker.mirrors import StudentFunction
from grading.checker.proxies import StudentClass
from grading.protocol import values


class Space(dict[str, Any]):
    """The namespace of test cells: what is not there is looked up in the student's process.

    Parameters
    ----------
    link : Link
    student : frozenset of str
        Names that the reference solution defines.
    own : frozenset of str
        Names that never come from the student.
    """

    def __init__(self, link: Link, student: frozenset[str] = frozenset(), own: frozenset[str] = frozenset()) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins)
        self.link, self.student, self.own = link, student, own
        self.functions: dict[str, StudentFunction | StudentClass] = {}
        self.handed: set[str] = set()  # names of the student's that have had their turn in the notebook
        self._places: dict[str, tuple[dict[str, Any], set[str], dict[str, Any]]] = {}

    def __missing__(self, name: str) -> Any:
        return self.functions[name] if name in self.functions else self.link.undisturbed(self._find, name)

    def _find(self, name: str) -> Any:
        if name in self.own or (hasattr(builtins, name) and name not in self.handed) or name.startswith("__"):
            raise KeyError(name)
        value = self.link.value("get", name=name)
        if type(value) is StudentFunction:
            object.__setattr__(value, "_name", name)
        if type(value) in (StudentFunction, StudentClass):
            self.functions[name] = value  # spares the question at each call
        return value

    def __contains__(self, name: object) -> bool:  # for a test that asks globals()
        if dict.__contains__(self, name) or type(name) is not str:
            return dict.__contains__(self, name)
        try:
            self[name]
        except KeyError:
            return False
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or something else where there is none."""
        return self[name] if name in self else default

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, value)
        if name in self.handed:
            self.functions.pop(name, None)
            with contextlib.suppress(values.NotPlain, values.RefusedData):
                self.link.ask("set", name=name, value=self.link.encode(value))

    def __delitem__(self, name: str) -> None:
        known = dict.pop(self, name, self) is not self
        if name in self.handed:
            self.functions.pop(name, None)
            self.link.ask("delete", name=name)
        elif not known:
            raise KeyError(name)

    def keep(self, place: str) -> None:
        """Remember what every name means now, here and in the student's process."""
        with contextlib.suppress(Exception):  # where it cannot be remembered, `back` says so
            self.link.ask("keep", place=place)
            self._places[place] = dict(self), set(self.handed), self.link.numbers.now()

    def back(self, place: str) -> bool:
        """Let every name mean again what it meant then; whether both sides know it."""
        if place not in self._places or self.link.ask("back", place=place).get("ok") is not True:
            return False
        names, handed, numbers = self._places[place]
        dict.clear(self)
        dict.update(self, names)
        self.handed = set(handed)
        self.link.numbers.back(numbers)
        return True

    def hand_over(self, names: Sequence[str]) -> None:
        """From here on, these names are the student's."""
        self.handed.update(names)
        for name in names:
            dict.pop(self, name, None)
        self.functions.clear()
