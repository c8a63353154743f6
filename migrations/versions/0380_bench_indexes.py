"""Let whoever sees the whole province count and page through households by their step without reading them all."""

from alembic import op

revision = "0380"
down_revision = "0370"
branch_labels = None
depends_on = None

_AREAS = "(SELECT string_to_array(current_setting('app.areas', true), ','))"
_EVERYWHERE = "(SELECT '*' = ANY (string_to_array(current_setting('app.areas', true), ',')))"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _index_steps()
    _ask_for_everywhere_once()


def _index_steps() -> None:
    """What waits, oldest first, and the counts by step, hamlet and registrar are answered from the index alone."""
    op.execute(
        """
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_household_status ON household (status, id)
            INCLUDE (commune_code, hamlet_code, registered_by, created_at);
        """
    )


def _ask_for_everywhere_once() -> None:
    """The same rows as before: whether the person sees everything is one question for a statement, not one for each of
    140,000 rows, for which an array had to be made."""
    reach = f"{_AREAS} && ARRAY[commune_code, hamlet_code]"
    me = "id = (SELECT nullif(current_setting('app.household_id', true), '')::uuid)"
    op.execute(
        f"ALTER POLICY reach ON household USING ({_EVERYWHERE} OR {reach} OR {me})"
        f" WITH CHECK ({_EVERYWHERE} OR {reach})"
    )
