"""Phrases: pairs of words that come together more often than by chance, joined to one word.

A pass counts all pairs of neighbours in the text's sentences, scores them, and joins those above a
threshold, from left to right: `new york city` is `new_york city`, and in a second pass perhaps
`new_york_city`. Pairs are counted and joined as numbers, in compiled code, a block of the text at a
time.

Source: Mikolov et al. 2013 (arXiv:1310.4546), §4; npmi: Bouma 2009, "Normalized (Pointwise) Mutual
    Information in Collocation Extraction".
Differs: scores are gensim's, which multiplies the paper's by how many different words and pairs
    there are together, so that a threshold serves texts of all sizes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.compiled import compiled
from w2v.config import UNK, Config
from w2v.errors import UsageError
from w2v.text.pairs import MOST_PAIRS, Numbers, Pairs, blocks, count_pairs, first_slot, put
from w2v.text.scanned import Scanned
from w2v.text.tokens import Spool
from w2v.text.word_table import SENTENCE_START, WORD_MASK
from w2v.tokenizing import JOINT, Phrase, Phrases


@dataclass(frozen=True)
class Phrasing:
    """What --phrases asks for.

    passes: 1 or more.  scoring: "default" or "npmi".
    threshold: a pair with a higher score is joined.
    min_count: of the discount, and for npmi the fewest occurrences.
    given: phrases to join, in place of those that the text has; None to find them.
    """

    passes: int
    scoring: str
    threshold: float
    min_count: int
    given: Phrases | None = None

    @classmethod
    def of(cls, config: Config, given: Phrases | None = None) -> Phrasing | None:
        """That of a Config, or None.

        Raises: UsageError: settings of phrases, but no --phrases; or a threshold above all scores.
        """
        scoring, threshold = config.phrase_scoring, config.threshold
        if config.phrases and threshold is not None:
            if scoring == "npmi" and threshold > 1:
                raise UsageError(
                    f"--phrase-threshold is {threshold:g}; the scores of --phrase-scoring npmi are "
                    "at most 1"
                )
            return cls(config.phrases, scoring, threshold, config.min_count, given)
        for flag, is_given in (
            ("--phrase-threshold", config.phrase_threshold is not None),
            ("--phrase-scoring", config.phrase_scoring != "default"),
        ):
            if is_given:
                raise UsageError(f"{flag} is for --phrases, which is 0; give --phrases 1 or more")
        return None

    @classmethod
    def joining(cls, given: Phrases) -> Phrasing:
        """To join phrases that were found in another text."""
        return cls(len(given.passes), "default", 0.0, 0, given)


def join_phrases(
    scanned: Scanned,
    phrasing: Phrasing,
    new_spool: Callable[[], Spool],
    tell: Callable[[str], object],
) -> tuple[Scanned, Phrases]:
    """A text with its phrases joined, and what was joined.

    Args:
        new_spool: gives a Spool for the tokens of the text after a pass.
        tell: is called with a line where counts are lower bounds.
    """
    if phrasing.given is not None:
        for joined in phrasing.given.passes:
            scanned = _joined(scanned, *_numbers(scanned, joined), new_spool())
        return scanned, phrasing.given
    passes: list[list[Phrase]] = []
    for _ in range(phrasing.passes):
        pairs = count_pairs(scanned)
        if pairs.n_lacking:
            tell(
                f"there are more than {MOST_PAIRS:,} different pairs of words at a "
                f"time, of which rare ones were dropped on the way: counts of phrases are lower "
                f"bounds, up to {pairs.n_lacking} too low"
            )
        scores = score_pairs(scanned, pairs, phrasing)
        chosen = np.flatnonzero(scores > phrasing.threshold)
        if not len(chosen):
            break
        chosen = chosen[np.lexsort((pairs.second[chosen], pairs.first[chosen]))]
        first, second = pairs.first[chosen], pairs.second[chosen]
        about = zip(
            scanned.words(first), scanned.words(second), pairs.counts[chosen].tolist(),
            scores[chosen].tolist(), strict=True,
        )  # fmt: skip
        passes.append(sorted((Phrase(*each) for each in about), key=lambda phrase: -phrase.score))
        scanned = _joined(scanned, first, second, new_spool())
    return scanned, Phrases(passes)


def score_pairs(scanned: Scanned, pairs: Pairs, phrasing: Phrasing) -> npt.NDArray[np.float64]:
    """(n,) float64: the score of each pair; -inf for what is never a phrase, with `<unk>`.

    Returns: with δ = min_count, V the number of different words and pairs, and N of words read:
        default: (count(ab) - δ) / (count(a) · count(b)) · V
        npmi: ln(p(ab) / (p(a) · p(b))) / -ln p(ab), where p = count / N
    """
    counts = scanned.counts.copy()
    counts[_places_of(scanned, UNK)] = 0
    of_first, of_second = counts[pairs.first], counts[pairs.second]
    with np.errstate(divide="ignore", invalid="ignore"):
        if phrasing.scoring == "npmi":
            share = pairs.counts / scanned.n_read
            chance = (of_first / scanned.n_read) * (of_second / scanned.n_read)
            scores = np.log(share / chance) / -np.log(share)
            scores[pairs.counts < phrasing.min_count] = -np.inf
        else:
            n_different = scanned.n_words + len(pairs.counts)
            both = (of_first * of_second).astype(np.float64)
            scores = (pairs.counts - phrasing.min_count) / both * n_different
    scores[(of_first == 0) | (of_second == 0)] = -np.inf
    return scores


def _joined(scanned: Scanned, first: Numbers, second: Numbers, spool: Spool) -> Scanned:
    """A text with such pairs joined; `spool` takes its tokens."""
    spelled = [
        JOINT.join(pair) for pair in zip(scanned.words(first), scanned.words(second), strict=True)
    ]
    known = _with_joint(scanned)  # a text may have `new_york` already
    n_before = len(scanned.counts)
    new = list(dict.fromkeys(word for word in spelled if word not in known))
    known |= {word: n_before + i for i, word in enumerate(new)}
    keys = np.full(1 << (2 * len(first) + 1).bit_length(), -1, np.int64)
    numbers = np.zeros(len(keys), np.int32)
    put((first << 32) | second, np.array([known[w] for w in spelled], np.int32), keys, numbers)

    counts = np.zeros(n_before + len(new), np.int64)
    held, line, longest = np.int32(0), 0, 0
    is_held = False
    for block in blocks(scanned):
        tokens = np.empty(len(block) + 1, np.int32)
        n, held, is_held = _join(block, held, is_held, keys, numbers, tokens)
        line, longest = _account(tokens[:n], counts, line, longest)
        spool.append(tokens[:n])
    if is_held:
        last = np.array([held], np.int32)
        line, longest = _account(last, counts, line, longest)
        spool.append(last)
    letters = np.frombuffer("".join(f"{word} " for word in new).encode(), np.uint8)
    ends = np.cumsum([len(word.encode()) + 1 for word in new], dtype=np.int64)
    n_exact = len(counts) if scanned.n_exact == n_before else scanned.n_exact
    return dataclasses.replace(
        scanned, counts=counts, starts=np.append(scanned.starts, scanned.starts[-1] + ends),
        letters=np.append(scanned.letters, letters), n_read=len(spool.tokens),
        longest_line=longest, n_exact=n_exact, tokens=spool.tokens, again=None,
    )  # fmt: skip


@compiled
def _join(tokens, held, is_held, keys, numbers, joined):
    """Put tokens into `joined`, pairs that are among `keys` as one.

    held: the token before, where is_held; it may be the first of a pair.
    Returns: how many; the token that is held now, and whether there is one.
    """
    n = 0
    for token in tokens:
        if is_held and token >= 0:
            key = (np.int64(held & WORD_MASK) << 32) | np.int64(token)
            slot = first_slot(key, len(keys))
            while keys[slot] >= 0 and keys[slot] != key:
                slot = (slot + 1) & (len(keys) - 1)
            if keys[slot] == key:
                joined[n] = numbers[slot] | (held & SENTENCE_START)
                n += 1
                is_held = False
                continue
        if is_held:
            joined[n] = held
            n += 1
        held, is_held = token, True
    return n, held, is_held


@compiled
def _account(tokens, counts, line, longest):
    """Count words, and the tokens of lines; `line`: of the one that goes on."""
    for token in tokens:
        counts[token & WORD_MASK] += 1
        line = 1 if token < 0 else line + 1
        longest = max(longest, line)
    return line, longest


def _with_joint(scanned: Scanned) -> dict[str, int]:
    """{word: number} of the words that hold a JOINT."""
    places = np.flatnonzero(scanned.letters == ord(JOINT))
    numbers = np.unique(np.searchsorted(scanned.starts, places, side="right") - 1)
    return dict(zip(scanned.words(numbers), numbers.tolist(), strict=True))


def _places_of(scanned: Scanned, word: str) -> Numbers:
    """(n,) int64, the number of a word, if the text has it."""
    spelled = np.frombuffer(f"{word} ".encode(), np.uint8)
    alike = np.flatnonzero(np.diff(scanned.starts) == len(spelled))
    letters = scanned.letters[scanned.starts[alike][:, None] + np.arange(len(spelled))]
    return alike[(letters == spelled).all(axis=1)]


def _numbers(scanned: Scanned, phrases: Sequence[Phrase]) -> tuple[Numbers, Numbers]:
    """(n,) and (n,): the numbers of the words of those phrases whose words the text has."""
    number = scanned.numbers({word for phrase in phrases for word in phrase[:2]})
    there = [(a, b) for a, b, *_ in phrases if a in number and b in number]
    first, second = ([number[pair[side]] for pair in there] for side in (0, 1))
    return np.array(first, np.int64), np.array(second, np.int64)
