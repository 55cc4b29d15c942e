"""The names of what is in a run folder."""

VECTORS = "vectors.safetensors"  # with the tensors
TENSORS = ("in_vectors", "out_vectors")
VOCAB = "vocab.tsv"
CONFIG = "config.json"
METRICS = "metrics.csv"
LOSS = "loss.png"

CHECKPOINT = "checkpoint"  # a folder, with
STATE = "state.safetensors"  # what the run needs to go on, once it is whole, and
UNFINISHED = "unfinished.safetensors"  # the training under way
