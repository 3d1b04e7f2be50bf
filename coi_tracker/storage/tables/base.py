"""What all tables share: how Python types become columns, how constraints are named, and the usual checks.

Every constraint has a name, because a refusal by the database is reported by that name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from coi_tracker.storage.types import DayText, UtcText, WholeNumber

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Row(DeclarativeBase):
    """One row of a table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        str: Text(),
        int: WholeNumber,
        bool: Boolean(),
        bytes: LargeBinary(),
        datetime: UtcText(),
        date: DayText(),
    }


def one_of(column: str, words: Iterable[str], *, or_null: bool = False) -> CheckConstraint:
    """The column holds a word of a closed list."""
    listed = ", ".join(f"'{word}'" for word in words)
    rule = f"{column} IN ({listed})"
    return CheckConstraint(f"{column} IS NULL OR {rule}" if or_null else rule, name=f"{column}_word")


def instant(*columns: str) -> list[CheckConstraint]:
    """The columns hold times of the log's shape. NULL passes, where the column allows it."""
    shape = "____-__-__T__:__:__.______Z"
    return [CheckConstraint(f"{column} LIKE '{shape}'", name=f"{column}_instant") for column in columns]


def calendar_day(*columns: str) -> list[CheckConstraint]:
    """The columns hold calendar days."""
    return [CheckConstraint(f"{column} LIKE '____-__-__'", name=f"{column}_day") for column in columns]


def filled(*columns: str) -> list[CheckConstraint]:
    """The columns are not empty text."""
    return [CheckConstraint(f"{column} <> ''", name=f"{column}_filled") for column in columns]


def points_to(columns: list[str], target: list[str], *, late: bool = False) -> ForeignKeyConstraint:
    """A foreign key. `late`: may be checked at commit, where a rebuild of the state asks for it."""
    if late:
        return ForeignKeyConstraint(columns, target, deferrable=True, initially="IMMEDIATE")
    return ForeignKeyConstraint(columns, target)
