"""Where things lie on the grader's machine is nobody's business: pages show short names instead."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grading.nbgrader.course import Course

_EVERYWHERE = ("/", "/usr", "/usr/local", "/opt")  # says nothing about a machine, and honest texts are full of it


def shortener(course: Course) -> Callable[[str], str]:
    """Make a function that puts short names in the place of this machine's folders.

    Parameters
    ----------
    course : grading.nbgrader.course.Course

    Returns
    -------
    callable
        From a text to a text.
    """
    places = {str(folder): "<data>" for folder in course.data_folders()}
    places |= {sysconfig.get_path(name): "site-packages" for name in ("purelib", "platlib")}
    places[sysconfig.get_path("stdlib")] = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places |= dict.fromkeys((sys.prefix, sys.base_prefix), "<python>")
    places[str(Path(__file__).parents[2])] = "<grader>"
    places[str(course.root)] = "<course>"
    places[str(Path.home())] = "~"
    names = {os.path.abspath(path): name for path, name in places.items()}
    names |= {os.path.realpath(path): name for path, name in names.items()}
    known = {path: name for path, name in names.items() if path not in (*_EVERYWHERE, tempfile.gettempdir())}
    pattern = re.compile("|".join(rf"{re.escape(path)}(?![\w.-])" for path in sorted(known, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda match: known[match[0]], text)


def shorten_outputs(notebook: NotebookNode, shorten: Callable[[str], str]) -> None:
    """Put short names into all that the cells of a notebook show."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for holder, keys in ((output, ("text", "ename", "evalue")), (output.get("data", {}), ("text/plain",))):
                for key in keys:
                    if isinstance(holder.get(key), str):
                        holder[key] = shorten(holder[key])
            if "traceback" in output:
                output.traceback = [shorten(line) for line in output.traceback]
