"""`w2v classify train` and `w2v classify predict`: labels of texts, from word vectors."""

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from w2v.commands import common, encoding, output
from w2v.errors import UsageError, W2VError, counted
from w2v.files import open_file

if TYPE_CHECKING:
    from w2v.classify.saved import Classifier

BLOCK = 1024  # texts of a file that are labelled at a time
LABELS = 20  # of those that are named
ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})  # in an answer

TRAIN_EPILOG = """\
FILE is CSV or TSV (called .tsv, with no quotes), a text a row. Its columns are called label and
text in its first row, or named by the flags, by name or by number; of two columns without names,
the first is the label. Where no column is found by its name, the first row is a text like any
other, but for one whose label no other row has, when all others have several: it is taken for the
columns' names, with a warning.

Without --validation and --test, texts are drawn from FILE for these, of each label its share. With
--test alone, only those for validation are; with --validation none, so that there is no test
without --test.

FOLDER gets model.safetensors, vocab.tsv, config.json, history.csv and confusion.png.

exit status: 0 trained; 1 a failure; 2 wrong usage; 130 interrupted and 143 terminated, with the
state saved for --resume."""

PREDICT_EPILOG = """\
A text is a line in UTF-8; of the standard input each is answered at once. A line of the answer has
the label, its probability and the text, with tabs between them; in label and text a tab is \\t, a
line end \\n or \\r, and a backslash \\\\. With --json it is one object:
{"text": "...", "label": "spam", "probabilities": {"ham": 0.02, "spam": 0.98}}.

exit status: 0 answered; 1 a failure; 2 wrong usage; 130 interrupted."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _classify(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(prog=prog, description="Label texts, from word vectors.")
    kinds = parser.add_subparsers(title="what to do", metavar="WHAT", dest="what", required=True)
    raw = argparse.RawDescriptionHelpFormatter
    train = kinds.add_parser(
        "train", help="train a classifier", epilog=TRAIN_EPILOG, formatter_class=raw,
        description="Train a classifier of texts: a linear layer, or one with a hidden layer, on "
        "the mean of a text's word vectors.",
    )  # fmt: skip
    add = train.add_argument
    add("texts", metavar="FILE", help="labelled texts, CSV or TSV")
    add("-o", "--out", required=True, metavar="FOLDER", help="the folder to write")
    add("--model", metavar="PATH", help="run folder, or file of vectors (default: the last run)")
    add("--validation", metavar="FILE", help="texts for validation")
    add("--test", metavar="FILE", help="texts for the test")
    add("--label-column", metavar="NAME", help="name or number of the labels' column")
    add("--text-column", metavar="NAME", help="name or number of the texts' column")
    add("--resume", action="store_true", help="go on from the state in FOLDER, if there is one")
    add("--force", action="store_true", help="replace a classifier in FOLDER, and train anew")
    _add_settings(train)
    predict = kinds.add_parser(
        "predict", help="label texts", epilog=PREDICT_EPILOG, formatter_class=raw,
        description="Print the label of each text, and how probable it is.",
    )  # fmt: skip
    predict.add_argument("folder", metavar="FOLDER", help="what `w2v classify train` wrote")
    predict.add_argument("texts", metavar="FILE", nargs="?", help="texts (default: standard input)")
    predict.add_argument("--json", action="store_true", help="print JSON lines, see below")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    from w2v.classify.settings import Settings

    for field in dataclasses.fields(Settings):
        flag, default = "--" + field.name.replace("_", "-"), field.default
        values: dict[str, Any] = {"type": type(default), "metavar": type(default).__name__.upper()}
        if isinstance(default, bool):
            values = {"action": argparse.BooleanOptionalAction}
        help_text = f"{field.metadata['help']} (default: {default})"
        parser.add_argument(flag, default=argparse.SUPPRESS, help=help_text, **values)


def _classify(asked: argparse.Namespace) -> None:
    _train(asked) if asked.what == "train" else _predict(asked)


def _train(asked: argparse.Namespace) -> None:
    from w2v.classify.settings import Settings

    names = {field.name for field in dataclasses.fields(Settings)}
    given = {name: value for name, value in vars(asked).items() if name in names}
    settings = Settings(**given)
    validation, test = asked.validation and "--validation", asked.test and "--test"
    for share, file in (("validation_share", validation), ("test_share", validation or test)):
        if share in given and file:
            flag = "--" + share.replace("_", "-")
            raise UsageError(f"{flag} is given, and {file}: then nothing is drawn for it")
    with common.dying_of_interrupts():
        from tqdm import tqdm

        from w2v.classify import saved, train
        from w2v.classify.data_module import DataModule, read_parts
        from w2v.classify.trainer import Epoch, Trainer
        from w2v.formats import convert
        from w2v.storage import run_folder

    if asked.resume and not asked.force and saved.is_there(asked.out):
        output.tell(f"{asked.out} is done; --force trains anew")
        return
    paths = [asked.texts, asked.validation, asked.test]
    with encoding.log_told():
        parts = read_parts(paths, settings, asked.label_column, asked.text_column)
    wv = convert.read(run_folder.last_run() if asked.model is None else asked.model)
    texts = DataModule(wv, parts)
    _tell_of(texts)
    trainer = Trainer(settings, texts, wv.vectors[texts.words])
    with tqdm(total=settings.epochs, disable=not sys.stderr.isatty(), leave=False) as bar:

        def told(epoch: Epoch) -> None:
            bar.clear()
            output.tell(
                f"epoch {epoch.epoch}  loss {epoch.loss:.4f}  validation "
                f"{epoch.validation_loss:.4f}  accuracy {epoch.accuracy:.3f}  macro-F1 "
                f"{epoch.macro_f1:.3f}"
            )
            bar.update(epoch.epoch - bar.n)

        with encoding.log_told():
            trained = train.train(trainer, wv, asked.out, asked.resume, asked.force, told)
    scores = trained.scores
    output.tell(
        f"{trained.part}: accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f} "
        f"({scores.confusion.sum():,} texts; the vectors and layers of epoch {trained.best.epoch})"
    )
    for line in scores.table():
        output.tell(line)
    output.tell(f"written: {asked.out}")


def _tell_of(texts: Any) -> None:
    """What the data are, and the texts that will all get one vector, 0."""
    sizes = ", ".join(f"{len(part):,} for {name}" for name, part in texts.parts.items())
    more = f", … ({len(texts.labels):,})" if len(texts.labels) > LABELS else ""
    output.tell(f"texts: {sizes}; labels: {', '.join(texts.labels[:LABELS])}{more}")
    rows = [rows for part in texts.parts.values() for rows in part.rows]
    unknown = sum(not of_text.any() for of_text in rows)
    known = sum(int((of_text > 0).sum()) for of_text in rows)
    share = known / max(sum(map(len, rows)), 1)
    have = "has" if unknown == 1 else "have"
    output.tell(f"words: {share:.1%} have a vector; {counted(unknown, 'text')} {have} no such word")


def _predict(asked: argparse.Namespace) -> None:
    with common.dying_of_interrupts():
        from w2v.classify import saved

    output.check_open()
    classifier = saved.load(asked.folder)
    if asked.texts is None:
        if sys.stdin is None:
            raise UsageError("no file is given, and the standard input is closed; give a file")
        for text in _lines(sys.stdin.buffer, "the standard input"):
            _answer(classifier, [text], asked.json)
        return
    for block in _blocks(asked.texts):
        _answer(classifier, block, asked.json)


def _blocks(path: str) -> Iterator[list[str]]:
    try:
        with open_file(path) as file:
            lines = _lines(file, path)
            while block := list(islice(lines, BLOCK)):
                yield block
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error


def _lines(file: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines of a file, without their ends. Raises: W2VError: one is not UTF-8."""
    for number, line in enumerate(file, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise W2VError(f"{name}, line {number} is not UTF-8; convert it") from error
        yield text.rstrip("\r\n")


def _answer(classifier: "Classifier", texts: list[str], is_json: bool) -> None:
    for text, row in zip(texts, classifier.probabilities(texts).tolist(), strict=True):
        best = max(range(len(row)), key=row.__getitem__)
        label = classifier.labels[best]
        if is_json:
            probabilities = dict(zip(classifier.labels, row, strict=True))
            output.answer_json({"text": text, "label": label, "probabilities": probabilities})
        else:
            label, text = label.translate(ESCAPED), text.translate(ESCAPED)
            output.answer([f"{label}\t{row[best]:.4f}\t{text}"])
