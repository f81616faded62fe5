"""The names that learning platforms give to the files of an archive of submissions, and whose file each is.

- Moodle: ``Ada Byron_31_assignsubmission_file_/knn.ipynb``, or the same without a folder. The number is the participant's in this
  one assignment: the next one has others.
- Canvas: ``byronada_LATE_17_904_knn-1.ipynb``: name, lateness, the user's id, the attachment's id, the file. Anonymous:
  ``anon_Xy12Z_904_knn.ipynb``. What was typed is ``byronada_17_text.html``. Who uploads a name again gets ``-1`` and so on added
  to it.
- Blackboard: ``Exercise 1_ada_attempt_2025-01-30-15-00-00_knn.ipynb``, and a description of the attempt that ends after the time
  (``.txt``). Title and login may hold underscores; the description says both.
- Brightspace: ``1234-5678 - Ada Byron - Jan 30, 2025 300 PM/knn.ipynb``, or without a folder, and an ``index.html``.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z0-9]+)_?(?P<file>.*)", re.DOTALL)
_CANVAS = re.compile(
    r"(?:(?P<hidden>LATE_)?(?P<anonymous>anon_[A-Za-z0-9]{5})|(?P<name>.+?)_(?P<late>LATE_)?(?P<id>\d+))"
    r"_(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))",
    re.DOTALL,
)
_BLACKBOARD = re.compile(r"(?P<head>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(?P<about>\.txt))", re.DOTALL)
_BRIGHTSPACE = re.compile(
    r"(?P<id>\d+)-\d+ - (?P<name>.+?)"
    r" - (?P<time>(?:[A-Za-z]{3,9}\.? \d{1,2},?|\d{1,2} [A-Za-z]{3,9}\.?,?) \d{4},? \d{3,4}(?: ?[AP]M)?)"
    r"(?: - (?P<file>.+))?",
    re.DOTALL,
)
_SECTION = re.compile(r"^(Submission Field|Comments):[ \t]*\n(.*?)(?=^\S[^\n]*:[ \t]*$|\Z)", flags=re.MULTILINE | re.DOTALL)
_NOTHING = re.compile(r"There (?:is|are) no student (?:submission text data|comments) for this assignment\.?")
TEXT_LIMIT = 1 << 20  # bytes of a description that are read


@dataclass(frozen=True)
class Found:
    """What the name of an archive's file tells.

    Attributes
    ----------
    platform : str
    person : str
        The platform's number or login; for Blackboard title and login, until the descriptions tell where the login begins.
    name : str
        As the platform writes it, or empty.
    file : str or None
        The student's name of it; None for a file of the platform's own.
    time : datetime.datetime or None
        When it was handed in, as the platform's clock says, without a zone.
    late : bool
        Whether the platform says that it came too late.
    rank : int
        Larger for a file that was uploaded later, where that is known.
    """

    platform: str
    person: str
    name: str = ""
    file: str | None = None
    time: datetime | None = None
    late: bool = False
    rank: int = 0


def _moodle(parts):
    for start in range(len(parts)):
        match = _MOODLE.fullmatch(parts[start])
        if match:
            file = "/".join(part for part in (match["file"], *parts[start + 1 :]) if part)
            if file:
                return Found("Moodle", match["id"], match["name"], file)
    return None


def _canvas(parts):
    match = _CANVAS.fullmatch(parts[-1])
    if not match:
        return None
    return Found(
        "Canvas",
        match["anonymous"] or match["id"],
        match["name"] or "",
        match["file"] or match["typed"],
        late=bool(match["hidden"] or match["late"]),
        rank=int(match["attachment"] or 0),
    )


def _blackboard(parts):
    match = _BLACKBOARD.fullmatch(parts[-1])
    if not match:
        return None
    try:
        time = datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return None
    return Found("Blackboard", match["head"], file=match["file"], time=time)


def _brightspace(parts):
    if parts == ["index.html"]:
        return Found("Brightspace", "")
    for start in range(len(parts)):
        match = _BRIGHTSPACE.fullmatch(parts[start])
        if match:
            file = "/".join(part for part in (match["file"], *parts[start + 1 :]) if part)
            time = _brightspace_time(match["time"])
            if file and time:
                return Found("Brightspace", match["id"], match["name"], file, time)
    return None


def _brightspace_time(text):
    """``Jan 30, 2025 300 PM`` and its kin: the colon of the time cannot stand in a file's name."""
    half = "PM" if text.endswith("PM") else "AM" if text.endswith("AM") else ""
    text = text.removesuffix(half).strip()
    day, _, clock = re.sub(r"([A-Za-z]{3})[a-z]*", r"\1", re.sub(r"[.,]", "", text)).rpartition(" ")
    first, second, year = day.split()
    month, number = (second, first) if first.isdecimal() else (first, second)
    try:
        when = datetime.strptime(f"{month} {number} {year} {clock[:-2]:0>2}{clock[-2:]}", "%b %d %Y %H%M")
    except ValueError:
        return None
    if half:
        return when.replace(hour=when.hour % 12 + 12 * (half == "PM")) if 1 <= when.hour <= 12 else None
    return when


# In the order in which one wins that understands as many files as another: the plainest scheme is the last.
PLATFORMS: dict[str, Callable[[Sequence[str]], Found | None]] = {
    "Blackboard": _blackboard,
    "Moodle": _moodle,
    "Brightspace": _brightspace,
    "Canvas": _canvas,
}


def understand(name: str) -> Found | None:
    """Say what the name of an archive's file tells.

    Parameters
    ----------
    name : str
        With forward slashes.

    Returns
    -------
    Found or None
        None if it is no name of a platform's.

    Examples
    --------
    >>> found = understand("Ada Byron_31_assignsubmission_file_/knn.ipynb")
    >>> found.platform, found.person, found.name, found.file
    ('Moodle', '31', 'Ada Byron', 'knn.ipynb')
    >>> understand("byronada_LATE_17_904_knn-1.ipynb").late
    True
    >>> understand("knn.ipynb") is None
    True
    """
    parts = name.split("/")
    return next((found for read in PLATFORMS.values() if (found := read(parts))), None)


def understand_all(names: Iterable[str]) -> list[Found | None]:
    """Read the names of one archive, which is one platform's: that of which most names are.

    Parameters
    ----------
    names : list of str

    Returns
    -------
    list of Found or None
        For each name.
    """
    split = [name.split("/") for name in names]
    found = {platform: [read(parts) for parts in split] for platform, read in PLATFORMS.items()}
    count = Counter({platform: sum(one is not None for one in ones) for platform, ones in found.items()})
    return found[count.most_common(1)[0][0]]


# --- Blackboard: where the title of the assignment ends and the login begins --------------------------------------------


@dataclass(frozen=True)
class Description:
    """What Blackboard's description of an attempt says.

    Attributes
    ----------
    login, name : str
    typed : str
        What the student typed, as a submission or a comment; empty if nothing.
    """

    login: str
    name: str
    typed: str


def read_description(data: bytes) -> Description | None:
    r"""Read a description of Blackboard's.

    Examples
    --------
    >>> read_description(b"Name: Jo Doe (j_doe)\nAssignment: HW_1\n\nComments:\nLate, sorry.\n").login
    'j_doe'
    """
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    head = re.match(r"Name:[ \t]*(.*?)[ \t]*\((\S[^()\n]*)\)[ \t]*\n", text)
    if head is None:
        return None
    typed = [(what, _NOTHING.sub("", said).strip()) for what, said in _SECTION.findall(text)]
    return Description(head[2].strip(), head[1], "\n\n".join(f"{what}:\n{said}" for what, said in typed if said))


def split_heads(heads: Iterable[str], described: Mapping[str, str], known: Iterable[str] = ()) -> tuple[dict[str, str], bool]:
    """Take the logins out of ``TITLE_LOGIN``, where both may hold underscores.

    Parameters
    ----------
    heads : list of str
    described : dict of str to str
        Head -> login, as the descriptions in the archive say it: they show what the title is, too.
    known : list of str
        Logins of the roster.

    Returns
    -------
    logins : dict of str to str
        Head -> login.
    certain : bool
        False where the title had to be guessed from what all heads have in common. Even then no two heads have the same login.

    Examples
    --------
    >>> split_heads(["HW_1_j_doe", "HW_1_k_doe"], {"HW_1_j_doe": "j_doe"})
    ({'HW_1_j_doe': 'j_doe', 'HW_1_k_doe': 'k_doe'}, True)
    >>> split_heads(["HW 1_j_doe", "HW 1_k_doe"], {})
    ({'HW 1_j_doe': 'j_doe', 'HW 1_k_doe': 'k_doe'}, False)
    """
    logins = {head: login for head, login in described.items() if head.endswith(f"_{login}")}
    left = [head for head in dict.fromkeys(heads) if head not in logins]
    if not left:
        return logins, True
    titles = {head[: -len(login)] for head, login in logins.items()}
    if not titles:  # the longest login that fits: "doe" fits "HW_1_j_doe", too
        fitting = {head: max((login for login in known if head.endswith(f"_{login}")), key=len, default="") for head in left}
        titles = {head[: -len(login)] for head, login in fitting.items() if login}
    titles = {title for title in titles if all(head.startswith(title) and len(head) > len(title) for head in left)}
    certain = bool(titles)
    if not certain:
        common = os.path.commonprefix(left) if len(left) > 1 else left[0]
        titles = {common[: common.rfind("_") + 1]}
    title = min(titles, key=len)  # rather a login that is too long than two people with one
    return logins | {head: head[len(title) :] for head in left}, certain
