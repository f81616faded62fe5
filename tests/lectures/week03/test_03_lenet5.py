"""LeNet-5, 1998 and now: the parameters of the paper and of the textbooks, and the steps between them."""

LECTURE = "week03_lenet/03_lenet5"


def conv(window, maps_in, maps_out):
    return window * window * maps_in * maps_out + maps_out


TEXTBOOK = [conv(5, 1, 6), conv(5, 6, 16), conv(5, 16, 120), 120 * 84 + 84, 84 * 10 + 10]


def test_network_of_1998_has_the_parameters_of_the_paper(lecture):
    expected = {
        "C1": conv(5, 1, 6),
        "S2": 2 * 6,
        "C3": 25 * (6 * 3 + 9 * 4 + 6) + 16,
        "S4": 2 * 16,
        "C5": conv(5, 16, 120),
        "F6": 120 * 84 + 84,
        "output": 0,
    }
    assert lecture["trainable_1998"] == expected
    assert list(expected.values()) == [156, 12, 1516, 32, 48_120, 10_164, 0]
    assert sum(expected.values()) == 60_000


def test_connections_of_the_network_of_1998(lecture):
    assert lecture["connections"] == {
        "C1": 156 * 28**2,
        "S2": 5 * 6 * 14**2,
        "C3": 1516 * 10**2,
        "S4": 5 * 16 * 5**2,
        "C5": 48_120,
        "F6": 10_164,
        "output": 84 * 10,
    }
    assert sum(lecture["connections"].values()) == 340_908


def test_lenet_of_the_textbooks(lecture):
    assert lecture["textbook_parameters"] == TEXTBOOK == [156, 2416, 48_120, 10_164, 850]
    assert sum(TEXTBOOK) == 61_706


def test_colour_images_and_the_network_without_convolutions(lecture):
    first = conv(5, 3, 6)
    assert lecture["colour"] == {"first_layer": first, "total": sum(TEXTBOOK) + first - TEXTBOOK[0]}
    assert first == 456 and lecture["colour"]["total"] == 62_006
    assert lecture["first_layers_on_cifar10"] == [first, first]
    assert lecture["mlp_parameters"] == {str(inputs): (inputs + 1) * 84 + 85 * 10 for inputs in (1024, 3072)}
    assert lecture["mlp_parameters"] == {"1024": 86_950, "3072": 258_982}


def test_the_mistake_is_found(lecture):
    assert lecture["second_convolution"] == {"slide": conv(3, 6, 16), "right": conv(5, 6, 16)}


def test_every_step_is_measured_with_a_spread(lecture):
    steps = lecture["steps"]
    assert len(steps) == 8 and steps[0]["step"] == "LeNet-5, 1998"
    assert all(step["spread"] > 0 and step["seconds"] > 0 for step in steps)
    assert min(step["accuracy"] for step in steps[1:]) > 0.5  # every step learns digits


def test_the_best_step_on_validation_is_chosen(lecture):
    accuracies = {step["step"]: step["accuracy"] for step in lecture["steps"]}
    assert accuracies[lecture["chosen"]] == max(accuracies.values())


def test_a_step_is_only_better_or_worse_beyond_the_spread(lecture):
    before, after = lecture["steps"][-2:]
    gain, noise = after["accuracy"] - before["accuracy"], after["spread"] + before["spread"]
    expected = "within the spread" if abs(gain) <= noise else "better" if gain > 0 else "worse"
    assert lecture["verdict_on_last_step"] == expected
