"""Test transfers of the platform's own money, and welfare accounts that one of them verified."""

from alembic import op

revision = "0340"
down_revision = "0330"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_probes()
    _widen_accounts()
    _demand_a_transfer_that_arrived()


def _create_probes() -> None:
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_kind;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE ledger_account ADD CONSTRAINT ck_ledger_account_kind CHECK (kind IN (
            'outside_bank', 'outside_card', 'outside_payee', 'outside_payer', 'suspense', 'received', 'payable',
            'seller_debt', 'commission', 'tax_withheld', 'gateway_fee', 'payer_credit', 'platform_funds'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE payout ADD CONSTRAINT ck_payout_probe CHECK (purpose <> 'probe' OR amount_vnd = 1000);

        CREATE TABLE account_probe (
            id uuid CONSTRAINT pk_account_probe PRIMARY KEY,
            bank_account_id uuid NOT NULL CONSTRAINT fk_account_probe_bank_account_id REFERENCES bank_account (id),
            payee_id uuid NOT NULL CONSTRAINT fk_account_probe_payee_id REFERENCES payee (id),
            allowance text NOT NULL,
            asked_by uuid NOT NULL,
            asked_on date NOT NULL,
            status text NOT NULL CONSTRAINT ck_account_probe_status CHECK (status IN
                ('waiting', 'under_way', 'confirmed', 'failed', 'withdrawn')),
            payout_id uuid CONSTRAINT uq_account_probe_payout_id UNIQUE
                CONSTRAINT fk_account_probe_payout_id REFERENCES payout (id),
            withdrawn_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT ck_account_probe_payout CHECK (
                (status IN ('waiting', 'withdrawn') OR payout_id IS NOT NULL)
                AND (status <> 'waiting' OR payout_id IS NULL)
                AND (status <> 'withdrawn' OR withdrawn_at IS NOT NULL))
        );
        -- Nobody's account is tested twice at the same time.
        CREATE UNIQUE INDEX uq_account_probe_in_flight ON account_probe (bank_account_id)
            WHERE status IN ('waiting', 'under_way');
        CREATE INDEX ix_account_probe_waiting ON account_probe (id) WHERE status = 'waiting';
        CREATE INDEX ix_account_probe_allowance ON account_probe (allowance, asked_on);
        GRANT SELECT, INSERT ON account_probe TO app;
        GRANT UPDATE (status, payout_id, withdrawn_at, updated_at) ON account_probe TO app;
        """
    )


def _widen_accounts() -> None:
    """How an account was verified stands with it. Who did is a person's, or the test transfer's, never both.

    The roll holds nothing of this, so it is not made anew.
    """
    op.execute(
        """
        ALTER TABLE welfare_account
            ADD COLUMN verified_how text,
            ADD COLUMN probe_id uuid;
        -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT fk_welfare_account_probe_id
            FOREIGN KEY (probe_id) REFERENCES account_probe (id);
        ALTER TABLE welfare_account DISABLE TRIGGER keep_welfare_roll_update;
        ALTER TABLE welfare_account NO FORCE ROW LEVEL SECURITY;
        UPDATE welfare_account SET verified_how = 'second_person' WHERE verified_by IS NOT NULL;
        ALTER TABLE welfare_account FORCE ROW LEVEL SECURITY;
        ALTER TABLE welfare_account ENABLE TRIGGER keep_welfare_roll_update;
        """
    )
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE welfare_account DROP CONSTRAINT ck_welfare_account_status;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE welfare_account DROP CONSTRAINT ck_welfare_account_verified;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT ck_welfare_account_status CHECK (
            status IN ('issued', 'verifying', 'active', 'suspended', 'replaced', 'closed'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_account ADD CONSTRAINT ck_welfare_account_verified CHECK (
            (status NOT IN ('active', 'suspended') OR verified_how IS NOT NULL)
            AND (status NOT IN ('issued', 'verifying') OR verified_how IS NULL)
            AND (status <> 'verifying' OR probe_id IS NOT NULL)
            AND (verified_how IS NULL) = (verified_at IS NULL)
            AND CASE verified_how WHEN 'second_person' THEN verified_by IS NOT NULL
                WHEN 'test_transfer' THEN verified_by IS NULL AND probe_id IS NOT NULL
                ELSE verified_how IS NULL AND verified_by IS NULL END);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_account_verifying ON welfare_account (id) WHERE status = 'verifying';
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_account_bank_account_id ON welfare_account (bank_account_id);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_account_stopped ON welfare_account (id)
            WHERE status = 'suspended' AND suspended_by IS NULL;
        GRANT UPDATE (verified_how, probe_id) ON welfare_account TO app;
        """
    )


def _demand_a_transfer_that_arrived() -> None:
    op.execute(
        """
        CREATE FUNCTION welfare_account_tested() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM account_probe WHERE id = NEW.probe_id
                    AND bank_account_id = NEW.bank_account_id AND status = 'confirmed') THEN
                RAISE EXCEPTION 'no test transfer reached this account'
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'welfare_account_tested';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER welfare_account_tested BEFORE INSERT OR UPDATE ON welfare_account
            FOR EACH ROW WHEN (NEW.status = 'active' AND NEW.verified_how = 'test_transfer')
            EXECUTE FUNCTION welfare_account_tested();
        """
    )
