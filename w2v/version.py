"""The version in pyproject.toml, as it was installed."""

from importlib import metadata

try:
    __version__ = metadata.version("w2v")
except metadata.PackageNotFoundError:
    __version__ = "0+unknown"  # run from a checkout that was never installed
