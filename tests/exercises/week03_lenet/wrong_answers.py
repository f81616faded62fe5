"""Plausible mistakes of week 3: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

import re
from pathlib import Path
from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def probabilities(body):
    """A wrong `softmax`."""
    return answer("softmax(logits, temperature=1.0)", body)


def soft(*, scaled="logits / temperature", less="scaled.max(axis=1, keepdims=True)",
         result="e / e.sum(axis=1, keepdims=True)"):
    """A wrong `softmax`, in three steps."""
    return probabilities(f"scaled = {scaled}\ne = np.exp(scaled - {less})\nreturn {result}")


def loss(body):
    """A wrong `cross_entropy`."""
    return answer("cross_entropy(logits, labels, smoothing=0.0)", body)


def smooth(result="-(t * log_p).sum(axis=1).mean()", *, own="1 - smoothing", share="smoothing / classes",
           log_p="z - np.log(np.exp(z).sum(axis=1, keepdims=True))", z="logits - logits.max(axis=1, keepdims=True)",
           place="np.arange(n), labels", end="pass"):
    """A wrong `cross_entropy` by way of the table of targets."""
    return loss(f"""
        n, classes = logits.shape
        t = np.full((n, classes), {share})
        t[{place}] += {own}
        z = {z}
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_p = {log_p}
            {end}
            return {result}
    """)


def slopes(*, share="smoothing / classes", own="1 - smoothing", place="np.arange(n), labels",
           error="(probabilities - targets) / n", result="rows.T @ error, error.sum(axis=0)"):
    """A wrong `gradient`."""
    return answer("gradient(rows, labels, probabilities, smoothing=0.0)", f"""
        n, classes = probabilities.shape
        targets = np.full((n, classes), {share})
        targets[{place}] += {own}
        error = {error}
        return {result}
    """)


def step(body):
    """A wrong `sgd_step`."""
    slopes = "dw, db = gradient(rows, labels, softmax(rows @ weights + bias))"
    return answer("sgd_step(rows, labels, weights, bias, learning_rate, decay=0.0)", f"{slopes}\n{dedent(body)}")


def deal(body):
    """A wrong `batches`."""
    return answer("batches(n, batch_size, seed)", body)


LOOP_ARGUMENTS = "rows, labels, classes, epochs, batch_size, learning_rate, decay=0.0, seed=0"


def loop(*, order="batches(len(rows), batch_size, seed + epoch)", before="pass", inner="rows[batch], labels[batch]",
         after="losses.append(cross_entropy(rows @ weights + bias, labels))", start="pass", end="weights, bias, losses",
         classes="classes", epochs="epochs", rest="learning_rate, decay", zero="np.zeros"):
    """A wrong `train_softmax`."""
    return answer(f"train_softmax({LOOP_ARGUMENTS})", f"""
        weights, bias, losses = {zero}((rows.shape[1], {classes})), np.zeros({classes}), []
        for epoch in range({epochs}):
            {before}
            for batch in {order}:
                {start}
                weights, bias = sgd_step({inner}, weights, bias, {rest})
            {after}
        return {end}
    """)


def ready(result, padded="np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))"):
    """A wrong `prepare`."""
    return answer("prepare(images)", f"""
        border = (32 - images.shape[1]) // 2
        padded = {padded}
        return {result}
    """)


# What stands below the answer in the cell of LeNet, as given to students.
SOLUTIONS = Path(__file__).parents[3] / "solutions" / "week03_lenet" / "lenet.py"
GIVEN = re.search(r"\n\n# What follows is given.*?(?=\n# %%)", SOLUTIONS.read_text(encoding="utf-8"), re.DOTALL).group()


def network(body):
    """Some `build_lenet`."""
    return answer("build_lenet(input_shape, classes=10, modern=False)", body) + GIVEN


def lenet(*, shape="input_shape", conv="activation=bend", c1="6, 5", c3="16, 5", pool="pool", s2="pool(2, name='S2'),",
          s4="pool(2, name='S4'),", dense="activation=bend", output="", more_c1="", more_c3="", classes="classes",
          flatten="layers.Flatten(name='flatten'),", biases="", bend="'relu' if modern else 'tanh'",
          pools="layers.MaxPooling2D if modern else layers.AveragePooling2D", c5="120", f6="84", third="C3"):
    """A wrong `build_lenet`."""
    return network(f"""
        bend = {bend}
        pool = {pools}
        return keras.Sequential([
            keras.Input({shape}),
            layers.Conv2D({c1}, {conv}, name="C1"{more_c1}{biases}),
            {s2}
            layers.Conv2D({c3}, {conv}, name="{third}"{more_c3}{biases}),
            {s4}
            {flatten}
            layers.Dense({c5}, {dense}, name="C5"{biases}),
            layers.Dense({f6}, {dense}, name="F6"{biases}),
            layers.Dense({classes}, name="output"{output}{biases}),
        ])
    """)


def stopping(*, improved="loss < losses[best]", enough="epoch - best >= patience", result="best, epoch"):
    """A wrong `early_stopping`."""
    return answer("early_stopping(losses, patience)", f"""
        best = 0
        for epoch, loss in enumerate(losses):
            if {improved}:
                best = epoch
            if {enough}:
                break
        return {result}
    """)


TRAINING = "train_lenet(images, labels, validation_images, validation_labels, epochs, patience, seed=0)"


def training(*, seed="keras.utils.set_random_seed(seed)", ready="prepare(images), prepare(validation_images)",
             optimizer="keras.optimizers.Adam(learning_rate=0.002)", loss="from_logits=True", fit="x, labels",
             judge="x_validation, validation_labels", fresh="pass", size="batch_size=20, ", epochs="epochs",
             told="model.fit({fit}, {size}epochs=1, verbose=0).history['loss'][0]", build="x.shape[1:]",
             enough="epoch - best >= patience", weights="snapshots[best]", rule="early_stopping(validation_losses, patience)"):
    """A wrong `train_lenet`."""
    return answer(TRAINING, f"""
        {seed}
        x, x_validation = {ready}
        model = build_lenet({build})
        def compile():
            model.compile(
                optimizer={optimizer},
                loss=keras.losses.SparseCategoricalCrossentropy({loss}),
            )
        compile()
        losses, validation_losses, snapshots = [], [], []
        for epoch in range({epochs}):
            {fresh}
            losses.append({told.format(fit=fit, size=size)})
            validation_losses.append(model.evaluate({judge}, verbose=0))
            snapshots.append(model.get_weights())
            best, _ = {rule}
            if {enough}:
                break
        return {{"loss": losses, "val_loss": validation_losses, "weights": {weights}}}
    """)


COLLEAGUE = answer(TRAINING, """
    x = np.concatenate([prepare(images), prepare(validation_images)])
    y = np.concatenate([labels, validation_labels])
    model = build_lenet((32, 32, 1))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    losses, validation_losses = [], []
    for epoch in range(epochs):
        losses += model.fit(x, y, verbose=0).history["loss"]
        validation_losses.append(model.evaluate(x[-100:], y[-100:], verbose=0))
        if epoch and validation_losses[-1] > validation_losses[-2]:
            break
    return {"loss": losses, "val_loss": validation_losses,
            "weights": model.get_weights()}
""")

BOTH = "np.concatenate([x, x_validation]), np.concatenate([labels, validation_labels])"
CUT = "rows = np.random.default_rng({seed}).permutation(n)\nreturn [rows[i : i + batch_size] for i in range(0, n, batch_size)]"

FORMULA, FORMULA_MORE, STABLE = "softmax_test", "softmax_hidden_test", "softmax_stable_test"
LOSS, LOSS_MORE, EXACT = "cross_entropy_test", "cross_entropy_hidden_test", "cross_entropy_stable_test"
WEIGHTS, BIAS, SLOPES = "gradient_weights_test", "gradient_bias_test", "gradient_hidden_test"
STEP, STEP_MORE = "sgd_step_test", "sgd_step_hidden_test"
DEAL, SHUFFLE, DEAL_MORE = "batches_test", "batches_shuffle_test", "batches_hidden_test"
LOOP, LOOP_MORE = "train_softmax_test", "train_softmax_hidden_test"
INPUT, INPUT_MORE = "prepare_test", "prepare_hidden_test"
SHEET, SCORES, NET_MORE = "lenet_sheet_test", "lenet_scores_test", "lenet_hidden_test"
BEST, LAST, STOP_MORE = (f"early_stopping_{part}_test" for part in ("best", "last", "hidden"))
LEARNS, SETTINGS, HONEST, STOPS, COLOUR = (
    f"train_lenet_{part}_test" for part in ("learns", "settings", "honest", "stops", "colour"))

SLOW = {"train_lenet"}  # see `gate.answers_to_run`

WRONG = {
    "softmax": {
        "overflows": (soft(less="0"), [STABLE], "Subtract the largest score first"),
        "subtracts the largest score of the batch": (soft(less="scaled.max()"), [STABLE], "its OWN largest score"),
        "subtracts the largest before it is divided": (
            soft(less="logits.max(axis=1, keepdims=True)"), [STABLE], "softmax,"),
        "cuts large scores off": (soft(less="0", scaled="np.clip(logits / temperature, -700, 700)"),
                                  [STABLE], "softmax, scores around 1000"),
        "subtracts the mean": (soft(less="scaled.mean(axis=1, keepdims=True)"), [STABLE], "softmax"),
        "over the images": (
            soft(less="scaled.max(axis=0)", result="e / e.sum(axis=0)"), [FORMULA, STABLE], "along which axis do they lie"),
        "over the whole batch": (
            soft(less="scaled.max()", result="e / e.sum()"), [FORMULA, STABLE], "Each image has a sum of its own"),
        "without keepdims": (soft(result="e / e.sum(axis=1)"), [FORMULA], "broadcast"),
        "not divided": (soft(less="0", result="e"), [FORMULA, STABLE], "Divide by the sum of each row"),
        "no exponential": (
            probabilities("return logits / logits.sum(axis=1, keepdims=True)"), [FORMULA, STABLE], "where is the exp?"),
        "subtracts, then forgets the sum of the shifted ones": (
            soft(result="e / np.exp(scaled).sum(axis=1, keepdims=True)"), [FORMULA, STABLE], "softmax of scores"),
        "no temperature": (soft(scaled="logits"), [FORMULA, FORMULA_MORE], "Divide the scores by the temperature"),
        "multiplied by the temperature": (soft(scaled="logits * temperature"), [FORMULA, FORMULA_MORE], "temperature"),
        "the temperature after the exponential": (
            soft(scaled="logits", result="e / temperature / (e / temperature).sum(axis=1, keepdims=True)"),
            [FORMULA, FORMULA_MORE], "Divide the scores by the temperature"),
        "probabilities divided by the temperature": (
            soft(scaled="logits", result="e / e.sum(axis=1, keepdims=True) / temperature"),
            [FORMULA, FORMULA_MORE], "Divide the SCORES"),
        "whole temperatures": (soft(scaled="logits / max(int(temperature), 1)"), [FORMULA, FORMULA_MORE], "temperature"),
        "in place": (
            probabilities("""
                logits /= temperature
                logits -= logits.max(axis=1, keepdims=True)
                e = np.exp(logits)
                return e / e.sum(axis=1, keepdims=True)
            """), [FORMULA], "changes its input"),
    },
    "cross_entropy": {
        "logarithm of a softmax": (
            smooth(log_p="np.log(softmax(logits))"), [EXACT], "Never take the logarithm of a softmax"),
        "cut off at 1e-7": (smooth(log_p="np.log(np.clip(softmax(logits), 1e-7, 1))"), [EXACT], "Cut off"),
        "a small number added": (smooth(log_p="np.log(softmax(logits) + 1e-12)"), [EXACT], "Cut off"),
        "exp overflows": (smooth(z="logits"), [EXACT], "exp overflows"),
        "the largest of the batch": (smooth(z="logits - logits.max()"), [EXACT], "cross_entropy"),
        "the sum": (smooth("-(t * log_p).sum()"), [LOSS, EXACT], "must not grow with the batch"),
        "wrong sign": (smooth("(t * log_p).sum(axis=1).mean()"), [LOSS, EXACT], "never negative"),
        "mean over images and classes": (smooth("-(t * log_p).mean()"), [LOSS, EXACT], "the mean over the images only"),
        "base 2": (smooth("-(t * log_p).sum(axis=1).mean() / np.log(2)"), [LOSS, EXACT], "natural logarithm"),
        "the logarithm of the mean": (
            loss("p = softmax(logits)\nreturn -np.log(p[np.arange(len(labels)), labels].mean())"),
            [LOSS, EXACT], "then the mean"),
        "takes scores for probabilities": (smooth("-np.log(logits[np.arange(n), labels]).mean()"),
                                           [LOSS, EXACT], "not probabilities yet"),
        "picks columns, not entries": (smooth("-log_p[:, labels].mean()"), [LOSS, EXACT], "pick ONE number of each row"),
        "an array": (smooth("-(t * log_p).sum(axis=1)"), [LOSS], "expected a single number"),
        "no smoothing": (smooth(own="1", share="0.0"), [LOSS, LOSS_MORE], "Is `smoothing` used?"),
        "the share for the other classes only": (
            smooth(share="smoothing / (classes - 1)", own="1 - smoothing - smoothing / (classes - 1)"),
            [LOSS, LOSS_MORE], "the true one as well"),
        "1 - s for the true class": (smooth(own="1 - smoothing - smoothing / classes"), [LOSS, LOSS_MORE], "and its s / K"),
        "the true class only": (smooth(share="0.0"), [LOSS, LOSS_MORE], "The other classes have a target"),
        "every class gets s": (smooth(share="smoothing"), [LOSS, LOSS_MORE], "each class gets s / K"),
        "always three classes": (smooth(share="smoothing / 3"), [EXACT, LOSS_MORE], "cross_entropy"),
        "the median": (smooth("np.median(-(t * log_p).sum(axis=1))"), [EXACT], "cross_entropy"),
        "in place": (
            loss("""
                logits -= logits.max(axis=1, keepdims=True)
                log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
                own = log_p[np.arange(len(labels)), labels]
                return -((1 - smoothing) * own + smoothing * log_p.mean(axis=1)).mean()
            """), [LOSS], "changes its input"),
    },
    "gradient": {
        "the sum over the images": (slopes(error="probabilities - targets"), [WEIGHTS, BIAS], "divide by the number of images"),
        "wrong sign": (slopes(error="(targets - probabilities) / n"), [WEIGHTS, BIAS], "The slope points uphill"),
        "no truth": (slopes(error="probabilities / n"), [WEIGHTS, BIAS], "Where is T?"),
        "divided by images and classes": (slopes(error="(probabilities - targets) / targets.size"), [WEIGHTS],
                                          "The mean is over the images only"),
        "divided by the classes": (slopes(error="(probabilities - targets) / classes"), [WEIGHTS, SLOPES], "gradient"),
        "the bias averaged again": (slopes(result="rows.T @ error, error.mean(axis=0)"), [BIAS], "Then the sum is enough"),
        "the bias summed over the classes": (slopes(result="rows.T @ error, error.sum(axis=1)"), [BIAS], "Which axis?"),
        "the bias keeps an axis": (
            slopes(result="rows.T @ error, error.sum(axis=0, keepdims=True)"), [BIAS], "an axis of length 1"),
        "the weights transposed": (slopes(result="error.T @ rows, error.sum(axis=0)"), [WEIGHTS], "transposed"),
        "only the weights divided": (
            slopes(error="probabilities - targets", result="rows.T @ error / n, error.sum(axis=0)"),
            [BIAS], "divide by the number"),
        "one array only": (slopes(result="rows.T @ error"), [WEIGHTS, BIAS], "should return two arrays"),
        "one label subtracted from everybody": (slopes(place=":, labels"), [WEIGHTS, BIAS], "a single 1 in each row"),
        "the two swapped": (slopes(result="error.sum(axis=0), rows.T @ error"), [WEIGHTS, BIAS], "the shape is"),
        "no smoothing": (slopes(share="0.0", own="1"), [WEIGHTS, SLOPES], "Is `smoothing` used?"),
        "the share for the other classes only": (
            slopes(share="smoothing / (classes - 1)", own="1 - smoothing - smoothing / (classes - 1)"),
            [WEIGHTS, SLOPES], "the true one as well"),
        "1 - s for the true class": (slopes(own="1 - smoothing - smoothing / classes"), [WEIGHTS, SLOPES], "its s / K"),
        "always three classes": (slopes(share="smoothing / 3"), [BIAS, SLOPES], "K is the number of columns"),
        "in place": (
            answer("gradient(rows, labels, probabilities, smoothing=0.0)", """
                n, classes = probabilities.shape
                probabilities -= smoothing / classes
                probabilities[np.arange(n), labels] -= 1 - smoothing
                return rows.T @ probabilities / n, probabilities.sum(axis=0) / n
            """), [WEIGHTS], "changes its input"),
    },
    "sgd_step": {
        "uphill": (step("return weights + learning_rate * (dw + decay * weights), bias + learning_rate * db"),
                   [STEP], "subtract"),
        "learning rate squared": (
            step("""
                rate = learning_rate**2
                return weights - rate * (dw + decay * weights), bias - rate * db
            """),
            [STEP], "multiplied in twice"),
        "no learning rate": (
            step("return weights - dw - decay * weights, bias - db"), [STEP], "Multiply it by the learning rate"),
        "the bias stays": (step("return weights - learning_rate * (dw + decay * weights), bias"), [STEP], "AND bias take a step"),
        "only the step": (step("return -learning_rate * (dw + decay * weights), -learning_rate * db"),
                          [STEP], "Return the new weights and bias"),
        "divided by n again": (
            step("n = len(labels)\nreturn weights - learning_rate * dw / n, bias - learning_rate * db / n"),
            [STEP], "is a mean already"),
        "only the weights returned": (step("return weights - learning_rate * dw"), [STEP], "should return weights, bias"),
        "no decay": (step("return weights - learning_rate * dw, bias - learning_rate * db"), [STEP, STEP_MORE], "Add decay"),
        "the bias decays": (
            step("return weights - learning_rate * (dw + decay * weights), bias - learning_rate * (db + decay * bias)"),
            [STEP, STEP_MORE], "at the weights only"),
        "decay without the learning rate": (
            step("return weights - learning_rate * dw - decay * weights, bias - learning_rate * db"),
            [STEP, STEP_MORE], "multiplies the decay, too"),
        "weights grow": (
            step("return weights - learning_rate * (dw - decay * weights), bias - learning_rate * db"),
            [STEP, STEP_MORE], "makes weights smaller"),
        "decay by the sign": (
            step("return weights - learning_rate * (dw + decay * np.sign(weights)), bias - learning_rate * db"),
            [STEP, STEP_MORE], "sgd_step"),
        "in place": (
            step("""
                weights -= learning_rate * (dw + decay * weights)
                bias -= learning_rate * db
                return weights, bias
            """), [STEP], "changes its input"),
        "the bias after the weights have moved": (
            step("""
                new = weights - learning_rate * (dw + decay * weights)
                _, db = gradient(rows, labels, softmax(rows @ new + bias))
                return new, bias - learning_rate * db
            """), [STEP, STEP_MORE], "the bias after sgd_step"),
    },
    "batches": {
        "the last batch dropped": (
            deal("""
                rows = np.random.default_rng(seed).permutation(n)
                return [rows[i * batch_size : (i + 1) * batch_size] for i in range(n // batch_size)]
            """), [DEAL], "the last, smaller batch lost"),
        "equal parts": (
            deal("return np.array_split(np.random.default_rng(seed).permutation(n), -(-n // batch_size))"),
            [DEAL], "Only the LAST batch may be smaller"),
        "an empty batch at the end": (
            deal(CUT.format(seed="seed").replace("0, n,", "0, n + 1,")), [DEAL], "has batches of the sizes [5, 5, 0]"),
        "drawn with replacement": (
            deal("""
                rows = np.random.default_rng(seed).integers(n, size=n)
                return [rows[start : start + batch_size] for start in range(0, n, batch_size)]
            """), [DEAL], "exactly once an epoch"),
        "counts from 1": (
            deal("""
                rows = 1 + np.random.default_rng(seed).permutation(n)
                return [rows[start : start + batch_size] for start in range(0, n, batch_size)]
            """), [DEAL], "every row from 0 to"),
        "not shuffled": (
            deal("return [np.arange(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]"),
            [SHUFFLE], "shuffle the ROWS, then cut"),
        "only the order of the batches is shuffled": (
            deal("""
                starts = np.random.default_rng(seed).permutation(np.arange(0, n, batch_size))
                starts = sorted(starts, key=lambda start: start + batch_size > n)
                return [np.arange(start, min(start + batch_size, n)) for start in starts]
            """), [SHUFFLE, DEAL_MORE], "shuffle the ROWS, then cut"),
        "always the same order": (deal(CUT.format(seed=0)), [SHUFFLE], "is the seed used?"),
        "never the same order": (deal(CUT.format(seed="")), [SHUFFLE], "the second time"),
    },
    "train_softmax": {
        "the loss before each epoch": (
            loop(before="losses.append(cross_entropy(rows @ weights + bias, labels))", after="pass"),
            [LOOP], "at the END of an epoch"),
        "the last batch dropped": (
            loop(order="batches(len(rows), batch_size, seed + epoch)[: len(rows) // batch_size]"),
            [LOOP], "Every batch makes a step"),
        "all images in one step": (loop(inner="rows, labels", order="[None]"), [LOOP], "One step for each BATCH"),
        "one image a step": (loop(order="batches(len(rows), 1, seed + epoch)"), [LOOP], "One step for each BATCH"),
        "the mean loss of the batches": (
            loop(before="running = []", start="running.append(cross_entropy(rows[batch] @ weights + bias, labels[batch]))",
                 after="losses.append(np.mean(running))"), [LOOP], "Note it at the END, on all the rows"),
        "the same order in every epoch": (loop(order="batches(len(rows), batch_size, seed)"),
                                          [LOOP, LOOP_MORE], "is it another order in each epoch?"),
        "the seed ignored": (loop(order="batches(len(rows), batch_size, epoch)"), [LOOP, LOOP_MORE], "In epoch e"),
        "counts epochs from 1": (loop(order="batches(len(rows), batch_size, seed + epoch + 1)"), [LOOP, LOOP_MORE], "In epoch e"),
        "labels of other rows": (
            loop(inner="rows[batch], labels[: len(batch)]"), [LOOP], "Do rows and labels of a batch belong together?"),
        "starts again in every epoch": (
            loop(before="weights, bias = np.zeros((rows.shape[1], classes)), np.zeros(classes)"),
            [LOOP], "Go on with the weights you have"),
        "a loss for every batch": (
            loop(start="losses.append(cross_entropy(rows @ weights + bias, labels))", after="pass"),
            [LOOP], "One for each epoch"),
        "no losses": (loop(end="weights, bias"), [LOOP], "should return weights, bias, losses"),
        "always ten classes": (loop(classes="10"), [LOOP], "3 classes, though only one"),
        "only the classes that occur": (loop(classes="labels.max() + 1"), [LOOP], "3 classes, though only one"),
        "no decay": (loop(rest="learning_rate"), [LOOP, LOOP_MORE], "Pass `decay` on"),
        "a rate of 0.1": (loop(rest="0.1, decay"), [LOOP, LOOP_MORE], "should be one sgd_step"),
        "random weights to begin with": (
            loop(zero="np.random.default_rng(seed).normal(0, 0.01, size=(rows.shape[1], classes)) + np.zeros"),
            [LOOP, LOOP_MORE], "train_softmax"),
    },
    "prepare": {
        "uint8 divided to whole numbers": (ready("(padded // 255).astype('float32')"), [INPUT], "the places of two pixels"),
        "not scaled": (ready("padded.astype('float32')"), [INPUT], "Divide by 255"),
        "scaled by 256": (ready("padded.astype('float32') / 256"), [INPUT], "should become 1"),
        "divided by the largest pixel": (
            ready("padded.astype('float32') / padded.max()"), [INPUT, INPUT_MORE], "a dark image stays dark"),
        "divided by the largest pixel of each image": (
            ready("padded.astype('float32') / padded.max(axis=(1, 2, 3), keepdims=True)"),
            [INPUT, INPUT_MORE], "not by an image's own"),
        "divided where a pixel is above 1": (
            ready("padded.astype('float32') / (255 if padded.max() > 128 else 128)"), [INPUT, INPUT_MORE], "dark photographs"),
        "float64": (ready("padded / 255"), [INPUT], "Half the memory"),
        "padded on one side": (
            ready("padded.astype('float32') / 255", "np.pad(images, ((0, 0), (0, 2 * border), (0, 2 * border), (0, 0)))"),
            [INPUT], "on EACH side"),
        "the channels padded too": (
            ready("padded.astype('float32') / 255", "np.pad(images, ((0, 0), *[(border, border)] * 3))"),
            [INPUT], "is 5, expected 1"),
        "the channel axis lost": (ready("padded.astype('float32')[..., 0] / 255"), [INPUT], "has 3 entries"),
        "a white border": (
            ready("padded.astype('float32') / 255",
                  "np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)), constant_values=255)"),
            [INPUT], "the places of two pixels"),
        "not padded": (ready("padded.astype('float32') / 255", "images"), [INPUT], "is 28, expected 32"),
        "always by two pixels": (
            ready("padded.astype('float32') / 255", "np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))"),
            [INPUT], "expected"),
        "one channel only": (ready("padded[..., :1].astype('float32') / 255"), [INPUT], "three photographs"),
        "a loop that ends too early": (
            answer("prepare(images)", """
                border = (32 - images.shape[1]) // 2
                out = np.zeros((len(images), 32, 32, images.shape[3]), dtype="float32")
                out[0, border : 32 - border, border : 32 - border] = images[0] / 255
                return out
            """), [INPUT, INPUT_MORE], "the places of two pixels"),
    },
    "build_lenet": {
        "3 x 3 windows": (lenet(c1="6, 3", c3="16, 3"), [SHEET, SCORES], "LeNet's windows are 5 x 5"),
        "3 x 3 windows in C3, as on the slide": (lenet(c3="16, 3"), [SHEET, SCORES], "the slide cannot be right"),
        "padding everywhere": (
            lenet(conv="padding='same', activation=bend"), [SHEET, SCORES], "here the windows stay inside"),
        "padding in C1": (lenet(more_c1=", padding='same'"), [SHEET, SCORES], "here the windows stay inside"),
        "grey only": (lenet(shape="(32, 32, 1)"), [SHEET, NET_MORE], "Is input_shape used?"),
        "colour only": (lenet(shape="(32, 32, 3)"), [SHEET, SCORES], "Use the input_shape given"),
        "28 x 28": (lenet(shape="(28, 28, 1)"), [SHEET, SCORES], "Use the input_shape given"),
        "no biases": (lenet(biases=", use_bias=False"), [SHEET, SCORES], "one bias more"),
        "no second pooling": (lenet(s4=""), [SHEET, SCORES], "All eight"),
        "not flattened": (lenet(flatten=""), [SHEET, SCORES], "All eight"),
        "other names": (lenet(third="C2"), [SHEET], "in the order of the table"),
        "no activations in the convolutions": (lenet(conv="activation=None"), [SCORES], "C1, C3, C5 and F6 have tanh"),
        "no activations in the dense layers": (lenet(dense="activation=None"), [SCORES], "C1, C3, C5 and F6 have tanh"),
        "always ReLU": (lenet(bend="'relu'"), [SCORES, NET_MORE], "C1, C3, C5 and F6 have tanh"),
        "always tanh": (lenet(bend="'tanh'"), [SCORES, NET_MORE], "C1, C3, C5 and F6 have ReLU"),
        "always max pooling": (lenet(pools="layers.MaxPooling2D"), [SCORES, NET_MORE], "S2 and S4 take the average"),
        "always average pooling": (lenet(pools="layers.AveragePooling2D"), [SCORES, NET_MORE], "take the largest value"),
        "modern turned round": (
            lenet(bend="'tanh' if modern else 'relu'", pools="layers.AveragePooling2D if modern else layers.MaxPooling2D"),
            [SCORES, NET_MORE], "have tanh"),
        "the second pooling is always an average": (
            lenet(s4="layers.AveragePooling2D(2, name='S4'),"), [SCORES, NET_MORE], "the modern network"),
        "modern convolutions only": (lenet(dense="activation='tanh'"), [SCORES, NET_MORE], "have ReLU"),
        "softmax in the output layer": (lenet(output=", activation='softmax'"), [SCORES, NET_MORE], "no activation"),
        "tanh in the output layer": (lenet(output=", activation='tanh'"), [SCORES, NET_MORE], "No activation"),
        "always ten classes": (lenet(classes="10"), [SHEET, NET_MORE], "Is it used?"),
        "poolings that overlap": (
            lenet(s2="pool(3, strides=2, name='S2'),"), [SHEET, NET_MORE], "the parameters of the eight layers"),
    },
    "early_stopping": {
        "one epoch too late": (stopping(enough="epoch - best > patience"), [LAST], "no better than the best"),
        "one epoch too early": (stopping(enough="epoch - best >= patience - 1 and epoch > 0"),
                                [LAST, BEST], "of early_stopping("),
        "counted from the start": (stopping(enough="epoch + 1 >= patience"), [LAST, BEST], "so nothing stops it"),
        "never starts the count again": (
            answer("early_stopping(losses, patience)", """
                best = waited = 0
                for epoch, loss in enumerate(losses):
                    if loss < losses[best]:
                        best = epoch
                    elif epoch > 0:
                        waited += 1
                        if waited == patience:
                            break
                return best, epoch
            """), [LAST], "every improvement starts the count again"),
        "better than the epoch before": (
            answer("early_stopping(losses, patience)", """
                best = waited = 0
                for epoch in range(1, len(losses)):
                    waited = 0 if losses[epoch] < losses[epoch - 1] else waited + 1
                    if losses[epoch] < losses[best]:
                        best = epoch
                    if waited == patience:
                        return best, epoch
                return best, len(losses) - 1
            """), [LAST], "no better than the best"),
        "an equal loss is an improvement": (
            stopping(improved="loss <= losses[best]"), [LAST, BEST, STOP_MORE], "not an improvement"),
        "the minimum of all": (
            answer("early_stopping(losses, patience)", """
                best = int(np.argmin(losses))
                return best, min(best + patience, len(losses) - 1)
            """), [LAST, BEST], "Epoch 4 would be better, but it was never run"),
        "the last epoch is kept": (stopping(result="epoch, epoch"), [BEST], "Go back to the best epoch"),
        "counts from 1": (stopping(result="best + 1, epoch + 1"), [LAST, BEST], "Epochs are counted from 0"),
        "the two swapped": (stopping(result="epoch, best"), [LAST, BEST], "of early_stopping("),
        "waits for a rise, any rise": (stopping(enough="epoch and loss > losses[epoch - 1]"), [LAST, BEST], "of early_stopping("),
        "only the best": (stopping(result="best"), [LAST, BEST], "should return two numbers"),
        "always a patience of 2": (stopping(enough="epoch - best >= 2"), [LAST], "of early_stopping("),
        "patience as a loss": (stopping(enough="loss - losses[best] >= patience"), [LAST], "of early_stopping("),
        "uses the list up": (
            answer("early_stopping(losses, patience)", """
                best, epoch, smallest = 0, -1, float("inf")
                while losses:
                    epoch, loss = epoch + 1, losses.pop(0)
                    if loss < smallest:
                        best, smallest = epoch, loss
                    if epoch - best >= patience:
                        break
                return best, epoch
            """), [LAST], "changes its input"),
    },
    "train_lenet": {
        "as the colleague left it": (COLLEAGUE, [LEARNS, SETTINGS, STOPS, COLOUR], "Does the loss know that it gets scores"),
        "the weights of the last epoch": (training(weights="model.get_weights()"), [STOPS], "Those of the LAST epoch?"),
        "the loss takes scores for probabilities": (training(loss=""), [LEARNS], "gets scores"),
        "trains on the validation images as well": (training(fit=BOTH), [HONEST], "trains on the validation images"),
        "trains on the validation images only": (training(fit="x_validation, validation_labels"), [HONEST], "train"),
        "the validation loss of training images": (training(judge="x, labels"), [HONEST], "measured on training images"),
        "a part of the training images as validation": (
            training(told="model.fit(x, labels, batch_size=20, epochs=1, validation_split=0.25, verbose=0).history['loss'][0]",
                     judge="x[-50:], labels[-50:]"), [HONEST], "'val_loss' is measured on training images"),
        "a part of the validation images": (
            training(judge="x_validation[:100], validation_labels[:100]"), [LEARNS], "of all of them?"),
        "the weights of the best epoch on training images": (
            training(weights="snapshots[int(np.argmin(losses))]"), [STOPS], "Those of the LAST epoch?"),
        "never stops": (training(enough="False"), [STOPS], "Training stopped after epoch"),
        "stops an epoch too late": (training(enough="epoch - best > patience"), [STOPS], "Training stopped after epoch"),
        "stops at the first rise": (
            training(enough="epoch and validation_losses[-1] > validation_losses[-2]"), [STOPS], "Training stopped after epoch"),
        "watches the training loss": (
            training(enough="early_stopping(losses, patience)[1] < epoch"), [STOPS], "Training stopped after epoch"),
        "always a patience of 2": (training(enough="epoch - best >= 2"), [STOPS], "Training stopped after epoch"),
        "always a patience of 3": (
            training(enough="epoch - best >= 3", rule="early_stopping(validation_losses, 3)"),
            [STOPS], "Training stopped after epoch"),
        "always ten epochs": (training(epochs="10"), [STOPS], "Training stopped after epoch"),
        "the seed ignored": (training(seed="pass"), [STOPS], "set_random_seed(seed)"),
        "always the same seed": (training(seed="keras.utils.set_random_seed(0)"), [STOPS], "is the seed used?"),
        "grey images only": (training(build="(32, 32, 1)"), [COLOUR], "incompatible"),
        "batches of 32": (training(size=""), [SETTINGS], "three batches of 20"),
        "batches of 10": (training(size="batch_size=10, "), [SETTINGS], "three batches of 20"),
        "one batch": (training(size="batch_size=len(x), "), [SETTINGS], "three batches of 20"),
        "Adam's default rate": (training(optimizer="'adam'"), [SETTINGS], "should be 0.002"),
        "a rate of 0.02": (training(optimizer="keras.optimizers.Adam(0.02)"), [SETTINGS], "0.002"),
        "plain SGD": (training(optimizer="keras.optimizers.SGD(0.002)"), [SETTINGS], "The optimiser is Adam"),
        "RMSprop": (training(optimizer="keras.optimizers.RMSprop(0.002)"), [SETTINGS], "three steps of Adam"),
        "the modern network": (training(build="x.shape[1:], modern=True"), [LEARNS], "With the weights given back"),
        "a learning rate that is far too large": (training(optimizer="keras.optimizers.Adam(3.0)"), [LEARNS], "hardly learning"),
        "starts anew in every epoch": (
            training(fresh="model.set_weights(build_lenet(x.shape[1:]).get_weights()); compile()"),
            [LEARNS, HONEST], "Does each epoch continue from the last one?"),
        "the model, not its weights": (training(weights="model"), [LEARNS, STOPS, COLOUR], "should be a list"),
        "validation images not prepared": (
            training(ready="prepare(images), prepare(validation_images) * 255"), [LEARNS], "With the weights given back"),
        "only the history": (
            training().replace("return {", "return losses, {"), [LEARNS, HONEST, STOPS, COLOUR], "should return a dict"),
    },
}

CALLBACK = answer(TRAINING, """
    keras.utils.set_random_seed(seed)
    x = prepare(images)
    model = build_lenet(x.shape[1:])
    model.compile(
        optimizer=keras.optimizers.Adam(0.002),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    history = model.fit(
        x, labels, batch_size=20, epochs=epochs, verbose=0, callbacks=[stop],
        validation_data=(prepare(validation_images), validation_labels),
    ).history
    return {"loss": history["loss"], "val_loss": history["val_loss"], "weights": model.get_weights()}
""")
BY_VALIDATION_DATA = answer(TRAINING, """
    keras.utils.set_random_seed(seed)
    x, x_validation = prepare(images), prepare(validation_images)
    model = build_lenet(tuple(x.shape[1:]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.002), loss=loss, metrics=["accuracy"])
    told = {"loss": [], "val_loss": []}
    smallest, kept, waited = np.inf, None, 0
    for _ in range(epochs):
        history = model.fit(
            x, labels, batch_size=20, verbose=0, validation_data=(x_validation, validation_labels)
        ).history
        for key, values in told.items():
            values.append(np.float32(history[key][0]))
        waited += 1
        if told["val_loss"][-1] < smallest:
            smallest, waited = told["val_loss"][-1], 0
            kept = tuple(np.array(array) for array in model.get_weights())
        if waited >= patience:
            break
    return told | {"weights": kept}
""")
BY_STEPS = answer(TRAINING, """
    keras.utils.set_random_seed(seed)
    x, x_validation = prepare(images), prepare(validation_images)
    model = build_lenet(x.shape[1:])
    model.compile(optimizer=keras.optimizers.Adam(0.002), loss=lambda true, scores: keras.ops.mean(
        keras.losses.sparse_categorical_crossentropy(true, scores, from_logits=True)))
    losses, validation_losses, kept = [], [], []
    for epoch in range(epochs):
        seen = []
        for batch in batches(len(x), 20, seed + epoch):
            seen.append(float(model.train_on_batch(x[batch], labels[batch])))
        losses.append(float(np.mean(seen)))
        scores = model.predict(x_validation, verbose=0)
        validation_losses.append(cross_entropy(scores.astype(float), validation_labels))
        kept.append(model.get_weights())
        best, last = early_stopping(validation_losses, patience)
        if last - best >= patience:
            break
    return dict(loss=losses, val_loss=validation_losses, weights=kept[best])
""")

# Right answers in other styles: each must keep all points of its question.
RIGHT = {
    "softmax": {
        "loops": probabilities("""
            table = []
            for row in logits:
                top = max(row)
                powers = [np.exp((z - top) / temperature) for z in row]
                table.append([power / sum(powers) for power in powers])
            return np.array(table)
        """),
        "by the logarithm": probabilities("""
            z = np.asarray(logits, dtype=float) / temperature
            z = z - z.max(axis=-1)[:, None]
            return np.exp(z - np.log(np.exp(z).sum(axis=-1))[:, None])
        """),
        "SciPy": probabilities("from scipy import special\nreturn special.softmax(logits / temperature, axis=1)"),
        "Keras, a tensor": probabilities("import keras\nreturn keras.ops.softmax(logits / temperature, axis=-1)"),
        "the mean taken off as well": probabilities("""
            z = logits / temperature
            z = (z.T - z.T.max(axis=0)).T
            e = np.exp(z)
            return np.einsum("nk,n->nk", e, 1 / np.einsum("nk->n", e))
        """),
    },
    "cross_entropy": {
        "loops": loss("""
            total = 0.0
            for row, label in zip(logits, labels):
                top = max(row)
                log_sum = top + np.log(sum(np.exp(z - top) for z in row))
                for k, z in enumerate(row):
                    target = smoothing / len(row) + (1 - smoothing) * (k == label)
                    total += target * (log_sum - z)
            return total / len(labels)
        """),
        "the table of targets": smooth(),
        "einsum": smooth("-np.einsum('nk,nk->', t, log_p) / n"),
        "SciPy, a NumPy number": loss("""
            from scipy import special
            log_p = special.log_softmax(logits, axis=1)
            t = (1 - smoothing) * np.eye(logits.shape[1])[labels] + smoothing / logits.shape[1]
            return -np.mean(np.sum(t * log_p, axis=1))
        """),
        "logsumexp": loss("""
            from scipy.special import logsumexp
            own = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
            mixed = (1 - smoothing) * own + smoothing * logits.mean(axis=1)
            return np.mean(logsumexp(logits, axis=1) - mixed)
        """),
    },
    "gradient": {
        "loops": answer("gradient(rows, labels, probabilities, smoothing=0.0)", """
            n, classes = probabilities.shape
            dw, db = np.zeros((rows.shape[1], classes)), np.zeros(classes)
            for i in range(n):
                for k in range(classes):
                    target = smoothing / classes + (1 - smoothing) * (labels[i] == k)
                    dw[:, k] += rows[i] * (probabilities[i, k] - target) / n
                    db[k] += (probabilities[i, k] - target) / n
            return [dw, db]
        """),
        "eye and einsum": answer("gradient(rows, labels, probabilities, smoothing=0.0)", """
            k = probabilities.shape[1]
            error = probabilities - (1 - smoothing) * np.eye(k)[labels] - smoothing / k
            return np.einsum("nd,nk->dk", rows, error) / len(rows), error.mean(axis=0)
        """),
        "a copy, in place": answer("gradient(rows, labels, probabilities, smoothing=0.0)", """
            error = probabilities.copy()
            error -= smoothing / error.shape[1]
            error[range(len(labels)), labels] -= 1 - smoothing
            error /= len(labels)
            return (error.T @ rows).T, np.ones(len(labels)) @ error
        """),
        "one_hot": answer("gradient(rows, labels, probabilities, smoothing=0.0)", """
            true = (np.arange(probabilities.shape[1]) == labels[:, None]).astype(float)
            mixed = true * (1 - smoothing) + smoothing / true.shape[1]
            error = np.subtract(probabilities, mixed) / true.shape[0]
            return np.dot(rows.T, error), np.sum(error, 0)
        """),
    },
    "sgd_step": {
        "shrink, then step": step("return weights * (1 - learning_rate * decay) - learning_rate * dw, bias - learning_rate * db"),
        "copies, in place": step("""
            weights, bias = weights.copy(), bias.copy()
            weights -= learning_rate * (dw + decay * weights)
            bias -= learning_rate * db
            return weights, bias
        """),
        "a list": step("dw = dw + decay * weights\nreturn [weights - learning_rate * dw, bias - learning_rate * db]"),
    },
    "batches": {
        "a shuffled copy": deal("""
            rows = np.arange(n)
            np.random.default_rng(seed).shuffle(rows)
            return [rows[start : start + batch_size] for start in range(0, n, batch_size)]
        """),
        "array_split": deal("""
            rows = np.random.default_rng(seed).permutation(n)
            return np.array_split(rows, np.arange(batch_size, n, batch_size))
        """),
        "lists, the module random": deal("""
            import random
            rows = list(range(n))
            random.Random(seed).shuffle(rows)
            found = []
            while rows:
                found.append(np.array(rows[:batch_size]))
                rows = rows[batch_size:]
            return tuple(found)
        """),
        "RandomState": deal("""
            rows = np.random.RandomState(seed).permutation(n)
            return [rows[k * batch_size : (k + 1) * batch_size] for k in range(-(-n // batch_size))]
        """),
    },
    "train_softmax": {
        "the state in a tuple": answer(f"train_softmax({LOOP_ARGUMENTS})", """
            state, losses = (np.zeros((rows.shape[-1], classes)), np.zeros((classes,))), []
            for s in range(seed, seed + epochs):
                for chosen in batches(rows.shape[0], batch_size, s):
                    state = sgd_step(rows[chosen], labels[chosen], *state, learning_rate, decay=decay)
                losses += [cross_entropy(rows @ state[0] + state[1], labels)]
            return (*state, losses)
        """),
        "losses as an array": loop(end="weights, bias, np.array(losses)"),
        "a while loop": answer(f"train_softmax({LOOP_ARGUMENTS})", """
            w, b, losses = np.zeros((len(rows[0]), classes)), np.zeros(classes), []
            while len(losses) < epochs:
                for batch in batches(len(labels), batch_size, seed=seed + len(losses)):
                    w, b = sgd_step(rows.take(batch, axis=0), labels.take(batch), w, b, learning_rate, decay)
                losses.append(cross_entropy(np.dot(rows, w) + b, labels, 0))
            return [w, b, losses]
        """),
    },
    "prepare": {
        "into zeros": answer("prepare(images)", """
            n, side, _, channels = images.shape
            out = np.zeros((n, 32, 32, channels), "float32")
            edge = (32 - side) // 2
            out[:, edge : edge + side, edge : edge + side] = images
            return out / 255
        """),
        "first scaled": answer("prepare(images)", """
            x = images.astype(np.float32) / np.float32(255.0)
            edge = (32 - x.shape[2]) // 2
            return np.pad(x, [(0, 0), (edge, edge), (edge, edge), (0, 0)])
        """),
        "one by one": answer("prepare(images)", """
            found = []
            for image in images:
                edge = (32 - len(image)) // 2
                found.append(np.pad(image / 255, ((edge, edge), (edge, edge), (0, 0))))
            return np.array(found, dtype="float32")
        """),
        "Keras, a tensor": answer("prepare(images)", """
            import keras
            edge = (32 - images.shape[1]) // 2
            x = keras.ops.cast(images, "float32") / 255
            return keras.ops.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
        """),
    },
    "build_lenet": {
        "functional": network("""
            bend, pool = ("relu", layers.MaxPool2D) if modern else ("tanh", layers.AvgPool2D)
            inputs = keras.Input(shape=input_shape)
            x = layers.Conv2D(6, (5, 5), activation=bend, name="C1")(inputs)
            x = pool((2, 2), name="S2")(x)
            x = layers.Conv2D(16, (5, 5), activation=bend, name="C3")(x)
            x = pool((2, 2), name="S4")(x)
            x = layers.Flatten(name="flatten")(x)
            x = layers.Dense(120, activation=bend, name="C5")(x)
            x = layers.Dense(84, activation=bend, name="F6")(x)
            return keras.Model(inputs, layers.Dense(classes, name="output")(x), name="lenet")
        """),
        "add, input_shape": network("""
            model = keras.Sequential(name="LeNet")
            bend = keras.activations.relu if modern else keras.activations.tanh
            model.add(layers.Conv2D(6, 5, activation=bend, name="C1", input_shape=input_shape))
            for name, filters in (("S2", 16), ("S4", None)):
                if modern:
                    model.add(layers.MaxPooling2D(name=name))
                else:
                    model.add(layers.AveragePooling2D(2, name=name))
                if filters:
                    model.add(layers.Conv2D(filters, 5, padding="valid", activation=bend, name="C3"))
            model.add(layers.Flatten(name="flatten"))
            for name, units in {"C5": 120, "F6": 84}.items():
                model.add(layers.Dense(units, activation=bend, name=name))
            model.add(layers.Dense(classes, activation="linear", name="output"))
            return model
        """),
        "built afterwards": network("""
            bend = "relu" if modern else "tanh"
            pool = layers.MaxPooling2D if modern else layers.AveragePooling2D
            model = keras.models.Sequential([
                layers.Conv2D(filters=6, kernel_size=5, strides=1, activation=bend, name="C1"),
                pool(pool_size=2, strides=2, name="S2"),
                layers.Conv2D(filters=16, kernel_size=5, activation=bend, name="C3"),
                pool(pool_size=2, strides=2, name="S4"),
                layers.Flatten(name="flatten"),
                layers.Dense(units=120, activation=bend, name="C5"),
                layers.Dense(units=84, activation=bend, name="F6"),
                layers.Dense(units=classes, name="output"),
            ])
            model.build((None, *input_shape))
            return model
        """),
    },
    "early_stopping": {
        "NumPy numbers": answer("early_stopping(losses, patience)", """
            losses = np.array(losses)
            for last in range(len(losses)):
                best = np.argmin(losses[: last + 1])
                if last - best >= patience:
                    break
            return best, np.int64(last)
        """),
        "a counter": answer("early_stopping(losses, patience)", """
            smallest, best, waited = float("inf"), 0, 0
            for epoch in range(len(losses)):
                waited += 1
                if losses[epoch] < smallest:
                    smallest, best, waited = losses[epoch], epoch, 0
                if waited == patience:
                    return [best, epoch]
            return [best, len(losses) - 1]
        """),
        "recursion": answer("early_stopping(losses, patience)", """
            def go_on(best, epoch):
                if epoch - best == patience or epoch + 1 == len(losses):
                    return best, epoch
                return go_on(epoch + 1 if losses[epoch + 1] < losses[best] else best, epoch + 1)
            return go_on(0, 0)
        """),
    },
    "train_lenet": {
        "a callback": CALLBACK,
        "validation data": BY_VALIDATION_DATA,
        "train_on_batch": BY_STEPS,
    },
}


EVEN_SQUARE = "the images are square, and their side is even"

EQUIVALENT = {
    "cross_entropy": {
        "without axis: log_p.mean(axis=1) -> log_p.mean()": "the mean of the rows' means is the mean of all numbers",
    },
    "prepare": {
        "operator: (32 - images.shape[1]) // 2 -> -(-(32 - images.shape[1]) // 2)": EVEN_SQUARE,
        "constant: 32 - images.shape[1] -> 33 - images.shape[1]": EVEN_SQUARE,
        "constant: images.shape[1] -> images.shape[2]": EVEN_SQUARE,
    },
}
