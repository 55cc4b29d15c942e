"""What sif and usif take from a text; of a run's own text it is kept in the run folder."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError, damaged, shown
from w2v.files import open_file
from w2v.sentences.saved_folder import read_json
from w2v.storage import atomic, layout, safetensors

_ROUNDING = 1e-6  # a smaller share of a vector of float32 is no direction
_TABLES = ("components", "shares", "weights")


@dataclass(frozen=True)
class Fitted:
    """What sif and usif take from a text.

    components: (m, D) float32, which all its sentences have in common; orthonormal, the strongest
    first.  shares: (m,) float32, how much of each is removed.  weights: (V,) float32, of the words.
    text: its name.
    """

    components: npt.NDArray[np.float32]
    shares: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    text: str

    def remove_from(self, vectors: npt.NDArray[np.float32]) -> None:
        """Remove the components from (n, D) vectors, in place; a row of nothing else becomes 0."""
        before = np.einsum("nd,nd->n", vectors, vectors)
        # Not a matrix product, which rounds a row in one way alone and in another among many.
        parts = np.einsum("nd,md->nm", vectors, self.components) * self.shares
        vectors -= np.einsum("nm,md->nd", parts, self.components)
        vectors[np.einsum("nd,nd->n", vectors, vectors) <= _ROUNDING**2 * before] = 0


def principal(
    blocks: Iterable[npt.NDArray[np.float32]], n_components: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The first right singular vectors of a matrix whose rows come in blocks, (n, D) float32.

    Returns:
        (m, D) float32; (m,) float32, the squares of their singular values, divided by their sum.
    """
    moment: npt.NDArray[np.float64] | float = 0.0
    for block in blocks:
        exact = block.astype(np.float64)
        moment = moment + exact.T @ exact
    squares, vectors = np.linalg.eigh(moment)  # rising
    squares = np.maximum(squares[::-1][:n_components], 0.0)
    total = squares.sum() or 1.0
    components = np.ascontiguousarray(vectors[:, ::-1][:, :n_components].T, np.float32)
    return components, (squares / total).astype(np.float32)


def kept(run: Path, pooling: str) -> Fitted | None:
    """The Fitted of a run's own text; None where the run keeps none, or one of other vectors.

    Raises: W2VError: the file is damaged.
    """
    path = run / layout.COMPONENTS[pooling]
    try:
        found, sha256 = read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except W2VError as error:
        raise W2VError(f"{error}; remove it, and it is fitted again") from error
    return found if sha256 == _digest(run) else None


def keep(run: Path, pooling: str, fitted: Fitted) -> None:
    """Keep a Fitted in a run folder, whole or not at all; where that fails, the log says so."""
    path = run / layout.COMPONENTS[pooling]
    try:
        atomic.sweep(path)
        with atomic.staged_file(path) as staging:
            write(staging, fitted, _digest(run))
    except OSError as error:
        logging.getLogger("w2v").warning(
            shown(f"cannot write {path}: {error.strerror}; {pooling} is fitted again next time")
        )


def read(path: Path) -> tuple[Fitted, str]:
    """The Fitted in a file, and the SHA-256 that was noted with it.

    Raises: W2VError: it is damaged.  OSError: it cannot be read.
    """
    with open_file(path) as file:
        tensors, metadata = safetensors.map_tensors(file, path)
    try:
        about = json.loads(metadata["w2v"])
        components, shares, weights = (np.array(tensors[name]) for name in _TABLES)
        if shares.shape != (1, len(components)) or len(weights) != 1:
            raise ValueError("its tables do not fit")
        return Fitted(components, shares[0], weights[0], str(about["text"])), str(about["sha256"])
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(path, f"it does not hold what was fitted ({error})") from error


def write(path: Path, fitted: Fitted, sha256: str = "") -> None:
    """Write a Fitted into a file, with the SHA-256 of the vectors it is of. Raises: OSError."""
    tensors = {name: np.atleast_2d(getattr(fitted, name)) for name in _TABLES}
    metadata = {"w2v": json.dumps({"text": fitted.text, "sha256": sha256})}
    safetensors.write_tensors(path, tensors, metadata)


def _digest(run: Path) -> str:
    """SHA-256 of a run's vectors, as training noted it down."""
    config = read_json(run / layout.CONFIG, missing={})
    noted = config.get("sha256", {}) if isinstance(config, dict) else {}
    if isinstance(noted, dict) and layout.VECTORS in noted:
        return str(noted[layout.VECTORS])
    with open_file(run / layout.VECTORS) as file:
        return safetensors.sha256(file)
