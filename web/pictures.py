"""A QR code as an SVG inside the page: what a telephone is shown and no printer prints. Knows no label."""

from __future__ import annotations

import qrcode
from markupsafe import Markup

QUIET = 4
"""Light modules around the symbol. Source: ISO/IEC 18004."""


def qr(text: str) -> Markup:
    """An SVG with a title for who cannot see it. The text is in the picture only."""
    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    symbol.add_data(text)
    symbol.make(fit=True)
    rows = symbol.get_matrix()
    dark = "".join(f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on)
    size = len(rows) + 2 * QUIET
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="QR code for the device">'
        '<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path fill="#000" d="{1}"/></svg>'
    ).format(size, dark)
