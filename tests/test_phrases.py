"""Phrases: pairs of words that are joined, beside gensim's and a slow count in Python."""

import collections
import json
import math
import random

import numpy as np
import pytest
from gensim.models.phrases import Phrases as GensimPhrases

import w2v
from texts import Text, text, zipf_lines
from w2v.commands import query
from w2v.commands.questions import parse_words
from w2v.config import UNK
from w2v.errors import UsageError, W2VError
from w2v.storage import phrases_file
from w2v.text import pairs as pairs_module
from w2v.text import ptb, tokens
from w2v.text.phrases import Phrasing, join_phrases
from w2v.text.scanned import scan
from w2v.text.tokens import Spool
from w2v.text.vocab import encode, read
from w2v.text.word_table import WORD_MASK
from w2v.tokenizing import Phrase, Phrases, Tokenization
from w2v.training import advice


def phrasing(passes=1, scoring="default", threshold=10.0, min_count=5):
    return Phrasing(passes, scoring, threshold, min_count)


def joined(content, how, tell=print):
    """(Scanned, Phrases) of a text, and its sentences after joining."""
    scanned, phrases = join_phrases(scan(text(content), Spool(), 2), how, Spool, tell)
    n_blocks = -(-scanned.n_read // scanned.tokens.block_tokens)
    numbers = np.concatenate([scanned.block(number) for number in range(n_blocks)])
    words, lines = scanned.words(numbers & WORD_MASK), []
    for word, number in zip(words, numbers.tolist(), strict=True):
        if number < 0:
            lines.append([])
        lines[-1].append(word)
    return scanned, phrases, lines


def check_as_gensim(content, passes, scoring, threshold, min_count):
    before = sentences = [line.split() for line in content.splitlines() if line.split()]
    scanned, phrases, lines = joined(content, phrasing(passes, scoring, threshold, min_count))
    assert len(phrases.passes) == passes
    for number, found in enumerate(phrases.passes):
        model = GensimPhrases(
            sentences, min_count=min_count, threshold=threshold, scoring=scoring, delimiter="_"
        )
        scores = {f"{phrase.first}_{phrase.second}": phrase.score for phrase in found}
        if number == 0:  # gensim's export takes apart what an earlier pass has joined
            assert scores == pytest.approx(model.export_phrases(), rel=1e-12)
        joins = model.find_phrases(sentences)
        assert {phrase: scores[phrase] for phrase in joins} == pytest.approx(joins, rel=1e-12)
        sentences = [list(model[sentence]) for sentence in sentences]
    assert lines == sentences
    counts = collections.Counter(word for sentence in sentences for word in sentence)
    there = np.flatnonzero(scanned.counts)
    assert dict(zip(scanned.words(there), scanned.counts[there].tolist(), strict=True)) == counts
    assert scanned.longest_line == max(map(len, sentences))
    assert scanned.n_read == sum(counts.values()) == len(scanned.tokens)
    assert [phrases.join(sentence) for sentence in before] == sentences
    return phrases


def collocations(n_lines, seed=3):
    """Random sentences in which a few words are mostly followed by the same other one."""
    words = zipf_lines(300, n_lines, seed).split("\n")
    rng, after = random.Random(seed), {f"w{i}": f"w{i + 100}" for i in range(20, 120, 3)}
    return "".join(
        " ".join(
            " ".join([word, after[word], "w250"][: rng.randint(1, 3)]) if word in after else word
            for word in line.split()
        )
        + "\n"
        for line in words
    )


LINES = collocations(3000)


@pytest.mark.parametrize(
    ("scoring", "threshold", "min_count"),
    [("default", 3.0, 5), ("default", 8.0, 1), ("npmi", 0.1, 5), ("npmi", 0.0, 3)],
)
@pytest.mark.parametrize("passes", [1, 2])
def test_phrases_are_gensim_s(passes, scoring, threshold, min_count):
    phrases = check_as_gensim(LINES, passes, scoring, threshold, min_count)
    assert min(map(len, phrases.passes)) > 5


def test_phrases_are_gensim_s_over_blocks_and_in_a_growing_table(monkeypatch):
    monkeypatch.setattr(tokens, "BLOCK_TOKENS", 97)
    monkeypatch.setattr(tokens, "FEW_TOKENS", 1000)
    monkeypatch.setattr(pairs_module, "FIRST_SLOTS", 4)
    check_as_gensim(LINES, 2, "default", 3.0, 5)


@pytest.mark.heavy
def test_phrases_of_ptb_are_gensim_s(ptb_dir):
    content = b"".join(ptb_pieces(ptb_dir)).decode()
    phrases = check_as_gensim(content, 1, "default", 10.0, 5)
    words = {f"{phrase.first}_{phrase.second}" for phrase in phrases.passes[0]}
    assert {"san_francisco", "wall_street", "hong_kong"} & words


def ptb_pieces(folder):
    from w2v.config import Config
    from w2v.text.corpus import open_corpus

    assert ptb.find(folder, "train")
    return open_corpus(Config(corpus=("ptb",), data_dir=str(folder))).chunks()


def test_scores_are_known_by_hand():
    # a: 4, b: 4, c: 2 words; pairs ab: 4, bc: 2; so 3 words and 2 pairs.
    content = "a b\n" * 2 + "a b c\n" * 2
    _, phrases, lines = joined(content, phrasing(threshold=0.5, min_count=1))
    expected = {("a", "b"): (4 - 1) / (4 * 4) * 5, ("b", "c"): (2 - 1) / (4 * 2) * 5}
    assert {p[:2]: p.score for p in phrases.passes[0]} == pytest.approx(expected)
    assert lines == [["a_b"]] * 2 + [["a_b", "c"]] * 2
    _, phrases, _ = joined(content, phrasing(scoring="npmi", threshold=0.0, min_count=1))
    n = 10
    expected = {
        ("a", "b"): math.log((4 / n) / (4 / n * 4 / n)) / -math.log(4 / n),
        ("b", "c"): math.log((2 / n) / (4 / n * 2 / n)) / -math.log(2 / n),
    }
    assert {p[:2]: p.score for p in phrases.passes[0]} == pytest.approx(expected)
    _, phrases, _ = joined(content, phrasing(threshold=15 / 16, min_count=1))
    assert not phrases.passes  # a score must be above the threshold


def test_sentences_are_never_joined_and_unk_is_in_no_phrase():
    content = "x new york\nyork new\n" * 20 + "<unk> city\n" * 20
    _, phrases, lines = joined(content, phrasing(threshold=0.1, min_count=1))
    assert ("new", "york") in {phrase[:2] for phrase in phrases.passes[0]}
    assert UNK not in {word for phrase in phrases.passes[0] for word in phrase[:2]}
    assert ["york_new"] in lines or ["york", "new"] in lines
    assert all(len(line) >= 1 for line in lines)
    assert len(lines) == 60


def test_a_word_that_the_text_joins_already_is_one_with_the_phrase():
    content = "new york\n" * 30 + "the new_york of it\n" * 10
    vocabulary, _ = read(text(content), 1, phrasing=phrasing(threshold=0.05, min_count=20))
    assert len(set(vocabulary.words)) == len(vocabulary.words)
    counts = dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))
    assert counts == {UNK: 0, "new_york": 40, "the": 10, "of": 10, "it": 10}


def test_rare_pairs_are_dropped_and_told_where_they_are_too_many(monkeypatch):
    monkeypatch.setattr(pairs_module, "FIRST_SLOTS", 64)
    monkeypatch.setattr(pairs_module, "MOST_SLOTS", 1024)
    rng, said = random.Random(0), []
    lines = ["far away"] * 600 + [
        f"w{rng.randrange(200)} w{rng.randrange(200)}" for _ in range(4000)
    ]
    rng.shuffle(lines)
    _, phrases, _ = joined("\n".join(lines) + "\n", phrasing(threshold=0.1), said.append)
    assert phrases.passes[0][0][:2] == ("far", "away")
    assert 550 <= phrases.passes[0][0].together <= 600
    assert len(said) == 1
    assert "rare ones were dropped on the way: counts of phrases are lower bounds, up to" in said[0]


SENTENCE = "we saw new york city and the old mill in new york\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run with phrases, in runs/text."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    other = [" ".join(f"w{rng.randrange(40)}" for _ in range(8)) for _ in range(400)]
    lines = [*other, *(["new york city is big"] * 40), *(["the new mill of york"] * 30)]
    rng.shuffle(lines)
    (tmp_path / "text.txt").write_text("\n".join(lines) + "\n")
    return w2v.train("text.txt", **SMALL, phrases=2, lower=True)


SMALL = {"min_count": 1, "vector_size": 4, "epochs": 1, "sample": 0.0, "engine": "cpu"}


def test_run_has_its_phrases_as_words_and_in_a_file(run):
    assert any("new_york" in word for word in run.vectors)
    lines = (run.folder / "phrases.tsv").read_text().splitlines()
    passes = run.vectors.tokenization.phrases.passes
    assert lines[0].split("\t")[:3] == ["1", passes[0][0].first, passes[0][0].second]
    assert [phrase.score for phrase in passes[0]] == sorted(
        (phrase.score for phrase in passes[0]), reverse=True
    )
    described = json.loads((run.folder / "config.json").read_text())
    assert described["settings"]["phrases"] == 2
    split = run.vectors.tokenization.split("New York City is big")
    assert all(word in run.vectors for word in split)
    assert len(split) < 5


def test_queries_join_phrases(run, capsys):
    whole = run.vectors.tokenization.split("New York city is")
    assert whole == ["new_york_city_is"]
    for phrase in ("New York city is", "new_york_city_is", "NEW_YORK_CITY_IS"):
        assert query.main("query", [phrase, "w1", "--json"]) == 0
        results = json.loads(capsys.readouterr().out)["results"]
        assert [result["word"] for result in results] == [*whole, "w1"]
    assert query.main("query", ["w1", "w2", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["word"] for result in results] == ["w1", "w2"]


def test_words_of_a_phrase_can_be_asked_about_by_themselves(run, capsys):
    both = run.vectors.index_to_key[1:3]
    w2v_words = [*both, "w1"]
    phrases = Phrases([[Phrase(*both, 9, 9.0)]])
    run.vectors.tokenization = Tokenization(lower=True, phrases=phrases)
    wv = run.vectors
    wv["_".join(both)] = wv["w1"]
    (asked,) = parse_words(vectors=wv, similarity=both)
    assert asked.answer(wv, 1)["cosine"] == wv.similarity(*both)
    (asked,) = parse_words(vectors=wv, odd_one_out=w2v_words)
    assert asked.words == w2v_words
    assert [asked.words for asked in parse_words(both, wv)] == [[word] for word in both]


def test_run_with_phrases_is_replaced_resumed_and_noticed_when_damaged(run, tmp_path):
    settings = {**SMALL, "phrases": 2, "lower": True}
    before = run.vectors.vectors.tobytes()
    assert w2v.train("text.txt", **settings, resume=True).vectors.vectors.tobytes() == before
    spelled_out = {"phrase_threshold": 10.0, "group": 32, "noise_pool": 384}
    again = w2v.train("text.txt", **settings, **spelled_out, resume=True)
    assert again.vectors.vectors.tobytes() == before
    path = run.folder / "phrases.tsv"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"7")
    with pytest.raises(W2VError, match=r"phrases\.tsv is damaged: its SHA-256 is not the one in"):
        w2v.load("runs/text")
    path.unlink()
    with pytest.raises(W2VError, match=r"^runs/text is no run: there is no phrases\.tsv"):
        w2v.load("runs/text")
    w2v.train("text.txt", **settings, resume=True)  # writes it again
    assert path.read_bytes() == whole
    with pytest.raises(UsageError, match="--phrases is 1, the checkpoint was made with 2"):
        w2v.train("text.txt", **{**settings, "phrases": 1}, resume=True)


def test_validation_text_and_text_to_go_on_with_get_the_same_phrases(run, tmp_path):
    (tmp_path / "more.txt").write_text("new york city is big\nw1 w2 new york city\n" * 20)
    phrases = run.vectors.tokenization.phrases
    expected = {word for line in ("new york city is big", "w1 w2 new york city")
                for word in phrases.join(line.split())}  # fmt: skip
    same = {"lower": True, "phrases": 2, "phrase_threshold": 10.0}  # the default, spelled out
    more = w2v.train("more.txt", **SMALL, **same, init_from="runs/text")
    assert {word for word in more.vectors if more.vectors.counts[more.vectors.key_to_index[word]]} \
        == expected  # fmt: skip
    vocabulary, _ = read(text("new york city is big\n" * 20), 1, phrasing=phrasing(1, min_count=1))
    held_out = encode(text("new york city\n" * 3), vocabulary)
    assert held_out.n_tokens == 3 * len(vocabulary.phrases.join(["new", "york", "city"]))
    for name, value in (("phrases", 1), ("phrase_threshold", 9.0), ("phrase_scoring", "npmi")):
        message = rf"--{name.replace('_', '-')} is .*, and runs/text, whose phrases are taken over,"
        with pytest.raises(UsageError, match=message):
            w2v.train("more.txt", **SMALL, **{**same, name: value}, init_from="runs/text")
    for wrong in ({"lower": True}, {"lower": True, "phrases": 0}):
        with pytest.raises(UsageError, match="--lower --phrases, and this one is to be read with"):
            w2v.train("more.txt", **SMALL, **wrong, init_from="runs/text")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phrase_threshold": 5}, "^--phrase-threshold is for --phrases, which is 0; give --phra"),
        ({"phrase_scoring": "npmi"}, "^--phrase-scoring is for --phrases, which is 0; give --phr"),
        ({"phrases": 11}, "^--phrases is 11; it must be between 0 and 10$"),
        ({"phrases": 1, "phrase_scoring": "pmi"}, "^--phrase-scoring is 'pmi'; it must be one of"),
        ({"phrases": 1, "phrase_threshold": 0}, "^--phrase-threshold is 0; it must be above 0 a"),
        (
            {"phrases": 1, "phrase_threshold": float("nan")},
            "^--phrase-threshold is nan; it must be",
        ),
        (
            {"phrases": 1, "phrase_scoring": "npmi", "phrase_threshold": 10},
            "^--phrase-threshold is 10; the scores of --phrase-scoring npmi are at most 1$",
        ),
    ],
)
def test_settings_of_phrases_are_checked(tmp_path, settings, message):
    (tmp_path / "text.txt").write_text("a b c\n" * 9)
    with pytest.raises(UsageError, match=message):
        w2v.train(tmp_path / "text.txt", out=tmp_path / "run", **settings)


def test_phrases_are_told_of(run):
    class First(w2v.Watcher):
        def starting(self, job, training):
            self.lines = list(advice.summary(job, training.batcher))

    first = First()
    w2v.train("text.txt", **SMALL, phrases=2, lower=True, out="again", watcher=first)
    phrases = [phrase for found in run.vectors.tokenization.phrases.passes for phrase in found]
    often = sorted(phrases, key=lambda phrase: -phrase.together)
    line = f"phrases: {len(phrases)}, such as " + ", ".join(
        f"{phrase.first}_{phrase.second}" for phrase in often[:3]
    )
    assert line in first.lines
    settings = {"phrases": 1, "phrase_threshold": 1e9}
    w2v.train("text.txt", **SMALL, **settings, out="again", watcher=first)
    assert "phrases: none; no pair scores above 1e+09" in first.lines


def test_phrases_file_reads_back_and_tells_of_damage():
    passes = [[Phrase("new", "york", 12, 17.25), Phrase("é", "'s", 6, 1 / 3)],
              [Phrase("new_york", "city", 5, 10.5)]]  # fmt: skip
    raw = phrases_file.format_phrases(Phrases(passes))
    assert raw.splitlines()[0] == b"1\tnew\tyork\t12\t17.25"
    assert phrases_file.parse_phrases(raw, "x") == passes
    assert phrases_file.parse_phrases(b"", "x") == []
    for damage in (
        b"\xff\n", b"1\tnew\tyork\t12\n", b"1\tnew\t\t12\t3.0\n", b"2\ta\tb\t1\t1.0\n",
        b"1\ta\tb\t1\tnan\n", b"x\ta\tb\t1\t1.0\n", b"1\ta\tb\t1.5\t1.0\n", raw[:-1],
    ):  # fmt: skip
        with pytest.raises(W2VError, match=r"^x is damaged: "):
            phrases_file.parse_phrases(damage, "x")


def test_phrases_cross_pieces_of_the_text():
    lines = (LINES[:5000].rsplit("\n", 1)[0] + "\n").encode()
    cut = [lines[i : i + 7] for i in range(0, len(lines), 7)]
    pieces, rest = [], b""
    for part in cut:  # each ends after white space
        rest += part
        end = max(rest.rfind(b" "), rest.rfind(b"\n")) + 1
        pieces.append(rest[:end])
        rest = rest[end:]
    how = phrasing(1, "default", 2.0, 1)
    whole, parts = (
        read(text(lines.decode()), 1, phrasing=how),
        read(Text([*filter(None, pieces), rest]), 1, phrasing=how),
    )
    assert whole[0].words == parts[0].words
    assert whole[0].phrases.passes == parts[0].phrases.passes
