"""Card payments and the inbox of the gateway's events."""

from alembic import op

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE card_payment (
            id uuid CONSTRAINT pk_card_payment PRIMARY KEY,
            request_id uuid NOT NULL CONSTRAINT fk_card_payment_request_id REFERENCES payment_request (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_card_payment_amount CHECK (amount_vnd > 0),
            intent_id text,
            client_secret_enc bytea,
            status text NOT NULL CONSTRAINT ck_card_payment_status
                CHECK (status IN ('starting', 'unknown', 'waiting', 'failed', 'succeeded', 'cancelled')),
            decline_code text,
            received_vnd bigint CONSTRAINT ck_card_payment_received CHECK (received_vnd > 0),
            charged_at timestamptz,
            outcome text CONSTRAINT ck_card_payment_outcome
                CHECK (outcome IN ('matched', 'late', 'duplicate', 'amount_mismatch')),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT uq_card_payment_request_id UNIQUE (request_id),
            CONSTRAINT uq_card_payment_intent_id UNIQUE (intent_id),
            CONSTRAINT ck_card_payment_intent CHECK (
                CASE WHEN status IN ('starting', 'unknown') THEN intent_id IS NULL
                     WHEN status = 'cancelled' THEN true
                     ELSE intent_id IS NOT NULL END),
            CONSTRAINT ck_card_payment_charged CHECK (
                (status = 'succeeded') = (received_vnd IS NOT NULL)
                AND (status = 'succeeded') = (charged_at IS NOT NULL)
                AND (status = 'succeeded') = (outcome IS NOT NULL)),
            CONSTRAINT ck_card_payment_exact CHECK (outcome <> 'matched' OR received_vnd = amount_vnd)
        );
        CREATE INDEX ix_card_payment_unsettled ON card_payment (id)
            WHERE status IN ('starting', 'unknown', 'waiting', 'failed');
        CREATE INDEX ix_card_payment_suspense ON card_payment (id) WHERE outcome <> 'matched';
        GRANT SELECT, INSERT ON card_payment TO app;
        GRANT UPDATE (intent_id, client_secret_enc, status, decline_code, received_vnd, charged_at, outcome, updated_at)
            ON card_payment TO app;

        CREATE TABLE card_event (
            id uuid CONSTRAINT pk_card_event PRIMARY KEY,
            event_id text NOT NULL,
            type text NOT NULL,
            raw_enc bytea NOT NULL,
            event_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            handled_at timestamptz,
            outcome text CONSTRAINT ck_card_event_outcome CHECK (outcome IN
                ('matched', 'late', 'duplicate', 'amount_mismatch', 'declined', 'cancelled', 'stale',
                 'unknown_intent', 'ignored', 'unreadable')),
            payment_id uuid CONSTRAINT fk_card_event_payment_id REFERENCES card_payment (id),
            attempts integer NOT NULL,
            error text,
            CONSTRAINT uq_card_event_event_id UNIQUE (event_id),
            CONSTRAINT ck_card_event_handled CHECK ((handled_at IS NULL) = (outcome IS NULL))
        );
        CREATE INDEX ix_card_event_waiting ON card_event (id) WHERE handled_at IS NULL;
        CREATE INDEX ix_card_event_payment_id ON card_event (payment_id);
        GRANT SELECT, INSERT ON card_event TO app;
        GRANT UPDATE (handled_at, outcome, payment_id, attempts, error) ON card_event TO app;
        """
    )
