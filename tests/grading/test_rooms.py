"""The grader's rooms: each imports only what lies below it, no module is long, and a student's process holds few of them."""

import ast
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GRADING = ROOT / "grading"
# From top to bottom. Rooms on one level do not know each other.
LEVELS = (
    ("__main__",),
    ("cli",),
    ("reports", "formgrader"),
    ("batch",),
    ("submissions", "checker"),
    ("sandbox",),
    ("nbgrader", "sanitise"),
    ("protocol",),
    ("source", "files", "model"),
)
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
LONGEST = 450  # lines
MODULES = sorted(GRADING.rglob("*.py"))


def room(path):
    return path.relative_to(GRADING).parts[0].removesuffix(".py")


def imported(tree):
    """The rooms that a module imports, those for its annotations only included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "grading":
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grading."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("grading."))


def test_rooms_import_only_what_lies_below_them():
    upward = []
    for path in MODULES:
        own = room(path)
        for other in set(imported(ast.parse(path.read_text(encoding="utf-8")))) - {own}:
            if own != "__init__" and LEVEL[other] <= LEVEL[own]:
                upward.append(f"{path.relative_to(ROOT)} imports grading.{other}")
    assert upward == []


def test_no_module_is_long():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system that cannot fork")
def test_a_students_process_holds_nothing_of_the_graders_but_its_two_lowest_rooms():
    from grading.sandbox.pool import Pool

    with Pool(["numpy"], trust_students=True) as pool, pool.session() as session:
        result = session.run_cell(
            "import sys\nprint(*sorted({name.split('.')[1] for name in sys.modules if 'grading.' in name}))"
        )
        assert result.outputs[0].text.split() == ["files", "protocol", "sandbox"]
        result = session.run_cell("print({'nbformat', 'nbgrader', 'sqlalchemy', 'traitlets'} & set(sys.modules))")
        assert result.outputs[0].text.strip() == "{'traitlets'}"
