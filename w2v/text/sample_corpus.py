"""The bundled corpus `sample`: silly newswire grown from a grammar with known classes of words.

Within a class any word can stand in any other's place, so all have the same neighbours in the
text, and skip-gram must find them next to each other. The grammar is in sample_words.py.
"""

import itertools
import random
import re
from bisect import bisect

from w2v.text.sample_words import CLASSES, LINES, NAMES, STEMS, TOPICS, WORDS

SEED = 1989
SENTENCES = 45_000
LONGEST = 35  # words in a sentence
OWN = {"WORD": "words", "ITEM": "items", "ACT": "acts", "TRAIT": "traits"}  # symbol → Topic's field


def generate() -> bytes:
    """The whole corpus: one sentence a line, words separated by single spaces.

    Returns:
        ASCII, lower case: about a million tokens in SENTENCES lines, none of them twice;
        the same on every call and platform. Every draw is `random.Random(SEED).random()`, the one
        method whose sequence Python promises to keep (`choices` and `shuffle` are not), and the
        weights are whole numbers, so that nothing depends on rounding.
    """
    draw = random.Random(SEED).random
    grammar = _grammar(draw)
    planted = {word for words in CLASSES.values() for word in words}

    def grow(symbol, sentence):
        bounds, alternatives = grammar[symbol]
        for piece in alternatives[bisect(bounds, int(draw() * bounds[-1]))]:
            if piece in grammar:
                grow(piece, sentence)
            else:
                sentence.append(piece)

    lines: dict[str, None] = {}  # its keys are a set that keeps the order
    while len(lines) < SENTENCES:
        sentence: list[str] = []
        grow("SENTENCE", sentence)
        of_classes = [word for word in sentence if word in planted]
        once = len(of_classes) == len(set(of_classes))  # no "from japan to japan"
        if once and len(sentence) <= LONGEST:
            lines[" ".join(sentence)] = None
    return re.sub(r"\ba (?=[aeio])", "an ", "\n".join(lines) + "\n").encode("ascii")


def _grammar(draw):
    """Symbol → (cumulative weights, alternatives), an alternative being symbols and words."""
    grammar = {symbol: _lines(lines) for symbol, lines in LINES.items()}
    grammar |= {symbol: _words(words.split()) for symbol, words in WORDS.items()}
    grammar["NOUNS"] = _words([noun + "s" for noun in WORDS["NOUN"].split()])
    for suffix in ("", "ed", "ing"):
        verbs = [stem + suffix for stem in STEMS.split()]
        grammar["VERB" + suffix.upper()] = _words(verbs)
    grammar["NUMBER"] = _words([str(number) for number in range(2, 400)])
    grammar["DECIMAL"] = _words([f"{tenths // 10}.{tenths % 10}" for tenths in range(1, 300)])
    for symbol, parts in NAMES.items():
        names = map("".join, itertools.product(*map(str.split, parts)))
        grammar[symbol] = _words(sorted(names, key=lambda _: draw()), flattening=30)

    for name, topic in TOPICS.items():
        for symbol, field in OWN.items():
            grammar[f"{name}.{symbol}".upper()] = _words(getattr(topic, field).split())
        own_lines = re.sub(rf"\b({'|'.join(OWN)})\b", rf"{name.upper()}.\1", topic.lines)
        grammar[name.upper()] = _lines(own_lines)
    grammar["TOPIC"] = _lines("\n".join(TOPICS).upper())
    # Outside the topics anything may be said, or a class's company would look like its members.
    for symbol in ("ITEM", "ACT", "TRAIT"):
        grammar[symbol] = _lines("\n".join(f"{name}.{symbol}" for name in TOPICS).upper())
    return grammar


def _lines(text):
    """Alternatives drawn evenly, one a line."""
    alternatives = [line.split() for line in text.strip().splitlines()]
    return range(1, len(alternatives) + 1), alternatives


def _words(words, flattening=2):
    """Alternatives of one word; the k-th is drawn in proportion to 1 / (k + flattening)."""
    weights = (10**9 // (rank + flattening) for rank in range(1, len(words) + 1))
    return list(itertools.accumulate(weights)), [(word,) for word in words]
