"""What an editor decided -> a few words about one of the articles. Pure."""

from aggregator.model import Decision, EditorVerdict

NAMES: dict[Decision, str] = {
    "hide": "hidden",
    "not_copy": "no copy",
    "same_story": "same story",
    "not_same_story": "not same story",
    "never_relate": "never related",
    "pin": "pins",
    "in_topic": "in topic",
    "not_in_topic": "not in topic",
}


def told(given: EditorVerdict, about: str | None = None) -> str:
    """What was decided about an article, in words that follow its address.

    Args:
        about: canonical URL of the article; None: of the one that was named first.
    """
    named_second = about is not None and about == given.other
    other = given.url if named_second else given.other
    match given.kind:
        case "hide":
            return "hidden"
        case "not_copy":
            return f"no copy of {other or 'any other'}"
        case "same_story":
            return f"always in one story with {other}"
        case "not_same_story":
            return f"never in one story with {other}"
        case "never_relate":
            return f"never related to {other}" if other else "in no related list"
        case "pin":
            return (
                f"pinned in the related list of {other}"
                if named_second
                else f"pins {other} in its related list"
            )
        case "in_topic":
            return f"in topic {other}"
        case "not_in_topic":
            return f"not in topic {other}"
