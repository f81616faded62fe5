"""nbgrader's settings: the repository itself is the course folder.

An instructor runs ``nbgrader`` here, at the top. Sources come from ``solutions/`` through ``doit notebooks``, and what is
released is what students already have in ``exercises/``; submissions, grades and feedback stay out of git.
"""

import hashlib
from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

c = get_config()  # noqa: F821 - nbgrader puts it here

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "cnn-course"
c.CourseDirectory.source_directory = "build/source"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"


class Checksum(NbGraderPreprocessor):
    """Note the checksum of what is released, as the generator does: by it, a file that nobody has changed is known."""

    def preprocess(self, notebook, resources):
        """Put the checksum of the rest of a notebook into its metadata."""
        if notebook.metadata.pop("course_checksum", None):
            notebook.metadata.course_checksum = hashlib.sha256((nbformat.writes(notebook, version=4) + "\n").encode()).hexdigest()
        return notebook, resources


c.GenerateAssignment.preprocessors.append(Checksum)

# What stands in the place of a solution; `helpers.checks` says what it shows.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise checks.NotWritten()"}

c.Execute.timeout = 300  # seconds for one cell; nbgrader's 30 are short for a training loop on a laptop
c.Execute.shutdown_kernel = "immediate"  # about one second less for each submission

# A warning costs no points, as under `grade run`: nbgrader itself gives 0 for whatever a test cell writes to stderr.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"\A"  # any text

# What students' code may read beside its own files when `grade run` runs it. COURSE_DATA, where it is set, counts before this.
try:
    from helpers.data import cache
except ImportError:  # the grader without the course: notebooks find no data
    pass
else:
    c.Grading.data = [str(cache.root())]

# No script of a student's runs in formgrader, whatever may get past the cleaning that `grade run` does; and the rubrics in the
# sources are shown beside the answers.
try:
    from grading.formgrader import extend
except ImportError:  # the course without the grader
    pass
else:
    extend()
