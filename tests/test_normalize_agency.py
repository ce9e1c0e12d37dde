"""find_agency: authorship is declared in datelines, bylines and closing credits; a mention declares nothing."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.normalize import find_agency

BODY = (
    "The talks went on for nine days and ended at dawn on Friday, the two sides said in a joint statement. "
    * 4
)


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("KYIV/LONDON (Reuters) -The talks will go on", "Reuters"),
        ("By Jo Roe and Ann Doe KYIV/LONDON (Reuters) -The talks", "Reuters"),
        ("By Jo Roe ERIMO, Japan, Oct 19 (Reuters) - The talks", "Reuters"),
        ("(Reuters) - The talks will go on", "Reuters"),
        ("WASHINGTON (AP) — The talks", "AP"),
        ("SACRAMENTO, Calif. (AP) — The talks", "AP"),
        ("KHAN YOUNIS, Gaza Strip (AP) — The talks", "AP"),
        ("PARIS, Oct 11 (AFP) - The talks", "AFP"),
        ("Paris (AFP) – Les discussions", "AFP"),
        ("Rio de Janeiro (AFP) - As negociações", "AFP"),
        ("Berlin (dpa) – Die Gespräche", "dpa"),
        ("Potsdam (dpa/bb) - Die Gespräche", "dpa"),
        ("Frankfurt am Main (dpa-AFX) - Die Gespräche", "dpa"),
        ("Wien (APA) - Die Gespräche", "APA"),
        ("MADRID (EFE).- Las conversaciones", "EFE"),
        ("Madrid, 11 oct (EFE).- Las conversaciones", "EFE"),
        ("MADRID, 11 Oct. (EUROPA PRESS) - Las conversaciones", "Europa Press"),
        ("(ANSA) - ROMA, 11 OTT - I colloqui", "ANSA"),
        ("Lisboa, 11 out 2023 (Lusa) – As conversações", "Lusa"),
        ("Stockholm (TT) – Samtalen", "TT"),
        ("Warszawa (PAP) - Rozmowy", "PAP"),
        ("ANKARA (AA) – The talks", "Anadolu"),
        ("New Delhi, Oct 11 (PTI) The talks", "PTI"),
        ("New Delhi [India], October 11 (ANI): The talks", "ANI"),
        ("Taipei, Oct. 11 (CNA) The talks", "CNA"),
        ("BEIJING, Oct. 11 (Xinhua) -- The talks", "Xinhua"),
        ("SEOUL, Oct. 11 (Yonhap) -- The talks", "Yonhap"),
        ("Oct. 11 (UPI) -- The talks", "UPI"),
        ("Jakarta (ANTARA) - Perundingan", "Antara"),
        ("(Bloomberg) -- The talks", "Bloomberg"),
        ("[VOA] Nairobi, Kenya -- The talks", "VOA"),
        ("MOSCOW, October 11. /TASS/. The talks", "TASS"),
        ("МОСКВА, 11 октября. /ТАСС/. Переговоры", "TASS"),
        ("МОСКВА, 11 окт — РИА Новости. Переговоры", "RIA Novosti"),
        ("الرياض (رويترز) - قال", "Reuters"),
        ("新华社北京10月11日电 谈判", "Xinhua"),
        ("（中央社記者某某台北11日電）談判", "CNA"),
        ("【パリAFP=時事】交渉", "AFP"),
        ("【モスクワ共同】交渉", "Kyodo"),
        ("(서울=연합뉴스) 회담", "Yonhap"),
        ("Reuters - The talks", "Reuters"),
        ("By The Associated Press | The talks", "AP"),
    ],
)
def test_datelines_declare_an_agency(text: str, agency: str) -> None:
    assert find_agency(text=text + " " + BODY) == agency


@pytest.mark.parametrize(
    ("ending", "agency"),
    [
        ("Associated Press writer Jo Roe contributed.", "AP"),
        ("AP writers Jo Roe in Oslo and Ann Doe in Kyiv contributed to this report.", "AP"),
        ("(Reporting by Jo Roe; Editing by Ann Doe)", "Reuters"),
        (
            "(Additional reporting by Jo Roe in London; writing by Ann Doe; editing by Al Poe) Solve the daily Crossword",
            "Reuters",
        ),
        ("© 2023 AFP", "AFP"),
        ("© Agence France-Presse 2023", "AFP"),
        ("Copyright 2023 The Associated Press. All rights reserved.", "AP"),
        ("© dpa-infocom, dpa:231011-99-123456/3", "dpa"),
        ("The two sides agreed. (ANI)", "ANI"),
        ("The two sides agreed. – Reuters", "Reuters"),
        ("合意した。（共同）", "Kyodo"),
    ],
)
def test_closing_credits_declare_an_agency(ending: str, agency: str) -> None:
    assert find_agency(text=f"{BODY} {ending}") == agency


@pytest.mark.parametrize(
    ("author", "agency"),
    [
        ("Reuters", "Reuters"), ("By The Associated Press", "AP"), ("ASSOCIATED PRESS", "AP"),
        ("dpa", "dpa"), ("AFP, AP", "AFP"),
        ("Jo Roe, Associated Press", "AP"), ("Jo Roe (AP)", "AP"), ("Jo Roe | AP", "AP"),
        ("Staff with AFP", "AFP"), ("Redazione ANSA", "ANSA"),
        ("Agencia EFE", "EFE"), ("The Canadian Press", "The Canadian Press"),
        ("Agence France-Presse", "AFP"), ("Press Association", "PA Media"),
        ("ČTK", "ČTK"), ("Deutsche Presse-Agentur", "dpa"), ("Reuters Staff", "Reuters"),
        ("Укрінформ", "Ukrinform"),
        ("Ana", ""), ("Apa Roe", ""), ("Bloomberg Law", ""), ("Jo Reuters", ""), ("Staff and agencies", ""),
        ("The Daily Ledger", ""), ("", ""),
    ],
)  # fmt: skip
def test_an_author_may_be_an_agency(author: str, agency: str) -> None:
    assert find_agency(authors=(author,), text=BODY) == agency


@pytest.mark.parametrize(
    "text",
    [
        "The minister told Reuters on Friday that the talks would go on.",
        "The talks will go on, according to Bloomberg.",
        "AFP reported that the talks went on, citing a diplomat.",
        "An Associated Press reporter at the scene saw smoke.",
        "Reuters videographer Jo Roe was honoured on Friday - a first.",
        "Ships leave the harbour. (Jo Roe/AFP via Getty Images)",
        "Ships leave the harbour on Oct. 16, 2023. (PA)",
        "Ships leave the harbour. (Photo: Reuters)",
        "The Palestinian Authority (PA) - which governs parts of the West Bank - agreed.",
        "The American Automobile Association (AA) – founded in 1902 – agreed.",
        "Former chief of the Pakistan Tehreek-e-Insaf (PTI) said the talks would go on.",
        "Pakistan Tehreek-e-Insaf (PTI): a short history of the party",
        "An image © Reuters shows ships that left at dawn.",
        "(CNN) The talks will go on.",
        "",
    ],
)
def test_a_mention_is_no_authorship(text: str) -> None:
    assert find_agency(text=text) == ""


@pytest.mark.parametrize(
    "ending",
    [
        "The Associated Press contributed to this report.",
        "Reuters contributed reporting",
        "Reuters and AFP contributed to this report.",
        "With reporting by Reuters.",
        "He spoke to Reuters. Subscribe to our newsletter.",
    ],
)
def test_a_contribution_is_no_authorship(ending: str) -> None:
    assert find_agency(text=f"{BODY} {ending}") == ""


def test_titles_that_quote_an_agency_do_not_make_it_the_author() -> None:
    assert find_agency(title="Oil refiners have a settlement problem – Reuters", text=BODY) == ""
    assert find_agency(title="School attack leaves one dead: AFP", text=BODY) == ""
    assert find_agency(title="Harbour strike ends | Reuters", text=BODY) == "Reuters"


def test_an_outlet_that_a_page_names_may_be_an_agency() -> None:
    assert find_agency(outlet="Associated Press", text=BODY) == "AP"
    assert find_agency(outlet="Daily Ledger", text=BODY) == ""


@given(st.text(), st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_never_raises(text: str, author: str) -> None:
    find_agency(title=text, text=text, authors=(author, text), outlet=author)


@pytest.mark.parametrize(
    "unit", ["(", "(a", "©", ". a", "Associated Press writer ", "- ", "/a", "A, ", "(AP) "]
)
def test_linear_time(unit: str) -> None:
    started = time.process_time()
    find_agency(title=unit * 20_000, text=unit * 20_000, authors=(unit * 50,))
    assert time.process_time() - started < 0.5
