"""The validation loss: the loss of a text that is not trained on, on windows that never change."""

import dataclasses

import numpy as np

from w2v.batches import draws
from w2v.compiled import compiled
from w2v.config import Config
from w2v.engines import choose
from w2v.errors import UsageError, W2VError
from w2v.text import ptb
from w2v.text.corpus import open_corpus, ptb_validation
from w2v.text.vocab import encode

NO_LOSS = "--early-stopping needs a validation loss: give --validation or --validation-share"


class HeldOut:
    """A validation text, in windows that are drawn once, with noise words of the training text.

    text: EncodedText.  description: one line for people.
    """

    def __init__(self, text, description, counts, config):
        self.text, self.description = text, description
        fixed = dataclasses.replace(config, resample=False)
        batcher = choose.make_batcher(text, counts, fixed)
        self._windows = [batcher.windows(0, block) for block in range(len(text.blocks))]
        self.n_centers = sum(len(windows.order) for windows in self._windows)
        if not self.n_centers:
            raise W2VError(
                f"the validation text ({description}) has no sentence of two known words; "
                "give a longer one"
            )

    def loss(self, engine):
        """The mean loss of its windows, in nats, with an engine's tables."""
        return sum(map(engine.loss, self._windows)) / self.n_centers


def check(config):
    """Raises: UsageError: both a text and a share, or early stopping without either."""
    if config.validation is not None and config.validation_share:
        raise UsageError("give --validation or --validation-share, not both")
    has_loss = config.validation is not None or config.validation_share or _is_ptb(config)
    if config.early_stopping and not has_loss:
        raise UsageError(NO_LOSS)


def _is_ptb(config):
    return config.corpus in (None, "ptb")


def hold_out(config, corpus, vocabulary, text):
    """(The text to train on, HeldOut or None) as a Config asks for.

    Raises:
        UsageError: early stopping is asked for, and there is no validation text.
        W2VError: the validation text cannot be read, or shares no words with the corpus.
    """
    held, description = None, None
    if config.validation_share:
        text, held = _split(text, config)
        description = f"{config.validation_share:g} of the sentences, not trained on"
    elif (source := _validation_corpus(config, corpus)) is not None:
        held, description = encode(source, vocabulary), source.description
    if held is None:
        if config.early_stopping:  # PTB's was counted on, and is not there
            raise UsageError(NO_LOSS)
        return text, None
    return text, HeldOut(held, description, vocabulary.counts, config)


def _validation_corpus(config, corpus):
    if config.validation is not None:
        asked = Config(corpus=config.validation, lower=config.lower, data_dir=config.data_dir)
        return open_corpus(asked)
    if not _is_ptb(config) or corpus.name != "ptb":
        return None
    try:
        return ptb_validation(config)
    except ptb.UnavailableError:
        return None  # the training text alone is there


def _split(text, config):
    """Two EncodedTexts: of the sentences that are trained on, and of those held out."""
    key = draws.stream_key(config.seed, 0, draws.HELD_OUT)
    threshold = np.uint64(config.validation_share * draws.ALWAYS)
    trained, held, first = [], [], 0
    for block in text.blocks:
        is_held = _is_held(block, first, key, threshold)
        trained.append(block[~is_held])
        held.append(block[is_held])
        first += len(block)
    parts = []
    for blocks in (trained, held):
        blocks = [block for block in blocks if len(block)]
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
