"""Where a search found an article: marks that hold what was asked for, and a passage that reads."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.model import Snippet, Span
from aggregator.store.search import parse_query
from aggregator.store.snippets import SNIPPET_LENGTH, highlight, snippet

TEASER = (
    "Skippers from the Outer Skerries rejected a quota plan put forward by mediators and offered their own, a day"
    " before President Varga meets Prime Minister Okoro in Kell. They want the inner strait closed to trawlers for"
    " five years. Mr. Hale of the U.S. delegation said the café plan would not survive the winter, however long the"
    " talks went on."
)
TITLE = "Islanders reject quota plan ahead of talks"


def brackets(text: str, spans: tuple[Span, ...]) -> str:
    """The text with [brackets] around what is marked."""
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def marked(query: str, text: str) -> str:
    return brackets(text, highlight(parse_query(query), text, "", "")["title"])


def found(query: str, title: str = TITLE, teaser: str = TEASER, outlet: str = "Harbour Post") -> Snippet:
    snip = snippet(parse_query(query), title, teaser, outlet)
    assert snip is not None
    return snip


def passage(query: str, title: str = "Nothing", teaser: str = TEASER) -> str:
    snip = found(query, title, teaser)
    return brackets(snip.text, snip.marks)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("dock", "The [dock], the [Dock] and the docks"),
        ("dock*", "The [dock], the [Dock] and the [docks]"),
        ('"the dock"', "[The dock], [the Dock] and the docks"),
        ("the dock", "[The] [dock], [the] [Dock] and [the] docks"),
        ('"the dock" dock', "[The dock], [the Dock] and the docks"),
        ("title:dock", "The [dock], the [Dock] and the docks"),
        ("teaser:dock", "The dock, the Dock and the docks"),
        ("docks -dock", "The dock, the Dock and the [docks]"),
        ("nothing OR docks", "The dock, the Dock and the [docks]"),
    ],
)
def test_what_was_asked_for_is_marked(query: str, expected: str) -> None:
    assert marked(query, "The dock, the Dock and the docks") == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cafe", "Ein [Café] öffnet"),
        ("CAFÉ", "Ein [Café] öffnet"),
        ("cafe", "Ein [Cafe\u0301] öffnet"),
        ("offnet", "Ein Café [öffnet]"),
        ("viet nam", "[Việt] [Nam]"),
        ("елка", "Новая [ёлка]"),
        ("ΑΘΗΝΑ", "Στην [Αθήνα]"),
        ("οδοσ", "Η [οδός]"),
        ("istanbul", "[İstanbul]"),
        ("km²", "Auf 5 [km²]"),
        ("łodz", "In [Łódź]"),
        ("lodz", "In Łódź"),  # as the index: a letter, not an L with an accent
        ('"u.s. envoy"', "The [U.S. envoy]"),
        ("okoro's", "[Okoro’s] plan"),
        ("प्रधानमंत्री", "[प्रधानमंत्री] का भाषण"),
    ],
)
def test_case_and_accents_do_not_count(query: str, expected: str) -> None:
    assert marked(query, expected.replace("[", "").replace("]", "")) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("东京", "[东京]股市收盘下跌"),
        ("股市", "东京[股市]收盘下跌"),
        ("京股", "东[京股]市收盘下跌"),
        ("东京股市", "[东京股市]收盘下跌"),
        ("下", "东京股市收盘[下]跌"),
        ("跌", "东京股市收盘下[跌]"),
        ("东京 下跌", "[东京]股市收盘[下跌]"),
        ("跌下", "东京股市收盘下跌"),
        ("ストライキ", "港湾労働者が[ストライキ]に突入"),
        ("労働者がスト", "港湾[労働者がスト]ライキに突入"),
        ("ガス", "[ガス]爆発、[ｶﾞｽ]会社が謝罪"),
        ("が", "港湾労働者[が]ストライキに突入"),
        ("ニュー・ヨーク", "[ニュー・ヨーク]で火災"),
        ("ヨーク", "ニュー・[ヨーク]で火災"),
        ("佐々木", "[佐々木]氏が会見"),
        ("รัฐมนตรี", "นายก[รัฐมนตรี]ลาออก"),
        ("ก", "นาย[ก]รัฐมนตรีลาออ[ก]"),
        ("서울", "[서울]에서 화재, [서울]시 발표"),
        ("에서 화재", "서울[에서] [화재], 서울시 발표"),
        ("화", "서울에서 [화]재, 서울시 발표"),
        (
            "화재",
            unicodedata.normalize("NFD", "서울에서 ") + "[" + unicodedata.normalize("NFD", "화재") + "]",
        ),
        ("iPad", "A社の新[iPad]発売"),
        ("新iPad", "A社の[新iPad]発売"),
        ("A社", "[A社]の新iPad発売"),
        ("2026年", "[2026年]5月の選挙"),
        ("東京TV", "[東京TV]が報道"),
        ("社の新", "A[社の新]iPad発売"),
    ],
)
def test_scripts_without_spaces_are_marked_by_character(query: str, expected: str) -> None:
    assert marked(query, re.sub(r"[\[\]]", "", expected)) == expected


def test_the_headline_is_the_passage_when_it_holds_all_that_was_found() -> None:
    snip = found("quota")
    assert (snip.field, snip.text) == ("title", TITLE)
    assert snip.marks == snip.title_marks == ((17, 22),)


def test_the_teaser_is_the_passage_when_it_tells_more_than_the_headline() -> None:
    snip = found("quota Varga")
    assert snip.field == "teaser"
    assert brackets(TITLE, snip.title_marks) == "Islanders reject [quota] plan ahead of talks"


def test_an_outlets_name_is_the_passage_only_when_nothing_else_tells_as_much() -> None:
    assert found("outlet:harbour").field == "outlet"
    assert found("harbour quota").field == "teaser"
    assert found("harbour talks", teaser="").field == "title"


PASSAGES = {
    "mediators": (
        "Skippers from the Outer Skerries rejected a quota plan put forward by [mediators] and offered their own, a day"
        " before President Varga meets Prime Minister Okoro…"
    ),
    "trawlers": (
        "They want the inner strait closed to [trawlers] for five years. Mr. Hale of the U.S. delegation said the café"
        " plan would not survive the winter, however long the…"
    ),
    "trawlers Varga": (
        "…a day before President [Varga] meets Prime Minister Okoro in Kell. They want the inner strait closed to"
        " [trawlers] for five years."
    ),
    "cafe winter": (
        "Mr. Hale of the U.S. delegation said the [café] plan would not survive the [winter], however long the talks"
        " went on."
    ),
}


@pytest.mark.parametrize("query", PASSAGES)
def test_a_passage_begins_and_ends_where_sentences_or_words_do(query: str) -> None:
    assert passage(query) == PASSAGES[query]


def test_a_passage_of_a_script_without_spaces_is_cut_between_its_sentences() -> None:
    teaser = "港は閉鎖された。" * 20 + "東京都庁で知事が会見した。" + "渡辺知事は語った。" * 20
    shown = passage("東京", teaser=teaser)
    assert "[東京]都庁で知事が会見した。" in shown
    assert shown[0] in "港…[" and shown.endswith("。")
    assert len(shown) < SNIPPET_LENGTH


def test_a_query_of_exclusions_alone_has_no_passage() -> None:
    assert snippet(parse_query("-dock"), TITLE, TEASER, "x") is None


def test_white_space_within_a_text_becomes_one_blank() -> None:
    snip = found("quota plan", "Nothing", "A\tquota \n\n plan")
    assert brackets(snip.text, snip.marks) == "A [quota] [plan]"


# --- laws -------------------------------------------------------------------------------------------------------------

LETTERS = list(
    'ab AB.é\u0301 ²ßİςق\u0651東京都タがｶﾞー・々กำ่\u0e4d하한\u1112\u1161\u11ab,…-“”"*:😀\u200d\ufe0f\n'
)
TEXT = st.text(st.sampled_from(LETTERS), max_size=60) | st.text(max_size=60)
LONG = st.lists(TEXT, max_size=25).map(" ".join)


def combining(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


@given(query=TEXT, text=LONG)
def test_marks_lie_within_the_text_in_order_and_never_part_a_mark_from_its_letter(
    query: str, text: str
) -> None:
    spans = highlight(parse_query(query), text, text, text)
    for field in spans.values():
        before = 0
        for start, end in field:
            assert before <= start < end <= len(text)
            assert not combining(text[start]) or start == 0
            assert end == len(text) or not combining(text[end])
            before = end


def folded(text: str) -> str:
    """Roughly as the index has it: without case, accents and everything that is no letter."""
    plain = unicodedata.normalize("NFKD", text).lower().replace("ς", "σ")
    return "".join(c for c in plain if unicodedata.category(c)[0] in "LN")


@given(
    words=st.lists(st.text(st.sampled_from(list("abé東京都タกำ한")), min_size=1, max_size=4), max_size=4),
    text=LONG,
)
@example(words=["ก"], text="กำ")
@example(words=["é"], text="e\u0301")
def test_every_mark_holds_a_word_that_was_asked_for(words: list[str], text: str) -> None:
    asked = [folded(word) for word in words]
    for start, end in highlight(parse_query(" ".join(words)), text, "", "")["title"]:
        assert any(word in folded(text[start:end]) for word in asked)


@given(text=st.text(st.sampled_from(list("abé東京都タกำ한 .")), min_size=1, max_size=40), data=st.data())
def test_every_word_of_a_text_is_marked_when_it_is_asked_for(text: str, data: st.DataObject) -> None:
    words = [word for word in re.split(r"[\s.]+", text) if any(map(str.isalnum, word))]
    if words:
        word = data.draw(st.sampled_from(words))
        assert highlight(parse_query(f'"{word}"'), text, "", "")["title"]


@given(query=TEXT, title=TEXT, teaser=LONG, outlet=TEXT)
def test_any_text_has_a_passage_of_one_bounded_line(query: str, title: str, teaser: str, outlet: str) -> None:
    asked = parse_query(query)
    snip = snippet(asked, title, teaser, outlet)
    assert (snip is None) == (not asked.clauses)
    if snip is None:
        return
    source = " ".join({"title": title, "teaser": teaser, "outlet": outlet}[snip.field].split())
    assert len(snip.text) <= SNIPPET_LENGTH + 2
    assert snip.text.removeprefix("…").removesuffix("…") in source or snip.text in source
    for start, end in snip.marks:
        assert 0 <= start < end <= len(snip.text)
    whole = highlight(asked, title, teaser, outlet)
    assert snip.title_marks == whole["title"]
    assert bool(snip.marks) == any(whole.values()) or len(source) > SNIPPET_LENGTH


def test_the_time_grows_with_the_text_and_not_faster() -> None:
    from time import process_time

    query = parse_query('"a a a a a a a a b" a* 東京 "京京京京京"')

    def seconds(text: str) -> float:
        start = process_time()
        snippet(query, "", text, "")
        return process_time() - start

    seconds("warm a 京")
    for text in ("a ", "京", "a.. ", "e\u0301", "\u0301", '"'):
        short, long = (min(seconds(text * times) for _ in range(3)) for times in (2_000, 20_000))
        assert long < 40 * short + 0.05, text  # 10 where it grows with it, 100 with its square
