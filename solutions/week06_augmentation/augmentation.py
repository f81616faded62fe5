# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise 6: a data pipeline of your own
#
# Between the files on a disk and the network that learns from them stands a small program that gets
# little attention. It decides which images form a batch, in which order they come, and what happens
# to them on the way. Its mistakes give no error message, only a number that is a little too low, or
# much too good. In this exercise you write it yourself: the plan of an epoch for several workers, a
# data set class for Keras that loses no image and repeats exactly, your own augmentation in NumPy,
# MixUp, and the average over several views of an image. You repair a pipeline that reads class
# folders with `tf.data`. At the end your data sets feed a CNN, and you answer the question of the
# week in words: did augmentation help?
#
# | question | you write | points |
# |---|---|---|
# | 1 | the plan of an epoch, for several workers | 2 |
# | 2 | a `PyDataset` that can be resumed | 2 |
# | 3 | flip, shift, cut-out, brightness; and what they do to labels | 5 |
# | 4 | MixUp | 2 |
# | 5 | a `PyDataset` that augments another one | 2 |
# | 6 | test-time augmentation | 2 |
# | 7 | somebody's pipeline, repaired | 2 |
# | 8 | on against off, and what it shows | 3 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. When you hand
# in, further checks run on other numbers, so write for any input that fits the description. They
# have points of their own. No check asks for an accuracy: whether your code is right does not
# depend on a lucky seed. A slip in one answer costs no points in a later one.
#
# **Stuck?** `exercise.hint("3a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# Plan about three hours. The notebook itself runs in about a minute on a laptop. It uses a small,
# fixed sample of CIFAR-10 that comes with the course, the same for everybody. The next cell starts
# Keras, which takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}

import pathlib
import tempfile

import numpy as np
from scipy import special

import helpers.exercise
from helpers import budget, checks, plots
from helpers.data import load

exercise = helpers.exercise.load("week06_augmentation")

import keras
from keras import layers

budget.describe()
photos = load("cifar10", source="sample")
print(photos)


def as_array(value):
    """Lists and tensors as NumPy arrays; anything else as it is (the checks
    use it).
    """
    is_like_one = isinstance(value, list | tuple) or hasattr(
        value, "__array__"
    )
    return np.asarray(value) if is_like_one else value


def as_plan(plan):
    """A plan as lists of row numbers; complains if it is none (the checks use
    it).
    """
    assert isinstance(plan, list | tuple | np.ndarray), (
        "epoch_plan should return a list with the rows of each batch, not "
        f"{type(plan).__name__}"
    )
    for rows in plan:
        assert np.ndim(rows) == 1, (
            f"Each batch of a plan is a list of row numbers, not {rows!r}."
        )
        assert len(rows) and np.asarray(rows).dtype.kind in "iu", (
            f"Row numbers are whole numbers, and no batch is empty: {rows!r}"
        )
    return [np.asarray(rows).tolist() for rows in plan]


def ask(dataset, images, labels, requests):
    """Ask a dataset for things, one after the other; the checks use it.

    A request is the index of a batch; or "length"; or "next epoch", which
    tells the dataset that an epoch has ended; or "spoil", which overwrites the
    batch that was handed out last, as a careless user would; or "source",
    which gives back the images and labels that the dataset was made from. The
    answers come as a list ("next epoch" and "spoil" have none).
    """
    answers, batch = [], ()
    for request in requests:
        if request == "length":
            answers.append(len(dataset))
        elif request == "next epoch":
            dataset.on_epoch_end()
        elif request == "spoil":
            for part in batch:
                if isinstance(part, np.ndarray) and part.flags.writeable:
                    part[...] = 99
        elif request == "source":
            answers.append((images.copy(), labels.copy()))
        else:
            batch = dataset[request]
            answers.append(tuple(np.array(part) for part in batch))
    return answers


def with_stand_ins(space, name, others, arguments):
    """The answer of one of your functions while simple ones take the place of
    others.

    The checks use it, so that a slip in an earlier answer costs no points in a
    later one.
    """
    kept = {key: space[key] for key in others}
    try:
        space.update(others)
        return space[name](*arguments)
    finally:
        space.update(kept)


def is_batch(batch, name):
    """Complain unless this is a pair with as many images as labels (the checks
    use it).
    """
    assert isinstance(batch, list | tuple) and len(batch) == 2, (
        f"{name} should be two things, images and labels, but there are "
        f"{len(batch)}"
    )
    assert np.ndim(batch[0]) == 4, (
        f"The images of {name} should have four axes, but their shape is "
        f"{np.shape(batch[0])}."
    )
    assert len(batch[0]) == len(batch[1]), (
        f"{name} has {len(batch[0])} images and {len(batch[1])} labels: pick "
        "both by the same rows"
    )


# %% [markdown] nbgrader={"grade": false, "grade_id": "epoch_plan_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): the plan of an epoch, for several workers
#
# Lecture 2 shuffled the rows of a data set for one program. Large trainings run on several machines
# at the same time, and each of these **workers** trains on its own part of every epoch. The workers
# do not talk to each other: each one computes its plan from the same numbers. Write `epoch_plan`:
# which rows form which batch of *this* worker.
#
# - **Completeness (1 point).** In an epoch all workers together get every row from 0 to n - 1
#   exactly once, and no worker gets two rows more than another. A worker's batches are full but its
#   last one, which may be smaller. It is not thrown away, and no batch is empty.
# - **Order (1 point).** The rows are shuffled, by `seed` and `epoch` alone, and so is the share of a
#   worker: in another epoch it gets *other* rows. The same numbers always give the same plan;
#   another epoch gives other batches (not the same batches in another order), and so does another
#   seed. Seed 1 in epoch 2 is not seed 2 in epoch 1.
#
# `np.random.default_rng` takes a list of whole numbers as its seed, too.


# %% nbgrader={"grade": false, "grade_id": "epoch_plan", "locked": false, "schema_version": 3, "solution": true, "task": false}
def epoch_plan(n, batch_size, seed, epoch, worker=0, workers=1):
    """Which rows form which batch of a worker.

    Parameters
    ----------
    n : int
        Number of images, at least as many as there are workers.
    batch_size : int
    seed, epoch : int
        Not negative.
    worker, workers : int
        Which worker (counting from 0) of how many. All of them know the same
        seed and epoch.

    Returns
    -------
    list of numpy.ndarray
        Whole numbers; the last array is perhaps shorter than the others.
    """
    ### BEGIN SOLUTION
    rows = np.random.default_rng([seed, epoch]).permutation(n)[worker::workers]
    return [
        rows[first : first + batch_size]
        for first in range(0, len(rows), batch_size)
    ]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Ten images in batches of four: which positions of the shuffled rows does each
# batch hold? How do *two* numbers, seed and epoch, become one order? And if
# three workers know the same order, which part of it does each of them take?
#
# ---
#
# `np.random.default_rng([seed, epoch])` is a generator that depends on both,
# and on which is which (`seed + epoch` would not do). Every worker shuffles
# *all* rows in this same way and then keeps only its share: each third one of
# the shuffled rows, for example. Cut that share into slices of `batch_size`.
#
# ---
#
# A neighbouring problem: the order of the guests on evening 2 of week 5, dealt
# out to two tables in turn, in rounds of three.
#
# ```python
# guests = list("ABCDEFGH")
# order = list(guests)
# np.random.default_rng([5, 2]).shuffle(order)
# for table in (0, 1):
#     seated = [guest for place, guest in enumerate(order) if place % 2 == table]
#     rounds = []
#     while seated:
#         rounds.append(seated[:3])
#         seated = seated[3:]
#     print(table, rounds)
# ```

# %% nbgrader={"grade": true, "grade_id": "epoch_plan_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
plan = as_plan(epoch_plan(10, 4, 0, 0))
sizes = [len(rows) for rows in plan]
assert sizes != [4, 4], "The last 2 of 10 rows are missing: count the batches with a rounding UP."
assert sizes != [4, 4, 4], "12 rows for 10 images: the last batch may be smaller, nobody has to come twice."
checks.equal(sizes, [4, 4, 2], "the sizes of the batches for n = 10, batch_size = 4")
found = sorted(sum(plan, []))
assert found != list(range(1, 11)), "The rows are 1 to 10: Python counts from 0."
checks.equal(
    found,
    list(range(10)),
    "all rows of an epoch, sorted",
    "Every row exactly once: draw WITHOUT putting back.",
)
sizes = [len(rows) for rows in as_plan(epoch_plan(8, 4, 0, 0))]
checks.equal(sizes, [4, 4], "the sizes for n = 8, batch_size = 4", "No empty batch at the end.")
plans = [as_plan(epoch_plan(23, 3, 7, 4, worker=k, workers=3)) for k in range(3)]
shares = [sum(plan, []) for plan in plans]
assert [len(share) for share in shares] != [23] * 3, "Each of 3 workers gets all 23 rows: use `worker` and `workers`."
twice = len(sum(shares, [])) - len(set(sum(shares, [])))
assert twice == 0, (
    f"{twice} rows go to more than one of 3 workers. Every worker must shuffle ALL rows in the same "
    "way, by seed and epoch alone, and then take its own part."
)
checks.equal(
    sorted(sum(shares, [])),
    list(range(23)),
    "the rows of 3 workers together, sorted",
    "No row may get lost: 23 is no multiple of 3.",
)
checks.equal(
    sorted(len(share) for share in shares),
    [7, 8, 8],
    "how many of 23 rows each of 3 workers gets",
    "Their numbers differ by one at most.",
)
for share, plan in zip(shares, plans, strict=True):
    checks.equal(
        [len(rows) for rows in plan],
        [3, 3, 2] if len(share) == 8 else [3, 3, 1],
        "the sizes of a worker's batches for batch_size = 3",
    )

# %% nbgrader={"grade": true, "grade_id": "epoch_plan_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
for n, size in [(1, 1), (1, 32), (31, 32), (32, 32), (33, 32), (97, 7), (100, 10)]:
    plan = as_plan(epoch_plan(n, size, 5, 3))
    expected = [size] * (n // size) + ([n % size] if n % size else [])
    checks.equal([len(rows) for rows in plan], expected, f"sizes for n = {n}, batch_size = {size}")
    checks.equal(sorted(sum(plan, [])), list(range(n)), f"the rows of an epoch of {n}")
for n, size, workers in [(40, 6, 4), (41, 6, 4), (5, 2, 5), (17, 30, 2), (29, 1, 8)]:
    plans = [as_plan(epoch_plan(n, size, 2, 9, k, workers)) for k in range(workers)]
    counts = [len(sum(plan, [])) for plan in plans]
    name = f"n = {n}, {workers} workers"
    checks.equal(sorted(sum(sum(plans, []), [])), list(range(n)), f"all rows together, {name}")
    assert max(counts) - min(counts) <= 1, f"{name}: the workers get {counts} rows"
    for count, plan in zip(counts, plans, strict=True):
        expected = [size] * (count // size) + ([count % size] if count % size else [])
        checks.equal([len(rows) for rows in plan], expected, f"sizes of a worker's batches, {name}")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "epoch_plan_seed_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
plans = {}
for seed, epoch in [(0, 0), (0, 0), (0, 1), (1, 0), (1, 2), (2, 1)]:
    batches = as_plan(epoch_plan(60, 8, seed, epoch))
    assert (seed, epoch) not in plans or plans[seed, epoch] == batches, (
        "The same seed and epoch give two different plans: make the random generator inside the function, from these two numbers."
    )
    plans[seed, epoch] = batches
order = sum(plans[0, 0], [])
assert order != sorted(order), "The rows come in the order 0, 1, 2, ...: shuffle them."
assert plans[0, 1] != plans[0, 0], "Epochs 0 and 1 have the same plan: does `epoch` go into the seed?"
assert plans[1, 0] != plans[0, 0], "Seeds 0 and 1 give the same plan: is `seed` used?"
assert plans[1, 2] != plans[2, 1], "Seed 1 in epoch 2 is the same as seed 2 in epoch 1: do not add the two numbers, give both."
together = [{frozenset(rows) for rows in plans[0, epoch]} for epoch in (0, 1)]
assert len(together[0] & together[1]) < 4, (
    "The batches of epoch 1 hold the same rows as those of epoch 0, only the batches change places. "
    "Shuffle the ROWS, then cut them into batches."
)
shares = [set(sum(as_plan(epoch_plan(60, 8, 0, epoch, 1, 3)), [])) for epoch in (0, 1)]
assert shares[0] != shares[1], "Worker 1 gets the same 20 rows in epochs 0 and 1: shuffle all rows first, then deal them out."
again = set(sum(as_plan(epoch_plan(60, 8, 0, 0, 1, 3)), []))
assert again == shares[0], "The same seed and epoch give worker 1 two different shares."

# %% nbgrader={"grade": true, "grade_id": "epoch_plan_seed_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
seen, firsts, neighbours = set(), set(), 0
for seed in range(6):
    for epoch in range(6):
        plan = as_plan(epoch_plan(40, 6, seed, epoch))
        again = as_plan(epoch_plan(40, 6, seed, epoch))
        assert plan == again, f"seed {seed}, epoch {epoch}: two different plans"
        seen.add(tuple(map(tuple, plan)))
        firsts.add(plan[0][0])
        order = sum(plan, [])
        neighbours += sum(b == a + 1 for a, b in zip(order, order[1:], strict=False))
assert len(seen) == 36, f"36 pairs of seed and epoch give only {len(seen)} different plans"
assert len(firsts) > 5, "the first row of the epoch is nearly always the same"
assert neighbours < 36 * 8, "most rows still stand behind their neighbour: is all of it shuffled?"
shares = [frozenset(sum(as_plan(epoch_plan(40, 6, 3, e, 2, 4)), [])) for e in range(12)]
assert len(set(shares)) == 12, "a worker gets the same share in several epochs"
both = [set(sum(as_plan(epoch_plan(40, 6, s, 5, 0, 2)), [])) for s in (1, 2)]
assert both[0] != both[1], "another seed, the same share"
### END HIDDEN TESTS


# %% nbgrader={"grade": false, "grade_id": "course_plan", "locked": true, "schema_version": 3, "solution": false, "task": false}
def course_plan(n, batch_size, seed, epoch):
    """The plan of the course for a single worker: the following questions use
    this one, not yours.
    """
    rows = np.random.default_rng([seed, epoch, n]).permutation(n)
    return [
        rows[first : first + batch_size] for first in range(0, n, batch_size)
    ]

# %% [markdown] nbgrader={"grade": false, "grade_id": "Batches_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (2 points): a `PyDataset` that can be resumed
#
# Now the data set itself. Keras asks a `keras.utils.PyDataset` three things: `len(dataset)` is the
# number of batches, `dataset[i]` is batch `i` as a pair (images, labels), and
# `dataset.on_epoch_end()` tells it that an epoch is over. Write `Batches`. Batch `i` of epoch `e`
# holds the rows `course_plan(n, batch_size, seed, e)[i]`, in that order. It begins with the epoch
# that it is given, so that a training that was interrupted can go on where it was, and each call of
# `on_epoch_end` leads to the next one.
#
# 1. **Batches (1 point).** The right number and sizes, images with shape and dtype unchanged, every
#    image once in an epoch, each with its own label.
# 2. **Epochs (1 point).** The plan of the right epoch; batch `i` is the same however often, and in
#    whatever order, batches are asked for. The arrays that you were given stay as they are, and
#    what you hand out is a copy: if somebody overwrites a batch, the data set does not suffer.
#
# The call of `super().__init__()` stands there already: Keras needs it. The function `ask_batches`
# below the class is there for the checks; leave it as it is.


# %% nbgrader={"grade": false, "grade_id": "Batches", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Batches(keras.utils.PyDataset):
    """Images and labels in shuffled batches.

    Batches(images, labels, batch_size, seed, epoch) is made from NumPy arrays:
    images of shape (n, height, width, channels), labels of shape (n,) or (n,
    classes). The first epoch that it serves is number `epoch`.

    To write: the rest of __init__, and __len__, __getitem__ and on_epoch_end.
    """

    def __init__(self, images, labels, batch_size, seed, epoch=0):
        super().__init__()
        ### BEGIN SOLUTION
        self.images, self.labels = images, labels
        self.batch_size, self.seed, self.epoch = batch_size, seed, epoch
        self.plan = course_plan(len(labels), batch_size, seed, epoch)

    def __len__(self):
        return len(self.plan)

    def __getitem__(self, index):
        return self.images[self.plan[index]], self.labels[self.plan[index]]

    def on_epoch_end(self):
        self.epoch += 1
        self.plan = course_plan(
            len(self.labels), self.batch_size, self.seed, self.epoch
        )

    ### END SOLUTION


def ask_batches(images, labels, batch_size, seed, epoch, requests):
    """The answers of a `Batches` (see `ask` in the first cell)."""
    return ask(
        Batches(images, labels, batch_size, seed, epoch),
        images,
        labels,
        requests,
    )

# %% [markdown] tags=["hints"]
# What must the object remember so that each of the four methods is one or two
# lines long? When does its plan change, and when must it not?
#
# ---
#
# `__init__` keeps images, labels, batch size, seed, the epoch and a plan from
# `course_plan`. `__len__` is the length of the plan. `__getitem__` picks images
# and labels by the same rows; picking by an array of rows makes a copy by
# itself. `on_epoch_end` counts the epoch up and makes a new plan.
#
# ---
#
# A neighbouring class: a pack of flash cards, three at a time, in another
# order every day, which may be opened on any day.
#
# ```python
# class Cards:
#     def __init__(self, words, day=0):
#         self.words, self.day = np.array(words), day
#         self.shuffle()
#
#     def shuffle(self):
#         dice = np.random.default_rng(self.day)
#         self.order = dice.permutation(len(self.words))
#
#     def __getitem__(self, index):
#         return self.words[self.order[3 * index : 3 * index + 3]]
#
#     def next_day(self):
#         self.day += 1
#         self.shuffle()
#
# cards = Cards(list("abcdef"))
# print(cards[0], cards[0], cards[1])
# cards.next_day()
# print(cards[0], Cards(list("abcdef"), day=1)[0])
# ```

# %% nbgrader={"grade": true, "grade_id": "Batches_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images = np.arange(10 * 12, dtype=np.uint8).reshape(10, 2, 2, 3)
labels = np.arange(10) % 4
length, *batches = ask_batches(images, labels, 4, 0, 0, ["length", 0, 1, 2])
assert length != 2, "10 images in batches of 4: the length is 3, the last batch has 2 images."
assert length != 10, "The length is the number of BATCHES, not of images."
checks.equal(length, 3, "len(dataset) for 10 images in batches of 4")
for number, batch in enumerate(batches):
    is_batch(batch, f"dataset[{number}]")
shapes = [batch[0].shape for batch in batches]
checks.equal(shapes, [(4, 2, 2, 3), (4, 2, 2, 3), (2, 2, 2, 3)], "the shapes of three batches of images")
assert all(batch[0].dtype == np.uint8 for batch in batches), "Images of uint8 should come out as uint8."
n = 23
images = np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 3, 3, 1)).copy()
labels = 100 + np.arange(n)
answers = ask_batches(images, labels, 5, 2, 0, [0, 1, 2, 3, 4, "next epoch", 0, 1, 2, 3, 4])
for epoch in (0, 1):
    batches = answers[5 * epoch : 5 * epoch + 5]
    for batch in batches:
        is_batch(batch, "a batch")
    numbers = np.concatenate([batch[0][:, 1, 1, 0] for batch in batches]).astype(int)
    given = np.concatenate([batch[1] for batch in batches]).astype(int)
    checks.equal(
        sorted(numbers.tolist()),
        list(range(n)),
        f"the numbers of the images in epoch {epoch}, sorted",
        "Every image exactly once.",
    )
    wrong = int((given != numbers + 100).sum())
    assert wrong == 0, (
        f"In epoch {epoch}, {wrong} of {n} images came with the label of another image. Images and labels "
        "must be picked by the same rows, and shuffled by the same plan."
    )

# %% nbgrader={"grade": true, "grade_id": "Batches_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
images = np.random.default_rng(3).normal(size=(21, 3, 5, 2)).astype(np.float32)
labels = np.eye(21, dtype=np.float32)[np.random.default_rng(4).permutation(21)]
known = {image.tobytes(): int(label.argmax()) for image, label in zip(images, labels, strict=True)}
requests = ["length", 0, 1, 2, "next epoch", "next epoch", "length", 0, 1, 2]
answers = ask_batches(images, labels, 7, 4, 0, requests)
checks.equal([answers[0], answers[4]], [3, 3], "the length in two epochs")
for batches in (answers[1:4], answers[5:]):
    seen = set()
    for batch in batches:
        is_batch(batch, "a batch with one-hot labels")
        checks.equal([batch[0].shape, batch[1].shape], [(7, 3, 5, 2), (7, 21)], "shapes of a batch")
        checks.equal(str(batch[0].dtype), "float32", "the dtype of the images")
        for image, label in zip(*batch, strict=True):
            assert known.get(image.tobytes()) == label.argmax(), "an image came with a wrong label, or changed"
            seen.add(image.tobytes())
    assert len(seen) == 21, f"{len(seen)} of 21 images came in an epoch"
checks.equal(ask_batches(images[:1], labels[:1], 32, 0, 0, ["length"]), [1], "the length for 1 image")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "Batches_epochs_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
n = 30
images, labels = np.arange(n, dtype=np.int64).reshape(n, 1, 1, 1), np.arange(n)
epoch = list(range(4))


def rows_asked(requests, seed=1, start=0):
    """The labels of each batch asked for; they are the numbers of the images."""
    return [batch[1].tolist() for batch in ask_batches(images, labels, 8, seed, start, requests)]


def rows_of(epoch, seed=1):
    """The rows of the batches of an epoch, by the plan of the course."""
    return [rows.tolist() for rows in course_plan(n, 8, seed, epoch)]


answers = rows_asked([*epoch, "next epoch", *epoch, "next epoch", *epoch])
first, second, third = answers[:4], answers[4:8], answers[8:]
assert sum(first, []) != sorted(sum(first, [])), "The first epoch is not shuffled: use course_plan."
assert first != rows_of(1), "The first epoch should be number 0, but the plan of epoch 1 came."
again = rows_asked(epoch)
assert first == again, "A second data set with the same seed serves other batches."
assert rows_asked(epoch, seed=5) != first, "Seeds 1 and 5 give the same batches: is the seed used?"
hint = "Batch i holds the rows course_plan(n, batch_size, seed, epoch)[i]."
checks.equal(first, rows_of(0), "the rows of the batches of epoch 0, seed 1", hint)
assert first != second and second != third and first != third, (
    "Two epochs have the same batches: on_epoch_end should make the plan of the NEXT epoch."
)
checks.equal(second, rows_of(1), "the rows of the batches after on_epoch_end", hint)
checks.equal(third, rows_of(2), "the rows of the batches after a second on_epoch_end", hint)
turned = rows_asked([3, 1, 1, 0, 2])
assert turned == [first[3], first[1], first[1], first[0], first[2]], (
    "Asked in the order 3, 1, 1, 0, 2, the batches are others than in the order 0, 1, 2, 3. Make "
    "the plan once an epoch, and let __getitem__ only look it up."
)
resumed = rows_asked([*epoch, "next epoch", *epoch], start=5)
hint = "The first epoch has the number that the data set was given."
checks.equal(resumed[:4], rows_of(5), "the first batches of a data set that begins with epoch 5", hint)
hint = "After epoch 5 comes epoch 6."
checks.equal(resumed[4:], rows_of(6), "the batches of its second epoch", hint)
images = np.random.default_rng(0).integers(0, 90, (12, 2, 2, 1), dtype=np.uint8)
labels = np.arange(12)
before = images.copy()
answers = ask_batches(images.copy(), labels.copy(), 5, 3, 0, [0, "spoil", 0, 1, "spoil", 2, "next epoch", 0, "source"])
assert np.array_equal(answers[1][0], answers[0][0]) and np.array_equal(answers[1][1], answers[0][1]), (
    "A batch was overwritten by its user, and now the data set serves the overwritten one: hand out copies. "
    "(Indexing with an array of rows copies; a slice a[2:5] does not.)"
)
assert np.array_equal(answers[-1][0], before) and np.array_equal(answers[-1][1], labels), (
    "The images or labels that the data set was made from have changed. Shuffle row numbers, not the images."
)

# %% nbgrader={"grade": true, "grade_id": "Batches_epochs_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
n = 26
images, labels = np.arange(2 * n, dtype=np.int64).reshape(n, 1, 2, 1), np.arange(n)
for seed, start in [(8, 0), (0, 3), (2, 11)]:
    requests = [5, *(["next epoch"] * 3), 2, 0, 2, "next epoch", 1, 6]
    answers = ask_batches(images, labels, 4, seed, start, requests)
    wanted = [(start, 5), (start + 3, 2), (start + 3, 0), (start + 3, 2), (start + 4, 1), (start + 4, 6)]
    for (images_got, labels_got), (epoch, index) in zip(answers, wanted, strict=True):
        rows = course_plan(n, 4, seed, epoch)[index]
        name = f"batch {index} of epoch {epoch}, begun with epoch {start}, seed {seed}"
        checks.equal(labels_got.tolist(), rows.tolist(), name)
        checks.equal(images_got[:, 0, 1, 0].tolist(), (2 * rows + 1).tolist(), f"images of {name}")
images = np.random.default_rng(1).normal(size=(9, 2, 3, 1))
requests = [0, "spoil", 1, "spoil", 2, "spoil", "next epoch", 0, 1, 2, "source"]
answers = ask_batches(images.copy(), np.arange(9), 4, 0, 0, requests)
assert np.array_equal(answers[-1][0], images), "the source has changed"
assert np.array_equal(answers[-1][1], np.arange(9)), "the labels of the source have changed"
for batch in answers[3:6]:
    is_batch(batch, "a batch")
    assert np.array_equal(batch[0], images[batch[1]]), "after batches were overwritten, wrong images are served"
### END HIDDEN TESTS

# %%
dataset = Batches(photos.train.images, photos.train.labels, 32, seed=0)
print(
    f"{len(photos.train)} images, {len(dataset)} batches, the last of "
    f"{len(dataset[len(dataset) - 1][1])}"
)
for epoch in range(2):
    images, labels = dataset[0]
    plots.image_grid(
        images[:8],
        titles=[photos.class_names[label] for label in labels[:8]],
        columns=8,
        title=f"Epoch {epoch}: the first eight of batch 0",
    )
    dataset.on_epoch_end()

# %% [markdown] nbgrader={"grade": false, "grade_id": "flip_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (5 points): five small pieces of augmentation
#
# In NumPy, one point each. A transform has *invariants*: things that must stay true whatever the
# image. They are what the checks look at. None of the functions may change its input; each returns
# new arrays of the same shape and dtype.
#
# **a) `flip` (1 point)** mirrors those images of a batch for which `which` is True, left to right.
# Invariant: flipped twice, an image is what it was. Rows, channels and the other images stay as they
# are. (The function `ask_function` below it is there for the checks; leave it as it is.)


# %% nbgrader={"grade": false, "grade_id": "flip", "locked": false, "schema_version": 3, "solution": true, "task": false}
def flip(images, which):
    """Mirror some images of a batch, left to right.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, height, width, channels)
    which : numpy.ndarray of bool, shape (n,)

    Returns
    -------
    numpy.ndarray
        The same shape and dtype.
    """
    ### BEGIN SOLUTION
    flipped = images.copy()
    flipped[which] = images[which, :, ::-1]
    return flipped
    ### END SOLUTION


def ask_function(name, *arguments):
    """What one of your functions returns, and what is left of its arguments
    (the checks use it).
    """
    return globals()[name](*arguments), list(arguments)


# %% [markdown] tags=["hints"]
# Which of the four axes runs from left to right? And what happens to the array
# that you were given if you write into it?
#
# ---
#
# Work on `images.copy()`. `which` may stand as an index: it picks the images
# for which it is True. `[:, :, ::-1]` turns the third axis round.
#
# ---
#
# A neighbouring problem: turn some lines of a table upside down in their order
# of columns, and leave the others.
#
# ```python
# table = np.arange(12).reshape(4, 3)
# chosen = np.array([True, False, False, True])
# result = table.copy()
# result[chosen] = np.fliplr(table[chosen])
# print(result, table[0])  # the table itself is as it was
# ```

# %% nbgrader={"grade": true, "grade_id": "flip_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images = np.arange(3 * 2 * 4 * 3, dtype=np.uint8).reshape(3, 2, 4, 3)
which = np.array([True, False, True])
expected = np.stack([np.fliplr(images[0]), images[1], np.fliplr(images[2])])
got, left = ask_function("flip", images.copy(), which.copy())
mistakes = {
    "the batch turned upside down": (
        np.stack([images[0, ::-1], images[1], images[2, ::-1]]),
        "The axes are (n, height, width, channels): which of them runs from left to right?",
    ),
    "red and blue exchanged": (
        np.stack([images[0, :, :, ::-1], images[1], images[2, :, :, ::-1]]),
        "The last axis is the colour, the one before it the width.",
    ),
    "a batch with all images flipped": (
        images[:, :, ::-1],
        "Only those for which `which` is True.",
    ),
    "a batch with the wrong images flipped": (
        np.stack([images[0], np.fliplr(images[1]), images[2]]),
        "True means: flip.",
    ),
    "the batch as it was": (
        images,
        "Nothing was flipped. images[which] is a copy: write into the result.",
    ),
    "only the flipped images": (expected[which], "The others belong to the batch, too."),
}
got = as_array(got)
checks.array(got, expected, "flip(images, which)", mistakes)
assert got.dtype == np.uint8, f"The images were uint8, the flipped ones are {got.dtype}."
assert np.array_equal(left[0], images), "flip changes the batch that it is given: work on a copy."
assert np.array_equal(left[1], which), "flip changes `which`."
checks.array(as_array(flip(expected.copy(), which)), images, "the batch flipped twice")

# %% nbgrader={"grade": true, "grade_id": "flip_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(5)
images = rng.normal(size=(6, 5, 7, 2)).astype(np.float32)
for which in (np.zeros(6, bool), np.ones(6, bool), rng.random(6) < 0.5):
    got, left = ask_function("flip", images.copy(), which.copy())
    got = as_array(got)
    expected = np.where(which[:, None, None, None], images[:, :, ::-1], images)
    checks.array(got, expected, "flip of float images")
    checks.equal(str(got.dtype), "float32", "the dtype")
    assert np.array_equal(left[0], images), "flip changes the batch that it is given"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "shift_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) `shift` (1 point)** moves one image down and to the right by whole pixels (up and to the left,
# if negative). What leaves on one side does **not** come back on the other: `fill` comes in.
# Invariants: shape and dtype; a shift of zero changes nothing; a shift by the whole width or more
# leaves nothing but `fill`.


# %% nbgrader={"grade": false, "grade_id": "shift", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shift(image, down, right, fill=0):
    """Move an image; `fill` comes in at the rim.

    Parameters
    ----------
    image : numpy.ndarray, shape (height, width, channels)
    down, right : int
        In pixels; negative: up and left. May be larger than the image.
    fill : number

    Returns
    -------
    numpy.ndarray
        The same shape and dtype.
    """
    ### BEGIN SOLUTION
    height, width = image.shape[:2]
    moved = np.full_like(image, fill)
    if abs(down) < height and abs(right) < width:
        moved[
            max(down, 0) : height + min(down, 0),
            max(right, 0) : width + min(right, 0),
        ] = image[
            max(-down, 0) : height + min(-down, 0),
            max(-right, 0) : width + min(-right, 0),
        ]
    return moved
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Move a picture one pixel down with pencil and paper. Which rows of the old
# one are still to be seen, and in which rows of the new one do they stand?
#
# ---
#
# Begin with an image of nothing but `fill` (`np.full_like`), and copy the part
# that stays. For `down >= 0` the rows `0 ... height - down` go to the rows
# `down ... height`; negative numbers turn the two round. `max` and `min` with
# 0 save the four cases. What if nothing stays?
#
# ---
#
# A neighbouring problem in one dimension: delay a signal, or let it begin
# earlier, with silence for what is missing.
#
# ```python
# def delay(signal, steps):
#     late = np.zeros_like(signal)
#     if 0 <= steps < len(signal):
#         late[steps:] = signal[: len(signal) - steps]
#     elif -len(signal) < steps < 0:
#         late[:steps] = signal[-steps:]
#     return late
#
# for steps in (2, -1, 9):
#     print(steps, delay(np.array([1, 2, 3, 4]), steps))
# ```

# %% nbgrader={"grade": true, "grade_id": "shift_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.arange(1, 13, dtype=np.uint8).reshape(3, 4, 1)
got, left = ask_function("shift", image.copy(), 1, 2)
got = as_array(got)
expected = np.array([[0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 5, 6]])[:, :, None]
mistakes = {
    "an image that wraps around": (
        np.roll(image, (1, 2), (0, 1)),
        "What leaves at the bottom came in at the top: np.roll does that. Fill the rim.",
    ),
    "an image moved up and to the left": (
        np.array([[7, 8, 0, 0], [11, 12, 0, 0], [0, 0, 0, 0]])[:, :, None],
        "Positive means down and right.",
    ),
    "down and right exchanged": (
        np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 2, 3]])[:, :, None],
        "The first axis runs down.",
    ),
    "an image whose edge repeats": (
        np.array([[1, 1, 1, 2], [1, 1, 1, 2], [5, 5, 5, 6]])[:, :, None],
        "`fill` comes in, not the pixels of the edge.",
    ),
    "the image as it was": (image, "Nothing has moved."),
}
checks.array(got, expected, "an image moved 1 down and 2 to the right", mistakes)
assert got.dtype == np.uint8, f"The image was uint8, the moved one is {got.dtype}."
assert np.array_equal(left[0], image), "shift changes the image that it is given: make a new one."
image[1, 2] = 0  # a black pixel of the image itself
mistakes = {
    "an image moved down and to the right": (
        np.array([[9, 9, 9, 9], [9, 9, 1, 2], [9, 9, 5, 6]])[:, :, None],
        "Negative means up and left.",
    ),
    "an image in which `fill` is ignored": (
        np.array([[0, 8, 0, 0], [11, 12, 0, 0], [0, 0, 0, 0]])[:, :, None],
        "The rim is to be `fill`, not always 0.",
    ),
    "an image whose own black pixels were filled as well": (
        np.array([[9, 8, 9, 9], [11, 12, 9, 9], [9, 9, 9, 9]])[:, :, None],
        "A pixel of the image may be 0: fill the rim, not whatever is black.",
    ),
    "an image that wraps around": (
        np.roll(image, (-1, -2), (0, 1)),
        "np.roll brings back what has left: fill the rim, for negative shifts as well.",
    ),
}
got = as_array(shift(image.copy(), -1, -2, fill=9))
expected = np.array([[0, 8, 9, 9], [11, 12, 9, 9], [9, 9, 9, 9]])[:, :, None]
checks.array(got, expected, "moved 1 up and 2 to the left, fill = 9", mistakes)
checks.array(as_array(shift(image.copy(), 0, 0)), image, "an image moved by nothing")
checks.array(
    as_array(shift(image.copy(), 0, 4, fill=7)),
    np.full((3, 4, 1), 7),
    "an image moved out of the picture",
)
checks.array(
    as_array(shift(image.copy(), 1, -1)),
    np.array([[0, 0, 0, 0], [2, 3, 4, 0], [6, 0, 8, 0]])[:, :, None],
    "an image moved 1 down and 1 to the left",
)

# %% nbgrader={"grade": true, "grade_id": "shift_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
image = np.random.default_rng(6).integers(0, 4, (5, 6, 3)).astype(np.float32)
room = np.pad(image, ((9, 9), (9, 9), (0, 0)), constant_values=0.5)
for down in range(-8, 9):
    for right in (-9, -6, -5, -1, 0, 2, 5, 6, 8):
        got, left = ask_function("shift", image.copy(), down, right, 0.5)
        got = as_array(got)
        expected = room[9 - down : 14 - down, 9 - right : 15 - right]
        checks.array(got, expected, f"an image of 5 x 6 moved by {down}, {right}")
        checks.equal(str(got.dtype), "float32", "the dtype")
        assert np.array_equal(left[0], image), "shift changes the image that it is given"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "cut_out_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) `cut_out` (1 point)** covers a square of `size` × `size` pixels with `fill`, so that a network
# must not rely on one part alone. `top` and `left` are its upper left corner. It may reach beyond
# the image, on any side; then only the part inside is covered. Invariant: every pixel outside of the
# square is untouched.


# %% nbgrader={"grade": false, "grade_id": "cut_out", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cut_out(image, top, left, size, fill=0):
    """Cover a square of an image.

    Parameters
    ----------
    image : numpy.ndarray, shape (height, width, channels)
    top, left : int
        Row and column of the square's upper left corner; may be negative.
    size : int
        Side of the square.
    fill : number

    Returns
    -------
    numpy.ndarray
        The same shape and dtype.
    """
    ### BEGIN SOLUTION
    covered = image.copy()
    covered[
        max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)
    ] = fill
    return covered
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# In plain Python, what is `"abcdef"[-2:1]`? So what goes wrong with a square
# whose upper left corner lies outside of the image?
#
# ---
#
# A slice may reach beyond the end, but a negative number in it counts from the
# end. So raise the beginnings *and* the ends to at least 0 with `max(..., 0)`,
# and write `fill` into that part of a copy.
#
# ---
#
# A neighbouring problem: silence a stretch of a recording that may begin
# before it and end after it.
#
# ```python
# sound = np.arange(1, 8)
# for start in (-3, 2, 6):
#     quiet = sound.copy()
#     quiet[max(start, 0) : max(start + 4, 0)] = 0
#     print(start, quiet)
# ```

# %% nbgrader={"grade": true, "grade_id": "cut_out_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.full((5, 6, 3), 50, np.uint8)


def covered(rows, columns, fill=0):
    """The image with a part of it covered."""
    result = image.copy()
    result[rows, columns] = fill
    return result


got, left = ask_function("cut_out", image.copy(), 1, 2, 3)
got = as_array(got)
mistakes = {
    "a square of 4": (covered(slice(1, 5), slice(2, 6)), "A slice ends BEFORE its end."),
    "a square around the point": (
        covered(slice(0, 3), slice(1, 4)),
        "`top` and `left` are its upper left corner, not its middle.",
    ),
    "top and left exchanged": (covered(slice(2, 5), slice(1, 4)), "The first axis runs down."),
    "the image as it was": (image, "Nothing is covered."),
    "everything but the square covered": (
        np.where(covered(slice(1, 4), slice(2, 5)) == 0, image, 0),
        "It is the square that is to be covered.",
    ),
}
checks.array(got, covered(slice(1, 4), slice(2, 5)), "a square of 3 at row 1, column 2", mistakes)
assert got.dtype == np.uint8, f"The image was uint8, the covered one is {got.dtype}."
assert np.array_equal(left[0], image), "cut_out changes the image that it is given: work on a copy."
got = as_array(cut_out(image.copy(), -1, 4, 3, fill=9))
assert not np.array_equal(got, image), (
    "A square that begins at row -1 covers nothing: in a slice, -1 means the last row. Cut off at 0."
)
mistakes = {
    "a square of `fill` = 0": (covered(slice(0, 2), slice(4, 6)), "Use `fill`."),
    "a whole square moved into the image": (
        covered(slice(0, 3), slice(4, 6), 9),
        "Only the part inside is covered: 2 of its 3 rows.",
    ),
    "a whole square moved to the left, too": (
        covered(slice(0, 3), slice(3, 6), 9),
        "Only the part inside is covered: 2 of its 3 rows and 2 of its 3 columns.",
    ),
}
expected = covered(slice(0, 2), slice(4, 6), 9)
checks.array(got, expected, "a square of 3 at row -1, column 4, fill = 9", mistakes)
got = as_array(cut_out(image.copy(), -3, 0, 3))
checks.array(got, image, "a square that lies wholly above the image")
got = as_array(cut_out(image.copy(), 2, -4, 3))
checks.array(
    got,
    image,
    "a square that lies wholly to the left of the image",
    {"a strip covered": (covered(slice(2, 5), slice(0, 5)), "Its end is negative, too: cut it off at 0.")},
)

# %% nbgrader={"grade": true, "grade_id": "cut_out_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
image = np.random.default_rng(7).random((6, 7, 3))
for top, left, size in [
    (0, 0, 1),
    (5, 6, 1),
    (2, 2, 20),
    (-2, -3, 5),
    (-9, 1, 4),
    (3, -5, 5),
    (4, 5, 3),
    (8, 8, 2),
    (-5, -5, 6),
    (1, 2, 2),
]:
    rows, columns = np.indices((6, 7))
    inside = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    got, kept = ask_function("cut_out", image.copy(), top, left, size, 0.25)
    expected = np.where(inside[:, :, None], 0.25, image)
    checks.array(as_array(got), expected, f"a square of {size} at {top}, {left}")
    assert np.array_equal(kept[0], image), "cut_out changes the image that it is given"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "brighten_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **d) `brighten` (1 point)** adds `amount` to every value of a `uint8` image. Values that would
# leave the range from 0 to 255 stop at its end. Beware: `uint8` does not stop there by itself.


# %% nbgrader={"grade": false, "grade_id": "brighten", "locked": false, "schema_version": 3, "solution": true, "task": false}
def brighten(image, amount):
    """Make an image brighter, or darker if the amount is negative.

    Parameters
    ----------
    image : numpy.ndarray of uint8
    amount : int
        From -255 to 255.

    Returns
    -------
    numpy.ndarray of uint8
    """
    ### BEGIN SOLUTION
    return np.clip(image.astype(int) + amount, 0, 255).astype(np.uint8)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What is `np.uint8(250) + np.uint8(10)`? Which type has room for all that can
# come out, from -255 to 510?
#
# ---
#
# Three steps: to a larger type (`.astype(int)`), add, `np.clip` to 0 ... 255.
# The result must be `uint8` again.
#
# ---
#
# A neighbouring problem: temperatures in `int8`, twice as far from zero, cut
# off at -128 and 127.
#
# ```python
# degrees = np.array([-100, 20, 90], dtype=np.int8)
# print(degrees * 2)                               # wrapped around
# doubled = np.minimum(np.maximum(degrees.astype(float) * 2, -128), 127)
# print(doubled.astype(np.int8))                   # [-128   40  127]
# ```

# %% nbgrader={"grade": true, "grade_id": "brighten_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([[0, 10, 100], [200, 250, 255]], np.uint8)[:, :, None]
mistakes = {
    "an image whose bright values wrapped around to dark ones": (
        np.array([[60, 70, 160], [4, 54, 59]])[:, :, None],
        "uint8 counts 254, 255, 0, 1: calculate with a larger type, then np.clip.",
    ),
    "an image with values above 255": (
        np.array([[60, 70, 160], [260, 310, 315]])[:, :, None],
        "Values stop at 255: np.clip.",
    ),
    "an image multiplied, not added to": (
        np.array([[0, 12, 123], [247, 255, 255]])[:, :, None],
        "`amount` is added to every value, whatever the value is.",
    ),
}
got, left = ask_function("brighten", image.copy(), 60)
got = as_array(got)
checks.array(
    got,
    np.array([[60, 70, 160], [255, 255, 255]])[:, :, None],
    "an image made brighter by 60",
    mistakes,
)
assert got.dtype == np.uint8, f"The result is {got.dtype}: turn it back into uint8 AFTER clipping."
assert np.array_equal(left[0], image), "brighten changes the image that it is given: make a new one."
mistakes = {
    "an image whose dark values wrapped around to bright ones": (
        np.array([[156, 166, 0], [100, 150, 155]])[:, :, None],
        "Values stop at 0, too: np.clip with 0 and 255, BEFORE the result is uint8 again.",
    ),
}
got = as_array(brighten(image.copy(), -100))
expected = np.array([[0, 0, 0], [100, 150, 155]])[:, :, None]
checks.array(got, expected, "an image made darker by 100", mistakes)

# %% nbgrader={"grade": true, "grade_id": "brighten_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
image = np.arange(256, dtype=np.uint8).reshape(16, 8, 2)
for amount in (-255, -128, -37, 0, 1, 127, 128, 255):
    got, left = ask_function("brighten", image.copy(), amount)
    got = as_array(got)
    expected = np.array([min(max(value + amount, 0), 255) for value in range(256)])
    checks.array(got, expected.reshape(16, 8, 2), f"all 256 values, amount {amount}")
    checks.equal(str(got.dtype), "uint8", "the dtype")
    assert np.array_equal(left[0], image), "brighten changes the image that it is given"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "labels_after_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **e) What does a transform do to the label? (1 point)** A flipped cat is a cat. A flipped digit need
# not be one. Here are the ten digits of a pocket calculator, five rows of three dots each. Write
# `labels_after`: for every digit, *which* digit the transformed one shows, or -1 if none of the
# ten. There are three transforms: `"left-right"`, `"upside down"` and `"half turn"` (a turn by 180
# degrees).
#
# Before you run it: which digit turns into another one by a mirror?

# %%
FONT = """
### .#. ### ### #.# ### ### ### ### ###
#.# .#. ..# ..# #.# #.. #.. ..# #.# #.#
#.# .#. ### ### ### ### ### ..# ### ###
#.# .#. #.. ..# ..# ..# #.# ..# #.# ..#
### .#. ### ### ..# ### ### ..# ### ###
"""
digits = np.array(
    [
        [[dot == "#" for dot in part] for part in column]
        for column in zip(*map(str.split, FONT.split("\n")[1:-1]), strict=True)
    ],
    dtype=np.uint8,
)
framed = np.pad(digits, ((0, 0), (1, 1), (1, 1)))  # a rim, for the eye only
plots.image_grid(
    255 - 255 * framed,
    titles=range(10),
    title="The digits: an array of shape (10, 5, 3)",
)

# %% nbgrader={"grade": false, "grade_id": "labels_after", "locked": false, "schema_version": 3, "solution": true, "task": false}
def labels_after(glyphs, transform):
    """Which class each picture shows after a transform.

    Parameters
    ----------
    glyphs : numpy.ndarray, shape (classes, height, width)
        One picture of each class, all different.
    transform : str
        "left-right", "upside down" or "half turn".

    Returns
    -------
    numpy.ndarray of int, shape (classes,)
        The class whose picture equals the transformed one, -1 if there is
        none.
    """
    ### BEGIN SOLUTION
    turned = glyphs
    if transform in ("left-right", "half turn"):
        turned = turned[:, :, ::-1]
    if transform in ("upside down", "half turn"):
        turned = turned[:, ::-1]
    same = (turned[:, None] == glyphs[None]).all(axis=(2, 3))
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which axes does each transform turn round? And how do you ask whether two
# pictures are the same in *every* pixel?
#
# ---
#
# `[:, :, ::-1]` is left-right for all pictures at once, `[:, ::-1]` upside
# down, and a half turn is both. Compare each transformed picture with each
# class; `.all` over the pixels gives a table of True and False. Where a row of
# it holds no True, the answer is -1: `argmax` alone would say 0.
#
# ---
#
# A neighbouring problem: which word of a list is each word when read
# backwards, or -1?
#
# ```python
# words = ["net", "ten", "pool", "loop", "data"]
# places = []
# for word in words:
#     turned = word[::-1]
#     places.append(words.index(turned) if turned in words else -1)
# print(places)  # [1, 0, 3, 2, -1]
# ```

# %% nbgrader={"grade": true, "grade_id": "labels_after_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
glyphs = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[1, 1], [0, 0]]], np.uint8)
expected = {"left-right": [1, 0, -1, 3], "upside down": [2, -1, 0, -1], "half turn": [-1, 2, 1, -1]}
for transform, labels in expected.items():
    others = {f"the answer for {other!r}": (expected[other], "Which axis is which?") for other in expected if other != transform}
    kept = [label if label == number else -1 for number, label in enumerate(labels)]
    others["only the classes that stay what they are"] = (
        kept,
        "Another class's picture is wanted, too: compare with ALL glyphs.",
    )
    others["0 for what shows no class"] = (
        [max(label, 0) for label in labels],
        "argmax of nothing is 0, too: say -1.",
    )
    others["the class of the glyph itself where it shows no class"] = (
        [number if label < 0 else label for number, label in enumerate(labels)],
        "It shows none of the classes any more: say -1.",
    )
    got, left = ask_function("labels_after", glyphs.copy(), transform)
    checks.array(as_array(got), np.array(labels), f"labels_after(four pictures, {transform!r})", others)
    assert np.array_equal(left[0], glyphs), "labels_after changes the pictures that it is given."

# %% nbgrader={"grade": true, "grade_id": "labels_after_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rows = "7 5 5 5 7  2 2 2 2 2  7 1 7 4 7  7 1 7 1 7  5 5 7 1 1  7 4 7 1 7  7 4 7 5 7  7 1 1 1 1  7 5 7 5 7  7 5 7 1 7".split()
font = np.array([[int(row) >> bit & 1 for bit in (2, 1, 0)] for row in rows]).reshape(10, 5, 3)
expected = {
    "left-right": [0, 1, 5, -1, -1, 2, -1, -1, 8, -1],
    "upside down": [0, 1, 5, 3, -1, 2, -1, -1, 8, -1],
    "half turn": [0, 1, 2, -1, -1, 5, 9, -1, 8, 6],
}
for transform, labels in expected.items():
    checks.array(as_array(labels_after(font, transform)), np.array(labels), f"the ten digits, {transform!r}")
rng = np.random.default_rng(15)
glyphs = rng.integers(0, 256, (12, 2, 4)).astype(np.uint8)
glyphs[7], glyphs[9], glyphs[2] = glyphs[3, :, ::-1], glyphs[3, ::-1], glyphs[11, ::-1, ::-1]
glyphs[5] = glyphs[0]
glyphs[5, 1, 3] += 1  # nearly the same picture is another one
order = {"left-right": np.s_[:, ::-1], "upside down": np.s_[::-1], "half turn": np.s_[::-1, ::-1]}
for transform, turn in order.items():
    known = [glyph.tolist() for glyph in glyphs]
    turned = [glyph[turn].tolist() for glyph in glyphs]
    labels = [known.index(one) if one in known else -1 for one in turned]
    got = as_array(labels_after(glyphs.copy(), transform))
    checks.array(got, np.array(labels), f"twelve grey pictures of 2 x 4 pixels, {transform!r}")
### END HIDDEN TESTS

# %%
for transform in ("left-right", "upside down", "half turn"):
    after = labels_after(digits, transform)
    changed = [f"{a} -> {b}" for a, b in enumerate(after) if b not in (-1, a)]
    kept = [str(a) for a, b in enumerate(after) if a == b]
    print(
        f"{transform:12} keeps {', '.join(kept):16} harmless if no longer a "
        f"digit; WRONG LABEL: {', '.join(changed)}"
    )

# %% [markdown]
# So which transforms are safe depends on the **classes**. For photographs of animals, `left-right`
# is safe, `upside down` makes pictures that nobody takes. For digits each of the three teaches some
# classes a wrong label: the mirror makes a 5 of the 2, the half turn a 9 of the 6.
#
# Here are your four transforms on a photograph:

# %%
frog = photos.train.images[np.flatnonzero(photos.train.labels == 6)[0]]
shown = {
    "original": frog,
    "flip": flip(frog[None], np.array([True]))[0],
    "shift 6, -4": shift(frog, 6, -4),
    "cut_out": cut_out(frog, 12, 10, 10),
    "brighten 60": brighten(frog, 60),
    "brighten -60": brighten(frog, -60),
}
plots.image_grid(
    list(shown.values()), titles=list(shown), columns=6, scale=1.3
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "mixup_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (2 points): MixUp
#
# MixUp blends two images and, in the same proportion, their labels (as one-hot rows). Image $i$
# with its partner $p_i$ and the share $\lambda_i$:
#
# $$\tilde x_i = \lambda_i x_i + (1 - \lambda_i)\, x_{p_i} \qquad \tilde y_i = \lambda_i y_i + (1 - \lambda_i)\, y_{p_i}$$
#
# Who is mixed with whom, and how much, is given, so that there is nothing random in your function.
# One point for the images, as floats; one for the labels, whose rows still sum to 1. Images may
# come as `uint8`: the shares are fractions. What is given to the function stays as it is.


# %% nbgrader={"grade": false, "grade_id": "mixup", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mixup(images, labels, partners, lam):
    """Blend each image with a partner, and the labels with them.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, height, width, channels)
        uint8 or float.
    labels : numpy.ndarray of float, shape (n, classes)
        One-hot, or already mixed: each row sums to 1.
    partners : numpy.ndarray of int, shape (n,)
        The row of each image's partner. Several images may have the same one.
    lam : numpy.ndarray of float, shape (n,)
        The share of the image itself, from 0 to 1.

    Returns
    -------
    images, labels : numpy.ndarray of float
        Of the same shapes.
    """
    ### BEGIN SOLUTION
    share = lam[:, None, None, None]
    mixed = share * images + (1 - share) * images[partners]
    return mixed, lam[:, None] * labels + (1 - lam[:, None]) * labels[partners]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# The shares have shape `(n,)`, the images `(n, height, width, channels)`.
# Which shape must the shares have, so that each image gets its own?
#
# ---
#
# `lam[:, None, None, None]` has one axis for each axis of the images, and
# `lam[:, None]` for the labels. `images[partners]` puts each partner in the
# place of its image. Do not change the arrays that you were given.
#
# ---
#
# A neighbouring problem: give each of three grey pictures a brightness of its
# own, then look at its neighbour's first pixel.
#
# ```python
# pictures = np.ones((3, 2, 2))      # three pictures of 2 x 2 pixels
# light = np.array([0.2, 0.5, 1.0])  # a number for each of them
# neighbours = np.array([1, 2, 0])
# lit = pictures * light[:, None, None]
# print(lit[neighbours][:, 0, 0])    # [0.5 1.  0.2]
# ```

# %% nbgrader={"grade": true, "grade_id": "mixup_images_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images = np.array([0, 100, 200], np.uint8).repeat(4).reshape(3, 2, 2, 1)
labels = np.eye(3)
partners, lam = np.array([1, 2, 1]), np.array([0.75, 0.25, 0.5])
got, left = ask_function("mixup", images.copy(), labels.copy(), partners, lam)
assert isinstance(got, list | tuple) and len(got) == 2, "mixup should return two arrays: return images, labels"
mixed = as_array(got[0])
mistakes = {
    "the shares exchanged": (
        np.array([75.0, 125, 150]).repeat(4).reshape(3, 2, 2, 1),
        "lam is the share of the image ITSELF.",
    ),
    "a mixture with the reversed batch": (
        np.array([50.0, 100, 100]).repeat(4).reshape(3, 2, 2, 1),
        "`partners` says with whom.",
    ),
    "one share for all images": (
        np.array([25.0, 125, 175]).repeat(4).reshape(3, 2, 2, 1),
        "Each image has its own lam.",
    ),
    "a mixture of images that were already mixed": (
        np.array([25.0, 175, 187.5]).repeat(4).reshape(3, 2, 2, 1),
        "The partner is the image as it was GIVEN: do not write into the batch on the way.",
    ),
}
expected = np.array([25.0, 175, 150]).repeat(4).reshape(3, 2, 2, 1)
assert not np.array_equal(mixed, images), "The images are not mixed."
checks.array(mixed, expected, "three mixed images", mistakes)
assert mixed.dtype.kind == "f", f"The mixed images are {mixed.dtype}: fractions need floats."
assert np.array_equal(left[0], images), "mixup changes the images that it is given."

# %% nbgrader={"grade": true, "grade_id": "mixup_images_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(8)
for kind in (np.uint8, np.float64):
    images = rng.integers(0, 256, (7, 3, 4, 3)).astype(kind)
    labels, partners, lam = np.eye(5)[rng.integers(0, 5, 7)], rng.integers(0, 7, 7), rng.random(7)
    got, left = ask_function("mixup", images.copy(), labels.copy(), partners, lam)
    for i in range(7):
        partner = images[partners[i]].astype(float)
        expected = lam[i] * images[i].astype(float) + (1 - lam[i]) * partner
        mixed = as_array(got[0])[i]
        checks.array(mixed, expected, f"mixed image {i}", rtol=1e-4, atol=1e-3)
    assert np.array_equal(left[0], images), "mixup changes the images that it is given"
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "mixup_labels_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images = np.zeros((3, 2, 2, 1), np.uint8)
labels, partners, lam = np.eye(3), np.array([1, 2, 1]), np.array([0.75, 0.25, 0.5])
got, left = ask_function("mixup", images.copy(), labels.copy(), partners, lam)
assert isinstance(got, list | tuple) and len(got) == 2, "mixup should return two arrays: return images, labels"
mixed = as_array(got[1])
mistakes = {
    "the labels as they were": (
        labels,
        "Labels are mixed like the images: what is half a cat and half a dog?",
    ),
    "the shares exchanged": (
        np.array([[0.25, 0.75, 0], [0, 0.75, 0.25], [0, 0.5, 0.5]]),
        "lam is the share of the image ITSELF.",
    ),
    "the larger share's label": (
        np.array([[1.0, 0, 0], [0, 0, 1], [0, 0, 1]]),
        "Both labels count, by their shares.",
    ),
    "a mixture half and half": (
        np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]]),
        "By the shares of the images: lam and 1 - lam.",
    ),
}
expected = np.array([[0.75, 0.25, 0], [0, 0.25, 0.75], [0, 0.5, 0.5]])
sums = np.asarray(mixed, dtype=float).sum(axis=-1)
assert np.allclose(sums, 1), f"The rows of the labels sum to {sums}: the two shares must be lam and 1 - lam."
checks.array(mixed, expected, "three mixed labels", mistakes)
assert np.array_equal(left[1], labels), "mixup changes the labels that it is given."

# %% nbgrader={"grade": true, "grade_id": "mixup_labels_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(9)
labels = rng.dirichlet(np.ones(4), size=6)
partners, lam = rng.integers(0, 6, 6), rng.random(6)
images = rng.random((6, 2, 2, 3))
got, left = ask_function("mixup", images.copy(), labels.copy(), partners.copy(), lam.copy())
mixed = as_array(got[1])
expected = np.array([lam[i] * labels[i] + (1 - lam[i]) * labels[partners[i]] for i in range(6)])
checks.array(mixed, expected, "labels mixed a second time", rtol=1e-4)
assert np.allclose(mixed.sum(axis=1), 1), "rows of mixed labels sum to 1"
for before, after in zip((images, labels, partners, lam), left, strict=True):
    assert np.array_equal(before, after), "mixup changes what it is given"
### END HIDDEN TESTS

# %%
rng = np.random.default_rng(1)
some = rng.permutation(len(photos.train))[:6]
mixed, shares = mixup(
    photos.train.images[some],
    np.eye(10)[photos.train.labels[some]],
    np.roll(np.arange(6), 1),
    rng.beta(1, 1, size=6),
)
told = [
    "\n".join(
        f"{row[k]:.0%} {photos.class_names[k]}"
        for k in np.argsort(-row)[:2]
        if row[k]
    )
    for row in shares
]
plots.image_grid(mixed / 255, titles=told, columns=6, scale=1.4, title="MixUp")

# %% [markdown] nbgrader={"grade": false, "grade_id": "Augmented_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (2 points): a `PyDataset` that augments another one
#
# Augmentation belongs into training only. The safest design keeps the two jobs apart: one data set
# serves images as they are, and a second one **wraps** it and changes what it serves. Validation
# images then simply get no wrapper. Write `Augmented(source, transform, seed)`, where `source` is any
# data set of batches (do not count on it being yours) and `transform(images, rng)` gives the changed
# images of a batch; it draws from the random generator that you give it.
#
# 1. **The right batches (1 point).** As many as the source has, each with the source's labels and
#    the transformed images. When an epoch ends, the source is told, too.
# 2. **Repeatable (1 point).** What happens to a batch depends on `seed`, the number of the epoch
#    (counting from 0) and the batch's index alone: the same whether asked for once or twice, in order
#    or not, by one worker or by several. In another epoch, in another batch of the same epoch, and
#    with another seed the dice fall differently. Seed 1 in epoch 2 is not seed 2 in epoch 1.
#
# The second point rules out one random generator that lives in the object.
#
# The next cell has a source and a transform for the checks, and the transform that you will train
# with: `flip_and_shift` flips each image with probability 1/2, *then* shifts it by up to 2 pixels.


# %% nbgrader={"grade": false, "grade_id": "transforms", "locked": true, "schema_version": 3, "solution": false, "task": false}
class Turned(keras.utils.PyDataset):
    """Images and labels in the order given, which turns by one row after each
    epoch (for the checks).
    """

    def __init__(self, images, labels, batch_size):
        super().__init__()
        self.images, self.labels, self.batch_size, self.epoch = (
            images,
            labels,
            batch_size,
            0,
        )

    def __len__(self):
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, index):
        rows = np.roll(np.arange(len(self.labels)), -self.epoch)
        rows = rows[index * self.batch_size : (index + 1) * self.batch_size]
        return self.images[rows], self.labels[rows]

    def on_epoch_end(self):
        self.epoch += 1


def speckle(images, rng):
    """Every pixel a little brighter, by random whole numbers from 1 to 999
    (for the checks).
    """
    return images + rng.integers(1, 1000, size=images.shape)


def flip_and_shift(images, rng):
    """Each image flipped with probability 1/2, then shifted by -2 to 2 pixels
    each way.
    """
    images = flip(images, rng.random(len(images)) < 0.5)
    moves = rng.integers(-2, 3, size=(len(images), 2)).tolist()
    return np.stack(
        [
            shift(image, *move)
            for image, move in zip(images, moves, strict=True)
        ]
    )

# %% nbgrader={"grade": false, "grade_id": "Augmented", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Augmented(keras.utils.PyDataset):
    """Augmented(source, transform, seed): the batches of another data set,
    their images transformed.

    To write: the rest of __init__, and __len__, __getitem__ and on_epoch_end.
    """

    def __init__(self, source, transform, seed):
        super().__init__()
        ### BEGIN SOLUTION
        self.source, self.transform, self.seed, self.epoch = (
            source,
            transform,
            seed,
            0,
        )

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        images, labels = self.source[index]
        return self.transform(
            images, np.random.default_rng([self.seed, self.epoch, index])
        ), labels

    def on_epoch_end(self):
        self.source.on_epoch_end()
        self.epoch += 1

    ### END SOLUTION


def ask_augmented(images, labels, batch_size, seed, requests):
    """The answers of an `Augmented` around a `Turned`, with `speckle` (see
    `ask` in the first cell).
    """
    source = Turned(images, labels, batch_size)
    return ask(Augmented(source, speckle, seed), images, labels, requests)


# %% [markdown] tags=["hints"]
# What does the wrapper know, and what does it have to ask its source? From
# which numbers can you make dice that fall the same way each time batch
# `index` of this epoch is asked for?
#
# ---
#
# `len(self.source)` and `self.source[index]` do most of it. Only the images go
# through `self.transform`, with a generator that is made in `__getitem__`:
# `np.random.default_rng([...])` of seed, epoch and index. `on_epoch_end` tells
# the source, and counts.
#
# ---
#
# A neighbouring class: a clock that is wrong by a few minutes, repeatably for
# each day and hour, around another clock that is right.
#
# ```python
# class Right:
#     def __getitem__(self, hour):
#         return 60 * hour
#
# class Wrong:
#     def __init__(self, clock, seed):
#         self.clock, self.seed, self.day = clock, seed, 0
#
#     def __getitem__(self, hour):
#         dice = np.random.default_rng([self.seed, self.day, hour])
#         return self.clock[hour] + int(dice.integers(-5, 6))
#
# clock = Wrong(Right(), seed=1)
# print(clock[3], clock[4], clock[3])  # the same again for the same hour
# ```

# %% nbgrader={"grade": true, "grade_id": "Augmented_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
n = 11
images = np.zeros((n, 4, 6, 1), np.int64) + 1000 * np.arange(n)[:, None, None, None]
labels = 100 + np.arange(n)
requests = ["length", 0, 1, 2, "next epoch", 0, 1, 2, "next epoch", 2, "source"]
answers = ask_augmented(images.copy(), labels.copy(), 4, 3, requests)
checks.equal(answers[0], 3, "the length around a source of 3 batches", "Ask the source.")
for number, (epoch, index) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 2)]):
    batch, name = answers[number + 1], f"batch {index} of epoch {epoch}"
    is_batch(batch, name)
    rows = np.roll(np.arange(n), -epoch)[4 * index : 4 * index + 4]
    hint = (
        "The labels are those of the source's batch."
        if epoch == 0
        else ("Does the source learn that an epoch has ended? Call its on_epoch_end once.")
    )
    checks.equal(batch[1].tolist(), (100 + rows).tolist(), f"the labels of {name}", hint)
    checks.equal(batch[0].shape, (len(rows), 4, 6, 1), f"the shape of the images of {name}")
    whole = batch[0] // 1000
    assert np.array_equal(whole, images[rows] // 1000), (
        f"In {name} the images are not those of the source's batch, in its order, transformed once: "
        f"with label {batch[1][0]} comes image {whole[0, 0, 0, 0]}."
    )
    assert (batch[0] != images[rows]).any(), f"The images of {name} are not transformed."
assert np.array_equal(answers[-1][0], images) and np.array_equal(answers[-1][1], labels), (
    "The images or labels of the source have changed."
)

# %% nbgrader={"grade": true, "grade_id": "Augmented_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(21)
for n, size in [(7, 3), (6, 6), (1, 4)]:
    codes = rng.permutation(n)
    images = np.zeros((n, 3, 5, 2), np.int64) + 1000 * codes[:, None, None, None]
    labels = np.eye(n)[codes]
    count = -(-n // size)
    requests = ["length", *range(count), *(["next epoch"] * 3), "length", *range(count), "source"]
    answers = ask_augmented(images.copy(), labels.copy(), size, 5, requests)
    checks.equal([answers[0], answers[count + 1]], [count, count], "the length in two epochs")
    for epoch, batches in [(0, answers[1 : count + 1]), (3, answers[count + 2 : -1])]:
        order = np.roll(np.arange(n), -epoch)
        for index, batch in enumerate(batches):
            is_batch(batch, "a batch with one-hot labels")
            rows = order[index * size : (index + 1) * size]
            assert np.array_equal(batch[1], labels[rows]), "labels that are not the source's"
            assert np.array_equal(batch[0] // 1000, images[rows] // 1000), "wrong images"
            assert len(np.unique(batch[0] % 1000)) > 1 + len(rows), "not transformed"
    assert np.array_equal(answers[-1][0], images), "the source's images have changed"
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "Augmented_repeats_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
zeros, labels = np.zeros((32, 6, 6, 1), np.int64), np.arange(32)


def asked(requests, seed=2):
    """The dice of each batch asked for, as text."""
    answers = ask_augmented(zeros.copy(), labels, 8, seed, requests)
    return [batch[0].tobytes() for batch in answers]


first = asked([0, 1, 2, 3])
assert asked([0, 1, 2, 3]) == first, (
    "A second data set with the same seed serves other images: does every random generator get a seed?"
)
assert asked([3, 2, 1, 0]) == first[::-1], (
    "Asked in reverse, the batches are others: the dice remember what was asked before. Make the random generator in "
    "__getitem__, from seed, epoch and index."
)
assert asked([1, 1]) == [first[1]] * 2, "Batch 1, asked for twice, comes in two versions: see above."
assert len(set(first)) == 4, "The batches of an epoch are changed in the same way: does the index go into the dice?"
second = asked(["next epoch", 0, 1, 2, 3])
assert second != first, "Every epoch changes the images in the same way: does the epoch go into the dice?"
assert asked([0, 1, "next epoch", 2])[2] == second[2], "Batch 2 of the second epoch depends on what was asked for in the first."
assert asked([0], seed=3) != first[:1], "Seeds 2 and 3 give the same images: is the seed used?"
assert not set(first) & set(second) and second[0] != asked([0, 1], seed=3)[1], (
    "Epoch 1 has dice that have fallen before: seed, epoch and index must not be added, give all three."
)
assert asked(["next epoch", 0], seed=2) != asked(["next epoch", "next epoch", 0], seed=1), (
    "Seed 2 in epoch 1 is the same as seed 1 in epoch 2: do not add the numbers, give all three."
)
rows = np.frombuffer(first[0], np.int64).reshape(8, -1)
assert len({row.tobytes() for row in rows}) == 8, (
    "All images of a batch are changed alike: give the whole batch to the transform, or go on with "
    "the same generator from image to image."
)

# %% nbgrader={"grade": true, "grade_id": "Augmented_repeats_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
zeros = np.zeros((8, 5, 5, 2), np.int64)
seen = {}
for seed in (0, 1, 2, 5):
    requests = [0, 1, 2, 3]
    for epoch in range(4):
        answers = ask_augmented(zeros.copy(), np.arange(8), 2, seed, requests)
        for index, batch in enumerate(answers[-4:]):
            seen[seed, epoch, index] = batch[0].tobytes()
        requests = [*requests, "next epoch", 0, 1, 2, 3]
assert len(set(seen.values())) == len(seen), (
    f"{len(seen)} batches of several seeds and epochs are changed in {len(set(seen.values()))} ways"
)
jumbled = ask_augmented(zeros.copy(), np.arange(8), 2, 5, [2, 0, 2, "next epoch", 3, 1, 3, "next epoch", 0])
wanted = [(0, 2), (0, 0), (0, 2), (1, 3), (1, 1), (1, 3), (2, 0)]
assert [batch[0].tobytes() for batch in jumbled] == [seen[5, *where] for where in wanted], (
    "a batch depends on the order of questions"
)
### END HIDDEN TESTS

# %%
plain = Turned(photos.train.images[:6], np.arange(6), 6)
dataset, seen = Augmented(plain, flip_and_shift, seed=1), []
for _ in range(3):
    images, numbers = dataset[0]
    seen += list(images[np.argsort(numbers)])
    dataset.on_epoch_end()
plots.image_grid(
    seen, columns=6, scale=1.3, title="Six photographs in three epochs (rows)"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "average_views_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (2 points): test-time augmentation
#
# Dice have no place at test time. But one may *ask about several fixed views* of the same image,
# and average: **test-time augmentation**.
#
# **a) The average (1 point).** A network has given scores (logits) for each view of each image.
# Turn each view's scores into probabilities by softmax, **then** average over the views. Scores may
# be as large as 1000: subtract the largest of each row before `np.exp`, as in week 3.


# %% nbgrader={"grade": false, "grade_id": "average_views", "locked": false, "schema_version": 3, "solution": true, "task": false}
def average_views(scores):
    """Class probabilities, averaged over views.

    Parameters
    ----------
    scores : numpy.ndarray, shape (views, n, classes)
        What the network said before softmax, for each view of each image.

    Returns
    -------
    numpy.ndarray, shape (n, classes)
        Each row sums to 1.
    """
    ### BEGIN SOLUTION
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For one image and two views, write the three steps down: what is done to each
# view by itself, and what to both together? Which axis is which?
#
# ---
#
# Softmax goes along the last axis, of the classes; `keepdims=True` keeps it
# for the subtraction and the division. The mean goes over the first axis, of
# the views, and comes last.
#
# ---
#
# A neighbouring problem: two judges give marks to three dishes; each judge's
# marks become shares of that judge's total, then the shares are averaged.
#
# ```python
# marks = np.array([[2.0, 2.0, 4.0], [10.0, 30.0, 10.0]])  # a row a judge
# shares = marks / np.sum(marks, axis=-1, keepdims=True)
# print(shares.mean(axis=0), shares.mean(axis=0).sum())
# ```

# %% nbgrader={"grade": true, "grade_id": "average_views_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
scores = np.log(np.array([[[8.0, 1, 1], [1, 1, 2]], [[1.0, 4, 5], [1, 1, 2]]]))
got, left = ask_function("average_views", scores.copy())
got = as_array(got)
expected = np.array([[0.45, 0.25, 0.3], [0.25, 0.25, 0.5]])
together = np.sqrt(np.array([[8.0, 4, 5], [1, 1, 4]]))
mistakes = {
    "the softmax of the averaged scores": (
        together / together.sum(axis=1, keepdims=True),
        "Softmax first, for each view; average the PROBABILITIES.",
    ),
    "the sum over the views": (2 * expected, "An average divides by the number of views."),
    "the average over the images": (
        np.array([[0.525, 0.175, 0.3], [0.175, 0.325, 0.5]]),
        "The first axis counts the views: average over that one.",
    ),
    "the first view alone": (np.array([[0.8, 0.1, 0.1], [0.25, 0.25, 0.5]]), "All views count."),
    "the last view alone": (np.array([[0.1, 0.4, 0.5], [0.25, 0.25, 0.5]]), "All views count."),
    "how many views vote for each class": (
        np.array([[0.5, 0, 0.5], [0, 0, 1]]),
        "Average the probabilities, not the decisions.",
    ),
    "the average of the scores": (np.log(together), "Where is the softmax?"),
}
checks.array(got, expected, "the average over two views of two images", mistakes)
assert np.array_equal(left[0], scores), "average_views changes the scores that it is given."
got = as_array(average_views(np.array([[[1000.0, 0.0]], [[0.0, 1000.0]]])))
assert np.isfinite(got).all(), (
    f"Where scores reach 1000 the average is {got.tolist()}: np.exp(1000) is infinite. Subtract the largest score first."
)
checks.array(got, np.array([[0.5, 0.5]]), "the average where scores reach 1000")
got = as_array(average_views(np.array([[[2000.0, 2000.0], [0.0, 0.0]], [[3.0, 3.0], [-900.0, -900.0]]])))
assert np.isfinite(got).all(), (
    f"Where rows differ by 1000 and more the average is {got.tolist()}: each row, of each image and "
    "each view, needs its OWN largest score."
)
checks.array(got, np.full((2, 2), 0.5), "the average where rows differ by 1000 and more")

# %% nbgrader={"grade": true, "grade_id": "average_views_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(10)
scores = 3 * rng.normal(size=(5, 4, 6))
expected = np.zeros((4, 6))
for view in scores:
    for i, row in enumerate(view):
        expected[i] += np.exp(row) / np.exp(row).sum() / 5
close = {"rtol": 1e-4, "atol": 1e-6}
checks.array(as_array(average_views(scores.copy())), expected, "the average over five views", **close)
checks.array(as_array(average_views(scores + 700)), expected, "all scores raised by 700", **close)
raised = scores + 900 * rng.integers(-2, 3, size=(5, 4, 1))
checks.array(as_array(average_views(raised)), expected, "each row raised by its own number", **close)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "tta_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The views (1 point).** A view is a triple (flipped, down, right): flip if True, *then* shift.
# Write `tta`: it makes every view of all images, asks a network, and averages. The network here is
# the simplest there is, `scores_of` in the next cell: a single layer of weights.


# %% nbgrader={"grade": false, "grade_id": "scores_of", "locked": true, "schema_version": 3, "solution": false, "task": false}
def scores_of(images, kernel):
    """A network of one layer: pixels from 0 to 1 times weights, no softmax
    yet.
    """
    return images.reshape(len(images), -1) / 255 @ kernel


def without_top(images, which):
    """Stands in for `flip`: some images without their first row (for the
    checks).
    """
    cleared = images.copy()
    cleared[which, 0] = 0
    return cleared


def rolled(image, down, right, fill=0):
    """Stands in for `shift`: what leaves comes back on the other side (for the
    checks).
    """
    return np.roll(image, (down, right), (0, 1))


def squares(scores):
    """Stands in for `average_views` (for the checks)."""
    return (scores**2).mean(axis=0)


# %% nbgrader={"grade": false, "grade_id": "tta", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tta(images, kernel, views):
    """Class probabilities of each image, averaged over several views of it.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n, height, width, channels)
    kernel : numpy.ndarray of float, shape (height * width * channels, classes)
        The weights of the network.
    views : list of (bool, int, int)
        Whether to flip, how far to shift down, how far to the right.

    Returns
    -------
    numpy.ndarray, shape (n, classes)
    """
    ### BEGIN SOLUTION
    scores = []
    for flipped, down, right in views:
        seen = flip(images, np.full(len(images), flipped))
        seen = np.stack([shift(image, down, right) for image in seen])
        scores.append(scores_of(seen, kernel))
    return average_views(np.stack(scores))
    ### END SOLUTION


def ask_tta(*arguments):
    """What tta says with stand-ins for your other functions, and what is left
    of its arguments.
    """
    others = {"flip": without_top, "shift": rolled, "average_views": squares}
    return with_stand_ins(globals(), "tta", others, arguments), list(arguments)


# %% [markdown] tags=["hints"]
# What do you do for one view? You have a function for each step of it. What is
# collected, and what becomes of the collection?
#
# ---
#
# `flip` wants a truth value for each image: `np.full(len(images), flipped)`.
# `shift` takes one image, so go through the batch and stack. Collect the
# *scores* of each view, and give the stack of them to `average_views`.
#
# ---
#
# A neighbouring problem: read a number off three turned copies of a picture,
# and average.
#
# ```python
# picture = np.array([[1.0, 2.0], [3.0, 4.0]])
# readings = []
# for turns in (0, 1, 2):
#     turned = np.rot90(picture, turns)
#     readings.append(turned[0] @ np.array([1.0, 10.0]))
# print(readings, np.mean(readings))
# ```

# %% nbgrader={"grade": true, "grade_id": "tta_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(11)
images = rng.integers(0, 256, (4, 3, 3, 1), dtype=np.uint8)
kernel = 2 * rng.normal(size=(9, 3))


def by_hand(*versions):
    """The averaged probabilities of versions of the images."""
    powers = [np.exp(version.reshape(4, -1) / 255 @ kernel) for version in versions]
    return np.mean([power / power.sum(axis=1, keepdims=True) for power in powers], axis=0)


close = {"rtol": 1e-4, "atol": 1e-6}
plain, mirrored = by_hand(images), images[:, :, ::-1]
moved, wrong = np.zeros_like(images), np.zeros_like(images)
moved[:, 1:, :-1] = mirrored[:, :-1, 1:]
wrong[:, 1:, :-1] = images[:, :-1, 1:]
scores = [np.log(by_hand(version)) for version in (images, mirrored, moved)]
averaged = np.exp(np.mean(scores, axis=0))
views = [(False, 0, 0), (True, 0, 0), (True, 1, -1)]


def answers():
    """With your own flip, shift and average_views."""
    got = as_array(tta(images.copy(), kernel.copy(), [(False, 0, 0)]))
    checks.array(got, plain, "a single view that changes nothing", **close)
    mistakes = {
        "the plain prediction": (plain, "Where do the views go?"),
        "the last view alone": (by_hand(moved), "Keep the scores of every view."),
        "shifted first, then flipped": (
            by_hand(images, mirrored, wrong[:, :, ::-1]),
            "Flip, then shift.",
        ),
        "shifted, not flipped": (
            by_hand(images, images, wrong),
            "Flip where the first entry is True.",
        ),
        "flipped, not shifted": (
            by_hand(images, mirrored, mirrored),
            "Shift by the second and third entry.",
        ),
        "the softmax of the averaged scores": (
            averaged / averaged.sum(axis=1, keepdims=True),
            "average_views wants the scores of every view.",
        ),
    }
    got = as_array(tta(images.copy(), kernel.copy(), views))
    checks.array(got, by_hand(images, mirrored, moved), "three views", mistakes, **close)


def with_others():
    """With stand-ins for them: no first row, a shift that rolls, and the mean of the squared scores."""
    got = as_array(ask_tta(images.copy(), kernel.copy(), views[::-1])[0])
    cleared = without_top(images, np.ones(4, bool))
    versions = images, cleared, np.roll(cleared, (1, -1), (1, 2))
    expected = np.mean([scores_of(version, kernel) ** 2 for version in versions], axis=0)
    checks.array(got, expected, "three views, with stand-ins for your functions", **close)


try:
    answers()
except Exception as problem:
    try:
        with_others()
    except Exception:
        raise problem from None

# %% nbgrader={"grade": true, "grade_id": "tta_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(12)
images = rng.integers(0, 256, (5, 4, 6, 2), dtype=np.uint8)
kernel = 2 * rng.normal(size=(48, 4))
room = np.pad(images, ((0, 0), (9, 9), (9, 9), (0, 0)))
mirrored = np.pad(images[:, :, ::-1], ((0, 0), (9, 9), (9, 9), (0, 0)))
cases = [
    [(False, 2, -1), (True, 0, 3), (True, -1, 0), (False, 0, 0)],
    [(True, 0, 0)],
    [(False, 5, 0)],
    [(False, 0, 0), (False, 0, 0), (True, 1, 1)],
]


def answers_hidden():
    """With the student's own functions."""
    for views in cases:
        expected = np.zeros((5, 4))
        for flipped, down, right in views:
            seen = (mirrored if flipped else room)[:, 9 - down : 13 - down, 9 - right : 15 - right]
            powers = np.exp(scores_of(seen, kernel))
            expected += powers / powers.sum(axis=1, keepdims=True) / len(views)
        got, left = ask_function("tta", images.copy(), kernel.copy(), list(views))
        checks.array(as_array(got), expected, f"the views {views}", rtol=1e-4, atol=1e-6)
        for before, after in zip((images, kernel, views), left, strict=True):
            assert np.array_equal(before, after), "tta changes what it is given"


def with_others_hidden():
    """With stand-ins for them."""
    for views in cases:
        expected = np.zeros((5, 4))
        for flipped, down, right in views:
            seen = without_top(images, np.full(5, flipped))
            seen = np.roll(seen, (down, right), (1, 2))
            expected += scores_of(seen, kernel) ** 2 / len(views)
        got, left = ask_tta(images.copy(), kernel.copy(), list(views))
        checks.array(as_array(got), expected, f"the views {views}", rtol=1e-4, atol=1e-6)
        for before, after in zip((images, kernel, views), left, strict=True):
            assert np.array_equal(before, after), "tta changes what it is given"


try:
    answers_hidden()
except Exception as problem:
    try:
        with_others_hidden()
    except Exception:
        raise problem from None
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "pipelines_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (2 points): somebody's pipeline, repaired
#
# A classmate has photographed things, each of them several times, and sorted the shots into class
# folders: `shots/frog/03_b.png` is shot b of frog 03. The pipeline in the next cell runs without an
# error. The validation accuracy of what is trained with it is splendid, and on photographs of *other*
# things it is poor. There are **five mistakes** in `their_pipelines`; lecture 2 has met most of them.
# The functions above it are right, and yours may use them. Write `pipelines` so that
#
# - all shots of one thing are on the same side, in training or in validation. Of each class, a fifth
#   of the things (rounded down, but at least one) are for validation. Which ones is drawn: the same
#   seed gives the same split, another seed another one. *(1 point for the split)*
# - validation serves each of its shots once, as it is in its file, in every pass the same.
# - training serves each of its shots once in a pass: shuffled, in every pass in another order and with
#   new augmentation, in batches of `batch_size` (the last one may be smaller) that hold other shots in
#   every pass. *(1 point for what is served)*
#
# A pass is one walk through a dataset, such as `for images, labels in train`.


# %% nbgrader={"grade": false, "grade_id": "their_pipelines", "locked": true, "schema_version": 3, "solution": false, "task": false}
import tensorflow as tf


def class_of(path):
    """The class of a shot: frog for shots/frog/03_b.png."""
    return pathlib.Path(path).parent.name


def thing_of(path):
    """The thing on a shot: frog/03 for shots/frog/03_b.png."""
    return f"{class_of(path)}/{pathlib.Path(path).stem.rpartition('_')[0]}"


def read(path, label):
    """A shot from its file, uint8."""
    return tf.io.decode_png(tf.io.read_file(path), channels=3), label


def augment(image, label):
    """A random version of a shot: flipped or not, then moved by up to 2 pixels
    each way.
    """
    height, width = (
        image.shape[0] or tf.shape(image)[0],
        image.shape[1] or tf.shape(image)[1],
    )
    image = tf.pad(
        tf.image.random_flip_left_right(image), [[2, 2], [2, 2], [0, 0]]
    )
    return tf.image.random_crop(image, [height, width, 3]), label


def their_pipelines(folder, batch_size, seed):
    """Training and validation from class folders: it runs, and it is wrong."""
    paths = sorted(str(path) for path in pathlib.Path(folder).glob("*/*.png"))
    names = sorted({class_of(path) for path in paths})
    labels = [names.index(class_of(path)) for path in paths]
    shots = tf.data.Dataset.from_tensor_slices((paths, labels))
    shots = shots.shuffle(len(paths)).map(read).map(augment)
    kept = len(paths) // 5
    validation, train = shots.take(kept), shots.skip(kept).cache()
    return train.batch(batch_size).shuffle(4), validation.batch(batch_size)


def write_shots(folder, images, labels, things):
    """Class folders with a file for each image (the checks use it)."""
    for shot, (image, label, thing) in enumerate(
        zip(images, labels, things, strict=True)
    ):
        place = pathlib.Path(folder) / f"class-{label}"
        place.mkdir(exist_ok=True)
        keras.utils.save_img(
            place / f"{thing:02d}_{shot:03d}.png", image, scale=False
        )

# %% nbgrader={"grade": false, "grade_id": "pipelines", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pipelines(folder, batch_size, seed):
    """Training and validation from class folders.

    Parameters
    ----------
    folder : str
        It holds a folder for each class, with files such as 03_b.png.
    batch_size : int
    seed : int
        Decides which things are for validation.

    Returns
    -------
    train, validation : tf.data.Dataset
        Batches of images (uint8) and labels; a label is the place of the
        class's name, sorted.
    """
    ### BEGIN SOLUTION
    paths = sorted(str(path) for path in pathlib.Path(folder).glob("*/*.png"))
    names = sorted({class_of(path) for path in paths})
    rng, kept = np.random.default_rng(seed), set()
    for name in names:
        things = sorted(
            {thing_of(path) for path in paths if class_of(path) == name}
        )
        kept |= set(
            rng.permutation(things)[: max(1, len(things) // 5)].tolist()
        )
    parts = []
    for wanted in (False, True):
        chosen = [path for path in paths if (thing_of(path) in kept) == wanted]
        labels = [names.index(class_of(path)) for path in chosen]
        parts.append(
            tf.data.Dataset.from_tensor_slices((chosen, labels)).map(read)
        )
    train, validation = parts
    train = train.shuffle(len(paths)).map(augment).batch(batch_size)
    return train, validation.batch(batch_size)
    ### END SOLUTION


def ask_pipelines(images, labels, things, batch_size, seed, passes):
    """What both of your datasets serve, pass by pass, from folders with these
    shots (for the checks).
    """
    with tempfile.TemporaryDirectory(dir=".") as folder:
        write_shots(folder, images, labels, things)
        parts = pipelines(folder, batch_size, seed)
        return [
            [[(np.array(x), np.array(y)) for x, y in part] for part in parts]
            for _ in range(passes)
        ]

# %% [markdown] tags=["hints"]
# Take the lines of `their_pipelines` one after the other. What exactly is
# shuffled, split, cached, augmented by each of them: shots or things, for one
# pass or for all, for training or for both?
#
# ---
#
# Split first, in plain Python, while the paths are still a list: draw things of
# each class with `np.random.default_rng(seed)`, then sort the paths by
# `thing_of`. After that there are two datasets, and only one of them needs
# `shuffle` and `augment`. In which order do `cache` (if you want it),
# `shuffle`, `map(augment)` and `batch` come?
#
# ---
#
# A neighbouring problem: recordings of several speakers. No speaker may be in
# both parts, and only one part is shuffled, anew in each pass.
#
# ```python
# import tensorflow as tf
#
# clips = ["ada_1", "ada_2", "ben_1", "cleo_1", "cleo_2", "dan_1"]
# speakers = sorted({clip.partition("_")[0] for clip in clips})
# chosen = np.random.default_rng(3).choice(speakers, 2, replace=False)
# mine = [clip for clip in clips if clip.partition("_")[0] in chosen]
# others = [clip for clip in clips if clip.partition("_")[0] not in chosen]
# heard = tf.data.Dataset.from_tensor_slices(others).shuffle(len(others))
# for _ in range(2):
#     print(mine, [clip.decode() for clip in heard.as_numpy_iterator()])
# ```


# %% nbgrader={"grade": false, "grade_id": "shots", "locked": true, "schema_version": 3, "solution": false, "task": false}
def some_shots(counts, seed, shots=3, side=8):
    """Images, labels and things of a small collection (the checks use it).

    Class k has counts[k] things, with 1 to `shots` shots of each. In every
    pixel of a shot, red is the shot's number plus 1, so that a shot is known
    again after augmentation.
    """
    rng, labels, things = np.random.default_rng(seed), [], []
    for label, count in enumerate(counts):
        for thing in range(count):
            number = int(rng.integers(1, shots + 1))
            labels += [label] * number
            things += [thing] * number
    images = rng.integers(1, 256, (len(labels), side, side, 3)).astype(
        np.uint8
    )
    images[..., 0] = 1 + np.arange(len(labels))[:, None, None]
    return images, labels, things


def shots_served(batches, labels, name):
    """The numbers of the shots of each batch, checked against their labels
    (the checks use it).
    """
    served = []
    for images, given in batches:
        assert images.ndim == 4 and len(images) == len(given), (
            f"{name} should serve batches of images and labels, not shapes "
            f"{images.shape}, {given.shape}"
        )
        numbers = (
            np.round(images[..., 0].max(axis=(1, 2))).astype(int) - 1
        ).tolist()
        wrong = [
            n
            for n, label in zip(numbers, given.tolist(), strict=True)
            if labels[n] != label
        ]
        assert not wrong, (
            f"{name} serves shots with a wrong label: class "
            f"{labels[wrong[0]]} came as another"
        )
        served.append(numbers)
    return served


# %% nbgrader={"grade": true, "grade_id": "pipelines_split_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
counts = [5, 14, 3]
images, labels, things = some_shots(counts, seed=1)
known = list(zip(labels, things, strict=True))
passes = ask_pipelines(images, labels, things, 4, 7, 2)
sides = []
for train, validation in passes:
    train = sum(shots_served(train, labels, "training"), [])
    validation = sum(shots_served(validation, labels, "validation"), [])
    common = set(train) & set(validation)
    assert not common, f"In one pass, {len(common)} shots are in training and in validation."
    sides.append((set(train), set(validation)))
assert sides[0][1] == sides[1][1], (
    "In a second pass other shots are for validation than in the first, so that the network has been "
    "trained on them: `shuffle` draws anew in every pass. Split before you shuffle."
)
train, validation = sides[0]
both = {known[n] for n in train} & {known[n] for n in validation}
assert not both, (
    f"{len(both)} things have some shots in training and others in validation: the network sees things "
    "again that it knows. Draw THINGS for validation, not shots."
)
chosen = {known[n] for n in validation}
found = [sum(label == one for one, _ in chosen) for label in range(3)]
hint = "Of each class a fifth of the things, rounded down, but at least one: 1 of 5, 2 of 14, 1 of 3."
checks.equal(found, [1, 2, 1], "how many things of each class are for validation", hint)
hint = "Every shot belongs to one of the parts: is a batch that is not full dropped?"
checks.equal(
    len(train | validation), len(labels), "the number of shots in both parts together", hint
)
again = sum(shots_served(ask_pipelines(images, labels, things, 4, 7, 1)[0][1], labels, "validation"), [])
assert set(again) == validation, "The same seed splits the things in another way."
splits = {frozenset(validation)}
for seed in (8, 9, 10):
    part = ask_pipelines(images, labels, things, 4, seed, 1)[0][1]
    splits.add(frozenset(sum(shots_served(part, labels, "validation"), [])))
assert len(splits) > 1, "Seeds 7, 8, 9 and 10 give the same split: is the seed used?"

# %% nbgrader={"grade": true, "grade_id": "pipelines_split_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
counts = [10, 4, 6, 1, 16]
for seed in (0, 3):
    images, labels, things = some_shots(counts, seed=2 + seed, shots=2)
    known = list(zip(labels, things, strict=True))
    seen = [set(), set()]
    for one in ask_pipelines(images, labels, things, 8, seed, 2):
        for side, batches in enumerate(one):
            seen[side] |= set(sum(shots_served(batches, labels, "a part"), []))
    checks.equal(len(seen[0]) + len(seen[1]), len(labels), "the number of shots in both parts")
    both = {known[n] for n in seen[0]} & {known[n] for n in seen[1]}
    assert not both, f"{len(both)} things are in both parts"
    chosen = {known[n] for n in seen[1]}
    found = [sum(label == one for one, _ in chosen) for label in range(5)]
    checks.equal(found, [2, 1, 1, 1, 3], "how many of 10, 4, 6, 1 and 16 things are for validation")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "pipelines_served_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
images, labels, things = some_shots([6, 8], seed=4)
(train, validation), (later, later_validation) = ask_pipelines(images, labels, things, 5, 1, 2)
numbers = [shots_served(part, labels, "validation") for part in (validation, later_validation)]
flat = sum(numbers[0], [])
assert flat and len(set(flat)) == len(flat), "Validation serves a shot more than once in a pass, or nothing at all."
pixels = np.concatenate([batch[0] for batch in validation])
assert np.array_equal(pixels, images[flat]), (
    "Validation serves shots that are not as they are in their files: augmentation belongs into training only."
)
assert numbers[0] == numbers[1], "Validation comes in another order, or with other shots, in a second pass: do not shuffle it."
first, second = (shots_served(part, labels, "training") for part in (train, later))
orders = [sum(batches, []) for batches in (first, second)]
for order in orders:
    assert order and len(set(order)) == len(order), "Training serves a shot more than once in a pass, or nothing at all."
sizes = [len(batch) for batch in first]
expected = [5] * (len(orders[0]) // 5) + ([len(orders[0]) % 5] if len(orders[0]) % 5 else [])
checks.equal(sizes, expected, "the sizes of the training batches", "Only the last one may be smaller.")
assert orders[0] != sorted(orders[0]), "Training comes in the order of the files: shuffle it."
versions = [{}, {}]
for place, batches in enumerate((train, later)):
    for batch, shots in zip((batch[0] for batch in batches), (first, second)[place], strict=True):
        versions[place] |= {shot: image.tobytes() for shot, image in zip(shots, batch, strict=True)}
plain = [shot for shot, version in versions[0].items() if version == images[shot].tobytes()]
assert len(plain) < len(orders[0]) / 2, (
    f"{len(plain)} of {len(orders[0])} training shots are as they are in their files: augment them."
)
same = sum(versions[0][shot] == versions[1].get(shot) for shot in versions[0])
assert same < len(orders[0]) / 2, (
    f"{same} of {len(orders[0])} training shots come in the same version in two passes: what stands "
    "before `cache` happens only once. Augment behind it."
)
assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}, (
    "The training batches of a second pass hold the same shots as those of the first. Shuffle shots, "
    "not batches, and in every pass anew: `shuffle` belongs before `batch`, and behind `cache`."
)

# %% nbgrader={"grade": true, "grade_id": "pipelines_served_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
images, labels, things = some_shots([9, 7, 5], seed=6, shots=4)
passes = ask_pipelines(images, labels, things, 6, 2, 3)
groups, orders, versions = set(), set(), []
for train, validation in passes:
    shots = sum(shots_served(validation, labels, "validation"), [])
    orders.add(tuple(shots))
    pixels = np.concatenate([batch[0] for batch in validation])
    assert np.array_equal(pixels, images[shots]), "validation shots are changed"
    batches = shots_served(train, labels, "training")
    order = sum(batches, [])
    assert len(set(order)) == len(order) == len(images) - len(shots), "training misses or repeats shots"
    assert all(len(batch) == 6 for batch in batches[:-1]), "a training batch is not full"
    groups |= {frozenset(batch) for batch in batches}
    far = np.mean(np.abs(np.subtract(np.argsort(np.argsort(order)), np.arange(len(order)))))
    assert far > len(order) / 6, "training shots hardly leave their places: the buffer of shuffle is too small"
    pictures = np.concatenate([batch[0] for batch in train])
    versions.append({shot: image.tobytes() for shot, image in zip(order, pictures, strict=True)})
assert len(orders) == 1, "validation comes in several orders"
assert len(groups) > 2 * len(passes[0][0]), "the same shots meet in a batch in every pass"
changed = [shot for shot in versions[0] if len({one[shot] for one in versions}) > 1]
assert len(changed) > 0.8 * len(versions[0]), "training shots come in the same version in three passes"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "on_off_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8 (3 points): on against off, and what it shows
#
# **a) The comparison (1 point).** Write `on_off`: for every seed, train twice with `train_layer`, once
# on `Batches` of the training images and once on the same `Batches` in an `Augmented` with
# `flip_and_shift`. The same seed for both, and for everything that takes a seed, so that both start
# from the same weights and get the same batches of 32. Measure each network once, with `accuracy`, when
# it has been trained for all epochs, on the validation images, **without** augmentation. Nothing
# is chosen by the validation images, and nothing is trained on them.


# %% nbgrader={"grade": false, "grade_id": "training", "locked": true, "schema_version": 3, "solution": false, "task": false}
def train_layer(dataset, epochs, seed, classes, rate=0.1):
    """Train the network of one layer by gradient descent on what a dataset
    serves; its weights.
    """
    kernel = 0.01 * np.random.default_rng(seed).normal(
        size=(dataset[0][0][0].size, classes)
    )
    for _ in range(epochs):
        for index in range(len(dataset)):
            images, labels = dataset[index]
            powers = np.exp(scores_of(images, kernel))
            error = (
                powers / powers.sum(axis=1, keepdims=True)
                - np.eye(classes)[labels]
            )
            kernel -= (
                rate
                * (images.reshape(len(images), -1) / 255).T
                @ error
                / len(images)
            )
        dataset.on_epoch_end()
    return kernel


def accuracy(kernel, dataset):
    """The share of right answers on what a dataset serves in one epoch."""
    right = count = 0
    for index in range(len(dataset)):
        images, labels = dataset[index]
        right += int(
            (scores_of(images, kernel).argmax(axis=1) == labels).sum()
        )
        count += len(labels)
    return right / count


class TurnedBatches(Turned):
    """A simple `Batches`, which only turns the rows, by seed and epoch (for
    the checks).
    """

    def __init__(self, images, labels, batch_size, seed, epoch=0):
        super().__init__(images, labels, batch_size)
        self.epoch = 7 * seed + epoch


def once_augmented(source, transform, seed):
    """A simple `Augmented`: every image is transformed once, for all epochs
    (for the checks).
    """
    images, labels = map(
        np.concatenate,
        zip(*(source[i] for i in range(len(source))), strict=True),
    )
    return Turned(
        transform(images, np.random.default_rng(seed)),
        labels,
        source.batch_size,
    )


def roll_some(images, rng):
    """Each image rolled to the right by 0 to 2 pixels (for the checks)."""
    return np.stack(
        [np.roll(image, rng.integers(0, 3), axis=1) for image in images]
    )

# %% nbgrader={"grade": false, "grade_id": "on_off", "locked": false, "schema_version": 3, "solution": true, "task": false}
def on_off(
    images, labels, validation_images, validation_labels, seeds, epochs
):
    """Validation accuracy without and with augmentation.

    Parameters
    ----------
    images, validation_images : numpy.ndarray of uint8
        Of shape (n, height, width, channels).
    labels, validation_labels : numpy.ndarray of int
        From 0 on; the number of classes is max(labels) + 1.
    seeds : list of int
        One training of each kind for each.
    epochs : int

    Returns
    -------
    dict
        {"off": [...], "on": [...]}: one accuracy for each seed, in the order
        of the seeds.
    """
    ### BEGIN SOLUTION
    table, classes = {"off": [], "on": []}, int(labels.max()) + 1
    judge = Batches(validation_images, validation_labels, 32, 0)
    for seed in seeds:
        plain = Batches(images, labels, 32, seed)
        augmented = Augmented(
            Batches(images, labels, 32, seed), flip_and_shift, seed
        )
        for name, dataset in (("off", plain), ("on", augmented)):
            kernel = train_layer(dataset, epochs, seed, classes)
            table[name].append(accuracy(kernel, judge))
    return table
    ### END SOLUTION


def ask_on_off(*arguments):
    """What on_off says with the course's simple data sets (the checks use it).
    """
    others = {
        "Batches": TurnedBatches,
        "Augmented": once_augmented,
        "flip_and_shift": roll_some,
    }
    return with_stand_ins(globals(), "on_off", others, arguments)


# %% [markdown] tags=["hints"]
# For one seed: which two trainings, on which two datasets? Which images may be
# in them, and on which dataset is each network measured?
#
# ---
#
# `train_layer(dataset, epochs, seed, classes)` gives a kernel, and
# `accuracy(kernel, dataset)` a number. Make new data sets for each training
# (one that has been used is at a later epoch). The validation images get
# `Batches` as well, but no wrapper. Two lists, one number each for every seed.
#
# ---
#
# A neighbouring problem: two ways to guess the mean of a bag of numbers from
# ten draws, compared on the same draws, seed by seed.
#
# ```python
# table = {"mean": [], "median": []}
# for seed in (1, 2, 3):
#     draws = np.random.default_rng(seed).normal(5, 2, size=10)  # for both
#     for name, guess in (("mean", np.mean), ("median", np.median)):
#         table[name].append(abs(float(guess(draws)) - 5))
# print(table)
# ```

# %% nbgrader={"grade": true, "grade_id": "on_off_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# The class of an image is its colour, which no flip and no shift changes.
rng = np.random.default_rng(31)
labels = np.arange(40) % 3
images = np.zeros((40, 6, 6, 3), np.uint8)
images[np.arange(40), :, :, labels] = rng.integers(150, 250, (40, 6, 6))
other = np.zeros((90, 6, 6, 3), np.uint8)
other_labels = np.arange(90) % 3
other[np.arange(90), :, :, other_labels] = rng.integers(150, 250, (90, 6, 6))
table = ask_on_off(images, labels, other[:21], other_labels[:21], [3, 0, 5], 12)
assert isinstance(table, dict) and set(table) == {"off", "on"}, 'on_off should return {"off": [...], "on": [...]}'
for name, values in table.items():
    assert isinstance(values, list | tuple | np.ndarray) and np.shape(values) == (3,), (
        f"three seeds, so three accuracies for {name!r}: {values}"
    )
    assert all(0 <= value <= 1 for value in values), f"accuracies lie between 0 and 1: {values}"
    assert np.allclose(np.array(values) * 21, np.round(np.array(values) * 21)), (
        f"With 21 validation images an accuracy is a multiple of 1/21, not {values}: measure on ALL of the validation images, and on no others."
    )
    assert min(values) == 1, (
        f"This task is learned perfectly in 12 epochs, but {name!r} has {list(values)}: does training get the epochs, and "
        "are the right images measured?"
    )
# Validation labels that contradict what is learned: an honest network has no answer right.
dim, other_dim = np.minimum(images, 1), np.minimum(other, 1)  # so dim that learning takes a while
lies = ask_on_off(dim, labels, other_dim, (other_labels + 1) % 3, [1, 2, 3], 40)
for name, values in lies.items():
    assert max(values) == 0, (
        f"Every validation label contradicts the training images, so no answer can be right, but {name!r} has {list(values)}. "
        "Have the validation images been trained on, or has the best of several networks been chosen by them?"
    )
# Without any training a network is what its seed makes of it.
mixed = np.random.default_rng(32).integers(0, 256, (200, 6, 6, 3)).astype(np.uint8)
answers = np.random.default_rng(33).integers(0, 3, 200)
fresh = ask_on_off(images, labels, mixed, answers, [4, 9], 0)
expected = []
for seed in (4, 9):
    kernel = 0.01 * np.random.default_rng(seed).normal(size=(108, 3))
    expected.append(float((scores_of(mixed, kernel).argmax(axis=1) == answers).mean()))
for name in ("off", "on"):
    checks.equal(
        [float(value) for value in fresh[name]],
        expected,
        f"{name!r} after 0 epochs, seeds 4 and 9",
        "Then the seed alone decides, the same for both. Measured without augmentation?",
    )
# A column whose place is the class: here augmentation must do harm.
labels = np.arange(160) % 8
images = np.zeros((160, 8, 8, 1), np.uint8)
images[np.arange(160), :, labels] = 255
table = ask_on_off(images, labels, images[:24], labels[:24], [3, 0, 5], 12)
assert min(table["off"]) == 1, (
    f"Without augmentation this task is learned perfectly, but 'off' has {list(table['off'])}. Is it trained, or measured, "
    "on augmented images by mistake?"
)
assert max(table["on"]) < 1, (
    f"In this task augmentation must do harm (a shifted column is another class), but 'on' has {list(table['on'])}: is it on?"
)
again = ask_on_off(images, labels, images[:24], labels[:24], [5, 3], 12)
for name in table:
    assert list(again[name]) == [table[name][2], table[name][0]], (
        f"Asked for the seeds 5 and 3 alone, {name!r} has other accuracies for them: each training needs new data sets and its own seed."
    )
# The same validation image fifty times: all answers are right, or all are wrong.
for place in range(3):
    row = np.full(50, place)
    values = ask_on_off(images, labels, images[row], labels[row], [3, 0], 3)
    for name in values:
        assert set(map(float, values[name])) <= {0.0, 1.0}, (
            f"Fifty equal validation images get different answers ({name!r}: {list(values[name])}): they are augmented."
        )
# Noise, from which nothing can be learned: every step of the training leaves its trace in the numbers.
rng = np.random.default_rng(35)
images = rng.integers(0, 256, (75, 4, 4, 1)).astype(np.uint8)
labels = rng.integers(0, 4, 75)
other = rng.integers(0, 256, (1000, 4, 4, 1)).astype(np.uint8)
answers = rng.integers(0, 4, 1000)
table = ask_on_off(images, labels, other, answers, [6, 2], 3)
got = np.array([table["off"], table["on"]], dtype=float)
everything = "Everything that takes a seed gets this one: both data sets, the Augmented, and train_layer."
mistakes = {
    "a training with batches of 8": ([[0.236, 0.237], [0.237, 0.238]], "Batches of 32."),
    "a training with batches of 16": ([[0.230, 0.247], [0.230, 0.254]], "Batches of 32."),
    "a training with batches of 64": ([[0.230, 0.248], [0.230, 0.247]], "Batches of 32."),
    "an epoch too few": ([[0.230, 0.254], [0.230, 0.249]], "Give all `epochs` to train_layer."),
    "an epoch too many": ([[0.230, 0.244], [0.230, 0.240]], "Give `epochs` to train_layer."),
    "data sets that have the seed 0": ([[0.249, 0.246], [0.251, 0.257]], everything),
    "data sets with the seed 0 inside": ([[0.249, 0.246], [0.237, 0.253]], everything),
    "the dice of seed 0 for all": ([[0.230, 0.249], [0.230, 0.245]], everything),
    "start weights of seed 0": ([[0.230, 0.250], [0.230, 0.243]], everything),
    "on and off exchanged": ([[0.230, 0.241], [0.230, 0.249]], "Which is which?"),
}
expected = np.array([[0.230, 0.249], [0.230, 0.241]])
checks.array(got, expected, "the accuracies, off and on, of seeds 6 and 2", mistakes)

# %% nbgrader={"grade": true, "grade_id": "on_off_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(34)
images = rng.integers(0, 256, (70, 5, 4, 2)).astype(np.uint8)
labels = rng.integers(0, 4, 70)
labels[0] = 3
other = rng.integers(0, 256, (300, 5, 4, 2)).astype(np.uint8)
answers = rng.integers(0, 3, 300)  # one class of the training images is missing
for n, seeds, epochs in [(70, [6, 2], 4), (33, [0], 9), (64, [11, 5, 8], 2)]:
    given = images[:n].copy(), labels[:n].copy(), other.copy(), answers.copy()
    table = ask_on_off(*given, seeds, epochs)
    for name in ("off", "on"):
        expected = []
        for seed in seeds:
            dataset = TurnedBatches(images[:n], labels[:n], 32, seed)
            if name == "on":
                dataset = once_augmented(dataset, roll_some, seed)
            kernel = train_layer(dataset, epochs, seed, 4)
            expected.append(float((scores_of(other, kernel).argmax(axis=1) == answers).mean()))
        got = [float(value) for value in table[name]]
        checks.equal(got, expected, f"{name!r} for {n} images, seeds {seeds}, {epochs} epochs")
### END HIDDEN TESTS

# %% [markdown]
# ## The harvest: your data sets feed a CNN
#
# Now the real thing. A CNN learns to tell ten classes of photographs, from few images, which is
# when augmentation should matter most. Keras's `fit` takes your data sets as they are. The same
# seeds for on and off, the same number of steps. `verdict` in the next cell takes the differences
# seed by seed, and says whether their 95 % interval lies on one side of 0.
#
# > **Predict, then run.** How many percentage points will flips and small shifts bring? Will the
# > interval contain 0?


# %% nbgrader={"grade": false, "grade_id": "verdict", "locked": true, "schema_version": 3, "solution": false, "task": false}
def t_quantile(probability, degrees):
    """The value below which a t-distributed number stays with this
    probability.
    """
    return float(special.stdtrit(degrees, probability))


def verdict(table):
    """Mean of on - off, seed by seed, with its 95 % interval, and what it
    says.
    """
    differences = np.subtract(table["on"], table["off"])
    n, mean = len(differences), float(differences.mean())
    half = t_quantile(0.975, n - 1) * float(differences.std(ddof=1)) / n**0.5
    said = "on" if mean - half > 0 else "off" if mean + half < 0 else "open"
    return {
        "difference": mean,
        "low": mean - half,
        "high": mean + half,
        "verdict": said,
    }

# %%
def build_cnn():
    """A small CNN; pixels from 0 to 255 go in."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


# Compiled once; plain SGD keeps no state from one training to the next.
cnn = build_cnn()
cnn.compile(
    optimizer=keras.optimizers.SGD(0.03),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
seeds = range(budget.choose(ci=3, cpu=5))
epochs = budget.choose(ci=5, cpu=30)
results, weights = {"off": [], "on": []}, {"off": [], "on": []}
for seed in seeds:
    for name in results:
        keras.utils.set_random_seed(seed)
        cnn.set_weights(build_cnn().get_weights())
        dataset = Batches(photos.train.images, photos.train.labels, 32, seed)
        if name == "on":
            dataset = Augmented(dataset, flip_and_shift, seed)
        cnn.fit(dataset, epochs=epochs, shuffle=False, verbose=0)
        told = cnn.predict_on_batch(photos.validation.images).argmax(axis=1)
        results[name].append(float((told == photos.validation.labels).mean()))
        weights[name].append(cnn.get_weights())
for name, values in results.items():
    print(
        f"{name:3}  {np.mean(values):.1%} ± {np.std(values, ddof=1):.1%} "
        "(spread)   single runs",
        np.round(values, 3),
    )
said = verdict(results)
print(
    f"on - off: {said['difference']:+.1%}, 95 % interval {said['low']:+.1%} "
    f"to {said['high']:+.1%}:",
    f'"{said["verdict"]}"',
)

# %%
plots.bars(
    {
        f"augmentation {name}": (100 * np.mean(v), 100 * np.std(v, ddof=1))
        for name, v in results.items()
    },
    xlabel=f"validation accuracy in % (mean and spread of {len(seeds)} seeds)",
    title=f"On against off: {len(photos.train)} photographs, {epochs} epochs",
)

# %% [markdown]
# And the views? The same trained networks, each asked once about the plain image and once about six
# views of it.

# %%
views = [
    (flipped, down, 0) for flipped in (False, True) for down in (-2, 0, 2)
]


def views_of(images):
    """All views of all images, view by view."""
    mirrored = {
        flipped: flip(images, np.full(len(images), flipped))
        for flipped in (False, True)
    }
    return [
        np.stack([shift(image, down, right) for image in mirrored[flipped]])
        for flipped, down, right in views
    ]


seen = views_of(photos.validation.images)
averaged = {"off": [], "on": []}
for name in averaged:
    for trained in weights[name]:
        cnn.set_weights(trained)
        told = average_views(
            np.stack([cnn.predict_on_batch(view) for view in seen])
        ).argmax(axis=1)
        averaged[name].append(float((told == photos.validation.labels).mean()))
    more = verdict({"off": results[name], "on": averaged[name]})
    print(
        f"trained with augmentation {name:3}: plain "
        f"{np.mean(results[name]):.1%}, six views "
        f"{np.mean(averaged[name]):.1%};",
        {"on": "six views are better", "off": "six views are worse"}.get(
            more["verdict"], "open"
        ),
    )

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) What does it show? (2 points)** Write three sentences, as for a reader who decides whether to
# switch augmentation on in a project of their own. They rest on the lines and the figure above:
# what was compared, and how often; the difference with its interval, and what follows from it; and
# one thing that this comparison does *not* show. A person grades them, by what they say and not by
# their style. (A number that the lines above do not support loses the point that it is used for.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_on_off", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The same small CNN was trained with and without flips and shifts of up to 2 pixels, on the same 500
# photographs, for the same number of epochs and from the same three seeds, and judged on the same
# validation images without augmentation. On minus off was +0.5 points with a 95 % interval from -3.0 to
# +4.0, which contains 0: these runs cannot tell whether augmentation helps here, and that is not the same
# as "it does not help". The comparison does not show what happens with longer training, where a network
# without augmentation begins to overfit, nor with other photographs or a larger network.
#
# (The numbers differ with the budget and the machine: grade them by what the student's own notebook
# prints.)
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 0 | No number from the notebook, or a conclusion that contradicts the printed interval ("augmentation helps" where it contains 0, "no effect" instead of "not known"). |
# | 1 | The difference with its interval and a conclusion that agrees with it; but what was held equal (network, images, steps, seeds) or the number of runs is missing, or the limit is missing or empty ("more research is needed"). |
# | 2 | All three: what was compared, what was held equal and how many seeds; the difference with its interval and a conclusion that agrees; and one true limit of this comparison (one data set, one small network, few epochs, few seeds, one kind of augmentation, the validation images used for it). |
# ### END SOLUTION

# %% [markdown]
# ## How far are you?
#
# The next cell runs all checks of this notebook on what you have now. You can
# do the same at any time, in a cell of your own.

# %%
exercise.progress()

# %% [markdown]
# ## Go further (no points, no solution)
#
# - **More epochs.** Augmentation makes training harder. Let both train three times as long. Does
#   the verdict change?
# - **MixUp as a data set.** Write `Mixed(source, seed)`, which serves mixed images and labels
#   (`categorical_crossentropy` takes them). Draw $\lambda$ from `rng.beta(0.2, 0.2)`.
# - **Digits.** Load `mnist` and augment by left-right flips. Which digits suffer? Compare with your
#   table of question 3.
# - **How much does the leak pretend?** Write 60 photographs of the sample as class folders, three
#   shots of each with a little noise, and compare a nearest neighbour on the two splits of question 7.

# %%
# Your experiments
