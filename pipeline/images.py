"""Make the pictures of a built site smaller without changing a pixel: PNG files become lossless WebP."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

_NAME = re.compile(r"(?<=_images/)[\w.-]+\.png(?=[\"'#?)])")


def to_webp(png: bytes) -> bytes:
    """Encode a PNG picture as lossless WebP.

    Parameters
    ----------
    png : bytes
        Content of a PNG file.

    Returns
    -------
    bytes
        Content of a WebP file with the same pixels. Where the PNG is opaque throughout, it has no alpha channel.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.new("RGBA", (64, 64), "white").save(file, "PNG")
    >>> Image.open(io.BytesIO(to_webp(file.getvalue()))).convert("RGBA").getpixel((0, 0))
    (255, 255, 255, 255)
    """
    picture: Image.Image = Image.open(io.BytesIO(png))
    if "A" in picture.getbands() and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    elif picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    file = io.BytesIO()
    # `exact` keeps the colour of invisible pixels, too: dark mode shows what lies under them.
    picture.save(file, "WEBP", lossless=True, quality=60, method=4, exact=True)
    return file.getvalue()


def shrink(html: Path) -> tuple[int, int]:
    """Replace the pictures in a site's ``_images`` by smaller ones, and every page's references to them.

    Parameters
    ----------
    html : Path
        The site's folder.

    Returns
    -------
    before, after : int
        Bytes of all PNG pictures, and of what has taken their places.
    """
    folder = html / "_images"
    pictures = sorted(folder.glob("*.png"))
    with ThreadPoolExecutor() as threads:
        smaller = dict(zip(pictures, threads.map(lambda path: to_webp(path.read_bytes()), pictures), strict=True))
    before = sum(path.stat().st_size for path in pictures)
    smaller = {path: content for path, content in smaller.items() if len(content) < path.stat().st_size}
    names = {path.name: f"{path.stem}.webp" for path in smaller}
    for path, content in smaller.items():
        path.with_suffix(".webp").write_bytes(content)
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        changed = _NAME.sub(lambda found: names.get(found[0], found[0]), text)
        if changed != text:
            page.write_text(changed, encoding="utf-8")
    for path in smaller:
        path.unlink()
    return before, sum(len(smaller[path]) if path in smaller else path.stat().st_size for path in pictures)
