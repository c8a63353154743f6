"""Kinds of goods: the six OCOP groups (Decision 148/QĐ-TTg of 2023, annex I) and everyday goods, each with its kinds.

A kind is stored as `group.kind`. People never need to choose one: the name of the product mostly tells.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.texts import fold

from .search import spelt_words, words

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

# Words that tell the kind, the more telling first; each must stand in the name as whole words.
_TELLING: tuple[tuple[str, str], ...] = (
    ("ornamental.seedling", "cây giống|con giống|hạt giống|rau giống"),
    ("food.honey", "mật ong"),
    ("herbal.oil", "tinh dầu|xà phòng"),
    ("herbal.remedy", "tinh bột nghệ|dược liệu"),
    ("craft.textile", "thổ cẩm"),
    ("drink.coffee", "cà phê"),
    ("food.spice", "nước mắm|nước tương"),
    ("food.sweet", "bánh|kẹo|chè kho"),
    ("drink.alcohol", "rượu"),
    ("drink.juice", "nước ép|siro"),
    ("drink.tea", "chè|trà"),
    ("food.noodle", "miến|bún|mì"),
    ("food.rice", "gạo|đỗ xanh|đỗ đen|lạc"),
    ("food.egg", "trứng|sữa"),
    ("food.meat", "thịt|gà|vịt|lợn|giò"),
    ("food.vegetable", "cà chua|cà pháo|cà tím"),
    ("food.fish", "cá|tôm"),
    ("food.spice", "gia vị|muối|tương"),
    ("food.dried", "măng|mộc nhĩ|nấm"),
    ("food.vegetable", "rau|củ|khoai|bí|đậu phụ"),
    ("food.fruit", "na|bưởi|cam|quýt|vải|nhãn|ổi|chuối|dứa|dưa|dừa"),
    ("ornamental.plant", "hoa|cây cảnh"),
    ("herbal.remedy", "nghệ"),
    ("craft.weaving", "rổ|nón|tre"),
    ("everyday.tools", "dao|cuốc"),
    ("everyday.clothing", "áo|quần"),
)


def group_of(category: str) -> str:
    """The group of a kind."""
    return category.split(".", 1)[0]


def guess(name: str) -> str:
    """The kind that a product's name tells; `OTHER` when it tells none. Without accents letters must do."""
    spelt = f" {' '.join(spelt_words(name))} "
    plain = spelt == f" {' '.join(words(name))} "
    for category, telling in _TELLING:
        if any(f" {fold(word) if plain else word} " in spelt for word in telling.split("|")):
            return category
    return OTHER
