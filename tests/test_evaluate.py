"""Scores of vectors: against hand arithmetic, the definition in float64, SciPy and gensim."""

import contextlib
import csv
import itertools
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import w2v
from stopping import Stop
from texts import zipf_lines
from w2v.config import from_recipe
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.evaluation import testsets
from w2v.evaluation.analogies import METHODS, SectionScore, find_questions, score_analogies, total
from w2v.evaluation.correlation import Correlation, correlate
from w2v.evaluation.pairs import find_pairs, score_pairs
from w2v.storage import layout
from w2v.training.progress import Progress
from w2v.training.train import train_run
from w2v.training.watcher import Watcher
from w2v.vectors.saving import save_vectors

ROOT = Path(__file__).parents[1]

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


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pairs_in(text):
    Path("pairs.txt").write_text(text, encoding="utf-8")
    return testsets.read("pairs.txt")


def analogies_in(text):
    Path("analogies.txt").write_text(text, encoding="utf-8")
    return testsets.read("analogies.txt")


def scored(pairs, words, table):
    return score_pairs(find_pairs(pairs, words), table)


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


# --- Files


def test_pairs_are_read_with_header_comments_and_any_separator():
    pairs = pairs_in(PAIRS)
    assert pairs.words[:3] == [("east", "near"), ("EAST", "far"), ("east", "north")]
    assert pairs.scores.tolist() == [9.0, 7.5, 1.0, -3.0, 5.0, 5.0]


def test_pairs_words_may_hold_spaces_between_tabs_or_commas():
    assert pairs_in("New York\tcity\t7\nNew York, city,7\n").words == [("New York", "city")] * 2
    assert pairs_in("1,000 thousand 9\n").words == [("1,000", "thousand")]
    assert pairs_in("a\u00a0b c 9\r\n").words == [("a\u00a0b", "c")]


def test_analogies_are_read_by_section():
    assert analogies_in("# ours\n" + ANALOGIES).sections == [
        ("plain", [("east", "near", "north", "far")]),
        ("odd one", [("nowhere", "east", "near", "north")]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.txt holds neither word pairs nor analogies"),
        ("# only\n\n", "f.txt holds neither word pairs nor analogies"),
        ("word1 word2 score\n", "f.txt holds no word pairs"),
        (": section\n", "f.txt holds no analogies"),
        ("a b 1\na b\n", "f.txt, line 2 is 'a b'; it must be `word word score`"),
        ("a b 1\na b x\n", "f.txt, line 2 is 'a b x'; it must be `word word score`"),
        ("a b 7.3x\n", "f.txt, line 1 is 'a b 7.3x'; it must be"),
        ("a b c d\n", "f.txt, line 1 is 'a b c d'; it must be"),
        ("a\tb\t\n", r"f.txt, line 1 is 'a\\tb'; it must be"),
        ("a\t\t3\n", r"f.txt, line 1 is 'a\\t\\t3'; it must be"),
        ("#\na b nan\n", "f.txt, line 2 is 'a b nan'; the score must be finite"),
        ("a b 1\na b -inf\n", "f.txt, line 2 is 'a b -inf'; the score must be finite"),
        (": s\na b c d\na b c\n", "f.txt, line 3 is 'a b c'; it must be 4 words, not 3"),
        (": s\na b c d e\n", "f.txt, line 2 is 'a b c d e'; it must be 4 words, not 5"),
        (b"a b 1\na \xff 2\n", "f.txt, line 2 is not UTF-8 .its byte 3.; convert"),
        ("a b 1\n".encode("utf-16"), "f.txt, line 1 is not UTF-8"),
        ("x" * 500, r"f.txt, line 1 is 'x{60}…'; it must"),
    ],
)
def test_files_that_cannot_be_read_are_named_with_the_line(content, message):
    Path("f.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(W2VError, match=message):
        testsets.read("f.txt")


def test_files_of_the_other_kind_and_missing_ones_are_refused():
    analogies_in(ANALOGIES)
    pairs_in(PAIRS)
    with pytest.raises(W2VError, match=r"analogies.txt, line 1 is ': plain'; it must be `word wo"):
        testsets.read_pairs("analogies.txt")
    with pytest.raises(W2VError, match=r"pairs.txt, line 2 is .*; a line `: section` must come fi"):
        testsets.read_analogies("pairs.txt")
    with pytest.raises(W2VError, match=r"cannot read nowhere.txt: No such file"):
        testsets.read("nowhere.txt")
    with pytest.raises(W2VError, match=r"cannot read \.: Is a directory"):
        testsets.read(".")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"a", b"B", b" ", b"\t", b",", b"\n", b": ", b"#", b"1", b".5", b"nan"])
        | st.binary(max_size=3),
        max_size=40,
    )
)
def test_any_bytes_are_a_test_set_or_our_error(tmp_path_factory, pieces):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(b"".join(pieces))
    with contextlib.suppress(W2VError):
        found = testsets.read(path)
        if isinstance(found, testsets.Pairs):
            assert len(found.words) == len(found.scores) > 0
            assert np.isfinite(found.scores).all()
        else:
            assert all(len(question) == 4 for _, section in found.sections for question in section)


# --- Correlations


def test_spearman_shares_ranks_among_equals():
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4; less 2.5: −1.5, 0, 0, 1.5 and −1.5, −.5, .5, 1.5.
    # Their product sums to 4.5, their squares to 4.5 and 5: 4.5 / √22.5.
    spearman, pearson = correlate(np.array([1.0, 2, 2, 9]), np.array([0.1, 0.2, 0.3, 0.4]))
    assert spearman.value == pytest.approx(4.5 / math.sqrt(22.5), abs=1e-12)
    # Less 3.5 and 0.25: −2.5, −1.5, −1.5, 5.5 and −.15, −.05, .05, .15: 1.2 / √(41 · 0.05).
    assert pearson.value == pytest.approx(1.2 / math.sqrt(2.05), abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 10, 400])
def test_correlations_equal_scipys(n):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(n)
    one, other = rng.integers(0, max(3, n // 4), n).astype(float), rng.normal(size=n)
    one[0], one[1] = 0, 1
    other += one
    spearman, pearson = correlate(one, other)
    assert spearman.value == pytest.approx(stats.spearmanr(one, other)[0], abs=1e-12)
    assert pearson.value == pytest.approx(stats.pearsonr(one, other)[0], abs=1e-12)


def test_correlation_that_is_not_defined_is_none():
    nothing = [Correlation(None)] * 2
    assert correlate(np.array([]), np.array([])) == nothing
    assert correlate(np.array([3.0]), np.array([1.0])) == nothing
    assert correlate(np.full(5, 0.1), np.arange(5.0)) == nothing
    assert correlate(np.array([1.0, 2]), np.array([5.0, 3])) == [Correlation(-1.0)] * 2


def test_correlation_of_huge_scores_is_finite():
    _, pearson = correlate(np.array([1e300, -1e300, 1.5e308]), np.array([1.0, -1.0, 1.5e8]))
    assert 0.5 < pearson.value <= 1.0


def test_interval_holds_the_middle_of_scipys_correlations_of_resampled_pairs():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    one = rng.integers(0, 9, 60).astype(float)
    other = one + 3 * rng.normal(size=60)
    rng = np.random.default_rng(4)
    samples = [rng.integers(60, size=60) for _ in range(200)]
    spearman, pearson = correlate(one, other, resamples=200, seed=4)
    for ours, theirs in ((spearman, stats.spearmanr), (pearson, stats.pearsonr)):
        low, high = np.percentile([theirs(one[s], other[s])[0] for s in samples], [2.5, 97.5])
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-12)
        assert low < ours.value < high


def test_interval_depends_on_the_seed_alone():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 30))
    assert correlate(one, other) == correlate(one, other)
    assert correlate(one, other)[0].low != correlate(one, other, seed=1)[0].low
    assert correlate(one, other, resamples=0)[0] == Correlation(correlate(one, other)[0].value)


# --- Pairs


def test_pairs_are_scored_by_cosine_and_unknown_ones_left_out():
    known = find_pairs(pairs_in(PAIRS), WORDS)
    assert known.rows.tolist() == [[1, 2], [1, 3], [1, 4], [1, 5]]
    assert known.total == 6
    spearman, pearson = score_pairs(known, TABLE)
    assert spearman.value == 1.0  # 9, 7.5, 1, −3 and 0.8, 0.6, 0, −1 fall together
    # Less 3.625 and 0.1: (5.375, 3.875, −2.625, −6.625) · (0.7, 0.5, −0.1, −1.1) = 13.25.
    assert pearson.value == pytest.approx(13.25 / math.sqrt(94.6875 * 1.96), abs=1e-7)


def test_pairs_of_a_word_with_itself_are_tied():
    table = np.random.default_rng(0).normal(size=(7, 33)).astype(np.float32)
    pairs = pairs_in("east east 3\nnear near 2\nfar far 1\n")
    assert scored(pairs, WORDS, table)[0].value is None  # all cosines are 1


def test_pairs_case_and_vocabulary_can_be_restricted():
    words = ["<unk>", "Near", "east", "near"]
    pairs = pairs_in("east NEAR 1\neast near 2\n")
    assert find_pairs(pairs, words).rows.tolist() == [[2, 1], [2, 1]]
    exact = find_pairs(pairs, words, case_insensitive=False)
    assert (exact.rows.tolist(), exact.scores.tolist()) == ([[2, 3]], [2.0])
    assert len(find_pairs(pairs, words, restrict_vocab=2).rows) == 2
    assert len(find_pairs(pairs, words, restrict_vocab=1).rows) == 0


def test_a_vector_of_zeros_has_cosine_0_and_a_broken_one_is_named():
    pairs = pairs_in("east zero 1\neast near 2\neast west 0\n")
    assert scored(pairs, WORDS, TABLE)[0].value == 1.0
    for bad in (np.nan, np.inf):
        table = TABLE.copy()
        table[5, 1] = bad
        with pytest.raises(W2VError, match="the vector of word 5 holds NaN or infinity"):
            scored(pairs, WORDS, table)
        known = find_questions(analogies_in(": a\neast near far north\n"), WORDS)
        with pytest.raises(W2VError, match="the vector of word 5 holds NaN or infinity"):
            score_analogies(known, table)


# --- Analogies


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


# --- gensim


def keyed_vectors(words, table):
    models = pytest.importorskip("gensim.models")
    keyed = models.KeyedVectors(table.shape[1])
    keyed.add_vectors(words[1:], table[1:])
    return keyed


def gensim_data(name):
    return pytest.importorskip("gensim.test.utils").datapath(name)


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
@pytest.mark.parametrize("restricted", [{}, {"restrict_vocab": 700}, {"case_insensitive": False}])
def test_pairs_equal_gensims(published, name, restricted):
    words, table = published
    known = find_pairs(testsets.read(gensim_data(name)), words, **restricted)
    spearman, pearson = score_pairs(known, table, resamples=0)
    theirs = keyed_vectors(words, table).evaluate_word_pairs(gensim_data(name), **restricted)
    assert spearman.value == pytest.approx(theirs[1][0], abs=1e-6)
    assert pearson.value == pytest.approx(theirs[0][0], abs=1e-6)
    assert 100 * (1 - len(known.rows) / known.total) == pytest.approx(theirs[2], abs=1e-9)
    assert len(known.rows) < known.total


@pytest.mark.parametrize("restricted", [{}, {"restrict_vocab": 1000}, {"case_insensitive": False}])
def test_analogies_equal_gensims(published, restricted):
    words, table = published
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


# --- The command


@pytest.fixture
def run(folder):
    (folder / "run").mkdir()
    save_vectors(folder / "run", WORDS, range(7), TABLE, TABLE)
    pairs_in(PAIRS)
    analogies_in(ANALOGIES)
    return "run"


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "w2v", "evaluate", *arguments],
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )


def test_evaluate_prints_a_table(run):
    done = command(run, "--pairs", "pairs.txt", "--analogies", "analogies.txt")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        r" +4/6 +\+1\.000  \S+ to \+1\.000  \+0\.973  \S+ to \S+ +pairs.txt", lines[1]
    )
    assert [line.split() for line in lines[4:]] == [
        ["1/1", "1", "1.000", "plain"],
        ["0/1", "0", "none", "odd", "one"],
        ["1/2", "1", "1.000", "analogies.txt"],
    ]


def test_evaluate_json_is_one_object(run):
    files = ("--pairs", "pairs.txt", "--analogies", "analogies.txt", "--method", "3cosmul")
    answer = json.loads(command("run", *files, "--json").stdout)
    (pairs,) = answer["pairs"]
    pearson = pairs.pop("pearson")
    assert pearson["value"] == pytest.approx(13.25 / math.sqrt(94.6875 * 1.96), abs=1e-7)
    assert pearson["low"] < pearson["value"] < pearson["high"]
    assert pairs == {
        "file": "pairs.txt",
        "pairs": 6,
        "covered": 4,
        "spearman": {"value": 1.0, "low": 1.0, "high": 1.0},
    }
    counts = {"questions": 1, "covered": 1, "correct": 0, "accuracy": 0.0}
    assert answer == {
        "run": "run",
        "pairs": [pairs],
        "analogies": [
            {
                "file": "analogies.txt",
                "method": "3cosmul",
                "sections": [
                    {"section": "plain", **counts},
                    {
                        "section": "odd one",
                        "questions": 1,
                        "covered": 0,
                        "correct": 0,
                        "accuracy": None,
                    },
                ],
                "total": {**counts, "questions": 2},
            }
        ],
    }


@pytest.mark.parametrize("content", ["east near 1\nthis that 2\n", "this that 2\n"])
def test_evaluate_says_where_nothing_can_be_scored(run, content):
    pairs_in(content)
    analogies_in(": s\nthis is not known\n")
    files = ("--pairs", "pairs.txt", "--analogies", "analogies.txt")
    done = command(run, *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert "fewer than two pairs are in the vocabulary: no correlation" in done.stdout
    assert "no question is in the vocabulary: no accuracy" in done.stdout
    answer = json.loads(command(run, *files, "--json").stdout)
    nothing = {"value": None, "low": None, "high": None}
    assert answer["pairs"][0]["spearman"] == answer["pairs"][0]["pearson"] == nothing
    assert answer["analogies"][0]["total"]["accuracy"] is None


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run"], 2, "there is nothing to score with; give --pairs or --analogies, and files"),
        (["--pairs", "pairs.txt"], 2, "required: RUN"),
        (["run", "--pairs"], 2, "--pairs: expected at least one argument"),
        (["run", "--pairs", "pairs.txt", "--method", "x"], 2, "--method: invalid choice: 'x'"),
        (["run", "--pairs", "nowhere.txt"], 1, r"cannot read nowhere\.txt: No such file"),
        (
            ["run", "--pairs", "analogies.txt"],
            1,
            r"analogies\.txt, line 1 is ': plain'; it must be",
        ),
        (["run", "--analogies", "pairs.txt"], 1, r"pairs\.txt, line 2 is .*`: section` must come"),
        (["nowhere", "--pairs", "pairs.txt"], 1, "nowhere"),
    ],
)
def test_evaluate_errors_are_one_line(run, arguments, status, message):
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert re.fullmatch(rf"error: [^\n]*{message}[^\n]*\n", done.stderr)


def test_evaluate_help_documents_json_and_statuses():
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert '{"run": ' in done.stdout
    assert "exit status" in done.stdout


# --- Training

SETTINGS = {
    "corpus": "zipf.txt",
    "min_count": 1,
    "vector_size": 8,
    "sample": 1e-2,
    "batch_size": 64,
    "epochs": 3,
    "device": "cpu",
    "checkpoint_every": "0m",
}


@pytest.fixture
def corpus(folder, monkeypatch):
    monkeypatch.setattr("w2v.engines.base.Engine.call_centers", 2000)
    (folder / "zipf.txt").write_text(zipf_lines(200, 3000))
    numbers = itertools.pairwise(range(40))
    Path("near.tsv").write_text("".join(f"w{a}\tw{b}\t{a % 7}\n" for a, b in numbers))
    Path("like.txt").write_text(": s\nw1 w2 w3 w4\nw4 w5 w6 w7\n")
    Path("strange.csv").write_text("never,seen,1\n")
    return ["near.tsv", "like.txt", "strange.csv"]


@pytest.mark.parametrize("engine", ["cpu", "torch"])
def test_training_scores_every_epoch(corpus, engine):
    run = w2v.train(**SETTINGS, engine=engine, evaluate=corpus)
    ends = [row for row in run.metrics if row.scores]
    assert [row.epoch for row in ends] == [1, 2, 3]
    assert len({row.scores["near"] for row in ends}) == 3
    known = find_pairs(testsets.read("near.tsv"), run.vectors.index_to_key)
    spearman, _ = score_pairs(known, run.vectors.vectors)
    assert ends[-1].scores["near"] == spearman.value
    assert ends[-1].scores["like"] in (0.0, 0.5, 1.0)
    assert ends[-1].scores["strange"] is None
    with open(run.folder / layout.METRICS, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-3:] == ["near", "like", "strange"]
    by_epoch = [row["near"] for row in rows if row["near"]]
    assert by_epoch == [str(row.scores["near"]) for row in ends]
    assert {row["strange"] for row in rows} == {""}


def test_scoring_changes_no_bit_and_survives_resuming(corpus):
    def outcome(run):
        return (run.folder / layout.VECTORS).read_bytes(), [row.scores for row in run.metrics]

    plain = w2v.train(**SETTINGS, out="plain")
    whole = w2v.train(**SETTINGS, out="whole", evaluate=corpus)
    config = from_recipe(**SETTINGS, out="stopped", evaluate=corpus)
    for calls in (2, 3):
        with pytest.raises(Interrupted):
            train_run(config, Stop(calls), resume=True)
    resumed = train_run(config, Watcher(), resume=True)
    assert outcome(resumed) == outcome(whole)
    assert outcome(plain)[0] == outcome(whole)[0]
    described = json.loads((whole.folder / layout.CONFIG).read_text())
    assert described["settings"]["evaluate"] == corpus


def test_resumed_training_may_be_scored_otherwise(corpus):
    w2v.train(**{**SETTINGS, "epochs": 2}, out="a", evaluate="near.tsv")
    run = w2v.train(**SETTINGS, out="a", evaluate=["like.txt"], resume=True)
    assert [list(row.scores) for row in run.metrics if row.scores] == [["near"], ["near"], ["like"]]
    header = (run.folder / layout.METRICS).read_text().split("\n")[0]
    assert header.endswith("validation_loss,near,like")


@pytest.mark.skipif(sys.platform != "linux", reason="no such file names here")
def test_training_takes_paths_that_are_no_utf8(corpus):
    odd = os.fsdecode(b"od\xffd.tsv")
    os.rename("near.tsv", odd)
    run = w2v.train(**SETTINGS, evaluate=odd)
    described = json.loads((run.folder / layout.CONFIG).read_text(encoding="utf-8"))
    assert described["settings"]["evaluate"] == [odd]
    header = (run.folder / layout.METRICS).read_text(encoding="utf-8").split("\n")[0]
    assert header.endswith("validation_loss,od\\udcffd")


@pytest.mark.parametrize("scores", [["near", 0.1], {"near": "x"}, {"near": 2.0}, {"near": True}])
def test_progress_refuses_scores_that_are_none(scores):
    at = Progress()
    plain = at.to_json()
    plain["metrics"] = [[1, 1, 0.5, 0.1, 1.0, 1.0, 1.0, None, scores]]
    with pytest.raises(ValueError, match="its score"):
        Progress.from_json(plain)


@pytest.mark.parametrize(
    ("paths", "error", "message"),
    [
        (["nowhere.txt"], W2VError, r"cannot read nowhere\.txt"),
        (["near.tsv", "bad.txt"], W2VError, r"bad\.txt, line 2 is 'a b'; it must be"),
        (
            ["near.tsv", "other/near.txt"],
            UsageError,
            r"holds other/near\.txt, .* two columns 'near'",
        ),
        (["loss.txt"], UsageError, "two columns 'loss'; rename that file"),
        (7, UsageError, "--evaluate is 7; it must be of type tuple"),
        ([7], UsageError, r"--evaluate is \(7,\); it must hold paths"),
    ],
)
def test_training_refuses_test_sets_before_it_begins(corpus, paths, error, message):
    Path("bad.txt").write_text("a b 1\na b\n")
    Path("loss.txt").write_text("a b 1\n")
    with pytest.raises(error, match=message):
        w2v.train(corpus="not-even-looked-for.txt", evaluate=paths)


def test_train_shows_scores_in_the_line_of_an_epoch(corpus):
    flags = ["--corpus", "zipf.txt", "--epochs", "1", "--vector-size", "8", "--engine", "cpu"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *flags, "--evaluate", *corpus],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert "evaluation: near, 39 of 39 pairs, Spearman's ρ; like, 2 of 2 analogies" in done.stdout
    line = r"^epoch 1/1  loss \S+  near -?\d\.\d{3}  like \d\.\d{3}  strange none  \S+ centers/s"
    assert re.search(line, done.stdout, re.M)
