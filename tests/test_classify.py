"""Classification of texts: splits, scores, training, exact resume, prediction."""

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from w2v.classify import checkpoint, saved, train
from w2v.classify.data_module import DataModule, Labelled, read_labelled, read_parts, split
from w2v.classify.model import TextClassifier
from w2v.classify.scores import scores_of
from w2v.classify.settings import Settings
from w2v.classify.trainer import Trainer
from w2v.commands import classify
from w2v.config import UNK
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.pictures import confusion, looks
from w2v.tokenizing import Tokenization
from w2v.vectors.saving import save_vectors
from w2v.vectors.wordvectors import WordVectors

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(0)
WORDS = [UNK, *(f"w{number}" for number in range(40))]
TABLE = RNG.standard_normal((41, 6)).astype(np.float32)
for own in range(3):  # the words of a label have a direction
    TABLE[1 + 13 * own : 14 + 13 * own, own] += 3
TABLE[0] = 0
WV = WordVectors(WORDS, range(41), TABLE, Tokenization(words=True))
# Label a has the first words, b the next, c the last; and each text some of any.
TEXTS, LABELS = [], []
for label, size in (("a", 60), ("b", 30), ("c", 10)):
    for _ in range(size):
        own = RNG.integers(1, 14, 4) + 13 * "abc".index(label)
        other = RNG.integers(1, 41, 2)
        TEXTS.append(" ".join(WORDS[row] for row in (*own, *other)))
        LABELS.append(label)
LABELLED = Labelled(TEXTS, LABELS)


def trainer_of(**settings):
    settings = Settings(**{"epochs": 4, "batch_size": 16, **settings})
    texts = DataModule(WV, split(LABELLED, settings, has_test=False))
    return Trainer(settings, texts, TABLE[texts.words])


def test_split_is_stratified_seeded_and_whole():
    settings = Settings(validation_share=0.2, test_share=0.1)
    parts = split(LABELLED, settings, has_test=False)
    counts = [{label: part.labels.count(label) for label in "abc"} for part in parts]
    assert counts == [
        {"a": 42, "b": 21, "c": 7},
        {"a": 12, "b": 6, "c": 2},
        {"a": 6, "b": 3, "c": 1},
    ]
    together = sorted(zip(*map(sum, zip(*parts, strict=True), ([], [])), strict=True))
    assert together == sorted(zip(TEXTS, LABELS, strict=True))
    assert split(LABELLED, settings, has_test=False) == parts
    assert split(LABELLED, Settings(validation_share=0.2, seed=1), has_test=False) != parts


def test_a_label_of_one_text_stays_for_training():
    parts = split(Labelled(["x", "y"], ["a", "b"]), Settings(validation_share=0.5), has_test=False)
    assert [part.labels for part in parts] == [["a", "b"], [], []]


def test_scores_by_hand():
    scores = scores_of(["a", "b", "c"], np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 1]))
    assert scores.confusion.tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert scores.accuracy == 0.5
    np.testing.assert_allclose(scores.f1, [2 / 3, 0.4, 0])  # c is never predicted
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0.4) / 3)
    assert scores.table()[1].split() == ["a", "2", "1", "0", "0.667"]


def test_a_table_of_long_and_wide_labels_stands_in_columns():
    scores = scores_of(["x" * 200, "日本", "b"], np.arange(3), np.arange(3))
    lines = scores.table()
    assert {looks.width(line.removesuffix("   (columns: predicted)")) for line in lines} == {95}
    assert lines[1].split() == ["x" * 19 + "…", "1", "0", "0", "1.000"]


@pytest.mark.draws
def test_slanted_labels_end_at_their_columns():
    names = [f"a label of some length {n}" for n in range(6)]
    drawn, _ = confusion.figure(names, np.eye(6, dtype=int).tolist(), 1.0)
    drawn.canvas.draw()
    (axes,) = drawn.axes
    for label in axes.get_xticklabels():
        x, _ = axes.transAxes.inverted().transform(axes.transData.transform(label.get_position()))
        box = label.get_window_extent().transformed(axes.transAxes.inverted())
        assert box.x1 - x < 0.05  # it ends below its column, and stands left of it


def test_class_weights_let_labels_weigh_the_same():
    texts = trainer_of(validation_share=0.1).texts
    counts = np.bincount(texts.parts["training"].labels)
    np.testing.assert_allclose(texts.class_weights.numpy() * counts, counts.sum() / 3, rtol=1e-6)


def test_logits_equal_the_formula_in_numpy():
    trainer = trainer_of(hidden=5)
    dataset = trainer.texts.parts["training"]
    state = {name: tensor.numpy() for name, tensor in trainer.model.state_dict().items()}
    rows, _ = dataset[3]
    mean = state["words.weight"].astype(float)[rows[rows > 0]].mean(axis=0)
    inner = np.maximum(mean @ state["head.0.weight"].T + state["head.0.bias"], 0)
    expected = inner @ state["head.2.weight"].T + state["head.2.bias"]
    with torch.no_grad():
        np.testing.assert_allclose(trainer.model(dataset.bag([3]))[0], expected, atol=1e-5)


@pytest.mark.parametrize("weights", [False, True])
def test_the_first_loss_is_the_weighted_mean(weights):
    trainer = trainer_of(class_weights=weights, epochs=1, lr=1e-9, batch_size=1000)
    with torch.no_grad():
        dataset = trainer.texts.parts["training"]
        logits = trainer.model(dataset.bag(range(len(dataset)))).numpy().astype(float)
    each = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), dataset.labels]
    weight = trainer.texts.class_weights.numpy()[dataset.labels] if weights else np.ones(len(each))
    trainer.fit()
    expected = (weight * each).sum() / weight.sum()
    assert trainer.progress.history[0].loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("settings", [{}, {"hidden": 8}, {"tune": True}])
def test_training_learns_and_keeps_frozen_vectors(settings):
    trainer = trainer_of(epochs=60, patience=60, lr=0.05, **settings)
    trainer.fit()
    assert trainer.evaluate("training").macro_f1 > 0.9
    words = trainer.model.state_dict()["words.weight"].numpy()
    same = (words == TABLE[trainer.texts.words]).all(axis=1)
    assert same.all() if not settings.get("tune") else (same[0] and not same[1:].all())


def test_early_stopping_keeps_the_best_epoch():
    trainer = trainer_of(epochs=500, patience=3, lr=0.1, tune=True)
    trainer.fit()
    losses = [epoch.validation_loss for epoch in trainer.progress.history]
    assert len(losses) == 1 + int(np.argmin(losses)) + 3 < 500
    logits = trainer.model(trainer.texts.parts["validation"].bag(range(10))).detach()
    labels = torch.from_numpy(trainer.texts.parts["validation"].labels)
    assert torch.nn.functional.cross_entropy(logits, labels).item() == pytest.approx(min(losses))


class StoppedError(Exception): ...


@pytest.mark.parametrize("settings", [{"hidden": 4}, {"tune": True, "class_weights": True}])
@pytest.mark.parametrize("after", [1, 5, 7, 12])
def test_resuming_gives_the_same_bits(tmp_path, settings, after):
    whole = trainer_of(**settings)
    whole.fit()
    stopped, path, calls = trainer_of(**settings), tmp_path / "state.safetensors", 0

    def pause():
        nonlocal calls
        calls += 1
        if calls == after:
            checkpoint.write(path, stopped)
            raise StoppedError

    with pytest.raises(StoppedError):
        stopped.fit(pause)
    resumed = trainer_of(**settings)
    torch.rand(3)  # no generator's state matters
    assert checkpoint.restore(path, resumed)
    resumed.fit()
    assert resumed.progress == whole.progress
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], tensor), name


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    checkpoint.write(tmp_path / "state", trainer_of())
    with pytest.raises(W2VError, match=r"was trained with --lr 0\.01, and now it is 0\.5"):
        checkpoint.restore(tmp_path / "state", trainer_of(lr=0.5))
    other = Labelled(TEXTS[::-1], LABELS[::-1])
    texts = DataModule(WV, split(other, Settings(), has_test=False))
    with pytest.raises(W2VError, match="was trained on other texts"):
        checkpoint.restore(
            tmp_path / "state", Trainer(trainer_of().settings, texts, TABLE[texts.words])
        )
    (tmp_path / "state").write_bytes(b"\0" * 20)
    with pytest.raises(W2VError, match="is damaged"):
        checkpoint.restore(tmp_path / "state", trainer_of())
    assert not checkpoint.restore(tmp_path / "nowhere", trainer_of())


def test_a_saved_classifier_gives_the_same_probabilities(tmp_path):
    trainer = trainer_of(hidden=3, tune=True)
    trained = train.train(trainer, WV, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == saved.FILES - {"checkpoint"}
    assert (tmp_path / "out" / saved.PICTURE).read_bytes().startswith(b"\x89PNG")
    classifier = saved.load(tmp_path / "out")
    found = classifier.probabilities([*TEXTS, "", "unheard of"])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(found[-2], found[-1])
    as_written, as_split = classifier.probabilities(["w1, (w14)!", "w1 w14"])
    np.testing.assert_array_equal(as_written, as_split)  # by the vectors' own tokenization
    dataset = trainer.texts.parts["test"]
    with torch.no_grad():
        own = trainer.model(dataset.bag(range(len(dataset)))).softmax(dim=1)
    parts = split(LABELLED, trainer.settings, has_test=False)
    np.testing.assert_allclose(classifier.probabilities(parts[2].texts), own, atol=1e-6)
    described = json.loads((tmp_path / "out" / "config.json").read_text())
    assert described["scores"]["test"]["macro_f1"] == trained.scores.macro_f1
    with pytest.raises(UsageError, match="text 1 is None"):
        classifier.probabilities(["x", None])


def test_a_finished_classifier_is_replaced_only_by_force(tmp_path):
    train.train(trainer_of(), WV, tmp_path / "out")
    before = (tmp_path / "out" / saved.MODEL).read_bytes()
    for resume in (False, True):
        with pytest.raises(W2VError, match="holds a classifier; --force replaces it, or name"):
            train.train(trainer_of(seed=1), WV, tmp_path / "out", resume)
    assert (tmp_path / "out" / saved.MODEL).read_bytes() == before
    train.train(trainer_of(seed=1), WV, tmp_path / "out", force=True)
    assert (tmp_path / "out" / saved.MODEL).read_bytes() != before


def test_a_signal_saves_the_state_and_resume_goes_on(tmp_path):
    whole = train.train(trainer_of(), WV, tmp_path / "whole")

    def told(epoch):
        if epoch.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match=r"SIGINT in epoch 3; the state is saved in .*--resume"):
        train.train(trainer_of(), WV, tmp_path / "out", told=told)
    assert os.listdir(tmp_path / "out") == ["checkpoint"]
    resumed = train.train(trainer_of(), WV, tmp_path / "out", resume=True)
    assert resumed.best == whole.best
    for name in (saved.MODEL, saved.HISTORY, "config.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "out" / "checkpoint").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"{", r"config\.json is damaged: it is no JSON"),
        ("config.json", b"{}", "its files do not fit each other"),
        ("vocab.tsv", b"<unk>\t0\n", "its files do not fit each other"),
        ("model.safetensors", b"", r"model\.safetensors is damaged"),
        ("model.safetensors", None, "holds no classifier; w2v classify train makes one"),
    ],
)
def test_a_damaged_classifier_is_one_line(tmp_path, name, content, message):
    saved.write(tmp_path, trainer_of(), WV, {})
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(W2VError, match=message):
        saved.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        ("text,id,label\nx,1,a\ny,2,b\n", (), (["x", "y"], ["a", "b"])),
        ("a,x\nb,y\n", (), (["x", "y"], ["a", "b"])),
        ("a,9,x\nb,9,y\n", ("1", "3"), (["x", "y"], ["a", "b"])),
        ("kind,words\na,x\n", ("kind", "words"), (["x"], ["a"])),
    ],
)
def test_columns_are_found(tmp_path, content, columns, expected):
    (tmp_path / "x.csv").write_text(content)
    assert read_labelled(tmp_path / "x.csv", *columns)[:2] == expected


@pytest.mark.parametrize(
    ("content", "columns", "n_texts"),
    [
        ("Category,Message\na,x\na,y\nb,z\nb,x\n", (), 4),
        ("Message,Category\nx,a\ny,a\nz,b\nx,b\n", ("2", "1"), 4),
        ("label,text\nc,x\na,y\na,z\n", (), 3),  # named: the first text is a text
        ("c,w\na,x\nb,y\na,z\n", (), 4),  # b, too, comes once: nothing is sure
        ("a,w\na,x\nb,y\nb,z\n", (), 4),
    ],
)
def test_names_of_columns_are_no_label(tmp_path, caplog, content, columns, n_texts):
    (tmp_path / "x.csv").write_text(content)
    with caplog.at_level(logging.WARNING, "w2v"):
        parts = read_parts([tmp_path / "x.csv"] * 3, Settings(), *columns)
    assert [len(part.texts) for part in parts] == [n_texts] * 3
    is_told = ["is taken for the columns' names" in message for message in caplog.messages]
    assert is_told == [True] * (n_texts < content.count("\n") and "Cat" in content)


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("a,b,c\n", (), "has 3 columns, none called label and text; name them with --label-column"),
        (
            "label,text\na,x\n",
            ("kind", "text"),
            "no column 'kind'; its first row is label, text",
        ),
        ("a,b\n", ("1", "9"), "has no column '9'"),
        ("a,x\n,y\n", (), "line 2 has the label ''"),
        ("a,x\nNaN,y\n", (), "line 2 has the label 'NaN'"),
        ("label,text\n", (), "holds no labelled text"),
        ("a,x\nb\n", (), "line 2 has 1 column, and the first row 2 columns"),
    ],
)
def test_labelled_texts_that_cannot_be_read_are_one_line(tmp_path, content, columns, message):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(W2VError, match=message):
        read_labelled(tmp_path / "x.csv", *columns)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((["a", "a"], ["a"], []), "all training texts have the label 'a'; there must be two"),
        ((TEXTS, TEXTS, []), "100 texts for training with 1?[0-9]{2} labels, such as w.*are these"),
        ((["a", "b"], ["c"], []), "text for validation has the label 'c', which no training text"),
        ((["a", "b"], ["a"], ["d"]), "text for test has the label 'd'"),
        (
            (["a", "b"], [], []),
            "no text for validation, but 2 texts for training with 2 labels",
        ),
    ],
)
def test_labels_that_do_not_fit_are_one_line(parts, message):
    with pytest.raises(W2VError, match=message):
        DataModule(WV, [Labelled(["x"] * len(labels), labels) for labels in parts])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": float("nan")}, "--lr is nan; it must be between"),
        ({"epochs": 0}, "--epochs is 0; it must be between 1 and"),
        (
            {"validation_share": 0.6},
            r"--validation-share is 0\.6; .* 0\.0 and 0\.5",
        ),
        ({"hidden": True}, "--hidden is True"),
        ({"tune": 1}, "--tune is 1"),
        ({"seed": -1}, "--seed is -1"),
    ],
)
def test_settings_out_of_range_are_one_line(settings, message):
    with pytest.raises(UsageError, match=message):
        Settings(**settings)


@pytest.fixture
def files(folder):
    (folder / "run").mkdir()
    save_vectors(folder / "run", WORDS, range(41), TABLE, TABLE)
    rows = [f"{label}\t{text}\n" for text, label in zip(TEXTS, LABELS, strict=True)]
    (folder / "texts.tsv").write_text("".join(rows))
    (folder / "one.tsv").write_text("a\tx\na\ty\n")
    return folder


def ran(capsys, *arguments):
    try:
        status = classify.main("w2v classify", list(map(str, arguments)))
    except SystemExit as stopped:
        status = stopped.code
    return (status, *capsys.readouterr())


def test_the_command_trains_and_predicts(files, capsys, monkeypatch):
    asked = ["train", "texts.tsv", "-o", "out", "--model", "run", "--epochs", 3, "--hidden", 4]
    status, out, errors = ran(capsys, *asked)
    assert (status, errors) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "texts: 80 for training, 10 for validation, 10 for test; labels: a, b, c"
    assert lines[1] == "words: 100.0% have a vector; 0 texts have no such word"
    assert [bool(re.match(r"epoch \d  loss \d\.\d{4}  validation ", line)) for line in lines[2:5]]
    assert re.fullmatch(r"test: accuracy \d\.\d{4}, macro-F1 \d\.\d{4} \(10 texts; .*\)", lines[5])
    assert lines[-1] == "written: out"
    (files / "new.txt").write_bytes("w1 w2 w3\r\n\nw30 é\n".encode())
    status, out, _ = ran(capsys, "predict", "out", "new.txt")
    assert status == 0
    assert [re.fullmatch(r"[abc]\t[01]\.\d{4}\t(.*)", line)[1] for line in out.splitlines()] == [
        "w1 w2 w3", "", "w30 é",
    ]  # fmt: skip
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO((files / "new.txt").read_bytes()))
    )
    status, out, _ = ran(capsys, "predict", "out", "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["text"] for answer in answers] == ["w1 w2 w3", "", "w30 é"]
    for answer in answers:
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-6)


def test_what_is_done_is_said_and_left(files, capsys):
    asked = ["train", "texts.tsv", "-o", "out", "--model", "run", "--epochs", 1]
    assert ran(capsys, *asked)[0] == 0
    assert ran(capsys, *asked, "--resume") == (0, "out is done; --force trains anew\n", "")
    status, _, errors = ran(capsys, *asked)
    assert (status, "--force replaces it" in errors) == (1, True)
    assert ran(capsys, *asked, "--force")[0] == 0


def test_labels_and_texts_never_break_a_line(files, capsys):
    labels = ["two\nlines", "a\ttab"]
    model = TextClassifier(torch.from_numpy(TABLE.copy()), 2, 0, tune=False)
    for label in labels:
        with torch.no_grad():
            model.head[0].bias.copy_(torch.tensor([9.0 * (name == label) for name in labels]))
        classify._answer(saved.Classifier(model, labels, WV), ["a\\b\tc\rd"], False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[::2] for line in lines] == [
        [r"two\nlines", r"a\\b\tc\rd"], [r"a\ttab", r"a\\b\tc\rd"],
    ]  # fmt: skip


@pytest.mark.parametrize("is_piped", [False, True])
def test_what_is_not_utf8_is_refused_with_its_line(files, capsys, monkeypatch, is_piped):
    assert ran(capsys, "train", "texts.tsv", "-o", "out", "--model", "run", "--epochs", 1)[0] == 0
    content = b"\xef\xbb\xbfw1\nw2 \xe9\n"
    (files / "new.txt").write_bytes(content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    asked = [] if is_piped else ["new.txt"]
    status, out, errors = ran(capsys, "predict", "out", *asked)
    assert (status, "\ufeff" in out) == (1, False)
    assert errors.endswith("line 2 is not UTF-8; convert it\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--validation", "texts.tsv", "--test-share", "0.2"], "--test-share is given, and --val"),
        (["--validation", "texts.tsv", "--validation-share", "0.2"], "--validation-share is given"),
        (["--test", "texts.tsv", "--test-share", "0.2"], "--test-share is given, and --test: then"),
    ],
)
def test_a_share_that_would_be_ignored_is_refused(files, capsys, arguments, message):
    asked = ["train", "texts.tsv", "-o", "out", "--model", "run", *arguments]
    status, _, errors = ran(capsys, *asked)
    assert status == 2
    assert message in errors


def test_files_for_validation_and_test_are_taken_whole(files):
    paths = [files / "texts.tsv", files / "texts.tsv", files / "one.tsv"]
    assert [len(part.texts) for part in read_parts(paths, Settings())] == [100, 100, 2]
    assert [len(part.texts) for part in read_parts([*paths[:2], None], Settings())] == [100, 100, 0]
    drawn = read_parts([paths[0], None, paths[2]], Settings())
    assert [len(part.texts) for part in drawn] == [90, 10, 2]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["train", "nowhere.tsv", "-o", "out", "--model", "run"], 1, r"cannot read nowhere\.tsv"),
        (["train", "one.tsv", "-o", "out", "--model", "run"], 1, "there must be two labels"),
        (["train", "texts.tsv", "-o", "run", "--model", "run"], 1, "run holds .* would be lost"),
        (["train", "texts.tsv", "-o", "one.tsv", "--model", "run"], 1, "is no folder"),
        (["train", "texts.tsv", "-o", "out", "--model", "no"], 1, "cannot read no"),
        (["train", "texts.tsv", "-o", "out", "--epochs", "0"], 2, "--epochs is 0"),
        (["train", "texts.tsv", "-o", "out", "--lr", "x"], 2, "--lr: invalid float value"),
        (["train", "texts.tsv", "--model", "run"], 2, "required: -o/--out"),
        (["predict", "run", "one.tsv"], 1, "run holds no classifier"),
        (["predict", "nowhere"], 1, "nowhere holds no classifier"),
        ([], 2, "required: WHAT"),
    ],
)
def test_errors_are_one_line_and_write_nothing(files, capsys, arguments, status, message):
    before = sorted(os.listdir(files))
    found, _, errors = ran(capsys, *arguments)
    assert found == status
    assert re.fullmatch(rf"error: [^\n]*{message}[^\n]*\n", errors)
    assert sorted(os.listdir(files)) == before


@pytest.mark.heavy
def test_killed_trainings_resume_to_the_same_bits(files):
    command = [sys.executable, "-m", "w2v", "classify", "train", "texts.tsv", "--model", "run"]
    command += ["--epochs", "400", "--patience", "400", "--hidden", "16", "--resume", "-o"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = "import sys; sys.argv[0] = 'w2v'; from w2v.classify import train; train.WAIT = 0.0\n"
    code += "from w2v.__main__ import main; sys.exit(main())"
    command[1:3] = ["-c", code]
    subprocess.run([*command, "whole"], check=True, env=environment, stdout=subprocess.DEVNULL)
    kills = 0
    while not (files / "out" / "config.json").exists():
        training = subprocess.Popen([*command, "out"], env=environment, stdout=subprocess.PIPE)
        training.stdout.readline()
        time.sleep(0.1 + 0.05 * kills)
        training.kill()
        training.wait()
        kills += 1
    assert kills > 2
    for name in (saved.MODEL, saved.HISTORY):
        assert (files / "out" / name).read_bytes() == (files / "whole" / name).read_bytes()
