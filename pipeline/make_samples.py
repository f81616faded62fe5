"""Make the embedded sample from the real data: run ``python -m pipeline.make_samples``.

Class-balanced and shuffled with a fixed seed: 120 images of each class from the course's train part, then 30
of each from its validation part, and 50 of each from the test set.
"""

import json

import numpy as np
from PIL import Image

from helpers.data import samples
from helpers.data.catalogue import ENTRIES
from helpers.data.decode import arrays_sum
from helpers.data.loader import load

PER_CLASS = {"train": 120, "validation": 30, "test": 50}
SHEET = 500  # images on a sheet: a sheet of CIFAR-10 then stays well under 3 MB


def choose(labels, per_class, rng):
    """Return shuffled row numbers, `per_class` of each class of `labels`; int64, shape (n,)."""
    rows = [rng.choice(np.flatnonzero(labels == label), per_class, replace=False) for label in np.unique(labels)]
    return rng.permutation(np.concatenate(rows))


def write(name, part, images, labels, rows):
    """Write the sheets of a part, and return its record for ``labels.json``."""
    sheets = []
    for number, start in enumerate(range(0, len(images), SHEET), start=1):
        chunk = images[start : start + SHEET]
        file = f"{name}_{part}_{number}.png"
        sheet = samples.to_sheet(chunk)
        Image.fromarray(sheet.squeeze(-1) if sheet.shape[-1] == 1 else sheet).save(samples.FOLDER / file, optimize=True)
        sheets.append({"file": file, "sha256": arrays_sum(chunk)})
    return {"sheets": sheets, "labels": labels.tolist(), "labels_sha256": arrays_sum(labels), "rows": rows.tolist()}


def main():
    """Write all sheets and ``labels.json``."""
    samples.FOLDER.mkdir(exist_ok=True)
    record = {}
    for entry in ENTRIES.values():
        if not entry.has_sample:
            continue
        data = load(entry.name)
        if data.is_sample:
            raise SystemExit(f"{entry.name}: the real data are needed to make the sample")
        rng = np.random.default_rng(0)
        chosen = {part: choose(getattr(data, part).labels, n, rng) for part, n in PER_CLASS.items()}
        taken = {part: getattr(data, part).take(rows) for part, rows in chosen.items()}
        record[entry.name] = {
            "train": write(
                entry.name,
                "train",
                np.concatenate([taken["train"].images, taken["validation"].images]),
                np.concatenate([taken["train"].labels, taken["validation"].labels]),
                np.concatenate([chosen["train"], chosen["validation"] + len(data.train)]),
            ),
            "test": write(entry.name, "test", taken["test"].images, taken["test"].labels, chosen["test"]),
        }
    text = json.dumps(record, separators=(",", ":"))
    (samples.FOLDER / "labels.json").write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")
    for file in sorted(samples.FOLDER.iterdir()):
        print(f"{file.name:<28} {file.stat().st_size / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()
