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


# What stands below the answer in the cell of the residual block, as given to students.
SOLUTIONS = Path(__file__).parents[3] / "solutions" / "week04_visualization" / "visualization.py"
GIVEN = re.search(r"\n\n# What follows is given.*?(?=\n# %%)", SOLUTIONS.read_text(encoding="utf-8"), re.DOTALL).group()


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
):
    """A wrong `residual_block`."""
    norm = "layers.BatchNormalization(momentum=0.9, name=f'{name}_%s')(%s)"
    return answer(
        "residual_block(x, filters, stride=1, name='block')",
        f"""
        y = layers.Conv2D(filters, {size1}{strides1}, {padding}, {bias}, name=f"{prefix}conv1")(x)
        {"y = " + norm % ("bn1", "y") if bn1 else "pass"}
        {"y = layers.ReLU(name=f'{name}_relu1')(y)" if relu1 else "pass"}
        y = layers.Conv2D(filters, {size2}{strides2}, {padding}, {bias}, name=f"{prefix}conv2")(y)
        {"y = " + norm % ("bn2", "y") if bn2 else "pass"}
        {before_add or "pass"}
        if {when}:
            x = layers.Conv2D(filters, {size}, {strides}padding="same", {own}, name=f"{{name}}_projection")(x)
            {"x = " + norm % ("bn_projection", "x") if bn_projection else "pass"}
        y = {join}
        return {last}
    """,
        GIVEN,
    )


def maps(body):
    """A wrong `feature_maps`."""
    return answer("feature_maps(parcel, images)", "model = unpack(parcel)\n" + dedent(body))


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
    score="[:, label]",
    place="top : top + patch, left : left + patch",
    step="stride",
    training="False",
):
    """A wrong `occlusion_map`."""
    return answer(
        "occlusion_map(parcel, image, label, patch, stride, fill=0.5)",
        f"""
        model = unpack(parcel)
        height, width = image.shape[:2]
        tops, lefts = range(0, {size}, {step}), range(0, {width}, {step})
        batch = [image.copy()]
        for top in tops:
            for left in lefts:
                covered = {copy}
                covered[{place}] = {fill}
                batch.append(covered.copy())
        scores = keras.ops.convert_to_numpy(model(np.stack(batch), training={training})){score}
        return ({result}).reshape({shape})
    """,
    )


def saliency(result, function="model(x, training=False)[0, label]", x="image[None]"):
    """A wrong `saliency_map`."""
    return answer(
        "saliency_map(parcel, image, label)",
        f"""
        model = unpack(parcel)
        _, gradient = value_and_gradient(lambda x: {function}, {x})
        return {result}
    """,
    )


def heat(body):
    """A wrong `heat_map`."""
    return answer("heat_map(maps, gradients)", body)


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
        "maps_and_gradients(parcel, layer, image, label)",
        f"""
        model = unpack(parcel)
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
        "latent_features(parcel, layer, images)",
        f"""
        model = unpack(parcel)
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
    search="train, queries, k",
    votes="knn.vote(train_labels[rows], int(train_labels.max()) + 1)",
    result="float((votes == query_labels).mean())",
):
    """A wrong `neighbour_accuracy`."""
    return answer(
        "neighbour_accuracy(train, train_labels, queries, query_labels, k)",
        f"""
        rows, distances = knn.nearest({search})
        votes = {votes}
        return {result}
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
JUDGE, LINES, NEIGHBOURS = "neighbour_accuracy_test", "line_kernels_test", "line_kernels_neighbours_test"

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
        "odd sides rounded up": (vgg(halve="side = -(-side // 2)"), [VGG], "vgg_parameters("),
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
        "parameters only": (inception(result="total"), [INCEPTION], "should return two numbers"),
    },
    "residual_block": {
        "biases": (block(bias="use_bias=True"), [PARTS], "use_bias=False"),
        "1 x 1 convolutions": (block(size1=1), [PARTS], "conv1 is 3 x 3"),
        "always a projection": (block(when="True"), [PARTS], "the shortcut is the input itself"),
        "no batch normalisation": (block(bn1=False, bn2=False), [PARTS], "lacks ['bn1', 'bn2']"),
        "names without the block's": (block(prefix=""), [JOIN], "No such layer"),
        "no padding": (block(padding="padding='valid'"), [PARTS, JOIN], "Is padding 'same' everywhere?"),
        "put side by side": (block(join="layers.Concatenate()([x, y])"), [PARTS], "the shortcut is ADDED"),
        "no shortcut": (block(join="y"), [JOIN], "Where is the shortcut?"),
        "no last ReLU": (block(last="y"), [JOIN], "The sum goes through a last ReLU"),
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
        "a projection with a ReLU of its own": (block(own="use_bias=False, activation='relu'"), [PROJECTION], "random weights"),
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
            [FORK],
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
        "how much the score rises": (occlusion(result="scores[1:] - scores[0]"), [COVER, ANY_SHAPE], "minus the covered one"),
        "the covered scores": (occlusion(result="scores[1:]"), [COVER, ANY_SHAPE], "Subtract it from the whole image's"),
        "squares stay covered": (occlusion(copy="batch[-1].copy()"), [COVER], "Start from a copy each time"),
        "the fill is always 0": (occlusion(fill="0"), [COVER, ANY_SHAPE], "Is `fill` used?"),
        "always label 0": (occlusion(score="[:, 0]"), [COVER, ANY_SHAPE], "Pick the output of `label`"),
        "rows and columns swapped": (occlusion(place="left : left + patch, top : top + patch"), [COVER], "Rows come first"),
        "the shape swapped": (occlusion(shape="len(lefts), len(tops)"), [ANY_SHAPE], "rows come first"),
        "squares beyond the border": (
            occlusion(size="height", width="width"),
            [COVER, ANY_SHAPE],
            "only squares that lie wholly within",
        ),
        "steps of one pixel": (occlusion(step="1"), [COVER, ANY_SHAPE], "the shape is (3, 3), expected (2, 2)"),
        "absolute values": (occlusion(result="np.abs(scores[0] - scores[1:])"), [COVER], "their signs are lost"),
        "one channel covered": (
            occlusion(place="top : top + patch, left : left + patch, 0"),
            [ANY_SHAPE],
            "cover ALL channels",
        ),
        "a side that is square": (occlusion(width="height - patch + 1"), [ANY_SHAPE], "expected (2, 4)"),
    },
    "saliency_map": {
        "no absolute value": (saliency("gradient[0].max(axis=-1)"), [SLOPE], "Take the absolute value first"),
        "the sum over the channels": (saliency("np.abs(gradient[0]).sum(axis=-1)"), [SLOPE], "not their sum"),
        "times the pixel": (saliency("np.abs(gradient[0] * image).max(axis=-1)"), [SLOPE, BENT], "The gradient itself"),
        "always label 0": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x, training=False)[0, 0]"),
            [SLOPE, BENT],
            "Pick the score",
        ),
        "all scores": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "keras.ops.sum(model(x, training=False))"),
            [SLOPE, BENT],
            "Pick the score",
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
            "Invalid input shape",
        ),
        "channels kept": (saliency("np.abs(gradient[0])"), [SLOPE, BENT], "there is an axis too many"),
        "dropout at work": (
            saliency("np.abs(gradient[0]).max(axis=-1)", "model(x, training=True)[0, label]"),
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
        "always label 0": (cam(function="head(x, training=False)[0, 0]"), [CUT, RESIDUAL], "Pick the score of `label`"),
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
                "maps_and_gradients(parcel, layer, image, label)",
                """
                model = unpack(parcel)
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
                "maps_and_gradients(parcel, layer, image, label)",
                """
                model = unpack(parcel)
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
                "maps_and_gradients(parcel, layer, image, label)",
                """
                model = unpack(parcel)
                maps = keras.ops.convert_to_numpy(keras.Model(model.inputs[0], model.get_layer(layer).output)(image[None]))
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
        "the first 32 images": (
            latent(UNIT, rows="keras.ops.convert_to_numpy(body(images[:32])).reshape(len(images[:32]), -1)"),
            [ANY_LAYER],
            "the features of 90 images",
        ),
    },
    "neighbour_accuracy": {
        "the share of wrong answers": (judge(result="float((votes != query_labels).mean())"), [JUDGE], "EQUAL the label"),
        "a count": (judge(result="float((votes == query_labels).sum())"), [JUDGE], "take the mean"),
        "votes on row numbers": (judge(votes="knn.vote(rows, len(train))"), [JUDGE], "neighbour_accuracy"),
        "the nearest alone": (judge(votes="train_labels[rows[:, 0]]"), [JUDGE], "All k neighbours vote"),
        "neighbours counted, not votes": (
            judge(votes="train_labels[rows]", result="float((votes == query_labels[:, None]).mean())"),
            [JUDGE],
            "First the vote",
        ),
        "the training rows themselves": (
            judge(search="train, train, k", result="float((votes == train_labels).mean())"),
            [JUDGE],
            "Look up the QUERIES",
        ),
    },
    "line_kernels": {
        "lines without a price": (
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
            [LINES],
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
