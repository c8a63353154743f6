"""From the bytes of a file to its lines: what the file is, is seen from how it begins, not from its name."""

from __future__ import annotations

from app.payments.statements.camt import read_camt
from app.payments.statements.errors import UnreadableStatement
from app.payments.statements.lines import BadCell, Statement, account
from app.payments.statements.sheets import read_csv, read_xlsx

MAX_BYTES = 20 * 1024 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read(data: bytes, *, own_account: str = "") -> Statement:
    """Read a statement: camt.053, XLSX or CSV.

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
    if data.startswith(b"PK"):
        return read_xlsx(data, own)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableStatement("old_excel")
    return read_camt(data, own) if _looks_like_xml(data) else read_csv(data, own)


def _looks_like_xml(data: bytes) -> bool:
    head = data[:200]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\x00", b"").lstrip().startswith(b"<")
