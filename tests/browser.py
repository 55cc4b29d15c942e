"""A real browser without a window, for the tests of pages: Chromium, driven by Playwright."""

import os
import shutil

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
# Counts the pictures that were really drawn, and keeps the boxes of the names on the last of them.
WATCHED = """
window.drawn = 0; window.names = [];
const { putImageData, fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.putImageData = function (...all) {
  window.drawn++; window.names = [];
  return putImageData.apply(this, all);
};
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const right = x + this.measureText(text).width;
  window.names.push({ text, left: x, right, top: y - 11, bottom: y + 3 });
  return fillText.call(this, text, x, y);
};
"""


@pytest.fixture(scope="session")
def chromium():
    """The browser; it draws in software, as a machine without a graphics card does."""
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is in the extra `test`")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here; Debian's package is `chromium`")
    # As root, as in a container, Chromium starts only without its sandbox.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--disable-gpu", *as_root]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """open_page(path, hash, **settings of the context): a tab with that file, as it is on a disk.

    In the end no tab may have logged anything, had an error, or asked for anything but its file.
    """
    contexts, problems = [], []

    def open_file(path, question="", **settings):
        wide = {"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce"}
        context = chromium.new_context(**{**wide, **settings})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(60_000)
        address = path.as_uri()

        def requested(request):
            if request.url.split("#")[0] not in (address, "about:blank"):
                problems.append(request.url)

        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("dialog", lambda dialog: problems.append(dialog.message))
        tab.on(
            "request",
            lambda request: (
                request.url.split("#")[0] in (address, "about:blank")
                or problems.append(request.url)
            ),
        )
        tab.add_init_script(WATCHED)
        tab.goto(address + question)
        tab.wait_for_selector("#answers li")
        return tab

    yield open_file
    for context in contexts:
        context.close()
    assert problems == []
