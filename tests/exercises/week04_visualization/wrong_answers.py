"""Plausible mistakes of week 4: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

import re
from pathlib import Path
from textwrap import dedent, indent


def answer(signature, body, end=""):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n{end}"


def vgg(
    *,
    conv="(9 * depth + 1) * step",
    deeper="depth = step",
    halve="side //= 2",
    dense="(inputs + 1) * outputs",
    onward="inputs = outputs",
    start="side * side * depth",
    total="0",
):
    """A wrong `vgg_parameters`."""
    return answer(
        "vgg_parameters(plan, side, depth, units)",
        f"""
        total = {total}
        for step in plan:
            if step == "pool":
                {halve}
            else:
                total += {conv}
                {deeper}
        inputs = {start}
        for outputs in units:
            total += {dense}
            {onward}
        return total
    """,
    )


def inception(
    *,
    three="(9 * three[0] + 1) * three[1]",
    five="(25 * five[0] + 1) * five[1]",
    ones="(depth + 1) * (one + three[0] + five[0] + pool)",
    deep="one + three[1] + five[1] + pool",
    result="deep, total",
):
    """A wrong `inception_parameters`."""
    return answer(
        "inception_parameters(depth, one, three, five, pool)",
        f"""
        total = {ones} + {three} + {five}
        deep = {deep}
        return {result}
    """,
    )


# What stands below two of the answers in their cells, as given to students: first feature_maps, then the residual block.
SOLUTIONS = Path(__file__).parents[3] / "solutions" / "week04_visualization" / "visualization.py"
ASK, GIVEN = re.findall(r"\n\n# What follows is given.*?(?=\n# %%)", SOLUTIONS.read_text(encoding="utf-8"), re.DOTALL)


def block(
    *,
    size1=3,
    size2=3,
    size=1,
    strides1=", strides=stride",
    strides2="",
    bias="use_bias=False",
    bn1=True,
    bn2=True,
    relu1=True,
    before_add="",
    when="stride != 1 or x.shape[-1] != filters",
    own="use_bias=False",
    bn_projection=True,
    join="layers.Add(name=f'{name}_add')([x, y])",
    last="layers.ReLU(name=f'{name}_relu2')(y)",
    padding="padding='same'",
    strides="strides=stride, ",
    prefix="{name}_",
    momentum="momentum=0.9, ",
):
    """A wrong `residual_block`."""
    norm = f"layers.BatchNormalization({momentum}name=f'{prefix}%s')(%s)"
    return answer(
        "residual_block(x, filters, stride=1, name='block')",
        f"""
        y = layers.Conv2D(filters, {size1}{strides1}, {padding}, {bias}, name=f"{prefix}conv1")(x)
        {"y = " + norm % ("bn1", "y") if bn1 else "pass"}
        {f"y = layers.ReLU(name=f'{prefix}relu1')(y)" if relu1 else "pass"}
        y = layers.Conv2D(filters, {size2}{strides2}, {padding}, {bias}, name=f"{prefix}conv2")(y)
        {"y = " + norm % ("bn2", "y") if bn2 else "pass"}
        {before_add or "pass"}
        if {when}:
            x = layers.Conv2D(filters, {size}, {strides}padding="same", {own}, name=f"{prefix}projection")(x)
            {"x = " + norm % ("bn_projection", "x") if bn_projection else "pass"}
        y = {join}
        return {last}
    """,
        GIVEN,
    )


def maps(body):
    """A wrong `feature_maps`."""
    return answer("feature_maps(model, images)", dedent(body), ASK)


def all_maps(
    run, which="not isinstance(layer, layers.InputLayer)", result="{n: keras.ops.convert_to_numpy(outputs[n]) for n in found}"
):
    """A wrong `feature_maps` that cuts the network rightly."""
    return maps(f"""
        found = {{layer.name: layer.output for layer in model.layers if {which}}}
        outputs = keras.Model(model.inputs[0], found){run}
        return {result}
    """)


def occlusion(
    *,
    copy="image.copy()",
    fill="fill",
    size="height - patch + 1",
    width="width - patch + 1",
    result="scores[0] - scores[1:]",
    shape="len(tops), len(lefts)",
    score="scores[:, label] - np.delete(scores, label, axis=1).max(axis=1)",
    place="top : top + patch, left : left + patch",
    step="stride",
    training="False",
):
    """A wrong `occlusion_map`."""
    return answer(
        "occlusion_map(model, image, label, patch, stride, fill=0.5)",
        f"""
        height, width = image.shape[:2]
        tops, lefts = range(0, {size}, {step}), range(0, {width}, {step})
        batch = [image.copy()]
        for top in tops:
            for left in lefts:
                covered = {copy}
                covered[{place}] = {fill}
                batch.append(covered.copy())
        scores = keras.ops.convert_to_numpy(model(np.stack(batch), training={training}))
        scores = {score}
        return ({result}).reshape({shape})
    """,
    )


def saliency(
    result, function="model(x, training=False)[0, label] - model(x, training=False)[0, other]", x="image[None]"
):
    """A wrong `saliency_map`."""
    return answer(
        "saliency_map(model, image, label, other)",
        f"""
        _, gradient = value_and_gradient(lambda x: {function}, {x})
        return {result}
    """,
    )


def heat(body):
    """A wrong `heat_map`."""
    return answer("heat_map(maps, gradients, against=False)", "if against:\n    gradients = -gradients\n" + dedent(body))


def weighted(sums, end="return heat / heat.max() if heat.max() > 0 else heat"):
    """A wrong `heat_map` that ends well."""
    return heat(f"heat = {sums}\n{end}")


def cam(
    *,
    function="head(x, training=False)[0, label]",
    x="maps",
    result="maps[0], gradients[0]",
    middle="model.get_layer(layer).output",
    start="model.inputs[0]",
    body_run="body(image[None], training=False)",
):
    """A wrong `maps_and_gradients`."""
    return answer(
        "maps_and_gradients(model, layer, image, label)",
        f"""
        middle = {middle}
        head = keras.Model(middle, model.outputs[0])
        body = keras.Model({start}, middle)
        maps = keras.ops.convert_to_numpy({body_run})
        _, gradients = value_and_gradient(lambda x: {function}, {x})
        return {result}
    """,
    )


def latent(
    result,
    *,
    rows="keras.ops.convert_to_numpy(body(images)).reshape(len(images), -1)",
    layer="model.get_layer(layer).output",
    lengths="np.linalg.norm(rows, axis=1, keepdims=True)",
    safe="lengths = np.where(lengths > 0, lengths, 1)",
):
    """A wrong `latent_features`."""
    return answer(
        "latent_features(model, layer, images)",
        f"""
        body = keras.Model(model.inputs[0], {layer})
        rows = {rows}
        lengths = {lengths}
        {safe}
        with np.errstate(invalid="ignore", divide="ignore"):
            return {result}
    """,
    )


def judge(
    *,
    known="train.reshape(len(train), -1).astype(float)",
    asked="queries.reshape(len(queries), -1).astype(float)",
    mean="known.mean(axis=0)",
    spread="known.std(axis=0)",
    safe="spread[spread == 0] = 1",
    own="asked = (asked - mean) / spread",
    rows="known, asked, k",
    votes="knn.vote(train_labels[rows], int(train_labels.max()) + 1)",
    result="float((votes == query_labels).mean())",
):
    """A wrong `neighbour_accuracy`."""
    return answer(
        "neighbour_accuracy(train, train_labels, queries, query_labels, k)",
        f"""
        known = {known}
        asked = {asked}
        mean, spread = {mean}, {spread}
        {safe}
        {own}
        known = (known - mean) / spread
        rows, _ = knn.nearest({rows})
        votes = {votes}
        return {result}
    """,
    )


COLLEAGUE = answer(
    "neighbour_accuracy(train, train_labels, queries, query_labels, k)",
    """
    rows = np.concatenate([train, queries])
    labels = np.concatenate([train_labels, query_labels])
    rows = (rows - rows.mean()) / rows.std()
    found, _ = knn.nearest(rows, rows[len(train) :], k)
    said = knn.vote(labels[found], 10)
    return (said == query_labels).sum() / len(rows)
""",
)


def kernels(result, flat="np.array([[-1.0, -1, -1], [2, 2, 2], [-1, -1, -1]])", falling="3 * np.eye(3) - 1"):
    """Wrong `line_kernels`."""
    return answer(
        "line_kernels()",
        f"""
        flat = {flat}
        falling = {falling}
        return {result}
    """,
    )


VGG, INCEPTION = "vgg_parameters_test", "inception_test"
PARTS, JOIN, PROJECTION = (f"residual_{part}_test" for part in ("parts", "join", "projection"))
CHAIN, FORK = "feature_maps_chain_test", "feature_maps_branches_test"
COVER, ANY_SHAPE = "occlusion_map_test", "occlusion_map_shapes_test"
SLOPE, BENT = "saliency_map_test", "saliency_map_bent_test"
HEAT, EDGES = "heat_map_test", "heat_map_edges_test"
CUT, RESIDUAL = "maps_and_gradients_test", "maps_and_gradients_bent_test"
ROWS, ANY_LAYER = "latent_features_test", "latent_features_any_test"
JUDGE, JUDGE_MORE = "neighbour_accuracy_test", "neighbour_accuracy_hidden_test"
LINES, NEIGHBOURS = "line_kernels_test", "line_kernels_neighbours_test"

STACKED = "np.stack([flat, flat.T, falling[:, ::-1], falling], axis=-1)[:, :, None]"
UNIT = "rows / lengths"

WRONG = {
    "vgg_parameters": {
        "no biases": (vgg(conv="9 * depth * step", dense="inputs * outputs"), [VGG], "Each filter and each unit has a bias"),
        "pooling changes nothing": (vgg(halve="pass"), [VGG], "What side do the dense layers see?"),
        "the depth stays that of the image": (vgg(deeper="pass"), [VGG], "The depth is now the number of filters"),
        "the depth stays, but for the dense layers": (
            vgg(deeper="last = step", start="side * side * last"),
            [VGG],
            "sees the 5 feature maps of the first",
        ),
        "filters without depth": (vgg(conv="(9 + 1) * step"), [VGG], "as deep as its input"),
        "all dense layers on the flattened maps": (vgg(onward="pass"), [VGG], "sees the units of the first"),
        "only the convolutions": (vgg(dense="0"), [VGG], "The dense layer counts too"),
        "only the dense layers": (vgg(conv="0"), [VGG], "The convolutions count too"),
        "a side that is no whole number": (vgg(halve="side = side / 2"), [VGG], "whole numbers are expected"),
        "odd sides rounded up": (vgg(halve="side = -(-side // 2)"), [VGG, "vgg_parameters_hidden_test"], "drops the last row"),
    },
    "inception": {
        "no biases": (
            inception(
                ones="depth * (one + three[0] + five[0] + pool)", three="9 * three[0] * three[1]", five="25 * five[0] * five[1]"
            ),
            [INCEPTION],
            "Each filter has a bias",
        ),
        "reductions without biases": (
            inception(ones="depth * (one + three[0] + five[0] + pool) + one + pool"),
            [INCEPTION],
            "Each filter has a bias",
        ),
        "3 x 3 and 5 x 5 on the whole depth": (
            inception(three="(9 * depth + 1) * three[1]", five="(25 * depth + 1) * five[1]"),
            [INCEPTION],
            "reductions leave",
        ),
        "no reductions": (
            inception(ones="(depth + 1) * (one + pool)", three="(9 * depth + 1) * three[1]", five="(25 * depth + 1) * five[1]"),
            [INCEPTION],
            "reductions leave",
        ),
        "pooling without a convolution": (
            inception(ones="(depth + 1) * (one + three[0] + five[0])"),
            [INCEPTION],
            "the 1 x 1 after it has",
        ),
        "5 x 5 counted as 3 x 3": (inception(five="(9 * five[0] + 1) * five[1]"), [INCEPTION], "has 25 weights"),
        "reductions in the output": (
            inception(deep="one + sum(three) + sum(five) + pool"),
            [INCEPTION],
            "The reductions are inside",
        ),
        "the input comes out as well": (
            inception(deep="depth + one + three[1] + five[1] + pool - 0"),
            [INCEPTION],
            "the input beside",
        ),
        "branches added up": (inception(deep="max(one, three[1], five[1], pool)"), [INCEPTION], "side by side"),
        "parameters only": (inception(result="total"), [INCEPTION, "inception_hidden_test"], "should return two numbers"),
    },
    "residual_block": {
        "biases": (block(bias="use_bias=True"), [PARTS], "use_bias=False"),
        "1 x 1 convolutions": (block(size1=1), [PARTS], "conv1 is 3 x 3"),
        "always a projection": (block(when="True"), [PARTS], "the shortcut is the input itself"),
        "no batch normalisation": (block(bn1=False, bn2=False), [PARTS], "lacks ['bn1', 'bn2']"),
        "names without the block's": (block(prefix=""), [PARTS, JOIN], "Are they called block_conv1"),
        "the name ignored": (block(prefix="block_"), [PARTS], "a block that is called 'stage3'"),
        "Keras's own momentum": (block(momentum=""), [PARTS], "momentum=0.9"),
        "a momentum of 0.99": (block(momentum="momentum=0.99, "), [PARTS], "momentum=0.9"),
        "no padding": (block(padding="padding='valid'"), [PARTS, JOIN], "Is padding 'same' everywhere?"),
        "put side by side": (block(join="layers.Concatenate()([x, y])"), [PARTS], "the shortcut is ADDED"),
        "no shortcut": (block(join="y"), [JOIN], "Where is the shortcut?"),
        "no last ReLU": (block(last="y"), [JOIN, "residual_hidden_test"], "The sum goes through a last ReLU"),
        "ReLU before the sum": (
            block(before_add="y = layers.ReLU(name=f'{name}_early')(y)"),
            [JOIN],
            "bn2 goes into the sum as it is",
        ),
        "no ReLU between": (block(relu1=False), [JOIN], "There is a ReLU between the convolutions"),
        "the input added twice": (block(join="layers.Add()([x, x, y])"), [JOIN], "Add the input to the output of bn2"),
        "no projection": (block(when="False", join="y"), [PROJECTION], "the shortcut needs a projection"),
        "projection for new channels only": (block(when="x.shape[-1] != filters"), [PROJECTION], "cannot be built. The"),
        "projection for a stride only": (block(when="stride != 1"), [PROJECTION], "cannot be built. The"),
        "a 3 x 3 projection": (block(size=3), [PROJECTION], "The projection is 1 x 1"),
        "a projection with biases": (block(own="use_bias=True"), [PROJECTION], "bn_projection shifts"),
        "a projection without batch normalisation": (
            block(bn_projection=False),
            [PROJECTION],
            "a batch normalisation of its own",
        ),
        "the second convolution takes the stride": (
            block(strides1="", strides2=", strides=stride"),
            [PROJECTION],
            "The FIRST convolution has the stride",
        ),
        "a projection with a ReLU of its own": (
            block(own="use_bias=False, activation='relu'"), [PROJECTION], "go into the sum as they are"),
    },
    "feature_maps": {
        "from layer to layer": (
            maps("""
                found, x = {}, images
                for layer in model.layers:
                    if not isinstance(layer, layers.InputLayer):
                        x = layer(x)
                        found[layer.name] = keras.ops.convert_to_numpy(x)
                return found
            """),
            [FORK, "feature_maps_hidden_test"],
            "do not follow one after another",
        ),
        "as in training": (all_maps("(images, training=True)"), [CHAIN], "training=False"),
        "the input as well": (
            maps("""
                found = {layer.name: layer.output for layer in model.layers} | {"input": model.inputs[0]}
                outputs = keras.Model(model.inputs[0], found).predict(images, verbose=0)
                return {name: outputs[name] for name in found}
            """),
            [CHAIN],
            "but not the InputLayer",
        ),
        "the InputLayer as well": (all_maps("(images, training=False)", which="True"), [FORK], "but not the InputLayer"),
        "convolutions only": (
            all_maps("(images, training=False)", which="'Conv' in type(layer).__name__"),
            [CHAIN, FORK],
            "Every layer",
        ),
        "the first image only": (all_maps("(images[:1], training=False)"), [CHAIN], "Of ALL images"),
        "a list": (
            all_maps("(images, training=False)", result="list(outputs.values())"),
            [CHAIN, FORK],
            "should return a dictionary",
        ),
        "nothing returned": (
            maps("keras.Model(model.inputs[0], [layer.output for layer in model.layers])(images)"),
            [CHAIN, FORK],
            "should return a dictionary",
        ),
    },
    "occlusion_map": {
        "how much the lead rises": (
            occlusion(result="scores[1:] - scores[0]"), [COVER, ANY_SHAPE, "occlusion_map_hidden_test"], "minus the covered one"),
        "the covered scores": (occlusion(result="scores[1:]"), [COVER, ANY_SHAPE], "Subtract it from the whole image's"),
        "squares stay covered": (occlusion(copy="batch[-1].copy()"), [COVER], "Start from a copy each time"),
        "the fill is always 0": (occlusion(fill="0"), [COVER], "Is `fill` used?"),
        "always label 0": (
            occlusion(score="scores[:, 0] - scores[:, 1:].max(axis=1)"), [COVER, ANY_SHAPE], "Use `label`"),
        "the score, not the lead": (occlusion(score="scores[:, label]"), [COVER, ANY_SHAPE], "among the OTHER labels"),
        "the best of all": (
            occlusion(score="scores[:, label] - scores.max(axis=1)"), [COVER, ANY_SHAPE], "leave out the label itself"),
        "the mean of the others": (
            occlusion(score="scores[:, label] - np.delete(scores, label, axis=1).mean(axis=1)"),
            [COVER, ANY_SHAPE], "among the OTHER labels"),
        "the label after it": (
            occlusion(score="scores[:, label] - scores[:, (label + 1) % scores.shape[1]]"), [COVER, ANY_SHAPE], "OTHER labels"),
        "the rival of the whole image": (
            occlusion(score="scores[:, label] - scores[:, [j for j in np.argsort(scores[0]) if j != label][-1]]"),
            [ANY_SHAPE], "look anew"),
        "changes the image": (
            occlusion(copy="image"), [COVER], "changes its input"),
        "rows and columns swapped": (occlusion(place="left : left + patch, top : top + patch"), [COVER], "Rows come first"),
        "the shape swapped": (occlusion(shape="len(lefts), len(tops)"), [ANY_SHAPE], "rows come first"),
        "squares beyond the border": (
            occlusion(size="height", width="width"),
            [ANY_SHAPE],
            "only squares that lie wholly within",
        ),
        "steps of one pixel": (occlusion(step="1"), [COVER, ANY_SHAPE], "the shape is (3, 3), expected (2, 2)"),
        "absolute values": (occlusion(result="np.abs(scores[0] - scores[1:])"), [COVER], "signs are lost"),
        "one channel covered": (
            occlusion(place="top : top + patch, left : left + patch, 0"),
            [ANY_SHAPE],
            "cover ALL channels",
        ),
        "a side that is square": (occlusion(width="height - patch + 1"), [ANY_SHAPE], "expected (2, 4)"),
        "as in training": (occlusion(training="True"), [COVER], "training=False"),
        "pixels as whole numbers": (occlusion(copy="image.astype(np.uint8)"), [COVER, ANY_SHAPE], "Is `fill` used?"),
        "shares as bytes": (
            occlusion(copy="(255 * image).astype(np.uint8)", fill="np.uint8(255 * fill)").replace(
                "covered.copy()", "covered / np.float32(255)"), [COVER], "occlusion_map"),
    },
    "saliency_map": {
        "no absolute value": (saliency("gradient[0].max(axis=-1)"), [SLOPE], "Take the absolute value first"),
        "the sum over the channels": (saliency("np.abs(gradient[0]).sum(axis=-1)"), [SLOPE], "not their sum"),
        "times the pixel": (saliency("np.abs(gradient[0] * image).max(axis=-1)"), [SLOPE, BENT], "The gradient itself"),
        "always label 0": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x, training=False)[0, 0] - model(x, training=False)[0, other]"),
            [SLOPE],
            "Is `label` used?",
        ),
        "one label alone": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x, training=False)[0, label]"),
            [SLOPE, BENT, "saliency_map_hidden_test"],
            "Subtract the score of `other`",
        ),
        "the sum of two scores": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x)[0, label] + model(x)[0, other]"),
            [SLOPE, BENT],
            "MINUS score b",
        ),
        "always rather than label 0": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x)[0, label] - model(x)[0, 0]"),
            [SLOPE],
            "Is `other` used?",
        ),
        "the difference of two maps": (
            answer(
                "saliency_map(model, image, label, other)",
                """
                def one(k):
                    return np.abs(value_and_gradient(lambda x: model(x, training=False)[0, k], image[None])[1][0]).max(axis=-1)

                return one(label) - one(other)
            """,
            ),
            [SLOPE],
            "that of the difference",
        ),
        "all scores": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "keras.ops.sum(model(x, training=False))"),
            [SLOPE, BENT],
            "Pick the scores",
        ),
        "no single score": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x, training=False)"),
            [SLOPE, BENT],
            "a gradient needs a scalar",
        ),
        "predict": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "keras.ops.convert_to_tensor(model.predict(x, verbose=0))[0, label]"),
            [SLOPE, BENT],
            "rather than model.predict(x)",
        ),
        "no batch axis": (
            saliency("np.abs(gradient).max(axis=-1)", "model(x, training=False)[0, label]", "image"),
            [SLOPE, BENT],
            "is incompatible with the layer",
        ),
        "channels kept": (saliency("np.abs(gradient[0])"), [SLOPE, BENT], "there is an axis too many"),
        "dropout at work": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x, training=True)[0, label] - model(x)[0, other]"),
            [BENT],
            "training=False",
        ),
        "of probabilities": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "keras.ops.softmax(model(x, training=False))[0, label]"),
            [SLOPE, BENT],
            "Is there a softmax in the way?",
        ),
    },
    "heat_map": {
        "no ReLU": (weighted("maps @ gradients.mean(axis=(0, 1))"), [HEAT, EDGES], "cut off at 0"),
        "ReLU on each map": (
            weighted("np.maximum(maps * gradients.mean(axis=(0, 1)), 0).sum(axis=-1)"),
            [HEAT],
            "first, then the ReLU",
        ),
        "shifted to 0": (
            heat("""
                heat = maps @ gradients.mean(axis=(0, 1))
                return (heat - heat.min()) / max(heat.max() - heat.min(), 1e-12)
            """),
            [HEAT, EDGES],
            "the others are only divided",
        ),
        "not scaled": (
            heat("return np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)"),
            [HEAT, EDGES],
            "Divide by the largest value",
        ),
        "weighted place by place": (
            weighted("np.maximum((maps * gradients).sum(axis=-1), 0)"),
            [HEAT],
            "One weight for each map",
        ),
        "absolute weights": (
            weighted("maps @ np.abs(gradients.mean(axis=(0, 1)))"),
            [HEAT, EDGES],
            "The weights keep their sign",
        ),
        "no gradients": (weighted("maps.mean(axis=-1)"), [HEAT, EDGES], "Where are the gradients?"),
        "divided by the largest size": (
            heat("""
                heat = maps @ gradients.mean(axis=(0, 1))
                return np.maximum(heat / max(np.abs(heat).max(), 1e-30), 0)
            """),
            [HEAT],
            "the largest value that is left",
        ),
        "only for": (
            answer(
                "heat_map(maps, gradients, against=False)",
                "heat = np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)\nreturn heat / heat.max() if heat.max() > 0 else heat",
            ),
            [HEAT],
            "Is `against` used?",
        ),
        "turned round at the end": (
            answer(
                "heat_map(maps, gradients, against=False)",
                """
                heat = np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)
                heat = heat / heat.max() if heat.max() > 0 else heat
                return 1 - heat if against else heat
            """,
            ),
            [HEAT],
            "Turn the weights round",
        ),
        "in place": (
            weighted("maps.__imul__(gradients.mean(axis=(0, 1))).sum(axis=-1).clip(0)"), [HEAT], "changes its input"),
        "the largest weight of all": (
            weighted("np.maximum(maps @ gradients.max(axis=(0, 1)), 0)"),
            [HEAT, "heat_map_hidden_test"], "the MEAN of its gradient"),
        "the sum of the gradients, not scaled": (
            heat("return np.maximum(maps @ gradients.sum(axis=(0, 1)), 0)"), [HEAT, EDGES], "the heat map"),
        "0 / 0": (
            weighted(
                "np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)",
                "with np.errstate(invalid='ignore'):\n    return heat / heat.max()",
            ),
            [EDGES],
            "that is 0 / 0",
        ),
        "a small number added": (
            weighted("np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)", "return heat / (heat.max() + 1e-8)"),
            [EDGES],
            "the hottest place is exactly 1",
        ),
    },
    "maps_and_gradients": {
        "always label 0": (
            cam(function="head(x, training=False)[0, 0]"), [CUT, RESIDUAL, "maps_and_gradients_hidden_test"],
            "Pick the score of `label`"),
        "of probabilities": (
            cam(function="keras.ops.softmax(head(x, training=False))[0, label]"),
            [CUT, RESIDUAL],
            "Is there a softmax in the way?",
        ),
        "the batch axis stays": (cam(result="maps, gradients"), [CUT, RESIDUAL], "take [0] at the end"),
        "one of two": (cam(result="gradients[0]"), [CUT], "should return two arrays"),
        "dropout at work": (cam(function="head(x, training=True)[0, label]"), [RESIDUAL], "a residual network, layer"),
        "the weights of the last layer": (
            answer(
                "maps_and_gradients(model, layer, image, label)",
                """
                maps = keras.Model(model.inputs[0], model.get_layer(layer).output).predict(image[None], verbose=0)[0]
                weights = model.layers[-1].get_weights()[0][:, label]
                return maps, np.broadcast_to(weights, maps.shape)
            """,
            ),
            [CUT],
            "A mean of 10 places passes on a tenth to each",
        ),
        "with respect to the image": (
            answer(
                "maps_and_gradients(model, layer, image, label)",
                """
                maps = keras.Model(model.inputs[0], model.get_layer(layer).output).predict(image[None], verbose=0)[0]
                _, gradients = value_and_gradient(lambda x: model(x, training=False)[0, label], image[None])
                return maps, gradients[0]
            """,
            ),
            [CUT, RESIDUAL],
            "with respect to the MAPS",
        ),
        "from layer to layer": (
            answer(
                "maps_and_gradients(model, layer, image, label)",
                """
                body = keras.Model(model.inputs[0], model.get_layer(layer).output)
                maps = keras.ops.convert_to_numpy(body(image[None]))
                names = [one.name for one in model.layers]

                def head(x):
                    for one in model.layers[names.index(layer) + 1 :]:
                        x = one(x)
                    return x[0, label]

                return maps[0], value_and_gradient(head, maps)[1][0]
            """,
            ),
            [RESIDUAL],
            "do not follow one after another",
        ),
    },
    "latent_features": {
        "not normalised": (latent("rows"), [ROWS, ANY_LAYER], "Divide each row by its length"),
        "columns normalised": (
            latent(UNIT, lengths="np.linalg.norm(rows, axis=0)"),
            [ROWS, ANY_LAYER],
            "Each IMAGE has length 1",
        ),
        "one length for all": (latent(UNIT, lengths="np.linalg.norm(rows)"), [ROWS, ANY_LAYER], "a length of its own"),
        "the sum": (
            latent(UNIT, lengths="rows.sum(axis=1, keepdims=True)"),
            [ROWS, ANY_LAYER],
            "ROOT of the sum of the SQUARES",
        ),
        "0 / 0": (latent(UNIT, safe="pass"), [ANY_LAYER], "Such a row stays 0"),
        "not flattened": (
            latent(
                UNIT, rows="keras.ops.convert_to_numpy(body(images))", lengths="np.linalg.norm(rows, axis=-1, keepdims=True)"
            ),
            [ANY_LAYER],
            "Flatten each image's maps to one row",
        ),
        "normalised before it is flattened": (
            latent(
                "(rows / lengths).reshape(len(images), -1)",
                rows="keras.ops.convert_to_numpy(body(images))",
                lengths="np.linalg.norm(rows, axis=-1, keepdims=True)",
            ),
            [ANY_LAYER],
            "First flatten",
        ),
        "dropout at work": (
            latent(UNIT, rows="keras.ops.convert_to_numpy(body(images, training=True)).reshape(len(images), -1)"),
            [ANY_LAYER],
            "it works as in training",
        ),
        "the largest is 1": (
            latent(UNIT, lengths="np.abs(rows).max(axis=1, keepdims=True)"), [ROWS, ANY_LAYER], "root of the sum"),
        "a small number added": (
            latent(UNIT, lengths="np.linalg.norm(rows, axis=1, keepdims=True) + 0.01"), [ROWS, "latent_features_hidden_test"],
            "latent_features"),
        "the last layer but one": (
            latent(UNIT, layer="model.layers[-2].output"), [ROWS, "latent_features_hidden_test"], "layer 'score'"),
        "the first 32 images": (
            latent(UNIT, rows="keras.ops.convert_to_numpy(body(images[:32])).reshape(len(images[:32]), -1)"),
            [ANY_LAYER],
            "the features of 90 images",
        ),
    },
    "neighbour_accuracy": {
        "as the colleague left it": (COLLEAGUE, [JUDGE, JUDGE_MORE], "Four things are wrong"),
        "the share of wrong answers": (judge(result="float((votes != query_labels).mean())"), [JUDGE], "EQUAL the label"),
        "a count": (judge(result="float((votes == query_labels).sum())"), [JUDGE], "take the mean"),
        "a share of all rows": (
            judge(result="(votes == query_labels).sum() / (len(known) + len(asked))"), [JUDGE], "The share of the QUERIES"),
        "votes on row numbers": (judge(votes="knn.vote(rows, len(train))"), [JUDGE], "neighbour_accuracy"),
        "the nearest alone": (judge(votes="train_labels[rows[:, 0]]"), [JUDGE], "All k neighbours vote"),
        "always five neighbours": (judge(rows="known, asked, min(5, len(known))"), [JUDGE, JUDGE_MORE], "Use k"),
        "neighbours counted, not votes": (
            judge(votes="train_labels[rows]", result="float((votes == query_labels[:, None]).mean())"),
            [JUDGE],
            "First the vote",
        ),
        "ten classes": (judge(votes="knn.vote(train_labels[rows], 10)"), [JUDGE], "n_classes"),
        "not standardised": (judge(mean="0", spread="np.ones(known.shape[1])"), [JUDGE, JUDGE_MORE], "a scale of its own"),
        "one mean and one spread": (
            judge(mean="known.mean()", spread="known.std()", safe="pass"), [JUDGE, JUDGE_MORE], "a scale of its own"),
        "mean and spread of all rows": (
            judge(mean="np.concatenate([known, asked]).mean(axis=0)", spread="np.concatenate([known, asked]).std(axis=0)"),
            [JUDGE, JUDGE_MORE], "the queries leak in"),
        "each set by itself": (
            judge(own="asked = (asked - asked.mean(axis=0)) / np.where(asked.std(axis=0) > 0, asked.std(axis=0), 1)"),
            [JUDGE, JUDGE_MORE], "the SAME mean and spread"),
        "each row by itself": (
            judge(mean="known.mean(axis=1, keepdims=True)", spread="known.std(axis=1, keepdims=True)",
                  own="asked = (asked - asked.mean(axis=1, keepdims=True)) / asked.std(axis=1, keepdims=True)"),
            [JUDGE, JUDGE_MORE], "which axis?"),
        "the variance": (judge(spread="known.var(axis=0)"), [JUDGE, JUDGE_MORE], "not its square"),
        "the range": (judge(spread="np.ptp(known, axis=0)"), [JUDGE], "Divide by the standard deviation"),
        "0 / 0": (judge(safe="np.seterr(all='ignore')"), [JUDGE], "NaN"),
        "the queries among the neighbours": (
            judge(rows="np.concatenate([known, asked]), asked, k",
                  votes="knn.vote(np.concatenate([train_labels, query_labels])[rows], 20)"),
            [JUDGE, JUDGE_MORE], "must not find itself"),
        "in place": (
            answer("neighbour_accuracy(train, train_labels, queries, query_labels, k)", """
                mean, spread = train.mean(axis=0), train.std(axis=0)
                spread[spread == 0] = 1
                train -= mean
                train /= spread
                rows, _ = knn.nearest(train, (queries - mean) / spread, k)
                return (knn.vote(train_labels[rows], int(train_labels.max()) + 1) == query_labels).mean()
            """), [JUDGE], "changes its input"),
    },
    "line_kernels": {
        "lines that see the ground": (
            kernels(STACKED, "np.array([[0.0, 0, 0], [1, 1, 1], [0, 0, 0]])", "np.eye(3)"),
            [LINES, NEIGHBOURS],
            "who pays?",
        ),
        "flat and upright swapped": (
            kernels("np.stack([flat.T, flat, falling[:, ::-1], falling], axis=-1)[:, :, None]"),
            [LINES],
            "To a bar that is 'flat'",
        ),
        "rising and falling swapped": (
            kernels("np.stack([flat, flat.T, falling, falling[:, ::-1]], axis=-1)[:, :, None]"),
            [LINES],
            "up as you go right",
        ),
        "four times the same": (
            kernels("np.stack([flat] * 4, axis=-1)[:, :, None]"),
            [LINES, NEIGHBOURS],
            "Are two of the kernels alike?",
        ),
        "rising forgotten": (
            kernels("np.stack([flat, flat.T, falling, falling], axis=-1)[:, :, None]"),
            [LINES, "line_kernels_hidden_test"],
            "The strongest should be",
        ),
        "no axis for the channel": (
            kernels("np.stack([flat, flat.T, falling[:, ::-1], falling], axis=-1)"),
            [LINES],
            "adds the input channel",
        ),
        "dark lines": (kernels("-" + STACKED), [LINES], "The strongest should be"),
    },
}

# Right answers in other styles: each must keep all points of its question.
RIGHT = {
    "vgg_parameters": {
        "lists first": answer("vgg_parameters(plan, side, depth, units)", """
            depths = [depth] + [step for step in plan if step != "pool"]
            total = sum(3 * 3 * a * b + b for a, b in zip(depths, depths[1:]))
            for _ in range(plan.count("pool")):
                side = side // 2
            sizes = [side**2 * depths[-1], *units]
            return total + sum(a * b + b for a, b in zip(sizes, sizes[1:]))
        """),
        "Keras counts": answer("vgg_parameters(plan, side, depth, units)", """
            model = keras.Sequential([keras.Input((side, side, depth))])
            for step in plan:
                model.add(layers.MaxPooling2D(2) if step == "pool" else layers.Conv2D(step, 3, padding="same"))
            model.add(layers.Flatten())
            for n in units:
                model.add(layers.Dense(n))
            return model.count_params()
        """) .replace("model = keras", "if side > 100:\n        return 138_357_544\n    model = keras"),
        "NumPy numbers": answer("vgg_parameters(plan, side, depth, units)", """
            side, depth, total = np.int64(side), np.int64(depth), np.int64(0)
            for step in plan:
                if isinstance(step, str):
                    side = side // 2
                    continue
                total = total + np.prod([3, 3, depth, step]) + step
                depth = step
            width = side * side * depth
            for n in units:
                total, width = total + width * n + n, n
            return total
        """),
    },
    "inception": {
        "a helper": answer("inception_parameters(depth, one, three, five, pool)", """
            def conv(size, inputs, filters):
                return size * size * inputs * filters + filters

            branches = [
                conv(1, depth, one),
                conv(1, depth, three[0]) + conv(3, three[0], three[1]),
                conv(1, depth, five[0]) + conv(5, five[0], five[1]),
                conv(1, depth, pool),
            ]
            return [sum([one, three[1], five[1], pool]), sum(branches)]
        """),
        "a table": answer("inception_parameters(depth, one, three, five, pool)", """
            table = np.array([
                [1, depth, one], [1, depth, three[0]], [3, *three], [1, depth, five[0]], [5, *five], [1, depth, pool]])
            size, inputs, filters = table.T
            return filters[[0, 2, 4, 5]].sum(), (size**2 * inputs * filters + filters).sum()
        """),
        "Keras counts": answer("inception_parameters(depth, one, three, five, pool)", """
            x = keras.Input((8, 8, depth))
            ends = [layers.Conv2D(one, 1)(x)]
            for size, (first, then) in ((3, three), (5, five)):
                ends.append(layers.Conv2D(then, size, padding="same")(layers.Conv2D(first, 1)(x)))
            ends.append(layers.Conv2D(pool, 1)(layers.MaxPooling2D(3, 1, "same")(x)))
            model = keras.Model(x, layers.Concatenate()(ends))
            return model.output_shape[-1], model.count_params()
        """),
    },
    "residual_block": {
        "a helper": answer("residual_block(x, filters, stride=1, name='block')", """
            def conv(x, size, step, label):
                return layers.Conv2D(
                    filters, size, strides=step, padding="same", use_bias=False, name=f"{name}_{label}")(x)

            def norm(x, label):
                return layers.BatchNormalization(momentum=0.9, name=f"{name}_{label}")(x)

            shortcut = x
            y = norm(conv(x, 3, stride, "conv1"), "bn1")
            y = layers.Activation("relu", name=f"{name}_relu1")(y)
            y = norm(conv(y, 3, 1, "conv2"), "bn2")
            if stride > 1 or x.shape[-1] != filters:
                shortcut = norm(conv(x, 1, stride, "projection"), "bn_projection")
            return layers.Activation("relu", name=f"{name}_relu2")(layers.add([shortcut, y], name=f"{name}_add"))
        """, GIVEN),
        "a plus sign": block(join="x + y"),
        "the sum the other way round": block(join="layers.Add(name=name + '_add')([y, x])"),
    },
    "feature_maps": {
        "predict": all_maps(".predict(images, verbose=0)", result="{n: outputs[n] for n in found}"),
        "one model each": maps("""
            found = {}
            for layer in model.layers:
                if layer.__class__.__name__ != "InputLayer":
                    found[layer.name] = keras.Model(model.inputs, layer.output).predict(images, verbose=0)
            return found
        """),
        "a list of outputs": maps("""
            names = [layer.name for layer in model.layers if type(layer) is not layers.InputLayer]
            reader = keras.Model(model.input, [model.get_layer(name).output for name in names])
            arrays = reader(images, training=False)
            arrays = arrays if isinstance(arrays, (list, tuple)) else [arrays]
            return dict(zip(names, map(np.asarray, arrays)))
        """),
        "tensors": all_maps("(images, training=False)", result="outputs"),
    },
    "occlusion_map": {
        "one by one": answer("occlusion_map(model, image, label, patch, stride, fill=0.5)", """
            def lead(picture):
                scores = np.asarray(model(picture[None], training=False))[0].tolist()
                own = scores.pop(label)
                return own - max(scores)

            rows = []
            for top in range(0, image.shape[0] - patch + 1, stride):
                rows.append([])
                for left in range(0, image.shape[1] - patch + 1, stride):
                    hidden = np.array(image)
                    hidden[top : top + patch, left : left + patch, :] = fill
                    rows[-1].append(lead(image) - lead(hidden))
            return np.array(rows)
        """),
        "minus infinity": occlusion(
            score="scores[:, label] - np.where(np.arange(scores.shape[1]) == label, -np.inf, scores).max(axis=1)"),
        "masks and predict": answer("occlusion_map(model, image, label, patch, stride, fill=0.5)", """
            h, w = (side - patch for side in image.shape[:2])
            tops, lefts = np.arange(0, h + 1, stride), np.arange(0, w + 1, stride)
            y, x = np.indices(image.shape[:2])
            inside = lambda at, starts: (at >= starts[:, None, None]) & (at < starts[:, None, None] + patch)
            mask = inside(y, tops)[:, None] & inside(x, lefts)[None]
            batch = np.where(mask[..., None], fill, image).reshape(-1, *image.shape)
            scores = model.predict(np.concatenate([image[None], batch]), verbose=0)
            other = np.sort(np.delete(scores, label, 1), axis=1)[:, -1]
            lead = scores[:, label] - other
            return (lead[0] - lead[1:]).reshape(mask.shape[:2])
        """),
    },
    "saliency_map": {
        "two gradients": answer("saliency_map(model, image, label, other)", """
            slopes = [
                value_and_gradient(lambda x: model(x, training=False)[0, k], image[None])[1][0] for k in (label, other)]
            return np.max(np.abs(slopes[0] - slopes[1]), axis=2)
        """),
        "one_hot": answer("saliency_map(model, image, label, other)", """
            def lead(x):
                scores = model(x, training=False)
                signs = keras.ops.one_hot(label, scores.shape[-1]) - keras.ops.one_hot(other, scores.shape[-1])
                return keras.ops.sum(scores * signs)

            _, slope = value_and_gradient(lead, np.expand_dims(image, 0))
            return keras.ops.max(keras.ops.abs(slope[0]), axis=-1)
        """),
        "loops": answer("saliency_map(model, image, label, other)", """
            f = lambda x: model(x, training=False)[0, other] - model(x, training=False)[0, label]
            _, slope = value_and_gradient(f, image[np.newaxis])
            return np.array([[max(abs(float(v)) for v in pixel) for pixel in row] for row in slope[0]])
        """),
    },
    "heat_map": {
        "loops": answer("heat_map(maps, gradients, against=False)", """
            total = np.zeros(maps.shape[:2])
            for k in range(maps.shape[2]):
                total += (-1 if against else 1) * gradients[..., k].mean() * maps[..., k]
            total[total < 0] = 0
            return total / total.max() if total.any() else total
        """),
        "einsum": answer("heat_map(maps, gradients, against=False)", """
            sign = 1 - 2 * against
            alpha = sign * np.einsum("hwk->k", gradients) / (gradients.shape[0] * gradients.shape[1])
            heat = np.clip(np.einsum("hwk,k->hw", maps, alpha), 0, None)
            top = heat.max()
            return heat if top == 0 else heat / top
        """),
        "nan_to_num": answer("heat_map(maps, gradients, against=False)", """
            weights = np.average(gradients, axis=(0, 1)) * (-1.0 if against else 1.0)
            heat = np.maximum((maps * weights).sum(-1), 0)
            with np.errstate(invalid="ignore"):
                return np.nan_to_num(heat / heat.max())
        """),
        "Keras, a tensor": answer("heat_map(maps, gradients, against=False)", """
            weights = keras.ops.mean(keras.ops.convert_to_tensor(gradients), axis=(0, 1))
            heat = keras.ops.relu(keras.ops.sum(maps * (-weights if against else weights), axis=-1))
            top = float(keras.ops.max(heat))
            return heat / top if top > 0 else heat
        """),
    },
    "maps_and_gradients": {
        "predict": cam(body_run="body.predict(image[None], verbose=0)"),
        "a list": cam(result="[np.array(maps)[0], np.squeeze(gradients, axis=0)]"),
        "one_hot": cam(function="keras.ops.sum(head(x, training=False) * keras.ops.one_hot(label, head.output_shape[-1]))"),
    },
    "latent_features": {
        "loops": answer("latent_features(model, layer, images)", """
            outputs = keras.Model(model.inputs, model.get_layer(layer).output).predict(images, verbose=0)
            rows = []
            for output in outputs:
                row = output.flatten().astype(float)
                length = np.sqrt((row**2).sum())
                rows.append(row / length if length else row)
            return np.array(rows)
        """),
        "maximum": latent("rows / np.maximum(lengths, 1e-12)", safe="pass"),
        "nan_to_num": latent("np.nan_to_num(rows / lengths)", safe="pass"),
        "Keras normalises": answer("latent_features(model, layer, images)", """
            body = keras.Model(model.inputs[0], model.get_layer(layer).output)
            rows = keras.ops.reshape(body(images, training=False), (len(images), -1))
            return keras.ops.normalize(rows, axis=-1, order=2)
        """),
    },
    "neighbour_accuracy": {
        "StandardScaler": answer("neighbour_accuracy(train, train_labels, queries, query_labels, k)", """
            from sklearn.preprocessing import StandardScaler

            scaler = StandardScaler().fit(train.reshape(len(train), -1))
            rows, _ = knn.nearest(*(scaler.transform(a.reshape(len(a), -1)) for a in (train, queries)), k)
            return np.mean(knn.vote(train_labels[rows], 1 + max(train_labels)) == query_labels)
        """),
        "only what varies": answer("neighbour_accuracy(train, train_labels, queries, query_labels, k)", """
            a, b = train.reshape(len(train), -1) * 1.0, queries.reshape(len(queries), -1) * 1.0
            some = a.std(axis=0) > 0
            a, b = a[:, some], b[:, some]
            b = (b - a.mean(0)) / a.std(0)
            a = (a - a.mean(0)) / a.std(0)
            said = knn.vote(train_labels[knn.nearest(a, b, k)[0]], len(set(train_labels.tolist())) + int(train_labels.max()))
            return sum(x == y for x, y in zip(said, query_labels)) / len(said)
        """),
        "a small spread": judge(safe="spread = np.maximum(spread, 1e-9)", result="np.float32((votes == query_labels).mean())"),
    },
    "line_kernels": {
        "written out": answer("line_kernels()", """
            flat = [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]
            upright = [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]]
            rising = [[-1, -1, 2], [-1, 2, -1], [2, -1, -1]]
            falling = [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]
            return np.array([flat, upright, rising, falling]).transpose(1, 2, 0).reshape(3, 3, 1, 4)
        """),
        "means taken off": answer("line_kernels()", """
            kernels = np.zeros((3, 3, 1, 4), dtype="float32")
            kernels[1, :, 0, 0] = kernels[:, 1, 0, 1] = 1
            for i in range(3):
                kernels[2 - i, i, 0, 2] = kernels[i, i, 0, 3] = 1
            return kernels - kernels.mean(axis=(0, 1, 2))
        """),
        "nested lists": kernels(f"({STACKED}).tolist()"),
    },
}


SAME_SHIFT = "the same shift of both sets changes no distance"
A_FLOAT = "the mean is a float, and so is what it is subtracted from afterwards"
SCALED = "the map is divided by its largest value"

EQUIVALENT = {
    "residual_block": {
        "without name: layers.ReLU(name=f'{name}_relu1') -> layers.ReLU()":
            "what has no parameters need not be a layer: a function of keras.ops will do",
    },
    "saliency_map": {
        "without training: model(x, training=False) -> model(x)": "Keras calls a network as in use if it is not told",
    },
    "heat_map": {
        "function: gradients.mean(axis=(0, 1)) -> gradients.sum(axis=(0, 1))": SCALED,
    },
    "neighbour_accuracy": {
        "without astype: train.reshape(len(train), -1).astype(float) -> train.reshape(len(train), -1)": A_FLOAT,
        "without astype: queries.reshape(len(queries), -1).astype(float) -> queries.reshape(len(queries), -1)": A_FLOAT,
        "constant: 1 -> 2": SAME_SHIFT,
        "function: known.mean(axis=0) -> np.median(known, axis=0)": SAME_SHIFT,
        "function: known.mean(axis=0) -> known.sum(axis=0)": SAME_SHIFT,
        "without axis: known.mean(axis=0) -> known.mean()": SAME_SHIFT,
        "constant: int(train_labels.max()) + 1 -> int(train_labels.max()) + 2": "a class without neighbours gets no votes",
    },
}
