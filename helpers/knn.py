"""Exact nearest neighbours, fast: what the lectures use once it has been built by hand.

The squared Euclidean distance splits into ``|t - q|^2 = |t|^2 - 2 t.q + |q|^2``. For one query the last term is
the same for every training row, so sorting by the *score* ``|t|^2 / 2 - t.q`` sorts by distance, and the scores
of many pairs are one matrix product. Three steps make that both fast and exact:

1. **Product.** Images are centred (uint8: minus 128) and the scores computed block by block in float32.
2. **Filter.** Columns are put into groups. The k smallest scores of a row lie within the k groups with the
   smallest minima, so only the minima are partially sorted; one pass over the product is enough.
3. **Proof.** A float32 score is off by at most a known bound E (see `_score_error`). Everything within 2 E of
   the k-th smallest score is kept, the distances of these few candidates are computed again in float64 from the
   original values, and those decide. For uint8 images float64 holds every such sum of squares exactly, so the
   answer is exactly the k nearest neighbours, equal distances in the order of their index.

The L1 distance has no such product: `scipy.spatial.distance.cdist` computes it in float64, in the same blocks.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from math import ceil, frexp, isqrt, sqrt
from threading import Barrier
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


__all__ = ["nearest", "vote"]

_METRICS = ("l2", "l1")
_LARGEST = 1e290  # leaves room for differences and sums of float64 numbers
# The matrix product uses every core by itself; what comes before and after it is spread over as many threads, because NumPy
# lets go of Python's lock while it works on an array.
_THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def nearest(
    train: ArrayLike, queries: ArrayLike, k: int, *, metric: Literal["l2", "l1"] = "l2", memory: int = 256 * 2**20
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the k nearest training images of every query, exactly.

    Parameters
    ----------
    train : array_like, shape (n, ...)
        Training images, uint8 or any other real dtype. Whatever follows the first axis is flattened.
    queries : array_like, shape (q, ...)
        Images to look up; the trailing shape is that of `train`.
    k : int
        Number of neighbours, 1 <= k <= n.
    metric : {"l2", "l1"}
        "l2" is the Euclidean distance, "l1" the sum of absolute differences.
    memory : int
        Working memory in bytes, at most. Not counted: the inputs, the two results, and what the BLAS library
        keeps for itself.

    Returns
    -------
    indices : ndarray of intp, shape (q, k)
        Rows of `train`, nearest first; equal distances in the order of their index.
    distances : ndarray of float64, shape (q, k)
        Their distances, in the unit of the pixels.

    Raises
    ------
    ValueError
        If a shape, `k`, `metric` or `memory` does not fit, or if a value is NaN or infinite.

    Notes
    -----
    uint8 against uint8 is exact, ties included. Other dtypes are compared as float64, and two distances are
    tied when they are equal after float64 rounding. The answer never depends on `memory`.
    Time grows with n * q * d. Many exact ties at the k-th place cost extra time, never extra memory.

    The bound on the error of an inner product in floating point is from N. J. Higham, Accuracy and Stability
    of Numerical Algorithms, 2nd ed., SIAM 2002, section 3.1.

    Examples
    --------
    >>> train = np.array([[0, 0], [3, 4], [6, 8], [0, 1]], dtype=np.uint8)
    >>> indices, distances = nearest(train, train[:1], k=3)
    >>> indices
    array([[0, 3, 1]])
    >>> distances
    array([[0., 1., 5.]])
    >>> nearest(train, train[:1], k=3, metric="l1")[1]
    array([[0., 1., 7.]])
    """
    train, queries = _images(train, "train"), _images(queries, "queries")
    if train.shape[1:] != queries.shape[1:]:
        hint = " For a single image pass image[None]." if queries.shape == train.shape[1:] else ""
        raise ValueError(
            f"train has images of shape {train.shape[1:]}, queries of shape {queries.shape[1:]}: they must be the same.{hint}"
        )
    k = _whole_number(k, "k")
    if not 1 <= k <= len(train):
        raise ValueError(f"k must be between 1 and the number of training images ({len(train)}), got {k}.")
    if metric not in _METRICS:
        raise ValueError(f'metric must be "l2" or "l1", got {metric!r}.')
    memory = _whole_number(memory, "memory")

    plan = _plan(len(train), len(queries), train[0].size, k, memory, itemsize=4 if metric == "l2" else 8)
    indices = np.empty((len(queries), k), dtype=np.intp)
    distances = np.empty((len(queries), k), dtype=np.float64)
    with _workers(_THREADS) as threads:
        space = (_Euclidean if metric == "l2" else _Manhattan)(train, queries, plan, threads)
        for start in range(0, len(queries), plan.queries):
            stop = min(start + plan.queries, len(queries))
            indices[start:stop], distances[start:stop] = _search(space, start, stop, k, plan, threads)
    return indices, space.distance(distances)


def vote(neighbour_labels: ArrayLike, n_classes: int) -> NDArray[np.intp]:
    """Predict the class that most neighbours have.

    A tie goes to the tied class whose member is nearest, so with two neighbours the first one decides.

    Parameters
    ----------
    neighbour_labels : array_like of int, shape (q, k)
        Labels of the neighbours of each query, nearest first: ``train_labels[indices]``.
    n_classes : int
        Labels run from 0 to ``n_classes - 1``.

    Returns
    -------
    ndarray of intp, shape (q,)
        One predicted label a query.

    Raises
    ------
    ValueError
        If the labels are not a (q, k) array of integers from 0 to ``n_classes - 1``.

    Examples
    --------
    >>> vote([[2, 0, 0], [1, 0, 2], [2, 1, 0]], n_classes=3)
    array([0, 1, 2])
    """
    labels = np.asarray(neighbour_labels)
    if labels.ndim != 2 or labels.shape[1] == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            "neighbour_labels must be integers of shape (queries, k) with k >= 1, "
            f"got {labels.dtype} of shape {labels.shape}. Did you mean train_labels[indices]?"
        )
    n_classes = _whole_number(n_classes, "n_classes")
    if n_classes < 1:
        raise ValueError(f"n_classes must be at least 1, got {n_classes}.")
    if labels.size and not (0 <= labels.min() and labels.max() < n_classes):
        raise ValueError(f"labels must be between 0 and n_classes - 1 = {n_classes - 1}, got {labels.min()} to {labels.max()}.")
    labels = labels.astype(np.intp)  # NumPy's own type for an index: bincount takes no wider one
    rows = np.arange(len(labels), dtype=np.intp)[:, None]
    votes = np.bincount((rows * n_classes + labels).ravel(), minlength=len(labels) * n_classes)
    # The number of votes that each neighbour's own class got. argmax returns the first, thus the nearest, winner.
    support = votes.reshape(-1, n_classes)[rows, labels]
    return labels[rows[:, 0], support.argmax(axis=1)]


# ---------------------------------------------------------------------------------------------------------------
# Input


def _images(values: ArrayLike, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype == bool:
        array = array.view(np.uint8)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}.")
    if array.ndim < 2:
        raise ValueError(f"{name} must have shape (images, ...), got {array.shape}. For one image: image[None].")
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")
    return array


def _whole_number(value: Any, name: str) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, got {value!r}.")
    return int(value)


def _largest_value(array, name, rows_at_once):
    """Largest absolute value; raises ValueError at the first block with one that cannot be compared."""
    if array.dtype == np.uint8:
        return 255.0
    largest = 0.0
    for start in range(0, len(array), rows_at_once):
        block = array[start : start + rows_at_once]
        peak = max(float(block.max()), -float(block.min()))  # NaN stays NaN
        if not peak <= _LARGEST:
            raise ValueError(
                f"{name} has values that are NaN, infinite or above {_LARGEST:g} in size "
                f"(images {start} to {start + len(block) - 1}). Clean or rescale them first."
            )
        largest = max(largest, peak)
    return largest


# ---------------------------------------------------------------------------------------------------------------
# Threads


class _Serial(Executor):
    """Does the work at once, in the calling thread."""

    def submit(self, function, /, *args, **kwargs):
        done: Future[Any] = Future()
        try:
            done.set_result(function(*args, **kwargs))
        except BaseException as error:
            done.set_exception(error)
        return done


def _workers(n):
    """An executor with `n` threads, or without any where the system does not let them start (a browser, a full process table)."""
    threads, all_there = ThreadPoolExecutor(n), Barrier(n)
    try:
        for waiting in [threads.submit(all_there.wait) for _ in range(n)]:  # a thread that waits makes the next one start
            waiting.result()
    except RuntimeError:
        all_there.abort()
        threads.shutdown()
        return _Serial()
    return threads


# ---------------------------------------------------------------------------------------------------------------
# Memory


class _Plan(NamedTuple):
    """How much is worked on at once."""

    queries: int  # queries in a block of scores
    train: int  # training images in a block of scores, a multiple of `group`
    group: int  # columns that share one minimum
    scores: int  # scores that are filtered at once
    held: int  # candidates that may pile up before they are thinned out
    images: int  # images that one thread converts to float64 at once


_HELD_BYTES = 128  # per candidate while it is sorted: row, column, score, distance, their sorted copies, the order
_FILTER_BYTES = 64  # per score in the worst case that all of them become candidates
_IMAGE_BYTES = 32  # per value of an image: the original, two float64 copies, the squares


def _plan(n_train, n_queries, size, k, memory, itemsize):
    """Divide `memory`: 1/2 the block, 1/8 candidates, 1/8 filter, 1/16 float64 images; the rest is slack."""
    least = max(2**20, 16 * _IMAGE_BYTES * size, 8 * _HELD_BYTES * 2 * k, 32 * itemsize * (size + 1))
    if memory < least:
        raise ValueError(
            f"memory={memory} bytes is too small for images of {size} values and k={k}: at least {least} bytes are needed."
        )
    held = memory // (8 * _HELD_BYTES)
    # Two blocks of b images and their b x b scores: b^2 + 2 b (size + 1) numbers fill half of the memory.
    numbers = memory // (2 * itemsize)
    block = isqrt((size + 1) ** 2 + numbers) - (size + 1)
    queries = max(1, min(block, n_queries, held // (2 * k)))
    queries = ceil(n_queries / ceil(n_queries / queries))  # even blocks: no small one at the end
    # Few queries leave room for more training images. A row of scores must also fit into the filter's share.
    scores = memory // (8 * _FILTER_BYTES)
    train = max(1, min((numbers - queries * (size + 1)) // (size + 1 + queries), scores))
    # Groups of 16 cost one pass over the scores and leave little to sort; far more groups than k keep the
    # k-th smallest minimum close to the k-th smallest score.
    group = min(16, max(1, min(train, n_train) // (8 * k)))
    train = train // group * group
    train = ceil(n_train / ceil(n_train / train) / group) * group
    images = max(1, memory // (16 * _IMAGE_BYTES * size) // _THREADS)
    return _Plan(queries, train, group, scores, held, images)


# ---------------------------------------------------------------------------------------------------------------
# Distances: how scores of a block are computed, how far off they may be, and what decides in the end


def _score_error(size, query_norms, largest_norm):
    """Bound on the error of a float32 score, for each query.

    The score is the inner product of (t, |t|^2 / 2) and (-q, 1), of length d + 1. Whatever the order of its sum,
    its error is at most gamma(d + 1) times the sum of the absolute values of the terms, where
    gamma(m) = m u / (1 - m u) and u = 2^-24. By Cauchy-Schwarz those are at most |t| |q| + |t|^2 / 2. Rounding the
    inputs to float32 adds two to m, and |t|^2 / 2 is itself a float32 inner product of length d. The norms are
    float32 too, which the divisor covers.

    The last term is for floats: what decides in the end is a float64 sum, off by its own gamma times
    |t - q|^2 <= (|t| + |q|)^2. With it, even ties that float64 rounding makes are found.
    """

    def gamma(m, unit):
        return m * unit / (1 - m * unit)

    single, double = 2.0**-24, 2.0**-53
    error = gamma(size + 8, single) * query_norms * largest_norm
    error += gamma(2 * size + 8, single) * largest_norm**2 / 2
    error += gamma(size + 8, double) * (query_norms + largest_norm) ** 2
    return error / (1 - gamma(size + 8, single))


class _Euclidean:
    """Scores |t|^2 / 2 - t.q in float32; squared distances in float64."""

    dtype = np.float32

    def __init__(self, train, queries, plan, threads):
        self.train, self.queries, self.plan, self.threads = train, queries, plan, threads
        self.size = train[0].size
        if 2 * self.size + 8 >= 2**23:
            raise ValueError(f"images of {self.size} values are too large for float32 sums: downscale them first.")
        largest = max(_largest_value(train, "train", plan.images), _largest_value(queries, "queries", plan.images))
        self.is_bytes = train.dtype == np.uint8 and queries.dtype == np.uint8
        if self.is_bytes:
            self.centre, self.scale = np.float32(128), 1.0
            self.largest_norm = 128 * sqrt(self.size)
        else:
            # Centring keeps a common offset out of the rounding. A power of two changes no digit and keeps the
            # squares within the range of float32.
            self.centre = sum(
                train[i : i + plan.images].reshape(-1, self.size).sum(axis=0, dtype=np.float64) / len(train)
                for i in range(0, len(train), plan.images)
            )
            self.scale = 2.0 ** min(-frexp(2 * largest)[1], 1000)
        rows = self.size + 1
        self._train_block = np.empty((plan.train, rows), dtype=np.float32)
        self._query_block = np.empty((plan.queries, rows), dtype=np.float32)
        self._scores = np.empty(plan.queries * plan.train, dtype=np.float32)
        if not self.is_bytes:
            self.largest_norm = self._norm_of_train()

    def load_queries(self, start, stop):
        self.start = start
        block = self._query_block[: stop - start]
        norms = np.sqrt(2 * self._convert(self.queries, start, stop, block).astype(np.float64))
        np.negative(block[:, :-1], out=block[:, :-1])
        block[:, -1] = 1
        return 2 * _score_error(self.size, norms, self.largest_norm)

    def scores(self, start, stop, n_queries):
        width = ceil((stop - start) / self.plan.group) * self.plan.group
        block = self._train_block[:width]
        block[: stop - start, -1] = self._convert(self.train, start, stop, block)
        block[stop - start :, :-1] = 0
        block[stop - start :, -1] = np.inf  # pads the last group; never among the smallest
        out = self._scores[: n_queries * width].reshape(n_queries, width)
        return np.matmul(self._query_block[:n_queries], block.T, out=out)

    def exact(self, rows, columns, scores):
        """Squared distances of pairs from the original values."""
        squares = np.empty(len(rows), dtype=np.float64)
        step = min(self.plan.images, 64)  # stays in the cache
        for i in range(0, len(rows), step):
            part = slice(i, i + step)
            difference = self.train[columns[part]].astype(np.float64)
            difference -= self.queries[rows[part] + self.start]
            if self.scale != 1:
                difference *= self.scale
            # Not an inner product of the BLAS library: its order of summation may depend on the address, and
            # then two copies of an image would not be at equal distances.
            difference = np.square(difference, out=difference).reshape(-1, self.size)
            squares[part] = difference.sum(axis=1)
        return squares

    def distance(self, squares):
        np.sqrt(squares, out=squares)
        squares /= self.scale
        return squares

    def _convert(self, source, start, stop, block):
        """Write centred images into `block` as float32 and return half of their squared norms."""
        half_norms = np.empty(stop - start, dtype=np.float32)
        step = min(self.plan.images, 64)  # stays in the cache

        def convert(i):
            rows = source[i : min(i + step, stop)].reshape(-1, self.size)
            part = slice(i - start, i - start + len(rows))
            out = block[part, :-1]
            if self.is_bytes:
                np.copyto(out, rows)
                out -= self.centre
            else:
                centred = rows - self.centre
                centred *= self.scale
                out[:] = centred
            half_norms[part] = np.vecdot(out, out) / 2

        list(self.threads.map(convert, range(start, stop, step)))
        return half_norms

    def _norm_of_train(self):
        step = self.plan.train
        blocks = (
            self._convert(self.train, i, min(i + step, len(self.train)), self._train_block)
            for i in range(0, len(self.train), step)
        )
        return sqrt(2 * max(float(half_norms.max()) for half_norms in blocks))


class _Manhattan:
    """Scores are the distances themselves, in float64."""

    dtype = np.float64

    def __init__(self, train, queries, plan, threads):
        from scipy.spatial.distance import cdist  # here, because importing it takes longer than importing NumPy

        self.cdist = cdist
        _largest_value(train, "train", plan.images)
        _largest_value(queries, "queries", plan.images)
        self.train, self.queries, self.plan = train, queries, plan
        self.size = train[0].size
        self._train_block = np.empty((plan.train, self.size), dtype=np.float64)
        self._query_block = np.empty((plan.queries, self.size), dtype=np.float64)
        self._scores = np.empty(plan.queries * plan.train, dtype=np.float64)

    def load_queries(self, start, stop):
        self._fill(self._query_block, self.queries, start, stop)
        return np.zeros(stop - start)

    def scores(self, start, stop, n_queries):
        width = ceil((stop - start) / self.plan.group) * self.plan.group
        block = self._train_block[:width]
        self._fill(block, self.train, start, stop)
        block[stop - start :] = np.inf  # pads the last group; never among the smallest
        out = self._scores[: n_queries * width].reshape(n_queries, width)
        return self.cdist(self._query_block[:n_queries], block, "cityblock", out=out)

    def exact(self, rows, columns, scores):
        return scores

    def distance(self, distances):
        return distances

    def _fill(self, block, source, start, stop):
        step = self.plan.images
        for i in range(start, stop, step):
            rows = source[i : min(i + step, stop)]
            block[i - start : i - start + len(rows)] = rows.reshape(-1, self.size)


# ---------------------------------------------------------------------------------------------------------------
# Search


def _search(space, start, stop, k, plan, threads):
    """Search all training images for one block of queries: (indices, what `space.exact` returns), each (.., k)."""
    n_queries = stop - start
    slack = space.load_queries(start, stop)
    # At least k of the training images seen so far have a score of at most `limit`.
    limit = np.full(n_queries, np.inf, dtype=space.dtype)
    parts, n_held = [], 0
    for first in range(0, len(space.train), plan.train):
        last = min(first + plan.train, len(space.train))
        scores = space.scores(first, last, n_queries)
        rows_at_once = max(1, plan.scores // scores.shape[1] // _THREADS)
        pieces = [slice(top, min(top + rows_at_once, n_queries)) for top in range(0, n_queries, rows_at_once)]
        for at in range(0, len(pieces), _THREADS):  # so many at once, and then a look at what has piled up
            some = pieces[at : at + _THREADS]
            found = [threads.submit(_filter, scores[part], limit[part], slack[part], k, plan.group) for part in some]
            for part, future in zip(some, found, strict=True):
                rows, columns, values = future.result()
                parts.append((rows + part.start, columns + first, values))
                n_held += len(rows)
            if n_held > plan.held:
                parts = [_thin_out(space, parts, k, slack, limit)[:3]]
                n_held = len(parts[0][0])
    _, columns, _, exact = _thin_out(space, parts, k, slack, limit)
    return columns.reshape(n_queries, k), exact.reshape(n_queries, k)


def _filter(scores, limit, slack, k, group):
    """Pick the scores that may belong to the k smallest; lowers `limit` in place.

    Group g holds the columns g, g + m, g + 2 m, ... of m groups, so that the minima are taken over whole rows.
    """
    grouped = scores.reshape(len(scores), group, -1)
    minima = grouped[:, 0]
    if group > 1:
        minima = minima.copy()
        for members in range(1, group):  # twice as fast as grouped.min(axis=1)
            np.minimum(minima, grouped[:, members], out=minima)
    # Sort only where that lowers the limit: k minima below it belong to k different training images.
    better = np.count_nonzero(minima < limit[:, None], axis=1) >= k
    if better.any():
        limit[better] = np.partition(minima[better], k - 1, axis=1)[:, k - 1]
    bound = _round_up(limit + slack, scores.dtype)
    rows, groups = np.divmod(np.flatnonzero(minima <= bound[:, None]), minima.shape[1])
    members = grouped[rows, :, groups]
    chosen, place = np.nonzero(members <= bound[rows, None])
    return rows[chosen], place * minima.shape[1] + groups[chosen], members[chosen, place]


def _thin_out(space, parts, k, slack, limit):
    """Keep the k best candidates of every query, by exact distance and then by index; lowers `limit` in place.

    Returns rows, columns, scores and exact values, sorted by row, then nearest first.
    """
    rows, columns, scores = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    parts.clear()  # frees the pieces
    order = np.lexsort((scores, rows))
    rows, columns, scores = rows[order], columns[order], scores[order]
    _lower(limit, rows, scores, k)
    keep = scores <= _round_up(limit + slack, scores.dtype)[rows]
    rows, columns, scores = rows[keep], columns[keep], scores[keep]
    exact = space.exact(rows, columns, scores)
    order = np.lexsort((columns, exact, rows))
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    order = order[rank < k]
    return rows[order], columns[order], scores[order], exact[order]


def _lower(limit, rows, scores, k):
    """Lower `limit` to the k-th smallest score of each row that has so many; sorted by row, then by score."""
    first = np.searchsorted(rows, np.arange(len(limit)))
    kth = first + k - 1
    full = kth < len(rows)
    full[full] = rows[kth[full]] == np.flatnonzero(full)
    limit[full] = np.minimum(limit[full], scores[kth[full]])


def _round_up(bound, dtype):
    """Convert the bound to the dtype of the scores: not below what it was, but finite, as padding is infinite."""
    rounded = np.minimum(bound, np.finfo(dtype).max).astype(dtype)
    up = np.nextafter(rounded, np.finfo(dtype).max)  # stays where it is at the largest finite number
    return np.where(rounded < bound, up, rounded)
