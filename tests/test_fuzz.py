"""Any bytes give a result or our own error: never another exception, never a hang.

The few examples here run always; python -m pytest -m heavy tries 10,000 for every reader. FOUND are
the inputs that once did worse.
"""

import bz2
import gzip
import json
import lzma
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import w2v
from w2v.config import Config
from w2v.errors import W2VError
from w2v.formats import convert, npy
from w2v.storage import layout, safetensors
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read
from w2v.training import checkpoints
from w2v.training.checkpoints import Checkpoint
from w2v.training.progress import Progress
from w2v.vectors import saving

FEW, MANY = 60, 10_000
STATE = f"{layout.CHECKPOINT}/{layout.STATE}"
JOB = {"settings": {"epochs": 3}}


def fuzz(n):
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(
        max_examples=n,
        deadline=20_000,
        suppress_health_check=checks,
        derandomize=True,
        database=None,
    )


words = st.text(st.characters(codec="utf-8", exclude_categories=()), min_size=0, max_size=6)
prose = st.lists(words, max_size=30).map(lambda parts: " ".join(parts).encode())
texts = st.one_of(st.binary(max_size=400), prose, st.builds(bytes.__add__, prose, st.binary()))


def mutations(valid):
    """A valid file with some bytes changed, cut out or put in."""
    spot = st.integers(0, len(valid))

    def mutate(edits):
        content = valid
        for at, cut, put in edits:
            content = content[:at] + put + content[at + cut :]
        return content

    edit = st.tuples(spot, st.integers(0, 12), st.binary(max_size=12))
    return st.lists(edit, min_size=1, max_size=4).map(mutate)


def headers():
    """Safetensors files whose header is well-formed JSON, and says anything."""
    number = st.one_of(st.integers(-3, 70), st.sampled_from([2**31, 2**40, 2**63, 2**64, 10**30]))
    value = st.recursive(
        st.one_of(st.none(), st.booleans(), number, st.floats(), words, st.just("F32")),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner)),
        max_leaves=6,
    )
    entry = st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(["F32", "F64", "U8", 7]),
            "shape": st.one_of(st.lists(number, max_size=3), value),
            "data_offsets": st.one_of(st.lists(number, max_size=3), value),
        }
    )
    names = st.sampled_from(["in_vectors", "out_vectors", "__metadata__", "other"])
    header = st.dictionaries(names, st.one_of(entry, value), max_size=4)

    def file(header, tail):
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + tail

    return st.builds(file, header, st.binary(max_size=64))


def outcome(function, *arguments):
    """Call it; W2VError, in one line, is a fine outcome, and nothing else is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = "fine"
        try:
            function(*arguments)
        except W2VError as error:
            said = str(error)
        assert 0 < len(said) < 600


def read_corpus(folder, content, suffix):
    path = folder / f"text{suffix}"
    path.write_bytes(content)

    def go():
        vocabulary, text = read(open_corpus(Config(corpus=str(path))), 1, None, lambda line: None)
        assert sum(vocabulary.counts) == text.n_read
        assert len(set(vocabulary.words)) == len(vocabulary)
        assert all(vocabulary.words)

    outcome(go)


PACK = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def small_run(folder):
    """A valid run of four words, with a checkpoint."""
    run = folder / "run"
    run.mkdir()
    tables = np.arange(1, 13, dtype=np.float32).reshape(4, 3)
    tables[0] = 0
    saving.save_vectors(run, ["<unk>", "a", "b", "c"], [1, 4, 3, 2], tables, tables)
    checkpoints.write(run, Checkpoint(JOB, Progress(), {"in_vectors": tables}, "sha"))
    with open(run / layout.VECTORS, "rb") as one, open(run / layout.VOCAB, "rb") as other:
        digests = {layout.VECTORS: safetensors.sha256(one), layout.VOCAB: safetensors.sha256(other)}
    (run / layout.CONFIG).write_text(json.dumps({"sha256": digests}))
    return run


def use(run):
    wv = w2v.load(run)
    wv.most_similar(wv.index_to_key[1])


def fuzz_corpus(folder, n):
    @fuzz(n)
    @given(texts, st.sampled_from([*PACK]), st.booleans())
    def check(content, suffix, is_packed):
        read_corpus(folder, PACK[suffix](content) if is_packed else content, suffix)

    check()


def fuzz_file(folder, n, name, read_it, *more):
    """Change one file of a run by and by, and read the run."""
    run = small_run(folder)
    valid = (run / name).read_bytes()
    (run / layout.CONFIG).unlink()  # else every change is found by its digest alone

    @fuzz(n)
    @given(st.one_of(st.binary(max_size=200), mutations(valid), *more))
    def check(content):
        (run / name).write_bytes(content)
        outcome(read_it, run)

    check()


def fuzz_progress(folder, n):
    """Checkpoints that are whole and signed, and say anything of the training."""
    run = small_run(folder)
    plain = Progress().to_json()
    number = st.one_of(st.integers(), st.floats(), st.none(), words, st.just([]), st.booleans())
    rows = st.lists(st.lists(number, max_size=9), max_size=3)

    class Anything:
        def __init__(self, said):
            self.said = said

        def to_json(self):
            return self.said

    @fuzz(n)
    @given(
        st.dictionaries(st.sampled_from([*plain, "more"]), st.one_of(number, rows)),
        st.one_of(st.just(JOB), st.dictionaries(words, number), number),
    )
    def check(changed, job):
        checkpoints.write(run, Checkpoint(job, Anything({**plain, **changed}), {}, "sha"))

        def go():
            progress = checkpoints.read(run / STATE).progress
            meter = progress.meter
            assert progress.epoch >= 1
            assert min(progress.block, progress.batch) >= 0
            assert min(meter.n_batches, meter.n_centers, meter.rows_due) >= 0
            assert np.isfinite([meter.loss_sum, meter.seconds, meter.before]).all()

        outcome(go)

    check()


def lines_of_numbers():
    """Texts like those of word2vec and GloVe, and binaries: near misses in sizes and numbers."""
    size = st.one_of(st.integers(-1, 4), st.sampled_from([2**31, 2**40, 10**15, 10**30]))
    header = st.one_of(st.just(b""), st.builds(lambda v, d: b"%d %d\n" % (v, d), size, size))
    number = st.one_of(st.floats(width=32).map(repr), st.integers().map(str), words, st.just("1_0"))
    row = st.builds(lambda word, fields: " ".join([word, *fields]), words, st.lists(number))
    text = st.lists(row, max_size=4).map(lambda rows: "".join(f"{r}\n" for r in rows).encode())
    floats = st.lists(st.floats(width=32), max_size=3).map(
        lambda numbers: struct.pack(f"<{len(numbers)}f", *numbers)
    )
    record = st.builds(lambda word, raw: word.encode() + b" " + raw, words, floats)
    binary = st.lists(record, max_size=4).map(b"".join)
    return st.builds(bytes.__add__, header, st.one_of(text, binary, st.binary(max_size=40)))


def npy_headers():
    """.npy files whose header is well-formed Python, and says anything."""
    number = st.one_of(st.integers(-3, 5), st.sampled_from([2**31, 2**62, 2**64, 10**30]))
    kind = st.one_of(st.sampled_from(["<f4", ">f8", "<f2", "|O", "<U9", "f4,i8", "<M8[s]"]), words)
    value = st.one_of(number, st.lists(number), words, st.none(), st.booleans())
    header = st.fixed_dictionaries(
        {
            "descr": st.one_of(kind, value, st.lists(st.tuples(words, kind), max_size=2)),
            "fortran_order": st.one_of(st.booleans(), value),
            "shape": st.one_of(st.lists(number, max_size=3).map(tuple), value),
        }
    )

    def file(version, header, tail):
        text = repr(header).encode("latin1", "replace")
        length = struct.pack("<H" if version == 1 else "<I", len(text))
        return npy.MAGIC + bytes([version, 0]) + length + text + tail

    return st.builds(file, st.integers(1, 3), header, st.binary(max_size=64))


def fuzz_format(folder, n, to, name, *more):
    """Change one file of an export by and by, and read it; what is read is whole."""
    convert.export(w2v.load(small_run(folder)), to, folder / "vectors.npy")
    path = folder / name
    valid = path.read_bytes()

    @fuzz(n)
    @given(st.one_of(st.binary(max_size=200), mutations(valid), *more), st.integers(1, 5))
    def check(content, limit):
        path.write_bytes(content)

        def go():
            wv = convert.read(folder / "vectors.npy", limit if limit < 5 else None)
            assert wv.index_to_key[0] == "<unk>"
            assert (
                len(wv) == len(set(wv.index_to_key)) == len(wv.vectors) <= limit + 1 or limit == 5
            )
            assert all(wv.index_to_key)
            assert np.isfinite(wv.vectors).all()
            assert not wv.vectors[0].any()

        outcome(go)

    check()


def format_fuzzer(*arguments):
    return lambda folder, n: fuzz_format(folder, n, *arguments)


READERS = {
    "word2vec-text": format_fuzzer("word2vec-text", "vectors.npy", texts, lines_of_numbers()),
    "word2vec-binary": format_fuzzer("word2vec-binary", "vectors.npy", lines_of_numbers()),
    "glove": format_fuzzer("glove", "vectors.npy", texts, lines_of_numbers()),
    "npy": format_fuzzer("npy", "vectors.npy", npy_headers()),
    "npy's words": format_fuzzer("npy", "vectors.vocab.tsv", texts),
    "progress": fuzz_progress,
    "corpus": fuzz_corpus,
    "vocab.tsv": lambda folder, n: fuzz_file(folder, n, layout.VOCAB, use, texts),
    "vectors.safetensors": lambda folder, n: fuzz_file(folder, n, layout.VECTORS, use, headers()),
    "checkpoint": lambda folder, n: fuzz_file(
        folder, n, STATE, lambda run: checkpoints.read(run / STATE), headers()
    ),
    "config.json": lambda folder, n: fuzz_file(folder, n, layout.CONFIG, use, texts),
}


@pytest.mark.parametrize("reader", READERS)
def test_some_strange_bytes_give_a_result_or_our_error(tmp_path, reader):
    READERS[reader](tmp_path, FEW)


@pytest.mark.heavy
@pytest.mark.parametrize("reader", READERS)
def test_ten_thousand_strange_files_give_a_result_or_our_error(tmp_path, reader):
    READERS[reader](tmp_path, MANY)
    print(f"{reader}: {MANY} inputs")


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


def test_vectors_that_are_not_finite_are_refused_when_used(tmp_path):
    run = small_run(tmp_path)
    (run / layout.CONFIG).unlink()
    content = bytearray((run / layout.VECTORS).read_bytes())
    content[-24 - 48 : -20 - 48] = struct.pack("<f", float("nan"))
    (run / layout.VECTORS).write_bytes(content)
    with pytest.raises(W2VError, match=r"the vector of '.' holds NaN or infinity"):
        use(run)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_endless_word_is_refused_in_little_memory(tmp_path, pack):
    import tracemalloc

    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    path = Path(tmp_path, "bomb" + suffix)
    path.write_bytes(pack(b"a" * (256 << 20)))
    tracemalloc.start()
    with pytest.raises(W2VError, match="has a word of more than 1048576 bytes"):
        read(open_corpus(Config(corpus=str(path))), 1)
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()
