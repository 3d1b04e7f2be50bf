// Counts deadlines down, by the clock of the server, and has each change for the worse read out once.

let ahead = 0; // ms that the server's clock is ahead of ours

export function learnTime(instant) {
  const theirs = Date.parse(instant ?? "");
  if (!Number.isNaN(theirs)) ahead = theirs - Date.now();
}

function left(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000), seconds = Math.floor((Math.abs(ms) % 60000) / 1000);
  const hours = Math.floor(minutes / 60);
  const clock = `${String(minutes % 60).padStart(2, "0")}:${String(seconds).padStart(2, "0")}`;
  return hours ? `${hours}:${clock}` : clock;
}

const SOON = 900000; // ms
const READ = 30000; // ms that what is read out can be come to: after that its minutes are wrong
const WORDS = { soon: "HURRY, left", over: "OVER, since", left: "left" };
const phaseOf = (ms) => (ms < 0 ? "over" : ms < SOON ? "soon" : "left");
const ORDER = ["left", "soon", "over"];
const told = new Map(); // how far each deadline was said to be, however often the screen is drawn anew
let silence = 0;

const room = () => document.getElementById("times");

// A timer that ticks is read out by no screen reader, and should not be. Under the red screen nothing is: then later.
function tell(timer, phase, ms) {
  const what = `${timer.querySelector(".quiet").firstChild.textContent.trim()}, ${timer.getAttribute("aria-label")}`;
  const key = `${what} ${timer.dataset.deadline}`;
  if (ORDER.indexOf(phase) <= (told.get(key) ?? 0) || room().closest("[inert]")) return null;
  told.set(key, ORDER.indexOf(phase));
  const minutes = Math.ceil(ms / 60000);
  return phase === "over" ? `The time is over: ${what}.` : `Hurry, ${minutes} minute${minutes === 1 ? "" : "s"} left: ${what}.`;
}

function say(words) {
  if (!words.length) return;
  room().textContent = words.join(" ");
  clearTimeout(silence);
  silence = setTimeout(() => (room().textContent = ""), READ);
}

export function draw() {
  const words = [];
  for (const timer of document.querySelectorAll("[data-deadline]")) {
    const ms = Date.parse(timer.dataset.deadline) - Date.now() - ahead;
    timer.querySelector(".left").textContent = left(ms);
    const phase = phaseOf(ms);
    timer.querySelector(".how").textContent = WORDS[phase];
    timer.classList.add("ticking");
    timer.classList.toggle("over", phase === "over");
    timer.classList.toggle("soon", phase === "soon");
    words.push(tell(timer, phase, ms));
  }
  say(words.filter(Boolean));
}

setInterval(draw, 1000);
