"""What an examination says: findings, each with the files it is about and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing, about a data set.

    Attributes
    ----------
    kind : str
        What it is, as one of the names in :data:`KINDS`.
    text : str
        A sentence with the numbers.
    files : tuple of tuple of str
        The files it is about: each entry holds those that belong together, such as two copies of one picture.
    note : bool
        True if it is worth knowing and may be as it should be; False if it is a fault.

    Examples
    --------
    >>> print(Finding("blank", "One picture has a single colour.", (("train/cat/7.png",),)).kind)
    blank
    """

    kind: str
    text: str
    files: tuple[tuple[str, ...], ...] = ()
    note: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind that the list does not know."""
        if self.kind not in KINDS:
            raise ValueError(f"no kind of finding: {self.kind!r}")

    @property
    def advice(self) -> str:
        """What to do about it."""
        return KINDS[self.kind]


# Every kind of finding, and what to do about it.
KINDS = {
    # the files
    "unreadable": "Fetch the file anew, or leave it out.",
    "empty-file": "The file has no bytes: fetch it anew, or leave it out.",
    "not-an-image": "Leave the file out; look where it came from, because others may have failed in the same way.",
    "wrong-extension": "Rename it: some loaders go by the ending, others by the content, and they will not agree.",
    "unsupported": "Save it as PNG or JPEG: common loaders do not read this format.",
    "too-large": "Scale the picture down before it is used: it fills the memory of whoever opens it.",
    "animated": "Choose one frame and save it as a picture of its own: loaders differ in what they make of the others.",
    "cmyk": "Convert it to RGB: loaders refuse it or show its colours inverted.",
    "sixteen-bit": "Convert it to 8 bits yourself: loaders cut the values off or scale them, each in its own way.",
    "transparent": "Put it on a background of your choice: what lies behind transparent pixels is anybody's guess.",
    "rotated": "Turn the pixels and remove the EXIF orientation: some loaders obey it and others show the picture lying down.",
    "blank": "Leave the picture out: there is nothing to see in it.",
    "tiny": "Leave the picture out, or find the original: enlarging it adds nothing to see.",
    "outside-link": "Copy the file into the folder: the link leads to something that nobody else has.",
    "link": "Replace the link by a copy, or leave it out: it is a second name of another file.",
    "junk": "Delete what an operating system left behind; some loaders stop at it.",
    "name-clash": "Rename one of them: on Windows and macOS they are the same file, and one would replace the other.",
    # classes and parts
    "no-pictures": "Choose the folder that holds the pictures, in one folder for each class.",
    "no-labels": "Put the pictures into one folder for each class, or write a manifest with the columns path and label.",
    "one-class": "A classifier needs at least two classes: is this the folder above, or below?",
    "twin-classes": "Join the two classes, or give them names that nobody can mix up.",
    "empty-class": "Remove the folder, or fill it: a loader would count it as a class.",
    "missing-class": "Give each part pictures of every class: what one lacks it can neither teach nor test.",
    "few": "Collect more, or join classes: with so few pictures neither training nor testing says much.",
    "imbalance": "Report the accuracy of each class, and weight the classes or draw them evenly in training.",
    # doubles and leaks
    "duplicates": "Keep one of each.",
    "near-twins": "Look at each pair, and keep one, or at least keep both in the same part.",
    "conflicting-labels": "Look at the picture, and decide on one label.",
    "leak": "Remove them from training: a test on pictures that were trained on measures memory.",
    "near-leak": "Look at each pair, and remove the copy in training.",
    "same-part": "Divide the pictures anew: one part lies wholly, or nearly so, within another.",
    "group-leak": "Divide by group, so that each lies in one part: the model may recognise the group and not the class.",
    # labels
    "doubtful-labels": "Look at these pictures first, in this order, and correct the labels that are wrong.",
    # shortcuts
    "shortcut-file": "Bring all pictures to one size and format: the file gives the label away before anybody looks at it.",
    "shortcut-border": "Cut the border off, or collect pictures without the mark: a model will read it and not the picture.",
    "shortcut-colour": "Compare some pictures of each class; collect all classes in the same light, on the same background.",
    # rights and records
    "no-licence": "Write down for each picture where it comes from and under which terms, or do not pass the data set on.",
    "licence-missing": "Find out the terms, or leave these pictures out.",
    "unlisted": "Add them to the manifest, or remove them.",
    "missing-file": "Bring the files back, or strike them from the manifest.",
    "changed-file": "Find out which version is the right one; then write the manifest anew.",
    "listed-twice": "Keep one line for each file.",
}
