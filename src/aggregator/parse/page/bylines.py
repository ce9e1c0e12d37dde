"""Names in what a reader sees of a page: elements marked as a byline, links to an author's page, "By Ada Vale".

For pages whose metadata names nobody. The nearest to the headline counts; comments, teasers and sidebars do not.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from selectolax.lexbor import LexborNode

from aggregator.parse.page.evidence import Evidence, headline_heading
from aggregator.parse.page.text import MAX_LEVELS, UNREAD, clean, fold
from aggregator.parse.page.visible_dates import ancestors, is_of_a_comment, stands_elsewhere

MAX_NODES = 300  # marked elements of a page
MAX_BELOW, MAX_ABOVE = 40, 12  # of them looked at below and above the headline
BESIDE = 3  # of them that may stand in what else belongs to others
MAX_BYLINE = 160  # characters of an element that is taken for a byline
MAX_NAME = 80  # characters
MAX_BOX = 600  # characters of the element that holds the bylines of several authors
TEXT_BELOW, TEXT_ABOVE = 600, 150  # characters around the headline where "By Ada Vale" is looked for
MAX_TEXT = 300_000  # characters of the page that are searched
BLANKS = 4  # times as many characters with the blanks of the markup

# One query: "aut" stands for author, autor and auteur, and is looked at again; each selector costs a walk through the page.
_MARKED = (
    'h1, [rel~="author"], [itemprop~="author"], [class*="aut" i], [class*="byline" i], a[href*="/aut"], '
    'a[href*="/journalist"]'
)
_MARK = re.compile(r"author|autor|auteur|byline|/(?:autori|journalist)[a-z]{0,3}/", re.IGNORECASE)
_AUTHOR_PAGE = re.compile(r"/(?:author|autor|auteur|autori)[a-z]{0,3}/[^/]", re.IGNORECASE)
_EXPLICIT = frozenset(
    ["author", "authors", "byline", "fn", "p-author", "author-name", "entry-author", "post-author"]
)
_VERBS = (
    "written|posted|published|reported|story|words|text|texte|texto|testo|tekst|article|review|"
    "veröffentlicht|geschrieben|eingestellt|erstellt|gepostet|verfasst|artikel|beitrag|gastbeitrag|kommentar|"
    "gastkommentar|interview|analyse|bericht|reportage|kolumne|essay|pressemitteilung|ein|eine|publié|écrit|rédigé|"
    "escrito|publicado|redactado|scritto|pubblicato|skrevet|skriven|publicerad|geschreven|gepubliceerd|napisał|napisała"
)
_ROLES = (
    "author|authors|autor|autorin|autoren|autore|autora|autores|auteur|auteure|autrice|forfatter|författare|skribent|"
    "redaktion|redaktör|автор|автори|авторы|текст|yazar|tác giả|penulis"
)
_BY = re.compile(
    rf"^(?:(?:{_VERBS})\s*:?\s+){{0,3}}(?:by|von|vom|par|por|av|af|door|di|from|od|przez|oleh)\b\s*:?\s+"
    rf"|^(?:{_ROLES})\s*:\s*|^(?:{_VERBS})\s*:\s*|^(?:author|autor|auteur|автор|autorin)\s+",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*[;|•·]\s*|\s*,\s+|\s+(?:and|und|et|y|e|og|och|en|i|та|и)\s+|\s*&\s*", re.IGNORECASE)
# Words of people's work, of buttons and of lists: an element marked "author" often holds them beside the name.
_NO_PERSON = frozenset([
    "reporter", "reporters", "editor", "editors", "writer", "correspondent", "korrespondent",
    "korrespondentin", "journalist", "journalistin", "journaliste", "redakteur", "redakteurin",
    "chefredakteur", "chefredakteurin", "redaktion", "redaktionsleiter", "autor", "autorin", "author",
    "auteur", "staff", "contributor", "contributing", "columnist", "kolumnist", "producer", "desk",
    "news", "senior", "chief", "team", "manager", "director", "professor", "published", "updated",
    "posted", "gepostet", "all", "alle", "more", "mehr", "show", "view", "about", "über", "follow",
    "folgen", "following", "read", "posts", "beiträge", "artikel", "articles", "profile", "profil",
    "kontakt", "contact", "newsletter", "share", "teilen", "hallo", "ausloggen", "login", "min",
    "minutes", "comments", "kommentare", "kommentar", "facebook", "twitter", "instagram", "email",
    "e-mail", "linkedin", "photo", "foto", "fotos", "image", "getty", "images", "quelle", "source",
    "size", "scholar", "person", "bio", "bios", "zur", "vom", "zum", "admin", "administrator", "guest",
    "tests", "stand", "uhr", "today", "yesterday", "heute", "gestern"
])  # fmt: skip
_PREPOSITIONS = frozenset([
    "by", "von", "vom", "par", "por", "av", "af", "door", "di", "from"
])  # fmt: skip
_PARTICLES = frozenset([
    "von", "van", "der", "den", "de", "la", "le", "del", "della", "di", "da", "dos", "du", "bin", "al",
    "el", "ter", "zu", "y", "e", "ibn", "af", "ten", "d'", "dal", "das", "do"
])  # fmt: skip
_TOKEN = re.compile(r"[^\W\d_][\w.'’‑-]*\.?")
_SPOKEN = re.compile(
    r"(?:^|[\n|•·–—-] ?)(?:By|BY|by|Von|VON|von|par|por|door|di|Par|Por|POR|Av|AV|Af|Door|Di|Text|Texte|Texto|"
    r"Autor|Autorin|Author|Auteur|Written by|Text von|Автор|Текст)(?: ?: ?\n? ?| ?\n ?| )([^\n|•·]{4,80})"
)
_CASELESS = re.compile("^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,5}$")
_CASELESS_TITLE = re.compile(r"\s*(?:기자|記者|记者|특파원)$")


def names_in(text: str) -> Iterator[str]:
    """The names of a byline, one each; whether they are persons' is not asked."""
    for part in _AND.split(without_by(text)):
        yield _CASELESS_TITLE.sub("", part.strip(" .,;:-–/"))


def without_by(text: str) -> str:
    return _BY.sub("", clean(text))


def is_person(name: str) -> bool:
    """Whether a text reads like a person's name: two to five words, each beginning like a name's."""
    words = name.split()
    if not 2 <= len(words) <= 5 or len(name) > MAX_NAME:
        return False
    names = 0
    for word in words:
        if word.lower() in _NO_PERSON or not _TOKEN.fullmatch(word):
            return False
        if word[0].isupper() or word[0].lower() == word[0].upper():
            names += 1
        elif word.lower() not in _PARTICLES and word[:2] not in ("d'", "d’"):
            return False
    return names >= 2 or (names == 1 and len(words) > 1 and words[0].lower() in _PARTICLES)


def visible_names(page: Evidence, title: str | None) -> tuple[str, ...]:
    found = {node.mem_id: node for node in page.tree.css(_MARKED)[:MAX_NODES]}
    marked = [node for node in found.values() if node.tag == "h1" or _is_marked(node)]
    heading = headline_heading(page, title)
    around = ancestors(heading.node) if heading else frozenset()
    at = next((at for at, node in enumerate(marked) if heading and node.mem_id == heading.node.mem_id), -1)
    near: list[tuple[float, LexborNode]] = [
        (distance, marked[at + distance]) for distance in range(1, min(MAX_BELOW, len(marked) - 1 - at) + 1)
    ]
    near += [(2.0 * distance - 1.5, marked[at - distance]) for distance in range(1, min(MAX_ABOVE, at) + 1)]
    near = [
        (distance, node) for distance, node in near if node.tag != "h1" and not is_of_a_comment(node, around)
    ]
    for distance, node in sorted(near, key=lambda one: one[0]):
        # Right below the headline even <footer class="entry-meta"> and <aside class="page-meta"> are the article's.
        if stands_elsewhere(node, around) and (at < 0 or distance not in range(1, BESIDE + 1)):
            continue
        names = _names_of(node)
        if names:
            return _unique([*names, *_beside(node, [other for _, other in near])])
    return _spoken(page, title)


def _is_marked(node: LexborNode) -> bool:
    attributes = node.attributes
    marks = (attributes.get(name) or "" for name in ("class", "rel", "itemprop", "href"))
    return bool(_MARK.search(" ".join(marks)))


def _beside(node: LexborNode, others: Iterable[LexborNode]) -> Iterator[str]:
    """The names of further authors: of elements marked likewise that stand in the same small box."""
    box = node.parent.parent if node.parent is not None else None
    if box is None or len(box.text()) > MAX_BOX:
        return
    for other in others:
        above = other.parent
        for _ in range(3):
            if above is None:
                break
            if above.mem_id == box.mem_id:
                yield from (name for name in _names_of(other) if is_person(name) or _CASELESS.match(name))
                break
            above = above.parent


def _names_of(node: LexborNode) -> list[str]:
    """Of the texts of one element: each text node for itself, for a name and a trade often stand in two of them."""
    if len(node.text()) > BLANKS * MAX_BYLINE:
        return []
    pieces = [piece for piece in map(clean, _pieces(node, MAX_LEVELS)) if piece]
    if not pieces or sum(map(len, pieces)) > MAX_BYLINE:
        return []
    names = [name for piece in pieces for name in names_in(piece) if is_person(name)]
    if names or not _is_explicit(node):
        return names
    rest = [name for piece in pieces for name in names_in(piece) if name and not is_noise(name)]
    if len(rest) == 1 and 2 <= len(rest[0]) <= 40 and len(rest[0].split()) <= 3:
        return rest
    return [name for name in rest if _CASELESS.match(name)]


def is_noise(name: str) -> bool:
    words = name.lower().split()
    return (
        not re.search(r"[^\W\d_]", name)
        or any(word in _NO_PERSON for word in words)
        or words[-1] in _PREPOSITIONS
    )


def _is_explicit(node: LexborNode) -> bool:
    attributes = node.attributes
    return (
        "author" in (attributes.get("rel") or "").split()
        or "author" in (attributes.get("itemprop") or "").split()
        or not _EXPLICIT.isdisjoint((attributes.get("class") or "").split())
        or bool(node.tag == "a" and _AUTHOR_PAGE.search(attributes.get("href") or ""))
    )


def _pieces(node: LexborNode, levels: int) -> Iterator[str]:
    child = node.first_child
    while child is not None:
        tag = child.tag or ""
        if tag == "-text":
            yield child.text_content or ""
        elif levels == 0:
            yield child.text()
        elif tag not in UNREAD and tag != "time":
            yield from _pieces(child, levels - 1)
        child = child.next


def _spoken(page: Evidence, title: str | None) -> tuple[str, ...]:
    """ "By Ada Vale and Ben Moor" right below the headline, or right above it."""
    if not title or page.tree.body is None:
        return ()
    text = page.tree.body.text(separator="\n")[:MAX_TEXT]
    at = text.rfind(title)
    if at < 0:
        return ()
    end = at + len(title)
    below, above = text[end : end + BLANKS * TEXT_BELOW], text[max(0, at - BLANKS * TEXT_ABOVE) : at]
    for part in (_lines(below)[:TEXT_BELOW], _lines(above)[-TEXT_ABOVE:]):
        for match in _SPOKEN.finditer(part):
            said = list(names_in(match.group(1)))
            names = list(takewhile(is_person, said))
            # In lower case the word also begins lines of the text: "by Prime Minister Ada Vale, who ..."
            if names and (names == said or not match.group().strip("\n|•·–—- ")[0].islower()):
                return _unique(names)
    return ()


def _lines(text: str) -> str:
    lines = (line for line in text.split("\n") if line and not line.isspace())  # six of seven are blank
    return "\n" + "\n".join(line for line in map(clean, lines) if line)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple({fold(name): name for name in reversed(list(names))}.values())[::-1]
