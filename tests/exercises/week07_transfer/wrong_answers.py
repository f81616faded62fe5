"""Plausible mistakes of week 7: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

import re
from pathlib import Path
from textwrap import dedent, indent

SOURCE = Path(__file__).parents[3] / "solutions" / "week07_transfer" / "transfer.py"


def answer(signature, body, end=""):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n{end}"


def given_after(name):
    """What a solution cell holds below its solution: helpers that students get and the checks use."""
    text = SOURCE.read_text(encoding="utf-8")
    cell = re.search(rf'^# %%[^\n]*"grade_id": "{name}"[^\n]*\n(.*?)(?=^# %%)', text, re.MULTILINE | re.DOTALL)[1]
    return "\n\n" + cell.split("### END SOLUTION\n")[1].strip() + "\n"


def decided(*, relation=">=", no_kept="1.0", no_wanted="1.0", precision="right / kept.sum()",
            recall="right / (labels == 1).sum()", result="float(precision), float(recall)"):
    """A wrong `precision_recall`."""
    return answer("precision_recall(labels, scores, threshold)", f"""
        kept = scores {relation} threshold
        right = (kept & (labels == 1)).sum()
        precision = {precision} if kept.any() else {no_kept}
        recall = {recall} if (labels == 1).any() else {no_wanted}
        return {result}
    """)


def unguarded(body):
    """A wrong `precision_recall` without a guard."""
    return answer("precision_recall(labels, scores, threshold)", body)


def chosen(body):
    """A wrong `choose_threshold`."""
    return answer("choose_threshold(labels, scores, recall)", body)


GUARD = 'if not (labels == 1).any(): raise ValueError("nothing is wanted")'


def searched(*, guard=GUARD, which="max", among="scores", enough=">= recall - 1e-12", place="[1]", result="float(best)"):
    """A wrong `choose_threshold` that asks score by score."""
    return chosen(f"""
        {guard}
        best = {which}(s for s in {among} if precision_recall(labels, scores, s){place} {enough})
        return {result}
    """)


def reported(*, source="*validation", test="*test", threshold="threshold", kept="on_test[1] >= recall",
             validation="*validation", result=None):
    """A wrong `honest_report`."""
    made = result or f"""{{"threshold": threshold, "validation": precision_recall({validation}, threshold),
                "test": on_test, "kept": bool({kept})}}"""
    return answer("honest_report(validation, test, recall)", f"""
        threshold = choose_threshold({source}, recall)
        on_test = precision_recall({test}, {threshold})
        return {made}
    """)


def mistaken(*, keeps="(labels == 0) & (scores >= threshold)", loses="(labels == 1) & (scores < threshold)",
             kept_by="-scores[kept]", lost_by="scores[lost]", stable=', kind="stable"', n="[:n]",
             result='{"kept": kept.tolist(), "lost": lost.tolist()}'):
    """A wrong `confident_mistakes`."""
    return answer("confident_mistakes(labels, scores, threshold, n)", f"""
        kept = np.flatnonzero({keeps})
        lost = np.flatnonzero({loses})
        kept = kept[np.argsort({kept_by}{stable})]{n}
        lost = lost[np.argsort({lost_by}{stable})]{n}
        return {result}
    """)


def prepared(*, grey="np.repeat(images, 3, axis=-1)", larger="images.repeat(factor, axis=1).repeat(factor, axis=2)",
             scaled="larger / 127.5 - 1", kind='.astype("float32")', first="pass"):
    """A wrong `prepare`."""
    return answer("prepare(images, factor)", f"""
        {first}
        if images.shape[-1] == 1:
            images = {grey}
        larger = {larger}
        return ({scaled}){kind}
    """)


def featured(*, starts="range(0, len(images), batch)", call="model(images[start : start + batch], training=False)",
             result="np.concatenate(parts)"):
    """A wrong `features`."""
    return answer("features(parcel, images, batch=32)", f"""
        model = unpack(parcel)
        parts = [keras.ops.convert_to_numpy({call}) for start in {starts}]
        return {result}
    """)


def keyed(body):
    """A wrong `cache_key`."""
    return answer("cache_key(parcel, images)", body)


def headed(*, freeze="trunk.trainable = False", units="1", activation='"sigmoid"', kernel='"zeros"', name='"event"', more="",
           bias="keras.initializers.Constant(np.log(base_rate / (1 - base_rate)))", below="trunk.outputs[0]",
           result="keras.Model(trunk.inputs[0], event(below))", after="pass"):
    """A wrong `with_head`."""
    return answer("with_head(parcel, base_rate)", f"""
        trunk = unpack(parcel)
        {freeze}
        event = layers.Dense(
            {units}, activation={activation}, kernel_initializer={kernel}, bias_initializer={bias}, name={name}{more}
        )
        below = {below}
        model = {result}
        {after}
        return model
    """, given_after("with_head"))


def compared(body):
    """A wrong `changed_layers`."""
    return answer("changed_layers(before, after)", body)


def freed(*, trunk="model.layers[:-1]", able="layer.weights and not isinstance(layer, layers.BatchNormalization)",
          free="able[max(len(able) - last, 0):]", head="model.layers[-1].trainable = True",
          rest="layer.trainable = layer in free", first="pass"):
    """A wrong `set_trainable`."""
    return answer("set_trainable(model, last)", f"""
        {first}
        trunk = {trunk}
        {head}
        able = [layer for layer in trunk if {able}]
        free = {free}
        for layer in trunk:
            {rest}
    """, given_after("set_trainable"))


def phased(*, before="pass", first_rate="rates[0]", first_epochs="epochs[0]", batch="len(images)", snap="snapshot(model)",
           free="set_trainable(model, last)", again="model.compile(keras.optimizers.SGD(rates[1]), LOSS)",
           fit="model.fit(images, labels, epochs=epochs[1], **whole)", loss='"binary_crossentropy"',
           result="first, snapshot(model)"):
    """A wrong `two_phases`."""
    return answer("two_phases(parcel, images, labels, last, rates, epochs)", f"""
        model = with_head(parcel, float(np.mean(labels)))
        whole = {{"batch_size": {batch}, "shuffle": False, "verbose": 0}}
        {before}
        model.compile(keras.optimizers.SGD({first_rate}), {loss})
        model.fit(images, labels, epochs={first_epochs}, **whole)
        first = {snap}
        {free}
        {again.replace("LOSS", loss)}
        {fit}
        return {result}
    """)


def regatta(*, rescale="layers.Rescaling(1 / 127.5, offset=-1)", flip='"horizontal"', augmented=None, call="training=False",
            units="1", activation='"sigmoid"', loop="layer.trainable = number >= start and not is_norm", flat=False, end="pass",
            compiled='model.compile(keras.optimizers.SGD(0.01), "binary_crossentropy")'):
    """A wrong `regatta_model`."""
    called = f"base(x, {call})" if call else "base(x)"
    ends = "base.inputs[0]", "base.outputs[0]"
    if not flat:
        ends = "inputs", called
    body = f"keras.Model({ends[0]}, layers.Dense({units}, activation={activation}, name='event')({ends[1]}))"
    return answer("regatta_model(size, first_free=None, weights=None)", f"""
        base = keras.applications.MobileNetV2(
            input_shape=(size, size, 3), alpha=0.35, include_top=False, pooling="avg", weights=weights
        )
        names = [layer.name for layer in base.layers]
        start = len(names) if first_free is None else names.index(first_free)
        for number, layer in enumerate(base.layers):
            is_norm = isinstance(layer, layers.BatchNormalization)
            {loop or 'layer.trainable = number >= start'}
        inputs = keras.Input((size, size, 3))
        x = {augmented or f'layers.RandomFlip({flip})(inputs)'}
        x = {rescale}(x)
        model = {body}
        {compiled}
        {end}
        return model
    """, given_after("regatta_model"))


SHARES = EDGES = "precision_recall_test"
CHOICE = TIES = "choose_threshold_test"
REPORT, KEPT, NUMBERS = "honest_report_test", "confident_mistakes_test", "prepare_test"
LOST, SHAPES = KEPT, NUMBERS
FEATURES, BATCHES, KEY = "features_test", "features_batches_test", "cache_key_test"
HEAD, START = "with_head_test", "with_head_start_test"
FROZEN = START
MOVED, FREE, NORM = "changed_layers_test", "set_trainable_test", "set_trainable_norm_test"
FIRST, SECOND = "two_phases_head_test", "two_phases_tune_test"
USE, WHO = "regatta_use_test", "regatta_free_test"

SLOW = {"two_phases", "regatta_model"}  # see `gate.answers_to_run`

WRONG = {
    "precision_recall": {
        "exchanged": (decided(result="float(recall), float(precision)"), [SHARES, EDGES], "Return precision first"),
        "the accuracy": (unguarded("""
            right = float(np.mean((scores >= threshold) == (labels == 1)))
            return right, right
        """), [SHARES, EDGES], "rightly dropped do not count"),
        "shares of all pictures": (
            decided(precision="right / len(labels)", recall="right / len(labels)"), [SHARES, EDGES], "Divide by the kept ones"),
        "recall of the others": (
            decided(recall="(kept & (labels == 0)).sum() / (labels == 0).sum()"), [SHARES, EDGES], "of the WANTED"),
        "keeps what is below": (decided(relation="<"), [SHARES, EDGES], "AT LEAST the threshold"),
        "above only": (decided(relation=">"), [EDGES], "a score that equals it is kept"),
        "no guard in NumPy": (unguarded("""
            kept = scores >= threshold
            right = (kept & (labels == 1)).sum()
            return float(right / kept.sum()), float(right / (labels == 1).sum())
        """), [EDGES], "Nothing was kept: 0 / 0"),
        "no guard with whole numbers": (unguarded("""
            kept = scores >= threshold
            right = int((kept & (labels == 1)).sum())
            return right / int(kept.sum()), right / int((labels == 1).sum())
        """), [EDGES], "ask first whether anything is kept"),
        "precision 0 when nothing is kept": (decided(no_kept="0.0"), [EDGES], "nothing was kept WRONGLY"),
        "recall 0 when nothing is wanted": (decided(no_wanted="0.0"), [EDGES], "so nothing was lost"),
    },
    "choose_threshold": {
        "the lowest": (searched(which="min"), [CHOICE, TIES], "the HIGHEST"),
        "by precision": (searched(place="[0]"), [CHOICE, TIES], "the recall that is asked for"),
        "more than asked for": (searched(enough="> recall + 1e-12"), [CHOICE, TIES], "3 of 4 are enough for 0.75"),
        "a quantile": (chosen(f"""
            {GUARD}
            return float(np.quantile(scores[labels == 1], 1 - recall))
        """), [CHOICE, TIES], "Take one of the scores"),
        "floats cut off": (chosen(f"""
            {GUARD}
            wanted = np.sort(scores[labels == 1])
            return float(wanted[int((1 - recall) * len(wanted))])
        """), [TIES], "beware of what floats make of it"),
        "without the last one": (chosen(f"""
            {GUARD}
            wanted = np.sort(scores[labels == 1])[::-1]
            return float(wanted[min(int(recall * len(wanted) + 1e-9), len(wanted) - 1)])
        """), [CHOICE, TIES], "3 of 4 are enough for 0.75"),
        "one too few": (chosen(f"""
            {GUARD}
            wanted = np.sort(scores[labels == 1])[::-1]
            return float(wanted[max(int(recall * len(wanted) + 1e-9) - 1, 0)])
        """), [CHOICE], "3 of 4 are 75 %"),
        "says nothing when nothing is wanted": (searched(guard="pass"), [TIES], "raise a ValueError"),
        "among wanted scores only": (searched(among="scores[labels == 1]"), [TIES], "the highest of ALL the scores"),
    },
    "honest_report": {
        "chosen on the test": (reported(source="*test"), [REPORT], "choose nothing"),
        "chosen on both": (
            reported(source="*(np.concatenate(pair) for pair in zip(validation, test))"), [REPORT], "choose nothing"),
        "another threshold for the test": (
            reported(threshold="choose_threshold(*test, recall)"), [REPORT], "precision and recall of the test pictures"),
        "validation twice": (reported(test="*validation"), [REPORT], "precision and recall of the test pictures"),
        "test twice": (reported(validation="*test"), [REPORT], "precision and recall of the validation pictures"),
        "promise judged on validation": (
            reported(kept="precision_recall(*validation, threshold)[1] >= recall"), [REPORT], "half of the wanted ones"),
        "promise judged by the precision": (
            reported(kept="on_test[0] >= recall - 0.1"), [REPORT], "half of the wanted ones"),
        "more than promised": (reported(kept="on_test[1] > recall"), [REPORT], "AT LEAST what was promised"),
        "as good as on validation": (
            reported(kept="on_test[1] >= precision_recall(*validation, threshold)[1]"), [REPORT], "more than the 0.6 promised"),
        "nearly kept": (reported(kept="on_test[1] >= recall - 0.05"), [REPORT], "nearly is not kept"),
        "a list": (reported(result="[threshold, on_test]"), [REPORT], "a dict with the keys"),
    },
    "confident_mistakes": {
        "not sorted": (mistaken(kept_by="kept * 0", lost_by="lost * 0"), [KEPT, LOST], "not in the order of their scores"),
        "closest first": (mistaken(kept_by="scores[kept]", lost_by="-scores[lost]"), [KEPT, LOST], "the HIGHEST score first"),
        "lowest kept first": (mistaken(kept_by="scores[kept]"), [KEPT], "the HIGHEST score first"),
        "highest lost first": (mistaken(lost_by="-scores[lost]"), [LOST], "There the model was most sure"),
        "ties the other way round": (
            mistaken(kept_by="scores[kept]", lost_by="-scores[lost]", n="[::-1][:n]"), [KEPT, LOST], "comes first in the list"),
        "all that is kept": (mistaken(keeps="scores >= threshold"), [KEPT], "Keeping it was no mistake"),
        "all that is dropped": (mistaken(loses="scores < threshold"), [LOST], "Dropped rightly"),
        "threshold not kept": (
            mistaken(keeps="(labels == 0) & (scores > threshold)", loses="(labels == 1) & (scores <= threshold)"),
            [KEPT, LOST], "picture 5 is just on it"),
        "ignores the threshold": (mistaken(keeps="labels == 0", loses="labels == 1"), [KEPT, LOST], "and rightly so"),
        "ignores n": (mistaken(n=""), [KEPT, LOST], "At most n"),
        "kinds exchanged": (mistaken(result='{"lost": kept.tolist(), "kept": lost.tolist()}'), [KEPT, LOST],
                            "Not wanted, score at least 0.5"),
    },
    "prepare": {
        "from 0 to 1": (prepared(scaled="larger / 255"), [NUMBERS, SHAPES], "0 should become -1"),
        "half as wide": (prepared(scaled="larger / 255 - 0.5"), [NUMBERS, SHAPES], "255 should become 1"),
        "centred only": (prepared(scaled="larger - 127.5"), [NUMBERS, SHAPES], "Divide, too"),
        "bytes": (prepared(scaled="larger", kind=""), [NUMBERS, SHAPES], "0 becomes -1"),
        "overflow": (prepared(scaled="larger * np.uint8(2) / 255 - 1"), [NUMBERS, SHAPES], "uint8 cannot hold"),
        "double precision": (prepared(kind=""), [NUMBERS], "the trunk wants float32"),
        "tiles": (prepared(larger="np.tile(images, (1, factor, factor, 1))"), [SHAPES], "Repeat each PIXEL"),
        "grey stays grey": (prepared(grey="images"), [SHAPES], "grey gets three channels"),
        "not enlarged": (prepared(larger="images"), [SHAPES], "Each side grows"),
        "one side only": (prepared(larger="images.repeat(factor, axis=1)"), [SHAPES], "Each side grows"),
        "transposed": (
            prepared(larger="images.repeat(factor, axis=1).repeat(factor, axis=2).swapaxes(1, 2)"), [SHAPES],
            "rows come before columns"),
    },
    "features": {
        "as in training": (
            featured(call="model(images[start : start + batch], training=True)"), [FEATURES, BATCHES], "say training=False"),
        "without the last batch": (
            featured(starts="range(0, len(images) - batch + 1, batch)"), [FEATURES, BATCHES], "features"),
        "the first batch only": (featured(result="parts[0]"), [BATCHES], "the last batch is smaller"),
        "a list of batches": (featured(result="np.array(parts)"), [FEATURES, BATCHES], "features"),
        "turned round": (featured(result="np.concatenate(parts)[::-1]"), [FEATURES], "Keep the order"),
        "no return": (featured(result="None"), [FEATURES, BATCHES], "does it end with `return`"),
        "each batch scaled": (
            featured(call="model(images[start : start + batch] - images[start : start + batch].mean(), training=False)"),
            [FEATURES, BATCHES], "In batches of"),
    },
    "cache_key": {
        "a counter": (keyed("""
            import uuid
            return uuid.uuid4().hex * 2
        """), [KEY], "take the CONTENT"),
        "Python's hash, the same in one process": (keyed("""
            arrays = [*parcel["weights"], images]
            parts = (parcel["plan"], *((one.shape, str(one.dtype), one.tobytes()) for one in arrays))
            return f"{hash(parts) % 2**64:064x}"
        """), [KEY], "It has to be the same in each process"),
        "images before weights": (keyed("""
            import hashlib
            digest = hashlib.sha256(parcel["plan"].encode())
            for array in [images, *parcel["weights"]]:
                digest.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
            return digest.hexdigest()
        """), [KEY], "weights first"),
        "the address": (keyed("""
            import hashlib
            return hashlib.sha256(str((id(images), parcel["plan"])).encode()).hexdigest()
        """), [KEY], "take the CONTENT"),
        "images only": (keyed("""
            import hashlib
            return hashlib.sha256(images.tobytes()).hexdigest()
        """), [KEY], "one weight in the last layer"),
        "network only": (keyed("""
            import hashlib
            digest = hashlib.sha256(parcel["plan"].encode())
            for array in parcel["weights"]:
                digest.update(array.tobytes())
            return digest.hexdigest()
        """), [KEY], "the first pixel has changed"),
        "sums": (keyed("""
            import hashlib
            sums = [float(np.sum(array, dtype=float)) for array in [*parcel["weights"], images]]
            return hashlib.sha256(str((parcel["plan"], sums, images.shape)).encode()).hexdigest()
        """), [KEY], "in another order"),
        "what print shows": (keyed("""
            import hashlib
            text = str(parcel["plan"]) + str(parcel["weights"]) + str(images.round(1))
            return hashlib.sha256(text.encode()).hexdigest()
        """), [KEY], "The key is the same although"),
        "without the shape": (keyed("""
            import hashlib
            digest = hashlib.sha256(parcel["plan"].encode())
            for array in [*parcel["weights"], images]:
                digest.update(str(array.dtype).encode() + array.tobytes())
            return digest.hexdigest()
        """), [KEY], "another shape, with the same bytes"),
        "without the type": (keyed("""
            import hashlib
            digest = hashlib.sha256(parcel["plan"].encode())
            for array in [*parcel["weights"], images]:
                digest.update(str(array.shape).encode() + array.tobytes())
            return digest.hexdigest()
        """), [KEY], "another type, with the same bytes"),
        "without the plan": (keyed("""
            import hashlib
            digest = hashlib.sha256()
            for array in [*parcel["weights"], images]:
                digest.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
            return digest.hexdigest()
        """), [KEY], "the plan has changed"),
    },
    "with_head": {
        "two outputs": (headed(units="2"), [HEAD], "One number is enough"),
        "a score": (headed(activation="None"), [HEAD, START], "makes a probability of it"),
        "softmax": (headed(activation='"softmax"'), [HEAD, START], "Of one number a softmax makes 1"),
        "tanh": (headed(activation='"tanh"'), [HEAD, START], "A probability lies between"),
        "no bias": (headed(more=", use_bias=False"), [HEAD], "It needs its bias"),
        "nested": (
            headed(result="keras.Sequential([trunk, event])"), [HEAD], "a flat model"),
        "another name": (headed(name='"head"'), [HEAD], "the layers of the model with a head"),
        "fresh trunk": (
            headed(below="keras.models.clone_model(trunk).outputs[0]",
                   result="keras.models.clone_model(keras.Model(trunk.inputs[0], event(trunk.outputs[0])))"),
            [HEAD], "the weights of"),
        "random kernel": (headed(kernel='"glorot_uniform"'), [START], "with a kernel of zeros"),
        "bias 0": (headed(bias='"zeros"'), [START], "Where does the bias begin"),
        "bias is the base rate": (
            headed(bias="keras.initializers.Constant(base_rate)"), [START], "the log odds of the base rate"),
        "odds upside down": (
            headed(bias="keras.initializers.Constant(np.log((1 - base_rate) / base_rate))"), [START], "ln(b / (1 - b))"),
        "logarithm of the rate": (headed(bias="keras.initializers.Constant(np.log(base_rate))"), [START], "The log ODDS"),
        "nothing frozen": (headed(freeze="pass"), [FROZEN], "Freeze every layer of the trunk"),
        "everything frozen": (headed(after="model.trainable = False"), [FROZEN], "The head itself is frozen"),
        "normalisation left free": (
            headed(after='[setattr(one, "trainable", "norm" in one.name or one.name == "event") for one in model.layers]'),
            [FROZEN], "batch normalisation included"),
    },
    "changed_layers": {
        "closely": (compared("""
            return sorted(name for name in set(before) | set(after) if name not in before or name not in after
                          or not all(np.allclose(a, b, equal_nan=True) for a, b in zip(before[name], after[name])))
        """), [MOVED], "compare exactly, not closely"),
        "NaN moves": (compared("""
            return sorted(name for name in set(before) | set(after) if name not in before or name not in after
                          or not all(np.array_equal(a, b) for a, b in zip(before[name], after[name])))
        """), [MOVED], "NaN that stays NaN"),
        "the kernel only": (compared("""
            return sorted(name for name in set(before) | set(after) if name not in before or name not in after
                          or not np.array_equal(before[name][0], after[name][0], equal_nan=True))
        """), [MOVED], "Look at ALL arrays"),
        "what a gradient moves": (compared("""
            return sorted(name for name in set(before) | set(after) if name not in before or name not in after or not all(
                np.array_equal(a, b, equal_nan=True) for a, b in zip(before[name][:2], after[name][:2])))
        """), [MOVED], "the stored variance"),
        "sums": (compared("""
            def total(arrays):
                return [float(np.nansum(array)) for array in arrays]

            return sorted(name for name in set(before) | set(after) if name not in before or name not in after
                          or total(before[name]) != total(after[name]))
        """), [MOVED], "sums may stay the same"),
        "not sorted": (compared("""
            return [name for name in list(before) + list(set(after) - set(before)) if name not in before or name not in after
                    or not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before[name], after[name]))]
        """), [MOVED], "in alphabetical order"),
        "new layers unseen": (compared("""
            return sorted(name for name in before if name not in after
                          or not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before[name], after[name])))
        """), [MOVED], "only in one of the pictures"),
        "a missing array unseen": (compared("""
            return sorted(name for name in set(before) | set(after) if name not in before or name not in after
                          or not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before[name], after[name])))
        """), [MOVED], "Count the arrays of a layer"),
        "empties the second picture": (compared("""
            changed = [name for name in before if name not in after]
            for name in list(after):
                arrays = after.pop(name)
                if name not in before or len(arrays) != len(before[name]) or not all(
                        np.array_equal(a, b, equal_nan=True) for a, b in zip(before[name], arrays)):
                    changed.append(name)
            return sorted(changed)
        """), [MOVED], "changes its input after"),
        "what stayed": (compared("""
            return sorted(name for name in before if name in after
                          and all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before[name], after[name])))
        """), [MOVED], "Nothing has changed here"),
    },
    "set_trainable": {
        "zero frees all": (freed(free="able[-last:]"), [FREE], "[-0:] is the whole list"),
        "the first layers": (freed(free="able[:last]"), [FREE], "from the end of the trunk"),
        "the head counts": (
            freed(trunk="model.layers", rest="layer.trainable = layer in free or layer is model.layers[-1]"), [FREE],
            "without the head"),
        "layers without weights count": (
            freed(able="True", free="[one for one in able[max(len(able) - last, 0):] if one.weights]",
                  rest="layer.trainable = layer in free and not isinstance(layer, layers.BatchNormalization)"),
            [FREE], "Count the layers with weights"),
        "normalisation counts": (
            freed(able="layer.weights",
                  rest="layer.trainable = layer in free and not isinstance(layer, layers.BatchNormalization)"),
            [FREE], "Count the layers with weights"),
        "normalisation moves": (freed(able="layer.weights"), [NORM], "Every batch normalisation stays frozen"),
        "freezes nothing": (
            freed(rest="layer.trainable = layer.trainable or layer in free"), [FREE, NORM], "Count the layers with weights"),
        "frees nothing": (
            freed(rest="layer.trainable = layer.trainable and layer in free"), [FREE, NORM], "Count the layers with weights"),
        "head forgotten": (freed(head="pass"), [FREE, NORM], "The head must be free"),
        "only the free ones are set": (
            freed(rest="layer.trainable = True if layer in free else layer.trainable"), [FREE, NORM],
            "Count the layers with weights"),
        "fails for many": (freed(free="able[len(able) - last:]"), [NORM], "With more layers asked for"),
    },
    "two_phases": {
        "not compiled again": (phased(again="pass"), [SECOND], "AFTER set_trainable"),
        "nothing freed": (phased(free="pass"), [SECOND], "AFTER set_trainable"),
        "same rate": (phased(again="model.compile(keras.optimizers.SGD(rates[0]), LOSS)"), [SECOND], "Compile the second phase"),
        "rates exchanged": (
            phased(first_rate="rates[1]", again="model.compile(keras.optimizers.SGD(rates[0]), LOSS)"),
            [FIRST, SECOND], "The first phase has rates[0]"),
        "free from the start": (phased(before="set_trainable(model, last)"), [FIRST], "In the first phase only the head"),
        "normalisation moves": (
            phased(before="for one in model.layers: one.trainable = True"), [FIRST], "Has batch normalisation gone on averaging"),
        "everything free": (
            phased(free="for one in model.layers: one.trainable = True"), [SECOND], "batch normalisation should stand still"),
        "small batches": (phased(batch="2"), [FIRST], "the kernel of the head"),
        "one epoch": (phased(first_epochs="1"), [FIRST], "Train for epochs[0] epochs"),
        "one phase": (phased(fit="pass"), [SECOND], "In the second phase nothing moved"),
        "one epoch in the second phase": (
            phased(fit="model.fit(images, labels, **whole)"), [SECOND], "epochs[1] epochs in the second phase"),
        "the epochs of the first phase twice": (
            phased(fit="model.fit(images, labels, epochs=epochs[0], **whole)"), [SECOND], "the step of the head's bias"),
        "momentum in the second phase": (
            phased(again="model.compile(keras.optimizers.SGD(rates[1], momentum=0.9), LOSS)"), [SECOND], "without momentum"),
        "picture taken too late": (phased(result="snapshot(model), snapshot(model)"), [FIRST, SECOND], "only the head"),
        "pictures exchanged": (phased(result="snapshot(model), first"), [FIRST], "only the head"),
    },
    "regatta_model": {
        "as it was": (regatta(rescale="layers.Rescaling(1 / 255)", flip='"vertical"', call="training=True",
                              activation='"softmax"', loop="pass", end="base.trainable = first_free is not None"),
                      [USE, WHO], "a softmax over one output"),
        "from 0 to 1": (regatta(rescale="layers.Rescaling(1 / 255)"), [USE], "what goes into the base"),
        "upside down": (regatta(flip='"vertical"'), [USE], "flipped from left to right"),
        "no augmentation": (regatta(augmented="inputs"), [USE], "where is the augmentation"),
        "left to what the model does": (regatta(call="", loop=""), [WHO], "stays frozen"),
        "a score": (regatta(activation="None"), [USE], "the probabilities of photographs"),
        "two outputs": (regatta(units="2", activation='"softmax"'), [USE], "One number"),
        "flat": (regatta(flat=True), [USE], "The base is one layer"),
        "all free": (regatta(loop="pass"), [WHO], "Nothing is free here"),
        "all of it once something is free": (regatta(loop="layer.trainable = first_free is not None and not is_norm"), [WHO],
                                            "From this layer to the end"),
        "one layer late": (regatta(loop="layer.trainable = number > start and not is_norm"), [WHO],
                           "From this layer to the end"),
        "not compiled": (regatta(compiled="pass"), [WHO], "is not compiled"),
    },
}

# Mistakes that a hidden test does not see, though the visible check of the same part does.
SEEN_BY_THE_VISIBLE_CHECK_ONLY = {
    ("with_head_start_hidden_test", "a score"),
    ("with_head_start_hidden_test", "softmax"),
    ("with_head_start_hidden_test", "tanh"),
    ("set_trainable_hidden_test", "zero frees all"),
    ("set_trainable_hidden_test", "freezes nothing"),
    ("set_trainable_hidden_test", "only the free ones are set"),
    ("set_trainable_norm_hidden_test", "frees nothing"),
    ("set_trainable_norm_hidden_test", "head forgotten"),
    ("changed_layers_hidden_test", "what a gradient moves"),
    ("changed_layers_hidden_test", "empties the second picture"),
    ("regatta_free_hidden_test", "one layer late"),
}
for mistakes in WRONG.values():
    for mistake, (source, losing, advice) in mistakes.items():
        hidden = [name.replace("_test", "_hidden_test") for name in losing]
        hidden = [name for name in hidden if (name, mistake) not in SEEN_BY_THE_VISIBLE_CHECK_ONLY]
        mistakes[mistake] = (source, losing + hidden, advice)

RIGHT = {
    "precision_recall": {
        "a loop": unguarded("""
            kept = wanted = both = 0
            for label, score in zip(labels, scores):
                kept += score >= threshold
                wanted += label == 1
                both += label == 1 and score >= threshold
            return [1.0 if kept == 0 else both / kept, 1.0 if wanted == 0 else both / wanted]
        """),
        "scikit-learn": unguarded("""
            from sklearn.metrics import precision_score, recall_score
            kept = np.asarray(scores) >= threshold
            return precision_score(labels, kept, zero_division=1.0), recall_score(labels, kept, zero_division=1.0)
        """),
        "a division that warns": unguarded("""
            kept, wanted = np.asarray(scores) >= threshold, np.asarray(labels) == 1
            right = np.sum(kept & wanted)
            return tuple(np.nan_to_num(np.float32(right) / np.array([kept.sum(), wanted.sum()]), nan=1.0))
        """),
    },
    "choose_threshold": {
        "from the highest down": chosen("""
            if sum(labels) == 0:
                raise ValueError("nothing is wanted")
            for score in sorted(scores, reverse=True):
                if precision_recall(labels, scores, score)[1] >= recall:
                    return score
        """),
        "an exception of one's own": chosen("""
            class NothingWanted(ValueError):
                pass

            if not (labels == 1).any():
                raise NothingWanted("no picture is wanted")
            shares = np.array([(scores[labels == 1] >= score).mean() for score in scores])
            return np.max(scores[shares >= recall - 1e-12])
        """),
        "a matrix": chosen("""
            wanted = scores[labels == 1]
            if not wanted.size:
                raise ValueError
            enough = (wanted[None] >= scores[:, None]).mean(axis=1) >= recall
            return float(scores[enough].max())
        """),
    },
    "honest_report": {
        "by names": answer("honest_report(validation, test, recall)", """
            labels, scores = validation
            threshold = choose_threshold(labels, scores, recall)
            report = {"threshold": threshold}
            for name, (labels, scores) in (("validation", validation), ("test", test)):
                report[name] = list(precision_recall(labels, scores, threshold))
            report["kept"] = not report["test"][1] < recall
            return report
        """),
        "NumPy's types": answer("honest_report(validation, test, recall)", """
            threshold = np.float64(choose_threshold(*validation, recall))
            on = {name: np.array(precision_recall(*part, threshold)) for name, part in
                  {"validation": validation, "test": test}.items()}
            return dict(threshold=threshold, **on, kept=np.bool_(on["test"][1] >= recall))
        """),
        "dict at the end": reported(result='dict(kept=on_test[1] >= recall, test=on_test, threshold=threshold,\n'
                                           '                    validation=precision_recall(*validation, threshold))'),
    },
    "confident_mistakes": {
        "sorted": answer("confident_mistakes(labels, scores, threshold, n)", """
            kept = [i for i in range(len(labels)) if labels[i] == 0 and scores[i] >= threshold]
            lost = [i for i in range(len(labels)) if labels[i] == 1 and scores[i] < threshold]
            return {"kept": sorted(kept, key=lambda i: -scores[i])[:n], "lost": sorted(lost, key=lambda i: scores[i])[:n]}
        """),
        "arrays": mistaken(result='{"kept": kept, "lost": lost}'),
        "lexsort": mistaken(kept_by="np.lexsort((kept, -scores[kept])).argsort()",
                            lost_by="np.lexsort((lost, scores[lost])).argsort()"),
    },
    "prepare": {
        "another order": prepared(scaled="(larger - 127.5) / 127.5"),
        "Kronecker": prepared(larger="np.kron(images.astype(float), np.ones((1, factor, factor, 1)))"),
        "Keras": prepared(first="images = images.astype('float32')",
                          larger="keras.ops.convert_to_numpy(layers.UpSampling2D(factor)(images))"),
    },
    "features": {
        "predict": answer("features(parcel, images, batch=32)", """
            return unpack(parcel).predict(images, batch_size=batch, verbose=0)
        """),
        "an array to fill": answer("features(parcel, images, batch=32)", """
            model = unpack(parcel)
            result = np.zeros((len(images), model.output_shape[-1]), dtype="float32")
            for start in range(0, len(images), batch):
                result[start : start + batch] = model.predict_on_batch(images[start : start + batch])
            return result
        """),
        "split": answer("features(parcel, images, batch=32)", """
            model = unpack(parcel)
            parts = np.split(images, range(batch, len(images), batch))
            return np.vstack([np.asarray(model(part, training=False)) for part in parts])
        """),
    },
    "cache_key": {
        "joined bytes": keyed("""
            from hashlib import sha256
            parts = [parcel["plan"].encode("utf-8")]
            for array in parcel["weights"] + [images]:
                parts += [bytes(str(array.shape) + " " + str(array.dtype), "utf-8"), array.tobytes()]
            return sha256(b"".join(parts)).hexdigest()
        """),
        "new": keyed("""
            import hashlib
            digest = hashlib.new("sha256")
            digest.update(parcel["plan"].encode())
            for array in (*parcel["weights"], images):
                digest.update("{} {}".format(array.shape, array.dtype.name).encode())
                digest.update(memoryview(np.ascontiguousarray(array)).cast("B"))
            return digest.digest().hex()
        """),
        "a function inside": keyed("""
            import hashlib
            digest = hashlib.sha256(parcel["plan"].encode())

            def feed(array):
                digest.update(f"{array.shape} {array.dtype}".encode())
                digest.update(array.tobytes())

            for array in parcel["weights"]:
                feed(array)
            feed(images)
            return digest.hexdigest()
        """),
    },
    "with_head": {
        "layer by layer": headed(freeze="[setattr(layer, 'trainable', False) for layer in trunk.layers]"),
        "weights set afterwards": headed(
            kernel='"ones"', bias='"zeros"',
            after="event.set_weights([np.zeros(event.kernel.shape), np.array([np.log(base_rate / (1 - base_rate))])])"),
        "the logarithm in Python": headed(
            bias="keras.initializers.Constant(float(np.log(base_rate) - np.log1p(-base_rate)))"),
    },
    "changed_layers": {
        "bytes": compared("""
            def content(arrays):
                return [(array.shape, array.tobytes()) for array in arrays]

            names = set(before) | set(after)
            return sorted(n for n in names if n not in before or n not in after or content(before[n]) != content(after[n]))
        """),
        "a loop": compared("""
            changed = []
            for name in sorted({**before, **after}):
                one, other = before.get(name), after.get(name)
                same = one is not None and other is not None and len(one) == len(other)
                for a, b in zip(one or [], other or []):
                    same = same and a.shape == b.shape and bool(((a == b) | (np.isnan(a) & np.isnan(b))).all())
                if not same:
                    changed.append(name)
            return changed
        """),
        "a tuple": compared("""
            def equal(name):
                try:
                    pairs = zip(before[name], after[name], strict=True)
                    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
                except (KeyError, ValueError):
                    return False

            return tuple(sorted(name for name in before.keys() | after.keys() if not equal(name)))
        """),
    },
    "set_trainable": {
        "from the back": freed(free="able[::-1][:last]"),
        "counting down": freed(rest="pass", first="""model.trainable = True
        for layer in model.layers[-2::-1]:
            counts = bool(layer.weights) and not isinstance(layer, layers.BatchNormalization)
            layer.trainable = counts and last > 0
            last -= counts"""),
        "by type": freed(able="isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense)"),
    },
    "two_phases": {
        "a loop over the phases": answer("two_phases(parcel, images, labels, last, rates, epochs)", """
            model, pictures = with_head(parcel, float(np.mean(labels))), []
            for phase in (0, 1):
                if phase:
                    set_trainable(model, last)
                model.compile(optimizer=keras.optimizers.SGD(learning_rate=rates[phase]), loss=keras.losses.BinaryCrossentropy())
                model.fit(images, labels, batch_size=len(images), epochs=epochs[phase], shuffle=False, verbose=0)
                pictures.append(snapshot(model))
            return pictures
        """),
        "batch by batch": answer("two_phases(parcel, images, labels, last, rates, epochs)", """
            model = with_head(parcel, float(np.mean(labels)))
            model.compile(keras.optimizers.SGD(rates[0]), "binary_crossentropy")
            for _ in range(epochs[0]):
                model.train_on_batch(images, labels)
            first = snapshot(model)
            set_trainable(model, last)
            model.compile(keras.optimizers.SGD(rates[1]), "binary_crossentropy")
            for _ in range(epochs[1]):
                model.train_on_batch(images, labels)
            return first, snapshot(model)
        """),
        "a metric as well": phased(
            first_rate="rates[0], name='head'", loss='"binary_crossentropy", metrics=["accuracy"]'),
    },
    "regatta_model": {
        "Sequential": answer("regatta_model(size, first_free=None, weights=None)", """
            base = keras.applications.MobileNetV2(
                input_shape=(size, size, 3), alpha=0.35, include_top=False, pooling="avg", weights=weights)
            free = False
            for layer in base.layers:
                free = free or layer.name == first_free
                layer.trainable = free and "BatchNorm" not in type(layer).__name__
            model = keras.Sequential([
                keras.Input((size, size, 3)), layers.RandomFlip("horizontal"), layers.Rescaling(2 / 255, offset=-1.0),
                base, layers.Dense(1, activation="sigmoid", name="event")])
            model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
            return model
        """, given_after("regatta_model")),
        "preprocess_input": regatta(rescale="keras.applications.mobilenet_v2.preprocess_input"),
        "scaled before the flip": regatta(
            augmented="layers.Rescaling(1 / 127.5, -1)(inputs)", rescale='layers.RandomFlip("horizontal", seed=1)'),
    },
}

EQUIVALENT = {
    "changed_layers": {"constant: strict=True -> strict=False": "the lengths are compared before"},
    "regatta_model": {
        "loop over [:-1]: for (number, layer) in enumerate(base.layers) -> for (number, layer) in list(enumerate(base …":
            "the last layer of the base is the pooling, which has no weights",
        "constant: alpha=0.35 -> alpha=0.5249999999999999": "how wide the base is, the text does not say",
    },
}
