"""Orders: checkouts with sealed contacts, one order per shop, lines, held stock."""

from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE checkout (
            id uuid CONSTRAINT pk_checkout PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_checkout_code UNIQUE,
            idempotency_key text NOT NULL CONSTRAINT uq_checkout_idempotency_key UNIQUE,
            content_mark bytea NOT NULL,
            buyer_user_id uuid CONSTRAINT fk_checkout_buyer_user_id REFERENCES user_account (id),
            data_key_id uuid NOT NULL CONSTRAINT fk_checkout_data_key_id REFERENCES data_key (id),
            contact_name_enc bytea NOT NULL,
            contact_phone_enc bytea NOT NULL,
            address_line_enc bytea NOT NULL,
            commune_code text NOT NULL,
            method text NOT NULL CONSTRAINT ck_checkout_method CHECK (method IN ('vietqr', 'card')),
            total_vnd bigint NOT NULL CONSTRAINT ck_checkout_total_range CHECK (total_vnd BETWEEN 1 AND 10000000000),
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_checkout_buyer_user_id ON checkout (buyer_user_id, id);
        GRANT SELECT, INSERT ON checkout TO app;

        CREATE TABLE shop_order (
            id uuid CONSTRAINT pk_shop_order PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_shop_order_code UNIQUE,
            checkout_id uuid NOT NULL CONSTRAINT fk_shop_order_checkout_id REFERENCES checkout (id),
            shop_id uuid NOT NULL CONSTRAINT fk_shop_order_shop_id REFERENCES shop (id),
            total_vnd bigint NOT NULL
                CONSTRAINT ck_shop_order_total_range CHECK (total_vnd BETWEEN 1 AND 10000000000),
            status text NOT NULL CONSTRAINT ck_shop_order_status
                CHECK (status IN ('awaiting_payment', 'paid', 'expired', 'cancelled')),
            created_at timestamptz NOT NULL,
            paid_at timestamptz,
            closed_at timestamptz,
            seller_told_at timestamptz,
            CONSTRAINT uq_shop_order_checkout_id_shop_id UNIQUE (checkout_id, shop_id),
            CONSTRAINT ck_shop_order_paid_at CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
            CONSTRAINT ck_shop_order_closed_at
                CHECK ((status IN ('expired', 'cancelled')) = (closed_at IS NOT NULL)),
            CONSTRAINT ck_shop_order_told_when_paid CHECK (seller_told_at IS NULL OR paid_at IS NOT NULL)
        );
        CREATE INDEX ix_shop_order_shop_id_id ON shop_order (shop_id, id);
        GRANT SELECT, INSERT, UPDATE (status, paid_at, closed_at, seller_told_at) ON shop_order TO app;

        CREATE TABLE order_line (
            id uuid CONSTRAINT pk_order_line PRIMARY KEY,
            order_id uuid NOT NULL CONSTRAINT fk_order_line_order_id REFERENCES shop_order (id),
            product_id uuid NOT NULL CONSTRAINT fk_order_line_product_id REFERENCES product (id),
            product_code text NOT NULL,
            name text NOT NULL,
            unit text NOT NULL,
            price_vnd bigint NOT NULL CONSTRAINT ck_order_line_price_positive CHECK (price_vnd > 0),
            quantity integer NOT NULL CONSTRAINT ck_order_line_quantity_range CHECK (quantity BETWEEN 1 AND 10000),
            amount_vnd bigint NOT NULL,
            CONSTRAINT uq_order_line_order_id_product_id UNIQUE (order_id, product_id),
            CONSTRAINT ck_order_line_amount CHECK (amount_vnd = price_vnd * quantity)
        );
        CREATE INDEX ix_order_line_product_id ON order_line (product_id);
        GRANT SELECT, INSERT ON order_line TO app;

        CREATE TABLE stock_reservation (
            line_id uuid CONSTRAINT pk_stock_reservation PRIMARY KEY
                CONSTRAINT fk_stock_reservation_line_id REFERENCES order_line (id),
            product_id uuid NOT NULL CONSTRAINT fk_stock_reservation_product_id REFERENCES product (id),
            quantity integer NOT NULL CONSTRAINT ck_stock_reservation_quantity_positive CHECK (quantity > 0),
            state text NOT NULL
                CONSTRAINT ck_stock_reservation_state CHECK (state IN ('held', 'sold', 'released')),
            created_at timestamptz NOT NULL,
            resolved_at timestamptz,
            CONSTRAINT ck_stock_reservation_resolved_at CHECK ((state = 'held') = (resolved_at IS NULL))
        );
        CREATE INDEX ix_stock_reservation_held ON stock_reservation (product_id) WHERE state = 'held';
        GRANT SELECT, INSERT, UPDATE (state, resolved_at) ON stock_reservation TO app;
        """
    )
