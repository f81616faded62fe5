"""Text files that pass between the folder that a test works in and the student's.

Only where the reference solution itself reads or writes files; then, what a test writes is there
for the student's code before its next call, and what the student's code has written is there for the test after it. For what
comes from the student's process:

- it is text, under a name that ends as text does, inside the folder and at most two folders deep: nothing that Python imports or
  unpickles, no link, no hidden file, no path to elsewhere;
- it is bounded in number and size;
- it never takes the place of a file of the instructor's.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

COUNT = 100  # files at a time
SIZE = 8 * 2**20  # bytes of all of them
ENTRIES = 2000  # entries of a folder that are looked at
_NAME = re.compile(
    r"(?:\w[\w. -]{0,79}/){0,2}\w[\w. -]{0,79}\.(?:txt|csv|tsv|json|jsonl|md|dat|log|ini|out|tex|html|xml|yaml|yml)"
)

Seen = dict[str, tuple[int, int]]  # from a name to when it was changed and its size


def fits(name: object, content: object) -> bool:
    r"""Whether this is a file that may pass.

    Examples
    --------
    >>> fits("out.txt", b"hi"), fits("numpy.py", b""), fits("../out.txt", b""), fits("out.txt", b"\x80\x04")
    (True, False, False, False)
    """
    if type(name) is not str or type(content) is not bytes or not _NAME.fullmatch(name):
        return False
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def changes(root: str, seen: Seen) -> dict[str, bytes]:
    """Files that are new or other than when they were last looked at.

    Parameters
    ----------
    root : str
    seen : dict
        What was there then; is brought up to date.

    Returns
    -------
    dict of str to bytes
        Those that may pass, and no more than may pass at a time.
    """
    found: dict[str, bytes] = {}
    room = SIZE
    for name in _names(root):
        try:
            file = os.open(os.path.join(root, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        with os.fdopen(file, "rb") as opened:
            state = os.fstat(file)
            mark = (state.st_mtime_ns, state.st_size)
            if not stat.S_ISREG(state.st_mode) or seen.get(name) == mark or state.st_size > room or len(found) >= COUNT:
                continue
            content = opened.read(room + 1)
        if len(content) <= room and fits(name, content):
            seen[name] = mark
            found[name] = content
            room -= len(content)
    return found


def _names(root: str) -> Iterator[str]:
    """Names of entries that may be files to pass, those in folders included."""
    looked = 0
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                looked += 1
                if looked > ENTRIES:
                    return
                name = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if name.count("/") < 2 and not entry.name.startswith("."):
                        waiting.append(f"{name}/")
                elif _NAME.fullmatch(name):
                    yield name


def store(root: str, files: dict[str, bytes], seen: Seen) -> None:
    """Write files that came from the other side; a link, or what is no file, is left as it is.

    Parameters
    ----------
    root : str
    files : dict of str to bytes
        Each of which :func:`fits`.
    seen : dict
        See :func:`changes`: these are no news.
    """
    for name, content in files.items():
        path = Path(root, name)
        inside = [parent for parent in path.parents if parent != Path(root) and Path(root) in parent.parents]
        for parent in reversed(inside):
            if not parent.exists():
                parent.mkdir()
        if any(parent.is_symlink() for parent in inside):
            continue
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        except OSError:
            continue
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
        state = os.lstat(path)
        seen[name] = (state.st_mtime_ns, state.st_size)


def furnish(root: str, folder: str) -> None:
    """Show the instructor's files in a folder of the test's own, as links."""
    for entry in os.listdir(folder):
        if not entry.startswith(".work-"):
            os.symlink(os.path.join(folder, entry), os.path.join(root, entry))
