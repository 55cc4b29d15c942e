"""What neighbours are asked with: words, plain vectors, weights, and lists of them."""

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError

# A word, a (D,) vector, either of them in a pair with its weight, or several of these.
Term: TypeAlias = str | npt.NDArray[Any] | tuple[str | npt.NDArray[Any], float]
Query: TypeAlias = Term | Sequence[Term] | None
Direction: TypeAlias = npt.NDArray[np.float64]  # (D,), of length 1
# (word, cosine) pairs, best first; where topn is None, the cosines of all rows.
Neighbours: TypeAlias = list[tuple[str, float]] | npt.NDArray[np.float32]


def is_list(items: Any) -> bool:
    """Whether `items` holds several words or vectors, rather than being a single one."""
    if isinstance(items, (str, bytes)) or not hasattr(items, "__iter__"):
        return False
    n_axes = getattr(items, "ndim", None)
    return n_axes is None or n_axes > 1 or np.asarray(items).dtype.kind in "OSU"


def as_list(items: Any) -> list[Any]:
    """The words or vectors in `items`; None stands for none."""
    if items is None:
        return []
    return list(items) if is_list(items) and not _is_weighted(items) else [items]


def is_vector(item: Any) -> TypeGuard[npt.NDArray[Any]]:
    return getattr(item, "ndim", 0) > 0


def weighted(items: Query, weight: float) -> list[tuple[Any, float]]:
    """Each word or vector with its weight: its own, or else `weight`.

    weighted(["king", ("woman", 0.5)], 1.0) == [("king", 1.0), ("woman", 0.5)]

    Raises: UsageError: a weight is NaN or infinite.
    """
    pairs = [item if _is_weighted(item) else (item, weight) for item in as_list(items)]
    for item, own in pairs:
        if not math.isfinite(own):
            raise UsageError(f"the weight of {item!r} is {own}; it must be a finite number")
    return pairs


def _is_weighted(item: Any) -> bool:
    """A pair whose second is a number; (a, b) of two words is a list of both."""
    is_pair = isinstance(item, tuple) and len(item) == 2
    return is_pair and isinstance(item[1], numbers.Real) and not isinstance(item[1], bool)


def whole(name: str, count: Any, fewest: int = 1) -> int:
    """A count as an int. Raises: UsageError: it is no whole number from `fewest` on."""
    if not isinstance(count, numbers.Integral) or isinstance(count, bool) or count < fewest:
        raise UsageError(f"{name} is {count}; it must be {fewest} or more, a whole number")
    return int(count)


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


def direction_of_sum(terms: Iterable[npt.NDArray[np.float64]]) -> Direction:
    """The sum of vectors, (D,) each, at length 1. Raises: W2VError: they cancel out."""
    terms = list(terms)
    total = np.sum(terms, axis=0)
    length = np.linalg.norm(total)
    # What remains of rounding to float32 is no direction.
    if length <= 1e-6 * sum(map(np.linalg.norm, terms)):
        raise W2VError("the words cancel out, so they have no neighbours; ask with others")
    return total / length
