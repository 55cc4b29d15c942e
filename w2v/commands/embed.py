"""`w2v embed sentences.txt -o out/`: sentences and their vectors, in a folder to be searched."""

import argparse
import codecs
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from w2v.commands import common, encoding, output
from w2v.errors import W2VError, counted
from w2v.files import read_file

BLOCK = 2**12  # sentences that are encoded, and written, at a time

EPILOG = """\
FOLDER gets embeddings.safetensors, (sentences, dimensions) in float32, and sentences.txt; of sif
and usif fitted.safetensors, too. If it holds some already, of the same model, the new ones go after
them, in one step. Every line is a sentence, an empty one too, so that line n is row n; the vector
of a sentence without a known word is 0.

exit status: 0 written; 1 a failure, and FOLDER is as it was; 2 wrong usage; 130 interrupted."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _embed(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Write the vectors of the lines of a text into a folder, for `w2v search` and "
        "`w2v pairs`.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("sentences", metavar="FILE", help="a text in UTF-8, one sentence a line")
    add("-o", "--out", required=True, metavar="FOLDER", help="the folder to write, or to append to")
    encoding.add_model_flag(parser)
    add("--batch-size", type=int, metavar="N", help="sentences at a time (default: the model's)")
    encoding.add_flags(parser)
    return parser


def _embed(asked: argparse.Namespace) -> None:
    sentences = _lines(asked.sentences)
    with encoding.log_told():
        encoder = encoding.encoder_of(asked, asked.model)
    from tqdm import tqdm

    from w2v.sentences import embeddings
    from w2v.sentences.encoder import Found

    found = Found()

    def blocks() -> Iterator[Any]:
        nonlocal found
        is_watched = sys.stderr is not None and sys.stderr.isatty()
        with tqdm(total=len(sentences), disable=not is_watched, leave=False, unit=" lines") as bar:
            for first in range(0, len(sentences), BLOCK):
                block = sentences[first : first + BLOCK]
                vectors, found_here = encoder.encode_counted(block, asked.batch_size)
                found += found_here
                yield vectors
                bar.update(len(block))

    total = embeddings.append(asked.out, sentences, blocks(), encoder)
    encoding.tell_remarks(found)
    added = counted(len(sentences), "sentence")
    if total > len(sentences):
        added += f" after {total - len(sentences):,}"
    output.tell(f"written: {asked.out} ({added}, {encoder.vector_size} dimensions)")


def _lines(path: str) -> list[str]:
    """The lines of a text. Raises: W2VError: it cannot be read, or holds none."""
    try:
        text = read_file(path).removeprefix(codecs.BOM_UTF8).decode()
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise W2VError(f"{path} is not UTF-8 (its byte {error.start + 1}); convert it") from error
    lines = text.removesuffix("\n").split("\n")
    if not text:
        raise W2VError(f"{path} holds no sentence; it must have one a line")
    return [line.removesuffix("\r") for line in lines]
