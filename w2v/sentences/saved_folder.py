"""A folder that sentence-transformers saved: which modules a text goes through, one by one."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from w2v.errors import W2VError, damaged
from w2v.files import read_file

MODULES = "modules.json"


class Module(NamedTuple):
    """kind: the name of its class, such as Pooling.  folder: of its own files."""

    kind: str
    folder: Path


def modules_of(path: Path) -> list[Module]:
    """The modules of a folder, in order; none where it is no folder of sentence-transformers.

    Raises: W2VError: modules.json is damaged.
    """
    found = read_json(path / MODULES, missing=[])
    try:
        named = [(entry["type"].rpartition(".")[2], entry["path"]) for entry in found]
        return [Module(kind, path / folder) for kind, folder in named]
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(
            path / MODULES, "it does not list modules, each with type and path"
        ) from error


def is_normalized(modules: list[Module], path: Path, known: set[str]) -> bool:
    """Whether the last module gives vectors length 1. Raises: W2VError: a module is not `known`."""
    for module in modules:
        if module.kind not in known | {"Normalize"}:
            raise W2VError(
                f"{path} has a module {module.kind}, which is not known here; "
                f"there are {', '.join(sorted(known))} and Normalize"
            )
    return any(module.kind == "Normalize" for module in modules)


def read_json(path: Path, missing: Any) -> Any:
    """What a JSON file holds; `missing` without it. Raises: W2VError: it cannot be read."""
    try:
        return json.loads(read_file(path))
    except FileNotFoundError:
        return missing
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, "it is no JSON") from error
