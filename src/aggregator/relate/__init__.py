"""Articles -> what belongs together: copies, neighbours, stories, related lists, topics. Pure; asks a CandidateIndex.

tokens, terms, prior     words -> weighted terms
boilerplate              what an outlet repeats -> left out before comparing
shingles, vectors        words -> what copies and short texts are told by
features                 an article -> all of these -> a blob
index, scoring           candidates -> scores
copies, link             a new article -> its copies, neighbours, provisional story
communities, stories     the neighbour graph -> stories
constraints, editors     what editors decided -> stories and lists that honour it
labels                   what editors decided -> grades
selection, lists, topics, ranking    scores -> what readers see
"""

from aggregator.relate.boilerplate import Boilerplate
from aggregator.relate.copies import is_serial, similarity
from aggregator.relate.features import Features, features, from_blob, index_row, to_blob
from aggregator.relate.index import WindowIndex
from aggregator.relate.link import link
from aggregator.relate.lists import related
from aggregator.relate.ranking import headline, independent, top_stories
from aggregator.relate.selection import choose_representative
from aggregator.relate.stories import refine
from aggregator.relate.topics import match, rule, topic_list

__all__ = [
    "Boilerplate",
    "Features",
    "WindowIndex",
    "choose_representative",
    "features",
    "from_blob",
    "headline",
    "independent",
    "index_row",
    "is_serial",
    "link",
    "match",
    "refine",
    "related",
    "rule",
    "similarity",
    "to_blob",
    "top_stories",
    "topic_list",
]
