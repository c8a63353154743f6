"""Posting as two functions of the tables' owner, whose plans stay; everybody else's writes are checked as before.

The functions make both entries of a transfer from the transfer itself, so what they write balances and needs no check.
See docs/decisions/0013.
"""

from alembic import op

revision = "0210"
down_revision = "0200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        DROP TRIGGER ledger_transfer_balances ON ledger_transfer;
        CREATE TRIGGER ledger_transfer_balances AFTER INSERT ON ledger_transfer REFERENCING NEW TABLE AS made
            FOR EACH STATEMENT WHEN (current_user <> 'migrator') EXECUTE FUNCTION ledger_refuse_unbalanced();
        DROP TRIGGER ledger_entry_balances ON ledger_entry;
        CREATE TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS made
            FOR EACH STATEMENT WHEN (current_user <> 'migrator') EXECUTE FUNCTION ledger_refuse_stray_entry();

        -- What an account without a running balance, or an open one that has the amount, holds after it moved; NULL for
        -- the first. `refused`, and its row not locked, when it may not take part or the rules have to look.
        CREATE TYPE ledger_moved AS (after_vnd bigint, refused boolean);
        CREATE FUNCTION ledger_move(the_id uuid, amount bigint) RETURNS ledger_moved
            LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        DECLARE
            moved ledger_moved;
        BEGIN
            UPDATE ledger_account SET balance_vnd = balance_vnd + amount
            WHERE id = the_id AND balance_vnd IS NOT NULL AND closed_at IS NULL
              AND (amount > 0 OR may_go_negative OR balance_vnd - pending_out_vnd + amount >= 0)
              AND (amount < 0 OR kind <> 'seller_debt')
            RETURNING balance_vnd INTO moved.after_vnd;
            moved.refused := NOT FOUND AND NOT EXISTS (
                SELECT FROM ledger_account WHERE id = the_id AND balance_vnd IS NULL AND closed_at IS NULL);
            RETURN moved;
        END $$;

        -- One transfer that simply moves money between open accounts with enough in them. False, with nothing changed,
        -- for everything else: a repeat, a refusal, a debt's repayment. The rules that say which it is are not here.
        CREATE FUNCTION ledger_post_plain(
            the_id uuid, source uuid, target uuid, amount bigint, the_purpose_kind text, the_purpose_id uuid,
            happened timestamptz, booked timestamptz
        ) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            giver ledger_moved;
            taker ledger_moved;
            written boolean := false;
        BEGIN
            IF amount <= 0 OR source = target THEN
                RETURN false;
            END IF;
            -- Their rows are locked by this in the order of ids, as everywhere: when the first is refused, and so not
            -- locked, the second must not be either.
            IF source < target THEN
                giver := ledger_move(source, -amount);
            END IF;
            IF giver.refused IS NOT TRUE THEN
                taker := ledger_move(target, amount);
            END IF;
            IF source > target AND NOT taker.refused THEN
                giver := ledger_move(source, -amount);
            END IF;
            IF giver.refused IS FALSE AND taker.refused IS FALSE THEN
                booked := coalesce(booked, clock_timestamp());
                INSERT INTO ledger_transfer (id, kind, from_account_id, to_account_id, amount_vnd, purpose_kind,
                                             purpose_id, event_at, created_at)
                VALUES (the_id, 'posted', source, target, amount, the_purpose_kind, the_purpose_id, happened, booked)
                ON CONFLICT (id) DO NOTHING;
                written := FOUND;
            END IF;
            IF written THEN
                INSERT INTO ledger_entry (transfer_id, account_id, amount_vnd, balance_before_vnd, balance_after_vnd,
                                          created_at)
                VALUES (the_id, source, -amount, giver.after_vnd + amount, giver.after_vnd, booked),
                       (the_id, target, amount, taker.after_vnd - amount, taker.after_vnd, booked);
            ELSE
                UPDATE ledger_account SET balance_vnd = balance_vnd + amount
                    WHERE id = source AND giver.after_vnd IS NOT NULL;
                UPDATE ledger_account SET balance_vnd = balance_vnd - amount
                    WHERE id = target AND taker.after_vnd IS NOT NULL;
            END IF;
            RETURN written;
        END $$;

        -- Any number of transfers, and where they leave the accounts, which the caller has locked. False, with nothing
        -- written, when all of them landed before.
        CREATE FUNCTION ledger_write(
            ids uuid[], kinds text[], sources uuid[], targets uuid[], amounts bigint[], at_most bigint[],
            pendings uuid[], reverses uuid[], purpose_kinds text[], purpose_ids uuid[], happened timestamptz[],
            expires timestamptz[], source_before bigint[], target_before bigint[],
            accounts uuid[], balances bigint[], ins bigint[], outs bigint[],
            closed uuid[], closed_by uuid[], booked timestamptz
        ) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
            SET plan_cache_mode = force_generic_plan AS $$
        DECLARE
            written integer;
        BEGIN
            INSERT INTO ledger_transfer (id, kind, from_account_id, to_account_id, amount_vnd, at_most_vnd, pending_id,
                                         reverses_id, purpose_kind, purpose_id, event_at, expires_at, created_at)
            SELECT made.*, booked
            FROM unnest(ids, kinds, sources, targets, amounts, at_most, pendings, reverses, purpose_kinds, purpose_ids,
                        happened, expires)
                AS made (id, kind, source, target, amount, at_most, pending, reverse, purpose_kind, purpose_id,
                         happened, expires)
            WHERE EXISTS (SELECT FROM ledger_account WHERE id = made.source)
              AND EXISTS (SELECT FROM ledger_account WHERE id = made.target)
            ON CONFLICT (id) DO NOTHING;
            GET DIAGNOSTICS written = ROW_COUNT;
            IF written = 0 AND EXISTS (SELECT FROM ledger_transfer WHERE id = ANY (ids)) THEN
                RETURN false;
            ELSIF written < cardinality(ids) THEN
                IF EXISTS (SELECT FROM unnest(sources || targets) AS side (id)
                           WHERE NOT EXISTS (SELECT FROM ledger_account WHERE ledger_account.id = side.id)) THEN
                    RAISE EXCEPTION 'a transfer is of an unknown account' USING ERRCODE = 'foreign_key_violation';
                END IF;
                RAISE EXCEPTION 'a transfer landed meanwhile' USING ERRCODE = 'serialization_failure';
            END IF;
            INSERT INTO ledger_entry (transfer_id, account_id, amount_vnd, balance_before_vnd, balance_after_vnd,
                                      created_at)
            SELECT moved.id, side.account, side.amount, side.before, side.before + side.amount, booked
            FROM unnest(ids, kinds, sources, targets, amounts, source_before, target_before)
                WITH ORDINALITY AS moved (id, kind, source, target, amount, source_before, target_before, place)
            CROSS JOIN LATERAL (VALUES (0, moved.source, -moved.amount, moved.source_before),
                                       (1, moved.target, moved.amount, moved.target_before))
                AS side (turn, account, amount, before)
            WHERE moved.kind IN ('posted', 'post_pending') AND moved.amount > 0
            ORDER BY moved.place, side.turn;
            UPDATE ledger_account
            SET balance_vnd = stand.balance, pending_in_vnd = stand.pending_in, pending_out_vnd = stand.pending_out
            FROM unnest(accounts, balances, ins, outs) AS stand (id, balance, pending_in, pending_out)
            WHERE ledger_account.id = stand.id;
            IF closed <> '{}' THEN
                INSERT INTO ledger_closing (transfer_id, closed_by_id) SELECT * FROM unnest(closed, closed_by);
            END IF;
            RETURN true;
        END $$;
        REVOKE ALL ON FUNCTION ledger_move(uuid, bigint) FROM PUBLIC;
        REVOKE ALL ON FUNCTION ledger_post_plain(uuid, uuid, uuid, bigint, text, uuid, timestamptz, timestamptz),
            ledger_write(uuid[], text[], uuid[], uuid[], bigint[], bigint[], uuid[], uuid[], text[], uuid[],
                         timestamptz[], timestamptz[], bigint[], bigint[], uuid[], bigint[], bigint[], bigint[],
                         uuid[], uuid[], timestamptz) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION ledger_post_plain(uuid, uuid, uuid, bigint, text, uuid, timestamptz, timestamptz),
            ledger_write(uuid[], text[], uuid[], uuid[], bigint[], bigint[], uuid[], uuid[], text[], uuid[],
                         timestamptz[], timestamptz[], bigint[], bigint[], uuid[], bigint[], bigint[], bigint[],
                         uuid[], uuid[], timestamptz) TO app;
        """
    )
