// The scan station: what is scanned goes through the queue to the server, and what the server says is drawn.

import { capture } from "./capture.js";
import { isBadge, isOurs } from "./codes.js";
import { drawQueue, drawScreen, drawVerdict, hideStop, showStop, showUnread, signInAddress, stopWords } from "./drawing.js";
import { newId, Queue } from "./queue.js";
import { quiet, setQuiet, signal } from "./signals.js";
import { draw as drawTimers, learnTime } from "./timers.js";

const WAIT = 20000; // ms for an answer
const WATCH = 3000; // ms between two looks for somebody else's signature
const WATCH_FOR = 300000; // ms after the last touch: then the station may lock

const station = document.getElementById("station");
const data = station.dataset;
const token = () => document.querySelector("meta[name=csrf-token]").content;
let touched = Date.now();

// --- sending

async function ask(to, body, method = "POST") {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), WAIT);
  const headers = { Accept: "application/json", "HX-Request": "true", "X-CSRFToken": token() };
  try {
    return await fetch(to, { method, body, headers, signal: patience.signal, credentials: "same-origin" });
  } finally {
    clearTimeout(timer);
  }
}

async function send(line, secrets, again = true) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...line.fields, ...secrets, once: line.id })) form.append(name, value);
  let got;
  try {
    got = await ask(line.to, form);
    const signIn = got.headers.get("X-Sign-In");
    if (got.status === 401 && signIn) return { signIn };
    if (got.ok && got.headers.get("Content-Type")?.includes("json")) return { answer: await got.json() };
  } catch {
    return { later: "no answer" };
  }
  if (got.status === 400 && again && (await freshToken())) return send(line, secrets, false);
  if (got.status >= 500) return { later: "a fault of the server", fault: got.status === 500 };
  return { words: await wordsOf(got) };
}

// A page that was open for long may carry a token of before: another one is fetched, and what was scanned sent again.
async function freshToken() {
  try {
    const page = new DOMParser().parseFromString(await (await ask("/scan", undefined, "GET")).text(), "text/html");
    const found = page.querySelector("meta[name=csrf-token]")?.content;
    if (!found || found === token()) return false;
    document.querySelector("meta[name=csrf-token]").content = found;
    return true;
  } catch {
    return false;
  }
}

async function wordsOf(got) {
  const page = new DOMParser().parseFromString(await got.text(), "text/html");
  const told = [...page.querySelectorAll("main p")].map((one) => one.textContent.trim()).filter(Boolean);
  return {
    expected: "something that the station can take", observed: told[0] ?? `an answer with status ${got.status}`,
    do: told[1] ?? "load the page again",
  };
}

// --- what came back

function answered(line, answer, words) {
  if (!answer) {
    showStop(stopWords("Not taken", words));
    signal("refused");
    return;
  }
  if (answer.go) {
    location.assign(answer.go);
    return;
  }
  draw(answer);
  signal(answer.kind);
}

function draw(answer) {
  learnTime(answer.at);
  drawVerdict(answer);
  if (Number(answer.version) >= Number(data.version) || answer.fresh) {
    drawScreen(answer.screen);
    Object.assign(data, { version: answer.version, state: answer.state, personal: answer.personal ? "yes" : "" });
  }
  drawTimers();
  document.querySelector("#screen .ask, #screen .slots form")?.scrollIntoView({ block: "nearest" });
  if (answer.asks === "sign") document.querySelector("#screen input[type=password]")?.focus();
}

const queue = new Queue({
  key: `coi.scans:${data.station}:${data.account}`,
  send,
  answered,
  changed: drawQueue,
});

// --- what is scanned, typed, touched

function take(code, by) {
  touched = Date.now();
  if (queue.held?.signIn && isBadge(code)) {
    location.assign(signInAddress(queue.held, code));
    return;
  }
  const hidden = data.personal && !isOurs(code);
  const what = by === "typed" ? "typed" : "scanned";
  if (hidden) queue.add({ to: data.one, fields: { by }, secrets: { code }, shown: "•••", what });
  else queue.add({ to: data.one, fields: { code, by }, shown: code.slice(0, 60), what });
}

function acknowledge() {
  hideStop();
  if (data.state === "refused") queue.add({ to: data.act, fields: { act: "acknowledge" }, shown: "read", what: "touched" });
}

const wedge = capture({
  field: document.getElementById("capture"),
  take,
  refuse(words) {
    showStop(stopWords("Not taken", words));
    signal("refused");
  },
  plain() {
    const stopped = !document.getElementById("stop").hidden;
    if (stopped) acknowledge();
    return stopped;
  },
});

function onSubmit(event) {
  const form = event.target;
  touched = Date.now();
  if (form.id === "typed") {
    event.preventDefault();
    wedge.submit();
    return;
  }
  if (!form.matches("[data-act]")) return;
  event.preventDefault();
  if (form.dataset.act === "acknowledge") {
    acknowledge();
    return;
  }
  touch(form, event.submitter);
}

function touch(form, button) {
  const fields = Object.fromEntries(new FormData(form, button));
  delete fields.csrf_token;
  delete fields.once;
  const kept = form.matches("[data-secret]") ? {} : fields;
  const secrets = form.matches("[data-secret]") ? fields : null;
  const shown = (button?.dataset.shown || button?.textContent || "touched").trim().replace(/\s+/g, " ").slice(0, 60);
  if (button) button.dataset.touched = "yes";
  queue.add({ to: new URL(form.action).pathname, fields: kept, secrets, shown, what: "touched" });
  for (const one of form.querySelectorAll("input:not([type=hidden]), textarea")) one.value = one.defaultValue;
}

document.addEventListener("submit", onSubmit);
document.addEventListener("pointerdown", () => (touched = Date.now()));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-go-on]")) claim();
  if (event.target.closest("[data-retry]")) queue.go();
});

// --- one page for a station; a window that is not in front hears no scanner

const page = newId();
const FRONT = `coi.front:${data.station}`;

function claim() {
  try {
    localStorage.setItem(FRONT, page);
  } catch {
    // Then nobody else can claim it either.
  }
  if (queue.held?.elsewhere) location.reload();
}

window.addEventListener("storage", (event) => {
  if (event.key === FRONT && event.newValue && event.newValue !== page) queue.hold({ elsewhere: true });
});

const front = document.getElementById("front");
window.addEventListener("blur", () => (front.hidden = false));
window.addEventListener("focus", () => (front.hidden = true));
window.addEventListener("online", () => queue.go());

// --- switches, the camera, and what happens while nobody touches anything

const sound = document.getElementById("sound");
const drawSound = () => sound.setAttribute("aria-pressed", String(!quiet));
sound.addEventListener("click", () => {
  setQuiet(!quiet);
  drawSound();
  signal("accepted");
});

const camera = document.getElementById("camera");
camera.addEventListener("click", async () => {
  const { toggle } = await import(data.camera);
  toggle({ button: camera, room: document.getElementById("camera-room"), script: data.reader, wasm: data.wasm, take });
});

async function look() {
  if (data.state !== "signing" || queue.waiting.length || queue.held || Date.now() - touched > WATCH_FOR) return;
  try {
    const got = await ask(data.now, undefined, "GET");
    const answer = got.ok ? await got.json() : null;
    if (answer && !queue.waiting.length && answer.version !== Number(data.version)) draw({ ...answer, fresh: true });
  } catch {
    // The next scan says whether the server is there.
  }
}

function lockWhenLeft() {
  if (Date.now() - touched > Number(data.idle) * 60000) location.assign(signInAddress(null));
}

setInterval(look, WATCH);
setInterval(lockWhenLeft, 15000);
learnTime(data.at);
drawTimers();
drawSound();
for (const one of document.querySelectorAll("[data-script]")) one.hidden = false;
if (data.state === "signing") document.querySelector("#screen input[type=password]")?.focus({ preventScroll: true });
showUnread();
claim();
queue.changed(queue);
queue.run();
station.dataset.ready = "yes";
