"""Every reader of bytes, for test_fuzz.py: a valid file, strange ones, what checks one of them."""

import bz2
import functools
import gzip
import json
import lzma
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import strategies as st

import strange
import w2v
from strange import texts
from w2v.commands.questions import parse_line
from w2v.config import Config
from w2v.errors import LONGEST, W2VError
from w2v.evaluation import testsets
from w2v.formats import convert
from w2v.storage import layout, metrics, run_folder, safetensors
from w2v.storage.metrics import Metrics
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read
from w2v.training import checkpoints
from w2v.training.checkpoints import Checkpoint
from w2v.training.progress import Progress
from w2v.vectors import saving

STATE = f"{layout.CHECKPOINT}/{layout.STATE}"
JOB = {"settings": {"epochs": 3}}
PACK = {
    "": bytes,
    ".gz": functools.partial(gzip.compress, compresslevel=1),
    ".bz2": bz2.compress,
    ".xz": functools.partial(lzma.compress, preset=0),
}


def outcome(function, *arguments):
    """Call it; W2VError, in one line, is a fine outcome, and nothing else is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = "fine"
        try:
            function(*arguments)
        except W2VError as error:
            said = str(error)
        assert 0 < len(said) <= LONGEST


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


# Each reader: from a folder to a valid file, a strategy of others, and what checks one of them.


def corpus(folder, suffix):
    text = b"the cat sat\non the mat\n" * 3
    pack = PACK[suffix]

    def check(content):
        path = folder / f"text{suffix}"
        packed = pack(content) if suffix and zlib.crc32(content) % 3 == 0 else content
        path.write_bytes(packed)

        def go():
            corpus = open_corpus(Config(corpus=str(path)))
            vocabulary, text = read(corpus, 1, None, lambda line: None)
            assert sum(vocabulary.counts) == text.n_read
            assert len(set(vocabulary.words)) == len(vocabulary)
            assert all(vocabulary.words)

        outcome(go)

    return pack(text), st.one_of(texts, texts.map(pack)), check


def ptb_archive(folder):
    path = folder / "ptb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ptb/ptb.train.txt", "a b\nb a\n")
    config = Config(corpus="ptb", data_dir=str(folder))

    def check(content):
        path.write_bytes(content)
        outcome(lambda: read(open_corpus(config), 1))

    return path.read_bytes(), strange.mutations(path.read_bytes()), check


def file_of_run(folder, name, read_it, *more):
    """Change one file of a run by and by, and read the run."""
    run = small_run(folder)
    valid = (run / name).read_bytes()
    (run / layout.CONFIG).unlink()  # else every change is found by its digest alone

    def check(content):
        (run / name).write_bytes(content)
        outcome(read_it, run)

    return valid, st.one_of(st.binary(max_size=200), strange.mutations(valid), *more), check


def progress(folder):
    """Checkpoints that are whole and signed, and say anything of the training."""
    path = small_run(folder) / STATE
    plain = Progress().to_json()
    number = st.one_of(
        st.integers(), st.floats(), st.none(), strange.words, st.just([]), st.booleans()
    )
    rows = st.lists(st.lists(number, max_size=9), max_size=3)

    def said(changed, job):
        about = {"job": job, "progress": {**plain, **changed}, "finished": "sha"}
        return json.dumps({"format": checkpoints.FORMAT, **about}).encode()

    changes = st.dictionaries(st.sampled_from([*plain, "more"]), st.one_of(number, rows))
    jobs = st.one_of(st.just(JOB), st.dictionaries(strange.words, number), number)

    def check(content):
        text = content.decode(errors="replace")
        signature = {"w2v": text, "crc32": str(checkpoints._crc32(text, {}))}
        safetensors.write_tensors(path, {}, signature)

        def go():
            progress = checkpoints.read(path).progress
            meter = progress.meter
            assert progress.epoch >= 1
            assert min(progress.block, progress.batch) >= 0
            assert min(meter.n_batches, meter.n_centers, meter.rows_due) >= 0
            assert np.isfinite([meter.loss_sum, meter.seconds, meter.before]).all()

        outcome(go)

    return said({}, JOB), st.builds(said, changes, jobs), check


def export(folder, to, name, *more):
    """Change one file of an export by and by, and read it; what is read is whole."""
    wv = w2v.load(small_run(folder))
    if to == "safetensors":
        vectors = folder / "vectors.safetensors"
        safetensors.write_tensors(vectors, {"table": wv.vectors})
        (folder / "vectors.vocab.tsv").write_bytes((folder / "run" / layout.VOCAB).read_bytes())
    else:
        vectors = folder / "vectors.npy"
        convert.export(wv, to, vectors)
    path = folder / name
    valid = path.read_bytes()

    def check(content):
        path.write_bytes(content)
        limit = zlib.crc32(content) % 5 or None

        def go():
            wv = convert.read(vectors, limit)
            assert wv.index_to_key[0] == "<unk>"
            assert len(wv) == len(set(wv.index_to_key)) == len(wv.vectors) == len(wv.counts)
            assert limit is None or len(wv) <= limit + 1
            assert all(wv.index_to_key)
            assert np.isfinite(wv.vectors).all()
            assert not wv.vectors[0].any()

        outcome(go)

    return valid, st.one_of(st.binary(max_size=200), strange.mutations(valid), *more), check


def scored(folder, valid, read_it):
    path = folder / "set.txt"

    def check(content):
        path.write_bytes(content)

        def go():
            found = read_it(path)
            if isinstance(found, testsets.Pairs):
                assert len(found.words) == len(found.scores) > 0
                assert np.isfinite(found.scores).all()
            else:
                assert sum(len(questions) for _, questions in found.sections) > 0

        outcome(go)

    return valid, st.one_of(texts, strange.mutations(valid)), check


def measured(folder):
    path = folder / layout.METRICS
    rows = [Metrics(1, 1, 0.6, 0.3, 9.0, 1.0, 0.5), Metrics(1, 2, 0.5, 0.1, 9.0, 2.0, 1.0, 0.4)]
    metrics.write_csv([*rows, Metrics(2, 1, 0.4, 0.0, 9.0, 3.0, 2.0, None, {"a": 0.1})], path)
    valid = path.read_bytes()

    def check(content):
        path.write_bytes(content)

        def go():
            rows = metrics.read_csv(path)
            assert all(row.epoch - 1 <= row.progress <= row.epoch for row in rows)
            assert len(metrics.stretches(rows)) <= len(rows)

        outcome(go)

    return valid, st.one_of(texts, strange.mutations(valid)), check


def last_run(folder):
    path = folder / "last"

    def check(content):
        path.write_bytes(content)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run_folder, "LAST", path)
            outcome(run_folder.last_run)

    return b"runs/ptb\n", texts, check


def questions(folder):
    wv = w2v.load(small_run(folder))

    def check(content):
        line = content.decode(errors="surrogateescape")

        def go():
            for question in parse_line(line):
                question.answer(wv, 3)

        outcome(go)

    valid = b"a b --minus c"
    return valid, st.one_of(texts, strange.mutations(valid)), check


def reader(function, *arguments):
    return lambda folder: function(folder, *arguments)


PAIRS = b"Word 1,Word 2,Human\nlove,sex,6.77\na b\t4\n# no\nx y 1e0\n"
ANALOGIES = b": family\nboy girl brother sister\n\n: plural\na b c d\n"
NUMBERS = strange.lines_of_numbers()
READERS = {
    "word2vec-text": reader(export, "word2vec-text", "vectors.npy", texts, NUMBERS),
    "word2vec-binary": reader(export, "word2vec-binary", "vectors.npy", NUMBERS),
    "glove": reader(export, "glove", "vectors.npy", texts, NUMBERS),
    "npy": reader(export, "npy", "vectors.npy", strange.npy_headers()),
    "npy's words": reader(export, "npy", "vectors.vocab.tsv", texts),
    "safetensors": reader(export, "safetensors", "vectors.safetensors", strange.headers()),
    "progress": progress,
    **{f"corpus {suffix}": reader(corpus, suffix) for suffix in PACK},
    "ptb.zip": ptb_archive,
    "vocab.tsv": reader(file_of_run, layout.VOCAB, use, texts),
    "vectors.safetensors": reader(file_of_run, layout.VECTORS, use, strange.headers()),
    "checkpoint": reader(
        file_of_run, STATE, lambda run: checkpoints.read(run / STATE), strange.headers()
    ),
    "config.json": reader(file_of_run, layout.CONFIG, use, texts),
    "metrics.csv": measured,
    "runs/last": last_run,
    "pairs": reader(scored, PAIRS, testsets.read_pairs),
    "analogies": reader(scored, ANALOGIES, testsets.read_analogies),
    "test set": reader(scored, ANALOGIES, testsets.read),
    "questions": questions,
}
