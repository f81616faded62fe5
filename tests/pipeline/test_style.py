"""What readers of the code may rely on and mypy has no switch for: everything public says what it takes and gives."""

import ast

import pytest

from pipeline import ROOT

MODULES = sorted(path for package in ("helpers", "grading") for path in (ROOT / package).rglob("*.py"))


def public(node, prefix=""):
    """The public functions and methods below a node, with their names; those inside functions are nobody else's."""
    for child in node.body:
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            if not child.name.startswith("_") or child.name.endswith("__"):
                yield f"{prefix}{child.name}", child


def untyped(source):
    """Names of public functions without a type for each argument and for what they return."""
    found = []
    for name, function in public(ast.parse(source)):
        every = function.args
        arguments = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
        told = [one.annotation for one in arguments if one is not None and one.arg not in ("self", "cls", "mcs")]
        if None in [*told, function.returns]:
            found.append(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_public_functions_have_types(path):
    assert not untyped(path.read_text(encoding="utf-8"))


def test_an_untyped_function_is_found():
    source = (
        "class A:\n    def __init__(self): ...\n    def f(self, *, x: int) -> int: ...\n"
        "def g(x: int, *rest) -> int: ...\ndef _h(x): ...\n"
    )
    assert untyped(source) == ["A.__init__", "g"]
