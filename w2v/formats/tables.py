"""Tables of numbers whose words are in a file beside them: .npy and .safetensors files.

The words of `x.npy` are in `x.vocab.tsv` or `vocab.tsv`: a word a line, or word, tab, count.
"""

from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.config import UNK
from w2v.errors import W2VError, damaged
from w2v.files import read_file
from w2v.storage import layout, vocab_file
from w2v.vectors.finite import first_not_finite
from w2v.vectors.wordvectors import WordVectors

_ROWS = 2**14  # of a mapped table, copied at a time


def vocab_paths(path: Path) -> list[Path]:
    """Where the vocabulary of a table may be, first choice first; it is written to the first."""
    return [path.parent / name for name in (f"{path.stem}.{layout.VOCAB}", layout.VOCAB)]


def with_words(path: Path, table: npt.NDArray[np.floating[Any]], limit: int | None) -> WordVectors:
    """The WordVectors of the table in the file `path`, (V, D), and the vocabulary beside it."""
    vocab = next((found for found in vocab_paths(path) if found.exists()), None)
    if vocab is None:
        name = vocab_paths(path)[0].name
        raise W2VError(f"{path} has no vocabulary beside it: a {name}, a word a line")
    # As other programs may have written it: the line ends and the mark of Windows.
    raw = read_file(vocab).removeprefix(BOM_UTF8).replace(b"\r\n", b"\n")
    if b"\t" not in raw:
        raw = raw.replace(b"\n", b"\t0\n")
    words, counts = vocab_file.parse_vocab(raw, vocab)
    if len(words) != len(table):
        raise damaged(path, f"{len(table)} vectors, {len(words)} words in {vocab}")
    try:
        wv = first_words(words, counts, table, limit)
    except W2VError as error:
        raise damaged(vocab, error) from error
    if (row := first_not_finite(wv.vectors)) is not None:
        word = wv.index_to_key[row]
        raise damaged(path, f"the vector of {word[:40]!r} has NaN or infinity")
    return wv


def first_words(
    words: list[str],
    counts: Sequence[int] | npt.NDArray[np.int64],
    table: npt.NDArray[np.floating[Any]],
    limit: int | None,
    is_lower: bool = False,
) -> WordVectors:
    """The WordVectors of the first `limit` words, with `<unk>` and its zeros in row 0.

    The table, (V, D), is copied only if it does not begin with them, or is not float32.
    """
    unk = words.index(UNK) if UNK in words else None
    n_words = min(len(words) - (unk is not None), limit or len(words))
    if unk == 0 and table.dtype == np.float32 and not table[0].any():
        end = 1 + n_words
        return WordVectors(words[:end], counts[:end], table[:end], is_lower)
    rows = [row for row in range(len(words)) if row != unk][:n_words]
    copied = np.zeros((1 + n_words, table.shape[1]), np.float32)
    for first in range(0, n_words, _ROWS):
        block = rows[first : first + _ROWS]
        with np.errstate(over="ignore"):
            copied[1 + first : 1 + first + len(block)] = table[block]
    unk_count = 0 if unk is None else counts[unk]
    return WordVectors(
        [UNK, *(words[row] for row in rows)],
        [unk_count, *(counts[row] for row in rows)],
        copied,
        is_lower,
    )
