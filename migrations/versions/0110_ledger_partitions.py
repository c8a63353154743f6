"""The ledger in months: partitions by the ids' own time, checks over whole statements instead of row by row.

Ids are UUIDv7, so a range of ids is a range of time and the primary key stays unique over all months. What a unique
index over all partitions would have to say (a reservation ends once, a transfer is taken back once) is a small table
of its own. See docs/decisions/0007. The tables are rewritten as a whole, in one transaction that nobody can write
beside: that is why squawk's advice for tables in use is left out.
"""

from alembic import op

revision = "0110"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_kind;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE ledger_account ADD CONSTRAINT ck_ledger_account_kind CHECK (kind IN (
            'outside_bank', 'outside_card', 'outside_payee', 'outside_payer',
            'suspense', 'received', 'payable', 'seller_debt'));
        ALTER TABLE ledger_account
            -- squawk-ignore constraint-missing-not-valid
            ADD CONSTRAINT ck_ledger_account_debt CHECK (kind <> 'seller_debt' OR balance_vnd <= 0);
        ALTER TABLE ledger_account ADD COLUMN closed_at timestamptz;
        -- Room beside each row, so that balances change without new index entries.
        ALTER TABLE ledger_account SET (fillfactor = 50);
        GRANT UPDATE (closed_at) ON ledger_account TO app;
        CREATE INDEX ix_ledger_account_owner_id ON ledger_account (owner_id);

        DROP TRIGGER ledger_transfer_balances ON ledger_transfer;
        DROP TRIGGER ledger_entry_balances ON ledger_entry;
        DROP TRIGGER ledger_transfer_append_only ON ledger_transfer;
        DROP TRIGGER ledger_entry_append_only ON ledger_entry;
        -- squawk-ignore ban-drop-function
        DROP FUNCTION ledger_refuse_unbalanced();
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE arrival DROP CONSTRAINT fk_arrival_transfer_id;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE notice_allocation DROP CONSTRAINT fk_notice_allocation_transfer_id;
        CREATE SCHEMA ledger_before_0110;
        -- squawk-ignore ban-set-schema
        ALTER TABLE ledger_transfer SET SCHEMA ledger_before_0110;
        -- squawk-ignore ban-set-schema
        ALTER TABLE ledger_entry SET SCHEMA ledger_before_0110;

        CREATE TABLE ledger_transfer (
            id uuid NOT NULL,
            kind text NOT NULL
                CONSTRAINT ck_ledger_transfer_kind
                CHECK (kind IN ('posted', 'pending', 'post_pending', 'void_pending', 'expire_pending')),
            from_account_id uuid NOT NULL,
            to_account_id uuid NOT NULL,
            amount_vnd bigint NOT NULL,
            at_most_vnd bigint,
            pending_id uuid CONSTRAINT fk_ledger_transfer_pending_id REFERENCES ledger_transfer (id),
            reverses_id uuid CONSTRAINT fk_ledger_transfer_reverses_id REFERENCES ledger_transfer (id),
            purpose_kind text,
            purpose_id uuid,
            event_at timestamptz NOT NULL,
            expires_at timestamptz,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_ledger_transfer PRIMARY KEY (id),
            CONSTRAINT ck_ledger_transfer_amount CHECK (amount_vnd >= 0),
            CONSTRAINT ck_ledger_transfer_money
                CHECK (amount_vnd > 0 OR at_most_vnd IS NOT NULL OR kind IN ('void_pending', 'expire_pending')),
            CONSTRAINT ck_ledger_transfer_at_most CHECK (at_most_vnd > 0 AND at_most_vnd >= amount_vnd),
            CONSTRAINT ck_ledger_transfer_balancing CHECK (at_most_vnd IS NULL OR kind IN ('posted', 'pending')),
            CONSTRAINT ck_ledger_transfer_two_accounts CHECK (from_account_id <> to_account_id),
            CONSTRAINT ck_ledger_transfer_resolution
                CHECK ((pending_id IS NOT NULL) = (kind IN ('post_pending', 'void_pending', 'expire_pending'))),
            CONSTRAINT ck_ledger_transfer_expiry CHECK (expires_at IS NULL OR kind = 'pending')
        ) PARTITION BY RANGE (id);
        CREATE INDEX ix_ledger_transfer_purpose ON ledger_transfer (purpose_kind, purpose_id);
        CREATE INDEX ix_ledger_transfer_pending_id ON ledger_transfer (pending_id) WHERE pending_id IS NOT NULL;
        CREATE INDEX ix_ledger_transfer_reverses_id ON ledger_transfer (reverses_id) WHERE reverses_id IS NOT NULL;
        CREATE INDEX ix_ledger_transfer_expires_at ON ledger_transfer (expires_at) WHERE expires_at IS NOT NULL;

        CREATE SEQUENCE ledger_entry_id_seq;
        CREATE TABLE ledger_entry (
            id bigint NOT NULL DEFAULT nextval('ledger_entry_id_seq'),
            transfer_id uuid NOT NULL,
            account_id uuid NOT NULL,
            amount_vnd bigint NOT NULL CONSTRAINT ck_ledger_entry_amount CHECK (amount_vnd <> 0),
            balance_before_vnd bigint,
            balance_after_vnd bigint,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_ledger_entry PRIMARY KEY (transfer_id, account_id),
            CONSTRAINT ck_ledger_entry_balances CHECK (
                (balance_before_vnd IS NULL AND balance_after_vnd IS NULL)
                OR balance_after_vnd = balance_before_vnd + amount_vnd
            )
        ) PARTITION BY RANGE (transfer_id);
        CREATE INDEX ix_ledger_entry_account_id ON ledger_entry (account_id, created_at, id);

        CREATE TABLE ledger_closing (
            transfer_id uuid CONSTRAINT pk_ledger_closing PRIMARY KEY,
            closed_by_id uuid NOT NULL
        );

        CREATE FUNCTION ledger_first_id(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
            SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        $$;
        CREATE FUNCTION ledger_make_partitions(first date, months integer) RETURNS integer
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            month date := date_trunc('month', first)::date;
            made integer := 0;
            low text;
            high text;
            suffix text;
            parent text;
            strayed boolean;
            key_of CONSTANT jsonb := '{"ledger_transfer": "id", "ledger_entry": "transfer_id"}';
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('ledger_make_partitions'));
            FOR n IN 1..least(months, 1200) LOOP
                suffix := to_char(month, '"y"YYYY"m"MM');
                low := ledger_first_id(month::timestamp AT TIME ZONE 'UTC')::text;
                high := ledger_first_id((month + interval '1 month')::timestamp AT TIME ZONE 'UTC')::text;
                -- A month that began without its tables has rows in the rest: they stay, and the next months go on.
                FOREACH parent IN ARRAY ARRAY['ledger_transfer', 'ledger_entry'] LOOP
                    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= $1::uuid AND %I < $2::uuid)',
                                   parent || '_rest', key_of ->> parent, key_of ->> parent)
                        INTO strayed USING low, high;
                    IF to_regclass(parent || '_' || suffix) IS NULL AND NOT strayed THEN
                        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                                       parent || '_' || suffix, parent, low, high);
                        made := made + 1;
                    END IF;
                END LOOP;
                month := (month + interval '1 month')::date;
            END LOOP;
            RETURN made;
        END $$;
        REVOKE ALL ON FUNCTION ledger_make_partitions(date, integer) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION ledger_make_partitions(date, integer) TO app;
        CREATE TABLE ledger_transfer_rest PARTITION OF ledger_transfer DEFAULT;
        CREATE TABLE ledger_entry_rest PARTITION OF ledger_entry DEFAULT;
        SELECT ledger_make_partitions(
            began::date, 4 + (extract(year FROM age(began)) * 12 + extract(month FROM age(began)))::int)
        FROM (SELECT least(now(), min(created_at)) AS began FROM ledger_before_0110.ledger_transfer) AS history;

        INSERT INTO ledger_transfer
        SELECT id, kind, from_account_id, to_account_id, amount_vnd, NULL, pending_id, reverses_id, purpose_kind,
               purpose_id, event_at, expires_at, created_at
        FROM ledger_before_0110.ledger_transfer;
        INSERT INTO ledger_entry
        SELECT id, transfer_id, account_id, amount_vnd, balance_before_vnd, balance_after_vnd, created_at
        FROM ledger_before_0110.ledger_entry;
        SELECT setval('ledger_entry_id_seq', greatest(max(id), 1), max(id) IS NOT NULL) FROM ledger_entry;
        INSERT INTO ledger_closing SELECT coalesce(pending_id, reverses_id), id
        FROM ledger_transfer WHERE pending_id IS NOT NULL OR reverses_id IS NOT NULL;
        -- squawk-ignore ban-drop-schema
        DROP SCHEMA ledger_before_0110 CASCADE;
        -- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
        ALTER TABLE arrival ADD CONSTRAINT fk_arrival_transfer_id
            FOREIGN KEY (transfer_id) REFERENCES ledger_transfer (id);
        -- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
        ALTER TABLE notice_allocation ADD CONSTRAINT fk_notice_allocation_transfer_id
            FOREIGN KEY (transfer_id) REFERENCES ledger_transfer (id);

        CREATE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            wrong uuid;
        BEGIN
            SELECT made.id INTO wrong FROM made
            WHERE (SELECT count(*) FROM ledger_entry WHERE transfer_id = made.id)
                <> CASE WHEN made.kind IN ('posted', 'post_pending') AND made.amount_vnd > 0 THEN 2 ELSE 0 END
            LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'transfer % does not balance', wrong USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            SELECT made.id INTO wrong FROM made WHERE 2 <>
                (SELECT count(*) FROM ledger_account WHERE id IN (made.from_account_id, made.to_account_id)) LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'transfer % is of an unknown account', wrong USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER ledger_transfer_balances AFTER INSERT ON ledger_transfer REFERENCING NEW TABLE AS made
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_unbalanced();

        CREATE FUNCTION ledger_refuse_stray_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            wrong uuid;
        BEGIN
            -- A subquery a row, not a join: it must stay an index search however large the ledger grows.
            SELECT made.transfer_id INTO wrong FROM made
            WHERE (SELECT transfer.kind IN ('posted', 'post_pending') AND made.amount_vnd = CASE made.account_id
                       WHEN transfer.from_account_id THEN -transfer.amount_vnd
                       WHEN transfer.to_account_id THEN transfer.amount_vnd END
                   FROM ledger_transfer AS transfer WHERE transfer.id = made.transfer_id) IS NOT TRUE
            LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'transfer % does not balance', wrong USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS made
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_stray_entry();

        CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE ON ledger_transfer
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER ledger_closing_append_only BEFORE UPDATE OR DELETE ON ledger_closing
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER ledger_account_stays BEFORE DELETE ON ledger_account
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();

        GRANT SELECT, INSERT ON ledger_transfer, ledger_entry, ledger_closing TO app;
        GRANT USAGE ON SEQUENCE ledger_entry_id_seq TO app;
        """
    )
