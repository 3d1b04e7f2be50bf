// What one of our own codes looks like, so that the station can tell a scan from typing. Same rules as
// coi_tracker/identity.py, which decides; this only recognises.

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
const LENGTHS = { C: 13, L: 12, S: 8, B: 10, P: 6, E: 8, Q: 8 };
const AIM = /^\][A-Za-z][0-9A-Za-z]/;
const GS1 = /^\](C1|d2|Q3|e0)[0-9(]/;

const SHIFTED = { 1: "!", 2: "@", 3: "#", 4: "$", 5: "%", 6: "^", 7: "&", 8: "*", 9: "(", 0: ")" };
const SIGNS = {
  Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"",
  Backquote: "`~", Comma: ",<", Period: ".>", Slash: "/?", Space: "  ", NumpadSubtract: "--", NumpadMultiply: "**",
  NumpadAdd: "++", NumpadDivide: "//", NumpadDecimal: "..",
};

// Between two fields of a GS1 symbol keyboards send Ctrl and ].
const SEPARATOR = "\u001d";
export const isSeparator = (event) => event.ctrlKey && !event.altKey && event.code === "BracketRight";

// The character of a key on the keyboard that scanners pretend to be, whatever this computer takes it for.
export function usCharacter(event) {
  if (isSeparator(event)) return SEPARATOR;
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (letter) return event.shiftKey ? letter[1] : letter[1].toLowerCase();
  const digit = /^(Digit|Numpad)([0-9])$/.exec(event.code);
  if (digit) return digit[1] === "Digit" && event.shiftKey ? SHIFTED[digit[2]] : digit[2];
  return SIGNS[event.code] ? SIGNS[event.code][event.shiftKey ? 1 : 0] : null;
}

// ISO 7064 MOD 37-2.
function check(body) {
  let rest = 0;
  for (const one of body) rest = ((rest + CHECKS.indexOf(one)) * 2) % 37;
  return CHECKS[(((1 - rest) % 37) + 37) % 37];
}

const backwards = (text) => [...text].reverse().join("");

function isCode(text) {
  return LENGTHS[text[0]] === text.length && [...text.slice(1)].every((one) => LETTERS.includes(one)) &&
    check(text.slice(0, -1)) === text.at(-1);
}

function isPayload(text) {
  const [version, whose, what, last, ...more] = text.split(":");
  if (version !== "COI1" || more.length || !whose || !what || !last) return false;
  if (whose[0] !== "*") return (whose === "-" || isCode(whose)) && isCode(what) &&
    check(backwards((whose === "-" ? "" : whose) + what)) === last;
  const words = `${whose}:${what}`.slice(1);
  return check(backwards(words.replace(/[^A-Z0-9]/g, "*"))) + LETTERS[words.length % 32] === last;
}

// The text without what a scanner puts before it: the AIM name of the symbology.
const bared = (text) => text.trim().replace(AIM, "");

// The same, but a supplier's GS1 symbol keeps its name: without it some could not be told from other text.
export const unprefixed = (text) => (GS1.test(text.trim()) && !isOurs(text) ? text.trim() : bared(text));

export function isOurs(text) {
  const bare = bared(text).toUpperCase();
  if (bare.startsWith("COI")) return isPayload(bare);
  return isCode(bare.replace(/[- ]/g, ""));
}

// The rest of a code of ours may still come.
export function begins(text) {
  const bare = bared(text).toUpperCase();
  return /^COI\d/.test(bare) || ([...bare.slice(1)].every((one) => LETTERS.includes(one)) && bare.length < LENGTHS[bare[0]]);
}

export const isBadge = (text) => isOurs(text) && /^B/.test(unprefixed(text).toUpperCase());

// Of two readings of the same keys the one that is a code; the computer's own where neither or both are. A key that a
// person pressed just before is no part of a code.
export function better(text, us) {
  const readings = [text, us].flatMap((one) => [unprefixed(one), /COI\d+:.*$/i.exec(one)?.[0] ?? ""]);
  return readings.find(isOurs) ?? readings[0];
}
