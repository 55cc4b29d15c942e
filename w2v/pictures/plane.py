"""Words in two dimensions: where each stands on a map, and which are alike; NumPy alone.

The clusters are k-means' own: for some hundred points its twenty lines are quick, the same for a
seed, and need no library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError
from w2v.pictures.projection import pca
from w2v.vectors.finite import first_not_finite
from w2v.vectors.units import units
from w2v.vectors.wordvectors import WordVectors

METHODS = ("pca", "umap")
MOST_WORDS = 2000  # on a map; of more, few have room for their name
MOST_CLUSTERS = 6  # as many as there are colours
ROUNDS = 100  # of k-means, at most; it ends when nothing changes
NAMES = 3  # words that stand for a cluster
FEWEST_FOR_UMAP = 10
UMAP_NEIGHBOURS = 15  # its own default
Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """n words in two dimensions.

    points: (n, 2).
    clusters: (n,), numbers from 0 on, the largest first.
    names: of each cluster: its most central words, best first.
    cosines: to the first word, which is at (0, 0), where the others stand around it; else None.
    """

    words: list[str]
    points: Table
    clusters: npt.NDArray[np.int64]
    names: list[list[str]]
    cosines: list[float] | None = None

    def as_json(self) -> dict[str, Any]:
        """What the picture is drawn from; see word_map.figure."""
        return {
            "words": self.words,
            "points": self.points.tolist(),
            "clusters": self.clusters.tolist(),
            "names": self.names,
            "cosines": self.cosines,
        }


def of_words(wv: WordVectors, words: Sequence[str], method: str = "pca", seed: int = 0) -> Plane:
    """Words where their vectors, at length 1, are projected to.

    Args:
        words: of the vocabulary, each once.
        method: "pca", the two directions in which they differ most; or "umap", of the package
            umap-learn, which keeps neighbours together.
        seed: of the clusters, and of UMAP.
    Raises:
        UsageError: an unknown method, no words or too many.
        UnknownWordError: a word that is not in the vocabulary.
        W2VError: a vector holds NaN or infinity; umap-learn is not installed.
    """
    if method not in METHODS:
        raise UsageError(f"--method is {method!r}; it must be one of {', '.join(METHODS)}")
    if not 1 <= len(words) <= MOST_WORDS:
        raise UsageError(f"a map of {len(words):,} words; it can show 1 to {MOST_WORDS:,}")
    directions = _directions(wv, words)
    points = pca(directions) if method == "pca" else _umap(directions, seed)
    return _clustered(words, points, directions, seed)


def around(wv: WordVectors, word: str, n_words: int, seed: int = 0) -> Plane:
    """A word and the n words nearest to it, each as far from it as 1 - cosine says.

    So the lengths are exact; the directions show which of them are alike, in the order of the
    angles that PCA gives what the neighbours have beside the word, spread out evenly.

    Raises:
        UnknownWordError, UsageError, W2VError: as WordVectors.most_similar.
    """
    if not 1 <= n_words < MOST_WORDS:
        raise UsageError(f"a map of {n_words:,} neighbours; it can show 1 to {MOST_WORDS - 1:,}")
    near = wv.most_similar(word, topn=n_words)
    words, cosines = [word, *(each for each, _ in near)], [1.0, *(cosine for _, cosine in near)]
    directions = _directions(wv, words)
    beside = directions[1:] - np.outer(directions[1:] @ directions[0], directions[0])
    x, y = pca(beside).T
    order = np.argsort(np.arctan2(y, x), kind="stable")
    angles = np.empty(len(near))
    angles[order] = 2 * np.pi * np.arange(len(near)) / max(1, len(near))
    lengths = 1 - np.array(cosines[1:])
    points = np.zeros((len(words), 2))
    points[1:] = lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    clustered = _clustered(words, points, directions, seed)
    return Plane(words, points, clustered.clusters, clustered.names, cosines)


def _directions(wv: WordVectors, words: Sequence[str]) -> Table:
    """(n, D) float64, the words' vectors at length 1; one that is 0 stays so."""
    table = wv[words]
    if (row := first_not_finite(table)) is not None:
        raise W2VError(
            f"the vector of {words[row]!r} holds NaN or infinity, so it has no place on a map; "
            "train again, with a smaller --lr"
        )
    return units(table)


def _umap(table: Table, seed: int) -> Table:
    try:
        from umap import UMAP
    except ImportError as error:
        raise W2VError(
            "umap-learn is not installed; pip install umap-learn, or --method pca"
        ) from error
    if len(table) < FEWEST_FOR_UMAP:
        raise UsageError(f"UMAP takes {FEWEST_FOR_UMAP} words or more, and is given {len(table)}")
    n_neighbors = min(UMAP_NEIGHBOURS, len(table) - 1)
    # One thread: with more, the seed would not decide.
    umap = UMAP(metric="cosine", n_neighbors=n_neighbors, random_state=seed, n_jobs=1)
    return np.asarray(umap.fit_transform(table), np.float64)


def _clustered(words: Sequence[str], points: Table, directions: Table, seed: int) -> Plane:
    n_clusters = max(1, min(MOST_CLUSTERS, round((len(words) / 2) ** 0.5)))
    clusters = _k_means(directions, n_clusters, np.random.default_rng(seed))
    names = []
    for number in range(clusters.max() + 1):
        rows = np.flatnonzero(clusters == number)
        central = np.argsort(-(directions[rows] @ directions[rows].mean(axis=0)), kind="stable")
        names.append([words[row] for row in rows[central[:NAMES]]])
    return Plane(list(words), points, clusters, names)


def _k_means(table: Table, n_clusters: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n,) int64, the cluster of each row, the largest first.

    Source: Lloyd's algorithm, from centers drawn as k-means++ does (Arthur & Vassilvitskii 2007):
        each with a chance in proportion to its squared distance from those before.
    """
    centers = table[[rng.integers(len(table))]]
    while len(centers) < n_clusters:
        distances = _squared_distances(table, centers).min(axis=1)
        if not distances.sum() > 0:
            break  # there are not so many different rows
        centers = np.concatenate(
            [centers, table[[rng.choice(len(table), p=distances / distances.sum())]]]
        )
    nearest = _squared_distances(table, centers).argmin(axis=1)
    for _ in range(ROUNDS):
        kept = [number for number in range(len(centers)) if (nearest == number).any()]
        centers = np.array([table[nearest == number].mean(axis=0) for number in kept])
        before, nearest = nearest, _squared_distances(table, centers).argmin(axis=1)
        if (nearest == before).all():
            break
    _, numbers, sizes = np.unique(nearest, return_inverse=True, return_counts=True)
    place = np.empty(len(sizes), np.int64)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return place[numbers]


def _squared_distances(table: Table, centers: Table) -> Table:
    """(n, k): of each row to each center."""
    squares = (table**2).sum(axis=1)[:, None] + (centers**2).sum(axis=1)
    return np.maximum(squares - 2 * table @ centers.T, 0.0)
