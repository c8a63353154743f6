"""Finding a QR code in a picture, with the limits checked before anything is decoded."""

from __future__ import annotations

import io
import warnings

from PIL import Image, UnidentifiedImageError

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000


class UnreadablePictureError(ValueError):
    """No code could be read; the message is for people, in Vietnamese."""


def read_qr(data: bytes) -> str:
    """The text of the first QR code in the picture (PNG, JPEG, WebP or GIF).

    Raises:
        UnreadablePictureError: over 8 MB, over 40 megapixels, not a picture, or no QR code in it.
    """
    if len(data) > MAX_BYTES:
        raise UnreadablePictureError("Ảnh quá nặng (trên 8 MB). Bạn chụp lại ảnh nhỏ hơn nhé.")
    try:
        import zxingcpp
    except ImportError as error:
        raise UnreadablePictureError("Máy này chưa có bộ đọc ảnh. Bạn dán chuỗi mã QR vào ô bên dưới nhé.") from error
    try:
        with warnings.catch_warnings():
            # Pillow only warns at 89 megapixels; our own, lower limit decides.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF"))
        if picture.width * picture.height > MAX_PIXELS:
            raise UnreadablePictureError("Ảnh quá lớn (trên 40 triệu điểm ảnh). Bạn thu nhỏ ảnh rồi thử lại nhé.")
        # A see-through background counts as paper.
        layered = picture.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("L")
    except Image.DecompressionBombError as error:
        raise UnreadablePictureError(
            "Ảnh quá lớn (trên 40 triệu điểm ảnh). Bạn thu nhỏ ảnh rồi thử lại nhé."
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, UnreadablePictureError):
            raise
        raise UnreadablePictureError("Tệp này không phải ảnh, hoặc ảnh bị hỏng.") from error
    for found in zxingcpp.read_barcodes(flat, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)):
        return str(found.text)
    raise UnreadablePictureError("Không thấy mã QR trong ảnh. Bạn chụp gần và rõ hơn nhé.")
