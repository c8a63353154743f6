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
        """
    )
