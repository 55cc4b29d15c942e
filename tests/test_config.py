import argparse
import copy
import dataclasses
import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import w2v
from w2v.commands.flags import add_flags
from w2v.config import Config
from w2v.errors import UsageError
from w2v.recipes import RECIPES, from_recipe

ROOT = Path(__file__).parent.parent


def parsed(*flags):
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return from_recipe(**vars(parser.parse_args(flags)))


def test_flags_left_out_give_the_defaults():
    assert parsed() == Config()


def test_every_setting_has_a_flag():
    parser = argparse.ArgumentParser()
    add_flags(parser)
    text = parser.format_help()
    for field in dataclasses.fields(Config):
        assert "--" + field.name.replace("_", "-") in text


def test_flags_are_parsed_to_their_types():
    config = parsed("--epochs", "2", "--sample", "1e-3", "--no-resample", "--lower", "--lr", "3")
    assert (config.epochs, config.sample, config.resample, config.lower) == (2, 1e-3, False, True)
    assert config.method.lr == 3.0


def test_recipe_textbook_is_the_chapters_setting():
    config = parsed("--recipe", "textbook", "--epochs", "5")
    assert (config.engine, config.optimizer, config.lr) == ("torch", "adam", 0.002)
    assert (config.batch_size, config.vector_size, config.window) == (512, 100, 5)
    assert (config.negative, config.min_count, config.sample) == (5, 10, 1e-4)
    assert not config.resample
    assert (config.method.schedule, config.method.init) == ("constant", "xavier")


def test_flags_win_over_the_recipe():
    assert parsed("--recipe", "textbook", "--lr", "0.01").lr == 0.01


def test_recipes_name_settings_that_exist():
    for settings in RECIPES.values():
        Config(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 0}, r"--window is 0; it must be between 1 and 1000"),
        ({"epochs": 0}, r"--epochs is 0; it must be between 1 and 100000"),
        ({"vector_size": 10**6}, r"--vector-size is 1000000; it must be between 1 and 10000"),
        ({"lr": 0.0}, r"--lr is 0.0; it must be above 0 and at most 1000"),
        ({"lr": float("nan")}, r"--lr is nan; it must be above 0 and at most 1000"),
        ({"sample": -1.0}, r"--sample is -1.0; it must be between 0.0 and 1.0"),
        ({"sample": float("inf")}, r"--sample is inf; it must be between"),
        ({"seed": -1}, r"--seed is -1; it must be between"),
        ({"workers": 0}, r"--workers is 0; it must be between 1 and"),
        ({"engine": "gpu"}, r"--engine is 'gpu'; it must be one of auto, torch, cpu"),
        ({"device": "tpu"}, r"--device is 'tpu'; it must be one of auto, cpu, cuda, mps"),
        ({"optimizer": "lbfgs"}, r"--optimizer is 'lbfgs'; it must be one of sgd, adam"),
        ({"epochs": 1.5}, r"--epochs is 1.5; it must be a whole number"),
        ({"epochs": True}, r"--epochs is True; it must be a whole number"),
        ({"lower": 1}, r"--lower is 1; it must be True or False"),
        ({"windows": 5}, r"unknown setting 'windows'; there are .*window"),
        ({"recipe": "cake"}, r"--recipe is 'cake'; it must be one of default, textbook"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        from_recipe(**settings)


def test_paths_and_numpy_numbers_are_made_plain():
    config = Config(
        corpus=Path("text.txt"), epochs=np.int64(3), sample=np.float32(0.5), evaluate=Path("a.tsv")
    )
    given = config.corpus, config.epochs, config.sample, config.evaluate
    assert given == (("text.txt",), 3, 0.5, ("a.tsv",))
    assert [type(value) for value in given] == [tuple, int, float, tuple]
    assert Config(evaluate=["a", Path("b")]).evaluate == ("a", "b")
    assert type(Config(ns_exponent=-1).ns_exponent) is float  # counts ** -1 would be an error
    assert type(Config(sample=np.int64(1)).sample) is float


def test_config_is_frozen_and_checked_however_it_is_made():
    config = Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.epochs = 3
    with pytest.raises(UsageError, match="--epochs is 0"):
        dataclasses.replace(config, epochs=0)
    assert pickle.loads(pickle.dumps(config)) == copy.deepcopy(config) == config
    assert hash(config) == hash(Config())


def test_help_lists_every_flag_in_a_group_with_what_it_takes():
    parser = argparse.ArgumentParser()
    add_flags(parser)
    text = parser.format_help()
    for heading, name in [
        ("data", "--corpus ptb|sample|PATH"),
        ("model", "--window INT"),
        ("training", "--evaluate FILE [FILE ...]"),
        ("engine", "--engine auto|torch|cpu|cuda"),
        ("output", "--out FOLDER"),
    ]:
        (group,) = re.findall(rf"^{heading}:\n((?:  .*\n)+)", text, re.M)
        assert f"  {name}" in group
    assert "STR" not in text


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (w2v.train, ["recipe", "resume", "watcher", "progress", "on_metrics", "on_epoch"]),
        (w2v.from_recipe, ["recipe"]),
    ],
)
def test_signature_and_docstring_show_every_setting(function, arguments):
    shown = inspect.signature(function).parameters
    fields = dataclasses.fields(Config)
    assert sorted(shown) == sorted([*arguments, *(field.name for field in fields)])
    assert next(iter(shown)) == ("corpus" if function is w2v.train else "recipe")
    for field in fields:
        if function is w2v.train and field.name == "corpus":
            assert shown["corpus"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            continue  # it may be a path or a Config, too
        parameter = shown[field.name]
        assert (parameter.default, parameter.annotation) == (field.default, field.type)
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert f"\n    {field.name}: " in function.__doc__


def test_type_checkers_see_the_settings(tmp_path):
    mypy = pytest.importorskip("mypy.api", reason="mypy is in the extra `test`")
    (tmp_path / "user.py").write_text(
        "import w2v\n"
        "w2v.train('a.txt', recipe='textbook', resume=True, epochs=3).vectors\n"
        "w2v.train(epocs=3)\n"
        "w2v.from_recipe(epochs='3')\n"
        "w2v.Config(windows=5)\n"
        "w2v.lode\n"
        "w2v.train(w2v.Config(), watcher=w2v.Watcher())\n"
    )
    told, _, _ = mypy.run(["--config-file", str(ROOT / "pyproject.toml"), str(tmp_path)])
    errors = re.findall(r"user\.py:(\d): error: .*\[(.*)\]", told)
    expected = {"3": "call-arg", "4": "arg-type", "5": "call-arg", "6": "attr-defined"}
    assert dict(errors) == expected, told


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, 32), ({"window": 10}, 55), ({"negative": 20}, 120), ({"window": 1}, 32),
        ({"window": 1000}, 1024), ({"window": 10, "noise_pool": 7}, 7),
    ],
)  # fmt: skip
def test_noise_pool_grows_with_the_window_s_own_noise_words(settings, size):
    assert Config(**settings).pool_size == size
