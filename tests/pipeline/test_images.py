"""Pictures of the site get smaller and stay the same."""

import io

import numpy as np
from PIL import Image

from pipeline.images import shrink, to_webp


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def test_no_pixel_changes():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    see_through = rng.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    grey = rng.integers(0, 256, (40, 50), dtype=np.uint8)
    for array in (photo, see_through, grey):
        assert np.array_equal(pixels(to_webp(png(array))), pixels(png(array)))


def test_pages_show_the_smaller_pictures(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "week").mkdir()
    plot = np.full((200, 300, 4), 255, dtype=np.uint8)
    plot[50:150, 100] = (0, 0, 255, 255)
    (tmp_path / "_images" / "a1.png").write_bytes(png(plot))
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "logo.png").write_bytes(png(plot))
    page = tmp_path / "week" / "page.html"
    page.write_text(
        '<a href="../_images/a1.png"><img alt="a1.png is a plot" src="../_images/a1.png"></a><img src="../_static/logo.png">',
        encoding="utf-8",
    )
    before, after = shrink(tmp_path)
    assert [path.name for path in (tmp_path / "_images").iterdir()] == ["a1.webp"]
    assert after == (tmp_path / "_images" / "a1.webp").stat().st_size < before
    assert page.read_text(encoding="utf-8") == (
        '<a href="../_images/a1.webp"><img alt="a1.png is a plot" src="../_images/a1.webp"></a><img src="../_static/logo.png">'
    )


def test_a_picture_that_would_grow_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.images.to_webp", lambda content: content + b"more")
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a1.png").write_bytes(png(np.zeros((8, 8, 3), np.uint8)))
    before, after = shrink(tmp_path)
    assert before == after and [path.name for path in (tmp_path / "_images").iterdir()] == ["a1.png"]
