"""JupyterLab in a real browser: a student opens a lecture and an exercise, and runs all cells."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from PIL import Image

from pipeline import ROOT
from pipeline.release import committed_files

LECTURE = "lectures/week02_convolution/01_filters.ipynb"
EXERCISE = "exercises/week02_convolution/convolution.ipynb"
WRONG = """def output_size(size, kernel, stride=1, padding=0, dilation=1):
    return (size - kernel) // stride  # steps, not places
"""


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory):
    """What students get, with a wrong answer to the first question of the exercise."""
    folder = tmp_path_factory.mktemp("student")
    for name in committed_files():
        if name.startswith(("lectures/week02", "exercises/week02")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    notebook = json.loads((folder / EXERCISE).read_text(encoding="utf-8"))
    answer = next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "output_size")
    answer["source"] = WRONG
    (folder / EXERCISE).write_text(json.dumps(notebook), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def lab(class_folder, tmp_path_factory):
    """The address of a running JupyterLab."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path_factory.mktemp("jupyter")
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={class_folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    environment = {**os.environ, "COURSE_BUDGET": "ci", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        environment[f"JUPYTER_{name}"] = str(settings / name.lower())
    with open(settings / "log.txt", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=class_folder)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:  # it answers, or it ends: however long that takes
            if server.poll() is not None:
                pytest.fail(f"JupyterLab did not start:\n{(settings / 'log.txt').read_text()[-3000:]}")
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(120)  # its kernels end first, which takes a while on a busy machine


def open_notebook(browser, lab, name):
    page = browser.new_page(viewport={"width": 1300, "height": 950})
    page.set_default_timeout(120_000)
    page.goto(f"{lab}/lab/workspaces/{name.split('/')[0]}/tree/{name}?reset")
    page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").first.wait_for()
    idle(page)
    return page


def idle(page):
    """Wait until the kernel has nothing to do."""
    page.locator('.jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()


def run_all(page):
    if (dialog := page.locator(".jp-Dialog")).count():
        pytest.fail(f"JupyterLab asks something: {dialog.first.inner_text()}")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def run_until(page, shown):
    """Run all cells until something can be seen; again where the menu answered before the notebook was ready to run."""
    from playwright.sync_api import TimeoutError as TookTooLong

    for turn in range(4):
        run_all(page)
        try:
            return shown.wait_for(timeout=30_000 if turn < 3 else 120_000)
        except TookTooLong:
            if turn == 3:
                raise


def saved(page, path):
    """The notebook's cells as JupyterLab has saved them; none while it is writing."""
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    try:
        return json.loads(path.read_text(encoding="utf-8"))["cells"]
    except ValueError:
        return []


def test_a_lecture_runs_from_top_to_bottom(browser, lab, class_folder):
    page = open_notebook(browser, lab, LECTURE)
    title = page.locator(".jp-NotebookPanel:visible h1").filter(has_text=re.compile(r"\w"))
    title.first.wait_for()  # its text is drawn some time after the cell is there
    run_all(page)
    wanted = sum(
        cell["cell_type"] == "code" and bool("".join(cell["source"]).strip())
        for cell in json.loads((ROOT / LECTURE).read_text(encoding="utf-8"))["cells"]
    )
    for turn in range(240):  # cells that are out of sight are not drawn, so the saved file is asked
        idle(page)
        cells = [cell for cell in saved(page, class_folder / LECTURE) if cell["cell_type"] == "code"]
        done = [cell for cell in cells if cell["execution_count"]]
        errors = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
        assert not errors, errors[0]
        if len(done) == wanted:
            break
        if not done and turn % 10 == 9:
            run_all(page)  # on a busy machine the menu may answer before the notebook is ready to run
        time.sleep(0.5)
    assert len(done) == wanted
    pictures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell["outputs"])
    assert pictures >= 5
    page.close()


def test_the_check_of_an_exercise_says_what_is_wrong(browser, lab):
    page = open_notebook(browser, lab, EXERCISE)
    hint = page.get_by_text("Count the places, and the kernel stands in the first one before any step.").last
    run_until(page, hint)
    hint.scroll_into_view_if_needed()
    assert hint.is_visible()
    page.close()


def labelled(folder):
    """What the labelling tool has saved: path -> class, as the file's lines say."""
    path = folder / "labels" / "anna.csv"
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:]] if path.exists() else []
    return {row[1]: row[2] for row in rows if row[2]}


def test_pictures_are_labelled_by_keyboard_and_mouse_and_each_decision_is_saved_at_once(browser, lab, class_folder):
    own = class_folder / "own"
    (own / "photos").mkdir(parents=True)
    for number in range(5):
        Image.new("RGB", (80, 60), (50 * number, 90, 30)).save(own / "photos" / f"{number}.png")
    code = 'from helpers.labelling import labeller\nlabeller("photos", ("cup", "plate"), by="anna")'
    metadata = json.loads((ROOT / LECTURE).read_text(encoding="utf-8"))["metadata"]  # else JupyterLab asks for a kernel
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)], metadata=metadata)
    nbformat.write(notebook, own / "label.ipynb")

    page = open_notebook(browser, lab, "own/label.ipynb")
    tool = page.locator(".labeller")
    run_until(page, tool)
    assert tool.get_attribute("data-path") == "0.png"
    tool.focus()
    for key, done, then in [("1", 1, "1.png"), ("2", 2, "2.png"), ("s", 2, "3.png"), ("1", 3, "4.png")]:
        page.keyboard.press(key)
        page.locator(f'.labeller[data-done="{done}"][data-path="{then}"]').wait_for()
        assert len(labelled(own)) == done  # on the disk before the next picture is there
    assert labelled(own) == {"0.png": "cup", "1.png": "plate", "3.png": "cup"}
    page.keyboard.press("u")
    page.locator('.labeller[data-done="2"][data-path="3.png"]').wait_for()
    tool.get_by_role("button", name="plate").click()
    page.locator('.labeller[data-done="3"]').wait_for()
    assert labelled(own)["3.png"] == "plate"
    page.close()

    page = open_notebook(browser, lab, "own/label.ipynb")  # another day: it goes on where it was
    run_until(page, page.locator('.labeller[data-done="3"][data-path="2.png"]'))
    page.locator(".labeller-picture").evaluate("picture => picture.decode()")
    page.screenshot(path=os.environ.get("LABELLER_PICTURE", own / "labeller.png"))
    page.close()
