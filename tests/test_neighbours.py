"""The nearest rows, against sorting all cosines in float64, wherever blocks and chunks end."""

import numpy as np
import pytest

from w2v.vectors.neighbours import CHUNK, QUERIES, ROWS, Directions


def unit(vectors):
    vectors = np.asarray(vectors, np.float64)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def by_definition(vectors, query, n_best, n_rows):
    cosines = unit(vectors[:n_rows]) @ query
    best = np.lexsort((np.arange(n_rows), -cosines))[:n_best]
    return best, cosines[best]


@pytest.fixture(scope="module")
def table():
    vectors = np.random.default_rng(0).standard_normal((ROWS + 3 * CHUNK + 5, 4))
    return vectors.astype(np.float32)


@pytest.mark.parametrize("n_best", [1, 10, 3 * CHUNK, 5_000])
@pytest.mark.parametrize(
    "n_rows", [1, CHUNK - 1, CHUNK, CHUNK + 1, 40 * CHUNK + 7, ROWS, ROWS + 1, ROWS + 3 * CHUNK + 5]
)
def test_nearest_is_the_head_of_all_rows_sorted(table, n_rows, n_best):
    queries = unit(np.random.default_rng(1).standard_normal((QUERIES, 4)))
    n_best = min(n_best, n_rows)
    together = list(Directions(table).nearest(queries, n_best, n_rows))
    (alone,) = Directions(table).nearest(queries[:1], n_best, n_rows)
    assert len(together) == QUERIES
    for query, (rows, cosines) in zip(queries[[0, 0, -1]], [alone, *together[::63]], strict=True):
        expected, their_cosines = by_definition(table, query, n_best, n_rows)
        np.testing.assert_array_equal(rows, expected)
        np.testing.assert_allclose(cosines, their_cosines, rtol=0, atol=1e-14)


@pytest.mark.parametrize("place", [0, 1, CHUNK, ROWS - 1, ROWS, ROWS + 3 * CHUNK, -1])
def test_nearest_finds_one_row_wherever_it_stands(place):
    vectors = np.random.default_rng(2).standard_normal((ROWS + 3 * CHUNK + 5, 8))
    vectors = vectors.astype(np.float32)
    query = unit([3, 1, 4, 1, 5, 9, 2, 6])
    vectors[place] = 7 * query
    for n_queries in (1, QUERIES):
        found = Directions(vectors).nearest(np.tile(query, (n_queries, 1)), 1, len(vectors))
        for rows, cosines in found:
            assert rows.tolist() == [place % len(vectors)]
            assert cosines == pytest.approx(1.0)


def test_nearest_tells_apart_what_float32_cannot_in_a_large_table():
    # One row of each chunk is within about 1e-9 of the query, a hundredth of what float32 resolves.
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((400 * CHUNK, 16)).astype(np.float32)
    near = rng.permutation(CHUNK * np.arange(400))
    vectors[near] = vectors[near[0]] + 1e-5 * vectors[near]
    query = unit(vectors[near[1]])
    ((rows, _),) = Directions(vectors).nearest(query[None], 20, len(vectors))
    exact = unit(vectors)
    gaps = ((exact - query) ** 2).sum(axis=1)  # 2 − 2·cosine, without the loss of digits near 1
    assert set(rows) <= set(near)
    assert gaps[rows].max() <= np.sort(gaps)[19] + 1e-14


def test_nearest_answers_more_queries_than_it_multiplies_at_once(table):
    queries = unit(np.random.default_rng(4).standard_normal((2 * QUERIES + 1, 4)))
    found = Directions(table).nearest(queries, 3, len(table))
    for query, (rows, _) in zip(queries, found, strict=True):
        np.testing.assert_array_equal(rows, by_definition(table, query, 3, len(table))[0])


def test_closer_finds_what_is_strictly_nearer(table):
    directions, query = Directions(table), unit([1, 2, 3, 4])
    cosines = unit(table) @ query
    for row in (0, 17, ROWS, int(np.argmax(cosines)), int(np.argmin(cosines))):
        cosine = directions.cosines(np.array([row]), query)[0]
        expected = np.flatnonzero(cosines > cosines[row])
        np.testing.assert_array_equal(directions.closer(query, cosine), expected)


def test_closer_tells_apart_what_float32_cannot():
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((500, 16)).astype(np.float32)
    vectors = vectors[0] + np.float32(1e-3) * vectors
    directions, query = Directions(vectors), unit(vectors[1])
    gaps = ((unit(vectors) - query) ** 2).sum(axis=1)  # 2 − 2·cosine, as above
    for row in range(2, 500, 25):
        cosine = directions.cosines(np.array([row]), query)[0]
        closer = directions.closer(query, cosine)
        assert (gaps[closer] < gaps[row] + 1e-14).all()
        assert set(np.flatnonzero(gaps < gaps[row] - 1e-14)) <= set(closer)


def test_cosines_of_blocks_are_within_their_error(table):
    stretched = table.copy()
    stretched[5] *= np.float32(1e-30)
    query = unit([1, 2, 3, 4])
    for directions in (Directions(table), Directions(stretched)):
        found = directions.first_cosines(query, ROWS + 7)
        assert np.abs(found - (unit(table) @ query)[: ROWS + 7]).max() <= directions.slack / 2


def test_rows_of_zeros_have_cosine_0():
    vectors = np.zeros((3 * CHUNK, 2), np.float32)
    vectors[5], vectors[9] = (1, 0), (-1, 0)
    ((rows, cosines),) = Directions(vectors).nearest(unit([[1, 0]]), 3 * CHUNK, 3 * CHUNK)
    assert (rows[0], rows[-1]) == (5, 9)
    assert cosines.tolist() == [1.0, *[0.0] * (3 * CHUNK - 2), -1.0]
