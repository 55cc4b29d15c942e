import numpy as np
import pytest

from w2v.config import OPTIMIZERS, Config
from w2v.recipes import from_recipe
from w2v.training.learning_rate import default_rate, scheduled_rates
from w2v.training.train import train_run
from w2v.training.watcher import Watcher

TEXTS = [(8000, 900_000), (48_000, 23_000_000)]  # words, tokens: as in English


def zipf_counts(n_words, n_tokens):
    share = 1 / np.arange(1, n_words + 1)
    return np.array([0, *np.ceil(share / share.sum() * n_tokens)], np.int64)


def test_default_rate_is_known_by_hand_for_equal_words():
    """1000 words of 1300 occurrences: 6500 visits in 5 epochs, a tenth of the rate's at -0.3."""
    counts, config = np.array([0] + [1300] * 1000), Config(sample=0.0)
    lr = OPTIMIZERS["sgd"].lr
    assert default_rate(counts, config) == pytest.approx(lr * 10**-0.3, rel=0.01)
    wide = Config(sample=0.0, window=11)  # twice the entries
    assert default_rate(counts, wide) == pytest.approx(2 * lr * 10**-0.3, rel=0.01)
    # A hundred ranks, of which the mean is taken where they agree: as a tenth of the visits.
    assert default_rate(counts, config, ranks=100) == pytest.approx(lr, rel=0.01)
    # A batch of 51,200 visits each row 51.2 times, as center and as entry.
    large = Config(sample=0.0, batch_size=51_200)
    bound = 1 / ((0.035 + 0.275) * 51.2 + 0.3 * 5 / 6)
    assert default_rate(counts, large) == pytest.approx(bound, rel=0.01)


def test_default_rate_is_lower_on_a_long_text():
    small, large = (default_rate(zipf_counts(*text), Config()) for text in TEXTS)
    assert 0.7 * OPTIMIZERS["sgd"].lr < small <= OPTIMIZERS["sgd"].lr
    assert 0.6 * small < large < 0.8 * small


@pytest.mark.parametrize(
    "settings", [{"batch_size": 8192}, {"sample": 0.0}, {"negative": 1, "ns_exponent": 2.0}]
)
def test_default_rate_is_lower_where_a_batch_holds_a_row_often(settings):
    counts = zipf_counts(5000, 800_000)
    usual = default_rate(counts, Config())
    assert default_rate(counts, Config(**settings)) < 0.7 * usual


@pytest.mark.parametrize("settings", [{"sample": 1e-30}, {"window": 1000, "group": 1}])
def test_default_rate_is_one_that_may_be_asked_for(settings):
    config = Config(**settings)
    rate = default_rate(zipf_counts(5000, 800_000), config)
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


def test_learning_rate_falls_to_zero_over_all_epochs():
    config = Config(epochs=4, lr=2.0)
    assert scheduled_rates(config, np.array([0.0, 0.5])).tolist() == [2.0, 1.75]
    assert scheduled_rates(config, np.array([3.5, 4.0])).tolist() == [0.25, 0.0]
