"""`w2v query`: the words nearest to a word, and other questions."""

import argparse
import io
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import w2v
from w2v.commands import common, output
from w2v.commands.bars import lines_with_bars
from w2v.commands.questions import FLAGS, Question, as_lines, name_of, parse_line, parse_words
from w2v.config import ASCII_SPACE
from w2v.errors import UsageError

TOPN = 10  # answers, unless -k says otherwise
_MARK = "\0"  # before a word that is protected by `--`: no argument can hold it

EPILOG = """\
Without a word, at a terminal: a prompt, where ? helps. Without a word, from a pipe or a file: each
line of the standard input is answered as those words would be here, at once, flags --minus,
--among, --similarity and --odd-one-out too; blank lines are skipped; a line that cannot be answered
gets an error on the standard error, and the status at the end is 1. What follows -- are words,
even --json; a line that begins with -- has words only.

With --json, one object a line, for every line from a pipe too:
  {"run": "runs/ptb", "results": [...]}             with --vectors, "vectors" in place of "run"
and in the results, one for each question that could be answered, in the order asked:
  {"word": "chip", "neighbours": [{"word": "microprocessor", "cosine": 0.745}, ...]}
  {"words": ["king", "woman"], "minus": ["man"], "neighbours": [...]}
  {"word": "chip", "among": ["soap", "intel"], "neighbours": [...]}
  {"words": ["chip", "intel"], "cosine": 0.74}      --similarity
  {"words": ["chip", "intel", "soap"], "odd_one_out": "soap"}
Neighbours are best first, cosines in full precision; an unknown word is left out of the results.

At a terminal each neighbour has a bar; a pipe or a file gets lines `cosine sim=0.745: word`.

exit status: 0 all words answered; 1 a failure, such as an unknown word (the others are answered);
2 wrong usage; 130 interrupted; 141 nobody reads the output any more (| head)."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _query(prog, arguments))


def _query(prog: str, arguments: Sequence[str] | None) -> int:
    asked = _parsed(_parser(prog), sys.argv[1:] if arguments is None else arguments)
    flags = {name: getattr(asked, name) for name in map(name_of, FLAGS)}
    questions = parse_words(asked.words, **flags)  # wrong usage is told before anything is loaded
    if asked.k is not None and (asked.similarity or asked.odd_one_out):
        raise UsageError("-k is how many neighbours; this question asks for none")
    if asked.run is not None and asked.vectors is not None:
        raise UsageError("--run and --vectors are both given; name one of them")
    if asked.limit is not None and asked.vectors is None:
        raise UsageError("--limit is for --vectors; a run is loaded whole, in milliseconds")
    if not questions and sys.stdin is None:
        raise UsageError("no word is given, and the standard input is closed; give a word")
    output.check_open()
    answerer = _Answerer(asked)
    if questions:
        questions = parse_words(asked.words, answerer.vectors, **flags)
        answerer.answer(questions, is_headed=len(questions) > 1)
        return answerer.status
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # bytes that are no text: unknown words
    if sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty():
        _converse(answerer)
        return common.OK
    for number, line in enumerate(sys.stdin):
        _answer_line(answerer, line if number else line.removeprefix("\ufeff"))  # byte order mark
    return answerer.status


def _parsed(parser: common.Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments; argparse by itself forgets `--` where flags and words may mix.

    What follows `--` are words of their own, or those of the flag just before it.
    """
    end = [*arguments, "--"].index("--")
    before, protected = list(arguments[:end]), arguments[end + 1 :]
    if not (before and before[-1] in FLAGS):
        asked = parser.parse_intermixed_args(before)
        asked.words = [*asked.words, *protected]
        return asked
    asked = parser.parse_intermixed_args([*before, *(_MARK + word for word in protected)])
    for name, value in vars(asked).items():
        if isinstance(value, list):
            setattr(asked, name, [word.removeprefix(_MARK) for word in value])
    return asked


class _Answerer:
    """Answers questions from the vectors that were asked for, and prints the answers.

    Attributes:
        vectors: WordVectors.
        source: {"run": folder} or {"vectors": file}.
        status: the exit status so far.
    """

    def __init__(self, asked: argparse.Namespace) -> None:
        self.topn, self.is_json = asked.k or TOPN, asked.json
        self.status, self._n_answered = common.OK, 0
        with common.dying_of_interrupts():  # late: --help and wrong usage need no NumPy
            from w2v.storage import run_folder
            from w2v.vectors import saving

        if asked.vectors is None:
            run = run_folder.last_run() if asked.run is None else asked.run
            self.source, self.vectors = {"run": str(run)}, saving.load(run)
        else:
            from w2v.formats import convert

            self.source = {"vectors": asked.vectors}
            self.vectors = convert.read(asked.vectors, asked.limit)

    def answer(self, questions: Iterable[Question], is_headed: bool) -> None:
        """Print the answers to questions at once; where headed, each below its question."""
        answers = []
        for question in questions:
            try:
                answers.append((question, question.answer(self.vectors, self.topn)))
            except w2v.W2VError as error:
                self.fail(error)
        if self.is_json:
            results = [answer for _, answer in answers]
            output.answer_json({**self.source, "results": results})
            return
        for question, answer in answers:
            gap = [""] if is_headed and self._n_answered else []
            head = [str(question)] if is_headed else []
            lines = lines_with_bars(answer) if output.is_seen() else as_lines(answer)
            output.answer([*gap, *head, *lines])
            self._n_answered += 1

    def fail(self, error: Exception) -> None:
        common.say(error)
        self.status = common.FAILURE


def _answer_line(answerer: _Answerer, line: str) -> None:
    """Answer a line from a pipe; with --json every line but a blank one gets its object."""
    if not line.strip(ASCII_SPACE):
        return
    try:
        questions = parse_line(line, answerer.vectors)
    except UsageError as error:
        answerer.fail(error)
        questions = []
    answerer.answer(questions, is_headed=True)


def _converse(answerer: _Answerer) -> None:
    from w2v.commands import prompt

    (name,) = answerer.source.values()
    for line in prompt.lines(answerer.vectors, name):
        try:
            questions = parse_line(line, answerer.vectors)
        except UsageError as error:
            common.say(error)
        else:
            answerer.answer(questions, is_headed=len(questions) > 1)


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Print the words whose vectors are nearest to a word's, by cosine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="WORD", help="a word of the vocabulary")
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "metavar": "WORD"}
    add("--minus", **several, help="ask one question: all words before this less those after it")
    add("--among", **several, help="choose neighbours from these words only")
    add("--similarity", **several, help="print the cosine of two words")
    add("--odd-one-out", **several, help="print which of three or more words fits the others least")
    add("-k", type=count, metavar="N", help=f"how many neighbours (default: {TOPN})")
    add("--run", metavar="FOLDER", help="run folder (default: the run trained last)")
    add("--vectors", metavar="FILE", help="word vectors in place of a run, in any format we read")
    add("--limit", type=int, metavar="N", help="read only the first N words of --vectors")
    add("--json", action="store_true", help="print JSON, see below")
    return parser


def count(text: str) -> int:
    """The whole number from 1 on that an argument is, for argparse."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
