"""What formgrader gets in addition: a content policy, the rubric beside each answer that a person grades, and believable times.

``nbgrader_config.py``, which formgrader reads when it starts, asks for all three::

    from grading.formgrader import extend

    extend()

The policy lets only formgrader's own scripts run. What a student wrote is cleaned before formgrader sees it (`grading.sanitise`);
this is the second wall. nbgrader's pages carry no policy, so that whatever got through would act with the instructor's rights.
Each answer has a number of its own (a nonce). The scripts that stand in formgrader's templates get it when the template is
read, so that a script in anything that is put into a template has none.
"""

from __future__ import annotations

import base64
import contextvars
import copy
import functools
import hashlib
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader

from grading.formgrader.rubrics import rubrics, without_scheme
from grading.nbgrader.cells import grade_id, role
from grading.nbgrader.course import Course, CourseError
from grading.sanitise.text import clean_text
from grading.submissions.times import read_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from nbconvert.exporters.exporter import ResourcesDict
    from nbformat import NotebookNode
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.server_extensions.formgrader.base import BaseHandler

MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"  # from where nbconvert's templates take it
_nonce = contextvars.ContextVar("nonce", default="")

_TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def _handlers() -> str:
    """The handlers that stand as attributes in formgrader's templates, as a policy names them."""
    from nbgrader.server_extensions import formgrader

    templates = Path(formgrader.__file__).parent / "templates"
    sources = [path.read_text(encoding="utf-8") for path in (*templates.rglob("*.tpl"), *templates.rglob("*.j2"))]
    texts = {text for source in sources for text in re.findall(r'\son[a-z]+="([^"{]*)"', source, flags=re.IGNORECASE)}
    hashes = sorted(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{text}'" for text in hashes)


def policy(nonce: str, handlers: str = "") -> str:
    """The content policy of a page.

    Parameters
    ----------
    nonce : str
        What the page's own scripts are known by.
    handlers : str
        What its own handlers are known by.

    Returns
    -------
    str

    Examples
    --------
    >>> policy("abc").split("; ")[:2]
    ["default-src 'none'", "script-src 'nonce-abc' https://cdnjs.cloudflare.com/ajax/libs/mathjax/"]
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' {MATHJAX}",
            f"script-src-attr 'unsafe-hashes' {handlers}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            f"font-src 'self' {MATHJAX}",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )


class _WithNonce(BaseLoader):
    """Gives templates whose scripts are formgrader's own, each with the nonce of the answer that they become part of.

    Templates in `_TEMPLATES` come before nbgrader's and nbconvert's, which they reach as ``original/...``.
    """

    def __init__(self, loader: BaseLoader) -> None:
        self._loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), PrefixLoader({"original": loader}), loader])

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, fresh = self._loader.get_source(environment, template)
        # Others show outputs of a student's, among them scripts.
        if template.endswith(".tpl") or template.rpartition("/")[2] in ("formgrade_macros.html.j2", "mathjax.html.j2"):
            source = source.replace("<script", '<script nonce="{{ csp_nonce() }}"')
        return source, path, fresh

    def list_templates(self) -> list[str]:
        return self._loader.list_templates()


def _policy_of(handler: BaseHandler) -> str:
    """The policy of an answer; formgrader's templates are filled in by the same task that asked for it."""
    exporter = handler.settings["nbgrader_exporter"]
    for environment in (handler.settings["nbgrader_jinja2_env"], exporter.environment):
        if not isinstance(environment.loader, _WithNonce):
            environment.loader = _WithNonce(environment.loader)
            environment.globals["csp_nonce"] = _nonce.get
            environment.cache.clear()
            if environment is exporter.environment:
                exporter.register_preprocessor(functools.partial(_prepare, handler.coursedir), enabled=True)
    handler.settings["nbgrader_jinja2_env"].autoescape = True  # of the lists: ids and names are text
    _nonce.set(secrets.token_urlsafe(16))
    return policy(_nonce.get(), _handlers())


def _prepare(folders: CourseDirectory, notebook: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
    """Put rubrics beside a graded notebook, and take out of the instructor's texts what the policy holds back.

    Rubrics and texts are those of ``source`` at this moment.
    """
    name = f"{resources['notebook_id']}.ipynb"
    path = Path(folders.format_path(folders.source_directory, ".", resources["assignment_id"]), name)
    resources["rubrics"], resources["no_rubrics"] = {}, ""
    try:
        source = nbformat.read(path, as_version=4)
    except Exception as problem:  # nbformat raises whatever its readers do; the page is wanted all the same
        resources["no_rubrics"] = f"No rubrics are shown, because {name} in source cannot be read: {problem}"
        return notebook, resources
    config = folders.config
    resources["rubrics"] = rubrics(source, config)
    ours = {cell.source for cell in source.cells}
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if role(cell) == "task" and grade_id(cell) in resources["rubrics"]:
            cell.source = without_scheme(cell.source, config)
        elif cell.cell_type == "markdown" and cell.source in ours:  # a student's was cleaned when it was graded
            text, pictures, left_out = clean_text(cell.source, cell.get("attachments"))
            if left_out:  # such as Colab's badge, a picture of another host, for which the policy lets no page ask
                cell.source, cell.attachments = text, pictures
    return notebook, resources


def _submitted_timestamp(api: NbGraderAPI, assignment: str, student: str) -> datetime | None:
    """When somebody handed in, as the gradebook has it from `grade run`.

    nbgrader's own reading stops at a ``timestamp.txt`` that says "yesterday", and the list of a whole class stays empty.
    """
    try:
        found = Course(api.coursedir.root, copy.deepcopy(api.coursedir.config)).assignment(assignment)
    except CourseError:  # without a source nothing was graded that the time could be compared with
        return None
    return read_timestamp(found, student)[0]


def extend() -> None:
    """Have formgrader's pages carry the policy and the rubrics, if this process is a Jupyter server with formgrader."""
    if base := sys.modules.get("nbgrader.server_extensions.formgrader.base"):
        base.BaseHandler.content_security_policy = property(_policy_of)
        sys.modules["nbgrader.apps.api"].NbGraderAPI.get_submitted_timestamp = _submitted_timestamp
