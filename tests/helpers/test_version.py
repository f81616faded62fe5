"""The helpers know their version, and tell a notebook of another one what to do."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import helpers
from helpers.course import commands

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The helpers as pip installs them: no pyproject.toml beside them, and a version that pip has noted."""
    (tmp_path / "helpers").mkdir()
    monkeypatch.setattr(helpers, "__file__", str(tmp_path / "helpers" / "__init__.py"))
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.2.0" if name == "cnn-course" else real(name))
    return tmp_path


def test_the_version_is_that_of_pyproject_whatever_was_installed_once(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1")
    assert helpers.__version__ == PROJECT["version"]


def test_an_installed_version_is_the_one_that_pip_noted(installed):
    assert helpers.__version__ == "0.2.0"
    (installed / "pyproject.toml").write_text('[project]\nname = "somebody-elses"\nversion = "7.0"\n')
    assert helpers.__version__ == "0.2.0"


def test_nothing_else_is_made_up():
    with pytest.raises(AttributeError, match="no attribute '__author__'"):
        helpers.__author__  # noqa: B018


def test_the_right_version_is_silent(installed, recwarn):
    helpers.begin("0.2.0")
    assert not recwarn


@pytest.mark.parametrize("wanted", ["0.2.1", "0.10.0", "1.0.0"])
def test_older_helpers_are_named_with_what_to_do(installed, wanted):
    with pytest.raises(ImportError) as error:
        helpers.begin(wanted)
    said = str(error.value)
    assert f"version {wanted} of the course" in said and "are version 0.2.0" in said and str(installed) in said
    assert f'%pip install "cnn-course @ git+{PROJECT["urls"]["Repository"]}@v{wanted}"' in said and "restart the kernel" in said


def test_a_version_under_development_has_no_tag(installed):
    with pytest.raises(ImportError, match="@main"):
        helpers.begin("1.0.0.dev0")


def test_an_older_copy_of_the_course_is_brought_up_to_date_not_replaced(installed):
    (installed / "pyproject.toml").write_text('[project]\nname = "cnn-course"\nversion = "0.1.0"\n')
    with pytest.raises(ImportError, match=r"are version 0\.1\.0.*-m helpers\.update.*restart the kernel") as error:
        helpers.begin("0.2.0")
    assert "%pip" not in str(error.value)


@pytest.mark.parametrize("wanted", ["0.1.9", "0.2.0.dev0"])
def test_newer_helpers_only_warn(installed, wanted):
    with pytest.warns(UserWarning, match=f"belongs to version {wanted} of the course.*are version 0.2.0.*%pip install"):
        helpers.begin(wanted)


def test_helpers_of_which_nobody_knows_the_version_are_not_refused(installed, monkeypatch):
    monkeypatch.setattr(helpers, "_version", lambda: "unknown")
    helpers.begin("0.2.0")


def test_notebooks_that_somebody_has_saved_still_begin():
    assert helpers.require_version is helpers.begin
