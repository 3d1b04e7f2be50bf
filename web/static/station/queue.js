// Everything that is scanned or touched, in its order: kept in the browser until the server has answered, sent one at
// a time, and sent again with the same id when an answer was lost. Passwords are kept in memory only. Draws nothing.

const KEPT_LINES = 30;
const PAUSES = [400, 800, 1600, 3200, 5000];
const TRIES_OF_A_FAULT = 4;

// send(entry, secrets) gives {answer} | {words} (not taken) | {later, fault} (not confirmed) | {signIn} (nobody is in).
export class Queue {
  constructor({ key, send, answered, changed }) {
    Object.assign(this, { key, send, answered, changed });
    this.secrets = new Map();
    this.held = null; // why nothing is sent: {signIn} or {elsewhere}
    this.tries = 0;
    this.running = false;
    this.lines = this.load();
    for (const line of this.lines) if (line.state === "sent") line.state = "unconfirmed";
  }

  load() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "[]").filter((line) => !line.secret || line.state === "done");
    } catch {
      return [];
    }
  }

  keep() {
    const done = this.lines.filter((line) => line.state === "done");
    const drop = new Set(done.slice(0, Math.max(0, done.length - KEPT_LINES)));
    if (drop.size) this.lines = this.lines.filter((line) => !drop.has(line));
    try {
      localStorage.setItem(this.key, JSON.stringify(this.lines));
    } catch {
      // No room or not allowed: it is still kept in this page.
    }
    this.changed(this);
  }

  get waiting() {
    return this.lines.filter((line) => line.state !== "done");
  }

  // fields: what is sent. secrets: sent too, never kept. shown: how the list calls it.
  add({ to, fields, secrets = null, shown, what }) {
    const line = { id: newId(), to, fields, shown, what, state: "waiting", at: Date.now(), secret: Boolean(secrets) };
    if (secrets) this.secrets.set(line.id, secrets);
    this.lines.push(line);
    this.keep();
    this.run();
    return line.id;
  }

  hold(why) {
    this.held = why;
    this.changed(this);
  }

  go() {
    this.held = null;
    this.tries = 0;
    this.wake?.();
    this.run();
    this.changed(this);
  }

  async run() {
    if (this.running) return;
    this.running = true;
    try {
      for (let line; !this.held && (line = this.waiting[0]); ) await this.one(line);
    } finally {
      this.running = false;
    }
    this.changed(this);
  }

  async one(line) {
    line.state = line.state === "waiting" ? "sent" : "unconfirmed";
    this.keep();
    const got = await this.send(line, this.secrets.get(line.id) ?? {});
    if (got.signIn) {
      line.state = "waiting";
      this.held = got;
      return this.keep();
    }
    if (got.later && !(got.fault && this.tries >= TRIES_OF_A_FAULT)) return this.later(line);
    this.finish(line, got.later ? { words: got.later } : got);
    return undefined;
  }

  later(line) {
    line.state = "unconfirmed";
    const pause = PAUSES[Math.min(this.tries, PAUSES.length - 1)];
    this.tries += 1;
    this.keep();
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, pause);
    });
  }

  finish(line, { answer = null, words = null }) {
    this.tries = 0;
    this.secrets.delete(line.id);
    line.state = "done";
    line.kind = answer ? answer.kind : "refused";
    line.headline = answer ? answer.headline : words.observed;
    delete line.fields;
    this.keep();
    this.answered(line, answer, words);
  }
}

// crypto.randomUUID is there only over https or on this machine; getRandomValues everywhere.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}
