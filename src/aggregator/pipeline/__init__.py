"""The one path in sequence; decides nothing.

poll.py     claim -> fetch -> parse -> normalize -> identify -> store, per feed, in one transaction
            reading.py  a document to what it says     parts.py   a sitemap index and its parts as one document
            record.py   answers to rows, by one thread visit.py   an article's own page, after the feeds
            address.py  where a feed is asked now       retain.py  what is kept no longer
link.py     store -> copies, neighbours, stories, over what is new since the last pass
            constrain.py  as editors allow              representatives.py  which copy is shown
lists.py    store -> select: related lists, topic lists, top stories
discover.py, preview.py, sample.py   a site's feeds; what a source would bring; its pages for a fixture
verdicts.py, labels.py, why.py       what editors decide, as labelled data, and what became of an address
"""
