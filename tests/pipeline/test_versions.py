"""pyproject.toml, constraints.txt and environment.yml name the same versions, and Colab's own packages stay as they are."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from pipeline import ROOT, environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COLAB = ROOT / "tests" / "pipeline" / "colab-pip-freeze.txt"


def pins(path=ROOT / "constraints.txt"):
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = {}
    for line in filter(None, lines):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def direct_dependencies():
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    requirements = [Requirement(text) for each in lists for text in each]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def test_constraints_are_exact_and_name_no_address():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text and not re.search(r"^-", text, flags=re.MULTILINE)
    for name, requirements in pins().items():
        for requirement in requirements:
            assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), f"{name} is not pinned: {requirement}"


@pytest.mark.parametrize("requirement", direct_dependencies(), ids=str)
def test_every_dependency_is_pinned_to_a_version_it_allows(requirement):
    pinned = pins().get(canonicalize_name(requirement.name))
    assert pinned, f"run `python -m pipeline.pins`: {requirement.name} is not in constraints.txt"
    for pin in pinned:
        (version,) = pin.specifier
        assert requirement.specifier.contains(version.version), f"{pin} is outside {requirement}"


def test_every_dependency_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("dependencies = [") : text.index("[project.urls]")]
    for line in block.splitlines():
        if re.search(r'"[a-z].*[<>=]', line):
            assert "#" in line, f"no reason given: {line.strip()}"


def test_extra_all_holds_every_other_extra():
    extras = dict(PROJECT["optional-dependencies"])
    (whole,) = extras.pop("all")
    assert Requirement(whole).extras == set(extras)


def test_what_is_installed_is_what_is_pinned():
    for requirement in direct_dependencies():
        version = Version(metadata.version(requirement.name))
        allowed = [pin for pin in pins()[canonicalize_name(requirement.name)] if pin.marker is None or pin.marker.evaluate()]
        assert any(pin.specifier.contains(version) for pin in allowed), f"{requirement.name} {version}: run make"


def test_conda_takes_its_versions_from_the_same_file():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (through_pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert through_pip == ["--constraint constraints.txt", "--editable .[all]"]
    conda = {entry.split("=")[0]: entry for entry in dependencies if isinstance(entry, str)}
    assert set(conda) == {"python", "nodejs", "pip"}, "packages come from constraints.txt, so that no version stands twice"
    python = conda["python"].split("=")[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")


def test_pythons_agree():
    supported = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(30, 5, -1) if supported.contains(f"3.{minor}.0")] == [
        f"{major}.{minor}" for major, minor in environment.VERSIONS
    ]
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        for version in re.findall(r'"(3\.\d+)"', workflow.read_text(encoding="utf-8")):
            assert supported.contains(f"{version}.0"), workflow.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "helpers", source / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--wheel-dir",
            folder,
            source,
        ],
        check=True,
    )
    (made,) = folder.glob("*.whl")
    return made


def install_beside(packages, wheel, folder):
    """What pip would do in an environment that holds exactly these packages ("name==version")."""
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True, capture_output=True, text=True
    ).stdout.strip()
    for package in packages:
        name, version = package.split("==")
        info = os.path.join(site, f"{canonicalize_name(name).replace('-', '_')}-{version}.dist-info")
        os.makedirs(info)
        with open(os.path.join(info, "METADATA"), "w", encoding="utf-8") as file:
            file.write(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--dry-run", "--no-index", "--report", report, wheel],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        return None, done.stderr
    return [entry["metadata"]["name"] for entry in json.loads(report.read_text())["install"]], done.stderr


def colab_packages():
    lines = [line.strip() for line in COLAB.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)]


def test_colab_gets_our_wheel_and_nothing_else(wheel, tmp_path):
    packages = colab_packages()
    assert len(packages) > 500 and "tensorflow==2.20.0" in packages and "numpy==2.1.3" in packages
    installs, errors = install_beside(packages, wheel, tmp_path / "colab")
    assert installs == ["cnn-course"], errors


def test_the_test_above_notices_a_dependency_that_colab_lacks(wheel, tmp_path):
    without = [package for package in colab_packages() if not package.startswith("pooch==")]
    installs, errors = install_beside(without, wheel, tmp_path / "colab")
    assert installs is None and "pooch" in errors


def test_the_wheel_holds_the_helpers_with_their_samples_and_scripts(wheel):
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    needed = ["plots.py", "data/samples/labels.json", "animate/player.js", "animate/card.css", "explorer/explorer.js"]
    assert {f"helpers/{name}" for name in needed} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "solutions", "pipeline"))]


def test_an_unsuitable_python_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(environment.shutil, "which", lambda name, path=None: None)
    with pytest.raises(environment.SetupError, match="3.11, 3.12 and 3.13"):
        environment.suitable_python()


def test_a_python_without_pip_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(environment.sys, "executable", shutil.which("false") or "false")
    with pytest.raises(environment.SetupError, match="python3-pip"):
        environment._pip()
