"""`w2v plot RUN -o loss.png`: the picture of the loss, of one run or of several."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from w2v.commands import common, output, target

EPILOG = """\
A light line is the loss between two rows of metrics.csv, a mark the mean of an epoch. Of several
runs, the legend names the settings in which they differ. A run that is under way can be drawn too.

exit status: 0 written; 1 a failure, such as a folder that is no run; 2 wrong usage."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _plot(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Draw the loss of runs, with their learning rates, validation and scores.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run folder")
    target.add_flags(parser, "a .png, .svg or .pdf file")
    return parser


def _plot(asked: argparse.Namespace) -> None:
    from w2v.pictures import curves

    target.check(Path(asked.output), asked.force)
    for line in curves.write(asked.runs, asked.output):
        output.tell(f"warning: {line}", to_errors=True)
    output.tell(f"written: {asked.output}")
