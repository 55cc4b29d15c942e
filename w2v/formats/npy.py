"""NumPy's .npy: the (V, D) table, `<unk>` in row 0; its words are in a file beside it.

The bytes `\\x93NUMPY`, a version, the length of the header, the header, which is a Python dict with
"descr", "fortran_order" and "shape", then the numbers.
"""

import os
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError, damaged
from w2v.formats.tables import vocab_paths
from w2v.formats.targets import new_file
from w2v.storage import safetensors, vocab_file
from w2v.vectors.wordvectors import WordVectors

MAGIC = b"\x93NUMPY"


def map_table(file: BinaryIO, path: Path) -> npt.NDArray[np.floating[Any]]:
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


def write(wv: WordVectors, path: Path) -> None:
    """Write the table to `path`, and words and counts to the vocabulary beside it."""
    vocab = vocab_paths(path)[0]
    if vocab.exists() and not path.exists():
        raise W2VError(
            f"{vocab} is there without {path.name}, and would be lost; name another path"
        )
    with new_file(vocab) as words, new_file(path) as table:
        words.write(vocab_file.format_vocab(wv.index_to_key, wv.counts.tolist()))
        np.lib.format.write_array_header_1_0(
            table, {"descr": "<f4", "fortran_order": False, "shape": wv.vectors.shape}
        )
        for piece in safetensors.pieces_of(wv.vectors):
            table.write(piece)
        words.flush()
        table.flush()
        vocab.unlink(missing_ok=True)  # the old words are never beside the new numbers
