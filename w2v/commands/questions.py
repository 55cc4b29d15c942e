"""The questions that can be asked of word vectors, and their answers, as JSON and as text."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import w2v
from w2v.config import ASCII_SPACE
from w2v.errors import UsageError

# flag: the fewest and the most words that it takes
FLAGS: dict[str, tuple[int, int | None]] = {
    "--minus": (1, None),
    "--similarity": (2, 2),
    "--odd-one-out": (3, None),
}


class Question(NamedTuple):
    """One question: neighbours of words less others, or another kind by its name."""

    words: Sequence[str]
    minus: Sequence[str] = ()
    kind: str = "neighbours"  # or "similarity", "odd_one_out"

    def __str__(self) -> str:
        """The line that asks it."""
        before = [] if self.kind == "neighbours" else [f"--{self.kind.replace('_', '-')}"]
        after = ["--minus", *self.minus] if self.minus else []
        return " ".join([*before, *self.words, *after])

    def answer(self, vectors: "w2v.WordVectors", topn: int) -> dict[str, Any]:
        """The answer, ready for JSON.

        Returns:
            {"word": w, "neighbours": [{"word": w, "cosine": c}, ...]}, of several words
            {"words": [...], "minus": [...], "neighbours": [...]}; {"words": [a, b], "cosine": c};
            {"words": [...], "odd_one_out": w}.
        Raises:
            W2VError: a word is unknown or has no direction.
        """
        words = list(self.words)
        if self.kind == "similarity":
            return {"words": words, "cosine": vectors.similarity(*words)}
        if self.kind == "odd_one_out":
            return {"words": words, "odd_one_out": vectors.doesnt_match(words)}
        near = vectors.most_similar(words, self.minus, topn)
        asked = {"words": words, "minus": list(self.minus)} if self.minus else {"word": words[0]}
        return {**asked, "neighbours": [{"word": word, "cosine": cos} for word, cos in near]}


def parse_words(words: Sequence[str] = (), **by_flag: Sequence[str] | None) -> list[Question]:
    """The questions that the words and flags of a command, or of a line, ask.

    Args:
        words: each is a question of its own; with `minus` all together are one.
        by_flag: minus, similarity, odd_one_out: a list of words, or None where it is not given.
    Raises:
        UsageError: two flags at once, or too few or too many words for one.
    """
    given = [flag for flag in FLAGS if by_flag.get(_name(flag)) is not None]
    if not given:
        return [Question([word]) for word in words]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} are both given; ask for one at a time")
    (flag,) = given
    flag_words, (fewest, most) = by_flag[_name(flag)] or (), FLAGS[flag]
    count = len(set(flag_words)) if most is None else len(flag_words)
    if not fewest <= count <= (most or count):
        allowed = f"{fewest} words" if most else f"{fewest} or more different words"
        raise UsageError(f"{flag} takes {allowed}, and is given {count}")
    if flag == "--minus":
        if not words:
            raise UsageError("--minus has no word before it; ask as in: king woman --minus man")
        return [Question(list(words), flag_words)]
    if words:
        raise UsageError(f"{words[0]!r} is not among the words of {flag}; put all of them after it")
    return [Question(flag_words, kind=_name(flag))]


def parse_line(line: str) -> list[Question]:
    """The questions in a line: what follows `w2v query` on the command line, less other flags.

    A line that begins with `--` has words only; elsewhere, and alone, `--` is a word as in a text.
    """
    given: dict[str, list[str]] = {"words": []}
    words = given["words"]
    tokens = re.findall(f"[^{ASCII_SPACE}]+", line)
    if tokens[:1] == ["--"] and len(tokens) > 1:
        return parse_words(tokens[1:])
    for token in tokens:
        if token in FLAGS:
            words = given.setdefault(_name(token), [])
        else:
            words.append(token)
    return parse_words(**given)


def as_lines(answer: dict[str, Any]) -> list[str]:
    """The lines that show an answer."""
    if "odd_one_out" in answer:
        return [answer["odd_one_out"]]
    if "cosine" in answer:
        return [f"cosine sim={answer['cosine']:.3f}"]
    return [f"cosine sim={near['cosine']:.3f}: {near['word']}" for near in answer["neighbours"]]


def _name(flag: str) -> str:
    return flag[2:].replace("-", "_")
