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
# # Fine-tuning, and when transfer hurts
#
# In the last lecture the borrowed network was a tool that nobody may sharpen: frozen, used as it came. But its
# last layers were made for a thousand classes that are not yours. Let them move, and they may fit your images
# better. Let too many move too fast, and a few hundred images wreck in seconds what took days to learn. This
# lecture is about the difference. And then it looks for images where the whole idea fails.
#
# **After this lecture you can**
#
# - freeze, train a head, unfreeze, compile again, and go on with a small learning rate; and *prove* which
#   weights moved;
# - draw the accuracy against how much was unfrozen, cheaply, from cached activations;
# - say what batch normalisation does behind your back, and stop it;
# - put all four ways of this week into one table;
# - recognise images for which ImageNet is a bad start, with a number for their distance.
#
# **You need** [lecture 1 of this week](01_feature_extraction.ipynb), batch normalisation and residual blocks
# (week 4), learning rates (week 5).
#
# **Time** about 40 minutes to read. **Cost** less than a minute on two cores with the small budget, some
# minutes with the one for laptops; below 3 GiB of memory; no GPU.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from skimage import data as photographs
from skimage.transform import resize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from helpers import budget, data, knn, plots, pretrained, training
from helpers.experiments import interval, verdict
from helpers.rounding import rounded

budget.describe()
SIZE = budget.choose(ci=64, cpu=96, gpu=128)
LABELLED = budget.choose(ci=200, cpu=600, gpu=1000)  # images for one method
CHECKS, TESTED = budget.choose(ci=(300, 400), cpu=(1000, 2000))
EPOCHS = budget.choose(ci=4, cpu=6)
SEEDS, BATCH = (0, 1, 2), 20
cifar = data.load("cifar10", train=3 * LABELLED, validation=CHECKS, test=TESTED)
print(cifar)
y, y_val = cifar.train.labels, cifar.validation.labels
subsets = [np.arange(seed, len(y), 3) for seed in SEEDS]  # nothing in common
LABELLED = len(subsets[0])  # fewer than asked for, where only a sample is there

# %%
def fetched(**options):
    """MobileNetV2 with its ImageNet weights; if no source delivers, loudly without."""
    try:
        return pretrained.load("mobilenetv2", **options)
    except pretrained.Unavailable as error:
        print(f"NO PRE-TRAINED WEIGHTS, random ones instead: {error}")
        return pretrained.load("mobilenetv2", source="untrained", **options)


def enlarged(images):
    """The images at SIZE x SIZE, 0 to 255; once, so that no epoch has to do it again."""
    pieces = [ops.image.resize(images[i:i + 200].astype("float32"), (SIZE, SIZE))
              for i in range(0, len(images), 200)]
    pieces = [ops.convert_to_numpy(p).round().astype("uint8") for p in pieces]
    return np.concatenate(pieces)


base = fetched(top=False, size=SIZE, pooling="avg")
print(pretrained.describe(base))
original = base.get_weights()
untouched = {layer.name: layer.get_weights() for layer in base.layers}
x, x_val = enlarged(cifar.train.images), enlarged(cifar.validation.images)

# %% [markdown]
# ## Four steps
#
# 1. **Freeze** the network; put a new head on it.
# 2. **Train the head.** It starts from random numbers. Its first gradients are large and meaningless, and if
#    they could, they would go through the whole network.
# 3. **Unfreeze** the last layers.
# 4. **Compile again**, with a learning rate ten to a hundred times smaller, and go on.
#
# Step 4 is the one that people forget. At the first training step after `compile`, Keras builds the
# optimiser for the weights that are trainable at that moment. Layers unfrozen later are not updated.
#
# How much is "the last layers"? MobileNetV2 is made of 19 pieces: a first convolution, 17 blocks, a last
# convolution. We count from the end: **k = 1** is the last convolution alone, k = 2 one block more, and so on.
# Batch normalisation stays frozen throughout; why, we shall see.

# %%
names = [layer.name for layer in base.layers]
BLOCKS = [f"block_{i}_add" if f"block_{i}_add" in names else f"block_{i}_project_BN"
          for i in range(1, 17)]
ENDS = [names[0], "Conv1_relu", "expanded_conv_project_BN", *BLOCKS, "out_relu"]
PIECES = len(ENDS) - 1


def unfreeze(k):
    """The last k pieces may move, the rest and all batch normalisation may not."""
    base.trainable = True
    first = len(names) if k == 0 else names.index(ENDS[PIECES - k]) + 1
    for number, layer in enumerate(base.layers):
        is_norm = isinstance(layer, layers.BatchNormalization)
        layer.trainable = number >= first and not is_norm


def counts(model):
    """Numbers of weights that may move and that may not."""
    return [sum(int(np.prod(w.shape)) for w in group)
            for group in (model.trainable_weights, model.non_trainable_weights)]

# %% [markdown]
# > **Predict, then run.** How many weights may move in step 2? How many for k = 1, a single convolution, out of
# > 2.3 million?

# %%
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), base, layers.Dense(10)])
start = model.get_weights()
for k in (0, 1, 3, PIECES):
    unfreeze(k)
    moving, fixed = counts(model)
    print(f"k = {k:2d}: {moving:9,} may move, {fixed:9,} may not")

assert PIECES == 19 and moving + fixed == model.count_params()

# %% tags=["remove-cell"]
from helpers.record import record

movable = []
for k in (0, 1, 3, PIECES):
    unfreeze(k)
    moving, fixed = counts(model)
    movable.append({"k": k, "moving": moving, "fixed": fixed})
record(movable=movable)

# %%
def compiled(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)


def moved(before, after):
    """The largest change of any number in the lists of weights."""
    return max(np.abs(a - b).max() for a, b in zip(before, after, strict=True))


first = slice(0, 40)  # a few images are enough to see the mechanics
model.set_weights(start)
unfreeze(0)                                             # 1
compiled(model, 0.002)
model.fit(x[first], y[first], batch_size=BATCH, shuffle=False, verbose=0)   # 2
print(f"head trained: the network moved by {moved(original, base.get_weights()):g}")

unfreeze(1)                                             # 3, and not yet 4
if keras.backend.backend() == "tensorflow":             # others may refuse to go on
    model.fit(x[first], y[first], batch_size=BATCH, shuffle=False, verbose=0)
    print("unfrozen, not compiled again: the network moved by "
          f"{moved(original, base.get_weights()):g}")

head_trained = model.get_weights()
assert moved(original, base.get_weights()) == 0

# %% tags=["remove-cell"]
from helpers.record import record

record(moved_before_compiling_again=moved(original, base.get_weights()))

# %%
model.set_weights(head_trained)
head_start = model.layers[-1].get_weights()
compiled(model, 0.0001)                                 # 4
model.fit(x[first], y[first], batch_size=BATCH, shuffle=False, epochs=2, verbose=0)
change = {layer.name: moved(untouched[layer.name], layer.get_weights())
          for layer in base.layers if layer.weights}
print("compiled again: moved are", {n: f"{c:.4f}" for n, c in change.items() if c > 0})
still = sum(c == 0 for c in change.values())
print(f"unmoved: {still} of {len(change)} layers with weights")
by_whole = ops.convert_to_numpy(model(x_val[:50].astype("float32"), training=False))

assert [name for name, c in change.items() if c > 0] == ["Conv_1"]

# %% tags=["remove-cell"]
from helpers.record import record

record(moved_layers=[name for name, c in change.items() if c > 0],
       layers_with_weights=len(change), unmoved_layers=still)

# %% [markdown]
# Never believe that something was frozen: compare before and after. It takes one line.
#
# ## The cut: frozen layers need not run twice
#
# If all layers below a point are frozen, what they hand up is the same in every epoch. So compute it once, as
# in lecture 1, only higher up or lower down in the network: **the activations at the cut** take the place of
# the images, and the part above the cut is trained as a network of its own. That is not an approximation. The
# same start, the same batches:

# %%
def cut(k):
    """What the k last pieces are given: an output inside the network."""
    if k == 0:
        return base.output
    return base.input if k == PIECES else base.get_layer(ENDS[PIECES - k]).output


def upper(k):
    """The network above the cut, and with a new head; they share the base's weights."""
    top = keras.Model(cut(k), base.output) if k else None
    stack = [keras.Input(cut(k).shape[1:]), *([top] if k else []), layers.Dense(10)]
    return top, keras.Sequential(stack)


base.set_weights(original)
below = keras.Model(base.input, cut(1))
given, given_val = (below(images.astype("float32"), training=False)
                    for images in (x[first], x_val[:50]))
given = ops.convert_to_numpy(given)
_, part = upper(1)
part.layers[-1].set_weights(head_start)
compiled(part, 0.0001)
part.fit(given, y[first], batch_size=BATCH, shuffle=False, epochs=2, verbose=0)
by_part = ops.convert_to_numpy(part(given_val, training=False))
apart = np.abs(by_part - by_whole).max()
print(f"whole network or part above the cut: logits differ by at most {apart:.1e} "
      f"(they are as large as {np.abs(by_whole).max():.1f})")

assert apart < 1e-2

# %% [markdown]
# Equal but for rounding. One condition: the lower part must be really fixed, with no augmentation before it, no
# dropout in it, and batch normalisation frozen.
#
# ## How much to unfreeze?
#
# Now the cheap method pays: for each k the activations at its cut, then three trainings on three subsets. All
# start from the pre-trained weights and the **same trained heads**, and take the same number of steps, k = 0
# too (there only the head goes on). The heads are those of lecture 1: logistic regression, written as the
# weights of a `Dense` layer, with the scaling of the features taken into them.
#
# > **Predict, then run.** Draw the curve before you see it. Where is its top for a few hundred images? What
# > will be the spread?

# %%
KS = budget.choose(ci=(0, 1, 2, 5), cpu=(0, 1, 2, 4, 8, 12, PIECES))
RATE = 0.00005
cuts = keras.Model(base.input, [cut(k) for k in KS if k < PIECES])


def at_cuts(images):
    """For each k, what the part above the cut is given."""
    found = cuts.predict(images, batch_size=50, verbose=0)
    return dict(zip(KS, found, strict=False)) | ({PIECES: images} if PIECES in KS else {})


base.set_weights(original)
acts, acts_val = at_cuts(x), at_cuts(x_val)
for k in KS:
    print(f"k = {k:2d}: {str(acts[k].shape[1:]):14s} {acts[k].nbytes / 2**20:6.1f} MiB")

# %%
def start(model, rate):
    """Compile once; the rate is a variable, so that one model serves all trainings."""
    model.compile(optimizer=keras.optimizers.Adam(rate),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  steps_per_execution=training.steps_at_once(5))
    return model


def train(model, inputs, rows, seed, rate, epochs=EPOCHS):
    """Train on these rows; the seed decides the order of the images."""
    training.reset(model, model.get_weights(), rate)  # an optimiser without memory
    dice = np.random.default_rng(seed)
    order = np.concatenate([dice.permutation(rows) for _ in range(epochs)])
    model.fit(inputs[order], y[order], batch_size=BATCH, shuffle=False, verbose=0)


def accuracy(model, inputs, labels):
    told = np.concatenate([model.predict_on_batch(inputs[i:i + 100])
                           for i in range(0, len(labels), 100)])
    return 100 * float(np.mean(told.argmax(axis=1) == labels))

# %%
def head(strength=0.01):
    """Logistic regression on features with mean 0 and spread 1."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))


def as_dense(fitted):
    """Kernel and bias of the Dense layer that computes the same logits."""
    scaler, logistic = fitted[0], fitted[-1]
    kernel = (logistic.coef_ / scaler.scale_).T
    return [kernel, logistic.intercept_ - scaler.mean_ @ kernel]


only_head = upper(0)[1]
random_heads, heads = {}, {}
for seed, rows in zip(SEEDS, subsets, strict=True):
    keras.utils.set_random_seed(seed)
    random_heads[seed] = upper(0)[1].get_weights()
    with threadpool_limits(1):
        fitted = head().fit(acts[0][rows], y[rows])
    heads[seed] = as_dense(fitted)
    only_head.set_weights(heads[seed])
    told = 100 * fitted.score(acts_val[0], y_val)
    print(f"seed {seed}: logistic regression {told:.1f} %, as a Dense layer "
          f"{accuracy(only_head, acts_val[0], y_val):.1f} %")

# %%
scores, tuned, above = {}, {}, {}
unfreeze(PIECES)  # the parts above the cuts hold only what may move
for k in KS:
    top, model = above[k] = upper(k)
    start(model, RATE)
    for seed, rows in zip(SEEDS, subsets, strict=True):
        base.set_weights(original)
        model.layers[-1].set_weights(heads[seed])
        train(model, acts[k], rows, seed, RATE)
        scores[k, seed] = accuracy(model, acts_val[k], y_val)
        tuned[k, seed] = model.get_weights()
    values = [scores[k, seed] for seed in SEEDS]
    moving = counts(model)[0]
    print(f"k = {k:2d}: {moving:9,} weights move, {rounded(*interval(values))} % "
          "(validation)")

# %%
table = np.array([[scores[k, seed] for seed in SEEDS] for k in KS])
K = KS[1:][table[1:].mean(axis=1).argmax()]  # the best that is fine-tuning
plots.curves(KS, {"fine-tuned": (table.mean(axis=1), table.std(axis=1, ddof=1))}, mark=K,
             xlabel=f"pieces unfrozen, k (0: head only; {PIECES}: everything)",
             ylabel="accuracy in % (validation)",
             title=f"How much to unfreeze, {LABELLED} images (mean and spread of 3)")
gain = table[KS.index(K)] - table[0]
print(f"best mean of k > 0 at k = {K}; against the head alone, by subset: "
      + ", ".join(f"{g:+.1f}" for g in gain))
print("in points:", verdict(table[KS.index(K)], table[0], paired=True,
                            comparisons=len(KS) - 1))

# %% [markdown]
# Compare subset by subset: the luck of the subset is in both numbers and goes out in the difference. Three
# subsets, few images, and one rate for every k: this shows that the code works, and not how much to unfreeze.
#
# > **Question.** With thousands of images instead of hundreds, which end of the curve would you expect to rise?
# > Try it with the larger budget.
#
# An alternative to all-or-nothing are **discriminative learning rates** (Howard and Ruder 2018): everything may
# move, but each layer below with a smaller rate, by a factor of 2.6 from layer to layer in their paper. It says
# the same as week 4: what is general should change little.
#
# ## How to wreck a network
#
# Now without the precautions: a **random head**, everything above the cut unfrozen from the first step, and
# Adam with its default rate, 0.001. Two epochs are enough. Afterwards we ask two things: how good is the
# network? And how good are its *features*, if they get a fresh logistic regression, as in lecture 1?
#
# > **Predict, then run.** Will the features still be better than chance? Than the untouched ones?

# %%
def worth(rows):
    """Accuracy in % of a fresh logistic regression on the features of the network now."""
    features, checks = (ops.convert_to_numpy(top(part, training=False))
                        for part in (acts[DEEP][rows], acts_val[DEEP]))
    with threadpool_limits(1):
        return 100 * head().fit(features, y[rows]).score(checks, y_val)


DEEP = max(k for k in KS if k < PIECES)
top, model = above[DEEP]
report = {name: [] for name in ("network, wrecked", "features, untouched",
                                "features, fine-tuned", "features, wrecked")}
for seed, rows in zip(SEEDS, subsets, strict=True):
    model.set_weights(tuned[DEEP, seed])
    report["features, fine-tuned"].append(worth(rows))
    base.set_weights(original)
    report["features, untouched"].append(worth(rows))
    model.layers[-1].set_weights(random_heads[seed])
    train(model, acts[DEEP], rows, seed, 0.001, epochs=2)
    report["network, wrecked"].append(accuracy(model, acts_val[DEEP], y_val))
    report["features, wrecked"].append(worth(rows))
wrecked = [w.copy() for w in base.get_weights()]
plots.bars({name: interval(v) for name, v in report.items()},
           xlabel="accuracy in % (validation, 95 % intervals; guessing: 10)",
           title=f"Last {DEEP} pieces trained with care, and without")

# %%
lost = np.subtract(report["features, untouched"], report["features, wrecked"])
print(f"{2 * LABELLED // BATCH} careless steps cost the features "
      f"{rounded(*interval(lost))} points")

# %% [markdown]
# ### It has forgotten the cat
#
# What is lost is not only good for our ten classes. Put each state's weights back under the old classifier,
# with its thousand classes, and show it last lecture's photographs. A network that is trained on something
# new and loses what it knew: that is **catastrophic forgetting**.

# %%
def square(photo, size=224):
    side = min(photo.shape[:2])
    top, left = ((length - side) // 2 for length in photo.shape[:2])
    middle = photo[top:top + side, left:left + side]
    return resize(middle, (size, size), preserve_range=True, anti_aliasing=True)


pair = np.stack([square(p) for p in (photographs.cat(), photographs.coffee())])
whole = fetched(size=224)
states = {"untouched": original}
base.set_weights(original)
model.set_weights(tuned[DEEP, SEEDS[-1]])
states |= {"fine-tuned": base.get_weights(), "wrecked": wrecked}
for name, weights in states.items():
    base.set_weights(weights)
    for layer in base.layers:
        whole.get_layer(layer.name).set_weights(layer.get_weights())
    told = ops.convert_to_numpy(whole(pair.astype("float32"), training=False))
    print(f"{name:10s} " + "; ".join(f"{word} {p:.1%}" for [(word, p)] in
                                     pretrained.decode(told, top=1)))

# %% tags=["remove-cell"]
from helpers.record import record

record(wrecked_calls_the_cat=pretrained.decode(told, top=1)[0][0][0])

# %% [markdown]
# ## Batch normalisation, behind your back
#
# A batch normalisation layer has four vectors. Two are learned (scale and shift), two are **kept**: the moving
# mean and variance of what came in. During training it uses the *batch's* own mean and variance, and moves the
# kept ones a little towards them; afterwards it uses the kept ones. Gradients and learning rates have no part
# in that. So it happens **even if nothing is learned**.
#
# > **Predict, then run.** No training at all: we only *call* the part above the cut, 20 times, in training mode,
# > as `fit` does. The weights stay. What will happen to the accuracy, with batches of 32, 8, 2 images?

# %%
TOP = DEEP
top = above[TOP][0]
norms = [layer for layer in top.layers if isinstance(layer, layers.BatchNormalization)]
kernel, bias = heads[0]


def called(batch, calls=20):
    """How far the kept averages moved, and the accuracy, after calls in training mode."""
    base.set_weights(original)
    before = [(ops.convert_to_numpy(n.moving_mean).copy(),
               np.sqrt(ops.convert_to_numpy(n.moving_variance) + 1e-3)) for n in norms]
    dice = np.random.default_rng(0)
    for _ in range(calls if batch else 0):
        rows = dice.choice(subsets[0], batch, replace=False)
        top(acts[TOP][rows].astype("float32"), training=True)
    steps = [np.mean(np.abs(ops.convert_to_numpy(n.moving_mean) - mean) / deviation)
             for n, (mean, deviation) in zip(norms, before, strict=True)]
    told = (top.predict_on_batch(acts_val[TOP]) @ kernel + bias).argmax(axis=1)
    return float(np.mean(steps)), 100 * float(np.mean(told == y_val))

# %%
for layer in norms:
    layer.trainable = True
print(f"{len(norms)} such layers, momentum {norms[0].momentum}")
behind = {"never called": called(0)} | {
    f"batches of {b}": called(b) for b in (32, 8, 2)}
for layer in norms:
    layer.trainable = False
behind["batches of 2, frozen"] = called(2)
for name, (step, score) in behind.items():
    print(f"{name:21s} averages moved by {step:.3f} standard deviations, {score:.1f} %")
base.set_weights(original)

assert behind["batches of 2, frozen"] == behind["never called"]
assert behind["batches of 2"][0] > 0

# %% [markdown]
# The kept averages belong to the weights: the next layer was trained with numbers that were scaled so. The
# averages of *your* images are others, and the smaller the batch, the noisier they are. How much it costs
# depends on the momentum (the share of the old that is kept at each call) and on the number of calls; that it
# happens at all is what surprises.
#
# So, when you fine-tune with little data:
#
# - **freeze the batch normalisation layers** (`layer.trainable = False`): in Keras a frozen one uses its kept
#   averages, in `fit` too;
# - do not rely on `base(inputs, training=False)`: in Keras 3, `fit` calls the model with `training=True`, and in
#   a model like this one that reaches all its layers;
# - with much data and large batches you may let them move. Then look at the validation curve.
#
# ## All four ways, one table
#
# The same subsets, the same test images, as promised. From scratch: the small network of lecture 1, with its
# own, larger rate and more epochs.

# %%
STEPS, FLAT_STEPS = budget.choose(ci=(120, 60), cpu=(1200, 400))


def small_network(widths=(16, 32, 64), pooled=True, rate=0.004, steps=STEPS):
    """A small network: pooled as in lecture 1, or flat and without norms."""
    stack = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 127.5, offset=-1)]
    for number, width in enumerate(widths):
        norm = pooled and number > 0
        stack.append(layers.Conv2D(width, 3 if pooled else 5, strides=1 if pooled else 2,
                                   padding="same", use_bias=not norm))
        stack += [layers.BatchNormalization(momentum=0.9)] if norm else []
        stack.append(layers.ReLU())
        stack += [layers.MaxPooling2D(2)] if pooled and number < 2 else []
    end = [layers.GlobalAveragePooling2D()] if pooled else [layers.Flatten()]
    model = keras.Sequential([*stack, *end, layers.Dense(10)])
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, steps, rate / 50)
    model.compile(optimizer=keras.optimizers.Adam(schedule),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  steps_per_execution=training.steps_at_once(10))
    return model

# %%
def beginnings(**options):
    """A compiled network, and its first weights for each seed."""
    weights = {}
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        model = small_network(**options)
        weights[seed] = model.get_weights()
    return model, weights


def from_scratch(network, images, labels, seed, steps=STEPS):
    """Train from this seed's start, so many steps."""
    model, weights = network
    training.reset(model, weights[seed])
    dice, rounds = np.random.default_rng(seed), -(-steps * BATCH // len(labels))
    order = np.concatenate([dice.permutation(len(labels)) for _ in range(rounds)])
    order = order[:steps * BATCH]
    model.fit(images[order], labels[order], batch_size=BATCH, shuffle=False, verbose=0)
    return model


small = beginnings()

# %%
pixels, pixels_val = cifar.train.images, cifar.validation.images
found = [knn.nearest(pixels[rows], pixels_val, 15)[0] for rows in subsets]
VOTERS = max((1, 5, 15), key=lambda v: np.mean(
    [np.mean(knn.vote(y[rows][f[:, :v]], n_classes=10) == y_val)
     for rows, f in zip(subsets, found, strict=True)]))
print(f"chosen on validation images: {VOTERS} neighbours, k = {K} pieces unfrozen")

x_test, y_test = enlarged(cifar.test.images), cifar.test.labels
below = cuts.predict(x_test, batch_size=50, verbose=0)
test_features = below[KS.index(0)]
test_at_cut = x_test if K == PIECES else below[KS.index(K)]

# %%
WAYS = ("pixels + kNN", "from scratch", "features + logistic regression", "fine-tuned")
result = {way: [] for way in WAYS}
for seed, rows in zip(SEEDS, subsets, strict=True):
    near, _ = knn.nearest(pixels[rows], cifar.test.images, VOTERS)
    result[WAYS[0]].append(100 * np.mean(knn.vote(y[rows][near], n_classes=10) == y_test))
    trained = from_scratch(small, pixels[rows], y[rows], seed)
    result[WAYS[1]].append(accuracy(trained, cifar.test.images, y_test))
    with threadpool_limits(1):
        fitted = head().fit(acts[0][rows], y[rows])
    result[WAYS[2]].append(100 * fitted.score(test_features, y_test))
    above[K][1].set_weights(tuned[K, seed])
    result[WAYS[3]].append(accuracy(above[K][1], test_at_cut, y_test))
for way, values in result.items():
    print(f"test, {way:31s} {rounded(*interval(values))} %")
base.set_weights(original)

# %%
plots.bars({way: interval(v) for way, v in result.items()},
           xlabel=f"accuracy in % ({len(y_test)} test images, 95 % intervals)",
           title=f"Four ways, {len(subsets[0])} labelled images each, {SIZE} px")
gap = np.subtract(result["fine-tuned"], result["features + logistic regression"])
print("fine-tuned against features, by subset: "
      + ", ".join(f"{g:+.1f}" for g in gap) + " points")
print("in points:", verdict(result["fine-tuned"],
                            result["features + logistic regression"], paired=True))

# %% [markdown]
# The large step is from nothing to *features*. Fine-tuning is about the last few points, for much more work
# and with many more ways to go wrong; with few images it may gain nothing, or lose (Kumar and others 2022
# show how it bends good features). Three subsets are too few to say which it was here.
#
# ## When transfer hurts
#
# ImageNet is photographs: objects, lit from above, in colours, with texture. What if your images are nothing of
# the kind? Three sets, further and further away:
#
# - **digits** (MNIST), as grey RGB images;
# - **shuffled digits**: the same permutation of the pixels for all images. Nothing is lost (the permutation could
#   be undone), but neighbours are no longer neighbours;
# - **dots**: a drawn disc on black; the class is the tenth of the picture's *width* where it stands. ImageNet's
#   classes do not depend on where a thing is, and the average at the end throws the place away.
#
# > **Predict, then run.** Three methods: logistic regression on **pixels**, the same on ImageNet **features**, a
# > small network from **scratch**. Who wins on each set? And for which methods does shuffling change *nothing*?

# %%
FEW = budget.choose(ci=(20, 60, 200), cpu=(20, 60, 200, 600))
permutation = np.random.default_rng(0).permutation(28 * 28)
mnist = data.load("mnist", train=3 * FEW[-1], validation=300, test=0)
FEW = tuple(n for n in FEW if 3 * n <= len(mnist.train))  # a sample has fewer
print(mnist)


def on_32(grey):
    """28 x 28 grey images in the middle of 32 x 32 RGB ones."""
    padded = np.pad(grey[..., 0], ((0, 0), (2, 2), (2, 2)))
    return np.repeat(padded[..., None], 3, axis=3)


def shuffled(images):
    return images.reshape(len(images), -1)[:, permutation].reshape(images.shape)


def dots(n, seed):
    """n images of one disc, and the tenth of the width where it stands."""
    dice = np.random.default_rng(seed)
    across, down = dice.uniform(2, 29.99, n), dice.uniform(3, 28, n)
    rows, columns = np.mgrid[:32, :32]
    far = np.hypot(rows - down[:, None, None], columns - across[:, None, None])
    grey = (255 * np.clip(3.5 - far, 0, 1)).astype("uint8")
    return np.repeat(grey[..., None], 3, axis=3), ((across - 2) / 2.8).astype(int)

# %%
parts = [mnist.train, mnist.validation]
sets = {"digits": [(on_32(p.images), p.labels) for p in parts],
        "shuffled digits": [(on_32(shuffled(p.images)), p.labels) for p in parts],
        "dots": [dots(3 * FEW[-1], seed=1), dots(300, seed=2)]}
tiles = [images[i] for (images, _), _ in sets.values() for i in range(8)]
plots.image_grid(tiles, columns=8, scale=0.7, title="Digits, shuffled digits, dots",
                 alt="Three rows of eight small images: white digits on black; white "
                     "speckles on black, in which no digit can be seen; one white disc "
                     "on black, each at another place.")

# %%
features = {name: [base.predict(enlarged(images), batch_size=50, verbose=0)
                   for images, _ in pair] for name, pair in sets.items()}
flat_network = beginnings(widths=(16, 32), pooled=False, rate=0.002, steps=FLAT_STEPS)
METHODS = ("pixels", "features", "from scratch")
outcome = {name: np.zeros((len(METHODS), len(FEW), len(SEEDS))) for name in sets}
for name, ((images, labels), (checks, answers)) in sets.items():
    flat, flat_checks = (a[..., 0].reshape(len(a), -1) / 255 for a in (images, checks))
    for column, n in enumerate(FEW):
        for seed in SEEDS:
            rows = np.arange(seed, len(labels), 3)[:n]
            with threadpool_limits(1):
                on_pixels = LogisticRegression(C=0.1, max_iter=1000).fit(flat[rows],
                                                                         labels[rows])
                on_features = head().fit(features[name][0][rows], labels[rows])
            trained = from_scratch(flat_network, images[rows], labels[rows], seed,
                                   FLAT_STEPS)
            outcome[name][:, column, seed] = (
                100 * on_pixels.score(flat_checks, answers),
                100 * on_features.score(features[name][1], answers),
                accuracy(trained, checks, answers))

# %%
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.4), layout="constrained", sharey=True)
told = []
for ax, (name, values) in zip(axes, outcome.items(), strict=True):
    for number, method in enumerate(METHODS):
        mean, spread = values[number].mean(axis=1), values[number].std(axis=1, ddof=1)
        ax.errorbar(FEW, mean, spread, marker=plots.MARKERS[number], capsize=3,
                    color=plots.COLOURS[number], label=method)
        told.append(f"{name}, {method}: {mean[0]:.0f} to {mean[-1]:.0f} %")
    ax.set(xscale="log", title=name, xlabel="training images")
    ax.set_xticks(FEW, [str(n) for n in FEW])
    ax.minorticks_off()
axes[0].set_ylabel("accuracy in % (validation)")
axes[0].legend(fontsize=8)
plots.show(fig, alt="Accuracy against training images, three sets. "
                    + "; ".join(told) + ".")

# %%
for name, values in outcome.items():
    last = dict(zip(METHODS, values[:, -1], strict=True))
    print(f"{name:16s}" + ", ".join(f"{method} {rounded(*interval(numbers))}"
                                    for method, numbers in last.items()) + " %")
    for other in ("pixels", "from scratch"):
        told = verdict(last["features"], last[other], paired=True, comparisons=6)
        print(f"{'':16s}features against {other}: {told}")
change = (outcome["shuffled digits"] - outcome["digits"])[:, -1]
told = ", ".join(f"{method} by {points.mean():+.1f}"
                 for method, points in zip(METHODS, change, strict=True))
print(f"shuffling changes {told} points")

assert np.abs(change[0]).max() < 1.5

# %% [markdown]
# (Six comparisons, seed by seed. The strength of the penalty was not tuned: $C = 0.1$ for pixels, 0.01 for
# features. And all images were enlarged to the same size.)
#
# Logistic regression on pixels does not know which pixel is whose neighbour, so it does not notice the
# shuffling. The network from scratch notices, but it can *learn* which filters serve here. The features
# cannot: their filters look for edges and textures, and shuffled digits have none. A prior is an assumption.
# It pays when it is right, and costs when it is wrong: on the shuffled digits it costs dozens of points.
#
# Digits and dots are subtler. Edges are there, and the network surely sees them. But digits are so easy that a
# few images teach what is really needed; and the dots ask *where*, which ImageNet's classes never did.
#
# > **Question.** Three seeds and untuned penalties: what would you have to do before you said that transfer
# > helps, or hurts, on the digits or on the dots? (With larger images and a tuned $C$, both can turn.)
#
# ### How far away?
#
# Can one know *before* training? The network remembers its source: each batch normalisation layer keeps the
# mean and variance of what came in on ImageNet. So let new images through, and measure how far each channel's
# mean has gone from the kept one, in kept standard deviations. Zero would be: looks like ImageNet.

# %%
LEVELS = {"first": ("Conv1", "bn_Conv1"),
          "block 6": ("block_6_project", "block_6_project_BN"),
          "last": ("Conv_1", "Conv_1_bn")}
look = keras.Model(base.input,
                   [base.get_layer(conv).output for conv, _ in LEVELS.values()])
seen = {"photographs": pixels_val} | {name: pair[1][0] for name, pair in sets.items()}
away = {}
for name, images in seen.items():
    outputs = look(enlarged(images[:100]).astype("float32"), training=False)
    away[name] = []
    for (_, norm), out in zip(LEVELS.values(), outputs, strict=True):
        norm = base.get_layer(norm)
        mean, variance = (ops.convert_to_numpy(v) for v in (norm.moving_mean,
                                                            norm.moving_variance))
        z = ops.convert_to_numpy(out).mean(axis=(0, 1, 2)) - mean
        away[name].append(np.mean(np.abs(z) / np.sqrt(variance + norm.epsilon)))

# %%
plus = {name: v[1, -1].mean() - v[2, -1].mean() for name, v in outcome.items()}
plus["photographs"] = np.mean(result[WAYS[2]]) - np.mean(result[WAYS[1]])
for name, distances in away.items():
    print(f"{name:16s}" + ", ".join(f"{level} {d:.2f}" for level, d in
                                    zip(LEVELS, distances, strict=True))
          + f"; features - scratch {plus[name]:+.1f} points")

# %% [markdown]
# The **domain distance** is a warning, not a verdict. It says how unlike the images are, and its levels disagree:
# at the last one the shuffled digits are nearer to ImageNet than the digits, although transfer is worth far less on
# them. Whether transfer pays depends on the question that is asked of the images as well (the dots are simple
# pictures, and the trouble is *what* we ask), and on how many labelled images you have. Raghu and others (2019)
# looked at medical pictures: large ImageNet networks were hardly better there than small ones from scratch. The only
# proof is the comparison that you have just seen: features, scratch and plain pixels, on **your** validation images.

# %% tags=["remove-cell"]
from helpers.record import record

for layer in base.layers:  # the base has its original weights again
    whole.get_layer(layer.name).set_weights(layer.get_weights())
told = ops.convert_to_numpy(whole(pair.astype("float32"), training=False))
by_logistic, by_dense = [], []
for seed, rows in zip(SEEDS, subsets, strict=True):
    with threadpool_limits(1):
        fitted = head().fit(acts[0][rows], y[rows])
    by_logistic.append(100 * fitted.score(acts_val[0], y_val))
    only_head.set_weights(heads[seed])
    by_dense.append(accuracy(only_head, acts_val[0], y_val))
dice = np.random.default_rng(0)
points, classes = dice.normal(3, 2, (30, 4)), dice.integers(0, 3, 30)
kernel, bias = as_dense(make_pipeline(
    StandardScaler(), LogisticRegression()).fit(points, classes))
record(
    weights_from=base.source, differ_at_most=apart,
    largest_logit=np.abs(by_whole).max(),
    heads={"logistic regression": by_logistic, "as Dense": by_dense},
    small_head={"x": points, "y": classes, "kernel": kernel, "bias": bias},
    lost_by_features=lost,
    untouched_calls_the_cat=pretrained.decode(told)[0][0][0],
    averages_moved={name: step for name, (step, _) in behind.items()},
    tested=result, methods=METHODS,
    # Of each set: a row for each method, with all images of each seed.
    other_sets={name: table[:, -1] for name, table in outcome.items()},
    distances=[{"set": name, **dict(zip(LEVELS, distances, strict=True))}
               for name, distances in away.items()])

# %% [markdown]
# ## Self-test
#
# **1.** You set `layer.trainable = True` and call `fit` again without `compile`. With TensorFlow, what happens?
#
# (a) the layer is trained; (b) the layer stays as it was; (c) all weights are drawn anew
#
# <details><summary>Answer</summary>
#
# **(b).** The training step was built when the layer was frozen, and is used again. (a) needs `compile`. (c)
# Neither `fit` nor `compile` touches the weights' values.
# </details>
#
# **2.** Why is the head trained first, with the network frozen?
#
# (a) its random weights would send large, meaningless gradients down; (b) Keras demands it; (c) the head would
# otherwise not be trained at all
#
# <details><summary>Answer</summary>
#
# **(a).** You saw what became of the features. (b) Keras lets you wreck what you like. (c) It would be trained,
# together with all the rest.
# </details>
#
# **3.** You fine-tune with learning rate 0 by mistake, in batches of 2, batch normalisation not frozen. What
# has changed afterwards?
#
# (a) nothing; (b) the kept averages, and with them the answers; (c) the kernels
#
# <details><summary>Answer</summary>
#
# **(b).** They follow the batches without any gradient. (a) is what one would like to believe. (c) Their change
# is rate times something: zero.
# </details>
#
# **4.** When may the activations at a cut be kept in a file?
#
# (a) always; (b) if nothing below the cut changes or is random; (c) only right behind the last layer
#
# <details><summary>Answer</summary>
#
# **(b).** Then each epoch would compute the same again. (a) Augmentation below the cut makes new ones each
# time. (c) Any cut will do; lower ones only need more memory and more work above.
# </details>
#
# **5.** Your images are spectra: each a line of 784 numbers, folded into 28 x 28. What would you try first?
#
# (a) ImageNet features; (b) logistic regression on the numbers; (c) fine-tuning everything
#
# <details><summary>Answer</summary>
#
# **(b).** Neighbours in such a picture mean little, as with the shuffled digits, and a plain baseline is needed
# anyway. (a) Try it second, for comparison. (c) is the dearest way, from a start that hardly fits.
# </details>
#
# ## Take-aways
#
# 1. Freeze, train the head, unfreeze, compile again, small rate; and prove with a number what moved.
# 2. Below the cut everything is fixed: keep the activations, and the unfreezing curve is cheap.
# 3. A random head, all unfrozen, a large rate: the features are gone in a few dozen steps.
# 4. Batch normalisation moves without gradients. Freeze it when data are few.
# 5. Transfer is a prior. On images, or questions, unlike the source it can hurt: compare with scratch and pixels.
#
# ## References
#
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson (2014). How transferable are features in deep neural networks?
#   *NeurIPS*. https://arxiv.org/abs/1411.1792
# - J. Howard, S. Ruder (2018). Universal language model fine-tuning for text classification (discriminative
#   learning rates, gradual unfreezing). *ACL*. https://arxiv.org/abs/1801.06146
# - M. Raghu, C. Zhang, J. Kleinberg, S. Bengio (2019). Transfusion: understanding transfer learning for medical
#   imaging. *NeurIPS*. https://arxiv.org/abs/1902.07208
# - S. Kornblith, J. Shlens, Q. V. Le (2019). Do better ImageNet models transfer better? *CVPR*.
#   https://arxiv.org/abs/1805.08974
# - A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang (2022). Fine-tuning can distort pretrained features and
#   underperform out-of-distribution. *ICLR*. https://arxiv.org/abs/2202.10054
# - R. M. French (1999). Catastrophic forgetting in connectionist networks. *Trends in Cognitive Sciences* 3(4),
#   128–135. https://doi.org/10.1016/S1364-6613(99)01294-2
# - S. Ioffe, C. Szegedy (2015). Batch normalization: accelerating deep network training by reducing internal
#   covariate shift. *ICML*. https://arxiv.org/abs/1502.03167
# - M. Sandler et al. (2018). MobileNetV2: inverted residuals and linear bottlenecks. *CVPR*.
#   https://arxiv.org/abs/1801.04381
