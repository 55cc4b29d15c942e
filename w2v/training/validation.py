"""The validation loss: that of a text that is not trained on, on windows that never change."""

import dataclasses

import numpy as np
import numpy.typing as npt

from w2v.batches import draws
from w2v.compiled import compiled
from w2v.config import Config
from w2v.engines import choose
from w2v.engines.base import Engine
from w2v.errors import UsageError, W2VError
from w2v.text import ptb
from w2v.text.corpus import Corpus, open_corpus, ptb_validation
from w2v.text.vocab import EncodedText, Vocabulary, encode

NO_LOSS = "--early-stopping needs a validation loss: give --validation or --validation-share"


class HeldOut:
    """A validation text, in groups that are drawn once, with noise words of the training text.

    Args:
        description: one line for people.
        counts: (V,), of the training text.
    Raises:
        W2VError: the text has no sentence of two known words.

    n_centers: how many windows there are.
    """

    def __init__(
        self, text: EncodedText, description: str, counts: npt.NDArray[np.int64], config: Config
    ) -> None:
        self.text, self.description = text, description
        drawn_once = dataclasses.replace(config, resample=False)
        batcher = choose.make_batcher(text, counts, drawn_once)
        self._groups = [batcher.groups(0, block) for block in range(len(text.blocks))]
        self.n_centers = sum(map(len, self._groups))
        if not self.n_centers:
            raise W2VError(
                f"the validation text ({description}) has no sentence of two known words; "
                "give a longer one"
            )

    def loss(self, engine: Engine) -> float:
        """The mean loss of its windows with an engine's tables, in nats."""
        return float(sum(map(engine.loss, self._groups)) / self.n_centers)


def check(config: Config) -> None:
    """Refuse settings that ask for too much or too little, before a text is read.

    Raises: UsageError: both a text and a share, or early stopping without either.
    """
    if config.validation is not None and config.validation_share:
        raise UsageError("give --validation or --validation-share, not both")
    has_loss = config.validation is not None or config.validation_share or _is_ptb(config)
    if config.early_stopping and not has_loss:
        raise UsageError(NO_LOSS)


def _is_ptb(config: Config) -> bool:
    return config.corpus in (None, "ptb")


def hold_out(
    config: Config, corpus: Corpus, vocabulary: Vocabulary, text: EncodedText
) -> tuple[EncodedText, HeldOut | None]:
    """The text to train on, and what to measure the validation loss on, as a Config asks for them.

    Raises:
        UsageError: early stopping is asked for, and there is no validation text.
        W2VError: the validation text cannot be read, or shares no words with the corpus.
    """
    if config.validation_share:
        text, held = _split(text, config)
        description = f"{config.validation_share:g} of the sentences, not trained on"
    elif (source := _validation_corpus(config, corpus)) is not None:
        held = encode(source, vocabulary, threads=config.workers or 1)
        description = source.description
    elif config.early_stopping:  # `check` took it for granted that PTB would be there
        raise UsageError(NO_LOSS)
    else:
        return text, None
    return text, HeldOut(held, description, vocabulary.counts, config)


def _validation_corpus(config: Config, corpus: Corpus) -> Corpus | None:
    if config.validation is not None:
        asked = Config(corpus=config.validation, lower=config.lower, data_dir=config.data_dir)
        return open_corpus(asked)
    if not _is_ptb(config) or corpus.name != "ptb":
        return None
    try:
        return ptb_validation(config)
    except ptb.UnavailableError:
        return None  # the training text alone is there


def _split(text: EncodedText, config: Config) -> list[EncodedText]:
    """The sentences that are trained on, and those that are held out."""
    key = draws.stream_key(config.seed, 0, draws.HELD_OUT)
    threshold = np.uint64(config.validation_share * draws.ALWAYS)
    trained, held, first = [], [], 0
    for block in text.blocks:
        is_held = _is_held(block, first, key, threshold)
        trained.append(block[~is_held])
        held.append(block[is_held])
        first += len(block)
    parts = []
    for side in (trained, held):
        blocks = [block for block in side if len(block)]
        if not blocks:
            raise W2VError(
                f"--validation-share {config.validation_share:g} leaves one side without sentences"
            )
        parts.append(dataclasses.replace(text, blocks=blocks))
    return parts


@compiled
def _is_held(block, first_position, key, threshold):
    """(n,) bool: whether each token is in a sentence that is held out; drawn at its first token."""
    held = np.empty(len(block), np.bool_)
    sentence_is_held = False
    for i in range(len(block)):
        if block[i] < 0:
            bits = draws.draw(draws.stream(key, first_position + i), 0)
            sentence_is_held = (bits >> np.uint64(32)) < threshold
        held[i] = sentence_is_held
    return held
