"""A folder of sentences and their vectors: written whole, appended to, searched in place.

embeddings.safetensors    `embeddings`, (n, D) float32; how they were made, in its metadata
sentences.txt             a sentence a line, UTF-8, in the order of the rows
fitted.safetensors        what their encoder took from a text, of sif and usif: queries need no text
"""

import json
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.errors import UsageError, W2VError, damaged
from w2v.files import check_path, open_file
from w2v.formats.targets import new_folder, prepared, refuse_others
from w2v.sentences import components
from w2v.sentences.components import Fitted
from w2v.sentences.encoder import SentenceEncoder
from w2v.sentences.pairs import Pair, top_pairs
from w2v.sentences.similarity import pairwise_cos_sim
from w2v.storage import atomic, safetensors
from w2v.vectors.finite import first_not_finite
from w2v.vectors.neighbours import Directions
from w2v.vectors.queries import whole

VECTORS, SENTENCES, FITTED = "embeddings.safetensors", "sentences.txt", "fitted.safetensors"
FILES = {VECTORS, SENTENCES, FITTED}
_NAME = "embeddings"
_CHECKED, _SAME = 4, 0.999  # sentences that are encoded again; the cosine that is the same


class Embeddings:
    """n sentences, their vectors, and the nearest among them.

    Attributes:
        vectors:   (n, D) float32, mapped read-only: on disk until used.
        sentences: the n strings.
        made_by:   the `settings` of their encoder.
        fitted:    what it took from a text.
    """

    def __init__(
        self,
        sentences: Sequence[str],
        vectors: npt.NDArray[np.float32],
        made_by: dict[str, Any] | None = None,
        fitted: Fitted | None = None,
    ) -> None:
        """Raises: W2VError: the sizes differ."""
        if len(sentences) != len(vectors):
            raise W2VError(
                f"{len(sentences)} sentences and {len(vectors)} vectors; as many of each"
            )
        self.sentences, self.vectors = sentences, vectors
        self.made_by, self.fitted = made_by or {}, fitted

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, queries: npt.NDArray[np.float32], topn: int = 10
    ) -> list[list[tuple[int, float]]]:
        """The sentences nearest to each query, by cosine, exactly.

        Args:
            queries: (m, D), or (D,) for one; a row of zeros has no direction, and no answer.
            topn: how many, 1 or more.
        Returns:
            For each query a list of (row, cosine), best first, equal ones by row.
        Raises:
            UsageError: `topn`, or a query's shape or numbers.
            W2VError: a stored vector holds NaN or infinity.
        """
        topn = whole("topn", topn)
        asked = np.atleast_2d(np.asarray(queries, np.float64))
        if asked.ndim != 2 or asked.shape[1] != self.vectors.shape[1]:
            raise UsageError(
                f"queries are {asked.shape}; they must be (m, {self.vectors.shape[1]})"
            )
        lengths = np.linalg.norm(asked, axis=1)
        if not np.isfinite(lengths).all():
            raise UsageError("a query holds NaN or infinity")
        answers: list[list[tuple[int, float]]] = [[] for _ in asked]
        (known,) = np.nonzero(lengths)
        units = asked[known] / lengths[known, None]
        n = len(self)
        for place, (rows, cosines) in zip(
            known, self._directions.nearest(units, min(topn, n), n), strict=True
        ):
            answers[place] = list(zip(rows.tolist(), cosines.clip(-1, 1).tolist(), strict=True))
        return answers

    def pairs(self, topn: int = 10) -> list[Pair]:
        """The `topn` pairs of sentences that are most alike; see pairs.top_pairs."""
        return top_pairs(self.vectors, self._directions.lengths, whole("topn", topn))

    def encoder(self) -> SentenceEncoder:
        """The SentenceEncoder that made these vectors, for queries.

        Raises: W2VError: it is not known, cannot be loaded, or gives other vectors by now.
        """
        if not isinstance(self.made_by.get("model"), str):
            raise W2VError("the vectors do not tell which model made them; encode with your own")
        given = self.made_by if self.fitted is None else {**self.made_by, "text": self.fitted}
        try:
            encoder = SentenceEncoder(**given)
        except TypeError as error:
            raise W2VError(f"what made the vectors is not known here: {error}") from error
        encoder.settings = self.made_by
        self.check(encoder)
        return encoder

    def check(self, encoder: SentenceEncoder) -> None:
        """Raises: W2VError: an encoder gives some of these sentences other vectors."""
        with_words = (row for row, vector in enumerate(self.vectors) if vector.any())
        rows = list(islice(with_words, _CHECKED))
        found, _ = encoder.encode_counted([self.sentences[row] for row in rows])
        stored = self.vectors[rows]
        if found.shape != stored.shape or (pairwise_cos_sim(found, stored) < _SAME).any():
            model = self.made_by.get("model", "the model")
            raise W2VError(f"{model} gives other vectors than it did; embed the sentences anew")

    @cached_property
    def _directions(self) -> Directions:
        directions = Directions(self.vectors)
        if (row := first_not_finite(directions.lengths[:, None])) is not None:
            raise W2VError(
                f"the vector of sentence {row + 1} holds NaN or infinity; embed it again"
            )
        return directions


def load(path: str | os.PathLike[str]) -> Embeddings:
    """The Embeddings of a folder; the numbers stay on disk until they are used.

    Raises: W2VError: it holds none, or they are damaged.
    """
    table_path, text_path = Path(path, VECTORS), Path(path, SENTENCES)
    try:
        check_path(path)
        before = os.stat(path)
        with open_file(table_path) as table, open_file(text_path) as text:
            fitted = _fitted(Path(path, FITTED))
            if not os.path.samestat(before, os.stat(path)):
                return load(path)  # it was replaced just now: never mix the two
            tensors, metadata = safetensors.map_tensors(table, table_path)
            raw = text.read()
        vectors, made_by = tensors[_NAME], json.loads(metadata["w2v"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise W2VError(f"{path} holds no embeddings; w2v embed makes them") from error
    except OSError as error:
        raise W2VError(f"cannot read {error.filename or path}: {error.strerror}") from error
    except (KeyError, ValueError, RecursionError) as error:
        raise damaged(table_path, "it does not hold what w2v embed writes") from error
    try:
        sentences = raw.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise damaged(text_path, f"byte {error.start} is not UTF-8") from error
    if len(sentences) != len(vectors) or not raw.endswith(b"\n"):
        raise damaged(text_path, f"{len(sentences)} sentences, {len(vectors)} vectors")
    return Embeddings(sentences, vectors, made_by if isinstance(made_by, dict) else {}, fitted)


def _fitted(path: Path) -> Fitted | None:
    try:
        return components.read(path)[0]
    except FileNotFoundError:
        return None


def append(
    path: str | os.PathLike[str],
    sentences: Sequence[str],
    blocks: Iterable[npt.NDArray[np.float32]],
    encoder: SentenceEncoder,
) -> int:
    """Write sentences and their vectors into a folder, after those that it holds already.

    The folder is replaced in one step: whatever happens, it holds all of the new, or what it held.

    Args:
        sentences: n strings, without line ends.
        blocks: their vectors, (n, D) in all, as they come.
        encoder: what makes them.
    Returns:
        How many sentences the folder holds then.
    Raises:
        UsageError: no sentence, or one that is no line of text.
        W2VError: the folder holds another encoder's vectors or anything else, another process
            writes to it, or it cannot be written.
    """
    text = _as_text(sentences)
    try:
        target = prepared(path)
        refuse_others(target, FILES)
        with atomic.claimed(target):
            shape = len(sentences), encoder.vector_size
            return _replace(target, text, shape, blocks, encoder)
    except BlockingIOError as error:
        raise W2VError(f"another process is writing to {path}; wait for it") from error
    except OSError as error:
        raise W2VError(f"cannot write {path}: {error.strerror or error}") from error


def _replace(target, text, shape, blocks, encoder):
    metadata = {"w2v": json.dumps(encoder.settings)}
    if os.listdir(target):
        old = load(target)
        if old.made_by != encoder.settings:
            raise W2VError(
                f"{target} holds vectors of {json.dumps(old.made_by)}, and these are of "
                f"{metadata['w2v']}; name another folder"
            )
        old.check(encoder)
        text = "".join(f"{sentence}\n" for sentence in old.sentences).encode() + text
        blocks, shape = chain([old.vectors], blocks), (len(old) + shape[0], shape[1])
    with new_folder(target, FILES) as folder:
        safetensors.write_blocks(folder / VECTORS, _NAME, shape, blocks, metadata)
        (folder / SENTENCES).write_bytes(text)
        if encoder.fitted is not None:
            components.write(folder / FITTED, encoder.fitted)
        load(folder)  # as many vectors as sentences
    return shape[0]


def _as_text(sentences):
    """The bytes of sentences.txt."""
    if not sentences:
        raise UsageError("there is no sentence to write")
    for place, sentence in enumerate(sentences):
        if "\n" in sentence:
            raise UsageError(f"sentence {place} is {sentence!r}; it must be one line")
    try:
        return "".join(f"{sentence}\n" for sentence in sentences).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"a sentence holds half of a character: {error.reason}") from error
