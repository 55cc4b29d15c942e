"""`w2v export RUN --to word2vec-text vectors.txt`: word vectors for others to read."""

import argparse
import contextlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from w2v.commands import common
from w2v.config import UNK
from w2v.errors import UsageError, W2VError
from w2v.formats import convert
from w2v.storage import atomic, layout, safetensors

EPILOG = """\
word2vec-text, word2vec-binary, glove: PATH is a file; without <unk>, which is zeros
npy: PATH is the (V, D) matrix, its words go beside it: x.npy, x.vocab.tsv
projector: PATH is a folder of vectors.tsv and metadata.tsv, for TensorBoard; without <unk>
sentence-transformers: PATH is a folder that SentenceTransformer(PATH) loads

All numbers are the float32 that training ended with, to the last bit. An earlier export is
replaced, in one step; a folder that holds anything else is not touched."""

_ROWS = 2**12  # written at a time
# The one float32 whose shortest spelling, read as a double and then rounded, gives its neighbour
# (found by continued fractions: no other decimal of nine digits is that near to a midpoint).
_ONE_MORE_DIGIT = b"7.038531e-26", b"7.0385307e-26"
_ASCII_SPACE = r" \t\n\r\v\f"


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
    parser.add_argument("--to", required=True, choices=tuple(WRITERS), help="the format")
    parser.add_argument("path", metavar="PATH", help="file or folder to write")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N words")
    return parser


def _export(asked):
    written = [Path(asked.path), _words_beside(Path(asked.path))][: 1 + (asked.to == "npy")]
    for target in written:
        if any(_is_same(file, target) for file in (asked.source, *convert.beside(asked.source))):
            raise UsageError(f"{target} is what is read; name another path to write to")
    wv = convert.read(asked.source, asked.limit)
    export(wv, asked.to, asked.path)
    print(f"written: {asked.path} ({asked.to}, {len(wv) - 1:,} words × {wv.vectors.shape[1]})")


def export(wv, to, path):
    """Write vectors in another format, whole or not at all.

    Args:
        wv: WordVectors.
        to: a key of WRITERS; see EPILOG for what each writes.
        path: the file or folder. An earlier file or export there is replaced.
    Raises:
        UsageError: an unknown format.
        W2VError: a word that would not read back the same, NaN or infinity, no words; `path`
            cannot be written, or something else is there that would be lost.
    """
    if to not in WRITERS:
        raise UsageError(f"--to is {to!r}; it must be one of {', '.join(WRITERS)}")
    path = Path(os.path.realpath(path))  # a link is never what gets replaced
    write, unwritable = WRITERS[to]
    _check(wv, unwritable, to)
    names = (layout.VECTORS, layout.VOCAB)
    if any(all(Path(parent, name).exists() for name in names) for parent in path.parents):
        raise W2VError(f"{path} is inside a run, which train.py replaces; name a path outside it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # litter stops nobody
            atomic.sweep(path)
        write(wv, path)
    except OSError as error:
        raise W2VError(f"cannot write {path}: {error.strerror or error}") from error


def _check(wv, unwritable, to):
    """Raise W2VError for what could not be written, or not be read back the same."""
    if len(wv) < 2:
        raise W2VError("there are no words to write")
    bad = re.compile(rf"[{unwritable}\ud800-\udfff]")
    for number, word in enumerate(wv.index_to_key):
        if not word or bad.search(word):
            what = f"word {number}, {word[:40]!r},"
            raise W2VError(f"{what} is empty or has characters that {to} cannot hold")
    for first in range(0, len(wv), _ROWS):
        finite = np.isfinite(wv.vectors[first : first + _ROWS]).all(axis=1)
        if not finite.all():
            word = wv.index_to_key[first + int(np.argmin(finite))]
            raise W2VError(f"the vector of {word[:40]!r} has NaN or infinity; train again")


def _is_same(one, other):
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there
        return False


def _text(wv, path, header=True):
    with _new_file(path) as file:
        if header:
            file.write(_header(wv))
        for word, numbers in zip(wv.index_to_key[1:], _spelled(wv, b" "), strict=True):
            file.write(b"%b %b\n" % (word.encode(), numbers))


def _glove(wv, path):
    if wv.index_to_key[1].startswith("\ufeff"):
        raise W2VError(
            "the first word begins with a byte order mark, which glove cannot hold there"
        )
    _text(wv, path, header=False)


def _binary(wv, path):
    with _new_file(path) as file:
        file.write(_header(wv))
        for word, numbers in zip(wv.index_to_key[1:], wv.vectors[1:], strict=True):
            file.write(b"%b %b\n" % (word.encode(), numbers.astype("<f4").tobytes()))


def _header(wv):
    return b"%d %d\n" % (len(wv) - 1, wv.vectors.shape[1])


def _spelled(wv, separator):
    """Yield the numbers of each word but `<unk>`: the shortest that read back the same bits."""
    for first in range(1, len(wv), _ROWS):
        for row in wv.vectors[first : first + _ROWS].astype("S").tolist():
            yield separator.join(row).replace(*_ONE_MORE_DIGIT)


def _npy(wv, path):
    vocab = _words_beside(path)
    if vocab.exists() and not path.exists():
        raise W2VError(
            f"{vocab} is there without {path.name}, and would be lost; name another path"
        )
    with _new_file(vocab) as words, _new_file(path) as file:
        words.write(_vocab(wv))
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": wv.vectors.shape}
        )
        for piece in safetensors.pieces_of(wv.vectors):
            file.write(piece)
        words.flush()
        file.flush()
        vocab.unlink(missing_ok=True)  # the old words are never beside the new numbers


def _words_beside(path):
    return path.parent / f"{path.stem}.{layout.VOCAB}"


def _vocab(wv):
    pairs = zip(wv.index_to_key, wv.counts.tolist(), strict=True)
    return "".join(f"{word}\t{count}\n" for word, count in pairs).encode()


def _projector(wv, path):
    with _new_folder(path, {"vectors.tsv", "metadata.tsv"}) as folder:
        metadata = _vocab(wv).split(b"\n", 1)[1]  # without <unk>
        Path(folder, "metadata.tsv").write_bytes(b"word\tcount\n" + metadata)
        with open(Path(folder, "vectors.tsv"), "wb") as file:
            file.writelines(b"%b\n" % numbers for numbers in _spelled(wv, b"\t"))


def _sentence_transformers(wv, path):
    # The name that StaticEmbedding has had since it came, in version 3.2.
    kind = "sentence_transformers.models.StaticEmbedding"
    module = {"idx": 0, "name": "0", "path": "", "type": kind}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        # As a corpus is split: at ASCII white space, for words may hold other kinds.
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": r"[ \t\n\v\f\r]+"},
            "behavior": "Removed",
            "invert": False,
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: index for index, word in enumerate(wv.index_to_key)},
            "unk_token": UNK,
        },
    }
    names = {"modules.json", "model.safetensors", "tokenizer.json"}
    with _new_folder(path, names) as folder:
        Path(folder, "modules.json").write_text(json.dumps([module]))
        Path(folder, "tokenizer.json").write_text(json.dumps(tokenizer))
        safetensors.write_tensors(
            Path(folder, "model.safetensors"), {"embedding.weight": wv.vectors}
        )


@contextlib.contextmanager
def _new_file(path):
    """A file to write, which takes the place of `path` when the block ends."""
    if os.path.lexists(path) and not path.is_file():
        raise W2VError(f"{path} is no file, and is left as it is; name another path")
    with atomic.staged_file(path) as staging, open(staging, "wb") as file:
        yield file


@contextlib.contextmanager
def _new_folder(path, names):
    """A folder to fill with files called `names`; takes the place of `path` when the block ends."""
    if os.path.lexists(path):
        if not path.is_dir():
            raise W2VError(f"{path} is no folder, and is left as it is; name another path")
        if others := sorted(set(os.listdir(path)) - names):
            raise W2VError(f"{path} holds {others[0]}, which would be lost; name another folder")
        if path == Path.cwd() or os.path.ismount(path):
            raise W2VError(f"{path} cannot be replaced; name a folder inside it")
    with atomic.staged(path) as staging:
        yield staging
        atomic.flush_tree(staging)
        atomic.swap(staging, path)


WRITERS = {  # format: its function, and the characters that a word cannot have there
    "word2vec-text": (_text, _ASCII_SPACE),
    "word2vec-binary": (_binary, _ASCII_SPACE),
    "glove": (_glove, _ASCII_SPACE),
    "npy": (_npy, r"\t\n"),
    "projector": (_projector, r"\t\n\r"),
    "sentence-transformers": (_sentence_transformers, _ASCII_SPACE),
}
