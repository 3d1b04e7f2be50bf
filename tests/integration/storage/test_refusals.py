"""What must never be is refused by the database itself, whatever the program would say: tried with raw SQL."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from coi_tracker.storage.triggers import APPEND_ONLY, NEVER_DELETED
from tests.integration.storage.builders import ON_POSTGRESQL, ON_SQLITE

pytestmark = pytest.mark.requirement("COI-DB-01", "COI-DB-13")

D = "'" + "f" * 64 + "'"
T = "'2026-03-01T08:00:00.000000Z'"


@dataclass(frozen=True)
class Refusal:
    """A statement, and the rule that refuses it (one of several, between bars). On SQLite a foreign key has no name."""

    statement: str
    rule: str
    requirement: str = "COI-DB-01"
    rule_on_sqlite: str | None = None


def _event(
    chain="'course/C1'", seq="3", key="'new'", prev=None, digest=D, kind="'performed'", at=T, entry="'{}'"
) -> str:
    follows = prev or f"(SELECT digest FROM events WHERE chain = {chain} AND seq = {seq} - 1)"
    return (
        "INSERT INTO events (chain, seq, id, prev, digest, kind, step, recorded_at, entry) "
        f"VALUES ({chain}, {seq}, {key}, {follows}, {digest}, {kind}, 'x', {at}, {entry})"
    )


def _container(key="'C1/flask/9'", coi="'C1'", kind="'flask'", state="'filled'", serial="'L9'") -> str:
    return (
        "INSERT INTO containers (id, coi, kind, part, state, holder, serial, doc) "
        f"VALUES ({key}, {coi}, {kind}, 9, {state}, 'fac', {serial}, '{{}}')"
    )


def _issue(serial, container, coi="'C1'") -> str:
    event = "(SELECT min(id) FROM events)"
    columns = "serial, container, coi, kind, event_id, issued_at"
    return f"INSERT INTO label_issues ({columns}) VALUES ('{serial}', '{container}', {coi}, 'flask', {event}, {T})"


def _label(serial, container, state="issued", live="true") -> str:
    columns = "serial, container, coi, kind, state, live"
    return f"INSERT INTO labels ({columns}) VALUES ('{serial}', '{container}', 'C1', 'flask', '{state}', {live})"


EVENT = "(SELECT max(id) FROM events)"
LINEAGE = "INSERT INTO lineage (coi, child, parent) VALUES "
FORGED = "UPDATE chains SET seq = 2, head = " + D + " WHERE chain = 'course/C1'"

REFUSALS = {
    "the same number twice in a chain": Refusal(_event(seq="2"), "pk_events|uq_events_prev_chain", "COI-DB-06"),
    "the same id twice": Refusal(
        _event(key="(SELECT id FROM events WHERE chain = 'course/C2')"), "uq_events_id", "COI-DB-06"
    ),
    "the same predecessor twice": Refusal(
        _event(seq="3", prev="(SELECT digest FROM events WHERE chain = 'course/C1' AND seq = 1)"),
        "uq_events_prev_chain|events_follow",
        "COI-DB-06",
    ),
    "a predecessor that is not the last entry": Refusal(_event(prev=D), "events_follow", "COI-DB-06"),
    "a gap in a chain": Refusal(
        _event(seq="4", prev="(SELECT digest FROM events WHERE chain = 'course/C1' AND seq = 2)"),
        "events_follow",
        "COI-DB-06",
    ),
    "a predecessor of another chain": Refusal(
        _event(prev="(SELECT digest FROM events WHERE chain = 'course/C2')"), "events_follow", "COI-DB-06"
    ),
    "a first entry with a predecessor": Refusal(
        _event(chain="'course/C9'", seq="1", prev=D), "ck_events_prev_null_only_first", "COI-DB-06"
    ),
    "a later entry without one": Refusal(_event(prev="NULL"), "events_follow", "COI-DB-06"),
    "an entry numbered nought": Refusal(
        _event(chain="'course/C9'", seq="0", prev=D), "ck_events_seq_from_1", "COI-DB-06"
    ),
    "a kind of entry nobody knows": Refusal(_event(kind="'guessed'"), "ck_events_kind_word"),
    "a digest that is none": Refusal(_event(digest="'abc'"), "ck_events_digest_hex"),
    "a time without its zone": Refusal(
        _event(at="'2026-03-01T08:00:00'"), "ck_events_recorded_at_instant", "COI-DB-15"
    ),
    "an entry without text": Refusal(_event(entry="''"), "ck_events_entry_filled"),
    "a state whose head is not an event": Refusal(FORGED, "fk_chains_chain_seq_head", "COI-DB-07", "foreign_key"),
    "a state whose head is an event of another chain": Refusal(
        "UPDATE chains SET head = (SELECT head FROM chains WHERE chain = 'course/C2') WHERE chain = 'course/C1'",
        "fk_chains_chain_seq_head",
        "COI-DB-07",
        "foreign_key",
    ),
    "a state that forgot its head": Refusal(
        "UPDATE chains SET head = NULL WHERE chain = 'course/C1'", "ck_chains_head_is_last", "COI-DB-07"
    ),
    "a second signature of one person": Refusal(
        "INSERT INTO signatures (event_id, account, meaning, signed_at, signed) "
        f"SELECT event_id, account, 'witnessed', signed_at, {D} FROM signatures WHERE account = 'ann'",
        "pk_signatures",
        "COI-DB-12",
    ),
    "a signature under nothing": Refusal(
        "INSERT INTO signatures (event_id, account, meaning, signed_at, signed) "
        f"VALUES ('none', 'ann', 'performed', {T}, {D})",
        "fk_signatures_event_id",
        "COI-DB-12",
        "foreign_key",
    ),
    "a parent of another course": Refusal(
        LINEAGE + "('C1', 'C1/bag/2', 'C2/flask/1')", "fk_lineage_coi_parent", "COI-DB-02", "foreign_key"
    ),
    "a child of another course": Refusal(
        LINEAGE + "('C2', 'C1/bag/2', 'C2/flask/1')", "fk_lineage_coi_child", "COI-DB-02", "foreign_key"
    ),
    "lineage without a course": Refusal(
        LINEAGE + "(NULL, 'C1/bag/2', 'C2/flask/1')", "not null: coi", "COI-DB-02", "lineage.coi"
    ),
    "a container that is its own parent": Refusal(
        LINEAGE + "('C1', 'C1/bag/2', 'C1/bag/2')", "ck_lineage_not_of_itself", "COI-DB-02"
    ),
    "a parent that changes its course afterwards": Refusal(
        "UPDATE containers SET coi = 'C2' WHERE id = 'C1/flask/1'", "containers_stays", "COI-DB-02"
    ),
    "a container without a course": Refusal(_container(coi="NULL"), "ck_containers_course_unless_shipper", "COI-DB-02"),
    "a container of no known course": Refusal(_container(coi="'C9'"), "fk_containers_coi", "COI-DB-02", "foreign_key"),
    "a state of a container nobody knows": Refusal(_container(state="'melted'"), "ck_containers_state_word"),
    "two containers with one serial": Refusal(_container(serial="'L-C1-flask-1'"), "uq_containers_serial", "COI-DB-08"),
    "a course that changes its subject": Refusal(
        "UPDATE courses SET subject = '002' WHERE coi = 'C1'", "courses_stays", "COI-DB-02"
    ),
    "a course of nobody": Refusal(
        "INSERT INTO courses (coi, chain, study, subject, site, material, disposition, treatment, standing, infused, "
        f"opened_at) VALUES ('C9', 'subject/001', 'S', '777', 'site', 'none', 'none', 'none', 'active', false, {T})",
        "fk_courses_study_subject",
        "COI-DB-02",
        "foreign_key",
    ),
    "one serial twice": Refusal(_issue("L-C1-flask-1", "C1/bag/1"), "pk_label_issues", "COI-DB-08"),
    "a label for a container of another course": Refusal(
        _issue("L77", "C2/flask/1"), "fk_label_issues_coi_container", "COI-DB-02", "foreign_key"
    ),
    "a label that was never issued": Refusal(
        _label("L78", "C1/flask/1", "void", "false"), "fk_labels_serial_container", "COI-DB-08", "foreign_key"
    ),
    "a dead label that counts as live": Refusal(
        "UPDATE labels SET state = 'void' WHERE serial = 'L-C1-flask-1'", "ck_labels_live_state", "COI-DB-08"
    ),
    "a live label that counts as dead": Refusal(
        "UPDATE labels SET live = false WHERE serial = 'L-C1-flask-1'", "ck_labels_live_state", "COI-DB-08"
    ),
    "a second open hand-off": Refusal(
        "INSERT INTO hand_offs (container, opened_event, from_place, to_place) "
        f"VALUES ('C1/bag/3', {EVENT}, 'fac', 'courier')",
        "uq_hand_offs_open",
        "COI-DB-09",
    ),
    "a hand-off to oneself": Refusal(
        "INSERT INTO hand_offs (container, opened_event, from_place, to_place) "
        f"VALUES ('C1/bag/1', {EVENT}, 'fac', 'fac')",
        "ck_hand_offs_between_two",
        "COI-DB-09",
    ),
    "one slot position twice": Refusal(
        "INSERT INTO bookings (facility, day, position, coi, purpose) VALUES ('fac', '2026-03-02', 1, 'C2', 'receipt')",
        "pk_bookings",
        "COI-DB-10",
    ),
    "one suite for two courses": Refusal(
        "INSERT INTO suite_claims (suite, coi) VALUES ('suite-1', 'C2')", "pk_suite_claims"
    ),
    "a shipper loaded for two": Refusal(
        "INSERT INTO shipper_loads (shipper, opened_event, coi) "
        "VALUES ('shipper/X1', (SELECT min(id) FROM events), 'C2')",
        "uq_shipper_loads_open",
    ),
    "a bag infused twice": Refusal(
        f"INSERT INTO infusions (container, coi, event_id) VALUES ('C1/bag/2', 'C1', {EVENT})",
        "pk_infusions",
        "COI-DB-11",
    ),
    "a bag infused into another course": Refusal(
        f"INSERT INTO infusions (container, coi, event_id) VALUES ('C1/bag/1', 'C2', {EVENT})",
        "fk_infusions_coi_container",
        "COI-DB-11",
        "foreign_key",
    ),
    "a log index that leaves a gap": Refusal(
        f"INSERT INTO log_positions (idx, event_id, digest) SELECT 9, id, digest FROM events WHERE id = {EVENT}",
        "log_positions_follow",
    ),
    "a log index with another digest": Refusal(
        f"INSERT INTO log_positions (idx, event_id, digest) VALUES (3, {EVENT}, {D})", "log_positions_follow"
    ),
    "two log indexes for one entry": Refusal(
        "INSERT INTO log_positions (idx, event_id, digest) SELECT 3, event_id, digest FROM log_positions WHERE idx = 0",
        "uq_log_positions_event_id",
    ),
    "an entry that no longer waits, without a log index": Refusal(
        "DELETE FROM unsequenced", "unsequenced_until_placed"
    ),
    "an entry that waits as another": Refusal(
        "UPDATE unsequenced SET event_id = (SELECT min(id) FROM events)", "unsequenced_stays"
    ),
    "a checkpoint beyond the log": Refusal(
        f"INSERT INTO checkpoints (size, origin, note, made_at) VALUES (4, 'o', 'n', {T})", "checkpoints_cover"
    ),
    "an account that is given to somebody else": Refusal(
        "UPDATE accounts SET id = 'eve' WHERE id = 'bob'", "accounts_stays"
    ),
    "one badge for two": Refusal("UPDATE accounts SET badge = 'B1' WHERE id = 'bob'", "uq_accounts_badge"),
    "one subject number twice": Refusal(
        f"INSERT INTO subjects (study, number, site, registered_event) VALUES ('S', '001', 'site', {EVENT})",
        "pk_subjects",
    ),
    "a role nobody knows": Refusal(
        "INSERT INTO account_roles (account, role, place) VALUES ('ann', 'wizard', 'fac')", "ck_account_roles_role_word"
    ),
    "a hold on something else": Refusal(
        "INSERT INTO holds (id, scope, target, blocks, placed_by, reason, placed_event) "
        f"VALUES ('h9', 'course', 'C1', '[]', 'ann', '', {EVENT})",
        "ck_holds_scope_word",
    ),
}


@pytest.mark.requirement(
    "COI-DB-02", "COI-DB-06", "COI-DB-07", "COI-DB-08", "COI-DB-09", "COI-DB-10", "COI-DB-11", "COI-DB-12"
)
@pytest.mark.parametrize("what", REFUSALS)
def test_the_database_refuses(raw, what):
    refusal = REFUSALS[what]
    expected = refusal.rule_on_sqlite if raw.is_sqlite and refusal.rule_on_sqlite else refusal.rule

    assert raw.refused_by(refusal.statement) in expected.split("|")


@pytest.mark.requirement("COI-DB-06")
def test_a_fork_is_refused_by_the_unique_key_too(raw):
    _dropped(raw, "events", "events_follow")

    assert raw.refused_by(REFUSALS["the same predecessor twice"].statement) == "uq_events_prev_chain"


@pytest.mark.requirement("COI-DB-08")
def test_a_container_has_one_live_label(raw):
    raw(_issue("L-new", "C1/flask/1"))

    assert raw.refused_by(_label("L-new", "C1/flask/1")) == "uq_labels_live_container"
    assert raw.refused_by(_label("L-new", "C1/flask/1", "void", "false")) is None


def test_a_study_never_has_more_subjects_than_its_limit(raw):
    add = "INSERT INTO subjects (study, number, site, registered_event) VALUES ('S', '{}', 'site', " + EVENT + ")"

    assert raw.refused_by(add.format("003")) is None
    assert raw.refused_by(add.format("004")) == "ck_studies_enrolment_limit"
    assert raw("SELECT enrolled FROM studies") == [(3,)]
    raw("DELETE FROM subjects WHERE number = '003'")
    assert raw("SELECT enrolled FROM studies") == [(2,)]


def test_every_event_waits_for_its_log_index_without_being_told(raw):
    before = raw("SELECT count(*) FROM unsequenced")[0][0]
    assert raw.refused_by(_event()) is None

    assert raw("SELECT count(*) FROM unsequenced")[0][0] == before + 1


GROWING = [*APPEND_ONLY, *NEVER_DELETED]


def _some_column(table: str) -> str:
    return (APPEND_ONLY | NEVER_DELETED)[table][0][0]


@pytest.mark.requirement("COI-DB-03")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_that_was_added_is_never_changed(raw, table):
    column = _some_column(table)

    assert raw(f"SELECT count(*) FROM {table}") != [(0,)]
    assert raw.refused_by(f"UPDATE {table} SET {column} = {column}") == f"{table}_no_update"


@pytest.mark.requirement("COI-DB-03")
@pytest.mark.parametrize("table", GROWING)
def test_a_row_that_was_added_is_never_removed(raw, table):
    assert raw.refused_by(f"DELETE FROM {table}") == f"{table}_no_delete"


@pytest.mark.requirement("COI-DB-03")
@ON_POSTGRESQL
@pytest.mark.parametrize("table", [*GROWING, "unsequenced"])
def test_a_table_that_grows_is_never_emptied(raw, table):
    assert raw.refused_by(f"TRUNCATE {table} CASCADE") in {f"{name}_no_truncate" for name in [*GROWING, "unsequenced"]}


@pytest.mark.requirement("COI-DB-03")
@ON_SQLITE
@pytest.mark.parametrize("table", [*GROWING, "subjects"])
def test_a_row_that_was_added_is_never_replaced(raw, table):
    refused = raw.refused_by(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")

    assert refused is not None
    assert refused.startswith((f"pk_{table}", f"uq_{table}"))


@pytest.mark.requirement("COI-DB-03")
@ON_SQLITE
@pytest.mark.parametrize(
    ("table", "keys"), [(table, keys) for table, keys in (APPEND_ONLY | NEVER_DELETED).items() if len(keys) > 1]
)
def test_no_other_unique_key_is_a_way_to_replace(raw, table, keys):
    """REPLACE removes whatever row has any of the new one's unique keys, not only its primary key."""
    triggers = {name for (name,) in raw("SELECT name FROM sqlite_master WHERE type = 'trigger'")}

    assert {f"{table}_no_replace_{'_'.join(key)}" for key in keys} <= triggers


@pytest.mark.requirement("COI-DB-03")
def test_an_upsert_does_not_change_an_entry(raw):
    clash = _event(seq="2") + " ON CONFLICT (chain, seq) DO UPDATE SET entry = 'forged'"

    assert raw.refused_by(clash) in ("pk_events", "uq_events_prev_chain", "events_no_update")


def _dropped(raw, table: str, trigger: str) -> None:
    raw(f"DROP TRIGGER {trigger}" + ("" if raw.is_sqlite else f" ON {table}"))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_it_is_the_trigger_that_refuses(raw, table):
    """Without it the change goes through (or meets another rule): so the tests above would notice its absence."""
    _dropped(raw, table, f"{table}_no_update")
    _dropped(raw, table, f"{table}_no_delete")
    column = _some_column(table)

    assert raw.refused_by(f"UPDATE {table} SET {column} = {column}") is None
    assert raw.refused_by(f"DELETE FROM {table}") in (None, *_foreign_keys(raw))


def _foreign_keys(raw) -> list[str]:
    if raw.is_sqlite:
        return ["foreign_key"]
    return [name for (name,) in raw("SELECT conname FROM pg_constraint WHERE contype = 'f'")]


LINKS = {
    "events_follow": ("events", REFUSALS["a gap in a chain"].statement),
    "log_positions_follow": ("log_positions", REFUSALS["a log index that leaves a gap"].statement),
    "unsequenced_until_placed": ("unsequenced", "DELETE FROM unsequenced"),
    "checkpoints_cover": ("checkpoints", REFUSALS["a checkpoint beyond the log"].statement),
    "courses_stays": ("courses", REFUSALS["a course that changes its subject"].statement),
    "accounts_stays": ("accounts", REFUSALS["an account that is given to somebody else"].statement),
    "unsequenced_stays": ("unsequenced", "UPDATE unsequenced SET n = n + 1000"),
    "containers_stays": ("containers", "UPDATE containers SET kind = 'pool' WHERE id = 'C1/bag/3'"),
}


@pytest.mark.parametrize("trigger", LINKS)
def test_it_is_this_trigger_that_refuses(raw, trigger):
    table, statement = LINKS[trigger]
    if trigger == "events_follow":
        statement = _event(prev=D)
    assert raw.refused_by(statement) == trigger

    _dropped(raw, table, trigger)
    assert raw.refused_by(statement) in (None, "uq_events_prev_chain")
