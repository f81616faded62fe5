"""The two pyproject.toml, constraints.txt and environment.yml name the same versions; the wheels hold what they should.

Colab's own packages stay as they are.
"""

import ast
import email
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import helpers
from helpers.data import samples
from helpers.data.catalogue import ENTRIES
from pipeline import ROOT, environment

PROJECTS = {"helpers": ROOT / "pyproject.toml", "grading": ROOT / "grading" / "pyproject.toml"}  # by the package they ship
PROJECTS = {package: tomllib.loads(path.read_text(encoding="utf-8"))["project"] for package, path in PROJECTS.items()}
PROJECT, GRADER = PROJECTS["helpers"], PROJECTS["grading"]
COLAB = ROOT / "tests" / "pipeline" / "colab-pip-freeze.txt"


def pins(path=ROOT / "constraints.txt"):
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = {}
    for line in filter(None, lines):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def direct_dependencies():
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values(), GRADER["dependencies"]]
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
    for path, end in {"pyproject.toml": "[project.urls]", "grading/pyproject.toml": "[project.scripts]"}.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        block = text[text.index("dependencies = [") : text.index(end)]
        for line in block.splitlines():
            if re.search(r'"[a-z].*[<>=]', line):
                assert "#" in line, f"no reason given: {line.strip()}"


def test_a_student_gets_everything_that_a_notebook_may_use():
    """The names that pip installs for the extra, the extras in it followed."""
    wanted, found = [f"{PROJECT['name']}[student]"], set()
    while wanted:
        requirement = Requirement(wanted.pop())
        found.add(requirement.name)
        for extra in requirement.extras:
            wanted += PROJECT["optional-dependencies"][extra]
    packages = {
        "tensorflow",
        "tensorboard",
        "jupyterlab",
        "jupytext",
        "optuna",
        "pip",
        "pyarrow",
        "ipywidgets",
        "anywidget",
        "traitlets",
        "nbclient",
        "jupyter-client",
    }
    assert found == packages | {PROJECT["name"]}


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
    assert through_pip == ["--constraint constraints.txt", "--editable .[student]"]
    conda = {entry.split("=")[0]: entry for entry in dependencies if isinstance(entry, str)}
    assert set(conda) == {"python", "nodejs", "pip"}, "packages come from constraints.txt, so that no version stands twice"
    python = conda["python"].split("=")[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")


def test_there_is_one_version():
    assert GRADER["version"] == PROJECT["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == PROJECT["version"]
    assert helpers.__version__ == PROJECT["version"]
    for project in PROJECTS.values():
        assert metadata.version(project["name"]) == PROJECT["version"], "run make"


def test_pythons_agree():
    assert GRADER["requires-python"] == PROJECT["requires-python"]
    supported = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(30, 5, -1) if supported.contains(f"3.{minor}.0")] == [
        f"{major}.{minor}" for major, minor in environment.VERSIONS
    ]
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        for version in re.findall(r'"(3\.\d+)"', workflow.read_text(encoding="utf-8")):
            assert supported.contains(f"{version}.0"), workflow.name


def tracked(folder="."):
    """The files of the repository, as a clone holds them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """What pip makes of a clone of this repository: by package, its wheel."""
    source = tmp_path_factory.mktemp("clone")  # building leaves files behind, and would take in what lies in build/
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", folder, source, source / "grading"], check=True)
    made = {path.name.split("-")[0]: path for path in folder.glob("*.whl")}
    return {package: made.pop(project["name"].replace("-", "_")) for package, project in PROJECTS.items()}


@pytest.fixture(scope="module")
def wheel(wheels):
    return wheels["helpers"]


def contents(wheel):
    """The files of a wheel and its metadata, each by its path."""
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    return names - about, {name.split("/", 1)[1] for name in about}


def metadata_of(wheel):
    (name,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(zipfile.ZipFile(wheel).read(name))


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


def test_the_students_wheel_holds_the_helpers_and_nothing_else(wheels):
    files, about = contents(wheels["helpers"])
    assert files == tracked("helpers")
    assert {name for name in about if name.startswith("licenses/")} == {
        "licenses/LICENSE",
        "licenses/helpers/data/samples/LICENSES.txt",
    }
    assert "entry_points.txt" not in about


def test_what_helpers_needs_to_be_made_is_not_shipped(wheels):
    """A script that only a developer runs belongs in pipeline/: nothing in helpers may import what is not there."""
    for name in contents(wheels["helpers"])[0]:
        if name.endswith(".py"):
            assert imported((ROOT / name).read_text(encoding="utf-8")).isdisjoint({"pipeline", "grading", "tests"}), name


def test_the_graders_wheel_holds_the_grader_and_nothing_else(wheels):
    files, about = contents(wheels["grading"])
    assert files == tracked("grading") - {"grading/pyproject.toml", "grading/LICENSE"}
    assert {name for name in about if name.startswith("licenses/")} == {"licenses/LICENSE"}
    assert (ROOT / "grading" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    needs = {Requirement(text).name for text in metadata_of(wheels["grading"]).get_all("Requires-Dist")}
    assert "nbgrader" in needs and PROJECT["name"] not in needs


def imported(code):
    """The top-level names that a module imports, anywhere in it but for the type checker alone."""
    tree, found = ast.parse(code), set()
    branches = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")]
    unreached = {node for branch in branches for statement in branch.body for node in ast.walk(statement)}
    for node in set(ast.walk(tree)) - unreached:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def undeclared(wheel, optional=()):
    """What the modules of a wheel import that neither Python nor the wheel's dependencies bring."""
    archive = zipfile.ZipFile(wheel)
    code = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
    needs = {canonicalize_name(Requirement(text).name) for text in metadata_of(wheel).get_all("Requires-Dist")}
    needs |= set(optional)
    brings = metadata.packages_distributions()
    own = {name.split("/")[0] for name in archive.namelist()}
    names = set().union(*map(imported, code)) - own - set(sys.stdlib_module_names)
    return sorted(name for name in names if needs.isdisjoint(map(canonicalize_name, brings.get(name, [name]))))


def test_the_wheels_name_what_they_import(wheels):
    # Keras's backends are the user's choice, and Jupyter, whatever shows the notebooks, brings IPython.
    assert undeclared(wheels["helpers"], {"torch", "jax", "ipython"}) == []
    # A course whose tests know Keras or figures has Keras or Matplotlib.
    assert undeclared(wheels["grading"], {"keras", "matplotlib"}) == []


def test_grade_needs_no_course(wheels, tmp_path):
    """A Python that has the grader's wheel and the packages of this environment, but not this repository."""
    folder = tmp_path / "instructor"
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheels["grading"]], check=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    (site,) = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.splitlines()
    # A folder named in a .pth file is searched, but the .pth files in it, which lead to this repository, are not read.
    packages = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    Path(site, "packages.pth").write_text("\n".join(packages), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def output(*command):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert (
        output(python, "-c", "import importlib.util as u; print(u.find_spec('helpers'), u.find_spec('pipeline'))")
        == "None None\n"
    )
    assert Path(output(python, "-c", "import grading; print(grading.__file__)").strip()).is_relative_to(site)
    assert output(scripts / "grade", "--help").startswith("usage: grade")
    modules = [name for name in contents(wheels["grading"])[0] if name.endswith(".py") and "__main__" not in name]
    names = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sorted(modules)]
    output(python, "-c", f"import {', '.join(names)}")


def test_the_samples_licences_are_in_the_metadata(wheels):
    note = (samples.FOLDER / "LICENSES.txt").read_text(encoding="utf-8")
    expression = metadata_of(wheels["helpers"])["License-Expression"]
    names = {"CC BY-SA 3.0": "CC-BY-SA-3.0", "MIT": "MIT", "none stated by its authors": "LicenseRef-CIFAR-10-none-stated"}
    sampled = [entry for entry in ENTRIES.values() if entry.has_sample]
    for entry in sampled:
        assert f"Licence: {entry.licence}.\n" in note, entry.name
        assert f"({entry.name}_*.png)" in note, entry.name
    assert set(expression.split(" AND ")) == {"BSD-3-Clause", *(names[entry.licence.split(" (")[0]] for entry in sampled)}
    pictures = {path.name for path in samples.FOLDER.glob("*.png")}
    assert pictures == {name for name in pictures if name.startswith(tuple(f"{entry.name}_t" for entry in sampled))}
