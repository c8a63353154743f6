"""The province's page reads counts that a job takes."""

from alembic import op

revision = "0320"
down_revision = "0310"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE commune_week (
            commune_code text NOT NULL CONSTRAINT fk_commune_week_commune_code REFERENCES area (code),
            week date NOT NULL,
            registered integer NOT NULL,
            verified integer NOT NULL,
            selling integer NOT NULL,
            CONSTRAINT pk_commune_week PRIMARY KEY (commune_code, week)
        );
        CREATE TABLE commune_now (
            commune_code text CONSTRAINT pk_commune_now PRIMARY KEY
                CONSTRAINT fk_commune_now_commune_code REFERENCES area (code),
            eligible integer NOT NULL,
            with_account integer NOT NULL,
            members integer NOT NULL,
            active_members integer NOT NULL,
            visits integer NOT NULL,
            taken_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON commune_week, commune_now TO app;
        """
    )
