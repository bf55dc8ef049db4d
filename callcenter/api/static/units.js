// A unit is found by name, number or id, called, and dealt with; every step of it is told with its reason.

import { LEG_STATE, endOfLeg } from "./chinese.js";
import { timeOfDay } from "./clock.js";
import { at, el, fill, say, show } from "./elements.js";
import { unitLeg } from "./possible.js";
import { ask } from "./session.js";

const NUMBER = /^[\d*#+ -]{2,}$/;

/** The three-way panel. `act(does, words)` carries a request out and tells how it went. */
export class UnitPanel {
  constructor({ act }) {
    this.act = act;
    this.units = [];
    this.call = null;
    at("unit-search").addEventListener("input", () => this.list());
    at("unit-search").addEventListener("focus", () => this.load());
    at("unit-search").addEventListener("keydown", (event) => this.key(event));
    at("unit-list").addEventListener("dblclick", () => this.callUnit(false));
    at("unit-list").addEventListener("keydown", (event) => event.key === "Enter" && this.callUnit(false));
    at("unit-list").addEventListener("change", () => this.buttons());
    at("call-unit").addEventListener("click", () => this.callUnit(false));
    at("call-unit-private").addEventListener("click", () => this.callUnit(true));
    for (const action of ["consult", "join", "drop"]) {
      at(`unit-${action}`).addEventListener("click", () => this.change(action));
    }
  }

  /** Read the units, since duty comes and goes. */
  async load() {
    try {
      this.units = (await ask("GET", "units")).items;
    } catch {
      return; // the old list is better than none; a call to a unit off duty is refused with the reason
    }
    this.list();
    this.onUnits?.(this.units);
  }

  nameOf(leg) {
    return this.units.find((unit) => unit.id === leg.party)?.name ?? leg.number ?? leg.party ?? "第三方";
  }

  list() {
    const wanted = at("unit-search").value.trim();
    const chosen = at("unit-list").value;
    const found = this.units.filter((unit) =>
      [unit.name, unit.number, unit.id].some((part) => part.toLowerCase().includes(wanted.toLowerCase())));
    found.sort((one, other) => Number(other.on_duty) - Number(one.on_duty));
    const options = found.map((unit) =>
      el("option", { value: unit.id, class: unit.on_duty ? null : "off" },
        `${unit.name}　${unit.number}　${unit.on_duty ? "值班中" : "非值班时间"}`));
    if (NUMBER.test(wanted) && !found.some((unit) => unit.number === wanted)) {
      options.push(el("option", { value: wanted }, `拨打号码 ${wanted}`));
    }
    if (options.length === 0) options.push(el("option", { value: "", disabled: true }, "没有找到承办单位，可输入号码"));
    fill(at("unit-list"), ...options);
    at("unit-list").value = chosen;
    if (at("unit-list").selectedIndex < 0 && wanted !== "") at("unit-list").selectedIndex = 0;
    this.buttons();
  }

  key(event) {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      at("unit-list").selectedIndex = Math.max(0, at("unit-list").selectedIndex);
      at("unit-list").focus();
      this.buttons();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.callUnit(false);
    }
  }

  /** Show what is so, and let only that be pressed which is possible. */
  show(call, can, steps) {
    this.call = call;
    this.can = can;
    const leg = call === null ? null : unitLeg(call);
    show(at("unit-choice"), leg === null);
    show(at("unit-now"), leg !== null);
    if (leg !== null) {
      say(at("unit-name"), this.nameOf(leg));
      const rings = leg.state === "ringing" || leg.state === "dialing";
      say(at("unit-state"), leg.answered && rings ? "正在接入" : LEG_STATE[leg.state]);
      at("unit-state").className = `pill ${leg.state}`;
      say(at("unit-drop"), leg.answered ? "请单位退出" : "取消呼叫");
    }
    for (const action of ["consult", "join", "drop"]) at(`unit-${action}`).disabled = !can[action];
    this.buttons();
    const lines = [];
    for (const each of call?.legs ?? []) {
      if (each.kind !== "unit") continue;
      for (const step of steps.get(each.id) ?? []) {
        const words = { answered: "已接听", ended: endOfLeg(each), held: "已保持" }[step.state] ?? LEG_STATE[step.state];
        const failed = step.state === "ended" && !each.joined;
        lines.push(el("li", { class: failed ? "failed" : null },
          el("time", {}, timeOfDay(step.time)), ` ${this.nameOf(each)}：${words}`));
      }
    }
    fill(at("unit-steps"), ...lines);
    if (lines.length !== this.told) {
      this.told = lines.length;
      at("unit-steps").scrollTop = at("unit-steps").scrollHeight;
    }
  }

  buttons() {
    const chosen = at("unit-list").value !== "";
    at("call-unit").disabled = !(this.can?.callUnit && chosen);
    at("call-unit-private").disabled = !(this.can?.callUnit && chosen);
  }

  callUnit(alone) {
    const unit = at("unit-list").value;
    if (!unit || !this.can?.callUnit) return;
    const path = `calls/${encodeURIComponent(this.call.id)}/three-way`;
    this.act(() => ask("POST", path, { body: { unit, private: alone } }), "呼叫承办单位");
  }

  change(action) {
    const leg = this.call === null ? null : unitLeg(this.call);
    if (leg === null) return;
    const path = `calls/${encodeURIComponent(this.call.id)}/three-way/${encodeURIComponent(leg.id)}`;
    const words = { consult: "私下商谈", join: "三方通话", drop: leg.answered ? "请单位退出" : "取消呼叫" }[action];
    this.act(() => ask("PUT", path, { body: { action } }), words);
  }
}
