"""The state of a Trainer in a file: all that going on with it depends on; no pickle."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from w2v.classify.trainer import Epoch, Progress, Trainer
from w2v.errors import W2VError, damaged
from w2v.files import open_file
from w2v.storage import atomic, safetensors

_NOW, _BEST, _ADAM = "model.", "best.", "adam."  # begin the names of tensors
_MOMENTS = ("exp_avg", "exp_avg_sq")


def write(path: Path, trainer: Trainer) -> None:
    """Write a Trainer's state, whole or not at all. Raises: OSError."""
    about = {
        "settings": dataclasses.asdict(trainer.settings),
        "texts": trainer.texts.digest,
        "progress": dataclasses.asdict(trainer.progress),
        "steps": [int(state["step"]) for state in _moments(trainer)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.sweep(path)
    with atomic.staged_file(path) as staging:
        safetensors.write_tensors(staging, _tensors(trainer), {"w2v": json.dumps(about)})


def restore(path: Path, trainer: Trainer) -> bool:
    """Put a new Trainer where the file's stands; False where there is none.

    Raises: W2VError: it is of other settings or texts, or damaged.
    """
    try:
        with open_file(path) as file:
            tensors, metadata = safetensors.map_tensors(file, path)
        about = json.loads(metadata["w2v"])
        _check_same(path, about, trainer)
        history = [Epoch(**row) for row in about["progress"].pop("history")]
        _put(tensors, about["steps"], trainer)
        trainer.progress = Progress(**about["progress"], history=history)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise damaged(path, "it is no checkpoint of this training; remove it") from error
    return True


def _check_same(path: Path, about: dict[str, Any], trainer: Trainer) -> None:
    for name, now in dataclasses.asdict(trainer.settings).items():
        if about["settings"][name] != now and name not in ("epochs", "patience"):
            flag = "--" + name.replace("_", "-")
            raise W2VError(
                f"{path} was trained with {flag} {about['settings'][name]}, and now it is {now}; "
                "give the same, or start without --resume"
            )
    if about["texts"] != trainer.texts.digest:
        raise W2VError(f"{path} was trained on other texts; start without --resume")


def _moments(trainer: Trainer) -> list[dict[str, Any]]:
    """Adam's state of each parameter that learns; none before the first step."""
    (group,) = trainer.optimizer.param_groups
    return [trainer.optimizer.state[p] for p in group["params"] if p in trainer.optimizer.state]


def _tensors(trainer: Trainer) -> dict[str, Any]:
    found = {_NOW + name: tensor for name, tensor in trainer.model.state_dict().items()}
    found |= {_BEST + name: tensor for name, tensor in trainer.best.items()}
    for number, state in enumerate(_moments(trainer)):
        found |= {f"{_ADAM}{number}.{name}": state[name] for name in _MOMENTS}
    return {name: np.atleast_2d(tensor.numpy()) for name, tensor in found.items()}


def _put(tensors: dict[str, Any], steps: list[int], trainer: Trainer) -> None:
    """Put the tensors of a file into a Trainer; raises where they do not fit."""
    for begins, own in ((_NOW, trainer.model.state_dict()), (_BEST, trainer.best)):
        for name, tensor in own.items():
            tensor.copy_(torch.from_numpy(np.array(tensors[begins + name])).view_as(tensor))
    (group,) = trainer.optimizer.param_groups
    if len(steps) not in (0, len(group["params"])):
        raise ValueError("it has not as many moments as there are parameters")
    for number, step in enumerate(steps):
        parameter = group["params"][number]
        state: dict[str, Any] = {"step": torch.tensor(float(step))}
        for name in _MOMENTS:
            stored = np.array(tensors[f"{_ADAM}{number}.{name}"])
            state[name] = torch.from_numpy(stored).view_as(parameter)
        trainer.optimizer.state[parameter] = state
