"""Studies: nothing is lost by a kill, nothing is done twice, several processes share one file, rows say where they come from."""

import dataclasses
import functools
import multiprocessing
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from helpers.experiments import catalogue, engine, provenance, show, studies
from helpers.experiments.__main__ import main
from helpers.experiments.store import Store
from helpers.experiments.study import Study, tuned

COLUMNS = ["way", "rate", "stage", "seed", "accuracy"]


def made_up(run=None, plan=None, **changes):
    """A study whose runs cost nothing."""

    def measure(task):
        return {"accuracy": task["rate"] + task["seed"] / 1000, "multiply_adds": 7}

    def grid(rows):
        return [{"way": way, "rate": rate, "seed": seed} for way, rate in (("a", 0.1), ("b", 0.2)) for seed in range(3)]

    facts = {
        "name": "made-up",
        "question": "Which way is better?",
        "varied": "the way",
        "tuned": "nothing",
        "fixed": "all else",
        "settings": ("way", "rate"),
        "measures": ("accuracy",),
        "plan": plan or grid,
        "run": run or measure,
        "level": "way",
        "measure": "accuracy",
    }
    return Study(**facts | changes)


# --- the file ---------------------------------------------------------------------------------------------


def row(seed, accuracy=0.5):
    return {"way": "a", "rate": 0.1, "stage": "final", "seed": seed, "accuracy": accuracy}


def test_rows_come_back_as_they_were_written(tmp_path):
    store = Store(tmp_path / "rows.csv", COLUMNS, COLUMNS[:-1])
    there = [row(0), row(1, float("nan")), {**row(2), "way": 'with, comma and "quotes"'}]
    assert all(store.append(each) for each in there)
    np.testing.assert_equal(store.read(), there)
    assert not store.append(row(0, 0.9)) and store.read()[0]["accuracy"] == 0.5  # the first one counts


def test_text_that_looks_like_a_number_stays_text(tmp_path):
    store = Store(tmp_path / "rows.csv", ["seed", "commit"], ["seed"], text=["commit"])
    store.append({"seed": 1, "commit": "12e456789012"})
    assert store.read() == [{"seed": 1, "commit": "12e456789012"}]
    assert {"commit", "date", "versions"} <= made_up().store(tmp_path / "rows.csv").text


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path):
    path = tmp_path / "rows.csv"
    store = Store(path, COLUMNS, COLUMNS[:-1])
    for seed in range(3):
        store.append(row(seed))
    whole = path.read_bytes()
    last = whole.rstrip().rfind(b"\n") + 1
    for cut in range(last, len(whole)):  # wherever the kill came
        path.write_bytes(whole[:cut])
        assert store.read() == [row(0), row(1)]
    assert store.append(row(2)) and path.read_bytes() == whole


def test_another_file_or_a_damaged_line_is_refused(tmp_path):
    path = tmp_path / "rows.csv"
    store = Store(path, COLUMNS, COLUMNS[:-1])
    path.write_text("name,mark\nAda,1\n")
    with pytest.raises(ValueError, match="other columns"):
        store.read()
    with pytest.raises(ValueError, match="other columns"):
        store.append(row(0))
    assert path.read_text() == "name,mark\nAda,1\n"
    path.write_text(",".join(COLUMNS) + "\na,0.1,final\n")
    with pytest.raises(ValueError, match="line 2: 3 values for 5 columns"):
        store.read()
    with pytest.raises(ValueError, match="not matched: accuracy"):
        store.append({name: 1 for name in COLUMNS[:-1]})


def write_many(path, start):
    store = Store(path, COLUMNS, COLUMNS[:-1])
    for seed in range(start, start + 40):
        store.append(row(seed))


def test_two_processes_write_one_file(tmp_path):
    path = tmp_path / "rows.csv"
    fresh = multiprocessing.get_context("spawn")
    both = [fresh.Process(target=write_many, args=(path, start)) for start in (0, 20)]  # 20 rows are wanted by both
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    seeds = [each["seed"] for each in Store(path, COLUMNS, COLUMNS[:-1]).read()]
    assert sorted(seeds) == list(range(60)) and len(path.read_text().splitlines()) == 61


def test_a_run_is_claimed_by_one_process_only(tmp_path):
    store = Store(tmp_path / "rows.csv", COLUMNS, COLUMNS[:-1])
    with store.claim(row(0)) as first:
        code = (
            "import sys; from helpers.experiments.store import Store\n"
            f"store = Store(sys.argv[1], {COLUMNS}, {COLUMNS[:-1]})\n"
            f"for seed in (0, 1):\n"
            f"    with store.claim({{**{row(0)}, 'seed': seed}}) as ours: print(ours)"
        )
        told = subprocess.run([sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=True).stdout
    assert first and told.split() == ["False", "True"]


# --- the engine -------------------------------------------------------------------------------------------


def test_only_what_is_missing_is_run(tmp_path):
    done = []

    def measure(task):
        done.append((task["way"], task["seed"]))
        return {"accuracy": 0.5, "multiply_adds": 1}

    study, path = made_up(measure), tmp_path / "rows.csv"
    assert len(engine.run(study, output=path, limit=2, progress=False)) == 2 and len(done) == 2
    assert len(engine.run(study, output=path, progress=False)) == 6
    assert len(done) == 6 == len(set(done))
    engine.run(study, output=path, progress=False)
    assert len(done) == 6


def test_a_row_says_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    rows = engine.run(made_up(), output=tmp_path / "rows.csv", command="the command", limit=1, progress=False)
    told = rows[0]
    assert told["budget"] == "ci" and told["command"] == "the command" and told["multiply_adds"] == 7
    assert told["versions"].startswith("python 3.") and "numpy" in told["versions"] and told["processor"]
    assert told["threads"] >= 1 and told["seconds"] >= 0 and len(told["date"]) == 10
    assert set(provenance.COLUMNS) <= set(told)


def test_the_commit_is_that_of_the_code_that_ran(tmp_path, monkeypatch):
    """Somebody commits while the run goes on."""
    heads = iter(["before", "after"])
    monkeypatch.setattr(provenance, "commit", functools.cache(lambda: next(heads)))
    seen = []

    def measure(task):
        seen.append(provenance.commit.cache_info().currsize)
        return {"accuracy": 0.5, "multiply_adds": 1}

    rows = engine.run(made_up(measure), output=tmp_path / "rows.csv", progress=False)
    assert {each["commit"] for each in rows} == {"before"} and seen[0] == 1


def test_a_run_that_measures_something_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match="loss"):
        engine.run(made_up(lambda task: {"loss": 1, "multiply_adds": 1}), output=tmp_path / "rows.csv", progress=False)


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
from tests.helpers.test_studies import made_up
from helpers.experiments import engine
def measure(task):
    print("begun", task["way"], task["seed"], flush=True)
    if (task["way"], task["seed"]) == ("b", 1):
        time.sleep(600)
    return {{"accuracy": 0.5, "multiply_adds": 1}}
engine.run(made_up(measure), output={path!r}, progress=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_a_kill_loses_the_run_that_was_going_on_and_no_other(tmp_path, request):
    path = tmp_path / "rows.csv"
    code = SLOW.format(root=str(request.config.rootpath), path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line == "begun b 1\n":
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    study = made_up()
    assert [(each["way"], each["seed"]) for each in study.rows(path)] == [("a", 0), ("a", 1), ("a", 2), ("b", 0)]
    assert len(engine.run(study, output=path, progress=False)) == 6  # the claim of the killed process is gone with it


def test_a_second_process_takes_on_what_the_first_is_not_doing(tmp_path, request):
    """The first hangs in a run; the second does the rest, and does not do that one."""
    path = tmp_path / "rows.csv"
    code = SLOW.format(root=str(request.config.rootpath), path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if line == "begun b 1\n":
                break
        rows = engine.run(made_up(), output=path, limit=1, progress=False)
    finally:
        process.kill()
        process.wait()
    assert ("b", 1) not in {(each["way"], each["seed"]) for each in rows} and len(rows) == 5


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """A study of six runs that other processes find by its name as well."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(
        "from helpers.experiments import catalogue, studies\n"
        "catalogue.MODULES['quick'] = 'quick'\n"
        "studies.__path__.append(" + repr(str(tmp_path)) + ")\n"
    )
    (tmp_path / "quick.py").write_text(
        "import os\n"
        "from helpers.experiments.study import Study\n"
        "def study():\n"
        "    return Study('quick', 'q', 'v', 't', 'f', ('way',), ('accuracy', 'process'), \n"
        "        lambda rows: [{'way': 'a', 'seed': seed} for seed in range(6)],\n"
        "        lambda task: {'accuracy': task['seed'] / 10, 'process': os.getpid(), 'multiply_adds': 1}, 'way', 'accuracy')\n"
    )
    monkeypatch.setitem(catalogue.MODULES, "quick", "quick")
    monkeypatch.setattr(studies, "__path__", [*studies.__path__, str(tmp_path)])
    return catalogue.find("quick")


def test_several_workers_write_one_file(quick, tmp_path):
    rows = engine.run(quick, output=tmp_path / "rows.csv", workers=2, threads=1, progress=False)
    assert sorted(each["accuracy"] for each in rows) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert os.getpid() not in {each["process"] for each in rows} and {each["threads"] for each in rows} == {1}


def test_a_cluster_does_the_runs_and_this_process_writes_them(quick, tmp_path):
    import distributed

    words = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**words) as cluster:
        rows = engine.run(quick, output=tmp_path / "rows.csv", scheduler=cluster.scheduler_address, workers=2, progress=False)
    assert sorted(each["accuracy"] for each in rows) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert os.getpid() not in {each["process"] for each in rows}


def test_check_finds_a_row_that_does_not_come_back(tmp_path, capsys):
    study, path = made_up(), tmp_path / "rows.csv"
    with pytest.raises(ValueError, match="run it first"):
        engine.check(study, output=path)
    engine.run(study, output=path, progress=False)
    assert engine.check(study, output=path, number=6) == [] and capsys.readouterr().out.count("stored") == 6
    changed = made_up(lambda task: {"accuracy": task["rate"] + 0.5, "multiply_adds": 7})
    assert len(engine.check(changed, output=path, number=6)) == 6
    assert engine.check(dataclasses.replace(changed, tolerance=1.0), output=path, number=6) == []


# --- plans ------------------------------------------------------------------------------------------------


def answer(plan, best, rows=()):
    """All rows of a tuned plan whose accuracy falls with the distance from the best rate."""
    rows = list(rows)
    while True:
        there = {(each["way"], each["rate"], each["stage"], each["seed"]) for each in rows}
        tasks = [task for task in plan(rows) if (task["way"], task["rate"], task["stage"], task["seed"]) not in there]
        if not tasks:
            return rows
        rows += [task | {"accuracy": -abs(np.log(task["rate"] / best[task["way"]]))} for task in tasks]


def test_tuning_goes_on_until_the_best_lies_inside_its_range():
    plan = tuned(
        {"a": [0.1, 1, 10], "b": [0.1, 1, 10]},
        level="way",
        setting="rate",
        measure="accuracy",
        tuning_seeds=[100, 101],
        seeds=range(5),
    )
    rows = answer(plan, {"a": 0.011, "b": 100.0})
    for way, best in (("a", 0.01), ("b", 100)):
        tried = sorted({each["rate"] for each in rows if each["way"] == way and each["stage"] == "tune"})
        final = {(each["rate"], each["seed"]) for each in rows if each["way"] == way and each["stage"] == "final"}
        assert final == {(best, seed) for seed in range(5)} and tried[0] < best < tried[-1]


def test_tuning_stops_widening_at_last():
    plan = tuned({"a": [1, 2, 4]}, level="way", setting="rate", measure="accuracy", tuning_seeds=[9], seeds=[0], widenings=2)
    rows = answer(plan, {"a": 1e9})
    assert max(each["rate"] for each in rows) == 16 and rows[-1]["stage"] == "final"


def test_a_run_that_failed_loses_its_tuning():
    plan = tuned({"a": [1, 2, 4]}, level="way", setting="rate", measure="accuracy", tuning_seeds=[9], seeds=[0])
    rows = [task | {"accuracy": {1: float("nan"), 2: 0.4, 4: 0.3}[task["rate"]]} for task in plan([])]
    assert [task["rate"] for task in plan(rows) if task["stage"] == "final"] == [2]


def test_seeds_of_the_second_stage_are_new():
    words = {"level": "way", "setting": "rate", "measure": "accuracy"}
    with pytest.raises(ValueError, match="must be new"):
        tuned({"a": [1, 2, 3]}, tuning_seeds=[0], seeds=[0, 1], **words)
    with pytest.raises(ValueError, match="rising order"):
        tuned({"a": [1, 2]}, tuning_seeds=[9], seeds=[0], **words)


@pytest.mark.parametrize("name", catalogue.MODULES)
def test_the_course_s_studies_are_whole(name):
    study = catalogue.find(name)
    assert study.name == name and study.question.endswith("?") and study.varied and study.tuned and study.fixed
    tasks = study.plan([])
    assert tasks and all(set(task) == set(study.key) for task in tasks)
    rows = study.rows()
    assert all(0 <= each[study.measure] <= 1 or np.isnan(each[study.measure]) for each in rows)
    assert all(each["commit"] != "unknown" and each["command"].startswith("python -m helpers.experiments run") for each in rows)
    assert name in show.report(study, rows)


# --- what is printed --------------------------------------------------------------------------------------


def test_the_table_ranks_and_judges(tmp_path):
    study, path = made_up(), tmp_path / "rows.csv"
    assert "no run" in show.report(study, [])
    rows = engine.run(study, output=path, progress=False)
    text = show.report(study, rows)
    lines = text.splitlines()
    table = [line.split() for line in lines if line.startswith("  a ") or line.startswith("  b ")]
    assert table[0][:5] == ["b", "3", "20.10", "±", "0.25"] and table[0][5:] == ["the", "best"]
    assert table[1][:2] == ["a", "3"] and table[1][-1] == "lower"
    assert "6 runs: 42 multiply-adds" in lines[-1] and lines[-1].endswith("complete")
    assert "5 more are planned" in show.report(study, rows[:1])


def test_the_command_line_names_shows_and_refuses(capsys, tmp_path):
    assert main(["list"]) == 0 and "lenet-ladder" in capsys.readouterr().out
    assert main(["show", "lenet-ladder", "--output", str(tmp_path / "none.csv")]) == 0
    assert "no run that answers" in capsys.readouterr().out
    assert main(["check", "lenet-ladder", "--output", str(tmp_path / "none.csv")]) == 1
    assert "run it first" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["run", "lenet-latter"])
    assert "invalid choice" in capsys.readouterr().err
    with pytest.raises(ValueError, match="did you mean 'lenet-ladder'"):
        catalogue.find("lenet-latter")
    with pytest.raises(ValueError, match=r"no study 'zzz'\. There are: lenet-ladder, "):
        catalogue.find("zzz")
    assert main(["show", "functions"]) == 0 and "Adadelta" in capsys.readouterr().out
