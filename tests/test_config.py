import argparse
import dataclasses

import pytest

from w2v.commands.flags import add_flags
from w2v.config import RECIPES, Config, from_recipe
from w2v.errors import UsageError


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
        ({"epochs": 1.5}, r"--epochs is 1.5; it must be of type int"),
        ({"epochs": True}, r"--epochs is True; it must be of type int"),
        ({"lower": 1}, r"--lower is 1; it must be of type bool"),
        ({"windows": 5}, r"unknown setting 'windows'; there are .*window"),
        ({"recipe": "cake"}, r"--recipe is 'cake'; it must be one of default, textbook"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        from_recipe(**settings)
