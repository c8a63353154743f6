"""Pictures that other people's readers read back, and that a strict page may hold."""

import struct
from io import BytesIO
from xml.etree import ElementTree

import pytest
import segno
import zxingcpp
from PIL import Image

from app.payments.vietqr.codec import VietQR, encode
from app.payments.vietqr.pictures import png, svg

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = [
    encode(VietQR("970403", "0011012345678")),
    encode(VietQR("970405", "8888000123456", amount_vnd=50_000, bill="DH0001", purpose="CP7K3M9QXA SAP 12")),
    "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA5303704540422575802VN62050801A6304000A",
]


def read(image: Image.Image) -> zxingcpp.Barcode:
    (barcode,) = zxingcpp.read_barcodes(image)
    return barcode


def modules_of(picture: str) -> list[list[bool]]:
    """The picture as rows of modules, dark is True, drawn from its path alone."""
    root = ElementTree.fromstring(picture)
    side = int(root.attrib["viewBox"].split()[2])
    rows = [[False] * side for _ in range(side)]
    for bar in root.findall(f"{SVG}path")[1].attrib["d"].split("M")[1:]:
        start, width = bar.split("h")[:2]
        x, y = map(int, start.split())
        for column in range(x, x + int(width.split("v")[0])):
            rows[y][column] = True
    return rows


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("scale", [2, 8])
def test_a_png_is_read_back_by_an_independent_reader_at_level_m(text: str, scale: int) -> None:
    barcode = read(Image.open(BytesIO(png(text, scale=scale))))
    assert barcode.text == text
    assert barcode.ec_level == "M"


@pytest.mark.parametrize("text", TEXTS)
def test_an_svg_is_read_back_by_an_independent_reader(text: str) -> None:
    rows = modules_of(svg(text, title="Mã VietQR"))
    image = Image.new("L", (len(rows), len(rows)), 255)
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    assert read(image.resize((len(rows) * 4, len(rows) * 4), Image.Resampling.NEAREST)).text == text


def test_four_modules_around_the_code_stay_white() -> None:
    rows = modules_of(svg(TEXTS[0], title="Mã VietQR"))
    edge = range(4, len(rows) - 4)
    assert rows[4][4]
    assert not any(dark for y, row in enumerate(rows) for x, dark in enumerate(row) if x not in edge or y not in edge)


def test_the_size_of_a_png_is_its_modules_times_the_scale() -> None:
    side = len(modules_of(svg(TEXTS[0], title="Mã VietQR")))
    assert struct.unpack(">II", png(TEXTS[0], scale=3)[16:24]) == (side * 3, side * 3)


def test_a_screen_reader_is_told_the_title_and_markup_in_it_is_only_text() -> None:
    title = """Trả 50.000 ₫ cho "Cô Lan" <script>alert('x')</script> & con"""
    picture = svg(TEXTS[0], title=title)
    root = ElementTree.fromstring(picture)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == title
    assert root.findtext(f"{SVG}title") == title
    assert "<script" not in picture


def test_an_svg_holds_nothing_that_a_strict_content_policy_stops() -> None:
    allowed = {"class", "role", "aria-label", "width", "height", "viewBox", "shape-rendering", "fill", "d"}
    for element in ElementTree.fromstring(svg(TEXTS[0], title="Mã VietQR")).iter():
        assert element.tag in {f"{SVG}svg", f"{SVG}title", f"{SVG}path"}
        assert set(element.attrib) <= allowed


@pytest.mark.parametrize("scale", [0, -1, 41])
def test_a_senseless_scale_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        png(TEXTS[0], scale=scale)


def test_a_text_too_long_for_a_code_is_refused() -> None:
    with pytest.raises(segno.DataOverflowError):
        svg("x" * 3000, title="Mã VietQR")
    assert issubclass(segno.DataOverflowError, ValueError)
