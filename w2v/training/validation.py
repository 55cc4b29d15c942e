"""The validation loss: that of a text that is not trained on, on windows that never change."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from w2v.batches import draws
from w2v.batches.batcher import Groups
from w2v.compiled import compiled
from w2v.config import Config
from w2v.engines import choose
from w2v.engines.base import Engine
from w2v.errors import UsageError, W2VError
from w2v.text import ptb
from w2v.text.corpus import Corpus, open_corpus, ptb_validation
from w2v.text.encoded import Blocks, EncodedText
from w2v.text.token_cache import cache_of
from w2v.text.tokens import InFile, InMemory, Spool
from w2v.text.vocab import Vocabulary, encode
from w2v.text.word_table import SENTENCE_START

Tokens = npt.NDArray[np.int32]

NO_LOSS = "--early-stopping needs a validation loss: give --validation or --validation-share"


class HeldOut:
    """A validation text, in groups that are always the same, with noise words of the training text.

    Args:
        description: one line for people.
        counts: (V,), of the training text.

    n_centers: how many windows there are.
    """

    def __init__(
        self, text: EncodedText, description: str, counts: npt.NDArray[np.int64], config: Config
    ) -> None:
        self.text, self.description = text, description
        drawn_once = dataclasses.replace(config, resample=False)
        self._batcher = choose.make_batcher(text, counts, drawn_once)
        self.n_centers = sum(map(len, self._groups()))

    def total_loss(self, engine: Engine) -> float:
        """The sum of the losses of its windows with an engine's tables, in nats."""
        return float(sum(map(engine.loss, self._groups())))

    def _groups(self) -> Iterator[Groups]:
        return (self._batcher.groups(0, block) for block in range(len(self.text.blocks)))


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
    return config.corpus in ((), ("ptb",))


def hold_out(
    config: Config,
    corpus: Corpus,
    vocabulary: Vocabulary,
    text: EncodedText,
    over_ranks: Callable[[int], int] = int,
) -> tuple[EncodedText, HeldOut | None]:
    """The text to train on, and what to measure the validation loss on, as a Config asks for them.

    Args:
        over_ranks: sums a number over all that train on shares of the text.
    Raises:
        UsageError: early stopping is asked for, and there is no validation text.
        W2VError: the validation text cannot be read, or has no sentence of two known words.
    """
    if config.validation_share:
        text, held = _split(text, config, over_ranks)
        description = f"{config.validation_share:g} of the sentences, not trained on"
    elif (source := _validation_corpus(config, corpus)) is not None:
        held = encode(source, vocabulary, threads=config.workers or 1, cache=cache_of(config))
        description = source.description
    elif config.early_stopping:  # `check` took it for granted that PTB would be there
        raise UsageError(NO_LOSS)
    else:
        return text, None
    held_out = HeldOut(held, description, vocabulary.counts, config)
    if not over_ranks(held_out.n_centers):
        raise W2VError(
            f"the validation text ({description}) has no sentence of two known words; "
            "give a longer one"
        )
    return text, held_out


def _validation_corpus(config: Config, corpus: Corpus) -> Corpus | None:
    if config.validation is not None:
        return open_corpus(dataclasses.replace(config, corpus=(config.validation,)))
    if not _is_ptb(config) or corpus.name != "ptb":
        return None
    try:
        return ptb_validation(config)
    except ptb.UnavailableError:
        return None  # the training text alone is there


def _split(
    text: EncodedText, config: Config, over_ranks: Callable[[int], int]
) -> tuple[EncodedText, EncodedText]:
    """The sentences that are trained on, whose blocks are made anew, and those held out."""
    key = draws.stream_key(config.seed, 0, draws.HELD_OUT)
    threshold = np.uint64(config.validation_share * draws.ALWAYS)

    def parts(number: int) -> tuple[Tokens, Tokens]:
        block = text.blocks[number]
        is_held = _is_held(block, text.first_position(number), key, threshold)
        return block[~is_held], block[is_held]

    spool = Spool()
    for number in range(len(text.blocks)):
        spool.append(parts(number)[1])
    held = spool.tokens
    n_held = over_ranks(len(held))
    if n_held in (0, text.n_tokens):
        raise W2VError(
            f"--validation-share {config.validation_share:g} leaves one side without sentences"
        )
    trained_blocks = Blocks(len(text.blocks), lambda number: parts(number)[0])
    return (
        dataclasses.replace(text, blocks=trained_blocks, n_tokens=text.n_tokens - n_held),
        dataclasses.replace(text, blocks=_blocks_of(held), n_tokens=len(held), n_read=len(held)),
    )


def _blocks_of(tokens: InMemory | InFile) -> Blocks:
    """The blocks of these tokens, each of which begins a sentence."""

    def make(number: int) -> Tokens:
        block = tokens.block(number).copy()
        block[0] |= SENTENCE_START
        return block

    return Blocks(-(-len(tokens) // tokens.block_tokens), make)


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
