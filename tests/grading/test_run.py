"""The order of work for one student, and for a batch, with a student's process that obeys the test."""

import contextlib
import copy
import json
import os

import nbformat
import pytest

from grading.batch import run
from grading.batch.notebook import _is_seen, grade_notebook, ungradable
from grading.checker.client import Checker
from grading.checker.script import Script
from grading.model import CellResult, Limits
from grading.nbgrader.cells import grade_id
from grading.nbgrader.course import CourseError
from grading.nbgrader.gradebook import GradebookWriter
from grading.protocol.student_agent import install
from grading.reports.feedback import write_feedback
from grading.submissions.take_in import take_in


class Session:
    """Runs cells in this process; a cell with KILL in it loses everything, one with SLOW is interrupted."""

    def __init__(self):
        self.restarted = 0
        self.spent = 0.0
        self.ran = []
        self._begin()

    def restart(self):
        self._begin()

    def _begin(self):
        self.space = {}
        self._answer = install(self.space)

    def run_cell(self, source, timeout=None):
        self.ran.append(source)
        if "KILL" in source:
            self.restarted += 1
            self._begin()
            return CellResult(0, "killed", ("ProcessEnded", "it ended", ""))
        if "SLOW" in source:
            return CellResult(0, "timeout")
        try:
            exec(source, self.space)
        except Exception as problem:
            return CellResult(0, "error", (type(problem).__name__, str(problem), "trace"))
        return CellResult(0, "ok")

    def ask(self, request, timeout=None):
        answer = self._answer(request)
        if "DIE" in json.dumps(answer):
            self.restarted += 1
            self._begin()
            raise RuntimeError("the process ended")
        return json.dumps(answer).encode()


@pytest.fixture(scope="module")
def checker():
    with Checker() as one:
        yield one


@pytest.fixture
def grade(small, checker):
    def grade(student="ada", session=None, limits=None):
        intake = take_in(small.assignment, student)
        assert intake.problem is None, intake.problem
        checker.begin(small.assignment.reference_notebook("ps1"))
        grade.session = session or Session()
        return grade_notebook(small.assignment, intake, grade.session, checker, limits or Limits())

    return grade


def scores(outcome):
    return {score.grade_id: score.score for score in outcome.scores}


def test_right_answers(small, grade):
    small.hand_in("ada")
    outcome = grade()
    assert outcome.status == "ok" and outcome.reasons == []
    assert scores(outcome) == {"double_test": 2, "triple_test": 3}
    cells = {grade_id(cell): cell for cell in outcome.notebook.cells}
    assert "HIDDEN" in cells["double_test"].source, "the autograded notebook holds what nbgrader's would"
    assert cells["double"].metadata.nbgrader.checksum
    nbformat.validate(outcome.notebook)


def test_hidden_tests_never_reach_the_students_process(small, grade):
    small.hand_in("ada")
    grade()
    assert grade.session.ran and not any("SECRET" in source for source in grade.session.ran)


def test_a_wrong_answer_says_which_check_and_whether_hidden(small, grade):
    small.hand_in(
        "ada", nbformat.writes(small.solved(double="def double(x):\n    return 4", triple="def triple(x):\n    return 5"))
    )
    outcome = grade()
    first, second = outcome.scores
    assert (first.score, first.hidden) == (0, True) and "SECRET fourteen" in first.message
    assert (second.score, second.hidden) == (0, False) and "three times two is six" in second.message
    cell = next(cell for cell in outcome.notebook.cells if grade_id(cell) == "triple_test")
    assert cell.outputs[-1].output_type == "error"


def test_a_cell_that_kills_the_process_costs_its_own_question_only(small, grade):
    small.hand_in("ada", nbformat.writes(small.solved(double="def double(x):\n    return 2 * x", triple="KILL")))
    outcome = grade()
    assert outcome.status == "partial" and scores(outcome) == {"double_test": 2, "triple_test": 0}
    assert any("triple: ended the process" in reason for reason in outcome.reasons)
    assert grade.session.ran.count("KILL") == 1, "the killer is not run again"


def test_a_call_that_kills_the_process_costs_its_own_question_only(small, grade):
    small.hand_in(
        "ada", nbformat.writes(small.solved(double="def double(x):\n    return 'DIE'", triple="def triple(x):\n    return 3 * x"))
    )
    outcome = grade()
    assert outcome.status == "partial" and scores(outcome) == {"double_test": 0, "triple_test": 3}
    assert "ended" in outcome.scores[0].message


def test_a_slow_cell(small, grade):
    small.hand_in("ada", nbformat.writes(small.solved(double="SLOW", triple="def triple(x):\n    return 3 * x")))
    outcome = grade()
    assert outcome.status == "partial" and scores(outcome) == {"double_test": 0, "triple_test": 3}
    assert any("took too long" in reason for reason in outcome.reasons)


def test_no_time_left(small, grade):
    small.hand_in("ada")
    outcome = grade(limits=Limits(total_timeout=1e-9))
    assert outcome.status == "partial" and scores(outcome) == {"double_test": 0, "triple_test": 0}
    assert any("No time was left" in reason for reason in outcome.reasons)


def test_a_visible_test_runs_with_the_student_only_where_it_is_needed(small, grade):
    notebook = small.solved()
    small.hand_in("ada", nbformat.writes(notebook))
    grade()
    assert not any("two times two" in source for source in grade.session.ran)
    assert _is_seen("plt.plot(x)", []) and _is_seen("got = f(1)", ["print(got)"])
    assert _is_seen("got = f(1)", ["%magic got"])
    assert not _is_seen("got = f(1)\nassert got", ["def g(got):\n    return got"])


def test_javascript_and_html_outputs_do_not_reach_the_instructor(small, grade):
    class Shouting(Session):
        def run_cell(self, source, timeout=None):
            result = super().run_cell(source, timeout)
            html = {"text/html": "<script>alert(1)</script>", "text/plain": "table"}
            result.outputs = [
                nbformat.v4.new_output("display_data", html),
                nbformat.v4.new_output("display_data", {"application/javascript": "alert(1)"}),
                nbformat.v4.new_output("display_data", {"image/png": 'x" onerror="alert(1)'}),
            ]
            return result

    small.hand_in("ada")
    outcome = grade(session=Shouting())
    assert "alert" not in nbformat.writes(outcome.notebook) and "table" in nbformat.writes(outcome.notebook)


def test_ungradable_has_all_questions_at_zero(small):
    small.hand_in("ada", b"")
    intake = take_in(small.assignment, "ada")
    outcome = ungradable(small.assignment, intake)
    assert outcome.status == "ungradable" and scores(outcome) == {"double_test": 0, "triple_test": 0}
    assert "empty" in outcome.reasons[0]


# --- a batch ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def batch(small, checker):
    """Grade the small course; ``batch.fail`` is called with the student before each session."""
    started = []

    @contextlib.contextmanager
    def engine(assignment, limits, jobs):
        script = Script(assignment.reference_notebook("ps1"))

        @contextlib.contextmanager
        def sessions(folder, files, env):
            started.append(1)
            if grade.fail:
                grade.fail(len(started))
            yield Session()

        @contextlib.contextmanager
        def checkers(name):
            checker.begin(script)
            yield checker

        yield sessions, checkers

    def grade(**more):
        started.clear()
        options = {"limits": Limits(), "jobs": 1, "open_engine": engine, "reference": False} | more
        return run.run_batch(small.assignment, **options)

    grade.fail = None
    grade.started = started
    return grade


def test_what_a_killed_run_left_half_written_is_removed(small, batch):
    small.hand_in("ada")
    left = [small.root / "reports" / "ps1" / name for name in (".new-1", "students/.new-2")]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half", encoding="utf-8")
    batch()
    assert [path for path in left if path.exists()] == []
    assert (small.root / "reports" / "ps1" / "students").is_dir()


def test_everybody_has_a_row_and_nothing_is_done_twice(small, batch):
    small.hand_in("ada")
    small.hand_in("ben", nbformat.writes(small.solved("double")))
    small.hand_in("eve", b"rubbish")
    first = batch()
    assert {result.student: (result.status, result.score) for result in first.results} == {
        "ada": ("ok", 5),
        "ben": ("ok", 2),
        "eve": ("ungradable", 0),
    }
    assert (first.graded, first.missing) == (3, [])
    again = batch()
    assert again.graded == 0 and [r.score for r in again.results] == [r.score for r in first.results] and not batch.started
    small.hand_in("ben")
    third = batch()
    assert third.graded == 1 and {r.student: r.score for r in third.results}["ben"] == 5
    assert batch(force=True).graded == 3
    assert batch(students=["ada"], force=True).graded == 1
    with pytest.raises(CourseError, match="nobody"):
        batch(students=["nobody"])


def test_other_tests_or_limits_grade_everybody_again(small, batch):
    small.hand_in("ada")
    batch()
    assert batch(limits=Limits(cell_timeout=7)).graded == 1
    notebook = small.source()
    notebook.cells[3].source += "\n"
    notebook.cells[3].source = notebook.cells[3].source.replace("7) == 14", "8) == 16")
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    assert batch(limits=Limits(cell_timeout=7)).graded == 1


def test_what_an_older_grader_wrote_is_written_anew(small, batch):
    small.hand_in("ada")
    assert batch().graded == 1 and batch().graded == 0
    note = small.root / "reports" / "ps1" / "students" / "ada.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"record": run.RECORD_VERSION - 1}))
    assert batch().graded == 1


def test_a_batch_that_was_stopped_goes_on(small, batch):
    for student in ("ada", "ben", "cleo"):
        small.hand_in(student)

    class Stopped(BaseException):
        pass

    def progress(done, total, result):
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        batch(progress=progress)
    later = batch()
    assert later.graded in (1, 2) and len(later.results) == 3
    assert all(result.score == 5 for result in later.results)


def test_trouble_with_one_student_stops_nobody_else(small, batch):
    for student in ("ada", "ben", "cleo"):
        small.hand_in(student)

    def fail(number):
        if number == 2:
            raise OSError("no memory")

    batch.fail = fail
    first = batch()
    assert len(first.results) == 2 and first.missing == ["ben: OSError: no memory"]
    batch.fail = None
    assert batch().graded == 1


def test_a_missing_autograded_notebook_is_made_again(small, batch):
    small.hand_in("ada")
    batch()
    path = small.root / "autograded" / "ada" / "ps1" / "ps1.ipynb"
    before = path.read_bytes()
    path.unlink()
    assert batch().graded == 1 and path.read_bytes() == before


def test_two_batches_at_a_time_are_refused(small, batch):
    small.hand_in("ada")

    def progress(done, total, result):
        if result is None:
            with pytest.raises(CourseError, match="at work"):
                batch()

    batch(progress=progress)


def test_the_reference_solution_is_graded_first_and_its_losses_told(small, batch):
    small.hand_in("ada")
    assert batch(reference=True).notes == []
    notebook = copy.deepcopy(small.source())
    notebook.cells[3].source = notebook.cells[3].source.replace("double(7) == 14", "double(7) == 15")
    nbformat.write(notebook, small.root / "source" / "ps1" / "ps1.ipynb")
    notes = batch(reference=True).notes
    assert "loses 2 of its points, on double_test: no student" in notes[0]
    assert notes[1].startswith("double_test says: ") and "SECRET fourteen" in notes[1] and "instructor's guide" in notes[1]


def test_a_submission_without_its_folder_for_the_assignment_is_nobodys(small, batch):
    small.hand_in("ada", folder="ps9", name="other.ipynb")
    done = batch()
    assert done.results == [] and done.missing == []


def test_an_assignment_of_two_notebooks(small, checker):
    second = copy.deepcopy(small.source())
    nbformat.write(second, small.root / "source" / "ps1" / "part2.ipynb")
    small.hand_in("ada")
    small.hand_in("ada", nbformat.writes(small.solved("double")), name="part2.ipynb")
    small.hand_in("ben")
    assignment = small.assignment

    @contextlib.contextmanager
    def sessions(folder, files, env):
        yield Session()

    @contextlib.contextmanager
    def checkers(name):
        checker.begin(assignment.reference_notebook(name))
        yield checker

    @contextlib.contextmanager
    def engine(*arguments):
        yield sessions, checkers

    batch = run.run_batch(assignment, limits=Limits(), jobs=1, open_engine=engine, reference=True)
    ada, ben = batch.results
    assert batch.notes == [] and batch.missing == []
    assert (ada.status, ada.score, ada.points) == ("ok", 7, 10)
    assert (ben.status, ben.score) == ("partial", 5)
    assert ben.reasons == ["part2: No notebook was handed in; there is only ps1.ipynb."]
    assert {question["notebook"] for question in ada.questions} == {"part2", "ps1"}
    written = write_feedback(assignment)
    pages, missing = written.pages, written.missing
    assert len(pages) == 4 and missing == []


@pytest.mark.skipif(os.name != "posix", reason="names of folders that Windows does not allow")
def test_ids_that_formgrader_would_take_for_html_are_refused_by_name(small, batch):
    odd = ["<b>", 'a"b', "a&b", "a\nb", "a\x07"]
    for student in (*odd, "Zoë O'Neil (2)"):
        small.hand_in(student)
    done = batch()
    assert done.graded == 1 and [result.student for result in done.results] == ["Zoë O'Neil (2)"]
    assert len(done.missing) == len(odd)
    for student in odd:
        assert any(line.startswith(f"{student!r}: ") and "Rename the folder in 'submitted'" in line for line in done.missing)
    with GradebookWriter(small.assignment) as book:
        assert book.students() == ["Zoë O'Neil (2)"]
