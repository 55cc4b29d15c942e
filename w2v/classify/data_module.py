"""The data module: files of labelled texts → datasets for training, validation and test."""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from w2v.classify.dataset import TextDataset
from w2v.classify.settings import Settings
from w2v.errors import UsageError, W2VError, counted, shown
from w2v.sentences.words import Rows
from w2v.storage.rows import read_rows
from w2v.vectors.wordvectors import WordVectors

PARTS = ("training", "validation", "test")
FEW = 20  # labels that there may be however few texts there are


class Labelled(NamedTuple):
    """texts, labels: n strings each.  is_named: whether their columns were found by a name."""

    texts: list[str]
    labels: list[str]
    is_named: bool = True


def read_labelled(
    path: str | os.PathLike[str], label_column: str | None = None, text_column: str | None = None
) -> Labelled:
    """The labelled texts in a CSV or TSV file.

    Args:
        label_column, text_column: names, that the first row gives, or numbers from 1. None: the
            columns called `label` and `text`, else the first and the second of two. Without a name
            the first row counts as a text; see read_parts.
    Raises:
        UsageError: there is no such column.
        W2VError: the file cannot be read, holds no text, or a row has no label, with its line.
    """
    rows = read_rows(path)
    head = [field.strip() for field in rows[0].fields]
    asked = [label_column or "label", text_column or "text"]
    has_head = all(name in head or name.isdecimal() for name in asked)
    has_head &= any(name in head for name in asked)
    if not (label_column or text_column) and not has_head:
        if len(head) != 2:
            raise UsageError(
                f"{path} has {len(head)} columns, none called label and text; name them with "
                "--label-column and --text-column"
            )
        asked = ["1", "2"]
    places = [_place(path, name, head) for name in asked]
    labels, texts = [], []
    for line, fields in rows[has_head:]:
        label, text = (fields[place] for place in places)
        if not label.strip() or label.strip().lower() == "nan":
            raise W2VError(f"{path}, line {line} has the label {label!r}; it must be a word")
        labels.append(label.strip())
        texts.append(text)
    if not texts:
        raise W2VError(f"{path} holds no labelled text")
    return Labelled(texts, labels, has_head)


def _place(path, name, head):
    if name in head:
        return head.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(head):
        return int(name) - 1
    columns = ", ".join(head)
    raise UsageError(f"{path} has no column {name!r}; its first row is {columns}")


class DataModule:
    """Texts split into training, validation and test, as datasets of rows of word vectors.

    Attributes:
        labels:  the C names, sorted.
        parts:   {"training": TextDataset, "validation": …, "test": …}
        words:   (V',) int64, rising, the rows of the word vectors that the texts use; 0 is the
            first. The datasets' rows are places in it: a model needs no others while it learns.
    """

    def __init__(self, wv: WordVectors, parts: Sequence[Labelled]) -> None:
        """Args: parts: of training, validation and test; the last may be empty.

        Raises: W2VError: one label only, one for nearly every text, a label that training lacks,
            or no text for validation.
        """
        self.labels = _labels_of(parts)
        number = {label: place for place, label in enumerate(self.labels)}
        rows_of = Rows(wv)
        self.parts = {
            name: TextDataset(rows_of, part.texts, [number[label] for label in part.labels])
            for name, part in zip(PARTS, parts, strict=True)
        }
        every = [rows for dataset in self.parts.values() for rows in dataset.rows]
        self.words = np.unique(np.concatenate([np.zeros(1, np.int64), *every]))
        for dataset in self.parts.values():
            dataset.rows = [np.searchsorted(self.words, rows) for rows in dataset.rows]

    @property
    def class_weights(self) -> torch.Tensor:
        """(C,) float32: n / (C · count), so that all labels weigh the same, 1 on average."""
        counts = np.bincount(self.parts["training"].labels, minlength=len(self.labels))
        return torch.from_numpy((counts.sum() / (len(counts) * counts)).astype(np.float32))

    @property
    def digest(self) -> str:
        """SHA-256 of all that the datasets hold."""
        digest = hashlib.sha256("\n".join(self.labels).encode("utf-8", "surrogatepass"))
        for part in self.parts.values():
            for array in (self.words, part.labels, *part.rows):
                digest.update(len(array).to_bytes(8, "little") + array.tobytes())
        return digest.hexdigest()


def _labels_of(parts: Sequence[Labelled]) -> list[str]:
    """The labels of the training texts, sorted. Raises: W2VError: as DataModule."""
    training = Counter(parts[0].labels)
    labels = sorted(training)
    texts = f"{counted(len(parts[0].texts), 'text')} for training with "
    texts += f"{len(labels):,} labels, such as {shown(labels[0]):.40}"
    if len(labels) > max(FEW, len(parts[0].texts) / 2):
        raise W2VError(f"there are {texts}; are these the labels? --label-column names them")
    if len(labels) < 2:
        raise W2VError(f"all training texts have the label {labels[0]!r}; there must be two labels")
    for name, part in zip(PARTS, parts, strict=True):
        for label in part.labels:
            if label not in training:
                raise W2VError(
                    f"a text for {name} has the label {label!r}, which no training text has"
                )
    if not parts[1].texts:
        raise W2VError(
            f"there is no text for validation, but {texts}; give a larger share, or a file, or "
            "name the labels' column (--label-column)"
        )
    return labels


def split(labelled: Labelled, settings: Settings, has_test: bool) -> list[Labelled]:
    """Training, validation and test texts, drawn by the seed, with each label's share in each.

    Of every label round(share · count) texts go to validation and to test, and the rest, at least
    one, to training.

    Args: has_test: whether texts for the test are given elsewhere; then none are taken here.
    """
    rng = np.random.default_rng(settings.seed)
    labels = np.array(labelled.labels)
    shares = settings.test_share * (not has_test), settings.validation_share
    chosen: dict[str, list[int]] = {name: [] for name in PARTS}
    for label in sorted(set(labelled.labels)):
        places = rng.permutation(np.flatnonzero(labels == label)).tolist()
        for name, share in zip(("test", "validation"), shares, strict=True):
            count = min(round(share * int((labels == label).sum())), len(places) - 1)
            chosen[name] += places[:count]
            places = places[count:]
        chosen["training"] += places
    return [_taken(labelled, sorted(chosen[name])) for name in PARTS]


def _taken(labelled: Labelled, places: list[int]) -> Labelled:
    texts, labels, _ = labelled
    return Labelled([texts[place] for place in places], [labels[place] for place in places])


def _begins_with_names(labelled: Labelled) -> bool:
    """Whether, of columns not found by name, the first label is the only one that comes once."""
    if labelled.is_named:
        return False
    counts = Counter(labelled.labels)
    return [label for label, n in counts.items() if n == 1] == labelled.labels[:1]


def _without(labelled: Labelled, first: tuple[str, str]) -> Labelled:
    """Without the first text, if it is that with that label."""
    is_there = (labelled.labels[:1], labelled.texts[:1]) == ([first[0]], [first[1]])
    return Labelled(labelled.texts[is_there:], labelled.labels[is_there:])


def read_parts(
    paths: Sequence[str | os.PathLike[str] | None],
    settings: Settings,
    label_column: str | None = None,
    text_column: str | None = None,
) -> list[Labelled]:
    """The three parts: of files for training, validation and test, or split from the first.

    Nothing is taken from the first where there is a file for validation: without one for the test,
    there is none. A first row whose label no other text has is taken for the columns' names, which
    the log says; so is the same row in the other files.

    Args: paths: of the three; the last two may be None.
    Raises: as read_labelled.
    """
    read = [
        Labelled([], []) if path is None else read_labelled(path, label_column, text_column)
        for path in paths
    ]
    if _begins_with_names(read[0]):
        names = read[0].labels[0], read[0].texts[0]
        logging.getLogger("w2v").warning(
            shown(
                f"the first row of {paths[0]}, {names[0]!r:.40} and {names[1]!r:.40}, is taken for "
                "the columns' names: no other row has that label"
            )
        )
        read = [_without(part, names) for part in read]
    training, validation, test = read
    if validation.texts:
        return read
    drawn = split(training, settings, has_test=bool(test.texts))
    return [drawn[0], drawn[1], test if test.texts else drawn[2]]
