"""Overfitting, and what stops it: what each remedy leaves in the weights, and a training that was killed and resumed."""

import pytest

LECTURE = "week03_lenet/04_regularisation"


def test_overfitting_is_seen(lecture):
    assert lecture["validation"]["end"] > lecture["validation"]["lowest"]
    assert lecture["parameters"] == (784 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10 == 105_214


def test_the_mistakes_hardly_change_while_the_cross_entropy_rises(lecture):
    at_the_turn, in_the_end = lecture["validation_accuracy"]
    assert abs(in_the_end - at_the_turn) < 0.03 and lecture["validation"]["end"] > 1.05 * lecture["validation"]["lowest"]


def test_remedies_are_told_apart_by_the_weights(lecture):
    layer = lecture["first_layer"]
    zero = {name: row["near_zero"] for name, row in layer.items()}
    length = {name: row["longest"] for name, row in layer.items()}
    assert layer.keys() == {"nothing", "L1", "L2", "elastic net", "max norm", "dropout"}
    assert min(zero["L1"], zero["elastic net"]) > zero["nothing"] + 0.2
    assert length["max norm"] <= 0.75 + 1e-4 < length["nothing"] and length["L2"] < length["nothing"]


def test_the_best_weights_are_restored_and_saved(lecture):
    stopping = lecture["stopping"]
    assert stopping["now"] == pytest.approx(stopping["best"], rel=1e-3)
    assert stopping["from_disk"] == pytest.approx(stopping["now"], rel=1e-5)


def test_a_killed_training_resumes_where_it_was(lecture):
    before, log = lecture["losses_until_killed"], lecture["log_of_resumed"]
    assert lecture["exit_code_of_killed"] != 0 and 3 <= len(before) < 6
    assert log[: len(before)] == [[epoch, loss] for epoch, loss in enumerate(before)]  # the log goes on
    assert len(log) - len(before) <= 6 - len(before) + 1  # at most the epoch of the kill is repeated
    assert list(dict(log)) == [0, 1, 2, 3, 4, 5]
    assert lecture["exit_code_of_resumed"] == 0 and not lecture["backup_left"]


def test_a_kill_changes_no_loss(lecture):
    resumed = dict(lecture["log_of_resumed"])  # of an epoch that was logged twice, the last one counts
    assert list(resumed.values()) == pytest.approx(lecture["undisturbed_losses"], rel=0.02)
