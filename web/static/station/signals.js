// Tones and vibration. Never the only sign: whatever is told here is told in words too. Remembered on the device.

const KEY = "coi.quiet";
const TONES = {
  accepted: [[880, 0, 0.12]],
  performed: [[880, 0, 0.12], [1320, 0.14, 0.22]],
  refused: [[196, 0, 0.22], [165, 0.26, 0.34]],
};
let audio = null;

const remembered = () => {
  try {
    return localStorage.getItem(KEY) === "yes";
  } catch {
    return false;
  }
};

export let quiet = remembered();

export function setQuiet(value) {
  quiet = value;
  try {
    localStorage.setItem(KEY, value ? "yes" : "no");
  } catch {
    // It holds for this page.
  }
}

export function signal(kind) {
  const tones = TONES[kind];
  if (quiet || !tones) return;
  if (kind === "refused") navigator.vibrate?.([200, 80, 200]);
  try {
    audio ??= new AudioContext();
    audio.resume();
    for (const [pitch, after, lasts] of tones) play(pitch, audio.currentTime + after, lasts, kind);
  } catch {
    // A device without sound still has the picture.
  }
}

function play(pitch, at, lasts, kind) {
  const tone = audio.createOscillator(), loud = audio.createGain();
  tone.type = kind === "refused" ? "square" : "sine";
  tone.frequency.value = pitch;
  loud.gain.setValueAtTime(0.25, at);
  loud.gain.exponentialRampToValueAtTime(0.001, at + lasts);
  tone.connect(loud).connect(audio.destination);
  tone.start(at);
  tone.stop(at + lasts);
}
