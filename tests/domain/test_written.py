"""What was said, and how it is written. The tables read: said, written."""

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenter.domain.written import written
from callcenter.domain.written.numerals import Number, number, said, shown

TELEPHONES = """
我的电话号码是幺三九幺零八六五二七四。      我的电话号码是13910865274。
一三四七三八二幺三六八                      13473821368
一三零零二五九八四八二                      13002598482
您的电话是幺三八零零零零幺二三四，对吗？    您的电话是13800001234，对吗？
零二零八八八八六六六六                      02088886666
零七幺二二二八五                            07122285
六九二幺八六八八                            69218688
这里是一二三四五政务服务便民热线            这里是12345政务服务便民热线
打了幺幺零                                  打了110
幺幺零一直打不通                            110一直打不通
已经打幺幺九和幺二零                        已经打119和120
一二三一五也打过                            12315也打过
四零零电话                                  400电话
工单编号是二零二六零五幺八零零零零三七      工单编号是20260518000037
139幺零八六五二七四                         13910865274
幺三九，幺零八六，五二七四                  139，1086，5274
"""

HOUSES = """
三栋二单元六零二室                          3栋2单元602室
建国路八十八号院三号楼二单元五零一室        建国路88号院3号楼2单元501室
幸福小区三期十二号楼一单元一零一            幸福小区三期12号楼1单元101
门牌号是一百二十八号                        门牌号是128号
我家住三零幺房                              我家住301房
一零二到一零五室                            102到105室
三和四号楼                                  3和4号楼
一、二、三号楼                              1、2、3号楼
三杠二零一                                  3杠201
幺三号楼零二室                              13号楼02室
一楼有人                                    1楼有人
地下二层                                    地下2层
负一楼                                      负1楼
三号楼一层                                  3号楼1层
一栋二单元                                  1栋2单元
三零二一直漏水                              302一直漏水
六号线                                      6号线
十二路公交                                  12路公交
一零三路                                    103路
五路车                                      5路车
车牌是京A幺二三四五                         车牌是京A12345
鲁B八八六六八                               鲁B88668
粤BD幺二三四五                              粤BD12345
网址一九二点一六八点一点一                  网址192.168.1.1
"""

DATES = """
二零二六年十一月二十四号                    2026年11月24号
二零二六年十一月二十四日                    2026年11月24日
二〇二六年                                  2026年
两千零八年八月八号晚上八点                  2008年8月8号晚上8点
二六年                                      26年
九八年五月                                  98年5月
二三年五月                                  23年5月
今年三月份                                  今年3月份
每月五号                                    每月5号
去年十二月                                  去年12月
三月三号                                    3月3号
五月一号                                    5月1号
二零二零年到二零二五年                      2020年到2025年
二十世纪八十年代                            20世纪80年代
九零后                                      90后
下午三点半                                  下午3点半
三点十五分                                  3点15分
十点零五分                                  10点05分
八点零五                                    8点05
早上七点二十                                早上7点20
一点半                                      1点半
一点到三点                                  1点到3点
凌晨一点                                    凌晨1点
凌晨零点                                    凌晨0点
六点到九点停电                              6点到9点停电
下午三点十分                                下午3点10分
十五时三十分                                15时30分
八时许                                      8时许
每天晚上十一点以后还在施工                  每天晚上11点以后还在施工
星期三十点                                  星期三10点
周五五点半                                  周五5点半
"""

AMOUNTS = """
三千五百块                                  3500块
房租两千三一个月                            房租2300一个月
欠了两万三                                  欠了2.3万
一万五千块                                  15000块
两百多块                                    200多块
被收取两块钱停车费                          被收取2块钱停车费
三块五                                      3块5
三块五毛                                    3块5毛
物业费一块八一平米                          物业费1块8一平米
一百二十三块四毛五                          123块4毛5
五元停车费                                  5元停车费
补贴一千二百五十元                          补贴1250元
一百万                                      100万
三千五百万                                  3500万
一亿两千万                                  1.2亿
一点二万                                    1.2万
四百四十余万维修金                          440余万维修金
一百二十平米                                120平米
三点五公里                                  3.5公里
八百米                                      800米
一米八                                      1米8
两吨                                        2吨
零下五度                                    零下5度
二十六度                                    26度
五度电                                      5度电
十八岁                                      18岁
停水两天                                    停水2天
三到五天                                    3到5天
五个工作日之内给您答复                      5个工作日之内给您答复
三至五个工作日                              3至5个工作日
三个半小时                                  3个半小时
大约十分钟左右                              大约10分钟左右
二十四小时                                  24小时
百分之三十                                  30%
百分之三点五                                3.5%
百分之百                                    100%
千分之三                                    3‰
十二次                                      12次
二十多户                                    20多户
八到十二个                                  8到12个
四十五个人                                  45个人
"""

KEPT = """
等一下 一些 一个样 万一 一定 十分感谢 三心二意 两边 一直 统一 唯一 一起 一般 一样 第一 一共 一旦
星期一 周二 礼拜天 每周一三五限行 二四六 一二三 三四五楼
三个人 反映过两次 十个人 一个垃圾箱 三次 第三次 第十二条 第一百二十三条
三分之一 万分之五 百分之二三十 百分之几
三四百块 七八十个 十五六岁 两三天 一两天 几十个 十几个 二十几个 十多个 数十万 三五年 二三年 半夜一两点 三到五个人
农历八月十五 正月十五 腊月二十三 八月十五 三月三 初三 五一假期 十一假期 双十一 九一八事变
有一点问题 差一点 早一点 一点儿 一点也没有 早上一点东西都没吃 这三点十分重要 我说三点意见 零点几
一天 一年 一周 一时冲动 这两天 过两天 近两年 二三得六 三度
一层灰 一排树 一块地 两层 两栋楼 三室两厅 三年级 九年义务教育
三元桥 三里屯 五道口 十里河 经十路 经十一路 八达岭 九江 一亩三分地 十字路口 二百五 三十六计 一千零一夜 二十四节气
四周都是水 三伏天 危机四伏 七零八落 三六九等 十年寒窗 十万火急 七老八十 大年三十 数以十万计 五十铃 东四十条
二十大 二十好几 十一届三中全会 二亿三千多万 四时八节 二元酸 三点式 三天三夜
乱七八糟 七七八八 一五一十 不管三七二十一 九牛一毛 半斤八两 五五开 三天两头 一年四季 百货 千方百计 万岁 千瓦
12345一直打不通 88一 3万五 2百 2026年 13910865274 3.5% 88号 50元 上午9:30
物业公司把西门给锁死了 大家出小区很不方便 他在一小区车库临时停车超过半小时
"""


def _rows(table: str) -> list[tuple[str, str]]:
    return [(row.split()[0], row.split()[1]) for row in table.strip().splitlines()]


@pytest.mark.parametrize(("heard", "expected"), _rows(TELEPHONES))
def test_telephone_and_ticket_numbers_are_written_in_digits(heard: str, expected: str) -> None:
    assert written(heard) == expected


@pytest.mark.parametrize(("heard", "expected"), _rows(HOUSES))
def test_houses_rooms_lines_and_plates_are_written_as_on_their_signs(heard: str, expected: str) -> None:
    assert written(heard) == expected


@pytest.mark.parametrize(("heard", "expected"), _rows(DATES))
def test_dates_and_hours_are_written_in_digits_with_the_words_as_said(heard: str, expected: str) -> None:
    assert written(heard) == expected


@pytest.mark.parametrize(("heard", "expected"), _rows(AMOUNTS))
def test_amounts_are_written_in_digits(heard: str, expected: str) -> None:
    assert written(heard) == expected


@pytest.mark.parametrize("heard", KEPT.split())
def test_what_is_a_word_or_only_about_so_many_stays(heard: str) -> None:
    assert written(heard) == heard


ALL = [row for table in (TELEPHONES, HOUSES, DATES, AMOUNTS) for row in _rows(table)]


@pytest.mark.parametrize(("heard", "expected"), ALL)
def test_what_is_written_stays_as_it_is(heard: str, expected: str) -> None:
    assert heard != expected
    assert written(expected) == expected


def test_several_numbers_in_one_sentence_are_each_written() -> None:
    heard = (
        "我住三栋二单元六零二室，二零二六年十一月二十四号下午三点半停水，"
        "到现在两天了，水费三十五块六，电话幺三九幺零八六五二七四。"
    )

    assert written(heard) == (
        "我住3栋2单元602室，2026年11月24号下午3点半停水，到现在2天了，水费35块6，电话13910865274。"
    )


# What people say, made by a speaker of its own.
_ONE_BY_ONE = "零幺二三四五六七八九"


def _spoken(value: int) -> str:
    """Say 1 to 99999999 by places, with 两 before 百, 千 and 万."""
    if value >= 10_000:
        rest = value % 10_000
        gap = "零" if 0 < rest < 1000 else ""
        return (
            _spoken(value // 10_000).replace("二", "两" if value // 10_000 == 2 else "二")
            + "万"
            + gap
            + (_inside(rest) if rest else "")
        )
    words = _inside(value)
    return words[1:] if words.startswith("一十") else words


def _inside(value: int) -> str:
    for size, name in ((1000, "千"), (100, "百"), (10, "十")):
        if value >= size:
            digit, rest = divmod(value, size)
            word = "两" if digit == 2 and size > 10 else "零一二三四五六七八九"[digit]
            gap = "零" if 0 < rest < size // 10 else ""
            return word + name + gap + (_inside(rest) if rest else "")
    return "零一二三四五六七八九"[value]


@given(st.from_regex(r"\A(1[3-9][0-9]{9}|0[1-9][0-9]{9,10}|[2-8][0-9]{7}|20[0-9]{12})\Z"))
def test_any_telephone_or_ticket_number_comes_back_as_it_was_spoken(plain: str) -> None:
    heard = "号码是" + "".join(_ONE_BY_ONE[int(digit)] for digit in plain) + "，对吗？"

    assert written(heard) == f"号码是{plain}，对吗？"


@given(st.integers(11, 99_999_999))
@example(10_500)
@example(20_000_000)
@example(11)
def test_any_amount_comes_back_with_the_value_that_was_spoken(value: int) -> None:
    text = written(f"一共{_spoken(value)}元。")

    found = re.fullmatch(r"一共([0-9.]+)(万?)元。", text)
    assert found, text
    assert round(float(found[1]) * (10_000 if found[2] else 1)) == value


@given(st.integers(1, 999), st.integers(1, 20), st.integers(101, 2999).filter(lambda room: room % 100))
def test_any_house_comes_back_as_it_was_spoken(building: int, unit: int, room: int) -> None:
    said_room = "".join(_ONE_BY_ONE[int(digit)] for digit in str(room))

    assert (
        written(f"我住{_spoken(building)}栋{_spoken(unit)}单元{said_room}室") == f"我住{building}栋{unit}单元{room}室"
    )


@given(st.dates(min_value=date(1000, 1, 1)), st.integers(2, 24), st.integers(11, 59))
def test_any_day_and_minute_comes_back_as_it_was_spoken(day: date, hour: int, minute: int) -> None:
    year = "".join("零一二三四五六七八九"[int(digit)] for digit in str(day.year))
    heard = f"{year}年{_spoken(day.month)}月{_spoken(day.day)}号{_spoken(hour)}点{_spoken(minute)}分"

    assert written(heard) == f"{day.year}年{day.month}月{day.day}号{hour}点{minute}分"


@given(st.integers(0, 10**12 - 1))
def test_a_number_is_read_as_it_is_said(value: int) -> None:
    assert number(said(value)) == Number(value)


@pytest.mark.parametrize(
    "signs", ["", "百", "三四百", "三七二十一", "一百两", "二一十", "千五", "零五", "八十百", "一万万万"]
)
def test_what_nobody_says_for_one_number_is_none(signs: str) -> None:
    assert number(signs) is None


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ("三千五", "3500"),
        ("一百二", "120"),
        ("两万三", "2.3万"),
        ("一亿二", "1.2亿"),
        ("一万两百", "10200"),
        ("一百十五", "115"),
    ],
)
def test_a_unit_left_out_is_put_back(signs: str, expected: str) -> None:
    read = number(signs)

    assert read is not None
    assert shown(read) == expected


_WORDS = st.sampled_from(
    [
        *"零〇幺一二两三四五六七八九十百千万亿",
        *"点分之年月日号楼层栋室块元毛个天周时半钟到至、和杠第初几多百分之星期京A0123456789.%，。 的是在路米度",
        *["统一", "万一", "一直", "星期三", "农历", "个月", "工作日", "百分之", "早上", "单元"],
    ]
)
_TALK = st.lists(_WORDS, max_size=24).map("".join)
_NUMBER_SIGNS = re.compile("[零〇幺一二两三四五六七八九十百千万亿0-9.%‰点分之]")


@given(_TALK | st.text(max_size=40))
def test_doing_it_twice_changes_nothing(text: str) -> None:
    once = written(text)

    assert written(once) == once


@given(_TALK | st.text(max_size=40))
def test_nothing_outside_the_numbers_is_lost_added_or_moved(text: str) -> None:
    assert _NUMBER_SIGNS.sub("", written(text)) == _NUMBER_SIGNS.sub("", text)


@given(_TALK | st.text(max_size=40))
def test_digits_that_stood_there_stay_in_their_order(text: str) -> None:
    before, after = (iter(re.findall("[0-9]", each)) for each in (text, written(text)))

    assert all(digit in after for digit in before)


@given(st.text(max_size=60).filter(lambda text: not re.search("[零〇幺一二两三四五六七八九十百千万亿]", text)))
def test_a_text_without_spoken_numerals_is_not_touched(text: str) -> None:
    assert written(text) == text


def test_a_long_talk_is_written_in_no_time() -> None:
    long = "一二三四五六七八九十百千万点分之到" * 400

    assert written(written(long)) == written(long)
