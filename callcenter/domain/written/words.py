"""Which words around a numeral tell that a number is meant, and which words only look like numbers."""

import re

NUMERAL = "0-9零〇幺一二两三四五六七八九十百千万亿"
_END = r"(?=[，。！？；：、,.!?;:\s）)]|$)"

KEPT = re.compile(
    "|".join(
        (
            # Words that end in a numeral; the number behind them is another one.
            r"(?:统|唯|单|同|逐|之|不|专|合|划|归|如|万|其|再|略知)[一二三](?![百千万亿点])",
            r"(?:星期|礼拜|周)[一二三四五六日天](?![百千万亿])",
            r"双十[一二]|大?年三十|[零一二三四五六七八九]点几",
            # Days that are not of the common calendar, and feasts (GB/T 15835-2011, 4.2.1).
            rf"(?:农历|阴历|旧历)[{NUMERAL}年月初]+",
            rf"(?:正月|腊月|冬月|闰[{NUMERAL}]+月)(?:初?[{NUMERAL}]+)?",
            r"[一二三四五六七八九十]+月初[一二三四五六七八九十]+|初[一二三四五六七八九]?十?[一二三四五六七八九]?",
            r"(?:八月十五|七月十五|三月三|五月五|七月七|九月九)(?![号日十百])",
            r"十一(?=假|黄金周|国庆|长假|放假|期间)|五一(?=假|劳动节|黄金周|期间|放假)|六一儿童|一二·九|一二九(?=运动)|九一八(?=事变|纪念)",
            # Names and set phrases (4.2.3), longest first where one begins another.
            r"十[一二三四五](?=五规划|五期间|五时期|五末)|[一二三四五六七八九]?十[一二三四五六七八九]?大(?=报告|精神|以来|召开|代表)",
            r"[二三四五六七八九]?十里(?=铺|堡|店|河|桥|屯|庄|营)|二十四(?=节气|史|孝)|三十六计|七十二变|三百六十行",
            r"二十大(?![箱袋包桶盒])|五十铃|东四十条|[六九十]万大山|十二分(?=[满感诚小高真热努])",
            rf"[{NUMERAL}]+届(?=[一二三四五六七八九]中)|第[{NUMERAL}]+个五年|数以[十百千万亿]+计",
            r"四周(?![前后内以时年])|七零八落|三六九等|七老八十|正经八百|千儿八百|百儿八十|万儿八千|一百单八|三天三夜|里三层外三层|四时八节|连中三元",
            r"十年(?=寒窗|浩劫|动乱|磨|如一日|怕|九旱)|十万火急|十万八千里|[二两]万五千里长征|七十二行",
            r"一千零一夜|五十步笑百步|三十而立|四十不惑|三十年河[东西]|二百五(?!十|块|元|多|平|公|米|[百千万])",
            r"[一二两三四五六七八九]室[一二两三四五六七八九]厅(?:[一二两三四五六七八九]卫)?",
            r"九年义务|五年[规计]划|三年五载|一年四季|十年树木|七天(?=连锁|酒店|优品)|三天[两打]|两天晒|三天两头",
            r"一亩三分|一号文件|三分钟热|两点一线|三点一线|一点一[点滴]|十块八块|三块五块|零元购",
            r"一百个(?=不|放心|愿)|一万个(?=不|放心|愿)|一千个(?=不|放心|愿)|一百八十度大|三岁小孩|七七八八(?![零〇幺一二三四五六七八九])|五毛党|十月革命",
            rf"(?:经|纬)[{NUMERAL}]+路",
        )
    )
)
"""What stays as it was said, numerals and all."""

NUMBERED = re.compile(
    r"号(?!召)|单元|楼(?![盘房宇])|层(?![薄厚灰土油水皮纸膜冰雪霜关意])|栋|幢|弄|排|路(?=公交|车)|中队|支队"
)
"""Behind the number of a house, a floor, a line of buses: any number becomes Arabic, 一楼 too."""

ALSO_COUNTS = re.compile("层|栋|幢|排|弄|中队|支队")
"""Of those the ones that also count: 一排树, 一层楼; with 一 the neighbours decide, with 两 they count."""

IN_AN_ADDRESS = re.compile(r"[号栋幢楼院区苑园里弄庄城元期负下]$")
"""Before 一栋, 一层: the number of a house or floor is meant."""

MEASURED = re.compile(
    "|".join(
        (
            r"块钱|块"
            + _END
            + r"|毛钱|毛"
            + _END
            + r"|角钱|元(?![化论桥里牛村街区宵素老首坊朱巷庙复酸醇])|分钱|美元|万元|欧元",
            r"个(?:半)?(?:多)?(?:小时|月|工作日|星期|礼拜|钟头|季度)|小时|分钟|秒|工作日|天(?![天地下空气])|周年",
            r"年(?![级轻青纪货夜糕])|周(?![围边末岁长折到])|日(?=内|前|后|起|止|之|上午|下午|中午|晚|早|凌晨|至|到)|岁|世纪|年代",
            r"平方公里|平方米|平方|平米|立方米|立方|公里|千米|厘米|毫米|公分|公顷|米(?![线粉饭面花])|亩|吨|公斤|千克|克(?![服隆扣])|斤",
            r"毫升|升(?![级起学])|千瓦|瓦(?![片房])|度电|摄氏度|分贝|兆|伏特|安培|赫兹|英寸",
        )
    )
)
"""Behind money, time, age and measures: any number becomes Arabic but for 一, see ONE_MEASURED."""

ONE_MEASURED = re.compile(
    "个(?:半)?(?:多)?(?:小时|月|工作日|星期|礼拜|钟头|季度)|小时|分钟|块钱|元(?![化论桥里牛村街区宵素老首坊朱巷庙复酸醇])|万元|美元|岁"
    "|平方公里|平方米|平米|立方米|公里|千米|厘米|毫米|米(?![线粉饭面花])|公顷|吨|公斤|千克|斤|毫升|度电|周年"
)
"""一 is a number here; 一天, 一年, 一块, 一分钱 are as often words."""

VAGUE_TWO = re.compile("[这那过前没头近后上下]$")
"""Before 两天, 两年, 两个月: some, not two."""

COUNTED = re.compile(
    "[个名位人户家辆台部条件次起张只处间口棵盏根块片袋箱桶瓶份项批场趟遍级届站组队座室门度倍页等环支套万米封期道股"
    "笔宗堆班床桌餐头匹架艘句段篇册节课时秒元角分天周月年日岁斤]|左右|以上|以下|以内|多[个名位人户家辆台次]"
)
"""Behind 11 to 19, which alone may be 十一 the feast or part of a name."""

HOUR_SAID = re.compile(
    "(?:凌晨|清晨|早上|早晨|上午|中午|下午|午后|傍晚|晚上|晚间|夜里|夜间|半夜|深夜|夜晚|今晚|昨晚|明晚|每晚|当晚|今早|昨早|明早)的?$"
)
"""Before 一点: the hour, not a little."""

NO_HOUR_BEFORE = re.compile("[这那有几提讲说谈第其前后述下出补]$")
NO_HOUR_BEHIND = re.compile(
    "式|意见|建议|问题|要求|原因|内容|诉求|理由|希望|疑问|情况|说明|共识|好处|一线|水|油|小|不|钱|儿|请求|措施|经验|需要|注意"
)
"""Around 两点, 三点: points of a speech, not hours."""
NOT_A_BIT_BEHIND = re.compile("[也都小水儿没声饭电吃事光不钱]|东西|动静|办法|效果|用处|反应|消息|问题")
"""Behind 一点, also after 早上: a little (早上一点东西都没吃)."""

ONE_BEGINS_A_WORD = "直些下样定起共般边旦再向并家切种致带生律概旁次天块人个户台辆路"
"""Behind a number that ends with 一: it is the first sign of the next word (三零二一直漏水)."""

END = re.compile(_END)
PLATE = re.compile(
    "([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z][·. ]?)"
    "((?=[A-Za-z0-9]*[零〇幺一二三四五六七八九])[A-Za-z0-9零〇幺一二三四五六七八九]{5,6})"
    "(?![A-Za-z0-9零〇幺一二三四五六七八九十百千万亿])"
)
"""The plate of a car: the sign of its province and letter, then five or six more."""
