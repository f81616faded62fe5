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
# # Feature extraction
#
# You have a few hundred photographs, and ten classes. A network that starts from nothing will learn these
# few hundred by heart and little else. But somebody else has trained a network on 1.3 million photographs,
# for days, on machines that you do not have, and gives the weights away. They were made for a thousand
# *other* classes. Can they be of use for yours? This lecture takes the network as it is, cuts off its last
# layer, and puts the simplest possible classifier in its place.
#
# **After this lecture you can**
#
# - say why weights trained for one task help with another, and in which sense they are a prior;
# - load a pre-trained network, feed it what it expects, and put names to what it says;
# - compute features once, keep them, and know when they must be computed again;
# - train a head on features, and compare fairly: pixels with kNN, a network from scratch, features;
# - choose the control that shows what the *pre-training* did.
#
# **You need** kNN and choosing on validation images (week 1), training in Keras (week 3), what the layers
# see and the latent space (week 4).
#
# **Time** about 35 minutes to read. **Cost** less than a minute on two cores with the small budget, some
# minutes with the one for laptops; below 3 GiB of memory; no GPU. The weights are a download of 14 MB, once.

# %%
import hashlib
import pathlib
import tempfile
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from skimage import data as photographs
from skimage.transform import resize
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from helpers import budget, data, knn, plots, pretrained, training
from helpers.experiments import interval
from helpers.rounding import rounded

budget.describe()
SIZE = budget.choose(ci=96, cpu=128, gpu=160)  # pixels: what the network sees
LABELLED = budget.choose(ci=250, cpu=4000)    # images that one method may learn from
CHECKS = budget.choose(ci=300, cpu=1000)      # images that choose
TESTED = budget.choose(ci=400, cpu=2000)      # images that judge, at the end
SEEDS = (0, 1, 2)

# %% [markdown]
# ## Why should it work?
#
# Week 4 looked inside a network. The first layer had found edges and blobs of colour; textures and parts
# came later, "cat tails" last. Nobody had asked for edges. They are simply what photographs are made of,
# whatever the classes are called.
#
# Yosinski and others (2014) measured it. They trained one network on half of ImageNet's classes, copied its
# first layers into a second network for the other half, froze them, and trained the rest. Copied *first*
# layers cost nothing. The deeper the copy went, the more specialised it was, and the more it cost, most of
# all when the two halves were unlike each other (things made by man, things of nature).
#
# Here are the 32 filters of the first layer of MobileNetV2, 3 x 3 pixels in three colours, trained and before
# training.
#
# > **Predict, then run.** Which of the two rows will show order: pairs of light and dark, opposite colours?

# %%
def fetched(**options):
    """MobileNetV2 with its ImageNet weights; if no source delivers, loudly without."""
    try:
        return pretrained.load("mobilenetv2", **options)
    except pretrained.Unavailable as error:
        print(f"NO PRE-TRAINED WEIGHTS, random ones instead: {error}")
        return pretrained.load("mobilenetv2", source="untrained", **options)


network = fetched(size=224)
print(pretrained.describe(network))

# %%
keras.utils.set_random_seed(0)
raw = pretrained.load("mobilenetv2", source="untrained", size=32)
filters = {}
for name, model in {"trained": network, "untrained": raw}.items():
    kernel = keras.ops.convert_to_numpy(model.get_layer("Conv1").kernel)
    kernel = kernel.transpose(3, 0, 1, 2)
    filters[name] = 0.5 + 0.5 * kernel / np.abs(kernel).max(axis=(1, 2, 3), keepdims=True)
shown = np.concatenate([filters["trained"][:16], filters["untrained"][:16]])
plots.image_grid(shown, columns=16, scale=0.5,
                 title="16 filters of the first layer: trained (above), random (below)",
                 alt="Two rows of 16 small coloured squares, 3 x 3 cells. Upper row, the "
                     "network's own filters: several are smooth, light on one side and "
                     "dark on the other, or of one colour. Lower row: random speckles.")


def smoothness(kernels):
    """Mean correlation of neighbouring cells, along both axes and all colours."""
    pairs = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for k in kernels for a, b in
             ((k[:, 1:], k[:, :-1]), (k[1:], k[:-1]))]
    return np.mean(pairs)


for name, kernels in filters.items():
    print(f"{name}: neighbouring cells correlate by {smoothness(kernels):+.2f}")

# %% [markdown]
# ### The weights as a prior
#
# A **prior** is what you believe before you see your data. Bayes' rule weighs both:
#
# $$\underbrace{p(w \mid \text{data})}_{\text{afterwards}} \;\propto\; \underbrace{p(\text{data} \mid
# w)}_{\text{fit}} \;\cdot\; \underbrace{p(w)}_{\text{before}}.$$
#
# With few data the prior decides, with many it hardly matters. Where is the prior of a network that is
# trained by gradient descent? Mostly in **the place where the descent starts**. See it in a model that can be
# solved: linear regression with 40 weights, from $n$ examples. If $n < 40$, the examples say nothing about
# most directions. Gradient descent never moves in a direction that no example points to, so there **the
# weights stay as they began**. It ends in
#
# $$w = w_0 + X^{+}(y - X w_0), \qquad X^{+}\text{: the pseudo-inverse of } X,$$
#
# the solution that is nearest to the start $w_0$.

# %%
dice = np.random.default_rng(0)
WEIGHTS = 40
truth = dice.normal(size=WEIGHTS)
starts = {"zero": np.zeros(WEIGHTS),
          "a related task": truth + 0.4 * dice.normal(size=WEIGHTS),
          "an unrelated task": dice.normal(size=WEIGHTS)}


def solve(start, x, y):
    """Where gradient descent from `start` ends."""
    return start + np.linalg.pinv(x) @ (y - x @ start)


x = dice.normal(size=(10, WEIGHTS))
w = starts["a related task"].copy()
for _ in range(2000):
    w -= 0.01 * x.T @ (x @ w - x @ truth)
away = np.abs(w - solve(starts["a related task"], x, x @ truth)).max()
print(f"2000 steps of descent from 10 examples: at most {away:.0e} from the formula")

assert away < 1e-6

# %% [markdown]
# > **Predict, then run.** Three starts: zero, the weights of a related task, those of an unrelated one. Which
# > is best with 5 examples? Which with 40 and more? Which can be *worse* than zero?

# %%
EXAMPLES = [2, 5, 10, 20, 30, 38]
REPEATS = 200
dice = np.random.default_rng(1)
errors = {name: np.zeros((len(EXAMPLES), REPEATS)) for name in starts}
for row, n in enumerate(EXAMPLES):
    for repeat in range(REPEATS):
        x = dice.normal(size=(n, WEIGHTS))
        for name, start in starts.items():
            found = solve(start, x, x @ truth)
            errors[name][row, repeat] = np.sum((found - truth) ** 2) / np.sum(truth ** 2)
plots.curves(EXAMPLES, {name: (e.mean(axis=1), e.std(axis=1, ddof=1))
                        for name, e in errors.items()},
             xlabel="examples (there are 40 weights)",
             ylabel="error (1: as bad as zeros)",
             title=f"Where you start decides while data are few ({REPEATS} repeats)")
for row, n in enumerate(EXAMPLES):
    print(f"{n:2d} examples: " + ", ".join(f"from {name} {e[row].mean():.2f}"
                                           for name, e in errors.items()))

# %% [markdown]
# All three shrink towards zero as the examples come near 40. A related start is worth many examples; an
# unrelated one is *worse than none*. So there are two questions for this week: how related are ImageNet's
# photographs to your images? And how many of your own do you have? The second lecture comes back to the
# start that hurts.
#
# ## What the network says
#
# The whole network first, with its thousand classes. It wants 224 x 224 pixels, RGB, 0 to 255. Other networks
# want other things (BGR, a mean taken off, -1 to 1), and a wrong scale is the most common mistake with
# borrowed weights, because nothing fails. Ours has the scaling built in as its first layer.

# %%
def square(photo, size):
    """The middle square of a photograph, at size x size, 0 to 255."""
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = photo[top:top + side, left:left + side]
    return resize(middle, (size, size), preserve_range=True, anti_aliasing=True)


photos = np.stack([square(photo, 224) for photo in
                   (photographs.cat(), photographs.coffee())]).astype("float32")
answers = pretrained.decode(network.predict(photos, verbose=0), top=3)
for name, answer in zip(("cat", "coffee"), answers, strict=True):
    print(f"{name:6s}: " + ", ".join(f"{word} {p:.1%}" for word, p in answer))
plots.image_grid(photos.astype("uint8"), [answer[0][0] for answer in answers], columns=2,
                 scale=2.4, title="Two photographs and the network's first choice",
                 alt="A ginger cat's face, named " + answers[0][0][0] + ", and a cup of "
                     "coffee on a saucer, named " + answers[1][0][0] + ".")

# %% [markdown]
# > **Predict, then run.** A careful student divides the images by 255 first, "as always", so that the network
# > gets 0 to 1, and its first layer scales them once more. What will it say?

# %%
twice = pretrained.decode(network.predict(photos / 255, verbose=0), top=2)
for name, answer in zip(("cat", "coffee"), twice, strict=True):
    print(f"{name:6s}, scaled twice: "
          + ", ".join(f"{word} {p:.1%}" for word, p in answer))
same = np.mean([a[0][0] == b[0][0] for a, b in zip(answers, twice, strict=True)])
print(f"first choice unchanged for {same:.0%} of the photographs")

# %% [markdown]
# No error, no warning: to the network both photographs are now nearly black. **Read what a network expects,
# and check it on a picture whose answer you know**, before you compute a thousand features.
#
# ## Without its last layer
#
# `top=False` leaves out the classifier. What comes out is the last feature maps; `pooling="avg"` averages each
# over the places. One image becomes **1,280 numbers**: the latent vector of week 4, from a network that was
# trained on far more than we ever could.
#
# CIFAR-10's images have 32 x 32 pixels. The network halves the size five times, so that from 32 pixels *one*
# place would be left. We enlarge the images first. That adds no information, but it gives the filters things
# of the size that they were trained on. And it costs: the work goes with the **area**.

# %%
cifar = data.load("cifar10", train=3 * LABELLED, validation=CHECKS, test=TESTED)
print(cifar)
CHECKS = len(cifar.validation)
LABELLED = len(cifar.train) // 3  # fewer than asked for, where only a sample is there


def extractor(size):
    """A network from CIFAR's images to 1,280 features: enlarge, then MobileNetV2."""
    base = fetched(top=False, size=size, pooling="avg")
    return keras.Sequential([keras.Input((32, 32, 3)),
                             layers.Resizing(size, size, interpolation="bilinear"), base])


def multiply_adds(model):
    """Multiplications (with their additions) of all convolutions, for one image."""
    return sum(int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
               for layer in model.layers if "Conv2D" in type(layer).__name__)

# %% [markdown]
# > **Predict, then run.** The same network on the same images, enlarged to 32 (not at all), 64 and more pixels.
# > How much will the accuracy of a classifier on its features change?

# %%
def head(strength=0.01):
    """Logistic regression on features with mean 0 and spread 1."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))


SIZES = budget.choose(ci=(32, 64, 96), cpu=(32, 64, 96, 128),
                      gpu=(32, 64, 96, 128, 160))
FEW = budget.choose(ci=200, cpu=1000)
y, y_val = cifar.train.labels, cifar.validation.labels
by_size = {}
for size in SIZES:
    extract = extractor(size)
    extract.predict(cifar.train.images[:50], batch_size=50, verbose=0)  # warm up
    begun = time.perf_counter()
    features = extract.predict(cifar.train.images[:FEW], batch_size=50, verbose=0)
    seconds = (time.perf_counter() - begun) / FEW * 100
    checks = extract.predict(cifar.validation.images, batch_size=50, verbose=0)
    with threadpool_limits(1):
        score = head().fit(features, y[:FEW]).score(checks, y_val)
    work = multiply_adds(extract.layers[-1])
    by_size[size] = (100 * score, seconds, work)
    print(f"{size:3d} px: {work / 1e6:5.0f} million multiply-adds, {seconds:.2f} s for "
          f"100 images, accuracy {score:.1%} (validation)")

# %%
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for number, (size, (score, _, work)) in enumerate(by_size.items()):
    ax.plot(work / 1e6, score, plots.MARKERS[number], markersize=9,
            color=plots.COLOURS[number], label=f"{size} x {size} px")
ax.set(xlabel="multiply-adds for one image, millions", ylabel="accuracy in %",
       title=f"What larger images cost and give ({FEW} training images)")
ax.legend()
plots.show(fig, alt="Accuracy on validation images against the price of one image. "
           + "; ".join(f"{size} px: {work / 1e6:.0f} million, {score:.0f} %"
                       for size, (score, _, work) in by_size.items()) + ".")

# %% [markdown]
# The work grows with the square of the size; the seconds follow as soon as the fixed
# costs of each call are small beside it. Choose the size as you would any hyperparameter:
# on validation images, and with an eye on the clock.
#
# ## Compute once, keep
#
# The network is **frozen**: it will never change here. The same image gives the same features in every epoch,
# for every head and every value of a hyperparameter. So they are computed once and kept in a file.
#
# When is the file out of date? Whenever the features would be others: other **weights**, another **size**,
# other **images** (or another order). A key made from all three answers that by itself: if anything changes,
# the name of the file does.

# %%
def key_of(extract, images):
    """A short name that changes when weights, input size or images do."""
    print_of = hashlib.sha256()
    for weight in extract.get_weights():
        print_of.update(np.ascontiguousarray(weight).tobytes())
    print_of.update(str(extract.layers[-1].input_shape).encode())
    print_of.update(f"{images.dtype} {images.shape}".encode())
    print_of.update(np.ascontiguousarray(images).tobytes())
    return print_of.hexdigest()[:16]


def features_of(extract, images, folder):
    """The features of the images: from the folder if they are there, else computed."""
    file = pathlib.Path(folder) / f"features-{key_of(extract, images)}.npz"
    if not file.exists():
        np.savez(file, features=extract.predict(images, batch_size=50, verbose=0))
    with np.load(file) as kept:
        return kept["features"]

# %%
cache = tempfile.TemporaryDirectory()  # gone in the end; yours would stay
parts = {"train": cifar.train.images, "validation": cifar.validation.images}
took = []
for _ in range(2):
    begun = time.perf_counter()
    kept = {name: features_of(extract, images, cache.name)
            for name, images in parts.items()}
    took.append(time.perf_counter() - begun)
n_bytes = sum(f.nbytes for f in kept.values())
print(f"{sum(map(len, kept.values())):,} images, {kept['train'].shape[1]:,} features "
      f"each, {n_bytes:,} bytes ({n_bytes / 2**20:.1f} MiB)")
print(f"computed in {took[0]:.1f} s, read again in {took[1]:.2f} s")
print(f"over 30 epochs: {30 * took[0]:.0f} s without the file, {took[0]:.0f} s with it")

assert n_bytes == sum(map(len, parts.values())) * 1280 * 4
assert took[1] < took[0]

# %%
few = cifar.train.images[:20]
dot = few.copy()
dot[0, 0, 0, 0] ^= 1  # one bit of one pixel
small = extractor(64)
keys = {"as it is": key_of(extract, few), "one bit of one pixel": key_of(extract, dot),
        "another order": key_of(extract, few[::-1]), "another size": key_of(small, few)}
small.layers[-1].get_layer("Conv1").kernel.assign_add(
    1e-3 * np.ones(small.layers[-1].get_layer("Conv1").kernel.shape))
keys["other weights"] = key_of(small, few)
for change, key in keys.items():
    print(f"{change:21s} {key}")

assert len(set(keys.values())) == len(keys)

# %% [markdown]
# What cannot be kept in this way: anything random *before* the network. With augmentation (week 6) every
# epoch has other images. Then either compute several versions of each image and keep them all, or run the
# network in every epoch and pay.
#
# ## Seen from above
#
# Before any classifier: a map by t-SNE, of the pixels and of the features of the same validation images. You
# know its limits from week 1, so a number goes with it: the share of an image's ten nearest neighbours, in the
# *full* space, that have its label. Blind drawing gives about 10 %.

# %%
MAPPED = min(300, CHECKS)
spaces = {"pixels": cifar.validation.images[:MAPPED].reshape(MAPPED, -1) / 255,
          "features": kept["validation"][:MAPPED]}
fig, axes = plt.subplots(1, 2, figsize=(8.4, 4.2), layout="constrained")
agreement = {}
for ax, (name, points) in zip(axes, spaces.items(), strict=True):
    found, _ = knn.nearest(points, points, 11)
    agreement[name] = np.mean(y_val[found[:, 1:]] == y_val[:MAPPED, None])
    with threadpool_limits(1):
        flat = TSNE(init="pca", random_state=0, max_iter=500).fit_transform(points)
    for label, word in enumerate(cifar.class_names):
        ax.scatter(*flat[y_val[:MAPPED] == label].T, s=16, linewidths=0, label=word,
                   color=plots.COLOURS[label], marker=plots.MARKERS[label])
    ax.set(title=f"{name}: {agreement[name]:.0%} of the neighbours agree",
           xlabel="t-SNE 1 (no unit)", ylabel="t-SNE 2 (no unit)")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
plots.show(fig, alt=f"Two maps of {MAPPED} images coloured by class. Pixels: the classes "
           f"are mixed, {agreement['pixels']:.0%} of neighbours have the same label. "
           f"Features: {agreement['features']:.0%}; points of one class "
           "gather in some regions, without forming islands.")

# %% [markdown]
# The network has never been told about these ten classes.
#
# ## A head
#
# What is put on the features is called the **head**. The simplest is linear: ten weighted sums of the 1,280
# features. Two ways to train it:
#
# - **logistic regression** (scikit-learn): finds the one minimum of cross-entropy plus an L2 penalty. No
#   learning rate, no epochs, one knob: `C`, the inverse of the penalty's strength;
# - a **`Dense` layer** (Keras): the same function, trained by gradient descent.
#
# With 1,280 features and not many more images, or fewer, the penalty matters. `C` is chosen on validation
# images, on three subsets of the training images that have nothing in common.

# %%
subsets = [np.arange(s, len(y), 3) for s in SEEDS]
STRENGTHS = (0.0001, 0.001, 0.01, 0.1, 1)


def validated(strength, features, checks):
    """Validation accuracy of the head from each of the three subsets."""
    with threadpool_limits(1):
        return [head(strength).fit(features[rows], y[rows]).score(checks, y_val)
                for rows in subsets]


tried = np.array([validated(c, kept["train"], kept["validation"]) for c in STRENGTHS])
C = STRENGTHS[tried.mean(axis=1).argmax()]
for strength, row in zip(STRENGTHS, tried, strict=True):
    print(f"C = {strength:<6g}: {rounded(*interval(100 * row))} %")
print(f"chosen: C = {C:g}")

# %% [markdown]
# The penalty must be the same too. Scikit-learn minimises $\tfrac12\lVert w\rVert^2 + C\sum_i \ell_i$, Keras
# $\tfrac1n\sum_i \ell_i + \lambda\lVert w\rVert^2$. Divide the first by $Cn$: they are the same if $\lambda =
# 1/(2Cn)$.
#
# > **Predict, then run.** The `Dense` head on the first subset, three seeds. For how many of the validation
# > images will it say the same as logistic regression?

# %%
scaler = StandardScaler().fit(kept["train"][subsets[0]])
z, z_val = (scaler.transform(kept[part]) for part in ("train", "validation"))


def dense_head():
    penalty = keras.regularizers.L2(1 / (2 * C * len(subsets[0])))
    model = keras.Sequential([keras.Input((z.shape[1],)),
                              layers.Dense(10, kernel_regularizer=penalty)])
    model.compile(optimizer=keras.optimizers.Adam(0.002),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


dense, runs = training.repeat(dense_head, seeds=SEEDS, x=z[subsets[0]], y=y[subsets[0]],
                              batch_size=50, epochs=15)
with threadpool_limits(1):
    fitted = head(C).fit(kept["train"][subsets[0]], y[subsets[0]])
    told = fitted.predict(kept["validation"])
scores, agree = [], []
for run in runs:
    dense.set_weights(run.weights)
    answer = dense.predict_on_batch(z_val).argmax(axis=1)
    scores.append(np.mean(answer == y_val))
    agree.append(np.mean(answer == told))
print(f"logistic regression {np.mean(told == y_val):.1%}; Dense "
      f"{rounded(*interval(100 * np.array(scores)))} % ({len(SEEDS)} seeds), "
      f"{dense.count_params():,} weights")
print(f"they agree on {np.mean(agree):.0%} of {len(told)} validation images")

assert dense.count_params() == 1280 * 10 + 10

# %% tags=["remove-cell"]
from helpers.record import record

record(logistic_accuracy=np.mean(told == y_val))

# %% [markdown]
# Nearly the same, as it has to be: the same functions, the same loss, the same penalty; only the way down is
# another. Use logistic regression when the
# features fit into memory (it is quick, and has no seed), and a `Dense` head when you want to go on and train
# the network below it: that is the next lecture.
#
# ## The worked comparison
#
# Now the question of the week, on the same images for all: what is each method's accuracy if it may learn
# from the same labelled images? Three subsets, with nothing in common, so that the spread shows the luck of
# the *data* and of the seed.
#
# 1. **pixels + kNN**, week 1's baseline, with k chosen on validation images;
# 2. **from scratch**: a small convolutional network, as in week 4;
# 3. **features + logistic regression**.
#
# The fourth, **fine-tuned**, needs the next lecture. The network from scratch:

# %%
STEPS = budget.choose(ci=90, cpu=1200, gpu=4000)
BATCH, RATE = 50, 0.004


def small_network():
    stack = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 127.5, offset=-1)]
    for number, width in enumerate((16, 32, 64)):
        stack.append(layers.Conv2D(width, 3, padding="same", use_bias=number == 0))
        stack += [layers.BatchNormalization(momentum=0.9)] if number else []
        stack += [layers.ReLU()] + ([layers.MaxPooling2D(2)] if number < 2 else [])
    model = keras.Sequential([*stack, layers.GlobalAveragePooling2D(), layers.Dense(10)])
    schedule = keras.optimizers.schedules.PolynomialDecay(RATE, STEPS, RATE / 50)
    model.compile(optimizer=keras.optimizers.Adam(schedule),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  steps_per_execution=training.steps_at_once(10))
    return model


scratch = small_network()
print(f"{scratch.count_params():,} parameters, {STEPS} steps of {BATCH} images")

# %%
fresh_start = {}
for seed in SEEDS:
    keras.utils.set_random_seed(seed)
    fresh_start[seed] = small_network().get_weights()


def train_scratch(rows, seed):
    """Train the network from this seed's start on these rows, as many steps as always."""
    training.reset(scratch, fresh_start[seed])
    dice = np.random.default_rng(seed)
    rounds = -(-STEPS * BATCH // len(rows))
    order = np.concatenate([dice.permutation(rows) for _ in range(rounds)])
    order = order[:STEPS * BATCH]
    scratch.fit(cifar.train.images[order], y[order], batch_size=BATCH, shuffle=False,
                verbose=0)
    return scratch.get_weights()


def scratch_accuracy(weights, images, labels):
    scratch.set_weights(weights)
    answers = [scratch.predict_on_batch(piece).argmax(axis=1) for piece in
               np.split(images, range(500, len(images), 500))]
    return float(np.mean(np.concatenate(answers) == labels))

# %% [markdown]
# ### Accuracy against the number of images
#
# Of each subset, the first 1/8, the first third, and all. (All subsets are balanced over the classes as a
# whole; their beginnings only roughly.)
#
# > **Predict, then run.** How many images does the network from scratch need to reach what the features
# > reach with the fewest?

# %%
COUNTS = [LABELLED // 8, LABELLED // 3, len(subsets[0])]
KS = (1, 3, 5, 9, 15)
shuffled = [np.random.default_rng(seed).permutation(rows)
            for seed, rows in zip(SEEDS, subsets, strict=True)]
validation_pixels = cifar.validation.images
near = [[knn.nearest(cifar.train.images[rows[:n]], validation_pixels, max(KS))[0]
         for rows in shuffled] for n in COUNTS]
votes = {k: np.array([[np.mean(knn.vote(y[rows[:n]][found[:, :k]], n_classes=10) == y_val)
                       for rows, found in zip(shuffled, line, strict=True)]
                      for n, line in zip(COUNTS, near, strict=True)]) for k in KS}
K = max(KS, key=lambda k: votes[k][-1].mean())
print(f"k = {K} has the best mean with all {COUNTS[-1]} images")

# %%
curve = {"pixels + kNN": 100 * votes[K]}
final_weights, grown, with_features = {}, [], []
for n in COUNTS:
    line = {"scratch": [], "features": []}
    for seed, rows in zip(SEEDS, shuffled, strict=True):
        some = rows[:n]
        weights = train_scratch(some, seed)
        final_weights[seed] = weights  # in the end, of those with all images
        line["scratch"].append(scratch_accuracy(weights, validation_pixels, y_val))
        with threadpool_limits(1):
            fitted = head(C).fit(kept["train"][some], y[some])
        line["features"].append(fitted.score(kept["validation"], y_val))
    grown.append(line["scratch"])
    with_features.append(line["features"])
curve["from scratch"] = 100 * np.array(grown)
curve["features + logistic regression"] = 100 * np.array(with_features)
plots.curves(COUNTS, {name: (v.mean(axis=1), v.std(axis=1, ddof=1))
                      for name, v in curve.items()}, log_x=True,
             xlabel="labelled images", ylabel="accuracy in % (validation)",
             title=f"The price of starting from nothing ({len(SEEDS)} subsets)")

# %%
for name, values in curve.items():
    print(f"{name:31s}" + "   ".join(f"{n}: {rounded(*interval(v))} %"
                                     for n, v in zip(COUNTS, values, strict=True)))
least = curve["features + logistic regression"][0].mean()
most = curve["from scratch"][-1].mean()
print(f"features from {COUNTS[0]} images: {least:.1f} %; from scratch with {COUNTS[-1]}: "
      f"{most:.1f} %. " + (f"{COUNTS[-1] / COUNTS[0]:.0f} times as many images do not "
                           "make up for the start." if least > most else
                           "Here more images do make up for the start."))

# %% [markdown]
# ### The control
#
# Is it the *pre-training*? Or the 1,280 numbers, the enlarged images, the depth, the standardising? To know,
# change one thing only: the same network, the same size, the same head, with **random weights**. Week 4 did
# the same with its latent space. The penalty is chosen anew: the control deserves the same care.

# %%
by_chance = []
trained_weights = extract.get_weights()
for seed, rows in zip(SEEDS, subsets, strict=True):
    keras.utils.set_random_seed(seed)
    random_start = pretrained.load("mobilenetv2", top=False, size=32, pooling="avg",
                                   source="untrained").get_weights()
    extract.set_weights(random_start)  # the size of the images is not in the weights
    seen = [extract.predict(images, batch_size=50, verbose=0)
            for images in (cifar.train.images[rows], validation_pixels)]
    with threadpool_limits(1):
        by_chance.append([head(c).fit(seen[0], y[rows]).score(seen[1], y_val)
                          for c in STRENGTHS[1:4]])
extract.set_weights(trained_weights)

# %%
control = 100 * np.array(by_chance)
best = control.mean(axis=0).argmax()
ladder = {"pixels + kNN": curve["pixels + kNN"][-1],
          "random weights + logistic regression": control[:, best],
          "from scratch": curve["from scratch"][-1],
          "features + logistic regression": curve["features + logistic regression"][-1]}
plots.bars({name: interval(v) for name, v in ladder.items()},
           xlabel=f"accuracy in % ({CHECKS} validation images, 95 % "
                  "intervals)",
           title=f"{COUNTS[-1]} labelled images for everyone")
gained = ladder["features + logistic regression"].mean() - control[:, best].mean()
print(f"the weights alone make a difference of {gained:+.1f} points")

# %% [markdown]
# ### The test
#
# k and C are chosen on the validation images; the number of steps and the rate of the network from scratch are
# those that we began with, so that it may be a little worse than it could be. The test images come out once.

# %%
x_test, y_test = cifar.test.images, cifar.test.labels
test_features = features_of(extract, x_test, cache.name)
tested = {"pixels + kNN": [], "from scratch": [], "features + logistic regression": []}
for seed, rows in zip(SEEDS, subsets, strict=True):
    found, _ = knn.nearest(cifar.train.images[rows], x_test, K)
    told = knn.vote(y[rows][found], n_classes=10)
    tested["pixels + kNN"].append(np.mean(told == y_test))
    tested["from scratch"].append(scratch_accuracy(final_weights[seed], x_test, y_test))
    with threadpool_limits(1):
        fitted = head(C).fit(kept["train"][rows], y[rows])
    tested["features + logistic regression"].append(fitted.score(test_features, y_test))
print(f"learned from {COUNTS[-1]:,} images, tested on {len(y_test):,}, "
      f"{len(SEEDS)} subsets")
for name, values in tested.items():
    print(f"test, {name:31s} {rounded(*interval(100 * np.array(values)))} %")
noise = 196 * np.sqrt(np.mean(values) * (1 - np.mean(values)) / len(y_test))
print("(the test images are few: for their own luck alone, "
      f"± {noise:.1f} points)")

# %% [markdown]
# Two kinds of luck are in such a table; each ± is half the width of a 95 % interval. In the rows it is for the
# luck of the training: other images, another seed. In the last line it is for that of the *test*, whose images
# are the same for all rows.
#
# Is the comparison fair? Each method saw the same labelled images **of ours**. But the features come from 1.3
# million others, with labels. That is not cheating, it is the point of the method; it only has to be said.
# And it may hide a leak: ImageNet has dogs, cars and ships of its own. If *your test photographs* were among
# them, the network would have seen the exam. With pictures from the web, check.

# %% tags=["remove-cell"]
from helpers.record import record

dice = np.random.default_rng(3)
x, w, target = (dice.normal(size=shape) for shape in ((4, 9), 9, 4))
tiny = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3),
                         layers.DepthwiseConv2D(3)])
record(
    weights_from=network.source,
    examples=EXAMPLES, unknowns=WEIGHTS,
    start_errors={name: e.mean(axis=1) for name, e in errors.items()},
    solved={"x": x, "start": w, "y": target, "solution": solve(w, x, target)},
    first_choices=[answer[0][0] for answer in answers],
    unchanged_if_scaled_twice=same,
    work_by_size={str(size): work for size, (_, _, work) in by_size.items()},
    work_of_tiny=multiply_adds(tiny), work_of_whole=multiply_adds(network),
    images=sum(map(len, kept.values())), features=kept["train"].shape[1],
    bytes_of_features=n_bytes, keys=keys,
    dense_weights=dense.count_params(), dense_accuracies=scores,
    dense_agrees=agree, gained_by_weights=gained, tested=tested)

# %% [markdown]
# ## Self-test
#
# **1.** You divide images by 255 and give them to a network that scales 0 to 255 by itself. What happens?
#
# (a) Keras raises an error; (b) it runs, and the features are those of nearly black images; (c) nothing, it
# learns to adapt
#
# <details><summary>Answer</summary>
#
# **(b).** Numbers are numbers: nothing can be noticed. (a) Shapes are checked, meanings are not. (c) A frozen
# network learns nothing, and one that is trained begins at the wrong place.
# </details>
#
# **2.** Which change does *not* ask for new features?
#
# (a) another value of `C`; (b) images of 128 instead of 96 pixels; (c) a random flip before the network
#
# <details><summary>Answer</summary>
#
# **(a).** `C` belongs to the head, behind the features. (b) Another input size gives other features. (c)
# Another picture gives other features, in every epoch.
# </details>
#
# **3.** Features from a pre-trained network beat kNN on pixels by 40 points. What shows that the pre-training
# did it?
#
# (a) the 40 points; (b) the t-SNE map; (c) the same network with random weights
#
# <details><summary>Answer</summary>
#
# **(c).** It differs in the weights only. (a) differs in depth, size, number of features and classifier too.
# (b) A map shows that classes part, not why.
# </details>
#
# **4.** In the linear model, why does a good start help with 10 examples and hardly with 38 of 40?
#
# (a) with more examples the start is forgotten in all directions that they point to; (b) the learning rate
# is too small for more; (c) 38 examples are harder to learn
#
# <details><summary>Answer</summary>
#
# **(a).** Each example fixes one direction; only what none fixes remains as it began. (b) The formula has no
# learning rate. (c) The error falls with every example.
# </details>
#
# **5.** Two people have the same 300 images. One reports 70 % with logistic regression on features, the other
# 71 % with a `Dense` head. What do you conclude?
#
# (a) `Dense` is better; (b) they did the same thing; (c) the first made a mistake
#
# <details><summary>Answer</summary>
#
# **(b).** Both are linear functions trained with cross-entropy, and a point is well within the luck of a few
# hundred images. (a) and (c) read noise.
# </details>
#
# ## Take-aways
#
# 1. Early features are common to photographs of all kinds: pre-trained weights are a prior, strong where data
#    are few.
# 2. Give the network what it expects (size, order of colours, scale), and check on a picture that you know.
# 3. A frozen network's features are computed once and kept under a key of weights, size and images.
# 4. A linear head is enough; logistic regression and a `Dense` layer do about the same.
# 5. Compare on the same images with their spread, and keep a control with random weights.
#
# ## References
#
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson (2014). How transferable are features in deep neural networks?
#   *NeurIPS*. https://arxiv.org/abs/1411.1792
# - J. Donahue et al. (2014). DeCAF: a deep convolutional activation feature for generic visual recognition.
#   *ICML*. https://arxiv.org/abs/1310.1531
# - A. Sharif Razavian, H. Azizpour, J. Sullivan, S. Carlsson (2014). CNN features off-the-shelf: an
#   astounding baseline for recognition. *CVPR Workshops*. https://arxiv.org/abs/1403.6382
# - S. Kornblith, J. Shlens, Q. V. Le (2019). Do better ImageNet models transfer better? *CVPR*.
#   https://arxiv.org/abs/1805.08974
# - M. Sandler et al. (2018). MobileNetV2: inverted residuals and linear bottlenecks. *CVPR*.
#   https://arxiv.org/abs/1801.04381
# - O. Russakovsky et al. (2015). ImageNet large scale visual recognition challenge. *International Journal of
#   Computer Vision* 115, 211–252. https://doi.org/10.1007/s11263-015-0816-y
