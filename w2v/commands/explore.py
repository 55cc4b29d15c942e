"""`w2v explore RUN -o explore.html`: a page with all words, to look at in a browser."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from w2v.commands import common, output, target
from w2v.errors import UsageError, counted
from w2v.formats import convert
from w2v.pictures import explorer

OUT = "explore.html"

EPILOG = f"""\
The page needs no network and no server: open it from a disk or a mail, in any browser of 2023 or
newer. It holds every word as a point of a map (PCA of the vectors at length 1), the
{explorer.NEIGHBOURS} neighbours of each, exact, and the vectors rounded to 8 bits a number, for
analogies and axes. Finding the neighbours of 100,000 words takes some minutes."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _explore(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Write one HTML page that shows the words of a run, or of any file of vectors, "
        "on a map, with their neighbours, analogies and axes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", metavar="RUN", help="run folder; or word2vec, GloVe, .npy or .safetensors file"
    )
    target.add_flags(parser, "page", OUT)
    parser.add_argument(
        "--limit",
        type=int,
        default=explorer.MOST_WORDS,
        metavar="N",
        help=f"only the first N words (default, and at most: {explorer.MOST_WORDS})",
    )
    return parser


def _explore(asked: argparse.Namespace) -> None:
    if not 1 <= asked.limit <= explorer.MOST_WORDS:
        allowed = f"between 1 and {explorer.MOST_WORDS}, as many as a page holds"
        raise UsageError(f"--limit is {asked.limit}; it must be {allowed}")
    page = Path(asked.output)
    target.check(page, asked.force, convert.files_read(asked.source))
    with common.dying_of_interrupts():
        from tqdm import tqdm

    wv = convert.read(asked.source, asked.limit)
    title = Path(os.path.abspath(asked.source)).name
    with tqdm(total=len(wv) - 1, desc="neighbours", disable=None, leave=False) as bar:
        size = explorer.write(wv, page, title, bar.update)
    words = f"{counted(len(wv) - 1, 'word')} × {wv.vector_size}, beside <unk>"
    what = f"{words}; {size / 1e6:.1f} MB"
    output.tell(f"written: {page} ({what}); open it in a browser")
