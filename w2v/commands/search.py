"""`w2v search out/ "query"`: the stored sentences nearest to a query."""

import argparse
from collections.abc import Sequence

from w2v.commands import common, encoding, output
from w2v.commands.query import TOPN, count

EPILOG = """\
With --json, one object for each query: {"folder": "out", "query": "...", "results": [{"line": 12,
"sentence": "...", "cosine": 0.81}, ...]}, best first. `line` is that of sentences.txt, from 1.

exit status: 0 all queries answered; 1 a failure, such as a query without a known word; 2 wrong
usage."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _search(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Print the sentences of a folder of `w2v embed` that are nearest to a query, "
        "by cosine, exactly. The model that made the folder encodes the query.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", metavar="FOLDER", help="what `w2v embed` wrote")
    add("queries", nargs="+", metavar="QUERY", help="a sentence, in quotes")
    add("-k", type=count, default=TOPN, metavar="N", help="how many (default: %(default)s)")
    add("--json", action="store_true", help="print JSON, see below")
    return parser


def _search(asked: argparse.Namespace) -> int:
    with common.dying_of_interrupts():
        from w2v.sentences import embeddings

    output.check_open()
    stored = embeddings.load(asked.folder)
    encoding.stay_offline()
    with encoding.log_told():
        vectors, _ = stored.encoder().encode_counted(asked.queries)
    status = common.OK
    for query, near in zip(asked.queries, stored.search(vectors, asked.k), strict=True):
        if not near:
            common.say(f"{query!r} has the vector 0, so it has no direction; ask with known words")
            status = common.FAILURE
        if asked.json:
            results = [
                {"line": row + 1, "sentence": stored.sentences[row], "cosine": cosine}
                for row, cosine in near
            ]
            output.answer_json({"folder": asked.folder, "query": query, "results": results})
            continue
        head = [query] if len(asked.queries) > 1 else []
        lines = [f"cosine sim={cosine:.3f}: {stored.sentences[row]}" for row, cosine in near]
        if head + lines:
            output.answer(head + lines)
    return status
