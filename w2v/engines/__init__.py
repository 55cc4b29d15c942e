"""Engines: each does one update of masked sigmoid binary cross-entropy, and reports the loss.

What all of them have is in base.py.
"""

import dataclasses
import os
import sys

from w2v.config import UsageError


def resolve(config):
    """The Config with what its defaults stand for here: engine, device and workers.

    Raises:
        UsageError: settings that no engine, or not the one asked for, can do.
    """
    engine = config.engine
    if engine == "auto":
        plain = config.optimizer == "sgd" and config.device in ("auto", "cpu")
        engine = "cpu" if plain and not (config.device == "auto" and _has_cuda()) else "torch"
    if engine == "cpu":
        if config.optimizer != "sgd":
            raise UsageError(
                f"--engine cpu cannot do --optimizer {config.optimizer}; "
                "give --engine torch, or --optimizer sgd"
            )
        if config.device not in ("auto", "cpu"):
            raise UsageError(
                f"--engine cpu cannot use --device {config.device}; give --engine torch for it"
            )
    elif not config.deterministic:
        raise UsageError(
            f"--no-deterministic is for --engine cpu; this run takes --engine {engine}"
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if config.workers and config.workers > cores:
        raise UsageError(f"--workers is {config.workers}; this machine gives {cores} cores")
    device = config.device
    if engine == "torch":
        from w2v.engines.torch import choose_device

        device = choose_device(device).type
    workers = config.workers or cores
    return dataclasses.replace(config, engine=engine, device=device, workers=workers)


def _has_cuda():
    """Whether torch can use an NVIDIA GPU; torch, slow to import, is asked only if there is one."""
    if sys.platform == "darwin":
        return False
    if sys.platform == "linux" and not any(map(os.path.exists, ("/dev/nvidiactl", "/dev/dxg"))):
        return False
    import torch

    return torch.cuda.is_available()


def compiled_modules(config):
    """The modules with the compiled code that training with a resolved Config runs."""
    if config.engine == "torch":
        return ["drawing"]
    return ["drawing", "engines.cpu" if config.deterministic else "engines.racing"]


def make_engine(in_vectors, out_vectors, config):
    """The engine that a resolved Config names, on copies of the tables."""
    if config.engine == "torch":
        from w2v.engines.torch import TorchEngine as Engine
    elif config.deterministic:
        from w2v.engines.cpu import CpuEngine as Engine
    else:
        from w2v.engines.racing import RacingEngine as Engine
    return Engine(in_vectors, out_vectors, config)
