"""The format of phrases.tsv: a line for each phrase, those of each pass by falling score.

pass, first word, second word, how often they came together, score; tabs between them.
"""

import math
from pathlib import Path

from w2v.errors import damaged
from w2v.tokenizing import Phrase, Phrases


def format_phrases(phrases: Phrases) -> bytes:
    """The bytes of a phrases.tsv, which `parse_phrases` reads back the same."""
    lines = (
        f"{number}\t{phrase.first}\t{phrase.second}\t{phrase.together}\t{phrase.score!r}\n"
        for number, found in enumerate(phrases.passes, 1)
        for phrase in found
    )
    return "".join(lines).encode()


def parse_phrases(raw: bytes, path: str | Path) -> list[list[Phrase]]:
    """The passes in the bytes of a phrases.tsv. Raises: W2VError: they are damaged."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"byte {error.start} is not UTF-8") from error
    passes: list[list[Phrase]] = []
    for line_number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            number, first, second, together, score = line.split("\t")
            phrase = Phrase(first, second, int(together), float(score))
            if not (first and second and math.isfinite(phrase.score)):
                raise ValueError
            if int(number) == len(passes) + 1:
                passes.append([])
            if int(number) != len(passes):
                raise ValueError
        except ValueError as error:
            what = f"line {line_number} is no pass, two words, a count and a score: {line[:60]!r}"
            raise damaged(path, what) from error
        passes[-1].append(phrase)
    if not text.endswith("\n") and text:
        raise damaged(path, "its last line has no end")
    return passes
