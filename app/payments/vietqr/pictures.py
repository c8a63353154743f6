"""QR pictures (ISO/IEC 18004): error level M, quiet zone of four modules, black on white in any colour scheme."""

from html import escape
from io import BytesIO
from itertools import groupby
from typing import Final

import segno

QUIET_ZONE: Final = 4
"""Modules of white around the code."""

MAX_SCALE: Final = 40
"""Pixels per module; keeps the largest possible picture (version 40) below 55 megapixels."""

_SVG_PIXELS: Final = 4


def svg(text: str, *, title: str) -> str:
    """An `<svg>` element to put into a page, read out by screen readers as `title`.

    It holds no style, script, id or outside reference, so a content policy without `unsafe-inline` lets it through and
    several fit on one page. Width and height (4 px per module) yield to CSS on the class `qr`.

    Raises:
        ValueError: `text` does not fit into a QR code.
    """
    code = _make(text)
    side = code.symbol_size(border=QUIET_ZONE)[0]
    bars = "".join(
        f"M{x} {y}h{width}v1h-{width}z"
        for y, row in enumerate(code.matrix, start=QUIET_ZONE)
        for x, width in _dark_runs(row)
    )
    label = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="qr" role="img" aria-label="{label}"'
        f' width="{side * _SVG_PIXELS}" height="{side * _SVG_PIXELS}" viewBox="0 0 {side} {side}"'
        f' shape-rendering="crispEdges"><title>{label}</title>'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{bars}"/></svg>'
    )


def png(text: str, *, scale: int = 8) -> bytes:
    """A PNG file with `scale` pixels per module.

    Raises:
        ValueError: `scale` is outside 1 to 40, or `text` does not fit into a QR code.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise ValueError(f"scale is 1 to {MAX_SCALE} pixels per module")
    file = BytesIO()
    _make(text).save(file, kind="png", scale=scale, border=QUIET_ZONE, dark="#000", light="#fff")
    return file.getvalue()


def _make(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="m", boost_error=False)


def _dark_runs(row: bytearray) -> list[tuple[int, int]]:
    """(x, width) of each unbroken dark stretch in a row of modules, x counted with the quiet zone."""
    runs, x = [], QUIET_ZONE
    for dark, modules in groupby(row):
        width = len(list(modules))
        if dark:
            runs.append((x, width))
        x += width
    return runs
