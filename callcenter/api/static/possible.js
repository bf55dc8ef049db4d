// What an operator can do at this moment, by what the hotline shows of the call. The hotline has the last word.

/** The third party's leg that is dialled, rings or talks. */
export function unitLeg(call) {
  return call.legs.find((leg) => leg.kind === "unit" && leg.state !== "ended") ?? null;
}

/** The operator's own leg. One that is still rung is not on the line. */
export function seatLeg(call) {
  return call.legs.find((leg) => leg.kind === "seat" && ["joined", "held", "private"].includes(leg.state)) ?? null;
}

/** How caller, operator and unit stand to each other: none, two, hold, consult, three, away or coming. */
export function situation(call) {
  if (call === null || call.state !== "talking" || call.grade_asked) return "none";
  const seat = seatLeg(call);
  const unit = unitLeg(call);
  if (seat === null) {
    const rung = call.legs.some((leg) => leg.kind === "seat" && ["dialing", "ringing"].includes(leg.state));
    return rung ? "coming" : "away";
  }
  if (seat.state === "private") return "consult";
  if (call.held) return "hold";
  if (seat.state === "held") return "away";
  return unit !== null && unit.state === "joined" ? "three" : "two";
}

/** Whether a call rings or talks at this seat, or was left by it and goes on; not one whose caller is asked for a grade. */
export function isAtSeat(call, extension) {
  return call !== null && call.seat === extension && ["ringing", "talking"].includes(call.state) && !call.grade_asked;
}

/** Which buttons do something for this call, at a seat. */
export function possible(call, extension) {
  const mine = isAtSeat(call, extension);
  const how = mine ? situation(call) : "none";
  const unit = mine ? unitLeg(call) : null;
  const together = ["two", "three", "hold"].includes(how);
  return {
    hold: how === "two" || how === "three",
    resume: how === "hold",
    hangUp: mine && call.state === "talking",
    secret: mine && call.state === "talking",
    callUnit: together && unit === null,
    consult: together && unit !== null && unit.state === "joined",
    join: how === "consult" && unit !== null && unit.state === "private",
    drop: unit !== null && !(unit.state === "joined" && seatLeg(call) === null),
    leave: together && unit !== null && unit.state === "joined",
    return: how === "away" && unit !== null && unit.state === "joined",
  };
}

/** Which states a seat can be set to now. */
export function possibleStates(seat) {
  if (seat === null || seat.state === "talking") return [];
  const all = { offline: ["ready", "break"], ringing: ["break", "offline"] };
  const found = all[seat.state] ?? ["ready", "break", "wrap_up", "offline"];
  return found.filter((state) => state !== seat.state);
}
