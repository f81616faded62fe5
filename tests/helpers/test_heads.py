"""Week 8's material: what stands in offline, networks whose answers fit, and the measures of the study by hand."""

import keras
import numpy as np
import pytest

from helpers import data, pretrained
from helpers.experiments import catalogue, heads
from helpers.experiments.studies import hierarchy, task_weights


@pytest.fixture
def offline(monkeypatch):
    """No groceries and no weights; what was loaded before does not count."""
    load = data.load

    def embedded(name, **options):
        if name == "groceries":
            raise data.DataError("no network here")
        return load(name, **options)

    def nothing(*_, **__):
        raise pretrained.Unavailable("no network here")

    monkeypatch.setattr(data, "load", embedded)
    monkeypatch.setattr(pretrained, "load", nothing)
    heads.pictures.cache_clear()
    yield
    heads.pictures.cache_clear()


def test_offline_the_sample_of_cifar_10_takes_their_place(offline):
    found = heads.pictures()
    assert not found.groceries and "CIFAR-10" in str(found) and "weights cannot be had" in str(found)
    assert found.coarse_names == ("vehicle", "animal") and len(found.fine_names) == 10
    for part in heads.PARTS:
        assert len(found.images[part]) == len(found.x[part]) == len(found.fine[part]) > 0
        np.testing.assert_array_equal(found.parent[found.fine[part]], found.coarse[part])
    assert found.parent[found.fine_names.index("frog")] == 1 and found.parent[found.fine_names.index("ship")] == 0
    assert abs(found.x["train"].mean()) < 1e-3 and found.x["train"].dtype == np.float32


def test_a_study_does_not_take_a_substitute(offline):
    with pytest.raises(data.DataError):
        heads.pictures(strict=True)


PARENT = np.array([0, 1, 1, 2, 0])


def told(way):
    keras.utils.set_random_seed(0)
    model = heads.network(way, PARENT, inputs=4)
    return model, heads.probabilities(model, np.random.default_rng(0).normal(size=(20, 4)).astype("float32") * 5)


def test_by_construction_the_sums_are_the_coarse_head():
    members = heads.within(PARENT)
    _, built = told("construction")
    np.testing.assert_allclose(built["fine"] @ members, built["coarse"], atol=1e-5)
    _, free = told("two heads")
    assert np.abs(free["fine"] @ members - free["coarse"]).max() > 0.05
    _, drawn = told("penalty")
    gap = ((drawn["fine"] @ members - drawn["coarse"]) ** 2).sum(axis=1)
    np.testing.assert_allclose(drawn["gap"][:, 0], gap, atol=1e-5)
    assert set(told("fine")[1]) == {"fine"} and set(told("coarse")[1]) == {"coarse"}


def test_a_restart_forgets_everything():
    model, _ = told("two heads")
    model.compile("adam", dict.fromkeys(("fine", "coarse"), "sparse_categorical_crossentropy"))
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 4)).astype("float32"), {"fine": rng.integers(0, 5, 40), "coarse": rng.integers(0, 3, 40)}
    ends = []
    for seed in (3, 4, 3):
        heads.restart(model, 0.01, seed)
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
        ends.append(np.concatenate([weight.ravel() for weight in model.get_weights()]))
    np.testing.assert_allclose(ends[0], ends[2], atol=1e-6)
    assert np.abs(ends[0] - ends[1]).max() > 0.01


def test_the_measures_of_four_pictures_by_hand():
    fine = np.array([[0.4, 0.3, 0.3, 0, 0], [0.1, 0.6, 0.1, 0.1, 0.1], [0, 0, 0.2, 0.8, 0], [0.3, 0.2, 0.2, 0.25, 0.05]])
    coarse = np.array([[0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0, 0.2, 0.8], [0.1, 0.1, 0.8]])
    found = hierarchy.judge({"fine": fine, "coarse": coarse}, np.array([1, 1, 3, 3]), PARENT[[1, 1, 3, 3]], PARENT)
    assert found["fine"] == 0.5 and found["coarse"] == 1
    assert found["read_off"] == 0.5 and found["summed"] == 0.75
    assert found["joint_fine"] == found["joint_coarse"] == found["top_down"] == 1
    assert found["disagree"] == 0.5 and found["fine_there"] == 0 and found["errors_there"] == 1
    assert found["sure50"] == found["gap50"] == 1


def test_a_column_is_in_the_order_of_the_seeds_and_an_unknown_one_is_refused():
    study = hierarchy.study()
    rows = sorted((row for row in study.rows() if row["case"] == "fine, 100"), key=lambda row: row["seed"])
    np.testing.assert_allclose(study.column("fine", times=100, case="fine, 100"), [100 * row["fine"] for row in rows])
    with pytest.raises(ValueError, match="has no row with"):
        study.column("fine", way="three heads")


@pytest.mark.parametrize("name", ["hierarchy", "task-weights"])
def test_the_stored_studies_are_complete(name):
    study = catalogue.find(name)
    assert not study.missing(study.rows())


def test_the_cosine_is_that_of_the_gradients():
    model = heads.network("two heads", np.array([0, 1, 0]), 4, (6, 5))
    x, y = np.random.default_rng(0).normal(size=(9, 4)).astype("float32"), np.arange(9) % 2
    assert all(-1 <= one <= 1 for one in task_weights.cosine(model, x, y, y))
    for one, two in zip(model.get_layer("fine_scores").weights, model.get_layer("coarse_head").weights, strict=True):
        values = np.zeros(one.shape, np.float32)
        values[..., :2] = keras.ops.convert_to_numpy(two)
        if one.ndim == 1:
            values[2] = -40  # the third fine class has no say: both heads ask the same
        one.assign(values)
    assert task_weights.cosine(model, x, y, y) == pytest.approx([1, 1], abs=1e-4)
