"""Assemble the Jupyter Book from pages, executed lectures and released exercises, and build it.

``python -m pipeline.book`` writes a source tree to ``build/book/source`` and the pages to
``build/book/_build/html``. Inside the tree every notebook keeps the path that it has in the
repository, because Jupyter Book makes the address of the Colab button from that path.

Nothing is executed here: a lecture comes with the outputs that ``doit execute`` gave it, and an
exercise comes as it is released, without any. Warnings are errors, so a broken link stops the build.
"""

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml

from helpers import record
from pipeline import ROOT
from pipeline.icons import IconError, thin_out
from pipeline.images import shrink
from pipeline.notebooks import SETUP_TAG, colab_address, repository

WEEK = re.compile(r"week\d\d_[a-z0-9_]+")
BRANCH = "main"
WIDGET = "application/vnd.jupyter.widget-view+json"
MATHJAX = "tex-svg-full.js"
_FORMULA = re.compile(r'class="[^"]*\bmath\b')
_LOADS_MATHJAX = re.compile(rf'<script(>window\.MathJax = [^<]*|[^>]*src="[^"]*{re.escape(MATHJAX)}"[^>]*>)</script>\n?')


class BookError(Exception):
    """The book cannot be built; the message says which file is at fault and what to do."""


def facts() -> dict[str, str]:
    """Facts about the project that pages may name in double braces, as in ``{{ repository }}``.

    Returns
    -------
    dict of str to str
        ``repository`` (address, no slash at the end), ``colab`` (what a Colab address starts with;
        append a slash and a notebook's path), ``name`` (the folder that a clone makes) and ``version``;
        all from ``pyproject.toml``.

    Examples
    --------
    >>> facts()["colab"].startswith("https://colab.research.google.com/github/")
    True
    """
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "repository": repository(),
        "colab": colab_address("").rstrip("/"),
        "name": repository().rsplit("/", 1)[1],
        "version": table["project"]["version"],
    }


def fill(text: str) -> str:
    """Put the project's facts into a page of ``book/``.

    Parameters
    ----------
    text : str
        A page as it is written, with ``{{ repository }}`` and the like.

    Returns
    -------
    str
        The page as readers get it. Braces that name no fact stay as they are.

    Examples
    --------
    >>> fill("git clone {{ repository }}").startswith("git clone https://github.com/")
    True
    >>> fill("{{ unknown }}")
    '{{ unknown }}'
    """
    for key, value in facts().items():
        text = text.replace("{{ " + key + " }}", value)
    return text


def weeks(root: Path = ROOT) -> list[str]:
    """Names of the weeks that have lectures or an exercise, in order.

    Parameters
    ----------
    root : Path
        Root of the repository.

    Returns
    -------
    list of str
        Folder names such as ``"week01_knn"``.
    """
    folders = [path for room in ("lectures", "solutions") for path in (root / room).glob("week*")]
    wrong = sorted(str(path.relative_to(root)) for path in folders if not WEEK.fullmatch(path.name))
    if wrong:
        raise BookError(f"{', '.join(wrong)}: a week's folder is named weekNN_topic, as in week01_knn")
    return sorted({path.name for path in folders if any(path.glob("*.py"))})


def documents(root: Path, week: str) -> list[tuple[str, Path]]:
    """Notebooks of one week, lectures first: where each stands in the book, and where it comes from.

    Parameters
    ----------
    root : Path
        Root of the repository.
    week : str
        Folder name, such as ``"week01_knn"``.

    Returns
    -------
    list of (str, Path)
        The notebook's path relative to the repository (and to the book's sources), and the file to
        read: the executed one for a lecture, the released one for an exercise.
    """
    found = []
    for source in sorted((root / "lectures" / week).glob("*.py")):
        name = f"{source.stem}.ipynb"
        found.append((f"lectures/{week}/{name}", root / "build" / "executed" / week / name))
    for source in sorted((root / "solutions" / week).glob("*.py")):
        name = f"exercises/{week}/{source.stem}.ipynb"
        found.append((name, root / name))
    return found


def clean(notebook: nbformat.NotebookNode, name: str) -> list[str]:
    """Turn a notebook into a page, in place, and say what keeps it from being one.

    The generated set-up cells go (the book has launch buttons), as do progress bars and whatever
    else went to the error stream or is a live widget. Each figure's alternative text is put where
    the renderer looks for it, and the label of a folded check says that it is one.

    Parameters
    ----------
    notebook : NotebookNode
        An nbformat 4 notebook; changed in place.
    name : str
        Its path in the repository, for the messages.

    Returns
    -------
    list of str
        One line a problem: an error output, a figure without alternative text, two figures in a cell.

    Examples
    --------
    >>> import nbformat.v4 as nbf
    >>> figure = nbf.new_output("display_data", {"image/png": "iVBORw0="})
    >>> page = nbf.new_notebook(cells=[nbf.new_code_cell("plot()", outputs=[figure])])
    >>> clean(page, "01_images.ipynb")[0].split(":")[:2]
    ['01_images.ipynb', " cell 1 ('plot()') shows a figure without alternative text"]
    """
    problems = []
    numbered = list(enumerate(notebook.cells, start=1))
    for number, cell in numbered:
        if cell.cell_type != "code":
            continue
        first = next((line for line in cell.source.splitlines() if line.strip()), "")
        where = f"{name}: cell {number} ({first[:60]!r})"
        cell.outputs = [output for output in cell.outputs if not _unseen(output)]
        if "hide-input" in cell.metadata.get("tags", []) and cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["mystnb"] = {f"code_prompt_{does}": f"{does.capitalize()} the check" for does in ("show", "hide")}
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"{where} stopped with {output.ename}: {output.evalue}")
        figures = list(_figures(cell))
        if len(figures) > 1:
            problems.append(f"{where} shows {len(figures)} figures: split it, one figure a cell")
        for alt in figures:
            if not alt:
                problems.append(
                    f"{where} shows a figure without alternative text: "
                    'draw it with helpers.plots, or end with plots.show(fig, alt="what it shows")'
                )
            else:
                # myst-nb reads no alternative text from an output, only from the cell.
                cell.metadata.setdefault("mystnb", {})["image"] = {"alt": alt}
    notebook.cells = [cell for _, cell in numbered if SETUP_TAG not in cell.metadata.get("tags", [])]
    notebook.metadata.pop("widgets", None)
    return problems


def _unseen(output: nbformat.NotebookNode) -> bool:
    """Tell whether an output is a progress bar, a live widget, which a page cannot show, or a value recorded for the tests."""
    if output.output_type == "stream":
        return output.name == "stderr"
    if record.KEY in output.get("metadata", {}):
        return True
    return WIDGET in output.get("data", {})


def _figures(cell: nbformat.NotebookNode) -> Iterator[str]:
    """Yield the alternative text (perhaps empty) of each figure in a cell's outputs."""
    for output in cell.outputs:
        kinds = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
        if kinds:
            texts = [output.get("metadata", {}).get(kind, {}).get("alt", "") for kind in kinds]
            yield next((" ".join(text.split()) for text in texts if text.strip()), "")


def assemble(root: Path, target: Path) -> list[str]:
    """Write the book's whole source tree.

    Parameters
    ----------
    root : Path
        Root of the repository.
    target : Path
        Folder to write; what it held is removed.

    Returns
    -------
    list of str
        Every page's path without its ending, in the order of the table of contents.

    Raises
    ------
    BookError
        If a week has no page, a notebook is missing, or a notebook cannot be a page; all problems
        at once.
    """
    problems, tree = [], {}
    shutil.rmtree(target, ignore_errors=True)
    (target / "book").mkdir(parents=True)

    entries = []
    for week in weeks(root):
        page = f"book/weeks/{week}.md"
        if not (root / page).is_file():
            problems.append(f"{page} is missing: write the page that introduces {week} (see an earlier week's)")
        sections = []
        for name, source in documents(root, week):
            sections.append({"file": name.removesuffix(".ipynb")})
            if not source.is_file():
                task = "doit execute" if name.startswith("lectures/") else "doit notebooks"
                problems.append(f"{source.relative_to(root)} is missing: run `{task}` first")
                continue
            notebook = nbformat.read(source, as_version=4)
            problems += clean(notebook, name)
            tree[name] = nbformat.writes(notebook)
        entries.append({"file": page.removesuffix(".md"), "sections": sections})
        for room in ("lectures", "exercises"):
            for extra in sorted((root / room / week).glob("**/*")):
                if extra.is_file() and extra.suffix in {".png", ".svg", ".jpg", ".gif"}:
                    _copy(extra, target / extra.relative_to(root))
    if not entries:
        problems.append("lectures/ and solutions/ hold no week: the book would be empty")
    if problems:
        raise BookError("\n".join(problems))

    for source in sorted((root / "book").rglob("*")):
        inside = source.relative_to(root / "book")
        if not source.is_file() or inside.name in {"_config.yml", "_toc.yml"}:
            continue
        if inside.parts[0] == "_static":
            _copy(source, target / inside)  # Jupyter Book looks for it at the top of the sources
        elif source.suffix == ".md":
            tree[f"book/{inside.as_posix()}"] = fill(source.read_text(encoding="utf-8"))
        else:
            _copy(source, target / "book" / inside)

    contents = _contents(root, entries)
    config = yaml.safe_load((root / "book" / "_config.yml").read_text(encoding="utf-8"))
    config["repository"] = {"url": repository(), "path_to_book": "", "branch": BRANCH}
    tree["_toc.yml"] = yaml.safe_dump(contents, sort_keys=False)
    tree["_config.yml"] = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    for name, text in tree.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, encoding="utf-8")
    return list(_files(contents))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _contents(root: Path, entries: list[dict]) -> dict:
    """Read the hand-written table of contents and put the weeks where it says ``chapters: weeks``."""
    contents = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        if part["chapters"] == "weeks":
            part["chapters"] = entries
            return contents
    raise BookError("book/_toc.yml: no part says `chapters: weeks`, so the weeks have no place")


def _files(node: object) -> Iterator[str]:
    """Yield every page that a table of contents names, in order."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"root", "file"}:
                yield value
            else:
                yield from _files(value)
    elif isinstance(node, list):
        for item in node:
            yield from _files(item)


def render(source: Path, target: Path) -> Path:
    """Build the pages from an assembled source tree, with every warning an error.

    Each build starts from nothing: a warning about an unchanged page does not come back in an
    incremental build, so a broken book would pass the second time.

    Parameters
    ----------
    source : Path
        What `assemble` wrote.
    target : Path
        Folder that gets ``_build/html``.

    Returns
    -------
    Path
        The folder with ``index.html``.

    Raises
    ------
    BookError
        If Jupyter Book fails or warns; its own words stand above on the screen.
    """
    shutil.rmtree(target / "_build", ignore_errors=True)
    target.mkdir(parents=True, exist_ok=True)
    # One process: parallel reading crashes with some of the extensions.
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(source)]
    command += ["--path-output", str(target), "-W", "-n", "--keep-going", "-q"]
    finished = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", errors="replace")
    html = target / "_build" / "html"
    if finished.returncode:
        # Pages built in spite of a warning must not pass for a good book.
        shutil.rmtree(target / "_build", ignore_errors=True)
        told = finished.stdout + finished.stderr
        raise BookError(f"{told}\nJupyter Book failed: see its warnings above; each counts as an error")
    _copy(_mathjax(), html / "_static" / "mathjax" / MATHJAX)
    return html


def leave_out_mathjax(page: str) -> str:
    r"""Take MathJax (0.7 MB) out of a page without formulae; Sphinx loads it wherever a page's chapters have some.

    Parameters
    ----------
    page : str
        The page as HTML.

    Returns
    -------
    str
        The same page, where it has a formula.

    Examples
    --------
    >>> script = '<script defer src="../_static/mathjax/tex-svg-full.js"></script>'
    >>> leave_out_mathjax(f"<h1>No formula</h1>{script}")
    '<h1>No formula</h1>'
    >>> script in leave_out_mathjax(rf'<span class="math notranslate">\(x\)</span>{script}')
    True
    """
    return page if _FORMULA.search(page) else _LOADS_MATHJAX.sub("", page)


def _mathjax() -> Path:
    """Find the one MathJax file (SVG glyphs, every TeX extension) that pages load without a network."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise BookError(
            "the package sphinx-mathjax-offline is missing: "
            'install the book\'s tools with `pip install -c constraints.txt -e ".[book]"`'
        )
    return Path(package.origin).parent / "static" / "mathjax" / MATHJAX


def build(root: Path = ROOT) -> Path:
    """Assemble and build the book of a repository.

    Parameters
    ----------
    root : Path
        Root of the repository.

    Returns
    -------
    Path
        ``build/book/_build/html`` below the root.

    Raises
    ------
    BookError
        See `assemble` and `render`.
    """
    target = root / "build" / "book"
    assemble(root, target / "source")
    html = render(target / "source", target)
    shrink(html)
    thin_out(html)
    for page in html.rglob("*.html"):
        page.write_text(leave_out_mathjax(page.read_text(encoding="utf-8")), encoding="utf-8")
    for week in weeks(root):
        for name, _ in documents(root, week):
            # The page leaves out the set-up cell, but a reader who downloads the notebook needs it.
            _copy(root / name, html / "_sources" / name)
    return html


def main() -> int:
    """Build the book from the command line; return 1, and say why, if it cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.book", description=__doc__.splitlines()[0])
    parser.parse_args()
    try:
        html = build()
    except (BookError, IconError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The book: {(html / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
