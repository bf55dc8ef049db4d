// Why the hotline says no, in Chinese. The API tells it in English sentences, which are matched here.

import { CALL_STATE, LEG_STATE, SEAT_STATE } from "./chinese.js";

const state = (word) => CALL_STATE[word] ?? LEG_STATE[word] ?? SEAT_STATE[word] ?? word;
const WHAT = { hold: "保持", leave: "离开", consult: "私下商谈", "calling a unit": "呼叫承办单位" };
const TICKET = { drafted: "草稿", filed: "已提交" };

/** Sentences of 409 with what they mean; the first that fits is taken. */
const KNOWN = [
  [/^the call has ended$/, () => "通话已结束"],
  [/^there is no such call on the line$/, () => "该通话已不在线上"],
  [/^the call is about to end/, () => "通话即将结束，无法呼叫承办单位"],
  [/^the talk is over/, () => "通话已结束，市民的去向稍后确定"],
  [/^the call is on hold already/, () => "通话已在保持中，可以恢复"],
  [/^the call is not on hold/, () => "通话未在保持中"],
  [/^the call is (\w+); leave and return/, (call) => `通话处于“${state(call)}”，三方通话时才能离开或返回`],
  [/^the call is (\w+); recording and notes/, (call) => `通话处于“${state(call)}”，有人通话时才能切换保密`],
  [/^the call is (\w+); ([\w ]+?) is possible while caller and seat talk/, (call, what) =>
    `通话处于“${state(call)}”，与市民通话时才能${WHAT[what] ?? "操作"}`],
  [/^recording and notes are paused already/, () => "已在保密中"],
  [/^recording and notes are not paused/, () => "未在保密中"],
  [/^caller and seat are being brought together/, () => "正在接回市民，请稍候再试"],
  [/^seat and unit consult/, () => "正与承办单位私下商谈，市民在听音乐；可以转入三方通话或请单位退出"],
  [/^the operator has left the talk/, () => "您已离开通话，请先返回"],
  [/^the operator is on the way back already/, () => "正在返回通话"],
  [/^the operator is in the talk/, () => "您就在通话中，承办单位加入后才能离开"],
  [/^the seat is being rung to come back already/, () => "正在振铃您的话机，接起即返回通话"],
  [/^the unit is about to go/, () => "承办单位正在退出，请稍候"],
  [/^the seat is in another call/, () => "您正在另一通话中，结束后才能返回"],
  [/^the seat's phone cannot be reached/, () => "话机未注册，无法返回"],
  [/^the seat is offline; return/, () => "坐席已离席，签入后才能返回"],
  [/^the caller would be alone/, () => "市民会无人应答：承办单位加入后才能离开，可先保持"],
  [/^a unit's leg of this call is (\w+)/, (leg) => `已有承办单位在本通话中（${state(leg)}），请其退出后才能再呼叫`],
  [/^this leg exists already/, () => "该呼叫已存在"],
  [/^no unit can be called/, () => "现在无法呼叫承办单位"],
  [/^the unit's leg has ended/, () => "承办单位已退出，可以重新呼叫"],
  [/^the unit is being let go/, () => "承办单位正在退出，请稍候"],
  [/^the unit's leg is (\w+); drop is possible/, (leg) => `承办单位尚未接听（${state(leg)}），可以取消呼叫`],
  [/^the unit is being connected/, () => "承办单位正在接入，请稍候"],
  [/^the caller is on his way/, () => "正在接回市民，马上三方通话"],
  [/^caller and unit talk, and the operator has left/, () => "市民与承办单位正在通话，您已离开，可以返回"],
  [/^caller and unit talk alone/, () => "市民只与承办单位通话：请先返回，或挂断整个通话"],
  [/^all three talk already/, () => "已在三方通话中"],
  [/^the unit is off duty until ([\d: -]+)/, (until) => `该单位现在非值班时间，${until.trim()} 起值班；可改呼其他单位或号码`],
  [/^the caller is being asked for a grade/, () => "市民正在评价，评价结束后自动挂断"],
  [/^the call is still being recorded/, () => "通话仍在录音，结束后才能播放"],
  [/^seat (\w+) is calling this number back already/, (seat) => `坐席 ${seat} 正在回拨该号码`],
  [/^the citizen is on the line/, () => "该市民正在线上，无需回拨"],
  [/^callers wait; they come first/, () => "有来电正在排队，请先接听"],
  [/^the seat is ready, and its phone is in use; a seat/, () => "话机正在使用，挂机后才能回拨"],
  [/^the seat is (\w+).*; a seat that is ready can call back/, (seat) => `坐席处于“${state(seat)}”，话机已注册且就绪时才能回拨`],
  [/^the last attempt was less than ([\d.]+) min ago/, (minutes) => `距上次回拨不足 ${minutes} 分钟，请稍后再拨`],
  [/^the recall is closed/, () => "该回拨任务已办结"],
  [/^the attempt has ended/, () => "本次回拨已结束"],
  [/^a seat can be set to/, () => "坐席只能设为就绪、小休、整理或离席"],
  [/^the seat is talking/, () => "正在通话，结束后才能改变状态"],
  [/^the seat is ringing/, () => "正在振铃，现在可以小休或离席"],
  [/^the seat is offline/, () => "坐席已离席，现在可以就绪或小休"],
  [/^a ticket that is (\w+) cannot be edited/, (ticket) => `工单${TICKET[ticket] ?? ""}，不能再修改`],
  [/^the ticket is (\w+) already/, (ticket) => `工单${TICKET[ticket] ?? ""}，不能重复提交`],
];

const STATUS = {
  0: "无法连接热线系统，请检查网络",
  401: "登录已失效，请重新登录",
  403: "没有权限",
  404: "没有找到",
  412: "内容已被他人修改",
  413: "内容过长",
  422: "填写有误",
  500: "系统内部错误",
  503: "服务暂不可用，请稍后再试",
};

/** A sentence of 409 in Chinese, or null where it is not known. */
export function refusal(detail) {
  for (const [pattern, chinese] of KNOWN) {
    const found = pattern.exec(detail ?? "");
    if (found !== null) return chinese(...found.slice(1));
  }
  return null;
}

/** What a person is told of a request that failed. */
export function told(problem) {
  if (problem.status === 409) {
    return refusal(problem.detail) ?? `当前状态下不可操作（系统提示：${problem.detail}）`;
  }
  const words = STATUS[problem.status] ?? "操作未成功";
  return problem.requestId && problem.status >= 500 ? `${words}（编号 ${problem.requestId}）` : words;
}

const FAULTS = [
  [/must be filled/, "提交前必须填写"],
  [/must be a telephone number/, "不是有效的电话号码"],
  [/is not the id of a unit|neither the id of a unit/, "没有这个承办单位"],
  [/hotline's own number/, "这是热线自己的号码"],
  [/may not be dialled/, "不允许从这里拨打这个号码"],
  [/one line without control/, "只能是一行文字"],
  [/control characters/, "含有不能保存的字符"],
  [/at most (\d+) char/, "内容过长"],
];

/** What is wrong with one field of a request. */
export function fault(detail) {
  for (const [pattern, chinese] of FAULTS) if (pattern.test(detail)) return chinese;
  return `填写有误（${detail}）`;
}
