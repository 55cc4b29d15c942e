"""Everything about the GPU in one command, which needs nothing from the network.

    python benchmarks/gpu.py --data-dir DIR --corpus reviews.txt.xz --seeds 3 \\
        --evaluate wordsim353.tsv simlex999.txt questions-words.txt

Epochs are those of w2v.training: the wall clock around calls that end by reading the loss from the
device. The first epoch, which compiles and records, is left out; the rest give the median. The
textbook's loop is timed as in textbook.py. A floor is the bytes of rows read and of sums added,
over what a large copy on this device moves a second, by events.

    TRITON_INTERPRET=1 python benchmarks/gpu.py --dry tiny.txt --seeds 1 --rounds 1

is a rehearsal without a GPU, on a text of some hundred words: the same code, no useful number.
"""

import argparse
import dataclasses
import statistics
import tempfile

import numpy as np
import torch
from textbook import PlainLoop, plain_examples

from w2v.batches.batcher import CpuBatcher
from w2v.engines import choose, cuda
from w2v.recipes import from_recipe
from w2v.storage.metrics import last_rows
from w2v.text.corpus import open_corpus
from w2v.text.encoded import EncodedText
from w2v.text.vocab import read
from w2v.training.fitted import fitted, kept_tokens, row_steps
from w2v.training.loop import Training
from w2v.training.tables import initial_tables
from w2v.training.train import train

EPOCHS = 6  # the first is a warm-up
BATCH_SIZES = 512, 1024, 2048, 4096, 8192
PARTS = "textbook", "epochs", "vocabulary", "profile", "quality"


def copied_per_second(asked):
    """Bytes read and written by a large copy on the device."""
    if asked.dry:
        return 1e10
    source = torch.empty(2**30, dtype=torch.float32, device="cuda").normal_()
    target, times = torch.empty_like(source), []
    for _ in range(10):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        target.copy_(source)
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / 1000)
    return 2 * source.nbytes / statistics.median(times[3:])


def prepared(**settings):
    """(resolved Config with its rate, EncodedText, counts) of a corpus."""
    config = choose.resolve(from_recipe(settings.pop("recipe", "default"), **settings))
    vocabulary, text = read(open_corpus(config), config.min_count)
    return fitted(config, vocabulary.counts), text, vocabulary.counts


def epoch_seconds(config, text, counts, epochs=EPOCHS):
    """Seconds of each epoch but the first."""
    batcher = choose.make_batcher(text, counts, config)
    steps = row_steps(config, counts, kept_tokens(config, counts, text))
    engine = choose.make_engine(*initial_tables(len(counts), config), config, steps)
    training = Training(dataclasses.replace(config, epochs=epochs), batcher, engine)
    return np.diff([row.seconds for row, is_whole_epoch in training.run() if is_whole_epoch])


def row_bytes(config, text, counts):
    """Bytes of an epoch's rows, each read once a group, and added to; and the epoch's centers.

    A group's centers, the same words as contexts, about window + 1 beside them, and noise words.
    """
    plain = CpuBatcher(text, counts, config)
    blocks = [plain.groups(1, block) for block in range(len(text.blocks))]
    n_groups, centers = sum(len(one.order) for one in blocks), sum(map(len, blocks))
    rows = 2 * centers + n_groups * (config.window + 1 + config.pool_size)
    return rows * config.vector_size * 4 * 2, centers


def textbook(asked):
    """The book's loop, our torch engine and the cuda engine at the book's settings, in turn."""
    first = next(iter(corpora(asked)))
    config, text, counts = prepared(recipe="textbook", **first)
    windows = CpuBatcher(text, counts, config).groups(1, 0)
    centers, plain = len(windows), PlainLoop(len(counts), plain_examples(windows), config)
    plain.run()
    rates = {"plain loop": [], "torch": [], "cuda": []}
    for _ in range(asked.rounds):
        rates["plain loop"].append(plain.run())
        for engine in ("torch", "cuda"):
            seconds = epoch_seconds(dataclasses.replace(config, engine=engine), text, counts)
            rates[engine].extend(centers / seconds)
    medians = {name: statistics.median(some) for name, some in rates.items()}
    for name, rate in medians.items():
        print(
            f"PTB, textbook's settings, {name:<10}  {1000 * centers / rate:9.2f} ms an epoch  "
            f"{rate:>12,.0f} centers/s  {rate / medians['plain loop']:7.1f} x", flush=True
        )  # fmt: skip


def corpora(asked):
    """The settings of each corpus."""
    if asked.dry:
        yield {"corpus": asked.dry, "min_count": 1, "sample": 0.1}
        return
    yield {"corpus": "ptb", "data_dir": asked.data_dir}
    if asked.corpus:
        yield {"corpus": asked.corpus, "min_count": 5}


def epochs(asked, speed):
    """Epochs with the cuda engine, beside their floors, and the memory that they take."""
    for settings in corpora(asked):
        for size, deterministic, batch_size in variants():
            config, text, counts = prepared(
                engine="cuda", vector_size=size, deterministic=deterministic,
                batch_size=batch_size, **settings,
            )  # fmt: skip
            reset_peak()
            seconds = statistics.median(epoch_seconds(config, text, counts))
            n_bytes, centers = row_bytes(config, text, counts)
            print(
                f"{settings['corpus']}, dim {size}, {'exact' if deterministic else 'float32'} "
                f"sums, batches of {batch_size}: {1000 * seconds:9.2f} ms an epoch, "
                f"{centers / seconds:,.0f} centers/s, "
                f"{seconds / (n_bytes / speed):.1f} x the floor, "
                f"{peak() / 2**20:,.0f} MiB", flush=True
            )  # fmt: skip


def variants():
    """(dimension, exact sums, batch size) of the epochs to time."""
    yield from ((size, exact, 512) for size in (100, 300) for exact in (True, False))
    yield from ((100, True, batch_size) for batch_size in BATCH_SIZES[1:])


def reset_peak():
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak():
    """Bytes of GPU memory taken at most."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


def profile(asked):
    """Where an epoch's time goes: kernels, launches, waits."""
    for settings in corpora(asked):
        config, text, counts = prepared(engine="cuda", **settings)
        epoch_seconds(config, text, counts, 2)  # compiles
        with torch.profiler.profile() as profiler:
            epoch_seconds(config, text, counts, 2)
        by = "cuda_time_total" if torch.cuda.is_available() else "cpu_time_total"
        print(settings["corpus"], profiler.key_averages().table(sort_by=by, row_limit=20), sep="\n")


def large_vocabulary(asked):
    """A made-up text of 4 million tokens and a million words, at dim 300."""
    rng = np.random.default_rng(0)
    n_words, n_tokens = (1000, 200) if asked.dry else (1_000_000, 2**22)
    share = 1 / np.arange(1, n_words + 1)
    tokens = 1 + rng.choice(n_words, n_tokens, p=share / share.sum()).astype(np.int32)
    tokens[::20] |= np.int32(-(2**31))
    text = EncodedText([tokens], n_tokens, 0, n_tokens, 20, "made up")
    counts = np.bincount(tokens & (2**31 - 1), minlength=n_words + 1).clip(1)
    counts[0] = 0
    settings = {"engine": "cuda", "vector_size": 300, "sample": 1e-3}
    config = fitted(choose.resolve(from_recipe(**settings)), counts)
    reset_peak()
    seconds = statistics.median(epoch_seconds(config, text, counts, 3))
    print(
        f"{n_words:,} words, dim 300, {n_tokens:,} tokens: {seconds:.2f} s an epoch, "
        f"{peak() / 2**20:,.0f} MiB"
    )


def quality(asked):
    """Held-out losses by epoch and the scores after five, beside the CPU engine's."""
    for settings in corpora(asked):
        share = 0.0 if settings["corpus"] == "ptb" else 0.3 if asked.dry else 0.01
        for engine, batch_size in (("cpu", 512), *(("cuda", size) for size in BATCH_SIZES)):
            with tempfile.TemporaryDirectory() as folder:
                runs = [
                    train(
                        engine=engine, batch_size=batch_size, seed=seed,
                        evaluate=asked.evaluate, out=f"{folder}/run",
                        validation_share=share, **settings,
                    ).metrics
                    for seed in range(asked.seeds)
                ]  # fmt: skip
            rows = [last_rows(metrics) for metrics in runs]
            losses = [[row.validation_loss for row in one] for one in rows]
            losses = np.array(losses, float).mean(axis=0)
            print(
                f"{settings['corpus']}, {engine}, batches of {batch_size}: held-out loss",
                *(f"{x:.4f}" for x in losses),
            )
            for name in rows[0][-1].scores:
                scores = np.array([one[-1].scores[name] for one in rows], float)  # None: nan
                print(f"  {name}: {np.mean(scores):.3f} ± {np.std(scores):.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", default=None, help="folder of ptb.zip")
    parser.add_argument("--corpus", help="a larger text, plain or compressed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--evaluate", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--dry", metavar="FILE", help="rehearse on a tiny text, without a GPU")
    asked = parser.parse_args()
    if not torch.cuda.is_available() and not asked.dry:
        raise SystemExit("error: torch finds no NVIDIA GPU here")
    if asked.dry:
        cuda.MOST_BATCHES = 1  # the interpreter takes its time for programs without work
    speed = copied_per_second(asked)
    name = "no GPU" if asked.dry else torch.cuda.get_device_name()
    print(f"{name}, torch {torch.__version__}: copies {speed / 1e12:.2f} TB/s")
    if asked.only in (None, "textbook"):
        textbook(asked)
    if asked.only in (None, "epochs"):
        epochs(asked, speed)
    if asked.only in (None, "vocabulary"):
        large_vocabulary(asked)
    if asked.only in (None, "profile"):
        profile(asked)
    if asked.only in (None, "quality"):
        quality(asked)


if __name__ == "__main__":
    main()
