"""How large is the output? Sizes and unseen pixels counted window by window, parameters by hand."""

LECTURE = "week02_convolution/02_sizes"


def seen(W, K, P, S):
    """Outputs along one side, and the real pixels that some window covers."""
    windows = [range(start, start + K) for start in range(-P, W + P) if (start + P) % S == 0 and start + K <= W + P]
    return len(windows), {x for window in windows for x in window if 0 <= x < W}


def test_padding_of_two_makes_36_of_32(lecture):
    assert lecture["padded_size"] == [36, 36]
    assert lecture["size_after_kernel"] == [seen(32, 5, 2, 1)[0]] * 2 == [32, 32]


def test_the_settings_that_are_drawn(lecture):
    assert len(lecture["drawn_settings"]) == 4
    for row in lecture["drawn_settings"]:
        places, pixels = seen(*(row[name] for name in "WKPS"))
        assert (row["places"], row["unseen"]) == (places, row["W"] - len(pixels))


def test_seven_layers_of_5_by_5_fit_without_padding(lecture):
    sizes = lecture["shrinking_sizes"]
    assert sizes == [32, 28, 24, 20, 16, 12, 8, 4]
    assert all(seen(before, 5, 0, 1)[0] == after for before, after in zip(sizes, sizes[1:], strict=False))
    assert seen(sizes[-1], 5, 0, 1)[0] == 0


def test_a_stride_of_four_leaves_a_remainder(lecture):
    assert [(row["W"], row["P"]) for row in lecture["strides_of_four"]] == [(224, 0), (227, 0), (224, 2)]
    for row in lecture["strides_of_four"]:
        assert row["size"] == seen(row["W"], 11, row["P"], 4)[0]


def test_two_filters_on_three_maps_have_152_parameters(lecture):
    layer = lecture["two_filters"]
    assert (layer["weights"], layer["biases"]) == (5 * 5 * 3 * 2, 2)
    assert layer["keras"] == 150 + 2
    assert layer["output"] == [28, 28, 2]


def test_the_table_of_the_stack(lecture):
    rows, size, depth, total = lecture["stack"], 32, 3, 0
    settings = [(row["filters"], row["kernel"], row["stride"], row["padding"]) for row in rows]
    assert settings == [(32, 3, 1, 1), (32, 3, 2, 1), (64, 3, 1, 1), (64, 3, 2, 1), (128, 3, 1, 1), (10, 8, 1, 0)]
    for row, (filters, width, stride, padding) in zip(rows, settings, strict=True):
        size, weights = seen(size, width, padding, stride)[0], filters * width**2 * depth
        assert (row["size"], row["parameters"], row["multiply_adds"]) == (size, weights + filters, weights * size**2)
        depth, total = filters, total + weights + filters
    assert lecture["keras_layers"] == len(rows) and lecture["keras_parameters"] == total


def test_the_riddles_have_the_answers_given():
    everything = set(range(10))
    assert max(S for S in range(1, 7) for P in range(9) if seen(10, 3, P, S)[1] == everything) == 3
    assert seen(10, 3, 1, 3) == (4, everything) and seen(10, 3, 0, 3)[1] == set(range(9))
    assert [K for K in range(1, 12) if seen(32, K, 0, 2)[0] == 15] == [3, 4]
    assert seen(32, 4, 0, 2)[1] == set(range(32)) and seen(32, 3, 0, 2)[1] == set(range(31)) and seen(32, 3, 1, 2)[0] == 16
    assert 5 * 5 * 3 * 2 + 2 == 152 and 3 * 3 * 3 * 2 + 2 == 56 and seen(32, 5, 2, 1)[0] == 32
