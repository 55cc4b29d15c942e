import math

import numpy as np
import pytest
import torch

from w2v.model import SkipGram, masked_bce
from windows import as_batch, plain_step, random_windows


def test_masked_bce_gives_the_textbooks_example():
    logits = torch.tensor([[1.1, -2.2, 3.3, -4.4]] * 2)
    labels = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    mask = torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0]])
    losses = masked_bce(logits, labels, mask)
    assert [f"{loss:.4f}" for loss in losses.tolist()] == ["0.9352", "1.8462"]


def test_masked_bce_of_zeros_is_ln_2():
    zeros, mask = torch.zeros(3, 4), torch.ones(3, 4)
    np.testing.assert_allclose(masked_bce(zeros, zeros, mask), [math.log(2)] * 3, rtol=1e-6)


def test_masked_bce_weighs_entries_and_is_0_for_a_center_that_is_not_there():
    logits, labels = torch.zeros(1, 2, 3), torch.ones(1, 2, 3)
    logits[0, 0, 1] = 50.0  # no loss where it counts, as a context
    mask = torch.tensor([[[1.0, 0.5, 0.5], [0, 0, 0]]])
    expected = [[math.log(2) * 1.5 / 2, 0.0]]
    np.testing.assert_allclose(masked_bce(logits, labels, mask), expected, rtol=1e-6)


def test_masked_bce_refuses_different_shapes():
    with pytest.raises(ValueError, match=r"they have \(2, 3\), \(2, 3\), \(2, 4\)"):
        masked_bce(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(2, 4))


def gradients(batch, v, u):
    model = SkipGram(torch.from_numpy(v), torch.from_numpy(u))
    centers, entries, labels, mask = map(torch.from_numpy, batch)
    losses = masked_bce(model(centers, entries), labels.double(), mask.double())
    losses.sum().backward()
    return model.center.weight.grad.numpy(), model.context.weight.grad.numpy(), losses.detach()


def test_gradients_equal_hand_written_ones():
    rng = np.random.default_rng(0)
    v, u = rng.normal(0, 0.5, (2, 30, 12))
    windows = random_windows(rng, 30, [(2, 10), (1, 5), (10, 50), (3, 0), (4, 4)])
    dv, du, losses = gradients(as_batch(windows), v, u)
    stepped_v, stepped_u, expected_losses = plain_step(v, u, windows, lr=1.0, averages=True)
    np.testing.assert_allclose(dv, v - stepped_v, atol=1e-5)
    np.testing.assert_allclose(du, u - stepped_u, atol=1e-5)
    np.testing.assert_allclose(losses[:, 0], expected_losses, rtol=1e-6)


def test_padding_changes_nothing():
    rng = np.random.default_rng(1)
    v, u = rng.normal(0, 0.5, (2, 30, 12))
    batch = as_batch(random_windows(rng, 30, [(2, 10), (1, 5)]))
    garbage = np.where(batch.mask > 0, 0, rng.integers(1, 30, batch.mask.shape))[:, 0]
    dirty = batch._replace(entries=batch.entries + garbage.astype(np.int32))
    assert garbage.any()
    for clean_part, dirty_part in zip(gradients(batch, v, u), gradients(dirty, v, u), strict=True):
        np.testing.assert_array_equal(clean_part, dirty_part)
