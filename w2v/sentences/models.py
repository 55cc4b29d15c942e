"""Which kind of model a path holds, opened: nothing in its name tells, only what is there."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2v.errors import UsageError, W2VError
from w2v.files import check_path
from w2v.formats import convert
from w2v.sentences.batch import Model
from w2v.sentences.saved_folder import MODULES, modules_of
from w2v.sentences.word_model import WordModel
from w2v.storage import layout
from w2v.vectors.wordvectors import WordVectors

OF_WORDS = {"pooling", "text"}
OF_TRANSFORMERS = {"pooling", "layer", "max_length", "device", "dtype"}


def open_model(source: str | os.PathLike[str] | WordVectors, options: Mapping[str, Any]) -> Model:
    """The Model of WordVectors or a path, with the options given; raises as SentenceEncoder."""
    if isinstance(source, WordVectors):
        _refuse(options, OF_WORDS, "word vectors")
        return WordModel(source, None, **options)
    try:
        check_path(source)
    except OSError as error:
        raise UsageError(f"the model is {source!r}; {error.strerror}") from error
    path = Path(source)
    if not os.path.isdir(path) or Path(path, layout.VECTORS).exists():
        _refuse(options, OF_WORDS, "word vectors")
        return WordModel(convert.read(path), path, **options)
    modules = modules_of(path)
    if modules and modules[0].kind == "StaticEmbedding":
        from w2v.sentences.static import StaticModel

        _refuse(options, set(), "a StaticEmbedding")
        return StaticModel(path, modules)
    if not modules and not Path(path, layout.CONFIG).exists():
        raise W2VError(
            f"{path} is no run and no transformer: it holds neither {layout.VECTORS} nor "
            f"{layout.CONFIG} or {MODULES}"
        )
    from w2v.sentences.transformer import TransformerModel

    _refuse(options, OF_TRANSFORMERS, "a transformer")
    return TransformerModel(path, modules, **options)


def _refuse(options: Mapping[str, Any], allowed: set[str], what: str) -> None:
    for name in options:
        if name not in allowed:
            raise UsageError(f"{name} is given, and the model is {what}, which has no such option")
