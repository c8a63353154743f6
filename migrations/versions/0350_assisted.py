"""Goods a team member writes down for a household; on sale only once the household has said yes."""

from alembic import op

revision = "0350"
down_revision = "0340"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE assisted_listing (
            id uuid CONSTRAINT pk_assisted_listing PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_assisted_listing_code UNIQUE,
            household_id uuid NOT NULL CONSTRAINT fk_assisted_listing_household_id REFERENCES household (id),
            shop_id uuid NOT NULL CONSTRAINT fk_assisted_listing_shop_id REFERENCES shop (id),
            name text NOT NULL CONSTRAINT ck_assisted_listing_name_length CHECK (char_length(name) BETWEEN 3 AND 120),
            name_key text NOT NULL,
            unit text NOT NULL CONSTRAINT ck_assisted_listing_unit_length CHECK (char_length(unit) BETWEEN 1 AND 20),
            price_vnd bigint NOT NULL
                CONSTRAINT ck_assisted_listing_price_range CHECK (price_vnd BETWEEN 1 AND 1000000000),
            stock integer NOT NULL CONSTRAINT ck_assisted_listing_stock_range CHECK (stock BETWEEN 0 AND 1000000),
            photo_key text CONSTRAINT ck_assisted_listing_photo_key_form CHECK (photo_key ~ '^[0-9a-f]{40}$'),
            photo_width integer,
            photo_height integer,
            listed_by uuid NOT NULL,
            listed_at timestamptz NOT NULL,
            idempotency_key text NOT NULL,
            code_hash bytea NOT NULL,
            tries smallint NOT NULL,
            sends smallint NOT NULL,
            expires_at timestamptz NOT NULL,
            status text NOT NULL CONSTRAINT ck_assisted_listing_status
                CHECK (status IN ('waiting', 'confirmed', 'refused', 'undone', 'cancelled', 'expired')),
            decided_by uuid,
            decided_how text CONSTRAINT ck_assisted_listing_decided_how
                CHECK (decided_how IN ('code', 'signed_in', 'member', 'rule')),
            decided_at timestamptz,
            product_id uuid CONSTRAINT fk_assisted_listing_product_id REFERENCES product (id),
            undo_until timestamptz,
            CONSTRAINT uq_assisted_listing_listed_by_idempotency_key UNIQUE (listed_by, idempotency_key),
            CONSTRAINT ck_assisted_listing_decided CHECK (
                (status = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_how IS NULL)),
            CONSTRAINT ck_assisted_listing_on_sale CHECK (
                (status IN ('confirmed', 'undone')) = (product_id IS NOT NULL)
                AND (product_id IS NULL) = (undo_until IS NULL)),
            CONSTRAINT ck_assisted_listing_four_eyes CHECK (
                status <> 'confirmed' OR decided_by IS NULL OR decided_by <> listed_by),
            CONSTRAINT ck_assisted_listing_photo CHECK (
                (photo_key IS NULL) = (photo_width IS NULL) AND (photo_key IS NULL) = (photo_height IS NULL))
        );
        CREATE INDEX ix_assisted_listing_household_id ON assisted_listing (household_id, id);
        CREATE UNIQUE INDEX uq_assisted_listing_waiting ON assisted_listing (household_id, name_key)
            WHERE status = 'waiting';
        CREATE INDEX ix_assisted_listing_expires_at ON assisted_listing (expires_at) WHERE status = 'waiting';
        CREATE INDEX ix_assisted_listing_listed_by ON assisted_listing (listed_by, listed_at);
        CREATE INDEX ix_assisted_listing_photo_key ON assisted_listing (photo_key) WHERE photo_key IS NOT NULL;
        GRANT SELECT, INSERT ON assisted_listing TO app;
        GRANT UPDATE (name, name_key, photo_key, photo_width, photo_height, code_hash, tries, sends, expires_at, status,
            decided_by, decided_how, decided_at, product_id, undo_until) ON assisted_listing TO app;
        ALTER TABLE assisted_listing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON assisted_listing TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR EXISTS (SELECT FROM household WHERE household.id = household_id))
            WITH CHECK (EXISTS (SELECT FROM household WHERE household.id = household_id));
        CREATE POLICY owner ON assisted_listing FOR SELECT TO migrator USING (true);
        """
    )
