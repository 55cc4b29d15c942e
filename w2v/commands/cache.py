"""`w2v cache`: the texts that are kept as word numbers, so that each is read once."""

import os
import time
from collections.abc import Sequence

from w2v.commands import common, output
from w2v.errors import W2VError, counted

EPILOG = "exit status: 0 done; 1 a failure; 2 wrong usage."


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns."""
    return common.run(lambda: _run(prog, arguments))


def _run(prog: str, arguments: Sequence[str] | None) -> None:
    parser = common.Parser(
        prog=prog,
        description="List the texts that training keeps as word numbers on the disk, those used "
        "last first, or clear them away.",
        epilog=EPILOG,
    )
    from w2v.config import SETTINGS, Config

    parser.add_argument("--clear", action="store_true", help="remove all of them")
    parser.add_argument("--cache-dir", metavar="FOLDER", help=SETTINGS["cache_dir"].description)
    asked = parser.parse_args(arguments)
    with common.dying_of_interrupts():
        from w2v.text.token_cache import GB, cache_in

    cache = cache_in(Config(cache_dir=asked.cache_dir))
    if not os.path.isdir(cache.folder):
        if os.path.lexists(cache.folder):
            raise W2VError(f"{cache.folder} is no folder; name the one of --cache-dir")
        output.tell(f"{cache.folder}: there is no such folder, and no text")
        return
    entries = cache.entries()
    size = sum(entry.n_bytes for entry in entries) / GB
    total = f"{counted(len(entries), 'text')}, {size:.2f} GB"
    if asked.clear:
        cache.clear()
        output.tell(f"removed from {cache.folder}: {total}")
        return
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        output.tell(f"{entry.n_bytes / GB:8.2f} GB  {used}  {entry.describe()}")
    output.tell(f"{cache.folder}: {total}")
