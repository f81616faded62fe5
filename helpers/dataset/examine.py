"""Examine a data set: everything that can be found wrong with it without asking anybody."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from helpers.dataset import features, labels, manifest, shortcuts, twins
from helpers.dataset.files import Collection, scan
from helpers.dataset.findings import Finding

FEW = 20  # pictures a class in the whole, below which hardly anything can be said
IMBALANCE = 3.0  # the largest class against the smallest
NOISE = 0.02  # share of wrong labels that the lower limit must exceed
LEAST_SKILL = 0.6  # of the model that judges labels: its way from chance to no error; below this it cannot contradict anybody
MOST = 20_000  # pictures that are compared with each other; above this the comparison takes minutes


@dataclass(frozen=True, eq=False)
class Report:
    """What an examination has found.

    Attributes
    ----------
    collection : Collection
    findings : tuple of Finding
        Faults first, then notes.
    checked : tuple of str
        What was looked at, and how.
    left_out : tuple of str
        What could not be looked at, and why.
    """

    collection: Collection
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are more than a note."""
        return tuple(found for found in self.findings if not found.note)

    def text(self, most: int | None = 3) -> str:
        """The report as text.

        Parameters
        ----------
        most : int or None
            How many files each finding names; None names all.

        Returns
        -------
        str
        """
        lines = [_summary(self.collection)]
        for title, some in (("Faults", self.faults), ("Worth knowing", tuple(one for one in self.findings if one.note))):
            if some:
                lines += ["", f"{title} ({len(some)})"]
            for found in some:
                lines.append(f"  {found.kind}: {found.text}")
                shown = found.files if most is None else found.files[:most]
                lines += [f"      {' = '.join(files)}" for files in shown]
                if len(found.files) > len(shown):
                    lines.append(f"      ... and {len(found.files) - len(shown):,} more")
                lines.append(f"      What to do: {found.advice}")
        if not self.faults:
            lines += ["", "No faults found."]
        lines += ["", "Looked at: " + "; ".join(self.checked) + "."] if self.checked else []
        lines += ["Not looked at: " + "; ".join(self.left_out) + "."] if self.left_out else []
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the report with three files a finding."""
        return self.text()


def examine(
    data: Collection | str | os.PathLike[str],
    listing: str | os.PathLike[str] | None = None,
    *,
    kind: str = "auto",
    group: str | None = None,
    progress: bool = False,
) -> Report:
    r"""Examine a data set of pictures in class folders. Nothing is changed.

    Parameters
    ----------
    data : Collection or path
        The folder, or what :func:`scan` has read of it.
    listing : path, optional
        The manifest, as for :func:`scan`.
    kind : {"auto", "hog", "mobilenetv2"}
        The features that the audit of labels uses.
    group : str, optional
        A regular expression with one pair of brackets that takes the group (a person, a shop, a series) out of a path, for
        example ``r"patient(\d+)_"``. The manifest's column ``group`` comes first.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    Report

    Raises
    ------
    NotADirectoryError, manifest.ManifestError
        As for :func:`scan`.
    ValueError
        If `group` is not such an expression.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as home:
    ...     Image.new("RGB", (40, 30), "navy").save(f"{home}/one.png")
    ...     report = examine(home)
    >>> [found.kind for found in report.faults]
    ['blank', 'no-labels', 'no-licence']
    """
    pattern = _pattern(group)
    collection = data if isinstance(data, Collection) else scan(data, listing, progress=progress)
    findings = list(collection.findings)
    checked: list[str] = []
    left_out: list[str] = []
    if len(collection):
        checked.append(f"{len(collection):,} pictures, byte by byte")
        findings += _classes(collection)
        twin = _Twins(collection)
        findings += twin.findings()
        (checked if twin.compared else left_out).append(
            f"near-twins: more than {MOST:,} pictures; examine a part of them"
            if not twin.compared
            else "each picture against each other one (all are so alike that copies which are turned or cut would not stand out)"
            if twin.alike
            else "each picture against each other one, mirrored, turned and cut"
        )
        groups, named = _groups(collection, pattern)
        findings += _split_groups(collection, groups)
        (checked if named else left_out).append(
            f"{len(set(groups) - {''}):,} groups" if named else "groups: no column group in a manifest, and no expression given"
        )
        if _has_classes(collection):
            findings += shortcuts.find(collection)
            checked.append("size, format and encoder of the files, and the border of the pictures")
        found, said, why = _doubtful(collection, twin, kind)
        findings += found
        (checked if said else left_out).append(said or why)
        findings += _rights(collection)
    ordered = sorted(findings, key=lambda found: found.note)
    return Report(collection, tuple(ordered), tuple(checked), tuple(left_out))


def _pattern(group):
    if group is None:
        return None
    try:
        pattern = re.compile(group)
    except re.error as error:
        raise ValueError(f"{group!r} is not a regular expression: {error}") from error
    if pattern.groups != 1:
        raise ValueError(f"{group!r} must have one pair of brackets, around what names the group, such as r'patient(\\d+)'")
    return pattern


def _summary(collection):
    counts = Counter(picture.label or "no label" for picture in collection.pictures)
    shown = ", ".join(f"{name} {count:,}" for name, count in counts.most_common(8))
    more = f", and {len(counts) - 8:,} more" if len(counts) > 8 else ""
    parts = Counter(picture.part for picture in collection.pictures if picture.part)
    divided = f"; {', '.join(f'{part} {count:,}' for part, count in parts.items())}" if parts else ""
    classes = f"{len(counts):,} {'class' if len(counts) == 1 else 'classes'}"
    return f"{collection.folder}: {len(collection):,} pictures, {classes} ({shown}{more}){divided}"


def _has_classes(collection):
    return all(collection.labels) and len(set(collection.labels)) > 1


def _classes(collection: Collection) -> Iterator[Finding]:
    """What is wrong with the classes and their numbers."""
    counts = Counter(label for label in collection.labels if label)
    unlabelled = [(picture.path,) for picture in collection.pictures if not picture.label]
    if unlabelled:
        yield Finding("no-labels", f"{len(unlabelled):,} of {len(collection):,} pictures have no label.", tuple(unlabelled))
    if len(counts) == 1:
        yield Finding("one-class", f"All pictures are of one class, {next(iter(counts))}.")
    alike = defaultdict(set)
    for name in counts:
        alike[_plain_name(name)].add(name)
    if twins_of := [tuple(sorted(names)) for names in alike.values() if len(names) > 1]:
        yield Finding("twin-classes", f"{len(twins_of)} classes have nearly the same name as another.", tuple(twins_of))
    if len(counts) < 2:
        return
    few = [name for name, count in counts.items() if count < FEW]
    if few:
        shown = ", ".join(f"{name} {counts[name]}" for name in few[:5])
        yield Finding("few", f"{len(few):,} of {len(counts):,} classes have fewer than {FEW} pictures: {shown}.", note=True)
    largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[largest] >= IMBALANCE * counts[smallest] and counts[largest] - counts[smallest] >= FEW:
        ratio = counts[largest] / counts[smallest]
        yield Finding(
            "imbalance", f"The largest class, {largest}, has {ratio:.0f} times as many pictures as the smallest, {smallest}."
        )
    parts = sorted(set(collection.parts) - {""})
    missing = [
        (part, name) for part in parts for name in counts if not np.any((collection.parts == part) & (collection.labels == name))
    ]
    if missing:
        shown = "; ".join(f"{part} has no {name}" for part, name in missing[:5])
        yield Finding("missing-class", f"Not every part has every class: {shown}.")


def _plain_name(name):
    """A class name without capitals, blanks, signs and the s of the plural."""
    plain = re.sub(r"[\W_]+", "", name.casefold())
    return plain.removesuffix("s") if len(plain) > 3 else plain


class _Twins:
    """Copies of one picture, each pair reported once, by the strongest reason."""

    def __init__(self, collection):
        self.collection = collection
        self.same_bytes = twins.exact(collection, "sha256")
        self.same_pixels = [
            rows for rows in twins.exact(collection, "pixels") if len({collection.pictures[row].sha256 for row in rows}) > 1
        ]
        self.compared = len(collection) <= MOST
        exact = twins.joined([*self.same_bytes, *self.same_pixels], len(collection))
        near = twins.near(collection) if self.compared else twins.Near([], False)
        self.near = [[one, two] for one, two, _ in near.pairs if exact[one] != exact[two]]
        self.alike = near.alike
        self.groups = twins.joined([*self.same_bytes, *self.same_pixels, *self.near], len(collection))

    def findings(self) -> Iterator[Finding]:
        parts, named = self.collection.parts, self.collection.labels
        copies = [*self.same_bytes, *self.same_pixels]
        yield from self._same_parts()
        across = [rows for rows in copies if len({parts[row] for row in rows} - {""}) > 1]
        within = [rows for rows in copies if rows not in across]
        if across:
            yield self._finding("leak", "{n} {pictures} in more than one part: {where}.", across)
        if within:
            yield self._finding("duplicates", "{n} {pictures} there more than once.", within)
        across = [pair for pair in self.near if len({parts[row] for row in pair} - {""}) > 1]
        within = [pair for pair in self.near if pair not in across]
        if across:
            yield self._finding("near-leak", "{n} pairs of nearly the same picture in more than one part: {where}.", across)
        if within:
            yield self._finding("near-twins", "{n} pairs of nearly the same picture.", within)
        torn = [rows for rows in (*copies, *self.near) if len({named[row] for row in rows} - {""}) > 1]
        if torn:
            yield self._finding("conflicting-labels", "{n} {pictures} there under different labels.", torn)

    def _finding(self, kind, text, groups):
        parts = self.collection.parts
        between = Counter(" and ".join(sorted({str(parts[row]) for row in rows} - {""})) for rows in groups)
        where = ", ".join(f"{names} share {count:,}" for names, count in between.most_common(3) if names)
        are = "picture is" if len(groups) == 1 else "pictures are"
        files = tuple(self.collection.paths(rows) for rows in groups)
        return Finding(kind, text.format(n=f"{len(groups):,}", pictures=are, where=where), files)

    def _same_parts(self):
        """Parts whose pictures are, nearly all of them, in another part as well."""
        held = defaultdict(set)
        for picture in self.collection.pictures:
            if picture.part:
                held[picture.part].add(picture.pixels)
        for larger, smaller in itertools.combinations(sorted(held, key=lambda part: (-len(held[part]), part)), 2):
            both, all_of_it = len(held[larger] & held[smaller]), len(held[smaller])
            if both >= 0.9 * all_of_it:
                text = (
                    f"{both:,} of the {all_of_it:,} pictures of {smaller} are also in {larger}, which has {len(held[larger]):,}."
                )
                yield Finding("same-part", text)


def _groups(collection, pattern):
    """The group of each picture, and whether any is known."""
    groups = []
    for picture in collection.pictures:
        match = pattern.search(picture.path) if pattern and not picture.group else None
        groups.append(picture.group or (match.group(1) if match else ""))
    return groups, any(groups)


def _split_groups(collection: Collection, groups: list[str]) -> Iterator[Finding]:
    """Groups that lie in more than one part."""
    where = defaultdict(set)
    for group, part in zip(groups, collection.parts, strict=True):
        if group and part:
            where[group].add(str(part))
    torn = [group for group, parts in where.items() if len(parts) > 1]
    if torn:
        rows = [[row for row, of in enumerate(groups) if of == group] for group in torn]
        yield Finding(
            "group-leak",
            f"{len(torn):,} of {len(where):,} groups lie in more than one part ({', '.join(torn[:5])}).",
            tuple(collection.paths(some) for some in rows),
        )


def _doubtful(collection, twin, kind):
    """The audit of labels: findings, what was done, and why it was not."""
    named = collection.labels
    rows = np.flatnonzero(named != "")
    counts = Counter(named[rows])
    rows = np.array([row for row in rows if counts[named[row]] >= 2 * labels.FOLDS], dtype=int)
    if len(set(named[rows])) < 2:
        return [], "", f"doubtful labels: fewer than two classes with {2 * labels.FOLDS} pictures"
    numbers, name = features.describe(collection, kind)
    found = labels.audit(numbers[rows], named[rows], twin.groups[rows])
    if found.skill < LEAST_SKILL:
        why = "either they say too little about these classes, or very many labels are wrong"
        return [], "", f"doubtful labels: a model on {name} gets only {found.accuracy:.0%} right; {why}"
    said = f"the labels, by a model on {name} that gets {found.accuracy:.0%} right on pictures it was not trained on"
    low, high = found.interval
    # A model that errs by itself errs where it is unsure; wrong labels lie everywhere.
    if low <= NOISE or found.noise < 0.5 * (1 - found.accuracy):
        return [], said, ""
    suspects = rows[found.suspects()]
    text = (
        f"About {found.noise:.0%} of the labels are wrong (95 % interval {low:.0%} to {high:.0%}): so often the model "
        f"contradicts the label of a picture of which it is sure. The {len(suspects):,} most doubtful labels, the worst first:"
    )
    return [Finding("doubtful-labels", text, tuple((path,) for path in collection.paths(suspects)))], said, ""


def _rights(collection: Collection) -> Iterator[Finding]:
    """Whether anybody may use the pictures."""
    lacking = [picture.path for picture in collection.pictures if manifest.is_unknown(picture.licence)]
    if len(lacking) == len(collection) and not collection.has_licence_file:
        yield Finding("no-licence", "Nothing says under which terms the pictures may be used.")
    elif 0 < len(lacking) < len(collection):
        yield Finding(
            "licence-missing",
            f"{len(lacking):,} of {len(collection):,} pictures have no licence in the manifest.",
            tuple((path,) for path in lacking),
        )
