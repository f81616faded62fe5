"""The fault corpus: every submission gets a row, and the right score; nothing leaks, nothing is spoilt."""

import importlib.util
import json
import sys
from pathlib import Path

import nbformat
import pytest

from grading.batch.engine import open_engine
from grading.batch.run import run_batch
from grading.model import Limits
from grading.nbgrader.course import Course
from pipeline.exercises import instructor_notebook, released_notebook
from tests.grading import corpus

pytestmark = pytest.mark.needs("confinement")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The corpus of the small course, and how its files looked before grading."""
    spec = importlib.util.spec_from_file_location("small_course", Path(__file__).with_name("conftest.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    base = tmp_path_factory.mktemp("corpus")
    small = module.Small(base / "course")
    out = base / "graded"
    corpus.build(small.root, out)
    return out


def contents(folder):
    """Every file below a folder, with what is in it."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**24
    }


@pytest.fixture(scope="module")
def graded(folder):
    before = contents(folder / "submitted") | contents(folder / "source")
    batch = run_batch(
        Course.open(folder).assignment("ps1"),
        limits=Limits(cell_timeout=4, total_timeout=60, memory=2**30),
        jobs=2,
        open_engine=open_engine,
    )
    after = contents(folder / "submitted") | contents(folder / "source")
    return batch, before, after


def test_there_are_cases_of_every_kind(folder):
    table = json.loads((folder / "corpus.json").read_text())
    cases = table["cases"]
    assert len(cases) >= 100
    assert len({case["student"] for case in cases}) == len(cases)
    by_fault = {case["fault"] for case in cases}
    assert by_fault >= {
        "honest",
        "noise on stderr",
        "for a person",
        "files",
        "odd student ids",
        "files that must not come along",
        "a forged timestamp",
        "cells taken apart",
        "tests edited",
        "other programs and versions",
        "endless and dying",
        "broken answers",
        "floods and bombs",
        "forged answers",
        "forged surroundings",
        "reading and writing what is not theirs",
    }


def test_every_case_gets_its_row_and_its_score(folder, graded):
    batch, _, _ = graded
    assert batch.missing == []
    results = corpus.compare(folder, {result.student: (result.status, result.score) for result in batch.results})
    wrong = [row for row in results if not row[-1]]
    assert not wrong, "\n" + corpus.show(wrong)


def test_the_gradebook_has_the_same_scores(folder, graded):
    from nbgrader.api import Gradebook

    table = json.loads((folder / "corpus.json").read_text())
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for case in table["cases"]:
            submission = gradebook.find_submission("ps1", Course.student_id(case["student"]))
            automatic = sum(grade.auto_score or 0 for notebook in submission.notebooks for grade in notebook.grades)
            assert automatic == pytest.approx(case["score"]), case["student"]
            assert submission.score <= submission.max_score


def test_nothing_has_leaked(folder, graded):
    assert corpus.leaks(folder) == []


def test_nothing_handed_in_was_changed(folder, graded):
    _, before, after = graded
    assert before.keys() == after.keys()
    assert [path for path in before if before[path] != after[path]] == []


def test_grading_again_gives_the_same(folder, graded):
    batch, _, _ = graded
    names = ["full", "untouched", "truncated-half", "no-metadata-no-ids", "patched-numpy", "os-exit-in-answer", "always-equal"]
    again = run_batch(
        Course.open(folder).assignment("ps1"),
        limits=Limits(cell_timeout=4, total_timeout=60, memory=2**30),
        jobs=2,
        open_engine=open_engine,
        students=names,
        force=True,
    )
    first = {result.student: (result.status, result.score, result.questions) for result in batch.results}
    for result in again.results:
        assert (result.status, result.score, result.questions) == first[result.student], result.student


def test_the_search_for_hidden_tests_finds_them_where_it_may(folder, monkeypatch):
    # The hostile case proves something only if it finds the tests of a grader that leaves them in reach.
    notebook = json.loads((folder / "submitted" / "reads-tests" / "ps1" / "ps1.ipynb").read_text())
    source = next(cell["source"] for cell in notebook["cells"] if "_seek" in cell["source"])
    source = source.replace('places += ["/proc/1", "/tmp", "/home", "/root"]', "")
    source = source.replace("_os.path.dirname", "(lambda path: path)")
    monkeypatch.chdir(folder / "source")
    space = {}
    exec(source, space)
    assert any(place.endswith("ps1.ipynb") for place in space["_seek"]())


def test_it_is_made_from_the_command_line(small, capsys, tmp_path):
    assert corpus.main([str(small.root), "--out", str(tmp_path / "out")]) == 0
    assert "submissions of ps1" in capsys.readouterr().out
    assert corpus.main([str(small.root), "--out", str(tmp_path / "out")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert corpus.main([str(small.root), "--out", str(tmp_path / "new"), "--assignment", "ps9"]) == 2
    assert "no assignment 'ps9'" in capsys.readouterr().err
    assert corpus.main([str(tmp_path / "out"), "--check"]) == 2
    assert "grade the corpus first" in capsys.readouterr().err


def test_what_the_corpus_expects_is_what_another_program_finds(tmp_path):
    # Which tests a missing answer costs is told from the sources. The gate of the exercises runs them, without any grader.
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("gate", root / "tests" / "exercises" / "gate.py")
    gate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gate)
    solution = root / "solutions" / "week01_knn" / "knn.py"
    (tmp_path / "source" / "week01_knn").mkdir(parents=True)
    nbformat.write(instructor_notebook(solution), tmp_path / "source" / "week01_knn" / "knn.ipynb")
    exercise = corpus.Exercise(Course.open(tmp_path).assignment("week01_knn"), "knn")
    cells = gate.code_cells(instructor_notebook(solution))
    stubs = {cell.name: cell.source for cell in gate.code_cells(released_notebook(solution))}
    with gate.Executor() as executor:
        for question in exercise.defines:
            outcomes = executor.run(gate.with_answer(cells, question, stubs[question]), free=False)
            lost = {one.name for one in outcomes if one.role == "test" and not one.score}
            assert lost == exercise.depends[question], question


@pytest.mark.skipif(sys.platform != "linux", reason="names of files that other systems do not allow")
def test_the_expected_scores_add_up(folder):
    table = json.loads((folder / "corpus.json").read_text())
    scores = {case["student"]: case["score"] for case in table["cases"]}
    assert table["maximum"] == scores["full"] == 5 and scores["untouched"] == 0
    assert (scores["missing-0"], scores["missing-1"]) == (3, 2)  # 2 points for `double`, 3 for `triple`
    assert all(0 <= score <= 5 for score in scores.values())
