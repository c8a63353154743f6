"""Giving a payer's money back: refunds, and on each request how much of it went or is going back."""

from alembic import op

revision = "0130"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE payment_request ADD COLUMN refunding_vnd bigint NOT NULL DEFAULT 0;
        ALTER TABLE payment_request ADD COLUMN refunded_vnd bigint NOT NULL DEFAULT 0;
        -- One scan; the new columns are zero everywhere.
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE payment_request ADD CONSTRAINT ck_payment_request_refunded
            CHECK (refunding_vnd >= 0 AND refunded_vnd >= 0 AND refunding_vnd + refunded_vnd <= paid_vnd);

        CREATE TABLE refund (
            id uuid CONSTRAINT pk_refund PRIMARY KEY,
            request_id uuid NOT NULL CONSTRAINT fk_refund_request_id REFERENCES payment_request (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_refund_amount CHECK (amount_vnd > 0),
            reason text NOT NULL CONSTRAINT ck_refund_reason CHECK (length(reason) BETWEEN 1 AND 500),
            lines jsonb CONSTRAINT ck_refund_lines CHECK (jsonb_typeof(lines) = 'array'),
            way text NOT NULL CONSTRAINT ck_refund_way CHECK (way IN ('card', 'bank_transfer')),
            status text NOT NULL CONSTRAINT ck_refund_status CHECK (status IN
                ('asking', 'unknown', 'on_its_way', 'waiting', 'succeeded', 'refused', 'cancelled')),
            gateway_refund_id text CONSTRAINT uq_refund_gateway_refund_id UNIQUE,
            failure_code text,
            idempotency_key text NOT NULL CONSTRAINT uq_refund_idempotency_key UNIQUE,
            seller_vnd bigint NOT NULL,
            seller_transfer_id uuid,
            debt_vnd bigint NOT NULL,
            debt_transfer_id uuid,
            instead_of_id uuid CONSTRAINT fk_refund_instead_of_id REFERENCES refund (id),
            account_enc bytea,
            bank_reference text CONSTRAINT ck_refund_bank_reference CHECK (length(bank_reference) BETWEEN 1 AND 100),
            created_by uuid CONSTRAINT fk_refund_created_by REFERENCES user_account (id),
            sent_by uuid CONSTRAINT fk_refund_sent_by REFERENCES user_account (id),
            came_back_reason text CONSTRAINT ck_refund_came_back_reason
                CHECK (length(came_back_reason) BETWEEN 1 AND 500),
            came_back_by uuid CONSTRAINT fk_refund_came_back_by REFERENCES user_account (id),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            finished_at timestamptz,
            CONSTRAINT ck_refund_parts CHECK (
                seller_vnd >= 0 AND debt_vnd >= 0 AND seller_vnd + debt_vnd = amount_vnd
                AND (seller_vnd > 0) = (seller_transfer_id IS NOT NULL)
                AND (debt_vnd > 0) = (debt_transfer_id IS NOT NULL)),
            CONSTRAINT ck_refund_card CHECK (way <> 'card' OR (
                status NOT IN ('waiting', 'cancelled') AND account_enc IS NULL AND instead_of_id IS NULL
                AND (status NOT IN ('on_its_way', 'succeeded') OR gateway_refund_id IS NOT NULL))),
            CONSTRAINT ck_refund_transfer CHECK (way <> 'bank_transfer' OR (
                status IN ('waiting', 'succeeded', 'cancelled') AND account_enc IS NOT NULL
                AND created_by IS NOT NULL AND gateway_refund_id IS NULL)),
            CONSTRAINT ck_refund_sent CHECK (
                (way = 'bank_transfer' AND (status = 'succeeded' OR came_back_by IS NOT NULL)) = (sent_by IS NOT NULL)
                AND (sent_by IS NOT NULL) = (bank_reference IS NOT NULL)),
            CONSTRAINT ck_refund_came_back CHECK (
                (came_back_by IS NOT NULL) = (came_back_reason IS NOT NULL)
                AND (came_back_by IS NULL OR (way = 'bank_transfer' AND status = 'cancelled'))),
            CONSTRAINT ck_refund_four_eyes CHECK (sent_by <> created_by),
            CONSTRAINT ck_refund_came_back_four_eyes CHECK (came_back_by <> sent_by),
            CONSTRAINT ck_refund_finished CHECK (
                (status IN ('succeeded', 'refused', 'cancelled')) = (finished_at IS NOT NULL))
        );
        CREATE INDEX ix_refund_request_id ON refund (request_id, id);
        CREATE INDEX ix_refund_unanswered ON refund (id) WHERE status IN ('asking', 'unknown', 'on_its_way');
        CREATE UNIQUE INDEX uq_refund_instead_of_live ON refund (instead_of_id) WHERE status <> 'cancelled';
        GRANT SELECT, INSERT ON refund TO app;
        GRANT UPDATE (status, gateway_refund_id, failure_code, bank_reference, sent_by, came_back_reason, came_back_by,
            updated_at, finished_at) ON refund TO app;

        -- The application can't write these sums itself: they follow the refunds, and the CHECK above bounds them.
        CREATE FUNCTION refund_count() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            under_way CONSTANT text[] := ARRAY['asking', 'unknown', 'on_its_way', 'waiting'];
            was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END;
        BEGIN
            IF was IS NOT DISTINCT FROM NEW.status THEN
                RETURN NULL;
            END IF;
            IF was IN ('refused', 'cancelled') OR (was = 'succeeded' AND
                NEW.status <> CASE NEW.way WHEN 'card' THEN 'refused' ELSE 'cancelled' END) THEN
                RAISE EXCEPTION 'refund % is over', NEW.id USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            -- What was sent is called off only with the word that it came back, and nothing else is.
            IF NEW.status = 'cancelled' AND (was IS NOT DISTINCT FROM 'succeeded') <> (NEW.came_back_by IS NOT NULL)
            THEN
                RAISE EXCEPTION 'refund % did not come back', NEW.id USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            UPDATE payment_request SET
                refunding_vnd = refunding_vnd + NEW.amount_vnd
                    * ((NEW.status = ANY (under_way))::int - coalesce(was = ANY (under_way), false)::int),
                refunded_vnd = refunded_vnd + NEW.amount_vnd
                    * ((NEW.status = 'succeeded')::int - coalesce(was = 'succeeded', false)::int)
            WHERE id = NEW.request_id;
            RETURN NULL;
        END $$;
        -- Nobody else may hang it on a table of theirs; triggers that stand go on firing.
        REVOKE ALL ON FUNCTION refund_count() FROM PUBLIC;
        CREATE TRIGGER refund_counts AFTER INSERT OR UPDATE OF status ON refund
            FOR EACH ROW EXECUTE FUNCTION refund_count();

        -- Card money that waits in suspense may go back from the gateway's own pages.
        ALTER TABLE card_payment ADD COLUMN returned_vnd bigint NOT NULL DEFAULT 0;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_payment ADD CONSTRAINT ck_card_payment_returned CHECK (
            returned_vnd = 0 OR (returned_vnd > 0 AND received_vnd IS NOT NULL AND returned_vnd <= received_vnd
                                 AND outcome IS NOT NULL AND outcome <> 'matched'));
        GRANT UPDATE (returned_vnd) ON card_payment TO app;

        CREATE TABLE card_return (
            id uuid CONSTRAINT pk_card_return PRIMARY KEY,
            payment_id uuid NOT NULL CONSTRAINT fk_card_return_payment_id REFERENCES card_payment (id),
            gateway_refund_id text NOT NULL CONSTRAINT uq_card_return_gateway_refund_id UNIQUE,
            amount_vnd bigint NOT NULL CONSTRAINT ck_card_return_amount CHECK (amount_vnd > 0),
            status text NOT NULL CONSTRAINT ck_card_return_status CHECK (status IN
                ('returned', 'unexplained', 'failed')),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        );
        CREATE INDEX ix_card_return_payment_id ON card_return (payment_id);
        CREATE INDEX ix_card_return_unexplained ON card_return (created_at) WHERE status = 'unexplained';
        GRANT SELECT, INSERT ON card_return TO app;
        GRANT UPDATE (status, updated_at) ON card_return TO app;

        -- squawk-ignore ban-drop-constraint
        ALTER TABLE card_event DROP CONSTRAINT ck_card_event_outcome;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE card_event ADD CONSTRAINT ck_card_event_outcome CHECK (outcome IN
            ('matched', 'late', 'duplicate', 'amount_mismatch', 'declined', 'cancelled', 'stale',
             'unknown_intent', 'ignored', 'unreadable', 'refund_noted', 'unknown_refund'));
        """
    )
