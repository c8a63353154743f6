"""Identity: people, their roles, one-time codes, tries to sign in, text messages to send."""

from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE user_account (
            id uuid CONSTRAINT pk_user_account PRIMARY KEY,
            data_key_id uuid NOT NULL CONSTRAINT fk_user_account_data_key_id REFERENCES data_key (id),
            phone_enc bytea NOT NULL,
            phone_index bytea NOT NULL CONSTRAINT uq_user_account_phone_index UNIQUE,
            display_name text NOT NULL
                CONSTRAINT ck_user_account_display_name CHECK (length(display_name) BETWEEN 1 AND 120),
            password_hash text,
            fs_uniquifier text NOT NULL CONSTRAINT uq_user_account_fs_uniquifier UNIQUE,
            active boolean NOT NULL,
            totp_enc bytea,
            totp_confirmed_at timestamptz,
            totp_last_step bigint,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_user_account_totp CHECK (totp_confirmed_at IS NULL OR totp_enc IS NOT NULL)
        );
        GRANT SELECT, INSERT ON user_account TO app;
        GRANT UPDATE (phone_enc, phone_index, display_name, password_hash, fs_uniquifier, active, totp_enc,
            totp_confirmed_at, totp_last_step) ON user_account TO app;

        CREATE TABLE role_grant (
            id uuid CONSTRAINT pk_role_grant PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_role_grant_user_id REFERENCES user_account (id),
            role text NOT NULL CONSTRAINT ck_role_grant_role CHECK (role IN
                ('household', 'team_member', 'commune_officer', 'province_operator', 'finance', 'auditor')),
            area_code text,
            household_id uuid,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            granted_by uuid CONSTRAINT fk_role_grant_granted_by REFERENCES user_account (id),
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_role_grant_scope CHECK (CASE WHEN role = 'household'
                THEN household_id IS NOT NULL AND area_code IS NULL
                ELSE household_id IS NULL AND area_code IS NOT NULL END),
            CONSTRAINT ck_role_grant_period CHECK (valid_to >= valid_from),
            CONSTRAINT ck_role_grant_not_to_oneself CHECK (granted_by <> user_id)
        );
        CREATE INDEX ix_role_grant_user_id ON role_grant (user_id);
        CREATE UNIQUE INDEX uq_role_grant_open_area ON role_grant (user_id, role, area_code)
            WHERE valid_to IS NULL AND area_code IS NOT NULL;
        CREATE UNIQUE INDEX uq_role_grant_open_household ON role_grant (household_id, user_id)
            WHERE valid_to IS NULL AND household_id IS NOT NULL;
        GRANT SELECT, INSERT, UPDATE (valid_to) ON role_grant TO app;

        CREATE TABLE one_time_code (
            id uuid CONSTRAINT pk_one_time_code PRIMARY KEY,
            phone_index bytea NOT NULL,
            code_hash bytea NOT NULL,
            tries integer NOT NULL CONSTRAINT ck_one_time_code_tries CHECK (tries BETWEEN 0 AND 5),
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            CONSTRAINT ck_one_time_code_period CHECK (expires_at > created_at)
        );
        CREATE INDEX ix_one_time_code_phone_index_created_at ON one_time_code (phone_index, created_at);
        GRANT SELECT, INSERT, DELETE, UPDATE (tries, used_at) ON one_time_code TO app;

        CREATE TABLE sign_in_try (
            id uuid CONSTRAINT pk_sign_in_try PRIMARY KEY,
            phone_index bytea NOT NULL,
            kind text NOT NULL CONSTRAINT ck_sign_in_try_kind CHECK (kind IN ('password', 'totp')),
            at timestamptz NOT NULL
        );
        CREATE INDEX ix_sign_in_try_phone_index_kind_at ON sign_in_try (phone_index, kind, at);
        GRANT SELECT, INSERT, DELETE ON sign_in_try TO app;

        CREATE TABLE sms_message (
            id uuid CONSTRAINT pk_sms_message PRIMARY KEY,
            data_key_id uuid NOT NULL CONSTRAINT fk_sms_message_data_key_id REFERENCES data_key (id),
            to_enc bytea NOT NULL,
            text_enc bytea NOT NULL,
            status text NOT NULL
                CONSTRAINT ck_sms_message_status CHECK (status IN ('queued', 'sent', 'failed', 'withheld')),
            provider_id text,
            created_at timestamptz NOT NULL,
            not_after timestamptz NOT NULL,
            sent_at timestamptz,
            CONSTRAINT ck_sms_message_sent CHECK ((status = 'sent') = (sent_at IS NOT NULL))
        );
        CREATE INDEX ix_sms_message_created_at ON sms_message (created_at);
        GRANT SELECT, INSERT, UPDATE (status, provider_id, sent_at) ON sms_message TO app;
        """
    )
