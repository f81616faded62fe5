"""The worked numbers of lectures 1 and 2 of week 1: computed again, and found in what they printed."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

IMAGES, NEIGHBOURS = "week01_knn/01_images", "week01_knn/02_nearest_neighbours"

TEST = np.array([[56, 32, 10, 18], [90, 23, 128, 133], [24, 26, 178, 200], [2, 0, 255, 220]])
TRAIN = np.array([[10, 20, 24, 17], [8, 10, 89, 100], [12, 16, 178, 170], [4, 32, 233, 112]])


@pytest.fixture(scope="module")
def images_text(executed, printed):
    return printed(executed(IMAGES))


@pytest.fixture(scope="module")
def neighbours_text(executed, printed):
    return printed(executed(NEIGHBOURS))


def test_size_of_an_image_is_printed(images_text):
    assert f"d = 32 * 32 * 3 = {32 * 32 * 3}" in images_text
    assert f"{224 * 224 * 3:,} numbers = {224 * 224 // 32**2} times CIFAR-10" in images_text


def test_classes_are_counted_from_the_labels(images_text):
    counted = [line for line in images_text.splitlines() if line.startswith("label ") and " means " in line]
    names = [line.split()[3] for line in counted]
    assert names == ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    if "embedded sample" in images_text:
        pytest.skip("executed on the embedded sample: 6,000 images a class need the whole data set")
    assert "60,000 images, 10 classes" in images_text
    assert all(line.endswith("6,000 images") for line in counted)


def test_bytes_of_a_batch_are_printed(images_text):
    assert f"{128 * 3072:,} bytes" in images_text  # uint8
    assert f"{128 * 3072 * 4:,} bytes" in images_text  # float32
    assert f"{128 * 32 * 32 * 64 * 4 / 1e6:.3f} MB" in images_text  # activations of 64 maps


def test_l1_of_the_worked_example(neighbours_text):
    assert (
        np.abs(TEST - TRAIN).sum()
        == pairwise_distances(TEST.reshape(1, -1), TRAIN.reshape(1, -1), metric="manhattan").item()
        == 456
    )
    assert "73 + 167 + 52 + 164 = 456" in neighbours_text
    assert f"L1 = 456, L2 = {np.linalg.norm(TEST - TRAIN):.2f}" in neighbours_text


def test_the_uint8_trap_is_sprung(neighbours_text):
    wrong = int(((TEST - TRAIN) % 256).sum())
    assert wrong != 456
    assert f"sum: {wrong} instead of 456" in neighbours_text


def test_three_changes_share_one_distance(neighbours_text):
    told = [line for line in neighbours_text.splitlines() if line.startswith("the three distances agree to")]
    assert len(told) == 1 and float(told[0].split()[-1]) < 1e-3


def test_every_way_gives_the_same_table(neighbours_text):
    for way in ("one_loop", "broadcast", "no_loop"):
        assert any(line.startswith(way) and "gives the same" in line for line in neighbours_text.splitlines())
    assert f"{10_000 * 50_000 * 3072 * 4 / 1e12:.1f} terabytes" in neighbours_text


@pytest.mark.parametrize("name", [IMAGES, NEIGHBOURS])
def test_every_figure_has_alt_text_of_its_own(executed, name):
    alts = [
        output["metadata"].get("image/png", {}).get("alt", "")
        for cell in executed(name).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(alts) >= 8
    assert all(len(alt) > 40 for alt in alts)
    assert len(set(alts)) == len(alts)
