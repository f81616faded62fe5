"""Answers to week 1: wrong ones, which lose points and read something that helps, and right ones in other styles, which do not.

``WRONG = {solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
``RIGHT = {solution cell: {the style: source of the cell}}``
``EQUIVALENT = {solution cell: {mutant: why it is no mistake}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def distance(body):
    """An `image_distance`."""
    return answer('image_distance(a, b, metric="l2", mask=None)', body)


def simple_distance(l1="np.abs(difference).sum()", l2="np.sqrt((difference**2).sum())",
                    difference="a.astype(float) - b.astype(float)", masked="difference[mask]"):
    """An `image_distance` that leaves pixels out after subtracting."""
    return distance(f"""
        difference = {difference}
        if mask is not None:
            difference = {masked}
        if metric == "l1":
            return {l1}
        return {l2}
    """)


def no_loop(*, first="(a * a) @ w", second="(b * b) @ w", product="(a * w) @ b.T",
            squared="first[:, None] + second - 2 * product",
            convert="a, b = queries.astype(float), train.astype(float)",
            weights="np.ones(queries.shape[1]) if weights is None else weights",
            result="np.sqrt(np.maximum(squared, 0))"):
    """A `distances_no_loop`."""
    return answer("distances_no_loop(queries, train, weights=None)", f"""
        {convert}
        w = {weights}
        first, second, product = {first}, {second}, {product}
        squared = {squared}
        return {result}
    """)


CONVERTED = "a, b = queries.astype(float), train.astype(float)\n        if weights is not None: "


def chunks(*, piece="train[start : start + rows_at_once]", numbers="np.arange(start, start + len(piece))",
           distances="cdist(queries, piece)", together="[best, away]", columns="[rows, numbers]",
           order="np.argsort(away, axis=1, kind='stable')[:, :k]", steps="range(0, len(train), rows_at_once)",
           before="", result="rows"):
    """A `nearest_in_chunks`."""
    return answer("nearest_in_chunks(queries, train, k, rows_at_once)", f"""
        q = len(queries)
        best, rows = np.empty((q, 0)), np.empty((q, 0), dtype=int)
        {before or "pass"}
        for start in {steps}:
            piece = {piece}
            away = {distances}
            numbers = np.tile({numbers}, (q, 1))
            away = np.concatenate({together}, axis=1)
            numbers = np.concatenate({columns}, axis=1)
            order = {order}
            best = np.take_along_axis(away, order, axis=1)
            rows = np.take_along_axis(numbers, order, axis=1)
        return {result}
    """)


def vote(neighbours="np.argsort(distances, axis=1, kind='stable')[:, :k]",
         winner="next(label for label in labels if votes[label] == votes.max())",
         final="winner if votes[winner] >= least else -1", result="np.array(winners)"):
    """A `predict`."""
    return answer("predict(distances, train_labels, k, least=1)", f"""
        neighbours = {neighbours}
        winners = []
        for labels in train_labels[neighbours]:
            votes = np.bincount(labels)
            winner = {winner}
            winners.append({final})
        return {result}
    """)


def folds(body):
    """A `make_folds`."""
    return answer("make_folds(labels, n_folds, seed=0)", body)


def validate(score, rest="np.setdiff1d(np.arange(len(labels)), fold)", shape="(len(ks), len(folds))", place="i, j",
             result="accuracies", before="pass"):
    """A `cross_validate`."""
    return answer("cross_validate(distances, labels, folds, ks)", f"""
        {before}
        accuracies = np.zeros({shape})
        for j, fold in enumerate(folds):
            rest = {rest}
            for i, k in enumerate(ks):
                accuracies[{place}] = {score}
        return {result}
    """)


RIGHT_SCORE = "(course_predict(distances[np.ix_(fold, rest)], labels[rest], k) == labels[fold]).mean()"


def final(k="ks[int(np.argmax(np.mean(accuracies, axis=1)))]", accuracy="float((answers == test_labels).mean())",
          before="pass", result="k, accuracy"):
    """A `final_score`."""
    return answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", f"""
        {before}
        k = {k}
        answers = course_predict(test_distances, train_labels, k)
        accuracy = {accuracy}
        return {result}
    """)


TEST_SCORES = "[(course_predict(test_distances, train_labels, one) == test_labels).mean() for one in ks]"


def report(*, of="train", mean="of.mean(axis=0)", std="of.std(axis=0)", parts="[(x - centre) / spread for x in parts]",
           asked="validation", asked_labels="validation_labels", at_test="train", at_test_labels="train_labels",
           pick="int(np.argmax(scores))", result="k, float((answers == test_labels).mean())", before="pass"):
    """An `honest_report`."""
    signature = "honest_report(train, train_labels, validation, validation_labels, test, test_labels, ks)"
    return answer(signature, f"""
        {before}
        parts = [train, validation, test]
        of = {of}
        centre, spread = {mean}, {std}
        train, validation, test = {parts}
        scores = [(course_predict(cdist({asked}, train), train_labels, k) == {asked_labels}).mean() for k in ks]
        k = ks[{pick}]
        answers = course_predict(cdist(test, {at_test}), {at_test_labels}, k)
        return {result}
    """)


CELL_SUMS = "arrows.reshape(n, cells, height // cells, cells, width // cells).sum(axis=(2, 4))"
TURNS = "np.arctan2(down, right) / (2 * np.pi)"


def gradients(*, grey="images.astype(float).mean(axis=3)", slopes="np.gradient(grey, axis=(1, 2))", weight="strength",
              strength="np.hypot(down, right)",
              direction=f"np.round({TURNS} * bins).astype(int) % bins",
              blocks=CELL_SUMS, before="pass",
              result="features / np.where(lengths > 0, lengths, 1)"):
    """A `gradient_histogram`."""
    return answer("gradient_histogram(images, cells=4, bins=8)", f"""
        {before}
        grey = {grey}
        down, right = {slopes}
        strength = {strength}
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
INNER_SLOPES = ("np.pad(grey[:, 2:] - grey[:, :-2], ((0, 0), (1, 1), (0, 0))) / 2, "
                "np.pad(grey[:, :, 2:] - grey[:, :, :-2], ((0, 0), (0, 0), (1, 1))) / 2")

L1, L2, MASK, DISTANCE = (f"image_distance_{part}_test" for part in ("l1", "l2", "mask", "hidden"))
NONE, WEIGHTS, ROUNDING, NONE_HIDDEN = (
    f"distances_no_loop{part}_test" for part in ("", "_weights", "_rounding", "_hidden")
)
CHUNKS, CHUNKS_TIES, CHUNKS_HIDDEN = (f"nearest_in_chunks{part}_test" for part in ("", "_ties", "_hidden"))
NEAREST, MAJORITY, TIES, EQUAL, LEAST, PREDICT = (
    f"predict_{part}_test" for part in ("nearest", "majority", "ties", "equal_distances", "least", "hidden")
)
FOLDS, SHUFFLE, FOLDS_HIDDEN = (f"make_folds{part}_test" for part in ("", "_shuffle", "_hidden"))
TABLE, SELF, TABLE_HIDDEN = (f"cross_validate{part}_test" for part in ("", "_self", "_hidden"))
FINAL, FINAL_HIDDEN = "final_score_test", "final_score_hidden_test"
REPORT, REPORT_HIDDEN = "honest_report_test", "honest_report_hidden_test"
SHAPE, DIRECTION, CELLS, LIGHT, COLOUR, HISTOGRAM, BEATS = (
    f"gradient_histogram_{part}_test" for part in ("shape", "direction", "cells", "light", "colour", "hidden", "beats_pixels")
)

WRONG = {
    "image_distance": {
        "subtracts uint8": (simple_distance(difference="a - b"), [L1, L2, MASK, DISTANCE], "uint8 wraps around below 0"),
        "subtracts int16: enough for the difference, not for its square": (
            simple_distance(difference="a.astype(np.int16) - b.astype(np.int16)"), [L2, DISTANCE], "does not fit into int16"),
        "converts after subtracting": (simple_distance(difference="(a - b).astype(float)"), [L1, L2], "BEFORE you subtract"),
        "no square root": (simple_distance(l2="(difference**2).sum()"), [L2, MASK], "square root missing"),
        "a square root in both": (simple_distance(l1="np.sqrt(np.abs(difference).sum())"), [L1, MASK], "belongs to L2 alone"),
        "no absolute value": (simple_distance(l1="difference.sum()"), [L1], "take absolute values"),
        "the absolute value of the sum": (simple_distance(l1="abs(difference.sum())"), [L1], "take absolute values"),
        "mean instead of sum": (
            simple_distance("np.abs(difference).mean()", "np.sqrt((difference**2).mean())"),
            [L1, L2, MASK], "the mean, not the sum"),
        "one metric for all": (simple_distance(l1="np.sqrt((difference**2).sum())"), [L1, MASK], "look at `metric`"),
        "L1 by default": (
            simple_distance().replace('metric="l2", mask', 'metric="l1", mask'), [L2], "Without a metric, L2 is asked for"),
        "sums over the first axis only": (
            simple_distance("np.abs(difference).sum(axis=0)", "np.sqrt((difference**2).sum(axis=0))"),
            [L1, L2], "expected a single number"),
        "prints instead of returning": (
            distance("""
                difference = a.astype(float) - b
                print(np.abs(difference).sum() if metric == "l1" else np.sqrt((difference**2).sum()))
            """), [L1, L2], "end with `return`"),
        "the mask ignored": (simple_distance(masked="difference"), [MASK, DISTANCE], "a pixel is left out"),
        "the mask the wrong way round": (simple_distance(masked="difference[~mask]"), [MASK, DISTANCE], "True means"),
        "the mask on the first channel alone": (
            simple_distance(masked="difference[..., 0][mask] if difference.ndim > mask.ndim else difference[mask]"),
            [MASK, DISTANCE], "all channels of a pixel"),
        "the mask for L1 alone": (
            simple_distance(masked='difference[mask] if metric == "l1" else difference'), [MASK, DISTANCE], "all pixels"),
        "the mask for L2 alone": (
            simple_distance(masked='difference[mask] if metric == "l2" else difference'),
            [MASK, DISTANCE], "a pixel is left out"),
        "the mean over what the mask leaves": (
            simple_distance(masked="difference[mask] * mask.size / mask.sum()"), [MASK, DISTANCE], "image_distance"),
        "a mask without channels does not fit": (
            simple_distance(masked="difference * mask"), [MASK], "could not be broadcast"),
        "sets the pixels to 0 in the images themselves": (
            distance("""
                if mask is not None:
                    a[~mask] = 0
                    b[~mask] = 0
                difference = a.astype(float) - b
                return np.abs(difference).sum() if metric == "l1" else np.sqrt((difference**2).sum())
            """), [DISTANCE], "changes its input"),
    },
    "distances_no_loop": {
        "calculates in uint8": (no_loop(convert="a, b = queries, train"), [NONE], "uint8"),
        "the product in uint8": (no_loop(product="queries @ train.T"), [NONE], "uint8"),
        "negative under the root": (no_loop(result="np.sqrt(squared)"), [ROUNDING], "below zero"),
        "calculates in float32": (
            no_loop(convert="a, b = queries.astype(np.float32), train.astype(np.float32)"), [ROUNDING], "float64"),
        "no square root": (no_loop(result="np.maximum(squared, 0)"), [NONE], "square root missing"),
        "the factor 2 forgotten": (no_loop(squared="first[:, None] + second - product"), [NONE, ROUNDING], "factor 2 missing"),
        "transposed": (no_loop(result="np.sqrt(np.maximum(squared, 0)).T"), [NONE], "transposed"),
        "row and column of the squares not told apart": (no_loop(squared="first + second - 2 * product"), [NONE], "broadcast"),
        "an array with three axes": (
            no_loop(squared="(w * (a[:, None] - b) ** 2).sum(axis=2)"), [NONE], "array with three axes, (q, n, d)"),
        "L1 distances": (no_loop(squared="np.abs(a[:, None] - b).sum(axis=2) ** 2"), [NONE], "We stay with L2"),
        "the weights ignored": (no_loop(weights="np.ones(queries.shape[1])"), [WEIGHTS, NONE_HIDDEN], "Are the weights used"),
        "differences times weights": (
            no_loop(convert=CONVERTED + "weights = weights**2"),
            [WEIGHTS, NONE_HIDDEN], "outside of the square"),
        "roots of the weights": (
            no_loop(convert=CONVERTED + "weights = weights**0.5"),
            [WEIGHTS, NONE_HIDDEN], "a factor of the square"),
        "the weights in the product alone": (
            no_loop(first="(a * a).sum(axis=1)", second="(b * b).sum(axis=1)"), [WEIGHTS, NONE_HIDDEN], "distances_no_loop"),
        "the weights on both sides of the product": (
            no_loop(product="(a * w) @ (b * w).T"), [WEIGHTS, NONE_HIDDEN], "distances_no_loop"),
        "no weights in the product": (no_loop(product="a @ b.T"), [WEIGHTS, NONE_HIDDEN], "distances_no_loop"),
        "weights that sum to 1": (
            no_loop(weights="np.ones(queries.shape[1]) if weights is None else weights / weights.sum()"),
            [WEIGHTS, NONE_HIDDEN], "nothing is divided by the weights"),
        "weights needed": (no_loop(weights="weights"), [NONE, NONE_HIDDEN, ROUNDING], "matmul"),
        "1 added to the weights in place": (
            no_loop(convert=CONVERTED + "weights += 1"),
            [WEIGHTS], "changes its input"),
        "a list of rows": (no_loop(result="[]"), [NONE], "distances_no_loop(queries, train)"),
    },
    "nearest_in_chunks": {
        "row numbers of the piece": (chunks(numbers="np.arange(len(piece))"), [CHUNKS, CHUNKS_HIDDEN], "add its start"),
        "the best so far forgotten": (
            chunks(together="[away]", columns="[numbers]"), [CHUNKS, CHUNKS_HIDDEN], "differ"),
        "the first piece alone": (chunks(steps="[0]"), [CHUNKS, CHUNKS_HIDDEN], "expected"),
        "the last piece left out": (
            chunks(steps="range(0, len(train) - rows_at_once + 1, rows_at_once)"), [CHUNKS, CHUNKS_HIDDEN], "nearest_in_chunks"),
        "the rest of the division left out": (
            chunks(steps="range(0, len(train) // rows_at_once * rows_at_once, rows_at_once)"), [CHUNKS], "nearest_in_chunks"),
        "the new piece first": (
            chunks(together="[away, best]", columns="[numbers, rows]"), [CHUNKS_TIES, CHUNKS_HIDDEN], "from piece to piece"),
        "an unstable sort": (chunks(order="np.argsort(away, axis=1)[:, :k]"), [CHUNKS_TIES], "the lower row number comes first"),
        "the farthest": (chunks(order="np.argsort(-away, axis=1, kind='stable')[:, :k]"), [CHUNKS], "Small distances first"),
        "not in order": (
            chunks(order="np.sort(np.argsort(away, axis=1, kind='stable')[:, :k], axis=1)"), [CHUNKS], "another order"),
        "k from each piece": (chunks(order="np.argsort(away, axis=1, kind='stable')"), [CHUNKS], "the shape is"),
        "a piece as large as k": (chunks(piece="train[start : start + k]"), [CHUNKS], "nearest_in_chunks"),
        "the distances, not the rows": (chunks(result="best"), [CHUNKS], "nearest_in_chunks"),
        "everything at once": (
            answer("nearest_in_chunks(queries, train, k, rows_at_once)",
                   "return np.argsort(cdist(queries, train), axis=1, kind='stable')[:, :k]"),
            [CHUNKS], "One piece at a time"),
        "city blocks": (
            chunks(distances="cdist(queries, piece, 'cityblock')"),
            [CHUNKS, CHUNKS_HIDDEN], "The L2 distance is asked for"),
        "subtracts uint8": (
            chunks(distances="((queries[:, None] - piece) ** 2).sum(axis=2)"), [CHUNKS, CHUNKS_HIDDEN], "nearest_in_chunks"),
        "three nearest, whatever k": (
            chunks(order="np.argsort(away, axis=1, kind='stable')[:, :3]"), [CHUNKS, CHUNKS_TIES], "the shape is"),
        "two rows at once": (chunks(piece="train[start : start + 2]"), [CHUNKS], "nearest_in_chunks"),
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
        "ties to the tied class met last": (
            vote(winner="next(label for label in labels[::-1] if votes[label] == votes.max())"), [TIES], "is farther"),
        "ties to the class whose second member is nearer": (
            vote(winner="""next(
                label for place, label in enumerate(labels)
                if votes[label] == votes.max() and (votes.max() < 2 or label in labels[:place])
            )"""), [TIES], "is farther"),
        "row numbers instead of labels": (
            answer("predict(distances, train_labels, k, least=1)", "return np.argmin(distances, axis=1)"),
            [NEAREST, MAJORITY, TIES, LEAST, PREDICT], "Look its class up"),
        "only the nearest, whatever k": (
            answer("predict(distances, train_labels, k, least=1)", "return train_labels[np.argmin(distances, axis=1)]"),
            [MAJORITY, TIES, LEAST, PREDICT], "exactly k"),
        "equal distances: the last row first": (
            vote("distances.shape[1] - 1 - np.argsort(distances[:, ::-1], axis=1, kind='stable')[:, :k]"),
            [EQUAL], "the lower row number counts as nearer"),
        "an unstable sort": (vote("np.argsort(distances, axis=1)[:, :k]"), [EQUAL], "the lower row number counts as nearer"),
        "argpartition": (vote("np.argpartition(distances, k - 1, axis=1)[:, :k]"), [EQUAL], "the lower row number"),
        "averages the labels": (vote(winner="int(round(labels.mean()))", final="winner"), [MAJORITY, TIES], "Labels are names"),
        "the median of the labels": (vote(winner="int(np.median(labels))", final="winner"), [TIES], "predict"),
        "least ignored": (vote(final="winner"), [LEAST, PREDICT], "with fewer the answer is -1"),
        "more than least": (
            vote(final="winner if votes[winner] > least else -1"),
            [NEAREST, LEAST, PREDICT], "One vote is enough"),
        "at least half of the votes": (
            vote(final="winner if 2 * votes[winner] > len(labels) else -1"), [TIES, LEAST, PREDICT], "predict"),
        "the nearest has to have least votes": (
            vote(final="winner if votes[labels[0]] >= least else -1"), [LEAST, PREDICT], "votes are enough"),
        "None for unsure": (vote(final="winner if votes[winner] >= least else None"), [LEAST, PREDICT], "Return plain numbers"),
        "0 for unsure": (vote(final="winner if votes[winner] >= least else 0"), [LEAST, PREDICT], "-1 says so"),
        "all or nothing": (
            vote(result="np.array(winners) if min(winners) >= 0 else np.full(len(winners), -1)"),
            [LEAST, PREDICT], "Each query decides for itself"),
        "the first query for all": (
            vote(result="np.array([winners[0]] * len(winners))"), [NEAREST, MAJORITY], "every value is"),
        "sorts the distances in place": (
            answer("predict(distances, train_labels, k, least=1)", """
                neighbours = np.argsort(distances, axis=1, kind="stable")[:, :k]
                distances.sort(axis=1)
                winners = []
                for labels in train_labels[neighbours].tolist():
                    winner = max(labels, key=lambda label: (labels.count(label), -labels.index(label)))
                    winners.append(winner if labels.count(winner) >= least else -1)
                return np.array(winners)
            """), [NEAREST, PREDICT], "changes its input"),
    },
    "make_folds": {
        "not stratified": (
            folds("return np.array_split(np.random.default_rng(seed).permutation(len(labels)), n_folds)"),
            [FOLDS, FOLDS_HIDDEN], "Share out each class by itself"),
        "not shuffled": (
            folds("""
                by_class = np.argsort(labels, kind="stable")
                return [by_class[fold::n_folds] for fold in range(n_folds)]
            """), [SHUFFLE, FOLDS_HIDDEN], "left to chance"),
        "cut, not shuffled": (
            folds("""
                parts = [np.array_split(np.flatnonzero(labels == one), n_folds) for one in np.unique(labels)]
                return [np.concatenate(fold) for fold in zip(*parts)]
            """), [SHUFFLE, FOLDS_HIDDEN], "left to chance"),
        "only the order inside of a fold is shuffled": (
            folds("""
                by_class = np.argsort(labels, kind="stable")
                rng = np.random.default_rng(seed)
                return [rng.permutation(by_class[fold::n_folds]) for fold in range(n_folds)]
            """), [SHUFFLE, FOLDS_HIDDEN], "left to chance"),
        "the rest of the division lost": (
            folds("""
                rng, result = np.random.default_rng(seed), [[] for _ in range(n_folds)]
                for one in np.unique(labels):
                    rows = rng.permutation(np.flatnonzero(labels == one))
                    size = len(rows) // n_folds
                    for fold in range(n_folds):
                        result[fold] += rows[fold * size : (fold + 1) * size].tolist()
                return [np.array(fold, dtype=int) for fold in result]
            """), [FOLDS, FOLDS_HIDDEN], "rest of a division lost"),
        "the last fold takes the rest": (
            folds("""
                rng, result = np.random.default_rng(seed), [[] for _ in range(n_folds)]
                for one in np.unique(labels):
                    rows = rng.permutation(np.flatnonzero(labels == one))
                    size = len(rows) // n_folds
                    for fold in range(n_folds):
                        end = (fold + 1) * size if fold < n_folds - 1 else len(rows)
                        result[fold] += rows[fold * size : end].tolist()
                return [np.array(fold, dtype=int) for fold in result]
            """), [FOLDS, FOLDS_HIDDEN], "may differ by more than 1"),
        "every fold drawn afresh: they overlap": (
            folds("""
                rng, result = np.random.default_rng(seed), []
                for fold in range(n_folds):
                    parts = [rng.permutation(np.flatnonzero(labels == one))[fold::n_folds] for one in np.unique(labels)]
                    result.append(np.concatenate(parts))
                return result
            """), [FOLDS, FOLDS_HIDDEN], "in exactly one fold"),
        "the seed is ignored": (
            folds("""
                shuffled = np.random.default_rng().permutation(len(labels))
                by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
                return [by_class[fold::n_folds] for fold in range(n_folds)]
            """), [SHUFFLE, FOLDS_HIDDEN], "the second time"),
        "always the same seed": (
            folds("""
                shuffled = np.random.default_rng(0).permutation(len(labels))
                by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
                return [by_class[fold::n_folds] for fold in range(n_folds)]
            """), [SHUFFLE, FOLDS_HIDDEN], "is the seed used"),
        "row numbers within the sorted labels": (
            folds("""
                shuffled = np.random.default_rng(seed).permutation(len(labels))
                order = np.argsort(labels[shuffled], kind="stable")
                return [order[fold::n_folds] for fold in range(n_folds)]
            """), [FOLDS, FOLDS_HIDDEN], "Share out each class by itself"),
        "labels instead of rows": (
            folds("""
                shuffled = np.random.default_rng(seed).permutation(np.sort(labels))
                return [np.sort(shuffled)[fold::n_folds] for fold in range(n_folds)]
            """), [FOLDS, FOLDS_HIDDEN], "in exactly one fold"),
        "classes 0 to 2 taken for granted": (
            folds("""
                rng, result = np.random.default_rng(seed), [[] for _ in range(n_folds)]
                for one in range(3):
                    rows = rng.permutation(np.flatnonzero(labels == one))
                    for fold in range(n_folds):
                        result[fold] += rows[fold::n_folds].tolist()
                return [np.array(fold, dtype=int) for fold in result]
            """), [FOLDS, FOLDS_HIDDEN], "a small class"),
        "the labels shuffled in place": (
            folds("""
                rng = np.random.default_rng(seed)
                shuffled = rng.permutation(len(labels))
                by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
                rng.shuffle(labels)
                return [by_class[fold::n_folds] for fold in range(n_folds)]
            """), [FOLDS, FOLDS_HIDDEN], "changes its input"),
        "a generator": (
            folds("""
                shuffled = np.random.default_rng(seed).permutation(len(labels))
                print([shuffled[fold::n_folds] for fold in range(n_folds)])
            """), [FOLDS, SHUFFLE, FOLDS_HIDDEN], "end with `return`"),
    },
    "cross_validate": {
        "every image finds itself": (
            validate(RIGHT_SCORE, rest="np.arange(len(labels))"),
            [TABLE, SELF, TABLE_HIDDEN], "must not be among the training columns"),
        "validates on the training rows": (
            validate("(course_predict(distances[np.ix_(rest, rest)], labels[rest], k) == labels[rest]).mean()"),
            [TABLE, SELF, TABLE_HIDDEN], "must not be among the training columns"),
        "trains on the fold, validates on the rest": (
            validate("(course_predict(distances[np.ix_(rest, fold)], labels[fold], k) == labels[rest]).mean()"),
            [TABLE], "the fold holds the questions"),
        "labels of the wrong rows": (
            validate("(course_predict(distances[np.ix_(fold, rest)], labels, k) == labels[fold]).mean()"),
            [TABLE], "the labels of the rest only"),
        "rows and columns swapped": (
            validate(RIGHT_SCORE, shape="(len(folds), len(ks))", place="j, i"), [TABLE], "transposed"),
        "error rate": (validate(f"1 - {RIGHT_SCORE}"), [TABLE], "the error rate"),
        "counts instead of shares": (validate(RIGHT_SCORE.replace("mean", "sum")), [TABLE], "divide by the size"),
        "divided by all rows": (
            validate(RIGHT_SCORE.replace("mean()", "sum() / len(labels)")), [TABLE], "Divide by the size of the fold"),
        "per cent": (validate(f"100 * {RIGHT_SCORE}"), [TABLE], "between 0 and 1"),
        "returns the mean over the folds": (
            validate(RIGHT_SCORE, result="accuracies.mean(axis=1)"), [TABLE, SELF], "the mean comes later"),
        "sorts the folds": (
            validate("(course_predict(distances[np.ix_(np.sort(fold), rest)], labels[rest], k) == labels[fold]).mean()"),
            [TABLE_HIDDEN], "in any order"),
        "sorts the ks": (validate(RIGHT_SCORE, before="ks = sorted(ks)"), [TABLE, TABLE_HIDDEN], "other way round"),
        "the next fold alone as neighbours": (
            validate(RIGHT_SCORE, rest="folds[(j + 1) % len(folds)]"), [TABLE], "cross_validate on 9 rows"),
        "folds of equal size taken for granted": (
            validate(RIGHT_SCORE.replace("mean()", "sum() / len(folds[0])")), [TABLE_HIDDEN], "folds of"),
        "a diagonal of infinity, in place": (
            validate(RIGHT_SCORE, before="np.fill_diagonal(distances, np.inf)"), [TABLE, TABLE_HIDDEN], "changes its input"),
        "only the row itself left out": (
            validate("(course_predict(distances[fold] + np.where(np.arange(len(labels)) == fold[:, None], np.inf, 0), labels, k)"
                     " == labels[fold]).mean()"), [TABLE], "cross_validate on 9 rows"),
    },
    "final_score": {
        "the best single fold": (final("ks[int(np.argmax(np.max(accuracies, axis=1)))]"), [FINAL], "best single fold"),
        "the worst fold decides": (final("ks[int(np.argmax(np.min(accuracies, axis=1)))]"), [FINAL], "whose worst fold is best"),
        "the median over the folds": (final("ks[int(np.argmax(np.median(accuracies, axis=1)))]"), [FINAL], "best median"),
        "k chosen on the test set": (
            final(f"ks[int(np.argmax({TEST_SCORES}))]"), [FINAL, FINAL_HIDDEN], "best TEST accuracy"),
        "chooses honestly, reports the best test accuracy": (
            final(accuracy=f"float(max({TEST_SCORES}))"), [FINAL], "the others are not even tried"),
        "reports the accuracy of cross-validation": (
            final(accuracy="float(np.mean(accuracies, axis=1).max())"), [FINAL, FINAL_HIDDEN], "on the test images"),
        "position instead of k": (
            answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", """
                best = int(np.argmax(np.mean(accuracies, axis=1)))
                answers = course_predict(test_distances, train_labels, ks[best])
                return best, float((answers == test_labels).mean())
            """), [FINAL, FINAL_HIDDEN], "the position in `ks`"),
        "mean over the wrong axis": (
            final("ks[int(np.argmax(np.mean(accuracies, axis=0)))]"), [FINAL], "the k that final_score chooses"),
        "of equal means the last": (
            final("ks[len(ks) - 1 - int(np.argmax(np.mean(accuracies, axis=1)[::-1]))]"), [FINAL], "the first in `ks` counts"),
        "of equal means the smallest k": (
            final("min(k for k, mean in zip(ks, np.mean(accuracies, axis=1)) if mean == np.mean(accuracies, axis=1).max())"),
            [FINAL], "the first in `ks` counts"),
        "the steadiest k": (final("ks[int(np.argmin(np.std(accuracies, axis=1)))]"), [FINAL], "by nothing else"),
        "the smallest mean": (final("ks[int(np.argmin(np.mean(accuracies, axis=1)))]"), [FINAL], "by nothing else"),
        "only the accuracy": (final(result="accuracy"), [FINAL, FINAL_HIDDEN], "return k, accuracy"),
        "the wrong way round": (final(result="accuracy, k"), [FINAL, FINAL_HIDDEN], "the k that final_score chooses"),
        "a count": (final(accuracy="int((answers == test_labels).sum())"), [FINAL, FINAL_HIDDEN], "as a share"),
        "per cent": (final(accuracy="100 * float((answers == test_labels).mean())"), [FINAL], "between 0 and 1"),
        "the error rate": (final(accuracy="float((answers != test_labels).mean())"), [FINAL], "count the right answers"),
        "sorts the table in place": (
            final(before="accuracies.sort(axis=1)"), [FINAL_HIDDEN], "changes its input"),
    },
    "honest_report": {
        "as the colleague did it": (
            report(of="np.concatenate(parts)", asked="test", asked_labels="test_labels"), [REPORT, REPORT_HIDDEN],
            "The validation rows choose k"),
        "the mean and spread of everything": (
            report(of="np.concatenate(parts)"), [REPORT, REPORT_HIDDEN], "those of the training rows alone"),
        "the mean and spread of training and validation rows": (
            report(of="np.concatenate(parts[:2])"), [REPORT, REPORT_HIDDEN], "those of the training rows alone"),
        "k chosen on the test rows": (
            report(asked="test", asked_labels="test_labels"), [REPORT, REPORT_HIDDEN], "the test rows are asked afterwards"),
        "k chosen on the training rows": (
            report(asked="train", asked_labels="train_labels"), [REPORT, REPORT_HIDDEN], "which find themselves"),
        "each part standardised by itself": (
            report(parts="[(x - x.mean(axis=0)) / x.std(axis=0) for x in parts]"), [REPORT, REPORT_HIDDEN],
            "numbers of its own"),
        "one mean for all measurements": (
            report(mean="of.mean()", std="of.std()"), [REPORT, REPORT_HIDDEN], "for each measurement"),
        "not standardised": (report(parts="parts"), [REPORT, REPORT_HIDDEN], "for each measurement"),
        "the mean subtracted, nothing divided": (
            report(parts="[x - centre for x in parts]"), [REPORT, REPORT_HIDDEN], "for each measurement"),
        "the validation rows as neighbours": (
            report(at_test="np.concatenate([train, validation])",
                   at_test_labels="np.concatenate([train_labels, validation_labels])"),
            [REPORT, REPORT_HIDDEN], "the training rows alone, to the end"),
        "the accuracy on the validation rows": (
            report(result="k, float(max(scores))"), [REPORT, REPORT_HIDDEN], "the accuracy on the validation rows"),
        "of equal accuracies the last k": (
            report(pick="len(ks) - 1 - int(np.argmax(scores[::-1]))"), [REPORT], "the first k counts"),
        "of equal accuracies the smallest k": (
            report(pick="min((i for i in range(len(ks)) if scores[i] == max(scores)), key=lambda i: ks[i])"),
            [REPORT_HIDDEN], "By the validation rows alone"),
        "only the training rows standardised": (
            report(parts="[(train - centre) / spread, validation, test]"), [REPORT, REPORT_HIDDEN], "honest_report"),
        "the numbers of the test rows": (report(of="test"), [REPORT, REPORT_HIDDEN], "the numbers of the test rows"),
        "the variance instead of the standard deviation": (
            report(std="of.var(axis=0)"), [REPORT_HIDDEN], "honest_report"),
        "only the accuracy": (report(result="float((answers == test_labels).mean())"), [REPORT, REPORT_HIDDEN], "two things"),
        "in place": (
            report(before="train -= train.mean(axis=0)"), [REPORT, REPORT_HIDDEN], "honest_report"),
    },
    "gradient_histogram": {
        "subtracts uint8": (
            gradients(grey="images[:, :, :, 0]", slopes=UINT8_SLOPES), [DIRECTION, COLOUR, HISTOGRAM], "uint8 cannot go below 0"),
        "the first channel": (gradients(grey="images[:, :, :, 0].astype(float)"), [COLOUR, HISTOGRAM], "the MEAN over"),
        "the brightest channel": (gradients(grey="images.astype(float).max(axis=3)"), [COLOUR, HISTOGRAM], "the MEAN over"),
        "the luminance": (
            gradients(grey="images @ np.array([0.299, 0.587, 0.114]) if images.shape[3] == 3 else images.mean(axis=3)"),
            [COLOUR, HISTOGRAM], "the MEAN over"),
        "the median of the channels": (gradients(grey="np.median(images, axis=3)"), [COLOUR, HISTOGRAM], "a coloured image"),
        "squared lengths": (gradients(strength="down**2 + right**2"), [COLOUR, HISTOGRAM], "as they are"),
        "roots of the lengths": (gradients(strength="np.sqrt(np.hypot(down, right))"), [COLOUR, HISTOGRAM], "as they are"),
        "|down| + |right|": (gradients(strength="np.abs(down) + np.abs(right)"), [COLOUR, HISTOGRAM], "Pythagoras"),
        "the larger of the two": (
            gradients(strength="np.maximum(np.abs(down), np.abs(right))"),
            [COLOUR, HISTOGRAM], "a coloured"),
        "differences to one side": (gradients(slopes=UINT8_SLOPES), [COLOUR, HISTOGRAM], "to both sides"),
        "no slopes at the border": (gradients(slopes=INNER_SLOPES), [COLOUR, HISTOGRAM], "at the border, too"),
        "8 bins in the angle": (
            gradients(direction=f"np.round({TURNS} * 8).astype(int) % 8"), [COLOUR, HISTOGRAM], "divide the circle by `bins`"),
        "each cell normalised by itself": (
            gradients(result="(histograms / np.maximum(np.linalg.norm(histograms, axis=3, keepdims=True), 1e-9)).reshape(n, -1)"),
            [LIGHT, COLOUR, HISTOGRAM], "as a whole"),
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
            gradients(direction=f"np.floor({TURNS} * bins).astype(int) % bins"),
            [DIRECTION, COLOUR, HISTOGRAM], "do not cut off"),
        "cuts off towards zero": (
            gradients(direction=f"({TURNS} * bins).astype(int) % bins"), [DIRECTION, COLOUR, HISTOGRAM], "do not cut off"),
        "the last half bin lost": (
            gradients(direction=f"np.round({TURNS} % 1 * bins).astype(int)"),
            [DIRECTION, COLOUR, HISTOGRAM], "gradient_histogram"),
        "not normalised": (gradients(result="features"), [LIGHT, BEATS, HISTOGRAM], "divide each by its own L2 norm"),
        "normalised by the whole batch": (
            gradients(result="features / np.linalg.norm(features)"), [LIGHT, HISTOGRAM], "divide each by its own L2 norm"),
        "divides by zero": (gradients(result="features / lengths"), [LIGHT, HISTOGRAM], "nothing to divide by"),
        "all zeros if one image is flat": (
            gradients(result="features / lengths if (lengths > 0).all() else features * 0"),
            [LIGHT, HISTOGRAM], "behind one without"),
        "sums to 1, not of length 1": (
            gradients(result="features / np.maximum(features.sum(axis=1, keepdims=True), 1e-9)"), [LIGHT, HISTOGRAM], "L2 norm"),
        "counts arrows of any length": (gradients(weight="1.0"), [DIRECTION, LIGHT], "do not count pixels"),
        "cells mixed up in the reshape": (
            gradients(blocks="arrows.reshape(n, height // cells, cells, width // cells, cells).sum(axis=(1, 3))"),
            [CELLS, BEATS, HISTOGRAM], "Cells go line by line"),
        "columns before lines": (
            gradients(blocks=f"{CELL_SUMS}.transpose(0, 2, 1)"), [CELLS, HISTOGRAM], "Cells go line by line"),
        "one histogram for the whole image": (
            gradients(blocks="arrows.sum(axis=(1, 2))[:, None, None] / cells**2"),
            [CELLS, BEATS, HISTOGRAM], "Cells go line by line"),
        "4 x 4 cells whatever `cells`": (gradients(before="cells = 4"), [SHAPE, COLOUR, HISTOGRAM], "the shape"),
        "8 bins whatever `bins`": (gradients(before="bins = 8"), [SHAPE, COLOUR, HISTOGRAM], "the shape"),
        "a mean over the images": (
            gradients(blocks=f"{CELL_SUMS}.mean(axis=0)"), [SHAPE, BEATS], "over the images"),
        "a 4-axis array": (gradients(result="histograms / np.where(lengths > 0, lengths, 1)[:, :, None, None]"), [SHAPE],
                           "the shape of gradient_histogram"),
        "the bins before the cells": (
            gradients(result="(histograms.transpose(0, 3, 1, 2).reshape(n, -1)) / np.where(lengths > 0, lengths, 1)"),
            [COLOUR, HISTOGRAM], "another order"),
        "the means of the cells": (
            gradients(blocks=CELL_SUMS.replace("sum", "max")), [COLOUR, HISTOGRAM], "a coloured image"),
        "makes the images grey in place": (
            gradients(before="images[:] = images.mean(axis=3, keepdims=True)"), [SHAPE, HISTOGRAM], "changes its input"),
    },
}

RIGHT = {
    "image_distance": {
        "loops": distance("""
            total = 0.0
            keep = np.ones(a.shape, dtype=bool)
            if mask is not None:
                keep[~mask] = False
            for one, other, counts in zip(a.ravel().tolist(), b.ravel().tolist(), keep.ravel().tolist()):
                if counts:
                    total += abs(one - other) if metric == "l1" else (one - other) ** 2
            return total if metric == "l1" else total**0.5
        """),
        "norm of the flat difference": distance("""
            d = (a if mask is None else a[mask]).astype(float) - (b if mask is None else b[mask])
            return np.linalg.norm(d.ravel(), ord=1 if metric == "l1" else 2)
        """),
        "float32, the mask as a factor": distance("""
            d = a.astype(np.float32) - b.astype(np.float32)
            if mask is not None:
                d = d * mask.reshape(mask.shape + (1,) * (d.ndim - mask.ndim))
            return {"l1": np.sum(np.abs(d)), "l2": np.sqrt(np.sum(np.square(d)))}[metric]
        """),
    },
    "distances_no_loop": {
        "rows scaled by the root of the weights": answer("distances_no_loop(queries, train, weights=None)", """
            a, b = queries.astype("float64"), train.astype("float64")
            if weights is not None:
                a, b = a * np.sqrt(weights), b * np.sqrt(weights)
            squared = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b) - 2 * a @ b.T
            return np.sqrt(squared.clip(0))
        """),
        "SciPy": answer("distances_no_loop(queries, train, weights=None)", """
            from scipy.spatial import distance
            return distance.cdist(queries, train, "euclidean", w=weights)
        """),
        "a loop over the queries": answer("distances_no_loop(queries, train, weights=None)", """
            w = 1 if weights is None else weights
            return np.array([np.sqrt((w * (train - query.astype(float)) ** 2).sum(1)) for query in queries])
        """),
        "NaN replaced": answer("distances_no_loop(queries, train, weights=None)", """
            a, b = queries.astype(float), train.astype(float)
            w = np.ones(a.shape[1]) if weights is None else weights
            squared = ((a * a) @ w)[:, None] + (b * b) @ w - 2 * ((a * w) @ b.T)
            with np.errstate(invalid="ignore"):
                return np.nan_to_num(np.sqrt(squared))
        """),
        "scikit-learn on scaled rows": answer("distances_no_loop(queries, train, weights=None)", """
            from sklearn.metrics.pairwise import pairwise_distances
            scale = 1.0 if weights is None else np.sqrt(np.asarray(weights, dtype=float))
            return pairwise_distances(queries * scale, train * scale, metric="minkowski", p=2)
        """),
    },
    "nearest_in_chunks": {
        "one query at a time, sorted pairs": answer("nearest_in_chunks(queries, train, k, rows_at_once)", """
            result = []
            for query in queries.astype(float):
                best = []
                for start in range(0, len(train), rows_at_once):
                    piece = train[start : start + rows_at_once].astype(float)
                    away = ((piece - query) ** 2).sum(axis=1).tolist()
                    best = sorted(best + [(d, start + i) for i, d in enumerate(away)])[:k]
                result.append([row for _, row in best])
            return np.array(result)
        """),
        "while, hstack and lexsort": answer("nearest_in_chunks(queries, train, k, rows_at_once)", """
            start, q = 0, queries.shape[0]
            best = np.full((q, k), np.inf)
            rows = np.full((q, k), len(train))
            while start < len(train):
                away = cdist(queries, train[start : start + rows_at_once], "sqeuclidean")
                here = np.broadcast_to(np.arange(start, start + away.shape[1]), away.shape)
                away, here = np.hstack([best, away]), np.hstack([rows, here])
                order = np.lexsort((here, away), axis=1)[:, :k]
                best, rows = np.take_along_axis(away, order, 1), np.take_along_axis(here, order, 1)
                start += rows_at_once
            return rows
        """),
        "a list of lists": answer("nearest_in_chunks(queries, train, k, rows_at_once)", """
            import heapq
            result = []
            for query in queries:
                found = []
                for start in range(0, len(train), rows_at_once):
                    away = cdist(query[None], train[start : start + rows_at_once])[0]
                    found = heapq.nsmallest(k, found + list(zip(away.tolist(), range(start, start + len(away)))))
                result.append([row for _, row in found])
            return result
        """),
    },
    "predict": {
        "sorted and count": answer("predict(distances, train_labels, k, least=1)", """
            out = []
            for row in distances:
                order = sorted(range(len(row)), key=lambda j: row[j])[:k]
                voters = [int(train_labels[j]) for j in order]
                best = max(voters, key=voters.count)
                out.append(best if voters.count(best) >= least else -1)
            return out
        """),
        "Counter keeps the order of the first meeting": answer("predict(distances, train_labels, k, least=1)", """
            from collections import Counter
            result = np.empty(len(distances), dtype=np.int32)
            for i, order in enumerate(np.argsort(distances, axis=1, kind="mergesort")):
                label, votes = Counter(train_labels[order[:k]].tolist()).most_common(1)[0]
                result[i] = label if votes >= least else -1
            return result
        """),
        "one-hot votes and lexsort": answer("predict(distances, train_labels, k, least=1)", """
            rows = np.broadcast_to(np.arange(distances.shape[1]), distances.shape)
            near = train_labels[np.lexsort((rows, distances), axis=1)[:, :k]]
            votes = (near[:, :, None] == near[:, None, :]).sum(axis=2)
            first = votes.argmax(axis=1)
            winner = np.take_along_axis(near, first[:, None], 1)[:, 0]
            return np.where(votes.max(axis=1) >= least, winner, -1)
        """),
        "a tuple": answer("predict(distances, train_labels, k, least=1)", """
            near = train_labels[np.argsort(distances, axis=1, kind="stable")[:, :k]]
            winner = knn.vote(near, int(train_labels.max()) + 1)
            enough = (near == winner[:, None]).sum(axis=1) >= least
            return tuple(int(w) if e else -1 for w, e in zip(winner, enough))
        """),
    },
    "make_folds": {
        "class by class, array_split": folds("""
            rng = np.random.default_rng(seed)
            parts = [np.array_split(rng.permutation(np.flatnonzero(labels == one)), n_folds) for one in np.unique(labels)]
            return [np.concatenate(fold) for fold in zip(*parts)]
        """),
        "scikit-learn, with a warning for small classes": folds("""
            from sklearn.model_selection import StratifiedKFold
            if np.unique(labels, return_counts=True)[1].max() < n_folds:
                order = np.random.default_rng(seed).permutation(len(labels))
                by_class = order[np.argsort(labels[order], kind="stable")]
                return [by_class[fold::n_folds] for fold in range(n_folds)]
            cut = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
            return [test for _, test in cut.split(np.zeros(len(labels)), labels)]
        """),
        "lists dealt one by one, the old generator": folds("""
            import random
            dealer, result, turn = random.Random(seed), [[] for _ in range(n_folds)], 0
            for one in sorted(set(labels.tolist())):
                rows = [row for row, label in enumerate(labels.tolist()) if label == one]
                dealer.shuffle(rows)
                for row in rows:
                    result[turn % n_folds].append(row)
                    turn += 1
            return result
        """),
        "RandomState and a dictionary": folds("""
            rng = np.random.RandomState(seed)
            shuffled = rng.permutation(len(labels))
            seen, fold_of = {}, np.zeros(len(labels), dtype=int)
            for row in shuffled:
                label = int(labels[row])
                fold_of[row] = seen.get(label, 0) % n_folds
                seen[label] = seen.get(label, 0) + 1
            return [np.where(fold_of == fold)[0] for fold in range(n_folds)]
        """),
    },
    "cross_validate": {
        "a list of rows": answer("cross_validate(distances, labels, folds, ks)", """
            table = []
            for k in ks:
                row = []
                for fold in folds:
                    rest = [i for i in range(len(labels)) if i not in set(fold.tolist())]
                    answers = course_predict(distances[fold][:, rest], labels[rest], k)
                    row.append(sum(answers == labels[fold]) / len(fold))
                table.append(row)
            return table
        """),
        "np.delete": answer("cross_validate(distances, labels, folds, ks)", """
            columns = []
            for fold in folds:
                near = np.delete(distances[fold], fold, axis=1)
                known = np.delete(labels, fold)
                columns.append([np.mean(course_predict(near, known, k) == labels[fold]) for k in ks])
            return np.array(columns).T
        """),
        "the fold at infinite distance, float32": answer("cross_validate(distances, labels, folds, ks)", """
            result = np.zeros((len(ks), len(folds)), dtype=np.float32)
            for j, fold in enumerate(folds):
                blocked = distances.copy()
                blocked[:, fold] = np.inf
                for i, k in enumerate(ks):
                    result[i, j] = (course_predict(blocked[fold], labels, k) == labels[fold]).mean()
            return result
        """),
        "one's own predict": answer("cross_validate(distances, labels, folds, ks)", """
            result = np.zeros((len(ks), len(folds)))
            for j, fold in enumerate(folds):
                keep = ~np.isin(np.arange(len(labels)), fold)
                for i, k in enumerate(ks):
                    right = predict(distances[fold][:, keep], labels[keep], k) == labels[fold]
                    result[i, j] = np.count_nonzero(right) / right.size
            return result
        """),
    },
    "final_score": {
        "sums and a loop": answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", """
            best, k = -1.0, None
            for row, one in zip(accuracies.tolist(), ks):
                if sum(row) / len(row) > best + 1e-12:
                    best, k = sum(row) / len(row), one
            right = [a == b for a, b in zip(course_predict(test_distances, train_labels, k), test_labels)]
            return [k, sum(right) / len(right)]
        """),
        "NumPy numbers": answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", """
            k = np.array(ks)[accuracies.mean(1).argmax()]
            return k, np.mean(course_predict(test_distances, train_labels, k) == test_labels)
        """),
        "float32 and one's own predict": answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", """
            k = int(ks[np.argmax(accuracies.mean(axis=-1))])
            share = np.float32((predict(test_distances, train_labels, k) == test_labels).mean())
            return k, share
        """),
        "accuracy_score": answer("final_score(accuracies, ks, test_distances, train_labels, test_labels)", """
            from sklearn.metrics import accuracy_score
            k = max(zip(np.mean(accuracies, axis=1), range(0, -len(ks), -1), ks))[2]
            return (k, accuracy_score(test_labels, course_predict(test_distances, train_labels, k)))
        """),
    },
    "honest_report": {
        "StandardScaler": report().replace(
            "train, validation, test = [(x - centre) / spread for x in parts]",
            "from sklearn.preprocessing import StandardScaler\n"
            "    train, validation, test = map(StandardScaler().fit(parts[0]).transform, parts)"),
        "a loop with a best so far": answer(
            "honest_report(train, train_labels, validation, validation_labels, test, test_labels, ks)", """
            m, s = np.mean(train, 0), np.std(train, 0)
            scale = lambda rows: (rows - m) / s
            best_k, best = None, -1
            for k in ks:
                right = course_predict(cdist(scale(validation), scale(train)), train_labels, k) == validation_labels
                if right.sum() > best:
                    best_k, best = k, right.sum()
            answers = course_predict(cdist(scale(test), scale(train)), train_labels, best_k)
            return [best_k, np.mean(answers == test_labels)]
        """),
        "one's own functions": answer(
            "honest_report(train, train_labels, validation, validation_labels, test, test_labels, ks)", """
            weights = 1 / train.var(axis=0)
            near = distances_no_loop(validation, train, weights)
            scores = {k: (predict(near, train_labels, k) == validation_labels).mean() for k in reversed(ks)}
            k = next(k for k in ks if scores[k] == max(scores.values()))
            return k, float((predict(distances_no_loop(test, train, weights), train_labels, k) == test_labels).mean())
        """),
        "seuclidean": answer(
            "honest_report(train, train_labels, validation, validation_labels, test, test_labels, ks)", """
            def asked(rows, labels, k):
                near = cdist(rows, train, "seuclidean", V=train.var(axis=0))
                return np.float32(np.mean(course_predict(near, train_labels, k) == labels))
            k = max(ks, key=lambda one: asked(validation, validation_labels, one))
            return k, asked(test, test_labels, k)
        """),
    },
    "gradient_histogram": {
        "pixel by pixel with bincount": answer("gradient_histogram(images, cells=4, bins=8)", """
            rows = []
            for image in images:
                grey = image.astype(float).mean(axis=-1)
                down, right = np.gradient(grey)
                y, x = np.indices(grey.shape)
                place = (y * cells // grey.shape[0]) * cells + x * cells // grey.shape[1]
                b = np.rint(np.arctan2(down, right) * bins / (2 * np.pi)).astype(int) % bins
                row = np.bincount((place * bins + b).ravel(), np.sqrt(down**2 + right**2).ravel(), cells * cells * bins)
                rows.append(row / np.linalg.norm(row) if row.any() else row)
            return np.array(rows)
        """),
        "NaN replaced": gradients(before="np.seterr(invalid='ignore')", result="np.nan_to_num(features / lengths)"),
        "complex numbers and add.at": answer("gradient_histogram(images, cells=4, bins=8)", """
            grey = images.mean(axis=3)
            down, right = np.gradient(grey, axis=1), np.gradient(grey, axis=2)
            arrows = right + 1j * down
            n, height, width = grey.shape
            b = np.round(np.angle(arrows) / (2 * np.pi / bins)).astype(int) % bins
            result = np.zeros((n, cells, cells, bins))
            i, y, x = np.indices(grey.shape)
            np.add.at(result, (i, y // (height // cells), x // (width // cells), b), np.abs(arrows))
            result = result.reshape(n, -1)
            return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12)
        """),
        "one-hot and einsum, float32": answer("gradient_histogram(images, cells=4, bins=8)", """
            grey = images.astype("float32").mean(axis=3)
            down, right = np.gradient(grey, axis=(1, 2))
            n, h, w = grey.shape
            b = np.round(np.arctan2(down, right) / (2 * np.pi) * bins).astype(int) % bins
            one_hot = np.eye(bins)[b].reshape(n, cells, h // cells, cells, w // cells, bins)
            length = np.hypot(down, right).reshape(n, cells, h // cells, cells, w // cells)
            result = np.einsum("nyaxbk,nyaxb->nyxk", one_hot, length).reshape(n, -1)
            norms = np.sqrt((result**2).sum(axis=1, keepdims=True))
            return np.divide(result, norms, out=np.zeros_like(result), where=norms > 0)
        """),
    },
}

FLOAT = "one operand in float64 is enough"
MOVED = "the distance between two rows stays the same when both are moved"
SCALED = "the feature is divided by its length in the end"
EQUIVALENT = {
    "image_distance": {
        "branch: if mask is not None -> if True": "None as an index only adds an axis, and everything is summed",
        "without asarray: np.asarray(a, dtype=np.float64) -> a": FLOAT,
        "without dtype: np.asarray(a, dtype=np.float64) -> np.asarray(a)": FLOAT,
        "without asarray: np.asarray(b, dtype=np.float64) -> b": FLOAT,
        "without dtype: np.asarray(b, dtype=np.float64) -> np.asarray(b)": FLOAT,
    },
    "distances_no_loop": {
        "dropped: queries = np.asarray(queries, dtype=np.float64) -> pass": FLOAT,
        "without asarray: np.asarray(queries, dtype=np.float64) -> queries": FLOAT,
        "without dtype: np.asarray(queries, dtype=np.float64) -> np.asarray(queries)": FLOAT,
    },
    "nearest_in_chunks": {
        "without axis: np.take_along_axis(distances, order, axis=1) -> np.take_along_axis(distances, order)": "the default",
        "without axis: np.take_along_axis(rows, order, axis=1) -> np.take_along_axis(rows, order)": "the default",
        "constant: (len(queries), 1) -> (len(queries), 2)": "the columns behind the right ones are never taken",
        **dict.fromkeys(
            [f"nearest_in_chunks: rows_at_once is always {rows}" for rows in (1, 3, 7)],
            "smaller pieces give the same and take less memory",
        ),
    },
    "make_folds": {
        "reversed: np.argsort(labels[shuffled], kind='stable') -> np.argsort(labels[shuffled], kind='stable')[..., :: …":
            "the order of the classes is free",
        "without kind: np.argsort(labels[shuffled], kind='stable') -> np.argsort(labels[shuffled])": "chance within a class",
        "constant: kind='stable' -> kind='quicksort'": "chance within a class",
    },
    "final_score": {
        "function: np.mean(accuracies, axis=1) -> np.sum(accuracies, axis=1)": "the same k has the largest sum",
    },
    "honest_report": {
        "function: train.mean(axis=0) -> np.median(train, axis=0)": MOVED,
        "function: train.mean(axis=0) -> train.sum(axis=0)": MOVED,
        "without axis: train.mean(axis=0) -> train.mean()": MOVED,
        "operator: rows - centre -> rows + centre": MOVED,
        "dropped operand: rows - centre -> rows": MOVED,
        "function: (course_predict(to_validation, train_labels, k) == validation_labels).mean() -> (course_predict(to …":
            "the same k has the largest sum",
    },
    "gradient_histogram": {
        "function: images.astype(np.float64).mean(axis=3) -> images.astype(np.float64).sum(axis=3)": SCALED,
        "function: blocks.sum(axis=(2, 4)) -> blocks.mean(axis=(2, 4))": SCALED,
        "without astype: np.round(np.arctan2(down, right) / (2 * np.pi) * bins).astype(int) -> np.round(np.arctan2(do …":
            "whole numbers as floats",
        "without astype: images.astype(np.float64) -> images": "a mean is calculated in float64",
        "operator: height // cells -> -(-height // cells)": "height is a multiple of cells",
        "operator: width // cells -> -(-width // cells)": "width is a multiple of cells",
        "constant: np.where(lengths > 0, lengths, 1) -> np.where(lengths > 0, lengths, 2)": "zeros are divided",
    },
}
