"""word2vec skip-gram with negative sampling. The public names are loaded on first use."""

import importlib

_HOMES = {
    "load": "vectors.saving",
    "WordVectors": "vectors.wordvectors",
    "train": "training.train",
    "Config": "config",
    "from_recipe": "config",
    "W2VError": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name == "__version__":
        value = _version()
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # so that this is asked only once
    return value


def __dir__():
    return sorted({*globals(), *__all__, "__version__"})


def _version():
    """The version in pyproject.toml, as it was installed."""
    from importlib import metadata

    try:
        return metadata.version(__name__)
    except metadata.PackageNotFoundError:
        return "0+unknown"  # run from a checkout that was never installed
