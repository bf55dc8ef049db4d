// What is shown, in the words of those who work with it.

export const SIDE = { caller: "市民", seat: "话务员", unit: "承办单位" };

export const SEAT_STATE = {
  offline: "离席", ready: "就绪", ringing: "振铃", talking: "通话", wrap_up: "整理", break: "小休",
};

export const BREAK_REASON = { missed: "连续未接，系统置为小休", refused: "连续拒接，系统置为小休" };

export const CALL_STATE = { ivr: "语音导航", queued: "排队等待", ringing: "坐席振铃", talking: "通话中", ended: "已结束" };

/** Where a caller is; after his talk he may be asked for a grade. */
export function callState(call) {
  return call.state === "talking" && call.grade_asked ? "正在评价" : CALL_STATE[call.state];
}

export const OUTCOME = {
  answered: "已接听", abandoned_ivr: "导航中挂机", abandoned_queue: "排队中挂机", abandoned_ringing: "振铃中挂机",
  completed_in_ivr: "语音导航办结", callback_booked: "已约回拨", flowed_out: "已转出", lost: "异常中断",
};

export const LEG_STATE = {
  dialing: "正在呼叫", ringing: "对方振铃", private: "私下商谈", joined: "三方通话", held: "保持", ended: "已结束",
};

export const LEG_END = {
  busy: "占线，未接通", no_answer: "无人接听", refused: "对方拒接", failed: "无法接通", cancelled: "已取消呼叫",
};

export const NOTES_STATE = {
  live: "实时听写中", later: "部分内容稍后按录音补写", complete: "听写完整", failed: "部分内容无法听写",
};

export const RECORDING_STATE = { recording: "录音中", kept: "录音已保存", missing: "没有录音", failed: "录音失败" };

export const TICKET_STATE = { drafted: "草稿", filed: "已提交" };

export const TICKET_KIND = {
  consultation: "咨询", help: "求助", complaint: "投诉", report: "举报", suggestion: "建议", opinion: "意见", other: "其他",
};

export const URGENCY = { normal: "一般", urgent: "紧急" };

export const FIELD = {
  kind: "诉求类型", category: "事项类别", urgency: "紧急程度", caller_name: "诉求人", caller_phone: "联系电话",
  address: "事发地址", matter: "诉求内容", wanted: "期望结果", confidential: "要求保密", unit: "承办单位", notes: "通话记录",
};

export const COMPONENT = {
  asterisk: "电话交换", database: "数据库", speech: "语音识别", recordings: "录音存储", events: "消息推送",
};

export const HEALTH = { ok: "正常", degraded: "降级", down: "故障", off: "未启用" };

export const PHONE = { registered: "话机在线", missing: "话机未注册" };

export const ALARM = {
  disk_low: "录音磁盘空间不足", recording_failed: "有通话未能录音", notes_failed: "通话文字记录未能补记",
  ticket_not_drafted: "工单草稿等待生成", flow_failed: "语音导航流程中断",
};

/** How a unit's leg came to its end. */
export function endOfLeg(leg) {
  if (leg.joined) return "已退出通话";
  return LEG_END[leg.outcome] ?? "已结束";
}

/** A caller's number, or that it was withheld. */
export function callerName(number) {
  return number ?? "号码未显示";
}
