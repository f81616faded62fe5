"""The outputs of a cell, put together from what a student's process says that it showed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output

from grading.protocol.framing import ProtocolError
from grading.protocol.printed import Ends, last_state

OUTPUTS = 2000  # outputs of one cell
ERROR_TEXT = 256 * 1024  # bytes of an exception's output


class Outputs:
    """A cell's outputs, in nbformat's form and limited in size. Believes nothing that it is told."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._room = limit
        self._list: list[NotebookNode] = []
        self._named: dict[str, tuple[NotebookNode, int]] = {}
        self._cut = False
        self._clear = False
        self._errors = ERROR_TEXT if limit else 0
        self._ends: dict[str, Ends] = {}

    def take(self, message: Mapping[str, object]) -> None:
        """Add what a message says."""
        kind, name, text, output = (message.get(key) for key in ("type", "name", "text", "output"))
        if kind == "stream" and (name == "stdout" or name == "stderr") and isinstance(text, str):
            self.text(name, text)
        elif kind == "display" and isinstance(output, dict):
            self._display(output, name, message.get("update"))
        elif kind == "clear":
            self._clear = True
            if not message.get("wait"):
                self._before()
        elif kind == "cut":
            self._cut = True
        else:
            raise ProtocolError(f"a message of an unknown kind ({str(kind)[:40]!r})")

    def text(self, name: str, text: str) -> None:
        """Add printed text."""
        if not text:
            return
        self._before()
        ends = self._ends.setdefault(name, Ends(3 * self._limit // 4, self._limit // 8))
        if len(self._list) >= OUTPUTS // 2:  # both streams by turns: the rest of the outputs is for figures
            ends.stop()
        self._print(name, _savable(self._fit(ends.add(text))))

    def _print(self, name: str, text: str) -> None:
        if not text:
            return
        if self._list and self._list[-1].output_type == "stream" and self._list[-1].name == name:
            self._list[-1].text.append(text)
        else:
            self._list.append(NotebookNode(output_type="stream", name=name, text=[text]))

    def finish(self) -> list[NotebookNode]:
        """The outputs, as a notebook saves them: of what was overwritten, its last state."""
        for name, ends in self._ends.items():
            self._print(name, _savable(ends.rest()))
        for output in self._list:
            if output.output_type == "stream" and isinstance(output.text, list):
                output.text = last_state("".join(output.text))
        if self._cut:
            self._list.append(
                new_output(
                    "stream", name="stdout", text=f"[The output ends here: a cell may show {self._limit / 2**20:.3g} MiB.]\n"
                )
            )
        return self._list

    def _fit(self, text: str) -> str:
        if self._room <= 0 or len(self._list) >= OUTPUTS:
            self._cut = self._cut or bool(self._limit)
            return ""
        if len(text) > self._room:
            text, self._cut = text[: self._room], True
        self._room -= len(text)
        return text

    def _before(self) -> None:
        if self._clear:
            self._list, self._named, self._ends = [], {}, {}
            self._room, self._cut, self._clear = self._limit, False, False

    def _display(self, output: dict[str, object], name: object, update: object) -> None:
        kind = output.get("output_type")
        earlier = self._named.get(name) if isinstance(name, str) else None
        if kind == "error":
            self._before()
            self._list.append(self._error(output))
        elif kind not in ("display_data", "execute_result"):
            raise ProtocolError(f"an output of an unknown kind ({str(kind)[:40]!r})")
        elif not update:
            self._before()
            made, size = self._data(output, kind, self._room)
            if made is not None:
                self._room -= size
                self._list.append(made)
                if isinstance(name, str):
                    self._named[name] = made, size
        elif earlier is not None:
            shown, before = earlier
            made, size = self._data(output, kind, self._room + before)
            if made is not None:
                self._room += before - size
                shown.data, shown.metadata = made.data, made.metadata
                self._named[str(name)] = shown, size

    def _error(self, output: dict[str, object]) -> NotebookNode:
        lines = output.get("traceback")
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise ProtocolError("an error without a traceback")
        lines, size = list(lines), 0
        for number, line in enumerate(lines):
            size += len(line) + 200
            if size > self._errors:
                lines[number:] = ["[The traceback ends here.]"]
                break
        self._errors -= min(self._errors, size)
        name, message = (str(output.get(key))[:2000] for key in ("ename", "evalue"))
        trace = [_savable(line) for line in lines]
        return NotebookNode(output_type="error", ename=_savable(name), evalue=_savable(message), traceback=trace)

    def _data(self, output: dict[str, object], kind: str, room: int) -> tuple[NotebookNode | None, int]:
        data, metadata, count = (output.get(key) for key in ("data", "metadata", "execution_count"))
        if not isinstance(data, dict) or not isinstance(metadata, dict):
            raise ProtocolError("an output without data")
        data = {key: value if isinstance(value, str) or key.endswith("json") else str(value) for key, value in data.items()}
        size = len(json.dumps([data, metadata])) + 200
        if size > room or len(self._list) >= OUTPUTS:
            self._cut = self._cut or bool(self._limit)
            return None, 0
        extra = {"execution_count": count if type(count) is int and count >= 0 else None} if kind == "execute_result" else {}
        data, metadata = json.loads(_savable(json.dumps([data, metadata], ensure_ascii=False)))
        return new_output(kind, data=from_dict(data), metadata=from_dict(metadata), **extra), size


def _savable(text: str) -> str:
    """The text without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def told_error(error: object) -> tuple[str, str, str] | None:
    """An exception as the student's process tells it: (type, message, traceback) or None."""
    if error is None:
        return None
    if not isinstance(error, list) or len(error) != 3 or not all(isinstance(part, str) for part in error):
        return ("Exception", "(the process did not say what)", "")
    name, message, trace = (_savable(part[:ERROR_TEXT]) for part in error)
    return name, message, trace
