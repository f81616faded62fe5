"""Plausible mistakes of week 1: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def distance(body):
    """A wrong `image_distance`."""
    return answer('image_distance(a, b, metric="l2")', body)


def two_loops(entry, shape="(len(queries), len(train))", place="i, j", columns="len(train)"):
    """A wrong `distances_two_loops`."""
    return answer("distances_two_loops(queries, train)", f"""
        result = np.zeros({shape})
        for i in range(len(queries)):
            for j in range({columns}):
                result[{place}] = {entry}
        return result
    """)


def one_loop(row, convert="train = train.astype(float)"):
    """A wrong `distances_one_loop`."""
    return answer("distances_one_loop(queries, train)", f"""
        {convert}
        return np.array([{row} for query in queries])
    """)


def no_loop(squared, convert="a, b = queries.astype(float), train.astype(float)",
            result="np.sqrt(np.maximum(squared, 0))"):
    """A wrong `distances_no_loop`."""
    return answer("distances_no_loop(queries, train)", f"""
        {convert}
        squared = {squared}
        return {result}
    """)


IDENTITY = "(a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T"


def vote(neighbours="np.argsort(distances, axis=1, kind='stable')[:, :k]",
         winner="next(label for label in labels if votes[label] == votes.max())"):
    """A wrong `predict`."""
    return answer("predict(distances, train_labels, k)", f"""
        neighbours = {neighbours}
        winners = []
        for labels in train_labels[neighbours]:
            votes = np.bincount(labels)
            winners.append({winner})
        return np.array(winners)
    """)


def folds(body):
    """A wrong `make_folds`."""
    return answer("make_folds(n, n_folds, seed=0)", body)


def validate(score, rest="np.setdiff1d(np.arange(len(labels)), fold)", shape="(len(ks), len(folds))", place="i, j",
             result="accuracies"):
    """A wrong `cross_validate`."""
    return answer("cross_validate(distances, labels, folds, ks)", f"""
        accuracies = np.zeros({shape})
        for j, fold in enumerate(folds):
            rest = {rest}
            for i, k in enumerate(ks):
                accuracies[{place}] = {score}
        return {result}
    """)


RIGHT_SCORE = "(predict(distances[np.ix_(fold, rest)], labels[rest], k) == labels[fold]).mean()"


def final(body):
    """A wrong `final_score`."""
    return answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", body)


CELL_SUMS = "arrows.reshape(n, cells, height // cells, cells, width // cells).sum(axis=(2, 4))"


def gradients(*, grey="images.astype(float).mean(axis=3)", slopes="np.gradient(grey, axis=(1, 2))", weight="strength",
              direction="np.round(np.arctan2(down, right) / (2 * np.pi) * bins).astype(int) % bins",
              blocks=CELL_SUMS,
              result="features / np.where(lengths > 0, lengths, 1)"):
    """A wrong `gradient_histogram`."""
    return answer("gradient_histogram(images, cells=4, bins=8)", f"""
        grey = {grey}
        down, right = {slopes}
        strength = np.hypot(down, right)
        direction = {direction}
        n, height, width = grey.shape
        histograms = np.zeros((n, cells, cells, bins))
        for b in range(bins):
            arrows = np.where(direction == b, {weight}, 0)
            histograms[..., b] = {blocks}
        features = histograms.reshape(n, -1)
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return {result}
    """)


UINT8_SLOPES = "np.diff(grey, axis=1, append=grey[:, -1:]), np.diff(grey, axis=2, append=grey[:, :, -1:])"

L1, L2 = "image_distance_l1_test", "image_distance_l2_test"
TWO, ONE = "distances_two_loops_test", "distances_one_loop_test"
NONE, ROUNDING = "distances_no_loop_test", "distances_no_loop_rounding_test"
NEAREST, MAJORITY, TIES, EQUAL = (
    "predict_nearest_test", "predict_majority_test", "predict_ties_test", "predict_equal_distances_test",
)
FOLDS, SHUFFLE = "make_folds_test", "make_folds_shuffle_test"
TABLE, SELF, FINAL = "cross_validate_test", "cross_validate_self_test", "final_score_test"
SHAPE, DIRECTION, CELLS, LIGHT, BEATS = (
    f"gradient_histogram_{part}_test" for part in ("shape", "direction", "cells", "light", "beats_pixels")
)

WRONG = {
    "image_distance": {
        "subtracts uint8": (
            distance("""
                if metric == "l1":
                    return np.abs(a - b).sum()
                return np.sqrt(((a - b) ** 2).sum())
            """), [L1, L2], "uint8 wraps around below 0"),
        "subtracts int16: enough for the difference, not for its square": (
            distance("""
                difference = a.astype(np.int16) - b.astype(np.int16)
                if metric == "l1":
                    return np.abs(difference).sum()
                return np.sqrt((difference**2).sum())
            """), [L2], "does not fit into int16"),
        "converts after subtracting": (
            distance("""
                difference = (a - b).astype(float)
                return np.abs(difference).sum() if metric == "l1" else np.sqrt((difference**2).sum())
            """), [L1, L2], "BEFORE you subtract"),
        "no square root": (
            distance("""
                difference = a.astype(float) - b
                return np.abs(difference).sum() if metric == "l1" else (difference**2).sum()
            """), [L2], "square root missing"),
        "no absolute value": (
            distance("""
                difference = a.astype(float) - b
                return difference.sum() if metric == "l1" else np.sqrt((difference**2).sum())
            """), [L1], "take absolute values"),
        "mean instead of sum": (
            distance("""
                difference = a.astype(float) - b
                return np.abs(difference).mean() if metric == "l1" else np.sqrt((difference**2).mean())
            """), [L1, L2], "the mean, not the sum"),
        "one metric for all": (
            distance("return np.linalg.norm(a.astype(float) - b)"), [L1], "look at `metric`"),
        "sums over the first axis only": (
            distance("""
                difference = a.astype(float) - b
                return np.abs(difference).sum(axis=0) if metric == "l1" else np.sqrt((difference**2).sum(axis=0))
            """), [L1, L2], "expected a single number"),
        "prints instead of returning": (
            distance("""
                difference = a.astype(float) - b
                print(np.abs(difference).sum() if metric == "l1" else np.sqrt((difference**2).sum()))
            """), [L1, L2], "end with `return`"),
    },
    "distances_two_loops": {
        "transposed": (
            two_loops("image_distance(queries[i], train[j])", shape="(len(train), len(queries))", place="j, i"),
            [TWO], "transposed"),
        "the wrong metric": (two_loops("image_distance(queries[i], train[j], 'l1')"), [TWO], "a matrix of L1 distances"),
        "the last column forgotten": (
            two_loops("image_distance(queries[i], train[j])", columns="len(train) - 1"), [TWO], "differ, the first at [0, 2]"),
        "subtracts uint8 by hand": (
            two_loops("np.sqrt(((queries[i] - train[j]) ** 2).sum())"), [TWO], "BEFORE you subtract"),
        "no square root": (two_loops("((queries[i].astype(float) - train[j]) ** 2).sum()"), [TWO], "square root missing"),
    },
    "distances_one_loop": {
        "sums over the wrong axis": (one_loop("np.sqrt(((train - query) ** 2).sum(axis=0))"), [ONE], "Sum over the pixels"),
        "subtracts uint8": (
            one_loop("np.sqrt(((train - query) ** 2).sum(axis=1))", convert="pass"), [ONE], "BEFORE you subtract"),
        "no square root": (one_loop("((train - query) ** 2).sum(axis=1)"), [ONE], "square root missing"),
        "sums over everything": (one_loop("np.sqrt(((train - query) ** 2).sum())"), [ONE], "an axis is missing"),
    },
    "distances_no_loop": {
        "calculates in uint8": (no_loop(IDENTITY, convert="a, b = queries, train"), [NONE], "uint8"),
        "the product in uint8": (
            no_loop("(a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * (queries @ train.T)"), [NONE], "uint8"),
        "negative under the root": (no_loop(IDENTITY, result="np.sqrt(squared)"), [ROUNDING], "below zero"),
        "calculates in float32": (
            no_loop(IDENTITY, convert="a, b = queries.astype(np.float32), train.astype(np.float32)"),
            [ROUNDING], "float64"),
        "no square root": (no_loop(IDENTITY, result="np.maximum(squared, 0)"), [NONE], "square root missing"),
        "the factor 2 forgotten": (no_loop(IDENTITY.replace("2 * a", "a")), [NONE, ROUNDING], "differ, the first at"),
        "transposed": (no_loop(f"({IDENTITY}).T"), [NONE], "transposed"),
        "row and column of the squares not told apart": (
            no_loop("(a**2).sum(axis=1) + (b**2).sum(axis=1) - 2 * a @ b.T"), [NONE], "broadcast"),
        "an array with three axes": (
            no_loop("((a[:, None] - b) ** 2).sum(axis=2)"), [NONE], "array with three axes, (q, n, d)"),
    },
    "predict": {
        "largest distance first": (
            vote("np.argsort(distances, axis=1)[:, ::-1][:, :k]"), [NEAREST, TIES, EQUAL], "argsort sorts upwards"),
        "sorts along the wrong axis": (
            vote("np.argsort(distances, axis=0, kind='stable')[:, :k]"), [NEAREST, MAJORITY, TIES],
            "Each query sorts its own row"),
        "one voter too few": (
            vote("np.argsort(distances, axis=1, kind='stable')[:, :max(k - 1, 1)]"), [MAJORITY, TIES], "exactly k"),
        "one voter too many": (
            vote("np.argsort(distances, axis=1, kind='stable')[:, :k + 1]"), [MAJORITY], "exactly k"),
        "skips the nearest": (
            vote("np.argsort(distances, axis=1, kind='stable')[:, 1:k + 1]"), [NEAREST, TIES], "nothing is to be skipped"),
        "ties to the smallest label": (vote(winner="votes.argmax()"), [TIES], "its nearest member is farther"),
        "ties to the largest label": (
            vote(winner="np.flatnonzero(votes == votes.max())[-1]"), [TIES], "its nearest member is farther"),
        "ties to the very nearest": (
            vote(winner="labels[0] if (votes == votes.max()).sum() > 1 else votes.argmax()"),
            [TIES], "decided among the TIED classes"),
        "row numbers instead of labels": (
            answer("predict(distances, train_labels, k)", "return np.argmin(distances, axis=1)"),
            [NEAREST, MAJORITY, TIES], "Look its class up"),
        "only the nearest, whatever k": (
            answer("predict(distances, train_labels, k)", "return train_labels[np.argmin(distances, axis=1)]"),
            [MAJORITY, TIES], "exactly k"),
        "equal distances: the last row first": (
            vote("distances.shape[1] - 1 - np.argsort(distances[:, ::-1], axis=1, kind='stable')[:, :k]"),
            [EQUAL], "lower row numbers count as nearer"),
        "averages the labels": (
            vote(winner="int(round(labels.mean()))"), [MAJORITY, TIES], "Labels are names"),
    },
    "make_folds": {
        "not shuffled": (folds("return np.array_split(np.arange(n), n_folds)"), [SHUFFLE], "sorted by class"),
        "every n-th row, not shuffled": (
            folds("return [np.arange(start, n, n_folds) for start in range(n_folds)]"), [SHUFFLE], "every third row"),
        "the rest of the division lost": (
            folds("""
                rows, size = np.random.default_rng(seed).permutation(n), n // n_folds
                return [rows[i * size : (i + 1) * size] for i in range(n_folds)]
            """), [FOLDS], "rest of the division lost"),
        "the last fold takes the rest": (
            folds("""
                rows, size = np.random.default_rng(seed).permutation(n), n // n_folds
                return [rows[i * size : (i + 1) * size if i < n_folds - 1 else n] for i in range(n_folds)]
            """), [FOLDS], "differ by more than 1"),
        "every fold drawn afresh: they overlap": (
            folds("""
                rng = np.random.default_rng(seed)
                return [rng.permutation(n)[: len(part)] for part in np.array_split(np.arange(n), n_folds)]
            """), [FOLDS], "in exactly one fold"),
        "the seed is ignored": (
            folds("return np.array_split(np.random.default_rng().permutation(n), n_folds)"), [SHUFFLE], "the second time"),
        "always the same seed": (
            folds("return np.array_split(np.random.default_rng(0).permutation(n), n_folds)"), [SHUFFLE], "is the seed used"),
        "counts from 1": (
            folds("return np.array_split(1 + np.random.default_rng(seed).permutation(n), n_folds)"), [FOLDS], "from 0 to"),
    },
    "cross_validate": {
        "every image finds itself": (
            validate(RIGHT_SCORE, rest="np.arange(len(labels))"), [TABLE, SELF], "must not be among the training columns"),
        "validates on the training rows": (
            validate("(predict(distances[np.ix_(rest, rest)], labels[rest], k) == labels[rest]).mean()"),
            [TABLE, SELF], "must not be among the training columns"),
        "trains on the fold, validates on the rest": (
            validate("(predict(distances[np.ix_(rest, fold)], labels[fold], k) == labels[rest]).mean()"),
            [TABLE], "the fold holds the questions"),
        "labels of the wrong rows": (
            validate("(predict(distances[np.ix_(fold, rest)], labels, k) == labels[fold]).mean()"),
            [TABLE], "the labels of the rest only"),
        "rows and columns swapped": (
            validate(RIGHT_SCORE, shape="(len(folds), len(ks))", place="j, i"), [TABLE], "transposed"),
        "error rate": (validate(f"1 - {RIGHT_SCORE}"), [TABLE], "the error rate"),
        "counts instead of shares": (validate(RIGHT_SCORE.replace("mean", "sum")), [TABLE], "divide by the size"),
        "returns the mean over the folds": (
            validate(RIGHT_SCORE, result="accuracies.mean(axis=1)"), [TABLE, SELF], "the mean comes later"),
    },
    "final_score": {
        "the best single fold": (
            final("""
                k = ks[int(np.argmax(np.max(accuracies, axis=1)))]
                return k, float((predict(test_distances, train_labels, k) == test_labels).mean())
            """), [FINAL], "best single fold"),
        "k chosen on the test set": (
            final("""
                scores = [float((predict(test_distances, train_labels, k) == test_labels).mean()) for k in ks]
                best = int(np.argmax(scores))
                return ks[best], scores[best]
            """), [FINAL], "the best TEST accuracy"),
        "chooses honestly, reports the best test accuracy": (
            final("""
                k = ks[int(np.argmax(np.mean(accuracies, axis=1)))]
                return k, max(float((predict(test_distances, train_labels, k) == test_labels).mean()) for k in ks)
            """), [FINAL], "of the chosen k"),
        "position instead of k": (
            final("""
                best = int(np.argmax(np.mean(accuracies, axis=1)))
                return best, float((predict(test_distances, train_labels, ks[best]) == test_labels).mean())
            """), [FINAL], "the position in `ks`"),
        "mean over the wrong axis": (
            final("""
                k = ks[int(np.argmax(np.mean(accuracies, axis=0)))]
                return k, float((predict(test_distances, train_labels, k) == test_labels).mean())
            """), [FINAL], "average over the folds"),
        "only the accuracy": (
            final("""
                k = ks[int(np.argmax(np.mean(accuracies, axis=1)))]
                return float((predict(test_distances, train_labels, k) == test_labels).mean())
            """), [FINAL], "return k, accuracy"),
    },
    "gradient_histogram": {
        "subtracts uint8": (
            gradients(grey="images[:, :, :, 0]", slopes=UINT8_SLOPES), [DIRECTION], "uint8 cannot go below 0"),
        "half a circle": (
            gradients(direction="np.round(np.arctan2(down, right) % np.pi / np.pi * bins).astype(int) % bins"),
            [DIRECTION], "not half of it"),
        "opposite directions in one bin": (
            gradients(direction="np.round(np.arctan2(down, right) % np.pi / (2 * np.pi) * bins).astype(int) % bins"),
            [DIRECTION], "use the full circle"),
        "down and right swapped": (
            gradients(slopes="np.gradient(grey, axis=(2, 1))"), [DIRECTION], "the wrong way round"),
        "upwards is down": (
            gradients(direction="np.round(np.arctan2(-down, right) / (2 * np.pi) * bins).astype(int) % bins"),
            [DIRECTION], "y grows downwards"),
        "cuts off instead of rounding": (
            gradients(direction="(np.arctan2(down, right) / (2 * np.pi) * bins).astype(int) % bins"), [DIRECTION], "rounded?"),
        "not normalised": (gradients(result="features"), [LIGHT, BEATS], "divide each by its own L2 norm"),
        "normalised by the whole batch": (
            gradients(result="features / np.linalg.norm(features)"), [LIGHT], "divide each by its own L2 norm"),
        "divides by zero": (
            gradients(result="features / lengths"), [LIGHT], "nothing to divide by"),
        "sums to 1, not of length 1": (
            gradients(result="features / np.maximum(features.sum(axis=1, keepdims=True), 1e-9)"), [LIGHT], "L2 norm"),
        "counts arrows of any length": (gradients(weight="1.0"), [DIRECTION, LIGHT], "do not count pixels"),
        "cells mixed up in the reshape": (
            gradients(blocks="arrows.reshape(n, height // cells, cells, width // cells, cells).sum(axis=(1, 3))"),
            [CELLS, BEATS], "Cells go line by line"),
        "columns before lines": (
            gradients(blocks=f"{CELL_SUMS}.transpose(0, 2, 1)"),
            [CELLS], "Cells go line by line"),
        "one histogram for the whole image": (
            gradients(blocks="arrows.sum(axis=(1, 2))[:, None, None] / cells**2"), [CELLS, BEATS], "Cells go line by line"),
        "a mean over the images": (
            gradients(blocks=f"{CELL_SUMS}.mean(axis=0)"),
            [SHAPE, BEATS], "over the images"),
        "a 4-axis array": (gradients(result="histograms / np.where(lengths > 0, lengths, 1)[:, :, None, None]"), [SHAPE],
                           "the shape of gradient_histogram"),
    },
}
