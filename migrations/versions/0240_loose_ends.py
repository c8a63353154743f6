"""A held notice may be called the same money as one that counts; lines of returned payouts name their payout."""

from alembic import op

revision = "0240"
down_revision = "0230"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE desk_action DROP CONSTRAINT ck_desk_action_kind;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE desk_action ADD CONSTRAINT ck_desk_action_kind
            CHECK (kind IN ('attach', 'return_to_sender', 'keep_as_credit', 'same_money'));

        -- A held notice is the same money as the one that it resembles, or nothing is said.
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE bank_notice DROP CONSTRAINT ck_bank_notice_same_as;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE bank_notice ADD CONSTRAINT ck_bank_notice_same_as CHECK (
            CASE outcome WHEN 'known' THEN same_as IS NOT NULL
                         WHEN 'unmatched' THEN same_as IS NULL OR same_as IS NOT DISTINCT FROM resembles
                         ELSE same_as IS NULL END);

        ALTER TABLE statement_line ADD COLUMN payout_id uuid
            -- squawk-ignore adding-foreign-key-constraint
            CONSTRAINT fk_statement_line_payout_id REFERENCES payout (id);
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE statement_line ADD CONSTRAINT ck_statement_line_payout
            CHECK (payout_id IS NULL OR state = 'ours');
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_statement_line_payout_id ON statement_line (payout_id) WHERE payout_id IS NOT NULL;
        """
    )
