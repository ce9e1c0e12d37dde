"""plain_text and its kin: what of a feed's markup becomes text, and what never does."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.normalize import cut_at_sentence, cut_at_word, paragraphs, plain_text

markup = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "&",
            "&amp;",
            "&lt;",
            "&#0;",
            "&#x",
            ";",
            "<b>",
            "</b>",
            "<p",
            "<script>",
            "<!--",
            "-->",
            "<![CDATA[",
        ]
    )
    | st.sampled_from(
        ["\x00", "\x1b[31m", "\u202e", "\u200d", "\u0301", "\ud800", "\u2029", "👩", " ", '"', "'", "='"]
    )
    | st.text(max_size=4),
    max_size=20,
).map("".join)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Harbour strike ends", "Harbour strike ends"),
        ("  Harbour\n\tstrike\u00a0 ends ", "Harbour strike ends"),
        ("<b>Fast</b> &amp;amp; free", "Fast & free"),
        ("Fish &amp; chips", "Fish & chips"),
        ("Fish & chips < pie", "Fish & chips < pie"),
        ("caf&eacute; &#8364;5 &#x201C;now&#x201D;", "café €5 “now”"),
        ("<p>One.</p><p>Two.</p>Three<br>four", "One. Two. Three four"),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("<iframe src='https://ledger.example'>inside</iframe>text", "text"),
        ("<svg><title>icon</title></svg>text", "text"),
        ("<form><button>Send</button></form>text", "text"),
        ("<figure><img><figcaption>Somebody/Agency</figcaption></figure>text", "text"),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ("x <![CDATA[foo]]> y", "x foo y"),
        ("before<!-- comment -->after", "beforeafter"),
        ("text<a title='unclosed", "text"),
        # Escaped once more than markup: words about markup, unless it is plain formatting that a generator escaped twice.
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("Why &lt;b&gt; is not &lt;strong&gt;", "Why <b> is not <strong>"),
        ("&lt;p&gt;A &lt;b&gt;bold&lt;/b&gt; step&lt;/p&gt;", "A bold step"),
        ("&amp;lt;i&amp;gt;x&amp;lt;/i&amp;gt;", "x"),
    ],
)
def test_markup_becomes_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\x00b&#0;c&#x0000;d", "abcd"),
        ("a\x01b\x1fc&#1;d&#x1F;e\x7ff", "abcdef"),
        ("a\ud800b&#xD800;c&#55296;d&#x110000;e", "abcde"),
        ("abc\u202edef\u202c\u2066x\u2069\u200ey", "abcdefxy"),
        ("zero\u200bwidth\ufeff\u2060 soft\u00adhyphen", "zerowidth softhyphen"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red ]0;title"),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("a\u200db \u200c", "ab"),
        ("cafe\u0301", "café"),
        ("line\u2028one\u2029two\x85three", "line one two three"),
    ],
)
def test_nothing_unprintable_is_left(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧 family",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇺🇦 👍🏽 ❤️",
        "می‌خواهم",
        "नमस्‍ते",
        "Việt Nam ấm",
        "שָׁלוֹם",
        "กำลัง",
        "你好，世界。",
        "한국어",
    ],
)
def test_what_writing_systems_need_stays(text: str) -> None:
    assert plain_text(text) == unicodedata.normalize("NFC", text)


def test_piled_marks_are_bounded() -> None:
    assert len(plain_text("Z" + "\u0301\u0316\u0489" * 2_000 + "algo")) < 12


@pytest.mark.parametrize(
    "template",
    ["{{7*7}} ${7*7} %(x)s {0.__class__}", "'; DROP TABLE items; --", "=HYPERLINK(1)", "../../etc/cron.d/x"],
)
def test_text_that_means_something_elsewhere_is_only_text(template: str) -> None:
    assert plain_text(template) == template


@given(markup)
@settings(max_examples=400, deadline=None)
def test_any_text_gives_printable_normalised_single_line_text(text: str) -> None:
    plain = plain_text(text)
    plain.encode("utf-8")
    assert plain == " ".join(plain.split())
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in plain)
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b") & set(plain)
    assert unicodedata.is_normalized("NFC", plain)
    assert len(plain_text(text, limit=20)) <= 20


@given(markup)
@settings(max_examples=200, deadline=None)
def test_paragraphs_say_what_the_line_says(text: str) -> None:
    assert "".join(paragraphs(text).split()) == "".join(plain_text(text).split())


@pytest.mark.parametrize(
    "hostile",
    [
        "<" * 30_000, "&" * 30_000, " " * 30_000, "<& " * 10_000, '<a title="' + "x" * 200_000, "<b>" * 20_000,
        "&#" * 15_000,
        "</p" * 20_000, "<p " * 50_000, "&lt;p " * 30_000, "<br " * 30_000, "\u0301" * 30_000,
        "a\u200d" * 30_000, "\x1b[" * 30_000,
        "<![CDATA[" * 10_000, "x. " * 20_000, "<!--" * 10_000, "x" * 1_048_576,
    ],
)  # fmt: skip
def test_linear_time(hostile: str) -> None:
    started = time.process_time()
    plain_text(hostile, limit=500)
    cut_at_sentence(paragraphs(hostile), 500)
    assert time.process_time() - started < 1.5


def test_paragraphs_are_separated_by_a_blank_line() -> None:
    assert (
        paragraphs("<p>One</p><p>Two &lt;x&gt;</p>three<br><br>four<br>five")
        == "One\n\nTwo <x>\n\nthree\n\nfour five"
    )
    assert paragraphs("word " * 100, limit=52) == ("word " * 10).strip() + "…"


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 10, "short"),
        ("one two three four", 10, "one two…"),
        ("one, two three", 9, "one, two…"),
        ("漢" * 30, 10, "漢" * 9 + "…"),
    ],
)
def test_cut_at_a_word(text: str, limit: int, cut: str) -> None:
    assert cut_at_word(text, limit) == cut


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("The port reopened. Ships left at dawn.", 30, "The port reopened."),
        ("“It is over.” Ships left at dawn on Monday.", 30, "“It is over.”"),
        (
            "On Monday Sen. Roe and Gov. Doe of the U.S. Senate met for hours",
            40,
            "On Monday Sen. Roe and Gov. Doe of the…",
        ),
        ("港は再開した。船は夜明けに出た。次の日も。", 17, "港は再開した。船は夜明けに出た。"),
        ("Prices rose 2.5 per cent. Wages did not", 30, "Prices rose 2.5 per cent."),
        (
            "A. " + "long words without an end " * 9,
            60,
            "A. long words without an end long words without an end long…",
        ),
    ],
)
def test_cut_at_a_sentence(text: str, limit: int, cut: str) -> None:
    assert cut_at_sentence(text, limit) == cut
    assert len(cut) <= limit
