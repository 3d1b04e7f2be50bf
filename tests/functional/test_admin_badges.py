"""An administrator draws a code for an account and prints its badge: what is on it, who reaches it, what signs in."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from coi_tracker.identity import BadgeCode, read_scan
from coi_tracker.services import available, people, queries
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.people import Person
from coi_tracker.vocabulary import Role
from tests.floor import PASSWORD, Floor
from tests.functional.admin_forms import change, known
from tests.unit.labels.sample import decoded, pdf_pages, pdf_text, svg_picture
from web.thing_labels import MIME

pytestmark = [
    pytest.mark.requirement("COI-PPL-13"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # a badge is the same on both
]


def of(person: Person, form: str = "pdf") -> str:
    return f"/admin/accounts/{person.id}/badge.{form}"


def drawn(admin: FlaskClient, floor: Floor, person: Person) -> BadgeCode:
    """Another code than before, and the page that shows its badge."""
    page = change(admin, f"/admin/accounts/{person.id}/details", name=person.name, badge="new")
    assert f'src="{of(person, "svg")}"' in page
    assert f'href="{of(person)}"' in page
    found = known(floor, person.id).badge
    assert found not in (None, person.badge)
    return BadgeCode(str(found))


def test_a_code_that_was_drawn_is_printed_at_once_and_signs_in_with_the_password(floor, admin, nurse):
    code = drawn(admin, floor, nurse)
    pdf = admin.get(of(nurse))
    assert pdf.mimetype == "application/pdf"
    assert pdf.headers["Content-Disposition"] == f"attachment; filename=badge-{code.text}.pdf"
    (picture,) = pdf_pages(pdf.data)
    read = decoded(picture)
    assert [read_scan(text) for text in read] == [code, code]
    looked_at = decoded(svg_picture(admin.get(of(nurse, "svg")).text))
    assert [read_scan(text) for text in looked_at] == [code, code]
    door = floor.client()
    answer = door.post("/sign-in", data={"account": read[0], "password": PASSWORD})
    assert answer.status_code == 303
    assert nurse.id in door.get("/me").text


def test_it_says_where_it_belongs_and_not_to_whom(floor, admin, nurse):
    places = {one.id: one.name for one in available.set_up(floor.record).places}
    home, code = places[nurse.roles[0].place], drawn(admin, floor, nurse)
    assert said(admin, nurse) == {"BADGE", code.display(), home, "badge v1"}
    other = next(key for key in places if key != nurse.roles[0].place)
    people.give_role(floor.record, nurse.id, role=Role.OPERATOR, place=other, by=INSTALLER, reason="helps out")
    printed = " ".join(pdf_text(admin.get(of(nurse)).data).split())
    assert any(f"{name} and 1 more" in printed for name in (home, places[other]))
    assert nurse.name.split()[-1] not in printed
    people.add_account(
        floor.record, "nina", name="Nina Berg", badge=BadgeCode.issue(floor.record.draw), by=INSTALLER, reason="new"
    )
    assert "NO PLACE YET" in said(admin, known(floor, "nina"))


def said(admin: FlaskClient, person: Person) -> set[str]:
    """The lines of the printed badge."""
    return set(pdf_text(admin.get(of(person)).data).splitlines())


def test_a_place_with_the_longest_name_fits(floor, admin, nurse):
    place = nurse.roles[0].place
    kept = {"kind": "site", "country": "DE", "zone": "Europe/Berlin", "daily_capacity": 1}
    change(admin, f"/admin/places/{place}/details", name="W" * 100, **kept)
    lines = pdf_text(admin.get(of(nurse)).data).splitlines()
    assert sum(len(line) for line in lines if set(line) == {"W"}) == 60


def test_only_administrators_reach_it_and_no_browser_keeps_it(floor, admin, nurse):
    for form, mime in MIME.items():
        answer = admin.get(of(nurse, form))
        assert (answer.status_code, answer.mimetype) == (200, mime)
        assert answer.headers["Cache-Control"] == "no-store"
    for role in (role for role in Role if role is not Role.ADMIN):
        assert floor.client(floor.person(role).id).get(of(nurse)).status_code == 403, role
    assert floor.client(nurse.id).get(of(nurse)).status_code == 403, "nor one's own"
    assert floor.client().get(of(nurse)).status_code == 302


def test_there_is_none_of_who_has_no_code_or_has_left_and_in_no_other_form(floor, admin, nurse):
    assert admin.get(of(nurse, "exe")).status_code == 404
    assert admin.get("/admin/accounts/nobody/badge.pdf").status_code == 404
    people.add_account(floor.record, "nina", name="Nina Berg", by=INSTALLER, reason="new")
    people.change_account(floor.record, nurse.id, active=False, by=INSTALLER, reason="left")
    for key in ("nina", nurse.id):
        assert admin.get(f"/admin/accounts/{key}/badge.pdf").status_code == 404
        assert "badge.pdf" not in admin.get(f"/admin/accounts/{key}").text


def test_looking_and_printing_leave_no_entry_as_with_every_label_of_a_thing(floor, admin, nurse):
    before = queries.timeline(floor.record, f"account/{nurse.id}", most=1).entries[0].event.id
    for form in MIME:
        assert admin.get(of(nurse, form)).status_code == 200
    assert queries.timeline(floor.record, f"account/{nurse.id}", most=1).entries[0].event.id == before
