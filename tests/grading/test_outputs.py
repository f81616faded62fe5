"""What cells show, made harmless: tables, formulae and pictures stay, and what is left out is named."""

import base64
import re
import time

import pytest

from grading.protocol.printed import Ends, last_state, without_middle
from grading.reports.render import render_outputs
from grading.sanitise.markup import clean_html
from grading.sanitise.outputs import PRINTED_LIMIT, clean_outputs
from tests.grading.test_sanitise import PNG, RUN

TABLE = (
    "<div>\n<style scoped>\n    .dataframe td { color: red }\n</style>\n<table border='1' class='dataframe'><thead><tr><th></th>"
    "<th>loss</th></tr></thead><tbody><tr><th>0</th><td>0.5</td></tr></tbody></table></div>"
)


def cleaned(data):
    """The data of what is left of an output, and the sentence about what is not."""
    outputs = [
        output.data
        for output in clean_outputs([{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}])
    ]
    told = [data["text/plain"] for data in outputs if data.get("text/plain", "").startswith("[Left out here")]
    shown = [data for data in outputs if data.get("text/plain") not in told]
    return (shown[0] if shown else {}), "".join(told)


def test_a_table_of_pandas_is_a_table():
    data, told = cleaned({"text/html": TABLE, "text/plain": "   loss\n0   0.5"})
    assert "<th>loss</th>" in data["text/html"] and "<td>0.5</td>" in data["text/html"] and told == ""
    assert "color: red" not in data["text/html"], "the text of a style is no text of the page"


@pytest.mark.parametrize(
    ("data", "kept", "told"),
    [
        ({"text/markdown": "| a |\n|---|\n| *b* |"}, "<td><em>b</em></td>", ""),
        ({"text/markdown": f"*so* <script>{RUN}</script>"}, "<em>so</em>", ""),
        (
            {"text/html": "<pre style='x'>Model: <span style='color:red'>net</span></pre>"},
            "<pre>Model: <span>net</span></pre>",
            "",
        ),
        ({"text/html": f"<b>so</b><script>{RUN}</script>"}, "<b>so</b>", "a script"),
        ({"text/html": "<video controls><source src='data:video/mp4;base64,AA'>No video.</video>"}, None, "a video or animation"),
        ({"text/html": "<iframe src='http://elsewhere.invalid'></iframe>", "text/plain": "<IFrame>"}, None, "another page"),
        ({"text/html": "<button onclick='x'>Play</button><input type=range>"}, None, "a script, controls"),
        ({"image/svg+xml": "<svg/>"}, None, "a drawing (SVG)"),
        ({"application/vnd.plotly.v1+json": "{}", "text/html": "<div id='p'></div><script>x</script>"}, None, "a script"),
        ({"application/vnd.plotly.v1+json": "{}"}, None, "application/vnd.plotly.v1+json"),
        ({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "HBox()"}, None, "a widget"),
        ({"text/html": "<img src='http://elsewhere.invalid/a.png' alt='a plot'>"}, "[picture not shown: a plot]", ""),
    ],
)
def test_what_is_shown_and_what_is_told(data, kept, told):
    shown, sentence = cleaned(data)
    assert "text/html" in shown if kept and "text/html" in data else "text/html" not in shown
    assert (told in sentence) if told else sentence == ""
    page = render_outputs(clean_outputs([{"output_type": "display_data", "data": data, "metadata": {}}]))
    assert "<script" not in page and "elsewhere" not in page and (kept or told) in page


def test_formulae_stay_text():
    data, told = cleaned({"text/latex": "$a<b$", "text/plain": "a < b"})
    assert data["text/latex"] == "$a<b$" and told == ""
    for data in ({"text/latex": "$a<b$"}, {"text/markdown": "so $a<b$"}):
        assert "<math" in render_outputs(clean_outputs([{"output_type": "display_data", "data": data, "metadata": {}}]))


def test_pictures_in_html_stay():
    assert f"data:image/png;base64,{PNG}" in cleaned({"text/html": f"<img src='data:image/png;base64,{PNG}'>"})[0]["text/html"]
    svg = base64.b64encode(f"<svg onload='{RUN}'/>".encode()).decode()
    assert "base64" not in cleaned({"text/html": f"<img src='data:image/svg+xml;base64,{svg}'>"})[0]["text/html"]


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 100_000,
        "<p " + " ".join(f"a{number}" for number in range(100_000)) + ">",
        "".join(f"<b a={number}>" for number in range(150)) + "<p>x</p>" * 50_000,
        "<b a=1><table><tr><td></b></table>" * 30_000,
    ],
    ids=["nested", "attributes", "begun again", "ended in the wrong place"],
)
def test_a_page_that_takes_a_browser_hours_is_shown_as_text(page):
    begin = time.process_time()
    text = clean_html(page)
    assert text.startswith("<pre>&lt;") and " left out here ...]" in text
    assert time.process_time() - begin < 20  # minutes where it is read as a page


def test_large_honest_tables_are_tables():
    rows = "<tr><td><b>1</b></td><td>2</td></tr>" * 5000
    assert clean_html(f"<table><tbody>{rows}</tbody></table>").count("<tr>") == 5000
    assert clean_html("<table>" + "<tr><td>1<td>2" * 5000).count("<tr>") == 5000  # end tags may be left out


# --- printed text ------------------------------------------------------------------------------------------------------


def test_long_printed_text_keeps_its_end():
    text = "".join(f"Epoch {number}\n" for number in range(50_000)) + "final loss 0.1\n"
    (output,) = clean_outputs([{"output_type": "stream", "name": "stdout", "text": text}])
    assert (
        len(output.text) < PRINTED_LIMIT + 100
        and output.text.startswith("Epoch 0\n")
        and output.text.endswith("final loss 0.1\n")
    )
    missing = int(re.search(r"\[\.\.\. ([\d,]+) lines are left out here", output.text)[1].replace(",", ""))
    assert output.text.count("\n") - 1 + missing == 50_001
    page = render_outputs([output])
    assert "final loss 0.1" in page and "Epoch 0\n" in page and "left out here" in page and len(page) < 30_000


def test_the_ends_of_a_text_in_pieces_are_those_of_the_whole():
    text = "".join(f"{number}\n" for number in range(3000))
    for size in (1, 7, 5000, len(text)):
        ends = Ends(100, 50)
        shown = "".join(ends.add(text[place : place + size]) for place in range(0, len(text), size))
        note, _, rest = ends.rest().partition("here ...]\n")
        assert shown == text[:100] and rest == text[-50:] and f"{text[100:-50].count(chr(10)):,} lines" in note, size
    assert without_middle("short", 10) == "short" and Ends(10, 10).rest() == ""


def test_states_of_a_terminal():
    assert last_state("\x1b[1m1/2\x1b[0m loss: 9\b\b\b\b\b\b\b\b\b\b\b\r2/2 loss: 1\nend") == "2/2 loss: 1\nend"
    assert last_state("a: 1\nb: 1\x1b[A\ra: 2\n\rb: 2") == "a: 2\nb: 2"
    assert last_state("Downloading\r\x1b[Kdone") == "done" and last_state("longer\rab") == "abnger"
    assert last_state("\x1b[31mred\x1b[0m\n\rx") == "\x1b[31mred\x1b[0m\nx"
    for text in ("\x1b[99999C\n" * 1000, "\x1b[A" * 1000, "\b" * 1000, "\x1b[", "\x1b[99999999999999999999A\r"):
        assert len(last_state(text)) <= len(text)
