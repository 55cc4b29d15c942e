"""`w2v explore`: what its page holds, and the command's errors. The page itself is looked at in
test_explorer_browser.py.
"""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from test_wordvectors import neighbours_by_definition, random_vectors
from w2v.commands import explore
from w2v.config import UNK
from w2v.errors import W2VError
from w2v.pictures import explorer
from w2v.pictures.projection import pca
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

HOSTILE = [
    "<script>",
    "</script>",
    "<!--",
    '"><img',
    "'&amp;",
    "a\\u003cb",
    "שלום",
    "日本",
    "x" * 200,
]


class Elements(HTMLParser):
    """The scripts and styles of a page, as browsers find them: (attributes, text)."""

    def __init__(self, page):
        super().__init__()
        self.found, self.metas, self.tags = [], {}, []
        self.feed(page.decode())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag in ("script", "style"):
            self.found.append([tag, attributes, ""])
        if tag == "meta" and "http-equiv" in attributes:
            self.metas[attributes["http-equiv"]] = attributes["content"]

    def handle_data(self, text):
        if self.lasttag in ("script", "style") and self.found and text.strip():
            self.found[-1][2] += text

    def one(self, tag, kind=None):
        (text,) = (
            text for name, about, text in self.found if (name, about.get("type")) == (tag, kind)
        )
        return text


def content_of(page):
    """The words of a page, and its arrays by name."""
    held = json.loads(Elements(page).one("script", "application/json"))
    types = {name: key for key, name in explorer._TYPES.items()}
    return held["words"], {
        name: np.frombuffer(
            gzip.decompress(base64.b64decode(array["packed"])), types[array["type"]]
        )
        for name, array in held["arrays"].items()
    }


def of_words(words, n_dims=3):
    """WordVectors of some words, all different."""
    table = np.random.default_rng(1).standard_normal((1 + len(words), n_dims)).astype(np.float32)
    table[0] = 0
    return WordVectors([UNK, *words], np.arange(len(words) + 1)[::-1], table)


@pytest.mark.parametrize("n_dims", [2, 3, 7])
def test_pca_is_that_of_a_singular_value_decomposition(n_dims):
    scales = np.arange(1, n_dims + 1)
    vectors = np.random.default_rng(0).standard_normal((50, n_dims)) * scales + 3
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[[0, 1], np.abs(axes[:2]).argmax(axis=1)])[:, None]
    np.testing.assert_allclose(pca(vectors.astype(np.float32)), centred @ axes.T, atol=2e-5)


def test_pca_of_one_dimension_is_a_line():
    places = pca(np.array([[1], [2], [6]], np.float32))
    np.testing.assert_allclose(places, [[-2, 0], [-1, 0], [3, 0]], atol=1e-6)


def test_page_holds_the_neighbours_by_definition():
    wv = random_vectors(60, 5)
    words, arrays = content_of(explorer.page(wv, "run"))
    assert words == wv.index_to_key[1:]
    near, thousandths = arrays["near"].reshape(59, 20), arrays["thousandths"].reshape(59, 20)
    for i, word in enumerate(words):
        expected = neighbours_by_definition(wv, [word], [], 20)
        assert [words[j] for j in near[i]] == [word for _, word in expected]
        assert [f"{j / 1000:.3f}" for j in thousandths[i]] == [f"{c:.3f}" for c, _ in expected]


def test_page_holds_counts_and_directions_to_8_bits():
    wv = random_vectors(60, 100)
    wv.vectors[5] *= 1e6  # lengths do not matter
    wv.counts[:] = np.arange(60) * 10**10
    _, arrays = content_of(explorer.page(wv, "run"))
    np.testing.assert_array_equal(arrays["counts"], wv.counts[1:])
    rounded = arrays["directions"].reshape(59, 100).astype(np.float64)
    rounded /= np.linalg.norm(rounded, axis=1, keepdims=True)
    exact = wv.vectors[1:].astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    # Each number is off by half a 127th of the row's largest at most, mostly by much less.
    assert np.abs(rounded @ rounded.T - exact @ exact.T).max() < 0.01


def test_page_is_the_same_for_the_same_vectors():
    assert explorer.page(random_vectors(30, 4), "x") == explorer.page(random_vectors(30, 4), "x")


def test_few_words_have_few_neighbours_and_zeros_none():
    wv = of_words(["a", "b", "c"])
    wv.vectors[2] = 0
    words, arrays = content_of(explorer.page(wv, "run"))
    near = arrays["near"].reshape(3, 2)
    assert set(near[0]) == {1, 2}
    assert near[1].tolist() == [explorer.NOBODY] * 2
    words, arrays = content_of(explorer.page(of_words(["alone"]), "run"))
    assert (words, len(arrays["near"])) == (["alone"], 0)


def test_words_and_titles_are_never_markup():
    page = explorer.page(of_words(HOSTILE), "</title><script>alert(1)</script>")
    elements = Elements(page)
    assert [about.get("type") for name, about, _ in elements.found if name == "script"] == [
        "application/json", "module",
    ]  # fmt: skip
    assert "img" not in elements.tags
    assert content_of(page)[0] == HOSTILE


def test_policy_allows_the_pages_own_script_and_style_alone():
    elements = Elements(explorer.page(of_words(["a", "b"]), "run"))
    policy = dict(
        part.strip().split(" ", 1) for part in elements.metas["Content-Security-Policy"].split(";")
    )

    def digest(text):
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert policy == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": digest(elements.one("style")),
        "script-src": digest(elements.one("script", "module")),
    }


def test_nan_is_refused_with_its_word():
    wv = of_words(["a", "b", "c"])
    wv.vectors[2, 1] = np.nan
    with pytest.raises(W2VError, match="the vector of 'b' holds NaN or infinity"):
        explorer.page(wv, "run")


def test_no_words_and_too_many_are_refused(monkeypatch):
    with pytest.raises(W2VError, match="there are 0 words; a page holds 1 to 100,000"):
        explorer.page(of_words([]), "run")
    monkeypatch.setattr(explorer, "MOST_WORDS", 2)
    with pytest.raises(W2VError, match="there are 3 words; a page holds 1 to 2"):
        explorer.page(of_words(["a", "b", "c"]), "run")


@pytest.fixture
def run(folder):
    """A run of three words in the current folder."""
    wv = of_words(["chip", "日本", "</script>"])
    (folder / "run").mkdir()
    save_vectors("run", wv.index_to_key, wv.counts, wv.vectors, wv.vectors)
    return folder / "run"


def test_command_writes_a_page(run, capsys):
    assert explore.main("w2v explore", ["run", "-o", "new/page.html"]) == 0
    size = (run.parent / "new/page.html").stat().st_size / 1e6
    what = f"3 words × 3, beside <unk>; {size:.1f} MB"
    assert capsys.readouterr() == (f"written: new/page.html ({what}); open it in a browser\n", "")
    assert content_of((run.parent / "new/page.html").read_bytes())[0] == [
        "chip",
        "日本",
        "</script>",
    ]


def test_command_takes_the_first_words_of_a_file(folder):
    (folder / "vectors.txt").write_text("3 2\na 1 0\nb 0 1\nc 1 1\n")
    assert explore.main("w2v explore", ["vectors.txt", "--limit", "2"]) == 0
    page = (folder / "explore.html").read_bytes()
    assert content_of(page)[0] == ["a", "b"]
    assert b"<title>vectors.txt</title>" in page


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nowhere"], 1, "cannot read nowhere: No such file or directory"),
        (["empty"], 1, "empty is no run: there is no vectors.safetensors"),
        (["run", "-o", "there"], 1, "there is there already; --force replaces it"),
        (["run", "-o", "empty"], 1, "empty is no file, and is left as it is"),
        (["run", "-o", "run/page.html"], 1, "is inside a run, which training replaces"),
        (["run", "-o", "there/page.html"], 1, "cannot write there/page.html: "),
        (["run", "-o", "a\0b"], 1, "it must hold no NUL"),
        (["run", "--limit", "0"], 2, "--limit is 0; it must be between 1 and 100000"),
        (["run", "--limit", "100001"], 2, "--limit is 100001; it must be between 1 and 100000"),
        (["words.txt", "-o", "words.txt", "--force"], 2, "words.txt is what is read; name another"),
        ([], 2, "the following arguments are required: RUN"),
    ],
)
def test_command_says_what_is_wrong_in_one_line(run, capsys, arguments, status, message):
    (run.parent / "empty").mkdir()
    for name in ("there", "words.txt"):
        (run.parent / name).write_text("mine")
    try:
        returned = explore.main("w2v explore", arguments)
    except SystemExit as end:  # of argparse
        returned = end.code
    out, err = capsys.readouterr()
    assert (returned, out) == (status, "")
    assert message in err
    assert re.fullmatch(r"error: .*\n", err)
    for name in ("there", "words.txt"):
        assert (run.parent / name).read_text() == "mine"
    assert not (run.parent / "explore.html").exists()


def test_command_replaces_a_page_when_forced(run, capsys):
    for _ in range(2):
        assert explore.main("w2v explore", ["run", "--force"]) == 0
    assert explore.main("w2v explore", ["run"]) == 1
    assert "explore.html is there already" in capsys.readouterr().err
