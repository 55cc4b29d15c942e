"""Which runs a picture of the loss shows, and what each is called in its legend."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from w2v.errors import W2VError
from w2v.files import check_path
from w2v.pictures import drawing, looks, loss
from w2v.pictures.drawing import Drawing
from w2v.storage import layout, run_folder

# Settings that say where a run is and how it was computed, not what was learned.
_ASIDE = {"out", "data_dir", "checkpoint_every", "engine", "device", "workers", "evaluate"}


def order(metrics: Path, picture: Path) -> bytes:
    """What a Drawing is asked for: the picture, a PNG file, of one metrics.csv."""
    return drawing.order(picture, "png", "loss", runs=[("", str(metrics.absolute()))])


def write(runs: Sequence[str | os.PathLike[str]], picture: str | os.PathLike[str]) -> list[str]:
    """Draw the loss of runs into a file; of a single one, it is the picture in its folder.

    Args:
        runs: their folders.
        picture: its ending tells the format: .png, .svg or .pdf.
    Returns:
        lines that the user should see.
    Raises:
        UsageError: another ending.
        W2VError: a folder is no run, or its files are damaged; it cannot be drawn or written.
    """
    drawing.format_of(picture)
    with Drawing() as process:
        paths = [str(_metrics_of(run).absolute()) for run in runs]
        return drawing.write(
            picture, process, "loss", runs=list(zip(names(runs), paths, strict=True))
        )


def names(runs: Sequence[str | os.PathLike[str]]) -> list[str]:
    """What sets each run apart: its settings that most of the others do not share.

    One that has none, or shares all of them with another, is called by its folder.
    """
    settings = [_settings(run) for run in runs]
    named = []
    for each in settings:
        apart = [
            f"{key} {_plain(value)}"
            for key, value in each.items()
            if key not in _ASIDE
            and 2 * sum(_has(other, key, value) for other in settings) <= len(runs)
        ]
        named.append(", ".join(apart))
    seen = [looks.cut(name, loss.LONGEST_NAME) for name in named]  # two may be alike when cut
    return [
        name if name and seen.count(short) == 1 else ": ".join(filter(None, (os.fspath(run), name)))
        for name, short, run in zip(named, seen, runs, strict=True)
    ]


def _has(settings: dict[str, Any], key: str, value: Any) -> bool:
    return key in settings and settings[key] == value


def _settings(run: str | os.PathLike[str]) -> dict[str, Any]:
    """A run's settings; its text under the name that it goes by."""
    try:
        about = run_folder.described(run)
    except OSError as error:
        raise W2VError(f"cannot read {error.filename or run}: {error.strerror}") from error
    settings, corpus = about.get("settings", {}), about.get("corpus", {})
    return {**settings, "corpus": corpus.get("name")} if "name" in corpus else settings


def _metrics_of(run: str | os.PathLike[str]) -> Path:
    """The metrics.csv of a run; while it is trained for the first time, that beside its checkpoint.

    Raises: W2VError: there is none.
    """
    try:
        check_path(run)
    except OSError as error:
        raise W2VError(f"{run!r} is no run: {error.strerror}") from error
    folders = Path(run), Path(run, layout.CHECKPOINT)
    found = [path for folder in folders if os.path.lexists(path := folder / layout.METRICS)]
    if not found:
        missing = layout.METRICS if os.path.isdir(run) else "such folder"
        raise W2VError(f"{run} is no run: there is no {missing}; w2v train makes runs")
    return found[0]


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
