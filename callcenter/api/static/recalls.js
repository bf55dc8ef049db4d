// Who gave up waiting and is owed a call: on the board to be looked at, at the desk to be called back.

import { callerName } from "./chinese.js";
import { counter, timeOfDay } from "./clock.js";
import { el, fill, say, show } from "./elements.js";
import { ask } from "./session.js";

const TRY_AGAIN = 10000; // milliseconds
const AT_ONCE = 100; // rows; after a night away thousands may be owed, and every event of the hotline draws

const OUTCOME = {
  no_answer: "无人接听", busy: "占线", refused: "拒接", failed: "未接通", seat_no_answer: "坐席未接", cancelled: "已取消",
};

/** Open recalls, the earliest due first. `dial(recall)` is what the button does; without it there is none. */
export class Recalls {
  constructor(element, { dial = null, onChange }) {
    Object.assign(this, { element, dial, onChange });
    this.open = new Map();
    this.sorted = null; // until one of them changes
    this.most = AT_ONCE;
    this.known = false;
    this.meanwhile = null;
    this.left = el("span");
    this.more = el("button", { type: "button", class: "small", onclick: () => this.showMore() });
    this.rest = el("p", { class: "hint rest", hidden: true }, this.left, this.more);
    element.after(this.rest);
  }

  forget() {
    window.clearTimeout(this.again);
    this.open.clear();
    this.sorted = null;
    this.most = AT_ONCE;
    this.known = false;
  }

  showMore() {
    this.most += AT_ONCE;
    this.onChange();
  }

  /** Read the list, page by page; events tell what changes meanwhile, and from then on. */
  async read() {
    window.clearTimeout(this.again);
    const meanwhile = (this.meanwhile = []);
    try {
      const open = new Map();
      for (let cursor = ""; cursor !== null; ) {
        const page = await ask("GET", `recalls?state=open&sort=due&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
        for (const recall of page.items) open.set(recall.id, recall);
        cursor = page.next;
      }
      this.open = open;
      this.sorted = null;
      this.known = true;
      for (const recall of meanwhile) this.put(recall);
    } catch {
      this.again = window.setTimeout(() => this.read(), TRY_AGAIN);
    }
    if (this.meanwhile === meanwhile) this.meanwhile = null;
    this.onChange();
  }

  event({ type, data }) {
    if (type !== "recall.changed") return;
    this.meanwhile?.push(data); // the page that is being read may be older
    this.put(data);
  }

  put(data) {
    this.sorted = null;
    if (data.state === "open") this.open.set(data.id, data);
    else this.open.delete(data.id);
  }

  draw({ canDial = false } = {}) {
    this.sorted ??= [...this.open.values()].sort((one, other) => order(one.due, other.due) || order(one.id, other.id));
    const rows = this.sorted.slice(0, this.most).map((recall) => this.row(recall, canDial));
    const left = this.sorted.length - rows.length;
    show(this.rest, left > 0);
    say(this.left, `按应回拨时间先后列出 ${rows.length} 条，另有 ${left} 条未列出 `);
    say(this.more, `再列出 ${Math.min(left, AT_ONCE)} 条`);
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

function order(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
