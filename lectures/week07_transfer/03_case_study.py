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
# # Case study: the event's photographs
#
# After the apple festival somebody collected every picture that was posted with its tag. One in five shows the
# festival's apples and pears. The rest are cats, jokes, advertisements for other fruit, and things that nobody
# can explain. You are asked to keep the event and drop the rest, and you may lose at most two photographs in a
# hundred. A pre-trained network makes the features, a single unit makes one probability, and then the real
# work begins: which of the many numbers that one can compute answers the question that was asked?
#
# **After this lecture you can**
#
# - say why accuracy misleads when one class is rare, and compute precision, recall and their curve;
# - find duplicates and near-duplicates, and split a pile so that no picture sits on both sides;
# - choose a threshold on validation pictures, for a wanted recall or for stated costs, and report it on a
#   test set that is opened once, with intervals;
# - read a reliability diagram, and learn from the most confident mistakes;
# - say how many pictures a person should look at, and what that buys.
#
# **You need** [feature extraction](01_feature_extraction.ipynb) from this week, and from week 5 the habit of
# comparing over seeds.
#
# **Time** about 40 minutes to read. **Cost** less than a minute on two cores with the small budget, one or two
# minutes with the one for laptops; below 3 GiB of memory; no GPU.

# %%
import hashlib
import io
import tempfile
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.sparse.csgraph import connected_components
from skimage import data as pictures
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from helpers import budget, data, plots, pretrained

budget.describe()
SIZE = 96  # pixels; MobileNetV2 costs a fifth of what it costs at 224
EVENTS = budget.choose(ci=300, cpu=360)  # photographs of the event in the pile
SEEDS = budget.choose(ci=(0, 1, 2, 3, 4), cpu=tuple(range(10)))
threadpool_limits(1, user_api="blas")  # small matrices: cores would wait for each other

# %% [markdown]
# ## The pile, and where it comes from
#
# Real pictures of a real event cannot be shipped with a course: they show people who never agreed. So the
# pile is **built here**, and honesty asks to say how. The festival is played by photographs of apples and
# pears from a shop; oranges and melons **from the same shop** play the advertisements, and are the hard part.
# The pets are real photographs of cats and dogs, the "pictures" are CIFAR-10 photographs blown up from 32
# pixels, and the memes are drawn by this notebook.

# %%
def resized(images, side):
    """Images of another side, smoothly."""
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.BILINEAR))
                     for one in images])


ENOUGH = budget.choose(ci=4000, cpu=12000)
cifar = data.load("cifar10", train=ENOUGH, validation=0, test=0)
print(cifar)
try:
    fruit = data.load("groceries", validation=0, test=0, size=SIZE)
except data.DataError:
    fruit = None
    print("LEFT OUT: groceries cannot be had. CIFAR-10's trucks play the event, a")
    print("meeting of truckers; its automobiles play the advertisements.")
try:
    pets = data.load("cats_dogs", validation=0, test=0, size=SIZE).train.images
except data.DataError:
    pets = None
    print("LEFT OUT: cats_dogs cannot be had. CIFAR-10's cats and dogs play the pets.")

# %%
def of_class(*names):
    chosen = [cifar.class_names.index(name) for name in names]
    return cifar.train.images[np.isin(cifar.train.labels, chosen)]


played, stock = set(), {}  # stock: photographs by kind, each to be used once
if fruit is not None:
    coarse = np.array(fruit.extra_names["coarse"])[fruit.train.extra["coarse"]]
    EVENT_IS = "apples and pears"
    stock["event"] = fruit.train.images[np.isin(coarse, ["Apple", "Pear"])]
    stock["advert"] = fruit.train.images[~np.isin(coarse, ["Apple", "Pear"])]
else:
    EVENT_IS, played = "trucks", {"truck", "automobile"}
    stock["event"] = resized(of_class("truck"), SIZE)
    stock["advert"] = resized(of_class("automobile"), SIZE)
stock["pet"] = resized(of_class("cat", "dog"), SIZE) if pets is None else pets
played |= {"cat", "dog"} if pets is None else set()
stock["picture"] = of_class(*(name for name in cifar.class_names if name not in played))
dice = np.random.default_rng(7)
for kind, photographs in stock.items():
    stock[kind] = photographs[dice.permutation(len(photographs))]
    print(f"{kind:8s} {len(photographs):5,} photographs of {photographs.shape[1]} pixels")

# %% [markdown]
# If all photographs of the event were sharp and all other pictures blurred, the network would learn to tell
# *sharp from blurred*, and nobody would notice until the first blurred photograph of the event. So everything
# gets its share of what happens to pictures on their way: some are **thumbnails** of 32 pixels, blown up
# again, some carry a **date stamp**. And the memes are not all easy. Some have a photograph of the event as
# their background: those are still memes, and must go.

# %%
FONT = ImageFont.truetype(
    Path(plt.matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf"), 20)
ABOVE = ("WHEN THE BUS", "NOBODY:", "ME AT 8 AM", "MY CODE:", "THAT FEELING", "MONDAYS",
         "ONE DOES NOT", "BREAKING:", "I CAME FOR", "THEY SAID", "STILL WAITING")
BELOW = ("IS LATE AGAIN", "NOT TODAY", "IT COMPILES!", "SEND HELP", "WHO DID THIS",
         "AND YET...", "FOR THE CAKE", "EVERY TIME", "SAID NO ONE", "JUST ONE MORE")


def drawn(image, lines, colour, height):
    """The image with lines of text (words, place, anchor), drawn at twice its size."""
    card = Image.fromarray(image).resize((2 * SIZE, 2 * SIZE), Image.BILINEAR)
    pen, font = ImageDraw.Draw(card), FONT.font_variant(size=height)
    for words, place, anchor in lines:
        pen.text(place, words, colour, font, anchor, stroke_width=2, stroke_fill="black")
    return np.asarray(card.resize((SIZE, SIZE), Image.BOX))


def meme(image):
    lines = [(dice.choice(ABOVE), (SIZE, 6), "ma"),
             (dice.choice(BELOW), (SIZE, 186), "md")]
    lines = lines[:dice.choice([1, 2])]  # one line above, or two
    return drawn(image, lines, "white", int(dice.integers(13, 22)))

# %%
def travelled(image):
    """A photograph after its journey: as it was, as a thumbnail, or with a date stamp."""
    journey = dice.choice(["", ", thumbnail", ", stamped"], p=[0.6, 0.25, 0.15])
    if journey == ", thumbnail":
        image = resized(resized(image[None], 32), SIZE)[0]
    if journey == ", stamped":
        words = f"{dice.integers(1, 31):02d}.09.24 {dice.integers(8, 20):02d}:15"
        height = int(dice.integers(13, 18))
        image = drawn(image, [(words, (184, 184), "rd")], "#FFB000", height)
    return image, journey


def background():
    """Two colours, one fading into the other."""
    ends = dice.integers(0, 256, (2, 1, 1, 3))
    share = np.linspace(0, 1, SIZE)[:, None, None]
    plain = np.broadcast_to(ends[0] * (1 - share) + ends[1] * share, (SIZE, SIZE, 3))
    return np.ascontiguousarray(np.rot90(plain, dice.integers(4)), dtype=np.uint8)


def posted_again(image):
    """A near-duplicate: cropped a little, brighter or darker, saved as a poor JPEG."""
    cut = dice.integers(1, 5, 4)
    crop = Image.fromarray(image).crop((cut[0], cut[1], SIZE - cut[2], SIZE - cut[3]))
    light = np.asarray(crop.resize((SIZE, SIZE))) * dice.uniform(0.8, 1.25)
    file = io.BytesIO()
    light = np.clip(light, 0, 255).astype(np.uint8)
    Image.fromarray(light).save(file, "JPEG", quality=35)
    return np.asarray(Image.open(file))

# %%
def odd_ones(count):
    """Crops of pictures that look a little like food, or do not look like anything."""
    whole = [pictures.coffee(), pictures.retina(), pictures.astronaut()]
    for number in range(count):
        photo = Image.fromarray(whole[number % len(whole)])
        reach = int(min(photo.size) * dice.uniform(0.6, 1))
        x, y = (int(dice.integers(0, end - reach + 1)) for end in photo.size)
        crop = photo.crop((x, y, x + reach, y + reach)).resize((SIZE, SIZE))
        yield np.asarray(crop), number % len(whole)


dice = np.random.default_rng(8)
photos = []  # (picture, kind, origin): a real pile does not tell the last two
EVENTS = min(EVENTS, int(0.8 * len(stock["event"])))
own, spare = stock["event"][:EVENTS], stock["event"][EVENTS:]
for kind, share in (("event", 1), ("advert", 2 / 3), ("pet", 1 / 2)):
    for place, image in enumerate(stock[kind][:int(share * EVENTS)]):
        image, journey = travelled(image)
        photos.append((image, kind + journey, (kind, place)))

# %%
dice = np.random.default_rng(9)
others = []
for number in range(EVENTS // 5):  # on photographs of the event, half of them in the pile
    shelf, name = ((own, "event"), (spare, "spare"))[number % 2]
    place = int(dice.integers(len(shelf)))
    others.append((meme(shelf[place]), "meme on event", (name, place)))
for image, source in odd_ones(EVENTS // 10):
    others.append((image, "odd one", ("odd", source)))
for number in range(EVENTS // 2):
    image = (background() if number % 2 else
             resized(stock["picture"][-1 - number][None], SIZE)[0])
    others.append((meme(image), "meme", ("meme", number)))
missing = 5 * EVENTS - len(photos) - len(others)
for number, image in enumerate(resized(stock["picture"][:missing], SIZE)):
    others.append((image, "picture", ("picture", number)))

# %% [markdown]
# Scraped piles hold the same picture several times: posted again, brightened, cropped. So a tenth of the pile
# is posted a second time, a third of these byte for byte. What is **wanted** is decided by the kind.

# %%
dice = np.random.default_rng(10)
pile = photos + others
for number, chosen in enumerate(dice.choice(len(pile), len(pile) // 10, replace=False)):
    image, kind, origin = pile[chosen]
    pile.append((image if number % 3 == 0 else posted_again(image), kind, origin))
pile = [pile[place] for place in dice.permutation(len(pile))]


def taken_apart(pile):
    """Pictures, kinds, whether they are wanted, and where they came from."""
    images, kinds, origins = zip(*pile, strict=True)
    wanted = np.array([kind.startswith("event") for kind in kinds], dtype=int)
    return np.stack(images), np.array(kinds), wanted, origins


images, kinds, wanted, origins = taken_apart(pile)
print(f"{len(pile):,} pictures, {wanted.sum()} of them wanted: they show {EVENT_IS}")
for kind in np.unique(kinds):
    print(f"  {kind:17s} {np.sum(kinds == kind):5d}"
          + ("   wanted" if kind.startswith("event") else ""))

# %% tags=["remove-cell"]
from helpers.record import record

record(kinds={str(kind): {"pictures": np.sum(kinds == kind),
                          "wanted": np.sum(wanted[kinds == kind])}
              for kind in np.unique(kinds)})

# %%
shown = []
for kind in ("event", "event, thumbnail", "event, stamped", "meme on event", "advert",
             "advert, thumbnail", "pet", "picture", "meme", "odd one"):
    shown += np.flatnonzero(kinds == kind)[:2].tolist()
names = [kinds[i].replace(", ", ",\n") for i in shown]
plots.image_grid(images[shown], names, title="Two of each kind (framed: wanted)",
                 colours=["right" if wanted[i] else None for i in shown],
                 alt="Two pictures of each kind: the event as it is, as a thumbnail, and "
                     "with a date stamp (these are framed as wanted); memes on such "
                     "photographs, advertisements, pets, pictures, memes, odd ones.")

# %% [markdown]
# Note what you **cannot** do with this pile: say how well the method would work on your event. It shows how
# to find out. The numbers below belong to the pile.
#
# ## Copies first
#
# A picture that stands in the training part and again in the test part is not a test. First the easy half:
# equal bytes have an equal **hash**.

# %%
def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


hashes = [digest(image) for image, _, _ in pile]
first = np.sort(np.unique(hashes, return_index=True)[1])
print(f"{len(pile) - len(first)} of {len(pile):,} pictures are exact copies: "
      "dropped")
images, kinds, wanted, origins = taken_apart([pile[place] for place in first])

# %% [markdown]
# One pixel a little brighter, and the hash is another one. For near-duplicates we need a fingerprint that
# changes *little* when the picture changes little. The **difference hash** is one: shrink to 9 × 8 grey
# pixels, and write down for each of the 64 neighbours whether the right one is brighter. Brightness, size and
# JPEG hardly touch that. Two pictures with few different bits are suspects, and if their colours agree as
# well, they are **linked**.
#
# > **Predict, then run.** A meme whose background is a photograph of the event: will it be linked to that
# > photograph, in spite of its words?

# %%
def fingerprint(images):
    """64 bits for each image, as -1 and +1, so that a product counts the equal ones."""
    grey = np.stack([np.asarray(Image.fromarray(one).convert("L").resize(
        (9, 8), Image.BILINEAR), dtype=int) for one in images])
    brighter = (grey[:, :, 1:] > grey[:, :, :-1]).reshape(len(images), 64)
    return np.where(brighter, 1, -1).astype("float32")


def tints(images):
    """8 x 8 colours of each image, mean 0 and length 1: a product is a correlation."""
    tiny = np.stack([np.asarray(Image.fromarray(one).resize((8, 8), Image.BOX))
                     for one in images]).reshape(len(images), -1).astype("float32")
    tiny -= tiny.mean(axis=1, keepdims=True)
    return tiny / (np.linalg.norm(tiny, axis=1, keepdims=True) + 1e-6)


prints, colours = fingerprint(images), tints(images)
different_bits = (64 - prints @ prints.T) / 2
links = (different_bits <= 10) & (colours @ colours.T >= 0.9)
groups = connected_components(links)[1]
print(f"{len(images):,} pictures fall into {groups.max() + 1:,} groups, the largest of "
      f"{np.bincount(groups).max()}")

# %%
number_of = {origin: number for number, origin in enumerate(dict.fromkeys(origins))}
truth = np.array([number_of[origin] for origin in origins])
related = truth[:, None] == truth
once = np.triu(np.ones_like(links), 1)  # each pair once
posed, odd = kinds == "meme on event", kinds == "odd one"
crossing = posed[:, None] != posed
for name, pairs in (("posted again", ~crossing & ~odd), ("meme and background", crossing),
                    ("crops of one odd picture", ~crossing & odd)):
    pairs = pairs & related & once
    print(f"{name:25s} {np.sum(pairs & links):3d} of {np.sum(pairs):3d} pairs linked")
print(f"{'strangers':25s} {np.sum(links & once & ~related):3d} pairs linked")

# %% [markdown]
# Small words move few of the 64 bits, so the memes hang together with their backgrounds. What is missed are
# the crops: a difference hash sees the picture as a whole.
#
# We can print this table because we built the pile. With a real one you look at a hundred linked pairs. And
# the two kinds of mistake do not cost the same: strangers in one group only travel together, but a copy that
# was missed is a **leak**. So link generously.

# %%
some = []
for pairs in (links & once & related & crossing, links & once & related & ~crossing,
              links & once & ~related):
    pairs = np.argwhere(pairs)
    some += [*pairs[np.linspace(0, len(pairs) - 1, min(3, len(pairs))).astype(int)]]
names = [f"pair {i // 2 + 1}" for i in range(2 * len(some))]
plots.image_grid(images[np.ravel(some)], names, columns=6, scale=1.1,
                 title="Linked pairs. Above: memes and their backgrounds; "
                       "middle: posted again; below: strangers")

# %% [markdown]
# Look closely at the strangers. Some are strangers only by our own book: two shots of the same apple, a moment
# apart, which the original collection lists as two photographs. The fingerprint knows better than we do.
#
# ## The test set is sealed
#
# Three tenths of the **groups** become the test set. Nothing will be chosen by it. The rest is for
# development, and will be cut again and again, by groups, into training and validation: once for each seed.

# %%
develop, sealed = next(GroupShuffleSplit(1, test_size=0.3, random_state=0).split(
    images, groups=groups))


def cut(seed, by=groups):
    """Training and validation rows of the development part."""
    splitter = GroupShuffleSplit(1, test_size=0.4, random_state=seed)
    train, validation = next(splitter.split(develop, groups=by[develop]))
    return develop[train], develop[validation]


assert not set(groups[develop]) & set(groups[sealed])
parts = dict(zip(("train", "validate"), cut(SEEDS[0]), strict=True), sealed=sealed)
for name, rows in parts.items():
    print(f"{name:9s} {len(rows):5d} pictures, {wanted[rows].sum():3d} wanted "
          f"({wanted[rows].mean():.1%})")

# %% [markdown]
# ## Features, once
#
# MobileNetV2 without its classifier turns a picture into 1,280 numbers. Its weights will not move in this
# lecture, so each picture passes **once**, and the numbers are kept in a file whose name depends on the
# pictures and on the network. Change either, and they are computed anew.

# %%
def load_base():
    try:
        return pretrained.load("mobilenetv2", top=False, size=SIZE, pooling="avg")
    except pretrained.Unavailable:
        print("NO PRE-TRAINED WEIGHTS: random ones stand in, and most of it will fail")
        keras.utils.set_random_seed(0)
        return pretrained.load("mobilenetv2", top=False, size=SIZE, pooling="avg",
                               source="untrained")


base = load_base()
print(f"weights: {base.source}")
cache = tempfile.TemporaryDirectory()  # in a project of yours: a folder that stays


def features_of(images):
    key = hashlib.sha256(images.tobytes() + base.source.encode()).hexdigest()[:16]
    file = Path(cache.name, f"{key}.npy")
    if not file.exists():
        np.save(file, base.predict(images, batch_size=64, verbose=0))
    return np.load(file)

# %%
for turn in ("computed", "from the file"):
    started = time.perf_counter()
    features = features_of(images)
    print(f"{turn:13s} {features.shape[0]:,} x {features.shape[1]:,} numbers, "
          f"{features.nbytes / 1e6:.1f} MB, {time.perf_counter() - started:.2f} s")

# %% [markdown]
# ## Does a leak matter?
#
# The classifier on top is a logistic regression. Before we use it, a question for the development part: how
# good does it *look* if we cut at random, pictures instead of groups? We compare by **average precision**,
# which is explained below; 1 is perfect. Beside it stands the simplest model of all, which keeps a picture if
# the most similar training picture is to be kept.
#
# > **Predict, then run.** Which of the two will be flattered more by copies in the training part?

# %%
def classifier(strength=0.03, **more):
    """Features to mean 0 and spread 1, then logistic regression: one probability out."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500,
                                                              solver="newton-cg", **more))


def nearest_is_right(train, check):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    nearest = (unit[check] @ unit[train].T).argmax(axis=1)
    return wanted[train][nearest] == wanted[check]


cuts = {"pictures at random": np.arange(len(images)), "groups": groups}
known = {}


def fitted(seed, strength=0.03, by="groups"):
    """A model trained on one cut, and its scores of that cut's validation pictures."""
    if (seed, strength, by) not in known:
        train, check = cut(seed, cuts[by])
        model = classifier(strength).fit(features[train], wanted[train])
        known[seed, strength, by] = model, model.predict_proba(features[check])[:, 1]
    return known[seed, strength, by]

# %%
posting = np.array([f"{kinds[place]} {truth[place]}" for place in range(len(kinds))])
looks, copied = {name: [] for name in cuts}, []
for name, by in cuts.items():
    for seed in SEEDS:
        train, check = cut(seed, by)
        score = fitted(seed, by=name)[1]
        right = nearest_is_right(train, check)
        relative = np.isin(truth[check], truth[train]).mean()
        looks[name].append((metrics.average_precision_score(wanted[check], score),
                            right.mean(), relative))
        if by is not groups:
            twin = np.isin(posting[check], posting[train])
            copied.append((right[twin].mean(), right[~twin].mean()))
for name, rows in looks.items():
    (ap, nearest, copies), spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
    print(f"cut by {name:18s} average precision {ap:.3f} ± {spread[0]:.3f}   nearest "
          f"{nearest:.1%} ± {spread[1]:.1%}   ({copies:.1%} have a relative in training)")
flattery = np.mean(looks["pictures at random"], axis=0) - np.mean(looks["groups"], axis=0)
print(f"the random cut looks better by {flattery[0]:+.3f} and "
      f"{100 * flattery[1]:+.1f} points")
print("random cut, nearest: right for {:.1%} of those whose copy is in training, for "
      "{:.1%} of the others".format(*np.mean(copied, axis=0)))

# %% tags=["remove-cell"]
from helpers.record import record

record(
    share_with_relative={name: np.array(rows)[:, 2]
                         for name, rows in looks.items()},
    nearest_is_right=dict(zip(("copy in training", "others"),
                              np.mean(copied, axis=0), strict=True)))

# %% [markdown]
# Compare that with the spread of the seeds. One picture in ten was posted twice, and the simple model may
# already be right about nearly all pictures, so that copies have little left to give. Not all relatives
# flatter, either: a meme and its background are wanted differently. But nobody knows beforehand how many
# copies a scraped pile holds, and the harder the question and the more a model can remember, the more it gains
# by them. The cut by groups costs one argument.
#
# ## Why accuracy misleads

# %%
base_rate = wanted[develop].mean()
print(f"one picture in {1 / base_rate:.1f} is wanted (base rate {base_rate:.1%})")
print(f"a program that drops everything: accuracy {1 - base_rate:.1%}, "
      f"photographs of the event that it finds: 0 of {wanted[develop].sum()}")
print(f"a program that keeps everything: accuracy {base_rate:.1%}, finds all of them")

# %% [markdown]
# The laziest of all programs has an impressive accuracy. What the question is about are two other numbers.
# Each looks at one side of the table of four:
#
# | | kept | dropped |
# |---|---|---|
# | **wanted** | kept rightly (TP) | **lost** (FN) |
# | **not wanted** | **rubbish kept** (FP) | dropped rightly (TN) |
#
# - **Recall** = TP / (TP + FN): of the event's photographs, the share that we keep.
# - **Precision** = TP / (TP + FP): of what we keep, the share that shows the event.
#
# ## One probability out
#
# A dense layer with one unit and a sigmoid, on features that do not move: that *is* logistic regression. Keras
# reaches it by small steps, scikit-learn solves it. Both are held back from huge weights: a penalty of
# $\frac{1}{2nC} \sum w^2$ for $n$ pictures.
#
# > **Predict, then run.** The same pictures, two libraries: how far apart will the probabilities be?

# %%
train, check = cut(SEEDS[0])
STRENGTH = 0.03
scaler = StandardScaler().fit(features[train])  # of the training pictures only
x, y = scaler.transform(features[train]), wanted[train].astype("float32")[:, None]
penalty = keras.regularizers.L2(1 / (2 * len(x) * STRENGTH))
head = keras.Sequential([
    keras.Input((x.shape[1],)),
    keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty,
                       kernel_initializer="zeros")])
head.compile(optimizer=keras.optimizers.SGD(0.03, momentum=0.95),
             loss="binary_crossentropy")
for _ in range(400):
    head.train_on_batch(x, y)  # all training pictures in one batch
x_check = scaler.transform(features[check])
by_keras = head.predict(x_check, batch_size=512, verbose=0)[:, 0]
by_sklearn = fitted(SEEDS[0], STRENGTH)[1]
gap = np.abs(by_keras - by_sklearn)
agree = np.mean((by_keras >= 0.5) == (by_sklearn >= 0.5))
print(f"{head.count_params():,} parameters; probabilities differ by {gap.mean():.4f} on "
      f"average, {gap.max():.3f} at most; the same side of 0.5 for {agree:.1%}")

# %% [markdown]
# One model, two ways. We go on with the exact one. Its one setting, $C$, is chosen on validation pictures by
# the **log loss**, which judges the probabilities themselves: $-\ln p$ of what was true, averaged.

# %%
STRENGTHS = (0.003, 0.03, 0.3)


def log_loss(seed, strength):
    return metrics.log_loss(wanted[cut(seed)[1]], fitted(seed, strength)[1])


losses = {strength: [log_loss(seed, strength) for seed in SEEDS]
          for strength in STRENGTHS}
for strength, values in losses.items():
    print(f"C = {strength:<6g} log loss {np.mean(values):.3f} ± "
          f"{np.std(values, ddof=1):.3f}")
BEST = min(STRENGTHS, key=lambda strength: np.mean(losses[strength]))
blind = metrics.log_loss(wanted[develop], np.full(len(develop), base_rate))
print(f"chosen: C = {BEST:g}; always saying the base rate has a log loss of {blind:.3f}")
models = {seed: fitted(seed, BEST)[0] for seed in SEEDS}
seen = {seed: (wanted[cut(seed)[1]], fitted(seed, BEST)[1])  # validation
        for seed in SEEDS}

# %% [markdown]
# ## Look at the scores
#
# > **Predict, then run.** Draw the histogram of the probabilities of the validation pictures, one for the
# > wanted and one for the others. Where will they overlap?

# %%
truths, score = seen[SEEDS[0]]  # the first seed, as agreed beforehand; not the best one
fig, ax = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
bins = np.linspace(0, 1, 21)
for value, name, hatch in ((0, "not wanted", "//"), (1, "wanted", "")):
    ax.hist(score[truths == value], bins, color=plots.COLOURS[3 * (1 - value)],
            alpha=0.65, hatch=hatch, edgecolor="#FCFCFA",
            label=f"{name} ({np.sum(truths == value)})")
ax.set(xlabel="probability that the picture is wanted", ylabel="pictures (log scale)",
       yscale="log", ylim=(0.6, None), title="Validation pictures, one seed")
ax.legend(loc="upper center")
between = np.mean((score > 0.1) & (score < 0.9))
plots.show(fig, alt="Two histograms of the probability. Pictures that are not wanted "
                    "pile up at 0, wanted ones at 1; both kinds are found in between: "
                    f"{between:.0%} of all lie between 0.1 and 0.9.")

# %%
def report(truths, score, threshold):
    """Recall, precision and four counts when everything from the threshold up is kept."""
    kept = score >= threshold
    tp, fp = np.sum(kept & (truths == 1)), np.sum(kept & (truths == 0))
    fn, tn = np.sum(~kept & (truths == 1)), np.sum(~kept & (truths == 0))
    return tp / (tp + fn), tp / (tp + fp) if tp + fp else np.nan, (tp, fp, fn, tn)


recall, precision, (tp, fp, fn, tn) = report(truths, score, 0.5)
print(f"threshold 0.5: kept {tp} wanted and {fp} others; lost {fn}; dropped {tn}")
print(f"accuracy {(tp + tn) / len(score):.1%}, recall {recall:.1%}, "
      f"precision {precision:.1%}")
assert recall == metrics.recall_score(truths, score >= 0.5)
assert precision == metrics.precision_score(truths, score >= 0.5)

# %% [markdown]
# Nobody has asked for 0.5. It is the right threshold where both mistakes are equally bad. Here they are not.
# Every threshold gives a pair of recall and precision; all pairs together are the **precision-recall curve**.
# The mean of the precision over the curve is the average precision.

# %%
fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
areas = [metrics.average_precision_score(*seen[seed]) for seed in SEEDS]
for seed in SEEDS[:5]:
    precisions, recalls, _ = metrics.precision_recall_curve(*seen[seed])
    ax.plot(recalls, precisions, color=plots.COLOURS[5], linewidth=1)
precisions, recalls, _ = metrics.precision_recall_curve(truths, score)
ax.plot(recalls, precisions, color=plots.COLOURS[0], linewidth=2, label="first seed")
ax.plot(recall, precision, "D", color=plots.COLOURS[3], label="threshold 0.5")
ax.axhline(base_rate, color=plots.COLOURS[6], linestyle=":", label="keeping at random")
ax.axvline(0.98, color=plots.COLOURS[9], linestyle="--", linewidth=1, label="recall 98 %")
ax.set(xlabel="recall (share of the event's photographs kept)", xlim=(0, 1.01),
       ylabel="precision (share of what is kept)", ylim=(0, 1.02),
       title="Validation pictures, by threshold")
ax.legend(loc="center left")
plots.show(fig, alt="Precision against recall for several seeds: near 1 at the left, "
                    "falling steeply as the recall approaches 1. At 0.5 recall is "
                    f"{recall:.2f} and precision {precision:.2f}.")
print(f"average precision {np.mean(areas):.3f} ± {np.std(areas, ddof=1):.3f} "
      f"({len(SEEDS)} seeds); at random it would be {base_rate:.3f}")

# %% [markdown]
# ## The threshold is a decision
#
# **By a wanted recall.** "Lose at most 2 %": sort the validation scores of the wanted pictures, and put the
# threshold just below as few of them as that allows.
#
# **By costs.** Say that a lost photograph is as bad as ten pieces of rubbish. Then keep a picture with
# probability $p$ if the loss expected by dropping it, $10\,p$, is larger than that expected by keeping it,
# $1 - p$. The two are equal at $p = 1/11$. That trusts the probabilities; we can also try all thresholds on
# the validation pictures, and take the cheapest.
#
# > **Predict, then run.** Will "at most 2 %" keep fewer or more pictures than the threshold 0.5? How many
# > wanted pictures does the validation part have, and how many of them may be lost?

# %%
WANTED_RECALL, COST = 0.98, 10  # one lost photograph is as bad as ten pieces of rubbish


def for_recall(truths, score, recall=WANTED_RECALL):
    """The highest threshold that keeps this share of the wanted pictures."""
    of_wanted = np.sort(score[truths == 1])
    may_lose = int((1 - recall) * len(of_wanted) + 1e-9)
    return of_wanted[may_lose]


def cost_of(truths, score, threshold):
    """Cost of the mistakes, in pieces of rubbish for each 100 pictures."""
    _, fp, fn, _ = report(truths, score, threshold)[2]
    return 100 * (fp + COST * fn) / len(score)


def cheapest(truths, score):
    """The threshold with the smallest cost, among the scores themselves."""
    return min(np.unique(score), key=lambda threshold: cost_of(truths, score, threshold))

# %%
pooled = [np.concatenate(parts) for parts in zip(*seen.values(), strict=True)]
thresholds = {"0.5": [0.5] * len(SEEDS), "1/11": [1 / (1 + COST)] * len(SEEDS),
              "cheapest": [cheapest(*seen[seed]) for seed in SEEDS],
              "recall 98 %": [for_recall(*seen[seed]) for seed in SEEDS],
              "98 %, pooled": [for_recall(*pooled)] * len(SEEDS)}
for name, values in thresholds.items():
    pairs = list(zip(SEEDS, values, strict=True))
    rows = [(*report(*seen[seed], value)[:2], cost_of(*seen[seed], value))
            for seed, value in pairs]
    recall, precision, cost = np.mean(rows, axis=0)
    print(f"{name:12s} threshold {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}: "
          f"recall {recall:.1%}, precision {precision:.1%}, cost {cost:.1f}")
count = int(seen[SEEDS[0]][0].sum())
print(f"first seed: {count} wanted pictures in validation, "
      f"{int(0.02 * count + 1e-9)} may be lost")
assert all(report(*seen[seed], value)[0] >= WANTED_RECALL
           for seed, value in zip(SEEDS, thresholds["recall 98 %"], strict=True))

# %% [markdown]
# On the validation pictures the promise is kept: the threshold was made so. That proves nothing. A threshold
# that hangs on the one or two lowest scores of some eighty pictures is a shaky thing; look at its spread. The
# last rule therefore pools the validation scores of all seeds, and takes one threshold for all.
#
# How shaky can be said beforehand. If we lose none of $n$ pictures, the true share of losses may still be as
# high as about $3/n$ (the **rule of three**, 95 %). To stand by "at most 2 %", one needs 150 wanted pictures
# that were not used for choosing, and none of them lost. For other counts there is **Wilson's interval**:

# %%
def wilson(hits, n, z=1.96):
    """95 % interval for a share of which we have seen `hits` of `n`."""
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(hits * (n - hits) / n + z * z / 4)
    return middle - half, middle + half


for hits, n in ((count - 1, count), (150, 150), (980, 1000)):
    low, high = wilson(hits, n)
    print(f"{hits} of {n} kept: the recall lies between {low:.1%} and {high:.1%}")

# %% [markdown]
# ## The test set, opened once
#
# Everything is fixed: features, $C$, five rules, their thresholds. Only now does a model see the sealed
# pictures. Each seed brings its own training part, and its own thresholds.

# %%
answers = {seed: models[seed].predict_proba(features[sealed])[:, 1] for seed in SEEDS}
facts = wanted[sealed]
outcome = {name: [(*report(facts, answers[seed], value)[:2],
                   cost_of(facts, answers[seed], value))
                  for seed, value in zip(SEEDS, values, strict=True)]
           for name, values in thresholds.items()}
print(f"test: {len(facts)} pictures, {facts.sum()} wanted; mean and spread over "
      f"{len(SEEDS)} seeds")
for name, rows in outcome.items():
    means, spreads = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
    print(f"{name:12s} recall {means[0]:.1%} ± {spreads[0]:.1%}, precision "
          f"{means[1]:.1%} ± {spreads[1]:.1%}, cost {means[2]:.1f} ± {spreads[2]:.1f}")
nothing = 100 * COST * facts.mean()
print(f"for comparison: dropping everything costs {nothing:.0f}, keeping everything "
      f"{100 * (1 - facts.mean()):.0f}")
for name in ("recall 98 %", "98 %, pooled"):
    held = sum(row[0] >= WANTED_RECALL for row in outcome[name])
    print(f"rule {name}: the promised 98 % held in {held} of {len(SEEDS)} seeds")

# %% [markdown]
# If the promise was broken in some seeds, that is no bug: the threshold fits the validation pictures better
# than any others, just as weights fit the training pictures. Who must not break it leaves a margin: more
# validation pictures, or a stricter recall than was asked for.
#
# The spread over the seeds says how much luck there is in *training and choosing*. How much is in these *test
# pictures*? For that, an interval for a single seed: Wilson's for the recall, and for the precision the
# **bootstrap**. It draws a new test set from the old one, with replacement, and repeats. Related pictures are
# no independent witnesses, so it draws *groups*.

# %%
seed = SEEDS[0]
threshold = thresholds["98 %, pooled"][0]
recall, precision, (tp, fp, fn, tn) = report(facts, answers[seed], threshold)
kept = answers[seed] >= threshold
of_group = np.unique(groups[sealed], return_inverse=True)[1]
counts = np.stack([np.bincount(of_group, rows) for rows in
                   (kept & (facts == 1), kept & (facts == 0), ~kept & (facts == 1))])
draws = np.random.default_rng(0).multinomial(
    counts.shape[1], np.ones(counts.shape[1]) / counts.shape[1], size=2000)
again_tp, again_fp, again_fn = counts @ draws.T
for name, value, again in (("recall", recall, again_tp / (again_tp + again_fn)),
                           ("precision", precision, again_tp / (again_tp + again_fp))):
    low, high = np.percentile(again, [2.5, 97.5])
    print(f"{name} {value:.1%}, bootstrap over groups {low:.1%} to {high:.1%}")
low, high = wilson(tp, tp + fn)
print(f"recall by Wilson: {low:.1%} to {high:.1%} ({tp} of {tp + fn})")
print(f"the service for the client: {kept.sum()} pictures kept instead of {len(kept)}, "
      f"{fn} of {tp + fn} photographs lost")

# %% [markdown]
# ### Precision belongs to the pile, too
#
# Recall and the share of rubbish that slips through are the model's. Precision depends on how *rare* the
# event is. Take the same model and threshold to a pile where one picture in fifty is wanted:

# %%
slips = fp / (fp + tn)
print(f"recall {recall:.1%}, share of the rubbish that slips through {slips:.1%}")
for one_in in (2, 5, 20, 50, 200):
    rate = 1 / one_in
    kept_rightly, kept_wrongly = rate * recall, (1 - rate) * slips
    share = kept_rightly / (kept_rightly + kept_wrongly)
    print(f"one in {one_in:3d} wanted: precision {share:.1%}")

# %% tags=["remove-cell"]
from helpers.record import record

record(opened={
    "recall": recall, "kept rightly": tp, "kept wrongly": fp, "lost": fn,
    "dropped rightly": tn, "wilson": (low, high),
    "bootstrap": np.percentile(again_tp / (again_tp + again_fn), [2.5, 97.5]),
    "slips": slips, "rarest": one_in, "precision if so rare": share})

# %% [markdown]
# A precision without a base rate is half a sentence.
#
# ## Can the probabilities be believed?
#
# Of all pictures with a probability near 0.8, about 80 % should be wanted. A model of which that is true is
# **calibrated**. Cut the scores into bins, and compare. (Validation pictures of three seeds together.)
#
# For rare classes people like to weight the loss, `class_weight="balanced"`: every wanted picture then counts
# as much as several others. It moves the probabilities.
#
# > **Predict, then run.** Up or down? And what does that mean for the rule 1/11?

# %%
def calibration(pairs):
    """Mean probability, share of wanted and count in each of five bins; two means."""
    truths, score = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    places = np.minimum((5 * score).astype(int), 4)
    rows = [(score[places == k].mean(), truths[places == k].mean(), np.sum(places == k))
            for k in np.unique(places)]
    return rows, score.mean(), truths.mean(), np.mean((score - truths) ** 2)


weighted = {}
for seed in SEEDS[:3]:
    train, check = cut(seed)
    model = classifier(BEST, class_weight="balanced").fit(features[train], wanted[train])
    weighted[seed] = wanted[check], model.predict_proba(features[check])[:, 1]
tables = {"plain": calibration([seen[seed] for seed in SEEDS[:3]]),
          "balanced weights": calibration(list(weighted.values()))}
for name, (rows, mean_score, share, brier) in tables.items():
    away = np.average([abs(p - q) for p, q, _ in rows], weights=[n for _, _, n in rows])
    print(f"{name:16s} mean probability {mean_score:.1%} where {share:.1%} are wanted; "
          f"bins {100 * away:.1f} points off; Brier score {brier:.4f}")

# %%
fig, ax = plt.subplots(figsize=(5.4, 4.2), layout="constrained")
ax.plot([0, 1], [0, 1], color=plots.COLOURS[6], linestyle=":", label="calibrated")
told = []
for number, (name, (rows, *_)) in enumerate(tables.items()):
    p, q, n = np.array(rows).T
    low, high = wilson(q * n, n)
    ax.errorbar(p, q, yerr=[q - low, high - q], marker=plots.MARKERS[number], capsize=3,
                color=plots.COLOURS[3 * number], label=name)
    told.append(f"{name}: " + ", ".join(f"{b:.2f} at {a:.2f}" for a, b, _ in rows))
ax.set(xlabel="mean probability in the bin", ylabel="share of wanted pictures",
       xlim=(0, 1), ylim=(0, 1), title="Reliability: validation pictures of three seeds")
ax.legend(loc="upper left")
plots.show(fig, alt="Reliability diagram. " + "; ".join(told) + ".")

# %% [markdown]
# The bins in the middle hold few pictures, and their intervals are wide (too narrow even: the seeds share
# pictures). Two rules for practice: rank with any scores, but do arithmetic with costs only if they are
# calibrated; and where the scores are bent, as by weights, choose the threshold on validation pictures.
#
# ## The most confident mistakes
#
# A wrong answer at 0.52 is an accident. One at 0.99 wants to tell you something. Four things it may say: the
# *label* is wrong; the *question* is unclear; the *training part* lacks such pictures; or the model follows a
# *shortcut*.

# %%
def confident_mistakes(truths, score, n):
    """Rows of the n highest scores among the rubbish, and n lowest of the wanted."""
    rubbish, of_wanted = np.flatnonzero(truths == 0), np.flatnonzero(truths == 1)
    return (rubbish[np.argsort(-score[rubbish], kind="stable")][:n],
            of_wanted[np.argsort(score[of_wanted], kind="stable")][:n])


score, threshold = answers[SEEDS[0]], thresholds["cheapest"][0]
rubbish, missed = confident_mistakes(facts, score, 10)


def show_mistakes(rows, title):
    names = [f"{score[i]:.2f}\n" + kinds[sealed[i]].replace(", ", ",\n") for i in rows]
    wrong = [(score[i] >= threshold) != facts[i] for i in rows]
    plots.image_grid(images[sealed[rows]], names, columns=10, scale=1.05,
                     colours=["wrong" if one else None for one in wrong],
                     title=f"{title} (framed: wrong at threshold {threshold:.2f})")


show_mistakes(rubbish, "Not wanted, and the highest scores")

# %%
show_mistakes(missed, "Wanted, and the lowest scores")

# %%
print(f"wrong by kind, mean over {len(SEEDS)} seeds, each at its cheapest threshold")
share_wrong = {}
for kind in np.unique(kinds[sealed]):
    here = kinds[sealed] == kind
    wrong = [np.sum((answers[seed][here] >= value) != facts[here])
             for seed, value in zip(SEEDS, thresholds["cheapest"], strict=True)]
    share_wrong[kind] = np.mean(wrong) / here.sum()
    print(f"{kind:18s} {here.sum():4d} pictures, {np.mean(wrong):5.1f} wrong "
          f"({share_wrong[kind]:.0%})" + ("   wanted" if kind[:5] == "event" else ""))
worst = max(share_wrong, key=share_wrong.get)
print(f"largest share: {worst}")

# %% [markdown]
# What to do about them follows from what they are:
#
# - **Memes on a photograph of the event.** By its features such a picture *is* a heap of apples with a few
#   letters on top; 1,280 averages over the whole picture are bad at "and there are letters". More such memes
#   in training may help, or a second model that looks for text. Or ask the client whether they are that bad.
# - **Lost photographs.** Look at the row above, and ask what they have in common. A single apple in a hand, for
#   example, far from the heaps that most of the others show: if the training part holds few of these, label
#   more of them.
# - **Other fruit.** A crate of apples and one of oranges differ in colour and little else. Higher resolution
#   helps, and so does fine-tuning (lecture 2).
# - **Thumbnails.** If wanted pictures are lost because they are blurred: blur pictures in training
#   (week 6).
# - **Odd ones** are one of a kind. If the only coffee cup lies in the test part, no validation picture has
#   warned of it. A model is certain about things that it has never seen.
#
# Do *not* repair the model by these pictures and test it on them again: they are test pictures. Look at
# validation mistakes for that. Here the story ends, so we may look.
#
# ## What a person should check
#
# The alternative to a better model is often a person for an hour. Which pictures should they look at? Those
# where the decision is dearest. At threshold 1/11, dropping a picture with probability $p$ risks $10\,p$, and
# keeping it risks $1 - p$. So let the person begin with the largest risk, and assume that people are right.
#
# > **Predict, then run.** How many of the test pictures must a person see to halve the cost? And if they take
# > pictures at random?

# %%
def cost_left(truths, score, looks, order):
    """Cost for each 100 pictures when a person puts the first of this order right."""
    kept = score >= 1 / (1 + COST)
    price = np.where(truths == 1, COST * ~kept, kept)
    return 100 * (price.sum() - np.cumsum(np.r_[0, price[order]])[looks]) / len(score)


looks = np.arange(0, len(facts) + 1)
guided, at_random = [], []
for seed in SEEDS:
    p = answers[seed]
    risk = np.where(p >= 1 / (1 + COST), 1 - p, COST * p)
    guided.append(cost_left(facts, p, looks, np.argsort(-risk, kind="stable")))
    order = np.random.default_rng(seed).permutation(len(facts))
    at_random.append(cost_left(facts, p, looks, order))
guided, at_random = np.array(guided), np.array(at_random)
halved = [int(np.argmax(row <= row[0] / 2)) for row in guided]
print(f"cost without a person {guided[:, 0].mean():.1f} for each 100 pictures; to halve "
      f"it: {np.mean(halved):.0f} looks of {len(facts)} (from {min(halved)} to "
      f"{max(halved)} over the seeds)")
for share in (0.05, 0.1, 0.2, 0.4):
    n = round(share * len(facts))
    print(f"{n:4d} looks ({share:.0%}): cost {guided[:, n].mean():.1f} ± "
          f"{guided[:, n].std(ddof=1):.1f} if guided, {at_random[:, n].mean():.1f} at "
          f"random")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for number, (name, rows) in enumerate((("dearest decisions first", guided),
                                       ("at random", at_random))):
    style = {"color": plots.COLOURS[3 * number], "linestyle": ("-", "--")[number]}
    ax.plot(looks, rows[:5].T, linewidth=0.7, alpha=0.6, **style)
    ax.plot(looks, rows.mean(axis=0), linewidth=2.4, label=f"{name} (mean)", **style)
ax.set(xlabel=f"pictures that a person looks at (of {len(facts)})", xlim=(0, len(facts)),
       ylabel="cost left (for each 100 pictures)", ylim=(0, None),
       title=f"What looking buys ({len(SEEDS)} seeds; thin: single ones)")
ax.legend()
n = len(facts) // 5
plots.show(fig, alt="Cost left against the number of pictures that a person looks at. "
                    "With the dearest decisions first it falls from "
                    f"{guided[:, 0].mean():.1f} to {guided[:, n].mean():.1f} within a "
                    "fifth of the pictures; at "
                    f"random to {at_random[:, n].mean():.1f}.")

# %% [markdown]
# That is the report for your client: *the program drops most of the pile by itself; somebody looks at a band
# of uncertain pictures; so many photographs are lost, within this interval.* In practice the band is given by
# two probabilities. Which ones, is read from **validation** pictures: here, the band that would have halved
# the cost there.

# %%
bands = []
for seed in SEEDS:
    truths, p = seen[seed]
    risk = np.where(p >= 1 / (1 + COST), 1 - p, COST * p)
    order = np.argsort(-risk, kind="stable")
    left = cost_left(truths, p, np.arange(len(p) + 1), order)
    dear = risk[order][max(0, np.argmax(left <= left[0] / 2) - 1)]  # the last look
    low, high = dear / COST, max(1 - dear, 1 / (1 + COST))
    mine = (answers[seed] >= low) & (answers[seed] <= high)
    kept = np.where(mine, facts == 1, answers[seed] > high)
    bands.append((low, high, mine.mean(), kept[facts == 1].mean(), facts[kept].mean()))
low, high, share, recall, precision = np.mean(bands, axis=0)
spread = np.std(bands, axis=0, ddof=1)
print(f"band on average from {low:.3f} to {high:.3f}: {share:.1%} ± {spread[2]:.1%} of "
      f"the test pictures to look at")
print(f"together with the person: recall {recall:.1%} ± {spread[3]:.1%}, precision "
      f"{precision:.1%} ± {spread[4]:.1%}")
recall, precision, _ = np.mean(outcome["1/11"], axis=0)
print(f"the program alone at 1/11: recall {recall:.1%}, precision {precision:.1%}")

# %% tags=["remove-cell"]
from helpers.record import record

dice = np.random.default_rng(0)
blocks = dice.integers(0, 200, (2, 12, 12, 3), dtype=np.uint8)
blocks = blocks.repeat(8, axis=1).repeat(8, axis=2)
one = fingerprint(blocks)
lighter = fingerprint((blocks * 1.2).astype(np.uint8))
record(
    complete=(fruit is not None and pets is not None and not cifar.is_sample
              and not base.source.startswith("none")),
    pile=len(pile), pictures=len(images), groups=groups.max() + 1,
    linked={
        name: {"pairs": np.sum(pairs & related & once),
               "linked": np.sum(pairs & related & once & links)}
        for name, pairs in (("posted again", ~crossing & ~odd),
                            ("meme and background", crossing),
                            ("crops of one odd picture", ~crossing & odd))},
    fingerprints={
        "shape": one.shape, "values": np.unique(one),
        "bits changed by light": (64 - np.sum(one * lighter, axis=1)) / 2,
        "bits between two": (64 - one[0] @ one[1]) / 2},
    base_rate=base_rate, development={"pictures": len(develop),
                                      "wanted": wanted[develop].sum()},
    keras={"parameters": head.count_params(), "apart": gap.mean(),
           "agree": agree},
    log_losses=[{"C": strength, "log losses": values}
                for strength, values in losses.items()],
    best_C=BEST, log_loss_of_base_rate=blind)

# %% tags=["remove-cell"]
from helpers.record import record

at_half = report(*seen[SEEDS[0]], 0.5)
record(
    at_half=dict(zip(("recall", "precision", "counts"), at_half, strict=True)),
    validation={name: [
        (*report(*seen[seed], value)[:2], cost_of(*seen[seed], value))
        for seed, value in zip(SEEDS, values, strict=True)]
        for name, values in thresholds.items()},
    test=outcome, tested={"pictures": len(facts), "wanted": facts.sum()},
    cost_of_dropping_all=nothing,
    wilson=[{"hits": hits, "of": n, "interval": wilson(hits, n)}
            for hits, n in ((count - 1, count), (150, 150), (980, 1000))],
    mean_probability={name: mean for name, (_, mean, _, _) in tables.items()},
    cost_left=[{
        "share": share, "guided": guided[:, round(share * len(facts))],
        "at random": at_random[:, round(share * len(facts))]}
        for share in (0.05, 0.1, 0.2, 0.4)])

# %% tags=["remove-cell"]
from helpers.record import record

dice, by_recall = np.random.default_rng(0), []
for share in (0.8, 0.9, 0.98):
    truths = (dice.random(40) < 0.4).astype(int)
    score = dice.permutation(40) / 40
    threshold = for_recall(truths, score, share)
    by_recall.append({"recall": share, "truths": truths, "scores": score,
                      "threshold": threshold,
                      "reached": report(truths, score, threshold)[0]})
truths = np.array([1, 0, 1, 0, 0])
score = np.array([0.05, 0.5, 0.9, 0.02, 0.2])
order = np.array([1, 0, 4, 2, 3])
record(thresholds_by_recall=by_recall,
       cost_by_hand=cost_left(truths, score, np.arange(6), order))

# %% [markdown]
# ## Self-test
#
# **1.** One picture in fifty is wanted. A model has an accuracy of 98 %. What do you know?
#
# (a) it is a good model; (b) nothing yet; (c) its recall is 98 %
#
# <details><summary>Answer</summary>
#
# **(b).** Dropping everything has an accuracy of 98 % as well. (a) takes that for merit. (c) The recall of
# the lazy program is 0.
# </details>
#
# **2.** The threshold for a recall of 98 % is to be chosen. On which pictures?
#
# (a) training; (b) validation; (c) test, since there it has to hold
#
# <details><summary>Answer</summary>
#
# **(b).** (a) The model has seen those: their scores are too good, and the threshold would be too high. (c) A
# threshold chosen there holds there by construction, and says nothing about the next pile.
# </details>
#
# **3.** 60 wanted pictures in validation, none lost at your threshold. May you promise "at most 2 % lost"?
#
# (a) yes, 0 is less than 2; (b) no: up to about 5 % is compatible with it; (c) no: nothing at all can be said
#
# <details><summary>Answer</summary>
#
# **(b).** The rule of three: $3/60 = 5$ %. (a) takes the sample for the truth. (c) Something is known: more
# than 5 % lost would be a surprise.
# </details>
#
# **4.** The same program moves from a pile with one wanted picture in five to one with one in fifty. What
# changes?
#
# (a) recall falls, precision stays; (b) both stay; (c) recall stays, precision falls
#
# <details><summary>Answer</summary>
#
# **(c),** if wanted and other pictures look as before. Recall looks at the wanted ones only. The rubbish, of
# which the same share slips through, has become ten times as much against them. (a) has it the wrong way
# round, and (b) forgets that precision counts both kinds together.
# </details>
#
# **5.** A meme is cut to the test part, the photograph behind it to the training part. Is that a leak?
#
# (a) no, they have different labels; (b) yes: they share most of their pixels; (c) only if the hash is equal
#
# <details><summary>Answer</summary>
#
# **(b).** The test picture is no longer new, whichever way that pushes the result. (a) A leak is about what is
# known, and not about the label; here it may even hurt. (c) Equal bytes are the easy case only.
# </details>
#
# ## Take-aways
#
# 1. With a rare class, accuracy praises those who do nothing. Report recall and precision, and the base rate.
# 2. Copies are leaks. Drop the exact ones, link the near ones by a fingerprint, and split by groups.
# 3. The threshold is a decision: by a wanted recall or by costs, on validation pictures, never on the test.
# 4. A promise needs pictures: with few wanted ones in validation, leave a margin and state the interval.
# 5. Look at the most confident mistakes, and let a person decide where deciding is dearest.
#
# ## References
#
# - T. Saito, M. Rehmsmeier (2015). The precision-recall plot is more informative than the ROC plot when
#   evaluating binary classifiers on imbalanced datasets. *PLOS ONE* 10(3), e0118432.
#   https://doi.org/10.1371/journal.pone.0118432
# - C. Elkan (2001). The foundations of cost-sensitive learning. *IJCAI*, 973–978.
# - C. K. Chow (1970). On optimum recognition error and reject tradeoff. *IEEE Transactions on Information
#   Theory* 16(1), 41–46. https://doi.org/10.1109/TIT.1970.1054406
# - C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017). On calibration of modern neural networks. *ICML*.
#   https://arxiv.org/abs/1706.04599
# - E. B. Wilson (1927). Probable inference, the law of succession, and statistical inference. *Journal of the
#   American Statistical Association* 22(158), 209–212. https://doi.org/10.1080/01621459.1927.10502953
# - J. A. Hanley, A. Lippman-Hand (1983). If nothing goes wrong, is everything all right? (the rule of three).
#   *JAMA* 249(13), 1743–1745. https://doi.org/10.1001/jama.1983.03330370053031
# - B. Barz, J. Denzler (2020). Do we train on test data? Purging CIFAR of near-duplicates. *Journal of
#   Imaging* 6(6), 41. https://doi.org/10.3390/jimaging6060041
# - M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen (2018). MobileNetV2: inverted residuals and linear
#   bottlenecks. *CVPR*. https://arxiv.org/abs/1801.04381
# - M. Klasson, C. Zhang, H. Kjellström (2019). A hierarchical grocery store image dataset with visual and
#   semantic labels. *WACV*, 491–500. https://arxiv.org/abs/1901.00711
