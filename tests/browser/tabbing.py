"""What of a page needs a mouse: all that can be operated against what Tab comes to, in one round and a few calls.

The page itself notes, at each Tab, where the focus was (tabbing.js), so nothing waits between two keys. Knows no page.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.browser.driver import at_once, end_event

WATCH = Path(__file__).with_suffix(".js").read_text("utf-8")
AT_ONCE = 40
"""Tabs sent without asking how far they came."""
MOST = 2000
AHEAD = 10.0
"""Seconds that the keys are told to come later: no scan of the test is so near before them that they belong to it."""
POINTED = frozenset({"click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup", "touchstart"})
HELD = "function () { return !!this.closest?.('a[href], button, input, select, textarea, summary, label, [tabindex]') }"


def needs_a_mouse(page: Page) -> list[str]:
    """What cannot be come to, seen, operated or left with Tab on the page as it stands."""
    session = page.context.new_cdp_session(page)
    page.evaluate(WATCH)
    for _ in range(0, MOST, AT_ONCE):
        at_once(session, [{**end_event("Tab"), "timestamp": time.time() + AHEAD}] * AT_ONCE)
        if page.evaluate("tabbing.round"):
            break
    else:
        raise AssertionError(f"Tab does not come round: {page.url}")
    found = page.evaluate("() => { tabbing.stop(); return tabbing.found() }") + _heard(session)
    session.detach()
    return [f"keyboard: {one}" for one in dict.fromkeys(found)]


def out_of_order(page: Page) -> list[str]:
    """Where the round that was made before leads up or back, as the page lies now."""
    return [f"keyboard: {one}" for one in page.evaluate("tabbing.order()")]


def _heard(session: CDPSession) -> list[str]:
    """What listens to a pointer, and is nothing that a key can touch. That the page as a whole listens says nothing."""
    document = session.send("Runtime.evaluate", {"expression": "document.documentElement"})["result"]
    heard = session.send("DOMDebugger.getEventListeners", {"objectId": document["objectId"], "depth": -1})["listeners"]
    nodes = {one["backendNodeId"] for one in heard if one["type"] in POINTED}
    outer = "function () { return this.outerHTML.slice(0, 80) }"
    alone = [one for one in sorted(nodes) if not _asked(session, one, HELD)]
    return [f"{_asked(session, one, outer)} hears a pointer only" for one in alone]


def _asked(session: CDPSession, node: int, function: str) -> Any:
    found = session.send("DOM.resolveNode", {"backendNodeId": node})["object"]
    call = {"objectId": found["objectId"], "functionDeclaration": function, "returnByValue": True}
    return session.send("Runtime.callFunctionOn", call)["result"].get("value")
