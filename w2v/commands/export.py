"""`w2v export RUN --to word2vec-text vectors.txt`: word vectors for other programs."""

import argparse
from collections.abc import Sequence

from w2v.commands import common, output, target
from w2v.formats import convert

EPILOG = """\
word2vec-text, word2vec-binary, glove: PATH is a file; without <unk>, which is zeros
npy: PATH is the (V, D) matrix, its words go beside it: x.npy, x.vocab.tsv
projector: PATH is a folder of vectors.tsv and metadata.tsv, for TensorBoard; without <unk>
sentence-transformers: PATH is a folder that SentenceTransformer(PATH) loads

All numbers are the float32 that training ended with, to the last bit. What is there already is left
as it is; with --force it is replaced, in one step, but never a folder that holds anything else."""


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _export(_parser(prog).parse_args(arguments)))


def _parser(prog: str) -> common.Parser:
    parser = common.Parser(
        prog=prog,
        description="Write the vectors of a run, or of any file of vectors, in another format.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", metavar="RUN", help="run folder; or word2vec, GloVe, .npy or .safetensors file"
    )
    parser.add_argument("--to", required=True, choices=tuple(convert.WRITERS), help="the format")
    parser.add_argument("path", metavar="PATH", help="file or folder to write")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N words")
    parser.add_argument("--force", action="store_true", help="replace PATH if it is there already")
    return parser


def _export(asked: argparse.Namespace) -> None:
    for written in convert.files_written(asked.path, asked.to):
        target.check(written, asked.force, convert.files_read(asked.source))
    wv = convert.read(asked.source, asked.limit)
    convert.export(wv, asked.to, asked.path)
    output.tell(f"written: {asked.path} ({asked.to}, {len(wv) - 1:,} words × {wv.vector_size})")
