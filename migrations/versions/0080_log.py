"""The public log: leaves, tree nodes, signed checkpoints. The `app` role can add to it and never rewrite it."""

from alembic import op

revision = "0080"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE log_leaf (
            id uuid CONSTRAINT pk_log_leaf PRIMARY KEY,
            seq bigint CONSTRAINT uq_log_leaf_seq UNIQUE
                CONSTRAINT ck_log_leaf_seq_not_negative CHECK (seq >= 0),
            kind text NOT NULL,
            subject_id uuid NOT NULL,
            code text NOT NULL,
            leaf bytea NOT NULL CONSTRAINT ck_log_leaf_leaf_length CHECK (octet_length(leaf) BETWEEN 1 AND 65535),
            leaf_hash bytea NOT NULL CONSTRAINT ck_log_leaf_leaf_hash_length CHECK (octet_length(leaf_hash) = 32),
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT uq_log_leaf_kind_subject_id UNIQUE (kind, subject_id)
        );
        CREATE INDEX ix_log_leaf_code ON log_leaf (code);
        CREATE INDEX ix_log_leaf_pending ON log_leaf (id) WHERE seq IS NULL;
        GRANT SELECT, INSERT (id, kind, subject_id, code, leaf, leaf_hash, created_at), UPDATE (seq) ON log_leaf TO app;

        CREATE TABLE log_node (
            level bigint NOT NULL CONSTRAINT ck_log_node_level_range CHECK (level BETWEEN 0 AND 63),
            index bigint NOT NULL CONSTRAINT ck_log_node_index_not_negative CHECK (index >= 0),
            hash bytea NOT NULL CONSTRAINT ck_log_node_hash_length CHECK (octet_length(hash) = 32),
            CONSTRAINT pk_log_node PRIMARY KEY (level, index)
        );
        GRANT SELECT, INSERT ON log_node TO app;

        CREATE TABLE log_checkpoint (
            size bigint CONSTRAINT pk_log_checkpoint PRIMARY KEY
                CONSTRAINT ck_log_checkpoint_size_positive CHECK (size > 0),
            root bytea NOT NULL CONSTRAINT ck_log_checkpoint_root_length CHECK (octet_length(root) = 32),
            note text NOT NULL,
            created_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT ON log_checkpoint TO app;
        """
    )
    op.execute(
        """
        CREATE FUNCTION log_leaf_place_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'leaf % has its place in the log and keeps it', OLD.id USING ERRCODE = 'check_violation';
        END $$;
        CREATE TRIGGER log_leaf_place_is_final BEFORE UPDATE ON log_leaf
            FOR EACH ROW WHEN (OLD.seq IS NOT NULL) EXECUTE FUNCTION log_leaf_place_is_final();

        CREATE FUNCTION log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM log_checkpoint WHERE size >= NEW.size) THEN
                RAISE EXCEPTION 'a tree of % leaves was signed before', NEW.size USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER log_only_grows BEFORE INSERT ON log_checkpoint
            FOR EACH ROW EXECUTE FUNCTION log_only_grows();
        """
    )
