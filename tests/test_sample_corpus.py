import hashlib
import itertools
import os
import random
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from w2v.text import sample_corpus
from w2v.text.sample_corpus import CLASSES, generate


@pytest.fixture(scope="module")
def text():
    return generate()


@pytest.fixture(scope="module")
def sentences(text):
    return [line.split(" ") for line in text.decode("ascii").splitlines()]


@pytest.fixture(scope="module")
def counts(sentences):
    return Counter(word for sentence in sentences for word in sentence)


def test_generate_gives_the_same_bytes_on_every_call(text):
    assert hashlib.sha256(generate()).digest() == hashlib.sha256(text).digest()


def test_generate_gives_the_same_bytes_in_a_fresh_process(text):
    script = (
        "import hashlib; from w2v.text.sample_corpus import generate; "
        "print(hashlib.sha256(generate()).hexdigest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    fresh = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == hashlib.sha256(text).hexdigest()


def test_generate_writes_a_million_tokens(sentences, counts):
    assert len(sentences) == 45_000
    assert 950_000 < counts.total() < 1_150_000
    assert min(map(len, sentences)) >= 8
    assert max(map(len, sentences)) <= 35


def test_generate_writes_lower_case_ascii_one_sentence_a_line(text):
    # Also: no symbol of the grammar is left over, no empty line, no double space.
    assert re.fullmatch(rb"(?:[a-z0-9&.'-]+(?: [a-z0-9&.'-]+)*\n)+", text)


def test_generate_repeats_no_sentence(sentences):
    assert len(set(map(tuple, sentences))) == len(sentences)


def test_generate_writes_an_before_vowels(sentences):
    articles = {"a": set(), "an": set()}
    for sentence in sentences:
        for word, following in itertools.pairwise(sentence):
            if word in articles:
                articles[word].add(following[0])
    assert articles["an"] <= set("aeio")
    assert not articles["a"] & set("aeio")


def test_vocabulary_is_led_by_function_words(counts):
    top = [word for word, _ in counts.most_common(6)]
    assert top[:2] == ["the", "of"]
    assert set(top) == {"the", "of", "a", "in", "to", "and"}
    assert 0.05 < counts["the"] / counts.total() < 0.1


def test_vocabulary_follows_zipf(counts):
    # Zipf's law: count ~ rank^-1, a line of slope -1 on logarithmic axes.
    ranked = np.array(sorted(counts.values(), reverse=True))
    ranks = np.unique(np.geomspace(1, np.sum(ranked >= 10), 60).astype(int))
    slope, _ = np.polyfit(np.log(ranks), np.log(ranked[ranks - 1]), 1)
    assert slope == pytest.approx(-1, abs=0.2)
    assert 3_000 < np.sum(ranked >= 10) < 8_000
    assert np.sum(ranked[ranked < 10]) / counts.total() < 0.03  # lost to min_count


def test_classes_are_disjoint():
    words = [word for of_class in CLASSES.values() for word in of_class]
    assert len(words) == len(set(words))
    assert len(CLASSES) >= 10
    assert min(map(len, CLASSES.values())) >= 6  # a word and five neighbours


def test_class_words_are_frequent_enough_to_learn(counts):
    for words in CLASSES.values():
        assert min(counts[word] for word in words) >= 50
        # Falling off as in Zipf's law, the first word is well ahead of the last.
        assert counts[words[0]] > 2 * counts[words[-1]]


def test_class_words_stand_nowhere_but_in_their_class():
    planted = {word for words in CLASSES.values() for word in words}
    grammar = sample_corpus._grammar(random.Random(0).random)
    for symbol, (_, alternatives) in grammar.items():
        if not symbol.endswith(".WORD"):
            assert not planted & {piece for pieces in alternatives for piece in pieces}, symbol


def test_class_words_share_their_neighbours_in_the_text(sentences, counts):
    """Without any training: the five words with the most similar contexts are of the class.

    Contexts are compared as positive pointwise mutual information within five words (Levy and
    Goldberg 2014, what skip-gram factorises), by cosine, among all words counted 60 times or more.
    """
    words = [word for word, count in counts.items() if count >= 60]
    ids = {word: i for i, word in enumerate(words)}
    rows = np.full((len(sentences), 35 + 5), -1)  # the padding keeps windows within a sentence
    for row, sentence in zip(rows, sentences, strict=True):
        row[: len(sentence)] = [ids.get(word, -1) for word in sentence]
    together = np.zeros(len(words) ** 2)
    for offset in range(1, 6):
        left, right = rows[:, :-offset].ravel(), rows[:, offset:].ravel()
        both = (left >= 0) & (right >= 0)
        together += np.bincount(left[both] * len(words) + right[both], minlength=together.size)
    together = together.reshape(len(words), -1)
    together = together + together.T
    share = together.sum(axis=0) / together.sum()
    expected = together.sum() * np.outer(share, share)
    contexts = np.log(np.maximum(together / expected, 1)).astype(np.float32)
    contexts /= np.linalg.norm(contexts, axis=1, keepdims=True)

    for of_class in CLASSES.values():
        members = [ids[word] for word in of_class]
        cosines = contexts[members] @ contexts.T
        cosines[np.arange(len(members)), members] = -1  # never the word itself
        nearest = np.argsort(-cosines, axis=1)[:, :5]
        hits = np.isin(nearest, members).sum(axis=1)
        assert hits.min() >= 3, dict(zip(of_class, hits.tolist(), strict=True))
        assert hits.mean() >= 4, dict(zip(of_class, hits.tolist(), strict=True))
