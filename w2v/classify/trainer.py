"""The trainer: Adam on mini-batches, validation after every epoch, the best epoch kept.

The order of an epoch's texts is a function of seed and epoch alone, so that a training that was
stopped goes on from an epoch's and a batch's number.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from w2v.classify.data_module import DataModule
from w2v.classify.dataset import TextDataset
from w2v.classify.model import TextClassifier
from w2v.classify.scores import Scores, scores_of
from w2v.classify.settings import Settings

EVALUATED = 1024  # texts at a time where nothing is learned


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave: mean cross-entropy in nats of training and validation, and the latter's
    accuracy and macro-F1.
    """

    epoch: int
    loss: float
    validation_loss: float
    accuracy: float
    macro_f1: float


@dataclass
class Progress:
    """How far the training is: batches of an epoch that are done, and what came before.

    loss_sum, weight_sum: of those batches.  history: the Epochs that are over.
    """

    epoch: int = 1
    batch: int = 0
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    history: list[Epoch] = field(default_factory=list)

    @property
    def best(self) -> Epoch | None:
        """The epoch of the lowest validation loss, the first of equal ones."""
        return min(self.history, key=lambda epoch: epoch.validation_loss, default=None)

    def is_over(self, settings: Settings) -> bool:
        waited = len(self.history) - (self.best.epoch if self.best else 0)
        return len(self.history) >= settings.epochs or waited >= settings.patience


class Trainer:
    """Trains a TextClassifier on the texts of a DataModule.

    Attributes:
        model:    the TextClassifier; after `fit`, as it was in the best epoch.
        progress: how far it is.
    """

    def __init__(self, settings: Settings, texts: DataModule, vectors: npt.NDArray[Any]) -> None:
        """Args: vectors: (V', D) float32, of texts.words."""
        torch.manual_seed(settings.seed)  # the head's first weights
        self.settings, self.texts = settings, texts
        table = torch.from_numpy(np.array(vectors, np.float32))
        self.model = TextClassifier(table, len(texts.labels), settings.hidden, settings.tune)
        learning = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(learning, settings.lr)
        weights = texts.class_weights if settings.class_weights else None
        self._loss = nn.CrossEntropyLoss(weights, reduction="none")
        self._weights = torch.ones(len(texts.labels)) if weights is None else weights
        self.progress, self.best = Progress(), copy.deepcopy(self.model.state_dict())

    def fit(
        self,
        pause: Callable[[], object] | None = None,
        told: Callable[[Epoch], object] | None = None,
    ) -> None:
        """Train until the validation loss has not fallen for `patience` epochs, or to the last.

        Args:
            pause: called between two batches, with everything in order to be saved.
            told: called with every Epoch that ends.
        """
        while not self.progress.is_over(self.settings):
            for items in self._batches_left():
                self._step(items)
                if pause:
                    pause()
            self._end_epoch()
            if told:
                told(self.progress.history[-1])
            if pause:
                pause()
        self.model.load_state_dict(self.best)

    def evaluate(self, part: str) -> Scores:
        """The Scores on a part of the texts: "training", "validation" or "test"."""
        dataset = self.texts.parts[part]
        predicted = predict(self.model, dataset).argmax(axis=1)
        return scores_of(self.texts.labels, dataset.labels, predicted)

    def _batches_left(self) -> Iterator[npt.NDArray[np.int64]]:
        n, size = len(self.texts.parts["training"]), self.settings.batch_size
        rng = np.random.default_rng([self.settings.seed, self.progress.epoch])
        order = rng.permutation(n)
        for first in range(self.progress.batch * size, n, size):
            yield order[first : first + size]

    def _step(self, items: npt.NDArray[np.int64]) -> None:
        """One update, on the batch of those items."""
        self.model.train()
        bag = self.texts.parts["training"].bag(items)
        losses, weight = self._losses(self.model(bag), bag.labels)
        self.optimizer.zero_grad()
        (losses / weight).backward()
        self.optimizer.step()
        self.progress.batch += 1
        self.progress.loss_sum += losses.item()
        self.progress.weight_sum += weight

    def _losses(self, logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, float]:
        """The sum of the weighted losses of a batch, and of their weights."""
        return self._loss(logits, labels).sum(), float(self._weights[labels].sum())

    def _end_epoch(self) -> None:
        """Validate, and note what the epoch gave."""
        dataset, progress = self.texts.parts["validation"], self.progress
        with torch.inference_mode():
            logits = torch.from_numpy(_logits(self.model, dataset))
            loss, weight = self._losses(logits, torch.from_numpy(dataset.labels))
        scores = scores_of(self.texts.labels, dataset.labels, logits.numpy().argmax(axis=1))
        ended = Epoch(
            progress.epoch,
            progress.loss_sum / progress.weight_sum,
            loss.item() / weight,
            scores.accuracy,
            scores.macro_f1,
        )
        self.progress = Progress(progress.epoch + 1, history=[*progress.history, ended])
        if self.progress.best == ended:
            self.best = copy.deepcopy(self.model.state_dict())


def predict(model: TextClassifier, dataset: TextDataset) -> npt.NDArray[np.float32]:
    """(n, C) float32, the probability of each label for each text."""
    logits = torch.from_numpy(_logits(model, dataset))
    return logits.softmax(dim=1).numpy()


def _logits(model, dataset):
    model.eval()
    parts = []
    with torch.inference_mode():
        for first in range(0, len(dataset), EVALUATED):
            bag = dataset.bag(range(first, min(first + EVALUATED, len(dataset))))
            parts.append(model(bag).numpy())
    n_labels = model.head[-1].out_features
    return np.concatenate([np.empty((0, n_labels), np.float32), *parts])
