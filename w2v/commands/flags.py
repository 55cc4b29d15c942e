"""A flag of the command line for every setting of Config."""

import argparse
from typing import Any

from w2v.config import SETTINGS
from w2v.recipes import DEFAULT_RECIPE, RECIPES
from w2v.setting import Setting, flag

GROUPS = ("data", "model", "training", "engine", "output")  # in the order of --help


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give a parser one flag for every setting, and --recipe.

    Flags that are not given stay out of the parsed namespace, so that a recipe can fill them.
    """
    parser.add_argument(
        "--recipe",
        default=DEFAULT_RECIPE,
        metavar="NAME",
        help=f"a named set of settings: {', '.join(RECIPES)} (default: {DEFAULT_RECIPE})",
    )
    groups = {name: parser.add_argument_group(name) for name in GROUPS}
    for name, setting in SETTINGS.items():
        groups[setting.group].add_argument(
            flag(name), default=argparse.SUPPRESS, help=setting.description, **_values(setting)
        )


def _values(setting: Setting) -> dict[str, Any]:
    """What argparse has to know of the values that a flag takes."""
    if setting.kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if setting.kind is tuple:
        return {"nargs": "+", "metavar": setting.metavar}
    shown = setting.metavar or "|".join(setting.choices) or setting.kind.__name__.upper()
    return {"type": lambda text: _value(text, setting.kind), "metavar": shown}


def _value(text: str, kind: type) -> Any:
    """The value that a text stands for, or the text, which Config refuses as it does all others."""
    try:
        return kind(text)
    except ValueError:
        return text
