"""Running each cell twice finds what reading cannot; a lecture is tried here, and all of them every night."""

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from pipeline import ROOT
from pipeline import run_twice as module

FINE = {
    "text": "print(1)",
    "a value": "x = [3, 1, 2]\nx",
    "a time": "import time\nstart = time.perf_counter()\nprint(time.perf_counter() - start, time.process_time())",
    "more often than the first": "n = globals().get('n', 0) + 1\nfor _ in range(n):\n    now = time.perf_counter()\nnow >= start",
    "a timer": "import timeit\nprint(timeit.timeit('1 + 1', number=3))",
    "a temporary folder": "import tempfile\nfolder = tempfile.mkdtemp()\nprint(folder)",
    "an address": "print(object())",
    "a warning, once": "import warnings\nwarnings.warn('look')",
    "a figure": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(1, 1))\nax.plot(x)\nplt.show()",
    "a recorded number": "from helpers.record import record\nrecord(total=sum(x))",
    "it says so": "# Running this cell again counts further.\nn += 1\nprint(n)",
    "nothing": "",
}
FAULTS = {
    "an error": ("import pathlib\nhome = pathlib.Path(folder, 'here')\nhome.mkdir()", "FileExistsError in the second run"),
    "a number": ("x[0] *= 10\nprint('gain', x[0])", "text: 'gain 30', then 'gain 300'"),
    "a value": ("x.append(4)\nlen(x)", "text/plain: '4', then '5'"),
    "a figure": ("x.append(9)\nplt.subplots(figsize=(1, 1))[1].plot(x)\nplt.show()", "another image/png"),
    "a recorded number": ("x.append(1)\nrecord(count=len(x))", "recorded number: 'count = 8', then 'count = 9'"),
    "something more": ("if len(x) > 9:\n    print('full')\nx.append(0)", "shows nothing first, text then"),
    "an error from the start": ("1 / 0", "ZeroDivisionError in the first run"),
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """What is found in a notebook of all these cells, by the cell's name."""
    cells = {name: code for name, code in FINE.items()}
    cells |= {f"fault: {name}": code for name, (code, _) in FAULTS.items()}
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *map(new_code_cell, cells.values())])
    found = module.run(notebook, tmp_path_factory.mktemp("notebook"))
    names = [None, *cells]
    told = {}
    for index, what in found:
        assert names[index] not in told
        told[names[index]] = what
    return told


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(faults, name):
    assert FAULTS[name][1] in faults.get(f"fault: {name}", "nothing")


def test_what_is_the_same_both_times_is_left_alone(faults):
    assert {name: what for name, what in faults.items() if not name.startswith("fault")} == {}


def test_a_lecture_can_be_run_twice(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    module.main([str(ROOT / "lectures" / "week02_convolution" / "02_sizes.py")])
    assert capsys.readouterr().out == "week02_convolution/02_sizes: every cell can be run twice\n"


def test_the_command_names_the_cell_and_fails(tmp_path, monkeypatch, capsys):
    notebook = new_notebook(cells=[new_code_cell("x = 1"), new_code_cell("x += 1\nprint(x)")])
    monkeypatch.setattr(module, "lecture_notebook", lambda source: notebook)
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    source = tmp_path / "week01_x" / "01_x.py"
    source.parent.mkdir()
    with pytest.raises(SystemExit, match="1 cells cannot"):
        module.main([str(source)])
    assert capsys.readouterr().out == "week01_x/01_x: cell 1 (x += 1): text: '2', then '3'\n"


def test_all_lectures_are_tried_every_night():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8"))["jobs"]
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert any(step.endswith("python -m pipeline.run_twice") for step in steps)
