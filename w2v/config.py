"""Every setting, once: its default, help, unit and range."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from w2v.errors import UsageError
from w2v.setting import Setting, setting

GROUP = 32  # --group, where it is not given
NOISE_POOL = 32  # noise words that they share at least, where --noise-pool does not say
MOST_NOISE = 1024
UNK = "<unk>"  # the word that stands for all rare ones; its id is 0
WHITESPACE, WORDS = "whitespace", "words"  # --tokenize: what ends a word
THRESHOLDS = {"default": 10.0, "npmi": 0.5}  # --phrase-threshold of each scoring; 10 is gensim's
UNION = "union"  # --vocabulary, where it is not given beside --init-from
ASCII_SPACE = " \t\n\v\f\r"  # separates words; they may hold other white space of Unicode


@dataclass(frozen=True)
class Method:
    """What goes with an optimiser: its learning rate, the rate's schedule, how tables begin.

    averages: whether a center's terms are averaged, as the textbook does, so that all windows count
        the same; if not, they are summed, as word2vec does, and all pairs count the same.
    """

    lr: float
    schedule: str  # "linear": falls to 0 over the whole training; or "constant"
    init: str  # "uniform" or "xavier"; see training/tables.py
    averages: bool


OPTIMIZERS = {
    "sgd": Method(lr=0.09, schedule="linear", init="uniform", averages=False),
    "adam": Method(lr=0.002, schedule="constant", init="xavier", averages=True),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All that decides a training run. Frozen, and checked when made.

    Raises:
        UsageError: a value out of its range; the message names flag, value and range.
    """

    corpus: tuple[str, ...] = setting(
        "data",
        (),
        "ptb, sample, - for standard input, or paths of text files (.gz, .bz2, .xz, .zst too), "
        "folders of them and patterns such as 'texts/*.gz', one sentence a line; by default ptb if "
        "it can be had, else sample",
        metavar="ptb|sample|PATH",
    )
    data_dir: str | None = setting(
        "data",
        None,
        "folder where ptb.zip is looked for and kept (default: $W2V_DATA_DIR, else data)",
        metavar="FOLDER",
    )
    lower: bool = setting("data", False, "fold the corpus to lower case")
    tokenize: str = setting(
        "data",
        WHITESPACE,
        "what ends a word: white space, in a text of a sentence a line; or `words`, for text as "
        "people write it: finds words and sentences, and leaves punctuation out",
        choices=(WHITESPACE, WORDS),
    )
    phrases: int = setting(
        "data",
        0,
        "passes that join words which come together more often than by chance, as new_york; a "
        "second finds longer ones",
        low=0,
        high=10,
    )
    phrase_threshold: float | None = setting(
        "data",
        None,
        f"a pair that scores higher is joined (default: {THRESHOLDS['default']:g}; with npmi, "
        f"whose scores are at most 1, {THRESHOLDS['npmi']:g})",
        above=0.0,
        high=1e12,
    )
    phrase_scoring: str = setting(
        "data", "default", "how: word2vec's score, or normalised PMI", choices=tuple(THRESHOLDS)
    )
    cache: bool = setting(
        "data", True, "keep a long text as word numbers on the disk, so that it is read once"
    )
    cache_dir: str | None = setting(
        "data",
        None,
        "folder where texts are kept (default: $XDG_CACHE_HOME/w2v/texts, or ~/.cache/w2v/texts)",
        metavar="FOLDER",
    )
    cache_size: float = setting(
        "data",
        50.0,
        "GB that they may take; those not used for longest are dropped",
        low=0.0,
        high=1e6,
    )
    out: str | None = setting(
        "output", None, "run folder to write (default: runs/<corpus>)", metavar="FOLDER"
    )
    init_from: str | None = setting(
        "training",
        None,
        "run folder, or file of vectors, to start from: the rows of words that are in both; of a "
        "file, which has no context vectors, only the word vectors",
        metavar="RUN|FILE",
    )
    vocabulary: str | None = setting(
        "data",
        None,
        "with --init-from, whose words are trained: those of the new text, of the old vectors, or "
        f"of both (default: {UNION})",
        choices=("new", "old", UNION),
    )
    freeze_old: bool = setting(
        "training", False, "keep the rows that --init-from gives as they are"
    )
    epochs: int = setting("training", 5, "passes over the corpus", low=1, high=100_000)
    vector_size: int = setting("model", 100, "numbers in a word vector", low=1, high=10_000)
    window: int = setting(
        "model", 5, "largest window radius, in words on each side", low=1, high=1000
    )
    negative: int = setting("model", 5, "noise words for every context word", low=1, high=100)
    min_count: int = setting("data", 10, "rarer words become <unk>", low=1, high=2**31 - 1)
    sample: float = setting(
        "model",
        1e-4,
        "subsampling threshold t, a share of the tokens; 0 keeps all",
        low=0.0,
        high=1.0,
    )
    ns_exponent: float = setting(
        "model", 0.75, "noise words are drawn from count^this", low=-10.0, high=10.0
    )
    optimizer: str = setting("training", "sgd", "update rule", choices=tuple(OPTIMIZERS))
    lr: float | None = setting(
        "training",
        None,
        "learning rate (default: "
        + ", ".join(f"{method.lr} for {name}" for name, method in OPTIMIZERS.items())
        + "; that of sgd is fitted to the text and the other settings)",
        above=0.0,
        high=1000.0,
    )
    batch_size: int = setting("training", 512, "windows in a batch", low=1, high=2**20)
    group: int | None = setting(
        "training",
        None,
        "neighbouring centers that share their noise words; 1 is the textbook's windows, each with "
        f"its own (default: {GROUP}, or --batch-size where that is less)",
        low=1,
        high=1024,
    )
    noise_pool: int | None = setting(
        "training",
        None,
        "noise words that the centers of a group share; with --group 1, each has its own (default: "
        f"--negative times 1 + --window, and at least {NOISE_POOL}; fitted to the text, more where "
        "words come rarely)",
        low=1,
        high=MOST_NOISE,
    )
    resample: bool = setting(
        "training", True, "draw subsampling, windows and noise words afresh in every epoch"
    )
    validation: str | None = setting(
        "data",
        None,
        "path of a text whose loss is measured after every epoch (default: for PTB, its own)",
        metavar="PATH",
    )
    validation_share: float = setting(
        "data",
        0.0,
        "share of the corpus's sentences to measure that loss on, in place of training on them",
        low=0.0,
        high=0.5,
    )
    early_stopping: int | None = setting(
        "training",
        None,
        "stop after this many epochs without a lower validation loss, and keep the best vectors",
        low=1,
        high=100_000,
    )
    evaluate: tuple[str, ...] = setting(
        "training",
        (),
        "files of word pairs or analogies, as `w2v evaluate` reads them, to score the vectors on "
        "after every epoch",
        metavar="FILE",
    )
    checkpoint_every: str | None = setting(
        "output",
        None,
        "minutes, as 10m, or epochs, as 2e, from one checkpoint to the next (default: after each "
        "epoch and every 5m, as long as writing takes at most a fiftieth of the time)",
        form=(r"(\d{1,6}|\d{0,6}\.\d{1,6})m|[1-9]\d{0,5}e", "minutes, as 10m, or epochs, as 2e"),
        metavar="10m|2e",
    )
    tensorboard: str | None = setting(
        "output",
        None,
        "folder to write the metrics to, for TensorBoard, while training; needs w2v[tensorboard]",
        metavar="FOLDER",
    )
    seed: int = setting("training", 0, "seed of every random draw", low=0, high=2**63 - 1)
    engine: str = setting(
        "engine",
        "auto",
        "what does the update; auto is the fastest here",
        choices=("auto", "torch", "cpu", "cuda"),
    )
    device: str = setting(
        "engine", "auto", "where the torch engine runs", choices=("auto", "cpu", "cuda", "mps")
    )
    deterministic: bool = setting(
        "engine",
        True,
        "same bits each time; without it the cuda engine adds in any order: faster, and different "
        "each time",
    )
    workers: int | None = setting(
        "engine", None, "CPU threads (default: all cores)", low=1, high=4096
    )

    dist_timeout: float = setting(
        "engine",
        45.0,
        "with torchrun: seconds without a sign of life, after which another rank is taken for gone",
        low=1.0,
        high=86_400.0,
    )

    @property
    def group_size(self) -> int:
        """G, centers in a group."""
        return self.group or min(GROUP, self.batch_size)

    @property
    def pool_size(self) -> int:
        """P, noise words of a group: by default, one stands for about one of a window's own."""
        of_window = self.negative * (1 + self.window)
        return self.noise_pool or min(max(NOISE_POOL, of_window), MOST_NOISE)

    @property
    def threshold(self) -> float | None:
        """The score above which a pair is joined, where --phrases are asked for."""
        default = THRESHOLDS[self.phrase_scoring] if self.phrases else None
        return default if self.phrase_threshold is None else self.phrase_threshold

    @property
    def chosen_words(self) -> str | None:
        """Whose words are trained, where --init-from is given."""
        return self.vocabulary or (UNION if self.init_from else None)

    @property
    def method(self) -> Method:
        """The optimiser's Method, with the rate that was asked for in place of its own."""
        method = OPTIMIZERS[self.optimizer]
        return method if self.lr is None else dataclasses.replace(method, lr=self.lr)


SETTINGS: dict[str, Setting] = {
    field.name: vars(Config)[field.name] for field in dataclasses.fields(Config)
}


def with_settings(config: Config, **settings: Any) -> Config:
    """The Config with those settings in place of its own; raises as `from_recipe` does."""
    for name in settings:
        if name not in SETTINGS:
            raise UsageError(f"unknown setting {name!r}; there are {', '.join(sorted(SETTINGS))}")
    return dataclasses.replace(config, **settings)
