"""Whether bytes are a picture that can be shown, found out without letting a small file take much memory."""

from __future__ import annotations

import io
import struct
import threading
from typing import Final

from PIL import Image, ImageOps

FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_one_at_a_time = threading.Lock()


class NotAPicture(ValueError):
    """Broken, moving, too large, or not of the kind it says."""


class Moves(NotAPicture):
    """An animation."""


def demand_picture(content: bytes, *, media_type: str, max_pixels: int) -> None:
    """Decode a still picture to its end. What its header declares is checked before a single pixel is decoded.

    Raises:
        NotAPicture: it cannot be shown, or isn't a JPEG, PNG or WebP as `media_type` says.
    """
    wanted = FORMATS.get(media_type)
    if wanted is None:
        raise NotAPicture(media_type)
    if wanted == "WEBP":
        width, height = webp_size(content)
        if width * height > max_pixels:
            raise NotAPicture("size")
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


def smaller(content: bytes, *, longest: int) -> bytes:
    """A picture that was found sound, upright on white as a JPEG of at most `longest` pixels a side."""
    out = io.BytesIO()
    with _one_at_a_time, Image.open(io.BytesIO(content), formats=tuple(FORMATS.values())) as image:
        image.draft("RGB", (longest, longest))  # a JPEG is decoded small at once
        upright = ImageOps.exif_transpose(image).convert("RGBA")
        upright.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        white = Image.new("RGBA", upright.size, "white")
        white.alpha_composite(upright)
        white.convert("RGB").save(out, "JPEG", quality=72)
    return out.getvalue()


def webp_size(raw: bytes) -> tuple[int, int]:
    """Width and height a WebP declares (RFC 9649, 2.5 to 2.7): its decoder makes room before Pillow lets us ask.

    Raises:
        Moves: an animation.
        NotAPicture: not a WebP.
    """
    kind, body = raw[12:16], raw[20:30]
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP" and len(body) == 10:
        if kind == b"VP8X":
            if body[0] & 0x02:
                raise Moves("moving")
            return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        if kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if kind == b"VP8 ":
            return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise NotAPicture("kind")
