"""Tables of numbers whose words are in a file beside them: .npy and .safetensors files.

The words of `x.npy` are in `x.vocab.tsv` or `vocab.tsv`: a word a line, or word, tab, count.
"""

from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError, damaged
from w2v.files import read_file
from w2v.storage import layout, vocab_file
from w2v.vectors.wordvectors import WordVectors


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
        return WordVectors.from_words(words, table, counts, limit)
    except UsageError as error:  # NaN
        raise damaged(path, error) from error
    except W2VError as error:
        raise damaged(vocab, error) from error
