// The ticket of the call that is shown: what was typed is never lost, and nobody's change is overwritten unseen.

import { FIELD, SIDE, TICKET_KIND, URGENCY } from "./chinese.js";
import { dayAndTime, timeOfDay } from "./clock.js";
import { at, el, fill, say, show } from "./elements.js";
import { fault, told } from "./refusals.js";
import { ask } from "./session.js";

const NAMES = Object.keys(FIELD);

/** The form. `onChange()` is told when what is typed or saved has changed. */
export class TicketForm {
  constructor({ onChange }) {
    this.onChange = onChange;
    this.tickets = new Map(); // by id, as the hotline has them
    this.typed = new Map(); // ticket id → {field: what was typed and is not saved}
    this.others = new Map(); // ticket id → {field: true} where somebody else changed what was typed here
    this.savedAt = new Map();
    this.id = null;
    this.units = [];
    this.busy = false;
    at("field-kind").append(option("", "请选择"), ...Object.entries(TICKET_KIND).map(([value, name]) => option(value, name)));
    at("field-urgency").append(...Object.entries(URGENCY).map(([value, name]) => option(value, name)));
    for (const name of NAMES) field(name).addEventListener("input", () => this.type(name));
    at("ticket-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    at("ticket-file").addEventListener("click", () => this.file());
    at("heard").addEventListener("toggle", () => this.render());
    window.addEventListener("beforeunload", (event) => this.isUnsaved() && event.preventDefault());
  }

  get ticket() {
    return this.tickets.get(this.id) ?? null;
  }

  /** Whether anything that was typed is not saved: in this ticket, or in any. */
  isUnsaved(id = null) {
    const some = (typed) => typed !== undefined && Object.keys(typed).length > 0;
    return id === null ? [...this.typed.values()].some(some) : some(this.typed.get(id));
  }

  setUnits(units) {
    this.units = units;
    this.render();
  }

  /** Show this ticket, which may have to be fetched; null shows none. */
  open(id) {
    if (id === this.id) return;
    this.id = id;
    this.says("");
    this.unmark();
    at("heard").open = false;
    this.render();
    if (id !== null && !this.tickets.has(id)) this.fetch(id);
  }

  async fetch(id) {
    try {
      this.take(await ask("GET", `tickets/${encodeURIComponent(id)}`));
    } catch (problem) {
      if (id === this.id) this.says(`工单未能读取：${told(problem)}`, true);
    }
  }

  /** Take a ticket as it is now. Where somebody else changed what is being typed here, both are shown. */
  take(ticket) {
    const before = this.tickets.get(ticket.id);
    if (before !== undefined && ticket.version < before.version) return; // an older one, come late
    this.tickets.set(ticket.id, ticket);
    const typed = this.typed.get(ticket.id) ?? {};
    for (const name of Object.keys(typed)) {
      if (typed[name] === value(ticket, name)) delete typed[name];
      else if (before !== undefined && value(before, name) !== value(ticket, name) && isByPerson(name, ticket)) {
        this.others.set(ticket.id, { ...this.others.get(ticket.id), [name]: true });
      }
    }
    if (ticket.id === this.id) this.render();
    this.onChange();
  }

  type(name) {
    if (this.ticket === null) return;
    const typed = this.typed.get(this.id) ?? {};
    this.typed.set(this.id, typed);
    if (read(name) === value(this.ticket, name)) delete typed[name];
    else typed[name] = read(name);
    this.unmark([name]);
    this.says("");
    this.render();
    this.onChange();
  }

  /** Save what was typed; true where nothing is left to save. */
  async save() {
    const { ticket } = this;
    const changes = { ...this.typed.get(this.id) };
    if (ticket === null || this.busy) return false;
    if (Object.keys(changes).length === 0) return true;
    const body = Object.fromEntries(Object.entries(changes).map(([name, typed]) => [name, typed === "" ? null : typed]));
    return this.working("正在保存…", async () => {
      try {
        const saved = await ask("PATCH", path(ticket.id), { body, version: ticket.version });
        const typed = this.typed.get(ticket.id) ?? {};
        // The hotline trims and normalises; only what was typed since is still unsaved.
        for (const name of Object.keys(changes)) if (typed[name] === changes[name]) delete typed[name];
        this.others.delete(ticket.id);
        this.savedAt.set(ticket.id, new Date().toISOString());
        this.take(saved);
        this.says("已保存");
        return true;
      } catch (problem) {
        if (problem.status === 412) await this.changedMeanwhile(ticket);
        else this.refused(problem);
        return false;
      }
    });
  }

  async changedMeanwhile(ticket) {
    const current = await ask("GET", path(ticket.id));
    const changed = NAMES.filter((name) => value(ticket, name) !== value(current, name) && isByPerson(name, current));
    this.tickets.set(ticket.id, ticket); // an event may have come meanwhile: what is compared is what was edited
    this.take(current);
    const list = changed.map((name) => FIELD[name]).join("、") || "工单";
    this.says(`他人刚刚修改了：${list}。您填写的内容都已保留，核对后请再次保存。`, true);
  }

  /** File it; what is still missing is marked. */
  async file() {
    if (this.ticket === null || this.busy || !(await this.save())) return;
    const { ticket } = this;
    await this.working("正在提交…", async () => {
      try {
        this.take(await ask("POST", `${path(ticket.id)}/file`));
        this.says("已提交");
      } catch (problem) {
        this.refused(problem);
      }
    });
  }

  async working(words, does) {
    this.busy = true;
    this.says(words);
    this.unmark();
    this.render();
    try {
      return await does();
    } catch (problem) {
      this.refused(problem);
      return false;
    } finally {
      this.busy = false;
      this.render();
    }
  }

  refused(problem) {
    const wrong = (problem.errors ?? []).map(({ pointer, detail }) => [pointer.split("/")[1], detail]);
    const known = wrong.filter(([name]) => NAMES.includes(name));
    for (const [name, detail] of known) {
      say(at(`wrong-${name}`), fault(detail));
      at(`wrong-${name}`).hidden = false;
      field(name).setAttribute("aria-invalid", "true");
    }
    if (known.length > 0) {
      const names = known.map(([name]) => FIELD[name]).join("、");
      this.says(`请填写或更正：${names}`, true);
      field(NAMES.find((name) => known.some(([each]) => each === name))).focus();
    } else this.says(told(problem), true);
  }

  says(words, wrong = false) {
    say(at("ticket-says"), words);
    at("ticket-says").classList.toggle("wrong", wrong);
  }

  unmark(names = NAMES) {
    for (const name of names) {
      show(at(`wrong-${name}`), false);
      field(name).removeAttribute("aria-invalid");
    }
  }

  render() {
    const { ticket } = this;
    show(at("ticket-none"), ticket === null);
    show(at("ticket-form"), ticket !== null);
    if (ticket === null) return;
    const drafted = ticket.state === "drafted";
    const typed = this.typed.get(ticket.id) ?? {};
    const others = this.others.get(ticket.id) ?? {};
    say(at("ticket-number"), ticket.number);
    const unsaved = Object.keys(typed).length > 0;
    const saved = this.savedAt.get(ticket.id);
    const state = drafted ? (unsaved ? "草稿 · 有未保存的修改" : saved ? `草稿 · ${timeOfDay(saved)} 已保存` : "草稿") : `已提交 ${dayAndTime(ticket.filed)}`;
    say(at("ticket-state"), state);
    at("ticket-state").className = `pill ${drafted ? (unsaved ? "unsaved" : "drafted") : "filed"}`;
    this.renderUnits(typed.unit ?? ticket.unit ?? "");
    for (const name of NAMES) {
      write(name, name in typed ? typed[name] : value(ticket, name));
      field(name).disabled = !drafted;
      field(name).closest(".field").classList.toggle("typed", name in typed);
      this.renderOther(name, ticket, name in typed && others[name]);
    }
    at("ticket-save").disabled = this.busy || !drafted || !unsaved;
    at("ticket-file").disabled = this.busy || !drafted;
    show(at("notes-hint"), drafted && !ticket.notes_edited && !("notes" in typed));
    this.renderHeard(ticket, drafted);
  }

  renderUnits(chosen) {
    const known = this.units.some((unit) => unit.id === chosen);
    const options = [option("", "未指定"), ...this.units.map((unit) => option(unit.id, unit.name))];
    if (chosen && !known) options.push(option(chosen, chosen));
    fill(at("field-unit"), ...options);
  }

  renderOther(name, ticket, changed) {
    const note = at(`other-${name}`);
    show(note, Boolean(changed));
    if (!changed) return;
    const take = () => {
      delete this.typed.get(this.id)?.[name];
      delete this.others.get(this.id)?.[name];
      this.render();
      this.onChange();
    };
    const theirs = shownValue(name, value(ticket, name), this.units);
    note.replaceChildren(`他人改为：${theirs} `, el("button", { type: "button", class: "small", onclick: take }, "采用"));
  }

  renderHeard(ticket, drafted) {
    say(at("heard-count"), `听写原文（${ticket.heard.length} 条）`);
    if (!at("heard").open) return;
    fill(at("heard-list"), ...ticket.heard.map((said) =>
      el("li", { class: said.side },
        el("span", {}, `${SIDE[said.side]}：${said.text}`),
        drafted && (ticket.notes_edited || "notes" in (this.typed.get(ticket.id) ?? {}))
          ? el("button", { type: "button", class: "small", "data-heard": said.utterance_id, title: "加到通话记录末尾", onclick: () => this.quote(said) }, "引用")
          : null)));
  }

  /** Add words that were heard to the notes. */
  quote(said) {
    const notes = at("field-notes");
    notes.value = `${notes.value.trimEnd()}\n${SIDE[said.side]}：${said.text}`.trimStart();
    this.type("notes");
    notes.scrollTop = notes.scrollHeight;
  }
}

const option = (name, text) => el("option", { value: name }, text);
const field = (name) => at(`field-${name}`);
const path = (id) => `tickets/${encodeURIComponent(id)}`;

function value(ticket, name) {
  return name === "confidential" ? ticket.confidential : (ticket[name] ?? "");
}

/** Notes that nobody has written grow by themselves: that is no change of anybody's. */
function isByPerson(name, ticket) {
  return name !== "notes" || ticket.notes_edited || ticket.state === "filed";
}

function read(name) {
  return name === "confidential" ? field(name).checked : field(name).value;
}

function write(name, content) {
  if (name === "confidential") field(name).checked = content;
  else if (field(name).value !== content) {
    const { scrollTop } = field(name);
    field(name).value = content;
    field(name).scrollTop = scrollTop;
  }
}

function shownValue(name, content, units) {
  if (name === "confidential") return content ? "是" : "否";
  if (name === "kind") return TICKET_KIND[content] ?? "空";
  if (name === "urgency") return URGENCY[content];
  if (name === "unit") return units.find((unit) => unit.id === content)?.name ?? (content || "空");
  return content === "" ? "空" : content;
}
