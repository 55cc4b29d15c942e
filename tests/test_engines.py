import dataclasses

import numpy as np
import pytest
import torch

from texts import text, zipf_lines
from w2v import plain
from w2v.batches.batcher import CpuBatcher
from w2v.config import Config
from w2v.engines import choose
from w2v.engines.cpu import CpuEngine
from w2v.engines.cpu_functions import row_stride
from w2v.engines.torch import TorchEngine
from w2v.errors import UsageError, W2VError
from w2v.text.vocab import read
from w2v.training.tables import initial_tables
from windows import as_batch, batchers, plain_rows, plain_step, random_windows

LINES = zipf_lines(24, 40)  # few words, so that rows repeat in a batch

# (D, lr, text, the settings of the batch)
STEPS = {
    "one number": (1, 0.5, LINES, {"batch_size": 3}),
    "seven numbers": (7, 0.5, LINES, {"window": 3, "batch_size": 9}),
    "usual": (100, 0.5, LINES, {"batch_size": 200}),
    "wide": (300, 0.1, LINES, {"batch_size": 65}),
    "one window": (100, 1.0, LINES, {"window": 20, "batch_size": 1}),
    "one noise word": (16, 0.5, LINES, {"negative": 1, "batch_size": 8}),
    "twenty noise words": (16, 0.5, LINES, {"window": 2, "negative": 20, "batch_size": 4}),
    "no noise word left": (16, 0.5, "a b c a b c a b c\n", {"window": 8, "negative": 1}),
}


def tables_of(counts, dim, scale=0.4):
    """Random tables, (2, V, D) float32, the row of `<unk>` zero."""
    tables = np.random.default_rng(dim).normal(0, scale, (2, len(counts), dim))
    tables[:, 0] = 0
    return tables.astype(np.float32)


@pytest.mark.parametrize("case", STEPS)
def test_engines_take_the_step_of_float64_arithmetic(case):
    dim, lr, content, settings = STEPS[case]
    config, counts, batcher = batchers(content, vector_size=dim, sample=0.0, **settings)
    windows, tables = batcher.groups(1, 0), tables_of(counts, dim)
    rows = plain_rows(windows.batch(0))
    assert len(rows) == min(config.batch_size, len(windows))
    assert (case == "no noise word left") == any(not noise for _, _, noise in rows)
    *expected, losses = plain_step(*tables, rows, lr)
    for engine in (CpuEngine(*tables, config), TorchEngine(*tables, config)):
        (loss,) = engine.train(windows, 0, np.array([lr]))
        assert loss == pytest.approx(sum(losses), rel=1e-5)
        for ours, right in zip(engine.tables(), expected, strict=True):
            np.testing.assert_allclose(ours, right, atol=2e-5, rtol=2e-5)


# Every window of this text, whose two words are 1 and 2: a noise word is the one that is left.
EXTREME_TEXT = "a a\na b\n"
EXTREME_ROWS = [(1, [1], [2]), (1, [1], [2]), (1, [2], [1]), (2, [1], [2])]
EXTREME_SETTINGS = {"window": 1, "negative": 1, "ns_exponent": 0.0, "sample": 0.0, "vector_size": 2}
# Logits 90, -90, and -600, 600 in the last window: a loss is 0 or |logit|, σ is 0 or 1.
EXTREME_TABLES = np.array([[[0, 0], [30, 0], [-200, 0]], [[0, 0], [3, 0], [-3, 0]]], np.float32)
EXTREME_LOSS = (0 + 0 + 180 + 1200) / 2


def test_cpu_engine_is_right_for_extreme_logits():
    config, _, batcher = batchers(EXTREME_TEXT, **EXTREME_SETTINGS)
    windows = batcher.groups(1, 0)
    assert sorted(plain_rows(windows.batch(0))) == EXTREME_ROWS
    engine = CpuEngine(*EXTREME_TABLES, config)
    assert engine.train(windows, 0, np.array([1e-9])) == pytest.approx(EXTREME_LOSS)
    assert np.isfinite(engine.tables()).all()


def test_cpu_engine_gives_the_same_bits_for_any_number_of_workers():
    vocabulary, encoded = read(text(zipf_lines(500, 3000)), 1)
    results = []
    for workers in (1, 2, 4, 2):
        config = Config(vector_size=33, batch_size=200, workers=workers, sample=1e-2, lr=1.0)
        windows = CpuBatcher(encoded, vocabulary.counts, config).groups(1, 0)
        engine = CpuEngine(*initial_tables(len(vocabulary), config), config)
        losses = engine.train(windows, 0, np.full(windows.n_batches, config.lr))
        results.append((losses.tobytes(), *(table.tobytes() for table in engine.tables())))
    assert all(result == results[0] for result in results)


def test_engines_train_the_same_vectors_on_the_same_windows():
    vocabulary, encoded = read(text(zipf_lines(200, 1500)), 1)
    config = Config(vector_size=20, batch_size=100, workers=2, sample=1e-2, device="cpu")
    windows = CpuBatcher(encoded, vocabulary.counts, config).groups(1, 0)
    tables = initial_tables(len(vocabulary), config)
    lrs = np.linspace(0.05, 0.0, windows.n_batches)
    one, other = CpuEngine(*tables, config), TorchEngine(*tables, config)
    np.testing.assert_allclose(one.train(windows, 0, lrs), other.train(windows, 0, lrs), rtol=1e-6)
    for ours, theirs in zip(one.tables(), other.tables(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
        assert np.abs(ours - tables[0]).max() > 0.1
        assert not ours[0].any()


def some_steps(tables):
    """(2, V) float32: 0 for about half of the rows of either table, else up to 1."""
    steps = np.random.default_rng(7).uniform(-1, 1, (2, len(tables[0])))
    return np.maximum(steps, 0).astype(np.float32)


def check_steps(kind, tables, config, host, groups):
    """Make sure that an engine moves rows by their share of the steps of float64 arithmetic.

    host: the same Groups on the CPU.
    """
    steps = some_steps(tables)
    expected = np.array(tables, np.float64)
    lrs = np.full(host.n_batches, 0.05)
    for number in range(len(lrs)):
        moved, _ = plain.sgd_step(expected, host.batch(number), 0.05)
        expected += steps[:, :, None] * (moved - expected)
    engine = kind(*tables, config, steps)
    engine.train(groups, 0, lrs)
    for new, right, old, rows in zip(engine.tables(), expected, tables, steps == 0, strict=True):
        np.testing.assert_allclose(new, right, atol=2e-5)
        assert new[rows].tobytes() == old[rows].tobytes()
        assert np.abs(new - old)[~rows].max() > 1e-3  # small tables move little


@pytest.mark.parametrize("kind", [CpuEngine, TorchEngine])
@pytest.mark.parametrize("group", [1, 8])
def test_engines_move_each_row_by_its_step(kind, group):
    config, counts, batcher = batchers(
        zipf_lines(24, 800), vector_size=20, batch_size=16, group=group
    )
    groups = batcher.groups(1, 0)
    assert groups.n_batches > 5
    check_steps(kind, tables_of(counts, 20), config, groups, groups)


def test_torch_engine_with_adam_takes_the_steps_of_its_definition():
    rng = np.random.default_rng(3)
    windows = random_windows(rng, 25, [(2, 10), (1, 5), (3, 15)])
    tables = rng.normal(0, 0.4, (2, 25, 8)).astype(np.float32)
    tables[:, 0] = 0
    engine = TorchEngine(*tables, Config(vector_size=8, device="cpu", optimizer="adam"))
    # Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1, in float64.
    expected, first, second = tables.astype(np.float64), np.zeros((2, 25, 8)), np.zeros((2, 25, 8))
    for t in range(1, 5):
        engine.step(as_batch(windows), 0.01)
        gradient = expected - np.array(plain_step(*expected, windows, 1.0, averages=True)[:2])
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        root = np.sqrt(second / (1 - 0.999**t))
        expected = expected - 0.01 * (first / (1 - 0.9**t)) / (root + 1e-8)
    np.testing.assert_allclose(engine.tables(), expected, atol=1e-4)


@pytest.mark.parametrize("vector_size", [1, 16, 17, 100, 112, 128, 300, 512])
def test_row_stride_is_an_odd_number_of_cache_lines(vector_size):
    stride = row_stride(vector_size)
    assert vector_size <= stride < vector_size + 32
    assert stride % 32 == 16


def test_auto_takes_the_cpu_engine_for_sgd_and_torch_for_adam(monkeypatch):
    monkeypatch.setattr(choose, "_has_cuda", lambda: False)
    assert choose.resolve(Config()).engine == "cpu"
    assert choose.resolve(Config(optimizer="adam")).engine == "torch"
    assert choose.resolve(Config(optimizer="adam", device="cpu")).device == "cpu"


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(choose, "_has_cuda", lambda: True)
    assert choose.resolve(Config()).engine == "cuda"
    assert choose.resolve(Config(optimizer="adam", device="cuda")).engine == "cuda"
    assert choose.resolve(Config(device="cpu")).engine == "cpu"
    monkeypatch.setattr(choose, "_has_triton", lambda: False)
    assert choose.resolve(Config()).engine == "torch"


@pytest.mark.parametrize("engine", ["cpu", "torch", "cuda"])
def test_groups_are_32_or_a_batch_or_what_was_asked_for(engine, monkeypatch):
    monkeypatch.setattr(choose, "_has_cuda", lambda: True)
    monkeypatch.setattr(choose, "_has_triton", lambda: True)
    device = "cpu" if engine == "torch" else "auto"
    for asked, group in (({}, 32), ({"batch_size": 7}, 7), ({"group": 5}, 5), ({"group": 1}, 1)):
        assert choose.resolve(Config(engine=engine, device=device, **asked)).group == group
    with pytest.raises(UsageError, match=r"--group is 32; it must be at most --batch-size, 7"):
        choose.resolve(Config(engine=engine, device=device, group=32, batch_size=7))


def test_cuda_engine_is_refused_where_it_cannot_run(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(UsageError, match=r"--engine cuda cannot use --device cpu"):
        choose.resolve(Config(engine="cuda", device="cpu"))
    monkeypatch.setattr(choose, "_has_cuda", lambda: False)
    with pytest.raises(UsageError, match=r"--engine cuda needs an NVIDIA GPU, and torch finds"):
        choose.resolve(Config(engine="cuda"))
    monkeypatch.setattr(choose, "_has_triton", lambda: False)
    with pytest.raises(UsageError, match=r"--engine cuda needs the package triton"):
        choose.resolve(Config(engine="cuda"))


def test_device_memory_says_what_to_lower():
    with (
        pytest.raises(
            W2VError, match=r"^the GPU is out of memory \(CUDA .* GiB\); lower --vector-si"
        ),
        choose.device_memory(),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB\nmore")
    with pytest.raises(RuntimeError, match="other"), choose.device_memory():
        raise RuntimeError("other")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"engine": "cpu", "optimizer": "adam"}, r"--engine cpu cannot do --optimizer adam"),
        ({"engine": "cpu", "device": "cuda"}, r"--engine cpu cannot use --device cuda"),
        (
            {"engine": "torch", "deterministic": False},
            r"--no-deterministic is for --engine cuda; this run takes --engine torch",
        ),
        ({"group": 64, "batch_size": 63}, r"--group is 64; it must be at most --batch-size, 63"),
        ({"workers": 4096}, r"--workers is 4096; this machine gives \d+ cores"),
    ],
)
def test_resolve_refuses_what_no_engine_can_do(asked, message):
    with pytest.raises(UsageError, match=message):
        choose.resolve(Config(**asked))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_torch_engine_refuses_a_device_that_is_not_there():
    config = dataclasses.replace(Config(), device="cuda")
    with pytest.raises(UsageError, match=r"--device is cuda, which torch does not find here"):
        TorchEngine(np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32), config)
