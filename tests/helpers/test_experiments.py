"""Week 5's experiments: every run is kept, none is done twice, a killed process loses nothing, and the arithmetic is right."""

import dataclasses
import subprocess
import sys

import keras
import numpy as np
import pytest
from scipy import stats

from helpers import budget, experiments
from helpers.data import load
from helpers.experiments import Recipe, Run
from helpers.experiments.__main__ import main
from helpers.experiments.runs import append, only_writer

few = experiments.part(load("fashion_mnist", source="sample"), 100, 50)


def made_up(accuracy, seed=0, loss=1.0, **choices):
    """A run that nobody trained."""
    return Run(
        **dataclasses.asdict(Recipe(**choices)),
        seed=seed,
        images=100,
        checks=50,
        epochs=1,
        loss=loss,
        accuracy=accuracy,
        train_loss=0.5,
        train_accuracy=0.9,
        accuracies=(0.25, accuracy),
        seconds=1.5,
        cpu_seconds=2.0,
        budget="ci",
        data="fashion_mnist",
        keras="3.0",
        backend="numpy 2.0",
        cores=2,
    )


# --- recipes and plans ------------------------------------------------------------------------------------


def test_the_levels_are_those_of_the_syllabus():
    assert [len(levels) for levels in experiments.FACTORS.values()] == [4, 12, 7]
    assert len(experiments.plan("functions", seeds=1)) == 23 - 2  # the baseline belongs to all three tables


def test_rates_are_keras_own():
    for name, rate in experiments.RATES.items():
        assert float(keras.optimizers.get(name).learning_rate) == pytest.approx(rate)
    for name, rates in experiments.MORE_RATES.items():
        assert len(rates) == 5 and experiments.RATES[name] in rates
    assert set(experiments.MORE_RATES) == set(experiments.OPTIMISERS)


def test_strength_is_keras_own():
    for told in (keras.regularizers.L1().l1, keras.regularizers.L2().l2):
        assert float(told) == pytest.approx(experiments.STRENGTH)


def test_a_recipe_knows_its_name_and_refuses_others():
    assert Recipe().name == "baseline"
    assert Recipe(optimiser="SGD").name == "SGD" and Recipe(optimiser="SGD", rate=0.1).name == "SGD 0.1"
    assert Recipe(regulariser="l1", strength=0.001).name == "l1 0.001"
    assert Recipe(initialiser="he_normal", optimiser="SGD").name == "he_normal with SGD"
    assert Recipe(strength=3.0) == Recipe()  # no regulariser, no strength
    with pytest.raises(ValueError, match="optimiser='Sgd' is none of SGD"):
        Recipe(optimiser="Sgd")
    with pytest.raises(ValueError, match="no study 'all'"):
        experiments.plan("all")


def test_plans_hold_no_run_twice_and_take_seeds():
    for study in experiments.STUDIES:
        runs = experiments.plan(study, seeds=2)
        assert len(runs) == len(set(runs)) and {seed for _, seed in runs} == {0, 1}
    assert experiments.plan("same", seeds=(7, 9)) == [(Recipe(), 7), (Recipe(), 9)]


# --- the network ------------------------------------------------------------------------------------------


def test_the_network_has_what_the_recipe_says():
    model = experiments.network("l2", 0.5, "Ones", "SGD", 0.25)
    kernels = [layer for layer in model.layers if layer.weights]
    assert [layer.kernel_regularizer.l2 for layer in kernels] == [0.5] * 4
    assert all((keras.ops.convert_to_numpy(layer.kernel) == 1).all() for layer in kernels)
    assert all(not keras.ops.convert_to_numpy(layer.bias).any() for layer in kernels)
    assert type(model.optimizer).__name__ == "SGD" and float(model.optimizer.learning_rate) == 0.25
    both = experiments.network("l1_l2", 0.5).layers[0].kernel_regularizer
    assert float(both.l1) == float(both.l2) == 0.5  # l1_l2() alone would be 0 and 0
    assert experiments.network().layers[0].kernel_regularizer is None


def test_an_initialiser_object_gives_every_layer_values_of_its_own():
    model = experiments.network(initialiser=keras.initializers.RandomNormal(1.0, 0.05))
    first, second = (keras.ops.convert_to_numpy(layer.kernel).ravel()[:72] for layer in model.layers[:2])
    assert first.mean() == pytest.approx(1, abs=0.05) and not np.allclose(first, second)


# --- training and the file --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "new folder" / "runs.csv"
    runs = [
        (Recipe(), 0),
        (Recipe(optimiser="SGD"), 0),
        (Recipe(initialiser="Zeros"), 0),
        (Recipe(), 1),
        (Recipe(optimiser="SGD", rate=0.1), 0),
    ]
    return path, runs, experiments.train(runs, few, epochs=2, output=path)


def test_runs_come_back_in_the_order_asked_for(trained):
    _, runs, done = trained
    assert [(run.recipe, run.seed) for run in done] == runs
    for run in done:
        assert (run.images, run.checks, run.epochs, len(run.accuracies)) == (100, 50, 2, 2)
        assert run.accuracies[-1] == pytest.approx(run.accuracy, abs=1e-4)
        assert run.data == "fashion_mnist sample" and run.budget == budget.name() and run.seconds > 0
    assert done[2].accuracy == 0.1 and done[2].loss == pytest.approx(np.log(10), abs=1e-2)


def test_a_run_is_what_keras_does_alone(trained):
    """Nothing leaks from one run into the next, although they share a compiled model."""
    (x, y), (x_val, y_val) = experiments.arrays(few.train), experiments.arrays(few.validation)
    for which in (3, 4):
        run = trained[2][which]
        keras.utils.set_random_seed(run.seed)
        model = experiments.network(**dataclasses.asdict(run.recipe))
        keras.utils.set_random_seed(run.seed)
        again = keras.callbacks.LambdaCallback(on_train_begin=lambda logs, seed=run.seed: keras.utils.set_random_seed(seed))
        model.fit(x, y, epochs=2, batch_size=experiments.BATCH, callbacks=[again], verbose=0)
        told = model.evaluate(x_val, y_val, verbose=0, return_dict=True)
        assert run.loss == pytest.approx(told["cross_entropy"], rel=1e-3)


def test_the_loss_is_without_the_penalty():
    (run,) = experiments.train([(Recipe(regulariser="l2", strength=10.0), 0)], few, epochs=1)
    assert run.loss < 3  # the penalty alone is hundreds


def test_the_file_holds_the_runs_and_none_is_done_again(trained, monkeypatch):
    path, runs, done = trained
    assert experiments.read(path) == sorted(done, key=experiments.read(path).index) and len(experiments.read(path)) == 5
    before = path.read_bytes()
    monkeypatch.setattr("helpers.training.repeat", lambda *_, **__: pytest.fail("trained again"))
    assert experiments.train(runs[::-1], few, epochs=2, output=path) == done[::-1]
    assert path.read_bytes() == before


def test_other_sizes_are_other_runs(trained):
    path, runs, _ = trained
    (again,) = experiments.train(runs[:1], few, epochs=1, output=path)
    assert again.epochs == 1 and len(experiments.read(path)) == 6
    with pytest.raises(ValueError, match="cannot be compared"):
        experiments.one_factor(experiments.read(path), "optimiser")


def test_a_line_cut_short_by_a_kill_is_done_again(trained, tmp_path):
    path = tmp_path / "cut.csv"
    whole = trained[0].read_bytes()
    path.write_bytes(whole[: whole.rstrip().rfind(b"\n") + 20])  # the last line is a stump
    kept = experiments.read(path)
    assert kept == experiments.read(trained[0])[:-1]
    append(path, made_up(0.5))
    assert experiments.read(path) == [*kept, made_up(0.5)]


def test_a_file_of_something_else_is_refused(tmp_path, trained):
    path = tmp_path / "other.csv"
    path.write_text("name,mark\nAda,1\n")
    with pytest.raises(ValueError, match="does not name the columns"):
        experiments.read(path)
    lines = trained[0].read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2].replace(",", ";", 1), *lines[3:], ""]))
    with pytest.raises(ValueError, match="line 3: .*Delete the line"):
        experiments.read(path)
    with pytest.raises(FileNotFoundError):
        experiments.read(tmp_path / "nothing.csv")


def test_two_processes_do_not_write_into_one_file(tmp_path):
    with only_writer(tmp_path / "runs.csv"), pytest.raises(RuntimeError, match="another process"):
        experiments.train([(Recipe(), 0)], few, epochs=1, output=tmp_path / "runs.csv")


def test_the_test_images_are_not_even_handed_on():
    assert len(few.test) == 0 and len(few.train) == 100 and len(few.validation) == 50
    assert (np.bincount(few.train.labels) == 10).all()
    again = experiments.part(load("fashion_mnist", source="sample"), 100, 50)
    np.testing.assert_array_equal(again.train.images, few.train.images)


# --- the arithmetic ---------------------------------------------------------------------------------------


def test_one_factor_at_a_time():
    runs = [
        made_up(0.5),
        made_up(0.6, optimiser="SGD"),
        made_up(0.7, optimiser="SGD", rate=0.1),
        made_up(0.8, regulariser="l1"),
        made_up(0.9, initialiser="Ones", optimiser="SGD"),
        made_up(0.4, seed=1),
        made_up(0.3, regulariser="l1", strength=1.0),
    ]
    told = {
        factor: {level: [run.accuracy for run in group] for level, group in experiments.one_factor(runs, factor).items()}
        for factor in experiments.FACTORS
    }
    assert told == {
        "regulariser": {"none": [0.5, 0.4], "l1": [0.8]},
        "initialiser": {"glorot_uniform": [0.5, 0.4]},
        "optimiser": {"SGD": [0.6], "Adam": [0.5, 0.4]},
    }
    assert list(experiments.one_factor(runs, "rate", Recipe(optimiser="SGD"))) == [0.01, 0.1]
    assert list(experiments.one_factor(runs, "strength", Recipe(regulariser="l1"))) == [0.01, 1.0]
    with pytest.raises(ValueError, match="no run differs"):
        experiments.one_factor(runs[-1:], "optimiser")


def test_difference_is_welchs_interval():
    generator = np.random.default_rng(0)
    first, second = generator.normal(0.8, 0.01, 5), generator.normal(0.7, 0.05, 4)
    mean, half = experiments.difference(first, second)
    judge = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((judge.low, judge.high))
    many = experiments.difference(first, second, comparisons=66)[1]
    judge = stats.ttest_ind(first, second, equal_var=False).confidence_interval(1 - 0.05 / 66)
    assert many == pytest.approx((judge.high - judge.low) / 2) and many > half
    assert experiments.difference([0.1, 0.1], [0.1, 0.1]) == (0, 0)
    assert np.isnan(experiments.difference([np.nan, 1], [0.1, 0.2])[1])
    with pytest.raises(ValueError, match="two or more"):
        experiments.difference([1], [1, 2])


def test_intervals_keep_their_promise_for_all_pairs():
    """Equal levels, ranked: in at most about 5 % of the tables is any pair told apart."""
    generator = np.random.default_rng(1)
    tables, alarms = 400, 0
    for _ in range(tables):
        groups = {name: [made_up(a, seed) for seed, a in enumerate(generator.normal(0.8, 0.01, 5))] for name in "abcdefg"}
        alarms += any(told for *_, told in experiments.gaps(groups).values())
    assert alarms / tables < 0.07


def test_ranking_and_table(capsys):
    groups = {
        "worst": [made_up(0.1, 0, 2.3), made_up(0.1, 1, 2.3)],
        "tied, higher loss": [made_up(0.1, 0, 9e6), made_up(0.1, 1, 8e6)],
        "best": [made_up(0.90, 0, 0.3), made_up(0.91, 1, 0.4)],
    }
    assert experiments.ranked(groups) == ["best", "worst", "tied, higher loss"]
    diverged = {"nan": [made_up(0.2, loss=np.nan)], "number": [made_up(0.1, loss=7.0)]}
    assert experiments.ranked(diverged, "loss") == ["number", "nan"]
    experiments.table(groups)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Validation: 2 runs a row, 100 images, 1 epochs, 50 validation images (fashion_mnist)"
    half = 12.706 * 0.5  # Student's quantile for two runs times their standard error: a 95 % interval, not a standard deviation
    assert lines[3].split()[:6] == ["1", "best", "90.5", "±", f"{half:.1f}", "0.350"] and "yes" not in lines[3]
    assert lines[4].split()[-2:] == ["yes", "yes"] and lines[5].split()[-2:] == ["no", "yes"] and "8,500,000" in lines[5]
    experiments.table({"one": [made_up(0.5)]})  # a single run has no spread: no verdict, no error
    assert "nan" in capsys.readouterr().out
    with pytest.raises(ValueError, match="rank by"):
        experiments.ranked(groups, "seconds")


def test_figures_show_every_run_and_describe_it(monkeypatch):
    told = []
    monkeypatch.setattr("helpers.plots.show", lambda fig, alt: told.append((fig.axes[0], alt)))
    groups = {"a": [made_up(0.5), made_up(0.7, 1)], "b": [made_up(0.9), made_up(0.8, 1)]}
    experiments.plot(groups, title="Two")
    axes, alt = told[-1]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "a"]
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == 4
    assert alt.startswith("Two.") and alt.index("b 85.0") < alt.index("a 60.0")
    experiments.plot(groups, by="loss")
    experiments.plot_against({"SGD": {0.01: groups["a"], 0.1: groups["b"]}}, xlabel="learning rate")
    assert "SGD is best at 0.1 with 85.0 %" in told[-1][1]


def test_cost_counts_runs_steps_and_minutes():
    assert experiments.cost([made_up(0.5), made_up(0.5, 1)]) == (
        "2 networks trained (1 recipes), 8 steps, 0.1 CPU-minutes, 0.1 minutes by the clock"
    )


# --- what comes with the course, and the command that made it ---------------------------------------------


def test_the_stored_runs_are_complete():
    runs = experiments.read()
    assert len({run.key for run in runs}) == len(runs)
    size = experiments.SIZES["cpu"]
    for run in runs:
        assert (run.images, run.checks, run.epochs, run.budget) == (size["images"], size["checks"], size["epochs"], "cpu")
        assert run.data == experiments.DATA and len(run.accuracies) == run.epochs
    there = {(run.recipe, run.seed) for run in runs}
    wanted = {pair for study in experiments.STUDIES for pair in experiments.plan(study, 20 if study == "same" else 5)}
    assert there == wanted
    assert [len(experiments.one_factor(runs, factor)) for factor in experiments.FACTORS] == [4, 12, 7]


def test_the_command_works_and_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("helpers.data.load", lambda name: load(name, source="sample"))
    monkeypatch.setitem(experiments.SIZES, "ci", {"images": 100, "checks": 50, "epochs": 1})
    monkeypatch.setenv(budget.VARIABLE, "cpu")  # --budget has the last word
    words = experiments.command("same", budget_name="ci", seeds=1, output=tmp_path / "runs.csv").split()
    assert words[:4] == ["python", "-m", "helpers.experiments", "run"]
    for seeds in (1, 2):
        words[words.index("--seeds") + 1] = str(seeds)
        assert main(words[3:]) == 0
        said = capsys.readouterr().out
        assert f"{seeds} runs: 1 epochs on 100 images" in said and f"all there: {seeds} networks trained" in said
    assert [run.seed for run in experiments.read(tmp_path / "runs.csv")] == [0, 1]
    (tmp_path / "runs.csv").write_text("something else\n")
    assert main(words[3:]) == 1 and "does not name the columns" in capsys.readouterr().err
    done = subprocess.run([sys.executable, *words[1:4], "everything"], capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice" in done.stderr


def test_importing_loads_nothing_slow():
    code = "import sys, helpers.experiments; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"keras", "tensorflow", "matplotlib.pyplot", "scipy", "tqdm"}
