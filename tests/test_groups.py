"""Groups of centers, and the engines' updates on them, against loops from the definitions."""

import numpy as np
import pytest

from w2v import plain
from w2v.batches.batch import GroupRows
from w2v.batches.batcher import CpuGroups, batch_groups
from w2v.batches.draw_groups import Draws
from w2v.batches.draws import NOISE, ORDER, RADIUS, shuffled, stream_key
from w2v.batches.noise import noise_table
from w2v.config import Config
from w2v.engines.cpu import CpuEngine
from w2v.engines.torch import TorchEngine
from w2v.text.word_table import SENTENCE_START

SEED, EPOCH, LR = 3, 2, 0.02


def make_text(n_tokens, n_words, length):
    """Sentences of two words and of about `length`, n_tokens in all."""
    rng, sentences, left = np.random.default_rng(0), [], n_tokens
    while left:
        n = int(rng.choice([2, max(2, rng.poisson(length))]))
        n = left if left - n < 2 else n
        sentences.append(rng.integers(1, n_words, n).tolist())
        left -= n
    return sentences


def make_groups(sentences, n_words, config):
    flagged = [[sentence[0] | int(SENTENCE_START), *sentence[1:]] for sentence in sentences]
    tokens = np.array([token for sentence in flagged for token in sentence]).astype(np.int32)
    radius, noise, order = (stream_key(SEED, EPOCH, what) for what in (RADIUS, NOISE, ORDER))
    table = noise_table(np.arange(n_words, 0, -1), 0.75)
    settings = config.window, config.negative, config.group, config.pool_size
    order = shuffled(order, 0, -(-len(tokens) // config.group))
    return CpuGroups(tokens, order, Draws(0, radius, noise, table, *settings), batch_groups(config))


def slow_groups(sentences, noise, config):
    """[([(center, its contexts, the weight of each noise word), ...], noise words), ...]."""
    tokens = [(s, i) for s, sentence in enumerate(sentences) for i in range(len(sentence))]
    made = []
    for first in range(0, len(tokens), config.group):
        words = [slow_noise(first, number, noise) for number in range(config.pool_size)]
        members = []
        for position in range(first, min(first + config.group, len(tokens))):
            s, i = tokens[position]
            bits = plain.draw(SEED, EPOCH, plain.RADIUS, position)
            radius = 1 + ((bits >> 32) * config.window >> 32)
            contexts = sentences[s][max(0, i - radius) : i] + sentences[s][i + 1 : i + 1 + radius]
            weight = config.negative * len(contexts) / config.pool_size
            weights = [0.0 if word in contexts else weight for word in words]
            members.append((sentences[s][i], contexts, weights))
        made.append((members, words))
    return made


def slow_noise(position, number, noise):
    bits = plain.draw(SEED, EPOCH, plain.NOISE, position, number)
    slot = (bits >> 32) * len(noise) >> 32
    return slot + 1 if bits % 2**32 < int(noise[slot, 0]) else int(noise[slot, 1])


def make_tables(n_words, size):
    tables = np.random.default_rng(1).normal(0, 0.4, (2, n_words, size)).astype(np.float32)
    tables[:, 0] = 0
    return tables


# group, pool, dim, tokens, words, sentence length, window, negative
CASES = {
    "textbook": (1, 5, 100, 150, 60, 8, 5, 5),
    "two": (2, 7, 7, 120, 30, 4, 3, 2),
    "odd": (31, 5, 1, 310, 200, 9, 5, 5),
    "default": (32, 32, 100, 400, 300, 12, 5, 5),
    "not full": (32, 32, 100, 45, 300, 12, 5, 5),
    "text shorter than a group": (32, 32, 300, 9, 20, 9, 5, 5),
    "two words": (32, 32, 100, 100, 50, 0, 5, 5),
    "words twice in reach": (32, 32, 33, 200, 4, 20, 10, 5),
    "all noise is context": (16, 32, 16, 100, 3, 50, 20, 3),
    "wide": (64, 64, 64, 500, 80, 60, 40, 2),
}


@pytest.fixture(params=CASES)
def case(request):
    """(Config, sentences, CpuGroups, tables) of one of the cases."""
    group, pool, size, n_tokens, n_words, length, window, negative = CASES[request.param]
    config = Config(
        group=group, noise_pool=pool, window=window, negative=negative,
        batch_size=max(group, 96), vector_size=size, workers=2, device="cpu",
    )  # fmt: skip
    sentences = make_text(n_tokens, n_words, length)
    return config, sentences, make_groups(sentences, n_words, config), make_tables(n_words, size)


def test_batch_holds_what_the_definition_gives(case):
    config, sentences, groups, _ = case
    if config.group == 1:
        pytest.skip("tests/test_batches.py has it")
    made = slow_groups(sentences, groups.draws.noise, config)
    chosen = [made[i] for i in groups.order]
    for number in range(groups.n_batches):
        batch = groups.batch(number)
        begin = number * groups.batch_groups
        found = chosen[begin : begin + groups.batch_groups]
        assert batch.centers.shape == (len(found), config.group)
        for n, (members, words) in enumerate(found):
            for g, (center, contexts, weights) in enumerate(members):
                labels, mask, entries = batch.labels[n, g], batch.mask[n, g], batch.entries[n]
                assert batch.centers[n, g] == center
                assert entries[labels == 1].tolist() == contexts
                assert (mask[labels == 1] == 1).all()
                counted = [(w, x) for w, x in zip(words, weights, strict=True) if x]
                is_noise = (labels == 0) & (mask > 0)
                assert entries[is_noise].tolist() == [word for word, _ in counted]
                np.testing.assert_allclose(mask[is_noise], [x for _, x in counted], rtol=1e-6)
            assert not batch.mask[n, len(members) :].any()


def test_engines_take_the_steps_of_float64_arithmetic(case):
    config, _, groups, tables = case
    lrs = np.full(groups.n_batches, LR)
    expected, sums = tables.astype(np.float64), []
    for number in range(groups.n_batches):
        expected, losses = plain.sgd_step(expected, groups.batch(number), LR)
        sums.append(losses.sum())
    for engine in (CpuEngine(*tables, config), TorchEngine(*tables, config)):
        np.testing.assert_allclose(engine.train(groups, 0, lrs), sums, rtol=2e-6, atol=2e-6)
        np.testing.assert_allclose(engine.tables(), expected, rtol=1e-5, atol=2e-5)


def test_cpu_engine_gives_the_same_bits_for_any_number_of_workers_and_calls(case):
    config, _, groups, tables = case
    lrs, found = np.full(groups.n_batches, LR), []
    for workers, cut in ((1, 0), (2, 1), (4, 0)):
        engine = CpuEngine(*tables, Config(**{**vars(config), "workers": workers}))
        losses = [engine.train(groups, 0, lrs[:cut]), engine.train(groups, cut, lrs[cut:])]
        tables_bytes = [table.tobytes() for table in engine.tables()]
        found.append([np.concatenate(losses).tobytes(), *tables_bytes])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("group", [1, 2, 4, 15, 17, 32])
def test_rows_of_small_groups_hold_all_that_is_gathered_at_a_time(group):
    rows = GroupRows.empty(1, 2, 1, group, 1)
    assert rows.entries.shape[1] >= 2 + rows.per_center.shape[2]  # else: ids from behind the array


def test_number_of_centers_knows_the_short_group():
    config = Config(group=32, batch_size=64)
    groups = make_groups(make_text(333, 50, 9), 50, config)
    counts = [groups.n_centers(number, 1) for number in range(groups.n_batches)]
    assert sum(counts) == groups.n_centers(0, groups.n_batches) == len(groups) == 333
    masks = [groups.batch(number).mask for number in range(groups.n_batches)]
    assert counts == [int(mask.any(axis=-1).sum()) for mask in masks]


def test_loss_of_a_run_away_table_is_not_finite():
    config = Config(group=32, batch_size=64, workers=1)
    groups, tables = make_groups(make_text(100, 20, 9), 20, config), make_tables(20, 100)
    tables[1, 7] = np.nan
    engine = CpuEngine(*tables, config)
    assert not np.isfinite(engine.train(groups, 0, np.full(groups.n_batches, LR))).all()
