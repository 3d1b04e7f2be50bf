// Watches a page while somebody tabs through it: what can be operated, where the focus comes, and whether it is seen.
// Leaves `window.tabbing`. Read by tabbing.py; knows no page.
() => {
  const OPERABLE =
    "a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex]," +
    "[contenteditable]:not([contenteditable=false]), audio[controls], video[controls]," +
    "[role=button], [role=link], [role=checkbox], [role=tab], [role=menuitem], [role=option], [role=switch]";
  const TOO_LONG = 8; // Tabs in one field: a day has three parts and a calendar
  const LEAST = 3; // contrast of what shows the focus, WCAG 1.4.11

  const all = (selector) => [...document.querySelectorAll(selector)];
  const places = new Map(all("*").map((one, n) => [one, n]));
  const named = (one) =>
    one.tagName.toLowerCase() + (one.id ? `#${one.id}` : "") + (one.name ? `[name=${one.name}]` : "") +
    ` "${(one.innerText || one.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ").slice(0, 40)}"`;

  function ours(one) {
    if (!one.checkVisibility({ visibilityProperty: true }) || one.closest("[inert]")) return false;
    if (one.matches(":disabled") || one.matches("main[tabindex='-1']")) return false; // where the skip link leads
    return one.tagName !== "SUMMARY" || one === one.parentElement.querySelector("summary");
  }

  // --- the focus is seen

  const numbers = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);

  function behind(one) {
    for (let up = one.parentElement; up; up = up.parentElement) {
      const colour = numbers(getComputedStyle(up).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  }

  function unseen(one) {
    const style = getComputedStyle(one);
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) return "has the focus, and it cannot be seen";
    if (style.outlineStyle === "auto") return ""; // the browser's own: in two colours
    const [dark, bright] = [light(numbers(style.outlineColor)), light(behind(one))].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    return contrast < LEAST ? `has the focus, in a contrast of ${contrast.toFixed(1)} only` : "";
  }

  function covered(one) {
    const box = one.getClientRects()[0] ?? one.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + box.height / 2);
    if (!top) return "has the focus, and is not in sight";
    const free = one.contains(top) || (one.matches("input") && one.closest("label")?.contains(top));
    return free ? "" : `has the focus, and lies under ${named(top)}`;
  }

  // --- at each Tab

  const stops = [], faults = [];
  let out = false, again = 0;
  const walk = { round: false };

  function end(fault) {
    if (fault) faults.push(fault);
    walk.round = true;
  }

  function look(one) {
    for (const fault of [unseen(one), covered(one)]) if (fault) faults.push(`${named(one)} ${fault}`);
  }

  function note() {
    const one = document.activeElement;
    if (walk.round) return;
    if (!one || one === document.body || one === document.documentElement) {
      out = true;
    } else if (one === stops.at(-1)) {
      if (out) end();
      else if (++again > TOO_LONG) end(`${named(one)} keeps the focus`);
      else look(one); // another part of it: a day has three
    } else if (stops.includes(one)) {
      end(one === stops[0] ? "" : `Tab goes in a circle: ${[...stops.slice(stops.indexOf(one)), one].map(named)}`);
    } else {
      again = 0;
      out = false;
      stops.push(one);
      look(one);
    }
  }

  const onKey = (event) => event.key === "Tab" && note();

  // --- and afterwards

  function missed() {
    const sames = (one) => one.type === "radio" ? [...document.getElementsByName(one.name)].filter((o) => o.form === one.form) : [one];
    const been = new Set(stops.flatMap(sames));
    return wanted.filter((one) => one.isConnected && ours(one) && !been.has(one)).map((one) => `nobody comes to ${named(one)} with Tab`);
  }

  function jumping() {
    return all("[tabindex]").filter((one) => one.tabIndex > 0).map((one) => `${named(one)} is come to before its turn`);
  }

  function pointed() {
    const shown = (one) => getComputedStyle(one).cursor === "pointer" && ours(one) && one.getClientRects().length;
    return all("body *").filter((one) => shown(one) && !one.closest(`${OPERABLE}, label`)).map((one) => `${named(one)} shows a hand, and is nothing`);
  }

  function fixed() {
    const rolls = (how, whole, part) => ["auto", "scroll"].includes(how) && whole > part + 1;
    return all("body *").filter((one) => {
      if (one.matches("input, select, textarea") || !ours(one)) return false;
      const style = getComputedStyle(one);
      const over = rolls(style.overflowX, one.scrollWidth, one.clientWidth) || rolls(style.overflowY, one.scrollHeight, one.clientHeight);
      return over && !stops.some((stop) => one.contains(stop));
    }).map((one) => `${named(one)} cannot be scrolled by keys`);
  }

  function stand(one) {
    const box = one.getClientRects()[0] ?? one.getBoundingClientRect();
    return { left: box.left, right: box.right, top: box.top + scrollY, bottom: box.bottom + scrollY };
  }

  function wayBack(a, b) {
    const common = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const line = common > Math.min(a.bottom - a.top, b.bottom - b.top) / 2;
    if (line && b.right <= a.left + 1) return "back in the line";
    return b.bottom <= a.top + 1 && b.left <= a.left ? "up" : "";
  }

  // Reading order: by the text, and by where things stand.
  walk.order = () => {
    const round = stops.filter((one) => one.isConnected);
    document.activeElement?.blur();
    scrollTo(0, 0);
    const at = round.map(stand);
    return round.slice(1).flatMap((one, n) => {
      const way = places.get(one) < places.get(round[n]) ? "back in the text" : wayBack(at[n], at[n + 1]);
      return way ? [`Tab goes ${way} from ${named(round[n])} to ${named(one)}`] : [];
    });
  };
  walk.found = () => [...faults, ...missed(), ...jumping(), ...walk.order(), ...pointed(), ...fixed()];
  walk.stop = () => removeEventListener("keydown", onKey, true);

  // Tab goes on from where what had the focus is taken away.
  const before = document.createElement("span");
  before.tabIndex = -1;
  document.body.prepend(before);
  before.focus();
  before.remove();
  scrollTo(0, 0);
  const wanted = all(OPERABLE).filter(ours);
  addEventListener("keydown", onKey, true);
  window.tabbing = walk;
}
