"""Functions of libraries by which tests ask about a student's work: the text of a function, the figure that it drew.

In the checker's process these would look at the checker's own. So `inspect.getsource` and pyplot's current figure are given a
second place to look, where the first has nothing.

**The text of a function** is cut out of the cells that were handed in, and not asked of the student's process, which could make
one up. It is the last definition of that name; where something else is bound to the name after it, there is no text. It tells how
a function is written, as far as its author does not hide another one behind it.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from typing import Any

from grading.checker.link import Link
from grading.checker.mirrors import StudentFunction
from grading.checker.proxies import StudentClass
from grading.source import to_python

_NO_SOURCE = "could not get source code: none of the cells that were handed in defines it"


def follow(link: Link) -> None:
    """Have the libraries of this process look at a student's work, too.

    Parameters
    ----------
    link : grading.checker.link.Link
    """
    _follow_inspect(link)
    if "matplotlib.pyplot" in sys.modules:
        _follow_pyplot(link)


def definition(name: str, sources: list[str]) -> str:
    r"""Find how a name is defined in cells.

    Parameters
    ----------
    name : str
        Of a function or class.
    sources : list of str
        The cells in their order.

    Returns
    -------
    str

    Raises
    ------
    OSError
        If none of them defines it, or something else is bound to the name later.

    Examples
    --------
    >>> definition("f", ["def f(x):\n    return x", "%time\ndef f(x):\n    return 2 * x\n"])
    'def f(x):\n    return 2 * x\n'
    """
    for source in reversed(sources):
        try:
            text = to_python(source)
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in reversed(tree.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if node.name == name:
                    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                    return "\n".join(text.split("\n")[first - 1 : node.end_lineno]) + "\n"
            elif any(isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store) for one in ast.walk(node)):
                raise OSError(_NO_SOURCE)
    raise OSError(_NO_SOURCE)


def _follow_inspect(link: Link) -> None:
    getsource, getsourcelines = inspect.getsource, inspect.getsourcelines

    def text(thing: Any) -> str:
        name = thing.__name__ if type(thing) is StudentClass else object.__getattribute__(thing, "_name")
        sources: Any = link.ask("submitted").get("ok")  # the grader answers this, no process of a student's
        if type(sources) is not list or not all(type(source) is str for source in sources):
            raise OSError(_NO_SOURCE)
        return definition(name, sources)

    def students(thing: object) -> bool:
        return type(thing) in (StudentClass, StudentFunction)

    @functools.wraps(getsource)
    def source_of(object: Any) -> str:
        return text(object) if students(object) else getsource(object)

    @functools.wraps(getsourcelines)
    def lines_of(object: Any) -> tuple[list[str], int]:
        return (text(object).splitlines(keepends=True), 1) if students(object) else getsourcelines(object)

    inspect.getsource, inspect.getsourcelines = source_of, lines_of


def _follow_pyplot(link: Link) -> None:
    import matplotlib.pyplot as plt

    def current(name: str, own: Any) -> Any:
        @functools.wraps(own)
        def look(*args: object, **kwargs: object) -> Any:
            if not (args or kwargs or plt.get_fignums()):  # the test itself has drawn nothing
                answer = link.ask("figure", name=name)
                if "ok" in answer:
                    return link.decode(answer["ok"])
            return own(*args, **kwargs)

        return look

    def close(fig: Any = None) -> None:
        own_close(fig)
        link.ask("figure", name="close")

    own_close = plt.close
    plt.gca, plt.gcf, plt.close = current("gca", plt.gca), current("gcf", plt.gcf), close
