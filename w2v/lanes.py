"""Vectors of 16 float32s for compiled code: what the compiler makes of plain loops is half as fast.

LLVM splits them over whatever registers the processor has: one with AVX-512, two with AVX, four
with NEON. A `Lanes` exists only inside compiled code; these functions are called there.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import PrimitiveModel
from numba.extending import intrinsic, register_model

LANES = 16  # float32s in a vector, and in a cache line

_I32, _F32 = ir.IntType(32), ir.FloatType()
_VECTOR = ir.VectorType(_F32, LANES)


class Lanes(types.Type):
    """The type of a vector."""


_lanes = Lanes("lanes")


@register_model(Lanes)
class _LanesModel(PrimitiveModel):
    def __init__(self, manager, frontend_type):
        super().__init__(manager, frontend_type, _VECTOR)


@intrinsic
def load(typing_context, table, row, k):
    """table[row, k : k + LANES] of a C-ordered float32 table; indices ≥ 0, unchecked."""

    def emit(context, builder, signature, arguments):
        return builder.load(_pointer(context, builder, signature, arguments), align=4)

    return _lanes(table, row, k), emit


@intrinsic
def store(typing_context, table, row, k, vector):
    """table[row, k : k + LANES] = vector"""

    def emit(context, builder, signature, arguments):
        builder.store(arguments[3], _pointer(context, builder, signature, arguments), align=4)
        return context.get_dummy_value()

    return types.void(table, row, k, vector), emit


def _pointer(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    stride, _ = cgutils.unpack_tuple(builder, array.strides)
    row, k = (
        context.cast(builder, argument, given, types.intp)
        for argument, given in zip(arguments[1:3], signature.args[1:3], strict=True)
    )
    start = builder.gep(
        builder.bitcast(array.data, ir.IntType(8).as_pointer()),
        [builder.add(builder.mul(row, stride), builder.mul(k, k.type(4)))],
    )
    return builder.bitcast(start, _VECTOR.as_pointer())


@intrinsic
def splat(typing_context, number):
    """A vector with `number` in every lane."""

    def emit(context, builder, signature, arguments):
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], _I32(0))
        return _pick(builder, one, one, [0] * LANES)

    return _lanes(types.float32), emit


@intrinsic
def multiply_add(typing_context, x, y, z):
    """x · y + z, lane by lane."""

    def emit(context, builder, signature, arguments):
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        name = f"llvm.fmuladd.v{LANES}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)

    return _lanes(_lanes, _lanes, _lanes), emit


@intrinsic
def sums(typing_context, a, b, c, d):
    """(Σ a, Σ b, Σ c, Σ d): together they take fewer steps than one by one."""

    def emit(context, builder, signature, arguments):
        def fold(x, y, low, high):
            """Pick pairs of both, in each quarter of a vector, and add them."""
            return builder.fadd(
                *(
                    _pick(builder, x, y, [q + i for q in range(0, LANES, 4) for i in picked])
                    for picked in (low, high)
                )
            )

        a, b, c, d = arguments
        halves = (0, LANES, 1, LANES + 1), (2, LANES + 2, 3, LANES + 3)
        ab, cd = fold(a, b, *halves), fold(c, d, *halves)  # a b a b …, c d c d …
        abcd = fold(ab, cd, (0, 1, LANES, LANES + 1), (2, 3, LANES + 2, LANES + 3))  # a b c d …
        for n in (LANES // 2, LANES // 4):
            low, high = (_pick(builder, abcd, abcd, range(i, i + n)) for i in (0, n))
            abcd = builder.fadd(low, high)
        results = [builder.extract_element(abcd, _I32(i)) for i in range(4)]
        return context.make_tuple(builder, signature.return_type, results)

    return types.UniTuple(types.float32, 4)(_lanes, _lanes, _lanes, _lanes), emit


def _pick(builder, x, y, lanes):
    """Lanes of x (numbered from 0) and y (numbered on from there)."""
    mask = ir.Constant(ir.VectorType(_I32, len(lanes)), list(lanes))
    return builder.shuffle_vector(x, y, mask)
