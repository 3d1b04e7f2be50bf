"""The first plain pages: what they show, what they refuse, what they tell the browser, and what they never say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from coi_tracker.config import Settings
from coi_tracker.identity import CoiId
from coi_tracker.services import checkpoints, keys, opening, people, queries, sessions, setup
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import INSTALLER, new_event_id
from coi_tracker.services.record import Record
from coi_tracker.services.requests import parse_request
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.walking import drive
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import PlaceKind, Role
from tests import tree
from tests.architecture.test_arrows import exists
from web import create_app

SCRIPT = "<script>alert(1)</script>"


@dataclass
class Shown:
    """A record with three courses, the last of which had an attempt refused."""

    record: Record
    courses: list[str]

    @property
    def client(self) -> FlaskClient:
        """The browser of somebody from the sponsor, who may read everything."""
        return signed_in(self.record, "sponsor")


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("shown")
    settings = Settings(
        database_url=f"sqlite:///{folder}/coi.sqlite3", key_dir=folder / "keys", checkpoint_dir=folder / "checkpoints"
    )
    record = replace(opening.make_record(settings), clock=Clock(datetime(2026, 3, 2, 8, tzinfo=UTC)))
    opening.make_log_key(record, settings)
    premises = furnish(record, sites=2, shippers=2)
    made = [
        drive(record, premises, f"010{n}", until=until)
        for n, until in enumerate(("open_course", "open_course", "received"))
    ]
    found = [course.coi or "" for course in made]
    nurse = next(worker for worker in premises.workers if worker.role == "nurse")
    refused = {
        "id": new_event_id(record),
        "step": "thaw_bag",
        "account": nurse.account,
        "role": "nurse",
        "station": premises.stations[nurse.place],
        "course": found[-1],
        "scans": [{"code": SCRIPT}],
        "comment": f"{SCRIPT} \"quoted\" & 'said'",
    }
    assert not record_attempt(record, parse_request(refused)).performed
    checkpoints.checkpoint(record, keys.load(record, settings.key_dir))
    yield Shown(record, found)
    record.database.close()


def signed_in(record: Record, place: str) -> FlaskClient:
    """The browser of somebody with a role at that place."""
    found = people.people(record)
    person = next(one for one in found if any(r.place == place and r.role is not Role.ADMIN for r in one.roles))
    client = create_app(record).test_client()
    client.set_cookie("coi_person", sessions.begin(record, person.id))
    return client


class Tags(HTMLParser):
    """What a page is made of; raises for a tag that is closed wrongly."""

    VOID = frozenset({"meta", "link", "input", "br", "hr"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closed in the wrong place, line {self.getpos()[0]}"


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    Tags(answer.text)
    return answer.text


@pytest.mark.requirement("COI-REPO-01")
def test_the_first_page_lists_every_course_with_its_states(shown: Shown) -> None:
    page = text_of(shown.client, "/courses")
    for coi in shown.courses:
        assert CoiId(coi).display() in page
    for words in ("3 courses", "0102", "received", "eligible", "cohort 1", "Everything recorded is covered"):
        assert words in page


def test_courses_can_be_searched_and_chosen(shown: Shown) -> None:
    coi = CoiId(shown.courses[1])
    for search in (coi.text, coi.display(), coi.display()[:9].lower(), "0101"):
        page = text_of(shown.client, f"/courses?search={search}")
        assert "1 course," in page, search
    assert "No course fits" in text_of(shown.client, "/courses?search=%25")
    assert "No course fits" in text_of(shown.client, "/courses?standing=withdrawn")
    assert "No course fits" in text_of(shown.client, "/courses?site=nowhere")


def test_many_courses_come_page_by_page(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    first, last = text_of(shown.client, "/courses"), text_of(shown.client, "/courses?page=2")
    assert ("Older" in first, "Newer" in first) == (True, False)
    assert ("Older" in last, "Newer" in last) == (False, True)
    listed = [
        set(re.findall(r"/courses/(\w+)", page)) for page in (first, last, text_of(shown.client, "/courses?page=99"))
    ]
    assert listed[0] | listed[1] == set(shown.courses)
    assert listed[1] == listed[2]


def test_a_course_page_has_everything_of_it(shown: Shown) -> None:
    page = text_of(shown.client, f"/courses/{shown.courses[2]}")
    headings = ("handed off", "labels", "Timeline", "About the subject")
    for words in ("tissue jar 1", "wristband 1", "performed", "refused", *headings):
        assert words in page, words
    for track in ("material", "disposition", "treatment", "standing"):
        assert f"<h3>{track}</h3>" in page
    assert "What to do" in page
    assert "malformed_label" in page


def test_a_long_timeline_comes_page_by_page(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries.timeline, "__kwdefaults__", {"up_to": None, "most": 5})
    path = f"/courses/{shown.courses[2]}"
    page = text_of(shown.client, path)
    seen: list[int] = []
    while True:
        seen += [int(number) for number in re.findall(r'id="entry-(\d+)"', page.split('id="before"')[0])]
        older = re.search(r'from=(\d+)[^"]*">Older', page)
        if older is None:
            break
        page = text_of(shown.client, f"{path}?from={older[1]}")
    assert seen == list(range(len(seen), 0, -1))
    assert len(seen) > 10


@pytest.mark.parametrize("typed", [str.lower, lambda coi: CoiId(coi).display(), lambda coi: f"{coi[:4]} {coi[4:]}"])
def test_a_typed_coi_leads_to_the_course(shown: Shown, typed: object) -> None:
    assert callable(typed)
    answer = shown.client.get(f"/courses/{typed(shown.courses[0])}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/courses/{shown.courses[0]}")


def test_what_was_scanned_and_commented_is_shown_and_never_run(shown: Shown) -> None:
    page = text_of(shown.client, f"/courses/{shown.courses[2]}")
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert SCRIPT not in text_of(shown.client, f"/courses?search={SCRIPT}")
    assert SCRIPT not in text_of(shown.client, f"/courses/{SCRIPT}".replace("/script", "%2Fscript"), 404)


@pytest.mark.requirement("COI-PII-02")
def test_no_page_says_who_a_participant_is(shown: Shown) -> None:
    from coi_tracker.simulation.fictions import participant

    pages = [
        text_of(shown.client, path) for path in ("/courses", "/log", *(f"/courses/{coi}" for coi in shown.courses))
    ]
    for number in ("0100", "0101", "0102"):
        for value in participant(number).values():
            assert not any(value in page for page in pages)


def test_the_log_page_shows_the_checkpoint_byte_for_byte(shown: Shown) -> None:
    kept = queries.log_status(shown.record).checkpoint
    assert kept is not None
    answer = shown.client.get("/log/checkpoint.txt")
    assert (answer.text, answer.mimetype) == (kept.note, "text/plain")
    assert shown.client.get("/log/vkeys.txt").text.strip() in text_of(shown.client, "/log").replace("&#43;", "+")


def test_a_record_without_courses_and_checkpoint_says_so(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/coi.sqlite3", key_dir=tmp_path / "keys", checkpoint_dir=tmp_path / "kept"
    )
    record = opening.make_record(settings)
    people.add_account(record, "anna", name="Anna Lind", by=INSTALLER, reason="first reader")
    setup.put_place(
        record, "office", kind=PlaceKind.SPONSOR, name="Office", country="SE", zone="Europe/Stockholm", by=INSTALLER,
        reason="first place",
    )  # fmt: skip
    people.give_role(record, "anna", role=Role.AUDITOR, place="office", by=INSTALLER, reason="audit")
    client = signed_in(record, "office")
    assert "The record has none yet" in text_of(client, "/courses")
    assert "Nothing is signed yet" in text_of(client, "/log")
    text_of(client, "/log/checkpoint.txt", 404)
    record.database.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/courses/nonsense", 404),
        ("/courses/CTFNABAEVCBDH", 404),
        (f"/courses/{'C' * 3000}", 404),
        ("/courses/%00", 404),
        ("/courses/%E2%80%AE", 404),
        ("/courses?page=0", 400),
        ("/courses?page=-1", 400),
        ("/courses?page=x", 400),
        ("/courses?page=%D9%A3", 400),
        (f"/courses?page={'9' * 5000}", 400),
        ("/static/../pages.py", 404),
        ("/static/%2e%2e/pages.py", 404),
    ],
)
def test_a_wrong_address_gets_words(shown: Shown, path: str, status: int) -> None:
    page = text_of(shown.client, path, status)
    assert "<h1>" in page
    assert "Traceback" not in page


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_can_be_read_and_nothing_else(shown: Shown, method: str) -> None:
    answer = getattr(shown.client, method)("/")
    assert answer.status_code == 405
    assert "does not take that" in answer.text


@pytest.mark.parametrize(
    "path", ["/courses", "/log", "/log/vkeys.txt", "/health", "/nothing", "/static/coi.css", "/courses?page=x"]
)
def test_every_answer_tells_the_browser_to_run_nothing(shown: Shown, path: str) -> None:
    answer = shown.client.get(path)
    headers = answer.headers
    answer.close()
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';")
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
    cookies = headers.getlist("Set-Cookie")
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies), cookies
    if path != "/static/coi.css":
        assert headers["Cache-Control"] == "no-store"


def test_no_page_needs_script_or_style_of_its_own(shown: Shown) -> None:
    for path in ("/courses", "/log", f"/courses/{shown.courses[2]}"):
        for tag, attributes in Tags(shown.client.get(path).text).found:
            assert tag not in {"style", "iframe", "object"}
            assert tag != "script" or "src" in attributes
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            links = attributes.get("href") or attributes.get("src") or "/"
            assert links.startswith(("/", "#")), links


def test_labels_of_fields_and_a_way_past_the_head(shown: Shown) -> None:
    page = text_of(shown.client, "/courses")
    assert '<html lang="en">' in page
    assert 'class="skip" href="#main"' in page
    fields = re.findall(r"<(?:input|select) name=\"(?!csrf|to)", page)
    assert len(fields) == page.count("<label>")


def test_health_tells_a_watchdog(shown: Shown, tmp_path: Path) -> None:
    answer = shown.client.get("/health")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ok"
    gone = create_app(Record(Database(f"sqlite:///{tmp_path}/none.sqlite3"))).test_client()
    assert gone.get("/health").status_code == 503
    gone.set_cookie("coi_person", "some token")
    assert "Nothing was changed" in text_of(gone, "/", 503)


def test_a_page_costs_the_same_whatever_the_record_holds(shown: Shown) -> None:
    """A fixed number of statements: counted where they are sent."""

    def statements(path: str) -> int:
        counted: list[int] = []
        reading = shown.record.database.read

        class Counting(Database):
            def read(self):
                from contextlib import contextmanager

                @contextmanager
                def count():
                    with reading() as tx:
                        yield tx
                        counted.append(tx.statements)

                return count()

        database = Counting(shown.record.database.url)
        client = create_app(replace(shown.record, database=database)).test_client()
        client.set_cookie("coi_person", token)
        assert client.get(path).status_code == 200
        database.close()
        return sum(counted)

    cookie = shown.client.get_cookie("coi_person")
    assert cookie is not None
    token = cookie.value
    short, long = (statements(f"/courses/{shown.courses[n]}") for n in (0, 2))
    assert short == long <= 40


def test_the_tracker_serves_the_room_web_without_importing_it() -> None:
    assert exists("web")
    text = "\n".join(path.read_text() for path in (tree.ROOT / "coi_tracker").rglob("*.py"))
    assert not re.search(r"^\s*(import|from) web\b", text, flags=re.MULTILINE)
