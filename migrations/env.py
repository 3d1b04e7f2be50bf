"""Where Alembic meets the database: with a connection of the tracker, or with an address given on the command line.

`alembic -x url=sqlite:///var/coi.sqlite3 upgrade head`, or COI_DATABASE_URL. The tracker itself calls
`coi_tracker.storage.migrate`, which hands its connection over and owns the transaction.
"""

from __future__ import annotations

import os

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from coi_tracker.storage.migrate import address, migrating_engine
from coi_tracker.storage.tables import Row


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        compare_type=True,
        compare_server_default=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _given_url() -> str:
    url = context.get_x_argument(as_dictionary=True).get("url") or os.environ.get("COI_DATABASE_URL")
    if not url:
        raise CommandError("say which database: alembic -x url=URL ..., or set COI_DATABASE_URL")
    return url


if context.is_offline_mode():
    raise CommandError("these migrations look at the database they change: run them without --sql")
handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    _run(handed_over)
else:
    engine = migrating_engine(address(_given_url()))
    with engine.begin() as own:
        _run(own)
    engine.dispose()
