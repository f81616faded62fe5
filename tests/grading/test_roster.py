"""The roster: read as spreadsheets write it, refused where it would mix people up."""

import pytest

from grading.nbgrader.course import CourseError
from grading.nbgrader.roster import course_roster, read_roster, twins, twins_said

HEAD = "id,first_name,last_name,email,lms_user_id,login,other_names\n"


def write(folder, text, encoding="utf-8"):
    path = folder / "roster.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_spreadsheets_write(tmp_path, separator):
    text = "\ufeffID;First Name;Last name;E-Mail;group;lms_user_id;login\r\nada;Ada;Byron;ada@x.org;A;17|18;j_doe\r\n;;;;;;\r\n"
    roster = read_roster(write(tmp_path, text.replace(";", separator)))
    (ada,) = roster.students
    assert (ada.id, ada.name, ada.email, ada.lms_user_id, ada.login) == (
        "ada",
        "Ada Byron",
        "ada@x.org",
        ("17", "18"),
        ("j_doe",),
    )
    assert roster.by_key("18").id == roster.by_key("J_DOE").id == roster.by_name("Byron, Ada")[0].id == "ada"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("name,email\nAda,a@x\n", "no column 'id'.*it says: name, email"),
        (HEAD, "no students"),
        (HEAD + "ada,A,B\nada,C,D\n", "lines 2 and 3 have the same id"),
        (HEAD + "ada,A,B\nAda ,C,D\n", "lines 2 and 3 have the same id"),
        (HEAD + "7,A,B\n007,C,D\n", "lines 2 and 3 have the same id"),
        (HEAD + "ada,A,B,,17\nben,C,D,,17\n", "same lms_user_id: '17'"),
        (HEAD + "ada,A,B,,,x\nben,C,D,,,X\n", "same login"),
        (HEAD + "ada,A,B,a@x.org\nben,C,D,A@X.org\n", "same email"),
        (HEAD + ",A,B\n", "line 2 has no id"),
        (HEAD + "../ada,A,B\n", "line 2: '../ada' cannot be the name of a folder"),
        (HEAD + "a<b>,A,B\n", "cannot be the name of a folder"),
        (HEAD + "ada,Byron, Ada,a,b,c,d,e,f\n", "line 2 has 9 values for 7 columns.*quotation marks"),
        ("id,login,login\nada,a,b\n", "column 'login' twice"),
        (HEAD + 'ada,"A,B\n', "no CSV file"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, said):
    with pytest.raises(CourseError, match=said):
        read_roster(write(tmp_path, text))


def test_another_encoding_is_named(tmp_path):
    with pytest.raises(CourseError, match="not UTF-8"):
        read_roster(write(tmp_path, HEAD + "zoe,Zoë,B\n", "latin-1"))


def test_names_that_two_people_have_find_neither(tmp_path):
    roster = read_roster(write(tmp_path, HEAD + "ada1,Ada,Byron\nada2,Byron,Ada\nzoe,Zoë,King,,,,Zoe K.|Zoë Müller\n"))
    assert roster.by_name("Ada Byron") == (None, "the roster has 2 students of the name 'Ada Byron': ada1, ada2")
    assert roster.by_name("Zoe\u0308 King")[0].id == roster.by_name("zoek")[0].id == "zoe"
    assert roster.by_name("") == (None, "nobody on the roster has this name")


def test_an_id_that_fits_by_chance_does_not_count_against_the_name(tmp_path):
    roster = read_roster(write(tmp_path, HEAD + "17,Ada,Byron\n18,,\n"))
    assert roster.by_key("17", "Ben King") is None and roster.by_key("17", "byronada").id == "17"
    assert roster.by_key("18", "Ben King").id == "18"


def test_ids_that_may_be_one_student():
    assert twins(["Zoë", "Zoe\u0308", "ada", "ada ", "7", "007", "ben"]) == [["007", "7"], ["Zoe\u0308", "Zoë"], ["ada", "ada "]]
    assert twins_said(["Zoë", "Zoe\u0308"]) == ["'Zoe\\u0308' and 'Zo\\xeb' are different ids, and may be one student"]


def test_where_it_is(small, tmp_path):
    assert course_roster(small.course) is None
    write(small.root, "id\nada\n")
    assert course_roster(small.course).ids() == ["ada"]
    other = small.root / "people.csv"
    other.write_text("id\nben\n")
    (small.root / "nbgrader_config.py").write_text("c = get_config()\nc.Grading.roster = 'people.csv'\n")
    assert course_roster(small.course).ids() == ["ben"]
    assert course_roster(small.course, small.root / "roster.csv").ids() == ["ada"]
    with pytest.raises(CourseError, match="cannot be read"):
        course_roster(small.course, tmp_path / "none.csv")
