"""Gifts, and where each year's receipt numbers begin."""

from alembic import op

revision = "0100"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE gift (
            id uuid CONSTRAINT pk_gift PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_gift_code UNIQUE,
            idempotency_key text NOT NULL CONSTRAINT uq_gift_idempotency_key UNIQUE,
            content_mark bytea NOT NULL,
            household_code text NOT NULL,
            commune_code text NOT NULL CONSTRAINT fk_gift_commune_code REFERENCES area (code),
            payee_id uuid NOT NULL CONSTRAINT fk_gift_payee_id REFERENCES payee (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_gift_amount_range CHECK (amount_vnd BETWEEN 1000 AND 500000000),
            method text NOT NULL CONSTRAINT ck_gift_method CHECK (method IN ('vietqr', 'card')),
            data_key_id uuid CONSTRAINT fk_gift_data_key_id REFERENCES data_key (id),
            donor_enc bytea,
            donor_salt_enc bytea,
            donor_commitment text,
            message_enc bytea,
            status text NOT NULL CONSTRAINT ck_gift_status CHECK (status IN ('asked', 'received', 'expired')),
            receipt_number text CONSTRAINT uq_gift_receipt_number UNIQUE,
            leaf_id uuid CONSTRAINT fk_gift_leaf_id REFERENCES log_leaf (id)
                CONSTRAINT uq_gift_leaf_id UNIQUE,
            created_at timestamptz NOT NULL,
            received_at timestamptz,
            CONSTRAINT ck_gift_received CHECK (
                (status = 'received') = (receipt_number IS NOT NULL)
                AND (status = 'received') = (received_at IS NOT NULL)
                AND (status = 'received') = (leaf_id IS NOT NULL)),
            CONSTRAINT ck_gift_donor CHECK (
                (donor_enc IS NULL) = (donor_salt_enc IS NULL) AND (donor_enc IS NULL) = (donor_commitment IS NULL)),
            CONSTRAINT ck_gift_sealed_under_key CHECK (
                data_key_id IS NOT NULL OR (donor_enc IS NULL AND message_enc IS NULL))
        );
        CREATE INDEX ix_gift_received ON gift (household_code) WHERE status = 'received';
        GRANT SELECT, INSERT, UPDATE (status, receipt_number, leaf_id, received_at) ON gift TO app;

        CREATE TABLE gift_receipt_year (
            year integer CONSTRAINT pk_gift_receipt_year PRIMARY KEY,
            base bigint NOT NULL
        );
        GRANT SELECT, INSERT ON gift_receipt_year TO app;

        CREATE SEQUENCE gift_receipt_seq AS bigint;
        GRANT USAGE ON SEQUENCE gift_receipt_seq TO app;
        """
    )
