"""Bank notices as they came in, and what each đồng of them became."""

from alembic import op

revision = "0050"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE bank_notice (
            id uuid CONSTRAINT pk_bank_notice PRIMARY KEY,
            wire text NOT NULL CONSTRAINT ck_bank_notice_wire CHECK (wire IN ('sepay', 'payos', 'casso')),
            external_id text NOT NULL,
            direction text NOT NULL CONSTRAINT ck_bank_notice_direction CHECK (direction IN ('in', 'out', 'none')),
            amount_vnd bigint NOT NULL CONSTRAINT ck_bank_notice_amount CHECK (amount_vnd >= 0),
            account_indexes bytea[] NOT NULL,
            reference text NOT NULL,
            raw_enc bytea NOT NULL,
            memo_enc bytea NOT NULL,
            account_enc bytea NOT NULL,
            event_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            handled_at timestamptz,
            outcome text CONSTRAINT ck_bank_notice_outcome CHECK (outcome IN
                ('matched', 'underpaid', 'overpaid', 'duplicate', 'late', 'wrong_account', 'unmatched', 'ignored')),
            request_id uuid CONSTRAINT fk_bank_notice_request_id REFERENCES payment_request (id),
            attempts integer NOT NULL,
            CONSTRAINT uq_bank_notice_wire_external_id UNIQUE (wire, external_id),
            CONSTRAINT ck_bank_notice_handled CHECK ((handled_at IS NULL) = (outcome IS NULL)),
            CONSTRAINT ck_bank_notice_direction_amount CHECK (direction <> 'in' OR amount_vnd > 0)
        );
        CREATE INDEX ix_bank_notice_waiting ON bank_notice (id) WHERE handled_at IS NULL;
        CREATE INDEX ix_bank_notice_request_id ON bank_notice (request_id);
        GRANT SELECT, INSERT ON bank_notice TO app;
        GRANT UPDATE (handled_at, outcome, request_id, attempts) ON bank_notice TO app;

        CREATE TABLE notice_allocation (
            transfer_id uuid CONSTRAINT pk_notice_allocation PRIMARY KEY
                CONSTRAINT fk_notice_allocation_transfer_id REFERENCES ledger_transfer (id),
            notice_id uuid NOT NULL CONSTRAINT fk_notice_allocation_notice_id REFERENCES bank_notice (id),
            request_id uuid CONSTRAINT fk_notice_allocation_request_id REFERENCES payment_request (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_notice_allocation_amount CHECK (amount_vnd > 0),
            created_at timestamptz NOT NULL
        );
        CREATE INDEX ix_notice_allocation_notice_id ON notice_allocation (notice_id);
        CREATE INDEX ix_notice_allocation_suspense ON notice_allocation (notice_id) WHERE request_id IS NULL;
        GRANT SELECT, INSERT ON notice_allocation TO app;
        """
    )
