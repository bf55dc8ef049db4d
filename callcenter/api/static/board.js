// The board: who waits and how long, what each seat does, what is wrong. It is live, or says plainly that it is not.

import { ALARM, BREAK_REASON, COMPONENT, HEALTH, NOTES_STATE, PHONE, SEAT_STATE, callState, callerName } from "./chinese.js";
import { countSeconds, counter, dayAndTime, duration, secondsSince, timeOfDay } from "./clock.js";
import { at, el, fill, say, show } from "./elements.js";
import { Picture } from "./picture.js";
import { situation, unitLeg } from "./possible.js";
import { Recalls } from "./recalls.js";
import { ask, begin, leave } from "./session.js";
import { Stream } from "./stream.js";
import { Today } from "./today.js";

const LATE = 15; // seconds: the national standard for the answer
const HEALTH_EVERY = 10000;
const HEALTH_PATIENCE = 5000;

class Board {
  constructor() {
    this.picture = new Picture();
    this.units = new Map();
    this.today = new Today({ onChange: () => this.drawSoon() });
    this.recalls = new Recalls(at("recalls"), { onChange: () => this.drawSoon() });
    this.lostAt = null;
    this.stream = new Stream({
      onSnapshot: (data) => this.snapshot(data),
      onEvent: (event) => this.event(event),
      onLive: (live) => this.live(live),
    });
    at("sign-out").addEventListener("click", () => leave());
    countSeconds(() => this.tick());
    window.setInterval(() => this.health(), HEALTH_EVERY);
  }

  signedIn() {
    this.stream.start();
    this.health();
  }

  signedOut() {
    this.stream.stop();
    this.picture = new Picture();
    this.today.forget();
    this.recalls.forget();
    this.draw();
  }

  async snapshot(data) {
    this.picture.snapshot(data);
    this.draw();
    this.today.read();
    this.recalls.read();
    try {
      const [alarms, units] = await Promise.all([ask("GET", "alarms"), ask("GET", "units")]);
      this.picture.alarms = new Map(alarms.items.map((alarm) => [alarm.name, alarm]));
      this.units = new Map(units.items.map((unit) => [unit.id, unit.name]));
    } catch {
      this.alarmsUnknown = true;
      this.draw();
      return;
    }
    this.alarmsUnknown = false;
    this.draw();
  }

  event(event) {
    this.picture.event(event);
    this.recalls.event(event);
    if (event.type === "call.ended") this.today.ended(event.data);
    this.drawSoon();
  }

  live(live) {
    this.lostAt = live ? null : (this.lostAt ?? new Date().toISOString());
    this.draw();
  }

  /** Health is open to all and no event, so it is asked for. */
  async health() {
    try {
      const answer = await fetch("/api/v1/health", { cache: "no-store", signal: AbortSignal.timeout(HEALTH_PATIENCE) });
      this.well = await answer.json();
    } catch {
      this.well = null;
    }
    this.drawHealth();
  }

  tick() {
    say(at("clock"), timeOfDay(new Date().toISOString()));
    this.today.tick();
    this.drawLongest();
  }

  // ---- what is shown

  drawSoon() {
    this.drawing ??= window.requestAnimationFrame(() => this.draw());
  }

  draw() {
    window.cancelAnimationFrame(this.drawing);
    this.drawing = null;
    this.drawLive();
    this.drawNumbers();
    this.drawWaiting();
    this.drawCalls();
    this.drawSeats();
    this.drawAlarms();
    this.recalls.draw();
  }

  drawLive() {
    const { live } = this.stream;
    say(at("live"), live ? "实时" : "未连接");
    at("live").className = `pill ${live ? "ok" : "down"}`;
    show(at("not-live"), this.lostAt !== null && this.picture.seats.size > 0);
    say(at("not-live"), this.lostAt ? `与热线系统的连接中断（${timeOfDay(this.lostAt)} 起），以下内容不是实时的，正在重新连接…` : "");
    document.body.classList.toggle("stale", !live);
  }

  /** All who wait, over all queues: [{call, queue, position, since}], those who wait longest first. */
  waiting() {
    const all = [...this.picture.queues.values()].flatMap((queue) =>
      queue.waiting.map(({ call_id: id, since, position }) => ({ id, call: this.picture.calls.get(id), queue: queue.name, position, since })));
    return all.sort((one, other) => (one.since < other.since ? -1 : 1));
  }

  drawNumbers() {
    const seats = [...this.picture.seats.values()];
    const known = seats.length > 0;
    say(at("waiting-count"), known ? String(this.waiting().length) : "—");
    say(at("talking-count"), known ? String(this.picture.live().filter((call) => call.state === "talking" && !call.grade_asked).length) : "—");
    say(at("ready-count"), known ? `${seats.filter((seat) => seat.state === "ready").length}` : "—");
    this.drawLongest();
    say(at("today-all"), this.today.shown("all"));
    say(at("today-answered"), this.today.shown("answered"));
    say(at("today-abandoned"), this.today.shown("abandoned"));
    say(at("today-says"), this.today.says());
  }

  drawLongest() {
    const [first] = this.waiting();
    const seconds = first ? secondsSince(first.since) : 0;
    say(at("waiting-longest"), first ? duration(seconds) : "—");
    at("waiting-longest").classList.toggle("late", seconds > LATE);
    at("waiting-count").classList.toggle("late", seconds > LATE);
  }

  drawWaiting() {
    const rows = this.waiting().map(({ id, call, queue, position, since }) =>
      el("tr", { "data-call": id }, el("td", {}, String(position)), el("td", {}, callerName(call?.caller ?? null)), el("td", {}, queue),
        el("td", {}, call ? `${callState(call)}${call.state === "ringing" ? ` ${call.seat}` : ""}` : ""),
        el("td", {}, counter(since, { late: LATE }))));
    fill(at("waiting"), ...(rows.length ? rows : [none(5, "没有人在排队")]));
  }

  drawCalls() {
    const waits = new Set(this.waiting().map(({ id }) => id));
    const calls = this.picture.live().filter((call) => !waits.has(call.id)).sort((one, other) => (one.t0 < other.t0 ? -1 : 1));
    const rows = calls.map((call) => {
      const unit = unitLeg(call);
      const how = { hold: "保持", consult: "私下商谈", three: "三方通话", away: "话务员已离开", coming: "话务员返回中" }[situation(call)];
      const secret = call.secret ? el("span", { class: "pill secret" }, "保密") : null;
      return el("tr", { "data-call": call.id }, el("td", {}, callerName(call.caller)), el("td", {}, how ?? callState(call), " ", secret),
        el("td", {}, call.state === "ivr" ? "" : (call.seat ?? "")),
        el("td", {}, unit ? (this.units.get(unit.party) ?? unit.number ?? "") : ""),
        el("td", {}, NOTES_STATE[call.notes] ?? "—"), el("td", {}, counter(call.t4 ?? call.t0)));
    });
    fill(at("calls"), ...(rows.length ? rows : [none(6, "没有通话")]));
  }

  drawSeats() {
    const seats = [...this.picture.seats.values()].sort((one, other) => (one.extension < other.extension ? -1 : 1));
    fill(at("seats"), ...seats.map((seat) => {
      const why = seat.state === "break" && seat.reason ? BREAK_REASON[seat.reason] ?? seat.reason : "";
      return el("tr", {}, el("td", {}, seat.extension), el("td", {}, seat.operator),
        el("td", {}, el("span", { class: `pill seat-${seat.state}` }, SEAT_STATE[seat.state]), why ? el("small", {}, ` ${why}`) : null),
        el("td", {}, counter(seat.since)),
        el("td", { class: seat.phone === "registered" ? null : "late" }, PHONE[seat.phone]));
    }));
  }

  drawAlarms() {
    const alarms = [...this.picture.alarms.values()].sort((one, other) => (one.since < other.since ? 1 : -1));
    const none_ = el("li", { class: "hint" }, this.alarmsUnknown ? "告警未能读取" : "没有告警");
    fill(at("alarms"), ...(alarms.length ? alarms.map((alarm) =>
      el("li", { class: "alarm" }, el("strong", {}, alarm.title ?? ALARM[alarm.name] ?? alarm.name), ` ${dayAndTime(alarm.since)} 起`,
        el("small", {}, alarm.detail), alarm.advice ? el("p", { class: "advice" }, alarm.advice) : null)) : [none_]));
  }

  drawHealth() {
    const status = this.well?.status;
    say(at("health"), status ? `运行状况：${HEALTH[status]}` : "运行状况：无法读取");
    at("health").className = `pill ${status ?? "down"}`;
    const parts = Object.entries(this.well?.components ?? {});
    fill(at("components"), ...parts.map(([name, part]) =>
      el("li", {}, el("span", { class: `pill ${part.status}` }, HEALTH[part.status] ?? part.status), ` ${COMPONENT[name] ?? name}`,
        part.status === "ok" ? null : el("small", {}, part.detail))));
  }
}

function none(columns, words) {
  return el("tr", {}, el("td", { colspan: columns, class: "hint" }, words));
}

const board = new Board();
begin("政务服务便民热线 热线看板", { signedIn: () => board.signedIn(), signedOut: () => board.signedOut() });
