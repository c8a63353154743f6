"""Checkout, later capture, and the gateway's payouts."""

from alembic import op

revision = "0200"
down_revision = "0190"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE card_payment ADD COLUMN settled_at timestamptz;
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_card_payment_not_paid_out ON card_payment (charged_at)
            WHERE status = 'succeeded' AND settled_at IS NULL;
        GRANT UPDATE (settled_at) ON card_payment TO app;

        ALTER TABLE card_payment ADD COLUMN way text NOT NULL DEFAULT 'intent';
        ALTER TABLE card_payment ADD COLUMN session_id text;
        ALTER TABLE card_payment ADD COLUMN session_url_enc bytea;
        ALTER TABLE card_payment ADD COLUMN session_until timestamptz;
        ALTER TABLE card_payment ADD COLUMN capture_later boolean NOT NULL DEFAULT false;
        ALTER TABLE card_payment ADD COLUMN capture_vnd bigint;
        ALTER TABLE card_payment ADD COLUMN held_at timestamptz;
        ALTER TABLE card_payment ADD COLUMN held_until timestamptz;
        -- One scan each; the new columns are empty everywhere, and the old rules are stricter than the new ones.
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_way CHECK (way IN ('intent', 'checkout'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_session CHECK (
            (way = 'checkout') = (session_until IS NOT NULL)
            AND (way = 'checkout' OR (session_id IS NULL AND session_url_enc IS NULL)));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_held CHECK (
            (held_at IS NULL) = (held_until IS NULL)
            AND (status NOT IN ('held', 'capturing', 'releasing') OR held_at IS NOT NULL)
            AND (status <> 'capturing' OR capture_vnd IS NOT NULL)
            AND capture_vnd BETWEEN 1 AND amount_vnd);
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE card_payment DROP CONSTRAINT ck_card_payment_status;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_status CHECK (status IN ('starting', 'unknown',
            'waiting', 'failed', 'held', 'capturing', 'releasing', 'succeeded', 'cancelled'));
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE card_payment DROP CONSTRAINT ck_card_payment_intent;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_intent CHECK (
            CASE WHEN status IN ('starting', 'unknown') THEN intent_id IS NULL
                 WHEN status = 'cancelled' OR (status = 'waiting' AND way = 'checkout') THEN true
                 ELSE intent_id IS NOT NULL END);
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE card_payment DROP CONSTRAINT ck_card_payment_exact;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_exact
            CHECK (outcome <> 'matched' OR received_vnd = coalesce(capture_vnd, amount_vnd));
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE card_payment DROP CONSTRAINT uq_card_payment_request_id;
        -- squawk-ignore require-concurrent-index-creation
        CREATE UNIQUE INDEX uq_card_payment_intent_way ON card_payment (request_id) WHERE way = 'intent';
        -- squawk-ignore require-concurrent-index-creation
        CREATE UNIQUE INDEX uq_card_payment_open_checkout ON card_payment (request_id)
            WHERE way = 'checkout' AND status IN ('starting', 'unknown', 'waiting', 'failed');
        -- squawk-ignore require-concurrent-index-creation
        CREATE UNIQUE INDEX uq_card_payment_session_id ON card_payment (session_id);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_card_payment_request_id ON card_payment (request_id);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_card_payment_held ON card_payment (id) WHERE status IN ('held', 'capturing', 'releasing');
        GRANT UPDATE (session_id, session_url_enc, capture_vnd, held_at, held_until) ON card_payment TO app;

        -- squawk-ignore ban-drop-constraint
        ALTER TABLE card_event DROP CONSTRAINT ck_card_event_outcome;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_event ADD CONSTRAINT ck_card_event_outcome CHECK (outcome IN
            ('matched', 'late', 'duplicate', 'amount_mismatch', 'declined', 'cancelled', 'stale', 'unknown_intent',
             'ignored', 'unreadable', 'refund_noted', 'unknown_refund', 'payout_noted', 'held'));

        CREATE TABLE card_payout (
            id uuid CONSTRAINT pk_card_payout PRIMARY KEY,
            payout_id text NOT NULL CONSTRAINT uq_card_payout_payout_id UNIQUE,
            amount_vnd bigint NOT NULL CONSTRAINT ck_card_payout_amount CHECK (amount_vnd <> 0),
            automatic boolean NOT NULL,
            status text NOT NULL CONSTRAINT ck_card_payout_status
                CHECK (status IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
            failure_code text,
            arrives_on date NOT NULL,
            event_at timestamptz NOT NULL,
            lines_ready boolean NOT NULL,
            lines_cursor text,
            lines_at timestamptz,
            gross_vnd bigint NOT NULL DEFAULT 0,
            refunds_vnd bigint NOT NULL DEFAULT 0,
            other_vnd bigint NOT NULL DEFAULT 0,
            fee_vnd bigint NOT NULL DEFAULT 0,
            differences integer NOT NULL DEFAULT 0 CONSTRAINT ck_card_payout_differences CHECK (differences >= 0),
            fee_transfer_id uuid NOT NULL CONSTRAINT uq_card_payout_fee_transfer_id UNIQUE,
            booked_at timestamptz,
            net_booked boolean NOT NULL DEFAULT false,
            net_reversal_id uuid CONSTRAINT uq_card_payout_net_reversal_id UNIQUE,
            checked_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT ck_card_payout_booked CHECK (booked_at IS NULL OR (
                status IN ('paid', 'failed', 'canceled')
                AND (NOT automatic OR (lines_at IS NOT NULL
                     AND amount_vnd = gross_vnd + refunds_vnd + other_vnd - fee_vnd)))),
            CONSTRAINT ck_card_payout_net CHECK (
                (NOT net_booked OR booked_at IS NOT NULL) AND (net_reversal_id IS NULL OR net_booked)),
            CONSTRAINT ck_card_payout_manual CHECK (automatic OR (fee_vnd = 0 AND lines_at IS NULL))
        );
        CREATE INDEX ix_card_payout_open ON card_payout (id)
            WHERE booked_at IS NULL OR differences > 0 OR (net_booked AND net_reversal_id IS NULL AND status <> 'paid');
        CREATE INDEX ix_card_payout_event_at ON card_payout (event_at, id);
        GRANT SELECT, INSERT ON card_payout TO app;
        GRANT UPDATE (status, failure_code, arrives_on, lines_ready, lines_cursor, lines_at, gross_vnd, refunds_vnd,
            other_vnd, fee_vnd, differences, booked_at, net_booked, net_reversal_id, checked_at, updated_at)
            ON card_payout TO app;

        CREATE TABLE card_payout_line (
            id uuid CONSTRAINT pk_card_payout_line PRIMARY KEY,
            payout_id uuid NOT NULL CONSTRAINT fk_card_payout_line_payout_id REFERENCES card_payout (id),
            txn_id text NOT NULL CONSTRAINT uq_card_payout_line_txn_id UNIQUE,
            type text NOT NULL,
            amount_vnd bigint NOT NULL,
            fee_vnd bigint NOT NULL,
            net_vnd bigint NOT NULL CONSTRAINT ck_card_payout_line_net CHECK (net_vnd = amount_vnd - fee_vnd),
            source_id text,
            intent_id text,
            card_payment_id uuid CONSTRAINT fk_card_payout_line_card_payment_id REFERENCES card_payment (id),
            refund_id uuid CONSTRAINT fk_card_payout_line_refund_id REFERENCES refund (id),
            card_return_id uuid CONSTRAINT fk_card_payout_line_card_return_id REFERENCES card_return (id),
            other_payout_id uuid CONSTRAINT fk_card_payout_line_other_payout_id REFERENCES card_payout (id),
            difference text CONSTRAINT ck_card_payout_line_difference
                CHECK (difference IN ('unknown', 'amount', 'not_charged', 'twice', 'other')),
            event_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_card_payout_line_one CHECK (
                num_nonnulls(card_payment_id, refund_id, card_return_id, other_payout_id) <= 1)
        );
        CREATE INDEX ix_card_payout_line_payout_id ON card_payout_line (payout_id, id);
        CREATE INDEX ix_card_payout_line_difference ON card_payout_line (payout_id, id) WHERE difference IS NOT NULL;
        CREATE UNIQUE INDEX uq_card_payout_line_charge ON card_payout_line (card_payment_id)
            WHERE difference IS NULL AND amount_vnd > 0;
        CREATE INDEX ix_card_payout_line_card_payment_id ON card_payout_line (card_payment_id);
        GRANT SELECT, INSERT ON card_payout_line TO app;
        GRANT UPDATE (card_payment_id, refund_id, card_return_id, other_payout_id, difference)
            ON card_payout_line TO app;
        """
    )
