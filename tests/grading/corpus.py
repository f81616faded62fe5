"""A corpus of faulty and hostile submissions for a course, each with the status and the score that it must get.

``python -m tests.grading.corpus COURSE_DIR --out DIR`` takes an assignment of a course that has its source notebook, and makes in
DIR a course folder of its own with that assignment and more than a hundred submissions: files that cannot be read, notebooks
that were taken apart, code that loops, floods, kills and forges. ``DIR/corpus.json`` lists what each must come to. Then
``grade run ASSIGNMENT --course-dir DIR --cell-timeout 10`` and ``python -m tests.grading.corpus --check DIR`` compare.

Hostile submissions here try what they try for real. Grade them confined, or on a machine that you can spare.
"""

import argparse
import copy
import csv
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from grading.checker.names import statements_of
from grading.nbgrader.assignment import Assignment
from grading.nbgrader.cells import grade_id, hidden_lines, role
from grading.nbgrader.course import Course, CourseError

LEAK = "LEAKED:"  # what hostile code writes in front of what it has found
HUGE = 200 * 2**20


PICTURE = bytes.fromhex(  # a pixel, as PNG
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)


@dataclass
class Case:
    """A submission and what must become of it.

    Attributes
    ----------
    student : str
        The folder's name.
    fault : str
        The class of faults it belongs to.
    what : str
        The fault in words.
    status : str
        The statuses it may get, separated by ``|``.
    score : float
        Points of all automatically graded cells together.
    """

    student: str
    fault: str
    what: str
    status: str
    score: float


class Exercise:
    """An assignment's notebook, as faults are made of it.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    name : str
        Of the notebook.
    """

    def __init__(self, assignment: Assignment, name: str) -> None:
        self.assignment, self.name = assignment.name, name
        self.released = assignment.released_notebook(name)
        reference = assignment.reference_notebook(name)
        self.answers = {
            found: cell.source for cell in reference.cells if role(cell) in ("solution", "manual") and (found := grade_id(cell))
        }
        self.secrets = _checksums(reference)
        self.points = {
            str(grade_id(cell)): float(cell.metadata.nbgrader.points) for cell in reference.cells if role(cell) == "test"
        }
        self.full = sum(self.points.values())
        self.defines = {
            str(grade_id(cell)): set(_bound(cell.source))
            for cell in reference.cells
            if role(cell) == "solution" and cell.cell_type == "code"
        }
        self.depends = _dependencies(reference, self.defines)
        usable = {name: lost for name in self.defines if (lost := self.lost(name)) and self.defines[name]}
        if not usable:
            raise CourseError(f"{assignment}/{name}: no test depends on any solution cell, so there is nothing to break")
        # The question that faults go into: the last of those on which the fewest tests depend.
        self.question = min(reversed(usable), key=lambda one: len(self.depends[one]))
        self.after = self.full - self.lost(self.question)
        self.functions = sorted(
            name
            for name in self.defines[self.question]
            if re.search(rf"^\s*(def|class)\s+{name}\b", self.answers[self.question], re.MULTILINE)
        )

    def lost(self, *questions: str) -> float:
        """The points of all tests that depend on these questions."""
        tests = set().union(*(self.depends[question] for question in questions)) if questions else set()
        return sum(self.points[test] for test in tests)

    def solved(self, **answers: str) -> nbformat.NotebookNode:
        """The released notebook with the reference solutions, or others, filled in."""
        notebook = copy.deepcopy(self.released)
        for cell in notebook.cells:
            name = grade_id(cell)
            if name and name in self.answers and role(cell) != "test":
                cell.source = answers.get(name, self.answers[name])
        return notebook

    def with_answer(self, source: str) -> nbformat.NotebookNode:
        """All solved, but for the one question, whose answer is `source`."""
        return self.solved(**{self.question: source})

    def broken(self, body: str, before: str = "") -> nbformat.NotebookNode:
        """All solved, but each function of the one question has another body."""
        return self.with_answer(self.forged(self.question, body, before))

    def forged(self, question: str, body: str, before: str = "") -> str:
        """An answer in which every name is a function with this body."""
        text = "\n".join("    " + line for line in body.splitlines())
        return before + "\n" + "\n\n".join(f"def {name}(*args, **kwargs):\n{text}" for name in sorted(self.defines[question]))

    def all_forged(self, body: str, before: str = "") -> nbformat.NotebookNode:
        """Every question answered by such functions."""
        return self.solved(**{question: self.forged(question, body, before) for question in self.defines})

    def with_cell(self, source: str, answers: dict[str, str] | None = None) -> nbformat.NotebookNode:
        """All solved, and an own cell in front of everything that is graded."""
        notebook = self.solved(**(answers or {}))
        place = next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) and role(cell) in ("solution", "test"))
        notebook.cells.insert(place, new_code_cell(source))
        return notebook

    def place(self, notebook: nbformat.NotebookNode, name: str | None = None) -> int:
        """Where the cell of a question stands."""
        return next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == (name or self.question))

    def tests(self, notebook: nbformat.NotebookNode) -> list:
        """The test cells of a notebook."""
        return [cell for cell in notebook.cells if grade_id(cell) in self.points]


def _bound(source):
    return [name for one in statements_of(source) for name in one.bound]


def _dependencies(notebook, defines):
    """For each solution cell the tests that depend on it, by way of other cells too."""
    modules = {
        name
        for cell in notebook.cells
        if cell.cell_type == "code"
        for one in statements_of(cell.source)
        if one.source.lstrip().startswith(("import ", "from "))
        for name in one.bound
    }
    depends = {}
    for question, names in defines.items():
        touched, tests, begun = set(names), set(), False
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            name = grade_id(cell)
            if name == question:
                begun = True
                continue
            for one in statements_of(cell.source) if begun else ():
                if one.loaded & touched:
                    touched |= one.bound - modules  # a call such as checks.array(...) leaves the module as it is
                    if role(cell) == "test":
                        tests.add(name)
                else:  # given a value that has nothing to do with the question
                    touched -= one.bound - one.loaded
        depends[question] = tests
    return depends


# --- the cases -----------------------------------------------------------------------------------------------------


class _Corpus:
    """Writes submissions and keeps the table."""

    def __init__(self, exercise, folder):
        self.exercise, self.folder, self.cases = exercise, Path(folder), []

    def path(self, student, name=None):
        path = self.folder / student / self.exercise.assignment / (name or f"{self.exercise.name}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, student, fault, what, content, score, status="ok", name=None):
        """Put one submission in place: a notebook, text, bytes, a dict (other JSON), or None (the caller writes it)."""
        path = self.path(student, name)
        if isinstance(content, nbformat.NotebookNode):
            content = _text(content)
        elif isinstance(content, dict | list):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        if content is not None:
            path.write_bytes(content)
        self.cases.append(Case(student, fault, what, status, score))
        return path


def _text(notebook):
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _honest(corpus):
    one = corpus.exercise
    add = corpus.add
    add("full", "honest", "the reference solution", one.solved(), one.full)
    add("untouched", "honest", "as it was released", one.released, 0)
    for number, question in enumerate(one.defines):
        stub = one.released.cells[one.place(one.released, question)].source
        add(f"missing-{number}", "honest", f"all but {question}", one.solved(**{question: stub}), one.full - one.lost(question))
    notebook = one.solved()
    for place in range(len(notebook.cells), 0, -3):
        notebook.cells.insert(place, new_markdown_cell("*a note of my own*"))
        notebook.cells.insert(place, new_code_cell("note = 1 + 1\nprint(note)"))
    add("own-cells", "honest", "own cells in between", notebook, one.full)
    notebook = one.solved()
    notebook.cells.append(new_code_cell("1 / 0"))
    add("own-error", "honest", "an own cell that fails", notebook, one.full)
    notebook = one.with_answer("# moved to the cell above")
    notebook.cells.insert(one.place(notebook), new_code_cell(one.answers[one.question]))
    add("answer-above", "honest", "the answer stands in an own cell above", notebook, one.full)
    notebook = one.solved()
    notebook.cells.insert(one.place(notebook) + 1, new_code_cell(one.forged(one.question, "return None")))
    add("redefined", "honest", "redefined wrongly right after the answer", notebook, one.after)
    notebook = one.solved()
    notebook.cells.append(new_code_cell(one.forged(one.question, "return None")))
    add("redefined-late", "honest", "redefined wrongly at the very end", notebook, one.full)
    noisy = "\nimport sys as _s, warnings as _w\n_w.warn('old'); print('progress: 100%|####|', file=_s.stderr)\n"
    add("stderr", "noise on stderr", "a warning and a progress bar", one.with_answer(one.answers[one.question] + noisy), one.full)
    wrap = "".join(
        f"\ndef _noisy(f):\n    def g(*a, **k):\n        import sys, warnings\n        warnings.warn('again')\n"
        f"        print('50%|##', file=sys.stderr)\n        print('called')\n        return f(*a, **k)\n    return g\n"
        f"{name} = _noisy({name})\n"
        for name in one.functions
    )
    add(
        "stderr-inside",
        "noise on stderr",
        "warnings inside the functions",
        one.with_answer(one.answers[one.question] + wrap),
        one.full,
    )
    notebook = one.solved()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 7
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stdout", text="old output\n" * 100),
                nbformat.v4.new_output("error", ename="ValueError", evalue="old", traceback=["old"]),
            ]
    add("old-outputs", "honest", "handed in with outputs and errors of an earlier run", notebook, one.full)
    add(
        "magics",
        "honest",
        "magics and shell commands in an own cell",
        one.with_cell("%matplotlib inline\n!echo hello\n%time sum(range(10))"),
        one.full,
    )
    add("exit-cell", "honest", "an own cell that says exit()", one.with_cell("exit()"), one.full, "ok|partial")
    add("asks", "honest", "an own cell that waits for input", one.with_cell("input('your name? ')"), one.full)


def _for_people(corpus):
    """What only a person can judge, in the forms in which it is handed in."""
    one, add, fault = corpus.exercise, corpus.add, "for a person"
    shows = {
        "figure-svg": "%config InlineBackend.figure_format = 'svg'\nimport matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);",
        "figure-notebook": "%matplotlib notebook\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1, 3, 2]);",
        "progress-bar": "for i in range(5000): print(f'\\r{i:5}/5000 loss: {1 / (i + 1):.4f}', end='', flush=True)",
        "long-print": "for i in range(100_000): print('Epoch', i)\nprint('final loss 0.1')",
        "table-html": "from IPython.display import HTML\nHTML('<style>td {}</style><table><tr><td>0.5</td></tr></table>')",
        "rich-text": "from IPython.display import Markdown, Math\ndisplay(Markdown('| a |\\n|---|\\n| $x$ |'), Math('a < b'))",
        "active-html": "from IPython.display import HTML\nHTML('<script>document.title = 1</script><video src=x></video>')",
        "nested-html": "from IPython.display import HTML\nHTML('<div>' * 50_000)",
    }
    for student, source in shows.items():
        add(student, fault, student.replace("-", " "), one.with_cell(source), one.full)
    notebook = one.solved()
    notebook.cells.append(new_markdown_cell("Here: ![a plot](attachment:my%20plot.png)"))
    add("picture-lost", fault, "a pasted picture that is not there", notebook, one.full, "repaired")
    notebook = one.solved()
    notebook.cells.append(new_markdown_cell("Here: ![a photo](my%20photo.png)"))
    path = add("picture-beside", fault, "a picture handed in beside the notebook", notebook, one.full)
    (path.parent / "my photo.png").write_bytes(PICTURE)
    (path.parent / "scan.png").write_bytes(PICTURE)
    for number, name in enumerate(grade_id(cell) for cell in one.released.cells if role(cell) == "manual"):
        for where, step in (("below", 1), ("above", 0)):
            notebook = one.solved(**{name: one.released.cells[one.place(one.released, name)].source})
            notebook.cells.insert(one.place(notebook, name) + step, new_markdown_cell("Because two of it make twice as much."))
            add(
                f"words-{where}-{number}", fault, f"an answer in words {where} its untouched cell", notebook, one.full, "repaired"
            )


def _files(corpus):
    one, add = corpus.exercise, corpus.add
    good, text = one.solved(), _text(one.solved())
    fault = "files"
    add("nothing", fault, "an empty folder", None, 0, "ungradable")
    for student, name in {
        "wrong-name": "solution final (2).ipynb",
        "upper-case": f"{one.name.upper()}.IPYNB",
        "copied": f"{one.name}-Copy1.ipynb",
        "nested": f"my work/{one.name}.ipynb",
        "nested-twice": f"a/b c/{one.name}.ipynb",
        "with-spaces": f" {one.name} .ipynb",
    }.items():
        add(student, fault, f"named {name!r}", good, one.full, "repaired", name=name)
    add("empty", fault, "no bytes", "", 0, "ungradable")
    add("blank", fault, "blanks only", " \n\n", 0, "ungradable")
    add("not-json", fault, "text", "this is my homework", 0, "ungradable")
    add(
        "pdf",
        fault,
        "a PDF under the notebook's name",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + bytes(range(256)) * 20,
        0,
        "ungradable",
    )
    add("json-list", fault, "JSON, but a list", "[1, 2, 3]", 0, "ungradable")
    add("json-number", fault, "JSON, but a number", "42", 0, "ungradable")
    add("json-deep", fault, "JSON nested 100,000 deep", "[" * 100_000, 0, "ungradable")
    add(
        "json-null",
        fault,
        "cells: null",
        {"cells": None, "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
        0,
        "ungradable|repaired",
    )
    add("truncated-end", fault, "the last 30 bytes are missing", text[:-30], one.full, "repaired")
    cut, score = _truncated(one, text)
    add("truncated-half", fault, "the second half is missing", cut, score, "repaired")
    add("trailing", fault, "something after the end", text + "\n<!-- saved -->\n", one.full, "repaired")
    add("bom", fault, "a byte order mark", b"\xef\xbb\xbf" + text.encode(), one.full, "ok|repaired")
    add("utf16", fault, "UTF-16", text.encode("utf-16"), one.full, "repaired")
    add("utf16-bare", fault, "UTF-16 without its mark", text.encode("utf-16-le"), one.full, "repaired")
    accent = _text(one.with_answer("# na\u00efve\n" + one.answers[one.question]))
    add("latin-1", fault, "Latin-1", re.sub(r"[^\x00-\xff]", "?", accent).encode("latin-1"), one.full, "repaired")
    add("crlf", fault, "line ends of Windows", text.replace("\n", "\r\n"), one.full)
    lone = json.dumps(one.with_answer("# half a smile: \ud83d\n" + one.answers[one.question]))
    add("surrogate", fault, "half a surrogate pair", lone, one.full, "ok|repaired")
    null = json.dumps(one.with_answer(one.answers[one.question] + "\n# \x00"))
    add("null-byte", fault, "a null character in the answer", null, one.full, "repaired")
    add("two-files", fault, "an untouched copy beside it", good, one.full, "ok|repaired")
    corpus.path("two-files", "Untitled.ipynb").write_text(_text(one.released), encoding="utf-8")
    add("checkpoint", fault, "Jupyter's checkpoint beside it", good, one.full)
    corpus.path("checkpoint", f".ipynb_checkpoints/{one.name}-checkpoint.ipynb").write_text(_text(one.released), encoding="utf-8")
    add("folder", fault, "a folder under the notebook's name", None, 0, "ungradable")
    corpus.path("folder", f"{one.name}.ipynb/readme.txt").write_text("inside", encoding="utf-8")
    odd = ["o'brien", "müller", "a b", "x.y@example.org", "-dash", "İstanbul", "学生", "s" * 120, "50%", "a;b"]
    for number, student in enumerate(odd):
        add(student, "odd student ids", f"odd id number {number + 1}", good, one.full)
    fault = "files that must not come along"
    add("symlink", fault, "the notebook is a link to another student's", None, 0, "ungradable")
    corpus.path("symlink").symlink_to(Path("..", "..", "full", one.assignment, f"{one.name}.ipynb"))
    add("symlinks", fault, "links to /etc/passwd and to the source beside it", good, one.full, "repaired")
    corpus.path("symlinks", "passwd.txt").symlink_to("/etc/passwd")
    corpus.path("symlinks", "source").symlink_to("../../../source")
    add(
        "modules", fault, "numpy.py, sitecustomize.py, a .pth, a .so and a usercustomize.py beside it", good, one.full, "repaired"
    )
    for name in ("numpy.py", "sitecustomize.py", "usercustomize.py", "helpers/checks.py", "evil.pth", "evil.so"):
        corpus.path("modules", name).write_text("raise SystemExit('taken over')\n", encoding="utf-8")
    add("huge-file", fault, "a file of 200 MB beside it", good, one.full, "repaired")
    with corpus.path("huge-file", "data.bin").open("wb") as file:
        file.truncate(HUGE)
    add("many-files", fault, "3,000 files beside it", good, one.full, "ok|repaired")
    for number in range(3000):
        corpus.path("many-files", f"many/{number}.txt").write_text("x", encoding="utf-8")
    for student, stamp in {"timestamp": "1999-01-01 00:00:00 UTC", "bad-timestamp": "yesterday\x00"}.items():
        add(student, "a forged timestamp", repr(stamp), good, one.full, "ok|repaired")
        corpus.path(student, "timestamp.txt").write_text(stamp, encoding="utf-8")


def _truncated(one, text):
    """A notebook cut in its answers, and what is left of its score."""
    places = [text.index(json.dumps(one.answers[question], ensure_ascii=False)) for question in one.defines]
    cut = places[len(places) // 2] + 4 if len(places) > 1 else places[0] + 4
    gone = [question for question, place in zip(one.defines, places, strict=True) if place + 4 >= cut]
    return text[:cut], one.full - one.lost(*gone)


def _cells(corpus):
    one, add = corpus.exercise, corpus.add

    def changed(student, what, change, score=one.full, status="repaired", fault="cells taken apart"):
        notebook = one.solved()
        change(notebook)
        add(student, fault, what, notebook, score, status)

    def remove(*names):
        def change(notebook):
            notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in names]

        return change

    def each(kind, **new):
        def change(notebook):
            for cell in notebook.cells:
                if grade_id(cell) and (kind is None or role(cell) == kind):
                    cell.metadata.nbgrader.update(new)

        return change

    first = next(iter(one.points))
    changed("no-test", "a test cell deleted", remove(first))
    changed("no-tests", "all test cells deleted", remove(*one.points))
    changed("no-answer", "a solution cell deleted", remove(one.question), one.after)

    def keep_answers(notebook):
        notebook.cells = [cell for cell in notebook.cells if grade_id(cell) in one.answers]

    changed("only-answers", "nothing but the solution cells", keep_answers, status="ok|repaired")

    def double(notebook):
        place = one.place(notebook)
        notebook.cells.insert(place, copy.deepcopy(one.released.cells[one.place(one.released)]))

    changed("two-answers", "a solution cell pasted twice, once untouched", double)
    changed(
        "two-tests", "a test cell pasted twice", lambda notebook: notebook.cells.insert(0, copy.deepcopy(one.tests(notebook)[0]))
    )

    def rename(kind):
        def change(notebook):
            for cell in notebook.cells:
                if grade_id(cell) and role(cell) == kind:
                    cell.metadata.nbgrader.grade_id += "-2"

        return change

    changed("renamed-answers", "grade_ids of the solutions changed", rename("solution"))
    changed("renamed-tests", "grade_ids of the tests changed", rename("test"))

    def swap(notebook):
        tests = one.tests(notebook)
        if len(tests) > 1:
            tests[0].metadata.nbgrader, tests[-1].metadata.nbgrader = tests[-1].metadata.nbgrader, tests[0].metadata.nbgrader

    changed("swapped-tests", "the metadata of two tests swapped", swap)

    def retype(kind, new):
        def change(notebook):
            for place, cell in enumerate(notebook.cells):
                if grade_id(cell) and role(cell) == kind and cell.cell_type == "code":
                    fresh = new(cell.source)
                    fresh.metadata, fresh.id = cell.metadata, cell.id
                    notebook.cells[place] = fresh

        return change

    changed("retyped-answers", "solution cells turned into text", retype("solution", new_markdown_cell))
    changed("retyped-tests", "test cells turned into raw cells", retype("test", new_raw_cell))
    changed("unlocked", "all cells unlocked", each(None, locked=False))
    changed("tests-as-solutions", "tests marked as solutions", each("test", solution=True, grade=False))
    changed("answers-as-tests", "solutions marked as tests worth 100 points", each("solution", grade=True, points=100))
    changed("points", "every test worth 1000 points", each("test", points=1000))
    changed("points-text", "points that are no number", each("test", points="all of them"))
    changed("points-nan", "points that are NaN", each("test", points=float("nan")))
    changed("points-negative", "points below 0", each("test", points=-5))
    changed("schema-1", "metadata of schema 1", each(None, schema_version=1), status="ok|repaired")
    changed("schema-99", "metadata of schema 99", each(None, schema_version=99), status="ok|repaired")
    changed("checksum", "checksums changed", each(None, checksum="0" * 32), status="ok|repaired")

    def nonsense(notebook):
        for cell in notebook.cells:
            cell.metadata.nbgrader = [1, "two", None]

    changed("nonsense", "metadata that makes no sense", nonsense)

    def forget(ids):
        def change(notebook):
            for place, cell in enumerate(notebook.cells):
                cell.metadata.pop("nbgrader", None)
                if ids:
                    cell.id = f"new-{place}"

        return change

    changed("no-metadata", "nbgrader's metadata lost", forget(ids=False))
    changed("no-metadata-no-ids", "nbgrader's metadata and the cell ids lost", forget(ids=True))

    def reverse(notebook):
        notebook.cells = notebook.cells[::-1]

    changed("reversed", "all cells in reverse order", reverse, status="ok|repaired")

    fault = "tests edited"

    def pass_all(notebook):
        for cell in one.tests(notebook):
            cell.source = "assert True"

    notebook = one.released.copy()
    notebook = copy.deepcopy(one.released)
    pass_all(notebook)
    add("tests-gone", fault, "nothing answered, all tests replaced by `assert True`", notebook, 0, "repaired")
    changed("tests-harmless", "all answered, tests replaced by `assert True`", pass_all, fault=fault)

    def spaces(notebook):
        for cell in one.tests(notebook):
            cell.source += "\n\n"

    changed("tests-spaces", "blank lines after the tests", spaces, fault=fault, status="ok|repaired")
    notebook = one.with_answer(one.released.cells[one.place(one.released)].source)
    test = next(cell for cell in one.tests(notebook) if grade_id(cell) in one.depends[one.question])
    test.source = one.answers[one.question] + "\n" + test.source
    add("answer-in-test", fault, "the answer stands in the test cell", notebook, one.after, "repaired")

    fault = "other programs and versions"
    for minor in (0, 1, 4):
        notebook = one.solved()
        notebook.nbformat_minor = minor
        for cell in notebook.cells:
            cell.pop("id", None)
        add(f"nbformat-4-{minor}", fault, f"nbformat 4.{minor}, no cell ids", notebook, one.full, "ok|repaired")
    notebook = one.solved()
    notebook.nbformat_minor = 99
    add("nbformat-4-99", fault, "nbformat 4.99", notebook, one.full, "ok|repaired")
    notebook = one.solved()
    notebook.nbformat = 5
    add("nbformat-5", fault, "nbformat 5", notebook, one.full, "ok|repaired")
    old = {
        "metadata": {"name": one.name},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "language": "python",
                        "input": cell.source.splitlines(True),
                        "outputs": [],
                        "collapsed": False,
                        "metadata": dict(cell.metadata),
                        "prompt_number": 3,
                    }
                    if cell.cell_type == "code"
                    else {"cell_type": cell.cell_type, "source": cell.source.splitlines(True), "metadata": dict(cell.metadata)}
                    for cell in one.solved().cells
                ],
            }
        ],
    }
    add("nbformat-3", fault, "nbformat 3", old, one.full, "repaired")
    notebook = one.solved()
    notebook.metadata = {
        "colab": {"provenance": [], "toc_visible": True},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    notebook.nbformat_minor = 0
    for number, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        cell.metadata.id = f"Xk3_{number}aB"
        if cell.cell_type == "code":
            cell.metadata.colab = {"base_uri": "https://localhost:8080/"}
            cell.metadata.outputId = "0f1e2d3c"
    add("colab", fault, "saved by Colab", notebook, one.full, "ok|repaired")
    notebook = one.solved()
    notebook.metadata = {"language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata.vscode = {"languageId": "python"}
        cell.id = os.urandom(4).hex()
    add("vs-code", fault, "saved by VS Code", notebook, one.full, "ok|repaired")
    plain = json.loads(_text(one.solved()))
    for cell in plain["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    add("lists-of-lines", fault, "sources as lists of lines", plain, one.full)
    plain = json.loads(_text(one.solved()))
    for cell in plain["cells"]:
        for key in ("outputs", "execution_count", "id"):
            cell.pop(key, None)
    plain.pop("metadata")
    add("bare", fault, "outputs, counts, ids and the notebook's metadata missing", plain, one.full, "ok|repaired")
    plain = json.loads(_text(one.solved()))
    plain["cells"][1:1] = [
        None,
        3,
        "text",
        [],
        {},
        {"cell_type": "hologram", "source": "?"},
        {"cell_type": "code", "source": {"a": 1}},
    ]
    add("odd-cells", fault, "things between the cells that are no cells", plain, one.full, "ok|repaired")


def _execution(corpus):
    one, add = corpus.exercise, corpus.add
    fault = "endless and dying"
    stubborn = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    own = {
        "loop": ("an endless loop", "while True: pass", "partial"),
        "stubborn-loop": ("a loop that ignores interrupts", stubborn, "partial"),
        "sleep": ("sleeps for an hour", "import time\ntime.sleep(3600)", "partial"),
        "os-exit": ("os._exit", "import os\nos._exit(0)", "partial"),
        "kill-itself": ("kills itself", "import os\nos.kill(os.getpid(), 9)", "partial"),
        "stops-itself": ("stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "partial"),
        "segfault": ("a segmentation fault", "import ctypes\nctypes.string_at(0)", "partial"),
        "sys-exit": ("sys.exit", "import sys\nsys.exit(3)", "ok|partial"),
        "interrupts": ("raises KeyboardInterrupt", "raise KeyboardInterrupt", "ok|partial"),
        "closes-files": ("closes all files", "import os\nos.closerange(0, 4096)", "ok|partial"),
        "ignores-signals": (
            "ignores all signals, then loops",
            "import signal\nfor s in set(signal.Signals) - {9, 19}:\n    try: "
            "signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
            "partial",
        ),
        "recursion": (
            "no end of recursion",
            "import sys\nsys.setrecursionlimit(10**9)\ndef _r(n): return _r(n + 1) + 1\n_r(0)",
            "ok|partial",
        ),
        "thread": (
            "leaves threads behind",
            "import threading, time\nfor _ in range(3):\n    threading.Thread(target=time.sleep, "
            "args=(3600,), daemon=True).start()",
            "ok|partial",
        ),
        "child": (
            "leaves programs behind",
            "import subprocess\nfor _ in range(3):\n    subprocess.Popen(['sleep', '3600'])",
            "ok|partial",
        ),
        "daemon": (
            "leaves a daemon behind",
            "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        time.sleep(3600)\n    os._exit(0)",
            "ok|partial",
        ),
        "chdir": ("changes its folder", "import os\nos.chdir('/')", "ok"),
    }
    for student, (what, source, status) in own.items():
        add(student, fault, f"an own cell: {what}", one.with_cell(source), one.full, status)
    inside = {
        "loop-in-answer": ("an endless loop", "while True: pass", "ok|partial"),
        "stubborn-loop-in-answer": ("a loop that ignores interrupts", stubborn, "ok|partial"),
        "os-exit-in-answer": ("os._exit", "import os\nos._exit(0)", "partial"),
        "kill-in-answer": ("kills itself", "import os\nos.kill(os.getpid(), 9)", "partial"),
        "memory-in-answer": ("takes all memory", "x = []\nwhile True: x.append(bytearray(2**26))", "ok|partial"),
        "recursion-in-answer": (
            "no end of recursion",
            f"return {(one.functions or ['print'])[0]}(*args, **kwargs)",
            "ok|partial",
        ),
        "sys-exit-in-answer": ("sys.exit", "raise SystemExit(0)", "ok|partial"),
    }
    for student, (what, body, status) in inside.items():
        add(student, fault, f"in the answer: {what}", one.broken(body), one.after, status)
    # What the failed cell had taken must be free again: the test that comes next is not to pay for it.
    notebook = one.solved()
    first = next(place for place, cell in enumerate(notebook.cells) if grade_id(cell) in one.depends[one.question])
    notebook.cells.insert(first, new_code_cell("def _fill():\n    x = []\n    while True: x.append(b'y' * 2**24)\n_fill()"))
    add(
        "memory-before-test",
        fault,
        "an own cell right in front of a test takes all memory, and fails",
        notebook,
        one.full,
        "ok|partial",
    )
    add("syntax-error", "broken answers", "a syntax error", one.with_answer("def broken(:\n    return"), one.after)
    add("indent-error", "broken answers", "blanks and tabs mixed", one.with_answer("if True:\n\tx = 1\n        y = 2"), one.after)
    add("empty-answer", "broken answers", "an empty answer", one.with_answer(""), one.after)
    add("prints", "broken answers", "prints instead of returning", one.broken("print(42)"), one.after)
    add(
        "wrong-arguments",
        "broken answers",
        "takes no arguments",
        one.with_answer("\n".join(f"def {name}(): return 1" for name in one.defines[one.question])),
        one.after,
    )
    fault = "floods and bombs"
    bombs = {
        "memory": ("takes all memory", "hoard = []\nwhile True: hoard.append(bytearray(2**26))"),
        "memory-at-once": ("asks for a terabyte", "import numpy as np\nnp.ones(2**40)"),
        "forks": (
            "forks for ever",
            "import os, time\nfor _ in range(100_000):\n    try:\n        if os.fork() == 0:\n"
            "            time.sleep(60)\n            os._exit(0)\n    except OSError:\n        break",
        ),
        "threads": (
            "starts threads for ever",
            "import threading, time\nfor _ in range(20_000):\n"
            "    try: threading.Thread(target=time.sleep, "
            "args=(60,), daemon=True).start()\n    except RuntimeError: break",
        ),
        "output": ("prints 50 MB", "for _ in range(500): print('x' * 100_000)"),
        "output-line": ("prints 50 MB in one line", "print('x' * 50_000_000)"),
        "output-raw": ("writes 50 MB past sys.stdout", "import os\nfor _ in range(500): os.write(1, b'x' * 100_000)"),
        "many-outputs": ("shows 20,000 things", "from IPython.display import display\nfor i in range(20_000): display(i)"),
        "disk": (
            "fills the disk",
            "try:\n    for i in range(10_000):\n        with open(f'fill{i}', 'wb') as f: f.write(b'x' "
            "* 2**20)\n"
            "except OSError as e: print(e)",
        ),
        "big-file": (
            "writes one large file",
            "try:\n    with open('fill', 'wb') as f:\n"
            "        for i in range(10_000): f.write(b'x' * 2**20)\n"
            "except OSError as e: print(e)",
        ),
        "many-small-files": (
            "makes 20,000 files",
            "try:\n    for i in range(20_000): open(f'n{i}', 'w').close()\nexcept OSError as e: print(e)",
        ),
    }
    for student, (what, cell) in bombs.items():
        add(student, fault, what, one.with_cell(cell), one.full, "ok|partial")


ALWAYS = """
class Always:
    __hash__ = None
    def __eq__(self, other): return True
    __le__ = __ge__ = __lt__ = __gt__ = __contains__ = __bool__ = lambda self, *a: True
    def __ne__(self, other): return False
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __abs__ = lambda self, *a: self
    def __float__(self): return 1.0
    def __int__(self): return 1
    __index__ = __int__
    def __len__(self): return 1
    def __iter__(self): return iter([self])
    def __getitem__(self, key): return self
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __array__(self, *a, **k):
        import numpy
        return numpy.zeros(1)
    __class__ = property(lambda self: float)
"""
# It knows the hidden tests by the checksums of their lines only, so that it cannot find itself.
SEEK = r"""
import hashlib as _h, os as _os
_secret = {secret!r}
_mark = bytes(c + 1 for c in bytes.fromhex("414446484d1f47484343444d1f5344525352"))
def _tell(data, where, found):
    for line in data.replace(b'\\n"', b"\n").replace(b'\\"', b'"').split(b"\n"):
        for line in (line.strip(), line.strip().strip(b'",').strip()):
            if len(line) < 2000 and _h.sha256(line).hexdigest()[:20] in _secret: found.append(where)
def _seek():
    here, found = _os.getcwd(), []
    places = [here, _os.path.dirname(here), _os.path.dirname(_os.path.dirname(here)), {course!r}]
    places += ["/proc/1", "/tmp", "/home", "/root"]
    for place in places:
        for base, folders, names in _os.walk(place):
            folders[:] = [f for f in folders[:40] if f not in ("proc", "sys", "usr", "lib", "lib64", "opt", "site-packages")]
            for name in names[:200]:
                if not name.endswith((".ipynb", ".db", ".json", ".py", "environ", "maps")): continue
                try:
                    with open(_os.path.join(base, name), "rb") as file: data = file.read(2_000_000)
                except OSError: continue
                _tell(data, _os.path.join(base, name), found)
                if data[:6] == b"SQLite" and b"grade" in data: found.append(_os.path.join(base, name))
    try:
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                ends = line.split()[0].split("-")
                start, end = int(ends[0], 16), int(ends[1], 16)
                if " rw" not in line or end - start > 2**27: continue
                try:
                    memory.seek(start)
                    data = memory.read(end - start)
                except (OSError, ValueError, OverflowError): continue
                at = data.find(_mark)
                while at >= 0:
                    _tell(data[at : at + 5000], "memory", found)
                    at = data.find(_mark, at + 1)
    except OSError: pass
    for one in sorted(set(found)): print("LEAKED:", one)
    return found
"""


def _checksums(notebook):
    """Of the lines of hidden tests that stand nowhere else."""
    seen: set[str] = set()
    hidden: set[str] = set()
    for cell in notebook.cells:
        lines, secret = cell.source.splitlines(), hidden_lines(cell.source)
        for number, line in enumerate(lines, 1):
            (hidden if number in secret else seen).add(line.strip())
    marks = {line for line in hidden if re.match(r"#+\s*(BEGIN|END) HIDDEN", line)}
    return sorted(hashlib.sha256(line.encode()).hexdigest()[:20] for line in hidden - seen - marks if len(line) > 8)


def _forgeries(corpus, course_folder):
    one, add = corpus.exercise, corpus.add
    fault = "forged answers"
    returned = {
        "always-equal": ("objects that equal everything", "return Always()", ALWAYS),
        "lying-float": (
            "floats that equal everything",
            "return F(1)",
            ALWAYS + "class F(float):\n    __eq__ = Always.__eq__; __hash__ = None\n    __sub__ = __rsub__ = lambda s, o: 0.0\n",
        ),
        "lying-array": (
            "arrays that equal everything",
            "return np.full((2, 2), -7.25).view(A)",
            ALWAYS + "import numpy as np\nclass A(np.ndarray):\n    __eq__ = Always.__eq__\n"
            "    def __array_ufunc__(self, *a, **k): return np.True_\n"
            "    all = any = lambda s, *a, **k: True\n",
        ),
        "lying-text": (
            "text that equals everything",
            "return S('forged')",
            ALWAYS + "class S(str):\n    __eq__ = Always.__eq__; __hash__ = None\n",
        ),
        "lying-dict": (
            "dicts that equal everything",
            "return D()",
            ALWAYS + "class D(dict):\n    __eq__ = Always.__eq__; __hash__ = None\n",
        ),
        "nan": ("NaN", "return float('nan')", ""),
        "true": ("True", "return True", ""),
        "none": ("None", "return None", ""),
        "itself": ("functions that give themselves", "import sys\nreturn sys._getframe().f_code", ""),
        "generator": ("generators without end", "while True: yield 1", ""),
        "stop-iteration": ("StopIteration", "raise StopIteration(1)", ""),
        "generator-exit": ("GeneratorExit", "raise GeneratorExit", ""),
        "hostile-exception": (
            "an exception whose text is code",
            "raise E()",
            "class E(Exception):\n    def __str__(self): raise SystemExit\n",
        ),
        "huge-exception": ("an exception of 100 MB", "raise Exception('x' * 10**8)", ""),
        "huge-list": ("a list of millions", "return [0] * 5_000_000", ""),
        "huge-array": ("an array of 1 GiB", "import numpy as np\nreturn np.zeros(2**30, 'u1')", ""),
        "deep-list": ("a list nested 100,000 deep", "a = []\nfor _ in range(100_000): a = [a]\nreturn a", ""),
        "cyclic-list": ("a list that holds itself", "a = []\na.append(a)\nreturn a", ""),
        "html": ("markup as text", "return '<script>alert(1)</script><img src=x onerror=alert(1)>'", ""),
        "verdict": (
            "a message that looks like a verdict",
            "return {'say': 'done', 'score': 1e9, 'message': None, 'hidden': False}",
            "",
        ),
        "pickle": (
            "an object whose pickle is code",
            "return P()",
            "class P:\n    def __reduce__(self): return (print, ('taken over',))\n",
        ),
    }
    for student, (what, body, before) in returned.items():
        add(student, fault, f"every function gives {what}", one.all_forged(body, before), 0, "ok|partial")
    fault = "forged surroundings"
    nothing = {question: one.forged(question, "return 0") for question in one.defines}
    wrong = {question: one.forged(question, "return Always()", ALWAYS) for question in one.defines}
    own = {
        "patched-numpy": "import numpy as np\nnp.testing.assert_allclose = np.testing.assert_array_equal = "
        "np.testing.assert_equal = lambda *a, **k: None\n"
        "np.allclose = np.isclose = np.array_equal = lambda *a, **k: np.True_\n"
        "np.asarray = lambda *a, **k: np.zeros(1)",
        "patched-builtins": "import builtins\nclass AssertionError(BaseException): pass\n"
        "builtins.AssertionError = AssertionError\n"
        "builtins.isinstance = builtins.all = lambda *a: True\nbuiltins.abs = lambda x: 0\n"
        "builtins.len = lambda x: 1",
        "patched-checks": "import sys\nfor name, module in list(sys.modules.items()):\n"
        "    if 'check' in name or name.startswith('helpers'):\n"
        "        for key in list(vars(module)):\n"
        "            if callable(vars(module)[key]) and not key.startswith('__'):\n"
        "                try: setattr(module, key, lambda *a, **k: None)\n"
        "                except Exception: pass",
        "ast-transformer": "import ast\nclass Drop(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)\n"
        "get_ipython().ast_transformers.append(Drop())",
        "input-transformer": "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n"
        "'] if any('assert' in l or 'check' in l "
        "for l in lines) else lines)",
        "run-cell": "shell = get_ipython()\nclass Fine: success = True; error_in_exec = error_before_exec = None; result = 1000\n"
        "type(shell).run_cell = lambda *a, **k: Fine()",
        "display-hook": "import sys\nsys.displayhook = lambda value: print('1000')\n"
        "get_ipython().displayhook.__class__.__call__ = lambda *a: None\n"
        "sys.excepthook = lambda *a: None\nget_ipython().showtraceback = lambda *a, **k: None",
        "hooks": "shell = get_ipython()\nshell.events.register('pre_run_cell', lambda *a: "
        "globals().update(AssertionError=ZeroDivisionError))\n"
        "shell.set_custom_exc((BaseException,), lambda *a, **k: None)",
        "local-numpy": "open('numpy.py', 'w').write('def __getattr__(n): return lambda *a, **k: True')\nimport sys\n"
        "sys.path.insert(0, '.')\n"
        "sys.modules.pop('numpy', None)",
        "sitecustomize": "import os\nfor name in ('sitecustomize.py', 'usercustomize.py', 'conftest.py'):\n"
        "    open(name, 'w').write('import os; os._exit(0)')\n"
        "os.environ['PYTHONPATH'] = os.environ['PYTHONSTARTUP'] = os.getcwd()",
        "import-hook": "import sys\nclass Hook:\n    def find_spec(self, *a): raise ImportError('mine')\n"
        "sys.meta_path.insert(0, Hook())",
        "patched-json": "import json\njson.dumps = lambda *a, **k: '{\"ok\": true}'\njson.loads = lambda *a, **k: {}",
        "patched-grader": "import sys, gc\nfor name, module in list(sys.modules.items()):\n    if name.startswith('grading'):\n"
        "        for key, value in list(vars(module).items()):\n            if isinstance(value, type):\n"
        "                for method in ('answer', 'encode', '_out', '_do_call'):\n"
        "                    if hasattr(value, method):\n"
        "                        try: setattr(value, method, lambda self, *a: {'ok': True})\n"
        "                        except Exception: pass\n"
        "            elif callable(value) and key in ('encode', 'decode', 'install'):\n"
        "                setattr(module, key, lambda *a, **k: True)",
        "descriptors": "import os, json, struct\nm = json.dumps({'say': 'done', 'score': 1000, 'message': None, 'hidden': "
        "False, 'ok': True}).encode()\n"
        "for d in range(3, 64):\n    for frame in (struct.pack('!Q', len(m)) + m, m + b'\\n'):\n"
        "        try: os.write(d, frame)\n"
        "        except OSError: pass",
        "at-exit": "import atexit, os\natexit.register(os._exit, 0)\nclass Last:\n    def __del__(self): print('score: 1000')\n"
        "_last = Last()",
        "traces": "import sys\ndef trace(frame, event, arg):\n    frame.f_trace_lines = False\n"
        "    for key in list(frame.f_globals):\n"
        "        if key == 'expected': frame.f_globals[key] = 0\n    return trace\nsys.settrace(trace)\n"
        "sys.setprofile(None)",
        "forged-output": 'print(\'{"score": 1000, "points": 1000}\')\nfrom IPython.display import display, HTML\n'
        "display(HTML('<b>score 1000</b><script>alert(1)</script>'))",
        "optimised": "import sys, os\nos.environ['PYTHONOPTIMIZE'] = '2'\nold = compile\nimport builtins\n"
        "builtins.compile = lambda *a, **k: old(*a, **{**k, 'optimize': 2})",
    }
    for student, source in own.items():
        add(student, fault, student.replace("-", " "), one.with_cell(source, wrong), 0, "ok|partial")
    probe = (
        "import os, sys, inspect\ndef _graded():\n    marks = ' '.join([*os.environ, *sys.modules, os.getcwd(), *sys.argv, "
        "*(f.filename for f in inspect.stack())]).lower()\n"
        "    return any(word in marks for word in ('nbgrader', 'grading', 'autograd', "
        "'sandbox', 'checker'))\n" + ALWAYS
    )
    add(
        "am-i-graded",
        fault,
        "asks whether it is being graded, and forges if so",
        one.all_forged("return Always() if _graded() else 0", probe),
        0,
        "ok|partial",
    )
    fault = "reading and writing what is not theirs"
    seek = SEEK.replace("{course!r}", repr(str(course_folder))).replace("{secret!r}", repr(set(one.secrets)))
    add(
        "reads-tests",
        fault,
        "an own cell searches files and memory for hidden tests",
        one.with_cell(seek + "\n_seek()", nothing),
        0,
        "ok|partial",
    )
    add(
        "reads-tests-later",
        fault,
        "the answers search while the hidden tests run",
        one.all_forged("return len(_seek())", seek),
        0,
        "ok|partial",
    )
    others = {
        "reads-environment": f"import os\nfor name, value in os.environ.items():\n"
        f"    if any(w in name for w in ('TOKEN', 'SECRET', 'PASSW', 'KEY')): "
        f"print('{LEAK}', name)\nfor p in os.listdir('/proc'):\n"
        f"    if p.isdigit() and int(p) != os.getpid():\n        try:\n"
        f"            data = open(f'/proc/{{p}}/environ', 'rb').read()\n"
        f"            if b'HOME=/root' in data: print('{LEAK}', p)\n"
        "        except OSError: pass",
        "writes-gradebook": "import sqlite3, os\nfor base in ({course!r}, '..', '../..', '../../..'):\n"
        "    path = os.path.join(base, 'gradebook.db')\n"
        "    try:\n        if os.path.exists(path):\n            c = sqlite3.connect(path)\n"
        "            c.execute('update grade set manual_score = 400')\n"
        "            c.commit()\n            print('LEAKED: wrote', path)\n    except Exception: pass",
        "writes-others": "import os\nfor base in ({course!r}, '..', '../..'):\n    for d, _, names in os.walk(base):\n"
        "        for n in names[:50]:\n"
        "            if n.endswith(('.ipynb', '.csv', '.db')):\n                try:\n"
        "                    open(os.path.join(d, n), 'ab').write(b'spoilt')\n"
        "                    print('LEAKED: wrote', d, n)\n                except OSError: pass",
        "network": "import socket\nfor address in (('127.0.0.1', 22), ('1.1.1.1', 53), ('169.254.169.254', 80)):\n    try:\n"
        "        socket.create_connection(address, timeout=1)\n        print('LEAKED: connected', address)\n"
        "    except OSError: pass",
        "signals": "import os, signal\nfor p in os.listdir('/proc'):\n    if p.isdigit() and int(p) not in (os.getpid(),):\n"
        "        try:\n            os.kill(int(p), 0)\n"
        "            os.kill(int(p), signal.SIGCONT)\n        except OSError: pass\nfor p in (os.getppid(),):\n"
        "    try: os.kill(p, signal.SIGTERM)\n    except OSError: pass",
    }
    for student, source in others.items():
        add(
            student,
            fault,
            student.replace("-", " "),
            one.with_cell(source.replace("{course!r}", repr(str(course_folder)))),
            one.full,
            "ok|partial",
        )


def build(
    course_dir: str | Path, out: str | Path, assignment: str | None = None, only: Callable[[Case], bool] | None = None
) -> list[Case]:
    """Make the corpus.

    Parameters
    ----------
    course_dir : path
        A course with the source of the assignment; nothing in it is changed.
    out : path
        Becomes a course folder with the same source and the faulty submissions. Must be empty or missing.
    assignment : str, optional
        The first of the course by default.
    only : callable, optional
        Which cases to keep; all by default.

    Returns
    -------
    list of Case
        As in ``corpus.json``.

    Raises
    ------
    grading.nbgrader.course.CourseError
        If there is no such assignment, it has not exactly one notebook, or `out` is not empty.
    """
    course, out = Course.open(course_dir), Path(out).resolve()
    chosen = course.assignment(assignment or next(iter(course.assignments()), ""))
    names = chosen.notebook_names
    if len(names) != 1:
        raise CourseError(f"{chosen} has {len(names)} notebooks; the corpus is made of an assignment that has one")
    if out.exists() and any(out.iterdir()):
        raise CourseError(f"{out} is not empty: choose another folder for the corpus")
    exercise = Exercise(chosen, names[0])
    source = out / "source" / chosen.name
    source.mkdir(parents=True)
    nbformat.write(chosen.reference_notebook(names[0]), source / f"{names[0]}.ipynb")
    for name, path in chosen.given_files().items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, source / name)
    corpus = _Corpus(exercise, out / "submitted")
    _honest(corpus)
    _for_people(corpus)
    _files(corpus)
    _cells(corpus)
    _execution(corpus)
    _forgeries(corpus, out)
    if only is not None:
        for case in corpus.cases:
            if not only(case):
                shutil.rmtree(out / "submitted" / case.student)
        corpus.cases = [case for case in corpus.cases if only(case)]
    table = {"assignment": chosen.name, "maximum": exercise.full, "cases": [asdict(case) for case in corpus.cases]}
    (out / "corpus.json").write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return corpus.cases


def compare(out: str | Path, rows: dict[str, tuple[str, float]]) -> list[tuple[Case, str, float | None, bool]]:
    """Hold results against what is expected.

    Parameters
    ----------
    out : path
        Where the corpus is.
    rows : dict
        For each student (status, score).

    Returns
    -------
    list of (Case, str, float or None, bool)
        The case, its status ("no row" where there is none), its score, and whether both are as expected.
    """
    from grading.nbgrader.course import Course

    table = json.loads((Path(out) / "corpus.json").read_text(encoding="utf-8"))
    results = []
    for fields in table["cases"]:
        case = Case(**fields)
        status, score = rows.get(Course.student_id(case.student), ("no row", None))
        right = status in case.status.split("|") and score is not None and abs(score - case.score) < 1e-6
        results.append((case, status, score, right))
    return results


def leaks(out: str | Path) -> list[str]:
    """Files of the results in which hostile code has shown something that it should not have found."""
    found = []
    for folder in ("autograded", "feedback", "reports"):
        for path in sorted((Path(out) / folder).rglob("*")):
            if path.is_file() and path.suffix in (".ipynb", ".html", ".csv", ".json"):
                text = path.read_text(encoding="utf-8", errors="replace")
                if path.suffix == ".ipynb":  # the code itself has the word; its outputs must not
                    cells = json.loads(text)["cells"]
                    text = json.dumps([cell.get("outputs") for cell in cells], ensure_ascii=False)
                    text = re.sub(r'"traceback": \[.*?\]', "", text, flags=re.DOTALL)
                if re.search(re.escape(LEAK) + r" \S", text):
                    found.append(str(path.relative_to(out)))
    return found


def show(results: list) -> str:
    """The table of :func:`compare`, for a terminal."""
    lines = [f"{'case':<26} {'expected':<24} {'got':<24} what"]
    for case, status, score, right in results:
        got = f"{status} {'-' if score is None else f'{score:g}'}"
        lines.append(
            f"{case.student[:25]:<26} {f'{case.status} {case.score:g}':<24} {got:<24} {'' if right else '<<< '}{case.what}"
        )
    wrong = sum(not right for *_, right in results)
    lines.append(f"{len(results)} cases, {len(results) - wrong} as expected, {wrong} not")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Make a corpus, or compare the results of one."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.grading.corpus",
        description=(
            "Make a course folder with more than a hundred faulty and hostile submissions, and a table of what each must get."
        ),
    )
    parser.add_argument("course", metavar="COURSE_DIR", help="a course with the source of an assignment")
    parser.add_argument("--out", metavar="DIR", help="where to make the corpus (default: COURSE_DIR/build/corpus)")
    parser.add_argument("--assignment", help="of which assignment (default: the first)")
    parser.add_argument("--check", action="store_true", help="COURSE_DIR is a corpus that was graded: compare and show the table")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            return _check(Path(options.course))
        out = Path(options.out or Path(options.course) / "build" / "corpus")
        cases = build(options.course, out, options.assignment)
    except CourseError as problem:
        print(problem, file=sys.stderr)
        return 2
    table = json.loads((out / "corpus.json").read_text(encoding="utf-8"))
    print(
        f"{len(cases)} submissions of {table['assignment']} in {out}; table: {out / 'corpus.json'}\n"
        f"Grade them:   grade run {table['assignment']} --course-dir {out} --cell-timeout 10\n"
        f"Then compare: python -m tests.grading.corpus {out} --check"
    )
    return 0


def _check(out):
    table = json.loads((out / "corpus.json").read_text(encoding="utf-8"))
    report = out / "reports" / table["assignment"] / "report.csv"
    if not report.is_file():
        raise CourseError(f"{report} is missing: grade the corpus first")
    with report.open(newline="", encoding="utf-8-sig") as file:
        # A spreadsheet takes what begins with - or = for a formula: the report puts an apostrophe in front.
        rows = {
            re.sub(r"^'(?=[-=+@])", "", row["student"]): (row["status"], float(row["auto score"])) for row in csv.DictReader(file)
        }
    results, leaked = compare(out, rows), leaks(out)
    print(show(results))
    for path in leaked:
        print(f"leaked in {path}")
    return 0 if all(right for *_, right in results) and not leaked else 1


if __name__ == "__main__":
    sys.exit(main())
