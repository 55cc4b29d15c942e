"""Maps of words: what is true of their points, and of the picture, by Matplotlib's own boxes."""

import functools
import io
import itertools
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Text

from test_explorer import content_of
from w2v.commands import map as command
from w2v.errors import UsageError, W2VError
from w2v.pictures import explorer, fonts, labels, plane, word_map
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

pytestmark = pytest.mark.draws
STRANGE = [
    "<script>alert(1)</script>", "</script>", "a$b$c", "$x^$", "_under", "x" * 200, "'\"&amp;",
    "\u202eevil", "a\x1b[2J", "\\frac{1}{2}", "日本", "東京", "שלום", "مرحبا", "привет",
]  # fmt: skip


def vectors_of(words, table=None, n_dims=20):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(len(words), n_dims)) if table is None else table
    table = np.concatenate([np.zeros((1, table.shape[1])), table]).astype(np.float32)
    return WordVectors(["<unk>", *words], range(len(words) + 1), table)


def test_pca_is_that_of_the_covariance():
    wv = vectors_of([f"w{i}" for i in range(40)])
    points = plane.of_words(wv, wv.index_to_key[1:]).points
    rows = wv.vectors[1:].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    _, axes = np.linalg.eigh(np.cov(rows.T))
    expected = (rows - rows.mean(axis=0)) @ axes[:, [-1, -2]]
    assert np.abs(points) == pytest.approx(np.abs(expected), abs=1e-9)


def test_map_and_explorer_show_a_run_alike():
    wv = vectors_of([f"w{i}" for i in range(40)])
    _, arrays = content_of(explorer.page(wv, "run"))
    places = np.stack([arrays["x"], arrays["y"]], axis=1)
    assert plane.of_words(wv, wv.index_to_key[1:]).points == pytest.approx(places, abs=1e-6)


def test_neighbourhood_is_as_far_as_the_cosines_say():
    wv = vectors_of([f"w{i}" for i in range(40)])
    around = plane.around(wv, "w3", 12)
    assert around.words == ["w3", *(word for word, _ in wv.most_similar("w3", topn=12))]
    lengths = np.linalg.norm(around.points, axis=1)
    assert lengths[1:] == pytest.approx([wv.distance("w3", word) for word in around.words[1:]])
    assert lengths[0] == 0
    angles = np.sort(np.arctan2(*around.points[1:].T[::-1]) % (2 * np.pi))
    assert np.diff(angles) == pytest.approx(np.full(11, 2 * np.pi / 12))


def test_clusters_are_those_that_were_planted():
    rng = np.random.default_rng(1)
    planted = rng.integers(0, 4, 60)
    table = np.eye(8)[planted] + rng.normal(scale=0.05, size=(60, 8))
    wv = vectors_of([f"w{i}" for i in range(60)], table)
    for seed in range(5):
        clusters = plane.of_words(wv, wv.index_to_key[1:], seed=seed).clusters
        sizes = np.bincount(clusters)
        assert list(sizes) == sorted(sizes, reverse=True)
        # Five are asked for: every one of them is of one planted class.
        assert len({(a, b) for a, b in zip(clusters, planted, strict=True)}) == len(sizes)


def test_map_is_the_same_for_a_seed():
    wv = vectors_of([f"w{i}" for i in range(50)])
    one, same = (drawn(plane.of_words(wv, wv.index_to_key[1:], seed=7)) for _ in range(2))
    assert one[0] == same[0]


def drawn(words_in_plane):
    """The PNG's bytes, the figure and the remarks."""
    figure, remarks = word_map.figure(**words_in_plane.as_json(), caption="a caption")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue(), figure, remarks


def random_words(n_words):
    rng = np.random.default_rng(n_words)
    return [
        "".join(rng.choice(list("aegilmnoprst"), rng.integers(1, 12))) + str(i)
        for i in range(n_words)
    ]


def planes():
    many = vectors_of(random_words(300))
    yield "300 words", plane.of_words(many, many.index_to_key[1:])
    yield "around", plane.around(many, many.index_to_key[5], 30)
    yield "around, all", plane.around(many, many.index_to_key[5], 299)
    three = vectors_of(["one", "two", "three"])
    yield "three words", plane.of_words(three, three.index_to_key[1:])
    yield "around, three words", plane.around(three, "two", 30)
    yield "one word", plane.of_words(three, ["two"])
    yield (
        "one dimension",
        (lambda wv: plane.of_words(wv, wv.index_to_key[1:]))(vectors_of(["a", "b"], n_dims=1)),
    )
    strange = vectors_of(STRANGE)
    yield "strange words", plane.of_words(strange, STRANGE)
    wide = vectors_of([f"{i}" + "漢字" * 30 for i in range(60)])
    yield "wide letters", plane.of_words(wide, wide.index_to_key[1:])
    yield "strange words, around", plane.around(strange, "x" * 200, 30)
    same = vectors_of(random_words(30), np.ones((30, 4)))
    yield "one place", plane.of_words(same, same.index_to_key[1:])
    zeros = vectors_of(["a", "b", "c"], np.zeros((3, 4)))
    yield "zeros", plane.of_words(zeros, ["a", "b", "c"])
    huge = vectors_of(["a", "b", "c"], np.full((3, 4), 3e38) * np.array([[1], [-1], [0.5]]))
    yield "huge numbers", plane.of_words(huge, ["a", "b", "c"])


NAMES = (
    "300 words", "around", "around, all", "three words", "around, three words", "one word",
    "one dimension", "strange words", "wide letters", "strange words, around", "one place", "zeros",
    "huge numbers",
)  # fmt: skip


@functools.cache
def drawn_plane(name):
    found = dict(planes())
    assert tuple(found) == NAMES
    return found[name], *drawn(found[name])


@pytest.mark.filterwarnings("ignore:Glyph")  # where no font has them
@pytest.mark.parametrize("name", NAMES)
def test_names_are_in_the_picture_and_on_nothing(name):
    shown, content, figure, remarks = drawn_plane(name)
    assert imread(io.BytesIO(content)).shape[:2] == (1125, 1250)
    assert 0 < (imread(io.BytesIO(content))[..., :3].min(axis=2) < 0.5).mean() < 0.5  # not blank
    (axes,) = figure.axes
    renderer = figure.canvas.get_renderer()
    texts = [text for text in axes.texts if text.get_visible()]
    boxes = [text.get_window_extent(renderer) for text in texts]
    frame = axes.get_window_extent(renderer)
    for text, box in zip(texts, boxes, strict=True):
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1, text
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1, text
        assert len(text.get_text()) <= word_map.LONGEST
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    for text in figure.findobj(Text):  # the legend and the caption, too
        box = text.get_window_extent(renderer)
        if text.get_text() and text.get_visible():
            assert 0 <= box.x0 < box.x1 <= figure.bbox.x1, text
            assert 0 <= box.y0 < box.y1 <= figure.bbox.y1, text
    hidden = len(shown.words) - len([text for text in texts if text.get_color() == "black"])
    told = [remark for remark in remarks if "no room for" in remark]
    assert (
        bool(hidden)
        == bool(told)
        == (name in ("300 words", "around, all", "wide letters", "one place"))
    )
    assert not told or told[0].startswith(f"{hidden} of {len(shown.words)} words")


def test_words_that_are_all_alike_have_no_ring():
    wv = vectors_of(["a", "b", "c", "d"], np.ones((4, 3)))
    _, figure, _ = drawn(plane.around(wv, "a", 3))
    assert {text.get_text() for text in figure.findobj(Text)} & {"0.98", "1.00", "0.50"} == set()
    (axes,) = figure.axes
    assert np.diff(axes.get_xlim()) > 1  # no zoom into rounding


def test_a_legend_cuts_no_word_that_has_room():
    words = ["microprocessor", "mainframe", "recording", "insulin"]
    wv = vectors_of(words, np.ones((4, 3)))
    names = [["microprocessor", "mainframe", "recording"], ["microprocessor", "x" * 22, "insulin"]]
    found = plane.of_words(wv, words)
    _, figure, _ = drawn(plane.Plane(words, found.points, np.array([0, 0, 1, 1]), names))
    (legend,) = [each for each in figure.axes[0].get_children() if type(each).__name__ == "Legend"]
    assert [text.get_text() for text in legend.get_texts()] == [
        "microprocessor, mainframe, recording",
        f"microprocessor, {'x' * 22}",
    ]


def test_most_frequent_words_have_their_names_first():
    shown, _, figure, _ = drawn_plane("300 words")
    visible = [text.get_visible() for text in figure.axes[0].texts[: len(shown.words)]]
    assert sum(visible[:50]) > sum(visible[-50:])


def test_label_is_moved_to_a_side_that_is_free():
    # The first name takes the right of its point; the second, whose point is there, must not be
    # left of it; the third has no place in the frame.
    points = np.array([[50.0, 50.0], [80.0, 50.0], [500.0, 50.0]])
    sizes = np.full((3, 2), (20.0, 10.0))
    first, second, third = labels.place(points, sizes, np.array([0, 0, 200, 100.0]), 2.0, [1.0])
    assert first == (53.0, 45.0)  # radius 2, distance 1
    assert second == (83.0, 45.0)
    assert third is None


def test_letters_of_any_script_come_from_a_font_that_has_them(monkeypatch):
    assert fonts.families_for(["word", "привет"]) == ([fonts.FIRST], [])
    monkeypatch.setattr(fonts, "FIRST", "cmr10")  # Matplotlib's own, too; it has no Cyrillic
    families, remarks = fonts.families_for(["привет"])
    assert families[0] == "cmr10"
    assert len(families) == 2
    assert remarks == []


def test_letters_that_no_font_has_are_told():
    families, remarks = fonts.families_for(["\U00012000\U00012001"])  # cuneiform
    if len(families) > 1:
        pytest.skip("a font here has cuneiform")
    assert remarks == [
        "no font here has \U00012000 \U00012001: they are drawn as boxes; install a font of their "
        "script, such as one of Google's Noto fonts"
    ]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs `w2v map`, in a folder with a run `run` of 40 words and STRANGE; status and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    words = ["<unk>", *random_words(40), *STRANGE]
    table = np.random.default_rng(0).normal(size=(len(words), 8))
    save_vectors(tmp_path / "run", words, range(len(words)), table, table)

    def run(*arguments):
        status = command.main("w2v map", list(arguments))
        return status, capsys.readouterr().err

    return run


def test_map_of_a_file_of_words(run, tmp_path):
    (tmp_path / "words.txt").write_text("\n".join([*STRANGE, "nowhere", "", STRANGE[0], "<unk>"]))
    status, said = run("run", "--words", "words.txt", "-o", "map.svg")
    assert status == 0
    assert "warning: 2 words are unknown: nowhere, <unk>\n" in said
    drawing = (tmp_path / "map.svg").read_text()
    assert "<script" not in drawing
    first = (tmp_path / "map.svg").read_bytes()
    assert run("run", "--words", "words.txt", "-o", "map.svg", "--force")[0] == 0
    assert (tmp_path / "map.svg").read_bytes() == first


WRONG = {
    "nowhere -o a.png": (1, "cannot read nowhere: No such file or directory"),
    "run -o a.gif": (2, "the picture is 'a.gif'; it must end in .png, .svg or .pdf"),
    "run -o missing/a.png": (1, "cannot write missing/a.png: No such file or directory"),
    "run -o run/vocab.tsv": (1, "run/vocab.tsv is there already; --force replaces it, or name"),
    "run -o folder.png --force": (1, "folder.png is no file, and is left as it is; name another"),
    "run -o a.png --around nowhere": (1, "the vocabulary has no word 'nowhere'; no word is"),
    "run -o a.png --around _under --words x": (2, "argument --words: not allowed with argument"),
    "run -o a.png --around _under --method umap": (2, "--around has its own projection"),
    "run -o a.png --words nowhere": (1, "cannot read nowhere: No such file or directory"),
    "run -o a.png --words run/vectors.safetensors": (1, "is no text: byte"),
    "run -o a.png --words empty": (1, "empty holds no word of the vocabulary; it must have one"),
    "run -o a.png --words x -n 3": (2, "-n is how many words; --words names them all"),
    "run -o a.png -n 0": (2, "-n is 0; it must be 1 or more"),
    "run -o a.png --method tsne": (2, "--method is 'tsne'; it must be one of pca, umap"),
    "run -o a.png --method umap": (1, "umap-learn is not installed; pip install umap-learn, or"),
    "run -o a.png --seed -1": (2, "--seed is -1; it must be 0 or more"),
    "run -o a.png --limit 0": (2, "--limit is 0; it must be 1 or more"),
    "nan -o a.png": (1, "the vector of 'b' holds NaN or infinity, so it has no place on a map"),
    "none -o a.png": (1, "none holds no words to show"),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_cannot_be_drawn_is_told_in_a_line(arguments, run, tmp_path, monkeypatch):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty").touch()
    for name, words in (("nan", ["<unk>", "a", "b"]), ("none", ["<unk>"])):
        (tmp_path / name).mkdir()
        table = np.array([[0.0], [1.0], [np.nan]])[: len(words)]
        save_vectors(tmp_path / name, words, range(len(words)), table, table)
    monkeypatch.setitem(sys.modules, "umap", None)  # as where it is not installed
    before = sorted(tmp_path.rglob("*"))
    status, line = WRONG[arguments]
    try:
        found, said = run(*arguments.split())
    except SystemExit as end:  # argparse's own
        found, said = end.code, line
    assert found == status
    assert said.startswith("error: ") or said == line
    assert line in said
    assert said.count("\n") <= 1
    assert sorted(tmp_path.rglob("*")) == before


def test_too_many_words_are_told():
    wv = vectors_of(random_words(2001), n_dims=2)
    with pytest.raises(UsageError, match="a map of 2,001 words; it can show 1 to 2,000"):
        plane.of_words(wv, wv.index_to_key[1:])
    with pytest.raises(UsageError, match="a map of 2,000 neighbours; it can show 1 to 1,999"):
        plane.around(wv, wv.index_to_key[1], 2000)


def test_umap_keeps_planted_clusters_together_and_its_seed():
    pytest.importorskip("umap", reason="umap-learn is in the extra `umap`")
    planted = np.arange(60) % 3
    table = np.eye(6)[planted] + np.random.default_rng(0).normal(scale=0.05, size=(60, 6))
    wv = vectors_of([f"w{i}" for i in range(60)], table)
    points = plane.of_words(wv, wv.index_to_key[1:], "umap", seed=3).points
    middles = np.array([points[planted == number].mean(axis=0) for number in range(3)])
    nearest = np.linalg.norm(points[:, None] - middles, axis=2).argmin(axis=1)
    assert (nearest == planted).all()
    assert (points == plane.of_words(wv, wv.index_to_key[1:], "umap", seed=3).points).all()
    with pytest.raises(W2VError, match="UMAP takes 10 words or more, and is given 3"):
        plane.of_words(wv, wv.index_to_key[1:4], "umap")
