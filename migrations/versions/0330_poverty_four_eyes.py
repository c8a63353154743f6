"""A decision about one household is a list of one row: two people wrote every decision that counts."""

from alembic import op

revision = "0330"
down_revision = "0320"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _name_the_household()
    _demand_two_people()


def _name_the_household() -> None:
    """At most one decision of a household waits in its commune; the index also finds it for the household's page."""
    op.execute(
        """
        ALTER TABLE poverty_import ADD COLUMN household_id uuid;
        -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
        ALTER TABLE poverty_import ADD CONSTRAINT fk_poverty_import_household_id
            FOREIGN KEY (household_id) REFERENCES household (id);
        -- squawk-ignore require-concurrent-index-creation
        CREATE UNIQUE INDEX uq_poverty_import_household_id ON poverty_import (household_id, area_code)
            WHERE state IN ('ready', 'applying');
        """
    )


def _demand_two_people() -> None:
    """Decisions that one person wrote before run out on their day, so a trigger, not a constraint, says it of new ones.

    Who recorded and who approved a decision of a list are the two of that list; `ck_poverty_import_four_eyes` and
    `ck_poverty_status_four_eyes` say that they differ.
    """
    op.execute(
        """
        -- squawk-ignore constraint-missing-not-valid, disallowed-unique-constraint
        ALTER TABLE poverty_import ADD CONSTRAINT uq_poverty_import_people UNIQUE (id, created_by, approved_by);
        -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
        ALTER TABLE poverty_status ADD CONSTRAINT fk_poverty_status_people
            FOREIGN KEY (import_id, recorded_by, approved_by)
            REFERENCES poverty_import (id, created_by, approved_by);
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE poverty_status DROP CONSTRAINT ck_poverty_status_approved;
        CREATE FUNCTION demand_two_people() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        BEGIN
            RAISE EXCEPTION 'a decision counts once a second person approved it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'poverty_status_two_people', TABLE = TG_TABLE_NAME;
        END $$;
        CREATE TRIGGER two_people BEFORE INSERT OR UPDATE ON poverty_status
            FOR EACH ROW WHEN (NEW.revoked_at IS NULL AND NEW.approved_by IS NULL)
            EXECUTE FUNCTION demand_two_people();
        """
    )
