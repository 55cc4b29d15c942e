import numpy as np
import pytest

import w2v
from texts import zipf_lines
from w2v.batches.noise import noise_weights
from w2v.config import OPTIMIZERS, Config
from w2v.recipes import from_recipe
from w2v.training.fitted import fitted, repeats, row_steps
from w2v.training.learning_rate import scheduled_rates
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

TEXTS = [(8000, 900_000), (48_000, 23_000_000)]  # words, tokens: as in English


def zipf_counts(n_words, n_tokens):
    share = 1 / np.arange(1, n_words + 1)
    return np.array([0, *np.ceil(share / share.sum() * n_tokens)], np.int64)


def test_default_rate_is_known_by_hand_for_equal_words():
    """1000 words of 4500 occurrences: 22,500 visits in 5 epochs, 50 times those of the rate."""
    counts, config = np.array([0] + [4500] * 1000), Config(sample=0.0)
    lr = OPTIMIZERS["sgd"].lr
    assert fitted(config, counts).lr == pytest.approx(lr * 50**-0.36, rel=0.01)
    wide = Config(sample=0.0, window=11)  # twice the entries
    assert fitted(wide, counts).lr == pytest.approx(lr * 50**-0.36 * 2**-0.45, rel=0.01)
    # A hundred ranks, of which the mean is taken where they agree: as a tenth of the visits.
    assert fitted(config, counts, ranks=100).lr == pytest.approx(lr * 5**-0.36, rel=0.01)
    assert fitted(Config(optimizer="adam"), counts).lr == OPTIMIZERS["adam"].lr
    assert fitted(Config(lr=0.5), counts).lr == 0.5


def test_noise_pool_grows_where_noise_words_come_rarely():
    counts = np.array([0] + [130] * 1000)  # 650 visits in 5 epochs
    for settings, pool in (
        ({}, 32), ({"epochs": 50}, 32), ({"epochs": 1}, 358), ({"epochs": 1, "window": 20}, 384),
        ({"epochs": 1, "noise_pool": 7}, 7), ({"epochs": 1, "optimizer": "adam"}, 32),
        ({"epochs": 1, "window": 80}, 405), ({"epochs": 1, "group": 1}, None),
    ):  # fmt: skip
        assert fitted(Config(sample=0.0, **settings), counts).noise_pool == pool


def test_unknown_and_missing_words_are_no_noise():
    assert noise_weights(np.array([100, 4, 0, 1]), 0.5).tolist() == [0, 1, 0, 0.5]
    counts = np.array([0] + [130] * 1000)
    more = np.array([10**6] + [130] * 1000 + [0])
    assert fitted(Config(epochs=1), counts) == fitted(Config(epochs=1), more)


def test_steps_are_known_by_hand_for_equal_words():
    """A batch's 512 windows hold each of 512 words once, as center, and once as entry."""
    counts, config = np.array([0] + [100] * 512), Config(sample=0.0, lr=0.1)
    steps = row_steps(config, counts, np.arange(1, 513, dtype=np.int32))
    np.testing.assert_allclose(steps[:, 1:], 1 / (1 + 0.1 * 36), rtol=1e-6)
    tokens = np.repeat(np.arange(1, 17, dtype=np.int32), 32)  # groups of one word, 31 times again
    steps = row_steps(config, counts, tokens)
    np.testing.assert_allclose(steps[:, 17:], 1 / (1 + 0.1 * 36), rtol=1e-6)
    np.testing.assert_allclose(steps[:, 1:17], 1 / (1 + 0.1 * 36 * (1 + 0.3 * 31**2)), rtol=1e-6)
    assert (row_steps(Config(optimizer="adam"), counts, tokens) == 1).all()


def test_repeats_are_those_of_a_slow_count():
    words = np.random.default_rng(3).integers(1, 9, 70).astype(np.int32)
    again, times = np.zeros(9), np.zeros(9)
    for i in range(64):  # the last group is not full
        group = words[i // 16 * 16 :][:16]
        again[words[i]] += (group == words[i]).sum() - 1
        times[words[i]] += 1
    np.testing.assert_allclose(repeats(words, 16, 9), again / np.maximum(1, times))


def test_default_rate_is_lower_on_a_long_text():
    small, large = (fitted(Config(), zipf_counts(*text)).lr for text in TEXTS)
    assert 0.9 * OPTIMIZERS["sgd"].lr < small < 1.1 * OPTIMIZERS["sgd"].lr
    assert 0.3 * small < large < 0.6 * small


@pytest.mark.parametrize("settings", [{"sample": 1e-30}, {"window": 1000, "group": 1}])
def test_default_rate_is_one_that_may_be_asked_for(settings):
    config = Config(**settings)
    rate = fitted(config, zipf_counts(5000, 800_000)).lr
    assert 0 < rate < 5
    Config(**settings, lr=rate)


def _chain(n_words, generator):
    """4000 lines of 20 words: each is followed by the next one, or in a fifth of cases by any."""
    words = generator.integers(n_words, size=(4000, 20))
    for i in range(1, 20):
        words[:, i] = np.where(
            generator.random(4000) < 0.8, (words[:, i - 1] + 1) % n_words, words[:, i]
        )
    return "".join(" ".join(map(str, line)) + "\n" for line in words)


@pytest.mark.parametrize("sample", [0.0, 1e-4])
@pytest.mark.parametrize("n_words", [2, 3, 20, 43, 120])
def test_default_rate_trains_few_words_all_alike_frequent(n_words, sample, tmp_path):
    """A batch visits each of them so often that, at the rate for a language, all overshoot."""
    (tmp_path / "text.txt").write_text(_chain(n_words, np.random.default_rng(n_words)))
    run = train_run(
        from_recipe(
            corpus=str(tmp_path / "text.txt"), out=str(tmp_path / "out"), engine="cpu", workers=1,
            sample=sample, min_count=1, epochs=3, vector_size=30,
        ),
        Watcher(),
    )  # fmt: skip
    losses = [row.loss for row in run.metrics]
    assert max(losses) < 0.71  # ln 2 is 0.693
    assert losses[-1] < losses[0]
    if sample == 0.0:  # of the other, next to nothing is kept
        of_shares = np.log(6) / 6 + np.log(6 / 5) * 5 / 6  # of who knows that 1 of 6 is a context
        assert losses[-1] < of_shares


@pytest.mark.parametrize("settings", [{"noise_pool": 1}, {"group": 128, "noise_pool": 2}])
def test_few_noise_words_for_a_large_group_do_not_diverge(settings, tmp_path):
    (tmp_path / "text.txt").write_text(zipf_lines(2000, 4000))
    run = w2v.train(
        str(tmp_path / "text.txt"), out=str(tmp_path / "out"), engine="cpu", workers=1, epochs=2,
        min_count=1, sample=1e-2, vector_size=30, **settings,
    )  # fmt: skip
    assert run.epoch_losses[1] < run.epoch_losses[0] < 0.71


def test_learning_rate_falls_to_zero_over_all_epochs():
    config = Config(epochs=4, lr=2.0)
    assert scheduled_rates(config, np.array([0.0, 0.5])).tolist() == [2.0, 1.75]
    assert scheduled_rates(config, np.array([3.5, 4.0])).tolist() == [0.25, 0.0]
