"""Shops of the selling households, with products and their pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.market.catalogue.categories import guess
from app.market.catalogue.photos import StoredPhoto
from app.market.catalogue.search import search_text
from app.payments.payees.models import PayeeKind

from .goods import Goods, Offer
from .hamlets import Commune
from .homes import Home, add_payee
from .names import household_label
from .pictures import Kind
from .scales import Scale
from .seeds import Codes, chance, id_at, spread
from .tables import Tables

_OCOP_IN_FIRST_SHOP = 3


@dataclass(frozen=True)
class Seller:
    """A shop as the markets need it."""

    shop_id: UUID
    household_id: UUID
    payee_id: UUID
    commune: Commune
    name: str


class Shops:
    """Opens a shop for each selling household and shares the products out, exactly as many as the scale says."""

    def __init__(self, tables: Tables, scale: Scale, pictures: dict[Kind, list[StoredPhoto]], *, now: datetime) -> None:
        self._tables = tables
        self._scale = scale
        self._pictures = pictures
        self._now = now
        self._chance = chance("shops")
        self._goods = Goods(chance("goods"))
        self._codes, self._product_codes = Codes("GH"), Codes("SP")
        self.sellers: list[Seller] = []

    def open_for(self, home: Home) -> int:
        """Open the shop; how many products it offers (none for a household that does not sell)."""
        if home.account is None:
            return 0
        place, at = len(self.sellers), home.since + timedelta(days=3)
        shop_id = id_at(at)
        payee_id, _account_id = add_payee(
            self._tables, PayeeKind.SHOP, shop_id, key=home.key, account=home.account, at=at
        )
        seller = Seller(shop_id, home.id, payee_id, home.commune, household_label(home.number + 1))
        self.sellers.append(seller)
        self._tables.add(
            "shop", shop_id, home.id, payee_id, self._codes.new(), seller.name, home.commune.code, "open", at
        )
        products, shops = self._scale.products, self._scale.shops
        count = products * (place + 1) // shops - products * place // shops
        for nth in range(count):
            certified = nth < (_OCOP_IN_FIRST_SHOP if place == 0 else 1)
            self._add_product(seller, self._goods.next_for(home.commune.code, may_be_ocop=certified))
        return count

    def _add_product(self, seller: Seller, offer: Offer) -> None:
        """OCOP products are the newest, so that the market opens with them."""
        luck = self._chance
        newest = self._now - timedelta(days=1)
        at = spread(self._now if offer.stars else newest, luck.random(), days=1 if offer.stars else 25)
        product_id = id_at(at)
        stock = 0 if luck.random() < 0.03 else luck.randint(3, 120)
        self._tables.add(
            "product", product_id, seller.shop_id, self._product_codes.new(), offer.name,
            search_text(name=offer.name, shop=seller.name, commune=seller.commune.name), offer.unit, offer.price_vnd,
            max(stock, 20) if offer.stars else stock, seller.commune.code, offer.stars, offer.certificate_no,
            offer.description, at, guess(offer.name),
        )  # fmt: skip
        photo = luck.choice(self._pictures[offer.kind])
        self._tables.add("product_photo", product_id, 0, photo.key, photo.width, photo.height)
