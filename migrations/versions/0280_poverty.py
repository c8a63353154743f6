"""The yearly poverty decision as an import: a batch, its rows, what it wrote and took back; two people on each."""

from alembic import op

revision = "0280"
down_revision = "0270"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_imports()
    _name_the_batch()
    _raise_second_wall()


def _create_imports() -> None:
    op.execute(
        """
        CREATE TABLE poverty_import (
            id uuid CONSTRAINT pk_poverty_import PRIMARY KEY,
            area_code text NOT NULL,
            file_hash bytea NOT NULL,
            file_name text NOT NULL,
            data_key_id uuid NOT NULL CONSTRAINT fk_poverty_import_data_key_id REFERENCES data_key (id),
            layout_enc bytea NOT NULL,
            headings_mark bytea NOT NULL,
            state text NOT NULL CONSTRAINT ck_poverty_import_state CHECK (state IN
                ('uploaded', 'reading', 'ready', 'applying', 'applied', 'undoing', 'undone', 'dropped')),
            columns jsonb,
            decision_number text,
            year integer,
            valid_from date,
            valid_to date,
            whole_list boolean NOT NULL,
            steps_total integer NOT NULL,
            steps_done integer NOT NULL,
            skipped integer NOT NULL,
            read_again boolean NOT NULL,
            created_by uuid NOT NULL,
            created_at timestamptz NOT NULL,
            approved_by uuid,
            approved_at timestamptz,
            undone_by uuid,
            moved_at timestamptz NOT NULL,
            destroyed_at timestamptz,
            CONSTRAINT ck_poverty_import_four_eyes CHECK (approved_by <> created_by),
            CONSTRAINT ck_poverty_import_approved CHECK (
                (state IN ('applying', 'applied', 'undoing', 'undone')) = (approved_by IS NOT NULL)
                AND (approved_by IS NULL) = (approved_at IS NULL)),
            CONSTRAINT ck_poverty_import_undone CHECK ((state IN ('undoing', 'undone')) = (undone_by IS NOT NULL)),
            CONSTRAINT ck_poverty_import_decision CHECK (state IN ('uploaded', 'dropped') OR (
                columns IS NOT NULL AND decision_number IS NOT NULL AND year IS NOT NULL AND valid_from IS NOT NULL
                AND valid_to IS NOT NULL)),
            CONSTRAINT ck_poverty_import_validity CHECK (valid_from <= valid_to),
            CONSTRAINT ck_poverty_import_whole_list CHECK (NOT whole_list OR area_code <> '*'),
            CONSTRAINT ck_poverty_import_steps CHECK (steps_done BETWEEN 0 AND steps_total)
        );
        CREATE UNIQUE INDEX uq_poverty_import_file_hash ON poverty_import (area_code, file_hash)
            WHERE state NOT IN ('undone', 'dropped');
        CREATE INDEX ix_poverty_import_area_code ON poverty_import (area_code, id);
        CREATE INDEX ix_poverty_import_at_work ON poverty_import (moved_at)
            WHERE state IN ('reading', 'applying', 'undoing');
        CREATE INDEX ix_poverty_import_kept ON poverty_import (moved_at) WHERE destroyed_at IS NULL;
        GRANT SELECT, INSERT ON poverty_import TO app;
        GRANT UPDATE (state, columns, decision_number, year, valid_from, valid_to, whole_list, steps_total, steps_done,
            skipped, read_again, approved_by, approved_at, undone_by, moved_at, destroyed_at) ON poverty_import TO app;

        CREATE TABLE poverty_import_file (
            import_id uuid CONSTRAINT pk_poverty_import_file PRIMARY KEY
                CONSTRAINT fk_poverty_import_file_import_id REFERENCES poverty_import (id),
            file_enc bytea NOT NULL
        );
        GRANT SELECT, INSERT, DELETE ON poverty_import_file TO app;

        CREATE TABLE poverty_import_row (
            import_id uuid NOT NULL CONSTRAINT fk_poverty_import_row_import_id REFERENCES poverty_import (id),
            place integer NOT NULL,
            kind text NOT NULL CONSTRAINT ck_poverty_import_row_kind CHECK (kind IN
                ('new', 'continuing', 'changed', 'same', 'ending', 'error')),
            household_id uuid CONSTRAINT fk_poverty_import_row_household_id REFERENCES household (id),
            class text CONSTRAINT ck_poverty_import_row_class CHECK (class IN ('poor', 'near_poor')),
            year integer,
            decision_number text,
            valid_from date,
            valid_to date,
            ends_on date,
            faults jsonb NOT NULL,
            cells_enc bytea,
            CONSTRAINT pk_poverty_import_row PRIMARY KEY (import_id, place),
            CONSTRAINT ck_poverty_import_row_household CHECK (kind = 'error' OR household_id IS NOT NULL),
            CONSTRAINT ck_poverty_import_row_decision CHECK (kind IN ('error', 'ending')
                OR ends_on IS NOT NULL OR (class IS NOT NULL AND year IS NOT NULL
                AND decision_number IS NOT NULL AND valid_from <= valid_to)),
            CONSTRAINT ck_poverty_import_row_ending CHECK (kind <> 'ending' OR ends_on IS NOT NULL)
        );
        CREATE UNIQUE INDEX uq_poverty_import_row_household ON poverty_import_row (import_id, household_id)
            WHERE kind <> 'error';
        CREATE INDEX ix_poverty_import_row_kind ON poverty_import_row (import_id, kind, place);
        GRANT SELECT, INSERT, DELETE ON poverty_import_row TO app;

        CREATE TABLE poverty_import_effect (
            import_id uuid NOT NULL CONSTRAINT fk_poverty_import_effect_import_id REFERENCES poverty_import (id),
            status_id uuid NOT NULL CONSTRAINT fk_poverty_import_effect_status_id REFERENCES poverty_status (id),
            added boolean NOT NULL,
            kept boolean NOT NULL,
            CONSTRAINT pk_poverty_import_effect PRIMARY KEY (import_id, status_id)
        );
        CREATE INDEX ix_poverty_import_effect_status_id ON poverty_import_effect (status_id);
        GRANT SELECT, INSERT ON poverty_import_effect TO app;
        GRANT UPDATE (kept) ON poverty_import_effect TO app;

        CREATE TABLE poverty_columns (
            area_code text NOT NULL,
            headings_mark bytea NOT NULL,
            columns jsonb NOT NULL,
            confirmed_by uuid NOT NULL,
            confirmed_at timestamptz NOT NULL,
            CONSTRAINT pk_poverty_columns PRIMARY KEY (area_code, headings_mark)
        );
        GRANT SELECT, INSERT ON poverty_columns TO app;
        GRANT UPDATE (columns, confirmed_by, confirmed_at) ON poverty_columns TO app;
        """
    )


def _name_the_batch() -> None:
    """A decision that came by a batch names it and the second person; earlier ones have neither."""
    op.execute(
        """
        ALTER TABLE poverty_status ADD COLUMN import_id uuid;
        ALTER TABLE poverty_status ADD COLUMN approved_by uuid;
        -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
        ALTER TABLE poverty_status ADD CONSTRAINT fk_poverty_status_import_id
            FOREIGN KEY (import_id) REFERENCES poverty_import (id);
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE poverty_status ADD CONSTRAINT ck_poverty_status_four_eyes CHECK (approved_by <> recorded_by);
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE poverty_status ADD CONSTRAINT ck_poverty_status_approved
            CHECK (import_id IS NULL OR approved_by IS NOT NULL);
        """
    )


def _raise_second_wall() -> None:
    """A batch belongs to its commune, or to those who see all of them; its rows go with it."""
    op.execute(
        """
        ALTER TABLE poverty_import ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON poverty_import TO app
            USING ((SELECT string_to_array(current_setting('app.areas', true), ',')) && ARRAY['*', area_code])
            WITH CHECK ((SELECT string_to_array(current_setting('app.areas', true), ',')) && ARRAY['*', area_code]);
        CREATE POLICY owner ON poverty_import FOR SELECT TO migrator USING (true);

        ALTER TABLE poverty_columns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON poverty_columns TO app
            USING ((SELECT string_to_array(current_setting('app.areas', true), ',')) && ARRAY['*', area_code])
            WITH CHECK ((SELECT string_to_array(current_setting('app.areas', true), ',')) && ARRAY['*', area_code]);
        CREATE POLICY owner ON poverty_columns FOR SELECT TO migrator USING (true);
        """
    )
    for table in ("poverty_import_file", "poverty_import_row", "poverty_import_effect"):
        op.execute(
            f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY reach ON {table} TO app
                USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                    OR EXISTS (SELECT FROM poverty_import WHERE poverty_import.id = import_id))
                WITH CHECK (EXISTS (SELECT FROM poverty_import WHERE poverty_import.id = import_id));
            CREATE POLICY owner ON {table} FOR SELECT TO migrator USING (true);
            """
        )
