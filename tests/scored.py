"""What the tests of scores share; test sets are written to the current folder."""

import functools
from pathlib import Path

import numpy as np
import pytest

from w2v.evaluation import testsets

# In the plane: Man + queen − woman points at King; cosines with east: 1, 0.8, 0.6, 0, −1.
WORDS = ["<unk>", "east", "near", "Far", "north", "west", "zero"]
TABLE = np.array([[0, 0], [1, 0], [4, 3], [3, 4], [0, 2], [-5, 0], [0, 0]], np.float32)
PAIRS = """\
\ufeff# people's
Word 1\tWord 2\tHuman (mean)

east\tnear\t9
EAST, far, 7.5
east north 1e0
east west -3
east nowhere 5
<unk> east 5
"""

# Answers to `east near far ?` and the like are worked out in the tests that use them.
ANALOGIES = """\
: plain
east near north far
: odd one

nowhere east near north
"""


def pairs_in(text):
    Path("pairs.txt").write_text(text, encoding="utf-8")
    return testsets.read("pairs.txt")


def analogies_in(text):
    Path("analogies.txt").write_text(text, encoding="utf-8")
    return testsets.read("analogies.txt")


def random_vectors(n_words, dimensions=12, seed=0):
    """Words and vectors among which analogies hold now and then, with letter-case variants."""
    rng = np.random.default_rng(seed)
    words = ["<unk>"] + [f"w{number // 3 * 3}x{number % 3}" for number in range(n_words)]
    table = rng.normal(size=(n_words + 1, dimensions)).astype(np.float32)
    table[1:] += 2 * np.repeat(rng.normal(size=(-(-n_words // 3), dimensions)), 3, 0)[:n_words]
    table[1:] += 3 * rng.normal(size=(3, dimensions))[np.arange(n_words) % 3]
    for row in range(5, n_words, 7):  # as "The" beside "the"; the first counts
        words[row + 1] = words[row - 1].upper()
    return words, table.astype(np.float32)


def keyed_vectors(words, table):
    models = pytest.importorskip("gensim.models")
    keyed = models.KeyedVectors(table.shape[1])
    keyed.add_vectors(words[1:], table[1:])
    return keyed


def gensim_data(name):
    return pytest.importorskip("gensim.test.utils").datapath(name)


@functools.cache
def published():
    """Made-up vectors for most words of gensim's test sets, with which some analogies hold."""
    analogies = testsets.read(gensim_data("questions-words.txt"))
    questions = [q for _, section in analogies.sections for q in section][::9]
    words = {word for question in questions for word in question}
    for name in ("wordsim353.tsv", "simlex999.txt"):
        words |= {word for pair in testsets.read(gensim_data(name)).words for word in pair}
    rng = np.random.default_rng(0)
    words = sorted(words | {word.upper() for word in words if len(word) < 5})
    words = ["<unk>", *rng.permutation(words)[: len(words) * 9 // 10].tolist()]
    table = rng.normal(size=(len(words), 20)).astype(np.float32)
    row = {word: number for number, word in enumerate(words)}
    for a, b, c, d in questions[::2]:
        if {a, b, c, d} <= row.keys():
            table[row[d]] += table[row[b]] + table[row[c]] - table[row[a]]
    return words, table
