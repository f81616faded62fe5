"""The gradebook: the same rows that nbgrader itself writes, all or nothing, and what people wrote left alone."""

import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from datetime import datetime, timedelta

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from grading.batch.autograded import write_autograded
from grading.batch.notebook import ungradable
from grading.formgrader import _submitted_timestamp
from grading.model import Outcome, QuestionScore
from grading.nbgrader import backups, gradebook
from grading.nbgrader.backups import back_up
from grading.nbgrader.cells import grade_id
from grading.nbgrader.course import Course, CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.submissions.take_in import take_in


def outcome(small, student, double=2.0, triple=3.0):
    """What the grader would have found, without running anything."""
    intake = take_in(small.assignment, student)
    if intake.problem:
        return ungradable(small.assignment, intake)
    instructor = {grade_id(cell): cell for cell in small.assignment.instructor_notebook("ps1").cells}
    for cell in intake.notebook.cells:
        if grade_id(cell):
            cell.metadata.nbgrader = instructor[grade_id(cell)].metadata.nbgrader
    scores = [QuestionScore("double_test", 2, double, None if double == 2 else "wrong"), QuestionScore("triple_test", 3, triple)]
    return Outcome(intake.student, "ok", scores, intake.notebook, name="ps1")


def write(small, student, **points):
    found = outcome(small, student, **points)
    with GradebookWriter(small.assignment) as writer:
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
    small.hand_in("dan", nbformat.writes(small.assignment.released_notebook("ps1")))
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
        write_autograded(small.assignment, student, [write(small, student)])
    api = NbGraderAPI(coursedir=small.course.directory)
    assert _submitted_timestamp(api, "ps1", "ada") is None  # formgrader's reading, where no server is; nothing says when
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
    # a person's score outlives the next run of the grader, which asks for no other look at an answer that is the same
    write(small, "ada", double=0.0)
    assert rows(small.root)["ada"]["score"] == 6.5
    assert rows(small.root)["ada"]["grades"]["why"][1:3] == (3.5, False)


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
    assert back_up(small.assignment) is None
    write(small, "ada")
    copy = back_up(small.assignment)
    write(small, "ada", double=0.0)
    with sqlite3.connect(copy) as saved:
        assert saved.execute("select sum(auto_score) from grade").fetchone() == (5,)
    monkeypatch.setattr(backups, "BACKUPS", 2)
    others = [copy.parent / f"gradebook-2000010{number}-000000-{name}.db" for number in range(3) for name in ("x-ps1", "ps")]
    for path in [*others, *(copy.parent / f"gradebook-2000010{number}-000000-ps1.db" for number in range(3))]:
        path.write_bytes(b"")
    newest = back_up(small.assignment)
    assert sorted(path.name for path in copy.parent.glob("*-ps1.db") if path not in others)[-1] == newest.name
    assert len([path for path in copy.parent.glob("*.db") if path not in others]) == 2
    assert all(path.exists() for path in others), "copies made for other assignments are not this one's to delete"


def test_two_copies_in_one_second_are_two(small):
    write_nothing = back_up(small.assignment), back_up(small.assignment)
    assert len(set(write_nothing)) == 2 and all(path.exists() for path in write_nothing)


def test_a_folder_of_any_name_can_be_copied(small):
    odd = small.root.rename(small.root.with_name("week #1"))
    assert len(back_up(Course.open(odd).assignment("ps1")).read_bytes()) == len((odd / "gradebook.db").read_bytes())


def test_who_only_reads_makes_no_copy(small):
    small.hand_in("ada")
    write(small, "ada")
    copies = list(small.root.glob("gradebook-backups/*"))
    with GradebookWriter(small.assignment) as writer:
        assert writer.results("ada") and writer.overruled() == []
    assert writer.backup is None and list(small.root.glob("gradebook-backups/*")) == copies
    with GradebookWriter(small.assignment) as writer:
        writer.write("ada", [outcome(small, "ada")])
    assert writer.backup.exists()


def test_a_damaged_gradebook_is_called_damaged(small):
    path = small.root / "gradebook.db"
    whole = path.read_bytes()
    path.write_bytes(b"this is no gradebook" * 100)
    with pytest.raises(CourseError, match="is damaged.*there is no copy"), GradebookWriter(small.assignment):
        pass
    path.write_bytes(whole)
    copy = back_up(small.assignment)
    path.write_bytes(whole[: len(whole) // 2] + b"\xff" * 4096 + whole[len(whole) // 2 + 4096 :])
    with pytest.raises(CourseError, match=f"is damaged.*the newest copy is .*{copy.name}"), GradebookWriter(small.assignment):
        pass


def test_an_older_gradebook_is_to_be_upgraded(small):
    with sqlite3.connect(small.root / "gradebook.db") as book:
        book.execute("alter table student drop column lms_user_id")
    book.close()
    with pytest.raises(CourseError, match="older nbgrader.*student.lms_user_id.*nbgrader db upgrade"):
        GradebookWriter(small.assignment).__enter__()


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
    monkeypatch.setattr(gradebook, "PATIENCE", 0.05)
    monkeypatch.setattr(gradebook.time, "sleep", lambda _: None)
    found = outcome(small, "ada", double=0.0)
    other = sqlite3.connect(small.root / "gradebook.db", isolation_level=None)
    with GradebookWriter(small.assignment) as writer:
        other.execute("begin immediate")
        with pytest.raises(CourseError, match="run the same command again"):
            writer.write("ada", [found])
        other.execute("commit")
        writer.write("ada", [found])
    other.close()
    assert rows(small.root)["ada"]["score"] == 3


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
    with GradebookWriter(small.assignment) as writer:
        writer._book.update_or_create_assignment("ps1", duedate=datetime(2025, 3, 1))
        writer.write("ada", [found], datetime(2025, 3, 2))
        assert writer.results("ada")["notebooks"]["ps1"]["penalty"] == 1.5
        writer.write("ada", [found], datetime(2025, 2, 2))
        assert writer.results("ada")["notebooks"]["ps1"]["penalty"] == 0
        assert not writer.refresh("ada", datetime(2025, 2, 2))
        assert writer.refresh("ada", datetime(2025, 3, 2))
        assert writer.results("ada")["notebooks"]["ps1"]["penalty"] == 1.5
        writer._book.update_or_create_submission("ps1", "ada", extension=timedelta(days=2))
        assert writer.refresh("ada", datetime(2025, 3, 2))
        assert writer.results("ada")["notebooks"]["ps1"]["penalty"] == 0
