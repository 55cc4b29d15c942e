"""`w2v similar "a" "b"`: how similar two sentences are."""

import argparse
import math
from collections.abc import Sequence

from w2v.commands import common, encoding, output
from w2v.errors import UsageError

THRESHOLD = 0.5

EPILOG = """\
With --json, one object: {"model": "runs/ptb", "sentences": ["a", "b"], "cosine": 0.71,
"threshold": 0.5, "similar": true}.

exit status: 0 answered, whatever the verdict; 1 a failure; 2 wrong usage."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _similar(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Print the cosine of two sentences' vectors, and whether they are similar.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("sentences", nargs=2, metavar="SENTENCE", help="the two sentences, each in quotes")
    encoding.add_model_flag(parser)
    add(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="COSINE",
        help="the lowest cosine of similar sentences (default: %(default)s)",
    )
    add("--json", action="store_true", help="print one JSON object, see below")
    encoding.add_flags(parser)
    return parser


def _similar(asked: argparse.Namespace) -> None:
    if not -1 <= asked.threshold <= 1 or math.isnan(asked.threshold):
        raise UsageError(f"--threshold is {asked.threshold}; it must be between -1 and 1")
    output.check_open()
    with encoding.log_told():
        encoder = encoding.encoder_of(asked, asked.model)
        vectors, found = encoder.encode_counted(asked.sentences)
    encoding.tell_remarks(found)
    from w2v.sentences.similarity import pairwise_cos_sim

    cosine = float(pairwise_cos_sim(*vectors)[0])
    is_similar = cosine >= asked.threshold
    if asked.json:
        output.answer_json(
            {
                "model": encoder.settings["model"],
                "sentences": asked.sentences,
                "cosine": cosine,
                "threshold": asked.threshold,
                "similar": is_similar,
            }
        )
        return
    verdict = "similar" if is_similar else "not similar"
    output.answer([f"cosine sim={cosine:.3f}: {verdict} (threshold {asked.threshold:g})"])
