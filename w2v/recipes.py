"""Recipes, which set several settings at once, and functions that take settings."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from w2v.config import SETTINGS, Config, with_settings
from w2v.errors import UsageError

DEFAULT_RECIPE = "default"
# textbook: the chapter "Pretraining word2vec" of Dive into Deep Learning. What is given beside a
# recipe wins over it.
RECIPES: dict[str, dict[str, Any]] = {
    DEFAULT_RECIPE: {},
    "textbook": {
        "engine": "torch",
        "optimizer": "adam",
        "lr": 0.002,
        "batch_size": 512,
        "group": 1,
        "resample": False,
        "vector_size": 100,
        "window": 5,
        "negative": 5,
        "min_count": 10,
        "sample": 1e-4,
        "ns_exponent": 0.75,
    },
}

P = ParamSpec("P")
R = TypeVar("R")


def with_parameters_of(record: Callable[P, Any]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """A decorator: shows a function's parameters as a dataclass's to help, editors and checkers.

    So a function that takes `**settings` shows each of them, and none is written down twice.
    """

    def decorate(function: Any) -> Any:
        returned = inspect.signature(function).return_annotation
        function.__signature__ = inspect.signature(record).replace(return_annotation=returned)
        lines = (f"    {name}: {setting.description}" for name, setting in SETTINGS.items())
        function.__doc__ = "\n".join([inspect.getdoc(function) or "", "Settings:", *lines])
        return function

    return decorate


@dataclass(frozen=True)
class _RecipeArguments(Config):
    recipe: str = DEFAULT_RECIPE


@with_parameters_of(_RecipeArguments)
def from_recipe(recipe: str = DEFAULT_RECIPE, **settings: Any) -> Config:
    """A Config of a recipe's settings, with those given in place of the recipe's.

    Raises:
        UsageError: an unknown recipe or setting, or a value out of range.
    """
    if recipe not in RECIPES:
        raise UsageError(f"--recipe is {recipe!r}; it must be one of {', '.join(RECIPES)}")
    return with_settings(Config(**RECIPES[recipe]), **settings)
