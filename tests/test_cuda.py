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
    STEPS,
    tables_of,
)
from texts import zipf_lines
from w2v.batches.batcher import CpuBatcher
from w2v.batches.gpu_batcher import GpuBatcher
from w2v.engines import cuda, cuda_graph, torch_graph
from w2v.engines.cpu import CpuEngine
from w2v.engines.cuda import CudaEngine
from w2v.engines.torch import TorchEngine
from w2v.engines.torch_graph import GraphedTorchEngine
from w2v.training.tables import initial_tables
from windows import batchers, plain_rows, plain_step

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture
def small_slabs(monkeypatch):
    """Two batches ahead: the interpreter takes its time for programs that find nothing to do."""
    monkeypatch.setattr(cuda, "MOST_BATCHES", 2)


def made(**more):
    """(Config, first tables, CpuGroups, GpuWindows) of a small text."""
    small = {"window": 2, "negative": 2, "vector_size": 20, "batch_size": 7, "sample": 1e-2}
    config, counts, host, device = drawn(zipf_lines(300, 6, seed=5), **{**small, **more})
    return config, initial_tables(len(counts), config), host, device


def drawn(content, **settings):
    """(Config, counts, CpuGroups, GpuWindows) of a text."""
    settings = {"device": DEVICE, **settings}
    config, counts, *both = batchers(content, CpuBatcher, GpuBatcher, **settings)
    return config, counts, *(one.groups(1, 0) for one in both)


@pytest.mark.parametrize("case", STEPS)
@pytest.mark.parametrize("deterministic", [True, False])
def test_cuda_engine_takes_the_step_of_float64_arithmetic_and_of_torch(
    case, deterministic, small_slabs
):
    dim, lr, content, settings = STEPS[case]
    settings = {**settings, "batch_size": min(40, settings.get("batch_size", 40))}
    settings |= {"vector_size": dim, "sample": 0.0, "deterministic": deterministic}
    config, counts, host, device = drawn(content, **settings)
    tables, lrs = tables_of(counts, dim), np.array([lr])
    engine, plain = CudaEngine(*tables, config), TorchEngine(*tables, config)
    (loss,) = engine.train(device, 0, lrs)
    assert loss == pytest.approx(plain.train(host, 0, lrs).item(), rel=1e-6)
    *expected, losses = plain_step(*tables, plain_rows(host.batch(0)), lr)
    assert loss == pytest.approx(sum(losses), rel=1e-6)
    for ours, theirs, right in zip(engine.tables(), plain.tables(), expected, strict=True):
        np.testing.assert_allclose(ours, right, atol=1e-6, rtol=1e-6)
        np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("dim", [1, 3, 8, 128, 129, 512])
def test_cuda_engine_knows_every_dimension(dim, small_slabs):
    config, counts, host, device = drawn(LINES, vector_size=dim, batch_size=3, sample=0.0)
    tables = tables_of(counts, dim, scale=0.2)
    engine = CudaEngine(*tables, config)
    engine.train(device, 0, np.array([0.3]))
    *expected, _ = plain_step(*tables, plain_rows(host.batch(0)), 0.3)
    for ours, right in zip(engine.tables(), expected, strict=True):
        np.testing.assert_allclose(ours, right, atol=1e-6, rtol=1e-6)
        assert ours.shape == (len(counts), dim)


def test_cuda_engine_is_right_for_extreme_logits_and_never_hides_what_is_not_finite(small_slabs):
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
def test_gpu_engines_train_what_the_torch_engine_trains(kind, optimizer, small_slabs):
    config, tables, host, device = made(optimizer=optimizer)
    lrs = np.linspace(1.0, 0.5, host.n_batches) * (1.0 if optimizer == "sgd" else 0.01)
    plain, engine = TorchEngine(*tables, config), kind(*tables, config)
    expected = plain.train(host, 0, lrs)
    ours = np.concatenate([engine.train(device, 0, lrs[:3]), engine.train(device, 3, lrs[3:])])
    assert len(host.order) % config.batch_size > 0  # a short batch, too
    assert host.n_batches > 4, host.order
    np.testing.assert_allclose(ours, expected, rtol=2e-6)
    for one, other, before in zip(engine.tables(), plain.tables(), tables, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
        assert np.abs(other - before).max() > 0.01
        assert not one[0].any()
    assert engine.loss(device) == pytest.approx(plain.loss(host), rel=1e-6)
    np.testing.assert_array_equal(engine.loss(device), engine.loss(device))  # and changes nothing


def test_cuda_engine_gives_the_same_bits_however_training_is_cut_into_calls(small_slabs):
    config, tables, host, device = made(optimizer="adam")
    lrs, results = np.full(host.n_batches, 0.01), []
    for cuts in ([], [2, 5]):
        engine = CudaEngine(*tables, config)
        for begin, end in zip([0, *cuts], [*cuts, len(lrs)], strict=True):
            engine.train(device, begin, lrs[begin:end])
        results.append([table.tobytes() for table in engine.tables()])
    assert results[0] == results[1]


@pytest.mark.parametrize(("kind", "optimizer"), [(CudaEngine, "sgd"), (GraphedTorchEngine, "adam")])
def test_warming_up_before_recording_changes_nothing(kind, optimizer, small_slabs, monkeypatch):
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
def test_gpu_engines_go_on_from_their_state(kind, small_slabs):
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


def test_cuda_engine_trains_windows_wider_than_it_takes_at_a_time(small_slabs):
    config, tables, host, device = made(window=9, negative=8, batch_size=40)
    assert host.batch(0).mask.shape[-1] > 2 * cuda.ENTRIES
    lrs = np.full(1, 0.5)
    one, other = CudaEngine(*tables, config), CpuEngine(*tables, config)
    np.testing.assert_allclose(one.train(device, 0, lrs), other.train(host, 0, lrs), rtol=1e-6)
    for ours, theirs in zip(one.tables(), other.tables(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_training_with_the_cuda_engine_makes_a_run_and_goes_on_from_it(tmp_path, small_slabs):
    (tmp_path / "text.txt").write_text(zipf_lines(40, 5, seed=2))
    small = {"corpus": tmp_path / "text.txt", "min_count": 1, "sample": 0.1, "window": 2}
    small |= {"negative": 2, "vector_size": 8, "batch_size": 9, "validation_share": 0.3}
    on_cpu = w2v.train(engine="cpu", group=1, out=tmp_path / "cpu", epochs=2, lr=0.5, **small)
    run = w2v.train(engine="cuda", out=tmp_path / "gpu", epochs=2, lr=0.5, **small)
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
from w2v.batches import gpu_draws, gpu_subsampling, gpu_windows
from w2v.engines import cuda, cuda_kernels

def check(kernel, types, **constants):
    names = kernel.arg_names
    signature = {name: kind for name, kind in zip(names, types.split())}
    signature |= {name: "constexpr" for name in constants}
    assert list(signature) == names, names
    constants = {(names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, signature, constants)
    assert compile(source, target=GPUTarget("cuda", int(sys.argv[1]), 32)).asm["cubin"]

check(gpu_subsampling.survives, "*i32 i32 i64 *i64 *i64 *i1", LANES=1024)
check(gpu_draws.order_keys, "i32 i64 *i64 *i64", LANES=1024)
check(gpu_windows.draw_rows, "*i32 *i64 *i64 *i64 *i64 *i64 *i32 i32 *i32 *i32 *i32 *i32",
      WINDOW=5, REACH=8, NEGATIVE=5, WIDEST=60, NOISE=64)
for exact, adam, sums in ((True, False, "*i64"), (False, True, "*fp32")):
    size = dict(STRIDE=104, SLICES=1, WIDTH=128)
    check(cuda_kernels.differentiate,
          f"*i64 *i64 *i64 *i32 *i32 *i32 *i32 i32 *fp32 i32 {sums} *i32 *i64 *fp32",
          TRAINS=True, IS_EXACT=exact, BATCH=512, WIDEST=60, ENTRIES=32, **size)
    check(cuda_kernels.apply, f"*i64 *i64 *i64 i32 *fp32 i32 {sums} *i32 *i64 *fp32 *fp32",
          IS_EXACT=exact, IS_ADAM=adam, BATCH=512, ROWS=cuda.ROWS, **size)
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
