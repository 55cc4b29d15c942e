"""What is to be trained: the settings, the text, and what is measured beside the training loss."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2v.config import Config
from w2v.evaluation.testsets import Analogies, Pairs
from w2v.text import shared_vocab, vocab
from w2v.text.corpus import Corpus
from w2v.text.encoded import EncodedText
from w2v.text.phrases import Phrasing
from w2v.text.token_cache import Reading, cache_of
from w2v.text.vocab import Vocabulary
from w2v.training import validation
from w2v.training.epoch_scores import Scoring
from w2v.training.fitted import fitted
from w2v.training.memory import check_memory
from w2v.training.start import Start
from w2v.training.validation import HeldOut
from w2v.version import __version__

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks


@dataclass(frozen=True)
class Job:
    """What is to be trained: all that is known of it before the first update.

    config: resolved, and with a learning rate.
    out: the run folder.
    text: what is trained on, without the sentences held out of it.
    held_out: what the validation loss is measured on, or None.
    scoring: the test sets to score the vectors on after every epoch, or None.
    seconds: how long reading the text took.
    start: the vectors that training starts from, or None.
    ranks: that train together, each on a share of the text; None: this process alone.
    """

    config: Config
    corpus: Corpus
    out: Path
    vocabulary: Vocabulary
    text: EncodedText
    held_out: HeldOut | None
    scoring: Scoring | None
    seconds: float
    start: Start | None = None
    ranks: Ranks | None = None

    @property
    def n_ranks(self) -> int:
        """How many processes train together; 1: this one alone."""
        return len(self.ranks) if self.ranks else 1

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint says of the job that made it, and compares when it is resumed from."""
        return {
            "corpus": self.text.digest,
            "validation": self.held_out and self.held_out.text.digest,
            "version": __version__,
            "ranks": self.n_ranks,
            "settings": dataclasses.asdict(self.config),
            "init_from": self.start and self.start.digest,
        }


def read_job(
    config: Config,
    corpus: Corpus,
    out: Path,
    named_testsets: Mapping[str, Pairs | Analogies],
    progress: Callable[[int], object] | None,
    remark: Callable[[str], object] | None,
    start: Start | None = None,
    ranks: Ranks | None = None,
) -> Job:
    """Read all that a resolved Config names.

    Args:
        named_testsets: from epoch_scores.read.
        progress: called with the bytes of the corpus read so far.
        remark: called with a line about whatever is odd in the text.
        start: from start.read.
        ranks: that read it together.
    Raises:
        UsageError: early stopping is asked for, and there is no validation text; or settings of
            phrases without them.
        W2VError: a text cannot be read or holds too few words, or the tables do not fit in memory.
    """
    phrasing = Phrasing.of(config, start.old.tokenization.phrases if start else None)
    began = time.perf_counter()
    known, threads = start.known(config) if start else None, config.workers or 1
    if ranks is None:
        vocabulary, text = vocab.read(
            corpus, config.min_count, progress, remark, threads, cache_of(config), known, phrasing
        )
    else:
        reading = Reading(corpus, threads, progress, remark)
        vocabulary, text = shared_vocab.read_share(
            reading, config.min_count, cache_of(config), ranks, known
        )
    seconds = time.perf_counter() - began
    config = fitted(config, vocabulary.counts, len(ranks) if ranks else 1)
    check_memory(len(vocabulary), text.n_tokens, config, ranks.place.local_ranks if ranks else 0)
    over_ranks = int if ranks is None else lambda n: int(ranks.sum(n)[0])
    text, held_out = validation.hold_out(config, corpus, vocabulary, text, over_ranks)
    if ranks is not None:
        ranks.compare({"the validation text": held_out and held_out.text.digest})
    scoring = Scoring(named_testsets, vocabulary.words) if named_testsets else None
    return Job(config, corpus, out, vocabulary, text, held_out, scoring, seconds, start, ranks)
