"""The ledger: accounts, append-only transfers and entries, and the triggers that refuse an unbalanced set."""

from alembic import op

revision = "0030"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE ledger_account (
            id uuid CONSTRAINT pk_ledger_account PRIMARY KEY,
            kind text NOT NULL
                CONSTRAINT ck_ledger_account_kind
                CHECK (kind IN ('outside_bank', 'outside_card', 'suspense', 'received', 'payable')),
            owner_id text NOT NULL,
            may_go_negative boolean NOT NULL,
            balance_vnd bigint,
            pending_in_vnd bigint NOT NULL,
            pending_out_vnd bigint NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT uq_ledger_account_kind_owner_id UNIQUE (kind, owner_id),
            CONSTRAINT ck_ledger_account_overdraft
                CHECK (may_go_negative OR balance_vnd IS NULL OR balance_vnd >= pending_out_vnd),
            CONSTRAINT ck_ledger_account_pending CHECK (pending_out_vnd >= 0 AND pending_in_vnd >= 0)
        );

        CREATE TABLE ledger_transfer (
            id uuid CONSTRAINT pk_ledger_transfer PRIMARY KEY,
            kind text NOT NULL
                CONSTRAINT ck_ledger_transfer_kind
                CHECK (kind IN ('posted', 'pending', 'post_pending', 'void_pending', 'expire_pending')),
            from_account_id uuid NOT NULL
                CONSTRAINT fk_ledger_transfer_from_account_id REFERENCES ledger_account (id),
            to_account_id uuid NOT NULL
                CONSTRAINT fk_ledger_transfer_to_account_id REFERENCES ledger_account (id),
            amount_vnd bigint NOT NULL,
            pending_id uuid CONSTRAINT fk_ledger_transfer_pending_id REFERENCES ledger_transfer (id),
            reverses_id uuid CONSTRAINT fk_ledger_transfer_reverses_id REFERENCES ledger_transfer (id),
            purpose_kind text,
            purpose_id uuid,
            event_at timestamptz NOT NULL,
            expires_at timestamptz,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_ledger_transfer_amount CHECK (amount_vnd >= 0),
            CONSTRAINT ck_ledger_transfer_money CHECK (amount_vnd > 0 OR kind IN ('void_pending', 'expire_pending')),
            CONSTRAINT ck_ledger_transfer_two_accounts CHECK (from_account_id <> to_account_id),
            CONSTRAINT ck_ledger_transfer_resolution
                CHECK ((pending_id IS NOT NULL) = (kind IN ('post_pending', 'void_pending', 'expire_pending'))),
            CONSTRAINT ck_ledger_transfer_expiry CHECK (expires_at IS NULL OR kind = 'pending')
        );
        CREATE INDEX ix_ledger_transfer_purpose ON ledger_transfer (purpose_kind, purpose_id);
        CREATE UNIQUE INDEX uq_ledger_transfer_pending_id ON ledger_transfer (pending_id) WHERE pending_id IS NOT NULL;
        CREATE UNIQUE INDEX uq_ledger_transfer_reverses_id
            ON ledger_transfer (reverses_id) WHERE reverses_id IS NOT NULL;
        CREATE INDEX ix_ledger_transfer_expires_at ON ledger_transfer (expires_at) WHERE expires_at IS NOT NULL;

        CREATE TABLE ledger_entry (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_ledger_entry PRIMARY KEY,
            transfer_id uuid NOT NULL CONSTRAINT fk_ledger_entry_transfer_id REFERENCES ledger_transfer (id),
            account_id uuid NOT NULL CONSTRAINT fk_ledger_entry_account_id REFERENCES ledger_account (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_ledger_entry_amount CHECK (amount_vnd <> 0),
            balance_before_vnd bigint,
            balance_after_vnd bigint,
            created_at timestamptz NOT NULL,
            CONSTRAINT uq_ledger_entry_transfer_id_account_id UNIQUE (transfer_id, account_id),
            CONSTRAINT ck_ledger_entry_balances CHECK (
                (balance_before_vnd IS NULL AND balance_after_vnd IS NULL)
                OR balance_after_vnd = balance_before_vnd + amount_vnd
            )
        );
        CREATE INDEX ix_ledger_entry_account_id_id ON ledger_entry (account_id, id);

        CREATE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            the_transfer ledger_transfer;
            wanted integer;
            fitting integer;
            present integer;
        BEGIN
            IF TG_TABLE_NAME = 'ledger_transfer' THEN
                the_transfer := NEW;
            ELSE
                SELECT * INTO the_transfer FROM ledger_transfer WHERE id = NEW.transfer_id;
            END IF;
            wanted := CASE WHEN the_transfer.kind IN ('posted', 'post_pending') THEN 2 ELSE 0 END;
            SELECT count(*), count(*) FILTER (WHERE
                (account_id = the_transfer.from_account_id AND amount_vnd = -the_transfer.amount_vnd)
                OR (account_id = the_transfer.to_account_id AND amount_vnd = the_transfer.amount_vnd))
            INTO present, fitting FROM ledger_entry WHERE transfer_id = the_transfer.id;
            IF present <> wanted OR fitting <> wanted THEN
                RAISE EXCEPTION 'transfer % does not balance: % entries, % fitting, % wanted',
                    the_transfer.id, present, fitting, wanted USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END $$;

        CREATE CONSTRAINT TRIGGER ledger_transfer_balances AFTER INSERT ON ledger_transfer
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_unbalanced();
        CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_unbalanced();

        CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only; reverse with a new transfer', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END $$;
        CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE ON ledger_transfer
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();

        GRANT SELECT, INSERT ON ledger_transfer, ledger_entry, ledger_account TO app;
        GRANT UPDATE (balance_vnd, pending_in_vnd, pending_out_vnd) ON ledger_account TO app;
        """
    )
