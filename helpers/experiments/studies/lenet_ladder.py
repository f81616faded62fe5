"""The seven steps from the LeNet-5 of 1998 to today's, on all of MNIST, each with a learning rate of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from helpers.experiments.study import Study, Task, tuned

if TYPE_CHECKING:
    from helpers.data import Dataset

IMAGES, EPOCHS, BATCH = 55_000, 4, 50
RATES = {  # to begin with; `tuned` widens a range whose best value is at its end
    "LeNet-5, 1998": (0.001, 0.003, 0.01),
    "+ initial weights": (0.001, 0.003, 0.01),
    "+ all connections": (0.001, 0.003, 0.01),
    "+ max pooling": (0.001, 0.003, 0.01),
    "+ softmax, cross-entropy": (0.03, 0.1, 0.3),
    "+ ReLU": (0.03, 0.1, 0.3),
    "+ Adam": (0.001, 0.003, 0.01),
    "+ batch norm": (0.001, 0.003, 0.01),
}


def study() -> Study:
    """Return the study."""
    return Study(
        name="lenet-ladder",
        question="Which of the seven steps from the LeNet-5 of 1998 to today's make it better?",
        varied="the step; each changes one choice and keeps all earlier changes",
        tuned="the learning rate of each step, on the validation images, with one seed and three values or more, a factor of "
        "about 3 apart, until the best lies inside its range",
        fixed=f"{IMAGES:,} digits of MNIST for training (all but the validation images), {EPOCHS} epochs, batches of {BATCH}, a "
        "constant rate; each step trained again with new seeds and asked the 10,000 test images once",
        settings=("step", "rate", "images", "epochs", "stage"),
        measures=("accuracy", "validation", "train_loss"),
        plan=tuned(
            RATES,
            level="step",
            setting="rate",
            measure="validation",
            tuning_seeds=(100,),
            seeds=tuple(range(10)),
            images=IMAGES,
            epochs=EPOCHS,
        ),
        run=run,
        level="step",
        measure="accuracy",
        stage="final",
    )


@functools.cache
def _data() -> Dataset:
    from helpers.data import load

    return load("mnist")


def run(task: Task) -> dict[str, Any]:
    """Train one network; a lecture may do so with fewer images and epochs than the plan has.

    The test images are asked in the second stage only. In the first, the accuracy on them is not a number.
    """
    import keras
    import numpy as np

    from helpers.experiments import lenet5
    from helpers.experiments.multiplyadds import training_multiply_adds

    mnist = _data()
    keras.utils.set_random_seed(task["seed"])
    model = lenet5.build(task["step"])
    optimiser = getattr(keras.optimizers, lenet5.choices(task["step"])["optimiser"])(task["rate"])
    model.compile(optimiser, lenet5.loss(task["step"]), metrics=["accuracy"])
    images, epochs = task["images"], task["epochs"]
    x, y = _pixels(mnist.train)[:images], lenet5.targets(mnist.train.labels[:images])
    history = model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0).history

    def score(split):
        return model.evaluate(_pixels(split), lenet5.targets(split.labels), batch_size=500, verbose=0, return_dict=True)[
            "accuracy"
        ]

    return {
        "accuracy": float(score(mnist.test)) if task["stage"] == "final" else float("nan"),
        "validation": float(score(mnist.validation)),
        "train_loss": float(np.float64(history["loss"][-1])),
        "multiply_adds": training_multiply_adds(model, len(x), epochs),
    }


def _pixels(split):
    """A split's images as the network takes them, with one channel."""
    return split.images.reshape(*split.images.shape[:3], -1)
