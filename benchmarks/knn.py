"""Measure exact 5-nearest-neighbour search on CIFAR-10: scikit-learn, the bare matrix product, helpers.knn.

    python benchmarks/knn.py             50,000 x 10,000 images; judges the ratios, exit status 1 if one is missed
    python benchmarks/knn.py --quick     10,000 x 1,000 images; a smoke test that judges nothing but the answers

Writes build/bench/knn.json and build/bench/knn.md. What is measured and how to read it: benchmarks/README.md.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from math import ceil
from pathlib import Path
from statistics import median

import numpy as np

from helpers import knn
from helpers.data import load

ROOT = Path(__file__).resolve().parents[1]
K = 5
MEMORY = 256 * 2**20  # the default of helpers.knn.nearest
AT_LEAST = 2.0  # times as fast as scikit-learn
AT_MOST = 1.1  # times the time of the bare product
# A run that breaks one of these says more about the machine than about the code, and proves nothing either way.
BUSY = 0.85  # share of its threads that every way must have kept busy
FLOOR = 0.97  # ours contains the bare product, so it cannot take clearly less time
WAYS = {
    "scikit-learn": 'scikit-learn `KNeighborsClassifier(algorithm="brute")`, float32',
    "product": "bare matrix product, float32, blocks of the same size",
    "helpers.knn": "`helpers.knn.nearest`, from uint8",
}


# ---------------------------------------------------------------------------------------------------------------
# What is timed. Each function gets uint8 images and returns what takes no arguments and does the work.


def with_sklearn(train, labels, queries):
    from sklearn.neighbors import KNeighborsClassifier

    def run():
        model = KNeighborsClassifier(n_neighbors=K, algorithm="brute")
        model.fit(train.reshape(len(train), -1).astype(np.float32), labels)
        distances, indices = model.kneighbors(queries.reshape(len(queries), -1).astype(np.float32))
        return indices, distances

    return run


def with_bare_product(train, labels, queries):
    # Converted beforehand, so that the time is that of the product and nothing else.
    train = train.reshape(len(train), -1).astype(np.float32)
    queries = queries.reshape(len(queries), -1).astype(np.float32)
    rows, columns = block_shape(len(train), len(queries), train.shape[1])
    out = np.ones(rows * columns, dtype=np.float32)  # ones: its pages are there before the clock starts

    def run():
        for top in range(0, len(queries), rows):
            some = queries[top : top + rows]
            for left in range(0, len(train), columns):
                block = train[left : left + columns]
                np.matmul(some, block.T, out=out[: len(some) * len(block)].reshape(len(some), len(block)))

    return run


def with_helpers(train, labels, queries):
    return lambda: knn.nearest(train, queries, K, memory=MEMORY)


RUNNERS = {"scikit-learn": with_sklearn, "product": with_bare_product, "helpers.knn": with_helpers}


def block_shape(n_train, n_queries, size):
    """Queries and training images in a block of helpers.knn."""
    plan = knn._plan(n_train, n_queries, size, K, MEMORY, itemsize=4)
    return plan.queries, plan.train


# ---------------------------------------------------------------------------------------------------------------
# One measurement, in a process of its own: its peak memory is nobody else's


def measure(way, n_train, n_queries, answer):
    """Time one way in this process and print the figures as JSON; save its neighbours to `answer`."""
    import resource

    to_bytes = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss

    def usage():
        return resource.getrusage(resource.RUSAGE_SELF)

    data = real_images()
    train, queries = data.train.images[:n_train], data.test.images[:n_queries]
    int(train.max()), int(queries.max())  # reads the files into memory
    run = RUNNERS[way](train, data.train.labels[:n_train], queries)
    # A small search first: imports, threads and the first touch of the libraries are not timed.
    RUNNERS[way](train[:500], data.train.labels[:500], queries[:100])()
    before = usage()
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    after = usage()
    if result is not None:
        np.savez(answer, indices=result[0], distances=result[1])
    figures = {
        "seconds": seconds,
        "processor_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_bytes": after.ru_maxrss * to_bytes,
        "peak_bytes_before": before.ru_maxrss * to_bytes,
    }
    print(json.dumps(figures))


def measured(way, n_train, n_queries, answer):
    command = [sys.executable, __file__, "--measure", way, str(n_train), str(n_queries), str(answer)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"Measuring {way} failed with exit status {done.returncode}; its messages are above.")
    return json.loads(done.stdout.splitlines()[-1])


def real_images():
    data = load("cifar10", validation=0)
    if data.is_sample:
        sys.exit("This benchmark needs all of CIFAR-10. Get it with: python -m helpers.data fetch cifar10")
    return data


# ---------------------------------------------------------------------------------------------------------------
# All of them, judged and reported


def environment():
    import scipy
    import sklearn
    from threadpoolctl import threadpool_info

    pools = [
        f"{pool['internal_api']} {pool['version'] or ''} ({pool['num_threads']} threads)".replace("  ", " ")
        for pool in threadpool_info()
    ]
    return {
        "date": date.today().isoformat(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "thread pools": "; ".join(sorted(set(pools))),
        "load before": round(os.getloadavg()[0], 2),
    }


def threads():
    """Threads that the matrix product may use."""
    from threadpoolctl import threadpool_info

    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def processor():
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def accuracies(answer, n_train, n_queries):
    """Test accuracy in percent at k = 1 and k = 5, ties both ways."""
    data = real_images()
    neighbours = data.train.labels[:n_train][answer["indices"]]
    truth = data.test.labels[:n_queries]
    counts = (neighbours[:, :, None] == np.arange(10)).sum(axis=1)
    predicted = {
        "k = 1": neighbours[:, 0],
        "k = 5, a tie goes to the nearest of the tied classes (`helpers.knn.vote`)": knn.vote(neighbours, 10),
        "k = 5, a tie goes to the smallest label (scikit-learn)": counts.argmax(axis=1),
    }
    return {rule: round(100 * float(np.mean(labels == truth)), 2) for rule, labels in predicted.items()}


def disagreement(ours, theirs):
    """Largest relative difference between the distances of two searches."""
    return float(np.max(np.abs(ours["distances"] - theirs["distances"]) / np.maximum(ours["distances"], 1)))


def summary(rounds):
    out = {}
    for way in WAYS:
        runs = [figures[way] for figures in rounds]
        seconds = [run["seconds"] for run in runs]
        out[way] = {
            "median_seconds": median(seconds),
            "fastest_seconds": min(seconds),
            "slowest_seconds": max(seconds),
            "processor_seconds": median(run["processor_seconds"] for run in runs),
            "cores_used": median(run["processor_seconds"] / run["seconds"] for run in runs),
            "peak_mib": max(run["peak_bytes"] for run in runs) / 2**20,
            "peak_mib_before": max(run["peak_bytes_before"] for run in runs) / 2**20,
        }
    return out


def ratios(rounds, ways):
    def ratio(above, below):
        by_round = [figures[above]["seconds"] / figures[below]["seconds"] for figures in rounds]
        return {
            "of_medians": ways[above]["median_seconds"] / ways[below]["median_seconds"],
            "by_round": by_round,
            "processor_time": ways[above]["processor_seconds"] / ways[below]["processor_seconds"],
        }

    return {
        "scikit-learn / helpers.knn": ratio("scikit-learn", "helpers.knn"),
        "helpers.knn / product": ratio("helpers.knn", "product"),
    }


def markdown(report):
    n_train, n_queries = report["images"]
    lines = [
        f"Exact {K}-nearest-neighbour search, L2, {n_queries:,} CIFAR-10 test images in {n_train:,}: "
        f"{report['repeats']} interleaved round(s), {report['environment']['date']}.",
        "",
        "| | median s | fastest - slowest s | processor s | cores kept busy | peak memory, MiB | of which before the search |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for way, words in WAYS.items():
        row = report["ways"][way]
        lines.append(
            f"| {words} | {row['median_seconds']:.2f} | {row['fastest_seconds']:.2f} - {row['slowest_seconds']:.2f} "
            f"| {row['processor_seconds']:.1f} | {row['cores_used']:.2f} | {row['peak_mib']:.0f} | {row['peak_mib_before']:.0f} |"
        )
    if report["doubts"]:
        lines += ["", "**Inconclusive: the times prove nothing.** " + "; ".join(report["doubts"]) + "."]
    lines += ["", "| ratio | of the medians | round by round | of processor time | wanted |", "|---|---:|---:|---:|---:|"]
    wanted = dict(zip(report["ratios"], (f">= {AT_LEAST}", f"<= {AT_MOST}"), strict=True))
    for name, ratio in report["ratios"].items():
        by_round = ", ".join(f"{value:.3f}" for value in ratio["by_round"])
        lines.append(f"| {name} | {ratio['of_medians']:.3f} | {by_round} | {ratio['processor_time']:.3f} | {wanted[name]} |")
    lines += ["", "| test accuracy | % |", "|---|---:|"]
    lines += [f"| {rule} | {percent:.2f} |" for rule, percent in report["accuracy"].items()]
    lines += ["", "; ".join(f"{name}: {value}" for name, value in report["environment"].items()), ""]
    return "\n".join(lines)


def doubts(report):
    """Why the elapsed times of this run prove nothing, in words; empty if they can be judged."""
    threads = min(report["environment"]["cores"], report["threads"])
    found = [
        f"{way} kept {row['cores_used']:.2f} of {threads} cores busy in its median run, wanted {BUSY * threads:.2f}"
        for way, row in report["ways"].items()
        if row["cores_used"] < BUSY * threads
    ]
    slower = report["ratios"]["helpers.knn / product"]["of_medians"]
    if slower < FLOOR:
        found.append(f"helpers.knn / product is {slower:.3f}, though the product is a part of helpers.knn")
    return found


def failures(report, quick):
    """What was promised and not kept, in words."""
    missed = []
    if report["largest_relative_difference_of_distances"] > 1e-4:
        missed.append(
            "helpers.knn and scikit-learn found neighbours at different distances "
            f"(relative difference {report['largest_relative_difference_of_distances']:.2g})."
        )
    if quick:
        return missed
    faster = report["ratios"]["scikit-learn / helpers.knn"]["of_medians"]
    slower = report["ratios"]["helpers.knn / product"]["of_medians"]
    if faster < AT_LEAST:
        missed.append(f"helpers.knn is {faster:.2f} times as fast as scikit-learn; wanted at least {AT_LEAST}.")
    if slower > AT_MOST:
        missed.append(f"helpers.knn takes {slower:.3f} times the bare product; wanted at most {AT_MOST}.")
    if report["doubts"]:
        missed.append("INCONCLUSIVE, whatever the ratios say: run it again on an idle machine.")
        missed += report["doubts"]
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10,000 x 1,000 images, one round, times not judged")
    parser.add_argument("--repeats", type=int, help="rounds; each runs every way once (default 3, with --quick 1)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="folder for knn.json and knn.md")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, n_train, n_queries, answer = options.measure
        measure(way, int(n_train), int(n_queries), answer)
        return
    n_train, n_queries = (10_000, 1_000) if options.quick else (50_000, 10_000)
    repeats = options.repeats if options.repeats is not None else (1 if options.quick else 3)
    if repeats < 1:
        parser.error("--repeats must be at least 1")

    report = {"images": [n_train, n_queries], "k": K, "repeats": repeats, "environment": environment()}
    report["threads"] = threads()
    rows, columns = block_shape(n_train, n_queries, 3072)
    report["block"] = {
        "queries": rows,
        "train": columns,
        "products": ceil(n_queries / rows) * ceil(n_train / columns),
    }
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            # Forwards, then backwards: nobody always runs first.
            order = list(WAYS) if number % 2 == 0 else list(WAYS)[::-1]
            figures = {}
            for way in order:
                figures[way] = measured(way, n_train, n_queries, Path(folder) / f"{way}.npz")
                print(f"round {number + 1} of {repeats}: {way:<13}{figures[way]['seconds']:8.2f} s", flush=True)
            rounds.append(figures)
        ours, theirs = (np.load(Path(folder) / f"{way}.npz") for way in ("helpers.knn", "scikit-learn"))
        with ours, theirs:
            report["largest_relative_difference_of_distances"] = disagreement(ours, theirs)
            report["accuracy"] = accuracies(ours, n_train, n_queries)
    report["rounds"] = rounds
    report["ways"] = summary(rounds)
    report["ratios"] = ratios(rounds, report["ways"])

    report["doubts"] = doubts(report)

    table = markdown(report)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "knn.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (options.out / "knn.md").write_text(table, encoding="utf-8")
    print(f"\n{table}")
    missed = failures(report, options.quick)
    if missed:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
