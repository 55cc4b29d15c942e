import numpy as np
import pytest

from texts import zipf_lines
from w2v import plain
from w2v.batches.batch import Batch, GroupRows
from w2v.batches.batcher import CpuBatcher
from w2v.batches.subsampling import keep_thresholds
from w2v.config import Config
from w2v.text import word_table
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read
from windows import batchers, plain_rows, plain_windows


def batcher(content, **settings):
    *_, one = batchers(content, **{"sample": 1e-2, **settings})
    return one


def rows(windows):
    """{center position: (center, contexts, noise)} of all batches."""
    batches = (windows.batch(number) for number in range(windows.n_batches))
    found = [row for batch in batches for row in plain_rows(batch)]
    return dict(zip(windows.order.tolist(), found, strict=True))


def rows_of(group, texts, noises, slots, bounds, weights):
    """GroupRows written by hand, a list an argument and a group."""
    rows = GroupRows.empty(len(texts), 5, 5, group, 4)
    rows.entries[:] = 9
    for n, (words, noise) in enumerate(zip(texts, noises, strict=True)):
        rows.entries[n, : len(words)], rows.entries[n, 8 : 8 + len(noise)] = words, noise
        rows.n_text[n], rows.n_noise[n], rows.n_centers[n] = len(words), len(noise), len(slots[n])
        for g, slot in enumerate(slots[n]):
            rows.per_center[n, :, g] = *bounds[n][g], slot, weights[n][g]
    return rows


def test_batch_from_rows_gives_the_textbooks_example():
    texts, noises = [[2, 1, 2], [2, 1, 2, 2]], [[3, 3, 3, 3], [3, 3]]
    rows = rows_of(1, texts, noises, [[1], [1]], [[(0, 3)], [(0, 4)]], [[1], [1]])
    batch = Batch.from_rows(rows, 1)
    assert batch.centers.tolist() == [[1], [1]]
    assert batch.entries.tolist() == [[2, 2, 3, 3, 3, 3], [2, 2, 2, 3, 3, 0]]
    assert batch.labels.tolist() == [[[1, 1, 0, 0, 0, 0]], [[1, 1, 1, 0, 0, 0]]]
    assert batch.mask.tolist() == [[[1, 1, 1, 1, 1, 1]], [[1, 1, 1, 1, 1, 0]]]


def test_batch_from_rows_masks_noise_that_is_a_context_of_some_centers():
    # Centers 2 and 3 of the words 1 2 3 1; 2 reaches 1 and 3, 3 reaches 2 and the second 1.
    slots, bounds = [[1, 2], [0]], [[(0, 3), (1, 4)], [(0, 2)]]
    weights = [[2.5, 2.5], [1.25]]  # 5 noise words a context, 4 drawn
    rows = rows_of(2, [[1, 2, 3, 1], [4, 5]], [[3, 1, 6, 6], [4, 5, 6, 6]], slots, bounds, weights)
    batch = Batch.from_rows(rows, 2)
    assert batch.centers.tolist() == [[2, 3], [4, 0]]
    assert batch.entries.tolist() == [[1, 2, 3, 1, 3, 1, 6, 6], [4, 5, 4, 5, 6, 6, 0, 0]]
    assert batch.labels[0].tolist() == [[1, 0, 1, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0, 0, 0]]
    assert batch.mask[0, 0].tolist() == [1, 0, 1, 0, 0, 0, 2.5, 2.5]
    assert batch.mask[0, 1].tolist() == [0, 1, 0, 1, 2.5, 0, 2.5, 2.5]
    assert batch.mask[1].tolist() == [[0, 1, 1.25, 0, 1.25, 1.25, 0, 0], [0] * 8]


@pytest.mark.parametrize(
    ("window", "negative", "epoch", "sample"),
    [(5, 5, 1, 1e-2), (1, 1, 2, 0.0), (20, 2, 3, 1e-3), (2, 20, 1, 1e-2)],
)
def test_windows_equal_the_definition(window, negative, epoch, sample):
    content = zipf_lines(60, 120, seed=window)
    one = batcher(content, window=window, negative=negative, sample=sample, seed=11, batch_size=50)
    _, counts, sentences = plain.encode(content, 1)
    expected = plain_windows(sentences, counts, sample, epoch, 11, window, negative)
    found = rows(one.groups(epoch, 0))
    assert [found[position] for position in range(len(expected))] == expected


def test_batches_are_the_same_in_any_order_of_asking():
    windows = batcher(zipf_lines(100, 200), batch_size=64).groups(2, 0)
    forward = [windows.batch(number) for number in range(windows.n_batches)]
    again = batcher(zipf_lines(100, 200), batch_size=64).groups(2, 0)
    for number in reversed(range(windows.n_batches)):
        for one, other in zip(forward[number], again.batch(number), strict=True):
            assert np.array_equal(one, other)


def test_batches_are_fresh_in_each_epoch_unless_resample_is_off():
    content = zipf_lines(100, 200)
    fresh, fixed = batcher(content), batcher(content, resample=False)
    assert rows(fresh.groups(1, 0)) != rows(fresh.groups(2, 0))
    assert rows(fixed.groups(1, 0)) == rows(fixed.groups(2, 0))
    assert not np.array_equal(fixed.groups(1, 0).order, fixed.groups(2, 0).order)


def test_batches_are_no_longer_than_they_need():
    windows = batcher(zipf_lines(100, 300), batch_size=7).groups(1, 0)
    lengths = set()
    for number in range(windows.n_batches):
        mask = windows.batch(number).mask[:, 0]
        assert mask.sum(axis=1).max() == mask.shape[1]
        lengths.add(mask.shape[1])
    assert len(lengths) > 1


def test_every_center_is_trained_once_an_epoch(monkeypatch):
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 500)
    one = batcher(zipf_lines(50, 300), sample=0.0, batch_size=33)
    total = 0
    for block in range(len(one.text.blocks)):
        windows = one.groups(1, block)
        counted = sum(len(windows.batch(n).centers) for n in range(windows.n_batches))
        assert counted == len(windows.order) == windows.n_centers(0, windows.n_batches)
        assert sorted(windows.order.tolist()) == list(range(len(windows.tokens)))
        total += counted
    alone = sum(len(block) for block in one.text.blocks) - total  # in sentences of one word
    assert len(one.text.blocks) > 4
    assert 0 <= alone < 60


def test_draws_differ_between_the_blocks_of_a_text(monkeypatch):
    monkeypatch.setattr("w2v.text.tokens.BLOCK_TOKENS", 400)
    one = batcher("a b c d e f g h\n" * 100, sample=0.0)  # both blocks hold the same text
    assert rows(one.groups(1, 0)) != rows(one.groups(1, 1))


def test_radius_is_uniform():
    windows = batcher("x " * 2000 + "\n" + "y z\n", sample=0.0, window=4).groups(1, 0)
    contexts = [len(row[1]) for position, row in rows(windows).items() if 4 <= position < 1996]
    observed = np.bincount(contexts)[[2, 4, 6, 8]]
    expected = len(contexts) / 4
    assert len(contexts) == observed.sum()
    assert ((observed - expected) ** 2 / expected).sum() < 16.27  # χ², 3 degrees, p = 0.001


def test_noise_never_holds_a_context_and_follows_the_distribution():
    content = zipf_lines(40, 4000, seed=5)
    one = batcher(content, window=1, sample=0.0)
    weights = one.counts**0.75
    weights[0] = 0
    observed, expected = np.zeros(len(weights)), np.zeros(len(weights))
    for _, contexts, noise in rows(one.groups(1, 0)).values():
        assert not set(contexts) & set(noise)
        observed += np.bincount(noise, minlength=len(weights))
        # The distribution given that the contexts are left out, in as many draws.
        left = weights.copy()
        left[contexts] = 0
        expected += left / left.sum() * len(noise)
    chi_squared = ((observed - expected)[1:] ** 2 / expected[1:]).sum()
    assert observed.sum() > 100_000
    assert chi_squared < 72.1  # 39 degrees of freedom, p = 0.001


def test_noise_is_left_out_where_every_word_is_a_context():
    windows = batcher("a b c a b c a b c\n", sample=0.0, window=8, negative=2).groups(1, 0)
    for _, contexts, noise in rows(windows).values():
        assert not set(contexts) & set(noise)
        assert len(noise) == (0 if len(set(contexts)) == 3 else 2 * len(contexts))


def test_subsampling_drops_sentences_left_with_one_word():
    windows = batcher("a b\nc\nd e f\ng\n", sample=0.0).groups(1, 0)
    assert sorted(row[0] for row in rows(windows).values()) == [1, 2, 4, 5, 6]


def test_ptb_has_the_textbooks_numbers(ptb_dir):
    vocabulary, encoded = read(open_corpus(Config(corpus="ptb", data_dir=str(ptb_dir))), 10)
    n_centers, n_pairs, seeds = 0, 0, range(4)
    kept = np.zeros(len(vocabulary))
    for seed in seeds:
        one = CpuBatcher(encoded, vocabulary.counts, Config(seed=seed, group=1))
        windows = one.groups(1, 0)
        n_centers += len(windows.order)
        kept += np.bincount(windows.tokens & word_table.WORD_MASK, minlength=len(vocabulary))
        n_pairs += sum(windows.batch(n).labels.sum() for n in range(windows.n_batches))
        assert max(windows.batch(n).mask.shape[-1] for n in range(20)) <= 60
    assert n_centers / len(seeds) == pytest.approx(343_500, rel=0.005)
    assert n_pairs / len(seeds) == pytest.approx(1.505e6, rel=0.005)
    the, join = vocabulary.words.index("the"), vocabulary.words.index("join")
    assert kept[the] / len(seeds) < vocabulary.counts[the] / 20
    keep = keep_thresholds(vocabulary.counts, 1e-4)
    assert keep[the] < 2**32 / 20
    assert keep[join] == 2**32
