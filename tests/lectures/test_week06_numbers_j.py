"""Lectures 1 and 3 of week 6: what the layers do, computed again; and the comparison's numbers, held against each other."""

import math
import re

import numpy as np
import pytest

from pipeline import ROOT

LAYERS, HELP = "week06_augmentation/01_augmentation", "week06_augmentation/03_does_it_help"
NUMBER = r"([+-]?[\d.]+)"


@pytest.fixture(scope="module")
def seen(executed, printed):
    return printed(executed(LAYERS))


@pytest.fixture(scope="module")
def helped(executed, printed):
    return printed(executed(HELP))


def code_of(name):
    from pipeline.notebooks import read_source

    cells = read_source(ROOT / "lectures" / f"{name}.py").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


# --- lecture 1 ---------------------------------------------------------------------------------------------


def test_a_network_does_not_know_shifts(seen):
    by_shift = {int(n): float(mean) for n, mean in re.findall(r"shifted by (\d+): ([\d.]+) ±", seen)}
    assert list(by_shift) == [0, 1, 2, 4, 6]
    assert by_shift[0] > 80 and by_shift[0] > by_shift[2] + 5 and by_shift[6] < by_shift[0] / 2


def test_factors_are_shares(seen):
    assert f"centre from row 31.5 to row {31.5 + 0.25 * 64}" in seen
    after = [int(n) for n in re.findall(r"RandomZoom [+-]0\.5: area 256 -> (\d+)", seen)]
    assert after[0] == pytest.approx(256 / 1.5**2, rel=0.05)  # zoomed out: every length divided by 1.5
    assert after[1] == pytest.approx(256 / 0.5**2, rel=0.01)
    assert re.search(r"RandomRotation 0\.1: 36 degrees", seen)


def test_pairs_say_what_is_meant(seen):
    low, high = map(float, re.search(r"RandomContrast\(\(0\.5, 0\.5\)\): contrast times ([\d.]+) to ([\d.]+)", seen).groups())
    assert low == pytest.approx(0.5, abs=0.02) and high == pytest.approx(1.5, abs=0.02)
    assert re.search(r"RandomErasing\(\(1\.0, 1\.0\)\): 100%", seen)
    single = int(re.search(r"RandomErasing\(1\.0\): (\d+)%", seen)[1])
    assert 45 <= single <= 55  # P(u < v) of two uniform draws


def test_forgotten_value_range(seen):
    found = re.search(rf"value_range left out +values from {NUMBER} to {NUMBER}; (\d+)% of the images entirely black", seen)
    assert float(found[1]) == 0 and 40 < float(found[2]) <= 52 and 40 <= int(found[3]) <= 60
    assert re.search(r"value_range=\(0, 1\) +values from 0\.00 to 1\.00; 0% of the images entirely black", seen)


def test_mixup_by_hand(seen):
    assert "label: 0.7 x (1, 0, 0) + 0.3 x (0, 1, 0) = (0.7, 0.3, 0.0)" in seen
    pixel = re.search(r"one pixel, red: 0\.7 x ([\d.]+) \+ 0\.3 x ([\d.]+) = ([\d.]+)", seen)
    a, b, mixed = map(float, pixel.groups())
    assert 0.7 * a + 0.3 * b == pytest.approx(mixed, abs=0.11)
    loss = -0.7 * math.log(0.6) - 0.3 * math.log(0.3)
    assert f"{[0.6, 0.3, 0.1]}: {loss:.4f}; " in seen and f"= {loss:.4f}" in seen
    assert "class numbers as labels: shape (3, 3) instead of (3,)" in seen


def test_beta_distribution(seen):
    from scipy import stats

    shares = {float(alpha): int(share) for alpha, share in re.findall(r"alpha ([\d.]+): (\d+)% of the mixtures", seen)}
    assert set(shares) == {0.2, 1.0, 5.0}
    for alpha, share in shares.items():
        spread = stats.beta(alpha, alpha)
        assert 100 * (spread.cdf(0.9) - spread.cdf(0.1)) == pytest.approx(share, abs=1)


def test_labels_add_up_to_one(seen):
    groups = re.findall(r"^([\d.]+ (?:cat|cup|woman)(?: \+ [\d.]+ (?:cat|cup|woman))*)$", seen, re.MULTILINE)
    assert len(groups) == 3
    for group in groups:
        assert sum(map(float, re.findall(r"[\d.]+", group))) == pytest.approx(1, abs=0.011)
    rows = re.findall(r"^pixels ([\d. ]+?)   label ([\d. ]+)$", seen, re.MULTILINE)
    assert len(rows) == 3
    for pixels, label in rows:
        pixels, label = (np.array(text.split(), float) for text in (pixels, label))
        assert label.sum() == pytest.approx(1, abs=0.002) and np.abs(pixels - label).max() <= 0.02


def test_layers_sleep_at_prediction(seen):
    assert re.search(r"predict twice: +0\.0$", seen, re.MULTILINE)
    assert re.search(r"predict, without layers: 0\.0$", seen, re.MULTILINE)
    assert float(re.search(r"training=True twice: +([\d.]+)", seen)[1]) > 0.1
    assert float(re.search(r"a bare layer, no word about training: (\d+)", seen)[1]) > 100


def test_randaugment_draws_for_the_batch(seen):
    assert "RandAugment drew 2 operations for 8 images together" in seen
    assert 40 <= int(re.search(r"RandomFlip flipped (\d+)% of 400 equal images", seen)[1]) <= 60


def test_seeds(seen):
    assert re.search(r"same seed, two layers: +equal", seen) and re.search(r"one layer, called twice: +different", seen)
    together, apart = (float(number) for number in re.findall(r"with seed [12]: correlation ([+-][\d.]+)", seen))
    assert together == 1.0 and abs(apart) < 0.2
    first, second = re.search(r"two trainings from the same seed: ([\d.]+) and ([\d.]+)", seen).groups()
    assert float(first) == pytest.approx(float(second), rel=1e-5)


def test_turned_digits(seen):
    scores = {
        name: float(mean)
        for name, mean in re.findall(
            r"^(as it is|mirrored|upside down|turned by 90|turned by 180) +([\d.]+) ±", seen, re.MULTILINE
        )
    }
    assert len(scores) == 5 and all(scores["as it is"] > 25 + value for name, value in scores.items() if name != "as it is")
    called = {(int(a), int(b)): int(share) for a, b, share in re.findall(r"a turned (\d) is called (\d) in (\d+) ±", seen)}
    assert called[6, 9] > called[6, 6] and called[9, 6] > called[9, 9]
    kept = {int(digit): int(share) for digit, share in re.findall(r"(\d): (\d+)%", re.search(r"keep the label: (.*)", seen)[1])}
    assert len(kept) == 10 and kept[6] == called[6, 6] and min(kept[0], kept[1]) > max(kept[6], kept[9])


def test_crops_lose_the_cup(seen):
    rows = re.findall(r"crops of (\d+) x \d+ \( ?(\d+)% of the area\): +(\d+)% show", seen)
    lost = [int(share) for _, _, share in rows]
    assert [int(area) for _, area, _ in rows] == [round(100 * int(side) ** 2 / 160**2) for side, _, _ in rows]
    assert lost == sorted(lost) and lost[0] == 0 and lost[-1] > 10


# --- lecture 3 ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def doses(helped):
    """Dose -> training accuracy, validation accuracy, spread."""
    rows = re.findall(r"^dose ([\d.]+) +[a-z ]+? +training +([\d.]+) % +validation ([\d.]+) ± ([\d.]+) %$", helped, re.MULTILINE)
    return {float(row[0]): tuple(map(float, row[1:])) for row in rows}


def test_the_gain_is_larger_than_its_standard_error(helped):
    rows = {
        name: (float(mean), float(spread))
        for name, mean, spread in re.findall(r"^(none|medium) +([\d.]+) ± ([\d.]+) % on", helped, re.MULTILINE)
    }
    gain, half = map(float, re.search(r"^gain ([+-][\d.]+) ± ([\d.]+) points", helped, re.MULTILINE).groups())
    assert gain == pytest.approx(rows["medium"][0] - rows["none"][0], abs=0.11)
    assert gain > math.hypot(rows["none"][1], rows["medium"][1]) / math.sqrt(3)
    assert ("shown" if gain > half else "not shown") == re.search(r"^gain .*: (.*)$", helped, re.MULTILINE)[1]


def test_the_gap_shrinks(helped):
    rows = re.findall(
        r"^(none|medium) +clean training images ([\d.]+) %, validation ([\d.]+) %: gap ([\d.]+)", helped, re.MULTILINE
    )
    gaps = {name: float(gap) for name, _, _, gap in rows}
    for _, clean, validated, gap in rows:
        assert float(clean) - float(validated) == pytest.approx(float(gap), abs=0.11)
    assert gaps["medium"] < gaps["none"] - 10


def test_dose_and_response(doses):
    assert list(doses) == [0, 0.5, 1, 4, 16]
    training, validation = ([row[column] for row in doses.values()] for column in (0, 1))
    assert training == sorted(training, reverse=True)  # a harder task, dose by dose
    assert max(validation[1:3]) > validation[0] and validation[4] < validation[0] and validation[4] < validation[3]


def test_verdicts_follow_from_their_intervals(helped):
    rows = re.findall(rf"^([\w -]+?) +{NUMBER} ± ([\d.]+) points: (helps|hurts|not told from none)$", helped, re.MULTILINE)
    assert len(rows) == 9
    for _, gain, half, verdict in rows:
        gain, half = float(gain), float(half)
        if abs(abs(gain) - half) > 0.1:
            assert verdict == ("helps" if gain > half else "hurts" if gain < -half else "not told from none")
    assert dict((row[0], row[3]) for row in rows)["any turn"] == "hurts"


def test_tta_judges_each_number_of_views(helped):
    rows = re.findall(rf"^(none|medium) +(\d+) views: {NUMBER} ± ([\d.]+) points, (shown|not shown)", helped, re.MULTILINE)
    assert [int(row[1]) for row in rows] == [2, 6, 10] * 2
    for _, _, gain, half, said in rows:
        if abs(float(gain) - float(half)) > 0.1:
            assert said == ("shown" if float(gain) > float(half) else "not shown")


def test_test_images_come_once_and_after_all_choices():
    cells = code_of(HELP)
    using = [number for number, cell in enumerate(cells) if re.search(r"\.test\b", cell)]
    assert "assert len(cifar.test) == 0" in cells[using[0]]
    assert len(using) == 2, "the test part is opened in one cell only"
    later = "\n".join(cells[using[1] :])
    assert not re.search(r"\.fit\(|\btrain\(", later)


def test_streams_hold_every_image_once_an_epoch():
    """The lecture's own `stream`: each epoch a permutation, versions mixed, labels with their images."""
    cell = next(cell for cell in code_of(HELP) if "def stream" in cell)
    space = {"np": np, "VERSIONS": 2}
    exec("def stream" + cell.split("def stream")[1], space)  # noqa: S102  the function alone
    pool = np.arange(3 * 5).reshape(3, 5)  # version v of image i holds 5 v + i
    targets = np.arange(5)[None]
    images, answers = space["stream"](pool, targets, 4, np.random.default_rng(0))
    assert np.array_equal(images % 5, answers) and set(images // 5) == {0, 1, 2}
    for epoch in answers.reshape(4, 5):
        assert sorted(epoch) == list(range(5))
    images, answers = space["stream"](pool, pool, 4, np.random.default_rng(0))  # labels that belong to a version (MixUp)
    assert np.array_equal(images, answers)
