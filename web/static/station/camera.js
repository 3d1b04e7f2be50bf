// The camera of the device as a scanner: QR, Data Matrix and Code 128. Loaded only when somebody asks for it.
//
// One picture is no proof: a value is taken when three pictures in a row say the same, and not again before it was out
// of sight.

import { isOurs } from "./codes.js";

const AGREEING = 3;
const BETWEEN = 90; // ms between two pictures
const OUT_OF_SIGHT = 1500; // ms
const FORMATS = ["QRCode", "DataMatrix", "Code128"];
const WIDEST = 1280;

let running = null;

export async function toggle(parts) {
  if (running) {
    running.stop();
    running = null;
    return;
  }
  running = new Camera(parts);
  try {
    await running.start();
  } catch (error) {
    running.tell(words(error));
    running.stop({ keep: true });
    running = null;
  }
}

function words(error) {
  if (!navigator.mediaDevices) return "The camera needs an address with https. Type the code, or use a scanner.";
  if (error?.name === "NotAllowedError") return "This page may not use the camera. Allow it in the browser, then touch Camera again.";
  if (error?.name === "NotFoundError") return "This device has no camera. Type the code, or use a scanner.";
  return "The camera did not start. Close what else uses it, then touch Camera again.";
}

function load(script) {
  if (globalThis.ZXingWASM) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = script;
    tag.onload = resolve;
    tag.onerror = () => reject(new Error("the reader was not loaded"));
    document.head.append(tag);
  });
}

// A label says its code in two places, the second one perhaps as its serial alone: together they are one reading.
export function distinct(texts) {
  const all = [...new Set(texts)];
  return all.filter((one) => !all.some((other) => other !== one && other.includes(one)));
}

// Out of the bars of one symbol the reader makes a second, wrong text now and then: beside a code of ours, on the same
// spot, it counts for nothing.
export function withoutGhosts(found) {
  const ours = found.filter((one) => isOurs(one.text));
  return found.filter((one) => one.format !== "Code128" || ours.includes(one) || !ours.some((other) => touching(one, other)));
}

function touching(one, other) {
  const [a, b] = [one, other].map(({ position: { topLeft, topRight, bottomRight, bottomLeft } }) => {
    const all = [topLeft, topRight, bottomRight, bottomLeft];
    const x = all.map((at) => at.x), y = all.map((at) => at.y);
    return { left: Math.min(...x), right: Math.max(...x), top: Math.min(...y), bottom: Math.max(...y) };
  });
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

// What several pictures agree on. With two codes in a picture nobody knows which one was meant.
export class Agreement {
  constructor() {
    this.seen = null;
    this.times = 0;
    this.taken = null;
    this.takenAt = -Infinity;
  }

  // The text that is taken now, or null.
  see(texts, now) {
    const text = texts.length === 1 ? texts[0] : null;
    if (text !== null && text === this.taken) {
      this.takenAt = now;
      return null;
    }
    if (now - this.takenAt > OUT_OF_SIGHT) this.taken = null;
    this.times = text !== null && text === this.seen ? this.times + 1 : 1;
    this.seen = text;
    if (text === null || this.times < AGREEING) return null;
    this.taken = text;
    this.takenAt = now;
    return text;
  }
}

class Camera {
  constructor({ button, room, script, wasm, take }) {
    Object.assign(this, { button, room, script, wasm, take });
    this.agreement = new Agreement();
  }

  async start() {
    this.room.replaceChildren();
    this.room.hidden = false;
    this.button.setAttribute("aria-pressed", "true");
    this.said = this.room.appendChild(document.createElement("p"));
    this.said.setAttribute("role", "status");
    this.tell("The camera starts.");
    const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    await load(this.script);
    ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => this.wasm } });
    await this.show();
    this.tell("Hold one code in front of the camera.");
    this.next();
  }

  async show() {
    this.video = document.createElement("video");
    this.video.setAttribute("aria-label", "What the camera sees");
    Object.assign(this.video, { muted: true, playsInline: true, srcObject: this.stream });
    this.room.prepend(this.video);
    await this.video.play();
    this.addTorch();
  }

  addTorch() {
    const track = this.stream.getVideoTracks()[0];
    if (!track.getCapabilities?.().torch) return;
    const torch = document.createElement("button");
    torch.type = "button";
    torch.textContent = "Light";
    torch.setAttribute("aria-pressed", "false");
    torch.addEventListener("click", async () => {
      const on = torch.getAttribute("aria-pressed") !== "true";
      await track.applyConstraints({ advanced: [{ torch: on }] });
      torch.setAttribute("aria-pressed", String(on));
    });
    this.room.append(torch);
  }

  tell(text) {
    if (this.said && this.said.textContent !== text) this.said.textContent = text;
  }

  next() {
    this.timer = setTimeout(() => this.look(), BETWEEN);
  }

  picture() {
    const scale = Math.min(1, WIDEST / this.video.videoWidth);
    this.canvas ??= document.createElement("canvas");
    const width = Math.round(this.video.videoWidth * scale), height = Math.round(this.video.videoHeight * scale);
    if (this.canvas.width !== width) Object.assign(this.canvas, { width, height });
    const pen = (this.pen ??= this.canvas.getContext("2d", { willReadFrequently: true }));
    pen.drawImage(this.video, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height);
  }

  async look() {
    if (this.over) return;
    if (this.video.videoWidth) {
      const options = { formats: FORMATS, tryHarder: true, maxNumberOfSymbols: 6 };
      const found = await ZXingWASM.readBarcodes(this.picture(), options);
      if (!this.over) this.weigh(found.filter((one) => one.isValid));
    }
    this.next();
  }

  weigh(found) {
    const texts = distinct(withoutGhosts(found).map((one) => one.text));
    if (texts.length > 1) this.tell("Two codes are in the picture. Show one only.");
    const text = this.agreement.see(texts, performance.now());
    if (text === null) return;
    this.tell("Taken. Hold the next code in front of the camera.");
    this.take(text, "scanned");
  }

  stop({ keep = false } = {}) {
    this.over = true;
    clearTimeout(this.timer);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.video?.remove();
    this.button.setAttribute("aria-pressed", "false");
    if (!keep) this.room.hidden = true;
  }
}
