"""What a line asks: read as the command line would be."""

import pytest

from w2v.commands.questions import Question, parse_line
from w2v.errors import UsageError


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        (" \t\r\n", []),
        ("chip", [Question(["chip"])]),
        (" chip\tintel \n", [Question(["chip"]), Question(["intel"])]),
        ("king woman --minus man", [Question(["king", "woman"], ["man"])]),
        ("a --minus b --minus c d", [Question(["a"], ["b", "c", "d"])]),
        ("a --among b c", [Question(["a"], among=["b", "c"])]),
        ("a b --among c", [Question(["a"], among=["c"]), Question(["b"], among=["c"])]),
        ("a b --minus c --among d", [Question(["a", "b"], ["c"], among=["d"])]),
        ("a --among d --minus c", [Question(["a"], ["c"], among=["d"])]),
        ("--similarity a b", [Question(["a", "b"], kind="similarity")]),
        ("--odd-one-out a b c", [Question(["a", "b", "c"], kind="odd_one_out")]),
        ("-k -- --json", [Question(["-k"]), Question(["--"]), Question(["--json"])]),
        ("a\u00a0b \u3000 c\u2028d", [Question([w]) for w in ("a\u00a0b", "\u3000", "c\u2028d")]),
    ],
)
def test_line_is_read_as_arguments_are(line, expected):
    found = parse_line(line)
    assert found == expected
    assert [each for question in found for each in parse_line(str(question))] == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--minus a", "--minus has no word before it"),
        ("a --minus", "--minus takes 1 or more different words, and is given 0"),
        ("--among a", "--among has no word before it; ask as in: chip --among intel soap"),
        ("a --among", "--among takes 1 or more different words, and is given 0"),
        ("--similarity a b --among c", "--among and --similarity are both given"),
        ("--similarity", "--similarity takes 2 words, and is given 0"),
        ("--similarity a b c", "--similarity takes 2 words, and is given 3"),
        ("--odd-one-out a b a", "--odd-one-out takes 3 or more different words, and is given 2"),
        ("a --odd-one-out b c d", "'a' is not among the words of --odd-one-out"),
        ("a --minus b --similarity c d", "--minus and --similarity are both given"),
    ],
)
def test_line_that_asks_nothing_is_refused(line, message):
    with pytest.raises(UsageError, match=message):
        parse_line(line)
