"""What a user should know of a training: the text in numbers, and what looks wrong."""

import math
import unicodedata
from collections.abc import Iterator

from w2v.batches import subsampling
from w2v.batches.batcher import Batcher
from w2v.config import WHITESPACE, WORDS, Config
from w2v.storage.metrics import Metrics
from w2v.text.room import free_disk
from w2v.text.tokens import BLOCK_TOKENS, TOKEN_BYTES
from w2v.tokenizing import JOINT, Phrases
from w2v.training.job import Job
from w2v.training.memory import needed_memory, tables_bytes

ENOUGH_TOKENS = 2_400_000  # to train on, over all epochs; below, neighbours are mostly noise
MAX_EPOCHS = 50  # to advise; more do not make up for too little text
LONG_LINE = 10_000  # words; no sentence is that long
LONG_MEAN = 60  # words of a line; sentences have 20 or 30
RAW_SHARE = 0.04  # of words that end in punctuation: where only u.s. and mr. do, it is 0.02
CASED_SHARE = 0.04  # of words that begin with a capital, and are there without one, too
LOOKED_AT = 50_000  # words, the most frequent ones
MIN_KNOWN_SHARE = 0.7  # of the tokens; below, the vocabulary is cut hard
SMALL_TEXT = 2_000_000  # tokens; below, more of them should be kept: docs/training.md#small-texts
SMALL_TEXT_SAMPLE = 1e-3
SHOWN_PHRASES = 3
LOSS_AT_FIRST = math.log(2)  # nats, where all logits are 0
LOSS_OF_GUESSING = 0.7  # nats, a little more


def summary(job: Job, batcher: Batcher) -> Iterator[str]:
    """Lines about what is about to be trained."""
    config, text, vocabulary = job.config, job.text, job.vocabulary
    unknown = int(vocabulary.counts[0])
    known = text.n_read - unknown
    kept = float(subsampling.expected_kept(vocabulary.counts, config.sample).sum())
    share = text.n_tokens / known  # less than 1 where sentences are held out
    first = batcher.groups(1, 0)
    pairs = first.expected_pairs() * text.n_tokens / max(1, text.tokens_before(1))
    pairs *= text.share.of
    block = TOKEN_BYTES * min(text.n_tokens, BLOCK_TOKENS)
    memory = needed_memory(len(vocabulary), config, ranks=int(job.ranks is not None)) + block
    yield (
        f"{text.n_lines:,} lines, {text.n_read:,} tokens, {unknown:,} of them unknown; "
        f"vocabulary {len(vocabulary):,} (min_count {config.min_count})"
    )
    yield (
        f"an epoch: about {_rounded(kept * share)} tokens kept by subsampling, {_rounded(pairs)} "
        f"pairs; memory: about {memory / 2**20:,.0f} MB beside the program"
    )
    if vocabulary.phrases is not None:
        yield f"phrases: {_phrases(vocabulary.phrases, config)}"
    if job.start is not None:
        yield f"starting from {job.start.describe(vocabulary)}"
    if job.ranks is not None:
        yield (
            f"{len(job.ranks)} ranks, {job.ranks.place.local_ranks} of them here, each with about "
            f"{_rounded(text.n_read / text.share.of)} tokens of the text"
        )
    if job.held_out is not None:
        yield f"validation: {job.held_out.description}, {job.held_out.n_centers:,} windows"
    if job.scoring is not None:
        yield "evaluation: " + "; ".join(job.scoring.descriptions)


def _phrases(phrases: Phrases, config: Config) -> str:
    """How many there are, and those that stand in the text most often."""
    found = [phrase for each in phrases.passes for phrase in each]
    if not found:
        return f"none; no pair scores above {config.threshold:g}"
    often = sorted(found, key=lambda phrase: -phrase.together)[:SHOWN_PHRASES]
    return f"{len(found):,}, such as " + ", ".join(JOINT.join(phrase[:2]) for phrase in often)


def warnings(job: Job) -> Iterator[str]:
    """Lines about what is odd in a Job's text, or unwise with it."""
    config, text, counts = job.config, job.text, job.vocabulary.counts
    if text.n_tokens * config.epochs < ENOUGH_TOKENS:
        epochs = math.ceil(ENOUGH_TOKENS / text.n_tokens)
        remedy = (
            f"--epochs {epochs} would help" if epochs <= MAX_EPOCHS else "more epochs do not help"
        )
        yield (
            f"{text.n_tokens:,} tokens are few for --epochs {config.epochs}, and the neighbours "
            f"will be mostly noise; {remedy}; more text is better"
        )
    if text.n_tokens < SMALL_TEXT and 0 < config.sample < SMALL_TEXT_SAMPLE:
        kept, more = (
            subsampling.expected_kept(counts, sample).sum() / counts.sum()
            for sample in (config.sample, SMALL_TEXT_SAMPLE)
        )
        yield (
            f"--sample {config.sample:g} keeps {kept:.0%} of this small text, and "
            f"{SMALL_TEXT_SAMPLE:g} {more:.0%}, for better analogies"
        )
    needed, free = 2 * tables_bytes(len(counts), config), free_disk(job.out)
    if free < needed:
        yield (
            f"the disk of {job.out} has {free / 2**20:,.0f} MB free, and the run and its "
            f"checkpoint take {needed / 2**20:,.0f}"
        )
    known_share = 1 - counts[0] / text.n_read
    if known_share < MIN_KNOWN_SHARE:
        yield (
            f"--min-count {config.min_count} leaves {known_share:.0%} of the tokens, and "
            f"{len(counts) - 1:,} words; a lower one keeps more"
        )
    if config.tokenize == WHITESPACE:
        yield from _rawness(job)
    if text.longest_line > LONG_LINE:
        yield (
            f"the longest line has {text.longest_line:,} words; a line is taken for one sentence: "
            "windows end where a line does, so give one sentence a line"
        )


def _rawness(job: Job) -> Iterator[str]:
    """Lines about what --tokenize and --lower are for, if the text looks as people write it."""
    words = job.vocabulary.words[1 : 1 + LOOKED_AT]
    counts = dict(zip(words, job.vocabulary.counts[1:].tolist(), strict=False))
    n_seen, per_line = sum(counts.values()), job.text.n_read / job.text.n_lines
    raw = list(filter(_ends_in_punctuation, words))
    if (share := sum(counts[word] for word in raw) / n_seen) > RAW_SHARE:
        yield (
            f"{share:.0%} of the words end in punctuation, such as {raw[0][:40]!r}: the text looks "
            f"raw; --tokenize {WORDS} finds its words and sentences"
        )
    elif per_line > LONG_MEAN and job.text.longest_line <= LONG_LINE:
        yield (
            f"a line has {per_line:.0f} words on average, and is taken for one sentence; if lines "
            f"are paragraphs, --tokenize {WORDS} finds their sentences"
        )
    cased = [word for word in words if word[0].isupper() and word.lower() in counts]
    if sum(counts[word] for word in cased) / n_seen > CASED_SHARE:
        yield f"{cased[0]!r} and {cased[0].lower()!r} are two words here; --lower folds case"


def _ends_in_punctuation(word: str) -> bool:
    """Not so punctuation by itself."""
    return unicodedata.category(word[-1])[0] == "P" and any(map(str.isalnum, word))


def epoch_warnings(row: Metrics, config: Config) -> Iterator[str]:
    """Lines about what is wrong with a whole epoch's Metrics."""
    if row.loss > LOSS_OF_GUESSING:
        yield (
            f"the loss of epoch {row.epoch}, {row.loss:.3f}, is that of guessing or worse "
            "(ln 2 = 0.693): the vectors learn nothing; try a lower --lr than "
            f"{config.method.lr:g} (the default is fitted to the text)"
        )
    elif row.epoch == 1 and row.loss > (LOSS_AT_FIRST + _loss_of_shares(config)) / 2:
        yield (
            f"the loss of epoch 1, {row.loss:.3f}, is near that of vectors that know nothing "
            f"(ln 2 = 0.693): little was learned; more text or more --epochs help, and a smaller "
            f"--batch-size than {config.batch_size:,}"
        )


def _loss_of_shares(config: Config) -> float:
    """The loss, in nats, of knowing nothing but how many of a window's entries are noise."""
    share = 1 / (1 + config.negative)
    return -share * math.log(share) - (1 - share) * math.log(1 - share)


def _rounded(number: float) -> str:
    """A number in three digits: 342,817 → 343,000."""
    digits = max(0, math.floor(math.log10(max(number, 1))) - 2)
    return f"{round(number, -digits):,.0f}"
