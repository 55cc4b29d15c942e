import numpy as np
import pytest
import torch

from texts import text, zipf_lines
from w2v.batches import draws, gpu_draws, gpu_subsampling, subsampling
from w2v.batches.batcher import CpuBatcher
from w2v.batches.gpu_batcher import GpuBatcher
from w2v.batches.subsampling import subsample
from w2v.text.vocab import read
from windows import batchers

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"  # there, kernels are interpreted


def both(content, **settings):
    """A CpuBatcher and a GpuBatcher of the same text."""
    settings = {"sample": 1e-2, "device": DEVICE, **settings}
    _, _, *both = batchers(content, CpuBatcher, GpuBatcher, **settings)
    return both


def assert_same(ours, expected):
    assert np.array_equal(ours.tokens.cpu().numpy(), expected.tokens)
    assert np.array_equal(ours.order.cpu().numpy(), expected.order)
    assert ours.n_batches == expected.n_batches
    for number in range(expected.n_batches):
        pairs = zip(ours.batch(number), expected.batch(number), strict=True)
        for one, other in pairs:
            assert np.array_equal(one.cpu().numpy(), other)


# group, pool, window, negative, sample, seed
SHAPES = {
    "windows": (1, 5, 5, 5, 1e-2, 11),
    "least": (1, 1, 1, 1, 0.0, 2**63 - 1),
    "wide": (1, 32, 20, 2, 1e-1, 0),
    "much noise": (1, 32, 3, 20, 1e-2, 5),
    "two": (2, 7, 3, 2, 1e-2, 11),
    "odd": (31, 33, 5, 5, 1e-2, 2**63 - 1),
    "default": (32, 32, 5, 5, 1e-2, 0),
    "one noise word": (8, 1, 1, 1, 0.0, 5),
    "more than a tile": (70, 70, 40, 3, 0.0, 1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_gpu_groups_equal_the_batchers_bit_for_bit(shape):
    group, pool, window, negative, sample, seed = SHAPES[shape]
    settings = {"group": group, "noise_pool": pool, "window": window, "negative": negative}
    content = zipf_lines(100, 12, seed=window)
    host, device = both(content, batch_size=150, sample=sample, seed=seed, **settings)
    expected = host.groups(2, 0)
    assert group in (1, 2, 8) or len(expected) % group  # the last group is not full
    assert_same(device.groups(2, 0), expected)


TEXTS = {
    "all noise is context": "a b c a b c a b c\na b c d e f g\n",
    "sentences of two words": "a b\nc d\nb a\nd d\ne f\na c\n",
    "shorter than a group": "a b c\n",
    "a word twice in reach": "a a b a a c a b\n" * 3,
    "context of some": "a b c d e f g h i j k l m n o p\nq r s t\n",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("group", [1, 2, 31, 32])
def test_gpu_groups_leave_out_the_same_noise(name, group):
    settings = {"group": group, "noise_pool": 5, "sample": 0.0, "window": 3, "negative": 2}
    host, device = both(TEXTS[name], **settings)
    expected = host.groups(1, 0)
    batch = expected.batch(0)
    if group > 1 and name == "context of some":
        is_noise = batch.mask.any(axis=1) & ~batch.labels.any(axis=1).astype(bool)
        assert (is_noise[:, None] & (batch.mask == 0))[:, :2].any()
    if name == "all noise is context":
        assert (batch.mask.sum(axis=-1) < 3 * batch.labels.sum(axis=-1)).any()
    assert_same(device.groups(1, 0), expected)


@pytest.mark.parametrize("group", [1, 32])
def test_gpu_groups_of_later_blocks_and_fixed_epochs_are_the_same(group, monkeypatch):
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 40)
    settings = {"sample": 0.0, "window": 2, "negative": 2, "group": group}
    host, device = both(zipf_lines(50, 10), resample=False, **settings)
    assert len(host.text.blocks) > 1
    assert_same(device.groups(3, 1), host.groups(3, 1))


def test_gpu_batches_are_the_same_in_any_order_of_asking():
    _, device = both(zipf_lines(100, 8), batch_size=20, negative=2, group=3)
    groups = device.groups(1, 0)
    last = groups.batch(groups.n_batches - 1)
    n_centers = int(last.mask.any(dim=2).sum())
    assert n_centers == groups.n_centers(groups.n_batches - 1, 1)
    groups.batch(0)
    for one, other in zip(groups.batch(groups.n_batches - 1), last, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("sample", [1e-3, 1e-1, 0.0])
def test_subsample_on_the_device_keeps_the_same_tokens(sample):
    vocabulary, encoded = read(text(zipf_lines(200, 500, seed=3)), 1)
    keep = subsampling.keep_thresholds(vocabulary.counts, sample)
    key, tokens = draws.stream_key(7, 3, draws.SUBSAMPLE), encoded.blocks[0]
    ours = gpu_subsampling.subsample(
        torch.from_numpy(tokens).to(DEVICE),
        1000,
        key,
        torch.from_numpy(keep.view(np.int64)).to(DEVICE),
    )
    assert np.array_equal(ours.cpu().numpy(), subsample(tokens, 1000, key, keep))


def test_subsample_on_the_device_may_keep_nothing():
    tokens = torch.tensor([1 - 2**31, 1, 2 - 2**31], dtype=torch.int32, device=DEVICE)
    keep = torch.zeros(3, dtype=torch.int64, device=DEVICE)
    key = draws.stream_key(1, 1, draws.SUBSAMPLE)
    assert len(gpu_subsampling.subsample(tokens, 0, key, keep)) == 0


@pytest.mark.parametrize("n", [0, 1, 5000])
def test_shuffled_on_the_device_is_the_same_order(n):
    key = draws.stream_key(0, 1, draws.ORDER)
    ours = gpu_draws.shuffled(key, 123, n, torch.device(DEVICE))
    assert np.array_equal(ours.cpu().numpy(), draws.shuffled(key, 123, n))


def test_gpu_groups_expect_as_many_pairs():
    host, device = both(zipf_lines(100, 20))
    assert device.groups(1, 0).expected_pairs() == host.groups(1, 0).expected_pairs()
