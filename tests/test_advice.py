"""What train.py says before it trains: every line, by its text."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from stopping import SETTINGS, Stop
from texts import zipf_lines
from w2v.commands.console import Console
from w2v.recipes import from_recipe
from w2v.training import advice, train

SMALL = {"min_count": 1, "vector_size": 8, "sample": 1e-2, "device": "cpu", "epochs": 1}


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """A function: train on some bytes, and return what was printed on stdout and on stderr."""
    monkeypatch.chdir(tmp_path)

    def train_on(content, **settings):
        (tmp_path / "text.txt").write_bytes(content)
        with Console() as console:
            run = train.train_run(from_recipe(corpus="text.txt", **{**SMALL, **settings}), console)
        console.report(run)
        return capsys.readouterr()

    return train_on


ZIPF = zipf_lines(100, 2000).encode()


def test_summary_tells_the_text_in_numbers(said):
    out = said(ZIPF, min_count=5, sample=0.0).out
    n_tokens = len(ZIPF.split())
    assert (
        f"2,000 lines, {n_tokens:,} tokens, 0 of them unknown; vocabulary 101 (min_count 5)" in out
    )
    kept = re.search(r"an epoch: about ([\d,]+) tokens kept by subsampling, ([\d,]+) pairs", out)
    assert abs(int(kept[1].replace(",", "")) / n_tokens - 1) < 0.01
    sizes = [len(line.split()) for line in ZIPF.splitlines()]
    pairs = sum(  # over the radius, uniform in 1..5
        sum(min(i, r) + min(n - 1 - i, r) for i in range(n)) / 5 for n in sizes for r in range(1, 6)
    )
    assert abs(int(kept[2].replace(",", "")) / pairs - 1) < 0.01
    assert re.search(r"memory: about \d+ MB beside the program", out)


def test_summary_of_subsampled_text_counts_what_is_kept(said):
    out = said(ZIPF, sample=1e-3, validation_share=0.2).out
    shown = re.search(r"an epoch: about ([\d,]+) tokens kept", out)[1]
    assert int(shown.replace(",", "")) < 0.7 * len(ZIPF.split())
    assert re.search(r"validation: 0\.2 of the sentences, not trained on, [\d,]+ windows", out)
    assert re.search(r"epoch 1/1  loss \d\.\d+  validation \d\.\d+  ", out)


def test_time_is_told_once_training_has_run_a_moment(said, monkeypatch):
    monkeypatch.setattr("w2v.commands.console.TRIAL", 0.0)
    out = said(ZIPF, epochs=3).out
    assert len(re.findall(r"^expected time: about [\d,]+ s$", out, re.M)) == 1


def test_digest_of_the_vectors_is_the_file_s(said):
    out = said(ZIPF).out
    content = Path("runs/text/vectors.safetensors").read_bytes()
    assert f"vectors: SHA-256 {hashlib.sha256(content).hexdigest()}" in out


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (ZIPF, {}, r"[\d,]+ tokens are few for --epochs 1, .*; more epochs do not help; more text"),
        (ZIPF, {"min_count": 900}, r"--min-count 900 leaves \d\d% of the tokens, and \d+ words"),
        (b"a b c d\n" * 9 + b"a b " * 6000, {}, r"the longest line has 12,000 words; a line is ta"),
        (ZIPF.replace(b"\n", b"\r\n"), {}, r"'text.txt' has the line ends of Windows"),
        (b"\xef\xbb\xbf" + ZIPF, {}, r"'text.txt' begins with a byte-order mark, which is dropped"),
        (ZIPF + b"nul\0byte here\n", {}, r"'text.txt' has NUL bytes, which are taken for letters"),
    ],
)
def test_odd_texts_bring_one_warning_each(said, content, settings, message):
    warnings = [line for line in said(content, **settings).err.splitlines() if "warning: " in line]
    assert len([line for line in warnings if re.search(f"warning: {message}", line)]) == 1
    others = {"are few", "little was learned", *({"leaves"} if "leaves" in message else ())}
    assert all(
        re.search(message, line) or any(other in line for other in others) for line in warnings
    )


def test_few_tokens_are_told_how_many_epochs_would_serve(said, monkeypatch):
    monkeypatch.setattr("w2v.training.advice.ENOUGH_TOKENS", 100_000)
    err = said(ZIPF).err
    epochs = -(-100_000 // len(ZIPF.split()))
    assert f"will be mostly noise; --epochs {epochs} would help; more text" in err


def test_small_disk_brings_a_warning(said, monkeypatch):
    monkeypatch.setattr("w2v.training.advice.free_disk", lambda folder: 2**20 // 100)
    assert re.search(
        r"warning: the disk of runs/text has 0 MB free, and the run and", said(ZIPF).err
    )


def test_sound_text_brings_no_warning(said, monkeypatch):
    monkeypatch.setattr("w2v.training.advice.ENOUGH_TOKENS", 1000)
    assert "warning" not in said(ZIPF, batch_size=64).err


def test_little_learned_in_the_first_epoch_brings_a_warning(said):
    err = said(ZIPF, sample=0.0, epochs=2, batch_size=8192).err
    assert (
        len(re.findall(r"warning: the loss of epoch 1, 0\.6\d+, is near that of vectors", err)) == 1
    )
    assert "and a smaller --batch-size than 8,192" in err


def test_small_text_is_told_a_larger_sample(said):
    err = said(ZIPF, sample=1e-4).err
    keeps = re.search(r"--sample 0.0001 keeps (\d+)% of this small text, and 0.001 (\d+)%", err)
    shares = np.bincount(np.unique(ZIPF.split(), return_inverse=True)[1]) / len(ZIPF.split())
    for shown, sample in zip(keeps.groups(), (1e-4, 1e-3), strict=True):
        assert int(shown) == round(100 * (shares * np.minimum(1, (sample / shares) ** 0.5)).sum())
    assert "small text" not in said(ZIPF, sample=1e-3).err


def test_loss_of_guessing_brings_a_warning(zipf_corpus, monkeypatch):
    monkeypatch.setattr(advice, "LOSS_OF_GUESSING", 0.1)
    watcher = Stop(0)
    train.train_run(from_recipe(**SETTINGS, out="a"), watcher)
    warned = [m for m in watcher.said if re.match(r"the loss of epoch \d, 0\.\d+, is that of g", m)]
    assert len(warned) == 3


def test_text_that_looks_raw_is_told_of_tokenizing(said):
    raw = said(
        b"The mill stood by the river, and the wheel (of oak) was old. It stood.\n" * 300
    ).err
    assert "27% of the words end in punctuation, such as 'river,': the text looks raw; " in raw
    assert "--tokenize words finds its words and sentences" in raw
    assert "'The' and 'the' are two words here; --lower folds case" in raw
    few = b"the mill of mr. tate stood " + b"and it rained " * 10 + b".\n"
    assert "raw" not in said(few * 9).err
    found = said(b"The mill stood, and the wheel stood. It was old.\n" * 300, tokenize="words").err
    assert "raw" not in found
    paragraphs = said(b"the mill stood by the river and it rained " * 8 + b"\n" + ZIPF).err
    assert "words on average" not in paragraphs
    assert "a line has 72 words on average, and is taken for one sentence; if lines are" in (
        said((b"the mill stood by the river and it rained " * 8 + b"\n") * 40).err
    )
