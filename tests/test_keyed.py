"""What WordVectors shares with gensim's KeyedVectors: by hand, and beside gensim itself."""

import math

import numpy as np
import pytest

import w2v
from w2v.config import UNK
from w2v.errors import UsageError, W2VError
from w2v.evaluation import analogies
from w2v.vectors import cosmul, neighbours
from w2v.vectors.saving import save_vectors
from w2v.vectors.words import UnknownWordError

WORDS = ["east", "north", "northeast", "west", "up"]
TABLE = [[2, 0, 0], [0, 3, 0], [1, 1, 0], [-1, 0, 0], [0, 0, 0.5]]
HALF = math.sqrt(0.5)


@pytest.fixture
def winds():
    return w2v.WordVectors.from_words(WORDS, np.array(TABLE, np.float32), range(5, 0, -1))


@pytest.fixture(scope="module")
def both():
    """The same vectors as ours and as gensim's, whose answers are rounded to float32."""
    models = pytest.importorskip("gensim.models")
    table = np.random.default_rng(0).standard_normal((2_000, 20)).astype(np.float32)
    words = [f"w{number}" for number in range(1, 2_001)]
    theirs = models.KeyedVectors(20)
    theirs.add_vectors(words, table)
    return w2v.WordVectors.from_words(words, table), theirs


VECTOR = np.arange(20) - 9.0
UNIT = np.ones(20) / math.sqrt(20)
SAME = [  # a method, its arguments, and by name
    ("most_similar", [[("w7", 0.5), "w8", (VECTOR, 0.1)], ["w9", ("w10", -2.0)]], {"topn": 25}),
    ("most_similar", [["w7", "w7", "w8"]], {}),
    ("most_similar", [None, "w7"], {}),
    ("most_similar", ["w7"], {"topn": 0}),
    ("most_similar", ["w7"], {"topn": np.uint8(3)}),
    ("most_similar", ["w7", "w9"], {"topn": 3000}),
    ("similar_by_word", ["w7", 5, 100], {}),
    ("similar_by_vector", [VECTOR, 5, 100], {}),
    ("most_similar_cosmul", ["w1", "w2"], {}),
    ("most_similar_cosmul", [["w1", "w3"], ["w2"]], {"topn": 500}),
    ("most_similar_cosmul", [["w1", UNIT, "w1"], [UNIT, "w5", "w6"]], {"topn": 5}),
    ("most_similar_cosmul", [["w1"]], {"topn": 0}),
    ("relative_cosine_similarity", ["w3", "w4"], {}),
    ("relative_cosine_similarity", ["w3", "w4", 5], {}),
    ("n_similarity", [["w1", "w2"], ["w3"]], {}),
    ("n_similarity", [["w1", "nowhere", "w1"], ["w3", "w4", "w5"]], {}),
    ("similarity", ["w1", "w2"], {}),
    ("distances", ["w4", ["w1", "w4", "w1"]], {}),
    ("distances", [VECTOR, ["w1"]], {}),
    ("closer_than", ["w4", "w9"], {}),
    ("closer_than", ["w4", "w4"], {}),
    ("rank", ["w4", "w9"], {}),
    ("most_similar_to_given", ["w4", ["w9", "w8", "w9", "w7"]], {}),
    ("doesnt_match", [["w4", "w9", "w8", "w9", "w7"]], {}),
    ("get_vector", ["w4"], {}),
    ("get_vector", ["w4"], {"norm": True}),
    ("get_mean_vector", [["w4", "w5", "w4"]], {}),
    ("get_mean_vector", [["w4", VECTOR, "nowhere"], [1, -2.5, 9]], {}),
    ("get_mean_vector", [["w4", "w5"], np.array([1, -2])], {"pre_normalize": False}),
    ("get_mean_vector", [["w4", "w5"]], {"post_normalize": True}),
    ("get_mean_vector", [["nowhere"]], {}),
    ("__getitem__", [["w4", "w5", "w4"]], {}),
]


@pytest.mark.parametrize(("method", "arguments", "named"), SAME)
def test_answers_are_gensims(both, method, arguments, named):
    ours, theirs = (getattr(side, method)(*arguments, **named) for side in both)
    if isinstance(ours, list) and ours and isinstance(ours[0], tuple):
        assert [word for word, _ in ours] == [word for word, _ in theirs]
        ours, theirs = ([value for _, value in side] for side in (ours, theirs))
    if isinstance(ours, (str, list)) and not (ours and isinstance(ours[0], float)):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
        assert isinstance(ours, (float, int, list)) or ours.dtype == np.float32


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("most_similar", [["w7"], ["w9"]], {"topn": None}),
        ("similar_by_word", ["w7", None], {}),
        ("most_similar", ["w7"], {"topn": None, "restrict_vocab": 50}),
        ("most_similar_cosmul", [["w7", "w8"], ["w9"]], {"topn": None}),
        ("distances", ["w7"], {}),
        ("distances", [VECTOR], {}),
    ],
)
def test_answers_of_all_rows_are_gensims_after_row_0(both, method, arguments, named):
    ours, theirs = (getattr(side, method)(*arguments, **named) for side in both)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours[1:], theirs, rtol=1e-6, atol=1e-6)
    of_zeros = {"distances": 1, "most_similar_cosmul": 0.25 / (0.5 + 1e-6)}.get(method, 0)
    assert ours[0] == pytest.approx(of_zeros)


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("most_similar", [[], []], ValueError),
        ("most_similar", [["nowhere"]], KeyError),
        ("most_similar", [[("nowhere", 2.0)]], KeyError),
        ("most_similar_cosmul", [[], ["w1"]], ValueError),
        ("most_similar_cosmul", [["nowhere"]], KeyError),
        ("most_similar_to_given", ["w1", []], ValueError),
        ("get_mean_vector", [[]], ValueError),
        ("get_mean_vector", [["w1", "w2"], [1]], ValueError),
        ("get_mean_vector", [["w1", "w2"], [1, "x"]], ValueError),
        ("get_mean_vector", [["w1", "nowhere"], None, True, False, False], KeyError),
        ("distances", ["w1", ["nowhere"]], KeyError),
        ("closer_than", ["w1", "nowhere"], KeyError),
        ("get_vector", ["nowhere"], KeyError),
        ("relative_cosine_similarity", ["w1", "w2", 0], ValueError),
    ],
)
def test_errors_are_of_gensims_kind(both, method, arguments, error):
    for side in both:
        with pytest.raises(error):
            getattr(side, method)(*arguments)


def changed(side, make):
    """gensim's or our words and vectors, <unk> aside, after a change of an empty one."""
    make(side)
    first = isinstance(side, w2v.WordVectors)
    return side.index_to_key[first:], side.vectors[first:].tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda side: side.add_vectors("c", [3.0, 3.0]),
        lambda side: side.add_vectors(["c", "d"], [np.ones(2), np.zeros(2)]),
        lambda side: side.add_vectors(["c", "a"], np.full((2, 2), 7.0)),
        lambda side: side.add_vectors(["c", "a"], np.full((2, 2), 7.0), replace=True),
        lambda side: side.__setitem__(["b", "c"], np.full((2, 2), 7)),
        lambda side: side.__setitem__("a", np.array([5.0, 6.0])),
        lambda side: side.__setitem__(["a", "a"], np.array([[5.0, 6.0], [7, 8]])),
        lambda side: side.add_vectors(["c"], np.ones((1, 2))),
    ],
)
def test_vectors_are_added_and_replaced_as_in_gensim(make):
    models = pytest.importorskip("gensim.models")
    theirs = models.KeyedVectors(2)
    theirs.add_vectors(["a", "b"], np.eye(2))
    ours = w2v.WordVectors.from_words(["a", "b"], np.eye(2))
    assert changed(ours, make) == changed(theirs, make)
    assert ours.vectors.dtype == np.float32


def test_words_are_added_once_with_their_last_vector(winds):
    winds.add_vectors(["a", "a"], [[1, 0, 0], [0, 1, 0]])  # gensim: two rows, of which one is lost
    assert winds.index_to_key[-2:] == ["up", "a"]
    assert winds["a"].tolist() == [0, 1, 0]
    assert winds.counts.tolist() == [0, 5, 4, 3, 2, 1, 0]
    assert winds.add_vector("b", [0, 0, 1]) == 7
    assert winds.add_vector("b", [0, 0, 2]) == 7
    assert winds["b"].tolist() == [0, 0, 1]
    before = len(winds)
    winds.add_vectors([], np.empty((0, 3)))
    winds.add_vectors([], [])
    assert len(winds) == before


def test_neighbours_are_those_of_the_changed_vectors(winds):
    assert winds.most_similar("east", topn=1) == [("northeast", pytest.approx(HALF))]
    winds["down"] = np.array([1, 0, 0.1])
    assert winds.most_similar("east", topn=1)[0][0] == "down"
    winds["down"] = np.array([-1, 0, 0])
    assert winds.most_similar("east", topn=9)[-1] == ("down", -1.0)
    assert winds.rank("east", "down") == 4


def test_a_change_leaves_files_and_arrays_given_or_taken_alone(tmp_path):
    table = np.array([[0, 0], [1, 2], [3, 4]], np.float32)
    run = tmp_path / "run"
    run.mkdir()
    save_vectors(run, [UNK, "a", "b"], [1, 2, 3], table, table)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    loaded, given = w2v.load(run), table.copy()
    made = w2v.WordVectors([UNK, "a", "b"], [1, 2, 3], given)
    for wv in (loaded, made):
        taken = wv["a"]
        wv["a"] = np.array([9.0, 9.0])
        wv["c"] = np.array([5.0, 5.0])
        assert wv.vectors.tolist() == [[0, 0], [9, 9], [3, 4], [5, 5]]
        assert list(wv) == [UNK, "a", "b", "c"]
        assert taken.tolist() == [1, 2]
    assert given.tolist() == table.tolist()
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    w2v.export(loaded, "word2vec-text", tmp_path / "x.txt")
    assert w2v.load(tmp_path / "x.txt")["c"].tolist() == [5, 5]


@pytest.mark.parametrize(
    ("words", "vectors", "message"),
    [
        ("a", [1, 2], r"of shape \(2,\) and type int64; they must be 1 × 3 numbers"),
        (["a", "b"], np.ones((3, 2)), r"of shape \(3, 2\) .* must be 2 × 3 numbers"),
        (["a", "b"], [[1, 2, 3], [4, 5]], "the vectors differ in length"),
        (["a"], [["x", "y", "z"]], "type <U1; they must be 1 × 3 numbers"),
        (["a", "b"], [[1, 2, 3], [4, math.nan, 6]], "'b' holds NaN, infinity or too large"),
        ("a", [1, 2, 1e39], "'a' holds NaN, infinity or too large"),
        (["a", 3], np.ones((2, 3)), "3 is given as a word; a word must be text"),
        (["a", UNK], np.ones((2, 3)), f"{UNK} stands for all rare words, .* stays 0"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_changes(winds, words, vectors, message):
    with pytest.raises(UsageError, match=message):
        winds[words] = vectors
    assert winds.index_to_key == [UNK, *WORDS]
    assert winds.vectors[1:].tolist() == TABLE


def test_from_words_puts_unk_first_wherever_it_is():
    for words, counts in ((["a", UNK, "b"], [3, 7, 2]), ([UNK, "a", "b"], [7, 3, 2])):
        table = np.array([[1, 0], [0, 1], [1, 1]], np.float64)[[words.index(w) for w in words]]
        wv = w2v.WordVectors.from_words(words, table, counts)
        assert wv.index_to_key == [UNK, "a", "b"]
        assert wv.counts.tolist() == [7, 3, 2]
        assert wv.vectors[0].tolist() == [0, 0]
        assert wv["b"].tolist() == table[words.index("b")].tolist()
        assert wv.vectors.dtype == np.float32
    again = w2v.WordVectors.from_words(wv, wv.vectors)
    assert again.vectors.base is wv.vectors or again.vectors is wv.vectors, "it need not be copied"
    assert list(w2v.WordVectors.from_words("word", [[1, 2]])) == [UNK, "word"]
    assert list(w2v.WordVectors.from_words(["a", "b"], np.ones((2, 2)), limit=1)) == [UNK, "a"]


def test_from_no_words_can_be_asked_and_filled():
    wv = w2v.WordVectors.from_words([], np.empty((0, 3)))
    assert (len(wv), wv.vector_size) == (1, 3)
    assert wv.most_similar(np.ones(3)) == []
    assert wv.most_similar_cosmul(np.ones(3)) == []
    wv[WORDS] = TABLE
    assert wv.most_similar("east", topn=1)[0][0] == "northeast"


@pytest.mark.parametrize(
    ("words", "vectors", "more", "message"),
    [
        (["a"], np.ones((2, 3)), {}, r"shape \(2, 3\) and type float64; they must be 1 × any"),
        (["a"], [1, 2], {}, r"shape \(2,\)"),
        (["a"], np.ones((1, 0)), {}, r"shape \(1, 0\)"),
        (["a"], 3, {}, r"shape \(\)"),
        (["a", "a"], np.ones((2, 3)), {}, "the word 'a' is there twice"),
        (["a", None], np.ones((2, 3)), {}, "None is given as a word"),
        (["a"], np.ones((1, 3)), {"counts": [1, 2]}, "there are 1 word and 2 counts; give as many"),
        (["a", "b"], [[1, 2], [3, math.nan]], {}, "the vector of 'b' holds NaN, infinity or too"),
        (["a", "b"], [[1, 2], [3, 1e300]], {}, "the vector of 'b' holds NaN, infinity or too"),
        (["a"], np.ones((1, 3)), {"limit": 0}, "limit is 0; it must be 1 or more"),
    ],
)
def test_from_words_refuses_what_does_not_fit(words, vectors, more, message):
    with pytest.raises(W2VError, match=message):
        w2v.WordVectors.from_words(words, vectors, **more)


def test_vectors_for_all_are_those_of_known_words_in_order(winds):
    some = winds.vectors_for_all(["up", "down", "east", "up", UNK])
    assert some.index_to_key == [UNK, "up", "east"]
    assert some["up"].tolist() == [0, 0, 0.5]
    assert some.counts.tolist() == [0, 0, 0]
    assert winds.vectors_for_all(["up"], copy_vecattrs=True).counts.tolist() == [0, 1]
    assert len(winds.vectors_for_all([])) == len(winds.vectors_for_all(["down"])) == 1
    with pytest.raises(UsageError, match="3 is given as a word"):
        winds.vectors_for_all([3])


def test_among_ranks_the_words_that_are_named(winds):
    found = winds.most_similar("northeast", among=["up", "north", "northeast", "north", UNK])
    assert found == [("north", pytest.approx(HALF)), ("up", 0.0)]
    assert winds.most_similar("east", among=("up", "west"), topn=1) == [("up", 0.0)]
    assert winds.most_similar("east", among=[]) == []
    assert winds.most_similar("east", among="up") == [("up", 0.0)]
    cosines = winds.most_similar("northeast", among=["up", "east", "up"], topn=None)
    assert cosines.tolist() == pytest.approx([0, HALF, 0])
    assert winds.most_similar_batch(["east", "west"], among=["north", "east"]) == [
        [("north", 0.0)],
        [("north", 0.0), ("east", -1.0)],
    ]
    with pytest.raises(UnknownWordError, match="no word 'donw'"):
        winds.most_similar("east", among=["up", "donw"])
    with pytest.raises(UsageError, match="restrict_vocab and among are both given"):
        winds.most_similar("east", among=["up"], restrict_vocab=3)


def test_among_many_words_equals_all_the_others_left_out(both):
    ours, _ = both
    chosen = ours.index_to_key[3::2]
    everyone = ours.most_similar(["w2", "w5"], "w8", topn=2_000)
    expected = [pair for pair in everyone if pair[0] in set(chosen)]
    assert ours.most_similar(["w2", "w5"], "w8", topn=2_000, among=chosen) == expected


def test_among_names_a_vector_that_is_no_number(winds):
    winds.vectors[4, 0] = math.nan
    assert winds.most_similar("east", among=["north"]) == [("north", 0.0)]
    with pytest.raises(W2VError, match="the vector of 'west' holds NaN"):
        winds.most_similar("east", among=["north", "west"])


def test_a_weight_belongs_to_its_word(winds):
    # 2·(1,0,0) − 1·(0,1,0) + ½·(0,0,1): north and east are in the query.
    near = winds.most_similar([("east", 2.0), ("up", 0.5)], [("north", -1)])
    length = math.sqrt(4 + 1 + 0.25)
    assert near == [
        ("northeast", pytest.approx(HALF / length)),
        ("west", pytest.approx(-2 / length)),
    ]
    assert winds.most_similar(("east", 0.5)) == winds.most_similar("east")
    assert winds.most_similar(("east", "north")) == winds.most_similar(["east", "north"])
    assert winds.most_similar_batch([("east", -1.0)]) == [winds.most_similar(negative="east")]
    for weight in (math.nan, math.inf):
        with pytest.raises(UsageError, match=f"the weight of 'east' is {weight}"):
            winds.most_similar([("east", weight)])
    with pytest.raises(W2VError, match="cancel out"):
        winds.most_similar([("east", 0)])
    with pytest.raises(UsageError, match="takes no weights"):
        winds.most_similar_cosmul([("east", 2.0)])


def cosmul_by_definition(wv, positive, negative):
    """{word: score} in plain Python floats; Levy and Goldberg, eq. 4 and footnote 7."""

    def cosine(one, other):
        lengths = math.sqrt(math.fsum(x * x for x in one) * math.fsum(x * x for x in other))
        return math.fsum(x * y for x, y in zip(one, other, strict=True)) / lengths

    rows = {word: wv[word].tolist() for word in wv.index_to_key[1:]}
    return {
        word: math.prod((1 + cosine(row, rows[p])) / 2 for p in positive)
        / (math.prod((1 + cosine(row, rows[n])) / 2 for n in negative) + 1e-6)
        for word, row in rows.items()
    }


@pytest.mark.parametrize("topn", [1, 7, 400])
def test_cosmul_equals_the_definition(topn):
    table = np.random.default_rng(1).standard_normal((400, 5)).astype(np.float32)
    table[200:210] = table[200]  # equal scores, by id
    table[300] *= np.float32(1e-30)  # a length that float32 cannot square
    for rows in (table, table[:300]):
        wv = w2v.WordVectors.from_words([f"w{n}" for n in range(len(rows))], rows)
        positive, negative = ["w3", "w4"], ["w5", "w6"]
        scores = cosmul_by_definition(wv, positive, negative)
        expected = sorted(
            (word for word in scores if word not in (*positive, *negative)),
            key=lambda word: (-round(scores[word], 12), wv.key_to_index[word]),
        )[:topn]
        found = wv.most_similar_cosmul(positive, negative, topn=topn)
        assert [word for word, _ in found] == expected
        assert [s for _, s in found] == pytest.approx([scores[w] for w in expected], rel=1e-9)


def test_cosmul_tells_apart_what_float32_cannot():
    # The scores differ by about 1e-8, a tenth of what float32 resolves beside 1.
    table = np.random.default_rng(3).standard_normal((300, 32)).astype(np.float32)
    table = table[0] + np.float32(1e-3) * table
    wv = w2v.WordVectors.from_words([f"w{n}" for n in range(300)], table)
    scores = cosmul_by_definition(wv, ["w1"], ["w2"])
    expected = sorted(scores.keys() - {"w1", "w2"}, key=scores.get, reverse=True)
    for topn in range(1, 20):
        assert [word for word, _ in wv.most_similar_cosmul("w1", "w2", topn)] == expected[:topn]


def test_cosmul_searches_what_it_is_told(winds):
    found = winds.most_similar_cosmul("east", "north", restrict_vocab=4)
    assert [word for word, _ in found] == ["northeast", "west"]
    assert winds.most_similar_cosmul(np.array([7.0, 0, 0]), topn=1) == [
        ("east", pytest.approx(1 / (1 + 1e-6)))
    ]
    assert analogies.EPSILON is cosmul.EPSILON


def test_cosmul_of_more_words_than_are_multiplied_at_once():
    n_words = neighbours.QUERIES + 5
    table = np.random.default_rng(2).standard_normal((200, 3)).astype(np.float32)
    wv = w2v.WordVectors.from_words([f"w{n}" for n in range(200)], table)
    scores = cosmul_by_definition(wv, [f"w{n}" for n in range(n_words)], [])
    found = dict(wv.most_similar_cosmul([f"w{n}" for n in range(n_words)], topn=200))
    assert found == pytest.approx({word: scores[word] for word in found}, rel=1e-9)
    assert len(found) == 200 - n_words


def test_similarity_of_a_word_with_itself_is_exactly_1(both):
    ours, _ = both
    for word in ours.index_to_key[1:100]:
        assert ours.similarity(word, word) == 1.0
        assert ours.distance(word, word) == 0.0


def test_means_and_distances_by_hand(winds):
    # Lengths 2, 3: raw (2, 3, 0)/2, normed (1, 1, 0)/2; weights 3 and −1: (6, −3, 0)/4.
    assert winds.get_mean_vector(["east", "north"], pre_normalize=False).tolist() == [1, 1.5, 0]
    assert winds.get_mean_vector(["east", "north", UNK, "down"]).tolist() == [0.5, 0.5, 0]
    mean = winds.get_mean_vector(["east", "north"], [3, -1], False)
    assert mean.tolist() == [1.5, -0.75, 0]
    # (2, 3, 0) and (0, 0, ½) + (1, 1, 0): 5 / (√13 · √2.25)
    expected = 5 / math.sqrt(13 * 2.25)
    assert winds.n_similarity(["east", "north"], ["up", "northeast"]) == pytest.approx(expected)
    assert winds.distances("east", ["west", "up"]).tolist() == [2, 1]
    assert winds.distances("east").tolist() == pytest.approx([1, 0, 1, 1 - HALF, 2, 1])
    assert winds.closer_than("east", "west") == ["north", "northeast", "up"]
    assert winds.get_vector("north", norm=True).tolist() == [0, 1, 0]


def test_what_has_no_direction_is_refused_everywhere(winds):
    for ask in (
        lambda: winds.get_vector(UNK, norm=True),
        lambda: winds.get_mean_vector([UNK], ignore_missing=False),
        lambda: winds.get_mean_vector(["east", "west"], post_normalize=True),
        lambda: winds.n_similarity(["east", "down"], ["down"]),
        lambda: winds.n_similarity(["northeast"], [np.zeros(3)]),
        lambda: winds.distances(UNK),
        lambda: winds.distances(np.zeros(3)),
        lambda: winds.closer_than("east", UNK),
        lambda: winds.most_similar_cosmul("east", UNK),
        lambda: winds.relative_cosine_similarity(UNK, "east"),
    ):
        with pytest.raises(W2VError, match=r"direction|cancel out"):
            ask()
    with pytest.raises(UsageError, match="the mean of no word is asked for"):
        winds.n_similarity([], ["east"])
    with pytest.raises(UsageError, match="2 words have the weights"):
        winds.get_mean_vector(["east", "up"], [1, math.nan])
    assert winds.get_vector(UNK).tolist() == [0, 0, 0]


def test_relative_cosine_similarity_is_a_share_of_the_nearest(winds):
    # The nearest of northeast: east and north, both √½; of up nothing is near.
    assert winds.relative_cosine_similarity("northeast", "east", 2) == pytest.approx(0.5)
    with pytest.raises(UsageError, match="'up' has no similar words"):
        winds.relative_cosine_similarity("up", "east")
    with pytest.raises(UsageError, match="topn is None"):
        winds.relative_cosine_similarity("up", "east", None)


def test_queries_can_come_from_anything_that_is_gone_through_once(winds):
    words = ["east", "north", "west"]
    assert winds.n_similarity(iter(words), ["up", "east"]) == winds.n_similarity(
        words, iter(["up", "east"])
    )
    assert winds.distances("up", iter(words)).tolist() == [1, 1, 1]
    assert winds.get_mean_vector(iter(words)).tolist() == pytest.approx([0, 1 / 3, 0])
    assert winds.most_similar_to_given("east", iter(words)) == "east"
    assert len(winds.vectors_for_all(iter(words))) == 4
    assert winds.most_similar("up", among=iter(words), topn=1) == [("east", 0.0)]
