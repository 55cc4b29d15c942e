"""A transformer's folder: what it says of itself, and its weights and tokenizer, loaded.

Only safetensors are read, for a pickled checkpoint can run any code; no code in the folder is run
either, and nothing is asked of a network.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from w2v.errors import W2VError, damaged, shown
from w2v.sentences.extra import needed
from w2v.sentences.saved_folder import Module, is_normalized, read_json
from w2v.storage import layout

_PICKLED = ("pytorch_model*.bin", "*.bin", "*.pt", "*.pth", "*.ckpt")
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


class Described(NamedTuple):
    """folder: of weights and tokenizer.  pooling: "mean" or "cls".  max_length: tokens, if the
    folder limits them.  is_normalized: whether vectors get length 1.
    """

    folder: Path
    pooling: str
    max_length: int | None
    is_normalized: bool


class Loaded(NamedTuple):
    """network, tokenizer: of transformers.  most_tokens: that it takes of a text."""

    network: Any
    tokenizer: Any
    most_tokens: int


def described(path: Path, modules: list[Module]) -> Described:
    """What a folder says of itself: one of sentence-transformers, or a plain one without modules.

    Raises: W2VError: it has modules that are not known here, or is damaged.
    """
    if not modules:
        return Described(path, "mean", None, False)
    normalized = is_normalized(modules, path, {"Transformer", "Pooling"})
    folder, pooling = modules[0].folder, "mean"
    for module in modules:
        if module.kind == "Pooling":
            pooling = _pooling(module.folder / layout.CONFIG)
    limits = read_json(folder / "sentence_bert_config.json", missing={})
    prompts = read_json(path / "config_sentence_transformers.json", missing={})
    if prompts.get("default_prompt_name"):
        raise W2VError(f"{path} puts a prompt before each text, which is not known here")
    return Described(folder, pooling, limits.get("max_seq_length"), normalized)


def load(own: Described, needs_pooler: bool) -> Loaded:
    """The network and the tokenizer of a folder, whole.

    Raises: W2VError: a part is missing or damaged, or the weights are pickled.
    """
    folder = own.folder
    if not list(folder.glob("model*.safetensors")):
        if any(list(folder.glob(pattern)) for pattern in _PICKLED):
            raise W2VError(
                f"{folder} holds its weights as a pickle only, which can run any code and is not "
                "read; save the model again as model.safetensors"
            )
        raise W2VError(f"{folder} lacks the weights, model.safetensors")
    if not any(list(folder.glob(pattern)) for pattern in _TOKENIZERS):
        raise W2VError(f"{folder} lacks the tokenizer, tokenizer.json or vocab.txt")
    transformers = needed("transformers")
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        with _quiet(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            network, report = transformers.AutoModel.from_pretrained(
                folder, use_safetensors=True, output_loading_info=True, **local
            )
    except Exception as error:  # whatever the libraries meet in the files
        raise W2VError(f"cannot load {folder} as a transformer: {error}") from error
    _check_whole(folder, report, network, needs_pooler)
    return Loaded(network, tokenizer, _most_tokens(own, network, tokenizer))


def _pooling(path: Path) -> str:
    """The pooling that a folder of a Pooling module asks for, in the old form or the new."""
    config = read_json(path, missing={})
    if "pooling_mode" in config:
        modes = [config["pooling_mode"]]
    else:
        modes = [mode for mode, is_on in config.items() if mode.startswith("pooling_") and is_on]
    names = {"mean": "mean", "cls": "cls"}
    names |= {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if len(modes) != 1 or modes[0] not in names:
        raise W2VError(f"{path} asks for the pooling {modes}; only mean and cls are known here")
    return names[modes[0]]


def _check_whole(folder: Path, report: dict[str, Any], network: Any, needs_pooler: bool) -> None:
    missing = sorted(report["missing_keys"])
    pooler = [name for name in missing if name.startswith("pooler.")]
    if others := [name for name in missing if name not in pooler]:
        raise damaged(folder, f"{len(others)} of its weights are missing, such as {others[0]}")
    if report["mismatched_keys"]:
        raise damaged(folder, "its weights have other shapes than its config.json says")
    if needs_pooler and getattr(network, "pooler", None) is None:
        raise W2VError(f"{folder} has no pooler; ask for pooling mean or cls")
    if needs_pooler and pooler:
        logging.getLogger("w2v").warning(
            shown(
                f"{folder} has no weights of the pooler: they are random; rather take mean or cls"
            )
        )


def _most_tokens(own: Described, network: Any, tokenizer: Any) -> int:
    """The tokens of a text that the model takes, at most."""
    limits = [tokenizer.model_max_length]
    positions = getattr(network.config, "max_position_embeddings", None)
    if positions:
        table = getattr(getattr(network, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)  # RoBERTa counts from the one after it
        limits.append(positions - (0 if padding is None else padding + 1))
    if own.max_length:
        limits.append(own.max_length)
    return int(min(limits))


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """What it would say of the weights, and its bar, are said by _check_whole or by nobody."""
    theirs = transformers.utils.logging
    level, has_bar = theirs.get_verbosity(), theirs.is_progress_bar_enabled()
    theirs.set_verbosity_error()
    theirs.disable_progress_bar()
    try:
        yield
    finally:
        theirs.set_verbosity(level)
        if has_bar:
            theirs.enable_progress_bar()
