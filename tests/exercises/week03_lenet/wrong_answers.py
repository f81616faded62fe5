"""Plausible mistakes of week 3: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def probabilities(body):
    """A wrong `softmax`."""
    return answer("softmax(logits)", body)


def price(body):
    """A wrong `cross_entropy`."""
    return answer("cross_entropy(logits, labels)", body)


def slopes(*, error="softmax(rows @ weights + bias)", subtract="error[np.arange(len(labels)), labels] -= 1",
           divide="error /= len(labels)", result="rows.T @ error, error.sum(axis=0)"):
    """A wrong `gradient`."""
    return answer("gradient(rows, labels, weights, bias)", f"""
        error = {error}
        {subtract}
        {divide}
        return {result}
    """)


def step(body):
    """A wrong `sgd_step`."""
    slopes = "dw, db = gradient(rows, labels, weights, bias)"
    return answer("sgd_step(rows, labels, weights, bias, learning_rate)", f"{slopes}\n{body}")


def deal(body):
    """A wrong `batches`."""
    return answer("batches(n, batch_size, seed)", body)


def loop(*, order="batches(len(rows), batch_size, seed + epoch)", before="pass", inner="rows[batch], labels[batch]",
         after="losses.append(cross_entropy(rows @ weights + bias, labels))", start="pass", end="weights, bias, losses"):
    """A wrong `train_softmax`."""
    return answer("train_softmax(rows, labels, classes, epochs, batch_size, learning_rate, seed=0)", f"""
        weights, bias, losses = np.zeros((rows.shape[1], classes)), np.zeros(classes), []
        for epoch in range(epochs):
            {before}
            for batch in {order}:
                {start}
                weights, bias = sgd_step({inner}, weights, bias, learning_rate)
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


def lenet(*, shape="input_shape", conv="activation='tanh'", c1="6, 5", c3="16, 5", s2="AveragePooling2D(2",
          s4="layers.AveragePooling2D(2, name='S4'),", dense="activation='tanh'", output="", more_c1="", more_c3="",
          flatten="layers.Flatten(name='flatten'),", biases=""):
    """A wrong `build_lenet`."""
    return answer("build_lenet(input_shape)", f"""
        return keras.Sequential([
            keras.Input({shape}),
            layers.Conv2D({c1}, {conv}, name="C1"{more_c1}{biases}),
            layers.{s2}, name="S2"),
            layers.Conv2D({c3}, {conv}, name="C3"{more_c3}{biases}),
            {s4}
            {flatten}
            layers.Dense(120, {dense}, name="C5"{biases}),
            layers.Dense(84, {dense}, name="F6"{biases}),
            layers.Dense(10, name="output"{output}{biases}),
        ])
    """)


def sheet(result, model="build_lenet(input_shape)"):
    """A wrong `lenet_sheet`."""
    return answer("lenet_sheet(input_shape)", f"model = {model}\nreturn {result}")


def forward(*, x="prepare(images)", load="model.set_weights(weights)", result="softmax(model.predict(x, verbose=0))"):
    """A wrong `predict_with`."""
    return answer("predict_with(weights, images)", f"""
        x = {x}
        model = build_lenet(x.shape[1:])
        {load}
        return {result}
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


def training(*, seed="keras.utils.set_random_seed(seed)", ready="prepare(images), prepare(validation_images)",
             rate="0.002", loss="from_logits=True", fit="x, labels", judge="x_validation, validation_labels",
             fresh="pass", told="model.fit({fit}, batch_size=20, epochs=1, verbose=0).history['loss'][0]",
             enough="epoch - best >= patience", weights="snapshots[best]", shape="x.shape[1:]"):
    """A wrong `train_lenet`."""
    return answer("train_lenet(images, labels, validation_images, validation_labels, epochs, patience, seed=0)", f"""
        {seed}
        x, x_validation = {ready}
        model = build_lenet({shape})
        def compile():
            model.compile(
                optimizer=keras.optimizers.Adam(learning_rate={rate}),
                loss=keras.losses.SparseCategoricalCrossentropy({loss}),
            )
        compile()
        losses, validation_losses, snapshots = [], [], []
        for epoch in range(epochs):
            {fresh}
            losses.append({told.format(fit=fit)})
            validation_losses.append(model.evaluate({judge}, verbose=0))
            snapshots.append(model.get_weights())
            best, _ = early_stopping(validation_losses, patience)
            if {enough}:
                break
        return {{"loss": losses, "val_loss": validation_losses, "weights": {weights}}}
    """)


SHIFTED = "shifted = logits - logits.max(axis=1, keepdims=True)"
PICKED = "p[np.arange(len(labels)), labels]"
ROWS = "[(layer.name, tuple(layer.output.shape[1:]), layer.count_params()) for layer in model.layers]"
BOTH = "np.concatenate([x, x_validation]), np.concatenate([labels, validation_labels])"

FORMULA, STABLE = "softmax_test", "softmax_stable_test"
PRICE, EXACT = "cross_entropy_test", "cross_entropy_stable_test"
WEIGHTS, BIAS, STEP = "gradient_weights_test", "gradient_bias_test", "sgd_step_test"
DEAL, SHUFFLE, LOOP = "batches_test", "batches_shuffle_test", "train_softmax_test"
INPUT, GREY, RGB, FORWARD = "prepare_test", "lenet_sheet_test", "lenet_sheet_rgb_test", "predict_with_test"
BEST, LAST = "early_stopping_best_test", "early_stopping_last_test"
LEARNS, HONEST, STOPS, COLOUR = (f"train_lenet_{part}_test" for part in ("learns", "honest", "stops", "colour"))

WRONG = {
    "softmax": {
        "overflows": (
            probabilities("e = np.exp(logits)\nreturn e / e.sum(axis=1, keepdims=True)"),
            [STABLE], "Subtract the largest score first"),
        "subtracts the largest score of the batch": (
            probabilities("e = np.exp(logits - logits.max())\nreturn e / e.sum(axis=1, keepdims=True)"),
            [STABLE], "its OWN largest score"),
        "cuts large scores off": (
            probabilities("""
                e = np.exp(np.clip(logits, -700, 700))
                return e / e.sum(axis=1, keepdims=True)
            """), [STABLE], "softmax, scores around 1000"),
        "over the images": (
            probabilities("e = np.exp(logits - logits.max(axis=0))\nreturn e / e.sum(axis=0)"),
            [FORMULA, STABLE], "along which axis do they lie"),
        "over the whole batch": (
            probabilities("e = np.exp(logits - logits.max())\nreturn e / e.sum()"),
            [FORMULA, STABLE], "Each image has a sum of its own"),
        "without keepdims": (
            probabilities(f"{SHIFTED}\ne = np.exp(shifted)\nreturn e / e.sum(axis=1)"), [FORMULA], "broadcast"),
        "not divided": (probabilities("return np.exp(logits)"), [FORMULA, STABLE], "Divide by the sum of each row"),
        "no exponential": (
            probabilities("return logits / logits.sum(axis=1, keepdims=True)"), [FORMULA, STABLE], "where is the exp?"),
        "subtracts, then forgets the sum of the shifted ones": (
            probabilities(f"{SHIFTED}\nreturn np.exp(shifted) / np.exp(logits).sum(axis=1, keepdims=True)"),
            [FORMULA, STABLE], "softmax(logits)"),
    },
    "cross_entropy": {
        "logarithm of a softmax": (
            price(f"with np.errstate(divide='ignore'):\n    p = softmax(logits)\n    return -np.log({PICKED}).mean()"),
            [EXACT], "Never take the logarithm of a softmax"),
        "cut off at 1e-7": (
            price(f"p = np.clip(softmax(logits), 1e-7, 1)\nreturn -np.log({PICKED}).mean()"), [EXACT], "Cut off"),
        "a small number added": (price(f"p = softmax(logits)\nreturn -np.log({PICKED} + 1e-12).mean()"), [EXACT], "Cut off"),
        "exp overflows": (
            price("picked = logits[np.arange(len(labels)), labels]\nreturn (np.log(np.exp(logits).sum(axis=1)) - picked).mean()"),
            [EXACT], "exp overflows"),
        "the sum": (price(f"p = softmax(logits)\nreturn -np.log({PICKED}).sum()"),
                    [PRICE, EXACT], "must not grow with the batch"),
        "wrong sign": (price(f"p = softmax(logits)\nreturn np.log({PICKED}).mean()"), [PRICE, EXACT], "never negative"),
        "mean over images and classes": (
            price("p = softmax(logits)\nt = np.eye(logits.shape[1])[labels]\nreturn -(t * np.log(p + 1e-9)).mean()"),
            [PRICE, EXACT], "Only n numbers count"),
        "base 2": (price(f"p = softmax(logits)\nreturn -np.log2({PICKED}).mean()"), [PRICE, EXACT], "natural logarithm"),
        "the logarithm of the mean": (
            price(f"p = softmax(logits)\nreturn -np.log({PICKED}.mean())"), [PRICE, EXACT], "then the mean"),
        "takes scores for probabilities": (
            price("return -np.log(logits[np.arange(len(labels)), labels]).mean()"), [PRICE, EXACT], "not probabilities yet"),
        "picks columns, not entries": (
            price("p = softmax(logits)\nreturn -np.log(p[:, labels]).mean()"), [PRICE, EXACT], "pick ONE number of each row"),
        "an array": (price(f"p = softmax(logits)\nreturn -np.log({PICKED})"), [PRICE], "expected a single number"),
    },
    "gradient": {
        "the sum over the images": (slopes(divide="pass"), [WEIGHTS, BIAS], "divide by the number of images"),
        "wrong sign": (
            slopes(error="-softmax(rows @ weights + bias)", subtract="error[np.arange(len(labels)), labels] += 1"),
            [WEIGHTS, BIAS], "The slope points uphill"),
        "no truth": (slopes(subtract="pass"), [WEIGHTS, BIAS], "Where is T?"),
        "scores, not probabilities": (slopes(error="rows @ weights + bias"), [WEIGHTS, BIAS], "P is the softmax of Z"),
        "divided by images and classes": (slopes(divide="error /= error.size"), [WEIGHTS], "The mean is over the images only"),
        "the bias averaged again": (slopes(result="rows.T @ error, error.mean(axis=0)"), [BIAS], "Then the sum is enough"),
        "the bias summed over the classes": (slopes(result="rows.T @ error, error.sum(axis=1)"), [BIAS], "Which axis?"),
        "the bias keeps an axis": (
            slopes(result="rows.T @ error, error.sum(axis=0, keepdims=True)"), [BIAS], "an axis of length 1"),
        "the weights transposed": (slopes(result="error.T @ rows, error.sum(axis=0)"), [WEIGHTS], "transposed"),
        "only the weights divided": (
            slopes(divide="pass", result="rows.T @ error / len(labels), error.sum(axis=0)"), [BIAS], "divide by the number"),
        "one array only": (slopes(result="rows.T @ error"), [WEIGHTS, BIAS], "should return two arrays"),
        "one label subtracted from everybody": (slopes(subtract="error[:, labels] -= 1"), [WEIGHTS, BIAS],
                                                "a single 1 in each row"),
    },
    "sgd_step": {
        "uphill": (step("return weights + learning_rate * dw, bias + learning_rate * db"), [STEP], "subtract it"),
        "learning rate squared": (
            step("return weights - learning_rate**2 * dw, bias - learning_rate**2 * db"), [STEP], "multiplied in twice"),
        "no learning rate": (step("return weights - dw, bias - db"), [STEP], "Multiply it by the learning rate"),
        "the bias stays": (step("return weights - learning_rate * dw, bias"), [STEP], "Weights AND bias take a step"),
        "the bias goes uphill": (step("return weights - learning_rate * dw, bias + learning_rate * db"), [STEP], "uphill"),
        "only the step": (step("return -learning_rate * dw, -learning_rate * db"), [STEP], "Return the new weights and bias"),
        "divided by n again": (
            step("return weights - learning_rate * dw / len(labels), bias - learning_rate * db / len(labels)"),
            [STEP], "is a mean already"),
        "only the weights returned": (step("return weights - learning_rate * dw"), [STEP], "should return weights, bias"),
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
            deal("""
                rows = np.random.default_rng(seed).permutation(n)
                return [rows[start : start + batch_size] for start in range(0, n + 1, batch_size)]
            """), [DEAL], "has batches of the sizes [5, 5, 0]"),
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
            """), [SHUFFLE], "shuffle the ROWS, then cut"),
        "always the same order": (
            deal("""
                rows = np.random.default_rng(0).permutation(n)
                return [rows[start : start + batch_size] for start in range(0, n, batch_size)]
            """), [SHUFFLE], "is the seed used?"),
        "never the same order": (
            deal("""
                rows = np.random.default_rng().permutation(n)
                return [rows[start : start + batch_size] for start in range(0, n, batch_size)]
            """), [SHUFFLE], "the second time"),
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
                                          [LOOP], "is it seed + e in epoch e?"),
        "the seed ignored": (loop(order="batches(len(rows), batch_size, epoch)"), [LOOP], "is it seed + e in epoch e?"),
        "labels of other rows": (
            loop(inner="rows[batch], labels[: len(batch)]"), [LOOP], "Do rows and labels of a batch belong together?"),
        "starts again in every epoch": (
            loop(before="weights, bias = np.zeros((rows.shape[1], classes)), np.zeros(classes)"),
            [LOOP], "Go on with the weights you have"),
        "a loss for every batch": (
            loop(start="losses.append(cross_entropy(rows @ weights + bias, labels))", after="pass"),
            [LOOP], "One for each epoch"),
        "no losses": (loop(end="weights, bias"), [LOOP], "should return weights, bias, losses"),
    },
    "prepare": {
        "uint8 divided to whole numbers": (ready("(padded // 255).astype('float32')"), [INPUT], "the places of two pixels"),
        "not scaled": (ready("padded.astype('float32')"), [INPUT], "Divide by 255"),
        "scaled by 256": (ready("padded.astype('float32') / 256"), [INPUT], "should become 1"),
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
            [INPUT], "is 36, expected 32"),
    },
    "build_lenet": {
        "3 x 3 windows": (lenet(c1="6, 3", c3="16, 3"), [GREY, RGB, FORWARD], "LeNet's windows are 5 x 5"),
        "3 x 3 windows in C3, as on the slide": (lenet(c3="16, 3"), [GREY, RGB, FORWARD], "the slide cannot be right"),
        "padding everywhere": (
            lenet(conv="padding='same', activation='tanh'"), [GREY, RGB, FORWARD], "here the windows stay inside"),
        "padding in C1": (lenet(more_c1=", padding='same'"), [GREY, RGB, FORWARD], "here the windows stay inside"),
        "grey only": (lenet(shape="(32, 32, 1)"), [RGB, GREY], "Is input_shape used?"),
        "colour only": (lenet(shape="(32, 32, 3)"), [GREY, FORWARD], "Use the input_shape given"),
        "28 x 28": (lenet(shape="(28, 28, 1)"), [GREY, RGB, FORWARD], "Use the input_shape given"),
        "no biases": (lenet(biases=", use_bias=False"), [GREY, RGB, FORWARD], "one bias more"),
        "no second pooling": (lenet(s4=""), [GREY, RGB, FORWARD], "All eight"),
        "not flattened": (lenet(flatten=""), [GREY, RGB, FORWARD], "All eight"),
        "no activations in the convolutions": (lenet(conv="activation=None"), [FORWARD], "C1, C3, C5 and F6 have tanh"),
        "no activations in the dense layers": (lenet(dense="activation=None"), [FORWARD], "C1, C3, C5 and F6 have tanh"),
        "ReLU": (lenet(conv="activation='relu'", dense="activation='relu'"), [FORWARD], "what ReLU gives"),
        "max pooling": (
            lenet(s2="MaxPooling2D(2", s4="layers.MaxPooling2D(2, name='S4'),"), [FORWARD], "S2 and S4 take the average"),
        "softmax in the output layer": (lenet(output=", activation='softmax'"), [FORWARD], "Softmax once"),
    },
    "lenet_sheet": {
        "with the axis of the batch": (sheet(ROWS.replace("[1:]", "")), [GREY], "leave out the first axis"),
        "only layers with parameters": (sheet(ROWS[:-1] + " if layer.count_params()]"), [GREY], "All eight"),
        "the input of each layer": (sheet(ROWS.replace("output", "input")), [GREY], "the shapes of the outputs[0]"),
        "always grey": (sheet(ROWS, "build_lenet((32, 32, 1))"), [RGB, GREY], "Is input_shape used?"),
        "only the numbers": (sheet("[layer.count_params() for layer in model.layers]"), [GREY],
                             "three things for each layer"),
        "only the total": (sheet("model.count_params()"), [GREY, RGB], "three things for each layer"),
        "the arrays counted, not their entries": (
            sheet(ROWS.replace("layer.count_params()", "len(layer.get_weights())")),
            [GREY, RGB], "the parameters of the eight layers"),
        "printed, not returned": (answer("lenet_sheet(input_shape)", "build_lenet(input_shape).summary()"), [GREY, RGB],
                                  "should return a list"),
    },
    "predict_with": {
        "scores": (forward(result="model.predict(x, verbose=0)"), [FORWARD], "softmax makes probabilities"),
        "softmax twice": (forward(result="softmax(softmax(model.predict(x, verbose=0)))"), [FORWARD], "Softmax once"),
        "the weights are not set": (forward(load="pass"), [FORWARD], "are they set?"),
        "labels": (
            forward(result="model.predict(x, verbose=0).argmax(axis=1).astype(float)"), [FORWARD], "the shape is (2,)"),
        "pixels not scaled": (
            forward(x="prepare(images) * 255"), [FORWARD], "PREPARED images"),
        "softmax over the images": (forward(result="softmax(model.predict(x, verbose=0).T).T"), [FORWARD], "expected"),
        "a tensor, one image only": (forward(result="softmax(model.predict(x[:1], verbose=0))"), [FORWARD],
                                     "the shape is (1, 10)"),
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
        "an equal loss is an improvement": (stopping(improved="loss <= losses[best]"), [LAST, BEST], "no improvement"),
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
    },
    "train_lenet": {
        "the weights of the last epoch": (training(weights="model.get_weights()"), [STOPS], "those of the LAST epoch"),
        "the loss takes scores for probabilities": (training(loss=""), [LEARNS], "gets scores"),
        "trains on the validation images as well": (training(fit=BOTH), [HONEST], "trains on the validation images"),
        "trains on the validation images only": (training(fit="x_validation, validation_labels"), [HONEST], "train"),
        "the validation loss of training images": (training(judge="x, labels"), [HONEST, LEARNS], "measured on training images"),
        "a part of the training images as validation": (
            training(told="model.fit(x, labels, batch_size=20, epochs=1, validation_split=0.25, verbose=0).history['loss'][0]",
                     judge="x[-50:], labels[-50:]"), [HONEST, LEARNS], "'val_loss' is measured on training images"),
        "the weights of the best epoch on training images": (
            training(weights="snapshots[int(np.argmin(losses))]"), [STOPS], "those of the LAST epoch"),
        "never stops": (training(enough="False"), [STOPS], "has long been rising"),
        "stops an epoch too late": (training(enough="epoch - best > patience"), [STOPS], "two epochs after the best one"),
        "stops at the first rise": (
            training(enough="epoch and validation_losses[-1] > validation_losses[-2]"), [STOPS], "two epochs after the best one"),
        "watches the training loss": (
            training(enough="early_stopping(losses, patience)[1] < epoch"), [STOPS], "has long been rising"),
        "the seed ignored": (training(seed="pass"), [COLOUR], "set_random_seed(seed)"),
        "always the same seed": (training(seed="keras.utils.set_random_seed(0)"), [COLOUR], "is the seed used?"),
        "grey images only": (training(shape="(32, 32, 1)"), [COLOUR], "incompatible"),
        "a learning rate that is far too small": (training(rate="2e-6"), [LEARNS, HONEST], "hardly learning"),
        "a learning rate that is far too large": (training(rate="3.0"), [LEARNS], "hardly learning"),
        "starts anew in every epoch": (
            training(fresh="model.set_weights(build_lenet(x.shape[1:]).get_weights()); compile()"),
            [LEARNS, HONEST], "Does each epoch continue from the last one?"),
        "the model, not its weights": (training(weights="model"), [LEARNS, STOPS, COLOUR], "should be a list"),
        "only the history": (
            training().replace("return {", "return losses, {"), [LEARNS, HONEST, STOPS, COLOUR], "should return a dict"),
    },
}
