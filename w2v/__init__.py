"""word2vec skip-gram with negative sampling. The public names are loaded on first use."""

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "load": "vectors.saving",
    "WordVectors": "vectors.wordvectors",
    "train": "training.train",
    "Config": "config",
    "from_recipe": "config",
    "W2VError": "errors",
    "__version__": "version",
}

__all__ = sorted(_HOMES)

if TYPE_CHECKING:  # the same names, for those who read the code without running it
    from w2v.config import Config as Config
    from w2v.config import from_recipe as from_recipe
    from w2v.errors import W2VError as W2VError
    from w2v.training.train import train as train
    from w2v.vectors.saving import load as load
    from w2v.vectors.wordvectors import WordVectors as WordVectors
    from w2v.version import __version__ as __version__
else:

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value  # so that this is asked only once
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
