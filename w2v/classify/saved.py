"""A trained classifier in a folder, and back; no pickle.

model.safetensors   the word vectors, and the layers   vocab.tsv    word ⇥ count, in the rows' order
config.json         labels, settings, scores           history.csv  a line an epoch
confusion.png       the confusion matrix as a picture
"""

import csv
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from w2v.classify.dataset import TextDataset
from w2v.classify.model import TextClassifier
from w2v.classify.trainer import Epoch, Trainer, predict
from w2v.errors import UsageError, W2VError, damaged, shown
from w2v.files import check_path, open_file, read_file
from w2v.sentences.words import Rows
from w2v.storage import layout, safetensors, vocab_file
from w2v.tokenizing import Phrase, Phrases, Tokenization
from w2v.vectors.wordvectors import WordVectors

MODEL, HISTORY, PICTURE = "model.safetensors", "history.csv", "confusion.png"
CHECKPOINT = Path(layout.CHECKPOINT, layout.STATE)
FILES = {MODEL, HISTORY, PICTURE, layout.VOCAB, layout.CONFIG, layout.CHECKPOINT}
_WORDS = "words.weight"


def write(folder: Path, trainer: Trainer, wv: WordVectors, scores: dict[str, Any]) -> None:
    """Write all but the picture into a folder.

    Args:
        wv: whose vectors the Trainer began with; those that it tuned take their place.
        scores: what config.json is to say of them.
    """
    table = np.array(wv.vectors)
    state = trainer.model.state_dict()
    table[trainer.texts.words] = state[_WORDS].numpy()
    tensors = {name: np.atleast_2d(tensor.numpy()) for name, tensor in state.items()}
    safetensors.write_tensors(folder / MODEL, {**tensors, _WORDS: table})
    (folder / layout.VOCAB).write_bytes(vocab_file.format_vocab(wv.index_to_key, wv.counts))
    described = {
        "labels": trainer.texts.labels,
        "lower": wv.is_lower,
        "tokenize": wv.tokenization.setting,
        "phrases": wv.tokenization.phrases and wv.tokenization.phrases.passes,
        "settings": dataclasses.asdict(trainer.settings),
        "texts": {name: len(part) for name, part in trainer.texts.parts.items()},
        "scores": scores,
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    (folder / layout.CONFIG).write_text(text, encoding="utf-8", errors="backslashreplace")
    with open(folder / HISTORY, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(field.name for field in dataclasses.fields(Epoch))
        lines.writerows(dataclasses.astuple(epoch) for epoch in trainer.progress.history)


def is_there(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a classifier whose training is done."""
    return os.path.lexists(Path(path, MODEL))


class Classifier:
    """A trained classifier, for texts that nobody has labelled.

    Attributes:
        labels: the C names, sorted.
    """

    def __init__(self, model: TextClassifier, labels: list[str], wv: WordVectors) -> None:
        self.labels, self._model, self._rows = labels, model, Rows(wv)

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """(n, C) float32, rows of sum 1: how likely each label is for each text.

        A text without a known word gets what the labels have by themselves.
        """
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise UsageError(f"text {place} is {text!r}; it must be a string (str)")
        return predict(self._model, TextDataset(self._rows, texts))


def load(path: str | os.PathLike[str]) -> Classifier:
    """The Classifier of a folder.

    Raises: W2VError: it holds none, or a file in it is damaged.
    """
    folder = Path(path)
    try:
        check_path(path)
        config = json.loads(read_file(folder / layout.CONFIG))
        with open_file(folder / MODEL) as file:
            tensors, _ = safetensors.map_tensors(file, folder / MODEL)
        raw = read_file(folder / layout.VOCAB)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise W2VError(f"{path} holds no classifier; w2v classify train makes one") from error
    except OSError as error:
        raise W2VError(f"cannot read {error.filename or path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise damaged(folder / layout.CONFIG, "it is no JSON") from error
    words, counts = vocab_file.parse_vocab(raw, folder / layout.VOCAB)
    try:
        labels, hidden = [str(label) for label in config["labels"]], config["settings"]["hidden"]
        passes = config["phrases"]
        found = passes and Phrases([[Phrase(*row) for row in one] for one in passes])
        tokenization = Tokenization.of(config["lower"] is True, config["tokenize"], found)
        wv = WordVectors(words, counts, tensors[_WORDS], tokenization)
        model = TextClassifier(
            torch.from_numpy(np.array(wv.vectors)), len(labels), hidden, tune=False
        )
        for name, tensor in model.state_dict().items():
            tensor.copy_(torch.from_numpy(np.array(tensors[name])).view_as(tensor))
    except (KeyError, TypeError, ValueError, RuntimeError, W2VError) as error:
        raise damaged(folder, shown(f"its files do not fit each other ({error})")) from error
    return Classifier(model, labels, wv)
