"""A folder that SentenceTransformer(path) loads: a text's vector is the mean of its words'.

modules.json: the model's only part, a StaticEmbedding. model.safetensors: its table
`embedding.weight`. tokenizer.json: how a text becomes rows of it; unknown words are row 0.
"""

import json
from pathlib import Path
from typing import Any

from w2v.config import ASCII_SPACE, UNK
from w2v.formats.targets import new_folder
from w2v.storage import safetensors
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


def _tokenizer(wv: WordVectors) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"} if wv.is_lower else None,
        # As a corpus is split: at ASCII white space, for words may hold other kinds.
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": f"[{ASCII_SPACE}]+"},
            "behavior": "Removed",
            "invert": False,
        },
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": wv.key_to_index, "unk_token": UNK},
    }
