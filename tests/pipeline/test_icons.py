"""A site's icons: those in use stay, the rest goes, and nothing is asked for that is not there."""

import base64
import io
import re
import shutil
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

from pipeline.icons import IconError, thin_out

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
PAGE = (
    '<link href="_static/styles/pydata-sphinx-theme.css?digest=1" rel="stylesheet" />\n'
    '<script defer src="_static/scripts/fontawesome.js?digest=1"></script>\n'
    '<script src="_static/scripts/bootstrap.js"></script>'
    '<i class="fa-solid fa-sun"></i><i class="fab fa-github"></i>'
)


@pytest.fixture
def site(tmp_path):
    shutil.copytree(THEME, tmp_path / "_static")
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    return tmp_path


def faces(site):
    """Characters of each icon font, by family and weight."""
    styles = (site / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    found = {}
    for face in re.findall(r"@font-face\{[^}]*Awesome[^}]*\}", styles):
        family, weight = re.search(r"font-family:Font Awesome\\ \d (\w+)", face)[1], re.search(r"font-weight:(\d+)", face)[1]
        content = base64.b64decode(re.search(r"data:font/woff;base64,([^)]+)\)", face)[1])
        found[family, weight] = set(TTFont(io.BytesIO(content)).getBestCmap() or {})
    return styles, found


def test_icons_in_use_stay_and_the_rest_goes(site):
    before = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    kept = thin_out(site)
    styles, fonts = faces(site)
    assert {"sun", "github"} <= kept and "xmark" in kept, "the theme's own script shows a cross"
    assert 0xF185 in fonts["Free", "900"] and 0xF09B in fonts["Brands", "400"]
    assert 0xF186 not in fonts["Free", "900"] and ".fa-moon:before" not in styles, "nobody shows the moon"
    shown = {ord(sign) for sign in re.findall(r"[\ue000-\uf8ff]", styles)}  # the signs of notes, warnings and hints
    assert {0xF05A, 0xF071} <= shown <= set.union(*fonts.values()), "what the style sheet shows has its picture"
    after = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    assert len(styles) < 330_000 and after < before - 3_000_000


def test_no_page_asks_for_what_is_gone(site):
    thin_out(site)
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "fontawesome.js" not in page and "bootstrap.js" in page
    assert not list((site / "_static").rglob("*fontawesome*"))
    assert "vendor/fontawesome" not in (site / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")


def test_a_theme_that_has_changed_is_reported(site):
    (site / "_static/scripts/fontawesome.js").unlink()
    with pytest.raises(IconError, match="fontawesome.js.*mend pipeline/icons.py"):
        thin_out(site)


def test_a_style_sheet_that_is_written_otherwise_is_reported(site):
    sheet = site / "_static/styles/pydata-sphinx-theme.css"
    sheet.write_text(sheet.read_text(encoding="utf-8").replace(".woff2)", ".woff3)"), encoding="utf-8")
    with pytest.raises(IconError, match="names no icons or no fonts"):
        thin_out(site)
