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
# # Exercise 9: a dirty folder
#
# A friend has collected pictures of airplanes and frogs and sends you a folder. Some files cannot be
# opened. Some training pictures are test pictures under another name, a few labels are wrong, and some
# series of photographs are on both sides of the split. You write the tools that find all of that, one
# kind of fault at a time. In the end they run together, and their **precision and recall** are
# measured, because this time somebody knows what is wrong: the faults were planted.
#
# | question | you write | points |
# |---|---|---|
# | 1 | files that cannot be read, and files with a wrong ending | 2 |
# | 2 | copies of test files in the training set | 2 |
# | 3 | a perceptual hash | 2 |
# | 4 | near-twins across the split | 2 |
# | 5 | a split that keeps groups together | 2 |
# | 6 | Cohen's kappa | 2 |
# | 7 | the labels to look at first | 2 |
# | 8 | somebody's clean-up, repaired | 2 |
# | 9 | everything together, on a folder that you have never seen | 2 |
# | 10 | a paragraph of the report | 2 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the check
# below it. A check that fails tells you what it saw and what to think about. When you hand in, further
# checks run on other data, so write for any input that fits the description. No check asks for an
# accuracy. A person reads and grades the last question. Each answer may use your earlier ones.
#
# **Stuck?** `exercise.hint("2")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook runs in less than a minute on a laptop and needs no download. It trains logistic
# regressions only.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import functools
import io
import warnings

import numpy as np
from PIL import Image
from skimage.feature import hog
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import helpers.exercise
from helpers import checks, dataset, experiments, plots

exercise = helpers.exercise.load("week09_dataset")
folder = dataset.dirty(9).files  # path -> the bytes of the file


def classifier():
    """A logistic regression on numbers with mean 0 and spread 1."""
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, max_iter=500)
    )


def picture(data):
    """The picture in these bytes, in colour."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def shrunk(data):
    """The picture in these bytes as 8 x 9 grey values, uint8."""
    small = picture(data).convert("L").resize((9, 8), Image.Resampling.BOX)
    return np.array(small)


@functools.cache  # the same picture is asked for again and again
def features(data):
    """Directions of edges (week 1) and mean colours of the picture."""
    pixels = np.asarray(
        picture(data).resize((32, 32), Image.Resampling.BOX), float
    )
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    edges = hog(
        grey, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2)
    )
    colours = pixels.reshape(4, 8, 4, 8, 3).mean(axis=(1, 3)).ravel() / 255
    return np.concatenate([edges, colours])


print(f"{len(folder)} files, for example", *list(folder)[:2])

# %% [markdown]
# ## The folder
#
# A path says three things: `train/frog/k07-2.png` is a training picture, of a frog, the third of the
# series `k07`. A **series** is a row of photographs that were taken at the same place, one after the
# other. To keep it simple the folder is a dict here: `folder[path]` holds the bytes of the file.
#
# Look at a few pictures of each class before you go on. Would you have labelled them as your friend did?

# %%
shown = [path for path in folder if path.endswith("-1.png")][::3][:16]
readable = []
for path in shown:
    try:
        readable.append(
            (path.split("/")[1], np.asarray(picture(folder[path])))
        )
    except OSError:
        print(path, "cannot be shown")
plots.image_grid(
    np.stack([pixels for _, pixels in readable]),
    [label for label, _ in readable],
    columns=8,
    title="Some pictures of the folder, with the labels that they came with",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "broken_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): files that cannot be read
#
# Write `broken`. It returns a dict with two sorted lists of paths:
#
# - `"corrupt"`: the bytes do not hold a picture that Pillow can read **to the end**. A download that
#   broke off has a good beginning.
# - `"misnamed"`: the picture is fine, but the ending of its name does not fit its format. `.png` fits PNG;
#   `.jpg` and `.jpeg` fit JPEG, in capitals or not. Other endings do not occur.
#
# `Image.open(io.BytesIO(data))` raises an exception where it finds no picture. Beware: it reads only the
# beginning, and knows the `format` from that. The pixels come with `.load()`, which raises one, too, if
# they are not there. A damaged file may raise many kinds of exceptions; here `except Exception` is right.


# %% nbgrader={"grade": false, "grade_id": "broken", "locked": false, "schema_version": 3, "solution": true, "task": false}
def broken(files):
    """Files that hold no picture, and pictures with the wrong ending.

    Parameters
    ----------
    files : dict of str to bytes
        Path to what the file holds.

    Returns
    -------
    dict
        "corrupt" and "misnamed": sorted lists of paths.
    """
    ### BEGIN SOLUTION
    fits = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG"}
    found = {"corrupt": [], "misnamed": []}
    for path in sorted(files):
        try:
            image = Image.open(io.BytesIO(files[path]))
            image.load()
        except Exception:
            found["corrupt"].append(path)
            continue
        if image.format != fits[path.split(".")[-1].lower()]:
            found["misnamed"].append(path)
    return found
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which line of your code has seen all bytes of the file? A file that cannot be read has no format, so
# it belongs to one list only.
#
# ---
#
# Put `open` and `load` into one `try`. After it, compare `image.format` with what the ending promises:
# a small dict from ending to format is enough. `path.split(".")[-1].lower()` is the ending.
#
# ---
#
# A neighbouring problem: texts that are no numbers, and numbers below zero.
#
# ```python
# texts = {"a": "12", "b": "twelve", "c": "-3"}
# wrong, below = [], []
# for name in sorted(texts):
#     try:
#         number = int(texts[name])
#     except ValueError:
#         wrong.append(name)
#         continue
#     if number < 0:
#         below.append(name)
# print(wrong, below)
# ```


# %% nbgrader={"grade": true, "grade_id": "broken_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
def saved(kind, colour, size=(24, 16)):
    data = io.BytesIO()
    dice = np.random.default_rng(len(colour))
    pixels = dice.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, kind)
    return data.getvalue()


png, jpeg = saved("PNG", "red"), saved("JPEG", "green")
given = {
    "test/b.png": png[: len(png) // 2],
    "train/a.png": png,
    "test/e.jpg": jpeg,
    "test/d.JPEG": jpeg,
    "train/z.png": jpeg,
    "test/f.jpg": png,
    "train/g.png": b"",
    "train/my.holiday.png": png,
    "test/h.jpg": b"<html>404 Not Found</html>",
    "train/A.PNG": png,
    "test/i.jpeg": jpeg[:-60],
}
before = dict(given)
got = broken(given)
assert isinstance(got, dict) and set(got) == {"corrupt", "misnamed"}, (
    "Return a dict with the keys corrupt and misnamed."
)
assert given == before, "Leave the given dict as it is."
whole = {"test/b.png", "test/i.jpeg"} - set(got["corrupt"])
assert not whole, (
    f"{sorted(whole)} break off in the middle: only load() reads to the end."
)
hint = (
    "These files hold a half picture, no bytes, or a web page. Sort the paths."
)
expected = ["test/b.png", "test/h.jpg", "test/i.jpeg", "train/g.png"]
checks.equal(got["corrupt"], expected, 'broken(...)["corrupt"]', hint)
hint = (
    "A JPEG called .png and a PNG called .jpg; "
    "capitals and more dots do not matter."
)
checks.equal(
    got["misnamed"],
    ["test/f.jpg", "train/z.png"],
    'broken(...)["misnamed"]',
    hint,
)
hint = "Nothing is wrong with a good PNG and a good JPEG."
good = {"x/1.png": png, "x/2.jpg": jpeg}
checks.equal(
    broken(good),
    {"corrupt": [], "misnamed": []},
    "broken of two good files",
    hint,
)


# %% nbgrader={"grade": true, "grade_id": "broken_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def saved(kind, colour, size=(24, 16)):
    data = io.BytesIO()
    dice = np.random.default_rng(len(colour))
    pixels = dice.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, kind)
    return data.getvalue()


png, jpeg = saved("PNG", "violet"), saved("JPEG", "blue")
given = {
    "z.jpeg": png,
    "y.Jpg": jpeg,
    "x.PNG": jpeg,
    "w.png": png[:-30],
    "b.jpg": jpeg[:200],
    "a.png": png,
}
given |= {"v.png": b"PNG", "u.jpg": jpeg[: len(jpeg) // 3]}
checks.equal(
    broken(given),
    {
        "corrupt": ["b.jpg", "u.jpg", "v.png", "w.png"],
        "misnamed": ["x.PNG", "z.jpeg"],
    },
    "broken of eight files",
)
made = dataset.dirty(21)
got = broken(made.files)
for kind in ("corrupt", "misnamed"):
    checks.equal(
        got[kind], made.planted[kind], f"broken of another folder, {kind}"
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "copies_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (2 points): copies across the split
#
# The simplest leak: a file of the training set holds the **same bytes** as a file of the test set. The
# names say nothing; your friend has renamed them. Write `copies`: the sorted list of the *training* paths
# (those that begin with `train/`) whose bytes some test file (`test/`) holds, too. Two copies within the
# training set are a nuisance but no leak, and are not asked for.


# %% nbgrader={"grade": false, "grade_id": "copies", "locked": false, "schema_version": 3, "solution": true, "task": false}
def copies(files):
    """Training files with the bytes of a test file.

    Parameters
    ----------
    files : dict of str to bytes
        Path, beginning with "train/" or "test/", to what the file holds.

    Returns
    -------
    list of str
        Paths of training files, sorted.
    """
    ### BEGIN SOLUTION
    tested = {data for path, data in files.items() if path.startswith("test/")}
    return sorted(
        path
        for path, data in files.items()
        if path.startswith("train/") and data in tested
    )
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which of the two sides do you have to know completely before you can judge the first file of the other?
#
# ---
#
# A `set` of all that the test files hold answers "is this in it?" at once. For large files one would keep
# their sums (`hashlib.sha256(data).hexdigest()`) instead of the bytes.
#
# ---
#
# A neighbouring problem: whose telephone number does the shop know already?
#
# ```python
# customers = {"Ann": "123", "Bo": "456"}
# callers = {"X": "456", "Y": "789", "Z": "456"}
# known = set(customers.values())
# print([name for name, number in callers.items() if number in known])
# ```

# %% nbgrader={"grade": true, "grade_id": "copies_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
given = {
    "train/cat/5.png": b"fivefold",
    "test/cat/1.png": b"one",
    "train/cat/2.png": b"second",
    "train/dog/1.png": b"one",
    "train/cat/2-again.png": b"second",
    "test/dog/9.png": b"nine",
    "train/cat/1.png": b"one",
    "test/dog/9-again.png": b"nine",
    "train/cat/9.png": b"enin",
    "train/test/3.png": b"three",
    "test/train/3.png": b"three",
    "test/cat/5.png": b"FIVE!",
}
before = dict(given)
got = copies(given)
assert given == before, "Leave the given dict as it is."
assert not isinstance(got, dict | str), "Return a list of paths."
got = list(got)
both = {"train/cat/2.png", "train/cat/2-again.png"} & set(got)
assert not both, (
    f"{sorted(both)}: two copies within the training set are no leak."
)
assert not [path for path in got if path.startswith("test/")], (
    "Name the TRAINING files."
)
assert "train/cat/5.png" not in got, (
    "The name tells nothing: compare what the files hold."
)
assert "train/cat/9.png" not in got, "As many bytes are not the same bytes."
hint = "train/cat/1 and train/dog/1 hold what test/cat/1 holds. Sort them."
expected = ["train/cat/1.png", "train/dog/1.png", "train/test/3.png"]
checks.equal(got, expected, "copies(...)", hint)
hint = "Without a test file there is no leak."
checks.equal(
    list(copies({"train/a.png": b"a", "train/b.png": b"a"})),
    [],
    "copies without a test",
    hint,
)

# %% nbgrader={"grade": true, "grade_id": "copies_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
for seed in (22, 23):
    made = dataset.dirty(seed)
    checks.equal(
        list(copies(made.files)),
        made.planted["copies"],
        "copies of another folder",
    )
shuffled = dict(reversed(list(made.files.items())))
checks.equal(
    list(copies(shuffled)),
    made.planted["copies"],
    "copies, files in another order",
)
checks.equal(
    list(copies({"test/a": b"", "train/b": b"", "train/c": b" "})),
    ["train/b"],
    "copies of nothing",
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "dhash_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (2 points): a perceptual hash
#
# A picture that was saved again has other bytes, and looks the same. The **difference hash** looks at how
# it looks: shrink it to 8 rows of 9 grey values, and ask of each value whether its **right neighbour is
# brighter**. That gives 8 x 8 = 64 answers, row by row. Write `dhash`, for the shrunk picture. Beware of
# subtraction: the grey values are `uint8`, where 3 - 5 is 254. Equal is not brighter.


# %% nbgrader={"grade": false, "grade_id": "dhash", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dhash(grey):
    """64 bits: is the right neighbour brighter?

    Parameters
    ----------
    grey : ndarray of uint8, shape (8, 9)

    Returns
    -------
    ndarray of bool, shape (64,)
        Row by row.
    """
    ### BEGIN SOLUTION
    return (grey[:, 1:] > grey[:, :-1]).ravel()
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Nine values have eight right neighbours. Which part of the array holds all values that are somebody's
# right neighbour, and which part all that have one?
#
# ---
#
# Two slices of shape (8, 8), compared with each other and flattened with `ravel()`. A comparison needs no
# subtraction.
#
# ---
#
# A neighbouring problem: on which days did it get colder than on the day before?
#
# ```python
# degrees = np.array([12, 15, 11, 11, 9], dtype=np.uint8)
# print(degrees[1:] < degrees[:-1])
# ```

# %% nbgrader={"grade": true, "grade_id": "dhash_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(3)
grey = rng.integers(0, 256, (8, 9), dtype=np.uint8)
grey[2, 3:6] = 77
expected = np.array(
    [[grey[r, c + 1] > grey[r, c] for c in range(8)] for r in range(8)]
)
before = grey.copy()
got = np.asarray(dhash(grey))
assert np.array_equal(grey, before), "Leave the grey values as they are."
checks.equal(
    list(got.shape),
    [64],
    "the shape of dhash(grey)",
    "64 answers in one row: ravel().",
)
mistakes = {
    "whether the LEFT neighbour is brighter": (
        np.array(
            [[grey[r, c + 1] < grey[r, c] for c in range(8)] for r in range(8)]
        ).ravel(),
        "The bit is 1 where it gets brighter from left to right.",
    ),
    "the sign of a difference of uint8": (
        np.array(
            [
                [grey[r, c + 1] != grey[r, c] for c in range(8)]
                for r in range(8)
            ]
        ).ravel(),
        "3 - 5 is 254 for uint8: compare, do not subtract.",
    ),
    "what comes of counting equal values as brighter": (
        np.array(
            [
                [grey[r, c + 1] >= grey[r, c] for c in range(8)]
                for r in range(8)
            ]
        ).ravel(),
        "Equal is not brighter.",
    ),
    "the bits column by column": (
        expected.T.ravel(),
        "Row by row: ravel() of shape (8, 8).",
    ),
    "a comparison with the mean": (
        (grey > grey.mean())[:, :8].ravel(),
        "Compare each value with its neighbour.",
    ),
}
for given, wanted in ((grey, expected), (grey[:, ::-1], ~expected[:, ::-1])):
    same = given[:, 1:] == given[:, :-1]
    wanted = wanted & ~same
    checks.array(
        got if given is grey else dhash(given.copy()),
        wanted.ravel(),
        "dhash(grey)",
        mistakes if given is grey else None,
    )

# %% nbgrader={"grade": true, "grade_id": "dhash_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(33)
for high in (2, 5, 256):
    grey = rng.integers(0, high, (8, 9), dtype=np.uint8)
    expected = [
        int(grey[r, c + 1]) > int(grey[r, c])
        for r in range(8)
        for c in range(8)
    ]
    checks.array(
        dhash(grey.copy()),
        np.array(expected),
        f"dhash of grey values below {high}",
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "twins_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (2 points): near-twins across the split
#
# Two hashes are compared by the number of bits in which they **differ**. Write `twins`: for each training
# picture look for the nearest test picture. If no more than `limit` bits differ, the pair (training row,
# test row) goes into the list. Of several that are equally near, take the first. The pairs are in the order
# of the training rows.


# %% nbgrader={"grade": false, "grade_id": "twins", "locked": false, "schema_version": 3, "solution": true, "task": false}
def twins(train, test, limit):
    """Training pictures that are nearly the same as a test picture.

    Parameters
    ----------
    train, test : ndarray of bool, shape (n, 64) and (m, 64)
        Hashes; there is at least one of each.
    limit : int
        So many bits may differ.

    Returns
    -------
    list of (int, int)
        Rows in `train` and in `test`.
    """
    ### BEGIN SOLUTION
    differ = (train[:, None] != test[None]).sum(axis=2)
    nearest = differ.argmin(axis=1)
    return [
        (row, int(nearest[row]))
        for row in range(len(train))
        if differ[row, nearest[row]] <= limit
    ]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How many bits differ between *one* training hash and *one* test hash? And how do you ask that for all
# pairs: two loops, or one array of shape (n, m)?
#
# ---
#
# `train[:, None] != test[None]` has the shape (n, m, 64); its sum over the last axis counts. `argmin` takes
# the first of several smallest.
#
# ---
#
# A neighbouring problem: for each guest the nearest chair, if it is at most 2 metres away.
#
# ```python
# guests, chairs = np.array([1, 7, 20]), np.array([2, 0, 9])
# apart = np.abs(guests[:, None] - chairs[None])
# best = apart.argmin(axis=1)
# print([(g, int(c)) for g, c in enumerate(best) if apart[g, c] <= 2])
# ```

# %% nbgrader={"grade": true, "grade_id": "twins_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(4)
train, test = rng.random((6, 64)) < 0.5, rng.random((5, 64)) < 0.5
test[4] = test[1]
for row, source, bits in ((0, 3, 0), (2, 1, 5), (3, 0, 6), (5, 2, 7)):
    train[row] = test[source]
    train[row, 10 : 10 + bits] ^= True
before = train.copy()
got = [tuple(map(int, pair)) for pair in twins(train, test, 6)]
assert (0, 3) in got, (
    "Training row 0 and test row 3 are the same: they differ in 0 bits."
)
assert (3, 0) in got, (
    "6 bits differ in rows 3 and 0: no MORE than the limit is near enough."
)
assert (5, 2) not in got, "7 bits differ in rows 5 and 2: that is more than 6."
assert (2, 4) not in got, (
    "Test rows 1 and 4 are equally near: take the first only."
)
checks.equal(
    got,
    [(0, 3), (2, 1), (3, 0)],
    "twins(train, test, 6)",
    "Training row, test row.",
)
assert np.array_equal(train, before), "Leave the hashes as they are."
got = [tuple(map(int, pair)) for pair in twins(train, test, 0)]
checks.equal(
    got,
    [(0, 3)],
    "twins(train, test, 0)",
    "With a limit of 0 only equal hashes count.",
)
got = [tuple(map(int, pair)) for pair in twins(train[[1, 4]], test[:1], 3)]
checks.equal(got, [], "twins of strangers", "These differ in some 32 bits.")
got = [tuple(map(int, pair)) for pair in twins(train[[1, 4, 0]], test, 64)]
nearest = [
    min(range(5), key=lambda j: int(np.sum(train[i] != test[j])))
    for i in (1, 4, 0)
]
hint = "With a limit of 64 each training picture has its nearest test picture."
checks.equal(got, list(enumerate(nearest)), "twins(train, test, 64)", hint)

# %% nbgrader={"grade": true, "grade_id": "twins_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(44)
for n, m, limit in ((8, 3, 24), (3, 9, 26), (1, 1, 32), (12, 12, 22)):
    train, test = rng.random((n, 64)) < 0.5, rng.random((m, 64)) < 0.5
    expected = []
    for row in range(n):
        apart = [
            sum(
                a != b
                for a, b in zip(
                    train[row].tolist(), other.tolist(), strict=True
                )
            )
            for other in test
        ]
        if min(apart) <= limit:
            expected.append((row, apart.index(min(apart))))
    got = [tuple(map(int, pair)) for pair in twins(train, test, limit)]
    checks.equal(got, expected, f"twins of {n} and {m} pictures")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "group_split_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (2 points): a split that keeps groups together
#
# Photographs of one series look alike. If one of them is trained on and another one tested, the test is too
# easy. Write `group_split`: **whole groups** go to the test part, one after the other in an order that the
# seed decides, until the test part holds **at least** the wanted share of all pictures; then it is full. The
# rest is for training. The same seed gives the same split, and other seeds give others.


# %% nbgrader={"grade": false, "grade_id": "group_split", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_split(groups, share, seed):
    """Which pictures are for the test, so that no group is on both sides.

    Parameters
    ----------
    groups : list of str
        The group of each picture.
    share : float
        Of the pictures, at least so many are for the test; between 0 and 1.
    seed : int

    Returns
    -------
    ndarray of bool, shape (n,)
        True for the test part.
    """
    ### BEGIN SOLUTION
    groups = np.asarray(groups)
    test = np.zeros(len(groups), bool)
    for group in np.random.default_rng(seed).permutation(np.unique(groups)):
        if test.sum() >= share * len(groups):
            break
        test |= groups == group
    return test
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What do you shuffle: the pictures, or the names of the groups? When do you stop?
#
# ---
#
# `np.unique(groups)` gives each name once; `np.random.default_rng(seed).permutation(...)` an order. Before
# you add the next group, ask whether there are enough pictures already.
#
# ---
#
# A neighbouring problem: whole families go into boats until a boat holds at least 5 people.
#
# ```python
# people = np.array(["ash", "birch", "ash", "cedar", "birch", "birch", "cedar"])
# aboard = np.zeros(len(people), bool)
# for family in ["birch", "cedar", "ash"]:
#     if aboard.sum() < 5:
#         aboard[people == family] = True
# print(aboard.sum(), set(people[aboard]))
# ```

# %% nbgrader={"grade": true, "grade_id": "group_split_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
groups = (
    ["k1"] * 5 + ["k2"] * 3 + ["k3"] * 4 + ["k1"] * 2 + ["k4"] * 1 + ["k5"] * 5
)
splits = []
for seed in range(12):
    before = list(groups)
    got = np.asarray(group_split(groups, 0.3, seed))
    assert groups == before, "Leave the list of groups as it is."
    checks.equal(
        list(got.shape),
        [20],
        "the shape of the split",
        "One truth value for each picture.",
    )
    again = np.asarray(group_split(list(groups), 0.3, seed))
    assert np.array_equal(got, again), (
        "The same seed gives another split the second time: "
        "use np.random.default_rng(seed)."
    )
    assert got.dtype == bool, (
        "True for the test part, False for training: an array of bool."
    )
    there = {
        side: {g for g, t in zip(groups, got, strict=True) if t == side}
        for side in (True, False)
    }
    both = sorted(there[True] & there[False])
    assert not both, f"{both} are on both sides: draw whole groups."
    assert got.sum() >= 6, (
        f"{got.sum()} of 20 pictures are for the test: "
        "at least 30 % were asked for."
    )
    sizes = {g: groups.count(g) for g in there[True]}
    assert got.sum() - max(sizes.values()) < 6, (
        f"The test part holds {sizes}: it was full before the last one came. "
        "Stop once there are enough."
    )
    splits.append(tuple(got.tolist()))
assert len(set(splits)) >= 4, (
    "Different seeds give the same split: shuffle the groups by the seed."
)
firsts = {
    group
    for split in splits
    for group, t in zip(groups, split, strict=True)
    if t
}
assert firsts == set(groups), (
    f"Only {sorted(firsts)} are ever tested: "
    "each group should have its chance."
)
got = np.asarray(group_split(["a", "b", "c", "d"], 0.5, 1))
checks.equal(
    int(got.sum()),
    2,
    "pictures for the test, of 4 groups of one",
    "Half of 4 is 2: enough.",
)
got = np.asarray(group_split(["a", "b", "c", "d"], 1.0, 1))
checks.equal(
    int(got.sum()),
    4,
    "pictures for the test with a share of 1",
    "Then all are for the test.",
)
got = np.asarray(group_split(["a", "b", "c", "d"], 0.0, 1))
checks.equal(
    int(got.sum()),
    0,
    "pictures for the test with a share of 0",
    "Full from the start.",
)

# %% nbgrader={"grade": true, "grade_id": "group_split_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(55)
seen = set()
for seed in range(12):
    groups = [f"s{number}" for number in rng.integers(0, 9, 60)]
    share = [0.1, 0.25, 0.5][seed % 3]
    got = np.asarray(group_split(groups, share, seed))
    again = np.asarray(group_split(groups, share, seed))
    assert np.array_equal(got, again), "the same seed gives two splits"
    tested = {g for g, t in zip(groups, got, strict=True) if t}
    assert all(t == (g in tested) for g, t in zip(groups, got, strict=True)), (
        "a group on both sides"
    )
    assert got.sum() >= share * 60 - 1e-9, "too few pictures for the test"
    assert got.sum() - max(groups.count(g) for g in tested) < share * 60, (
        "too many for the test"
    )
    seen.add(tuple(sorted(tested)))
assert len(seen) > 3, "other seeds, the same split"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "kappa_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (2 points): do two people agree?
#
# You and a second person label the same pictures. You agree on a share $p_o$ of them. Two people who
# label blindly agree now and then, too: if the first says "frog" in a share $a_f$ of the cases and the second
# in a share $b_f$, they meet by chance in $p_e = \sum_c a_c b_c$. **Cohen's kappa** is what you agree beyond that:
#
# $$\kappa = \frac{p_o - p_e}{1 - p_e}.$$
#
# Write `kappa`. Where both give one and the same label to everything, $p_e$ is 1 and nothing can be said:
# return `float("nan")`.


# %% nbgrader={"grade": false, "grade_id": "kappa", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kappa(first, second):
    """Cohen's kappa of two people who have labelled the same pictures.

    Parameters
    ----------
    first, second : list of str
        The labels of each; at least one picture, in the same order.

    Returns
    -------
    float
    """
    ### BEGIN SOLUTION
    first, second = np.asarray(first), np.asarray(second)
    agreed = np.mean(first == second)
    classes = np.union1d(first, second)
    chance = sum(
        np.mean(first == name) * np.mean(second == name) for name in classes
    )
    if chance == 1:
        return float("nan")
    return float((agreed - chance) / (1 - chance))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which two shares do you need for each class? Each person has shares of their own.
#
# ---
#
# `np.mean(first == "frog")` is the share in which the first person says frog. Sum the products over all
# classes that anybody has used, then put both numbers into the formula.
#
# ---
#
# A neighbouring problem: how often would two dice show the same number, if one of them is loaded?
#
# ```python
# fair, loaded = [1 / 6] * 6, [0.1, 0.1, 0.1, 0.1, 0.1, 0.5]
# print(sum(p * q for p, q in zip(fair, loaded)))
# ```

# %% nbgrader={"grade": true, "grade_id": "kappa_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
first = ["frog"] * 6 + ["plane"] * 4
second = ["frog"] * 5 + ["plane"] * 3 + ["frog"] * 2
mistakes = {
    "the share of agreement": (0.7, "Take off what chance alone would give."),
    "agreement minus chance": (
        0.7 - 0.54,
        "Divide by what was left to reach: 1 - p_e.",
    ),
    "kappa with a chance of one half": (
        0.4,
        "Chance follows from how often each label was given.",
    ),
    "what comes of the first person's shares alone": (
        (0.7 - 0.52) / 0.48,
        "Multiply the share of the one by the share of the OTHER.",
    ),
    "agreement divided by the rest": (
        0.7 / 0.46,
        "Subtract p_e above the line, too.",
    ),
}
name = "kappa of 10 pictures, 7 of them alike (p_e = 0.6 x 0.7 + 0.4 x 0.3)"
before = [list(first), list(second)]
checks.array(kappa(first, second), (0.7 - 0.54) / 0.46, name, mistakes)
assert [first, second] == before, "Leave both lists as they are."
second = ["plane", "frog", "bird"]
hint = {
    "a number that is cut off at 0": (
        0.0,
        "Who agrees less than chance has a kappa below 0.",
    )
}
checks.array(
    kappa(["frog", "plane", "frog"], second),
    -0.5,
    "kappa of people who never agree",
    hint,
)
checks.array(
    kappa(["a", "b", "c"], ["a", "b", "c"]),
    1.0,
    "kappa of people who always agree",
)
with np.errstate(all="ignore"), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        got = kappa(["frog"] * 3, ["frog"] * 3)
    except Exception as problem:
        assert (
            "ZeroDivisionError" not in f"{type(problem).__name__}: {problem}"
        ), "A division by 0: where p_e is 1, return nan."
        raise
hint = {
    "a number": (
        1.0,
        "Both say frog to everything: nothing can be said, so nan.",
    )
}
hint["the number 0"] = (
    0.0,
    "Both say frog to everything: nothing can be said, so nan.",
)
checks.array(
    got, float("nan"), "kappa of people who say frog to everything", hint
)
got = kappa(["frog"] * 3, ["plane"] * 3)
checks.array(
    got,
    0.0,
    "kappa of people who say one thing each",
    {"nan": (float("nan"), "Here p_e is 0.")},
)

# %% nbgrader={"grade": true, "grade_id": "kappa_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(66)
for n, classes in ((5, 2), (40, 3), (200, 6)):
    first = [f"c{number}" for number in rng.integers(0, classes, n)]
    second = [
        old if rng.random() < 0.6 else f"c{rng.integers(0, classes + 1)}"
        for old in first
    ]
    counts = {
        name: (first.count(name) / n, second.count(name) / n)
        for name in {*first, *second}
    }
    chance = sum(a * b for a, b in counts.values())
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    checks.array(
        kappa(first, second),
        (agreed - chance) / (1 - chance),
        f"kappa of {n} pictures",
    )
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "suspects_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (2 points): the labels to look at first
#
# Which labels are doubtful? Ask a model, but **never about a picture that it was trained on**: it would
# repeat the label that it has learned. Each picture has the number of its *fold*. For every fold, train a
# new `classifier()` on the pictures of all **other** folds, and let it say the probabilities of this one's
# classes (`predict_proba`). Each picture then has an out-of-fold probability of **its own given label**.
# Write `suspects`: the rows of the `count` pictures where it is lowest, the lowest first.
#
# The columns of `predict_proba` are in the order of the model's `classes_`. A model that has never seen a
# class gives it no column: the probability is 0 then.


# %% nbgrader={"grade": false, "grade_id": "suspects", "locked": false, "schema_version": 3, "solution": true, "task": false}
def suspects(features, labels, folds, count):
    """The pictures whose labels are least probable to other folds' models.

    Parameters
    ----------
    features : ndarray of float, shape (n, d)
    labels : list of str
        The given label of each picture.
    folds : ndarray of int, shape (n,)
        The number of each picture's fold.
    count : int
        How many to return.

    Returns
    -------
    list of int
        Rows, the least probable label first.
    """
    ### BEGIN SOLUTION
    labels = np.asarray(labels)
    own = np.zeros(len(labels))
    for fold in np.unique(folds):
        inside = folds == fold
        model = classifier().fit(features[~inside], labels[~inside])
        is_own = labels[inside][:, None] == model.classes_
        own[inside] = (model.predict_proba(features[inside]) * is_own).sum(
            axis=1
        )
    return [int(row) for row in np.argsort(own)[:count]]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which pictures does the model of fold 2 learn from, and about which does it say something? Which column of
# its answer belongs to a picture that is called "frog"?
#
# ---
#
# `inside = folds == fold` picks the fold and `~inside` the rest. `list(model.classes_).index("frog")` is the
# column. Put each probability at its picture's place, and sort at the end with `np.argsort`.
#
# ---
#
# A neighbouring problem: how far is each number from the mean of the *other* teams?
#
# ```python
# points, team = np.array([3.0, 4.0, 9.0, 5.0]), np.array([0, 0, 1, 1])
# far = np.zeros(len(points))
# for number in np.unique(team):
#     mine = team == number
#     far[mine] = np.abs(points[mine] - points[~mine].mean())
# print(far, np.argsort(-far))
# ```


# %% nbgrader={"grade": true, "grade_id": "suspects_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
def planted(seed, n=60):
    rng = np.random.default_rng(seed)
    kinds = ["toad", "plane", "cat"]
    truth = [kinds[number] for number in rng.integers(0, 3, n)]
    points = np.array(
        [
            {"toad": [2.5, 0, 0], "plane": [0, 2.5, 0], "cat": [0, 0, 2.5]}[t]
            for t in truth
        ]
    )
    given = list(truth)
    for row in rng.permutation(n)[:6]:
        given[row] = kinds[(kinds.index(given[row]) + 1) % 3]
    return points + rng.normal(size=(n, 3)), given, rng.permutation(n) % 4


def own_probability(points, given, folds):
    own = np.zeros(len(given))
    for row, fold in enumerate(folds):
        others = [
            other for other, number in enumerate(folds) if number != fold
        ]
        if (fold, "model") not in memory:
            memory[fold, "model"] = classifier().fit(
                points[others], [given[o] for o in others]
            )
        model = memory[fold, "model"]
        names = list(model.classes_)
        said = model.predict_proba(points[row : row + 1])[0]
        own[row] = said[names.index(given[row])] if given[row] in names else 0
    return own


points, given, folds = planted(35)
memory = {}
own = own_probability(points, given, folds)
expected = np.argsort(own)[:8].tolist()
before = [points.tolist(), list(given), folds.tolist()]
got = [int(row) for row in suspects(points, given, folds, 8)]
after = [points.tolist(), list(given), folds.tolist()]
assert after == before, (
    "Leave the features, the labels and the folds as they are."
)
seen = classifier().fit(points, given)
proba = seen.predict_proba(points)
inside = proba[
    np.arange(60), [list(seen.classes_).index(name) for name in given]
]
assert got != np.argsort(inside)[:8].tolist(), (
    "These are the suspects of ONE model that has seen all pictures: "
    "leave the picture's fold out."
)
assert got != np.argsort(-own)[:8].tolist(), (
    "These have the HIGHEST probability: lowest first."
)
assert sorted(got) != sorted(expected) or got == expected, (
    "The right rows: the lowest comes first."
)
assert len(got) == 8, f"Return 8 rows, as asked for, not {len(got)}."
hint = (
    "The probability of the picture's own label, "
    "by the model of the other folds."
)
checks.equal(got, expected, "suspects(..., count=8)", hint)
got = [int(row) for row in suspects(points, given, folds, 1)]
checks.equal(got, expected[:1], "suspects(..., count=1)", hint)
points, given, folds = planted(8, 24)
given = ["bird" if row in (3, 11) else name for row, name in enumerate(given)]
folds[[3, 11]] = 2
memory = {}
try:
    got = [int(row) for row in suspects(points, given, folds, 24)]
except (ValueError, IndexError, KeyError) as problem:
    raise AssertionError(
        "Only fold 2 has birds, so its model has no column for them "
        f"({problem})."
    ) from None
hint = (
    "The model of the others has never heard of birds: the probability is 0."
)
name = "suspects with a class that only one fold has"
checks.equal(sorted(got[:2]), [3, 11], name, hint)
expected = np.argsort(own_probability(points, given, folds)).tolist()
hint = "Models may have different numbers of classes: compare probabilities."
checks.equal(got[2:], expected[2:], "the " + name + ", after the birds", hint)


# %% nbgrader={"grade": true, "grade_id": "suspects_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def planted(seed, n=60):
    rng = np.random.default_rng(seed)
    kinds = ["toad", "plane", "cat"]
    truth = [kinds[number] for number in rng.integers(0, 3, n)]
    points = np.array(
        [
            {"toad": [2.5, 0, 0], "plane": [0, 2.5, 0], "cat": [0, 0, 2.5]}[t]
            for t in truth
        ]
    )
    given = list(truth)
    for row in rng.permutation(n)[:6]:
        given[row] = kinds[(kinds.index(given[row]) + 1) % 3]
    return points + rng.normal(size=(n, 3)), given, rng.permutation(n) % 4


def own_probability(points, given, folds):
    own = np.zeros(len(given))
    for row, fold in enumerate(folds):
        others = [
            other for other, number in enumerate(folds) if number != fold
        ]
        if (fold, "model") not in memory:
            memory[fold, "model"] = classifier().fit(
                points[others], [given[o] for o in others]
            )
        model = memory[fold, "model"]
        names = list(model.classes_)
        said = model.predict_proba(points[row : row + 1])[0]
        own[row] = said[names.index(given[row])] if given[row] in names else 0
    return own


for seed, n in ((77, 50), (78, 80)):
    points, given, folds = planted(seed, n)
    folds = folds * 3 + 1
    memory = {}
    expected = np.argsort(own_probability(points, given, folds))[:10].tolist()
    got = [int(row) for row in suspects(points, given, folds, 10)]
    checks.equal(got, expected, f"suspects of {n} pictures")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "cleaned_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8 (2 points): somebody's clean-up, repaired
#
# Your friend has tried to clean the folder before:
#
# ```python
# def cleaned(files):
#     seen = []
#     for path in list(files):
#         if len(files[path]) in seen:
#             del files[path]
#         else:
#             seen.append(len(files[path]))
#     return files
# ```
#
# Find what is wrong, and write it anew:
#
# - Two files are copies if they hold the **same bytes**.
# - **All test files stay.** A training file that is a copy of a test file goes.
# - Of several copies within the training set **one stays**: that with the first path in sorted order.
# - The result is a new dict with sorted paths. The given one is left as it is, and its order does not matter.


# %% nbgrader={"grade": false, "grade_id": "cleaned", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cleaned(files):
    """The folder without copies.

    Parameters
    ----------
    files : dict of str to bytes
        Path, beginning with "train/" or "test/", to what the file holds.

    Returns
    -------
    dict of str to bytes
        A new one, in the order of the paths.
    """
    ### BEGIN SOLUTION
    seen = {data for path, data in files.items() if path.startswith("test/")}
    kept = {}
    for path in sorted(files):
        if path.startswith("test/"):
            kept[path] = files[path]
        elif files[path] not in seen:
            kept[path] = files[path]
            seen.add(files[path])
    return kept
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Go through the friend's code with three files of five bytes each. Which goes, and should it? Then look at
# `files` after the call.
#
# ---
#
# Begin with all that the test files hold. Then go through the sorted paths: test files stay; a training file
# stays if nobody has held its bytes yet, and from then on somebody has.
#
# ---
#
# A neighbouring problem: the first of each kind of fruit, but none that is on the shelf already.
#
# ```python
# shelf = {"fig"}
# basket = ["plum", "fig", "plum", "pear"]
# taken, known = [], set(shelf)
# for fruit in basket:
#     if fruit not in known:
#         taken.append(fruit)
#         known.add(fruit)
# print(taken, shelf)
# ```

# %% nbgrader={"grade": true, "grade_id": "cleaned_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
given = {
    "train/b.png": b"aa",
    "train/a.png": b"aa",
    "test/z.png": b"bb",
    "train/c.png": b"bb",
    "test/y.png": b"bb",
    "train/d.png": b"cc",
    "train/a-2.png": b"dd",
    "train/test/e.png": b"cc",
    "test/x.png": b"xyz",
    "train/z.png": b"last",
}
before = dict(given)
got = cleaned(given)
assert given == before, "The given dict has changed: build a new one."
assert isinstance(got, dict), "Return a dict, path -> bytes."
assert {"test/y.png", "test/z.png"} <= set(got), (
    "All test files stay, copies of each other, too."
)
assert "train/c.png" not in got, (
    "train/c.png holds what test/z.png holds: the training file goes."
)
assert "train/a-2.png" in got, (
    "As many bytes are not the same bytes: train/a-2.png is no copy."
)
assert {"train/a.png", "train/b.png"} & set(got), (
    "Of the copies train/a and train/b ONE stays."
)
assert "train/b.png" not in got, (
    "train/a.png comes first in sorted order, and stays; b goes."
)
expected = {
    "test/x.png": b"xyz",
    "test/y.png": b"bb",
    "test/z.png": b"bb",
    "train/a-2.png": b"dd",
    "train/a.png": b"aa",
    "train/d.png": b"cc",
    "train/z.png": b"last",
}
hint = "Bytes count, and which side the file is on."
checks.equal(sorted(got), list(expected), "the paths that stay", hint)
checks.equal(
    list(got),
    list(expected),
    "the paths of cleaned(files)",
    "In sorted order.",
)
assert got == expected, "Each path should hold what it held before."

# %% nbgrader={"grade": true, "grade_id": "cleaned_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
for seed in (22, 23):
    made = dataset.dirty(seed)
    given = dict(reversed(list(made.files.items())))
    got = cleaned(given)
    assert list(given) == list(reversed(list(made.files))), (
        "the given dict has changed"
    )
    held = {}
    for path in sorted(
        made.files, key=lambda path: (path.startswith("train/"), path)
    ):
        if path.startswith("test/") or made.files[path] not in held.values():
            held[path] = made.files[path]
    checks.equal(
        list(got), sorted(held), "the paths of another folder, cleaned"
    )
    assert got == held, "the bytes of a file have changed"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "findings_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 9 (2 points): everything together
#
# Write `findings`: a whole folder in, six kinds of faults out. It may use all your answers and the helpers
# above (`shrunk`, `features`).
#
# - `"corrupt"`, `"misnamed"`, `"copies"`: as in questions 1 and 2.
# - `"twins"`: training paths that are nearly the same as a test picture and are no copies in bytes. Choose
#   the limit yourself: a picture that was saved again, made brighter or smaller differs in a few bits, two
#   strangers in some thirty.
# - `"labels"`: training paths whose label is doubtful. Some nine labels are wrong in such a folder; name 10 to
#   15. Choose the folds yourself, for example `np.arange(n) % 5`.
# - `"series"`: the names (`"k07"`) of series that have pictures in `train` **and** in `test`.
#
# Leave corrupt files out before you look into pictures; misnamed ones can be read. The check makes another
# folder and measures **precision** (of what you name, the share that is wrong) and **recall** (of what is
# wrong, the share that you name) for each kind. Files and series can be found without a mistake, twins nearly
# so. No tool of ours finds the wrong labels of such small pictures that well: a recall of 40 % with a
# precision of 30 % will do, where naming at random has a precision of about 7 %.


# %% nbgrader={"grade": false, "grade_id": "findings", "locked": false, "schema_version": 3, "solution": true, "task": false}
def findings(files):
    """What is wrong with a folder.

    Parameters
    ----------
    files : dict of str to bytes
        Path, such as "train/frog/k07-2.png", to what the file holds.

    Returns
    -------
    dict of str to list of str
        For "corrupt", "misnamed", "copies", "twins" and "labels" paths,
        for "series" names.
    """
    ### BEGIN SOLUTION
    found = {**broken(files), "copies": copies(files)}
    paths = [path for path in sorted(files) if path not in found["corrupt"]]
    sides = {
        part: [path for path in paths if path.startswith(f"{part}/")]
        for part in ("train", "test")
    }
    hashes = {
        part: np.array([dhash(shrunk(files[p])) for p in some])
        for part, some in sides.items()
    }
    near = [
        sides["train"][row]
        for row, _ in twins(hashes["train"], hashes["test"], 6)
    ]
    found["twins"] = [path for path in near if path not in found["copies"]]
    known = sides["train"]
    described = np.array([features(files[path]) for path in known])
    rows = suspects(
        described,
        [path.split("/")[1] for path in known],
        np.arange(len(known)) % 5,
        12,
    )
    found["labels"] = [known[row] for row in rows]
    series = {
        part: {
            path.split("/")[2].split("-")[0]
            for path in files
            if path.startswith(part)
        }
        for part in sides
    }
    found["series"] = sorted(series["train"] & series["test"])
    return found
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which of your functions answers which of the six kinds? What do the others need: paths without the corrupt
# ones, hashes of both sides, features of the training pictures?
#
# ---
#
# Begin with `broken` and `copies`, and keep the list of readable paths of each side: the rows that `twins`
# and `suspects` return are places in that list. For the series, make one `set` of names for each side and
# take what is in both (`&`).
#
# ---
#
# A neighbouring problem: which words do two texts share?
#
# ```python
# texts = {"one": "the frog sits", "two": "the plane flies"}
# words = {name: set(text.split()) for name, text in texts.items()}
# print(sorted(words["one"] & words["two"]))
# ```

# %% nbgrader={"grade": true, "grade_id": "findings_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
LEAST = {
    "corrupt": (1, 1),
    "misnamed": (1, 1),
    "copies": (1, 1),
    "twins": (0.7, 0.7),
    "labels": (0.3, 0.4),
}
LEAST["series"] = (1, 1)

made = dataset.dirty(10)
before = dict(made.files)
got = findings(made.files)
assert made.files == before, "Leave the given dict as it is."
assert isinstance(got, dict), "Return a dict, kind -> list of paths."
assert set(got) == set(LEAST), (
    f"The kinds should be {', '.join(LEAST)}; got {', '.join(got)}."
)
strange = {
    path for kind in got for path in got[kind] if kind != "series"
} - set(made.files)
assert not strange, (
    f"There is no file {sorted(strange)[0]!r}: name paths of the folder."
)
assert all(path.startswith("train/") for path in got["labels"]), (
    "Name labels of TRAINING pictures."
)
both = set(got["twins"]) & set(got["copies"])
assert not both, (
    f"{sorted(both)[0]} is a copy in bytes: do not name it as a twin as well."
)
for kind, (precision, recall) in dataset.score(got, made.planted).items():
    least = LEAST[kind]
    assert precision >= least[0], (
        f"{kind}: precision {precision:.0%}, at least {least[0]:.0%} "
        "is asked for: too much is named."
    )
    assert recall >= least[1], (
        f"{kind}: recall {recall:.0%}, at least {least[1]:.0%} "
        "is asked for: something is missed."
    )

# %% nbgrader={"grade": true, "grade_id": "findings_hidden_test", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
LEAST = {
    "corrupt": (1, 1),
    "misnamed": (1, 1),
    "copies": (1, 1),
    "twins": (0.7, 0.7),
    "labels": (0.3, 0.4),
}
LEAST["series"] = (1, 1)

means = {kind: np.zeros(2) for kind in LEAST}
for seed in (26, 27):
    made = dataset.dirty(seed)
    for kind, score in dataset.score(
        findings(made.files), made.planted
    ).items():
        means[kind] += np.array(score) / 2
for kind, (precision, recall) in means.items():
    assert precision >= LEAST[kind][0], (
        f"{kind}: precision {precision:.0%} on two other folders"
    )
    assert recall >= LEAST[kind][1], (
        f"{kind}: recall {recall:.0%} on two other folders"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## What was the dirt worth?
#
# Now your findings clean your friend's folder, and a classifier is trained before and after. **Before**, it
# learns from all readable training pictures. **After**, copies, twins, leaking series and doubtful labels are
# out. The test pictures are the same both times: all that can be read.
#
# > **Predict, then run.** Will the accuracy on the test pictures rise or fall? Which of the faults pushes it up,
# > and which down?

# %%
found = findings(folder)
for kind, names in found.items():
    print(f"{kind:9} {len(names):3} found: {', '.join(names[:2])} ...")
out = {path for kind in ("copies", "twins", "labels") for path in found[kind]}
train = [
    p for p in folder if p.startswith("train/") and p not in found["corrupt"]
]
kept = [
    p
    for p in train
    if p not in out and p.split("/")[2].split("-")[0] not in found["series"]
]
test = [
    p for p in folder if p.startswith("test/") and p not in found["corrupt"]
]
asked, truth = (
    np.array([features(folder[p]) for p in test]),
    [p.split("/")[1] for p in test],
)
print()
for name, paths in {"before": train, "after": kept}.items():
    described = np.array([features(folder[path]) for path in paths])
    model = classifier().fit(described, [path.split("/")[1] for path in paths])
    right = int(np.sum(model.predict(asked) == np.array(truth)))
    low, high = experiments.proportion(right, len(test))
    print(
        f"{name:6}: {len(paths)} training pictures, "
        f"{right} of {len(test)} test pictures right, "
        f"{right / len(test):.0%} (95 % interval {low:.0%} to {high:.0%})"
    )

# %% [markdown] nbgrader={"grade": false, "grade_id": "words_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 10 (2 points): a paragraph for the report
#
# Write four sentences for the section "Data and results" of a report: what was wrong with the folder, in
# numbers; what you did about it; the accuracy before and after, with the intervals; and what may **not** be
# concluded from these numbers. A person grades them, by what they say and not by their style. (A number that
# your notebook does not print loses the point that it is used for.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Of the files, 6 could not be read and 6 had the wrong ending; 8 training files were copies of test files, 8
# more were near-twins of them, and 4 series were on both sides; 12 labels looked doubtful. We left the
# unreadable files out of both parts and took copies, twins, leaking series and doubtful labels out of the
# training set; the test set stayed as it was. The two accuracies and their intervals stand in the lines
# "before" and "after"; they overlap widely. So these few test pictures do not show that cleaning made the
# classifier better or worse. In particular the number "before" is partly a measure of memory, because test
# pictures had been trained on; the "after" number is the only one that I would report as an estimate for new
# pictures, and even that rests on two classes, one split and labels that nobody has checked in the test set.
#
# (The numbers depend on the student's own findings: grade them by what the notebook prints.)
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 0 | No numbers of the notebook, or a conclusion that the intervals contradict ("cleaning made it better by 3 points", although they overlap), or the number "before" given as the result. |
# | 1 | Faults and both accuracies with their intervals are there, but nothing is said about what may not be concluded, or what was done about the faults is missing. |
# | 2 | All four: the faults in numbers; what was done about them; both accuracies with intervals; and one limit that fits, such as: the intervals overlap, so no difference is shown; "before" was tested on pictures that had been trained on; some of the doubtful labels were right; the labels of the test set were not checked. |
# ### END SOLUTION

# %% [markdown]
# ## How far are you?
#
# The next cell runs all checks of this notebook on what you have now.

# %%
exercise.progress()

# %% [markdown]
# ## Go further (no points, no solution)
#
# - **Look at them.** Show the twelve doubtful labels with `plots.image_grid`. Which would you correct?
# - **A folder of your own.** `dataset.examine("my folder")` looks for all that and more; it changes nothing.
# - **Another limit.** Draw precision and recall of the twins against the limit, from 0 to 30 bits.
# - **Twice the dirt.** Change `dataset.dirty` in a copy of your own, and find out when the audit of labels breaks.

# %%
# Your experiments
