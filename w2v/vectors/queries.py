"""What neighbours are asked with: words, plain vectors, and lists of them."""

import numbers
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError

# A word, a (D,) vector, or several of them.
Query: TypeAlias = str | npt.NDArray[Any] | Sequence[str | npt.NDArray[Any]]
Direction: TypeAlias = npt.NDArray[np.float64]  # (D,), of length 1


def is_list(items: Any) -> bool:
    """Whether `items` holds several words or vectors, rather than being a single one."""
    if isinstance(items, (str, bytes)) or not hasattr(items, "__iter__"):
        return False
    n_axes = getattr(items, "ndim", None)
    return n_axes is None or n_axes > 1 or np.asarray(items).dtype.kind in "OSU"


def as_list(items: Any) -> list[Any]:
    return list(items) if is_list(items) else [items]


def is_vector(item: Any) -> bool:
    return getattr(item, "ndim", 0) > 0


def check_count(name: str, count: Any) -> None:
    """Raises: UsageError: `count` is no whole number from 1 on."""
    if not isinstance(count, numbers.Integral) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{name} is {count}; it must be 1 or more, a whole number")


def plain_vector(item: npt.NDArray[Any], n_dims: int) -> npt.NDArray[np.float64]:
    """A vector in a query, checked. Raises: UsageError: it is not n_dims finite numbers."""
    vector = np.asarray(item)
    if vector.shape != (n_dims,) or vector.dtype.kind not in "fiu":
        given = f"a vector of shape {vector.shape} and type {vector.dtype}"
        raise UsageError(f"the query holds {given}; it must be {n_dims} numbers")
    vector = vector.astype(np.float64)
    if not np.isfinite(np.linalg.norm(vector)):
        raise UsageError("the query holds a vector with NaN, infinity or too large numbers")
    return vector
