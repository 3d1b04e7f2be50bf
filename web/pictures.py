"""A QR code for a telephone: as an SVG inside the page, or as characters in a terminal. Knows no label."""

from __future__ import annotations

import qrcode
from markupsafe import Markup

QUIET = 4
"""Light modules around the symbol. Source: ISO/IEC 18004."""


def qr(text: str) -> Markup:
    """An SVG with a title for who cannot see it. The text is in the picture only."""
    rows = _symbol(text).get_matrix()
    dark = "".join(f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on)
    size = len(rows) + 2 * QUIET
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="QR code for the device">'
        '<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path fill="#000" d="{1}"/></svg>'
    ).format(size, dark)


def in_characters(text: str) -> str:
    """Half blocks, dark on light, whatever the colours of the terminal are."""
    rows = _symbol(text, border=2).get_matrix()
    rows = rows + [[False] * len(rows)] * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(_HALVES[pair] for pair in zip(*both, strict=True)) for both in pairs)
    return "\n".join(f"\x1b[30;107m{line}\x1b[0m" for line in lines)


_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def _symbol(text: str, *, border: int = 0) -> qrcode.QRCode:
    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=border)
    symbol.add_data(text)
    symbol.make(fit=True)
    return symbol
