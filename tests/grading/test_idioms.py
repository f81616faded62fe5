"""Ordinary ways to write a test: a right answer gets the points and a wrong one does not, in a batch as an instructor runs it."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.needs("confinement")

# name: (right answer, test, wrong answer). All of them stand in one notebook: names are used once.
IDIOMS = {
    "value": ("def third(x): return x / 3", "assert third(6) == 2", "def third(x): return x // 4"),
    "variable": ("primes = [2, 3, 5]", "assert primes[-1] == 5 and len(primes) == 3", "primes = [2, 3]"),
    "kwargs": (
        "def tags(*names, **more): return [*names, *sorted(more)]",
        "assert tags('p', q=1, b=2) == ['p', 'b', 'q']",
        "def tags(*names, **more): return sorted(more)",
    ),
    "list_in_place": (
        "def double_all(xs):\n    for i, x in enumerate(xs):\n        xs[i] = 2 * x",
        "given = [1, 5]\ndouble_all(given)\nassert given == [2, 10]",
        "def double_all(xs):\n    xs = [2 * x for x in xs]",
    ),
    "nested_in_place": (
        "def transpose(m):\n    for i in range(len(m)):\n        for j in range(i):\n"
        "            m[i][j], m[j][i] = m[j][i], m[i][j]",
        "m = [[1, 2], [3, 4]]\nfirst = m[0]\ntranspose(m)\nassert m == [[1, 3], [2, 4]] and m[0] is first",
        "def transpose(m):\n    m[:] = [list(row) for row in zip(*m)]",
    ),
    "dict_in_place": (
        "def count_word(table, word):\n    table[word] = table.get(word, 0) + 1",
        "table = {'a': 1}\ncount_word(table, 'a')\ncount_word(table=table, word='b')\nassert table == {'a': 2, 'b': 1}",
        "def count_word(table, word):\n    table[word] = 1",
    ),
    "set_in_place": (
        "def visit(seen, place):\n    seen.add(place)",
        "seen = {1}\nvisit(seen, 2)\nassert seen == {1, 2}",
        "def visit(seen, place):\n    return seen | {place}",
    ),
    "array_in_place": (
        "import numpy as np\ndef centre(a):\n    a -= a.mean()",
        "import numpy as np\na = np.array([1.0, 3.0])\ncentre(a)\nassert np.allclose(a, [-1, 1])",
        "import numpy as np\ndef centre(a):\n    return a - a.mean()",
    ),
    "shuffle": (
        "import random\ndef mix(xs):\n    random.shuffle(xs)",
        "import random\nrandom.seed(1)\nxs = list(range(20))\nmix(xs)\n"
        "assert xs != list(range(20)) and sorted(xs) == list(range(20))",
        "def mix(xs):\n    xs.append(0)",
    ),
    "same_object": (
        "def put(xs, x):\n    xs.append(x)\n    return xs",
        "mine = []\nassert put(mine, 3) is mine and mine == [3]",
        "def put(xs, x): return [*xs, x]",
    ),
    "not_the_same_object": (
        "def extended(xs, x): return [*xs, x]",
        "mine = [1]\nassert extended(mine, 3) == [1, 3] and mine == [1]",
        "def extended(xs, x): return [x]",
    ),
    "input_kept": (
        "def flipped(x): return x[::-1].copy()",
        "import numpy as np\nfrom helpers import limits\n"
        "assert list(limits.keeps_input(flipped, np.array([1, 2]))) == [2, 1]\n"
        "assert limits.keeps_input(flipped, x=np.array([3])) == 3",
        "def flipped(x):\n    x[:] = x[::-1].copy()\n    return x.copy()",
    ),
    "lambda": (
        "def thrice(f, x): return f(f(f(x)))",
        "assert thrice(lambda v: 2 * v, 1) == 8",
        "def thrice(f, x): return f(f(x))",
    ),
    "own_function": (
        "def argmax(f, xs):\n    return max(xs, key=f)",
        "def height(x): return -(x - 3) ** 2\nassert argmax(height, range(10)) == 3",
        "def argmax(f, xs):\n    return xs[0]",
    ),
    "function_calls_back": (
        "def power(f, n): return (lambda x: x) if n == 0 else (lambda x: f(power(f, n - 1)(x)))",
        "assert power(lambda v: v + 2, 4)(1) == 9",
        "def power(f, n): return f",
    ),
    "callback_raises": (
        "def attempts(f, n):\n    for i in range(n):\n        try: return f(i)\n        except ValueError: pass",
        "def late(i):\n    if i < 2: raise ValueError('early')\n    return i\nassert attempts(late, 5) == 2",
        "def attempts(f, n): return f(0)",
    ),
    "library_function": (
        "def apply_all(fs, x): return [f(x) for f in fs]",
        "import math\nassert apply_all([math.floor, math.ceil, str], 1.5) == [1, 2, '1.5']",
        "def apply_all(fs, x): return [x for f in fs]",
    ),
    "decorator": (
        "import functools\ndef logged(f):\n    @functools.wraps(f)\n"
        "    def inner(*a): return [f.__name__, f(*a)]\n    return inner",
        "@logged\ndef four(): return 4\nassert four() == ['four', 4] and four.__name__ == 'four'",
        "def logged(f):\n    return f",
    ),
    "sort_key": (
        "def last(p): return p[-1]",
        "assert sorted(['ab', 'ca'], key=last) == ['ca', 'ab']",
        "def last(p): return p[0]",
    ),
    "counter": (
        "from collections import Counter\ndef tally(xs): return Counter(xs)",
        "assert tally('aab').most_common(1) == [('a', 2)] and tally('aab')['z'] == 0",
        "def tally(xs): return {x: 1 for x in xs}",
    ),
    "namedtuple": (
        "from collections import namedtuple\nCard = namedtuple('Card', 'rank suit')\ndef ace(): return Card(1, 'S')",
        "c = ace()\nassert c.rank == 1 and c == (1, 'S') and c._replace(rank=2).rank == 2",
        "def ace(): return (1, 'S')",
    ),
    "defaultdict": (
        "from collections import defaultdict\ndef by_first(ws):\n    d = defaultdict(list)\n    for w in ws: d[w[0]].append(w)\n"
        "    return d",
        "g = by_first(['ab', 'ac'])\nassert g['a'] == ['ab', 'ac'] and g['q'] == []",
        "def by_first(ws): return {'a': ws}",
    ),
    "defaultdict_lambda": (
        "from collections import defaultdict\ndef ones(): return defaultdict(lambda: 1)",
        "assert ones()['x'] == 1",
        "from collections import defaultdict\ndef ones(): return defaultdict(lambda: 2)",
    ),
    "ordered": (
        "from collections import OrderedDict\ndef pairs(): return OrderedDict([('b', 1), ('a', 2)])",
        "p = pairs()\np.move_to_end('b')\nassert list(p) == ['a', 'b']",
        "def pairs(): return {'b': 1, 'a': 2}",
    ),
    "deque": (
        "from collections import deque\ndef window(xs): return deque(xs)",
        "w = window([1, 2])\nw.appendleft(0)\nassert list(w) == [0, 1, 2]",
        "def window(xs): return tuple(xs)",
    ),
    "fraction": (
        "from fractions import Fraction\ndef share(a, b): return Fraction(a, b)",
        "from fractions import Fraction\n"
        "assert share(2, 4) + share(1, 4) == Fraction(3, 4) and share(Fraction(1, 2), 2) == Fraction(1, 4)",
        "def share(a, b): return a // b",
    ),
    "decimal": (
        "from decimal import Decimal\ndef vat(net): return net * Decimal('1.20')",
        "from decimal import Decimal\nassert vat(Decimal('2.50')) == Decimal('3.00')",
        "def vat(net): return net",
    ),
    "dates": (
        "import datetime as dt\ndef week_later(d): return d + dt.timedelta(days=7)",
        "import datetime as dt\nassert week_later(dt.date(2024, 2, 26)) == dt.date(2024, 3, 4)\n"
        "when = dt.datetime(2024, 2, 26, 12, tzinfo=dt.timezone.utc)\nassert (week_later(when) - when).days == 7",
        "def week_later(d): return d",
    ),
    "path": (
        "from pathlib import Path\ndef report(folder): return Path(folder) / 'report.txt'",
        "from pathlib import Path\nassert report('out') == Path('out/report.txt') and report('out').suffix == '.txt'",
        "from pathlib import Path\ndef report(folder): return Path('report.txt')",
    ),
    "absolute_path": (
        "from pathlib import Path\ndef etc(): return Path('/etc') / 'motd'",
        "assert etc().parent.name == 'etc' and str(etc()) == '/etc/motd'",
        "from pathlib import Path\ndef etc(): return Path('motd')",
    ),
    "set": ("def letters(t): return set(t)", "assert letters('aba') == {'a', 'b'}", "def letters(t): return list(t)"),
    "is_true": ("def odd(n): return n % 2 == 1", "assert odd(3) is True and odd(2) is False", "def odd(n): return n % 2"),
    "a_type": ("kind_of_answer = float", "assert kind_of_answer is float", "kind_of_answer = int"),
    "methods": (
        "class Purse:\n    def __init__(self): self.coins = []\n    def put(self, c): self.coins.append(c)",
        "p = Purse()\np.put(2)\np.put(5)\nassert p.coins == [2, 5] and sum(p.coins) == 7",
        "class Purse:\n    def __init__(self): self.coins = []\n    def put(self, c): self.coins = [c]",
    ),
    "attribute_set": (
        "class Circle:\n    r = 1\n    @property\n    def area(self): return 3 * self.r ** 2",
        "c = Circle()\nc.r = 2\nassert c.area == 12",
        "class Circle:\n    r = 1\n    area = 3",
    ),
    "operators": (
        "class Vec:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
        "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n"
        "    def __add__(self, o): return Vec(self.x + o.x, self.y + o.y)\n"
        "    def __mul__(self, k): return Vec(self.x * k, self.y * k)\n    __rmul__ = __mul__\n"
        "    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5",
        "assert Vec(1, 2) + Vec(3, 4) == Vec(4, 6) and Vec(1, 2) != Vec(1, 3)\n"
        "assert Vec(1, 2) * 2 == 2 * Vec(1, 2) == Vec(2, 4)\nassert abs(Vec(3, 4)) == 5",
        "class Vec:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
        "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n"
        "    def __add__(self, o): return Vec(self.x, self.y)\n",
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass(order=True)\nclass Version:\n    major: int\n    minor: int",
        "assert Version(1, 2) == Version(1, 2) < Version(1, 10) and repr(Version(1, 2)) == 'Version(major=1, minor=2)'\n"
        "assert sorted([Version(2, 0), Version(1, 9)])[0].minor == 9",
        "class Version:\n    def __init__(self, a, b): self.minor = b",
    ),
    "isinstance": (
        "class Animal: pass\nclass Dog(Animal): pass\ndef adopt(): return Dog()",
        "assert isinstance(adopt(), Dog) and isinstance(adopt(), Animal) and type(adopt()) is Dog\n"
        "assert type(adopt()).__name__ == 'Dog' and not isinstance(3, Dog)",
        "class Animal: pass\nclass Dog: pass\ndef adopt(): return Animal()",
    ),
    "issubclass": (
        "class Shape: pass\nclass Square(Shape):\n    sides = 4",
        "assert issubclass(Square, Shape) and not issubclass(Shape, Square) and Square.sides == 4",
        "class Shape: pass\nclass Square:\n    sides = 4",
    ),
    "length_and_items": (
        "class Deck:\n    def __init__(self): self.cards = [3, 1]\n    def __len__(self): return len(self.cards)\n"
        "    def __getitem__(self, i): return self.cards[i]\n    def __setitem__(self, i, c): self.cards[i] = c",
        "d = Deck()\nd[0] = 7\nassert len(d) == 2 and d[0] == 7 and list(d) == [7, 1]",
        "class Deck:\n    def __len__(self): return 2\n    def __getitem__(self, i): return [3, 1][i]\n"
        "    def __setitem__(self, i, c): pass",
    ),
    "contains": (
        "class Interval:\n    def __init__(self, a, b): self.a, self.b = a, b\n"
        "    def __contains__(self, x): return self.a <= x <= self.b",
        "assert 2 in Interval(1, 3) and 4 not in Interval(1, 3)",
        "class Interval:\n    def __init__(self, a, b): pass\n    def __contains__(self, x): return True",
    ),
    "linked_objects": (
        "class Link:\n    def __init__(self, after=None): self.after = after\n"
        "class Chain:\n    def __init__(self): self.first = None\n"
        "    def add(self, link): link.after, self.first = self.first, link",
        "chain, a, b = Chain(), Link(), Link()\nchain.add(a)\nchain.add(b)\n"
        "assert chain.first is b and chain.first.after is a and a.after is None and a == b.after and a != b",
        "import copy\nclass Link:\n    after = None\n"
        "class Chain:\n    def add(self, link):\n        self.first = copy.copy(link)",
    ),
    "text_of_object": (
        "class Money:\n    def __init__(self, n): self.n = n\n    def __repr__(self): return f'Money({self.n})'\n"
        "    def __str__(self): return f'{self.n} EUR'",
        "assert repr(Money(3)) == 'Money(3)' and str(Money(3)) == f'{Money(3)}' == '3 EUR'",
        "class Money:\n    def __init__(self, n): self.n = n\n    def __repr__(self): return 'Money(3)'",
    ),
    "truth_and_number": (
        "class Level:\n    def __init__(self, n): self.n = n\n    def __bool__(self): return self.n > 0\n"
        "    def __float__(self): return float(self.n)\n    def __hash__(self): return hash(self.n)\n"
        "    def __eq__(self, o): return self.n == o.n",
        "assert Level(2) and not Level(0) and float(Level(2)) == 2.0 and len({Level(1), Level(1), Level(2)}) == 2",
        "class Level:\n    def __init__(self, n): self.n = n\n    def __float__(self): return 2.0",
    ),
    "with": (
        "class Tx:\n    log = []\n    def __enter__(self): return 'in'\n"
        "    def __exit__(self, kind, e, t): Tx.log.append(kind is not None)",
        "with Tx() as inside: assert inside == 'in'\n"
        "try:\n    with Tx(): raise KeyError('x')\nexcept KeyError: pass\nassert Tx.log == [False, True]",
        "class Tx:\n    log = []\n    def __enter__(self): return 'in'\n    def __exit__(self, kind, e, t): pass",
    ),
    "contextmanager": (
        "import contextlib\n@contextlib.contextmanager\ndef opened(name):\n    yield name.upper()",
        "with opened('a') as got: assert got == 'A'",
        "import contextlib\n@contextlib.contextmanager\ndef opened(name):\n    yield name",
    ),
    "own_exception": (
        "class Overdrawn(Exception):\n    def __init__(self, missing):\n        super().__init__(f'{missing} missing')\n"
        "        self.missing = missing\n"
        "class FarOverdrawn(Overdrawn): pass\n"
        "def draw_money(n):\n    if n > 100: raise FarOverdrawn(n)\n    if n > 9: raise Overdrawn(n - 9)\n    return n",
        "try: draw_money(12)\nexcept Overdrawn as e: assert e.missing == 3 and '3 missing' in str(e)\nelse: assert False\n"
        "try: draw_money(200)\nexcept Overdrawn as e: assert type(e) is FarOverdrawn\nelse: assert False\n"
        "assert issubclass(Overdrawn, Exception)",
        "class Overdrawn(Exception): pass\ndef draw_money(n):\n    if n > 9: raise Exception(n)\n    return n",
    ),
    "builtin_exception": (
        "def root(x):\n    if x < 0: raise ValueError('negative')\n    return x ** 0.5",
        "try: root(-4)\nexcept ValueError as e: assert 'neg' in str(e)\nelse: assert False",
        "def root(x):\n    if x < 0: return None\n    return x ** 0.5",
    ),
    "assert_raises": (
        "class Empty(LookupError): pass\ndef top(xs):\n    if not xs: raise Empty('nothing')\n    return xs[-1]",
        "import unittest\ncase = unittest.TestCase()\nwith case.assertRaises(Empty): top([])\n"
        "with case.assertRaisesRegex(LookupError, 'noth'): top([])\ncase.assertEqual(top([3]), 3)",
        "class Empty(LookupError): pass\ndef top(xs): return xs[-1] if xs else None",
    ),
    "next": (
        "def evens():\n    n = 0\n    while True:\n        yield n\n        n += 2",
        "import itertools, types\ng = evens()\nassert next(g) == 0 and next(g) == 2\n"
        "assert list(itertools.islice(g, 3)) == [4, 6, 8] and next(g) == 10 and isinstance(g, types.GeneratorType)",
        "def evens(): return iter([0, 2, 4, 6, 8, 10])",
    ),
    "own_iterator": (
        "class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n"
        "    def __next__(self):\n        if self.n == 0: raise StopIteration\n        self.n -= 1\n        return self.n + 1",
        "assert list(Down(3)) == [3, 2, 1] and next(iter(Down(2))) == 2",
        "class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return iter([3, 2])",
    ),
    "iterator_passed": (
        "def product(xs):\n    p = 1\n    for x in xs: p *= x\n    return p",
        "assert product(x for x in [2, 3]) == 6 and product({1: 5}.values()) == 5 and product(map(int, '24')) == 8",
        "def product(xs): return 6",
    ),
    "random_generator_passed": (
        "def dice(rng, n): return rng.integers(1, 7, n)",
        "import numpy as np\nwanted = np.random.default_rng(3).integers(1, 7, 5)\n"
        "assert (dice(np.random.default_rng(3), 5) == wanted).all()",
        "import numpy as np\ndef dice(rng, n): return np.ones(n)",
    ),
    "enum": (
        "import enum\nclass Colour(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef warm(): return Colour.RED",
        "assert warm() is Colour.RED == Colour['RED'] and warm().value == 1 and [c.name for c in Colour] == ['RED', 'BLUE']",
        "import enum\nclass Colour(enum.Enum):\n    RED = 1\ndef warm(): return Colour.RED",
    ),
    "kind_of_function": (
        "def plain_one(): return 1\ndef lazy_one():\n    yield 1",
        "import inspect, types\nassert isinstance(plain_one, types.FunctionType) and inspect.isgeneratorfunction(lazy_one)\n"
        "assert inspect.isgenerator(lazy_one()) and not inspect.isgeneratorfunction(plain_one)",
        "plain_one = 1\ndef lazy_one(): return [1]",
    ),
    "closure": (
        "def tick():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner",
        "t = tick()\nassert [t(), t(), t()] == [1, 2, 3]",
        "def tick(): return lambda: 1",
    ),
    "what_is_printed": (
        "def greet(n): print('Good day,', n)",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): greet('Eve')\n"
        "assert out.getvalue() == 'Good day, Eve\\n'",
        "def greet(n): return 'Good day, ' + n",
    ),
    "mock_of_print": (
        "def shout(t): print(t.upper(), end='!')",
        "from unittest.mock import patch\nwith patch('builtins.print') as p: shout('hey')\n"
        "p.assert_called_once_with('HEY', end='!')",
        "def shout(t): print(t)",
    ),
    "mock_of_input": (
        "def age(): return int(input('Age? ')) + 1",
        "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['41', '7']) as i:\n"
        "    assert age() == 42 and age() == 8\ni.assert_called_with('Age? ')",
        "def age(): return 42",
    ),
    "forbidden_builtin": (
        "def longest(xs):\n    best = xs[0]\n    for x in xs:\n        if len(x) > len(best): best = x\n    return best",
        "import builtins\nkept = builtins.max\ndef no(*a, **k): raise AssertionError('write the loop yourself')\n"
        "builtins.max = no\n"
        "try: assert longest(['a', 'bcd']) == 'bcd'\nfinally: builtins.max = kept",
        "def longest(xs): return max(xs, key=len)",
    ),
    "counted_calls": (
        "def cube(x): return x ** 3\ndef sum_cubes(xs): return sum(cube(x) for x in xs)",
        "asked = []\n_cube = cube\ndef cube(x):\n    asked.append(x)\n    return _cube(x)\n"
        "try: assert sum_cubes([1, 2]) == 9 and asked == [1, 2]\nfinally: cube = _cube",
        "def cube(x): return x ** 3\ndef sum_cubes(xs): return sum(x ** 3 for x in xs)",
    ),
    "source": (
        "def fact(n): return 1 if n == 0 else n * fact(n - 1)",
        "import inspect\n"
        "assert 'while' not in inspect.getsource(fact) and 'fact(n - 1)' in inspect.getsource(fact) and fact(4) == 24",
        "def fact(n):\n    r = 1\n    while n: r, n = r * n, n - 1\n    return r",
    ),
    "signature": (
        "def join_all(parts, sep=', ', *, end=''): return sep.join(parts) + end",
        "import inspect\nps = inspect.signature(join_all).parameters\nassert list(ps) == ['parts', 'sep', 'end']\n"
        "assert ps['sep'].default == ', ' and ps['end'].kind is inspect.Parameter.KEYWORD_ONLY",
        "def join_all(parts, sep, end=''): return sep.join(parts) + end",
    ),
    "docstring": (
        "def explained():\n    'What it does.'",
        "assert 'does' in explained.__doc__ and explained.__name__ == 'explained'",
        "def explained(): pass",
    ),
    "callable": ("def can_be_called(): pass", "assert callable(can_be_called)", "can_be_called = object()"),
    "globals": (
        "height = 4",
        "assert 'height' in globals() and globals()['height'] == globals().get('height') == 4",
        "Height = 4",
    ),
    "axes": (
        "import matplotlib.pyplot as plt\ndef draw():\n    fig, ax = plt.subplots()\n"
        "    ax.plot([1, 2], label='a')\n    return ax",
        "ax = draw()\nassert len(ax.lines) == 1 and ax.lines[0].get_label() == 'a'",
        "import matplotlib.pyplot as plt\ndef draw(): return plt.subplots()[1]",
    ),
    "current_axes": (
        "import matplotlib.pyplot as plt\ndef label_it():\n    plt.figure()\n    plt.plot([1, 2])\n    plt.ylabel('speed')",
        "import matplotlib.pyplot as plt\nlabel_it()\nassert plt.gca().get_ylabel() == 'speed'\nplt.close()",
        "def label_it(): pass",
    ),
    "file_written": (
        "def save(rows, name):\n    with open(name, 'w') as f: f.writelines(f'{a},{b}\\n' for a, b in rows)",
        "import csv, os\nassert not os.path.exists('rows.csv')\nsave([(1, 2), (3, 4)], 'rows.csv')\n"
        "with open('rows.csv', newline='') as f: assert list(csv.reader(f)) == [['1', '2'], ['3', '4']]",
        "def save(rows, name): pass",
    ),
    "file_read": (
        "def count_lines(name):\n    with open(name) as f: return len(f.readlines())",
        "from pathlib import Path\nPath('poem.txt').write_text('a\\nb\\nc\\n')\nassert count_lines('poem.txt') == 3\n"
        "Path('poem.txt').write_text('a\\n')\nassert count_lines('poem.txt') == 1",
        "def count_lines(name): return 3",
    ),
    "file_changed": (
        "def log(name, line):\n    with open(name, 'a') as f: f.write(line + '\\n')",
        "from pathlib import Path\nPath('book.log').write_text('one\\n')\nlog('book.log', 'two')\n"
        "assert Path('book.log').read_text().split() == ['one', 'two']",
        "def log(name, line):\n    with open(name, 'w') as f: f.write(line + '\\n')",
    ),
    "file_of_a_cell": (
        "with open('notes.txt', 'w') as f: print('42', file=f)",
        "assert open('notes.txt').read() == '42\\n'",
        "with open('notes.txt', 'w') as f: print('41', file=f)",
    ),
    "history": ("x_of_history = 5", "assert any('x_of_history' in cell for cell in In)", "pass"),
    "numpy_testing": (
        "import numpy as np\ndef rows(a): return np.asarray(a).sum(axis=1)",
        "import numpy as np\nnp.testing.assert_array_equal(rows([[1, 2], [3, 4]]), [3, 7])",
        "import numpy as np\ndef rows(a): return np.asarray(a).sum(axis=0)",
    ),
    "library_calls_it": (
        "def parabola(x): return (x - 1) ** 2",
        "import functools\nassert min(range(9), key=parabola) == 1\n"
        "assert functools.reduce(lambda t, x: t + parabola(x), [0, 3], 0) == 5",
        "def parabola(x): return x",
    ),
}


def mark(grade_id, **more):
    kinds = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**kinds, "schema_version": 3, "grade_id": grade_id, **more}}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """What the two students lost, {student: {idiom: message}}, and the batch's notes."""
    course = tmp_path_factory.mktemp("course")
    source, handed_in = new_notebook(), {"right": new_notebook(), "wrong": new_notebook()}
    for name, (right, test, wrong) in IDIOMS.items():
        answer = f"### BEGIN SOLUTION\n{right}\n### END SOLUTION"
        source.cells.append(new_code_cell(answer, metadata=mark(f"{name}_answer", solution=True)))
        for student, given in {"right": right, "wrong": wrong}.items():
            handed_in[student].cells.append(new_code_cell(given, metadata=mark(f"{name}_answer", solution=True)))
        for notebook in (source, *handed_in.values()):
            notebook.cells.append(new_code_cell(test, metadata=mark(name, grade=True, locked=True, points=1)))
    (course / "source" / "ways").mkdir(parents=True)
    nbformat.write(source, course / "source" / "ways" / "ways.ipynb")
    for student, notebook in handed_in.items():
        (course / "submitted" / student / "ways").mkdir(parents=True)
        nbformat.write(notebook, course / "submitted" / student / "ways" / "ways.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "grading", "run", "ways", "--course-dir", str(course), "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lost = {}
    for student in handed_in:
        record = json.loads((course / "reports" / "ways" / "students" / f"{student}.json").read_text(encoding="utf-8"))
        assert {one["grade_id"] for one in record["questions"]} == set(IDIOMS)
        lost[student] = {one["grade_id"]: one["message"] for one in record["questions"] if one["score"] < one["points"]}
    return lost, done.stdout


@pytest.mark.parametrize("name", IDIOMS)
def test_a_right_answer_gets_its_points_and_a_wrong_one_does_not(name, graded):
    lost, _ = graded
    assert name not in lost["right"], lost["right"][name]
    assert name in lost["wrong"]


def test_the_reference_solution_loses_nothing(graded):
    assert "loses" not in graded[1]
