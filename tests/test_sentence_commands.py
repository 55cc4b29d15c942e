"""w2v similar, embed, search, pairs, and evaluate --sts."""

import json
import os
import re

import numpy as np
import pytest

import w2v
from sentences import run_in, slow_mean
from w2v.commands import embed, evaluate, pairs, search, similar

LINES = ["the oil price fell", "gas rose", "", "the oil price rose", "unheard of"]


@pytest.fixture(autouse=True)
def _run(folder):
    run_in(folder)
    (folder / "lines.txt").write_text("".join(f"{line}\n" for line in LINES))


@pytest.fixture
def ran(capsys):
    def run(command, *arguments):
        """(exit status, stdout, stderr) of a command."""
        try:
            status = command.main(f"w2v {command.__name__}", list(map(str, arguments)))
        except SystemExit as stopped:
            status = stopped.code
        return (status, *capsys.readouterr())

    return run


def cosine(one, other):
    a, b = slow_mean(one), slow_mean(other)
    return a @ b / np.sqrt((a @ a) * (b @ b))


@pytest.mark.parametrize(
    ("other", "verdict"), [("price the oil", "similar"), ("gas", "not similar")]
)
def test_similar_tells_cosine_and_verdict(ran, other, verdict):
    found = cosine("the oil price", other)
    status, out, _ = ran(similar, "the oil price", other, "--model", "run", "--threshold", 0.7)
    assert (status, out) == (0, f"cosine sim={found:.3f}: {verdict} (threshold 0.7)\n")
    status, out, _ = ran(similar, "the oil price", other, "--model", "run", "--json")
    answer = json.loads(out)
    assert answer == {
        "model": os.path.abspath("run"),
        "sentences": ["the oil price", other],
        "cosine": pytest.approx(found, abs=1e-6),
        "threshold": 0.5,
        "similar": bool(found >= 0.5),
    }


def test_similar_of_unknown_words_is_0_with_a_warning(ran):
    status, out, errors = ran(similar, "oil", "unheard of", "--model", "run")
    assert (status, out) == (0, "cosine sim=0.000: not similar (threshold 0.5)\n")
    assert errors == (
        "warning: 1 of 2 sentences is empty, has no known word or cancels out, so its vector is 0: "
        "number 2\n"
    )


def test_similar_tells_once_that_it_fits_sif(ran):
    arguments = (similar, "oil", "gas", "--model", "run", "--pooling", "sif")
    assert re.fullmatch(r"fitting sif on '.*text\.txt', once\n", ran(*arguments)[2])
    assert ran(*arguments)[2] == ""


def test_a_question_with_a_text_changes_no_other(ran):
    arguments = (similar, "oil price", "gas", "--model", "run", "--pooling", "sif", "--json")
    before = ran(*arguments)[1]
    assert ran(embed, "lines.txt", "-o", "out", "--model", "run", "--pooling", "sif")[0] == 0
    with open("other.txt", "w") as file:
        file.write("gas fell\noil rose the\n")
    other = ran(*arguments, "--text", "other.txt")
    assert re.fullmatch(r"fitting sif on '.*other\.txt'\n", other[2])
    assert json.loads(other[1])["cosine"] != json.loads(before)["cosine"]
    assert ran(*arguments)[1] == before
    assert ran(search, "out", "oil")[0] == 0


def test_embed_search_and_pairs(ran):
    status, out, errors = ran(embed, "lines.txt", "-o", "out", "--model", "run")
    assert (status, out) == (0, "written: out (5 sentences, 8 dimensions)\n")
    assert errors.startswith("warning: 2 of 5 sentences are empty, have no known word")
    assert "number 3" in errors
    assert ran(embed, "lines.txt", "-o", "out", "--model", "run")[1] == (
        "written: out (5 sentences after 5, 8 dimensions)\n"
    )
    status, out, errors = ran(search, "out", "oil fell", "-k", 2)
    best = cosine("oil fell", LINES[0])
    assert (status, errors) == (0, "")
    assert out == f"cosine sim={best:.3f}: {LINES[0]}\n" * 2
    answer = json.loads(ran(search, "out", "oil fell", "-k", 1, "--json")[1])
    assert answer == {
        "folder": "out",
        "query": "oil fell",
        "results": [{"line": 1, "sentence": LINES[0], "cosine": pytest.approx(best, abs=1e-6)}],
    }
    status, out, _ = ran(pairs, "out", "-k", 3)
    assert (status, out.count("\n")) == (0, 3)
    assert all(re.fullmatch(r"cosine sim=1\.000: (.+) \| \1", line) for line in out.splitlines())
    found = json.loads(ran(pairs, "out", "-k", 1, "--json")[1])["pairs"]
    assert [(pair["lines"][1] - pair["lines"][0], pair["cosine"]) for pair in found] == [
        (5, pytest.approx(1.0))
    ]


def test_search_answers_several_and_fails_for_the_unknown(ran):
    ran(embed, "lines.txt", "-o", "out", "--model", "run")
    status, out, errors = ran(search, "out", "gas", "unheard of", "-k", 1)
    assert status == 1
    assert out.splitlines()[0] == "gas"
    what = "has the vector 0, so it has no direction; ask with known words"
    assert errors == f"error: 'unheard of' {what}\n"


def test_the_run_trained_last_is_the_model(ran):
    w2v.train(corpus="text.txt", min_count=1, epochs=1, sample=0.0, vector_size=4, engine="cpu")
    status, out, _ = ran(similar, "oil", "oil")
    assert (status, out) == (0, "cosine sim=1.000: similar (threshold 0.5)\n")


def test_evaluate_sts_scores_all_pairs(ran):
    rows = [("oil price", "oil price", 5.0), ("gas", "chip", 1.0), ("oil fell", "unheard of", 0.0),
            ("the price rose", "price fell", 3.0)]  # fmt: skip
    with open("sts.csv", "w") as file:
        file.writelines(f"{one},{other},{score}\n" for one, other, score in rows)
    status, out, errors = ran(evaluate, "run", "--sts", "sts.csv", "--json")
    (found,) = json.loads(out)["sts"]
    assert (status, errors) == (0, "")
    cosines = [cosine(one, other) if other != "unheard of" else 0.0 for one, other, _ in rows]
    pearson = np.corrcoef(cosines, [score for *_, score in rows])[0, 1]
    assert found["pearson"]["value"] == pytest.approx(pearson, abs=1e-6)
    counted = {name: found[name] for name in ("pooling", "pairs", "covered", "words", "known")}
    assert counted == {"pooling": "mean", "pairs": 4, "covered": 3, "words": 15, "known": 13}
    status, out, _ = ran(evaluate, "run", "--sts", "sts.csv")
    assert re.search(r"  3/4 .*sts\.csv \(mean; 86\.7% of words known\)$", out.strip())


@pytest.mark.parametrize(
    ("command", "arguments", "status", "message"),
    [
        (similar, ["oil"], 2, "required: SENTENCE"),
        (similar, ["a", "b", "--model", "run", "--threshold", "2"], 2, "must be between -1 and 1"),
        (similar, ["a", "b", "--model", "run", "--layer", "1"], 2, "layer is given"),
        (similar, ["a", "b", "--model", "run", "--pooling", "cls"], 2, "must be one of mean, sif"),
        (similar, ["a", "b", "--model", "nowhere"], 1, "cannot read nowhere"),
        (similar, ["a", "b"], 1, "no run was trained from this folder yet"),
        (embed, ["nowhere.txt", "-o", "out", "--model", "run"], 1, r"cannot read nowhere\.txt"),
        (embed, ["empty.txt", "-o", "out", "--model", "run"], 1, r"empty\.txt holds no sentence"),
        (embed, ["latin.txt", "-o", "out", "--model", "run"], 1, r"latin\.txt is not UTF-8"),
        (
            embed,
            ["lines.txt", "-o", "run", "--model", "run"],
            1,
            r"run holds config\.json, which would",
        ),
        (embed, ["lines.txt", "-o", "text.txt", "--model", "run"], 1, r"text\.txt is no folder"),
        (embed, ["lines.txt", "--model", "run"], 2, "required: -o/--out"),
        (search, ["run", "oil"], 1, "run holds no embeddings; w2v embed makes them"),
        (search, ["run", "oil", "-k", "0"], 2, "not a whole number above 0"),
        (pairs, ["nowhere"], 1, "nowhere holds no embeddings"),
        (evaluate, ["run", "--sts", "lines.txt"], 1, "has 1 columns?; it must have two sentences"),
        (evaluate, ["run", "--sts", "lines.txt", "--limit", "5"], 2, "--limit is for --pairs"),
    ],
)
def test_errors_are_one_line_and_write_nothing(ran, folder, command, arguments, status, message):
    (folder / "empty.txt").write_text("")
    (folder / "latin.txt").write_bytes(b"oil \xe9\n")
    before = sorted(os.listdir(folder)), sorted(os.listdir(folder / "run"))
    found, out, errors = ran(command, *arguments)
    assert (found, out) == (status, "")
    assert re.fullmatch(rf"error: [^\n]*{message}[^\n]*\n", errors)
    assert (sorted(os.listdir(folder)), sorted(os.listdir(folder / "run"))) == before
