"""The explorer: one page with all words of a run, to look at in a browser without a network.

    words ─neighbours, places, rounded directions→ arrays ─gzip, base64→ JSON in page/page.html

The page is our own: with 100,000 points on a machine without a graphics card, Bokeh's WebGL and
Plotly's draw one or two frames a second, and Bokeh's canvas eight with a tenth of the points.
"""

import base64
import gzip
import hashlib
import html
import json
import os
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError, shown
from w2v.files import read_file
from w2v.formats.targets import new_file, prepared, refuse_stream
from w2v.pictures.projection import pca
from w2v.vectors.units import units
from w2v.vectors.wordvectors import WordVectors

MOST_WORDS = 100_000  # that a page holds: it stays below 30 MB, and moves smoothly
NEIGHBOURS = 20  # of each word, that travel with the page
NOBODY = 2**32 - 1  # in place of a neighbour, where a word has none
_AT_ONCE = 64  # queries, as many as neighbours.py answers together
_LARGEST = 127  # of a signed byte

_PARTS = Path(__file__).with_name("page")
_SCRIPTS = ("words.js", "complete.js", "view.js", "pixels.js", "map.js", "questions.js", "main.js")
# What JavaScript calls an array of these numbers.
_TYPES = {"f8": "Float64Array", "f4": "Float32Array", "u4": "Uint32Array", "i2": "Int16Array",
          "i1": "Int8Array"}  # fmt: skip


def write(
    wv: WordVectors,
    path: str | os.PathLike[str],
    title: str,
    progress: Callable[[int], object] = lambda n: None,
) -> int:
    """Write the page of some words, whole or not at all; an earlier file is replaced.

    Args:
        wv: at most MOST_WORDS words beside `<unk>`, which is left out.
        title: shown above them, whatever it holds.
        progress: called with the number of words whose neighbours were found since the last call.
    Returns:
        The size of the file in bytes.
    Raises:
        W2VError: there are no words or too many, a vector holds NaN or infinity, or `path` cannot
            be written.
    """
    content = page(wv, title, progress)
    try:
        refuse_stream(Path(path))
        with new_file(prepared(path)) as file:
            file.write(content)
    except OSError as error:
        raise W2VError(f"cannot write {path}: {error.strerror or error}") from error
    return len(content)


def page(wv: WordVectors, title: str, progress: Callable[[int], object] = lambda n: None) -> bytes:
    """The page as bytes of UTF-8; see `write`.

    Nothing but its own script and style is ever run or fetched: its policy, which browsers hold it
    to, names them by their SHA-256.
    """
    n_words = len(wv) - 1
    if not 1 <= n_words <= MOST_WORDS:
        raise W2VError(f"there are {n_words:,} words; a page holds 1 to {MOST_WORDS:,}")
    content = json.dumps(
        {
            "words": wv.index_to_key[1:],
            "isAll": n_words < MOST_WORDS,
            "arrays": {name: _packed(array) for name, array in _arrays(wv, progress).items()},
        },
        ensure_ascii=False,
    )
    style = _part("page.css")
    script = "".join(map(_part, _SCRIPTS))
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src "
    filled = string.Template(_part("page.html")).substitute(
        policy=policy + _digest(script),
        title=html.escape(shown(title)),
        style=style,
        script=script,
        data=content.replace("<", "\\u003c"),  # so that no word ends the script or begins another
    )
    return filled.encode()


def _arrays(wv: WordVectors, progress: Callable[[int], object]) -> dict[str, npt.NDArray[Any]]:
    """What the page knows of its n words, each array flat and in the words' order."""
    near, cosines = _neighbours(wv, progress)
    directions = units(wv.vectors[1:])
    x, y = pca(directions).T
    # Only the ratios of a row's numbers matter, so each row is stretched over all of a byte.
    largest = np.abs(directions).max(axis=1, keepdims=True)
    bytes_ = np.rint(directions * (_LARGEST / np.where(largest > 0, largest, 1)))
    return {
        "counts": wv.counts[1:].astype("f8"),
        "x": x.astype("f4"),
        "y": y.astype("f4"),
        "near": near.astype("u4"),
        "thousandths": np.rint(1000 * cosines).astype("i2"),  # the digits that w2v query prints
        "directions": bytes_.astype("i1"),
    }


def _neighbours(
    wv: WordVectors, progress: Callable[[int], object]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """ids and cosines, (n, k) each, of the words nearest to each of n words.

    An id counts from 0, without `<unk>`; k is NEIGHBOURS, or n - 1 where that is less. A word whose
    vector is 0 has none.
    """
    n_words = len(wv) - 1
    n_near = min(NEIGHBOURS, n_words - 1)
    near = np.full((n_words, n_near), NOBODY)
    cosines = np.zeros((n_words, n_near))
    if not n_near:
        return near, cosines
    asked = np.flatnonzero(np.any(wv.vectors[1:] != 0, axis=1))
    for first in range(0, len(asked), _AT_ONCE):
        ids = asked[first : first + _AT_ONCE]
        answers = wv.most_similar_batch([wv.index_to_key[1 + id_] for id_ in ids], NEIGHBOURS)
        near[ids] = [[wv.key_to_index[word] - 1 for word, _ in answer] for answer in answers]
        cosines[ids] = [[cosine for _, cosine in answer] for answer in answers]
        progress(len(ids))
    return near, cosines


def _packed(array: npt.NDArray[Any]) -> dict[str, str]:
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    # No time in it: the same vectors give the same page.
    squeezed = gzip.compress(little_endian.tobytes(), compresslevel=6, mtime=0)
    return {"type": _TYPES[array.dtype.str[1:]], "packed": base64.b64encode(squeezed).decode()}


def _part(name: str) -> str:
    return read_file(_PARTS / name).decode()


def _digest(source: str) -> str:
    """How a page's policy names a script or a style that it holds."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
