"""Small corpora for tests."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Text:
    """Stands where a Corpus does: text in memory, handed out in the pieces given."""

    pieces: list
    description: str = "a test text"
    text_bytes: float = 0

    def chunks(self, progress=None, remark=None):
        yield from self.pieces


def text(content):
    return Text([content.encode()])


def zipf_lines(n_words, n_lines, seed=0, longest=20):
    """Random sentences, one a line, whose words w0, w1, … fall off as in real text."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_words + 1)
    lengths = rng.integers(0, longest, n_lines)
    numbers = rng.choice(n_words, lengths.sum(), p=share / share.sum())
    sentences = np.split(numbers, np.cumsum(lengths)[:-1])
    return "".join(" ".join(f"w{number}" for number in line) + "\n" for line in sentences)
