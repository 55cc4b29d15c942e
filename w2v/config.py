"""Every setting, once: its default, help, unit and range; and the errors that users see."""

import argparse
import dataclasses
import numbers
import os
import re
import typing
from dataclasses import dataclass

from w2v.errors import UsageError

UNK = "<unk>"  # the word that stands for all rare ones; its id is 0
ASCII_SPACE = " \t\n\v\f\r"  # separates words; they may hold other white space of Unicode


@dataclass(frozen=True)
class Method:
    """What an optimiser wants beside itself: a rate, what becomes of it, and the first tables."""

    lr: float
    schedule: str  # "linear": falls to 0 over the whole training; "constant"
    init: str  # "uniform" or "xavier"; see tables.py


OPTIMIZERS = {
    "sgd": Method(lr=1.5, schedule="linear", init="uniform"),
    "adam": Method(lr=0.002, schedule="constant", init="xavier"),
}

# The chapter "Pretraining word2vec" of Dive into Deep Learning; flags beside --recipe win.
RECIPES = {
    "default": {},
    "textbook": {
        "engine": "torch",
        "optimizer": "adam",
        "lr": 0.002,
        "batch_size": 512,
        "resample": False,
        "vector_size": 100,
        "window": 5,
        "negative": 5,
        "min_count": 10,
        "sample": 1e-4,
        "ns_exponent": 0.75,
    },
}


def setting(default, help, *, low=None, high=None, above=None, choices=None, form=None):
    """A Config field; `low` and `high` are inclusive bounds, `above` an exclusive lower one.

    form: (pattern, words): a regular expression that a str must match, and how to say it.
    """
    rules = {"low": low, "high": high, "above": above, "choices": choices, "form": form}
    return dataclasses.field(default=default, metadata={"help": help, **rules})


@dataclass(frozen=True)
class Config:
    """All that decides a training run. Frozen, and checked when made.

    Raises:
        UsageError: a value out of its range; the message names flag, value and range.
    """

    corpus: str | None = setting(
        None,
        "ptb, sample, or the path of a text file (.gz, .bz2, .xz too) or a folder of them, one "
        "sentence a line; by default ptb if it can be had, else sample",
    )
    data_dir: str | None = setting(
        None, "folder where ptb.zip is looked for and kept (default: $W2V_DATA_DIR, else data)"
    )
    lower: bool = setting(False, "fold the corpus to lower case")
    out: str | None = setting(None, "run folder to write (default: runs/<corpus>)")
    epochs: int = setting(5, "passes over the corpus", low=1, high=100_000)
    vector_size: int = setting(100, "numbers in a word vector", low=1, high=10_000)
    window: int = setting(5, "largest window radius, in words on each side", low=1, high=1000)
    negative: int = setting(5, "noise words for every context word", low=1, high=100)
    min_count: int = setting(10, "rarer words become <unk>", low=1, high=2**31 - 1)
    sample: float = setting(
        1e-4, "subsampling threshold t, a share of the tokens; 0 keeps all", low=0.0, high=1.0
    )
    ns_exponent: float = setting(
        0.75, "noise words are drawn from count^this", low=-10.0, high=10.0
    )
    optimizer: str = setting("sgd", "update rule", choices=tuple(OPTIMIZERS))
    lr: float | None = setting(
        None,
        "learning rate (default: "
        + ", ".join(f"{method.lr} for {name}" for name, method in OPTIMIZERS.items())
        + "; for sgd less where the text is long, or a batch holds a word very often)",
        above=0.0,
        high=1000.0,
    )
    batch_size: int = setting(512, "windows in a batch", low=1, high=2**20)
    resample: bool = setting(
        True, "draw subsampling, windows and noise words afresh in every epoch"
    )
    validation: str | None = setting(
        None,
        "path of a text whose loss is measured after every epoch (default: for PTB, its own)",
    )
    validation_share: float = setting(
        0.0,
        "share of the corpus's sentences to measure that on, and not to train on",
        low=0.0,
        high=0.5,
    )
    early_stopping: int | None = setting(
        None,
        "stop after so many epochs without a lower validation loss, and keep the best vectors",
        low=1,
        high=100_000,
    )
    evaluate: tuple = setting(
        (),
        "files of word pairs or analogies, as of `python -m w2v evaluate`, to score the vectors on "
        "after every epoch",
    )
    checkpoint_every: str | None = setting(
        None,
        "minutes, as 10m, or epochs, as 2e, from one checkpoint to the next (default: after each "
        "epoch and every 5m, as far as that takes at most a fiftieth of the time)",
        form=(r"(\d{1,6}|\d{0,6}\.\d{1,6})m|[1-9]\d{0,5}e", "minutes, as 10m, or epochs, as 2e"),
    )
    seed: int = setting(0, "seed of every random draw", low=0, high=2**63 - 1)
    engine: str = setting(
        "auto",
        "what does the update; auto is the fastest here",
        choices=("auto", "torch", "cpu", "cuda"),
    )
    device: str = setting(
        "auto", "where the torch engine runs", choices=("auto", "cpu", "cuda", "mps")
    )
    deterministic: bool = setting(
        True,
        "same bits for any number of workers; without it the cpu engine's threads race, and the "
        "cuda engine adds in any order: faster, and different each time",
    )
    workers: int | None = setting(None, "CPU threads (default: all cores)", low=1, high=4096)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = _plain(getattr(self, field.name), _kind(field))
            object.__setattr__(self, field.name, value)
            _check(field, value)

    @property
    def method(self):
        """The optimiser's Method, with the rate that was asked for in place of its own."""
        method = OPTIMIZERS[self.optimizer]
        return method if self.lr is None else dataclasses.replace(method, lr=self.lr)


def flag(name):
    """The command-line spelling of a setting: `vector_size` → `--vector-size`."""
    return "--" + name.replace("_", "-")


def from_recipe(recipe="default", **settings):
    """A Config of a recipe's settings, with those given in place of the recipe's.

    Raises:
        UsageError: an unknown recipe or setting, or a value out of range.
    """
    if recipe not in RECIPES:
        raise UsageError(f"--recipe is {recipe!r}; it must be one of {', '.join(RECIPES)}")
    known = {field.name for field in dataclasses.fields(Config)}
    for name in settings:
        if name not in known:
            raise UsageError(f"unknown setting {name!r}; there are {', '.join(sorted(known))}")
    return Config(**{**RECIPES[recipe], **settings})


def add_flags(parser):
    """Give an argparse parser one flag for every setting, and --recipe.

    Flags that are not given stay out of the parsed namespace, so that a recipe can fill them.
    """
    parser.add_argument(
        "--recipe",
        default="default",
        metavar="NAME",
        help="a named set of settings: " + ", ".join(RECIPES) + " (default: default)",
    )
    for field in dataclasses.fields(Config):
        kind, rules = _kind(field), field.metadata
        if kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        elif kind is tuple:
            how = {"nargs": "+", "metavar": "FILE"}
        else:
            how = {
                "type": kind,
                "metavar": "|".join(rules["choices"] or ()) or kind.__name__.upper(),
            }
        has_default = field.default not in (None, ())
        text = rules["help"] + (f" (default: {field.default})" if has_default else "")
        parser.add_argument(flag(field.name), default=argparse.SUPPRESS, help=text, **how)


def _kind(field):
    """The one type of a field that is not None: int, float, str, bool, or tuple for paths."""
    annotation = field.type
    options = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
    return options[0] if options else annotation


def _plain(value, kind):
    """A path as a str, a NumPy number as Python's; where paths are wanted, one as a tuple."""
    if kind is tuple and isinstance(value, (list, tuple, str, os.PathLike)):
        paths = [value] if isinstance(value, (str, os.PathLike)) else value
        return tuple(_plain(path, str) for path in paths)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    return value


def _check(field, value):
    kind, rules = _kind(field), field.metadata
    if value is None and field.default is None:
        return
    right = isinstance(value, (int, float) if kind is float else kind)
    if not right or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{flag(field.name)} is {value!r}; it must be of type {kind.__name__}")
    if kind is tuple and not all(isinstance(path, str) for path in value):
        raise UsageError(f"{flag(field.name)} is {value!r}; it must hold paths")
    if rules["choices"] and value not in rules["choices"]:
        allowed = ", ".join(rules["choices"])
        raise UsageError(f"{flag(field.name)} is {value!r}; it must be one of {allowed}")
    if rules["form"] and not re.fullmatch(rules["form"][0], value, re.ASCII):
        raise UsageError(f"{flag(field.name)} is {value!r}; it must be {rules['form'][1]}")
    low, high, above = rules["low"], rules["high"], rules["above"]
    if above is not None and not above < value <= high:
        allowed = f"above {above:g} and at most {high:g}"
        raise UsageError(f"{flag(field.name)} is {value}; it must be {allowed}")
    if low is not None and not low <= value <= high:
        raise UsageError(f"{flag(field.name)} is {value}; it must be between {low} and {high}")
