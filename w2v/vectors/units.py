"""Rows as directions: the one place where a table gets rows of length 1."""

import numpy as np
import numpy.typing as npt


def units(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(n, D) float64, finite rows at length 1; a row of zeros stays one."""
    # Not the square of a huge number, nor of a tiny one: first by the largest of each row.
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True).astype(np.float64)
    scaled = rows / np.where(largest > 0, largest, 1.0)
    scaled /= np.where(largest > 0, np.linalg.norm(scaled, axis=1, keepdims=True), 1.0)
    return scaled
