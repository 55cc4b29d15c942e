"""Print the nearest neighbours of words: `python query.py chip -k 3`."""

import argparse
import json
import sys

import w2v
from w2v import cli, runs

EPILOG = """\
With --json, one object: {"run": "runs/ptb", "results": [{"word": "chip", "neighbours":
[{"word": "microprocessor", "cosine": 0.745}, ...]}, ...]}. Words are answered in the order asked,
neighbours best first, cosines in full precision; an unknown word is left out of the results.

exit status: 0 all words answered; 1 a failure, such as an unknown word (the others are answered);
2 wrong usage; 130 interrupted."""


def main():
    return cli.run(_query)


def _query():
    asked = _parser().parse_intermixed_args()
    run = runs.last_run() if asked.run is None else asked.run
    vectors = w2v.load(run)
    status, answers = cli.OK, []
    for word in asked.words:
        try:
            answers.append((word, vectors.most_similar(word, topn=asked.k)))
        except w2v.W2VError as error:
            cli.say(error)
            status = cli.FAILURE
    if asked.json:
        _print_json(run, answers)
    else:
        _print_lines(answers, headed=len(asked.words) > 1)
    return status


def _parser():
    parser = cli.Parser(
        prog="query.py",
        description="Print the words whose vectors are nearest to a word's, by cosine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="+", metavar="WORD", help="a word of the vocabulary")
    parser.add_argument(
        "-k",
        type=_count,
        default=10,
        metavar="N",
        help="how many neighbours (default: %(default)s)",
    )
    parser.add_argument("--run", metavar="DIR", help="run folder (default: the run trained last)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, see below")
    return parser


def _count(text):
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _print_lines(answers, headed):
    """A line for each neighbour; where several words were asked, blocks headed by their word."""
    for number, (word, neighbours) in enumerate(answers):
        if headed:
            print(f"\n{word}" if number else word)
        for neighbour, cosine in neighbours:
            print(f"cosine sim={cosine:.3f}: {neighbour}")


def _print_json(run, answers):
    results = [
        {"word": word, "neighbours": [{"word": near, "cosine": cos} for near, cos in neighbours]}
        for word, neighbours in answers
    ]
    print(json.dumps({"run": str(run), "results": results}))


if __name__ == "__main__":
    sys.exit(main())
