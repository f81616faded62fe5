"""An exception of a student's code as data: what kind it is, what it says, and where it was raised."""

from __future__ import annotations

import linecache
import os
import sys
import traceback

MESSAGE = 4000  # characters of an exception's message


def describe(problem: BaseException) -> dict[str, object]:
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
            if os.path.dirname(frame.filename) != os.path.dirname(__file__)
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
