"""The JSON that a page filled by JavaScript carries: in a script by its id (__NEXT_DATA__), or assigned to a name
(window.__INITIAL_STATE__ = {...}). Pure; raises only ParseError.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from aggregator.errors import ParseError

_PARSED_TEXT = re.compile(r"JSON\.parse\(\s*(?=\")")


def embedded_json(html: bytes, url: str, name: str) -> Any:
    """The object in <script id="NAME">, else the one behind `NAME =`, plain or inside JSON.parse("...").

    Raises:
        ParseError: the page has no such script, or what stands in it is no JSON.
    """
    text = html.decode("utf-8", "replace")
    start = _script(text, name) or _assignment(text, name)
    if start is None:
        raise ParseError(
            url, f'expected a script with the id "{name}" or with {name} = {{...}}; there is none'
        )
    quoted = _PARSED_TEXT.match(text, start)
    try:
        found = _first_value(text, quoted.end() if quoted else start)
        return json.loads(found) if quoted else found
    except (ValueError, TypeError, RecursionError) as error:
        raise ParseError(url, f"expected JSON in the script {name}: {error}") from error


def objects_in(state: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in it, however deep, in the order of the text: outer ones before those inside them."""
    waiting = [state]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def _script(text: str, name: str) -> int | None:
    found = re.search(
        rf"""<script\b[^>]{{0,500}}\bid=["']?{re.escape(name)}(?=["'\s>])[^>]{{0,500}}>""", text
    )
    return found.end() if found else None


def _assignment(text: str, name: str) -> int | None:
    found = re.search(rf"""(?<![\w$]){re.escape(name)}["']?\]?\s*=\s*(?=[{{\[J])""", text)
    return found.end() if found else None


def _first_value(text: str, start: int) -> Any:
    begin = start
    while begin < len(text) and text[begin].isspace():
        begin += 1
    return json.JSONDecoder().raw_decode(text, begin)[0]
