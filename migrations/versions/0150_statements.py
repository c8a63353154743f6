"""What the bank says when it is asked: the feed's checkpoint, and statements that people import."""

from alembic import op

revision = "0150"
down_revision = "0140"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE bank_notice DROP CONSTRAINT ck_bank_notice_wire, DROP CONSTRAINT ck_bank_notice_outcome;
        ALTER TABLE bank_notice
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_bank_notice_wire CHECK (wire IN ('sepay', 'payos', 'casso', 'statement')),
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_bank_notice_outcome CHECK (outcome IN ('matched', 'underpaid', 'overpaid', 'duplicate',
                'late', 'wrong_account', 'unmatched', 'ignored', 'known', 'undone')),
            -- squawk-ignore adding-foreign-key-constraint
            ADD COLUMN same_as uuid CONSTRAINT fk_bank_notice_same_as REFERENCES bank_notice (id)
                -- squawk-ignore disallowed-unique-constraint
                CONSTRAINT uq_bank_notice_same_as UNIQUE,
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_bank_notice_same_as
                CHECK ((outcome IS NOT DISTINCT FROM 'known') = (same_as IS NOT NULL)),
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_bank_notice_undone CHECK (outcome <> 'undone' OR wire = 'statement'),
            -- squawk-ignore adding-foreign-key-constraint
            ADD COLUMN resembles uuid CONSTRAINT fk_bank_notice_resembles REFERENCES bank_notice (id),
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_bank_notice_resembles CHECK (resembles IS NULL OR outcome IN ('unmatched', 'undone'));
        CREATE INDEX ix_bank_notice_reference ON bank_notice (reference) WHERE reference <> '';
        CREATE INDEX ix_bank_notice_money ON bank_notice (amount_vnd, event_at)
            WHERE direction = 'in' AND wire <> 'statement';
        GRANT UPDATE (same_as, resembles) ON bank_notice TO app;

        -- The counted notice that tells of the same money through the other door (a statement, or a wire), if any.
        -- Banks use a reference again, so it holds for three days: a booking may be dated after a weekend.
        -- One lock per reference and amount: of two that come at the same moment, the second finds the first.
        CREATE FUNCTION bank_notice_twin(wanted uuid) RETURNS uuid LANGUAGE plpgsql AS $$
        DECLARE
            mine bank_notice;
            found uuid;
        BEGIN
            SELECT * INTO STRICT mine FROM bank_notice WHERE id = wanted;
            IF mine.reference = '' THEN
                RETURN NULL;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended('bank_notice_twin ' || mine.reference, mine.amount_vnd));
            SELECT other.id INTO found FROM bank_notice AS other
                WHERE other.reference = mine.reference AND other.reference <> ''
                  AND other.amount_vnd = mine.amount_vnd AND other.direction = mine.direction
                  AND other.account_indexes && mine.account_indexes
                  AND (other.wire = 'statement') <> (mine.wire = 'statement')
                  AND other.event_at BETWEEN mine.event_at - interval '3 days' AND mine.event_at + interval '3 days'
                  AND other.outcome NOT IN ('ignored', 'known', 'undone')
                  AND NOT EXISTS (SELECT FROM bank_notice AS third WHERE third.same_as = other.id)
                ORDER BY abs(extract(epoch FROM other.event_at - mine.event_at)), other.id LIMIT 1
                FOR NO KEY UPDATE OF other;
            RETURN found;
        END $$;

        -- What is taken back leaves the desk as well; money that somebody there touched is not free to go.
        CREATE FUNCTION bank_notice_leave_desk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE desk_item SET waiting_vnd = 0
                WHERE notice_id = NEW.id AND waiting_vnd = amount_vnd AND proposed_vnd = 0;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'notice % is not wholly in suspense', NEW.id USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER bank_notice_leave_desk AFTER UPDATE OF outcome ON bank_notice
            FOR EACH ROW WHEN (NEW.outcome = 'undone' AND OLD.outcome IS DISTINCT FROM 'undone')
            EXECUTE FUNCTION bank_notice_leave_desk();

        CREATE TABLE feed_checkpoint (
            feed text CONSTRAINT pk_feed_checkpoint PRIMARY KEY,
            since bigint NOT NULL CONSTRAINT ck_feed_checkpoint_since CHECK (since >= 0),
            asked_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT, UPDATE ON feed_checkpoint TO app;

        CREATE TABLE feed_fault (
            id uuid CONSTRAINT pk_feed_fault PRIMARY KEY,
            feed text NOT NULL,
            seq bigint NOT NULL,
            raw_index bytea NOT NULL,
            raw_enc bytea NOT NULL,
            reason text NOT NULL,
            noticed_at timestamptz NOT NULL,
            seen_by uuid,
            seen_at timestamptz,
            CONSTRAINT uq_feed_fault_item UNIQUE (feed, seq, raw_index),
            CONSTRAINT ck_feed_fault_seen CHECK ((seen_by IS NULL) = (seen_at IS NULL))
        );
        CREATE INDEX ix_feed_fault_unseen ON feed_fault (noticed_at, seq) WHERE seen_at IS NULL;
        GRANT SELECT, INSERT ON feed_fault TO app;
        GRANT UPDATE (seen_by, seen_at) ON feed_fault TO app;

        CREATE TABLE statement_import (
            id uuid CONSTRAINT pk_statement_import PRIMARY KEY,
            file_hash bytea NOT NULL,
            file_name text NOT NULL,
            format text NOT NULL CONSTRAINT ck_statement_import_format CHECK (format IN ('camt053', 'xlsx', 'csv')),
            state text NOT NULL CONSTRAINT ck_statement_import_state
                CHECK (state IN ('ready', 'applying', 'applied', 'undoing', 'undone', 'dropped')),
            faults jsonb NOT NULL,
            faults_total integer NOT NULL CONSTRAINT ck_statement_import_faults CHECK (faults_total >= 0),
            steps_total integer NOT NULL,
            steps_done integer NOT NULL,
            created_by uuid,
            created_at timestamptz NOT NULL,
            applied_by uuid,
            applied_at timestamptz,
            new_vnd bigint,
            moved_at timestamptz NOT NULL,
            CONSTRAINT ck_statement_import_applied CHECK ((state IN ('ready', 'dropped')) = (applied_at IS NULL)
                AND (applied_at IS NULL) = (new_vnd IS NULL)),
            CONSTRAINT ck_statement_import_four_eyes CHECK (applied_by <> created_by OR new_vnd <= 5000000),
            CONSTRAINT ck_statement_import_steps CHECK (steps_done BETWEEN 0 AND steps_total)
        );
        CREATE UNIQUE INDEX uq_statement_import_file_hash ON statement_import (file_hash)
            WHERE state NOT IN ('undone', 'dropped');
        CREATE INDEX ix_statement_import_at_work ON statement_import (moved_at) WHERE state IN ('applying', 'undoing');
        GRANT SELECT, INSERT ON statement_import TO app;
        GRANT UPDATE (state, steps_total, steps_done, applied_by, applied_at, new_vnd, moved_at)
            ON statement_import TO app;

        CREATE TABLE statement_line (
            id uuid CONSTRAINT pk_statement_line PRIMARY KEY,
            import_id uuid NOT NULL CONSTRAINT fk_statement_line_import_id REFERENCES statement_import (id),
            place integer NOT NULL,
            identity bytea NOT NULL,
            direction text NOT NULL CONSTRAINT ck_statement_line_direction CHECK (direction IN ('in', 'out')),
            amount_vnd bigint NOT NULL CONSTRAINT ck_statement_line_amount CHECK (amount_vnd > 0),
            reference text NOT NULL,
            account_enc bytea NOT NULL,
            memo_enc bytea NOT NULL,
            event_at timestamptz NOT NULL,
            seen_before boolean NOT NULL,
            state text NOT NULL CONSTRAINT ck_statement_line_state
                CHECK (state IN ('new', 'known', 'ignored', 'claimed', 'applied', 'undone', 'kept')),
            counted boolean NOT NULL,
            kept_because text CONSTRAINT ck_statement_line_kept_because
                CHECK (kept_because IN ('matched', 'confirmed', 'at_desk', 'not_handled', 'relied_on')),
            notice_id uuid CONSTRAINT fk_statement_line_notice_id REFERENCES bank_notice (id),
            undo_transfer_id uuid CONSTRAINT uq_statement_line_undo_transfer_id UNIQUE
                CONSTRAINT fk_statement_line_undo_transfer_id REFERENCES ledger_transfer (id),
            CONSTRAINT uq_statement_line_import_id_place UNIQUE (import_id, place),
            CONSTRAINT ck_statement_line_kept CHECK ((state = 'kept') = (kept_because IS NOT NULL)),
            CONSTRAINT ck_statement_line_undone CHECK ((state = 'undone') = (undo_transfer_id IS NOT NULL)),
            CONSTRAINT ck_statement_line_counted CHECK (counted = (state IN ('claimed', 'applied', 'kept')
                OR state = 'known' AND notice_id IS NOT NULL))
        );
        CREATE UNIQUE INDEX uq_statement_line_identity ON statement_line (identity) WHERE counted;
        CREATE INDEX ix_statement_line_relying ON statement_line (identity) WHERE state = 'known' AND notice_id IS NULL;
        CREATE INDEX ix_statement_line_import_state ON statement_line (import_id, state, place);
        CREATE INDEX ix_statement_line_notice_id ON statement_line (notice_id);
        GRANT SELECT, INSERT ON statement_line TO app;
        GRANT UPDATE (state, counted, kept_because, notice_id, undo_transfer_id) ON statement_line TO app;
        """
    )
