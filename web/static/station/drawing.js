// Puts what the server has drawn into the page, and keeps what somebody is just typing. Knows no rule.

const byId = (id) => document.getElementById(id);
const SIGNS = { accepted: "✓", performed: "✓", information: "i", refused: "✕" };
const STATES = { waiting: "waiting", sent: "sent", unconfirmed: "not yet confirmed" };
const KINDS = { accepted: "accepted", performed: "recorded", information: "told", refused: "refused" };
const LINES = 12;

// The fields of what somebody wished to add: a comment, when it happened, why it is late. The first one is typed next.
const wishes = () => [...document.querySelectorAll("#screen [id^=v-entry-]")].map((one) => one.id);

// Where somebody types on whose field is answered and gone.
const fieldAfter = (id) =>
  (id.startsWith("v-entry-") && byId(wishes()[0])) || document.querySelector("#screen :is(.ask, .signing) input[id]");

// Where one goes on when what had the focus is gone: at what is asked next, or what the screen is about. With nothing
// in hand that is the field for codes, but for fingers: the keys that a telephone shows for it would cover the screen.
function place() {
  const screen = byId("screen");
  const field = !screen.querySelector("[data-act=cancel]") && matchMedia("(pointer: fine)").matches && byId("capture");
  return field || screen.querySelector(".ask .asks") || screen.querySelector("h2, .big") || byId("capture");
}

function stand(one, how) {
  if (one.tabIndex < 0) one.tabIndex = -1;
  one.focus(how);
}

const like = (one) =>
  [one.tagName, one.textContent, one.ariaLabel, one.value, one.form?.dataset.act, one.form?.elements.key?.value].join("\n");

// What has the focus, so that it is found on another drawing of the screen. What was touched is done with, even where
// the next thing asked for has a button like it.
function markOf(one) {
  const inside = byId("screen").contains(one);
  return { id: one?.id ?? "", inside, typed: inside && one.matches("input[id]"), kind: inside && !one.dataset.touched && like(one) };
}

function again({ id, inside, typed, kind }) {
  const same = byId(id) || (typed && fieldAfter(id));
  if (same || !inside) return same;
  return (kind && [...document.querySelectorAll("#screen :is(a, button, summary)")].find((one) => like(one) === kind)) || place();
}

// The screen of an answer, with the focus and the half-typed values where they were.
export function drawScreen(html) {
  const screen = byId("screen"), focus = document.activeElement, mark = markOf(focus);
  const kept = [...screen.querySelectorAll("input[id], select[id], textarea[id]")]
    .filter((one) => one.type !== "hidden" && one.type !== "file" && one.value !== one.defaultValue);
  const values = new Map(kept.map((one) => [one.id, one.value]));
  const unfolded = [...screen.querySelectorAll("details[id][open]")].map((one) => one.id);
  const from = focus?.selectionStart, to = focus?.selectionEnd, before = new Set(wishes());
  screen.innerHTML = html;
  for (const [id, value] of values) if (byId(id)) byId(id).value = value;
  for (const id of unfolded) byId(id)?.setAttribute("open", "");
  const next = byId(wishes().find((id) => !before.has(id))) || (mark.inside && again(mark));
  if (!next) return;
  const stays = mark.id && next.id === mark.id;
  stand(next, { preventScroll: stays });
  if (stays && typeof from === "number") next.setSelectionRange?.(from, to);
}

export function drawVerdict(answer) {
  if (answer.kind === "refused") {
    showStop(answer.verdict);
    return;
  }
  hideStop();
  byId("verdict").innerHTML = answer.verdict;
}

let before = null; // what had the focus before the red screen

// Nothing under the red screen can be come to, or is read out, before that was read.
function alone(stop, on) {
  for (let one = stop; one !== document.body; one = one.parentElement) {
    for (const other of one.parentElement.children) if (other !== one) other.inert = on;
  }
}

export function showStop(html) {
  const stop = byId("stop"), focus = document.activeElement;
  if (!stop.contains(focus)) before = markOf(focus);
  stop.innerHTML = html;
  alone(stop, true);
  stop.hidden = false;
  document.body.classList.add("stopped");
  byId("verdict").replaceChildren();
  // What has the focus must be seen, and nothing under the red is. Scans are taken wherever it is.
  stop.querySelector("button")?.focus({ preventScroll: true });
  keepStop(stop);
}

// A refusal stays until it was read, also when the page is loaded again in between.
const unread = () => `coi.stop:${byId("station").dataset.station}:${byId("station").dataset.account}`;

function keepStop(stop) {
  for (const one of stop.querySelectorAll("input[name=csrf_token]")) one.remove();
  try {
    if (stop.hidden) sessionStorage.removeItem(unread());
    else sessionStorage.setItem(unread(), stop.innerHTML);
  } catch {
    // Not kept: then it is there until the page is loaded again.
  }
}

export function showUnread() {
  try {
    const html = sessionStorage.getItem(unread());
    if (html) showStop(html);
  } catch {
    // Nothing was kept.
  }
}

export function hideStop() {
  const stop = byId("stop");
  if (stop.hidden) return;
  const back = before && again(before);
  alone(stop, false);
  stand(back && back.checkVisibility() ? back : byId("capture"), { preventScroll: true });
  stop.hidden = true;
  stop.replaceChildren();
  keepStop(stop);
  document.body.classList.remove("stopped");
}

// The same picture for what never reached the server.
export function stopWords(headline, words) {
  const copy = byId("stop-words").content.cloneNode(true);
  copy.querySelector(".headline").textContent = headline;
  for (const [name, text] of Object.entries(words)) copy.querySelector(`[data-${name}]`).textContent = text;
  const box = document.createElement("div");
  box.append(copy);
  return box.innerHTML;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function drawLine(line) {
  const item = element("li", "", line.state === "done" ? line.kind : line.state);
  const state = line.state === "done" ? KINDS[line.kind] : STATES[line.state];
  item.append(element("span", line.state === "done" ? SIGNS[line.kind] : "…", "sign"));
  item.firstChild.setAttribute("aria-hidden", "true");
  item.append(element("bdi", line.shown, "code"), element("strong", state));
  if (line.headline) item.append(element("span", line.headline, "told"));
  return item;
}

const SLOW = 2000; // ms that something waits for its answer until the page says so
let later = 0;

// Whether what was scanned has waited too long; if not, it is looked at again when it has.
function slow(queue) {
  const first = queue.waiting[0];
  const left = first ? first.at + SLOW - Date.now() : 0;
  clearTimeout(later);
  if (first && left > 0) later = setTimeout(() => drawQueue(queue), left + 20);
  return Boolean(first) && left <= 0;
}

export function drawQueue(queue) {
  byId("lines").replaceChildren(...queue.lines.slice(-LINES).reverse().map(drawLine));
  const unconfirmed = queue.lines.some((line) => line.state === "unconfirmed");
  const count = queue.waiting.length;
  byId("count").textContent = count ? `${count} not yet confirmed` : "";
  drawLink(queue, unconfirmed, count);
}

function drawLink(queue, unconfirmed, count) {
  const link = byId("link"), held = queue.held, focused = link.contains(document.activeElement);
  const name = held?.signIn ? "sign-in" : held?.elsewhere ? "elsewhere" : unconfirmed ? "gone" : slow(queue) ? "slow" : "";
  link.hidden = !name;
  if (link.dataset.shows !== name) {
    link.dataset.shows = name;
    link.replaceChildren(...(name ? [byId(`link-${name}`).content.cloneNode(true)] : []));
    link.querySelector("a")?.setAttribute("href", signInAddress(held));
    if (focused) stand(link.querySelector("a, button") ?? place());
  }
  const kept = link.querySelector("[data-count]");
  if (kept) kept.textContent = !count ? "" : count === 1 ? "1 scan is kept." : `${count} scans are kept.`;
}

export function signInAddress(held, account = "") {
  const way = new URL(held?.signIn || "/sign-in", location.href);
  way.searchParams.set("to", "/scan");
  if (account) way.searchParams.set("account", account);
  return way.pathname + way.search;
}
