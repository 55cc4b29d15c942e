"""Any bytes give a result or our own error: never another exception, never a hang.

A few examples of each reader run always; python -m pytest -m heavy -s tries 100,000 for each.
"""

import bz2
import gzip
import json
import lzma
import struct
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import strange
import w2v
from readers import READERS, STATE, small_run, use
from w2v.config import Config
from w2v.errors import W2VError
from w2v.storage import layout
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read
from w2v.training import checkpoints

FEW, THOUGHT, MANY = 60, 1_000, 100_000  # of the last, Hypothesis makes the second


def think(strategy, n, check):
    """Check n inputs that Hypothesis makes."""
    suppressed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

    @settings(
        max_examples=n,
        deadline=20_000,
        suppress_health_check=suppressed,
        derandomize=True,
        database=None,
    )
    @given(strategy)
    def checked(content):
        check(content)

    checked()


@pytest.mark.parametrize("name", READERS)
def test_some_strange_bytes_give_a_result_or_our_error(tmp_path, name):
    valid, strategy, check = READERS[name](tmp_path)
    check(valid)
    think(strategy, FEW, check)
    for content in strange.mutated(valid, [valid], FEW, name):
        check(content)


@pytest.mark.heavy
@pytest.mark.parametrize("name", READERS)
def test_a_hundred_thousand_strange_files_give_a_result_or_our_error(tmp_path, name):
    valid, strategy, check = READERS[name](tmp_path)
    began, others = time.perf_counter(), []

    def check_and_keep(content):
        check(content)
        others.append(content)

    think(strategy, THOUGHT, check_and_keep)
    for content in strange.mutated(valid, others, MANY - len(others), name):
        try:
            check(content)
        except BaseException as error:
            raise AssertionError(f"{name}: {content!r}") from error
    print(f"{name}: {MANY:,} inputs, {time.perf_counter() - began:.0f} s")


def promise(shape, end):
    header = {"in_vectors": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


HOSTILE = {
    "terabytes": promise([2**38, 4], 2**42),
    "more than there are numbers": promise([2**62, 2**62], 2**126),
    "a header of terabytes": struct.pack("<Q", 2**43),
    "a header of 2^64": struct.pack("<Q", 2**64 - 1),
    "less than nothing": promise([-4, -3], 48),
    "no numbers": promise([0, 3], 0),
    "nested": struct.pack("<Q", 100_000) + b"[" * 100_000,
    "nothing": b"",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_file_that_promises_too_much_is_refused_at_once(tmp_path, case):
    run = small_run(tmp_path)
    (run / layout.VECTORS).write_bytes(HOSTILE[case])
    with pytest.raises(W2VError, match=r"vectors\.safetensors is damaged: "):
        w2v.load(run)
    (run / STATE).write_bytes(HOSTILE[case])
    with pytest.raises(W2VError, match=r"state\.safetensors is damaged: "):
        checkpoints.read(run / STATE)


@pytest.mark.parametrize(
    ("vocab", "message"),
    [
        ("<unk>\t1\na\t4\na\t3\nc\t2\n", "the word 'a' is there twice"),
        ("<unk>\t1\n\t4\nb\t3\nc\t2\n", "line 2 has no word"),
        ("<unk>\t1\na\t4\nb\t3\n", "4 vectors, 3 words"),
        ("<unk>\t1\na\t-4\nb\t3\nc\t2\n", "line 2 has the count '-4'"),
        ("x\t1\na\t4\nb\t3\nc\t2\n", "the first word must be <unk>"),
    ],
)
def test_vocabulary_that_does_not_fit_is_refused(tmp_path, vocab, message):
    run = small_run(tmp_path)
    (run / layout.CONFIG).unlink()
    (run / layout.VOCAB).write_text(vocab)
    with pytest.raises(W2VError, match=f"is damaged: .*{message}"):
        w2v.load(run)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bits", [0x7FC00000, 0x7FA00000, 0x7F800000])  # NaN, signalling, ∞
@pytest.mark.parametrize("row", [1, 2])  # the word's that is asked for, and another's
def test_vectors_that_are_not_finite_are_refused_when_used(tmp_path, row, bits):
    run = small_run(tmp_path)
    (run / layout.CONFIG).unlink()
    content = bytearray((run / layout.VECTORS).read_bytes())
    first = len(content) - 2 * 48 + row * 12  # of two tables, (4, 3)
    content[first : first + 4] = struct.pack("<I", bits)
    (run / layout.VECTORS).write_bytes(content)
    with pytest.raises(W2VError, match=r"the vector of '.' holds NaN or infinity"):
        use(run)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_endless_word_is_refused_in_little_memory(tmp_path, pack):
    import tracemalloc

    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    path = Path(tmp_path, "bomb" + suffix)
    path.write_bytes(pack(b"a" * (16 << 20)) * 16)
    tracemalloc.start()
    with pytest.raises(W2VError, match="has a word of more than 1048576 bytes"):
        read(open_corpus(Config(corpus=str(path))), 1)
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()
