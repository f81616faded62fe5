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
# # From regression to networks
#
# kNN remembers everything and understands nothing. Now we want the opposite: a handful of numbers,
# **learned** from examples, after which the examples can be thrown away. We build it three times with
# nothing but NumPy. First it tells two digits apart, then ten, and then it grows a hidden layer and is a
# neural network. Each step is small, and each keeps all that came before.
#
# **After this lecture you can**
#
# - explain the cross-entropy loss with three probabilities and a pencil, and compute it so that it never
#   overflows;
# - derive the gradients of softmax regression and of a network with one hidden layer, and check them;
# - say what batch size and learning rate do to noise, memory and speed, and recognise a bad choice;
# - say what a hidden layer can do that no linear model can, and measure what that is worth.
#
# **You need** matrix products, the derivative of a function, the chain rule; weeks 1 and 2.
#
# **Time** about 40 minutes to read. **Cost** about ten seconds with the small budget, a minute or two
# with the one for laptops; below 1 GiB of memory; no GPU. The first run downloads MNIST (11 MB, kept).

# %%
import time
import tracemalloc
import warnings

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from helpers import budget, data, plots

# Thousands of small matrix products: one thread beats several that wait for each other.
one_thread = threadpool_limits(limits=1)
budget.describe()
mnist = data.load("mnist")
print(mnist)

# %% [markdown]
# ## Three parts, three questions
#
# MNIST has 70,000 handwritten digits of 28 × 28 grey pixels. They come in three parts, because we
# are going to ask three different questions.
#
# - **train**: which weights fit? The computer asks, thousands of times.
# - **validation**: which *settings* work on images that were not trained on? You ask, some dozens of times.
# - **test**: how good is the one that was chosen? Asked **once**, at the very end.
#
# An answer wears out by being asked for. After a hundred choices by validation accuracy, that accuracy
# is too good to be true (week 1, lecture 3). For the test part this must not happen.
#
# Each image becomes a row of 784 numbers from 0 to 1.

# %%
def vectors(split, n=None):
    """The first n images as rows of 784 numbers in 0..1 (float32), and their labels."""
    images = np.asarray(split.images[:n])
    rows = images.reshape(len(images), -1).astype("float32") / 255
    return rows, np.asarray(split.labels[:n])


X, y = vectors(mnist.train, budget.choose(ci=4000, cpu=30_000, gpu=55_000))
V, v = vectors(mnist.validation)
print("train", X.shape, X.dtype, "  validation", V.shape)

# %% [markdown]
# ## A forecast needs a price
#
# Forget images for a moment. Two forecasters look at the same three pictures. Each says, for every
# picture, how probable the class is that it then turns out to have.
#
# > **Predict, then run.** Whom would you rather hire: A, who is brilliant twice and then badly wrong, or
# > B, who is always a little better than a coin?

# %%
A = np.array([0.9, 0.8, 0.01])
B = np.array([0.6, 0.6, 0.6])
for name, p in {"A": A, "B": B}.items():
    print(f"{name}: mean probability {p.mean():.3f},  all three right {p.prod():.4f}")

# %% [markdown]
# By the mean they are nearly level. But ask how probable *everything that happened* was, if the forecaster
# is right about the world: that is the product of the three, called the **likelihood**. There A is far
# behind, because it all but ruled out something that then happened.
#
# Choosing weights that make the likelihood as large as possible is a good principle, and a bad program:

# %%
half = np.full(2000, 0.5)
print("product of 2000 probabilities:", half.prod())
print("sum of their logarithms:      ", np.log(half).sum().round(2))

assert half.prod() == 0 and np.isfinite(np.log(half).sum())

# %% [markdown]
# A product of many probabilities is too small for any float. Its logarithm is not, and the logarithm turns
# the product into a sum. Turn the sign, so that small is good, and take the mean, so that the number of
# images does not matter: the mean **negative log-likelihood**,
#
# $$L = -\frac1n \sum_{i=1}^{n} \log p_i .$$

# %%
def nll(p):
    """Mean negative log-likelihood of the probabilities given to what happened."""
    return float(-np.log(p).mean())


for name, p in {"A": A, "B": B}.items():
    terms = " + ".join(f"{-np.log(value):.3f}" for value in p)
    print(f"{name}: ({terms}) / 3 = {nll(p):.3f}")

assert np.isclose(np.exp(-3 * nll(A)), A.prod())        # the likelihood again
assert nll(B) < nll(A)

# %% [markdown]
# One picture costs A nearly everything. Here is the price list.

# %%
p = np.linspace(0.005, 1, 200)
plots.curves(p, {"-log p": -np.log(p)}, xlabel="probability given to the true class",
             ylabel="price in nats", title="What a forecast costs")

# %% [markdown]
# Certain and right costs nothing, a coin toss 0.69, and certain and wrong costs without limit. The same
# thing has a second name. Write the truth as a **one-hot** vector $t$ (1 at the true class, 0 elsewhere).
# The **cross-entropy** of the forecast $p$ is $-\sum_k t_k \log p_k$, and only one term of that sum is
# not zero: $-\log p_\text{true}$. For labels, cross-entropy *is* negative log-likelihood.

# %%
forecast = np.array([0.1, 0.7, 0.2])
one_hot = np.array([0, 1, 0])
print(f"{-(one_hot * np.log(forecast)).sum():.4f} = {nll(forecast[1:2]):.4f}")

assert np.isclose(-(one_hot * np.log(forecast)).sum(), -np.log(0.7))

# %% [markdown]
# ## Two digits: logistic regression
#
# Is it a 3 or an 8? Give every pixel a weight, add up, and add a constant, the **bias**: a **score** $z =
# w \cdot x + b$. Positive means "8". To get a probability, squeeze the score by the **sigmoid**
#
# $$p = \sigma(z) = \frac{1}{1 + e^{-z}}, \qquad\text{so that}\qquad z = \log\frac{p}{1 - p}.$$
#
# That is all of **logistic regression** (Cox, 1958). With $t = 1$ for an 8 and $t = 0$ for a 3, the price of
# one image is
#
# $$-t \log p - (1-t) \log(1-p) \;=\; \log(1 + e^z) - t z .$$

# %%
def sigmoid(z):
    """1 / (1 + exp(-z)), written so that it cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def pair(X, y, first, second):
    """Only the images of two digits; t is 0 for the first and 1 for the second."""
    keep = (y == first) | (y == second)
    return X[keep], (y[keep] == second).astype("float32")


X38, t38 = pair(X, y, 3, 8)
V38, s38 = pair(V, v, 3, 8)
print(f"3 or 8: {len(X38):,} to train, {len(V38):,} to validate, {t38.mean():.0%} eights")

# %% [markdown]
# How does the price change when the score changes a little? The derivative of $\log(1 + e^z) - tz$ is
#
# $$\frac{\partial L}{\partial z} = \sigma(z) - t = p - t .$$
#
# Read it aloud: *what was said, minus what was true*. The weights follow by the chain rule: the score
# changes with $w_j$ as fast as the pixel $x_j$ is bright, so $\partial L / \partial w_j = (p - t)\,x_j$,
# averaged over the images. Dark pixels ($x_j = 0$) are not to blame for anything.

# %%
def logistic(w, b, X, t):
    """Mean price of logistic regression, and its slopes for weights and bias."""
    z = X @ w + b
    error = (sigmoid(z) - t) / len(t)                   # said minus true
    return np.mean(np.logaddexp(0, z) - t * z), X.T @ error, error.sum()

# %% [markdown]
# **Never trust a gradient that you have not checked.** The definition of the slope gives a slow second
# opinion: change one weight by $\pm h$ and see what the price does. In `float64`, or rounding drowns the
# difference.

# %%
def slope(f, w, where, h=1e-5):
    """Central difference of f() for one entry of the array w; w is left as it was."""
    kept = w[where]
    w[where] = kept + h
    above = f()
    w[where] = kept - h
    below = f()
    w[where] = kept
    return (above - below) / (2 * h)


rng = np.random.default_rng(0)
few, few_t = X38[:20].astype("float64"), t38[:20].astype("float64")
w = rng.normal(0, 0.1, 784)
gradient = logistic(w, 0.3, few, few_t)[1]
bright = few.mean(axis=0).argsort()[-5:]                    # pixels that matter
numeric = np.array([slope(lambda: logistic(w, 0.3, few, few_t)[0], w, j) for j in bright])
print("by hand:   ", gradient[bright].round(6))
print("by nudging:", numeric.round(6))

assert np.allclose(gradient[bright], numeric, rtol=1e-5, atol=1e-9)

# %% [markdown]
# Now walk downhill: start with all weights zero, and take steps against the gradient, each as long as the
# **learning rate** $\eta$ says: $w \leftarrow w - \eta\, \partial L/\partial w$. That is **gradient
# descent**.
#
# > **Predict, then run.** Before the first step all scores are 0. What is the price then?

# %%
w, b = np.zeros(784, "float32"), 0.0
trace = []
for _ in range(150):
    price, dw, db = logistic(w, b, X38, t38)
    trace.append([price, logistic(w, b, V38, s38)[0]])
    w, b = w - 0.1 * dw, b - 0.1 * db
trace = np.array(trace)
right = ((V38 @ w + b > 0) == (s38 == 1)).mean()
print(f"first price {trace[0, 0]:.4f} = log 2; last {trace[-1, 0]:.4f}; "
      f"validation accuracy {right:.1%}")

assert np.isclose(trace[0, 0], np.log(2)) and (np.diff(trace[:, 0]) < 0).all()
assert right > 0.8                                      # guessing would give about a half

# %%
plots.curves(np.arange(150), {"train": trace[:, 0], "validation": trace[:, 1]},
             xlabel="step", ylabel="mean cross-entropy in nats",
             title="Gradient descent, 3 against 8")

# %% [markdown]
# There is no chance in it: same start, same images, same steps. And this loss is convex: it has one valley,
# so another start would only be another way down to the same floor.

# %% [markdown]
# ## Ten digits: softmax
#
# Ten classes get ten scores. How do ten scores become ten probabilities? They must be positive: take
# $e^z$. They must add up to one: divide by the sum. That is **softmax**,
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} .$$

# %%
def naive_softmax(z):
    """Softmax of each row, word for word as in the formula."""
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


z = np.array([2.0, 1.0, 0.0])
print("softmax:           ", naive_softmax(z).round(3))
print("all scores plus 5: ", naive_softmax(z + 5).round(3))
print("all scores times 5:", naive_softmax(5 * z).round(3))

assert np.allclose(naive_softmax(z), naive_softmax(z + 5))
assert np.isclose(naive_softmax(np.array([0, 1.7]))[1], sigmoid(1.7))   # two classes

# %% [markdown]
# Only *differences* of scores count, and their size says how sure the forecast is. With two classes
# softmax is the sigmoid of the difference, so nothing of the last section is lost.
#
# > **Predict, then run.** What does our function give for the scores 1000, 1001 and 1002?

# %%
large = np.array([1000.0, 1001.0, 1002.0])
with warnings.catch_warnings(record=True) as caught:        # we print them ourselves
    warnings.simplefilter("always")
    broken = naive_softmax(large)
print("NumPy says:", "; ".join(str(w.message) for w in caught))
print("result:    ", broken)

assert np.isnan(broken).all()

# %% [markdown]
# $e^{1000}$ is larger than any float: infinity divided by infinity, "not a number". One such image in one
# batch, and every weight is `nan` for ever. The cure costs one subtraction. Since only differences
# count, **subtract the largest score first**: the largest exponent is then 0, and nothing can overflow.
#
# The logarithm needs the same care. A probability can round to 0, and $\log 0 = -\infty$. So never take
# the logarithm of a softmax: compute it from the scores directly, $\log p_k = z_k - \log \sum_j e^{z_j}$
# (Blanchard et al., 2021, prove that both tricks are accurate).

# %%
def log_softmax(z):
    """Logarithm of the softmax of each row; finite for any finite scores."""
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


print("stable softmax:", np.exp(log_softmax(large)).round(3))
far = np.array([0.0, 900.0])
print("a probability that rounds to", np.exp(log_softmax(far))[0],
      "has the logarithm", log_softmax(far)[0])

assert np.allclose(np.exp(log_softmax(large)), naive_softmax(large - 1000))
assert log_softmax(far)[0] == -900

# %% [markdown]
# Two digits had a weight vector; ten digits have ten, the columns of a matrix $W$ of shape (784, 10), and
# ten biases. The whole batch is one matrix product, $Z = XW + b$: (n, 784) · (784, 10) gives (n, 10).
#
# And the gradient? For one image with the true class $c$ the price is $\log \sum_j e^{z_j} - z_c$. Its
# derivative for $z_k$ is $e^{z_k}/\sum_j e^{z_j}$, minus 1 if $k = c$: **$p - t$ again**, now for vectors.

# %%
def softmax_regression(params, X, y):
    """Mean cross-entropy, and its slopes for W (d, classes) and b (classes,)."""
    W, b = params
    log_p = log_softmax(X @ W + b)
    rows = np.arange(len(y))
    error = np.exp(log_p)
    error[rows, y] -= 1                                     # p - t
    error /= len(y)
    return -log_p[rows, y].mean(), [X.T @ error, error.sum(axis=0)]


start = [np.zeros((784, 10), "float32"), np.zeros(10, "float32")]
n_weights = sum(array.size for array in start)
print(f"parameters: 784 * 10 + 10 = {n_weights:,}")
first_price = softmax_regression(start, X, y)[0]
print(f"price before training: {first_price:.4f} = log 10 = {np.log(10):.4f}")

assert n_weights == 7850 and np.isclose(first_price, np.log(10), rtol=1e-5)

# %% [markdown]
# (A network whose first loss is far from $\log$ of the number of classes has a mistake in it, or a wild
# start. It is the cheapest test there is.) The check by nudging, for a few random entries:

# %%
def check(model, params, X, y, how_many=6, seed=0):
    """Largest relative difference of a model's gradient from central differences."""
    rng = np.random.default_rng(seed)
    params, X = [array.astype("float64") for array in params], X.astype("float64")
    worst = 0.0
    for array, gradient in zip(params, model(params, X, y)[1], strict=True):
        assert array.shape == gradient.shape
        places = np.argsort(-np.abs(gradient), axis=None)[:50 * how_many]  # large ones
        for place in rng.choice(places, min(how_many, len(places)), replace=False):
            where = np.unravel_index(place, array.shape)
            nudged = slope(lambda: model(params, X, y)[0], array, where)
            worst = max(worst, abs(nudged - gradient[where]) / abs(nudged))
    return worst


rng = np.random.default_rng(1)
random_start = [rng.normal(0, 0.1, (784, 10)), rng.normal(0, 0.1, 10)]
difference = check(softmax_regression, random_start, X[:30], y[:30])
print(f"largest relative difference: {difference:.1e}")

assert difference < 1e-5

# %% [markdown]
# ## How much of the data for one step?
#
# The gradient is a *mean* over the training images. Nobody asks everybody to estimate a mean: a sample
# will do. **Stochastic gradient descent** (SGD; Robbins and Monro, 1951) takes one image, **mini-batch**
# SGD some dozens. What do we lose? Draw many batches of each size at one and the same place, and measure
# how far their gradients are from the full one: the mean squared distance, the **variance**.
#
# > **Predict, then run.** A batch four times as large: by what factor does the variance fall?

# %%
def flat_gradient(params, X, y):
    _, gradients = softmax_regression(params, X, y)
    return np.concatenate([array.ravel() for array in gradients])


full = flat_gradient(start, X, y)
sizes = np.array([1, 4, 16, 64, 256, 1024])
rng, variance = np.random.default_rng(2), []
for size in sizes:
    draws = [rng.integers(len(X), size=size) for _ in range(200)]
    away = [flat_gradient(start, X[drawn], y[drawn]) - full for drawn in draws]
    variance.append(np.mean([difference @ difference for difference in away]))
variance = np.array(variance)
for size, value in zip(sizes, variance, strict=True):
    noise = np.sqrt(value / (full @ full))              # its root against the gradient
    print(f"batch of {size:4d}: variance {value:7.3f}, noise / signal {noise:.2f}")

# %% [markdown]
# The variance of a mean of $B$ independent draws is that of one draw divided by $B$. For one draw we can
# say it exactly: the gradient of one image has the squared length $(\lVert x\rVert^2 + 1)\,\lVert p -
# t\rVert^2$; take the mean, and subtract the squared length of the full gradient.

# %%
error = np.exp(log_softmax(X @ start[0] + start[1]))
error[np.arange(len(y)), y] -= 1
of_one = (((X ** 2).sum(axis=1) + 1) * (error ** 2).sum(axis=1)).mean() - full @ full
theory = of_one / sizes
plots.curves(sizes, {"measured, 200 batches each": variance, "theory: c / B": theory},
             xlabel="batch size B", ylabel="variance of the gradient",
             log_x=True, log_y=True, title="Gradient noise against batch size")

assert (np.abs(variance / theory - 1) < 0.35).all()

# %% [markdown]
# The price list is strict: four times the work, a quarter of the variance, **half** the noise. The first
# images of a batch tell you most of what there is to know; the rest polishes the estimate, and by the
# next step the place has changed anyway.
#
# The second price is memory. A step holds its batch as `float32`, and the activations (week 1). Measure it:

# %%
def peak_memory(batch):
    """Peak of the extra memory of one gradient, from uint8 images on, in MB."""
    tracemalloc.start()
    try:
        images, labels = vectors(mnist.train, batch)
        softmax_regression(start, images, labels)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


taken = {batch: peak_memory(batch) for batch in (1, 64, 1024, len(X))}
for batch, megabytes in taken.items():
    print(f"batch of {batch:6,}: {megabytes:8.2f} MB")

assert taken[64] < taken[1024] < taken[len(X)]

# %% [markdown]
# ## The race
#
# Three runners get the same images, each as often as the others: all at once (**full batch**), 64 at
# a time (**mini-batch**), one at a time (**single sample**). One time through the training set is an
# **epoch**. Every epoch the images are shuffled, so that no batch is all sevens.

# %%
def sgd(model, params, X, y, *, batch, rate, epochs, seed, marks=(), watch=None):
    """Train by mini-batches of `batch` images. Returns the new parameters and, for each
    mark, the value of watch(params) once so many images had been seen."""
    rng = np.random.default_rng(seed)
    params = [array.copy() for array in params]
    seen, noted, marks = 0, [], list(marks)
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for first in range(0, len(X), batch):
            chosen = order[first:first + batch]
            while marks and seen + len(chosen) > marks[0]:  # the weights of that moment
                noted.append(watch(params))
                marks.pop(0)
            _, gradients = model(params, X[chosen], y[chosen])
            for array, gradient in zip(params, gradients, strict=True):
                array -= rate * gradient
            seen += len(chosen)
    noted += [watch(params) for _ in marks]
    return params, np.array(noted)

# %% [markdown]
# Each runner may choose its own learning rate, because a noisy gradient wants a smaller one. The choice
# is made by the loss on **validation** images: that is what they are for.
#
# > **Predict, then run.** Who is ahead after one epoch, and who after the last?

# %%
n_race, epochs = budget.choose(ci=2000, cpu=10_000, gpu=10_000), 4
R, r, W_val, w_val = X[:n_race], y[:n_race], V[:2000], v[:2000]
n_race = len(R)
marks = np.unique(np.geomspace(1, epochs * n_race, 60).astype(int))
candidates = {n_race: (0.1, 0.3, 1.0), 64: (0.1, 0.3, 1.0), 1: (0.003, 0.01, 0.03)}

best, seconds = {}, {}
for batch, rates in candidates.items():
    for rate in rates:
        _, losses = sgd(softmax_regression, start, R, r, batch=batch, rate=rate,
                        epochs=epochs, seed=0, marks=marks,
                        watch=lambda params: softmax_regression(params, W_val, w_val)[0])
        if batch not in best or losses[-1] < best[batch][1][-1]:
            best[batch] = rate, losses
    began = time.perf_counter()                             # once more, nobody watching
    sgd(softmax_regression, start, R, r, batch=batch, rate=rate, epochs=1, seed=0)
    seconds[batch] = time.perf_counter() - began

# %%
names = {n_race: "full batch", 64: "mini-batch of 64", 1: "single sample"}
after_one = np.searchsorted(marks, n_race, side="right") - 1
for batch, (rate, losses) in best.items():
    print(f"{names[batch]:17s} rate {rate:4}: loss {losses[after_one]:.3f} after 1 epoch,"
          f" {losses[-1]:.3f} after {epochs}; one takes {seconds[batch] * 1000:.0f} ms")
plots.curves(marks, {names[batch]: losses for batch, (_, losses) in best.items()},
             xlabel="training images seen", ylabel="validation loss in nats", log_x=True,
             title="Same images, other batch sizes (one run each)")

assert best[64][1][-1] < best[n_race][1][-1] and best[1][1][-1] < best[n_race][1][-1]

# %% [markdown]
# The full batch is still at the start line when the others are nearly there: it takes *one* step in an
# epoch. Per image seen, the smaller the batch, the earlier the gain. The single sample gets far with the
# first few hundred, on a bumpy road, because every image pulls the weights its own way.
#
# Then look at the clock. A matrix product over 64 images costs hardly more than over one, so one image at
# a time wastes the processor: the last column says by how much. The mini-batch is nearly as good per
# image and many times as fast per image. On a GPU this is truer still, which is why batches of 32 to 256
# are the habit.

# %% [markdown]
# ## How long should a step be?
#
# Walk down the simplest valley, $f(w) = w^2/2$, from $w = 1$. The slope is $w$, so a step is $w \leftarrow
# w - \eta w = (1 - \eta)\,w$.
#
# > **Predict, then run.** For which $\eta$ does it arrive fastest? From which on does it never arrive?

# %%
for eta in (0.01, 0.5, 1.0, 1.9, 2.1):
    path = (1 - eta) ** np.arange(31)
    shown = "  ".join(f"{value:8.4f}" for value in path[[1, 2, 3, 10, 30]])
    print(f"rate {eta:4}: after 1, 2, 3, 10, 30 steps w = {shown}")

assert abs((1 - 0.01) ** 30) > 0.7 and abs((1 - 2.1) ** 30) > 1 > abs((1 - 1.9) ** 30)

# %% [markdown]
# Too small creeps. Beyond 1 it jumps across the valley, and beyond 2 each jump lands higher than the last
# one started. In a valley with the curvature $\lambda$ (here 1) that limit is $2/\lambda$, and a loss
# with thousands of weights has many curvatures. **The steepest direction sets the limit, the flattest
# one the waiting time.**
#
# For softmax regression the curvature is at most half the largest eigenvalue of $X^TX/n$ (with a column
# of ones for the bias). Any rate below $2/\lambda$ is then certain to go downhill at every step.

# %%
ones = np.hstack([R, np.ones((len(R), 1), "float32")])
steepest = 0.5 * np.linalg.eigvalsh(ones.T @ ones / len(R))[-1]
print(f"curvature at most {steepest:.1f}: every rate below {2 / steepest:.3f} is safe")

rates = {"too small": 0.02 / steepest, "safe": 1.9 / steepest, "daring": 9 / steepest,
         "too large": 500 / steepest}
paths = {}
for name, rate in rates.items():
    params, path = [array.copy() for array in start], []
    for _ in range(60):
        loss, gradients = softmax_regression(params, R, r)
        path.append(loss)
        for array, gradient in zip(params, gradients, strict=True):
            array -= rate * gradient
    paths[f"{name}: {rate:.2g}"] = np.array(path)

# %%
plots.curves(np.arange(60), paths, xlabel="step (full batch)",
             ylabel="training loss in nats", log_y=True, title="Four learning rates")
small, safe, daring, large = paths.values()

assert (np.diff(safe) < 0).all() and small[-1] > safe[-1]
assert (np.diff(large) > 0).any() and large.max() > np.log(10)

# %% [markdown]
# The bound is cautious: the daring rate lies above it and is faster here. The largest one is thrown across
# the valley, far above where it started. Softmax regression is good-natured and lets it fall back, only to
# throw it again; where such a curve ends is luck. A network often does not come back at all.
#
# In practice: go up until it breaks, then go back by a factor of three. A loss that jumps or becomes
# `nan`: rate too large. A straight, hardly falling line: too small. Look at the curve before you look at
# anything else.

# %% [markdown]
# ## What has it learned?
#
# Train softmax regression properly, and look at the weights. Each of the ten columns of $W$ has 784
# entries, one for each pixel. So it *is* a picture.

# %%
settings = dict(batch=32, epochs=10)


def accuracy(model_scores, params, X, y):
    """Share of images whose true class has the largest score."""
    return float((model_scores(params, X).argmax(axis=1) == y).mean())


def linear_scores(params, X):
    return X @ params[0] + params[1]


templates, _ = sgd(softmax_regression, start, X, y, rate=0.1, seed=0, **settings)
centred_accuracy = accuracy(linear_scores, templates, V, v)
print(f"validation accuracy of this one run: {centred_accuracy:.1%}")

# %%
W = templates[0].T.reshape(10, 28, 28)
limit = np.abs(W).max()
fig, axes = plt.subplots(2, 5, figsize=(8.2, 3.6), layout="constrained")
for digit, ax in enumerate(axes.flat):
    picture = ax.imshow(W[digit], cmap="RdBu", vmin=-limit, vmax=limit)
    ax.set(title=f"{digit}", xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
fig.colorbar(picture, ax=axes, label="weight", shrink=0.9)
fig.suptitle("Weights of softmax regression: blue speaks for the digit, red against it",
             fontsize=10)
plots.show(fig, alt="Ten pictures of 28 by 28 weights, one for each digit, blue for "
                    "positive and red for negative. The zero has a blue ring around a "
                    "red centre; the others look like blurred digits with red patches "
                    "where other digits have ink.")

# %% [markdown]
# Ten **templates**. The score is the sum of the image times the template, pixel by pixel, so ink on blue
# is evidence for, ink on red evidence against. The 0 is the clearest: ink in the middle speaks strongly
# against it.
#
# > **Predict, then run.** A template sits at a fixed place. What happens to the accuracy if all
# > validation digits move by 3 pixels?

# %%
moved = np.roll(V.reshape(-1, 28, 28), 3, axis=2).reshape(V.shape)
moved_accuracy = accuracy(linear_scores, templates, moved, v)
print(f"in place {centred_accuracy:.1%}, moved by 3 pixels {moved_accuracy:.1%}")

assert moved_accuracy < centred_accuracy - 0.1

# %% [markdown]
# One template for all ways to write a digit, nailed to one place. The second weakness is what
# convolution cures (week 2). The first one is cured now.

# %% [markdown]
# ## A hidden layer
#
# Take the smallest problem that no linear score can solve: answer 1 if exactly *one* of two inputs is 1.
# Weigh and add as you like, it cannot be done: the two ones need a positive score, so their sum is
# positive too, but $(1,1)$ and $(0,0)$ need negative scores, and both pairs add up to the same inputs.
#
# Now allow two **hidden units** first, each a weighted sum followed by **ReLU**, $\max(0, \cdot)$.

# %%
inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
hidden = np.maximum(0, inputs @ [[1, 1], [1, 1]] + [0, -1])         # a + b, and a + b - 1
output = hidden @ [1, -2]
for row in zip(inputs.tolist(), hidden.tolist(), output.tolist(), strict=True):
    print("inputs {}, hidden {}, output {}".format(*row))

assert output.tolist() == [0, 1, 1, 0]

# %% [markdown]
# The second unit stays silent until *both* inputs are on, and then takes everything back. Without the ReLU
# it would not work, and no number of layers would help:

# %%
rng = np.random.default_rng(3)
W1, W2 = rng.normal(size=(784, 50)), rng.normal(size=(50, 10))
some = X[:100].astype("float64")
same = np.allclose((some @ W1) @ W2, some @ (W1 @ W2))
print("two layers without ReLU equal one layer:", same)

assert same

# %% [markdown]
# So: pixels, a matrix, ReLU, a second matrix, softmax. A **multilayer perceptron** (MLP). For the
# gradient, go backwards (**backpropagation**; Rumelhart et al., 1986). The error at the scores is $p - t$
# as ever. A hidden unit is to blame for the errors it feeds, weighted by the weights it feeds them
# through, $(p - t)\,W_2^T$, and only where its ReLU let something pass. From there it is the
# gradient of a linear layer once more: input times error.

# %%
def hidden_scores(params, X):
    W1, b1, W2, b2 = params
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


def network(params, X, y):
    """Mean cross-entropy of a network with one hidden layer, and its four slopes."""
    W1, b1, W2, b2 = params
    hidden = np.maximum(X @ W1 + b1, 0)
    log_p = log_softmax(hidden @ W2 + b2)
    rows = np.arange(len(y))
    error = np.exp(log_p)
    error[rows, y] -= 1
    error /= len(y)
    blame = (error @ W2.T) * (hidden > 0)                   # back through W2 and the ReLU
    gradients = [X.T @ blame, blame.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
    return -log_p[rows, y].mean(), gradients

# %% [markdown]
# > **Predict, then run.** Softmax regression could start at zero. Can the network?

# %%
def initial(units, seed):
    """He's initialisation: normal, standard deviation sqrt(2 / inputs); biases zero."""
    rng = np.random.default_rng(seed)
    return [rng.normal(0, np.sqrt(2 / 784), (784, units)).astype("float32"),
            np.zeros(units, "float32"),
            rng.normal(0, np.sqrt(2 / units), (units, 10)).astype("float32"),
            np.zeros(10, "float32")]


zeros = [np.zeros_like(array) for array in initial(32, 0)]
sizes_of = [float(np.abs(gradient).max()) for gradient in network(zeros, X, y)[1]]
for name, value in zip(("W1", "b1", "W2", "b2"), sizes_of, strict=True):
    print(f"start at zero: largest slope of {name}: {value:.4f}")
difference = check(network, initial(32, 0), X[:30], y[:30])
print(f"random start: gradient check {difference:.1e}")

assert sizes_of[:3] == [0, 0, 0] and difference < 1e-4

# %% [markdown]
# At zero only the last bias has a slope: nothing flows forward, so no blame flows back. Equal weights
# would not help either: units that start alike get the same blame and stay alike. Random numbers
# break the tie. How large they should be was worked out by He et al. (2015) for ReLU; week 5 compares.

# %% [markdown]
# ## What does it buy?
#
# Softmax regression against networks with more and more hidden units. Same images, same epochs, same
# batch. First the rate: for each kind of model the best of three by validation accuracy, with seed 0.

# %%
def run(units, rate, seed):
    """Train once; 0 units means softmax regression. Returns parameters and a function."""
    model = network if units else softmax_regression
    scores = hidden_scores if units else linear_scores
    params = initial(units, seed) if units else start
    return sgd(model, params, X, y, rate=rate, seed=seed, **settings)[0], scores


chosen_rate = {}
for kind, units in (("softmax", 0), ("network", 64)):
    tried = {}
    for rate in (0.03, 0.1, 0.3):
        params, scores = run(units, rate, seed=0)
        tried[rate] = accuracy(scores, params, V, v)
    chosen_rate[kind] = max(tried, key=tried.get)
    listed = ", ".join(f"rate {rate}: {share:.3f}" for rate, share in tried.items())
    print(f"{kind}: {listed} -> {chosen_rate[kind]}")

# %% [markdown]
# Then every model with fresh seeds. The seed decides the start and the order of the images.

# %%
seeds = budget.choose(ci=(1, 2, 3), cpu=(1, 2, 3, 4, 5))
widest = budget.choose(ci=128, cpu=256)
results, trained = {}, {}
for units in (0, 16, 64, widest):
    rate = chosen_rate["network" if units else "softmax"]
    runs = [run(units, rate, seed) for seed in seeds]
    trained[units] = runs
    shares = np.array([accuracy(scores, params, V, v) for params, scores in runs])
    mean, spread = shares.mean(), shares.std(ddof=1)
    n_weights = sum(array.size for array in runs[0][0])
    name = f"{units} hidden units" if units else "softmax regression"
    results[f"{name} ({n_weights:,} weights)"] = 100 * (1 - mean), 100 * spread
    print(f"{name:20s}{n_weights:9,} weights: validation accuracy {mean:.3f} "
          f"± {spread:.4f} over {len(seeds)} seeds")

softmax_errors, *_, fewest_errors = [errors for errors, _ in results.values()]
assert mnist.is_sample or fewest_errors < softmax_errors    # 1,200 images are too few for it

# %%
plots.bars(results, xlabel="wrong among 100 validation images",
           title=f"What hidden units buy: mean ± standard deviation, {len(seeds)} seeds")

# %% [markdown]
# A wide hidden layer removes a good part of the errors that a linear model cannot help making; a very
# narrow one buys little. Which digits did the templates get wrong and the widest network right?

# %%
said = {}
for units in (0, widest):
    params, scores = trained[units][0]                      # of the first seed
    said[units] = scores(params, V).argmax(axis=1)
repaired = np.flatnonzero((said[0] != v) & (said[widest] == v))
spoiled = np.flatnonzero((said[0] == v) & (said[widest] != v))
print(f"repaired {len(repaired)}, newly wrong {len(spoiled)}, of {len(v)}")
shown = repaired[:10]
plots.image_grid(mnist.validation.images[shown], columns=10, scale=0.85,
                 titles=[f"{said[0][i]}, no: {v[i]}" for i in shown],
                 title="Said by softmax regression, corrected by the network")

# %% [markdown]
# Slanted, cut, unusual: digits that differ from the average of their class. Hidden units can hold
# several templates for one digit, or parts of templates that combine.
#
# ## The envelope
#
# All decisions are made: the widest network, its rate, its epochs. *Now* the test images, once.

# %%
T, t = vectors(mnist.test)
tested = np.array([accuracy(scores, params, T, t) for params, scores in trained[widest]])
print(f"{widest} hidden units, {len(X):,} training images, {len(T):,} test images: "
      f"accuracy {tested.mean():.3f} ± {tested.std(ddof=1):.4f} over {len(seeds)} seeds")

# %% tags=["remove-cell"]
from helpers.record import record

thousand = np.array([1000.0, 1001.0, 1002.0])
record(
    data_is_sample=mnist.is_sample,
    forecasts={"A": A, "B": B},
    likelihoods={"A": A.prod(), "B": B.prod()},
    cross_entropies={"A": nll(A), "B": nll(B)},
    first_losses={"2 classes": trace[0, 0], "10 classes": first_price},
    softmax_parameters=sum(array.size for array in start),
    naive_softmax={"nan": np.isnan(broken),
                   "warnings": [str(each.message) for each in caught]},
    stable_softmax=np.exp(log_softmax(thousand)),
    gradient_differences={
        "softmax": check(softmax_regression, random_start, X[:30], y[:30]),
        "network": difference},
    gradient_noise={"batch_sizes": sizes, "variances": variance},
    race={names[batch]: losses[-1] for batch, (_, losses) in best.items()},
    hidden_units=[
        {"units": units, "parameters": sum(array.size for array in runs[0][0]),
         "error_percent": error, "spread": spread, "seeds": len(runs)}
        for (units, runs), (error, spread)
        in zip(trained.items(), results.values(), strict=True)],
)

# %% [markdown]
# And the network still sees 784 unrelated numbers: shuffle the pixels of all images in the same way, and it
# would learn just as well. It throws away that pixels have neighbours. The next lecture brings the
# convolution back, and lets Keras do the calculus.
#
# ## Self-test
#
# **1.** Three classes, and a model that always says (1/3, 1/3, 1/3). Its mean cross-entropy is
#
# (a) 1/3; (b) $\log 3$; (c) it depends on the labels
#
# <details><summary>Answer</summary>
#
# **(b).** Every image costs $-\log(1/3) = \log 3$, whatever its label. (a) is the probability, not its
# price. (c) would be right if the three probabilities differed.
# </details>
#
# **2.** Why is the largest score subtracted before `exp`?
#
# (a) so that the probabilities add up to one; (b) so that `exp` cannot overflow, the result being the
# same; (c) so that the forecast is less sure
#
# <details><summary>Answer</summary>
#
# **(b).** Only differences of scores count, so nothing changes but the range. (a) is what the division does,
# with or without the subtraction. (c) would need a *factor* on the scores.
# </details>
#
# **3.** You go from a batch of 32 to one of 512. The noise of the gradient (its standard deviation)
#
# (a) stays; (b) falls to a quarter; (c) falls to a sixteenth
#
# <details><summary>Answer</summary>
#
# **(b).** The variance falls by 16, its root by 4. (c) mixes up the two. (a) is true of the *mean* of the
# gradient: batches of every size point the same way on average.
# </details>
#
# **4.** The loss goes 2.3, 2.9, 14.1, nan. The first thing to try?
#
# (a) a rate ten times as small; (b) more epochs; (c) more hidden units
#
# <details><summary>Answer</summary>
#
# **(a).** A rising loss means that the steps jump across the valley. (b) More of the same only goes on
# climbing. (c) A larger model has no flatter valleys; often it has steeper ones.
# </details>
#
# **5.** A network has five layers and no activation function but the softmax at the end. It can learn
#
# (a) what softmax regression can; (b) more, because it has more weights; (c) nothing
#
# <details><summary>Answer</summary>
#
# **(a).** A product of matrices is a matrix. (b) The weights are more, the functions are the same. (c)
# Softmax regression is something: you just measured how much.
# </details>
#
# ## Take-aways
#
# 1. Cross-entropy is the mean price $-\log p$ of what happened; for labels it equals the negative
#    log-likelihood.
# 2. Compute it from scores: subtract the largest, never take the logarithm of a softmax.
# 3. The gradient at the scores is $p - t$: said minus true. All else is the chain rule; check it by nudging.
# 4. Mini-batches: variance falls as $1/B$, memory and work grow as $B$, and the steps are what counts. A
#    rate too small creeps, one too large explodes.
# 5. A linear classifier is one fixed template a class; a hidden layer *with a non-linearity* goes beyond it.
#
# ## References
#
# - P. Blanchard, D. J. Higham, N. J. Higham. Accurately computing the log-sum-exp and softmax functions.
#   *IMA Journal of Numerical Analysis* 41(4):2311-2330, 2021.
#   [doi:10.1093/imanum/draa038](https://doi.org/10.1093/imanum/draa038)
# - D. R. Cox. The regression analysis of binary sequences. *Journal of the Royal Statistical Society B*
#   20(2):215-242, 1958. [doi:10.1111/j.2517-6161.1958.tb00292.x](https://doi.org/10.1111/j.2517-6161.1958.tb00292.x)
# - K. He, X. Zhang, S. Ren, J. Sun. Delving deep into rectifiers: surpassing human-level performance on
#   ImageNet classification. *ICCV* 2015. [doi:10.1109/ICCV.2015.123](https://doi.org/10.1109/ICCV.2015.123)
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. Gradient-based learning applied to document recognition.
#   *Proceedings of the IEEE* 86(11):2278-2324, 1998. [doi:10.1109/5.726791](https://doi.org/10.1109/5.726791)
# - H. Robbins, S. Monro. A stochastic approximation method. *Annals of Mathematical Statistics*
#   22(3):400-407, 1951. [doi:10.1214/aoms/1177729586](https://doi.org/10.1214/aoms/1177729586)
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams. Learning representations by back-propagating errors.
#   *Nature* 323:533-536, 1986. [doi:10.1038/323533a0](https://doi.org/10.1038/323533a0)
