"""nbgrader itself releases every exercise as we do, and grades it as the gate does.

nbgrader starts a kernel for each submission, so there are two for an exercise: the reference solution, and one with right
answers, a wrong one, and no answers. Everything else happens in this process, through nbgrader's own Python interface.
"""

import ast
from pathlib import Path

import nbformat
import pytest
from gate import ONE_THREAD, TIME_LIMIT, Executor, graded_cells, right_answers, with_answer, wrong_answers
from traitlets.config import Config

from pipeline.exercises import instructor_notebook, released_notebook, settings
from pipeline.files import write_text
from pipeline.notebooks import sealed

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own

WARNS = """

right_one = {name}

def {name}(*arguments, **named):
    import warnings
    warnings.warn(f"the answer {{len(arguments)}} is right all the same")
    return right_one(*arguments, **named)
"""


@pytest.fixture(scope="session")
def nbgrader(tmp_path_factory):
    """nbgrader's interface to a course of its own with one gradebook, away from the user's settings."""
    from alembic.script import ScriptDirectory
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.dbutil import ALEMBIC_DIR

    folder = tmp_path_factory.mktemp("course")
    own = settings()  # of the course's settings, only what a release and points depend on
    config = Config(ClearSolutions=own.ClearSolutions, IgnorePattern=own.IgnorePattern, GenerateAssignment=own.GenerateAssignment)
    config.CourseDirectory.root = str(folder / "course")
    config.Exchange.root = str(folder / "exchange")
    config.Execute.timeout = TIME_LIMIT
    config.Execute.shutdown_kernel = "immediate"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
            patch.setenv(name, str(folder / name.lower()))
        for name in ONE_THREAD:
            patch.setenv(name, "1")
        patch.setenv("COURSE_BUDGET", "ci")
        # A new gradebook notes its version. nbgrader asks a command for it, which takes seconds to start.
        patch.setattr("nbgrader.api.get_alembic_version", ScriptDirectory(ALEMBIC_DIR).get_current_head)
        yield NbGraderAPI(config=config)


def test_nbgrader_releases_the_same_exercise(source, nbgrader):
    """An instructor who runs `nbgrader generate_assignment` changes nothing in exercises/."""
    assert _release(source, nbgrader).read_text(encoding="utf-8") == sealed(released_notebook(source))


def test_nbgrader_grades_as_the_gate_does(source, instructor, released, nbgrader):
    """Right answers in other styles get all points although one of them warns, and of a mixed submission the right ones do."""
    reference = instructor(source)
    questions = [cell.name for cell in reference if cell.role == "solution"]
    middle = len(questions) // 2
    wrong, unanswered = questions[middle - 1], questions[middle:]
    answer, losing, _ = next(iter(wrong_answers(source)[wrong].values()))
    stubs = {cell.name: cell.source for cell in released(source)}
    full = {cell.name: cell.source for cell in reference if cell.role == "solution"}
    for answers in right_answers(source)[:1]:
        full |= answers
    mixed = full | {wrong: answer} | {name: stubs[name] for name in unanswered}

    _release(source, nbgrader)
    with_a_warning = full | {questions[0]: full[questions[0]] + WARNS.format(name=_last_function(full[questions[0]]))}
    scores, faults = _grade(source, nbgrader, "full", with_a_warning)
    assert not faults  # not in the cells without points either
    assert scores == {cell.name: cell.points for cell in reference if cell.role == "test"}

    scores, _ = _grade(source, nbgrader, "mixed", mixed)
    cells = reference
    for name in questions:
        cells = with_answer(cells, name, mixed[name])
    with Executor(preload=[]) as executor:  # for a single variant nothing is gained by importing first
        expected = graded_cells(executor.run(cells, free=False))
    assert scores == {name: outcome.score for name, outcome in expected.items()}
    assert not any(scores[name] for name in losing), f"a wrong answer to {wrong} gets points"
    first = [cell.name for cell in reference].index(unanswered[0])
    assert not any(scores[cell.name] for cell in reference[first:] if cell.role == "test"), "points for no answer"
    assert any(scores.values())


def _release(source, nbgrader):
    """Let nbgrader make the assignment, once; the path of the released notebook."""
    course, assignment, name = Path(nbgrader.coursedir.root), source.parent.name, f"{source.stem}.ipynb"
    if not (course / "source" / assignment / name).exists():
        write_text(course / "source" / assignment / name, sealed(instructor_notebook(source)))
        _succeeds(nbgrader.generate_assignment(assignment))
    return course / "release" / assignment / name


def _grade(source, nbgrader, student, answers):
    """Let nbgrader grade a submission; the scores of its code cells, and the errors in the notebook."""
    course, assignment, name = Path(nbgrader.coursedir.root), source.parent.name, f"{source.stem}.ipynb"
    notebook = released_notebook(source)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    _write(notebook, course / "submitted" / student / assignment / name)
    _succeeds(nbgrader.autograde(assignment, student))
    with nbgrader.gradebook as gradebook:
        graded = gradebook.find_submission_notebook(source.stem, assignment, student)
        scores = {grade.name: grade.score for grade in graded.grades if grade.cell.cell_type == "code"}
    ran = nbformat.read(course / "autograded" / student / assignment / name, as_version=4)
    outputs = [output for cell in ran.cells if cell.cell_type == "code" for output in cell.outputs]
    return scores, [output.evalue for output in outputs if output.output_type == "error"]


def _last_function(source):
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)][-1]


def _write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def _succeeds(result):
    assert result["success"], result
