"""Feed + FeedState -> Document | NotModified | FetchError. The only sockets of the program.

client.py      one exchange: conditional GET, redirects, deadline, limits, statuses; the one module that imports httpx
guard.py       which addresses may be contacted
connection.py  a stream to a checked address, TLS, proxies
wire.py        HTTP/1.1 read from a stranger
status.py      which error a status is
challenge.py   pages that ask for proof of being human
decode.py      Content-Encoding undone within bounds
headers.py     what header values mean
budget.py      bytes held at a time
robots.py      robots.txt, for pages
poller.py      many feeds at once, each host at its own pace
"""

from aggregator.fetch.client import Fetcher
from aggregator.fetch.guard import Resolver, is_public
from aggregator.fetch.poller import Poller

__all__ = ["Fetcher", "Poller", "Resolver", "is_public"]
