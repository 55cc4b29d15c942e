"""A folder that SentenceTransformer(path) loads: a text's vector is the mean of its words'.

modules.json: the model's only part, a StaticEmbedding. model.safetensors: its table
`embedding.weight`. tokenizer.json: how a text becomes rows of it; unknown words are row 0.
"""

import json
from pathlib import Path
from typing import Any

from w2v.config import ASCII_SPACE, UNK
from w2v.formats.targets import new_folder
from w2v.raw_text import ALONE, FOLDED, SAME, SKIPPED, word_pattern
from w2v.storage import safetensors
from w2v.tokenizing import Tokenization
from w2v.vectors.wordvectors import WordVectors

# The name that StaticEmbedding has had since it came, in version 3.2.
_KIND = "sentence_transformers.models.StaticEmbedding"


def write(wv: WordVectors, path: Path) -> None:
    with new_folder(path, {"modules.json", "model.safetensors", "tokenizer.json"}) as folder:
        modules = [{"idx": 0, "name": "0", "path": "", "type": _KIND}]
        Path(folder, "modules.json").write_text(json.dumps(modules))
        Path(folder, "tokenizer.json").write_text(json.dumps(_tokenizer(wv)))
        safetensors.write_tensors(
            Path(folder, "model.safetensors"), {"embedding.weight": wv.vectors}
        )


def _normalizer(tokenization: Tokenization) -> dict[str, Any] | None:
    """What a text goes through before it is split."""
    steps: list[dict[str, Any]] = []
    if tokenization.words:
        same = [({"String": char}, plain) for char, plain in SAME.items()]
        steps += [{"type": "NFC"}, *map(_replacing, [*same, ({"Regex": SKIPPED}, " ")])]
    if tokenization.lower:
        sigmas = [({"Regex": pattern}, by) for pattern, by in FOLDED.items()]
        steps += [*map(_replacing, sigmas), {"type": "Lowercase"}]
    return {"type": "Sequence", "normalizers": steps} if len(steps) > 1 else next(iter(steps), None)


def _replacing(pair: tuple[dict[str, str], str]) -> dict[str, Any]:
    what, by = pair
    return {"type": "Replace", "pattern": what, "content": by}


def _pre_tokenizer(tokenization: Tokenization) -> dict[str, Any]:
    """How a text is split as a corpus is: at ASCII white space, for words may hold other kinds, or
    into words.
    """
    pattern = f"[{ASCII_SPACE}]+"
    if tokenization.words:
        either = rf"[\p{{L}}\p{{N}}&&[^{ALONE}]]"
        pattern = word_pattern(either, r"[\p{L}\p{Nl}\p{No}]", r"\p{Nd}", r"\p{M}")
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Removed",
        "invert": tokenization.words,
    }


def _tokenizer(wv: WordVectors) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": _normalizer(wv.tokenization),
        "pre_tokenizer": _pre_tokenizer(wv.tokenization),
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": wv.key_to_index, "unk_token": UNK},
    }
