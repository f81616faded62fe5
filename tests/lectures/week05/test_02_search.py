"""Week 5, lecture 2: worked numbers computed again, the study that is really killed, and splits kept apart."""

import itertools
import math
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter

import numpy as np
import optuna
import pytest
from scipy import stats

from pipeline import ROOT
from pipeline.notebooks import read_source

LECTURE = "week05_hyperparameters/02_search"


@pytest.fixture(scope="module")
def recorded(values):
    return values(LECTURE)


@pytest.fixture(scope="module")
def code():
    """The lecture's code cells."""
    cells = read_source(ROOT / "lectures" / f"{LECTURE}.py").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


# --- splits -------------------------------------------------------------------------------------------------------------------


def test_the_test_part_is_opened_once_after_all_training(code):
    using = [number for number, cell in enumerate(code) if re.search(r"\.test\b", cell)]
    assert len(using) == 2 and "assert len(fashion.test) == 0" in code[using[0]], "the test part is opened in one cell only"
    later = "\n".join(code[using[1] :])  # what is tested was trained before
    assert not re.search(r"\.fit\(|\.optimize\(|\bfitted\(", later)


def test_search_never_sees_the_fresh_half(code):
    before, _, after = "\n\n".join(code).partition("quick_fresh =")
    assert after
    uses = [line for line in before.splitlines() if re.search(r"\bfresh\b", line)]
    assert all("choose, fresh =" in line or "print(" in line for line in uses), uses


# --- grids, dice and intervals ------------------------------------------------------------------------------------------------


def test_grid_and_dice_by_a_second_computation(recorded):
    middle = (np.arange(6) + 0.5) / 6
    grid = np.array(list(itertools.product(middle, repeat=3)))
    dice = np.random.default_rng(99)
    for world, weights in {"one of three matters": (1, 0.001, 0.001), "all three matter": (1, 1, 1)}.items():
        best = {"grid": [], "random": []}
        for optimum in dice.random((1000, 3)):
            for method, points in (("grid", grid), ("random", dice.random((216, 3)))):
                best[method].append(((points - optimum) ** 2 @ np.array(weights)).min())
        assert recorded["grid_by_random"][world] == pytest.approx(np.mean(best["grid"]) / np.mean(best["random"]), rel=0.25)


def test_number_of_dice_for_the_best_twentieth(recorded):
    assert recorded["random_trials_needed"] == next(n for n in itertools.count(1) if 1 - 0.95**n >= 0.95) == 59


def test_intervals_have_the_factors_of_student(recorded):
    for n, t in {3: 4.303, 5: 2.776, 30: 2.045}.items():  # two-sided 95 %, n - 1 degrees of freedom, from any table
        mean, half = recorded["intervals_of_counting"][str(n)]
        spread = math.sqrt(n * (n + 1) / 12)  # of the numbers 0 to n - 1
        assert mean == (n - 1) / 2 and half == pytest.approx(t * spread / math.sqrt(n), rel=2e-4)


# --- searches -----------------------------------------------------------------------------------------------------------------


def test_all_methods_had_the_same_budget(recorded):
    asked, trained = recorded["trials_asked"], recorded["trials_trained"]
    assert asked % 9 == 0
    assert asked - trained >= 15  # TPE's first five of each repeat are random search's first five
    for race in ("quick_incumbents", "network_incumbents"):
        assert set(recorded[race]) == {"grid", "random", "TPE"}
        assert len({len(best) for best in recorded[race].values()}) == 1


def test_the_verdict_on_each_pair_follows_from_its_numbers(recorded, executed, printed):
    for race in ("quick_incumbents", "network_incumbents"):
        best = {method: np.array(values) for method, values in recorded[race].items()}
        for one, other in (("random", "grid"), ("TPE", "random"), ("TPE", "grid")):
            gaps = best[one] - best[other]
            half = stats.t.ppf(1 - 0.025 / 3, len(gaps) - 1) * gaps.std(ddof=1) / math.sqrt(len(gaps))
            said = "not told apart" if abs(gaps.mean()) <= half else "higher" if gaps.mean() > 0 else "lower"
            told = re.escape(f"{one} - {other}: ") + rf"[+-][\d.]+ ± [\d.]+ \({len(gaps)} pairs, one of 3 comparisons\): {said}\n"
            assert re.search(told, printed(executed(LECTURE))), (race, one, other)


def test_tpe_goes_where_the_good_ones_are(recorded):
    assert 1 >= recorded["promising"]["TPE"] > recorded["promising"]["random"] + 0.2


def test_pruning_adds_up(recorded):
    spent, full = recorded["epochs_spent"], recorded["epochs_without_pruning"]
    stopped, trials = recorded["trials_stopped"], recorded["trials_with_pruning"]
    assert 0 < stopped < trials and full % trials == 0
    assert spent <= full - stopped
    assert recorded["fewest_epochs_of_a_stopped_trial"] >= 2  # the warm-up spares the first


def test_importance_adds_up_and_the_rate_leads(recorded):
    shares = recorded["importance"]
    assert set(shares) == {"rate", "batch", "smoothing"}
    assert sum(shares.values()) == pytest.approx(1) and max(shares, key=shares.get) == "rate"


# --- the study that survives --------------------------------------------------------------------------------------------------


def test_the_study_survived_a_kill(recorded):
    assert recorded["exit_code"] != 0
    killed, repaired = recorded["states_after_the_kill"], recorded["states_after_the_repair"]
    zombie = len(killed) - 1
    assert killed == [f"{number}:COMPLETE" for number in range(zombie)] + [f"{zombie}:RUNNING"]
    assert repaired == [*killed[:-1], f"{zombie}:FAIL", f"{zombie + 1}:WAITING"]
    by_worker = recorded["trials_by_worker"]
    assert set(by_worker) == {"first", "second", "third"} and zombie in by_worker["first"]
    numbers = sorted(itertools.chain(*by_worker.values()))
    assert numbers == list(range(len(numbers)))
    complete = recorded["trials_by_state"]["COMPLETE"]
    assert complete in (16, 17) and recorded["trials_by_state"] == {"COMPLETE": complete, "FAIL": 1}
    assert len(numbers) == complete + 1


@pytest.mark.filterwarnings("ignore:.*eartbeat")
def test_optuna_finds_its_zombies(tmp_path):
    """What the lecture folds away: a worker that gives no sign of life for longer than the grace period is declared dead."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    file = tmp_path / "study.db"
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}", heartbeat_interval=60, grace_period=180)
    study = optuna.create_study(study_name="survivor", storage=storage)
    silent, alive = study.ask(), study.ask()
    for trial in (silent, alive):
        storage.record_heartbeat(trial._trial_id)
    with sqlite3.connect(file) as database:  # nobody waits three minutes here
        database.execute(
            "update trial_heartbeats set heartbeat = datetime(heartbeat, '-181 seconds') where trial_id = ?", (silent._trial_id,)
        )
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert [trial.state.name for trial in study.get_trials()] == ["FAIL", "RUNNING", "COMPLETE"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_worker_shows_the_time_left_on_a_terminal_and_nothing_in_a_log(recorded, tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    assert set(recorded["worker_logs"]) == {"first", "second", "third"}
    assert not any("trial" in log for log in recorded["worker_logs"].values())
    (tmp_path / "worker.py").write_text(recorded["worker_script"], encoding="utf-8")
    dice = np.random.default_rng(0)
    x, y = dice.normal(size=(80, 49)), dice.integers(0, 10, 80)
    np.savez(tmp_path / "images.npz", x=x, y=y, new=x, labels=y)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="survivor", storage=url, direction="maximize")
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))  # rows, columns
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "worker.py"), url, "seen", "0", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    os.close(terminal)
    process.stdin.write("go\n")
    process.stdin.flush()
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
    assert Counter(trial.state.name for trial in study.get_trials()) == {"COMPLETE": 2}


def test_the_same_seed_repeats_the_same_dice(recorded):
    assert recorded["values_after_restart"] == {"0": 5, "1": 10}


# --- what the winner is worth -------------------------------------------------------------------------------------------------


def test_best_of_equals(recorded):
    # By hand: P(best <= k) = F(k)^100 with the binomial distribution function F.
    chances = [math.comb(500, k) * 0.85**k * 0.15 ** (500 - k) for k in range(501)]
    below = np.cumsum(chances) ** 100
    expected = (np.diff(below, prepend=0) * np.arange(501)).sum() / 500
    assert recorded["best_of_equals"] == pytest.approx(expected, abs=0.001)


def test_the_winner_is_worth_less_than_it_scored(recorded):
    best = max(itertools.chain(*recorded["network_incumbents"].values()))
    assert 100 * recorded["score_in_the_search"] == pytest.approx(best)
    gaps = recorded["points_too_good"]
    assert recorded["settings_tried"] == [1, 2, 4, 8, 16, 32, 64, 128] and len(gaps) == 8
    assert abs(gaps[0]) < 0.5 and gaps[-1] > 1 and gaps[-1] > gaps[3]


def test_the_verdict_on_the_test_images_follows_from_the_five_seeds(recorded):
    gaps = np.subtract(recorded["tested"]["chosen"], recorded["tested"]["default"])
    assert len(gaps) == 5
    mean, half = gaps.mean(), 2.776 * gaps.std(ddof=1) / math.sqrt(5)
    assert recorded["verdict"] == ("higher" if mean > half else "lower" if mean < -half else "not told apart")


def test_bill_of_the_search(recorded):
    trained, trials = recorded["trials_trained"], recorded["trials_with_pruning"]
    epochs_each = recorded["epochs_without_pruning"] // trials
    assert recorded["networks_trained"] == trained + trials + 10  # two candidates with five seeds each
    assert recorded["network_epochs"] == (trained + 10) * epochs_each + recorded["epochs_spent"]
    assert recorded["quick_epochs"] == 0
    repeats = len(recorded["quick_incumbents"]["TPE"])
    assert recorded["quick_models"] == 5 + 20 + 3 * repeats * 48 + 128
