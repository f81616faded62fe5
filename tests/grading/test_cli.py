"""The command, from a course folder to gradebook, report and feedback; and what becomes of a batch that is shot."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from grading import cli, collect
from grading.collect import understand

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
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
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
    from grading.sandbox.walls import Confinement

    small.hand_in("ada")
    monkeypatch.setattr(pool, "confinement", lambda: Confinement(False, "this is a test"))
    assert grade("run", "ps1", "--course-dir", small.root, "--quiet") == 2
    assert "--trust-students" in capsys.readouterr().err and scores(small) == {}
    assert grade("run", "ps1", "--course-dir", small.root, "--quiet", "--no-reference", "--trust-students") == 0
    assert scores(small) == {"ada": 5}


# --- archives of learning platforms ------------------------------------------------------------------------------------


def archive(small, *names, content=None):
    path = small.root / "download.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, nbformat.writes(small.solved()) if content is None else content)
    return path


@pytest.mark.parametrize(
    ("name", "student", "file"),
    [
        ("Ada Byron_31_assignsubmission_file_/ps1.ipynb", "31", "ps1.ipynb"),
        ("Ada Byron_31_assignsubmission_file_ps1.ipynb", "31", "ps1.ipynb"),
        ("Ada Byron_31_assignsubmission_file/deep/ps1.ipynb", "31", "deep/ps1.ipynb"),
        ("Müller-Lüdenscheidt, Zoë_77_assignsubmission_onlinetext_onlinetext.html", "77", None),
        ("CS1-Exercise 1-123/Ada Byron_31_assignsubmission_file_/ps1.ipynb", "31", "ps1.ipynb"),
        ("byronada_17_904_ps1.ipynb", "17", "ps1.ipynb"),
        ("byronada_LATE_17_904_ps1-2.ipynb", "17", "ps1-2.ipynb"),
        ("Exercise 1_ada_attempt_2025-01-30-15-00-00_ps1.ipynb", "ada", "ps1.ipynb"),
        ("Exercise_1_ada_attempt_2025-01-30-15-00-00.txt", "ada", None),
    ],
)
def test_names_of_platforms(name, student, file):
    found = understand(name)
    assert (found["student"], found["file"]) == (student, file)


@pytest.mark.parametrize("name", ["ps1.ipynb", "ada/ps1.ipynb", "ada_ps1.ipynb", "17_904_ps1.ipynb"])
def test_names_of_none(name):
    assert understand(name) is None


def test_collecting(small, capsys):
    path = archive(small, "byronada_17_904_ps1.ipynb", "bob_LATE_18_905_ps1-1.ipynb", "readme.txt", "__MACOSX/._x")
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 1, "one name is not understood"
    said = capsys.readouterr()
    assert "2 submissions collected" in said.out and "byronada" in said.out and "'readme.txt'" in said.err
    assert small.course.students("ps1") == ["17", "18"]
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 1
    assert "left as they are" in capsys.readouterr().err
    assert grade("collect", archive(small, "byronada_17_904_ps1.ipynb"), "ps1", "--course-dir", small.root, "--force") == 0
    assert list((small.root / "submitted-replaced").rglob("*.ipynb")), "what was there is kept"


def test_the_last_attempt_counts_and_the_collectors_time(small):
    path = small.root / "blackboard.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("E_ada_attempt_2025-01-30-15-00-00_ps1.ipynb", "new")
        file.writestr("E_ada_attempt_2025-01-29-15-00-00_ps1.ipynb", "old")
        file.writestr("E_ada_attempt_2025-01-29-15-00-00_other.txt", "old")
        file.writestr("E_ada_attempt_2025-01-30-15-00-00_timestamp.txt", "1999-01-01 00:00:00 UTC")
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 0
    folder = small.root / "submitted" / "ada" / "ps1"
    assert sorted(file.name for file in folder.iterdir()) == ["ps1.ipynb", "timestamp.txt"]
    assert (folder / "ps1.ipynb").read_text() == "new"
    assert collect.collected_timestamp(small.course, "ps1", "ada") == datetime(2025, 1, 30, 15)
    (folder / "timestamp.txt").write_text("1999-01-01 00:00:00 UTC")
    from grading.gradebook import read_timestamp

    when, note = read_timestamp(small.course, "ps1", "ada")
    assert when == datetime(2025, 1, 30, 15) and "collector" in note


def test_nothing_understood_is_an_error_with_a_way_out(small, capsys):
    assert grade("collect", archive(small, "ada/ps1.ipynb", "ben/ps1.ipynb"), "ps1", "--course-dir", small.root) == 2
    assert "--by-folder" in capsys.readouterr().err and not (small.root / "submitted").exists()
    assert grade("collect", small.root / "download.zip", "ps1", "--course-dir", small.root, "--by-folder") == 0
    assert small.course.students("ps1") == ["ada", "ben"]
    (small.root / "no.zip").write_text("no")
    assert grade("collect", small.root / "no.zip", "ps1", "--course-dir", small.root) == 2


def test_hostile_archives(small, capsys, monkeypatch):
    path = small.root / "bad.zip"
    link = zipfile.ZipInfo("byronada_17_904_link.txt")
    link.external_attr = 0o120777 << 16
    inner = small.root / "inner.zip"
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("../../../escaped.txt", "x")
        file.writestr("ps1.ipynb", "inside")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../x_17_904_evil.ipynb", "x")
        file.writestr(link, "/etc/passwd")
        file.writestr("byronada_17_904_work.zip", inner.read_bytes())
        file.writestr("bomb_18_905_ps1.ipynb", b"\0" * 3_000_000)
    monkeypatch.setattr(collect, "FILE_LIMIT", 1_000_000)
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 1
    said = capsys.readouterr().err
    for words in ("leave its folder", "symbolic link", "too much", "'../../../escaped.txt' was refused"):
        assert words in said
    submitted = small.root / "submitted"
    assert [str(file.relative_to(submitted)) for file in submitted.rglob("*") if file.is_file()] == [
        os.path.join("17", "ps1", "ps1.ipynb")
    ]
    assert not list(small.root.rglob("escaped.txt")) and not list(small.root.rglob(".collect-*"))
