"""The gradebook: the same rows that nbgrader itself writes, all or nothing, and what people wrote left alone."""

import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from datetime import datetime

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from grading import gradebook
from grading.course import Course, CourseError, grade_id
from grading.gradebook import GradebookWriter, back_up, read_timestamp
from grading.intake import take_in
from grading.model import Outcome, QuestionScore
from grading.run import ungradable, write_autograded


def outcome(small, student, double=2.0, triple=3.0):
    """What the grader would have found, without running anything."""
    intake = take_in(small.course, "ps1", student)
    if intake.problem:
        return ungradable(small.course, "ps1", intake)
    instructor = {grade_id(cell): cell for cell in small.course.instructor_notebook("ps1", "ps1").cells}
    for cell in intake.notebook.cells:
        if grade_id(cell):
            cell.metadata.nbgrader = instructor[grade_id(cell)].metadata.nbgrader
    scores = [QuestionScore("double_test", 2, double, None if double == 2 else "wrong"), QuestionScore("triple_test", 3, triple)]
    return Outcome(intake.student, "ok", scores, intake.notebook, name="ps1")


def write(small, student, **points):
    found = outcome(small, student, **points)
    with GradebookWriter(small.course, "ps1") as writer:
        writer.write(student, [found])
    return found


def rows(root):
    """Everything that nbgrader's own API says of the results."""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        return {
            submission.student.id: {
                "score": submission.score,
                "max": submission.max_score,
                "manual": submission.needs_manual_grade,
                "grades": {
                    grade.name: (
                        grade.auto_score,
                        grade.manual_score,
                        grade.needs_manual_grade,
                        grade.max_score,
                        grade.failed_tests,
                    )
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                },
                "comments": {
                    comment.name: comment.auto_comment for notebook in submission.notebooks for comment in notebook.comments
                },
            }
            for submission in book.assignment_submissions("ps1")
        }


def nbgrader(root, *arguments):
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def test_the_rows_are_those_that_nbgrader_writes(small, tmp_path):
    (small.root / "gradebook.db").unlink()
    small.hand_in("ada")
    small.hand_in("ben", nbformat.writes(small.solved("double")))
    small.hand_in("dan", nbformat.writes(small.course.released_notebook("ps1", "ps1")))
    theirs = tmp_path / "theirs"
    shutil.copytree(small.root, theirs)
    (theirs / "nbgrader_config.py").write_text("c = get_config()\nc.Execute.shutdown_kernel = 'immediate'\n")
    nbgrader(theirs, "generate_assignment", "ps1")
    nbgrader(theirs, "autograde", "ps1")
    write(small, "ada")
    write(small, "ben", triple=0.0)
    write(small, "dan", double=0.0, triple=0.0)
    assert rows(small.root) == rows(theirs)
    # and on top of a gradebook that nbgrader made
    (small.root / "gradebook.db").unlink()
    nbgrader(small.root, "generate_assignment", "ps1")
    write(small, "ada")
    assert rows(small.root)["ada"] == rows(theirs)["ada"]


def test_nbgraders_own_tools_go_on_working(small):
    small.hand_in("ada")
    small.hand_in("eve", b"")
    for student in ("ada", "eve"):
        write_autograded(small.course, "ps1", student, [write(small, student)])
    api = NbGraderAPI(coursedir=small.course.directory)
    assert api.get_autograded_students("ps1") == {"ada", "eve"}
    submissions = {one["student"]: one for one in api.get_submissions("ps1")}
    assert submissions["ada"]["autograded"] and submissions["ada"]["score"] == 5 and submissions["ada"]["needs_manual_grade"]
    assert submissions["eve"]["score"] == 0 and not submissions["eve"]["needs_manual_grade"]
    with Gradebook(small.course.db_url) as book:  # what formgrader does when a person grades
        grade = book.find_grade("why", "ps1", "ps1", "ada")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        book.find_comment("why", "ps1", "ps1", "ada").manual_comment = "Well said."
        book.db.commit()
    nbgrader(small.root, "export", "--to", "grades.csv")
    assert "ada" in (small.root / "grades.csv").read_text() and "8.5" in (small.root / "grades.csv").read_text()
    nbgrader(small.root, "generate_feedback", "ps1")
    assert "Well said." in (small.root / "feedback" / "ada" / "ps1" / "ps1.html").read_text()
    # a person's score outlives the next run of the grader, which asks for another look
    write(small, "ada", double=0.0)
    assert rows(small.root)["ada"]["score"] == 6.5
    assert rows(small.root)["ada"]["grades"]["why"][1:3] == (3.5, True)


def test_stale_scores_are_replaced(small):
    small.hand_in("ada")
    write(small, "ada")
    assert rows(small.root)["ada"]["score"] == 5
    small.hand_in("ada", b"not a notebook any more")
    write(small, "ada")
    assert rows(small.root)["ada"]["score"] == 0
    assert rows(small.root)["ada"]["manual"] is False


def test_a_student_is_written_whole_or_not_at_all(small, monkeypatch):
    small.hand_in("ada")
    small.hand_in("ben")
    write(small, "ada")
    monkeypatch.setattr(GradebookWriter, "_penalty", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(small, "ben")
    with pytest.raises(ZeroDivisionError):
        write(small, "ada", double=0.0)
    assert set(rows(small.root)) == {"ada"} and rows(small.root)["ada"]["score"] == 5


def test_a_backup_is_made_and_old_ones_go(small, monkeypatch):
    small.hand_in("ada")
    (small.root / "gradebook.db").unlink()
    assert back_up(small.course, "ps1") is None
    write(small, "ada")
    copy = back_up(small.course, "ps1")
    write(small, "ada", double=0.0)
    with sqlite3.connect(copy) as saved:
        assert saved.execute("select sum(auto_score) from grade").fetchone() == (5,)
    monkeypatch.setattr(gradebook, "BACKUPS", 2)
    for number in range(3):
        (copy.parent / f"gradebook-2000010{number}-000000-ps1.db").write_bytes(b"")
    back_up(small.course, "ps1")
    assert len(list(copy.parent.glob("*.db"))) == 2 and copy.exists()


def test_changed_questions_after_submissions_are_refused_with_a_way_out(small):
    small.hand_in("ada")
    write(small, "ada")
    notebook = small.source()
    del notebook.cells[3]
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    with pytest.raises(CourseError, match="nbgrader db assignment remove ps1"), GradebookWriter(Course.open(small.root), "ps1"):
        pass


def test_changed_points_are_taken_over(small):
    small.hand_in("ada")
    write(small, "ada")
    notebook = small.source()
    notebook.cells[3].metadata.nbgrader.points = 6
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    write(small, "ada")
    assert rows(small.root)["ada"]["max"] == 13


def test_another_program_that_writes_is_waited_for(small, monkeypatch):
    small.hand_in("ada")
    write(small, "ada")
    monkeypatch.setattr(gradebook, "_PATIENCE", 0.05)
    monkeypatch.setattr(gradebook.time, "sleep", lambda _: None)
    found = outcome(small, "ada", double=0.0)
    other = sqlite3.connect(small.root / "gradebook.db", isolation_level=None)
    with GradebookWriter(small.course, "ps1") as writer:
        other.execute("begin immediate")
        with pytest.raises(CourseError, match="run the same command again"):
            writer.write("ada", [found])
        other.execute("commit")
        writer.write("ada", [found])
    other.close()
    assert rows(small.root)["ada"]["score"] == 3


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        ("2025-03-01 12:00:00 UTC", datetime(2025, 3, 1, 12), None),
        ("2025-03-01 12:00", datetime(2025, 3, 1, 12), None),
        ("", None, None),
        ("yesterday-ish", None, "no time"),
        ("2999-01-01 00:00:00 UTC", None, "future"),
    ],
)
def test_timestamps(small, text, expected, note):
    path = small.hand_in("ada")
    (path.parent / "timestamp.txt").write_text(text)
    found, said = read_timestamp(small.course, "ps1", "ada")
    assert found == expected and (said is None if note is None else note in said)


def test_lateness_costs_what_the_courses_plugin_says(small):
    (small.root / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\nclass Late(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return 1.5\n"
    )
    (small.root / "nbgrader_config.py").write_text(
        f"import sys\nsys.path.insert(0, {str(small.root)!r})\nc = get_config()\n"
        "c.AssignLatePenalties.plugin_class = 'late.Late'\n"
    )
    small.hand_in("ada")
    found = outcome(small, "ada")
    with GradebookWriter(small.course, "ps1") as writer:
        writer._book.update_or_create_assignment("ps1", duedate=datetime(2025, 3, 1))
        writer.write("ada", [found], datetime(2025, 3, 2))
        assert writer.results("ada")["notebooks"]["ps1"]["penalty"] == 1.5
        writer.write("ada", [found], datetime(2025, 2, 2))
        assert writer.results("ada")["notebooks"]["ps1"]["penalty"] == 0
