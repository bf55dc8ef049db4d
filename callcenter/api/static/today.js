// How many calls of today have ended, and how: counted from the list of calls, then call by call as they end.

import { startOfDay, timeOfDay } from "./clock.js";
import { askAll } from "./session.js";

const ABANDONED = ["abandoned_queue", "abandoned_ringing", "abandoned_ivr"];
const WORDS = { abandoned_queue: "排队中", abandoned_ringing: "振铃中", abandoned_ivr: "语音导航中" };
const MOST_PAGES = 100; // of 200 calls
const TRY_AGAIN = 10000; // milliseconds

/** The counts of this day, by the clock of this computer. */
export class Today {
  constructor({ onChange }) {
    this.onChange = onChange;
    this.forget();
  }

  forget() {
    window.clearTimeout(this.again);
    this.day = startOfDay();
    this.outcomes = new Map(); // call id → outcome; nothing is counted twice, whatever comes twice
    this.whole = true;
    this.known = false;
    this.turn = (this.turn ?? 0) + 1;
  }

  /** Count anew. */
  async read() {
    this.forget();
    const { turn } = this;
    try {
      const found = await askAll(`calls?live=false&limit=200&from=${encodeURIComponent(this.day.toISOString())}`, MOST_PAGES);
      if (turn !== this.turn) return;
      for (const call of found.items) this.outcomes.set(call.id, call.outcome);
      this.whole = found.whole;
      this.known = true;
    } catch {
      if (turn === this.turn) this.again = window.setTimeout(() => this.read(), TRY_AGAIN);
    }
    this.onChange();
  }

  /** One more has ended. */
  ended(call) {
    if (Date.parse(call.t0) >= this.day.getTime()) this.outcomes.set(call.id, call.outcome);
  }

  /** A new day begins at nought. */
  tick() {
    if (this.known && startOfDay().getTime() !== this.day.getTime()) this.read();
  }

  count(outcomes) {
    return [...this.outcomes.values()].filter((outcome) => outcomes === null || outcomes.includes(outcome)).length;
  }

  shown(what) {
    if (!this.known) return "—";
    const count = this.count({ all: null, answered: ["answered"], abandoned: ABANDONED }[what]);
    return `${this.whole ? "" : "≥ "}${count}`;
  }

  /** What is counted, in a sentence. */
  says() {
    if (!this.known) return "今日统计正在读取…";
    const parts = ABANDONED.map((outcome) => `${WORDS[outcome]} ${this.count([outcome])}`).join("、");
    return `今日统计：本机时间 ${timeOfDay(this.day.toISOString())} 以后呼入且已结束的来电；放弃＝接通前来电人挂机（${parts}）。`;
  }
}
