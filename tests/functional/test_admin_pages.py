"""Administration through the pages: every change with its reason, old and new value, shown with its target."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from coi_tracker.identity import BadgeCode
from coi_tracker.protocols.loading import builtin_text
from coi_tracker.services import administration, lockout, outside_identity, people, second_factor
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.signing_in import SignedIn, sign_in
from coi_tracker.vocabulary import PrinterKind, Role
from tests.floor import PASSWORD
from tests.functional.admin_forms import change, found_in, known, latest, printer, refused, told

CHANGES = pytest.mark.requirement("COI-PPL-11")
SCRIPT = '"><script>alert(1)</script>'


# --- accounts -------------------------------------------------------------------------------------


@CHANGES
def test_an_account_is_added_given_a_role_a_password_and_ended(floor, admin):
    boss = floor.person(Role.ADMIN)
    change(admin, "/admin/accounts/new", account="nina", name="Nina Berg", badge="new")
    assert "Nina Berg" in admin.get("/admin/accounts?search=NINA").text
    page = change(admin, "/admin/accounts/nina/roles", role="nurse", place="us-hollow", trained_until="2027-01-31")
    assert "2027-01-31" in page
    found = latest(floor, "account", "nina")
    assert (found.what, found.key, found.by, found.reason) == (
        "role",
        "nurse@us-hollow",
        boss.name,
        "asked in person",
    )
    drawn = admin.post("/admin/accounts/nina/password", data={"reason": "first one"})
    password = found_in(drawn.text, r'class="once"><code>([^<]+)<')
    assert password not in admin.get("/admin/accounts/nina").text
    entered = sign_in(floor.record, "nina", password)
    assert isinstance(entered, SignedIn)
    assert entered.must_change_password is not None
    nina = floor.client("nina")
    assert nina.get("/courses").status_code == 200
    change(admin, "/admin/accounts/nina/roles/take", role="nurse", place="us-hollow")
    assert nina.get("/courses").status_code == 403
    change(admin, "/admin/accounts/nina/active")
    assert nina.get("/me").status_code == 302
    assert "Let this person in again" in change(admin, "/admin/accounts/nina/details", name="Nina B", badge="keep")
    change(admin, "/admin/accounts/nina/active")
    values = {one.name: (one.old, one.new) for one in latest(floor, "account", "nina").values}
    assert values == {"active": (False, True)}


@CHANGES
@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("new", {"account": "No Such Id", "name": "X"}, "an account id of 2 to 60"),
        ("new", {"account": "nina", "name": ""}, "printed name"),
        ("new", {"account": "nina", "name": "N", "badge": "code", "code": "xx"}, "xx"),
        ("new", {"account": "nina", "name": "N", "badge": "code", "code": "SJZ2EV9B"}, "got"),
        ("new", {"account": "nina", "name": "N", "reason": " "}, "a reason"),
        ("{nurse}/details", {"name": "A\u202eB"}, "printed name"),
        ("{nurse}/roles", {"role": "wizard", "place": "us-hollow"}, "a role of the list"),
        ("{nurse}/roles", {"role": "nurse", "place": "nowhere"}, "a place of the record"),
        ("{nurse}/roles", {"role": "nurse", "place": "us-hollow", "trained_until": "soon"}, "a day"),
        ("{nurse}/roles/take", {"role": "qa", "place": "us-hollow"}, "a role that the account has"),
        ("{nurse}/password", {"reason": ""}, "a reason"),
        ("{nurse}/unlock", {}, "a locked account"),
        ("{nurse}/second-factor", {"wish": "remove"}, "with a second factor"),
        ("{nurse}/links", {"issuer": "https://id.example", "subject": ""}, "the subject"),
        ("{nurse}/links", {"issuer": "x", "subject": "y", "wish": "end"}, "a link of this account"),
        ("{nurse}/active", {"reason": "x" * 501}, "a reason"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(floor, admin, nurse, path, data, words):
    before = administration.changes_of(floor.record, "account", nurse.id)
    assert words in refused(admin, f"/admin/accounts/{path.format(nurse=nurse.id)}", **data)
    assert administration.changes_of(floor.record, "account", nurse.id) == before
    assert administration.account(floor.record, "nina") is None


@CHANGES
def test_what_was_typed_is_still_there_when_it_was_wrong_and_never_runs(admin):
    page = admin.post("/admin/accounts/new", data={"form": "new", "account": "UPPER", "name": SCRIPT, "reason": SCRIPT})
    assert page.status_code == 400
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)") == 2
    change(admin, "/admin/accounts/new", account="nina", name=SCRIPT)
    for path in ("/admin/accounts", "/admin/accounts/nina"):
        assert "<script>alert" not in admin.get(path).text


@CHANGES
def test_a_lock_is_seen_and_ended(floor, admin, nurse):
    for _ in range(5):
        sign_in(floor.record, nurse.id, "wrong password")
    sign_in(floor.record, "whoever", "wrong password")
    page = admin.get("/admin/failed-tries").text
    assert f'/admin/accounts/{nurse.id}">{nurse.id}</a> until' in page
    assert "1 try with accounts that do not exist" in page
    assert "whoever" not in page
    assert "Locked until" in admin.get(f"/admin/accounts/{nurse.id}").text
    change(admin, f"/admin/accounts/{nurse.id}/unlock")
    assert isinstance(sign_in(floor.record, nurse.id, PASSWORD), SignedIn)
    assert "No account is locked" in admin.get("/admin/failed-tries").text
    assert lockout.standings(floor.record)[nurse.id].locks == 0


@CHANGES
def test_a_second_factor_is_asked_for_and_taken_away(floor, admin, nurse):
    path = f"/admin/accounts/{nurse.id}/second-factor"
    assert "to be set up at the next sign-in" in change(admin, path, wish="require")
    second_factor.begin(floor.record, nurse.id)
    change(admin, path, wish="remove")
    change(admin, path, wish="require")
    assert not second_factor.is_missing(floor.record, nurse.id)


@CHANGES
def test_a_link_to_another_organisation_is_made_and_ended(floor, admin, nurse):
    path, who = f"/admin/accounts/{nurse.id}/links", {"issuer": "https://id.example", "subject": "42"}
    outside_identity.link(floor.record, nurse.id, issuer="https://id.example", subject="41", by=INSTALLER, reason="x")
    change(admin, path, **who)
    change(admin, path, **{**who, "subject": "41"}, wish="end")
    assert [one.subject for one in outside_identity.links(floor.record, nurse.id)] == ["42"]


@CHANGES
def test_a_badge_is_replaced_by_a_new_one_or_by_one_that_is_printed(floor, admin, nurse):
    printed = BadgeCode.issue()
    path = f"/admin/accounts/{nurse.id}/details"
    change(admin, path, name=nurse.name, badge="new")
    drawn = known(floor, nurse.id).badge
    change(admin, path, name=nurse.name, badge="code", code=printed.display())
    assert len({nurse.badge, drawn, known(floor, nurse.id).badge}) == 3
    assert people.carrier_of(floor.record, BadgeCode(nurse.badge)) is None
    other = floor.person(Role.PHYSICIAN)
    assert "nobody carries" in refused(admin, path, name=nurse.name, badge="code", code=other.badge)


# --- the set-up -----------------------------------------------------------------------------------


@CHANGES
def test_a_place_is_added_changed_and_closed_on_days(floor, admin):
    place = {"kind": "site", "name": "Porto", "country": "pt", "zone": "Europe/Lisbon", "daily_capacity": "3"}
    change(admin, "/admin/places/new", key="porto", **place)
    assert "which is taken" in refused(admin, "/admin/places/new", key="porto", **place)
    for wrong in ({"kind": "ship"}, {"country": "Portugal"}, {"zone": "Moon"}, {"daily_capacity": "-1"}, {"name": " "}):
        refused(admin, "/admin/places/porto/details", **{**place, **wrong})
    change(admin, "/admin/places/porto/details", **{**place, "daily_capacity": "5"})
    found = latest(floor, "place", "porto")
    assert [(one.name, one.old, one.new) for one in found.values] == [("daily_capacity", 3, 5)]

    today = floor.clock().date()
    monday = today + timedelta(days=7 - today.weekday())
    days = {"first": monday.isoformat(), "last": (monday + timedelta(days=13)).isoformat()}
    page = change(admin, "/admin/places/porto/days", form="days", wish="close", weekends="yes", **days)
    assert len(administration.closed_days(floor.record, "porto")) == 4
    assert "Sat" in page
    assert "Sun" in page
    change(admin, "/admin/places/porto/days", wish="open", first=(monday + timedelta(days=5)).isoformat())
    assert len(administration.closed_days(floor.record, "porto")) == 3
    for wrong in (
        {"first": ""},
        {"first": days["last"], "last": days["first"]},
        {"first": "2026-01-01", "last": "2029-01-01"},
    ):
        assert "a first and a last day" in refused(admin, "/admin/places/porto/days", wish="close", **wrong)


@CHANGES
def test_a_station_is_added_moved_and_taken_out_of_use(floor, admin, nurse):
    page = change(admin, "/admin/stations", place="us-hollow", name="Ward 3")
    code = next(one.code for one in administration.stations(floor.record) if one.name == "Ward 3")
    assert code in page.replace("-", "").replace(" ", "")
    there = floor.client(floor.person(Role.NURSE, "us-hollow").id)
    assert there.post("/station", data={"code": code}).status_code == 303
    change(admin, f"/admin/stations/{code}/details", place="us-hollow", name="Ward 4")
    assert "Ward 4" in there.get("/me").text
    change(admin, f"/admin/stations/{code}/active")
    assert "Ward 4" not in there.get("/me").text
    assert "the name of a station" in refused(admin, f"/admin/stations/{code}/details", place="us-hollow", name="")
    assert "a place of the record" in refused(admin, "/admin/stations", place="nowhere", name="Ward 5")
    values = {one.name: (one.old, one.new) for one in latest(floor, "station", code).values}
    assert values == {"active": (True, False)}


@CHANGES
def test_a_printer_is_added_changed_and_taken_out_of_use(floor, admin):
    data = {"name": "Ward printer", "kind": "tcp", "address": "10.0.0.7:9100", "language": "zpl", "dpi": "203"}
    answer = admin.post(
        "/admin/printers/new", data={"key": "ward", "place": "us-hollow", "kinds": ["bag"], "reason": "new", **data}
    )
    assert answer.location == "/admin/printers/ward?done=1"
    found = printer(floor)
    assert (found.kind, found.address, found.kinds) == (PrinterKind.TCP, "10.0.0.7:9100", ("bag",))
    answer = admin.post("/admin/printers/ward/details", data={**data, "address": "10.0.0.8:9100", "reason": "moved"})
    assert answer.status_code == 303
    assert "moved" in admin.get("/admin/places/us-hollow").text
    assert refused(admin, "/admin/printers/ward/details", **{**data, "address": "nowhere at all"})
    assert refused(admin, "/admin/printers/ward/details", **{**data, "kind": "pigeon"})
    assert "which is taken" in refused(admin, "/admin/printers/new", key="ward", place="us-hollow", **data)
    assert admin.post("/admin/printers/ward/active", data={"reason": "broken"}).status_code == 303
    assert not printer(floor).active


@CHANGES
def test_a_protocol_is_looked_at_with_its_differences_and_then_released(floor, admin):
    text = builtin_text("iov_lun_202_amendment")
    first = admin.post("/admin/protocols/release", data={"content": text, "form": "look"})
    assert first.status_code == 200
    assert "differ from version" in first.text
    digest = found_in(first.text, r'name="digest" value="([^"]+)"')
    version = found_in(first.text, r"Release version ([\w.-]+)")
    without = admin.post("/admin/protocols/release", data={"content": text, "digest": digest, "reason": ""})
    assert (without.status_code, "a reason" in told(without.text)) == (400, True)
    assert len(administration.studies(floor.record)[0].versions) == 1
    other = text.replace("\n", "\r\n")  # as a browser sends it
    page = change(admin, "/admin/protocols/release", content=other, digest=digest)
    assert version in page
    kept = admin.get(f"/admin/studies/iov_lun_202/{version}.toml")
    assert kept.text == text
    assert "not released yet" in refused(admin, "/admin/protocols/release", content=text, digest=digest)
    assert latest(floor, "study", "iov_lun_202").key == version


@CHANGES
def test_a_file_that_was_changed_after_it_was_looked_at_is_shown_again_and_not_released(floor, admin):
    text = builtin_text("iov_lun_202_amendment")
    answer = admin.post("/admin/protocols/release", data={"content": text, "digest": "0" * 64, "reason": "x"})
    assert answer.status_code == 200
    assert len(administration.studies(floor.record)[0].versions) == 1


@CHANGES
@pytest.mark.parametrize(
    "content", [b"", b"key = ", b"\xff\xfe\x00", b"x" * 300_000, b"a = 1\n<script>alert(1)</script>"]
)
def test_a_file_that_is_no_protocol_is_told_line_by_line(admin, content):
    answer = admin.post("/admin/protocols/release", data={"file": (io.BytesIO(content), "protocol.toml")})
    assert answer.status_code == 400
    assert "Not released" in answer.text
    assert "<script>alert" not in answer.text


@CHANGES
def test_enrolment_is_closed_and_opened(floor, admin):
    assert "Open enrolment" in change(admin, "/admin/studies/iov_lun_202/open")
    assert not administration.studies(floor.record)[0].study.open
    change(admin, "/admin/studies/iov_lun_202/open")
    assert administration.studies(floor.record)[0].study.open


@pytest.mark.parametrize(
    "path", ["accounts/x", "places/x", "stations/x", "printers/x", "studies/x", "studies/iov_lun_202/9.toml"]
)
def test_what_is_not_there_is_not_found(admin, path):
    assert admin.get(f"/admin/{path}").status_code == 404


@CHANGES
def test_the_history_shows_refused_addresses_and_goes_on_page_by_page(floor, admin, nurse):
    floor.client(nurse.id).get("/admin/places")
    page = admin.get(f"/admin/accounts/{nurse.id}").text
    assert "<code>GET /admin/places</code>" in page
    for n in range(25):
        people.change_account(floor.record, nurse.id, name=f"Name {n}", by=INSTALLER, reason=f"change {n}")
    newest = admin.get(f"/admin/accounts/{nurse.id}").text
    assert "change 24" in newest
    assert "change 4<" not in newest
    older = found_in(newest, r'href="([^"]+from=\d+)#history')
    assert "change 4<" in admin.get(older).text
