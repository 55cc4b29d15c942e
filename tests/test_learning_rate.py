import numpy as np
import pytest

from w2v.config import OPTIMIZERS, Config
from w2v.training.learning_rate import default_rate, scheduled_rates


def zipf_counts(n_words, n_tokens):
    share = 1 / np.arange(1, n_words + 1)
    return np.array([0, *np.ceil(share / share.sum() * n_tokens)], np.int64)


def test_default_rate_is_the_optimizers_on_a_million_tokens_and_falls_on_more():
    rates = [default_rate(zipf_counts(50_000, n), Config()) for n in (10**6, 23 * 10**6)]
    assert rates[0] == pytest.approx(OPTIMIZERS["sgd"].lr, rel=0.02)
    assert rates[1] == pytest.approx(0.5 * OPTIMIZERS["sgd"].lr, rel=0.02)


@pytest.mark.parametrize(
    "settings", [{"batch_size": 8192}, {"sample": 0.0}, {"negative": 1, "ns_exponent": 2.0}]
)
def test_default_rate_is_lower_where_a_batch_holds_a_row_often(settings):
    counts = zipf_counts(5000, 800_000)
    assert default_rate(counts, Config(**settings)) < 0.7 * default_rate(counts, Config())


def test_default_rate_of_a_tiny_vocabulary_is_bounded():
    rate = default_rate(np.array([0, 500_000, 1000]), Config(sample=0.0))
    assert rate * 512 == pytest.approx(15, rel=0.01)  # nearly every window has word 1 at its center


def test_learning_rate_falls_to_zero_over_all_epochs():
    config = Config(epochs=4, lr=2.0)
    assert scheduled_rates(config, np.array([0.0, 0.5])).tolist() == [2.0, 1.75]
    assert scheduled_rates(config, np.array([3.5, 4.0])).tolist() == [0.25, 0.0]
