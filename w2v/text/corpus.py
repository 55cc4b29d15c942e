"""Where text comes from: PTB, the built-in sample, files and folders, standard input, Python.

A sentence is a line. Words are what ASCII white space separates: other white space of Unicode,
such as the no-break space, belongs to words, so that bytes alone tell where a word ends.
"""

import codecs
import glob
import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from w2v.config import Config
from w2v.errors import UsageError, W2VError
from w2v.text import ptb
from w2v.text.sentences import (
    SENTENCES,
    STDIN,
    STDIN_LABEL,
    Sentences,
    of_sentences,
    standard_input,
)
from w2v.text.source import WORD_BYTES, Source, long_word, read_stream
from w2v.text.text_file import UNPACK, text_file
from w2v.tokenizing import AS_IT_IS, MOST_HELD, Tokenization, Tokenizer


@dataclass(frozen=True)
class Corpus:
    """Text to train on, read anew, as a stream, as often as it is asked for."""

    name: str  # names the run folder: ptb, sample, or from the path: reviews of x/reviews.txt.gz
    description: str  # one line for people: what is read, and from where
    sources: tuple[Source, ...]
    tokenization: Tokenization = AS_IT_IS
    notice: str | None = None  # one line: why `sample` stands in for PTB

    @property
    def size(self) -> int:
        """Bytes on disk that a whole read goes through."""
        return sum(source.size for source in self.sources)

    @property
    def text_bytes(self) -> float:
        """About how many bytes of text there are; 0 where nobody knows."""
        return sum(source.text_bytes for source in self.sources)

    @property
    def key(self) -> str | None:
        """What `chunks` gives is another text only if this is another; None: nothing tells."""
        keys = [source.key for source in self.sources]
        return None if None in keys else f"{self.tokenization.key}, of {keys}"

    def chunks(
        self,
        progress: Callable[[int], object] | None = None,
        remark: Callable[[str], object] | None = None,
    ) -> Iterator[bytes]:
        """Yield the text in order, in pieces of about a MiB.

        Every piece ends just after a white-space byte, so no word is ever cut, and every file
        ends a line. A byte-order mark is dropped; see Tokenization for what else is done.

        Args:
            progress: called with the bytes on disk read so far, up to `size`.
            remark: called once with a line about each kind of oddity: a byte-order mark, line
                ends of Windows, NUL bytes.
        Yields:
            bytes, valid UTF-8.
        Raises:
            W2VError: as Source.pieces.
        """
        report = progress or (lambda done: None)
        before = 0
        seen: set[str] = set()
        for source in self.sources:
            tokenizer, n_read = Tokenizer(self.tokenization), 0
            for number, (piece, done) in enumerate(source.pieces(self.tokenization.words)):
                report(before + done)
                has_mark = number == 0 and piece.startswith(codecs.BOM_UTF8)
                if remark:
                    _remark_oddities(piece, has_mark, source, seen, remark)
                yield tokenizer.feed(piece[len(codecs.BOM_UTF8) * has_mark :])
                n_read += len(piece)
                if len(tokenizer.held) > 2 * max(MOST_HELD, WORD_BYTES):
                    start = n_read - len(tokenizer.held.lstrip().encode())
                    raise long_word(source, start, "is this text?")
            if rest := tokenizer.finish():
                yield rest
            before += source.size
            report(before)


def open_corpus(config: Config, fetching: ptb.Progress | None = None) -> Corpus:
    """The corpus that a Config asks for: found, fetched or generated, but not yet read.

    Without `config.corpus`, `sample` stands in where PTB is not at hand and cannot be fetched; a
    file that has PTB's name and another content is an error even then.

    Args:
        config: corpus, data_dir, lower and tokenize.
        fetching: called while PTB is fetched, as ptb.fetch's `progress`.
    Returns:
        Corpus; its `notice` is set where `sample` stands in.
    Raises:
        W2VError: it does not exist, is empty, is no file or folder, or cannot be read.
    """
    if not config.corpus:
        try:
            return _ptb(config, "train", fetching)
        except ptb.UnavailableError as why:
            return _sample(config, notice=f"training on `sample` instead of PTB: {why}")
    if config.corpus == ("ptb",):
        return _ptb(config, "train", fetching)
    if config.corpus == ("sample",):
        return _sample(config)
    return _local(config)


def corpus_of(sentences: Sentences, config: Config) -> Corpus:
    """The Corpus of sentences in Python; see sentences.of_sentences."""
    description = f"sentences, from Python ({type(sentences).__name__})"
    return Corpus(SENTENCES, description, (of_sentences(sentences),), _tokenization(config))


def _tokenization(config):
    return Tokenization.of(config.lower, config.tokenize)


def ptb_validation(config: Config) -> Corpus:
    """PTB's held-out text, as a Corpus; raises as `open_corpus` does, and never falls back."""
    return _ptb(config, "valid")


def _ptb(config, part, fetching=None):
    named = config.data_dir or os.environ.get("W2V_DATA_DIR")
    folder = Path(named or "data")
    if named and os.path.lexists(folder) and not folder.is_dir():
        where = "--data-dir" if config.data_dir else "$W2V_DATA_DIR"
        raise W2VError(f"{where} is {named}; that is no folder: name one, it is made if need be")
    path = ptb.find(folder, part) or ptb.fetch(folder, ptb.URL, progress=fetching)
    if path.name == ptb.ARCHIVE:
        label, open_part = repr(str(path)), partial(ptb.open_packed, path, part)
        source = Source(label, ptb.packed_size(path, part), partial(read_stream, label, open_part))
    else:
        source = text_file(path, path.stat())
    name = "ptb" if part == "train" else f"ptb-{part}"
    description = f"Penn Treebank, {part} text, from {str(path)!r}"
    return Corpus(name, description, (source,), _tokenization(config))


def _sample(config, notice=None):
    from w2v.text import sample_corpus

    text = sample_corpus.generate()
    open_text = partial(_open_memory, text)
    source = Source("sample", len(text), partial(read_stream, "sample", open_text))
    description = "sample, newswire-like sentences that w2v generates"
    return Corpus("sample", description, (source,), _tokenization(config), notice)


def _local(config):
    """The corpus of the paths that the user gave."""
    _check_together(config.corpus)
    sources = [source for path in config.corpus for source in _sources(path)]
    first, *others = config.corpus
    name, description = _name(first), STDIN_LABEL if first == STDIN else repr(first)
    if others:
        name, description = f"{name}+{len(others)}", f"{description} and {len(others)} more"
    if len(sources) > 1:
        description = f"{description}, files: {len(sources)}"
    return Corpus(name, description, tuple(sources), _tokenization(config))


def _check_together(paths):
    """Raises: UsageError: names of texts that cannot stand beside others."""
    for name in ("ptb", "sample"):
        if name in paths and not os.path.lexists(name):
            raise UsageError(
                f"--corpus names {name} beside other texts; give {name} alone, or paths alone"
            )
    if (n := paths.count(STDIN)) > 1:
        raise UsageError(f"--corpus names standard input, -, {n} times; it can be read once")


def _sources(given):
    """The Sources of a path, a pattern of paths, or `-`."""
    if given == STDIN:
        return [standard_input()]
    paths = [Path(given)]
    if not os.path.lexists(given) and glob.has_magic(given):
        paths = [Path(found) for found in sorted(glob.glob(given, recursive=True))]
        if not paths:
            raise W2VError(f"{given!r} matches no file; give ptb, sample, or the path of a text")
    try:
        files = [file for path in paths for file in _files_of(path)]
    except FileNotFoundError as why:
        raise W2VError(
            f"{why.filename!r} does not exist; give ptb, sample, or the path of a text"
        ) from why
    except OSError as why:
        raise W2VError(f"cannot read {why.filename!r}: {why.strerror}") from why
    if not files:
        raise W2VError(
            f"{given!r} has no files in it (hidden ones are not read); give one that has"
        )
    sources = [text_file(path, status) for path, status in files if status.st_size]
    if not sources:
        raise W2VError(f"{given!r} is empty; give a text, one sentence a line")
    return sources


def _files_of(path):
    """(path, status) of a file, or of each file in a folder."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        return list(_files(path))
    if not stat.S_ISREG(status.st_mode):
        raise W2VError(
            f"{str(path)!r} is no regular file or folder; save the text to a file first, or pipe "
            "it into --corpus -"
        )
    return [(path, status)]


def _name(given):
    """A safe folder name from a path: x/reviews.txt.gz → reviews; x/my texts/ → my_texts."""
    if given == STDIN:
        return "stdin"
    path = Path(os.path.abspath(given))  # gives "." and ".." their names
    if not os.path.isdir(path):
        path = path.with_suffix("") if path.suffix.lower() in UNPACK else path
        path = path.with_suffix("")
    return re.sub(r"[^\w.+-]", "_", path.name).lstrip(".") or "corpus"


def _files(folder, above=()):
    """Yield (path, status) of the regular files below a folder, sorted, without hidden ones."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:  # a link back to a folder that this one is in
        return
    for name in sorted(os.listdir(folder)):
        if name.startswith("."):
            continue
        path = folder / name
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            yield from _files(path, (*above, here))
        elif stat.S_ISREG(status.st_mode):
            yield path, status


@contextmanager
def _open_memory(text):
    stream = io.BytesIO(text)
    yield stream, stream.tell


def _remark_oddities(piece, has_mark, source, seen, remark):
    """Remark on each kind of oddity that a piece is the first to show."""
    for shows, oddity in (
        (has_mark, "begins with a byte-order mark, which is dropped"),
        (b"\r\n" in piece, "has the line ends of Windows; a carriage return is white space"),
        (b"\0" in piece, "has NUL bytes, which are taken for letters; is it text in UTF-8?"),
    ):
        if shows and oddity not in seen:
            seen.add(oddity)
            remark(f"{source.label} {oddity}")
