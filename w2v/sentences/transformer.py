"""The Model of a transformer in a local folder: its hidden states, pooled in plain torch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2v.errors import UsageError
from w2v.sentences import transformer_folder
from w2v.sentences.batch import Batch
from w2v.sentences.components import Fitted
from w2v.sentences.extra import needed
from w2v.sentences.saved_folder import Module

if TYPE_CHECKING:
    import torch

POOLINGS = ("mean", "cls", "pooler")
_TOKENIZED = 1024  # sentences whose tokens are held at a time
DTYPES = ("float32", "float16", "bfloat16")


class TransformerModel:
    """Sentences' vectors from a transformer; see Model for the attributes.

    mean:   of the hidden states of all tokens but padding, [CLS] and [SEP] too.
    cls:    the first token's hidden state.
    pooler: what the model itself makes of that; always of the last layer.

    The vectors equal those of sentence-transformers. Differs: an empty sentence has the vector 0.
    """

    batch_size = 32
    fitted: Fitted | None = None

    def __init__(
        self,
        path: Path,
        modules: list[Module],
        pooling: str | None = None,
        layer: int | None = None,
        max_length: int | None = None,
        device: str | None = None,
        dtype: str = DTYPES[0],
    ) -> None:
        torch = needed("torch")
        self._torch = torch
        own = transformer_folder.described(path, modules)
        self.pooling = pooling or own.pooling
        if self.pooling not in POOLINGS:
            raise UsageError(
                f"pooling is {self.pooling!r}; of a transformer it must be one of "
                f"{', '.join(POOLINGS)}"
            )
        self._is_normalized = own.is_normalized
        self._device = _device(torch, device)
        if dtype not in DTYPES or (dtype != DTYPES[0] and self._device.type == "cpu"):
            allowed = DTYPES[0] if self._device.type == "cpu" else " or ".join(DTYPES)
            raise UsageError(f"dtype is {dtype!r}; on {self._device} it must be {allowed}")
        loaded = transformer_folder.load(own, needs_pooler=self.pooling == "pooler")
        self._tokenizer = loaded.tokenizer
        self._network = loaded.network.to(self._device, getattr(torch, dtype)).eval()
        self.vector_size = loaded.network.config.hidden_size
        n_layers = loaded.network.config.num_hidden_layers
        self._layer = _within("layer", n_layers if layer is None else layer, 0, n_layers)
        if self.pooling == "pooler" and self._layer != n_layers:
            raise UsageError(f"layer is {layer}; pooler is of the last layer, {n_layers}")
        n_special = self._tokenizer.num_special_tokens_to_add()
        most = loaded.most_tokens
        asked = most if max_length is None else max_length
        self._max_length = _within("max_length", asked, n_special + 1, most)
        self.description = (
            f"transformer ({loaded.network.config.model_type}, layer {self._layer} of {n_layers}, "
            f"{self.pooling}, up to {self._max_length} tokens)"
        )
        options = {"pooling": pooling, "layer": layer, "max_length": max_length}
        self.settings: dict[str, Any] = {k: v for k, v in options.items() if v is not None}

    def batches(self, sentences: Sequence[str], batch_size: int) -> Iterator[Batch]:
        """Yield Batches of sentences of about one length, the longest first: if one does not fit
        into memory, it is the first."""
        full = [place for place, sentence in enumerate(sentences) if sentence.strip()]
        empty = np.array(sorted(set(range(len(sentences))) - set(full)), np.int64)
        yield Batch(empty, np.zeros((len(empty), self.vector_size), np.float32), 0, 0)
        lengths = self._lengths([sentences[place] for place in full])
        order = np.argsort(-lengths, kind="stable")
        for first in range(0, len(order), batch_size):
            chosen = order[first : first + batch_size]
            places = np.array([full[number] for number in chosen], np.int64)
            vectors, n_tokens = self._vectors([sentences[place] for place in places])
            n_truncated = int((lengths[chosen] > self._max_length).sum())
            yield Batch(places, vectors, n_tokens, n_tokens, n_truncated)

    def _lengths(self, sentences):
        """(n,) int64, the tokens of each sentence, before any is cut."""
        lengths: list[int] = []
        for first in range(0, len(sentences), _TOKENIZED):
            part = sentences[first : first + _TOKENIZED]
            ids = self._tokenizer(part, truncation=False, verbose=False)["input_ids"]
            lengths += map(len, ids)
        return np.array(lengths, np.int64)

    def _vectors(self, sentences):
        """(n, D) float32, and how many tokens were read."""
        torch = self._torch
        tokens = self._tokenizer(
            sentences,
            padding=True,
            truncation=True,
            max_length=self._max_length,
            return_tensors="pt",
        ).to(self._device)
        with torch.inference_mode():
            output = self._network(**tokens, output_hidden_states=True, return_dict=True)
            if self.pooling == "pooler":
                vectors = output.pooler_output
            else:
                states = output.hidden_states[self._layer]  # (n, L, D)
                vectors = POOL[self.pooling](states, tokens["attention_mask"])
        vectors = vectors.float()
        if self._is_normalized:
            vectors = torch.nn.functional.normalize(vectors)
        return vectors.cpu().numpy(), int(tokens["attention_mask"].sum())


def mean_of_tokens(states: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """The mean over each sentence's tokens.

    Args:
        states: (n, L, D).  mask: (n, L), 1 for a token, 0 for padding.
    Returns:
        (n, D) float32.
    """
    mask = mask.unsqueeze(-1).float()  # (n, L, 1)
    return (states.float() * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


def first_token(states: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """(n, D), the hidden state of each sentence's first token; padding is at the end."""
    return states[:, 0]


POOL = {"mean": mean_of_tokens, "cls": first_token}


def _device(torch: Any, name: str | None) -> "torch.device":
    """The device of that name, or the best there is. Raises: UsageError: it is not there."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device is {name!r}, which is not here: {error}") from error
    return device


def _within(name: str, value: int, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"{name} is {value!r}; of this model it must be {low} to {high}")
    return value
