"""What sif and usif take from a text: the words' weights, and the common components."""

import logging
from pathlib import Path

import numpy as np

from w2v.errors import UsageError, W2VError, shown
from w2v.sentences import components
from w2v.sentences.components import Fitted
from w2v.sentences.pooling import N_COMPONENTS, pooled, word_weights
from w2v.sentences.training_text import Sentences, Text
from w2v.sentences.words import Rows
from w2v.vectors.wordvectors import WordVectors


def fitted(pooling: str, wv: WordVectors, rows: Rows, path: Path | None, text: Text) -> Fitted:
    """What sif or usif takes from a text.

    Args:
        path: where the vectors come from. If it is a run folder and no text is given, what is
            fitted on the run's own is kept there, and taken from there.
    Raises:
        UsageError, W2VError: there is no text, or no sentence with a known word in it.
    """
    has_counts = bool(wv.counts.any())
    run = path if path is not None and path.is_dir() else None
    if text is None and (run is None or not has_counts):
        lack = "have no counts of words" if not has_counts else "are no run, which has a text"
        raise UsageError(f"{pooling} needs a text to be fitted on: these vectors {lack}")
    own = run if text is None else None
    if own is not None and (kept := components.kept(own, pooling)):
        return kept
    sentences = Sentences(text, run, wv.tokenization)
    once = "" if own is None else ", once"
    logging.getLogger("w2v").info(shown(f"fitting {pooling} on {sentences.name}{once}"))
    counts, mean_length = wv.counts, 0.0
    if pooling == "usif" or not has_counts:  # sif does without, and reads the text once
        of_text, mean_length = _counted(wv, rows, sentences)
        counts = wv.counts if has_counts else of_text
    weights = word_weights(pooling, counts, mean_length)
    blocks = (
        pooled(pooling, wv.vectors, weights, *rows.of_text(block))[0]
        for block in sentences.blocks()
    )
    found, shares = components.principal(blocks, N_COMPONENTS[pooling])
    if not shares.any():
        raise W2VError(
            f"no word of {sentences.name} has a vector; {pooling} cannot be fitted on it"
        )
    if pooling == "sif":
        shares = np.ones_like(shares)
    fitted = Fitted(found, shares, weights, sentences.name)
    if own is not None:
        components.keep(own, pooling, fitted)
    return fitted


def _counted(wv, rows, sentences):
    """(V,) int64, how often each word comes in a text, and the mean length of its sentences."""
    counts, n_sentences = np.zeros(len(wv), np.int64), 0
    for block in sentences.blocks():
        found, n_words = rows.of_text(block)
        counts += np.bincount(found, minlength=len(wv))
        n_sentences += int((n_words > 0).sum())
    return counts, counts.sum() / max(n_sentences, 1)
