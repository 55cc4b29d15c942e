"""`w2v evaluate`: scores of word vectors, as a table or as JSON."""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from w2v.commands import common, encoding, output
from w2v.errors import UsageError
from w2v.evaluation import testsets
from w2v.evaluation.analogies import METHODS, find_questions, score_analogies, total
from w2v.evaluation.correlation import FEW, correlate
from w2v.evaluation.lookup import RESTRICT_VOCAB
from w2v.evaluation.pairs import find_pairs, score_pairs
from w2v.evaluation.sentence_pairs import SentencePairs, read_sentence_pairs
from w2v.evaluation.testsets import Analogies, Pairs
from w2v.formats import convert
from w2v.sentences.encoder import SentenceEncoder
from w2v.sentences.similarity import pairwise_cos_sim
from w2v.vectors.wordvectors import WordVectors

DESCRIPTION = f"""\
Score word vectors by how well their cosines agree with people's ratings of word pairs, and by the
analogies that they solve. Letter case does not matter; only pairs and questions count whose words
are all among the first {RESTRICT_VOCAB:,} of the vocabulary. So the scores equal gensim's."""

EPILOG = """\
A file of pairs has a line `word word score` for each, separated by tabs, commas or spaces, and may
have a header; a file of analogies has lines `: section`, and lines `a b c d`: a is to b as c is to
d. Blank lines, and lines that begin with #, are skipped. A file for --sts is a CSV or TSV of two
sentences and a score, perhaps with a header; RUN may then be a transformer's folder, too. All of
its pairs count: a sentence without a known word has the cosine 0 with any other.

With --json, one object: {"run": "runs/ptb", "pairs": [{"file": "wordsim353.tsv", "pairs": 353,
"covered": 214, "spearman": {"value": 0.31, "low": 0.18, "high": 0.42}, "pearson": {...}}, ...],
"analogies": [{"file": "questions-words.txt", "method": "3cosadd", "sections": [{"section":
"family", "questions": 506, "covered": 90, "correct": 9, "accuracy": 0.1}, ...], "total":
{"questions": 19544, "covered": ..., "correct": ..., "accuracy": ...}}, ...], "sts": [{"file":
"sts-dev.csv", "pooling": "sif", "pairs": 1500, "covered": 1500, "words": 32647, "known": 27588,
"spearman": {...}, "pearson": {...}}, ...]}. `low` and `high` are
the bounds of a 95 % bootstrap interval over the pairs that count. What is not defined is null: a
correlation of fewer than two pairs, or of equal numbers; an interval of fewer than three pairs; an
accuracy where no question is covered. An interval of fewer than 20 pairs says little.

exit status: 0 scored; 1 a failure, such as a line that cannot be read; 2 wrong usage."""

_MEASURES = ("spearman", "pearson")
_CORRELATED = f"{'covered':>13}  {'Spearman, 95 % interval':26}{'Pearson, 95 % interval':26}"


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _evaluate(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("vectors", metavar="RUN", help="a run folder, or word vectors in a file")
    files: dict[str, Any] = {"nargs": "+", "action": "extend", "default": [], "metavar": "FILE"}
    parser.add_argument("--pairs", **files, help="files of word pairs that people have rated")
    parser.add_argument("--analogies", **files, help="files of analogies")
    parser.add_argument("--sts", **files, help="files of sentence pairs that people have rated")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default=METHODS[0],
        help="how analogies are answered (default: %(default)s)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N words")
    parser.add_argument("--json", action="store_true", help="print one JSON object, see below")
    encoding.add_flags(parser)
    return parser


def _evaluate(asked: argparse.Namespace) -> None:
    if not asked.pairs + asked.analogies + asked.sts:
        raise UsageError(
            "there is nothing to score with; give --pairs, --analogies or --sts, and files"
        )
    if asked.sts and asked.limit is not None:
        raise UsageError("--limit is for --pairs and --analogies; --sts takes all words")
    output.check_open()
    pairs = [testsets.read_pairs(path) for path in asked.pairs]
    analogies = [testsets.read_analogies(path) for path in asked.analogies]
    sts = [read_sentence_pairs(path) for path in asked.sts]
    answer: dict[str, Any] = {"run": asked.vectors, "pairs": [], "analogies": [], "sts": []}
    if pairs or analogies:
        wv = convert.read(asked.vectors, asked.limit)
        answer["pairs"] = [_pairs(testset, wv) for testset in pairs]
        answer["analogies"] = [_analogies(testset, wv, asked.method) for testset in analogies]
    if sts:
        with encoding.log_told():
            encoder = encoding.encoder_of(asked, asked.vectors)
        answer["sts"] = [_sts(testset, encoder) for testset in sts]
    if asked.json:
        output.answer_json(answer)
        return
    for line in _table(answer):
        output.tell(line)


def _pairs(pairs: Pairs, wv: WordVectors) -> dict[str, Any]:
    known = find_pairs(pairs, wv.index_to_key)
    measured = zip(_MEASURES, score_pairs(known, wv.vectors), strict=True)
    return {
        "file": pairs.path,
        "pairs": known.total,
        "covered": len(known.rows),
        **{name: dict(vars(correlation)) for name, correlation in measured},
    }


def _analogies(analogies: Analogies, wv: WordVectors, method: str) -> dict[str, Any]:
    known = find_questions(analogies, wv.index_to_key)
    sections = score_analogies(known, wv.vectors, method)
    rows = [{**vars(s), "accuracy": s.accuracy} for s in (*sections, total(sections))]
    del rows[-1]["section"]
    return {
        "file": analogies.path, "method": method, "sections": rows[:-1], "total": rows[-1],
    }  # fmt: skip


def _sts(testset: SentencePairs, encoder: SentenceEncoder) -> dict[str, Any]:
    vectors, found = encoder.encode_counted([*testset.one, *testset.other])
    one, other = np.split(vectors, 2)
    cosines = pairwise_cos_sim(one, other).astype(np.float64)
    measured = zip(_MEASURES, correlate(testset.scores, cosines), strict=True)
    return {
        "file": testset.path,
        "pooling": encoder.pooling,
        "pairs": len(cosines),
        "covered": int((one.any(axis=1) & other.any(axis=1)).sum()),
        "words": found.words,
        "known": found.known,
        **{name: dict(vars(correlation)) for name, correlation in measured},
    }


def _table(answer: dict[str, Any]) -> Iterator[str]:
    """The lines of the table for people."""
    if answer["pairs"]:
        yield _CORRELATED + "pairs"
    for row in answer["pairs"]:
        yield _correlated(row, row["file"])
        if row["covered"] < 2:
            yield f"{'':15}fewer than two pairs are in the vocabulary: no correlation"
        elif row["covered"] < FEW:
            yield f"{'':15}of so few pairs ({row['covered']}), neither value nor interval says much"
    if answer["pairs"] and answer["analogies"]:
        yield ""
    if answer["analogies"]:
        method = answer["analogies"][0]["method"]
        yield f"{'covered':>13}  {'correct':>7}  accuracy  analogies ({method})"
    for result in answer["analogies"]:
        for row in result["sections"]:
            yield _section(row, f"  {row['section']}")
        yield _section(result["total"], result["file"])
        if not result["total"]["covered"]:
            yield f"{'':15}no question is in the vocabulary: no accuracy"
    if answer["sts"] and (answer["pairs"] or answer["analogies"]):
        yield ""
    if answer["sts"]:
        yield _CORRELATED + "sentence pairs"
    for row in answer["sts"]:
        share = row["known"] / max(row["words"], 1)
        yield _correlated(row, f"{row['file']} ({row['pooling']}; {share:.1%} of words known)")


def _correlated(row: dict[str, Any], name: str) -> str:
    shown = "".join(f"{_correlation(row[measure]):26}" for measure in _MEASURES)
    return f"{row['covered']:>6}/{row['pairs']:<6}  {shown}{name}"


def _correlation(measure: dict[str, float | None]) -> str:
    value, low, high = measure["value"], measure["low"], measure["high"]
    if value is None:
        return "none"
    return f"{value:+.3f}" + ("" if low is None else f"  {low:+.3f} to {high:+.3f}")


def _section(row: dict[str, Any], name: str) -> str:
    accuracy = "none" if row["accuracy"] is None else f"{row['accuracy']:.3f}"
    return f"{row['covered']:>6}/{row['questions']:<6}  {row['correct']:>7}  {accuracy:>8}  {name}"
