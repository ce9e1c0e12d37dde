"""The seed's case: under an article on earlier meetings of two presidents stand two reports of the coming one, which
are one story, and a third that shares the actor and the day, among a hundred articles on other things.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from aggregator import relate
from aggregator.model import Article, Item, Linked, Related
from aggregator.settings import RelateSettings
from relate_helpers import stored

NOW = datetime(2025, 8, 10, 12, tzinfo=UTC)
SETTINGS = RelateSettings()

ARTICLE = (
    "What to know about earlier meetings between Putin and American presidents",
    (
        "Meetings of Vladimir Putin with his American counterparts were common once and became rare after Russia annexed"
        " Crimea. Ahead of the Alaska talks with Donald Trump, a look back at them."
    ),
)
REPORTS = {
    "New York Post": (
        "Ukraine, European leaders counter Russian cease-fire plan ahead of Trump and Putin meeting",
        (
            "European officials turned down Vladimir Putin's demand that Ukraine give up territory and put forward their own"
            " plan before Donald Trump meets the Russian president in Alaska on Friday."
        ),
    ),
    "Yahoo": (
        "Ukraine's Zelenskiy rejects land concessions ahead of Trump-Putin talks",
        (
            "Ukraine will not give its territory away, President Volodymyr Zelenskiy said, as Washington and Moscow prepare"
            " the talks of Donald Trump and Vladimir Putin in Alaska."
        ),
    ),
    "Bloomberg": (
        "Lula, Putin discuss closer Brazil-Russia ties in phone call",
        (
            "Russian President Vladimir Putin called his Brazilian counterpart to speak about cooperation within BRICS, and"
            " told him of his talks with Washington on Ukraine."
        ),
    ),
}
SUBJECTS = (
    ("harbour strike", "Dock workers in Antwerp walked out over shifts and pay"),
    ("heatwave", "Temperatures reached forty degrees in Andalusia and firefighters stood by"),
    ("chip maker", "The Dutch supplier of lithography machines raised its outlook for the year"),
    ("cycling tour", "A breakaway of four riders stayed clear to the finish in the mountains"),
    ("bank merger", "Two regional lenders agreed to join and to close a third of their branches"),
    ("museum theft", "Coins from the Celtic hoard were taken at night from a Bavarian museum"),
    ("measles", "Doctors reported new infections among schoolchildren who were not vaccinated"),
    ("rail timetable", "Night trains between Vienna and Brussels return after a year of repairs"),
    ("opera", "The festival opened with a new production that divided the critics"),
    ("wheat prices", "Futures fell as the harvest in Kansas turned out larger than expected"),
    ("volcano", "Ash closed the airport of Catania and lava ran down an empty valley"),
    ("tennis final", "The qualifier from Prague won in three sets and wept on court"),
)
PLACES = ("Oslo", "Lisbon", "Turin", "Leeds", "Kraków", "Ghent", "Cork", "Malmö")


def article(number: int, title: str, teaser: str, outlet: str, hours: float) -> Article:
    at = NOW - timedelta(hours=hours)
    return stored(
        number,
        title,
        teaser,
        at=at,
        source_id=outlet.casefold().replace(" ", "-"),
        agency="Reuters" if outlet == "Yahoo" else "",
    )


def edition() -> list[Article]:
    """Ninety-six distractors, then the three reports and the article itself."""
    listed = [
        (
            f"{subject.capitalize()} in {place}: {teaser.split()[0].lower()} {number}",
            f"{teaser}, {place} heard.",
        )
        for number, place in enumerate(PLACES)
        for subject, teaser in SUBJECTS
    ]
    articles = [
        article(number, title, teaser, f"Outlet {number % 9}", 40 - number * 0.35)
        for number, (title, teaser) in enumerate(listed, start=1)
    ]
    for hours, outlet in ((2.0, "Yahoo"), (1.2, "New York Post"), (1.1, "Bloomberg")):
        articles.append(article(len(articles) + 1, *REPORTS[outlet], outlet, hours))
    articles.append(article(len(articles) + 1, *ARTICLE, "Associated Press", 0.5))
    return articles


class Edition:
    """An edition, linked and refined in memory."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.articles = {one.id: one for one in articles if one.id is not None}
        self.index = relate.WindowIndex()
        self.linked: list[Linked] = relate.link(
            list(self.articles.values()),
            self.index,
            owners={},
            settings=SETTINGS,
            since_id=lambda at: 1,
            story_of=lambda ids: {},
        )
        self.index.add(entry.row for entry in self.linked)
        self.stories = {entry.article_id: entry.story or entry.article_id for entry in self.linked}
        edges = [(entry.article_id, *edge) for entry in self.linked for edge in entry.neighbours]
        self.stories.update(relate.refine(edges, self.stories))

    def items_of(self, ids: Iterable[int]) -> Mapping[int, Item]:
        return {
            number: Item(
                article=self.articles[number],
                outlet=self.articles[number].source_id,
                story_id=str(self.stories[number]),
            )
            for number in ids
            if number in self.articles
        }

    def related(self, of: Article) -> dict[str, Related]:
        assert of.id is not None
        found = relate.related(
            relate.features(of, owner=""),
            self.index,
            items_of=self.items_of,
            settings=SETTINGS,
            since_id=1,
            until_id=None,
            now=NOW,
            limit=SETTINGS.limit,
            story_id=str(self.stories[of.id]),
        )
        return {entry.item.article.title: entry for entry in found}


@pytest.fixture(scope="module")
def linked() -> Edition:
    return Edition(edition())


def of(linked: Edition, title: str) -> Article:
    return next(one for one in linked.articles.values() if one.title == title)


def test_the_three_reports_stand_under_the_article_and_nothing_else_does(linked: Edition) -> None:
    shown = linked.related(of(linked, ARTICLE[0]))
    assert set(shown) == {title for title, _ in REPORTS.values()}


def test_the_two_reports_of_the_event_are_one_story_and_the_phone_call_is_related(linked: Edition) -> None:
    shown = linked.related(of(linked, REPORTS["Yahoo"][0]))
    assert shown[REPORTS["New York Post"][0]].relation == "same_story"
    assert shown[REPORTS["Bloomberg"][0]].relation == "related"


def test_reasons_name_shared_words_and_the_time_between(linked: Edition) -> None:
    shown = linked.related(of(linked, REPORTS["Yahoo"][0]))
    reasons = shown[REPORTS["New York Post"][0]].reasons
    assert reasons[0].startswith("shares ")
    assert "Alaska" in reasons[0] or "Putin" in reasons[0] or "Trump" in reasons[0]
    assert "48 minutes apart" in reasons
    assert "same story" in reasons
