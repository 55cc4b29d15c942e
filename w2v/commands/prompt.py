"""The prompt of `w2v query`; with history and completion where Python has readline."""

from collections.abc import Iterator, Sequence
from itertools import islice

import w2v
from w2v.commands.output import tell
from w2v.commands.questions import FLAGS
from w2v.config import ASCII_SPACE
from w2v.errors import shown

try:
    import readline
except ImportError:  # Windows, whose console has a history of its own
    readline = None  # type: ignore[assignment]

PROMPT = "> "
ENDS, HELPS = ("exit", "quit"), ("?", "help")  # the prompt's own words
COMPLETIONS = 100  # at most so many are offered: the most frequent words
HELP = """\
chip                          the words nearest to chip; for several words, to each of them
king woman --minus man        the words nearest to king + woman - man
chip --among intel oil soap   these words, nearest first; with --minus too
--similarity chip intel       the cosine of two words
--odd-one-out a b c           the word that fits the others least
-- exit                       what follows -- are words, whatever they look like
Tab completes a word, the arrow keys bring back earlier lines; exit, Ctrl-D or Ctrl-C ends."""


def lines(vectors: "w2v.WordVectors", source: str) -> Iterator[str]:
    """Yield the lines that are typed, until the end of input; ENDS, HELPS and blank ones stay here.

    Args:
        vectors: their words can be completed.
        source: the folder or file that they come from.
    Raises:
        KeyboardInterrupt: Ctrl-C, after a new line.
    """
    if readline is not None:
        _complete_from(vectors.index_to_key)
    tell(f"{len(vectors) - 1:,} words from {source}; ? for help, Ctrl-D to end")
    while True:
        try:
            line = input(PROMPT).strip(ASCII_SPACE)
        except EOFError:
            tell()
            return
        except KeyboardInterrupt:
            tell()
            raise
        if line in ENDS:
            return
        if line in HELPS:
            for help_line in HELP.splitlines():
                tell(help_line)
        elif line:
            yield line


def _complete_from(words: Sequence[str]) -> None:
    found: list[str] = []

    def complete(text: str, number: int) -> str | None:
        """The number-th completion of `text`, or None: readline counts up from 0 until None."""
        if number == 0:
            known = islice(words, 1, None) if text else ()
            fitting = (word for word in (*FLAGS, *known) if word.startswith(text))
            # What cannot be shown as it is could not be typed either.
            found[:] = islice((word for word in fitting if shown(word) == word), COMPLETIONS)
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t")
    is_editline = "libedit" in (readline.__doc__ or "")  # macOS
    readline.parse_and_bind("bind ^I rl_complete" if is_editline else "tab: complete")
