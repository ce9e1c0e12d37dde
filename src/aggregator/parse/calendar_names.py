"""Month and day names, zone names and words of relative times in the languages news is written in, folded.

Folded means: lower case, marks over and under letters removed, l for ł, o for ø (see date_spelling.fold). Names follow
the Unicode CLDR (wide and abbreviated, inside a date and standing alone) with the short forms seen in feeds.
Croatian is left out on purpose: its listopad is October, everyone else's is November. So is Persian: its years are of
another calendar.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# One text per language: the names of a month divided by blanks, the months by bars, January first.
MONTHS = {
    "en": (
        "january jan | february feb | march mar | april apr | may | june jun | july jul | august aug | "
        "september sep sept | october oct | november nov | december dec"
    ),
    "de": (
        "januar jan janner | februar feb | marz mar mrz | april apr | mai | juni jun | juli jul | august "
        "aug | september sept sep | oktober okt | november nov | dezember dez"
    ),
    "fr": (
        "janvier janv jan | fevrier fevr fev | mars | avril avr | mai | juin | juillet juil juill | aout | "
        "septembre sept sep | octobre oct | novembre nov | decembre dec"
    ),
    "es": (
        "enero ene | febrero feb | marzo mar | abril abr | mayo may | junio jun | julio jul | agosto ago | "
        "septiembre sept sep set setiembre | octubre oct | noviembre nov | diciembre dic"
    ),
    "it": (
        "gennaio gen | febbraio feb | marzo mar | aprile apr | maggio mag | giugno giu | luglio lug | "
        "agosto ago | settembre set sett | ottobre ott | novembre nov | dicembre dic"
    ),
    "pt": (
        "janeiro jan | fevereiro fev | marco mar | abril abr | maio mai | junho jun | julho jul | agosto "
        "ago | setembro set | outubro out | novembro nov | dezembro dez"
    ),
    "nl": (
        "januari jan | februari feb | maart mrt | april apr | mei | juni jun | juli jul | augustus aug | "
        "september sep | oktober okt | november nov | december dec"
    ),
    "pl": (
        "stycznia styczen sty | lutego luty lut | marca marzec mar | kwietnia kwiecien kwi | maja maj | "
        "czerwca czerwiec cze | lipca lipiec lip | sierpnia sierpien sie | wrzesnia wrzesien wrz | "
        "pazdziernika pazdziernik paz | listopada listopad lis | grudnia grudzien gru"
    ),
    "sv": (
        "januari jan | februari feb | mars | april apr | maj | juni | juli | augusti aug | september sep | "
        "oktober okt | november nov | december dec"
    ),
    "da": (
        "januar jan | februar feb | marts mar | april apr | maj | juni jun | juli jul | august aug | "
        "september sep | oktober okt | november nov | december dec"
    ),
    "no": (
        "januar jan | februar feb | mars mar | april apr | mai | juni jun | juli jul | august aug | "
        "september sep | oktober okt | november nov | desember des"
    ),
    "fi": (
        "tammikuuta tammikuu tammi | helmikuuta helmikuu helmi | maaliskuuta maaliskuu maalis | huhtikuuta "
        "huhtikuu huhti | toukokuuta toukokuu touko | kesakuuta kesakuu kesa | heinakuuta heinakuu heina | "
        "elokuuta elokuu elo | syyskuuta syyskuu syys | lokakuuta lokakuu loka | marraskuuta marraskuu "
        "marras | joulukuuta joulukuu joulu"
    ),
    "cs": (
        "ledna leden led | unora unor uno | brezna brezen bre | dubna duben dub | kvetna kveten kve | "
        "cervna cerven cvn | cervence cervenec cvc | srpna srpen srp | zari zar | rijna rijen rij | "
        "listopadu listopad lis | prosince prosinec pro"
    ),
    "sk": (
        "januara januar jan | februara februar feb | marca marec mar | aprila april apr | maja maj | juna "
        "jun | jula jul | augusta august aug | septembra september sep | oktobra oktober okt | novembra "
        "november nov | decembra december dec"
    ),
    "ru": (
        "января январь янв | февраля февраль февр фев | марта март мар | апреля апрель апр | мая маи | июня "
        "июнь июн | июля июль июл | августа август авг | сентября сентябрь сент сен | октября октябрь окт | "
        "ноября ноябрь нояб ноя | декабря декабрь дек"
    ),
    "uk": (
        "січня січень січ | лютого лютии лют | березня березень бер | квітня квітень квіт | травня травень "
        "трав | червня червень черв | липня липень лип | серпня серпень серп | вересня вересень вер | "
        "жовтня жовтень жовт | листопада листопад лист | грудня грудень груд"
    ),
    "bg": (
        "януари яну | февруари фев | март | април апр | маи | юни | юли | август авг | септември сеп | "
        "октомври окт | ноември ное | декември дек"
    ),
    "tr": (
        "ocak oca | subat sub | mart mar | nisan nis | mayis may | haziran haz | temmuz tem | agustos agu | "
        "eylul eyl | ekim eki | kasim kas | aralik ara"
    ),
    "ro": (
        "ianuarie ian | februarie feb | martie mar | aprilie apr | mai | iunie iun | iulie iul | august aug "
        "| septembrie sept | octombrie oct | noiembrie nov | decembrie dec"
    ),
    "hu": (
        "januar jan | februar febr feb | marcius marc | aprilis apr | majus maj | junius jun | julius jul | "
        "augusztus aug | szeptember szept szep | oktober okt | november nov | december dec"
    ),
    "el": (
        "ιανουαριου ιανουαριοσ ιαν | φεβρουαριου φεβρουαριοσ φεβ | μαρτιου μαρτιοσ μαρ | απριλιου απριλιοσ "
        "απρ | μαιου μαιοσ μαι | ιουνιου ιουνιοσ ιουν | ιουλιου ιουλιοσ ιουλ | αυγουστου αυγουστοσ αυγ | "
        "σεπτεμβριου σεπτεμβριοσ σεπ | οκτωβριου οκτωβριοσ οκτ | νοεμβριου νοεμβριοσ νοε | δεκεμβριου "
        "δεκεμβριοσ δεκ"
    ),
    "id": (
        "januari jan | februari feb peb | maret mar | april apr | mei | juni jun | juli jul | agustus agu "
        "agt ags | september sep | oktober okt | november nov nop | desember des"
    ),
    "ca": (
        "gener gen | febrer febr | marc | abril abr | maig | juny | juliol jul | agost ag | setembre set | "
        "octubre oct | novembre nov | desembre des"
    ),
    # Egypt and the Gulf, the Maghreb, the Levant and Iraq; the last has months of two words, see LONG_NAMES.
    "ar": (
        "يناير جانفي | فبراير فيفري شباط | مارس اذار | ابريل افريل نيسان | مايو ماي ايار | يونيو يونيه جوان حزيران | "
        "يوليو يوليه جويلية تموز | اغسطس اوت اب | سبتمبر ايلول | اكتوبر | نوفمبر | ديسمبر"
    ),
    "he": (
        "ינואר בינואר | פברואר בפברואר | מרץ במרץ מרס במרס | אפריל באפריל | מאי במאי | יוני ביוני | יולי ביולי | "
        "אוגוסט באוגוסט | ספטמבר בספטמבר | אוקטובר באוקטובר | נובמבר בנובמבר | דצמבר בדצמבר"
    ),
    "ur": "جنوری | فروری | مارچ | اپریل | ميی | جون | جولائی | اگست | ستمبر | اکتوبر | نومبر | دسمبر",
}

# The same for the days of the week, Monday first.
WEEKDAYS = {
    "en": (
        "monday mon | tuesday tue tues | wednesday wed weds | thursday thu thur thurs | friday fri | "
        "saturday sat | sunday sun"
    ),
    "de": "montag mo | dienstag di | mittwoch mi | donnerstag do | freitag fr | samstag sa | sonntag so",
    "fr": (
        "lundi lun lu | mardi mar ma | mercredi mer me | jeudi jeu je | vendredi ven ve | samedi sam | "
        "dimanche dim"
    ),
    "es": "lunes lun | martes mar | miercoles mie | jueves jue | viernes vie | sabado sab | domingo dom",
    "it": "lunedi lun | martedi mar | mercoledi mer | giovedi gio | venerdi ven | sabato sab | domenica dom",
    "pt": (
        "segunda-feira seg segunda | terca-feira ter terca | quarta-feira qua quarta | quinta-feira qui "
        "quinta | sexta-feira sex sexta | sabado sab | domingo dom"
    ),
    "nl": "maandag ma | dinsdag di | woensdag wo | donderdag do | vrijdag vr | zaterdag za | zondag zo",
    "pl": "poniedzialek pon | wtorek wt | sroda sr | czwartek czw | piatek pt | sobota sob | niedziela niedz",
    "sv": "mandag man | tisdag tis | onsdag ons | torsdag tors tor | fredag fre | lordag lor | sondag son",
    "da": (
        "mandag man | tirsdag tirs tir | onsdag ons | torsdag tors tor | fredag fre | lordag lor | sondag son"
    ),
    "no": "mandag man | tirsdag tir | onsdag ons | torsdag tor | fredag fre | lordag lor | sondag son",
    "fi": (
        "maanantaina maanantai ma | tiistaina tiistai ti | keskiviikkona keskiviikko ke | torstaina torstai "
        "to | perjantaina perjantai pe | lauantaina lauantai la | sunnuntai su"
    ),
    "cs": "pondeli po | utery ut | streda st | ctvrtek ct | patek pa | sobota so | nedele ne",
    "sk": "pondelok po | utorok ut | streda st | stvrtok | piatok pi | sobota so | nedela ne",
    "ru": "понедельник пн | вторник вт | среда ср | четверг чт | пятница пт | суббота сб | воскресенье вс",
    "uk": "понеділок пн | вівторок вт | середа ср | четвер чт | пʼятниця пт | субота сб | неділя нд",
    "bg": "понеделник пн | вторник вт | сряда ср | четвъртък чт | петък пт | събота сб | неделя нд",
    "tr": "pazartesi pzt | sali sal | carsamba car | persembe per | cuma cum | cumartesi cmt | pazar paz",
    "ro": "luni lun | marti mar | miercuri mie | joi | vineri vin | sambata sam | duminica dum",
    "hu": "hetfo | kedd | szerda sze | csutortok cs | pentek | szombat szo | vasarnap",
    "el": "δευτερα δευ | τριτη τρι | τεταρτη τετ | πεμπτη πεμ | παρασκευη παρ | σαββατο σαβ | κυριακη κυρ",
    "id": "senin sen | selasa sel | rabu rab | kamis kam | jumat jum | sabtu sab | minggu min",
    "ca": "dilluns dl | dimarts dt | dimecres dc | dijous dj | divendres dv | dissabte ds | diumenge dg",
    "ar": "الاثنين اثنين | الثلاثاء ثلاثاء | الاربعاء اربعاء | الخميس خميس | الجمعة جمعة | السبت سبت | الاحد احد",
    "he": "שני | שלישי | רביעי | חמישי | שישי | שבת | ראשון",
    "ur": "پیر | منگل | بدھ | جمعرات | جمعہ | ہفتہ | اتوار",
}

# Months of more than one word, or written with signs inside a word (those of Thai and Hindi): -> English. Thai counts
# years from the Buddha's death, 543 before ours.
LONG_NAMES = {
    "كانون الثاني": "january", "تشرين الاول": "october", "تشرين الثاني": "november", "كانون الاول": "december",
    "มกราคม": "january", "กุมภาพันธ์": "february", "มีนาคม": "march", "เมษายน": "april", "พฤษภาคม": "may",
    "มิถุนายน": "june", "กรกฎาคม": "july", "สิงหาคม": "august", "กันยายน": "september", "ตุลาคม": "october",
    "พฤศจิกายน": "november", "ธันวาคม": "december", "ม.ค.": "january", "ก.พ.": "february", "มี.ค.": "march",
    "เม.ย.": "april", "พ.ค.": "may", "มิ.ย.": "june", "ก.ค.": "july", "ส.ค.": "august", "ก.ย.": "september",
    "ต.ค.": "october", "พ.ย.": "november", "ธ.ค.": "december",
    "जनवरी": "january", "फरवरी": "february", "फ़रवरी": "february", "मार्च": "march", "अप्रैल": "april", "मई": "may",
    "जून": "june", "जुलाई": "july", "अगस्त": "august", "सितंबर": "september", "सितम्बर": "september",
    "अक्टूबर": "october", "अक्तूबर": "october", "नवंबर": "november", "नवम्बर": "november", "दिसंबर": "december",
    "दिसम्बर": "december",
}  # fmt: skip

# Minutes east of UTC. An abbreviation with several meanings has the one of RFC 822, else the one news feeds mean by it
# (BST is British, IST Indian, CST and EST American).
ZONES = {
    "ut utc gmt z wet zulu": 0,
    "cet mez bst west wat": 60,
    "cest mesz mest eet sast cat": 120,
    "eest msk trt eat": 180,
    "msd gst": 240,
    "pkt": 300,
    "ist": 330,
    "npt": 345,
    "ict wib": 420,
    "hkt sgt pht wita awst": 480,
    "jst kst wit": 540,
    "acst": 570,
    "aest": 600,
    "acdt": 630,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
    "ndt": -150,
    "adt brt art clst": -180,
    "nst": -210,
    "ast edt clt": -240,
    "est cdt": -300,
    "cst mdt": -360,
    "mst pdt": -420,
    "pst akdt": -480,
    "akst": -540,
    "hst": -600,
}

# American papers write the zone without saying whether it is summer.
SEASONAL_ZONES = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}

# Words that stand between the parts of a date and say nothing.
FILLERS = _words(
    "t at as of on the published posted updated publie publicado pubblicato veroffentlicht aktualisiert stand "
    "um uhr uur den der dem am le les a la las el de del do da as il alle ore "
    "ora om kl klo klokken klockan o ob godz dne v r g г год года р року в о "
    "saat pukul sekitar στισ kell orakor نشر في بتاريخ تم نشره يوم الساعة שעה בשעה יום น เวลา luc"
)

# Seconds in a unit of time, by every form that stands after a number in a relative time.
UNITS = {
    1: "second seconds sec secs s sekunde sekunden sek seconde secondes segundo segundos secondo secondi seconden "
    "sekunda sekundy sekund sekunder sekunnin sekuntia saniye secunda secunde masodperce masodperccel detik "
    "секунду секунды секунд секунди сек 秒 秒钟 秒鐘 초",
    60: "minute minutes min mins m minuto minutos minuti minuten minuut minuta minuty minut mn "
    "minuut minuuttia minuutti minutou minutami dakika perce perccel perc menit minutter минуту минуты минут "
    "мин хвилину хвилини хвилин хв λεπτο λεπτα 分 分钟 分鐘 분",
    3600: "hour hours hr hrs h stunde stunden std heure heures hora horas ora ore oras uur uren godzine godziny "
    "godzin godz timme timmar tim time timer tunti tuntia tunnin hodinou hodinami saat oraja oraval jam "
    "час часа часов ч годину години годин год ωρα ωρεσ 小时 小時 時間 时间 시간",
    86400: "day days d tag tage tagen jour jours dia dias giorno giorni dag dagen dzien dni dagar dage dager "
    "paiva paivaa paivan dnem dny gun zi zile napja nappal hari день дня дней дні днів "
    "ημερα ημερεσ μερα μερεσ 天 日 일",
    604800: "week weeks wk wks w woche wochen semaine semaines semana semanas settimana settimane weken tydzien tygodnie "
    "tygodni vecka veckor uge uger uke uker viikko viikkoa tydnem tydny hafta saptamana saptamani hete minggu "
    "неделю недели недель тиждень тижні тижнів εβδομαδα εβδομαδεσ 周 週 週間 주",
    30
    * 86400: "month months mo monat monate monaten mois mes meses mese mesi mes maand maanden miesiac miesiace miesiecy "
    "manad manader maned maneder",
    365 * 86400: "year years yr yrs jahr jahre jahren an ans ano anos anno anni jaar rok lata ar",
}

ONES = _words(
    "a an one ein eine einem einer einen un une una um uma uno een en ett et jeden jedna jednu jedna один одну "
    "bir egy o μια ενα se satu"
)

BEFORE_AGO = _words("vor hace ha acum for pred πριν απο") | {"il y a"}
AFTER_AGO = _words(
    "ago fa atras geleden temu sedan sen siden sitten назад тому once evvel elott ezelott lalu 前 전"
) | {"yang lalu"}

# Days before today.
DAY_WORDS = {
    0: "today heute aujourd'hui hoy oggi hoje vandaag dzisiaj dzis idag tanaan dnes сегодня сьогодні bugun azi "
    "σημερα 今天 今日 오늘",
    1: "yesterday gestern hier ayer ieri ontem gisteren wczoraj igar eilen vcera вчера вчора dun tegnap "
    "χθεσ kemarin 昨天 昨日 어제",
}
