"""README names what exists, and only that."""

import re
import subprocess

import pytest

from pipeline import ROOT, in_repository

README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = sorted([*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")])


def title(source):
    found = re.search(r"^# # (?:Exercise \d+: )?(.*)$", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1][0].upper() + found[1][1:]


@pytest.mark.parametrize("source", SOURCES, ids=in_repository)
def test_every_lecture_and_exercise_is_in_the_table_under_its_title(source):
    notebook = in_repository(source).replace("solutions/", "exercises/").replace(".py", ".ipynb")
    assert f"[{title(source)}]({notebook})" in README


def test_links_and_pictures_lead_somewhere():
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(targets) > 10
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_make_targets_that_it_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z]+)`", README)) | set(re.findall(r"^make ([a-z]+)", README, flags=re.MULTILINE))
    assert {"test", "lab", "help"} <= named
    assert [target for target in named if not re.search(rf"^{target}:", makefile, flags=re.MULTILINE)] == []


def test_the_rooms_it_lists_are_those_that_exist():
    rooms = set(re.findall(r"^([a-z]+)/ ", README[README.index("## The rooms") :], flags=re.MULTILINE))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    assert rooms == {name.split("/")[0] for name in tracked if "/" in name and not name.startswith(".")}


def test_the_students_guide_says_the_same_for_windows():
    """Each command for PowerShell runs a module that the commands for Linux and macOS run in the same way."""
    guide = (ROOT / "book" / "guides" / "student.md").read_text(encoding="utf-8")
    commands = {
        shell: {
            line.split("#")[0].strip()
            for block in re.findall(rf"^```{shell}\n(.*?)^```", guide, flags=re.MULTILINE | re.DOTALL)
            for line in re.findall(r"-m ((?:helpers|pipeline)\..*)", block)
        }
        for shell in ("bash", "powershell")
    }
    assert {"pipeline.environment --student", "helpers.start week01"} <= commands["powershell"] <= commands["bash"]
