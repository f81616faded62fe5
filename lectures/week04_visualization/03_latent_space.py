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
# that somebody had designed did better; and *learned* features were to come. Here they are: the same
# query images, the same drawer of labelled images, the same kNN, and only the numbers that describe an
# image are others.
#
# **After this lecture you can**
#
# - take the latent vectors out of a network, and find the neighbours of an image among them;
# - compare pixels, an untrained and a trained network fairly: same images, several seeds, k chosen on
#   validation images, test opened once;
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

from helpers import budget, data, knn, plots, training

budget.describe()
DRAWER = budget.choose(ci=2000, cpu=10_000)   # as many as in week 1
QUERIES = budget.choose(ci=250, cpu=1000)     # these too
CHECKS = budget.choose(ci=1000, cpu=4000)     # images that choose k
EPOCHS = budget.choose(ci=8, cpu=15, gpu=30)
SEEDS = (0, 1, 2)
cifar = data.load("cifar10")
print(cifar)

# %% [markdown]
# ## The same images as in week 1
#
# The drawer holds the first training images, the queries are the first validation images, exactly as in
# week 1. For choosing k we take more validation images than those. The drawer has a second use today: the
# network is trained on these images **and on no others**. Both methods have seen the same labels; that is
# what makes the comparison fair.

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
# Three convolutions with batch normalisation, as in the last lecture, only narrower. What matters is the
# end: the mean of each of the 64 last feature maps, and **one dense layer** on them. A dense layer can
# only draw straight boundaries. So whatever the network needs to tell ten classes apart must be in these
# 64 numbers, in a form that a straight boundary can use. They are the image's **latent vector**, and
# their space is the latent space.

# %%
WIDTHS = (16, 32, 64)
BATCH = 50
STEPS = EPOCHS * -(-len(x) // BATCH)


def build(steps=STEPS):
    """The network, compiled; the learning rate falls over so many steps."""
    stack = [keras.Input((32, 32, 3)), layers.Rescaling(2.0, offset=-1.0)]
    for number, width in enumerate(WIDTHS, start=1):
        stack += [layers.Conv2D(width, 3, padding="same", use_bias=False),
                  layers.BatchNormalization(momentum=0.9),
                  layers.ReLU(name=f"relu{number}")]
        stack += [layers.MaxPooling2D(2)] if number < len(WIDTHS) else []
    model = keras.Sequential([*stack, layers.GlobalAveragePooling2D(name="latent"),
                              layers.Dense(10, name="logits")])
    rate = keras.optimizers.schedules.PolynomialDecay(0.004, steps, 0.0001)
    model.compile(optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"],
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model

# %%
model, runs = training.repeat(build, seeds=SEEDS, x=x, y=y,
                              epochs=EPOCHS, batch_size=BATCH, mixed=True)
after = [run.weights for run in runs]
before = []
for seed in SEEDS:                                 # the same networks before training
    keras.utils.set_random_seed(seed)
    before.append(build().get_weights())

reached, spread = training.summary(runs, "accuracy")
print(f"{len(SEEDS)} networks with {model.count_params():,} parameters each, "
      f"accuracy on the drawer {reached:.1%} ± {spread:.1%}")

# %% [markdown]
# To look at all layers at once, a model with several outputs. Feature maps are averaged over the places,
# which gives 16, 32 and 64 numbers for the three convolutions (the last *is* the latent vector); the ten
# logits come last.

# %%
peek = keras.Model(model.inputs[0], [
    *(ops.mean(model.get_layer(f"relu{i}").output, axis=(1, 2)) for i in (1, 2)),
    model.get_layer("latent").output, model.outputs[0]])
DEPTHS = ["convolution 1", "convolution 2", "latent", "logits"]


def described(weights, images):
    """What the network with these weights says of the images, by depth."""
    model.set_weights(weights)
    pieces = [peek(piece, training=False)
              for piece in np.split(images, range(500, len(images), 500))]
    return {name: np.concatenate([ops.convert_to_numpy(part[i]) for part in pieces])
            for i, name in enumerate(DEPTHS)}


drawers = {"trained": [described(w, x) for w in after],
           "untrained": [described(w, x) for w in before]}
checks = {"trained": [described(w, x_val) for w in after],
          "untrained": [described(w, x_val) for w in before]}
n_latent = drawers["trained"][0]["latent"].shape[1]
print("latent vectors of the drawer:", drawers["trained"][0]["latent"].shape,
      f"- {x[0].size / n_latent:.0f} times fewer numbers than pixels")

assert n_latent == WIDTHS[-1] and x[0].size / n_latent == 48

# %% [markdown]
# ## Neighbours, side by side
#
# The first six validation images, not chosen by anything. On the left the query, then its four nearest in
# pixels, then its four nearest in the latent space of the first network. A solid blue frame has the
# query's label, a dashed orange one has another.
#
# > **Predict, then run.** Neighbours in pixels share background and brightness. What will neighbours in
# > the latent space share? Will they look *alike*?

# %%
by_pixels, _ = knn.nearest(x, x_val[:6], 4)
by_latent, _ = knn.nearest(drawers["trained"][0]["latent"],
                           checks["trained"][0]["latent"][:6], 4)
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
# Look at the pictures before the frames. A neighbour in the latent space may be of another colour,
# smaller, facing the other way; often it has the same kind of *thing* in it. Wrong neighbours are often
# wrong in a way that one can follow, such as one vehicle for another (we shall count that as well). The
# network was never asked which images are alike. It had to name classes, and likeness came along.
#
# ## Count, and choose k
#
# Six rows are six rows. All validation images now: pixels, and the latent vectors of the three networks
# before and after training. For each of the three spaces, k is chosen by the highest mean over the seeds;
# on a tie, the smaller one.
#
# > **Predict, then run.** Where will the *untrained* networks land: below the pixels, with them, above?

# %%
KS = [1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100]


def over_k(drawer, queries, truth=y_val):
    """Accuracy for each k of KS; the search is done once."""
    found, _ = knn.nearest(drawer, queries, max(KS))
    return [np.mean(knn.vote(y[found[:, :k]], n_classes=10) == truth) for k in KS]


tried = {"pixels": np.array([over_k(x, x_val)])}
for name in ("untrained", "trained"):
    tried[name] = np.array([over_k(a["latent"], b["latent"])
                            for a, b in zip(drawers[name], checks[name], strict=True)])

chosen = {name: KS[int(scores.mean(axis=0).argmax())] for name, scores in tried.items()}
for name, scores in tried.items():
    best = scores[:, KS.index(chosen[name])]
    noise = f" ± {best.std(ddof=1):.1%} ({len(best)} seeds)" if len(best) > 1 else ""
    times = best.mean() / tried["pixels"].mean(axis=0).max()
    print(f"{name:10s} k = {chosen[name]:2d}: {best.mean():.1%}{noise}, "
          f"{times:.1f} x pixels")

# %%
lines = {name: (tried[name].mean(axis=0), tried[name].std(axis=0, ddof=1))
         for name in ("trained", "untrained")}
lines["pixels"] = tried["pixels"][0]
plots.curves(KS, lines, log_x=True, xlabel="neighbours that vote, k",
             ylabel=f"accuracy on {len(x_val)} validation images",
             title=f"kNN in three spaces, {len(x):,} labelled images (bands: 3 seeds)")

# %% [markdown]
# The same method, the same labelled images, the same queries. The only thing that changed is **what is
# compared**.
#
# The untrained networks deserve a second look. Their filters are *noise*, and yet 64 averages of random
# feature maps serve kNN about as well as 3072 pixels do. (An average over all places does not care where
# in the picture something stands; pixels care too much.) So "better than pixels" proves little by itself:
# the right comparison for a trained network is the **same network before training**.
#
# ## Where does it happen?
#
# We have the layers in between as well. kNN with the k chosen above for the trained networks, on the
# averages of each layer:
#
# > **Predict, then run.** At which layer do the two curves part?

# %%
def along_depth(name):
    """Mean and spread over the seeds of kNN's accuracy at each depth."""
    k = chosen["trained"]
    scores = np.array([[knn_accuracy(a[depth], b[depth], y_val, k) for depth in DEPTHS]
                       for a, b in zip(drawers[name], checks[name], strict=True)])
    return scores.mean(axis=0), scores.std(axis=0, ddof=1)


profile = {name: along_depth(name) for name in ("trained", "untrained")}
for name, (mean, spread) in profile.items():
    told = ", ".join(f"{depth} {m:.1%} ± {s:.1%}"
                     for depth, m, s in zip(DEPTHS, mean, spread, strict=True))
    print(f"{name}: {told}")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for number, (name, (mean, spread)) in enumerate(profile.items()):
    ax.errorbar(range(4), mean, spread, marker=plots.MARKERS[number], capsize=3,
                label=name)
at_pixels = tried["pixels"][0][KS.index(chosen["pixels"])]
ax.axhline(at_pixels, color="#444444", linestyle="--", linewidth=1, label="pixels")
ax.set_xticks(range(4), DEPTHS)
ax.set(xlabel="what kNN compares", ylabel="accuracy on validation images",
       title=f"The way from pixels to classes ({len(SEEDS)} seeds)")
ax.legend()
plots.show(fig, alt="Accuracy of kNN at four depths. Trained: "
                    + ", ".join(f"{value:.2f}" for value in profile["trained"][0])
                    + ". Untrained: "
                    + ", ".join(f"{value:.2f}" for value in profile["untrained"][0])
                    + f". Pixels: {at_pixels:.2f}, a dashed line.")

# %% [markdown]
# Edges first, cat tails later, by another measure than in the last lecture: up to the latent vector, the
# trained curve climbs with every layer, while the untrained one hardly leaves the pixels' line.
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


spaces = {"pixels": x_val[:MAPPED].reshape(MAPPED, -1),
          "untrained network": checks["untrained"][0]["latent"][:MAPPED],
          "trained network": checks["trained"][0]["latent"][:MAPPED]}
shown = y_val[:MAPPED]

# %% [markdown]
# > **Predict, then run.** Sketch the three maps: islands, one cloud, something in between? And write down
# > a guess for the number below each.

# %%
maps = {name: tsne(points) for name, points in spaces.items()}
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
                    "cloud. Trained network: vehicles and animals part, with regions "
                    "for some classes.")

# %%
print(f"neighbours with the same label, {MAPPED} validation images (blindly about 10%)")
for name, points in spaces.items():
    full, flat = label_agreement(points, shown), label_agreement(maps[name], shown)
    print(f"{name:18s} {points.shape[1]:4d} dimensions {full:.1%}, on the map {flat:.1%}")

# %% [markdown]
# Pixels and noise: a mixed cloud. The trained network: regions, with seams between cats and dogs where
# one would expect them. No islands with water between them; that needs a better network. (If you have
# seen maps of CIFAR-10 with ten perfect islands, read on.)
#
# What is the main direction of this order? Ask it for **vehicle or animal** instead of for ten classes.

# %%
vehicle = np.isin(shown, [0, 1, 8, 9]).astype(int)   # airplane, automobile, ship, truck
for name, points in spaces.items():
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
    seen, unseen = (np.array([label_agreement(part["latent"][:MAPPED], labels[:MAPPED])
                              for part in parts])
                    for parts, labels in ((drawers[name], y), (checks[name], y_val)))
    print(f"{name:10s} training images {seen.mean():.1%} ± {seen.std(ddof=1):.1%}, "
          f"validation images {unseen.mean():.1%} ± {unseen.std(ddof=1):.1%}")

# %% [markdown]
# The shorter the training and the more images, the smaller this gap; ours is modest. So let us do it
# badly, on purpose. 200 training images get **invented** labels, drawn by lot. There is nothing to learn;
# one can only learn by heart (Zhang et al., 2017, did this with ImageNet). We train the same network on
# them for 50 epochs, and draw the map of its latent vectors.
#
# > **Predict, then run.** Can a map show ten islands where the classes are pure invention?

# %%
FEW = 200
invented = np.random.default_rng(0).integers(0, 10, FEW)
keras.utils.set_random_seed(0)
parrot = build(steps=50 * FEW // 25)
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


latent, asked = drawers["trained"][0]["latent"], checks["trained"][0]["latent"][:QUERIES]
in_pixels = seconds(lambda: knn.nearest(x, x_val[:QUERIES], 7))
in_latent = seconds(lambda: knn.nearest(latent, asked, 7))
encode = seconds(lambda: described(after[0], x_val[:QUERIES]))
print(f"{QUERIES} queries: {1000 * in_pixels:.0f} ms in pixels; "
      f"{1000 * in_latent:.0f} ms in latent space, and {1000 * encode:.0f} ms to "
      "compute their latent vectors")
print(f"drawer: {x.nbytes / 1e6:.1f} MB of pixels, {latent.nbytes / 1e6:.2f} MB latent")

assert x.nbytes == 48 * latent.nbytes

# %% [markdown]
# The latent vectors of the drawer are computed once and kept; each query goes through the network, and
# then its search is short. With 2,000 images it hardly matters. With a billion photographs the drawer is
# 3 terabytes as `uint8` pixels of this size, or 64 gigabytes if each latent number is squeezed into a
# byte: one machine's memory. That is how image search works, with approximate search on top.
#
# ## Strangers
#
# What does the latent space do with images of no class at all? Four photographs from scikit-image,
# reduced to 32 × 32: a cat, a cup of coffee, a rocket, an astronaut.
#
# > **Predict, then run.** Two of these four have no class here. Will their nearest neighbours be
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
found, far = knn.nearest(latent, described(after[0], guests)["latent"], 5)
usual = knn.nearest(latent, checks["trained"][0]["latent"], 1)[1][:, 0]
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
# distance to the nearest neighbour is a hint: look whether the two strangers stand out among your four
# numbers. Often they do not: the network has learned to see what tells *ten classes* apart, and to a
# coffee cup it is blind in its own way. A latent space is made for a task. It knows nothing beyond it.
#
# ## The test, once
#
# All choices are made: one k for each space, on validation images. Now the test images, once, with a fourth
# competitor: the network's own last layer.

# %%
x_test, y_test = prepared(cifar.test, budget.choose(ci=1000, cpu=10_000))
final = {"kNN on pixels": [knn_accuracy(x, x_test, y_test, chosen["pixels"])]}
for name, weights in {"untrained": before, "trained": after}.items():
    told = [described(w, x_test) for w in weights]
    final[f"kNN on latent, {name}"] = [
        knn_accuracy(a["latent"], b["latent"], y_test, chosen[name])
        for a, b in zip(drawers[name], told, strict=True)]
final["the network itself"] = [np.mean(part["logits"].argmax(axis=1) == y_test)
                               for part in told]

measured = {}
for name, scores in final.items():
    spread = np.std(scores, ddof=1) if len(scores) > 1 else 0.0
    error = np.sqrt(np.mean(scores) * (1 - np.mean(scores)) / len(y_test))
    mean = round(100 * np.mean(scores), 1)
    measured[name] = (mean, 100 * spread) if spread else mean
    seeds = f"± {spread:.1%} over {len(scores)} seeds" if spread else "(no seed in it)"
    print(f"{name:25s} {mean:.1f}% {seeds}; standard error by images {error:.1%}")

# %%
plots.bars(measured, xlabel=f"accuracy on {len(y_test):,} test images in % (± spread)",
           title=f"{len(x):,} labelled images, four ways to use them")

# %%
gap = np.array(final["kNN on latent, trained"]) - final["kNN on pixels"][0]
rest = np.array(final["the network itself"]) - final["kNN on latent, trained"]
for name, values in {"latent kNN minus pixel kNN": gap,
                     "network minus latent kNN": rest}.items():
    told = ", ".join(f"{100 * value:+.1f}" for value in values)
    print(f"{name}, for each seed: {told} points")

# %% [markdown]
# Two kinds of uncertainty stand in the table: the spread over seeds (another start of the network) and
# the standard error (other test images). Compare them with the step from pixels to latent vectors.
# Between latent kNN and the network's own last layer there is little: once the vectors are good, it
# matters less how one reads them. kNN, though, takes a new class without any training: put labelled
# images of it into the drawer. Face recognition lives on that. How well it works depends on whether the
# space tells the new class apart; remember the strangers. In week 7 the space comes from a network that
# was trained on a million photographs.

# %% tags=["remove-cell"]
from helpers.record import record

record(embedded_sample=cifar.is_sample, parameters=model.count_params(),
       pixel_accuracy_of_week_1=score, tested=final, test_images=len(y_test),
       seeds=SEEDS, chosen_k=chosen,
       neighbours={name: {"dimensions": points.shape[1],
                          "in_space": label_agreement(points, shown),
                          "on_map": label_agreement(maps[name], shown)}
                   for name, points in spaces.items()},
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
# **4.** A drawer of 50,000 images as 64 `float32` numbers each. How much memory?
#
# (a) 12.8 MB; (b) 3.2 MB; (c) 614 MB
#
# <details><summary>Answer</summary>
#
# **(a).** 50,000 · 64 · 4 bytes. (b) forgets the four bytes of a `float32`. (c) is the drawer in pixels,
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
# 2. Same images, same kNN, other numbers: latent neighbours beat pixel neighbours by far more than the
#    spread over seeds.
# 3. The control is the same network before training; from layer to layer only the trained one gets
#    better.
# 4. Put a number beside each t-SNE map, and draw it of held-out images: training images look too good.
# 5. A latent space is made for its task: strangers get neighbours, too.
#
# ## References
#
# - T. M. Cover, P. E. Hart (1967). Nearest neighbor pattern classification. *IEEE Transactions on
#   Information Theory* 13(1), 21–27. https://doi.org/10.1109/TIT.1967.1053964
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012). ImageNet classification with deep convolutional
#   neural networks. *NIPS*. (Its Figure 4 shows neighbours in latent space.)
#   https://doi.org/10.1145/3065386
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
