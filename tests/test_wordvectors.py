"""WordVectors: exact neighbours, by hand, by definition and beside gensim."""

import copy
import math
import pickle

import numpy as np
import pytest

from w2v import neighbours
from w2v.config import UNK, UsageError, W2VError
from w2v.words import UnknownWordError
from w2v.wordvectors import WordVectors

# Cosines with "east": north 0, up 0, northeast 1/√2, west −1, far 1 (its length is no matter).
WORDS = [UNK, "east", "north", "northeast", "west", "up", "far"]
TABLE = [[0, 0, 0], [2, 0, 0], [0, 3, 0], [1, 1, 0], [-1, 0, 0], [0, 0, 0.5], [1000, 0, 0]]


@pytest.fixture
def winds():
    return WordVectors(WORDS, range(7), np.array(TABLE, np.float32))


def random_vectors(n_words, n_dims, seed=0):
    table = np.random.default_rng(seed).standard_normal((n_words, n_dims)).astype(np.float32)
    words = [UNK, *(f"w{number}" for number in range(1, n_words))]
    return WordVectors(words, np.ones(n_words), table)


def neighbours_by_definition(wv, positive, negative, topn):
    """Cosines of every word with the sum, in plain Python floats."""

    def unit(vector):
        length = math.sqrt(math.fsum(x * x for x in vector))
        return [x / length for x in vector]

    units = {word: unit(wv[word].tolist()) for word in wv.index_to_key[1:]}
    signed = [(1, units[word]) for word in positive] + [(-1, units[word]) for word in negative]
    query = unit([math.fsum(sign * v[i] for sign, v in signed) for i in range(len(wv[UNK]))])
    cosines = [
        (math.fsum(q * x for q, x in zip(query, units[word], strict=True)), word)
        for word in units
        if word not in (*positive, *negative)
    ]
    return sorted(cosines, key=lambda pair: -pair[0])[:topn]


def test_similarity_is_the_cosine(winds):
    assert winds.similarity("east", "northeast") == pytest.approx(math.sqrt(0.5), abs=1e-12)
    assert winds.similarity("east", "north") == 0.0
    assert winds.similarity("far", "west") == -1.0


def test_most_similar_ranks_by_cosine_then_id(winds):
    near = winds.most_similar("east")
    assert [word for word, _ in near] == ["far", "northeast", "north", "up", "west"]
    expected = [1.0, math.sqrt(0.5), 0.0, 0.0, -1.0]
    assert [cosine for _, cosine in near] == pytest.approx(expected, abs=1e-12)
    assert all(type(cosine) is float for _, cosine in near)


def test_most_similar_sums_unit_vectors(winds):
    # (1,0,0) + (0,1,0) − (−1,0,0) = (2,1,0); were lengths kept, north would weigh 3 times as much.
    near = dict(winds.most_similar(["east", "north"], ["west"]))
    assert near == pytest.approx(
        {"far": 2 / math.sqrt(5), "northeast": 3 / math.sqrt(10), "up": 0.0}, abs=1e-12
    )


def test_most_similar_takes_a_word_or_a_list(winds):
    assert winds.most_similar("up", "east") == winds.most_similar(["up"], ["east"])
    assert winds.most_similar((), "west")[0] == ("east", 1.0)


@pytest.mark.parametrize(("positive", "negative"), [(["w3"], []), (["w3", "w90"], ["w7"])])
def test_most_similar_equals_the_definition(positive, negative):
    wv = random_vectors(200, 30)
    expected = neighbours_by_definition(wv, positive, negative, topn=25)
    found = wv.most_similar(positive, negative, topn=25)
    assert [word for word, _ in found] == [word for _, word in expected]
    assert [cosine for _, cosine in found] == pytest.approx([cos for cos, _ in expected], abs=1e-12)


def test_most_similar_tells_apart_what_float32_cannot():
    # The cosines of the best differ by about 1e-8, a tenth of what float32 resolves beside 1.
    wv = random_vectors(200, 64)
    wv.vectors[:] = wv.vectors[0] + 1e-3 * wv.vectors
    for topn in range(1, 10):
        (*_, (cosine, word)) = neighbours_by_definition(wv, ["w1"], [], topn)
        assert wv.most_similar("w1", topn=topn)[-1] == (word, pytest.approx(cosine, abs=1e-12))


def test_most_similar_gives_equal_vectors_in_id_order():
    wv = random_vectors(500, 33)
    wv.vectors[100:] = wv.vectors[100]
    found = wv.most_similar("w1", topn=499)
    assert len(found) == 498
    equal = [word for word, _ in found if int(word[1:]) >= 100]
    assert equal == [f"w{number}" for number in range(100, 500)]
    assert len({cosine for word, cosine in found if int(word[1:]) >= 100}) == 1


def test_most_similar_gives_all_there_are_when_asked_for_more(winds):
    assert len(winds.most_similar("east", topn=1000)) == 5
    assert WordVectors([UNK, "a"], [0, 1], np.ones((2, 2))).most_similar("a") == []


@pytest.mark.parametrize("topn", [0, -1])
def test_most_similar_refuses_a_topn_below_one(winds, topn):
    with pytest.raises(UsageError, match=f"topn is {topn}; it must be 1 or more"):
        winds.most_similar("east", topn=topn)


def test_most_similar_refuses_no_words(winds):
    with pytest.raises(UsageError, match="no word"):
        winds.most_similar([])


def test_words_without_direction_are_refused(winds):
    with pytest.raises(W2VError, match="<unk> stands for all rare words"):
        winds.most_similar(UNK)
    with pytest.raises(W2VError, match="cancel out"):
        winds.most_similar(["east", "west"])
    # Opposite but for the rounding of 0.1, 0.2 and 0.3 to float32.
    winds.vectors[1:3] = [0.1, 0.2, 0.3], [-1, -2, -3]
    with pytest.raises(W2VError, match="cancel out"):
        WordVectors(WORDS, range(7), winds.vectors).most_similar(["east", "north"])


def test_a_zero_vector_has_no_direction_and_cosine_0(winds):
    winds.vectors[5] = 0
    with pytest.raises(W2VError, match="the vector of 'up' is 0"):
        winds.similarity("up", "east")
    assert ("up", 0.0) in winds.most_similar("east")


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_vectors_that_are_no_numbers_are_named(winds, broken):
    winds.vectors[3, 1] = broken
    with pytest.raises(W2VError, match="the vector of 'northeast' holds NaN or infinity"):
        winds.most_similar("east")


def test_word_vectors_behave_like_a_mapping(winds):
    assert len(winds) == 7
    assert "up" in winds
    assert "down" not in winds
    assert winds["up"].tolist() == [0, 0, 0.5]
    assert winds.index_to_key[winds.key_to_index["west"]] == "west"
    assert winds.counts.tolist() == list(range(7))


def test_an_unknown_word_is_a_key_error_with_suggestions():
    wv = WordVectors([UNK, "the", "chips", "Chip", "unk"], np.ones(5), np.ones((5, 2)))
    for ask in (wv.__getitem__, wv.most_similar, lambda word: wv.similarity("the", word)):
        with pytest.raises(KeyError) as caught:
            ask("chip")
        assert (
            str(caught.value) == "the vocabulary has no word 'chip'; did you mean 'Chip', 'chips'?"
        )
    assert isinstance(caught.value, W2VError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_unknown_word_like_no_other_is_said_to_be():
    wv = random_vectors(20, 2)
    with pytest.raises(UnknownWordError, match="no word 'Füße\\\\n'; no word is spelled like it"):
        wv["Füße\n"]
    with pytest.raises(UnknownWordError, match="no word 3;"):
        wv[3]


def test_unk_is_never_suggested():
    with pytest.raises(UnknownWordError, match="did you mean 'unk'"):
        WordVectors([UNK, "unk"], [1, 1], np.ones((2, 2)))["<unk"]


def test_ids_are_rows_and_zero_for_unknown_words(winds):
    ids = winds.ids(["up", "down", "east"])
    assert ids.dtype == np.int64
    assert ids.tolist() == [5, 0, 1]
    assert winds.ids([]).shape == (0,)
    with pytest.raises(UsageError, match="split the text"):
        winds.ids("up")
