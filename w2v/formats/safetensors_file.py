"""A .safetensors file with a table of vectors; its words are in a file beside it."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError
from w2v.storage import safetensors
from w2v.storage.layout import TENSORS


def map_table(file: BinaryIO, path: Path) -> npt.NDArray[np.float32]:
    """The (V, D) table of a .safetensors file, `in_vectors` or its only one, mapped read-only."""
    tensors, _ = safetensors.map_tensors(file, path)
    name = TENSORS[0]
    if name not in tensors and len(tensors) != 1:
        raise W2VError(f"{path} has {len(tensors)} tables, none of them {name}; which is meant?")
    return tensors[name] if name in tensors else next(iter(tensors.values()))
