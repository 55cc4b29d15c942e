"""The safetensors format, byte by byte; nothing in a file is believed unchecked.

8 bytes: the length n of the header. n bytes of JSON: {name: {"dtype", "shape", "data_offsets":
[begin, end]}}, perhaps "__metadata__". The numbers, little-endian; offsets count from here.
"""

import hashlib
import json
import math
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from w2v.errors import damaged

_PIECE_BYTES = 2**24


def write_tensors(
    path: str | Path,
    tensors: Mapping[str, npt.NDArray[np.float32]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write (V, D) arrays by name as a safetensors file, with its metadata.

    Differs from safetensors.numpy.save_file: makes no copies, and the file has the usual access
    rights, where only the owner can read what that library writes.
    """
    shapes = {name: array.shape for name, array in tensors.items()}
    with open(path, "wb") as file:
        file.write(_header(shapes, metadata))
        for array in tensors.values():
            for piece in pieces_of(array):
                file.write(piece)


def write_blocks(
    path: str | Path,
    name: str,
    shape: tuple[int, int],
    blocks: Iterable[npt.NDArray[np.float32]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write one array of that shape, (V, D), whose rows come in blocks; else as write_tensors."""
    with open(path, "wb") as file:
        file.write(_header({name: shape}, metadata))
        for block in blocks:
            for piece in pieces_of(block):
                file.write(piece)


def _header(shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str] | None) -> bytes:
    """The bytes before the numbers of float32 arrays."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the format wants the numbers aligned
    return struct.pack("<Q", len(text)) + text


def sha256(file: BinaryIO) -> str:
    """SHA-256 of an open file from its beginning, in hexadecimal."""
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def pieces_of(array: npt.NDArray[np.float32]) -> Iterator[memoryview]:
    """Yield the bytes of a (V, D) array some rows at a time, so that it is never copied whole."""
    rows = max(1, _PIECE_BYTES // (4 * array.shape[1]))
    for first in range(0, len(array), rows):
        yield np.ascontiguousarray(array[first : first + rows], "<f4").data.cast("B")


def map_tensors(
    file: BinaryIO, path: str | Path
) -> tuple[dict[str, npt.NDArray[np.float32]], dict[str, str]]:
    """The (V, D) float32 tensors of a safetensors file, mapped read-only: nothing is copied.

    Whatever the header says is first checked against the size of the file, which the tensors must
    fill without a gap, as the format demands.

    Returns:
        {name: array}, metadata.
    Raises:
        W2VError: the file is damaged, or holds anything but such tensors.
    """
    size = os.fstat(file.fileno()).st_size
    start = 8 + struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))[0]
    if start > size:
        raise damaged(path, f"its header ends at byte {start}, the file at byte {size}")
    try:
        header = json.loads(file.read(start - 8))
        metadata = header.pop("__metadata__", {})
        if not all(type(text) is str for text in metadata.values()):
            raise ValueError("its metadata is not text")
        spans = sorted(_span(entry) for entry in header.values())
        shapes = {name: tuple(entry["shape"]) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, "its header does not describe tables of float32") from error
    ends = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != ends[:-1] or start + ends[-1] != size:
        raise damaged(path, f"its header promises {start + ends[-1]} bytes, the file has {size}")
    tensors = {}
    for name, shape in shapes.items():
        if len(shape) != 2 or 0 in shape:
            raise damaged(path, f"{name} has the shape {list(shape)}, not (words, dimensions)")
        offset = start + header[name]["data_offsets"][0]
        tensors[name] = np.memmap(file, "<f4", "r", offset, shape).view(np.ndarray)
    return tensors, metadata


def _span(entry: dict[str, Any]) -> tuple[int, int]:
    """(begin, end) of a tensor in a safetensors file, as its header's entry has it."""
    begin, end = entry["data_offsets"]
    numbers = [begin, end, *entry["shape"]]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("a size is no whole number")
    if entry["dtype"] != "F32" or end - begin != 4 * math.prod(entry["shape"]):
        raise ValueError("the numbers are not float32")
    return begin, end
