"""Subsampling: frequent words are mostly skipped."""

import numpy as np
import numpy.typing as npt

from w2v.batches.draws import ALWAYS, draw, stream
from w2v.compiled import compiled
from w2v.text.word_table import SENTENCE_START, WORD_MASK


def keep_thresholds(counts: npt.NDArray[np.int64], sample: float) -> npt.NDArray[np.uint64]:
    """The probability that an occurrence of each word survives subsampling, in units of 2⁻³².

    Args:
        counts: (V,) int64; entry 0, `<unk>`, is not among the tokens and never kept.
        sample: threshold t, a share of the tokens; 0 keeps everything.
    Returns:
        (V,) uint64: floor(2³² · min(1, √(t / f))), where f is a word's share of the tokens.
    Source: Mikolov et al. 2013 (arXiv:1310.4546), eq. 5, and Dive into Deep Learning.
    Differs: word2vec.c, gensim and fastText keep √(t / f) + t / f.
    """
    share = counts / counts[1:].sum()
    with np.errstate(divide="ignore"):
        keep = np.minimum(1.0, np.sqrt(sample / share)) if sample else np.ones(len(counts))
    keep[0] = 0.0
    return (keep * ALWAYS).astype(np.uint64)


def expected_kept(counts: npt.NDArray[np.int64], sample: float) -> npt.NDArray[np.float64]:
    """(V,) float64: how many occurrences of each word subsampling keeps, on average."""
    return counts * (keep_thresholds(counts, sample) / ALWAYS)


def subsample(
    tokens: npt.NDArray[np.int32],
    first_position: int,
    key: np.uint64,
    keep: npt.NDArray[np.uint64],
) -> npt.NDArray[np.int32]:
    """The tokens that survive, flagged anew; sentences left with one word are dropped.

    Args:
        tokens: (N,) int32, flagged with SENTENCE_START.  first_position: position of tokens[0].
        key: of the SUBSAMPLE draws.  keep: (V,) uint64 from keep_thresholds.
    Returns:
        (M,) int32.
    """
    kept = np.empty(len(tokens), np.int32)
    return kept[: _subsample(tokens, first_position, key, keep, kept)].copy()


@compiled
def _subsample(tokens, first_position, key, keep, kept):
    """Put the tokens that survive into `kept`; return how many they are."""
    n = sentence = 0  # kept[sentence:n] is the current sentence
    for i in range(len(tokens)):
        token = tokens[i]
        if token < 0:
            if n - sentence < 2:
                n = sentence
            sentence = n
        word = token & WORD_MASK
        bits = draw(stream(key, first_position + i), 0)
        # Nobody could foresee a branch: what does not survive, the next one is put over.
        kept[n] = word | SENTENCE_START if n == sentence else word
        n += int((bits >> np.uint64(32)) < keep[word])
    if n - sentence < 2:
        n = sentence
    return n
