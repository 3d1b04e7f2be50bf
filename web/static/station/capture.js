// Never loses the scanner: collects keys wherever the focus is, and tells a scan from typing by how fast the keys come.
//
// A scan ends with Enter, Tab, Ctrl-J or Ctrl-M, or with a pause. Keys of a scan that went into a field are taken out
// again. In a password field nothing is looked at but whether it is one of our codes. Knows no server.

import { begins, better, isOurs, isSeparator, unprefixed, usCharacter } from "./codes.js";

const FAST = 35; // ms between two keys of a scanner, at most; people are slower
const PAUSE = 60; // ms of silence that end one of our codes
const LONG_PAUSE = 300; // ms of silence that end any other text
const PATIENCE = 1500; // ms that a scan may be interrupted, when more of it is sure to come
const LEAST_ENDED = 3; // characters of a scan with a suffix
const LEAST = 6; // and without one
const LONGEST = 2000; // characters pasted; anything longer is no code

// take(text, how): one scan or typed text. refuse(words): what cannot be taken. plain(key): Enter or Escape of a person
// who has typed nothing, anywhere but on a button; true when it was used.
export function capture({ field, take, refuse, plain }) {
  let keys = []; // {own, us, at}
  let touched = []; // what fields held before the first key of this burst
  let earlier = null; // {keys, touched, at}: a few keys before it, that were no scan by themselves
  let alarm = 0;
  let ended = -Infinity;
  let blind = false; // the keyboard does not say which key it was
  let suffixed = false; // the scanner has ended a code with a key: it will again, so a silence is no end

  const text = () => keys.map((one) => one.own).join("");
  const usText = () => keys.map((one) => one.us).join("");
  const whole = () => isOurs(text()) || isOurs(usText());
  const focused = () => document.activeElement;
  const secret = (element) => element instanceof HTMLInputElement && element.type === "password";

  function kindOf(element) {
    if (secret(element)) return "secret";
    const writable = element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement ||
      (element instanceof HTMLInputElement && !["button", "submit", "checkbox", "radio", "file", "reset"].includes(element.type));
    return writable || element?.isContentEditable ? "field" : "loose";
  }

  function fast() {
    if (keys.length < LEAST_ENDED) return false;
    const gaps = keys.slice(1).map((one, n) => one.at - keys[n].at).sort((a, b) => a - b);
    return gaps[Math.floor(gaps.length / 2)] <= FAST;
  }

  function isScan(withSuffix) {
    if (!fast()) return false;
    if (inSecret()) return whole() || /^COI\d*:/i.test(unprefixed(text()));
    return withSuffix || whole() || keys.length >= LEAST;
  }

  function forget() {
    keys = [];
    touched = [];
    clearTimeout(alarm);
  }

  // A busy computer can hold keys back: pieces that make one of our codes together were one scan.
  function join(at) {
    const before = earlier;
    earlier = null;
    if (!before || !keys.length || keys[0].at - before.at > PATIENCE || whole()) return;
    const joined = [...before.keys, ...keys];
    if (!isOurs(joined.map((one) => one.own).join("")) && !isOurs(joined.map((one) => one.us).join(""))) return;
    keys = joined.map((one) => ({ ...one, at }));
    const old = before.touched.filter((one) => one.element.isConnected);
    touched = [...old, ...touched.filter((one) => !old.some((other) => other.element === one.element))];
  }

  function setAside() {
    if (!earlier || keys[0].at - earlier.at > PATIENCE) earlier = { keys: [], touched: [] };
    earlier = { keys: [...earlier.keys, ...keys], touched: [...earlier.touched, ...touched], at: keys.at(-1).at };
    forget();
  }

  const inSecret = () => touched.every((one) => one.secret);

  // A quick hand at a password may be followed by a badge: there only what can be nothing else is waited for.
  function patience() {
    if (inSecret()) return /^COI\d/i.test(unprefixed(text())) ? PATIENCE : LONG_PAUSE;
    return suffixed || begins(text()) || begins(usText()) ? PATIENCE : LONG_PAUSE;
  }

  function emit(at) {
    const found = better(text(), usText());
    for (const one of [...touched].reverse()) { // pieces of a code: what was there before the first of them is put back last
      const now = one.element.isConnected ? one.element : one.id && document.getElementById(one.id);
      if (now) now.value = one.before;
    }
    forget();
    earlier = null;
    ended = at;
    take(found, "scanned");
  }

  // Another key: does it belong to the burst?
  function belongs(at) {
    if (!keys.length) return false;
    const gap = at - keys.at(-1).at;
    if (gap <= FAST) return true;
    if (whole() && fast()) return false;
    return gap <= PAUSE || (gap <= patience() && (keys.length < LEAST_ENDED || fast()));
  }

  function settle(at) {
    if (isScan(false)) emit(at);
    else setAside();
  }

  function note(element, kind) {
    const into = kind === "loose" ? field : element;
    if (touched.some((one) => one.element === into || (one.id && one.id === into.id))) return into;
    touched.push({ element: into, id: into.id, before: into.value, secret: kind === "secret" });
    return into;
  }

  function add(own, us, at, event) {
    if (keys.length && !belongs(at)) settle(at);
    const element = focused(), kind = kindOf(element);
    const into = note(element, kind);
    keys.push({ own, us, at });
    if (kind === "loose") {
      event?.preventDefault();
      if (into.value.length < LONGEST) into.value += own;
    }
    clearTimeout(alarm);
    alarm = setTimeout(silent, PAUSE + 5);
  }

  function silent() {
    const quiet = performance.now() - (keys.at(-1)?.at ?? 0);
    if (!keys.length) return;
    if (quiet < PAUSE) alarm = setTimeout(silent, PAUSE - quiet + 5);
    else if (whole() && isScan(false)) emit(performance.now());
    else if (quiet >= patience()) settle(performance.now());
    else alarm = setTimeout(silent, patience() - quiet + 5);
  }

  function characterOf(event) {
    if (isSeparator(event)) return { own: usCharacter(event), us: usCharacter(event) };
    const graph = event.getModifierState?.("AltGraph");
    if ((event.ctrlKey || event.altKey) && !graph) return null;
    if (event.metaKey) return null;
    const us = usCharacter(event);
    if ([...event.key].length === 1 && !event.isComposing) return { own: event.key, us: us ?? event.key };
    return us && ["Dead", "Process", "Unidentified"].includes(event.key) ? { own: us, us } : null;
  }

  const ends = (event) => event.key === "Enter" || event.key === "Tab" ||
    (event.ctrlKey && ["KeyJ", "KeyM"].includes(event.code));

  function onKey(event) {
    blind = event.key === "Unidentified" && !event.code;
    if (event.repeat) return forget();
    if (ends(event)) return onEnd(event);
    if (keys.length === 0 && event.key === " " && kindOf(focused()) === "loose") return undefined; // a button
    const found = characterOf(event);
    if (found) return add(found.own, found.us, event.timeStamp, event);
    if (event.key === "Backspace" && kindOf(focused()) === "loose") field.value = field.value.slice(0, -1);
    if (event.key === "Escape") onEscape(event);
    return undefined;
  }

  function onEnd(event) {
    const at = event.timeStamp;
    join(at);
    if (keys.length && isScan(true)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      suffixed = true;
      return emit(at);
    }
    if (!keys.length && at - ended < PAUSE) return event.preventDefault(); // CR and LF
    const typing = keys.length > 0;
    forget();
    return event.key === "Enter" ? onEnter(event, typing) : undefined;
  }

  function onEnter(event, typing) {
    const element = focused();
    const nothing = element === field && !field.value.trim();
    if (kindOf(element) !== "loose" && !nothing) return;
    const onButton = element && element !== document.body && !nothing && element.matches("a, button, summary, input, [tabindex]:not([tabindex='-1'])");
    if (field.value.trim() && (typing || !onButton)) {
      event.preventDefault();
      submit();
    } else if (!onButton && plain("Enter")) event.preventDefault();
  }

  function onEscape(event) {
    forget();
    if (plain("Escape")) event.preventDefault();
    else if (kindOf(focused()) === "loose") field.value = "";
  }

  // What stands in the field, typed by a person.
  function submit() {
    const typed = field.value.trim();
    field.value = "";
    forget();
    if (typed) take(unprefixed(typed), "typed");
  }

  // Scanners that write text without keys (Android, clipboard), and keyboards that do not name theirs.
  function onInput(event) {
    const data = event.data ?? "";
    if (blind && event.inputType === "insertText" && [...data].length === 1) {
      return add(data, data, event.timeStamp, null);
    }
    if (data.length >= LEAST && isOurs(data) && !secret(event.target)) {
      event.preventDefault();
      take(unprefixed(data), "scanned");
    }
    return undefined;
  }

  function onPaste(event) {
    const pasted = event.clipboardData?.getData("text") ?? "";
    if (pasted.length > LONGEST) {
      event.preventDefault();
      forget();
      refuse({
        expected: "a code, or a short text", observed: `${pasted.length.toLocaleString("en")} characters at once`,
        do: "scan or paste one code",
      });
    } else if (kindOf(focused()) === "loose") {
      event.preventDefault();
      field.value = pasted.trim();
    }
  }

  window.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("beforeinput", onInput, { capture: true });
  document.addEventListener("paste", onPaste, { capture: true });
  return { submit };
}
