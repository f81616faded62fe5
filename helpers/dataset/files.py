"""Read a folder of pictures: what each file is, its label and its part, without changing anything."""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from helpers.dataset import manifest
from helpers.dataset.findings import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "eval"), "test"),
}
THUMBNAIL = 64  # pixels, height and width of what is kept of each picture
_ENDINGS = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "MPO": ("jpg", "jpeg", "mpo"),
    "PNG": ("png", "apng"),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "TIFF": ("tif", "tiff"),
    "WEBP": ("webp",),
    "PPM": ("ppm", "pgm", "pbm", "pnm"),
    "AVIF": ("avif",),
    "JPEG2000": ("jp2", "j2k"),
    "ICO": ("ico",),
}
_PICTURE_ENDINGS = {ending for endings in _ENDINGS.values() for ending in endings} | {
    "heic",
    "heif",
    "svg",
    "psd",
    "raw",
    "cr2",
    "nef",
}
_READ_BY_ALL = ("JPEG", "MPO", "PNG", "GIF", "BMP")  # what image_dataset_from_directory takes
_JUNK = {".ds_store", "thumbs.db", "desktop.ini", "__macosx", ".ipynb_checkpoints", "@eadir"}
_TINY = 16  # pixels: fewer in height or width are next to nothing


@dataclass(frozen=True)
class Picture:
    """What is known about one picture.

    Attributes
    ----------
    path : str
        Relative to the folder, with ``/``.
    label, part : str or None
        Its class, and ``"train"``, ``"validation"`` or ``"test"``; None where neither a folder nor the manifest says it.
    group, licence, source : str or None
        Who or what is in it, its terms and where it comes from, as the manifest says.
    sha256, pixels : str
        Sums of the file's bytes and of the upright RGB pixels.
    format, mode : str
        As Pillow names them: ``"JPEG"``, ``"RGB"``.
    width, height : int
        Pixels, as stored.
    encoder : str
        What tells one writer of files from another: JPEG's quantisation tables, bit depth, whether there is EXIF and from
        which camera.
    """

    path: str
    label: str | None
    part: str | None
    group: str | None
    licence: str | None
    source: str | None
    sha256: str
    pixels: str
    format: str
    mode: str
    width: int
    height: int
    encoder: str


@dataclass(frozen=True, eq=False)
class Collection:
    """The pictures of a folder.

    Attributes
    ----------
    folder : pathlib.Path
    pictures : tuple of Picture
        Those that could be read, in the order of their paths.
    thumbnails : numpy.ndarray
        uint8, shape (n, 64, 64, 3): each picture upright, squeezed to a square.
    findings : tuple of Finding
        What reading the files has shown already.
    has_licence_file : bool
        Whether a file says under which terms all pictures stand.
    """

    folder: Path
    pictures: tuple[Picture, ...]
    thumbnails: NDArray[np.uint8]
    findings: tuple[Finding, ...]
    has_licence_file: bool = False

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    @property
    def labels(self) -> NDArray[np.str_]:
        """The label of each picture; an empty string where there is none."""
        return np.array([picture.label or "" for picture in self.pictures], dtype=str)

    @property
    def parts(self) -> NDArray[np.str_]:
        """The part of each picture; an empty string where there is none."""
        return np.array([picture.part or "" for picture in self.pictures], dtype=str)

    def paths(self, rows: Sequence[int]) -> tuple[str, ...]:
        """Return the paths of some pictures.

        Parameters
        ----------
        rows : sequence of int

        Returns
        -------
        tuple of str
        """
        return tuple(self.pictures[row].path for row in rows)


def scan(folder: str | os.PathLike[str], listing: str | os.PathLike[str] | None = None, *, progress: bool = False) -> Collection:
    """Read all pictures below a folder.

    Classes are folders: ``cat/1.jpg``, or ``train/cat/1.jpg`` where the pictures are divided into parts. A manifest, if there is
    one, has the last word: a CSV file with a column ``path`` and any of ``label``, ``part``, ``group``, ``licence``, ``source``
    and ``sha256``.

    Parameters
    ----------
    folder : path
        It is only read, never written to. Links that lead out of it are named and not followed.
    listing : path, optional
        The manifest. Default: ``manifest.csv``, ``metadata.csv`` or ``labels.csv`` in the folder, if there is one.
    progress : bool, optional
        Whether to show a progress bar.

    Returns
    -------
    Collection

    Raises
    ------
    NotADirectoryError
        If there is no such folder.
    manifest.ManifestError
        If the manifest cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     for name in ("cat", "dog"):
    ...         Path(home, name).mkdir()
    ...         Image.new("RGB", (40, 30), "navy").save(Path(home, name, "1.png"))
    ...     found = scan(home)
    >>> [(picture.path, picture.label, picture.width) for picture in found.pictures]
    [('cat/1.png', 'cat', 40), ('dog/1.png', 'dog', 40)]
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotADirectoryError(f"there is no folder {str(root)!r}: give the one that holds the pictures")
    listing = Path(listing) if listing is not None else manifest.find(root)
    rows = manifest.read(listing) if listing is not None else {}
    walk = _Walk(root)
    read = [_read(root, path, walk.findings) for path in tqdm(walk.files, "reading", disable=not progress, leave=False)]
    found = sorted((one for one in read if one is not None), key=lambda one: one[0].path)
    pictures = _labelled([picture for picture, _ in found], rows, bool(rows) and any(row.get("label") for row in rows.values()))
    thumbnails = np.array([thumbnail for _, thumbnail in found], np.uint8).reshape(len(found), THUMBNAIL, THUMBNAIL, 3)
    findings = [*_gathered(walk.findings), *_clashes(walk.files)]
    if rows:
        findings += manifest.differences(rows, pictures, {path: text for path, text in _sums(root, walk.files, rows)})
    if not pictures:
        findings.append(Finding("no-pictures", f"There is no picture that can be read in {root.name or root}."))
    findings += _empty_classes(walk, pictures, rows)
    return Collection(root, tuple(pictures), thumbnails, tuple(findings), walk.has_licence_file)


class _Walk:
    """The files below a folder, in the order of their names; what is no picture by its name and content is left aside."""

    def __init__(self, root):
        self.root, self.files, self.folders, self.has_licence_file = root, [], [], False
        self.findings = defaultdict(list)  # kind -> [(path, what it is)]
        for place, folders, names in os.walk(root):  # links to folders are not followed
            here = Path(place)
            for name in sorted(folders):
                path = (here / name).relative_to(root).as_posix()
                if name.lower() in _JUNK:
                    self.findings["junk"].append((path, ""))
                    folders.remove(name)
                elif (here / name).is_symlink():
                    self.findings[self._kind_of_link(here / name)].append((path, ""))
                elif name.startswith("."):
                    folders.remove(name)
                else:
                    self.folders.append(path)
            folders.sort()
            for name in sorted(names):
                self._take(here / name)

    def _take(self, path):
        name = path.relative_to(self.root).as_posix()
        if path.name.lower() in _JUNK or path.name.startswith("._"):
            self.findings["junk"].append((name, ""))
        elif path.is_symlink():
            self.findings[self._kind_of_link(path)].append((name, ""))
        elif path.is_file() and not path.name.startswith("."):
            stem = path.name.lower().split(".")[0]
            if stem in ("license", "licence", "licenses", "licences", "copying", "license-text"):
                self.has_licence_file = True
            self.files.append(name)

    def _kind_of_link(self, path):
        try:
            inside = path.resolve(strict=True).is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):  # it leads nowhere, or in a circle
            return "outside-link"
        return "link" if inside else "outside-link"


def _read(root, name, findings):
    """The picture in a file and its thumbnail; None where it is no picture, which goes to the findings if it should be one."""
    path = root / name
    ending = path.suffix.lower().lstrip(".")
    try:
        data = path.read_bytes()
    except OSError as error:
        findings["unreadable"].append((name, error.strerror or type(error).__name__))
        return None
    if not data:
        if ending in _PICTURE_ENDINGS:
            findings["empty-file"].append((name, ""))
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                facts = _facts(image, ending)
                upright, encoder = _upright(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        findings["too-large"].append((name, ""))
        return None
    except Image.UnidentifiedImageError:
        if ending in _PICTURE_ENDINGS:
            kind, what = _without_pillow(data, ending)
            findings[kind].append((name, what))
        return None
    except Exception as error:  # a damaged file may raise anything; what it was is in the finding
        findings["unreadable"].append((name, str(error) or type(error).__name__))
        return None
    for kind in facts:
        findings[kind].append((name, facts[kind]))
    pixels = np.asarray(upright)
    if min(upright.size) < _TINY:
        findings["tiny"].append((name, f"{upright.width} x {upright.height}"))
    if np.ptp(pixels.reshape(-1, 3).astype(int), axis=0).max() <= 2:
        findings["blank"].append((name, ""))
    thumbnail = upright.resize(
        (THUMBNAIL, THUMBNAIL), Image.Resampling.BOX if min(upright.size) > THUMBNAIL else Image.Resampling.BILINEAR
    )
    picture = Picture(
        path=name,
        label=None,
        part=None,
        group=None,
        licence=None,
        source=None,
        sha256=hashlib.sha256(data).hexdigest(),
        pixels=hashlib.sha256(repr(upright.size).encode() + pixels.tobytes()).hexdigest(),
        format=image.format or "",
        mode=image.mode,
        width=image.width,
        height=image.height,
        encoder=encoder,
    )
    return picture, np.asarray(thumbnail)


def _facts(image, ending):
    """What loaders may trip over, by the kind of finding."""
    facts = {}
    name = image.format or "?"
    if ending not in _ENDINGS.get(name, (ending,)):
        facts["wrong-extension"] = f"a {name} file"
    elif name not in _READ_BY_ALL:
        facts["unsupported"] = name
    if getattr(image, "n_frames", 1) > 1 and name != "MPO":
        facts["animated" if getattr(image, "is_animated", True) else "unsupported"] = f"{image.n_frames} frames"
    if image.mode == "CMYK":
        facts["cmyk"] = ""
    if image.mode.startswith(("I", "F")):
        facts["sixteen-bit"] = image.mode
    if image.mode in ("RGBA", "LA", "PA") and image.getchannel("A").getextrema()[0] < 250 or "transparency" in image.info:
        facts["transparent"] = ""
    if (turn := image.getexif().get(0x0112, 1)) not in (0, 1):
        facts["rotated"] = f"orientation {turn}"
    return facts


def _upright(image):
    """The first frame as upright 8-bit RGB, and what tells who wrote the file."""
    exif = image.getexif()
    tables = getattr(image, "quantization", None) or {}
    encoder = ", ".join(
        (
            image.mode,
            hashlib.sha256(repr(sorted(tables.items())).encode()).hexdigest()[:8] if tables else "no tables",
            f"EXIF of {exif.get(0x0110) or 'an unnamed camera'}" if exif else "no EXIF",
        )
    )
    image.load()
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64)
        scale = 255 / 65535 if values.max() > 255 else 1.0
        image = Image.fromarray((values.clip(0, 65535) * scale).round().astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return ImageOps.exif_transpose(image).convert("RGB"), encoder


def _without_pillow(data, ending):
    """What a file is that bears the name of a picture and is none for Pillow."""
    start = data[:256].lstrip().lower()
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheif"):
        return "unsupported", "HEIC, as iPhones save it"
    if b"<svg" in data[:1024].lower():
        return "unsupported", "SVG, a drawing and not pixels"
    if start.startswith((b"<!doctype html", b"<html")):
        return "not-an-image", "a web page, often the error page of a download"
    if start.startswith((b"{", b"[")):
        return "not-an-image", "JSON text, often the answer of a server"
    if data[:4] == b"PK\x03\x04":
        return "not-an-image", "a zip archive"
    if ending in ("heic", "heif", "psd", "raw", "cr2", "nef"):
        return "unsupported", ending.upper()
    if data[:2] == b"\xff\xd8" or data[:4] == b"\x89PNG":
        return "unreadable", "damaged from the start"
    return "not-an-image", ""


def _labelled(pictures, rows, listed):
    """The pictures with what the folders or, first of all, the manifest says about them."""
    ways = [Path(picture.path).parent.parts for picture in pictures]
    # A folder that holds everything, as an unpacked archive has it, is no class.
    while ways and all(way for way in ways) and len({way[0] for way in ways}) == 1 and any(len(way) > 1 for way in ways):
        ways = [way[1:] for way in ways]
    done = []
    for picture, way in zip(pictures, ways, strict=True):
        row = rows.get(manifest.key(picture.path), {})
        classes = [name for name in way if name.lower() not in PARTS]
        part = next((PARTS[name.lower()] for name in way if name.lower() in PARTS), None)
        given = row.get("part")
        done.append(
            replace(
                picture,
                label=row.get("label") or (None if listed else (classes[0] if classes else None)),
                part=PARTS.get(given.lower(), given) if given else part,
                group=row.get("group") or None,
                licence=row.get("licence") or None,
                source=row.get("source") or None,
            )
        )
    return done


def _sums(root, files, rows):
    """The sum of each file that the manifest gives a sum for."""
    for name in files:
        if rows.get(manifest.key(name), {}).get("sha256"):
            yield name, hashlib.sha256((root / name).read_bytes()).hexdigest()


_SENTENCES = {
    "unreadable": "{n} cannot be read.",
    "empty-file": "{n} without a single byte.",
    "not-an-image": "{n} with the name of a picture that are something else.",
    "wrong-extension": "{n} whose ending does not fit the content.",
    "unsupported": "{n} in a format that common loaders do not read.",
    "too-large": "{n} with more pixels than it is safe to open.",
    "animated": "{n} with several frames.",
    "cmyk": "{n} in CMYK, the colours of printing.",
    "sixteen-bit": "{n} with more than 8 bits a channel.",
    "transparent": "{n} with transparent pixels.",
    "rotated": "{n} that lie on their side or upside down, unless a loader obeys EXIF.",
    "blank": "{n} of a single colour.",
    "tiny": "{n} of less than 16 pixels in height or width.",
    "outside-link": "{n} that lead out of the folder, or nowhere.",
    "link": "{n} that are links to other files of the folder.",
    "junk": "{n} left behind by an operating system.",
}
_NOTES = {"transparent", "junk", "unsupported"}


def _gathered(findings):
    """One finding of each kind from the files that were noted while reading."""
    for kind, files in findings.items():
        reasons = Counter(what for _, what in files if what)
        why = f" ({', '.join(f'{what}: {count}' for what, count in reasons.most_common(3))})" if reasons else ""
        text = _SENTENCES[kind].format(n=f"{len(files):,} {'file' if len(files) == 1 else 'files'}")
        yield Finding(kind, text[:-1] + why + ".", tuple((name,) for name, _ in files), kind in _NOTES)


def _clashes(files):
    """Files whose names are the same on a system that ignores case or the way an accent is stored."""
    groups = defaultdict(list)
    for name in files:
        groups[unicodedata.normalize("NFC", name).casefold()].append(name)
    clashes = tuple(tuple(names) for names in groups.values() if len(names) > 1)
    if clashes:
        yield Finding("name-clash", f"{len(clashes):,} names differ only in capitals or in the way an accent is stored.", clashes)


def _empty_classes(walk, pictures, rows):
    """Folders where a class would be that hold no picture."""
    if not pictures or any(row.get("label") for row in rows.values()):
        return
    full = {parent.as_posix() for picture in pictures for parent in Path(picture.path).parents}
    depths = {len(Path(picture.path).parts) - 1 for picture in pictures}
    empty = [folder for folder in walk.folders if folder not in full and len(Path(folder).parts) in depths]
    if empty:
        yield Finding("empty-class", f"{len(empty):,} folders of classes hold no picture.", tuple((name,) for name in empty))
