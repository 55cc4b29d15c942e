"""The run folder: where it may be, how it is replaced, and which one was trained last."""

import contextlib
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from w2v.errors import W2VError, damaged
from w2v.files import check_path, gone, lost_link, read_file
from w2v.storage import atomic
from w2v.storage.layout import (
    CHECKPOINT,
    COMPONENTS,
    CONFIG,
    LOSS,
    METRICS,
    PHRASES,
    STATE,
    UNFINISHED,
    VECTORS,
    VOCAB,
)

RUNS = Path("runs")
LAST = RUNS / "last"  # a line of text: the folder of the run trained last

_FILES = {VECTORS, VOCAB, PHRASES, CONFIG, METRICS, LOSS, *COMPONENTS.values()}
_CHECKPOINT_FILES = (STATE, UNFINISHED, METRICS, LOSS)
_PARTS = ("corpus", "settings", "versions", "sha256")  # of config.json
_NO_CONFIG = "it is not the JSON that training writes"
_CLUTTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # left by file browsers


def default_out(name: str) -> Path:
    """The folder of a run that was given no --out: `runs/<name>`."""
    return RUNS / name


def check_out(path: str | Path) -> None:
    """Make sure, before training, that a run can be written to the folder `path`.

    A missing folder, an empty one and an earlier run are fine, and left as they are.

    Raises:
        W2VError: `path` is no folder, is the current one or a mount point (neither can be
            replaced), holds anything that is no part of a run, or cannot be written.
    """
    if what := gone():
        raise W2VError(what)
    try:
        check_path(path)
        target = _real(path)
        if reason := _unfit(path, target):
            raise W2VError(f"--out is {path}; {reason}: name another folder")
        missing = [parent for parent in target.parents if not parent.exists()]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic.staged(target):
                pass
        finally:
            for parent in missing:  # innermost first
                with contextlib.suppress(OSError):
                    parent.rmdir()
    except OSError as error:
        raise _cannot_write(path, error) from error


@contextlib.contextmanager
def replace_run(path: str | Path) -> Iterator[Path]:
    """Write a run whole, or not at all: fill the folder of `with replace_run(path) as folder:`.

    `folder` is new, empty and beside `path`. When the block ends it is flushed to the disk and
    takes the place of `path` in one step: at any moment, even if the process is killed, `path` is
    either the old run or the new one. When the block raises, the old run stays as it was.

    Should `path` have become unfit meanwhile, the new run is kept beside it and the error says
    where: hours of training are not thrown away over a stray file.

    Raises:
        W2VError: the folder cannot be written (the disk is full, say), or see `check_out`.
    """
    target = _real(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # leftovers must not stop a run
            atomic.sweep(target)
        with atomic.staged(target) as staging:
            yield staging
            atomic.flush_tree(staging)
            _install(staging, path, target)
    except OSError as error:
        raise _cannot_write(path, error) from error


def remember(path: str | Path) -> None:
    """Note in `runs/last`, in the current folder, that `path` is the run trained last.

    Raises:
        W2VError: `runs/last` cannot be written.
    """
    try:
        check_path(LAST)
        target, here = _real(path), Path.cwd()
        if target.is_relative_to(here):
            target = target.relative_to(here)  # so that the project can move
        RUNS.mkdir(exist_ok=True)
        atomic.write(LAST, os.fsencode(target) + b"\n")
    except OSError as error:
        raise _cannot_write(LAST, error) from error


def last_run() -> Path:
    """The folder of the run that was trained last from the current folder.

    Raises:
        W2VError: there is none, or it is gone.
    """
    remedy = "train one with w2v train (or train.py), or name one with --run"
    try:
        run = Path(os.fsdecode(read_file(LAST).removesuffix(b"\n")))
    except FileNotFoundError as error:
        raise W2VError(f"no run was trained from this folder yet; {remedy}") from error
    except OSError as error:
        raise W2VError(f"cannot read {LAST}: {error.strerror}; {remedy}") from error
    if not os.path.isdir(run):  # unlike Path.is_dir, also where no name is so long
        raise W2VError(f"the run trained last, {run}, is gone; {remedy}")
    return run


def described(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the config.json of a run says: corpus, settings, versions, sha256; {} without one.

    Raises:
        W2VError: it is damaged.
        OSError: it cannot be read.
    """
    config = Path(path, CONFIG)
    try:
        about = json.loads(read_file(config).decode())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise damaged(config, _NO_CONFIG) from error
    if not (isinstance(about, dict) and all(isinstance(about.get(k, {}), dict) for k in _PARTS)):
        raise damaged(config, _NO_CONFIG)
    return about


def _real(path: str | Path) -> Path:
    """The folder itself where `path` is a link to it: a link is never what gets replaced."""
    return Path(os.path.realpath(path))


def _cannot_write(path: str | Path, error: OSError) -> W2VError:
    return W2VError(f"cannot write {path}: {error.strerror or error}")


def _unfit(path: str | Path, target: Path) -> str | None:
    """Why no run may be put at `target`, or None; writing there is tried elsewhere."""
    if target == _real(LAST):
        return "that file tells which run was trained last"
    if missing := _missing_before_dots(path):
        return f"{missing} is no folder"
    if lost := lost_link(path):
        return lost
    nearest = next((parent for parent in target.parents if parent.exists()), target)
    if not nearest.is_dir():
        return f"{nearest} is no folder"
    for parent in target.parents:
        if (parent / VECTORS).exists() and (parent / VOCAB).exists():
            return f"that is inside the run {parent}, which training replaces"
    if not os.path.lexists(target):
        return None
    if not target.is_dir():
        return "that is no folder"
    if target == Path.cwd() or os.path.ismount(target):
        return "the current folder and mount points cannot be replaced, a folder inside one can"
    if not os.access(target, os.W_OK | os.X_OK):
        return "that folder is read-only"
    entries = sorted(set(os.listdir(target)) - _CLUTTER)
    for name in entries:
        if not _is_part(target, name):
            return f"it holds {name}, which is no part of a run and would be lost"
    if entries and not {VECTORS, CHECKPOINT} & set(entries):
        return f"it holds {entries[0]} but no {VECTORS}, so it is no run and would be lost"
    return None


def _is_part(run: Path, name: str) -> bool:
    """Whether an entry of a run folder is its own, or what is left of writing that."""
    if name == CHECKPOINT:
        return _is_checkpoint(run / name)
    return name in _FILES or any(atomic.is_staging(name, known) for known in COMPONENTS.values())


def _missing_before_dots(path: str | Path) -> Path | None:
    """The part of `missing/../r2` that must be a folder for the `..` after it, and is none."""
    parts = Path(path).parts
    before = (Path(*parts[:i]) for i, part in enumerate(parts) if part == ".." and i)
    return next((folder for folder in before if not folder.is_dir()), None)


def _is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds nothing but our own files, or what is left of writing them."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return all(
        any(name == known or atomic.is_staging(name, known) for known in _CHECKPOINT_FILES)
        and (folder / name).is_file()
        for name in set(os.listdir(folder)) - _CLUTTER
    )


def _install(staging: Path, path: str | Path, target: Path) -> None:
    """Put the new run at `target`; where that fails, keep it beside and raise W2VError."""
    try:
        check_out(path)
        atomic.swap(staging, target)
    except (OSError, W2VError) as error:
        rescued = next(
            kept
            for number in itertools.count(2)
            if not os.path.lexists(kept := target.with_name(f"{target.name}-{number}"))
        )
        staging.rename(rescued)
        reason = error if isinstance(error, W2VError) else _cannot_write(path, error)
        raise W2VError(f"{reason} (the new run is whole, and kept as {rescued})") from error
