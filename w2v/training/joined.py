"""Joining the ranks that torchrun has started, and parting from them, whatever happens."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from w2v.config import Config
from w2v.engines import choose
from w2v.errors import UsageError, W2VError
from w2v.setting import flag
from w2v.text.sentences import STDIN
from w2v.training import torchrun
from w2v.training.torchrun import Place
from w2v.version import __version__

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks

# Settings that may differ from rank to rank: where things are, and how fast they go.
OF_A_RANK = {
    "corpus", "data_dir", "out", "cache", "cache_dir", "cache_size", "validation", "evaluate",
    "checkpoint_every", "workers", "dist_timeout", "init_from", "tensorboard",
}  # fmt: skip
TERMINATED = 128 + signal.SIGTERM


@contextlib.contextmanager
def joined(config: Config) -> Iterator[Ranks | None]:
    """`with joined(config) as ranks:` train with all that torchrun started; None: alone.

    Of an error one rank alone tells, and of one that all have, rank 0; the others end in silence.

    Raises:
        UsageError: the Config asks for what many ranks cannot do.
        W2VError: the others cannot be reached, or one of them is gone.
    """
    place = torchrun.place()
    if place is None:
        yield None
        return
    from w2v.training.ranks import Ranks  # late: with torch

    with _ended_by_sigterm():
        ranks = Ranks(place, config.dist_timeout, _takes_gpu(config, place))
        try:
            _check(config, place)
            yield ranks
        except W2VError as error:
            _tell(error, ranks)
        except SystemExit as end:  # torchrun ends all when it finds that one is gone
            if end.code == TERMINATED and (lost := ranks.name_lost()):
                _tell(lost, ranks)
            raise
        finally:
            ranks.end()


def resolved(config: Config, ranks: Ranks | None) -> Config:
    """As choose.resolve; makes sure that all ranks train the same way.

    Raises: W2VError: as Ranks.compare.
    """
    if ranks is None:
        return choose.resolve(config)
    import torch

    config = choose.resolve(config, ranks.place.local_ranks)
    settings = dataclasses.asdict(config)
    shared = {flag(name): settings[name] for name in settings if name not in OF_A_RANK}
    ranks.compare({"w2v": __version__, "torch": torch.__version__, **shared})
    return config


def _tell(error: W2VError, ranks: Ranks) -> NoReturn:
    if not ranks.may_tell():
        raise SystemExit(1) from error
    rank = ranks.place.rank
    if rank == 0 or str(error).startswith("rank "):
        raise error
    raise type(error)(f"rank {rank}: {error}") from error


def _check(config: Config, place: Place) -> None:
    if config.optimizer != "sgd":
        raise UsageError(
            f"--optimizer is {config.optimizer}; {place.ranks} ranks train with sgd alone: give "
            "it, or leave torchrun out"
        )
    if config.phrases:
        raise UsageError(
            f"--phrases is {config.phrases}; {place.ranks} ranks join none: leave it out, or train "
            "on one, without torchrun"
        )
    if STDIN in config.corpus:
        raise UsageError(
            f"--corpus - and sentences from Python cannot be read by {place.ranks} ranks; save the "
            "text to a file first"
        )


def _takes_gpu(config: Config, place: Place) -> bool:
    """Whether the tables will be on a GPU; then it is one of this rank's own."""
    if config.engine == "cpu" or config.device not in ("auto", "cuda"):
        return False
    import torch

    if not torch.cuda.is_available():
        return False
    if place.local_ranks > torch.cuda.device_count():
        raise UsageError(
            f"{place.local_ranks} ranks on this machine, which has {torch.cuda.device_count()} "
            "GPUs; give --nproc-per-node as many, or --device cpu"
        )
    torch.cuda.set_device(place.local_rank)
    return True


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Until training hears signals itself, SIGTERM raises SystemExit, as a Ctrl-C interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> NoReturn:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
