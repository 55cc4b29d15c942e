"""word2vec on one page: skip-gram with negative sampling (Mikolov et al. 2013, arXiv:1310.4546).

Read it downwards, or run `python -m w2v.plain`. In shapes: V words, D numbers in a vector, N groups
in a batch, G centers and E entries (context and noise words) in a group; the textbook's G is 1.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Sentences = Iterable[list[int]]  # ids of words
Sampler = Callable[[int], int]  # a noise word from 64 random bits
Window = tuple[int, list[int], list[int]]  # a center, its context words, its noise words
Batch = tuple[Ints, Ints, Floats, Floats]  # centers, entries, labels, mask; see loss_and_gradient
SUBSAMPLE, RADIUS, NOISE, TABLES = 0, 1, 2, 4  # what a draw is for
GAMMA = 0x9E3779B97F4A7C15  # 2⁶⁴ / the golden ratio


def mix64(z: int) -> int:
    """The hash of SplitMix64 (Steele, Lea, Flood 2014): output n is mix64(seed + n·GAMMA)."""
    z %= 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def draw(seed: int, epoch: int, purpose: int, position: int, number: int = 0) -> int:
    """64 random bits: a hash of what they are for. No generator is ever advanced."""
    key = mix64((mix64((mix64(seed + GAMMA) ^ epoch) + GAMMA) ^ purpose) + GAMMA)
    return mix64(mix64(key + position * GAMMA) + (number + 1) * GAMMA)


def encode(text: str, min_count: int = 1) -> tuple[list[str], Ints, list[list[int]]]:
    """Words by falling count, their counts, and sentences of ids, without rare words: `<unk>`, 0.
    >>> encode("the cat saw the dog\\nthe dog ran", min_count=2)
    (['<unk>', 'the', 'dog'], array([3, 3, 2]), [[1, 1, 2], [1, 2]])
    """
    lines = [line.split() for line in text.split("\n")]
    counts = Counter(word for line in lines for word in line)
    known = {word: n for word, n in counts.most_common() if n >= min_count and word != "<unk>"}
    ids = {word: i for i, word in enumerate(known, start=1)}
    sentences = [[ids[word] for word in line if word in ids] for line in lines]
    n_unknown = counts.total() - sum(known.values())
    return ["<unk>", *known], np.array([n_unknown, *known.values()]), [s for s in sentences if s]


def keep_probability(counts: Ints, sample: float) -> Floats:
    """(V,): min(1, √(t / f)), eq. 5: t is `sample`, f the word's share of all known tokens."""
    share = np.maximum(counts, 1) / counts[1:].sum()
    return np.minimum(1.0, np.sqrt(sample / share))


def subsample(sentences: Sentences, keep: Floats, seed: int, epoch: int) -> Sentences:
    """What survives when each token does with its word's probability; one word is no sentence."""
    place, limit = count(), (keep * 2**32).astype(int)
    for sentence in sentences:
        kept = [w for w in sentence if draw(seed, epoch, SUBSAMPLE, next(place)) >> 32 < limit[w]]
        if len(kept) > 1:
            yield kept


def noise_sampler(counts: Ints) -> Sampler:
    """Draws a word with a probability proportional to count^¾ (§2.2); never `<unk>`."""
    ends = np.cumsum([0, *counts[1:] ** 0.75])
    return lambda bits: int(np.searchsorted(ends, (bits >> 32) / 2**32 * ends[-1], "right"))


def windows(
    sentences: Sentences, noise_word: Sampler, window: int, negative: int, seed: int, epoch: int
) -> Iterator[Window]:
    """Each token as a center: the words within its radius, then `negative` noise words for each."""
    for place, (sentence, i) in enumerate((s, i) for s in sentences for i in range(len(s))):
        radius = 1 + ((draw(seed, epoch, RADIUS, place) >> 32) * window >> 32)
        contexts = sentence[max(0, i - radius) : i] + sentence[i + 1 : i + 1 + radius]
        noise: list[int] = []
        for number in range(len(contexts) * negative):  # 16 tries at a word that is no context
            bits = (draw(seed, epoch, NOISE, place, number * 16 + n) for n in range(16))
            noise += islice((word for word in map(noise_word, bits) if word not in contexts), 1)
        yield sentence[i], contexts, noise


def batchify(windows: list[Window]) -> Batch:
    """Windows as groups of one center (G = 1), their entries padded with 0 to one length.
    >>> batchify([(1, [2, 2], [3, 3, 3, 3]), (1, [2, 2, 2], [3, 3])])[1].tolist()
    [[2, 2, 3, 3, 3, 3], [2, 2, 2, 3, 3, 0]]
    """
    rows = [contexts + noise for _, contexts, noise in windows]
    column = np.arange(max(map(len, rows)))
    entries = np.array([row + [0] * (len(column) - len(row)) for row in rows])
    labels = column < np.array([[[len(contexts)]] for _, contexts, _ in windows])
    mask = column < np.array([[[len(row)]] for row in rows])
    return np.array([[w[0]] for w in windows]), entries, labels.astype(float), mask.astype(float)


def loss_and_gradient(tables: Floats, batch: Batch) -> tuple[Floats, Floats]:
    """The loss of each center, (N, G), and the gradient of the sum of all terms, (2, V, D).
    tables: (2, V, D), a word's vectors v as a center and u as an entry.  batch: ids (N, G) and
    (N, E); labels (N, G, E), 1 for context and 0 for noise; mask (N, G, E), the weight of a term.
    Terms are -log σ(u·v) for a context word, -log σ(-u·v) for noise (eq. 4); a loss, their mean.
    """
    centers, entries, labels, mask = batch
    v, u = tables[0][centers], tables[1][entries]  # (N, G, D), (N, E, D)
    logits = v @ u.transpose(0, 2, 1)  # (N, G, E): every u·v
    softplus = np.logaddexp(0, logits)  # log(1 + eˣ), which is -log σ(-x); less x, it is -log σ(x)
    losses = (mask * (softplus - labels * logits)).sum(axis=2) / np.maximum(1, mask.sum(axis=2))
    slopes = mask * (np.exp(logits - softplus) - labels)  # by the logit: σ(x) - label
    gradient = np.zeros_like(tables)
    np.add.at(gradient[0], centers, slopes @ u)  # adds up where a word is there more than once
    np.add.at(gradient[1], entries, slopes.transpose(0, 2, 1) @ v)
    return losses, gradient


def sgd_step(tables: Floats, batch: Batch, lr: float) -> tuple[Floats, Floats]:
    """The tables after a step against the gradient, and the losses before it."""
    losses, gradient = loss_and_gradient(tables, batch)
    return tables - lr * gradient, losses


def neighbours(word: str, words: list[str], vectors: Floats, k: int = 3) -> list[tuple[str, float]]:
    """The k words whose vectors have the largest cosine with the word's."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (units @ units[words.index(word)]).tolist()
    others = [pair for pair in zip(words, cosines, strict=True) if pair[0] not in (word, "<unk>")]
    return sorted(others, key=lambda pair: -pair[1])[:k]


if __name__ == "__main__":
    text = """the king rules the land / the queen rules the land / the king wears a golden crown
the queen wears a golden crown / a cat drinks warm milk / a kitten drinks warm milk / my cat sleeps
my kitten sleeps / we eat bread with cheese / we eat bread with butter""".replace("/", "\n")
    words, counts, sentences = encode(text)
    keep, noise_word = keep_probability(counts, sample=0.05), noise_sampler(counts)
    uniform = [draw(0, 0, TABLES, n) / 2**64 - 0.5 for n in range(2 * len(words) * 16)]
    tables = np.reshape(uniform, (2, len(words), 16))
    for epoch in range(1, 65):
        kept, losses = subsample(sentences, keep, 0, epoch), []
        found = list(windows(kept, noise_word, window=3, negative=5, seed=0, epoch=epoch))
        for first in range(0, len(found), 8):
            batch = batchify(found[first : first + 8])
            tables, batch_losses = sgd_step(tables, batch, lr=0.03 * (1 - epoch / 65))
            losses += batch_losses.tolist()
        if epoch in (1, 4, 16, 64):
            print(f"epoch {epoch:2}: loss {np.mean(losses):.3f}")
    print("nearest to king:", ", ".join(near for near, _ in neighbours("king", words, tables[0])))
