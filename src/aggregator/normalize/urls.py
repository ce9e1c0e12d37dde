"""A URL as an outlet wrote it -> as readers may follow it, and as we recognise the article by it.

Nothing here raises, whatever the text. Both functions are idempotent.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

import idna

URL_LIMIT = 2_000  # characters; what browsers, mail programs and sitemaps still carry
_LOOKED_AT = 5 * URL_LIMIT  # longer ones are not taken apart: some rules are not linear
_HOST_LIMIT = 253  # RFC 1035, 2.3.4, without the final dot

# What no reader sees and no server needs: C0, C1, soft hyphen, zero-width characters, bidi controls, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)
# What nearly every link looks like: nothing in it needs a second look (twice as fast as the general way).
_PLAIN = re.compile(
    r"(https?)://([a-z0-9.-]+)(/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*)?(\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*)?(#[A-Za-z0-9\-._~!/=&]*)?\Z"
)
_HTTP = re.compile(r"https?:[/\\]{2}([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z", re.IGNORECASE | re.DOTALL)
_AMP_ENTITY = re.compile(r"&(?:amp;)+", re.IGNORECASE)  # escaped once more than the feed's own syntax undoes
# RFC 3986, section 2: what may stand in a path, query or fragment. "[", "]" and "|" are let through as browsers do.
_UNSAFE = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%|]+")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\Z")
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]\Z")


class _Parts(NamedTuple):
    scheme: str
    host: str  # lower case, punycode, without the final dot
    port: str  # "" or ":8080"
    path: str
    query: str  # "" or "?..."
    fragment: str  # "" or "#..."


def followable_url(url: str) -> str | None:
    """The address readers are sent to: absolute http(s), host in punycode, no credentials, at most 2,000 characters.

    Returns:
        None when the text is anything else: another scheme however disguised (white space, control characters and
        entities inside "javascript:" do not make it http), no host, an impossible host or port, or too long.
    """
    parts = _split(url)
    return _bounded(_followable(parts)) if parts else None


def canonical_url(url: str) -> str | None:
    """One spelling for all the addresses under which an outlet serves one article; None when none may be followed.

    Folded: scheme (https), host case and IDNA, default ports, www/m/mobile/amp hosts, AMP paths, parameters and caches,
    percent-encoding (RFC 3986, 6.2.2), dot segments, doubled and trailing slashes, index files, session and tracking
    parameters, parameter order, fragments (but "#!", which names content). The result is a key: it may not resolve.

    >>> canonical_url("http://www.Example.com:80/a/../News//42/?utm_source=rss&id=7#top")
    'https://example.com/News/42?id=7'
    """
    parts = _split(url)
    return _bounded(_canonical(parts)) if parts else None


def addresses(url: str) -> tuple[str | None, str | None]:
    """followable_url and canonical_url of one text at the price of one: this runs for every entry of every poll."""
    parts = _split(url)
    if parts is None or (followable := _bounded(_followable(parts))) is None:
        return None, None
    return followable, _bounded(_canonical(parts))


def same_site(a: str, b: str) -> bool:
    """Whether two URLs belong to one registrable domain, so that one may speak for the other (rel=canonical)."""
    one, other = _split(a), _split(b)
    return one is not None and other is not None and _site(one.host) == _site(other.host)


def url_host(url: str) -> str:
    """The host of a followable URL without www/m/mobile/amp, in punycode; "" when there is none."""
    parts = _split(url)
    return _plain_host(parts.host) if parts else ""


def _bounded(url: str) -> str | None:
    return url if len(url) <= URL_LIMIT else None


def _followable(parts: _Parts) -> str:
    return f"{parts.scheme}://{parts.host}{parts.port}{parts.path}{parts.query}{parts.fragment}"


def _canonical(parts: _Parts) -> str:
    while (inner := _inside_amp_cache(parts)) is not None:
        parts = inner
    host = _plain_host(parts.host)
    port = "" if parts.port in (":80", ":443") else parts.port
    path = _plain_path(parts.path)
    query = _plain_query(parts.query, host, path) if parts.query else ""
    fragment = _fold_percent(parts.fragment) if parts.fragment.startswith("#!") else ""
    return f"https://{host}{port}{path}{query}{fragment}"


def _split(url: str) -> _Parts | None:
    plain = _PLAIN.match(url) if len(url) <= _LOOKED_AT else None
    if plain and "&amp;" not in url and (split := _host_and_port(plain[2])):
        scheme, _, path, query, fragment = plain.groups("")
        return _Parts(
            scheme, *split, path or "/", query if query != "?" else "", fragment if fragment != "#" else ""
        )
    url = url.strip()
    if not url.isascii() or not url.isprintable():
        url = _INVISIBLE.sub("", url).strip()
    if len(url) > _LOOKED_AT:
        return None
    match = _HTTP.match(url)
    if match is None:
        return None
    authority, path, query, fragment = match.groups("")
    split = _host_and_port(authority)
    if split is None:
        return None
    if "\\" in path:  # as browsers read it (WHATWG URL, special schemes)
        path = path.replace("\\", "/")
    if "&amp;" in query:
        query = _AMP_ENTITY.sub("&", query)
    return _Parts(
        "https" if url[4] in "sS" else "http",
        *split,
        _escape(path) or "/",
        _escape(query) if len(query) > 1 else "",
        _escape(fragment) if len(fragment) > 1 else "",
    )


def _escape(text: str) -> str:
    if _UNSAFE.search(text):
        text = _UNSAFE.sub(lambda match: quote(match[0], safe="", errors="replace"), text)
    if "%" in text:
        text = _BARE_PERCENT.sub("%25", text)
    return text


@lru_cache(maxsize=4_096)  # feeds name few hosts, thousands of times
def _host_and_port(authority: str) -> tuple[str, str] | None:
    host = authority.rpartition("@")[2].strip()  # credentials are nobody's business
    port = ""
    if not host.endswith("]"):
        host, colon, digits = host.rpartition(":") if ":" in host else (host, "", "")
        if colon and digits:
            if not (digits.isascii() and digits.isdecimal()) or len(digits) > 5 or int(digits) > 65_535:
                return None
            port = f":{int(digits)}"
    if "%" in host:
        host = _INVISIBLE.sub("", unquote(host, errors="replace"))
    if (
        len(host) > _HOST_LIMIT + 1
    ):  # punycode is longer still, and takes quadratic time: 8 s for 8,000 letters
        return None
    host = _ascii_host(host.lower())
    if len(host) > _HOST_LIMIT or not (_HOST.match(host) or _IPV6.match(host)) or ".." in host:
        return None
    return host, port


def _ascii_host(host: str) -> str:
    """Punycode as browsers compute it (UTS 46); names that IDNA 2008 forbids, such as emoji, as the older rule had them."""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            try:
                host = host.encode("idna").decode("ascii")
            except UnicodeError:
                return ""
    return host.lower().rstrip(".")


# --- hosts -----------------------------------------------------------------------------------------------------

# Second levels under which names are handed out in country domains, and services where every customer has a host.
# Not the whole public suffix list: a wrong guess costs a missed rel=canonical or an unstripped "m.", no more.
_SECOND_LEVELS = frozenset(
    [
        "ac",
        "co",
        "com",
        "edu",
        "gob",
        "gov",
        "gouv",
        "go",
        "info",
        "mil",
        "ne",
        "net",
        "nom",
        "or",
        "org",
        "plc",
    ]
)
_SHARED_HOSTS = frozenset(
    [
        "blogspot.com",
        "github.io",
        "gitlab.io",
        "herokuapp.com",
        "livejournal.com",
        "medium.com",
        "netlify.app",
        "pages.dev",
        "substack.com",
        "tumblr.com",
        "typepad.com",
        "vercel.app",
        "web.app",
        "wixsite.com",
        "wordpress.com",
    ]
)
_FACES = re.compile(r"(?:www?\d{0,2}|m|mobile|mobil|amp|touch|wap)\.")  # one site, several front doors


def _suffix_length(labels: list[str]) -> int:
    if ".".join(labels[-2:]) in _SHARED_HOSTS:
        return 2
    return 2 if len(labels) > 1 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS else 1


@lru_cache(maxsize=4_096)
def _site(host: str) -> str:
    if host.startswith("[") or host.replace(".", "").isdigit():
        return host
    labels = host.split(".")
    return ".".join(labels[-_suffix_length(labels) - 1 :])


@lru_cache(maxsize=4_096)
def _plain_host(host: str) -> str:
    while match := _FACES.match(host):
        rest = host[match.end() :]
        labels = rest.split(".")
        if len(labels) <= _suffix_length(labels):  # m.com, amp.dev, m.co.uk are names in their own right
            break
        host = rest
    return host


_AMP_CACHES = re.compile(r".*\.cdn\.ampproject\.org\Z|(?:www\.)?google\.[a-z.]{2,6}\Z")
_AMP_CACHE_PATH = re.compile(r"/(?:amp|[acvw])/(s/)?([^/]+\.[^/]+)(/.*)?\Z", re.DOTALL)


def _inside_amp_cache(parts: _Parts) -> _Parts | None:
    """The outlet's own address inside a cache's: name.cdn.ampproject.org/c/s/host/path, google.com/amp/s/host/path."""
    if not _AMP_CACHES.match(parts.host):
        return None
    match = _AMP_CACHE_PATH.match(_without_dots(_fold_percent(parts.path)))
    if match is None or (split := _host_and_port(match[2])) is None:
        return None
    return _Parts("https" if match[1] else "http", *split, match[3] or "/", parts.query, "")


# --- paths -----------------------------------------------------------------------------------------------------

_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid|sessionid)=[^/;]*", re.IGNORECASE)
_ODD_PATH = re.compile(r"//|/\.|;|%")
_FILLERS = re.compile(
    r"(?:(?:index|default)\.(?:html?|php\d?|aspx?|jsp|cfm|shtml)|amp(?:\.html?)?)\Z", re.IGNORECASE
)
_AMP_ENDING = re.compile(r"\.amp(?=\.html?\Z|\Z)", re.IGNORECASE)


def _fold_percent(text: str) -> str:
    if "%" not in text:
        return text

    def fold(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ENCODED.sub(fold, text)


def _plain_path(path: str) -> str:
    if _ODD_PATH.search(path):
        path = _without_dots(_SESSION_IN_PATH.sub("", _fold_percent(path)))
    while path.startswith("/amp/") and len(path) > 5:
        path = path[4:]
    while path:
        head, _, last = path.rpartition("/")
        if not last or _FILLERS.match(last):
            path = head
        elif ".amp" in last and (bare := _AMP_ENDING.sub("", last)) != last:
            path = f"{head}/{bare}"
        else:
            break
    return path or "/"


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, and doubled slashes as one."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept)


# --- parameters ------------------------------------------------------------------------------------------------

# Names that never choose the article: campaign, click and session identifiers.
_TRACKING_PREFIXES = (
    "utm_",  # Google Analytics and everybody after it
    "at_",  # AT Internet (BBC, Le Monde): at_medium, at_campaign, at_custom1
    "ns_",  # comScore: ns_mchannel, ns_source, ns_campaign
    "mc_",  # Mailchimp: mc_cid, mc_eid
    "pk_",
    "piwik_",
    "mtm_",
    "matomo_",
    "hsa_",
    "_hs",  # HubSpot: _hsenc, _hsmi
    "__hs",
    "vero_",
    "oly_",  # Omeda
    "itm_",
    "intcid",
    "trk_",
    "wt.",  # Webtrends: WT.mc_id
    "wt_",
    "sc_",
    "ga_",
    "__twitter_",
    "fb_",
    "aspsessionid",
)
_TRACKING_NAMES = """
    _ _amp _ga _ga_source _gl _t amp amp_gsa amp_js_v bxid cachebuster cache_buster campaignid campaign_id cb cfid
    cftoken cid_source cmp cmpid cmpids cndid dclid dgcid emc epik esrc fbclid feature_share from_rss fromfeed fromrss
    ftag ftcamp ftrack gaa_at gaa_n gaa_sig gaa_ts gbraid gclid gclsrc guccounter guce_referrer guce_referrer_sig icid
    ico igsh igshid isamp ito jsessionid li_fat_id mbid mkt_tok mobile_app msclkid ncid newsletter newsletter_id nl
    nlid noamp nocache nwltid ocid oscsid output_rss outputtype partnerid phpsessid rand random_id recirc
    recirculation ref ref_ ref_src ref_url refer referer referral referrer refid reflink refsrc rssfeed s_cid s_kwcid
    sess sessid session session_id sessionid share share_from share_id share_token shared sharedfrom shareid sharetype
    smart_share smid smprod smtyp soc_src soc_trk spjobid spmailingid spreportid spuserid sr_share te tracker tracking
    trackingid traffic_source triedredirect tsrc ttclid twclid unlocked_article_code usqp wbraid wpisrc wpmm xtor
    xtref yclid ymclid zenid
"""
_TRACKING = frozenset(_TRACKING_NAMES.split())
# Names that sometimes choose content: dropped only when the value names a way in.
_WAYS_IN_NAMES = (
    "campaign channel feed from link medium origin partner pos position service source src traffic via widget"
)
_WAYS_IN = frozenset(_WAYS_IN_NAMES.split())
_WAY_IN = re.compile(
    r"(?:rss|feed|atom|twitter|tw\b|facebook|fb\b|linkedin|instagram|telegram|whatsapp|reddit|social|share|e?mail|newsletter|nl\b|"
    r"push|notification|google|news_?now|flipboard|apple|yahoo|msn|home|hp\b|hp_|homepage|front|nav|trend|most|popular|recommend|related|"
    r"sidebar|ticker|teaser|search|mobile|app\b|web\b|desktop|e2tw|e2fb|article_inline|amp\b)",
    re.IGNORECASE,
)
_CLOCKS = frozenset(["ts", "t", "time", "timestamp", "date", "v", "ver", "rnd", "r"])
_CLOCK = re.compile(r"1[0-9]{9}(?:\.?[0-9]{3})?\Z")  # Unix seconds or milliseconds: a cache buster
_PARAMETERS_OF_HOST = {"news.google.com": frozenset(["oc", "hl", "gl", "ceid"])}
_SCRIPT = re.compile(r"\.(?:php\d?|pl|cgi|aspx?|jsp|do|cfm)\Z", re.IGNORECASE)


def _plain_query(query: str, host: str, path: str) -> str:
    of_host = _PARAMETERS_OF_HOST.get(host, frozenset())
    pairs = {
        pair
        for pair in _fold_percent(query[1:]).split("&")
        if pair and pair != "=" and not _tells_nothing(pair, path) and pair.partition("=")[0] not in of_host
    }
    return "?" + "&".join(sorted(pairs)) if pairs else ""


def _tells_nothing(pair: str, path: str) -> bool:
    name, _, value = pair.replace("%3D", "=", 1).partition("=")  # some links have been encoded as a whole
    name = name.lower()
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    if name in _WAYS_IN:
        return _WAY_IN.match(value) is not None
    if name in _CLOCKS:
        return _CLOCK.match(value) is not None
    # A script may take its story by sid or its module by mod (article.pl?sid=12/3); elsewhere: session, referrer.
    return name in ("sid", "mod") and not (len(value) < 16 and _SCRIPT.search(path))
