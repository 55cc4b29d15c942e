"""What an engine has."""

import numpy as np

GPU_CALL_CENTERS = 2**21  # a block of text, about: the host waits for the device once a call


class Engine:
    """One way to do updates of masked sigmoid binary cross-entropy on two tables.

    Made from in_vectors and out_vectors, (V, D) float32 arrays which it copies, and a resolved
    Config. It knows no text, no files, no epochs.

    description: a few words for people.
    call_centers: about as many centers should be trained in one call.
    """

    call_centers = 2**14

    def train(self, windows, first_batch, lrs):
        """Do len(lrs) updates, each on the next batch.

        Args:
            windows: w2v.batches.Windows.  first_batch: number of the first one.
            lrs: (n,) float64, the learning rate of each update.
        Returns:
            (n,) float64: the sum of each batch's window losses, in nats.
        """
        raise NotImplementedError

    def loss(self, windows):
        """The sum of the losses of all windows, a float64 in nats; the tables stay as they are.

        Here: training at a rate of 0, which is right where an update is a multiple of the rate.
        """
        return self.train(windows, 0, np.zeros(windows.n_batches)).sum()

    def tables(self):
        """in_vectors, out_vectors: (V, D) float32 arrays; views, where the engine's memory is."""
        raise NotImplementedError

    def optimizer_state(self):
        """{name: (n, m) float32 array}: all that the next update depends on beside the tables."""
        return {}

    def restore(self, optimizer_state):
        """Go on from what `optimizer_state` gave. Raises: ValueError: it is not that."""
        if optimizer_state:
            raise ValueError(f"{next(iter(optimizer_state))} is no state of this engine")
