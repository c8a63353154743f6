"""Versions of households; records of the doorstep."""

from alembic import op

revision = "0250"
down_revision = "0240"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _count_versions()


def _count_versions() -> None:
    op.execute(
        """
        ALTER TABLE household ADD COLUMN version integer NOT NULL DEFAULT 1;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE household ADD CONSTRAINT ck_household_version CHECK (version >= 1);
        GRANT UPDATE (version) ON household TO app;

        CREATE TABLE household_version (
            household_id uuid NOT NULL CONSTRAINT fk_household_version_household_id REFERENCES household (id),
            version integer NOT NULL CONSTRAINT ck_household_version_version CHECK (version >= 1),
            fields_enc bytea NOT NULL,
            changed_by uuid,
            source text NOT NULL CONSTRAINT ck_household_version_source
                CHECK (source IN ('doorstep', 'office', 'household', 'merge')),
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_household_version PRIMARY KEY (household_id, version)
        );
        GRANT SELECT, INSERT ON household_version TO app;
        ALTER TABLE household_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON household_version TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR EXISTS (SELECT FROM household WHERE household.id = household_id))
            WITH CHECK (EXISTS (SELECT FROM household WHERE household.id = household_id));
        CREATE POLICY owner ON household_version FOR SELECT TO migrator USING (true);
        """
    )
