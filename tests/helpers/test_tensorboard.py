"""TensorBoard comes up below a cell, wherever the environment and the logs lie, and ends with the kernel."""

import os
import sysconfig
import time

import nbformat
from nbclient import NotebookClient

CELL = """\
import json, pathlib, shutil, urllib.request
import keras
import numpy as np
from tensorboard import manager
from helpers import training

assert shutil.which("tensorboard") is None  # as in an environment that is not activated
logs = pathlib.Path({logs!r})
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile(loss="mse")
board = keras.callbacks.TensorBoard(logs, write_graph=False)
model.fit(np.ones((1, 1)), np.ones((1, 1)), verbose=0, callbacks=[board])

training.open_tensorboard(logs)
(server,) = manager.get_all()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
with opener.open(f"http://localhost:{{server.port}}/data/runs", timeout=60) as answer:
    print(json.load(answer))
"""


def test_it_shows_the_logs_of_any_folder(tmp_path):
    logs = tmp_path / "Übung 3 # it's C:\\new {x} $HOME" / "logs"
    scripts = sysconfig.get_path("scripts")
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if entry != scripts]
    variables = {**os.environ, "PATH": os.pathsep.join(path), "TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    variables.pop("TENSORBOARD_BINARY", None)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(logs=str(logs)))])
    NotebookClient(notebook, kernel_name="python3", timeout=300).execute(env=variables)
    (cell,) = notebook.cells
    assert "['train']" in "".join(output.get("text", "") for output in cell.outputs)
    assert any("<iframe" in output.get("data", {}).get("text/html", "") for output in cell.outputs)
    deadline = time.monotonic() + 300
    while notes := list((tmp_path / ".tensorboard-info").glob("*.info")):
        assert time.monotonic() < deadline, f"the server is still there: {notes}"
        time.sleep(0.1)
