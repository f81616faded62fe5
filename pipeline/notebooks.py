"""Lecture sources (``.py``, percent format) -> the notebooks that students open.

A notebook made here is the same byte for byte however often it is made: cell ids come from the path and the cell's position
(or its ``grade_id``), and nothing of the tool that made it is left in the metadata. It carries a checksum of itself, so that a
notebook in which somebody has worked since is recognised and never written over.

Run ``python -m pipeline.notebooks lectures/week01_knn/01_images.py`` to make one.
"""

import argparse
import copy
import hashlib
import itertools
import json
import os
import re
import sys
import tomllib
from pathlib import Path

import jupytext
import nbformat

from pipeline import ROOT, in_repository
from pipeline.files import write_text

SEAL = "course_checksum"  # of a notebook's metadata: what the generator wrote, so that work in it is never lost
SETUP_TAG = "course-setup"  # cells that only make sense in the notebook itself; the book leaves them out

# What a notebook begins with, and the first thing that a student sees: only what must happen before the helpers are there.
SETUP_CODE = """\
# @title Run this cell first: it finds the course's helpers
# On Colab it installs them; anywhere else it installs nothing, and says what
# to do.
import re
import subprocess
import sys
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path

needed = {needed}
missing = [name for name in needed if not find_spec(name)]
try:
    on_colab = bool(import_module("google.colab"))
except ImportError:
    on_colab = False
if missing and on_colab:
    pip = [sys.executable, "-m", "pip", "install", "-q"]
    pip += [needed[name] for name in missing]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        why = re.search("(fatal|error|ERROR): (?!subp).*", done.stderr)
        raise ImportError(
            f"{' and '.join(missing)} could not be installed"
            f" ({why and why[0]}). Check the network and run this cell again;"
            " if that does not help, ask whoever gave you this notebook"
            " whether the course is still public, and at this address:"
            " {address}"
        )
    invalidate_caches()

found = find_spec("helpers")
if not found:
    windows = sys.platform == "win32"
    python = ".venv/Scripts/python.exe" if windows else ".venv/bin/python"
    kernels = [folder / python for folder in (Path.cwd() / "x").parents
               if (folder / "helpers").exists()
               and (folder / python).exists()
               and folder / ".venv" != Path(sys.prefix)]
    start = f"This kernel, {sys.executable}, does not have the course."
    if kernels:
        raise ImportError(
            f"{start} In VS Code, take another one with Select Kernel > Python"
            f" Environments: {kernels[0]}. In JupyterLab, close it and start"
            f' it like this: {"& " * windows}"{kernels[0]}" -m helpers.start'
        )
    raise ImportError(
        f"{start} On your own computer, set up the course and start it as its"
        " guide says ({address}). On a service"
        " such as Kaggle, run this line in a new cell, then this cell again:\\n"
        '%pip install "{course}"'
    )
code = Path(found.origin).read_text("utf-8") if found.origin else ""
if "cnn-course" not in code or "def begin" not in code:
    where = found.origin or list(found.submodule_search_locations)[0]
    raise ImportError(
        f"{where} stands in the way of the course's helpers: it is yours and "
        "has their name, or it is from an older version of the course. Rename"
        " it, or bring the course up to date; then restart the kernel."
    )

import helpers

helpers.begin({begin})"""
# What Colab does not have -> the extra of pyproject.toml that brings it.
EXTRAS = {"optuna": "search"}


class SourceError(Exception):
    """A source that cannot be turned into a notebook; the message says where and what to do."""


def repository():
    """The address of the course's repository: the one in ``pyproject.toml``, from which every link is made.

    Returns
    -------
    str
        Without a slash at its end.

    Raises
    ------
    SourceError
        If it is not an address on GitHub, which is where Colab opens notebooks from.

    Examples
    --------
    >>> repository().startswith("https://github.com/")
    True
    """
    address = _project()["urls"]["Repository"].rstrip("/")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise SourceError(
            f"pyproject.toml: [project.urls] Repository is {address!r}; Colab opens notebooks from "
            "https://github.com/OWNER/NAME only"
        )
    return address


def _project():
    """The table ``[project]`` of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def colab_address(path):
    """Where Colab opens a notebook of the repository.

    Parameters
    ----------
    path : str
        The notebook's path in the repository, with forward slashes.

    Examples
    --------
    >>> colab_address("lectures/week01_knn/01_images.ipynb").endswith("/blob/main/lectures/week01_knn/01_images.ipynb")
    True
    """
    owner_and_name = repository().removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{owner_and_name}/blob/main/{path}"


def setup_cells(path, code=""):
    """The cells that every notebook begins with: the Colab badge and the set-up.

    Parameters
    ----------
    path : str
        The notebook's path in the repository, with forward slashes.
    code : str, optional
        The notebook's code: what it imports of :data:`EXTRAS` is installed as well.

    Returns
    -------
    list of nbformat.NotebookNode
    """
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab_address(path)})"
    version = _project()["version"]
    # A release installs its own tag, whatever main has become; only a version under development has no tag yet.
    reference = "main" if "dev" in version else f"v{version}"
    course = f"cnn-course @ git+{repository()}@{reference}"
    parts = [name for name in EXTRAS if re.search(rf"^\s*(import|from) {name}\b", code, flags=re.MULTILINE)]
    needed = {"helpers": course}
    for name in parts:  # by their own names: `cnn-course[search]` would install the course once more
        (needed[name],) = _project()["optional-dependencies"][EXTRAS[name]]
    lines = "".join(f"    {json.dumps(name)}: {json.dumps(what)},\n" for name, what in needed.items())
    facts = {
        "needed": f"{{\n{lines}}}",
        "course": course,
        "address": repository(),
        "begin": ", ".join(map(json.dumps, (version, *parts))),
    }
    setup = re.sub(rf"\{{({'|'.join(facts)})\}}", lambda found: facts[found[1]], SETUP_CODE)
    metadata = {"tags": [SETUP_TAG]}
    # Folded, in JupyterLab and on Colab: it is run, not read.
    folded = {**metadata, "jupyter": {"source_hidden": True}, "cellView": "form"}
    return [
        nbformat.v4.new_markdown_cell(badge, metadata=metadata),
        nbformat.v4.new_code_cell(setup, metadata=folded),
    ]


def read_source(source):
    """Read a source in percent format.

    Parameters
    ----------
    source : pathlib.Path

    Returns
    -------
    nbformat.NotebookNode
        Its cells with their own metadata (tags, nbgrader), and no metadata of the tool that read them.

    Raises
    ------
    SourceError
        If the file is not in percent format, or its first cell is not its title.
    """
    text = source.read_text(encoding="utf-8")
    if not re.search(r"^# %%", text, flags=re.MULTILINE):
        raise SourceError(f"{source}: no cell found; cells begin with '# %%' (code) or '# %% [markdown]' (text)")
    notebook = jupytext.reads(text, fmt="py:percent")
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        raise SourceError(
            f"{source}: the first cell must be text that begins with the title ('# %% [markdown]', then '# # Title')"
        )
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # how the source is laid out; it says nothing about the notebook
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    return notebook


def code_of(notebook):
    """All code cells of a notebook as one text."""
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def set_ids(notebook, path):
    """Give every cell an id that depends only on the notebook's path and the cell's ``grade_id`` or position.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    path : str
        The notebook's path in the repository, with forward slashes.
    """
    for position, cell in enumerate(notebook.cells):
        own = cell.metadata.get("nbgrader", {}).get("grade_id", position)
        cell["id"] = hashlib.sha256(f"{path}:{own}".encode()).hexdigest()[:12]
    notebook.nbformat, notebook.nbformat_minor = 4, 5


def lecture_notebook(source):
    """Make the notebook of a lecture.

    Parameters
    ----------
    source : pathlib.Path
        ``lectures/weekNN_topic/NN_title.py``.

    Returns
    -------
    nbformat.NotebookNode
        Badge and set-up cell first; no outputs; valid.
    """
    path = in_repository(source.with_suffix(".ipynb"))
    notebook = read_source(source)
    for cell in notebook.cells:
        if "remove-cell" in cell.metadata.get("tags", []):  # it records numbers for the tests: JupyterLab folds it
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.cells[:0] = setup_cells(path, code_of(notebook))
    set_ids(notebook, path)
    nbformat.validate(notebook)
    return notebook


def to_text(notebook):
    """A notebook as the text of its file, the way Jupyter itself writes it."""
    return nbformat.writes(notebook, version=4) + "\n"


def sealed(notebook):
    """A generated notebook as the text of its file, with a checksum of its content in the metadata.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Not changed.

    Returns
    -------
    str
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop(SEAL, None)
    notebook.metadata[SEAL] = hashlib.sha256(to_text(notebook).encode()).hexdigest()
    return to_text(notebook)


def is_as_generated(text):
    """Whether the text of a notebook's file is, byte for byte, what the generator once wrote.

    An answer, a note, an output or a mere change of layout makes it somebody's own.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> text = sealed(nbformat.v4.new_notebook(cells=[]))
    >>> is_as_generated(text), is_as_generated(text + " ")
    (True, False)
    """
    try:
        notebook = nbformat.reads(text, as_version=4)
    except Exception:  # whatever it is that cannot be read as a notebook, the generator did not write it
        return False
    return SEAL in notebook.metadata and sealed(notebook) == text


def write_notebook(path, notebook, aside=None):
    """Write a generated notebook, but never over somebody's work.

    Where the file is not what the generator wrote last, it stays as it is; the new notebook is put beside it, as
    ``NAME.new.ipynb``, and both are named.

    Parameters
    ----------
    path : pathlib.Path
    notebook : nbformat.NotebookNode
    aside : pathlib.Path, optional
        For a place from which programs read, and which must hold the newest version alone: the file with somebody's work is
        moved into this folder.

    Returns
    -------
    pathlib.Path
        The file that now holds the new notebook.
    """
    text = sealed(notebook)
    there = path.read_bytes().decode("utf-8", errors="replace") if path.exists() else text
    if there == text or is_as_generated(there):
        if there != text or not path.exists():
            write_text(path, text)
        return path
    if aside is not None:
        aside.mkdir(parents=True, exist_ok=True)
        kept = next(name for n in itertools.count(1) if not (name := aside / f"{path.stem}-{n}.ipynb").exists())
        os.replace(path, kept)
        write_text(path, text)
        print(f"{path} was changed since it was made. It is kept as {kept}; the newest version has its place.", file=sys.stderr)
        return path
    beside = path.with_suffix(".new.ipynb")
    write_text(beside, text)
    print(
        f"{path} was changed since it was made, so it stays as it is. The newest version is beside it: {beside.name}.\n"
        f"If the changes are not needed, delete {path.name} and rename {beside.name}.",
        file=sys.stderr,
    )
    return beside


def main(arguments=None):
    """Make the notebooks of the lectures named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.notebooks", description="Make notebooks of lectures.")
    parser.add_argument("sources", nargs="+", type=Path, metavar="lectures/weekNN_topic/NN_title.py")
    for source in parser.parse_args(arguments).sources:
        write_notebook(source.with_suffix(".ipynb"), lecture_notebook(source))


if __name__ == "__main__":
    main()
