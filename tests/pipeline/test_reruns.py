"""Every cell of the course can be run twice, as far as reading it can tell; and each kind of cell that cannot is found."""

import re

import pytest

from pipeline import ROOT, reruns
from pipeline.exercises import instructor_notebook, released_notebook
from pipeline.notebooks import lecture_notebook

LECTURES = sorted(ROOT.glob("lectures/week*/*.py"))
SOLUTIONS = sorted(ROOT.glob("solutions/week*/*.py"))


def told(notebook):
    """The findings in a notebook, in words."""
    cells = reruns.sources_of(notebook)
    return [f"{cells[one.cell].splitlines()[one.line - 1].strip()}: {one.text}" for one in reruns.findings(cells)]


@pytest.mark.parametrize("source", LECTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_cell_of_a_lecture_can_be_run_twice(source):
    assert told(lecture_notebook(source)) == []


@pytest.mark.parametrize("source", SOLUTIONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("version", [instructor_notebook, released_notebook])
def test_every_cell_of_an_exercise_can_be_run_twice(source, version):
    assert told(version(source)) == []


def test_the_code_of_the_guides_can_be_run_twice():
    blocks = {}
    for path in [*ROOT.glob("*.md"), *ROOT.glob("book/**/*.md")]:
        if found := re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE):
            blocks[path.name] = found
    assert blocks and {name: found for name, cells in blocks.items() if (found := reruns.findings(cells))} == {}


BEFORE = """
import os, random, shutil, tempfile
from pathlib import Path
import keras, numpy as np
from keras import layers
from sklearn.linear_model import LogisticRegression
x, y = np.arange(6.0), [3, 1, 2]
rows = np.arange(12).reshape(3, 4)
table, notes, names = {}, [], set()
rng = np.random.default_rng(0)
folder, file = Path("photos"), Path("photos/notes.txt")
model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
first = model.layers[0]
start = model.get_weights()
scratch = tempfile.TemporaryDirectory()
stream = (n ** 2 for n in range(9))
pairs = zip(x, y)

def add(item, to):
    to.append(item)

def count():
    notes.append(1)

def draw(n):
    return rng.normal(size=n)

def train(net):
    net.fit(x, y)

def from_the_start(net):
    net.set_weights(start)
    net.fit(x, y)

def kept(key, known=table):
    if key not in table:
        table[key] = key ** 2
    return table[key]

def clean(values):
    values = values.copy()
    values.sort()
    return values

def numbers():
    yield from range(3)

walk = numbers()
"""

FAULTS = {
    "x = f(x)": "x = 100 * x",
    "by way of another name": "scaled = x / 255\nx = scaled",
    "two at once": "x, y = y, x",
    "an attribute of itself": "x = x.reshape(-1, 1)",
    "a slice that moves on": "y = y[1:]",
    "x += 1": "x += 1",
    "x *= 2 of a part": "half = x[:3]\nhalf *= 2",
    "in a loop over it": "for row in rows:\n    row -= row.mean()",
    "in a loop over several": "for one in (x, rows):\n    one /= 255",
    "in a loop with numbers": "for number, row in enumerate(rows):\n    row += number",
    "x[...] = ...": "x[0] = 0",
    "a part of an attribute": "rows.T[0] = 1",
    "an entry made from entries": "table['best'] = max(table.values())",
    "append": "y.append(4)",
    "extend": "y.extend([4])",
    "update": "table.update(a=1)",
    "pop": "y.pop()",
    "sort": "y.sort()",
    "reverse": "y.reverse()",
    "clear": "notes.clear()",
    "under another name": "again = y\nagain.append(1)",
    "in a condition": "if y.pop() > 1:\n    print(y)",
    "in a comprehension": "[notes.append(n) for n in range(3)]",
    "shuffle by random": "random.shuffle(y)",
    "shuffle by a generator": "np.random.default_rng(0).shuffle(x)",
    "copyto": "np.copyto(x, 0)",
    "out=": "np.sqrt(x, out=x)",
    "del": "del y[0]",
    "del of a name": "del x",
    "a layer more": "model.add(layers.Dense(1))",
    "a generator goes on": "noise = rng.normal(size=3)",
    "a generator is handed on": "mixed = mix(x, rng)",
    "a function's generator": "noise = draw(3)",
    "the common generator": "noise = np.random.normal(size=3)",
    "the common generator of Python": "luck = random.random()",
    "Keras's common generator": "noise = keras.random.normal((3,))",
    "a generator without a seed": "luck = np.random.default_rng()",
    "a stream that ends": "squares = list(stream)",
    "next": "item = next(stream)",
    "pairs that end": "for a, b in pairs:\n    print(a, b)",
    "a function that yields": "found = list(walk)",
    "fit": "model.fit(x, y)",
    "one step of training": "model.train_on_batch(x, y)",
    "a function that trains": "train(model)",
    "a function that appends": "add(1, y)",
    "a function that appends, by keyword": "add(1, to=y)",
    "a function that changes what is outside": "count()",
    "mkdir": "folder.mkdir()",
    "mkdir by parts": "(folder / 'cats').mkdir(parents=True)",
    "makedirs": "os.makedirs('photos')",
    "mkdir of a new name": "Path('new').mkdir()",
    "unlink": "file.unlink()",
    "remove": "os.remove(file)",
    "rmtree": "shutil.rmtree(folder)",
    "move": "shutil.move(file, 'other')",
    "rename": "file.rename('other')",
    "replace": "file.replace('other')",
    "copytree": "shutil.copytree(folder, 'copy')",
    "open to append": "with open(file, 'a') as log:\n    log.write('x')",
    "open to append, by method": "with file.open('a') as log:\n    log.write('x')",
    "a log of events": "board = keras.callbacks.TensorBoard(folder / 'logs')",
    "the temporary folder of an earlier cell": "scratch.cleanup()",
    "mkdir in it": "Path(scratch.name, 'logs').mkdir()",
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_kind_of_fault_is_found(name):
    found = reruns.findings([BEFORE, None, FAULTS[name]])
    assert found and {one.cell for one in found} == {2}


FINE = {
    "a new name": "z = 100 * x",
    "made here": "z = list(y)\nz.append(1)\nz += [2]\nz[0] = 1\nz.sort()",
    "made anew": "y = []\ny.append(1)",
    "a loop's own": "for row in rows:\n    low = row.min()\n    low -= 1",
    "a copy": "half = x[:3].copy()\nhalf *= 2",
    "idempotent": "x = np.asarray(x)\ny = list(y)\ny = y[:2]",
    "no larger than there is": "y = max(y, [1])",
    "an entry of a dictionary": "table['mean'] = np.mean(x)\nfor name in y:\n    table[name, 1] = name",
    "a generator of this cell": "rng = np.random.default_rng(1)\nnoise = rng.normal(size=3)\nmore = draw(3)",
    "a generator with a seed": "noise = np.random.default_rng(1).normal(size=3)",
    "the common one with a seed": "keras.utils.set_random_seed(0)\nnoise = keras.random.normal((3,)), np.random.normal()",
    "a model of this cell": "net = keras.Sequential()\nnet.add(layers.Dense(1))\nnet.fit(x, y)",
    "a model put back": "model.set_weights(start)\nmodel.fit(x, y)",
    "one of its layers put back": "first.set_weights(start)\nmodel.fit(x, y)",
    "a function that puts it back": "from_the_start(model)",
    "scikit-learn's begin anew": "head = LogisticRegression().fit(x, y)",
    "results that are kept": "kept(3)",
    "a function with a copy": "clean(y)",
    "a folder that may be there": "folder.mkdir(exist_ok=True)\nfile.unlink(missing_ok=True)",
    "a folder that is looked for": "if not folder.exists():\n    folder.mkdir()",
    "a failure that is foreseen": "try:\n    folder.mkdir()\nexcept FileExistsError:\n    pass",
    "a temporary folder": "place = Path(tempfile.mkdtemp())\n(place / 'logs').mkdir()\n"
    "board = keras.callbacks.TensorBoard(place / 'logs')\nopen(place / 'a', 'a')",
    "a folder that is emptied": "shutil.rmtree(folder, ignore_errors=True)\nfolder.mkdir()",
    "text": "words = 'a b'.replace('a', 'b')",
    "magic": "%matplotlib inline\n!ls",
    "it says so": "# Running this cell again trains for five more epochs.\nmodel.fit(x, y)",
    "a plot": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot(x)\nplt.rcParams['font.size'] = 9",
}


@pytest.mark.parametrize("name", FINE)
def test_what_can_be_run_twice_is_left_alone(name):
    assert reruns.findings([BEFORE, FINE[name]]) == []


def test_a_function_may_say_so_for_its_cells():
    pay = "bill = {'n': 0}\ndef pay():\n    bill['n'] += 1  # "
    assert reruns.findings([pay + "Running this again costs as much again.", "pay()"]) == []
    assert reruns.findings([pay + "what it costs", "pay()"])


def test_a_reason_is_wanted():
    assert reruns.findings(["x = 1", "x += 1  # Running this cell again"])
    assert not reruns.findings(["x = 1", "x += 1  # Running this cell again adds 1 more."])


def test_the_command_names_the_line(tmp_path, capsys):
    path = tmp_path / "week01_x" / "01_x.py"
    path.parent.mkdir()
    path.write_text("# %% [markdown]\n# # X\n\n# %%\nx = 1\n\n# %%\nx = x + 1\n", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        reruns.main([str(path)])
    assert left.value.code == 1
    assert "week01_x/01_x: cell 2: x = x + 1\n    x = ... is made from x" in capsys.readouterr().out
