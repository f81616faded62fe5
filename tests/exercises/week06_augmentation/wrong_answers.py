"""Plausible mistakes of week 6: each must lose the points named, and its author should read something that helps.

``{solution cell: {what went wrong: (source of the cell, [graded cells that lose], text of the message)}}``
"""

from textwrap import dedent, indent


def answer(signature, body):
    """The source of a solution cell."""
    return f"def {signature}:\n{indent(dedent(body).strip(), '    ')}\n"


def plan(
    *,
    rng="np.random.default_rng([seed, epoch])",
    rows="rng.permutation(n)",
    result="[rows[first : first + batch_size] for first in range(0, n, batch_size)]",
):
    """A wrong `epoch_plan`."""
    return answer(
        "epoch_plan(n, batch_size, seed, epoch)",
        f"""
        rng = {rng}
        rows = {rows}
        return {result}
    """,
    )


ASK_BATCHES = """

def ask_batches(images, labels, batch_size, seed, requests):
    return ask(Batches(images, labels, batch_size, seed), images, labels, requests)
"""


def batches(
    *,
    start="self.images, self.labels = images, labels",
    seed="seed",
    first="0",
    length="len(self.plan)",
    before="pass",
    images="self.images[self.plan[index]]",
    labels="self.labels[self.plan[index]]",
    end="self.epoch += 1",
    new="self.plan = epoch_plan(len(self.labels), self.batch_size, self.seed, self.epoch)",
):
    """A wrong `Batches`."""
    return (
        "class Batches(keras.utils.PyDataset):\n"
        + indent(
            dedent(f"""
        def __init__(self, images, labels, batch_size, seed):
            super().__init__()
            {start}
            self.batch_size, self.seed, self.epoch = batch_size, {seed}, {first}
            self.plan = epoch_plan(len(labels), batch_size, self.seed, self.epoch)

        def __len__(self):
            return {length}

        def __getitem__(self, index):
            {before}
            return {images}, {labels}

        def on_epoch_end(self):
            {end}
            {new}
    """).strip(),
            "    ",
        )
        + "\n"
        + ASK_BATCHES
    )


SLICE = "index * self.batch_size : (index + 1) * self.batch_size"
IN_PLACE = (
    """class Batches(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size, seed):
        super().__init__()
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.images[rows].copy(), self.labels[rows].copy()

    def on_epoch_end(self):
        order = self.rng.permutation(len(self.labels))
        self.images[:], self.labels[:] = self.images[order], self.labels[order]
"""
    + ASK_BATCHES
)


def mirror(body):
    """A wrong `flip`."""
    return answer("flip(images, which)", body)


def moving(body):
    """A wrong `shift`."""
    return answer("shift(image, down, right, fill=0)", body)


def hole(*, rows="max(top, 0) : max(top + size, 0)", columns="max(left, 0) : max(left + size, 0)", value="fill"):
    """A wrong `cut_out`."""
    return answer(
        "cut_out(image, top, left, size, fill=0)",
        f"""
        covered = image.copy()
        covered[{rows}, {columns}] = {value}
        return covered
    """,
    )


def brighter(expression):
    """A wrong `brighten`."""
    return answer("brighten(image, amount)", f"return {expression}")


def after(
    *,
    left_right="turned[:, :, ::-1]",
    upside_down="turned[:, ::-1]",
    half='("upside down", "half turn")',
    compare="(turned[:, None] == glyphs[None]).all(axis=(2, 3))",
    result="np.where(same.any(axis=1), same.argmax(axis=1), -1)",
):
    """A wrong `labels_after`."""
    return answer(
        "labels_after(glyphs, transform)",
        f"""
        turned = glyphs
        if transform in ("left-right", "half turn"):
            turned = {left_right}
        if transform in {half}:
            turned = {upside_down}
        same = {compare}
        return {result}
    """,
    )


def blend(
    *,
    share="lam[:, None, None, None]",
    own="share * images",
    other="(1 - share) * images[partners]",
    labels="lam[:, None] * labels + (1 - lam[:, None]) * labels[partners]",
    result="mixed, shares",
):
    """A wrong `mixup`."""
    return answer(
        "mixup(images, labels, partners, lam)",
        f"""
        share = {share}
        mixed = {own} + {other}
        shares = {labels}
        return {result}
    """,
    )


ASK_AUGMENTED = """

def ask_augmented(images, labels, batch_size, seed, training, requests):
    return ask(Augmented(images, labels, batch_size, seed, training), images, labels, requests)
"""


def augmented(
    *,
    start="pass",
    test="not self.training",
    rows="np.arange(index * self.batch_size, min((index + 1) * self.batch_size, len(self.labels)))",
    plain="self.images[rows], self.labels[rows]",
    take="images, labels = super().__getitem__(index)",
    rng="np.random.default_rng([self.seed, self.epoch, index, 1])",
    flipped="flip(images, rng.random(len(images)) < 0.5)",
    moves="rng.integers(-2, 3, size=(len(images), 2))",
    moved="shift(image, *move)",
    order="pass",
):
    """A wrong `Augmented`."""
    return (
        "class Augmented(Batches):\n"
        + indent(
            dedent(f"""
        def __init__(self, images, labels, batch_size, seed, training):
            super().__init__(images, labels, batch_size, seed)
            self.training = training
            {start}

        def __getitem__(self, index):
            if {test}:
                rows = {rows}
                return {plain}
            {take}
            rng = {rng}
            images = {flipped}
            moves = {moves}
            images = np.stack([{moved} for image, move in zip(images, moves)])
            {order}
            return images, labels
    """).strip(),
            "    ",
        )
        + "\n"
        + ASK_AUGMENTED
    )


def averaged(body):
    """A wrong `average_views`."""
    return answer("average_views(scores)", body)


def views(
    *,
    start="images",
    keep="scores.append(scores_of(seen, kernel))",
    flips="flip(images, np.full(len(images), flipped))",
    shifts="np.stack([shift(image, down, right) for image in seen])",
    result="average_views(np.stack(scores))",
):
    """A wrong `tta`."""
    return answer(
        "tta(images, kernel, views)",
        f"""
        scores = []
        for flipped, down, right in views:
            seen = {flips}
            seen = {shifts}
            {keep}
        return {result}
    """,
    )


def comparison(
    *,
    off="Batches(images, labels, 32, seed)",
    on="Augmented(images, labels, 32, seed, training=True)",
    judge="Augmented(validation_images, validation_labels, 32, seed, training=False)",
    weights="seed",
    measured="accuracy(kernel, judge)",
    before="pass",
    seeds="seeds",
    result="table",
):
    """A wrong `on_off`."""
    return answer(
        "on_off(images, labels, validation_images, validation_labels, seeds, epochs)",
        f"""
        table, classes = {{"off": [], "on": []}}, int(labels.max()) + 1
        {before}
        for seed in {seeds}:
            for name, dataset in (("off", {off}), ("on", {on})):
                kernel = train_layer(dataset, epochs, {weights}, classes)
                judge = {judge}
                table[name].append({measured})
        return {result}
    """,
    )


def said(
    *,
    differences='np.subtract(table["on"], table["off"])',
    factor="t_quantile(0.975, n - 1)",
    spread="differences.std(ddof=1)",
    root="n**0.5",
    word='"on" if low > 0 else "off" if high < 0 else "open"',
):
    """A wrong `verdict`."""
    return answer(
        "verdict(table)",
        f"""
        differences = {differences}
        n = len(differences)
        half = {factor} * {spread} / {root}
        mean = float(differences.mean())
        low, high = float(mean - half), float(mean + half)
        return {{"difference": mean, "low": low, "high": high, "verdict": {word}}}
    """,
    )


PLAN, SEEDS = "epoch_plan_test", "epoch_plan_seed_test"
LENGTH, PAIRS, EPOCHS, SOURCE = "Batches_len_test", "Batches_pairs_test", "Batches_epochs_test", "Batches_source_test"
OFF, ON, REPEATS = "Augmented_off_test", "Augmented_on_test", "Augmented_repeats_test"
IMAGES, LABELS = "mixup_images_test", "mixup_labels_test"

WRONG = {
    "epoch_plan": {
        "last batch lost": (
            plan(result="[rows[i * batch_size : (i + 1) * batch_size] for i in range(n // batch_size)]"),
            [PLAN],
            "The last 2 of 10 rows are missing",
        ),
        "last batch filled up": (
            plan(
                result="[np.resize(rows, -(-n // batch_size) * batch_size)[i : i + batch_size] for i in range(0, n, batch_size)]"
            ),
            [PLAN],
            "nobody has to come twice",
        ),
        "one batch too many": (
            plan(result="[rows[i * batch_size : (i + 1) * batch_size] for i in range(n // batch_size + 1)]"),
            [PLAN],
            "No empty batch at the end",
        ),
        "drawn with putting back": (plan(rows="rng.integers(0, n, n)"), [PLAN], "draw WITHOUT putting back"),
        "counts from one": (plan(rows="rng.permutation(n) + 1"), [PLAN], "Python counts from 0"),
        "array_split": (plan(result="np.array_split(rows, -(-n // batch_size))"), [PLAN], "the sizes of the batches"),
        "not shuffled": (plan(rows="np.arange(n)"), [SEEDS], "shuffle them"),
        "no seed": (plan(rng="np.random.default_rng()"), [SEEDS], "two different plans"),
        "epoch forgotten": (plan(rng="np.random.default_rng(seed)"), [SEEDS], "Epochs 0 and 1 have the same plan"),
        "seed forgotten": (plan(rng="np.random.default_rng(epoch)"), [SEEDS], "is `seed` used?"),
        "seed plus epoch": (plan(rng="np.random.default_rng(seed + epoch)"), [SEEDS], "do not add the two numbers"),
        "shuffles the batches": (
            plan(
                rows="np.arange(n)",
                result="[np.arange(n)[i * batch_size : (i + 1) * batch_size] for i in rng.permutation(-(-n // batch_size))]",
            ),
            [SEEDS],
            "Shuffle the ROWS",
        ),
    },
    "Batches": {
        "floor division": (
            batches(length="len(self.labels) // self.batch_size"),
            [LENGTH],
            "the length is 3, the last batch has 2",
        ),
        "counts images": (batches(length="len(self.labels)"), [LENGTH], "the number of BATCHES"),
        "turns images into floats": (batches(images="self.images[self.plan[index]] / 255"), [LENGTH], "should come out as uint8"),
        "images alone": (
            batches().replace(
                "return self.images[self.plan[index]], self.labels[self.plan[index]]", "return self.images[self.plan[index]]"
            ),
            [LENGTH],
            "should be two things",
        ),
        "labels not shuffled": (batches(labels=f"self.labels[{SLICE}]"), [PAIRS], "came with the label of another image"),
        "two shuffles": (
            batches(labels="self.labels[epoch_plan(len(self.labels), self.batch_size, self.seed + 1, self.epoch)[index]]"),
            [PAIRS],
            "picked by the same rows",
        ),
        "the first batch for ever": (
            batches(
                images="self.images[self.plan[0][: len(self.plan[index])]]",
                labels="self.labels[self.plan[0][: len(self.plan[index])]]",
            ),
            [PAIRS],
            "Every image exactly once",
        ),
        "no new plan": (batches(end="pass", new="pass"), [EPOCHS], "on_epoch_end should make the plan of the NEXT epoch"),
        "epoch counted, plan kept": (batches(new="pass"), [EPOCHS], "on_epoch_end should make the plan of the NEXT epoch"),
        "always epoch 1": (batches(end="self.epoch = 1"), [EPOCHS], "Two epochs have the same batches"),
        "a seed of its own": (batches(seed="int(np.random.default_rng().integers(2**31))"), [EPOCHS], "is the seed passed on?"),
        "seed ignored": (batches(seed="0"), [EPOCHS], "is the seed used?"),
        "a new plan for each batch": (
            batches(
                before="self.epoch += 1; self.plan = epoch_plan(len(self.labels), self.batch_size, self.seed, self.epoch)",
                end="pass",
                new="pass",
            ),
            [EPOCHS],
            "the batches are others than in the order 0, 1, 2, 3",
        ),
        "not shuffled": (
            batches(images=f"self.images[{SLICE}]", labels=f"self.labels[{SLICE}]"),
            [EPOCHS, SOURCE],
            "The first epoch is not shuffled",
        ),
        "shuffles in place": (IN_PLACE, [SOURCE], "Shuffle row numbers, not the images"),
        "hands out views": (
            batches(
                start="order = np.concatenate(epoch_plan(len(labels), batch_size, seed, 0)); "
                "self.images, self.labels = images[order], labels[order]",
                images=f"self.images[{SLICE}]",
                labels=f"self.labels[{SLICE}]",
                new="order = np.concatenate(epoch_plan(len(self.labels), self.batch_size, self.seed, self.epoch)); "
                "self.images, self.labels = self.images[order], self.labels[order]",
            ),
            [SOURCE],
            "hand out copies",
        ),
    },
    "flip": {
        "in place": (
            mirror("""
            images[which] = images[which, :, ::-1].copy()
            return images
        """),
            ["flip_test"],
            "changes the batch that it is given",
        ),
        "upside down": (
            mirror("""
            flipped = images.copy()
            flipped[which] = images[which, ::-1]
            return flipped
        """),
            ["flip_test"],
            "turned upside down",
        ),
        "channels": (
            mirror("""
            flipped = images.copy()
            flipped[which] = images[which, :, :, ::-1]
            return flipped
        """),
            ["flip_test"],
            "red and blue exchanged",
        ),
        "all of them": (mirror("return images[:, :, ::-1]"), ["flip_test"], "all images flipped"),
        "the others": (
            mirror("""
            flipped = images.copy()
            flipped[~which] = images[~which, :, ::-1]
            return flipped
        """),
            ["flip_test"],
            "the wrong images flipped",
        ),
        "only those": (mirror("return images[which][:, :, ::-1]"), ["flip_test"], "only the flipped images"),
        "writes into a copy": (
            mirror("""
            images[which][:] = images[which][:, :, ::-1]
            return images
        """),
            ["flip_test"],
            "Nothing was flipped",
        ),
        "floats": (
            mirror("return np.where(which[:, None, None, None], images[:, :, ::-1], images) * 1.0"),
            ["flip_test"],
            "these are float64",
        ),
    },
    "shift": {
        "in place": (
            moving("""
            height, width = image.shape[:2]
            room = np.pad(image, ((height, height), (width, width), (0, 0)), constant_values=fill)
            top, left = (max(min(step, side), -side) for step, side in ((down, height), (right, width)))
            image[...] = room[height - top : 2 * height - top, width - left : 2 * width - left]
            return image
        """),
            ["shift_test"],
            "changes the image that it is given",
        ),
        "wraps": (moving("return np.roll(image, (down, right), (0, 1))"), ["shift_test"], "np.roll does that"),
        "the other way": (
            moving("""
            room = np.pad(image, ((99, 99), (99, 99), (0, 0)), constant_values=fill)
            return room[99 + down : 99 + down + image.shape[0], 99 + right : 99 + right + image.shape[1]]
        """),
            ["shift_test"],
            "Positive means down and right",
        ),
        "axes exchanged": (
            moving("""
            room = np.pad(image, ((99, 99), (99, 99), (0, 0)), constant_values=fill)
            return room[99 - right : 99 - right + image.shape[0], 99 - down : 99 - down + image.shape[1]]
        """),
            ["shift_test"],
            "The first axis runs down",
        ),
        "fill ignored": (
            moving("""
            room = np.pad(image, ((99, 99), (99, 99), (0, 0)))
            return room[99 - down : 99 - down + image.shape[0], 99 - right : 99 - right + image.shape[1]]
        """),
            ["shift_test"],
            "fill = 9",
        ),
        "roll and blank": (
            moving("""
            moved = np.roll(image, (down, right), (0, 1))
            if down > 0:
                moved[:down] = fill
            elif down < 0:
                moved[down:] = fill
            if right > 0:
                moved[:, :right] = fill
            return moved
        """),
            ["shift_test"],
            "moved 1 up and 2 to the left",
        ),
        "floats": (
            moving("""
            room = np.pad(image.astype(float), ((99, 99), (99, 99), (0, 0)), constant_values=fill)
            return room[99 - down : 99 - down + image.shape[0], 99 - right : 99 - right + image.shape[1]]
        """),
            ["shift_test"],
            "these are float64",
        ),
        "positive only": (
            moving("""
            moved = np.full_like(image, fill)
            moved[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
            return moved
        """),
            ["shift_test"],
            "",
        ),
    },
    "cut_out": {
        "in place": (
            answer(
                "cut_out(image, top, left, size, fill=0)",
                """
            image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = fill
            return image
        """,
            ),
            ["cut_out_test"],
            "changes the image that it is given",
        ),
        "negative start": (hole(rows="top : top + size", columns="left : left + size"), ["cut_out_test"], "Cut off at 0"),
        "negative end": (hole(rows="max(top, 0) : top + size", columns="max(left, 0) : left + size"), ["cut_out_test"], ""),
        "size kept at the rim": (hole(rows="max(top, 0) : max(top, 0) + size"), ["cut_out_test"], "a square of 3 at row -1"),
        "always black": (hole(value="0"), ["cut_out_test"], "fill = 9"),
        "centre": (
            hole(
                rows="max(top - size // 2, 0) : max(top + size // 2 + 1, 0)",
                columns="max(left - size // 2, 0) : max(left + size // 2 + 1, 0)",
            ),
            ["cut_out_test"],
            "a square of 3 at row 1",
        ),
        "axes exchanged": (
            hole(rows="max(left, 0) : max(left + size, 0)", columns="max(top, 0) : max(top + size, 0)"),
            ["cut_out_test"],
            "a square of 3 at row 1",
        ),
        "one too large": (
            hole(rows="max(top, 0) : max(top + size + 1, 0)", columns="max(left, 0) : max(left + size + 1, 0)"),
            ["cut_out_test"],
            "a square of 3 at row 1",
        ),
    },
    "brighten": {
        "in place": (
            answer(
                "brighten(image, amount)",
                """
            image[...] = np.clip(image.astype(int) + amount, 0, 255)
            return image
        """,
            ),
            ["brighten_test"],
            "changes the image that it is given",
        ),
        "wraps": (brighter("(image.astype(int) + amount).astype(np.uint8)"), ["brighten_test"], "wrapped around to dark ones"),
        "clips too late": (
            brighter("np.clip((image.astype(int) + amount).astype(np.uint8), 0, 255)"),
            ["brighten_test"],
            "calculate with a larger type",
        ),
        "stays larger": (brighter("np.clip(image.astype(int) + amount, 0, 255)"), ["brighten_test"], "AFTER clipping"),
        "clips above only": (
            brighter("np.minimum(image.astype(int) + amount, 255).astype(np.uint8)"),
            ["brighten_test"],
            "darker by 100",
        ),
        "multiplies": (
            brighter("np.clip(image * (1 + amount / 255), 0, 255).astype(np.uint8)"),
            ["brighten_test"],
            "brighter by 60",
        ),
        "does not clip": (brighter("image.astype(int) + amount"), ["brighten_test"], "brighter by 60"),
    },
    "labels_after": {
        "axes exchanged": (
            after(left_right="turned[:, ::-1]", upside_down="turned[:, :, ::-1]"),
            ["labels_after_test"],
            "Which axis is which?",
        ),
        "half turn mirrors once": (after(half='("upside down",)'), ["labels_after_test"], "the answer for 'left-right'"),
        "only its own class": (
            after(result="np.where((turned == glyphs).all(axis=(1, 2)), np.arange(len(glyphs)), -1)"),
            ["labels_after_test"],
            "compare with ALL glyphs",
        ),
        "argmax of nothing": (after(result="same.argmax(axis=1)"), ["labels_after_test"], "argmax of nothing is 0"),
        "any pixel": (after(compare="(turned[:, None] == glyphs[None]).any(axis=(2, 3))"), ["labels_after_test"], ""),
        "turns the classes round": (after(left_right="turned[::-1]"), ["labels_after_test"], ""),
    },
    "mixup": {
        "shares exchanged": (
            blend(
                own="(1 - share) * images",
                other="share * images[partners]",
                labels="(1 - lam[:, None]) * labels + lam[:, None] * labels[partners]",
            ),
            [IMAGES, LABELS],
            "the share of the image ITSELF",
        ),
        "one share": (blend(share="lam[0]"), [IMAGES], "Each image has its own lam"),
        "the reversed batch": (blend(other="(1 - share) * images[::-1]"), [IMAGES], "`partners` says with whom"),
        "whole numbers": (
            blend(own="(share * images").replace("images[partners]\n", "images[partners]).astype(np.uint8)\n"),
            [IMAGES],
            "fractions need floats",
        ),
        "images only": (blend(labels="labels"), [LABELS], "Labels are mixed like the images"),
        "the larger share wins": (
            blend(labels="np.where(lam[:, None] >= 0.5, labels, labels[partners])"),
            [LABELS],
            "Both labels count",
        ),
        "labels added": (blend(labels="labels + labels[partners]"), [LABELS], "the two shares must be lam and 1 - lam"),
        "labels mixed half and half": (blend(labels="0.5 * labels + 0.5 * labels[partners]"), [LABELS], "three mixed labels"),
        "not mixed": (blend(result="images, labels"), [IMAGES, LABELS], "The images are not mixed"),
        "only the images come back": (blend(result="mixed"), [IMAGES, LABELS], "two arrays"),
    },
    "Augmented": {
        "augments always": (augmented(test="False"), [OFF], "training=False"),
        "shuffles always": (augmented(test="not self.training", rows="self.plan[index]"), [OFF], "the order given"),
        "switch the wrong way round": (augmented(test="self.training"), [OFF, ON, REPEATS], "training=False"),
        "last batch filled up at test time": (
            augmented(rows="np.arange(index * self.batch_size, (index + 1) * self.batch_size) % len(self.labels)"),
            [OFF],
            "the last batch with the rest",
        ),
        "views at test time": (
            augmented(rows="slice(index * self.batch_size, (index + 1) * self.batch_size)"),
            [OFF],
            "hand out copies",
        ),
        "flips all": (augmented(flipped="flip(images, np.ones(len(images), bool))"), [ON], "of the images were flipped"),
        "flips none": (augmented(flipped="images"), [ON], "of the images were flipped"),
        "flips whole batches": (
            augmented(
                flipped="flip(images, np.full(len(images), rng.random() < 0.5))",
                moves="np.tile(rng.integers(-2, 3, size=2), (len(images), 1))",
            ),
            [ON],
            "",
        ),
        "upper end left out": (augmented(moves="rng.integers(-2, 2, size=(len(images), 2))"), [ON], "is not included"),
        "one number for both": (
            augmented(moves="np.repeat(rng.integers(-2, 3, size=(len(images), 1)), 2, axis=1)"),
            [ON],
            "along the diagonal",
        ),
        "wraps": (augmented(moved="np.roll(image, move, (0, 1))"), [ON], "is no version of image"),
        "too far": (augmented(moves="rng.integers(-3, 4, size=(len(images), 2))"), [ON], "is no version of image"),
        "labels left behind": (augmented(order="labels = labels[::-1].copy()"), [ON], "is no version of image"),
        "one generator in the object": (
            augmented(start="self.rng = np.random.default_rng([seed, 1])", rng="self.rng"),
            [REPEATS],
            "Asked in reverse",
        ),
        "no seed": (augmented(rng="np.random.default_rng()"), [REPEATS], "does every random generator get a seed?"),
        "no epoch": (
            augmented(rng="np.random.default_rng([self.seed, index, 1])"),
            [REPEATS],
            "does the epoch go into the dice?",
        ),
        "no index": (
            augmented(rng="np.random.default_rng([self.seed, self.epoch, 1])"),
            [REPEATS],
            "does the index go into the dice?",
        ),
        "sum of all": (augmented(rng="np.random.default_rng(self.seed + self.epoch + index)"), [REPEATS], ""),
    },
    "average_views": {
        "scores averaged": (
            averaged("""
            mean = scores.mean(axis=0)
            powers = np.exp(mean - mean.max(axis=-1, keepdims=True))
            return powers / powers.sum(axis=-1, keepdims=True)
        """),
            ["average_views_test"],
            "average the PROBABILITIES",
        ),
        "overflows": (
            averaged("""
            with np.errstate(all="ignore"):
                powers = np.exp(scores)
                return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
        """),
            ["average_views_test"],
            "where scores reach 1000",
        ),
        "summed": (
            averaged("""
            powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
            return (powers / powers.sum(axis=-1, keepdims=True)).sum(axis=0)
        """),
            ["average_views_test"],
            "divides by the number of views",
        ),
        "over the images": (
            averaged("""
            powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
            return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=1)
        """),
            ["average_views_test"],
            "The first axis counts the views",
        ),
        "first view": (
            averaged("""
            powers = np.exp(scores[0] - scores[0].max(axis=-1, keepdims=True))
            return powers / powers.sum(axis=-1, keepdims=True)
        """),
            ["average_views_test"],
            "All views count",
        ),
        "votes": (averaged("return np.eye(scores.shape[2])[scores.argmax(axis=2)].mean(axis=0)"), ["average_views_test"], ""),
    },
    "tta": {
        "no views": (views(flips="images", shifts="seen"), ["tta_test"], "Where do the views go?"),
        "the last view": (views(keep="scores = [scores_of(seen, kernel)]"), ["tta_test"], "Keep the scores of every view"),
        "shifts first": (
            views(
                flips="np.stack([shift(image, down, right) for image in images])",
                shifts="flip(seen, np.full(len(images), flipped))",
            ),
            ["tta_test"],
            "Flip, then shift",
        ),
        "never flips": (views(flips="images"), ["tta_test"], "Flip where the first entry is True"),
        "never shifts": (views(shifts="seen"), ["tta_test"], "Shift by the second and third entry"),
        "averages scores": (views(result="average_views(np.mean(scores, axis=0)[None])"), ["tta_test"], "three views"),
    },
    "on_off": {
        "augmented validation": (
            comparison(judge="Augmented(validation_images, validation_labels, 32, seed, training=True)"),
            ["on_off_test"],
            "on augmented images by mistake",
        ),
        "augmentation always on": (
            comparison(off="Augmented(images, labels, 32, seed, training=True)"),
            ["on_off_test"],
            "on augmented images by mistake",
        ),
        "augmentation never on": (
            comparison(on="Augmented(images, labels, 32, seed, training=False)"),
            ["on_off_test"],
            "is it on?",
        ),
        "measured on training images": (
            comparison(judge="Augmented(images, labels, 32, seed, training=False)"),
            ["on_off_test"],
            "a multiple of 1/21",
        ),
        "means": (
            comparison(result="{name: float(np.mean(values)) for name, values in table.items()}"),
            ["on_off_test"],
            "three seeds, so three accuracies",
        ),
        "one seed": (comparison(seeds="seeds[:1]"), ["on_off_test"], "three seeds, so three accuracies"),
        "exchanged": (
            comparison(result='{"off": table["on"], "on": table["off"]}'),
            ["on_off_test"],
            "on augmented images by mistake",
        ),
        "percent": (comparison(measured="100 * accuracy(kernel, judge)"), ["on_off_test"], "between 0 and 1"),
        "one data set for all seeds": (
            comparison(before="shared = Augmented(images, labels, 32, seeds[0], training=True)", on="shared"),
            ["on_off_test"],
            "each seed needs data sets",
        ),
    },
    "verdict": {
        "off minus on": (
            said(differences='np.subtract(table["off"], table["on"])'),
            ["verdict_test"],
            "What is subtracted from what?",
        ),
        "two groups": (
            answer(
                "verdict(table)",
                """
            a, b = np.array(table["on"]), np.array(table["off"])
            va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
            degrees = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
            half, mean = t_quantile(0.975, degrees) * (va + vb) ** 0.5, float(a.mean() - b.mean())
            low, high = float(mean - half), float(mean + half)
            return {"difference": mean, "low": low, "high": high, "verdict": "on" if low > 0 else "off" if high < 0 else "open"}
        """,
            ),
            ["verdict_test"],
            "The seeds are pairs",
        ),
        "normal quantile": (said(factor="1.96"), ["verdict_test"], "t_quantile(0.975, 3)"),
        "no root": (said(root="1"), ["verdict_test"], "divide the spread by the root of n"),
        "divisor n": (said(spread="differences.std()"), ["verdict_test"], "ddof=1"),
        "degrees of freedom": (said(factor="t_quantile(0.975, n)"), ["verdict_test"], "3 degrees of freedom"),
        "by the sign": (said(word='"on" if mean > 0 else "off"'), ["verdict_test"], "Too few seeds to tell"),
        "one-sided": (said(factor="t_quantile(0.95, n - 1)"), ["verdict_test"], "difference, low and high"),
        "never off": (said(word='"on" if low > 0 else "open"'), ["verdict_test"], "on and off exchanged"),
    },
}
