"""Runs from several seeds: independent, repeatable, and compiled only once."""

import keras
import numpy as np
import pytest

from helpers import training

x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int64")


def build():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(2),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        metrics=["accuracy"],
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


@pytest.fixture(scope="module")
def trained():
    return training.repeat(build, seeds=(0, 1, 0), x=x, y=y, epochs=3, batch_size=16, validation_data=(x, y))


def test_the_same_seed_gives_the_same_run_whatever_came_before(trained):
    _, (first, other, again) = trained
    for name, values in first.history.items():
        np.testing.assert_allclose(again.history[name], values, rtol=1e-5)
    assert not np.allclose(first.history["loss"], other.history["loss"], rtol=1e-3)


def test_a_run_is_what_a_fresh_model_would_have_done(trained):
    keras.utils.set_random_seed(1)
    model = build()
    keras.utils.set_random_seed(1)
    again = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: keras.utils.set_random_seed(1))
    alone = model.fit(x, y, epochs=3, batch_size=16, validation_data=(x, y), callbacks=[again], verbose=0).history["loss"]
    np.testing.assert_allclose(trained[1][1].history["loss"], alone, rtol=1e-5)


def test_weights_come_back(trained):
    model, runs = trained
    for run in runs:
        model.set_weights(run.weights)
        loss, accuracy = model.evaluate(x, y, verbose=0)
        assert loss == pytest.approx(run.history["val_loss"][-1], rel=1e-4)
        assert accuracy == pytest.approx(run.history["val_accuracy"][-1])


def test_compiles_once(monkeypatch):
    made = []
    original = keras.Model.make_train_function

    def counted(self, force=False):
        made.append(self.train_function is None)
        return original(self, force)

    monkeypatch.setattr(keras.Model, "make_train_function", counted)
    training.repeat(build, seeds=(0, 1, 2), x=x, y=y, epochs=1)
    assert made == [True, False, False]


def test_each_run_gets_fresh_callbacks():
    given = []

    def callbacks(seed):
        given.append(keras.callbacks.EarlyStopping(monitor="loss", patience=1))
        return given[-1:]

    training.repeat(build, seeds=(3, 4), callbacks=callbacks, x=x, y=y, epochs=1)
    assert len(given) == 2 and given[0] is not given[1]
    with pytest.raises(TypeError, match="function of the seed"):
        training.repeat(build, callbacks=given, x=x, y=y)


def test_summary():
    runs = [
        training.Run(seed, {"loss": np.array([seed, 2.0 * seed])}, seconds, [])
        for seed, seconds in ((1, 9.0), (2, 1.0), (3, 3.0))
    ]
    assert training.summary(runs, "loss") == (4, 2)
    mean, spread = training.summary(runs, "loss", slice(None))
    np.testing.assert_allclose(mean, [2, 4])
    np.testing.assert_allclose(spread, [1, 2])
    assert training.summary(runs, "seconds")[0] == 2  # the first run compiled
    assert np.isnan(training.summary(runs[:1], "loss")[1])
    with pytest.raises(KeyError, match="there is: loss"):
        training.summary(runs, "accuracy")


DECAY = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
OPTIMIZERS = {
    "Adam": (lambda: keras.optimizers.Adam(0.01), 0.01),
    "Nadam": (lambda: keras.optimizers.Nadam(0.01), 0.01),  # keeps a product that begins at 1
    "Adagrad": (lambda: keras.optimizers.Adagrad(0.01, 0.5), 0.01),  # sums that begin at 0.5
    "momentum and averages": (lambda: keras.optimizers.SGD(0.01, 0.9, use_ema=True, ema_momentum=0.5), 0.01),
    "a schedule": (lambda: keras.optimizers.SGD(DECAY, 0.9), None),
    "scaled losses": (lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01), 8.0, 2), 0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_reset_goes_back_to_the_start(name):
    make, rate = OPTIMIZERS[name]
    model = build()
    model.compile(optimizer=make(), loss=model.loss)
    model.optimizer.build(model.trainable_variables)
    start = model.get_weights()

    def state():
        kept = [*model.variables, *model.optimizer.variables]
        return [keras.ops.convert_to_numpy(variable).copy() for variable in kept]

    def train():
        seeds = []
        if keras.backend.backend() == "torch":  # its dropout draws from one generator for everything
            seeds = [keras.callbacks.LambdaCallback(on_train_begin=lambda logs: keras.utils.set_random_seed(0))]
        return model.fit(x, y, epochs=2, batch_size=16, shuffle=False, callbacks=seeds, verbose=0).history["loss"]

    before, first = state(), train()
    assert any((old != new).any() for old, new in zip(before, state(), strict=True))
    if rate is not None:
        model.optimizer.learning_rate = 0.3  # as a callback might
    training.reset(model, start, rate)
    for old, new in zip(before, state(), strict=True):
        np.testing.assert_array_equal(new, old)
    assert train() == pytest.approx(first, rel=1e-6), "dropout's masks are the same too"


def test_reset_compiles_nothing_again(monkeypatch):
    model = build()
    made, original = [], keras.Model.make_train_function

    def counted(self, force=False):
        made.append(self.train_function is None)
        return original(self, force)

    monkeypatch.setattr(keras.Model, "make_train_function", counted)
    for _ in range(2):
        training.reset(model, model.get_weights(), 0.01)
        model.fit(x, y, verbose=0)
    assert made == [True, False]


def test_reset_wants_to_know_the_rate_where_it_cannot_know_it():
    model = build()
    model.optimizer.learning_rate = 0.5
    with pytest.raises(ValueError, match=r"learning_rate=0\.001.*present one \(0\.5\)"):
        training.reset(model, model.get_weights())
    model.compile(optimizer=keras.optimizers.SGD(DECAY), loss="mse")
    with pytest.raises(TypeError, match="schedule"):
        training.reset(model, model.get_weights(), 0.1)


def test_reset_notices_what_was_frozen_in_between():
    model = build()
    training.reset(model, model.get_weights(), 0.01)
    model.layers[0].trainable = False
    with pytest.raises(ValueError, match="compile it again"):
        training.reset(model, model.get_weights(), 0.01)


def test_torch_takes_one_step_at_a_time(monkeypatch):
    allowed = {"tensorflow": 8, "jax": 8, "torch": 1}[keras.backend.backend()]
    assert training.steps_at_once(8) == allowed
    model = build()
    model.compile(loss="mse", steps_per_execution=training.steps_at_once(8))  # which refuses what it cannot do
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    assert training.steps_at_once(8) == 1


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="at least one seed"):
        training.repeat(build, seeds=())
    with pytest.raises(ValueError, match="not compiled"):
        training.repeat(lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="not compiled"):
        training.reset(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), [])
    with pytest.raises(ValueError, match="input shape"):
        training.repeat(lambda: keras.Sequential([keras.layers.Dense(1)]))
    widths = iter([1, 2])

    def growing():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(next(widths))])
        model.compile(loss="mse")
        return model

    with pytest.raises(ValueError, match="another shape"):
        training.repeat(growing, seeds=(0, 1), x=x, y=y.reshape(-1, 1).astype("float32"), epochs=1)


@pytest.fixture
def gpu(monkeypatch):
    """As if there were a GPU."""
    monkeypatch.setenv("COURSE_BUDGET", "gpu")
    monkeypatch.setattr(training, "_has_gpu", lambda: True)


def policy_inside():
    with training.mixed_precision() as on:
        layer = keras.layers.Dense(1)
    assert keras.config.dtype_policy().name == "float32"
    return on, layer.compute_dtype, layer.variable_dtype


def test_mixed_precision_needs_a_gpu_and_its_budget(gpu, monkeypatch):
    assert policy_inside() == (True, "float16", "float32")
    monkeypatch.setenv("COURSE_BUDGET", "cpu")
    assert policy_inside() == (False, "float32", "float32")
    monkeypatch.setenv("COURSE_BUDGET", "gpu")
    monkeypatch.setattr(training, "_has_gpu", lambda: False)
    assert policy_inside() == (False, "float32", "float32")


def test_mixed_precision_leaves_a_policy_of_ones_own(gpu):
    keras.config.set_dtype_policy("float64")
    try:
        with pytest.raises(KeyError), training.mixed_precision():
            raise KeyError
        assert keras.config.dtype_policy().name == "float64"
    finally:
        keras.config.set_dtype_policy("float32")


def test_runs_in_mixed_precision_learn_and_end_in_float32(gpu):
    made = []

    def noted():
        made.append(build())
        return made[-1]

    model, runs = training.repeat(noted, seeds=(0, 1, 0), x=x, y=y, epochs=20, mixed=True)
    assert [one.layers[0].compute_dtype for one in made] == ["float16"] * 3 + ["float32"] and model is made[-1]
    assert {array.dtype.name for run in runs for array in run.weights} == {"float32"}
    assert runs[0].history["loss"][-1] < 0.8 * runs[0].history["loss"][0]
    np.testing.assert_allclose(runs[0].history["loss"], runs[2].history["loss"], rtol=1e-3)
    for ours, last in zip(model.get_weights(), runs[-1].weights, strict=True):
        np.testing.assert_array_equal(ours, last)
    model.evaluate(x, y, verbose=0)


def test_without_a_gpu_mixed_changes_nothing(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "gpu")
    monkeypatch.setattr(training, "_has_gpu", lambda: False)
    same = [training.repeat(build, seeds=(0,), x=x, y=y, epochs=2, mixed=mixed)[1][0].history["loss"] for mixed in (False, True)]
    np.testing.assert_array_equal(*same)


def test_whether_there_is_a_gpu_is_asked_of_the_backend():
    there = {"tensorflow": "len(__import__('tensorflow').config.list_physical_devices('GPU')) > 0",
             "jax": "__import__('jax').default_backend() == 'gpu'",
             "torch": "__import__('torch').cuda.is_available()"}  # fmt: skip
    assert training._has_gpu() == eval(there[keras.backend.backend()])  # noqa: S307
