"""The build graph: what a change makes again, and what it leaves alone. Each test edits a file and asks doit."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from pipeline import ROOT


@pytest.fixture(scope="module")
def stale_after(tmp_path_factory):
    """``stale_after(file, old, new)``: the tasks that doit would run after this edit, in a repository where all is up to date."""
    copy = tmp_path_factory.mktemp("course") / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    process = subprocess.Popen(
        [sys.executable, "tests/pipeline/graph_driver.py"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "COURSE_BUDGET": "ci"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(path, old="\n", new="\n\n"):
        process.stdin.write(json.dumps([path, old, new]) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the build graph ended; its last words are on stderr"
        return set(json.loads(answer))

    yield ask
    process.stdin.close()
    assert process.wait() == 0


def lectures(tasks):
    return {name.removeprefix("execute:") for name in tasks if name.startswith("execute:")}


def checks(tasks):
    return {name.removeprefix("check:") for name in tasks if name.startswith("check:")}


def test_nothing_is_made_again_where_nothing_changes(stale_after):
    assert stale_after("README.md", "\n", "\n") == set()


def test_a_comma_in_the_readme_makes_nothing_again(stale_after):
    assert stale_after("README.md", ",", " ,") == set()


@pytest.mark.parametrize("name", ["explorer.js", "explorer.css", "arithmetic.js"])
def test_a_script_that_an_output_embeds_makes_that_lecture_again(stale_after, name):
    stale = stale_after(f"helpers/explorer/{name}")
    assert lectures(stale) == {"week02_convolution/02_sizes"}
    assert {"pages", "slides", "check:site", "check:players"} <= stale


def test_the_players_script_makes_its_lectures_again(stale_after):
    names = lectures(stale_after("helpers/animate/player.js"))
    assert names and all(name.startswith("week02_convolution/") for name in names)


def test_a_helper_makes_only_those_lectures_again_that_use_it(stale_after):
    assert lectures(stale_after("helpers/inside.py")) == {"week04_visualization/02_looking_inside"}
    used = {f"{path.parent.name}/{path.stem}" for path in ROOT.glob("lectures/week*/*.py") if "knn" in path.read_text("utf-8")}
    stale = lectures(stale_after("helpers/knn.py"))
    assert "week01_knn/02_nearest_neighbours" in stale and stale <= used


def test_a_helper_of_a_helper_counts(stale_after):
    assert "week01_knn/01_images" in lectures(stale_after("helpers/data/cache.py"))


def test_stored_results_make_those_lectures_again_that_read_them(stale_after):
    using = {f"{path.parent.name}/{path.stem}": path.read_text("utf-8") for path in ROOT.glob("lectures/week*/*.py")}
    stale = lectures(stale_after("helpers/results/task-weights.csv"))
    assert stale == {"week08_multi_output/03_task_conflict"}
    stale = lectures(stale_after("helpers/results/scoreboard.csv"))
    assert {"week01_knn/03_choosing_k_and_features", "week04_visualization/03_latent_space"} <= stale
    assert all("board" in using[name] for name in stale)
    stale = lectures(stale_after("helpers/results/functions.csv"))
    assert {name for name in using if name.startswith("week05_hyperparameters/")} <= stale
    assert all("experiments" in using[name] for name in stale)


def test_a_command_of_a_package_makes_no_lecture_again(stale_after):
    assert lectures(stale_after("helpers/experiments/__main__.py")) == set()


def test_a_lecture_makes_itself_its_notebook_and_the_book_again(stale_after):
    name = "week03_lenet/02_keras"
    stale = stale_after(f"lectures/{name}.py", "Keras", "KERAS")
    assert f"notebooks:{name}" in stale and {"check:site"} <= stale
    assert not {task for task in stale if task.startswith(("check:gate", "check:grading", "demo"))}


def test_a_slides_style_sheet_leaves_the_pages_alone(stale_after):
    stale = stale_after("pipeline/templates/course_slides/deck.css")
    assert {"slides", "check:slides"} <= stale
    assert not {"pages", "demo"} & stale and lectures(stale) == set()


def test_a_page_of_the_book_leaves_the_slides_and_lectures_alone(stale_after):
    stale = stale_after("book/glossary.md")
    assert {"pages", "check:site"} <= stale
    assert "slides" not in stale and lectures(stale) == set()


def test_what_makes_pages_counts(stale_after):
    for name in ("book", "notebooks", "files", "__init__", "icons", "images"):
        assert "pages" in stale_after(f"pipeline/{name}.py"), name


def test_the_demo_class_follows_its_exercise_and_the_grader(stale_after):
    for name in ("grading/cli.py", "pipeline/exercises.py", "pipeline/notebooks.py", "helpers/checks.py", "nbgrader_config.py"):
        assert "demo" in stale_after(name), name


def test_a_printed_week_follows_its_pages(stale_after):
    page = "build/book/_build/html/lectures/week01_knn/01_images.html"
    assert stale_after(page, "week01_knn/01_images", "corrected") == {"pdf:week01_knn"}
    assert stale_after("build/book/_build/html/_static/course.css", "0", "1") == {"pdf:week01_knn", "pdf:week02_convolution"}


def test_an_exercise_makes_its_own_gate_run_again(stale_after):
    for name in ("solutions/week03_lenet/lenet.py", "tests/exercises/week03_lenet/wrong_answers.py"):
        stale = checks(stale_after(name, "#" if name.startswith("s") else '"""', "# " if name.startswith("s") else '""" '))
        assert {"gate-week03_lenet", "nbgrader-week03_lenet"} <= stale
        assert not {check for check in stale if check.startswith(("gate", "nbgrader")) and "week03" not in check}


def test_the_gate_itself_makes_all_of_them_run_again(stale_after):
    stale = checks(stale_after("tests/exercises/gate.py"))
    weeks = {path.parent.name for path in ROOT.glob("solutions/week*/*.py")}
    assert {f"gate-{week}" for week in weeks} <= stale


def test_a_check_of_answers_makes_every_gate_run_again_and_no_lecture(stale_after):
    stale = stale_after("helpers/checks.py")
    assert {f"gate-{path.parent.name}" for path in ROOT.glob("solutions/week*/*.py")} <= checks(stale)
    assert lectures(stale) == set()


def test_the_grader_makes_the_checks_of_grading_run_again_and_no_gate(stale_after):
    stale = checks(stale_after("grading/sandbox/pool.py"))
    assert {"grading-corpus", "grading-sandbox"} <= stale
    assert not {check for check in stale if check.startswith(("gate", "site", "slides"))}


def test_new_versions_make_the_checks_run_again(stale_after):
    assert len(checks(stale_after("constraints.txt"))) > 20
