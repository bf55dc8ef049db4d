// What was before: earlier tickets of the number that calls, and the last calls of this seat.

import { CALL_STATE, OUTCOME, TICKET_KIND, TICKET_STATE, callState, callerName } from "./chinese.js";
import { dayAndTime } from "./clock.js";
import { at, el, fill, say } from "./elements.js";
import { told } from "./refusals.js";
import { ask } from "./session.js";

const SHOWN_TICKETS = 10;
const SHOWN_CALLS = 8;

/** Earlier tickets of the caller's number. */
export class Earlier {
  constructor() {
    this.number = null;
    this.tickets = [];
    this.more = false;
    this.says = "";
  }

  forget() {
    this.number = null;
    this.tickets = [];
    this.more = false;
    this.says = "";
  }

  /** Show those of a number, without the one that is being written. */
  show(number, current) {
    this.current = current;
    if (number !== this.number) {
      this.forget();
      this.number = number;
      if (number !== null) this.read(number);
    }
    this.draw();
  }

  async read(number) {
    this.says = "正在查询…";
    try {
      const { items, next } = await ask("GET", `tickets?caller=${encodeURIComponent(number)}&limit=${SHOWN_TICKETS + 1}`);
      if (number !== this.number) return;
      this.tickets = items;
      this.more = next !== null;
      this.says = "";
    } catch (problem) {
      if (number === this.number) this.says = `未能查询：${told(problem)}`;
    }
    this.draw();
  }

  /** A ticket has changed; it may be one of these. */
  changed(ticket) {
    this.tickets = this.tickets.map((old) => (old.id === ticket.id ? ticket : old));
  }

  draw() {
    const shown = this.tickets.filter((ticket) => ticket.id !== this.current).slice(0, SHOWN_TICKETS);
    say(at("earlier-count"), shown.length ? `${shown.length}${this.more ? "+" : ""} 件` : "");
    if (shown.length === 0) {
      const none = this.number === null ? "" : "没有以往工单";
      fill(at("earlier"), el("p", { class: "hint" }, this.says || none));
      return;
    }
    const open = new Set([...at("earlier").querySelectorAll("details[open]")].map((each) => each.dataset.ticket));
    fill(at("earlier"), ...shown.map((ticket) =>
      el("details", { "data-ticket": ticket.id, open: open.has(ticket.id) },
        el("summary", {},
          `${dayAndTime(ticket.created)} ${TICKET_KIND[ticket.kind] ?? "未分类"} `,
          el("span", { class: `pill ${ticket.state}` }, TICKET_STATE[ticket.state]),
          el("span", { class: "matter" }, ticket.category ?? "")),
        el("p", {}, `编号 ${ticket.number}`),
        el("p", {}, ticket.matter ?? "（诉求内容未填写）"))));
  }
}

/** The last calls of the seat, each to be looked at again. `pick(call)` is asked when one is chosen. */
export class Recent {
  constructor({ pick }) {
    this.pick = pick;
    this.before = [];
  }

  forget() {
    this.before = [];
  }

  /** Read them; gives the calls. Throws Problem. */
  async read(extension) {
    const { items } = await ask("GET", `calls?seat=${encodeURIComponent(extension)}&limit=${SHOWN_CALLS}`);
    this.before = items;
    return items;
  }

  show(calls, shownId, tickets) {
    const all = new Map([...this.before, ...calls].map((call) => [call.id, call]));
    const newest = [...all.values()].sort((one, other) => (one.t0 < other.t0 ? 1 : -1)).slice(0, SHOWN_CALLS);
    if (newest.length === 0) {
      fill(at("recent"), el("li", { class: "hint" }, "还没有通话"));
      return;
    }
    fill(at("recent"), ...newest.map((call) => {
      const state = call.state === "ended" ? (OUTCOME[call.outcome] ?? CALL_STATE.ended) : callState(call);
      const ticket = tickets.tickets.get(call.ticket_id);
      const mark = tickets.isUnsaved(call.ticket_id ?? "") ? "未保存" : ticket ? TICKET_STATE[ticket.state] : "";
      return el("li", {}, el("button", {
        type: "button", "data-call": call.id, "aria-current": call.id === shownId ? "true" : null,
        onclick: () => this.pick(all.get(call.id)),
      },
      el("span", {}, dayAndTime(call.t0)), el("span", {}, callerName(call.caller)), el("span", {}, state),
      el("span", { class: mark === "未保存" ? "pill unsaved" : "hint" }, mark)));
    }));
  }
}
