"""Full text in scripts without spaces: our pairs of characters against FTS5's trigrams, on invented headlines.

    python -m bench.search [--items N] [--queries N]

What a plain substring search finds is the truth: recall is how much of it a search finds, precision how much of what it
finds is in it, each summed over all queries of a length. Queries are pieces of the texts as people type them: no piece
begins or ends within a Latin word or between a letter and its marks. (In Latin text the store looks for words, so what a
substring search finds within other words counts as missed.)
"""

import argparse
import random
import re
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from aggregator.store.search import Fts5, SearchRow, parse_query

LENGTHS = (1, 2, 3, 4)  # characters as people count them: with their marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Sentences with {slots}, and the words for each slot, divided by slashes."""

    stop: str  # between two sentences
    sentences: tuple[str, ...]
    words: dict[str, str]
    syllables: str  # two to four of them make a name that nobody has heard


SCRIPTS = {
    "Chinese": Script(
        stop="。",
        sentences=(
            "{who}在{where}宣布{what}",
            "{where}{what}引发{who}关注",
            "{who}：{what}将持续到{when}",
            "{when}，{where}发生{what}",
            "{who}与{who}就{what}举行会谈",
            "{where}港口因{what}关闭，{who}要求赔偿",
        ),
        words={
            "who": "总统/渔民/工会/市长/外交部长/港务局/反对党/中央银行/法院/调查人员/消防队",
            "where": "北湾/青石镇/海门市/南岛/东港/金沙县/云岭/白河/新城区/长滩/石桥",
            "what": "罢工/渔业配额/停电/选举/洪水/关税/停火协议/火灾/桥梁坍塌/气候会议",
            "when": "周五/下月初/今年年底/星期一/春季/五月十四日/明天上午/2026年",
        },
        syllables="赵/钱/孙/李/周/吴/郑/王/冯/陈/褚/卫/蒋/沈/韩/杨/朱/秦/许/何/吕/施/张/孔/曹/严/华/金/魏/陶/姜/戚/谢/邹/喻/柏/水/窦/章/云/苏/潘/葛/奚/范/彭/郎/鲁/韦/昌/马/苗/凤/花/方",
    ),
    "Japanese": Script(
        stop="。",
        sentences=(
            "{who}が{where}で{what}を発表",
            "{where}の{what}、{who}が懸念を表明",
            "{what}は{when}まで続く見通し、{who}",
            "{when}、{where}で{what}があり、けが人はいなかった",
            "{who}は{who}と{what}について協議した",
            "{what}めぐり{where}の住民が抗議",
        ),
        words={
            "who": "大統領/漁業者/労働組合/市長/外務大臣/港湾局/野党/中央銀行/佐々木知事/エネルギー会社",
            "where": "北の湾/青石町/海門市/南島/サンドベイ/雲嶺/ニュー・ポート/長浜/石橋駅",
            "what": "ストライキ/漁獲枠/大規模停電/選挙戦/洪水/関税引き上げ/停戦合意/橋の崩落/賃上げ交渉",
            "when": "金曜日/来月はじめ/今年末/月曜の朝/春/五月十四日/あすの午前/2026年",
        },
        syllables="山/川/田/中/村/木/林/森/井/上/下/野/原/本/藤/佐/伊/渡/辺/斎/高/橋/小/松/大/石/岡/島/崎/西/東/北/南/谷/沢/浜/宮/内/永/平/和/幸/明/子/美/恵/ア/イ/ウ/カ/キ/ク/サ/タ/ナ/ハ/マ/ラ/リ/ル/レ/ロ/ン",
    ),
    "Thai": Script(
        stop=" ",
        sentences=(
            "{who}ประกาศ{what}ใน{where}",
            "{what}ที่{where}ทำให้{who}กังวล",
            "{who}เผย{what}จะดำเนินไปถึง{when}",
            "{when}เกิด{what}ที่{where}",
            "{who}หารือกับ{who}เรื่อง{what}",
            "ชาวบ้าน{where}ประท้วง{what}",
        ),
        words={
            "who": "ประธานาธิบดี/ชาวประมง/สหภาพแรงงาน/นายกเทศมนตรี/การท่าเรือ/ฝ่ายค้าน/ธนาคารกลาง/ศาล",
            "where": "อ่าวเหนือ/เมืองหินเขียว/ประตูทะเล/เกาะใต้/ทรายทอง/ดอยเมฆ/แม่น้ำขาว/สะพานหิน",
            "what": "การนัดหยุดงาน/โควตาประมง/ไฟฟ้าดับ/การเลือกตั้ง/น้ำท่วม/ภาษีนำเข้า/เพลิงไหม้/สะพานถล่ม",
            "when": "วันศุกร์/ต้นเดือนหน้า/สิ้นปีนี้/วันจันทร์/ฤดูใบไม้ผลิ/พรุ่งนี้เช้า/ปี 2026",
        },
        syllables="กา/สม/ชัย/พร/วิ/ลักษ์/ณี/ธน/รัตน์/อรุณ/ปรี/ชา/มาลี/ดวง/ใจ/นภา/เพ็ญ/ศรี",
    ),
    "Korean": Script(
        stop=". ",
        sentences=(
            "{who}, {where}에서 {what} 발표",
            "{where} {what}에 {who} 우려",
            "{who} “{what}은 {when}까지 계속”",
            "{when} {where}서 {what} 발생",
            "{who}과 {who}이 {what} 논의",
            "{where} 주민들 {what} 항의",
        ),
        words={
            "who": "대통령/어민들/노동조합/시장/외교장관/항만청/야당/중앙은행/법원/수사당국",
            "where": "북만/청석읍/해문시/남섬/동항/금사군/운령/백하/신도시/석교역",
            "what": "파업/어획량/정전/선거/홍수/관세/휴전합의/화재/교량붕괴/기후회의/임금협상",
            "when": "금요일/다음달초/연말/월요일/봄/5월14일/내일오전/2026년",
        },
        syllables="김/이/박/최/정/강/조/윤/장/임/한/오/서/신/권/황/안/송/류/홍/민/준/서/연/지/우/하/은/도/현/수/아/영/진/호/성/미/경/재/희/동",
    ),
    "mixed": Script(
        stop="。",
        sentences=(
            "{who}が新型{what}を{where}で発売",
            "{where}の{who}、{what}に{sum}投資",
            "{who}の{what}をめぐりEUが調査",
            "{what}とAIの未来、{who}が講演",
            "{who}、{when}に{what}を値下げへ",
            "NATOと{who}が{what}で合意",
        ),
        words={
            "who": "A社/Norda社/テックOne/NHB/東京TV/K-Bank/ソニックX社/Blue工業/X大学/Z研究所",
            "where": "東京/大阪/海門市/Bay地区/北島/新Port/南区",
            "what": "iPad風端末/EVバス/5G基地局/AIロボット/Webサービス/電気自動車/SNSアプリ/DNA検査",
            "sum": "100億円/3.5億ドル/20億ユーロ/5000万円",
            "when": "2026年5月/来週/年末/14日/春",
        },
        syllables="山/川/田/中/村/木/xo/rn/ba/ky/lu/me/ti/va/qu/zed",
    ),
    "English": Script(
        stop=". ",
        sentences=(
            "{who} announces {what} in {where}",
            "{what} in {where} worries {who}",
            "{who}: {what} to last until {when}",
            "On {when} a new {what} began in {where}",
            "{who} and {who} met over the {what}",
            "Residents of {where} protest against {what}",
        ),
        words={
            "who": "President /Fishermen of /Mayor /Port authority at /Court in /Union leader ",
            "where": "North /Green/Port /New /Cape /Upper ",
            "what": "strike/quota plan/power cut/election/flood/tariffs/truce/fire/talks",
            "when": "Friday/next month/Monday/spring/14 May/tomorrow morning/2026",
        },
        syllables="xo/rn/ba/ky/lu/me/ti/va/qu/zed/dor/lin/mar/ost/el",
    ),
}


@dataclass(frozen=True, slots=True)
class Index:
    """One way to index, with rows in it."""

    name: str
    seconds: float
    bytes: int
    search: Callable[[str], set[int]]


def rows(script: Script, count: int, chance: random.Random) -> list[SearchRow]:
    """Invented headlines and teasers of three sentences."""

    syllables = script.syllables.split("/")

    def word(slot: re.Match[str]) -> str:
        said = chance.choice(script.words[slot[1]].split("/"))
        if slot[1] in ("who", "where") and chance.random() < 0.6:
            said += "".join(chance.choices(syllables, k=chance.randint(2, 4)))
        return said

    def sentence() -> str:
        return re.sub(r"\{(\w+)\}", word, chance.choice(script.sentences))

    return [
        (number, sentence(), script.stop.join(sentence() for _ in range(3)), f"Outlet {number % 40}")
        for number in range(1, count + 1)
    ]


def sequences(text: str) -> list[str]:
    """Characters as people count them."""
    found: list[str] = []
    for character in text:
        joins = unicodedata.category(unicodedata.normalize("NFKD", character)[0])[0] == "M"
        if joins and found:
            found[-1] += character
        else:
            found.append(character)
    return found


def queries(of: Sequence[SearchRow], length: int, count: int, chance: random.Random) -> Iterator[str]:
    """Different pieces of titles and teasers, of letters and digits alone."""
    seen: set[str] = set()
    for _ in range(50 * count):
        row = chance.choice(of)
        characters = sequences(row[1] + " " + row[2])
        start = chance.randrange(len(characters))
        piece = characters[start : start + length]
        around = "".join(
            (*characters[max(0, start - 1) : start], "|", *characters[start + length : start + length + 1])
        )
        text = "".join(piece)
        in_word = re.match("[0-9A-Za-z]", text) and re.match(r"[0-9A-Za-z]\|", around)
        in_word = in_word or (re.search("[0-9A-Za-z]$", text) and re.search(r"\|[0-9A-Za-z]", around))
        if len(piece) < length or in_word or text in seen or not all(part[0].isalnum() for part in piece):
            continue
        seen.add(text)
        yield text
        if len(seen) == count:
            return


def pairs(of: Sequence[SearchRow]) -> Index:
    """As the store has it."""
    index = Fts5()
    connection = sa.create_engine("sqlite://").connect()
    index.create(connection)
    before = _bytes(connection.exec_driver_sql)
    start = time.process_time()
    index.add(connection, of)
    connection.commit()
    seconds = time.process_time() - start

    def search(text: str) -> set[int]:
        wanted = sa.select(index.table.c[0]).where(index.matching(parse_query(text)))
        return set(connection.scalars(wanted))

    return Index("pairs", seconds, _bytes(connection.exec_driver_sql) - before, search)


def trigrams(of: Sequence[SearchRow]) -> Index:
    """FTS5's own tokenizer for any script."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE search USING fts5(title, teaser, outlet, content='', tokenize='trigram')"
    )
    before = _bytes(connection.execute)
    start = time.process_time()
    connection.executemany("INSERT INTO search(rowid, title, teaser, outlet) VALUES (?, ?, ?, ?)", of)
    connection.commit()
    seconds = time.process_time() - start

    def search(text: str) -> set[int]:
        found = connection.execute("SELECT rowid FROM search WHERE search MATCH ?", (f'"{text}"',))
        return {number for (number,) in found}

    return Index("trigram", seconds, _bytes(connection.execute) - before, search)


def _bytes(execute: Callable[[str], object]) -> int:
    pages, size = (
        next(iter(execute(f"PRAGMA {name}")))[0]  # type: ignore[call-overload]
        for name in ("page_count", "page_size")
    )
    return int(pages * size)


def compared(of: Sequence[SearchRow], index: Index, asked: Sequence[str]) -> str:
    """Recall and precision over some queries, in percent."""
    texts = [(number, unicodedata.normalize("NFKC", "\n".join(texts)).lower()) for number, *texts in of]
    right = found_all = true_all = 0
    for text in asked:
        wanted = unicodedata.normalize("NFKC", text).lower()
        truth = {number for number, held in texts if wanted in held}
        found = index.search(text)
        right, found_all, true_all = right + len(truth & found), found_all + len(found), true_all + len(truth)
    recall = 100 * right / true_all if true_all else 100.0
    return f"{recall:.0f} / {100 * right / found_all:.0f}" if found_all else f"{recall:.0f} / -"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--items", type=int, default=4_000)
    options.add_argument("--queries", type=int, default=100, help="of each length")
    given = options.parse_args()
    print(f"{given.items} items a script, {given.queries} queries a length; recall / precision in percent\n")
    print(
        "| script | index | us an item | bytes an item | " + " | ".join(f"{n} chars" for n in LENGTHS) + " |"
    )
    print("|---" * (4 + len(LENGTHS)) + "|")
    for name, script in SCRIPTS.items():
        of = rows(script, given.items, random.Random(name))
        asked = {n: list(queries(of, n, given.queries, random.Random(n))) for n in LENGTHS}
        for make in (pairs, trigrams):
            index = make(of)
            cells = [
                name,
                index.name,
                f"{1e6 * index.seconds / len(of):.0f}",
                f"{index.bytes / len(of):.0f}",
                *(compared(of, index, asked[n]) for n in LENGTHS),
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
