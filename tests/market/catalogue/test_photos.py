"""Photos: clean, small, upright, and no way to make the server swell."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.core.media import FULL, THUMB, Media, media_url
from app.market.catalogue import photos
from app.market.catalogue.errors import PhotoRefused
from tests.factories.market import a_photo

ROOT = Path(__file__).parents[3]


@pytest.fixture
def media(app, tmp_path) -> Media:
    return Media(tmp_path)


def opened(media: Media, key: str, size: int = FULL) -> Image.Image:
    path = media.path(key, size)
    assert path is not None
    return Image.open(io.BytesIO(path.read_bytes()))


def grey(image: Image.Image, at: tuple[int, int]) -> int:
    """How light a pixel is, 0 to 255."""
    return image.crop((*at, at[0] + 1, at[1] + 1)).tobytes()[0]


def a_png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that declares a size, whatever its body holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def a_webp(width: int, height: int, *, flags: int = 0) -> bytes:
    """A WebP whose extended header declares a size."""
    body = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"WEBPVP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def an_animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_format_becomes_webp_in_two_sizes(media, kind):
    photo = photos.take(media, a_photo(3000, 2000, kind=kind))
    assert (photo.width, photo.height) == (1280, 853)
    assert opened(media, photo.key).format == "WEBP"
    assert max(opened(media, photo.key, THUMB).size) == 320


def test_a_small_photo_is_not_blown_up(media):
    photo = photos.take(media, a_photo(200, 100))
    assert (photo.width, photo.height) == (200, 100)


def test_where_it_was_taken_and_by_what_is_gone(media):
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[2] = (21.0, 35.0, 12.0)
    raw = a_photo(exif=exif, comment=b"at home", icc_profile=b"secret profile")
    assert b"PhoneMaker" in raw
    photo = photos.take(media, raw)
    for size in (FULL, THUMB):
        clean = opened(media, photo.key, size)
        clean.load()
        assert not clean.getexif()
        assert {"exif", "icc_profile", "xmp", "comment"}.isdisjoint(clean.info)


@pytest.mark.parametrize(("turn", "size"), [(1, (640, 480)), (3, (640, 480)), (6, (480, 640)), (8, (480, 640))])
def test_a_photo_stands_upright_however_the_phone_was_held(media, turn, size):
    exif = Image.Exif()
    exif[0x0112] = turn
    photo = photos.take(media, a_photo(640, 480, exif=exif))
    assert (photo.width, photo.height) == size
    shown = opened(media, photo.key).convert("L")
    corner = {1: (5, 5), 3: (5, shown.height - 5), 6: (shown.width - 5, 5), 8: (5, 5)}[turn]
    assert grey(shown, corner) < 30  # the dark side of the gradient, where the turn takes it


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_mangled_exif_block_is_no_reason_to_refuse(media):
    photo = photos.take(media, a_photo(exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
    assert (photo.width, photo.height) == (640, 480)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16", "CMYK"])
def test_any_kind_of_colour_is_shown(media, mode):
    out = io.BytesIO()
    Image.new(mode, (50, 50)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(media, photos.take(media, out.getvalue()).key).mode == "RGB"


def test_what_is_clear_becomes_white(media):
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    shown = opened(media, photos.take(media, out.getvalue()).key)
    assert grey(shown.convert("L"), (25, 25)) > 250


REFUSED = {
    "empty": b"",
    "text": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "gif": a_photo(kind="GIF"),
    "bmp named jpg": a_photo(kind="BMP"),
    "tiff": a_photo(kind="TIFF"),
    "cut jpeg": a_photo()[:3000],
    "cut png": a_photo(kind="PNG")[:-200],
    "cut webp": a_photo(kind="WEBP")[:200],
    "riff of another kind": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    "only a head": b"\x89PNG\r\n\x1a\n",
    "huge png": a_png(50_000, 50_000),
    "large png": a_png(7_000, 7_000),
    "huge webp": a_webp(16_383, 16_383),
    "endless webp": a_webp(1 << 24, 1 << 24),
    "png with nothing behind": a_png(3_000, 3_000),
    "moving webp": an_animation("WEBP"),
    "moving png": an_animation("PNG"),
    "says it moves": a_webp(10, 10, flags=2),
    "too heavy": b"\xff\xd8\xff" + bytes(photos.MAX_BYTES),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_a_photo_is_refused(media, name):
    with pytest.raises(PhotoRefused):
        photos.take(media, REFUSED[name])
    assert not list(Path(media._root).rglob("*.webp"))


def test_bombs_are_refused_with_flat_memory(tmp_path):
    for name, raw in REFUSED.items():
        (tmp_path / name.replace(" ", "-")).write_bytes(raw)
    program = """
import resource, sys
from pathlib import Path
from flask import Flask
from flask_babel import Babel
from app.core.media import Media
from app.market.catalogue import photos
from app.market.catalogue.errors import PhotoRefused
folder = Path(sys.argv[1]); app = Flask("x"); Babel(app)
with app.test_request_context():
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files = [path.read_bytes() for path in folder.iterdir() if path.is_file()]
    before = peak()
    for raw in files * 3:
        try: photos.take(Media(folder / "media"), raw)
        except PhotoRefused: continue
        raise SystemExit("one got through")
    print(peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 48 * 1024  # KiB; the largest of them declares 2.5 gigapixels


def test_the_same_bytes_are_kept_once_and_found_again(media):
    first, again = photos.take(media, a_photo()), photos.take(media, a_photo())
    assert first == again == photos.kept(media, first.key)
    assert len(list(Path(media._root).rglob("*.webp"))) == 2
    assert not list(Path(media._root).rglob(".new-*"))


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "0" * 39, "G" * 40, "0" * 40 + "\n"])
def test_a_key_is_never_a_path(media, key):
    assert media.path(key) is None
    assert photos.kept(media, key) is None


def test_a_picture_is_served_for_ever_and_asked_for_once(client):
    from app.core.media import store

    photo = photos.take(store(), a_photo())
    answer = client.get(media_url(photo.key))
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(media_url(photo.key), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "name", ["x", "%2e%2e%2fpyproject.toml", "..%5c..%5cx", "0" * 40 + "-640.webp", "0" * 40 + "-320.webp%00", "a/b"]
)
def test_no_name_leads_out_of_the_store(client, name):
    assert client.get(f"/anh/{name}").status_code in (404, 422)
