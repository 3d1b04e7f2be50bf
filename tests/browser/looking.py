"""What a careful person finds wrong with a page: by axe-core, what sticks out or is cut off, what needs a mouse.

With COI_PICTURES naming a folder, every page that is looked at is also kept there as pictures, for human eyes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.tabbing import needs_a_mouse, out_of_order

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = Axe().axe_script
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
HEIGHT = 800
ZOOMED = 640
"""CSS pixels that are left of 1280 at 200 % zoom."""
PHONE = 360
SIDEWAYS = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > wide)
    found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const name = (one) => `${one.tagName.toLowerCase()}${one.id ? '#' + one.id : ''}.${[...one.classList].join('.')} `
    + `"${one.textContent.trim().slice(0, 40)}"`;
  const scrolls = (one) => one && one !== document.body && one !== document.documentElement &&
    (['auto', 'scroll'].includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  for (const one of document.querySelectorAll('body *')) {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (box.width <= 1 || box.height <= 1 || style.visibility === 'hidden' || box.right < 0) continue;
    const out = box.right > wide + 1 && !scrolls(one) && !one.closest('svg *');
    if (out) found.push(`${name(one)} sticks out to ${Math.round(box.right)}`);
    const typed = one.matches("input, select, textarea"); // what is longer can be moved in them
    const cut = !typed && ['hidden', 'clip'].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
    if (cut && !(one instanceof SVGElement)) found.push(`${name(one)} is cut`);
  }
  return found.slice(0, 5);
}"""


def against_wcag(page: Page) -> Iterator[str]:
    """What axe-core finds on the page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    for one in page.evaluate("(options) => axe.run(document, options)", OPTIONS)["violations"]:
        for node in one["nodes"][:3]:
            yield f"{one['id']}: {one['help']}: {' '.join(map(str, node['target']))} {node['html'][:160]}"


def sideways(page: Page, width: int) -> list[str]:
    """What is cut, or makes somebody scroll sideways, at a width."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    return [f"at {width} px {one}" for one in page.evaluate(SIDEWAYS)]


def wrong_with(page: Page, name: str) -> list[str]:
    """Everything that is wrong with the page as it stands, wide, zoomed and on a phone. The focus moves."""
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    found = list(against_wcag(page))
    _keep(page, name, 1280)
    found += needs_a_mouse(page)
    for width in (820, ZOOMED, PHONE):
        found += sideways(page, width)
        _keep(page, name, width)
    found += [f"at {PHONE} px {one}" for one in (*against_wcag(page), *out_of_order(page))]
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    return [f"{name}: {one}" for one in dict.fromkeys(found)]


def _keep(page: Page, name: str, width: int) -> None:
    folder = os.environ.get("COI_PICTURES")
    if folder and width != ZOOMED:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
