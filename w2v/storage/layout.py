"""The names of the files in a run folder."""

VECTORS = "vectors.safetensors"  # holds the TENSORS
TENSORS = ("in_vectors", "out_vectors")
VOCAB = "vocab.tsv"
PHRASES = "phrases.tsv"  # only of a run with phrases
CONFIG = "config.json"
METRICS = "metrics.csv"
LOSS = "loss.png"
COMPONENTS = {"sif": "sif.safetensors", "usif": "usif.safetensors"}  # fitted when first asked for

CHECKPOINT = "checkpoint"  # a folder, which holds
STATE = "state.safetensors"  # what a finished run needs to go on, and
UNFINISHED = "unfinished.safetensors"  # the training that is under way
