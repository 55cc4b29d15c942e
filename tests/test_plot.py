"""`w2v plot` and run.plot(): the picture that training writes, of runs done and under way."""

import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import w2v
from stopping import SETTINGS
from texts import zipf_lines
from w2v.commands import plot
from w2v.errors import UsageError
from w2v.storage import layout

pytestmark = pytest.mark.draws
FORMS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF-1"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    (folder / "zipf.txt").write_text(zipf_lines(200, 300))
    settings = {**SETTINGS, "corpus": str(folder / "zipf.txt"), "engine": "cpu", "epochs": 1}
    return w2v.train(**settings, out=str(folder / "a"))


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A Run in the folder a of the current one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained.folder, "a")
    return w2v.Run(w2v.load("a"), trained.metrics, tmp_path / "a")


@pytest.fixture
def ask(capsys):
    def ask(*arguments):
        return plot.main("w2v plot", list(arguments)), *capsys.readouterr()

    return ask


def test_picture_is_the_one_that_training_wrote(run, ask):
    trained = (run.folder / layout.LOSS).read_bytes()
    assert ask("a", "-o", "x.png") == (0, "written: x.png\n", "")
    assert (run.folder.parent / "x.png").read_bytes() == trained
    drawn = run.plot()
    assert (drawn.content, drawn.form) == (trained, "png")
    assert repr(drawn) == f"<Picture: png, {len(trained):,} bytes>"
    shutil.copytree("a", "b/checkpoint")  # as while it is trained for the first time
    assert ask("b", "-o", "y.png")[0] == 0
    assert (run.folder.parent / "y.png").read_bytes() == trained


def test_run_shows_itself_in_a_notebook(run):
    shown = run._repr_html_()
    root = ET.fromstring(f"<body>{shown}</body>")
    (image,) = root.iter("img")
    assert image.get("src").startswith("data:image/png;base64,iVBOR")
    assert image.get("alt") == f"loss by epoch: {run.epoch_losses[0]:.4f}"
    (run.folder / layout.LOSS).unlink()
    assert "<img" not in run._repr_html_()
    words, n_words = run.vectors.index_to_key, len(run.vectors)
    assert f"<b>{n_words} words of 8 dimensions</b>: {' '.join(words[1:13])} …" in shown


def test_words_that_are_html_are_shown_as_text():
    words = ["<script>alert(1)</script>", "</p>", "&amp;", "\"'", "a\x1b[2J"]
    shown = w2v.WordVectors(["<unk>", *words], range(6), np.zeros((6, 1), np.float32))._repr_html_()
    text = "".join(ET.fromstring(shown).itertext())
    assert text == "6 words of 1 dimensions: " + " ".join([*words[:4], r"a\u001b[2J"])


@pytest.mark.parametrize("form", FORMS)
def test_picture_in_every_format(form, run):
    drawn = run.plot(f"x.{form}")
    assert drawn.content.startswith(FORMS[form])
    assert run.folder.with_name(f"x.{form}").read_bytes() == drawn.content
    ((mime, content),) = drawn._repr_mimebundle_().items()
    assert form in mime
    assert len(content) >= len(drawn.content)
    assert run.plot(f"x.{form}").content == drawn.content  # no date in it


def test_what_cannot_be_plotted_is_told_in_a_line(run, ask, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "c").mkdir()
    (tmp_path / "c/metrics.csv").write_text("epoch,batch\n1,1\n")
    (tmp_path / "d.png").mkdir()
    wrong = {
        "nowhere -o x.png": "nowhere is no run: there is no such folder; w2v train makes runs",
        "b -o x.png": "b is no run: there is no metrics.csv; w2v train makes runs",
        "c -o x.png": "cannot draw x.png: .*/c/metrics.csv is damaged: it has no column loss",
        "a -o a/loss.png": "a/loss.png is there already; --force replaces it, or name another path",
        "a -o e/x.png": "cannot write e/x.png: No such file or directory",
        "a -o d.png --force": "d.png is no file, and is left as it is; name another path",
    }
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    for arguments, line in wrong.items():
        status, out, said = ask(*arguments.split())
        assert (status, out) == (1, ""), arguments
        assert re.fullmatch(f"error: {line}\n", said), said
    assert ask("a", "-o", "x.gif")[0] == 2
    with pytest.raises(UsageError, match=r"the picture is 'x\.gif'; it must end in .png, .svg or"):
        run.plot("x.gif")
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before
