"""helpers.knn against brute force: exact, tie-breaking included, and within its memory."""

import json
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from helpers import knn
from helpers.data import load
from tests import needs

MEBI = 2**20


def brute_force(train, queries, k, metric):
    """All distances the obvious way, then a stable sort: equal distances stay in the order of their index."""
    train = train.reshape(len(train), -1).astype(np.float64)
    queries = queries.reshape(len(queries), -1).astype(np.float64)
    indices, distances = [], []
    for query in queries:
        difference = train - query
        values = np.square(difference).sum(axis=1) if metric == "l2" else np.abs(difference).sum(axis=1)
        order = np.argsort(values, kind="stable")[:k]
        indices.append(order)
        distances.append(np.sqrt(values[order]) if metric == "l2" else values[order])
    return np.array(indices), np.array(distances)


def check(train, queries, k, metric="l2", **options):
    indices, distances = knn.nearest(train, queries, k, metric=metric, **options)
    expected_indices, expected_distances = brute_force(train, queries, k, metric)
    assert indices.dtype == np.int64 and distances.dtype == np.float64
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-12, atol=0)


def random_bytes(seed, *shape, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, shape, dtype=np.uint8)


@pytest.fixture
def tiny_blocks(monkeypatch):
    """Return a function that makes every block as small as it is told, whatever the memory."""
    plan = knn._plan

    def use(queries, train, group, scores=1, held=1, images=1):
        small = knn._Plan(queries, train, group, scores, held, images)
        monkeypatch.setattr(knn, "_plan", lambda *args, **kwargs: plan(*args, **kwargs) and small)

    return use


# ---------------------------------------------------------------------------------------------------------------
# The right neighbours


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("shape", [(1,), (7,), (5, 3), (8, 8, 3)])
@pytest.mark.parametrize("k", [1, 5, 200])
def test_bytes_as_brute_force(metric, shape, k):
    check(random_bytes(0, 200, *shape), random_bytes(1, 30, *shape), k, metric)


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_other_dtypes_as_brute_force(metric, dtype):
    rng = np.random.default_rng(2)
    check(
        (100 * rng.standard_normal((500, 6, 5))).astype(dtype),
        (100 * rng.standard_normal((40, 6, 5))).astype(dtype),
        7,
        metric,
    )


@pytest.mark.parametrize("metric", ["l2", "l1"])
def test_bytes_and_floats_mixed(metric):
    queries = np.random.default_rng(3).uniform(0, 255, (20, 12)).astype(np.float32)
    check(random_bytes(3, 300, 12), queries, 4, metric)


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("k", [1, 3, 60, 400])
def test_ties_go_to_the_lower_index(metric, k):
    # Three grey levels in two pixels: nine different images, each some 44 times.
    check(random_bytes(4, 400, 2, high=3), random_bytes(5, 25, 2, high=3), k, metric)


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_copies_of_one_image(metric, dtype):
    train = np.repeat(random_bytes(6, 1, 37), 3000, axis=0).astype(dtype) / dtype(1 if dtype == np.uint8 else 7)
    indices, distances = knn.nearest(train.astype(dtype), train[:5].astype(dtype) + dtype(1), 9, metric=metric)
    assert (indices == np.arange(9)).all()
    assert (distances == distances[0, 0]).all()


@pytest.mark.parametrize("metric", ["l2", "l1"])
def test_scattered_copies_of_floats_are_ties(metric):
    rng = np.random.default_rng(7)
    different = rng.standard_normal((40, 33))
    train = different[rng.integers(0, 40, 900)]
    indices, distances = knn.nearest(train, rng.standard_normal((30, 33)), 300, metric=metric)
    for row, values in zip(indices, distances, strict=True):
        for value in np.unique(values):
            assert (np.diff(row[values == value]) > 0).all()
        assert len(np.unique(values)) <= 40


def test_where_float32_cannot_tell_the_neighbours_apart():
    # Squared distances of about 2e8 that differ by one: float32 rounds to multiples of 16 there.
    train = np.full((2000, 3072), 255, dtype=np.uint8)
    rng = np.random.default_rng(8)
    for row in range(2000):
        train[row, rng.choice(3072, rng.integers(0, 4), replace=False)] -= np.uint8(1)
    check(train, np.zeros((2, 3072), dtype=np.uint8), 500)
    check(train, 255 - train[:3], 20)


def test_the_error_of_a_score_stays_below_its_bound():
    train, queries = random_bytes(9, 50, 3072), random_bytes(10, 40, 3072)
    train[:20], queries[:10] = 255, 0  # the largest sums that there can be
    train[10:20, ::2] = 0
    plan = knn._plan(50, 40, 3072, 1, 256 * MEBI, 4)
    with ThreadPoolExecutor(1) as threads:
        space = knn._Euclidean(train, queries, plan, threads)
        slack = space.load_queries(0, 40)
        scores = space.scores(0, 50, 40)[:, :50]
    t, q = train.astype(np.int64) - 128, queries.astype(np.int64) - 128
    exact = np.square(t).sum(axis=1) / 2 - q @ t.T
    assert (2 * np.abs(scores - exact) <= slack[:, None]).all()
    assert slack.max() < 0.01 * np.square(t).sum(axis=1).max()  # and the bound is of use


@pytest.mark.parametrize("offset, spread", [(1e6, 1.0), (0, 1e-30), (0, 1e30), (-1e200, 1e190), (0, 1e-200)])
def test_floats_of_any_size(offset, spread):
    rng = np.random.default_rng(11)
    train, queries = offset + spread * rng.standard_normal((300, 8)), offset + spread * rng.standard_normal((20, 8))
    indices, distances = knn.nearest(train, queries, 5)
    expected, scaled = brute_force((train - offset) / spread, (queries - offset) / spread, 5, "l2")
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, scaled * spread, rtol=1e-9)


def test_one_wild_value_does_not_spoil_the_rest():
    rng = np.random.default_rng(12)
    train, queries = rng.standard_normal((300, 8)), rng.standard_normal((20, 8))
    train[17, 3] = 1e12
    check(train, queries, 5)


@pytest.mark.parametrize("spread", [1e-9, 1e-12, 1e-40, 1e-200])
def test_ties_that_float64_rounding_makes(spread):
    # Seen from afar, the training images are at equal distances: the index decides, not what float32 makes of it.
    rng = np.random.default_rng(23)
    train, queries = spread * rng.standard_normal((300, 8)), 1e6 + rng.standard_normal((20, 8))
    check(train, queries, 5)
    check(train, queries, 5, memory=MEBI)


def test_all_values_equal():
    indices, distances = knn.nearest(np.zeros((6, 4)), np.zeros((2, 4)), 3)
    assert (indices == [0, 1, 2]).all() and (distances == 0).all()


def test_lists_booleans_and_views():
    assert knn.nearest([[0.0], [2.0]], [[1.5]], 1)[0].item() == 1
    bits = random_bytes(13, 80, 9, high=2)
    for got, wanted in zip(knn.nearest(bits > 0, bits[:5] > 0, 4), knn.nearest(bits, bits[:5], 4), strict=True):
        np.testing.assert_array_equal(got, wanted)
    images = random_bytes(14, 90, 8, 8, 3)
    check(images[::2, ::2, ::-1], images[1::9, ::2, ::-1], 6)
    images.flags.writeable = False
    check(images, images[:4], 2)


# ---------------------------------------------------------------------------------------------------------------
# Blocks and memory


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("queries, train, group", [(1, 1, 1), (1, 3, 1), (4, 1, 1), (3, 6, 2), (7, 32, 16)])
def test_any_blocks(tiny_blocks, metric, queries, train, group):
    tiny_blocks(queries, train, group)
    check(random_bytes(15, 61, 2, high=6), random_bytes(16, 11, 2, high=6), 4, metric)
    check(random_bytes(15, 61, 2, high=6).astype(np.float32), random_bytes(16, 11, 2, high=6), 61, metric)


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_answer_does_not_depend_on_memory(metric, dtype):
    train, queries = random_bytes(17, 3000, 100).astype(dtype), random_bytes(18, 300, 100).astype(dtype)
    small = knn.nearest(train, queries, 10, metric=metric, memory=MEBI)
    large = knn.nearest(train, queries, 10, metric=metric)
    np.testing.assert_array_equal(small[0], large[0])
    np.testing.assert_array_equal(small[1], large[1])


def peak(function):
    """Bytes allocated on top of what was there, at the worst moment."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        results = function()
        return tracemalloc.get_traced_memory()[1] - before - sum(array.nbytes for array in results)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("mebibytes", [4, 24])
@pytest.mark.parametrize(
    "metric, dtype, images, k",
    [
        ("l2", np.uint8, "random", 5),
        ("l2", np.float32, "random", 5),
        ("l2", np.uint8, "random", 2000),
        ("l2", np.uint8, "copies", 5),
        ("l2", np.float64, "copies", 5),
        ("l1", np.uint8, "random", 5),
        ("l1", np.uint8, "copies", 300),
    ],
)
def test_memory_is_respected(metric, dtype, images, k, mebibytes):
    train = random_bytes(19, 4000, 16, 16).astype(dtype)
    if images == "copies":  # every training image is a candidate of every query
        train[:] = train[0]
    queries = random_bytes(20, 500 if k < 1000 else 60, 16, 16).astype(dtype)
    if images == "copies":
        queries = queries[:40]
    knn.nearest(train[:9], queries[:2], 1, metric=metric)  # what is imported on first use is not counted
    memory = mebibytes * MEBI
    used = peak(lambda: knn.nearest(train, queries, k, metric=metric, memory=memory))
    assert used <= memory
    assert train.nbytes < memory or used < train.nbytes * 4  # never all of it in float32


def test_memory_with_strided_images():
    images = random_bytes(21, 3000, 32, 32, 3)
    used = peak(lambda: knn.nearest(images[:, ::2, ::2], images[:100, ::2, ::2], 5, memory=4 * MEBI))
    assert used <= 4 * MEBI


# ---------------------------------------------------------------------------------------------------------------
# Errors


@pytest.mark.parametrize(
    "train, queries, k, options, message",
    [
        (np.zeros((5, 3)), np.zeros((2, 3)), 6, {}, "between 1 and the number of training images .5., got 6"),
        (np.zeros((5, 3)), np.zeros((2, 3)), 0, {}, "got 0"),
        (np.zeros((5, 3)), np.zeros((2, 3)), 1.5, {}, "k must be a whole number, got 1.5"),
        (np.zeros((5, 3)), np.zeros((2, 3)), True, {}, "k must be a whole number"),
        (np.zeros((5, 3)), np.zeros((2, 4)), 1, {}, r"shape \(3,\), queries of shape \(4,\)"),
        (np.zeros((5, 3, 4)), np.zeros((2, 12)), 1, {}, "must be the same"),
        (np.zeros((5, 3, 4)), np.zeros((3, 4)), 1, {}, r"image\[None\]"),
        (np.zeros(5), np.zeros((2, 3)), 1, {}, r"train must have shape \(images, ...\)"),
        (np.zeros((0, 3)), np.zeros((2, 3)), 1, {}, "train is empty"),
        (np.zeros((5, 3)), np.zeros((0, 3)), 1, {}, "queries is empty"),
        (np.zeros((5, 3)), np.zeros((2, 3)), 1, {"metric": "cosine"}, '"l2" or "l1", got \'cosine\''),
        (np.zeros((5, 3)), np.zeros((2, 3)), 1, {"metric": ["l2"]}, '"l2" or "l1"'),
        (np.zeros((5, 3)), np.zeros((2, 3)), 1, {"memory": 1000}, "too small .* at least 1048576 bytes"),
        (np.zeros((5, 3)), np.zeros((2, 3)), 1, {"memory": 1e9}, "memory must be a whole number"),
        (np.full((5, 3), "a"), np.zeros((2, 3)), 1, {}, "train must hold real numbers"),
        (np.zeros((5, 3), complex), np.zeros((2, 3)), 1, {}, "train must hold real numbers"),
        (np.zeros((5, 3)), np.full((2, 3), None), 1, {}, "queries must hold real numbers"),
    ],
)
def test_errors(train, queries, k, options, message):
    with pytest.raises(ValueError, match=message):
        knn.nearest(train, queries, k, **options)


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_cannot_be_compared(metric, bad):
    good, spoilt = np.zeros((5, 3)), np.zeros((5, 3))
    spoilt[3, 1] = bad
    with pytest.raises(ValueError, match="train has values that are NaN, infinite"):
        knn.nearest(spoilt, good, 1, metric=metric)
    with pytest.raises(ValueError, match="queries has values that are NaN, infinite"):
        knn.nearest(good, spoilt, 1, metric=metric)


# ---------------------------------------------------------------------------------------------------------------
# Voting


def test_vote_against_counting_by_hand():
    labels = np.random.default_rng(22).integers(0, 4, (500, 6))
    for row, got in zip(labels, knn.vote(labels, 4), strict=True):
        counts = [list(row).count(label) for label in range(4)]
        assert got == next(label for label in row if counts[label] == max(counts))


def test_vote_ties_go_to_the_nearest_of_the_tied_classes():
    assert knn.vote([[3, 1]], 4).tolist() == [3]
    assert knn.vote([[0, 2, 1, 1, 2]], 3).tolist() == [2]  # 0 is nearest of all, but not tied
    assert knn.vote(np.array([[7], [0]], dtype=np.uint8), 8).tolist() == [7, 0]
    assert knn.vote(np.zeros((0, 3), dtype=int), 8).shape == (0,)


@pytest.mark.parametrize(
    "labels, n_classes, message",
    [
        ([1, 2], 3, r"shape \(queries, k\)"),
        (np.zeros((2, 0), dtype=int), 3, "k >= 1"),
        ([[0.0, 1.0]], 3, "must be integers"),
        ([[0, 3]], 3, "n_classes - 1 = 2, got 0 to 3"),
        ([[-1, 0]], 3, "got -1 to 0"),
        ([[0]], 0, "at least 1"),
        ([[0]], 2.0, "n_classes must be a whole number"),
    ],
)
def test_vote_errors(labels, n_classes, message):
    with pytest.raises(ValueError, match=message):
        knn.vote(labels, n_classes)


# ---------------------------------------------------------------------------------------------------------------
# Other systems


def test_neighbours_and_votes_where_an_index_has_32_bits(monkeypatch):
    """As in a browser (WebAssembly), where NumPy's bincount refuses int64."""
    counted, narrow = np.bincount, np.int32

    def bincount(x, *args, **kwargs):
        if not np.can_cast(np.asarray(x).dtype, narrow, "safe"):
            raise TypeError(f"Cannot cast array data from {np.asarray(x).dtype!r} to {np.dtype(narrow)!r} according to 'safe'")
        return counted(x, *args, **kwargs)

    train, labels = random_bytes(30, 90, 4), np.arange(90, dtype=np.int64) % 3
    expected = knn.vote(labels[knn.nearest(train, train, 5)[0]], 3)
    monkeypatch.setattr(np, "intp", narrow)
    monkeypatch.setattr(np, "bincount", bincount)
    indices, _ = knn.nearest(train, train, 5)
    np.testing.assert_array_equal(knn.vote(labels[indices], 3), expected)
    assert np.bincount(indices[:, 0]).sum() == 90  # who is a neighbour how often: week 1 asks that


@pytest.mark.parametrize("metric", ["l2", "l1"])
@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_without_threads_the_answer_is_the_same(monkeypatch, metric, allowed):
    """As in a browser, or where a process may not start (many) threads."""
    start, started = threading.Thread.start, []

    def refuse(self):
        if len(started) == allowed:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(knn, "_THREADS", 3)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    check(random_bytes(31, 500, 12), random_bytes(32, 40, 12), 7, metric)
    check(np.random.default_rng(33).normal(size=(500, 12)), np.random.default_rng(34).normal(size=(40, 12)), 7, metric)
    assert len(started) == allowed and not any(thread.is_alive() for thread in started)


def test_without_threads_errors_are_those_of_the_work():
    with knn._Serial() as workers, pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 / 0).result()


# ---------------------------------------------------------------------------------------------------------------
# Real images


@pytest.fixture(scope="module")
def cifar10():
    data = load("cifar10", validation=0)
    if data.is_sample:
        needs.require("data", "all of CIFAR-10 is wanted, and this machine has only the embedded sample")
    return data


@pytest.mark.parametrize("metric", ["l2", "l1"])
def test_real_images_as_brute_force(cifar10, metric):
    check(cifar10.train.images[:10_000], cifar10.test.images[:25], 20, metric)


def test_the_known_accuracy_of_pixels(cifar10):
    indices, distances = knn.nearest(cifar10.train.images, cifar10.test.images, 5)
    assert (np.diff(distances, axis=1) >= 0).all()
    neighbours, truth = cifar10.train.labels[indices], cifar10.test.labels
    assert np.sum(knn.vote(neighbours[:, :1], 10) == truth) == 3539
    # The figure commonly quoted for k = 5, 33.98 %, gives ties to the smallest label, as scikit-learn does.
    counts = np.stack([(neighbours == label).sum(axis=1) for label in range(10)], axis=1)
    assert np.sum(counts.argmax(axis=1) == truth) == 3398
    # A nearer neighbour says more than a smaller label.
    assert np.sum(knn.vote(neighbours, 10) == truth) == 3556


def test_the_benchmark_runs_and_finds_the_same_neighbours(cifar10, tmp_path):
    script = Path(__file__).parents[2] / "benchmarks" / "knn.py"
    command = [sys.executable, str(script), "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "knn.json").read_text(encoding="utf-8"))
    assert set(report["ways"]) == {"scikit-learn", "product", "helpers.knn"}
    assert report["largest_relative_difference_of_distances"] < 1e-4
    assert "| ratio |" in (tmp_path / "knn.md").read_text(encoding="utf-8")
