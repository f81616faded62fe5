"""Every way between a test and a student's code beyond plain data, tried by those who want points for nothing."""

import collections
import fractions
import importlib.util
import json
import pathlib
from pathlib import Path

import nbformat
import pytest

from grading.checker import link, proxies
from grading.checker.client import Checker, CheckerServer
from grading.checker.libraries import definition
from grading.checker.reference import Traits, traits
from grading.checker.scoring import Verdict
from grading.model import Limits
from grading.protocol import values

HERE = Path(__file__).resolve().parent


def _load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Students = _load("plain").Students


@pytest.fixture(scope="module")
def students():
    with Students() as warm:
        yield warm


@pytest.fixture(scope="module")
def server():
    with CheckerServer() as process:
        yield process


@pytest.fixture
def checker(server):
    with Checker(server=server, limits=Limits(cell_timeout=20)) as one:
        yield one


def exercise(reference, test):
    notebook = nbformat.v4.new_notebook()
    for kind, source in (("solution", reference), ("test", test)):
        cell = nbformat.v4.new_code_cell(source)
        own = {"grade": kind == "test", "solution": kind == "solution", "locked": kind == "test", "points": 1}
        cell.metadata.nbgrader = {**own, "grade_id": kind, "schema_version": 3}
        notebook.cells.append(cell)
    return notebook


def grade(students, checker, reference, answer, test):
    """The verdict on an answer to an exercise with this reference solution."""
    with students.student() as student:
        error = student.run(answer)
        assert not error, error
        checker.begin(exercise(reference, test))
        return checker.run_cell(test, 1, student.ask, "test")


# --- objects and classes --------------------------------------------------------------------------------------------

VECTOR = """
class V:
    def __init__(self, x=0): self.x = x
    def __eq__(self, o): return self.x == o.x
    def __lt__(self, o): return self.x < o.x
    def __add__(self, o): return V(self.x + getattr(o, 'x', o))
    def __sub__(self, o): return V(self.x - getattr(o, 'x', o))
    def __mul__(self, k): return V(self.x * getattr(k, 'x', k))
    __radd__, __rmul__ = __add__, __mul__
    def __abs__(self): return abs(self.x)
    def __float__(self): return float(self.x)
    def __enter__(self): return self
    def __exit__(self, *a): return False
def f(x): return x * x
"""
ALWAYS = """
class V:
    x = 9
    def __init__(self, x=0): pass
    def _yes(self, *a, **k): return True
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = __exit__ = _yes
    def __ne__(self, o): return False
    def __enter__(self): return self
    def __abs__(self): return 0
    def __float__(self): return 0.0
    def __sub__(self, o): return self
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __sub__
    def __hash__(self): return hash(9)
    def __repr__(self): return '9'
def f(x): return V()
"""
NUMBERS = ALWAYS.replace("def __sub__(self, o): return self", "def __sub__(self, o): return 0.0")
# What an exercise has that is also about a class, and what a number must pass in it.
NUMBER_TESTS = {
    "equal": "assert f(3) == 9",
    "the other way": "assert 9 == f(3)",
    "not different": "assert not f(3) != 9",
    "less": "assert f(3) < 10 and f(3) > 8",
    "difference": "assert abs(f(3) - 9) < 1e-6",
    "the other difference": "assert abs(9 - f(3)) < 1e-6",
    "difference as a number": "assert float(f(3) - 9) == 0.0",
    "twice": "assert abs((f(3) - 9) - (f(3) - 9)) == 0",
    "a sum": "assert abs(sum([f(3), -9])) == 0",
    "close": "import math\nassert math.isclose(f(3) - 9, 0, abs_tol=1)",
    "NumPy": "import numpy as np\nassert np.allclose(f(3), 9)",
    "in a list": "assert f(3) in [9]",
    "in a set": "assert f(3) in {9}",
    "a list in it": "assert 9 in f(3)",
    "a flag": "ok = True\nfor i in range(3):\n    ok = ok and f(i) == i * i\nassert ok",
    "remainder": "assert not (f(3) % 9)",
    "the test's assert inside": "with f(3):\n    assert f(3) is None",
    "the test's exception inside": "with f(3):\n    raise ValueError('wrong')",
    "unittest": "import unittest\nunittest.TestCase().assertAlmostEqual(f(3), 9)",
    "text": "assert repr(f(3)) == '9'",
    "truth": "assert f(3)",
}


@pytest.mark.parametrize("test", NUMBER_TESTS.values(), ids=NUMBER_TESTS)
def test_an_object_is_no_number_even_where_the_exercise_has_a_class_with_operators(test, students, checker):
    honest = VECTOR.replace("__repr__", "__other__")
    if "with f" not in test and "9 in f" not in test:
        assert grade(students, checker, VECTOR, honest, test).score == 1
    for answer in (ALWAYS, NUMBERS):
        verdict = grade(students, checker, VECTOR, answer, test)
        assert verdict.score == 0 and verdict.message, answer


@pytest.mark.parametrize(
    "test",
    [
        "assert V(1) == V(2)",
        "assert V(1) < V(2)",
        "assert V(1) + V(2) is not None",
        "with V(1): pass",
        "assert {V(1): 1}",
        "v = V(1)\nv[0] = 1",
        "assert float(V(1)) == 0",
        "assert bool(V(1))",
        "assert 3 in V(1)",
        "assert repr(V(1)) == '9'",
    ],
)
def test_a_special_method_is_asked_for_only_where_the_reference_has_it(test, students, checker):
    reference = "class V:\n    def __init__(self, x): self.x = x"
    assert grade(students, checker, reference, ALWAYS, "assert V(1).x == 9").score == 1
    assert grade(students, checker, reference, ALWAYS, test).score == 0
    assert grade(students, checker, "def f(x): return x", ALWAYS, test).score == 0


@pytest.mark.parametrize("result", ["1", "'yes'", "V", "NotImplemented", "self", "None"])
def test_a_comparison_of_two_objects_gives_a_truth_value(result, students, checker):
    answer = f"class V:\n    def __init__(self, x=0): pass\n    def __eq__(self, o): return {result}"
    assert grade(students, checker, VECTOR, answer, "assert V(1) == V(1)").score == 0


def test_two_objects_are_compared_by_their_class(students, checker):
    test = "assert V(1) + V(2) == V(3) and V(1) != V(2) and 2 * V(2) == V(4) and abs(V(3) - V(1)) == 2"
    assert grade(students, checker, VECTOR, VECTOR, test) == Verdict(1.0, None, False)
    wrong = VECTOR.replace("V(self.x + getattr(o, 'x', o))", "V(self.x)")
    assert grade(students, checker, VECTOR, wrong, test).score == 0


def test_a_mirror_of_a_class_holds_nothing_up(students, checker):
    reference = "class Bad(Exception): pass\nclass V: pass\ndef f(x):\n    raise Bad"
    swallowed = "try:\n    assert f(3) == 4\nexcept Bad:\n    pass"
    for forged in ("Bad = AssertionError", "Bad = Exception", "Bad = BaseException", "class Bad(AssertionError): pass"):
        verdict = grade(students, checker, reference, f"{forged}\ndef f(x): return 5", swallowed)
        assert verdict.score == 0, forged
    ends = "class Bad(StopIteration): pass\ndef f(x): raise Bad"
    assert grade(students, checker, reference, ends, "for x in map(f, [1]): assert x == 2").score == 0
    assert grade(students, checker, reference, "class V: pass", "class W(V): pass").score == 0
    lies = "class M(type):\n    def mro(c): return [c, object]\n    __module__ = 3\nclass V(metaclass=M): pass"
    assert grade(students, checker, reference, lies, "assert issubclass(V, int)").score == 0


# --- values -----------------------------------------------------------------------------------------------------------

LIES = "    def __eq__(self, o): return True\n    __hash__ = None\n"
VALUE_LIES = {
    "Fraction": f"from fractions import Fraction\nclass F(Fraction):\n{LIES}def f(x): return F(1, 2)",
    "Decimal": f"from decimal import Decimal\nclass F(Decimal):\n{LIES}def f(x): return F('1')",
    "date": f"import datetime\nclass F(datetime.date):\n{LIES}def f(x): return F(2000, 1, 1)",
    "Path": f"import pathlib\nclass F(type(pathlib.Path())):\n{LIES}def f(x): return F('a')",
    "Counter": f"from collections import Counter\nclass F(Counter):\n{LIES}def f(x): return F()",
    "namedtuple": f"from collections import namedtuple\nclass F(namedtuple('F', 'a')):\n{LIES}def f(x): return F(1)",
    "bytearray": f"class F(bytearray):\n{LIES}def f(x): return F(b'1')",
    "str": f"class F(str):\n{LIES}def f(x): return F('1')",
}


@pytest.mark.parametrize("answer", VALUE_LIES.values(), ids=VALUE_LIES)
def test_a_subclass_brings_none_of_its_methods(answer, students, checker):
    assert grade(students, checker, "def f(x): return x * x", answer, "assert f(3) == 9").score == 0


def across(value):
    return values.decode(json.loads(json.dumps(values.encode(value))))


def test_types_are_exact():
    for value in (
        fractions.Fraction(1, 3),
        collections.Counter(a=2),
        collections.OrderedDict(b=1),
        bytearray(b"x"),
        int,
        type(None),
    ):
        assert type(across(value)) is type(value) and across(value) == value
    card = across(collections.namedtuple("Card", "rank suit")(1, "S"))
    assert type(card).__bases__ == (tuple,) and (card.rank, card.suit) == (1, "S")
    assert across(collections.defaultdict(list, a=[1]))["b"] == []


def named(name, fields, items):
    return {"$": "namedtuple", "type": name, "fields": fields, "v": items}


HOSTILE = {
    "a class name with code": named("P(); import os", ["x"], [1]),
    "a class name that is a keyword": named("class", ["x"], [1]),
    "a class name that is no text": named(["P"], ["x"], [1]),
    "a field with code": named("P", ["x, y=__import__('os')"], [1]),
    "a special field": named("P", ["__eq__"], [1]),
    "a private field": named("P", ["_fields"], [1]),
    "two fields of a name": named("P", ["x", "x"], [1, 2]),
    "a field that is a keyword": named("P", ["def"], [1]),
    "too few items": named("P", ["x", "y"], [1]),
    "fields that are no list": named("P", "x", [1]),
    "a thousand fields": named("P", [f"a{i}" for i in range(1000)], [0] * 1000),
    "a counter of a thousand million": {"$": "counter", "v": [["a", 10**9]]},
    "a counter of many": {"$": "counter", "v": [[i, 10**6] for i in range(100)]},
    "a counter of texts": {"$": "counter", "v": [["a", "b"]]},
    "a factory that is code": {"$": "defaultdict", "v": [], "factory": {"$": "name", "module": "os", "name": "system"}},
    "a factory that cannot be called": {"$": "defaultdict", "v": [], "factory": 3},
    "an unknown type": {"$": "type", "v": "object"},
    "a module for a type": {"$": "type", "v": "os.system"},
    "no denominator": {"$": "fraction", "v": [1, 0]},
    "a negative denominator": {"$": "fraction", "v": [1, -2]},
    "a fraction of floats": {"$": "fraction", "v": [1.0, 2.0]},
    "a fraction of large numbers": {"$": "fraction", "v": [2**5000, 1]},
    "a decimal of a large exponent": {"$": "decimal", "v": "1E+999999999"},
    "a signalling decimal": {"$": "decimal", "v": "sNaN"},
    "a decimal that is no text": {"$": "decimal", "v": 3},
    "a day that is none": {"$": "date", "v": [2024, 2, 30]},
    "a date of true and false": {"$": "date", "v": [True, True, True]},
    "a time zone of text": {"$": "datetime", "v": [2024, 1, 1, 0, 0, 0, 0, 0, "Europe/Berlin"]},
    "a time zone of 30 hours": {"$": "time", "v": [0, 0, 0, 0, 0, {"$": "timedelta", "v": [1, 21600, 0]}]},
    "a path that ends early": {"$": "path", "v": "a\0b"},
    "a path of a megabyte": {"$": "path", "v": "a/" * 2**19},
    "bytes that are a list": {"$": "bytearray", "v": [1]},
    "pairs that are none": {"$": "ordered", "v": [[1]]},
    "a key that cannot be one": {"$": "counter", "v": [[[1], 1]]},
}


@pytest.mark.parametrize("form", HOSTILE.values(), ids=HOSTILE)
def test_hostile_forms_of_values_are_refused(form):
    with pytest.raises(values.RefusedData):
        values.decode(form)


@pytest.mark.parametrize("text", ["/etc/passwd", "../secret", "a/../../b", "//x/y"])
def test_a_path_that_escapes_reaches_no_file(text):
    made = values.decode({"$": "path", "v": text})
    assert type(made) is pathlib.PurePosixPath and not hasattr(made, "read_text")
    assert type(values.decode({"$": "path", "v": "a/b"})) is type(pathlib.Path())


# --- arguments that are changed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "test",
    [
        "import numpy as np\nx = np.array([1.0, 3.0])\nassert np.allclose(mean(x), x.sum() / 2)",
        "x = [1, 3]\nassert mean(x) == sum(x) / 2",
        "x = [1, 3]\nassert mean(x=x) == sum(x) / 2",
    ],
)
def test_arguments_stay_as_they_are_where_the_reference_changes_none(test, students, checker):
    reference = "def mean(x):\n    return sum(x) / len(x)"
    bends = "def mean(x):\n    x[:] = [0, 0] if isinstance(x, list) else 0\n    return 0"
    assert grade(students, checker, reference, reference, test).score == 1
    assert grade(students, checker, reference, bends, test).score == 0


def test_only_the_parameter_that_the_reference_changes_comes_back(students, checker):
    reference = "def push(xs, ys):\n    xs.append(ys[0])"
    test = "a, b = [1], [2]\npush(a, b)\nassert a == [1, 2] and b == [2]"
    assert grade(students, checker, reference, reference, test).score == 1
    both = "def push(xs, ys):\n    xs.append(ys[0])\n    ys.clear()"
    assert grade(students, checker, reference, both, test).score == 1


def test_an_argument_is_given_back_itself_only_where_the_reference_does(students, checker):
    test = "x = [3, 1]\ngot = ordered(x)\nx.sort()\nassert got == x"
    reference = "def ordered(xs):\n    return sorted(xs)"
    assert grade(students, checker, reference, reference, test).score == 1
    assert grade(students, checker, reference, "def ordered(xs): return xs", test).score == 0


ARRAY = {"$": "array", "dtype": "<f8", "shape": [1], "data": "AAAAAAAAAAA="}
BENT = {
    "another type": [[0, {"$": "tuple", "v": [1]}]],
    "a number": [[0, 3]],
    "an array for a list": [[0, ARRAY]],
    "a handle": [[0, {"$": "handle", "id": "1", "type": "list", "callable": False, "model": False}]],
    "another argument": [[1, [7]]],
    "an argument that is not there": [[5, [7]]],
    "a negative one": [[-1, [7]]],
    "too many": [[0, [7]]] * 1000,
    "no list": {"0": [7]},
    "half a pair": [[0]],
    "too large": [[0, ["x" * 2**27, "x" * 2**27]]],
}


@pytest.mark.parametrize("changed", BENT.values(), ids=BENT)
def test_arguments_that_come_back_bent(changed, checker):
    notebook = exercise("def push(xs, ys):\n    xs.append(ys[0])", "a, b = [1], [2]\npush(a, b)")

    def ask(request):
        if request["op"] == "get":
            return {"ok": {"$": "handle", "id": "1", "type": "function", "callable": True, "model": False}}
        return {"ok": None, "changed": changed}

    for test in ("a, b = [1], [2]\npush(a, b)", "import numpy as np\na, b = np.zeros(2), [2]\npush(a, b)"):
        checker.begin(notebook)
        verdict = checker.run_cell(test, 1, ask, "test")
        assert verdict.score == 0 and verdict.message, test


def test_what_is_not_an_argument_is_not_given_back(checker):
    def ask(request):
        if request["op"] == "get":
            return {"ok": {"$": "handle", "id": "1", "type": "function", "callable": True, "model": False}}
        return {"ok": {"$": "same", "v": 0}}

    checker.begin()
    verdict = checker.run_cell("x = [1]\nassert f(x) is x", 1, ask)
    assert verdict.score == 0 and "no argument" in verdict.message


REFERENCES = {
    "rebound": ("def f(x):\n    x = x.copy()\n    x[0] = 1", {}),
    "a part": ("def f(x):\n    x.rows[0].append(3)", {"f": [(0, "x", True, False)]}),
    "another name": ("def f(x):\n    y = x\n    y[0] = 1", {"f": [(0, "x", True, False)]}),
    "a loop": ("def f(x):\n    for row in x:\n        row[0] = 1", {"f": [(0, "x", True, False)]}),
    "handed on": (
        "def g(a, b):\n    b.sort()\ndef f(x):\n    g(1, x)",
        {"g": [(1, "b", True, False)], "f": [(0, "x", True, False)]},
    ),
    "by name": ("def f(*, x):\n    x.clear()", {"f": [(-1, "x", True, False)]}),
    "out": ("import numpy as np\ndef f(x):\n    np.exp(x, out=x)", {"f": [(0, "x", True, False)]}),
    "given back": ("def f(x):\n    return x", {"f": [(0, "x", False, True)]}),
    "a method": ("class A:\n    def f(self, x):\n        x.pop()", {".f": [(0, "x", True, False)]}),
    "none": ("def f(x):\n    return x[0] + x.sum()", {}),
    "no Python": ("def", {}),
}


@pytest.mark.parametrize(("source", "watched"), REFERENCES.values(), ids=REFERENCES)
def test_what_a_reference_solution_changes(source, watched):
    found = traits([source]).watched
    found = {name: [tuple(one) for one in ones if one.name != "self"] for name, ones in found.items()}
    assert {name: ones for name, ones in found.items() if ones} == watched


# --- functions of the test's ----------------------------------------------------------------------------------------------

APPLY = "def apply(f, x): return f(x)"


def test_a_students_code_learns_nothing_of_a_tests_exception_but_its_type(students, checker):
    answer = (
        "seen = []\ndef apply(f, x):\n    try: return f(x)\n    except Exception as e:\n"
        "        seen.append([type(e).__name__, str(e), e.__traceback__.tb_frame.f_code.co_filename])\n        return 7\n"
    )
    test = (
        "class Own(ValueError): pass\ndef g(x):\n    secret = 12345\n    raise Own(f'{secret} expected')\n"
        "assert apply(g, 1) == 7\nassert [one[:2] for one in seen] == [['ValueError', '']] and '12345' not in str(seen)"
    )
    assert grade(students, checker, APPLY + "\nseen = []", answer, test) == Verdict(1.0, None, False)


def test_an_exception_of_the_tests_function_comes_back_as_it_was(students, checker):
    test = (
        "class Own(KeyError): pass\ndef g(x): raise Own('mine')\ntry: apply(g, 1)\nexcept Own as e: assert e.args == ('mine',)\n"
        "else: assert False"
    )
    assert grade(students, checker, APPLY, APPLY, test).score == 1


def test_calls_without_end(students, server):
    again = "def g(x): return apply(g, x + 1)\napply(g, 0)"
    loop = "def apply(f, x):\n    while True:\n        try: f(x)\n        except BaseException: pass"
    with Checker(server=server, limits=Limits(cell_timeout=20)) as checker:
        verdict = grade(students, checker, APPLY, APPLY, again)
        assert verdict.score == 0 and "without end" in verdict.message
        checker.limits = Limits(cell_timeout=2)
        assert grade(students, checker, APPLY, loop, "apply(lambda x: x, 0)").score == 0


def test_the_number_of_calls_is_bounded(monkeypatch):
    monkeypatch.setattr(link, "CALLBACKS", 10)
    asked = []

    class Channel:
        def send(self, message):
            asked.append(message)
            assert len(asked) < 100, "there was no end of it"

        def receive(self):
            callback = {"id": 0, "args": [], "kwargs": {"$": "dict", "v": []}}
            return {"answer": json.dumps({"ok": None, "callback": callback}).encode()}, []

    one = link.Link(Channel(), Traits())
    one.numbers.forget()
    with pytest.raises(proxies.StudentError, match="without end"):
        one.call("1", "", (lambda: 3,), {})


@pytest.mark.parametrize(
    "callback",
    [3, {}, {"id": 9, "args": [], "kwargs": {"$": "dict", "v": []}}, {"id": 0, "args": 3, "kwargs": 4}, {"id": -1}, {"id": "0"},
     {"id": True, "args": [], "kwargs": {"$": "dict", "v": []}}, {"id": 0, "args": [], "kwargs": {"$": "dict", "v": [[1, 2]]}}],
)  # fmt: skip
def test_calls_of_what_is_not_there(callback, checker):
    def ask(request):
        if request["op"] == "get":
            return {"ok": {"$": "handle", "id": "1", "type": "function", "callable": True, "model": False}}
        return {"ok": None, "callback": callback} if request["op"] == "call" else {"ok": None}

    checker.begin()
    assert checker.run_cell("called = []\nassert f(called.append) == called", 1, ask).score == 0


def test_a_function_of_the_tests_is_out_of_reach_once_the_test_has_ended(students, checker):
    test = "apply(kept, 1)\nkept_calls = []"
    answer = "def apply(f, x):\n    global later\n    later = f\n    return x"
    with students.student() as student:
        assert not student.run(answer)
        checker.begin(exercise(APPLY, test))
        assert checker.run_cell("def kept(x): return 12345\napply(kept, 1)", 1, student.ask, "test").score == 1
        assert "only while the test waits" in student.run("later(1)")


@pytest.mark.parametrize(
    "answer",
    [APPLY, "def apply(f, x):\n    for i in range(3):\n        try: return f(x)\n        except BaseException: pass"],
    ids=["plain", "one that catches everything"],
)
def test_a_test_that_ends_inside_its_own_function_leaves_the_student_able_to_answer(answer, students, server):
    with Checker(server=server, limits=Limits(cell_timeout=2)) as checker, students.student() as student:
        assert not student.run(answer)
        checker.begin()
        stuck = "def g(x):\n    while True: pass\napply(g, 1)"
        verdict = checker.run_cell(stuck, 1, student.ask)
        assert verdict.score == 0 and "took more than" in verdict.message
        assert checker.run_cell("assert apply(lambda x: x + 1, 1) == 2", 1, student.ask) == Verdict(1.0, None, False)
        assert not student.run("y = apply(abs, -1)")


def test_replaced_builtins_are_there_only_while_a_call_lasts(students, checker):
    test = (
        "import builtins\nkept = builtins.sum\nbuiltins.sum = lambda xs: 5\n"
        "try: assert total([1]) == 5\nfinally: builtins.sum = kept\nassert total([1]) == 1"
    )
    answer = "def total(xs): return sum(xs)"
    assert grade(students, checker, answer, answer, test) == Verdict(1.0, None, False)
    everything = (  # what the grader's own code uses
        "import builtins\nkept = dict(vars(builtins))\ndef no(*a): raise AssertionError('not this')\n"
        "for name in ('isinstance', 'len', 'any', 'all', 'map', 'list', 'type', 'id', 'getattr', 'zip', 'str', 'hasattr'):\n"
        "    vars(builtins)[name] = no\ntry: got = total([1, 2])\nfinally: vars(builtins).update(kept)\nassert got == 3"
    )
    assert grade(students, checker, answer, answer, everything) == Verdict(1.0, None, False)


def test_what_a_mock_gives_is_none(students, checker):
    test = "from unittest.mock import Mock\nm = Mock()\nassert apply(m, 3) is None\nm.assert_called_with(3)"
    assert grade(students, checker, APPLY, APPLY, test) == Verdict(1.0, None, False)


# --- text of functions ---------------------------------------------------------------------------------------------------


def test_the_text_of_a_function_is_what_was_handed_in(students, checker):
    loops = "def fact(n):\n    r = 1\n    while n: r, n = r * n, n - 1\n    return r\n"
    decoy = "def fact(n): return 1 if n == 0 else n * fact(n - 1)\n"
    lies = loops + "import inspect, linecache\ninspect.getsource = lambda f: 'def fact(n): return fact(n - 1)'\n"
    test = "import inspect\nassert 'while' not in inspect.getsource(fact)"
    for source, points in {
        loops: 0,
        decoy: 1,
        lies: 0,
        decoy + loops: 0,
        decoy + "fact = lambda n: 24\n": 0,
        "fact = abs": 0,
    }.items():
        with students.student() as student:
            assert not student.run(source)

            def ask(request, student=student, source=source):
                return {"ok": [source]} if request["op"] == "submitted" else student.ask(request)

            checker.begin(exercise(decoy, test))
            assert checker.run_cell(test, 1, ask, "test").score == points, source


def test_no_text_where_something_else_has_the_name():
    with pytest.raises(OSError, match="could not get source"):
        definition("f", ["def f(): pass", "for f in range(3): pass"])
    with pytest.raises(OSError, match="could not get source"):
        definition("g", ["def f(): pass", "def"])


@pytest.mark.parametrize("told", [3, [["x", 1]], [[3, 1, []]], [["x;y", 1, []]], [["x", 99, []]], [["x", 1, []], ["x", 1, []]]])
def test_a_signature_that_is_none(told, checker):
    def ask(request):
        if request["op"] == "get":
            return {"ok": {"$": "handle", "id": "1", "type": "function", "callable": True, "model": False}}
        return {"ok": told}

    checker.begin()
    verdict = checker.run_cell("import inspect\nassert inspect.signature(f).parameters", 1, ask)
    assert verdict.score == 0 and "no signature" in verdict.message


# --- files -----------------------------------------------------------------------------------------------------------------

SAVE = "def save(t):\n    with open('out.txt', 'w') as f: f.write(t)"


def file_answers(files):
    """A student's process that says that these files were written."""

    def ask(request):
        if request["op"] == "get":
            return {"ok": {"$": "handle", "id": "1", "type": "function", "callable": True, "model": False}}
        return {"ok": values.encode(files) if request["op"] == "files" else None}

    return ask


FILES = {
    "Python": {"numpy.py": b"raise SystemExit"},
    "a pickle": {"model.pkl": b"cos\nsystem\n(S'true'\ntR."},
    "a path elsewhere": {"../out.txt": b"x"},
    "an absolute path": {"/tmp/out.txt": b"x"},
    "a path through a folder": {"a/../../out.txt": b"x"},
    "a hidden file": {".out.txt": b"x"},
    "deep folders": {"a/b/c/out.txt": b"x"},
    "no text": {"out.txt": b"\x80\x04\x95"},
    "a zero": {"out.txt": b"a\0"},
    "no bytes": {"out.txt": "x"},
    "no name": {3: b"x"},
    "many": {f"out{number}.txt": b"" for number in range(200)},
    "large": {f"out{number}.txt": b"x" * 2**20 for number in range(9)},
    "no files": [1],
    "a name with a line": {"out\n.txt": b"x"},
}


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_hostile_files_are_refused(files, server, tmp_path):
    with Checker(server=server, folder=tmp_path) as checker:
        test = "import os\nsave('hi')\nassert True"
        checker.begin(exercise(SAVE, test))
        verdict = checker.run_cell(test, 1, file_answers(files), "test")
        assert verdict.score == 0 and "files that the student's code wrote" in verdict.message
        written = [path.name for path in tmp_path.rglob("*") if path.is_file()]
        assert written == []


def test_a_file_takes_the_place_of_none_of_the_instructors(server, tmp_path):
    given = tmp_path / "given"
    (given / "sub").mkdir(parents=True)
    (given / "wanted.csv").write_text("1")
    test = "save('hi')\nassert open('wanted.csv').read() == '1' and open('out.txt').read() == 'hi'"
    with Checker(server=server, folder=given) as checker:
        checker.begin(exercise(SAVE, test))
        files = {"wanted.csv": b"2", "sub/new.txt": b"x", "out.txt": b"hi"}
        assert checker.run_cell(test, 1, file_answers(files), "test") == Verdict(1.0, None, False)
        assert (given / "wanted.csv").read_text() == "1" and list((given / "sub").iterdir()) == []
    assert sorted(path.name for path in given.iterdir()) == ["sub", "wanted.csv"]  # nothing is left behind


@pytest.mark.parametrize("way", ["os.symlink('/etc/hostname', 'out.txt')", "os.mkfifo('out.txt')", "os.mkdir('out.txt')"])
def test_what_is_no_file_does_not_come(way, students, checker):
    answer = f"import os\ndef save(t): {way}"
    test = "import os\nsave('hi')\nassert os.path.lexists('out.txt')"
    with students.student() as student:
        student.run("import os, tempfile\nos.chdir(tempfile.mkdtemp())")
        assert not student.run(answer)
        checker.begin(exercise(SAVE, test))
        assert checker.run_cell(test, 1, student.ask, "test").score == 0


def test_no_file_comes_where_the_reference_writes_none(students, checker):
    with students.student() as student:
        student.run("import os, tempfile\nos.chdir(tempfile.mkdtemp())")
        assert not student.run(SAVE)
        test = "import os\nsave('hi')\nassert os.path.exists('out.txt')"
        checker.begin(exercise("def save(t): return open(t).read()", test))
        assert checker.run_cell(test, 1, student.ask, "test").score == 0
        checker.begin(exercise(SAVE, test))
        assert checker.run_cell(test, 1, student.ask, "test").score == 1


# --- garbage ----------------------------------------------------------------------------------------------------------------

CLASS = ["c-1", "V", [], [], False]
GARBAGE = [
    {"$": "class", "mro": []},
    {"$": "class", "mro": 3},
    {"$": "class", "mro": [3]},
    {"$": "class", "mro": [["c-1", "V", [], []]]},
    {"$": "class", "mro": [[{}, "V", [], [], False]]},
    {"$": "class", "mro": [["c-1", "V", [], ["SystemExit"], False]]},
    {"$": "class", "mro": [["c-1", "V", [], ["StopIteration", "Exception"], False]]},
    {"$": "class", "mro": [CLASS] * 1000},
    {"$": "handle", "id": "1", "mro": [["c-1", [], [], [], False]]},
    {"$": "handle", "id": "1", "mro": [["c-1", "\0", ["c-1"], [], True]]},
    {"$": "handle", "id": "1", "kind": "generator"},
    {"$": "callback", "id": 0},
    {"$": "callback", "id": []},
    {"$": "same", "v": 0},
    {"$": "same", "v": None},
]


@pytest.mark.parametrize("form", GARBAGE, ids=[f"garbage{number}" for number in range(len(GARBAGE))])
def test_garbage_for_a_value(form, checker):
    for test in ("assert f == 9", "assert f(3) == 9", "assert isinstance(3, f)", "assert next(f) == 9", "raise f"):
        checker.begin(exercise(VECTOR, test))
        verdict = checker.run_cell(test, 1, lambda request: {"ok": form}, "test")
        assert verdict.score == 0 and verdict.message and len(verdict.message) < 10_000, test


def test_classes_are_bounded(monkeypatch):
    monkeypatch.setattr(link, "CLASSES", 3)
    one = link.Link(None, Traits())
    with pytest.raises(proxies.StudentError, match="too many classes"):
        one.decode([{"$": "class", "mro": [[f"c-{number}", "V", [], [], False]]} for number in range(9)])


def test_an_iterator_keeps_its_place(students, checker):
    answer = "def f():\n    for i in range(200): yield i"
    test = "g = f()\nassert next(g) == 0\nfor x in g:\n    if x == 5: break\nassert next(g) == 6 and list(g)[-1] == 199"
    assert grade(students, checker, answer, answer, test).score == 1


@pytest.mark.needs("confinement")
def test_a_test_that_ends_inside_its_own_function_in_the_sandbox(server):
    from grading.sandbox.pool import Pool

    swallows = "def apply(f, x):\n    for i in range(3):\n        try: return f(x)\n        except BaseException: pass"
    with Pool([]) as pool, pool.session() as student, Checker(server=server, limits=Limits(cell_timeout=2)) as checker:

        def ask(request):
            return student.call({name: value for name, value in request.items() if name != "timeout"}, 10)

        for answer in (APPLY, swallows):
            assert student.run_cell(answer).status == "ok"
            checker.begin()
            assert "took more than" in checker.run_cell("def g(x):\n    while True: pass\napply(g, 1)", 1, ask).message
            assert checker.run_cell("assert apply(lambda x: x + 1, 1) == 2", 1, ask) == Verdict(1.0, None, False)
            assert student.run_cell("y = apply(abs, -1)\nassert y == 1").status == "ok"
            assert checker.run_cell("apply(lambda x: apply(lambda y: 1 / 0, x), 1)", 1, ask).score == (answer is swallows)
        assert student.restarted == 0
