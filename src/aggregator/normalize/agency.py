"""Dateline, byline and closing credit of a text -> the news agency that wrote it, under one spelling; "" when none did.

An outlet that carries an agency's text and one that quotes the agency look alike to a word search. Only the places where
authorship is declared are read; "told Reuters", "according to Bloomberg" and "(Photo: AFP)" declare nothing.
"""

import re
from collections.abc import Iterable, Iterator

# Shown name: what else it is called where a text declares its author. Capitals as written: "ANSA" is an agency, "Ana" a
# person. Names of more than one word are found in any case.
_AGENCIES: dict[str, tuple[str, ...]] = {
    "AAP": ("Australian Associated Press",),
    "Adnkronos": ("ADNKRONOS",),
    "AFP": (
        "Agence France-Presse",
        "Agence France Presse",
        "AFP News",
        "AFP.com",
        "法新社",
        "أ ف ب",
        "أ.ف.ب",
        "أ ف ب",
        "فرانس برس",
        "وكالة فرانس برس",
    ),
    "Agência Brasil": ("Agencia Brasil", "Agência Brasil EBC"),
    "Agerpres": ("AGERPRES",),
    "Anadolu": ("AA", "Anadolu Agency", "Anadolu Ajansı", "الأناضول"),
    "ANI": ("Asian News International",),
    "ANP": ("Algemeen Nederlands Persbureau",),
    "ANSA": ("Ansa", "ANSA.it", "Agenzia ANSA", "Redazione ANSA"),
    "Antara": ("ANTARA", "ANTARA News"),
    "AP": (
        "Associated Press",
        "The Associated Press",
        "AP News",
        "美联社",
        "美聯社",
        "أسوشيتد برس",
    ),
    "APA": ("Austria Presse Agentur", "APA.at", "apa"),
    "APP": ("Associated Press of Pakistan",),
    "Askanews": ("askanews",),
    "Belga": ("BELGA", "Agence Belga", "Belga News Agency"),
    "Bernama": ("BERNAMA",),
    "Bloomberg": ("Bloomberg News", "BLOOMBERG"),
    "BNS": ("Baltic News Service",),
    "BTA": ("Bulgarian News Agency", "БТА"),
    "The Canadian Press": ("Canadian Press", "La Presse Canadienne", "CP"),
    "China News Service": ("中新社", "中新网", "Ecns"),
    "CNA": ("Central News Agency", "中央社"),
    "ČTK": ("CTK", "ČTK"),
    "Dow Jones": ("Dow Jones Newswires", "DJN"),
    "dpa": (
        "DPA",
        "dpa-AFX",
        "dpa-infocom",
        "Deutsche Presse-Agentur",
        "Deutsche Presse Agentur",
        "dpa International",
    ),
    "EFE": ("Agencia EFE", "EFE News", "EFE Agro"),
    "epd": ("Evangelischer Pressedienst",),
    "Europa Press": ("EUROPA PRESS", "EuropaPress"),
    "HINA": ("Hina",),
    "IANS": ("Indo-Asian News Service",),
    "Interfax": ("INTERFAX", "INTERFAX.RU", "Интерфакс", "ИНТЕРФАКС"),
    "Interfax-Ukraine": ("Interfax Ukraine", "Інтерфакс-Україна", "Интерфакс-Украина"),
    "IRNA": ("Islamic Republic News Agency",),
    "Jiji": ("Jiji Press", "JIJI", "JIJI Press", "時事", "時事通信"),
    "Keystone-SDA": ("SDA", "Keystone-ATS", "ATS", "sda", "Keystone SDA", "SDA-ATS"),
    "KNA": ("Katholische Nachrichten-Agentur",),
    "Kyodo": ("Kyodo News", "KYODO", "共同", "共同通信"),
    "Lusa": ("LUSA", "Agência Lusa", "Agencia Lusa"),
    "MTI": ("Magyar Távirati Iroda",),
    "Notimex": ("NOTIMEX",),
    "NTB": ("Norsk Telegrambyrå",),
    "PA Media": ("PA", "Press Association", "The Press Association", "PA News Agency", "PA Wire"),
    "PAP": ("Polska Agencja Prasowa",),
    "PTI": ("Press Trust of India", "Press Trust Of India", "PTI News"),
    "Reuters": (
        "REUTERS",
        "Thomson Reuters",
        "Reuters Staff",
        "Reuters News",
        "Reuters News Agency",
        "Reuters.com",
        "路透社",
        "路透",
        "ロイター",
        "رويترز",
        "Рейтер",
    ),
    "RFE/RL": ("RFE", "Radio Free Europe/Radio Liberty", "RFERL", "Радіо Свобода"),
    "RIA Novosti": ("RIA", "RIA NOVOSTI", "РИА Новости", "РИА НОВОСТИ"),
    "Ritzau": ("RITZAU", "/ritzau/", "Ritzaus Bureau"),
    "SID": ("Sport-Informations-Dienst",),
    "STT": ("Suomen Tietotoimisto", "STT-Lehtikuva", "STT–Lehtikuva"),
    "Tanjug": ("TANJUG", "Танјуг"),
    "TASR": ("Tlačová agentúra Slovenskej republiky",),
    "TASS": ("ТАСС", "ITAR-TASS", "Tass"),
    "Télam": ("Telam", "TELAM"),
    "TT": ("TT News Agency", "Tidningarnas Telegrambyrå", "TT Nyhetsbyrån"),
    "Ukrinform": ("UKRINFORM", "Укрінформ", "Укринформ"),
    "UNIAN": ("УНІАН", "УНИАН"),
    "UPI": ("United Press International",),
    "VOA": ("Voice of America", "VOA News"),
    "WAFA": ("Wafa",),
    "Xinhua": ("XINHUA", "Xinhua News Agency", "新华社", "新華社"),
    "Yonhap": ("YONHAP", "Yonhap News", "Yonhap News Agency", "연합뉴스"),
}
_SPELLINGS = {spelling: name for name, others in _AGENCIES.items() for spelling in (name, *others)}
_ANY_CASE = {spelling.casefold(): name for spelling, name in _SPELLINGS.items() if len(spelling) > 5}

_LOOKED_AT = 300  # characters at the beginning, where a dateline stands behind a byline; and at the end

CAPTION = 250  # characters: a text that is shorter and ends in "(AP)" may be the caption of AP's picture

_LEADING = re.compile(
    r"(?:(?:by|von|par|por|di|fra|af|av|od|story by|source|quelle|fuente)\b[:\s]\s*)?(?:the\s)?",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"\s*[,;/|&+·]\s*|\s+(?:and|und|et|y|e|i|with|mit|via|avec|con)\s+|\s+[-–—]\s+|\s*[()]\s*"
)
_REGION = re.compile(r"[a-z]{2,4}\Z")  # desks of an agency: "dpa/lby", "dpa/tmn"
_PARENTHESIS = re.compile(r"[(\[（]\s?([^()\[\]（）]{2,60}?)\s?[)\]）]")
_SLASHED = re.compile(r"\s/([^\W\d_][\w ]{1,20})/[.,]?(?:\s|\Z)")  # "MOSCOW, October 11. /TASS/."
_DASH = re.compile(r"\.?\s?(?:[-–—―:]|\.\s)")
# What stands before the parenthesis of a dateline: a place in capitals, or a date after a comma, or only capitalised words.
_IN_CAPITALS = re.compile(r"(?:^|[\s/,])[^\W\d_a-zа-яёіїєґß][^\Wa-zа-яёіїєґß][^\sa-zа-яёіїєґß]*[\s.,:–—-]*\Z")
_DATE = re.compile(
    r"(?:,\s|\A)(?:[^\W\d_]{3,10}\.?\s\d{1,2}|\d{1,2}\.?\s(?:de\s)?[^\W\d_]{3,10}\.?)(?:,?\s(?:de\s)?\d{4})?\s?[—–-]?\s?\Z"
)
_CAPITALISED = re.compile(
    r"(?:(?:[A-ZÀ-ÞĀ-ŽА-ЯЁІЇЄҐ][^\s]*|am|an|der|de|del|di|do|da|la|le|en|der|el)[\s]+){1,5}\Z|\W*[\u0600-\u06ff ]{2,30}\Z"
)
_BARE = re.compile(r"([^\W\d_][\w .&/-]{1,30}?)\s(?:[-–—|]|//)\s")  # "Reuters - ..."
_DATE_THEN_NAME = re.compile(
    r"[^.!?]{3,50}[-–—]\s?([^\W\d_][\w ]{2,20})[.,]\s"
)  # "МОСКВА, 11 окт — РИА Новости."
_BYLINE = re.compile(
    r"by\s+(?:the\s+)?([A-Z][\w -]{1,30}?)(?=\s*(?:[|,.:–—-]|\s[A-Z]{3}|Published|Updated|\Z))", re.IGNORECASE
)

_CJK_OPENINGS = (
    re.compile(r"[(（【]?\s?(新华社|新華社|中央社|中新社|法新社|路透社)[^\s，。]{0,30}[电電]"),
    re.compile(r"【[^】]{0,20}?(共同|時事|AFP|ロイター)[^】]{0,6}】"),
    re.compile(r"[(\[（][^()\[\]]{0,14}=\s?(연합뉴스|共同|時事)[^()\[\]]{0,12}[)\]）]"),
)
_CJK_CLOSING = re.compile(r"[(（](共同|時事|ロイター|AFP|新华社|中央社)[^()（）]{0,6}[)）]\s*\Z")

# An agency's own habits at the end of its texts. "The Associated Press contributed to this report" is another outlet's.
_CLOSINGS = (
    (
        "AP",
        re.compile(
            r"\b(?:Associated Press|AP) (?:\w+ ){0,3}(?:writer|journalist|reporter)s?\b.{1,250}\bcontributed\b"
        ),
    ),
    (
        "Reuters",
        re.compile(r"\((?:Additional )?[Rr]eporting by\b[^()]{2,250}\b[Ee]diting by\b[^()]{2,120}\)"),
    ),
    ("dpa", re.compile(r"©\s?dpa(?:-infocom)?\b|\bdpa:\d{6}-\d+-\d+")),
)
_COPYRIGHT = re.compile(
    r"(?:©|\([cC]\)|[Cc]opyright)\s?(?:©\s?|\([cC]\)\s?)?(\d{4}(?:\s?[-–]\s?\d{4})?,?\s)?(?:by\s)?([^\W\d_][^\n]{1,60})"
)
_YEAR = re.compile(r"(?:19|20)\d\d\b")
_LAST_PARENTHESIS = re.compile(r"[.!?…”\"’')]\s?[(\[]\s?([^()\[\]]{2,60}?)\s?[)\]]\.?\s*\Z")
_LAST_DASH = re.compile(r"[.!?…”\"’']\s?[-–—]{1,2}\s?([^\W\d_][\w /-]{1,30})\.?\s*\Z")
_TITLE_ENDING = re.compile(r"\s\|\s([^|]{2,30})\Z")


def find_agency(*, title: str = "", text: str = "", authors: Iterable[str] = (), outlet: str = "") -> str:
    """The agency that wrote an article, as far as the article declares it.

    Args:
        title: plain text; only "Headline | Agency" declares an author. "Headline - Reuters" says who is quoted.
        text: plain text of body or teaser, with its beginning and, where it is whole, its end.
        authors: as the feed or page names them; of several agencies the first counts.
        outlet: the outlet an aggregating page names, which may itself be an agency.

    Returns:
        The name by which the agency is shown everywhere ("AP", "Reuters", "dpa"), "" when none is declared.
    """
    return (
        _named(outlet)
        or _first(_of_author(author[:_LOOKED_AT]) for author in authors)
        or _opening(text[:_LOOKED_AT])
        or _closing(text[-_LOOKED_AT:])
        or _first(_named(match[1]) for match in [_TITLE_ENDING.search(title)] if match)
    )


def _first(names: Iterable[str]) -> str:
    return next(filter(None, names), "")


def _named(text: str) -> str:
    """The agency that this text names and nothing else; "" for anything more than a name."""
    text = _LEADING.sub("", text.strip(" .,:;-–—"), count=1)
    return _SPELLINGS.get(text) or _ANY_CASE.get(text.casefold(), "")


def _of_author(author: str) -> str:
    """ "Reuters", "By The Associated Press", "AFP, AP" (the first), "Ann Writer, Associated Press", "Ann Writer (AP)"."""
    return _named(author) or _first(map(_named, _JOINED.split(author)))


def _of_parenthesis(inside: str) -> str:
    """ "Reuters", "AFP/Reuters", "dpa/lby"; nothing when there is more in it than agencies ("Jane Doe/AFP via ...")."""
    parts = [part for part in _JOINED.split(inside) if part]
    names = [_named(part) for part in parts]
    if parts and all(
        name or (at and _REGION.match(part)) for at, (name, part) in enumerate(zip(names, parts, strict=True))
    ):
        return _first(names)
    return _named(inside)


def _opening(head: str) -> str:
    return (
        _first(_datelines(head))
        or _first(_SPELLINGS[match[1]] for opening in _CJK_OPENINGS if (match := opening.match(head)))
        or _first(
            _named(match[1])
            for match in (_BARE.match(head), _DATE_THEN_NAME.match(head), _BYLINE.match(head))
            if match
        )
    )


def _datelines(head: str) -> Iterator[str]:
    for match in _PARENTHESIS.finditer(head):
        if agency := _of_parenthesis(match[1]):
            before = head[: match.start()]
            if not before or _is_dateline(before, match[1], dashed=bool(_DASH.match(head, match.end()))):
                yield agency
    for match in _SLASHED.finditer(head[:120]):
        yield _named(match[1])


def _is_dateline(before: str, inside: str, *, dashed: bool) -> bool:
    """ "KYIV/LONDON (Reuters) -", "Berlin (dpa) -", "New Delhi, Oct 11 (PTI) The ..."; no "Palestinian Authority (PA)"."""
    words = re.split(r"[\s-]+", before.strip())
    initials = iter(word[0] for word in words if word[:1].isupper())
    if inside.isupper() and (
        words[-1] == inside or (len(words) > 1 and all(letter in initials for letter in inside))
    ):
        return False  # behind the name that the abbreviation stands for
    if _DATE.search(before) or (_IN_CAPITALS.search(before) and (dashed or before.isupper())):
        return dashed or len(before) <= 70
    return dashed and len(before) <= 50 and _CAPITALISED.match(before) is not None


def _closing(end: str) -> str:
    for agency, habit in _CLOSINGS:
        if habit.search(end):
            return agency
    for copyright in _COPYRIGHT.finditer(end):
        dated = copyright[1] is not None or copyright[0][0] in "Cc"
        words = copyright[2].split()[:6]
        for count in range(1, len(words) + 1):
            agency = _named(" ".join(words[:count]))
            if agency and (dated or (count < len(words) and _YEAR.match(words[count]))):
                return agency
    if cjk := _CJK_CLOSING.search(end):
        return _SPELLINGS[cjk[1]]
    if len(end) < CAPTION:
        return ""
    return _first(
        _of_parenthesis(match[1])
        for ending in (_LAST_PARENTHESIS, _LAST_DASH)
        if (match := ending.search(end))
    )
