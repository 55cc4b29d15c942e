"""Text from outside, on its way to a terminal, a log and a pipe."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from w2v import compiled
from w2v.commands import common, output
from w2v.errors import LONGEST, shown
from w2v.storage import layout
from w2v.training.bar import Bar
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

ROOT = Path(__file__).parents[1]

# Clears the screen; names the window; fills the clipboard; C1's form of ESC [; DEL; a bell.
HARMFUL = ["\x1b[2J", "\x1b]0;mine\x07", "\x1b]52;c;bWluZQ==\x07", "\x9b2J", "\x7f", "\x07", "\x08"]
TURNED = ["\u202e", "\u2066", "\u200f", "\u061c"]  # marks of direction
HIDDEN = ["\u200b", "\ufeff", "\u2028", "\u2029", "\U000e0041", "\x85", "\n", "\r", "\t"]
SPELLED = ["日本", "naïve", "e\u0301", "שלום", "می\u200cروم", "👩\u200d🔬", "C:\\new", "…"]


@pytest.mark.parametrize("text", [*HARMFUL, *TURNED, *HIDDEN, "\udcff"])
def test_shown_escapes_what_does_not_print(text):
    line = shown(f"a{text}b")
    assert line.isprintable()
    assert text not in line
    assert json.loads(f'"{line}"') == f"a{text}b"  # the escapes are JSON's


@pytest.mark.parametrize("text", SPELLED)
def test_shown_leaves_every_script_as_it_is(text):
    assert shown(text) == text


def test_shown_cuts_the_middle_out():
    assert shown("a" * LONGEST) == "a" * LONGEST
    line = shown("error: " + "w" * 2**20 + "; do this")
    assert len(line) <= LONGEST
    assert line.startswith("error: www")
    assert "w … of 1,048,592 characters … w" in line
    assert line.endswith("w; do this")


@pytest.mark.parametrize("text", [*HARMFUL, *SPELLED, "a" * 1001, "\x1b" * 999, "\u202e" * 2000])
def test_shown_twice_is_shown_once(text):
    assert shown(shown(text)) == shown(text)
    assert len(shown(text)) <= LONGEST


def test_only_one_module_of_the_commands_prints():
    """The class: a new print() elsewhere would be a way past `shown`."""
    for path in (ROOT / "w2v").rglob("*.py"):
        if path.name in ("output.py", "plain.py"):  # that page shows its own ten words
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            assert name != "print", f"{path}: print, not output.tell or output.answer"
            is_stream = name in ("stdout", "stderr") and isinstance(node, ast.Attribute)
            # The bar shows titles and numbers of ours alone; the program that draws tells the
            # process that started it.
            may = path.parent.name == "commands" or path.name in ("bar.py", "program.py")
            assert not is_stream or may, f"{path} uses sys.{name}"


EVIL = "x\x1b[2J\u202ey\x9b1m"
LONG = "w" * 2**20


@pytest.fixture
def evil(tmp_path):
    """A run whose words and folder do harm: every word but `far` is near `chip`."""
    run = tmp_path / "r\x1b[2J"
    run.mkdir()
    words = ["<unk>", "chip", EVIL, LONG, "far"]
    table = np.array([[0, 0], [4, 0], [4, 1], [4, 2], [-4, 0]], float)
    save_vectors(run, words, range(5), table, table)
    return run


def in_terminal(command, folder):
    """What a command shows in a terminal, its stderr too, and its exit status."""
    pty = pytest.importorskip("pty", reason="no terminals can be made here")
    outside, inside = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    raw = b""
    while True:
        try:
            piece = os.read(outside, 2**16)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        raw += piece
    os.close(outside)
    return raw.decode().replace("\r\n", "\n"), process.wait(30)


def w2v(*arguments):
    return [sys.executable, "-m", "w2v", *map(str, arguments)]


def piped(command, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL
    )
    return done.stdout.decode(), done.stderr.decode()


def assert_harmless(text):
    assert all(line.isprintable() for line in text.split("\n")), ascii(text[:2000])
    assert len(text) < 10_000


def test_query_shows_words_safely_and_pipes_them_as_they_are(evil, tmp_path):
    ask = w2v("query", "chip", "--run", evil)
    text, status = in_terminal(ask, tmp_path)
    assert status == 0
    assert_harmless(text)
    assert r"x\u001b[2J\u202ey\u009b1m" in text
    out, _ = piped(ask, tmp_path)
    assert f": {EVIL}\n" in out
    assert f": {LONG}\n" in out


def test_query_heads_and_errors_are_harmless(evil, tmp_path):
    ask = w2v("query", EVIL, "chip", "un\x1b[2J", "--run", evil, "-k", "1")
    text, status = in_terminal(ask, tmp_path)
    assert status == 1
    assert_harmless(text)
    assert "error: the vocabulary has no word" in text


def test_json_is_utf8_in_a_pipe_and_escaped_in_a_terminal(evil, tmp_path):
    ask = w2v("query", "chip", "--run", evil, "-k", "1", "--json")
    out, _ = piped(ask, tmp_path)
    assert "\u202e" in out
    text, _ = in_terminal(ask, tmp_path)
    assert_harmless(text)
    assert json.loads(text) == json.loads(out)
    assert json.loads(out)["results"][0]["neighbours"][0]["word"] == EVIL


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(tmp_path, encoding):
    words = ["<unk>", "a", "é日本😀"]
    table = np.array([[0, 0], [1, 0], [1, 1]], float)
    save_vectors(tmp_path, words, range(3), table, table)
    done = subprocess.run(
        w2v("query", "a", "--run", ".", "--json"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (
        json.loads(done.stdout.decode(encoding))["results"][0]["neighbours"][0]["word"] == words[2]
    )
    assert (words[2].encode() in done.stdout) == (encoding == "utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "chip", "--run", "no\x1b[2J\u202e"],
        ["query", "chip", "--a\x1b[2J"],
        ["query", "chip", "-k", "\x9b2J\u202e"],
        ["query", "chip", "--vectors", "evil.txt"],
        ["\x1b[2J"],
        ["export", "no\x1b[2J", "--to", "glove", "x"],
        ["export", "r\x1b[2J", "--to", "\x9b2J", "x"],
        ["evaluate", "r\x1b[2J", "--pairs", "p\x1b[2J"],
        ["train", "--corpus", "no\x1b[2J\u202e"],
        ["train", "--corpus", "evil.txt", "--out", "evil.txt/\x1b[2J"],
        ["train", "--recipe", "\u202e"],
    ],
)
def test_errors_are_harmless_in_terminals_and_logs(evil, tmp_path, arguments):
    (tmp_path / "evil.txt").write_text(f"2 2\n{EVIL} 1 2\n{EVIL} {LONG} 2\n", encoding="utf-8")
    for text in (in_terminal(w2v(*arguments), tmp_path)[0], piped(w2v(*arguments), tmp_path)[1]):
        assert text.startswith("error: ")
        assert text.count("\n") == 1
        assert_harmless(text)


def test_export_and_evaluate_tell_names_safely(evil, tmp_path):
    (tmp_path / "a\x1b[2J").write_text(": s\u202e\nchip far chip far\n", encoding="utf-8")
    (tmp_path / "p\x9b2J").write_text("chip far 1\nchip chip 2\n")
    files = ["--pairs", "p\x9b2J", "--analogies", "a\x1b[2J"]
    for command in (
        w2v("evaluate", evil, *files),
        w2v("export", evil, "--to", "glove", "out\x1b[2J", "--force"),
    ):
        for text in ("".join(piped(command, tmp_path)), in_terminal(command, tmp_path)[0]):
            assert_harmless(text)
            assert r"\u001b[2J" in text
    assert (tmp_path / "out\x1b[2J").exists()


def test_training_logs_words_and_names_safely(tmp_path):
    line = f"{EVIL} {LONG[:5000]} b\u202e c\x1b]0;mine\x07\n"
    (tmp_path / "t\x1b[2J.txt").write_text(line * 400, encoding="utf-8")
    settings = ["--epochs", "1", "--min-count", "1", "--sample", "0", "--vector-size", "4"]
    train = w2v("train", "--corpus", "t\x1b[2J.txt", "--out", "r\x1b[2J", *settings)
    out, errors = piped(train, tmp_path)
    assert_harmless(out + errors)
    assert r"written: r\u001b[2J (" in out
    assert r"\u202e" in out
    words = (tmp_path / "r\x1b[2J" / layout.VOCAB).read_text(encoding="utf-8")
    assert EVIL in words  # a file holds words as they are


def test_tell_without_a_stream_prints_nowhere(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)  # as it is after 2>&-
    common.say("no")
    output.tell("no", to_errors=True)
    assert capsys.readouterr().out == ""


def test_errors_and_log_lines_in_python_are_harmless(tmp_path, caplog):
    import w2v

    name = "no\x1b[2J\u202e" + "w" * 3000
    with pytest.raises(w2v.W2VError) as caught:
        w2v.load(name)
    with pytest.raises(w2v.W2VError) as unknown:
        WordVectors(["<unk>", "a"], [0, 1], np.ones((2, 2), np.float32))[EVIL]
    with Bar() as bar:
        bar.warning(f"cannot write {name}")
        caplog.set_level("INFO", "w2v")
        bar.notice(f"{name} is trained already")
    compiled._say_once(f"cannot keep compiled code in {name}")
    lines = [str(caught.value), str(unknown.value), *(r.getMessage() for r in caplog.records)]
    assert len(lines) == 5
    for line in lines:
        assert line.isprintable()
        assert len(line) <= LONGEST
    assert all(r"no\u001b[2J\u202ew" in line for line in (lines[0], *lines[2:]))
