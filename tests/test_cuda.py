"""The engines on a GPU; where there is none, their kernels run in Triton's interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import w2v
from test_engines import (
    EXTREME_LOSS,
    EXTREME_ROWS,
    EXTREME_SETTINGS,
    EXTREME_TABLES,
    EXTREME_TEXT,
    LINES,
    check_steps,
    some_steps,
    tables_of,
)
from test_groups import CASES, LR, make_groups, make_tables, make_text
from texts import zipf_lines
from w2v import plain
from w2v.batches.batcher import CpuBatcher
from w2v.batches.gpu_batcher import GpuBatcher, GpuGroups
from w2v.batches.gpu_groups import Sizes
from w2v.config import Config
from w2v.engines import cuda, cuda_graph, torch_graph
from w2v.engines.cuda import CudaEngine
from w2v.engines.torch import TorchEngine
from w2v.engines.torch_graph import GraphedTorchEngine
from w2v.training.tables import initial_tables
from windows import batchers, plain_rows

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture
def few_programs(monkeypatch):
    """Two batches ahead, large parts of rows: the interpreter takes its time for each program."""
    monkeypatch.setattr(cuda, "MOST_BATCHES", 2)
    monkeypatch.setattr(cuda, "ROWS", 128)
    monkeypatch.setattr(cuda, "WIDTH", 128)


def made(**more):
    """(Config, first tables, CpuGroups, GpuGroups) of a small text."""
    small = {"window": 2, "negative": 2, "vector_size": 20, "sample": 1e-2}
    small |= {"group": 4, "noise_pool": 5, "batch_size": 8}
    config, counts, host, device = drawn(zipf_lines(300, 8, seed=5), **{**small, **more})
    return config, initial_tables(len(counts), config), host, device


def drawn(content, **settings):
    """(Config, counts, CpuGroups, GpuGroups) of a text."""
    settings = {"device": DEVICE, **settings}
    config, counts, *both = batchers(content, CpuBatcher, GpuBatcher, **settings)
    return config, counts, *(one.groups(1, 0) for one in both)


def on_device(groups, config):
    """CpuGroups as GpuGroups."""
    noise = groups.draws.noise.view(np.int32)
    there = (torch.from_numpy(part).to(DEVICE) for part in (groups.tokens, groups.order, noise))
    return GpuGroups(*there, groups.draws, groups.batch_groups, Sizes.of(config))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("deterministic", [True, False])
def test_cuda_engine_takes_the_steps_of_float64_arithmetic_and_of_torch(
    case, deterministic, few_programs
):
    group, pool, size, n_tokens, n_words, length, window, negative = CASES[case]
    config = Config(
        group=group, noise_pool=pool, window=window, negative=negative, vector_size=size,
        batch_size=min(5 * group, 96), deterministic=deterministic, device=DEVICE, workers=2,
    )  # fmt: skip
    host = make_groups(make_text(n_tokens, n_words, length), n_words, config)
    tables = make_tables(n_words, size)
    expected, losses, lrs = tables.astype(np.float64), [], np.full(min(2, host.n_batches), LR)
    for number in range(len(lrs)):
        expected, batch_losses = plain.sgd_step(expected, host.batch(number), LR)
        losses.append(batch_losses.sum())
    engine, torchs = CudaEngine(*tables, config), TorchEngine(*tables, config)
    np.testing.assert_allclose(
        engine.train(on_device(host, config), 0, lrs), losses, rtol=2e-6, atol=2e-6
    )
    torchs.train(host, 0, lrs)
    atol = 2e-6 if deterministic else 1e-5  # float32 sums are rounded often
    np.testing.assert_allclose(engine.tables(), expected, rtol=2e-6, atol=atol)
    np.testing.assert_allclose(engine.tables(), torchs.tables(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dim", [1, 3, 8, 128, 129, 512])
def test_cuda_engine_knows_every_dimension(dim, few_programs):
    config, counts, host, device = drawn(LINES, vector_size=dim, group=8, batch_size=8, sample=0.0)
    tables = tables_of(counts, dim, scale=0.2)
    engine = CudaEngine(*tables, config)
    engine.train(device, 0, np.array([0.3]))
    expected, _ = plain.sgd_step(tables.astype(np.float64), host.batch(0), 0.3)
    np.testing.assert_allclose(engine.tables(), expected, atol=1e-6, rtol=1e-6)
    assert engine.tables()[0].shape == (len(counts), dim)


def test_a_step_changes_the_rows_it_touches_and_looks_at_no_others(few_programs):
    config, tables, host, device = made()
    engine = CudaEngine(*tables, config)
    batch = host.batch(0)
    touched = [np.unique(batch.centers[batch.mask.any(axis=2)]), np.unique(batch.entries)[1:]]
    others = [np.setdiff1d(np.arange(engine.n_words), rows) for rows in touched]
    assert min(map(len, others)) > 20
    for half, rows in enumerate(others):  # a sum that nobody may find
        engine._sums[torch.from_numpy(rows + half * engine.n_words)] = 7
    engine.train(device, 0, np.array([0.5]))
    sums = engine._sums.view(2, engine.n_words, -1).cpu().numpy()
    for half, rows in enumerate(others):
        assert (sums[half, rows] == 7).all()
        assert not sums[half, touched[half]].any()


def test_cuda_engine_is_right_for_extreme_logits_and_never_hides_what_is_not_finite(few_programs):
    config, _, host, device = drawn(EXTREME_TEXT, batch_size=4, **EXTREME_SETTINGS)
    assert sorted(plain_rows(host.batch(0))) == EXTREME_ROWS
    engine = CudaEngine(*EXTREME_TABLES, config)
    assert engine.train(device, 0, np.array([1e-9])) == pytest.approx(EXTREME_LOSS)
    assert np.isfinite(engine.tables()).all()
    tables = EXTREME_TABLES.copy()
    tables[0, 2] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(CudaEngine(*tables, config).train(device, 0, np.array([1e-9]))).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kind", [CudaEngine, GraphedTorchEngine])
def test_gpu_engines_train_what_the_torch_engine_trains(kind, optimizer, few_programs):
    config, tables, host, device = made(optimizer=optimizer)
    lrs = np.linspace(1.0, 0.5, host.n_batches) * (0.2 if optimizer == "sgd" else 0.01)
    plain, engine = TorchEngine(*tables, config), kind(*tables, config)
    expected = plain.train(host, 0, lrs)
    ours = np.concatenate([engine.train(device, 0, lrs[:3]), engine.train(device, 3, lrs[3:])])
    assert len(host.order) % 2 == 1, len(host.order)  # a short batch, too
    assert len(host) % 4 > 0  # and a group that is not full
    assert host.n_batches > 4
    np.testing.assert_allclose(ours, expected, rtol=2e-6)
    for one, other, before in zip(engine.tables(), plain.tables(), tables, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
        assert np.abs(other - before).max() > 0.01
        assert not one[0].any()
    assert engine.loss(device) == pytest.approx(plain.loss(host), rel=1e-6)
    np.testing.assert_array_equal(engine.loss(device), engine.loss(device))  # and changes nothing


@pytest.mark.parametrize("deterministic", [True, False])
def test_cuda_engine_moves_each_row_by_its_step(deterministic, few_programs):
    config, tables, host, device = made(deterministic=deterministic)
    check_steps(CudaEngine, tables, config, host, device)


@pytest.mark.parametrize("kind", [CudaEngine, GraphedTorchEngine])
def test_gpu_engines_with_adam_train_all_but_frozen_rows(kind, few_programs):
    config, tables, host, device = made(optimizer="adam")
    steps = np.float32(some_steps(tables) > 0)
    lrs = np.full(host.n_batches, 0.01)
    engine, torchs = kind(*tables, config, steps), TorchEngine(*tables, config, steps)
    np.testing.assert_allclose(engine.train(device, 0, lrs), torchs.train(host, 0, lrs), rtol=2e-6)
    assert engine.tables()[0].shape == tables[0].shape
    for new, right, old, rows in zip(
        engine.tables(), torchs.tables(), tables, steps == 0, strict=True
    ):
        np.testing.assert_allclose(new, right, atol=2e-6)
        assert new[rows].tobytes() == old[rows].tobytes() == right[rows].tobytes()
        assert np.abs(new - old)[~rows].max() > 0.01


def test_cuda_engine_gives_the_same_bits_however_training_is_cut_into_calls(few_programs):
    config, tables, host, device = made(optimizer="adam")
    lrs, results = np.full(host.n_batches, 0.01), []
    for cuts in ([], [2, 5]):
        engine = CudaEngine(*tables, config)
        for begin, end in zip([0, *cuts], [*cuts, len(lrs)], strict=True):
            engine.train(device, begin, lrs[begin:end])
        results.append([table.tobytes() for table in engine.tables()])
    assert results[0] == results[1]


@pytest.mark.parametrize(("kind", "optimizer"), [(CudaEngine, "sgd"), (GraphedTorchEngine, "adam")])
def test_warming_up_before_recording_changes_nothing(kind, optimizer, few_programs, monkeypatch):
    class WarmedUp(cuda_graph.Graph):
        def __init__(self, work, device):
            for _ in range(cuda_graph.WARM_UPS):  # as on a GPU
                work()
            super().__init__(work, device)

    config, tables, host, device = made(optimizer=optimizer)
    lrs = np.full(host.n_batches, 0.01)
    cold = kind(*tables, config)
    cold.train(device, 0, lrs)
    monkeypatch.setattr(cuda, "Graph", WarmedUp)
    monkeypatch.setattr(torch_graph, "Graph", WarmedUp)
    monkeypatch.setattr(kind, "call_centers", config.batch_size * cuda_graph.WARM_UPS)
    warm = kind(*tables, config)
    warm.train(device, 0, lrs[:3])
    warm._recorded = None  # as where a longer text comes: it is recorded once more
    warm.train(device, 3, lrs[3:])
    for one, other in zip(warm.tables(), cold.tables(), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("kind", [CudaEngine, GraphedTorchEngine])
def test_gpu_engines_go_on_from_their_state(kind, few_programs):
    config, tables, host, device = made(optimizer="adam")
    lrs = np.full(host.n_batches, 0.01)
    whole, first = kind(*tables, config), kind(*tables, config)
    whole.train(device, 0, lrs)
    first.train(device, 0, lrs[:2])
    second = kind(*first.tables(), config)
    second.restore({name: state.copy() for name, state in first.optimizer_state().items()})
    second.train(device, 2, lrs[2:])
    for one, other in zip(second.tables(), whole.tables(), strict=True):
        assert one.tobytes() == other.tobytes()
    with pytest.raises(ValueError, match="the optimizer's state is not there"):
        kind(*tables, config).restore({})


def test_training_with_the_cuda_engine_makes_a_run_and_goes_on_from_it(tmp_path, few_programs):
    (tmp_path / "text.txt").write_text(zipf_lines(40, 5, seed=2))
    small = {"corpus": tmp_path / "text.txt", "min_count": 1, "sample": 0.1, "window": 2}
    small |= {"negative": 2, "vector_size": 8, "batch_size": 8, "validation_share": 0.3}
    small |= {"group": 4, "noise_pool": 5}
    on_cpu = w2v.train(engine="cpu", out=tmp_path / "cpu", epochs=2, lr=0.05, **small)
    run = w2v.train(engine="cuda", out=tmp_path / "gpu", epochs=2, lr=0.05, **small)
    assert run.epoch_losses == pytest.approx(on_cpu.epoch_losses, rel=1e-6)
    held_out = [[row.validation_loss for row in one.metrics][-1] for one in (run, on_cpu)]
    assert held_out[0] == pytest.approx(held_out[1], rel=1e-6)
    np.testing.assert_allclose(run.vectors.vectors, on_cpu.vectors.vectors, atol=1e-6)
    adam = {**small, "engine": "cuda", "optimizer": "adam", "epochs": 2}
    whole = w2v.train(out=tmp_path / "whole", **adam)
    w2v.train(out=tmp_path / "parts", **{**adam, "epochs": 1})
    parts = w2v.train(out=tmp_path / "parts", resume=True, **adam)
    assert parts.vectors.vectors.tobytes() == whole.vectors.vectors.tobytes()


COMPILES = """
import sys
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from w2v.batches import gpu_draws, gpu_groups, gpu_subsampling
from w2v.batches.gpu_groups import Sizes
from w2v.config import Config
from w2v.engines import cuda, cuda_kernels

target = GPUTarget("cuda", int(sys.argv[1]), 32)

def check(kernel, types, options={}, **constants):
    names = kernel.arg_names
    types = iter(types.split())
    signature = {name: "constexpr" if name in constants else next(types) for name in names}
    assert constants.keys() <= signature.keys() and next(types, None) is None, names
    constants = {(names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, signature, constants)
    assert compile(source, target, options=options).asm["cubin"]

check(gpu_subsampling.survives, "*i32 i32 i64 *i64 *i64 *i1", LANES=1024)
check(gpu_draws.order_keys, "i32 i64 *i64 *i64", LANES=1024)
drawn = "*i32 *fp32 *i8"
for group, pool in ((32, 32), (1, 60)):
    sizes = Sizes.of(Config(group=group, noise_pool=pool))
    layout = dict(GROUP=group, WINDOW=5, TEXT=sizes.text, NOISE=sizes.noise)
    at = dict(CENTERS=sizes.centers, TILE=gpu_groups.TILE)
    check(gpu_groups.draw_groups, "*i32 *i64 *i64 *i64 *i64 *i64 *i32 i32 *i32 *fp32",
          **layout, NEGATIVE=5, POOL=pool, CENTERS=group, REACH=8, WORDS=64)
    check(gpu_groups.leave_out, f"*i64 *i64 {drawn}", **layout, POOL=pool, **at)
    for exact, sums in ((True, "*i64"), (False, "*fp32")):
        for stride, n in ((104, 1), (304, 3)):
            slices = dict(STRIDE=stride, SLICES=-(-stride // cuda.WIDTH), WIDTH=cuda.WIDTH)
            check(cuda_kernels.differentiate, f"*i64 *i64 i32 {drawn} *fp32 i32 {sums} *fp32",
                  cuda.OPTIONS, TRAINS=True, AVERAGES=exact, IS_EXACT=exact, **layout, **at,
                  **slices)
            slices = dict(STRIDE=stride, SLICES=n, WIDTH=cuda.APPLIED_WIDTH)
            check(cuda_kernels.apply_sgd,
                  f"*i64 *i64 i32 *i32 *fp32 i32 {sums} *i32 *i64 *fp32 *fp32", IS_EXACT=exact,
                  BATCH=16, GROUP=group, WINDOW=5, ENTRIES=sizes.entries,
                  WORDS=cuda.ROWS, **slices)
            check(cuda_kernels.apply_adam, f"*i64 *i64 i32 *fp32 i32 {sums} *fp32 *fp32 *fp32",
                  IS_EXACT=exact, BATCH=16, ROWS=cuda.ROWS, **slices)
"""


@pytest.mark.parametrize(
    "capability", ["90", *(pytest.param(old, marks=pytest.mark.heavy) for old in ("75", "80"))]
)
def test_kernels_compile_for_gpus_without_one(capability, tmp_path):
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    root = Path(__file__).parent.parent
    subprocess.run(
        [sys.executable, "-c", COMPILES, capability], cwd=root, env=environment, check=True
    )
