"""Lectures 2 and 3 of week 5: worked numbers computed again, the study that is really killed, and splits kept apart."""

import itertools
import math
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline import ROOT

optuna = pytest.importorskip("optuna")

SEARCH, RATE = "week05_hyperparameters/02_search", "week05_hyperparameters/03_learning_rate"


@pytest.fixture(scope="module")
def search(executed, printed):
    return printed(executed(SEARCH))


@pytest.fixture(scope="module")
def rate(executed, printed):
    return printed(executed(RATE))


def code_of(name):
    from pipeline.notebooks import read_source

    cells = read_source(ROOT / "lectures" / f"{name}.py").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


# --- splits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [SEARCH, RATE])
def test_test_images_come_once_and_after_all_choices(name):
    cells = code_of(name)
    using = [number for number, cell in enumerate(cells) if re.search(r"\.test\b", cell)]
    guarded, opened = using[0], using[1:]
    assert "assert len(fashion.test) == 0" in cells[guarded]
    assert len(opened) == 1, "the test part is opened in one cell only"
    later = "\n".join(cells[opened[0] :])  # what is tested was trained before: nothing in it or after it trains
    assert not re.search(r"\.fit\(|\.optimize\(|\btrain\(seed|\bfitted\(", later)


def test_search_never_sees_the_fresh_half():
    before, _, after = "\n\n".join(code_of(SEARCH)).partition("quick_fresh =")
    assert after
    uses = [line for line in before.splitlines() if re.search(r"\bfresh\b", line)]
    assert all("choose, fresh =" in line or "print(" in line for line in uses), uses


# --- lecture 2 ---------------------------------------------------------------------------------------------


def test_grid_and_dice_by_a_second_computation(search):
    ratio = {
        world: float(number)
        for world, number in re.findall(
            r"^(one of three matters|all three matter): the grid's best .* is ([\d.]+) x", search, re.MULTILINE
        )
    }
    middle = (np.arange(6) + 0.5) / 6
    grid = np.array(list(itertools.product(middle, repeat=3)))
    dice = np.random.default_rng(99)
    for world, weights in {"one of three matters": (1, 0.001, 0.001), "all three matter": (1, 1, 1)}.items():
        best = {"grid": [], "random": []}
        for optimum in dice.random((1000, 3)):
            for method, points in (("grid", grid), ("random", dice.random((216, 3)))):
                best[method].append(((points - optimum) ** 2 @ np.array(weights)).min())
        assert np.mean(best["grid"]) / np.mean(best["random"]) == pytest.approx(ratio[world], rel=0.25)


def test_number_of_dice_for_the_best_twentieth(search):
    needed = next(n for n in itertools.count(1) if 1 - 0.95**n >= 0.95)
    assert needed == 59
    assert f"with 95 % probability: {needed} (1 - 0.95^{needed} = {1 - 0.95**needed:.3f})" in search


def test_factors_of_student(search):
    for n, t in {3: 4.303, 5: 2.776, 30: 2.045}.items():  # two-sided 95 %, n - 1 degrees of freedom, from any table
        told = float(re.search(rf"t for {n} values: ([\d.]+)", search)[1])
        assert told == pytest.approx(t, abs=0.006)


def test_all_methods_had_the_same_budget(search):
    asked, trained, known = map(int, re.search(r"(\d+) trials, (\d+) of them trained, (\d+) known already", search).groups())
    assert asked == trained + known and asked % 9 == 0
    assert known >= 15  # TPE's first five of each repeat are random search's first five
    rows = re.findall(r"^(grid|random|TPE) +([\d.]+) ± ([\d.]+) % \(mean, spread\)$", search, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["grid", "random", "TPE"] * 2


def test_tpe_goes_where_the_good_ones_are(search):
    share = {name: int(number) for name, number in re.findall(r"(Random|TPE)Sampler: (\d+)% of its proposals", search)}
    assert share["TPE"] > share["Random"] + 20


def test_pruning_adds_up(search):
    spent, full, saved = map(int, re.search(r"epochs: (\d+) instead of (\d+), (\d+)% saved", search).groups())
    stopped, trials = map(int, re.search(r"stopped early: (\d+) of (\d+) trials", search).groups())
    assert round(100 * (1 - spent / full)) == saved and 0 < stopped < trials
    per_trial = full // trials
    assert full == per_trial * trials and spent <= full - stopped


def test_importance_adds_up_and_the_rate_leads(search):
    told = re.search(r"fANOVA\), all 3 searches: (.*)", search)[1]
    shares = {name: float(share) for name, share in re.findall(r"(\w+) ([\d.]+)", told)}
    assert sum(shares.values()) == pytest.approx(1, abs=0.02) and max(shares, key=shares.get) == "rate"


def test_study_survived(search):
    killed = re.search(r"exit code (-?\d+): killed\. (.*)", search)
    assert int(killed[1]) != 0
    states = dict(pair.split(":") for pair in killed[2].split())
    assert list(states.values()) == ["COMPLETE"] * (len(states) - 1) + ["RUNNING"]
    zombie = len(states) - 1
    assert f"{zombie}:FAIL {zombie + 1}:WAITING" in search
    by_worker = {
        name: [int(n) for n in numbers.split(", ")]
        for name, numbers in re.findall(r"^(first|second|third) +\[([\d, ]+)\]$", search, re.MULTILINE)
    }
    assert len(by_worker) == 3
    numbers = sorted(sum(by_worker.values(), []))
    assert numbers == list(range(len(numbers))) and zombie in by_worker["first"]
    complete = int(re.search(r"COMPLETE (\d+), FAIL 1", search)[1])
    assert complete in (16, 17) and len(numbers) == complete + 1


def test_same_seed_repeats_the_same_dice(search):
    assert "restart with seed 0: 5 different values" in search and "restart with seed 1: 10 different" in search


def test_best_of_equals(search):
    told = float(re.search(r"best of 100 equal models scores ([\d.]+)%", search)[1])
    # by hand: P(best <= k) = F(k)^100 with the binomial distribution function F
    chances = [math.comb(500, k) * 0.85**k * 0.15 ** (500 - k) for k in range(501)]
    below = np.cumsum(chances) ** 100
    expected = (np.diff(below, prepend=0) * np.arange(501)).sum() / 500
    assert told == pytest.approx(100 * expected, abs=0.15)


def test_winner_is_worth_less_than_it_scored(search):
    gaps = [float(gap) for gap in re.findall(r"\d+: ([+-][\d.]+)", re.search(r"settings tried: (.*) points too good", search)[1])]
    assert len(gaps) == 8 and abs(gaps[0]) < 0.5 and gaps[-1] > 1 and gaps[-1] > gaps[3]


def test_bill_of_the_search(search):
    rows = {
        name: (int(models.replace(",", "")), int(epochs.replace(",", "")))
        for name, models, epochs in re.findall(
            r"^(random units|networks) +([\d,]+) models +([\d,]+) epochs", search, re.MULTILINE
        )
    }
    trained = int(re.search(r"(\d+) of them trained", search)[1])
    spent, full = map(int, re.search(r"epochs: (\d+) instead of (\d+)", search).groups())
    trials = int(re.search(r"stopped early: \d+ of (\d+)", search)[1])
    assert rows["networks"] == (trained + trials + 10, (trained + 10) * full // trials + spent)
    assert rows["random units"][1] == 0 and rows["random units"][0] >= 5 + 20 + 3 * 8 * 48 + 128


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The lecture's own worker as a script, with something to learn beside it."""
    names = {}
    for cell in code_of(SEARCH):
        for part in re.split(r"\n\n\n(?=\S)", cell):
            found = re.match(r"def (answers|suggest|work)\(", part)
            if found:
                names[found[1]] = part
    imports = re.search(r'imports = """(.*?)"""', "\n".join(code_of(SEARCH)), re.DOTALL)[1]
    script = [
        imports,
        "QUICK_SPACE = {'scale': (1e-3, 1e3), 'bias': (1e-3, 1e3), 'ridge': (1e-8, 1e6)}",
        names["answers"],
        names["suggest"],
        names["work"],
        "_, url, name, seed, total = sys.argv\nwork(url, name, int(seed), int(total))",
    ]
    folder = tmp_path_factory.mktemp("study")
    (folder / "worker.py").write_text("\n\n\n".join(script), encoding="utf-8")
    dice = np.random.default_rng(0)
    x, y = dice.normal(size=(80, 49)), dice.integers(0, 10, 80)
    np.savez(folder / "images.npz", x=x, y=y, new=x, labels=y)
    return folder


def start(folder, url, name, seed, total, stderr):
    process = subprocess.Popen(
        [sys.executable, str(folder / "worker.py"), url, name, str(seed), str(total)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def test_a_killed_worker_costs_one_trial(folder):
    url = f"sqlite:///{folder / 'study.db'}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="survivor", storage=url, direction="maximize")
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = start(folder, url, "one", 1, 99, log)
        while process.stdout.readline() != "begins 2\n":
            assert process.poll() is None
        process.kill()
        process.communicate()
        states = [trial.state.name for trial in study.get_trials()]
        assert states[:2] == ["COMPLETE"] * 2 and states[-1] == "RUNNING"
        zombie = len(states) - 1
        study.tell(zombie, state=optuna.trial.TrialState.FAIL)
        process = start(folder, url, "two", 2, 4, log)
        process.communicate()
    assert process.returncode == 0, Path(folder / "log").read_text(encoding="utf-8")
    finished = [trial.state.name for trial in study.get_trials()]
    assert finished.count("COMPLETE") == 4 and finished.count("FAIL") == 1
    with sqlite3.connect(folder / "study.db") as file:  # what another program would read
        assert file.execute("select count(*) from trials where state = 'COMPLETE'").fetchone() == (4,)


HEARTBEAT = """import sys, time, optuna
storage = optuna.storages.RDBStorage(sys.argv[1], heartbeat_interval=1, grace_period=2)
study = optuna.load_study(study_name="survivor", storage=storage)
def objective(trial):
    print(trial.number, flush=True)
    time.sleep(float(sys.argv[2]))
    return trial.suggest_float("x", 0, 1)
study.optimize(objective, n_trials=1)
"""


def test_heartbeat_finds_the_dead(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="survivor", storage=url)
    run = [sys.executable, "-W", "ignore", "-c", HEARTBEAT, url]
    process = subprocess.Popen([*run, "600"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout.readline() == "0\n"
    time.sleep(1)  # long enough for the first sign of life
    process.kill()
    process.communicate()
    assert [trial.state.name for trial in study.get_trials()] == ["RUNNING"]
    time.sleep(4)  # longer than the period of grace
    subprocess.run([*run, "0"], check=True, capture_output=True)
    assert [trial.state.name for trial in study.get_trials()] == ["FAIL", "COMPLETE"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_worker_shows_the_time_left_on_a_terminal_and_nothing_in_a_log(folder):
    import fcntl
    import pty
    import struct
    import termios

    url = f"sqlite:///{folder / 'bar.db'}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(study_name="survivor", storage=url, direction="maximize")
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))  # rows, columns
    process = start(folder, url, "seen", 0, 2, terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    process.communicate()
    os.close(master)
    assert process.returncode == 0 and re.search(rb"1/2 \[\d\d:\d\d<\d\d:\d\d", shown), shown
    with open(folder / "quiet", "w+", encoding="utf-8") as log:
        start(folder, url, "unseen", 1, 4, log).communicate()
        log.seek(0)
        assert "trial" not in log.read()


# --- lecture 3 ---------------------------------------------------------------------------------------------


def test_bowl(rate):
    for speed, last in {0.1: 0.9**20, 1.9: 0.9**20, 2.1: 1.1**20}.items():
        assert re.search(rf"^rate {speed}: .* \.\.\. \+{last:.2f}$", rate, re.MULTILINE), speed
    assert f"rate 1.9: after 20 steps the steep direction is at {0.9**20:.2f}, the flat one at {0.981**20:.2f}" in rate
    assert "velocity under a constant gradient: 10.000" in rate


def test_momentum_moves_the_edge():
    for m in (0.0, 0.5, 0.9):  # the recursion's matrix, and its largest eigenvalue
        for rate, inside in ((2 * (1 + m) - 0.01, True), (2 * (1 + m) + 0.01, False)):
            step = np.array([[1 + m - rate, -m], [1, 0]])
            assert (np.abs(np.linalg.eigvals(step)).max() < 1) == inside


def test_range_test_reads_a_power_of_ten(rate):
    number = r"([\d.e+-]+)"
    told = re.search(rf"begins to fall at {number}, lowest at {number}; a tenth of that: {number}", rate)
    begins, lowest, tenth = map(float, told.groups())
    assert begins < lowest and tenth == pytest.approx(lowest / 10, rel=0.06)
    factor = float(re.search(r"range test suggested .*, a factor of ([\d.]+) away", rate)[1])
    assert 1 <= factor < 10


def test_range_test_finds_an_edge_that_is_known():
    """The lecture's callback on a linear model whose largest curvature can be computed: the loss turns at 2 / h."""
    import keras

    cell = next(cell for cell in code_of(RATE) if cell.startswith("class RangeTest"))
    space = {"keras": keras, "np": np}
    exec(cell.split("\n\n\nLOW")[0], space)  # noqa: S102  the class alone
    dice = np.random.default_rng(0)
    x = dice.normal(size=(64, 5)).astype("float32")
    # With noise: an error of exactly 0, which some processors reach without, would stay 0 at any rate.
    y = (x @ dice.normal(size=(5, 1)) + dice.normal(size=(64, 1))).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    edge = 2 / np.linalg.eigvalsh(2 * x.T @ x / 64).max()
    test = space["RangeTest"](0.1 * edge, 100 * edge, 120)
    history = model.fit(x, y, batch_size=64, epochs=120, callbacks=[test], verbose=0).history
    assert test.losses == pytest.approx(history["loss"])  # one batch an epoch: nothing to take apart
    turn = test.rates[int(np.argmin(test.losses))]
    assert len(test.losses) < 120  # it stopped by itself
    assert edge * 0.5 < turn < edge * 2.5


def test_schedules_have_the_means_that_integrals_give(executed):
    alt = " ".join(
        output.metadata["image/png"]["alt"]
        for cell in executed(RATE).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    )
    told = {
        name: float(mean)
        for name, mean in re.findall(
            r"(constant|step-wise|exponential|cosine|warm-up|one-cycle) (\d\.\d\d)\b", alt.split("Mean factors:")[1]
        )
    }
    expected = {
        "constant": 1,
        "step-wise": 0.5 + 0.025 + 0.0025,
        "exponential": 0.99 / math.log(100),
        "cosine": 0.5,
        "warm-up": 0.5,
        "one-cycle": 0.9 * 0.52 + 0.1 * 0.02,
    }
    assert told == pytest.approx(expected, abs=0.006)


def test_schedules_agree_with_keras(rate):
    gaps = re.findall(r"(PiecewiseConstantDecay|ExponentialDecay|CosineDecay) +largest difference ([\d.e+-]+)", rate)
    assert len(gaps) == 4 and all(float(gap) < 1e-5 for _, gap in gaps)


def test_schedules_are_compared_with_their_spread(rate):
    row = r"^([\w-]+) +peak [\d.]+ +([\d.]+) ± ([\d.]+) %(?: +against constant [+-][\d.]+ ± [\d.]+)?$"
    rows = re.findall(row, rate, re.MULTILINE)
    means = [float(mean) for _, mean, _ in rows]
    assert {name for name, _, _ in rows} == {"constant", "step-wise", "exponential", "cosine", "warm-up", "one-cycle"}
    assert means == sorted(means, reverse=True)
    seeds = int(re.search(r"fresh images, (\d+) seeds", rate)[1])
    assert seeds >= 3


def test_wrong_rates_cost_more_than_wrong_schedules(rate):
    fixed = [float(mean) for mean in re.findall(r"^rate [\d.]+ +([\d.]+)% ± [\d.]+%$", rate, re.MULTILINE)]
    rows = [float(mean) for mean in re.findall(r"peak [\d.]+ +([\d.]+) ± ", rate)]
    assert max(fixed) - min(fixed) > 2 * (max(rows) - min(rows))


def test_plateau_acted(rate):
    cuts = re.findall(r"^seed \d+: rate lowered after epochs \[([\d, ]*)\]", rate, re.MULTILINE)
    assert len(cuts) >= 3 and any(cuts)


def test_bill_of_the_rates(rate):
    trainings, steps = re.search(r"the bill: (\d+) trainings, ([\d,]+) steps", rate).groups()
    assert int(trainings) >= 60 and int(steps.replace(",", "")) > int(trainings)
