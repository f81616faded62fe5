"""Nothing is tuned on test images: what comes from a test split never reaches a training, a search or a choice.

The check reads the code of the lectures and of the reference solutions. A name is *test data* once it is assigned from an
expression that holds ``something.test`` or another such name; calls that train, search or select must not be given one.
"""

import ast

import pytest

from pipeline import ROOT, in_repository
from pipeline.notebooks import code_of, read_source

SOURCES = sorted([*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")])
# Calls that look for something: weights, hyperparameters, a threshold, the best of several.
SEARCHES = {
    "fit",
    "train",
    "partial_fit",
    "train_on_batch",
    "repeat",
    "optimize",
    "enqueue_trial",
    "tell",
    "cross_validate",
    "cross_val_score",
}


def _is_test(node, tainted):
    """Whether an expression holds test data."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr == "test":
            return True
        if isinstance(part, ast.Name) and part.id in tainted:
            return True
    return False


def _assignments(node):
    """Pairs (names, value) of an assignment; `a, b = x, y` gives two."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(target.elts) == len(node.value.elts):
            pairs = zip(target.elts, node.value.elts, strict=True)
        else:
            pairs = [(target, node.value)]
        for to, value in pairs:
            yield {part.id for part in ast.walk(to) if isinstance(part, ast.Name)}, value


def misuse(code):
    """Lines on which a search or training is given test data, in the order of the code."""
    tree = ast.parse(code)
    tainted, found = set(), []
    for statement in tree.body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if name in SEARCHES and any(_is_test(one, tainted) for one in given):
                found.append(ast.unparse(node)[:120])
        for node in ast.walk(statement):
            if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) or node.value is None:
                continue
            for names, value in list(_assignments(node)):
                # What a function returns about test data (an accuracy, a prediction) is a result, and no data to train on.
                if _is_test(value, tainted) and not (isinstance(value, ast.Call) and _is_result(value)):
                    tainted |= names
                elif not isinstance(node, ast.AugAssign):
                    tainted -= names
    return found


def _is_result(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in {"predict", "evaluate", "score", "argmax", "mean", "accuracy", "confusion_matrix", "float", "nearest", "vote"}


@pytest.mark.parametrize("source", SOURCES, ids=in_repository)
def test_no_training_and_no_search_sees_test_data(source):
    assert misuse(code_of(read_source(source))) == []


@pytest.mark.parametrize(
    "leak",
    [
        "model.fit(x, y, validation_data=(data.test.images, data.test.labels))",
        "x_test = prepare(photos.test)\nmodel.fit(x, y, validation_data=(x_test, y_test))",
        "x, y = scale(photos.test.images), photos.test.labels\nmodel, runs = training.repeat(build, x=x, y=y, epochs=3)",
        "held_out = photos.test\nseen = held_out.images / 255\nfor _ in range(3):\n    model.fit(seen, held_out.labels)",
    ],
)
def test_the_check_finds_a_leak(leak):
    assert len(misuse(leak)) == 1


def test_the_check_knows_honest_use():
    assert (
        misuse(
            "x_test = prepare(photos.test)\nmodel.fit(x, y, validation_data=(x_val, y_val))\nmodel.evaluate(x_test)\n"
            "x_test = prepare(photos.train)\nmodel.fit(x_test, y)"
        )
        == []
    )
