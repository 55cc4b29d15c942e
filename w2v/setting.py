"""What a setting is: a field that is made plain and checked, with its flag and its help."""

import dataclasses
import math
import numbers
import os
import re
import types
import typing
from dataclasses import dataclass
from typing import Any

from w2v.errors import UsageError
from w2v.files import unfit

KINDS = {  # in words
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "True or False",
    tuple: "a path, or several",
}


@dataclass
class Setting:
    """A field of Config: it makes plain and checks what a new Config is given for it.

    It is a descriptor, and the value is kept in the Config's own dict: see "Descriptor-typed
    fields" in Python's manual of dataclasses.

    group: the heading that --help lists it under.
    low, high: bounds, inclusive.  above: a lower bound, exclusive.
    form: a regular expression that a str must match, and the same in words.
    metavar: what --help shows for the value, if not its choices or its type.
    """

    group: str
    default: Any
    help: str
    low: float | None = None
    high: float = math.inf
    above: float | None = None
    choices: tuple[str, ...] = ()
    form: tuple[str, str] | None = None
    metavar: str | None = None
    name: str = dataclasses.field(init=False)
    kind: type = dataclasses.field(init=False)  # int, float, str, bool, or tuple, of paths

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.kind = name, _kind(owner.__annotations__[name])

    def __get__(self, config: Any, owner: type | None = None) -> Any:
        return self.default if config is None else vars(config)[self.name]

    def __set__(self, config: Any, value: Any) -> None:
        value = _plain(value, self.kind)
        if wanted := self._what_it_must_be(value):
            given = value[0] if isinstance(value, tuple) and len(value) == 1 else value
            raise UsageError(f"{flag(self.name)} is {given!r}; it must {wanted}")
        is_whole = self.kind is float and isinstance(value, int)
        vars(config)[self.name] = float(value) if is_whole else value

    @property
    def description(self) -> str:
        """The help text, with the default where that is a value."""
        return self.help + ("" if self.default in (None, ()) else f" (default: {self.default})")

    def _what_it_must_be(self, value: Any) -> str | None:
        """In words; None where the value is allowed."""
        if value is None and self.default is None:
            return None
        is_of_type = isinstance(value, (int, float) if self.kind is float else self.kind)
        if not is_of_type or (isinstance(value, bool) and self.kind is not bool):
            return f"be {KINDS[self.kind]}"
        if self.kind is tuple and not all(isinstance(path, str) for path in value):
            return "hold paths"
        for text in value if self.kind is tuple else [str(value)]:
            if not text:
                return f"be {self.metavar or '|'.join(self.choices)}, not empty"
            if what := unfit(text):
                return what
        if self.choices and value not in self.choices:
            return f"be one of {', '.join(self.choices)}"
        if self.form and not re.fullmatch(self.form[0], value, re.ASCII):
            return f"be {self.form[1]}"
        if self.above is not None and not self.above < value <= self.high:
            return f"be above {self.above:g} and at most {self.high:g}"
        if self.low is not None and not self.low <= value <= self.high:
            return f"be between {self.low} and {self.high}"
        return None


def setting(group: str, default: Any, help: str, **rules: Any) -> Any:
    """A Setting. Type checkers take it for the default value that it stands for."""
    return Setting(group, default, help, **rules)


def flag(name: str) -> str:
    """The command-line spelling of a setting: `vector_size` → `--vector-size`."""
    return "--" + name.replace("_", "-")


def _kind(annotation: Any) -> type:
    """The one type of a field that is not None: str of `str | None`, tuple of `tuple[str, ...]`."""
    if isinstance(annotation, types.UnionType):
        (annotation,) = set(typing.get_args(annotation)) - {types.NoneType}
    return typing.get_origin(annotation) or annotation


def _plain(value: Any, kind: type) -> Any:
    """A path as a str, a NumPy number as Python's; where paths are wanted, one as a tuple."""
    if kind is tuple and value is None:
        return ()
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
