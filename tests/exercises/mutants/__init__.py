"""Mutants: wrong answers that nobody had to think of, made from each reference solution.

A mutant is the reference solution with one thing changed as a plausible mistake would change it. One that keeps all points of
its question shows a hole in the tests, and the gate fails until a test sees it, or until ``EQUIVALENT`` in the week's
``wrong_answers.py`` says why it is no mistake:

    EQUIVALENT = {"predict": {"without kind: np.argsort(…, kind='stable') -> …": "no two distances are equal here"}}

``python -m tests.exercises.mutants week03_lenet`` prints a table (made, killed by a visible check, by hidden tests only, kept)
and the names of those that are kept; ``--question NAME`` looks at one question, ``--show`` prints the code of the kept ones.
``--hidden`` names those as well that only hidden tests see; ``--answers`` is about the answers that people wrote instead: who
sees the wrong ones, and how many messages give no reason. Those stand in ``wrong_answers.py`` as well: ``WRONG``, and ``RIGHT``,
at least three right answers to each question in other styles (loops, einsum, a library, lists, tensors, an exception class of
one's own, a warning on the way), ``RIGHT = {"predict": {"a loop": "def predict(...): ..."}}``.

The kept mutation testers (mutmut, cosmic-ray, mutatest) change modules of a package and start pytest for each change: they see no
notebook cells, and fix no parameter at the values that the tests use. So the operators are here, on `ast`.

==============  ============================================================================================================
`operators`     changes of the code: comparisons, branches, constants, keyword arguments, slices, functions, statements
`engine`        one process for each week: runs the notebook up to a question, then each mutant and the tests of that question;
                records what the tests pass, and makes mutants of that as well: a parameter that is always the same, an argument
                that is changed, one row or one channel for all
`__main__`      the command
==============  ============================================================================================================
"""
