"""The worked example of the README: our vectors in a torch text classifier, frozen and fine-tuned."""

import numpy as np
import pytest
import torch

from w2v.config import UNK
from w2v.vectors import WordVectors
