"""From the bytes of a file to its lines: what the file is, is seen from how it begins, not from its name."""

from __future__ import annotations

from app.core.uploads import UnreadableFile, is_xml
from app.payments.statements.camt import read_camt
from app.payments.statements.errors import UnreadableStatement
from app.payments.statements.lines import BadCell, Statement, account
from app.payments.statements.sheets import read_sheet

MAX_BYTES = 20 * 1024 * 1024


def read(data: bytes, *, own_account: str = "") -> Statement:
    """Read a statement: camt.053, camt.054, XLSX or CSV.

    Args:
        own_account: the account it is of, for files that do not say.

    Raises:
        UnreadableStatement: the file as a whole is of no use; single bad rows are faults of the statement.
    """
    try:
        own = account(own_account) if own_account.strip() else ""
    except BadCell:
        raise UnreadableStatement("account") from None
    if len(data) > MAX_BYTES:
        raise UnreadableStatement("too_large")
    if not data.strip():
        raise UnreadableStatement("empty")
    try:
        return read_camt(data, own) if is_xml(data) else read_sheet(data, own)
    except UnreadableFile as error:
        raise UnreadableStatement(error.reason) from None
