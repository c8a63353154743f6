"""How a single product and a shop are shown, on pages and over the API."""

from __future__ import annotations

from typing import Any

from app.core.media import FULL, media_url
from app.households.areas import queries as areas

from .cards import ProductCard, Seller, product_url
from .models import Product

NEAR_KM = 25
"""So far people go for a basket, and a neighbour brings one."""


def present(product: Product, *, commune_name: str = "") -> ProductCard:
    """The product as buyers see it; needs shop and photos loaded. Photos are full size."""
    return ProductCard(
        code=product.code,
        name=product.name,
        price_vnd=product.price_vnd,
        unit=product.unit,
        in_stock=product.is_on_sale and product.free > 0,
        commune_code=product.commune_code,
        commune_name=commune_name,
        ocop_stars=product.ocop_stars,
        category=product.category,
        season_from_month=product.season_from_month,
        season_to_month=product.season_to_month,
        seller=Seller(product.shop.code, product.shop.name),
        photo_urls=tuple(media_url(photo.key, FULL) for photo in product.photos),
        url=product_url(product.code),
    )


def around(near: str | None) -> tuple[str, ...]:
    """Codes of communes around a place ("21.59,105.85"); a code of nowhere when there are none."""
    if not near:
        return ()
    latitude, longitude = map(float, near.split(","))
    return tuple(areas.communes_near(latitude, longitude, within_km=NEAR_KM)) or ("nowhere",)


def for_outside(card: ProductCard, *, public_url: str) -> dict[str, Any]:
    """The same with whole addresses, for programs elsewhere."""
    root = public_url.rstrip("/")
    return {**vars(card), "photo_urls": [root + path for path in card.photo_urls], "url": root + card.url}


def linked_data(product: Product, card: ProductCard, *, public_url: str) -> dict[str, Any]:
    """schema.org Product with its Offer, as search engines and chat apps read it."""
    root = public_url.rstrip("/")
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "sku": product.code,
        "offers": {
            "@type": "Offer",
            "price": product.price_vnd,
            "priceCurrency": "VND",
            "availability": f"https://schema.org/{'InStock' if card.in_stock else 'OutOfStock'}",
            "url": root + card.url,
            "seller": {"@type": "Organization", "name": card.seller.name},
        },
    }
    if product.description:
        data["description"] = product.description
    if card.photo_urls:
        data["image"] = [root + path for path in card.photo_urls]
    return data
