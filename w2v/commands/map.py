"""`w2v map RUN -o map.png`: words in two dimensions."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2v.commands import common, output, target
from w2v.config import ASCII_SPACE
from w2v.errors import UsageError, W2VError, counted, shown

if TYPE_CHECKING:
    from w2v.pictures.plane import Plane
    from w2v.vectors.wordvectors import WordVectors

WORDS = 300  # on a map, unless -n says otherwise
NEIGHBOURS = 30  # around a word
NAMED = 5  # unknown words, in a line

EPILOG = f"""\
Without --words or --around, the map shows the {WORDS} most frequent words. They stand where their
vectors, at length 1, are projected to: by --method pca, w2v's own, or umap, of the package
umap-learn (the extra `umap`). Colours and marks are clusters of the vectors (k-means),
which the legend names by their most central words. A name that has no room is left out.

--around shows a word's neighbours, each as far from it as 1 - cosine says: the lengths of the edges
are exact. --words names a text file, one word a line.

exit status: 0 written; 1 a failure, such as an unknown word; 2 wrong usage."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _map(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Draw words as points, those that are alike near each other.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("vectors", metavar="RUN", help="a run folder, or word vectors in a file")
    target.add_flags(parser, "a .png, .svg or .pdf file")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--words", metavar="FILE", help="the words of a file")
    which.add_argument("--around", metavar="WORD", help="a word and its neighbours")
    add(
        "-n",
        type=int,
        metavar="N",
        help=f"how many words (default: {WORDS}), or neighbours (default: {NEIGHBOURS})",
    )
    add("--method", default="pca", metavar="pca|umap", help="the projection (default: pca)")
    add("--seed", type=int, default=0, metavar="N", help="of clusters and UMAP (default: 0)")
    add("--limit", type=int, metavar="N", help="read only the first N words")
    return parser


def _map(asked: argparse.Namespace) -> None:
    _check(asked)
    target.check(Path(asked.output), asked.force)

    from w2v.pictures import drawing

    drawing.format_of(asked.output)
    with drawing.Drawing() as process:  # begun first: it imports Matplotlib while we import NumPy
        from w2v.formats import convert

        wv = convert.read(asked.vectors, asked.limit)
        plane, caption = _plane(wv, asked)
        remarks = drawing.write(
            asked.output, process, "map", **plane.as_json(), caption=f"{asked.vectors}: {caption}"
        )
    for line in remarks:
        output.tell(f"warning: {line}", to_errors=True)
    output.tell(f"written: {asked.output} ({counted(len(plane.words), 'word')})")


def _check(asked: argparse.Namespace) -> None:
    if asked.n is not None and asked.words is not None:
        raise UsageError("-n is how many words; --words names them all")
    if asked.n is not None and asked.n < 1:
        raise UsageError(f"-n is {asked.n}; it must be 1 or more")
    if asked.around is not None and asked.method != "pca":
        raise UsageError("--around has its own projection, whose lengths are exact; no --method")
    if asked.seed < 0:
        raise UsageError(f"--seed is {asked.seed}; it must be 0 or more")


def _plane(wv: "WordVectors", asked: argparse.Namespace) -> "tuple[Plane, str]":
    """What is asked for, and what it is in words."""
    from w2v.pictures import plane

    if asked.around is not None:
        found = plane.around(wv, asked.around, asked.n or NEIGHBOURS, asked.seed)
        near = f"the {counted(len(found.words) - 1, 'word')} nearest to {asked.around}"
        return found, f"{near}; distance: 1 - cosine"
    if asked.words is not None:
        words, whose = _words_of(asked.words, wv), f"words of {asked.words}"
    else:
        words = wv.index_to_key[1 : 1 + (asked.n or WORDS)]
        whose = f"the {counted(len(words), 'most frequent word')}"
    if not words:
        raise W2VError(f"{asked.vectors} holds no words to show")
    return plane.of_words(wv, words, asked.method, asked.seed), f"{whose}, {asked.method.upper()}"


def _words_of(path: str, wv: "WordVectors") -> list[str]:
    """The words of a file, each once; those that are unknown are told, and left out."""
    from w2v.files import read_file

    try:
        text = read_file(path).decode("utf-8-sig")
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise W2VError(f"{path} is no text: byte {error.start} is not UTF-8") from error
    words = dict.fromkeys(line.strip(ASCII_SPACE) for line in text.split("\n"))
    known = [word for word in words if wv.key_to_index.get(word)]  # 0 is <unk>
    unknown = [word for word in words if word and not wv.key_to_index.get(word)]
    if not known:
        raise W2VError(f"{path} holds no word of the vocabulary; it must have one word a line")
    if unknown:
        some = ", ".join(map(shown, unknown[:NAMED])) + (" …" if len(unknown) > NAMED else "")
        are = f"{counted(len(unknown), 'word')} {'is' if len(unknown) == 1 else 'are'} unknown"
        output.tell(f"warning: {are}: {some}", to_errors=True)
    return known
