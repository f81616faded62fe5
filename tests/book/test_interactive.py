"""The players and the explorer in a real browser: by keyboard, on a phone, without a script error or a request.

Needs the package ``playwright`` and a Chromium that is installed on the system; skipped, with that word, where they are not.
"""

import pytest

from helpers import animate, explorer

IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]


@pytest.fixture
def page(browser, tmp_path, monkeypatch):
    """A page with two players and the explorer; fails if the page complains or asks for anything."""
    players, trouble = [], []
    monkeypatch.setattr("IPython.display.display", players.append)
    animate.convolution(IMAGE, KERNEL)
    animate.convolution(IMAGE, KERNEL, transposed=True, padding=1, stride=2)
    body = "".join([player._repr_html_() for player in players] + [explorer.fragment()])
    file = tmp_path / "page.html"
    head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    file.write_text(head + body, encoding="utf-8")
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: trouble.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    yield page
    page.close()
    assert not trouble


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_a_player_by_keyboard(page):
    first, second = page.locator("[id^=player-]").all()
    first.locator(".card").focus()
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    assert first.locator(".count").inner_text() == "4 / 9"
    assert first.locator(".said").inner_text().endswith("= 10")
    assert second.locator(".count").inner_text() == "1 / 25", "the other player has not moved"
    press(page, "End")
    assert first.locator(".outputs .value").all_text_contents() == ["12", "12", "17", "10", "17", "19", "9", "6", "14"]
    first.get_by_role("button", name="Each product").focus()
    press(page, "Enter")
    assert first.locator(".said").inner_text() == "2 × 0 = 0, running sum 0"
    press(page, "ArrowRight")
    assert first.locator(".count").inner_text() == "74 / 81"


def test_a_player_plays_and_stops(page):
    player = page.locator("[id^=player-]").first
    player.locator("select").select_option("4")
    player.get_by_role("button", name="Play").click()
    player.get_by_role("button", name="Pause").wait_for()
    page.wait_for_function("document.querySelector('[id^=player-]').shadowRoot.querySelector('.count').textContent === '9 / 9'")
    player.get_by_role("button", name="Play").wait_for()


def test_the_explorer_by_keyboard(page):
    layer = page.locator("[id^=explorer-]")
    size = layer.get_by_role("spinbutton", name="Input size W")
    size.focus()
    press(page, "ArrowUp", "ArrowUp")
    assert layer.locator(".headline").inner_text().startswith("7 × 7 × 1")
    cell = layer.locator('[role=gridcell][tabindex="0"]')
    cell.focus()
    press(page, "ArrowDown", "ArrowRight")
    assert layer.locator("#layer .said").inner_text().startswith("Output [1, 1]: 0×0 + 1×1 + 3×2")
    layer.get_by_role("radio", name="Convolution").focus()
    press(page, "ArrowRight", "ArrowRight")
    assert layer.locator(".headline").inner_text().split("→")[1].strip().startswith("9 × 9 × 1")


def test_the_explorer_says_why_not(page):
    layer = page.locator("[id^=explorer-]")
    layer.get_by_role("spinbutton", name="Kernel size K").fill("7")
    assert "A kernel reaching 7 pixels does not fit into 5 + 2·0 = 5 pixels." in layer.get_by_role("alert").inner_text()
    assert layer.locator("#n-kernel").get_attribute("aria-invalid") == "true"
    layer.get_by_role("button", name="same").click()
    assert layer.locator(".headline").inner_text().startswith("5 × 5 × 1")


def test_a_stack_of_layers_by_keyboard(page):
    stack = page.locator("[id^=explorer-]")
    stack.get_by_role("tab", name="One layer").focus()
    press(page, "ArrowRight")
    assert "50,692 parameters" in stack.locator(".total").inner_text()
    assert "32 × 32 pixels" in stack.locator(".total").inner_text()
    stack.get_by_role("button", name="Remove layer 5").focus()
    press(page, "Enter")
    assert "16 × 16 pixels" in stack.locator(".total").inner_text()
    stack.get_by_label("Input size").last.fill("11")
    assert "A window reaching 2 pixels does not fit" not in stack.locator(".layers").inner_text()
    assert "does not fit" in stack.locator(".layer.bad").inner_text()


def test_nothing_is_wider_than_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[id^=explorer-]").get_by_role("tab", name="A stack of layers").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_targets_are_large_enough_for_a_thumb(page):
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is None or min(box["width"], box["height"]) >= 40
