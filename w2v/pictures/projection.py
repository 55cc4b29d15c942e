"""Vectors laid out on a plane."""

import numpy as np
import numpy.typing as npt

_ROWS = 2**13  # held as float64 at a time


def pca(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Each vector's coordinates along the two directions in which the vectors differ most.

    Args:
        vectors: (V, D), finite.
    Returns:
        (V, 2); along each direction the mean is 0, and the vectors' largest weight is positive, so
        that the same vectors never come out mirrored. The second column is 0 where D is 1.
    Source: Pearson 1901; from the eigenvectors of the covariance, (D, D), in float64.
    """
    n_words, n_dims = vectors.shape
    mean = vectors.sum(axis=0, dtype=np.float64) / max(1, n_words)
    covariance = np.zeros((n_dims, n_dims))
    for first in range(0, n_words, _ROWS):
        centred = vectors[first : first + _ROWS] - mean
        covariance += centred.T @ centred
    _, directions = np.linalg.eigh(covariance)  # by rising variance
    axes = np.zeros((n_dims, 2))
    best = directions[:, ::-1][:, :2]
    axes[:, : best.shape[1]] = best
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    return vectors @ axes - mean @ axes
