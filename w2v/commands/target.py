"""The file that a command writes: what is there already is never lost without being asked."""

import argparse
import os
from pathlib import Path

from w2v.errors import W2VError
from w2v.formats.targets import refuse_stream


def add_flags(parser: argparse.ArgumentParser, kinds: str) -> None:
    """Give a parser -o and --force; `kinds` says what the file may be."""
    parser.add_argument("-o", "--output", required=True, metavar="PATH", help=f"{kinds} to write")
    parser.add_argument("--force", action="store_true", help="replace PATH if it is there already")


def check(target: Path, force: bool) -> None:
    """Raises: W2VError: it is there and not to be replaced, or is what the program prints to."""
    refuse_stream(target)
    if not force and _is_there(target):
        raise W2VError(f"{target} is there already; --force replaces it, or name another path")


def _is_there(target: Path) -> bool:
    """Whether anything would be lost; an empty folder is nothing."""
    return os.path.lexists(target) and not (target.is_dir() and not os.listdir(target))
