"""Slow, plain implementations from the definitions, to hold the fast ones against."""

import numpy as np

M64 = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
SUBSAMPLE, RADIUS, NOISE, ORDER = range(4)


def mix64(z):
    """SplitMix64's finaliser on Python integers."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def key(seed, epoch, purpose):
    state = 0
    for part in (seed, epoch, purpose):
        state = mix64(((state ^ part) + GAMMA) & M64)
    return state


def draw(key, position, number):
    stream = mix64((key + position * GAMMA) & M64)
    return mix64((stream + (number + 1) * GAMMA) & M64)


def encode(text, min_count):
    """(words, counts, sentences as lists of ids) of a str, by dictionaries."""
    lines = [line.split() for line in text.split("\n")]
    counts = {}
    for line in lines:
        for word in line:
            counts[word] = counts.get(word, 0) + 1
    kept = [word for word in counts if counts[word] >= min_count and word != "<unk>"]
    words = ["<unk>", *sorted(kept, key=lambda word: -counts[word])]
    ids = {word: number for number, word in enumerate(words) if number}
    sentences = [[ids[word] for word in line if word in ids] for line in lines]
    unknown = sum(counts.values()) - sum(counts[word] for word in kept)
    return words, [unknown, *(counts[word] for word in words[1:])], [s for s in sentences if s]


def windows(sentences, keep, noise, seed, epoch, window, negative):
    """[(center, contexts, noise words)] of a text that is one block, in order of position.

    keep: thresholds by word.  noise: the alias table.
    """
    survivors, position = [], 0
    for sentence in sentences:
        kept = []
        for word in sentence:
            if draw(key(seed, epoch, SUBSAMPLE), position, 0) >> 32 < int(keep[word]):
                kept.append(word)
            position += 1
        if len(kept) > 1:
            survivors.append(kept)
    rows, position = [], 0
    for sentence in survivors:
        for i, center in enumerate(sentence):
            radius = 1 + ((draw(key(seed, epoch, RADIUS), position, 0) >> 32) * window >> 32)
            contexts = sentence[max(0, i - radius) : i][::-1] + sentence[i + 1 : i + 1 + radius]
            negatives = []
            for number in range(len(contexts) * negative):
                for again in range(16):
                    bits = draw(key(seed, epoch, NOISE), position, number * 16 + again)
                    slot = (bits >> 32) * len(noise) >> 32
                    below = bits & 0xFFFFFFFF < int(noise[slot, 0])
                    word = slot + 1 if below else int(noise[slot, 1])
                    if word not in contexts:
                        negatives.append(word)
                        break
            rows.append((center, contexts, negatives))
            position += 1
    return rows


def sgd_step(in_vectors, out_vectors, rows, lr):
    """Tables after one SGD step on [(center, contexts, noise)], and the losses; all in float64."""
    v, u = in_vectors.astype(np.float64), out_vectors.astype(np.float64)
    dv, du, losses = np.zeros_like(v), np.zeros_like(u), []
    for center, contexts, noise in rows:
        entries = [(word, 1.0) for word in contexts] + [(word, 0.0) for word in noise]
        loss = 0.0
        for word, label in entries:
            logit = u[word] @ v[center]
            probability = 1 / (1 + np.exp(-logit))
            loss -= np.log(probability if label else 1 - probability)
            slope = (probability - label) / len(entries)
            dv[center] += slope * u[word]
            du[word] += slope * v[center]
        losses.append(loss / len(entries))
    return v - lr * dv, u - lr * du, losses
