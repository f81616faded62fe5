"""Small questions about Python's syntax trees."""

import ast

SAME_TWICE = set("asarray array list tuple set dict sorted copy astype Path str int float bool frozenset".split())


def names(node):
    """All names in a tree."""
    return [part for part in ast.walk(node) if isinstance(part, ast.Name)]


def is_size(node):
    """Whether an expression asks for a size, which stays the same when values change."""
    return (isinstance(node, ast.Call) and last(node.func) == "len") or (isinstance(node, ast.Attribute) and node.attr == "shape")


def last(node):
    """The last part of a dotted name; an empty string for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def root(node):
    """The first part of a dotted name; an empty string for anything else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node):
    """The parts of a dotted name; one empty string for anything else."""
    return ast.unparse(node).split(".") if root(node) else [""]


def sign(operator):
    """An operator as it is written."""
    return ast.unparse(ast.BinOp(ast.Name("a"), operator, ast.Name("b")))[2:-2]


def mode(node, method):
    """The mode in which a call opens a file."""
    position = 0 if method and root(node.func) not in ("zipfile", "gzip", "io") else 1
    given = [k.value for k in node.keywords if k.arg == "mode"] or node.args[position : position + 1]
    return given[0].value if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str) else "r"


def same_twice(value, name):
    """Whether making a name from itself has the same result however often it is done: ``x = list(x)``, ``x = x[:100]``."""
    if isinstance(value, ast.Call) and last(value.func) in ("min", "max"):
        return any(isinstance(argument, ast.Name) and argument.id == name for argument in value.args)
    if isinstance(value, ast.Call) and last(value.func) in SAME_TWICE:
        source = value.func.value if isinstance(value.func, ast.Attribute) and not value.args else (value.args or [value])[0]
        if isinstance(value.func, ast.Attribute) and value.func.attr == "astype":
            source = value.func.value
        return isinstance(source, ast.Name) and source.id == name
    return (
        isinstance(value, ast.Subscript)
        and isinstance(value.value, ast.Name)
        and value.value.id == name
        and isinstance(value.slice, ast.Slice)
        and value.slice.lower is None
        and value.slice.step is None
        and not (isinstance(value.slice.upper, ast.UnaryOp))
    )
