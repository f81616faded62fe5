"""Printed text as a terminal would leave it, and shortened so that its end is kept."""

from __future__ import annotations

import re
from collections import deque

_CONTROLS = re.compile(r"[\r\b]|\x1b\[[0-9;?]*[ABCDGHJKf]")
_TOKEN = re.compile(r"\r|\x08|\n|\x1b\[([0-9;?]*)([ -/]*[@-~])|[^\r\x08\n\x1b]+|\x1b")
_SPAN = 200  # lines that the cursor can go back over: more than any progress display has


def is_overwritten(text: str) -> bool:
    """Whether anything in a text goes back to what was printed before it."""
    if "\r" in text or "\b" in text:
        return True
    return "\x1b[" in text and _CONTROLS.search(text) is not None  # searching for single characters is much faster


def last_state(text: str) -> str:
    r"""What is left of printed text in which something was overwritten: progress bars as they were last.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Colours are left out of lines that were overwritten.

    Examples
    --------
    >>> last_state("  0%|   |\r 50%|#  |\r100%|###|\ndone")
    '100%|###|\ndone'
    >>> last_state("loss: 2\b\b\b\b\b\b\bloss: 1")
    'loss: 1'
    """
    if not is_overwritten(text):
        return text
    done: list[str] = []
    rows: list[list[str]] = [[]]  # the last lines, a string for each character
    row = column = 0
    coloured = _keeps_colours(text, 0)
    for match in _TOKEN.finditer(text):
        token, command = match[0], match[2]
        if token == "\n":
            row, column = row + 1, 0
            coloured = _keeps_colours(text, match.end())
            if row == len(rows):
                rows.append([])
            if len(rows) > _SPAN:
                done.append("".join(rows.pop(0)))
                row -= 1
        elif token == "\r":
            column = 0
        elif token == "\b":
            column = max(column - 1, 0)
        elif command is None:
            line = rows[row]
            line += [" "] * (column - len(line))
            line[column : column + len(token)] = token
            column += len(token)
        elif command in "ABCD":
            count = int(match[1]) if match[1].isdigit() else 1
            row = max(row - count, 0) if command == "A" else min(row + count, len(rows) - 1) if command == "B" else row
            column = (
                min(column + count, len(rows[row])) if command == "C" else max(column - count, 0) if command == "D" else column
            )
        elif command == "K":
            line = rows[row]
            line[:] = [] if match[1] == "2" else line[:column] if match[1] in ("", "0") else [" "] * column + line[column:]
        elif command == "J" and match[1] in ("", "0"):
            rows[row + 1 :] = []
            rows[row][column:] = []
        elif command == "m" and coloured and column == len(rows[row]):
            rows[row].append(token)  # it takes a place, which nothing will overwrite
            column += 1
    lines = [*done, *("".join(line) for line in rows)]
    return "\n".join(line.rstrip(" ") for line in lines)


def _keeps_colours(text: str, begin: int) -> bool:
    """Whether nothing is overwritten in the line that begins at a place in a text."""
    end = text.find("\n", begin)
    return _CONTROLS.search(text, begin, len(text) if end < 0 else end) is None


def without_middle(text: str, limit: int, lines: int = 500) -> str:
    r"""A text of at most about `limit` characters and `lines` lines: its beginning, a note, and its end.

    Examples
    --------
    >>> print(without_middle("first\n" + "and so on\n" * 100 + "last", 30))
    first
    [... 99 lines are left out here ...]
    and so on
    last
    """
    rows = text.splitlines(keepends=True)
    if len(text) <= limit and len(rows) <= lines:
        return text
    head = "".join(rows[: lines // 2])[: limit // 2]
    tail = "".join(rows[-(lines // 2) :])[-(limit // 2) :]
    if len(rows) > 1:  # whole lines, where there are any
        head = head[: head.rfind("\n") + 1] or head
        tail = tail if tail.count("\n") < 1 or text[-len(tail) - 1] == "\n" else tail[tail.find("\n") + 1 :] or tail
    gone = text[len(head) : len(text) - len(tail)]
    return head + ("" if head.endswith("\n") else "\n") + _note(gone.count("\n"), len(gone)) + tail


def _note(lines: int, characters: int) -> str:
    what = f"{lines:,} lines are" if lines > 1 else f"{characters:,} characters are"
    return f"[... {what} left out here ...]\n"


class Ends:
    r"""The beginning and the end of text that goes on and on; what is between them is counted and forgotten.

    Parameters
    ----------
    head, tail : int
        Characters of each.

    Examples
    --------
    >>> ends = Ends(4, 3)
    >>> ends.add("abc"), ends.add("def"), ends.add("ghi"), ends.rest()
    ('abc', 'd', '', '\n[... 2 characters are left out here ...]\nghi')
    """

    def __init__(self, head: int, tail: int) -> None:
        self._head, self._tail = head, tail
        self._kept: deque[str] = deque()
        self._length = self._lines = self._characters = 0

    def add(self, text: str) -> str:
        """Take more text; return what of it belongs to the beginning."""
        shown, text = text[: self._head], text[self._head :]
        self._head -= len(shown)
        if text:
            self._kept.append(text)
            self._length += len(text)
        while self._length > self._tail:
            first, over = self._kept.popleft(), self._length - self._tail
            gone, rest = first[:over], first[over:]
            self._lines += gone.count("\n")
            self._characters += len(gone)
            self._length -= len(gone)
            if rest:
                self._kept.appendleft(rest)
        return shown

    def stop(self) -> None:
        """Let all that follows belong to the end."""
        self._head = 0

    def rest(self) -> str:
        """The end of the text, with a note of what is missing before it; it is given once."""
        text = "".join(self._kept)
        note = "\n" + _note(self._lines, self._characters) if self._characters else ""
        self._kept.clear()
        self._length = self._lines = self._characters = 0
        return note + text
