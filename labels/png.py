"""A drawing as PNG, at exactly the resolution it was drawn for. Knows no content."""

from __future__ import annotations

import io

from labels.layout import Drawing
from labels.raster import dots_of
from labels.template import RESOLUTIONS

_MM_PER_INCH = 25.4


def png_of(drawing: Drawing) -> bytes:
    """The PNG file, grey, with its resolution in it. The same drawing gives the same bytes."""
    target = io.BytesIO()
    per_inch = RESOLUTIONS[drawing.dpi] * _MM_PER_INCH
    dots_of(drawing).save(target, "PNG", dpi=(per_inch, per_inch))
    return target.getvalue()
