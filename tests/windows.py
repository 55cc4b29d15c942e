"""Windows for tests of the model and the engines, made by hand or drawn from a text."""

import numpy as np

from texts import text
from w2v import plain
from w2v.batches.batch import Batch
from w2v.batches.batcher import CpuBatcher
from w2v.batches.noise import noise_table
from w2v.config import Config
from w2v.text.vocab import read


def batchers(content, *kinds, **settings):
    """(Config, counts, a batcher of each kind) of a text that is all known words."""
    config = Config(**{"min_count": 1, "workers": 2, "device": "cpu", "group": 1, **settings})
    vocabulary, encoded = read(text(content), config.min_count)
    made = [kind(encoded, vocabulary.counts, config) for kind in kinds or (CpuBatcher,)]
    return config, vocabulary.counts, *made


def plain_rows(batch):
    """[(center, contexts, noise words)] of a Batch of groups of one, as numbers and lists."""
    found = []
    for row, center in enumerate(batch.centers[:, 0].tolist()):
        entries = batch.entries[row][batch.mask[row, 0] > 0].tolist()
        n_contexts = int(batch.labels[row, 0].sum())
        found.append((center, entries[:n_contexts], entries[n_contexts:]))
    return found


def random_windows(rng, n_words, counts):
    """[(center, contexts, noise)] with so many (contexts, noise) each; words repeat."""
    return [
        (
            int(rng.integers(1, n_words)),
            rng.integers(1, n_words, n_contexts).tolist(),
            rng.integers(1, n_words, n_noise).tolist(),
        )
        for n_contexts, n_noise in counts
    ]


def as_batch(windows):
    """The Batch of such windows, as groups of one center."""
    centers, entries, labels, mask = plain.batchify(windows)
    ids, weights = (centers, entries), (labels, mask)
    return Batch(*(part.astype(np.int32) for part in ids), *map(np.float32, weights))


def plain_step(in_vectors, out_vectors, windows, lr, averages=False):
    """Tables after one SGD step on such windows, and the (B,) losses; all in float64.

    averages: whether on the losses, each the mean of its terms, or on the sum of all terms.
    """
    tables = np.array([in_vectors, out_vectors], np.float64)
    centers, entries, labels, mask = plain.batchify(windows)
    if averages:
        mask = mask / mask.sum(axis=2, keepdims=True)
    (new_in, new_out), losses = plain.sgd_step(tables, (centers, entries, labels, mask), lr)
    return new_in, new_out, losses[:, 0]


def plain_windows(sentences, counts, sample, epoch, seed=0, window=5, negative=5):
    """[(center, contexts, noise)] of a text that is one block, in order of position.

    sentences, counts: as plain.encode gives them.
    Differs: noise words are looked up as the batcher does, in Walker's alias table.
    """
    table = noise_table(counts, 0.75).tolist()

    def noise_word(bits):
        slot = (bits >> 32) * len(table) >> 32
        threshold, other = table[slot]
        return slot + 1 if bits % 2**32 < threshold else other

    keep = plain.keep_probability(counts, sample or 1.0)
    survivors = plain.subsample(sentences, keep, seed, epoch)
    return list(plain.windows(survivors, noise_word, window, negative, seed, epoch))
