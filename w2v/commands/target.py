"""The file that a command writes: what is there already is never lost without being asked."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from w2v.errors import UsageError, W2VError
from w2v.formats.targets import refuse_stream


def add_flags(parser: argparse.ArgumentParser, kinds: str, default: str | None = None) -> None:
    """Give a parser -o and --force; `kinds` says what the file may be, `default` what it is."""
    what = f"{kinds} to write" + (f" (default: {default})" if default else "")
    parser.add_argument(
        "-o", "--output", default=default, required=default is None, metavar="PATH", help=what
    )
    parser.add_argument("--force", action="store_true", help="replace PATH if it is there already")


def check(target: Path, force: bool, sources: Iterable[Path] = ()) -> None:
    """Make sure, before the work begins, that nothing is lost when the target is written.

    Raises:
        UsageError: it is one of the sources.
        W2VError: it is there and not to be replaced, or is what the program prints to.
    """
    if any(_is_same(source, target) for source in sources):
        raise UsageError(f"{target} is what is read; name another path to write to")
    refuse_stream(target)
    if not force and _is_there(target):
        raise W2VError(f"{target} is there already; --force replaces it, or name another path")


def _is_there(target: Path) -> bool:
    """Whether anything would be lost; an empty folder is nothing."""
    return os.path.lexists(target) and not (target.is_dir() and not os.listdir(target))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there, or no name can be like that
        return False
