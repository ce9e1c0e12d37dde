"""canonical_url, followable_url, same_site: which addresses are one article, and which may be followed at all."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.normalize import URL_LIMIT, canonical_url, followable_url, same_site
from aggregator.normalize.urls import addresses

ONE_ARTICLE = "https://ledger.example/world/2023/10/11/harbour-strike-ends"

# Fragments of which hostile and odd addresses are made, so that random texts come near to real ones.
PIECES = [
    "http://", "https://", "HTTP://", "//", "/", "\\", "www.", "m.", "amp.", "ledger.example",
    "Ledger.EXAMPLE", "bücher.example",
    ":80", ":443", ":8080", ":99999", "user:secret@", "amp", "/amp/", ".amp", ".html", "/index.html", "/../",
    "/./", "//", "%2e", "%2F",
    "%zz", "%C3%BC", "ü", "?", "&", "&amp;", "=", "utm_source=rss", "id=7", "sid=", "amp=1", "#", "#!/",
    ";jsessionid=1", "\x00", "\t",
    "\u202e", "\ud800", " ", "[::1]", "127.0.0.1", "x.cdn.ampproject.org", "google.com", "/amp/s/", "/c/s/",
    "javascript:", "data:",
]  # fmt: skip
odd_urls = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)
near_urls = odd_urls.map(lambda rest: "https://ledger.example/" + rest)


@pytest.mark.parametrize(
    "url",
    [
        "http://ledger.example/world/2023/10/11/harbour-strike-ends",
        "https://www.ledger.example/world/2023/10/11/harbour-strike-ends/",
        "HTTPS://WWW.Ledger.Example:443/world/2023/10/11/harbour-strike-ends#comments",
        "http://ledger.example:80/world/2023/10/11/harbour-strike-ends",
        "https://m.ledger.example/world/2023/10/11/harbour-strike-ends",
        "https://mobile.ledger.example/world/2023/10/11/harbour-strike-ends",
        "https://amp.ledger.example/world/2023/10/11/harbour-strike-ends",
        "https://www.m.ledger.example/world/2023/10/11/harbour-strike-ends",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends/amp",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends/amp/",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends.amp",
        "https://ledger.example/amp/world/2023/10/11/harbour-strike-ends",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?amp=1",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?outputType=amp",
        "https://www-ledger-example.cdn.ampproject.org/c/s/www.ledger.example/world/2023/10/11/harbour-strike-ends/amp",
        "https://www.google.com/amp/s/www.ledger.example/world/2023/10/11/harbour-strike-ends",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?utm_source=rss&utm_medium=feed",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?fbclid=IwAR0&gclid=x&mc_cid=1&mc_eid=2",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?at_medium=RSS&at_campaign=KARANGA",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?ns_mchannel=rss&ns_campaign=1490&ito=1490",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?cmpid=RSS&ocid=news&smid=tw&CMP=share_btn_tw",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?traffic_source=rss",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?mod=rss_markets_main",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?mod%3Dhp_lead_pos2",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?ref=homepage&source=twitter",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?PHPSESSID=0f3a&sid=8c2b11",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends;jsessionid=0F3A",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends?_=1697012345678&ts=1697012345",
        "https://ledger.example/world//2023/10/./11/x/../harbour-strike-ends",
        "https://ledger.example/world/2023/10/11/harbour%2Dstrike%2dends",
        "https://ledger.example/world/2023/10/11/harbour-strike-ends/index.html",
        "https://editor:secret@ledger.example/world/2023/10/11/harbour-strike-ends",
        "  https://ledger.example/world/2023/10/11/harbour-strike-ends\n",
        "https://ledger.example/world/2023/10/11/harbour\u200b-strike-ends",
        "https:\\\\ledger.example\\world\\2023\\10\\11\\harbour-strike-ends",
    ],
)
def test_all_addresses_of_one_article_are_one(url: str) -> None:
    assert canonical_url(url) == ONE_ARTICLE


@pytest.mark.parametrize(
    "url",
    [
        "https://ledger.example/?p=123",
        "https://ledger.example/Story?id=103881234",
        "https://ledger.example/article.php?story=20231011",
        "https://ledger.example/article.pl?sid=23/10/11",
        "https://ledger.example/modules.php?mod=view&sid=412",
        "https://ledger.example/watch?v=dQw4w9WgXcQ",
        "https://ledger.example/news?article=7&page=2",
        "https://ledger.example/go?source=parliament-17",
        "https://ledger.example/News/CaseMatters",
        "https://ledger.example/#!/story/7",
        "https://ledger.example:8443/a",
        "https://live.ledger.example/a",
        "https://m.example/a",
        "https://amp.dev/a",
        "https://m.co.uk/a",
        "https://ledger.example/campaign/a",
        "https://ledger.example/a.amplified",
        "https://ledger.example/index",
    ],
)
def test_what_identifies_an_article_stays(url: str) -> None:
    assert canonical_url(url) == url


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://ledger.example", "https://ledger.example/"),
        ("https://ledger.example/?", "https://ledger.example/"),
        ("https://ledger.example/a?b=2&a=1&a=1", "https://ledger.example/a?a=1&b=2"),
        ("https://ledger.example/a?a=1&amp;b=2", "https://ledger.example/a?a=1&b=2"),
        ("https://ledger.example/%e4%bd%a0", "https://ledger.example/%E4%BD%A0"),
        ("https://ledger.example/你", "https://ledger.example/%E4%BD%A0"),
        ("https://ledger.example/50%", "https://ledger.example/50%25"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("https://BÜCHER.example/a", "https://xn--bcher-kva.example/a"),
        ("https://straße.example/a", "https://xn--strae-oqa.example/a"),
        ("https://ledger.example./a", "https://ledger.example/a"),
        ("https://[::1]:8080/a", "https://[::1]:8080/a"),
        ("https://news.google.com/rss/articles/CBMi?oc=5", "https://news.google.com/rss/articles/CBMi"),
    ],
)
def test_one_spelling(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "javascript:alert(1)", "java\tscript:alert(1)", "java\x01script:alert(1)",
        "&#106;avascript:alert(1)",
        "JaVaScRiPt://ledger.example/%0aalert(1)", "data:text/html,<script>", "vbscript:x",
        "file:///etc/passwd", "ftp://ledger.example/a",
        "mailto:desk@ledger.example", "/relative", "relative", "//ledger.example/a", "http://", "http:///a",
        "https:ledger.example",
        "https://ledger.example:99999/", "https://ledger.example:port/", "https://led ger.example/",
        "https://ledger..example/",
        "https://<script>/", "https://-/", "https://%00/", "https://" + "a" * 300 + ".example/", "http://[::1",
        "https://?a", "x" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_not_followed(text: str) -> None:
    assert followable_url(text) is None
    assert canonical_url(text) is None
    assert addresses(text) == (None, None)


@pytest.mark.parametrize(
    ("url", "followable"),
    [
        ("http://www.ledger.example/a?utm_source=x#top", "http://www.ledger.example/a?utm_source=x#top"),
        ("https://editor:secret@ledger.example/a", "https://ledger.example/a"),
        ("https://ledger.example/a b", "https://ledger.example/a%20b"),
        ("\n https://ledger.example/a\t", "https://ledger.example/a"),
        ("ht\ntps://ledger.example/a", "https://ledger.example/a"),
        ('https://ledger.example/"><script>', "https://ledger.example/%22%3E%3Cscript%3E"),
        ("https://ledger.example/a\u202egnp.exe", "https://ledger.example/agnp.exe"),
        ("https://ledgеr.example/a", "https://xn--ledgr-2we.example/a"),  # a Cyrillic letter in the host
        ("https://led\u202eger.example/a", "https://ledger.example/a"),
        ("https://ledger.example/\ud800", "https://ledger.example/"),
        ("https://😀.example/", "https://xn--e28h.example/"),
        ("https://ledger.example?x=1", "https://ledger.example/?x=1"),
    ],
)
def test_what_readers_follow(url: str, followable: str) -> None:
    assert followable_url(url) == followable


def test_a_link_is_bounded() -> None:
    fits = "https://ledger.example/" + "a" * (URL_LIMIT - 23)
    assert followable_url(fits) == fits
    assert followable_url(fits + "a") is None
    assert followable_url("https://ledger.example/" + "a" * 100_000) is None


@given(odd_urls | near_urls | st.text())
@example("https://x.cdn.ampproject.org//c/s/a.example/x")
@example("https://ledger.example/story.amp.amp")
@example("https://ledger.example/amp/amp")
@example("http://ledger.example:443/")
@example("https://google.com/amp/s/google.com/amp/s/ledger.example")
@example("https://ledger.example/%2561")
@settings(max_examples=400, deadline=None)
def test_canonical_is_idempotent_and_never_raises(text: str) -> None:
    canonical = canonical_url(text)
    if canonical is not None:
        assert canonical_url(canonical) == canonical
        assert canonical.startswith("https://") and canonical.isascii() and len(canonical) <= URL_LIMIT


@given(odd_urls | near_urls | st.text())
@settings(max_examples=400, deadline=None)
def test_what_is_followed_is_a_plain_web_address(text: str) -> None:
    followable = followable_url(text)
    if followable is not None:
        assert followable.startswith(("http://", "https://"))
        assert followable.isascii() and followable.isprintable() and not set(' "<>\\') & set(followable)
        assert "@" not in followable.partition("://")[2].partition("/")[0]
        assert followable_url(followable) == followable
        assert addresses(text) == (followable, canonical_url(text))
        assert canonical_url(followable) == canonical_url(text)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://www.ledger.example/a", "http://m.ledger.example/b", True),
        ("https://edition.ledger.co.uk/a", "https://ledger.co.uk/b", True),
        ("https://ledger.co.uk/a", "https://courier.co.uk/a", False),
        ("https://ledger.example/a", "https://ledger.example.courier.example/a", False),
        ("https://one.substack.com/a", "https://two.substack.com/a", False),
        ("https://127.0.0.1/a", "https://127.0.0.2/a", False),
        ("https://127.0.0.1/a", "http://127.0.0.1:8080/b", True),
        ("https://ledger.example/a", "javascript:alert(1)", False),
        ("nothing", "nothing", False),
    ],
)
def test_only_the_same_site_speaks_for_an_article(a: str, b: str, same: bool) -> None:
    assert same_site(a, b) is same


@pytest.mark.parametrize(
    "character", ["/", "%", "&", "?", ".", "amp/", "../", "www.", "a@", ";", "%2e/", "=", "\\", "\u202e", "ü"]
)
def test_linear_in_hostile_addresses(character: str) -> None:
    started = time.process_time()
    canonical_url("https://ledger.example/" + character * 60_000)
    canonical_url("https://" + character * 60_000)
    canonical_url("https://google.com/amp/s/" * 3_000)
    assert time.process_time() - started < 1
