"""Cashless markets in the communes, and stalls in them for shops of the commune, each with its static QR."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from app.market.places.models import Stall
from app.market.places.operations import MARKET_PREFIX, PURPOSE_KIND, STALL_PREFIX, label_of, terminal_code
from app.payments.requests.operations import CODE_PREFIX

from .hamlets import Commune
from .scales import Scale
from .seeds import Codes, chance, id_at
from .shops import Seller
from .tables import Tables

_MEETS = (
    "Ngày 2 và 7 âm lịch",
    "Ngày 3 và 8 âm lịch",
    "Ngày 1 và 6 âm lịch",
    "Ngày 4 và 9 âm lịch",
    "Ngày 5 và 10 âm lịch",
    "Chủ nhật hằng tuần",
)


def make_markets(
    tables: Tables, scale: Scale, communes: list[Commune], sellers: list[Seller], *, now: datetime
) -> None:
    """One market each in as many communes as there are markets; the first sellers of a commune take its stalls."""
    by_commune: dict[str, list[Seller]] = defaultdict(list)
    for seller in sellers:
        by_commune[seller.commune.code].append(seller)
    codes, stall_codes, standing_codes = Codes(MARKET_PREFIX), Codes(STALL_PREFIX), Codes(CODE_PREFIX)
    luck, since = chance("markets"), now - timedelta(days=20)
    for commune in communes[: scale.markets]:
        market_id, place = id_at(since), commune.name.split(" ", 1)[1]
        tables.add(
            "market", market_id, codes.new(), f"Chợ phiên {place}", commune.code, commune.latitude, commune.longitude,
            luck.choice(_MEETS), "open", since,
        )  # fmt: skip
        for nth, seller in enumerate(by_commune[commune.code][: scale.stalls], start=1):
            stall = Stall(id=id_at(since), number=f"A{nth:02d}")
            tables.add(
                "stall", stall.id, stall_codes.new(), market_id, seller.shop_id, stall.number, seller.name,
                terminal_code(stall.number), since,
            )  # fmt: skip
            tables.add(
                "standing_code", id_at(since), standing_codes.new(), PURPOSE_KIND, stall.id, seller.payee_id,
                label_of(stall), True, since,
            )  # fmt: skip
    tables.flush()
