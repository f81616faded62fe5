"""Data generators: memory, class folders, the order of the images, and what is served; worked numbers computed again."""

import math

import numpy as np
import pytest

LECTURE = "week06_augmentation/02_generators"


# --- memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "images", "side"),
    [("CIFAR-10, 32 px", 60_000, 32), ("one batch of 32, 224 px", 32, 224), ("ImageNet, 224 px", 1_281_167, 224)],
)
@pytest.mark.parametrize(("kind", "size"), [("uint8", 1), ("float32", 4)])
def test_bytes(lecture, name, images, side, kind, size):
    assert lecture["gibibytes"][f"{name}, {kind}"] == pytest.approx(images * side * side * 3 * size / 2**30)


def test_batches_hold_less_at_a_time(lecture):
    whole, batch = lecture["held"]["mean_at_once"], lecture["held"]["mean_by_batches"]
    assert batch["colour"] == pytest.approx(whole["colour"]) and all(0 < value < 255 for value in whole["colour"])
    assert batch["peak"] < whole["peak"] / 3


def test_a_plain_generator_is_used_up(lecture):
    first, second = lecture["batches_of_two_epochs"]
    assert first > 1 and second == 0


# --- class folders -----------------------------------------------------------------------------------------


def test_labels_follow_the_alphabet(lecture):
    assert lecture["label_and_folder_agree"] == 1
    assert lecture["label_of_folder_2"] == sorted(map(str, range(1, 13))).index("2") == 4 and lecture["label_of_folder_02"] == 1
    assert lecture["letters"] == ["Zebra", "ant", "bee"] and lecture["forced_letters"] == ["bee", "Zebra", "ant"]


def test_hidden_and_broken_files_are_taken(lecture):
    faults = {row["file"]: row["fault"] for row in lecture["files_taken"]}
    assert list(faults) == [
        "cat/._one.png",
        "cat/one.png",
        "dog/one.png",
        "dog/three.jpg",
        "dog/two.jpg",
        "dog/.ipynb_checkpoints/one-checkpoint.png",
    ]
    assert [file for file, fault in faults.items() if not fault] == ["cat/one.png", "dog/one.png"]
    assert "truncated" in faults["dog/three.jpg"] and faults["cat/._one.png"] == "hidden"


def test_two_seeds_leak_four_fifths(lecture):
    shares = lecture["split_shares"]
    assert len(shares["two seeds"]) >= 3 and set(shares["same seed"]) == {0}
    leaked = np.array(shares["two seeds"]) * lecture["validation_images"]
    assert leaked == pytest.approx(leaked.round())
    # Each validation image is in the other split's training part with probability 0.8.
    assert np.mean(shares["two seeds"]) == pytest.approx(0.8, abs=0.08)


def test_the_leak_looks_like_a_success(lecture):
    honest, leaky = (np.mean(lecture["split_scores"][name]) for name in ("same seed", "two seeds"))
    assert 0 < honest and leaky > honest + 0.3 and leaky <= 1


def test_a_sorted_split_has_few_classes(lecture):
    classes = lecture["split_classes"]
    assert len(classes["shuffled"]) >= 8 and classes["sorted"] == ["ship", "truck"]


# --- PyDataset ---------------------------------------------------------------------------------------------


def test_last_batch(lecture):
    sizes = lecture["batch_sizes"]
    assert len(sizes) == math.ceil(1000 / 32) and sizes == [32] * (1000 // 32) + [1000 % 32] and sum(sizes) == 1000
    assert lecture["lost_with_floor_division"] == 1000 % 32


def test_shuffled_batches_are_always_the_same_batches(lecture):
    assert lecture["batches_shuffled"] == 256 // 32 and lecture["images_shuffled"] >= 3 * 256 // 32
    assert np.bincount(lecture["labels_of_an_epoch"]).tolist() == np.bincount(np.arange(256) % 10).tolist()


def test_order_decides_what_is_learned(lecture):
    means = {order: mean for order, (mean, _) in lecture["learned"].items()}
    assert set(means) == {"sorted", "batches shuffled", "images shuffled"} and len(lecture["seeds"]) >= 3
    assert min(means.values()) > 5  # chance: 10
    assert means["sorted"] + 20 < means["images shuffled"] and means["batches shuffled"] < means["images shuffled"]


def test_a_key_survives_what_a_state_does_not(lecture):
    assert lecture["same_batches"] == {
        "WithState": {"again": 4, "in reverse": 0, "first one twice": 0},
        "WithKey": {"again": 4, "in reverse": 4, "first one twice": 4},
    }
    assert lecture["workers_are_alike"] == {"WithState": True, "WithKey": False}
    assert lecture["resumed_is_same"] and lecture["source_is_unchanged"]


def test_jolted_never_wraps(lecture):
    room = np.pad(lecture["card"], 1)
    moves = [room[1 - down : 4 - down, 1 - right : 5 - right] for down in (-1, 0, 1) for right in (-1, 0, 1)]
    assert np.array_equal(lecture["moved_cards"], np.unique(moves, axis=0))


# --- tf.data -----------------------------------------------------------------------------------------------


def test_buffer(lecture):
    assert [row["buffer"] for row in lecture["classes_in_a_batch"]] == [1, 10, 32, 100, 320, 1000]
    means = [np.mean(row["means"]) for row in lecture["classes_in_a_batch"]]
    assert means == sorted(means) and means[1] < 2
    # No buffer: 31 full batches; of the nine borders between classes those count that fall inside one of them.
    borders = [100 * k for k in range(1, 10) if (100 * k) % 32 and 100 * k < 31 * 32]
    assert means[0] == pytest.approx(1 + len(borders) / 31)
    ideal = 10 * (1 - math.prod((900 - k) / (1000 - k) for k in range(32)))
    assert lecture["classes_if_drawn_from_all"] == pytest.approx(ideal)
    assert means[-1] == pytest.approx(ideal, abs=0.25)


def test_an_item_comes_early_by_less_than_the_buffer(lecture):
    assert [row["buffer"] for row in lecture["earliest"]] == [10, 100]
    for row in lecture["earliest"]:
        assert 0.7 * row["buffer"] < row["ours"] < row["buffer"] and 0.7 * row["buffer"] < row["theirs"] < row["buffer"]


def test_cache_before_chance(lecture):
    assert lecture["cached_versions"] == {"no augmentation": 1, "augment, then cache": 1, "cache, then augment": 5}


# --- time: only what sleeping decides, and what must hold on any machine --------------------------------------


def test_prefetching_hides_the_shorter_part(lecture):
    slow, fast = lecture["ten_batches"]["one after the other"], lecture["ten_batches"]["prefetched"]
    assert (slow["computed"], fast["computed"]) == pytest.approx((10 * 50, 10 * 30 + 20))
    # Less cannot be; how much more depends on who else computes.
    assert slow["measured"] >= 500 and fast["measured"] >= 320


def test_every_loader_was_measured(lecture):
    rates = lecture["images_per_second"]
    assert len(rates) == 9 and min(rates.values()) > 0 and lecture["learned_per_second"] > 0


def test_hidden_is_the_larger_of_the_two(lecture):
    assert len(lecture["epoch_seconds"]) == 3
    for turns, hidden, measured in lecture["epoch_seconds"].values():
        assert turns / 2 <= hidden <= turns and measured > 0


def test_it_writes_into_a_temporary_folder(lecture):
    assert lecture["folder_is_temporary"]
