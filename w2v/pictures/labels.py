"""Where the names of points stand: beside them, and never on each other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]  # (n, 4): left, bottom, right, top
NEAR = (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)  # right, left, above, …
PAD = 1.0  # dots between a name and what is beside it


def place(
    points: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.float64],
    frame: npt.NDArray[np.float64],
    radius: float,
    reach: Sequence[float],
    outward: npt.NDArray[np.float64] | None = None,
    covered: Sequence[Sequence[float]] = (),
) -> list[tuple[float, float] | None]:
    """Where names stand, greedily: each at the first place near its point that is free.

    Args:
        points: (n, 2), in dots; those that come first choose first.
        sizes: (n, 2), widths and heights of the names, in dots.
        frame: left, bottom, right, top of where names may be.
        radius: of the marks, which no name may cover.
        reach: the distances between mark and name, in dots, in the order in which they are tried.
        outward: (n, 2), on which side of its point each name is best; None: to the right of it.
        covered: boxes that no name may cover.
    Returns:
        for each name its lower left corner, or None where none of its places is free.
    """
    # The marks, and then the names, where they are placed; nothing meets a box of NaN.
    taken = np.full((2 * len(points) + len(covered), 4), np.nan)
    taken[2 * len(points) :] = np.reshape(covered, (-1, 4))
    taken[: len(points)] = np.concatenate([points - radius, points + radius], axis=1)
    found: list[tuple[float, float] | None] = [None] * len(points)
    for number, (point, size) in enumerate(zip(points, sizes, strict=True)):
        own, taken[number] = taken[number].copy(), np.nan
        sides = NEAR if outward is None else _sorted(NEAR, outward[number])
        for corner in _places(point, size, radius, reach, sides):
            box = np.concatenate([corner - PAD, corner + size + PAD])
            is_inside = (box[:2] >= frame[:2]).all() and (box[2:] <= frame[2:]).all()
            if is_inside and not _meets(box, taken):
                taken[len(points) + number] = box
                found[number] = float(corner[0]), float(corner[1])
                break
        taken[number] = own
    return found


def _places(point, size, radius, reach, sides):
    """The corners of the places around a point."""
    for distance in reach:
        for side in sides:
            middle = point + _unit(side) * (radius + distance) + np.array(side) * size / 2
            yield middle - size / 2


def _sorted(sides, direction):
    """The sides, first those that lie most in a direction, (2,)."""
    return sorted(sides, key=lambda side: -_unit(side) @ direction)


def _unit(side: tuple[int, int]) -> npt.NDArray[np.float64]:
    return np.array(side) / np.hypot(*side)


def _meets(box: npt.NDArray[np.float64], boxes: Boxes) -> bool:
    """Whether a box overlaps any of others."""
    return bool(((box[:2] < boxes[:, 2:]) & (boxes[:, :2] < box[2:])).all(axis=1).any())
