"""What `load` returns: a data set in three parts, whose arrays cannot be changed by mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def _frozen(array):
    """Return a plain view of `array` that refuses writes."""
    view = np.asarray(array).view(np.ndarray)
    view.setflags(write=False)
    return view


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """One part of a data set: images, their labels, and what else is known about each image.

    Attributes
    ----------
    images : numpy.ndarray
        uint8, shape (n, height, width, channels), values 0 to 255, read-only.
    labels : numpy.ndarray
        intp (NumPy's type for an index, as `numpy.bincount` takes it: int64 on nearly every system), shape (n,), read-only.
        Entry i is an index into the data set's `class_names`.
    extra : mapping of str to numpy.ndarray
        More labels by name, each of n entries, read-only; empty for most data sets.

    Examples
    --------
    >>> part = Split(np.zeros((2, 4, 4, 1), np.uint8), np.array([0, 1]))
    >>> len(part)
    2
    >>> part.images[0] = 1
    Traceback (most recent call last):
        ...
    ValueError: assignment destination is read-only
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.intp]
    extra: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make everything read-only, and check that every image has its labels."""
        object.__setattr__(self, "images", _frozen(self.images))
        labels = np.asarray(self.labels)
        object.__setattr__(self, "labels", _frozen(labels.astype(np.intp, casting="same_kind", copy=False)))
        extra = {name: _frozen(values) for name, values in self.extra.items()}
        object.__setattr__(self, "extra", MappingProxyType(extra))
        for name, values in {"labels": self.labels, **extra}.items():
            if len(values) != len(self.images):
                raise ValueError(f"{len(self.images)} images, but {len(values)} {name}")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by construction, so that the copy is read-only too."""
        return Split, (self.images, self.labels, dict(self.extra))

    def __repr__(self) -> str:
        """Say how many images of what shape there are."""
        extra = f", extra {', '.join(self.extra)}" if self.extra else ""
        return f"Split({len(self):,} images {self.images.shape[1:]} {self.images.dtype}{extra})"

    def take(self, indices: ArrayLike) -> Split:
        """Return the split of the rows `indices`, as read-only copies.

        Parameters
        ----------
        indices : array_like of int, or a boolean mask
            Which rows, in the order wanted.

        Returns
        -------
        Split
        """
        rows = np.asarray(indices)
        return Split(self.images[rows], self.labels[rows], {name: values[rows] for name, values in self.extra.items()})


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set: its three parts, the names of its classes, and where it came from.

    Attributes
    ----------
    name : str
        As given to `load`.
    train, validation, test : Split
        Disjoint by construction: the validation part is the tail of the official training set.
    class_names : tuple of str
        Name of label 0, 1, ...
    source : str
        Where the bytes came from, in words.
    is_sample : bool
        True if these are the 2,000 embedded images and not the real, full data set.
    extra_names : mapping of str to tuple of str
        For each entry of `Split.extra`, the names of its classes.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    source: str
    is_sample: bool
    extra_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the mapping read-only."""
        object.__setattr__(self, "extra_names", MappingProxyType(dict(self.extra_names)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by construction, so that the copy is read-only too."""
        return Dataset, (
            self.name,
            self.train,
            self.validation,
            self.test,
            self.class_names,
            self.source,
            self.is_sample,
            dict(self.extra_names),
        )

    def __repr__(self) -> str:
        """Summarise the data set, part by part."""
        shown = ", ".join(self.class_names[:10]) + (", ..." if len(self.class_names) > 10 else "")
        height, width, channels = self.train.images.shape[1:]
        lines = [
            f"{self.name}" + (" (a small sample, not the real data set)" if self.is_sample else ""),
            f"  train       {len(self.train):>7,} images",
            f"  validation  {len(self.validation):>7,} images",
            f"  test        {len(self.test):>7,} images",
            f"  each        {height} x {width} x {channels} (height x width x channels), {self.train.images.dtype}",
            f"  classes     {len(self.class_names):>7}: {shown}",
        ]
        lines += [
            f"  {name:<11} {len(names):>7}: {', '.join(names)}"
            for name, names in self.extra_names.items()
            if names != self.class_names
        ]
        return "\n".join([*lines, f"  source      {self.source}"])


def balanced(labels: NDArray[np.intp], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose `n` rows, as evenly over the classes as their sizes allow, in ascending order.

    Parameters
    ----------
    labels : numpy.ndarray
        Integers, shape (m,), m >= n.
    n : int
        How many rows. Where it does not divide by the number of classes, chance says which classes get
        one more; a class with too few rows gives all it has and the others make up for it.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    numpy.ndarray
        int64, shape (n,), ascending, without repeats.

    Examples
    --------
    >>> labels = np.array([0, 1, 0, 1, 0, 0])
    >>> np.bincount(labels[balanced(labels, 4, np.random.default_rng(0))]).tolist()
    [2, 2]
    """
    order = rng.permutation(len(labels))
    _, kind, available = np.unique(labels, return_inverse=True, return_counts=True)
    shuffled = kind[order]
    turn = rng.permutation(len(available))  # who comes first when one more row is to be had
    by_class = [order[shuffled == label] for label in turn]
    # Deal as with cards: everyone's first, everyone's second, ... until n rows are out.
    dealt = [(place, seat) for seat, rows in enumerate(by_class) for place in range(len(rows))]
    dealt.sort()
    return np.sort(np.array([by_class[seat][place] for place, seat in dealt[:n]], dtype=np.int64))
