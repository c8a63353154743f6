"""Places: cashless markets, stalls, stall sales. All public but the money, which the requests of a sale tell."""

from alembic import op

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE market (
            id uuid CONSTRAINT pk_market PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_market_code UNIQUE,
            name text NOT NULL CONSTRAINT ck_market_name_length CHECK (char_length(name) BETWEEN 3 AND 120),
            commune_code text NOT NULL,
            latitude double precision CONSTRAINT ck_market_latitude_range CHECK (latitude BETWEEN -90 AND 90),
            longitude double precision CONSTRAINT ck_market_longitude_range CHECK (longitude BETWEEN -180 AND 180),
            meeting_rule text NOT NULL
                CONSTRAINT ck_market_meeting_rule_length CHECK (char_length(meeting_rule) BETWEEN 1 AND 200),
            status text NOT NULL CONSTRAINT ck_market_status CHECK (status IN ('open', 'closed')),
            created_at timestamptz NOT NULL,
            CONSTRAINT uq_market_commune_code_name UNIQUE (commune_code, name),
            CONSTRAINT ck_market_whole_point CHECK ((latitude IS NULL) = (longitude IS NULL))
        );
        GRANT SELECT, INSERT, UPDATE (name, meeting_rule, status) ON market TO app;

        CREATE TABLE stall (
            id uuid CONSTRAINT pk_stall PRIMARY KEY,
            code text NOT NULL CONSTRAINT uq_stall_code UNIQUE,
            market_id uuid NOT NULL CONSTRAINT fk_stall_market_id REFERENCES market (id),
            shop_id uuid NOT NULL CONSTRAINT fk_stall_shop_id REFERENCES shop (id),
            number text NOT NULL CONSTRAINT ck_stall_number_length CHECK (char_length(number) BETWEEN 1 AND 12),
            name text NOT NULL CONSTRAINT ck_stall_name_length CHECK (char_length(name) BETWEEN 3 AND 80),
            terminal_code text NOT NULL
                CONSTRAINT ck_stall_terminal_code_form CHECK (terminal_code ~ '^[0-9A-Z]{1,25}$'),
            assigned_from timestamptz NOT NULL,
            assigned_to timestamptz,
            CONSTRAINT ck_stall_assigned_period CHECK (assigned_to > assigned_from)
        );
        CREATE UNIQUE INDEX uq_stall_market_id_number ON stall (market_id, number) WHERE assigned_to IS NULL;
        CREATE UNIQUE INDEX uq_stall_market_id_terminal_code ON stall (market_id, terminal_code)
            WHERE assigned_to IS NULL;
        CREATE INDEX ix_stall_shop_id ON stall (shop_id);
        GRANT SELECT, INSERT, UPDATE (assigned_to) ON stall TO app;

        CREATE TABLE stall_sale (
            id uuid CONSTRAINT pk_stall_sale PRIMARY KEY,
            stall_id uuid NOT NULL CONSTRAINT fk_stall_sale_stall_id REFERENCES stall (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_stall_sale_amount_positive CHECK (amount_vnd > 0),
            status text NOT NULL CONSTRAINT ck_stall_sale_status CHECK (status IN ('asked', 'paid', 'expired')),
            standing boolean NOT NULL,
            idempotency_key text,
            created_at timestamptz NOT NULL,
            paid_at timestamptz,
            CONSTRAINT uq_stall_sale_stall_id_idempotency_key UNIQUE (stall_id, idempotency_key),
            CONSTRAINT ck_stall_sale_paid_at CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
            CONSTRAINT ck_stall_sale_standing_is_paid CHECK (NOT standing OR status = 'paid'),
            CONSTRAINT ck_stall_sale_asked_has_key CHECK (standing = (idempotency_key IS NULL))
        );
        CREATE INDEX ix_stall_sale_stall_id_id ON stall_sale (stall_id, id);
        GRANT SELECT, INSERT, UPDATE (status, paid_at) ON stall_sale TO app;
        """
    )
