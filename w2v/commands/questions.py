"""What can be asked of word vectors in words, and what is answered, as JSON and as text."""

import re
from typing import NamedTuple

from w2v.config import ASCII_SPACE
from w2v.errors import UsageError

# flag: fewest and most words that it takes
FLAGS = {"--minus": (1, None), "--similarity": (2, 2), "--odd-one-out": (3, None)}


class Question(NamedTuple):
    """One question: neighbours of words less others, or another kind by its name."""

    words: list
    minus: list | tuple = ()
    kind: str = "neighbours"  # or "similarity", "odd_one_out"

    def __str__(self):
        """As it is asked in a line."""
        words = " ".join([*self.words, *["--minus"][: len(self.minus)], *self.minus])
        return words if self.kind == "neighbours" else f"--{self.kind.replace('_', '-')} {words}"

    def answer(self, vectors, topn):
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


def questions(words=(), **by_flag):
    """The questions that the words and flags of a command, or of a line, ask.

    Args:
        words: each is a question of its own, but with `minus` all are one.
        by_flag: minus, similarity, odd_one_out: a list of words, or None where it is not given.
    Raises:
        UsageError: two flags at once, too few words for one or too many.
    """
    given = [flag for flag in FLAGS if by_flag.get(_name(flag)) is not None]
    if not given:
        return [Question([word]) for word in words]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} are both given; ask for one at a time")
    (flag,) = given
    theirs, (fewest, most) = by_flag[_name(flag)], FLAGS[flag]
    count = len(set(theirs)) if most is None else len(theirs)
    if not fewest <= count <= (most or count):
        allowed = f"{fewest} words" if most else f"{fewest} or more different words"
        raise UsageError(f"{flag} takes {allowed}, and is given {count}")
    if flag == "--minus":
        if not words:
            raise UsageError("--minus has no word before it; ask as in: king woman --minus man")
        return [Question(list(words), theirs)]
    if words:
        raise UsageError(f"{words[0]!r} is not among the words of {flag}; put all of them after it")
    return [Question(theirs, kind=_name(flag))]


def questions_in(line):
    """The questions in a line: what follows query.py on the command line, without other flags."""
    given = {"words": []}
    words = given["words"]
    for token in re.findall(f"[^{ASCII_SPACE}]+", line):
        if token in FLAGS:
            words = given.setdefault(_name(token), [])
        else:
            words.append(token)
    return questions(**given)


def as_lines(answer):
    """The lines that show an answer."""
    if "odd_one_out" in answer:
        return [answer["odd_one_out"]]
    if "cosine" in answer:
        return [f"cosine sim={answer['cosine']:.3f}"]
    return [f"cosine sim={near['cosine']:.3f}: {near['word']}" for near in answer["neighbours"]]


def _name(flag):
    return flag[2:].replace("-", "_")
