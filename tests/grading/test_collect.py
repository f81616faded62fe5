"""What comes in from learning platforms, in their own naming schemes: nothing lost, nobody merged, nothing done twice."""

import errno
import os
import string
import warnings
import zipfile
from datetime import datetime

import nbformat
import pytest
from dateutil import tz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from traitlets.config import Config

from grading.cli import main
from grading.nbgrader.course import Course, CourseError
from grading.nbgrader.roster import read_roster
from grading.submissions import collect as collecting
from grading.submissions.collect import collect, collected_notes, collected_timestamp
from grading.submissions.platforms import split_heads, understand
from grading.submissions.times import read_timestamp

BERLIN = tz.gettz("Europe/Berlin")


def grade(*arguments):
    return main([str(argument) for argument in arguments])


def archive(folder, files, name="download.zip"):
    """A .zip with these files, of which a name may come twice; a list of names gets solved notebooks' stand-ins."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for entry, content in files.items() if isinstance(files, dict) else [(one, f"content of {one}") for one in files]:
            file.writestr(entry, content)
    return path


def submitted(small, student=None):
    """Relative name -> text of what lies in ``submitted``."""
    base = small.root / "submitted"
    found = {path.relative_to(base).as_posix(): path.read_text() for path in base.rglob("*") if path.is_file()}
    head = f"{student}/ps1/"
    return {name.removeprefix(head): text for name, text in found.items() if name.startswith(head)} if student else found


def roster(small, *lines, head="id,first_name,last_name,email,lms_user_id,login,other_names"):
    path = small.root / "roster.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return read_roster(path)


# --- names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "platform", "person", "file"),
    [
        ("Ada Byron_31_assignsubmission_file_/ps1.ipynb", "Moodle", "31", "ps1.ipynb"),
        ("Ada Byron_31_assignsubmission_file_ps1.ipynb", "Moodle", "31", "ps1.ipynb"),
        ("Ada Byron_31_assignsubmission_file/deep/ps1.ipynb", "Moodle", "31", "deep/ps1.ipynb"),
        ("Zoë, Müller_77_assignsubmission_onlinetext_onlinetext.html", "Moodle", "77", "onlinetext.html"),
        ("Zoë_77_assignsubmission_onlinetext_/onlinetext.html", "Moodle", "77", "onlinetext.html"),
        ("CS1-Exercise 1-123/Ada Byron_31_assignsubmission_file_/ps1.ipynb", "Moodle", "31", "ps1.ipynb"),
        ("byronada_17_904_ps1.ipynb", "Canvas", "17", "ps1.ipynb"),
        ("byronada_LATE_17_904_ps1-2.ipynb", "Canvas", "17", "ps1-2.ipynb"),
        ("smith_jones_17_904_1_2_x.txt", "Canvas", "17", "1_2_x.txt"),
        ("anon_Xy12Z_9070_ps1.ipynb", "Canvas", "anon_Xy12Z", "ps1.ipynb"),
        ("LATE_anon_Xy12Z_9070_ps1.ipynb", "Canvas", "anon_Xy12Z", "ps1.ipynb"),
        ("byronada_17_text.html", "Canvas", "17", "text.html"),
        ("anon_Xy12Z_link.html", "Canvas", "anon_Xy12Z", "link.html"),
        ("Exercise 1_ada_attempt_2025-01-30-15-00-00_ps1.ipynb", "Blackboard", "Exercise 1_ada", "ps1.ipynb"),
        ("HW_1_j_doe_attempt_2025-01-30-15-00-00.txt", "Blackboard", "HW_1_j_doe", None),
        ("397063-2557369 - Mary-Ann Smith - Sep 24, 2024 926 PM/ps1.ipynb", "Brightspace", "397063", "ps1.ipynb"),
        ("12-34 - Mary-Ann Smith - 24 September, 2024 2126/a/b.txt", "Brightspace", "12", "a/b.txt"),
        ("12-34 - Mary-Ann Smith - Sep 24, 2024 1226 AM - ps1.ipynb", "Brightspace", "12", "ps1.ipynb"),
        ("index.html", "Brightspace", "", None),
    ],
)
def test_names_of_platforms(name, platform, person, file):
    found = understand(name)
    assert (found.platform, found.person, found.file) == (platform, person, file)


@pytest.mark.parametrize(
    "name",
    ["ps1.ipynb", "ada/ps1.ipynb", "ada_ps1.ipynb", "17_904_ps1.ipynb", "E_ada_attempt_2025-13-30-15-00-00_x", "a/index.html"],
)
def test_names_of_none(name):
    assert understand(name) is None


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("1-2 - A - Sep 24, 2024 926 PM/x", datetime(2024, 9, 24, 21, 26)),
        ("1-2 - A - Sep 24, 2024 1226 AM/x", datetime(2024, 9, 24, 0, 26)),
        ("1-2 - A - 24 September, 2024 2126/x", datetime(2024, 9, 24, 21, 26)),
        ("T_a_attempt_2024-09-24-21-26-00_x", datetime(2024, 9, 24, 21, 26)),
    ],
)
def test_times_in_names(name, time):
    assert understand(name).time == time


# --- each platform ---------------------------------------------------------------------------------------------------------


def test_canvas_two_files_of_one_student(small):
    path = archive(small.root, ["byronada_17_9041_ps1.ipynb", "byronada_17_9042_photo.png", "bob_LATE_18_9043_ps1-1.ipynb"])
    done = collect(small.assignment, path)
    assert sorted(submitted(small)) == ["17/ps1/photo.png", "17/ps1/ps1.ipynb", "18/ps1/ps1.ipynb"]
    assert [(one.student, one.state, one.late) for one in done.people] == [("17", "new", False), ("18", "new", True)]
    assert done.problems == [] and done.counts() == {"collected": 3}
    assert collected_notes(small.assignment)["18"]["late"]


def test_canvas_of_two_files_of_one_name_the_later_keeps_it(small):
    names = [
        "byronada_17_9041_ps1.ipynb",
        "byronada_17_9044_ps1.ipynb",
        "byronada_17_9043_ps1-1.ipynb",
        "byronada_17_9042_notes-1.txt",
    ]
    collect(small.assignment, archive(small.root, names))
    assert submitted(small, "17") == {
        "ps1.ipynb": "content of byronada_17_9044_ps1.ipynb",
        "ps1-1.ipynb": "content of byronada_17_9043_ps1-1.ipynb",
        "ps1-9041.ipynb": "content of byronada_17_9041_ps1.ipynb",
        "notes-1.txt": "content of byronada_17_9042_notes-1.txt",
    }


def test_canvas_anonymous(small):
    done = collect(small.assignment, archive(small.root, ["anon_Xy12Z_9070_ps1.ipynb", "LATE_anon_Ab34C_9071_ps1.ipynb"]))
    assert [(one.student, one.late) for one in done.people] == [("anon_Ab34C", True), ("anon_Xy12Z", False)]
    assert any("anonymous" in note for note in done.notes)


DESCRIPTION = """Name: {name} ({login})
Assignment: HW_1
Date Submitted: Thursday, January 30, 2025 3:00:00 PM CET
Current Grade: Not Yet Graded

Submission Field:
{typed}

Comments:
There are no student comments for this assignment.

Files:
\tOriginal filename: ps1.ipynb
\tFilename: HW_1_{login}_attempt_2025-01-30-15-00-00_ps1.ipynb
"""
NOTHING = "There is no student submission text data for this assignment."


def blackboard(*logins, names=(), typed=NOTHING, title="HW_1"):
    files = {}
    for login, name in zip(logins, names or logins, strict=True):
        head = f"{title}_{login}_attempt_2025-01-30-15-00-00"
        files[f"{head}_ps1.ipynb"] = f"work of {login}"
        files[f"{head}.txt"] = DESCRIPTION.format(name=name, login=login, typed=typed)
    return files


def test_blackboard_logins_with_underscores(small):
    path = archive(small.root, blackboard("j_doe", "k_doe", "doe", names=("Jo Doe", "Kim Doe", "Doe")))
    done = collect(small.assignment, path, zone=BERLIN)
    assert [(one.student, one.name) for one in done.people] == [("doe", "Doe"), ("j_doe", "Jo Doe"), ("k_doe", "Kim Doe")]
    assert {one: submitted(small, one)["ps1.ipynb"] for one in ("doe", "j_doe", "k_doe")} == {
        one: f"work of {one}" for one in ("doe", "j_doe", "k_doe")
    }
    assert done.counts() == {"collected": 3, "the platform's own": 3} and done.problems == []


def test_blackboard_without_descriptions_merges_nobody(small):
    files = {name: text for name, text in blackboard("j_doe", "k_doe", "ada").items() if name.endswith(".ipynb")}
    done = collect(small.assignment, archive(small.root, files))
    assert len(done.people) == 3 and len({one.student for one in done.people}) == 3
    assert any("where that is wrong" in note for note in done.notes)
    people = roster(small, "d1,,,,,doe", "d2,,,,,j_doe", "d3,,,,,k_doe", "ada")
    done = collect(small.assignment, archive(small.root, files), roster=people)
    assert [one.student for one in done.people] == ["ada", "d2", "d3"]


@pytest.mark.parametrize("heads", [["HW_a_b"], ["HW_a", "HW_a_b"], ["HW_a_b", "HW_a_c", "HW_a_b_c"], ["x_", "x_a"]])
def test_no_two_heads_have_one_login(heads):
    logins, certain = split_heads(heads, {})
    assert len(set(logins.values())) == len(heads) and not certain


def test_blackboard_time_is_local_and_kept_with_its_offset(small):
    path = archive(small.root, blackboard("ada"))
    collect(small.assignment, path, zone=BERLIN)
    assert submitted(small, "ada")["timestamp.txt"] == "2025-01-30 15:00:00+01:00\n"
    assert collected_timestamp(small.assignment, "ada") == datetime(2025, 1, 30, 14)
    assert read_timestamp(small.assignment, "ada") == (datetime(2025, 1, 30, 14), None)
    (small.root / "submitted" / "ada" / "ps1" / "timestamp.txt").write_text("1999-01-01 00:00:00 UTC")
    when, note = read_timestamp(small.assignment, "ada")
    assert when == datetime(2025, 1, 30, 14) and "collector" in note


def test_blackboard_the_last_attempt_counts_and_earlier_ones_are_kept(small):
    files = {
        "E_ada_attempt_2025-01-30-15-00-00_ps1.ipynb": "new",
        "E_ada_attempt_2025-01-29-15-00-00_ps1.ipynb": "old",
        "E_ada_attempt_2025-01-29-15-00-00_other.txt": "old",
        "E_ada_attempt_2025-01-30-15-00-00_timestamp.txt": "1999-01-01 00:00:00 UTC",
    }
    done = collect(small.assignment, archive(small.root, files))
    assert submitted(small, "ada") == {"ps1.ipynb": "new", "timestamp.txt": "2025-01-30 15:00:00+00:00\n"}
    aside = small.root / "submitted-replaced" / "20250129-150000-earlier" / "ada" / "ps1"
    assert (aside / "ps1.ipynb").read_text() == "old" and (aside / "other.txt").exists()
    assert done.counts() == {"collected": 1, "earlier attempts": 2, "left out": 1}
    assert ["timestamp.txt" in line for line in done.problems] == [True]


def test_blackboard_what_was_typed_is_collected(small):
    collect(small.assignment, archive(small.root, blackboard("ada", typed="<p>my answer</p>")))
    assert "my answer" in submitted(small, "ada")["typed in Blackboard.txt"]


def test_a_last_attempt_without_the_notebook_is_told(small):
    files = {"E_ada_attempt_2025-01-30-15-00-00_x.txt": "", "E_ada_attempt_2025-01-29-15-00-00_ps1.ipynb": ""}
    assert any("an earlier one" in note for note in collect(small.assignment, archive(small.root, files)).notes)


def test_moodle_online_text_is_collected(small):
    files = {
        "Ada Byron_31_assignsubmission_file_/ps1.ipynb": "work",
        "Ada Byron_31_assignsubmission_onlinetext_/onlinetext.html": "<p>said</p>",
        "Ben King_32_assignsubmission_onlinetext_/onlinetext.html": "<p>only said</p>",
    }
    done = collect(small.assignment, archive(small.root, files))
    assert submitted(small, "31") == {"ps1.ipynb": "work", "onlinetext.html": "<p>said</p>"}
    assert submitted(small, "32") == {"onlinetext.html": "<p>only said</p>"}
    assert any("other ones in the next" in note for note in done.notes), "without a roster Moodle's numbers are of no use"


def test_moodle_people_keep_their_id_from_week_to_week(small):
    people = roster(small, "ada,Ada,Byron", "ben,Ben,O'King-Smith", "zoe,Zoë,Müller,,,,Zoe Mueller")
    for week in (31, 87):
        files = [
            f"Ada Byron_{week}_assignsubmission_file_/ps1.ipynb",
            f"Group A-Ben OKing-Smith_{week + 1}_assignsubmission_file_/ps1.ipynb",
            f"Zoe Mueller_{week + 2}_assignsubmission_file_/ps1.ipynb",
            f"Somebody Else_{week + 3}_assignsubmission_file_/ps1.ipynb",
        ]
        done = collect(small.assignment, archive(small.root, files), roster=people, force=True)
        assert [one.student for one in done.people] == ["ada", "ben", "zoe"]
        assert len(done.problems) == 1 and "Somebody Else" in done.problems[0] and "roster.csv" in done.problems[0]
        assert done.notes == []


def test_moodle_a_number_that_two_people_have_in_two_downloads(small):
    files = ["a/Ada Byron_31_assignsubmission_file_/ps1.ipynb", "b/Ben King_31_assignsubmission_file_/ps1.ipynb"]
    done = collect(small.assignment, archive(small.root, files))
    assert done.people == [] and submitted(small) == {} and "nobody's work is collected" in done.problems[0]
    done = collect(small.assignment, archive(small.root, files), roster=roster(small, "ada,Ada,Byron", "ben,Ben,King"))
    assert [one.student for one in done.people] == ["ada", "ben"]


def test_brightspace(small):
    files = {
        "index.html": "<html>",
        "1-9 - Mary-Ann Smith - Sep 24, 2024 926 PM/ps1.ipynb": "second",
        "1-9 - Mary-Ann Smith - Sep 23, 2024 926 PM/ps1.ipynb": "first",
        "1-9 - Ben King - Sep 23, 2024 926 PM/ps1.ipynb": "ben's",
    }
    done = collect(small.assignment, archive(small.root, files), zone=BERLIN)
    assert [one.student for one in done.people] == ["Ben King", "Mary-Ann Smith"]
    assert submitted(small, "Mary-Ann Smith") == {"ps1.ipynb": "second", "timestamp.txt": "2024-09-24 21:26:00+02:00\n"}
    assert done.counts() == {"collected": 2, "earlier attempts": 1, "the platform's own": 1} and done.problems == []


# --- whatever the platform ---------------------------------------------------------------------------------------------------


def test_new_changed_and_same(small, capsys):
    small.release(small.assignment.released_notebook("ps1"))
    names = {f"{name}_{number}_90{number}_ps1.ipynb": f"work of {name}" for name, number in (("ada", 17), ("ben", 18))}
    command = "collect", small.root / "download.zip", "ps1", "--course-dir", small.root
    archive(small.root, names)
    assert grade(*command) == 0
    said = capsys.readouterr().out
    assert (
        "2 submissions collected (2 new, 0 changed, 0 the same as before)" in said
        and "2 files in the archive: 2 collected" in said
    )
    before = {path: path.stat().st_mtime_ns for path in small.root.rglob("submitted/*/ps1/*")}
    assert grade(*command) == 0, "the same archive again is no problem"
    assert "0 new, 0 changed, 2 the same" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in small.root.rglob("submitted/*/ps1/*")}

    archive(small.root, names | {"ben_18_9099_ps1-1.ipynb": "better", "cleo_19_919_ps1.ipynb": "late work"})
    assert grade(*command) == 1
    said = capsys.readouterr()
    assert "1 new, 1 changed, 1 the same" in said.out and "anew" in said.err and "18" in said.err
    assert submitted(small, "18") == {"ps1.ipynb": "work of ben"} and submitted(small, "19")
    assert grade(*command, "--force") == 0
    said = capsys.readouterr()
    assert "0 new, 1 changed, 2 the same" in said.out and "changed" in said.out and not said.err
    assert submitted(small, "18") == {"ps1.ipynb": "better", "ps1-9018.ipynb": "work of ben"}
    (aside,) = (small.root / "submitted-replaced").rglob("*.ipynb")
    assert aside.read_text() == "work of ben" and aside.parts[-3:-1] == ("18", "ps1")


def test_what_an_instructor_mended_is_not_taken_for_changed_work(small):
    path = archive(small.root, ["ada_17_904_ps1.ipynb"])
    collect(small.assignment, path)
    (small.root / "submitted" / "17" / "ps1" / "ps1.ipynb").write_text("mended")
    done = collect(small.assignment, path, force=True)
    assert done.people[0].state == "same" and submitted(small, "17") == {"ps1.ipynb": "mended"}


def test_names_reach_the_gradebook(small, capsys):
    roster(small, "ada,Ada,Byron,ada@x.org,17,j_doe", "ben,Ben,King")
    path = archive(small.root, ["byronada_17_904_ps1.ipynb", "king_19_905_ps1.ipynb"])
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 1
    assert "king (19): nobody on the roster" in capsys.readouterr().err
    with Gradebook(f"sqlite:///{small.root / 'gradebook.db'}") as book:
        people = {one.id: (one.first_name, one.last_name, one.email, one.lms_user_id) for one in book.students}
    assert people == {"ada": ("Ada", "Byron", "ada@x.org", "17"), "ben": ("Ben", "King", None, None)}


def test_a_time_zone_is_asked_for(small, capsys):
    path = archive(small.root, blackboard("ada"))
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 0
    assert "--time-zone" in capsys.readouterr().err
    assert grade("collect", path, "ps1", "--course-dir", small.root, "--time-zone", "America/New_York", "--force") == 0
    assert "--time-zone" not in capsys.readouterr().err
    assert collected_timestamp(small.assignment, "ada") == datetime(2025, 1, 30, 20)
    assert grade("collect", path, "ps1", "--course-dir", small.root, "--time-zone", "CEST") == 2


def test_nothing_understood_is_an_error_with_a_way_out(small, capsys):
    assert grade("collect", archive(small.root, ["ada/ps1.ipynb", "ben/ps1.ipynb"]), "ps1", "--course-dir", small.root) == 2
    assert "--by-folder" in capsys.readouterr().err and not (small.root / "submitted").exists()
    assert grade("collect", small.root / "download.zip", "ps1", "--course-dir", small.root, "--by-folder") == 0
    assert small.assignment.students() == ["ada", "ben"]
    (small.root / "no.zip").write_text("no")
    assert grade("collect", small.root / "no.zip", "ps1", "--course-dir", small.root) == 2


def test_ids_alike_are_told_and_hidden_folders_named(small):
    names = ["Zoë/ps1.ipynb", "ada/ps1.ipynb", "ada /ps1.ipynb", "7/ps1.ipynb", "007/ps1.ipynb", "Ada/ps1.ipynb", ".x/ps1.ipynb"]
    done = collect(small.assignment, archive(small.root, names), by_folder=True)
    assert len(done.people) == 6 and done.problems == ["'.x': no id for a student"]
    assert any("'Ada' and 'ada' and 'ada '" in note for note in done.notes) and any(
        "'007' and '7'" in note for note in done.notes
    )
    both = ["Zoë/ps1.ipynb", "Zoe\u0308/ps1.ipynb"]
    done = collect(small.assignment, archive(small.root, both), by_folder=True)
    assert done.people == [] and "nobody's work is collected" in done.problems[0], "one id, and maybe two people"


def test_folders_by_what_the_roster_knows(small):
    people = roster(small, "ada,Ada,Byron,a@x.org,17", "ben,Ben,King,,,bk")
    done = collect(
        small.assignment, archive(small.root, ["a@x.org/ps1.ipynb", "King Ben/ps1.ipynb"]), by_folder=True, roster=people
    )
    assert [one.student for one in done.people] == ["ada", "ben"]


def test_hostile_archives(small, capsys, monkeypatch):
    path = small.root / "bad.zip"
    link = zipfile.ZipInfo("byronada_17_904_link.txt")
    link.external_attr = 0o120777 << 16
    inner = small.root / "inner.zip"
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("../../../escaped.txt", "x")
        file.writestr("ps1.ipynb", "inside")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../x_17_904_evil.ipynb", "x")
        file.writestr(link, "/etc/passwd")
        file.writestr("byronada_17_904_work.zip", inner.read_bytes())
        file.writestr("byronada_17_909_film.mp4", b"\0" * 3_000_000)
        file.writestr("bomb_18_905_ps1.ipynb", b"\0" * 3_000_000)
    monkeypatch.setattr(collecting, "FILE_LIMIT", 1_000_000)
    assert grade("collect", path, "ps1", "--course-dir", small.root) == 1
    said = capsys.readouterr().err
    for words in ("leave its folder", "symbolic link", "too much", "'../../../escaped.txt' was left out", "film.mp4"):
        assert words in said
    base = small.root / "submitted"
    assert [str(file.relative_to(base)) for file in sorted(base.rglob("*")) if file.is_file()] == [
        os.path.join("17", "ps1", "ps1.ipynb"),
        os.path.join("17", "ps1", "work.zip"),  # something in it was refused, so that it is kept
    ]
    assert not list(small.root.rglob("escaped.txt")) and not list(small.root.rglob(".collect-*"))
    assert not (base / "18").exists()


def test_a_zip_that_is_none_stays_as_it_is(small):
    inner = archive(small.root, {"ps1.ipynb": "x" * 10_000}, "inner.zip").read_bytes()
    broken = inner[:40] + b"\xff" * 20 + inner[60:]
    done = collect(small.assignment, archive(small.root, {"ada_17_904_work.zip": broken, "ada_17_905_ps1.ipynb": "whole"}))
    names = submitted_names(small)
    assert {"17/ps1/work.zip", "17/ps1/ps1.ipynb"} == set(names) and "work.zip" in done.problems[0]


def submitted_names(small):
    base = small.root / "submitted"
    return [path.relative_to(base).as_posix() for path in sorted(base.rglob("*")) if path.is_file()]


def test_files_in_each_others_way(small):
    names = ["x_17_assignsubmission_file_/a", "x_17_assignsubmission_file_/a/b", "x_17_assignsubmission_file_/A"]
    names.append(f"x_17_assignsubmission_file_/{'n' * 300}.ipynb")
    done = collect(small.assignment, archive(small.root, names))
    assert done.counts() == {"collected": 4} and sorted(submitted(small, "17").values()) == sorted(
        f"content of {one}" for one in names
    )


def test_a_full_disk_stops_it_and_it_goes_on_later(small, monkeypatch):
    files = {"ada_17_904_ps1.ipynb": "work", "ben_18_905_ps1.ipynb": "full", "ben_18_906_notes.txt": "notes"}
    path = archive(small.root, files)

    def full(name, mode="r", *more):
        if mode == "wb" and str(name).endswith("notes.txt"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return open(name, mode, *more)

    with monkeypatch.context() as patch:
        patch.setattr(collecting, "open", full, raising=False)
        with pytest.raises(CourseError, match="No space left on device"):
            collect(small.assignment, path)
    assert sorted(submitted(small)) == ["17/ps1/ps1.ipynb"] and not list(small.root.rglob(".collect-*"))
    done = collect(small.assignment, path)
    assert [(one.student, one.state) for one in done.people] == [("17", "same"), ("18", "new")]


def test_damaged_notes_are_named(small):
    path = small.root / "reports" / "ps1" / "collected.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(CourseError, match="collected.json is damaged"):
        collect(small.assignment, archive(small.root, ["ada_17_904_ps1.ipynb"]))


# --- any archive at all --------------------------------------------------------------------------------------------------------

ODD = st.text(st.sampled_from("ab_17. -/\\LATE\u00eb\u0308\0"), min_size=1, max_size=12)
FILE = (
    st.sampled_from(
        ["ps1.ipynb", "PS1.ipynb", "ps1-1.ipynb", "a", "a/b", "a/b/c.txt", "timestamp.txt", "timestamp.txt/x", "x.zip", ".hidden"]
    )
    | ODD
)
LETTERS = st.text(st.sampled_from(string.ascii_lowercase[:3] + "_"), min_size=1, max_size=4)
NUMBER = st.integers(1, 4)
NAMES = st.one_of(
    st.builds("{}_{}_assignsubmission_file_/{}".format, LETTERS, NUMBER, FILE),
    st.builds("{}_{}_assignsubmission_onlinetext_onlinetext.html".format, LETTERS, NUMBER),
    st.builds("{}{}_{}_{}_{}".format, LETTERS, st.sampled_from(["", "_LATE"]), NUMBER, NUMBER, FILE),
    st.builds("anon_Ab1{}Z_{}_{}".format, NUMBER, NUMBER, FILE),
    st.builds("H_1_{}_attempt_2025-01-0{}-15-00-00_{}".format, LETTERS, NUMBER, FILE),
    st.builds("H_1_{}_attempt_2025-01-0{}-15-00-00.txt".format, LETTERS, NUMBER),
    st.builds("{}-9 - {} - Sep {}, 2024 926 PM/{}".format, NUMBER, LETTERS, NUMBER, FILE),
    st.builds("{}/{}".format, LETTERS, FILE),
    st.sampled_from(["index.html", "../../evil", "/etc/evil", "C:\\evil", "__MACOSX/._x", "readme.txt"]),
    ODD,
)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=8), by_folder=st.booleans())
def test_any_archive(tmp_path_factory, names, by_folder):
    """Every file is accounted for, nothing lies outside, nobody's work is another's, and doing it twice changes nothing."""
    root = tmp_path_factory.mktemp("case")
    (root / "course" / "source" / "ps1").mkdir(parents=True)
    (root / "course" / "source" / "ps1" / "ps1.ipynb").touch()
    course = Course(root / "course", Config())
    path = root / "any.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as file:
        warnings.simplefilter("ignore")  # a name that comes twice
        for number, name in enumerate(names):
            file.writestr(zipfile.ZipInfo(name), f"content {number}")
    with zipfile.ZipFile(path) as file:
        entries = [entry for entry in file.infolist() if not entry.filename.endswith("/")]
        texts = {id(entry): file.read(entry).decode() for entry in entries}
    outside = {one for one in root.rglob("*") if one != path and course.root not in [one, *one.parents]}
    try:
        done = collect(course.assignment("ps1"), path, by_folder=by_folder)
    except CourseError:
        assert not (course.root / "submitted").exists()
        return
    assert outside == {one for one in root.rglob("*") if one != path and course.root not in [one, *one.parents]}
    assert [name for name, _ in done.fates] == [entry.filename for entry in entries]
    kept = {}
    for step in ("submitted", "submitted-replaced"):
        for one in (course.root / step).rglob("*"):
            assert not one.is_symlink()
            if one.is_file() and one.name != "timestamp.txt":
                kept[one.read_text()] = one.relative_to(course.root).parts
    for entry, (_, fate) in zip(entries, done.fates, strict=True):
        text = texts[id(entry)]
        assert (text in kept) == (fate in ("collected", "earlier attempts")), (entry.filename, fate)
    # Nobody merged: all files of one student's folder come from one person of the platform.
    owners = {}
    for person in done.people:
        for attempt in person.attempts:
            for number, found in attempt.entries:
                where = kept.get(texts[id(entries[number])])
                if where:
                    student = where[1] if where[0] == "submitted" else where[2]
                    owners.setdefault(student, set()).add((found.person, found.name))
    assert all(len(who) == 1 for who in owners.values()), owners
    before = {one: one.is_file() and one.read_bytes() for one in course.root.rglob("*")}
    again = collect(course.assignment("ps1"), path, by_folder=by_folder, force=True)
    assert {person.state for person in again.people} <= {"same", "refused"}
    after = {one: one.is_file() and one.read_bytes() for one in course.root.rglob("*")}
    assert before == after


def test_a_notebook_in_disguise_is_graded(small):
    """Browsers save a notebook as .ipynb.json or .ipynb.txt."""
    from grading.submissions.take_in import take_in

    for student, name in {
        "ada": "ps1.ipynb.json",
        "ben": "ps1.ipynb.txt",
        "cleo": "ps1 (1).ipynb.txt",
        "dan": "ps1.json",
    }.items():
        small.hand_in(student, nbformat.writes(small.solved()), name=name)
        intake = take_in(small.assignment, student)
        assert intake.problem is None and any(name in line for line in intake.repairs), (name, intake.problem)
        assert name not in intake.files
    small.hand_in("fay", nbformat.writes(small.solved())[:-600], name="ps1.ipynb.txt")
    assert any("could be saved" in line for line in take_in(small.assignment, "fay").repairs), "also one that is cut off"
    small.hand_in("eve", '{"cells": 3}', name="data.json")
    assert "No notebook" in take_in(small.assignment, "eve").problem
