"""The file of a checkpoint, and what is noticed of one that is damaged."""

import dataclasses
import json
import re

import numpy as np
import pytest

import w2v
from stopping import SETTINGS, UNFINISHED, Stop
from w2v.errors import Interrupted, UsageError, W2VError
from w2v.recipes import from_recipe
from w2v.storage import safetensors
from w2v.training import checkpoints
from w2v.training.train import train_run

pytestmark = pytest.mark.usefixtures("zipf_corpus")


@pytest.mark.parametrize("lost", ["optimizer.0.exp_avg", "optimizer.1.step"])
def test_checkpoint_without_its_optimizer_is_refused(lost):
    settings = {**SETTINGS, "optimizer": "adam"}
    with pytest.raises(Interrupted):
        train_run(from_recipe(**settings, out="a"), Stop(3))
    made = checkpoints.read(UNFINISHED)
    tensors = {name: np.array(made.tensors[name]) for name in made.tensors if name != lost}
    checkpoints.write("a", dataclasses.replace(made, tensors=tensors))
    with pytest.raises(
        W2VError, match="damaged: the optimizer's state is not there; remove this file, or"
    ):
        w2v.train(resume=True, **settings, out="a")


def test_checkpoint_of_another_format_or_version_is_refused(monkeypatch):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "FORMAT", 2)
        with pytest.raises(W2VError, match="is damaged: its format is 1, not 2; remove this file"):
            w2v.train(resume=True, **SETTINGS, out="a")
    monkeypatch.setattr("w2v.training.job.__version__", "99.0")
    with pytest.raises(UsageError, match=r"w2v is 99\.0, the checkpoint was made with "):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_checkpoint_holds_no_pickle_and_is_read_by_the_safetensors_library():
    from safetensors import safe_open

    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    with safe_open(UNFINISHED, "numpy") as file:
        assert set(file.keys()) == {"in_vectors", "out_vectors"}
        assert json.loads(file.metadata()["w2v"])["progress"]["epoch"] == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated_checkpoint_is_refused_by_name(share):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    path = UNFINISHED
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(W2VError, match=r"a/checkpoint/unfinished\.safetensors is damaged: "):
        w2v.train(resume=True, **SETTINGS, out="a")


def test_any_flipped_bit_of_a_checkpoint_is_noticed():
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    path, rng = UNFINISHED, np.random.default_rng(0)
    whole = path.read_bytes()
    for at in [*range(8), *rng.integers(8, len(whole), 150).tolist()]:
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        refusal = None
        try:
            read = checkpoints.read(UNFINISHED)
        except W2VError as error:
            refusal = str(error)
        if refusal is None:  # a bit of the header's white space, say
            path.write_bytes(whole)
            right = checkpoints.read(UNFINISHED)
            assert (read.job, read.progress) == (right.job, right.progress)
            for name in right.tensors:
                assert np.array_equal(read.tensors[name], right.tensors[name])
        else:
            assert refusal.startswith("a/checkpoint/unfinished.safetensors is damaged: ")


def test_checkpoint_of_other_shapes_is_refused(tmp_path):
    with pytest.raises(Interrupted):
        train_run(from_recipe(**SETTINGS, out="a"), Stop(3))
    made = checkpoints.read(UNFINISHED)
    tensors = {name: np.array(array[:-1]) for name, array in made.tensors.items()}
    checkpoints.write("a", dataclasses.replace(made, tensors=tensors))
    with pytest.raises(
        W2VError, match=r"in_vectors is not there in the shape \(\d+, 8\); start without"
    ):
        w2v.train(resume=True, **SETTINGS, out="a")
    progress = dataclasses.replace(made.progress, block=-1)
    checkpoints.write("a", dataclasses.replace(made, progress=progress))
    with pytest.raises(W2VError, match=r"is damaged: its block is -1; remove this file, or start"):
        w2v.train(resume=True, **SETTINGS, out="a")


@pytest.mark.parametrize("name", ["vectors.safetensors", "vocab.tsv", "config.json"])
def test_flipped_bits_of_a_run_are_noticed_when_it_is_loaded(name):
    run = w2v.train(**SETTINGS, out="a")
    path, rng = run.folder / name, np.random.default_rng(1)
    whole, words = path.read_bytes(), run.vectors.index_to_key
    vectors = np.array(run.vectors.vectors)
    for at in rng.integers(0, len(whole), 60).tolist():
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        refusal = None
        try:
            loaded = w2v.load("a", verify=True)
        except W2VError as error:
            refusal = str(error)
        if refusal is None:
            assert name == "config.json"  # a setting, say, which loading does not use
            assert loaded.index_to_key == words
            assert np.array_equal(loaded.vectors, vectors)
        else:
            assert re.match(r"a/\S+ is damaged: ", refusal)


def test_stored_pieces_are_the_whole_array_in_order(monkeypatch):
    monkeypatch.setattr(safetensors, "_PIECE_BYTES", 100)
    table = np.arange(7 * 12, dtype=np.float32).reshape(7, 12)
    assert b"".join(safetensors.pieces_of(table)) == table.tobytes()
    assert b"".join(safetensors.pieces_of(table[:, :5])) == table[:, :5].tobytes()
