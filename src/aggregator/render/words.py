"""The words that readers see, per language. What is not here is said in English, or by Babel where it is a time.

CLDR has "1 hour ago" but neither "an hour ago" nor "just now" in a form that Babel offers: hence these few by hand.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `language` is what a lang attribute should say around them."""

    language: str
    just_now: str
    minute: str  # one minute ago
    hour: str  # one hour ago
    today: str
    yesterday: str
    related_articles: str  # heading of a list
    same_story: str
    related: str
    copy: str  # one copy more
    copies: str  # {} copies more
    nothing: str  # an empty list


_WORDS = {
    words.language: words
    for words in (
        Words(
            language="en",
            just_now="just now",
            minute="a minute ago",
            hour="an hour ago",
            today="today",
            yesterday="yesterday",
            related_articles="Related articles",
            same_story="Same story",
            related="Related",
            copy="+1 copy",
            copies="+{} copies",
            nothing="No related articles yet.",
        ),
        Words(
            language="de",
            just_now="gerade eben",
            minute="vor einer Minute",
            hour="vor einer Stunde",
            today="heute",
            yesterday="gestern",
            related_articles="Weitere Artikel zum Thema",
            same_story="Dasselbe Ereignis",
            related="Zum Thema",
            copy="+1 Kopie",
            copies="+{} Kopien",
            nothing="Noch keine weiteren Artikel.",
        ),
        Words(
            language="es",
            just_now="ahora mismo",
            minute="hace un minuto",
            hour="hace una hora",
            today="hoy",
            yesterday="ayer",
            related_articles="Artículos relacionados",
            same_story="Misma noticia",
            related="Relacionado",
            copy="+1 copia",
            copies="+{} copias",
            nothing="Aún no hay artículos relacionados.",
        ),
        Words(
            language="fr",
            just_now="à l’instant",
            minute="il y a une minute",
            hour="il y a une heure",
            today="aujourd’hui",
            yesterday="hier",
            related_articles="Articles liés",
            same_story="Même sujet",
            related="À lire aussi",
            copy="+1 copie",
            copies="+{} copies",
            nothing="Pas encore d’articles liés.",
        ),
        Words(
            language="it",
            just_now="proprio ora",
            minute="un minuto fa",
            hour="un’ora fa",
            today="oggi",
            yesterday="ieri",
            related_articles="Articoli correlati",
            same_story="Stessa notizia",
            related="Correlato",
            copy="+1 copia",
            copies="+{} copie",
            nothing="Ancora nessun articolo correlato.",
        ),
        Words(
            language="nl",
            just_now="zojuist",
            minute="een minuut geleden",
            hour="een uur geleden",
            today="vandaag",
            yesterday="gisteren",
            related_articles="Gerelateerde artikelen",
            same_story="Zelfde nieuws",
            related="Gerelateerd",
            copy="+1 kopie",
            copies="+{} kopieën",
            nothing="Nog geen gerelateerde artikelen.",
        ),
    )
}


def words(language: str) -> Words:
    """The words of a BCP 47 language, by its primary subtag; English when there are none."""
    return _WORDS.get(primary(language), _WORDS["en"])


def primary(language: str) -> str:
    """The primary subtag, lower case: "de" of "de-AT"."""
    return language.replace("_", "-").partition("-")[0].lower()
