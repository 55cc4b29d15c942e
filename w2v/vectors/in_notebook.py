"""How WordVectors show themselves in a notebook."""

import html
from collections.abc import Sequence

from w2v.errors import shown

SHOWN_WORDS = 12


def as_html(words: Sequence[str], n_dims: int) -> str:
    """A paragraph: how many words, of how many dimensions, and the first after `<unk>`."""
    some = " ".join(html.escape(shown(word)) for word in words[1 : 1 + SHOWN_WORDS])
    more = " …" if len(words) > 1 + SHOWN_WORDS else ""
    return f"<p><b>{len(words):,} words of {n_dims} dimensions</b>: {some}{more}</p>"
