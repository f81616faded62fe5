"""The scoreboard's arithmetic, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from helpers.experiments.studies import scoreboard


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 1400)
    features = (rng.normal(size=(10, 6))[labels] + rng.normal(size=(1400, 6))).astype(np.float32)
    return features[:800], labels[:800], features[800:]


def test_the_nearest_are_the_nearest(points):
    known, labels, asked = points
    judge = KNeighborsClassifier(7).fit(known, labels).kneighbors(asked, return_distance=False)
    np.testing.assert_array_equal(scoreboard._nearest(known, asked, 7), judge)
    judge = KNeighborsClassifier(1, metric="manhattan").fit(known, labels).kneighbors(asked, return_distance=False)
    np.testing.assert_array_equal(scoreboard._nearest_l1(known, asked), judge)


def test_the_majority_decides_and_of_several_the_nearest():
    labels = np.array([[3, 5, 5, 7, 7], [1, 2, 2, 1, 9], [4, 6, 8, 0, 2]])
    votes = scoreboard._votes(labels)
    assert list(votes) == [1, 3, 5]
    assert votes[1].tolist() == [3, 1, 4] and votes[3].tolist() == [5, 2, 4]
    assert votes[5].tolist() == [5, 1, 4]  # two each: 5 stands before 7, and 1 before 2


def test_networks_that_are_not_there_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.experiments.trained.FOLDER", tmp_path)
    names = {task["method"] for task in scoreboard.plan([])}
    assert {"pixels", "HOG", "pixels, L1, k = 1"} <= names and not {"residual network", "LeNet-5 itself"} & names
    (tmp_path / "cifar10-residual.json").touch()
    assert {"residual network", "residual network itself"} <= {task["method"] for task in scoreboard.plan([])}
