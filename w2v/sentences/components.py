"""The common components of a text's sentences: fitted once, and kept in the run folder."""

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError, damaged, shown
from w2v.files import open_file
from w2v.sentences.saved_folder import read_json
from w2v.storage import atomic, layout, safetensors

_TABLES = ("components", "shares")


@dataclass(frozen=True)
class Common:
    """What all sentences of a text have in common.

    components: (m, D) float32, orthonormal, the strongest first.  shares: (m,) float32, how much of
    each is removed.  mean_length: words of a sentence of that text, on average, which
    usif goes by.  text: its name.
    """

    components: npt.NDArray[np.float32]
    shares: npt.NDArray[np.float32]
    mean_length: float
    text: str

    def remove_from(self, vectors: npt.NDArray[np.float32]) -> None:
        """Remove the components from (n, D) vectors, in place."""
        # Not a matrix product, which rounds a row in one way alone and in another among many.
        parts = np.einsum("nd,md->nm", vectors, self.components) * self.shares
        vectors -= np.einsum("nm,md->nd", parts, self.components)


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


def read(run: Path, pooling: str) -> Common | None:
    """The Common of a run folder; None where it has none, or of other vectors.

    Raises: W2VError: the file is damaged.
    """
    path = run / layout.COMPONENTS[pooling]
    try:
        with open_file(path) as file:
            tensors, metadata = safetensors.map_tensors(file, path)
        about = json.loads(metadata["w2v"])
        if about.pop("sha256") != _digest(run):
            return None
        components, shares = (np.array(tensors[name]) for name in _TABLES)
        if shares.shape != (1, len(components)):
            raise ValueError("its tables do not fit")
        return Common(components, shares[0], float(about["mean_length"]), str(about["text"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except (W2VError, KeyError, ValueError, TypeError, AttributeError) as error:
        what = str(error).removeprefix(f"{path} is damaged: ")
        raise damaged(path, f"{what}; remove it, and it is fitted again") from error


def write(run: Path, pooling: str, common: Common) -> None:
    """Keep a Common in a run folder, whole or not at all; where that fails, the log says so."""
    path = run / layout.COMPONENTS[pooling]
    about = {name: value for name, value in asdict(common).items() if name not in _TABLES}
    tensors = {"components": common.components, "shares": common.shares[None]}
    try:
        atomic.sweep(path)
        with atomic.staged_file(path) as staging:
            metadata = {"w2v": json.dumps({**about, "sha256": _digest(run)})}
            safetensors.write_tensors(staging, tensors, metadata)
    except OSError as error:
        logging.getLogger("w2v").warning(
            shown(f"cannot write {path}: {error.strerror}; {pooling} is fitted again next time")
        )


def _digest(run: Path) -> str:
    """SHA-256 of a run's vectors, as training noted it down."""
    config = read_json(run / layout.CONFIG, missing={})
    noted = config.get("sha256", {}) if isinstance(config, dict) else {}
    if isinstance(noted, dict) and layout.VECTORS in noted:
        return str(noted[layout.VECTORS])
    with open_file(run / layout.VECTORS) as file:
        return safetensors.sha256(file)
