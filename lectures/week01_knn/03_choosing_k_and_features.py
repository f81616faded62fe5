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
# # Choosing k, and better features
#
# The last lecture left two questions open. How many neighbours should vote? And are raw pixels the right
# thing to compare? The first question leads to the most important habit in machine learning: **how to
# measure without fooling yourself**. The second leads to the reason why convolutional networks exist.
#
# **After this lecture you can**
#
# - choose k by 5-fold cross-validation, and say why neither training nor test images may choose it;
# - read a confusion matrix, and look behind it at the images;
# - build features by hand (silhouettes, HOG), compare them fairly with pixels, and say what they cost;
# - read a t-SNE map, and name three things that it does not say.
#
# **You need** lectures 1 (images as arrays) and 2 (nearest neighbours).
#
# **Time** about 40 minutes to read. **Cost** about half a minute on two cores with the small budget, a few
# minutes with the one for laptops, which searches all of CIFAR-10; below 2 GiB of memory; no GPU.

# %%
import time
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np
from skimage.color import rgb2gray
from skimage.feature import hog
from sklearn.manifold import TSNE
from sklearn.metrics import confusion_matrix
from threadpoolctl import threadpool_limits

from helpers import budget, plots
from helpers.data import load
from helpers.experiments import board
from helpers.knn import nearest, vote

budget.describe()
cifar = load("cifar10")
classes = np.array(cifar.class_names)
print(cifar)

# %% [markdown]
# The two functions from `helpers.knn` are the ones that you built in lecture 2: `nearest` finds the
# neighbours by the matrix product, in blocks that fit into memory; `vote` counts their labels and breaks
# ties by the nearest.
#
# CIFAR-10 (Krizhevsky, 2009) you know from lecture 1. We work with a random **pool** of training images, so
# that everything runs while you read. The pool comes from the training part only.

# %%
n_classes = len(classes)


def draw(part, n):
    """n random images of a part of the data (all of them if it holds fewer): flat pixels, labels, images."""
    rows = np.random.default_rng(0).permutation(len(part))[:n]
    images = part.images[rows]
    return images.reshape(len(images), -1), part.labels[rows], images


pool, pool_labels, pool_images = draw(cifar.train, budget.choose(ci=5_000, cpu=20_000))
print("pool:", pool.shape, pool.dtype, "  images a class:", np.bincount(pool_labels))

# %% [markdown]
# ## Part 1: choosing k honestly
#
# The weights of a network are learned. The k of kNN is not: somebody has to choose it. Such a number is
# called a **hyperparameter**. The metric (L1 or L2) is another one, and a network has dozens. Everything
# below applies to them all.
#
# ### Temptation 1: the training images
#
# The obvious idea: try several k on the images that we have, keep the best.
#
# > **Predict, then run.** The "model" is the pool. The questions are 500 images *of the pool*. Which k
# > wins, and what accuracy does it reach?

# %%
ks = [1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100]

own, own_distances = nearest(pool, pool[:500], max(ks))
on_training = [np.mean(vote(pool_labels[own[:, :k]], n_classes) == pool_labels[:500]) for k in ks]
for k, accuracy in zip(ks, on_training, strict=True):
    print(f"k = {k:3d}: {accuracy:6.1%}")

# %% [markdown]
# A hundred per cent, and the winner is k = 1. (k = 2 never differs from it: if two voters disagree, the
# nearer one decides.) Look at who the nearest neighbour is:

# %%
found_itself = own[:, 0] == np.arange(500)
print(f"{found_itself.mean():.0%} of the images are their own nearest neighbour, "
      f"at a distance of {np.abs(own_distances[:, 0]).max():.1f}")
plots.image_grid(
    np.stack([pool_images[:5], pool_images[own[:5, 0]], pool_images[own[:5, 1]]]).reshape(15, 32, 32, 3),
    titles=[*classes[pool_labels[:5]], *["nearest"] * 5, *["second"] * 5], columns=5,
    title="Five training images, their nearest and their second nearest neighbours in the training set",
    alt="Three rows of five CIFAR-10 images. The second row, the nearest neighbours, repeats the first "
        "exactly; the third row, the second nearest neighbours, shows other images of similar colours.")

# %%
assert on_training[0] == 1.0                       # k = 1 is perfect ...
assert found_itself.mean() > 0.99                  # ... because every image finds itself
assert np.argmax(on_training) == 0                 # so the training images will always vote for k = 1

# %% [markdown]
# The model was asked about what it had memorised, and it answered from memory. This says nothing about new
# images: **training accuracy measures memory, not learning.** kNN only shows it in its purest form; a large
# network can learn even *random* labels by heart (Zhang et al., 2017).
#
# ### Temptation 2: the test images
#
# Then we could try every k on the test images and report the best. Nothing is memorised now. What is wrong
# with that?
#
# Let us exaggerate, to see it. Our "classifiers" are **guessers**: each labels every image by rolling a die
# with ten faces. We test up to 1,000 of them on the same 500 images and report the best.
#
# > **Predict, then run.** Each of them is right for about 10 %. What does the best of 1,000 score on the
# > 500 images that selected it? And on 500 fresh images?

# %%
guessers, images_each, repeats = 1_000, 500, 20
crowd_sizes = [1, 3, 10, 30, 100, 300, 1_000]
chosen_on, fresh = np.zeros((2, repeats, len(crowd_sizes)))
luck = np.random.default_rng(1)
for repeat in range(repeats):
    correct = luck.random((guessers, 2 * images_each)) < 1 / n_classes
    old, new = correct[:, :images_each].mean(axis=1), correct[:, images_each:].mean(axis=1)
    for column, size in enumerate(crowd_sizes):
        winner = old[:size].argmax()
        chosen_on[repeat, column], fresh[repeat, column] = old[winner], new[winner]

plots.curves(crowd_sizes, {"on the images that selected it": (chosen_on.mean(0), chosen_on.std(0)),
                           "on fresh images": (fresh.mean(0), fresh.std(0))},
             xlabel="guessers tried", ylabel="accuracy of the best one", log_x=True,
             title="The best of many is partly the luckiest (mean and spread of 20 repeats)")

# %%
gain = chosen_on[:, -1] - fresh[:, -1]
print(f"best of {guessers}: {chosen_on[:, -1].mean():.1%} on the images that selected it, "
      f"{fresh[:, -1].mean():.1%} on fresh ones")
assert gain.min() > 0                              # in every one of the repeats
assert abs(fresh[:, -1].mean() - 0.1) < 0.01       # nothing was learned

# %% [markdown]
# **Selecting is learning.** The images that pick the winner have been used, and its score on them is too
# good. With a dozen values of k the effect is small; with a thousand configurations of a network it is not.
# So the test images answer one question, once, at the very end.
#
# ### Three parts, three questions
#
# | part | who looks at it | the question it answers |
# |---|---|---|
# | **training** | the model | what are the neighbours (later: the weights)? |
# | **validation** | you, as often as you like | which k, which features, which network? |
# | **test** | you, once | how good is the final choice on images that had no say in it? |
#
# A single validation part wastes images (they cannot be neighbours), and its verdict depends on which
# images happen to be in it. **k-fold cross-validation** lets everyone take a turn: cut the pool into five
# folds; each fold is validated once by the other four; average the five accuracies. (Kohavi, 1995,
# recommends ten folds with the classes in proportion; five are cheaper. The *k* of k-fold has nothing to do
# with the *k* of kNN.)

# %%
n_folds = 5
fig, ax = plt.subplots(figsize=(7.4, 2.9), layout="constrained")
for turn in range(n_folds):
    for fold in range(n_folds):
        held_out = fold == turn
        ax.barh(turn, 0.96, left=fold, height=0.72, color=plots.COLOURS[1] if held_out else "#BFD9EA",
                hatch="//" if held_out else None, edgecolor="#FCFCFA")
        label = {"facecolor": "#FCFCFA", "edgecolor": "none", "pad": 1.5} if held_out else None
        ax.text(fold + 0.48, turn, "validate" if held_out else "neighbours", fontsize=9, ha="center",
                va="center", bbox=label)
ax.barh(2, 1.0, left=5.35, height=4.72, color="#E4E4E2", edgecolor="#555555", linestyle="--")
ax.text(5.85, 2, "test\n\nlocked away\nuntil k is\nchosen", ha="center", va="center", fontsize=9)
ax.set_yticks(range(n_folds), [f"round {turn + 1}" for turn in range(n_folds)])
ax.set_xticks(np.arange(n_folds) + 0.48, [f"fold {fold + 1}" for fold in range(n_folds)])
ax.xaxis.tick_top()
ax.tick_params(length=0)
ax.invert_yaxis()
ax.grid(False)
ax.spines[:].set_visible(False)
plots.show(fig, alt="Five rows, one a round, of five boxes, one a fold. In round r the r-th fold is hatched "
                    "and labelled validate, the other four are labelled neighbours. To the right a grey "
                    "box, the test part, stays locked away until k is chosen.")

# %% [markdown]
# Two lines make the folds: shuffle, then cut. Without the shuffle, images that were stored together (same
# class, same camera, same day) would end up in the same fold.

# %%
shuffled = np.random.default_rng(1).permutation(len(pool))
folds = np.array_split(shuffled, n_folds)
fold_of = np.empty(len(pool), dtype=int)
for number, members in enumerate(folds):
    fold_of[members] = number

print("fold sizes:", [len(members) for members in folds])
assert sorted(np.concatenate(folds)) == list(range(len(pool)))      # every image is in exactly one fold

# %% [markdown]
# Finding the neighbours is the slow part, voting is quick. So we find the 100 nearest once and let the
# first k of them vote, for every k. For each image we look for neighbours **outside its own fold** only.

# %%
def out_of_fold_neighbours(features, k):
    """(images, k): the k nearest neighbours of each pool image among the images of the other folds."""
    table = np.empty((len(features), k), dtype=int)
    for members in folds:
        others = np.setdiff1d(np.arange(len(features)), members)
        found, _ = nearest(features[others], features[members], k)
        table[members] = others[found]             # from positions among the others to positions in the pool
    return table


start = time.perf_counter()
neighbours = out_of_fold_neighbours(pool, max(ks))
print(f"{neighbours.shape} neighbours in {time.perf_counter() - start:.1f} s")
assert (fold_of[neighbours] != fold_of[:, None]).all()              # nobody is asked about himself

# %%
def fold_accuracies(neighbours, ks):
    """(folds, ks): the accuracy in each fold, for each k."""
    correct = np.array([vote(pool_labels[neighbours[:, :k]], n_classes) == pool_labels for k in ks])
    return np.array([correct[:, members].mean(axis=1) for members in folds])


accuracies = fold_accuracies(neighbours, ks)
mean, spread = accuracies.mean(axis=0), accuracies.std(axis=0, ddof=1)
print("winner in each fold alone: k =", [ks[best] for best in accuracies.argmax(axis=1)])

# %% [markdown]
# Those are the verdicts of five single validation parts. They come from the same data and the same model;
# if they disagree, it is by the luck of the draw. Now the average. Our rule, fixed **before** we look: the
# highest mean wins; on a tie, the smaller k.

# %%
chosen_k = ks[mean.argmax()]
plots.curves(ks, {"five folds: mean and standard deviation": (mean, spread)}, log_x=True, mark=chosen_k,
             xlabel="neighbours that vote, k", ylabel="validation accuracy",
             title=f"Mean and standard deviation of 5 folds, {len(pool):,} images: k = {chosen_k} wins")

# %%
standard_error = spread[mean.argmax()] / np.sqrt(n_folds)
plateau = [k for k, value in zip(ks, mean, strict=True) if value >= mean.max() - standard_error]
print(f"chosen: k = {chosen_k}, {mean.max():.1%} (standard deviation over folds {spread[mean.argmax()]:.1%})")
print(f"within one standard error of it: k = {plateau}")
assert mean.max() < on_training[0] / 2             # honest figures are less flattering

# %% [markdown]
# Read the curve as a trade-off. With few neighbours a single odd image decides: the prediction is nervous
# (**high variance**). With very many, images from far away vote as well, and the answer drifts towards
# whatever is common (**high bias**). In between lies a plateau rather than a peak, and several values of k
# would be defensible. What cross-validation saves us from is the bad choice, not the second best one.
#
# One caution about the band: any two rounds share most of their training images, so the five results are
# not independent. Their spread is a guide and no exact confidence interval (Bengio and Grandvalet, 2004).
#
# ### Once, on the test part
#
# k is chosen. Now all five folds together are the training set, and the test images are asked, once.

# %%
test, test_labels, test_images = draw(cifar.test, budget.choose(ci=1_000, cpu=10_000))


def margin(accuracy, n):
    """Half the width of the 95 % interval of an accuracy on n images (normal approximation)."""
    return 1.96 * np.sqrt(accuracy * (1 - accuracy) / n)


found, _ = nearest(pool, test, chosen_k)
test_accuracy = np.mean(vote(pool_labels[found], n_classes) == test_labels)
print(f"cross-validation promised {mean.max():.1%}")
print(f"the test says             {test_accuracy:.1%} +- {margin(test_accuracy, len(test)):.1%} "
      f"(95 % interval, {len(test):,} images)")

# %% [markdown]
# Compare their difference with the interval. The promise may even be a little too good, because it belongs
# to the *best* k of twelve; but with so few candidates and so many images, it is almost honest. That is
# what validation buys: **a test without surprises**. The accuracy itself is poor: well above the 10 % of
# guessing, far below what you would reach yourself. The rest of the lecture asks why.
#
# ### Which mistakes?
#
# One number hides ten classes. The **confusion matrix** counts, for each true class (row), what it was
# taken for (column). We have an honest prediction for every image of the pool, from the round in which it
# was held out, so the test images can rest.

# %%
predicted = vote(pool_labels[neighbours[:, :chosen_k]], n_classes)
matrix = confusion_matrix(pool_labels, predicted, labels=np.arange(n_classes))
plots.confusion_matrix(matrix, cifar.class_names, title=f"{chosen_k}-NN on pixels, out-of-fold predictions")

# %%
mistakes = np.where(np.eye(n_classes, dtype=bool), 0, matrix)
true, taken_for = np.unravel_index(mistakes.argmax(), mistakes.shape)
recall = matrix.diagonal() / matrix.sum(axis=1)
print(f"most frequent mistake: {classes[true]} taken for {classes[taken_for]}, {mistakes.max()} times")
print(f"best recognised:  {classes[recall.argmax()]} ({recall.max():.0%})")
print(f"worst recognised: {classes[recall.argmin()]} ({recall.min():.0%})")

# %% [markdown]
# Look at the columns as well. If the classifier were impartial, every class would be *predicted* about as
# often as it *occurs*.

# %%
often = matrix.sum(axis=0) / matrix.sum(axis=1)
for number in often.argsort()[::-1]:
    print(f"{classes[number]:>10}: predicted {often[number]:.2f} times as often as it occurs")
assert often.max() > 2 * often.min()

# %% [markdown]
# Some classes attract everything. To see why, look at the images behind the numbers: each query with its
# five nearest neighbours (k may be larger: these are the first five voters), first where the vote was
# right.

# %%
def show_neighbours(queries, title):
    """Each query (no frame) with its five nearest, framed by whether they have the query's label."""
    images, titles, colours = [], [], []
    for query in queries:
        nearest_five = neighbours[query, :5]
        images += [pool_images[query], *pool_images[nearest_five]]
        titles += [f"{classes[pool_labels[query]]}?", *classes[pool_labels[nearest_five]]]
        colours += [None, *np.where(pool_labels[nearest_five] == pool_labels[query], "right", "wrong")]
    plots.image_grid(images, titles, columns=6, colours=colours, title=title)


right = np.flatnonzero(predicted == pool_labels)
show_neighbours(right[:4], "Right votes: each query, then its five nearest images (dashed: another class)")

# %% [markdown]
# Now the most frequent mistake.

# %%
wrong = np.flatnonzero((pool_labels == true) & (predicted == taken_for))
show_neighbours(wrong[:4], f"{classes[true]} taken for {classes[taken_for]} (dashed: another class)")

# %% [markdown]
# > **Think before you read on.** What do a query and its neighbours have in common: the animal or vehicle,
# > or something else?
#
# Mostly the background, the brightness and the rough layout. Pixel distance adds up 3072 differences, and
# the object owns only some of them. This also explains the attractive classes. A flat, mid-grey image is
# never *very* far from anything, while two busy images differ almost everywhere. The flat ones become
# everybody's neighbour: **hubs** (Radovanović et al., 2010).

# %%
times_chosen = np.bincount(neighbours[:, :10].ravel(), minlength=len(pool))
hubs = times_chosen.argsort()[::-1][:10]
contrast = pool_images.std(axis=(1, 2, 3))
plots.image_grid(pool_images[hubs], [f"{classes[pool_labels[h]]}\n{times_chosen[h]} times" for h in hubs],
                 title="The ten images that are most often among the ten nearest of another")

# %%
print(f"chosen {times_chosen.mean():.1f} times on average")
print(f"never chosen: {np.mean(times_chosen == 0):.0%} of the pool")
print(f"contrast (deviation of the pixels): hubs {contrast[hubs].mean():.0f}, pool {contrast.mean():.0f}")
assert contrast[hubs].mean() < contrast.mean()

# %% [markdown]
# ### The whole of CIFAR-10: a known answer
#
# How far does pixel kNN get with everything, 50,000 training images and 10,000 test images, k = 1, L2? The
# answer is known: **35.39 %** (the notes of Stanford's course CS231n give 35.4 % for L2 and 38.6 % for L1).
# We choose nothing here; we check that our search is *correct*. A deterministic method on fixed data has
# exactly one answer, and a reproduction either hits it or has a bug.
#
# The full search needs about a minute on two cores. With `COURSE_BUDGET=ci` the next cell runs a part of it
# and tells you what the whole would take; to run it all, start Jupyter with `COURSE_BUDGET=cpu`.

# %%
whole = budget.choose(ci=False, cpu=True) and not cifar.is_sample
everything = load("cifar10", validation=0)         # hands the validation images back: 50,000
n_train, n_test = (len(everything.train), len(everything.test)) if whole else (len(pool), 500)
train_part, test_part = everything.train, everything.test
train_pixels = train_part.images[:n_train].reshape(n_train, -1)
test_pixels = test_part.images[:n_test].reshape(n_test, -1)

tracemalloc.start()
start = time.perf_counter()
first, _ = nearest(train_pixels, test_pixels, 1)
seconds = time.perf_counter() - start
peak = tracemalloc.get_traced_memory()[1] / 2**20
tracemalloc.stop()
full_accuracy = np.mean(train_part.labels[first[:, 0]] == test_part.labels[:n_test])

print(f"{n_train:,} x {n_test:,} distances in {seconds:.1f} s, {peak:,.0f} MiB of working memory")
print(f"(the whole distance matrix at once: {50_000 * 10_000 * 4 / 2**20:,.0f} MiB)")
if whole:
    print(f"accuracy on the whole test set: {full_accuracy:.2%}")
    assert round(full_accuracy, 4) == 0.3539
else:
    print(f"accuracy of this part: {full_accuracy:.1%} +- {margin(full_accuracy, n_test):.1%}")
    times = 50_000 * 10_000 / (n_train * n_test)
    print(f"the whole search has {times:,.0f} times as many distances: about {times * seconds:.0f} s here")
    print("for the whole:", "fetch the data with: python -m helpers.data fetch cifar10" if cifar.is_sample
          else "set the environment variable COURSE_BUDGET to cpu before starting Jupyter")

# %% [markdown]
# Read the cost as well as the score. Training cost nothing; *each question* costs a pass over all the
# training images. A network is the other way round: slow to train, quick to ask. In most uses the second is
# what you want.
#
# ### What fewer images cost
#
# Labels are expensive. How much accuracy does each tenfold of labelled images buy? We draw training sets of
# several sizes, five times each, and ask images of the validation part, which the pool does not contain.
# The questions are the same each time, so that the band shows the effect of the training images alone.
#
# > **Predict, then run.** Will ten times as many images halve the errors? Sketch the curve first.

# %%
queries, query_labels, _ = draw(cifar.validation, budget.choose(ci=500, cpu=2_000))
sizes = [n for n in budget.choose(ci=[50, 150, 500, 1_500, 5_000], cpu=[50, 150, 500, 1_500, 5_000, 15_000])
         if n <= len(pool)]
n_seeds = 5
by_size = np.zeros((n_seeds, len(sizes)))
for seed in range(n_seeds):
    order = np.random.default_rng(seed).permutation(len(cifar.train))
    for column, n in enumerate(sizes):
        rows = np.sort(order[:n])
        found, _ = nearest(cifar.train.images[rows].reshape(n, -1), queries, 1)
        by_size[seed, column] = np.mean(cifar.train.labels[rows][found[:, 0]] == query_labels)

plots.curves(sizes, {"1-NN": (by_size.mean(axis=0), by_size.std(axis=0, ddof=1))}, log_x=True,
             xlabel="training images", ylabel="validation accuracy",
             title=f"1-NN on CIFAR-10 pixels: mean and standard deviation of {n_seeds} draws")

# %%
slope, level = np.polyfit(np.log10(sizes), by_size.mean(axis=0), deg=1)
print(f"each tenfold of training images adds {100 * slope:.1f} percentage points")
print(f"a straight line would reach 90 % at 10^{(0.9 - level) / slope:.0f} images")
assert by_size.mean(axis=0)[-1] > by_size.mean(axis=0)[0]

# %% [markdown]
# Do not take the last line as a forecast: it stretches a straight line far beyond the data. Take it as a
# statement about the *representation*. More images of this kind do not make pixel distance meaningful in
# any time that we have. To do better we must compare something else.
#
# ## Part 2: better features
#
# A **feature** is a number computed from an image because we believe that it matters for the answer. For
# decades, computer vision meant inventing them. We try two kinds: a handful of numbers about a shape, then
# a famous descriptor.
#
# ### Eleven numbers about a silhouette
#
# MNIST digits are shapes: ink or no ink. We cut at half the brightness and describe the silhouette as you
# would on the telephone: how large, how high, how ragged, where it is tall.

# %%
mnist = load("mnist")
digits, digit_labels, digit_images = draw(mnist.train, budget.choose(ci=3_000, cpu=10_000))
val_digits, val_digit_labels, val_digit_images = draw(mnist.validation, budget.choose(ci=1_000, cpu=5_000))
test_digits, test_digit_labels, test_digit_images = draw(mnist.test, budget.choose(ci=1_000, cpu=10_000))


def cut_out(image):
    """The silhouette (True: ink) inside the smallest box that holds it."""
    ink = image.squeeze() > 127
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def column_heights(box):
    """For each column: rows from its topmost to its lowest ink, both included (0 for an empty column)."""
    top, bottom = box.argmax(axis=0), len(box) - box[::-1].argmax(axis=0)
    return np.where(box.any(axis=0), bottom - top, 0)


# %%
FEATURES = ["average height", "area", "perimeter", "falling diagonal", "rising diagonal",
            "height 1", "height 2", "height 3", "height 4", "height 5", "height 6"]


def describe(image):
    """Eleven numbers about the silhouette of one image; they do not depend on where it stands."""
    box = cut_out(image)
    heights = column_heights(box)
    framed = np.pad(box, 1).astype(int)
    perimeter = np.abs(np.diff(framed, axis=0)).sum() + np.abs(np.diff(framed, axis=1)).sum()
    along = np.linspace(0, 1, 28)                  # 28 steps along each diagonal of the box
    rows, columns = (np.round(along * (side - 1)).astype(int) for side in box.shape)
    falling, rising = box[rows, columns].mean(), box[rows, columns[::-1]].mean()
    profile = np.interp(np.linspace(0, len(heights) - 1, 6), np.arange(len(heights)), heights)
    return [heights.mean(), box.sum(), perimeter, falling, rising, *profile]


def describe_all(images):
    """(n, 11) float32: the features of each image."""
    return np.array([describe(image) for image in images], dtype=np.float32)


# %% [markdown]
# Before such code is trusted, it is tried on a shape whose answers can be counted by hand: a filled
# rectangle, 6 rows by 4 columns.

# %%
rectangle = np.zeros((28, 28, 1), dtype=np.uint8)
rectangle[10:16, 5:9] = 255
by_name = dict(zip(FEATURES, describe(rectangle), strict=True))
print({name: float(value) for name, value in by_name.items()})
assert by_name["area"] == 24 and by_name["perimeter"] == 20 and by_name["average height"] == 6
assert by_name["rising diagonal"] == 1 and by_name["height 1"] == by_name["height 6"] == 6

# %%
example = int(np.flatnonzero(digit_labels == 2)[0])
box = cut_out(digit_images[example])
heights = column_heights(box)
height, width = box.shape
fig, axes = plt.subplots(1, 4, figsize=(9.2, 2.9), layout="constrained")
axes[0].imshow(digit_images[example].squeeze())
axes[0].set_title("the image, 784 numbers")
axes[1].imshow(box)
axes[1].contour(np.kron(np.pad(box, 1), np.ones((8, 8))), levels=[0.5], colors=plots.COLOURS[1], linewidths=2,
                extent=(-1.5, width + 0.5, -1.5, height + 0.5))
axes[1].set(title=f"area {box.sum()},\nperimeter {describe(digit_images[example])[2]}",
            xlim=(-1.2, width + 0.2), ylim=(height + 0.2, -1.2))
axes[2].imshow(box)
axes[2].plot([0, width - 1], [0, height - 1], color=plots.COLOURS[5], linewidth=2.5)
axes[2].plot([0, width - 1], [height - 1, 0], color=plots.COLOURS[1], linewidth=2.5, linestyle="--")
axes[2].set_title("share of ink along\nthe two diagonals")
axes[3].bar(np.arange(width), heights, color="#9AA5AD")
axes[3].plot(np.linspace(0, width - 1, 6), describe(digit_images[example])[5:], "o", color=plots.COLOURS[0])
axes[3].axhline(heights.mean(), color=plots.COLOURS[3], linestyle="--")
axes[3].set(title="height of each column,\naverage (dashed), six samples", xlabel="column of the box",
            ylabel="height (pixels)")
for ax in axes[:3]:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
plots.show(fig, alt=f"A handwritten 2 as an image; its silhouette with outline, area {box.sum()}; the two "
                    f"diagonals of its box; and a bar chart of the heights of its {width} columns, with "
                    f"their average {heights.mean():.1f} as a dashed line and six sampled heights as dots.")

# %% [markdown]
# Do two of these numbers already separate something? Each point below is one image.

# %%
described = describe_all(digit_images)
val_described, test_described = describe_all(val_digit_images), describe_all(test_digit_images)
some = np.flatnonzero(np.isin(digit_labels, [0, 1, 7]))[:300]
plots.scatter(described[some][:, [1, 4]], np.searchsorted([0, 1, 7], digit_labels[some]), ["0", "1", "7"],
              xlabel="area (pixels of ink)", ylabel="share of ink on the rising diagonal",
              title="Two of the eleven features, three of the ten digits")

# %% [markdown]
# They do, partly. Now eleven numbers against 784, by the same protocol: each representation gets its own k,
# chosen on the validation part.
#
# > **Predict, then run.** The area is of the order of a hundred pixels, the share of ink on a diagonal lies
# > between 0 and 1. What will L2 make of the eleven features as they are? Which feature decides?

# %%
def choose_k(train, labels, validation, validation_labels):
    """The k with the best validation accuracy (the smaller on a tie), and that accuracy."""
    found, _ = nearest(train, validation, max(ks))
    scores = [np.mean(vote(labels[found[:, :k]], n_classes) == validation_labels) for k in ks]
    return ks[int(np.argmax(scores))], max(scores)


centre, scale = described.mean(axis=0), described.std(axis=0)     # of the training images only


def standardise(features):
    """Each feature in units of its standard deviation, counted from its mean (of the training images)."""
    return (features - centre) / scale


representations = {
    "784 pixels": (digits, val_digits, test_digits),
    "11 features as they are": (described, val_described, test_described),
    "11 features, standardised": tuple(map(standardise, (described, val_described, test_described))),
}
digit_k, digit_val = {}, {}
for name, (train, validation, _) in representations.items():
    digit_k[name], digit_val[name] = choose_k(train, digit_labels, validation, val_digit_labels)
    print(f"{name:>26}: k = {digit_k[name]:2d}, validation accuracy {digit_val[name]:.1%}")

# %%
share = described.var(axis=0) / described.var(axis=0).sum()
print({name: f"{part:.1%}" for name, part in zip(FEATURES, share, strict=True)})
assert share[FEATURES.index("area")] > 0.4
assert digit_val["11 features, standardised"] > digit_val["11 features as they are"] + 0.05

# %% [markdown]
# The squared L2 distance between two random images is, on average, made of the features' variances. As they
# are, area and perimeter make nearly all of it, only because they are counted in pixels; the diagonals have
# no voice at all. **Standardising** (subtract the mean, divide by the standard deviation, both from the
# training images) gives every feature the same say. Whenever features have different units, a distance
# needs this.
#
# Each choice is made, so the test part may speak.

# %%
digit_test = {}
for name, (train, _, test_part) in representations.items():
    found, _ = nearest(train, test_part, digit_k[name])
    accuracy = np.mean(vote(digit_labels[found], n_classes) == test_digit_labels)
    digit_test[name] = (100 * accuracy, 100 * margin(accuracy, len(test_part)))
plots.bars(digit_test, xlabel="test accuracy (%), with its 95 % interval",
           title="kNN on MNIST: pixels and silhouettes")

# %% [markdown]
# Pixels win clearly. Eleven numbers instead of 784 leave out much of the digit: a hand-made feature can
# only keep what its inventor thought of. But MNIST does pixels a favour, because somebody has centred every
# digit. What if nobody had?
#
# > **Predict, then run.** The same validation digits, moved three pixels to the right and down. (We give
# > all images a wider margin, so that no ink is lost.) You would not notice. Who does?

# %%
centred = np.pad(digit_images, ((0, 0), (3, 3), (3, 3), (0, 0)))
moved = np.pad(val_digit_images, ((0, 0), (6, 0), (6, 0), (0, 0)))
found, _ = nearest(centred.reshape(len(centred), -1), moved.reshape(len(moved), -1), digit_k["784 pixels"])
pixels_moved = np.mean(vote(digit_labels[found], n_classes) == val_digit_labels)
found, _ = nearest(representations["11 features, standardised"][0], standardise(describe_all(moved)),
                   digit_k["11 features, standardised"])
features_moved = np.mean(vote(digit_labels[found], n_classes) == val_digit_labels)

print(f"784 pixels:  {digit_val['784 pixels']:.1%} centred, {pixels_moved:.1%} moved by three pixels")
print(f"11 features: {digit_val['11 features, standardised']:.1%} centred, {features_moved:.1%} moved")
assert np.array_equal(describe_all(moved), val_described)      # not one of the features has changed
assert pixels_moved < features_moved == digit_val["11 features, standardised"]

# %%
plots.image_grid(
    np.concatenate([np.pad(val_digit_images[:8], ((0, 0), (3, 3), (3, 3), (0, 0))), moved[:8]]), columns=8,
    title="Eight digits, and the same moved by three pixels: a different world for pixel distance",
    alt="Two rows of the same eight handwritten digits; in the second row each stands three pixels further "
        "to the right and further down.")

# %% [markdown]
# The features are **invariant** to the shift, because we built them so: they are measured inside the box
# around the ink. Pixel kNN has no idea that a moved 7 is a 7. This is the strongest argument for features:
# they let us *state* what must not matter.
#
# ### HOG: the directions of edges
#
# Photographs have no silhouette. What survives a change of light and small shifts is the **direction of
# edges**, taken roughly by place. This is the histogram of oriented gradients (HOG; Dalal and Triggs,
# 2005):
#
# 1. the **gradient** at each pixel: right minus left, and below minus above;
# 2. in each **cell** of 8x8 pixels, a **histogram** of the gradients' directions (9 bins over 180 degrees,
#    each pixel weighted by the strength of its gradient);
# 3. each **block** of 2x2 cells is scaled to length 1, which removes brightness and contrast.
#
# Three steps, a dozen lines:

# %%
def hog_by_hand(grey):
    """HOG of a grey image (height, width): 9 directions, cells of 8x8 pixels, blocks of 2x2 cells."""
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[1:-1] = grey[2:] - grey[:-2]
    right[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    strength = np.hypot(down, right)
    angle_bin = (np.rad2deg(np.arctan2(down, right)) % 180 // 20).astype(int)
    rows, columns = grey.shape[0] // 8, grey.shape[1] // 8
    cells = np.zeros((rows, columns, 9))
    for direction in range(9):
        voted = np.where(angle_bin == direction, strength, 0)
        cells[..., direction] = voted.reshape(rows, 8, columns, 8).mean(axis=(1, 3))
    blocks = [cells[r:r + 2, c:c + 2].ravel() for r in range(rows - 1) for c in range(columns - 1)]
    return np.concatenate([block / np.sqrt(np.sum(block**2) + 1e-10) for block in blocks])


grey = rgb2gray(pool_images[0])
library = hog(grey, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2")
print("numbers:", len(hog_by_hand(grey)), "= 3 x 3 blocks x 4 cells x 9 directions")
assert len(library) == 3 * 3 * 4 * 9 == 324
assert np.allclose(hog_by_hand(grey), library, atol=1e-6)      # our lines are what scikit-image does

# %% [markdown]
# From here on the library does it, with two refinements: on colour images it takes, at each pixel, the
# channel with the strongest gradient; and its default scaling also caps single bins at 0.2, so that one
# strong edge does not silence the others.

# %%
def hog_features(images):
    """(n, 324) float32: the library's HOG of each colour image."""
    settings = {"orientations": 9, "pixels_per_cell": (8, 8), "cells_per_block": (2, 2), "channel_axis": -1}
    return np.array([hog(image, **settings) for image in images], dtype=np.float32)


# %% [markdown]
# What does HOG keep of an image? For each cell we draw its nine directions as edges, the darker the
# stronger.

# %%
shown = [int(np.flatnonzero(pool_labels == label)[1]) for label in (1, 4, 7, 8)]
fig, axes = plt.subplots(2, 4, figsize=(7.6, 4.0), layout="constrained")
for (above, below), which in zip(axes.T, shown, strict=True):
    above.imshow(pool_images[which])
    above.set_title(classes[pool_labels[which]])
    cells = hog(pool_images[which], orientations=9, pixels_per_cell=(8, 8), cells_per_block=(1, 1),
                block_norm="L1", channel_axis=-1).reshape(4, 4, 9)
    for row, column, direction in np.ndindex(cells.shape):
        edge = np.deg2rad(20 * direction + 10 + 90)        # an edge runs across its gradient
        dx, dy = 3.7 * np.cos(edge), 3.7 * np.sin(edge)
        weight = min(1.0, cells[row, column, direction] / 0.35)
        x, y = 8 * column + 3.5, 8 * row + 3.5
        below.plot([x - dx, x + dx], [y - dy, y + dy], color="#1B1B1B", alpha=weight, linewidth=2.2)
    below.set(xlim=(-0.5, 31.5), ylim=(31.5, -0.5), aspect="equal")
    below.set_xticks(np.arange(-0.5, 32, 8), [])
    below.set_yticks(np.arange(-0.5, 32, 8), [])
    below.tick_params(length=0)
    above.set(xticks=[], yticks=[])
    above.grid(False)
    for ax in (above, below):
        ax.spines[:].set_visible(False)
plots.show(fig, alt=f"Four photographs ({', '.join(classes[pool_labels[shown]])}) and, below each, a 4 by 4 "
                    "grid of cells with short lines in nine directions, the darker the more edges of the "
                    "cell run that way.")

# %% [markdown]
# Colours and fine detail are gone; outlines remain, roughly placed.
#
# > **Predict, then run.** Three contestants on CIFAR-10, all with kNN and all with a k of their own: 3072
# > pixels; the **mean colours** of a 4x4 grid (48 numbers, a very blurred image); HOG (324 numbers, no
# > colour at all). Rank them.

# %%
def mean_colours(images):
    """(n, 48) float32: the mean red, green and blue of each 8x8 block, between 0 and 1."""
    blocks = images.reshape(len(images), 4, 8, 4, 8, 3).mean(axis=(2, 4))
    return (blocks.reshape(len(images), -1) / 255).astype(np.float32)


start = time.perf_counter()
pool_hog, test_hog = hog_features(pool_images), hog_features(test_images)
pool_colours, test_colours = mean_colours(pool_images), mean_colours(test_images)
print(f"HOG of {len(pool_hog) + len(test_hog):,} images: {time.perf_counter() - start:.1f} s")

contestants = {
    "pixels (3072)": (pool, test),
    "mean colours (48)": (pool_colours, test_colours),
    "HOG (324)": (pool_hog, test_hog),
}

# %% [markdown]
# Can we have both, edges *and* colour? Put the two vectors side by side. They have different units again,
# so the colours get a weight: one more hyperparameter. For each weight we run the same cross-validation as
# for k.

# %%
weights = [0.25, 0.5, 1.0, 2.0]
for weight in weights:
    contestants[f"HOG + {weight:g} x colours (372)"] = (np.hstack([pool_hog, weight * pool_colours]),
                                                       np.hstack([test_hog, weight * test_colours]))

validated = {}
for name, (train, _) in contestants.items():
    theirs = neighbours if train is pool else out_of_fold_neighbours(train, max(ks))
    table = fold_accuracies(theirs, ks)
    best = table.mean(axis=0).argmax()
    validated[name] = (ks[best], table[:, best].mean(), table[:, best].std(ddof=1))
    print(f"{name:>26}: k = {ks[best]:3d}, five folds {validated[name][1]:.1%} "
          f"(standard deviation {validated[name][2]:.1%})")

# %% [markdown]
# Of the four mixtures, the one that validated best goes to the test, beside the three pure contestants.

# %%
mixture = max((name for name in contestants if "+" in name), key=lambda name: validated[name][1])
tested = {}
for name in ["pixels (3072)", "mean colours (48)", "HOG (324)", mixture]:
    train, questions = contestants[name]
    k = validated[name][0]
    found, _ = nearest(train, questions, k)
    accuracy = np.mean(vote(pool_labels[found], n_classes) == test_labels)
    tested[name] = accuracy
plots.bars({f"{name}, k = {validated[name][0]}": (100 * value, 100 * margin(value, len(test)))
            for name, value in tested.items()}, xlabel="test accuracy (%), with its 95 % interval",
           title=f"kNN on CIFAR-10, {len(pool):,} training images")

# %%
print({name: f"{value:.1%}" for name, value in tested.items()})
doubt = margin(tested["pixels (3072)"], len(test))
assert tested["mean colours (48)"] > tested["pixels (3072)"] - doubt        # 48 numbers do not lose to 3072
assert min(tested["HOG (324)"], tested[mixture]) > tested["pixels (3072)"] + doubt     # and HOG wins clearly
decades = (tested["HOG (324)"] - tested["pixels (3072)"]) / slope
print(f"by the line of part 1, pixels need 10^{decades:.0f} times as many images to gain what HOG did")

# %% [markdown]
# The same classifier, the same images, the same protocol; only the representation differs. HOG, with a
# ninth of the numbers, gains what more data alone could hardly ever buy. Even 48 blurred colours do not
# lose to the 3072 pixels that they were made from: the detail that they threw away was no help to a
# distance.
#
# ### The scoreboard
#
# So far with a pool of images, as many as can be searched while you read. What do the same methods reach
# with *all* training images, on all 10,000 test images? That was computed beforehand and stored:
# `python -m helpers.experiments show scoreboard` prints the study, `run scoreboard` computes it again. (k was
# chosen on the 5,000 validation images; the two lines with k = 1 choose nothing and search all 50,000
# images.) Later weeks put their methods on the same board, always with the same test
# images.

# %%
board.draw(week=1)

# %% [markdown]
# The intervals (95 %) are for the luck of which images the test has; they are as narrow as the markers
# because it has 10,000. HOG with colours is 20 points above the pixels. This is the mark that *learned*
# features have to beat. And L1 or L2? With k = 1 and all images, L1 is three points ahead: a better metric
# helps, and it helps far less than better features.
#
# **Where do we stand?**
#
# | hand-crafted features: for | against |
# |---|---|
# | few numbers: quick, small, enough for small data | keep only what somebody thought of |
# | invariances can be stated and proved (the shift above) | each new kind of image needs new ideas |
# | can be explained and checked by hand | parameters (cells, bins, weights) are tuned by trial |
# | need no training and no GPU | they stay as they are, however much data arrives |
#
# ### Data-driven features
#
# Look at what HOG does, step by step, and at what is arbitrary in it:
#
# | HOG | numbers chosen by | in a convolutional network |
# |---|---|---|
# | slide the filter (-1, 0, 1) over the image | experts | **convolution**: the filter's numbers are learned |
# | sort by direction, keep the strength | experts | an activation such as **ReLU** |
# | collect over 8x8 cells | experts | **pooling** |
# | scale each block to length 1 | experts | **normalisation** |
# | (once) | | repeated layer upon layer: edges, then parts, then objects |
# | compare with kNN | us | a learned classifier |
#
# A convolutional network is this pipeline with one change: **the numbers are learned from the labelled
# images**, all of them together, for the task in hand. That is the rest of the course, and in week 4 we ask
# the same images again, with kNN on *learned* features.

# %%
step = np.zeros((5, 8))
step[:, 4:] = 1.0                                  # dark on the left, bright on the right
response = step[:, 2:] - step[:, :-2]              # HOG's first step ...
slid = np.array([[np.sum(row[i:i + 3] * [-1, 0, 1]) for i in range(6)] for row in step])
print(response[0])
assert np.array_equal(response, slid)              # ... is a 1x3 filter that slides over the image

# %% [markdown]
# ## Part 3: a map of the pixels
#
# 3072 dimensions cannot be drawn. **t-SNE** (van der Maaten and Hinton, 2008) places the images in the
# plane so that those which are neighbours in the many dimensions are neighbours on the map, as well as it
# can. It sees no labels; we colour the points afterwards.
#
# > **Predict, then run.** 1-NN on pixels is good on MNIST and poor on CIFAR-10. What will the two maps look
# > like?

# %%
n_map = min(budget.choose(ci=500, cpu=2_000), len(digits), len(pool))


def tsne(points, perplexity=30, seed=0):
    """(n, 2): a t-SNE map, from a random start."""
    with threadpool_limits(1):                     # so few points: threads would mostly wait for each other
        return TSNE(perplexity=perplexity, init="random", random_state=seed).fit_transform(points)


start = time.perf_counter()
digit_map = tsne(digits[:n_map] / 255)
cifar_map = tsne(pool[:n_map] / 255)
print(f"two maps of {n_map} images in {time.perf_counter() - start:.1f} s")

# %%
def draw_map(ax, points, labels, title):
    """One panel: points coloured by class; a t-SNE map's axes mean nothing, so they carry no numbers."""
    for number in np.unique(labels):
        ax.scatter(*points[labels == number].T, s=11, color=plots.COLOURS[number],
                   marker=plots.MARKERS[number], linewidths=0, alpha=0.8, label=number)
    ax.set(title=title, xticks=[], yticks=[])
    ax.spines[:].set_visible(True)


fig, axes = plt.subplots(1, 2, figsize=(9.4, 4.9), layout="constrained")
draw_map(axes[0], digit_map, digit_labels[:n_map], "MNIST pixels")
draw_map(axes[1], cifar_map, pool_labels[:n_map], "CIFAR-10 pixels")
for ax, names in zip(axes, (mnist.class_names, cifar.class_names), strict=True):
    handles = ax.get_legend_handles_labels()[0]
    ax.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=5, markerscale=1.8,
              fontsize=8.5, handletextpad=0.1, columnspacing=1.0)
plots.show(fig, alt=f"Two t-SNE maps of {n_map} images each, coloured by class. On the left, points of "
                    "one MNIST digit gather in the same region; 4, 7 and 9 touch. On the right, the ten "
                    "CIFAR-10 classes are mixed all over a single cloud.")

# %%
def one_nn_accuracy(points, labels):
    """Leave-one-out accuracy of the nearest other point."""
    found, _ = nearest(points, points, 2)
    other = np.where(found[:, 0] == np.arange(len(points)), found[:, 1], found[:, 0])
    return np.mean(labels[other] == labels)


for name, points, flat, labels in [("MNIST", digit_map, digits, digit_labels),
                                   ("CIFAR-10", cifar_map, pool, pool_labels)]:
    on_map, in_pixels = one_nn_accuracy(points, labels[:n_map]), one_nn_accuracy(flat[:n_map], labels[:n_map])
    print(f"{name:>8}: 1-NN accuracy on the map {on_map:.1%}, in all the pixels {in_pixels:.1%}")

# %% [markdown]
# The maps tell what kNN has told us: in pixel space, digits of a class are neighbours and CIFAR-10 classes
# are not. A map of CIFAR-10 is ordered all the same. By what? Put the images themselves at their places:

# %%
fig, ax = plt.subplots(figsize=(6.4, 6.0), layout="constrained")
placed = (cifar_map - cifar_map.min(axis=0)) / np.ptp(cifar_map, axis=0)
for x, y, image in zip(*placed[:250].T, pool_images[:250], strict=False):
    ax.imshow(image, extent=(x - 0.018, x + 0.018, y - 0.018, y + 0.018), zorder=2)
ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[], yticks=[], aspect="equal",
       title="The CIFAR-10 map, with 250 of the images at their places")
ax.grid(False)
ax.spines[:].set_visible(True)
plots.show(fig, alt="250 small CIFAR-10 photographs at their places on the t-SNE map. Bright images gather "
                    "on one side, dark ones on the other; classes are mixed.")

# %%
brightness = pool[:n_map].mean(axis=1)
near = nearest(cifar_map, cifar_map, 11)[0][:, 1:]
together = np.corrcoef(brightness, brightness[near].mean(axis=1))[0, 1]
print(f"brightness of an image, and of its ten neighbours on the map: correlation {together:.2f}")
assert together > 0.5

# %% [markdown]
# By brightness and background, as the hubs and the wrong neighbours had made us suspect.
#
# ### What a map does not say
#
# Three experiments, on data whose truth we know:
#
# - the same digits again, from another random start, and with a smaller **perplexity** (roughly: the number
#   of neighbours that each point tries to keep);
# - **three clouds** of 150 points in 50 dimensions: A and B are near each other, C is far away and five
#   times as wide;
# - **pure noise**: one round cloud in 50 dimensions, no groups at all.
#
# > **Predict, then run.** Will the digits' islands (same colours as before) stay where they were? Will C look
# > far away, and wide? Will noise show clusters?

# %%
truth = np.random.default_rng(2)
cloud = np.repeat([0, 1, 2], 150)
clouds = truth.normal(size=(450, 50)) * np.where(cloud == 2, 5, 1)[:, None]
clouds[:, 0] += np.array([0, 15, 150])[cloud]
clouds_map = tsne(clouds, perplexity=50)
other_start = tsne(digits[:n_map] / 255, seed=1)
other_perplexity = tsne(digits[:n_map] / 255, perplexity=5)
noise_map = tsne(truth.normal(size=(450, 50)), perplexity=3)

fig, axes = plt.subplots(2, 3, figsize=(9.4, 6.8), layout="constrained")
draw_map(axes[0, 0], digit_map, digit_labels[:n_map], "digits, perplexity 30, start A")
draw_map(axes[0, 1], other_start, digit_labels[:n_map], "digits, perplexity 30, start B")
draw_map(axes[0, 2], other_perplexity, digit_labels[:n_map], "digits, perplexity 5")
for ax, points, title in [(axes[1, 0], clouds[:, :2], "three clouds as they are\n(two of 50 coordinates)"),
                          (axes[1, 1], clouds_map, "three clouds, t-SNE,\nperplexity 50")]:
    draw_map(ax, points, cloud, title)
    for number, name in enumerate("ABC"):
        ax.annotate(name, (points[cloud == number, 0].mean(), points[cloud == number, 1].max()),
                    xytext=(0, 4), textcoords="offset points", ha="center", weight="bold")
    ax.margins(y=0.12)
axes[1, 0].set_aspect("equal", adjustable="datalim")
draw_map(axes[1, 2], noise_map, np.full(450, 6), "pure noise, t-SNE,\nperplexity 3")
plots.show(fig, alt="Six panels. Above, three maps of the digits: from start A; from start B, with the "
                    "islands elsewhere; with perplexity 5, where islands fray. Below: three "
                    "clouds as they are, A and B side by side, C far away and wide; their t-SNE map, where "
                    "all three are about equally far apart and equally wide; a map of noise with many small "
                    "clumps.")

# %%
def share_kept(a, b, k=10):
    """The mean share of each point's k nearest that two maps of the same points have in common."""
    near_a, near_b = (nearest(points, points, k + 1)[0][:, 1:] for points in (a, b))  # not the point itself
    return np.mean([len(np.intersect1d(x, y)) / k for x, y in zip(near_a, near_b, strict=True)])


def gap_and_width(points):
    """How many times as far from B is C as A is; how many times as wide is C as A."""
    centres = np.array([points[cloud == c].mean(axis=0) for c in range(3)])
    widths = [np.linalg.norm(points[cloud == c] - centres[c], axis=1).mean() for c in range(3)]
    to_a, to_c = (np.linalg.norm(centres[other] - centres[1]) for other in (0, 2))
    return to_c / to_a, widths[2] / widths[0]


(true_gap, true_width), (map_gap, map_width) = gap_and_width(clouds), gap_and_width(clouds_map)
print(f"gap B-C / gap A-B:     {true_gap:.1f} in truth, {map_gap:.1f} on the map")
print(f"width of C / width of A: {true_width:.1f} in truth, {map_width:.1f} on the map")
assert map_gap < true_gap / 2 and map_width < true_width / 2

shared = share_kept(digit_map, other_start)
print(f"maps A and B share {shared:.0%} of a digit's ten nearest (by chance {10 / (n_map - 1):.0%})")
assert shared > 0.3

# %% tags=["remove-cell"]
from helpers.record import record

record(
    ks=ks,
    accuracy_on_training=on_training,
    guessers=guessers,
    luckiest_guesser={"selected": chosen_on[:, -1], "fresh": fresh[:, -1]},
    chosen_k=chosen_k,
    validation_accuracies=mean,
    test_accuracy=test_accuracy,
    test_margin=margin(test_accuracy, len(test)),
    whole_set_searched=whole,
    search={"training": n_train, "test": n_test, "accuracy": full_accuracy},
    contrast={"hubs": contrast[hubs].mean(), "pool": contrast.mean()},
    digit_pixels={"centred": digit_val["784 pixels"], "moved": pixels_moved},
    digit_features={"centred": digit_val["11 features, standardised"],
                    "moved": features_moved},
    cifar_test_accuracies=tested,
    feature_lengths={name: train.shape[1]
                     for name, (train, _) in contestants.items()},
    gap_ratio={"true": true_gap, "map": map_gap},
)

# %% [markdown]
# | you may read | you may **not** read |
# |---|---|
# | who is close to whom, in the small | distances *between* islands: C came as near as B |
# | whether nearest neighbours separate the classes | widths of islands: t-SNE evens them out |
# | suspicious points: a 4 among the 9s is worth a look | clusters as a discovery: noise has them too |
# | a hint, to be confirmed by a number (here: 1-NN) | axes: they have no meaning and no unit |
#
# Before you believe a map, draw it again: another seed, another perplexity. What stays may be real
# (Wattenberg et al., 2016).
#
# ## Self-test
#
# **1.** A friend tries k = 1 to 100 on the test images, finds the best at k = 7, and reports its test
# accuracy. What is the fault?
#
# (a) 7 is not a sensible k. (b) The test images chose k, so the accuracy is too good. (c) The test images
# were memorised. (d) None: kNN has no weights that could overfit.
#
# <details><summary>Answer</summary>
#
# **(b).** The test part was used for selecting; the winner's score contains its luck. (a) is wrong: whether
# 7 is sensible is what validation has to find out, and it may well be. (c) is wrong: the test images are
# not in the training set, so nothing finds itself; the leak is through the *choice* of k. (d) is wrong: k
# is fitted to the data that chooses it, as the guessers show, who have no weights either.
# </details>
#
# **2.** In 5-fold cross-validation on 10,000 images, how many images are neighbours in one round, and how
# often is each image validated?
#
# (a) 8,000; once. (b) 10,000; five times. (c) 2,000; four times. (d) 8,000; five times.
#
# <details><summary>Answer</summary>
#
# **(a).** Four folds of 2,000 answer, the fifth asks; each image belongs to one fold and is held out once.
# (b) would let each image find itself. (c) exchanges the roles: one fold of neighbours, four of questions.
# (d) confuses the number of rounds with the number of times that one image is held out.
# </details>
#
# **3.** You standardise the features with the mean and the standard deviation of *all* images, training and
# test. What is the best judgement?
#
# (a) Correct, more data means a better mean. (b) A leak: the test images have influenced the model. (c) It
# makes no difference to kNN. (d) Only labels can leak.
#
# <details><summary>Answer</summary>
#
# **(b).** Whatever is estimated belongs to the training part; in use, the future images are not there yet.
# The damage is often small, but you cannot know in advance. (a) is wrong: the better mean is bought with
# data that must have no say. (c) is wrong: we saw standardisation change the accuracy by many points. (d)
# is wrong: means and variances leak the distribution of the test images.
# </details>
#
# **4.** The eleven silhouette features lose to 784 pixels on centred digits and win on moved ones. Why?
#
# (a) Eleven numbers overfit less. (b) kNN prefers few dimensions. (c) The features do not depend on the
# place, pixels do. (d) The moved images are smaller.
#
# <details><summary>Answer</summary>
#
# **(c).** The features are computed inside the box around the ink; moving it changes none of them (the cell
# asserted it). (a) is wrong: overfitting would show on the centred digits just as well. (b) is wrong: on
# centred digits the larger dimension wins. (d) is wrong: the margin was widened for both, the digits have
# the same size.
# </details>
#
# **5.** Two islands lie far apart on a t-SNE map. What follows?
#
# (a) Their images are very different. (b) Nothing about how different they are; a new start may place them
# side by side. (c) A linear classifier separates them. (d) The map has converged.
#
# <details><summary>Answer</summary>
#
# **(b).** t-SNE keeps neighbourhoods; the clouds A, B and C came out about equally far apart, whatever the
# truth. (a) is the most common misreading. (c) may be true, but has to be measured in the original space.
# (d) is wrong: the picture does not tell whether the optimisation has come to an end; its loss does.
# </details>
#
# ## Take-aways
#
# 1. Training accuracy measures memory: 1-NN has 100 % on its own training images and far less on any
#    others.
# 2. Selecting is learning: choose on validation folds, report the spread, ask the test part once.
# 3. Behind each number there are images: pixel kNN compares backgrounds and brightness, and flat images
#    become hubs.
# 4. What you compare matters more than how: the same kNN gains far more from HOG than from more images;
#    features need common units.
# 5. Hand-crafted features keep what somebody thought of; a convolutional network learns the same pipeline's
#    numbers from data.
#
# ## References
#
# - Y. Bengio and Y. Grandvalet (2004). No unbiased estimator of the variance of k-fold cross-validation.
#   *Journal of Machine Learning Research* 5, 1089-1105. <https://www.jmlr.org/papers/v5/grandvalet04a.html>
# - N. Dalal and B. Triggs (2005). Histograms of oriented gradients for human detection. *CVPR*.
#   [doi:10.1109/CVPR.2005.177](https://doi.org/10.1109/CVPR.2005.177)
# - R. Kohavi (1995). A study of cross-validation and bootstrap for accuracy estimation and model selection.
#   *IJCAI*, 1137-1143.
# - A. Krizhevsky (2009). Learning multiple layers of features from tiny images. Technical report,
#   University of Toronto. <https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>
# - L. van der Maaten and G. Hinton (2008). Visualizing data using t-SNE. *Journal of Machine Learning
#   Research* 9, 2579-2605. <https://www.jmlr.org/papers/v9/vandermaaten08a.html>
# - M. Radovanović, A. Nanopoulos and M. Ivanović (2010). Hubs in space: popular nearest neighbors in
#   high-dimensional data. *Journal of Machine Learning Research* 11, 2487-2531.
#   <https://www.jmlr.org/papers/v11/radovanovic10a.html>
# - M. Wattenberg, F. Viégas and I. Johnson (2016). How to use t-SNE effectively. *Distill*.
#   [doi:10.23915/distill.00002](https://doi.org/10.23915/distill.00002)
# - C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals (2017). Understanding deep learning requires
#   rethinking generalization. *ICLR*. <https://arxiv.org/abs/1611.03530>
