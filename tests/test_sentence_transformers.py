"""The folder that sentence-transformers loads."""

import json

import numpy as np
import pytest
import safetensors.torch
import tokenizers
import torch

from test_convert import WORDS, vectors_of
from w2v.config import UNK
from w2v.formats import convert
from w2v.vectors.saving import save_vectors

TEXTS = {
    "the 日本 naïve": ["the", "日本", "naïve"],
    "the\tthe\n  😀\r\n": ["the", "the", "😀"],
    "e\u0301 שלום a\u00a0b \u3000 \u2028 5": WORDS[5:],
    "the unheard-of The, the": ["the", UNK, UNK, "the"],
    "the": ["the"],
    "unheard-of": [UNK],
}


@pytest.fixture
def model(tmp_path):
    """A sentence-transformers folder, and the means that its model is to give for TEXTS."""
    table = np.random.default_rng(0).standard_normal((len(WORDS), 40)).astype(np.float32)
    table[0] = 0
    convert.export(vectors_of(WORDS, table), "sentence-transformers", tmp_path / "model")
    means = [table[[WORDS.index(word) for word in words]].mean(axis=0) for words in TEXTS.values()]
    return tmp_path / "model", means


def test_sentence_transformers_folder_has_the_parts_of_a_static_embedding(model):
    folder, means = model
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.get_vocab() == {word: number for number, word in enumerate(WORDS)}
    tables = safetensors.torch.load_file(folder / "model.safetensors")
    bag = torch.nn.EmbeddingBag.from_pretrained(tables.pop("embedding.weight"))
    assert not tables
    for text, mean in zip(TEXTS, means, strict=True):
        found = bag(torch.tensor([tokenizer.encode(text, add_special_tokens=False).ids]))
        np.testing.assert_allclose(found[0], mean, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize("lower", [False, True])
def test_tokenizer_folds_case_as_training_did(tmp_path, lower, limit):
    table = np.eye(3, dtype=np.float32)
    (tmp_path / "run").mkdir()
    save_vectors(tmp_path / "run", [UNK, "été", "the"], [0, 2, 1], table, table)
    (tmp_path / "run" / "config.json").write_text(json.dumps({"settings": {"lower": lower}}))
    wv = convert.read(tmp_path / "run", limit)
    convert.export(wv, "sentence-transformers", tmp_path / "model")
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))
    assert tokenizer.encode("ÉTÉ été").ids == ([1, 1] if lower else [0, 1])


def test_sentence_transformers_gives_the_mean_of_our_vectors(model, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library = pytest.importorskip(
        "sentence_transformers", reason="sentence-transformers is in the interop extra"
    )
    folder, means = model
    loaded = library.SentenceTransformer(str(folder), device="cpu")
    np.testing.assert_allclose(loaded.encode(list(TEXTS)), means, rtol=1e-5, atol=1e-7)
    assert not loaded.encode([""]).any()
