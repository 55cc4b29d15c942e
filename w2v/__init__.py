"""word2vec skip-gram with negative sampling. The public names are loaded on first use."""

import importlib
import os

TYPE_CHECKING = False  # as type checkers know it; the module `typing` takes its time to import
_HOMES = {
    "WordVectors": "vectors.wordvectors",
    "SentenceEncoder": "sentences.encoder",
    "cos_sim": "sentences.similarity",
    "pairwise_cos_sim": "sentences.similarity",
    "export": "formats.convert",
    "train": "training.train",
    "Run": "training.run",
    "Watcher": "training.watcher",
    "Config": "config",
    "from_recipe": "recipes",
    "W2VError": "errors",
    "__version__": "version",
}

__all__ = sorted([*_HOMES, "load"])

if TYPE_CHECKING:  # the same names, for those who read the code without running it
    from w2v.config import Config as Config
    from w2v.errors import W2VError as W2VError
    from w2v.formats.convert import export as export
    from w2v.recipes import from_recipe as from_recipe
    from w2v.sentences.encoder import SentenceEncoder as SentenceEncoder
    from w2v.sentences.similarity import cos_sim as cos_sim
    from w2v.sentences.similarity import pairwise_cos_sim as pairwise_cos_sim
    from w2v.training.run import Run as Run
    from w2v.training.train import train as train
    from w2v.training.watcher import Watcher as Watcher
    from w2v.vectors.wordvectors import WordVectors as WordVectors
    from w2v.version import __version__ as __version__
else:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value  # so that this is asked only once
        return value


def load(
    path: "str | os.PathLike[str]", limit: int | None = None, verify: bool | None = None
) -> "WordVectors":
    """The WordVectors of a run folder, or of a word2vec, GloVe, .npy or .safetensors file.

    Args:
        path: a run folder, whose numbers stay on disk until used, or a Run, for its folder; or a
            file of any of these formats, which its content tells.
        limit: read only the first `limit` words, 1 or more; `<unk>` does not count.
        verify: compare a whole run with its SHA-256; None does so where it takes no time.
    Raises:
        UsageError: `limit` is below 1.
        W2VError: the file or the run cannot be read, or is damaged; the message says what is wrong.
    """
    if limit is None and isinstance(path, (str, os.PathLike)) and os.path.isdir(path):
        from w2v.vectors import saving

        return saving.load(path, verify)
    from w2v.formats import convert

    return convert.read(path, limit)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
