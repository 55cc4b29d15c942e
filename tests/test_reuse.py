"""The README's worked example: our vectors in a small text classifier, frozen and fine-tuned.

Its texts are about the planted classes of the sample corpus. It learns from three words of each
and is asked about the others, none of which it has seen: only the vectors can tell it.
"""

import itertools

import numpy as np
import pytest
import torch

import w2v
from w2v.text.sample_corpus import CLASSES


class Classifier(torch.nn.Module):
    """A text's class, from the mean of its known words' vectors."""

    def __init__(self, wv, n_classes, freeze):
        super().__init__()
        self.ids = wv.ids
        self.embedding = wv.to_embedding(freeze=freeze)
        self.linear = torch.nn.Linear(self.embedding.embedding_dim, n_classes)

    def forward(self, texts):
        """(n, n_classes) logits of n texts."""
        ids = [torch.from_numpy(self.ids(text.split())) for text in texts]
        ids = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)  # with 0, as unknown words
        known = (ids > 0).unsqueeze(-1)
        total = (self.embedding(ids) * known).sum(dim=1)
        return self.linear(total / known.sum(dim=1).clamp(min=1))


def fit(model, texts, labels, steps=50):
    """Train on all texts at once; returns the last loss."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(texts), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


def accuracy(model, texts, labels):
    with torch.no_grad():
        return (model(texts).argmax(dim=1) == labels).double().mean().item()


def texts_of(pick):
    """Texts of two words of a class, among those picked, and the numbers of their classes."""
    pairs = [
        (f"the {one} and {other}", number)
        for number, words in enumerate(CLASSES.values())
        for one, other in itertools.permutations(words[pick], 2)
    ]
    texts, labels = zip(*pairs, strict=True)
    return list(texts), torch.tensor(labels)


LABELLED, UNSEEN = texts_of(slice(0, 3)), texts_of(slice(3, None))


@pytest.fixture(scope="module")
def wv(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reuse")
    run = w2v.train(corpus="sample", epochs=2, engine="cpu", seed=0, out=str(folder / "run"))
    return run.vectors


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def without_meaning(wv):
    """The same words with random vectors of the same lengths."""
    table = np.random.default_rng(0).standard_normal(wv.vectors.shape)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    table *= np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    return w2v.WordVectors(wv.index_to_key, wv.counts, table.astype(np.float32))


@pytest.mark.parametrize("freeze", [True, False])
def test_classifier_knows_words_that_it_was_never_taught(wv, freeze):
    model = Classifier(wv, len(CLASSES), freeze)
    fit(model, *LABELLED)
    right = accuracy(model, *UNSEEN)
    model = Classifier(without_meaning(wv), len(CLASSES), freeze)
    fit(model, *LABELLED)
    chance = accuracy(model, *UNSEEN)
    print(f"freeze={freeze}: {right:.3f}; with random vectors {chance:.3f}")
    assert right > 0.9
    assert chance < 0.3


def test_frozen_vectors_stay_and_fine_tuned_ones_learn(wv):
    frozen, tuned = (Classifier(wv, len(CLASSES), freeze) for freeze in (True, False))
    frozen_loss, tuned_loss = (fit(model, *LABELLED) for model in (frozen, tuned))
    assert tuned_loss < frozen_loss
    np.testing.assert_array_equal(frozen.embedding.weight.numpy(), wv.vectors)
    taught = wv.ids([word for text in LABELLED[0] for word in text.split()])
    changed = (tuned.embedding.weight.detach().numpy() != wv.vectors).any(axis=1)
    assert changed[taught].all()
    assert set(np.flatnonzero(changed)) == set(taught)
    assert not changed[0]


def test_unknown_words_and_empty_texts_change_nothing(wv):
    model = Classifier(wv, len(CLASSES), freeze=True)
    with torch.no_grad():
        logits = model(["the", "unheard-of the never-heard", "", "unheard-of"])
    torch.testing.assert_close(logits[1], logits[0])
    torch.testing.assert_close(logits[2:], model.linear.bias.expand(2, -1))
