"""`w2v cache`: the texts that are kept as word numbers, so that each is read once."""

import time
from collections.abc import Sequence
from pathlib import Path

from w2v.commands import common, output

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
    from w2v.config import SETTINGS

    parser.add_argument("--clear", action="store_true", help="remove all of them")
    parser.add_argument("--cache-dir", metavar="FOLDER", help=SETTINGS["cache_dir"].description)
    asked = parser.parse_args(arguments)
    with common.dying_of_interrupts():
        from w2v.text.token_cache import GB, TokenCache, default_folder

    cache = TokenCache(Path(asked.cache_dir or default_folder()), most_bytes=0)
    entries = cache.entries()
    total = f"{len(entries)} texts, {sum(entry.n_bytes for entry in entries) / GB:.2f} GB"
    if asked.clear:
        cache.clear()
        output.tell(f"removed from {cache.folder}: {total}")
        return
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        output.tell(f"{entry.n_bytes / GB:8.2f} GB  {used}  {entry.describe()}")
    output.tell(f"{cache.folder}: {total}")
