"""The matching desk: what of arrived money waits, and what people did with it."""

from alembic import op

revision = "0140"
down_revision = "0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE TABLE desk_item (
            allocation_id uuid CONSTRAINT pk_desk_item PRIMARY KEY
                CONSTRAINT fk_desk_item_allocation_id REFERENCES notice_allocation (transfer_id),
            notice_id uuid NOT NULL CONSTRAINT uq_desk_item_notice_id UNIQUE
                CONSTRAINT fk_desk_item_notice_id REFERENCES bank_notice (id),
            amount_vnd bigint NOT NULL CONSTRAINT ck_desk_item_amount CHECK (amount_vnd > 0),
            waiting_vnd bigint NOT NULL CONSTRAINT ck_desk_item_waiting CHECK (waiting_vnd >= 0),
            proposed_vnd bigint NOT NULL CONSTRAINT ck_desk_item_proposed CHECK (proposed_vnd >= 0),
            CONSTRAINT ck_desk_item_whole CHECK (waiting_vnd + proposed_vnd <= amount_vnd)
        );
        CREATE INDEX ix_desk_item_open ON desk_item (notice_id) WHERE waiting_vnd + proposed_vnd > 0;
        CREATE INDEX ix_desk_item_proposed ON desk_item (notice_id) WHERE proposed_vnd > 0;
        GRANT SELECT, INSERT ON desk_item TO app;
        GRANT UPDATE (waiting_vnd, proposed_vnd) ON desk_item TO app;

        CREATE FUNCTION desk_open_item() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO desk_item (allocation_id, notice_id, amount_vnd, waiting_vnd, proposed_vnd)
            VALUES (NEW.transfer_id, NEW.notice_id, NEW.amount_vnd, NEW.amount_vnd, 0);
            RETURN NULL;
        END $$;
        CREATE TRIGGER desk_open_item AFTER INSERT ON notice_allocation
            FOR EACH ROW WHEN (NEW.request_id IS NULL) EXECUTE FUNCTION desk_open_item();
        INSERT INTO desk_item (allocation_id, notice_id, amount_vnd, waiting_vnd, proposed_vnd)
            SELECT transfer_id, notice_id, amount_vnd, amount_vnd, 0 FROM notice_allocation WHERE request_id IS NULL;

        CREATE TABLE desk_action (
            id uuid CONSTRAINT pk_desk_action PRIMARY KEY,
            allocation_id uuid NOT NULL CONSTRAINT fk_desk_action_allocation_id REFERENCES desk_item (allocation_id),
            kind text NOT NULL CONSTRAINT ck_desk_action_kind CHECK (kind IN ('attach', 'return_to_sender')),
            amount_vnd bigint NOT NULL CONSTRAINT ck_desk_action_amount CHECK (amount_vnd > 0),
            request_id uuid CONSTRAINT fk_desk_action_request_id REFERENCES payment_request (id),
            bank_reference text CONSTRAINT ck_desk_action_bank_reference
                CHECK (char_length(bank_reference) BETWEEN 1 AND 60),
            reason text NOT NULL CONSTRAINT ck_desk_action_reason CHECK (char_length(reason) BETWEEN 3 AND 300),
            needs_approval boolean NOT NULL,
            state text NOT NULL CONSTRAINT ck_desk_action_state
                CHECK (state IN ('proposed', 'done', 'undone', 'rejected')),
            created_by uuid NOT NULL,
            created_at timestamptz NOT NULL,
            approved_by uuid,
            done_at timestamptz,
            transfer_id uuid CONSTRAINT uq_desk_action_transfer_id UNIQUE
                CONSTRAINT fk_desk_action_transfer_id REFERENCES ledger_transfer (id),
            closed_by uuid,
            closed_at timestamptz,
            closed_reason text CONSTRAINT ck_desk_action_closed_reason
                CHECK (char_length(closed_reason) BETWEEN 3 AND 300),
            undo_transfer_id uuid CONSTRAINT uq_desk_action_undo_transfer_id UNIQUE
                CONSTRAINT fk_desk_action_undo_transfer_id REFERENCES ledger_transfer (id),
            idempotency_key text NOT NULL,
            position integer NOT NULL,
            CONSTRAINT uq_desk_action_idempotency_key UNIQUE (idempotency_key, position),
            CONSTRAINT ck_desk_action_where CHECK (
                CASE kind WHEN 'attach' THEN request_id IS NOT NULL AND bank_reference IS NULL
                          ELSE request_id IS NULL AND bank_reference IS NOT NULL END),
            CONSTRAINT ck_desk_action_four_eyes CHECK (approved_by <> created_by),
            CONSTRAINT ck_desk_action_approval CHECK (
                NOT needs_approval OR (state IN ('done', 'undone')) = (approved_by IS NOT NULL)),
            CONSTRAINT ck_desk_action_done CHECK (
                (state IN ('done', 'undone')) = (transfer_id IS NOT NULL)
                AND (transfer_id IS NULL) = (done_at IS NULL)),
            CONSTRAINT ck_desk_action_closed CHECK (
                (state IN ('undone', 'rejected')) = (closed_by IS NOT NULL)
                AND (closed_by IS NULL) = (closed_at IS NULL) AND (closed_by IS NULL) = (closed_reason IS NULL)),
            CONSTRAINT ck_desk_action_undone CHECK ((state = 'undone') = (undo_transfer_id IS NOT NULL))
        );
        CREATE INDEX ix_desk_action_allocation_id ON desk_action (allocation_id, id);
        CREATE INDEX ix_desk_action_request_id ON desk_action (request_id);
        GRANT SELECT, INSERT ON desk_action TO app;
        GRANT UPDATE (state, approved_by, done_at, transfer_id, closed_by, closed_at, closed_reason, undo_transfer_id)
            ON desk_action TO app;

        CREATE FUNCTION desk_keep_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            held bigint := CASE WHEN NEW.state IN ('proposed', 'done') THEN NEW.amount_vnd ELSE 0 END;
            promised bigint := CASE WHEN NEW.state = 'proposed' THEN NEW.amount_vnd ELSE 0 END;
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF (OLD.state, NEW.state)
                        NOT IN (('proposed', 'done'), ('proposed', 'rejected'), ('done', 'undone')) THEN
                    RAISE EXCEPTION 'a % action does not become %', OLD.state, NEW.state
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                held := held - CASE WHEN OLD.state IN ('proposed', 'done') THEN OLD.amount_vnd ELSE 0 END;
                promised := promised - CASE WHEN OLD.state = 'proposed' THEN OLD.amount_vnd ELSE 0 END;
            ELSIF NEW.state NOT IN ('proposed', 'done') THEN
                RAISE EXCEPTION 'an action does not begin as %', NEW.state
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            UPDATE desk_item SET waiting_vnd = waiting_vnd - held, proposed_vnd = proposed_vnd + promised
                WHERE allocation_id = NEW.allocation_id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER desk_keep_waiting AFTER INSERT OR UPDATE OF state ON desk_action
            FOR EACH ROW EXECUTE FUNCTION desk_keep_waiting();
        """
    )
