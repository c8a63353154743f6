"""Products over the API: reading for everybody, offering for sellers."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.core.media import store
from app.core.routes import open_to_all
from app.identity.access import requires
from app.identity.roles import Role

from . import queries, services, views
from .errors import ShopMissing
from .finding.looking import look_for
from .finding.suggesting import suggest
from .finding.wanted import Wanted
from .models import Product
from .photos import MAX_BYTES
from .schemas import (
    NewProduct,
    NewProductSchema,
    ProductPageSchema,
    ProductSchema,
    ProductsQuery,
    SuggestionsSchema,
    SuggestQuery,
)

blp = Blueprint("catalogue_api", __name__, url_prefix="/api/v1", description="Products on sale.")
_CACHED = ("catalogue_api.list_products", "catalogue_api.suggestions", "catalogue_api.show_product")


def _public_url() -> str:
    return str(current_app.config["CHOPHIEN"].public_url)


def _shown(product: Product) -> dict[str, Any]:
    return views.for_outside(views.present(product), public_url=_public_url())


@blp.route("/products")
@open_to_all
@blp.arguments(ProductsQuery, location="query")
@blp.response(200, ProductPageSchema)
def list_products(query: dict[str, Any]) -> dict[str, Any]:
    """What is on sale: the closest to `q` first, then what is in stock, has more OCOP stars, is newer. Photos are
    thumbnails. A cursor belongs to the same question."""
    cursor, limit, near = (query.pop(name) for name in ("cursor", "limit", "near"))
    looked = look_for(Wanted(**query, near=views.around(near)), cursor=cursor, limit=limit)
    items = [views.for_outside(card, public_url=_public_url()) for card in looked.found.items]
    return {**vars(looked.found), "items": items, "corrected": looked.corrected}


@blp.route("/products/suggestions")
@open_to_all
@blp.arguments(SuggestQuery, location="query")
@blp.response(200, SuggestionsSchema)
def suggestions(query: dict[str, Any]) -> dict[str, Any]:
    """What somebody may be about to type."""
    return {"items": suggest(query["q"])}


@blp.route("/products/<code>")
@open_to_all
@blp.response(200, ProductSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_product(code: str) -> dict[str, Any]:
    """One product, on sale or not. Photos are full size."""
    return _shown(queries.by_code(normalise(code)))


@blp.route("/products", methods=["POST"])
@requires(Role.HOUSEHOLD)
@idempotent
@blp.arguments(NewProductSchema)
@blp.response(201, ProductSchema)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def add_product(data: NewProduct) -> dict[str, Any]:
    """Offer a product in one's own shop. Its photo follows by PUT."""
    actor = current_actor()
    shop = queries.shop_of(actor.household_id)
    if shop is None:
        raise ShopMissing()
    return _shown(
        services.add_product(
            actor=actor, shop_id=shop.id, data=data, idempotency_key=idempotency_key(), clock=SYSTEM_CLOCK
        )
    )


@blp.route("/products/<code>/photo", methods=["PUT"])
@requires(Role.HOUSEHOLD, Role.PROVINCE_OPERATOR)
@blp.response(200, ProductSchema)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def set_photo(code: str) -> dict[str, Any]:
    """The bytes of a JPEG, PNG or WebP, at most 8 MB and 40 megapixels, become the product's photo."""
    raw = request.stream.read(MAX_BYTES + 1)
    product = services.set_photo(
        actor=current_actor(), code=normalise(code), raw=raw, media=store(), clock=SYSTEM_CLOCK
    )
    return _shown(product)


@blp.after_request
def _cache_shortly(response: Response) -> Response:
    """Public answers may be a few seconds old; unchanged ones cost a 304."""
    if request.endpoint in _CACHED and request.method in ("GET", "HEAD") and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=10"
        response.add_etag()
        response.make_conditional(request)
    return response
