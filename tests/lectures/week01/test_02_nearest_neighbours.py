"""Nearest neighbours: the worked distances, the uint8 trap, and the ways to compute a table of distances."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

LECTURE = "week01_knn/02_nearest_neighbours"
TEST = np.array([[56, 32, 10, 18], [90, 23, 128, 133], [24, 26, 178, 200], [2, 0, 255, 220]])
TRAIN = np.array([[10, 20, 24, 17], [8, 10, 89, 100], [12, 16, 178, 170], [4, 32, 233, 112]])


def distance(metric):
    return pairwise_distances(TEST.reshape(1, -1), TRAIN.reshape(1, -1), metric=metric).item()


def test_distances_of_the_worked_example(lecture):
    assert lecture["row_differences"] == np.abs(TEST - TRAIN).sum(axis=1).tolist() == [73, 167, 52, 164]
    assert lecture["l1"] == distance("manhattan") == 456
    assert lecture["l2"] == pytest.approx(distance("euclidean"))


def test_the_uint8_trap_is_sprung(lecture):
    assert lecture["wrapped_sum"] == ((TEST - TRAIN) % 256).sum() != lecture["l1"]


def test_three_changes_share_one_distance(lecture):
    distances = lecture["distances_of_the_trio"]
    assert len(distances) == 3 and np.ptp(distances) < 1e-3 * np.mean(distances)


def test_every_way_gives_the_same_table(lecture):
    differences = lecture["relative_difference_to_two_loops"]
    assert differences.keys() == {"one_loop", "broadcast", "no_loop"}
    assert max(differences.values()) < 1e-3


def test_broadcasting_pays_with_memory(lecture):
    peak = {way: cost["bytes"] for way, cost in lecture["cost"].items()}
    assert peak["broadcast"] > lecture["queries"] * lecture["training_images"] * 3072 * 4
    assert peak["no_loop"] < peak["one_loop"] < peak["broadcast"]
    assert min(cost["seconds"] for cost in lecture["cost"].values()) > 0


def test_all_of_cifar10_at_once_would_take_six_terabytes(lecture):
    assert lecture["pixel_pairs"] * 4 / 1e12 == pytest.approx(6.1, abs=0.05)
