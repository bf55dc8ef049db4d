// What was said in a call, as it comes: partial words grey until the final ones take their place.

import { SIDE } from "./chinese.js";
import { duration, timeOfDay } from "./clock.js";
import { el, say } from "./elements.js";

const NEAR = 40; // pixels from the end at which the list goes on following the talk

/** The list of words in one element. `play(utterance)` is asked when somebody clicks words of a kept recording. */
export class Words {
  constructor(list, { play }) {
    this.list = list;
    this.play = play;
    this.rows = new Map();
    this.callId = null;
  }

  /** Show a call's words, or none. */
  show(call, words) {
    if (this.callId !== (call?.id ?? null)) {
      this.callId = call?.id ?? null;
      this.rows.clear();
      this.list.replaceChildren();
    }
    if (call === null) return;
    const follows = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
    const began = call.recording?.started ?? call.t1 ?? call.t0;
    const playable = call.recording?.state === "kept";
    const rows = [
      ...words.map((said) => [said.start, this.said(said, began, playable)]),
      ...(call.recording?.secrets ?? []).map((secret) => this.secret(secret, began)),
    ];
    rows.sort(([one], [other]) => one - other);
    this.put(rows.map(([, row]) => row));
    if (follows) this.list.scrollTop = this.list.scrollHeight;
  }

  /** Mark the words that are played. */
  played(id) {
    for (const [key, row] of this.rows) row.classList.toggle("played", key === id);
  }

  said(said, began, playable) {
    const row = this.row(said.id, () => {
      const button = el("button", { type: "button", class: "said", onclick: () => this.play(row.said) });
      const made = el("li", { class: said.side }, el("span", { class: "side" }, SIDE[said.side]), button, el("time", {}));
      return made;
    });
    row.said = said;
    const button = row.querySelector("button");
    say(button, said.text);
    button.disabled = !(playable && said.final);
    button.title = [
      playable && said.final ? "点击播放这段录音" : "",
      said.heard ? `原话：${said.heard}` : "",
      said.confidence !== null && said.final ? `可信度 ${Math.round(said.confidence * 100)}%` : "",
    ].filter(Boolean).join("；");
    row.classList.toggle("partial", !said.final);
    row.classList.toggle("rewritten", Boolean(said.heard));
    row.classList.toggle("later", !said.live);
    const time = row.querySelector("time");
    say(time, `${duration(said.start)}${said.live ? "" : " · 录音补写"}`);
    time.title = timeOfDay(new Date(Date.parse(began) + said.start * 1000).toISOString());
    return row;
  }

  secret(secret, began) {
    const row = this.row(`secret ${secret.began}`, () =>
      el("li", { class: "secret" }, "〔保密时段，未录音、未记录〕", el("time", {})));
    say(row.querySelector("time"), `${timeOfDay(secret.began)}–${secret.ended ? timeOfDay(secret.ended) : "进行中"}`);
    return [(Date.parse(secret.began) - Date.parse(began)) / 1000, row];
  }

  row(key, make) {
    if (!this.rows.has(key)) this.rows.set(key, make());
    return this.rows.get(key);
  }

  /** Bring the list to these rows, touching only what is new, gone or moved, so that focus and selection stay. */
  put(rows) {
    const wanted = new Set(rows);
    for (const [key, row] of this.rows) {
      if (wanted.has(row)) continue;
      row.remove();
      this.rows.delete(key);
    }
    rows.forEach((row, place) => {
      const there = this.list.children[place];
      if (there !== row) this.list.insertBefore(row, there ?? null);
    });
  }
}
