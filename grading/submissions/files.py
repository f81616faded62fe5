"""The files of a submission: which are there, which is the notebook, and which may lie beside it."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grading.model import MIB
from grading.sanitise.markup import PICTURES, picture_kind
from grading.submissions.match import shown
from grading.submissions.parse import NotANotebook

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.model import Intake, Limits
    from grading.nbgrader.assignment import Assignment

NOTEBOOK_LIMIT = 256 * MIB  # a notebook file larger than this is not read
FILE_LIMIT = 2000  # files of one submission
PICTURE_LIMIT = 10 * MIB  # of a picture that whoever grades is shown
ALL_LIMIT = 3 * PICTURE_LIMIT
DATA, DATA_LIMIT = (".csv", ".tsv", ".txt", ".md", ".json", ".npy", ".npz"), 1 * MIB
REFUSED = frozenset(
    ".py .pyc .pyo .pyw .pyi .pth .so .pyd .dll .dylib .egg-link .egg .whl .exe .sh".split()
)  # what an import, an interpreter or a person might execute
NOTEBOOK = re.compile(r"\.ipynb(\.json|\.txt)?$", flags=re.IGNORECASE)  # browsers add an ending of their own
_NOT_LOOKED_INTO = (".ipynb_checkpoints", "__pycache__", "__MACOSX", ".git")
_JUNK = re.compile(r"^(\._|~\$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


def look(folder: StrPath, top_only: bool, notes: list[str]) -> dict[str, Path]:
    """List the regular files of a submission; nothing is followed that points elsewhere."""
    found: dict[str, Path] = {}
    stack: list[tuple[StrPath, tuple[str, ...]]] = [(folder, ())]
    while stack:
        place, parts = stack.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as problem:
            notes.append(f"The folder {shown('/'.join(parts))!r} cannot be read: {problem.strerror}.")
            continue
        for entry in entries:
            name = "/".join((*parts, entry.name))
            if entry.is_symlink():
                notes.append(f"{shown(name)} is a symbolic link and was refused.")
            elif entry.is_dir(follow_symlinks=False):
                if not top_only and len(parts) < 20 and entry.name not in _NOT_LOOKED_INTO:
                    stack.append((entry.path, (*parts, entry.name)))
            elif not entry.is_file(follow_symlinks=False):
                notes.append(f"{shown(name)} is not a regular file and was refused.")
            elif entry.stat(follow_symlinks=False).st_nlink > 1:
                notes.append(
                    f"{shown(name)} is a hard link, another name of a file that lies elsewhere, and was refused. "
                    "If it is the student's own, put a copy in its place."
                )
            elif not _JUNK.match(entry.name):
                found[name] = Path(entry.path)
                if len(found) >= FILE_LIMIT:
                    notes.append(f"More than {FILE_LIMIT:,} files were handed in; the rest was left out.")
                    return found
    return found


def read(path: StrPath) -> bytes:
    """The bytes of a regular file, which a link put there meanwhile cannot replace."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise NotANotebook("it is not a regular file")
        if info.st_nlink > 1:
            raise NotANotebook("it is a hard link, another name of a file that lies elsewhere")
        if info.st_size > NOTEBOOK_LIMIT:
            raise NotANotebook(f"it has {info.st_size / MIB:,.0f} MiB, more than the {NOTEBOOK_LIMIT / MIB:,.0f} that are read")
        return file.read()


def rank(name: str, wanted: str) -> float:
    """How well the name of a file fits that of a notebook; smaller is better."""
    stem = NOTEBOOK.sub("", Path(name).name)
    plain, target = re.sub(r"[\W_]+", "", stem).lower(), re.sub(r"[\W_]+", "", wanted).lower()
    if name == f"{wanted}.ipynb":
        return 0
    if Path(name).name == f"{wanted}.ipynb":
        return 1
    if plain == target:
        return 2
    if target and target in plain:
        return 3
    return 4 + (1 - difflib.SequenceMatcher(None, plain, target).ratio())


def notebooks_among(files: Mapping[str, Path]) -> list[str]:
    """Names of the files that are notebooks; where none is called one, those that look like one inside."""
    found = [key for key in files if NOTEBOOK.search(key)]
    if found:
        return found
    disguised = [key for key in files if Path(key).suffix.lower() in ("", ".json", ".txt")]
    return [key for key in disguised if _looks_like_one(files[key])]


def _looks_like_one(path):
    """Whether a file is JSON with the parts of a notebook."""
    try:
        data = read(path)
        content = json.loads(data) if b'"nbformat"' in data and b'"cells"' in data else None
    except (OSError, NotANotebook, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and isinstance(content.get("cells"), list)


def stage(assignment: Assignment, folder: Path, files: Mapping[str, Path], intake: Intake, limits: Limits) -> None:
    """Choose the files that may lie beside the notebook when it runs."""
    theirs, given, total = assignment.students_own_files(), set(intake.files), 0
    for key, path in files.items():
        if key == "timestamp.txt" or assignment.course.ignored(path, folder):
            continue
        if key in given and key not in theirs:
            continue  # the instructor's version counts; students hand these back without having touched them
        try:
            size = path.stat().st_size
        except OSError:
            size = None
        if key not in theirs and ({suffix.lower() for suffix in path.suffixes} & REFUSED):
            intake.refused.append(key)
            intake.repairs.append(f"{shown(key)} was left out: code beside the notebook is not run.")
        elif size is None or size > limits.file or total + size > limits.disk:
            intake.repairs.append(f"{shown(key)} was left out: {(size or 0) / MIB:,.1f} MiB are too much.")
        else:
            total += size
            intake.files[key] = path


def for_people(files: Mapping[str, Path], repairs: list[str]) -> dict[str, Path]:
    """Choose what of a student's own files the person who grades gets to see beside the notebook.

    Pictures, if they are what their names say, and small files of data. Documents stay where they were handed in.

    Parameters
    ----------
    files : dict of str to pathlib.Path
        The student's own.
    repairs : list of str
        Is told what is left out for its size.

    Returns
    -------
    dict of str to pathlib.Path
        Name without surprises -> where it lies.
    """
    chosen: dict[str, Path] = {}
    total = 0
    for name, path in files.items():
        kind = Path(name).suffix.lower()
        if kind not in PICTURES + DATA:
            continue
        safe = "/".join(re.sub(r"[^\w .()+-]", "_", part).lstrip(".") or "_" for part in name.split("/"))
        try:
            size = path.stat().st_size
            limit = PICTURE_LIMIT if kind in PICTURES else DATA_LIMIT
            limits = f"{PICTURE_LIMIT / MIB:g} MiB of a picture, {DATA_LIMIT / MIB:g} of data, {ALL_LIMIT / MIB:g} of all"
            if size > limit or total + size > ALL_LIMIT:
                repairs.append(
                    f"{shown(name)} is only where it was handed in: {size / MIB:,.1f} MiB are more than is copied for "
                    f"whoever grades ({limits})."
                )
            elif any(safe == other or safe.startswith(f"{other}/") or other.startswith(f"{safe}/") for other in chosen):
                repairs.append(f"{shown(name)} is only where it was handed in: another file has this name already.")
            elif kind in PICTURES and not picture_kind(read(path)):
                repairs.append(f"{shown(name)} is only where it was handed in: it is not the picture that its name says.")
            else:
                chosen[safe] = path
                total += size
        except (OSError, NotANotebook):
            continue
    return chosen


def fingerprint(assignment: Assignment, student: str) -> str:
    """A hash of all that was handed in: the same for the same files.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    folder, _ = assignment.submission(student)
    if folder is not None and not folder.is_symlink() and not folder.parent.is_symlink():
        for key, path in sorted(look(folder, folder.name == student, []).items()):
            digest.update(os.fsencode(key) + b"\0")
            try:
                if path.stat().st_size > NOTEBOOK_LIMIT:
                    digest.update(str(path.stat().st_size).encode())
                    continue
                data = read(path)
            except (OSError, NotANotebook) as problem:
                data = str(problem).encode()
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()
