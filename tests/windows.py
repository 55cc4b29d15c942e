"""Hand-made windows for tests of the model and the engines."""

from w2v.batches.batch import Rows


def some_windows(rng, n_words, counts):
    """[(center, contexts, noise)] with so many (contexts, noise) each; words repeat."""
    return [
        (
            int(rng.integers(1, n_words)),
            rng.integers(1, n_words, n_contexts).tolist(),
            rng.integers(1, n_words, n_noise).tolist(),
        )
        for n_contexts, n_noise in counts
    ]


def as_rows(windows):
    """Rows of such windows; 1, a word, stands behind their entries."""
    longest = max(len(contexts) + len(noise) for _, contexts, noise in windows)
    rows = Rows.empty(len(windows), longest)
    rows.entries[:] = 1
    for i, (center, contexts, noise) in enumerate(windows):
        rows.centers[i], rows.n_contexts[i] = center, len(contexts)
        rows.n_entries[i] = len(contexts) + len(noise)
        rows.entries[i, : rows.n_entries[i]] = contexts + noise
    return rows
