// The events of the hotline, in order and without a gap: resumed after a break, begun anew where that cannot be.

import { ask, isSignedIn } from "./session.js";

const FELL_BEHIND = 4008;
const WAITS = [300, 1000, 2000, 4000, 8000]; // milliseconds before a try, the last one for all further ones
const LOOK_EVERY = 10000; // milliseconds: a line that died without a word is noticed by asking for the health
const LOOK_PATIENCE = 5000;
const OPEN_PATIENCE = 10000;

/** One watcher. Tells `onSnapshot(data)`, `onEvent(event)`, and `onLive(true or false)`. */
export class Stream {
  constructor({ onSnapshot, onEvent, onLive }) {
    Object.assign(this, { onSnapshot, onEvent, onLive });
    this.id = null;
    this.seq = 0;
    this.socket = null;
    this.live = false;
    this.tries = 0;
    this.turn = 0; // whatever belongs to an earlier turn is no longer listened to
    window.addEventListener("online", () => this.running && !this.live && this.connect());
  }

  start() {
    this.running = true;
    this.looking ??= window.setInterval(() => this.look(), LOOK_EVERY);
    this.connect();
  }

  stop() {
    this.running = false;
    this.id = null;
    this.letGo();
    this.tell(false);
  }

  async connect() {
    this.letGo();
    const turn = this.turn;
    let token;
    try {
      ({ token } = await ask("POST", "events/token"));
    } catch {
      if (turn === this.turn) this.again();
      return;
    }
    if (turn !== this.turn || !this.running) return;
    const resumed = this.id !== null;
    const query = new URLSearchParams({ token, ...(resumed ? { stream: this.id, after: this.seq } : {}) });
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/events?${query}`);
    this.socket = socket;
    const tooLong = window.setTimeout(() => turn === this.turn && socket.readyState === WebSocket.CONNECTING && this.again(), OPEN_PATIENCE);
    socket.addEventListener("open", () => {
      window.clearTimeout(tooLong);
      // Where it is resumed and nothing was missed, nothing is said at first.
      if (turn === this.turn && resumed) this.tell(true);
    });
    socket.addEventListener("message", (message) => turn === this.turn && this.take(JSON.parse(message.data)));
    socket.addEventListener("close", (closed) => {
      window.clearTimeout(tooLong);
      if (turn !== this.turn) return;
      if (closed.code === FELL_BEHIND) this.id = null;
      this.again();
    });
  }

  take(message) {
    if (message.type === "snapshot") {
      this.id = message.stream;
      this.seq = message.seq;
      this.onSnapshot(message.data);
      this.tell(true);
      return;
    }
    if (message.seq <= this.seq) return;
    if (message.seq !== this.seq + 1) {
      this.id = null; // something is missing: only a new picture helps
      this.again();
      return;
    }
    this.seq = message.seq;
    this.tell(true);
    this.onEvent(message);
  }

  again() {
    this.letGo();
    this.tell(false);
    if (!this.running || !isSignedIn()) return;
    const wait = WAITS[Math.min(this.tries, WAITS.length - 1)];
    this.tries += 1;
    // not all pages of a hall at the same moment
    this.timer = window.setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  /** Close what is open; its last words are not listened to. */
  letGo() {
    this.turn += 1;
    window.clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  tell(live) {
    if (live) this.tries = 0;
    if (live === this.live) return;
    this.live = live;
    this.onLive(live);
  }

  /** See whether the hotline can be reached at all; a socket does not tell when the line is dead. */
  async look() {
    if (!this.live) return;
    const turn = this.turn;
    try {
      await fetch("/api/v1/health", { cache: "no-store", signal: AbortSignal.timeout(LOOK_PATIENCE) });
    } catch {
      if (turn === this.turn && this.live) this.again();
    }
  }
}
