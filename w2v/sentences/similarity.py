"""The cosine of sentences' vectors; a vector of zeros has the cosine 0 with every other."""

from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError
from w2v.vectors.finite import first_not_finite
from w2v.vectors.units import units


def cos_sim(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The cosines of all rows of a with all rows of b.

    Args:
        a, b: (n, D) and (m, D); (D,) counts as one row, and an empty list as none.
    Returns:
        (n, m) float32 in [-1, 1]; 0 where a row is zeros.
    Raises:
        UsageError: the shapes do not fit, or numbers are not finite.
    """
    one, other = _units("a", a), _units("b", b)
    if not len(one) or not len(other):
        return np.zeros((len(one), len(other)), np.float32)
    if one.shape[1] != other.shape[1]:
        raise UsageError(f"a is {one.shape} and b {other.shape}; their rows must be of one length")
    return np.clip(one @ other.T, -1.0, 1.0).astype(np.float32)


def pairwise_cos_sim(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """(n,) float32, the cosine of each row of a with the row of b beside it; else as `cos_sim`."""
    one, other = _units("a", a), _units("b", b)
    if one.shape != other.shape:
        raise UsageError(f"a is {one.shape} and b {other.shape}; they must be of one shape")
    return np.clip((one * other).sum(axis=1), -1.0, 1.0).astype(np.float32)


def normalized(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, D) float32, rows of length 1; a row of zeros stays zeros."""
    return units(vectors).astype(np.float32)


def _units(name: str, rows: Any) -> npt.NDArray[np.float64]:
    """(n, D) float64, the rows at length 1."""
    array = np.asarray(rows)
    array = array.reshape(0, 0) if array.shape == (0,) else np.atleast_2d(array)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        what = f"shape {array.shape} and type {array.dtype}"
        raise UsageError(f"{name} is of {what}; it must be rows of numbers, (n, D)")
    if (row := first_not_finite(array)) is not None:
        raise UsageError(f"row {row} of {name} holds NaN or infinity; it has no cosine")
    return units(array.astype(np.float64))
