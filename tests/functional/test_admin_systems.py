"""Tokens and webhooks through the pages of administration: shown once, each change with its reason, in words."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest

from coi_tracker.identity import StationCode
from coi_tracker.services import queries, setup, tokens, webhooks
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.deliveries import deliver
from coi_tracker.vocabulary import PlaceKind, Role, Scope
from tests.floor import Floor
from tests.functional.admin_forms import change, found_in, latest, refused, told
from tests.receiver import Receiver
from tests.systems import System, admin_of, deviation_attempt, integration
from web.deliveries import Post

CHANGES = pytest.mark.requirement("COI-API-14")
ONCE = pytest.mark.requirement("COI-API-15")
AT = "/admin/integrations"
SCRIPT = '"><script>alert(1)</script>'
SHOWN = r'<label class="once">[^<]*<textarea [^>]*>([^<]+)</textarea>'


def program(floor: Floor, **changed: object) -> dict[str, object]:
    given = {"form": "program", "key": "lims", "name": "LIMS of the lab", "days": "30", "reason": "asked in person"}
    return {**given, "place": [floor.site_of(floor.courses[0])], "scope": ["read:courses", "read:entries"], **changed}


def hook(**changed: object) -> dict[str, object]:
    given = {"form": "webhook", "key": "bell", "token": "lims", "url": "https://lims.example/coi?site=7"}
    return {**given, "kind": ["performed", "refused"], "reason": "asked in person", **changed}


# --- tokens ---------------------------------------------------------------------------------------


@CHANGES
def test_a_token_of_a_program_is_issued_used_and_revoked(floor, admin):
    answer = admin.post(f"{AT}/new-token", data=program(floor))
    assert answer.status_code == 200, told(answer.text)
    system = System(floor, html.unescape(found_in(answer.text, SHOWN)))
    assert [one["coi"] for one in system.get("/courses").json["courses"]]
    assert system.get("/places").status_code == 403
    listed = admin.get(AT).text
    assert ("LIMS of the lab" in listed, "read:courses, read:entries" in listed, "valid" in listed) == (True,) * 3
    found = latest(floor, "account", "token:lims")
    assert (found.what, found.key, found.reason) == ("refused", "", "")
    page = admin.get(f"{AT}/tokens/lims").text
    assert "<code>GET /api/v1/places</code>" in page or "<code>GET /places</code>" in page, "what it was refused"
    assert "asked in person" in page
    assert "never" not in found_in(page, r"Last used</dt><dd>(.*?)</dd>")
    change(admin, f"{AT}/tokens/lims/revoke")
    assert system.get("/courses").status_code == 401
    assert "revoked" in admin.get(AT).text
    assert "a token that is valid" in refused(admin, f"{AT}/tokens/lims/revoke")
    evidence = queries.timeline(floor.record, "account/token:lims", most=1).entries[0].event.evidence
    assert (evidence["new"], evidence["old"]["name"], evidence["reason"]) == (
        None,
        "LIMS of the lab",
        "asked in person",
    )


@CHANGES
def test_a_token_of_a_station_ends_with_its_station(floor, admin):
    code = floor.station(floor.place(PlaceKind.SITE))
    form = {"form": "station", "key": "bench-3", "station": code, "days": "365", "reason": "new scanner"}
    answer = admin.post(f"{AT}/new-token", data=form)
    assert answer.status_code == 200
    assert System(floor, found_in(answer.text, SHOWN)).get("/places").status_code == 200
    assert "valid" in found_in(admin.get(AT).text, r"(bench-3.*)</tr>")
    site, known = floor.place(PlaceKind.SITE), StationCode(code)
    setup.put_station(floor.record, site, name="gone", code=known, active=False, by=INSTALLER, reason="scrapped")
    assert "its station is out of use" in admin.get(f"{AT}/tokens/bench-3").text


@CHANGES
def test_an_expired_token_says_so(floor, admin):
    admin.post(f"{AT}/new-token", data=program(floor, days="1"))
    floor.clock.forward(timedelta(days=1))
    boss = floor.client(floor.person(Role.ADMIN).id)
    assert "expired" in boss.get(AT).text


@CHANGES
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"key": "No Such"}, "small letters"),
        ({"key": ""}, "small letters"),
        ({"name": ""}, "a name of 1 to 100"),
        ({"days": "731"}, "1 to 730 days"),
        ({"days": ""}, "1 to 730 days"),
        ({"days": "soon"}, "a whole number"),
        ({"place": []}, "places of the record"),
        ({"place": ["nowhere"]}, "places of the record"),
        ({"scope": []}, "one or more of"),
        ({"scope": ["root"]}, "scopes of the list"),
        ({"reason": " "}, "a reason"),
        ({"form": "station", "station": "nonsense"}, "station"),
        ({"form": "station", "station": ""}, "station"),
    ],
)
def test_a_token_that_cannot_be_is_not_issued_and_what_was_typed_is_kept(floor, admin, changed, words):
    answer = admin.post(f"{AT}/new-token", data=program(floor, **changed))
    assert answer.status_code == 400
    assert words in told(answer.text)
    assert not re.search(SHOWN, answer.text)
    assert tokens.tokens(floor.record) == []
    if changed.get("form", "program") == "program" and "name" not in changed:
        assert "LIMS of the lab" in answer.text


@CHANGES
def test_what_was_typed_never_runs(floor, admin):
    page = admin.post(f"{AT}/new-token", data=program(floor, key="UPPER", name=SCRIPT, reason=SCRIPT))
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)") == 2
    admin.post(f"{AT}/new-token", data=program(floor, name=SCRIPT))
    admin.post(f"{AT}/new-webhook", data=hook(url="https://x.example/'><script>alert(1)</script>"))
    for path in ("", "/tokens/lims", "/webhooks/bell", "/new-webhook"):
        assert "<script>alert" not in admin.get(AT + path).text


# --- webhooks -------------------------------------------------------------------------------------


@CHANGES
def test_a_webhook_is_added_and_says_how_it_stands(floor, admin):
    site = floor.site_of(floor.courses[0])
    assert "valid token that may read entries" in admin.get(f"{AT}/new-webhook").text
    system = integration(floor, site)
    receiver = Receiver().start()
    answer = admin.post(f"{AT}/new-webhook", data=hook(url=receiver.url))
    assert answer.status_code == 200, told(answer.text)
    secret = found_in(answer.text, SHOWN)
    assert "sends" in admin.get(AT).text
    for path in (AT, f"{AT}/webhooks/bell", f"{AT}/tokens/lims"):
        assert (receiver.url.partition("?")[0] in admin.get(path).text, "site=7" in admin.get(path).text) == (
            True,
            False,
        )
    for _ in range(2):
        assert system.post("/attempts", deviation_attempt(floor, floor.courses[0])).status_code == 201
    receiver.mood = "500"
    post = Post({"127.0.0.1"})
    deliver(floor.record, post.send)
    page = admin.get(f"{AT}/webhooks/bell").text
    assert "answered 500" in found_in(page, r'class="refusal">(.*?)</p>')
    assert found_in(page, r"Tries in vain</dt><dd>(.*?)</dd>") == "1"
    assert "<time" in found_in(page, r"Next try</dt><dd>(.*?)</dd>")
    assert "2 entries of the log" in found_in(page, r"Still to look at</dt><dd>(.*?)</dd>")
    assert "tries again" in admin.get(f"{AT}/tokens/lims").text

    assert "paused" in change(admin, f"{AT}/webhooks/bell/active")
    assert "sends" in change(admin, f"{AT}/webhooks/bell/active")
    receiver.mood = "taken"
    assert deliver(floor.record, post.send).taken == 2
    receiver.stop()
    assert all(one.is_signed_with(secret) for one in receiver.taken)
    page = admin.get(f"{AT}/webhooks/bell").text
    assert found_in(page, r"Last taken</dt><dd>(.*?)</dd>") != "never"
    kept = queries.timeline(floor.record, "account/webhook:bell").entries
    assert [one.event.evidence["new"]["active"] for one in reversed(kept)] == [True, False, True]


@CHANGES
def test_a_webhook_that_stopped_by_itself_says_why(floor, admin):
    system = integration(floor, floor.site_of(floor.courses[0]))
    admin.post(f"{AT}/new-webhook", data=hook())
    system.post("/attempts", deviation_attempt(floor, floor.courses[0]))
    tokens.revoke(floor.record, "lims", by=admin_of(floor), reason="contract over")
    deliver(floor.record, Post().send)
    page = admin.get(f"{AT}/webhooks/bell").text
    assert "Stopped:" in page
    assert "its token is over" in page
    assert "stopped" in admin.get(AT).text


@CHANGES
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"key": "x"}, "small letters"),
        ({"token": "nobody"}, "a valid token with read:entries"),
        ({"url": "ftp://x/"}, "an address https"),
        ({"url": "https://user:pw@host/"}, "an address https"),
        ({"url": ""}, "an address https"),
        ({"kind": []}, "one or more of"),
        ({"kind": ["setup_changed"]}, "one or more of"),
        ({"reason": ""}, "a reason"),
    ],
)
def test_a_webhook_that_cannot_be_is_not_added(floor, admin, changed, words):
    integration(floor, floor.site_of(floor.courses[0]))
    answer = admin.post(f"{AT}/new-webhook", data=hook(**changed))
    assert answer.status_code == 400
    assert words in told(answer.text)
    assert webhooks.webhooks(floor.record) == []


# --- shown once -----------------------------------------------------------------------------------


@ONCE
def test_what_is_secret_is_in_one_answer_and_nowhere_else(floor, admin, caplog):
    caplog.set_level("DEBUG")
    integration(floor, floor.site_of(floor.courses[0]), key="other")
    forms = {"token": program(floor), "webhook": hook(token="other")}
    for what, form in forms.items():
        answer = admin.post(f"{AT}/new-{what}", data=form)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert [one.partition("=")[0] for one in answer.headers.getlist("Set-Cookie")] in ([], ["coi_form"])
        secret = html.unescape(found_in(answer.text, SHOWN))
        assert answer.text.count(html.escape(secret)) == 1
        assert secret not in str(answer.headers)
        again = admin.post(f"{AT}/new-{what}", data=form)
        assert again.status_code == 400, "a reload sends the form again: the id is taken"
        pages = [again, *(admin.get(path) for path in (AT, f"{AT}/{what}s/{form['key']}", f"{AT}/new-{what}"))]
        assert [one.status_code for one in pages[1:]] == [200] * 3
        assert not [one for one in pages if secret in html.unescape(one.text)]
        assert secret not in caplog.text
        for table in ("events", "api_tokens", "webhooks", "web_sessions"):
            with floor.record.database.read() as tx:
                assert secret not in str(tx.query(f"SELECT * FROM {table}"))


@ONCE
def test_the_code_that_the_page_gives_to_check_a_signature_works(floor, admin, monkeypatch):
    system = integration(floor, floor.site_of(floor.courses[0]))
    receiver = Receiver().start()
    page = admin.post(f"{AT}/new-webhook", data=hook(url=receiver.url)).text
    monkeypatch.setenv("COI_WEBHOOK_SECRET", found_in(page, SHOWN))
    given: dict[str, object] = {}
    exec(html.unescape(found_in(page, r"<pre[^>]*><code>(.*?)</code>")), given)
    system.post("/attempts", deviation_attempt(floor, floor.courses[0]))
    deliver(floor.record, Post({"127.0.0.1"}).send)
    receiver.stop()
    came = receiver.taken[0]
    monkeypatch.setattr("time.time", lambda: floor.clock().timestamp())
    is_ours = given["is_ours"]
    assert callable(is_ours)
    assert is_ours(came.headers, came.body)
    assert not is_ours(came.headers, came.body + b" ")
    monkeypatch.setattr("time.time", lambda: floor.clock().timestamp() + 400)
    assert not is_ours(came.headers, came.body)


@ONCE
def test_the_line_that_the_page_gives_is_a_call_that_the_token_may_make(floor, admin):
    for number, scope in enumerate(Scope):
        form = program(floor, key=f"only-{number}", scope=[scope])
        page = admin.post(f"{AT}/new-token", data=form).text
        line = html.unescape(found_in(page, r"<pre[^>]*><code>(.*?)</code>"))
        path = found_in(line, r"http://localhost/api/v1(\S+)\"$")
        assert System(floor, html.unescape(found_in(page, SHOWN))).get(path).status_code == 200, line


@CHANGES
def test_nobody_but_an_administrator_sees_or_changes_any_of_it(floor):
    integration(floor)
    for role in (Role.QA, Role.COORDINATOR, Role.AUDITOR):
        client = floor.client(floor.person(role).id)
        for path in ("", "/new-token", "/tokens/lims", "/new-webhook"):
            assert client.get(AT + path).status_code == 403
        assert client.post(f"{AT}/tokens/lims/revoke", data={"reason": "mine"}).status_code == 403
        assert client.post(f"{AT}/new-token", data=program(floor, key="mine")).status_code == 403
    assert json.dumps([one.id for one in tokens.tokens(floor.record) if one.revoked_at is None]) == '["lims"]'


@pytest.mark.parametrize("path", ["tokens/x", "webhooks/x"])
def test_what_is_not_there_is_not_found(admin, path):
    assert admin.get(f"{AT}/{path}").status_code == 404
