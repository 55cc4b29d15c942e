"""What every rank but 0 does: it reads and trains as rank 0 does, and writes and says nothing."""

import time
from pathlib import Path

from w2v.config import Config
from w2v.engines import choose
from w2v.storage import run_folder
from w2v.text.corpus import Corpus
from w2v.tokenizing import Tokenization
from w2v.training import signals
from w2v.training.job import read_job
from w2v.training.prepare import received
from w2v.training.ranks import Ranks
from w2v.training.run import Run
from w2v.vectors.wordvectors import WordVectors

COURTESY = 1.0  # seconds that rank 0 has to say that all is saved, before torchrun ends it


def follow(config: Config, corpus: Corpus, ranks: Ranks) -> Run:
    """Train along; what rank 0 writes, with the name of its folder.

    Raises: W2VError: as train_run. SystemExit: after a signal, once rank 0 has saved the state.
    """
    out = Path(config.out or run_folder.default_out(corpus.name))
    with choose.device_memory(), choose.threads_put_back(config):
        with choose.compiling(config) as finish_compiling:
            job = read_job(config, corpus, out, {}, lambda done: ranks.check(), None, None, ranks)
            finish_compiling()
        training = received(job)
        with signals.heard() as heard:
            for _, is_whole_epoch in training.run():
                is_over = is_whole_epoch and training.progress.is_over(job.config)
                if is_over or not training.is_whole:
                    continue
                _, ends = ranks.agree(heard, is_due=False, ends=False)
                if heard:
                    ranks.meet()
                    time.sleep(COURTESY)
                    raise SystemExit(128 + heard[0])
                if ends:
                    break
    words, counts = job.vocabulary.words, job.vocabulary.counts
    tokenization = Tokenization.of(config.lower, config.tokenize, None)
    v, u = training.tables()
    return Run(WordVectors(words, counts, v, tokenization, u), training.metrics, out)
