"""What is fitted to the text: the first learning rate, the noise pool, and each row's step."""

import dataclasses

import numpy as np
import numpy.typing as npt

from w2v.batches.batcher import EpochKeys
from w2v.batches.noise import noise_weights
from w2v.batches.subsampling import expected_kept, keep_thresholds, subsample
from w2v.config import Config
from w2v.text.encoded import EncodedText
from w2v.text.word_table import WORD_MASK

# Measured on words, walks on graphs and sessions of items: docs/training.md#the-learning-rate.
USUAL_ENTRIES = 36  # of the widest window by default; the rate is for that
ENTRIES_EXPONENT = -0.45  # it goes as their number to the power of it
USUAL_VISITS = 450  # occurrences of a usual word that a whole training keeps, on PTB by default
VISITS_EXPONENT = -0.36
USUAL_NOISE = 650  # of the tokens kept, for each usual noise word
NOISE_EXPONENT = -1.5
MOST_FITTED_POOL = 384  # more take longer and bring nothing
OF_REPEATS = 0.3  # a window of the same word in the same group, beside one elsewhere in the batch

Counts = npt.NDArray[np.int64]


def fitted(config: Config, counts: Counts, ranks: int = 1) -> Config:
    """The Config with a rate and a noise pool, where it has none, for a vocabulary's counts, (V,).

    The rate is for every pair of a center and an entry: word2vec's alpha. A center of many entries
    bears less of it; words that are seen often need less. Where the text is short for its number
    of noise words, a group gets more of them. Of ranks the mean is taken where they agree, so what
    they see counts for less. Adam, whose rate is constant, takes the same of both for any text.
    """
    if config.optimizer != "sgd":
        return dataclasses.replace(config, lr=config.method.lr, noise_pool=config.pool_size)
    entries, (kept, noise) = _most_entries(config), _occurrences(config, counts)
    n_kept = config.epochs * max(1.0, kept.sum())
    lr, pool = config.lr, config.noise_pool
    if lr is None:
        visits = n_kept / _usual_words(kept) / np.sqrt(ranks)
        lr = config.method.lr * (entries / USUAL_ENTRIES) ** ENTRIES_EXPONENT
        lr = float(f"{lr * (visits / USUAL_VISITS) ** VISITS_EXPONENT:.3g}")
    if pool is None and config.group_size > 1:  # else each center has noise words of its own
        least, most = config.pool_size, max(config.pool_size, MOST_FITTED_POOL)
        visits = n_kept / _usual_words(noise)
        pool = round(min(max(least, least * (visits / USUAL_NOISE) ** NOISE_EXPONENT), most))
    return dataclasses.replace(config, lr=lr, noise_pool=pool)


def kept_tokens(config: Config, counts: Counts, text: EncodedText) -> npt.NDArray[np.int32]:
    """(M,), what subsampling leaves of the first block of a text in the first epoch, flagged."""
    key, keep = EpochKeys.of(config, 1).subsample, keep_thresholds(counts, config.sample)
    return subsample(text.blocks[0], text.first_position(0), key, keep)


def row_steps(
    config: Config, counts: Counts, tokens: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """The share of the rate that each row of in_vectors and out_vectors takes.

    All changes of a batch are computed against the same tables, so a row that it has often would
    overshoot: its step is divided by 1 + how far it is pushed. That is one number for the whole
    training, whether a batch pushes it less or more, so the objective stays the same.

    Args:
        config: with its rate.
        counts: (V,) int64, of the vocabulary.
        tokens: (M,) int32, from kept_tokens.
    Returns:
        (2, V) float32, above 0 and at most 1; all 1 with Adam, which takes steps of its own.
    """
    if config.optimizer != "sgd":
        return np.ones((2, len(counts)), np.float32)
    kept, noise = map(_shares, _occurrences(config, counts))
    of_noise = config.negative / (1 + config.negative)
    windows = config.batch_size * np.stack([kept, (1 - of_noise) * kept + of_noise * noise])
    again = repeats(tokens & WORD_MASK, config.group_size, len(counts))
    windows += OF_REPEATS * again**2
    if config.group_size > 1:  # a noise word stands for so many of each center's own
        windows[1] += of_noise * max(0.0, config.group_size / config.pool_size - 1)
    return (1 / (1 + config.method.lr * _most_entries(config) * windows)).astype(np.float32)


def repeats(words: npt.NDArray[np.int32], group: int, n_words: int) -> npt.NDArray[np.float64]:
    """How often the same word is there again in the group of one of its occurrences, on average.

    >>> repeats(np.array([1, 2, 1, 1, 2, 3, 3, 4], np.int32), group=4, n_words=6).tolist()
    [0.0, 2.0, 0.0, 1.0, 0.0, 0.0]
    """
    words = np.sort(words[: len(words) // group * group].reshape(-1, group), axis=1)
    is_first = np.ones(words.shape, bool)
    is_first[:, 1:] = words[:, 1:] != words[:, :-1]
    first = np.flatnonzero(is_first)
    times, word = np.diff(first, append=words.size), words.ravel()[first]
    again = np.bincount(word, times * (times - 1), n_words)
    return again / np.maximum(1, np.bincount(word, times, n_words))


def _most_entries(config):
    """Context and noise words of a center, on average, where no sentence ends."""
    return (1 + config.negative) * (1 + config.window)


def _occurrences(config, counts):
    """(V,) each: how often words are centers in an epoch; how often noise words, in proportion."""
    return expected_kept(counts, config.sample), noise_weights(counts, config.ns_exponent)


def _shares(occurrences):
    return occurrences / (occurrences.sum() or 1.0)


def _usual_words(occurrences):
    """How many words, all alike frequent, vary as much as words that occur so often, (V,), do."""
    shares = _shares(occurrences[occurrences > 0])
    return np.exp(-(shares * np.log(shares)).sum())
