"""Open every submission of a graded course in a real browser: in formgrader, its feedback page, and the report.

    grade run ps1 --course-dir build/corpus && grade feedback ps1 --course-dir build/corpus
    python -m tests.grading.open_everything build/corpus ps1

Exit status 1, and a line for each page, where something runs that should not, asks another host, or is answered with an error.
A check of its own, because a corpus of two hundred takes a browser some minutes.
"""

import argparse
import json
import sys
import tempfile
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from grading.nbgrader.course import Course
from tests import needs
from tests.grading.test_formgrader import EXTEND, formgrader, visit


def pages(assignment, address):
    """The addresses of all pages on which an assignment's submissions are shown."""
    for path in ("manage_students", f"manage_submissions/{assignment.name}", "gradebook"):
        yield f"{address}/formgrader/{path}"
    for name in assignment.notebook_names:
        with urllib.request.urlopen(f"{address}/formgrader/api/submitted_notebooks/{assignment.name}/{name}") as answer:
            rows = json.load(answer)
        for row in rows:
            yield f"{address}/formgrader/submissions/{row['id']}/"
    for page in sorted(assignment.feedback_folder("*").parent.parent.rglob("*.html")):
        yield page.as_uri()
    yield (assignment.reports_folder / "report.html").as_uri()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("course", type=Path, help="a course folder that was graded, with feedback")
    parser.add_argument("assignment")
    options = parser.parse_args(arguments)
    root = options.course.resolve()
    config = root / "nbgrader_config.py"
    if not config.exists():  # a corpus has none
        config.write_text(f"c = get_config()\n{EXTEND}", encoding="utf-8")
    count, faults = 0, []
    with tempfile.TemporaryDirectory() as settings, formgrader(root, Path(settings)) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=needs.chromium(), args=["--no-sandbox", "--disable-gpu"])
        for url in pages(Course.open(root).assignment(options.assignment), address):
            title, _, active, asked, broken = visit(browser, url)
            count += 1
            if title == "RAN" or active or asked or broken:
                faults.append(f"{url}: title {title!r}, {active} active elements, asked {asked}, errors {broken}")
        browser.close()
    print(*faults, f"{count} pages opened, {len(faults)} with a fault", sep="\n")
    return 1 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main())
