"""Longer and reopened requests; what came above a request, and what its payer wants done with it."""

from alembic import op

revision = "0190"
down_revision = "0180"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE payment_request ADD COLUMN extensions integer NOT NULL DEFAULT 0;
        ALTER TABLE payment_request ADD COLUMN reopened_at timestamptz;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE payment_request ADD CONSTRAINT ck_payment_request_extensions CHECK (extensions BETWEEN 0 AND 2);
        GRANT UPDATE (extensions, reopened_at) ON payment_request TO app;
        -- Part of the money of a closed request that nobody decided about yet: a short list, kept short by people.
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_payment_request_kept_part ON payment_request (expires_at, id)
            WHERE status IN ('expired', 'cancelled') AND paid_vnd > refunding_vnd + refunded_vnd;

        CREATE TABLE credit_use (
            id uuid CONSTRAINT pk_credit_use PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_credit_use_user_id REFERENCES user_account (id),
            request_id uuid NOT NULL CONSTRAINT fk_credit_use_request_id REFERENCES payment_request (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_credit_use_amount CHECK (amount_vnd > 0),
            transfer_id uuid NOT NULL CONSTRAINT uq_credit_use_transfer_id UNIQUE
                CONSTRAINT fk_credit_use_transfer_id REFERENCES ledger_transfer (id),
            idempotency_key text NOT NULL CONSTRAINT uq_credit_use_idempotency_key UNIQUE,
            created_at timestamptz NOT NULL,
            back_transfer_id uuid CONSTRAINT uq_credit_use_back_transfer_id UNIQUE
                CONSTRAINT fk_credit_use_back_transfer_id REFERENCES ledger_transfer (id),
            given_back_at timestamptz,
            CONSTRAINT ck_credit_use_given_back CHECK ((back_transfer_id IS NULL) = (given_back_at IS NULL))
        );
        CREATE INDEX ix_credit_use_request_id ON credit_use (request_id);
        GRANT SELECT, INSERT ON credit_use TO app;
        GRANT UPDATE (back_transfer_id, given_back_at) ON credit_use TO app;

        -- A third thing to do with waiting money: its payer leaves it with the payee for the next time.
        ALTER TABLE desk_action ADD COLUMN credit_owner text;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE desk_action DROP CONSTRAINT ck_desk_action_kind;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE desk_action DROP CONSTRAINT ck_desk_action_where;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE desk_action ADD CONSTRAINT ck_desk_action_kind
            CHECK (kind IN ('attach', 'return_to_sender', 'keep_as_credit'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE desk_action ADD CONSTRAINT ck_desk_action_where CHECK (
            (request_id IS NOT NULL) = (kind = 'attach') AND (bank_reference IS NOT NULL) = (kind = 'return_to_sender')
            AND (credit_owner IS NOT NULL) = (kind = 'keep_as_credit'));

        CREATE TABLE payer_wish (
            allocation_id uuid CONSTRAINT pk_payer_wish PRIMARY KEY
                CONSTRAINT fk_payer_wish_allocation_id REFERENCES desk_item (allocation_id),
            request_id uuid NOT NULL CONSTRAINT fk_payer_wish_request_id REFERENCES payment_request (id),
            choice text NOT NULL CONSTRAINT ck_payer_wish_choice CHECK (choice IN ('send_back', 'keep')),
            account_enc bytea,
            action_id uuid CONSTRAINT fk_payer_wish_action_id REFERENCES desk_action (id),
            by_user_id uuid CONSTRAINT fk_payer_wish_by_user_id REFERENCES user_account (id),
            changes integer NOT NULL,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT ck_payer_wish_account CHECK ((account_enc IS NOT NULL) = (choice = 'send_back')),
            CONSTRAINT ck_payer_wish_action CHECK ((action_id IS NOT NULL) = (choice = 'keep'))
        );
        CREATE INDEX ix_payer_wish_request_id ON payer_wish (request_id);
        GRANT SELECT, INSERT ON payer_wish TO app;
        GRANT UPDATE (choice, account_enc, action_id, by_user_id, changes, changed_at) ON payer_wish TO app;
        """
    )
