import ast
import re
import subprocess
from pathlib import Path

import pytest

from helpers import budget


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.delenv("COURSE_BUDGET", raising=False)
    monkeypatch.setattr(budget.shutil, "which", lambda name: None)
    budget._sees_gpu.cache_clear()
    yield
    budget._sees_gpu.cache_clear()


@pytest.mark.parametrize("name", ["ci", "cpu", "gpu", " GPU "])
def test_the_variable_decides(monkeypatch, name):
    monkeypatch.setenv("COURSE_BUDGET", name)
    assert budget.name() == name.strip().lower()


def test_without_the_variable_a_laptop_is_cpu():
    assert budget.name() == "cpu"


@pytest.mark.parametrize(
    ("listed", "returncode", "expected"),
    [
        ("GPU 0: NVIDIA T4 (UUID: GPU-1)\n", 0, "gpu"),
        ("No devices were found\n", 6, "cpu"),
        ("", 0, "cpu"),
    ],
)
def test_the_driver_is_asked(monkeypatch, listed, returncode, expected):
    monkeypatch.setattr(budget.shutil, "which", lambda name: "nvidia-smi")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(
        budget.subprocess, "run", lambda *args, **kwargs: subprocess.CompletedProcess(args, returncode, stdout=listed)
    )
    assert budget.name() == expected


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_hidden_gpu_does_not_count(monkeypatch, hidden):
    monkeypatch.setattr(budget.shutil, "which", lambda name: "nvidia-smi")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert budget.name() == "cpu"


def test_a_driver_that_hangs_does_not_count(monkeypatch):
    def hang(*args, timeout, **kwargs):
        raise subprocess.TimeoutExpired("nvidia-smi", timeout)

    monkeypatch.setattr(budget.shutil, "which", lambda name: "nvidia-smi")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(budget.subprocess, "run", hang)
    assert budget.name() == "cpu"


def test_a_misspelt_budget_is_told_what_to_write(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "fast")
    with pytest.raises(ValueError, match="'fast'.*ci, cpu, gpu"):
        budget.name()


@pytest.mark.parametrize(("name", "expected"), [("ci", 1), ("cpu", 2), ("gpu", 2)])
def test_choose_gives_a_gpu_the_value_for_cpu_unless_it_has_its_own(monkeypatch, name, expected):
    monkeypatch.setenv("COURSE_BUDGET", name)
    assert budget.choose(ci=1, cpu=2) == expected
    assert budget.choose(ci=1, cpu=2, gpu=3) == (3 if name == "gpu" else expected)


def test_describe_says_who_decided(monkeypatch, capsys):
    budget.describe()
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    budget.describe()
    first, second = capsys.readouterr().out.splitlines()
    assert "budget: cpu (chosen for this machine" in first and "budget: ci (set by COURSE_BUDGET" in second


ROOT = Path(__file__).parents[2]
NOTHING_FOR_A_GPU = {
    "week07_transfer/03_case_study",  # trains logistic regression on features, no network
    "week04_visualization/03_latent_space",  # its networks come trained; one learns 200 images by heart, few on purpose
}


def values_for_a_gpu(code):
    """How many choices of a lecture have a value for a GPU that is not that for a CPU."""
    calls = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "budget.choose"]
    given = [{keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords} for call in calls]
    return sum(values.get("gpu", values.get("cpu")) != values.get("cpu") or None in values for values in given)


@pytest.mark.parametrize("path", sorted(ROOT.glob("lectures/week*/*.py")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_lecture_that_trains_has_values_of_its_own_for_a_gpu(path):
    code = path.read_text(encoding="utf-8")
    trains = "import keras" in code and re.search(r"\.fit\(|training\.repeat\(|experiments\.train\(", code)
    if trains and f"{path.parent.name}/{path.stem}" not in NOTHING_FOR_A_GPU:
        assert values_for_a_gpu(code) > 0


def test_the_sizes_of_studies_have_one_for_a_gpu():
    from helpers import experiments

    cpu, gpu = (experiments.SIZES[name] for name in ("cpu", "gpu"))
    assert gpu.keys() == cpu.keys() and gpu["images"] * gpu["epochs"] > cpu["images"] * cpu["epochs"]


def test_a_value_that_is_the_same_is_none_of_its_own():
    assert values_for_a_gpu("n = budget.choose(ci=1, cpu=2, gpu=2)") == values_for_a_gpu("n = budget.choose(ci=1, cpu=2)") == 0
    assert values_for_a_gpu("n = budget.choose(ci=1, cpu=2, gpu=3)") == values_for_a_gpu("n = budget.choose(**SIZES)") == 1
