// The live picture: the snapshot, and every event folded into it.

/** Calls, seats, queues and alarms as the hotline has them; an ended call is kept where `keeps(call)`. */
export class Picture {
  constructor(keeps = () => false) {
    this.keeps = keeps;
    this.calls = new Map();
    this.seats = new Map();
    this.queues = new Map();
    this.alarms = new Map();
    this.partials = new Map(); // call id → utterance id → words that may still change
    this.steps = new Map(); // leg id → [{time, state}] as they were seen
  }

  snapshot({ calls, seats, queues, alarms = [] }) {
    for (const [id, call] of this.calls) if (call.state !== "ended") this.calls.delete(id);
    this.partials.clear();
    this.seats = new Map(seats.map((seat) => [seat.extension, seat]));
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));
    this.alarms = new Map(alarms.map((alarm) => [alarm.name, alarm]));
    for (const call of calls) this.take(call);
  }

  /** Put in a whole call as it is now. */
  take(call) {
    for (const leg of call.legs) this.see(leg, null);
    if (call.state === "ended") {
      this.partials.delete(call.id);
      if (!this.keeps(call)) {
        for (const leg of call.legs) this.steps.delete(leg.id);
        return this.calls.delete(call.id);
      }
    }
    return this.calls.set(call.id, call);
  }

  live() {
    return [...this.calls.values()].filter((call) => call.state !== "ended");
  }

  /** Fold one event in. */
  event({ type, time, data }) {
    if (type === "leg.changed") return this.leg(data, time);
    if (type.startsWith("utterance.")) return this.words(data);
    if (type === "seat.changed") return this.seats.set(data.extension, data);
    if (type === "queue.changed") return this.queues.set(data.name, data);
    if (type === "alarm.raised") return this.alarms.set(data.name, data);
    if (type === "alarm.cleared") return this.alarms.delete(data.name);
    if (type === "notes.changed") return this.change(data.call_id, () => ({ notes: data.state }));
    if (type === "recording.changed") {
      const { state, started, seconds } = data;
      return this.change(data.call_id, (call) => ({
        recording: { secrets: [], ...call.recording, state, started, seconds },
      }));
    }
    if (Array.isArray(data.legs)) {
      const call = wholeCall(data);
      return this.take(SEAT_THAT_WAS.has(type) ? { ...call, seat: null } : call);
    }
    return undefined; // of something else, or of a kind that came later than this page
  }

  change(callId, changed) {
    const call = this.calls.get(callId);
    if (call !== undefined) this.calls.set(callId, { ...call, ...changed(call) });
  }

  leg({ call_id: callId, ...leg }, time) {
    this.see(leg, time);
    this.change(callId, ({ legs }) => ({
      legs: legs.some((old) => old.id === leg.id) ? legs.map((old) => (old.id === leg.id ? leg : old)) : [...legs, leg],
    }));
  }

  words({ call_id: callId, ...said }) {
    if (!this.calls.has(callId)) return;
    const partials = this.partials.get(callId) ?? new Map();
    this.partials.set(callId, partials);
    if (said.final || said.text === "") partials.delete(said.id);
    else partials.set(said.id, said);
    if (said.final) {
      this.change(callId, ({ utterances }) => ({
        utterances: [...utterances.filter((old) => old.id !== said.id), said].sort(byStart),
      }));
    }
  }

  /** Final and partial words of a call in the order of their starts. */
  wordsOf(call) {
    return [...call.utterances, ...(this.partials.get(call.id)?.values() ?? [])].sort(byStart);
  }

  /** Remember when a unit's leg came into a state; what was before us is known from the leg's own times. */
  see(leg, time) {
    if (leg.kind !== "unit") return;
    const seen = this.steps.get(leg.id) ?? [];
    if (!this.steps.has(leg.id)) {
      this.steps.set(leg.id, seen);
      seen.push({ time: leg.started, state: "dialing" });
      if (leg.answered && time === null) seen.push({ time: leg.answered, state: "answered" });
    }
    const last = seen.at(-1).state;
    if (leg.answered && ["dialing", "ringing"].includes(last)) seen.push({ time: leg.answered, state: "answered" });
    if (seen.at(-1).state === leg.state) return;
    if (leg.state === "ended") seen.push({ time: leg.ended, state: "ended" });
    else if (leg.state !== "dialing" && (leg.state !== "ringing" || !leg.answered)) {
      seen.push({ time: time ?? (leg.state === "ringing" ? leg.started : leg.joined), state: leg.state });
    }
  }
}

/** These name the seat that was; the call has none any more. */
const SEAT_THAT_WAS = new Set(["call.missed", "call.refused", "call.failed", "call.requeued"]);

const byStart = (one, other) => one.start - other.start || one.end - other.end;

/** A call event's data without what is special to the event; also drops what a later hotline may add. */
function wholeCall(data) {
  const fields = [
    "id", "caller", "state", "outcome", "queue", "seat", "held", "legs", "utterances", "notes", "secret",
    "t0", "t1", "t2", "t3", "t4", "t5", "ticket_id", "recording", "digits",
    "grade_asked", "grade", "recovered",
  ];
  return Object.fromEntries(fields.map((name) => [name, data[name] ?? null]));
}
