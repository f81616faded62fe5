"""What a notebook prints, on its way from the student's process to the grader."""

from __future__ import annotations

import io
import os
import re
import threading
from typing import TYPE_CHECKING

from grading.protocol.printed import Ends, is_overwritten, last_state

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from grading.sandbox.grader_channel import GraderChannel

TEXT_LIMIT = 2**20  # characters of a piece of printed text
_UP = re.compile(r"\x1b\[\d*[AFHJf]")
HELD = 4096  # characters of a line that are held until it is complete


class Stream(io.TextIOBase):
    """``sys.stdout`` and ``sys.stderr`` of a notebook.

    Parameters
    ----------
    channel : GraderChannel
    name : str
        ``stdout`` or ``stderr``.
    file : int
        The file descriptor that the same stream has for programs written in C.
    """

    encoding, errors = "utf-8", "replace"

    def __init__(self, channel: GraderChannel, name: str, file: int) -> None:
        super().__init__()
        self.name = f"<{name}>"
        self._channel, self._name, self._file = channel, name, file
        self._process = os.getpid()
        self._held: list[str] = []
        self._length = 0
        self._lock = threading.RLock()
        self._ends = self._new_ends()
        self._inside = False  # whether the beginning of a line was sent already, which may yet be overwritten
        self._moved = False  # whether something may overwrite whole lines: then the grader finds out what is left

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The file descriptor of the same stream."""
        return self._file

    def isatty(self) -> bool:
        """There is no terminal."""
        return False

    @property
    def buffer(self) -> _Bytes:
        """The stream for bytes."""
        return _Bytes(self)

    def write(self, text: str) -> int:
        """Print a text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._process:  # a forked child would write into the middle of a message
            data = memoryview(text.encode("utf-8", "replace"))
            while data:
                data = data[os.write(self._file, data) :]
            return len(text)
        with self._lock:
            self._held.append(str(text))
            self._length += len(text)
            if "\n" in text or self._length > HELD:
                self._send_lines()
        return len(text)

    def flush(self) -> None:
        """Show what was printed so far, but a line in which something is overwritten only when it is complete."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self._send_lines()
            if self._held and not is_overwritten(self._held[0]):
                self._send(self._take())

    def finish(self) -> None:
        """Show all that was printed: a picture follows, or the cell has ended."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self._send(self._collapsed(self._take()))

    def end_cell(self) -> None:
        """Show the end of what a cell has printed, where its middle is left out."""
        with self._lock:
            self.finish()
            self._show(self._ends.rest())
            self.begin_cell()

    def begin_cell(self) -> None:
        """Begin to count anew."""
        self._ends = self._new_ends()
        self._inside = self._moved = False

    def _new_ends(self) -> Ends:
        return Ends(self._channel.limit // 2, self._channel.limit // 16)

    def _take(self) -> str:
        text = "".join(self._held)
        self._held, self._length = [], 0
        return text

    def _send_lines(self) -> None:
        """Send the lines that are complete; of the last one keep what later text may overwrite."""
        complete, newline, line = self._take().rpartition("\n")
        self._send(self._collapsed(complete + newline))
        if len(line) > HELD and (back := max(line.rfind("\r"), line.rfind("\b"))) >= 0:
            while line[back - 1 : back] == "\b":
                back -= 1
            line = self._collapsed(line[:back]) + line[back:]
        if len(line) > HELD:
            self._send(line)
        elif line:
            self._held, self._length = [line], len(line)

    def _collapsed(self, text: str) -> str:
        """A text in which nothing is overwritten any more that lies within it."""
        self._moved = self._moved or "\x1b[" in text and _UP.search(text) is not None
        if self._moved:
            return text
        first, newline, rest = text.partition("\n") if self._inside else ("", "", text)
        return first + newline + last_state(rest)

    def _send(self, text: str) -> None:
        if self._channel.room < self._channel.limit // 8:  # what is left is for the ends of both streams
            self._ends.stop()
        self._inside = not text.endswith("\n") if text else self._inside
        self._show(self._ends.add(text))

    def _show(self, text: str) -> None:
        while text:
            part, text = text[:TEXT_LIMIT], text[TEXT_LIMIT:]
            self._channel.show({"type": "stream", "name": self._name, "text": part}, len(part))
            if self._channel.room < 0:
                return


class _Bytes(io.RawIOBase):
    """``sys.stdout.buffer``."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        content = bytes(data)
        self._stream.write(content.decode("utf-8", "replace"))
        return len(content)

    def flush(self) -> None:
        self._stream.flush()
