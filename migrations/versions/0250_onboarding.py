"""Versions of households; records of the doorstep."""

from alembic import op

revision = "0250"
down_revision = "0240"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _count_versions()
    _keep_evidence_of_consent()
    _take_records_of_the_doorstep()
    _raise_second_wall()
    _find_numbers_out_of_sight()


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


def _keep_evidence_of_consent() -> None:
    op.execute(
        """
        ALTER TABLE consent
            ADD COLUMN evidence_photo_id uuid,
            ADD COLUMN witness_name_enc bytea,
            ADD COLUMN said_at timestamptz,
            ADD COLUMN record_id uuid;
        """
    )


def _take_records_of_the_doorstep() -> None:
    op.execute(
        """
        CREATE TABLE doorstep_record (
            id uuid CONSTRAINT pk_doorstep_record PRIMARY KEY,
            kind text NOT NULL CONSTRAINT ck_doorstep_record_kind CHECK (kind IN ('registration', 'edit')),
            member_id uuid NOT NULL,
            commune_code text CONSTRAINT fk_doorstep_record_commune_code REFERENCES area (code),
            hamlet_code text CONSTRAINT fk_doorstep_record_hamlet_code REFERENCES area (code),
            household_id uuid CONSTRAINT fk_doorstep_record_household_id REFERENCES household (id),
            data_key_id uuid NOT NULL CONSTRAINT fk_doorstep_record_data_key_id REFERENCES data_key (id),
            content_enc bytea NOT NULL,
            content_mark bytea NOT NULL,
            attempt integer NOT NULL CONSTRAINT ck_doorstep_record_attempt CHECK (attempt BETWEEN 1 AND 10000),
            outcome text CONSTRAINT ck_doorstep_record_outcome
                CHECK (outcome IN ('stored', 'merged', 'waiting', 'refused', 'conflict')),
            refusal jsonb,
            made_at timestamptz NOT NULL,
            sent_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            handled_at timestamptz,
            seconds_spent integer,
            CONSTRAINT ck_doorstep_record_place CHECK ((hamlet_code IS NULL) = (commune_code IS NULL)),
            CONSTRAINT ck_doorstep_record_refusal CHECK (
                (refusal IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'refused')),
            CONSTRAINT ck_doorstep_record_handled CHECK ((outcome IS NULL) = (handled_at IS NULL)),
            CONSTRAINT ck_doorstep_record_household CHECK (
                outcome IS NULL OR outcome = 'refused' OR household_id IS NOT NULL)
        );
        CREATE INDEX ix_doorstep_record_member_id ON doorstep_record (member_id, id);
        CREATE INDEX ix_doorstep_record_household_id ON doorstep_record (household_id, received_at);
        CREATE INDEX ix_doorstep_record_commune_code ON doorstep_record (commune_code, received_at);
        CREATE INDEX ix_doorstep_record_data_key_id ON doorstep_record (data_key_id);
        CREATE INDEX ix_doorstep_record_refused ON doorstep_record (handled_at) WHERE outcome = 'refused';
        GRANT SELECT, INSERT ON doorstep_record TO app;
        GRANT UPDATE (
            commune_code, hamlet_code, household_id, data_key_id, content_enc, content_mark, attempt, outcome, refusal,
            made_at, sent_at, handled_at, seconds_spent
        ) ON doorstep_record TO app;

        CREATE TABLE doorstep_conflict (
            id uuid CONSTRAINT pk_doorstep_conflict PRIMARY KEY,
            record_id uuid NOT NULL CONSTRAINT fk_doorstep_conflict_record_id REFERENCES doorstep_record (id),
            household_id uuid NOT NULL CONSTRAINT fk_doorstep_conflict_household_id REFERENCES household (id),
            member_id uuid NOT NULL,
            content_mark bytea NOT NULL,
            sent_enc bytea NOT NULL,
            fields text[] NOT NULL,
            base_version integer,
            choices jsonb,
            created_at timestamptz NOT NULL,
            settled_by uuid,
            settled_at timestamptz,
            version_before integer,
            version_after integer,
            CONSTRAINT uq_doorstep_conflict_record_id_content_mark UNIQUE (record_id, content_mark),
            CONSTRAINT ck_doorstep_conflict_fields CHECK (cardinality(fields) > 0),
            CONSTRAINT ck_doorstep_conflict_settled CHECK (
                (settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL) = (choices IS NULL))
        );
        CREATE INDEX ix_doorstep_conflict_household_id ON doorstep_conflict (household_id);
        CREATE INDEX ix_doorstep_conflict_open ON doorstep_conflict (id) WHERE settled_at IS NULL;
        GRANT SELECT, INSERT ON doorstep_conflict TO app;
        GRANT UPDATE (choices, settled_by, settled_at, version_before, version_after) ON doorstep_conflict TO app;

        CREATE TABLE doorstep_photo (
            id uuid CONSTRAINT pk_doorstep_photo PRIMARY KEY,
            record_id uuid NOT NULL CONSTRAINT fk_doorstep_photo_record_id REFERENCES doorstep_record (id),
            kind text NOT NULL CONSTRAINT ck_doorstep_photo_kind CHECK (kind IN ('signature', 'house', 'paper')),
            media_type text NOT NULL CONSTRAINT ck_doorstep_photo_media_type
                CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
            size_bytes integer NOT NULL CONSTRAINT ck_doorstep_photo_size_bytes
                CHECK (size_bytes BETWEEN 1 AND 1572864),
            sha256 bytea NOT NULL CONSTRAINT ck_doorstep_photo_sha256 CHECK (length(sha256) = 32),
            data_key_id uuid NOT NULL CONSTRAINT fk_doorstep_photo_data_key_id REFERENCES data_key (id),
            received_bytes integer NOT NULL,
            created_at timestamptz NOT NULL,
            completed_at timestamptz,
            CONSTRAINT ck_doorstep_photo_received_bytes CHECK (received_bytes BETWEEN 0 AND size_bytes),
            CONSTRAINT ck_doorstep_photo_completed CHECK (completed_at IS NULL OR received_bytes = size_bytes)
        );
        CREATE INDEX ix_doorstep_photo_record_id ON doorstep_photo (record_id);
        GRANT SELECT, INSERT ON doorstep_photo TO app;
        GRANT UPDATE (received_bytes, completed_at) ON doorstep_photo TO app;
        """
    )


def _raise_second_wall() -> None:
    """A record is for who sent it and for those who reach its hamlet; what hangs on a household goes with it."""
    reach = """
        (SELECT string_to_array(current_setting('app.areas', true), ',')) && ARRAY['*', commune_code, hamlet_code]
        OR member_id = (SELECT nullif(current_setting('app.actor_id', true), '')::uuid)
    """
    op.execute(
        f"""
        ALTER TABLE doorstep_record ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON doorstep_record TO app USING ({reach}) WITH CHECK ({reach});
        CREATE POLICY owner ON doorstep_record FOR SELECT TO migrator USING (true);
        """
    )
    for table, above in (("doorstep_conflict", "household"), ("doorstep_photo", "doorstep_record")):
        op.execute(
            f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY reach ON {table} TO app
                USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                    OR EXISTS (SELECT FROM {above} WHERE {above}.id = {above.removeprefix("doorstep_")}_id))
                WITH CHECK (EXISTS (SELECT FROM {above} WHERE {above}.id = {above.removeprefix("doorstep_")}_id));
            CREATE POLICY owner ON {table} FOR SELECT TO migrator USING (true);
            """
        )


def _find_numbers_out_of_sight() -> None:
    """Whether a number is known anywhere: a yes or a no, to whoever holds its blind index, which only the program can
    make. Both are always looked up. Owned by the migrator, so it sees through the wall."""
    op.execute(
        """
        CREATE FUNCTION household_known(citizen bytea, phone bytea) RETURNS boolean
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            SELECT (SELECT EXISTS (SELECT FROM public.household WHERE citizen_index = citizen))::integer
                + (SELECT EXISTS (SELECT FROM public.household WHERE phone_index = phone))::integer > 0
        $$;
        REVOKE ALL ON FUNCTION household_known(bytea, bytea) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION household_known(bytea, bytea) TO app;
        """
    )
