"""The subsampling of subsampling.py on a GPU, in Triton and PyTorch: the same tokens survive."""

import numpy as np
import torch
import triton
import triton.language as tl

from w2v.batches.gpu_draws import LANES, as_tensor, first_draw, grid, stream
from w2v.text import word_table

WORD_MASK = tl.constexpr(int(word_table.WORD_MASK))


@triton.jit
def survives(tokens, n_tokens, first_position, key, keep, is_kept, LANES: tl.constexpr):
    """is_kept[i] = whether tokens[i] survives subsampling.

    keep: (V,) int64 thresholds.  key: (1,) int64, of the SUBSAMPLE draws.
    """
    i = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    is_token = i < n_tokens
    word = tl.load(tokens + i, mask=is_token, other=0) & WORD_MASK
    bits = first_draw(stream(tl.load(key).to(tl.uint64, bitcast=True), first_position + i))
    threshold = tl.load(keep + word, mask=is_token, other=0)
    tl.store(is_kept + i, (bits >> 32).to(tl.int64) < threshold, mask=is_token)


def subsample(
    tokens: torch.Tensor, first_position: int, key: np.uint64, keep: torch.Tensor
) -> torch.Tensor:
    """`subsampling.subsample` on a device: (M,) int32 from (N,) int32; keep is int64."""
    if not len(tokens):
        return tokens
    is_kept = torch.empty(len(tokens), dtype=torch.bool, device=tokens.device)
    survives[grid(len(tokens))](
        tokens, len(tokens), first_position, as_tensor(key, tokens.device), keep, is_kept,
        LANES=LANES,
    )  # fmt: skip
    sentence = torch.cumsum(tokens < 0, 0)  # from 1
    n_kept = torch.zeros(len(tokens) + 1, dtype=torch.int32, device=tokens.device)
    n_kept.index_add_(0, sentence, is_kept.int())
    is_kept &= n_kept[sentence] > 1
    place = is_kept.nonzero().squeeze(1)  # the host learns how many: an epoch's one wait
    survivors, sentence = tokens[place] & int(word_table.WORD_MASK), sentence[place]
    is_first = torch.ones_like(place, dtype=torch.bool)
    is_first[1:] = sentence[1:] != sentence[:-1]
    return torch.where(is_first, survivors | int(word_table.SENTENCE_START), survivors)
