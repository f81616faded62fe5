"""Plausible mistakes of week 8: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

import re
from pathlib import Path
from textwrap import dedent, indent

SOURCE = Path(__file__).parents[3] / "solutions" / "week08_multi_output" / "multi_output.py"


def answer(signature, body, end=""):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n{end}"


def given_after(name):
    """What a solution cell holds below its solution: helpers that students get and the checks use."""
    text = SOURCE.read_text(encoding="utf-8")
    cell = re.search(rf'^# %%[^\n]*"grade_id": "{name}"[^\n]*\n(.*?)(?=^# %%)', text, re.MULTILINE | re.DOTALL)[1]
    return "\n\n" + cell.split("### END SOLUTION\n")[1].strip() + "\n"


FACTS = given_after("two_heads")


def built(*, relu='"relu"', name='name="trunk"', kind='"softmax"', below="trunk", both="[trunk, kind]", units="2",
          ripe='"sigmoid"', trunk_units="units", kinds="kinds", outputs='{"kind": kind, "ripe": ripe}', more="pass"):
    """A wrong `two_heads`."""
    return answer("two_heads(features, kinds, units=16)", f"""
        given = keras.Input((features,))
        trunk = layers.Dense({trunk_units}, activation={relu}, {name})(given)
        {more}
        kind = layers.Dense({kinds}, activation={kind}, name="kind")({below})
        ripe = layers.Dense({units}, activation={ripe}, name="ripe")(layers.Concatenate()({both}))
        return keras.Model(given, {outputs})
    """, FACTS)


def lost(*, known="np.flatnonzero(labels[name] >= 0)", p="p[known, labels[name][known]]", guard="np.maximum({p}, 1e-7)",
         loss="-np.log(of_truth).mean()", empty="0.0", total="sum(weights[name] * losses[name] for name in probabilities)",
         inside="", result="losses"):
    """A wrong `known_loss`."""
    return answer("known_loss(probabilities, labels, weights)", f"""
        losses = {{}}
        for name, p in probabilities.items():
            known = {known}
            of_truth = {guard.format(p=p)}
            with np.errstate(all="ignore"):
                losses[name] = float({loss}) {inside} if len(known) else {empty}
        losses["total"] = {total}
        return {result}
    """)


def prepared(*, known="given >= 0", first="pass", target="np.where(known, given, 0)", result="targets, weights",
             weight='(known * len(given) / max(known.sum(), 1)).astype("float32")'):
    """A wrong `for_fit`."""
    return answer("for_fit(labels)", f"""
        targets, weights = {{}}, {{}}
        for name, given in labels.items():
            known = {known}
            {first}
            targets[name] = {target}
            weights[name] = {weight}
        return {result}
    """)


def paired_up(*, joint="np.where(allowed, kind[:, :, None] * colour[:, None, :], -1.0)",
              best="joint.reshape(len(joint), -1).argmax(axis=1)", columns="allowed.shape[1]", order="[best // k, best % k]"):
    """A wrong `best_pairs`."""
    return answer("best_pairs(kind, colour, allowed)", f"""
        joint = {joint}
        best = {best}
        k = {columns}
        return np.stack({order}, axis=1)
    """)


def contradicted(*, answers="fine.argmax(axis=1)", apart="parent[answers] != coarse.argmax(axis=1)", right="answers == truth",
                 rate="apart", caught="apart[~right]", false_alarms="apart[right]", kept="right[~apart]", empty='float("nan")'):
    """A wrong `contradictions`."""
    return answer("contradictions(fine, coarse, parent, truth)", f"""
        answers = {answers}
        apart, right = {apart}, {right}

        def share(flags):
            return float(flags.mean()) if len(flags) else {empty}

        return {{"rate": share({rate}), "caught": share({caught}),
                "false_alarms": share({false_alarms}), "kept": share({kept})}}
    """)


def told(*, difference="two.astype(float) - one.astype(float)", which="np.unique(picture)",
         d="np.array([difference[picture == which].mean() for which in names])", half="1.96 * d.std(ddof=1) / np.sqrt(len(d))",
         mean="d.mean()", shown="abs(d.mean()) > half"):
    """A wrong `paired_interval`."""
    return answer("paired_interval(one, two, picture)", f"""
        difference = {difference}
        names = {which}
        d = {d}
        half = {half}
        return float({mean}), float(half), bool({shown})
    """)


MODEL, LOSS, FIT = ["two_heads_test"], ["known_loss_test"], ["for_fit_test"]
PAIRS, APART, PAIRED = ["best_pairs_test"], ["contradictions_test"], ["paired_interval_test"]

WRONG = {
    "two_heads": {
        "a list of outputs": (built(outputs="[kind, ripe]"), MODEL, "keras.Model(given, {name: ...})"),
        "other names": (built(outputs='{"kinds": kind, "ripeness": ripe}'), MODEL, "the outputs"),
        "trunk without a name": (built(name="name=None"), MODEL, "No layer is named 'trunk'"),
        "ripe does not see kind": (built(both="[trunk]"), MODEL, "the shapes of the weights of `ripe`"),
        "ripe does not see the trunk": (built(both="[kind]"), MODEL, "the shapes of the weights of `ripe`"),
        "kind first": (built(both="[kind, trunk]"), MODEL, "trunk first?"),
        "three ripenesses": (built(units="3"), MODEL, "has two units"),
        "softmax over thresholds": (built(ripe='"softmax"'), MODEL, "a sigmoid?"),
        "sigmoid over kinds": (built(kind='"sigmoid"'), MODEL, "softmax?"),
        "scores": (built(kind="None"), MODEL, "the answer of `kind`"),
        "linear trunk": (built(relu="None"), MODEL, "ReLU in the trunk?"),
        "a trunk of 16 units": (built(trunk_units="16"), MODEL, "the shapes of the trunk's weights"),
        "two layers in the trunk": (
            built(more='trunk = layers.Dense(units, activation="relu")(trunk)'), MODEL, "the answer of `kind`"),
        "kind without the trunk": (built(below="given"), MODEL, "On the trunk"),
    },
    "known_loss": {
        "divides by all": (lost(loss="-np.log(of_truth).sum() / len(p)"), LOSS, "KNOWN labels"),
        "a sum": (lost(loss="-np.log(of_truth).sum()"), LOSS, "not the sum"),
        "-1 is the last class": (lost(known="np.arange(len(p))"), LOSS, "leave missing labels out"),
        "class 0 is missing": (lost(known="np.flatnonzero(labels[name] > 0)"), LOSS, "the loss of `kind`"),
        "base 10": (lost(loss="-np.log10(of_truth).mean()"), LOSS, "the loss of `kind`"),
        "weighted heads": (lost(inside="* weights[name]", total="sum(losses.values())"), LOSS, "unweighted"),
        "weights forgotten": (lost(total="sum(losses.values())"), LOSS, "Multiply each loss by its weight"),
        "a mean of the heads": (
            lost(total="np.mean([weights[name] * losses[name] for name in probabilities])"), LOSS, "the total"),
        "nan where nothing is known": (lost(empty='float("nan")'), LOSS, "a head without a known label"),
        "no guard": (lost(guard="{p}"), LOSS, "where the probability is 0"),
        "guard by adding": (lost(guard="({p} + 1e-3)"), LOSS, "the loss of `kind`"),
        "wrong sign": (lost(loss="np.log(of_truth).mean()"), LOSS, "the loss of `kind`"),
        "a number": (lost(result='losses["total"]'), LOSS, "Return a dict"),
    },
    "for_fit": {
        "as it was": (prepared(known="given > 0", first="given[~known] = 0", target="given", weight="np.where(known, 1, 0)",
                               result="targets, weights[name]"), FIT, "handed over"),
        "class 0 is missing": (prepared(known="given > 0"), FIT, "Class 0 is a class"),
        "ones": (prepared(weight='known.astype("float32")'), FIT, "sum to the number of pictures"),
        "sums to 1": (prepared(weight='(known / max(known.sum(), 1)).astype("float32")'), FIT, "the weights of `kind`"),
        "doubles": (prepared(weight="known * len(given) / max(known.sum(), 1)"), FIT, "Weights are float32"),
        "missing stays -1": (prepared(target="given"), FIT, "the targets of `kind`"),
        "divides by nothing": (
            prepared(weight='(known * np.float64(len(given)) / np.float64(known.sum())).astype("float32")',
                     first='np.seterr(all="ignore")'), FIT, "a head without known labels"),
        "weights of what is missing": (
            prepared(weight='(~known * len(given) / max((~known).sum(), 1)).astype("float32")'), FIT, "the weights of `kind`"),
        "writes into the labels": (prepared(first="given[~known] = 0", target="given"), FIT, "handed over"),
        "one array of weights": (prepared(result="targets, weights[name]"), FIT, "for EACH output"),
    },
    "best_pairs": {
        "each head for itself": (
            answer("best_pairs(kind, colour, allowed)", "return np.stack([kind.argmax(axis=1), colour.argmax(axis=1)], axis=1)"),
            PAIRS, "need not be an allowed pair"),
        "kind first, then its best colour": (
            answer("best_pairs(kind, colour, allowed)", """
                first = kind.argmax(axis=1)
                second = np.where(allowed[first], colour, -1).argmax(axis=1)
                return np.stack([first, second], axis=1)
            """), PAIRS, "PRODUCTS of all allowed pairs"),
        "a sum": (paired_up(joint="np.where(allowed, kind[:, :, None] + colour[:, None, :], -1.0)"), PAIRS, "Multiply them"),
        "exchanged": (paired_up(order="[best % k, best // k]"), PAIRS, "Kind first"),
        "everything allowed": (paired_up(joint="kind[:, :, None] * colour[:, None, :]"), PAIRS, "kind and colour of four"),
        "forbidden pairs get 0": (paired_up(joint="kind[:, :, None] * colour[:, None, :] * allowed"), PAIRS,
                                  "the only allowed pair"),
        "the last of equals": (
            paired_up(best="joint.shape[1] * joint.shape[2] - 1 - joint.reshape(len(joint), -1)[:, ::-1].argmax(axis=1)"),
            PAIRS, "kind and colour of four"),
        "rows of the wrong length": (paired_up(columns="allowed.shape[0]"), PAIRS, "as many cells as there are colours"),
        "flat places": (paired_up(order="[best, best]"), PAIRS, "kind and colour"),
    },
    "contradictions": {
        "agreement": (contradicted(rate="~apart"), APART, "Count those that do NOT agree"),
        "precision for recall": (contradicted(caught="(~right)[apart]"), APART, "Of the 4 WRONG answers"),
        "shares of all": (contradicted(caught="apart & ~right"), APART, "number of WRONG answers"),
        "false alarms of all": (contradicted(false_alarms="apart & right"), APART, "number of RIGHT answers"),
        "right answers among the contradictions": (contradicted(false_alarms="right[apart]"), APART, "Of the RIGHT answers"),
        "kept is the accuracy": (contradicted(kept="right"), APART, "Leave the contradictions out"),
        "kept of all": (contradicted(kept="right & ~apart"), APART, "that are KEPT"),
        "kept where they contradict": (contradicted(kept="right[apart]"), APART, "WITHOUT a contradiction"),
        "0 for nothing": (contradicted(empty="0.0"), APART, "0 / 0 is nan"),
        "wrong coarse answers": (contradicted(apart="coarse.argmax(axis=1) != parent[truth]"), APART, "rate (3 of 8"),
        "right in both": (contradicted(right="(answers == truth) & (coarse.argmax(axis=1) == parent[truth])"), APART,
                          "caught (2 of 4"),
    },
    "paired_interval": {
        "one minus two": (told(difference="one.astype(float) - two.astype(float)"), PAIRED, "TWO minus one"),
        "unpaired": (told(half="1.96 * np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))"), PAIRED,
                     "The spread of the DIFFERENCES"),
        "no root": (told(half="1.96 * d.std(ddof=1)"), PAIRED, "root of the number of pictures"),
        "divided by m": (told(half="1.96 * d.std() / np.sqrt(len(d))"), PAIRED, "ddof=1"),
        "standard error": (told(half="d.std(ddof=1) / np.sqrt(len(d))"), PAIRED, "Times 1.96"),
        "doubles count": (told(d="difference"), PAIRED, "Average over the rows of each picture"),
        "root of the rows": (told(half="1.96 * d.std(ddof=1) / np.sqrt(len(one))"), PAIRED, "when every picture stands twice"),
        "the first row only": (
            told(d="difference[np.unique(picture, return_index=True)[1]]"), PAIRED, "three rows of one picture"),
        "the mean over rows": (told(mean="difference.mean()"), PAIRED, "Each PICTURE counts the same"),
        "better is shown": (told(shown="d.mean() > half"), PAIRED, "whether 0 is left out"),
        "always shown": (told(shown="abs(d.mean()) > 0"), PAIRED, "whether 0 is left out"),
        "not shown": (told(shown="abs(d.mean()) < half"), PAIRED, "whether 0 is left out"),
        "the sum of a picture's rows": (
            told(d="np.array([difference[picture == which].sum() for which in names])"), PAIRED,
            "when every picture stands twice"),
    },
}
for mistakes in WRONG.values():
    for mistake, (source, losing, advice) in mistakes.items():
        hidden = [name.replace("_test", "_hidden_test") for name in losing]
        mistakes[mistake] = (source, losing + hidden, advice)

RIGHT = {
    "two_heads": {
        "activations as layers": answer("two_heads(features, kinds, units=16)", """
            x = keras.Input(shape=(features,), name="features")
            trunk = layers.ReLU()(layers.Dense(units, name="trunk")(x))
            kind = layers.Softmax()(layers.Dense(kinds, name="kind")(trunk))
            ripe = keras.activations.sigmoid(layers.Dense(2, name="ripe")(layers.concatenate([trunk, kind])))
            return keras.Model(inputs=x, outputs=dict(kind=kind, ripe=ripe))
        """, FACTS),
        "a list of inputs": built(outputs='{"ripe": ripe, "kind": kind}', both="(trunk, kind)", relu="keras.activations.relu"),
        "operations": answer("two_heads(features, kinds, units=16)", """
            inputs = keras.layers.Input([features])
            hidden = layers.Dense(units, "relu", name="trunk")(inputs)
            heads = {"kind": layers.Dense(kinds, "softmax", name="kind")(hidden)}
            seen = keras.ops.concatenate([hidden, heads["kind"]], axis=-1)
            heads["ripe"] = layers.Dense(2, "sigmoid", name="ripe")(seen)
            return keras.models.Model(inputs, heads)
        """, FACTS),
    },
    "known_loss": {
        "a loop over the pictures": answer("known_loss(probabilities, labels, weights)", """
            import math
            result = {"total": 0}
            for name in labels:
                each = [-math.log(max(p[y], 1e-7)) for p, y in zip(probabilities[name], labels[name]) if y != -1]
                result[name] = sum(each) / len(each) if each else 0
                result["total"] += weights[name] * result[name]
            return result
        """),
        "a mask": answer("known_loss(probabilities, labels, weights)", """
            losses = {}
            for name, y in labels.items():
                known = (y >= 0).astype(float)
                truth = np.take_along_axis(probabilities[name], np.maximum(y, 0)[:, None], axis=1)[:, 0]
                losses[name] = np.sum(-np.log(np.clip(truth, 1e-7, 1)) * known) / max(known.sum(), 1)
            return losses | {"total": sum(losses[name] * weights[name] for name in losses)}
        """),
        "one-hot": answer("known_loss(probabilities, labels, weights)", """
            losses, total = {}, 0.0
            for name in sorted(probabilities):
                p, y = np.maximum(probabilities[name], 1e-7), labels[name]
                hot = y[:, None] == np.arange(p.shape[1])
                losses[name] = np.float64(-(hot * np.log(p)).sum() / max(hot.sum(), 1))
                total = total + losses[name] * weights[name]
            losses["total"] = total
            return losses
        """),
    },
    "for_fit": {
        "maximum": prepared(target="np.maximum(given, 0)"),
        "copies": answer("for_fit(labels)", """
            targets = {name: given.copy() for name, given in labels.items()}
            weights = {}
            for name, given in targets.items():
                weights[name] = np.zeros(len(given), dtype=np.float32)
                known = given != -1
                if known.any():
                    weights[name][known] = len(given) / known.sum()
                given[given == -1] = 0
            return [targets, weights]
        """),
        "comprehensions": answer("for_fit(labels)", """
            known = {name: given > -1 for name, given in labels.items()}
            weights = {name: np.array([len(k) / k.sum() if one else 0 for one in k], dtype="float32")
                       for name, k in known.items()}
            return {name: labels[name] * known[name] for name in labels}, weights
        """),
    },
    "best_pairs": {
        "loops": answer("best_pairs(kind, colour, allowed)", """
            result = []
            for p, q in zip(kind, colour):
                best = None
                for i in range(len(p)):
                    for j in range(len(q)):
                        if allowed[i, j] and (best is None or p[i] * q[j] > best[0]):
                            best = p[i] * q[j], i, j
                result.append(best[1:])
            return np.array(result)
        """),
        "a list of pairs": answer("best_pairs(kind, colour, allowed)", """
            pairs = np.argwhere(allowed)
            products = kind[:, pairs[:, 0]] * colour[:, pairs[:, 1]]
            return pairs[products.argmax(axis=1)]
        """),
        "einsum and unravel_index": answer("best_pairs(kind, colour, allowed)", """
            joint = np.einsum("ni,nj->nij", kind, colour)
            joint[:, ~allowed] = -np.inf
            places = joint.reshape(len(joint), -1).argmax(1)
            return np.array(np.unravel_index(places, allowed.shape)).T
        """),
    },
    "contradictions": {
        "counting": answer("contradictions(fine, coarse, parent, truth)", """
            n = len(truth)
            wrong = caught = alarms = 0
            for i in range(n):
                told = int(np.argmax(fine[i]))
                against = parent[told] != np.argmax(coarse[i])
                wrong += told != truth[i]
                caught += against and told != truth[i]
                alarms += against and told == truth[i]
            apart = caught + alarms
            right = n - wrong
            return {"rate": apart / n, "caught": caught / wrong if wrong else np.nan,
                    "false_alarms": alarms / right if right else np.nan,
                    "kept": (right - alarms) / (n - apart) if n - apart else np.nan}
        """),
        "division of sums": answer("contradictions(fine, coarse, parent, truth)", """
            answers = np.argmax(fine, axis=-1)
            apart = np.take(parent, answers) != np.argmax(coarse, axis=-1)
            wrong = answers != truth
            with np.errstate(invalid="ignore", divide="ignore"):
                return dict(rate=np.float64(apart.mean()), caught=np.float64((apart & wrong).sum()) / wrong.sum(),
                            false_alarms=np.float64((apart & ~wrong).sum()) / (~wrong).sum(),
                            kept=np.float64((~apart & ~wrong).sum()) / (~apart).sum())
        """),
        "another order": contradicted(apart="coarse.argmax(1) != np.array([parent[a] for a in answers])"),
    },
    "paired_interval": {
        "two averages": answer("paired_interval(one, two, picture)", """
            names = sorted(set(picture.tolist()))
            means = [[np.mean(right[picture == name]) for name in names] for right in (one, two)]
            d = np.subtract(means[1], means[0])
            half = 1.96 * np.std(d, ddof=1) / len(d) ** 0.5
            return d.mean(), half, not -half <= d.mean() <= half
        """),
        "bincount": answer("paired_interval(one, two, picture)", """
            _, place = np.unique(picture, return_inverse=True)
            rows = np.bincount(place)
            d = (np.bincount(place, weights=two) - np.bincount(place, weights=one)) / rows
            mean, half = float(np.mean(d)), 1.96 * float(np.sqrt(d.var(ddof=1) / len(d)))
            return [mean, half, mean - half > 0 or mean + half < 0]
        """),
        "SciPy": answer("paired_interval(one, two, picture)", """
            from scipy import stats
            difference = two * 1.0 - one * 1.0
            d = [difference[picture == which].mean() for which in set(picture)]
            half = 1.96 * stats.sem(d)
            return np.mean(d), half, abs(np.mean(d)) > half
        """),
    },
}

FLOATS = "the other array is of floats already, and so is the difference"
EQUIVALENT = {
    "contradictions": {
        "branch: float(flags.mean()) if len(flags) else float('nan') -> float(flags.mean()) if True else float('nan')":
            "the mean of nothing is nan, with a warning",
    },
    "paired_interval": {
        "without astype: one.astype(float) -> one": FLOATS,
        "without astype: two.astype(float) -> two": FLOATS,
    },
}
