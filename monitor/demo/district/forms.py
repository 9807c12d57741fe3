"""The sorts of contract that a district signs: how many, how large, by whom, with whom, and what they are called.

A form is finer than a kind of contract (合同类型): goods and services are both ZFCG, but run differently.
"""

from __future__ import annotations

from dataclasses import dataclass

PLACES = (
    "云台", "屏山", "听泉", "望屏", "石桥", "清溪", "竹林", "柏树", "茶园", "古渡", "松岭",
    "月湖", "禾丰", "桃源", "青峰", "白石",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`amount` in units of ten thousand yuan (万元), `months` of performance: from, to. `count` of them in three years."""

    kind: str
    count: int
    trades: tuple[str, ...]
    units: tuple[str, ...]
    amount: tuple[int, int]
    months: tuple[int, int]
    titles: tuple[str, ...]
    category: str | None = None
    is_gov_procurement: bool = False
    is_admin_agreement: bool = False


FORMS = {
    "works": Form(
        kind="GCJS", count=115, category="works", trades=("建筑",), amount=(120, 4800), months=(6, 20),
        units=("住房和城乡建设委员会", "交通运输委员会", "教育委员会", "城市管理局", "屏山镇人民政府",
               "城市建设发展集团有限公司"),
        titles=("{place}小学改扩建工程", "{place}片区老旧小区改造工程", "{place}路道路整治工程", "{place}雨污管网改造工程",
                "{place}社区卫生服务站建设工程", "{place}桥梁加固工程", "{place}公园提升工程"),
    ),
    "goods": Form(
        kind="ZFCG", count=95, category="goods", trades=("商贸", "医疗", "信息", "制造"), amount=(8, 320), months=(2, 4),
        units=("教育委员会", "人民医院", "机关事务管理中心", "卫生健康委员会", "大数据应用发展管理局", "文化和旅游发展委员会"),
        titles=("{place}小学课桌椅采购", "{place}院区医疗设备采购", "{place}办公区计算机采购", "{place}文化站图书设备采购",
                "{place}应急物资采购", "{place}机房服务器采购"), is_gov_procurement=True,
    ),
    "services": Form(
        kind="ZFCG", count=105, category="services", trades=("物业", "养老", "环保", "信息", "文化"), amount=(20, 680),
        months=(12, 24),
        units=("城市管理局", "民政局", "生态环境局", "机关事务管理中心", "大数据应用发展管理局", "云台街道办事处",
               "人民医院"),
        titles=("{place}片区环卫保洁服务", "{place}养老服务站运营服务", "{place}流域水质监测服务", "{place}办公区物业服务",
                "{place}政务系统运维服务", "{place}公共文化服务"), is_gov_procurement=True,
    ),
    "investment": Form(
        kind="ZSYZ", count=44, trades=("制造", "信息", "环保", "农业"), units=("招商投资促进局", "农业农村委员会"),
        amount=(100, 3000), months=(30, 60), titles=("{place}产业园项目投资协议", "{place}智能制造基地投资协议",
                                                     "{place}农产品加工项目投资协议"),
    ),
    "concession": Form(
        kind="TXJY", count=16, trades=("环保", "建筑"), units=("生态环境局", "城市管理局", "住房和城乡建设委员会"),
        amount=(2000, 60000), months=(240, 336), is_admin_agreement=True,
        titles=("{place}污水处理厂特许经营协议", "{place}停车设施特许经营协议", "{place}垃圾转运特许经营协议"),
    ),
    "land": Form(
        kind="ZYCR", count=30, trades=("地产", "制造"), units=("规划和自然资源局",), amount=(1500, 42000),
        months=(30, 48), is_admin_agreement=True, titles=("{place}组团地块国有建设用地使用权出让合同",),
    ),
    "compensation": Form(
        kind="ZSBC", count=56, trades=("居民",), units=("房屋征收服务中心",), amount=(28, 260), months=(4, 9),
        is_admin_agreement=True, titles=("{place}片区房屋征收补偿协议",),
    ),
    "lease": Form(
        kind="GYZC", count=50, trades=("商贸", "文化", "农业"), units=("国有资产经营管理中心", "机关事务管理中心"),
        amount=(6, 160), months=(24, 60), titles=("{place}农贸市场门面租赁合同", "{place}闲置校舍租赁合同",
                                                  "{place}国有房屋租赁合同"),
    ),
    "grant": Form(
        kind="ZZBT", count=34, category="services", trades=("养老", "农业", "文化"),
        units=("民政局", "农业农村委员会", "文化和旅游发展委员会"), amount=(10, 220), months=(10, 18),
        titles=("{place}助老服务补贴协议", "{place}高标准农田管护委托协议", "{place}非遗保护资助协议"),
    ),
    "framework": Form(
        kind="KJXY", count=14, trades=("信息", "制造", "文化"), units=("招商投资促进局", "大数据应用发展管理局"),
        amount=(0, 0), months=(24, 36), titles=("{place}数字经济战略合作框架协议", "{place}产业发展合作框架协议"),
    ),
    "promise": Form(
        kind="CNS", count=10, trades=("制造", "地产"), units=("招商投资促进局", "屏山镇人民政府"), amount=(0, 0),
        months=(12, 24), titles=("{place}配套道路建设承诺函", "{place}项目用工保障备忘录"),
    ),
    "other": Form(
        kind="QT", count=31, category="services", trades=("监理",), amount=(6, 90), months=(6, 14),
        units=("住房和城乡建设委员会", "规划和自然资源局", "农业农村委员会", "云台街道办事处"),
        titles=("{place}规划编制咨询合同", "{place}工程造价咨询合同", "{place}法律顾问服务合同"),
    ),
}  # fmt: skip
