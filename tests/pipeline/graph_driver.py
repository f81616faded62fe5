"""Answers `test_graph.py` in a copy of the repository: which tasks would doit run after an edit?

Every action is replaced by one that only writes the targets, so nothing is executed, built or tested.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain
from doit.reporter import ZeroReporter

import dodo
from pipeline import checks, pdf

WANTED = ["notebooks", "execute", "pages", "slides", "book", "demo", "pdf:week01_knn", "pdf:week02_convolution", "check"]


def stub(task):
    def write():
        """Write targets that change when, and only when, something that the task depends on has changed."""
        content = hashlib.sha256(b"".join(Path(path).read_bytes() for path in task.get("file_dep", []))).hexdigest()
        for target in map(Path, task.get("targets", [])):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)

    return {**task, "actions": [write]}


def stubbed(creator):
    def tasks():
        made = creator()
        if isinstance(made, dict):
            return stub(made)
        return (stub(task) for task in made)

    tasks.__doc__ = creator.__doc__
    return tasks


class Recorder(ZeroReporter):
    """Notes what is run."""

    ran = []

    def execute_task(self, task):
        if task.actions:  # a group such as "execute" has none of its own
            self.ran.append(task.name)


def made(tasks):
    """Let doit bring everything up to date, and return what it ran."""
    Recorder.ran.clear()
    if DoitMain(ModuleTaskLoader(tasks)).run(["run", *WANTED]):
        sys.exit("the build graph cannot be played through: see above")
    return Recorder.ran


def main():
    """Answer on the standard output, a line for each edit on the standard input."""
    dodo.cached_data = lambda: []
    checks.Check.is_green = lambda check: True  # as after a run that passed
    tasks = {name: stubbed(value) for name, value in vars(dodo).items() if name.startswith("task_")}
    tasks["DOIT_CONFIG"] = {**dodo.DOIT_CONFIG, "reporter": Recorder, "verbosity": 0}

    answers = os.fdopen(os.dup(1), "w")  # whatever doit prints must not get between them
    os.dup2(2, 1)

    for page in pdf.pages("week01_knn") + pdf.pages("week02_convolution"):
        (pdf.SITE / page).parent.mkdir(parents=True, exist_ok=True)
        (pdf.SITE / page).write_text(f'<link href="{"../" * page.count("/")}_static/course.css">{page}')
    (pdf.SITE / "_static").mkdir()
    (pdf.SITE / "_static" / "course.css").write_text("p { margin: 0 }")

    made(tasks)
    for line in sys.stdin:
        path, old, new = json.loads(line)
        path = Path(path)
        before = path.read_text(encoding="utf-8")
        assert old in before, f"{path} does not hold {old!r}"
        path.write_text(before.replace(old, new, 1), encoding="utf-8")
        print(json.dumps(made(tasks)), file=answers, flush=True)
        path.write_text(before, encoding="utf-8")
        made(tasks)


if __name__ == "__main__":
    main()
