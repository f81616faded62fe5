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
# # Exercise 6: a servant of your own
#
# Between the files on a disk and the network that learns from them stands a small program that
# nobody talks about. It decides which images form a batch, in which order they come, and what
# happens to them on the way. Its mistakes give no error message, only a number that is a little too
# low, or much too good. In this exercise you write it from the first line: a data set class for
# Keras that loses no image and repeats exactly, your own augmentation in NumPy, MixUp, and the
# average over several views of an image. At the end it feeds a CNN, and you answer the question of
# the week with numbers: did augmentation help?
#
# | question | you write | points |
# |---|---|---|
# | 1 | the plan of an epoch | 2 |
# | 2 | a `PyDataset` | 4 |
# | 3 | flip, shift, cut-out, brightness; and what they do to labels | 5 |
# | 4 | MixUp | 2 |
# | 5 | a `PyDataset` that augments, in training only | 3 |
# | 6 | test-time augmentation | 2 |
# | 7 | on against off, over several seeds | 2 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. When you hand
# in, further checks run on other numbers, so write for any input that fits the description. No
# check asks for an accuracy: whether your code is right does not depend on a lucky seed. Each
# answer may use your earlier ones.
#
# **Stuck?** `exercise.hint("3a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# Plan about three hours. The notebook itself runs in about a minute on a laptop. It uses a small,
# fixed sample of CIFAR-10 that comes with the course, the same for everybody. The next cell starts
# Keras, which takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}

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


def t_quantile(probability, degrees):
    """The value below which a t-distributed number stays with this probability.

    t_quantile(0.975, 4) is 2.776: with five runs (four degrees of freedom), the middle 95 % of
    the distribution lie between -2.776 and 2.776.
    """
    return float(special.stdtrit(degrees, probability))


def ask(dataset, images, labels, requests):
    """Ask a dataset for things, one after the other; the checks use it.

    A request is the index of a batch; or "length"; or "next epoch", which tells the dataset that
    an epoch has ended; or "spoil", which overwrites the batch that was handed out last, as a
    careless user would; or "source", which gives back the images that the dataset was made from.
    The answers come as a list ("next epoch" and "spoil" have none).
    """
    answers, batch = [], ()
    for request in requests:
        if request == "length":
            answers.append(len(dataset))
        elif request == "next epoch":
            dataset.on_epoch_end()
        elif request == "spoil":
            for part in batch:
                part[...] = 99
        elif request == "source":
            answers.append(images.copy())
        else:
            batch = dataset[request]
            answers.append(tuple(part.copy() for part in batch))
    return answers


def is_batch(batch, name):
    """Complain unless this is a pair of arrays with as many images as labels (the checks use it)."""
    assert isinstance(batch, list | tuple) and len(batch) == 2, (
        f"{name} should be two things, images and labels, not {type(batch).__name__}"
    )
    for part in batch:
        assert isinstance(part, np.ndarray), (
            f"{name} should be NumPy arrays, not {type(part).__name__}"
        )
    assert len(batch[0]) == len(batch[1]), (
        f"{name} has {len(batch[0])} images and {len(batch[1])} labels: pick both by the same rows"
    )


# %% [markdown] nbgrader={"grade": false, "grade_id": "epoch_plan_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): the plan of an epoch
#
# Before any image is touched, decide who travels in which batch. Write `epoch_plan`: it returns the
# rows of each batch, as arrays of whole numbers.
#
# - **One point** for completeness: in an epoch every row from 0 to n - 1 comes exactly once. All
#   batches are full but the last one, which may be smaller. It is not thrown away, and no batch is
#   empty.
# - **One point** for the order: the rows are shuffled, by `seed` and `epoch` alone. The same two
#   numbers always give the same plan; another epoch gives other batches (not the same batches in
#   another order), and so does another seed. Seed 1 in epoch 2 is not seed 2 in epoch 1.
#
# `np.random.default_rng` takes a list of whole numbers as its seed, too.


# %% nbgrader={"grade": false, "grade_id": "epoch_plan", "locked": false, "schema_version": 3, "solution": true, "task": false}
def epoch_plan(n, batch_size, seed, epoch):
    """Which rows form which batch.

    Parameters
    ----------
    n : int
        Number of images, at least 1.
    batch_size : int
    seed, epoch : int
        Not negative.

    Returns
    -------
    list of numpy.ndarray
        Whole numbers; every row once, the last array perhaps shorter than the others.
    """
    ### BEGIN SOLUTION
    rows = np.random.default_rng([seed, epoch]).permutation(n)
    return [rows[first : first + batch_size] for first in range(0, n, batch_size)]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Ten images in batches of four: which positions of the shuffled rows does each
# batch hold? And how do *two* numbers, seed and epoch, become one order?
#
# ---
#
# `np.random.default_rng([seed, epoch])` is a generator that depends on both,
# and on which is which (`seed + epoch` would not do). Shuffle with
# `.permutation(n)` and cut with slices that begin at 0, `batch_size`, twice
# that, and so on.
#
# ---
#
# A neighbouring problem: the table order of the guests on evening 2 of week 5,
# in rounds of three.
#
# ```python
# guests = list("ABCDEFG")
# order = list(guests)
# np.random.default_rng([5, 2]).shuffle(order)
# rounds = []
# while order:
#     rounds.append(order[:3])
#     order = order[3:]
# print(rounds)
# ```

# %% nbgrader={"grade": true, "grade_id": "epoch_plan_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
plan = epoch_plan(10, 4, 0, 0)
assert isinstance(plan, list | tuple) and all(isinstance(rows, np.ndarray) for rows in plan), (
    "epoch_plan should return a list of NumPy arrays, one for each batch"
)
sizes = [len(rows) for rows in plan]
assert sizes != [4, 4], "The last 2 of 10 rows are missing: count the batches with a rounding UP."
assert sizes != [4, 4, 4], (
    "12 rows for 10 images: the last batch may be smaller, nobody has to come twice."
)
checks.equal(sizes, [4, 4, 2], "the sizes of the batches for n = 10, batch_size = 4")
assert all(rows.dtype.kind in "iu" for rows in plan), "Rows are whole numbers: look at the dtype."
found = sorted(int(row) for rows in plan for row in rows)
assert found != list(range(1, 11)), "The rows are 1 to 10: Python counts from 0."
checks.equal(
    found,
    list(range(10)),
    "all rows of an epoch, sorted",
    "Every row exactly once: draw WITHOUT putting back.",
)
sizes = [len(rows) for rows in epoch_plan(8, 4, 0, 0)]
checks.equal(sizes, [4, 4], "the sizes for n = 8, batch_size = 4", "No empty batch at the end.")
### BEGIN HIDDEN TESTS
for n, size in [(1, 1), (1, 32), (31, 32), (32, 32), (33, 32), (97, 7), (100, 10)]:
    plan = epoch_plan(n, size, 5, 3)
    expected = [size] * (n // size) + ([n % size] if n % size else [])
    checks.equal([len(rows) for rows in plan], expected, f"sizes for n = {n}, batch_size = {size}")
    found = sorted(int(row) for rows in plan for row in rows)
    checks.equal(found, list(range(n)), f"the rows of an epoch of {n}")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "epoch_plan_seed_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
plans = {}
for seed, epoch in [(0, 0), (0, 0), (0, 1), (1, 0), (1, 2), (2, 1)]:
    batches = [np.asarray(rows).tolist() for rows in epoch_plan(60, 8, seed, epoch)]
    assert (seed, epoch) not in plans or plans[seed, epoch] == batches, (
        "The same seed and epoch give two different plans: make the random generator inside the "
        "function, from these two numbers."
    )
    plans[seed, epoch] = batches
order = sum(plans[0, 0], [])
assert order != sorted(order), "The rows come in the order 0, 1, 2, ...: shuffle them."
assert plans[0, 1] != plans[0, 0], (
    "Epochs 0 and 1 have the same plan: does `epoch` go into the seed?"
)
assert plans[1, 0] != plans[0, 0], "Seeds 0 and 1 give the same plan: is `seed` used?"
assert plans[1, 2] != plans[2, 1], (
    "Seed 1 in epoch 2 is the same as seed 2 in epoch 1: do not add the two numbers, give both."
)
together = [{frozenset(rows) for rows in plans[0, epoch]} for epoch in (0, 1)]
assert len(together[0] & together[1]) < 4, (
    "The batches of epoch 1 hold the same rows as those of epoch 0, only the batches change places. "
    "Shuffle the ROWS, then cut them into batches."
)
### BEGIN HIDDEN TESTS
seen = set()
for seed in range(6):
    for epoch in range(6):
        plan = [tuple(np.asarray(rows).tolist()) for rows in epoch_plan(40, 6, seed, epoch)]
        again = [tuple(np.asarray(rows).tolist()) for rows in epoch_plan(40, 6, seed, epoch)]
        assert plan == again, f"seed {seed}, epoch {epoch}: two different plans"
        seen.add(tuple(plan))
assert len(seen) == 36, f"36 pairs of seed and epoch give only {len(seen)} different plans"
first = np.array([np.concatenate(epoch_plan(40, 6, 3, epoch))[0] for epoch in range(40)])
assert len(set(first.tolist())) > 5, "the first row of the epoch is nearly always the same"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "Batches_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (4 points): a `PyDataset`
#
# Now the servant itself. Keras asks a `keras.utils.PyDataset` three things: `len(dataset)` is the
# number of batches, `dataset[i]` is batch `i` as a pair (images, labels), and
# `dataset.on_epoch_end()` tells it that an epoch is over. Write `Batches`, by your plan: it begins
# with epoch 0, and each call of `on_epoch_end` leads to the next one.
#
# 1. **Length and batches (1 point).** The right number, the right sizes, images with shape and
#    dtype unchanged.
# 2. **Belonging together (1 point).** Every image once in an epoch, each with its own label.
# 3. **Epochs (1 point).** Other batches after `on_epoch_end`; the same seed gives the same epochs
#    again; and batch `i` is the same however often, and in whatever order, batches are asked for.
# 4. **Clean hands (1 point).** The arrays that you were given stay as they are. What you hand out
#    is a copy: if somebody overwrites a batch, the data set does not suffer.
#
# The call of `super().__init__()` stands there already: Keras needs it. The function `ask_batches`
# below the class is there for the checks; leave it as it is.


# %% nbgrader={"grade": false, "grade_id": "Batches", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Batches(keras.utils.PyDataset):
    """Images and labels in shuffled batches.

    Batches(images, labels, batch_size, seed) is made from NumPy arrays: images of shape
    (n, height, width, channels), labels of shape (n,) or (n, classes).

    To write: the rest of __init__, and __len__, __getitem__ and on_epoch_end.
    """

    def __init__(self, images, labels, batch_size, seed):
        super().__init__()
        ### BEGIN SOLUTION
        self.images, self.labels = images, labels
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0
        self.plan = epoch_plan(len(labels), batch_size, seed, 0)

    def __len__(self):
        return len(self.plan)

    def __getitem__(self, index):
        return self.images[self.plan[index]], self.labels[self.plan[index]]

    def on_epoch_end(self):
        self.epoch += 1
        self.plan = epoch_plan(len(self.labels), self.batch_size, self.seed, self.epoch)

    ### END SOLUTION


def ask_batches(images, labels, batch_size, seed, requests):
    """The answers of a `Batches` (see `ask` in the first cell)."""
    return ask(Batches(images, labels, batch_size, seed), images, labels, requests)


# %% [markdown] tags=["hints"]
# What must the object remember so that each of the four methods is one or two
# lines long? When does its plan change, and when must it not?
#
# ---
#
# `__init__` keeps images, labels, batch size, seed, the epoch and a plan from
# `epoch_plan`. `__len__` is the length of the plan. `__getitem__` picks images
# and labels by the same rows; picking by an array of rows makes a copy by
# itself. `on_epoch_end` counts the epoch up and makes a new plan.
#
# ---
#
# A neighbouring class: a pack of flash cards, three at a time, in another
# order every day.
#
# ```python
# class Cards:
#     def __init__(self, words):
#         self.words, self.day = np.array(words), 0
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
# print(cards[0], cards[1])
# ```

# %% nbgrader={"grade": true, "grade_id": "Batches_len_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.arange(10 * 12, dtype=np.uint8).reshape(10, 2, 2, 3)
labels = np.arange(10) % 4
length, *batches = ask_batches(images, labels, 4, 0, ["length", 0, 1, 2])
assert length != 2, "10 images in batches of 4: the length is 3, the last batch has 2 images."
assert length != 10, "The length is the number of BATCHES, not of images."
checks.equal(length, 3, "len(dataset) for 10 images in batches of 4")
for number, batch in enumerate(batches):
    is_batch(batch, f"dataset[{number}]")
shapes = [batch[0].shape for batch in batches]
checks.equal(
    shapes, [(4, 2, 2, 3), (4, 2, 2, 3), (2, 2, 2, 3)], "the shapes of three batches of images"
)
assert all(batch[0].dtype == np.uint8 for batch in batches), (
    "Images of uint8 should come out as uint8."
)
checks.equal(
    [batch[1].shape for batch in batches], [(4,), (4,), (2,)], "the shapes of their labels"
)
### BEGIN HIDDEN TESTS
images = np.zeros((21, 3, 5, 1), np.float32)
labels = np.eye(3, dtype=np.float32)[np.arange(21) % 3]
answers = ask_batches(images, labels, 7, 4, ["length", 0, 2, "next epoch", "length", 2])
checks.equal([answers[0], answers[3]], [3, 3], "the length in two epochs")
for batch in (answers[1], answers[2], answers[4]):
    is_batch(batch, "a batch with one-hot labels")
    checks.equal([batch[0].shape, batch[1].shape], [(7, 3, 5, 1), (7, 3)], "shapes of a batch")
    checks.equal(str(batch[0].dtype), "float32", "the dtype of the images")
checks.equal(ask_batches(images[:1], labels[:1], 32, 0, ["length"]), [1], "the length for 1 image")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "Batches_pairs_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
n = 23
images = np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 3, 3, 1)).copy()
labels = 100 + np.arange(n)
answers = ask_batches(images, labels, 5, 2, [0, 1, 2, 3, 4, "next epoch", 0, 1, 2, 3, 4])
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
### BEGIN HIDDEN TESTS
n = 40
images = np.random.default_rng(3).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
labels = np.eye(n)[np.random.default_rng(4).permutation(n)]
known = {image.tobytes(): label.argmax() for image, label in zip(images, labels, strict=True)}
requests = [*range(6), "next epoch", "next epoch", *range(6)]
answers = ask_batches(images, labels, 7, 9, requests)
for batches in (answers[:6], answers[6:]):
    seen = []
    for batch in batches:
        is_batch(batch, "a batch")
        for image, label in zip(*batch, strict=True):
            assert known.get(image.tobytes()) == label.argmax(), (
                "an image came with a wrong label, or changed"
            )
            seen.append(image.tobytes())
    assert len(set(seen)) == n, f"{len(set(seen))} of {n} images came in an epoch"
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "Batches_epochs_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
n = 30
images = np.arange(n, dtype=np.int64).reshape(n, 1, 1, 1)
labels = np.arange(n)
epoch = list(range(4))


def rows_asked(requests, seed=1):
    """The labels of each batch asked for; they are the numbers of the images."""
    return [batch[1].tolist() for batch in ask_batches(images, labels, 8, seed, requests)]


answers = rows_asked([*epoch, "next epoch", *epoch, "next epoch", *epoch])
first, second, third = answers[:4], answers[4:8], answers[8:]
assert sum(first, []) != sorted(sum(first, [])), (
    "The first epoch is not shuffled: use your plan of epoch 0."
)
assert first != second and second != third and first != third, (
    "Two epochs have the same batches: on_epoch_end should make the plan of the NEXT epoch."
)
again = rows_asked([*epoch, "next epoch", *epoch])
assert again == first + second, (
    "A second data set with the same seed serves other batches: is the seed passed on?"
)
assert rows_asked(epoch, seed=5) != first, "Seeds 1 and 5 give the same batches: is the seed used?"
turned = rows_asked([3, 1, 1, 0, 2])
assert turned == [first[3], first[1], first[1], first[0], first[2]], (
    "Asked in the order 3, 1, 1, 0, 2, the batches are others than in the order 0, 1, 2, 3. Make "
    "the plan once an epoch, and let __getitem__ only look it up."
)
### BEGIN HIDDEN TESTS
long = rows_asked([*epoch, *(["next epoch", *epoch] * 5)], seed=8)
epochs = [tuple(map(tuple, long[4 * i : 4 * i + 4])) for i in range(6)]
assert len(set(epochs)) == 6, "6 epochs have fewer than 6 different plans"
jump = rows_asked([*(["next epoch"] * 5), 2, 0, 2], seed=8)
assert jump == [long[22], long[20], long[22]], (
    "epoch 5 depends on what was asked in the epochs before"
)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "Batches_source_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.random.default_rng(0).integers(0, 90, (12, 2, 2, 1), dtype=np.uint8)
labels = np.arange(12)
before = images.copy()
answers = ask_batches(
    images.copy(), labels.copy(), 5, 3, [0, "spoil", 0, 1, "spoil", 2, "next epoch", 0, "source"]
)
assert np.array_equal(answers[1][0], answers[0][0]) and np.array_equal(
    answers[1][1], answers[0][1]
), (
    "A batch was overwritten by its user, and now the data set serves the overwritten one: hand out copies. "
    "(Indexing with an array of rows copies; a slice a[2:5] does not.)"
)
assert np.array_equal(answers[-1], before), (
    "The images that the data set was made from have changed. Shuffle row numbers, not the images."
)
### BEGIN HIDDEN TESTS
images = np.random.default_rng(1).normal(size=(9, 2, 3, 1))
requests = [0, "spoil", 1, "spoil", 2, "spoil", "next epoch", 0, 1, 2, "source"]
answers = ask_batches(images.copy(), np.arange(9), 4, 0, requests)
assert np.array_equal(answers[-1], images), "the source has changed"
for batch in answers[3:6]:
    is_batch(batch, "a batch")
    assert np.array_equal(batch[0], images[batch[1]]), (
        "after batches were overwritten, wrong images are served"
    )
### END HIDDEN TESTS

# %%
dataset = Batches(photos.train.images, photos.train.labels, 32, seed=0)
print(
    f"{len(photos.train)} images, {len(dataset)} batches, the last of {len(dataset[len(dataset) - 1][1])}"
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
# **a) `flip`** mirrors those images of a batch for which `which` is True, left to right. Invariant:
# flipped twice, an image is what it was. Rows, channels and the other images stay as they are.


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

# %% nbgrader={"grade": true, "grade_id": "flip_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.arange(3 * 2 * 4 * 3, dtype=np.uint8).reshape(3, 2, 4, 3)
which = np.array([True, False, True])
expected = np.stack([np.fliplr(images[0]), images[1], np.fliplr(images[2])])
got = flip(images.copy(), which)
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
checks.array(got, expected, "flip(images, which)", mistakes)
assert got.dtype == np.uint8, f"The images were uint8, the flipped ones are {got.dtype}."
checks.array(flip(got.copy(), which), images, "the batch flipped twice")
kept = images.copy()
flip(images, which)
assert np.array_equal(images, kept), "flip changes the batch that it is given: work on a copy."
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(5)
images = rng.normal(size=(6, 5, 7, 1)).astype(np.float32)
for which in (np.zeros(6, bool), np.ones(6, bool), rng.random(6) < 0.5):
    got = flip(images.copy(), which)
    expected = np.where(which[:, None, None, None], images[:, :, ::-1], images)
    checks.array(got, expected, "flip of float images")
    checks.equal(str(got.dtype), "float32", "the dtype")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "shift_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) `shift`** moves one image down and to the right by whole pixels (up and to the left, if
# negative). What leaves on one side does **not** come back on the other: `fill` comes in.
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
        moved[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
            max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
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

# %% nbgrader={"grade": true, "grade_id": "shift_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
image = np.arange(1, 13, dtype=np.uint8).reshape(3, 4, 1)
got = shift(image.copy(), 1, 2)
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
}
checks.array(got, expected, "an image moved 1 down and 2 to the right", mistakes)
assert got.dtype == np.uint8, f"The image was uint8, the moved one is {got.dtype}."
expected = np.array([[7, 8, 9, 9], [11, 12, 9, 9], [9, 9, 9, 9]])[:, :, None]
checks.array(
    shift(image.copy(), -1, -2, fill=9), expected, "moved 1 up and 2 to the left, fill = 9"
)
checks.array(shift(image.copy(), 0, 0), image, "an image moved by nothing")
checks.array(
    shift(image.copy(), 0, 4, fill=7), np.full((3, 4, 1), 7), "an image moved out of the picture"
)
kept = image.copy()
shift(image, 1, 2)
assert np.array_equal(image, kept), "shift changes the image that it is given: make a new one."
### BEGIN HIDDEN TESTS
image = np.random.default_rng(6).random((5, 6, 3)).astype(np.float32)
room = np.pad(image, ((9, 9), (9, 9), (0, 0)), constant_values=0.5)
for down in range(-8, 9):
    for right in (-9, -6, -5, -1, 0, 2, 5, 6, 8):
        got = shift(image.copy(), down, right, fill=0.5)
        expected = room[9 - down : 14 - down, 9 - right : 15 - right]
        checks.array(got, expected, f"an image of 5 x 6 moved by {down}, {right}")
        checks.equal(str(got.dtype), "float32", "the dtype")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "cut_out_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) `cut_out`** covers a square of `size` × `size` pixels with `fill`, so that a network must not
# rely on one part alone. `top` and `left` are its upper left corner. It may reach beyond the image,
# on any side; then only the part inside is covered. Invariant: every pixel outside of the square is
# untouched.


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
    covered[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = fill
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

# %% nbgrader={"grade": true, "grade_id": "cut_out_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
image = np.full((5, 6, 3), 50, np.uint8)
got = cut_out(image.copy(), 1, 2, 3)
expected = image.copy()
expected[1:4, 2:5] = 0
checks.array(got, expected, "a square of 3 at row 1, column 2")
assert got.dtype == np.uint8, f"The image was uint8, the covered one is {got.dtype}."
expected = image.copy()
expected[0:2, 4:6] = 9
got = cut_out(image.copy(), -1, 4, 3, fill=9)
assert not np.array_equal(got, image), (
    "A square that begins at row -1 covers nothing: in a slice, -1 means the last row. Cut off at 0."
)
checks.array(got, expected, "a square of 3 at row -1, column 4, fill = 9")
checks.array(cut_out(image.copy(), -3, 0, 3), image, "a square that lies wholly above the image")
kept = image.copy()
cut_out(image, 1, 2, 3)
assert np.array_equal(image, kept), "cut_out changes the image that it is given: work on a copy."
### BEGIN HIDDEN TESTS
image = np.random.default_rng(7).random((6, 7, 1))
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
]:
    rows, columns = np.indices((6, 7))
    inside = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    expected = np.where(inside[:, :, None], 0.25, image)
    checks.array(
        cut_out(image.copy(), top, left, size, 0.25),
        expected,
        f"a square of {size} at {top}, {left}",
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "brighten_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **d) `brighten`** adds `amount` to every value of a `uint8` image. Values that would leave the
# range from 0 to 255 stop at its end. Beware: `uint8` does not stop there by itself.


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

# %% nbgrader={"grade": true, "grade_id": "brighten_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
image = np.array([[0, 10, 100], [200, 250, 255]], np.uint8)[:, :, None]
mistakes = {
    "an image whose bright values wrapped around to dark ones": (
        np.array([[60, 70, 160], [4, 54, 59]])[:, :, None],
        "uint8 counts 254, 255, 0, 1: calculate with a larger type, then np.clip.",
    )
}
got = brighten(image.copy(), 60)
checks.array(
    got,
    np.array([[60, 70, 160], [255, 255, 255]])[:, :, None],
    "an image made brighter by 60",
    mistakes,
)
assert got.dtype == np.uint8, f"The result is {got.dtype}: turn it back into uint8 AFTER clipping."
got = brighten(image.copy(), -100)
checks.array(got, np.array([[0, 0, 0], [100, 150, 155]])[:, :, None], "an image made darker by 100")
kept = image.copy()
brighten(image, 60)
assert np.array_equal(image, kept), "brighten changes the image that it is given: make a new one."
### BEGIN HIDDEN TESTS
image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
for amount in (-255, -37, 0, 1, 128, 255):
    got = brighten(image.copy(), amount)
    expected = np.array([min(max(value + amount, 0), 255) for value in range(256)]).reshape(
        16, 16, 1
    )
    checks.array(got, expected, f"all 256 values, amount {amount}")
    checks.equal(str(got.dtype), "uint8", "the dtype")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "labels_after_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **e) What does a transform do to the label?** A flipped cat is a cat. A flipped digit need not be
# one. Here are the ten digits of a pocket calculator, five rows of three dots each. Write
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
    255 - 255 * framed, titles=range(10), title="The digits: an array of shape (10, 5, 3)"
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
        The class whose picture equals the transformed one, -1 if there is none.
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

# %% nbgrader={"grade": true, "grade_id": "labels_after_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
glyphs = np.array(
    [[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[1, 1], [0, 0]]], np.uint8
)
expected = {"left-right": [1, 0, -1, 3], "upside down": [2, -1, 0, -1], "half turn": [-1, 2, 1, -1]}
for transform, labels in expected.items():
    others = {
        f"the answer for {other!r}": (expected[other], "Which axis is which?")
        for other in expected
        if other != transform
    }
    kept = [label if label == number else -1 for number, label in enumerate(labels)]
    others["only the classes that stay what they are"] = (
        kept,
        "Another class's picture is wanted, too: compare with ALL glyphs.",
    )
    others["0 for what shows no class"] = (
        [max(label, 0) for label in labels],
        "argmax of nothing is 0, too: say -1.",
    )
    got = labels_after(glyphs, transform)
    checks.array(got, np.array(labels), f"labels_after(four pictures, {transform!r})", others)
### BEGIN HIDDEN TESTS
rows = "7 5 5 5 7  2 2 2 2 2  7 1 7 4 7  7 1 7 1 7  5 5 7 1 1  7 4 7 1 7  7 4 7 5 7  7 1 1 1 1  7 5 7 5 7  7 5 7 1 7".split()
font = np.array([[int(row) >> bit & 1 for bit in (2, 1, 0)] for row in rows]).reshape(10, 5, 3)
expected = {
    "left-right": [0, 1, 5, -1, -1, 2, -1, -1, 8, -1],
    "upside down": [0, 1, 5, 3, -1, 2, -1, -1, 8, -1],
    "half turn": [0, 1, 2, -1, -1, 5, 9, -1, 8, 6],
}
for transform, labels in expected.items():
    checks.array(labels_after(font, transform), np.array(labels), f"the ten digits, {transform!r}")
### END HIDDEN TESTS

# %%
for transform in ("left-right", "upside down", "half turn"):
    after = labels_after(digits, transform)
    changed = [f"{a} -> {b}" for a, b in enumerate(after) if b not in (-1, a)]
    kept = [str(a) for a, b in enumerate(after) if a == b]
    print(
        f"{transform:12} keeps {', '.join(kept):16} harmless if no longer a digit; WRONG LABEL: {', '.join(changed)}"
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
plots.image_grid(list(shown.values()), titles=list(shown), columns=6, scale=1.3)

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
# come as `uint8`: the shares are fractions.


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
        The row of each image's partner.
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

# %% nbgrader={"grade": true, "grade_id": "mixup_images_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.array([0, 100, 200], np.uint8).repeat(4).reshape(3, 2, 2, 1)
labels = np.eye(3)
partners, lam = np.array([1, 2, 1]), np.array([0.75, 0.25, 1.0])
got = mixup(images.copy(), labels.copy(), partners, lam)
assert isinstance(got, list | tuple) and len(got) == 2, (
    "mixup should return two arrays: return images, labels"
)
mistakes = {
    "the shares exchanged": (
        np.array([75.0, 125, 100]).repeat(4).reshape(3, 2, 2, 1),
        "lam is the share of the image ITSELF.",
    ),
    "a mixture with the reversed batch": (
        np.array([50.0, 100, 200]).repeat(4).reshape(3, 2, 2, 1),
        "`partners` says with whom.",
    ),
    "one share for all images": (
        np.array([25.0, 125, 175]).repeat(4).reshape(3, 2, 2, 1),
        "Each image has its own lam.",
    ),
}
expected = np.array([25.0, 175, 200]).repeat(4).reshape(3, 2, 2, 1)
assert not np.array_equal(np.asarray(got[0]), images), "The images are not mixed."
checks.array(got[0], expected, "three mixed images", mistakes)
assert got[0].dtype.kind == "f", f"The mixed images are {got[0].dtype}: fractions need floats."
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(8)
images = rng.integers(0, 256, (7, 3, 4, 3), dtype=np.uint8)
labels, partners, lam = np.eye(5)[rng.integers(0, 5, 7)], rng.permutation(7), rng.random(7)
got = mixup(images.copy(), labels.copy(), partners, lam)[0]
for i in range(7):
    expected = lam[i] * images[i].astype(float) + (1 - lam[i]) * images[partners[i]].astype(float)
    checks.array(got[i], expected, f"mixed image {i}", rtol=1e-4)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "mixup_labels_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.zeros((3, 2, 2, 1), np.uint8)
labels, partners, lam = np.eye(3), np.array([1, 2, 1]), np.array([0.75, 0.25, 1.0])
got = mixup(images.copy(), labels.copy(), partners, lam)[1]
mistakes = {
    "the labels as they were": (
        labels,
        "Labels are mixed like the images: what is half a cat and half a dog?",
    ),
    "the shares exchanged": (
        np.array([[0.25, 0.75, 0], [0, 0.75, 0.25], [0, 1, 0]]),
        "lam is the share of the image ITSELF.",
    ),
    "the larger share's label": (
        np.array([[1.0, 0, 0], [0, 0, 1], [0, 0, 1]]),
        "Both labels count, by their shares.",
    ),
}
expected = np.array([[0.75, 0.25, 0], [0, 0.25, 0.75], [0, 0, 1]])
sums = np.asarray(got, dtype=float).sum(axis=-1)
assert np.allclose(sums, 1), (
    f"The rows of the labels sum to {sums}: the two shares must be lam and 1 - lam."
)
checks.array(got, expected, "three mixed labels", mistakes)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(9)
labels = rng.dirichlet(np.ones(4), size=6)
partners, lam = rng.permutation(6), rng.random(6)
got = mixup(rng.random((6, 2, 2, 3)), labels.copy(), partners, lam)[1]
expected = np.array([lam[i] * labels[i] + (1 - lam[i]) * labels[partners[i]] for i in range(6)])
checks.array(got, expected, "labels mixed a second time", rtol=1e-4)
assert np.allclose(got.sum(axis=1), 1), "rows of mixed labels sum to 1"
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
    "\n".join(f"{row[k]:.0%} {photos.class_names[k]}" for k in np.argsort(-row)[:2] if row[k])
    for row in shares
]
plots.image_grid(mixed / 255, titles=told, columns=6, scale=1.4, title="MixUp")

# %% [markdown] nbgrader={"grade": false, "grade_id": "Augmented_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (3 points): augment in training only
#
# Put the pieces together. `Augmented` is a `Batches` with one more argument, `training`.
#
# - With `training=True` every image of a batch is **flipped with probability 1/2, then shifted** by
#   whole numbers of pixels from -2 to 2, down and to the right, each drawn anew for each image;
#   black (0) comes in.
# - With `training=False` it serves validation or test images: **unchanged, in the order given**,
#   the same in every epoch. What a network is worth must not depend on dice.
#
# 1. **Nothing at test time (1 point).**
# 2. **The right images in training (1 point).** Every image once an epoch, with its own label, as
#    one of its 50 versions; flips and shifts vary from image to image.
# 3. **Repeatable (1 point).** A batch depends on seed, epoch and its index alone: the same whether
#    asked for once or twice, in order or not, by one worker or by several. In another epoch the
#    same image comes in another version, in another batch of the same epoch the dice fall
#    differently.
#
# The third point rules out one random generator that lives in the object. Make one in
# `__getitem__`, from a list of numbers.


# %% nbgrader={"grade": false, "grade_id": "Augmented", "locked": false, "schema_version": 3, "solution": true, "task": false}
class Augmented(Batches):
    """Augmented(images, labels, batch_size, seed, training): batches that are augmented in training only.

    To write: the rest of __init__, and what else has to differ from Batches.
    """

    def __init__(self, images, labels, batch_size, seed, training):
        super().__init__(images, labels, batch_size, seed)
        ### BEGIN SOLUTION
        self.training = training

    def __getitem__(self, index):
        if not self.training:
            rows = np.arange(
                index * self.batch_size, min((index + 1) * self.batch_size, len(self.labels))
            )
            return self.images[rows], self.labels[rows]
        images, labels = super().__getitem__(index)
        rng = np.random.default_rng([self.seed, self.epoch, index, 1])
        images = flip(images, rng.random(len(images)) < 0.5)
        moves = rng.integers(-2, 3, size=(len(images), 2))
        return np.stack(
            [shift(image, *move) for image, move in zip(images, moves, strict=True)]
        ), labels

    ### END SOLUTION


def ask_augmented(images, labels, batch_size, seed, training, requests):
    """The answers of an `Augmented` (see `ask` in the first cell)."""
    return ask(Augmented(images, labels, batch_size, seed, training), images, labels, requests)


# %% [markdown] tags=["hints"]
# What has to differ from `Batches`, and for which value of `training`? From
# which numbers can you make dice that fall the same way each time batch
# `index` of this epoch is asked for?
#
# ---
#
# Two cases in `__getitem__`. Not training: the rows `index * batch_size` and
# the following, in the order given. Training: `super().__getitem__(index)`,
# then `np.random.default_rng([...])` of seed, epoch and index, a coin for each
# image (`rng.random(n) < 0.5`) and two whole numbers (`rng.integers(-2, 3,
# ...)`, whose upper end does not count), `flip`, then `shift` image by image.
#
# ---
#
# A neighbouring class: a clock that is wrong by a few minutes, repeatably for
# each day and hour, and right when it is tested.
#
# ```python
# class Clock:
#     def __init__(self, seed, testing):
#         self.seed, self.day, self.testing = seed, 0, testing
#
#     def __getitem__(self, hour):
#         if self.testing:
#             return 60 * hour
#         dice = np.random.default_rng([self.seed, self.day, hour])
#         return 60 * hour + int(dice.integers(-5, 6))
#
# clock = Clock(seed=1, testing=False)
# print(clock[3], clock[4], clock[3])  # the same again for the same hour
# ```

# %% nbgrader={"grade": true, "grade_id": "Augmented_off_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.random.default_rng(0).integers(1, 90, (11, 8, 8, 3), dtype=np.uint8)
labels = np.arange(11)
requests = [0, 1, 2, "next epoch", 2, "spoil", 0, 2, "length", "source"]
answers = ask_augmented(images.copy(), labels.copy(), 4, 3, False, requests)
checks.equal(answers[6], 3, "the length for 11 images in batches of 4")
for number, where in enumerate([0, 1, 2, 2, 0, 2]):
    is_batch(answers[number], "a batch with training=False")
    rows = slice(4 * where, 4 * where + 4)
    hint = (
        "With training=False: the order given, the last batch with the rest; and hand out copies."
    )
    checks.equal(
        answers[number][1].tolist(), labels[rows].tolist(), f"the labels of batch {where}", hint
    )
    assert np.array_equal(answers[number][0], images[rows]), (
        f"With training=False, batch {where} holds changed images: nothing may happen to them. (A batch that its user "
        "overwrites must not change the data set either.)"
    )
assert np.array_equal(answers[7], images), (
    "The images that the data set was made from have changed."
)
### BEGIN HIDDEN TESTS
images = np.random.default_rng(1).normal(size=(9, 4, 4, 1)).astype(np.float32)
labels = np.eye(3)[np.arange(9) % 3]
for seed in (0, 1):
    answers = ask_augmented(
        images.copy(), labels.copy(), 3, seed, False, [2, "next epoch", "next epoch", 0, 1, 2]
    )
    for batch, where in zip(answers, [2, 0, 1, 2], strict=True):
        is_batch(batch, "a batch")
        rows = slice(3 * where, 3 * where + 3)
        assert np.array_equal(batch[0], images[rows]) and np.array_equal(batch[1], labels[rows])
        checks.equal(str(batch[0].dtype), "float32", "the dtype")
### END HIDDEN TESTS


# %% nbgrader={"grade": true, "grade_id": "Augmented_on_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
def versions_of(image, reach=2):
    """All versions of an image that are allowed, with (flipped, down, right)."""
    found, (height, width) = {}, image.shape[:2]
    for flipped in (0, 1):
        room = np.pad(
            image[:, ::-1] if flipped else image, ((reach, reach), (reach, reach), (0, 0))
        )
        for down in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                top, left = reach - down, reach - right
                found[room[top : top + height, left : left + width].tobytes()] = (
                    flipped,
                    down,
                    right,
                )
    return found


def what_happened(images, batches):
    """How each image of an epoch was changed, in the order of the labels, which are their numbers."""
    happened = {}
    for batch in batches:
        is_batch(batch, "a batch with training=True")
        for image, label in zip(*batch, strict=True):
            label = int(label)
            assert image.shape == images[label].shape and image.dtype == images.dtype, (
                f"an image of {images[label].shape}, {images.dtype}, became {image.shape}, {image.dtype}"
            )
            version = versions_of(images[label]).get(np.ascontiguousarray(image).tobytes())
            assert version is not None, (
                f"What comes with label {label} is no version of image {label}: flip, THEN shift by -2 to 2 each way, 0 comes in."
            )
            assert label not in happened, f"Image {label} came twice in an epoch."
            happened[label] = version
    assert len(happened) == len(images), (
        f"{len(happened)} of {len(images)} images came in an epoch."
    )
    return [happened[label] for label in sorted(happened)]


images = np.random.default_rng(2).integers(1, 256, (60, 7, 9, 1), dtype=np.uint8)
requests = [*range(8), "next epoch", *range(8), "next epoch", *range(8), "source"]
answers = ask_augmented(images.copy(), np.arange(60), 8, 1, True, requests)
epochs = np.array([what_happened(images, answers[8 * i : 8 * i + 8]) for i in range(3)])
share = epochs[:, :, 0].mean()
assert 0.25 < share < 0.75, (
    f"{share:.0%} of the images were flipped; with probability 1/2 it should be about half."
)
for axis, name in ((1, "down"), (2, "right")):
    shifts = sorted(set(epochs[:, :, axis].ravel().tolist()))
    hint = "The upper end of rng.integers is not included." if 2 not in shifts else ""
    checks.equal(shifts, [-2, -1, 0, 1, 2], f"the shifts {name} that occur", hint)
assert (epochs[:, :, 1] != epochs[:, :, 2]).any(), (
    "All shifts are along the diagonal: draw two numbers for each image."
)
assert (epochs[0] != epochs[1]).any(), (
    "Every image comes in the same version in all epochs: does the epoch go into the dice?"
)
batch = [
    versions_of(images[label])[image.tobytes()] for image, label in zip(*answers[0], strict=True)
]
assert len(set(batch)) > 2, "All images of a batch are changed alike: draw for each image."
assert np.array_equal(answers[-1], images), (
    "The images that the data set was made from have changed."
)
### BEGIN HIDDEN TESTS
images = np.random.default_rng(3).random((50, 5, 6, 2)).astype(np.float32) + 0.1
answers = ask_augmented(
    images.copy(), np.arange(50), 16, 7, True, [*range(4), "next epoch", "spoil", *range(4)]
)
both = np.array([what_happened(images, answers[4 * i : 4 * i + 4]) for i in range(2)])
assert 0.2 < both[:, :, 0].mean() < 0.8, "about half of the images should be flipped"
assert (both[0] != both[1]).any(axis=1).mean() > 0.5, (
    "most images should come in another version in another epoch"
)
for column in range(3):
    for other in range(column):
        assert len(set(map(tuple, both[:, :, [other, column]].reshape(-1, 2).tolist()))) > (
            5 if other == 0 else 9
        ), "dice fall together"
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "Augmented_repeats_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
images = np.random.default_rng(4).integers(1, 256, (32, 6, 6, 1), dtype=np.uint8)


def asked(requests, seed=2):
    """The images of each batch asked for, as text."""
    return [
        batch[0].tobytes()
        for batch in ask_augmented(images.copy(), np.arange(32), 8, seed, True, requests)
    ]


first = asked([0, 1, 2, 3])
assert asked([0, 1, 2, 3]) == first, (
    "A second data set with the same seed serves other images: does every random generator get a seed?"
)
assert asked([3, 2, 1, 0]) == first[::-1], (
    "Asked in reverse, the batches are others: the dice remember what was asked before. Make the random generator in "
    "__getitem__, from seed, epoch and index."
)
assert asked([1, 1]) == [first[1]] * 2, (
    "Batch 1, asked for twice, comes in two versions: see above."
)
assert asked([0, 1, "next epoch", 2])[2] == asked(["next epoch", 2])[0], (
    "Batch 2 of the second epoch depends on what was asked for in the first."
)
assert asked([0], seed=3) != first[:1], "Seeds 2 and 3 give the same images: is the seed used?"
blank = np.zeros((32, 6, 6, 1), np.uint8)
blank[:, 2, 3] = 200
answers = ask_augmented(
    blank.copy(), np.arange(32), 8, 2, True, [0, 1, 2, 3, "next epoch", 0, 1, 2, 3]
)
served = [batch[0].tobytes() for batch in answers]
assert len(set(served[:4])) > 1, (
    "Every batch of an epoch is changed in the same way: does the index go into the dice?"
)
assert served[:4] != served[4:], (
    "Every epoch changes the images in the same way: does the epoch go into the dice?"
)
### BEGIN HIDDEN TESTS
answers = ask_augmented(
    blank.copy(), np.arange(32), 4, 5, True, [*range(8), *["next epoch"] * 3, *range(8)]
)
served = [batch[0].tobytes() for batch in answers]
assert len(set(served)) == 16, "16 batches of two epochs are changed in fewer than 16 ways"
other = ask_augmented(blank.copy(), np.arange(32), 4, 6, True, [*range(8)])
assert len({batch[0].tobytes() for batch in other} & set(served)) < 4, "another seed, the same dice"
jumbled = asked([2, 0, 2, "next epoch", 3, 1, 3, 0], seed=9)
straight = asked([0, 1, 2, 3, "next epoch", 0, 1, 2, 3], seed=9)
assert jumbled == [straight[i] for i in (2, 0, 2, 7, 5, 7, 4)], (
    "a batch depends on the order of questions"
)
### END HIDDEN TESTS

# %%
dataset = Augmented(photos.train.images[:6], np.arange(6), 6, seed=1, training=True)
seen = []
for _ in range(3):
    images, numbers = dataset[0]
    seen += list(images[np.argsort(numbers)])
    dataset.on_epoch_end()
plots.image_grid(seen, columns=6, scale=1.3, title="Six photographs in three epochs (rows)")

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

# %% nbgrader={"grade": true, "grade_id": "average_views_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
scores = np.log(np.array([[[8.0, 1, 1], [1, 1, 2]], [[1.0, 4, 5], [1, 1, 2]]]))
got = average_views(scores.copy())
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
}
checks.array(got, expected, "the average over two views of two images", mistakes)
got = average_views(np.array([[[1000.0, 0.0]], [[0.0, 1000.0]]]))
checks.array(got, np.array([[0.5, 0.5]]), "the average where scores reach 1000")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(10)
scores = 3 * rng.normal(size=(5, 4, 6))
expected = np.zeros((4, 6))
for view in scores:
    for i, row in enumerate(view):
        expected[i] += np.exp(row) / np.exp(row).sum() / 5
checks.array(average_views(scores.copy()), expected, "the average over five views")
checks.array(average_views(scores + 700), expected, "all scores raised by 700")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "tta_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The views (1 point).** A view is a triple (flipped, down, right): flip if True, *then* shift.
# Write `tta`: it makes every view of all images, asks a network, and averages. The network here is
# the simplest there is, `scores_of` in the next cell: a single layer of weights.


# %% nbgrader={"grade": false, "grade_id": "scores_of", "locked": true, "schema_version": 3, "solution": false, "task": false}
def scores_of(images, kernel):
    """A network of one layer: pixels from 0 to 1 times weights, no softmax yet."""
    return images.reshape(len(images), -1) / 255 @ kernel


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

# %% nbgrader={"grade": true, "grade_id": "tta_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(11)
images = rng.integers(0, 256, (4, 3, 3, 1), dtype=np.uint8)
kernel = 2 * rng.normal(size=(9, 3))


def by_hand(*versions):
    """The averaged probabilities of versions of the images."""
    powers = [np.exp(version.reshape(4, -1) / 255 @ kernel) for version in versions]
    return np.mean([power / power.sum(axis=1, keepdims=True) for power in powers], axis=0)


plain = by_hand(images)
checks.array(
    tta(images.copy(), kernel, [(False, 0, 0)]), plain, "a single view that changes nothing"
)
mirrored = images[:, :, ::-1]
moved = np.zeros_like(images)
moved[:, 1:, :-1] = mirrored[:, :-1, 1:]
wrong = np.zeros_like(images)
wrong[:, 1:, :-1] = images[:, :-1, 1:]
mistakes = {
    "the plain prediction": (plain, "Where do the views go?"),
    "the last view alone": (by_hand(moved), "Keep the scores of every view."),
    "shifted first, then flipped": (
        by_hand(images, mirrored, wrong[:, :, ::-1]),
        "Flip, then shift.",
    ),
    "shifted, not flipped": (by_hand(images, images, wrong), "Flip where the first entry is True."),
    "flipped, not shifted": (
        by_hand(images, mirrored, mirrored),
        "Shift by the second and third entry.",
    ),
}
views = [(False, 0, 0), (True, 0, 0), (True, 1, -1)]
checks.array(
    tta(images.copy(), kernel, views), by_hand(images, mirrored, moved), "three views", mistakes
)
### BEGIN HIDDEN TESTS
shuffled = [views[i] for i in (2, 0, 1)]
checks.array(
    tta(images.copy(), kernel, shuffled),
    by_hand(images, mirrored, moved),
    "the views in another order",
)
pairs = tta(images.copy(), kernel, [(False, 0, 0), (True, 0, 0)])
checks.array(
    tta(mirrored.copy(), kernel, [(False, 0, 0), (True, 0, 0)]),
    pairs,
    "mirrored images, both views",
)
gone = tta(images.copy(), kernel, [(False, 5, 0)])
checks.array(gone, np.full((4, 3), 1 / 3), "a view in which nothing is left of the image")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "on_off_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (2 points): on against off
#
# **a) The comparison (1 point).** Write `on_off`: for every seed, train twice, once without
# augmentation (`Batches`) and once with it (`Augmented`, `training=True`); the same seed for both,
# so that they start from the same weights. Measure each on the validation images, **without**
# augmentation. The next cell has the training loop and the measure; batches of 32.


# %% nbgrader={"grade": false, "grade_id": "training", "locked": true, "schema_version": 3, "solution": false, "task": false}
def train_layer(dataset, epochs, seed, classes, rate=0.1):
    """Train the network of one layer by gradient descent on what a dataset serves; its weights."""
    kernel = 0.01 * np.random.default_rng(seed).normal(size=(dataset[0][0][0].size, classes))
    for _ in range(epochs):
        for index in range(len(dataset)):
            images, labels = dataset[index]
            scores = scores_of(images, kernel)
            error = average_views(scores[None]) - np.eye(classes)[labels]
            kernel -= rate * (images.reshape(len(images), -1) / 255).T @ error / len(images)
        dataset.on_epoch_end()
    return kernel


def accuracy(kernel, dataset):
    """The share of right answers on what a dataset serves in one epoch."""
    right = count = 0
    for index in range(len(dataset)):
        images, labels = dataset[index]
        right += int((scores_of(images, kernel).argmax(axis=1) == labels).sum())
        count += len(labels)
    return right / count


# %% nbgrader={"grade": false, "grade_id": "on_off", "locked": false, "schema_version": 3, "solution": true, "task": false}
def on_off(images, labels, validation_images, validation_labels, seeds, epochs):
    """Validation accuracy without and with augmentation.

    Parameters
    ----------
    images, validation_images : numpy.ndarray of uint8, shape (n, height, width, channels)
    labels, validation_labels : numpy.ndarray of int
        From 0 on; the number of classes is max(labels) + 1.
    seeds : list of int
        One training of each kind for each.
    epochs : int

    Returns
    -------
    dict
        {"off": [...], "on": [...]}: one accuracy for each seed, in the order of the seeds.
    """
    ### BEGIN SOLUTION
    table, classes = {"off": [], "on": []}, int(labels.max()) + 1
    for seed in seeds:
        plain = Batches(images, labels, 32, seed)
        augmented = Augmented(images, labels, 32, seed, training=True)
        for name, dataset in (("off", plain), ("on", augmented)):
            kernel = train_layer(dataset, epochs, seed, classes)
            judge = Augmented(validation_images, validation_labels, 32, seed, training=False)
            table[name].append(accuracy(kernel, judge))
    return table
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# For one seed: which two trainings, on which two datasets? With which dataset
# is each of them measured, and is *that* one augmented?
#
# ---
#
# `train_layer(dataset, epochs, seed, classes)` gives a kernel, and
# `accuracy(kernel, dataset)` a number. Measure both kernels on `Augmented(...,
# training=False)` of the validation images. Two lists, one number each for
# every seed.
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

# %% nbgrader={"grade": true, "grade_id": "on_off_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# The class of an image is the place of its bright column: a flip or a shift gives it a wrong label.
labels = np.arange(160) % 8
images = np.zeros((160, 8, 8, 1), np.uint8)
images[np.arange(160), :, labels] = 255
table = on_off(images, labels, images[:21], labels[:21], [3, 0, 5], 12)
assert isinstance(table, dict) and set(table) == {"off", "on"}, (
    'on_off should return {"off": [...], "on": [...]}'
)
for name, values in table.items():
    assert isinstance(values, list | tuple) and len(values) == 3, (
        f"three seeds, so three accuracies for {name!r}: {values}"
    )
    assert all(0 <= value <= 1 for value in values), f"accuracies lie between 0 and 1: {values}"
    assert np.allclose(np.array(values) * 21, np.round(np.array(values) * 21)), (
        f"With 21 validation images an accuracy is a multiple of 1/21, not {values}: measure on ALL of the validation images."
    )
assert list(table["off"]) != [0, 0, 0] and min(table["off"]) == 1, (
    f"Without augmentation this task is learned perfectly, but 'off' has {table['off']}. Is one of the two measured, or "
    "trained, on augmented images by mistake?"
)
assert max(table["on"]) < 1, (
    f"In this task augmentation must do harm (a shifted column is another class), but 'on' has {table['on']}: is it on?"
)
again = on_off(images, labels, images[:21], labels[:21], [5, 3], 12)
for name in table:
    assert list(again[name]) == [table[name][2], table[name][0]], (
        f"Asked for the seeds 5 and 3 alone, {name!r} has other accuracies for them: each seed needs data sets and a training of its own."
    )
### BEGIN HIDDEN TESTS
labels = np.repeat(np.arange(3), 30)
images = (
    80 * labels[:, None, None, None] + np.random.default_rng(0).integers(0, 20, (90, 5, 5, 2))
).astype(np.uint8)
# other validation labels than the classes that were learned: all answers are wrong, or all right
wrong = on_off(images[:30], labels[:30], images[:10], labels[:10] + 1, [0, 1], 2)
checks.equal(
    wrong, {"off": [0.0, 0.0], "on": [0.0, 0.0]}, "the table where every validation label is wrong"
)
right = on_off(images[:30], labels[:30], images[:10], labels[:10], [4], 1)
checks.equal(right, {"off": [1.0], "on": [1.0]}, "the table with a single class")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "verdict_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) The verdict (1 point).** Both columns of the table have the same seeds, so take the
# differences **seed by seed**, on minus off: their mean, and the 95 % interval of that mean, where
# $s$ is their spread (a sample: divisor $n - 1$):
#
# $$\bar d \;\pm\; t_{0.975,\,n-1}\, \frac{s}{\sqrt{n}}$$
#
# `t_quantile` is in the first cell. The verdict is `"on"` if the whole interval lies above 0,
# `"off"` if it lies below 0, else `"open"`.


# %% nbgrader={"grade": false, "grade_id": "verdict", "locked": false, "schema_version": 3, "solution": true, "task": false}
def verdict(table):
    """What the comparison says.

    Parameters
    ----------
    table : dict
        {"off": [...], "on": [...]}: accuracies, at least two seeds, in the same order.

    Returns
    -------
    dict
        "difference": the mean of on - off; "low" and "high": the ends of its interval;
        "verdict": "on", "off" or "open".
    """
    ### BEGIN SOLUTION
    differences = np.subtract(table["on"], table["off"])
    n = len(differences)
    half = t_quantile(0.975, n - 1) * differences.std(ddof=1) / n**0.5
    low, high = float(differences.mean() - half), float(differences.mean() + half)
    said = "on" if low > 0 else "off" if high < 0 else "open"
    return {"difference": float(differences.mean()), "low": low, "high": high, "verdict": said}
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How many differences are there, and which is subtracted from which? From
# where on is a difference clear?
#
# ---
#
# One array of differences, on minus off; its mean; `std(ddof=1)`; half the
# interval is `t_quantile(0.975, n - 1)` times the spread over the root of n.
# The verdict only looks at the two ends.
#
# ---
#
# A neighbouring problem: did a diet change the weight of the same four people?
# With the factor 3.18 that belongs to four of them.
#
# ```python
# before, after = [80.0, 92.0, 71.0, 65.0], [78.5, 91.0, 70.5, 63.0]
# change = np.array(after) - np.array(before)
# width = 3.18 * change.std(ddof=1) / len(change) ** 0.5
# ends = [float(change.mean() - width), float(change.mean() + width)]
# print(ends, "with 0 inside" if ends[0] <= 0 <= ends[1] else "without 0")
# ```

# %% nbgrader={"grade": true, "grade_id": "verdict_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
table = {"off": [0.50, 0.60, 0.40, 0.50], "on": [0.53, 0.64, 0.42, 0.55]}
got = verdict(table)
assert isinstance(got, dict) and set(got) == {"difference", "low", "high", "verdict"}, (
    'verdict should return a dict with the keys "difference", "low", "high" and "verdict"'
)
numbers = np.array([got["difference"], got["low"], got["high"]], dtype=float)
mistakes = {
    "off minus on": ([-0.035, -0.05554260, -0.01445740], "What is subtracted from what?"),
    "an interval of two groups": (
        [0.035, -0.11437750, 0.18437750],
        "The seeds are pairs: take differences first, then their spread.",
    ),
    "an interval with 1.96": (
        [0.035, 0.02234825, 0.04765175],
        "Four differences: t_quantile(0.975, 3).",
    ),
    "an interval without the root of n": (
        [0.035, -0.00608521, 0.07608521],
        "Of the MEAN: divide the spread by the root of n.",
    ),
    "an interval with t for n, not n - 1": (
        [0.035, 0.01707812, 0.05292188],
        "Four differences have 3 degrees of freedom.",
    ),
    "an interval with divisor n": ([0.035, 0.01720958, 0.05279042], "A sample: ddof=1."),
}
checks.array(
    numbers, np.array([0.035, 0.01445740, 0.05554260]), "difference, low and high", mistakes
)
checks.equal(got["verdict"], "on", "the verdict", "The whole interval lies above 0.")
other = verdict({"off": table["on"], "on": table["off"]})
checks.equal(other["verdict"], "off", "the verdict with on and off exchanged")
unclear = verdict({"off": [0.5, 0.6, 0.4], "on": [0.6, 0.55, 0.45]})
checks.equal(
    unclear["verdict"],
    "open",
    "the verdict where the interval contains 0",
    "Too few seeds to tell: say so.",
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(12)
for n, gain in [(2, 0.0), (3, 0.2), (6, -0.1), (12, 0.01)]:
    off = rng.random(n)
    on = off + gain + 0.03 * rng.normal(size=n)
    d = on - off
    half = t_quantile(0.975, n - 1) * (((d - d.mean()) ** 2).sum() / (n - 1) / n) ** 0.5
    got = verdict({"off": off.tolist(), "on": on.tolist()})
    expected = [d.mean(), d.mean() - half, d.mean() + half]
    checks.array(
        np.array([got["difference"], got["low"], got["high"]]),
        np.array(expected),
        f"the interval of {n} seeds",
    )
    said = "on" if expected[1] > 0 else "off" if expected[2] < 0 else "open"
    checks.equal(got["verdict"], said, "the verdict")
### END HIDDEN TESTS

# %% [markdown]
# ## The harvest: your servant feeds a CNN
#
# Now the real thing. A CNN learns to tell ten classes of photographs, from few images, which is
# when augmentation should matter most. Keras's `fit` takes your data sets as they are. The same
# seeds for on and off, the same number of steps.
#
# > **Predict, then run.** How many percentage points will flips and small shifts bring? Will the
# > interval contain 0?


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


cnn = build_cnn()  # compiled once; plain SGD keeps no state from one training to the next
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
        if name == "off":
            dataset = Batches(photos.train.images, photos.train.labels, 32, seed)
        else:
            dataset = Augmented(photos.train.images, photos.train.labels, 32, seed, training=True)
        cnn.fit(dataset, epochs=epochs, shuffle=False, verbose=0)
        told = cnn.predict_on_batch(photos.validation.images).argmax(axis=1)
        results[name].append(float((told == photos.validation.labels).mean()))
        weights[name].append(cnn.get_weights())
for name, values in results.items():
    print(
        f"{name:3}  {np.mean(values):.1%} ± {np.std(values, ddof=1):.1%}   single runs",
        np.round(values, 3),
    )
print(verdict(results))

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
views = [(flipped, down, 0) for flipped in (False, True) for down in (-2, 0, 2)]


def views_of(images):
    """All views of all images, view by view."""
    mirrored = {flipped: flip(images, np.full(len(images), flipped)) for flipped in (False, True)}
    return [
        np.stack([shift(image, down, right) for image in mirrored[flipped]])
        for flipped, down, right in views
    ]


seen = views_of(photos.validation.images)
averaged = {"off": [], "on": []}
for name in averaged:
    for trained in weights[name]:
        cnn.set_weights(trained)
        told = average_views(np.stack([cnn.predict_on_batch(view) for view in seen])).argmax(axis=1)
        averaged[name].append(float((told == photos.validation.labels).mean()))
    print(
        f"trained with augmentation {name:3}: plain {np.mean(results[name]):.1%}, six views {np.mean(averaged[name]):.1%};",
        verdict({"off": results[name], "on": averaged[name]})["verdict"],
    )

# %% [markdown]
# **Your conclusion.** Write three or four sentences, as for a reader who decides whether to switch
# augmentation on: what was compared and how often, the difference with its interval, the verdict,
# and one thing that your comparison does *not* show. (No points: but a number without its sentence
# is not yet a result.)
#
# *Write here.*

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
# - **MixUp in the servant.** Write `Mixed(Augmented)`, which serves mixed images and labels
#   (`categorical_crossentropy` takes them). Draw $\lambda$ from `rng.beta(0.2, 0.2)`.
# - **Digits.** Load `mnist` and augment by left-right flips. Which digits suffer? Compare with your
#   table of question 3.
# - **A broken servant.** Give every batch the labels of the batch before. How good does the CNN
#   get, and would you have noticed?

# %%
# Your experiments
