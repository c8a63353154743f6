"""Amendments of verified households, two records of one household made one, work on many registrations at once."""

from alembic import op

revision = "0270"
down_revision = "0260"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _extend_household()
    _create_amendments()
    _create_merges()
    _create_bulk()
    _hold_shops()


def _extend_household() -> None:
    """`near_index` finds the same family name, given name and birth year; older households get it when they change."""
    op.execute(
        """
        ALTER TABLE household ADD COLUMN merged_into uuid;
        ALTER TABLE household ADD COLUMN returned_version integer;
        ALTER TABLE household ADD COLUMN near_index bytea;
        ALTER TABLE household
            -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
            ADD CONSTRAINT fk_household_merged_into FOREIGN KEY (merged_into) REFERENCES household (id);
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE household DROP CONSTRAINT ck_household_status;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE household ADD CONSTRAINT ck_household_status
            CHECK (status IN ('submitted', 'returned', 'verified', 'merged'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE household ADD CONSTRAINT ck_household_merged
            CHECK ((status = 'merged') = (merged_into IS NOT NULL) AND merged_into <> id);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_household_near_index ON household (near_index);
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_household_merged_into ON household (merged_into) WHERE merged_into IS NOT NULL;
        GRANT UPDATE (merged_into, returned_version, near_index) ON household TO app;
        """
    )


def _create_amendments() -> None:
    """A change to a verified household holds only once an officer who did not ask for it says yes."""
    op.execute(
        """
        CREATE TABLE household_amendment (
            id uuid CONSTRAINT pk_household_amendment PRIMARY KEY,
            household_id uuid NOT NULL CONSTRAINT fk_household_amendment_household_id REFERENCES household (id),
            base_version integer NOT NULL CONSTRAINT ck_household_amendment_base_version CHECK (base_version >= 1),
            changes_enc bytea NOT NULL,
            before_enc bytea,
            content_mark bytea NOT NULL,
            source text NOT NULL CONSTRAINT ck_household_amendment_source
                CHECK (source IN ('doorstep', 'office', 'household')),
            status text NOT NULL CONSTRAINT ck_household_amendment_status
                CHECK (status IN ('waiting', 'accepted', 'refused', 'withdrawn')),
            proposed_by uuid NOT NULL,
            decided_by uuid,
            decided_at timestamptz,
            reason text,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_household_amendment_four_eyes CHECK (decided_by <> proposed_by),
            CONSTRAINT ck_household_amendment_decided CHECK (
                (status IN ('accepted', 'refused')) = (decided_by IS NOT NULL)
                AND (status = 'waiting') = (decided_at IS NULL)),
            CONSTRAINT ck_household_amendment_refused CHECK ((status = 'refused') = (reason IS NOT NULL)),
            CONSTRAINT ck_household_amendment_accepted CHECK ((status = 'accepted') = (before_enc IS NOT NULL))
        );
        CREATE INDEX ix_household_amendment_household_id ON household_amendment (household_id, created_at);
        CREATE INDEX ix_household_amendment_waiting ON household_amendment (created_at, id) WHERE status = 'waiting';
        GRANT SELECT, INSERT ON household_amendment TO app;
        GRANT UPDATE (status, before_enc, decided_by, decided_at, reason) ON household_amendment TO app;
        ALTER TABLE household_amendment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY reach ON household_amendment TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR EXISTS (SELECT FROM household WHERE household.id = household_id))
            WITH CHECK (EXISTS (SELECT FROM household WHERE household.id = household_id));
        CREATE POLICY owner ON household_amendment FOR SELECT TO migrator USING (true);
        """
    )


def _create_merges() -> None:
    """What both records were before is kept sealed under each one's own key: erasing a household erases it here too."""
    op.execute(
        """
        CREATE TABLE household_merge (
            id uuid CONSTRAINT pk_household_merge PRIMARY KEY,
            winner_id uuid NOT NULL CONSTRAINT fk_household_merge_winner_id REFERENCES household (id),
            loser_id uuid NOT NULL CONSTRAINT fk_household_merge_loser_id REFERENCES household (id),
            takes text[] NOT NULL,
            reason text NOT NULL,
            winner_version integer NOT NULL,
            loser_version integer NOT NULL,
            status text NOT NULL CONSTRAINT ck_household_merge_status
                CHECK (status IN ('proposed', 'done', 'refused', 'undone')),
            proposed_by uuid NOT NULL,
            proposed_at timestamptz NOT NULL,
            decided_by uuid,
            decided_at timestamptz,
            winner_before_enc bytea,
            loser_before_enc bytea,
            undone_by uuid,
            undone_at timestamptz,
            CONSTRAINT ck_household_merge_two CHECK (winner_id <> loser_id),
            CONSTRAINT ck_household_merge_four_eyes CHECK (decided_by <> proposed_by OR status = 'refused'),
            CONSTRAINT ck_household_merge_decided CHECK (
                (status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
            CONSTRAINT ck_household_merge_done CHECK (
                (status IN ('done', 'undone')) = (winner_before_enc IS NOT NULL)
                AND (winner_before_enc IS NULL) = (loser_before_enc IS NULL)),
            CONSTRAINT ck_household_merge_undone CHECK (
                (status = 'undone') = (undone_by IS NOT NULL) AND (undone_by IS NULL) = (undone_at IS NULL))
        );
        CREATE UNIQUE INDEX uq_household_merge_loser ON household_merge (loser_id) WHERE status IN ('proposed', 'done');
        CREATE INDEX ix_household_merge_winner_id ON household_merge (winner_id, id);
        CREATE INDEX ix_household_merge_status ON household_merge (status, id);
        GRANT SELECT, INSERT ON household_merge TO app;
        GRANT UPDATE (
            status, decided_by, decided_at, winner_before_enc, loser_before_enc, undone_by, undone_at
        ) ON household_merge TO app;
        ALTER TABLE household_merge ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY commune_writes ON household_merge TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR EXISTS (SELECT FROM household WHERE household.id = winner_id
                    AND (SELECT string_to_array(current_setting('app.areas', true), ','))
                        && ARRAY[household.commune_code]))
            WITH CHECK (EXISTS (SELECT FROM household WHERE household.id = winner_id
                AND (SELECT string_to_array(current_setting('app.areas', true), ','))
                    && ARRAY['*', household.commune_code]));
        CREATE POLICY owner ON household_merge FOR SELECT TO migrator USING (true);
        """
    )


def _create_bulk() -> None:
    """An officer's decision about many registrations, worked off one by one; whoever made it sees it."""
    op.execute(
        """
        CREATE TABLE household_bulk (
            id uuid CONSTRAINT pk_household_bulk PRIMARY KEY,
            kind text NOT NULL CONSTRAINT ck_household_bulk_kind
                CHECK (kind IN ('approve', 'return', 'unapprove', 'unreturn')),
            reason text,
            made_by uuid NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_household_bulk_reason CHECK ((kind = 'approve') = (reason IS NULL))
        );
        GRANT SELECT, INSERT ON household_bulk TO app;
        CREATE TABLE household_bulk_item (
            bulk_id uuid NOT NULL CONSTRAINT fk_household_bulk_item_bulk_id REFERENCES household_bulk (id),
            household_id uuid NOT NULL CONSTRAINT fk_household_bulk_item_household_id REFERENCES household (id),
            outcome text NOT NULL CONSTRAINT ck_household_bulk_item_outcome
                CHECK (outcome IN ('waiting', 'done', 'left_out')),
            why text,
            CONSTRAINT pk_household_bulk_item PRIMARY KEY (bulk_id, household_id),
            CONSTRAINT ck_household_bulk_item_why CHECK ((outcome = 'left_out') = (why IS NOT NULL))
        );
        CREATE INDEX ix_household_bulk_item_household_id ON household_bulk_item (household_id);
        GRANT SELECT, INSERT ON household_bulk_item TO app;
        GRANT UPDATE (outcome, why) ON household_bulk_item TO app;

        ALTER TABLE household_bulk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY maker ON household_bulk TO app
            USING ((SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))
                OR made_by = (SELECT nullif(current_setting('app.actor_id', true), '')::uuid));
        CREATE POLICY owner ON household_bulk FOR SELECT TO migrator USING (true);
        ALTER TABLE household_bulk_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY maker ON household_bulk_item TO app
            USING (EXISTS (SELECT FROM household_bulk WHERE household_bulk.id = bulk_id));
        CREATE POLICY owner ON household_bulk_item FOR SELECT TO migrator USING (true);
        """
    )


def _hold_shops() -> None:
    """A shop is held while its household may not sell; the household's own "closed for a while" stays as it was."""
    op.execute(
        """
        ALTER TABLE shop ADD COLUMN held_since timestamptz;
        GRANT UPDATE (held_since) ON shop TO app;
        """
    )
