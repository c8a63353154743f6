"""The catalogue: shops, products, photos; each list has an index that fits its order."""

from alembic import op

revision = "0090"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE shop (
            id uuid CONSTRAINT pk_shop PRIMARY KEY,
            household_id uuid NOT NULL
                CONSTRAINT uq_shop_household_id UNIQUE
                CONSTRAINT fk_shop_household_id REFERENCES household (id),
            payee_id uuid NOT NULL
                CONSTRAINT uq_shop_payee_id UNIQUE
                CONSTRAINT fk_shop_payee_id REFERENCES payee (id),
            code text NOT NULL CONSTRAINT uq_shop_code UNIQUE,
            name text NOT NULL CONSTRAINT ck_shop_name_length CHECK (char_length(name) BETWEEN 3 AND 120),
            commune_code text NOT NULL,
            status text NOT NULL CONSTRAINT ck_shop_status CHECK (status IN ('open', 'closed')),
            created_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT, UPDATE (name, status) ON shop TO app;

        CREATE TABLE product (
            id uuid CONSTRAINT pk_product PRIMARY KEY,
            shop_id uuid NOT NULL CONSTRAINT fk_product_shop_id REFERENCES shop (id),
            code text NOT NULL CONSTRAINT uq_product_code UNIQUE,
            name text NOT NULL CONSTRAINT ck_product_name_length CHECK (char_length(name) BETWEEN 3 AND 120),
            search_text text NOT NULL,
            unit text NOT NULL CONSTRAINT ck_product_unit_length CHECK (char_length(unit) BETWEEN 1 AND 20),
            price_vnd bigint NOT NULL CONSTRAINT ck_product_price_range CHECK (price_vnd BETWEEN 1 AND 1000000000),
            stock integer NOT NULL CONSTRAINT ck_product_stock_range CHECK (stock BETWEEN 0 AND 1000000),
            reserved integer NOT NULL DEFAULT 0,
            commune_code text NOT NULL,
            ocop_stars smallint CONSTRAINT ck_product_ocop_stars CHECK (ocop_stars BETWEEN 3 AND 5),
            certificate_no text,
            description text NOT NULL DEFAULT ''
                CONSTRAINT ck_product_description_length CHECK (char_length(description) <= 4000),
            status text NOT NULL DEFAULT 'live' CONSTRAINT ck_product_status CHECK (status IN ('live', 'paused')),
            created_at timestamptz NOT NULL,
            version integer NOT NULL DEFAULT 1,
            idempotency_key text,
            CONSTRAINT uq_product_shop_id_idempotency_key UNIQUE (shop_id, idempotency_key),
            CONSTRAINT ck_product_reserved_within_stock CHECK (reserved BETWEEN 0 AND stock),
            CONSTRAINT ck_product_stars_need_certificate CHECK (ocop_stars IS NULL OR certificate_no IS NOT NULL)
        );
        CREATE INDEX ix_product_newest ON product (created_at DESC, id DESC) WHERE status = 'live';
        CREATE INDEX ix_product_commune_newest ON product (commune_code, created_at DESC, id DESC)
            WHERE status = 'live';
        CREATE INDEX ix_product_shop_newest ON product (shop_id, created_at DESC, id DESC);
        CREATE INDEX ix_product_search ON product USING gin (search_text gin_trgm_ops) WHERE status = 'live';
        GRANT SELECT, INSERT ON product TO app;
        GRANT UPDATE (name, search_text, unit, price_vnd, stock, reserved, ocop_stars, certificate_no, description,
            status, version) ON product TO app;

        CREATE TABLE product_photo (
            product_id uuid NOT NULL CONSTRAINT fk_product_photo_product_id REFERENCES product (id),
            position smallint NOT NULL CONSTRAINT ck_product_photo_position_range CHECK (position BETWEEN 0 AND 9),
            key text NOT NULL CONSTRAINT ck_product_photo_key_form CHECK (key ~ '^[0-9a-f]{40}$'),
            width integer NOT NULL,
            height integer NOT NULL,
            CONSTRAINT pk_product_photo PRIMARY KEY (product_id, position),
            CONSTRAINT ck_product_photo_size_positive CHECK (width > 0 AND height > 0)
        );
        GRANT SELECT, INSERT, UPDATE (key, width, height), DELETE ON product_photo TO app;
        """
    )
