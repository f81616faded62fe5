"""Grading that a submission cannot break: confined execution, trusted checks, nbgrader's own formats and gradebook.

``grade run ASSIGNMENT`` takes a batch in, runs each student's cells in a confined process, runs the test cells in another
one that no student's code ever enters, and writes nbgrader's gradebook and ``autograded`` folder, so that formgrader,
``nbgrader export`` and manual grading go on working. See :mod:`grading.cli`.
"""

import sys

# nbformat's validator loads it to check a kind of web address that notebooks do not have, and building its grammar takes
# longer (1.4 s) than reading a hundred submissions. Without it the validator leaves that one check out.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None: an import of it fails
