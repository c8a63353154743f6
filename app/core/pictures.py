"""Whether bytes are a picture that can be shown, found out without letting a small file take much memory."""

from __future__ import annotations

import io
import struct
import threading
from typing import Final

from PIL import Image

FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_one_at_a_time = threading.Lock()


class NotAPicture(ValueError):
    """Broken, moving, too large, or not of the kind it says."""


def demand_picture(content: bytes, *, media_type: str, max_pixels: int) -> None:
    """Decode a still picture to its end. What its header declares is checked before a single pixel is decoded.

    Raises:
        NotAPicture: it cannot be shown, or isn't a JPEG, PNG or WebP as `media_type` says.
    """
    wanted = FORMATS.get(media_type)
    if wanted is None:
        raise NotAPicture(media_type)
    if wanted == "WEBP":
        _demand_modest_webp(content, max_pixels)
    try:
        with _one_at_a_time, Image.open(io.BytesIO(content), formats=(wanted,)) as image:
            if image.size[0] * image.size[1] > max_pixels or getattr(image, "is_animated", False):
                raise NotAPicture("size")
            image.load()
    except NotAPicture:
        raise
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        ValueError,
        SyntaxError,
        struct.error,
        EOFError,
        IndexError,
        OverflowError,
        MemoryError,
    ) as error:
        raise NotAPicture("broken") from error


def _demand_modest_webp(raw: bytes, max_pixels: int) -> None:
    """Read the size a WebP declares (RFC 9649, 2.5 to 2.7): its decoder makes room before Pillow lets us ask."""
    kind, body = raw[12:16], raw[20:30]
    size = (max_pixels + 1, 1)
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP" and len(body) == 10:
        if kind == b"VP8X" and not body[0] & 0x02:
            size = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        elif kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif kind == b"VP8 ":
            size = int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if size[0] * size[1] > max_pixels:
        raise NotAPicture("size")
