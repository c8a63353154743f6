"""The market page's filters: what an address says, and the addresses that say a little more or less."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.core.clock import in_vietnam
from app.core.money import format_vnd
from app.core.texts import tidy
from app.households.areas import queries as areas

from . import views
from .categories import CATEGORIES, GROUPS, group_of
from .finding.facets import Facets
from .finding.wanted import Wanted
from .schemas import NEAR

MAX_TYPED, MOST_COMMUNES = 100, 8
_STEPS_VND = (50_000, 100_000, 200_000, 500_000)
PRICES: dict[str, tuple[int | None, int | None]] = {
    f"{low or ''}-{high or ''}": (low, high) for low, high in zip((None, *_STEPS_VND), (*_STEPS_VND, None), strict=True)
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for, by the names of its arguments; what makes no sense is left out."""

    q: str = ""
    commune: str = ""
    loai: str = ""
    sao: str = ""
    gia: str = ""
    vu: str = ""
    gan: str = ""

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Asked:
        """From the address."""
        given = {name: arguments.get(name, "")[:MAX_TYPED] for name in cls.__dataclass_fields__}
        sensible = {
            "q": tidy(given["q"]),
            "commune": given["commune"] if re.fullmatch(r"[0-9-]{1,20}", given["commune"]) else "",
            "loai": given["loai"] if given["loai"] in CATEGORIES or given["loai"] in GROUPS else "",
            "sao": given["sao"] if given["sao"] in ("3", "4", "5") else "",
            "gia": given["gia"] if given["gia"] in PRICES else "",
            "vu": "1" if given["vu"] == "1" else "",
            "gan": given["gan"] if re.match(NEAR, given["gan"]) else "",
        }
        return cls(**sensible)

    def arguments(self, **changes: str) -> dict[str, str]:
        """Of the address that asks for this, with changes; nothing for what is not asked for."""
        return {name: value for name, value in asdict(replace(self, **changes)).items() if value}

    def wanted(self, now: datetime) -> Wanted:
        """The same for the search."""
        lowest, highest = PRICES.get(self.gia, (None, None))
        return Wanted(
            q=self.q,
            category=self.loai or None,
            commune=self.commune or None,
            near=views.around(self.gan),
            stars=int(self.sao) if self.sao else None,
            month=in_vietnam(now).month if self.vu else None,
            lowest_vnd=lowest,
            highest_vnd=highest,
        )


@dataclass(frozen=True)
class Choice:
    """One more filter, or one less: where it leads and how many are there ("120+" when there may be more)."""

    text: str
    url: str
    count: str = ""


def narrower(asked: Asked, facets: Facets | None) -> dict[str, list[Choice]]:
    """What can be chosen besides, by its title, with counts; only what is there."""
    found: dict[str, list[Choice]] = {}
    if facets is None:
        return found
    plus = "+" if facets.at_least else ""

    def offer(title: str, codes: Mapping[Any, int], names: Mapping[Any, Any], argument: str) -> None:
        choices = [
            Choice(str(names[code]), url_of(asked, **{argument: str(code)}), f"{count}{plus}")
            for code, count in sorted(codes.items(), key=lambda item: (-item[1], str(item[0])))
            if code in names
        ]
        if choices:
            found[title] = choices

    if not asked.loai:
        offer(_("Loại hàng"), facets.groups, GROUPS, "loai")
    elif asked.loai in GROUPS:
        kinds = {code: count for code, count in facets.categories.items() if group_of(code) == asked.loai}
        offer(_("Loại hàng"), kinds, CATEGORIES, "loai")
    if not asked.sao:
        at_least = {stars: sum(n for more, n in facets.stars.items() if more >= stars) for stars in facets.stars}
        offer(_("Sao OCOP"), at_least, {stars: _("Từ %(n)s sao", n=stars) for stars in (3, 4, 5)}, "sao")
    if not asked.commune:
        most = dict(sorted(facets.communes.items(), key=lambda item: -item[1])[:MOST_COMMUNES])
        offer(_("Xã, phường"), most, areas.names(most), "commune")
    return found


def chosen(asked: Asked) -> list[Choice]:
    """The filters in force, each with the address without it."""
    names = {
        "loai": str(CATEGORIES.get(asked.loai) or GROUPS.get(asked.loai, "")),
        "sao": _("Từ %(n)s sao", n=asked.sao),
        "gia": _price(*PRICES.get(asked.gia, (None, None))),
        "vu": _("Đang vụ"),
        "gan": _("Gần tôi (%(km)s km)", km=views.NEAR_KM),
        "commune": areas.names([asked.commune]).get(asked.commune, asked.commune) if asked.commune else "",
    }
    return [Choice(text, url_of(asked, **{name: ""})) for name, text in names.items() if getattr(asked, name)]


def prices() -> list[tuple[str, str]]:
    """(value, words) of the price ranges."""
    return [(value, _price(*limits)) for value, limits in PRICES.items()]


def _price(lowest: int | None, highest: int | None) -> str:
    if lowest is None:
        return str(_("Đến %(price)s", price=format_vnd(highest or 0)))
    if highest is None:
        return str(_("Từ %(price)s", price=format_vnd(lowest)))
    return f"{format_vnd(lowest)} – {format_vnd(highest)}"


def url_of(asked: Asked, **changes: str) -> str:
    """The address of the market that asks for this, with changes."""
    arguments: dict[str, Any] = asked.arguments(**changes)
    return url_for("catalogue.market", **arguments)
