"""Use cases of buyers: order, and think better of it. And telling the seller once the money is there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.codes import new_code, normalise
from app.core.crypto import new_data_key
from app.core.database import transaction
from app.core.money import format_vnd
from app.households.registry import people
from app.households.registry import queries as registry
from app.households.registry.people import Field
from app.identity.operations import queue_sms
from app.market.catalogue import queries as catalogue
from app.payments.requests import operations as requests
from app.payments.requests.models import Method

from . import contacts, operations, queries
from .errors import CartEmpty, KeyReused, OrderNotFound, OrderTooLarge, TooLateToCancel
from .models import MAX_LINES, MAX_QUANTITY, MAX_TOTAL_VND, Checkout
from .operations import CODE_PREFIX
from .schemas import Contact, DeliveryAddress, WantedLine
from .states import Event, State


def place_order(
    *,
    buyer: Actor,
    contact: Contact,
    delivery_address: DeliveryAddress,
    lines: Sequence[WantedLine],
    method: Method,
    idempotency_key: str,
    clock: Clock,
) -> Checkout:
    """Order from one or more shops: stock held, one order and one payment request per shop, all or nothing.

    Names and prices are those of this moment. The same key with the same content answers with what it made before.
    For cards, `cards.services.ensure_intents` follows after this transaction.

    Raises:
        CartEmpty, OrderTooLarge: nothing is wanted, or more than one order holds.
        BadInput: the phone number or the commune is not right.
        UnknownProducts, NotOnSale: lines that name nothing, or nothing on sale.
        OutOfStock: lines want more than is free; tells all of them, and nothing is reserved.
        KeyReused: the key was used for another order.
        NoAccount: a shop cannot be paid by transfer.
    """
    quantities = _added_up(lines)
    with transaction(actor=buyer) as session:
        contact = contacts.checked(contact, delivery_address)
        mark = contacts.content_mark(
            buyer_id=buyer.user_id, contact=contact, address=delivery_address, quantities=quantities, method=method
        )
        operations.lock_key(idempotency_key)
        earlier = queries.by_key(idempotency_key)
        if earlier is not None:
            if earlier.content_mark != mark:
                raise KeyReused()
            return earlier
        products = operations.reserve(quantities)
        total_vnd = sum(product.price_vnd * quantities[product.code] for product in products)
        if total_vnd > MAX_TOTAL_VND:
            raise OrderTooLarge(_("Một lần đặt tối đa %(max)s.", max=format_vnd(MAX_TOTAL_VND)))
        checkout = Checkout(
            code=new_code(CODE_PREFIX),
            idempotency_key=idempotency_key,
            content_mark=mark,
            buyer_user_id=buyer.user_id,
            method=method,
            total_vnd=total_vnd,
            created_at=clock.now(),
            orders=[],
            **contacts.sealed_columns(new_data_key(clock=clock), contact, delivery_address),
        )
        payees = {product.shop_id: product.shop.payee_id for product in products}
        for order in operations.open_orders(checkout, products, quantities, clock=clock):
            operations.ask_for(order, payee_id=payees[order.shop_id], method=method, clock=clock)
        session.flush()
        return checkout


def cancel_order(*, code: str, clock: Clock) -> Checkout:
    """Withdraw what is not paid yet of a checkout; whoever holds the buyer's code may. Doing it twice changes nothing.

    Raises:
        OrderNotFound: the code opens no checkout (an order's own code, which sellers know, does not).
        TooLateToCancel: every order is paid, or money for one is on its way in.
    """
    with transaction():
        found = queries.by_code(code)
        if not found.whole:
            raise OrderNotFound()
        asked = operations.lock_requests(found.orders)
        orders = operations.lock_orders(found.orders)
        open_now = [order for order in orders if order.status == State.AWAITING_PAYMENT]
        if any(asked[order.id].paid_vnd for order in open_now):
            raise TooLateToCancel()
        if not open_now and not any(order.status == State.CANCELLED for order in orders):
            raise TooLateToCancel()
        operations.lock_products(open_now)
        for order in open_now:
            requests.cancel(asked[order.id], clock=clock)
            operations.move(order, Event.BUYER_CANCELLED, clock=clock)
        return found.checkout


def tell_seller(*, order_id: UUID, clock: Clock) -> bool:
    """Have the seller told by SMS of a paid order, once; whether a message was queued now.

    The message holds the order's code and amount, nothing of the buyer.
    """
    with transaction(actor=SYSTEM):
        order = queries.get(order_id, for_update=True)
        if order.status != State.PAID or order.seller_told_at is not None:
            return False
        order.seller_told_at = clock.now()
        shop = catalogue.shops([order.shop_id])[order.shop_id]
        phone = people.open_field(registry.get(shop.household_id), Field.PHONE)
        if phone is None:
            return False
        text = _(
            "Chợ Phiên: đơn %(code)s đã trả %(sum)s. Bà con mở mục Đơn hàng để gửi hàng nhé.",
            code=order.code,
            sum=format_vnd(order.total_vnd),
        )
        queue_sms(text=text, phone_e164=phone, clock=clock)
        return True


def _added_up(lines: Sequence[WantedLine]) -> dict[str, int]:
    """Quantities by product code, in the order they were chosen."""
    quantities: dict[str, int] = {}
    for line in lines:
        code = normalise(line.product_code)
        quantities[code] = quantities.get(code, 0) + line.quantity
    if not quantities:
        raise CartEmpty()
    if len(quantities) > MAX_LINES:
        raise OrderTooLarge(_("Một đơn có nhiều nhất %(max)d món.", max=MAX_LINES))
    if not all(0 < quantity <= MAX_QUANTITY for quantity in quantities.values()):
        raise OrderTooLarge(_("Mỗi món đặt từ 1 đến %(max)d.", max=MAX_QUANTITY))
    return quantities
