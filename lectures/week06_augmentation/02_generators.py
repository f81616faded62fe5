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
# # Data generators
#
# So far you handed a network all images at once, as one array. That ends on the day when the photographs do
# not fit into memory, or when every epoch shall see other versions of them. From then on a program has to
# fetch the files, decode them, shuffle, pack batches, and have each batch ready before the network asks for
# it. That program is a **data generator**. It has no accuracy, nobody publishes it, and it can ruin both of
# your results: the number at the end, by an order that was never random, and the time, by keeping an
# expensive processor waiting.
#
# **After this lecture you can**
#
# - compute whether a data set fits into memory, and read one from class folders instead;
# - name four traps of class folders: the order of the names, files that nobody sees, files that are no
#   images, and a validation split that leaks;
# - write a `keras.utils.PyDataset` that loses no image, shuffles in every epoch and repeats exactly;
# - build a `tf.data` pipeline in the right order, and prove that the order is right;
# - measure what your pipeline serves and what your model eats, and say which of the two to improve.
#
# **You need** [lecture 1 of this week](01_augmentation.ipynb), and from week 3 training in Keras.
#
# **Time** about 35 minutes to read. **Cost** less than a minute on two cores with the small budget, a few
# minutes with the one for laptops; below 2 GiB of memory; no GPU. It writes some megabytes of images into a
# temporary folder, which is removed when the kernel stops.

# %%
import contextlib
import io
import math
import os
import pathlib
import pickle
import queue
import tempfile
import threading
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from PIL import Image

from helpers import budget, data, plots
from helpers.experiments import interval
from helpers.rounding import rounded

budget.describe()
FILES = budget.choose(ci=480, cpu=1200)   # images that we write to disk
CHECKS = budget.choose(ci=300, cpu=1000)
EPOCHS = budget.choose(ci=6, cpu=16)
SEEDS = budget.choose(ci=(0, 1, 2), cpu=(0, 1, 2, 3, 4), gpu=tuple(range(10)))
SIDE, BATCH = 64, 32                      # what the network wants: pixels, images a batch
photos = data.load("cifar10", train=FILES, validation=CHECKS, test=0)
FILES = len(photos.train)
print(photos)

# %% [markdown]
# ## What does not fit
#
# An image costs height × width × channels numbers. On disk and in a `uint8` array that is a byte each. A
# network wants `float32`: **four**.
#
# > **Predict, then run.** CIFAR-10 has 60,000 images of 32 × 32. ImageNet's training set has 1,281,167
# > photographs, commonly cut to 224 × 224. Which of them fits, as floats, into the memory of your computer?

# %%
GIB = 2**30
sets = {"CIFAR-10, 32 px": (60_000, 32), "one batch of 32, 224 px": (32, 224),
        "our photographs, 160 px": (FILES, 160), "ImageNet, 224 px": (1_281_167, 224)}
size = {}
for name, (images, side) in sets.items():
    for kind in ("uint8", "float32"):
        size[f"{name}, {kind}"] = images * side * side * 3 * np.dtype(kind).itemsize / GIB
for name, gib in size.items():
    print(f"{name:34s} {gib:10,.3f} GiB")

# %%
plots.bars({name: gib for name, gib in size.items() if "float32" in name}, log=True,
           xlabel="GiB of memory, as float32 (each grid line: ten times more)",
           title="What a data set takes when all of it is loaded")

# %% [markdown]
# Nobody has a laptop with 700 GiB. But look at the second bar: **a batch is small, always**. A training never
# needs more than the batch of this step, and perhaps the next one. So load late and forget early.
#
# Does Python really forget? Python can say how much memory a piece of work held at its worst moment. The
# work: the mean colour of our images, once from all of them as floats, once batch by batch.

# %%
import tracemalloc


def batches(images, labels, size):
    """A generator: `yield` hands out a batch and waits for the next request."""
    for start in range(0, len(images), size):
        yield images[start:start + size].astype("float32"), labels[start:start + size]


def mean_at_once(images):
    return images.astype("float32").mean(axis=(0, 1, 2), dtype="float64")


def mean_by_batches(images):
    total = np.zeros(3)
    for batch, _ in batches(images, images, BATCH):
        total += batch.sum(axis=(0, 1, 2), dtype="float64")
    return total / images[..., 0].size


for way in (mean_at_once, mean_by_batches):
    tracemalloc.start()
    colour = way(photos.train.images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{way.__name__:16s} mean colour {colour.round(2)}, at most "
          f"{peak / 2**20:5.2f} MiB held")

# %% [markdown]
# The same answer with a fraction of the memory, and the fraction gets smaller as the data set grows: a batch
# stays a batch.
#
# A plain Python generator is the simplest form. It is also a poor one for training:

# %%
serve = batches(photos.train.images, photos.train.labels, BATCH)
print("first epoch: ", sum(1 for _ in serve), "batches")
print("second epoch:", sum(1 for _ in serve), "batches")
try:
    len(serve)
except TypeError as error:
    print("its length:   TypeError,", error)

# %% [markdown]
# It is used up after one epoch, does not know its length, cannot shuffle, and gives batch 7 only after
# batches 0 to 6. Below we write a better one. But first: where do the images come from?
#
# ## Class folders
#
# The commonest format for photographs is no format at all: **a folder for each class**, image files inside.
#
#     photographs/airplane/0007.jpg
#     photographs/airplane/0031.jpg
#     photographs/automobile/0002.jpg
#     ...
#
# We write such a folder from CIFAR-10. To have something to decode, the images are enlarged to 160 × 160 and
# stored as JPEG: photographs are nearly always larger than what the network is given.

# %%
scratch = tempfile.TemporaryDirectory()
ROOT = pathlib.Path(scratch.name) / "photographs"
for number, (image, label) in enumerate(zip(photos.train.images, photos.train.labels,
                                            strict=True)):
    folder = ROOT / photos.class_names[label]
    folder.mkdir(parents=True, exist_ok=True)
    large = Image.fromarray(image).resize((160, 160), Image.Resampling.BICUBIC)
    large.save(folder / f"{number:04d}.jpg", quality=90)

written = sorted(ROOT.glob("*/*.jpg"))
on_disk = sum(path.stat().st_size for path in written)
in_memory = len(written) * 160 * 160 * 3 * 4
print(f"{len(written)} files in {len(list(ROOT.iterdir()))} folders, "
      f"{on_disk / 2**20:.1f} MiB on disk")
print(f"decoded to float32: {in_memory / 2**20:.0f} MiB, "
      f"{in_memory / on_disk:.0f} times as much")

# %% [markdown]
# `keras.utils.image_dataset_from_directory` reads such folders. By default it returns a dataset of
# TensorFlow's `tf.data`, whatever the backend of Keras is: a model on JAX or PyTorch takes it as well, but
# TensorFlow must be installed.

# %%
found = keras.utils.image_dataset_from_directory(
    ROOT, image_size=(SIDE, SIDE), batch_size=BATCH, shuffle=False, verbose=False)
for images, labels in found.take(1):
    print("a batch:", tuple(images.shape), images.dtype.name, "and", tuple(labels.shape),
          labels.dtype.name, f"| values {float(images[0].numpy().min()):.0f} to "
          f"{float(images[0].numpy().max()):.0f}")
print("classes:", ", ".join(found.class_names))
every = np.concatenate([labels.numpy() for _, labels in found])
names = [pathlib.Path(path).parent.name for path in found.file_paths]
agree = np.mean(np.array(found.class_names)[every] == names)
print(f"label and folder agree for {agree:.0%} of {len(every)} files")
assert found.class_names == sorted(path.name for path in ROOT.iterdir())

# %% [markdown]
# The label is the place of the folder's name **in alphabetical order**. Pixels come as floats from 0 to 255,
# so a `Rescaling` layer belongs into the model.
#
# With real photographs one more question comes up: they are not square. What becomes of them?

# %%
def framed(path, **how):
    """One photograph as `image_dataset_from_directory` would give it."""
    image = keras.utils.img_to_array(keras.utils.load_img(path))
    image = keras.ops.image.resize(image, (96, 96), **how)
    return keras.ops.convert_to_numpy(image).clip(0, 255) / 255


try:
    pets = data.folder("cats_dogs") / "training"
except data.DataError as error:
    print("left out here, the photographs of cats and dogs cannot be had:")
    print(str(error).splitlines()[0])
else:
    files = sorted(pets.glob("*/*.jpg"))
    shapes = np.array([Image.open(path).size for path in files])
    pixels, ratio = shapes.prod(axis=1), shapes[:, 0] / shapes[:, 1]
    print(f"{len(files)} photographs, from {pixels.min():,} to {pixels.max():,} pixels; "
          f"width / height from {ratio.min():.2f} to {ratio.max():.2f}")
    ways = {"squeezed (default)": {},
            "crop_to_aspect_ratio": {"crop_to_aspect_ratio": True},
            "pad_to_aspect_ratio": {"pad_to_aspect_ratio": True}}
    extreme = {"widest": files[ratio.argmax()], "tallest": files[ratio.argmin()]}
    plots.image_grid(
        [framed(path, **how) for path in extreme.values() for how in ways.values()],
        titles=[f"{which}: {way}" for which in extreme for way in ways],
        columns=3, scale=2, title="The widest and the tallest photograph, made square")

# %% [markdown]
# Squeezing changes the shape of the animal, cropping may cut it off, padding keeps everything and wastes
# pixels. None is right in general. Choose one, and choose it for training **and** use.
#
# ### Trap 1: the order of the names
#
# > **Predict, then run.** Twelve folders are named `1`, `2`, ..., `12`. Which label will the images in folder
# > `2` get? And where does `Zebra` go, beside `ant` and `bee`?

# %%
def folders(names):
    """A folder of class folders with one small image each."""
    place = pathlib.Path(tempfile.mkdtemp(dir=scratch.name))
    for name in names:
        (place / name).mkdir()
        Image.new("RGB", (8, 8)).save(place / name / "one.png")
    return place


def classes_of(place, **more):
    return keras.utils.image_dataset_from_directory(
        place, image_size=(8, 8), verbose=False, **more).class_names


numbered = classes_of(folders(str(number) for number in range(1, 13)))
print("numbers:", numbered, "-> folder 2 has label", numbered.index("2"))
padded = classes_of(folders(f"{number:02d}" for number in range(1, 13)))
print("padded: ", padded, "-> folder 02 has label", padded.index("02"))
print("letters:", classes_of(folders(["ant", "bee", "Zebra"])))
print("forced: ", classes_of(folders(["ant", "bee", "Zebra"]),
                            class_names=["bee", "Zebra", "ant"]))

# %% [markdown]
# Text is sorted sign by sign: `10` before `2`, capitals before small letters. A model does not mind, but
# whoever translates its answers with a list in another order does. **Keep `class_names` with the model**, or
# force the order.
#
# ### Trap 2: files that nobody sees, and files that are no images
#
# macOS leaves `._name.jpg` beside files that it copies to a stick, Jupyter keeps `.ipynb_checkpoints`, and a
# download that failed is often a page of text named `.jpg`.

# %%
dirty = folders(["cat", "dog"])
(dirty / "cat" / "._one.png").write_bytes(b"\x00\x05\x16\x07 not an image at all")
(dirty / "cat" / "notes.txt").write_text("a text file")
(dirty / "dog" / ".ipynb_checkpoints").mkdir(exist_ok=True)
Image.new("RGB", (8, 8)).save(dirty / "dog" / ".ipynb_checkpoints" / "one-checkpoint.png")
(dirty / "dog" / "two.jpg").write_text("<html>404: not found</html>")
whole = written[0].read_bytes()
(dirty / "dog" / "three.jpg").write_bytes(whole[: len(whole) // 2])
(dirty / ".thumbnails").mkdir(exist_ok=True)

loaded = keras.utils.image_dataset_from_directory(dirty, image_size=(8, 8), batch_size=1,
                                                  shuffle=False, verbose=False)
print("classes:", loaded.class_names)
for path in loaded.file_paths:
    print("  takes", pathlib.Path(path).relative_to(dirty).as_posix())

# %% [markdown]
# Only the ending of the name counts. The hidden folder beside the classes was skipped; hidden files and
# folders *inside* a class were not. Seven files lie there, six were taken, two are good. When does one
# notice?

# %%
seen = 0
try:
    for _ in loaded:
        seen += 1
except Exception as error:  # TensorFlow has an error class of its own for this
    print(f"after {seen} images: {type(error).__name__}")


def broken(path):
    """Why a file is no usable image; empty if it is one."""
    if any(part.startswith(".") for part in path.parts[-2:]):
        return "hidden"
    try:
        with Image.open(path) as image:
            image.load()  # decodes every pixel; verify() would not find a file cut off
    except OSError as error:
        return str(error).partition(":")[0].partition(" '")[0]
    return ""


for path in map(pathlib.Path, loaded.file_paths):
    print(f"{path.relative_to(dirty).as_posix():36s} {broken(path) or 'good'}")

# %% tags=["remove-cell"]
from helpers.record import record

letters, taken = ["ant", "bee", "Zebra"], map(pathlib.Path, loaded.file_paths)
record(
    label_of_folder_2=numbered.index("2"),
    label_of_folder_02=padded.index("02"),
    letters=classes_of(folders(letters)),
    forced_letters=classes_of(folders(letters),
                              class_names=["bee", "Zebra", "ant"]),
    files_taken=[{"file": path.relative_to(dirty).as_posix(),
                  "fault": broken(path)} for path in taken])

# %% [markdown]
# The error comes when the turn of the bad file comes: here soon, in a large shuffled folder in the middle of
# an epoch, perhaps after hours. So **look through the folder once, before you train**: decode every file,
# list those that fail, and say in the report how many they were. (Week 9 cleans a whole data set.)
#
# ### Trap 3: the validation split
#
# `validation_split=0.2` keeps a fifth of the files. There are two calls: one with `subset="training"`, one
# with `subset="validation"`. Each shuffles the list of files by its `seed` and takes its part.
#
# > **Predict, then run.** Somebody writes `seed=1` in the first call and `seed=2` in the second. How many of
# > the validation images are training images, too?

# %%
def part(subset, seed, **more):
    with contextlib.redirect_stdout(io.StringIO()):  # it talks even with verbose=False
        return keras.utils.image_dataset_from_directory(
            ROOT, validation_split=0.2, subset=subset, seed=seed, image_size=(16, 16),
            batch_size=FILES, verbose=False, **more)


def arrays(dataset):
    images, labels = next(iter(dataset))
    return images.numpy().reshape(len(labels), -1), labels.numpy()


def one_neighbour(train, validation):
    """Accuracy of the label of the nearest training image."""
    (x, y), (new, truth) = arrays(train), arrays(validation)
    squared = (new**2).sum(1)[:, None] + (x**2).sum(1) - 2 * new @ x.T
    return np.mean(y[squared.argmin(axis=1)] == truth)

# %%
shares, scores = {"same seed": [], "two seeds": []}, {"same seed": [], "two seeds": []}
for seed in SEEDS:
    train = part("training", seed)
    for name, other in (("same seed", seed), ("two seeds", seed + 100)):
        validation = part("validation", other)
        common = set(train.file_paths) & set(validation.file_paths)
        shares[name].append(len(common) / len(validation.file_paths))
        scores[name].append(one_neighbour(train, validation))
    count, none = len(validation.file_paths), shares["same seed"][-1]
    print(f"seed {seed}: of {count} validation images {count * none:.0f} "
          f"are in training with the same seed, {len(common)} with two seeds")

# %%
plots.bars({f"{name}: {what}": interval(100 * np.array(values))
            for what, table in (("in training", shares), ("1-NN accuracy", scores))
            for name, values in table.items()},
           xlabel=f"% of the validation images ({len(SEEDS)} seeds, "
                  "95 % intervals)",
           title="A split from two different seeds")

# %% [markdown]
# About four fifths: the second shuffle knows nothing of the first, so that each validation image lies in the
# training part with probability 0.8. And a nearest neighbour, which *remembers* images, seems to have become
# a wonder. No error message, a better number: the worst kind of mistake.
#
# Use `subset="both"` and there is only one seed. One more way to fail: without shuffling, the last fifth of
# the **sorted** files is taken.

# %%
train, validation = part("both", 0)
assert not set(train.file_paths) & set(validation.file_paths)
last = part("validation", None, shuffle=False)
for name, split in (("both, shuffled", validation), ("shuffle=False", last)):
    kinds = {pathlib.Path(path).parent.name for path in split.file_paths}
    print(f"{name:15s} {len(split.file_paths)} validation images, {len(kinds)} classes: "
          f"{', '.join(sorted(kinds))}")

# %% [markdown]
# ## A `PyDataset`, step by step
#
# `keras.utils.PyDataset` is Keras's own form of a generator, for all backends. You write two methods:
# `__len__`, the number of **batches**, and `__getitem__(index)`, which returns a whole batch. Any batch can
# be asked for, at any time, as often as one likes: that is what a plain generator could not do.

# %%
class Batches(keras.utils.PyDataset):
    """Images and labels, batch by batch, in an order that never changes."""

    def __init__(self, images, labels, batch_size=BATCH, **keras_options):
        super().__init__(**keras_options)  # workers, use_multiprocessing, max_queue_size
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.order = np.arange(len(labels))

    def __len__(self):
        return math.ceil(len(self.labels) / self.batch_size)

    def __getitem__(self, index):
        rows = self.order[index * self.batch_size:(index + 1) * self.batch_size]
        return self.pick(rows, index), self.labels[rows]

    def pick(self, rows, index):
        return self.images[rows].astype("float32")

# %% [markdown]
# ### Step 1: the last batch
#
# > **Predict, then run.** 1,000 images, batches of 32. How many batches, and how large is the last one? What
# > happens if one writes `//` in place of `math.ceil`?

# %%
thousand = Batches(np.zeros((1000, 1), "uint8"), np.arange(1000))
sizes = [len(labels) for _, labels in thousand]
print(f"{len(thousand)} batches: {sizes.count(32)} of 32 and the last of {sizes[-1]}; "
      f"{sum(sizes)} images")
lost = 1000 - 1000 // 32 * 32
print(f"1000 // 32 = {1000 // 32} batches: {lost} images would never be seen")

# %% [markdown]
# NumPy does the rest: a slice that reaches beyond the end is cut there. In *training* the loss of a few
# images is harmless if they are others in each epoch. In *validation* it changes the result, and with the
# order of a folder always the same class pays.
#
# ### Step 2: the order
#
# `fit` has `shuffle=True`, and it is the default. Is that enough? For a `PyDataset` it shuffles the order
# **of the batches**: whoever is in a batch together stays together for ever. Count it:

# %%
def glutton(shape):
    """A model that learns next to nothing, very fast."""
    model = keras.Sequential([keras.Input(shape), layers.Flatten(),
                              layers.Dense(10, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return model


class Logged(Batches):
    """Writes down which rows were asked for."""

    def pick(self, rows, index):
        self.log.append(tuple(rows))
        return super().pick(rows, index)


tiny = np.random.default_rng(0).integers(0, 256, (256, 4), dtype="uint8")
logged = Logged(tiny, np.arange(256) % 10)
logged.log = []
glutton((4,)).fit(logged, epochs=3, shuffle=True, verbose=0)
together = {frozenset(rows) for rows in logged.log}
print(f"{len(logged)} batches an epoch, 3 epochs")
print(f"batches with different contents: {len(together)}")
print(f"__getitem__ was called {len(logged.log)} times for {3 * len(logged)} batches")

# %% [markdown]
# Eight batches, in three epochs, and never a ninth combination. If the rows come from class folders, each
# batch holds images of one class or two. So **shuffle the images, not the batches**, in the dataset itself.
# `on_epoch_end` is called by Keras after each epoch; there we draw a new order:

# %%
class Shuffled(Batches):
    """In every epoch another order, decided by the seed and the number of the epoch."""

    def __init__(self, *arguments, seed=0, **keras_options):
        super().__init__(*arguments, **keras_options)
        self.seed, self.epoch = seed, 0
        self.draw()

    def draw(self):
        dice = np.random.default_rng([self.seed, self.epoch])
        self.order = dice.permutation(len(self.labels))

    def on_epoch_end(self):
        self.epoch += 1
        self.draw()


class LoggedShuffled(Shuffled, Logged):
    pass


logged = LoggedShuffled(tiny, np.arange(256) % 10)
logged.log = []
glutton((4,)).fit(logged, epochs=3, verbose=0)
print(f"batches with different contents: {len({frozenset(rows) for rows in logged.log})}")
print(f"on_epoch_end was called {logged.epoch} times in 3 epochs")
seen = sorted(np.concatenate([labels for _, labels in logged]))
print("an epoch holds every image once:", seen == sorted(np.arange(256) % 10))

# %% [markdown]
# Now every epoch packs other batches. Mind the small print, though: depending on its version and backend,
# Keras looks at a few batches before it begins, to learn their shapes, and calls `on_epoch_end` once more
# than there are epochs. A dataset should not care how often it is asked.
#
# > **Predict, then run.** A small network learns from images that lie sorted by class, as in folders. Three
# > orders: (1) the sorted order, (2) whole batches shuffled, Keras's `shuffle=True`, (3) all images
# > shuffled. Guess the three accuracies.

# %%
clothes = data.load("fashion_mnist", train=FILES, validation=CHECKS, test=0)
by_class = np.argsort(clothes.train.labels, kind="stable")  # as if read from folders
x, y = clothes.train.images[by_class], clothes.train.labels[by_class]
checks = (clothes.validation.images.astype("float32"), clothes.validation.labels)


def small_cnn():
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(10, activation="softmax")])


pupil = small_cnn()  # compiled once; plain SGD keeps no state between trainings
pupil.compile(keras.optimizers.SGD(0.05), loss="sparse_categorical_crossentropy")


def learn(kind, shuffle, seed):
    """Validation accuracy after training with one generator, from this seed's weights."""
    keras.utils.set_random_seed(seed)
    pupil.set_weights(small_cnn().get_weights())
    dataset = kind(x, y, seed=seed) if kind is Shuffled else kind(x, y)
    pupil.fit(dataset, shuffle=shuffle, epochs=EPOCHS, verbose=0)
    told = pupil.predict_on_batch(checks[0]).argmax(axis=1)
    return 100 * np.mean(told == checks[1])

# %%
learned = {}
for name, kind, shuffle in (("sorted", Batches, False),
                            ("batches shuffled", Batches, True),
                            ("images shuffled", Shuffled, False)):
    values = [learn(kind, shuffle, seed) for seed in SEEDS]
    learned[name] = interval(values)
    print(f"{name:17s} validation accuracy {rounded(*learned[name])} %, "
          f"single runs {', '.join(f'{value:.0f}' for value in values)}")

# %%
plots.bars(learned,
           xlabel=f"validation accuracy in % ({len(SEEDS)} seeds, "
                  "95 % intervals)",
           title=f"{len(y)} images, {EPOCHS} epochs: only the order differs")

# %% [markdown]
# The images are the same, the network is the same, the number of steps is the same. A step of gradient
# descent trusts that its batch resembles the data. A batch of one class says "answer *bag*, always", and the
# next batch says something else.
#
# ### Step 3: chance that repeats
#
# Now augmentation: shift each image a little, differently in every epoch. A result that cannot be repeated
# cannot be debugged, so chance needs a seed. The obvious way is a random generator kept in the object:

# %%
def jolted(image, dice, reach=4):
    """The image moved by up to `reach` pixels each way; black comes in at the rim."""
    down, right = dice.integers(-reach, reach + 1, size=2)
    room = np.pad(image, ((reach, reach), (reach, reach), (0, 0)))
    height, width = image.shape[:2]
    return room[reach - down:reach - down + height, reach - right:reach - right + width]


class WithState(Shuffled):
    """Augments with one random generator that lives in the object."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.dice = np.random.default_rng(self.seed)

    def pick(self, rows, index):
        moved = [jolted(self.images[row], self.dice) for row in rows]
        return np.stack(moved).astype("float32")


class WithKey(Shuffled):
    """Augments with a random generator made anew from seed, epoch and batch."""

    def pick(self, rows, index):
        dice = np.random.default_rng([self.seed, self.epoch, index])
        moved = [jolted(self.images[row], dice) for row in rows]
        return np.stack(moved).astype("float32")

# %% [markdown]
# Both pass a first test: make the dataset twice with the same seed, and the same batches come. But who
# guarantees that the batches are asked for in order, and once each? You saw that Keras may call more often
# than there are batches. Workers may finish in any order. And a worker that is a *process* of its own has a
# **copy** of the object.
#
# > **Predict, then run.** Which of the two survives (1) being asked in reverse, (2) being asked for a batch
# > twice, (3) being copied to two workers, of which each serves one batch?

# %%
def served(kind, requests):
    dataset = kind(photos.train.images[:128], photos.train.labels[:128], seed=7)
    found = {}
    for index in requests:
        found[index] = dataset[index][0]
    return found


def moves_of(kind):
    """Batch 0 from one copy, batch 1 from another, as two processes would serve them."""
    flat = np.zeros((64, 32, 32, 3), "uint8")
    flat[:, 16, 16] = 255  # a single white pixel tells how far each image was moved
    dataset = kind(flat, np.arange(64))
    copies = [pickle.loads(pickle.dumps(dataset)) for _ in range(2)]
    return [copy[index][0] for index, copy in enumerate(copies)]


for kind in (WithState, WithKey):
    plain, again = served(kind, range(4)), served(kind, range(4))
    same = all(np.array_equal(plain[i], again[i]) for i in range(4))
    turned = served(kind, (3, 2, 1, 0))
    reverse = sum(np.array_equal(plain[i], turned[i]) for i in range(4))
    twice = served(kind, (0, 0, 1, 2, 3))
    repeated = sum(np.array_equal(plain[i], twice[i]) for i in range(4))
    first, second = moves_of(kind)
    alike = "ALIKE" if np.array_equal(first, second) else "each in its own way"
    print(f"{kind.__name__}: made twice {'the same' if same else 'different'}; in "
          f"reverse {reverse} of 4 batches the same; batch 0 asked twice: {repeated} of "
          f"4;\n    two workers move their images {alike}")

# %% [markdown]
# A state makes the result depend on the *history of questions*. And copies of a state draw **the same
# numbers**: with many workers that means less variety, and no message. A key, (seed, epoch, batch), has no
# history. It also lets you begin at epoch 40, after a crash, with exactly the batches that would have come:

# %%
steady = WithKey(photos.train.images, photos.train.labels, seed=3)
for _ in range(5):
    steady.on_epoch_end()
resumed = WithKey(photos.train.images, photos.train.labels, seed=3)
resumed.epoch = 5
resumed.draw()
same = all(np.array_equal(steady[i][0], resumed[i][0]) for i in range(len(steady)))
print("epoch 5, reached step by step or at once: the same batches:", same)
kept = photos.train.images.copy()
for _ in steady:
    pass
print("the source was not changed:", np.array_equal(kept, photos.train.images))

# %% [markdown]
# ### Step 4: from files, with workers
#
# The same class, but its images are paths. And `workers=4`: four threads prepare the next batches while the
# model learns (`max_queue_size` of them at most are kept). With `use_multiprocessing=True` the workers are
# processes. When is which good?
#
# - **Threads** share the memory. Python runs one of them at a time, *except* while it waits (disk, network)
#   or is inside a library that lets go of it, as Pillow does when it decodes.
# - **Processes** run Python code at the same time. But the dataset must be *pickled* for them, each batch is
#   copied back, and on Windows and macOS the class must stand in a file of its own, not in a notebook.
#
# So: threads first. We measure two generators, one that decodes, one that waits 2 ms for each image, as for a
# network drive.

# %%
class FromFiles(Shuffled):
    """Reads images from paths."""

    def pick(self, rows, index):
        return np.stack([self.read(self.images[row]) for row in rows])

    def read(self, path):
        with Image.open(path) as image:
            small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        return np.asarray(small, "float32")


class Slow(FromFiles):
    """No decoding at all, only the waiting."""

    blank = np.zeros((SIDE, SIDE, 3), "float32")

    def read(self, path):
        return self.blank

    def pick(self, rows, index):
        time.sleep(0.002 * len(rows))
        return super().pick(rows, index)

# %%
paths = np.array([str(path) for path in written])
classes = np.array([photos.class_names.index(path.parent.name) for path in written])
eater = glutton((SIDE, SIDE, 3))


def images_per_second(loader, epochs=3, images=FILES, **fit):
    """Best of some epochs, after one to warm up, and the distance to the worst."""
    fit = {"epochs": 1, "shuffle": False, "verbose": 0} | fit  # the loaders shuffle
    # Running this again trains it further, which changes nothing of its speed.
    eater.fit(loader, **fit)
    rates = []
    for _ in range(epochs):
        started = time.perf_counter()
        eater.fit(loader, **fit)
        rates.append(images / (time.perf_counter() - started))
    return max(rates), max(rates) - min(rates)

# %%
WORKERS = (1, 2, 4, 8)
by_workers = {"decodes JPEG": [], "waits for a slow drive": []}
for name, kind, epochs in zip(by_workers, (FromFiles, Slow), (2, 1), strict=True):
    for workers in WORKERS:
        dataset = kind(paths[:320], classes[:320], batch_size=16, workers=workers)
        by_workers[name].append(images_per_second(dataset, epochs, images=320))
print(f"this machine has {os.cpu_count()} processors")
for name, rates in by_workers.items():
    told = ", ".join(f"{rate:,.0f}" for rate, _ in rates)
    print(f"{name:23s} images/s with {WORKERS} workers: {told}; "
          f"8 against 1: x {rates[-1][0] / rates[0][0]:.1f}")

# %%
lines = {name: [rate for rate, _ in rates] for name, rates in by_workers.items()}
plots.curves(WORKERS, lines,
             log_x=True, xlabel="workers (threads)", ylabel="images per second",
             title="Two generators and their workers: one works, one waits")

# %% [markdown]
# Waiting costs no processor: the waits of several threads run side by side, until something else becomes the
# limit, such as packing the batches. Decoding is work. Threads help with it as long as there are processors
# with nothing to do, and no further; on a small or a busy machine hardly at all, and handing over even costs
# a little.
#
# ## `tf.data`
#
# TensorFlow brings a language for input pipelines, `tf.data`. Its datasets can be given to `fit` with every
# backend of Keras. A pipeline is a chain: each link takes a dataset and returns another. Nothing happens
# before somebody asks for a batch.

# %%
import tensorflow as tf


def decode(path, label):
    pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(pixels, (SIDE, SIDE)), label


source = tf.data.Dataset.from_tensor_slices((paths, classes))
pipeline = (source
            .shuffle(len(paths), seed=0)  # the paths: before they are decoded
            .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
            .batch(BATCH)
            .prefetch(tf.data.AUTOTUNE))
print("links: ", type(source).__name__, "->", type(pipeline).__name__)
print("length:", len(pipeline), "batches")
print("a batch:", pipeline.element_spec[0].shape, pipeline.element_spec[0].dtype.name)

# %% [markdown]
# `map` must be written with TensorFlow's functions: the pipeline is compiled and runs without Python, in as
# many threads as it likes. That is its strength and its price.
#
# The links can be put together in any order, and no order gives an error. Two orders matter.
#
# ### Shuffle: how large a buffer?
#
# `shuffle(b)` does not shuffle the data set. It keeps a **buffer** of $b$ items, hands out a random one of
# them, and fills its place with the next from the source. In Python:

# %%
def buffered(items, room, dice):
    """What `shuffle(room)` does."""
    shelf = []
    for item in items:
        if len(shelf) == room:
            place = dice.integers(room)
            yield shelf[place]
            shelf[place] = item
        else:
            shelf.append(item)
    yield from dice.permutation(shelf)


early = {}
for room in (10, 100):
    ours = list(buffered(range(1000), room, np.random.default_rng(0)))
    theirs = [int(item) for item in tf.data.Dataset.range(1000).shuffle(room, seed=0)]
    for name, order in (("ours", ours), ("tf.data", theirs)):
        assert sorted(order) == list(range(1000))
        early[name] = max(item - place for place, item in enumerate(order))
    print(f"buffer {room:3d}: an item comes at most {early['ours']} places too early by "
          f"our rule, {early['tf.data']} by tf.data's")

# %% [markdown]
# An item can never come before it is in the buffer: at most $b-1$ places early. So what happens to a thousand
# images sorted by class?
#
# > **Predict, then run.** Ten classes, 100 images each, sorted; batches of 32. How many different classes
# > does a batch hold with a buffer of 32? Of 100? Of 1,000?

# %%
sorted_labels = np.repeat(np.arange(10), 100)
BUFFERS = (1, 10, 32, 100, 320, 1000)
orders = {}
for room in BUFFERS:
    orders[room], counts = [], []
    for seed in SEEDS:
        stream = tf.data.Dataset.from_tensor_slices(sorted_labels)
        stream = stream.shuffle(room, seed=seed)
        packed = [labels.numpy() for labels in stream.batch(32, drop_remainder=True)]
        orders[room].append(np.concatenate(packed))
        counts.append(np.mean([len(np.unique(labels)) for labels in packed]))
    print(f"buffer {room:4d}: {rounded(*interval(counts))} classes in a batch")
ideal = 10 * (1 - math.comb(900, 32) / math.comb(1000, 32))
print(f"batches drawn at random from all: {ideal:.2f}")

# %%
fig, axes = plt.subplots(len(BUFFERS), 1, figsize=(6.8, 4.2), layout="constrained",
                         sharex=True)
for ax, room in zip(axes, BUFFERS, strict=True):
    strip = orders[room][0][None]
    drawn = ax.imshow(strip, aspect="auto", cmap="cividis", vmin=0, vmax=9)
    ax.set_yticks([0], [f"{room:,}"])
    ax.grid(False)
axes[-1].set(xlabel="place in the epoch")
axes[0].set_title("Class of each image, as it comes out of the buffer")
fig.supylabel("size of the buffer", fontsize=10)
fig.colorbar(drawn, ax=axes, label="class", ticks=range(10))
plots.show(fig, alt="Strips of colour, one for each buffer size; the colour is the class."
                    " Buffers of 1 to 32 leave ten blocks, each mostly of one class; 100 "
                    "blurs their borders; 320 mixes neighbours but begins with the first "
                    "classes; 1,000 is mixed evenly.")

# %% tags=["remove-cell"]
from helpers.record import record


def earliest(order):
    """By how many places some item comes too early."""
    return max(int(item) - place for place, item in enumerate(order))


def classes_in_a_batch(order):
    return np.mean([len(np.unique(batch)) for batch in order.reshape(-1, 32)])


record(
    earliest=[{
        "buffer": room,
        "ours": earliest(
            buffered(range(1000), room, np.random.default_rng(0))),
        "theirs": earliest(
            tf.data.Dataset.range(1000).shuffle(room, seed=0))}
        for room in (10, 100)],
    classes_in_a_batch=[{
        "buffer": room,
        "means": [classes_in_a_batch(order) for order in orders[room]]}
        for room in BUFFERS],
    classes_if_drawn_from_all=ideal)

# %% [markdown]
# The buffer must be as large as the data set, or the source must be mixed already. Large images in a large
# buffer take much memory; therefore shuffle the **paths**, which are small, and decode afterwards.
# (`list_files` and `image_dataset_from_directory` shuffle paths, too.) And shuffle **before** `batch`: behind
# it whole batches are shuffled, the mistake of step 2.
#
# ### Cache: before or after chance?
#
# `cache()` keeps what comes by in the first epoch, and from then on serves that. Decoding is done once. A
# good deal, if it fits into memory. But where in the chain?
#
# > **Predict, then run.** A random shift stands before `cache()`, or behind it. How many different versions
# > of an image does a training of five epochs see, in the one case and in the other?

# %%
shift = layers.RandomTranslation(0.15, 0.15, fill_mode="constant", seed=1)


def moved(image):
    return shift(image, training=True)


ten = tf.data.Dataset.from_tensor_slices(photos.train.images[:10].astype("float32"))
chains = {"no augmentation": ten.cache(), "augment, then cache": ten.map(moved).cache(),
          "cache, then augment": ten.cache().map(moved)}
versions = {}
for name, chain in chains.items():
    epochs = [[image.numpy().tobytes() for image in chain] for _ in range(5)]
    versions[name] = np.mean([len(set(of_one)) for of_one in zip(*epochs, strict=True)])
    print(f"{name:20s} {versions[name]:.1f} versions of each image in 5 epochs")

# %% [markdown]
# In front of the cache, chance happens once: the "augmented" training sees one version of each image, in all
# epochs, and a damaged one at that. The rule: **whatever is always the same belongs in front of the cache**
# (read, decode, resize), **whatever is random behind it** (shuffle, augment). A complete chain therefore
# reads
#
#     paths -> map(decode) -> cache -> shuffle -> map(augment) -> batch -> prefetch
#
# with the decoded images in the cache, if they fit; else shuffle the paths and leave the cache out.
#
# ### Prefetch: work ahead
#
# `prefetch` lets the pipeline prepare the next batch while the model is busy with this one. There is no magic
# in it: a thread and a shelf.

# %%
def prefetched(batches, room=2):
    """The same batches, prepared by another thread while the caller works."""
    shelf, end = queue.Queue(room), object()

    def fill():
        for batch in batches:
            shelf.put(batch)  # waits while the shelf is full
        shelf.put(end)

    threading.Thread(target=fill, daemon=True).start()
    while (batch := shelf.get()) is not end:
        yield batch

# %% [markdown]
# To see it at work, both sides only sleep: a batch takes 30 ms to prepare, and 20 ms to learn.
#
# > **Predict, then run.** Ten batches. How long without prefetching? How long with it?

# %%
PREPARE, LEARN, COUNT = 0.030, 0.020, 10


def timeline(wrap):
    """When each batch was prepared and learned, in ms; and the total time."""
    times = {"prepare": [], "learn": []}
    start = time.perf_counter()

    def note(what, begun):
        times[what].append((1000 * (begun - start), 1000 * (time.perf_counter() - begun)))

    def prepare():
        for number in range(COUNT):
            begun = time.perf_counter()
            time.sleep(PREPARE)
            note("prepare", begun)
            yield number

    for _ in wrap(prepare()):
        begun = time.perf_counter()
        time.sleep(LEARN)
        note("learn", begun)
    return times, 1000 * (time.perf_counter() - start)


runs = {"one after the other": timeline(iter), "prefetched": timeline(prefetched)}
ideal = {"one after the other": 1000 * COUNT * (PREPARE + LEARN),
         "prefetched": 1000 * (COUNT * max(PREPARE, LEARN) + min(PREPARE, LEARN))}
for name, (_, total) in runs.items():
    print(f"{name:20s} computed {ideal[name]:.0f} ms, measured {total:.0f} ms")

# %%
fig, axes = plt.subplots(2, 1, figsize=(6.8, 3.4), layout="constrained", sharex=True)
for ax, (name, (times, total)) in zip(axes, runs.items(), strict=True):
    for row, spans in enumerate(times.values()):
        ax.broken_barh(spans, (row - 0.38, 0.76), facecolor=plots.COLOURS[row],
                       edgecolor="#FCFCFA", linewidth=1.5, hatch="" if row else "///")
    ax.set_yticks([0, 1], list(times))
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set_title(f"{name}: {total:.0f} ms")
axes[-1].set_xlabel("time in ms")
slow, fast = (total for _, total in runs.values())
plots.show(fig, alt="Two timelines of ten batches. Above, preparing and learning take "
                    f"turns, for {slow:.0f} ms. Below, the next batch is prepared while "
                    f"one is learned, and all is done after {fast:.0f} ms.")

# %% [markdown]
# With $a$ seconds to prepare a batch and $b$ to learn it, $n$ batches take
#
# $$n\,(a + b) \quad\text{without, and}\quad n \max(a, b) + \min(a, b) \quad\text{with prefetching.}$$
#
# It hides the *shorter* of the two: **a factor of two at the very best**, when both are equal. What remains
# is the longer one, and if that is the preparing, prefetching more does not help. Then the work itself has to
# shrink (cache, smaller files) or to be shared out ($w$ workers: $a/w$).
#
# ## Measure: what is served, and what is eaten
#
# Now all generators, one after the other, in the same run, for the same images. They are eaten by the glutton,
# whose own work is next to nothing. The best of three epochs counts: whatever else a computer does can only
# make it slower. Beside them, the appetite of a real CNN: training steps on one batch that lies ready.

# %%
decoded = np.stack([FromFiles(paths, classes).read(path) for path in paths])
step_by_step = source.map(decode).batch(BATCH)
parallel = source.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH)
cached = (source.map(decode, num_parallel_calls=tf.data.AUTOTUNE).cache()
          .shuffle(FILES).batch(BATCH).prefetch(tf.data.AUTOTUNE))
LOADERS = {
    "PyDataset, files, 1 worker": FromFiles(paths, classes),
    "PyDataset, files, 4 workers": FromFiles(paths, classes, workers=4),
    "image_dataset_from_directory": keras.utils.image_dataset_from_directory(
        ROOT, image_size=(SIDE, SIDE), batch_size=BATCH, seed=0, verbose=False),
    "tf.data, one file at a time": step_by_step,
    "tf.data, parallel": parallel,
    "tf.data, parallel + prefetch": parallel.prefetch(tf.data.AUTOTUNE),
    "tf.data, cached": cached,
    "PyDataset, array in memory": Shuffled(decoded, classes),
}
rates = {name: images_per_second(loader) for name, loader in LOADERS.items()}
rates["array given to fit"] = images_per_second(decoded, y=classes, batch_size=BATCH)

# %%
def cnn():
    model = keras.Sequential([
        keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


keras.utils.set_random_seed(0)
model = cnn()
steps = len(step_by_step)
appetite = 0
for _ in range(4):  # as long as an epoch, four times; the first time compiles
    started = time.perf_counter()
    for _ in range(steps):
        model.train_on_batch(decoded[:BATCH], classes[:BATCH])
    appetite = max(appetite, steps * BATCH / (time.perf_counter() - started))
for name, (rate, spread) in rates.items():
    print(f"{name:30s} {rate:9,.0f} images/s (worst {rate - spread:7,.0f}), "
          f"{rate / appetite:5.1f} times what the CNN eats")
print(f"{'the CNN eats':30s} {appetite:9,.0f}")

# %%
fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for row, (rate, spread) in enumerate(rates.values()):
    enough = rate >= appetite
    ax.barh(row, rate, xerr=[[spread], [0]], height=0.65,
            color=plots.COLOURS[0 if enough else 1],
            hatch="" if enough else "///", edgecolor="#FCFCFA",
            error_kw={"ecolor": "#1B1B1B", "capsize": 3})
    ax.annotate(f"{rate:,.0f}", (rate, row), xytext=(5, 0), va="center",
                fontsize=9, textcoords="offset points", zorder=5,
                bbox={"facecolor": "#FCFCFA", "edgecolor": "none", "pad": 1})
ax.axvline(appetite, color="#1B1B1B", linestyle="--",
           label=f"the CNN eats {appetite:,.0f}")
ax.set_yticks(range(len(rates)), list(rates))
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.margins(x=0.16)
ax.set(xscale="log", xlabel="images per second (hatched: less than the CNN eats)",
       title="Who serves how fast? Best of 3 epochs (whisker: the worst)")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))
told = "; ".join(f"{name} {rate:,.0f}" for name, (rate, _) in rates.items())
plots.show(fig, alt=f"Images per second of nine ways to serve: {told}. A dashed line "
                    f"marks what the CNN eats: {appetite:,.0f}.")

# %% [markdown]
# Read your own figure, since the numbers belong to a machine, and on one that does other things at the same
# time they vary a lot. What to look at:
#
# - Whatever lies left of the dashed line is the **bottleneck**: with that generator the model waits, and a
#   faster model, or a GPU, would only wait more.
# - Whatever lies far right of it is fast enough. To improve *that* is a waste of your time.
# - The last three serve from memory. Nothing is read or decoded any more; what limits them is copying the
#   numbers and calling a training step, again and again.
# - Compare the two ways to read the *same files*: a `PyDataset` that opens them with Pillow in Python, one after
#   the other, and `tf.data`, which reads and decodes in compiled code. Is the factor between these two larger
#   or smaller than that of four workers?
#
# The gains, each against the line before, in one table:

# %%
GAINS = {"4 workers instead of 1": ("PyDataset, files, 4 workers",
                                    "PyDataset, files, 1 worker"),
         "tf.data instead of PyDataset": ("tf.data, one file at a time",
                                          "PyDataset, files, 1 worker"),
         "parallel decoding": ("tf.data, parallel", "tf.data, one file at a time"),
         "prefetch, for the glutton": ("tf.data, parallel + prefetch",
                                       "tf.data, parallel"),
         "cache, after epoch 1": ("tf.data, cached", "tf.data, parallel + prefetch")}
for what, (better, worse) in GAINS.items():
    print(f"{what:28s} x {rates[better][0] / rates[worse][0]:5.1f}")

# %% [markdown]
# A factor near 1 is noise. Prefetching has little to hide here, since the glutton hardly learns; what it may
# gain comes from packing one batch while the next is decoded. Now the CNN eats. If the two do not disturb
# each other, an epoch takes $n/\text{served} + n/\text{eaten}$ seconds one after the other, and the larger of
# the two with prefetching.

# %%
def epoch_seconds(loader):
    # Running this again trains the model further, at the same speed.
    model.fit(loader, epochs=1, shuffle=False, verbose=0)
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        model.fit(loader, epochs=1, shuffle=False, verbose=0)
        taken.append(time.perf_counter() - started)
    return min(taken)


table = {}
for name in ("tf.data, one file at a time", "tf.data, parallel + prefetch",
             "tf.data, cached"):
    serve, eat = FILES / rates[name][0], FILES / appetite
    table[name] = (serve + eat, max(serve, eat), epoch_seconds(LOADERS[name]))
    turns, hidden, measured = table[name]
    print(f"{name:30s} taking turns {turns:.2f} s, hidden {hidden:.2f} s, measured "
          f"{measured:.2f} s")

# %%
fig, ax = plt.subplots(figsize=(6.6, 3.5), layout="constrained")
for place, (what, style) in enumerate((("computed, taking turns", plots.COLOURS[1]),
                                       ("computed, hidden", plots.COLOURS[5]),
                                       ("measured", plots.COLOURS[0]))):
    seconds = [row[place] for row in table.values()]
    ax.barh(np.arange(len(table)) + 0.27 * (place - 1), seconds,
            height=0.25, color=style, label=what, hatch=("///", "...", "")[place],
            edgecolor="#FCFCFA")
ax.axvline(FILES / appetite, color="#1B1B1B", linestyle="--", label="the model alone")
ax.set_yticks(range(len(table)), list(table))
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set(xlabel="seconds for one epoch", title="A CNN and its generator")
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2,
           fontsize=8)
told = "; ".join(f"{name} {row[2]:.2f} s" for name, row in table.items())
plots.show(fig, alt=f"Seconds for one epoch of the CNN, measured: {told}. The model "
                    f"alone would take {FILES / appetite:.2f} s.")

# %% [markdown]
# On a machine without a GPU, loader and model share the same processors, so that hiding is never complete:
# while one works, the other gets less. Nor are the computed times exact: both rates were measured at another
# moment, and on a busy machine they change from one minute to the next. With a GPU the model's part shrinks
# to a fraction, and the input is all the more likely to be the bottleneck. Mohan and others (2021) measured
# it for nine models on the servers of a large company: in many cases the training spent most of its time
# waiting for data.
#
# The order in which to try things:
#
# 1. **Measure** both rates, as above. Ten lines of code.
# 2. If the data fit into memory once decoded: array or `cache`. Then reading and decoding happen once.
# 3. Else make the files smaller, once: nobody needs 12 megapixels for a network that sees 224 × 224.
# 4. Then parallel decoding (`workers`, `num_parallel_calls`), and `prefetch` at the end.
# 5. If it is augmentation that takes the time, move it into the model: Keras's layers run where the model
#    runs.

# %% tags=["remove-cell"]
from helpers.record import record

# Running this cell again measures the memory once more.
held, serve = {}, batches(photos.train.images, photos.train.labels, BATCH)
for way in (mean_at_once, mean_by_batches):
    tracemalloc.start()
    held[way.__name__] = {"colour": way(photos.train.images),
                          "peak": tracemalloc.get_traced_memory()[1]}
    tracemalloc.stop()
record(
    gibibytes=size, held=held,
    batches_of_two_epochs=[sum(1 for _ in serve) for _ in range(2)],
    label_and_folder_agree=agree, split_shares=shares, split_scores=scores,
    validation_images=len(validation.file_paths),
    split_classes={
        name: sorted({pathlib.Path(p).parent.name for p in split.file_paths})
        for name, split in (("shuffled", validation), ("sorted", last))},
    batch_sizes=sizes, lost_with_floor_division=lost,
    batches_shuffled=len(together),  # different ones, in three epochs
    images_shuffled=len({frozenset(rows) for rows in logged.log}),
    labels_of_an_epoch=seen, learned=learned, seeds=SEEDS,
    cached_versions=versions,
    ten_batches={name: {"computed": ideal[name], "measured": total}
                 for name, (_, total) in runs.items()},
    images_per_second={name: rate for name, (rate, _) in rates.items()},
    learned_per_second=appetite, epoch_seconds=table,
    folder_is_temporary=pathlib.Path(tempfile.gettempdir()) in ROOT.parents)

# %% tags=["remove-cell"]
from helpers.record import record


def same_batches(kind, requests):
    """How many of four batches come out the same, asked for in this order."""
    plain, other = served(kind, range(4)), served(kind, requests)
    return sum(np.array_equal(plain[i], other[i]) for i in range(4))


card = np.arange(1, 13, dtype="uint8").reshape(3, 4, 1)
dice = np.random.default_rng(0)
record(
    same_batches={kind.__name__: {
        "again": same_batches(kind, (0, 1, 2, 3)),
        "in reverse": same_batches(kind, (3, 2, 1, 0)),
        "first one twice": same_batches(kind, (0, 0, 1, 2, 3))}
        for kind in (WithState, WithKey)},
    workers_are_alike={kind.__name__: np.array_equal(*moves_of(kind))
                       for kind in (WithState, WithKey)},
    resumed_is_same=same,
    source_is_unchanged=np.array_equal(kept, photos.train.images),
    card=card[..., 0], moved_cards=np.unique(
        [jolted(card, dice, reach=1)[..., 0] for _ in range(200)], axis=0))

# %% [markdown]
# ## Self-test
#
# **1.** 2,050 images, batches of 64. A colleague writes `__len__` with `//`. How many images are never served
# if the order stays the same?
#
# (a) none; (b) 2; (c) 62
#
# <details><summary>Answer</summary>
#
# **(b).** 2050 // 64 = 32 batches hold 2,048 images; `math.ceil` gives 33, the last of 2. (a) would need the
# 33rd batch. (c) is what the last batch lacks to be full, not what it holds. </details>
#
# **2.** Training and validation accuracy are both 98 % and the model fails on every new photograph. The data
# came by two calls with `validation_split=0.2, shuffle=True`. What do you look at first?
#
# (a) whether both calls have the same seed; (b) the learning rate; (c) the size of the batches
#
# <details><summary>Answer</summary>
#
# **(a).** With two seeds about four fifths of the validation images are training images. (b) A wrong rate
# makes both numbers bad. (c) changes speed and noise, but puts no image into two parts. </details>
#
# **3.** A random shift is placed before `cache()`. What happens?
#
# (a) an error; (b) the shifts are drawn once, and every epoch shows the same images; (c) training gets slower
#
# <details><summary>Answer</summary>
#
# **(b).** The cache keeps the shifted images. (a) Nothing is wrong with the program, and that is the trap.
# (c) It even gets faster, as the shifting is done only once. </details>
#
# **4.** Why does `WithKey` make a new random generator for each batch?
#
# (a) it is faster; (b) the batch then depends on seed, epoch and index alone, whoever asks and when; (c) the
# shifts are more random that way
#
# <details><summary>Answer</summary>
#
# **(b).** Workers may ask in any order, twice, or from copies. (a) It costs a little. (c) One generator gives
# numbers as random as many. </details>
#
# **5.** Preparing a batch takes 90 ms, learning it 10 ms. What does `prefetch` gain at most, and what would
# four workers that do not disturb each other gain on top?
#
# (a) a factor of 2, then nothing; (b) about 1.1, then about 4; (c) about 10, then about 4
#
# <details><summary>Answer</summary>
#
# **(b).** From 100 ms to 90, the larger of the two; then 90 / 4 = 22.5 ms, still more than the 10 ms of the
# model. (a) The factor 2 is for equal halves. (c) Prefetching hides the shorter part, 10 ms, and not the
# longer one. </details>
#
# ## Take-aways
#
# 1. A batch fits into memory, whatever the size of the data set: load late, forget early.
# 2. Labels from folders follow the alphabet; hidden and broken files come along; two seeds for one split are
#    a leak.
# 3. Shuffle images, not batches, with a buffer as large as the data set; let no image get lost at the end.
# 4. Draw chance from (seed, epoch, batch). What is always the same goes in front of the cache, chance behind
#    it.
# 5. Measure what is served and what is eaten; prefetching hides the smaller of the two, and only that.
#
# ## References
#
# - D. G. Murray, J. Šimša, A. Klimovic, I. Indyk (2021). tf.data: a machine learning data processing
#   framework. *Proceedings of the VLDB Endowment* 14(12), 2945–2958. https://doi.org/10.14778/3476311.3476374
# - J. Mohan, A. Phanishayee, A. Raniwala, V. Chidambaram (2021). Analyzing and mitigating data stalls in DNN
#   training. *Proceedings of the VLDB Endowment* 14(5), 771–784. https://doi.org/10.14778/3446095.3446100
# - A. Isenko, R. Mayer, J. Jedele, H.-A. Jacobsen (2022). Where is my training bottleneck? Hidden trade-offs
#   in deep learning preprocessing pipelines. *SIGMOD*. https://arxiv.org/abs/2202.08679
# - J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw (2011). Parallel random numbers: as easy as 1, 2, 3
#   (random numbers from a key). *SC11*. https://doi.org/10.1145/2063384.2063405
# - A. Krizhevsky (2009). Learning multiple layers of features from tiny images (CIFAR-10). Technical report,
#   University of Toronto. https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf
