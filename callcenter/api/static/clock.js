// The hotline's time, and how times and durations are written.

import { el, say } from "./elements.js";

let ahead = 0; // milliseconds by which the hotline's clock is ahead of this computer's

/** Learn the hotline's time from an answer's Date, which is exact to a second. */
export function learnTime(date) {
  const told = Date.parse(date ?? "");
  if (Number.isNaN(told)) return;
  const difference = told + 500 - Date.now();
  ahead = Math.abs(difference) < 2000 ? 0 : difference;
}

/** Milliseconds since 1970 by the hotline's clock. */
export function now() {
  return Date.now() + ahead;
}

/** Seconds since a moment, never less than 0. */
export function secondsSince(moment) {
  return Math.max(0, (now() - Date.parse(moment)) / 1000);
}

/** 75 is "1:15", 3675 is "1:01:15". */
export function duration(seconds) {
  const whole = Math.floor(Math.max(0, seconds));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

const TIME = new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat("zh-CN", {
  month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

/** 10:02:03 on this computer's wall. */
export function timeOfDay(moment) {
  return moment ? TIME.format(new Date(moment)) : "";
}

/** 11/24 10:02 */
export function dayAndTime(moment) {
  return moment ? DAY.format(new Date(moment)) : "";
}

/** The beginning of today by this computer's clock, as a Date. */
export function startOfDay() {
  const day = new Date(now());
  day.setHours(0, 0, 0, 0);
  return day;
}

/** An element that counts the seconds since a moment by itself; past `late` seconds it is marked. */
export function counter(since, { late = null, ...attributes } = {}) {
  const element = el("span", { ...attributes, "data-since": since, "data-late": late });
  element.classList.add("counter");
  showSeconds(element);
  return element;
}

function showSeconds(element) {
  const { since, late } = element.dataset;
  const seconds = since ? secondsSince(since) : null;
  say(element, seconds === null ? "" : duration(seconds));
  if (late) element.classList.toggle("late", seconds !== null && seconds > Number(late));
}

/** Let every counter of the page show its seconds, each second; `also` is called with them. */
export function countSeconds(also = () => {}) {
  window.setInterval(() => {
    for (const element of document.querySelectorAll("[data-since]")) showSeconds(element);
    also();
  }, 1000);
}
