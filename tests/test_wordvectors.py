"""WordVectors: exact neighbours, by hand, by definition and beside gensim."""

import copy
import math
import pickle
import unicodedata

import numpy as np
import pytest
import torch

from w2v.config import UNK
from w2v.errors import UsageError, W2VError
from w2v.vectors import neighbours
from w2v.vectors.words import UnknownWordError
from w2v.vectors.wordvectors import WordVectors

# What it shares with gensim's KeyedVectors alone is in test_keyed.py.

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


@pytest.mark.parametrize("none", [[], None, ()])
def test_most_similar_refuses_no_words(winds, none):
    with pytest.raises(UsageError, match="no word"):
        winds.most_similar(none)
    assert winds.most_similar(none, "west")[0] == ("east", 1.0)


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


@pytest.mark.parametrize(("ours", "form", "asked"), [("NFC", "NFC", "NFD"), ("NFD", "NFD", "NFC")])
def test_unknown_word_in_another_form_of_unicode_is_told_which(ours, form, asked):
    ours, asked = (unicodedata.normalize(each, "\u00e9t\u00e9") for each in (ours, asked))
    wv = WordVectors(["<unk>", ours, "a"], [0, 1, 1], np.eye(3, dtype=np.float32))
    with pytest.raises(UnknownWordError) as caught:
        wv[asked]
    assert str(caught.value).endswith(f"did you mean {ours!r} in Unicode's form {form}?")
    assert caught.value.suggestions == [ours]


def test_unknown_word_of_a_megabyte_is_not_compared():
    words = ["<unk>", "ab" * 2**19, "c"]  # the comparison would take hours
    wv = WordVectors(words, [0, 1, 1], np.eye(3, dtype=np.float32))
    with pytest.raises(UnknownWordError, match="no word is spelled like it"):
        wv["ba" * 2**19]


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


def test_a_plain_vector_is_a_query(winds):
    assert winds.most_similar(np.array([0, -7, 0]), topn=1) == [("east", 0.0)]
    assert dict(winds.most_similar(np.array([1.0, 1.0, 0.0]), topn=3)) == pytest.approx(
        {"northeast": 1.0, "east": math.sqrt(0.5), "north": math.sqrt(0.5)}
    )
    # A vector counts as long as it is: 3·(0,1,0) + (1,0,0), and east itself is no answer.
    near = dict(winds.most_similar(["east", winds["north"]]))
    assert near["up"] == 0.0
    assert near["far"] == pytest.approx(1 / math.sqrt(10))
    assert near["north"] == pytest.approx(3 / math.sqrt(10))
    assert "east" not in near


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\) and type float64; it must be 3 numbers"),
        ([1.0, math.nan, 0.0], "NaN, infinity or too large"),
        ([1.0, math.inf, 0.0], "NaN, infinity or too large"),
        ([1e200, 1e200, 0.0], "NaN, infinity or too large"),
        ([1j, 0j, 0j], "type complex128; it must be 3 numbers"),
        ([True, False, True], "type bool; it must be 3 numbers"),
        ([0.0, 0.0, 0.0], "cancel out"),
    ],
)
def test_a_vector_that_is_no_query_is_refused(winds, vector, message):
    with np.errstate(over="ignore"), pytest.raises(W2VError, match=message):
        winds.most_similar([np.array(vector)])


@pytest.mark.parametrize("number", [1, 1.0, np.int64(1), True, b"east", np.array(1)])
def test_what_is_no_text_is_no_word(winds, number):
    asks = (winds.most_similar, winds.__getitem__, lambda word: winds[["up", word]])
    for ask in (*asks, lambda word: winds.similarity("up", word)):
        with pytest.raises(UnknownWordError):
            ask(number)
    assert number not in winds


def test_many_queries_are_answered_as_each_alone():
    wv = random_vectors(neighbours.ROWS + 5_000, 8)  # two blocks of rows, and two of queries
    queries = [f"w{number}" for number in range(1, 60)] + [wv["w9"], ["w3", "w4"], *wv.vectors[1:9]]
    assert len(queries) > neighbours.QUERIES
    alone = [wv.most_similar(query, topn=7) for query in queries]
    together = wv.most_similar_batch(queries, topn=7)
    assert together == alone
    assert wv.most_similar_batch(wv.vectors[5:9], topn=3) == [
        wv.most_similar(vector, topn=3) for vector in wv.vectors[5:9]
    ]
    assert wv.most_similar_batch([]) == []
    with pytest.raises(UsageError, match="'w1'; it takes a list"):
        wv.most_similar_batch("w1")


def test_restrict_vocab_looks_at_the_first_words_only(winds):
    near = winds.most_similar("east", restrict_vocab=3)
    assert [word for word, _ in near] == ["northeast", "north"]
    assert winds.most_similar("east", restrict_vocab=1) == []
    assert winds.most_similar("east", restrict_vocab=99) == winds.most_similar("east")
    for wrong in (0, -1, 2.0, "3", True):
        with pytest.raises(UsageError, match=f"restrict_vocab is {wrong}; it must be 1 or more"):
            winds.most_similar("east", restrict_vocab=wrong)


@pytest.mark.parametrize("topn", [1.5, "3", -1, True])
def test_topn_is_a_whole_number(winds, topn):
    for ask in (winds.most_similar, winds.most_similar_cosmul):
        with pytest.raises(UsageError, match=f"topn is {topn}; it must be 0 or more, a whole num"):
            ask("east", topn=topn)


def test_topn_may_be_a_number_of_numpys(winds):
    for topn in (np.uint8(2), np.int64(2)):
        assert winds.most_similar("east", topn=topn) == winds.most_similar("east", topn=2)


def test_distance_is_one_less_the_similarity(winds):
    assert winds.distance("east", "up") == 1.0
    assert winds.distance("far", "west") == 2.0


def test_doesnt_match_is_furthest_from_the_mean(winds):
    # The mean of the directions is (2+√½, √½, 0)/4: north has the least of it.
    assert winds.doesnt_match(["east", "north", "far", "northeast"]) == "north"
    for few in (["east", "north"], ["east", "north", "east"], [], "east"):
        with pytest.raises(UsageError, match="three different words"):
            winds.doesnt_match(few)
    with pytest.raises(UnknownWordError, match="'esat'; did you mean 'west', 'east'"):
        winds.doesnt_match(["east", "north", "esat"])


def test_rank_counts_the_words_that_are_nearer(winds):
    # From northeast: east, north and far alike at √½, then up at 0, west at −√½.
    ranks = [winds.rank("northeast", word) for word in ("east", "north", "far", "up", "west")]
    assert ranks == [1, 1, 1, 4, 5]
    assert winds.rank("north", "northeast") == 1
    assert winds.rank("north", "north") == 1
    with pytest.raises(W2VError, match="<unk> stands for"):
        winds.rank("north", UNK)


def test_rank_is_the_place_among_all_neighbours():
    wv = random_vectors(neighbours.ROWS + 3_000, 6)
    places = {word: place for place, (word, _) in enumerate(wv.most_similar("w5", topn=10**6), 1)}
    for word in ("w1", "w77", "w30000", f"w{neighbours.ROWS + 2_999}"):
        assert wv.rank("w5", word) == places[word]


@pytest.mark.parametrize("scale", [1e-40, 1e-25, 1e25, 1e37])
def test_lengths_that_float32_cannot_square_change_nothing(scale):
    wv = random_vectors(3_000, 12)
    queries = ["w1", "w2"]
    expected = wv.most_similar_batch(queries)
    stretched = wv.vectors.copy()
    stretched[1::7] *= np.float32(scale)
    for one, other in zip(
        WordVectors(wv.index_to_key, wv.counts, stretched).most_similar_batch(queries),
        expected,
        strict=True,
    ):
        assert [word for word, _ in one] == [word for word, _ in other]
        assert [c for _, c in one] == pytest.approx([c for _, c in other], abs=1e-4)


def test_a_list_of_words_gives_a_copy_of_their_rows(winds):
    rows = winds[["up", "east", "up"]]
    assert rows.tolist() == [[0, 0, 0.5], [2, 0, 0], [0, 0, 0.5]]
    assert rows.dtype == np.float32
    rows[:] = 9
    assert winds["up"].tolist() == [0, 0, 0.5]
    assert winds[[]].shape == (0, 3)
    assert winds[("up", "far")].tolist() == winds[np.array(["up", "far"])].tolist()
    with pytest.raises(UnknownWordError, match="'donw'"):
        winds[["up", "donw"]]


def test_word_vectors_say_their_size(winds):
    assert repr(winds) == "<WordVectors: 7 words of 3 dimensions>"
    assert winds.vector_size == 3


def test_word_vectors_can_be_copied_and_sent(winds):
    winds.most_similar("east")
    for other in (pickle.loads(pickle.dumps(winds)), copy.deepcopy(winds)):
        assert other.most_similar("east") == winds.most_similar("east")


def test_neighbours_take_little_memory():
    import tracemalloc

    wv = random_vectors(200_000, 32)
    wv.vectors[100:] = wv.vectors[100]  # all alike, so that all are weighed again
    tracemalloc.start()
    wv.most_similar("w1", topn=5)
    wv.most_similar_batch([f"w{number}" for number in range(1, 20)], topn=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < wv.vectors.nbytes


@pytest.fixture(scope="module")
def both():
    """The same vectors as ours and as gensim's, whose answers are rounded to float32."""
    models = pytest.importorskip("gensim.models")
    ours = random_vectors(3_000, 20)
    theirs = models.KeyedVectors(20)
    theirs.add_vectors(ours.index_to_key[1:], ours.vectors[1:])
    return ours, theirs


@pytest.mark.parametrize(
    "how",
    [
        {"positive": "w7"},
        {"positive": ["w7", "w8"], "negative": ["w9"], "topn": 25},
        {"negative": "w9"},
        {"positive": ["w7"], "negative": ["w2000", "w1"], "restrict_vocab": 500},
        {"positive": "w7", "topn": 200},
        {"positive": "w7", "topn": 20, "restrict_vocab": 10},
        {"positive": [np.arange(20) - 9.0, "w3"], "negative": [np.ones(20)]},
    ],
    ids=str,
)
def test_most_similar_equals_gensims(both, how):
    ours, theirs = (side.most_similar(**how) for side in both)
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    assert [cos for _, cos in ours] == pytest.approx([cos for _, cos in theirs], abs=1e-5)


def test_similarity_distance_and_rank_equal_gensims(both):
    ours, theirs = both
    for one, other in (("w1", "w2"), ("w5", "w2999"), ("w30", "w31")):
        expected = pytest.approx(float(theirs.similarity(one, other)), abs=1e-5)
        assert ours.similarity(one, other) == expected
        expected = pytest.approx(float(theirs.distance(one, other)), abs=1e-5)
        assert ours.distance(one, other) == expected
        assert ours.rank(one, other) == theirs.rank(one, other)


def test_doesnt_match_equals_gensims(both):
    ours, theirs = both
    for first in range(1, 200, 7):
        words = [f"w{number}" for number in range(first, first + 5)]
        assert ours.doesnt_match(words) == theirs.doesnt_match(words)


def test_rows_and_ids_equal_gensims_but_for_unk(both):
    ours, theirs = both
    assert ours[["w5", "w6"]].tolist() == theirs[["w5", "w6"]].tolist()
    assert ours["w5"].tolist() == theirs["w5"].tolist()
    assert len(ours) == len(theirs) + 1  # <unk>
    assert ours.index_to_key[1:] == theirs.index_to_key
    assert ours.key_to_index["w9"] == theirs.key_to_index["w9"] + 1


def test_embedding_holds_a_copy_of_the_vectors(winds):
    embedding = winds.to_embedding()
    assert not embedding.weight.requires_grad
    looked_up = embedding(torch.from_numpy(winds.ids(["up", "down"])))
    assert looked_up.tolist() == [[0, 0, 0.5], [0, 0, 0]]
    embedding.weight[5] = 7
    assert winds["up"].tolist() == [0, 0, 0.5]


def test_embedding_unfrozen_learns_all_rows(winds):
    embedding = winds.to_embedding(freeze=False)
    embedding(torch.tensor([0, 5])).sum().backward()
    assert embedding.weight.grad[:, 0].tolist() == [1, 0, 0, 0, 0, 1, 0]
