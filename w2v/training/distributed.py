"""One training by many ranks: each trains its share of the text, and rows are exchanged on the way.

Every rank goes through its own blocks, the n-th of all at about the same time. A block is cut into
intervals, and after each of them rows are exchanged, while the next one is trained. Where that is
done, and of which rows, follows from the text alone, so the number of ranks and the seed decide the
result. At the end of a block (of several, if there are very many words) all rows are exchanged and
waited for. Then all ranks have the same tables, and a checkpoint can be written.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from w2v.batches.batcher import Batcher, Groups
from w2v.config import Config
from w2v.engines.base import Engine
from w2v.storage.metrics import Metrics
from w2v.text.tokens import BLOCK_TOKENS
from w2v.training.epoch_scores import Scoring
from w2v.training.exchange import Exchange
from w2v.training.learning_rate import scheduled_rates, shares_done
from w2v.training.loop import Training
from w2v.training.validation import HeldOut

if TYPE_CHECKING:
    from w2v.training.ranks import Ranks

# Tokens of the whole text for each word, from one exchange to the next: so many in a text of SHORT
# tokens for each word, by up to MANY ranks. Measured on 23 M tokens: docs/scaling.md.
TOKENS_PER_WORD, SHORT, MANY = 4, 400, 8
EXCHANGES = 64  # of all rows in an epoch, at most
PERIOD = 32  # exchanges, of which the last is one of all rows


class RanksTraining(Training):
    """The Training of one rank; what is measured is of all of them.

    is_whole: after exchanges of all rows alone.
    """

    def __init__(
        self,
        config: Config,
        batcher: Batcher,
        engine: Engine,
        held_out: HeldOut | None,
        scoring: Scoring | None,
        ranks: Ranks,
    ) -> None:
        super().__init__(config, batcher, engine, held_out, scoring)
        self.ranks, self.exchange = ranks, Exchange(engine, ranks)
        text, whole_block = batcher.text, len(ranks) * BLOCK_TOKENS
        self._between = tokens_between(text.n_tokens, self.exchange.n_words, len(ranks))
        self._intervals_before = intervals(whole_block, self._between)  # in each block
        self._period = period_of(whole_block, self._between)
        self._n_tokens = self._seconds = 0.0  # trained by this rank so far
        self._began = 0.0  # the clock, when the newest row was made
        self._lr_and_share = 0.0, 0.0  # of the interval whose sums are under way

    def remarks(self) -> Iterator[str]:
        yield from super().remarks()
        if self._n_tokens:
            yield (
                f"each rank sent {self.ranks.n_bytes / self._n_tokens:.0f} bytes a token of its "
                f"share; exchanging took {self.exchange.seconds / self._seconds:.0%} of the time"
            )

    def run(self) -> Iterator[tuple[Metrics, bool]]:
        if self.progress.is_over(self.config):
            return  # rank 0 writes again what was lost, alone
        n_blocks = int(self.ranks.max(len(self.batcher.text.blocks))[0])
        for epoch in self._epochs_left():
            self._began = time.perf_counter()
            for block in range(self.progress.block, n_blocks):
                for row in self._train_block(epoch, block, is_last=block == n_blocks - 1):
                    yield row, False
            yield self._end_epoch(), True

    def _train_block(self, epoch: int, block: int, is_last: bool) -> Iterator[Metrics]:
        text, progress = self.batcher.text, self.progress
        groups = self.batcher.groups(epoch, block) if block < len(text.blocks) else None
        n_words, n_tokens = self.exchange.n_words, text.tokens_before(block + 1)
        n_intervals = intervals(n_tokens - text.tokens_before(block), self._between)
        shares = shares_done(text, block, np.arange(n_intervals + 1), n_intervals)
        self._n_tokens += (shares[-1] - shares[0]) * text.n_read / text.share.of
        for interval in range(n_intervals):
            ends = interval == n_intervals - 1
            self.is_whole, n_rows_before = False, len(self.metrics)
            part = interval / n_intervals, (interval + 1) / n_intervals
            sums = self._train_part(groups, *part) if groups else [0.0, 0.0, 0.0]
            self._account(self.exchange.finish())
            place = block * self._intervals_before + interval + 1
            n_rows = rows_after(place, n_words, self._period, is_last and ends)
            self.exchange.start(n_rows, sums)
            lr = scheduled_rates(self.config, epoch - 1 + shares[interval : interval + 1])[0]
            self._lr_and_share = float(lr), float(shares[interval + 1])
            if ends:
                progress.end_block()
            if ends and n_rows == n_words:
                self._account(self.exchange.finish())
                self.is_whole = True
            self._note_rows(n_rows_before)
            if progress.meter.row is not None:
                yield progress.meter.row
            if self.is_whole:
                self._began = time.perf_counter()  # without what a checkpoint took

    def _train_part(self, groups: Groups, begin: float, end: float) -> list[float]:
        """Train from one share of a block to another; the sums of losses, centers and batches."""
        first, stop = int(groups.n_batches * begin), int(groups.n_batches * end)
        shares = shares_done(
            self.batcher.text, self.progress.block, np.arange(first, stop), groups.n_batches
        )
        lrs = scheduled_rates(self.config, self.progress.epoch - 1 + shares)
        loss = 0.0
        for batch in range(first, stop, self._batches_per_call):
            some = lrs[batch - first :][: self._batches_per_call]
            loss += float(self.engine.train(groups, batch, some).sum())
        return [loss, groups.n_centers(first, stop - first), stop - first]

    def _account(self, sums: list[float] | None) -> None:
        """Add what all ranks did in an interval to what is measured."""
        if sums is None or not sums[1]:
            return
        loss, n_centers, n_batches = sums
        now, meter = time.perf_counter(), self.progress.meter
        lr, share = self._lr_and_share
        self._check_loss(loss / n_centers, lr, meter.n_batches + int(n_batches))
        meter.add_sums(self.progress.epoch, *sums, lr=lr, share=share, seconds=now - self._began)
        self._seconds += now - self._began
        self._began = now

    def _validation_loss(self, held_out: HeldOut) -> float:
        total, n_centers = self.ranks.sum(held_out.total_loss(self.engine), held_out.n_centers)
        return total / n_centers


def rows_after(place: int, n_words: int, period: int, is_last: bool = False) -> int:
    """How many rows are exchanged after so many intervals of an epoch, whose last it may be.

    The first n/p of n words after each interval, with a period of p, 2n/p after every second, and
    so on: between its exchanges every row is met about equally often.
    """
    share = place & -place  # the highest power of two that it is a multiple of
    return n_words if is_last else max(1, n_words * min(share, period) // period)


def tokens_between(n_tokens: int, n_words: int, n_ranks: int) -> float:
    """How much of a text of n_tokens is trained, by all ranks, from one exchange to the next.

    Exchanging takes time for each word, training for each token. The longer a text and the more
    the ranks, the more is learned between two exchanges, and the less time is spent on them: with
    the square root, both change alike. Of very long texts all rows are exchanged EXCHANGES times.
    """
    length, many = max(1.0, n_tokens / n_words / SHORT), max(1.0, n_ranks / MANY)
    per_word = TOKENS_PER_WORD * math.sqrt(length * many)
    return max(per_word * n_words, n_tokens / (EXCHANGES * PERIOD))


def intervals(n_tokens: int, between: float) -> int:
    """Into how many intervals a block is cut, from its tokens on all ranks; a power of two."""
    return _power_of_two(n_tokens / between)


def period_of(n_tokens: int, between: float) -> int:
    """After how many intervals all rows are exchanged; more where each is a block of n_tokens."""
    return PERIOD * _power_of_two(between / n_tokens)


def _power_of_two(number: float) -> int:
    """The nearest one, and at least 1."""
    return 1 << round(math.log2(max(1.0, number)))
