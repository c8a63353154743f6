"""Paying collected money out: batches, payouts, who was held back and why, and what the bank answered."""

from alembic import op

revision = "0120"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE payout_batch (
            id uuid CONSTRAINT pk_payout_batch PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_payout_batch_code UNIQUE,
            purpose text NOT NULL,
            period date NOT NULL,
            status text NOT NULL CONSTRAINT ck_payout_batch_status CHECK (status IN
                ('draft', 'approved', 'sent', 'settled', 'cancelled')),
            idempotency_key text NOT NULL CONSTRAINT uq_payout_batch_idempotency_key UNIQUE,
            created_by uuid CONSTRAINT fk_payout_batch_created_by REFERENCES user_account (id),
            approved_by uuid CONSTRAINT fk_payout_batch_approved_by REFERENCES user_account (id),
            created_at timestamptz NOT NULL,
            approved_at timestamptz,
            sent_at timestamptz,
            finished_at timestamptz,
            CONSTRAINT ck_payout_batch_four_eyes CHECK (approved_by <> created_by),
            CONSTRAINT ck_payout_batch_approved CHECK (
                (approved_by IS NULL) = (approved_at IS NULL)
                AND (status <> 'draft' OR approved_by IS NULL)
                AND (status NOT IN ('approved', 'sent', 'settled') OR approved_by IS NOT NULL)),
            CONSTRAINT ck_payout_batch_sent CHECK ((status IN ('sent', 'settled')) = (sent_at IS NOT NULL)),
            CONSTRAINT ck_payout_batch_finished CHECK (
                (status IN ('settled', 'cancelled')) = (finished_at IS NOT NULL))
        );
        GRANT SELECT, INSERT ON payout_batch TO app;
        GRANT UPDATE (status, approved_by, approved_at, sent_at, finished_at) ON payout_batch TO app;

        CREATE TABLE payout (
            id uuid CONSTRAINT pk_payout PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_payout_code UNIQUE,
            batch_id uuid NOT NULL CONSTRAINT fk_payout_batch_id REFERENCES payout_batch (id),
            payee_id uuid NOT NULL CONSTRAINT fk_payout_payee_id REFERENCES payee (id),
            bank_account_id uuid NOT NULL CONSTRAINT fk_payout_bank_account_id REFERENCES bank_account (id),
            purpose text NOT NULL,
            period date NOT NULL,
            amount_vnd bigint NOT NULL CONSTRAINT ck_payout_amount CHECK (amount_vnd > 0),
            status text NOT NULL CONSTRAINT ck_payout_status CHECK (status IN
                ('draft', 'approved', 'sent', 'confirmed', 'returned', 'cancelled')),
            pending_id uuid CONSTRAINT uq_payout_pending_id UNIQUE,
            posted_id uuid CONSTRAINT uq_payout_posted_id UNIQUE,
            answered_by uuid CONSTRAINT fk_payout_answered_by REFERENCES user_account (id),
            reason_code text,
            reason text CONSTRAINT ck_payout_reason CHECK (length(reason) <= 500),
            bank_reference text CONSTRAINT ck_payout_bank_reference CHECK (length(bank_reference) <= 100),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT ck_payout_reserved CHECK (
                (status <> 'draft' OR pending_id IS NULL)
                AND (status NOT IN ('approved', 'sent', 'confirmed', 'returned') OR pending_id IS NOT NULL)),
            CONSTRAINT ck_payout_posted CHECK (
                (status <> 'confirmed' OR posted_id IS NOT NULL)
                AND (status IN ('confirmed', 'returned') OR posted_id IS NULL)),
            CONSTRAINT ck_payout_answered CHECK (
                (status <> 'returned' OR answered_by IS NOT NULL)
                AND (status IN ('confirmed', 'returned') OR answered_by IS NULL)),
            CONSTRAINT ck_payout_told CHECK (status NOT IN ('returned', 'cancelled') OR reason_code IS NOT NULL)
        );
        -- Nobody is paid twice for one period, whoever makes the batches; what was cancelled never left the house.
        CREATE UNIQUE INDEX uq_payout_purpose_period_payee ON payout (purpose, period, payee_id)
            WHERE status <> 'cancelled';
        -- A draft reserves nothing yet, so a payee stands in one draft at most.
        CREATE UNIQUE INDEX uq_payout_draft_payee ON payout (payee_id) WHERE status = 'draft';
        CREATE INDEX ix_payout_batch_id ON payout (batch_id, id);
        CREATE INDEX ix_payout_payee_id ON payout (payee_id, id);
        GRANT SELECT, INSERT ON payout TO app;
        GRANT UPDATE (status, pending_id, posted_id, answered_by, reason_code, reason, bank_reference, updated_at)
            ON payout TO app;

        -- A return makes the money payable again: one person alone may not both let it go and say that it came back,
        -- nor say so and then that it arrived after all.
        CREATE FUNCTION payout_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.status = 'returned' AND NEW.status <> 'returned'
                    AND NEW.answered_by IS NOT DISTINCT FROM OLD.answered_by THEN
                RAISE EXCEPTION 'who said that a payout came back does not say that it arrived'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payout_second_person';
            END IF;
            IF NEW.status = 'returned' AND EXISTS
                    (SELECT FROM payout_batch WHERE id = NEW.batch_id AND approved_by = NEW.answered_by) THEN
                RAISE EXCEPTION 'who approved a batch does not say that its payouts came back'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payout_second_person';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER payout_second_person BEFORE UPDATE OF status, answered_by ON payout
            FOR EACH ROW WHEN ('returned' IN (OLD.status, NEW.status)) EXECUTE FUNCTION payout_second_person();

        CREATE TABLE payout_held (
            batch_id uuid NOT NULL CONSTRAINT fk_payout_held_batch_id REFERENCES payout_batch (id),
            payee_id uuid NOT NULL CONSTRAINT fk_payout_held_payee_id REFERENCES payee (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_payout_held_amount CHECK (amount_vnd > 0),
            reason text NOT NULL CONSTRAINT ck_payout_held_reason CHECK (reason IN
                ('no_account', 'account_changed', 'batch_full')),
            held_until timestamptz,
            CONSTRAINT pk_payout_held PRIMARY KEY (batch_id, payee_id),
            CONSTRAINT ck_payout_held_until CHECK ((reason = 'account_changed') = (held_until IS NOT NULL))
        );
        GRANT SELECT, INSERT ON payout_held TO app;

        CREATE TABLE payout_hold_told (
            bank_account_id uuid CONSTRAINT pk_payout_hold_told PRIMARY KEY
                CONSTRAINT fk_payout_hold_told_bank_account_id REFERENCES bank_account (id),
            told_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT ON payout_hold_told TO app;

        CREATE TABLE payout_result (
            id uuid CONSTRAINT pk_payout_result PRIMARY KEY,
            batch_id uuid NOT NULL CONSTRAINT fk_payout_result_batch_id REFERENCES payout_batch (id),
            file_hash bytea NOT NULL,
            file_name text NOT NULL,
            rows jsonb NOT NULL CONSTRAINT ck_payout_result_rows CHECK (jsonb_typeof(rows) = 'array'),
            faults jsonb NOT NULL CONSTRAINT ck_payout_result_faults CHECK (jsonb_typeof(faults) = 'array'),
            created_by uuid CONSTRAINT fk_payout_result_created_by REFERENCES user_account (id),
            created_at timestamptz NOT NULL,
            applied_by uuid CONSTRAINT fk_payout_result_applied_by REFERENCES user_account (id),
            applied_at timestamptz,
            CONSTRAINT uq_payout_result_batch_id_file_hash UNIQUE (batch_id, file_hash)
        );
        GRANT SELECT, INSERT ON payout_result TO app;
        GRANT UPDATE (applied_by, applied_at) ON payout_result TO app;
        """
    )
