// The plain desk of one seat: who calls, what is said, who else is brought in, and the ticket that comes of it.

import { BREAK_REASON, CALL_STATE, NOTES_STATE, OUTCOME, PHONE, RECORDING_STATE, SEAT_STATE, callState, callerName } from "./chinese.js";
import { countSeconds, counter, dayAndTime, duration, timeOfDay } from "./clock.js";
import { Earlier, Recent } from "./history.js";
import { at, el, fill, say, show } from "./elements.js";
import { Picture } from "./picture.js";
import { Player } from "./playing.js";
import { isAtSeat, possible, possibleStates, situation, unitLeg } from "./possible.js";
import { Recalls } from "./recalls.js";
import { told } from "./refusals.js";
import { ask, begin, leave } from "./session.js";
import { Stream } from "./stream.js";
import { TicketForm } from "./ticket.js";
import { UnitPanel } from "./units.js";
import { Words } from "./words.js";

const SEAT_KEY = "callcenter.seat";
const SURE_FOR = 4000; // milliseconds within which a hang-up is to be confirmed
const SAID_FOR = 6000;

const SITUATION = {
  none: "", two: "", hold: "通话保持中，市民在听音乐", consult: "正与承办单位私下商谈，市民在听音乐、听不到谈话",
  three: "三方通话中：市民、话务员、承办单位", away: "您已离开，市民与承办单位正在通话", coming: "正在振铃您的话机，接起即返回通话",
};

class Desk {
  constructor() {
    this.extension = sessionStorage.getItem(SEAT_KEY);
    this.shownId = null;
    this.followed = null; // the call that was last brought to the front by itself
    this.sure = null;
    this.picture = new Picture((call) => this.isOurs(call));
    this.stream = new Stream({
      onSnapshot: (data) => this.snapshot(data),
      onEvent: (event) => this.event(event),
      onLive: (live) => this.live(live),
    });
    this.player = new Player({
      onChange: (id) => this.words.played(id),
      onProblem: (problem) => this.says(`录音不能播放：${told(problem)}`, true),
    });
    this.words = new Words(at("words"), { play: (said) => this.player.play(this.shownId, said) });
    this.units = new UnitPanel({ act: (does, words) => this.act(does, words) });
    this.units.onUnits = (units) => this.ticket.setUnits(units);
    this.ticket = new TicketForm({ onChange: () => this.draw() });
    this.earlier = new Earlier();
    this.recalls = new Recalls(at("recalls"), { dial: (recall) => this.callBack(recall), onChange: () => this.drawSoon() });
    this.recent = new Recent({ pick: (call) => this.pick(call) });
    this.listen();
  }

  get seat() {
    return this.picture.seats.get(this.extension) ?? null;
  }

  get call() {
    return this.picture.calls.get(this.shownId) ?? null;
  }

  isOurs(call) {
    return this.extension !== null && (call.id === this.shownId || call.seat === this.extension);
  }

  // ---- what is pressed

  listen() {
    for (const button of document.querySelectorAll("[data-state]")) {
      button.addEventListener("click", () => this.setState(button.dataset.state));
    }
    const post = (action) => () => ask("POST", `calls/${encodeURIComponent(this.shownId)}/${action}`);
    const put = (what, body) => () => ask("PUT", `calls/${encodeURIComponent(this.shownId)}/${what}`, { body });
    at("hold").addEventListener("click", () => this.act(post("hold"), "保持"));
    at("resume").addEventListener("click", () => this.act(post("resume"), "恢复"));
    at("leave").addEventListener("click", () => this.act(put("seat", { action: "leave" }), "离开"));
    at("return").addEventListener("click", () => this.act(put("seat", { action: "return" }), "返回"));
    at("secret").addEventListener("click", () => this.act(put("secret", { on: !this.call.secret }), "保密"));
    at("hang-up").addEventListener("click", () => this.hangUp(post("hangup")));
    at("other-seat").addEventListener("click", () => this.sit(null));
    at("sign-out").addEventListener("click", () => this.leave());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || at("sign-in").open || at("work").hidden) return;
    const press = (...ids) => {
      event.preventDefault();
      ids.map(at).find((button) => !button.disabled && !button.hidden)?.click();
    };
    if (event.key === "F2") press("hold", "resume");
    else if (event.key === "F4") press("secret");
    else if (event.key === "F8") press("ticket-save");
    else if (event.key === "F6") {
      event.preventDefault();
      at("unit-search").focus();
    }
  }

  callBack({ id }) {
    const path = `recalls/${encodeURIComponent(id)}/dial`;
    return this.act(() => ask("POST", path, { body: { seat: this.extension } }), "回拨");
  }

  setState(state) {
    const path = `seats/${encodeURIComponent(this.extension)}/state`;
    return this.act(async () => {
      const seat = await ask("PUT", path, { body: { state } });
      this.picture.seats.set(seat.extension, seat);
    }, SEAT_STATE[state]);
  }

  /** The first press asks, the second one does it: a slip must not cut a citizen off. */
  hangUp(does) {
    const button = at("hang-up");
    const calm = () => {
      window.clearTimeout(this.sure);
      this.sure = null;
      say(button, "挂断");
    };
    if (this.sure !== null) {
      calm();
      this.act(does, "挂断");
      return;
    }
    say(button, "确认挂断？");
    this.sure = window.setTimeout(calm, SURE_FOR);
  }

  /** Carry a request out; its effect is told by events. */
  async act(does, words) {
    try {
      await does();
    } catch (problem) {
      this.says(`${words}未成功：${told(problem)}`, true);
    }
    this.draw();
  }

  says(words, wrong = false) {
    const toast = at("says");
    say(toast, words);
    toast.classList.toggle("wrong", wrong);
    show(toast, true);
    window.clearTimeout(this.saying);
    this.saying = window.setTimeout(() => show(toast, false), SAID_FOR);
  }

  // ---- sign-in and seat

  async signedIn() {
    this.stream.start();
    this.units.load();
    await this.history();
  }

  signedOut() {
    this.stream.stop();
    this.picture = new Picture((call) => this.isOurs(call));
    this.earlier.forget();
    this.recalls.forget();
    this.player.forget();
    this.shownId = this.followed = null;
    this.ticket.open(null);
    this.draw();
  }

  /** Take a seat; null lets another one be chosen. */
  async sit(extension) {
    if (extension === null && this.ticket.isUnsaved()) {
      this.says("有工单未保存，请先保存再换坐席", true);
      return;
    }
    this.extension = extension;
    if (extension === null) sessionStorage.removeItem(SEAT_KEY);
    else sessionStorage.setItem(SEAT_KEY, extension);
    this.shownId = this.followed = null;
    this.recent.forget();
    this.draw();
    await this.history();
  }

  /** Read what this seat talked about before: the picture of events begins only now. */
  async history() {
    if (this.extension === null) return;
    try {
      const calls = await this.recent.read(this.extension);
      for (const call of calls) if (!this.picture.calls.has(call.id)) this.picture.take(call);
      const last = calls.find((call) => call.state === "ended" && call.t4 !== null);
      if (this.shownId === null && this.seat?.state === "wrap_up" && last !== undefined) this.shownId = last.id;
    } catch (problem) {
      this.says(`近期通话未能读取：${told(problem)}`, true);
    }
    this.draw();
  }

  pick(call) {
    this.shownId = call.id;
    if (!this.picture.calls.has(call.id)) this.picture.take(call);
    this.draw();
  }

  /** Go, and take all that was shown along: the next one at this computer sees nothing of it. */
  leave() {
    if (this.ticket.isUnsaved()) {
      this.says("有工单未保存，请先保存再退出", true);
      return;
    }
    sessionStorage.removeItem(SEAT_KEY);
    leave();
  }

  // ---- what is told

  snapshot(data) {
    this.picture.snapshot(data);
    this.draw();
    this.recalls.read();
    this.caughtUp();
  }

  /** After a gap: whatever was missed of what is on the screen is read again. */
  async caughtUp() {
    await this.history();
    try {
      const shown = this.call;
      if (shown !== null && !this.picture.live().includes(shown)) {
        this.picture.take(await ask("GET", `calls/${encodeURIComponent(shown.id)}`));
      }
      if (this.ticket.id !== null) await this.ticket.fetch(this.ticket.id);
    } catch (problem) {
      this.says(told(problem), true);
    }
    this.draw();
  }

  event(event) {
    if (event.type === "ticket.changed") {
      this.earlier.changed(event.data);
      const ours = event.data.call_ids.some((id) => this.picture.calls.has(id) && this.isOurs(this.picture.calls.get(id)));
      if (ours || this.ticket.tickets.has(event.data.id)) this.ticket.take(event.data);
      for (const id of event.data.call_ids) this.picture.change(id, () => ({ ticket_id: event.data.id }));
    }
    this.picture.event(event);
    this.recalls.event(event);
    this.drawSoon();
  }

  live(live) {
    this.lostAt = live ? null : (this.lostAt ?? new Date().toISOString());
    this.draw();
  }

  // ---- what is shown

  drawSoon() {
    this.drawing ??= window.requestAnimationFrame(() => this.draw());
  }

  draw() {
    window.cancelAnimationFrame(this.drawing);
    this.drawing = null;
    this.follow();
    this.drawLive();
    this.drawSeat();
    const seated = this.extension !== null && this.seat !== null;
    show(at("work"), seated);
    show(at("choose"), !seated && this.picture.seats.size > 0);
    show(at("other-seat"), seated);
    if (!seated) this.drawChoice();
    else this.drawWork();
    this.recalls.draw({ canDial: this.seat?.state === "ready" });
  }

  /** Bring a call that begins to ring or talk at this seat to the front. */
  follow() {
    const live = this.picture.live().filter((call) => isAtSeat(call, this.extension));
    const at_seat = live.find((call) => call.id === this.seat?.call_id) ?? live[0] ?? null;
    if (at_seat !== null && at_seat.id !== this.followed) this.shownId = at_seat.id;
    this.followed = at_seat?.id ?? null;
  }

  drawLive() {
    say(at("live"), this.stream.live ? "实时" : "未连接");
    at("live").className = `pill ${this.stream.live ? "ok" : "down"}`;
    show(at("not-live"), Boolean(this.lostAt) && this.picture.seats.size > 0);
    say(at("not-live"), this.lostAt ? `与热线系统的连接中断（${timeOfDay(this.lostAt)} 起），以下内容不是实时的，正在重新连接…话机通话不受影响。` : "");
  }

  drawSeat() {
    const { seat } = this;
    show(at("me"), seat !== null);
    if (seat === null) return;
    say(at("seat-name"), `${seat.extension} ${seat.operator}`);
    say(at("phone"), PHONE[seat.phone]);
    at("phone").className = `pill ${seat.phone === "registered" ? "ok" : "down"}`;
    const why = seat.state === "break" && seat.reason ? `（${BREAK_REASON[seat.reason] ?? seat.reason}）` : "";
    say(at("seat-state"), `${SEAT_STATE[seat.state]}${why}`);
    at("seat-state").className = `pill seat-${seat.state}`;
    fill(at("seat-since"), counter(seat.since));
    const states = possibleStates(seat);
    for (const button of document.querySelectorAll("[data-state]")) {
      button.disabled = !this.stream.live || !states.includes(button.dataset.state);
      button.setAttribute("aria-pressed", String(seat.state === button.dataset.state));
    }
    document.title = seat.state === "ringing" ? "☎ 来电 · 话务台" : `${seat.extension} · 话务台`;
  }

  drawChoice() {
    fill(at("seats"), ...[...this.picture.seats.values()].map((seat) =>
      el("li", {}, el("button", { type: "button", onclick: () => this.sit(seat.extension) },
        el("strong", {}, seat.extension), ` ${seat.operator} `,
        el("span", { class: `pill seat-${seat.state}` }, SEAT_STATE[seat.state])))));
  }

  drawWork() {
    const { call } = this;
    this.drawCaller(call);
    this.drawControls(call);
    this.words.show(call, call === null ? [] : this.picture.wordsOf(call));
    const recording = call?.recording ? RECORDING_STATE[call.recording.state] : "";
    const notes = call?.notes ? NOTES_STATE[call.notes] : call?.t4 ? "未听写" : "";
    say(at("notes-state"), [notes, recording].filter(Boolean).join(" · "));
    this.ticket.open(call?.ticket_id ?? null);
    this.earlier.show(call?.caller ?? null, call?.ticket_id ?? null);
    const ours = [...this.picture.calls.values()].filter((each) => each.seat === this.extension && each.t3 !== null);
    this.recent.show(ours, this.shownId, this.ticket);
  }

  drawCaller(call) {
    show(at("nobody"), call === null);
    show(at("somebody"), call !== null);
    if (call === null) return;
    show(at("ringing"), call.state === "ringing" && call.seat === this.extension);
    say(at("caller"), callerName(call.caller));
    say(at("call-state"), call.state === "ended" ? OUTCOME[call.outcome] ?? CALL_STATE.ended : callState(call));
    say(at("call-began"), dayAndTime(call.t0));
    const asked = call.t2 ?? call.t0;
    const answered = call.t4 ?? call.t5;
    fill(at("call-waited"), answered ? duration((Date.parse(answered) - Date.parse(asked)) / 1000) : counter(asked, { late: 15 }));
    const lasts = call.t4 === null ? "—" : call.t5 ? duration((Date.parse(call.t5) - Date.parse(call.t4)) / 1000) : counter(call.t4);
    fill(at("call-lasts"), lasts);
    say(at("call-digits"), call.digits.map(({ digits }) => digits).join("、") || "—");
  }

  drawControls(call) {
    const live = this.stream.live;
    const can = possible(live ? call : null, this.extension);
    const buttons = { hold: can.hold, resume: can.resume, leave: can.leave, return: can.return, secret: can.secret, "hang-up": can.hangUp };
    for (const [id, enabled] of Object.entries(buttons)) at(id).disabled = !enabled;
    at("secret").setAttribute("aria-pressed", String(Boolean(call?.secret)));
    say(at("secret"), call?.secret ? "结束保密" : "保密");
    const how = call !== null && isAtSeat(call, this.extension) ? situation(call) : "none";
    const secret = call?.secret ? "保密中：录音与听写已暂停" : "";
    const hold = how === "hold" && unitLeg(call)?.state === "joined" ? "您已保持：市民与承办单位继续通话" : SITUATION[how];
    say(at("situation"), [hold, secret].filter(Boolean).join("；"));
    at("situation").classList.toggle("secret", Boolean(secret));
    this.units.show(call, can, this.picture.steps);
  }
}

const desk = new Desk();
countSeconds();
begin("政务服务便民热线 话务台", { signedIn: () => desk.signedIn(), signedOut: () => desk.signedOut() });
