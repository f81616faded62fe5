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
# # Augmentation
#
# Turn a photograph of a cat over like a page, and it is still a cat. Everybody knows that, except your
# network: for it, the two pictures have hardly a number in common. You could tell it with a million more
# photographs. Or you could take those that you have, and turn them over yourself. The second way is cheap,
# and it is an oath: *this change does not change the label*. Today we take the oath for many changes, and
# find some for which it is perjury. A 6, turned upside down, is a 9.
#
# **After this lecture you can**
#
# - say what augmentation assumes about a task, and show that a network does not know it by itself;
# - use Keras's augmentation layers, and MixUp, CutMix and RandAugment, and say what each does to the pixels
#   *and to the labels*;
# - avoid their traps: value ranges, borders, one-sided factors, seeds, draws per image and per batch;
# - prove with a number that nothing happens at prediction, and find transforms that break the label.
#
# **You need** week 3 (training in Keras, cross-entropy).
#
# **Time** about 40 minutes to read. **Cost** less than a minute on two cores with the small budget, a few
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import keras
import numpy as np
from keras import layers, ops
from skimage import data as photographs
from skimage.transform import resize

from helpers import budget, data, plots
from helpers.experiments import interval
from helpers.rounding import rounded

budget.describe()
SEEDS = (0, 1, 2)
DIGITS, CHECKS, EPOCHS = budget.choose(
    ci=(3000, 1000, 5), cpu=(10_000, 5000, 6), gpu=(50_000, 5000, 8))
mnist = data.load("mnist", train=DIGITS, validation=CHECKS, test=0)
cifar = data.load("cifar10", train=200, validation=0, test=0)
print(mnist)
print(cifar)


def photograph(name, top, left, side, size=160):
    """A square part of one of scikit-image's photographs, float32, 0 to 255."""
    part = getattr(photographs, name)()[top:top + side, left:left + side]
    part = resize(part, (size, size), preserve_range=True, anti_aliasing=True)
    return part.astype("float32")


cat = photograph("chelsea", 0, 80, 300)
cup = photograph("coffee", 0, 120, 400)
woman = photograph("astronaut", 0, 60, 320)

# %% [markdown]
# ## What a network does not know
#
# Train a small network on digits, briefly, three times. Then move the *validation* digits by a few pixels.
# MNIST's digits are all centred; no one ever told the network that a 3 further left is a 3.
#
# > **Predict, then run.** Shift by 0, 1, 2, 4 and 6 pixels to the right. How far does the accuracy fall?

# %%
def small_network():
    model = keras.Sequential([
        keras.Input((28, 28, 1), dtype="uint8"), layers.Rescaling(1 / 255),
        layers.Conv2D(12, 5, strides=2, padding="same", activation="relu"),
        layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(10)])
    model.compile(optimizer=keras.optimizers.Adam(0.003), metrics=["accuracy"],
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


readers = []  # three networks that differ in their seed only
for seed in SEEDS:
    keras.utils.set_random_seed(seed)
    model = small_network()
    model.fit(mnist.train.images, mnist.train.labels, batch_size=32, epochs=EPOCHS,
              verbose=0)
    readers.append(model)

# %%
digits, truth = mnist.validation.images, mnist.validation.labels


def scores(images, labels=truth):
    """Accuracy in % of each of the three networks."""
    images = np.ascontiguousarray(images)  # flips are views; Torch wants none
    said = [model.predict_on_batch(images).argmax(axis=1) for model in readers]
    return np.array([100 * np.mean(answer == labels) for answer in said])


def moved(images, right):
    """Shift to the right; black comes in from the left."""
    return np.pad(images, ((0, 0), (0, 0), (right, 0), (0, 0)))[:, :, :images.shape[2]]


SHIFTS = (0, 1, 2, 4, 6)
by_shift = {right: scores(moved(digits, right)) for right in SHIFTS}
for right, values in by_shift.items():
    print(f"shifted by {right}: {rounded(*interval(values))} %")

assert by_shift[0].mean() > by_shift[4].mean() > by_shift[6].mean()

# %% [markdown]
# Sharing weights (week 2) makes the *feature maps* move along with the image. The dense layer above still
# learned where the strokes usually are. Every invariance that is not built into the network has to be in the
# data; if it is not in the data, **augmentation** puts it there.
#
# Seen as statistics, it is a **prior**: before any image has been seen, you state that $p(\text{label} \mid
# x) = p(\text{label} \mid T(x))$ for the transforms $T$ that you chose. If it is true, each image is worth
# several. If it is false, you teach a mistake.
#
# ## The layers, seen
#
# Keras has augmentation as layers. Each takes a batch of images with values from 0 to 255. One cat in five
# copies through four of them, then a cup through three more:
#
# > **Predict, then run.** The factor of a shift, a zoom, a rotation: a share of what? What will
# > `RandomRotation(0.1)` do at most: 0.1 degrees, 10 degrees, 36 degrees?

# %%
def drawn(layer, image, copies=5):
    """Several draws of a layer for one image, as uint8."""
    batch = np.repeat(image[None], copies, axis=0)
    out = ops.convert_to_numpy(layer(batch, training=True))
    return list(np.clip(out.round(), 0, 255).astype("uint8"))


def rows(table, image, title):
    """A figure: one row for each layer, the image itself at the left."""
    pictures, titles = [], []
    for name, layer in table.items():
        pictures += [image.astype("uint8"), *drawn(layer, image)]
        titles += ["original"] + [name] * 5
    plots.image_grid(pictures, titles, columns=6, scale=1.35, title=title)


keras.utils.set_random_seed(1)
rows({"flip": layers.RandomFlip("horizontal"),
      "shift 0.2": layers.RandomTranslation(0.2, 0.2),
      "rotation 0.1": layers.RandomRotation(0.1),
      "zoom 0.4": layers.RandomZoom(0.4)}, cat, "Where the pixels are")

# %%
keras.utils.set_random_seed(1)
rows({"brightness 0.3": layers.RandomBrightness(0.3),
      "contrast ±0.7": layers.RandomContrast((0.7, 0.7)),
      "erasing": layers.RandomErasing((1.0, 1.0), scale=(0.05, 0.2), fill_value=127)},
     cup, "What the pixels are")

# %% [markdown]
# The last one is **cut-out**: a rectangle is erased, so that the network may not hang everything on one
# detail. Now measure what the factors mean, on a white square of 16 × 16 pixels in a black picture.

# %%
square = np.zeros((1, 64, 64, 1), "float32")
square[:, 24:40, 24:40] = 1
black = {"fill_mode": "constant", "fill_value": 0.0}


def area(layer):
    return float(ops.sum(layer(square, training=True)))


down = layers.RandomTranslation((0.25, 0.25), (0, 0), **black)(square, training=True)
centre = np.average(np.arange(64), weights=ops.convert_to_numpy(down)[0].sum(axis=(1, 2)))
print(f"RandomTranslation 0.25 of 64 pixels: centre from row 31.5 to row {centre}")
for factor in (0.5, -0.5):
    after = area(layers.RandomZoom((factor, factor), **black))
    print(f"RandomZoom {factor:+}: area {square.sum():.0f} -> {after:.0f}")
stroke = np.zeros((1, 65, 65, 1), "float32")
stroke[0, 32, 32:] = 1  # from the centre to the right
turned = layers.RandomRotation((0.1, 0.1), **black)(stroke, training=True)
where = ops.convert_to_numpy(turned)[0, ..., 0]
up = 32 - np.average(np.arange(65), weights=where.sum(axis=1))
right = np.average(np.arange(65), weights=where.sum(axis=0)) - 32
print(f"RandomRotation 0.1: {abs(np.degrees(np.arctan2(up, right))):.0f} degrees, "
      f"{'against' if up > 0 else 'with'} the clock")

# %% [markdown]
# So: shifts are a share of height and width; a rotation is a share of a **full turn**, 0.1 is 36 degrees; a
# *positive* zoom makes the image *smaller* ("zoom out"). One number means "from minus to plus that".
#
# Or nearly always. Measure, too, what a single number does to contrast and erasing:

# %%
halves = np.full((2000, 8, 8, 1), 100, "float32")
halves[:, :, 4:] = 156
for factor in (0.5, (0.5, 0.5)):
    contrast = layers.RandomContrast(factor, seed=0)
    out = ops.convert_to_numpy(contrast(halves, training=True))
    times = (out[:, 0, 7, 0] - out[:, 0, 0, 0]) / 56
    print(f"RandomContrast({factor}): contrast times {times.min():.2f} to "
          f"{times.max():.2f}")
for factor in (1.0, (1.0, 1.0)):
    erase = layers.RandomErasing(factor, scale=(0.02, 0.33), fill_value=0, seed=0)
    gone = ops.convert_to_numpy(erase(halves, training=True)) == 0
    print(f"RandomErasing({factor}): {gone.any(axis=(1, 2, 3)).mean():.0%} of the images")

# %% [markdown]
# If the first line begins at 1.00, then in your version of Keras a single number only ever *raises* the
# contrast; and `RandomErasing(1.0)` does not mean "always": each image draws its own probability between 0
# and 1. A pair of numbers says what you mean. **Look at the images, and measure, before you train.**
#
# ## Traps: values and borders
#
# Layers that change values must know the range. Their default is 0 to 255.
#
# > **Predict, then run.** You have divided by 255, and forget to say so. What does `RandomBrightness(0.2)`
# > do to an image with values from 0 to 1?

# %%
keras.utils.set_random_seed(0)
scaled = np.repeat(cup[None] / 255, 200, axis=0)[:, ::8, ::8]
for name, layer in {
        "value_range left out": layers.RandomBrightness(0.2),
        "value_range=(0, 1)": layers.RandomBrightness(0.2, value_range=(0, 1))}.items():
    out = ops.convert_to_numpy(layer(scaled, training=True))
    print(f"{name:21s} values from {out.min():.2f} to {out.max():.2f}; "
          f"{np.mean(out.max(axis=(1, 2, 3)) == 0):.0%} of the images entirely black")

# %% [markdown]
# No error, no warning: half of the images are black and the others glow. The same holds for contrast,
# erasing and RandAugment.
#
# The second trap is the border. What comes in where the image has been moved away?

# %%
fills = {}
for fill in ("reflect", "wrap", "nearest", "constant"):
    move = layers.RandomTranslation((-0.25, -0.25), (0.3, 0.3), fill_mode=fill)
    fills[f"{fill}"] = drawn(move, cat, 1)[0]
    digit = np.repeat(mnist.train.images[4].astype("float32"), 3, axis=-1)
    fills[f"{fill} "] = drawn(move, digit, 1)[0]
ordered = list(fills)[::2] + list(fills)[1::2]
plots.image_grid([fills[name] for name in ordered], ordered, columns=4, scale=1.6,
                 title="Moved up and to the right: four ways to fill",
                 alt="A cat and a digit, both moved up and to the right, with the gap "
                     "mirrored, wrapped around, smeared from the edge, and black.")

# %% [markdown]
# `reflect` is Keras's default, and good for photographs: no hard edge. But it invents: a second ear, or half
# a digit more. `wrap` tears the image apart. `constant` is right where the background *is* constant, as in
# MNIST; in photographs a black border is a mark that real images never carry.
#
# ## MixUp: the label moves too
#
# **MixUp** takes two images and lays one over the other, with weights $\lambda$ and $1 - \lambda$, and does
# *the same to the labels*:
#
# $$\tilde x = \lambda x_1 + (1-\lambda) x_2, \qquad \tilde y = \lambda y_1 + (1-\lambda) y_2.$$
#
# With the classes cat, cup, woman, a cat is (1, 0, 0) and a cup (0, 1, 0). With $\lambda = 0.7$:

# %%
CLASSES = ["cat", "cup", "woman"]
lam = 0.7
mixed_label = lam * np.array([1, 0, 0]) + (1 - lam) * np.array([0, 1, 0])
print(f"label: {lam} x (1, 0, 0) + {1 - lam:.1f} x (0, 1, 0) = "
      f"({', '.join(f'{value:.1f}' for value in mixed_label)})")
a, b = cat[80, 80, 0], cup[80, 80, 0]
mixed_pixel = lam * a + (1 - lam) * b
print(f"one pixel, red: {lam} x {a:.1f} + {1 - lam:.1f} x {b:.1f} = {mixed_pixel:.1f}")
told = np.array([0.6, 0.3, 0.1])  # what some network answers
loss = -np.sum(mixed_label * np.log(told))
print(f"cross-entropy of the answer {told.tolist()}: {loss:.4f}; "
      f"{lam} x {-np.log(0.6):.4f} + {1 - lam:.1f} x {-np.log(0.3):.4f} = "
      f"{-lam * np.log(0.6) - (1 - lam) * np.log(0.3):.4f}")

# %% [markdown]
# The last line shows what a mixed label *means*: the loss is the same mixture of the two losses. The network
# is asked to be 70 % sure of the cat, and not more. Keras's layer takes a dictionary, since it has to see the
# labels. It mixes each image with another one of its batch, and draws $\lambda$ for each image from a
# Beta($\alpha$, $\alpha$) distribution.

# %%
images = np.stack([cat, cup, woman])
labels = np.eye(3, dtype="float32")
batch = {"images": images, "labels": labels}
out = layers.MixUp(alpha=0.8, seed=17)(dict(batch), training=True)  # writes into its dict
mixed, soft = (ops.convert_to_numpy(out[key]) for key in ("images", "labels"))
titles = ["\n".join(f"{share:.2f} {name}" for share, name
                    in zip(label, CLASSES, strict=True) if share) for label in soft]
for title in titles:
    print(title.replace("\n", " + "))
np.testing.assert_allclose(mixed, np.tensordot(soft, images, axes=1), atol=1e-2)

plots.image_grid(np.clip(mixed, 0, 255).astype("uint8"), titles, scale=2,
                 title="MixUp: the images, and their labels")

# %% tags=["remove-cell"]
from helpers.record import record

record(mixup_labels=soft, mixup_means=mixed.mean(axis=(1, 2, 3)),
       means=images.mean(axis=(1, 2, 3)))

# %% [markdown]
# The assertion is the definition: the images are mixed with *exactly* the shares that the labels show.
#
# Two things to know. Small $\alpha$ mixes little: most $\lambda$ lie near 0 or 1. And labels must be one-hot
# vectors. With plain class numbers, a "mixture" of class 3 and class 8 would be 0.7 × 3 + 0.3 × 8 = 4.5, half
# deer, half dog. Keras does not stop you:

# %%
draws = np.random.default_rng(0)
for alpha in (0.2, 1.0, 5.0):
    lams = draws.beta(alpha, alpha, 100_000)
    far = np.mean((lams > 0.1) & (lams < 0.9))
    print(f"alpha {alpha}: {far:.0%} of the mixtures have both shares above 0.1")
wrong = layers.MixUp(0.3, seed=0)({"images": images, "labels": np.array([3.0, 8.0, 5.0])},
                                  training=True)
print(f"class numbers as labels: shape {tuple(wrong['labels'].shape)} instead of (3,)")

# %% [markdown]
# **CutMix** does not blend, it pastes: a rectangle of one image into another, and the label gets the **share
# of the area**.

# %%
out = layers.CutMix(seed=17)(dict(batch), training=True)
pasted, soft = (ops.convert_to_numpy(out[key]) for key in ("images", "labels"))
titles = ["\n".join(f"{share:.2f} {name}" for share, name
                    in zip(label, CLASSES, strict=True) if share)
          for label in soft]
plots.image_grid(np.clip(pasted, 0, 255).astype("uint8"), titles, scale=2,
                 title="CutMix: the images, and their labels")

# %%
origin = np.stack([np.all(pasted == images[k], axis=-1) for k in range(3)])
counted = origin.mean(axis=(2, 3)).T  # row i: shares of image i
for pixels, label in zip(counted, soft, strict=True):
    print("pixels " + " ".join(f"{share:.3f}" for share in pixels)
          + "   label " + " ".join(f"{share:.3f}" for share in label))

np.testing.assert_allclose(counted, soft, atol=0.02)

# %% [markdown]
# Equal but for a row or a column of pixels at the edge of the rectangle, where sizes are rounded.
#
# ## RandAugment
#
# Which transforms, how strong? **RandAugment** reduces the search to two numbers: how many transforms in a row
# (`num_ops`) and how strong (`factor`). Which ones, chance decides, from a fixed list. But whose chance?
#
# > **Predict, then run.** Two batches of five equal images go through `RandAugment`. Are the five images
# > changed by the same operations, or each by its own?

# %%
keras.utils.set_random_seed(3)
rand = layers.RandAugment(factor=0.4)
pictures = drawn(rand, woman) + drawn(rand, woman) + drawn(rand, woman)
titles = [f"batch {batch}" for batch in (1, 2, 3) for _ in range(5)]
plots.image_grid(pictures, titles, columns=5, scale=1.5,
                 title="RandAugment: three batches of five copies",
                 alt="Three rows of five versions of a portrait. Within a row the same "
                     "kind of change, with different strengths; from row to row another "
                     "kind.")

# %%
several = np.repeat(woman[None, ::4, ::4], 8, axis=0)
choice = rand.get_random_transformation(several)["layer_idxes"]
kinds = layers.RandomFlip("horizontal", seed=0)
mirrored = kinds(np.repeat(several, 50, axis=0), training=True)
same = np.all(ops.convert_to_numpy(mirrored) == several[0], axis=(1, 2, 3))
print(f"RandAugment drew {len(choice)} operations for {len(several)} images together")
low, high = layers.RandAugment().random_rotation.factor
print(f"its rotations, as it comes: {360 * low:.0f} to {360 * high:.0f} degrees")
print(f"RandomFlip flipped {1 - same.mean():.0%} of {len(same)} equal images: "
      "each for itself")

# %% [markdown]
# Each image draws its own *strength*; but in this layer the whole batch shares the *operations*. Other
# libraries draw them for each image. If you want that: apply it to single images, before they are batched
# ([lecture 2](02_generators.ipynb)). And look at the second line printed: if a rotation may reach 180 degrees,
# this layer, as it comes, is not for digits. Why not, you will see at the end.
#
# ## Where it lives, and when it sleeps
#
# Two places. **Inside the model**, as its first layers: they run on the same device, and are saved with it.
# **In the input pipeline**, before the batch reaches the model: the CPU works while the GPU trains, and labels
# can change too (MixUp).
#
# > **Predict, then run.** A model with random layers inside answers twice to the same image. Are the answers
# > equal? For `predict`? For `model(x, training=True)`?

# %%
keras.utils.set_random_seed(0)
augment = keras.Sequential([
    layers.RandomTranslation(0.15, 0.15, **black), layers.RandomRotation(0.05, **black)])
inside = keras.Sequential([keras.Input((28, 28, 1), dtype="uint8"), augment, readers[0]])
some = digits[:200]
plain = readers[0].predict_on_batch(some)


def gap(first, second):
    """Largest difference of two sets of answers (logits)."""
    return float(ops.max(ops.abs(ops.subtract(first, second))))


print("predict twice:          ", gap(inside.predict_on_batch(some),
                                      inside.predict_on_batch(some)))
print("predict, without layers:", gap(inside.predict_on_batch(some), plain))
awake = [inside(some, training=True) for _ in range(2)]
print(f"training=True twice:     {gap(*awake):.1f}")
print(f"a bare layer, no word about training: "
      f"{gap(augment.layers[0](some), some.astype('float32')):.0f}")

assert gap(inside.predict_on_batch(some), plain) == 0

# %% [markdown]
# At prediction the layers hand the images through, to the last bit; `evaluate` and the validation inside
# `fit` do so as well. Only `fit` on training data, or you with `training=True`, wakes them.
#
# And the last line is the trap of the other place: **called on its own, a bare layer augments**, because its
# default is `training=True`. In a pipeline, give it to the training images only.
#
# | | inside the model | in the pipeline |
# |---|---|---|
# | off at prediction | by itself | you must not put it there |
# | runs on | the model's device, in each step | the CPU, while the model trains |
# | saved with the model | yes | no |
# | may change labels | no | yes |
#
# ## Seeds
#
# > **Predict, then run.** Two layers with the same seed: the same draws? One layer, called twice? And two
# > *different* layers with the same seed, one after the other in a model?

# %%
one, two = layers.RandomFlip(seed=5), layers.RandomFlip(seed=5)
first, twin, second = (ops.convert_to_numpy(layer(some, training=True))
                       for layer in (one, two, one))
print("same seed, two layers: ", "equal" if np.array_equal(first, twin) else "different")
print("one layer, called twice:",
      "equal" if np.array_equal(first, second) else "different")
grey = np.full((500, 2, 2, 1), 500, "float32")
grey[:, :, 1] = 510
wide = {"value_range": (0, 1000)}
light = layers.RandomBrightness(0.2, seed=1, **wide)(grey)
light = ops.convert_to_numpy(light)[:, 0, 0, 0]
for number in (1, 2):
    bent = layers.RandomContrast((0.5, 0.5), seed=number, **wide)(grey)
    bent = ops.convert_to_numpy(bent)
    bent = bent[:, 0, 1, 0] - bent[:, 0, 0, 0]
    print(f"brightness with seed 1, contrast with seed {number}: correlation "
          f"{np.corrcoef(light, bent)[0, 1]:+.2f}")

# %% [markdown]
# A seed starts a stream of numbers, and every call moves on in it (the place is kept in the layer, as a
# variable of the model). But **the same seed in two layers starts the same stream twice**: bright images are
# then always rich in contrast, dark ones always flat. Leave the seeds out and call
# `keras.utils.set_random_seed` once: each layer then gets its own. Does that repeat a whole training?

# %%
losses = []
for _ in range(2):
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((28, 28, 1), dtype="uint8"),
                              layers.RandomTranslation(0.1, 0.1, **black),
                              small_network()])
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(True))
    history = model.fit(mnist.train.images[:320], mnist.train.labels[:320], verbose=0)
    losses.append(history.history["loss"][0])
print(f"two trainings from the same seed: {losses[0]:.9f} and {losses[1]:.9f}")

# %% [markdown]
# On one machine and a CPU, yes. Other hardware or versions may differ in the last digits, and so may pipelines
# that work in parallel.
#
# ## Transforms that break the label
#
# Now the perjury. Four changes, on digits that the networks have never seen: mirrored, upside down (mirrored
# along the other axis), and turned by 90 and 180 degrees.
#
# > **Predict, then run.** Which digits survive a turn by 180 degrees? What will the network answer to a turned
# > 6, and how sure will it be?

# %%
CHANGES = {"as it is": lambda images: images,
           "mirrored": lambda images: images[:, :, ::-1],
           "upside down": lambda images: images[:, ::-1],
           "turned by 90": lambda images: np.rot90(images, axes=(1, 2)),
           "turned by 180": lambda images: images[:, ::-1, ::-1]}
examples = [int(np.flatnonzero(truth == digit)[3]) for digit in range(10)]
pictures, titles = [], []
for change in CHANGES.values():
    seen = np.ascontiguousarray(change(digits[examples]))
    answers = readers[0].predict_on_batch(seen).argmax(axis=1)
    pictures += list(seen)
    titles += [f"says {answer}" for answer in answers]
plots.image_grid(pictures, titles, columns=10, scale=0.95,
                 title="As they are, mirrored, upside down, turned by 90, turned by 180",
                 alt="Five rows with the digits 0 to 9, in each row changed in another "
                     "way, with the answer of a network above each. 0, 1 and 8 look the "
                     "same after most changes; the turned 6 looks like a 9.")

# %%
for name, change in CHANGES.items():
    values = scores(change(digits))
    print(f"{name:14s} {rounded(*interval(values))} % right")
turned = np.ascontiguousarray(CHANGES["turned by 180"](digits))
sure = [ops.convert_to_numpy(ops.softmax(model.predict_on_batch(turned)))
        for model in readers]
for digit, called in ((6, 6), (6, 9), (9, 9), (9, 6)):
    shares = [100 * np.mean(p[truth == digit].argmax(axis=1) == called) for p in sure]
    print(f"a turned {digit} is called {called} in {rounded(*interval(shares))} % "
          "of the cases")
mean_sure = np.mean([p[truth == 6].max(axis=1).mean() for p in sure])
print(f"how sure, for a turned 6: {mean_sure:.0%} on average")

# %%
table = np.zeros((10, 10), int)
for p in sure:
    np.add.at(table, (truth, p.argmax(axis=1)), 1)
plots.confusion_matrix(table, [str(digit) for digit in range(10)],
                       title="What the networks say to digits turned by 180 degrees")
kept = np.diag(table) / table.sum(axis=1)
print("answers that keep the label: " + ", ".join(
    f"{digit}: {share:.0%}" for digit, share in enumerate(kept)))

assert table[6, 9] > table[6, 6]

# %% [markdown]
# Look at the turned 6 and 9. Hardly one of them is still called by its label, many are called by the other's,
# and the network is sure of it. It is not wrong: **the picture is a 9 now**, and you would say so too.
# Whoever trains with such images and the label 6 orders the network to un-learn the difference. (What that
# costs, [lecture 3](03_does_it_help.ipynb) measures.) A mirrored 3 is another case: it is *no* digit. It does
# not lie, it only wastes capacity on pictures that never come.
#
# Photographs have such cases too. The cup fills about a third of its picture. A crop that is too small may
# show hardly any of it, and still be called "cup":

# %%
CUP = (8, 23, 98, 110)  # top, left, bottom, right of the cup in `cup`, by eye


def seen_share(side, times=2000):
    """Share of the cup that random square crops of this side show."""
    dice = np.random.default_rng(0)
    top, left = dice.integers(0, 160 - side + 1, (2, times))
    high = np.minimum(top + side, CUP[2]) - np.maximum(top, CUP[0])
    wide = np.minimum(left + side, CUP[3]) - np.maximum(left, CUP[1])
    return np.clip(high, 0, None) * np.clip(wide, 0, None) / (
        (CUP[2] - CUP[0]) * (CUP[3] - CUP[1]))


for side in (144, 112, 80, 60):
    share = seen_share(side)
    print(f"crops of {side} x {side} ({side**2 / 160**2:3.0%} of the area): "
          f"{np.mean(share < 0.25):4.0%} show less than a quarter of the cup")

# %%
crops, titles = [cup.astype("uint8")], ["cup"]
for side, top, left in ((112, 20, 10), (80, 80, 80), (48, 110, 112), (48, 112, 2)):
    part = cup[top:top + side, left:left + side]
    crops.append(resize(part, (160, 160), preserve_range=True).astype("uint8"))
    titles.append(f"{side} x {side}: cup?")
vehicle = cifar.train.images[np.flatnonzero(cifar.train.labels == 1)[14]]
crops += [vehicle[::-1]]
titles += ["car on its roof"]
plots.image_grid(crops, titles, columns=6, scale=1.5,
                 title="Do you still swear to the label?",
                 alt="The photograph of a cup of coffee, and four crops that show less "
                     "and less of it, the last two only wood or a saucer; and a small "
                     "photograph of a car upside down.")

# %% [markdown]
# A rule that goes a long way: a transform is allowed if **someone who sees only the result would give the same
# label**, and useful if **such images can turn up** when the network is in use. Ask both.
#
# | task | safe | breaks the label | safe but useless |
# |---|---|---|---|
# | digits | small shifts, small turns | turn by 180°, flips | |
# | pets | horizontal flip, crop, light | a crop without the pet | upside down |
# | traffic signs | light, scale | flip ("keep left"), large turns | |
# | ripe fruit | flips, turns, shifts | hue | |
# | cells under a microscope | all flips and turns | | perspective |

# %% tags=["remove-cell"]
from helpers.record import record


def array(layer, images):
    return ops.convert_to_numpy(layer(images, training=True))


erasing = layers.RandomErasing(1.0, scale=(0.02, 0.33), fill_value=0, seed=0)
bright = {
    "range left out": layers.RandomBrightness(0.2, seed=0),
    "range given": layers.RandomBrightness(0.2, value_range=(0, 1), seed=0)}
bright = {name: array(layer, scaled) for name, layer in bright.items()}
record(
    by_shift={str(right): values for right, values in by_shift.items()},
    moved_to_row=centre, rotated_by=np.degrees(np.arctan2(up, right)),
    zoomed_areas={str(by): area(layers.RandomZoom((by, by), **black))
                  for by in (0.5, -0.5)},
    contrast_factors=(times.min(), times.max()),  # of the pair (0.5, 0.5)
    erased={"pair": gone.any(axis=(1, 2, 3)).mean(), "number": np.any(
        array(erasing, halves) == 0, axis=(1, 2, 3)).mean()},
    brightened={name: {"lowest": out.min(), "highest": out.max(),
                       "black": np.mean(out.max(axis=(1, 2, 3)) == 0)}
                for name, out in bright.items()},
    mixture={"share": lam, "label": mixed_label, "pixels": (a, b),
             "pixel": mixed_pixel, "answer": told, "loss": loss},
    shape_of_mixed_numbers=tuple(wrong["labels"].shape),
    cutmix_labels=soft, cutmix_pixels=counted)

# %% tags=["remove-cell"]
from helpers.record import record

draws = np.random.default_rng(0)
bent = {seed: array(layers.RandomContrast((0.5, 0.5), seed=seed, **wide), grey)
        for seed in (1, 2)}
record(
    mixed_well={str(alpha): np.mean(np.abs(draws.beta(alpha, alpha, 100_000)
                                           - 0.5) < 0.4)
                for alpha in (0.2, 1.0, 5.0)},
    randaugment={"operations": len(choice), "images": len(several)},
    flipped=1 - same.mean(),
    differences={
        "predict twice": gap(inside.predict_on_batch(some),
                             inside.predict_on_batch(some)),
        "with and without": gap(inside.predict_on_batch(some), plain),
        "training twice": gap(*awake),
        "bare layer": gap(augment.layers[0](some), some.astype("float32"))},
    same_seed_is_equal=np.array_equal(first, twin),
    second_call_is_equal=np.array_equal(first, second),
    correlations={str(seed): np.corrcoef(light, out[:, 0, 1, 0]
                                         - out[:, 0, 0, 0])[0, 1]
                  for seed, out in bent.items()},
    losses_from_one_seed=losses,
    changed_digits={name: scores(change(digits))
                    for name, change in CHANGES.items()},
    turned_digits=table, kept=kept,
    lost_in_crops={str(side): np.mean(seen_share(side) < 0.25)
                   for side in (144, 112, 80, 60)})

# %% [markdown]
# ## Self-test
#
# **1.** You train with `RandomRotation(0.25)` on photographs of cats. By how much are they turned at most?
#
# (a) a quarter of a degree; (b) 25 degrees; (c) 90 degrees
#
# <details><summary>Answer</summary>
#
# **(c).** The factor is a share of a full turn: a quarter of 360 degrees, to either side. (a) and (b) take it
# for degrees or for a percentage of 100 degrees; (b) would be 0.07.
# </details>
#
# **2.** Two images, classes 0 and 2 of three, are mixed with $\lambda = 0.6$. The label of the mixture?
#
# (a) (0.6, 0, 0.4); (b) 0.8, since 0.6 × 0 + 0.4 × 2 = 0.8; (c) class 0, since it is the larger share
#
# <details><summary>Answer</summary>
#
# **(a).** One-hot labels are mixed like the images. (b) computes with class numbers, which are only names. (c)
# throws away what MixUp is about.
# </details>
#
# **3.** A model has `RandomFlip` inside. What happens in `model.predict(x)`?
#
# (a) half of the images are flipped; (b) nothing, `predict` runs with `training=False`; (c) the layer must be
# removed first
#
# <details><summary>Answer</summary>
#
# **(b).** We saw a difference of exactly 0. (a) is true in `fit`, and if you call the bare layer. (c) is not
# needed: the same model trains and predicts.
# </details>
#
# **4.** Validation accuracy does not move from chance, and the images were divided by 255 before
# `RandomContrast(0.3)` and `RandomBrightness(0.2)`. What do you check first?
#
# (a) the learning rate; (b) `value_range`; (c) the number of epochs
#
# <details><summary>Answer</summary>
#
# **(b).** With the default range, brightness adds up to ±51 to values between 0 and 1: black or glowing images.
# (a) and (c) are worth a look once the images have been looked at.
# </details>
#
# **5.** Which transform breaks the label for hand-written digits?
#
# (a) a shift by two pixels; (b) a turn by 5 degrees; (c) a turn by 180 degrees
#
# <details><summary>Answer</summary>
#
# **(c).** It makes a 9 of a 6. (a) and (b) are what hands and scanners do anyway.
# </details>
#
# ## Take-aways
#
# 1. Augmentation is a prior: you swear that a change keeps the label. A network does not know it by itself.
# 2. Factors are shares: of the side, of a full turn, of the range. Measure them; some are one-sided.
# 3. MixUp and CutMix change the labels with the images, so labels are one-hot and the place is the pipeline.
# 4. Inside a model the layers sleep at prediction; a bare layer augments. Seeds: one for all, none twice.
# 5. Before training, look at augmented images and ask: would I give this label, and can this image turn up?
#
# ## References
#
# - C. Shorten, T. M. Khoshgoftaar (2019). A survey on image data augmentation for deep learning. *Journal of
#   Big Data* 6, 60. https://doi.org/10.1186/s40537-019-0197-0
# - P. Y. Simard, D. Steinkraus, J. C. Platt (2003). Best practices for convolutional neural networks applied
#   to visual document analysis. *ICDAR*. https://doi.org/10.1109/ICDAR.2003.1227801
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012). ImageNet classification with deep convolutional neural
#   networks. *NeurIPS* 25, 1097–1105. Reprint: https://doi.org/10.1145/3065386
# - H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz (2018). mixup: beyond empirical risk minimization. *ICLR*.
#   https://arxiv.org/abs/1710.09412
# - T. DeVries, G. W. Taylor (2017). Improved regularization of convolutional neural networks with cutout.
#   https://arxiv.org/abs/1708.04552
# - Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang (2020). Random erasing data augmentation. *AAAI*.
#   https://arxiv.org/abs/1708.04896
# - S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe, Y. Yoo (2019). CutMix: regularization strategy to train strong
#   classifiers with localizable features. *ICCV*. https://arxiv.org/abs/1905.04899
# - E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le (2020). RandAugment: practical automated data augmentation with a
#   reduced search space. *CVPR Workshops*. https://arxiv.org/abs/1909.13719
