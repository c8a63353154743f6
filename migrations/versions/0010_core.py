"""The ground floor: audit, data keys, idempotency keys, jobs."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0010"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("GRANT USAGE ON SCHEMA public TO app")
    op.execute("GRANT SELECT ON alembic_version TO app")  # /readyz shows the revision
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(
        """
        CREATE TABLE data_key (
            id uuid CONSTRAINT pk_data_key PRIMARY KEY,
            wrapped bytea,
            created_at timestamptz NOT NULL,
            destroyed_at timestamptz,
            CONSTRAINT ck_data_key_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
        );
        GRANT SELECT, INSERT ON data_key TO app;
        GRANT UPDATE (wrapped, destroyed_at) ON data_key TO app;

        CREATE TABLE audit_event (
            id uuid CONSTRAINT pk_audit_event PRIMARY KEY,
            at timestamptz NOT NULL,
            actor_id uuid,
            actor_label text NOT NULL,
            action text NOT NULL,
            subject_kind text NOT NULL,
            subject_id uuid NOT NULL,
            details jsonb NOT NULL,
            request_id text
        );
        CREATE INDEX ix_audit_event_subject ON audit_event (subject_kind, subject_id, id);
        CREATE INDEX ix_audit_event_actor ON audit_event (actor_id, id);
        GRANT SELECT, INSERT ON audit_event TO app;

        CREATE TABLE idempotency_record (
            scope text NOT NULL,
            key text NOT NULL,
            body_hash bytea NOT NULL,
            created_at timestamptz NOT NULL,
            status integer,
            answer_enc bytea,
            CONSTRAINT pk_idempotency_record PRIMARY KEY (scope, key)
        );
        CREATE INDEX ix_idempotency_record_created_at ON idempotency_record (created_at);
        GRANT SELECT, INSERT, DELETE ON idempotency_record TO app;
        GRANT UPDATE (status, answer_enc) ON idempotency_record TO app;
        """
    )
    _create_queue()


def _create_queue() -> None:
    """procrastinate's own schema, as the installed release ships it."""
    schema = SchemaManager.get_schema()
    if op.get_context().as_sql:
        op.execute(schema.replace(":", "\\:"))
    else:
        with op.get_bind().connection.cursor() as cursor:
            cursor.execute(schema)
    op.execute(
        """
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers TO app;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
        """
    )
