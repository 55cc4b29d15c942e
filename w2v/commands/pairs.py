"""`w2v pairs out/`: the most similar pairs of stored sentences."""

import argparse
from collections.abc import Sequence

from w2v.commands import common, output
from w2v.commands.query import TOPN, count

EPILOG = """\
With --json, one object: {"folder": "out", "pairs": [{"lines": [3, 8], "sentences": ["...", "..."],
"cosine": 0.93}, ...]}, best first. `lines` are those of sentences.txt, from 1.

exit status: 0 answered; 1 a failure; 2 wrong usage."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _pairs(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Print the pairs of sentences of a folder of `w2v embed` that are most alike, "
        "by cosine: of all pairs, exactly.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", metavar="FOLDER", help="what `w2v embed` wrote")
    add("-k", type=count, default=TOPN, metavar="N", help="how many (default: %(default)s)")
    add("--json", action="store_true", help="print JSON, see below")
    return parser


def _pairs(asked: argparse.Namespace) -> None:
    with common.dying_of_interrupts():
        from w2v.sentences import embeddings

    output.check_open()
    stored = embeddings.load(asked.folder)
    found = stored.pairs(asked.k)
    sentences = [[stored.sentences[row] for row in pair[1:]] for pair in found]
    if asked.json:
        pairs = [
            {"lines": [pair.one + 1, pair.other + 1], "sentences": both, "cosine": pair.cosine}
            for pair, both in zip(found, sentences, strict=True)
        ]
        output.answer_json({"folder": asked.folder, "pairs": pairs})
        return
    for pair, (one, other) in zip(found, sentences, strict=True):
        output.answer([f"cosine sim={pair.cosine:.3f}: {one} | {other}"])
