"""The names of the figures, in both languages, and what each divides by what. Dated: a change is a new definition."""

from dataclasses import dataclass

from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.records import Constants
from callcenter.domain.views import Json

DEFINED = "2026-12"
"""When these definitions came into force."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is."""

    number: str
    name: str
    """As programs ask for it."""
    chinese: str
    english: str
    """Numerator / denominator."""

    @property
    def is_share(self) -> bool:
        """Between 0 and 1, and shown in per cent; a mean is not."""
        return " / " in self.english and not self.english.startswith(("seconds", "sum"))


_ALL = (
    ("1a", "offered", "呼入量", "calls that arrived"),
    ("1b", "asked_for_person", "人工请求量", "calls that asked for a person"),
    ("2", "answered", "接听量", "calls that a person answered"),
    ("3a", "lost_rate", "呼损率", "gave up or were lost after asking for a person / asked for a person"),
    (
        "3b",
        "abandon_rate_net",
        "净放弃率",
        "gave up after 5 s or more / asked, without who gave up sooner",
    ),
    ("3c", "abandon_rate_ivr", "语音导航放弃率", "hung up in the voice menu / arrived"),
    ("3d_queue", "abandoned_in_queue", "排队中放弃量", "gave up while no seat rang"),
    ("3d_ringing", "abandoned_ringing", "振铃中放弃量", "gave up while a seat rang"),
    ("3d_lost", "lost_waiting", "系统丢失量", "asked for a person and were lost by the hotline"),
    ("3d_short", "abandoned_short", "短时放弃量", "gave up within 5 s of asking"),
    ("3e", "abandon_rate_callers", "来电人放弃率", "gave up / asked for a person"),
    ("3f", "not_connected_rate", "未接通率", "had no person / asked for a person"),
    ("4a", "connect_rate", "人工接通率", "answered / asked for a person"),
    ("4b", "connect_rate_all", "全部来电接通率", "answered / arrived"),
    ("4c", "voice_rate", "语音应答率", "heard a voice / arrived"),
    (
        "4d",
        "connect_rate_24h_min",
        "任意24小时最低接通率",
        "least answered / asked for a person in any 24 hours",
    ),
    ("5_15", "service_level_15", "15秒接通率", "answered within 15 s of asking / asked for a person"),
    ("5_20", "service_level_20", "20秒接通率", "answered within 20 s of asking / asked for a person"),
    ("5n_15", "service_level_net_15", "15秒净接通率", "answered within 15 s / asked, without who gave up within 5 s"),
    ("5n_20", "service_level_net_20", "20秒净接通率", "answered within 20 s / asked, without who gave up within 5 s"),
    (
        "5z_15",
        "service_level_from_invite_15",
        "来电15秒接通率",
        "answered within 15 s of the INVITE / asked",
    ),
    (
        "5z_20",
        "service_level_from_invite_20",
        "来电20秒接通率",
        "answered within 20 s of the INVITE / asked",
    ),
    ("6", "speed_of_answer", "平均应答速度", "seconds from asking to a person / answered"),
    ("6_median", "speed_of_answer_median", "应答速度中位数", "the middle one of these waits"),
    ("6_p90", "speed_of_answer_p90", "应答速度九成值", "nine of ten waited no longer; nearest rank"),
    ("6_abandoned", "wait_of_abandoned", "放弃前平均等待", "seconds that those waited who gave up / gave up"),
    ("7a", "longest_wait_now", "当前最长等待", "seconds of whoever has waited longest at this moment"),
    ("7b", "waiting_now", "当前等待人数", "callers who wait at this moment"),
    ("7c", "longest_wait", "最长等待", "seconds of the longest wait of the period"),
    (
        "8a",
        "three_rings",
        "三声内应答率",
        "heard a voice before the fourth ring / arrived, without who hung up sooner unheard; who was lost counts",
    ),
    (
        "8b",
        "three_rings_seats",
        "坐席三声应答率",
        "answered before the fourth ring / offers, declined ones too, not ended sooner by caller or another seat",
    ),
    ("9a", "occupancy", "座席占用率", "talk, hold and wrap-up / time on duty without breaks, as in 9b"),
    (
        "9b",
        "utilisation",
        "工时利用率",
        "talk, hold and wrap-up (120 s at most, then a break) / time on duty, without absences of the phone over 30 s",
    ),
    ("10", "handling_time", "平均处理时长", "seconds of talk, hold and wrap-up / answered"),
    ("10_talk", "talk_time", "平均通话时长", "seconds of talk / answered"),
    ("10_hold", "hold_time", "平均保持时长", "seconds on hold, private consults included / answered"),
    ("10_wrap", "wrap_up_time", "平均整理时长", "seconds of wrap-up, 120 at most for each talk / answered"),
    ("11a", "transfer_rate", "转接率", "calls with a try to bring a unit in / answered"),
    ("11b_connected", "units_connected", "承办单位接通次数", "tries that brought the unit in"),
    ("11b_unit_no_answer", "units_no_answer", "承办单位无人接听次数", "tries that the unit did not answer"),
    ("11b_unit_busy", "units_busy", "承办单位占线次数", "tries that met a busy line"),
    ("11b_unit_refused", "units_refused", "承办单位拒接次数", "tries that the unit refused"),
    ("11b_cancelled_by_operator", "units_cancelled", "话务员取消次数", "tries that the operator took back"),
    ("11b_caller_left", "units_caller_left", "来电人先挂断次数", "tries in which the caller hung up first"),
    ("11b_failed_by_us", "units_failed", "系统失败次数", "tries that failed for other reasons"),
    ("11c", "three_way_success", "三方通话成功率", "tries with all together for 5 s or more / tries"),
    ("11d", "time_to_unit", "平均接入时长", "seconds from asking to the unit in the talk / tries that came so far"),
    (
        "12_due",
        "recall_due",
        "应回拨量",
        "waited 5 s or more in vain or were lost, without who came back or is not called",
    ),
    ("12_lost", "recall_due_lost", "系统丢失应回拨量", "of these, calls that the hotline lost"),
    ("12a", "recalled", "呼损回拨率", "with an attempt to call back / to be called back"),
    ("12b", "recalled_in_time", "及时回拨率", "with the first attempt within 30 min of hanging up / to be called back"),
    ("12c", "recall_reached", "回拨接通率", "joined with a seat / to be called back"),
    ("12d", "recall_delay", "平均回拨时延", "seconds from hanging up to the first attempt / with an attempt"),
    ("12e", "recall_undiallable", "无法回拨量", "gave no number that can be dialled"),
    ("12f", "recall_self_return", "自行再次来电量", "called again and were answered before they were called back"),
    (
        "13a",
        "first_call_resolution",
        "首次解决率",
        "filed without a unit, and not asked again within 7 days / answered, without repeats; what is younger may fall",
    ),
    (
        "13b",
        "repeat_rate",
        "重复来电率",
        "answered, of a number answered in the same category within 7 days before / answered",
    ),
    (
        "13c",
        "direct_answer_rate",
        "直接答复率",
        "ticket filed without a unit / answered; not known while none is filed",
    ),
    ("13d", "distinct_callers", "来电人数", "different numbers that were answered"),
    ("14a", "survey_response", "满意度参评率", "valid grades / asked for one after the talk"),
    ("14b", "satisfied_basic", "基本满意率", "grades 5, 4, 3 / valid grades"),
    ("14c", "satisfied", "满意率", "grades 5, 4 / valid grades"),
    ("14d", "grade_mean", "满意度平均分", "sum of grades / valid grades"),
    (
        "15a",
        "signed_in_time",
        "按时签收率",
        "signed for by its limit / limit to sign in the period; no limit is set yet",
    ),
    ("15b", "finished_in_time", "按时办结率", "finished by its due time / due in the period"),
    ("15c", "finished_by_original_due", "按原时限办结率", "finished by its first due time / first due in the period"),
    ("15d", "overdue_now", "当前逾期量", "open past their due time, at the end of the period or now"),
    ("15d_oldest", "overdue_oldest", "最长逾期", "seconds past due of the oldest of them"),
    ("15e", "follow_up_rate", "回访率", "called after the end / to be called; nobody is called yet"),
    ("15f", "return_rate", "退单率", "sent back by a unit / given to a unit; no unit sends back yet"),
)
DEFINITIONS = {number: Definition(number, name, chinese, english) for number, name, chinese, english in _ALL}
"""By number, in the order in which they are shown. A figure of what the journal does not hold yet has no value."""


def value_view(definition: Definition, figure: Figure) -> Json:
    """Give what a figure comes to as others see it; a time is in seconds."""
    numerator, denominator = figure.parts
    return {
        "number": definition.number,
        "name": definition.name,
        "value": figure.value,
        "numerator": numerator,
        "denominator": denominator,
        "recovered": figure.recovered,
    }


def figure_view(definition: Definition, figure: Figure, constants: Constants) -> Json:
    """Give a figure as others see it, and what it is."""
    return value_view(definition, figure) | {
        "chinese": definition.chinese,
        "english": definition.english,
        "definition": f"kpis.md {definition.number} ({DEFINED}): {definition.english}; {_said(constants)}",
    }


def _said(constants: Constants) -> str:
    return (
        f"short {constants.short.total_seconds():g} s, fourth ring {constants.three_rings.total_seconds():g} s, "
        f"together {constants.bridged_at_least.total_seconds():g} s, "
        f"recall {constants.recall_within.total_seconds() / 60:g} min, "
        f"repeat {constants.repeat_within.days} days, {constants.zone}"
    )
