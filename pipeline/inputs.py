"""What a step of the build depends on, found out rather than listed: the files that a source reaches by its imports.

A module counts, and so does every module that it imports, at its top or within a function, and the ``__init__.py`` of the
packages around them. Of a package's other files (scripts, style sheets, pictures, tables), those count whose own name, or whose
folder's, stands as a string in one of these modules: ``script("explorer.js")``, ``Path(__file__).with_name("samples")``. A table
of results counts by its own name alone, with or without the ending: ``Study(name="scoreboard")``.

>>> from pipeline import ROOT, in_repository
>>> sources = [in_repository(path) for path in reached_by(ROOT / "helpers" / "explorer" / "__init__.py")]
>>> "helpers/explorer/explorer.js" in sources, "helpers/animate/draw.js" in sources, "helpers/knn.py" in sources
(True, True, False)
"""

import ast
import functools
import re
import tomllib
from importlib import metadata
from pathlib import Path

from pipeline import ROOT

_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}
_RESULTS = "results"  # a study reads its own table of this folder and none of the others


def reached_by(*sources, root=ROOT):
    """Every file of the repository that sources reach by their imports, themselves among them.

    Parameters
    ----------
    *sources : pathlib.Path
        Python files; a lecture or a solution in percent format is one.
    root : pathlib.Path
        Where the repository's packages lie.

    Returns
    -------
    list of pathlib.Path
        Sorted.

    Raises
    ------
    SyntaxError
        If a source is not Python.
    """
    found, waiting = set(), [Path(source) for source in sources]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, root) - found
    words = set().union(*(_scan(path)[1] for path in found))
    for package in {path.parent for path in found if _package_of(path, root)}:
        found |= {path for path in _data_of(package) if words & _names_of(path, package)}
    return sorted(found)


@functools.cache
def _imported(path, root):
    """The files of the repository that a module imports, with the packages around them and around itself."""
    files = set()
    for name in _scan(path)[0] | {_package_of(path, root)}:
        for place in (root, path.parent):  # a test may import a module that lies beside it
            for depth in range(1, name.count(".") + 2):
                files |= _files_of(place.joinpath(*name.split(".")[:depth]))
    return files - {path}


@functools.cache
def _files_of(place):
    """The file of a module, given its path without an ending: none, if it is not ours."""
    return {path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()}


@functools.cache
def _package_of(path, root):
    """The dotted name of the package that a file belongs to, empty where it belongs to none."""
    names, folder = [], path.parent
    while folder != root and (folder / "__init__.py").is_file():
        names.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(names))


@functools.cache
def _scan(path):
    """The names that a module imports, and the strings in it."""
    names, words = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:  # the style rules allow no relative imports
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
    return names, words


def _data_of(package):
    """The files of a package that are not Python, those of its packages left out."""
    for path in sorted(package.iterdir()):
        if path.is_dir() and path.name not in _LEFT_OUT and not (path / "__init__.py").exists():
            yield from _data_of(path)
        elif path.is_file() and path.suffix not in (".py", ".pyc"):
            yield path


def _names_of(path, package):
    """By what a module may name a file: its name, or that of a folder between the package and it."""
    *folders, name = path.relative_to(package).parts
    return {name, path.stem} if folders == [_RESULTS] else {name, *folders} - {_RESULTS}


def files_below(folder):
    """Every file in a folder and the folders in it, sorted; what Python and Jupyter keep for themselves is left out.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    list of pathlib.Path
    """
    return sorted(path for path in folder.rglob("*") if path.is_file() and not _LEFT_OUT & set(path.parts))


@functools.cache
def versions():
    """The versions that are installed of everything that a notebook may import, as one string.

    Returns
    -------
    str
        Of the dependencies that pyproject.toml names for students; tools of the build and of the tests are not among them.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["tensorflow"], *extras["packages"], *extras["search"]]
    names = sorted({re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in wanted})
    return ", ".join(f"{name} {_version(name)}" for name in names)


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
