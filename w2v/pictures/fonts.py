"""Fonts that have the letters of words in any script, among Matplotlib's and the system's."""

import unicodedata
from collections.abc import Iterable, Iterator

FIRST = "DejaVu Sans"  # Matplotlib's own: Latin, Greek, Cyrillic, Hebrew, Arabic and more
LAST_RESORT = "Last Resort"  # has every character, as a box
SHOWN = 8  # characters in the remark


def families_for(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Which fonts to draw texts with, and what the user should know of them.

    Returns:
        families, for Matplotlib's `fontfamily`: each character is drawn with the first that has it.
        remarks: lines about what cannot be drawn as it should.
    """
    from matplotlib import font_manager, ft2font

    characters = {char for text in texts for char in text if char.isprintable()}
    default = font_manager.findfont(FIRST)
    families, missing = [FIRST], characters - _characters_of(default)
    for name, path in _fonts() if missing else ():
        if found := missing & _characters_of(path):
            if path not in {entry.fname for entry in font_manager.fontManager.ttflist}:
                font_manager.fontManager.addfont(path)
            families.append(name)
            missing -= found
            if not missing:
                break
    remarks = []
    if missing:
        some = " ".join(sorted(missing)[:SHOWN])
        remarks.append(
            f"no font here has {some}{' …' if len(missing) > SHOWN else ''}: they are drawn as "
            "boxes; install a font of their script, such as one of Google's Noto fonts"
        )
    if not hasattr(ft2font, "__libraqm_version__") and any(map(_is_right_to_left, characters)):
        remarks.append("this Matplotlib draws right-to-left words backwards; 3.11 does not")
    return families, remarks


def _fonts() -> Iterator[tuple[str, str]]:
    """(family, path) of the fonts there are, upright ones of usual weight first.

    Those installed since Matplotlib listed them, too.
    """
    from matplotlib import font_manager

    listed = [entry for entry in font_manager.fontManager.ttflist if LAST_RESORT not in entry.name]
    for entry in sorted(
        listed, key=lambda entry: (entry.style != "normal", abs(_weight(entry) - 400), entry.name)
    ):
        yield entry.name, entry.fname
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            yield font_manager.get_font(path).family_name, path
        except (OSError, RuntimeError):  # no font that can be drawn with
            continue


def _weight(entry: object) -> int:
    weight = getattr(entry, "weight", 400)
    return weight if isinstance(weight, int) else 400


def _characters_of(path: str) -> set[str]:
    from matplotlib import font_manager

    try:
        return {chr(code) for code in font_manager.get_font(path).get_charmap()}
    except (OSError, RuntimeError, ValueError):
        return set()


def _is_right_to_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL")
