"""The draws of draws.py on a GPU, in Triton: the same integers, bit for bit.

With TRITON_INTERPRET=1 in the environment, the same code runs on the CPU, for tests; kernels then
take tensors on the CPU.
"""

import numpy as np
import torch
import triton
import triton.language as tl

from w2v.batches import draws

GAMMA, MIX_1, MIX_2 = (
    tl.constexpr(int(constant)) for constant in (draws.GAMMA, draws.MIX_1, draws.MIX_2)
)
NUMBER_BITS = tl.constexpr(draws.NUMBER_BITS)
SIGN = tl.constexpr(2**63)

LANES = 1024  # tokens that a program of `order_keys`, or of subsampling's `survives`, takes


@triton.jit
def mix64(z):
    z = (z ^ (z >> 30)) * MIX_1
    z = (z ^ (z >> 27)) * MIX_2
    return z ^ (z >> 31)


@triton.jit
def stream(key, position):
    return mix64(key + position.to(tl.uint64) * GAMMA)


@triton.jit
def draw(state, number):
    return mix64(state + (number + 1).to(tl.uint64) * GAMMA)


@triton.jit
def first_draw(state):
    return mix64(state + GAMMA)


@triton.jit
def below(bits, bound):
    return ((bits >> 32) * bound) >> 32


@triton.jit
def order_keys(n, first_position, key, keys, LANES: tl.constexpr):
    """keys[i] sorts as an int64 like the integers of `draws.shuffled` do as uint64."""
    i = tl.program_id(0).to(tl.int64) * LANES + tl.arange(0, LANES)
    hashed = stream(tl.load(key).to(tl.uint64, bitcast=True), first_position + i)
    packed = (hashed >> NUMBER_BITS << NUMBER_BITS) | i.to(tl.uint64)
    tl.store(keys + i, (packed ^ SIGN).to(tl.int64, bitcast=True), mask=i < n)


def shuffled(key: np.uint64, first_position: int, n: int, device: torch.device) -> torch.Tensor:
    """`draws.shuffled` on a device: (n,) int64."""
    keys = torch.empty(n, dtype=torch.int64, device=device)
    if n:
        order_keys[grid(n)](n, first_position, as_tensor(key, device), keys, LANES=LANES)
    return torch.sort(keys).values & (2**draws.NUMBER_BITS - 1)


def grid(n: int) -> tuple[int]:
    """How many programs of LANES tokens cover n tokens."""
    return (triton.cdiv(n, LANES),)


def as_tensor(key: np.uint64, device: torch.device) -> torch.Tensor:
    """A uint64 key as a (1,) int64 tensor of the same bits: a kernel has no unsigned arguments."""
    return torch.tensor([key.view(np.int64)], device=device)
