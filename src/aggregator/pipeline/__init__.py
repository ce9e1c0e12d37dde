"""The one path in sequence; decides nothing.

poll.py    claim -> fetch -> parse -> normalize -> identify -> store, per feed, in one transaction
link.py    store -> copies, neighbours, stories, over what is new since the last pass
lists.py   store -> select: related lists, topic lists, top stories
"""
