"""Whatever way a student comes in, the same things are installed; and what the guide's own check relies on holds."""

import ast
import json
import re

import pytest
import tqdm.notebook
import yaml

from pipeline import ROOT, student_guide
from pipeline.environment import STUDENT, WANTED


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_all_doors_install_the_same():
    """The command of the guide and README, conda, Binder and the devcontainer: the extra `student`, in the tested versions."""
    assert [part.removeprefix(str(ROOT)) for part in WANTED[STUDENT]] == [
        "--constraint",
        "/constraints.txt".replace("/", "\\" if "\\" in str(ROOT) else "/"),
        "--editable",
        "[student]",
    ]
    for page in ("book/guides/student.md", "README.md", "Makefile"):
        assert "-m pipeline.environment --student" in text(page), page
    conda = yaml.safe_load(text("environment.yml"))["dependencies"]
    assert next(entry["pip"] for entry in conda if isinstance(entry, dict)) == [
        "--constraint constraints.txt",
        "--editable .[student]",
    ]
    binder = [line for line in text(".binder/requirements.txt").splitlines() if line.startswith("-")]
    assert binder == ["--constraint ../constraints.txt", "--editable .[student]"]
    container = json.loads(text(".devcontainer/devcontainer.json"))["postCreateCommand"]
    assert container.startswith("python3 -m pipeline.environment --student")


def test_no_page_tells_a_student_to_install_in_another_way():
    for page in ("book/guides/student.md", "README.md"):
        assert not re.search(r"pip install|\.\[(tensorflow|lab|all)", text(page)), page


def test_the_guides_commands_are_found():
    first, start, *rest = student_guide.blocks(student_guide.fill(text("book/guides/student.md")))
    clone, folder, set_up = first.splitlines()
    assert clone.startswith("git clone https://") and folder == f"cd {clone.rpartition('/')[2]}"
    assert set_up == "python3 -m pipeline.environment --student" and "helpers.start week01" in start
    assert any("helpers.update" in block for block in rest) and not any("conda" in block for block in [first, start, *rest])


LECTURES = student_guide.lectures()


@pytest.mark.parametrize("name", LECTURES)
def test_every_switch_of_a_lecture_is_turned_on_once(name):
    """A branch that no run takes would rot: what is off in the source is off in a way that the guide's check can turn on."""
    code = LECTURES[name].read_text(encoding="utf-8")
    switches = student_guide.switches(code)
    constants = {
        target.id
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and not node.value.value
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert student_guide.optional_names(code) & constants <= set(switches), "write it as NAME = False"
    assert not switches or name in student_guide.everyday()
    assert not student_guide.switches(student_guide.switched_on(code))


def test_what_the_guides_check_runs_exists():
    assert set(student_guide.DEPEND) <= set(LECTURES)
    found = {switch for path in LECTURES.values() for switch in student_guide.switches(path.read_text(encoding="utf-8"))}
    assert set(student_guide.LAST_CELLS) <= found


def test_switches_are_found_however_they_are_written_and_nothing_else_is_changed():
    code = 'ß = "ü"; SHOW = False\nif SHOW:\n    x = False\nA, (B, C) = 1, (False, 2)\nLATER: bool = False  # False\n'
    assert set(student_guide.switches(code)) == {"SHOW", "B", "LATER"}
    assert student_guide.switched_on(code) == (
        'ß = "ü"; SHOW = True\nif SHOW:\n    x = False\nA, (B, C) = 1, (True, 2)\nLATER: bool = True  # False'
    )


def test_what_is_imported_is_found_in_helpers_too():
    found = student_guide.imported()
    assert {"pyarrow.parquet", "optuna", "tensorboard.util", "keras"} <= set(found)
    assert not {"torch", "jax", "_typeshed", "os"} & set(found)


@pytest.mark.parametrize(
    "said",
    [
        tqdm.notebook.WARN_NOIPYW,
        "ERROR: Could not find `tensorboard`. Please ensure that your PATH contains an executable",
        "ERROR: Failed to launch TensorBoard (exited with 2).",
        "ModuleNotFoundError: No module named 'optuna'",
        "the grocery photographs come as a parquet file, and pyarrow, which reads it, is not installed",
        "LEFT OUT: groceries cannot be had. CIFAR-10's trucks play the event",
        "Missing: optuna. To see what to do, run `helpers.doctor.report()` in a new cell.",
    ],
)
def test_what_is_missing_is_seen_in_a_lectures_outputs(said):
    outputs = [{"output_type": "stream", "name": "stderr", "text": [said]}]
    notebook = {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}
    assert student_guide.MISSING.search(student_guide._said(notebook))
    outputs[0]["text"] = ["value_range left out: accuracy 0.98"]
    assert not student_guide.MISSING.search(student_guide._said(notebook))
