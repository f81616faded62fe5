"""What a result was graded with: all of the instructor's that scores depend on, so that it is known who is to be graded again."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grading.model import Limits
    from grading.nbgrader.assignment import Assignment

_PARTS = {
    "grader": "the grader",
    "limits": "the limits",
    "questions": "the questions",
    "solution": "the reference solution",
    "modules": "a module that the notebook imports",
}


def version(assignment: Assignment, limits: Limits, record: int) -> str:
    """Describe what an assignment is graded with now.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    limits : grading.model.Limits
    record : int
        The version of the notes about results.

    Returns
    -------
    str
        ``part=hash`` for each part, with blanks between them.
    """
    parts = {
        "grader": _grader(record),
        "limits": _hash([repr(limits)]),
        "questions": assignment.version(),
        "solution": _hash(assignment.solutions()),
        "modules": _hash(_texts(own_modules(assignment.imports(), assignment.course.root))),
    }
    return " ".join(f"{name}={value[:24]}" for name, value in parts.items())


def what_changed(old: str, new: str) -> list[str]:
    """Say in which parts two versions differ.

    Examples
    --------
    >>> what_changed("limits=1 questions=2", "limits=1 questions=3")
    ['the questions']
    """
    first, second = (dict(part.partition("=")[::2] for part in one.split()) for one in (old, new))
    return [said for part, said in _PARTS.items() if first.get(part) != second.get(part)]


def _grader(record):
    return _hash([str(record), *_texts(sorted(Path(__file__).parents[1].rglob("*.py")))])


def _hash(texts):
    digest = hashlib.sha256()
    for text in texts:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


def _texts(paths):
    """What lies in files, each after its name."""
    for path in paths:
        yield path.name
        yield path.read_bytes()


def _installed(path):
    """Whether a module belongs to Python or to an installed package: a new version of these is no change of the course's."""
    places = {Path(place).resolve() for place in map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")) if place}
    return bool({"site-packages", "dist-packages"} & set(path.parts)) or bool(places & set(path.parents))


def _find(name, root):
    """The files that are read when a module is imported, its packages first, without importing any of them."""
    top, *rest = name.split(".")
    beside = [root / f"{top}.py", root / top / "__init__.py"]
    file = next((path for path in beside if path.is_file()), None)
    if file is None:
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError, AttributeError):
            return []
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            return []
        file = Path(spec.origin)
    file = file.resolve()
    if top in sys.stdlib_module_names or _installed(file):
        return []
    files = [file]
    for part in rest:
        if file.name != "__init__.py":
            break
        inner = [file.parent / part / "__init__.py", file.parent / f"{part}.py"]
        found = next((path for path in inner if path.is_file()), None)
        if found is None:  # a name in the module, and not a module
            break
        file = found
        files.append(file)
    return files


def _imports(path: Path, name: str) -> Iterator[str]:
    """Names of modules that a module may import, relative ones in full."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{one.name}" for one in node.names)


def own_modules(names: Iterable[str], root: Path) -> list[Path]:
    """Find the course's own modules that are imported, and what these import in turn.

    Parameters
    ----------
    names : list of str
        As in ``import a.b``.
    root : pathlib.Path
        The course folder.

    Returns
    -------
    list of pathlib.Path
        Sorted. Python's own modules and installed packages are not among them.
    """
    waiting, seen, files = list(names), set(), set()
    while waiting:
        name = waiting.pop()
        if not name or name in seen:
            continue
        seen.add(name)
        found = _find(name, root)
        for depth, path in enumerate(found):
            if path not in files:
                files.add(path)
                waiting += _imports(path, ".".join(name.split(".")[: depth + 1]))
    return sorted(files)
