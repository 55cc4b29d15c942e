"""What training tells while it runs."""


class Watcher:
    """What training tells while it runs; this one says nothing. Override what you want to hear."""

    def warning(self, message):
        """One line that the user should see."""

    def notice(self, message):
        """One line that is good to know."""

    def fetching(self, done: int, total: int | None) -> None:
        """PTB is fetched: the bytes so far, at first 0, and all of them if that is known."""

    def reading(self, corpus):
        """The text is about to be read. Returns what to call with the bytes read so far."""

    def preparing(self, modules):
        """All is read; the code of these modules is compiled if it is not in the cache."""

    def starting(self, job, training):
        """The first epoch of this sitting is about to begin: w2v.job.Job, w2v.training.Training."""

    def trained(self, row):
        """A Metrics row of the epoch so far, every moment."""

    def epoch_done(self, row):
        """The Metrics row of a whole epoch."""
