"""Who reaches what: every role, at every place, at every address there is; made from the application itself.

A page that somebody adds is in this matrix the moment it has an address. What a program reaches with a token is tried
with the programs' interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from werkzeug.routing import Rule

from coi_tracker.services import queries
from coi_tracker.vocabulary import Role
from web import access

PROGRAMS = ("api",)
"""Groups of addresses for programs: they know no session."""
NOBODYS = frozenset({"static"})
LEAVING = frozenset({"signing_in.sign_out", "signing_in.lock", "signing_in.change_person"})
"""Whoever uses these is not here any more."""
HOSTILE = ("<script>alert(1)</script>", "' OR 1=1 --", "%00", "../../etc/passwd", "\u202e", "9" * 4000, "é日本")


@dataclass(frozen=True)
class Address:
    """One address, one method, and who may use it."""

    rule: Rule
    method: str
    roles: frozenset[Role] | None
    public: bool

    def path(self, value: str) -> str:
        """The address, with this in every gap."""
        with_values = self.rule.rule
        for name in self.rule.arguments:
            start = with_values.index("<")
            end = with_values.index(">") + 1
            assert name
            with_values = with_values[:start] + value + with_values[end:]
        return with_values

    def lets_in(self, role: Role) -> bool:
        return self.public or self.roles is None or role in self.roles


def addresses(app) -> Iterator[Address]:
    with app.app_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint in NOBODYS or rule.endpoint.split(".")[0] in PROGRAMS:
                continue
            found = access.of(rule.endpoint)
            assert found is not None, f"{rule.endpoint} does not say who may use it"
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield Address(rule, method, found.roles, found.public)


def one_of_each(floor) -> dict[tuple[Role, str], str]:
    """An account of every role at every place where somebody has it, who has no other."""
    from coi_tracker.services import people

    found: dict[tuple[Role, str], str] = {}
    for person in people.people(floor.record):
        if len({role.role for role in person.roles}) == 1:
            found.setdefault((person.roles[0].role, str(person.roles[0].place)), person.id)
    assert {role for role, _ in found} == set(Role)
    return found


@pytest.mark.requirement("COI-WEB-04")
@pytest.mark.slow
def test_what_a_role_is_not_given_is_refused_and_kept(floor):
    everybody = one_of_each(floor)
    refused = let_in = 0
    tried: set[Role] = set()
    for (role, place), account in everybody.items():
        client = floor.client(account)
        listed = list(addresses(client.application))
        for address in listed:
            if address.rule.endpoint in LEAVING or (address.lets_in(role) and role in tried):
                continue  # what lets somebody in has its own tests; here it must not break, once for each role
            floor.clock.forward(timedelta(seconds=61))
            answer = client.open(address.path("x"), method=address.method)
            told = f"{role} at {place}: {address.method} {address.rule.rule} gave {answer.status_code}"
            assert answer.status_code < 500, told
            if address.lets_in(role):
                let_in += 1
                continue
            refused += 1
            assert answer.status_code == 403, told
            last = queries.timeline(floor.record, f"account/{account}", most=1).entries[0].event
            assert last.evidence.get("tried") == f"{address.method} {address.path('x')}", told
        tried.add(role)
    assert refused > 100
    assert let_in > 100


@pytest.mark.requirement("COI-WEB-04")
def test_nobody_who_is_not_signed_in_reaches_more_than_the_door(floor):
    client = floor.client()
    for address in addresses(client.application):
        answer = client.open(address.path("x"), method=address.method)
        if not address.public:
            assert answer.status_code in {302, 303}, (address, answer.status_code)
            assert answer.location.startswith("/sign-in"), address
        assert answer.status_code < 500, address


@pytest.mark.requirement("COI-WEB-04")
def test_a_course_of_another_site_is_found_at_no_address(floor):
    """Every address with a gap, with the COI of another site's course in it, by everybody who works at a site."""
    for (role, place), account in one_of_each(floor).items():
        others = [coi for coi in floor.courses if floor.site_of(coi) != place]
        if role is Role.ADMIN or not any(floor.site_of(coi) == place for coi in floor.courses):
            continue
        client = floor.client(account)
        for address in addresses(client.application):
            if address.method != "GET" or not address.rule.arguments or not address.lets_in(role):
                continue
            answer = client.get(address.path(others[0]))
            assert answer.status_code in {302, 400, 404}, (role, place, address, answer.status_code)


@pytest.mark.requirement("COI-WEB-05")
def test_hostile_addresses_break_no_page(floor):
    client = floor.client(floor.person(Role.QA).id)
    for address in addresses(client.application):
        if address.method != "GET":
            continue
        for value in HOSTILE:
            path = address.path(value) if address.rule.arguments else f"{address.rule.rule}?search={value}&page={value}"
            answer = client.get(path)
            assert answer.status_code < 500, path
            assert "<script>alert" not in answer.get_data(as_text=True), path


@pytest.mark.requirement("COI-WEB-05")
def test_every_page_forbids_frames_foreign_scripts_and_keeping(floor):
    client = floor.client(floor.person(Role.QA).id)
    for address in addresses(client.application):
        answer = client.open(address.path("x"), method=address.method)
        assert answer.headers["X-Frame-Options"] == "DENY", address
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], address
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"], address
        assert answer.headers["Cache-Control"] == "no-store", address
        for cookie in (one for one in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in one):
            assert "HttpOnly" in cookie, address
            assert "SameSite" in cookie, address
        if address.rule.endpoint in LEAVING:
            client = floor.client(floor.person(Role.QA).id)
