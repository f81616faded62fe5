"""Grading that a submission cannot break: confined execution, trusted checks, nbgrader's own formats and gradebook.

``grade run ASSIGNMENT`` takes a batch in, runs each student's cells in a confined process, runs the test cells in another
one that no student's code ever enters, and writes nbgrader's gradebook and ``autograded`` folder, so that formgrader,
``nbgrader export`` and manual grading go on working. See :mod:`grading.cli`.
"""
