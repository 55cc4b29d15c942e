"""The Model of a StaticEmbedding folder, as `w2v export --to sentence-transformers` writes it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from w2v.errors import W2VError, damaged
from w2v.sentences.batch import Batch
from w2v.sentences.components import Fitted
from w2v.sentences.extra import needed
from w2v.sentences.saved_folder import Module, is_normalized
from w2v.sentences.similarity import normalized
from w2v.sentences.sums import sums


class StaticModel:
    """A text's vector is the mean of its tokens'; see Model for the attributes.

    As in sentence-transformers, the token for unknown words counts, with its own vector.
    """

    batch_size, pooling = 4096, "mean"
    fitted: Fitted | None = None

    def __init__(self, path: Path, modules: list[Module]) -> None:
        self._is_normalized = is_normalized(modules, path, {"StaticEmbedding"})
        folder = modules[0].folder
        tokenizers, tensors = needed("tokenizers"), needed("safetensors.numpy")
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            (table,) = tensors.load_file(folder / "model.safetensors").values()
        except Exception as error:  # the Rust libraries raise plain Exceptions
            raise W2VError(f"cannot read {folder} as a StaticEmbedding: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if table.ndim != 2 or len(table) < self._tokenizer.get_vocab_size():
            what = f"{table.shape} numbers, {self._tokenizer.get_vocab_size()} tokens"
            raise damaged(folder / "model.safetensors", what)
        self._table = np.ascontiguousarray(table, np.float32)
        self._unknown = self._tokenizer.token_to_id(self._tokenizer.model.unk_token or "")
        self.vector_size = self._table.shape[1]
        self.description = f"StaticEmbedding ({len(table):,} tokens × {self.vector_size})"
        self.settings: dict[str, str] = {}

    def batches(self, sentences: Sequence[str], batch_size: int) -> Iterator[Batch]:
        for first in range(0, len(sentences), batch_size):
            block = list(sentences[first : first + batch_size])
            found = self._tokenizer.encode_batch(block, add_special_tokens=False)
            lengths = np.array([len(encoding.ids) for encoding in found], np.int64)
            rows = np.array([row for encoding in found for row in encoding.ids], np.int64)
            vectors = sums(self._table, rows, lengths)
            vectors /= np.maximum(lengths, 1)[:, None]
            if self._is_normalized:
                vectors = normalized(vectors)
            places = np.arange(first, first + len(block))
            n_known = int((rows != self._unknown).sum()) if self._unknown is not None else len(rows)
            yield Batch(places, vectors, len(rows), n_known)
