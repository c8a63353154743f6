"""Visits, classes, who leads a team, back-checks and signs to look into."""

from alembic import op

revision = "0260"
down_revision = "0250"
branch_labels = None
depends_on = None

_AREAS = "(SELECT string_to_array(current_setting('app.areas', true), ','))"
_ME = "(SELECT nullif(current_setting('app.actor_id', true), '')::uuid)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _keep_visits()
    _keep_lessons()
    _name_leaders()
    _draw_back_checks()
    _note_signs()
    _raise_second_wall()


def _keep_visits() -> None:
    op.execute(
        """
        CREATE TABLE visit (
            id uuid CONSTRAINT pk_visit PRIMARY KEY,
            household_id uuid NOT NULL CONSTRAINT fk_visit_household_id REFERENCES household (id),
            member_id uuid NOT NULL,
            done text[] NOT NULL CONSTRAINT ck_visit_done CHECK (
                done <@ ARRAY['app_installed', 'shop_opened', 'payment_account', 'lesson', 'nobody_home', 'other']
                AND cardinality(done) BETWEEN 1 AND 6),
            note_enc bytea,
            next_on date,
            content_mark bytea NOT NULL,
            visited_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            undone_at timestamptz,
            CONSTRAINT ck_visit_visited CHECK (visited_at <= created_at)
        );
        CREATE INDEX ix_visit_household_id ON visit (household_id, visited_at);
        CREATE INDEX ix_visit_member_id ON visit (member_id, created_at);
        GRANT SELECT, INSERT ON visit TO app;
        GRANT UPDATE (undone_at) ON visit TO app;
        """
    )


def _keep_lessons() -> None:
    op.execute(
        """
        CREATE TABLE lesson (
            id uuid CONSTRAINT pk_lesson PRIMARY KEY,
            commune_code text NOT NULL CONSTRAINT fk_lesson_commune_code REFERENCES area (code),
            hamlet_code text NOT NULL CONSTRAINT fk_lesson_hamlet_code REFERENCES area (code),
            place text NOT NULL CONSTRAINT ck_lesson_place CHECK (length(place) BETWEEN 1 AND 120),
            topic text NOT NULL CONSTRAINT ck_lesson_topic CHECK (length(topic) BETWEEN 1 AND 120),
            held_at timestamptz NOT NULL,
            walk_ins integer NOT NULL CONSTRAINT ck_lesson_walk_ins CHECK (walk_ins BETWEEN 0 AND 1000),
            led_by uuid NOT NULL,
            content_mark bytea NOT NULL,
            created_at timestamptz NOT NULL,
            undone_at timestamptz,
            CONSTRAINT ck_lesson_hamlet CHECK (starts_with(hamlet_code, commune_code || '-'))
        );
        CREATE INDEX ix_lesson_commune_code ON lesson (commune_code, held_at, id);
        CREATE INDEX ix_lesson_led_by ON lesson (led_by, created_at);
        GRANT SELECT, INSERT ON lesson TO app;
        GRANT UPDATE (undone_at) ON lesson TO app;

        CREATE TABLE lesson_household (
            lesson_id uuid NOT NULL CONSTRAINT fk_lesson_household_lesson_id REFERENCES lesson (id),
            household_id uuid NOT NULL CONSTRAINT fk_lesson_household_household_id REFERENCES household (id),
            CONSTRAINT pk_lesson_household PRIMARY KEY (lesson_id, household_id)
        );
        CREATE INDEX ix_lesson_household_household_id ON lesson_household (household_id);
        GRANT SELECT, INSERT ON lesson_household TO app;
        """
    )


def _name_leaders() -> None:
    op.execute(
        """
        CREATE TABLE team_leader (
            id uuid CONSTRAINT pk_team_leader PRIMARY KEY,
            commune_code text NOT NULL CONSTRAINT fk_team_leader_commune_code REFERENCES area (code),
            user_id uuid NOT NULL,
            named_by uuid NOT NULL,
            named_at timestamptz NOT NULL,
            ended_by uuid,
            ended_at timestamptz,
            CONSTRAINT ck_team_leader_not_oneself CHECK (named_by <> user_id),
            CONSTRAINT ck_team_leader_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND ended_at >= named_at)
        );
        CREATE UNIQUE INDEX uq_team_leader_open ON team_leader (commune_code, user_id) WHERE ended_at IS NULL;
        CREATE INDEX ix_team_leader_user_id ON team_leader (user_id);
        GRANT SELECT, INSERT ON team_leader TO app;
        GRANT UPDATE (ended_by, ended_at) ON team_leader TO app;
        -- Who works in a commune is asked by area.
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_role_grant_area_code ON role_grant (area_code) WHERE area_code IS NOT NULL;
        """
    )


def _draw_back_checks() -> None:
    """The registrar is what the household says, whatever the row says; then nobody checks their own work."""
    op.execute(
        """
        CREATE TABLE back_check_draw (
            day date CONSTRAINT pk_back_check_draw PRIMARY KEY,
            seed bytea NOT NULL CONSTRAINT ck_back_check_draw_seed CHECK (length(seed) = 32),
            registrations integer NOT NULL,
            drawn integer NOT NULL CONSTRAINT ck_back_check_draw_drawn CHECK (drawn BETWEEN 0 AND registrations),
            created_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT ON back_check_draw TO app;

        CREATE TABLE back_check (
            id uuid CONSTRAINT pk_back_check PRIMARY KEY,
            household_id uuid NOT NULL CONSTRAINT uq_back_check_household_id UNIQUE
                CONSTRAINT fk_back_check_household_id REFERENCES household (id),
            commune_code text NOT NULL CONSTRAINT fk_back_check_commune_code REFERENCES area (code),
            day date NOT NULL CONSTRAINT fk_back_check_day REFERENCES back_check_draw (day),
            registrar_id uuid NOT NULL,
            checker_id uuid,
            status text NOT NULL
                CONSTRAINT ck_back_check_status CHECK (status IN ('open', 'same', 'differs', 'sound', 'wrong')),
            answers_enc bytea,
            differences text[] NOT NULL,
            answered_at timestamptz,
            decided_by uuid,
            decided_at timestamptz,
            reason text CONSTRAINT ck_back_check_reason CHECK (length(reason) BETWEEN 1 AND 500),
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_back_check_not_own CHECK (checker_id <> registrar_id),
            CONSTRAINT ck_back_check_decider CHECK (decided_by <> registrar_id AND decided_by <> checker_id),
            CONSTRAINT ck_back_check_answered CHECK ((status = 'open') = (answered_at IS NULL)
                AND (answered_at IS NULL) = (answers_enc IS NULL) AND (status = 'open' OR checker_id IS NOT NULL)),
            CONSTRAINT ck_back_check_decided CHECK ((status IN ('sound', 'wrong')) = (decided_by IS NOT NULL)
                AND (decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (reason IS NULL))
        );
        CREATE INDEX ix_back_check_checker_id ON back_check (checker_id, id) WHERE status = 'open';
        CREATE INDEX ix_back_check_commune_code ON back_check (commune_code, status, id);
        GRANT SELECT, INSERT ON back_check TO app;
        GRANT UPDATE (checker_id, status, answers_enc, differences, answered_at, decided_by, decided_at, reason)
            ON back_check TO app;

        CREATE FUNCTION back_check_registrar() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        BEGIN
            SELECT registered_by INTO NEW.registrar_id FROM public.household WHERE id = NEW.household_id;
            RETURN NEW;
        END $$;
        REVOKE ALL ON FUNCTION back_check_registrar() FROM PUBLIC;
        CREATE TRIGGER back_check_registrar BEFORE INSERT ON back_check
            FOR EACH ROW EXECUTE FUNCTION back_check_registrar();
        """
    )


def _note_signs() -> None:
    op.execute(
        """
        CREATE TABLE field_sign (
            id uuid CONSTRAINT pk_field_sign PRIMARY KEY,
            kind text NOT NULL CONSTRAINT ck_field_sign_kind
                CHECK (kind IN ('fast', 'hasty', 'same_point', 'far_away', 'leap')),
            mark bytea NOT NULL CONSTRAINT uq_field_sign_mark UNIQUE,
            member_id uuid NOT NULL,
            commune_code text NOT NULL CONSTRAINT fk_field_sign_commune_code REFERENCES area (code),
            day date NOT NULL,
            figures jsonb NOT NULL,
            record_ids uuid[] NOT NULL CONSTRAINT ck_field_sign_record_ids CHECK (cardinality(record_ids) > 0),
            status text NOT NULL
                CONSTRAINT ck_field_sign_status CHECK (status IN ('open', 'dismissed', 'confirmed')),
            decided_by uuid,
            decided_at timestamptz,
            reason text CONSTRAINT ck_field_sign_reason CHECK (length(reason) BETWEEN 1 AND 500),
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_field_sign_not_own CHECK (decided_by <> member_id),
            CONSTRAINT ck_field_sign_decided CHECK ((status = 'open') = (decided_by IS NULL)
                AND (decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (reason IS NULL))
        );
        CREATE INDEX ix_field_sign_commune_code ON field_sign (commune_code, status, id);
        GRANT SELECT, INSERT ON field_sign TO app;
        GRANT UPDATE (status, decided_by, decided_at, reason) ON field_sign TO app;
        """
    )


def _raise_second_wall() -> None:
    """A visit goes with its household, a lesson with its hamlet. Checks and signs are for the commune, whoever they are
    about does not see them; a checker sees what was given to them."""
    everywhere = "(SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))"
    home = "EXISTS (SELECT FROM household WHERE household.id = household_id)"
    commune = f"{_AREAS} && ARRAY['*', commune_code]"
    hamlet = f"{_AREAS} && ARRAY['*', commune_code, hamlet_code]"
    class_seen = "EXISTS (SELECT FROM lesson WHERE lesson.id = lesson_id)"
    walls = {
        "visit": (f"{everywhere} OR {home}", home),
        "lesson": (f"{hamlet} OR led_by = {_ME}", hamlet),
        "lesson_household": (f"{everywhere} OR {class_seen}", f"{class_seen} AND {home}"),
        "team_leader": (f"{commune} OR user_id = {_ME}", commune),
        "back_check_draw": (everywhere, everywhere),
        "back_check": (f"({commune} OR checker_id = {_ME}) AND registrar_id IS DISTINCT FROM {_ME}",) * 2,
        "field_sign": (f"{commune} AND member_id IS DISTINCT FROM {_ME}", commune),
    }
    for table, (seen, written) in walls.items():
        op.execute(
            f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY reach ON {table} TO app USING ({seen}) WITH CHECK ({written});
            CREATE POLICY owner ON {table} FOR SELECT TO migrator USING (true);
            """
        )
