"""The command, from a course folder to gradebook, report and feedback; and what becomes of a batch that is shot."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from grading import cli

ROOT = Path(__file__).resolve().parents[2]
confined = pytest.mark.needs("confinement")


def grade(*arguments):
    return cli.main([str(argument) for argument in arguments])


def table(small):
    with (small.root / "reports" / "ps1" / "report.csv").open(newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def scores(small):
    with Gradebook(f"sqlite:///{small.root / 'gradebook.db'}") as book:
        return {one.student.id: one.score for one in book.assignment_submissions("ps1")}


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["0", "x", "-1G", "4GG", ""])
def test_amounts_that_are_none(wrong):
    with pytest.raises(cli.argparse.ArgumentTypeError):
        cli.size(wrong)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run"],
        ["run", "ps1", "--jobs", "0"],
        ["run", "ps1", "--timeout", "nan"],
        ["run", "ps1", "--resume", "--force"],
    ],
)
def test_wrong_use_says_so(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        grade(*arguments)
    assert stop.value.code == 2 and "usage: grade" in capsys.readouterr().err


def test_what_cannot_be_done_has_status_2(small, capsys):
    assert grade("run", "ps1", "--course-dir", small.root / "nowhere") == 2
    assert "--course-dir" in capsys.readouterr().err
    assert grade("run", "ps7", "--course-dir", small.root) == 2
    assert "Assignments here: ps1" in capsys.readouterr().err
    assert grade("feedback", "ps7", "--course-dir", small.root) == 2


# --- a whole batch ---------------------------------------------------------------------------------------------------


def test_ctrl_c_while_everything_is_still_imported(small, monkeypatch, capsys):
    begun = []

    def stopped(options, warm):
        begun.append(warm)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_command", stopped)
    assert grade("run", "ps1", "--course-dir", small.root) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert begun[0].process.returncode is not None and not begun[0].base.exists()


@confined
def test_a_whole_batch(small, capsys):
    small.hand_in("ada")
    small.hand_in("ben", nbformat.writes(small.solved(double="while True: pass", triple="def triple(x):\n    return 3 * x")))
    small.hand_in(
        "cleo", nbformat.writes(small.solved(double="import os; os._exit(0)", triple="def triple(x):\n    return x * 3"))
    )
    small.hand_in("eve", b"\xff\xfe")
    spy = f"import os\nprint(os.listdir({str(small.root)!r}), open({str(small.root / 'gradebook.db')!r}).read())"
    small.hand_in("spy", nbformat.writes(small.solved(double=spy)))
    assert grade("run", "ps1", "--course-dir", small.root, "--jobs", 2, "--cell-timeout", 10) == 0
    said = capsys.readouterr()
    assert "5 students with a result, 5 graded now" in said.out and "left" in said.err, said
    rows = table(small)
    assert {student: (row["status"], row["auto score"]) for student, row in rows.items()} == {
        "ada": ("ok", "5"),
        "ben": ("partial", "3"),
        "cleo": ("partial", "3"),
        "eve": ("ungradable", "0"),
        "spy": ("ok", "0"),
    }
    assert "took too long" in rows["ben"]["reasons"] and "ended the process" in rows["cleo"]["reasons"]
    assert scores(small) == {"ada": 5, "ben": 3, "cleo": 3, "eve": 0, "spy": 0}
    notebook = nbformat.read(small.root / "autograded" / "spy" / "ps1" / "ps1.ipynb", as_version=4)
    assert "Error" in json.dumps(notebook.cells[2].outputs)

    before = {path: path.read_bytes() for path in (small.root / "autograded").rglob("*.ipynb")}
    assert grade("run", "ps1", "--course-dir", small.root, "--quiet", "--jobs", 2, "--cell-timeout", 10) == 0
    assert "0 graded now" in capsys.readouterr().out
    assert grade("run", "ps1", "--course-dir", small.root, "--quiet", "--force", "--student", "ada", "--cell-timeout", 10) == 0
    assert "1 graded now" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in (small.root / "autograded").rglob("*.ipynb")}, "the same again"

    assert grade("feedback", "ps1", "--course-dir", small.root) == 0
    assert "5 pages" in capsys.readouterr().out
    assert "SECRET" not in (small.root / "feedback" / "ada" / "ps1" / "ps1.html").read_text()


def heeds_ctrl_c():
    """In the new process: Ctrl-C is heard, even where the tests run in the background of a shell, which has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@confined
def test_a_batch_that_is_shot_loses_nothing(small):
    """Shot three times while it is at a student whose cell never ends, so that it cannot have come to its end before."""
    endless = nbformat.writes(small.solved("triple", double="while True: pass"))
    students = [f"s{number}" for number in range(6)]
    for student in students:
        small.hand_in(student)
    command = [sys.executable, "-m", "grading", "run", "ps1", "--course-dir", str(small.root), "--quiet", "--jobs", "1"]
    command += ["--no-reference", "--cell-timeout", "600"]
    for done, number in ((1, signal.SIGKILL), (3, signal.SIGINT), (4, signal.SIGKILL)):
        small.hand_in(students[done], endless)
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_ctrl_c
        )
        while len(scores(small)) < done:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        process.send_signal(number)
        said = process.communicate()[1]
        assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
        assert scores(small) == dict.fromkeys(students[:done], 5)
        small.hand_in(students[done])
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert scores(small) == dict.fromkeys(students, 5)
    assert sorted(table(small)) == students
    assert not [path for path in small.root.rglob(".*") if path.name.startswith((".ps1-", ".old-", ".new-"))]


@confined
@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX systems")
def test_a_reader_who_leaves_early_costs_nothing(small):
    small.hand_in("ada")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "grading", "run", "ps1", "--course-dir", str(small.root), "--quiet", "--no-reference"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
    assert scores(small) == {"ada": 5} and list(table(small)) == ["ada"]


def test_without_confinement_nothing_runs_unless_students_are_trusted(small, monkeypatch, capsys):
    from grading.sandbox import pool
    from grading.sandbox.confinement import Confinement

    small.hand_in("ada")
    monkeypatch.setattr(pool, "find_confinement", lambda: Confinement(False, "this is a test"))
    assert grade("run", "ps1", "--course-dir", small.root, "--quiet") == 2
    assert "--trust-students" in capsys.readouterr().err and scores(small) == {}
    assert grade("run", "ps1", "--course-dir", small.root, "--quiet", "--no-reference", "--trust-students") == 0
    assert scores(small) == {"ada": 5}
