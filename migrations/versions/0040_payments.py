"""Who can be paid, and requests to pay them."""

from alembic import op

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE payee (
            id uuid CONSTRAINT pk_payee PRIMARY KEY,
            kind text NOT NULL CONSTRAINT ck_payee_kind CHECK (kind IN ('shop', 'welfare', 'campaign')),
            owner_id uuid NOT NULL,
            arrival_seq bigint NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT uq_payee_kind_owner_id UNIQUE (kind, owner_id)
        );
        GRANT SELECT, INSERT ON payee TO app;
        GRANT UPDATE (arrival_seq) ON payee TO app;

        CREATE TABLE bank_account (
            id uuid CONSTRAINT pk_bank_account PRIMARY KEY,
            payee_id uuid NOT NULL CONSTRAINT fk_bank_account_payee_id REFERENCES payee (id),
            payee_kind text NOT NULL,
            bin text NOT NULL CONSTRAINT ck_bank_account_bin CHECK (bin ~ '^[0-9]{6}$'),
            number_enc bytea NOT NULL,
            number_index bytea NOT NULL,
            holder_enc bytea NOT NULL,
            data_key_id uuid NOT NULL CONSTRAINT fk_bank_account_data_key_id REFERENCES data_key (id),
            active boolean NOT NULL,
            created_at timestamptz NOT NULL
        );
        CREATE UNIQUE INDEX uq_bank_account_active_payee ON bank_account (payee_id) WHERE active;
        CREATE UNIQUE INDEX uq_bank_account_active_number ON bank_account (payee_kind, bin, number_index) WHERE active;
        CREATE INDEX ix_bank_account_number_index ON bank_account (number_index);
        GRANT SELECT, INSERT ON bank_account TO app;
        GRANT UPDATE (active) ON bank_account TO app;

        CREATE TABLE standing_code (
            id uuid CONSTRAINT pk_standing_code PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_standing_code_code UNIQUE,
            purpose_kind text NOT NULL,
            purpose_id uuid NOT NULL,
            payee_id uuid NOT NULL CONSTRAINT fk_standing_code_payee_id REFERENCES payee (id),
            label text NOT NULL,
            active boolean NOT NULL,
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_standing_code_purpose ON standing_code (purpose_kind, purpose_id);
        GRANT SELECT, INSERT ON standing_code TO app;
        GRANT UPDATE (active) ON standing_code TO app;

        CREATE TABLE payment_request (
            id uuid CONSTRAINT pk_payment_request PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_payment_request_code UNIQUE,
            purpose_kind text NOT NULL,
            purpose_id uuid NOT NULL,
            payee_id uuid NOT NULL CONSTRAINT fk_payment_request_payee_id REFERENCES payee (id),
            bank_account_id uuid CONSTRAINT fk_payment_request_bank_account_id REFERENCES bank_account (id),
            standing_code_id uuid CONSTRAINT fk_payment_request_standing_code_id REFERENCES standing_code (id),
            method text NOT NULL CONSTRAINT ck_payment_request_method CHECK (method IN ('vietqr', 'card')),
            settlement text NOT NULL
                CONSTRAINT ck_payment_request_settlement CHECK (settlement IN ('direct', 'collected')),
            amount_vnd bigint NOT NULL CONSTRAINT ck_payment_request_amount CHECK (amount_vnd > 0),
            paid_vnd bigint NOT NULL,
            status text NOT NULL CONSTRAINT ck_payment_request_status
                CHECK (status IN ('asked', 'part_paid', 'paid', 'expired', 'cancelled', 'refunded')),
            label text NOT NULL,
            expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            paid_at timestamptz,
            CONSTRAINT ck_payment_request_paid CHECK (paid_vnd >= 0 AND paid_vnd <= amount_vnd),
            CONSTRAINT ck_payment_request_status_paid CHECK (
                CASE status WHEN 'paid' THEN paid_vnd = amount_vnd AND paid_at IS NOT NULL
                            WHEN 'asked' THEN paid_vnd = 0
                            WHEN 'part_paid' THEN paid_vnd > 0 AND paid_vnd < amount_vnd
                            ELSE true END),
            CONSTRAINT ck_payment_request_direct CHECK (settlement = 'collected' OR bank_account_id IS NOT NULL)
        );
        CREATE INDEX ix_payment_request_purpose ON payment_request (purpose_kind, purpose_id);
        CREATE INDEX ix_payment_request_payee_id ON payment_request (payee_id, id);
        CREATE INDEX ix_payment_request_open ON payment_request (expires_at) WHERE status IN ('asked', 'part_paid');
        GRANT SELECT, INSERT ON payment_request TO app;
        GRANT UPDATE (paid_vnd, status, expires_at, paid_at) ON payment_request TO app;

        CREATE TABLE arrival (
            payee_id uuid NOT NULL CONSTRAINT fk_arrival_payee_id REFERENCES payee (id),
            seq bigint NOT NULL,
            request_id uuid NOT NULL CONSTRAINT fk_arrival_request_id REFERENCES payment_request (id),
            transfer_id uuid NOT NULL CONSTRAINT fk_arrival_transfer_id REFERENCES ledger_transfer (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_arrival_amount CHECK (amount_vnd > 0),
            in_full boolean NOT NULL,
            label text NOT NULL,
            event_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_arrival PRIMARY KEY (payee_id, seq),
            CONSTRAINT uq_arrival_transfer_id UNIQUE (transfer_id)
        );
        CREATE INDEX ix_arrival_payee_id_created_at ON arrival (payee_id, created_at);
        CREATE INDEX ix_arrival_request_id ON arrival (request_id);
        GRANT SELECT, INSERT ON arrival TO app;
        """
    )
