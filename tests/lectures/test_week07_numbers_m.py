"""Lecture 3 of week 7: the pile, its copies, thresholds and what they promise, computed again from what was printed."""

import math
import re

import numpy as np
import pytest

from pipeline import ROOT

CASE = "week07_transfer/03_case_study"


@pytest.fixture(scope="module")
def case(executed, printed):
    return printed(executed(CASE))


def code_of(name):
    from pipeline.notebooks import read_source

    return [cell.source for cell in read_source(ROOT / "lectures" / f"{name}.py").cells if cell.cell_type == "code"]


def functions(*wanted, **space):
    """Functions of the lecture by name, each run on its own."""
    space = {"np": np, **space}
    text = "\n".join(code_of(CASE))
    for one in wanted:
        exec(re.search(rf"^def {one}\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)[0], space)  # noqa: S102
    return [space[one] for one in wanted]


def number(text):
    return float(text.replace(",", ""))


def real(text):
    if "LEFT OUT" in text or "NO PRE-TRAINED WEIGHTS" in text or "embedded sample" in text:
        pytest.skip("executed without the photographs or the weights: too little for what they show")


# --- the pile and its copies -------------------------------------------------------------------------------


def test_one_picture_in_five_is_wanted(case):
    pictures, wanted = map(number, re.search(r"^([\d,]+) pictures, (\d+) of them wanted", case, re.MULTILINE).groups())
    kinds = {
        name: (int(count), bool(mark))
        for name, count, mark in re.findall(
            r"^  ((?:event|advert|pet|meme|odd|picture)[a-z, ]*?) +(\d+)( +wanted)?$", case, re.MULTILINE
        )
    }
    assert sum(count for count, _ in kinds.values()) == pictures
    assert sum(count for count, mark in kinds.values() if mark) == wanted
    assert wanted / pictures == pytest.approx(0.2, abs=0.03)
    assert not kinds["meme on event"][1]  # a meme goes, whatever is behind its words


def test_planted_copies_are_found(case):
    dropped, of = map(number, re.search(r"^(\d+) of ([\d,]+) pictures are exact copies", case, re.MULTILINE).groups())
    assert dropped == pytest.approx(of / 1.1 / 30, abs=3)  # a third of a tenth; a copy of a copy may add one
    linked = {
        name: (int(a), int(b))
        for name, a, b in re.findall(
            r"^(posted again|meme and background|crops of one odd picture) +(\d+) of +(\d+) pairs", case, re.MULTILINE
        )
    }
    assert all(found <= there for found, there in linked.values())
    for kind in ("posted again", "meme and background"):
        assert linked[kind][0] > 0.8 * linked[kind][1]
    pictures, groups = map(number, re.search(r"^([\d,]+) pictures fall into ([\d,]+) groups", case, re.MULTILINE).groups())
    assert pictures == of - dropped and groups < pictures


def test_fingerprint_survives_light_and_not_another_picture():
    from PIL import Image

    (fingerprint,) = functions("fingerprint", Image=Image)
    dice = np.random.default_rng(0)
    coarse = dice.integers(0, 200, (2, 12, 12, 3), dtype=np.uint8)
    pictures = coarse.repeat(8, axis=1).repeat(8, axis=2)
    brighter = (pictures * 1.2).astype(np.uint8)
    one, other = fingerprint(pictures), fingerprint(brighter)
    assert one.shape == (2, 64) and set(np.unique(one)) == {-1, 1}
    assert ((64 - np.sum(one * other, axis=1)) / 2 <= 6).all()
    assert (64 - one[0] @ one[1]) / 2 > 15


def test_cut_by_groups_leaves_fewer_relatives(case):
    rows = {
        name: [float(share) for share in shares]
        for name, *shares in re.findall(
            r"^cut by (pictures at random|groups) +average precision ([\d.]+) ± [\d.]+ +nearest ([\d.]+)% ± [\d.]+% +"
            r"\(([\d.]+)% have",
            case,
            re.MULTILINE,
        )
    }
    assert rows["groups"][2] < rows["pictures at random"][2] / 2
    copied, fresh = map(float, re.search(r"right for ([\d.]+)% of those whose copy is in training, for ([\d.]+)%", case).groups())
    real(case)
    assert copied > fresh


# --- scores and thresholds ---------------------------------------------------------------------------------


def test_base_rate_and_the_laziest_programs(case):
    rate = float(re.search(r"base rate ([\d.]+)%", case)[1])
    assert f"drops everything: accuracy {100 - rate:.1f}%" in case
    assert f"keeps everything: accuracy {rate:.1f}%" in case


def test_keras_and_scikit_learn_are_one_model(case):
    told = r"^([\d,]+) parameters; probabilities differ by ([\d.]+) on average, .* of 0\.5 for ([\d.]+)%"
    parameters, mean, agree = re.search(told, case, re.MULTILINE).groups()
    assert parameters == "1,281"  # 1,280 features and a bias
    assert float(mean) < 0.03 and float(agree) > 97


def test_chosen_strength_has_the_smallest_log_loss(case):
    losses = {float(c): float(loss) for c, loss in re.findall(r"^C = ([\d.]+) +log loss ([\d.]+) ±", case, re.MULTILINE)}
    chosen, blind = map(float, re.search(r"chosen: C = ([\d.]+); .* log loss of ([\d.]+)", case).groups())
    assert losses[chosen] == min(losses.values())
    rate = float(re.search(r"base rate ([\d.]+)%", case)[1]) / 100
    assert blind == pytest.approx(-rate * math.log(rate) - (1 - rate) * math.log(1 - rate), abs=0.003)
    real(case)
    assert losses[chosen] < blind / 2


def test_four_counts_give_the_three_shares(case):
    tp, fp, fn, tn = map(
        int, re.search(r"threshold 0\.5: kept (\d+) wanted and (\d+) others; lost (\d+); dropped (\d+)", case).groups()
    )
    assert (
        f"accuracy {(tp + tn) / (tp + fp + fn + tn):.1%}, recall {tp / (tp + fn):.1%}, precision {tp / (tp + fp):.1%}"
    ) in case


def rules(case):
    """Recall, precision and cost of each rule: on validation, and on the test."""
    names = r"(0\.5|1/11|cheapest|recall 98 %|98 %, pooled)"
    first = re.findall(
        rf"^{names} +threshold [\d.]+ ± [\d.]+: recall ([\d.]+)%, precision ([\d.]+)%, cost ([\d.]+)$", case, re.MULTILINE
    )
    last = re.findall(
        rf"^{names} +recall ([\d.]+)% ± [\d.]+%, precision ([\d.]+)% ± [\d.]+%, cost ([\d.]+) ± [\d.]+$", case, re.MULTILINE
    )
    return [{name: tuple(map(float, row)) for name, *row in rows} for rows in (first, last)]


def test_rules_keep_on_validation_what_they_promise_there(case):
    validation, test = rules(case)
    assert len(validation) == len(test) == 5
    assert validation["recall 98 %"][0] >= 98
    assert validation["cheapest"][2] == min(row[2] for row in validation.values())
    assert validation["98 %, pooled"][0] >= 97.9
    real(case)
    for row in (validation, test):
        assert row["recall 98 %"][0] > row["0.5"][0] and row["recall 98 %"][1] < row["0.5"][1]
        assert row["1/11"][2] < row["0.5"][2]  # costs ask for a low threshold
    dropped, kept = map(float, re.search(r"dropping everything costs (\d+), keeping everything (\d+)", case).groups())
    assert test["1/11"][2] < min(dropped, kept)


def test_threshold_for_a_recall_by_a_second_computation():
    for_recall, report = functions("for_recall", "report", WANTED_RECALL=0.98)
    dice = np.random.default_rng(1)
    for n, recall in ((30, 0.9), (80, 0.98), (200, 0.98), (55, 0.8)):
        truths = (dice.random(300) < n / 300).astype(int)
        score = dice.permutation(300) / 300
        threshold = for_recall(truths, score, recall)
        assert report(truths, score, threshold)[0] >= recall - 1e-9
        higher = np.min(score[(score > threshold) & (truths == 1)])
        assert report(truths, score, higher)[0] < recall


def test_wilson_and_the_rule_of_three(case):
    (wilson,) = functions("wilson")
    for hits, n in ((150, 150), (980, 1000)):
        z, share = 1.96, hits / n  # the interval's ends solve |p - share| = z sqrt(p (1 - p) / n)
        low, high = wilson(hits, n)
        for end in (low, high):
            assert abs(end - share) == pytest.approx(z * math.sqrt(max(end * (1 - end), 0) / n), abs=1e-6)
        assert f"{hits} of {n} kept: the recall lies between {low:.1%} and {high:.1%}" in case
    assert 1 - 0.05 ** (1 / 150) == pytest.approx(3 / 150, rel=0.02)


def test_the_interval_of_the_opened_test(case):
    recall, low, high = map(
        float, re.search(r"^recall ([\d.]+)%, bootstrap over groups ([\d.]+)% to ([\d.]+)%", case, re.MULTILINE).groups()
    )
    hits, n = map(int, re.search(r"recall by Wilson: .* \((\d+) of (\d+)\)", case).groups())
    assert low <= recall <= high and recall == pytest.approx(100 * hits / n, abs=0.05)
    assert f"{n - hits} of {n} photographs lost" in case


def test_precision_follows_the_base_rate(case):
    recall, slips = map(
        float, re.search(r"^recall ([\d.]+)%, share of the rubbish that slips through ([\d.]+)%", case, re.MULTILINE).groups()
    )
    rows = re.findall(r"^one in +(\d+) wanted: precision ([\d.]+)%", case, re.MULTILINE)
    assert [int(one) for one, _ in rows] == [2, 5, 20, 50, 200]
    for one, precision in rows:
        kept = recall / int(one)
        assert float(precision) == pytest.approx(100 * kept / (kept + slips * (1 - 1 / int(one))), abs=1.0)


# --- calibration, mistakes, and the person -----------------------------------------------------------------


def test_weights_lift_the_probabilities(case):
    plain, weighted = (
        float(re.search(rf"^{name} +mean probability ([\d.]+)%", case, re.MULTILINE)[1]) for name in ("plain", "balanced weights")
    )
    real(case)
    assert weighted > plain


def test_cost_by_hand():
    (cost_left,) = functions("cost_left", COST=10)
    truths, score = np.array([1, 0, 1, 0, 0]), np.array([0.05, 0.5, 0.9, 0.02, 0.2])
    order = np.array([1, 0, 4, 2, 3])
    # At 1/11 the first is lost (10), the second and the last are rubbish kept (1 each): 12 of 5 pictures, 240 for each 100.
    left = cost_left(truths, score, np.arange(6), order)
    assert left == pytest.approx([240, 220, 20, 0, 0, 0])


def test_looking_at_the_dearest_first_pays(case):
    rows = re.findall(r"^ *(\d+) looks \(\d+%\): cost ([\d.]+) ± [\d.]+ if guided, ([\d.]+) at random", case, re.MULTILINE)
    assert len(rows) == 4
    guided, at_random = ([float(row[k]) for row in rows] for k in (1, 2))
    assert guided == sorted(guided, reverse=True) and at_random == sorted(at_random, reverse=True)
    real(case)
    assert all(a < b for a, b in zip(guided, at_random, strict=True))


def test_the_sealed_pictures_are_opened_after_all_choices():
    text = "\n\n".join(code_of(CASE))
    before, _, after = text.partition("answers = {seed:")
    uses = [line for line in before.splitlines() if "sealed" in line]
    assert all(re.search(r"GroupShuffleSplit|assert not set|sealed=sealed", line) for line in uses), uses
    assert not re.search(r"fitted\(|\.fit\(features\[sealed|for_recall\(facts|cheapest\(facts", after)
