// Who gave up waiting and is owed a call: on the board to be looked at, at the desk to be called back.

import { callerName } from "./chinese.js";
import { counter, timeOfDay } from "./clock.js";
import { el, fill } from "./elements.js";
import { ask } from "./session.js";

const TRY_AGAIN = 10000; // milliseconds

const OUTCOME = {
  no_answer: "无人接听", busy: "占线", refused: "拒接", failed: "未接通", seat_no_answer: "坐席未接", cancelled: "已取消",
};

/** Open recalls, the earliest due first. `dial(recall)` is what the button does; without it there is none. */
export class Recalls {
  constructor(element, { dial = null, onChange }) {
    Object.assign(this, { element, dial, onChange });
    this.open = new Map();
    this.known = false;
  }

  forget() {
    window.clearTimeout(this.again);
    this.open.clear();
    this.known = false;
  }

  /** Read the list; from then on events tell what changes. */
  async read() {
    window.clearTimeout(this.again);
    try {
      const { items } = await ask("GET", "recalls?state=open&sort=due");
      this.open = new Map(items.map((recall) => [recall.id, recall]));
      this.known = true;
    } catch {
      this.again = window.setTimeout(() => this.read(), TRY_AGAIN);
    }
    this.onChange();
  }

  event({ type, data }) {
    if (type !== "recall.changed") return;
    if (data.state === "open") this.open.set(data.id, data);
    else this.open.delete(data.id);
  }

  draw({ canDial = false } = {}) {
    const due = [...this.open.values()].sort((one, other) => one.due.localeCompare(other.due));
    const rows = due.map((recall) => this.row(recall, canDial));
    if (rows.length === 0) rows.push(el("li", { class: "hint" }, this.known ? "没有待回拨的来电" : "正在读取…"));
    fill(this.element, ...rows);
    if (this.dial === null) return;
    for (const button of this.element.querySelectorAll("button")) {
      button.onclick = () => this.dial(this.open.get(button.dataset.recall));
    }
  }

  row(recall, canDial) {
    const waited = Math.round(recall.waits.reduce((longest, wait) => Math.max(longest, wait.waited), 0));
    const last = recall.attempts.at(-1);
    const runs = last !== undefined && last.ended === null;
    const late = (Date.parse(recall.due) - Date.parse(recall.opened)) / 1000;
    return el(
      "li",
      {},
      el("b", {}, callerName(recall.caller)),
      ` 等待 ${waited} 秒后放弃`,
      recall.waits.length > 1 ? `，共 ${recall.waits.length} 次` : "",
      recall.by_us ? "（系统中断）" : "",
      "，已过 ",
      counter(recall.opened, { late }),
      `，应于 ${timeOfDay(recall.due)} 前回拨`,
      runs ? `；坐席 ${last.seat} 正在回拨` : last === undefined ? "" : `；已回拨 ${recall.attempts.length} 次，${OUTCOME[last.outcome] ?? ""}`,
      this.dial === null ? "" : el("button", { type: "button", "data-recall": recall.id, disabled: runs || !canDial }, "回拨"),
    );
  }
}
