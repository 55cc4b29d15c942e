"""The vectors of a run folder: saved, and loaded in place."""

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v.errors import W2VError, damaged
from w2v.files import check_path, lost_link, open_file, read_file
from w2v.storage import layout, phrases_file, run_folder, safetensors, vocab_file
from w2v.storage.layout import TENSORS
from w2v.tokenizing import Phrase, Phrases, Tokenization
from w2v.vectors.words import Words
from w2v.vectors.wordvectors import WordVectors

VERIFY_BYTES = 2**26  # read and digested in about 0.1 s
PARSE_BYTES = 2**20  # a vocabulary of this size is parsed in about 0.05 s


def save_vectors(
    folder: str | Path,
    words: Sequence[str],
    counts: Iterable[int],
    in_vectors: npt.ArrayLike,
    out_vectors: npt.ArrayLike,
) -> None:
    """Write vectors.safetensors and vocab.tsv into a folder, as `load` reads them.

    Args:
        words: V strings, the first `<unk>`, without tabs and line ends.
        counts: V whole numbers.
        in_vectors, out_vectors: (V, D); written as float32, with row 0 as zeros.
    Raises:
        W2VError: words or counts that would not read back the same, shapes that disagree.
        OSError: the folder cannot be written.
    """
    tables = [np.asarray(table, np.float32) for table in (in_vectors, out_vectors)]
    if tables[0].shape != tables[1].shape:
        raise W2VError(f"in_vectors are {tables[0].shape}, out_vectors {tables[1].shape}")
    counts = [int(count) for count in counts]
    WordVectors(words, counts, tables[0])  # checks them
    for number, table in enumerate(tables):
        if table[0].any():
            tables[number] = np.concatenate([np.zeros_like(table[:1]), table[1:]])
    raw, path = vocab_file.format_vocab(words, counts), Path(folder, layout.VOCAB)
    if vocab_file.parse_vocab(raw, path) != (list(words), counts):
        raise W2VError("a word holds a tab or a line end; words have no white space in them")
    path.write_bytes(raw)
    safetensors.write_tensors(Path(folder, layout.VECTORS), dict(zip(TENSORS, tables, strict=True)))


def load(path: str | os.PathLike[str], verify: bool | None = None) -> WordVectors:
    """The WordVectors of a run folder; the numbers stay on disk until they are used.

    A vocabulary of PARSE_BYTES or more is parsed when a word is first asked for, so that loading
    takes milliseconds whatever its size; damage in it is then reported as late.

    Args:
        verify: compare the files with their SHA-256 in the run's config.json, and parse the
            vocabulary at once. None compares only vectors of less than VERIFY_BYTES, which takes
            no noticeable time.
    Raises:
        W2VError: `path` is no run, or a file in it is damaged; the message says what is wrong.
    """
    try:
        check_path(path)
        table_path, vocab_path = Path(path, layout.VECTORS), Path(path, layout.VOCAB)
        before = os.stat(path)
        with open_file(table_path) as table, open_file(vocab_path) as vocab:
            about = run_folder.described(path)
            settings = about.get("settings", {})
            tokenization = Tokenization.of(settings.get("lower") is True, settings.get("tokenize"))
            if not os.path.samestat(before, os.stat(path)):
                return load(path, verify)  # a new run took its place just now: never mix the two
            raw, phrases = vocab.read(), _phrases(path, about.get("sha256", {}))
            tensors, _ = safetensors.map_tensors(table, table_path)
            is_small = os.fstat(table.fileno()).st_size < VERIFY_BYTES
            for file in (table, vocab) if verify or (verify is None and is_small) else ():
                digest = about.get("sha256", {}).get(os.path.basename(file.name))
                if digest is None and not verify:
                    continue  # not written by training
                if digest != safetensors.sha256(file):
                    raise damaged(file.name, f"its SHA-256 is not the one in {layout.CONFIG}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise W2VError(
            f"{path} is no run: {_missing(path, error)}; w2v train makes runs"
        ) from error
    except OSError as error:
        raise W2VError(f"cannot read {error.filename or path}: {error.strerror}") from error
    if TENSORS[0] not in tensors:
        raise damaged(table_path, f"its header has no {TENSORS[0]}")
    in_vectors, out_vectors = tensors[TENSORS[0]], tensors.get(TENSORS[1])
    if out_vectors is not None and out_vectors.shape != in_vectors.shape:
        raise damaged(table_path, f"its tables are {in_vectors.shape} and {out_vectors.shape}")
    tokenization = dataclasses.replace(tokenization, phrases=phrases)
    wv = _LoadedVectors(raw, vocab_path, in_vectors, tokenization, out_vectors)
    n_words = len(wv.index_to_key) if verify or len(raw) < PARSE_BYTES else raw.count(b"\n")
    if len(wv) != n_words:
        raise damaged(table_path, f"{len(wv)} vectors, {n_words} words in {layout.VOCAB}")
    return wv


def _missing(path: str | os.PathLike[str], error: OSError) -> str:
    if os.path.isdir(path):
        return f"there is no {os.path.basename(error.filename)}"
    if os.path.exists(path):
        return "it is no folder"
    return lost_link(path) or "there is no such folder"


class _LoadedVectors(WordVectors):
    """WordVectors whose vocab.tsv is parsed when a word is first asked for."""

    def __init__(
        self,
        raw: bytes,
        path: Path,
        vectors: npt.NDArray[np.float32],
        tokenization: Tokenization,
        out_vectors: npt.NDArray[np.float32] | None,
    ) -> None:
        self.vectors, self.out_vectors, self.tokenization = vectors, out_vectors, tokenization
        self._raw, self._path = raw, path

    @property
    def _words(self) -> Words:
        if not hasattr(self, "_given_words"):
            words, counts = vocab_file.parse_vocab(self._raw, self._path)
            try:
                self._given_words = Words(words, counts)
            except W2VError as error:
                raise damaged(self._path, error) from error
        return self._given_words


class _LoadedPhrases(Phrases):
    """Phrases whose phrases.tsv is parsed when one is first asked for."""

    def __init__(self, raw: bytes, path: Path) -> None:
        self._raw, self._path = raw, path

    @cached_property
    def passes(self) -> list[list[Phrase]]:  # type: ignore[override]
        return phrases_file.parse_phrases(self._raw, self._path)


def _phrases(path: str | os.PathLike[str], digests: Mapping[str, str]) -> Phrases | None:
    """The phrases of a run; None if it has none. Raises: OSError; W2VError: they are damaged."""
    if layout.PHRASES not in digests:
        return None
    file = Path(path, layout.PHRASES)
    raw = read_file(file)
    if hashlib.sha256(raw).hexdigest() != digests[layout.PHRASES]:
        raise damaged(file, f"its SHA-256 is not the one in {layout.CONFIG}")
    return _LoadedPhrases(raw, file)
