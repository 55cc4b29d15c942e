"""query.py at a terminal: a real one, which the operating system makes for the test."""

import codecs
import contextlib
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from w2v.vectors.saving import save_vectors

pty = pytest.importorskip("pty", reason="no terminals can be made here")
pytest.importorskip("readline")

QUERY = [sys.executable, str(Path(__file__).parents[1] / "query.py"), "-k", "1"]
WORDS = ["<unk>", "chip", "microprocessor", "soap", "?", "evil\x1b[2J", "evil" + "l" * 2**20]
TABLE = np.array([[0, 0], [1, 0], [4, 3], [-5, 0], [0, 1], [0, -1], [0, -2]], np.float32)
UP, TAB, END = b"\x1b[A", b"\t", b"\x04"
SECONDS = 30


class Terminal:
    """A terminal in which query.py runs; what it shows is in `shown`, without control sequences."""

    def __init__(self, folder, *arguments, **streams):
        self.keyboard, inside = pty.openpty()
        streams = {"stdin": inside, "stdout": inside, "stderr": inside, **streams}
        # A session of its own, whose terminal this is: Ctrl-C becomes a signal.
        self.process = subprocess.Popen(
            [*QUERY, *arguments],
            cwd=folder,
            env={**os.environ, "TERM": "dumb"},
            start_new_session=True,
            preexec_fn=_take_terminal,
            **streams,
        )
        os.close(inside)
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def type(self, keys):
        os.write(self.keyboard, keys)

    def wait_for(self, text):
        """Read until `text` is shown; gives what was before it, and forgets it."""
        until = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < until, f"{text!r} is not in {self.shown!r}"
            if select.select([self.keyboard], [], [], 0.1)[0]:
                self.shown += self._read()
        before, _, self.shown = self.shown.partition(text)
        return before

    def end(self):
        """The exit status, and the rest of what is shown."""
        status = self.process.wait(SECONDS)
        with contextlib.suppress(OSError):  # nobody has the other end any more
            while select.select([self.keyboard], [], [], 0.1)[0]:
                self.shown += self._read()
        os.close(self.keyboard)
        return status, self.shown

    def _read(self):
        raw = os.read(self.keyboard, 4096)
        if not raw:
            raise OSError("the other end is closed")  # Linux says so itself
        raw = self._decoder.decode(raw)
        return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|\r|\x07", "", raw)


def _take_terminal():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    save_vectors(tmp_path / "runs" / "tiny", WORDS, range(7), TABLE, TABLE)
    (tmp_path / "runs" / "last").write_text("runs/tiny\n")
    return tmp_path


@pytest.fixture
def terminal(folder):
    terminal = Terminal(folder)
    assert "6 words from runs/tiny; ? for help, Ctrl-D to end\n" in terminal.wait_for("> ")
    return terminal


def test_prompt_answers_lines_and_ends_at_the_end_of_input(terminal):
    terminal.type(b"chip\n")
    assert terminal.wait_for("> ") == "chip\n 0.800 ████████   microprocessor\n"
    terminal.type(b"\n")
    assert terminal.wait_for("> ") == "\n"
    terminal.type(b"chip --minus soap\n")
    assert " 0.800 ████████   microprocessor\n" in terminal.wait_for("> ")
    terminal.type(b"chip --among soap\n")
    assert terminal.wait_for("> ").endswith("\n-1.000            soap\n")
    terminal.type(b"--odd-one-out soap chip microprocessor\n")
    assert terminal.wait_for("> ").endswith("\nsoap\n")
    terminal.type(END)
    assert terminal.end() == (0, "\n")


def test_prompt_goes_on_after_an_error_and_ends_with_0(terminal):
    terminal.type(b"chpi\n")
    assert "error: the vocabulary has no word 'chpi'; did you mean 'chip'?" in terminal.wait_for(
        "> "
    )
    terminal.type(b"--minus\n")
    assert "error: --minus" in terminal.wait_for("> ")
    terminal.type("日本\n".encode())
    assert "error: the vocabulary has no word '日本'" in terminal.wait_for("> ")
    terminal.type(b"chip\n")
    assert "microprocessor" in terminal.wait_for("> ")
    terminal.type(END)
    assert terminal.end()[0] == 0


def test_prompt_ends_at_ctrl_c_without_a_traceback(terminal):
    terminal.type(b"chi")
    terminal.wait_for("chi")
    # Python's readline misses a signal that comes just before it waits for keys: press it again.
    for _ in range(SECONDS // 3):
        terminal.type(b"\x03")
        with contextlib.suppress(subprocess.TimeoutExpired):
            terminal.process.wait(3)
            break
    status, rest = terminal.end()
    assert status == 130
    assert "Traceback" not in rest
    assert rest.endswith("\n")


def test_prompt_helps(terminal):
    terminal.type(b"?\n")
    shown = terminal.wait_for("\n> ")
    for form in ("--minus", "--among", "--similarity", "--odd-one-out", "Tab", "Ctrl-D"):
        assert form in shown
    terminal.type(END)
    assert terminal.end()[0] == 0


@pytest.mark.parametrize("word", [b"exit", b"quit"])
def test_prompt_ends_at_a_word_that_says_so(terminal, word):
    terminal.type(word + b"\n")
    assert terminal.end() == (0, word.decode() + "\n")


def test_prompt_takes_its_own_words_for_words_after_two_dashes(terminal):
    terminal.type(b"help\n")
    assert "Ctrl-D" in terminal.wait_for("\n> ")
    for word in ("exit", "help"):
        terminal.type(f"-- {word}\n".encode())
        assert f"error: the vocabulary has no word '{word}'" in terminal.wait_for("\n> ")
    terminal.type(b"-- ?\n")
    assert terminal.wait_for("\n> ").endswith(" 0.600 ██████     microprocessor")
    terminal.type(END)
    assert terminal.end()[0] == 0


def test_prompt_completes_no_word_that_cannot_be_shown(terminal):
    terminal.type(b"evi" + TAB + b"\n")  # both would do harm, and are not offered
    assert "no word 'evi'" in terminal.wait_for("\n> ")
    terminal.type(END)
    assert terminal.end()[0] == 0


def test_prompt_completes_words_and_flags(terminal):
    terminal.type(b"mic" + TAB + b"\n")
    assert terminal.wait_for("\n> ") == "microprocessor\n 0.800 ████████   chip"
    terminal.type(b"--sim" + TAB + b" ch" + TAB + b" so" + TAB + b"\n")
    assert terminal.wait_for("\n> ") == "--similarity chip soap\ncosine sim=-1.000"
    terminal.type(END)
    assert terminal.end()[0] == 0


def test_prompt_brings_back_earlier_lines(terminal):
    for typed in (b"chip\n", b"soap\n"):
        terminal.type(typed)
        terminal.wait_for("\n> ")
    terminal.type(UP + UP + b"\n")
    assert terminal.wait_for("\n> ").endswith("chip\n 0.800 ████████   microprocessor")
    terminal.type(END)
    assert terminal.end()[0] == 0


def test_words_at_a_terminal_need_no_prompt(folder):
    status, shown = Terminal(folder, "chip").end()
    assert (status, shown) == (0, " 0.800 ████████   microprocessor\n")


def test_no_prompt_is_written_to_a_pipe(folder):
    terminal = Terminal(folder, stdout=subprocess.PIPE)
    terminal.type(b"chip\n" + END)
    assert terminal.process.stdout.read() == b"chip\ncosine sim=0.800: microprocessor\n"
    terminal.process.stdout.close()
    assert terminal.end() == (0, "chip\n")  # the terminal's echo
