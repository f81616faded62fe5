"""Lecture 2 of week 6: worked numbers computed again, and what the lecture says about Keras and tf.data, asked of them."""

import math
import re

import numpy as np
import pytest

from pipeline import ROOT
from pipeline.notebooks import read_source

GENERATORS = "week06_augmentation/02_generators"


@pytest.fixture(scope="module")
def text(executed, printed):
    return printed(executed(GENERATORS))


@pytest.fixture(scope="module")
def code():
    """The lecture's code, cell by cell."""
    cells = read_source(ROOT / "lectures" / f"{GENERATORS}.py").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def number(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    assert found, pattern
    return float(found[1].replace(",", ""))


# --- memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "images", "side"),
    [("CIFAR-10, 32 px", 60_000, 32), ("one batch of 32, 224 px", 32, 224), ("ImageNet, 224 px", 1_281_167, 224)],
)
def test_bytes(text, name, images, side):
    for kind, size in (("uint8", 1), ("float32", 4)):
        told = number(rf"^{re.escape(name)}, {kind} +([\d,.]+) GiB$", text)
        assert told == pytest.approx(images * side * side * 3 * size / 2**30, abs=0.0006)


def test_batches_hold_less_at_a_time(text):
    whole, batch = (number(rf"^{way} +mean colour .*at most +([\d.]+) MiB", text) for way in ("mean_at_once", "mean_by_batches"))
    colours = re.findall(r"mean colour (\[[\d. ]+\])", text)
    assert len(colours) == 2 and colours[0] == colours[1]
    assert batch < whole / 3


def test_a_plain_generator_is_used_up(text):
    assert number(r"first epoch: +(\d+) batches", text) > 1 and number(r"second epoch: +(\d+) batches", text) == 0
    assert "TypeError" in text


# --- class folders -----------------------------------------------------------------------------------------


def test_labels_follow_the_alphabet(text):
    assert "label and folder agree for 100%" in text
    assert "folder 2 has label 4" in text and "folder 02 has label 1" in text
    assert "['Zebra', 'ant', 'bee']" in text and "['bee', 'Zebra', 'ant']" in text
    assert sorted(map(str, range(1, 13))).index("2") == 4


def test_hidden_and_broken_files_are_taken(text):
    taken = re.findall(r"^  takes (\S+)$", text, re.MULTILINE)
    assert taken == [
        "cat/._one.png",
        "cat/one.png",
        "dog/one.png",
        "dog/three.jpg",
        "dog/two.jpg",
        "dog/.ipynb_checkpoints/one-checkpoint.png",
    ]
    states = dict(re.findall(r"^((?:cat|dog)/\S+) +(\S.*)$", text, re.MULTILINE))
    assert [path for path, state in states.items() if state == "good"] == ["cat/one.png", "dog/one.png"]
    assert "truncated" in states["dog/three.jpg"] and states["cat/._one.png"] == "hidden"


def test_two_seeds_leak_four_fifths(text):
    rows = re.findall(
        r"^seed \d+: of (\d+) validation images (\d+) are in training with the same seed, (\d+) with two", text, re.MULTILINE
    )
    assert len(rows) >= 3 and all(same == "0" for _, same, _ in rows)
    share = sum(int(leaked) for *_, leaked in rows) / sum(int(count) for count, *_ in rows)
    assert share == pytest.approx(0.8, abs=0.08)  # each validation image is in the other's training part with probability 0.8


def test_the_leak_looks_like_a_success(executed):
    alt = next(
        output.metadata["image/png"]["alt"]
        for cell in executed(GENERATORS).cells
        for output in cell.get("outputs", [])
        if "A split from two different seeds" in output.get("metadata", {}).get("image/png", {}).get("alt", "")
    )
    honest, leaky = (float(re.search(rf"{name}: 1-NN accuracy ([\d.]+)", alt)[1]) for name in ("same seed", "two seeds"))
    assert leaky > honest + 30


def test_a_sorted_split_has_few_classes(text):
    mixed, last = (
        number(rf"^{re.escape(name)} +\d+ validation images, (\d+) classes", text) for name in ("both, shuffled", "shuffle=False")
    )
    assert mixed >= 8 and last <= 3
    assert re.search(r"shuffle=False .*: ship, truck$", text, re.MULTILINE)


# --- PyDataset ---------------------------------------------------------------------------------------------


def test_last_batch(text):
    assert f"{math.ceil(1000 / 32)} batches: {1000 // 32} of 32 and the last of {1000 % 32}; 1000 images" in text
    assert "1000 // 32 = 31 batches: 8 images would never be seen" in text


def test_shuffled_batches_are_always_the_same_batches(text):
    contents = [int(count) for count in re.findall(r"batches with different contents: (\d+)", text)]
    assert contents[0] == 8 and contents[1] >= 24
    assert "an epoch holds every image once: True" in text


def test_order_decides_what_is_learned(text):
    rows = {
        name: (float(mean), runs.split(", "))
        for name, mean, runs in re.findall(
            r"^(sorted|batches shuffled|images shuffled) +validation accuracy ([\d.]+) ± [\d.]+ %, single runs (.*)$",
            text,
            re.MULTILINE,
        )
    }
    assert len(rows) == 3 and all(len(runs) >= 3 for _, runs in rows.values())
    assert rows["sorted"][0] + 20 < rows["images shuffled"][0] and rows["batches shuffled"][0] < rows["images shuffled"][0]


def test_a_key_survives_what_a_state_does_not(text):
    rows = re.findall(
        r"^(With\w+): made twice the same; in reverse (\d) of 4 batches the same; batch 0 asked twice: (\d) of 4;"
        r"\n +two workers move their images (.*)$",
        text,
        re.MULTILINE,
    )
    assert [row[0] for row in rows] == ["WithState", "WithKey"]
    assert rows[0][1:] == ("0", "0", "ALIKE") and rows[1][1:] == ("4", "4", "each in its own way")
    assert "at once: the same batches: True" in text and "the source was not changed: True" in text


def test_jolted_never_wraps(code):
    space = {"np": np}
    cell = next(cell for cell in code if cell.startswith("def jolted"))
    exec(cell.split("\n\n\nclass")[0], space)  # noqa: S102  the function alone
    image = np.random.default_rng(0).integers(1, 256, (9, 11, 3), dtype=np.uint8)
    dice = np.random.default_rng(1)
    seen = set()
    for _ in range(200):
        moved = space["jolted"](image, dice, reach=2)
        fits = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(moved, np.pad(image, ((2, 2), (2, 2), (0, 0)))[2 - down : 11 - down, 2 - right : 13 - right])
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) == 25


# --- tf.data -----------------------------------------------------------------------------------------------


def test_buffer(text):
    rows = re.findall(r"^buffer +(\d+): ([\d.]+) ± ([\d.]+) classes in a batch$", text, re.MULTILINE)
    means = [float(mean) for _, mean, _ in rows]
    assert [int(room) for room, *_ in rows] == [1, 10, 32, 100, 320, 1000]
    assert means == sorted(means) and means[1] < 2
    # no buffer: 31 full batches; of the nine borders between classes those count that fall inside one of them
    borders = [100 * k for k in range(1, 10) if (100 * k) % 32 and 100 * k < 31 * 32]
    assert means[0] == pytest.approx(1 + len(borders) / 31, abs=0.006)
    ideal = 10 * (1 - math.prod((900 - k) / (1000 - k) for k in range(32)))
    assert number(r"drawn at random from all: ([\d.]+)", text) == pytest.approx(ideal, abs=0.006)
    assert means[-1] == pytest.approx(ideal, abs=0.25)


def test_an_item_comes_early_by_less_than_the_buffer(text):
    for room in (10, 100):
        ours, theirs = map(
            int, re.search(rf"buffer +{room}: an item comes at most (\d+) places too early by our rule, (\d+)", text).groups()
        )
        assert 0.7 * room < ours < room and 0.7 * room < theirs < room


def test_cache_before_chance(text):
    versions = dict(re.findall(r"^(.+?) +([\d.]+) versions of each image in 5 epochs$", text, re.MULTILINE))
    assert versions == {"no augmentation": "1.0", "augment, then cache": "1.0", "cache, then augment": "5.0"}


# --- time: only what sleeping decides, and what must hold on any machine --------------------------------------


def test_prefetching_hides_the_shorter_part(text):
    slow = re.search(r"one after the other +computed (\d+) ms, measured (\d+) ms", text)
    fast = re.search(r"prefetched +computed (\d+) ms, measured (\d+) ms", text)
    assert (int(slow[1]), int(fast[1])) == (10 * 50, 10 * 30 + 20)
    assert int(slow[2]) >= 500 and int(fast[2]) >= 320  # less cannot be; how much more depends on who else computes


def test_every_loader_was_measured(text):
    rows = re.findall(r"^(.+?) +([\d,]+) images/s \(worst +[\d,]+\), +[\d.]+ times what the CNN eats$", text, re.MULTILINE)
    assert len(rows) == 9 and all(float(rate.replace(",", "")) > 0 for _, rate in rows)
    assert number(r"^the CNN eats +([\d,]+)$", text) > 0
    assert len(re.findall(r"taking turns [\d.]+ s, hidden [\d.]+ s, measured [\d.]+ s", text)) == 3


def test_hidden_is_the_larger_of_the_two(text):
    for turns, hidden in re.findall(r"taking turns ([\d.]+) s, hidden ([\d.]+) s", text):
        assert float(turns) / 2 - 0.01 <= float(hidden) <= float(turns) + 0.01


def test_nothing_is_left_behind(text):
    assert "the temporary folder is gone: True" in text
