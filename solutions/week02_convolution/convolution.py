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
# # Exercise 2: a convolutional layer from nothing but sums, and what it costs
#
# A convolutional network looks like magic until you have built one. In this exercise you build every
# part of it: the sliding window, the layer with its many filters, the pooling, and the way back up. You
# also learn to say, *before* anything runs, how large each output is, how many parameters a layer has,
# how much work it does and how far it sees. Keras is the judge: in the end your layer gives the same
# numbers.
#
# | question | you write | points |
# |---|---|---|
# | 1 | the size of the output | 2 |
# | 2 | the sliding window, with padding, stride and dilation | 4 |
# | 3 | a whole layer: channels, filters, bias | 3 |
# | 4 | pooling | 2 |
# | 5 | the cost: parameters and multiply-adds | 2.5 |
# | 6 | how far a stack of layers sees | 1.5 |
# | 7 | the transposed convolution, by its matrix | 2 |
# | 8 | somebody's edge detector, repaired | 1 |
# | 9 | three layers, judged in three sentences | 2 |
#
# **How it works.** Replace `raise checks.NotWritten()` by your code, run the
# cell, then run the check below it. A check is a closed cell: you need not
# read its code, though you may open it. One that fails tells you what it saw
# and what to think about. When you hand in, further checks run on other
# numbers, for points of their own, so write for any input that fits the
# description. Your answers need NumPy only. Where a question builds on an
# earlier one, the course's own version stands ready, so that a mistake costs
# its points only once. The last question is answered in words.
#
# **Stuck?** `exercise.hint("5a")` gives a hint to that question, a small one first, and never the
# answer. `exercise.progress()` runs all checks and says what to do next.
#
# The whole notebook runs in less than a minute on any laptop, most of which is the time Keras takes to
# start.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

import numpy as np

import helpers.exercise
from helpers import checks, knn, limits, plots
from helpers.data import load

exercise = helpers.exercise.load("week02_convolution")

# %%
from skimage import data as photographs
from skimage import transform

photo = transform.downscale_local_mean(
    photographs.chelsea()[:, :440], (2, 2, 1)
).astype(np.uint8)
plots.image_grid(
    [photo],
    [f"{photo.dtype}, {photo.shape}"],
    scale=3,
    title="Chelsea, who will sit for this exercise",
    alt="A colour photograph of a tabby cat's face.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "output_size_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1 (2 points): how large is the output?
#
# A kernel slides along an image and gives one number for each place where it fits. How many places are
# there along one side? Four things decide:
#
# - **padding**: so many zeros are added on *each* of the two ends;
# - **dilation**: neighbouring cells of the kernel are that many pixels apart (1 = next to each other),
#   so that a kernel of 3 cells with dilation 2 reaches over 5 pixels;
# - **stride**: the window moves on by so many pixels each time;
# - a window that sticks out at the end does not count.
#
# Write `output_size`. It must also *refuse* what cannot be: a kernel that reaches further than the
# padded image, and settings that make no sense. A network with a layer of size 0 may well run; it just
# learns nothing.


# %% nbgrader={"grade": false, "grade_id": "output_size", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    """Number of places for a kernel along one side of an image.

    Parameters
    ----------
    size, kernel : int
        Length of the side in pixels; number of cells of the kernel.
    stride, padding, dilation : int
        See above.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the kernel does not fit, if size, kernel, stride or dilation is
        below 1, or padding below 0.
    """
    ### BEGIN SOLUTION
    if min(size, kernel, stride, dilation) < 1 or padding < 0:
        raise ValueError(
            "size, kernel, stride and dilation must be at least 1, padding at "
            "least 0"
        )
    reach = dilation * (kernel - 1) + 1
    room = size + 2 * padding - reach
    if room < 0:
        raise ValueError(
            f"a kernel that reaches over {reach} pixels does not fit into "
            f"{size + 2 * padding}"
        )
    return room // stride + 1
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Draw a line of 10 pixels and a kernel of 3 below it. How far can the kernel
# move to the right before it sticks out? How many places is that, the first
# one included?
#
# ---
#
# Work out two numbers first: how many pixels the kernel reaches over, and how
# much room is left beside it in the padded image. Whole steps are `//`, and
# the place where it stands before any step counts as well. Refuse with `raise
# ValueError("...")`, and before you divide.
#
# ---
#
# A neighbouring problem: how many posts does a fence need, if posts stand
# every `step` metres, the first one at the beginning and none beyond the end?
#
# ```python
# def posts(length, step):
#     if step < 1 or length < 0:
#         raise ValueError("a step of 1 or more, a length of 0 or more")
#     return length // step + 1  # the gaps, and one more
#
# print(posts(10, 3), posts(9, 3), posts(2, 3))  # 4 4 1
# ```

# %% nbgrader={"grade": true, "grade_id": "output_size_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mistakes = {
    "the number of steps": (7, "Count the places, and the kernel stands in the first one before any step."),
    "the size of the input": (10, "Without padding, the kernel has to stay inside."),
}
checks.array(output_size(10, 3), 8.0, "output_size(10, 3)", mistakes)
whole = "The last window sticks out and does not count: whole steps only. What does // do?"
mistakes = {"a fraction": (8 / 3 + 1, whole), "rounded up": (4, whole)}
checks.array(output_size(12, 4, stride=3), 3, "output_size(12, 4, stride=3)", mistakes)
mistakes = {"padded on one side only": (8, "An image has two ends, and each gets the padding.")}
checks.array(output_size(10, 5, padding=2), 10, "output_size(10, 5, padding=2)", mistakes)
mistakes = {
    "a kernel without gaps": (8, "With dilation 3 the cells stand at 0, 3 and 6: how far does it reach?"),
    "a kernel that reaches over 9 pixels": (2, "Three cells have two gaps between them, not three. Draw it."),
}
checks.array(output_size(10, 3, dilation=3), 4, "output_size(10, 3, dilation=3)", mistakes)
mistakes = {
    "the size without padding": (14, "Both ends get their 1."),
    "rounded up": (16, whole),
}
name = "output_size(31, 4, stride=2, padding=1)"
checks.array(output_size(31, 4, stride=2, padding=1), 15, name, mistakes)
mistakes = {
    "the size without dilation": (7, "How far does the kernel reach?"),
    "the size without padding": (5, "Both ends get their 2."),
    "the size without the stride": (17, "Whole steps of 3."),
    "rounded up": (7, whole),
}
name = "output_size(17, 3, stride=3, padding=2, dilation=2)"
checks.array(output_size(17, 3, stride=3, padding=2, dilation=2), 6, name, mistakes)
checks.array(output_size(17, 3, 3, 2, 2), 6, "output_size(17, 3, 3, 2, 2)", mistakes)

# %% nbgrader={"grade": true, "grade_id": "output_size_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of output_size run here after you hand in.
### BEGIN HIDDEN TESTS
for size, kernel, stride, padding, dilation in [
    (32, 5, 1, 0, 1), (32, 5, 1, 2, 1), (32, 5, 1, 4, 1), (224, 7, 2, 3, 1), (31, 4, 2, 1, 1),
    (9, 2, 4, 0, 1), (28, 3, 2, 1, 1), (17, 3, 3, 2, 2), (64, 5, 1, 8, 4), (20, 1, 7, 0, 5), (11, 3, 2, 0, 4),
]:
    last = size + 2 * padding - dilation * (kernel - 1)
    expected = len(range(0, last, stride))
    case = f"output_size({size}, {kernel}, stride={stride}, padding={padding}, dilation={dilation})"
    checks.array(output_size(size, kernel, stride, padding, dilation), expected, case)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "output_size_refuses_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
checks.equal(output_size(5, 4), 2, "output_size(5, 4)")


def outcome(*settings, **more_settings):
    """What output_size does: "gives 3", or "raises ValueError: ..."."""
    try:
        return f"gives {output_size(*settings, **more_settings)}".removesuffix(".0")
    except ValueError as error:  # or a kind of ValueError
        return f"raises ValueError: {error}"
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"


does = outcome(5, 5)
assert does == "gives 1", f"output_size(5, 5) {does}. A kernel as large as the image fits exactly once."
does = outcome(3, 5, padding=1)
assert does == "gives 1", f"output_size(3, 5, padding=1) {does}. With its padding the image is 5 wide."
does = outcome(4, 5)
refused = does.startswith("raises") and "ValueError" in does
assert refused, f"output_size(4, 5) {does}. A kernel of 5 does not fit into 4 pixels: raise ValueError(...)."
does = outcome(6, 3, dilation=3)
refused = does.startswith("raises") and "ValueError" in does
assert refused, f"output_size(6, 3, dilation=3) {does}. Its cells stand at 0, 3 and 6: raise ValueError(...)."
does = outcome(6, 3, stride=0)
refused = does.startswith("raises") and "ValueError" in does
assert refused, f"output_size(6, 3, stride=0) {does}. A stride below 1 makes no sense: raise ValueError(...)."
for settings in [
    {"kernel": 0}, {"stride": -1}, {"padding": -1}, {"dilation": 0}, {"size": 0, "kernel": 1, "padding": 1},
]:
    does = outcome(**{"size": 6, "kernel": 3} | settings)
    refused = does.startswith("raises") and "ValueError" in does
    case = ", ".join(f"{key}={value}" for key, value in ({"size": 6, "kernel": 3} | settings).items())
    assert refused, f"output_size({case}) {does}. That makes no sense: raise ValueError(...)."

# %% nbgrader={"grade": true, "grade_id": "output_size_refuses_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of output_size run here after you hand in.
### BEGIN HIDDEN TESTS
checks.equal(output_size(9, 4), 6, "output_size(9, 4)")


def outcome(*settings, **more_settings):
    """What output_size does: "gives 3", or "raises ValueError: ..."."""
    try:
        return f"gives {output_size(*settings, **more_settings)}".removesuffix(".0")
    except ValueError as error:  # or a kind of ValueError
        return f"raises ValueError: {error}"
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"


case = "size, kernel, stride, padding, dilation = {}, {}, {}, {}, {}: output_size"
for settings in [(4, 7, 1, 1, 1), (8, 2, 1, 0, 8), (2, 3, 5, 0, 1), (2, 9, 3, 3, 1), (5, 3, 1, 0, 3)]:
    does = outcome(*settings)
    refused = does.startswith("raises") and "ValueError" in does
    assert refused, f"{case.format(*settings)} {does}. The kernel does not fit: raise ValueError(...)."
for settings in [(6, 0, 1, 0, 1), (6, 3, -1, 0, 1), (6, 3, 1, -1, 1), (6, 3, 1, 0, 0), (0, 1, 1, 1, 1)]:
    does = outcome(*settings)
    refused = does.startswith("raises") and "ValueError" in does
    assert refused, f"{case.format(*settings)} {does}. That makes no sense: raise ValueError(...)."
for settings in [(7, 3, 1, 0, 3), (1, 1, 9, 0, 9), (2, 3, 5, 1, 1)]:
    does = outcome(*settings)
    assert does == "gives 1", f"{case.format(*settings)} {does}. The kernel fits just so: do not refuse it."
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "course_size", "locked": true, "schema_version": 3, "solution": false, "task": false}
def course_size(size, kernel, stride=1, padding=0, dilation=1):
    """The course's own question 1: a mistake there costs nothing below."""
    return len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))

# %% [markdown] nbgrader={"grade": false, "grade_id": "conv2d_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2 (4 points): the sliding window
#
# Now the sliding itself. At each place, multiply the kernel with the pixels below it, cell by cell, and
# add up the products. That sum is one pixel of the output. As in every CNN, the kernel is **not**
# flipped (in mathematics this is a cross-correlation; "convolution" is what everybody says).
#
# Write `conv2d` for one grey image and one kernel. Go step by step: there is a point for each.
#
# 1. the plain slide (1 point);
# 2. `padding` with zeros on all four sides (1 point);
# 3. `stride` in both directions (1 point);
# 4. `dilation` in both directions (1 point).
#
# The size of the output is that of question 1: `course_size` below is the course's own version, with the
# same arguments (settings that make no sense do not occur any more). Neither the image nor the kernel has to be square.
# The image may be `uint8`, but the output has fractions and negative numbers: give it floats.


# %% nbgrader={"grade": false, "grade_id": "conv2d", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d(image, kernel, stride=1, padding=0, dilation=1):
    """Slide a kernel over an image (cross-correlation, as in CNNs).

    Parameters
    ----------
    image : ndarray of uint8 or float, shape (height, width)
    kernel : ndarray of int or float, shape (kernel_height, kernel_width)
    stride, padding, dilation : int
        As in question 1, the same for both directions; padding is with zeros.

    Returns
    -------
    ndarray of float, shape (output_height, output_width)
    """
    ### BEGIN SOLUTION
    height = course_size(
        image.shape[0], kernel.shape[0], stride, padding, dilation
    )
    width = course_size(
        image.shape[1], kernel.shape[1], stride, padding, dilation
    )
    padded = np.pad(np.asarray(image, dtype=np.float64), padding)
    result = np.zeros((height, width))
    for (row, column), weight in np.ndenumerate(kernel):
        # The pixels that this cell of the kernel meets, at all places at once.
        top, left = row * dilation, column * dilation
        bottom, right = (
            top + (height - 1) * stride + 1,
            left + (width - 1) * stride + 1,
        )
        result += weight * padded[top:bottom:stride, left:right:stride]
    return result
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Leave padding, stride and dilation aside at first. Which pixels lie below the
# kernel when it stands at output pixel (0, 0)? And at (0, 1)? Say it as a
# slice.
#
# ---
#
# Take the size of the result from `course_size`, make it with `np.zeros`, and
# fill it. With a stride the window of output (i, j) begins at `(i * stride, j
# * stride)`; `np.pad` adds zeros; and a slice `[a:b:dilation]` takes every
# `dilation`-th pixel. Solve one option, run its check, then the next.
#
# ---
#
# A neighbouring problem in one dimension: the largest of every three numbers
# that lie two apart, in steps of two.
#
# ```python
# line = np.array([3, 1, 4, 1, 2, 9, 7, 6, 5])
# reach, step, gap = 5, 2, 2  # three numbers, two apart, reach over five
# count = (len(line) - reach) // step + 1
# best = np.zeros(count)
# for i in range(count):
#     start = i * step
#     best[i] = line[start : start + reach : gap].max()
# print(best)  # [4. 7. 7.]
# ```

# %% nbgrader={"grade": true, "grade_id": "conv2d_windows_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
kernel = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
expected = np.array([[12.0, 12, 17], [10, 17, 19], [9, 6, 14]])
mistakes = {
    "what a flipped kernel gives": ([[18, 20, 19], [10, 9, 17], [11, 8, 14]], "CNN layers do not flip it."),
    "what a transposed kernel gives": (
        [[17, 15, 20], [11, 13, 19], [8, 6, 12]], "Rows of the kernel belong to rows of the image.",
    ),
}
got = limits.keeps_input(conv2d, image, kernel)
checks.array(got, expected, "conv2d(image, kernel) of the lecture", mistakes)

wide = np.array([[1, 2, 0, 3, 1], [0, 1, 4, 1, 2], [2, 0, 1, 5, 0]])
kernel = np.array([[1, 0, -1], [2, 0, -2]])
expected = np.array([[-7.0, -1, 3], [-2, -10, 4]])
mistakes = {"what a flipped kernel gives": ([[2, 2, 0], [7, 5, -5]], "CNN layers do not flip it.")}
name = "a 3 x 5 image and a 2 x 3 kernel: conv2d(image, kernel)"
checks.array(conv2d(wide, kernel), expected, name, mistakes)
name = "the same image as uint8 (is the output made of floats?)"
checks.array(conv2d(wide.astype(np.uint8), kernel), expected, name)
checks.array(conv2d(wide / 4, kernel), expected / 4, "a quarter of it (is the output made of floats?)")

# %% nbgrader={"grade": true, "grade_id": "conv2d_windows_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv2d run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(21)
for (height, width), (rows, columns) in [
    ((9, 7), (3, 2)), ((4, 11), (4, 1)), ((6, 6), (1, 1)), ((5, 8), (2, 8)),
]:
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(rows, columns))
    expected = np.array([
        [(image[i : i + rows, j : j + columns] * kernel).sum() for j in range(width - columns + 1)]
        for i in range(height - rows + 1)
    ])
    name = f"conv2d of a {height} x {width} image and a {rows} x {columns} kernel (flipped? height, width?)"
    checks.array(conv2d(image, kernel), expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "conv2d_padding_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 8, 7, 6]])
kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 2]])
expected = np.array([[15.0, 16, 17, -5], [12, 12, 8, -15], [-23, -10, -7, -9]])
all_sides = "Zeros are needed on all four sides."
mistakes = {
    "what you get without padding": ([[12, 8]], "Look at np.pad."),
    "padded at the top and left only": ([[15, 16, 17], [12, 12, 8]], all_sides),
    "padded at the bottom and right only": ([[12, 8, -15], [-10, -7, -9]], all_sides),
    "padded at the top and bottom only": ([[16, 17], [12, 8], [-10, -7]], all_sides),
    "padded at the left and right only": ([[12, 12, 8, -15]], all_sides),
    "padded with copies of the border": (
        [[17, 18, 20, 19], [17, 12, 8, 5], [11, 12, 12, 15]], "Pad with zeros: np.pad does so by itself.",
    ),
}
got = limits.keeps_input(conv2d, image, kernel, padding=1)
checks.array(got, expected, "conv2d(image, kernel, padding=1)", mistakes)
got = conv2d(image, kernel, padding=3)
checks.equal(np.shape(got), (7, 8), "the shape of conv2d(image, kernel, padding=3)")
checks.array(np.asarray(got)[2:5, 2:6], expected, "the middle of conv2d(image, kernel, padding=3)")

# %% nbgrader={"grade": true, "grade_id": "conv2d_padding_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv2d run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(22)
for (height, width), (rows, columns), padding in [
    ((6, 9), (3, 3), 1), ((7, 4), (2, 5), 3), ((5, 5), (5, 5), 4),
]:
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(rows, columns))
    padded = np.zeros((height + 2 * padding, width + 2 * padding))
    padded[padding : padding + height, padding : padding + width] = image
    expected = np.array([
        [(padded[i : i + rows, j : j + columns] * kernel).sum() for j in range(padded.shape[1] - columns + 1)]
        for i in range(padded.shape[0] - rows + 1)
    ])
    name = f"conv2d of a {height} x {width} image and a {rows} x {columns} kernel, padding={padding}"
    checks.array(conv2d(image, kernel, padding=padding), expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "conv2d_stride_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([
    [4, 1, 0, 2, 3, 1, 0, 2],
    [1, 3, 2, 0, 1, 2, 4, 1],
    [0, 2, 1, 3, 0, 1, 2, 3],
    [2, 0, 3, 1, 2, 0, 1, 4],
    [3, 1, 0, 2, 4, 1, 3, 0],
])
kernel = np.array([[1, 2], [0, 1]])
expected = np.array([[9.0, 4, 7, 5], [4, 8, 2, 12]])
both = "The stride holds for rows and columns."
mistakes = {
    "a stride along the rows only": ([[9, 3, 4, 9, 7, 5, 5], [4, 7, 8, 5, 2, 6, 12]], both),
    "a stride along the columns only": ([[9, 4, 7, 5], [9, 5, 6, 9], [4, 8, 2, 12], [3, 7, 3, 9]], both),
    "the right number of windows in the wrong places": (
        [[9, 3, 4, 9], [9, 8, 5, 2]], "The window of output (i, j) starts at pixel (i * stride, j * stride).",
    ),
    "what you get without a stride": (
        [[9, 3, 4, 9, 7, 5, 5], [9, 8, 5, 2, 6, 12, 9], [4, 7, 8, 5, 2, 6, 12], [3, 6, 7, 9, 3, 5, 9]], both,
    ),
}
checks.array(conv2d(image, kernel, stride=2), expected, "conv2d(image, kernel, stride=2)", mistakes)
expected = np.array([[9.0, 9, 5], [3, 9, 9]])
checks.array(conv2d(image, kernel, stride=3), expected, "conv2d(image, kernel, stride=3)")

# %% nbgrader={"grade": true, "grade_id": "conv2d_stride_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv2d run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(23)
for (height, width), (rows, columns), stride in [
    ((8, 11), (3, 3), 2), ((13, 7), (2, 4), 3), ((6, 5), (3, 2), 4), ((9, 8), (3, 3), 2),
]:
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(rows, columns))
    expected = np.array([
        [(image[i : i + rows, j : j + columns] * kernel).sum() for j in range(0, width - columns + 1, stride)]
        for i in range(0, height - rows + 1, stride)
    ])
    name = f"conv2d of a {height} x {width} image and a {rows} x {columns} kernel, stride={stride}"
    checks.array(conv2d(image, kernel, stride=stride), expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "conv2d_dilation_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([
    [4, 1, 0, 2, 3, 1],
    [1, 3, 2, 0, 1, 2],
    [0, 2, 1, 3, 0, 1],
    [2, 0, 3, 1, 2, 0],
    [3, 1, 0, 2, 4, 1],
])
kernel = np.array([[1, 2], [3, -1]])
expected = np.array([[3.0, 8, 9, 12], [8, 2, 11, 7], [11, 9, -3, 10]])
both = "The kernel is stretched downwards and to the right."
mistakes = {
    "what you get without dilation": (
        [[6, 8, 10, 7, 6], [5, 12, 2, 11, 4], [10, 1, 15, 4, 8], [10, 9, 3, 7, 13]],
        "With dilation 2, the cells of the kernel are 2 pixels apart.",
    ),
    "what you get with dilation 3": (
        [[13, 5, 11], [8, 4, 5]], "With dilation 2 the cells stand at 0 and 2, a gap of one pixel.",
    ),
    "a kernel with fat cells": (
        [[21, 30, 39], [30, 19, 25]], "Dilation puts gaps between the cells; it does not repeat them.",
    ),
    "a kernel stretched downwards only": ([[4, 6, 4, 17, 4], [13, 4, 10, 3, 11], [12, 7, 5, 5, 13]], both),
    "a kernel stretched to the right only": (
        [[5, 14, 11, 2], [4, 6, 7, 12], [5, 7, 8, 8], [17, 3, 3, 6]], both,
    ),
}
checks.array(conv2d(image, kernel, dilation=2), expected, "conv2d(image, kernel, dilation=2)", mistakes)
expected = np.array([[13.0, 5, 11], [8, 4, 5]])
checks.array(conv2d(image, kernel, dilation=3), expected, "conv2d(image, kernel, dilation=3)")

# %% nbgrader={"grade": true, "grade_id": "conv2d_dilation_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv2d run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(24)
for (height, width), (rows, columns), dilation in [
    ((9, 8), (3, 3), 2), ((8, 12), (2, 3), 4), ((10, 9), (3, 2), 3), ((5, 10), (5, 1), 1),
]:
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(rows, columns))
    spread = np.zeros((dilation * (rows - 1) + 1, dilation * (columns - 1) + 1))
    spread[::dilation, ::dilation] = kernel
    down, right = spread.shape
    expected = np.array([
        [(image[i : i + down, j : j + right] * spread).sum() for j in range(width - right + 1)]
        for i in range(height - down + 1)
    ])
    name = f"conv2d of a {height} x {width} image and a {rows} x {columns} kernel, dilation={dilation}"
    checks.array(conv2d(image, kernel, dilation=dilation), expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "course_conv2d", "locked": true, "schema_version": 3, "solution": false, "task": false}
from scipy import signal


def course_conv2d(image, kernel, stride=1, padding=0, dilation=1):
    """The course's own question 2: a mistake there costs nothing below."""
    rows, columns = kernel.shape
    spread = np.zeros(
        (dilation * (rows - 1) + 1, dilation * (columns - 1) + 1)
    )
    spread[::dilation, ::dilation] = kernel
    padded = np.pad(np.asarray(image, dtype=float), padding)
    return signal.correlate2d(padded, spread, mode="valid")[::stride, ::stride]

# %% [markdown]
# Enough numbers: what does it do to a cat? Four kernels of nine numbers each. Before you run it: what
# will each of them make of the whiskers?

# %%
kernels = {
    "identity": np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blur": np.ones((3, 3)) / 9,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "outline": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
}
grey = photo.mean(axis=2) / 255
filtered = {
    name: conv2d(grey, kernel, padding=1) for name, kernel in kernels.items()
}
plots.image_grid(
    [np.clip(np.abs(image), 0, 1) for image in filtered.values()],
    list(filtered),
    columns=4,
    scale=2,
    title="Four kernels, one cat (your own conv2d)",
    alt="A cat's face four times: as it is, slightly blurred, sharpened, and "
    "as bright outlines on black.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "conv_layer_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3 (3 points): a whole layer
#
# The convolutional layer of a network does three more things:
#
# - Its input has **channels** (3 for a colour photograph, 64 inside a network). A filter is as deep as
#   the input: it has one kernel for each channel. What they give is **added up** over the channels, to
#   one number for each place.
# - It has **several filters**. Each gives one channel of the output.
# - It adds a **bias**: one number for each filter.
#
# Write `conv_layer`. The order of the axes is that of Keras: `filters[:, :, c, f]` is the kernel of
# filter `f` for the input channel `c`. `course_conv2d(channel, kernel, stride, padding, dilation)` below
# does the work of question 2.


# %% nbgrader={"grade": false, "grade_id": "conv_layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_layer(image, filters, bias=None, stride=1, padding=0, dilation=1):
    """Apply a convolutional layer to one image.

    Parameters
    ----------
    image : ndarray of uint8 or float, shape (height, width, channels)
    filters : ndarray of float
        Of shape (kernel_height, kernel_width, channels, n).
    bias : ndarray of float, shape (n,), optional
        None means no bias.
    stride, padding, dilation : int
        As in `conv2d`.

    Returns
    -------
    ndarray of float, shape (output_height, output_width, n)
    """
    ### BEGIN SOLUTION
    channels, n = filters.shape[2:]
    maps = [
        sum(
            course_conv2d(
                image[:, :, c], filters[:, :, c, f], stride, padding, dilation
            )
            for c in range(channels)
        )
        for f in range(n)
    ]
    result = np.stack(maps, axis=-1)
    return result if bias is None else result + bias
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Begin with one filter. It has a kernel for each channel, and `course_conv2d` takes
# one channel and one kernel. What happens to the results of the channels?
#
# ---
#
# Two loops: over the filters, and inside over the channels, whose results add
# up. `image[:, :, c]` is a channel and `filters[:, :, c, f]` its kernel.
# `np.stack(maps, axis=-1)` puts the channels last, and a bias of shape `(n,)`
# can be added to an array of shape `(height, width, n)` as it is.
#
# ---
#
# A neighbouring problem: two recipes, each a mixture of three pictures, and a
# brightness that is added to each mixture.
#
# ```python
# pictures = np.arange(12.0).reshape(2, 2, 3)          # three pictures, 2 x 2
# recipes = np.array([[1.0, 0, 1], [0.5, 0.5, 0]])     # shares of each picture
# mixed = []
# for recipe in recipes:
#     total = np.zeros((2, 2))
#     for number, share in enumerate(recipe):
#         total += share * pictures[:, :, number]
#     mixed.append(total)
# print(np.stack(mixed, axis=-1) + np.array([100, -100]))
# ```

# %% nbgrader={"grade": true, "grade_id": "conv_layer_channels_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.stack([[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0, 2], [0, 3, 1], [2, 1, 0]]], axis=-1)
filters = np.stack([[[1, 0], [0, -1]], [[2, 1], [0, 1]]], axis=-1)[:, :, :, None]
expected = np.array([[1.0, -1], [0, 3]])[:, :, None]
mistakes = {
    "the mean over the channels": (expected / 2, "Add up what the channels give."),
    "the first channel alone": (np.full((2, 2, 1), -4), "Every channel counts."),
    "the last channel alone": (
        np.array([[5, 3], [4, 7]])[:, :, None], "Every channel counts: add up, do not overwrite.",
    ),
    "the channels kept apart": (
        np.stack([[[-4, -4], [-4, -4]], [[5, 3], [4, 7]]], axis=-1),
        "Each place of the output is ONE number: add up over the channels.",
    ),
    "the same kernel for all channels": (
        np.array([[-6, -5], [-5, -1]])[:, :, None], "A filter has a kernel of its own for each channel.",
    ),
}
name = "two channels, one filter: conv_layer(image, filters)"
got = limits.keeps_input(conv_layer, image, filters)
checks.array(got, expected, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "conv_layer_channels_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv_layer run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(31)
for (height, width, channels), (rows, columns) in [
    ((6, 5, 3), (2, 3)), ((7, 9, 1), (3, 3)), ((4, 4, 8), (1, 1)),
]:
    image, filters = rng.normal(size=(height, width, channels)), rng.normal(size=(rows, columns, channels, 1))
    expected = np.array([
        [[(image[i : i + rows, j : j + columns] * filters[..., 0]).sum()] for j in range(width - columns + 1)]
        for i in range(height - rows + 1)
    ])
    name = f"conv_layer of a {height} x {width} x {channels} image, one {rows} x {columns} filter"
    checks.array(conv_layer(image, filters), expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "conv_layer_filters_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.stack([[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0, 2], [0, 3, 1], [2, 1, 0]]], axis=-1)
first = np.stack([[[1, 0], [0, -1]], [[2, 1], [0, 1]]], axis=-1)
second = np.stack([[[0, 1], [1, 0]], [[1, -1], [0, 1]]], axis=-1)
filters = np.stack([first, second], axis=-1)
bare = np.stack([[[1.0, -1], [0, 3]], [[10, 7], [10, 16]]], axis=-1)
name = "two channels, two filters: conv_layer(image, filters)"
mistakes = {
    "all filters added up": (
        bare.sum(axis=2, keepdims=True), "Each filter has an output channel of its own.",
    ),
    "the filters first, then rows and columns": (
        np.moveaxis(bare, 2, 0), "The channels come last here: np.stack(..., axis=-1), say.",
    ),
}
checks.array(conv_layer(image, filters), bare, name, mistakes)

bias = np.array([100.0, -100.0])
mistakes = {
    "the layer without its bias": (bare, "Add bias[f] to the output of filter f."),
    "the bias once for each channel": (bare + 2 * bias, "Add it once, after the sum over the channels."),
    "the bias once for each weight": (bare + 8 * bias, "Add it once, after all the sums."),
    "the wrong way round: the bias of the other filter": (bare - bias, "bias[f] belongs to filter f."),
    "the first bias for all": (bare + 100, "bias[f] belongs to filter f."),
}
name = "conv_layer(image, filters, bias)"
got = limits.keeps_input(conv_layer, image, filters, bias)
checks.array(got, bare + bias, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "conv_layer_filters_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv_layer run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(32)
for (height, width, channels), (rows, columns), n in [
    ((6, 5, 3), (2, 3), 4), ((5, 5, 4), (3, 3), 4), ((4, 7, 2), (1, 2), 6),
]:
    image, bias = rng.normal(size=(height, width, channels)), rng.normal(size=n)
    filters = rng.normal(size=(rows, columns, channels, n))
    bare = np.array([
        [np.tensordot(image[i : i + rows, j : j + columns], filters, 3) for j in range(width - columns + 1)]
        for i in range(height - rows + 1)
    ])
    name = f"conv_layer of a {height} x {width} x {channels} image, {n} filters of {rows} x {columns}"
    checks.array(conv_layer(image, filters), bare, f"{name}, no bias", atol=1e-4)
    checks.array(conv_layer(image, filters, bias), bare + bias, f"{name}, with bias", atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# **The judge takes its seat.** The next cell starts Keras, which takes a few seconds.

# %% nbgrader={"grade": false, "grade_id": "judge", "locked": true, "schema_version": 3, "solution": false, "task": false}
import keras


def keras_layer(image, filters, bias, stride=1, padding=0, dilation=1):
    """What Keras makes of the same layer: plain arrays in, a plain array out.
    """
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))[
        None
    ].astype("float32")
    result = keras.ops.conv(
        padded,
        filters.astype("float32"),
        strides=stride,
        padding="valid",
        data_format="channels_last",
        dilation_rate=dilation,
    )
    return keras.ops.convert_to_numpy(result)[0] + bias


print(
    f"Keras {keras.__version__} on {keras.backend.backend()};",
    "a first sum:",
    keras_layer(np.ones((2, 2, 1)), np.ones((2, 2, 1, 1)), 0.0).item(),
)

# %% nbgrader={"grade": true, "grade_id": "conv_layer_keras_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(33)
image, filters, bias = rng.normal(size=(9, 12, 3)), rng.normal(size=(3, 2, 3, 4)), rng.normal(size=4)
passed_on = "Does conv_layer pass all three options on, each to its own place?"
for options in [{"stride": 2}, {"padding": 2}, {"dilation": 3}, {"stride": 3, "padding": 1}]:
    expected = keras_layer(image, filters, bias, **options)
    mistakes = {"what Keras gives without them": (keras_layer(image, filters, bias), passed_on)}
    mistakes |= {
        f"what Keras gives without the {left_out}": (
            keras_layer(image, filters, bias, **{key: options[key] for key in options if key != left_out}),
            passed_on,
        )
        for left_out in options
    }
    settings = ", ".join(f"{key}={value}" for key, value in options.items())
    name = f"beside Keras, with {settings}: conv_layer"
    checks.array(conv_layer(image, filters, bias, **options), expected, name, mistakes, rtol=1e-4, atol=1e-4)

# %% nbgrader={"grade": true, "grade_id": "conv_layer_keras_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv_layer run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(34)
for shape, rows, columns, n, stride, padding, dilation in [
    ((11, 8, 2), 5, 3, 3, 2, 1, 1), ((10, 13, 4), 2, 4, 2, 1, 3, 2), ((16, 16, 3), 7, 7, 5, 4, 3, 1),
]:
    image, bias = rng.normal(size=shape), rng.normal(size=n)
    filters = rng.normal(size=(rows, columns, shape[2], n))
    expected = keras_layer(image, filters, bias, stride, padding, dilation)
    name = f"beside Keras, {n} filters, stride={stride}, padding={padding}, dilation={dilation}: conv_layer"
    got = conv_layer(image, filters, bias, stride, padding, dilation)
    checks.array(got, expected, name, rtol=1e-4, atol=1e-4)
# Keras refuses a stride and a dilation together: take every second place of its answer without the stride.
image, filters, bias = rng.normal(size=(13, 10, 2)), rng.normal(size=(3, 2, 2, 3)), rng.normal(size=3)
expected = keras_layer(image, filters, bias, 1, 2, 3)[::2, ::2]
got = conv_layer(image, filters, bias, 2, 2, 3)
name = "conv_layer with stride=2, padding=2, dilation=3"
checks.array(got, expected, name, rtol=1e-4, atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# The same on the photograph: eight random filters over three colour channels. Who is faster, and by
# what factor? (Yours calculates in `float64`, Keras in `float32`: hence the small difference.)

# %%
filters, bias = np.random.default_rng(0).normal(size=(3, 3, 3, 8)), np.zeros(8)
start = time.perf_counter()
yours = conv_layer(photo / 255, filters, bias, stride=2)
middle = time.perf_counter()
theirs = keras_layer(photo / 255, filters, bias, stride=2)
end = time.perf_counter()
print(
    f"you {1000 * (middle - start):.1f} ms, Keras {1000 * (end - middle):.1f} "
    "ms,",
    f"largest difference {np.abs(yours - theirs).max():.1e}, output "
    f"{yours.shape}",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "pool_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4 (2 points): pooling
#
# Pooling slides a window as well, but there is nothing to learn in it: it takes the largest value below
# the window, or the average. Each channel is pooled **by itself**.
#
# - Without a `stride`, the windows stand side by side: the stride is the `size` of the window.
# - A last window that sticks out is dropped, as ever. (`course_size` knows how many are left.)
# - `padding` works differently here. Padded places are **not pixels**: they never win a maximum, even
#   where all pixels are negative, and they do not count in an average, neither in its sum nor in its
#   number of values. Keras does the same.


# %% nbgrader={"grade": false, "grade_id": "pool", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pool(image, size=2, stride=None, padding=0, kind="max"):
    """Pool each channel of an image.

    Parameters
    ----------
    image : ndarray of uint8 or float, shape (height, width, channels)
    size : int
        Height and width of the window.
    stride : int, optional
        None means the size of the window.
    padding : int
        Places without pixels added on each side, at most size // 2.
    kind : {"max", "average"}

    Returns
    -------
    ndarray of float, shape (output_height, output_width, channels)
    """
    ### BEGIN SOLUTION
    stride = size if stride is None else stride
    height = course_size(image.shape[0], size, stride, padding)
    width = course_size(image.shape[1], size, stride, padding)
    sides = ((padding, padding), (padding, padding), (0, 0))
    padded = np.pad(
        np.asarray(image, dtype=np.float64), sides, constant_values=np.nan
    )
    # Both pass over what is not a pixel.
    summary = np.nanmax if kind == "max" else np.nanmean
    result = np.zeros((height, width, image.shape[2]))
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            result[i, j] = summary(
                padded[top : top + size, left : left + size], axis=(0, 1)
            )
    return result
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# This is the sliding window once more, with another thing to do in each
# window. What may stand in the padded places, so that neither a maximum nor an
# average takes notice of them?
#
# ---
#
# `np.nan` is such a value: `np.nanmax` and `np.nanmean` pass over it, and
# `np.pad(..., constant_values=...)` puts it there (in an array of floats).
# Pool all channels at once with `axis=(0, 1)` on a window of shape `(size,
# size, channels)`. Do not forget what `stride=None` means.
#
# ---
#
# A neighbouring problem: the smallest value of each column, where some
# measurements are missing.
#
# ```python
# table = np.full((3, 2), np.nan)  # nothing measured yet
# table[0] = [4, 7]
# table[2, 0] = 1
# print(np.nanmin(table, axis=0))   # [1. 7.]
# print(np.nansum(table, axis=0))   # [5. 7.]
# ```

# %% nbgrader={"grade": true, "grade_id": "pool_max_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])[:, :, None]
mistakes = {
    "the average": (np.array([[3.25, 5.25], [2, 2]])[:, :, None], 'Without a kind, "max" is asked for.'),
    "a stride of 1": (
        np.array([[6, 7, 8], [6, 7, 8], [3, 3, 4]])[:, :, None],
        "Without a stride, the windows stand side by side.",
    ),
    "the minimum": (np.array([[1, 2], [1, 0]])[:, :, None], "The largest value is asked for."),
}
expected = np.array([[6.0, 8], [3, 4]])[:, :, None]
got = limits.keeps_input(pool, image)
checks.array(got, expected, "pool(image) of the lecture", mistakes)

image = np.arange(35.0).reshape(5, 7, 1)
dropped = "Windows that stick out are dropped: 5 x 7 has room for 2 x 3 windows of 2 x 2."
expected = np.array([[8.0, 10, 12], [22, 24, 26]])[:, :, None]
with_rest = np.array([[8.0, 10, 12, 13], [22, 24, 26, 27], [29, 31, 33, 34]])[:, :, None]
mistakes = {"with windows that stick out": (with_rest, dropped)}
checks.array(pool(image), expected, "pool of a 5 x 7 image", mistakes)
expected = np.array([[16.0, 18, 20], [30, 32, 34]])[:, :, None]
side_by_side = np.array([[16.0, 19]])[:, :, None]
mistakes = {"windows side by side": (side_by_side, "Is `stride` used where it is given?")}
name = "overlapping windows, pool(image, size=3, stride=2)"
checks.array(pool(image, size=3, stride=2), expected, name, mistakes)
two = np.stack([[[1, 2], [3, 4]], [[9, 8], [7, 6]]], axis=-1)
mistakes = {"the largest of all channels": ([[[9, 9]]], "Each channel is pooled by itself.")}
checks.array(pool(two), np.array([[[4.0, 9.0]]]), "pool of two channels", mistakes)

# %% nbgrader={"grade": true, "grade_id": "pool_average_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])[:, :, None]
expected = np.array([[3.25, 5.25], [2, 2]])[:, :, None]
mistakes = {
    "the maximum": (np.array([[6, 8], [3, 4]])[:, :, None], "Is `kind` looked at?"),
    "the sum": (4 * expected, "An average divides by the number of pixels below the window."),
    "whole numbers": (np.array([[3, 5], [2, 2]])[:, :, None], "Give the output floats."),
}
name = 'pool(image, kind="average")'
checks.array(pool(image, kind="average"), expected, name, mistakes)
two = np.stack([[[1, 2], [3, 4]], [[9, 8], [7, 6]]], axis=-1)
mistakes = {"the average of all channels": ([[[5, 5]]], "Each channel is pooled by itself.")}
name = 'two channels, pool(image, kind="average")'
checks.array(pool(two, kind="average"), np.array([[[2.5, 7.5]]]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "pool_padding_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image = np.array([[-8.0, -2, -6], [-4, -3, -1], [-5, -7, -9]])[:, :, None]
expected = np.array([[-2.0, -1, -1], [-2, -1, -1], [-3, -1, -1]])[:, :, None]
zeros = np.array([[0, 0, 0], [0, -1, 0], [0, 0, 0]])[:, :, None]
mistakes = {
    "a border of zeros that win": (zeros, "A padded place must lose even against -9: what do you pad with?"),
}
name = "negative pixels, pool(image, size=3, stride=1, padding=1)"
checks.array(pool(image, size=3, stride=1, padding=1), expected, name, mistakes)

image = np.array([[36.0, 36, 36], [36, 36, 36], [36, 36, 36]])[:, :, None]
zeros = np.array([[16.0, 24, 16], [24, 36, 24], [16, 24, 16]])[:, :, None]
mistakes = {
    "an average over padded zeros, too": (zeros, "Divide by the number of real pixels below the window."),
}
name = 'a flat image stays flat: pool(image, size=3, stride=1, padding=1, kind="average")'
got = limits.keeps_input(pool, image, size=3, stride=1, padding=1, kind="average")
checks.array(got, np.full((3, 3, 1), 36.0), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "pool_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of pool run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
for shape, size, stride in [
    ((8, 6, 3), 2, None), ((9, 11, 2), 3, None), ((10, 7, 4), 3, 2), ((6, 9, 1), 2, 3), ((7, 8, 2), 4, 1),
]:
    image, step = rng.normal(size=shape), stride or size
    expected = np.array([
        [[image[i : i + size, j : j + size, c].max() for c in range(shape[2])]
         for j in range(0, shape[1] - size + 1, step)]
        for i in range(0, shape[0] - size + 1, step)
    ])
    name = f"pool of an image of shape {shape}, size={size}, stride={stride}"
    checks.array(pool(image, size=size, stride=stride), expected, name, atol=1e-4)
rng = np.random.default_rng(42)
for shape, size, stride in [
    ((8, 6, 3), 2, None), ((9, 11, 2), 3, None), ((10, 7, 4), 3, 2), ((7, 8, 2), 4, 1),
]:
    image, step = rng.normal(size=shape), stride or size
    expected = np.array([
        [[image[i : i + size, j : j + size, c].mean() for c in range(shape[2])]
         for j in range(0, shape[1] - size + 1, step)]
        for i in range(0, shape[0] - size + 1, step)
    ])
    name = f'pool of an image of shape {shape}, size={size}, stride={stride}, kind="average"'
    checks.array(pool(image, size=size, stride=stride, kind="average"), expected, name, atol=1e-4)
rng = np.random.default_rng(43)
for shape, size, stride, padding in [((5, 6, 2), 3, 2, 1), ((4, 7, 1), 2, None, 1), ((6, 6, 3), 5, 1, 2)]:
    image, step = rng.normal(size=shape) - 3, stride or size
    spans = [
        [(max(start, 0), start + size) for start in range(-padding, side + padding - size + 1, step)]
        for side in shape[:2]
    ]
    for kind, summary in [("max", np.max), ("average", np.mean)]:
        expected = np.array([
            [[summary(image[top:bottom, left:right, c]) for c in range(shape[2])] for left, right in spans[1]]
            for top, bottom in spans[0]
        ])
        got = pool(image, size=size, stride=stride, padding=padding, kind=kind)
        case = f'size={size}, stride={stride}, padding={padding}, kind="{kind}"'
        name = f"pool of an image of shape {shape}, {case} (real pixels only)"
        checks.array(got, expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Pool the photograph over 5 x 5 pixels: of 25 numbers, one is left. Which of the two keeps the look of
# the picture, which keeps the whiskers? And does Keras agree?

# %%
pooled = {
    kind: pool(photo / 255, size=5, kind=kind) for kind in ("max", "average")
}
theirs = keras.ops.max_pool(
    (photo / 255)[None].astype("float32"),
    pool_size=5,
    strides=5,
    padding="valid",
    data_format="channels_last",
)
difference = np.abs(
    pooled["max"] - keras.ops.convert_to_numpy(theirs)[0]
).max()
print(f"largest difference from Keras: {difference:.1e}")
plots.image_grid(
    [photo / 255, *pooled.values()],
    ["the photograph", "max pooled", "average pooled"],
    columns=3,
    scale=2.2,
    alt="A cat's face, and twice the same in 30 by 44 coarse pixels: max "
    "pooling makes it brighter.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "count_parameters_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5 (2.5 points): the cost
#
# What does a layer cost? Two numbers answer, and both can be had before anything runs.
#
# **a) Parameters (1.5 points).** A layer with `filters` filters on `channels` input channels has so many
# numbers to learn: the weights of all filters, each as deep as the input, and a bias for each filter.
#
# With **groups**, the input channels are cut into so many equal parts, and the filters as well; each
# filter sees the channels of its own part only, so it is less deep. `groups = channels` is called a
# *depthwise* convolution: each filter sees a single channel. (`channels` and `filters` are multiples of
# `groups`.)


# %% nbgrader={"grade": false, "grade_id": "count_parameters", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_parameters(channels, filters, kernel, groups=1, bias=True):
    """Number of parameters of a convolutional layer.

    Parameters
    ----------
    channels, filters : int
        Channels of the input and of the output; multiples of `groups`.
    kernel : int
        Height and width of each kernel.
    groups : int
        Number of parts that the channels are cut into.
    bias : bool
        Whether each filter has a bias.

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    weights = kernel * kernel * (channels // groups) * filters
    return weights + filters if bias else weights
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Draw one filter as a little box. How high, wide and deep is it? How many such
# boxes are there, and how many biases?
#
# ---
#
# With groups only the depth of a box changes: it is `channels // groups`. The
# number of filters stays, and so does the number of biases.
#
# ---
#
# A neighbouring problem: the parameters of a dense layer, cut into groups.
#
# ```python
# def dense_parameters(inputs, units, groups=1, bias=True):
#     weights = units * (inputs // groups)  # each unit sees its own part only
#     return weights + (units if bias else 0)
#
# print(dense_parameters(100, 10), dense_parameters(100, 10, groups=5))
# ```

# %% nbgrader={"grade": true, "grade_id": "count_parameters_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mistakes = {
    "a layer of flat filters": (52, "A filter is as deep as its input: 5 x 5 x 3 weights here."),
    "the weights only": (150, "Where is the bias?"),
    "a bias for every weight": (300, "There is one bias for each FILTER."),
    "a bias for every input channel": (153, "There is one bias for each FILTER."),
    "one bias for all": (151, "There is one bias for each FILTER."),
    "one filter": (76, "There are two filters."),
    "a kernel of 5 x 1": (32, "The kernel has a height and a width."),
}
name = "3 channels, 2 filters of 5 x 5: count_parameters(3, 2, 5)"
checks.array(count_parameters(3, 2, 5), 152, name, mistakes)
checks.array(count_parameters(1, 64, 3), 640, "count_parameters(1, 64, 3)")
mistakes = {"counted with a bias": (152, "Is `bias` looked at?")}
checks.array(count_parameters(3, 2, 5, bias=False), 150, "count_parameters(3, 2, 5, bias=False)", mistakes)

# %% nbgrader={"grade": true, "grade_id": "count_parameters_groups_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
own_part = "Each filter sees the channels of its own part only: how deep is it?"
mistakes = {
    "the layer without groups": (9248, own_part),
    "fewer biases": (289, "The filters are as many as before, and so are their biases."),
    "every group with all filters": (32 * 9248, own_part),
    "fewer filters as well": (41, "All 32 filters are still there; each is only less deep."),
}
name = "depthwise: count_parameters(32, 32, 3, groups=32)"
checks.array(count_parameters(32, 32, 3, groups=32), 320, name, mistakes)
name = "two halves: count_parameters(4, 6, 3, groups=2)"
mistakes = {"the layer without groups": (222, own_part)}
checks.array(count_parameters(4, 6, 3, groups=2), 114, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "count_parameters_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of count_parameters run here after you hand in.
### BEGIN HIDDEN TESTS
for channels, filters, kernel in [(1, 6, 5), (3, 96, 11), (64, 128, 3), (256, 64, 1), (5, 4, 7)]:
    weights = np.ones((kernel, kernel, channels, filters)).size
    case = f"count_parameters({channels}, {filters}, {kernel}"
    checks.array(count_parameters(channels, filters, kernel), weights + filters, f"{case})")
    checks.array(count_parameters(channels, filters, kernel, bias=False), weights, f"{case}, bias=False)")
for channels, filters, kernel, groups in [
    (96, 256, 5, 2), (64, 64, 3, 64), (12, 24, 3, 12), (12, 6, 1, 3), (8, 8, 7, 4),
]:
    # Every group is a small layer of its own.
    weights = groups * np.ones((kernel, kernel, channels // groups, filters // groups)).size
    case = f"count_parameters({channels}, {filters}, {kernel}, groups={groups}"
    checks.array(count_parameters(channels, filters, kernel, groups), weights + filters, f"{case})")
    got = count_parameters(channels, filters, kernel, groups, bias=False)
    checks.array(got, weights, f"{case}, bias=False)")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "count_multiply_adds_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Work (1 point).** Count the multiplications, each with its addition: one *multiply-add* (the
# biases are left out, they are too few to matter). Think of it like this: how often is each weight
# used?


# %% nbgrader={"grade": false, "grade_id": "count_multiply_adds", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_multiply_adds(
    height,
    width,
    channels,
    filters,
    kernel,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
):
    """Number of multiply-adds of a convolutional layer for one image.

    Parameters
    ----------
    height, width : int
        Of the input.
    channels, filters, kernel, groups : int
        As in `count_parameters`.
    stride, padding, dilation : int
        As in question 1.

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    rows = course_size(height, kernel, stride, padding, dilation)
    columns = course_size(width, kernel, stride, padding, dilation)
    return rows * columns * kernel * kernel * (channels // groups) * filters
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How often is one weight used while the kernel slides over the image once?
#
# ---
#
# Each weight is used once for each pixel of the output. `course_size` gives each
# of the two sides, and question a) the number of weights, without the biases.
# Pass every option on.
#
# ---
#
# A neighbouring problem: the additions of an average pooling, channel by
# channel.
#
# ```python
# def pooling_additions(height, width, channels, size):
#     windows = (height // size) * (width // size)  # side by side
#     return windows * channels * (size * size - 1)
#
# print(pooling_additions(8, 6, 3, 2))  # 12 windows, 3 channels, 3 additions
# ```

# %% nbgrader={"grade": true, "grade_id": "count_multiply_adds_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mistakes = {
    "counted at every pixel of the input": (460_800, "A weight is used once for each pixel of the OUTPUT."),
    "one filter": (58_800, "There are six filters."),
    "counted with the biases": (357_504, "Only the weights multiply."),
    "a layer of flat filters": (117_600, "A filter is as deep as its input."),
    "the number of weights": (450, "Each weight is used many times, that is the point of a convolution."),
}
name = "count_multiply_adds(32, 32, 3, 6, 5)"
checks.array(count_multiply_adds(32, 32, 3, 6, 5), 352_800, name, mistakes)
mistakes = {
    "counted without the stride": (460_800, "A stride of 2 halves both sides of the output."),
    "the stride taken into account once": (230_400, "A stride of 2 halves both sides of the output."),
    "counted without the padding": (88_200, "Padding makes the output larger."),
}
name = "count_multiply_adds(32, 32, 3, 6, 5, stride=2, padding=2)"
checks.array(count_multiply_adds(32, 32, 3, 6, 5, stride=2, padding=2), 115_200, name, mistakes)
sides = "This image is 16 high and 9 wide."
mistakes = {
    "the height taken for both sides": (15_360, sides), "the width taken for both sides": (4_860, sides),
}
checks.array(count_multiply_adds(16, 9, 60, 1, 1), 8_640, "count_multiply_adds(16, 9, 60, 1, 1)", mistakes)
mistakes = {
    "counted without groups": (589_824, "How many weights has a layer with groups?"),
    "counted without dilation": (73_728, "A dilated kernel reaches further, so that fewer places are left."),
    "counted without both": (2_359_296, "Pass groups and dilation on."),
}
name = "count_multiply_adds(18, 18, 32, 32, 3, dilation=5, groups=32)"
checks.array(count_multiply_adds(18, 18, 32, 32, 3, dilation=5, groups=32), 18_432, name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "count_multiply_adds_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of count_multiply_adds run here after you hand in.
### BEGIN HIDDEN TESTS
for height, width, channels, filters, kernel, stride, padding, dilation, groups in [
    (28, 20, 1, 8, 3, 1, 0, 1, 1), (56, 56, 64, 64, 3, 1, 1, 1, 64), (13, 17, 6, 4, 3, 2, 1, 1, 2),
    (20, 30, 3, 5, 3, 1, 0, 4, 1), (227, 227, 3, 96, 11, 4, 0, 1, 1),
]:
    reach = dilation * (kernel - 1)
    sides = [len(range(0, side + 2 * padding - reach, stride)) for side in (height, width)]
    expected = filters * (kernel * kernel * channels // groups) * sides[0] * sides[1]
    settings = (height, width, channels, filters, kernel, stride, padding, dilation, groups)
    checks.array(count_multiply_adds(*settings), expected, f"count_multiply_adds{settings}")
### END HIDDEN TESTS

# %% [markdown]
# Now you can settle an argument. A *separable* convolution does the work of an ordinary one in two
# steps: a depthwise 3 x 3 for the space, then a 1 x 1 for the channels. What does it save, on 56 x 56
# pixels with 128 channels in and out? Guess a factor before you run it. Keras counts along.

# %%
ordinary = count_parameters(128, 128, 3)
depthwise, pointwise = (
    count_parameters(128, 128, 3, groups=128),
    count_parameters(128, 128, 1),
)
work = {
    "ordinary": count_multiply_adds(56, 56, 128, 128, 3, padding=1),
    "depthwise": count_multiply_adds(
        56, 56, 128, 128, 3, padding=1, groups=128
    ),
    "pointwise": count_multiply_adds(56, 56, 128, 128, 1),
}
for name, parameters, layer in [
    ("ordinary", ordinary, keras.layers.Conv2D(128, 3)),
    ("depthwise", depthwise, keras.layers.DepthwiseConv2D(3)),
    ("pointwise", pointwise, keras.layers.Conv2D(128, 1)),
]:
    layer.build((None, 56, 56, 128))
    print(
        f"{name:10} {parameters:>8,} parameters (Keras: "
        f"{layer.count_params():>7,}),",
        f"{work[name]:>11,} multiply-adds",
    )
saved = work["ordinary"] / (work["depthwise"] + work["pointwise"])
print(
    f"separable: {ordinary / (depthwise + pointwise):.1f} times fewer "
    "parameters,",
    f"{saved:.1f} times less work",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "receptive_field_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6 (1.5 points): how far does a network see?
#
# A pixel of the output depends on a patch of the input: its **receptive field**. Behind one 3 x 3
# convolution it is 3 pixels wide. Behind two it is 5: the outermost cells of the second kernel look at
# pixels that have themselves seen one further.
#
# After a layer with a **stride**, neighbouring pixels lie further apart, measured in pixels of the
# input, and this distance (the *jump*) multiplies with every further stride. A kernel that comes later
# adds its reach *times the jump in front of it*. So walk through the layers and keep two numbers: the
# field, and the jump.
#
# Write `receptive_field` for a stack of layers, each given as `(kernel, stride, dilation)`. Pooling
# layers are windows like any other. Padding does not matter.


# %% nbgrader={"grade": false, "grade_id": "receptive_field", "locked": false, "schema_version": 3, "solution": true, "task": false}
def receptive_field(layers):
    """Width of the input patch that one output pixel depends on.

    Parameters
    ----------
    layers : list of (kernel, stride, dilation), ints
        From the input to the output. No layer at all: a pixel sees itself.

    Returns
    -------
    int
        In pixels of the input.
    """
    ### BEGIN SOLUTION
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump *= stride
    return field
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# With pencil and paper: one pixel behind two 3 x 3 convolutions. Mark what it
# sees in the layer before, then what those see. What does the second layer
# add? And what would it add if the first one had a stride of 2?
#
# ---
#
# Keep two numbers, `field` and `jump`, both 1 at the start. A layer adds its
# reach beyond its own pixel, `dilation * (kernel - 1)`, times the jump in
# front of it. Only then does its stride multiply the jump.
#
# ---
#
# A neighbouring problem: a savings plan. Each year adds a deposit, worth what
# money is worth *before* that year's inflation.
#
# ```python
# worth, saved = 1.0, 0.0
# for deposit, inflation in [(100, 2), (50, 3), (10, 1)]:
#     saved += deposit * worth  # with the value so far
#     worth *= inflation        # counts for the years after
# print(saved)  # 100 + 50 * 2 + 10 * 6 = 260
# ```

# %% nbgrader={"grade": true, "grade_id": "receptive_field_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mistakes = {
    "the sum of the kernels": (6, "The two windows share a pixel: the second adds only what sticks out."),
    "one too few": (4, "Before any layer, a pixel already sees itself."),
    "the last kernel alone": (3, "Its pixels have themselves seen neighbours."),
}
got = limits.keeps_input(receptive_field, [(3, 1, 1), (3, 1, 1)])
checks.array(got, 5, "two 3 x 3 layers: receptive_field", mistakes)
mistakes = {
    "the field without dilation": (7, "A dilated kernel reaches further: how far do its cells stand apart?"),
}
name = "dilations 1, 2 and 4: receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)])"
checks.array(receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)]), 15, name, mistakes)
checks.array(receptive_field([]), 1, "no layer: receptive_field([])")

# %% nbgrader={"grade": true, "grade_id": "receptive_field_jump_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
mistakes = {
    "the field without strides": (10, "After a stride of 2, neighbours are 2 pixels of the input apart."),
    "the jump taken too early": (19, "A layer's own stride counts for the layers AFTER it."),
    "the jump of the last stride only": (12, "Jumps multiply, and those of the layers before stay."),
    "the stack read backwards": (25, "The first of the list is the layer next to the input."),
    "one too few": (13, "Before any layer, a pixel already sees itself."),
    "the field without strides, times all strides": (
        40, "Each layer adds its reach times the jump in FRONT of it.",
    ),
}
layers = [(5, 1, 1), (2, 2, 1), (3, 1, 1), (3, 2, 1)]
checks.array(receptive_field(layers), 14, f"receptive_field({layers})", mistakes)
mistakes = {"the jumps added up": (11, "Jumps multiply: behind two strides of 3 neighbours are 9 apart.")}
layers = [(1, 3, 1), (1, 3, 1), (3, 1, 1)]
checks.array(receptive_field(layers), 19, f"receptive_field({layers})", mistakes)

# %% nbgrader={"grade": true, "grade_id": "receptive_field_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of receptive_field run here after you hand in.
### BEGIN HIDDEN TESTS
for layers in [[(7, 1, 1)], [(1, 1, 1)] * 4, [(3, 1, 1)] * 10, [(5, 1, 3), (2, 1, 5), (1, 1, 9)]]:
    first, last = 0, 0  # walk back from one output pixel: which pixels of the layer before does it need?
    for kernel, stride, dilation in reversed(layers):
        first, last = first * stride, last * stride + dilation * (kernel - 1)
    checks.array(receptive_field(layers), last - first + 1, f"receptive_field({layers})")
for layers in [
    [(3, 2, 1)] * 5, [(7, 2, 1), (3, 2, 1), (3, 1, 1), (3, 1, 1)], [(2, 3, 1), (3, 2, 2), (4, 1, 3)],
    [(1, 2, 1), (1, 2, 1), (3, 1, 1)], [(11, 4, 1), (3, 2, 1), (5, 1, 1), (3, 2, 1)],
]:
    first, last = 0, 0
    for kernel, stride, dilation in reversed(layers):
        first, last = first * stride, last * stride + dilation * (kernel - 1)
    checks.array(receptive_field(layers), last - first + 1, f"receptive_field({layers})")
### END HIDDEN TESTS

# %% [markdown]
# A formula is good, a measurement is better. Wake a single pixel of a line, send the line through a
# stack of your own convolutions, and see whether the first output notices. How many pixels does it
# notice?

# %%
stacks = [
    [(3, 1, 1), (3, 1, 1), (3, 1, 1)],
    [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
    [(3, 2, 1), (3, 2, 1), (3, 2, 1)],
    [(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)],
]
for layers in stacks:
    predicted = receptive_field(layers)
    noticed = 0
    for position in range(predicted + 8):
        line = np.zeros((1, predicted + 8))
        line[0, position] = 1
        for kernel, stride, dilation in layers:
            line = conv2d(
                line, np.ones((1, kernel)), stride=stride, dilation=dilation
            )
        noticed += line[0, 0] != 0
    print(f"{layers}: predicted {predicted}, measured {noticed}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "conv_matrix_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7 (2 points): the way back up
#
# A convolution only adds up multiples of pixels, so it is a **matrix**. Write the image as one long
# column of numbers, line by line (`image.ravel()`), and each output pixel is one row of the matrix
# times that column. The row contains the kernel's weights at the pixels below the window and zeros
# everywhere else.
#
# **a) The matrix (1 point).** Write `conv_matrix`. For every image of the given size, this must hold:
# `conv_matrix(kernel, height, width, stride) @ image.ravel()` equals
# `conv2d(image, kernel, stride).ravel()`.
#
# One way: put the kernel into an image of zeros, at the place of the window, and `ravel()` that.


# %% nbgrader={"grade": false, "grade_id": "conv_matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_matrix(kernel, height, width, stride=1):
    """Matrix of a convolution without padding.

    Parameters
    ----------
    kernel : ndarray, shape (kernel_height, kernel_width)
    height, width : int
        Size of the image.
    stride : int

    Returns
    -------
    ndarray of float, shape (output_height * output_width, height * width)
        Rows: output pixels line by line. Columns: image pixels line by line.
    """
    ### BEGIN SOLUTION
    rows, columns = kernel.shape
    matrix = []
    for i in range(course_size(height, rows, stride)):
        for j in range(course_size(width, columns, stride)):
            window = np.zeros((height, width))
            window[
                i * stride : i * stride + rows,
                j * stride : j * stride + columns,
            ] = kernel
            matrix.append(window.ravel())
    return np.array(matrix)
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# How many rows and columns has the matrix? Write down the first row for a 2 x
# 2 kernel on a 3 x 3 image: nine numbers, most of them 0.
#
# ---
#
# For each output pixel, make `np.zeros((height, width))`, put the kernel at
# the place of its window, and `ravel()` it: that is one row. Two loops, over
# the rows and columns of the output, collect them in the right order.
#
# ---
#
# A neighbouring problem: the matrix that takes differences of neighbours.
#
# ```python
# n = 5
# rows = []
# for i in range(n - 1):
#     row = np.zeros(n)
#     row[i : i + 2] = [-1, 1]
#     rows.append(row)
# matrix = np.array(rows)
# print(matrix @ np.array([1, 4, 9, 16, 25]))  # [3. 5. 7. 9.]
# ```

# %% nbgrader={"grade": true, "grade_id": "conv_matrix_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
kernel = np.array([[1, 2], [3, 4]])
expected = np.array([
    [1.0, 2, 0, 3, 4, 0, 0, 0, 0],
    [0.0, 1, 2, 0, 3, 4, 0, 0, 0],
    [0.0, 0, 0, 1, 2, 0, 3, 4, 0],
    [0.0, 0, 0, 0, 1, 2, 0, 3, 4],
])
in_one_piece = np.array([
    [1, 2, 3, 4, 0, 0, 0, 0, 0],
    [0, 1, 2, 3, 4, 0, 0, 0, 0],
    [0, 0, 0, 1, 2, 3, 4, 0, 0],
    [0, 0, 0, 0, 1, 2, 3, 4, 0],
])
column_by_column = np.array([
    [1, 3, 0, 2, 4, 0, 0, 0, 0],
    [0, 0, 0, 1, 3, 0, 2, 4, 0],
    [0, 1, 3, 0, 2, 4, 0, 0, 0],
    [0, 0, 0, 0, 1, 3, 0, 2, 4],
])
mistakes = {
    "a matrix with a flipped kernel": (expected[::-1, ::-1], "As ever, it is not flipped."),
    "the kernel written in one piece": (
        in_one_piece, "Its second line stands below the first, which is a whole line of the image later.",
    ),
    "a matrix for an image read column by column": (
        column_by_column, "Line by line: ravel() does so by itself.",
    ),
}
name = "conv_matrix(kernel, 3, 3) of a 2 x 2 kernel"
checks.array(conv_matrix(kernel, 3, 3), expected, name, mistakes)

image = np.array([[1, 2, 0, 3, 1], [0, 1, 4, 1, 2], [2, 0, 1, 5, 0]])
matrix = np.asarray(conv_matrix(np.array([[1, 0, -1], [2, 0, -2]]), 3, 5))
checks.equal(matrix.shape, (6, 15), "the shape of the matrix of a 2 x 3 kernel on a 3 x 5 image")
expected = np.array([[0.5, 0.25, 0], [0, 0.5, 0.25]])
mistakes = {"rounded": (np.zeros((2, 3)), "Weights are fractions: give the matrix floats.")}
name = "conv_matrix of the kernel [[0.5, 0.25]] on a line of three pixels"
checks.array(conv_matrix(np.array([[0.5, 0.25]]), 1, 3), expected, name, mistakes)
name = "the image of question 2 (3 x 5, kernel 2 x 3), by its matrix"
checks.array(matrix @ image.ravel(), np.array([-7.0, -1, 3, -2, -10, 4]), name)
kernel = np.array([[1, 0, -1], [2, 0, -2]])
matrix = np.asarray(limits.keeps_input(conv_matrix, kernel, 3, 5, stride=2))
checks.equal(matrix.shape, (2, 15), "the shape of the same matrix with stride=2")
mistakes = {
    "the windows of stride 1": ([-7, -1], "The next window starts `stride` pixels further."),
}
name = "the same image with stride=2, by its matrix"
checks.array(matrix @ image.ravel(), np.array([-7.0, 3]), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "conv_matrix_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv_matrix run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(71)
for (height, width), (rows, columns), stride in [
    ((4, 6), (3, 2), 1), ((7, 5), (3, 3), 2), ((5, 9), (2, 3), 3), ((3, 3), (3, 3), 1),
]:
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(rows, columns))
    expected = [
        (image[i : i + rows, j : j + columns] * kernel).sum()
        for i in range(0, height - rows + 1, stride) for j in range(0, width - columns + 1, stride)
    ]
    matrix = np.asarray(conv_matrix(kernel, height, width, stride))
    case = f"the matrix of a {rows} x {columns} kernel on a {height} x {width} image, stride={stride}"
    checks.equal(matrix.shape, (len(expected), height * width), f"the shape of {case}")
    checks.array(matrix @ image.ravel(), np.array(expected), f"an image times {case}", atol=1e-4)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "conv2d_transpose_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **b) Transposed (1 point).** With a stride of 2 the matrix is wide: many pixels in, few out. Its
# **transpose** is tall: few in, many out. That is all that a *transposed convolution* is, the layer
# which networks use to get from small maps back to large images. It does not undo the convolution (it
# is no inverse); it brings back the *size*.
#
# Write `conv2d_transpose`. The small image has the size of the *output* of the convolution; how large
# is the image that such a convolution starts from? Take the smallest possible: its last window ends at
# the border. (With your matrix it is one line. Without, think of what its columns say: each number of the
# small image puts down a copy of the kernel, multiplied by it, and where copies overlap they add up.)


# %% nbgrader={"grade": false, "grade_id": "conv2d_transpose", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_transpose(image, kernel, stride=1):
    """Transposed convolution without padding: from small to large.

    Parameters
    ----------
    image : ndarray of float, shape (height, width)
    kernel : ndarray of float, shape (kernel_height, kernel_width)
    stride : int
        Of the convolution whose matrix is transposed.

    Returns
    -------
    ndarray of float, shape ((height - 1) * stride + kernel_height, (width - 1)
    * stride + kernel_width)
    """
    ### BEGIN SOLUTION
    rows, columns = kernel.shape
    result = np.zeros(
        (
            (image.shape[0] - 1) * stride + rows,
            (image.shape[1] - 1) * stride + columns,
        )
    )
    for (i, j), value in np.ndenumerate(image):
        top, left = i * stride, j * stride
        result[top : top + rows, left : left + columns] += value * kernel
    return result
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# The small image is the *output* of a convolution. What would the size of its
# input be? The docstring has the formula.
#
# ---
#
# Make the matrix of that convolution, from the large size to the small one,
# with `conv_matrix`. Its transpose times the small image, ravelled, is the
# large image in one long column; `reshape` makes a picture of it.
#
# ---
#
# A neighbouring problem: the transposed averaging. The matrix below takes the
# mean of pairs; its transpose hands each value back to both of its pair.
#
# ```python
# pairs = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
# print(pairs @ np.array([1, 3, 10, 20]))     # four numbers to two: [2. 15.]
# print(pairs.T @ np.array([2.0, 15.0]))      # two numbers back to four
# ```

# %% nbgrader={"grade": true, "grade_id": "conv2d_transpose_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
image, kernel = np.array([[1, 2], [3, 4]]), np.array([[1, 2], [0, 3]])
expected = np.array([[1.0, 2, 2, 4], [0, 3, 0, 6], [3, 6, 4, 8], [0, 9, 0, 12]])
mistakes = {
    "what a flipped kernel gives": (
        [[3, 0, 6, 0], [2, 1, 4, 2], [9, 0, 12, 0], [6, 3, 8, 4]],
        "Each number of the small image puts down one copy of the kernel, as it is.",
    ),
    "the pixels repeated": (
        [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]], "Where is the kernel?",
    ),
    "the (pseudo-)inverse of the matrix": (expected / 14, "Transposed, not inverted: matrix.T."),
}
name = "stride 2: conv2d_transpose(image, kernel, stride=2)"
got = limits.keeps_input(conv2d_transpose, image, kernel, stride=2)
checks.array(got, expected, name, mistakes)
expected = np.array([[1.0, 4, 4], [3, 13, 14], [0, 9, 12]])
mistakes = {
    "what a flipped kernel gives": (
        [[3, 6, 0], [11, 17, 2], [6, 11, 4]], "Transpose the matrix, leave the kernel as it is.",
    ),
    "the last copy winning": ([[1, 2, 4], [3, 4, 8], [0, 0, 12]], "Where copies overlap, they add up."),
}
name = "stride 1, the copies of the kernel overlap: conv2d_transpose(image, kernel)"
checks.array(conv2d_transpose(image, kernel), expected, name, mistakes)
image, kernel = np.array([[1, 2], [0, 3], [4, 0]]), np.array([[1, 2, 3]])
expected = np.zeros((7, 6))
expected[0], expected[3], expected[6] = [1, 2, 3, 2, 4, 6], [0, 0, 0, 3, 6, 9], [4, 8, 12, 0, 0, 0]
name = "a 3 x 2 image, a 1 x 3 kernel, stride 3: conv2d_transpose"
checks.array(conv2d_transpose(image, kernel, stride=3), expected, name)
image, kernel = np.array([[1, 2, 0]]), np.array([[1.0], [0.5]])
expected = np.array([[1.0, 2, 0], [0.5, 1, 0]])
name = "a 1 x 3 image, a 2 x 1 kernel, stride 1: conv2d_transpose"
checks.array(conv2d_transpose(image, kernel), expected, name)

# %% nbgrader={"grade": true, "grade_id": "conv2d_transpose_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of conv2d_transpose run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(72)
for (height, width), (rows, columns), stride in [
    ((3, 4), (3, 2), 2), ((2, 5), (2, 4), 3), ((4, 3), (3, 3), 1), ((1, 1), (2, 3), 5),
]:
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(rows, columns))
    expected = np.zeros(((height - 1) * stride + rows, (width - 1) * stride + columns))
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            expected[top : top + rows, left : left + columns] += image[i, j] * kernel
    name = f"conv2d_transpose of a {height} x {width} image, {rows} x {columns} kernel, stride={stride}"
    checks.array(conv2d_transpose(image, kernel, stride=stride), expected, name, atol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Blow up a thumbnail of Chelsea with three kernels, stride 2. One of them weaves a checkerboard into
# the picture, a well-known flaw of pictures that networks make
# ([Odena et al., 2016](https://doi.org/10.23915/distill.00003)). Which one, and why just that one?
# (Count how many copies of the kernel reach each pixel.)

# %%
thumbnail = pool(photo[:, 55:205] / 255, size=5, kind="average").mean(axis=2)
bump = np.array([0.5, 1, 0.5])
up_kernels = {
    "2 x 2 ones": np.ones((2, 2)),
    "3 x 3 ones": np.ones((3, 3)),
    "3 x 3 bump": np.outer(bump, bump),
}
larger = {
    name: conv2d_transpose(thumbnail, kernel, stride=2)
    for name, kernel in up_kernels.items()
}
theirs = keras.ops.conv_transpose(
    thumbnail[None, :, :, None].astype("float32"),
    np.outer(bump, bump)[:, :, None, None].astype("float32"),
    strides=2,
    padding="valid",
    data_format="channels_last",
)
difference = np.abs(
    larger["3 x 3 bump"] - keras.ops.convert_to_numpy(theirs)[0, :, :, 0]
).max()
print(f"largest difference from Keras: {difference:.1e}")
shown = {"thumbnail": thumbnail, **larger}
plots.image_grid(
    [image / image.max() for image in shown.values()],
    [
        f"{name}\n{image.shape[0]} x {image.shape[1]}"
        for name, image in shown.items()
    ],
    columns=4,
    scale=2,
    title="Transposed convolutions with stride 2",
    alt="A small grey cat, and three enlargements of it: blocky, with a "
    "checkerboard pattern, and smooth.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "edge_strength_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 8 (1 point): somebody's edge detector
#
# Put it to use. The Sobel kernels measure how the brightness changes to the
# right and downwards:
#
# $$S_{right} = \begin{pmatrix} -1 & 0 & 1 \\ -2 & 0 & 2 \\ -1 & 0 & 1 \end{pmatrix}
# \qquad S_{down} = S_{right}^T$$
#
# The strength of the edge at a pixel is the length of an arrow,
# $\sqrt{r^2 + d^2}$, from the two answers $r$ and $d$. Somebody has written
# that down. The program runs, and it is wrong: **four** lines do not do what
# its author believes. Run it, look at the picture, and find them.

# %% nbgrader={"grade": false, "grade_id": "somebodys_edges", "locked": true, "schema_version": 3, "solution": false, "task": false}
def somebodys_edges(photo):
    """The strength of the edges in a photograph, says its author."""
    grey = photo.sum(axis=2, dtype=photo.dtype) // photo.shape[2]  # the mean
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    right = course_conv2d(grey, sobel, padding=1)
    down = course_conv2d(grey, sobel[::-1, ::-1], padding=1)  # the other one
    return np.abs(right) + np.abs(down)  # the length of the arrow


# %%
wrong_edges = somebodys_edges(photo)
shown = 1 - np.clip(wrong_edges / np.percentile(wrong_edges, 99), 0, 1)
plots.image_grid(
    [photo, shown], ["the photograph", "somebody's edge detector"],
    columns=2, scale=3,
    alt="A cat's face, and a drawing with false contours, a black frame and "
    "hardly any horizontal line.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "edge_strength_task", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Write `edge_strength`, the program without its mistakes: make the photograph
# grey (the mean over the colour channels), let both kernels slide over it,
# **without padding** (a border of zeros would be an edge that is not in the
# picture), and give back the length of the arrow at each pixel.
# `course_conv2d` slides.


# %% nbgrader={"grade": false, "grade_id": "edge_strength", "locked": false, "schema_version": 3, "solution": true, "task": false}
def edge_strength(photo):
    """Strength of the edges in a photograph.

    Parameters
    ----------
    photo : ndarray of uint8 or float, shape (height, width, channels)

    Returns
    -------
    ndarray of float, shape (height - 2, width - 2)
        At least 0 everywhere, in the units of the photograph.
    """
    ### BEGIN SOLUTION
    grey = photo.mean(axis=2)
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.hypot(course_conv2d(grey, sobel), course_conv2d(grey, sobel.T))
    ### END SOLUTION


# %% [markdown] tags=["hints"]
# Go through the program line by line and print what each line makes of a
# picture that you can check in your head: the ramp of 10, 20, 30, ... Which
# line first gives something else than you expect?
#
# ---
#
# `photo.mean(axis=2)` calculates in floats. The kernel for the other direction
# is the transpose, not the kernel turned round. Without padding, no kernel ever
# sees a pixel that is not there. And `np.hypot` is Pythagoras.
#
# ---
#
# A neighbouring problem: how fast is each of three boats, from its speed to
# the east and to the north?
#
# ```python
# east, north = np.array([3.0, 0.0, 5.0]), np.array([4.0, 2.0, 12.0])
# both = np.stack([east, north], axis=-1)  # shape (3, 2)
# print(both[:, None, :].shape)            # an axis in between: (3, 1, 2)
# print(np.hypot(both[:, 0], both[:, 1]))  # [ 5.  2. 13.]
# ```

# %% nbgrader={"grade": true, "grade_id": "edge_strength_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
y, x = np.mgrid[:6, :8]
ramp = np.repeat((10 * x + 20).astype(np.uint8)[:, :, None], 3, axis=2)
mistakes = {
    "what flat columns give": (60.0, "Prewitt's kernels: the middle line of Sobel's counts twice."),
    "the change from pixel to pixel": (10.0, "Do not scale: the kernels are used as they are."),
    "what the sum of the channels gives": (240.0, "Grey is the MEAN over the colour channels."),
    "the change downwards only": (0.0, "Two filters, two directions."),
    "the square of the length": (6400.0, "Is a square root missing?"),
}
mistakes = {key: (np.full((4, 6), value), advice) for key, (value, advice) in mistakes.items()}
name = "brighter by 10 with every pixel to the right: edge_strength"
checks.array(edge_strength(ramp), np.full((4, 6), 80.0), name, mistakes)
mistakes = {"the change to the right only": (np.zeros((6, 4)), "Two filters, two directions.")}
name = "the same downwards: edge_strength"
checks.array(edge_strength(ramp.transpose(1, 0, 2)), np.full((6, 4), 80.0), name, mistakes)

falling = np.repeat((200 - 10 * x - 10 * y).astype(np.uint8)[:, :, None], 3, axis=2)
mistakes = {
    "both changes added": (np.full((4, 6), 160.0), "The length of an arrow: Pythagoras, or np.hypot."),
    "the sum of the two, with its sign": (np.full((4, 6), -160.0), "Pythagoras, or np.hypot."),
    "the larger of the two": (np.full((4, 6), 80.0), "The length of an arrow: Pythagoras, or np.hypot."),
}
name = "darker to the right and downwards: edge_strength"
checks.array(edge_strength(falling), np.full((4, 6), 80 * 2**0.5), name, mistakes)
only_red = ramp * np.array([1, 0, 0], dtype=np.uint8)
mistakes = {
    "what the first channel alone gives": (
        np.full((4, 6), 80.0), "Grey is the MEAN over the colour channels.",
    ),
    "what whole numbers of grey give": (np.full((4, 6), 28), "A mean has fractions: calculate in floats."),
}
name = "only red gets brighter: edge_strength"
got = limits.keeps_input(edge_strength, only_red)
checks.array(got, np.full((4, 6), 80 / 3), name, mistakes)

# %% nbgrader={"grade": true, "grade_id": "edge_strength_hidden_test", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
# Further checks of edge_strength run here after you hand in.
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(81)
for shape in [(7, 9, 3), (12, 5, 1), (3, 3, 3)]:
    picture = rng.integers(0, 256, size=shape, dtype=np.uint8)
    grey_picture = picture.astype(float).mean(axis=2)
    right = np.array([-1, 0, 1])
    right_slope, down_slope = np.zeros((2, shape[0] - 2, shape[1] - 2))
    for i in range(shape[0] - 2):
        for j in range(shape[1] - 2):
            patch = grey_picture[i : i + 3, j : j + 3]
            right_slope[i, j] = np.array([1, 2, 1]) @ patch @ right
            down_slope[i, j] = right @ patch @ np.array([1, 2, 1])
    name = f"edge_strength of a random picture of shape {shape}"
    checks.array(edge_strength(picture), np.sqrt(right_slope**2 + down_slope**2), name, atol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# Let it look at a real photograph:

# %%
edges = edge_strength(photo)
plots.image_grid(
    [photo, 1 - np.clip(edges / np.percentile(edges, 99), 0, 1)],
    ["the photograph", "your edge detector"],
    columns=2,
    scale=3,
    alt="A photograph of a cat's face, and a pencil-like drawing of its "
    "edges: eyes, ears, whiskers.",
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_layers_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 9 (2 points): your judgement
#
# Three ways to look at a patch of 7 x 7 pixels with 32 channels in and 32
# channels out: one layer of 7 x 7; three layers of 3 x 3 with a ReLU behind
# each; and a separable one, a depthwise 7 x 7 followed by a 1 x 1. The next
# cell counts, for maps of 56 x 56 pixels (padded, so that the size stays).

# %% nbgrader={"grade": false, "grade_id": "judge_layers_table", "locked": true, "schema_version": 3, "solution": false, "task": false}
ways = {  # (channels, filters, kernel, groups) of each layer
    "one 7 x 7": [(32, 32, 7, 1)],
    "three 3 x 3, ReLU": [(32, 32, 3, 1)] * 3,
    "separable 7 x 7": [(32, 32, 7, 32), (32, 32, 1, 1)],
}
print(f"{'':18}   sees   parameters   multiply-adds")
for name, layers in ways.items():
    weights = [k * k * (c // groups) * f for c, f, k, groups in layers]
    total = sum(weights) + sum(layer[1] for layer in layers)
    sees = 1 + sum(layer[2] - 1 for layer in layers)
    print(f"{name:18}   {sees:4}   {total:10,}   {sum(weights) * 56 * 56:13,}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "judge_layers_task", "locked": true, "schema_version": 3, "solution": false, "task": false}
# A colleague reads the table and writes:
#
# > All three see 7 x 7 pixels, so they can learn the same. The separable
# > layer has 5 % of the parameters and of the work, so our network will run
# > 19 times as fast, at no loss. We use it everywhere.
#
# Judge this in **three sentences**: Can the three learn the same? Will the
# network run 19 times as fast? What would have to be measured before "we use
# it everywhere"? (A person reads your answer; reasons count.)

# %% [markdown] nbgrader={"grade": true, "grade_id": "judge_layers", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# The same receptive field does not mean the same functions: a 7 x 7 layer can
# have any kernel for each pair of channels, a separable one has a single
# kernel for each input channel and only mixes the results, and three 3 x 3
# layers with ReLUs compute something that is not linear and that no single
# layer can. Multiply-adds are not time: a depthwise layer does little work
# with each number that it fetches, so memory sets the pace and the clock gains
# less than the count (and the rest of the network costs what it did before).
# Before we use it everywhere, we would have to measure the accuracy on
# validation images with the same training for each, and the time on the
# machine that will run it.
#
# **Rubric**
#
# | points | the answer |
# |---|---|
# | 0 | agrees with the report, or rejects it without a reason that fits (such as "7 x 7 is too large") |
# | 1 | refutes one of the two conclusions with a right reason: an equal field is not an equal set of functions (fewer weights, kernels shared out, or the ReLUs between); or a count of multiply-adds is not a time (memory, other layers, hardware). Or it refutes both, one with a reason that does not fit |
# | 2 | refutes both conclusions, each with a right reason, and names what has to be measured: accuracy on validation images, and time on the machine in question |
# ### END SOLUTION

# %% [markdown] tags=["hints"]
# How many free numbers stand behind one output channel in each of the three
# ways? What did the lecture on kinds of convolution find when it compared the
# count with the clock? And which column is missing from the table?
#
# ---
#
# Think of a kernel that looks for a red spot to the left of a green one: which
# of the three can have it? Then think of what a processor waits for when it
# multiplies each number that it fetches only once or a few times.

# %% [markdown]
# ## A network without any training
#
# Two filters told you how strong an edge is. **Eight**, each for another direction, and a ReLU, which
# keeps what points its way, tell you which way it goes. Average pooling over 8 x 8 pixels then forgets
# where exactly. That is one convolutional layer, one activation, one pooling: a small network whose
# filters nobody has trained, because you know what they should do. Here is its cost, from your own
# functions:

# %%
sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
angles = np.arange(8) * np.pi / 4
bank = np.stack(
    [np.cos(a) * sobel + np.sin(a) * sobel.T for a in angles], axis=-1
)[:, :, None, :]

side = output_size(32, 3, padding=1)
print(
    "after the layer: ",
    (side, side, 8),
    f"{count_parameters(1, 8, 3, bias=False)} weights,",
    f"{count_multiply_adds(32, 32, 1, 8, 3, padding=1):,} multiply-adds per "
    "image",
)
side = output_size(side, 8, stride=8)
field = receptive_field([(3, 1, 1), (8, 8, 1)])
print("after the pooling:", (side, side, 8), f"= {side * side * 8} numbers,",
      f"each of which sees {field} x {field} pixels")

# %% [markdown]
# What do the eight filters see in Chelsea? Dark is a strong answer.

# %%
answers = np.maximum(
    conv_layer(
        photo[:, 55:205].mean(axis=2, keepdims=True) / 255, bank, padding=1
    ),
    0,
)
shown = 1 - np.clip(answers / np.percentile(answers, 99.5), 0, 1)
plots.image_grid(
    np.moveaxis(shown, 2, 0),
    [f"brighter towards {45 * f}°" for f in range(8)],
    columns=4,
    scale=2,
    title="The eight channels after the ReLU (0° is right, 90° is down)",
    alt="Eight drawings of a cat's face; each shows the edges that get "
    "brighter in one of eight directions.",
)

# %% [markdown]
# And now the test of week 1: the nearest neighbours of 500 test images among 1,200 training images,
# once with raw pixels, once with what your network says about them. The first image goes through your
# own layers; when Keras agrees, it may do the other 1,699.

# %%
cifar = load("cifar10", source="sample")


def features_by_keras(images):
    """The same network for many images at once."""
    maps = keras.ops.conv(
        images.mean(axis=3, keepdims=True).astype("float32"),
        bank.astype("float32"),
        padding="same",
        data_format="channels_last",
    )
    maps = keras.ops.average_pool(
        keras.ops.relu(maps),
        8,
        8,
        padding="valid",
        data_format="channels_last",
    )
    rows = keras.ops.convert_to_numpy(maps).reshape(len(images), -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


first = conv_layer(
    cifar.test.images[0].mean(axis=2, keepdims=True), bank, padding=1
)
first = pool(np.maximum(first, 0), size=8, kind="average").ravel()
first = first / np.linalg.norm(first)
test_features = features_by_keras(cifar.test.images)
print(
    "largest difference between you and Keras: "
    f"{np.abs(first - test_features[0]).max():.1e}"
)

for name, train, test in [
    ("pixels", cifar.train.images, cifar.test.images),
    ("your network", features_by_keras(cifar.train.images), test_features),
]:
    neighbours, _ = knn.nearest(train, test, k=9)
    right = knn.vote(cifar.train.labels[neighbours], 10) == cifar.test.labels
    print(f"{name:13} {right.mean():.1%} of {len(right)} test images right")

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
# - **Colour.** Your network is colour-blind. Give the layer three input channels and invent filters
#   that answer to colours: does it help?
# - **Deeper.** Put a second layer behind the first: which combinations of edges would *you* look for? A
#   corner, say, has two.
# - **Faster.** Where does your `conv2d` spend its time? `np.lib.stride_tricks.sliding_window_view`
#   shows all windows at once, and `np.tensordot` multiplies them with all filters in one go.
# - **Undo it.** `conv2d_transpose` brings back the size. How close does it come to the picture, and can
#   a better kernel come closer?
#
# Nine numbers a filter you can still choose by thinking. The networks of the next weeks have millions,
# and find them on their own.

# %%
# Your experiments
