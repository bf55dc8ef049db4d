// Who is signed in, and what is asked of the API in his name. The token lives in this tab alone and goes with it.

import { learnTime } from "./clock.js";
import { at, el, say } from "./elements.js";

const KEY = "callcenter.token";
const PATIENCE = 20000; // milliseconds; the hotline itself gives up after 15 s

/** A request that was not answered as wished; `status` is 0 where nobody answered at all. */
export class Problem extends Error {
  constructor(status, { detail = "", errors = [], request_id: requestId = null } = {}) {
    super(`${status} ${detail}`);
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.requestId = requestId;
  }
}

let whenIn = () => {};
let whenOut = () => {};

/** Whether a token is there; it may still turn out to be a wrong one. */
export function isSignedIn() {
  return sessionStorage.getItem(KEY) !== null;
}

/** Ask the API; gives the answer's object. Throws Problem. A refused token leads back to the sign-in. */
export async function ask(method, path, { body = null, version = null } = {}) {
  const answer = await request(sessionStorage.getItem(KEY) ?? "", method, path, { body, version });
  const text = await answer.text();
  let shape = {};
  try {
    shape = text ? JSON.parse(text) : {};
  } catch {
    shape = { detail: "" }; // something between us and the hotline answered
  }
  if (answer.ok) return shape;
  if (answer.status === 401) signOut("令牌无效或已失效，请重新登录");
  throw new Problem(answer.status, shape);
}

/** Fetch the sound of a call as a Blob. Throws Problem. */
export async function fetchRecording(callId) {
  const path = `calls/${encodeURIComponent(callId)}/recording`;
  const answer = await request(sessionStorage.getItem(KEY) ?? "", "GET", path, { patience: 120000 });
  if (answer.ok) return answer.blob();
  if (answer.status === 401) signOut("令牌无效或已失效，请重新登录");
  throw new Problem(answer.status, await answer.json().catch(() => ({})));
}

/** All of a list, page by page, but no more than `most` pages: {items, whole}. Throws Problem. */
export async function askAll(path, most = 50) {
  const items = [];
  let cursor = null;
  for (let page = 0; page < most; page += 1) {
    const more = cursor === null ? "" : `${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
    const found = await ask("GET", path + more);
    items.push(...found.items);
    cursor = found.next;
    if (cursor === null) return { items, whole: true };
  }
  return { items, whole: false };
}

async function request(token, method, path, { body = null, version = null, patience = PATIENCE } = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== null) headers["Content-Type"] = "application/json";
  if (version !== null) headers["If-Match"] = `"${version}"`;
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method, headers, body: body === null ? undefined : JSON.stringify(body),
      cache: "no-store", signal: AbortSignal.timeout(patience),
    });
    learnTime(answer.headers.get("Date"));
    return answer;
  } catch {
    throw new Problem(0);
  }
}

/** Sign in, at once where this tab has a token, else by the form. `signedIn` is called after each sign-in. */
export function begin(title, { signedIn, signedOut }) {
  whenIn = signedIn;
  whenOut = signedOut;
  document.body.append(form(title));
  if (isSignedIn()) whenIn();
  else open("");
}

/** The token was refused: forget it and show the form; what was typed stays in the page. */
function signOut(why) {
  const was = isSignedIn();
  sessionStorage.removeItem(KEY);
  if (was) whenOut();
  open(why);
}

/** Forget the token, and all that this page knows. */
export function leave() {
  sessionStorage.removeItem(KEY);
  location.reload();
}

function open(why) {
  say(at("sign-in-says"), why);
  if (!at("sign-in").open) at("sign-in").showModal();
  at("token").focus();
}

function form(title) {
  const submit = async (event) => {
    event.preventDefault();
    const token = at("token").value.trim();
    // A header takes nothing else, and a token is nothing else.
    if (!/^[\x21-\x7e]+$/.test(token)) return say(at("sign-in-says"), "请粘贴访问令牌");
    say(at("sign-in-says"), "正在登录…");
    at("sign-in-button").disabled = true;
    try {
      const answer = await request(token, "GET", "seats");
      if (answer.status === 401) return say(at("sign-in-says"), "令牌不正确");
      if (!answer.ok) return say(at("sign-in-says"), "热线系统暂不可用，请稍后再试");
      sessionStorage.setItem(KEY, token);
      at("token").value = "";
      at("sign-in").close();
      whenIn();
    } catch {
      say(at("sign-in-says"), "无法连接热线系统，请检查网络");
    } finally {
      at("sign-in-button").disabled = false;
    }
    return undefined;
  };
  return el(
    "dialog", { id: "sign-in", "aria-labelledby": "sign-in-title", oncancel: (event) => event.preventDefault() },
    el(
      "form", { onsubmit: submit, autocomplete: "off" },
      el("h1", { id: "sign-in-title" }, title),
      el("label", { for: "token" }, "访问令牌"),
      el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true }),
      el("p", { class: "hint" }, "令牌由系统管理员提供，只保存在本窗口，关闭即清除。"),
      el("p", { id: "sign-in-says", role: "alert" }),
      el("button", { id: "sign-in-button", class: "main" }, "登录"),
    ),
  );
}
