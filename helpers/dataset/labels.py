"""Which labels are doubtful: those that a model contradicts that has never seen the picture."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FOLDS = 5
SUREST = 1 / 3  # the share of pictures on which the model is asked


@dataclass(frozen=True, eq=False)
class Audit:
    """What out-of-fold predictions say about labels.

    Attributes
    ----------
    probability : numpy.ndarray
        Shape (n,): out-of-fold probability of each picture's own label.
    predicted : numpy.ndarray of int
        Shape (n,): the class that the model finds likeliest.
    accuracy : float
        Share of pictures for which it is the given label.
    chance : float
        Share of the largest class: what a model reaches that knows nothing.
    asked, contradicted : int
        Among how many pictures the model was surest, and how often it contradicts the label there.
    """

    probability: NDArray[np.float64]
    predicted: NDArray[np.intp]
    accuracy: float
    chance: float
    asked: int
    contradicted: int

    @property
    def skill(self) -> float:
        """How far the model has come from chance, 0, to no error, 1."""
        return (self.accuracy - self.chance) / max(1 - self.chance, 1e-9)

    @property
    def noise(self) -> float:
        """Estimate of the share of wrong labels."""
        return self.contradicted / max(self.asked, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of that share (Wilson, 1927)."""
        return wilson(self.contradicted, self.asked)

    def suspects(self, count: int | None = None) -> NDArray[np.intp]:
        """The rows with the least probable labels, the worst first.

        Parameters
        ----------
        count : int, optional
            How many; default: as many as the estimate says are wrong.

        Returns
        -------
        numpy.ndarray of int
        """
        count = round(self.noise * len(self.probability)) if count is None else count
        return np.argsort(self.probability, kind="stable")[:count]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, good for small numbers too (Wilson, 1927).

    Parameters
    ----------
    hits, n : int
        So many of so many.

    Returns
    -------
    (float, float)

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(0, 20)]
    [0.0, 0.161]
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def audit(features: ArrayLike, labels: ArrayLike, groups: ArrayLike | None = None, seed: int = 0) -> Audit:
    """Ask a logistic regression, for each picture one that was trained without it, what it thinks of the label.

    The pictures with the least probable labels are the ones to look at first (Northcutt, Jiang and Chuang, 2021, section 3,
    rank by self-confidence). How many labels are wrong is read off the third of the pictures on which the model is surest of
    *some* class: there it is hardly ever wrong itself, so that what it contradicts is the label. The estimate holds for all
    pictures if wrong labels fall on easy and hard pictures alike.

    Parameters
    ----------
    features : array_like
        Shape (n, d), numbers.
    labels : array_like
        Shape (n,): the class of each.
    groups : array_like, optional
        Shape (n,): pictures of the same group, such as near-twins, stay in the same fold.
    seed : int, optional

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If a class has fewer pictures than there are folds.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = np.repeat([0, 1], 100)
    >>> given = truth.copy()
    >>> given[:10] = 1
    >>> found = audit(rng.normal(truth[:, None] * 6, size=(200, 4)), given)
    >>> sorted(found.suspects(10).tolist()) == list(range(10))
    True
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, classes = np.asarray(features, np.float64), np.unique(np.asarray(labels), return_inverse=True)[1]
    groups = np.arange(len(x)) if groups is None else np.asarray(groups)
    if np.bincount(classes).min() < FOLDS:
        raise ValueError(f"each class needs at least {FOLDS} pictures for an audit of labels")
    probability = np.zeros((len(x), classes.max() + 1))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may stop before it has converged: good enough for a ranking
        for train, held_out in folds.split(x, classes, groups):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(x[train], classes[train])
            probability[np.ix_(held_out, model[-1].classes_)] = model.predict_proba(x[held_out])
    predicted = probability.argmax(axis=1)
    surest = np.argsort(-probability.max(axis=1), kind="stable")[: max(1, round(len(x) * SUREST))]
    return Audit(
        probability=probability[np.arange(len(x)), classes],
        predicted=predicted,
        accuracy=float(np.mean(predicted == classes)),
        chance=float(np.bincount(classes).max() / len(classes)),
        asked=len(surest),
        contradicted=int(np.sum(predicted[surest] != classes[surest])),
    )
