"""Vectors of 16 float32s for compiled code: what the compiler makes of plain loops is half as fast.

LLVM splits them over whatever registers the processor has: one with AVX-512, two with AVX, four
with NEON. A `Lanes` exists only inside compiled code; these functions are called there.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import PrimitiveModel
from numba.extending import intrinsic, overload, register_model

from w2v.compiled import LANES

_I32, _F32 = ir.IntType(32), ir.FloatType()
VECTOR, _INTEGERS = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES)


class Lanes(types.Type):
    """The type of a vector."""


_lanes = Lanes("lanes")


@register_model(Lanes)
class _LanesModel(PrimitiveModel):
    def __init__(self, manager, frontend_type):
        super().__init__(manager, frontend_type, VECTOR)


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
    return builder.bitcast(start, VECTOR.as_pointer())


@intrinsic
def splat(typing_context, number):
    """A vector with `number` in every lane."""

    def emit(context, builder, signature, arguments):
        one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), arguments[0], _I32(0))
        return pick(builder, one, one, [0] * LANES)

    return _lanes(types.float32), emit


@intrinsic
def multiply_add(typing_context, x, y, z):
    """x · y + z, lane by lane."""

    def emit(context, builder, signature, arguments):
        return _call(builder, "llvm.fmuladd", *arguments)

    return _lanes(_lanes, _lanes, _lanes), emit


def _operator(symbol, instruction):
    """Let x symbol y, of two vectors, be an LLVM instruction."""

    @intrinsic
    def calculate(typing_context, x, y):
        def emit(context, builder, signature, arguments):
            return getattr(builder, instruction)(*arguments)

        return _lanes(_lanes, _lanes), emit

    @overload(symbol)
    def of_vectors(x, y):
        if x is _lanes and y is _lanes:
            return lambda x, y: calculate(x, y)
        return None


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")


@intrinsic
def absolute(typing_context, x):
    """|x|, lane by lane."""

    def emit(context, builder, signature, arguments):
        return _call(builder, "llvm.fabs", *arguments)

    return _lanes(_lanes), emit


@intrinsic
def nearest(typing_context, x):
    """The nearest whole number, lane by lane."""

    def emit(context, builder, signature, arguments):
        return _call(builder, "llvm.nearbyint", *arguments)

    return _lanes(_lanes), emit


@intrinsic
def power_of_two(typing_context, whole):
    """2^whole, lane by lane, for whole numbers from -126 to 127."""

    def emit(context, builder, signature, arguments):
        exponent = builder.add(builder.fptosi(arguments[0], _INTEGERS), _in_all_lanes(127))
        return builder.bitcast(builder.shl(exponent, _in_all_lanes(23)), VECTOR)

    return _lanes(_lanes), emit


@intrinsic
def exponent(typing_context, x):
    """Of x = m · 2^n with 1 ≤ m < 2, for normal x > 0: n, lane by lane."""

    def emit(context, builder, signature, arguments):
        bits = builder.lshr(builder.bitcast(arguments[0], _INTEGERS), _in_all_lanes(23))
        return builder.sitofp(builder.sub(bits, _in_all_lanes(127)), VECTOR)

    return _lanes(_lanes), emit


@intrinsic
def mantissa(typing_context, x):
    """Of x = m · 2^n with 1 ≤ m < 2, for normal x > 0: m, lane by lane."""

    def emit(context, builder, signature, arguments):
        bits = builder.and_(builder.bitcast(arguments[0], _INTEGERS), _in_all_lanes(2**23 - 1))
        return builder.bitcast(builder.or_(bits, _in_all_lanes(127 << 23)), VECTOR)

    return _lanes(_lanes), emit


@intrinsic
def where_above(typing_context, a, b, x, y):
    """x in the lanes where a > b, else y; y where either is NaN."""

    def emit(context, builder, signature, arguments):
        a, b, x, y = arguments
        return builder.select(builder.fcmp_ordered(">", a, b), x, y)

    return _lanes(_lanes, _lanes, _lanes, _lanes), emit


@intrinsic
def in_first(typing_context, n, x, y):
    """x in the first n lanes, y in the others; n may be out of 0..LANES."""

    def emit(context, builder, signature, arguments):
        n, x, y = arguments
        n = builder.trunc(n, _I32)
        one = builder.insert_element(ir.Constant(_INTEGERS, ir.Undefined), n, _I32(0))
        everywhere = pick(builder, one, one, [0] * LANES)
        numbers = ir.Constant(_INTEGERS, list(range(LANES)))
        return builder.select(builder.icmp_signed("<", numbers, everywhere), x, y)

    return _lanes(types.int64, _lanes, _lanes), emit


@intrinsic
def sums(typing_context, a, b, c, d):
    """(Σ a, Σ b, Σ c, Σ d): together they take fewer steps than one by one."""

    def emit(context, builder, signature, arguments):
        def fold(x, y, low, high):
            """Pick pairs of both, in each quarter of a vector, and add them."""
            return builder.fadd(
                *(
                    pick(builder, x, y, [q + i for q in range(0, LANES, 4) for i in picked])
                    for picked in (low, high)
                )
            )

        a, b, c, d = arguments
        halves = (0, LANES, 1, LANES + 1), (2, LANES + 2, 3, LANES + 3)
        ab, cd = fold(a, b, *halves), fold(c, d, *halves)  # a b a b …, c d c d …
        abcd = fold(ab, cd, (0, 1, LANES, LANES + 1), (2, 3, LANES + 2, LANES + 3))  # a b c d …
        for n in (LANES // 2, LANES // 4):
            low, high = (pick(builder, abcd, abcd, range(i, i + n)) for i in (0, n))
            abcd = builder.fadd(low, high)
        results = [builder.extract_element(abcd, _I32(i)) for i in range(4)]
        return context.make_tuple(builder, signature.return_type, results)

    return types.UniTuple(types.float32, 4)(_lanes, _lanes, _lanes, _lanes), emit


def pick(builder, x, y, lanes):
    """Lanes of x (numbered from 0) and y (numbered on from there)."""
    mask = ir.Constant(ir.VectorType(_I32, len(lanes)), list(lanes))
    return builder.shuffle_vector(x, y, mask)


def _call(builder, name, *vectors):
    """Call one of LLVM's own functions of vectors to a vector."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * len(vectors))
    function = cgutils.get_or_insert_function(builder.module, kind, f"{name}.v{LANES}f32")
    return builder.call(function, vectors)


def _in_all_lanes(integer):
    return ir.Constant(_INTEGERS, [integer] * LANES)
