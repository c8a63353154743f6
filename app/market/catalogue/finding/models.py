"""What words there are on the market, how often, and how they may be mistyped."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model


class SearchTerm(Model):
    """A lexeme of `product.find` and how many products on sale have it, as of the last count.

    Words are as they are; `=` begins a word with accents (`folded` is the same without), `@` a filter.
    """

    __tablename__ = "search_term"
    __table_args__ = (
        sa.Index("ix_search_term_begins", "term", postgresql_ops={"term": "text_pattern_ops"}),
        sa.Index("ix_search_term_folded", "folded", postgresql_where=sa.text("folded IS NOT NULL")),
    )

    term: Mapped[str] = mapped_column(primary_key=True)
    products: Mapped[int]
    folded: Mapped[str | None]


class SearchSlip(Model):
    """A word with one letter left out, or whole: what a mistyped word has in common with it."""

    __tablename__ = "search_slip"
    __table_args__ = (sa.Index("ix_search_slip_term", "term"),)

    variant: Mapped[str] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(sa.ForeignKey("search_term.term", ondelete="CASCADE"), primary_key=True)


class SearchTermChange(Model):
    """A product came with a lexeme (+1) or lost it (-1); written by a trigger, counted by a job."""

    __tablename__ = "search_term_change"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    term: Mapped[str]
    change: Mapped[int] = mapped_column(sa.SmallInteger)
