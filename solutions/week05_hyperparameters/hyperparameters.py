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
# # Exercise 5: search well, and be able to defend what you chose
#
# Almost everyone who trains networks tries a few settings, keeps the best number and reports it.
# You are going to do it properly. You write the table that says which results differ and which
# are luck, three ways to search at the same budget, the rule that stops hopeless trials early, and
# a final choice that would survive a hostile question. At the end your own program searches the
# settings of a CNN, picks one, and opens the test set a single time.
#
# | question | you write | points |
# |---|---|---|
# | 1 | a ranked table that admits its ties, and what it says | 6 |
# | 2 | a grid that keeps to its budget | 2 |
# | 3 | random search | 1 |
# | 4 | incumbent curves, with a band | 2 |
# | 5 | a learning-rate schedule | 1 |
# | 6 | pruning by the median rule | 2 |
# | 7 | a choice that you can defend; somebody's report, repaired | 3 |
# | 8 | a Bayesian study that survives a restart | 3 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the cell, then run the
# check below it. A check that fails tells you what it saw and what to think about. When you hand
# in, further checks run on other numbers, so write for any input that fits the description. They
# have points of their own. No check asks for an accuracy: whether your code is right does not
# depend on a lucky seed. Each answer may use your earlier ones; a slip in an earlier answer costs no
# points in a later one.
#
# **Stuck?** `exercise.hint("1a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook takes a few minutes on a laptop. It uses a small, fixed sample of
# Fashion-MNIST that comes with the course, the same for everybody.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math
import warnings

import numpy as np
from scipy import special

import helpers.exercise
from helpers import budget, checks, limits, plots
from helpers.data import load

exercise = helpers.exercise.load("week05_hyperparameters")
budget.describe()
clothes = load("fashion_mnist", source="sample")
print(clothes)


def t_quantile(probability, degrees):
    """The value below which a t-distributed number stays with this
    probability.

    t_quantile(0.975, 4) is 2.776: with five runs (four degrees of freedom),
    the middle 95 % of the distribution lie between -2.776 and 2.776. The
    degrees may be a fraction.
    """
    return float(special.stdtrit(degrees, probability))


def table_of(configurations, space):
    """Configurations as an array with a column for each hyperparameter (the
    checks use it).
    """
    assert isinstance(configurations, list | tuple), (
        "expected a list of configurations, got "
        f"{type(configurations).__name__}: does the function end with "
        "`return`?"
    )
    for one in configurations:
        assert isinstance(one, dict) and set(one) == set(space), (
            f"a configuration should be a dict with the keys {sorted(space)}, "
            f"not {one!r}"
        )
        for name, value in one.items():
            assert (
                isinstance(value, int | float | np.number)
                and np.ndim(value) == 0
            ), (
                f"{name} should be a single number in each configuration, not "
                f"{value!r}"
            )
    rows = [[float(one[name]) for name in space] for one in configurations]
    return np.array(rows).reshape(len(rows), len(space))


def quietly(function, *arguments):
    """Call a function without NumPy's warnings about NaN: here NaN is no
    mistake.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def as_array(value):
    """Lists and tensors as NumPy arrays; anything else as it is (the checks
    use it).
    """
    is_like_one = isinstance(value, list | tuple) or hasattr(
        value, "__array__"
    )
    return np.asarray(value) if is_like_one else value


# Simple functions that take the place of your earlier answers while a later
# one is checked, so that a slip in those costs no point there. They do not
# solve the questions.
STAND_INS = {
    "ranked_table": lambda runs, larger_is_better=True: sorted(
        ((name, values[0], values[-1]) for name, values in runs.items()),
        key=lambda row: row[1],
        reverse=larger_is_better,
    ),
    "difference_interval": lambda a, b: (a[0] - b[0] - 0.5, a[0] - b[0] + 0.5),
    "incumbent": lambda values: np.asarray(values, dtype=float)[::-1] ** 2,
    "should_stop": lambda curve, finished: curve[-1] == len(finished),
    "one_standard_error": lambda validation, cost: max(
        validation, key=lambda name: sum(validation[name]) + cost[name]
    ),
}


def with_stand_ins(space, name, arguments):
    """The answer of a function while all those above, but itself, are
    replaced.
    """
    others = {key: value for key, value in STAND_INS.items() if key != name}
    kept = {key: space[key] for key in others if key in space}
    try:
        space.update({key: others[key] for key in kept})
        return space[name](*arguments)
    finally:
        space.update(kept)


def either(check, other):
    """Run a check; if it fails, another one that does not depend on earlier
    answers may pass instead.
    """
    try:
        check()
    except Exception as problem:
        try:
            other()
        except Exception:
            raise problem from None


# %% [markdown]
# **The network of this exercise** fits in one function: 196 pixels, one hidden layer, ten
# classes, trained by SGD with momentum, your loop of week 3. It learns in a blink. So you can
# afford what is often too dear: to repeat every comparison. It returns the validation accuracy
# after each epoch. It does not know the test images.

# %%
import time


def small(images):
    """Images of half the size, as rows of numbers around 0."""
    halves = images.reshape(len(images), 14, 2, 14, 2).mean(axis=(2, 4))
    return halves.reshape(len(images), 196) / 255 - 0.3


rows, labels = small(clothes.train.images), clothes.train.labels
validation_rows, validation_labels = (
    small(clothes.validation.images),
    clothes.validation.labels,
)
# The seconds that each training took: in the end we ask what it all cost.
clock = []


def train_network(
    learning_rate, momentum, spread=0.1, epochs=4, seed=0, hidden=24
):
    """Validation accuracy of a small network after each epoch."""
    started, rng = time.perf_counter(), np.random.default_rng(seed)
    shapes = [(196, hidden), (hidden,), (hidden, 10), (10,)]
    weights = [
        spread * rng.normal(size=shape) * (len(shape) > 1) for shape in shapes
    ]
    speed = [np.zeros(shape) for shape in shapes]
    accuracies = []
    # A rate far too large ends in NaN, and at chance level.
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            for batch in rng.permutation(len(rows)).reshape(-1, 60):
                w, b, v, c = weights
                x = rows[batch]
                h = np.maximum(x @ w + b, 0)
                scores = h @ v + c
                error = np.exp(scores - scores.max(axis=1, keepdims=True))
                error /= error.sum(axis=1, keepdims=True)
                error[np.arange(60), labels[batch]] -= 1
                error /= 60
                back = (error @ v.T) * (h > 0)
                slopes = (
                    x.T @ back,
                    back.sum(axis=0),
                    h.T @ error,
                    error.sum(axis=0),
                )
                for place, slope in enumerate(slopes):
                    speed[place] = (
                        momentum * speed[place] - learning_rate * slope
                    )
                    weights[place] = weights[place] + speed[place]
            w, b, v, c = weights
            answers = (np.maximum(validation_rows @ w + b, 0) @ v + c).argmax(
                axis=1
            )
            accuracies.append(float((answers == validation_labels).mean()))
    # Running this again is one more training.
    clock.append(time.perf_counter() - started)
    return accuracies


print(
    "validation accuracy after each epoch:",
    np.round(train_network(0.05, 0.9), 3),
)
print(f"one training took {clock[-1]:.3f} s")

# %% [markdown] nbgrader={"grade": false, "grade_id": "ranked_table_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (6 points): a ranked table that admits its ties, and what it says
#
# **a) The table (2 points).** Every method was trained several times, from several seeds. Make a
# table with one row for each: its name, the **mean** of its runs and their **spread**. The spread
# is the standard deviation of a *sample*, with the divisor $n-1$:
#
# $$s = \sqrt{\frac{1}{n-1} \sum_{i=1}^{n} (x_i - \bar x)^2}$$
#
# One point is for the numbers, one for the order: best first. "Best" is the largest mean for
# accuracies, the smallest for losses. Methods with the same mean keep the order in which they were
# given. And a run that **diverged** stands in the list as NaN. Leaving it out would reward a method
# for failing. So the mean of that method is NaN, and the method goes to the end, in the order
# given. (Think before you sort: is NaN smaller than 0.5? Is it larger?)


# %% nbgrader={"grade": false, "grade_id": "ranked_table", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ranked_table(runs, larger_is_better=True):
    """Mean and spread of each method, best first.

    Parameters
    ----------
    runs : dict of str to list of float
        For each method the results of its runs, at least two; NaN for a run
        that diverged.
    larger_is_better : bool
        True for accuracies, False for losses.

    Returns
    -------
    list of (str, float, float)
        Name, mean and sample standard deviation. Methods whose mean is NaN
        come last.
    """
    ### BEGIN SOLUTION
    table = [
        (name, float(np.mean(values)), float(np.std(values, ddof=1)))
        for name, values in runs.items()
    ]
    sign = -1 if larger_is_better else 1
    return sorted(table, key=lambda row: (math.isnan(row[1]), sign * row[1]))
    ### END SOLUTION


def ask_alone(name, *arguments):
    """One of your functions with stand-ins for the others (the checks use it:
    leave it as it is).
    """
    return with_stand_ins(globals(), name, arguments)


# %% [markdown] tags=["hints"]
# Two steps: make the rows, then sort them. What should the sort look at first,
# so that NaN goes to the end, however large or small the other means are?
#
# ---
#
# `np.std(values, ddof=1)` has the divisor n - 1. `sorted` is stable and takes
# a `key`; a key may be a tuple, and False comes before True: is the mean NaN,
# and then the mean itself, with its sign turned round where larger is better.
#
# ---
#
# A neighbouring problem: runners by their time, shortest first, and those who
# did not finish (None) at the end, in the order given.
#
# ```python
# runners = [("Ada", 62.0), ("Ben", None), ("Cleo", 58.5), ("Dan", None)]
# print(sorted(runners, key=lambda one: (one[1] is None, one[1] or 0)))
# ```

# %% nbgrader={"grade": true, "grade_id": "ranked_table_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
runs = {"small": [0.60, 0.64, 0.68], "large": [0.70, 0.70, 0.76], "huge": [0.5, 0.8]}
table = ranked_table(runs)
assert isinstance(table, list | tuple) and all(
    isinstance(row, list | tuple) and len(row) == 3 for row in table
), "ranked_table should return a list with three things for each method: (name, mean, spread)"
assert sorted(row[0] for row in table) == sorted(runs), (
    f"The names in the table are {[row[0] for row in table]}: each method should stand there once."
)
found = {row[0]: row[1:] for row in table}
got = np.array([found[name] for name in runs], dtype=float)
mistakes = {
    "a table of medians": ([0.64, 0.70, 0.65], "The mean is asked for."),
    "a table of the best runs": (
        [0.68, 0.76, 0.8],
        "The best of several runs is mostly luck, and the more runs the more of it: take the mean.",
    ),
    "a table of sums": ([1.92, 2.16, 1.3], "Divide by the number of runs OF THAT METHOD."),
}
checks.array(got[:, 0], np.array([0.64, 0.72, 0.65]), "the means of three methods", mistakes)
mistakes = {
    "the spread with divisor n": (
        [0.0326599, 0.0282843, 0.15],
        "Divide by n - 1: np.std has an argument for that, ddof.",
    ),
    "the variance": ([0.0016, 0.0012, 0.045], "Take its square root."),
    "the standard error of the mean": (
        [0.0230940, 0.02, 0.15],
        "The spread of the RUNS is asked for: no division by the root of n.",
    ),
    "the distance from the worst to the best run": ([0.08, 0.06, 0.3], "See the formula."),
}
expected = np.array([0.04, 0.0346410, 0.2121320])
checks.array(got[:, 1], expected, "the spreads of three methods", mistakes)

# %% nbgrader={"grade": true, "grade_id": "ranked_table_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(11)
runs = {f"m{i}": rng.normal(1.5, 0.4, size=n).tolist() for i, n in enumerate([2, 3, 5, 9])}
found = {row[0]: row[1:] for row in ranked_table(runs, larger_is_better=False)}
for name, values in runs.items():
    mean = sum(values) / len(values)
    spread = (sum((x - mean) ** 2 for x in values) / (len(values) - 1)) ** 0.5
    checks.array(
        np.array(found[name]), np.array([mean, spread]), f"mean and spread of {len(values)} runs"
    )
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "ranked_table_order_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
runs = {"b": [0.6, 0.7], "a": [0.8, 0.9], "d": [0.7, 0.6], "c": [0.1, 0.3]}
got = [row[0] for row in ranked_table(runs)]
hint = "Best first: the largest mean for accuracies. The names do not count."
assert got != ["c", "b", "d", "a"], f"Accuracies are ranked {got}: that is the worst first. {hint}"
assert got != ["a", "d", "b", "c"], (
    f"Accuracies are ranked {got}: b and d have the same mean, and b was given first. "
    "Sort by the mean downwards, rather than upwards and then turned round."
)
checks.equal(got, ["a", "b", "d", "c"], "the order of accuracies", hint)
got = [row[0] for row in ranked_table(runs, larger_is_better=False)]
hint = "For losses the smallest mean is the best: look at larger_is_better."
checks.equal(got, ["c", "b", "d", "a"], "the order of losses", hint)
runs = {"k": [0.5, math.nan], "f": [0.2, 0.4], "g": [math.nan, 0.9], "h": [0.6, 0.6]}
hint = (
    "A method with a diverged run (NaN) goes to the end, in the order given: let the sort look at math.isnan "
    "first. Leaving the run out would reward the method."
)
got = [row[0] for row in ranked_table(runs)]
checks.equal(got, ["h", "f", "k", "g"], "the order where runs of k and g diverged", hint)
got = [row[0] for row in ranked_table(runs, larger_is_better=False)]
checks.equal(got, ["f", "h", "k", "g"], "the order of losses where k and g diverged", hint)
runs = {"q": [0.25, 1.0], "r": [0.5, 0.75], "p": [0.375, 0.875], "z": [0.0, 0.125]}
hint = "q, r and p have the same mean: they keep the order in which they were given, whatever their spread or name."
got = [row[0] for row in ranked_table(runs)]
checks.equal(got, ["q", "r", "p", "z"], "the order where three means are the same", hint)
got = [row[0] for row in ranked_table(runs, larger_is_better=False)]
checks.equal(got, ["z", "q", "r", "p"], "the order of losses where three means are the same", hint)
means = {row[0]: row[1] for row in ranked_table({"e": [0.5, math.nan], "f": [0.2, 0.4]})}
assert math.isnan(means["e"]), (
    f"The mean of a method with a diverged run should be NaN, not {means['e']}: leaving the run out would reward it."
)

# %% nbgrader={"grade": true, "grade_id": "ranked_table_order_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(12)
for larger in (True, False, True, False):
    names = [f"m{i}" for i in rng.permutation(12)]
    means = {name: float(mean) for name, mean in zip(names, rng.integers(-2, 3, 12), strict=True)}
    wide = dict(zip(names, (rng.integers(1, 9, size=12) / 4).tolist(), strict=True))
    runs = {name: [means[name] - wide[name], means[name] + wide[name]] for name in names}
    runs["m3"], runs["m0"] = [math.nan, 9.0], [0.0, math.nan, 1.0]
    sound = sorted(
        (name for name in runs if name not in ("m0", "m3")),
        key=lambda name: -means[name] if larger else means[name],
    )
    table = quietly(ranked_table, runs, larger)
    got = [row[0] for row in table]
    failed = [name for name in names if name in ("m0", "m3")]
    checks.equal(got, [*sound, *failed], f"the order of 12 methods, larger_is_better={larger}")
    assert all(math.isnan(row[1]) for row in table[-2:]), "the mean with a diverged run is NaN"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "difference_interval_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) How far apart are two methods? (1 point)** The difference of two means is uncertain, because
# both means are. A mean of $n$ runs has the variance $v = s^2/n$, and variances of independent
# things add up. From that comes Welch's interval, which holds the true difference in 95 % of all
# such comparisons (where the runs are about normally distributed):
#
# $$\bar a - \bar b \;\pm\; t_{0.975,\,f}\,\sqrt{v_a + v_b} \qquad\text{with}\qquad
#   v_a = \frac{s_a^2}{n_a}, \quad v_b = \frac{s_b^2}{n_b}, \quad
#   f = \frac{(v_a + v_b)^2}{\dfrac{v_a^2}{n_a - 1} + \dfrac{v_b^2}{n_b - 1}}$$
#
# The factor $t_{0.975,\,f}$ is `t_quantile(0.975, f)` from the first cell. For many runs it is
# 1.96, for three and three it can exceed 4: few runs know little about their own spread.


# %% nbgrader={"grade": false, "grade_id": "difference_interval", "locked": false, "schema_version": 3, "solution": true, "task": false}
def difference_interval(a, b):
    """Welch's 95 % interval for the difference of the means of two methods.

    Parameters
    ----------
    a, b : list of float
        The runs of each, at least two; the numbers of runs may differ. At
        least one has a spread.

    Returns
    -------
    low, high : float
        The ends of the interval for mean(a) - mean(b).
    """
    ### BEGIN SOLUTION
    va, vb = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    degrees = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = t_quantile(0.975, degrees) * math.sqrt(va + vb)
    difference = float(np.mean(a) - np.mean(b))
    return difference - half, difference + half
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Calculate one letter of the formula after the other, each in a line of its
# own, and print them. Is $v$ the variance of the runs, or that of their mean?
#
# ---
#
# `np.var(a, ddof=1) / len(a)` is $v_a$. Then the degrees of freedom `f`, then
# half the width, `t_quantile(0.975, f)` times a root. Return two numbers, the
# difference of the means minus and plus that half.
#
# ---
#
# A neighbouring problem: the 95 % interval of a single mean, with the normal
# factor 1.96.
#
# ```python
# runs = np.array([0.71, 0.74, 0.70, 0.73])
# variance_of_mean = runs.var(ddof=1) / len(runs)
# half = 1.96 * variance_of_mean**0.5
# print(runs.mean() - half, runs.mean() + half)
# ```

# %% nbgrader={"grade": true, "grade_id": "difference_interval_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
a, b = [0.70, 0.74, 0.84], [0.66, 0.67, 0.70, 0.69]
got = limits.keeps_input(difference_interval, a, b)
assert isinstance(got, list | tuple | np.ndarray) and len(got) == 2, (
    "difference_interval should return two numbers: return low, high"
)
got = np.array(got, dtype=float)
mistakes = {
    "the interval for mean(b) - mean(a)": (
        [-0.2487229, 0.0887229],
        "What is subtracted from what?",
    ),
    "the interval from high to low": ([0.2487229, -0.0887229], "Low first."),
    "an interval with 1.96": (
        [-0.0035399, 0.1635399],
        "With seven runs the spread itself is uncertain: t_quantile(0.975, f).",
    ),
    "a one-sided interval": (
        [-0.0372817, 0.1972817],
        "2.5 % are left out on EACH side: t_quantile(0.975, f).",
    ),
    "an interval with n_a + n_b - 2 degrees of freedom": (
        [-0.0295643, 0.1895643],
        "That holds if both methods have the same spread: take Welch's f.",
    ),
    "an interval of spreads, not of errors of the means": (
        [-0.2074002, 0.3674002],
        "The variance of a mean is s^2 / n: divide by the number of runs.",
    ),
    "an interval with the divisor n in the variances": (
        [-0.0568785, 0.2168785],
        "Sample variances divide by n - 1: ddof=1.",
    ),
    "the middle and half of the width": (
        [0.08, 0.1687229],
        "Return both ENDS: the difference minus half the width, and plus it.",
    ),
    "an interval without the root": ([0.0718, 0.0882], "The error is the ROOT of the sum of the variances."),
    "an interval of half the width": (
        [-0.0043614, 0.1643614],
        "The formula says plus and minus t times the root: not half of that.",
    ),
    "an interval with the two errors added": (
        [-0.1209442, 0.2809442],
        "Variances add up, errors do not: take ONE root, of the sum of the variances.",
    ),
}
expected = np.array([-0.0887229, 0.2487229])
checks.array(got, expected, "difference_interval(a, b)", mistakes, atol=2e-6)

# %% nbgrader={"grade": true, "grade_id": "difference_interval_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(13)
for n_a, n_b, wide in [(2, 6, 1.0), (5, 5, 4.0), (3, 12, 0.1)]:
    a, b = rng.normal(3, 1, size=n_a), rng.normal(2.5, wide, size=n_b)
    v = np.array([a.var(ddof=1) / n_a, b.var(ddof=1) / n_b])
    f = v.sum() ** 2 / (v[0] ** 2 / (n_a - 1) + v[1] ** 2 / (n_b - 1))
    half = t_quantile(0.975, f) * v.sum() ** 0.5
    middle = a.mean() - b.mean()
    got = np.array(difference_interval(a.tolist(), b.tolist()), dtype=float)
    name = f"difference_interval of {n_a} and {n_b} runs"
    checks.array(got, np.array([middle - half, middle + half]), name, rtol=1e-4)
got = np.array(quietly(difference_interval, [1.0, 1.0, 1.0], [2.0, 3.0, 4.0]), dtype=float)
half = t_quantile(0.975, 2) / 3**0.5
checks.array(got, np.array([-2 - half, -2 + half]), "difference_interval, a without any spread")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "tied_with_best_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **c) The ties (1 point).** If the interval contains 0, these runs cannot tell the two methods
# apart. It does not mean that the methods are equal; it means that you do not know. Write
# `tied_with_best`: the names of the best method and of every method that cannot be told apart
# *from the best*, in the order of the table. (No run has diverged here.)


# %% nbgrader={"grade": false, "grade_id": "tied_with_best", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tied_with_best(runs, larger_is_better=True):
    """The best method, and those that cannot be told apart from it.

    Parameters
    ----------
    runs, larger_is_better
        As in `ranked_table`, without NaN.

    Returns
    -------
    list of str
        In the order of the table: the best method first.
    """
    ### BEGIN SOLUTION
    names = [name for name, _, _ in ranked_table(runs, larger_is_better)]
    tied = names[:1]
    for name in names[1:]:
        low, high = difference_interval(runs[names[0]], runs[name])
        if low <= 0 <= high:
            tied.append(name)
    return tied
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# You have everything already: which of your functions says who is best, and
# which one says whether two can be told apart?
#
# ---
#
# The names in the order of `ranked_table`; the first one is in the answer
# anyway. For each of the others take `difference_interval` with the first, and
# ask whether 0 lies between its two ends.
#
# ---
#
# A neighbouring problem: which cities are as warm as the warmest, up to two
# degrees?
#
# ```python
# warmth = {"Rome": 24.0, "Oslo": 9.5, "Nice": 22.5, "Athens": 25.0}
# ranking = sorted(warmth, key=warmth.get, reverse=True)
# print([city for city in ranking if warmth[ranking[0]] - warmth[city] <= 2])
# ```

# %% nbgrader={"grade": true, "grade_id": "tied_with_best_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
runs = {
    "sure": [0.50, 0.51, 0.49, 0.50],  # far below
    "lagging": [0.76, 0.80, 0.78, 0.78],  # lower, but within the uncertainty of the difference
    "close": [0.77, 0.81, 0.79, 0.80],  # well inside of the best one's luck
    "first": [0.80, 0.82, 0.78, 0.83],
    "wild": [0.30, 0.95, 0.90, 0.60],  # worse on average, but who knows?
    "steady": [0.74, 0.75, 0.74, 0.75],  # close, yet surely worse
    "near": [0.762, 0.772, 0.764, 0.770],  # its own 95 % interval overlaps with that of first
}


def answers():
    """With your own table and interval."""
    got = limits.keeps_input(tied_with_best, runs)
    assert isinstance(got, list | tuple), "tied_with_best should return a list of names"
    got = list(got)
    assert "first" in got, f"{got}: the best method itself, first, belongs to the list."
    assert "sure" not in got and "steady" not in got, (
        f"{got}: steady and sure are told apart from first, all of their runs are lower. Does the "
        "interval of the difference contain 0? And compare with the BEST method, not with the "
        "neighbour in the table."
    )
    assert "near" not in got, (
        f"{got}: near is told apart from first. Two intervals of single means may overlap although the "
        "interval of the DIFFERENCE does not contain 0: only that one counts."
    )
    assert "close" in got and "wild" in got, (
        f"{got}: the interval of first minus close contains 0, and so does that of first minus wild "
        "(wild has a very large spread). They are not told apart from the best one."
    )
    assert "lagging" in got, (
        f"{got}: the interval of first minus lagging reaches from -0.007 to 0.062. It contains 0."
    )
    hint = "In the order of the table: best mean first."
    checks.equal(got, ["first", "close", "lagging", "wild"], "tied_with_best(runs)", hint)
    losses = {name: [1 - value for value in values] for name, values in runs.items()}
    got = list(tied_with_best(losses, False))
    hint = "With losses the smallest mean is the best: pass larger_is_better on to your table."
    expected = ["first", "close", "lagging", "wild"]
    checks.equal(got, expected, "the same as losses, 1 - accuracy", hint)


def with_others():
    """With stand-ins for them (see the first cell): what counts there are the first runs."""
    got = list(limits.keeps_input(ask_alone, "tied_with_best", runs))
    checks.equal(got, ["first", "close", "lagging", "near", "steady", "sure", "wild"], "alone")
    few = {"a": [3.0], "b": [4.0], "c": [4.4], "d": [3.8]}
    checks.equal(list(ask_alone("tied_with_best", few)), ["c", "b"], "alone, four methods")
    checks.equal(list(ask_alone("tied_with_best", few, False)), ["a"], "alone, losses")


either(answers, with_others)

# %% nbgrader={"grade": true, "grade_id": "tied_with_best_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def really_tied(runs, larger):
    """The second implementation: names, best first."""
    sign = 1 if larger else -1
    order = sorted(runs, key=lambda name: -sign * sum(runs[name]) / len(runs[name]))
    tied, x = [], np.array(runs[order[0]])
    for name in order:
        y = np.array(runs[name])
        v = [x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)]
        f = sum(v) ** 2 / (v[0] ** 2 / (len(x) - 1) + v[1] ** 2 / (len(y) - 1))
        half = t_quantile(0.975, f) * sum(v) ** 0.5
        if name == order[0] or abs(x.mean() - y.mean()) <= half:
            tied.append(name)
    return tied


def on_random_runs():
    """Many sets of runs, of all sizes and spreads."""
    rng = np.random.default_rng(21)
    for case in range(80):
        runs = {}
        for i in rng.permutation(int(rng.integers(1, 7))):
            centre, wide = 2 + 0.5 * rng.normal(), 0.05 + 0.5 * rng.random()
            runs[f"m{i}"] = rng.normal(centre, wide, size=int(rng.integers(2, 7))).tolist()
        larger = bool(case % 2)
        got = list(tied_with_best(runs, larger))
        checks.equal(got, really_tied(runs, larger), f"tied_with_best of {runs}, {larger}")


def with_others():
    """The same with simple stand-ins: there the first run is the mean, and 0.5 half the width."""
    rng = np.random.default_rng(22)
    for case in range(30):
        wide = 0.8 if case % 3 == 0 else 3.0
        runs = {f"m{i}": (wide * rng.random(3)).tolist() for i in rng.permutation(6)}
        larger = bool(case % 2)
        order = sorted(runs, key=lambda name: runs[name][0], reverse=larger)
        best = runs[order[0]][0]
        expected = [name for name in order if abs(runs[name][0] - best) <= 0.5]
        checks.equal(list(ask_alone("tied_with_best", runs, larger)), expected, "tied_with_best")


either(on_random_runs, with_others)
### END HIDDEN TESTS

# %% [markdown]
# **How large should the initial weights be?** One factor at a time: the network stays as it is, and
# its initial weights are drawn with six different standard deviations.
#
# > **Predict, then run.** Write down your ranking of 0, 0.001, 0.01, 0.1, 0.5 and 2. Which of
# > them will be told apart from the best?

# %%
widths = [0, 0.001, 0.01, 0.1, 0.5, 2]
seeds = range(budget.choose(ci=4, cpu=8))
runs = {
    f"spread {width:g}": [
        train_network(0.05, 0.9, spread=width, seed=seed)[-1] for seed in seeds
    ]
    for width in widths
}
ties = tied_with_best(runs)
print(f"validation accuracy after 4 epochs, {len(seeds)} seeds")
for rank, (name, mean, spread) in enumerate(ranked_table(runs), 1):
    told = "" if name in ties else "   told apart from the best"
    print(f"{rank}  {name:14}{mean:6.1%} ± {spread:.1%}{told}")

# %% [markdown]
# The zeros never learn. All hidden units give 0, a ReLU that gives 0 passes no slope back, and so
# nothing but the biases of the last layer can move. And the other five? A ranking always has as many
# places as methods. Only the last column says which of the places mean anything.

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_table_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **d) What does the table say? (2 points)** Write three sentences on the table above, as for a reader
# who has to choose initial weights and has not read this notebook: which spreads can be recommended
# on these runs, and on what evidence (how many runs, which numbers); what "not told apart from the
# best" means here, and what it does not mean; and what the table is silent about. Remember that
# five methods have been compared with the best one. A person grades the sentences, by what they say
# and not by their style.

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_table", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# With four seeds each, spreads of 0.1 and 0.5 reach the highest validation accuracies after four epochs,
# about 77 % with spreads of one or two points, and 0 and 2 are far below and told apart from the best, so
# I would take 0.1. That others are not told apart from it means that four runs cannot separate them: their
# interval of the difference contains 0; it does not mean that they are equally good, and with five
# comparisons at 95 % each one "told apart" may be luck. The table is silent about longer training, other
# learning rates (each was given the same one, 0.05), deeper networks and other data.
#
# (The numbers differ with the budget and the machine: grade them by what the student's own notebook
# prints.)
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 0 | A ranking by the means alone ("0.1 is better than 0.5 because its mean is higher"), or no number from the table, or "not told apart" taken for "equally good". |
# | 1 | A recommendation that agrees with the column "told apart" and names means or the number of runs; but what "not told apart" means is missing or vague, or there is no limit of the table. |
# | 2 | A recommendation that agrees with the table, with its evidence (means, spreads, number of seeds); "not told apart" explained as "these runs cannot say", not as equal, or the five comparisons taken into account; and one thing on which the table is silent (longer training, other rates or networks or data, few seeds). |
# ### END SOLUTION

# %% [markdown] nbgrader={"grade": false, "grade_id": "grid_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (2 points): a grid that keeps to its budget
#
# Now two hyperparameters or more at once. A **search space** is a dictionary with a range and a
# scale for each:
#
# ```python
# space = {"learning_rate": (0.001, 1.0, "log"), "momentum": (0.0, 0.9, "linear")}
# ```
#
# A **configuration** is a dictionary with one number for each, such as
# `{"learning_rate": 0.1, "momentum": 0.3}`. And the **budget** is the number of trainings that you
# can pay for.
#
# Write `grid`. It gives every hyperparameter the same number $k$ of values, and lists **all**
# combinations. The values reach from the lower to the upper end, both included: in equal steps on a
# linear scale, in equal *ratios* on a log scale. $k$ is the largest whole number for which the list
# fits into the budget. If only $k = 1$ fits, take the middle of the range (on a log scale the
# middle of 0.001 and 1 is not 0.5).
#
# One point is for the values and the combinations, one for $k$. With $d$ hyperparameters you need
# $k^d \le \text{budget}$. Careful: try `int(64 ** (1/3))`.


# %% nbgrader={"grade": false, "grade_id": "grid", "locked": false, "schema_version": 3, "solution": true, "task": false}
def grid(space, budget):
    """All configurations of the largest grid that fits into the budget.

    Parameters
    ----------
    space : dict of str to (float, float, str)
        Lower end, upper end and scale of each hyperparameter; the scale is
        "linear" or "log".
    budget : int
        The largest number of configurations, at least 1.

    Returns
    -------
    list of dict of str to float
        In any order.
    """
    ### BEGIN SOLUTION
    k = 1
    while (k + 1) ** len(space) <= budget:
        k += 1
    configurations = [{}]
    for name, (low, high, scale) in space.items():
        shares = np.linspace(0, 1, k) if k > 1 else [0.5]
        if scale == "log":
            values = [low * (high / low) ** share for share in shares]
        else:
            values = [low + (high - low) * share for share in shares]
        configurations = [
            {**one, name: float(value)}
            for one in configurations
            for value in values
        ]
    return configurations
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# With 10 trainings and two hyperparameters, how many values can each of them
# have? And with 10 and three? Do it with whole numbers only.
#
# ---
#
# Count `k` up with a `while` loop, as long as one more still fits. On a log
# scale, equal steps of the *exponent* are equal ratios of the value: think of
# `low * (high / low) ** share` with shares from 0 to 1, or of `np.geomspace`.
# For all combinations, `itertools.product` helps, or a list that grows by one
# hyperparameter at a time.
#
# ---
#
# A neighbouring problem: all menus of two starters and three drinks, as
# dictionaries, and four prices in equal ratios.
#
# ```python
# import itertools
#
# menu = {"starter": ["soup", "salad"], "drink": ["tea", "milk", "juice"]}
# for choice in itertools.product(*menu.values()):
#     print(dict(zip(menu, choice)))
# print(np.geomspace(1, 1000, 4))  # also: 10.0 ** np.linspace(0, 3, 4)
# ```

# %% nbgrader={"grade": true, "grade_id": "grid_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
space = {"learning_rate": (0.001, 1.0, "log"), "momentum": (0.0, 0.9, "linear")}
got = table_of(grid(space, 16), space)
assert len(got) != 4, (
    "grid(space, 16) has 4 configurations, the values in pairs: EVERY learning rate goes with "
    "every momentum, which makes 4 * 4."
)
checks.equal(len(got), 16, "the number of configurations of grid(space, 16)", "4 * 4 fit.")
mistakes = {
    "equal steps on a log scale": (
        np.linspace(0.001, 1, 4),
        "Three of four values in the top decade? Each value should be the same MULTIPLE of the "
        "one before.",
    ),
    "a grid of exponents": ([-3, -2, -1, 0], "A learning rate is 10 to that power."),
    "10 to the power of the range's ends": (
        np.logspace(0.001, 1, 4),
        "np.logspace wants exponents; np.geomspace takes the ends themselves.",
    ),
    "a grid without its upper end": (
        np.geomspace(0.001, 1, 5)[:-1],
        "Both ends belong to the grid.",
    ),
}
name = "the learning rates of grid(space, 16)"
checks.array(np.unique(got[:, 0].round(9)), np.array([0.001, 0.01, 0.1, 1.0]), name, mistakes)
mistakes = {
    "a grid without its upper end": (
        [0.0, 0.225, 0.45, 0.675],
        "Both ends belong to the grid.",
    ),
}
name = "the momenta of grid(space, 16)"
checks.array(np.unique(got[:, 1].round(9)), np.array([0.0, 0.3, 0.6, 0.9]), name, mistakes)
different = len({tuple(row) for row in got.round(9).tolist()})
checks.equal(
    different, 16, "the number of DIFFERENT configurations", "Every combination exactly once."
)

# %% nbgrader={"grade": true, "grade_id": "grid_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
spaces = [
    ({"a": (2.0, 4.0, "linear")}, 5),
    ({"a": (1e-6, 1e-2, "log"), "b": (-1.0, 1.0, "linear"), "c": (10.0, 1000.0, "log")}, 27),
    ({"x": (0.25, 4.0, "log"), "y": (5.0, 6.0, "linear")}, 25),
]
for space, size in spaces:
    k = {1: 5, 3: 3, 2: 5}[len(space)]
    axes = [
        [
            low * (high / low) ** (i / (k - 1))
            if scale == "log"
            else low + (high - low) * i / (k - 1)
            for i in range(k)
        ]
        for low, high, scale in space.values()
    ]
    expected = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    got = table_of(grid(space, size), space)
    checks.equal(got.shape, expected.shape, f"the shape of a grid over {len(space)} axes")
    got = got[np.lexsort((got / expected.max(axis=0)).round(6).T[::-1])]
    checks.array(got, expected, f"a grid over {len(space)} axes, sorted", atol=1e-9)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "grid_budget_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
one = {"learning_rate": (0.0001, 1.0, "log")}
two = {**one, "momentum": (0.2, 0.8, "linear")}
three = {**two, "decay": (1e-6, 1e-2, "log")}
cases = [
    (one, 7, 7),
    (two, 25, 25),
    (two, 24, 16),
    (three, 26, 8),
    (three, 64, 64),
    (three, 125, 125),
]
for space, size, expected in cases:
    got = len(table_of(grid(space, size), space))
    case = f"grid with {len(space)} hyperparameters and a budget of {size}"
    assert got <= size, (
        f"{case} has {got} configurations: nobody pays for the {got - size} beyond the budget. "
        "The budget counts COMBINATIONS, k to the power of d."
    )
    hint = (
        "64 ** (1/3) is 3.9999999999999996, and int() cuts it to 3. Look for k with whole numbers."
        if size in (64, 125)
        else "The largest k with k ** d <= budget."
    )
    assert got == expected, f"{case} has {got} configurations, expected {expected}. {hint}"
got = table_of(grid(two, 3), two)
mistakes = {
    "the lower ends": ([[0.0001, 0.2]], "A single value belongs in the middle."),
    "the upper ends": ([[1.0, 0.8]], "A single value belongs in the middle."),
    "the arithmetic middle on both scales": (
        [[0.50005, 0.5]],
        "On a log scale the middle is a factor of 100 away from each end here.",
    ),
}
checks.array(got, np.array([[0.01, 0.5]]), "grid of two with a budget of 3: k = 1", mistakes)

# %% nbgrader={"grade": true, "grade_id": "grid_budget_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
one = {"rate": (0.0001, 1.0, "log")}
two = {**one, "share": (0.2, 0.8, "linear")}
many = {f"p{i}": (1.0, 4.0, "log" if i % 2 else "linear") for i in range(5)}
some = {name: many[name] for name in ("p0", "p1", "p2")}
cases = [(many, 31, 1), (many, 32, 32), (many, 243, 243), (some, 216, 216), (some, 342, 216)]
cases += [(some, 343, 343), (two, 1, 1), (two, 48, 36), (two, 49, 49), (one, 1, 1)]
for space, size, expected in cases:
    got = len(table_of(grid(space, size), space))
    checks.equal(
        got, expected, f"grid with {len(space)} hyperparameters, budget {size}: its length"
    )
middle = [[2.5, 2.0, 2.5, 2.0, 2.5]]
checks.array(table_of(grid(many, 31), many), np.array(middle), "the middle of five ranges")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "random_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (1 point): random search
#
# A grid of 64 trainings over three hyperparameters tries only *four* values of each. Random search
# (Bergstra and Bengio, 2012) draws every configuration afresh: 64 trainings try 64 values of each
# hyperparameter, and the budget may be any number.
#
# Write `random_search`. On a linear scale, draw uniformly from the range. On a log scale, draw
# **log-uniformly**: the *logarithm* is uniform, so that each decade (0.001 to 0.01, 0.01 to
# 0.1, ...) gets the same share. Use one generator, `np.random.default_rng(seed)`, for everything.
#
# No hyperparameter may know of another one or of the configuration before; the same seed gives the
# same list, another seed another one.


# %% nbgrader={"grade": false, "grade_id": "random_search", "locked": false, "schema_version": 3, "solution": true, "task": false}
def random_search(space, budget, seed):
    """Configurations drawn at random.

    Parameters
    ----------
    space : dict of str to (float, float, str)
        As in `grid`.
    budget : int
        How many configurations.
    seed : int

    Returns
    -------
    list of dict of str to float
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    configurations = []
    for _ in range(budget):
        one = {}
        for name, (low, high, scale) in space.items():
            if scale == "log":
                one[name] = float(
                    np.exp(rng.uniform(np.log(low), np.log(high)))
                )
            else:
                one[name] = float(rng.uniform(low, high))
        configurations.append(one)
    return configurations
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# What is uniform on a log scale, the value or its logarithm? How often do you
# have to draw for one configuration?
#
# ---
#
# One `rng = np.random.default_rng(seed)` before the loops, never inside. Draw
# `rng.uniform(a, b)` anew for each hyperparameter of each configuration:
# between the ends on a linear scale, between their logarithms on a log scale,
# with `np.exp` afterwards.
#
# ---
#
# A neighbouring problem: random frequencies from 20 to 20,000 hertz, each
# octave as likely as any other.
#
# ```python
# rng = np.random.default_rng(7)
# octaves = np.log2(20_000 / 20)
# for _ in range(4):
#     note = {"hertz": float(20 * 2 ** rng.uniform(0, octaves))}
#     note["volume"] = float(rng.uniform(0, 1))
#     print(note)
# ```

# %% nbgrader={"grade": true, "grade_id": "random_search_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
space = {"learning_rate": (1e-4, 1.0, "log"), "momentum": (0.5, 0.9, "linear")}
checks.equal(
    len(table_of(random_search(space, 7, seed=3), space)), 7, "the length of a list of budget 7"
)
got = table_of(random_search(space, 4000, seed=1), space)
for column, (name, (low, high, scale)) in enumerate(space.items()):
    smallest, largest = got[:, column].min(), got[:, column].max()
    hint = (
        "np.random's uniform wants LOGARITHMS of the ends here, and exp afterwards undoes them: the "
        "same base both times."
        if scale == "log"
        else "rng.uniform(low, high)."
    )
    assert low * 0.999 <= smallest and largest <= high * 1.001, (
        f"{name} goes from {smallest:.4g} to {largest:.4g}; its range is {low:g} to {high:g}. {hint}"
    )
decades = np.histogram(np.log10(got[:, 0]), bins=[-4, -3, -2, -1, 0])[0] / 4000
shown = ", ".join(f"{share:.0%}" for share in decades)
assert decades[3] < 0.6, (
    f"The four decades of the learning rate get these shares: {shown}. That is a uniform draw: nine "
    "tenths of the budget on 0.1 to 1. Draw the LOGARITHM uniformly."
)
assert np.all(np.abs(decades - 0.25) < 0.05), (
    f"The four decades of the learning rate get these shares: {shown}; each should get about 25%. "
    "Do the logarithm and what undoes it have the same base (np.log and np.exp)?"
)
quarters = np.histogram(got[:, 1], bins=[0.5, 0.6, 0.7, 0.8, 0.9])[0] / 4000
shown = ", ".join(f"{share:.0%}" for share in quarters)
assert np.all(np.abs(quarters - 0.25) < 0.05), (
    f"The four quarters of the momentum's range get these shares: {shown}; each should get about "
    "25%. Its scale is linear."
)
space = {
    "learning_rate": (1e-4, 1.0, "log"),
    "decay": (1e-6, 1e-2, "log"),
    "drop": (0, 1, "linear"),
}
first, again, other = (table_of(random_search(space, 2000, seed=s), space) for s in (5, 5, 6))
assert np.array_equal(first, again), (
    "Seed 5 gives two different lists: use np.random.default_rng(seed)."
)
assert not np.array_equal(first, other), "Seeds 5 and 6 give the same list: is the seed used?"
names = list(space)
for column, name in enumerate(names):
    different = len(np.unique(first[:, column]))
    assert different > 1900, (
        f"2000 configurations have only {different} different values of {name}: draw a new one for "
        "EACH configuration."
    )
flat = np.stack([np.log(first[:, 0]), np.log(first[:, 1]), first[:, 2]], axis=1)
for i, j in [(0, 1), (0, 2), (1, 2)]:
    together = abs(np.corrcoef(flat[:, i], flat[:, j])[0, 1])
    assert together < 0.15, (
        f"{names[i]} and {names[j]} go up and down together (correlation {together:.2f}): that "
        "searches a line, not an area. Is a generator with the same seed made for each of them?"
    )
for column, name in enumerate(names):
    next_one = abs(np.corrcoef(flat[:-1, column], flat[1:, column])[0, 1])
    assert next_one < 0.15, (
        f"Successive values of {name} are correlated ({next_one:.2f}): are they sorted, or steps of "
        "a walk?"
    )

# %% nbgrader={"grade": true, "grade_id": "random_search_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
space = {
    "a": (-3.0, 5.0, "linear"),
    "b": (2.0, 2e5, "log"),
    "c": (1e-9, 1e-4, "log"),
    "d": (0.3, 30.0, "linear"),
}
got = table_of(random_search(space, 3000, seed=8), space)
checks.equal(got.shape, (3000, 4), "the shape of 3000 draws of four hyperparameters")
for column, (name, (low, high, scale)) in enumerate(space.items()):
    values, ends = got[:, column], np.array([low, high])
    assert low * (1 - 1e-9 * np.sign(low)) <= values.min() and values.max() <= high * (1 + 1e-9), (
        f"{name} leaves its range"
    )
    if scale == "log":
        values, ends = np.log(values), np.log(ends)
    shares = (
        np.histogram((values - ends[0]) / (ends[1] - ends[0]), bins=5, range=(-1e-9, 1 + 1e-9))[0]
        / 3000
    )
    assert np.all(np.abs(shares - 0.2) < 0.05), (
        f"the fifths of {name} ({scale}) get {shares.round(2).tolist()}"
    )
space = {f"p{i}": (1.0, 9.0, "linear" if i % 2 else "log") for i in range(4)}
first, again, other = (table_of(random_search(space, 1500, seed=s), space) for s in (77, 77, 78))
assert np.array_equal(first, again), "the same seed should give the same list"
assert np.mean(first == other) < 0.01, "another seed should give another list"
both = np.abs(np.corrcoef(np.concatenate([first[:-1], first[1:]], axis=1).T) - np.eye(8))
assert both.max() < 0.15, "hyperparameters or successive configurations depend on each other"
### END HIDDEN TESTS

# %% [markdown]
# **The projection argument.** Most often one hyperparameter matters much and another one hardly.
# Below, the same budget is spent both ways, and the ticks along the lower edge show how many
# different values each way has tried of the hyperparameter that matters.

# %%
import matplotlib.pyplot as plt

space = {
    "learning_rate": (0.0001, 1.0, "log"),
    "momentum": (0.0, 0.98, "linear"),
}
tried = {
    "grid": table_of(grid(space, 25), space),
    "random": table_of(random_search(space, 25, seed=0), space),
}
fig, axes = plt.subplots(
    1, 2, figsize=(7.2, 3.4), layout="constrained", sharey=True
)
for ax, (name, points), marker in zip(
    axes, tried.items(), plots.MARKERS, strict=False
):
    distinct = len(np.unique(points[:, 0].round(9)))
    ax.scatter(
        points[:, 0], points[:, 1], marker=marker, color=plots.COLOURS[0]
    )
    ax.plot(
        points[:, 0],
        np.full(25, -0.09),
        "|",
        color=plots.COLOURS[3],
        markersize=11,
    )
    ax.set(
        xscale="log",
        xlabel="learning rate",
        title=f"{name}: {distinct} learning rates",
    )
axes[0].set_ylabel("momentum")
plots.show(
    fig,
    alt="Two scatter plots of 25 configurations each. The grid stands in five "
    "columns, so that its ticks along the edge show five learning rates; the "
    "random points are spread out, and their ticks show 25 learning rates.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "incumbent_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (2 points): incumbent curves, with a band
#
# How good is a search after 5, 10, 20 trainings? The **incumbent** is the best result so far.
#
# **a) One search (1 point).** Write `incumbent`. Accuracies come in the order of the trials; the
# larger the better. A trial that failed is NaN: it cannot become the incumbent, and it must not
# wipe out the one there is. Before the first success, the incumbent is NaN too.


# %% nbgrader={"grade": false, "grade_id": "incumbent", "locked": false, "schema_version": 3, "solution": true, "task": false}
def incumbent(values):
    """Best result so far, after each trial.

    Parameters
    ----------
    values : list of float, length n
        Accuracies in the order of the trials; NaN for a trial that failed.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where no trial has succeeded yet.
    """
    ### BEGIN SOLUTION
    return np.fmax.accumulate(np.asarray(values, dtype=float))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Write down by hand what must come out for `[nan, 0.5, nan, 0.4, 0.7]`.
#
# ---
#
# NumPy's functions of two arguments have a method `accumulate` that gives all
# results on the way. `np.maximum` hands NaN on; there is a sister function
# that prefers the number to the NaN. A loop with an `if` is fine as well.
#
# ---
#
# A neighbouring problem: the running product of some factors, and the lowest
# price so far.
#
# ```python
# print(np.multiply.accumulate([2, 3, 4]))             # [ 2  6 24]
# print(np.minimum.accumulate([9.5, 8.0, 8.9, 7.2]))   # [9.5 8.  8.  7.2]
# ```

# %% nbgrader={"grade": true, "grade_id": "incumbent_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
got = as_array(limits.keeps_input(incumbent, [0.3, 0.5, 0.4, 0.2, 0.7, 0.1]))
expected = np.array([0.3, 0.5, 0.5, 0.5, 0.7, 0.7])
mistakes = {
    "the running mean": (
        [0.3, 0.4, 0.4, 0.35, 0.42, 0.3666667],
        "The BEST so far, not the average.",
    ),
    "the running minimum": ([0.3, 0.3, 0.3, 0.2, 0.2, 0.1], "The larger the better."),
    "the best of all trials, at all times": (
        [0.7] * 6,
        "After two trials nobody knows of the fifth.",
    ),
    "the better of each trial and the one before": (
        [0.3, 0.5, 0.5, 0.4, 0.7, 0.7],
        "ALL trials so far count.",
    ),
    "the accuracies, sorted": ([0.1, 0.2, 0.3, 0.4, 0.5, 0.7], "Keep the order of the trials."),
}
checks.array(got, expected, "incumbent([0.3, 0.5, 0.4, 0.2, 0.7, 0.1])", mistakes)
nan = math.nan
got = as_array(quietly(incumbent, [nan, 0.4, nan, 0.2, 0.6]))
mistakes = {
    "NaN for ever after a failure": (
        [nan] * 5,
        "A failed trial does not wipe out the incumbent: np.maximum passes NaN on, np.fmax does not.",
    ),
    "NaN at each failure": (
        [nan, 0.4, nan, 0.4, 0.6],
        "After a failure the incumbent is still there.",
    ),
    "0 before the first success": (
        [0, 0.4, 0.4, 0.4, 0.6],
        "Nothing has succeeded yet: NaN, not 0.",
    ),
    "minus infinity before the first success": (
        [-math.inf, 0.4, 0.4, 0.4, 0.6],
        "Nothing has succeeded yet: NaN.",
    ),
}
expected = np.array([nan, 0.4, 0.4, 0.4, 0.6])
checks.array(got, expected, "incumbent([nan, 0.4, nan, 0.2, 0.6])", mistakes)
got = as_array(incumbent([0.5, 0.2, 0.1, 0.3]))
checks.array(got, np.full(4, 0.5), "incumbent([0.5, 0.2, 0.1, 0.3])")

# %% nbgrader={"grade": true, "grade_id": "incumbent_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
for n in (1, 9, 40):
    values = rng.normal(-1, 2, size=n)
    values[rng.uniform(size=n) < 0.3] = np.nan
    expected, best = [], math.nan
    for value in values:
        best = value if not value <= best and value == value else best
        expected.append(best)
    got = as_array(quietly(incumbent, values.tolist()))
    checks.array(got, np.array(expected), f"incumbent of {n} trials")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "incumbent_band_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Many searches (1 point).** A single search may have been lucky. So repeat it with other
# seeds, and draw the mean of the incumbents with their spread (divisor $n - 1$) as a band. In lecture 2
# all searches had the same length. In practice some end early, because a machine was needed for
# something else: such a search keeps its last incumbent until the longest one is done. Write
# `incumbent_band`. Which comes first, the mean over the repeats or the best so far? The two orders
# give different curves, and only one of them is what a person with *one* search may expect.


# %% nbgrader={"grade": false, "grade_id": "incumbent_band", "locked": false, "schema_version": 3, "solution": true, "task": false}
def incumbent_band(repeats):
    """Mean and spread of the incumbent over repeated searches.

    Parameters
    ----------
    repeats : list of r lists of float
        The accuracies of each search in the order of its trials; r is 2 or
        more. The searches may have different lengths, the longest is n. No
        NaN.

    Returns
    -------
    mean : ndarray of float, shape (n,)
    spread : ndarray of float, shape (n,)
        Sample standard deviation.
    """
    ### BEGIN SOLUTION
    curves, n = (
        [incumbent(values) for values in repeats],
        max(map(len, repeats)),
    )
    best = np.array(
        [np.pad(curve, (0, n - len(curve)), mode="edge") for curve in curves]
    )
    return best.mean(axis=0), best.std(axis=0, ddof=1)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# You have one search, and ask how good its best result will be after ten
# trials. Which comes first, then: the best so far of each search, or the mean?
#
# ---
#
# Take the incumbent of each search, and lengthen the short ones by repeating
# their last value (`np.pad` with `mode="edge"` does that). Then `mean` and
# `std` over the searches: which axis is that, and which `ddof` has the divisor
# n - 1?
#
# ---
#
# A neighbouring problem: the money that two savers have after each month, and
# its mean over the savers.
#
# ```python
# deposits = np.array([[10, 20, 5], [30, 0, 40]])  # a row for each saver
# savings = np.array([np.cumsum(one) for one in deposits])
# print(savings, savings.mean(axis=0), np.ptp(savings, axis=0), sep="\n")
# ```

# %% nbgrader={"grade": true, "grade_id": "incumbent_band_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
repeats = [[0.2, 0.8, 0.1, 0.6], [0.6, 0.1, 0.7, 0.5], [0.4, 0.3, 0.9, 0.1]]


def answers():
    """With your own incumbent."""
    got = limits.keeps_input(incumbent_band, repeats)
    assert isinstance(got, tuple | list | np.ndarray) and len(got) == 2, (
        "incumbent_band should return two arrays: return mean, spread"
    )
    mistakes = {
        "the best so far of the mean": (
            [0.4, 0.4, 0.5666667, 0.5666667],
            "Nobody runs a mean. First the incumbent of EACH search, then the mean over the searches.",
        ),
        "the mean of the accuracies": ([0.4, 0.4, 0.5666667, 0.4], "Where is the best so far?"),
        "the best so far of all searches together": (
            [0.6, 0.8, 0.9, 0.9],
            "That is what a person with all the searches gets: take the mean.",
        ),
        "the mean over the trials": (
            [0.65, 0.65, 0.65],
            "Over the SEARCHES: a number after each trial.",
        ),
        "the median of three incumbents": ([0.4, 0.6, 0.8, 0.8], "The mean is asked for."),
    }
    expected = np.array([0.4, 0.6, 0.8, 0.8])
    checks.array(as_array(got[0]), expected, "the mean of three incumbents", mistakes)
    mistakes = {
        "the spread with divisor n": (
            [0.1632993, 0.1632993, 0.0816497, 0.0816497],
            "Divide by n - 1: ddof=1.",
        ),
        "the spread of the accuracies": (
            [0.2, 0.3605551, 0.4163332, 0.2645751],
            "The spread of the INCUMBENTS is asked for.",
        ),
        "the standard error": (
            [0.1154701, 0.1154701, 0.0577350, 0.0577350],
            "The spread, without the root of n.",
        ),
    }
    expected = np.array([0.2, 0.2, 0.1, 0.1])
    checks.array(as_array(got[1]), expected, "the spread of three incumbents", mistakes)
    mistakes = {
        "the mean of the searches that are still running": (
            [0.4, 0.7, 0.85],
            "A search that has ended keeps its incumbent: it still has what it found.",
        ),
        "cut off where the shortest search ends": ([0.4], "Go on to the end of the longest search."),
        "filled up with zeros": (
            [0.4, 0.4666667, 0.5666667],
            "A search that has ended keeps its incumbent, it does not fall to 0.",
        ),
    }
    short = incumbent_band([[0.2, 0.8, 0.1], [0.6, 0.1, 0.9], [0.4]])
    name = "the mean incumbent where one of three searches ended after its first trial"
    expected = np.array([0.4, 0.6, 0.7])
    checks.array(as_array(short[0]), expected, name, mistakes)
    checks.equal(np.shape(short[1]), (3,), "the shape of the spread where a search ended early")


def with_others():
    """With a stand-in for it (see the first cell), which squares the trials, the last one first."""
    short = [[0.2, 0.8], [0.6, 0.4], [0.7]]
    got = limits.keeps_input(ask_alone, "incumbent_band", short)
    checks.array(as_array(got[0]), np.array([0.43, 0.2966667]), "alone", rtol=1e-4)
    checks.array(as_array(got[1]), np.array([0.2455606, 0.2315887]), "alone", rtol=1e-4)


either(answers, with_others)

# %% nbgrader={"grade": true, "grade_id": "incumbent_band_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def check_band(function, best_so_far):
    """On searches of many lengths."""
    rng = np.random.default_rng(42)
    for lengths in [(8, 8, 8), (2,) * 6, (5, 1, 3, 5), (4, 7), (1, 1, 2)]:
        repeats = [rng.uniform(-1, 1, size=n).tolist() for n in lengths]
        best = []
        for values in repeats:
            curve = best_so_far(values)
            best.append(curve + [curve[-1]] * (max(lengths) - len(curve)))
        mean = np.sum(best, axis=0) / len(lengths)
        spread = (((best - mean) ** 2).sum(axis=0) / (len(lengths) - 1)) ** 0.5
        got = function(repeats)
        checks.array(as_array(got[0]), mean, f"the mean incumbent of searches of {lengths} trials", rtol=1e-4)
        checks.array(as_array(got[1]), spread, f"the spread for searches of {lengths} trials", rtol=1e-4)


either(
    lambda: check_band(incumbent_band, lambda v: [max(v[: i + 1]) for i in range(len(v))]),
    lambda: check_band(lambda repeats: ask_alone("incumbent_band", repeats), lambda v: [x**2 for x in v[::-1]]),
)
### END HIDDEN TESTS

# %% [markdown]
# **Grid against random at the same budget**, on the real network. The grid has no seed; its order
# is shuffled in each repeat, as nobody knows where to begin.
#
# > **Predict, then run.** Which of the two is ahead after the first trials, and which in the end?

# %%
space = {
    "learning_rate": (0.0001, 1.0, "log"),
    "momentum": (0.0, 0.98, "linear"),
}
trials, repeats = budget.choose(ci=16, cpu=25), budget.choose(ci=3, cpu=5)
on_grid = np.array([train_network(**one)[-1] for one in grid(space, trials)])
rng = np.random.default_rng(0)
shuffled = np.array([rng.permutation(on_grid) for _ in range(repeats)])
at_random = np.array(
    [
        [
            train_network(**one)[-1]
            for one in random_search(space, trials, seed)
        ]
        for seed in range(repeats)
    ]
)
plots.curves(
    range(1, trials + 1),
    {
        "grid, in random order": incumbent_band(shuffled),
        "random search": incumbent_band(at_random),
    },
    xlabel="trainings",
    ylabel="best validation accuracy so far",
    title=f"The same budget, {repeats} repeats: mean and spread",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "schedule_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (1 point): a learning-rate schedule
#
# The best learning rate for the first steps, for the middle and for the end is not the same one. A
# popular schedule has two parts. In the **warm-up** of $w$ steps the rate climbs in equal steps to
# its peak:
#
# $$\eta_t = \eta_\text{peak}\,\frac{t+1}{w} \qquad t = 0, \dots, w-1$$
#
# so that step $w - 1$ has the peak itself. In the remaining $T - w$ steps half a **cosine** takes it
# down to a floor, which the last step, $t = T-1$, reaches exactly:
#
# $$\eta_t = \eta_\text{floor} + \frac{\eta_\text{peak} - \eta_\text{floor}}{2}
#   \left(1 + \cos\!\left(\pi\,\frac{t - w + 1}{T - w}\right)\right) \qquad t = w, \dots, T-1$$
#
# Write `schedule`. There may be no warm-up at all ($w = 0$).


# %% nbgrader={"grade": false, "grade_id": "schedule", "locked": false, "schema_version": 3, "solution": true, "task": false}
def schedule(total, peak, warmup, floor=0.0):
    """Learning rates of all steps: linear warm-up, then half a cosine.

    Parameters
    ----------
    total : int
        Number of steps, T.
    peak, floor : float
        The largest rate, and the one of the last step.
    warmup : int
        Number of steps of the warm-up, w; 0 <= warmup < total.

    Returns
    -------
    ndarray of float, shape (total,)
    """
    ### BEGIN SOLUTION
    climb = peak * np.arange(1, warmup + 1) / max(warmup, 1)
    share = np.arange(1, total - warmup + 1) / (total - warmup)
    fall = floor + (peak - floor) / 2 * (1 + np.cos(np.pi * share))
    return np.concatenate([climb, fall])
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Take T = 5 and w = 2 and write the five rates down by hand. How many numbers
# has each of the two parts?
#
# ---
#
# `np.arange(1, w + 1)` counts the steps of the warm-up; do not divide by 0
# when there is none. In the second part the fraction runs from 1 / (T - w) to
# 1: `np.arange(1, T - w + 1) / (T - w)`. `np.concatenate` joins the parts.
#
# ---
#
# A neighbouring problem: fade music in over three steps, then out along a
# quarter of a cosine.
#
# ```python
# fade_in = np.arange(1, 4) / 3
# share = np.arange(1, 5) / 4
# fade_out = np.cos(np.pi / 2 * share)
# print(np.round(np.concatenate([fade_in, fade_out]), 3))
# ```

# %% nbgrader={"grade": true, "grade_id": "schedule_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
got = schedule(10, peak=0.8, warmup=4)
checks.equal(
    np.shape(got), (10,), "the shape of schedule(10, 0.8, warmup=4)", "A rate for each step."
)
mistakes = {
    "a warm-up that begins at 0": (
        [0.0, 0.2, 0.4, 0.6],
        "A step with the rate 0 is a step wasted: t + 1 is in the formula.",
    ),
    "a warm-up from 0 to the peak, both included": (
        [0.0, 0.2666667, 0.5333333, 0.8],
        "A step with the rate 0 is a step wasted: t + 1 is in the formula.",
    ),
    "a warm-up that is short of the peak": (
        [0.16, 0.32, 0.48, 0.64],
        "Step w - 1 has the peak itself.",
    ),
    "no warm-up at all": ([0.8] * 4, "The rate climbs in equal steps."),
}
name = "the four rates of the warm-up of schedule(10, 0.8, warmup=4)"
checks.array(np.asarray(got)[:4], np.array([0.2, 0.4, 0.6, 0.8]), name, mistakes)
got = schedule(5, peak=0.3, warmup=1, floor=0.1)
checks.array(np.asarray(got)[0], 0.3, "a warm-up of one step: its rate")
got = schedule(10, peak=0.8, warmup=6, floor=0.2)
checks.equal(
    np.shape(got), (10,), "the shape of schedule(10, 0.8, 6, 0.2)", "A rate for each step."
)
mistakes = {
    "a straight line down": ([0.65, 0.5, 0.35, 0.2], "Half a cosine, not a line."),
    "a cosine that begins at the peak": (
        [0.8, 0.7121320, 0.5, 0.2878680],
        "The warm-up has had the peak already, and the last step must reach the floor: t - w + 1.",
    ),
    "a cosine from the peak to the floor, both included": (
        [0.8, 0.65, 0.35, 0.2],
        "The warm-up has had the peak already: divide by T - w, with t - w + 1 above.",
    ),
    "a cosine down to 0": (
        [0.6828427, 0.4, 0.1171573, 0.0],
        "The last step has the floor.",
    ),
    "a cosine with the floor added on top": (
        [0.8828427, 0.6, 0.3171573, 0.2],
        "The height of the wave is peak minus floor.",
    ),
    "a cosine over all the steps": (
        [0.3236644, 0.2572949, 0.2146830, 0.2],
        "The cosine begins after the warm-up: t - w + 1 over T - w.",
    ),
    "a whole wave": ([0.5, 0.2, 0.5, 0.8], "Half a cosine: pi, not 2 pi."),
}
name = "the four last rates of schedule(10, 0.8, warmup=6, floor=0.2)"
checks.array(
    np.asarray(got)[6:], np.array([0.7121320, 0.5, 0.2878680, 0.2]), name, mistakes, atol=1e-7
)
checks.array(
    np.asarray(schedule(10, peak=0.8, warmup=4, floor=0.4))[:4],
    np.array([0.2, 0.4, 0.6, 0.8]),
    "the warm-up with a floor of 0.4",
    {"a warm-up that begins at the floor": ([0.5, 0.6, 0.7, 0.8], "The floor is for the end: see the formula.")},
)
got = np.asarray(schedule(4, peak=1.0, warmup=0))
checks.array(
    got, np.array([0.8535534, 0.5, 0.1464466, 0.0]), "schedule(4, 1.0, warmup=0)", atol=1e-7
)

# %% nbgrader={"grade": true, "grade_id": "schedule_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
for total, peak, warmup, floor in [(12, 3.0, 5, 1.0), (7, 0.01, 6, 0.0), (100, 0.5, 20, 0.4)]:
    got = np.asarray(schedule(total, peak, warmup, floor))
    expected = np.array([peak * (t + 1) / warmup for t in range(warmup)])
    checks.equal(got.shape, (total,), f"the shape of schedule({total}, {peak}, {warmup}, {floor})")
    checks.array(
        got[:warmup], expected, f"the warm-up of schedule({total}, {peak}, {warmup}, {floor})"
    )
for total, peak, warmup, floor in [(12, 3.0, 5, 1.0), (7, 0.01, 6, 0.0), (100, 0.5, 0, 0.4)]:
    got = np.asarray(schedule(total, peak, warmup, floor))
    expected = [
        floor + (peak - floor) * math.cos(math.pi * (t - warmup + 1) / (total - warmup) / 2) ** 2
        for t in range(warmup, total)
    ]
    name = f"the cosine of schedule({total}, {peak}, {warmup}, {floor})"
    checks.equal(got.shape, (total,), f"the shape of schedule({total}, {peak}, {warmup}, {floor})")
    checks.array(got[warmup:], np.array(expected), name, atol=1e-9)
### END HIDDEN TESTS

# %%
plots.curves(
    range(60),
    {
        f"warm-up of {w} steps": schedule(60, 0.1, w, floor=0.005)
        for w in (0, 6, 20)
    },
    xlabel="step",
    ylabel="learning rate",
    title="Your schedule, peak 0.1, floor 0.005",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "should_stop_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (2 points): pruning by the median rule
#
# After two epochs many trials are clearly hopeless. To stop them there is called **pruning**.
#
# **a) The rule (1 point).** A trial has run for some epochs. Look at its **best** accuracy so far,
# and at what the *finished* trials had after the **same number** of epochs. If its best is below
# the median of theirs, stop it. Equal to the median is good enough to go on, and while no trial
# has finished there is nothing to compare with, so go on.


# %% nbgrader={"grade": false, "grade_id": "should_stop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def should_stop(curve, finished):
    """The median rule.

    Parameters
    ----------
    curve : list of float
        Accuracies of the running trial after each of its epochs so far, at
        least one.
    finished : list of list of float
        The complete curves of the trials that ran to their end.

    Returns
    -------
    bool
        True if the running trial should be stopped now.
    """
    ### BEGIN SOLUTION
    if not finished:
        return False
    return bool(
        max(curve) < np.median([other[len(curve) - 1] for other in finished])
    )
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# The trial has run for three epochs. Which number of each finished trial is it
# compared with?
#
# ---
#
# After `len(curve)` epochs, a finished trial had the accuracy at position
# `len(curve) - 1`. Compare `max(curve)` with the `np.median` of those. "Below"
# is `<`, and with nothing finished the answer is False. Make it a plain
# `bool`.
#
# ---
#
# A neighbouring problem: how do the other runners' times compare with mine, at
# the kilometre where I am now?
#
# ```python
# mine = [5.1, 10.4, 15.2]  # minutes at each kilometre so far
# others = [[4.8, 9.9, 15.0, 20.3], [5.2, 10.1, 15.6, 21.0]]
# place = len(mine) - 1     # where the time at this kilometre stands
# print(mine[place], [times[place] for times in others])
# ```

# %% nbgrader={"grade": true, "grade_id": "should_stop_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
finished = [[0.1, 0.3, 0.9], [0.2, 0.4, 0.5], [0.6, 0.7, 0.8], [0.5, 0.6, 0.9], [0.1, 0.1, 0.1]]
# medians after 1, 2, 3 epochs: 0.2, 0.4, 0.8; means: 0.3, 0.42, 0.64
cases = [
    ([0.1], True, "0.1 is below the median of the first accuracies, 0.2."),
    ([0.7], False, "Compare with what the others had after ONE epoch, not with where they ended."),
    (
        [0.35],
        False,
        "0.35 is above the median after ONE epoch, 0.2 (after two it is 0.4; the largest is 0.6).",
    ),
    ([0.25], False, "0.25 is above the MEDIAN after one epoch, 0.2 (the mean is 0.3)."),
    ([0.3, 0.35], True, "0.35 is below the median after two epochs, 0.4. Which epoch is compared?"),
    ([0.2], False, "Equal to the median is good enough."),
    ([0.3, 0.4], False, "Equal to the median is good enough, after two epochs as well."),
    (
        [0.5, 0.1],
        False,
        "Its BEST accuracy so far counts, 0.5: one bad epoch is no reason to stop.",
    ),
    ([0.2, 0.3, 0.7], True, "After three epochs the median is 0.8 (the mean is 0.64)."),
]
for curve, expected, hint in cases:
    got = limits.keeps_input(should_stop, curve, finished)
    assert isinstance(got, bool | np.bool_), f"should_stop should return True or False, not {got!r}"
    assert bool(got) == expected, f"should_stop({curve}, finished) is {got}. {hint}"
got = quietly(should_stop, [0.0], [])
assert isinstance(got, bool | np.bool_) and not got, "No trial has finished: go on, return False."
got = should_stop([0.4], [[0.3, 0.9], [0.6, 0.9]])
assert got, "The median of two numbers lies in their middle: 0.4 is below 0.45."
got = should_stop([0.5], [[0.3, 0.9], [0.6, 0.9]])
assert not got, "The median of two numbers lies in their middle: 0.5 is above 0.45."
got = should_stop([0.4, 0.4], [[0.9, 0.2], [0.8, 0.3], [0.7, 0.1]])
assert not got, (
    "After two epochs the others had 0.2, 0.3 and 0.1: that is what counts, not the best that they had before."
)

# %% nbgrader={"grade": true, "grade_id": "should_stop_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(61)
for _ in range(60):
    n, epochs = int(rng.integers(1, 8)), int(rng.integers(1, 6))
    finished = (rng.integers(0, 10, size=(n, epochs)) / 10).tolist()
    curve = (rng.integers(0, 8, size=int(rng.integers(1, epochs + 1))) / 10).tolist()
    others = sorted(other[len(curve) - 1] for other in finished)
    median = (others[(n - 1) // 2] + others[n // 2]) / 2
    got = should_stop(curve, finished)
    assert bool(got) == (max(curve) < median), f"should_stop({curve}, {finished}) is {got}"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "epochs_run_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) A search with pruning (1 point).** What would the rule have saved? Write `epochs_run`. It
# gets the complete curves of all trials, in order, and replays the search with pruning: each trial
# runs epoch by epoch, and after each epoch the rule is asked whether to go on. With these
# provisions:
#
# - The first `warmup` epochs of a trial are never its last: the rule is first asked after epoch
#   number `warmup + 1` (counting from 1). Some good networks start slowly.
# - The rule is not asked before `startup` trials have finished.
# - After its last epoch a trial is not asked any more: it has finished.
# - A trial that was stopped has **not** finished, and nobody is compared with it.


# %% nbgrader={"grade": false, "grade_id": "epochs_run", "locked": false, "schema_version": 3, "solution": true, "task": false}
def epochs_run(curves, warmup, startup):
    """How many epochs each trial runs in a search with pruning.

    Parameters
    ----------
    curves : ndarray of float, shape (trials, epochs)
        What each trial would show after each epoch if nobody stopped it.
    warmup : int
        The rule is not asked after the first so many epochs of a trial.
    startup : int
        The rule is not asked before so many trials have finished.

    Returns
    -------
    list of int, length trials
    """
    ### BEGIN SOLUTION
    finished, run = [], []
    for curve in np.asarray(curves).tolist():
        epochs = len(curve)
        if len(finished) >= startup:
            for epoch in range(warmup + 1, len(curve)):
                if should_stop(curve[:epoch], finished):
                    epochs = epoch
                    break
        if epochs == len(curve):
            finished.append(curve)
        run.append(epochs)
    return run
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Which list grows while you replay the search, and who is entered in it? After
# which epochs of a trial may the rule be asked at all?
#
# ---
#
# For each curve: suppose that it runs to its end. If enough trials have
# finished, ask `should_stop(curve[:epoch], finished)` after epoch `warmup +
# 1`, `warmup + 2`, ..., but not after the last one; at the first True, note
# the epoch and `break`. Only a curve that ran to its end goes into `finished`.
#
# ---
#
# A neighbouring problem: how far does each reader get, if a book is put down
# after the first dull page, which nobody does before page 3?
#
# ```python
# books = [[9, 2, 8, 7], [5, 5, 1, 9], [7, 1, 6, 1]]  # how good each page is
# read = []
# for pages in books:
#     got_to = len(pages)
#     for page in range(3, len(pages)):
#         if pages[page - 1] < 4:
#             got_to = page
#             break
#     read.append(got_to)
# print(read)  # [4, 3, 4]
# ```

# %% nbgrader={"grade": true, "grade_id": "epochs_run_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
curves = np.array(
    [
        [0.5, 0.6, 0.7, 0.8],
        [0.4, 0.5, 0.6, 0.7],
        [0.1, 0.7, 0.8, 0.9],
        [0.2, 0.2, 0.3, 0.3],
        [0.3, 0.5, 0.6, 0.6],
        [0.4, 0.6, 0.6, 0.7],
    ]
)


def answers():
    """With your own should_stop."""
    got = limits.keeps_input(epochs_run, curves, 0, 2)
    assert isinstance(got, list | tuple | np.ndarray), (
        "epochs_run should return a list of whole numbers"
    )
    got = [int(epochs) for epochs in got]
    hints = {
        (1, 1, 1, 1, 1, 1): "The first trials run to their end: nobody has finished before them.",
        (4, 1, 1, 1, 1, 4): "The rule is not asked before TWO trials have finished.",
        (4, 1, 1, 1, 1, 1): "The rule is not asked before TWO trials have finished.",
        (
            4,
            4,
            1,
            1,
            4,
            4,
        ): "Is somebody compared with trials that were stopped? They have not finished.",
        (
            4,
            4,
            1,
            1,
            1,
            4,
        ): "Is somebody compared with trials that were stopped? They have not finished.",
    }
    hint = "Trials 3, 4, 5 and 6 begin below 0.45, the median of the two that have finished."
    checks.equal(
        got, [4, 4, 1, 1, 1, 1], "epochs_run(curves, warmup=0, startup=2)", hints.get(tuple(got), hint)
    )
    got = [int(epochs) for epochs in epochs_run(curves, warmup=1, startup=2)]
    hints = {
        (4, 4, 1, 1, 1, 1): "A warm-up of 1: the first epoch of a trial is never its last.",
        (4, 4, 4, 3, 3, 3): "A warm-up of 1: the rule is first asked after the SECOND epoch.",
        (4, 4, 4, 2, 2, 2): "Equal to the median is good enough.",
    }
    hint = "After two epochs the finished trials have 0.6, 0.5, 0.7; after three 0.7, 0.6, 0.8."
    checks.equal(
        got, [4, 4, 4, 2, 2, 3], "epochs_run(curves, warmup=1, startup=2)", hints.get(tuple(got), hint)
    )
    got = [int(epochs) for epochs in epochs_run(curves, warmup=3, startup=1)]
    hint = "A warm-up as long as the rest: after its last epoch a trial is not asked any more."
    checks.equal(got, [4] * 6, "epochs_run(curves, warmup=3, startup=1)", hint)
    got = epochs_run(np.array([[0.5, 0.9], [0.7, 0.8], [0.55, 0.95], [0.58, 0.9]]), 0, 1)
    hint = (
        "The second trial ends with 0.8, less than 0.9. But after its last epoch it is not asked any "
        "more: it HAS finished, and the third one is compared with both. The third one is stopped, so the fourth "
        "is compared with the first two alone, whose median is 0.6."
    )
    got = [int(epochs) for epochs in got]
    checks.equal(got, [2, 2, 1, 1], "epochs_run of four trials of two epochs", hint)


def with_others():
    """With a stand-in for it (see the first cell): it stops where the last accuracy is how many have finished."""
    replayed = [[1, 1, 1], [0, 1, 2], [1, 2, 3], [2, 1, 0], [3, 4, 2], [3, 2, 9]]
    for warmup, startup, expected in [
        (0, 1, [3, 2, 1, 3, 3, 1]),
        (1, 2, [3, 3, 2, 3, 3, 3]),
        (0, 0, [3, 2, 1, 3, 3, 1]),
    ]:
        given = np.array(replayed, dtype=float), warmup, startup
        got = limits.keeps_input(ask_alone, "epochs_run", *given)
        checks.equal([int(count) for count in got], expected, f"alone, {warmup}, {startup}")


either(answers, with_others)

# %% nbgrader={"grade": true, "grade_id": "epochs_run_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def check_replay(function, rule, level, swing):
    """Against a second implementation, on curves that go up and down."""
    rng = np.random.default_rng(62)
    for trials, epochs, warmup, startup in [
        (30, 6, 0, 1), (25, 5, 2, 4), (40, 3, 1, 3), (8, 1, 0, 1), (30, 6, 1, 0), (20, 7, 3, 2),
    ]:
        curves = rng.integers(level, size=(trials, 1)) + rng.integers(swing, size=(trials, epochs))
        curves[:2] = np.sort(curves[:2], axis=1)
        curves = curves.astype(float)
        ended, expected = [], []
        for curve in curves.tolist():
            here = epochs
            for count in range(1, epochs):
                if count > warmup and len(ended) >= startup and rule(curve[:count], ended):
                    here = count
                    break
            expected.append(here)
            if here == epochs:
                ended.append(curve)
        got = [int(count) for count in function(curves.copy(), warmup, startup)]
        name = f"epochs_run of {trials} trials, warmup={warmup}, startup={startup}"
        checks.equal(got, expected, name)


def median_rule(curve, finished):
    """Whether the best so far is below the median of the others after as many epochs."""
    return bool(finished) and max(curve) < np.median([one[len(curve) - 1] for one in finished])


either(
    lambda: check_replay(epochs_run, median_rule, 12, 9),
    lambda: check_replay(
        lambda *given: ask_alone("epochs_run", *given), lambda curve, done: curve[-1] == len(done), 2, 4
    ),
)
### END HIDDEN TESTS

# %% [markdown]
# **What would it have saved?** Real curves of a random search on the network. Stopped trials are
# dashed and end where they were stopped. The price of pruning would be to lose the best one: look
# whether that has happened.

# %%
space = {
    "learning_rate": (0.0001, 1.0, "log"),
    "momentum": (0.0, 0.98, "linear"),
}
curves = np.array(
    [
        train_network(**one, epochs=6)
        for one in random_search(space, budget.choose(ci=16, cpu=30), seed=9)
    ]
)
run = epochs_run(curves, warmup=1, startup=4)
best, stopped = int(curves[:, -1].argmax()), [count < 6 for count in run]
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for curve, count, early in zip(curves, run, stopped, strict=True):
    style = (
        {"linestyle": "--", "color": plots.COLOURS[3]}
        if early
        else {"color": plots.COLOURS[0]}
    )
    ax.plot(
        range(1, count + 1),
        curve[:count],
        marker="x" if early else "o",
        markersize=5,
        **style,
    )
ax.set(
    xlabel="epoch",
    ylabel="validation accuracy",
    title="Blue trials finish, dashed ones are stopped",
)
plots.show(
    fig,
    alt=f"Validation accuracy against the epoch for {len(run)} trials; "
    f"{sum(stopped)} of them are dashed and end where they were stopped.",
)
print(
    f"{sum(run)} of {6 * len(run)} epochs were run, "
    f"{1 - sum(run) / (6 * len(run)):.0%} saved"
)
print(
    "the trial that would end best was",
    "stopped" if stopped[best] else "not stopped",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "one_standard_error_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (3 points): a choice that you can defend
#
# **a) The one-standard-error rule (1 point).** Some candidates are left, each trained from several
# seeds. Among those that are *practically as good as the best*, take the **cheapest**. "Practically
# as good": the mean is at least the best mean minus one standard error of the best,
# $s_\text{best}/\sqrt{n_\text{best}}$. If two of them cost the same, take the one with the higher
# mean.


# %% nbgrader={"grade": false, "grade_id": "one_standard_error", "locked": false, "schema_version": 3, "solution": true, "task": false}
def one_standard_error(validation, cost):
    """The cheapest candidate within one standard error of the best.

    Parameters
    ----------
    validation : dict of str to list of float
        Validation accuracies of each candidate, one for each seed, at least
        two.
    cost : dict of str to float
        What each candidate costs, such as its number of parameters.

    Returns
    -------
    str
        The candidate's name.
    """
    ### BEGIN SOLUTION
    best, mean, spread = ranked_table(validation)[0]
    limit = mean - spread / math.sqrt(len(validation[best]))
    good = [row for row in ranked_table(validation) if row[1] >= limit]
    return min(good, key=lambda row: (cost[row[0]], -row[1]))[0]
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Three steps: who is best, which mean is still good enough, and who of those
# above it is cheapest? Whose spread and whose number of runs count?
#
# ---
#
# `ranked_table` has means and spreads, the best first. The limit is the best
# mean minus the *best* one's spread over the root of *its* number of runs.
# `min` with a `key` that is a tuple settles equal costs.
#
# ---
#
# A neighbouring problem: of all flats at most 10 % smaller than the largest,
# the cheapest; at the same price the larger one.
#
# ```python
# flats = [("A", 90, 1200), ("B", 84, 900), ("C", 82, 900), ("D", 60, 500)]
# largest = max(size for _, size, _ in flats)
# fair = [flat for flat in flats if flat[1] >= 0.9 * largest]
# print(min(fair, key=lambda flat: (flat[2], -flat[1])))  # B
# ```

# %% nbgrader={"grade": true, "grade_id": "one_standard_error_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
validation = {
    "large": [0.86, 0.90, 0.92, 0.92],  # mean 0.900, spread 0.0283, standard error 0.0141
    "medium": [0.877, 0.887, 0.897, 0.887],  # mean 0.887, spread 0.0082
    "small": [0.80, 0.90, 0.88, 0.96],  # mean 0.885, spread 0.0661
    "tiny": [0.50, 0.50, 0.52, 0.48],
}
cost = {"tiny": 1_000, "small": 5_000, "medium": 20_000, "large": 80_000}


def answers():
    """With your own table."""
    got = limits.keeps_input(one_standard_error, validation, cost)
    hints = {
        "large": "It has the best mean, but a cheaper one is within one standard error of it: medium's 0.887 "
        "is above 0.900 - 0.0141.",
        "small": "Its 0.885 is below 0.900 - 0.0141 = 0.8859. The limit is one standard ERROR of the best (its "
        "spread divided by the root of the number of seeds, 4), not a spread, not divided by the root of 3, "
        "and not an error of the candidate itself.",
        "tiny": "It is the cheapest of all, but far from good.",
    }
    assert isinstance(got, str), f"one_standard_error should return a name, not {got!r}"
    assert got == "medium", (
        f"one_standard_error chooses {got!r}, expected 'medium'. {hints.get(got, '')}"
    )
    got = one_standard_error(
        {"a": [0.7, 0.9], "c": [0.78, 0.78], "b": [0.79, 0.79]}, {"a": 9, "b": 2, "c": 2}
    )
    assert got == "b", (
        f"b and c cost the same and are good enough: take b, the better one, not {got!r}."
    )
    got = one_standard_error(
        {"a": [0.7, 0.9], "b": [0.75, 0.75], "c": [0.5, 0.5]}, {"a": 3, "b": 4, "c": 5}
    )
    assert got == "a", f"The best one is the cheapest as well: take it, not {got!r}."
    got = one_standard_error({"a": [0.75, 0.75], "b": [0.5, 0.5]}, {"a": 2, "b": 1})
    assert got == "a", f"a has no spread, but its mean is AT LEAST the limit: it is good enough, not {got!r}."


def with_others():
    """With a stand-in for it (see the first cell): there the first run is the mean, the last one the spread."""
    few = {"a": [0.9, 0.0, 0.0, 0.2], "b": [0.81, 0.5], "c": [0.79, 0.6], "d": [0.85, 0.1]}
    got = limits.keeps_input(ask_alone, "one_standard_error", few, dict(a=9, b=2, c=1, d=4))
    checks.equal(got, "b", "alone")
    same = {"a": [0.5, 0.0], "b": [0.25, 0.5]}
    checks.equal(ask_alone("one_standard_error", same, dict(a=2, b=1)), "a", "alone")
    checks.equal(ask_alone("one_standard_error", few, dict(a=9, b=2, c=1, d=2)), "d", "alone")


either(answers, with_others)

# %% nbgrader={"grade": true, "grade_id": "one_standard_error_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def really_chosen(validation, cost):
    """The second implementation."""
    means = {name: float(np.mean(values)) for name, values in validation.items()}
    top = max(means, key=means.get)
    values = validation[top]
    limit = means[top] - float(np.std(values, ddof=1)) / len(values) ** 0.5
    good = [name for name in means if means[name] >= limit]
    return min(good, key=lambda name: (cost[name], -means[name]))


def on_random_runs():
    """Many sets of candidates, with different numbers of seeds."""
    rng = np.random.default_rng(81)
    for _ in range(150):
        count = int(rng.integers(1, 7))
        validation = {
            f"c{i}": rng.normal(0.8, 0.05, size=int(rng.integers(2, 8))).tolist()
            for i in rng.permutation(count)
        }
        cost = {name: int(rng.integers(1, 4)) for name in sorted(validation)}
        got, expected = one_standard_error(validation, cost), really_chosen(validation, cost)
        assert got == expected, (
            f"one_standard_error({validation}, {cost}) is {got!r}, expected {expected!r}"
        )


def with_others():
    """The same with a stand-in for the table: the first run is the mean, the last one the spread."""
    rng = np.random.default_rng(82)
    for _ in range(60):
        validation = {f"c{i}": rng.random(int(rng.integers(2, 6))).tolist() for i in range(5)}
        cost = {name: int(rng.integers(1, 4)) for name in validation}
        top = max(validation, key=lambda name: validation[name][0])
        values = validation[top]
        limit = values[0] - values[-1] / len(values) ** 0.5
        good = [name for name in validation if validation[name][0] >= limit]
        expected = min(good, key=lambda name: (cost[name], -validation[name][0]))
        checks.equal(ask_alone("one_standard_error", validation, cost), expected, "alone")


either(on_random_runs, with_others)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "final_report_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Somebody's report, repaired (2 points).** The next cell has the last lines of a notebook that was
# handed in last year. It runs, and its numbers are too good. There are **six mistakes** in it. Write
# `final_report`, which does it properly: it chooses by your rule, on the validation accuracies. Only
# then it opens the test accuracies, **of the chosen candidate only**, and reports their mean with a
# 95 % interval:
#
# $$\bar x \pm t_{0.975,\,n-1}\,\frac{s}{\sqrt n}$$
#
# The test accuracies of the others may lie in the same dictionary, or may be missing. Do not look:
# somebody who picks the best test score reports luck and calls it skill. The result is a
# dictionary:
#
# | key | value |
# |---|---|
# | `"choice"` | str, the name |
# | `"validation"` | float, its mean validation accuracy |
# | `"test"` | float, its mean test accuracy |
# | `"interval"` | (float, float), the 95 % interval of its test accuracy |
#
# One point is for the choice and the means, one for the interval.


# %% nbgrader={"grade": false, "grade_id": "their_report", "locked": true, "schema_version": 3, "solution": false, "task": false}
def their_report(validation, test, cost):
    """Choose a candidate and report it: it runs, and it is wrong."""
    choice = max(test, key=lambda name: np.mean(test[name]))
    runs = np.array(test[choice])
    half = 1.96 * np.std(runs)
    return {
        "choice": choice,
        "validation": max(validation[choice]),
        "test": float(runs.max()),
        "interval": (float(runs.max() - half), float(runs.max() + half)),
    }


# %% nbgrader={"grade": false, "grade_id": "final_report", "locked": false, "schema_version": 3, "solution": true, "task": false}
def final_report(validation, test, cost):
    """Choose on validation, then open the test accuracies of the choice:
    `their_report`, repaired.

    Parameters
    ----------
    validation, cost
        As in `one_standard_error`.
    test : dict of str to list of float
        Test accuracies, one for each seed (at least two). Only the chosen
        candidate's are sure to be there.

    Returns
    -------
    dict
        "choice", "validation", "test" and "interval", see above.
    """
    ### BEGIN SOLUTION
    choice = one_standard_error(validation, cost)
    runs = np.array(test[choice])
    half = (
        t_quantile(0.975, len(runs) - 1)
        * runs.std(ddof=1)
        / math.sqrt(len(runs))
    )
    return {
        "choice": choice,
        "validation": float(np.mean(validation[choice])),
        "test": float(runs.mean()),
        "interval": (float(runs.mean() - half), float(runs.mean() + half)),
    }
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# In which order do you open the two dictionaries? Which entries of `test` may
# you look at, and when?
#
# ---
#
# First `one_standard_error(validation, cost)`; from then on only
# `test[choice]`. The interval is the mean plus and minus `t_quantile(0.975, n
# - 1)` times the spread (`ddof=1`) over the root of n. Make plain floats of
# everything.
#
# ---
#
# A neighbouring problem: report the height of a plant as a dictionary, with
# its standard error.
#
# ```python
# heights = np.array([11.0, 12.5, 11.5, 13.0])
# error = heights.std(ddof=1) / len(heights) ** 0.5
# low, high = heights.mean() - error, heights.mean() + error
# print({"plants": 4, "mean": float(heights.mean())})
# print({"from": float(low), "to": float(high)})
# ```

# %% nbgrader={"grade": true, "grade_id": "final_report_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
validation = {"plain": [0.70, 0.71, 0.75], "good": [0.80, 0.81, 0.85], "grand": [0.81, 0.83, 0.85]}
cost = {"plain": 10, "good": 100, "grand": 1000}
test = {"plain": [0.99, 0.99, 0.98], "good": [0.77, 0.80, 0.80], "grand": [0.97, 0.96, 0.97]}


def answers():
    """With your own rule."""
    got = final_report(validation, test, cost)
    assert isinstance(got, dict) and {"choice", "validation", "test", "interval"} <= set(got), (
        'final_report should return a dict with "choice", "validation", "test" and "interval"'
    )
    hints = {
        "plain": "It shines on the test images only. Whoever chooses on those has no honest estimate left.",
        "grand": "Choose by the one-standard-error rule, on VALIDATION: good is as good, and cheaper.",
    }
    assert got["choice"] == "good", (
        f"the choice is {got['choice']!r}. {hints.get(got['choice'], '')}"
    )
    hint = "The MEAN over its seeds: the best of several runs is luck."
    checks.equal(got["validation"], 0.82, "the mean validation accuracy of the choice", hint)
    hint = "The mean test accuracy of the chosen candidate, and of no other."
    checks.equal(got["test"], 0.79, "the mean test accuracy of the choice", hint)
    sealed = final_report(validation, {"good": test["good"]}, cost)
    checks.equal(sealed["choice"], "good", "the choice where the other test accuracies are missing")
    checks.equal(sealed["test"], 0.79, "its mean test accuracy")


def with_others():
    """With a stand-in for it (see the first cell), which takes the largest sum of runs and cost."""
    prices, few = {"plain": 1.0, "good": 0.2, "grand": 0.1}, [0.1, 0.2, 0.6]
    for scores in [{"plain": few}, {**test, "plain": few, "good": [1.2, 1.3, 1.4]}]:
        got = ask_alone("final_report", validation, scores, prices)
        got = [got["choice"], got["validation"], got["test"]]
        checks.equal(got, ["plain", 0.72, 0.3], "alone")


either(answers, with_others)

# %% nbgrader={"grade": true, "grade_id": "final_report_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
def one_error_rule(validation, cost):
    """The cheapest within one standard error of the best."""
    means = {name: float(np.mean(values)) for name, values in validation.items()}
    best = validation[max(means, key=means.get)]
    limit = np.mean(best) - np.std(best, ddof=1) / len(best) ** 0.5
    return min((n for n in means if means[n] >= limit), key=lambda n: (cost[n], -means[n]))


def check_report(function, rule):
    """On candidates of which several are good enough."""
    rng = np.random.default_rng(82)
    for _ in range(20):
        names = [f"c{i}" for i in range(4)]
        validation = {name: rng.normal(0.8, 0.02, size=5).tolist() for name in names}
        cost = dict(zip(names, (rng.permutation(4) / 10).tolist(), strict=True))
        best = rule(validation, cost)
        test = {name: rng.uniform(0.2, 1.0, size=4).tolist() for name in names}
        test[best] = rng.uniform(0.1, 0.15, size=3).tolist()
        got = function(validation, test, cost)
        checks.equal(got["choice"], best, "the choice of four candidates")
        mean = sum(validation[best]) / 5
        checks.equal(got["validation"], mean, "its mean validation accuracy")
        checks.equal(got["test"], sum(test[best]) / 3, "its mean test accuracy")


either(
    lambda: check_report(final_report, one_error_rule),
    lambda: check_report(
        lambda *given: ask_alone("final_report", *given), STAND_INS["one_standard_error"]
    ),
)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "final_report_interval_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
validation = {"one": [0.5, 0.6, 0.4, 0.5], "two": [0.88, 0.90, 0.92, 0.94]}
test = {"one": [0.4, 0.5, 0.6, 0.3], "two": [0.80, 0.84, 0.82, 0.86]}
try:
    got = final_report(validation, test, {"one": 1, "two": 2})
    right = got["choice"] == "two"
except checks.NotWritten:
    raise
except Exception:
    right = False
if not right:  # by a stand-in for your rule (see the first cell), which takes two here
    got = ask_alone("final_report", validation, test, {"one": 1, "two": 2})
assert isinstance(got, dict) and "interval" in got, (
    'final_report should return a dict with "interval"'
)
assert isinstance(got["interval"], tuple | list | np.ndarray) and len(got["interval"]) == 2, (
    '"interval" should be a pair of numbers: (low, high)'
)
mistakes = {
    "an interval with 1.96": (
        [0.8046965, 0.8553035],
        "Four runs know little about their spread: t_quantile(0.975, n - 1).",
    ),
    "an interval with n degrees of freedom": (
        [0.7941562, 0.8658438],
        "One degree of freedom goes to the mean: n - 1.",
    ),
    "a one-sided interval": (
        [0.7996182, 0.8603818],
        "2.5 % are left out on EACH side: t_quantile(0.975, n - 1).",
    ),
    "where single runs may fall, not the mean": (
        [0.7478296, 0.9121704],
        "Divide by the root of n: the mean is surer than a run.",
    ),
    "mean plus and minus the spread": ([0.8041801, 0.8558199], "Where are t and the root of n?"),
    "mean plus and minus one standard error": ([0.8170901, 0.8429099], "Where is t?"),
    "an interval with the divisor n in the spread": (
        [0.7944192, 0.8655808],
        "The spread of a sample divides by n - 1: ddof=1.",
    ),
    "an interval around the best run": ([0.8361803, 0.8838197], "Around the MEAN."),
    "an interval around the best run, with the right width": (
        [0.8189148, 0.9010852],
        "Around the MEAN of the runs.",
    ),
    "their interval": ([0.8161730, 0.9038270], "Around the mean; t, ddof=1 and the root of n."),
    "an interval of single runs, with 1.96": (
        [0.7693930, 0.8906070],
        "Divide by the root of n, and t_quantile(0.975, n - 1) for four runs.",
    ),
    "the interval of the validation accuracies": (
        [0.8689148, 0.9510852],
        "They have been used to choose: the report is about the TEST.",
    ),
}
expected = np.array([0.7889148, 0.8710852])
name = "the interval of four test accuracies"
checks.array(np.array(got["interval"], dtype=float), expected, name, mistakes, atol=1e-6)

# %% nbgrader={"grade": true, "grade_id": "final_report_interval_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(83)
for n in (2, 3, 5, 12):
    test = {"a": rng.normal(0.8, 0.03, size=n).tolist()}
    got = ask_alone("final_report", {"a": [0.5, 0.6]}, test, {"a": 3})["interval"]
    half = t_quantile(0.975, n - 1) * (np.var(test["a"]) / (n - 1)) ** 0.5
    expected = np.mean(test["a"]) + np.array([-half, half])
    checks.array(np.array(got, dtype=float), expected, f"the interval of {n} test accuracies")
### END HIDDEN TESTS

# %% [markdown]
# **Optuna takes over.** The next cell starts it and defines what it is to search.
#
# A **task** is a dictionary with a search space and the name of an objective. `evaluate(task,
# configuration)` gives the validation accuracy of a configuration, whatever the objective: a real
# training, or a made-up `hill` that costs nothing and lets the checks know where its top is. Your
# search cannot tell the difference, and should not.

# %% nbgrader={"grade": false, "grade_id": "optuna_setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import uuid

import optuna

# No message for each trial.
optuna.logging.set_verbosity(optuna.logging.WARNING)


def hill(task, configuration):
    """A made-up accuracy: 0.9 at task["top"], falling to 0.1 all around.

    The larger its number in task["steepness"], the more a hyperparameter
    matters.
    """
    distance = 0.0
    for name, (low, high, scale) in task["space"].items():
        at, top = configuration[name], task["top"][name]
        if scale == "log":
            low, high, at, top = (
                math.log(value) for value in (low, high, at, top)
            )
        distance += task["steepness"][name] * ((at - top) / (high - low)) ** 2
    return 0.1 + 0.8 * math.exp(-distance)


OBJECTIVES = {"hill": hill}


def evaluate(task, configuration):
    """Validation accuracy of a configuration: what a search may ask for."""
    return float(OBJECTIVES[task["objective"]](task, configuration))


example = {
    "objective": "hill",
    "space": {
        "learning_rate": (1e-6, 1.0, "log"),
        "momentum": (0.0, 0.99, "linear"),
    },
    "top": {"learning_rate": 0.003, "momentum": 0.8},
    "steepness": {"learning_rate": 30.0, "momentum": 2.0},
}
print(
    f"Optuna {optuna.__version__};",
    evaluate(example, {"learning_rate": 0.003, "momentum": 0.8}),
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "bayesian_search_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8 (3 points): a Bayesian study that survives a restart
#
# Random search learns nothing from what it has seen. **TPE**, the tree-structured Parzen estimator,
# does: it looks where good trials have been more often than bad ones. Write `bayesian_search`, a
# study of Optuna's with its `TPESampler`, **maximising** `evaluate(task, configuration)`.
#
# - In the objective, suggest a value for each hyperparameter of `task["space"]` with
#   `trial.suggest_float(name, low, high, log=...)`, and return what `evaluate` says.
# - Seed the sampler.
# - The study lives in `storage`: an address such as `"sqlite:///study.db"`, a file beside the
#   notebook, or `None` for memory only. Its name is `name`. If a study of that name is in the
#   storage already, **go on with it** (`load_if_exists`).
# - `budget` counts all **finished** trials of the study, those of earlier calls included. If 6 are
#   there and the budget is 14, run 8 more. If the budget is spent, run none.
# - A kernel that was interrupted leaves a trial behind that failed, or that seems to be running for
#   ever (lecture 2). Such trials have no accuracy. They do not count, and they are not reported.
#
# **A trap that is easy to miss.** A sampler with the same seed draws the same numbers again
# after a restart, and your study pays for trials that it has already made. So use `seed` plus the
# number of finished trials that are there already. Then the same calls in the same order still give
# the same trials.
#
# The result is plain data:
#
# | key | value |
# |---|---|
# | `"params"` | dict, the best configuration of the study |
# | `"value"` | float, its accuracy |
# | `"trials"` | list of (dict, float): configuration and accuracy of every finished trial, in order |
#
# One point is for honest results, one for a search that learns and can be repeated, one for the
# storage.


# %% nbgrader={"grade": false, "grade_id": "bayesian_search", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bayesian_search(task, budget, seed, storage=None, name="search"):
    """Search with Optuna's TPE.

    Parameters
    ----------
    task : dict
        Has the search space in task["space"]; goes to evaluate(task,
        configuration).
    budget : int
        Number of finished trials that the study has in the end.
    seed : int
        The same seed gives the same trials.
    storage : str or None
        Where Optuna keeps the study; None for memory.
    name : str
        The study's name.

    Returns
    -------
    dict
        "params", "value" and "trials", see above.
    """
    ### BEGIN SOLUTION
    study = optuna.create_study(
        direction="maximize",
        storage=storage,
        study_name=name,
        load_if_exists=True,
    )
    complete = [optuna.trial.TrialState.COMPLETE]
    done = len(study.get_trials(states=complete))
    study.sampler = optuna.samplers.TPESampler(seed=seed + done)

    def objective(trial):
        configuration = {
            key: trial.suggest_float(key, low, high, log=scale == "log")
            for key, (low, high, scale) in task["space"].items()
        }
        return evaluate(task, configuration)

    if done < budget:
        study.optimize(objective, n_trials=budget - done)
    return {
        "params": study.best_params,
        "value": study.best_value,
        "trials": [
            (trial.params, trial.value)
            for trial in study.get_trials(states=complete)
        ],
    }
    ### END SOLUTION


def leave_behind(task, storage, name):
    """What interrupted kernels leave in a study (the checks use it: leave it
    as it is).

    A trial that failed, and two that seem to run for ever: one with its
    parameters, one without.
    """
    study = optuna.load_study(study_name=name, storage=storage)
    for kind in ("failed", "running", "empty"):
        trial = study.ask()
        if kind != "empty":
            for key, (low, high, scale) in task["space"].items():
                trial.suggest_float(key, low, high, log=scale == "log")
        if kind == "failed":
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


# %% [markdown] tags=["hints"]
# Read the bullet points as the lines of a recipe. Which object knows how many
# trials there are already, and when must you ask it?
#
# ---
#
# `optuna.create_study(direction=..., storage=..., study_name=...,
# load_if_exists=True)` first. Each of `study.trials` has a `state`; what has been
# done are those in the state `optuna.trial.TrialState.COMPLETE`. The sampler is
# `optuna.samplers.TPESampler(seed=...)`, and `study.sampler` may be set
# afterwards. `study.optimize(objective, n_trials=...)` runs the rest, if there
# is a rest; `study.best_params`, `study.best_value` and the `params` and
# `value` of each finished trial are the result.
#
# ---
#
# A neighbouring problem: minimise $(x - 2)^2$ by random sampling, in a study
# of eight trials.
#
# ```python
# import optuna
#
# optuna.logging.set_verbosity(optuna.logging.WARNING)
# square = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
#
# def far(trial):
#     return (trial.suggest_float("x", -5, 5) - 2) ** 2
#
# square.optimize(far, n_trials=8)
# print(len(square.trials), square.trials[0].params, square.best_params)
# ```

# %% nbgrader={"grade": true, "grade_id": "bayesian_search_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
task = {
    "objective": "hill",
    "space": {"learning_rate": (1e-6, 1.0, "log"), "momentum": (0.5, 0.99, "linear")},
    "top": {"learning_rate": 0.003, "momentum": 0.8},
    "steepness": {"learning_rate": 30.0, "momentum": 2.0},
}
drawn = []
for seed in (1, 2, 3):
    result = bayesian_search(task, 15, seed)
    assert isinstance(result, dict) and {"params", "value", "trials"} <= set(result), (
        'bayesian_search should return a dict with the keys "params", "value" and "trials"'
    )
    assert all(isinstance(row, tuple | list) and len(row) == 2 for row in result["trials"]), (
        '"trials" should be a list of pairs: (configuration, accuracy)'
    )
    hint = "One for each trial that was paid for, not more and not fewer."
    checks.equal(len(result["trials"]), 15, "the number of trials with a budget of 15", hint)
    points = table_of([one for one, _ in result["trials"]], task["space"])
    for column, (name, (low, high, _)) in enumerate(task["space"].items()):
        outside = [value for value in points[:, column] if not low <= value <= high]
        assert not outside, (
            f"{name} = {outside[0]:.4g} lies outside of its range {low:g} to {high:g}"
        )
    values = np.array([value for _, value in result["trials"]], dtype=float)
    really = np.array([hill(task, one) for one, _ in result["trials"]])
    mistakes = {
        "minus the accuracies": (-really, "Maximise with direction='maximize', without a sign."),
        "one minus the accuracies": (1 - really, "Maximise with direction='maximize'."),
    }
    checks.array(values, really, "the accuracies of the trials", mistakes)
    hint = "Is the study told to MAXIMIZE?" if result["value"] == values.min() else ""
    checks.equal(result["value"], float(values.max()), "the best accuracy", hint)
    best = table_of([result["params"]], task["space"])[0]
    hint = "They belong to the trial with the highest accuracy."
    assert np.allclose(best, points[values.argmax()], rtol=1e-9), (
        f'"params" is {best.tolist()}. {hint}'
    )
    drawn.extend(points[:10, 0].tolist())
low_ones = sum(value < 1e-3 for value in drawn)
assert low_ones >= 3, (
    f"Of 30 learning rates drawn first from 1e-6 to 1, {low_ones} are below 0.001. On a log scale it "
    "is about half of them: suggest_float(..., log=True)."
)

# %% nbgrader={"grade": true, "grade_id": "bayesian_search_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
task = {
    "objective": "hill",
    "space": {"a": (-5.0, 5.0, "linear"), "b": (1e-3, 1e3, "log"), "c": (10.0, 20.0, "linear")},
    "top": {"a": 1.0, "b": 2.0, "c": 11.0},
    "steepness": {"a": 5.0, "b": 5.0, "c": 5.0},
}
result = bayesian_search(task, 12, 4)
checks.equal(len(result["trials"]), 12, "the number of trials with a budget of 12")
points = table_of([one for one, _ in result["trials"]], task["space"])
really = [hill(task, one) for one, _ in result["trials"]]
checks.array(
    np.array([value for _, value in result["trials"]]), np.array(really), "their accuracies"
)
checks.equal(result["value"], max(really), "the best accuracy of three hyperparameters")
best = table_of([result["params"]], task["space"])[0]
assert np.allclose(best, points[int(np.argmax(really))]), "params are not those of the best trial"
assert points[:, 0].min() < 0, "a (linear, -5 to 5) is never negative in 12 trials"
single = {**task, "space": {"b": task["space"]["b"]}}
checks.equal(len(bayesian_search(single, 3, 0)["trials"]), 3, "the number of trials, budget 3")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "bayesian_search_learns_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
task = {
    "objective": "hill",
    "space": {"learning_rate": (1e-6, 1.0, "log"), "momentum": (0.0, 0.99, "linear")},
    "top": {"learning_rate": 0.003, "momentum": 0.8},
    "steepness": {"learning_rate": 60.0, "momentum": 6.0},
}
searches = []
for seed in (1, 1, 2, 3, 4):
    trials = bayesian_search(task, 40, seed)["trials"]
    points = table_of([one for one, _ in trials], task["space"])
    searches.append(np.column_stack([points, [hill(task, one) for one, _ in trials]]))
assert all(len(search) == 40 for search in searches), "With a budget of 40, a study has 40 trials."
assert np.array_equal(searches[0], searches[1]), (
    "Seed 1 gives two different searches: pass the seed to the sampler. (And storage=None means a "
    "study in memory, which begins anew with each call.)"
)
assert not np.array_equal(searches[0], searches[2]), (
    "Seeds 1 and 2 give the same search: is the seed used?"
)
late = np.mean([search[20:, 2] for search in searches[1:]])
everywhere = [
    hill(task, {"learning_rate": 10 ** (6 * (i + 0.5) / 40 - 6), "momentum": 0.99 * (j + 0.5) / 40})
    for i in range(40)
    for j in range(40)
]
assert late > np.mean(everywhere) + 0.1, (
    f"The last 20 of 40 trials have a mean accuracy of {late:.2f} (four searches). Trials at random "
    f"would have {np.mean(everywhere):.2f}, and TPE spends its later trials where the good ones "
    "were. Is the sampler a TPESampler? Is the study told to maximise? Is it ONE study that sees all "
    "its trials?"
)

# %% nbgrader={"grade": true, "grade_id": "bayesian_search_learns_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
task = {
    "objective": "hill",
    "space": {"x": (0.0, 100.0, "linear"), "y": (1e-4, 1e2, "log")},
    "top": {"x": 85.0, "y": 0.0005},
    "steepness": {"x": 30.0, "y": 20.0},
}
late = np.mean(
    [
        [hill(task, one) for one, _ in bayesian_search(task, 40, seed)["trials"][20:]]
        for seed in (11, 12, 13, 14)
    ]
)
assert late > 0.168 + 0.1, f"mean accuracy {late:.2f} of the last 20 trials; at random it is 0.17"
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "bayesian_search_storage_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
task = {
    "objective": "hill",
    "space": {"learning_rate": (1e-6, 1.0, "log"), "momentum": (0.0, 0.99, "linear")},
    "top": {"learning_rate": 0.003, "momentum": 0.8},
    "steepness": {"learning_rate": 30.0, "momentum": 2.0},
}
place, name = "sqlite:///week05-checks.db", f"check {uuid.uuid4().hex[:12]}"
first = bayesian_search(task, 4, 3, storage=place, name=name)["trials"]
then = bayesian_search(task, 10, 21, storage=place, name=name)["trials"]
assert len(first) == 4, f"A budget of 4 makes {len(first)} trials."
hint = {
    14: "The budget counts the trials that are there already: run only the 6 that are missing.",
    6: "The 4 trials of the first call belong to the study, too: list them all.",
}
assert len(then) == 10, (
    f"A second call with a budget of 10 gives {len(then)} trials of a study that had 4. "
    + hint.get(len(then), "All trials of the study, 10 in the end.")
)
points = [table_of([one for one, _ in trials], task["space"]) for trials in (first, then)]
assert np.array_equal(points[1][:4], points[0]), (
    "The second call does not begin with the 4 trials of the first one: is the study kept in "
    "`storage` under `name`, and loaded if it exists?"
)
spent = bayesian_search(task, 7, 3, storage=place, name=name)["trials"]
assert len(spent) == 10, (
    f"Budget 7, 10 trials are there: nothing to run, and all 10 to report. Got {len(spent)}."
)
# The same call after a restart of the kernel, in the middle of a study of another name.
first = bayesian_search(task, 3, 5, storage=place, name=name + " b")["trials"]
assert len(first) == 3, f"A study of another name has {len(first)} trials, not 3: is `name` used?"
then = bayesian_search(task, 6, 5, storage=place, name=name + " b")["trials"]
points = table_of([one for one, _ in then], task["space"]).tolist()
copies = len(points) - len({tuple(row) for row in points})
assert copies == 0, (
    f"{copies} of the 3 new trials are exact copies of old ones: after the restart the sampler draws "
    "the same numbers again. Seed it with `seed` plus the number of trials that are there."
)
assert [tuple(row) for row in points[:3]] == [
    tuple(row) for row in table_of([one for one, _ in first], task["space"]).tolist()
], "The trials before the restart have changed."
repeat = [
    bayesian_search(task, count, 5, storage=place, name=name + " c")["trials"] for count in (3, 6)
][-1]
again = table_of([one for one, _ in repeat], task["space"]).tolist()
assert again == points, (
    "The same calls in the same order, budgets 3 and 6 with seed 5, give other trials in a new study: after "
    "a restart the sampler needs a seed as well, `seed` plus the number of finished trials."
)
# Kernels that were interrupted have left trials behind: one failed, two that seem to run for ever.
leave_behind(task, place, name + " c")
more = bayesian_search(task, 9, 5, storage=place, name=name + " c")
assert all(isinstance(value, float) for _, value in more["trials"]), (
    f'Some accuracies in "trials" are no numbers: {[value for _, value in more["trials"]]}. An interrupted kernel leaves '
    "trials without an accuracy: report the finished ones only (their state is COMPLETE)."
)
assert len(more["trials"]) == 9, (
    f"Six trials are finished, three were interrupted, the budget is 9: nine finished ones are wanted, not "
    f"{len(more['trials'])}. Trials that were interrupted do not count."
)
kept = table_of([one for one, _ in more["trials"]], task["space"]).tolist()
assert kept[:6] == points, "The six finished trials are not the first ones in the list."
hint = "An interrupted trial has no accuracy: the best is one of the finished ones."
checks.equal(more["value"], max(value for _, value in more["trials"]), "the best accuracy", hint)

# %% nbgrader={"grade": true, "grade_id": "bayesian_search_storage_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks run here after handing in.
### BEGIN HIDDEN TESTS
place, name = "sqlite:///week05-checks.db", f"check {uuid.uuid4().hex[:12]}"
task = {
    "objective": "hill",
    "space": {"z": (1.0, 2.0, "linear")},
    "top": {"z": 1.5},
    "steepness": {"z": 9.0},
}
sizes = [bayesian_search(task, n, 5, storage=place, name=name) for n in (2, 4, 4, 5)]
checks.equal([len(one["trials"]) for one in sizes], [2, 4, 4, 5], "trials of budgets 2, 4, 4 and 5")
points = [float(one["z"]) for one, _ in sizes[-1]["trials"]]
assert len(set(points)) == 5, "trials after a restart are copies of earlier ones"
checks.equal(
    sizes[-1]["value"], max(hill(task, {"z": z}) for z in points), "the best of ALL trials"
)
leave_behind(task, place, name)
spent = bayesian_search(task, 5, 1, storage=place, name=name)
checks.equal([float(one["z"]) for one, _ in spent["trials"]], points, "trials of a spent budget")
checks.equal(spent["value"], sizes[-1]["value"], "the best accuracy where trials were interrupted")
leave_behind(task, place, name)
later = bayesian_search(task, 12, 40, storage=place, name=name)["trials"]
checks.equal(len(later), 12, "the number of finished trials beside six interrupted ones")
values = [value for _, value in later]
really = [hill(task, one) for one, _ in later]
checks.array(np.array(values, dtype=float), np.array(really), "the accuracies of all of them")
assert len({float(one["z"]) for one, _ in later}) == 12, "trials after a restart are copies"
### END HIDDEN TESTS

# %% [markdown]
# **All three at the same budget**, on the real network. The first ten trials of TPE are drawn at
# random, so a gap between the curves *there* is luck, and shows how far a gap later can be trusted.
#
# > **Predict, then run.** By how much will TPE win? By more than the band is wide?

# %%
OBJECTIVES["network"] = lambda task, configuration: train_network(
    **configuration
)[-1]
task = {
    "objective": "network",
    "space": {
        "learning_rate": (0.0001, 1.0, "log"),
        "momentum": (0.0, 0.98, "linear"),
    },
}
trials, repeats = budget.choose(ci=16, cpu=25), budget.choose(ci=3, cpu=5)
by_tpe = np.array(
    [
        [value for _, value in bayesian_search(task, trials, seed)["trials"]]
        for seed in range(repeats)
    ]
)
plots.curves(
    range(1, trials + 1),
    {
        "grid, in random order": incumbent_band(shuffled),
        "random search": incumbent_band(at_random),
        "TPE": incumbent_band(by_tpe),
    },
    xlabel="trainings",
    ylabel="best validation accuracy so far",
    title=f"The same budget, {repeats} repeats: mean and spread",
)
for name, values in [("random search", at_random), ("TPE", by_tpe)]:
    print(
        f"{name:14} mean accuracy of all trials after the tenth: "
        f"{values[:, 10:].mean():.1%}"
    )

# %% [markdown]
# Look at two things. The last lines say whether the later trials of TPE are better *on average*,
# which means that it has learned where to look. Whether its *best* trial is better too is another
# question. It depends on how hard the good region is to hit: with two hyperparameters and a wide
# plateau, luck hits it soon.

# %% [markdown]
# ## The harvest: your program tunes a CNN
#
# Everything comes together now. A small CNN in Keras looks at the photographs of clothes. Your
# Bayesian study searches two settings: the peak of the learning rate, and the share of the epochs
# that warm it up, by *your* schedule. The study lies in the file `week05-study.db`. Interrupt the
# kernel in the middle, restart it, run the notebook again: the finished trials are still there.
#
# Every trial begins from fresh weights. The network itself is built and compiled once for each
# size, which saves most of the time. The next cell starts Keras, which takes a few seconds.

# %%
import keras
from keras import layers

pixels = clothes.train.images.astype("float32") / 255
cnns = {}  # from the number of filters to the compiled model


def build_cnn(filters):
    """A small CNN, not compiled."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(
                filters, 3, strides=2, padding="same", activation="relu"
            ),
            layers.Conv2D(
                2 * filters, 3, strides=2, padding="same", activation="relu"
            ),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def share_right(model, split):
    """Accuracy on a split, in one go: it is small enough."""
    scores = model(split.images.astype("float32") / 255, training=False)
    return float(
        (
            keras.ops.convert_to_numpy(scores).argmax(axis=1) == split.labels
        ).mean()
    )


def train_cnn(peak, warmup_share, filters=8, seed=0):
    """The trained CNN and its validation accuracy."""
    started, epochs = time.perf_counter(), budget.choose(ci=4, cpu=6)
    keras.utils.set_random_seed(seed)
    fresh = build_cnn(filters)
    if filters not in cnns:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        fresh.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
        fresh.optimizer.build(fresh.trainable_variables)
        cnns[filters] = fresh
    model = cnns[filters]
    model.set_weights(fresh.get_weights())
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    rates = schedule(
        epochs, peak, round(warmup_share * (epochs - 1)), floor=peak / 100
    )
    steps = keras.callbacks.LearningRateScheduler(
        lambda epoch: float(rates[epoch])
    )
    model.fit(
        pixels,
        labels,
        epochs=epochs,
        batch_size=60,
        callbacks=[steps],
        verbose=0,
    )
    # Running this again is one more training.
    clock.append(time.perf_counter() - started)
    return model, share_right(model, clothes.validation)


print(
    f"Keras {keras.__version__} on {keras.backend.backend()},",
    f"{build_cnn(8).count_params():,} parameters with 8 filters",
)

# %%
OBJECTIVES["cnn"] = lambda task, configuration: train_cnn(**configuration)[1]
task = {
    "objective": "cnn",
    "space": {
        "peak": (0.001, 1.0, "log"),
        "warmup_share": (0.0, 0.6, "linear"),
    },
}
trials = budget.choose(ci=6, cpu=16)
found = bayesian_search(
    task, trials, seed=0, storage="sqlite:///week05-study.db", name="cnn"
)
points = table_of([one for one, _ in found["trials"]], task["space"])
values = np.array([value for _, value in found["trials"]])
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
drawn = ax.scatter(
    points[:, 0],
    points[:, 1],
    c=values,
    cmap="cividis",
    s=60,
    edgecolor="#1B1B1B",
)
ax.scatter(
    *points[values.argmax()],
    marker="*",
    s=260,
    facecolor="none",
    edgecolor=plots.COLOURS[3],
)
fig.colorbar(drawn, label="validation accuracy")
ax.set(
    xscale="log",
    xlim=(0.0008, 1.25),
    ylim=(-0.04, 0.64),
    xlabel="peak learning rate",
    ylabel="share of warm-up",
    title=f"Your study: {len(values)} trainings of a CNN, a star around the "
    "best",
)
plots.show(
    fig,
    alt=f"{len(values)} trials in the plane of peak learning rate and warm-up "
    f"share, coloured by their validation accuracy from {values.min():.2f} to "
    f"{values.max():.2f}; a star marks the best, at a peak of "
    f"{found['params']['peak']:.3g}.",
)
print(
    f"best of {len(values)} trials: {found['value']:.1%} with", found["params"]
)

# %% [markdown]
# The best of many trials looks better than it is: among many noisy numbers the largest is a lucky
# one. So nobody reports it. Train the winning settings again, from **new seeds**, in three sizes. Your
# rule chooses the size, on the validation images, and only then are the test images opened.

# %%
settings = bayesian_search(
    task, trials, 0, "sqlite:///week05-study.db", "cnn"
)["params"]
seeds = range(100, 100 + budget.choose(ci=3, cpu=4))
validation, weights, cost = {}, {}, {}
for filters in (4, 8, 16):
    name = f"{filters} filters"
    validation[name], weights[name] = [], []
    for seed in seeds:
        model, accuracy = train_cnn(**settings, filters=filters, seed=seed)
        validation[name].append(accuracy)
        weights[name].append(model.get_weights())
    cost[name] = model.count_params()
ties = tied_with_best(validation)
print(f"validation accuracy, {len(seeds)} seeds")
for name, mean, spread in ranked_table(validation):
    told = "" if name in ties else "   told apart from the best"
    print(
        f"{name:12}{mean:6.1%} ± {spread:.1%}{cost[name]:10,} parameters{told}"
    )

choice = one_standard_error(validation, cost)
model = cnns[int(choice.split()[0])]
# The only line of this notebook after which test images are looked at.
test = {choice: []}
for trained in weights[choice]:
    model.set_weights(trained)
    test[choice].append(share_right(model, clothes.test))
report = final_report(validation, test, cost)
low, high = report["interval"]
print(
    f"\nchosen: {report['choice']}, test accuracy {report['test']:.1%}, 95% "
    f"interval {low:.1%} to {high:.1%}"
)
images = len(clothes.test.labels)
print(
    f"with {images} test images alone, a share like this is uncertain by "
    "another ± "
    f"{1.96 * math.sqrt(report['test'] * (1 - report['test']) / images):.1%}"
)
print(
    f"{len(clock)} networks trained in this session, {sum(clock):.0f} s of "
    "training"
)

# %% [markdown]
# That is a result one can defend: the space and the budget were fixed beforehand, the search saw
# validation images only, the winner was trained again from new seeds, the size follows a rule, the
# test images were opened once, the uncertainty is stated, and so is the cost. The interval speaks
# of the luck of *training* (other seeds, the same images). With few seeds it is wide: for three of
# them the factor is `t_quantile(0.975, 2)`, which is 4.3. The line below it speaks of the luck of the
# *test images*.

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
# - **Pairs.** The same seeds were used for each size. Take the differences seed by seed and one
#   interval of these. Is it narrower? Why might it not be?
# - **Many comparisons.** With 12 methods, 11 intervals are compared with the best. How often is a
#   method told apart by luck alone? Simulate it: 12 methods that are all the same.
# - **Optuna's own pruner.** `optuna.pruners.MedianPruner` knows your rule. Let a trial `report` its
#   accuracy after each epoch, and compare with `epochs_run`.
# - **Several workers.** Open this notebook twice, and let both work on the study in
#   `week05-study.db` at the same time. How do you have to change the seed?

# %%
# Your experiments
