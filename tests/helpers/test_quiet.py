"""TensorFlow's greetings stay out of a notebook; whatever else is said, and every failure, is seen."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
GREETINGS = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1796050068.238420   28839 port.cc:153] oneDNN custom operations are on.",
    "To enable the following instructions: AVX2, in other operations, rebuild TensorFlow",
    "W0000 00:00:1796050068.238420   28839 stub.cc:1] a warning of C++",
]
WRITE = "import os\nfor line in {lines!r}:\n    os.write(2, (line + chr(10)).encode())\n"


def imported(tmp_path, code, first="import helpers", last="import tensorflow"):
    """What a process writes to its standard error that imports a TensorFlow of this code."""
    (tmp_path / "tensorflow.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", f"{first}\n{last}"], env=environment, capture_output=True, text=True)
    return done.stderr


def test_only_the_greetings_are_left_out(tmp_path):
    code = WRITE.format(lines=[*GREETINGS, "E0000 an error of C++", "something else"])
    assert imported(tmp_path, code) == "E0000 an error of C++\nsomething else\n"
    assert GREETINGS[1] in imported(tmp_path, code, first=""), "without the helpers they are seen"


def test_everything_is_shown_if_the_import_fails(tmp_path):
    seen = imported(tmp_path, WRITE.format(lines=GREETINGS) + "raise ImportError('no such library')")
    assert all(line in seen for line in GREETINGS) and "ImportError: no such library" in seen


def test_what_comes_after_the_import_is_shown(tmp_path):
    later = "import tensorflow, os\nos.write(2, b'I0000 later')"
    assert imported(tmp_path, "", last=later) == "I0000 later"


def test_to_look_for_it_loads_nothing_and_changes_nothing(tmp_path):
    look = "import importlib.util, sys\nfound = importlib.util.find_spec('tensorflow')\nassert 'tensorflow' not in sys.modules"
    code = WRITE.format(lines=GREETINGS)
    assert imported(tmp_path, code, last=f"{look}\nimport tensorflow\nassert found.origin == tensorflow.__file__") == ""


def test_where_there_is_no_tensorflow_nothing_happens(tmp_path):
    look = "import importlib.util, sys\nsys.path = []\nassert importlib.util.find_spec('tensorflow') is None"
    assert imported(tmp_path, "", last=look) == ""


def test_the_readers_own_setting_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    assert imported(tmp_path, "import os, sys\nprint(os.environ['TF_CPP_MIN_LOG_LEVEL'], file=sys.stderr)") == "0\n"


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="TensorFlow is not the backend")
def test_a_kernel_shows_nothing_below_the_first_import_of_keras(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    train = "import numpy as np\nmodel = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
    train += "model.compile(loss='mse')\nmodel.fit(np.eye(2), np.ones(2), verbose=0)\nprint('trained')"
    cells = [nbformat.v4.new_code_cell(code) for code in ("import helpers", "import keras", train)]
    # As in JupyterLab: what C++ writes appears below the cell.
    NotebookClient(
        nbformat.v4.new_notebook(cells=cells), kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert [output.get("text") or output.get("name") for cell in cells for output in cell.outputs] == ["trained\n"]
