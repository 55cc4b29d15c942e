"""Word vectors from files of any kind that are in use.

wv = read("GoogleNews-vectors-negative300.bin", limit=100_000)
"""

import operator
import os
import stat
import warnings
from pathlib import Path

import numpy as np

from w2v.config import UNK
from w2v.errors import UsageError, W2VError, damaged
from w2v.formats import word2vec
from w2v.storage import layout, safetensors, vocab_file
from w2v.vectors import saving, wordvectors

NPY_MAGIC = b"\x93NUMPY"
_ROWS = 2**14  # of a mapped table, copied or looked at together


def read(path, limit=None):
    """The WordVectors of a run folder, or a word2vec, GloVe, .npy or .safetensors file.

    Args:
        path: a run folder, or a file; its content tells the format. Beside `x.npy` and
            `x.safetensors` lies their vocabulary, `x.vocab.tsv` or `vocab.tsv`: a word a line, or
            word, tab, count. A .safetensors file holds `in_vectors`, or a single table.
        limit: read only the first so many words, 1 or more; `<unk>` does not count.
    Returns:
        WordVectors whose row 0 is `<unk>`, zeros, wherever the file has it, or has it not. Counts
        are 0 where the file has none. Runs and .npy stay on disk until used, if so they begin.
    Raises:
        UsageError: `limit` is below 1.
        W2VError: the file cannot be read, or is not what it says; with the line, byte or word.
    Differs from gensim: a word that comes twice is refused, as are NaN and infinity; a header
        must be true; GloVe's words with spaces are read where no part can be a number.
    """
    if limit is not None and operator.index(limit) < 1:
        raise UsageError(f"--limit is {limit}; it must be 1 or more")
    path = Path(path)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            wv = saving.load(path)
            return wv if limit is None else _first(wv.index_to_key, wv.counts, wv.vectors, limit)
        if not stat.S_ISREG(mode):
            raise W2VError(f"{path} is no file; name a run folder or a file of vectors")
        with open(path, "rb") as file:
            if path.suffix == ".safetensors":
                return _beside(path, _safetensors_table(file, path), limit)
            if file.read(len(NPY_MAGIC)) == NPY_MAGIC:
                return _beside(path, _npy_table(file, path), limit)
            file.seek(0)
            return word2vec.read(file, path, limit)
    except OSError as error:
        raise W2VError(
            f"cannot read {error.filename or path}: {error.strerror or error}"
        ) from error


def _safetensors_table(file, path):
    """The (V, D) table of a .safetensors file, mapped read-only."""
    tensors, _ = safetensors.map_tensors(file, path)
    ours = layout.TENSORS[0]
    if ours not in tensors and len(tensors) != 1:
        raise W2VError(f"{path} has {len(tensors)} tables, none of them {ours}; which is meant?")
    return tensors[ours] if ours in tensors else next(iter(tensors.values()))


def _npy_table(file, path):
    """The (V, D) array of a .npy file, mapped read-only."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    npy = np.lib.format
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python 2 wrote
            readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            shape, by_column, kind = readers[npy.read_magic(file)](file)
    except Exception as error:  # the header is a Python expression: it can be wrong in any way
        raise damaged(path, "its header is not that of a .npy file") from error
    if kind.kind != "f" or len(shape) != 2 or min(shape) < 1:
        what = f"{kind} of shape {shape}"[:100]
        raise W2VError(f"{path} holds {what}; it must be floats of shape (words, dimensions)")
    begin = file.tell()
    end = begin + kind.itemsize * shape[0] * shape[1]
    if end != size:
        what = f"promises {end}"[:100]
        raise damaged(path, f"its header {what} bytes, the file has {size}")
    return np.memmap(file, kind, "r", begin, shape, "F" if by_column else "C").view(np.ndarray)


def beside(path):
    """Where the vocabulary of a .npy or .safetensors file may be, first choice first."""
    path = Path(path)
    return [path.parent / name for name in (f"{path.stem}.{layout.VOCAB}", layout.VOCAB)]


def _beside(path, table, limit):
    """The WordVectors of a mapped table and the vocabulary beside its file."""
    vocab = next((found for found in beside(path) if found.exists()), None)
    if vocab is None:
        name = beside(path)[0].name
        raise W2VError(f"{path} has no vocabulary beside it: a {name}, a word a line")
    raw = vocab.read_bytes()
    words, counts = vocab_file.parse_vocab(
        raw if b"\t" in raw else raw.replace(b"\n", b"\t0\n"), vocab
    )
    if len(words) != len(table):
        raise damaged(path, f"{len(table)} vectors, {len(words)} words in {vocab}")
    try:
        wv = _first(words, counts, table, limit)
    except W2VError as error:
        raise damaged(vocab, error) from error
    for first in range(0, len(wv), _ROWS):
        finite = np.isfinite(wv.vectors[first : first + _ROWS]).all(axis=1)
        if not finite.all():
            word = wv.index_to_key[first + int(np.argmin(finite))]
            raise damaged(path, f"the vector of {word[:40]!r} has NaN or infinity")
    return wv


def _first(words, counts, table, limit):
    """WordVectors of the first `limit` words, `<unk>` in front; a copy only if it was not there."""
    at = words.index(UNK) if UNK in words else None
    n_words = min(len(words) - (at is not None), limit or len(words))
    if at == 0 and table.dtype == np.float32 and not table[0].any():
        end = 1 + n_words
        return wordvectors.WordVectors(words[:end], counts[:end], table[:end])
    rows = [row for row in range(len(words)) if row != at][:n_words]
    moved = np.zeros((1 + n_words, table.shape[1]), np.float32)
    for first in range(0, n_words, _ROWS):
        some = rows[first : first + _ROWS]
        with np.errstate(over="ignore"):
            moved[1 + first : 1 + first + len(some)] = table[some]
    count = 0 if at is None else counts[at]
    return wordvectors.WordVectors(
        [UNK, *(words[row] for row in rows)], [count, *(counts[row] for row in rows)], moved
    )
