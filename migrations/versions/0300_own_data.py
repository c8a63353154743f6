"""A household and its own data: its people, what it asked about its data, links to sign in, erasure."""

from alembic import op

revision = "0300"
down_revision = "0290"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _let_households_be_erased()
    _create_members()
    _create_requests()
    _raise_second_wall()
    _create_sign_in_links()


def _let_households_be_erased() -> None:
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE household DROP CONSTRAINT ck_household_status;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE household ADD CONSTRAINT ck_household_status
            CHECK (status IN ('submitted', 'returned', 'verified', 'merged', 'erased'));
        GRANT UPDATE (number_index) ON bank_account TO app;
        GRANT UPDATE (number_index) ON welfare_account TO app;
        """
    )


def _create_members() -> None:
    """Who belongs to a household or stands in for it; sealed under its data key, so that erasing it erases them."""
    op.execute(
        """
        CREATE TABLE household_member (
            id uuid CONSTRAINT pk_household_member PRIMARY KEY,
            household_id uuid NOT NULL CONSTRAINT fk_household_member_household_id REFERENCES household (id),
            relation text NOT NULL CONSTRAINT ck_household_member_relation
                CHECK (relation IN ('head', 'spouse', 'child', 'parent', 'other', 'contact')),
            name_enc bytea NOT NULL,
            birth_year_enc bytea,
            phone_enc bytea,
            user_id uuid CONSTRAINT fk_household_member_user_id REFERENCES user_account (id),
            added_by uuid,
            added_at timestamptz NOT NULL,
            removed_by uuid,
            removed_at timestamptz,
            CONSTRAINT ck_household_member_user CHECK (user_id IS NULL OR phone_enc IS NOT NULL),
            CONSTRAINT ck_household_member_removed CHECK (removed_by IS NULL OR removed_at IS NOT NULL)
        );
        CREATE INDEX ix_household_member_household_id ON household_member (household_id, id);
        CREATE UNIQUE INDEX uq_household_member_head ON household_member (household_id)
            WHERE relation = 'head' AND removed_at IS NULL;
        CREATE INDEX ix_household_member_user_id ON household_member (user_id) WHERE user_id IS NOT NULL;
        GRANT SELECT, INSERT ON household_member TO app;
        GRANT UPDATE (name_enc, birth_year_enc, phone_enc, user_id, removed_by, removed_at) ON household_member TO app;
        """
    )


def _create_requests() -> None:
    """What a household asked about its data, with the days the law gives us. Only a second person may finish one."""
    op.execute(
        """
        CREATE TABLE privacy_request (
            id uuid CONSTRAINT pk_privacy_request PRIMARY KEY,
            household_id uuid NOT NULL CONSTRAINT fk_privacy_request_household_id REFERENCES household (id),
            commune_code text NOT NULL CONSTRAINT fk_privacy_request_commune_code REFERENCES area (code),
            kind text NOT NULL CONSTRAINT ck_privacy_request_kind CHECK (kind IN ('withdraw', 'erase')),
            purpose text,
            asked_by uuid NOT NULL,
            through_contact boolean NOT NULL,
            asked_at timestamptz NOT NULL,
            rule_from date NOT NULL,
            answer_by timestamptz NOT NULL,
            done_by timestamptz NOT NULL,
            answered_by uuid,
            answered_at timestamptz,
            answer_enc bytea,
            status text NOT NULL CONSTRAINT ck_privacy_request_status CHECK (status IN ('open', 'done', 'taken_back')),
            closed_by uuid,
            closed_at timestamptz,
            CONSTRAINT ck_privacy_request_purpose CHECK ((kind = 'withdraw') = (purpose IS NOT NULL)),
            CONSTRAINT ck_privacy_request_deadlines CHECK (asked_at < answer_by AND answer_by <= done_by),
            CONSTRAINT ck_privacy_request_answered CHECK (
                (answered_by IS NULL) = (answered_at IS NULL) AND (answer_enc IS NULL OR answered_at IS NOT NULL)),
            CONSTRAINT ck_privacy_request_closed CHECK (
                (status = 'open') = (closed_at IS NULL) AND (closed_by IS NULL) = (closed_at IS NULL)),
            CONSTRAINT ck_privacy_request_four_eyes CHECK (
                kind <> 'erase' OR status <> 'done' OR closed_by <> asked_by)
        );
        CREATE INDEX ix_privacy_request_household_id ON privacy_request (household_id, id);
        CREATE UNIQUE INDEX uq_privacy_request_open ON privacy_request (household_id, kind, purpose) NULLS NOT DISTINCT
            WHERE status = 'open';
        CREATE INDEX ix_privacy_request_waiting ON privacy_request (commune_code, done_by, id) WHERE status = 'open';
        GRANT SELECT, INSERT ON privacy_request TO app;
        GRANT UPDATE (answered_by, answered_at, answer_enc, status, closed_by, closed_at) ON privacy_request TO app;
        """
    )


def _raise_second_wall() -> None:
    for table in ("household_member", "privacy_request"):
        op.execute(
            f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY reach ON {table} TO app
                USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                    OR EXISTS (SELECT FROM household WHERE household.id = household_id))
                WITH CHECK (EXISTS (SELECT FROM household WHERE household.id = household_id));
            CREATE POLICY owner ON {table} FOR SELECT TO migrator USING (true);
            """
        )


def _create_sign_in_links() -> None:
    """A link sent by text message signs in once; only a keyed hash of its secret is kept."""
    op.execute(
        """
        CREATE TABLE sign_in_link (
            id uuid CONSTRAINT pk_sign_in_link PRIMARY KEY,
            phone_index bytea NOT NULL,
            token_hash bytea NOT NULL CONSTRAINT uq_sign_in_link_token_hash UNIQUE,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            CONSTRAINT ck_sign_in_link_period CHECK (expires_at > created_at)
        );
        CREATE INDEX ix_sign_in_link_phone_index_created_at ON sign_in_link (phone_index, created_at);
        GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON sign_in_link TO app;
        """
    )
