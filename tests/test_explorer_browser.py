"""The page of `w2v explore` in a real browser: what it shows, and what it lets hands do."""

import re
import time
from urllib.parse import quote

import numpy as np
import pytest

from test_explorer import HOSTILE, of_words
from test_wordvectors import random_vectors
from w2v.commands import query
from w2v.config import UNK
from w2v.pictures import explorer
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def words():
    """400 words of 20 dimensions in some groups, so that neighbours differ in their cosines."""
    draws = np.random.default_rng(3)
    groups = draws.standard_normal((40, 20))
    table = groups[draws.integers(0, 40, 401)] + 0.6 * draws.standard_normal((401, 20))
    table[0] = 0
    names = [UNK, *(f"w{number}" for number in range(1, 401))]
    return WordVectors(names, np.arange(8000, 0, -20)[np.r_[0, 0:400]], table.astype(np.float32))


@pytest.fixture(scope="module")
def page(words, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    explorer.write(words, path, "groups")
    return path


def page_of(words, tmp_path):
    explorer.write(
        of_words(words) if isinstance(words, list) else words, tmp_path / "x.html", "run"
    )
    return tmp_path / "x.html"


def listed(tab):
    """The rows of the list: (word, number)."""
    texts = "(part) => [...document.querySelectorAll(`#answers ${part}`)].map((e) => e.textContent)"
    return list(zip(tab.evaluate(texts, "bdi"), tab.evaluate(texts, ".number"), strict=True))


def field(tab, number=0):
    return tab.locator("form:not([hidden]) input").nth(number)


def heading(tab):
    return re.sub("[\u2068\u2069]", "", tab.locator("#heading").text_content())


def still(tab):
    """Wait until the map no longer moves, and the list of what is in view has followed."""
    tab.evaluate(
        """async () => {
          let before;
          do {
            before = window.drawn;
            await new Promise((done) => setTimeout(done, 250));
          } while (window.drawn !== before);
        }"""
    )


def test_neighbours_are_those_of_the_query_command(words, page, tmp_path, capsys, open_page):
    (tmp_path / "run").mkdir()
    save_vectors(tmp_path / "run", words.index_to_key, words.counts, words.vectors, words.vectors)
    asked = words.index_to_key[1:401:4]
    assert query.main("w2v query", ["--run", str(tmp_path / "run"), "-k", "5", *asked]) == 0
    printed = re.findall(r"cosine sim=(\S+): (\S+)", capsys.readouterr().out)
    tab = open_page(page)
    shown = tab.evaluate(
        """async (asked) => {
          const rows = [];
          for (const word of asked) {
            location.hash = `#near=${word}`;
            await new Promise((done) => addEventListener("hashchange", done, { once: true }));
            for (const row of [...document.querySelectorAll("#answers button")].slice(0, 5)) {
              const [number, name] = [".number", "bdi"].map((part) => row.querySelector(part));
              rows.push([number.textContent, name.textContent]);
            }
          }
          return rows;
        }""",
        asked,
    )
    assert len(asked) == 100
    assert [tuple(row) for row in shown] == printed


def test_a_word_is_completed_followed_and_left_by_keyboard_alone(words, page, open_page):
    tab = open_page(page)
    press = tab.keyboard.press
    press("/")
    tab.keyboard.type("w12")
    options = tab.locator("[role=option]")
    assert options.all_text_contents() == ["w12", *(f"w{n}" for n in range(120, 127))]
    press("ArrowDown"), press("ArrowDown")
    assert field(tab).get_attribute("aria-expanded") == "true"
    active = field(tab).get_attribute("aria-activedescendant")
    assert tab.locator(f"#{active}[aria-selected=true]").text_content() == "w120"
    press("Enter")
    assert tab.locator("#heading", has_text="Near").count() == 1
    assert heading(tab) == "Near w120"
    nearest = words.most_similar("w120")[0][0]
    assert listed(tab)[0][0] == nearest
    assert f"first is \u2068{nearest}\u2069" in tab.locator("#status").text_content()
    press("Tab"), press("Tab"), press("Enter")  # Show, the first neighbour
    tab.locator("#heading", has_text=nearest).wait_for()
    focused = tab.evaluate("document.activeElement.textContent")
    assert focused.startswith(words.most_similar(nearest)[0][0])  # to go on from there
    for button, word in (("back", "w120"), ("forward", nearest)):
        while tab.evaluate("document.activeElement.id") != button:
            press("Shift+Tab" if button == "back" else "Tab")
        press("Enter")
        tab.locator("#heading", has_text=word).wait_for()
    press("/"), press("Escape")
    assert tab.locator("[role=option]:visible").count() == 0


def test_back_and_forward_are_buttons_and_all_words_come_back(page, open_page):
    tab = open_page(page, "#near=w7")
    tab.locator("#answers button").first.click()
    second = heading(tab)
    assert second != "Near w7"
    tab.click("#back")
    tab.locator("#heading", has_text="w7").wait_for()
    tab.click("#forward")
    tab.locator("#heading", has_text=second[5:]).wait_for()
    tab.go_back()  # the browser's own
    tab.locator("#heading", has_text="w7").wait_for()
    tab.click("#all")
    tab.locator("#heading", has_text="In view").wait_for()
    still(tab)
    assert listed(tab)[0] == ("w1", "8,000")


def test_a_click_on_the_map_asks_for_the_word_there(words, page, open_page):
    tab = open_page(page)
    still(tab)
    names = tab.evaluate("window.names")
    canvas = tab.locator("canvas").bounding_box()
    for name in names[5:8]:
        tab.click("#all")
        still(tab)
        (box,) = (box for box in tab.evaluate("window.names") if box["text"] == name["text"])
        tab.mouse.move(canvas["x"] + box["left"] + 5, canvas["y"] + box["top"] + 5)
        assert name["text"] in tab.locator("#hover").text_content()
        tab.mouse.click(canvas["x"] + box["left"] + 5, canvas["y"] + box["top"] + 5)
        tab.locator("#heading", has_text=name["text"]).wait_for()
        assert [word for word, _ in listed(tab)] == [
            word for word, _ in words.most_similar(name["text"], topn=20)
        ]


@pytest.mark.parametrize("question", ["", "#near=w3", "#axis=w1&axis=w2"])
def test_names_on_the_map_cover_no_others(page, open_page, question):
    tab = open_page(page, question)
    still(tab)
    names = tab.evaluate("window.names")
    assert len(names) > 20
    canvas = tab.locator("canvas").bounding_box()
    for i, one in enumerate(names):
        assert one["left"] >= 0
        assert one["right"] <= canvas["width"]
        for other in names[:i]:
            apart = one["left"] >= other["right"] or other["left"] >= one["right"]
            assert apart or one["top"] >= other["bottom"] or other["top"] >= one["bottom"]


def test_an_analogy_is_answered_and_says_that_it_is_rounded(words, page, open_page):
    tab = open_page(page)
    tab.get_by_text("Analogy").click()
    for number, word in enumerate(["w5", "w9", "w14"]):
        field(tab, number).fill(word)
    field(tab, 2).press("Enter")
    tab.locator("#heading", has_text="+").wait_for()
    assert heading(tab) == "Near w5 + w9 − w14"
    assert "rounded to 8 bits" in tab.locator("#note").text_content()
    exact = dict(words.most_similar(["w5", "w9"], ["w14"], topn=400))
    shown = listed(tab)
    assert len(shown) == 20
    assert shown[0][0] == max(exact, key=exact.get)
    for word, cosine in shown:
        assert float(cosine) == pytest.approx(exact[word], abs=0.015)  # 0.01, and two digits
    assert min(float(cosine) for _, cosine in shown) >= sorted(exact.values())[-20] - 0.015


def test_an_axis_orders_the_words_in_view(words, page, open_page):
    tab = open_page(page)
    tab.get_by_text("Axis").click()
    field(tab, 0).fill("w5")
    field(tab, 1).fill("w9")
    field(tab, 1).press("Enter")
    tab.locator("#heading", has_text="From").wait_for()
    still(tab)
    units = words.vectors / np.linalg.norm(words.vectors, axis=1).clip(1e-9)[:, None]
    axis = units[9] - units[5]
    cosines = dict(zip(words.index_to_key, units @ axis / np.linalg.norm(axis), strict=True))
    before = listed(tab)
    numbers = [float(cosine) for _, cosine in before]
    assert numbers == sorted(numbers)
    assert {"w5", "w9"} < {word for word, _ in before}
    for word, cosine in before:
        assert float(cosine) == pytest.approx(cosines[word], abs=0.015)
    for _ in range(6):
        tab.get_by_label("Zoom in").click()
    still(tab)
    after = listed(tab)
    assert len(after) < len(before) == 60  # the ends of all; then those that are left in view


def test_a_word_that_is_typed_whole_closes_its_completions(page, open_page):
    tab = open_page(page)
    field(tab).press_sequentially("w3")
    tab.locator(".completion li").first.wait_for()
    field(tab).press("Enter")
    tab.locator("#heading", has_text="Near").wait_for()
    assert heading(tab) == "Near w3"
    assert tab.locator(".completion:not([hidden])").count() == 0
    assert field(tab).get_attribute("aria-expanded") == "false"


def test_unknown_missing_and_cancelling_words_are_said(page, open_page):
    tab = open_page(page)
    field(tab).fill("w3")
    field(tab).press("Enter")
    tab.locator("#heading", has_text="Near").wait_for()
    field(tab).fill("nobody")
    field(tab).press("Enter")
    tab.locator("#note", has_text="There is no word").wait_for()
    assert tab.locator("#note").text_content() == "There is no word \u2068nobody\u2069 here."
    assert (heading(tab), listed(tab)) == ("nobody", [])  # nothing of w3 is left
    assert tab.evaluate("location.hash") == "#near=nobody"
    assert field(tab).get_attribute("aria-invalid") == "true"
    tab.get_by_text("Axis").click()
    field(tab).press("Enter")
    assert tab.locator("#note").text_content() == "A word is missing."
    for number in (0, 1):
        field(tab, number).fill("w5")
    field(tab, 1).press("Enter")
    tab.locator("#note", has_text="have no axis").wait_for()
    tab.goto(tab.url.split("#")[0] + "#near=lost")
    tab.locator("#note", has_text="There is no word").wait_for()
    assert listed(tab) == []


def test_hostile_and_foreign_words_are_text(tmp_path, open_page):
    tab = open_page(page_of(of_words(HOSTILE), tmp_path))
    still(tab)
    assert sorted(word for word, _ in listed(tab)) == sorted(HOSTILE)
    for word in HOSTILE:
        tab.click("#all")
        field(tab).fill(word)
        field(tab).press("Enter")
        tab.locator("#heading", has_text="Near").wait_for()
        assert heading(tab) == f"Near {word}"
        assert len(listed(tab)) == len(HOSTILE) - 1
        assert tab.locator("script, img").count() == 1  # its own; the data is read, and gone
    address = tab.url.split("#")[0]
    for word in HOSTILE[1::3]:
        tab.goto("about:blank")
        tab.goto(f"{address}#near={quote(word)}")  # a link to it
        tab.locator("#heading", has_text="Near").wait_for()
        assert heading(tab) == f"Near {word}"
        assert field(tab).input_value() == word


def test_long_words_widen_nothing(tmp_path, open_page):
    tab = open_page(page_of(of_words(["x" * 200, "y" * 200, "z"]), tmp_path), "#near=z")
    still(tab)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(len(name["text"]) <= 28 for name in tab.evaluate("window.names"))


@pytest.mark.parametrize("names", [["a", "b", "c"], ["alone"]])
def test_few_words_and_a_row_of_zeros_make_a_page(tmp_path, open_page, names):
    words = of_words(names)
    words.vectors[1] = 0
    tab = open_page(page_of(words, tmp_path))
    still(tab)
    assert len(listed(tab)) == len(names)
    tab.locator("#answers button").first.click()
    tab.locator("#note", has_text="It has no neighbours").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_system_until_it_is_told(page, open_page, theme):
    tab = open_page(page, color_scheme=theme)
    ground = {"light": [255, 255, 255], "dark": [20, 23, 29]}
    corner = """() => {
      const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      pen.drawImage(document.querySelector("canvas"), 0, 0);
      return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }"""
    still(tab)
    assert tab.evaluate(corner) == ground[theme]
    tab.click("#theme")
    still(tab)
    assert tab.evaluate(corner) == ground["dark" if theme == "light" else "light"]


def test_colours_tell_frequency_or_cosine(page, open_page):
    tab = open_page(page, "#near=w3")
    still(tab)
    assert tab.locator("#low").text_content() == "0"
    pixels = "document.querySelector('canvas').toDataURL()"
    near = tab.evaluate(pixels)
    tab.select_option("select", "rank")
    still(tab)
    assert (tab.locator("#low").text_content(), tab.locator("#high").text_content()) == (
        "rare",
        "frequent",
    )
    assert tab.evaluate(pixels) != near


def test_the_map_moves_by_keys_and_wheel(page, open_page):
    tab = open_page(page)
    still(tab)
    tab.keyboard.press("/")
    tab.locator("canvas").focus()
    place = "window.names.find((name) => name.text === 'w1')"
    before = tab.evaluate(place)
    tab.keyboard.press("ArrowRight")
    still(tab)
    assert tab.evaluate(place)["left"] == pytest.approx(before["left"] - 80, abs=1)
    tab.keyboard.press("0")
    still(tab)
    assert tab.evaluate(place)["left"] == pytest.approx(before["left"], abs=1)
    tab.locator("canvas").hover()
    tab.mouse.wheel(0, -600)
    tab.keyboard.press("+")
    still(tab)
    assert tab.evaluate(place) != before
    tab.keyboard.press("Enter")
    tab.locator("#heading", has_text="Near").wait_for()


def test_a_screen_reader_is_told_what_everything_is(page, open_page):
    tab = open_page(page, "#near=w3")
    tree = tab.locator("body").aria_snapshot()
    for part in (
        'heading "groups" [level=1]', 'heading "Near ⁨w3⁩" [level=2]', 'combobox "Word": w3',
        'radio "Neighbours" [checked]', 'button "Zoom in"', 'combobox "Colour"',
        'application "Arrow keys move', "status:",
    ):  # fmt: skip
        assert part in tree, tree
    assert re.search(r'listitem:\n\s+- button "w\d+ 0\.\d{3}"', tree)


def test_a_phone_shows_all_and_takes_fingers(words, page, open_page):
    tab = open_page(
        page,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=3,
    )
    still(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.locator("form:not([hidden]) button").bounding_box()["x"] < 390
    for question in ("", "#axis=w1&axis=w2", "#near=w1"):
        tab.evaluate("hash => { location.hash = hash; }", question)
        still(tab)
        for end in ("#low", "#high"):  # whole, whatever the colours tell
            assert tab.locator(end).evaluate("e => e.scrollWidth <= e.clientWidth && e.offsetWidth")
    tab.evaluate("() => { location.hash = ''; }")
    still(tab)
    before = tab.evaluate("window.names.length")
    touch = tab.context.new_cdp_session(tab)
    for kind, gap in (("Start", 20), ("Move", 60), ("Move", 120), ("End", None)):
        points = [{"x": 195 + side * gap, "y": 150, "id": side} for side in (-1, 1)] if gap else []
        points = [{**point, "id": i} for i, point in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    still(tab)
    assert heading(tab) == "In view, by frequency"  # two fingers are no click
    assert tab.evaluate("window.names.length") != before
    for _ in range(5):  # a busy machine's browser loses a tap
        first = listed(tab)[0][0]
        tab.locator("#answers button").first.tap()
        still(tab)
        if heading(tab) != "In view, by frequency":
            break
    assert first in heading(tab)


@pytest.mark.heavy
def test_a_hundred_thousand_words_move_smoothly(tmp_path, open_page):
    """30 pictures a second while panning, neighbours within 100 ms of a click, below 30 MB."""
    started = time.monotonic()
    size = explorer.write(random_vectors(100_001, 100), tmp_path / "x.html", "random")
    made = time.monotonic() - started
    assert size < 30e6
    tab = open_page(tmp_path / "x.html")
    still(tab)
    tab.mouse.move(760, 400)
    tab.mouse.down()
    # The mouse moves with every picture: a driver's own moves would wait for each other.
    speed = tab.evaluate(
        """async () => {
          const [begun, before] = [performance.now(), window.drawn];
          const canvas = document.querySelector("canvas");
          for (let i = 0; performance.now() - begun < 4000; i++) {
            await new Promise(requestAnimationFrame);
            const place = { pointerId: 1, clientX: 760 + (i % 100), clientY: 400 + (i % 50) };
            canvas.dispatchEvent(new PointerEvent("pointermove", place));
          }
          return (1000 * (window.drawn - before)) / (performance.now() - begun);
        }"""
    )
    tab.mouse.up()
    still(tab)
    waited = tab.evaluate(
        """async () => {
          const times = [];
          for (let i = 0; i < 10; i++) {
            const before = performance.now();
            const listed = new Promise((done) => new MutationObserver(done)
              .observe(document.querySelector("#answers"), { childList: true }));
            document.querySelectorAll("#answers button")[i].click();
            await listed;
            await new Promise(requestAnimationFrame); // painted with the next picture
            times.push(performance.now() - before);
            await new Promise((done) => setTimeout(done, 500));
          }
          return times;
        }"""
    )
    print(f"\n{size / 1e6:.1f} MB in {made:.0f} s; {speed:.0f} pictures a second; "
          f"neighbours after {sorted(waited)[5]:.0f} ms, at most {max(waited):.0f}")  # fmt: skip
    assert speed >= 30
    assert max(waited) < 100


@pytest.mark.heavy
def test_twenty_thousand_words_take_less_than_ten_megabytes(tmp_path):
    assert explorer.write(random_vectors(20_001, 100), tmp_path / "x.html", "random") < 10e6
