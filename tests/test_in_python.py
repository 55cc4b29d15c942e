"""What people try in Python first: the corpus as the first argument, a Config, other files."""

import fcntl
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import w2v
from texts import zipf_lines

ROOT = Path(__file__).parent.parent
SMALL = {"epochs": 2, "vector_size": 4, "min_count": 1}


@pytest.fixture
def text(tmp_path, monkeypatch):
    """text.txt, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(zipf_lines(50, 500))
    return "text.txt"


def same(one, other):
    return one.vectors.vectors.tobytes() == other.vectors.vectors.tobytes()


def test_train_takes_the_corpus_first(text):
    run = w2v.train(text, **SMALL)
    assert same(run, w2v.train(corpus=text, **SMALL))
    assert same(run, w2v.train(Path(text), **SMALL))


def test_train_takes_a_config_and_what_replaces_its_settings(text):
    config = w2v.from_recipe(corpus=text, **SMALL)
    assert same(w2v.train(config), w2v.train(text, **SMALL))
    assert len(w2v.train(config, epochs=1).epoch_losses) == 1


@pytest.mark.parametrize(
    ("corpus", "settings", "message"),
    [
        (w2v.Config(), {"recipe": "textbook"}, "recipe is 'textbook' beside a Config"),
        (w2v.Config(), {"epocs": 3}, "unknown setting 'epocs'"),
        ("x.txt", {"epocs": 3}, "unknown setting 'epocs'"),
    ],
)
def test_train_refuses_what_it_cannot_take(corpus, settings, message):
    with pytest.raises(w2v.W2VError, match=message):
        w2v.train(corpus, **settings)


def test_run_is_shown_in_three_lines(text):
    run = w2v.train(text, epochs=30, vector_size=4, min_count=1)
    first, second, third = repr(run).splitlines()
    assert first == "<Run: 'runs/text'"
    assert second == " vectors: 51 words of 4 dimensions"
    losses = [f"{loss:.4f}" for loss in run.epoch_losses]
    assert third == f" loss by epoch: {', '.join([*losses[:3], '…', *losses[-3:]])}>"


def test_watcher_is_public_and_told(text):
    class Losses(w2v.Watcher):
        losses: list = []  # noqa: RUF012

        def epoch_done(self, row):
            self.losses.append(row.loss)

    run = w2v.train(text, watcher=Losses(), **SMALL)
    assert Losses.losses == run.epoch_losses


def test_train_warns_through_the_logger_and_is_silent_for_a_watcher(text, caplog, capfd):
    w2v.train(text, **SMALL)
    (record, *_) = caplog.records
    assert (record.name, record.levelno) == ("w2v", logging.WARNING)
    assert "tokens are few" in record.message
    caplog.clear()
    w2v.train(text, watcher=w2v.Watcher(), **SMALL)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")  # and no bar where nobody watches


TRAIN = f"import w2v; w2v.train('text.txt', **{SMALL})"


def test_train_shows_a_bar_at_a_terminal(text):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", TRAIN], stderr=slave, env=environment) as process:
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:  # Linux's end of a terminal
            pass
    os.close(master)
    assert process.returncode == 0
    assert re.search(rb"training: +\d+%\|", shown)


def test_train_shows_a_bar_in_a_notebook(text, tmp_path):
    (tmp_path / "ipykernel").mkdir()
    (tmp_path / "ipykernel/__init__.py").touch()
    (tmp_path / "ipykernel/iostream.py").write_text(
        "import io\nclass OutStream(io.StringIO): pass  # as a notebook's: not a terminal\n"
    )
    code = f"""
import sys, ipykernel.iostream
sys.stderr = ipykernel.iostream.OutStream()
{TRAIN}
print(sys.stderr.getvalue())
"""
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert re.search(r"training: +\d+%\|", done.stdout)


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("x.bin", "word2vec-binary"),
        ("x.txt", "word2vec-text"),
        ("x.vec", None),
        ("x.bin", None),
        ("x.npy", None),
        ("x", "glove"),
    ],
)
def test_vectors_are_saved_and_loaded_in_every_format(text, name, to):
    wv = w2v.train(text, **SMALL).vectors
    w2v.export(wv, to, name)
    loaded = w2v.load(name)
    assert list(loaded) == list(wv) == wv.index_to_key
    assert (loaded.vectors == wv.vectors).all()
    w2v.export(wv, to, "y" + Path(name).suffix)
    assert Path("y" + Path(name).suffix).read_bytes() == Path(name).read_bytes()
    assert len(w2v.load(name, limit=3)) == 4


def test_save_asks_for_a_format_that_the_path_does_not_tell(text):
    wv = w2v.train(text, **SMALL).vectors
    with pytest.raises(w2v.W2VError, match=r"'vectors' does not tell the format; name one of word"):
        w2v.export(wv, None, "vectors")
    with pytest.raises(w2v.W2VError, match="must be one of word2vec-text"):
        w2v.export(wv, "binary", "vectors.bin")


def test_run_stands_for_its_folder_and_its_vectors(text):
    run = w2v.train(text, **SMALL)
    assert (w2v.load(run).vectors == run.vectors.vectors).all()
    assert len(w2v.load(run, limit=2)) == 3
    assert Path(run, "metrics.csv").is_file()
    w2v.export(run, None, "x.bin")
    assert list(w2v.load("x.bin")) == list(run.vectors)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: w2v.load(None),
            "cannot read None: it must be text or a Path, and is of type None",
        ),
        (lambda: w2v.load(b"runs"), r"cannot read b'runs': it must be text or a Path"),
        (lambda: w2v.load(0), "cannot read 0: it must be text or a Path"),
        (lambda: w2v.load(None, limit=3), "cannot read None: it must be text"),
        (lambda: w2v.load(""), "cannot read '': it must not be empty"),
        (lambda: w2v.export("runs/x", None, "x.bin"), "export was given a str to write; it takes"),
        (lambda: w2v.export(None, None, "x.bin"), "export was given a NoneType to write; it takes"),
        (lambda: w2v.train("text.txt", watcher=3), "watcher is 3; it must be a w2v.Watcher"),
        (lambda: w2v.train("text.txt", watcher=w2v.Watcher), "watcher is <class .* must be a w2v"),
        (lambda: w2v.train("text.txt", out=""), "--out is ''; it must be FOLDER, not empty"),
    ],
)
@pytest.mark.usefixtures("text")
def test_what_is_of_another_type_is_refused_in_one_line(call, message):
    with pytest.raises(w2v.W2VError, match=message):
        call()


def test_words_can_be_gone_through(text):
    wv = w2v.train(text, **SMALL).vectors
    assert [word for word in wv] == wv.index_to_key  # noqa: C416
    assert dict(zip(wv, wv.counts, strict=True))["w0"] == wv.counts[1]
