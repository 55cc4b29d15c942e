"""The text that common components are fitted on: a run's own, or one that is given."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from w2v.config import Config
from w2v.errors import UsageError, W2VError, counted, damaged
from w2v.sentences.saved_folder import read_json
from w2v.storage import layout
from w2v.text import ptb
from w2v.text.corpus import Corpus, open_corpus
from w2v.text.sentences import STDIN
from w2v.tokenizing import Tokenization

_SENTENCES = 4096  # in a block

Text = str | os.PathLike[str] | Iterable[str] | None


class Sentences:
    """A text's sentences in blocks, as often as they are asked for.

    Attributes:
        name: of the text, for people.
    """

    def __init__(self, text: Text, run: Path | None, how: Tokenization) -> None:
        """Args: text: a path, sentences, or None for the training text of the folder `run`.

        Raises: W2VError: there is no such text.
        """
        self._corpus: Corpus | None = None
        self._given: list[bytes] = []
        if text is None:
            if run is None:
                raise UsageError("no text is given; only a run has one of its own")
            self._corpus = _corpus_of(run)
        elif isinstance(text, (str, os.PathLike)):
            self._corpus = open_corpus(
                Config(corpus=(os.fspath(text),), lower=how.lower, tokenize=how.setting)
            )
        else:
            self._given = [_encoded(sentence, how) for sentence in text]
        given = counted(len(self._given), "sentence")
        self.name = given if self._corpus is None else self._corpus.description

    def blocks(self) -> Iterator[list[bytes]]:
        """Yield sentences in UTF-8, case folded, some at a time."""
        if self._corpus is None:
            for first in range(0, len(self._given), _SENTENCES):
                yield self._given[first : first + _SENTENCES]
            return
        rest = b""
        for piece in self._corpus.chunks():  # ends after any white space, perhaps within a line
            *lines, rest = (rest + piece).split(b"\n")
            yield lines
        yield [rest]


def _encoded(sentence: object, how: Tokenization) -> bytes:
    """A sentence as a text that is read so has it, before phrases."""
    if not isinstance(sentence, str):
        raise UsageError(f"the text holds {sentence!r}; each of its sentences must be a str")
    words = dataclasses.replace(how, phrases=None).split(sentence)
    return " ".join(words).encode("utf-8", "surrogatepass")


def _corpus_of(run: Path) -> Corpus:
    """The Corpus that a run was trained on; PTB is never fetched for it."""
    config = run / layout.CONFIG
    described = read_json(config, missing=None)
    if described is None:
        raise W2VError(f"{run} has no {layout.CONFIG}, which names its text; give a text")
    try:
        settings = described["settings"]
        name = settings["corpus"] or described["corpus"]["name"]
        how = {key: settings[key] for key in ("data_dir", "lower", "tokenize") if key in settings}
        asked = Config(corpus=name, **how)
    except (KeyError, TypeError, UsageError) as error:
        raise damaged(config, "it does not say what text the run was trained on") from error
    if STDIN in asked.corpus:
        what = described["corpus"]["description"]
        raise W2VError(f"{run} was trained on {what}, which is kept nowhere; give a text")
    if asked.corpus == ("ptb",):
        folder = Path(asked.data_dir or os.environ.get("W2V_DATA_DIR") or "data")
        if not ptb.find(folder, "train"):
            raise W2VError(f"{run} was trained on PTB, which is not in {folder}; give a text")
    try:
        return open_corpus(asked)
    except W2VError as error:
        raise W2VError(
            f"the text that {run} was trained on: {error}; or give another text"
        ) from error
