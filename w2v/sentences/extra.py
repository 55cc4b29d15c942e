"""Packages of the extra `sentences`, imported when a model needs them."""

import importlib
from typing import Any

from w2v.errors import W2VError


def needed(name: str) -> Any:
    """The module of that name. Raises: W2VError: its package is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise W2VError(
            f"this model needs the package {package}, which cannot be imported ({error}): "
            "pip install 'w2v[sentences]'"
        ) from error
