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
# # The latent space
#
# When a system recognises a face, it does not compare pixels. FaceNet (Schroff et al., 2015) turns a
# photograph of a face into 128 numbers, and asks how far these are from the 128 numbers of another
# photograph. Where do such numbers come from? From the last layer but one of a network: nobody designs
# them, they are left over when a network has learned to tell classes apart.
#
# Week 1 ended with a promise. Nearest neighbours on pixels compared backgrounds and brightness; features
# that somebody had designed (HOG) did better; and *learned* features were to come. Here they are: the same
# query images, the same labelled images to compare with, the same kNN, and only the numbers that describe
# an image are others.
#
# **After this lecture you can**
#
# - take the latent vectors out of a network, and find the neighbours of an image among them;
# - compare pixels, HOG, an untrained and a trained network: same images, k chosen on validation images,
#   test opened once;
# - draw t-SNE maps of the three, and put a number beside each map;
# - name the trap of looking at training images, and say what a latent space does with strangers.
#
# **You need** [lecture 2](../week01_knn/02_nearest_neighbours.ipynb) and
# [lecture 3](../week01_knn/03_choosing_k_and_features.ipynb) of week 1 (kNN, choosing k, t-SNE), and
# [looking inside](02_looking_inside.ipynb).
#
# **Time** about 35 minutes to read. **Cost** about half a minute on two cores with the small budget, some
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from skimage import data as photographs
from skimage import transform
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from helpers import budget, data, knn, plots
from helpers.experiments import board, networks, proportion, trained
from helpers.experiments.studies.scoreboard import hog_features

budget.describe()
DRAWER = budget.choose(ci=2000, cpu=10_000)   # as many as in week 1
QUERIES = budget.choose(ci=250, cpu=1000)     # these too
CHECKS = budget.choose(ci=600, cpu=4000)      # images that choose k
cifar = data.load("cifar10")
print(cifar)

# %% [markdown]
# ## The same images as in week 1
#
# The **drawer** holds the labelled images that kNN compares with: the first training images. The queries are
# the first validation images, exactly as in week 1. For choosing k we take more validation images than those.

# %%
def prepared(split, n):
    """The first n images as float32 in 0..1, and their labels."""
    return np.asarray(split.images[:n], "float32") / 255, np.asarray(split.labels[:n])


x, y = prepared(cifar.train, DRAWER)
x_val, y_val = prepared(cifar.validation, CHECKS)
QUERIES = min(QUERIES, len(x_val))
print(f"drawer {x.shape}, validation {x_val.shape}, "
      f"of which the first {QUERIES} are week 1's queries")


def knn_accuracy(drawer, queries, truth, k):
    """Share of queries that the vote of their k nearest in the drawer names correctly."""
    found, _ = knn.nearest(drawer, queries, k)
    return np.mean(knn.vote(y[found], n_classes=10) == truth)


score = knn_accuracy(x, x_val[:QUERIES], y_val[:QUERIES], k=7)
print(f"week 1 again: pixels, L2, k = 7: {score:.3f}")

# %% [markdown]
# Scroll back to the bar chart in week 1, with the same budget: the same number.
#
# ## A network, and its last layer but one
#
# We take the residual network of the last lecture, which comes trained with the course. What matters is the
# end: the largest value of each of the 192 last feature maps, and **one dense layer** on them. A dense layer
# can only draw straight boundaries. So whatever the network needs to tell ten classes apart must be in these
# 192 numbers, in a form that a straight boundary can use. They are the image's **latent vector**, and their
# space is the latent space.
#
# Two things to keep in mind. The network was trained on the labels of all 45,000 training images, the images
# of our drawer among them; pixels and HOG use no labels but the drawer's. And no network was trained on the
# validation and test images.

# %%
good = trained.load("cifar10-residual")
keras.utils.set_random_seed(0)
blank = networks.residual()                    # the same network with random weights
blank.get_layer("whitening").set_weights(      # (its first layer is computed, not drawn)
    [networks.whitening(cifar.train.images[:2000])])
told = trained.card("cifar10-residual")
low, high = told["test_interval"]
print(f"{told['parameters']:,} parameters, {told['test_accuracy']:.2%} of "
      f"{told['test_images']:,} test images right (95 % interval {low:.2%} to {high:.2%})")

# %% [markdown]
# To look at all depths at once, a model with several outputs. Feature maps are averaged over the places,
# which gives 48 and 128 numbers for the first two blocks; then the latent vector; the ten logits come last.

# %%
DEPTHS = ["block 1", "block 2", "latent", "logits"]


def described(model, images):
    """What a network says of images (pixels from 0 to 1), by depth."""
    peek = keras.Model(model.inputs[0], [
        *(ops.mean(model.get_layer(f"block{i}_add").output, axis=(1, 2)) for i in (1, 2)),
        model.get_layer("latent").output, model.outputs[0]])
    pieces = [peek(255 * piece, training=False)
              for piece in np.split(images, range(500, len(images), 500))]
    return {name: np.concatenate([ops.convert_to_numpy(part[i]) for part in pieces])
            for i, name in enumerate(DEPTHS)}


drawers = {"trained": described(good, x), "untrained": described(blank, x)}
checks = {"trained": described(good, x_val), "untrained": described(blank, x_val)}
n_latent = drawers["trained"]["latent"].shape[1]
print("latent vectors of the drawer:", drawers["trained"]["latent"].shape,
      f"- {x[0].size / n_latent:.0f} times fewer numbers than pixels")

assert x[0].size / n_latent == 16

# %% [markdown]
# ## Neighbours, side by side
#
# The first six validation images, not chosen by anything. On the left the query, then its four nearest in
# pixels, then its four nearest in the latent space of the trained network. A solid blue frame has the
# query's label, a dashed orange one has another.
#
# > **Predict, then run.** Neighbours in pixels share background and brightness. What will neighbours in
# > the latent space share? Will they look *alike*?

# %%
by_pixels, _ = knn.nearest(x, x_val[:6], 4)
by_latent, _ = knn.nearest(drawers["trained"]["latent"],
                           checks["trained"]["latent"][:6], 4)
tiles, titles, frames = [], [], []
for i in range(6):
    near = [*by_pixels[i], *by_latent[i]]
    tiles += [x_val[i], *x[near]]
    titles += [f"query: {cifar.class_names[y_val[i]]}",
               *(f"{how}: {cifar.class_names[y[j]]}"
                 for j, how in zip(near, ["pixels"] * 4 + ["latent"] * 4, strict=True))]
    frames += [None, *("right" if y[j] == y_val[i] else "wrong" for j in near)]
hits = [int((y[found] == y_val[:6, None]).sum()) for found in (by_pixels, by_latent)]
plots.image_grid(tiles, titles, columns=9, scale=1.15, colours=frames,
                 title="Six queries, four neighbours in pixels, four in latent space",
                 alt="Six rows: a query, four neighbours in pixels, four in latent "
                     f"space. Of the 24 neighbours each, {hits[0]} in pixels and "
                     f"{hits[1]} in latent space have the query's label. Neighbours in "
                     "pixels share the background; those in latent space differ in "
                     "colours and pose.")

# %% [markdown]
# Look at the pictures before the frames. A neighbour in the latent space may be of another colour, smaller,
# facing the other way; it has the same kind of *thing* in it. The network was never asked which images are
# alike. It had to name classes, and likeness came along.
#
# ## Count, and choose k
#
# Six rows are six rows. All validation images now: pixels, the HOG features of week 1 (with the colours of
# small cells), and the latent vectors of the network with random weights and of the trained one. For each of
# the four spaces, k is chosen by the highest accuracy; on a tie, the smaller one.
#
# > **Predict, then run.** Where will the *untrained* network land: below the pixels, with them, above? And
# > how far will the trained one be above HOG?

# %%
KS = [1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100]


def over_k(drawer, queries, truth=y_val):
    """Accuracy for each k of KS; the search is done once."""
    found, _ = knn.nearest(drawer, queries, max(KS))
    return [np.mean(knn.vote(y[found[:, :k]], n_classes=10) == truth) for k in KS]


def hog(images):
    return hog_features(np.round(255 * images).astype("uint8"))


spaces = {"pixels": (x, x_val), "HOG": (hog(x), hog(x_val))}
for name in ("untrained", "trained"):
    spaces[name] = drawers[name]["latent"], checks[name]["latent"]
tried = {name: over_k(*pair) for name, pair in spaces.items()}
chosen = {name: KS[int(np.argmax(scores))] for name, scores in tried.items()}
for name, scores in tried.items():
    print(f"{name:10s} k = {chosen[name]:2d}: {max(scores):.1%}")

# %%
plots.curves(KS, tried, log_x=True, xlabel="neighbours that vote, k",
             ylabel=f"accuracy on {len(x_val)} validation images",
             title=f"kNN in four spaces, {len(x):,} labelled images")

# %% [markdown]
# The same method, the same labelled images, the same queries. The only thing that changed is **what is
# compared**.
#
# The untrained network deserves a second look. Its filters are *noise*, and yet its 192 numbers serve kNN about
# as well as 3072 pixels do. So "as good as pixels" proves nothing: the right comparisons for a trained network
# are the **same network before training**, and the best that people have designed by hand. The trained network
# leaves both far behind, with labels that HOG never saw. (How far with *all* images for everyone stands on the
# scoreboard at the end.)
#
# ## Where does it happen?
#
# We have the blocks in between as well. kNN with the k chosen above for the trained network, on the averages
# of each block:
#
# > **Predict, then run.** At which depth do the two curves part?

# %%
def along_depth(name):
    """kNN's accuracy at each depth."""
    return [knn_accuracy(drawers[name][depth], checks[name][depth], y_val,
                         chosen["trained"]) for depth in DEPTHS]


profile = {name: along_depth(name) for name in ("trained", "untrained")}
for name, accuracies in profile.items():
    print(f"{name}: " + ", ".join(f"{depth} {value:.1%}" for depth, value
                                  in zip(DEPTHS, accuracies, strict=True)))

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for number, (name, accuracies) in enumerate(profile.items()):
    ax.plot(range(4), accuracies, marker=plots.MARKERS[number], label=name)
for name, style in (("HOG", ":"), ("pixels", "--")):
    ax.axhline(max(tried[name]), color="#444444", linestyle=style, linewidth=1.2,
               label=name)
ax.set_xticks(range(4), DEPTHS)
ax.set(xlabel="what kNN compares", ylabel="accuracy on validation images",
       title="The way from pixels to classes")
ax.legend()
plots.show(fig, alt="Accuracy of kNN at four depths. Trained: "
                    + ", ".join(f"{value:.2f}" for value in profile["trained"])
                    + ". Untrained: "
                    + ", ".join(f"{value:.2f}" for value in profile["untrained"])
                    + f". HOG {max(tried['HOG']):.2f} and pixels "
                    f"{max(tried['pixels']):.2f} as horizontal lines.")

# %% [markdown]
# Edges first, cat tails later, by another measure than in the last lecture: up to the latent vector, the
# trained curve climbs with every block. It is above HOG after the first one already. The untrained curve climbs
# nowhere; the averages of its first blocks are a little better than pixels, and what comes behind them only
# loses.
#
# ## Three maps
#
# t-SNE draws a map on which near neighbours stay near. You know from week 1 what it does *not* say:
# nothing about distances between islands, nothing about their widths, and clusters appear in noise too.
# So each map gets a **number** beside it: the share of an image's ten nearest neighbours that have its
# label, on the map and in the full space. Blind drawing would give 10 %.
#
# Same images for all three, same random start, same perplexity. And the images are **validation images**,
# which no network was trained on.

# %%
MAPPED = min(budget.choose(ci=500, cpu=2000), len(x_val))


def tsne(points):
    """(n, 2): a t-SNE map, the same seed and perplexity for all."""
    with threadpool_limits(1):                    # for so few points threads only wait
        return TSNE(perplexity=30, init="random", random_state=0).fit_transform(points)


def label_agreement(points, labels, k=10):
    """Mean share of each point's k nearest other points that have its label."""
    found, _ = knn.nearest(points, points, k + 1)
    others = found != np.arange(len(points))[:, None]
    others[others.all(axis=1), -1] = False        # a twin pushed the point itself out
    same = labels[found] == labels[:, None]
    return np.mean(same[others])


mapped = {"pixels": x_val[:MAPPED].reshape(MAPPED, -1),
          "untrained network": checks["untrained"]["latent"][:MAPPED],
          "trained network": checks["trained"]["latent"][:MAPPED]}
shown = y_val[:MAPPED]

# %% [markdown]
# > **Predict, then run.** Sketch the three maps: islands, one cloud, something in between? And write down
# > a guess for the number below each.

# %%
maps = {name: tsne(points) for name, points in mapped.items()}
fig, axes = plt.subplots(1, 3, figsize=(10.2, 4.1), layout="constrained")
listed = []
for ax, (name, places) in zip(axes, maps.items(), strict=True):
    for c in range(10):
        ax.scatter(*places[shown == c].T, s=13, color=plots.COLOURS[c], alpha=0.8,
                   marker=plots.MARKERS[c], linewidths=0, label=cifar.class_names[c])
    share = label_agreement(places, shown)
    listed.append(f"{name} {share:.2f}")
    ax.set(title=f"{name}\n{share:.0%} of neighbours agree", xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=10,
           markerscale=1.8, fontsize=8.5, handletextpad=0.1, columnspacing=0.9)
plots.show(fig, alt=f"Three t-SNE maps of the same {MAPPED} images, coloured by class. "
                    "Share of ten nearest neighbours with the same label: "
                    f"{', '.join(listed)}. Pixels and the untrained network: one mixed "
                    "cloud. Trained network: an island for nearly every class.")

# %%
print(f"neighbours with the same label, {MAPPED} validation images (blindly about 10%)")
for name, points in mapped.items():
    full, flat = label_agreement(points, shown), label_agreement(maps[name], shown)
    print(f"{name:18s} {points.shape[1]:4d} dimensions {full:.1%}, on the map {flat:.1%}")

# %% [markdown]
# Pixels and noise: a mixed cloud. The trained network: an island for nearly every class, of images that it has
# never seen. Where two touch, they are cats and dogs, as one would expect, and vehicles lie on one side, animals
# on the other.
#
# What is the main direction of this order? Ask it for **vehicle or animal** instead of for ten classes.

# %%
vehicle = np.isin(shown, [0, 1, 8, 9]).astype(int)   # airplane, automobile, ship, truck
for name, points in mapped.items():
    same = label_agreement(points, vehicle)
    print(f"{name:18s} neighbours of the same kind: {same:.1%}")
blind = np.mean(vehicle) ** 2 + np.mean(1 - vehicle) ** 2
print(f"{'blindly':18s} {blind:.1%}")

# %% [markdown]
# Nobody told the network that there are vehicles and animals. The labels are ten words without any order.
#
# ## The trap: maps of training images
#
# > **Predict, then run.** The same network, the same number of images, the same count; but *training*
# > images. Higher, lower, the same?

# %%
for name in ("untrained", "trained"):
    seen = label_agreement(drawers[name]["latent"][:MAPPED], y[:MAPPED])
    unseen = label_agreement(checks[name]["latent"][:MAPPED], y_val[:MAPPED])
    print(f"{name:10s} training images {seen:.1%}, validation images {unseen:.1%}")

# %% [markdown]
# For the trained network the training images are tidier: they are what it was fitted to. The gap is modest,
# because it was trained on many images, each slightly moved and mirrored. So let us do it badly, on purpose.
# 200 training images get **invented** labels, drawn by lot. There is nothing to learn; one can only learn by
# heart (Zhang et al., 2017, did this with ImageNet). We train a small network on them for 50 epochs, and draw
# the map of its latent vectors.
#
# > **Predict, then run.** Can a map show ten islands where the classes are pure invention?

# %%
FEW = 200


def small_network():
    """Three convolutions, the mean of each of 64 maps, one dense layer."""
    stack = [keras.Input((32, 32, 3)), layers.Rescaling(2.0, offset=-1.0)]
    for width in (16, 32, 64):
        stack += [layers.Conv2D(width, 3, padding="same", use_bias=False),
                  layers.BatchNormalization(momentum=0.9), layers.ReLU()]
        stack += [layers.MaxPooling2D(2)] if width < 64 else []
    return keras.Sequential([*stack, layers.GlobalAveragePooling2D(name="latent"),
                             layers.Dense(10, name="logits")])


invented = np.random.default_rng(0).integers(0, 10, FEW)
keras.utils.set_random_seed(0)
parrot = small_network()
rate = keras.optimizers.schedules.PolynomialDecay(0.004, 50 * FEW // 25, 0.0001)
parrot.compile(optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"],
               loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
parrot.fit(x[:FEW], invented, epochs=50, batch_size=25, verbose=0)
told = ops.convert_to_numpy(parrot(x[:FEW], training=False)).argmax(axis=1)
by_heart = keras.Model(parrot.inputs[0], parrot.get_layer("latent").output)
learned = ops.convert_to_numpy(by_heart(x[:FEW], training=False))
print(f"invented labels of {FEW} training images: {np.mean(told == invented):.0%} right")
share = {"invented labels": label_agreement(learned, invented),
         "true labels": label_agreement(learned, y[:FEW])}
print("neighbours with the same label:",
      ", ".join(f"{name} {value:.0%}" for name, value in share.items()))

# %%
places = tsne(learned)
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.9), layout="constrained")
for ax, labels, (name, value) in zip(axes, (invented, y[:FEW]), share.items(),
                                     strict=True):
    for c in range(10):
        ax.scatter(*places[labels == c].T, s=16, color=plots.COLOURS[c],
                   marker=plots.MARKERS[c], linewidths=0, alpha=0.8)
    ax.set(title=f"coloured by {name}\n{value:.0%} of neighbours agree",
           xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
plots.show(fig, alt=f"The same map of {FEW} training images twice. Coloured by the "
                    f"invented labels ({share['invented labels']:.0%} of neighbours "
                    "agree) points of one colour gather; coloured by the true labels "
                    f"({share['true labels']:.0%}) the colours are mixed.")

# %% [markdown]
# Order out of nothing. Training pushes *its own* images apart by whatever labels it is given; a map of
# training images shows what was **fitted**, and only held-out images show what was **learned**. When you
# see a map with ten clean islands, ask which images it shows.
#
# The same holds for the drawer in kNN: the latent vectors of the drawer are tidier than those of the
# queries, because the network has been fitted to them. That is no fault as long as the *queries* are new.
# But choosing k by neighbours **within** the drawer, as week 1 did with its folds, would now be
# dishonest: all folds have been seen by the network. Hence our separate validation images.
#
# ## What a query costs
#
# Week 1: the cost of a query grows with $n \cdot d$, images times numbers for each.

# %%
def seconds(work, repeats=3):
    """Shortest of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


latent, asked = drawers["trained"]["latent"], checks["trained"]["latent"][:QUERIES]
in_pixels = seconds(lambda: knn.nearest(x, x_val[:QUERIES], 7))
in_latent = seconds(lambda: knn.nearest(latent, asked, 7))
encode = seconds(lambda: described(good, x_val[:QUERIES]), repeats=1)
print(f"{QUERIES} queries: {1000 * in_pixels:.0f} ms in pixels; "
      f"{1000 * in_latent:.0f} ms in latent space, and {1000 * encode:.0f} ms to "
      "compute their latent vectors")
print(f"drawer: {x.nbytes / 1e6:.1f} MB of pixels, {latent.nbytes / 1e6:.2f} MB latent")

assert x.nbytes == 16 * latent.nbytes

# %% [markdown]
# The latent vectors of the drawer are computed once and kept; each query goes through the network, and then
# its search is short. With 2,000 images the network costs far more than the search. With a billion
# photographs the drawer is 3 terabytes as `uint8` pixels of this size, or 192 gigabytes if each latent number
# is squeezed into a byte: one large machine's memory. That is how image search works, with approximate search
# on top.
#
# ## Strangers
#
# What does the latent space do with images of no class at all? Four photographs from scikit-image,
# reduced to 32 × 32: a cat, a cup of coffee, a rocket, an astronaut.
#
# > **Predict, then run.** Three of these four have no class here. Will their nearest neighbours be
# > *farther* away than those of ordinary images, so that we could notice?

# %%
def small(photograph):
    """The middle square of a photograph as 32 x 32 pixels in 0..1."""
    side = min(photograph.shape[:2])
    top, left = ((length - side) // 2 for length in photograph.shape[:2])
    square = photograph[top:top + side, left:left + side]
    return transform.resize(square, (32, 32), anti_aliasing=True).astype("float32")


strangers = {"cat": photographs.cat(), "coffee": photographs.coffee(),
             "rocket": photographs.rocket(), "astronaut": photographs.astronaut()}
guests = np.array([small(photograph) for photograph in strangers.values()])
found, far = knn.nearest(latent, described(good, guests)["latent"], 5)
usual = knn.nearest(latent, checks["trained"]["latent"], 1)[1][:, 0]
titles, tiles = [], []
for i, name in enumerate(strangers):
    titles += [f"query: {name}", *(cifar.class_names[y[j]] for j in found[i])]
    tiles += [guests[i], *x[found[i]]]
plots.image_grid(tiles, titles, columns=6, scale=1.2,
                 title="Four photographs and their five nearest in latent space",
                 alt="Four rows, a photograph and five neighbours each. " + ". ".join(
                     f"{name}: {', '.join(cifar.class_names[y[j]] for j in found[i])}"
                     for i, name in enumerate(strangers)) + ".")

# %%
for name, distance in zip(strangers, far[:, 0], strict=True):
    print(f"{name:10s} nearest at {distance:.2f}: farther away than for "
          f"{np.mean(usual < distance):.0%} of the validation images")

# %% [markdown]
# kNN always finds k neighbours, and a softmax always adds up to 1. Neither says "I do not know this". The
# distance to the nearest neighbour is a hint, and here it notices two of the three strangers: the coffee and the
# astronaut are farther away than nearly all validation images. The rocket is not. It is taken for a ship, at a
# distance that many ships have as well: something upright, over a horizon. A latent space is made for a task. It
# knows nothing beyond it.
#
# ## The test, once
#
# All choices are made: one k for each space, on validation images. Now the test images, once, with a fifth
# competitor: the network's own last layer.

# %%
x_test, y_test = prepared(cifar.test, budget.choose(ci=600, cpu=10_000))
asked_of = {name: described(model, x_test)
            for name, model in (("untrained", blank), ("trained", good))}
asked_test = {"pixels": x_test, "HOG": hog(x_test),
              **{name: parts["latent"] for name, parts in asked_of.items()}}
final = {f"kNN on {name}": knn_accuracy(spaces[name][0], asked, y_test, chosen[name])
         for name, asked in asked_test.items()}
final["the network itself"] = np.mean(
    asked_of["trained"]["logits"].argmax(axis=1) == y_test)
for name, accuracy in final.items():
    low, high = proportion(round(accuracy * len(y_test)), len(y_test))
    print(f"{name:20s} {accuracy:.1%} (95 % interval {low:.1%} to {high:.1%})")

# %% [markdown]
# A few hundred test images and a small drawer: the intervals are wide. The scoreboard has the same methods
# with all 45,000 labelled images and all 10,000 test images, computed beforehand.

# %%
board.draw(week=4)

# %% [markdown]
# Between latent kNN and the network's own last layer there is little: once the vectors are good, it matters
# less how one reads them. kNN, though, takes a new class without any training: put labelled images of it into
# the drawer. Face recognition lives on that. How well it works depends on whether the space tells the new
# class apart; remember the strangers. In week 7 the space comes from a network that was trained on a million
# photographs.

# %% tags=["remove-cell"]
from helpers.record import record

record(embedded_sample=cifar.is_sample, parameters=small_network().count_params(),
       pixel_accuracy_of_week_1=score, tested=final, test_images=len(y_test),
       chosen_k=chosen, validated=tried, profile=profile,
       neighbours={name: {"dimensions": points.shape[1],
                          "in_space": label_agreement(points, shown),
                          "on_map": label_agreement(maps[name], shown)}
                   for name, points in mapped.items()},
       strangers={name: np.mean(usual < distance) for name, distance
                  in zip(strangers, far[:, 0], strict=True)},
       neighbours_with_the_label=hits, same_kind={
           name: label_agreement(points, vehicle) for name, points in mapped.items()},
       agreement_after_invented_labels=share,
       invented_learned=np.mean(ops.convert_to_numpy(
           parrot(x[:FEW], training=False)).argmax(axis=1) == invented))

# %% tags=["remove-cell"]
from helpers.record import record

# The measure beside the maps on cases whose answer is known.
row = np.array([0, 1, 2, 3, 10, 11, 12, 13.0])[:, None]
halves = np.repeat([0, 1], 4)
dice = np.random.default_rng(0)
record(agreement_of={
    "two groups, 3 neighbours": label_agreement(row, halves, k=3),
    "two groups, 4 neighbours": label_agreement(row, halves, k=4),
    "all labels different": label_agreement(row, np.arange(8), k=3),
    "30 points at one place": label_agreement(np.zeros((30, 2)), np.zeros(30)),
    "ten labels by lot": label_agreement(dice.normal(size=(3000, 2)),
                                         dice.integers(0, 10, 3000))})

# %% [markdown]
# ## Self-test
#
# **1.** An untrained network's latent vectors give kNN as many right answers as pixels do. What follows?
#
# (a) The network was trained by accident. (b) Averages of random filters already keep something useful,
# so a trained network must be compared with its own start. (c) Pixels are as good as a trained network.
#
# <details><summary>Answer</summary>
#
# **(b).** Random filters see colours and edges, and the average forgets the place. (a) Its weights are
# the random start. (c) compares the wrong pair: the *trained* vectors did much better than both.
# </details>
#
# **2.** On a t-SNE map of a network's **training** images the ten classes form ten clean islands. What
# may you conclude about new images?
#
# (a) They will fall onto the islands. (b) Nothing; draw the map of held-out images. (c) The network does
# not overfit.
#
# <details><summary>Answer</summary>
#
# **(b).** The islands are what training was asked for on these very images. (a) would be generalisation,
# which this map does not show. (c) Perfect islands on training images are rather a reason to check for
# overfitting.
# </details>
#
# **3.** May k for latent kNN be chosen by 5-fold cross-validation within the images that the network was
# trained on?
#
# (a) Yes, each fold is held out once. (b) No, the network has seen all folds. (c) Yes, if the folds are
# balanced.
#
# <details><summary>Answer</summary>
#
# **(b).** A fold is held out from the *vote*, but its labels have shaped the space. (a) held for pixels,
# which learn nothing. (c) does not touch the problem.
# </details>
#
# **4.** A drawer of 50,000 images as 192 `float32` numbers each. How much memory?
#
# (a) 38.4 MB; (b) 9.6 MB; (c) 614 MB
#
# <details><summary>Answer</summary>
#
# **(a).** 50,000 · 192 · 4 bytes. (b) forgets the four bytes of a `float32`. (c) is the drawer in pixels,
# 3072 numbers of four bytes.
# </details>
#
# **5.** The photograph of a coffee cup gets the label "frog", and its nearest neighbours are frogs at the
# usual distance. The best reading?
#
# (a) The cup looks like a frog. (b) In what this network measures, the cup is like some frogs; it was
# never taught to tell cups from anything. (c) The distance is wrong.
#
# <details><summary>Answer</summary>
#
# **(b).** Latent distances mean something for the classes of the training set. (a) takes the network's
# measure for ours. (c) The distance is correct; its meaning has an end.
# </details>
#
# ## Take-aways
#
# 1. The latent vector is what the last layer but one puts out: few numbers, made for a straight boundary
#    between classes.
# 2. Same images, same kNN, other numbers: the latent vectors of a well trained network are far above pixels
#    and above HOG.
# 3. The controls are the same network before training, and the best features made by hand. From block to
#    block only the trained network gets better.
# 4. Put a number beside each t-SNE map, and draw it of held-out images: training images look too good.
# 5. A latent space is made for its task: strangers get neighbours, too.
#
# ## References
#
# - T. M. Cover, P. E. Hart (1967). Nearest neighbor pattern classification. *IEEE Transactions on
#   Information Theory* 13(1), 21–27. https://doi.org/10.1109/TIT.1967.1053964
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012). ImageNet classification with deep convolutional
#   neural networks. *NeurIPS* 25, 1097–1105. (Its Figure 4 shows neighbours in latent space.)
#   Reprint: https://doi.org/10.1145/3065386
# - L. van der Maaten, G. Hinton (2008). Visualizing data using t-SNE. *Journal of Machine Learning
#   Research* 9, 2579–2605. https://www.jmlr.org/papers/v9/vandermaaten08a.html
# - F. Schroff, D. Kalenichenko, J. Philbin (2015). FaceNet: a unified embedding for face recognition and
#   clustering. *CVPR*. https://doi.org/10.1109/CVPR.2015.7298682
# - M. Wattenberg, F. Viégas, I. Johnson (2016). How to use t-SNE effectively. *Distill*.
#   https://doi.org/10.23915/distill.00002
# - C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals (2017). Understanding deep learning requires
#   rethinking generalization. *ICLR*. https://arxiv.org/abs/1611.03530
#
# The photographs of the cat (Chelsea), the coffee, the rocket and the astronaut come with scikit-image.
