import numpy as np
import pytest
from numba import njit

from w2v import plain
from w2v.batches import draws, noise, subsampling


@njit
def _draw(key, position, number):
    return draws.draw(draws.stream(key, position), number)


def test_mix64_gives_the_published_sequence():
    # The first outputs of SplitMix64 from state 1234567, as its test vectors give them.
    states = np.array([(1234567 + n * plain.GAMMA) % 2**64 for n in (1, 2, 3)], np.uint64)
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert draws.mix64(states).tolist() == published


@pytest.mark.parametrize(("seed", "epoch", "purpose"), [(0, 0, 0), (7, 3, 2), (2**63 - 1, 9, 5)])
def test_stream_key_equals_integer_arithmetic(seed, epoch, purpose):
    key = draws.stream_key(seed, epoch, purpose)
    assert int(_draw(key, 6, 1)) == plain.draw(seed, epoch, purpose, 6, 1)


def test_stream_key_differs_for_every_seed_epoch_and_purpose():
    keys = {int(draws.stream_key(s, e, p)) for s in range(5) for e in range(5) for p in range(6)}
    assert len(keys) == 150


def test_draw_is_a_pure_function_of_key_position_and_number():
    key = draws.stream_key(5, 1, draws.NOISE)
    for position, number in [(0, 0), (1, 0), (0, 1), (2**40, 10_000)]:
        assert int(_draw(key, position, number)) == plain.draw(5, 1, draws.NOISE, position, number)


def test_shuffled_is_a_permutation_that_the_key_decides():
    one = draws.shuffled(np.uint64(1), 0, 1000)
    assert sorted(one) == list(range(1000))
    assert np.array_equal(one, draws.shuffled(np.uint64(1), 0, 1000))
    assert not np.array_equal(one, draws.shuffled(np.uint64(2), 0, 1000))
    assert abs(np.corrcoef(one, np.arange(1000))[0, 1]) < 0.1


def test_keep_thresholds_are_the_formula_times_2_to_32():
    counts = np.array([50, 6400, 1600, 1, 1999])  # f over the 10,000 known tokens
    keep = subsampling.keep_thresholds(counts, 0.04)
    expected = [0, 0.25, 0.5, 1, (0.04 / 0.1999) ** 0.5]  # √(t/f); word 3 is rare
    assert keep.tolist() == [int(p * 2**32) for p in expected]


def test_keep_thresholds_of_zero_keep_everything_but_unknown_words():
    assert subsampling.keep_thresholds(np.array([9, 5, 2]), 0.0).tolist() == [0, 2**32, 2**32]


@pytest.mark.parametrize("counts", [[0, 3, 1], [5, 1, 1, 1], [0, 1000, 30, 30, 7, 1, 1], [2, 1]])
@pytest.mark.parametrize("exponent", [0.75, 0.0, 1.0, -0.5])
def test_noise_table_holds_count_to_the_exponent(counts, exponent):
    table = noise.noise_table(np.array(counts), exponent)
    n = len(counts) - 1
    held = np.zeros(n + 1)
    for slot, (threshold, other) in enumerate(table.astype(float)):
        held[slot + 1] += threshold / 2**32 / n
        held[int(other)] += (1 - threshold / 2**32) / n
    weights = np.array([0.0, *(count**exponent for count in counts[1:])])
    np.testing.assert_allclose(held, weights / weights.sum(), atol=1e-9)


def test_uniform_table_fills_its_range_evenly():
    table = draws.uniform_table(np.uint64(3), 400, 50, 0.5)
    assert table.dtype == np.float32
    assert -0.5 <= table.min() < -0.499
    assert 0.499 < table.max() < 0.5
    # The mean of 20,000 draws has a standard deviation of 0.5 / √3 / √20000 = 0.002.
    assert abs(table.mean()) < 0.008
    assert len(np.unique(table)) > 19_900


def test_shuffled_sorts_positions_by_their_hash():
    key, first, n = 12345, 7, 500
    hashed = [plain.mix64(key + (first + i) * plain.GAMMA) >> 24 for i in range(n)]
    expected = sorted(range(n), key=hashed.__getitem__)
    assert draws.shuffled(np.uint64(key), first, n).tolist() == expected
