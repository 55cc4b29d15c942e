"""Tables are checked for NaN and infinity before they are used or written."""

import numpy as np
import numpy.typing as npt

_ROWS = 2**14  # checked at a time


def first_not_finite(table: npt.NDArray[np.floating]) -> int | None:
    """The first row of a (V, D) table that holds NaN or infinity; None if there is none."""
    for first in range(0, len(table), _ROWS):
        is_finite = np.isfinite(table[first : first + _ROWS]).all(axis=1)
        if not is_finite.all():
            return first + int(np.argmin(is_finite))
    return None
