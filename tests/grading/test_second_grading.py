"""The second grading keeps what people did: only what changed waits for a person, and who must be is graded again."""

import csv
import json
import shutil
from datetime import datetime, timedelta

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from grading.batch import provenance
from grading.model import Limits
from grading.nbgrader.cells import grade_id
from grading.nbgrader.course import Course
from grading.nbgrader.gradebook import GradebookWriter
from grading.reports.batch import write_report
from grading.reports.feedback import write_feedback
from tests.grading.conftest import _mark
from tests.grading.test_run import batch, checker  # noqa: F401 - fixtures


@pytest.fixture
def regrade(small, batch):  # noqa: F811
    """Grade; the course is opened anew each time, as each command does."""

    def regrade(**more):
        done = batch(**more)
        assert done.missing == [], done.missing
        return done

    return regrade


def book(small):
    return Gradebook(f"sqlite:///{small.root / 'gradebook.db'}")


def by_hand(small, student="ada", name="why", score=3.5, comment=None):
    """What formgrader does when a person grades."""
    with book(small) as one:
        grade = one.find_grade(name, "ps1", "ps1", student)
        grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            one.find_comment(name, "ps1", "ps1", student).manual_comment = comment
        one.db.commit()


def grades(small, student="ada"):
    """Name -> automatic grade, grade by hand, whether it waits for a person."""
    with book(small) as one:
        submission = one.find_submission("ps1", student)
        return {
            grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def change(small, edit):
    """Edit the instructor's notebook."""
    path = small.root / "source" / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    edit({grade_id(cell): cell for cell in notebook.cells if grade_id(cell)}, notebook)
    nbformat.write(notebook, path)


def replace(name, old, new):
    def edit(cells, notebook):
        assert old in cells[name].source
        cells[name].source = cells[name].source.replace(old, new)

    return edit


# --- what waits for a person -----------------------------------------------------------------------------------------------


def test_after_a_test_was_mended_nothing_else_waits(small, regrade):
    small.hand_in("ada")
    small.hand_in("ben")
    regrade()
    by_hand(small)
    change(small, replace("double_test", "double(7) == 14", "double(8) == 16"))
    done = regrade()
    assert done.graded == 2 and "Graded again, since the questions changed: 2." in done.notes
    assert grades(small)["why"] == (None, 3.5, False) and grades(small, "ben")["why"] == (None, None, True)
    pages = write_feedback(small.assignment).pages
    assert "Not graded by a person yet" not in next(page for page in pages if "ada" in page.parts).read_text()


def test_an_answer_that_changed_waits_and_goes_on_waiting(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    small.hand_in("ada", nbformat.writes(small.solved(why="Another answer.", double="def double(x):\n    return x + x")))
    regrade()
    assert grades(small)["why"] == (None, 3.5, True)
    regrade()
    regrade(force=True)
    assert grades(small)["why"] == (None, 3.5, True), "until a person has looked"
    by_hand(small, score=1)
    regrade(force=True)
    assert grades(small)["why"] == (None, 1, False)


def test_another_part_that_changed_leaves_an_answer_alone(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    solved = small.solved()
    small.hand_in(
        "ada", nbformat.writes(small.solved(**{"why": solved.cells[6].source, "double": "def double(x):\n    return 0"}))
    )
    regrade()
    assert grades(small)["why"] == (None, 3.5, False) and grades(small)["double_test"][0] == 0


def ask(text):
    """Put a text cell right before the answer in words, or change the one that is there."""

    def edit(cells, notebook):
        place = notebook.cells.index(cells["why"])
        if notebook.cells[place - 1].cell_type == "markdown":
            notebook.cells[place - 1].source = text
        else:
            notebook.cells.insert(place, new_markdown_cell(text, id="task"))

    return edit


def test_a_task_that_changed_waits(small, regrade):
    change(small, ask("Say why."))
    small.hand_in("ada")
    small.hand_in("ben")
    regrade()
    by_hand(small)
    change(small, ask("Say\n  why."))
    regrade()
    assert grades(small)["why"] == (None, 3.5, False), "white space is no change"
    change(small, ask("Say why, and since when."))
    assert regrade(students=["ben"]).backup
    assert grades(small)["why"] == (None, 3.5, True), "also of who is not graded again now"
    by_hand(small)
    regrade()
    assert grades(small)["why"] == (None, 3.5, False)


def test_what_changed_waits_even_where_the_run_was_killed_between_its_steps(small, regrade, monkeypatch):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    small.hand_in("ada", nbformat.writes(small.solved(why="Another answer.")))
    write = GradebookWriter.write

    class Killed(BaseException):
        pass

    def killed(*arguments):
        raise Killed

    monkeypatch.setattr(GradebookWriter, "write", killed)
    with pytest.raises(Killed):
        regrade()
    monkeypatch.setattr(GradebookWriter, "write", write)
    regrade()
    assert grades(small)["why"] == (None, 3.5, True)


def test_a_grade_by_hand_that_beats_the_mended_test_is_listed_until_a_person_has_looked(small, regrade):
    small.hand_in("ada", nbformat.writes(small.solved("triple", double="def double(x):\n    return 4")))
    regrade()
    by_hand(small, name="double_test", score=1.5)
    assert regrade().notes == [], "the person knew the automatic grade"
    change(small, lambda cells, _: setattr(cells["double_test"], "source", "assert double(2) == 4"))
    done = regrade()
    assert grades(small)["double_test"] == (2, 1.5, True)
    line = "double_test: a grade by hand counts, and not the automatic one: ada (1.5 by hand, 2 automatic)"
    assert line in done.notes and line in regrade().notes
    by_hand(small, name="double_test", score=1.5)
    assert regrade().notes == []


def test_a_grade_by_hand_above_a_lowered_maximum_is_listed(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small, score=4)
    change(small, lambda cells, _: cells["why"].metadata.nbgrader.update(points=2))
    line = "why is worth 2, and a grade by hand is above that: ada (4)"
    assert line in regrade().notes and grades(small)["why"] == (None, 4, True)
    by_hand(small, score=4)
    assert line in regrade().notes, "looked at or not, it is above what there is"
    by_hand(small, score=2)
    assert regrade().notes == []


# --- other questions ---------------------------------------------------------------------------------------------------------


def added(cells, notebook):
    notebook.cells.insert(4, new_code_cell("assert double(0) == 0", metadata=_mark("more", grade=True, locked=True, points=1)))
    notebook.cells[4].id = "more"


def test_a_question_added(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small, comment="Well said.")
    change(small, added)
    done = regrade()
    assert "New in ps1: more." in done.notes and done.backup
    assert grades(small)["why"] == (None, 3.5, False) and grades(small)["more"] == (1, None, False)
    assert done.results[0].score == 6


def test_a_question_renamed(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small, comment="Well said.")

    def edit(cells, _):
        cells["why"].metadata.nbgrader.grade_id = "reason"
        cells["double"].metadata.nbgrader.grade_id = "twice"

    change(small, edit)
    done = regrade()
    assert "The question why of ps1 is reason now: its grades stay with it." in done.notes
    assert grades(small)["reason"] == (None, 3.5, False) and "why" not in grades(small)
    with book(small) as one:
        assert one.find_comment("reason", "ps1", "ps1", "ada").manual_comment == "Well said."
    assert not list(small.root.rglob("removed-grades.csv"))


def test_a_question_removed_leaves_what_a_person_gave_in_a_file(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small, comment="Well said.")
    change(small, lambda cells, notebook: notebook.cells.remove(cells["why"]))
    done = regrade()
    assert "No longer in ps1: why." in done.notes and set(grades(small)) == {"double_test", "triple_test"}
    with open(small.root / "reports" / "ps1" / "removed-grades.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["grade_id"], row["by hand"], row["comment"]) for row in rows] == [
        ("ada", "why", "3.5", ""),
        ("ada", "why", "", "Well said."),
    ]
    assert any("removed-grades.csv" in note for note in done.notes)


def test_a_question_that_is_graded_in_another_way_keeps_its_grades(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small, comment="Well said.")

    def edit(cells, _):
        cells["why"].metadata.nbgrader.update(grade=False, solution=False, task=True, locked=True)

    change(small, edit)
    regrade()
    assert grades(small)["why"] == (None, 3.5, True)
    with book(small) as one:
        assert one.find_comment("why", "ps1", "ps1", "ada").manual_comment == "Well said."


def test_a_notebook_renamed(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    source = small.root / "source" / "ps1"
    (source / "ps1.ipynb").rename(source / "part1.ipynb")
    with GradebookWriter(Course.open(small.root).assignment("ps1")) as writer:
        assert writer.notes == ["The notebook ps1 is part1 now: its grades stay with it."]
        assert writer.results("ada")["notebooks"]["part1"]["grades"]["why"]["manual"] == 3.5


def test_a_notebook_that_is_gone_leaves_what_a_person_gave_in_a_file(small, regrade):
    source = small.root / "source" / "ps1"
    small.hand_in("ada")
    regrade()
    by_hand(small)
    other = small.source()
    for cell in other.cells:
        if grade_id(cell):
            cell.metadata.nbgrader.grade_id += "_2"
    nbformat.write(other, source / "part2.ipynb")
    (source / "ps1.ipynb").unlink()
    with GradebookWriter(Course.open(small.root).assignment("ps1")) as writer:
        assert "The notebook ps1 has no source any more." in writer.notes and writer.backup
        assert list(writer.results("ada")["notebooks"]) == []
    assert "3.5" in (small.root / "reports" / "ps1" / "removed-grades.csv").read_text()


def test_feedback_only_reads(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    change(small, lambda cells, notebook: notebook.cells.remove(cells["why"]))
    state = (small.root / "gradebook.db").read_bytes()
    written = write_feedback(Course.open(small.root).assignment("ps1"))
    pages, missing = written.pages, written.missing
    assert len(pages) == 1 and missing == [] and (small.root / "gradebook.db").read_bytes() == state


def test_a_migration_that_fails_changes_nothing(small, regrade, monkeypatch):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    change(small, lambda cells, notebook: notebook.cells.remove(cells["why"]))
    from grading.nbgrader.migrate import Migration

    monkeypatch.setattr(Migration, "_keep", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError), GradebookWriter(Course.open(small.root).assignment("ps1")):
        pass
    assert grades(small)["why"] == (None, 3.5, False)


# --- who is graded again -------------------------------------------------------------------------------------------------------


def test_an_idle_run_copies_nothing_and_writes_nothing(small, regrade):
    small.hand_in("ada")
    regrade()
    by_hand(small)
    state = (small.root / "gradebook.db").read_bytes()
    copies = sorted(small.root.glob("gradebook-backups/*"))
    for _ in range(12):
        done = regrade()
        assert (done.graded, done.backup, done.notes) == (0, None, [])
    assert (small.root / "gradebook.db").read_bytes() == state
    assert sorted(small.root.glob("gradebook-backups/*")) == copies


def test_a_changed_reference_solution_grades_again(small, regrade):
    small.hand_in("ada")
    regrade()
    change(small, replace("double", "return 2 * x", "return x * 2"))
    done = regrade()
    assert done.graded == 1 and "Graded again, since the reference solution changed: 1." in done.notes


def test_changed_limits_and_a_changed_grader_grade_again(small, regrade, monkeypatch):
    small.hand_in("ada")
    regrade()
    assert "Graded again, since the limits changed: 1." in regrade(limits=Limits(cell_timeout=7)).notes
    monkeypatch.setattr(provenance, "_grader", lambda record: "another")
    assert "Graded again, since the grader changed: 1." in regrade(limits=Limits(cell_timeout=7)).notes


def test_a_changed_module_that_tests_import_grades_again(small, regrade):
    package = small.root / "tools"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "checks.py").write_text("from .deep import right\n")
    (package / "deep.py").write_text("def right(x):\n    return x\n")
    (package / "other.py").write_text("")
    change(
        small,
        lambda cells, _: setattr(cells["double_test"], "source", "from tools.checks import right\nassert right(double(2)) == 4"),
    )
    small.hand_in("ada")
    regrade()
    (package / "other.py").write_text("# nobody imports this\n")
    (small.root / "unused.py").write_text("")
    assert regrade().graded == 0
    (package / "deep.py").write_text("def right(x):\n    return -x\n")
    done = regrade()
    assert done.graded == 1 and "Graded again, since a module that the notebook imports changed: 1." in done.notes


def test_own_modules_are_found_without_importing_them(tmp_path):
    (tmp_path / "lab.py").write_text("import numpy, os, lab2.part, nowhere\nraise SystemExit\n")
    (tmp_path / "lab2").mkdir()
    (tmp_path / "lab2" / "__init__.py").write_text("from . import part\n")
    (tmp_path / "lab2" / "part.py").write_text("from ..lab import x\nimport lab\n")
    found = provenance.own_modules(["lab", "json", "nbformat.v4"], tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["lab.py", "lab2/__init__.py", "lab2/part.py"]


@pytest.fixture
def half_for_lateness(small):
    (small.root / "half_for_late.py").write_text(
        "from nbgrader.plugins import BasePlugin\nclass Late(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return score / 2\n"
    )
    (small.root / "nbgrader_config.py").write_text(
        f"import sys\nsys.path.insert(0, {str(small.root)!r})\nc = get_config()\n"
        "c.AssignLatePenalties.plugin_class = 'half_for_late.Late'\n"
    )


def penalty(small):
    with book(small) as one:
        return one.find_submission_notebook("ps1", "ps1", "ada").late_submission_penalty


def test_due_date_and_extension_count_at_once(small, regrade, half_for_lateness):
    path = small.hand_in("ada")
    (path.parent / "timestamp.txt").write_text("2025-03-02 02:05:00+01:00")
    regrade()
    assert penalty(small) is None

    def set_due(**more):
        with book(small) as one:
            one.update_or_create_assignment("ps1", duedate=datetime(2025, 3, 1))
            one.update_or_create_submission("ps1", "ada", **more)

    set_due()
    done = regrade()
    assert done.graded == 0 and penalty(small) == 2.5 and done.backup
    assert done.notes == ["Lateness was counted anew for ada."] and done.results[0].reasons == ["Late by 1 d 1 h 5 min."]
    by_hand(small, score=3)
    regrade()
    assert penalty(small) == 4, "half of what counts now, a person's grade included"
    set_due(extension=timedelta(days=7))
    done = regrade()
    assert penalty(small) is None and done.results[0].reasons == []
    assert regrade().notes == []


# --- who and what the report names -------------------------------------------------------------------------------------


def test_who_handed_in_nothing_is_named(small, regrade):
    (small.root / "roster.csv").write_text("id,first_name,last_name\nada,Ada,Byron\nben,Ben,King\n")
    small.hand_in("ada")
    small.hand_in("eve")
    done = regrade()
    assert done.absent == ["ben (Ben King)"] and "Not in roster.csv, but in 'submitted': eve." in done.notes
    table, shown = write_report(small.assignment, done)
    assert "ben,nothing handed in,0" in table.read_text() and "Ben King" in shown.read_text()
    (small.root / "roster.csv").unlink()
    assert regrade().absent == ["ben (Ben King)"], "the gradebook knows them now"


def test_names_of_the_platform_are_used_where_there_are_no_others(small, regrade):
    small.hand_in("31")
    notes = small.root / "reports" / "ps1" / "collected.json"
    notes.parent.mkdir(parents=True)
    notes.write_text(json.dumps({"31": {"name": "Ada Byron", "time": None, "late": True}, "32": {"name": "X Y", "time": None}}))
    done = regrade()
    with book(small) as one:
        assert [(row.id, row.first_name, row.last_name) for row in one.students] == [("31", "Ada", "Byron")]
    assert any("Late, as the platform says" in reason for reason in done.results[0].reasons)


def test_ids_alike_and_hidden_folders_are_named(small, regrade):
    for student in ("ada", "Ada", ".ben", ".ipynb_checkpoints"):
        small.hand_in(student)
    done = regrade()
    assert any("'Ada' and 'ada' are different ids" in note for note in done.notes)
    assert [note for note in done.notes if "begins with a dot" in note] == [
        "'.ben' in 'submitted' begins with a dot, and is taken for nobody's: rename it."
    ]


def test_a_failed_check_without_points_is_not_passed(small, regrade):
    change(small, lambda cells, _: cells["double_test"].metadata.nbgrader.update(points=0))
    small.hand_in("ada", nbformat.writes(small.solved("triple", double="def double(x):\n    return 5")))
    small.hand_in("ben")
    done = regrade()
    (page,) = write_feedback(small.assignment, ["ada"]).pages
    assert "not passed" in page.read_text() and "two times two is four" in page.read_text()
    (page,) = write_feedback(small.assignment, ["ben"]).pages
    assert "not passed" not in page.read_text()
    notebook = nbformat.read(small.root / "autograded" / "ada" / "ps1" / "ps1.ipynb", as_version=4)
    assert [output.output_type for output in notebook.cells[3].outputs] == ["error"]
    _, shown = write_report(small.assignment, done)
    assert "1 of 2" in shown.read_text()


def test_a_gradebook_of_nbgraders_own_is_taken_over(small, regrade):
    """Graded by `nbgrader autograde` before: no notes of this grader's, but the notebooks that the person saw."""
    small.hand_in("ada")
    regrade()
    by_hand(small)
    shutil.rmtree(small.root / "reports")
    regrade()
    assert grades(small)["why"] == (None, 3.5, False)
