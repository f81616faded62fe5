"""Submissions out of the archives that learning platforms offer for download.

Every file of an archive comes to something that is said: it is collected, it is an earlier attempt and kept aside, it is the
platform's own, or it is left out for a reason. Nobody's work replaces another person's. Archives are treated as hostile: no
path leaves the student's folder, no link is made, and what unpacks to too much is refused.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import shutil
import tempfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from nbgrader.utils import parse_utc

from grading.files import safe_name, write_atomic
from grading.model import GIB, MIB
from grading.nbgrader.course import CourseError
from grading.nbgrader.roster import twins_said
from grading.submissions.archive import BROKEN, JUNK, Archive, Handed, inside, name_people, refusal, set_aside

if TYPE_CHECKING:
    from datetime import tzinfo

    from _typeshed import StrPath

    from grading.nbgrader.assignment import Assignment
    from grading.nbgrader.roster import Roster
    from grading.submissions.platforms import Found


FILE_LIMIT = 256 * MIB  # bytes of one unpacked file
TOTAL_LIMIT = 16 * GIB  # bytes of all of them
NAME_LIMIT = 200  # bytes of one part of a path; file systems end at 255
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
_UPLOADED_AGAIN = re.compile(r"-\d+(?=\.ipynb(\.json|\.txt)?$)")  # what Canvas adds to a name that it has seen before
_NOTEBOOK = re.compile(r"\.ipynb(\.json|\.txt)?$", flags=re.IGNORECASE)
_TYPED = "typed in Blackboard.txt"


@dataclass
class Collection:
    """What became of an archive.

    Attributes
    ----------
    people : list of Handed
        Sorted by id.
    fates : list of tuple of (str, str)
        For each file of the archive: its name, and what became of it.
    problems : list of str
        What was not collected though it should be, and why.
    notes : list of str
        What a person should know.
    """

    people: list[Handed] = field(default_factory=list)
    fates: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many files came to what."""
        return dict(Counter(fate for _, fate in self.fates))


# --- unpacking -----------------------------------------------------------------------------------------------------------


class _Names:
    """Names in one folder, no two of which are the same on any file system."""

    def __init__(self) -> None:
        self._files = {"timestamp.txt"}  # the collector's own
        self._folders: set[str] = set()

    @staticmethod
    def _key(name):
        return unicodedata.normalize("NFC", name).casefold()

    def free(self, name: str) -> bool:
        """Whether nothing stands in the way of a file of this name."""
        path = PurePosixPath(self._key(name))
        above = {str(parent) for parent in path.parents}
        return str(path) not in self._files | self._folders and not above & self._files

    def take(self, name: str, rank: int = 0) -> str:
        """Take a name, or one like it that is free; `rank` is a number to tell it from others."""
        parts = [_shortened(part) for part in PurePosixPath(name).parts]
        chosen, count = "/".join(parts), rank or 2
        while not self.free(chosen):
            first, dot, rest = parts[-1].partition(".")
            # Where a file stands where this one needs a folder, no other name in that folder would do.
            top = [f"{parts[0]}-{count}", *parts[1:-1]] if len(parts) > 1 else []
            chosen = "/".join([*top, parts[-1] if top else f"{first}-{count}{dot}{rest}"])
            count += 1
        key = PurePosixPath(self._key(chosen))
        self._files.add(str(key))
        self._folders |= {str(parent) for parent in key.parents} - {"."}
        return chosen


def _shortened(part):
    """A part of a path that file systems can hold."""
    data = part.encode("utf-8", "surrogateescape")
    if len(data) <= NAME_LIMIT:
        return part
    end = PurePosixPath(part).suffix[-20:]
    mark = hashlib.sha256(data).hexdigest()[:8]
    return data[: NAME_LIMIT - 40].decode("utf-8", "ignore") + f"~{mark}{end}"


def _unpack(archive, entry, target, room):
    """Write one entry, whole or not at all; it may not be larger than it says, nor than there is room."""
    if entry.file_size > min(FILE_LIMIT, room):
        raise ValueError(f"it unpacks to {entry.file_size / MIB:,.0f} MiB, which is too much")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with archive.open(entry) as source, open(target, "wb") as sink:
            while block := source.read(1 << 20):
                written += len(block)
                if written > entry.file_size:
                    raise ValueError("it is larger than the archive says")
                sink.write(block)
    except BaseException as problem:
        target.unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.errno in _DISK:  # no fault of this file: half of a class is no class
            raise CourseError(
                f"{target.parent} cannot be written: {problem.strerror}. Mend that, and collect again."
            ) from problem
        raise
    return written


def _unpack_inner(path, draft, names):
    """Unpack an archive that a student handed in; notes say what was left out. One that cannot be opened stays as it is."""
    notes, room, within = [], FILE_LIMIT, path.relative_to(draft).parent
    try:
        with zipfile.ZipFile(path) as inner:
            for entry in inner.infolist():
                name = inside(entry.filename) or ""
                if entry.filename.endswith("/") or JUNK.search(entry.filename):
                    continue
                try:
                    if why := refusal(entry):
                        raise ValueError(why)
                    if name.rsplit("/", 1)[-1] == "timestamp.txt":
                        raise ValueError("only the collector writes a timestamp.txt")
                    room -= _unpack(inner, entry, draft / names.take((within / name).as_posix()), room)
                except BROKEN as problem:
                    notes.append(f"{path.name}: {entry.filename!r} was left out: {problem}")
    except BROKEN as problem:
        return [f"{path.name} cannot be unpacked: {problem}"]
    if not notes:
        path.unlink()
    return notes


def _write(archive, attempt, draft, notebooks, zone, room):
    """Write an attempt into an empty folder; of two files of one name the one that was uploaded last keeps it.

    Gives what was left out (number -> why), notes, and the room that is left.
    """
    names, left, notes, inner = _Names(), {}, [], []
    for number, one in sorted(attempt.entries, key=lambda pair: (-pair[1].rank, pair[0])):
        name = str(PurePosixPath(one.file))
        plain = _UPLOADED_AGAIN.sub("", name)
        if one.platform == "Canvas" and plain.split(".ipynb")[0] in notebooks and names.free(plain):
            name = plain
        if name == "timestamp.txt":
            left[number] = "only the collector writes a timestamp.txt"
            continue
        path = draft / names.take(name, one.rank)
        try:
            room -= _unpack(archive.archive, archive.entries[number], path, room)
        except BROKEN as problem:
            left[number] = str(problem)
            continue
        if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            inner.append(path)
    for path in inner:
        notes += _unpack_inner(path, draft, names)
    if attempt.typed:
        (draft / names.take(_TYPED)).write_text(attempt.typed + "\n", encoding="utf-8")
    if not any(draft.iterdir()):
        raise ValueError("none of the files can be unpacked: " + "; ".join(dict.fromkeys(left.values())))
    if attempt.time:
        (draft / "timestamp.txt").write_text(f"{_moment(attempt.time, zone)}\n", encoding="utf-8")
    return left, notes, room


def _moment(time, zone):
    """A time with its offset, as both nbgrader and a person read it."""
    return time.replace(tzinfo=zone).isoformat(" ", "seconds")


def _digest(folder):
    """A hash of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


# --- what is known about earlier collections ---------------------------------------------------------------------------------


def _notes_file(assignment):
    return assignment.reports_folder / "collected.json"


def collected_notes(assignment: Assignment) -> dict[str, dict[str, Any]]:
    """What `grade collect` noted of each student: ``name``, ``time`` (with its offset), ``late``."""
    path = _notes_file(assignment)
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as problem:
        raise CourseError(f"{path} is damaged ({problem}): delete it, and collect again.") from None


def collected_timestamp(assignment: Assignment, student: str) -> datetime | None:
    """When the collector took a student's submission in (UTC, without a zone), or None if it does not know."""
    text = collected_notes(assignment).get(student, {}).get("time")
    return parse_utc(text) if text else None


# --- all of it -------------------------------------------------------------------------------------------------------------


def collect(
    assignment: Assignment,
    archive_path: StrPath,
    *,
    zone: tzinfo = UTC,
    roster: Roster | None = None,
    by_folder: bool = False,
    force: bool = False,
) -> Collection:
    """Put the submissions of a platform's archive into the ``submitted`` folder.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    archive_path : str or pathlib.Path
        A ``.zip`` as Moodle, Canvas, Blackboard or Brightspace offers it.
    zone : datetime.tzinfo
        Of the times in the names of files.
    roster : grading.nbgrader.roster.Roster, optional
        Who takes the course: people get its ids then, and who is not on it is set aside.
    by_folder : bool
        Whether the archive has a folder for each student instead.
    force : bool
        Whether to replace work that is there already and differs; the old one moves to ``submitted-replaced``.

    Returns
    -------
    Collection

    Raises
    ------
    CourseError
        If the file is no archive, or nothing in it is understood.
    """
    notebooks = assignment.notebook_names
    try:
        opened = zipfile.ZipFile(archive_path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as problem:
        raise CourseError(f"{archive_path} cannot be opened as a .zip: {problem}") from None
    with opened:
        archive = Archive(opened, assignment.name, by_folder, roster)
        if not archive.people:
            first = "; ".join(archive.problems[:3]) or ("no file in it is a student's" if archive.entries else "it is empty")
            raise CourseError(
                f"Nothing in {archive_path} is understood ({first}). If it has a folder for each student, named by "
                "the student's id, say --by-folder."
            )
        people = name_people(archive, roster)
        known = collected_notes(assignment)
        room = TOTAL_LIMIT
        for person in people:
            room = _place(assignment, archive, person, notebooks, zone, known, force, room)
        if people:
            write_atomic(_notes_file(assignment), json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    archive.notes += _warnings(assignment, archive, people, roster)
    fates = [(entry.filename, fate or "left out") for entry, fate in zip(archive.entries, archive.fates, strict=True)]
    return Collection(people, fates, archive.problems, archive.notes)


def _place(assignment, archive, person, notebooks, zone, known, force, room):
    """Put one person's work in place, all of it or nothing; give the room that is left."""
    *earlier, last = person.attempts
    target = assignment.course.folder(assignment.course.directory.submitted_directory, person.student, assignment.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".collect-"))
    try:
        draft.chmod(0o755)
        left, notes, room = _write(archive, last, draft, notebooks, zone, room)
        for attempt in earlier:
            room = _keep_aside(assignment, archive, person, attempt, notebooks, zone, room)
        digest, before = _digest(draft), known.get(person.student, {})
        if not target.exists():
            person.state = "new"
        elif digest in (before.get("digest"), _digest(target)):  # the first: an instructor has changed what lies there
            person.state = "same"
        else:
            person.state, person.replaced = "changed", force
        if person.replaced:
            shutil.move(target, _aside(assignment, datetime.now(UTC).strftime("%Y%m%d-%H%M%S"), person.student))
        if person.state == "new" or person.replaced:
            draft.replace(target)
        if person.state != "changed" or person.replaced:
            time = _moment(last.time, zone) if last.time else None
            known[person.student] = {"name": person.name, "time": time, "late": last.late, "digest": digest}
    except BROKEN as problem:
        set_aside(archive, person, f"{person.student}: {problem}; nothing of this student was collected")
        person.state = "refused"
        return room
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if not any(target.parent.iterdir()):
            target.parent.rmdir()
    archive.problems += [f"{person.student}: {note}" for note in notes]
    fate = {"same": "there already", "changed": "not taken over"}.get(person.state, "collected")
    fate = "collected" if person.replaced else fate
    for number, _ in last.entries:
        archive.fates[number] = "left out" if number in left else fate
    archive.problems += [f"{archive.entries[number].filename}: left out: {why}" for number, why in left.items()]
    return room


def _aside(assignment, when, student):
    """A free place for work that does not count any more."""
    folder = assignment.course.root / "submitted-replaced" / when / safe_name(student) / safe_name(assignment.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    count = 2
    while folder.exists():
        folder, count = folder.with_name(f"{safe_name(assignment.name)}-{count}"), count + 1
    return folder


def _keep_aside(assignment, archive, person, attempt, notebooks, zone, room):
    """Put an earlier attempt beside; it has one place, so that the same archive twice leaves it alone."""
    when = f"{attempt.time:%Y%m%d-%H%M%S}-earlier" if attempt.time else "earlier"
    target = assignment.course.root / "submitted-replaced" / when / safe_name(person.student) / safe_name(assignment.name)
    left = {}
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".collect-"))
        try:
            draft.chmod(0o755)
            left, _, room = _write(archive, attempt, draft, notebooks, zone, room)
            draft.replace(target)
        except BROKEN as problem:  # what counts is the last attempt
            left = {number: str(problem) for number, _ in attempt.entries}
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    for number, _ in attempt.entries:
        archive.fates[number] = "left out" if number in left else "earlier attempts"
    archive.problems += [f"{archive.entries[number].filename}: left out: {why}" for number, why in left.items()]
    return room


def _has_notebook(entries: Iterable[tuple[int, Found]]) -> bool:
    return any(_NOTEBOOK.search(one.file or "") or (one.file or "").lower().endswith(".zip") for _, one in entries)


def _warnings(assignment: Assignment, archive: Archive, people: Sequence[Handed], roster: Roster | None) -> list[str]:
    """What a person should know about a collection, though nothing is lost."""
    notes = []
    for person in people:
        if not _has_notebook(person.attempts[-1].entries) and any(_has_notebook(one.entries) for one in person.attempts[:-1]):
            notes.append(f"{person.student}: the last attempt has no notebook; an earlier one, in submitted-replaced, has")
    if roster is None and archive.platform == "Moodle" and people:
        notes.append(
            "Moodle numbers people anew in each assignment: these ids will be other ones in the next. Put a roster.csv into the "
            "course folder, and everybody keeps one id."
        )
    if archive.platform == "Canvas" and any(person.key.startswith("anon_") for person in people):
        notes.append("Canvas made the download anonymous: these ids are other ones in the next assignment.")
    notes += twins_said({*assignment.students(), *(person.student for person in people)})
    return notes
