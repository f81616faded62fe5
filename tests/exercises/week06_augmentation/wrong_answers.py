"""Answers to week 6: wrong ones, which lose points and read something that helps, and right ones in other styles, which do not.

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
    share="rows[worker::workers]",
    result="[rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]",
):
    """A wrong `epoch_plan`."""
    return answer(
        "epoch_plan(n, batch_size, seed, epoch, worker=0, workers=1)",
        f"""
        rng = {rng}
        rows = {rows}
        rows = {share}
        return {result}
    """,
    )


ASK_BATCHES = """

def ask_batches(images, labels, batch_size, seed, epoch, requests):
    return ask(
        Batches(images, labels, batch_size, seed, epoch), images, labels, requests
    )
"""


def batches(
    *,
    start="self.images, self.labels = images, labels",
    seed="seed",
    first="epoch",
    length="len(self.plan)",
    before="pass",
    images="self.images[self.plan[index]]",
    labels="self.labels[self.plan[index]]",
    end="self.epoch += 1",
    new="self.plan = course_plan(len(self.labels), self.batch_size, self.seed, self.epoch)",
):
    """A wrong `Batches`."""
    return (
        "class Batches(keras.utils.PyDataset):\n"
        + indent(
            dedent(f"""
        def __init__(self, images, labels, batch_size, seed, epoch=0):
            super().__init__()
            {start}
            self.batch_size, self.seed, self.epoch = batch_size, {seed}, {first}
            self.plan = course_plan(
                len(labels), batch_size, self.seed, self.epoch
            )

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
    def __init__(self, images, labels, batch_size, seed, epoch=0):
        super().__init__()
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.seed, self.epoch = seed, epoch
        self.order = np.arange(len(labels))
        self.shuffle()

    def __len__(self):
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.images[rows].copy(), self.labels[rows].copy()

    def on_epoch_end(self):
        self.epoch += 1
        self.shuffle()

    def shuffle(self):
        plan = course_plan(
            len(self.labels), self.batch_size, self.seed, self.epoch
        )
        wanted = np.concatenate(plan)
        rows = np.argsort(self.order)[wanted]
        self.images[:], self.labels[:] = self.images[rows], self.labels[rows]
        self.order = wanted
"""
    + ASK_BATCHES
)

ASK_FUNCTION = """

def ask_function(name, *arguments):
    return globals()[name](*arguments), list(arguments)
"""


def mirror(body):
    """A wrong `flip`."""
    return answer("flip(images, which)", body) + ASK_FUNCTION


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

def ask_augmented(images, labels, batch_size, seed, requests):
    source = Turned(images, labels, batch_size)
    return ask(Augmented(source, speckle, seed), images, labels, requests)
"""


def augmented(
    *,
    start="pass",
    length="len(self.source)",
    take="images, labels = self.source[index]",
    rng="np.random.default_rng([self.seed, self.epoch, index])",
    images="self.transform(images, rng)",
    labels="labels",
    end="self.source.on_epoch_end()",
    count="self.epoch += 1",
):
    """A wrong `Augmented`."""
    return (
        "class Augmented(keras.utils.PyDataset):\n"
        + indent(
            dedent(f"""
        def __init__(self, source, transform, seed):
            super().__init__()
            self.source, self.transform = source, transform
            self.seed, self.epoch = seed, 0
            {start}

        def __len__(self):
            return {length}

        def __getitem__(self, index):
            {take}
            rng = {rng}
            return {images}, {labels}

        def on_epoch_end(self):
            {end}
            {count}
    """).strip(),
            "    ",
        )
        + "\n"
        + ASK_AUGMENTED
    )


def averaged(body):
    """A wrong `average_views`."""
    return answer("average_views(scores)", body)


ASK_TTA = """

def ask_tta(*arguments):
    others = {"flip": without_top, "shift": rolled, "average_views": squares}
    return with_stand_ins(globals(), "tta", others, arguments), list(arguments)
"""


def viewing(body):
    """A right or wrong `tta`."""
    return answer("tta(images, kernel, views)", body) + ASK_TTA


def views(
    *,
    start="images",
    keep="scores.append(scores_of(seen, kernel))",
    flips="flip(images, np.full(len(images), flipped))",
    shifts="np.stack([shift(image, down, right) for image in seen])",
    result="average_views(np.stack(scores))",
):
    """A wrong `tta`."""
    return viewing(
        f"""
        scores = []
        for flipped, down, right in views:
            seen = {flips}
            seen = {shifts}
            {keep}
        return {result}
    """,
    )


def repaired(
    *,
    draw="set(rng.permutation(things)[: max(1, len(things) // 5)].tolist())",
    rng="np.random.default_rng(seed)",
    side="(thing_of(path) in kept) == wanted",
    parts="parts",
    label="names.index(class_of(path))",
    train="train.shuffle(len(paths)).map(augment).batch(batch_size)",
    validation="validation.batch(batch_size)",
):
    """A wrong `pipelines`."""
    return (
        answer(
            "pipelines(folder, batch_size, seed)",
            f"""
        paths = sorted(str(p) for p in pathlib.Path(folder).glob("*/*.png"))
        names = sorted({{class_of(path) for path in paths}})
        rng, kept = {rng}, set()
        for name in names:
            things = sorted({{thing_of(p) for p in paths if class_of(p) == name}})
            kept |= {draw}
        parts = []
        for wanted in (False, True):
            chosen = [path for path in paths if {side}]
            labels = [{label} for path in chosen]
            both = chosen, labels
            parts.append(tf.data.Dataset.from_tensor_slices(both).map(read))
        train, validation = {parts}
        return {train}, {validation}
    """,
        )
        + ASK_PIPELINES
    )


ASK_PIPELINES = """

def ask_pipelines(images, labels, things, batch_size, seed, passes):
    with tempfile.TemporaryDirectory(dir=".") as folder:
        write_shots(folder, images, labels, things)
        parts = pipelines(folder, batch_size, seed)
        return [
            [[(np.array(x), np.array(y)) for x, y in part] for part in parts]
            for _ in range(passes)
        ]
"""


def comparison(
    *,
    off="Batches(images, labels, 32, seed)",
    on="Augmented(Batches(images, labels, 32, seed), flip_and_shift, seed)",
    judge="Batches(validation_images, validation_labels, 32, 0)",
    classes="int(labels.max()) + 1",
    weights="seed",
    length="epochs",
    train="train_layer(dataset, {length}, {weights}, classes)",
    measured="accuracy(kernel, judge)",
    before="pass",
    seeds="seeds",
    result="table",
):
    """A wrong `on_off`."""
    trained = train.format(length=length, weights=weights)
    return (
        answer(
            "on_off(images, labels, validation_images, validation_labels, seeds, epochs)",
            f"""
        table, classes = {{"off": [], "on": []}}, {classes}
        {before}
        for seed in {seeds}:
            for name, dataset in (("off", {off}), ("on", {on})):
                kernel = {trained}
                judge = {judge}
                table[name].append({measured})
        return {result}
    """,
        )
        + ASK_ON_OFF
    )


ASK_ON_OFF = """

def ask_on_off(*arguments):
    others = {
        "Batches": TurnedBatches,
        "Augmented": once_augmented,
        "flip_and_shift": roll_some,
    }
    return with_stand_ins(globals(), "on_off", others, arguments)
"""


def both(name):
    """The visible and the hidden test of a part."""
    return [f"{name}_test", f"{name}_hidden_test"]


PLAN, SEEDS = both("epoch_plan"), both("epoch_plan_seed")
PAIRS, EPOCHS = both("Batches"), both("Batches_epochs")
SERVES, REPEATS = both("Augmented"), both("Augmented_repeats")
IMAGES, LABELS = both("mixup_images"), both("mixup_labels")
SPLIT, SERVED = both("pipelines_split"), both("pipelines_served")
FLIP, SHIFT, HOLE = both("flip"), both("shift"), both("cut_out")
LIGHT, AFTER = both("brighten"), both("labels_after")
VIEWS, TTA, ON_OFF = both("average_views"), both("tta"), both("on_off")
JOINED = """np.concatenate([images, validation_images]), np.concatenate([
            labels, validation_labels])"""

WRONG = {
    "epoch_plan": {
        "last batch lost": (
            plan(result="[rows[i * batch_size : (i + 1) * batch_size] for i in range(len(rows) // batch_size)]"),
            PLAN,
            "The last 2 of 10 rows are missing",
        ),
        "last batch filled up": (
            plan(
                rows="np.resize(rng.permutation(n), -(-n // (batch_size * workers)) * batch_size * workers)",
            ),
            PLAN,
            "nobody has to come twice",
        ),
        "one batch too many": (
            plan(result="[rows[i * batch_size : (i + 1) * batch_size] for i in range(len(rows) // batch_size + 1)]"),
            PLAN,
            "no batch is empty",
        ),
        "drawn with putting back": (plan(rows="rng.integers(0, n, n)"), PLAN, "draw WITHOUT putting back"),
        "counts from one": (plan(rows="rng.permutation(n) + 1"), PLAN, "Python counts from 0"),
        "floats": (plan(rows="rng.permutation(n).astype(float)"), PLAN, "Row numbers are whole numbers"),
        "array_split": (plan(result="np.array_split(rows, -(-len(rows) // batch_size))"), PLAN, "the sizes of the batches"),
        "the rows alone": (plan(result="rows"), PLAN, "Each batch of a plan is a list of row numbers"),
        "every worker gets all": (plan(share="rows"), PLAN, "Each of 3 workers gets all 23 rows"),
        "every worker shuffles by itself": (
            plan(rng="np.random.default_rng([seed, epoch, worker])"),
            PLAN,
            "in the same way, by seed and epoch alone",
        ),
        "the rest of the workers' division lost": (
            plan(share="rows[: n // workers * workers][worker::workers]"),
            PLAN,
            "No row may get lost",
        ),
        "the last worker gets the rest": (
            plan(
                share="rows[worker * (n // workers) : n if worker == workers - 1 else (worker + 1) * (n // workers)]"
            ),
            PLAN,
            "Their numbers differ by one at most",
        ),
        "workers take whole batches": (
            plan(share="rows", result="[rows[i : i + batch_size] for i in range(0, n, batch_size)][worker::workers]"),
            PLAN,
            "how many of 23 rows",
        ),
        "counts workers from one": (plan(share="rows[worker - 1 :: workers]"), PLAN, ""),
        "dealt out before it is shuffled": (
            plan(rows="np.arange(n)", share="rng.permutation(rows[worker::workers])"),
            SEEDS,
            "shuffle all rows first, then deal them out",
        ),
        "not shuffled": (plan(rows="np.arange(n)"), SEEDS, "shuffle them"),
        "no seed": (plan(rng="np.random.default_rng()"), SEEDS, "two different plans"),
        "epoch forgotten": (plan(rng="np.random.default_rng(seed)"), SEEDS, "Epochs 0 and 1 have the same plan"),
        "seed forgotten": (plan(rng="np.random.default_rng(epoch)"), SEEDS, "is `seed` used?"),
        "seed plus epoch": (plan(rng="np.random.default_rng(seed + epoch)"), SEEDS, "do not add the two numbers"),
        "seed times epoch": (plan(rng="np.random.default_rng(seed * epoch)"), SEEDS, "Epochs 0 and 1 have the same plan"),
        "seed to the power of epoch": (plan(rng="np.random.default_rng(seed**epoch)"), SEEDS, "Seeds 0 and 1 give the same plan"),
        "the sum of squares": (
            plan(rng="np.random.default_rng(seed**2 + epoch**2)"), SEEDS, "do not add the two numbers"),
        "turned, not shuffled": (
            plan(rows="np.roll(np.arange(n), int(rng.integers(1, n)) if n > 1 else 0)"),
            SEEDS[1:],
            "different plans",
        ),
        "shuffles the batches": (
            plan(
                rows="np.arange(n)[worker::workers]",
                share="rows",
                result="[rows[i * batch_size : (i + 1) * batch_size] for i in rng.permutation(-(-len(rows) // batch_size))]",
            ),
            SEEDS,
            "Shuffle the ROWS",
        ),
    },
    "Batches": {
        "floor division": (
            batches(length="len(self.labels) // self.batch_size"),
            PAIRS,
            "the length is 3, the last batch has 2",
        ),
        "counts images": (batches(length="len(self.labels)"), PAIRS, "the number of BATCHES"),
        "turns images into floats": (batches(images="self.images[self.plan[index]] / 255"), PAIRS, "should come out as uint8"),
        "images alone": (
            batches().replace(
                "return self.images[self.plan[index]], self.labels[self.plan[index]]", "return self.images[self.plan[index]]"
            ),
            PAIRS,
            "should be two things",
        ),
        "labels not shuffled": (batches(labels=f"self.labels[{SLICE}]"), PAIRS, "came with the label of another image"),
        "two shuffles": (
            batches(labels="self.labels[course_plan(len(self.labels), self.batch_size, self.seed + 1, self.epoch)[index]]"),
            PAIRS,
            "picked by the same rows",
        ),
        "the first batch for ever": (
            batches(
                images="self.images[self.plan[0][: len(self.plan[index])]]",
                labels="self.labels[self.plan[0][: len(self.plan[index])]]",
            ),
            PAIRS,
            "Every image exactly once",
        ),
        "no new plan": (batches(end="pass", new="pass"), EPOCHS, "on_epoch_end should make the plan of the NEXT epoch"),
        "epoch counted, plan kept": (batches(new="pass"), EPOCHS, "on_epoch_end should make the plan of the NEXT epoch"),
        "always epoch 1": (batches(end="self.epoch = 1"), EPOCHS, "Two epochs have the same batches"),
        "begins one epoch late": (batches(first="epoch + 1"), EPOCHS, "should be number 0"),
        "always begins with epoch 0": (batches(first="0"), EPOCHS, "begins with epoch 5"),
        "forgets where it began": (
            batches(start="self.images, self.labels = images, labels; self.passed = 0",
                    end="self.passed += 1; self.epoch = self.passed"),
            EPOCHS,
            "After epoch 5 comes epoch 6",
        ),
        "two epochs at once": (batches(end="self.epoch += 2"), EPOCHS, "after on_epoch_end"),
        "the plan of the epoch that has ended": (
            batches(end="pass", new="self.plan = course_plan(len(self.labels), self.batch_size, self.seed, self.epoch); "
                    "self.epoch += 1"),
            EPOCHS,
            "the plan of the NEXT epoch",
        ),
        "the seed lost after epoch 0": (
            batches(new="self.plan = course_plan(len(self.labels), self.batch_size, 0, self.epoch)"),
            EPOCHS,
            "after on_epoch_end",
        ),
        "a plan of its own": (
            batches().replace("course_plan(", "epoch_plan("), EPOCHS, "course_plan(n, batch_size, seed, epoch)[i]"),
        "batches in reverse": (
            batches(images="self.images[self.plan[-1 - index]]", labels="self.labels[self.plan[-1 - index]]"),
            EPOCHS,
            "the rows of the batches of epoch 0",
        ),
        "rows sorted in a batch": (
            batches(images="self.images[np.sort(self.plan[index])]", labels="self.labels[np.sort(self.plan[index])]"),
            EPOCHS,
            "the rows of the batches of epoch 0",
        ),
        "a seed of its own": (
            batches(seed="int(np.random.default_rng().integers(2**31))"), EPOCHS, "A second data set with the same seed"),
        "seed ignored": (batches(seed="0"), EPOCHS, "is the seed used?"),
        "a new plan for each batch": (
            batches(
                before="self.epoch += 1; self.plan = course_plan(len(self.labels), self.batch_size, self.seed, self.epoch)",
                end="pass",
                new="pass",
            ),
            EPOCHS,
            "",
        ),
        "not shuffled": (
            batches(images=f"self.images[{SLICE}]", labels=f"self.labels[{SLICE}]"),
            EPOCHS,
            "The first epoch is not shuffled",
        ),
        "shuffles in place": (IN_PLACE, EPOCHS, "A second data set with the same seed"),
        "hands out views": (
            batches(
                start="order = np.concatenate(course_plan(len(labels), batch_size, seed, epoch)); "
                "self.sources = images, labels; self.images, self.labels = images[order], labels[order]",
                images=f"self.images[{SLICE}]",
                labels=f"self.labels[{SLICE}]",
                new="order = np.concatenate(course_plan(len(self.labels), self.batch_size, self.seed, self.epoch)); "
                "self.images, self.labels = (one[order] for one in self.sources)",
            ),
            EPOCHS[:1],
            "hand out copies",
        ),
    },
    "flip": {
        "in place": (
            mirror("""
            images[which] = images[which, :, ::-1].copy()
            return images
        """),
            FLIP,
            "changes the batch that it is given",
        ),
        "upside down": (
            mirror("""
            flipped = images.copy()
            flipped[which] = images[which, ::-1]
            return flipped
        """),
            FLIP,
            "turned upside down",
        ),
        "channels": (
            mirror("""
            flipped = images.copy()
            flipped[which] = images[which, :, :, ::-1]
            return flipped
        """),
            FLIP,
            "red and blue exchanged",
        ),
        "all of them": (mirror("return images[:, :, ::-1]"), FLIP, "all images flipped"),
        "the others": (
            mirror("""
            flipped = images.copy()
            flipped[~which] = images[~which, :, ::-1]
            return flipped
        """),
            FLIP,
            "the wrong images flipped",
        ),
        "only those": (mirror("return images[which][:, :, ::-1]"), FLIP, "only the flipped images"),
        "writes into a copy": (
            mirror("""
            images[which][:] = images[which][:, :, ::-1]
            return images
        """),
            FLIP,
            "Nothing was flipped",
        ),
        "floats": (
            mirror("return np.where(which[:, None, None, None], images[:, :, ::-1], images) * 1.0"),
            FLIP[:1],
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
            SHIFT,
            "changes the image that it is given",
        ),
        "wraps": (moving("return np.roll(image, (down, right), (0, 1))"), SHIFT, "np.roll does that"),
        "the other way": (
            moving("""
            room = np.pad(image, ((99, 99), (99, 99), (0, 0)), constant_values=fill)
            return room[99 + down : 99 + down + image.shape[0], 99 + right : 99 + right + image.shape[1]]
        """),
            SHIFT,
            "Positive means down and right",
        ),
        "axes exchanged": (
            moving("""
            room = np.pad(image, ((99, 99), (99, 99), (0, 0)), constant_values=fill)
            return room[99 - right : 99 - right + image.shape[0], 99 - down : 99 - down + image.shape[1]]
        """),
            SHIFT,
            "The first axis runs down",
        ),
        "fill ignored": (
            moving("""
            room = np.pad(image, ((99, 99), (99, 99), (0, 0)))
            return room[99 - down : 99 - down + image.shape[0], 99 - right : 99 - right + image.shape[1]]
        """),
            SHIFT,
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
            SHIFT,
            "moved 1 up and 2 to the left",
        ),
        "floats": (
            moving("""
            room = np.pad(image.astype(float), ((99, 99), (99, 99), (0, 0)), constant_values=fill)
            return room[99 - down : 99 - down + image.shape[0], 99 - right : 99 - right + image.shape[1]]
        """),
            SHIFT,
            "these are float64",
        ),
        "positive only": (
            moving("""
            moved = np.full_like(image, fill)
            moved[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
            return moved
        """),
            SHIFT,
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
            HOLE,
            "changes the image that it is given",
        ),
        "negative start": (hole(rows="top : top + size", columns="left : left + size"), HOLE, "Cut off at 0"),
        "negative end": (hole(rows="max(top, 0) : top + size", columns="max(left, 0) : left + size"), HOLE, ""),
        "size kept at the rim": (hole(rows="max(top, 0) : max(top, 0) + size"), HOLE, "a square of 3 at row -1"),
        "always black": (hole(value="0"), HOLE, "fill = 9"),
        "centre": (
            hole(
                rows="max(top - size // 2, 0) : max(top + size // 2 + 1, 0)",
                columns="max(left - size // 2, 0) : max(left + size // 2 + 1, 0)",
            ),
            HOLE,
            "a square of 3 at row 1",
        ),
        "axes exchanged": (
            hole(rows="max(left, 0) : max(left + size, 0)", columns="max(top, 0) : max(top + size, 0)"),
            HOLE,
            "a square of 3 at row 1",
        ),
        "one too large": (
            hole(rows="max(top, 0) : max(top + size + 1, 0)", columns="max(left, 0) : max(left + size + 1, 0)"),
            HOLE,
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
            LIGHT,
            "changes the image that it is given",
        ),
        "wraps": (brighter("(image.astype(int) + amount).astype(np.uint8)"), LIGHT, "wrapped around to dark ones"),
        "clips too late": (
            brighter("np.clip((image.astype(int) + amount).astype(np.uint8), 0, 255)"),
            LIGHT,
            "calculate with a larger type",
        ),
        "stays larger": (brighter("np.clip(image.astype(int) + amount, 0, 255)"), LIGHT, "AFTER clipping"),
        "clips above only": (
            brighter("np.minimum(image.astype(int) + amount, 255).astype(np.uint8)"),
            LIGHT,
            "darker by 100",
        ),
        "multiplies": (
            brighter("np.clip(image * (1 + amount / 255), 0, 255).astype(np.uint8)"),
            LIGHT,
            "brighter by 60",
        ),
        "does not clip": (brighter("image.astype(int) + amount"), LIGHT, "brighter by 60"),
    },
    "labels_after": {
        "axes exchanged": (
            after(left_right="turned[:, ::-1]", upside_down="turned[:, :, ::-1]"),
            AFTER,
            "Which axis is which?",
        ),
        "half turn mirrors once": (after(half='("upside down",)'), AFTER, "the answer for 'left-right'"),
        "only its own class": (
            after(result="np.where((turned == glyphs).all(axis=(1, 2)), np.arange(len(glyphs)), -1)"),
            AFTER,
            "compare with ALL glyphs",
        ),
        "argmax of nothing": (after(result="same.argmax(axis=1)"), AFTER, "argmax of nothing is 0"),
        "any pixel": (after(compare="(turned[:, None] == glyphs[None]).any(axis=(2, 3))"), AFTER, ""),
        "turns the classes round": (after(left_right="turned[::-1]"), AFTER, ""),
    },
    "mixup": {
        "shares exchanged": (
            blend(
                own="(1 - share) * images",
                other="share * images[partners]",
                labels="(1 - lam[:, None]) * labels + lam[:, None] * labels[partners]",
            ),
            IMAGES + LABELS,
            "the share of the image ITSELF",
        ),
        "one share": (blend(share="lam[0]"), IMAGES, "Each image has its own lam"),
        "the reversed batch": (blend(other="(1 - share) * images[::-1]"), IMAGES, "`partners` says with whom"),
        "whole numbers": (
            blend(own="(share * images").replace("images[partners]\n", "images[partners]).astype(np.uint8)\n"),
            IMAGES,
            "fractions need floats",
        ),
        "images only": (blend(labels="labels"), LABELS, "Labels are mixed like the images"),
        "the larger share wins": (
            blend(labels="np.where(lam[:, None] >= 0.5, labels, labels[partners])"),
            LABELS,
            "Both labels count",
        ),
        "labels added": (blend(labels="labels + labels[partners]"), LABELS, "the two shares must be lam and 1 - lam"),
        "labels mixed half and half": (blend(labels="0.5 * labels + 0.5 * labels[partners]"), LABELS, "three mixed labels"),
        "not mixed": (blend(result="images, labels"), IMAGES + LABELS, "The images are not mixed"),
        "only the images come back": (blend(result="mixed"), IMAGES + LABELS, "two arrays"),
    },
    "Augmented": {
        "counts images": (augmented(length="len(self.source) * len(self.source[0][1])"), SERVES, "Ask the source"),
        "the source is not told": (augmented(end="pass"), SERVES, "Call its on_epoch_end once"),
        "the source is told twice": (augmented(end="self.source.on_epoch_end(); self.source.on_epoch_end()"), SERVES, "once"),
        "labels reversed": (augmented(labels="labels[::-1].copy()"), SERVES, "The labels are those of the source's batch"),
        "images reversed": (augmented(images="self.transform(images[::-1], rng)"), SERVES, "in its order, transformed once"),
        "transformed twice": (
            augmented(take="images, labels = self.source[index]; images = images + 1000"), SERVES, "transformed once"),
        "not transformed": (augmented(images="images"), SERVES, "are not transformed"),
        "the first batch only": (
            augmented(take="images, labels = self.source[0]"), SERVES, "The labels are those of the source's batch"),
        "labels transformed as well": (
            augmented(labels="self.transform(labels, rng)"), SERVES, "The labels are those of the source's batch"),
        "images alone": (augmented(images="(self.transform(images, rng),)", labels="()").replace(", ()", ""),
                         SERVES, ""),
        "only the first epoch is transformed": (
            augmented(images="self.transform(images, rng) if self.epoch == 0 else images"), SERVES, "are not transformed"),
        "keeps the batches of the first epoch": (
            augmented(start="self.kept = [self.source[i] for i in range(len(self.source))]",
                      take="images, labels = self.kept[index]"),
            SERVES, "Call its on_epoch_end once"),
        "adds to the source's own images": (
            augmented(start="self.source.images += self.transform(0 * self.source.images, np.random.default_rng(0))"),
            SERVES[:1], ""),
        "one generator in the object": (
            augmented(start="self.rng = np.random.default_rng([seed, 1])", rng="self.rng"),
            REPEATS,
            "Asked in reverse",
        ),
        "no seed": (augmented(rng="np.random.default_rng()"), REPEATS, "does every random generator get a seed?"),
        "seed ignored": (augmented(rng="np.random.default_rng([self.epoch, index])"), REPEATS, "is the seed used?"),
        "no epoch": (
            augmented(rng="np.random.default_rng([self.seed, index])"), REPEATS, "does the epoch go into the dice?"),
        "the epoch is not counted": (augmented(count="pass"), REPEATS, "does the epoch go into the dice?"),
        "no index": (
            augmented(rng="np.random.default_rng([self.seed, self.epoch])"), REPEATS, "does the index go into the dice?"),
        "sum of all": (augmented(rng="np.random.default_rng(self.seed + self.epoch + index)"), REPEATS, "must not be added"),
        "epoch plus index": (
            augmented(rng="np.random.default_rng([self.seed, self.epoch + index])"), REPEATS, "must not be added"),
        "seed plus epoch": (augmented(rng="np.random.default_rng([self.seed + self.epoch, index])"), REPEATS, "do not add"),
        "dice by the batch's length": (
            augmented(rng="np.random.default_rng([self.seed, self.epoch, len(labels)])"), REPEATS, "does the index"),
        "the same dice for every image": (
            augmented(images="np.concatenate([self.transform(images[i : i + 1], np.random.default_rng("
                      "[self.seed, self.epoch, index])) for i in range(len(images))])"),
            REPEATS[:1], "All images of a batch are changed alike"),
        "counts the calls": (
            augmented(start="self.calls = 0", take="images, labels = self.source[index]; self.calls += 1",
                      rng="np.random.default_rng([self.seed, self.calls])"),
            REPEATS, ""),
    },
    "average_views": {
        "scores averaged": (
            averaged("""
            mean = scores.mean(axis=0)
            powers = np.exp(mean - mean.max(axis=-1, keepdims=True))
            return powers / powers.sum(axis=-1, keepdims=True)
        """),
            VIEWS,
            "average the PROBABILITIES",
        ),
        "overflows": (
            averaged("""
            with np.errstate(all="ignore"):
                powers = np.exp(scores)
                return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
        """),
            VIEWS,
            "here scores reach 1000",
        ),
        "summed": (
            averaged("""
            powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
            return (powers / powers.sum(axis=-1, keepdims=True)).sum(axis=0)
        """),
            VIEWS,
            "divides by the number of views",
        ),
        "over the images": (
            averaged("""
            powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
            return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=1)
        """),
            VIEWS,
            "The first axis counts the views",
        ),
        "first view": (
            averaged("""
            powers = np.exp(scores[0] - scores[0].max(axis=-1, keepdims=True))
            return powers / powers.sum(axis=-1, keepdims=True)
        """),
            VIEWS,
            "All views count",
        ),
        "votes": (averaged("return np.eye(scores.shape[2])[scores.argmax(axis=2)].mean(axis=0)"), VIEWS, ""),
    },
    "tta": {
        "no views": (views(flips="images", shifts="seen"), TTA, "Where do the views go?"),
        "the last view": (views(keep="scores = [scores_of(seen, kernel)]"), TTA, "Keep the scores of every view"),
        "shifts first": (
            views(
                flips="np.stack([shift(image, down, right) for image in images])",
                shifts="flip(seen, np.full(len(images), flipped))",
            ),
            TTA,
            "Flip, then shift",
        ),
        "never flips": (views(flips="images"), TTA, "Flip where the first entry is True"),
        "never shifts": (views(shifts="seen"), TTA, "Shift by the second and third entry"),
        "averages scores": (
            views(result="average_views(np.mean(scores, axis=0)[None])"), TTA, "wants the scores of every view"),
        "the sum over the views": (views(result="len(views) * average_views(np.stack(scores))"), TTA, ""),
        "right and down exchanged": (
            views(shifts="np.stack([shift(image, right, down) for image in seen])"), TTA, "three views"),
        "every view of the one before": (
            views(start="images", flips="flip(images, np.full(len(images), flipped))",
                  keep="images = seen; scores.append(scores_of(seen, kernel))"), TTA, ""),
        "flips in all views": (views(flips="images[:, :, ::-1]"), TTA, ""),
        "each view once": (
            views(result="average_views(np.unique(np.stack(scores), axis=0))"), TTA[1:], ""),
        "pixels not scaled": (
            views(keep="scores.append(seen.reshape(len(seen), -1) @ kernel)"), TTA, "a single view"),
    },
    "pipelines": {
        "theirs": (
            answer("pipelines(folder, batch_size, seed)", "return their_pipelines(folder, batch_size, seed)")
            + ASK_PIPELINES, [*SPLIT, *SERVED], "are in training and in validation"),
        "theirs, split once": (
            answer("pipelines(folder, batch_size, seed)", """
                paths = sorted(str(p) for p in pathlib.Path(folder).glob("*/*.png"))
                paths = np.random.default_rng(seed).permutation(paths).tolist()
                names = sorted({class_of(path) for path in paths})
                labels = [names.index(class_of(path)) for path in paths]
                shots = tf.data.Dataset.from_tensor_slices((paths, labels)).map(read)
                kept = len(paths) // 5
                train = shots.skip(kept).shuffle(len(paths)).map(augment)
                return train.batch(batch_size), shots.take(kept).batch(batch_size)
            """) + ASK_PIPELINES, SPLIT, "Draw THINGS for validation"),
        "a fifth of all things": (
            repaired(draw="set()", side="(thing_of(path) in everything[: len(everything) // 5]) == wanted").replace(
                "parts = []\n",
                "everything = rng.permutation(sorted({thing_of(p) for p in paths})).tolist()\n    parts = []\n",
                1,
            ),
            SPLIT, "how many things of each class"),
        "the first things": (repaired(draw="set(things[: max(1, len(things) // 5)])"), SPLIT[:1], "is the seed used?"),
        "a fixed seed": (repaired(rng="np.random.default_rng(0)"), SPLIT[:1], "is the seed used?"),
        "no seed": (repaired(rng="np.random.default_rng()"), SPLIT[:1], "in another way"),
        "rounded up": (repaired(draw="set(rng.permutation(things)[: -(-len(things) // 5)].tolist())"), SPLIT, "rounded down"),
        "perhaps none": (repaired(draw="set(rng.permutation(things)[: len(things) // 5].tolist())"), SPLIT, "at least one"),
        "a quarter": (
            repaired(draw="set(rng.permutation(things)[: max(1, len(things) // 4)].tolist())"), SPLIT, "Of each class a fifth"),
        "sides exchanged": (repaired(parts="parts[::-1]"), SPLIT, "how many things of each class"),
        "numbers of things without their class": (
            repaired(side="(thing_of(path).split('/')[1] in {one.split('/')[1] for one in kept}) == wanted"),
            SPLIT, "how many things of each class"),
        "the whole of the shots in training": (
            repaired(side="not wanted or thing_of(path) in kept"), SPLIT, "are in training and in validation"),
        "labels in the order of the shots": (repaired(label="len(names) - 1 - names.index(class_of(path))"),
                                             [*SPLIT, *SERVED], "a wrong label"),
        "validation augmented": (
            repaired(validation="validation.map(augment).batch(batch_size)"), SERVED, "augmentation belongs into"),
        "validation shuffled": (
            repaired(validation="validation.shuffle(100).batch(batch_size)"), SERVED, "do not shuffle it"),
        "validation repeated": (
            repaired(validation="validation.repeat(2).batch(batch_size)"), SERVED, "more than once in a pass"),
        "training not augmented": (
            repaired(train="train.shuffle(len(paths)).batch(batch_size)"), SERVED, "augment them"),
        "training not shuffled": (
            repaired(train="train.map(augment).batch(batch_size)"), SERVED, "shuffle it"),
        "cached behind the augmentation": (
            repaired(train="train.map(augment).cache().shuffle(len(paths)).batch(batch_size)"), SERVED, "Augment behind it"),
        "the order cached": (
            repaired(train="train.shuffle(len(paths)).cache().map(augment).batch(batch_size)"), SERVED, "pass"),
        "batches shuffled": (
            repaired(train="train.map(augment).batch(batch_size).shuffle(100)"), SERVED, "pass"),
        "shuffled once": (
            repaired(train="train.shuffle(len(paths), reshuffle_each_iteration=False).map(augment).batch(batch_size)"),
            SERVED, "pass"),
        "a small buffer": (
            repaired(train="train.shuffle(3).map(augment).batch(batch_size)"), SERVED[1:], "hardly leave their places"),
        "the last batch dropped": (
            repaired(train="train.shuffle(len(paths)).map(augment).batch(batch_size, drop_remainder=True)"),
            SPLIT[:1], "dropped"),
        "training repeated": (
            repaired(train="train.repeat(2).shuffle(len(paths)).map(augment).batch(batch_size)"),
            SERVED, "more than once in a pass"),
        "augmented whole batches": (
            repaired(train="train.shuffle(len(paths)).map(augment).batch(2 * batch_size)"), SERVED, "the sizes of the"),
    },
    "on_off": {
        "augmented validation": (
            comparison(judge="Augmented(Batches(validation_images, validation_labels, 32, 0), flip_and_shift, seed)"),
            ON_OFF,
            "Measured without augmentation?",
        ),
        "'on' measured on augmented images": (
            comparison(judge="(Batches(validation_images, validation_labels, 32, 0) if name == 'off' else Augmented("
                       "Batches(validation_images, validation_labels, 32, 0), flip_and_shift, seed))"),
            ON_OFF,
            "Measured without augmentation?",
        ),
        "augmentation always on": (
            comparison(off="Augmented(Batches(images, labels, 32, seed), flip_and_shift, seed)"),
            ON_OFF,
            "on augmented images by mistake",
        ),
        "augmentation never on": (comparison(on="Batches(images, labels, 32, seed)"), ON_OFF, "is it on?"),
        "measured on training images": (
            comparison(judge="Batches(images, labels, 32, seed)"), ON_OFF, "Have the validation images been trained"),
        "trained on the validation images as well": (
            comparison(off=f"Batches({JOINED}, 32, seed)",
                       on=f"Augmented(Batches({JOINED}, 32, seed), flip_and_shift, seed)"),
            ON_OFF, "Have the validation images been trained on"),
        "trained on the validation images alone": (
            comparison(off="Batches(validation_images, validation_labels, 32, seed)",
                       on="Augmented(Batches(validation_images, validation_labels, 32, seed), flip_and_shift, seed)"),
            ON_OFF, "Have the validation images been trained on"),
        "the best epoch by validation": (
            comparison(train="[train_layer(dataset, e, {weights}, classes) for e in range({length} + 1)]",
                       measured="max(accuracy(one, judge) for one in kernel)"),
            ON_OFF, "has the best of several networks been chosen"),
        "the best of three starts": (
            comparison(train="[train_layer(dataset, {length}, s, classes) for s in (seed, seed + 1, seed + 2)]",
                       measured="max(accuracy(one, judge) for one in kernel)"),
            ON_OFF, "the accuracies, off and on"),
        "fixed epochs": (comparison(length="12"), ON_OFF, "after 0 epochs"),
        "one epoch less": (comparison(length="max(epochs - 1, 0)"), ON_OFF, "an epoch too few"),
        "batches of 8": (
            comparison(off="Batches(images, labels, 8, seed)",
                       on="Augmented(Batches(images, labels, 8, seed), flip_and_shift, seed)"),
            ON_OFF, "Batches of 32"),
        "fixed start weights": (comparison(weights="0"), ON_OFF, "the seed alone decides"),
        "other start weights for on": (comparison(weights="seed + (name == 'on')"), ON_OFF, "the same for both"),
        "data sets seeded with 0": (
            comparison(off="Batches(images, labels, 32, 0)",
                       on="Augmented(Batches(images, labels, 32, 0), flip_and_shift, 0)"),
            ON_OFF, "data sets that have the seed 0"),
        "dice seeded with 0": (
            comparison(on="Augmented(Batches(images, labels, 32, seed), flip_and_shift, 0)"),
            ON_OFF, "the dice of seed 0"),
        "classes of the validation": (comparison(classes="int(validation_labels.max()) + 1"), ON_OFF, ""),
        "ten classes": (comparison(classes="10"), ON_OFF, ""),
        "means": (
            comparison(result="{name: float(np.mean(values)) for name, values in table.items()}"),
            ON_OFF,
            "three seeds, so three accuracies",
        ),
        "one seed": (comparison(seeds="seeds[:1]"), ON_OFF, "three seeds, so three accuracies"),
        "seeds sorted": (comparison(seeds="sorted(seeds)"), ON_OFF, ""),
        "exchanged": (
            comparison(result='{"off": table["on"], "on": table["off"]}'),
            ON_OFF,
            "on augmented images by mistake",
        ),
        "percent": (comparison(measured="100 * accuracy(kernel, judge)"), ON_OFF, "between 0 and 1"),
        "error rates": (comparison(measured="1 - accuracy(kernel, judge)"), ON_OFF, "learned perfectly in 12 epochs"),
        "the first batch of the validation": (
            comparison(judge="Batches(validation_images[:16], validation_labels[:16], 32, 0)"), ON_OFF, "the seed alone decides"),
        "one data set for all seeds": (
            comparison(before="shared = Augmented(Batches(images, labels, 32, seeds[0]), flip_and_shift, seeds[0])",
                       on="shared"),
            ON_OFF,
            "new data sets and its own seed",
        ),
    },
}

RIGHT = {
    "epoch_plan": {
        "lists and loops": plan(
            rows="list(range(n)); rng.shuffle(rows)",
            share="[row for place, row in enumerate(rows) if place % workers == worker]",
            result="[[int(row) for row in rows[i : i + batch_size]] for i in range(0, len(rows), batch_size)]",
        ),
        "numbers to sort by": plan(
            rows="np.argsort(np.random.default_rng((epoch, seed)).random(n))",
            share="np.array_split(rows, workers)[worker]",
            result="np.split(rows, range(batch_size, len(rows), batch_size))",
        ),
        "the standard library": answer(
            "epoch_plan(n, batch_size, seed, epoch, worker=0, workers=1)",
            """
            import itertools
            import random

            order = random.Random(f"{seed} and {epoch}").sample(range(n), n)
            mine = iter(order[worker::workers])
            return [np.array(b) for b in iter(lambda: list(itertools.islice(mine, batch_size)), [])]
        """,
        ),
    },
    "Batches": {
        "a new plan whenever it is asked": batches(
            before="self.plan = course_plan(len(self.labels), self.batch_size, self.seed, self.epoch)", new="pass"
        ),
        "stacked image by image": batches(
            images="np.stack([self.images[row] for row in self.plan[index]])",
            labels="np.array([self.labels[row] for row in self.plan[index]])",
        ),
        "take, and copies of its own": batches(
            start="self.images, self.labels = np.array(images), np.array(labels)",
            images="np.take(self.images, self.plan[index], axis=0)",
            labels="self.labels.take(self.plan[index], axis=0)",
            length="math.ceil(len(self.labels) / self.batch_size)",
        ).replace("class Batches", "import math\n\n\nclass Batches"),
    },
    "flip": {
        "np.where": mirror("return np.where(which.reshape(-1, 1, 1, 1), images[:, :, ::-1], images)"),
        "a loop": mirror("return np.stack([np.fliplr(i) if w else i for i, w in zip(images, which)])"),
        "by index": mirror("""
            columns = np.arange(images.shape[2])
            result = np.empty_like(images)
            for n, turn in enumerate(which):
                result[n] = images[n][:, columns[::-1] if turn else columns]
            return result
        """),
        "Keras, a tensor": mirror("""
            turned = keras.ops.flip(images, axis=2)
            return keras.ops.where(which[:, None, None, None], turned, images)
        """),
    },
    "shift": {
        "pad and cut": moving("""
            h, w = image.shape[:2]
            a, b = abs(down), abs(right)
            room = np.pad(image, ((a, a), (b, b), (0, 0)), constant_values=fill)
            return room[a - down : a - down + h, b - right : b - right + w]
        """),
        "pixel by pixel": moving("""
            h, w, _ = image.shape
            moved = np.full_like(image, fill)
            for y in range(h):
                for x in range(w):
                    if 0 <= y - down < h and 0 <= x - right < w:
                        moved[y, x] = image[y - down, x - right]
            return moved
        """),
        "SciPy": moving("""
            from scipy import ndimage

            return ndimage.shift(image, (down, right, 0), order=0, cval=fill)
        """),
        "roll and blank": moving("""
            h, w = image.shape[:2]
            moved = np.roll(image, (down, right), (0, 1))
            y, x = np.arange(h) - down, np.arange(w) - right
            moved[(y < 0) | (y >= h)] = fill
            moved[:, (x < 0) | (x >= w)] = fill
            return moved
        """),
    },
    "cut_out": {
        "a mask": answer("cut_out(image, top, left, size, fill=0)", """
            y, x = np.ogrid[: image.shape[0], : image.shape[1]]
            inside = (y >= top) & (y < top + size) & (x >= left) & (x < left + size)
            result = np.array(image)
            result[inside] = fill
            return result
        """),
        "clipped ends": hole(rows="slice(*np.clip([top, top + size], 0, len(image)))",
                             columns="slice(*np.clip([left, left + size], 0, image.shape[1]))"),
        "pixel by pixel": answer("cut_out(image, top, left, size, fill=0)", """
            result = image.copy()
            for y in range(top, top + size):
                for x in range(left, left + size):
                    if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                        result[y, x] = fill
            return result
        """),
    },
    "brighten": {
        "a table of all values": brighter("np.array([min(max(v + amount, 0), 255) for v in range(256)], np.uint8)[image]"),
        "floats": brighter("np.minimum(np.maximum(image.astype(np.float32) + amount, 0), 255).astype('uint8')"),
        "int16 and where": answer("brighten(image, amount)", """
            large = np.add(image, amount, dtype=np.int16)
            large[large < 0] = 0
            large[large > 255] = 255
            return np.uint8(large)
        """),
    },
    "labels_after": {
        "a dictionary": answer("labels_after(glyphs, transform)", """
            turn = {"left-right": np.fliplr, "upside down": np.flipud, "half turn": lambda g: np.rot90(g, 2)}
            known = {g.tobytes(): n for n, g in enumerate(np.ascontiguousarray(glyphs))}
            turned = [np.ascontiguousarray(turn[transform](g)) for g in glyphs]
            return np.array([known.get(g.tobytes(), -1) for g in turned])
        """),
        "two loops, a list": answer("labels_after(glyphs, transform)", """
            answers = []
            for glyph in glyphs:
                if transform != "upside down":
                    glyph = glyph[:, ::-1]
                if transform != "left-right":
                    glyph = glyph[::-1]
                found = [k for k, other in enumerate(glyphs) if np.array_equal(glyph, other)]
                answers.append(found[0] if found else -1)
            return answers
        """),
        "squared distances": after(compare="((1.0 * turned[:, None] - glyphs[None]) ** 2).sum(axis=(2, 3)) == 0"),
    },
    "mixup": {
        "loops": answer("mixup(images, labels, partners, lam)", """
            x = [l * images[i] + (1 - l) * images[p] for i, (p, l) in enumerate(zip(partners, lam))]
            y = [l * labels[i] + (1 - l) * labels[p] for i, (p, l) in enumerate(zip(partners, lam))]
            return np.array(x), np.array(y)
        """),
        "einsum, float32": answer("mixup(images, labels, partners, lam)", """
            lam, x = lam.astype("float32"), images.astype("float32")
            y = labels.astype("float32")
            x = np.einsum("n,nhwc->nhwc", lam, x) + np.einsum("n,nhwc->nhwc", 1 - lam, x[partners])
            return x, np.einsum("n,nk->nk", lam, y) + np.einsum("n,nk->nk", 1 - lam, y[partners])
        """),
        "a matrix": answer("mixup(images, labels, partners, lam)", """
            n = len(lam)
            shares = np.diag(lam).astype(float)
            shares[np.arange(n), partners] += 1 - lam
            return [np.tensordot(shares, images, axes=1), shares @ labels]
        """),
    },
    "Augmented": {
        "image by image": augmented(
            images="np.concatenate([self.transform(images[i : i + 1], rng) for i in range(len(images))])"),
        "a seed in words": augmented(
            rng="np.random.default_rng(list(f'{self.seed}/{self.epoch}/{index}'.encode()))"),
        "a seed sequence": augmented(
            rng="np.random.Generator(np.random.PCG64(np.random.SeedSequence((index, self.epoch, self.seed))))",
            take="batch = self.source[index]; images, labels = batch[0].copy(), batch[1].copy()"),
    },
    "average_views": {
        "SciPy": averaged("return special.softmax(scores, axis=2).mean(axis=0)"),
        "loops": averaged("""
            result = np.zeros(scores.shape[1:])
            for view in scores:
                for i, row in enumerate(view):
                    powers = np.exp(row - row.max())
                    result[i] += powers / powers.sum()
            return result / len(scores)
        """),
        "Keras, a tensor in float32": averaged("return keras.ops.mean(keras.ops.softmax(scores), axis=0)"),
        "by logarithms": averaged("return np.exp(scores - special.logsumexp(scores, axis=-1, keepdims=True)).mean(0)"),
    },
    "tta": {
        "a comprehension": viewing("""
            def view(flipped, down, right):
                batch = flip(images, np.repeat(flipped, len(images)))
                return scores_of(np.array([shift(i, down, right) for i in batch]), kernel)

            return average_views(np.array([view(*one) for one in views]))
        """),
        "NumPy alone": viewing("""
            total = 0
            for flipped, down, right in views:
                room = np.pad(images[:, :, ::-1] if flipped else images, ((0, 0), (20, 20), (20, 20), (0, 0)))
                h, w = images.shape[1:3]
                seen = room[:, 20 - down : 20 - down + h, 20 - right : 20 - right + w]
                scores = seen.reshape(len(images), -1) @ kernel / 255
                powers = np.exp(scores - scores.max(axis=1, keepdims=True))
                total = total + powers / powers.sum(axis=1, keepdims=True)
            return total / len(views)
        """),
        "float32": views(keep="scores.append(scores_of(seen, kernel).astype('float32'))"),
    },
    "pipelines": {
        "cached before chance": repaired(
            train="train.cache().shuffle(len(paths)).map(augment).batch(batch_size).prefetch(2)",
            validation="validation.batch(batch_size).cache()",
        ),
        "from tensors": repaired(
            train="train.shuffle(len(paths), seed=seed).batch(batch_size).unbatch().map(augment).batch(batch_size)"),
        "the standard library": repaired(
            rng="__import__('random').Random(seed)", draw="set(rng.sample(things, max(1, len(things) // 5)))"),
        "several threads": repaired(
            train="train.shuffle(1000, reshuffle_each_iteration=True).map(augment, num_parallel_calls=4).batch(batch_size)"),
    },
    "on_off": {
        "two loops": answer(
            "on_off(images, labels, validation_images, validation_labels, seeds, epochs)",
            """
            k = len(set(range(np.max(labels) + 1)))
            off, on = [], []
            for s in seeds:
                judge = Batches(validation_images, validation_labels, 32, s)
                off.append(accuracy(train_layer(Batches(images, labels, 32, s), epochs, s, k), judge))
            for s in seeds:
                judge = Batches(validation_images, validation_labels, 64, 1)
                wrapped = Augmented(Batches(images, labels, 32, s), flip_and_shift, s)
                on.append(accuracy(train_layer(wrapped, epochs, s, k), judge))
            return {"on": on, "off": off}
        """,
        ) + ASK_ON_OFF,
        "the measure by hand": comparison(
            measured="float(np.mean(scores_of(validation_images, kernel).argmax(axis=1) == validation_labels))"),
        "names given": comparison(
            off="Batches(images=images, labels=labels, batch_size=32, seed=seed)",
            train="train_layer(dataset=dataset, epochs=epochs, seed=seed, classes=classes)",
            result="{name: tuple(values) for name, values in table.items()}"),
    },
}

EMPTY = "the two slices are empty then, or cut at the end of the image"
INVERSE = "each of the transforms is its own inverse, so the table is symmetric"
NUMBERS = "the numbers of the epochs only seed the dice, which nobody prescribes"
DRAWN = "which things are drawn is not said, nor the order of the validation shots"
JUDGE = "the accuracy on all validation images depends neither on batches nor on their order"
JUDGED = ("constant: Batches(validation_images, validation_labels, 32, 0) -> "
          "Batches(validation_images, validation_labe …")

EQUIVALENT = {
    "shift": {
        "comparison: abs(down) < height -> abs(down) <= height": EMPTY,
        "comparison: abs(right) < width -> abs(right) <= width": EMPTY,
        "constant: min(down, 0) -> min(down, 1)": EMPTY,
        "constant: min(right, 0) -> min(right, 1)": EMPTY,
        "constant: min(-down, 0) -> min(-down, 1)": EMPTY,
        "constant: min(-right, 0) -> min(-right, 1)": EMPTY,
    },
    "labels_after": {
        "constant: axis=1 -> axis=0": INVERSE,
        "constant: axis=1 -> axis=0 #2": INVERSE,
    },
    "Augmented": {
        "constant: 1 -> 2": NUMBERS,
        "constant: (source, transform, seed, 0) -> (source, transform, seed, 1)": NUMBERS,
    },
    "pipelines": {
        "reversed: sorted((str(path) for path in pathlib.Path(folder).glob('*/*.png'))) -> "
        "sorted((str(path) for path …": DRAWN,
        "reversed: sorted({thing_of(path) for path in paths if class_of(path) == name}) -> "
        "sorted({thing_of(path) for …": DRAWN,
    },
    "on_off": dict.fromkeys([JUDGED, *(f"{JUDGED} #{n}" for n in (2, 3, 4))], JUDGE),
}
