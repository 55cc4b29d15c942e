"""Word vectors for tests of sentences, and sentences' vectors by a slow way in float64."""

import json

import numpy as np

from w2v.config import UNK
from w2v.storage import layout
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

WORDS = [UNK, "the", "chip", "oil", "gas", "price", "rose", "fell", "über", "a\u00a0b"]
COUNTS = [40, 500, 30, 60, 50, 90, 70, 80, 5, 2]
TEXT = [
    "the chip price rose",
    "the oil price fell the oil price rose",
    "gas fell",
    "",
    "a price unheard of",
    "über oil",
    "the the the a\u00a0b",
] * 3
RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((len(WORDS), 8)).astype(np.float32)
TABLE[0] = 0
VECTORS = WordVectors(WORDS, COUNTS, TABLE)


def run_in(folder, text=TEXT, lower=False):
    """A run folder as training leaves it, and its text beside it."""
    corpus = folder / "text.txt"
    corpus.write_text("".join(f"{line}\n" for line in text))
    run = folder / "run"
    run.mkdir()
    save_vectors(run, WORDS, COUNTS, TABLE, TABLE)
    settings = {"corpus": str(corpus), "data_dir": None, "lower": lower}
    described = {"corpus": {"name": "text"}, "settings": settings}
    (run / layout.CONFIG).write_text(json.dumps(described))
    return run


def known(sentence):
    return [WORDS.index(word) for word in sentence.split(" ") if word in WORDS[1:]]


def slow_mean(sentence, weight=lambda row: 1.0, divided=False):
    """A sentence's mean by the formula, in float64."""
    rows = known(sentence)
    if not rows:
        return np.zeros(TABLE.shape[1])
    vectors = TABLE.astype(np.float64)[rows]
    if divided:
        vectors = vectors / np.sqrt((vectors**2).sum(axis=0))
    return sum(weight(row) * vector for row, vector in zip(rows, vectors, strict=True)) / len(rows)


def slow_sif(sentences, text=TEXT):
    """Arora et al.'s algorithm 1, the component of `text` removed from `sentences`."""
    weight = {row: 1e-3 / (1e-3 + count / sum(COUNTS)) for row, count in enumerate(COUNTS)}
    fitted = np.array([slow_mean(sentence, weight.get) for sentence in text])
    component = np.linalg.svd(fitted, full_matrices=False)[2][0]
    vectors = np.array([slow_mean(sentence, weight.get) for sentence in sentences])
    return vectors - np.outer(vectors @ component, component)


def slow_usif(sentences, text=TEXT):
    """Ethayarajh's uSIF, as the author's code has it."""
    n_words = len(WORDS) - 1
    lengths = [len(sentence.split(" ")) for sentence in text if sentence]
    threshold = 1 - (1 - 1 / n_words) ** (sum(lengths) / len(lengths))
    shares = [count / sum(COUNTS) for count in COUNTS]
    alpha = sum(share > threshold for share in shares[1:]) / n_words
    a = (1 - alpha) / (alpha * n_words / 2)
    weight = {row: a / (share + a / 2) for row, share in enumerate(shares)}
    fitted = np.array([slow_mean(sentence, weight.get, divided=True) for sentence in text])
    _, values, components = np.linalg.svd(fitted, full_matrices=False)
    vectors = np.array([slow_mean(sentence, weight.get, divided=True) for sentence in sentences])
    for value, component in zip(values[:5], components[:5], strict=True):
        share = value**2 / (values[:5] ** 2).sum()
        vectors = vectors - share * np.outer(vectors @ component, component)
    return vectors
