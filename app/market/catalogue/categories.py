"""Kinds of goods: the six OCOP groups (Decision 148/QĐ-TTg of 2023, annex I) and everyday goods, each with its kinds.

A kind is stored as `group.kind`. People never need to choose one: the name of the product mostly tells.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from .search import words

OTHER = "everyday.other"

GROUPS: dict[str, Any] = {
    "food": _l("Thực phẩm"),
    "drink": _l("Đồ uống"),
    "herbal": _l("Dược liệu"),
    "craft": _l("Thủ công mỹ nghệ"),
    "ornamental": _l("Cây cảnh, giống"),
    "tourism": _l("Du lịch cộng đồng"),
    "everyday": _l("Hàng ngày"),
}

CATEGORIES: dict[str, Any] = {
    "food.fruit": _l("Quả tươi"),
    "food.vegetable": _l("Rau, củ"),
    "food.rice": _l("Gạo, đỗ, hạt"),
    "food.noodle": _l("Miến, bún, mì"),
    "food.meat": _l("Thịt, gia cầm"),
    "food.egg": _l("Trứng, sữa"),
    "food.fish": _l("Cá, thủy sản"),
    "food.honey": _l("Mật ong"),
    "food.spice": _l("Gia vị, nước chấm"),
    "food.dried": _l("Măng, đồ khô"),
    "food.sweet": _l("Bánh, kẹo"),
    "drink.tea": _l("Chè, trà"),
    "drink.coffee": _l("Cà phê"),
    "drink.alcohol": _l("Rượu"),
    "drink.juice": _l("Nước quả, nước uống"),
    "herbal.remedy": _l("Cây thuốc, tinh bột nghệ"),
    "herbal.oil": _l("Tinh dầu, xà phòng"),
    "craft.weaving": _l("Mây, tre, nón"),
    "craft.textile": _l("Thổ cẩm, vải"),
    "craft.wood": _l("Gỗ, gốm"),
    "ornamental.plant": _l("Hoa, cây cảnh"),
    "ornamental.seedling": _l("Cây giống, con giống"),
    "tourism.stay": _l("Ở nhà dân"),
    "tourism.tour": _l("Tham quan, trải nghiệm"),
    "everyday.clothing": _l("Quần áo, giày dép"),
    "everyday.household": _l("Đồ dùng trong nhà"),
    "everyday.tools": _l("Nông cụ"),
    OTHER: _l("Hàng khác"),
}

# Folded words that tell the kind, the more telling first; each must stand in the name as whole words.
_TELLING: tuple[tuple[str, str], ...] = (
    ("rau giong", "ornamental.seedling"),
    ("cay giong", "ornamental.seedling"),
    ("con giong", "ornamental.seedling"),
    ("hat giong", "ornamental.seedling"),
    ("mat ong", "food.honey"),
    ("tinh dau", "herbal.oil"),
    ("xa phong", "herbal.oil"),
    ("tinh bot nghe", "herbal.remedy"),
    ("tho cam", "craft.textile"),
    ("ca phe", "drink.coffee"),
    ("nuoc mam", "food.spice"),
    ("nuoc tuong", "food.spice"),
    ("banh", "food.sweet"),
    ("keo", "food.sweet"),
    ("che kho", "food.sweet"),
    ("ruou", "drink.alcohol"),
    ("nuoc ep", "drink.juice"),
    ("siro", "drink.juice"),
    ("che", "drink.tea"),
    ("tra", "drink.tea"),
    ("mien", "food.noodle"),
    ("bun", "food.noodle"),
    ("mi", "food.noodle"),
    ("gao", "food.rice"),
    ("do xanh", "food.rice"),
    ("do den", "food.rice"),
    ("lac", "food.rice"),
    ("trung", "food.egg"),
    ("sua", "food.egg"),
    ("thit", "food.meat"),
    ("ga", "food.meat"),
    ("vit", "food.meat"),
    ("lon", "food.meat"),
    ("gio", "food.meat"),
    ("ca", "food.fish"),
    ("tom", "food.fish"),
    ("gia vi", "food.spice"),
    ("muoi", "food.spice"),
    ("tuong", "food.spice"),
    ("mang", "food.dried"),
    ("moc nhi", "food.dried"),
    ("nam", "food.dried"),
    ("rau", "food.vegetable"),
    ("cu", "food.vegetable"),
    ("khoai", "food.vegetable"),
    ("bi", "food.vegetable"),
    ("na", "food.fruit"),
    ("buoi", "food.fruit"),
    ("cam", "food.fruit"),
    ("quyt", "food.fruit"),
    ("vai", "food.fruit"),
    ("nhan", "food.fruit"),
    ("oi", "food.fruit"),
    ("chuoi", "food.fruit"),
    ("dua", "food.fruit"),
    ("hoa", "ornamental.plant"),
    ("cay canh", "ornamental.plant"),
    ("nghe", "herbal.remedy"),
    ("ro", "craft.weaving"),
    ("non", "craft.weaving"),
    ("tre", "craft.weaving"),
    ("dao", "everyday.tools"),
    ("cuoc", "everyday.tools"),
    ("ao", "everyday.clothing"),
    ("quan", "everyday.clothing"),
)


def group_of(category: str) -> str:
    """The group of a kind."""
    return category.split(".", 1)[0]


def guess(name: str) -> str:
    """The kind that a product's name tells; `OTHER` when it tells none."""
    told = f" {' '.join(words(name))} "
    return next((category for telling, category in _TELLING if f" {telling} " in told), OTHER)
