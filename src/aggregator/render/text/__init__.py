"""Nouns -> text for people: cards where headlines are read, tables where rows are compared. Pure: the screen is an argument.

Readable from 10 to 300 columns; what a stored text holds is shown, never obeyed (no markup, no escape reaches a terminal).

screen.py  how text is laid out     cards.py  items, lists, stories
tables.py  items, outlets, polls    run.py    a poll while it runs
detail.py  one item in full         health.py how feeds are, what doctor found
revisions.py  what changed in it    why.py    what became of an address, what editors decided
"""

from aggregator.render.text.cards import articles, entries, heading, stories
from aggregator.render.text.health import findings, gaps, last
from aggregator.render.text.run import poll_line, poll_totals, visit_totals
from aggregator.render.text.screen import NARROW, Screen
from aggregator.render.text.tables import cell, facts, items, polls, rows, sources, status, terms, topics
from aggregator.render.text.why import verdicts, why

__all__ = [
    "NARROW",
    "Screen",
    "articles",
    "cell",
    "entries",
    "facts",
    "findings",
    "gaps",
    "heading",
    "items",
    "last",
    "poll_line",
    "poll_totals",
    "polls",
    "rows",
    "sources",
    "status",
    "stories",
    "terms",
    "topics",
    "verdicts",
    "visit_totals",
    "why",
]
