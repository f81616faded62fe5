"""A data set of one's own: read a folder of pictures, find what is wrong with it, and write its manifest.

>>> import tempfile
>>> from PIL import Image
>>> with tempfile.TemporaryDirectory() as home:
...     Image.new("RGB", (40, 30), "navy").save(f"{home}/one.png")
...     print(examine(home).faults[0].text)
1 file of a single colour.

:func:`scan` reads a folder, :func:`examine` says what is wrong with a data set, and :func:`write_manifest` writes down what is in
it. None of them changes a picture. :func:`dirty` makes a data set with planted faults, to practise on, and :func:`score` says how
many of them were found.

From a shell: ``python -m helpers.dataset examine FOLDER`` and ``manifest FOLDER``.
"""

from helpers.dataset.dirty import Dirty, Score, dirty, score
from helpers.dataset.examine import Report, examine
from helpers.dataset.files import Collection, Picture, scan
from helpers.dataset.findings import KINDS, Finding
from helpers.dataset.manifest import ManifestError
from helpers.dataset.manifest import write as write_manifest

__all__ = [
    "KINDS",
    "Collection",
    "Dirty",
    "Finding",
    "ManifestError",
    "Picture",
    "Report",
    "Score",
    "dirty",
    "examine",
    "scan",
    "score",
    "write_manifest",
]
