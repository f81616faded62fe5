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
# # Heads that contradict each other
#
# One head says *Granny Smith*, the other says *pear*. At least one of them is wrong, and you know it without having
# seen the label. Classes often form a **hierarchy**: every variety belongs to one kind of fruit. A network with a
# head for each level knows nothing of that unless it is told. How should the two answers be joined, and what is a
# contradiction good for?
#
# **After this lecture you can**
#
# - read a coarse answer off a fine one in two ways, and say which of them uses more of what the network knows;
# - decode both answers together;
# - build a network whose answers fit each other by construction, and say what that does and does not guarantee;
# - use contradictions, or low probabilities, to leave doubtful pictures to a person, and draw the risk-coverage curve.
#
# **You need** [one trunk, several heads](01_one_trunk_several_heads.ipynb), and comparing over seeds (week 5).
#
# **Time** about 30 minutes to read. **Cost** less than a minute on two cores; below 3 GiB of memory; no GPU.

# %%
import keras
import numpy as np
from keras import layers, ops

from helpers import budget, plots
from helpers.experiments import heads, interval, verdict
from helpers.experiments.studies import hierarchy

budget.describe()
EPOCHS = budget.choose(ci=10, cpu=30, gpu=60)
groceries = heads.pictures()
print(groceries)
x = groceries.x["train"]
fine, coarse = groceries.fine["train"], groceries.coarse["train"]

# %% [markdown]
# The hierarchy is a list with the coarse class of each fine class, its **parent**:

# %%
parent = groceries.parent
for k, name in enumerate(groceries.coarse_names):
    print(
        f"{name:9s} {', '.join(np.array(groceries.fine_names)[parent == k])}"
    )

# %% [markdown]
# ## Three answers to one question
#
# We train the two-headed network of the last lecture for a while, and ask it about the validation pictures. The
# coarse class can now be found in three ways:
#
# - **its own head**;
# - **read off**: the parent of the most probable fine class;
# - **summed**: add up the fine probabilities within each coarse class, and take the largest sum.


# %%
def two_heads(units=64):
    given = keras.Input((x.shape[1],))
    trunk = layers.Dense(units, activation="relu")(given)
    return keras.Model(given, {
        "fine": layers.Dense(len(parent), activation="softmax")(trunk),
        "coarse": layers.Dense(len(groceries.coarse_names),
                               activation="softmax")(trunk)})


def trained(model):
    model.compile(keras.optimizers.Adam(0.001), dict.fromkeys(
        ("fine", "coarse"), "sparse_categorical_crossentropy"))
    model.fit(x, {"fine": fine, "coarse": coarse}, epochs=EPOCHS,
              batch_size=25, verbose=0)
    return heads.probabilities(model, groceries.x["validation"])


keras.utils.set_random_seed(0)
told = trained(two_heads())
p, q = told["fine"], told["coarse"]
members = heads.within(parent)  # 1 where a fine class is in a coarse class
print(f"fine probabilities {p.shape} times members {members.shape} gives sums "
      f"{(p @ members).shape}")

# %% [markdown]
# A small example shows how the last two can differ. Three varieties of apple get 0.25, 0.25 and 0.15, and one pear
# gets 0.35.
#
# > **Predict, then run.** Which fruit does each of the two ways name?

# %%
example, of = np.array([0.25, 0.25, 0.15, 0.35]), np.array([0, 0, 0, 1])
kinds = ("apple", "pear")
print("read off the fine answer:", kinds[of[example.argmax()]])
print(
    "summed:",
    kinds[(example @ heads.within(of)).argmax()],
    (example @ heads.within(of)).round(2),
)

# %% [markdown]
# The sum is the right rule of probability: P(apple) is the sum over all apples. Reading off throws away all but the
# largest of the numbers. Now all ways on the test pictures, from the course's study: ten networks each, trained on
# 100 and on all 675 pictures, and asked the 661 test pictures (each picture once; the package holds
# every test picture twice, and an interval that forgot this would be too narrow by a factor of $\sqrt 2$).

# %%
study = hierarchy.study()


def column(way, images, measure):
    """A measure of the ten runs of a way in per cent."""
    return study.column(measure, way=way, images=images, times=100)


def said(numbers):
    mean, half = interval(numbers)
    return f"{mean:5.1f} ± {half:.1f}"


for images in (100, 675):
    print(f"{images} pictures, coarse accuracy in %")
    for label, way, measure in (
        ("two heads: its own head", "two heads", "coarse"),
        ("two heads: read off", "two heads", "read_off"),
        ("two heads: summed", "two heads", "summed"),
        ("a network for coarse alone", "coarse", "coarse"),
    ):
        print(f"  {label:28s} {said(column(way, images, measure))}")
own = {}
for images in (100, 675):
    for after, before in (("coarse", "read_off"), ("coarse", "summed"),
                          ("summed", "read_off")):
        own[images, after, before] = verdict(
            column("two heads", images, after),
            column("two heads", images, before), paired=True, comparisons=6)
        print(f"{images}: {after} - {before}: {own[images, after, before]}")

# %% [markdown]
# The head of its own is the best of the three on the same network, with few pictures and with many. With 100
# pictures the sum is better than reading off; with 675 the two are not told apart. And the shared network is as good at
# the coarse question as a network that was trained for nothing else: no difference is shown. The fine head spends its
# effort on telling one apple from another. The coarse head is asked the coarse question directly.
#
# ## Decode both together
#
# Instead of asking each head for itself, ask for the best **pair** that fits. If the heads were independent
# witnesses, the probability of a pair would be proportional to the product:
#
# $$\hat f = \arg\max_f \; P(f) \cdot P(\text{parent}(f)).$$
#
# One line of NumPy. A cheaper rule is **top-down**: take the coarse answer, and the best fine class within it.

# %%
joint = (p * q[:, parent]).argmax(axis=1)
inside = np.where(parent == q.argmax(axis=1)[:, None], p, -1).argmax(axis=1)
y_fine = groceries.fine["validation"]
for label, answers in (
    ("fine head", p.argmax(axis=1)),
    ("joint", joint),
    ("top-down", inside),
):
    print(
        f"{label:10s} {np.mean(answers == y_fine):.1%} of {len(y_fine)}"
    )

# %% [markdown]
# Of 57 pictures, one more or less is 1.8 points: these lines show that the rules differ, and not which one is better.
# For that we ask the study again.
#
# > **Predict, then run.** The trunk has seen the same pictures for both heads. Can decoding together make the fine
# > answers better at all? And the coarse ones?

# %%
gain = {}
for images in (100, 675):
    for before, after in (
        ("fine", "joint_fine"),
        ("fine", "top_down"),
        ("coarse", "joint_coarse"),
    ):
        gain[images, after] = verdict(column("two heads", images, after),
                                      column("two heads", images, before),
                                      paired=True, comparisons=6)
        print(f"{images} pictures, {after} - {before}: {gain[images, after]}")

# %% [markdown]
# The same networks, one line of NumPy more: decoded jointly, the fine answers are better by about two points with 100
# pictures, and by about one with 675. The coarse head knows something that the fine head does not, and the product brings
# it in. Top-down is not told apart from the fine head: where the coarse answer is wrong, it cannot be put right any more.
# For the coarse answers no gain is shown; they were the better ones to begin with.
#
# ## Consistent by construction
#
# We can also build a network that cannot contradict itself in its **probabilities**. Let one head say P(coarse),
# and the other one, for each coarse class, how the probability is divided among its fine classes: P(fine | coarse).
# The product is P(fine), and its sums are P(coarse), whatever the weights are.
#
# The division is a softmax *within* each group: exponentials, divided by the sum over the group.


# %%
def by_construction(units=64):
    given = keras.Input((x.shape[1],))
    trunk = layers.Dense(units, activation="relu")(given)
    coarse_p = layers.Dense(len(groceries.coarse_names),
                            activation="softmax")(trunk)
    scores = layers.Dense(len(parent))(trunk)
    positive = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True)) + 1e-9
    sums = ops.matmul(ops.matmul(positive, members), members.T)
    share = positive / sums  # P(fine | coarse)
    fine_p = share * ops.matmul(coarse_p, members.T)  # times P(coarse)
    return keras.Model(given, {"fine": fine_p, "coarse": coarse_p})


keras.utils.set_random_seed(0)
built = trained(by_construction())
gaps = {
    "two heads": np.abs(q - p @ members).max(),
    "by construction": np.abs(built["coarse"] - built["fine"] @ members).max(),
}
for way, gap in gaps.items():
    print(f"{way:16s} largest gap between coarse head and sums {gap:.1e}")

# %% [markdown]
# > **Predict, then run.** Now the probabilities fit exactly. Can the parent of the most probable fine class still
# > differ from the most probable coarse class?

# %%
small = np.array([0.3, 0.2, 0.1, 0.4])  # three apples, one pear
print("fine answer's parent:", kinds[of[small.argmax()]], "   coarse answer:",
      kinds[(small @ heads.within(of)).argmax()])
for way in ("two heads", "penalty", "construction"):
    print(
        f"{way:13s} answers contradict each other on "
        + ", ".join(
            f"{said(column(way, n, 'disagree'))} % ({n} pictures)"
            for n in (100, 675)
        )
    )

# %% [markdown]
# Yes: two `argmax` of consistent probabilities can contradict each other. If the *answers* must fit, decode together.
# The **penalty** in the table is the soft way: the squared gap between the coarse head and the sums is added to the
# loss, with weight 10.

# %%
for images in (100, 675):
    for way in ("two heads", "penalty", "construction"):
        told_so = [f"{measure} {said(column(way, images, measure))}"
                   for measure in ("fine", "joint_fine", "coarse")]
        print(f"{images} pictures, {way:13s}", ", ".join(told_so))

# %%
best = {
    n: verdict(column("construction", n, "fine"),
               column("two heads", n, "fine"), paired=True, comparisons=4)
    for n in (100, 675)
}
even = {
    n: verdict(column("construction", n, "fine"),
               column("two heads", n, "joint_fine"), paired=True,
               comparisons=4)
    for n in (100, 675)
}
fewer = {
    n: verdict(column("penalty", n, "disagree"),
               column("two heads", n, "disagree"), paired=True, comparisons=2)
    for n in (100, 675)
}
for n in best:
    print(f"{n}: contradictions, penalty minus two heads {fewer[n]}")
    print(f"{n}: construction minus two heads {best[n]}")
    print(f"{n}: construction minus two heads decoded jointly {even[n]}")

# %% [markdown]
# With the penalty the contradictions become a little rarer; that is shown for 100 pictures, not for 675. The fine answers
# by construction are not told apart from those of two free heads, decoded jointly or not: these ten seeds show neither
# a cost of consistency nor a gain. Choose it for its guarantee: whoever adds up the fine probabilities gets the coarse ones, on
# every picture, also on those that nobody has tested.
#
# ## A contradiction is a warning
#
# Where the heads contradict each other, at least one of them is wrong. That makes a free **error detector**: it
# needs no label.
#
# > **Predict, then run.** On the pictures with a contradiction, how often is the fine answer right? And which share
# > of all fine errors lies there?

# %%
for images in (100, 675):
    numbers = {
        name: said(column("two heads", images, name))
        for name in ("disagree", "fine", "fine_there", "errors_there")
    }
    print(
        f"{images} pictures: contradictions on {numbers['disagree']} %"
    )
    print(
        f"   fine answer right: {numbers['fine']} % of all, "
        f"{numbers['fine_there']} % of these"
    )
    print(f"   {numbers['errors_there']} % of the fine errors lie there")
    d, right, there = (column("two heads", images, name) / 100
                       for name in ("disagree", "fine", "fine_there"))
    rest = said(100 * (right - d * there) / (1 - d))
    print(f"   fine answer right where the heads agree: {rest} %")

# %% [markdown]
# With 100 pictures the heads contradict each other on about one picture in five, and there fewer than one fine answer
# in four is right. With all pictures there are fewer contradictions, and still most fine answers there are wrong. But
# more than two thirds of the errors lie where the heads **agree**. Both heads stand on the same trunk, and make many
# errors together. Agreement is no proof.
#
# ### The risk-coverage curve
#
# To **abstain** is to leave a picture to a person. Rank the pictures by a score, answer the best ones, and draw the
# share of errors among the answers, the **risk**, against the share of pictures with an answer, the **coverage**. A
# contradiction is yes or no; a finer score is the distance between the coarse head and the summed fine
# probabilities. And there is a rival that needs no second head at all: the largest fine probability.
#
# > **Predict, then run.** Which score is the better one: the distance between the heads, or the fine head's own
# > probability?

# %%
COVERAGES = (50, 60, 70, 80, 90)
names = {"gap": "distance of the heads", "sure": "largest probability"}
curves = {}
for score, label in names.items():
    risks = [100 - column("two heads", 675, f"{score}{c}") for c in COVERAGES]
    risks.append(100 - column("two heads", 675, "fine"))
    curves[label] = tuple(np.transpose([interval(one) for one in risks]))
plots.curves([*COVERAGES, 100], curves, xlabel="coverage in %",
             ylabel="risk: fine errors in %",
             title="Abstain where in doubt (675 pictures, ten seeds)",
             alt="Two risk-coverage curves that rise from left to right and "
                 "meet at full coverage. At 50 % the risk is " + ", ".join(
                     f"{curve[0][0]:.0f} % by {name}"
                     for name, curve in curves.items()) + ".")
rival = {c: verdict(column("two heads", 675, f"sure{c}"),
                    column("two heads", 675, f"gap{c}"), paired=True,
                    comparisons=5) for c in COVERAGES}
for c, told_so in rival.items():
    print(f"coverage {c} %, right by probability minus by distance {told_so}")

# %% [markdown]
# At coverages of 50 and 60 % the largest probability is the better score; from 70 % on the two are not told apart.
# The plain rival, which needs no second head, was worth asking. A contradiction has one advantage all the same: it can
# be explained. "One part says melon, the other says pear" is a reason that a person can check.
#
# > **Try it** (five minutes). Multiply the two scores of the live network, and see which validation pictures come
# > last. Would you have known?

# %%
doubt = np.argsort(p.max(axis=1) - np.abs(q - p @ members).sum(axis=1))[:6]
fines = np.array(groceries.fine_names)[p.argmax(axis=1)]
coarses = np.array(groceries.coarse_names)[q.argmax(axis=1)]
right = np.where(p.argmax(axis=1) == y_fine, "right", "wrong")
plots.image_grid(
    groceries.images["validation"][doubt],
    [f"{fines[i]}\n{coarses[i]}" for i in doubt], columns=6, scale=1.5,
    colours=[str(right[i]) for i in doubt],
    title="Most in doubt: fine answer, coarse answer",
    alt="Six validation pictures with the least certain answers; above each "
    "its fine and its coarse answer.",
)

# %% [markdown]
# ## Self-test
#
# **1.** The fine probabilities of three melons are 0.2 each, that of the only orange is 0.4. Summed, the answer is
#
# (a) orange; (b) melon; (c) undecided
#
# <details><summary>Answer</summary>
#
# **(b).** 0.6 against 0.4. (a) is read off the fine answer. (c) would need equal sums.
# </details>
#
# **2.** P(fine) = P(coarse) P(fine | coarse) guarantees that
#
# (a) both answers are right or both are wrong; (b) the two `argmax` fit; (c) the sums of P(fine) equal P(coarse)
#
# <details><summary>Answer</summary>
#
# **(c).** That is all. (a) A right apple can be the wrong apple. (b) You saw a counterexample with four numbers.
# </details>
#
# **3.** A detector flags 10 % of the pictures. 25 % of the fine answers there are right, 70 % of all. What is the
# accuracy on the rest?
#
# (a) 75 %; (b) 95 %; (c) 77.5 %
#
# <details><summary>Answer</summary>
#
# **(a).** (70 - 0.1 · 25) / 0.9 = 75. (b) counts the errors that are left as if there were few. (c) forgets to
# divide by 0.9, and takes off the wrong share.
# </details>
#
# **4.** Risk at a coverage of 100 % is
#
# (a) 0; (b) the share of errors on all pictures; (c) the share of pictures without an answer
#
# <details><summary>Answer</summary>
#
# **(b).** Everything is answered, so nothing is hidden. (a) may hold near a coverage of 0. (c) is 1 - coverage.
# </details>
#
# ## Take-aways
#
# 1. A coarse question deserves a head of its own; off the fine head, add the probabilities up rather than read off.
# 2. Joint decoding, the largest product that fits, improved the fine answers at no cost.
# 3. P(fine) = P(coarse) P(fine | coarse) makes the probabilities fit; two `argmax` may still differ.
# 4. Where heads contradict each other, most fine answers are wrong; yet most errors lie where they agree.
# 5. Compare a new detector of errors with the plain one: the largest probability was better at low coverage.
#
# ## References
#
# - C. N. Silla, A. A. Freitas (2011). A survey of hierarchical classification across different application domains.
#   *Data Mining and Knowledge Discovery* 22, 31–72. https://doi.org/10.1007/s10618-010-0175-9
# - Y. Geifman, R. El-Yaniv (2017). Selective classification for deep neural networks. *NeurIPS*.
#   https://arxiv.org/abs/1705.08500
# - M. Klasson, C. Zhang, H. Kjellström (2019). A hierarchical grocery store image dataset with visual and semantic
#   labels. *WACV*. https://arxiv.org/abs/1901.00711

# %% tags=["remove-cell"]
from helpers.record import record

record(
    source=groceries.source,
    gaps=gaps,
    sums=np.abs(built["fine"].sum(axis=1) - 1).max(),
    top_down=np.mean(parent[inside] == q.argmax(axis=1)),
    example=[
        int(of[example.argmax()]),
        int((example @ heads.within(of)).argmax()),
    ],
    small=[int(of[small.argmax()]), int((small @ heads.within(of)).argmax())],
)
