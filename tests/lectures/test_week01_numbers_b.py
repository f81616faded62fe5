"""Week 1, lecture 3: the figures that the executed notebook printed, checked against what must hold under any budget."""

import re

import pytest

LECTURE = "week01_knn/03_choosing_k_and_features"


@pytest.fixture(scope="module")
def said(executed, printed):
    """All the text that the lecture printed."""
    return printed(executed(LECTURE))


def percent(said, before):
    """The first percentage printed after the text `before`, as a fraction."""
    found = re.search(re.escape(before) + r"\D*?(\d+(?:\.\d+)?) ?%", said)
    assert found, f"the lecture does not print a percentage after {before!r} any more"
    return float(found[1]) / 100


def test_training_images_vote_for_one_neighbour(said):
    on_training = {int(k): float(value) for k, value in re.findall(r"k = +(\d+): +([\d.]+)%", said)}
    assert on_training[1] == on_training[2] == 100
    assert on_training[max(on_training)] < 50


def test_the_luckiest_guesser_has_learned_nothing(said):
    selected, fresh = re.search(r"best of 1000: ([\d.]+)% .* ([\d.]+)% on fresh", said).groups()
    assert float(selected) > 13
    assert float(fresh) == pytest.approx(10, abs=1)


def test_validation_promises_what_the_test_gives(said):
    promised = percent(said, "cross-validation promised")
    tested, margin = re.search(r"the test says +([\d.]+)% \+- ([\d.]+)%", said).groups()
    assert promised == pytest.approx(float(tested) / 100, abs=2 * float(margin) / 100)
    assert 0.2 < promised < 0.4


def test_full_search_hits_the_known_answer_or_says_how_to_run_it(said):
    assert ("accuracy on the whole test set: 35.39%" in said) != ("for the whole:" in said)


def test_hubs_are_flat_images(said):
    hubs, pool = re.search(r"contrast .*: hubs (\d+), pool (\d+)", said).groups()
    assert int(hubs) < int(pool)


def test_pixels_win_on_centred_digits_and_features_on_moved_ones(said):
    pixels = re.search(r"784 pixels: +([\d.]+)% centred, ([\d.]+)% moved", said).groups()
    features = re.search(r"11 features: +([\d.]+)% centred, ([\d.]+)% moved", said).groups()
    assert float(pixels[0]) > 85 > float(features[0])
    assert features[0] == features[1] and float(features[1]) > 60 > 40 > float(pixels[1])


def test_hog_beats_pixels_with_a_ninth_of_the_numbers(said):
    line = re.search(r"\{'pixels \(3072\)': '([\d.]+)%'.*'HOG \(324\)': '([\d.]+)%'", said)
    assert float(line[2]) > float(line[1]) + 5


def test_the_map_hides_a_gap_that_is_there(said):
    true_gap, map_gap = map(float, re.search(r"gap B-C / gap A-B: +([\d.]+) in truth, ([\d.]+) on", said).groups())
    assert true_gap == pytest.approx(9, abs=0.5)
    assert map_gap < true_gap / 2
