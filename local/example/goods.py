"""What is sold: the province's OCOP products by their real names and stars, and plain goods of the market.

Names and stars are as the province reported them in early 2023; prices, stocks, certificate numbers and sellers are
made up, and each description says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from app.market.catalogue.models import NAME_MAX

from .pictures import Kind
from .scales import TAN_CUONG

NOTE = "Hàng mẫu để chạy thử: giá, số lượng và người bán đều do chương trình đặt ra."
DAI_PHUC, DONG_HY, PHU_LUONG, DONG_PHUC = "05488", "05692", "05611", "01933"


@dataclass(frozen=True)
class Offer:
    """A product to put on sale; price in đồng for one `unit`."""

    name: str
    unit: str
    price_vnd: int
    kind: Kind
    stars: int | None = None
    certificate_no: str | None = None
    about: str = ""

    @property
    def description(self) -> str:
        """What the product's page says."""
        return f"{self.about} {NOTE}".strip()


@dataclass(frozen=True)
class _Ocop:
    name: str
    stars: int
    unit: str
    price_vnd: int
    kind: Kind
    commune: str | None = None


_OCOP = (
    _Ocop("Chè tôm nõn Tân Cương", 5, "hộp 200 g", 420_000, "tea", TAN_CUONG),
    _Ocop("Chè đinh Tân Cương", 5, "kg", 3_600_000, "tea", TAN_CUONG),
    _Ocop("Miến Việt Cường", 5, "gói 500 g", 48_000, "noodle", DONG_HY),
    _Ocop("Trà tôm nõn hương quê", 5, "hộp 200 g", 380_000, "tea", PHU_LUONG),
    _Ocop("Trà mầm sương sớm", 4, "hộp 100 g", 260_000, "tea"),
    _Ocop("Trà móc câu hương quê", 4, "gói 500 g", 290_000, "tea", PHU_LUONG),
    _Ocop("Trà đen Thịnh An", 4, "gói 200 g", 120_000, "tea"),
    _Ocop("Trà móc câu Đạt Phát", 4, "gói 500 g", 310_000, "tea"),
    _Ocop("Trà đinh Đạt Phát", 4, "kg", 3_200_000, "tea"),
    _Ocop("Trà móc câu Minh Đức", 4, "gói 500 g", 270_000, "tea"),
    _Ocop("Trà hoa vàng Hà Diệp", 4, "hộp 50 g", 450_000, "flower"),
    _Ocop("Tinh bột nghệ Tân Thành", 4, "hộp 500 g", 185_000, "powder"),
    _Ocop("Rượu men lá Bằng Phúc", 4, "chai 500 ml", 95_000, "bottle", DONG_PHUC),
    _Ocop("Măng khô lục trúc MTQ", 3, "gói 300 g", 110_000, "bamboo"),
    _Ocop("Mật ong Phúc Thành", 3, "chai 650 ml", 160_000, "honey"),
    _Ocop("Trà túi lọc Nguyên Việt", 3, "hộp 25 túi", 55_000, "tea"),
    _Ocop("Trà Hích", 3, "gói 500 g", 190_000, "tea", DONG_HY),
    _Ocop("Nõn chè xanh Trại Cài", 3, "gói 200 g", 140_000, "tea", DONG_HY),
    _Ocop("Hồng Đỉnh trà", 3, "hộp 100 g", 130_000, "tea", DAI_PHUC),
    _Ocop("Trà TN GABA", 3, "hộp 100 g", 210_000, "tea"),
)

# name, unit, lowest and highest price in đồng, picture
_PLAIN: tuple[tuple[str, str, int, int, Kind], ...] = (
    ("Chè xanh búp", "kg", 150_000, 260_000, "tea"),
    ("Chè móc câu", "kg", 220_000, 380_000, "tea"),
    ("Chè nõn tôm", "gói 200 g", 120_000, 240_000, "tea"),
    ("Chè cành", "kg", 40_000, 70_000, "tea"),
    ("Trà ướp sen", "hộp 100 g", 180_000, 320_000, "flower"),
    ("Trà hoa cúc", "gói 100 g", 60_000, 110_000, "flower"),
    ("Mật ong rừng", "chai 650 ml", 180_000, 350_000, "honey"),
    ("Mật ong hoa nhãn", "chai 650 ml", 130_000, 190_000, "honey"),
    ("Gạo nếp vải", "kg", 32_000, 42_000, "rice"),
    ("Gạo bao thai", "kg", 18_000, 25_000, "rice"),
    ("Đỗ xanh", "kg", 45_000, 60_000, "rice"),
    ("Lạc nhân đỏ", "kg", 50_000, 70_000, "rice"),
    ("Miến dong", "gói 500 g", 35_000, 55_000, "noodle"),
    ("Bánh chưng Bờ Đậu", "cái", 35_000, 60_000, "rice"),
    ("Măng khô", "gói 300 g", 80_000, 130_000, "bamboo"),
    ("Măng tươi luộc", "kg", 20_000, 35_000, "bamboo"),
    ("Mộc nhĩ", "gói 200 g", 35_000, 55_000, "mushroom"),
    ("Nấm hương rừng", "gói 200 g", 90_000, 150_000, "mushroom"),
    ("Trứng gà ta", "chục", 35_000, 50_000, "egg"),
    ("Trứng vịt", "chục", 30_000, 40_000, "egg"),
    ("Gà đồi", "con", 180_000, 320_000, "egg"),
    ("Na dai", "kg", 35_000, 70_000, "fruit"),
    ("Bưởi Diễn", "quả", 20_000, 45_000, "fruit"),
    ("Ổi lê", "kg", 15_000, 25_000, "fruit"),
    ("Hồng không hạt", "kg", 30_000, 55_000, "fruit"),
    ("Cam sành", "kg", 20_000, 40_000, "fruit"),
    ("Rau bò khai", "mớ", 15_000, 25_000, "leaf"),
    ("Rau ngót rừng", "mớ", 10_000, 20_000, "leaf"),
    ("Cải mèo", "kg", 12_000, 20_000, "leaf"),
    ("Su su ngọn", "kg", 12_000, 22_000, "leaf"),
    ("Tinh bột nghệ", "hộp 500 g", 140_000, 220_000, "powder"),
    ("Bột sắn dây", "kg", 110_000, 160_000, "powder"),
    ("Rượu men lá", "chai 500 ml", 60_000, 120_000, "bottle"),
    ("Tương nếp", "chai 500 ml", 25_000, 45_000, "bottle"),
    ("Nón lá", "cái", 50_000, 120_000, "basket"),
    ("Giỏ mây đan tay", "cái", 90_000, 260_000, "basket"),
    ("Chiếu cói", "đôi", 220_000, 380_000, "basket"),
    ("Chổi chít", "cái", 25_000, 40_000, "basket"),
)
_TRAITS = ("nhà làm", "loại một", "loại ngon", "của quê", "đất Thái Nguyên", "hàng chợ phiên")
_GROWN = ("nhà trồng", "vụ mới", "hái tay", "vườn đồi", "sạch", "trồng không phun thuốc")
_GROWN_KINDS: tuple[Kind, ...] = ("tea", "flower", "rice", "bamboo", "mushroom", "fruit", "leaf")


class Goods:
    """Hands out products shop by shop: each OCOP product once, in its own commune when it names one."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._ocop = list(_OCOP)
        self._certificates = 0

    def next_for(self, commune_code: str, *, may_be_ocop: bool) -> Offer:
        """The next product of a shop in this commune."""
        if may_be_ocop:
            for place, item in enumerate(self._ocop):
                if item.commune in (None, commune_code):
                    return self._certified(self._ocop.pop(place))
        name, unit, low, high, kind = self._chance.choice(_PLAIN)
        price = self._chance.randrange(low, high + 1, 1_000)
        traits = (*_TRAITS, *_GROWN) if kind in _GROWN_KINDS else _TRAITS
        return Offer(f"{name} {self._chance.choice(traits)}"[:NAME_MAX], unit, price, kind)

    def _certified(self, item: _Ocop) -> Offer:
        self._certificates += 1
        return Offer(
            item.name, item.unit, item.price_vnd, item.kind, item.stars,
            certificate_no=f"MẪU-{self._certificates:03d}/OCOP",
            about=f"Sản phẩm OCOP {item.stars} sao của tỉnh Thái Nguyên.",
        )  # fmt: skip
