"""Mean, SIF and uSIF: how the vectors of a sentence's words become the sentence's.

A sentence's vector is the mean of its known words' vectors, each times the word's weight, less what
it has of the common components of a whole text's sentences:

    s = 1/n Σ weight(w)·vector(w)        v = s − Σ share·(s·c)·c

    mean   weight 1; no components
    sif    weight a/(p(w) + a), a = 0.001; one component, of share 1
    usif   weight a/(p(w) + a/2), a from the vocabulary and the mean length of sentences; vectors
           divided, in each dimension, by the length of the sentence's words in it; five components,
           each of its share of their variance

p(w) is the word's share of the text that the vectors were trained on.

Source: Arora, Liang, Ma 2017, A simple but tough-to-beat baseline for sentence embeddings,
algorithm 1; Ethayarajh 2018 (W18-3012), with the division as in the author's code.
"""

import numpy as np
import numpy.typing as npt

from w2v.sentences.sums import lengths_by_dimension, sums

N_COMPONENTS = {"mean": 0, "sif": 1, "usif": 5}  # the authors' defaults
POOLINGS = tuple(N_COMPONENTS)
SIF_A = 1e-3  # Arora et al.'s default


def word_weights(
    pooling: str, counts: npt.NDArray[np.int64], mean_length: float
) -> npt.NDArray[np.float32]:
    """The weight of each word, for sif or usif.

    Args:
        counts: (V,) int64, of the words; row 0 is `<unk>`, which counts as part of the text.
        mean_length: words of a sentence, on average.
    Returns:
        (V,) float32.
    """
    shares = counts / max(counts.sum(), 1)
    if pooling == "sif":
        return (SIF_A / (shares + SIF_A)).astype(np.float32)
    n_words = len(counts) - 1
    threshold = 1 - (1 - 1 / n_words) ** mean_length
    alpha = (shares[1:] > threshold).sum() / n_words
    if alpha == 0:  # no word is frequent: a is infinite, and so are all weights the same
        return np.full(len(counts), 2.0, np.float32)
    a = (1 - alpha) / (alpha * 0.5 * n_words)
    return (a / (shares + 0.5 * a)).astype(np.float32)


def pooled(
    pooling: str,
    table: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32] | None,
    rows: npt.NDArray[np.int64],
    n_words: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Sentences' vectors, before the common components are removed.

    Args:
        table: (V, D) float32.  weights: as word_weights gives them; None, of mean: all 1.
        rows, n_words: of n sentences, as words.Rows gives them; unknown words, row 0, are left out.
    Returns:
        (n, D) float32, zeros for a sentence without a known word; (n,) int64, its known words.
    """
    is_known = rows > 0
    known_before = np.concatenate([[0], np.cumsum(is_known)])
    ends = np.cumsum(n_words)
    n_known = known_before[ends] - known_before[ends - n_words]
    rows = rows[is_known]
    vectors = sums(table, rows, n_known, weights)
    vectors /= np.maximum(n_known, 1)[:, None]
    if pooling == "usif":
        lengths = lengths_by_dimension(table, rows, n_known)
        vectors /= np.where(lengths > 0, lengths, 1)
    return vectors, n_known
