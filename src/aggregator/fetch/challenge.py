"""An answer -> whether it is a page that asks for proof of being human, instead of what was asked for.

Such a page is an error of its own kind: parsed, it would become an article called "Just a moment...". It is never fought.
"""

import re
from collections.abc import Mapping

PEEK = 16_384
"""Bytes in which a challenge page shows itself."""

# Possessive and bounded throughout: these patterns meet whatever a stranger sends.
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype html|html|head|body|title|meta|script)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(
    rb"<title[^>]{0,200}>\s{0,200}(?:just a moment|attention required|access denied|please wait\b|ddos-guard|robot check"
    rb"|human verification|are you a robot|pardon our interruption|security check|verifying you are human"
    rb"|checking your browser|one moment, please|bot verification)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(rb"window\._cf_chl_opt|/_incapsula_resource\?|captcha-delivery\.com", re.IGNORECASE)


def headers_challenge(headers: Mapping[str, str]) -> bool:
    """Whether the headers say so themselves: Cloudflare's and AWS WAF's do."""
    return (
        headers.get("cf-mitigated", "").lower() == "challenge"
        or headers.get("x-amzn-waf-action", "").lower() in ("challenge", "captcha")
    )  # fmt: skip


def body_challenges(body: bytes) -> bool:
    """Whether a body, or its beginning, is an HTML page with the title or the script of a known challenge."""
    start = body[:PEEK]
    return bool(_HTML.match(start) and (_TITLE.search(start) or _SCRIPT.search(start)))
