"""Products of small matrices for compiled code: a tile of the result stays in registers.

What the compiler makes of three plain loops reads and writes the result once for every term of a
sum. A tile's height and width are constants of the compiled code.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from w2v.engines.cpu_lanes import LANES, VECTOR, pick

_I32, _F32 = ir.IntType(32), ir.FloatType()


def tile_product(height: int, width: int, adds: bool = False) -> Any:
    """Make a compiled function for tiles of `height` rows and `width` vectors of LANES columns.

    The function is product(out, i, k, a, a_rows, a_row, b, b_rows, start, stop):

        out[i + r, k + c] = Σ a[a_rows[a_row + r], j] · b[b_rows[j], k + c] over start ≤ j < stop
        for r < height and c < width · LANES

    and `adds` makes that `+=`. a_rows and b_rows are 1-D integers, or None where rows follow each
    other: a[a_row + r], b[j]. The others are 2-D float32; `a` may be transposed, the others are
    C-ordered. Nothing is checked.
    """

    @intrinsic
    def product(typing_context, out, i, k, a, a_rows, a_row, b, b_rows, start, stop):
        def emit(context, builder, signature, arguments):
            _Tile(context, builder, signature, arguments).multiply(height, width, adds)
            return context.get_dummy_value()

        return types.void(out, i, k, a, a_rows, a_row, b, b_rows, start, stop), emit

    return product


class _Tile:
    """Emits one product as LLVM's instructions."""

    def __init__(self, context, builder, signature, arguments):
        def matrix(n, rows=None):
            return _Matrix(context, builder, signature.args[n], arguments[n], rows)

        def rows(n):
            kind = signature.args[n]
            return None if kind is types.none else _Rows(context, builder, kind, arguments[n])

        def index(n):
            return context.cast(builder, arguments[n], signature.args[n], types.intp)

        self.builder = builder
        self.out, self.i, self.k = matrix(0), index(1), index(2)
        self.a, self.a_row = matrix(3, rows(4)), index(5)
        self.b, self.start, self.stop = matrix(6, rows(7)), index(8), index(9)

    def multiply(self, height, width, adds):
        builder = self.builder
        columns = [self._plus(self.k, c * LANES) for c in range(width)]
        out_rows = [self.out.row(self._plus(self.i, r)) for r in range(height)]
        a_rows = [self.a.row(self._plus(self.a_row, r)) for r in range(height)]
        places = [[self.out.in_row(row, k, VECTOR) for k in columns] for row in out_rows]
        sums = [[cgutils.alloca_once(builder, VECTOR) for _ in row] for row in places]
        for place, total in _pairs(places, sums):
            first = builder.load(place, align=4) if adds else ir.Constant(VECTOR, [0.0] * LANES)
            builder.store(first, total)
        one = self.start.type(1)
        with cgutils.for_range_slice(builder, self.start, self.stop, one) as (j, _):
            row = self.b.row(j)
            vectors = [builder.load(self.b.in_row(row, k, VECTOR), align=4) for k in columns]
            for a_row, totals in zip(a_rows, sums, strict=True):
                scale = self._splat(builder.load(self.a.in_row(a_row, j, _F32)))
                for vector, total in zip(vectors, totals, strict=True):
                    builder.store(self._fma(scale, vector, builder.load(total)), total)
        for place, total in _pairs(places, sums):
            builder.store(builder.load(total), place, align=4)

    def _splat(self, number):
        one = self.builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, _I32(0))
        return pick(self.builder, one, one, [0] * LANES)

    def _plus(self, index, n):
        return self.builder.add(index, index.type(n))

    def _fma(self, x, y, z):
        kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
        name = f"llvm.fmuladd.v{LANES}f32"
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [x, y, z])


class _Rows:
    """A 1-D array of row numbers as LLVM sees it."""

    def __init__(self, context, builder, kind, argument):
        self.builder, self.start = (
            builder,
            context.make_array(kind)(context, builder, argument).data,
        )

    def __call__(self, index):
        number = self.builder.load(self.builder.gep(self.start, [index]))
        return self.builder.zext(number, index.type)


class _Matrix:
    """A 2-D array as LLVM sees it; `rows`, a _Rows, says where row n really is."""

    def __init__(self, context, builder, kind, argument, rows=None):
        array = context.make_array(kind)(context, builder, argument)
        self.builder, self.rows = builder, rows
        self.start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
        self.strides = cgutils.unpack_tuple(builder, array.strides)
        if kind.layout in "CF":  # one stride is known
            self.strides["FC".index(kind.layout)] = self.strides[0].type(4)

    def row(self, n):
        n = n if self.rows is None else self.rows(n)
        return self.builder.gep(self.start, [self.builder.mul(n, self.strides[0])])

    def in_row(self, row, column, kind):
        place = self.builder.gep(row, [self.builder.mul(column, self.strides[1])])
        return self.builder.bitcast(place, kind.as_pointer())


def _pairs(rows, other_rows):
    for row, other in zip(rows, other_rows, strict=True):
        yield from zip(row, other, strict=True)


@intrinsic
def transpose_tile(typing_context, a, a_rows, i, k, out, out_i, out_k):
    """out[out_i + c, out_k + r] = a[a_rows[i + r], k + c] for r, c < LANES; as tile_product's."""

    def emit(context, builder, signature, arguments):
        i, k, out_i, out_k = (
            context.cast(builder, arguments[n], signature.args[n], types.intp) for n in (2, 3, 5, 6)
        )
        a_rows = _Rows(context, builder, signature.args[1], arguments[1])
        a = _Matrix(context, builder, signature.args[0], arguments[0], a_rows)
        out = _Matrix(context, builder, signature.args[4], arguments[4])
        places = (a.in_row(a.row(builder.add(i, i.type(r))), k, VECTOR) for r in range(LANES))
        rows = _transposed(builder, [builder.load(place, align=4) for place in places])
        for c, row in enumerate(rows):
            place = out.in_row(out.row(builder.add(out_i, out_i.type(c))), out_k, VECTOR)
            builder.store(row, place, align=4)
        return context.get_dummy_value()

    return types.void(a, a_rows, i, k, out, out_i, out_k), emit


def _transposed(builder, rows):
    """LANES vectors, as the rows of a square, transposed: quarters of ever smaller squares swap."""
    half = LANES // 2
    while half:
        upper = [n if n & half == 0 else LANES + n - half for n in range(LANES)]
        lower = [n + half if n & half == 0 else LANES + n for n in range(LANES)]
        rows = [
            pick(builder, rows[n], rows[n + half], upper)
            if n & half == 0
            else pick(builder, rows[n - half], rows[n], lower)
            for n in range(LANES)
        ]
        half //= 2
    return rows
