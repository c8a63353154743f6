"""The life of a welfare account: its steps on record, one account for one household, sheets in bulk, the roll."""

from alembic import op

revision = "0290"
down_revision = "0280"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _widen_accounts()
    _create_steps()
    _create_batches()
    _create_roll()
    _keep_roll()
    _show_active_only()


def _widen_accounts() -> None:
    """Bank and number stand with the account, so that of all open ones no two are the same.

    A bank account takes money only while its welfare account is active: the others are switched off here.
    """
    op.execute(
        """
        -- squawk-ignore adding-not-nullable-field
        ALTER TABLE welfare_account
            ADD COLUMN bin text,
            ADD COLUMN number_index bytea,
            ADD COLUMN replaces_id uuid,
            ADD COLUMN suspended_by uuid,
            ADD COLUMN suspended_at timestamptz,
            ADD COLUMN batch_id uuid;
        ALTER TABLE welfare_account NO FORCE ROW LEVEL SECURITY;
        UPDATE welfare_account SET bin = bank.bin, number_index = bank.number_index
            FROM bank_account AS bank WHERE bank.id = welfare_account.bank_account_id;
        ALTER TABLE welfare_account FORCE ROW LEVEL SECURITY;
        UPDATE bank_account SET active = false WHERE active AND payee_kind = 'welfare'
            AND EXISTS (SELECT FROM welfare_account AS account WHERE account.bank_account_id = bank_account.id)
            AND NOT EXISTS (SELECT FROM welfare_account AS account
                WHERE account.bank_account_id = bank_account.id AND account.status = 'active');
        """
    )
    op.execute(
        """
        -- squawk-ignore adding-not-nullable-field
        ALTER TABLE welfare_account ALTER COLUMN bin SET NOT NULL;
        -- squawk-ignore adding-not-nullable-field
        ALTER TABLE welfare_account ALTER COLUMN number_index SET NOT NULL;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE welfare_account DROP CONSTRAINT ck_welfare_account_status;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE welfare_account DROP CONSTRAINT ck_welfare_account_verified;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE welfare_account DROP CONSTRAINT ck_welfare_account_closed;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT ck_welfare_account_status CHECK (
            status IN ('issued', 'active', 'suspended', 'replaced', 'closed'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT ck_welfare_account_verified CHECK (
            (status NOT IN ('active', 'suspended') OR verified_by IS NOT NULL)
            AND (verified_by IS NULL) = (verified_at IS NULL));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT ck_welfare_account_closed CHECK (
            (status IN ('replaced', 'closed')) = (closed_at IS NOT NULL));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT ck_welfare_account_suspended CHECK (
            (status = 'suspended') = (suspended_at IS NOT NULL)
            AND (suspended_by IS NULL OR suspended_at IS NOT NULL));
        -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT fk_welfare_account_replaces_id
            FOREIGN KEY (replaces_id) REFERENCES welfare_account (id);
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX uq_welfare_account_open;
        -- squawk-ignore require-concurrent-index-creation
        CREATE UNIQUE INDEX uq_welfare_account_open ON welfare_account (household_id)
            WHERE status NOT IN ('closed', 'replaced');
        -- squawk-ignore require-concurrent-index-creation
        CREATE UNIQUE INDEX uq_welfare_account_number ON welfare_account (bin, number_index)
            WHERE status NOT IN ('closed', 'replaced');
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_account_household_id ON welfare_account (household_id, id);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_account_waiting ON welfare_account (id) WHERE status = 'issued';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_account_batch_id ON welfare_account (batch_id, id) WHERE batch_id IS NOT NULL;
        GRANT UPDATE (suspended_by, suspended_at) ON welfare_account TO app;
        """
    )


def _create_steps() -> None:
    """Nobody changes or takes away what happened to an account."""
    op.execute(
        """
        CREATE TABLE welfare_account_step (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_welfare_account_step PRIMARY KEY,
            account_id uuid NOT NULL
                CONSTRAINT fk_welfare_account_step_account_id REFERENCES welfare_account (id),
            household_id uuid NOT NULL CONSTRAINT fk_welfare_account_step_household_id REFERENCES household (id),
            event text NOT NULL,
            status text NOT NULL,
            by uuid,
            reason_enc bytea,
            at timestamptz NOT NULL
        );
        CREATE INDEX ix_welfare_account_step_household_id ON welfare_account_step (household_id, id);
        GRANT SELECT, INSERT ON welfare_account_step TO app;
        """
    )
    _wall("welfare_account_step")


def _create_batches() -> None:
    op.execute(
        """
        CREATE TABLE welfare_batch (
            id uuid CONSTRAINT pk_welfare_batch PRIMARY KEY,
            file_hash bytea NOT NULL,
            file_name text NOT NULL,
            communes text[] NOT NULL,
            state text NOT NULL CONSTRAINT ck_welfare_batch_state
                CHECK (state IN ('ready', 'applying', 'applied', 'verifying', 'undoing', 'undone', 'dropped')),
            faults jsonb NOT NULL,
            faults_total integer NOT NULL,
            steps_total integer NOT NULL,
            steps_done integer NOT NULL,
            created_by uuid NOT NULL,
            created_at timestamptz NOT NULL,
            working_for uuid,
            moved_at timestamptz NOT NULL
        );
        CREATE UNIQUE INDEX uq_welfare_batch_file_hash ON welfare_batch (created_by, file_hash)
            WHERE state NOT IN ('undone', 'dropped');
        CREATE INDEX ix_welfare_batch_at_work ON welfare_batch (moved_at)
            WHERE state IN ('applying', 'verifying', 'undoing');
        GRANT SELECT, INSERT ON welfare_batch TO app;
        GRANT UPDATE (state, steps_total, steps_done, working_for, moved_at) ON welfare_batch TO app;
        ALTER TABLE welfare_batch ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON welfare_batch TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR (SELECT string_to_array(current_setting('app.areas', true), ',')) && communes)
            WITH CHECK ((SELECT string_to_array(current_setting('app.areas', true), ',')) && (ARRAY['*'] || communes));
        CREATE POLICY owner ON welfare_batch FOR SELECT TO migrator USING (true);

        CREATE TABLE welfare_batch_row (
            id uuid CONSTRAINT pk_welfare_batch_row PRIMARY KEY,
            batch_id uuid NOT NULL CONSTRAINT fk_welfare_batch_row_batch_id REFERENCES welfare_batch (id),
            place integer NOT NULL,
            household_id uuid NOT NULL CONSTRAINT fk_welfare_batch_row_household_id REFERENCES household (id),
            told_enc bytea NOT NULL,
            state text NOT NULL CONSTRAINT ck_welfare_batch_row_state
                CHECK (state IN ('new', 'issued', 'refused', 'verified', 'undone', 'kept')),
            problem text,
            account_id uuid CONSTRAINT fk_welfare_batch_row_account_id REFERENCES welfare_account (id)
        );
        CREATE UNIQUE INDEX uq_welfare_batch_row_place ON welfare_batch_row (batch_id, place);
        CREATE INDEX ix_welfare_batch_row_state ON welfare_batch_row (batch_id, state, place);
        GRANT SELECT, INSERT ON welfare_batch_row TO app;
        GRANT UPDATE (state, problem, account_id) ON welfare_batch_row TO app;
        -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT fk_welfare_account_batch_id
            FOREIGN KEY (batch_id) REFERENCES welfare_batch (id);
        """
    )
    _wall("welfare_batch_row")


def _wall(table: str) -> None:
    """As for welfare_account: the commune's officers, and those who see everything."""
    op.execute(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY commune_writes ON {table} TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR EXISTS (SELECT FROM household WHERE household.id = household_id
                    AND (SELECT string_to_array(current_setting('app.areas', true), ','))
                        && ARRAY[household.commune_code]))
            WITH CHECK (EXISTS (SELECT FROM household WHERE household.id = household_id
                AND (SELECT string_to_array(current_setting('app.areas', true), ','))
                    && ARRAY['*', household.commune_code]));
        CREATE POLICY owner ON {table} FOR SELECT TO migrator USING (true);
        """
    )


def _create_roll() -> None:
    """One narrow row for each decision that counts of each verified household: counted and listed without a join.

    Only the functions below write it.
    """
    op.execute(
        """
        CREATE TABLE welfare_roll (
            poverty_status_id uuid CONSTRAINT pk_welfare_roll PRIMARY KEY
                CONSTRAINT fk_welfare_roll_poverty_status_id REFERENCES poverty_status (id),
            household_id uuid NOT NULL CONSTRAINT fk_welfare_roll_household_id REFERENCES household (id),
            commune_code text NOT NULL,
            code text NOT NULL,
            valid_from date NOT NULL,
            valid_to date NOT NULL,
            account_status text,
            covered boolean NOT NULL
        );
        CREATE INDEX ix_welfare_roll_household_id ON welfare_roll (household_id);
        CREATE INDEX ix_welfare_roll_commune_code ON welfare_roll (
            commune_code, valid_to, valid_from, account_status);
        CREATE INDEX ix_welfare_roll_missing ON welfare_roll (commune_code, code) WHERE NOT covered;
        GRANT SELECT ON welfare_roll TO app;
        ALTER TABLE welfare_roll ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON welfare_roll FOR SELECT TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR commune_code = ANY ((SELECT string_to_array(current_setting('app.areas', true), ','))::text[]));
        CREATE POLICY owner ON welfare_roll TO migrator USING (true) WITH CHECK (true);
        CREATE POLICY owner_locks ON household FOR UPDATE TO migrator USING (true);
        """
    )


def _keep_roll() -> None:
    """Whoever changes a household's status or commune, its decisions or its account, keeps the roll with it.

    The household's row is locked first: of two that change it at once, the second sees what the first did.
    """
    op.execute(
        """
        CREATE FUNCTION refresh_welfare_roll(changed uuid[]) RETURNS void
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            PERFORM FROM household WHERE id = ANY (changed) ORDER BY id FOR NO KEY UPDATE;
            DELETE FROM welfare_roll WHERE household_id = ANY (changed);
            INSERT INTO welfare_roll
            SELECT decision.id, household.id, household.commune_code, household.code, decision.valid_from,
                decision.valid_to, account.status, coalesce(account.status = 'active', false)
            FROM household
            JOIN poverty_status AS decision ON decision.household_id = household.id AND decision.revoked_at IS NULL
            LEFT JOIN welfare_account AS account
                ON account.household_id = household.id AND account.status NOT IN ('closed', 'replaced')
            WHERE household.id = ANY (changed) AND household.status = 'verified';
        END $$;
        REVOKE ALL ON FUNCTION refresh_welfare_roll(uuid[]) FROM PUBLIC;

        CREATE FUNCTION keep_welfare_roll() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE changed_ids uuid[];
        BEGIN
            SELECT array_agg(DISTINCT household_id) INTO changed_ids FROM changed;
            IF changed_ids IS NOT NULL THEN
                PERFORM refresh_welfare_roll(changed_ids);
            END IF;
            RETURN NULL;
        END $$;
        REVOKE ALL ON FUNCTION keep_welfare_roll() FROM PUBLIC;

        CREATE FUNCTION keep_welfare_roll_of_household() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            IF EXISTS (SELECT FROM poverty_status WHERE household_id = NEW.id) THEN
                PERFORM refresh_welfare_roll(ARRAY[NEW.id]);
            END IF;
            RETURN NULL;
        END $$;
        REVOKE ALL ON FUNCTION keep_welfare_roll_of_household() FROM PUBLIC;

        CREATE TRIGGER keep_welfare_roll AFTER UPDATE OF status, commune_code ON household
            FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status
                OR OLD.commune_code IS DISTINCT FROM NEW.commune_code)
            EXECUTE FUNCTION keep_welfare_roll_of_household();
        """
    )
    for table in ("poverty_status", "welfare_account"):
        for act in ("INSERT", "UPDATE"):
            op.execute(
                f"""
                CREATE TRIGGER keep_welfare_roll_{act.lower()} AFTER {act} ON {table}
                    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_welfare_roll();
                """
            )
    op.execute("SELECT refresh_welfare_roll(array_agg(household_id)) FROM poverty_status HAVING count(*) > 0")


def _show_active_only() -> None:
    """As in 0070, with the one open account of today's states."""
    op.execute(
        """
        CREATE OR REPLACE VIEW welfare_public AS
        SELECT profile.code, profile.commune_code, poverty.class AS poverty_class, profile.need, profile.payee_id,
            coalesce((
                SELECT consent.given FROM consent
                WHERE consent.household_id = profile.household_id AND consent.purpose = 'direct_gift'
                ORDER BY consent.id DESC LIMIT 1), false) AS direct,
            poverty.valid_from, poverty.valid_to
        FROM welfare_profile AS profile
        CROSS JOIN LATERAL (
            SELECT status.class, status.valid_from, status.valid_to FROM poverty_status AS status
            WHERE status.household_id = profile.household_id AND status.revoked_at IS NULL
            OFFSET 0) AS poverty
        WHERE (
            SELECT account.status = 'active' FROM welfare_account AS account
            WHERE account.household_id = profile.household_id AND account.status NOT IN ('closed', 'replaced'))
        AND (SELECT household.status = 'verified' FROM household WHERE household.id = profile.household_id)
        AND (
            SELECT consent.given FROM consent
            WHERE consent.household_id = profile.household_id AND consent.purpose = 'gift_page'
            ORDER BY consent.id DESC LIMIT 1);
        """
    )
