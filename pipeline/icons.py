"""Give a built site the few icons that its pages show, in place of the theme's two thousand.

The theme loads Font Awesome twice, as a script of 1.5 MB and as fonts of 0.3 MB. Fonts that hold nothing but the icons in
use are so small that they stand in the style sheet itself, which also works where a browser loads no font beside a page that
was opened from disk (Firefox).
"""

import base64
import io
import re
import shutil
from pathlib import Path

from fontTools import subset

_STYLES = "_static/styles/pydata-sphinx-theme.css"
_SCRIPT = "_static/scripts/fontawesome.js"
_FONTS = "_static/vendor/fontawesome"
# .fa-check:before,.fa-tick:before{content:"\f00c"}
_RULE = re.compile(r'(?P<names>\.fa-[\w-]+:before(?:,\.fa-[\w-]+:before)*)\{content:"\\(?P<code>[0-9a-f]+)"\}')
_SOURCE = re.compile(r"src:url\(\.\./vendor/fontawesome/webfonts/(?P<name>[\w-]+)\.woff2\)[^;}]*")
_NAMED = re.compile(r"\bfa-([\w-]+)")


class IconError(Exception):
    """The theme keeps its icons elsewhere than this module expects."""


def thin_out(html: Path) -> set[str]:
    """Replace a site's icon script and fonts by fonts with the icons that its pages and scripts name.

    Parameters
    ----------
    html : Path
        The site's folder.

    Returns
    -------
    set of str
        Names of the icons that are kept, without ``fa-``. Icons that the style sheet itself shows are kept, too.

    Raises
    ------
    IconError
        If the theme's files are not where they were when this was written.
    """
    sheet, script, fonts = html / _STYLES, html / _SCRIPT, html / _FONTS
    if not (sheet.is_file() and script.is_file() and fonts.is_dir()):
        raise IconError(f"the theme has no {_STYLES}, {_SCRIPT} or {_FONTS}: see what it loads now, and mend pipeline/icons.py")
    pages = {path: path.read_text(encoding="utf-8") for path in html.rglob("*.html")}
    scripts = [path.read_text(encoding="utf-8") for path in (html / "_static").rglob("*.js") if path != script]
    named = {name for text in (*pages.values(), *scripts) for name in _NAMED.findall(text)}
    styles = sheet.read_text(encoding="utf-8")

    kept, codes = set(), set()

    def rule(found):
        names = named & set(_NAMED.findall(found["names"]))
        if not names:
            return ""
        kept.update(names)
        codes.add(int(found["code"], 16))
        return found[0]

    styles = _RULE.sub(rule, styles)
    # What style sheets show by themselves, as the sign of a note: as an escape or as the character itself.
    for sheets in (styles, *(path.read_text(encoding="utf-8") for path in (html / "_static").rglob("*.css") if path != sheet)):
        codes.update(int(code, 16) for code in re.findall(r"\\([ef][0-9a-f]{3})\b", sheets))
        codes.update(ord(sign) for sign in re.findall(r"[\ue000-\uf8ff]", sheets))
    styles, found = _SOURCE.subn(lambda source: _embedded(fonts / "webfonts" / f"{source['name']}.ttf", codes), styles)
    if not kept or not found:
        raise IconError(f"{_STYLES} names no icons or no fonts in the way that pipeline/icons.py reads: mend it")
    sheet.write_text(styles, encoding="utf-8")
    tag = re.compile(rf'<script[^>]*src="[^"]*{re.escape(_SCRIPT)}[^"]*"[^>]*></script>\n?')
    for path, text in pages.items():
        if (less := tag.sub("", text)) != text:
            path.write_text(less, encoding="utf-8")
    for path in script.parent.glob(f"{script.name}*"):
        path.unlink()
    shutil.rmtree(fonts)
    return kept


def _embedded(font: Path, codes: set[int]) -> str:
    """Write a font with these characters only as the source of a ``@font-face``."""
    options = subset.Options(layout_features=[], notdef_outline=True, glyph_names=False, hinting=False)
    loaded = subset.load_font(str(font), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(loaded)
    file = io.BytesIO()
    loaded.flavor = "woff"
    loaded.save(file)
    return f'src:url(data:font/woff;base64,{base64.b64encode(file.getvalue()).decode("ascii")}) format("woff")'
