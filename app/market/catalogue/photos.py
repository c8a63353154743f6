"""From whatever a phone sends to two clean WebP pictures.

What the header declares is checked before a single pixel is decoded; the format is read from the bytes, never from the
name. One photo at a time is decoded in a process, so memory stays flat however many arrive together.
"""

from __future__ import annotations

import io
import struct
import threading
from dataclasses import dataclass

from flask_babel import gettext as _
from PIL import Image

from app.core import pictures
from app.core.media import FULL, THUMB, Media

from .errors import PhotoRefused

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class StoredPhoto:
    """A clean photo in the media store; width and height of its full size in pixels."""

    key: str
    width: int
    height: int


def take(media: Media, raw: bytes) -> StoredPhoto:
    """Clean an uploaded photo and keep it. Call it before opening a transaction.

    The stored picture is upright, sRGB-like RGB on white, at most 1280 pixels long, and carries no metadata at all.

    Raises:
        PhotoRefused: too many bytes or pixels, moving, broken, or not JPEG, PNG or WebP.
    """
    if len(raw) > MAX_BYTES:
        raise PhotoRefused(_("Ảnh nặng quá (tối đa %(mb)d MB). Bà con chọn ảnh khác nhé.", mb=MAX_BYTES // 1024**2))
    if raw[:4] == b"RIFF":
        _demand_still_webp(raw)
    with _one_at_a_time:
        image = _decode(raw)
        full = _encode(image, quality=78)
        image.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
        thumb = _encode(image, quality=72)
    width, height = _size_of(full)
    return StoredPhoto(media.put(full, thumb), width, height)


def kept(media: Media, key: str) -> StoredPhoto | None:
    """A photo that was taken before, by its key; None when there is none."""
    path = media.path(key)
    if path is None:
        return None
    width, height = _size_of(path.read_bytes())
    return StoredPhoto(key, width, height)


def _decode(raw: bytes) -> Image.Image:
    """The upright picture, already small."""
    try:
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as image:
            _demand_size(image.size)
            if getattr(image, "is_animated", False):
                raise PhotoRefused(_("Ảnh động không dùng được. Bà con chọn ảnh chụp nhé."))
            small: Image.Image = image.convert("RGBA") if image.mode in ("1", "P", "PA") else image
            small.thumbnail((FULL, FULL), Image.Resampling.LANCZOS, reducing_gap=2.0)
            return _flatten(_upright(small, image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except PhotoRefused:
        raise
    except (OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError, OverflowError) as error:
        raise PhotoRefused(_("Tệp này không phải ảnh JPEG, PNG hay WebP, hoặc ảnh đã hỏng.")) from error


def _upright(small: Image.Image, original: Image.Image) -> Image.Image:
    """Turned as the camera was held; a mangled EXIF block turns nothing."""
    try:
        turn = original.getexif().get(0x0112, 1)
    except (OSError, ValueError, SyntaxError, struct.error, KeyError, IndexError, TypeError):
        return small
    method = _TURNS.get(turn)
    return small.transpose(method) if method is not None else small


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _flatten(image: Image.Image) -> Image.Image:
    """RGB on white in a new image, which holds nothing but pixels."""
    clean = Image.new("RGB", image.size, "white")
    if image.mode in ("RGBA", "LA", "RGBa", "La"):
        layer = image.convert("RGBA")
        clean.paste(layer, mask=layer.getchannel("A"))
    else:
        clean.paste(image.convert("RGB"))
    return clean


def _encode(image: Image.Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()


def _size_of(webp: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(webp), formats=("WEBP",)) as image:
        return image.size


def _demand_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large()


def _demand_still_webp(raw: bytes) -> None:
    """Before Pillow's decoder makes room for it."""
    try:
        declared = pictures.webp_size(raw)
    except pictures.Moves:
        raise PhotoRefused(_("Ảnh động không dùng được. Bà con chọn ảnh chụp nhé.")) from None
    except pictures.NotAPicture:
        raise PhotoRefused(_("Tệp này không phải ảnh JPEG, PNG hay WebP, hoặc ảnh đã hỏng.")) from None
    _demand_size(declared)


def _too_large() -> PhotoRefused:
    millions = MAX_PIXELS // 10**6
    return PhotoRefused(_("Ảnh to quá (tối đa %(mp)d triệu điểm ảnh). Bà con chụp nhỏ hơn nhé.", mp=millions))
