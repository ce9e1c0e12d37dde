"""Title and summary as an entry gives them -> headline and teaser without the page's furniture.

Furniture is what stands around a text and is not part of it: "Continue reading", "The post ... appeared first on ...",
photo credits, the outlet's name behind a headline. Every rule cuts at an edge or a sentence's border, in linear time.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from aggregator.normalize.text import cut_at_sentence, cut_at_word, plain_text

TITLE_LIMIT = 300  # characters
TEASER_LIMIT = 500
ENDING_LIMIT = 60  # of an outlet's name behind a headline
COMMON = 5  # headlines that must share an ending
_LOOKED_AT = 4_000  # characters of a summary that may become the teaser

# Calls to go on reading, in the languages of the feeds we know. They open with a capital: "people read more" stays.
_CALLS = "|".join(
    (
        r"Continue [Rr]eading|Keep [Rr]eading|READ MORE|Learn [Mm]ore|See [Mm]ore|Full [Ss]tory|View [Ee]ntire [Pp]ost",
        r"(?:Click (?:here )?(?:to )?)?[Rr]ead (?:[Tt]he )?(?:[Ff]ull|[Mm]ore|[Ww]hole|[Oo]riginal|[Rr]est)|Click [Hh]ere",
        r"Weiterlesen|Mehr (?:lesen|dazu|erfahren)|Jetzt lesen|Lesen Sie (?:hier )?(?:mehr|weiter)|Zum (?:ganzen )?Artikel",
        r"Lire (?:la suite|l['’]article|plus)|En savoir plus|Continuer la lecture|Voir plus",
        r"Leer (?:más|mas|la noticia|el artículo)|(?:Seguir|Sigue|Continuar|Continúa) leyendo|Ver más",
        r"Leia (?:mais|a íntegra|também)|Ler mais|Continu[ea]r? (?:lendo|a ler)|Saiba mais",
        r"Leggi (?:tutto|di più|anche|l['’]articolo)|Continua a leggere|L['’]articolo completo",
        r"Lees (?:meer|verder|ook)|Läs (?:mer|hela|också)|L(?:æs|es) (?:mere?|hele|også)|Lue (?:lisää|myös)",
        r"Czytaj (?:więcej|dalej|też|także)|Více|Číst dál|Celý článek|Čítať ďalej|Tovább(?: olvasom)?",
        r"Citește (?:mai|și|continuarea)|Opširnije|Pročitaj(?:te)? više|Прочети|Devamını oku|Devamı",
        r"Читать (?:далее|дальше|полностью|также)|Подробнее|Читайте также|Читати (?:далі|більше)|Детальніше",
        r"Baca (?:selengkapnya|juga)|Xem thêm|Đọc tiếp|Διαβάστε|Περισσότερα|और पढ़ें|더 ?보기",
        r"اقرأ المزيد|اقرأ أيضا|المزيد|قراءة المزيد|ادامه مطلب|קרא עוד|לכתבה המלאה",
        r"続きを読む|もっと見る|阅读全文|閱讀全文|查看更多",
    )
)
# After the call a few words may follow that name the target ("Read Full Article at NAME.com"), up to the end of the text.
_CALL = re.compile(
    rf"(?:^|(?<=[\s.!?…»”’\"')\]|:–—。！？]))[\[(]?(?:{_CALLS})(?!\w)(?:\s[^!?\n]{{0,60}})?[\s.…»›→>\])]*\Z"
)
_NOTICE = re.compile(
    r"(?:^|(?<=[\s.!?…»”’\"')\]]))(?:"
    r"Solve the daily [Cc]rossword|No comments yet\.*|ADVERTISEMENT|Advertisement|Anzeige|Publicité|Publicidad|Реклама"
    r"|(?:Sign up|Subscribe) (?:here|now|for [^.!?]{1,60})|(?:Related|Also read|Read also|ALSO READ):?"
    r"|Share (?:this|on)[^.!?]{0,40}|Comments?|[»›→]+)\.?\s*\Z"
)
# Blog software cuts an excerpt after so many words: the mark stays, as an ellipsis.
_CUT_MARK = re.compile(
    r"\s*[\[(](?:…|\.{2,}|(?:…|\.{3})?\s?(?:more|mehr|weiter|suite)\s?…?|\+)[\])]\s?[…→»]?\Z"
)
# "The post HEADLINE appeared first on OUTLET." as blog software writes it, in its translations.
_APPEARED_FIRST = re.compile(
    r"(?:(?:The post|This article|This story)\b.{0,350}?\b(?:(?:appeared first|(?:first|originally) appeared) (?:on|in)"
    r"|was (?:originally|first) published (?:on|in|by))"
    r"|Der Beitrag\b.{1,350}?\berschien zuerst auf"
    r"|(?:L['’]article|Cet article|Le post)\b.{1,350}?\b(?:est apparu en premier sur|appeared first on)"
    r"|La entrada\b.{1,350}?\b(?:se publicó primero en|aparece primero en|apareció primero en)"
    r"|O post\b.{1,350}?\b(?:apareceu primeiro em|aparece primeiro em)"
    r"|L['’]articolo\b.{1,350}?\b(?:proviene da|sembra essere il primo su|è tratto da)"
    r"|Het bericht\b.{1,350}?\bverscheen eerst op|(?:Artykuł|Post)\b.{1,350}?\bpochodzi z serwisu"
    r"|Сообщение\b.{1,350}?\bпоявил(?:ись|ось) сначала на|Inlägget\b.{1,350}?\bdök först upp på)"
    r"\s[^\n]{1,80}\Z"
)
_TAILS = (
    (_CALL, 140),
    (_NOTICE, 90),
    (_APPEARED_FIRST, 500),
)  # and in how many last characters each is looked for
_CREDITS = (
    r"Getty(?: Images)?|Shutterstock|iStock|Alamy|Reuters|REUTERS|AFP|AP|EPA(?:-EFE)?|Xinhua|Zuma Press|Imago|IMAGO|dpa"
    r"|picture alliance|Bloomberg"
)
_PARENTHESISED_CREDIT = re.compile(
    rf"\s?\((?:(?:[Pp]hoto|Picture|Image|Foto|Bild|Crédit|Credit)s?\b[^()]{{0,80}}|AP Photo[^()]{{0,80}}"
    rf"|[^()]{{0,80}}?(?:/| via )\s?(?:{_CREDITS})\b[^()]{{0,40}}|[^()]{{0,60}}?Getty Images[^()]{{0,20}})\)"
)
# Between two sentences, without parentheses: "... on Friday. APAImages/Shutterstock The proposal was ..."
_LOOSE_CREDIT = re.compile(
    r"(?<=[.!?”\"’)])\s(?:[\w.&'’-]{1,30}\s){0,3}[\w.&'’-]{1,30}\s?/\s?"
    r"(?:Getty Images|Shutterstock|iStock|Alamy(?: Stock Photo)?|AP Photo|EPA-EFE|Zuma Press|REUTERS)(?=\s[A-Z“\"‘']|\Z)"
)
_INTERJECTED = ("dvertisement", "ADVERTISEMENT", "Story continues", "Anzeige", "Publicité")
_INTERJECTION = re.compile(
    r"(?:^|(?<=[.!?”\"’)]))\s?(?:ADVERTISEMENT|Advertisement|Story continues below(?: advertisement)?|Anzeige|Publicité)\s"
    r"(?=[^\W\d_a-zа-я“\"‘'])"
)
_SEPARATOR = re.compile(r"\s+(?:[|–—•·»:]|::|-{1,2})\s+")
_NOT_WORD = re.compile(r"[\W_]+")


def clean_title(markup: str, *, outlets: Iterable[str] = (), limit: int = TITLE_LIMIT) -> str:
    """The headline as plain text.

    Args:
        outlets: names and hosts of the outlet; "Headline - Outlet" loses the outlet, any other ending stays.
        limit: characters; cut at a word.
    """
    title = _undoubled(plain_text(markup[: 20 * limit + 4_000]))
    return cut_at_word(_without_outlet(title, outlets), limit)


def clean_teaser(markup: str, *, title: str = "", limit: int = TEASER_LIMIT) -> str:
    """The first sentences as plain text, without furniture; "" when nothing is left that the title does not say.

    Args:
        title: the cleaned headline; a teaser that only repeats it is none.
        limit: characters; cut at a sentence's end where one is near, else at a word.
    """
    return teaser_of(plain_text(markup), title=title, limit=limit)


def teaser_of(text: str, *, title: str = "", limit: int = TEASER_LIMIT) -> str:
    """clean_teaser of what is plain text already."""
    teaser = text[:_LOOKED_AT]
    if "(" in teaser:
        teaser = _PARENTHESISED_CREDIT.sub("", teaser)
    if "/" in teaser:
        teaser = _LOOSE_CREDIT.sub("", teaser)
    if any(word in teaser for word in _INTERJECTED):
        teaser = _INTERJECTION.sub(" ", teaser).strip()
    if len(text) <= _LOOKED_AT:
        teaser = _without_tail(teaser)
    return cut_at_sentence(_without_title(teaser, title), limit)


def _without_tail(text: str) -> str:
    """Calls and notices stack up ("[...] The post ... Continue reading"): taken off one by one."""
    for _ in range(6):
        shorter = text
        for tail, reach in _TAILS:
            if match := tail.search(text, max(0, len(text) - reach)):
                shorter = text[: match.start()].rstrip(" |–—-•·")
                break
        else:
            if match := _CUT_MARK.search(text, max(0, len(text) - 20)):
                shorter = text[: match.start()].rstrip(" .,;:–—-") + "…"
        if shorter == text:
            break
        text = shorter
    return "" if text == "…" else text


def _without_title(teaser: str, title: str) -> str:
    """What a teaser adds to its headline, when it opens by repeating it."""
    if not title or not teaser:
        return teaser
    said = _key(title)
    start = _key(teaser[: 2 * len(title)])  # most are longer by that already
    if len(start) <= len(said) and _key(teaser) == said:
        return ""
    if len(title) < 20 or teaser[: len(title)].casefold() != title.casefold():
        return teaser
    rest = teaser[len(title) :]
    stripped = rest.lstrip(" .:|–—-…")
    if len(rest) - len(stripped) > 1 or (len(title) >= 40 and stripped[:1].isupper() and rest[:1] == " "):
        return stripped
    return teaser


def common_ending(titles: Sequence[str]) -> str:
    """What most headlines of one document end in behind a separator: the outlet's name as it writes it; "" if nothing.

    Args:
        titles: as the entries give them.
    """
    endings: Counter[str] = Counter()
    heads: dict[str, set[str]] = {}
    for title in titles:
        plain = plain_text(title[: 2 * TITLE_LIMIT])
        last = next(iter(list(_SEPARATOR.finditer(plain))[-1:]), None)
        if last is not None and last.start() >= 10 and 0 < len(plain) - last.end() <= ENDING_LIMIT:
            ending = plain[last.end() :]
            endings[ending] += 1
            heads.setdefault(ending, set()).add(plain[: last.start()])
    for ending, times in endings.most_common(1):
        is_name = not ending[0].islower() and any(
            letter.isalpha() for letter in ending
        )  # "- live" tells something
        if is_name and times >= COMMON and times >= 0.6 * len(titles) and len(heads[ending]) >= COMMON:
            return ending
    return ""


def _undoubled(title: str) -> str:
    """A headline that stands twice, because the picture's alt text stands before it."""
    half, odd = divmod(len(title), 2)
    if odd and half >= 15 and title[half] == " " and title[:half] == title[half + 1 :]:
        return title[:half]
    return title


def _without_outlet(title: str, outlets: Iterable[str]) -> str:
    separators = list(_SEPARATOR.finditer(title))
    if not separators or (last := separators[-1]).start() < 10:
        return title
    ending = _key(title[last.end() :]).removeprefix("the")
    names = {_key(name).removeprefix("the").removeprefix("www") for name in outlets if name}
    return title[: last.start()] if ending and ending in names else title


def _key(text: str) -> str:
    return _NOT_WORD.sub("", text.casefold())
