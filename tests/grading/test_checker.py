"""The trusted checker: nbgrader's points for honest work, nothing for forgeries."""

import importlib.util
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grading.checker.client import Checker, CheckerServer
from grading.checker.scoring import Verdict, partial_credit
from grading.checker.script import Script
from grading.model import Limits
from pipeline.exercises import instructor_notebook, released_notebook

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCE = ROOT / "solutions" / "week01_knn" / "knn.py"
MODULES = ["helpers.checks", "helpers.data", "helpers.knn", "helpers.plots"]


def _load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Students = _load(HERE / "plain.py", "plain").Students
WRONG = _load(ROOT / "tests" / "exercises" / "week01_knn" / "wrong_answers.py", "wrong_answers_knn").WRONG


@pytest.fixture(scope="module", autouse=True)
def budget():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_BUDGET", "ci")
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def students(budget):
    with Students(MODULES) as warm:
        yield warm


@pytest.fixture(scope="module")
def server(budget):
    with CheckerServer(MODULES) as process:
        yield process


@pytest.fixture
def checker(server):
    with Checker(server=server, limits=Limits(cell_timeout=20)) as one:
        yield one


@pytest.fixture(scope="module")
def notebook():
    return instructor_notebook(SOURCE)


def own(cell):
    return cell.metadata.get("nbgrader", {})


def grade(notebook, student, checker, answers=None, between=None):
    """Walk through a notebook as the grader does; {grade_id: Verdict}. `answers` replace the reference solution."""
    checker.begin(notebook)
    verdicts = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if own(cell).get("grade"):
            verdicts[own(cell).grade_id] = checker.run_cell(cell.source, own(cell).points, student.ask, own(cell).grade_id)
        elif own(cell).get("solution"):
            student.run((answers or {}).get(own(cell).grade_id, cell.source))
        elif own(cell).get("locked"):
            student.run(cell.source)
    return verdicts


def total(verdicts):
    return sum(verdict.score for verdict in verdicts.values())


# --- honest work ---------------------------------------------------------------------------------------------------


def test_reference_gets_all_points(notebook, students, checker):
    with students.student() as student:
        verdicts = grade(notebook, student, checker)
    assert {name: verdict for name, verdict in verdicts.items() if verdict.message} == {}
    assert (
        total(verdicts)
        == sum(own(cell)["points"] for cell in notebook.cells if cell.cell_type == "code" and own(cell).get("grade"))
        == 18
    )


def test_untouched_gets_nothing_and_says_why(notebook, students, checker):
    stubs = {own(cell).grade_id: cell.source for cell in released_notebook(SOURCE).cells if own(cell).get("solution")}
    with students.student() as student:
        verdicts = grade(notebook, student, checker, stubs)
    assert total(verdicts) == 0
    for name, verdict in verdicts.items():
        assert verdict.message.startswith("NotWritten: not written yet: "), name
        assert verdict.hidden == name.endswith("_hidden_test"), name


# What only a check in the student's own process sees: the memory that an answer takes, and an argument that it changes.
NOT_SEEN_ACROSS = {"everything at once", "the labels shuffled in place"}


@pytest.mark.parametrize("question", WRONG)
def test_wrong_answers_lose_exactly_what_they_lose_in_nbgrader(question, notebook, students, checker, executor):
    from gate import code_cells, with_answer

    for number, (mistake, (answer, losing, advice)) in enumerate(list(WRONG[question].items())[::6]):  # the gate runs them all
        if mistake in NOT_SEEN_ACROSS:
            continue
        with students.student() as student:
            verdicts = grade(notebook, student, checker, {question: answer})
        assert not any(verdicts[name].score for name in losing), mistake
        if number % 2 == 0:  # cell by cell; the other mistakes take the same way
            outcomes = executor.run(with_answer(code_cells(notebook), question, answer), free=False)
            expected = {one.name: one.score for one in outcomes if one.role == "test"}
            assert {name: verdict.score for name, verdict in verdicts.items()} == expected, mistake
        messages = "\n".join(verdicts[name].message or "" for name in losing)
        assert advice in messages, f"{mistake}: {messages}"


@pytest.fixture(scope="module")
def executor():
    gate = _load(ROOT / "tests" / "exercises" / "gate.py", "gate")
    sys.modules["gate"] = gate
    with gate.Executor() as warm_process:
        yield warm_process


# --- what a test sees of a student's work -----------------------------------------------------------------------------


def check(students, checker, student_code, test, points=1.0, notebook=None):
    """The verdict on one test of one student's cell."""
    with students.student() as student:
        error = student.run(student_code)
        assert not error, error
        checker.begin(notebook)
        return checker.run_cell(test, points, student.ask)


HONEST = {
    "a number": ("def f(): return 3", "assert f() == 3"),
    "a variable": ("answer = 41 + 1", "assert answer == 42"),
    "a NumPy scalar": (
        "import numpy as np\ndef f(): return np.float32(1.5)",
        "import numpy as np\nassert f() == 1.5 and isinstance(f(), np.floating)",
    ),
    "an array": (
        "import numpy as np\ndef f(n): return np.arange(n)",
        "import numpy as np\nassert f(3).sum() == 3 and f(3).shape == (3,)",
    ),
    "nested": ("def f(): return {'a': [1, (2, 3)], 2: None}", "assert f() == {'a': [1, (2, 3)], 2: None}"),
    "a set": ("def f(x): return set(x)", "assert f([1, 1, 2]) == {1, 2}"),
    "a generator": (
        "def f(n):\n    for i in range(n):\n        yield i * i",
        "assert list(f(4)) == [0, 1, 4, 9]\nassert sum(f(300)) > 0",
    ),
    "a range": ("def f(): return range(3)", "assert list(f()) == [0, 1, 2]"),
    "map": ("def f(x): return map(str, x)", "assert [t for t in f([1, 2])] == ['1', '2']"),
    "an exception": (
        "def f(x):\n    if x < 0: raise ValueError('negative')\n    return x",
        "try:\n    f(-1)\nexcept ValueError as e:\n    assert 'negative' in str(e)\nelse:\n    assert False",
    ),
    "its own exception": (
        "class Bad(ValueError): pass\ndef f(): raise Bad('no')",
        "try:\n    f()\nexcept ValueError as e:\n    assert str(e) == 'no' and type(e).__name__ == 'Bad'\nelse:\n    assert 0",
    ),
    "a KeyError": ("def f(): return {}['x']", "try:\n    f()\nexcept KeyError:\n    pass\nelse:\n    assert False"),
    "its own class": (
        "class Counter:\n    def __init__(self, n): self.n = n\n    def up(self):\n        self.n += 1\n        return self",
        "c = Counter(3)\nc.up()\nassert c.up().n == 5",
    ),
    "passed on": (
        "class Box: pass\ndef make(v):\n    b = Box(); b.v = v\n    return b\ndef open_box(b): return b.v",
        "b = make(7)\nassert open_box(b) == 7\nassert open_box(b=b) == 7",
    ),
    "a function of a function": ("def make(n):\n    return lambda x: x + n", "assert make(3)(4) == 7"),
    "NumPy's function passed in": (
        "def twice(f, x): return f(f(x))",
        "import numpy as np\nassert twice(np.sqrt, 16.0) == 2 and twice(abs, -1) == 1",
    ),
    "what it prints": (
        "def hello(): print('hello', 'you')",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    hello()\n"
        "assert out.getvalue() == 'hello you\\n'",
    ),
    "the seed of NumPy": (
        "import numpy as np\ndef draw(): return np.random.rand(3)",
        "import numpy as np\nnp.random.seed(3)\ngot = draw()\nnp.random.seed(3)\nassert (got == np.random.rand(3)).all()",
    ),
    "the seed of random": (
        "import random\ndef draw(): return random.random()",
        "import random\nrandom.seed(3)\ngot = draw()\nrandom.seed(3)\nassert got == random.random()",
    ),
    "a default argument": ("def f(a, b=2, *, c=3): return a + b + c", "assert f(1) == 6 and f(1, 1, c=1) == 3"),
    "in a comprehension": (
        "def f(x): return 2 * x",
        "assert [f(i) for i in range(3)] == [0, 2, 4]\nassert all(f(i) == 2 * i for i in range(3))",
    ),
    "inside a function of the test": ("def f(x): return 2 * x", "def g():\n    return f(4)\nassert g() == 8"),
    "a magic": ("def f(): return 1", "%matplotlib inline\nassert f() == 1"),
    "object arrays": (
        "import numpy as np\ndef f():\n    a = np.empty(2, object); a[0] = [1]; a[1] = np.arange(2)\n    return a",
        "assert len(f()) == 2 and f()[1].tolist() == [0, 1]",
    ),
    "memory maps": (
        "import numpy as np, tempfile\ndef f():\n    m = np.memmap(tempfile.TemporaryFile(), 'u1', 'w+', shape=3); "
        "m[:] = 7\n    return m",
        "assert f().tolist() == [7, 7, 7]",
    ),
    "warnings": (
        "import warnings, sys\ndef f():\n    warnings.warn('old'); print('x', file=sys.stderr)\n    return 1",
        "assert f() == 1",
    ),
    "a text on stderr of the test": ("def f(): return 1", "import sys\nprint('bar', file=sys.stderr)\nassert f() == 1"),
    "text of its object": (
        "class P:\n    def __str__(self): return '(1, 2)'",
        "assert str(P()) == '(1, 2)' and f'{P()}' == '(1, 2)'",
    ),
    "callable": ("def f(): pass\nx = 3", "assert callable(f) and not callable(x)"),
    "no such name": ("def f(): pass", "try:\n    g\nexcept NameError:\n    pass\nelse:\n    assert False"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_passes(name, students, checker):
    verdict = check(students, checker, *HONEST[name])
    assert verdict == Verdict(1.0, None, False)


def cells(*sources):
    """A notebook: ("solution" | "test" | "locked" | "free", source) each."""
    notebook = nbformat.v4.new_notebook()
    for number, (kind, source) in enumerate(sources):
        cell = nbformat.v4.new_code_cell(source)
        if kind != "free":
            cell.metadata.nbgrader = {
                "grade": kind == "test",
                "solution": kind == "solution",
                "locked": kind != "solution",
                "grade_id": f"{kind}{number}",
                "points": 1,
                "schema_version": 3,
            }
        notebook.cells.append(cell)
    return notebook


def test_the_quickstart_of_nbgrader_works(students, checker):
    # Its test takes a function away from another function that must use it.
    notebook = cells(
        ("solution", "def squares(n):\n    if n < 1: raise ValueError('n')\n    return [i ** 2 for i in range(1, n + 1)]"),
        ("test", "assert squares(2) == [1, 4]"),
        ("solution", "def sum_of_squares(n):\n    return sum(squares(n))"),
        ("test", "assert sum_of_squares(3) == 14"),
        (
            "test",
            "orig_squares = squares\ndel squares\ntry:\n    sum_of_squares(1)\nexcept NameError:\n    pass\nelse:\n"
            "    raise AssertionError('does not use squares')\nfinally:\n    squares = orig_squares",
        ),
        ("test", "assert squares(1) == [1] and sum_of_squares(1) == 1"),
    )
    with students.student() as student:
        assert total(grade(notebook, student, checker)) == 4
    alone = {"solution2": "def sum_of_squares(n): return sum(i * i for i in range(1, n + 1))"}
    with students.student() as student:
        verdicts = grade(notebook, student, checker, alone)
    assert total(verdicts) == 3 and "does not use squares" in verdicts["test4"].message


def test_names_of_tests_and_students_follow_each_other_as_in_one_notebook(students, checker):
    notebook = cells(
        ("free", "import math"),
        ("free", "def oracle(x):\n    return math.sqrt(x)\nprint(oracle(2))\nLIMIT = 1e-9"),
        ("solution", "k = 1"),
        ("test", "assert k == 1\nk = 99"),
        ("solution", "k = 2\ndef root(x): return x ** 0.5"),
        ("test", "assert k == 2 and abs(root(2) - oracle(2)) < LIMIT"),
    )
    with students.student() as student:
        student.run("oracle = LIMIT = math = None")
        assert total(grade(notebook, student, checker)) == 2


def test_what_tests_need_of_free_cells_never_comes_from_the_student(students, checker):
    notebook = cells(
        ("free", "import numpy as np\ndef oracle(x):\n    return x + 1"),
        ("solution", "def f(x): return x + 1"),
        ("test", "np.testing.assert_allclose(f(1), oracle(1))"),
        ("free", "result = f(2)"),
        ("test", "assert result == 3"),
    )
    forged = {
        "solution1": "import numpy as np\ndef f(x): return 7\ndef oracle(x): return 7\nresult = 3\n"
        "np.testing.assert_allclose = lambda *a: None"
    }
    with students.student() as student:
        verdicts = grade(notebook, student, checker, forged)
    assert total(verdicts) == 0


def test_script_takes_only_what_tests_need(notebook):
    steps = [step for step in Script(notebook).steps if step.kind == "setup"]
    names = [step.grade_id for step in steps]
    assert "setup" in names and not {"image_distance", "predict"} & set(names)


# --- forgeries -----------------------------------------------------------------------------------------------------


RIGHT = """
import numpy as np
np.testing.assert_allclose(f(3), 9.0)
assert f(2) == 4
assert isinstance(f(2), (int, float, np.number))
"""
ALWAYS = """
class Always:
    __hash__ = None
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __bool__(self): return True
    def __len__(self): return 1
    def __float__(self): return 4.0
    def __int__(self): return 4
    __index__ = __int__
    def __array__(self, *a, **k):
        import numpy
        return numpy.array(4.0)
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __abs__ = lambda self, *a: 0.0
    def __iter__(self): return iter([4])
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __str__(self): return '4'
    __class__ = float
"""
FORGED = {
    "always equal": ALWAYS + "def f(x): return Always()",
    "an always equal float": ALWAYS + "class F(float):\n    __eq__ = Always.__eq__; __hash__ = None\n"
    "    __sub__ = __rsub__ = lambda s, o: 0.0\n"
    "def f(x): return F(1.0)",
    "an always equal int": ALWAYS + "class I(int):\n    __eq__ = Always.__eq__; __hash__ = None\ndef f(x): return I(1)",
    "an always equal array": ALWAYS + "import numpy as np\nclass A(np.ndarray):\n    __eq__ = Always.__eq__\n"
    "    def __array_ufunc__(self, *a, **k): return np.True_\n"
    "    def all(self, *a, **k): return True\n"
    "def f(x): return np.zeros(()).view(A)",
    "an always equal text": ALWAYS + "class S(str):\n    __eq__ = Always.__eq__; __hash__ = None\ndef f(x): return S('4')",
    "an always equal dict": ALWAYS + "class D(dict):\n    __eq__ = Always.__eq__; __hash__ = None\ndef f(x): return D()",
    "the function is an object": ALWAYS + "f = Always()",
    "lies about its class": ALWAYS + "class L(Always):\n    __class__ = property(lambda s: float)\ndef f(x): return L()",
    "a class of NumPy's name": "import numpy\nclass float64:\n    def __eq__(s, o): return True\nfloat64.__module__ = 'numpy'\n"
    "def f(x): return float64()",
    "a class of TensorFlow's name": "class Tensor:\n    shape = ()\n    def __array__(s, *a, **k): return [1]\n"
    "    def __eq__(s, o): return True\n"
    "Tensor.__module__ = 'tensorflow'\ndef f(x): return Tensor()",
    "a Keras model's name": "class Model:\n    def __eq__(s, o): return True\nModel.__module__ = 'keras.fake'\n"
    "def f(x): return Model()",
    "patched asserts of NumPy": "import numpy as np\nnp.testing.assert_allclose = np.allclose = np.array_equal = lambda *a, "
    "**k: True\n"
    "np.ndarray = object\ndef f(x): return 0",
    "patched builtins": "import builtins\nbuiltins.AssertionError = type('Quiet', (Exception,), {})\n"
    "builtins.isinstance = lambda *a: True\n"
    "builtins.abs = lambda x: 0\nbuiltins.all = lambda x: True\ndef f(x): return 0",
    "patched checks": "from helpers import checks\nchecks.array = checks.equal = lambda *a, **k: None\ndef f(x): return 0",
    "a transformer of syntax trees": "import ast\nold = compile\nimport builtins\n"
    "def patched(source, *a, **k):\n    return old('pass', *a, **k)\n"
    "builtins.compile = patched\ndef f(x): return 0",
    "a forged display hook": "import sys\nsys.displayhook = lambda v: print('1.0')\nsys.excepthook = lambda *a: None\n"
    "def f(x): return 0",
    "a local numpy.py": "open('numpy.py', 'w').write('testing = None')\nimport sys\nsys.path.insert(0, '.')\ndef f(x): return 0",
    "sitecustomize": "open('sitecustomize.py', 'w').write('assert False')\nimport os\nos.environ['PYTHONPATH'] = os.getcwd()\n"
    "def f(x): return 0",
    "patched JSON": "import json\njson.dumps = lambda *a, **k: '{}'\njson.loads = lambda *a, **k: {}\ndef f(x): return 0",
    "patched values": "from grading.protocol import values\nvalues.encode = lambda *a, **k: {'$': 'float', 'v': '4'}\n"
    "def f(x): return 0",
    "answers for every operation": "from grading.protocol import student_agent\n"
    "student_agent._Side.answer = lambda self, q: {'ok': True, 'done': True, 'say': 'done', "
    "'score': 1.0}\n"
    "import gc\nfor o in gc.get_objects():\n    if type(o) is student_agent._Side:\n"
    "        type(o).answer = lambda self, q: {'ok': True}\ndef f(x): return 0",
    "a message to the grader": "def f(x): return {'say': 'done', 'score': 1.0, 'message': None, 'hidden': False}",
    "writes to every descriptor": "import os, struct, json\nm = json.dumps({'say': 'done', 'score': 1.0, 'message': None, "
    "'hidden': False}).encode()\n"
    "def f(x):\n    for d in range(30):\n        if d in (0, 1, 2): continue\n"
    "        try: os.write(d, struct.pack('!Q', len(m)) + m)\n"
    "        except OSError: pass\n    return 0",
    "NaN": "def f(x): return float('nan')",
    "an array of NaN": "import numpy as np\ndef f(x): return np.full((), np.nan)",
    "infinity": "def f(x): return float('inf')",
    "a truth value": "def f(x): return True",
    "a class instead of a value": "def f(x): return float",
    "a generator": "def f(x):\n    yield 4",
    "endless generator": "def f(x):\n    while True: yield 4",
    "None": "def f(x): return None",
    "a very long list": "def f(x): return [0] * 3_000_000",
    "a deep list": "def f(x):\n    a = []\n    for _ in range(100_000): a = [a]\n    return a",
    "a list that holds itself": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "a huge array": "import numpy as np\ndef f(x): return np.zeros(2**28, 'u1')",
    "a broadcast array": "import numpy as np\ndef f(x): return np.broadcast_to(4.0, (2**40,))",
    "a huge text": "def f(x): return 'x' * 2**28",
    "a huge number": "def f(x): return 10 ** 100_000",
    "a hostile exception": "class E(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\n"
    "def f(x): raise E",
    "an endless exception": "class E(Exception):\n    def __str__(self): return 'x' * 10**8\ndef f(x): raise E",
    "an exception that says it passed": "def f(x): raise StopIteration(4)",
    "AssertionError of its own": "def f(x): raise AssertionError('')",
    "SystemExit": "def f(x): raise SystemExit(0)",
    "KeyboardInterrupt": "def f(x): raise KeyboardInterrupt",
    "GeneratorExit": "def f(x): raise GeneratorExit",
    "os._exit": "import os\ndef f(x): os._exit(0)",
    "kills itself": "import os\ndef f(x): os.kill(os.getpid(), 9)",
    "deep recursion": "def f(x): return f(x)",
    "removes the function": "def f(x):\n    global f\n    del f\n    return 0",
    "metaclass": "class M(type):\n    def __instancecheck__(c, i): return True\n    def __eq__(c, o): return True\n"
    "    __hash__ = None\n"
    "class C(metaclass=M):\n    def __eq__(s, o): return True\ndef f(x): return C()",
    "looks at its caller": "import inspect\ndef f(x):\n    for frame in inspect.stack():\n"
    "        for name, value in frame.frame.f_locals.items():\n"
    "            if 'expected' in name or 'score' in name: return value\n    return 0",
    "searches memory for the answer": "import gc\ndef f(x):\n    for o in gc.get_objects():\n"
    "        if isinstance(o, dict) and 'points' in o: return 4.0\n    return 0",
    "a dict of colliding keys": "def f(x): return {i * (2**61 - 1): 0 for i in range(3000)}",
}


@pytest.mark.parametrize("name", FORGED)
def test_forgeries_are_worth_nothing(name, students, checker):
    verdict = check(students, checker, FORGED[name], RIGHT)
    assert verdict.score == 0 and verdict.message and len(verdict.message) < 10_000
    verdict.message.encode()


LOOSE = {  # tests as instructors write them, which a forged value must not slip through
    "a flag": "ok = True\nfor i in range(3):\n    ok = ok and (f(i) == i * i)\nassert ok",
    "not different": "assert not (f(3) != 9)",
    "close enough": "import math\nassert math.isclose(f(3), 9)",
    "difference": "assert abs(f(3) - 9) < 1e-6",
    "in a list": "assert f(3) in [9]",
    "list equals": "assert [f(i) for i in range(3)] == [0, 1, 4]",
    "map": "for got, want in zip(map(f, range(3)), [0, 1, 4]):\n    assert got == want",
    "all": "assert all(map(lambda i: f(i) == i * i, range(3)))",
    "exceptions are swallowed": "try:\n    ok = f(3) == 9\nexcept Exception:\n    ok = False\nassert ok",
    "NumPy": "import numpy as np\nassert np.allclose(f(3), 9)",
    "array_equal": "import numpy as np\nassert np.array_equal(f(3), np.array(9))",
    "unittest": "import unittest\nunittest.TestCase().assertEqual(f(3), 9)",
    "helpers": "from helpers import checks\nchecks.equal(f(3), 9, 'f(3)')\nchecks.array(f(3), 9, 'f(3)')",
    "as a score": "1.0 * (f(3) == 9)",
    "value": "f(3) == 9",
    "sum": "sum(f(i) == i * i for i in range(2, 6)) / 4",
    "text": "assert repr(f(3)) == '9'",
    "dict": "assert {'a': f(3)} == {'a': 9}",
    "sorted": "assert sorted([f(3), f(1)]) == [1, 9]",
    "match": "match f(3):\n    case 9: pass\n    case _: raise AssertionError('no')",
}


@pytest.mark.parametrize("test", LOOSE.values(), ids=LOOSE.keys())
def test_loose_tests_hold_against_forged_values(test, students, checker):
    names = [
        "always equal",
        "an always equal float",
        "an always equal int",
        "lies about its class",
        "NaN",
        "None",
        "an exception that says it passed",
        "SystemExit",
        "GeneratorExit",
        "the function is an object",
    ]
    assert check(students, checker, "def f(x): return x * x", test).score == 1
    for name in names:
        assert check(students, checker, FORGED[name], test).score == 0, name


def test_answers_that_take_forever(students, server):
    with Checker(server=server, limits=Limits(cell_timeout=1)) as checker, students.student() as student:
        student.run("def f(x):\n    while x > 2: pass\n    return x * x")
        checker.begin()
        verdict = checker.run_cell("assert f(3) == 9", 1, student.ask)
        assert verdict.score == 0 and verdict.message.startswith("no answer")


def test_a_test_that_takes_forever_because_of_an_answer(students, server):
    # Every single answer comes at once, but there is no end of them.
    with Checker(server=server, limits=Limits(cell_timeout=60)) as checker, students.student() as student:
        student.run("import itertools\ndef f(): return itertools.count()\ndef g(): return 3")
        checker.begin()
        assert checker.run_cell("table = {'a': 1}", None, student.ask).message is None
        checker.limits = Limits(cell_timeout=1.5)
        verdict = checker.run_cell("assert sum(f()) == 3", 1, student.ask)
        assert verdict.score == 0 and "took more than 1.5 s" in verdict.message
        checker.limits = Limits(cell_timeout=60)
        # The checker goes on in a fresh process that knows what was there.
        assert checker.run_cell("assert g() == 3 and table == {'a': 1}", 1, student.ask) == (1, None, False)


def test_a_test_that_ends_its_process(students, checker):
    with students.student() as student:
        student.run("def f(): return 3")
        checker.begin()
        verdict = checker.run_cell("import os\nf()\nos._exit(0)", 1, student.ask)
        assert verdict.score == 0 and "ended" in verdict.message
        assert checker.run_cell("assert f() == 3", 1, student.ask).score == 1


def test_a_dead_student_gives_no_answer_that_a_test_could_swallow(students, checker):
    test = "try:\n    f(4)\nexcept Exception:\n    pass\nassert True"
    with students.student() as student:
        student.run("import os\ndef f(x): os._exit(1)")
        checker.begin()
        verdict = checker.run_cell(test, 1, student.ask)
        assert verdict.score == 0 and "no answer" in verdict.message


GARBAGE = [
    None,
    [],
    "text",
    3,
    {},
    {"ok": {"$": "code"}},
    {"ok": {"$": "handle"}},
    {"ok": {"$": "handle", "id": [], "type": 3}},
    {"error": 3},
    {"error": {}},
    {"error": {"type": [], "bases": {"a": 1}, "message": 7}},
    {"missing": 1},
    {"error": {"type": "StopIteration", "bases": ["StopIteration"], "message": "9"}},
    {"ok": {"$": "array", "dtype": "O", "shape": [], "data": ""}},
    {"ok": True, "printed": [1]},
    {"gone": ["x"]},
    {"ok": object()},
    {"ok": float("nan")},
    {"ok": {"$": "handle", "id": "1", "type": "x" * 10**6, "callable": "yes", "model": True}},
]


@pytest.mark.parametrize("answer", GARBAGE, ids=[f"garbage{number}" for number in range(len(GARBAGE))])
def test_garbage_for_an_answer(answer, checker):
    checker.begin()
    for test in (
        "assert f(3) == 9",
        "for x in f: assert x == 9\nassert len(f) == 3",
        "ok = f == 9\nassert ok",
        "assert f.a == 9",
    ):
        verdict = checker.run_cell(test, 1, lambda request: answer)
        assert verdict.score == 0 and verdict.message and len(verdict.message) < 10_000


def test_stale_handles_do_not_fit_a_new_process(students, checker):
    checker.begin()
    with students.student() as first:
        first.run("def f(): return 1")
        checker.run_cell("kept = f\nassert kept() == 1", 1, first.ask)
    with students.student() as second:
        second.run("def f(): return 1")
        verdict = checker.run_cell("assert kept() == 1", 1, second.ask)
        assert verdict.score == 0 and "process that has ended" in verdict.message


def test_students_do_not_see_each_other_nor_the_tests(students, checker):
    secret = "### BEGIN HIDDEN TESTS\nsecret = 12345\nassert f(secret - 1) == 12344, 'the secret is 12345'\n### END HIDDEN TESTS"
    with students.student() as student:
        student.run("seen = []\ndef f(x):\n    seen.append(str(globals().get('secret')))\n    return x\ndef told(): return seen")
        checker.begin()
        assert checker.run_cell(secret, 1, student.ask).score == 1
        assert checker.run_cell("assert told() == ['None'], told()", 1, student.ask).score == 1
        checker.begin()
        assert "NameError" in checker.run_cell("secret", 1, student.ask).message


# --- points and messages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "score", "says"),
    [
        (2.5, 2.5, "partial"),
        (np.float64(2.5), 2.5, "partial"),
        (np.float32(1), 1, "partial"),
        (np.int64(4), 4, None),
        (0, 0, "partial"),
        (-1, 0, "taken as 0"),
        (5, 4, "taken as 4"),
        (float("nan"), 0, "nan"),
        (float("inf"), 4, "taken as 4"),
        (-float("inf"), 0, "taken"),
        (10**400, 4, "taken as 4"),
        (False, 0, "False"),
        (True, 4, None),
        (np.False_, 0, "False"),
        (np.bool_(True), 4, None),
        ("2/4", 2, "2/4"),
        ("9/4", 4, "taken as 4"),
        ("-1/4", 0, "taken as 0"),
        ("1/0", 4, None),
        ("2.5", 2.5, "partial"),
        ("fine", 4, None),
        ([1], 4, None),
        (np.array([1.0]), 4, None),
        (np.array(1.5), 1.5, "partial"),
        ({"a": 1}, 4, None),
    ],
)
def test_partial_credit(value, score, says):
    got, message = partial_credit(value, 4)
    assert type(got) is float and got == score
    assert message is None if says is None else says in message


@pytest.mark.parametrize(
    ("test", "score"),
    [
        ("2.5", 2.5),
        ("2.5;", 4),
        ("x = 2.5", 4),
        ("None", 4),
        ("'all fine'", 4),
        ("f(1)", 4),
        ("min(f(1), 3)", 3),
        ("f(-1)", 0),
        ("f", 0),
        ("", 4),
        ("# a comment", 4),
        ("print(1)", 4),
        ("1/0", 0),
        ("def", 0),
    ],
)
def test_score_of_the_last_line(test, score, students, checker):
    assert check(students, checker, "def f(x): return 1000 * x", test, points=4).score == score


def test_messages(students, checker):
    code = "def f(x): return x + 1\ndef g(x):\n    y = x * 2\n    raise TypeError('no \\x1b[31m\\ud800 numbers')"
    cases = {
        "assert f(1) == 3, 'add two'": "AssertionError: add two",
        "x = 1\nassert f(x) == 3": "AssertionError: assert f(x) == 3",
        "from helpers import checks\nchecks.equal(f(1), 3, 'f(1)', 'Add two.')": (
            "CheckFailed: f(1) is 2, expected 3: one too few. Add two."
        ),
        "g(1)": "TypeError: no [31m? numbers\n  in g, line 4",
        "f(1, 2, 3)": "TypeError: f() takes 1 positional argument but 3 were given",
        "no_such(1)": "NameError: name 'no_such' is not defined",
        "f(object())": "NotPlain: a test can pass plain data and functions to a student's function, not a value of type object",
    }
    for test, message in cases.items():
        verdict = check(students, checker, code, test)
        assert verdict.score == 0 and verdict.message.startswith(message), verdict.message


def test_whether_a_message_came_from_a_hidden_test(students, checker):
    test = (
        "def again(x):\n    return f(x)\nassert again(1) == 2, 'seen'\n### BEGIN HIDDEN TESTS\n"
        "assert again(2) == 3, 'unseen'\n### END HIDDEN TESTS\nassert again(3) == 4, 'seen again'"
    )
    for code, message, hidden in [
        ("0", "seen", False),
        ("x + 1 if x == 1 else 0", "unseen", True),
        ("x + 1 if x < 3 else 0", "seen again", False),
        ("x + 1 if x != 2 else 1/0", "division", True),
    ]:
        verdict = check(students, checker, f"def f(x): return {code}", test)
        assert message in verdict.message and verdict.hidden is hidden, code


def test_what_a_test_prints(students, checker):
    check(students, checker, "def f(x): print('from f')", "print('from the test')\nf(1)")
    assert checker.printed == "from the test\nfrom f\n"


def test_nothing_is_left_behind():
    with Checker() as checker:
        checker.begin()
        checker.run_cell("import subprocess\nsubprocess.Popen(['sleep', '300'])", 1, lambda request: {})
        process = checker._server._own.process.pid
        child = checker._child
    groups = {int(entry[4]) for path in Path("/proc").glob("[0-9]*/stat") if (entry := stat(path)) and entry[2] != "Z"}
    assert not groups & {process, child}


def stat(path):
    """The fields of a process's status, or None if it has ended."""
    try:
        head, _, tail = path.read_text().rpartition(")")
    except OSError:
        return None
    return [*head.partition(" (")[::2], *tail.split()]


# --- Keras models ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_keras(budget):
    with Students(["keras", "tensorflow"]) as students, Checker(["keras", "tensorflow"], Limits(cell_timeout=90)) as checker:
        yield students, checker


BUILD = """
import keras, numpy as np
def build(n=3):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(n, activation="tanh"), keras.layers.Dense(2)])
def train(model, x, y):
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=1, verbose=0)
    return model
def first(model): return model.layers[0].units
def told(model, x): return model.predict(x, verbose=0)
"""


def test_a_keras_model_is_rebuilt_and_measured_here(with_keras):
    students, checker = with_keras
    with students.student() as student:
        assert not student.run(BUILD)
        checker.begin()
        for test in (
            "import keras, numpy as np\nm = build()\nassert isinstance(m, keras.Model) and m.count_params() == 23\n"
            "assert m.output_shape == (None, 2) and [type(l).__name__ for l in m.layers] == ['Dense', 'Dense']",
            "before = m.predict(np.ones((5, 4)), verbose=0)\nassert before.shape == (5, 2) and first(m) == 3",
            "train(m, np.ones((8, 4)), np.zeros((8, 2)))\nafter = m.predict(np.ones((5, 4)), verbose=0)\n"
            "assert not np.allclose(before, after) and np.allclose(after, told(m, np.ones((5, 4))), atol=1e-6)",
        ):
            assert checker.run_cell(test, 1, student.ask) == (1, None, False), checker.traceback


MODELS = {
    "a Lambda layer": "keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x)])",
    "a layer of its own": "keras.Sequential([keras.layers.Input((4,)), Own()])",
    "a model of its own": "OwnModel()",
    "a model that lies": "Lying([keras.layers.Input((4,)), keras.layers.Dense(2)])",
    "a config that imports": "Importing([keras.layers.Input((4,)), keras.layers.Dense(2)])",
}
OWN = """
import keras
class Own(keras.layers.Layer):
    def call(self, x): return x
class OwnModel(keras.Model):
    def call(self, x): return x
    def predict(self, *a, **k): return 42
    def count_params(self): return 14
class Lying(keras.Sequential):
    def predict(self, *a, **k): return 42
    def count_params(self): return 14
class Importing(keras.Sequential):
    pass
old = keras.saving.serialize_keras_object
def forged(model):
    config = old(model)
    if type(model) is Importing:
        config = {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None}
    return config
keras.saving.serialize_keras_object = forged
"""


@pytest.mark.parametrize("name", MODELS)
def test_models_that_are_code_are_refused(name, with_keras):
    students, checker = with_keras
    with students.student() as student:
        assert not student.run(OWN + f"def build(): return {MODELS[name]}")
        checker.begin()
        verdict = checker.run_cell("m = build()\nassert m.count_params() == 14 or m.predict(1) == 42", 1, student.ask)
        assert verdict.score == 0 and "cannot be checked" in verdict.message, verdict


@pytest.mark.needs("confinement")
@pytest.mark.parametrize(
    ("test", "refused"),
    [
        ("open({out!r} + '/x', 'w')", "PermissionError"),
        ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("import os\nos.kill(os.getppid(), 0)", "PermissionError"),
        ("import tempfile\nwith tempfile.TemporaryFile() as file: file.write(b'x')\nopen('own', 'w').write('x')", None),
        ("import subprocess\nsubprocess.run(['true'], check=True)", None),
    ],
)
def test_test_cells_are_confined_too(test, refused, tmp_path):
    with Checker() as checker:
        verdict = checker.run_cell(test.format(out=str(tmp_path)), 1, lambda request: {})
    assert (verdict.message or "").startswith(refused or "") and verdict.score == (0 if refused else 1)
