"""Scores on analogies: against hand arithmetic, the definition in float64 and gensim."""

import math

import numpy as np
import pytest

from scored import (
    ANALOGIES,
    TABLE,
    WORDS,
    analogies_in,
    gensim_data,
    keyed_vectors,
    published,
    random_vectors,
)
from w2v.evaluation import testsets
from w2v.evaluation.analogies import METHODS, SectionScore, find_questions, score_analogies, total

pytestmark = pytest.mark.usefixtures("folder")


def random_questions(words, n, seed=1):
    """A test set whose questions ask for the third word of a group; words in any letter case."""
    rng = np.random.default_rng(seed)
    lines = []
    for number in range(n):
        if number % (n // 3) == 0:
            lines.append(f": section {number}")
        one, other = rng.integers(0, (len(words) - 1) // 3, 2)
        i, j = rng.integers(0, 3, 2)
        asked = [words[1 + 3 * group + place] for group in (one, other) for place in (i, j)]
        lines.append(" ".join(w.upper() if rng.random() < 0.3 else w for w in asked))
    return analogies_in("\n".join(lines))


def accuracy_by_definition(analogies, words, table, method, limit=10**9):
    """(covered, correct) of every section: question by question, word by word, in float64."""
    rows = {}
    for row, word in enumerate(words[1 : limit + 1], 1):
        rows.setdefault(word.upper(), row)
    units = {}
    for row in range(1, len(words[: limit + 1])):
        vector = [float(x) for x in table[row]]
        length = math.sqrt(math.fsum(x * x for x in vector))
        units[row] = [x / length for x in vector]

    def cos(one, other):
        return math.fsum(x * y for x, y in zip(units[one], units[other], strict=True))

    results = []
    for _, questions in analogies.sections:
        known = [q for q in questions if all(word.upper() in rows for word in q)]
        correct = 0
        for *asked, expected in known:
            a, b, c = (rows[word.upper()] for word in asked)

            def score(x, a=a, b=b, c=c):
                if method == "3cosadd":
                    return cos(x, b) + cos(x, c) - cos(x, a)
                return (1 + cos(x, b)) / 2 * (1 + cos(x, c)) / 2 / ((1 + cos(x, a)) / 2 + 1e-6)

            free = [x for x in units if words[x].upper() not in {word.upper() for word in asked}]
            correct += words[max(free, key=score)].upper() == expected.upper()
        results.append((len(known), correct))
    return results


def test_analogies_are_answered_by_hand_arithmetic():
    # 3CosAdd, east : near = north : ? near is (0.8, 0.6); there are far (0.6, 0.8), west (−1, 0).
    # far: 0.96 + 0.8 − 0.6 = 1.16; west: −0.8 + 0 + 1 = 0.2.
    # 3CosMul: far: 0.98 · 0.9 / 0.8 = 1.1; west: 0.1 · 0.5 / (0 + 10⁻⁶) = 50,000.
    known = find_questions(analogies_in(ANALOGIES), WORDS)
    for method, hits in (("3cosadd", 1), ("3cosmul", 0)):
        sections = score_analogies(known, TABLE, method)
        expected = [("plain", 1, 1, hits), ("odd one", 1, 0, 0)]
        assert [tuple(vars(section).values()) for section in sections] == expected
        assert [section.accuracy for section in sections] == [hits, None]
        assert total(sections) == SectionScore("total", 2, 1, hits)


def test_methods_differ_where_one_cosine_weighs_heavily():
    # a, b and c are the axes, so a vector of length 1 is its cosines with them:
    # x: 3CosAdd 0.28 + 0 + 0.96 = 1.24, 3CosMul 0.64 · 0.5 / 0.02 = 16.
    # y: 3CosAdd 0.6 + 0.8 − 0 = 1.4, 3CosMul 0.8 · 0.9 / 0.5 = 1.44.
    words = ["<unk>", "a", "b", "c", "x", "y"]
    table = np.array([(0, 0, 0), *np.eye(3), (-0.96, 0.28, 0), (0, 0.6, 0.8)], np.float32)
    for method, answer in (("3cosadd", "y"), ("3cosmul", "x")):
        known = find_questions(analogies_in(f": s\na b c {answer}\n"), words)
        assert score_analogies(known, table, method)[0].correct == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("limit", "blocks"), [(10**9, (512, 512)), (70, (7, 5))])
def test_analogies_equal_the_definition(method, limit, blocks, monkeypatch):
    monkeypatch.setattr("w2v.evaluation.analogies._WORDS", blocks[0])
    monkeypatch.setattr("w2v.evaluation.analogies._QUESTIONS", blocks[1])
    words, table = random_vectors(90)
    analogies = random_questions(words, 60)
    known = find_questions(analogies, words, limit)
    sections = score_analogies(known, table, method)
    expected = accuracy_by_definition(analogies, words, table, method, limit)
    assert [(section.covered, section.correct) for section in sections] == expected
    covered, correct = map(sum, zip(*expected, strict=True))
    assert 3 < correct < covered - 3


def test_analogies_never_answer_with_a_word_of_the_question_or_zeros():
    # All candidates but `zero` are asked with, in some letter case; so nothing is answered.
    words = ["<unk>", "a", "b", "c", "A", "zero"]
    table = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [1, 0.1], [0, 0]], np.float32)
    for expected in ("zero", "a", "b"):
        known = find_questions(analogies_in(f": s\na b c {expected}\n"), words)
        for method in METHODS:
            (section,) = score_analogies(known, table, method)
            assert (section.covered, section.correct) == (1, 0)


@pytest.mark.parametrize("restricted", [{}, {"restrict_vocab": 1000}, {"case_insensitive": False}])
def test_analogies_equal_gensims(restricted):
    words, table = published()
    path = gensim_data("questions-words.txt")
    known = find_questions(testsets.read(path), words, **restricted)
    sections = score_analogies(known, table)
    score, theirs = keyed_vectors(words, table).evaluate_word_analogies(path, **restricted)
    sections.append(total(sections))
    assert sections[-1].accuracy == pytest.approx(score, abs=1e-6)
    assert 0.02 < score < 0.98
    assert [(s.covered, s.correct) for s in sections] == [
        (len(their["correct"]) + len(their["incorrect"]), len(their["correct"])) for their in theirs
    ]
    assert [s.section for s in sections[:-1]] == [their["section"] for their in theirs[:-1]]


def test_3cosmul_equals_gensims_most_similar_cosmul():
    words, table = random_vectors(120)
    words = [f"{word}_{row}" for row, word in enumerate(words)]  # gensim would answer with variants
    words[0] = "<unk>"
    keyed = keyed_vectors(words, table)
    rng = np.random.default_rng(0)
    lines = [": all"]
    for _ in range(50):
        a, b, c = rng.choice(words[1:], 3, replace=False)
        ((answer, _),) = keyed.most_similar_cosmul([b, c], [a], topn=1)
        lines.append(f"{a} {b} {c} {answer}")
    known = find_questions(analogies_in("\n".join(lines)), words)
    (section,) = score_analogies(known, table, "3cosmul")
    assert (section.covered, section.correct) == (50, 50)
