"""Which pages stand at the head of every page, for whom. A blueprint that has one adds a line here."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app

from coi_tracker.services.viewers import Viewer
from web import access


@dataclass(frozen=True, slots=True)
class Page:
    """A way at the head of the page. Shown to those whom its address lets in."""

    name: str
    endpoint: str

    @property
    def blueprint(self) -> str:
        """The group of pages it leads into."""
        return self.endpoint.partition(".")[0]


PAGES = (
    Page("My work", "work.mine"),
    Page("Scan", "station.page"),
    Page("To sign", "station.pending"),
    Page("Courses", "pages.courses"),
    Page("Custody log", "pages.log"),
    Page("Stock", "stock.first"),
    Page("Administration", "admin.first"),
)


def register(app: Flask) -> None:
    """Give templates `pages_for(person)`."""
    app.jinja_env.globals["pages_for"] = pages_for


def pages_for(who: Viewer) -> list[Page]:
    """The pages this person may use, in their order."""
    return [page for page in PAGES if page.endpoint in current_app.view_functions and open_to(page.endpoint, who)]


def open_to(endpoint: str, who: Viewer) -> bool:
    """Whether an address lets this person in."""
    found = access.of(endpoint)
    return found is not None and (found.public or found.roles is None or who.has(*found.roles))
