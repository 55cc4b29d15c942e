"""Which engine and batcher a Config asks for, and what this machine has for them."""

import contextlib
import dataclasses
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from w2v.batches.batcher import Batcher, CpuBatcher
from w2v.batches.draw_groups import draw_groups
from w2v.config import Config
from w2v.engines.base import Engine, Floats, Steps
from w2v.errors import UsageError, W2VError
from w2v.text.encoded import EncodedText

_torch_ran_in: set[int] = set()  # numbers of the processes, of which a forked one knows


def resolve(config: Config, processes: int = 1) -> Config:
    """The Config with engine, device and workers of this machine, and no default left open.

    Args:
        processes: that train together here, and share its cores.

    Raises:
        UsageError: settings that no engine can do, or not the one asked for.
        W2VError: this process is one in which nothing can be trained.
    """
    if numba.config.DISABLE_JIT:
        raise W2VError("NUMBA_DISABLE_JIT is set, and training needs compiled code; unset it")
    engine = _fastest(config) if config.engine == "auto" else config.engine
    _check(engine, config)
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    if config.workers and config.workers > cores:
        raise UsageError(f"--workers is {config.workers}; this machine gives {cores} cores")
    if engine != "cpu":
        _check_not_forked()
    device = config.device
    if engine == "cuda":
        device = "cpu" if _is_interpreted() else "cuda"
    elif engine == "torch":
        from w2v.engines.torch import choose_device

        device = choose_device(device).type
    return dataclasses.replace(
        config, engine=engine, device=device, workers=config.workers or max(1, cores // processes),
        group=config.group_size, vocabulary=config.chosen_words, phrase_threshold=config.threshold,
    )  # fmt: skip


def _fastest(config: Config) -> str:
    """The name of the fastest engine that is right for a Config on this machine."""
    if config.device in ("auto", "cuda") and _has_cuda():
        return "cuda" if _has_triton() else "torch"
    return "cpu" if config.optimizer == "sgd" and config.device in ("auto", "cpu") else "torch"


def _check(engine: str, config: Config) -> None:
    """Raises: UsageError: the engine cannot do what the Config asks for, or not here."""
    if config.group_size > config.batch_size:
        raise UsageError(
            f"--group is {config.group}; it must be at most --batch-size, {config.batch_size}"
        )
    if engine == "cpu" and config.optimizer != "sgd":
        raise UsageError(
            f"--engine cpu cannot do --optimizer {config.optimizer}; "
            "give --engine torch, or --optimizer sgd"
        )
    if engine == "cpu" and config.device not in ("auto", "cpu"):
        raise UsageError(
            f"--engine cpu cannot use --device {config.device}; give --engine torch for it"
        )
    if engine != "cuda" and not config.deterministic:
        raise UsageError(
            f"--no-deterministic is for --engine cuda; this run takes --engine {engine}"
        )
    if engine != "cuda":
        return
    if not _has_triton():
        raise UsageError("--engine cuda needs the package triton, which is not here: install it")
    if _is_interpreted():
        return
    if config.device not in ("auto", "cuda"):
        raise UsageError(
            f"--engine cuda cannot use --device {config.device}; give --engine torch for it"
        )
    if not _has_cuda():
        raise UsageError(
            "--engine cuda needs an NVIDIA GPU, and torch finds none here; leave --engine out"
        )


def _check_not_forked() -> None:
    """Raises: W2VError: torch's threads, or its GPU, stayed behind in the process forked from."""
    if _torch_ran_in - {os.getpid()}:
        raise W2VError(
            "this process was forked after a training with torch, whose threads do not come along; "
            'start processes by multiprocessing.get_context("spawn"), or give --engine cpu'
        )


def _has_cuda() -> bool:
    """Whether torch can use an NVIDIA GPU; torch, slow to import, is asked only if there is one."""
    if sys.platform == "darwin":
        return False
    if sys.platform == "linux" and not any(map(os.path.exists, ("/dev/nvidiactl", "/dev/dxg"))):
        return False
    import torch

    return torch.cuda.is_available()


def _has_triton() -> bool:
    return importlib.util.find_spec("triton") is not None


def _is_interpreted() -> bool:
    """Whether Triton's kernels are run on the CPU, thousands of times slower: for tests."""
    return os.environ.get("TRITON_INTERPRET") == "1"


def _is_resident(config: Config) -> bool:
    """Whether the text of a resolved Config is on the GPU, and groups are drawn there."""
    return config.engine == "cuda" or (config.device == "cuda" and _has_triton())


def make_batcher(text: EncodedText, counts: npt.NDArray[np.int64], config: Config) -> Batcher:
    """The Batcher of a text that suits a resolved Config's engine; counts: (V,) int64."""
    if _is_resident(config):
        from w2v.batches.gpu_batcher import GpuBatcher

        return GpuBatcher(text, counts, config)
    return CpuBatcher(text, counts, config)


def make_engine(
    in_vectors: Floats, out_vectors: Floats, config: Config, steps: Steps | None = None
) -> Engine:
    """The engine that a resolved Config names, on copies of the tables; see Engine."""
    if config.engine != "cpu":
        _torch_ran_in.add(os.getpid())
    return _engine_class(config)(in_vectors, out_vectors, config, steps)


def _engine_class(config: Config) -> Callable[[Floats, Floats, Config, Steps | None], Engine]:
    if config.engine == "cuda":
        from w2v.engines.cuda import CudaEngine

        return CudaEngine
    if config.engine == "torch" and _is_resident(config):
        from w2v.engines.torch_graph import GraphedTorchEngine

        return GraphedTorchEngine
    if config.engine == "torch":
        from w2v.engines.torch import TorchEngine

        return TorchEngine
    from w2v.engines.cpu import CpuEngine

    return CpuEngine


def compiled_functions(config: Config) -> list[Callable[..., Any]]:
    """The functions that take Numba seconds to compile before a resolved Config's training."""
    if _is_resident(config):
        return []
    if config.engine == "torch":
        return [draw_groups]
    from w2v.engines.cpu import train_batches

    return [train_batches]


def compiling(config: Config) -> AbstractContextManager[Callable[[], None]]:
    """`with compiling(config) as finish:` what training takes is compiled, beside other work.

    `finish()` waits for it, and does its own part of it.
    """
    if config.engine != "cpu" or config.workers == 1:
        return contextlib.nullcontext(lambda: None)
    from w2v.engines import cpu_compiling

    return cpu_compiling.beside()


@contextlib.contextmanager
def threads_put_back(config: Config) -> Iterator[None]:
    """Leave torch with as many threads as the caller had it use."""
    if config.engine == "cpu":
        yield
        return
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def device_memory() -> Iterator[None]:
    """Turn a GPU's lack of memory into a W2VError that says what to do."""
    try:
        yield
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch may not even be imported
            raise
        raise W2VError(
            f"the GPU is out of memory ({str(error).splitlines()[0]}); lower --vector-size, "
            "--batch-size, --window or --negative, raise --min-count, or give --device cpu"
        ) from error
