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
# # When tasks conflict
#
# A trunk that serves two heads is pulled by two losses. What one head asks of the shared weights may suit the other, leave
# it cold, or hurt it. Papers promise that related tasks help each other. Do they? How would you notice that they do
# not? And who decides which of two tasks is more important?
#
# **After this lecture you can**
#
# - measure, by the cosine of two gradients, whether two losses want to move the shared weights the same way;
# - draw the Pareto front of two tasks by changing the weight of a loss, and choose a point on it;
# - compare one head with two, on the same pictures and seeds, and say what may be concluded;
# - say what cheap labels of a second kind are worth when the labels that you want are few.
#
# **You need** [one trunk, several heads](01_one_trunk_several_heads.ipynb); the gradient (week 3), and verdicts over
# seeds (week 5).
#
# **Time** about 25 minutes to read. **Cost** less than a minute on two cores; below 3 GiB of memory; no GPU.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from helpers import budget, plots
from helpers.experiments import heads, interval, verdict
from helpers.experiments.studies import hierarchy, task_weights
from helpers.gradients import value_and_gradient

budget.describe()
STEPS = budget.choose(ci=3, cpu=6, gpu=12)  # how often we stop the training to look
groceries = heads.pictures()
print(groceries)
x = groceries.x["train"]
fine, coarse = groceries.fine["train"], groceries.coarse["train"]

# %% [markdown]
# ## Two losses, one set of weights
#
# First a case that can be solved with a pencil. Two weights $w$ are shared by two tasks. Task A is content at the
# place $a$, task B at $b$, and each has the squared distance as its loss. The weighted sum
#
# $$L(w) = |w - a|^2 + \lambda \, |w - b|^2$$
#
# has its smallest value at $w = (a + \lambda b) / (1 + \lambda)$, on the line between the two places. The weight
# $\lambda$ chooses the point on this line, and no point is best for both.
#
# > **Predict, then run.** With $\lambda$ from 0.01 to 100, what will the pairs of losses look like in a plane with
# > one loss on each axis?

# %%
a, b = np.array([0.0, 0.0]), np.array([2.0, 1.0])
lambdas = np.geomspace(0.01, 100, 41)
places = (a + lambdas[:, None] * b) / (1 + lambdas[:, None])
loss_a, loss_b = (((places - goal) ** 2).sum(axis=1) for goal in (a, b))
fig, ax = plt.subplots(figsize=(5.4, 3.6), layout="constrained")
ax.plot(loss_a, loss_b, "o-", markersize=4, color=plots.COLOURS[0])
for value in (0.01, 1, 100):
    i = np.abs(lambdas - value).argmin()
    ax.annotate(
        f"$\\lambda$ = {value:g}",
        (loss_a[i], loss_b[i]),
        (8, 8),
        textcoords="offset points",
    )
ax.set(
    xlabel="loss of task A",
    ylabel="loss of task B",
    title="A Pareto front",
    xlim=(-0.3, 6.3),
    ylim=(-0.3, 6),
)
plots.show(
    fig,
    alt="A curve that falls from the upper left to the lower right and bends "
    "towards the origin: the larger lambda, the smaller the loss of task B "
    "and the larger that of task A.",
)

# %% [markdown]
# Such a curve is a **Pareto front**: the pairs that no other choice beats in *both* losses. The loss weight moves you
# along the front. It does not move the front itself; more data or a better network may.
#
# ### The cosine of two gradients
#
# Each loss has its own gradient with respect to the shared weights. The angle between them tells how they get along:
#
# $$\cos = \frac{g_A \cdot g_B}{|g_A| \, |g_B|}.$$
#
# Near 1, one step serves both. Near 0, they move different things. Below 0 they **conflict**: to first order, a small
# step that is best for A alone makes B worse.


# %%
def cosine(one, two):
    return float((one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum()))


for w in ([3.0, 1.5], [1.0, 2.0], [1.0, 0.5]):
    g_a, g_b = 2 * (np.array(w) - a), 2 * (np.array(w) - b)
    print(f"at {w}: cosine {cosine(g_a, g_b):+.2f}")

# %% [markdown]
# Far away from both goals the two tasks agree. **Between** the goals they conflict, and on the front itself they pull
# in exactly opposite directions: that is why it is a front. So a cosine below 0 late in training is nothing strange; early in
# training it is a warning.
#
# ## The gradients of two heads
#
# Now the groceries, fine and coarse class. We train a small network with two heads, stop from time to time, and take
# the gradient of each loss with respect to the kernel of the trunk.
#
# > **Predict, then run.** A coarse and a fine class of the same fruit: what sign will the cosine have, at the start and
# later?


# %%
def answer(weights, given, head):
    """Scores of a head, written out: trunk with ReLU, then the head."""
    hidden = ops.relu(ops.matmul(given, weights[0]) + weights[1])
    first = 2 if head == "fine" else 4
    return ops.matmul(hidden, weights[first]) + weights[first + 1]


def trunk_gradient(weights, head, labels):
    def loss(kernel):
        scores = answer([kernel, *weights[1:]], x, head)
        each = keras.losses.sparse_categorical_crossentropy(
            labels, scores, from_logits=True)
        return ops.mean(each)
    return value_and_gradient(loss, weights[0])[1]

# %%
keras.utils.set_random_seed(0)
given = keras.Input((x.shape[1],))
trunk = layers.Dense(64, activation="relu", name="trunk")(given)
outputs = {name: layers.Dense(len(names), name=name,
                              activation="softmax")(trunk)
           for name, names in (("fine", groceries.fine_names),
                               ("coarse", groceries.coarse_names))}
model = keras.Model(given, outputs)
model.compile(keras.optimizers.Adam(0.001), dict.fromkeys(
    ("fine", "coarse"), "sparse_categorical_crossentropy"))

# %%
def numbers():
    """Kernel and bias of the trunk, of the fine head and of the coarse head."""
    return [array for name in ("trunk", "fine", "coarse")
            for array in model.get_layer(name).get_weights()]


# Running this cell again goes on with the network as it is by then.
seen = []
for step in range(STEPS + 1):
    weights = numbers()
    seen.append(cosine(trunk_gradient(weights, "fine", fine),
                       trunk_gradient(weights, "coarse", coarse)))
    print(f"after {2 * step:2d} epochs: cosine {seen[-1]:+.2f}")
    model.fit(x, {"fine": fine, "coarse": coarse}, epochs=2, batch_size=25,
              verbose=0)
by_layers = heads.probabilities(model, x[:5])["fine"]
by_hand = ops.convert_to_numpy(
    ops.softmax(answer(numbers(), x[:5], "fine")))
apart = np.abs(by_layers - by_hand).max()
print(f"written out and by layers: at most {apart:.0e} apart")

# %% [markdown]
# At the start the two heads are random, and ask for nearly unrelated changes; later the cosine of this run stays near 0
# or below. One run says little.
#
# ## A related task and another one
#
# The study takes ten seeds, and two second tasks beside the fine class:
#
# - **related**: the coarse class;
# - **turn**: every photograph was turned by 0, 90, 180 or 270 degrees, by lot, and the head says by how much. It costs
#   no labels at all, and is used to train networks without labels (Gidaris et al. 2018). But the fine head would
#   rather ignore how a picture was turned.
#
# The trunk has two layers, of 64 and 8 units, few enough that the tasks have to share them. Both tasks see the same
# turned pictures.

# %%
study = task_weights.study()
WEIGHTS = (0.01, 0.1, 1.0, 10.0, 100.0)
cosines = {(helper, n): interval(
    study.column(f"cosine{n}", helper=helper, weight=1.0))
    for helper in ("coarse", "turn") for n in (1, 2)}
for (helper, n), (mean, half) in cosines.items():
    print(f"fine and {helper:6s}, layer {n}: cosine {mean:+.2f} ± {half:.2f}")

# %% [markdown]
# These are means over three stops, after 100, 200 and 300 of the 400 steps. All four are below 0, for the related task as
# well as for the turn. That is the pencil's lesson: late in a training, when both losses are small, what is left of their
# gradients pulls in opposite directions. In the first layer the two cosines are even equal, as far as ten seeds can
# tell. So a cosine below 0 says that there is a front here. It does **not** say which second task will hurt: for that, look
# at what you want to know, the accuracy.
#
# ## The weight of a loss
#
# How important is the second task? The weight of its loss says so, here from 0.01 to 100. Adam does not mind the size of the
# loss as a whole, so only the *ratio* of the two weights counts.
#
# > **Predict, then run.** Which of the two second tasks will hurt the fine answers more when its weight grows? Is
# > there a weight at which one of them helps?

# %%
def told(helper, weight, measure="fine"):
    return study.column(measure, helper=helper, weight=weight, times=100)


fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
alone, spread = interval(told("coarse", 0.0))
ax.axhspan(alone - spread, alone + spread, color=plots.COLOURS[6], alpha=0.25,
           label="fine class alone (± 95 %)")
for place, helper in enumerate(("coarse", "turn")):
    front = np.array([[told(helper, w, m).mean() for m in ("second", "fine")]
                      for w in WEIGHTS])
    ax.plot(*front.T, plots.MARKERS[place] + "-", color=plots.COLOURS[place],
            label=f"with {helper}")
    for point, weight in zip(front, WEIGHTS, strict=True):
        ax.annotate(f"{weight:g}", point, (5, 4), textcoords="offset points")
ax.set(xlabel="accuracy of the second task in %",
       ylabel="accuracy of the fine class in %",
       title="Two tasks, by the weight of the second loss")
ax.margins(x=0.1, y=0.12)
ax.legend(loc="lower left")
plots.show(fig, alt="Fine accuracy against that of the second task, for "
                    "weights from 0.01 to 100, one curve for the coarse "
                    "class, one for the turn; a band: the fine task alone.")

# %%
judged = {}
for helper in ("coarse", "turn"):
    for weight in WEIGHTS:
        judged[helper, weight] = verdict(
            told(helper, weight), told("coarse", 0.0), paired=True,
            comparisons=10)
        print(f"{helper:6s} x {weight:<5g} fine: {judged[helper, weight]}")

# %% [markdown]
# Neither task is shown to help at any weight. The related one is forgiving: up to a weight of 10 no loss is shown
# (although at 10 the interval is wide), and at 100 some 19 points are gone. The turn costs about 9 points at equal
# weights, and most of the fine accuracy at 100.
#
# Look at the left part of the curves, too. With a weight of 0.1 the coarse head is right for 75 %, of the 79 % that it
# ever reaches, and no loss of the fine class is shown. A small weight bought most of the second task. That is the use of
# the front: decide what a point of one task is worth in points of the other, and pick.
#
# ## One head or two?
#
# Back to the plain question: does a coarse head help the fine one when pictures are few? Same pictures, same seeds,
# pairs of networks, both losses with weight 1.
#
# > **Predict, then run.** Will the second head help more with 100 pictures or with 675?

# %%
pairs = hierarchy.study()


def of(way, images, measure="fine"):
    return pairs.column(measure, way=way, images=images, times=100)


helped = {}
for images in (100, 200, 400, 675):
    for name in ("fine", "coarse"):
        helped[images, name] = verdict(of("two heads", images, name),
                                       of(name, images, name), paired=True,
                                       comparisons=8)
        print(f"{images} pictures, {name:6s}, two heads minus one: "
              f"{helped[images, name]}")

# %% [markdown]
# No difference is shown, for either question and any number of pictures. That does not mean that there is none: with
# 100 pictures, anything from about -2 to +2 points fits. But "related tasks help each other" is not what these rows say.
# What is gained is something else: **one** network does the work of two, and neither answer suffers measurably.
#
# ### Cheap labels
#
# The case for which people build such networks is another one: fine labels for a few pictures, coarse labels for
# **all** 675 of them, and weight 0 where the fine label is missing. What changes, compared with two heads that see
# the few pictures only? And what if one forgets the weights, and writes class 0 in the gaps?

# %%
cheap = {}
for images in (100, 200, 400):
    for name in ("coarse", "fine", "joint_fine"):
        cheap[images, name] = verdict(of("coarse of all", images, name),
                                      of("two heads", images, name),
                                      paired=True, comparisons=9)
        print(f"{images} fine labels, {name:10s}: {cheap[images, name]}")
wrong = verdict(of("missing as 0", 100), of("coarse of all", 100), paired=True)
print(f"class 0 in the gaps instead of weight 0: {wrong}")

# %% [markdown]
# Read the lines in threes. The extra labels make the **coarse** head better, with 100 and with 200 fine labels. The fine
# head by itself gains nothing that is shown: what the trunk has learned about the coarse question did not carry over.
# Decoded **jointly**, the fine answers do gain with 100 fine labels, because the better coarse head takes part in
# the decision. So the cheap labels helped through the decoding of the last lecture, and not through the trunk.
#
# And whoever forgets the weights has taught the network that five pictures in six are of class 0. The fine head
# believes it.
#
# > **Try it** (five minutes). Change the goal $b$ of the first example to a place nearer to $a$, and draw the front
# > again. What happens to it when the goals are the same?

# %%
# Your front

# %% [markdown]
# ## Self-test
#
# **1.** The gradients of two losses have the cosine -0.3 at some layer. A small step along the gradient of the first
#
# (a) leaves the second loss as it is; (b) raises the second loss; (c) lowers both
#
# <details><summary>Answer</summary>
#
# **(b).** To first order, by the step times the product of the gradients. (a) would be a cosine of 0. (c) needs a
# cosine above 0.
# </details>
#
# **2.** A point lies on the Pareto front if
#
# (a) both losses are smallest there; (b) the two losses are equal there; (c) no other point is better in both
#
# <details><summary>Answer</summary>
#
# **(c).** (a) exists only without conflict. (b) is one point at most, and depends on the units.
# </details>
#
# **3.** Adam, both loss weights multiplied by 10. What changes?
#
# (a) next to nothing; (b) steps are 10 times as long; (c) the second task counts more
#
# <details><summary>Answer</summary>
#
# **(a).** Adam divides by the size of the gradient; only the ratio of the weights counts. (b) is true of plain
# gradient descent. (c) needs another ratio.
# </details>
#
# **4.** Ten pairs: two heads minus one is +0.4 ± 0.9 points. You may say
#
# (a) the second head does nothing; (b) it is not shown that it helps; (c) it helps a little
#
# <details><summary>Answer</summary>
#
# **(b).** Anything from -0.5 to +1.3 fits. (a) takes "not shown" for "not there". (c) takes luck for a result.
# </details>
#
# ## Take-aways
#
# 1. The weight of a loss moves you along a Pareto front. Which point is best is a decision, not a result.
# 2. Gradients with a cosine below 0 conflict; late in a training that is normal, for related tasks, too.
# 3. No second task was shown to help the fine class. The related one was harmless up to a large weight.
# 4. Cheap labels helped through joint decoding, by a better coarse head; the fine head alone did not gain.
# 5. Compare in pairs, over seeds, and count the comparisons; "not told apart" is not "equal".
#
# ## References
#
# - R. Caruana (1997). Multitask learning. *Machine Learning* 28, 41–75. https://doi.org/10.1023/A:1007379606734
# - A. Kendall, Y. Gal, R. Cipolla (2018). Multi-task learning using uncertainty to weigh losses for scene geometry
#   and semantics. *CVPR*. https://arxiv.org/abs/1705.07115
# - T. Yu et al. (2020). Gradient surgery for multi-task learning. *NeurIPS*. https://arxiv.org/abs/2001.06782
# - S. Gidaris, P. Singh, N. Komodakis (2018). Unsupervised representation learning by predicting image rotations.
#   *ICLR*. https://arxiv.org/abs/1803.07728

# %% tags=["remove-cell"]
from helpers.record import record

record(
    source=groceries.source,
    cosines=seen,
    apart=apart,
    front=[loss_a, loss_b],
)
