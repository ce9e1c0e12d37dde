"""Related, Item, Story -> text, JSON, HTML, RSS, Atom, JSON Feed. Pure; escapes everything; times as of a given now.

ago.py       "an hour ago", and the full time beside it
jsonable.py  the JSON shapes
text/        tables and cards for a terminal
html.py      the sidebar
feeds.py     RSS 2.0, Atom, JSON Feed
"""

from aggregator.render.ago import ago
from aggregator.render.listing import Listing

__all__ = ["Listing", "ago"]
