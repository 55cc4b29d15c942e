"""`python -m w2v evaluate`: its table, its JSON, and its errors."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scored import ANALOGIES, PAIRS, TABLE, WORDS, analogies_in, pairs_in
from w2v.vectors.saving import save_vectors

pytestmark = pytest.mark.usefixtures("folder")

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run(folder):
    (folder / "run").mkdir()
    save_vectors(folder / "run", WORDS, range(7), TABLE, TABLE)
    pairs_in(PAIRS)
    analogies_in(ANALOGIES)
    return "run"


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "w2v", "evaluate", *arguments],
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )


def test_evaluate_prints_a_table(run):
    done = command(run, "--pairs", "pairs.txt", "--analogies", "analogies.txt")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        r" +4/6 +\+1\.000  \S+ to \+1\.000  \+0\.973  \S+ to \S+ +pairs.txt", lines[1]
    )
    assert lines[2].strip().startswith("of so few pairs (4), ")
    assert [line.split() for line in lines[5:]] == [
        ["1/1", "1", "1.000", "plain"],
        ["0/1", "0", "none", "odd", "one"],
        ["1/2", "1", "1.000", "analogies.txt"],
    ]


@pytest.mark.parametrize(("pairs", "says"), [(3, True), (20, False)])
def test_evaluate_says_how_few_pairs_there_are(run, pairs, says):
    known = ["east near 9\n", "east north 1\n", "east west -3\n"]
    pairs_in("".join((known * pairs)[:pairs]))
    table = command(run, "--pairs", "pairs.txt").stdout
    assert f"{pairs}/{pairs}" in table
    remark = "of so few pairs (3), neither value nor interval says much"
    assert (remark in table) == says


def test_evaluate_json_is_one_object(run):
    files = ("--pairs", "pairs.txt", "--analogies", "analogies.txt", "--method", "3cosmul")
    answer = json.loads(command("run", *files, "--json").stdout)
    (pairs,) = answer["pairs"]
    pearson = pairs.pop("pearson")
    assert pearson["value"] == pytest.approx(13.25 / math.sqrt(94.6875 * 1.96), abs=1e-7)
    assert pearson["low"] < pearson["value"] < pearson["high"]
    assert pairs == {
        "file": "pairs.txt",
        "pairs": 6,
        "covered": 4,
        "spearman": {"value": 1.0, "low": 1.0, "high": 1.0},
    }
    counts = {"questions": 1, "covered": 1, "correct": 0, "accuracy": 0.0}
    assert answer == {
        "run": "run",
        "pairs": [pairs],
        "analogies": [
            {
                "file": "analogies.txt",
                "method": "3cosmul",
                "sections": [
                    {"section": "plain", **counts},
                    {
                        "section": "odd one",
                        "questions": 1,
                        "covered": 0,
                        "correct": 0,
                        "accuracy": None,
                    },
                ],
                "total": {**counts, "questions": 2},
            }
        ],
        "sts": [],
    }


@pytest.mark.parametrize("content", ["east near 1\nthis that 2\n", "this that 2\n"])
def test_evaluate_says_where_nothing_can_be_scored(run, content):
    pairs_in(content)
    analogies_in(": s\nthis is not known\n")
    files = ("--pairs", "pairs.txt", "--analogies", "analogies.txt")
    done = command(run, *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert "fewer than two pairs are in the vocabulary: no correlation" in done.stdout
    assert "no question is in the vocabulary: no accuracy" in done.stdout
    answer = json.loads(command(run, *files, "--json").stdout)
    nothing = {"value": None, "low": None, "high": None}
    assert answer["pairs"][0]["spearman"] == answer["pairs"][0]["pearson"] == nothing
    assert answer["analogies"][0]["total"]["accuracy"] is None


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["run"], 2, "nothing to score with; give --pairs, --analogies or --sts"),
        (["--pairs", "pairs.txt"], 2, "required: RUN"),
        (["run", "--pairs"], 2, "--pairs: expected at least one argument"),
        (["run", "--pairs", "pairs.txt", "--method", "x"], 2, "--method: invalid choice: 'x'"),
        (["run", "--pairs", "nowhere.txt"], 1, r"cannot read nowhere\.txt: No such file"),
        (
            ["run", "--pairs", "analogies.txt"],
            1,
            r"analogies\.txt, line 1 is ': plain'; it must be",
        ),
        (["run", "--analogies", "pairs.txt"], 1, r"pairs\.txt, line 2 is .*`: section` must come"),
        (["nowhere", "--pairs", "pairs.txt"], 1, "nowhere"),
    ],
)
def test_evaluate_errors_are_one_line(run, arguments, status, message):
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert re.fullmatch(rf"error: [^\n]*{message}[^\n]*\n", done.stderr)


def test_evaluate_help_documents_json_and_statuses():
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert '{"run": ' in done.stdout
    assert "exit status" in done.stdout
