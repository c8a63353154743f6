"""Notices of the bank as camt.054."""

from alembic import op

revision = "0220"
down_revision = "0210"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE statement_import DROP CONSTRAINT ck_statement_import_format;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE statement_import ADD CONSTRAINT ck_statement_import_format
            CHECK (format IN ('camt053', 'camt054', 'xlsx', 'csv'));
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE statement_line DROP CONSTRAINT ck_statement_line_state;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE statement_line ADD CONSTRAINT ck_statement_line_state
            CHECK (state IN ('new', 'known', 'ignored', 'ours', 'claimed', 'applied', 'undone', 'kept'));

        -- Above the limit one person alone does not take back what was done at the desk: one asks, another does it.
        ALTER TABLE desk_action
            ADD COLUMN undo_asked_by uuid,
            ADD COLUMN undo_asked_at timestamptz,
            ADD COLUMN undo_reason text,
            -- One scan; the new columns are empty everywhere.
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_desk_action_undo_reason CHECK (char_length(undo_reason) BETWEEN 3 AND 300),
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_desk_action_undo_asked CHECK (
                (undo_asked_by IS NULL) = (undo_asked_at IS NULL) AND (undo_asked_by IS NULL) = (undo_reason IS NULL)
                AND (undo_asked_by IS NULL OR state IN ('done', 'undone'))),
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_desk_action_undo_four_eyes CHECK (undo_asked_by <> closed_by);
        CREATE INDEX ix_desk_action_undo_asked ON desk_action (allocation_id)
            WHERE undo_asked_by IS NOT NULL AND state = 'done';
        GRANT UPDATE (undo_asked_by, undo_asked_at, undo_reason) ON desk_action TO app;

        -- A trigger, for what one person undid before this rule stays.
        CREATE FUNCTION desk_undo_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'nobody asked before for the undo of desk action %', NEW.id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'desk_undo_second_person';
        END $$;
        CREATE TRIGGER desk_undo_second_person BEFORE UPDATE OF state ON desk_action
            FOR EACH ROW WHEN (OLD.state = 'done' AND NEW.state = 'undone' AND NEW.undo_asked_by IS NULL
                AND (NEW.needs_approval OR NEW.amount_vnd > 5000000))
            EXECUTE FUNCTION desk_undo_second_person();

        -- What the bank writes in its own words may name people and accounts: from now on it is sealed.
        ALTER TABLE payout ADD COLUMN reason_enc bytea;
        GRANT UPDATE (reason_enc) ON payout TO app;
        ALTER TABLE payout_result ADD COLUMN told_enc bytea;

        -- The application's rule, kept here as well: see limits.OWN_RETURNS.
        CREATE FUNCTION payout_own_returns() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM payout AS paid JOIN payout AS earlier ON earlier.payee_id = paid.payee_id
                       WHERE paid.batch_id = NEW.id AND paid.status <> 'cancelled'
                         AND earlier.status = 'returned' AND earlier.answered_by = NEW.approved_by
                         AND earlier.updated_at > NEW.approved_at - interval '90 days') THEN
                RAISE EXCEPTION 'who said that a payee''s payout came back lets no other go to them for 90 days'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payout_own_returns';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER payout_own_returns BEFORE UPDATE OF approved_by ON payout_batch
            FOR EACH ROW WHEN (OLD.approved_by IS DISTINCT FROM NEW.approved_by AND NEW.approved_by IS NOT NULL)
            EXECUTE FUNCTION payout_own_returns();

        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_bank_notice_line ON bank_notice (amount_vnd, event_at)
            WHERE direction = 'in' AND wire = 'statement';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_bank_notice_resembles ON bank_notice (resembles) WHERE resembles IS NOT NULL;

        -- Lines of statements wait for the wires' notices of their amount and the other way round; notices of wires do
        -- not wait for each other.
        CREATE FUNCTION bank_notice_alike_lock(amount bigint, together boolean) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF together THEN
                PERFORM pg_advisory_xact_lock_shared(hashtextextended('bank_notice_alike', amount));
            ELSE
                PERFORM pg_advisory_xact_lock(hashtextextended('bank_notice_alike', amount));
            END IF;
        END $$;

        -- Lines of statements that may tell of this wire's notice, where one of the two has no reference; nearest
        -- first. A line without an hour stands at the day's beginning; a booking may be dated after a weekend.
        CREATE FUNCTION bank_notice_unreferenced(wanted uuid) RETURNS uuid[] LANGUAGE plpgsql AS $$
        DECLARE
            mine bank_notice;
            found uuid[];
        BEGIN
            SELECT * INTO STRICT mine FROM bank_notice WHERE id = wanted;
            PERFORM bank_notice_alike_lock(mine.amount_vnd, true);
            SELECT array_agg(near.id ORDER BY near.away, near.id) INTO found FROM (
                SELECT line.id, abs(extract(epoch FROM line.event_at - mine.event_at)) AS away FROM bank_notice AS line
                WHERE line.wire = 'statement' AND line.direction = 'in' AND line.amount_vnd = mine.amount_vnd
                  AND line.event_at BETWEEN mine.event_at - interval '1 day' AND mine.event_at + interval '3 days'
                  AND (line.reference = '' OR mine.reference = '')
                  AND line.account_indexes && mine.account_indexes
                  AND line.outcome NOT IN ('ignored', 'known', 'undone') AND line.resembles IS NULL
                  AND NOT EXISTS (SELECT FROM bank_notice AS third WHERE third.same_as = line.id)
                  AND NOT EXISTS (SELECT FROM bank_notice AS third WHERE third.resembles = line.id)
                ORDER BY away, line.id LIMIT 20) AS near;
            RETURN found;
        END $$;
        """
    )
