"""What the source of a cell says: its Python, and the names that it makes and uses."""

from __future__ import annotations

import ast
import functools
import re
import symtable


def to_python(source: str) -> str:
    """Turn what only IPython understands (``%magics``, ``!commands``) into Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


@functools.lru_cache(maxsize=2000)  # asked of the same few cells for each student of a batch
def names_made(source: str) -> frozenset[str] | None:
    r"""Names that a cell may make, those inside its functions included; None where it is no Python.

    Examples
    --------
    >>> sorted(names_made("import os.path as p\nfor i in range(3): x = i"))
    ['i', 'p', 'x']
    """
    try:
        python = to_python(source)
        tree = ast.parse(python)
    except (SyntaxError, ValueError, RecursionError):
        return None
    made = _words_of_magics(python)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).split(".")[0])
    return frozenset(made)


@functools.lru_cache(maxsize=2000)
def names_used(source: str) -> frozenset[str] | None:
    r"""Names of the notebook that a cell may refer to, its own included; None where it is no Python.

    Examples
    --------
    >>> sorted(names_used("def f(x):\n    return g(x) + c"))
    ['c', 'g']
    """
    try:
        python = to_python(source)
        used = _words_of_magics(python)
        tables = [symtable.symtable(python, "cell", "exec")]
    except (SyntaxError, ValueError, RecursionError):
        return None
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        used.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and (top or symbol.is_global()))
        tables += table.get_children()
    return frozenset(used)


def _words_of_magics(python: str) -> set[str]:
    """Words in the lines that go to IPython as text: any of them may be a name."""
    if "get_ipython()" not in python:
        return set()
    tree = ast.parse(python)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("get_ipython()"))
    texts = (one.value for call in calls for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return {word for text in texts for word in re.findall(r"[^\W\d]\w*", text)}
