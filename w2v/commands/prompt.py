"""Asking at a terminal, with history, completion and help, where Python has readline."""

from itertools import islice

from w2v.commands.questions import FLAGS
from w2v.config import ASCII_SPACE

try:
    import readline
except ImportError:  # Windows, whose console has a history of its own
    readline = None

PROMPT = "> "
SHOWN = 100  # completions of a few letters; the most frequent words
HELP = """\
chip                          the words nearest to chip; of several words, those of each
king woman --minus man        the words nearest to king + woman - man
--similarity chip intel       the cosine of two words
--odd-one-out a b c           the word that fits the others least
Tab completes a word, the arrow keys bring back earlier lines, Ctrl-D or Ctrl-C ends."""


def lines(vectors, source):
    """Yield the lines that are typed, until the end of input; blank ones and `?` are done here.

    Args:
        vectors: WordVectors, whose words are completed.
        source: the name of the folder or file that they are from.
    Raises:
        KeyboardInterrupt: Ctrl-C, after a new line.
    """
    if readline is not None:
        _complete_from(vectors.index_to_key)
    print(f"{len(vectors) - 1:,} words from {source}; ? for help, Ctrl-D to end")
    while True:
        try:
            line = input(PROMPT).strip(ASCII_SPACE)
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            raise
        if line == "?":
            print(HELP)
        elif line:
            yield line


def _complete_from(words):
    def complete(text, number):
        """The number-th completion of `text`, or None, as readline asks."""
        if number == 0:
            known = islice(words, 1, None) if text else ()
            found = (word for word in (*FLAGS, *known) if word.startswith(text))
            complete.found = list(islice(found, SHOWN))
        return complete.found[number] if number < len(complete.found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t")
    is_editline = "libedit" in (readline.__doc__ or "")  # macOS
    readline.parse_and_bind("bind ^I rl_complete" if is_editline else "tab: complete")
