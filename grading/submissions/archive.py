"""An archive of submissions, sorted: which person and which attempt each file is of, and which student the person is."""

from __future__ import annotations

import lzma
import re
import stat
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal

from grading.nbgrader.roster import Roster
from grading.submissions.platforms import TEXT_LIMIT, Description, Found, read_description, split_heads, understand_all

BROKEN = (OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError, ValueError)
JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)")
_NO_ID = re.compile(r'[/\\<>"&\x00-\x1f\x7f-\x9f]|^\.|^\s*$')

State = Literal["new", "changed", "same", "refused"]


@dataclass
class Attempt:
    """What somebody handed in at one time.

    Attributes
    ----------
    time : datetime.datetime or None
        As the platform's clock says, without a zone.
    late : bool
        Whether the platform says that it came too late.
    entries : list of tuple
        Number of the entry in the archive, what its name tells.
    typed : str
        What was typed on the platform instead of being uploaded, where that lies in a file of the platform's own.
    """

    time: datetime | None = None
    late: bool = False
    entries: list[tuple[int, Found]] = field(default_factory=list)
    typed: str = ""


@dataclass
class Handed:
    """What became of one person's work.

    Attributes
    ----------
    student : str
        The id: the name of the folder.
    name : str
        As the platform writes it, or empty.
    key : str
        The platform's number or login.
    attempts : list of Attempt
        The last is the one that counts.
    state : str
        ``new``, ``changed`` (there was other work), ``same`` (it was there already), or ``refused``.
    replaced : bool
        Whether changed work took the place of what was there.
    """

    student: str
    name: str = ""
    key: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    state: State = "refused"
    replaced: bool = False

    @property
    def late(self) -> bool:
        """Whether the platform says that the attempt which counts came too late."""
        return self.attempts[-1].late


def inside(name: str) -> str | None:
    """Give the path of an entry, with forward slashes, if it stays inside of a folder; else None.

    Examples
    --------
    >>> inside("a/b.txt"), inside("../b.txt")
    ('a/b.txt', None)
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return None
    return path.as_posix()


def refusal(entry: zipfile.ZipInfo) -> str | None:
    """Say why an entry is never unpacked, or None."""
    if inside(entry.filename) is None:
        return "it would leave its folder; refused"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link; refused"
    return "encrypted; refused" if entry.flag_bits & 1 else None


def _of_folder(name, assignment):
    """What the path tells where each folder at the top is a student's."""
    parts = name.split("/")
    if len(parts) < 2:
        return None
    rest = parts[2:] if len(parts) > 2 and parts[1] == assignment else parts[1:]
    return Found("folders", parts[0], "", "/".join(rest))


class Archive:
    """The files of an archive, sorted by person.

    Attributes
    ----------
    entries : list of zipfile.ZipInfo
        All files.
    fates : list of str or None
        What became of each.
    people : dict
        (Platform's number or login, name) -> :class:`Handed`: who differs in either is another person.
    problems, notes : list of str
        See :class:`grading.submissions.collect.Collection`.
    platform : str
    """

    def __init__(self, archive: zipfile.ZipFile, assignment: str, by_folder: bool, roster: Roster | None) -> None:
        self.archive = archive
        self.entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
        self.fates: list[str | None] = [None] * len(self.entries)
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.people: dict[tuple[str, str], Handed] = {}
        names = {}
        for number, entry in enumerate(self.entries):
            if JUNK.search(entry.filename):
                self.fates[number] = "of an operating system"
            elif problem := refusal(entry):
                self._strange(number, problem)
            else:
                names[number] = inside(entry.filename) or ""
        found = [_of_folder(name, assignment) for name in names.values()] if by_folder else understand_all(names.values())
        understood = {number: one for number, one in zip(names, found, strict=True) if one is not None}
        for number in names.keys() - understood.keys():
            self._strange(number, "not a name that the platform gives" if understood else "no name of a platform's")
        self.platform = next(iter(understood.values())).platform if understood else ""
        if self.platform == "Blackboard":
            self._sort_blackboard(understood, roster)
        else:
            self._sort(understood)

    def _strange(self, number, reason):
        self.fates[number] = "left out"
        self.problems.append(f"{self.entries[number].filename!r}: {reason}")

    def _sort(self, understood, names=None):
        """Give each file to a person (number and name) and an attempt (time)."""
        attempts: dict[tuple[str, str], dict[datetime | None, Attempt]] = defaultdict(dict)
        for number, one in understood.items():
            if one.file is None:
                self.fates[number] = "the platform's own"
                continue
            name = (names or {}).get(one.person, one.name)
            who = one.person, unicodedata.normalize("NFC", name)
            self.people.setdefault(who, Handed("", who[1], one.person))
            attempt = attempts[who].setdefault(one.time, Attempt(one.time))
            attempt.late |= one.late
            attempt.entries.append((number, one))
        for who, found in attempts.items():
            self.people[who].attempts = [found[time] for time in sorted(found, key=lambda time: time or datetime.min)]

    def _sort_blackboard(self, understood, roster):
        """Find the logins, which the names alone do not tell, and what was typed."""
        about: dict[tuple[str, datetime | None], Description] = {}
        for number, one in understood.items():
            if one.file is None and self.entries[number].file_size <= TEXT_LIMIT:
                try:
                    said = read_description(self.archive.read(self.entries[number]))
                except BROKEN as problem:
                    self.problems.append(f"{self.entries[number].filename}: it cannot be read: {problem}")
                    continue
                if said is not None:
                    about[one.person, one.time] = said
        described = {head: said.login for (head, _), said in about.items()}
        known = [login for one in roster.students for login in (one.id, *one.login)] if roster else []
        logins, certain = split_heads([one.person for one in understood.values()], described, known)
        if not certain:
            self.notes.append(
                "The archive has no description (.txt) that says where the title ends and the login begins. Logins are taken to "
                f"be {', '.join(sorted(set(logins.values()))[:4])}; where that is wrong, put the logins into a roster."
            )
        names = {logins[head]: said.name for (head, _), said in about.items()}
        self._sort({n: Found("Blackboard", logins[one.person], "", one.file, one.time) for n, one in understood.items()}, names)
        for (head, time), said in about.items():
            if said.typed:
                who = logins[head], unicodedata.normalize("NFC", names[logins[head]])
                person = self.people.setdefault(who, Handed("", who[1], logins[head]))
                attempt = next((one for one in person.attempts if one.time == time), None)
                if attempt is None:
                    attempt = Attempt(time)
                    person.attempts = sorted([*person.attempts, attempt], key=lambda one: one.time or datetime.min)
                attempt.typed = said.typed


def _matched(person, platform, roster):
    """The student of the roster who a person is, or why there is none."""
    if platform == "Moodle":  # the number is the participant's in this assignment, and may be anybody's elsewhere
        # A download by group has the group before the name.
        names = [person.name, *(person.name[match.end() :] for match in re.finditer("-", person.name))]
        found = [roster.by_name(name) for name in names]
        return next((pair for pair in found if pair[0]), found[0])
    columns = {"Blackboard": ("login",), "folders": ("login", "lms_user_id", "email")}.get(platform, ("lms_user_id",))
    student = roster.by_key(person.key, person.name, columns)
    if student is not None:
        return student, ""
    if person.name or platform == "folders":
        return roster.by_name(person.name or person.key)
    return None, "no id and no login on the roster is this one"


def name_people(sorted_out: Archive, roster: Roster | None) -> list[Handed]:
    """Give each person an id, and list them by it; who has none, or shares it with another, is set aside instead."""
    people: dict[str, list[Handed]] = defaultdict(list)
    for person in sorted_out.people.values():
        who = f"{person.name} ({person.key})" if person.name else person.key
        if roster is not None:
            student, why = _matched(person, sorted_out.platform, roster)
            if student is None:
                set_aside(sorted_out, person, f"{who}: {why}; add the student to {roster.path.name}, and collect again")
                continue
            person.student, person.name = student.id, student.name or person.name
        else:
            person.student = person.name if sorted_out.platform == "Brightspace" else unicodedata.normalize("NFC", person.key)
        if _NO_ID.search(person.student):
            set_aside(sorted_out, person, f"{who!r}: no id for a student")
        else:
            people[person.student].append(person)
    chosen = []
    for student, ones in sorted(people.items()):
        if len(ones) == 1:
            chosen.append(ones[0])
            continue
        names = " and ".join(ascii(f"{one.name} ({one.key})" if one.name else one.key) for one in ones)
        for one in ones:
            set_aside(
                sorted_out, one, f"{ascii(student)} would be {names}: nobody's work is collected until a roster tells them apart"
            )
    return chosen


def set_aside(sorted_out: Archive, person: Handed, problem: str) -> None:
    """Note why nothing of a person is collected."""
    if problem not in sorted_out.problems:
        sorted_out.problems.append(problem)
    for attempt in person.attempts:
        for number, _ in attempt.entries:
            sorted_out.fates[number] = "left out"
