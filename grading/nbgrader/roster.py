"""The roster: one line for each student, with all the ways in which platforms name them.

A CSV file with a header. Columns are ``id`` (the name of the student's folder, and the id in the gradebook; required),
``first_name``, ``last_name``, ``email``, ``lms_user_id`` (the number that the platform gives to the person), ``login`` and
``other_names`` (a name as the platform writes it, where it is another one). These are the columns that ``nbgrader db student
import`` knows, and two more; other columns are left alone. The last three may hold several values with ``|`` between them.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grading.nbgrader.course import CourseError

if TYPE_CHECKING:
    from _typeshed import StrPath

    from grading.nbgrader.course import Course


FILE = "roster.csv"  # in the course folder
COLUMNS = ("id", "first_name", "last_name", "email", "lms_user_id", "login", "other_names")
_NO_ID = re.compile(r'[<>"&/\\\x00-\x1f\x7f-\x9f]|^\.|^\s|\s$')


@dataclass(frozen=True)
class Student:
    """A line of the roster.

    Attributes
    ----------
    id : str
        The name of the student's folder, and the id in the gradebook.
    first_name, last_name, email : str
        Empty where nothing is known.
    lms_user_id, login, other_names : tuple of str
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def spellings(self) -> set[str]:
        """The letters of the name in every order that platforms use."""
        first, last = self.first_name, self.last_name
        return {letters(name) for name in (first + last, last + first, *self.other_names)} - {""}


def as_student(identity: str, name: str) -> Student:
    """Make a student of an id and a whole name.

    Examples
    --------
    >>> as_student("31", "Ada King Byron").last_name, as_student("32", "Byron, Ada").first_name
    ('Byron', 'Ada')
    """
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.rpartition(" ")
    return Student(identity, first.strip(), last.strip())


def letters(name: str) -> str:
    """What two ways to write a name have in common: its letters and digits.

    Examples
    --------
    >>> letters("Byron, Ada") == letters("byronada")
    True
    """
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


def alike(identity: str) -> str:
    """What ids have in common that a person would take for the same: case, blanks, leading zeros, ways to write an accent.

    Examples
    --------
    >>> alike("ada ") == alike("Ada"), alike("007") == alike("7")
    (True, True)
    """
    plain = " ".join(unicodedata.normalize("NFKC", identity).casefold().split())
    return plain.lstrip("0") or "0" if plain.isdecimal() else plain


def twins(identities: Iterable[str]) -> list[list[str]]:
    """Group ids that may be the same student's.

    Examples
    --------
    >>> twins(["ada", "ben", "Ada"])
    [['Ada', 'ada']]
    """
    groups = defaultdict(set)
    for identity in identities:
        groups[alike(identity)].add(identity)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def twins_said(identities: Iterable[str]) -> list[str]:
    """Say which ids may be the same student's, so that they can be told apart on the screen."""
    return [f"{' and '.join(map(ascii, group))} are different ids, and may be one student" for group in twins(identities)]


@dataclass
class Roster:
    """Who takes the course.

    Attributes
    ----------
    path : pathlib.Path
    students : list of Student
    """

    path: Path
    students: list[Student] = field(default_factory=list)

    def ids(self) -> list[str]:
        """All ids, in the order of the file."""
        return [student.id for student in self.students]

    def by_key(self, key: str, name: str = "", columns: Sequence[str] = ("lms_user_id", "login")) -> Student | None:
        """Find a student by what a platform calls an id or login: in the columns for it, or else as the id itself.

        Parameters
        ----------
        key : str
        name : str
            As the platform writes it. An id that fits counts only where the name does not speak against it.
        columns : list of str
        """
        wanted = key.casefold()
        for student in self.students:
            if any(wanted == value.casefold() for column in columns for value in _values(getattr(student, column))):
                return student
        for student in self.students:
            if key == student.id and (not letters(name) or not student.spellings() or letters(name) in student.spellings()):
                return student
        return None

    def by_name(self, name: str) -> tuple[Student | None, str]:
        """Find the one student of a name; where there is none, or more than one, say so."""
        wanted = letters(name)
        found = [student for student in self.students if wanted and wanted in student.spellings()]
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"the roster has {len(found)} students of the name {name!r}: {', '.join(one.id for one in found)}"
        return None, "nobody on the roster has this name"


def _read(path):
    """The rows of a CSV file with commas, semicolons or tabs, as spreadsheets write them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise CourseError(f"The roster {path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise CourseError(f"The roster {path} is not UTF-8: save it as 'CSV UTF-8' from your spreadsheet.") from None
    head = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
        return [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as problem:
        raise CourseError(f"The roster {path} is no CSV file: line {reader.line_num}: {problem}.") from None


def _values(field):
    return (field,) if isinstance(field, str) else field


def _several(cell):
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def read_roster(path: StrPath) -> Roster:
    """Read a roster.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV file with the columns `COLUMNS`, of which only ``id`` has to be there.

    Raises
    ------
    CourseError
        If it cannot be read, has no ids, or names somebody twice; the message says in which line.
    """
    path = Path(path)
    rows = _read(path)
    if not rows:
        raise CourseError(f"The roster {path} is empty. Its first line has to name the columns: {', '.join(COLUMNS)}.")
    names = [re.sub(r"[\s-]+", "_", name.strip().lower()).replace("e_mail", "email") for name in rows[0][1]]
    if "id" not in names:
        raise CourseError(
            f"The roster {path} has no column 'id'. Its first line has to name the columns: {', '.join(COLUMNS)}; "
            f"it says: {', '.join(rows[0][1])}."
        )
    doubled = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    if doubled:
        raise CourseError(f"The roster {path} has the column {doubled[0]!r} twice.")
    students: list[Student] = []
    seen: dict[tuple[str, str], int] = {}
    problems: list[str] = []
    for line, row in rows[1:]:
        if len(row) > len(names) and any(row[len(names) :]):
            problems.append(
                f"line {line} has {len(row)} values for {len(names)} columns (a name with a comma needs quotation marks)"
            )
            continue
        value = dict(zip(names, row, strict=False))
        identity = unicodedata.normalize("NFC", value["id"]) if value.get("id") else ""
        if not identity or _NO_ID.search(identity):
            problems.append(
                f"line {line} has no id" if not identity else f"line {line}: {identity!r} cannot be the name of a folder"
            )
            continue
        student = Student(
            identity,
            *(value.get(name, "") for name in COLUMNS[1:4]),
            *(_several(value.get(name, "")) for name in COLUMNS[4:]),
        )
        marks = [("id", alike(identity))]
        marks += [(name, one.casefold()) for name in ("lms_user_id", "login") for one in getattr(student, name)]
        marks += [("email", student.email.casefold())] if student.email else []
        for mark in dict.fromkeys(marks):
            if mark in seen:
                problems.append(f"lines {seen[mark]} and {line} have the same {mark[0]}: {mark[1]!r}")
            seen.setdefault(mark, line)
        students.append(student)
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise CourseError(f"The roster {path} cannot be used: {'; '.join(problems[:5])}{more}.")
    if not students:
        raise CourseError(f"The roster {path} has no students, only the line with the columns.")
    return Roster(path, students)


def course_roster(course: Course, path: StrPath | None = None) -> Roster | None:
    """Read the roster of a course.

    Parameters
    ----------
    course : grading.nbgrader.course.Course
    path : str or pathlib.Path, optional
        What the command line says; ``c.Grading.roster``, or else ``roster.csv`` in the course folder, by default.

    Returns
    -------
    Roster or None
        None where there is no such file and nobody named one.
    """
    named = path or course.config.Grading.get("roster")
    if isinstance(named, str | Path) and named:
        return read_roster(Path(named) if path else course.root / named)
    return read_roster(course.root / FILE) if (course.root / FILE).is_file() else None
