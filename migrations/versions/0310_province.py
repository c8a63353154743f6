"""Areas over time: units begin and end, and a reform is planned, approved and carried out."""

from alembic import op

revision = "0310"
down_revision = "0300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE area ADD COLUMN valid_from date NOT NULL DEFAULT '2025-07-01';
        ALTER TABLE area ADD COLUMN valid_to date;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE area ADD CONSTRAINT ck_area_validity CHECK (valid_to >= valid_from - 1);
        ALTER TABLE area_change ADD COLUMN changed_on date NOT NULL DEFAULT '2025-07-01';
        ALTER TABLE area_change ADD COLUMN decision_number text NOT NULL DEFAULT '';

        CREATE TABLE area_reform (
            id uuid CONSTRAINT pk_area_reform PRIMARY KEY,
            decision_number text NOT NULL CONSTRAINT ck_area_reform_decision_number
                CHECK (length(decision_number) BETWEEN 1 AND 60),
            effective_on date NOT NULL,
            plan jsonb NOT NULL,
            state text NOT NULL CONSTRAINT ck_area_reform_state
                CHECK (state IN ('planned', 'approved', 'applied', 'withdrawn')),
            planned_by uuid NOT NULL,
            planned_at timestamptz NOT NULL,
            approved_by uuid,
            approved_at timestamptz,
            applied_at timestamptz,
            CONSTRAINT ck_area_reform_four_eyes CHECK (approved_by <> planned_by),
            CONSTRAINT ck_area_reform_approved CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
            CONSTRAINT ck_area_reform_approved_first
                CHECK (state NOT IN ('approved', 'applied') OR approved_by IS NOT NULL),
            CONSTRAINT ck_area_reform_applied CHECK ((state = 'applied') = (applied_at IS NOT NULL))
        );
        CREATE INDEX ix_area_reform_due ON area_reform (effective_on) WHERE state = 'approved';
        GRANT SELECT, INSERT ON area_reform TO app;
        GRANT UPDATE (state, approved_by, approved_at, applied_at) ON area_reform TO app;
        """
    )
    # A reform changes where things lie, in every table that says so.
    for table in ("doorstep_record", "lesson"):
        op.execute(f"GRANT UPDATE (hamlet_code, commune_code) ON {table} TO app")
    for table in (
        "welfare_profile",
        "back_check",
        "field_sign",
        "team_leader",
        "privacy_request",
        "shop",
        "product",
        "market",
    ):
        op.execute(f"GRANT UPDATE (commune_code) ON {table} TO app")
