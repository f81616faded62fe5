"""Submissions out of the archives that learning platforms offer for download.

Understood are the names that Moodle, Canvas and Blackboard give to files; what is not understood is named, never dropped
silently. Archives are treated as hostile: no path leaves the student's folder, no link is made, and what unpacks to too much
is refused.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypedDict

from nbgrader.utils import parse_utc

from grading.course import CourseError
from grading.files import safe_name, write_atomic
from grading.model import GIB, MIB

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.course import Course


FILE_LIMIT = 256 * MIB  # bytes of one unpacked file
TOTAL_LIMIT = 16 * GIB  # bytes of all of them
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)")

# Full Name_123456_assignsubmission_file_knn.ipynb, or the same as a folder: Full Name_123456_assignsubmission_file/knn.ipynb
_MOODLE = re.compile(r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?P<file>/?.*)", re.DOTALL)
# lastfirst_12345_67890_knn.ipynb, lastfirst_LATE_12345_67890_knn-1.ipynb
_CANVAS = re.compile(r"(?P<name>[^/_]+)_(?:LATE_)?(?P<id>\d+)_(?P<submission>\d+)_(?P<file>[^/]+)")
# Exercise 1_jdoe_attempt_2025-01-30-15-00-00_knn.ipynb, and a description: Exercise 1_jdoe_attempt_2025-01-30-15-00-00.txt
_BLACKBOARD = re.compile(
    r"(?P<title>[^/]*?)_(?P<id>[^/_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>[^/]+)|(?P<about>\.txt))"
)


@dataclass
class Handed:
    """What belongs to one student.

    Attributes
    ----------
    student : str
        The platform's number or login.
    name : str
        As the platform writes it, or empty.
    files : dict of str to zipfile.ZipInfo
        Relative name -> entry of the archive.
    time : datetime.datetime or None
        When the platform took it in, as the file's name says it.
    order : int
        Larger for a later attempt.
    """

    student: str
    name: str = ""
    files: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    time: datetime | None = None
    order: int = 0


class Understood(TypedDict):
    """What the name of an archive's file tells; `file` is None where there is nothing to keep."""

    platform: str
    student: str
    name: str
    file: str | None
    time: datetime | None
    order: int


def understand(name: str) -> Understood | None:
    """Say what the name of an archive's file tells.

    Parameters
    ----------
    name : str
        With forward slashes.

    Returns
    -------
    Understood or None
        None if it is no name of Moodle's, Canvas's or Blackboard's.

    Examples
    --------
    >>> found = understand("Ada Byron_31_assignsubmission_file_/knn.ipynb")
    >>> found["platform"], found["student"], found["name"], found["file"]
    ('Moodle', '31', 'Ada Byron', 'knn.ipynb')
    >>> understand("byronada_LATE_17_904_knn-1.ipynb")["student"]
    '17'
    >>> understand("Exercise 1_ada_attempt_2025-01-30-15-00-00_knn.ipynb")["student"]
    'ada'
    >>> understand("knn.ipynb") is None
    True
    """
    parts = name.split("/")
    for start in range(len(parts)):  # the archive may hold a folder around it all
        rest = "/".join(parts[start:])
        if match := _BLACKBOARD.fullmatch(parts[start]):
            moment = datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S")
            return {
                "platform": "Blackboard",
                "student": match["id"],
                "name": "",
                "file": match["file"],
                "time": moment,
                "order": int(moment.timestamp()),
            }
        if match := _MOODLE.fullmatch(rest):
            file = match["file"].lstrip("/") if match["kind"] == "file" else None
            return {
                "platform": "Moodle",
                "student": match["id"],
                "name": match["name"],
                "file": file or None,
                "time": None,
                "order": 0,
            }
        if match := _CANVAS.fullmatch(parts[start]):
            return {
                "platform": "Canvas",
                "student": match["id"],
                "name": match["name"],
                "file": match["file"],
                "time": None,
                "order": int(match["submission"]),
            }
    return None


def _inside(name):
    """The path of an entry if it stays inside of a folder, else None."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return None
    return path.as_posix()


def sort_out(archive: zipfile.ZipFile, assignment: str, by_folder: bool = False) -> tuple[dict[str, Handed], list[str], set[str]]:
    """Sort an archive's files by student.

    Parameters
    ----------
    archive : zipfile.ZipFile
    assignment : str
    by_folder : bool
        Whether each folder at the top is a student's, named by the id (as in ``ada/knn.ipynb``).

    Returns
    -------
    handed : dict of str to Handed
    strange : list of str
        Names that are not understood, or refused, and why.
    platforms : set of str
    """
    handed: dict[str, Handed] = {}
    strange: list[str] = []
    platforms: set[str] = set()
    for entry in archive.infolist():
        if entry.is_dir() or _JUNK.search(entry.filename):
            continue
        name = _inside(entry.filename)
        if name is None:
            strange.append(f"{entry.filename!r}: it would leave its folder; refused")
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            strange.append(f"{name!r}: a symbolic link; refused")
            continue
        if entry.flag_bits & 1:
            strange.append(f"{name!r}: encrypted; refused")
            continue
        found = understand(name)
        if by_folder:
            parts = name.split("/")
            if len(parts) > 1:
                rest = parts[2:] if len(parts) > 2 and parts[1] == assignment else parts[1:]
                found = {"platform": "folders", "student": parts[0], "name": "", "file": "/".join(rest), "time": None, "order": 0}
            else:
                found = None
        if found is None:
            strange.append(f"{name!r}: not a name that Moodle, Canvas or Blackboard gives")
            continue
        platforms.add(found["platform"])
        student = unicodedata.normalize("NFC", found["student"])
        one = handed.setdefault(student, Handed(student, found["name"], time=found["time"], order=found["order"]))
        if found["order"] > one.order:  # a later attempt replaces the earlier one whole
            one.files.clear()
            one.time, one.order = found["time"], found["order"]
        if found["order"] == one.order and found["file"] and found["file"] != "timestamp.txt":
            one.files[found["file"]] = entry
    return handed, strange, platforms


def _unpack(archive, entry, target, room):
    """Write one entry; it may not be larger than it says, nor than there is room."""
    if entry.file_size > min(FILE_LIMIT, room):
        raise CourseError(f"{entry.filename!r} unpacks to {entry.file_size / MIB:,.0f} MiB, which is too much")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, open(target, "wb") as sink:
        while block := source.read(1 << 20):
            written += len(block)
            if written > entry.file_size:
                raise CourseError(f"{entry.filename!r} is larger than the archive says")
            sink.write(block)
    return written


def _unpack_inner(path, folder):
    """Unpack an archive that a student handed in; notes say what was refused."""
    notes, room = [], FILE_LIMIT
    with zipfile.ZipFile(path) as inner:
        for entry in inner.infolist():
            name = _inside(entry.filename)
            if entry.is_dir() or _JUNK.search(entry.filename):
                continue
            if name is None or stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
                notes.append(f"{path.name}: {entry.filename!r} was refused")
                continue
            if name.rsplit("/", 1)[-1] != "timestamp.txt" and not (folder / name).exists():
                room -= _unpack(inner, entry, folder / name, room)
    path.unlink()
    return notes


def _notes_file(course, assignment):
    return course.reports_folder(assignment) / "collected.json"


def collected_timestamp(course: Course, assignment: str, student: str) -> datetime | None:
    """When the collector took a student's submission in, or None if it did not."""
    path = _notes_file(course, assignment)
    if not path.is_file():
        return None
    text = json.loads(path.read_text(encoding="utf-8")).get(student, {}).get("time")
    return parse_utc(text) if text else None


def collect(
    course: Course, archive_path: StrPath, assignment: str, *, by_folder: bool = False, force: bool = False
) -> tuple[list[Handed], list[str], list[str]]:
    """Put the submissions of a platform's archive into the ``submitted`` folder.

    Parameters
    ----------
    course : grading.course.Course
    archive_path : str or pathlib.Path
        A ``.zip`` as Moodle, Canvas or Blackboard offers it.
    assignment : str
    by_folder : bool
        Whether the archive has a folder for each student instead.
    force : bool
        Whether to replace submissions that are there already; the old ones move to ``submitted-replaced``.

    Returns
    -------
    collected : list of Handed
    skipped : list of str
        Students who have a submission already.
    strange : list of str
        What was not understood or was refused, and why.

    Raises
    ------
    CourseError
        If the file is no archive, or nothing in it is understood.
    """
    course.source_notebooks(assignment)
    try:
        archive = zipfile.ZipFile(archive_path)
    except (OSError, zipfile.BadZipFile) as problem:
        raise CourseError(f"{archive_path} cannot be opened as a .zip: {problem}") from None
    collected, skipped = [], []
    with archive:
        handed, strange, _ = sort_out(archive, assignment, by_folder)
        if not handed:
            first = "; ".join(strange[:3]) or "it is empty"
            raise CourseError(
                f"Nothing in {archive_path} is understood ({first}). If it has a folder for each student, named by "
                "the student's id, say --by-folder."
            )
        room = TOTAL_LIMIT
        path = _notes_file(course, assignment)
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for student, one in sorted(handed.items()):
            target = course.folder(course.directory.submitted_directory, student, assignment)
            if not student.strip(". ") or "/" in student:
                strange.append(f"{student!r}: no id for a student")
                continue
            if target.exists() and not force:
                skipped.append(student)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".collect-"))
            try:
                draft.chmod(0o755)
                for name, entry in one.files.items():
                    room -= _unpack(archive, entry, draft / name, room)
                for inner in [file for file in draft.rglob("*") if file.suffix.lower() == ".zip" and file.is_file()]:
                    if zipfile.is_zipfile(inner):
                        strange += [f"{student}: {note}" for note in _unpack_inner(inner, inner.parent)]
                if one.time:
                    (draft / "timestamp.txt").write_text(f"{one.time:%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf-8")
                if target.exists():
                    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
                    aside = course.root / "submitted-replaced" / stamp / safe_name(student) / safe_name(assignment)
                    aside.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(target, aside)
                draft.replace(target)
            except (CourseError, OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as problem:
                shutil.rmtree(draft, ignore_errors=True)
                strange.append(f"{student}: {problem}; nothing of this student was collected")
                continue
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
            collected.append(one)
            known[student] = {"name": one.name, "time": one.time.isoformat(sep=" ") if one.time else None}
        write_atomic(path, json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    return collected, skipped, strange
