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
    "--among": (1, None),
    "--similarity": (2, 2),
    "--odd-one-out": (3, None),
}
# those that may go together, after other words, and how
_OF_NEIGHBOURS = {
    "--minus": "king woman --minus man",
    "--among": "chip --among intel soap",
}


class Question(NamedTuple):
    """One question: neighbours of words less others, or another kind by its name.

    among: the words that neighbours are chosen from; none: all words.
    """

    words: Sequence[str]
    minus: Sequence[str] = ()
    kind: str = "neighbours"  # or "similarity", "odd_one_out"
    among: Sequence[str] = ()

    def __str__(self) -> str:
        """The line that asks it."""
        before = [] if self.kind == "neighbours" else [f"--{self.kind.replace('_', '-')}"]
        after = ["--minus", *self.minus] if self.minus else []
        chosen = ["--among", *self.among] if self.among else []
        return " ".join([*before, *self.words, *after, *chosen])

    def answer(self, vectors: "w2v.WordVectors", topn: int) -> dict[str, Any]:
        """The answer, ready for JSON.

        Returns:
            {"word": w, "neighbours": [{"word": w, "cosine": c}, ...]}, of several words
            {"words": [...], "minus": [...], "neighbours": [...]}, with "among" where it is asked;
            {"words": [a, b], "cosine": c}; {"words": [...], "odd_one_out": w}.
        Raises:
            W2VError: a word is unknown or has no direction.
        """
        words, minus, among = list(self.words), list(self.minus), list(self.among)
        if self.kind == "similarity":
            return {"words": words, "cosine": vectors.similarity(*words)}
        if self.kind == "odd_one_out":
            return {"words": words, "odd_one_out": vectors.doesnt_match(words)}
        near = vectors.most_similar(words, minus, topn, among=among or None)
        asked = {"words": words, "minus": minus} if minus else {"word": words[0]}
        return {
            **asked,
            **({"among": among} if among else {}),
            "neighbours": [{"word": word, "cosine": cos} for word, cos in near],
        }


def _as_read(words: Sequence[str], vectors: "w2v.WordVectors") -> list[str]:
    """Words as the text of a run has them; those that are there as they are typed stay so.

    Each stays one: what a phrase joins is asked about as a whole where it is typed as a whole.
    """
    return [word if word in vectors else _spelled(word, vectors) for word in words]


def _spelled(word: str, vectors: "w2v.WordVectors") -> str:
    spelled = vectors.tokenization.spell(word)
    joined = vectors.tokenization.join(spelled.split(" "))
    return joined[0] if len(joined) == 1 else spelled


def parse_words(
    words: Sequence[str] = (),
    vectors: "w2v.WordVectors | None" = None,
    **by_flag: Sequence[str] | None,
) -> list[Question]:
    """The questions that the words and flags of a command, or of a line, ask.

    Args:
        words: each is a question of its own; with `minus` all together are one.
        vectors: of a run, whose text's spelling and phrases the words get.
        by_flag: minus, among, similarity, odd_one_out: words, or None where it is not given.
    Raises:
        UsageError: flags that do not go together, or too few or too many words for one.
    """
    if vectors is not None:
        words = _as_read(words, vectors)
        by_flag = {name: asked and _as_read(asked, vectors) for name, asked in by_flag.items()}
    asked = ((flag, by_flag.get(name_of(flag))) for flag in FLAGS)
    given = {flag: flag_words for flag, flag_words in asked if flag_words is not None}
    kinds = [flag for flag in given if flag not in _OF_NEIGHBOURS]
    if kinds and len(given) > 1:
        one, other, *_ = given
        raise UsageError(f"{one} and {other} are both given; ask for one at a time")
    for flag, flag_words in given.items():
        _check_number(flag, flag_words)
    for flag in kinds:
        if words:
            raise UsageError(
                f"{words[0]!r} is not among the words of {flag}; put all of them after it"
            )
        return [Question(given[flag], kind=name_of(flag))]
    for flag in given:
        if not words:
            raise UsageError(f"{flag} has no word before it; ask as in: {_OF_NEIGHBOURS[flag]}")
    minus, among = (given.get(flag, ()) for flag in _OF_NEIGHBOURS)
    each = [list(words)] if minus else [[word] for word in words]
    return [Question(asking, minus, among=among) for asking in each]


def _check_number(flag: str, words: Sequence[str]) -> None:
    fewest, most = FLAGS[flag]
    count = len(set(words)) if most is None else len(words)
    if not fewest <= count <= (most or count):
        allowed = f"{fewest} words" if most else f"{fewest} or more different words"
        raise UsageError(f"{flag} takes {allowed}, and is given {count}")


def parse_line(line: str, vectors: "w2v.WordVectors | None" = None) -> list[Question]:
    """The questions in a line: what follows `w2v query` on the command line, less other flags.

    A line that begins with `--` has words only; elsewhere, and alone, `--` is a word as in a text.
    """
    given: dict[str, list[str]] = {"words": []}
    words = given["words"]
    tokens = re.findall(f"[^{ASCII_SPACE}]+", line)
    if tokens[:1] == ["--"] and len(tokens) > 1:
        return parse_words(tokens[1:], vectors)
    for token in tokens:
        if token in FLAGS:
            words = given.setdefault(name_of(token), [])
        else:
            words.append(token)
    return parse_words(given.pop("words"), vectors, **given)


def as_lines(answer: dict[str, Any]) -> list[str]:
    """The lines that show an answer."""
    if "odd_one_out" in answer:
        return [answer["odd_one_out"]]
    if "cosine" in answer:
        return [f"cosine sim={answer['cosine']:.3f}"]
    return [f"cosine sim={near['cosine']:.3f}: {near['word']}" for near in answer["neighbours"]]


def name_of(flag: str) -> str:
    """`--odd-one-out` → `odd_one_out`."""
    return flag[2:].replace("-", "_")
