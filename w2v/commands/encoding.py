"""What the commands on sentences share: the flags that name an encoder, and its remarks."""

import argparse
import contextlib
import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from w2v.commands import common, output
from w2v.errors import shown

if TYPE_CHECKING:
    from w2v.sentences.encoder import Found, SentenceEncoder


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of SentenceEncoder's options; those that are not given stay None."""
    add = parser.add_argument_group("how sentences become vectors").add_argument
    add(
        "--pooling",
        metavar="NAME",
        help="mean (default), sif or usif of word vectors; mean, cls or pooler of a transformer",
    )
    add(
        "--text",
        metavar="PATH",
        help="what sif and usif are fitted on (default: the run's training text, once)",
    )
    add("--layer", type=int, metavar="N", help="of a transformer: 0 (embeddings) to the last one")
    add("--max-length", type=int, metavar="N", help="of a transformer: tokens read of a sentence")
    add("--device", metavar="NAME", help="of a transformer: cpu, cuda, … (default: the fastest)")


def add_model_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="PATH",
        help="run folder, file of word vectors, or a transformer's folder (default: the run "
        "trained last)",
    )


def encoder_of(asked: argparse.Namespace, model: str | None) -> "SentenceEncoder":
    """The SentenceEncoder of a model's path, None for the run trained last, and of the flags."""
    stay_offline()
    with common.dying_of_interrupts():
        from w2v.sentences.encoder import SentenceEncoder
        from w2v.storage import run_folder

    return SentenceEncoder(
        run_folder.last_run() if model is None else model,
        pooling=asked.pooling,
        text=asked.text,
        layer=asked.layer,
        max_length=asked.max_length,
        device=asked.device,
    )


def stay_offline() -> None:
    """Have the libraries of transformers ask nothing of a network; this process is ours."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def tell_remarks(found: "Found") -> None:
    for remark in found.remarks():
        output.tell(f"warning: {remark}", to_errors=True)


@contextlib.contextmanager
def log_told() -> Iterator[None]:
    """`with log_told():` what the library logs is a line on stderr."""
    logger, handler = logging.getLogger("w2v"), _Telling()
    level, passes_on = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = passes_on


class _Telling(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        begins = "warning: " if record.levelno >= logging.WARNING else ""
        output.tell(begins + shown(record.getMessage()), to_errors=True)
