"""An image is an array of numbers: its size, its classes and its bytes, counted again."""

import pytest

from tests import needs

LECTURE = "week01_knn/01_images"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def test_an_image_has_as_many_attributes_as_numbers(lecture):
    assert lecture["dimension"] == lecture["attributes"]["CIFAR-10 (32 × 32 × 3)"] == 32 * 32 * 3


def test_a_photograph_has_49_times_as_many(lecture):
    photograph = lecture["attributes"]["a photograph (224 × 224 × 3)"]
    assert photograph == 224 * 224 * 3 == 49 * lecture["dimension"]


def test_classes_are_counted_from_the_labels(lecture):
    assert lecture["class_names"] == CLASSES
    if lecture["data_is_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, which has fewer than 6,000 images a class")
    assert lecture["class_counts"] == [6_000] * 10


def test_a_batch_takes_one_byte_a_number_or_four(lecture):
    assert lecture["batch_bytes"] == {"uint8": 128 * 3072, "float32": 128 * 3072 * 4}


def test_activations_outweigh_the_batch_and_the_weights(lecture):
    memory = lecture["memory_mb"]
    assert memory["their activations, 64 maps"] == pytest.approx(128 * 32 * 32 * 64 * 4 / 1e6)
    assert memory["their activations, 64 maps"] / memory["128 images, float32"] == pytest.approx(64 / 3)
    assert memory["weights of the layer"] == pytest.approx((3 * 3 * 3 + 1) * 64 * 4 / 1e6)


def test_the_class_that_attracts_the_others_has_the_smallest_spread(lecture):
    if lecture["data_is_sample"]:
        needs.require("data", "the lecture ran on the embedded sample, which has too few images a class")
    spread, nearest = lecture["class_spread"], lecture["nearest_class"]
    magnet = max(set(nearest), key=nearest.count)
    assert CLASSES[magnet] == "deer" and spread[magnet] == min(spread) and nearest.count(magnet) >= 5
    assert {CLASSES[a] for a in nearest} == {"deer", "ship"}
    between = lecture["between_mean_images"]
    by_formula = [min(range(10), key=lambda b: spread[b] + between[a][b]) for a in range(10)]
    assert sum(a == b for a, b in zip(by_formula, nearest, strict=True)) >= 8  # of squares, and the lecture's are not squared
    deer, ship = CLASSES.index("deer"), CLASSES.index("ship")
    assert all(between[a][deer] > 40 for a in range(10) if nearest[a] == ship)
    assert all(between[a][deer] < 40 for a in range(10) if nearest[a] == deer)
