"""What training starts from where that is other vectors: --init-from."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.config import ASCII_SPACE, UNION, Config
from w2v.errors import UsageError, W2VError, counted
from w2v.formats import convert
from w2v.setting import flag
from w2v.storage import layout, run_folder, safetensors
from w2v.text.vocab import Known, Vocabulary
from w2v.tokenizing import Phrases, Tokenization
from w2v.training.tables import initial_tables
from w2v.vectors import saving
from w2v.vectors.finite import first_not_finite
from w2v.vectors.wordvectors import WordVectors

_SPACES = set(ASCII_SPACE)
OF_PHRASES = ("phrases", "phrase_scoring", "phrase_threshold")

Tables = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Start:
    """Vectors that training starts from, by word.

    source: the run folder or file.  old: its WordVectors, with out_vectors if it is a run.
    """

    source: str
    old: WordVectors

    @cached_property
    def digest(self) -> str:
        """SHA-256 of words and numbers, in hexadecimal: which vectors these are, in any format."""
        digest = hashlib.sha256("\n".join(self.old.index_to_key).encode("utf-8", "surrogatepass"))
        for table in self._tables:
            for piece in safetensors.pieces_of(table):
                digest.update(piece)
        return digest.hexdigest()

    @property
    def _tables(self) -> list[npt.NDArray[np.float32]]:
        """(V, D) each: v, and u where it is there."""
        tables = [self.old.vectors, self.old.out_vectors]
        return [table for table in tables if table is not None]

    def known(self, config: Config) -> Known | None:
        """The words that are to be in the vocabulary in any case, as a Config chooses."""
        chosen = config.chosen_words
        return Known(self.old.index_to_key[1:], chosen) if chosen in ("old", UNION) else None

    def rows(self, vocabulary: Vocabulary) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(n,) and (n,): the ids in a Vocabulary of the words that both know, and their old ids."""
        ids = self.old.ids(vocabulary.words)  # 0 for what is not known, and for <unk>
        return np.flatnonzero(ids), ids[ids > 0]

    def tables(self, vocabulary: Vocabulary, config: Config) -> Tables:
        """The first in_vectors and out_vectors: those of new words as ever, else the old ones."""
        tables = initial_tables(len(vocabulary), config)
        new_rows, old_rows = self.rows(vocabulary)
        for table, old in zip(tables, self._tables, strict=False):
            table[new_rows] = old[old_rows]
        return tables

    def frozen(self, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
        """(2, V) bool: the rows of in_vectors and out_vectors that come from the old ones.

        Raises: UsageError: all of them do.
        """
        frozen = np.zeros((2, len(vocabulary)), np.bool_)
        new_rows, _ = self.rows(vocabulary)
        for table, _ in zip(frozen, self._tables, strict=False):
            table[new_rows] = True
        if frozen[:, 1:].all():
            raise UsageError(
                f"--freeze-old leaves nothing to train: {self.source} has both vectors of every "
                "word of the vocabulary"
            )
        return frozen

    def describe(self, vocabulary: Vocabulary) -> str:
        """A line for people."""
        n_rows, n_tables = len(self.rows(vocabulary)[0]), len(self._tables)
        what = "word and context vectors" if n_tables > 1 else "word vectors, no context vectors,"
        return f"{self.source}, {what} of {n_rows:,} of {len(vocabulary) - 1:,} words"


def check(config: Config, out: Path) -> None:
    """Refuse settings that do not go together, before anything is read. Raises: UsageError."""
    given = [name for name in ("vocabulary", "freeze_old") if getattr(config, name)]
    if config.init_from is None and given:
        raise UsageError(f"{flag(given[0])} is for --init-from, which is not given")
    if config.init_from is not None and os.path.realpath(config.init_from) == os.path.realpath(out):
        raise UsageError(
            f"--init-from is {config.init_from}, the run folder that is written; name another --out"
        )


def read(config: Config, warn: Callable[[str], object]) -> Start | None:
    """What a Config asks to start from, or None; `warn` is called with a line about what is odd.

    Raises:
        UsageError: its vectors have another dimension, or its text was read in another way.
        W2VError: it cannot be read, or is damaged.
    """
    if config.init_from is None:
        return None
    source, is_run = config.init_from, os.path.isdir(config.init_from)
    if is_run:
        is_trained = os.path.exists(Path(source, layout.CONFIG))
        old = saving.load(source, verify=is_trained or None)
    else:
        old = convert.read(source)
    if old.vector_size != config.vector_size:
        raise UsageError(
            f"--vector-size is {config.vector_size}, and the vectors of {source} have "
            f"{old.vector_size} numbers; give --vector-size {old.vector_size}"
        )
    phrases = Phrases([]) if config.phrases else None
    asked = Tokenization.of(config.lower, config.tokenize, phrases)
    if is_run and str(old.tokenization) != str(asked):
        raise UsageError(
            f"{source} was trained on text read with {old.tokenization}, and this one is to be "
            f"read with {asked}; give the same"
        )
    if is_run and phrases is not None:
        _check_phrases(config, source)
    for table in (old.vectors, old.out_vectors):
        if table is not None and (row := first_not_finite(table)) is not None:
            raise W2VError(f"{source}: the vector of {old.index_to_key[row]!r} is not finite")
    return Start(source, _without_spaces(old, source, warn))


def _check_phrases(config: Config, source: str) -> None:
    """Raises: UsageError: other phrases are asked for than those of a run, which are taken over."""
    settings = run_folder.described(source).get("settings", {})
    old = Config(**{name: settings[name] for name in OF_PHRASES if name in settings})
    for name, had, has in (
        ("phrases", old.phrases, config.phrases),
        ("phrase_scoring", old.phrase_scoring, config.phrase_scoring),
        ("phrase_threshold", old.threshold, config.threshold),
    ):
        if had != has:
            raise UsageError(
                f"{flag(name)} is {has}, and {source}, whose phrases are taken over, was trained "
                f"with {had}; give the same"
            )


def _without_spaces(old: WordVectors, source: str, warn: Callable[[str], object]) -> WordVectors:
    """Without words that no text has, for white space in them."""
    odd = [word for word in old.index_to_key if not _SPACES.isdisjoint(word)]
    if not odd:
        return old
    warn(
        f"{source} has {counted(len(odd), 'word')} with white space, such as {odd[0][:40]!r}, "
        f"which no text has: left out"
    )
    left_out = set(odd)
    words = [word for word in old.index_to_key if word not in left_out]
    rows = old.ids(words)
    out_vectors = None if old.out_vectors is None else old.out_vectors[rows]
    return WordVectors(words, old.counts[rows], old.vectors[rows], old.tokenization, out_vectors)
