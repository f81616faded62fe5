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
# # Overfitting, and what stops it
#
# A student who learns the answers of last year's exam by heart gets full marks on last year's exam.
# So does a network, and it is better at it than any student. This lecture lets one learn by heart in
# front of your eyes, and then tries everything that is said to help: penalties, bounds, dropout,
# stopping in time. Afterwards we look at the weights and see what each remedy has really done.
#
# **After this lecture you can**
#
# - recognise overfitting from learning curves, and say what L1, L2, elastic net, max norm and dropout do
#   to the weights;
# - stop in time, keep the best model, watch a training in TensorBoard, and write a callback of your own;
# - resume a training that was killed, and prove that nothing was lost.
#
# **You need** lectures 1 to 3 of this week.
#
# **Time** about 35 minutes to read. **Cost** less than a minute on two cores with the small budget, some
# minutes with the one for laptops; below 2 GiB of memory; no GPU.

# %%
import csv
import inspect
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import constraints, layers, ops, regularizers
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from helpers import budget, data, plots, training
from helpers.experiments import interval, verdict
from helpers.rounding import rounded

budget.describe()
SEEDS = budget.choose(ci=(0, 1, 2), cpu=(0, 1, 2), gpu=(0, 1, 2, 3, 4))
EPOCHS = budget.choose(ci=15, cpu=60)
mnist = data.load("mnist", train=budget.choose(ci=300, cpu=1000),
                  validation=budget.choose(ci=600, cpu=5000))

# %% [markdown]
# ## Few images, many weights
#
# The recipe for overfitting is simple: few examples, many parameters, much time. We take the dense
# layers of LeNet-5 (120, 84 and 10 units) and put them directly on the pixels of a few hundred
# digits.

# %%
def prepared(split):
    return np.asarray(split.images, dtype="float32") / 255, np.asarray(split.labels)


x, y = prepared(mnist.train)
x_val, y_val = prepared(mnist.validation)


def dense_network(kernel_regularizer=None, max_norm=None, dropout=0.0):
    """784-120-84-10 with ReLU, compiled; the remedies of this lecture are switches."""
    bound = constraints.MaxNorm(max_norm, axis=0) if max_norm else None
    options = {"activation": "relu", "kernel_regularizer": kernel_regularizer,
               "kernel_constraint": bound}
    drop = [layers.Dropout(dropout)] if dropout else []
    model = keras.Sequential([
        keras.Input((28, 28, 1)), layers.Flatten(),
        layers.Dense(120, **options), *drop, layers.Dense(84, **options), *drop,
        layers.Dense(10)])
    return compiled(model)

# %%
def compiled(model):
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    watched = keras.metrics.SparseCategoricalCrossentropy(
        from_logits=True, name="cross_entropy")
    model.compile(optimizer=keras.optimizers.Adam(0.002), loss=entropy,
                  metrics=["accuracy", watched])
    return model


size = dense_network().count_params()
print(f"{size:,} parameters for {len(x)} images: {size / len(x):.0f} for each")

# %% [markdown]
# > **Predict, then run.** Sketch two curves over the epochs: the cross-entropy on the training images and
# > on the validation images. Which of the two turns round? And what becomes of the accuracy there?

# %%
FIT = {"x": x, "y": y, "epochs": EPOCHS, "batch_size": 30,
       "validation_data": (x_val, y_val), "validation_batch_size": 1000}
plain, plain_runs = training.repeat(dense_network, seeds=SEEDS, **FIT)
every = slice(None)
lines = {"training": training.summary(plain_runs, "cross_entropy", every),
         "validation": training.summary(plain_runs, "val_cross_entropy", every)}
plots.curves(np.arange(1, EPOCHS + 1), lines, xlabel="epoch", ylabel="cross-entropy",
             title=f"Learning by heart ({len(x)} images, mean and spread of 3 seeds)")

# %%
turn = int(lines["validation"][0].argmin())
low, end = lines["validation"][0][[turn, -1]]
print(f"training: cross-entropy {lines['training'][0][-1]:.4f} in the end")
print(f"validation: lowest {low:.3f} after epoch {turn + 1}, "
      f"{end:.3f} after epoch {EPOCHS}")
for part, key in {"training": "accuracy", "validation": "val_accuracy"}.items():
    before, after = (training.summary(plain_runs, key, epoch)[0]
                     for epoch in (turn, -1))
    print(f"{part} accuracy: {before:.1%} after epoch {turn + 1}, "
          f"{after:.1%} in the end")

assert training.summary(plain_runs, "accuracy")[0] > 0.98  # everything known by heart
assert end > 3 * lines["training"][0][-1] and end > low  # and much worse on new images

# %% [markdown]
# This is **overfitting**: training and validation part company. The training error goes to nothing; the
# validation error falls, reaches a bottom, and *rises*.
#
# Look closely at what rises. It is the cross-entropy: compare the validation *accuracy* at the bottom of the
# curve and in the end. The network does not make many more mistakes, it makes them **with more confidence**.
# For a training image that is right already, the loss still falls if the outputs grow; so the weights grow,
# and on the images that it gets wrong it is now very sure.

# %% [markdown]
# ## Remedies
#
# Penalise large weights, put a limit on them, or make it hard to rely on single units:
#
# | | what is changed | what it does |
# |---|---|---|
# | L2 (ridge) | loss + $\lambda \sum w^2$ | pulls large weights most, none exactly to 0 |
# | L1 (lasso) | loss + $\lambda \sum \lvert w\rvert$ | pulls all alike, the useless ones to 0 |
# | elastic net | both penalties | some of each |
# | max norm | weight vectors of units cut to length $c$ | a limit, no pull below it |
# | dropout | values set to 0 with probability $p$ | no unit may rely on one other unit |
#
# Dropout scales the values that remain by $1/(1-p)$, so that their sum stays about the same.
#
# Dropout is switched off by itself when you call `evaluate` or `predict`.
#
# A trap: **the loss that Keras reports contains the penalty**. A model with a penalty would look worse
# for that alone. That is why our `compiled` watches the bare cross-entropy as a metric of its own.

# %%
keras.utils.set_random_seed(0)
penalised = dense_network(kernel_regularizer=regularizers.L2(0.001))
told = penalised.evaluate(x_val, y_val, batch_size=1000, verbose=0, return_dict=True)
kernels = [layer.kernel for layer in penalised.layers[1:3]]    # the hidden layers
penalty = 0.001 * sum(float(ops.sum(kernel ** 2)) for kernel in kernels)
print(f"loss {told['loss']:.3f} = cross-entropy {told['cross_entropy']:.3f} "
      f"+ penalty {penalty:.3f}")

np.testing.assert_allclose(told["loss"], told["cross_entropy"] + penalty, rtol=1e-3)

# %% [markdown]
# ## What helps, over three seeds
#
# The strength of each remedy was chosen on validation images. The cell shows what a strength does,
# for L2; the search for the others looks the same.

# %%
LAST = FIT | {"validation_freq": EPOCHS}  # validate once, at the end: faster
for strength in budget.choose(ci=[0.1], cpu=[0.0001, 0.001, 0.01, 0.1]):
    _, runs = training.repeat(
        lambda: dense_network(regularizers.L2(strength)), seeds=SEEDS[:1], **LAST)  # noqa: B023
    fitted, _ = training.summary(runs, "accuracy")
    checked, _ = training.summary(runs, "val_cross_entropy")
    print(f"L2 with {strength:g}: training accuracy {fitted:.1%}, "
          f"validation cross-entropy {checked:.3f}")

# %% [markdown]
# With too strong a penalty there is no overfitting either, because the network cannot learn the training
# images any more (**underfitting**).
#
# > **Predict, then run.** Six trainings: nothing, L1, L2, elastic net, max norm, dropout. Which
# > has the lowest validation cross-entropy? Which one makes the most weights zero? By how much will the
# > *accuracy* differ?

# %%
REMEDIES = {
    "nothing": {},
    "L1": {"kernel_regularizer": regularizers.L1(0.0001)},
    "L2": {"kernel_regularizer": regularizers.L2(0.001)},
    "elastic net": {"kernel_regularizer": regularizers.L1L2(l1=0.0001, l2=0.001)},
    "max norm": {"max_norm": 0.75},
    "dropout": {"dropout": 0.4},
}
trained = {"nothing": (plain, plain_runs)}
for name, options in REMEDIES.items():
    if name not in trained:
        trained[name] = training.repeat(
            lambda: dense_network(**options), seeds=SEEDS, **LAST)  # noqa: B023


def measured(model, runs, images, labels):
    """Accuracy and bare cross-entropy of each run, dropout off: array (runs, 2)."""
    rows = []
    for run in runs:
        model.set_weights(run.weights)
        told = model.evaluate(images, labels, batch_size=1000, verbose=0,
                              return_dict=True)
        rows.append([told["accuracy"], told["cross_entropy"]])
    return np.array(rows)

# %%
on_training = {name: measured(*pair, x, y) for name, pair in trained.items()}
on_validation = {name: measured(*pair, x_val, y_val) for name, pair in trained.items()}
print(" " * 12, "validation accuracy     accuracy gap    validation cross-entropy")
for name in trained:
    accuracy, entropy = on_validation[name].T
    gap = on_training[name][:, 0] - accuracy
    print(f"{name:12s}  {rounded(*interval(100 * accuracy)):>15} %   "
          f"{rounded(*interval(100 * gap)):>13} %       "
          f"{rounded(*interval(entropy))}")

# %%
final = {name: values[:, 1] for name, values in on_validation.items()}
plots.bars({name: interval(values) for name, values in final.items()},
           xlabel=f"validation cross-entropy ({len(SEEDS)} seeds, "
                  "95 % intervals), lower is better",
           title="What each remedy does to unfounded confidence")
for name, values in final.items():
    if name != "nothing":
        print(f"{name:12s} against nothing:",
              verdict(values, final["nothing"], comparisons=5))

# %% [markdown]
# (± is half the width of a 95 % interval of the mean; `verdict` judges a difference, see the last lecture.)
# Three seeds and a few hundred images: the table shows what the remedies *do* to a training, not which of them
# is best.
#
# > **Question.** For which remedies do these runs show a lower cross-entropy than without any? For which would
# > you need more runs? And is there any whose *accuracy* differs?
#
# Regularisation is no magic: it cannot put information into a few hundred images that is not
# there. What can? More images (week 6 makes some), and a network whose **structure** already knows
# something about images. Compare, on the same few digits, without any remedy:

# %%
def lenet():
    return compiled(keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding="same", activation="relu"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="relu"), layers.AveragePooling2D(2),
        layers.Flatten(), layers.Dense(120, activation="relu"),
        layers.Dense(84, activation="relu"), layers.Dense(10)]))


convolutional, runs = training.repeat(lenet, seeds=SEEDS, **LAST)
ends = {key: np.array([run.history[f"val_{key}"][-1] for run in runs])
        for key in ("accuracy", "cross_entropy")}
print(f"LeNet-5, {convolutional.count_params():,} parameters: validation accuracy "
      f"{rounded(*interval(100 * ends['accuracy']))} %, "
      f"cross-entropy {rounded(*interval(ends['cross_entropy']))}")

# %% [markdown]
# ## What each remedy does to the weights
#
# All remedies act on weights; so look at weights. These are the 784 × 120 of the first layer, from
# the last seed.
#
# > **Predict, then run.** Which histogram will have a needle at zero? Which will be cut off? Whose
# > will look like that of "nothing"?

# %%
first = {name: runs[-1].weights[0] for name, (_, runs) in trained.items()}
fig, axes = plt.subplots(2, 3, figsize=(8.4, 4.4), layout="constrained",
                         sharex=True, sharey=True)
for ax, (name, weights) in zip(axes.flat, first.items(), strict=True):
    ax.hist(weights.ravel(), bins=np.linspace(-0.3, 0.3, 61), color=plots.COLOURS[0])
    ax.set(title=name, yscale="log")
for ax in axes[1]:
    ax.set_xlabel("weight")
for ax in axes[:, 0]:
    ax.set_ylabel("how many (log)")
small = {name: (np.abs(weights) < 0.001).mean() for name, weights in first.items()}
told = ", ".join(f"{name} {share:.0%}" for name, share in small.items())
plots.show(fig, alt="Six histograms of the first layer's weights on a logarithmic axis. "
                    f"Share within 0.001 of zero: {told}.")

# %%
print(" " * 12, "near zero  largest weight  longest weight vector of a unit")
for name, weights in first.items():
    length = np.sqrt((weights ** 2).sum(axis=0))
    print(f"{name:12s} {small[name]:9.1%}  {np.abs(weights).max():14.3f}"
          f"  {length.max():31.3f}")

assert small["L1"] > small["nothing"] + 0.2                      # L1 makes zeros
assert (first["L2"] ** 2).sum() < (first["nothing"] ** 2).sum()  # L2 makes small
for run in trained["max norm"][1]:  # max norm keeps its promise, every unit
    assert np.sqrt((run.weights[0] ** 2).sum(axis=0)).max() <= 0.75 + 1e-4

# %% [markdown]
# - **L1** and elastic net: a needle at zero. The network has *chosen* inputs.
# - **L2**: shorter vectors, thinner tails. And a needle too, which the theory does not promise. Where
#   does it come from? See below.
# - **Max norm**: no unit's vector is longer than the bound, whatever its single weights are.
# - **Dropout**: the histogram is that of "nothing", or wider. It does not shrink weights; it changes
#   what they are used for.
#
# The needle of L2: pixels near the border are paper on *every* training image. Their input is 0, so
# the data never push their weights, and the pull is all they feel.

# %%
paper = (x == 0).all(axis=0).reshape(784, 1).repeat(120, axis=1)  # like the weights
for name in ("nothing", "L1", "L2"):
    zero = np.abs(first[name]) < 0.001
    print(f"{name:8s} near zero: {zero[paper].mean():6.1%} of the weights of paper, "
          f"{zero[~paper].mean():5.1%} of all others")

zero = np.abs(first["L2"]) < 0.001
assert zero[paper].mean() > 0.5 > zero[~paper].mean()

# %% [markdown]
# L1 also switches off a good part of the inputs that do say something; L2 far fewer.
#
# ## Stopping in time
#
# The cheapest remedy: the curve turned round after a few epochs, so stop there. But a curve is bumpy,
# and one bump is no turn. `EarlyStopping` waits for `patience` epochs without a new best, and then
# brings the best weights back. It is a **callback**: an object whose methods Keras calls at the start
# and the end of training, epoch and batch. `ModelCheckpoint` is another: it writes the best model to
# disk.
#
# One of your own is short. Ours writes the length of all weights into the epoch's log, where the
# history and every later callback find it.

# %%
class WeightLength(keras.callbacks.Callback):
    """Adds the Euclidean length of all kernels to the logs of each epoch."""

    def on_epoch_end(self, epoch, logs=None):
        squares = [ops.sum(layer.kernel ** 2) for layer in self.model.layers
                   if hasattr(layer, "kernel")]
        logs["weight_length"] = float(sum(squares)) ** 0.5


temporary = tempfile.TemporaryDirectory(prefix="week03-")        # gone when the kernel stops
work = Path(temporary.name)
watch = {"monitor": "val_cross_entropy", "mode": "min"}
stop = keras.callbacks.EarlyStopping(**watch, patience=5, restore_best_weights=True)
best_file = work / "best.keras"
keep = keras.callbacks.ModelCheckpoint(best_file, **watch, save_best_only=True)
keras.utils.set_random_seed(0)
model = dense_network()
history = model.fit(**FIT, callbacks=[WeightLength(), stop, keep], verbose=0).history

# %% [markdown]
# > **Predict, then run.** With a patience of five: how many epochs lie between the best and the last?

# %%
entropies, lengths = history["val_cross_entropy"], history["weight_length"]
best = int(np.argmin(entropies))
print(f"stopped after {len(entropies)} of {EPOCHS} epochs, best was number {best + 1}")
print("length of all weights:", " ".join(f"{length:.1f}" for length in lengths[::3]))


def validated(model):
    told = model.evaluate(x_val, y_val, batch_size=1000, verbose=0, return_dict=True)
    return told["cross_entropy"]


now, from_disk = validated(model), validated(keras.models.load_model(best_file))
print(f"cross-entropy: best epoch {entropies[best]:.4f}, now {now:.4f}, "
      f"from disk {from_disk:.4f}")

np.testing.assert_allclose([now, from_disk], entropies[best], rtol=1e-3)
assert lengths[-1] > lengths[0]                                  # nothing holds them back

# %% [markdown]
# The weights grow from the first epoch to the last: early stopping is a limit on their length too,
# set by the clock. (The order of callbacks counts: `WeightLength` comes first, so that the others see
# its value.)
#
# ## TensorBoard
#
# A training of an hour you want to watch while it runs. The `TensorBoard` callback writes event
# files; the program of the same name turns them into a page with curves and histograms that updates
# itself.

# %%
logs = Path(tempfile.mkdtemp(dir=work))        # a new folder for each run
keras.utils.set_random_seed(0)
watched = dense_network(dropout=0.4)
board = keras.callbacks.TensorBoard(logs, histogram_freq=5, write_graph=False)
watched.fit(**FIT, callbacks=[board], verbose=0)
for file in sorted(logs.rglob("events*")):
    print(file.parent.relative_to(logs), "-", f"{file.stat().st_size:,} bytes")

# %% [markdown]
# To open it below this cell, in JupyterLab or Colab, set the switch to `True` and run. (A page of a
# book has no server behind it, so there the switch is off.)
#
# <details><summary>Other ways to open it</summary>
#
# In a terminal, in the folder of the course: `.venv/bin/tensorboard --logdir "FOLDER"` (on Windows
# `.venv\Scripts\tensorboard`), then open the address that it prints. On Colab, the two magics
# `%load_ext tensorboard` and `%tensorboard --logdir FOLDER` do what the cell does.
# Choose *Scalars* for the curves and *Histograms* for the weights; runs in different subfolders are
# drawn in different colours.
# </details>

# %%
OPEN_TENSORBOARD = False
if OPEN_TENSORBOARD:
    training.open_tensorboard(logs)
else:
    print("TensorBoard stays closed; set OPEN_TENSORBOARD = True to see it here")

# %% [markdown]
# What it draws is no secret: the event files can be read back. This is the *Scalars* page as a figure.

# %%
def scalars(folder, tag):
    """The values of one tag in an event file, by step."""
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})  # 0: all of them
    events.Reload()
    return np.array([float(tensor_util.make_ndarray(event.tensor_proto))
                     for event in events.Tensors(tag)])


read_back = {part: scalars(logs / part, "epoch_cross_entropy")
             for part in ("train", "validation")}
together = {f"{part}, dropout": values for part, values in read_back.items()}
together["validation, nothing"] = plain_runs[0].history["val_cross_entropy"]
plots.curves(np.arange(1, EPOCHS + 1), together, xlabel="epoch", ylabel="cross-entropy",
             title="Read back from TensorBoard's event files (one seed)")

assert len(read_back["validation"]) == EPOCHS

# %% [markdown]
# With dropout the training curve stays higher than in the first figure (it is measured *with* dropped
# units, the validation curve without), and the validation curve rises later or less than without.
#
# ## Killed, and resumed
#
# Notebooks lose their kernel: Colab takes the machine back, the memory is full, someone closes the
# lid. A training of hours must survive that. What has to be saved? The weights, of course. But also
# the number of the epoch, and the **state of the optimiser**: Adam keeps two running averages for
# each weight, and without them it starts with a jerk.
#
# `BackupAndRestore` saves all three after each epoch, and looks for a backup when `fit` begins. Here
# is a small training around it. The function imports what it needs, because it will run as a script
# of its own, in another process.

# %%
def resumable(folder, epochs):
    """Train `epochs` epochs in all; go on where a killed run in this folder stopped."""
    from pathlib import Path

    import keras
    import numpy as np

    digits = np.load(Path(folder) / "digits.npz")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((28, 28, 1)), keras.layers.Conv2D(8, 5, activation="relu"),
        keras.layers.Flatten(), keras.layers.Dense(10)])
    model.compile(optimizer=keras.optimizers.Adam(0.0005),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    log = keras.callbacks.CSVLogger(Path(folder) / "log.csv", append=True)
    backup = keras.callbacks.BackupAndRestore(
        Path(folder) / "backup", double_checkpoint=True)
    say = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: print(epoch, flush=True))
    model.fit(digits["x"], digits["y"], epochs=epochs, batch_size=10, shuffle=False,
              verbose=0, callbacks=[log, backup, say])


SCRIPT = "\n\n".join(["import sys", inspect.getsource(resumable),
                      "resumable(sys.argv[1], int(sys.argv[2]))"])

# %% [markdown]
# Now we do it: start it as a process, wait until it reports the third epoch, and **kill it** in the
# middle of the fourth. `kill()` sends SIGKILL on Linux and macOS: the process gets no chance to clean
# up or save anything. (On Windows it calls `TerminateProcess`, which is no kinder.)

# %%
def launch(folder, epochs, kill_after=None):
    """Run the script, killed once it has finished `kill_after` epochs; its exit code."""
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "train.py", ".", str(epochs)]
    with open(folder / "messages.txt", "a") as messages, subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=messages,
            text=True) as process:
        for line in process.stdout:  # one line at the end of each epoch
            if kill_after is not None and int(line) + 1 >= kill_after:
                process.kill()
                break
    if kill_after is None and process.returncode != 0:
        raise RuntimeError((folder / "messages.txt").read_text())
    return process.returncode


def logged(folder):
    """Epoch -> loss. If an epoch was logged, killed and repeated, the last one counts."""
    with open(folder / "log.csv", newline="") as file:
        return {int(row["epoch"]): float(row["loss"]) for row in csv.DictReader(file)}

# %%
TARGET = 6
killed = Path(tempfile.mkdtemp(dir=work))
np.savez(killed / "digits.npz", x=x[:300], y=y[:300])
code = launch(killed, TARGET, kill_after=3)
until_then = logged(killed)
print(f"exit code {code}: killed. Epochs in the log: {list(until_then)}")
print("left behind:", sorted(file.name for file in (killed / "backup").iterdir()))

assert code != 0 and 3 <= len(until_then) < TARGET

# %% tags=["remove-cell"]
from helpers.record import record

record(exit_code_of_killed=code)

# %% [markdown]
# > **Predict, then run.** We start *the same script with the same arguments*, asking for six
# > epochs. How many will it train? Will the loss go on where it was, jump, or start from the
# > beginning?

# %%
code = launch(killed, TARGET)
resumed = logged(killed)
print(f"exit code {code}: finished. Epochs in the log: {list(resumed)}")
print("backup still there:", (killed / "backup").exists(), "(deleted after success)")

assert code == 0 and list(resumed) == list(range(TARGET))

# %% [markdown]
# Each epoch once, and the last is the right one. Was anything lost? The same training again, here in
# the notebook and without a kill, must give the same curve. (It can, because `shuffle=False` and
# there is no dropout. With them the resumed run would draw other random numbers: as good, but not the
# same.)

# %%
calm = Path(tempfile.mkdtemp(dir=work))
np.savez(calm / "digits.npz", x=x[:300], y=y[:300])
resumable(calm, TARGET)
undisturbed = logged(calm)
difference = max(abs(undisturbed[epoch] - resumed[epoch]) for epoch in range(TARGET))
print(f"largest difference of the two loss curves: {difference:.1e}")

np.testing.assert_allclose(list(resumed.values()), list(undisturbed.values()), rtol=0.02)

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
numbers, after = np.arange(1, TARGET + 1), len(until_then)
ax.plot(numbers, list(undisturbed.values()), color="#777777", label="never disturbed")
ax.plot(numbers[:after], list(until_then.values()), "o", markersize=9,
        label="before the kill")
ax.plot(numbers[after:], list(resumed.values())[after:], "s", markersize=8,
        label="resumed")
ax.axvline(after + 0.5, color="#444444", linestyle="--", linewidth=1)
ax.set(xlabel="epoch", ylabel="training loss",
       title="A killed and resumed training loses nothing")
ax.legend()
plots.show(fig, alt=f"Training loss over {TARGET} epochs from {undisturbed[0]:.2f} down "
                    f"to {undisturbed[TARGET - 1]:.2f}. {after} points before a kill and "
                    f"{TARGET - after} after resuming lie on an undisturbed one's line.")

# %% [markdown]
# What else to know about resuming:
#
# - Put the folder where it survives: on Colab that is your mounted Drive, not the machine's own disk. A
#   backup is for the same version of Keras that wrote it.
# - `double_checkpoint=True` keeps the backup before the last, in case the kill comes in the middle of
#   writing.
# - Callbacks with a memory (`EarlyStopping` counting its patience, `ModelCheckpoint` with its best so
#   far) start anew.
# - By hand: `ModelCheckpoint` saves a whole model, `keras.models.load_model` brings it back *with*
#   the optimiser, and `fit(initial_epoch=k)` goes on counting from $k$. `save_weights` alone would
#   not be enough for a model that was never compiled: there is no optimiser to save.
#
# ## From your laptop to Colab
#
# A model that you save here and open there may meet another version of Keras. What does a `.keras` file
# say about a layer?

# %%
with zipfile.ZipFile(best_file) as archive:
    plan = json.loads(archive.read("config.json"))
dense = next(layer["config"] for layer in plan["config"]["layers"]
             if layer["class_name"] == "Dense")
print(f"Keras {keras.__version__} says of {dense['name']}:", ", ".join(dense))
print("and of the start of its weights:", dense["kernel_initializer"]["config"])

# %% [markdown]
# Every argument is written down, those too that have their default value and change nothing. Each year some
# arguments are added. An older Keras does not know them and refuses the whole file, so that **a `.keras`
# file is sure to open only in the version that wrote it**, or in a newer one.
#
# What travels is the weights, and a plan of the layers. Keep the code that builds the model and call
# `model.save_weights`; or let `training.save` write both into one file. Its plan says which arguments have
# their default value, and whichever version opens it leaves those out that it does not know. The state of
# the optimiser is not in it: for going on with a training, use a backup, in one version.

# %%
parcel = work / "best.zip"                    # on Colab: in a folder of your Drive
training.save(model, parcel)
opened = training.load(parcel)                # here, or in another version of Keras
np.testing.assert_array_equal(opened.predict(x_val, verbose=0),
                              model.predict(x_val, verbose=0))
print(f"{parcel.stat().st_size:,} bytes, and the same answers for all "
      f"{len(x_val)} images")

# %% [markdown]
# ## The last word: the test images
#
# Chosen on validation: the remedy with the lowest cross-entropy. Then the test, once, beside "nothing".

# %%
chosen = min(on_validation, key=lambda name: on_validation[name][:, 1].mean())
test = data.load("mnist", test=budget.choose(ci=2000, cpu=None)).test
x_test, y_test = prepared(test)
print(f"chosen on validation: {chosen}")
for name in dict.fromkeys(["nothing", chosen]):
    accuracy, entropy = measured(*trained[name], x_test, y_test).T
    print(f"test, {name}: accuracy {rounded(*interval(100 * accuracy))} %, "
          f"cross-entropy {rounded(*interval(entropy))}")

# %% tags=["remove-cell"]
with open(killed / "log.csv", newline="") as file:
    rows = [[int(row["epoch"]), float(row["loss"])]
            for row in csv.DictReader(file)]

record(
    parameters=size,
    validation={"lowest": low, "end": end},
    validation_accuracy=[training.summary(plain_runs, "val_accuracy", epoch)[0]
                         for epoch in (turn, -1)],
    first_layer={
        name: {"near_zero": small[name],
               "longest": np.sqrt((weights ** 2).sum(axis=0)).max()}
        for name, weights in first.items()},
    stopping={"best": entropies[best], "now": now, "from_disk": from_disk},
    exit_code_of_resumed=code,
    losses_until_killed=list(until_then.values()),
    log_of_resumed=rows,
    undisturbed_losses=list(undisturbed.values()),
    backup_left=(killed / "backup").exists(),
)

# %% [markdown]
# ## Self-test
#
# **1.** Training loss falls, validation loss rises, validation accuracy stays the same. What happens?
#
# (a) a bug: loss and accuracy must move together; (b) the network becomes surer of its mistakes; (c)
# underfitting
#
# <details><summary>Answer</summary>
#
# **(b).** Accuracy asks which output is largest, cross-entropy also by how much. (a) They need not
# move together, for that reason. (c) Underfitting shows on the training images first.
# </details>
#
# **2.** Half of a layer's weights are exactly or nearly zero after training. Which remedy do you suspect?
#
# (a) L1; (b) dropout; (c) max norm
#
# <details><summary>Answer</summary>
#
# **(a).** The pull of L1 does not become weaker near zero. (b) Dropout sets *activations* to zero,
# for one step each. (c) Max norm does nothing to vectors shorter than its bound.
# </details>
#
# **3.** You compare L2 with no penalty by Keras's `val_loss`. What is wrong?
#
# (a) nothing; (b) `val_loss` contains the penalty; (c) validation should be done on test images
#
# <details><summary>Answer</summary>
#
# **(b).** Add the bare cross-entropy as a metric. (a) The model with L2 looks worse by the penalty
# alone. (c) Then nothing is left for the last word.
# </details>
#
# **4.** A resumed run has the right weights and the right epoch, but the loss jumps up at first. What was
# probably not saved?
#
# (a) the state of the optimiser; (b) the learning curves; (c) the batch size
#
# <details><summary>Answer</summary>
#
# **(a).** Adam's running averages start from zero. (b) Curves are written, never read. (c) It stands
# in the script.
# </details>
#
# **5.** `EarlyStopping(patience=5)` without `restore_best_weights=True`: which weights has the model in the
# end?
#
# (a) the best; (b) those of five epochs after the best; (c) those of the first epoch
#
# <details><summary>Answer</summary>
#
# **(b).** It stops late, by design, and leaves what is there. (a) is what the option is for. (c)
# Nothing returns to the start.
# </details>
#
# ## Take-aways
#
# 1. Overfitting: training and validation curves part. The cross-entropy shows it earlier and more
#    clearly than accuracy.
# 2. L1 makes zeros, L2 makes small, max norm sets a limit, dropout leaves the size alone and spreads
#    the work.
# 3. Compare models by the bare metric, over several seeds; strengths are chosen on validation images.
# 4. Callbacks watch, stop, save and log; one of your own is a class with one method.
# 5. To resume, save weights, epoch *and* optimiser state; then prove it by a kill.
#
# ## References
#
# - A. Krogh, J. A. Hertz (1992). A simple weight decay can improve generalization. *Advances in
#   Neural Information Processing Systems* 4.
#   https://papers.nips.cc/paper/563-a-simple-weight-decay-can-improve-generalization
# - R. Tibshirani (1996). Regression shrinkage and selection via the lasso. *Journal of the Royal
#   Statistical Society B* 58(1), 267–288. https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
# - H. Zou, T. Hastie (2005). Regularization and variable selection via the elastic net. *Journal of
#   the Royal Statistical Society B* 67(2), 301–320. https://doi.org/10.1111/j.1467-9868.2005.00503.x
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov (2014). Dropout: a simple
#   way to prevent neural networks from overfitting. *Journal of Machine Learning Research* 15,
#   1929–1958 (max norm too). https://jmlr.org/papers/v15/srivastava14a.html
# - L. Prechelt (1998). Early stopping – but when? In *Neural Networks: Tricks of the Trade*, Springer.
#   https://doi.org/10.1007/3-540-49430-8_3
# - Keras: BackupAndRestore. https://keras.io/api/callbacks/backup_and_restore/
# - TensorBoard. https://www.tensorflow.org/tensorboard
