"""The eye for pages that need a mouse: it sees every fault that it is there for, and none where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.tabbing import needs_a_mouse

pytestmark = pytest.mark.requirement("COI-SCREEN-04")
STYLE = """<style>a, button, input, textarea, summary, div { display: block; width: 9rem; height: 3rem }
  :focus-visible, [type=date]:focus-within { outline: 3px solid #7a4b00 }</style>"""
SOUND = """<a href="/a">first</a><label>when <input type="date"></label><details open><summary>more</summary>
  <input type="radio" name="one"><input type="radio" name="one"></details><button disabled>not now</button>
  <textarea>text</textarea><div style="overflow: auto" tabindex="0"><div style="width: 99rem">wide</div></div>"""
FAULTS = {
    "nobody comes to": '<button tabindex="-1">no stop</button>',
    "cannot be seen": '<button style="outline: none">no ring</button>',
    "in a contrast of": '<button style="outline-color: #ffe9b0">pale ring</button>',
    "lies under": '<button>under</button><div style="position: absolute; inset: 0; background: #fff">over</div>',
    "not in sight": '<button style="position: fixed; left: 120vw">outside</button>',
    "shows a hand": '<div style="cursor: pointer">looks like a button</div>',
    "hears a pointer only": '<div id="heard">hears a click</div>',
    "before its turn": '<button tabindex="1">last, but first</button>',
    "back in the text": '<button tabindex="1">second, but first</button><button>third</button>',
    "goes up": '<button style="position: absolute; top: 30rem">low</button><button>high</button>',
    "back in the line": '<div style="display: flex; direction: rtl"><a href="/">a</a><a href="/">b</a></div>',
    "keeps the focus": '<button id="trap">trap</button>',
    "cannot be scrolled": '<div style="overflow: auto" tabindex="-1"><div style="width: 99rem">wide</div></div>',
}
TRAP = """() => {
  document.getElementById('heard')?.addEventListener('click', () => 0);
  document.getElementById('trap')?.addEventListener('keydown', (event) => event.preventDefault());
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    yield page
    page.context.close()


def test_a_page_that_can_be_used_without_a_mouse_is_found_sound(page: Page) -> None:
    page.set_content(STYLE + SOUND)
    assert needs_a_mouse(page) == []


@pytest.mark.parametrize("words", FAULTS)
def test_what_needs_a_mouse_is_found(page: Page, words: str) -> None:
    page.set_content(STYLE + '<a href="/before">before</a>' + FAULTS[words])
    page.evaluate(TRAP)
    found = needs_a_mouse(page)
    assert [one for one in found if words in one] != [], found
