"""The lesson is right: by the textbook's numbers, SplitMix64's, finite differences, and ours."""

import doctest
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import w2v
from texts import zipf_lines
from w2v import plain
from w2v.batches.draws import ORDER, shuffled, stream_key
from w2v.config import Config
from w2v.training.tables import initial_tables
from windows import plain_windows

ROOT = Path(__file__).parent.parent


def groups(rng, n=3, n_centers=4, n_entries=9, n_words=12):
    """A batch of groups of several centers with weights of all kinds; words repeat."""
    centers = rng.integers(0, n_words, (n, n_centers))
    entries = rng.integers(0, n_words, (n, n_entries))
    shape = (n, n_centers, n_entries)
    mask = rng.choice([0.0, 0.3, 1.0, 2.5], shape)
    mask[:, :, 0] = 1
    return centers, entries, rng.integers(0, 2, shape).astype(float), mask


def test_examples_in_docstrings_are_true():
    outcome = doctest.testmod(plain)
    assert outcome.attempted >= 2
    assert outcome.failed == 0


def test_lesson_fits_on_a_page():
    assert len(Path(plain.__file__).read_text().splitlines()) <= 150


def test_mix64_gives_the_published_sequence():
    # The first outputs of SplitMix64 from state 1234567, as its test vectors give them.
    assert [plain.mix64(1234567 + n * plain.GAMMA) for n in (1, 2, 3, 4, 5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_keep_probability_is_the_textbooks_formula():
    counts = np.array([50, 6400, 1600, 1, 1999])  # f over the 10,000 known tokens
    expected = [0.25, 0.5, 1, (0.04 / 0.1999) ** 0.5]  # √(t/f); word 3 is rare
    np.testing.assert_allclose(plain.keep_probability(counts, 0.04)[1:], expected, rtol=1e-15)


def test_keep_probability_has_the_textbooks_extremes():
    # PTB's 820,056 tokens: "the" is kept less than once in 20, and "join" always.
    counts = np.array([0, 50_770, 820_056 - 50_770 - 40, 40])
    keep = plain.keep_probability(counts, 1e-4)
    assert keep[1] < 1 / 20
    assert keep[3] == 1


def test_subsample_keeps_each_word_with_its_probability():
    sentences = [[1, 2, 3, 2, 1]] * 4000
    kept = [
        word for s in plain.subsample(sentences, np.array([0, 0.25, 1, 0.5]), 0, 1) for word in s
    ]
    # Two words 2 in each sentence, so none is dropped; 8000 draws at 1/4 have a deviation of 39.
    assert np.bincount(kept).tolist() == pytest.approx([0, 2000, 8000, 2000], abs=130)


def test_noise_sampler_draws_count_to_three_quarters():
    noise_word = plain.noise_sampler(np.array([7, 16, 1]))  # 16^¾ is 8: eight draws of nine
    assert [noise_word(int(2**64 * share)) for share in (0, 0.5, 0.8888)] == [1, 1, 1]
    assert [noise_word(bits) for bits in (int(2**64 * 0.8889), 2**64 - 1)] == [2, 2]


def test_windows_hold_every_center_its_neighbours_and_no_context_as_noise():
    sentences = [[1, 2, 3, 4, 5], [6, 7]]
    noise_word = plain.noise_sampler(np.array([0, *[1] * 20]))
    found = list(plain.windows(sentences, noise_word, 2, 3, seed=0, epoch=1))
    assert [center for center, _, _ in found] == [1, 2, 3, 4, 5, 6, 7]
    assert found[2][1] in (
        [2, 4],
        [1, 2, 4, 5],
    )  # radius 1 or 2; in the text's order
    assert found[5][1] == [7]
    for _, contexts, noise in found:
        assert len(noise) == 3 * len(contexts)
        assert not set(noise) & set(contexts)


def test_batchify_gives_the_textbooks_example():
    two = [(1, [2, 2], [3, 3, 3, 3]), (1, [2, 2, 2], [3, 3])]
    centers, entries, labels, mask = plain.batchify(two)
    assert centers.tolist() == [[1], [1]]
    assert entries.tolist() == [[2, 2, 3, 3, 3, 3], [2, 2, 2, 3, 3, 0]]
    assert labels.tolist() == [[[1, 1, 0, 0, 0, 0]], [[1, 1, 1, 0, 0, 0]]]
    assert mask.tolist() == [[[1, 1, 1, 1, 1, 1]], [[1, 1, 1, 1, 1, 0]]]


def test_loss_gives_the_textbooks_example():
    # Vectors of one number: v is 1, so that u is the logit.
    tables = np.array([[[1.0], [1], [1], [1]], [[1.1], [-2.2], [3.3], [-4.4]]])
    centers, entries = np.zeros((2, 1), int), np.array([[0, 1, 2, 3]] * 2)
    labels = np.array([[[1.0, 0, 0, 0]], [[0, 1, 0, 0]]])
    mask = np.array([[[1.0, 1, 1, 1]], [[1, 1, 0, 0]]])
    losses, _ = plain.loss_and_gradient(tables, (centers, entries, labels, mask))
    assert [f"{loss:.4f}" for loss in losses[:, 0]] == ["0.9352", "1.8462"]


def test_loss_of_zeros_is_ln_2_for_windows_of_any_length():
    batch = plain.batchify([(1, [2], []), (1, [2, 3], [4, 4, 4]), (2, [1], [3])])
    losses, _ = plain.loss_and_gradient(np.zeros((2, 5, 3)), batch)
    np.testing.assert_allclose(losses[:, 0], [np.log(2)] * 3, rtol=1e-12)


def test_gradient_equals_finite_differences_of_the_loss():
    rng = np.random.default_rng(0)
    tables, batch = rng.normal(0, 0.7, (2, 12, 5)), groups(rng)
    _, gradient = plain.loss_and_gradient(tables, batch)
    step = 1e-5
    for place in np.ndindex(tables.shape):
        near = []
        for sign in (1, -1):
            moved = tables.copy()
            moved[place] += sign * step
            losses, _ = plain.loss_and_gradient(moved, batch)
            near.append((losses * batch[3].sum(axis=2)).sum())
        slope = (near[0] - near[1]) / (2 * step)
        assert gradient[place] == pytest.approx(slope, abs=1e-8)


def test_loss_of_a_group_is_that_of_its_centers_as_groups_of_their_own():
    rng = np.random.default_rng(1)
    tables, (centers, entries, labels, mask) = rng.normal(0, 0.7, (2, 12, 5)), groups(rng)
    losses, gradient = plain.loss_and_gradient(tables, (centers, entries, labels, mask))
    alone = [
        plain.loss_and_gradient(tables, (centers[:, [g]], entries, labels[:, [g]], mask[:, [g]]))
        for g in range(4)
    ]
    np.testing.assert_allclose(losses, np.hstack([loss for loss, _ in alone]), rtol=1e-12)
    np.testing.assert_allclose(gradient, sum(part for _, part in alone), atol=1e-12)


def test_what_the_mask_hides_changes_nothing():
    rng = np.random.default_rng(2)
    tables, (centers, entries, labels, mask) = rng.normal(0, 0.7, (2, 12, 5)), groups(rng)
    mask[:, :, -2:] = 0  # padding at the end of every group
    mask[-1, -1] = 0  # a place without a center: the last group is not full
    clean = plain.loss_and_gradient(tables, (centers.copy(), entries.copy(), labels, mask))
    centers[-1, -1], entries[:, -2:] = (centers[-1, -1] + 1) % 12, (entries[:, -2:] + 1) % 12
    hidden = np.where(mask > 0, labels, 1 - labels)
    dirty = plain.loss_and_gradient(tables, (centers, entries, hidden, mask))
    assert clean[0][-1, -1] == 0
    for one, other in zip(clean, dirty, strict=True):
        np.testing.assert_array_equal(one, other)


def test_loss_is_right_for_extreme_logits():
    tables = np.array([[[1.0], [0]], [[1e3], [-1e3]]])
    batch = plain.batchify([(0, [0], [1]), (0, [1], [0]), (1, [0], [1])])
    losses, gradient = plain.loss_and_gradient(tables, batch)
    np.testing.assert_allclose(losses[:, 0], [0, 1000, np.log(2)], atol=1e-12)
    assert np.isfinite(gradient).all()


def test_neighbours_are_by_cosine_without_the_word_itself():
    vectors = np.array([[1.0, 0], [2, 0], [3, 3], [0.1, 0.01], [-5, 0]])
    words = ["<unk>", "east", "north-east", "nearly", "west"]
    found = plain.neighbours("east", words, vectors, k=3)
    assert [word for word, _ in found] == ["nearly", "north-east", "west"]
    assert [cosine for _, cosine in found] == pytest.approx([1 / 1.01**0.5, 0.5**0.5, -1])


@pytest.mark.parametrize("engine", ["cpu", "torch"])
def test_training_is_what_the_lesson_does(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = zipf_lines(80, 300)
    (tmp_path / "text.txt").write_text(content)
    config = Config(
        corpus="text.txt", engine=engine, device="cpu", seed=5, epochs=2, batch_size=50, lr=0.05,
        vector_size=12, window=4, negative=3, sample=1e-2, min_count=2, group=1,
    )  # fmt: skip
    run = w2v.train(config)
    words, counts, sentences = plain.encode(content, config.min_count)
    tables = np.array(initial_tables(len(words), config), np.float64)
    # Rows of a batch's 50 windows of 4 · (1 + 4) entries: a quarter contexts, three quarters noise.
    kept, noise = counts * plain.keep_probability(counts, config.sample), counts**0.75
    kept[0] = noise[0] = 0
    kept, noise = kept / kept.sum(), noise / noise.sum()
    steps = 1 / (1 + 0.05 * 20 * 50 * np.stack([kept, kept / 4 + noise * 3 / 4])[:, :, None])
    for epoch in (1, 2):
        found = plain_windows(sentences, counts, config.sample, epoch, 5, 4, 3)
        order = shuffled(stream_key(5, epoch, ORDER), 0, len(found))
        batches = np.split(order, range(50, len(order), 50))
        losses = []
        for number, places in enumerate(batches):
            lr = 0.05 * (1 - (epoch - 1 + number / len(batches)) / 2)
            batch = plain.batchify([found[place] for place in places])
            moved, batch_losses = plain.sgd_step(tables, batch, lr)
            tables += steps * (moved - tables)
            losses.extend(batch_losses[:, 0])
        assert run.epoch_losses[epoch - 1] == pytest.approx(np.mean(losses), rel=1e-5)
    for word, vector in list(zip(words, tables[0], strict=True))[1:]:
        np.testing.assert_allclose(run.vectors[word], vector, atol=2e-5)


def test_lesson_runs_in_three_seconds_and_finds_queen_near_king():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = subprocess.run(
        [sys.executable, "-m", "w2v.plain"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    assert printed.stderr == ""
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", printed.stdout)]
    assert len(losses) >= 3
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(np.log(2), abs=0.05)  # chance
    assert losses[-1] < losses[0] / 2
    assert "nearest to king: queen," in printed.stdout
