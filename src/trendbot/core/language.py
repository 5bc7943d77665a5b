"""Whether a text is English: what it gives away, and what its feed says where it gives nothing away. Pure.

Titles are short and full of names: "Groq Names Simon Edwards CFO" has no word that only English has. So a text is not
asked to prove that it is English. Evidence is weighed for and against: the small words of English and of nineteen other
languages in Latin letters, endings, letters with accents, the script. Only a clear lead for another language rules a
text out, a clearer one where feed or entry are declared English; and where a title says nothing, its text does, then
what the feed's other entries are. ``benchmarks/language.py`` measures it on real feeds.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

READ = 400
"""Characters of a text that are looked at."""


class Tongue(StrEnum):
    """What a text was found to be in."""

    ENGLISH = "english"
    OTHER = "other"
    UNKNOWN = "unknown"


_ENGLISH = frozenset(
    "the of and with from how why what when where who your their its his they this that these those which are were "  # noqa: SIM905
    "has have had been being can cannot could should would will not than then into about after over under more most "
    "some any all our you he she it we is was be by for to in on at as an if or but so just now new using without "
    "through between against during before while every first two three says say said gets get makes make takes take "
    "gives raises raise launches launch joins join names unveils adds announces wants sues hits beats bans cuts "
    "buys sells opens plans releases release updates improves becomes people need know want work works way best "
    "better faster day year years time world today week here there does did let open source model models data "
    "learning language training agents tools free built build building introduces defends shuts down leave leaves "
    "agrees ends wins back off out up do no don't can't won't it's i'm you're isn't doesn't didn't we're what's".split()
)
_SHARED = frozenset(
    "a is was be by for to in on at as an if or but so we he it will hits best names open data all do no of over under "  # noqa: SIM905
    "die men man son sin van per pro me my here has dos".split()
)
"""Words of English that are words of others, too: they count half for either."""
_OTHERS = {
    "german": (
        "der die das und ist nicht mit von für auf ein eine einer einen einem zu zum zur im den dem des sich auch wie "
        "bei aus nach über wird werden hat haben sind sein um vor durch als noch nur oder aber wenn was warum ihre "
        "seine gegen mehr jetzt neue neuen neuer neues gibt frei unter zwischen ihr wir ich er sie es man kann soll "
        "will bis"
    ),
    "french": (
        "le la les des du de et est une un en pour dans sur avec par que qui au aux ce cette ces son sa ses pas plus "
        "ne se nous vous ils elle sont comme mais ou où leur leurs deux après entre sans contre être fait vers chez"
    ),
    "spanish": (
        "el la los las de del y en un una que es por para con se su sus al lo como más pero no sin sobre este esta son "
        "fue ha entre tras desde hasta cuando qué cómo muy también ya o e años nuevo nueva contra según"
    ),
    "portuguese": (
        "o a os as de do da dos das e em um uma que é por para com se seu sua ao à no na nos nas não mais como mas foi "
        "são ser sem sobre até após entre pela pelo diz tem vai dois anos contra novo nova quando já ou"
    ),
    "italian": (
        "il lo la i gli le di del della dei delle e è un una che per con non in nel nella si sono da dal dalla al alla "
        "come più ma anche su sul sulla tra fra dopo ha questo questa degli contro nuovo nuova o"
    ),
    "dutch": (
        "de het een en van in is op te dat die voor met niet zijn aan er maar om ook als bij nog naar uit door over "
        "heeft wordt worden deze dit geen meer tegen nieuwe hoe wat waarom wij ze je ik tot na of kan"
    ),
    "swedish": (
        "och att det som en ett är på för med av till den inte har om var från ska kan eller men nu efter nya ny så vi "
        "jag han hon de sig när mot under över utan"
    ),
    "danish": (
        "og at det som en et er på for med af til den ikke har om var fra skal kan eller men nu efter nye ny så vi jeg "
        "han hun de sig når mod under over uden å blir etter"
    ),
    "polish": (
        "i w na z do się nie że to jest o od po za dla jak przez przy oraz ale czy już są ze co tym był które który "
        "która może będzie"
    ),
    "turkish": ("ve bir bu için ile da de olarak daha en çok gibi ne var yeni kadar sonra olan"),
    "indonesian": ("yang dan di ini itu dengan untuk dari pada adalah tidak akan dalam oleh juga ke karena bisa para"),
    "romanian": ("și de la în cu pe nu un o care din pentru este ce să mai sunt fost a au după prin"),
    "czech": ("a v se na je že s z do o k i pro jako ale po od za by jsou nebo už jeho které který při není"),
    "finnish": ("ja on ei se että oli mutta kun niin hän ovat myös kuin tai sen mukaan uusi"),
    "hungarian": ("a az és hogy nem egy is van de ez már csak meg volt el lesz vagy mint"),
    "vietnamese": ("và của là có cho trong được với không các một những này đã người khi để từ ra"),
    "catalan": ("el la els les de del i en un una que és per amb al no com més però són"),
    "slovak": ("a v sa na je že s z do o k i pre ako ale po od za by sú alebo už jeho ktoré ktorý pri nie"),
    "croatian": ("i u je na se da za su od s ne koji što kao o sa ali ili bi će iz"),
}
_KNOWN = {name: frozenset(words.split()) for name, words in _OTHERS.items()}
_SPOKEN = {word: tuple(name for name in _KNOWN if word in _KNOWN[name]) for word in frozenset().union(*_KNOWN.values())}
_ENDING = re.compile(r"[a-z]{3,}(?:ing|ness|ship|ment|ly|ed|ity|ful|ies|tions?|ers|ability|ght|ck)$|[a-z]'s$")
_OWN_ENDING = re.compile(
    r"[a-zäöüß]{3,}(?:ungen|keit|heit|lich|liche|lichen|schaft|isch|ische|ieren|iert|ción|ciones|ção|ções|zione|zioni|"
    r"mente|eaux|isme|heid|ijk|idade|ych|ość|ują)$"
)
_WORD = re.compile(r"(?<![\w.&/-])[^\W\d_]+(?:'[^\W\d_]+)?(?!\w|[.&/-]\w)")
"""Whole words: no part of "o3-mini", "A.I." or "v0.3"."""
_APOSTROPHES = str.maketrans("’‘ʼ", "'''")
_ELIDED = re.compile(r"^(?:l|d|j|n|s|c|m|qu|un|dell|nell|all|sull)'[^\W\d_]{2,}")
_LATIN = 0.75
"""The share of Latin letters below which a text is in another script."""
_FAR = 99.0


def balance(text: str) -> float:
    """Return how much more a text gives away of English than of any one other language; below 0: of the other.

    Roughly in words: one small word, one ending or one accented word tip it by a half to one.
    """
    read = text[:READ]
    if _is_foreign_script(read):
        return -_FAR
    words = _WORD.findall(read.translate(_APOSTROPHES))
    own, others = 0.0, dict.fromkeys(_KNOWN, 0.0)
    for word in words:
        small = word.casefold()
        own += _weight(small)
        if not word.isupper():
            weight = 0.5 if small in _SHARED or word[0].isupper() else 1.0
            for name in _SPOKEN.get(small, ()):
                others[name] += weight
    return own - max(others.values(), default=0.0) - sum(map(_accented, words))


def _weight(small: str) -> float:
    if small in _SHARED:
        return 0.5
    if small in _ENGLISH:
        return 1.0
    return 0.5 * bool(_ENDING.search(small)) - 0.5 * bool(_OWN_ENDING.search(small) or _ELIDED.search(small))


def _accented(word: str) -> float:
    """Weigh a word that has letters which English has not; a capital in front may make it a name."""
    if word.isascii():
        return 0.0
    return 0.25 if word[0].isupper() else 0.75


def _is_foreign_script(text: str) -> bool:
    if text.isascii():
        return False
    letters = [each for each in text if each.isalpha()]
    latin = sum(each.isascii() or unicodedata.name(each, "").startswith("LATIN") for each in letters)
    return bool(letters) and latin < _LATIN * len(letters)


def tongue_of(title: str, body: str, *, declared: bool) -> Tongue:
    """Say what an entry is in, by its title, and by its text where the title leaves it open.

    `declared` says that its feed, or itself, is declared English: then it takes twice the evidence to overrule that.
    """
    margin = 2.0 if declared else 1.0
    said = balance(title)
    if said <= -margin:
        return Tongue.OTHER
    if said >= 0.5:  # noqa: PLR2004  (one shared word, or one ending)
        return Tongue.ENGLISH
    below = balance(body)
    if below <= -margin:
        return Tongue.OTHER
    return Tongue.ENGLISH if below >= 1 else Tongue.UNKNOWN


def is_other(text: str) -> bool:
    """Tell whether a text is clearly not English."""
    return balance(text) <= -1


def leanings(found: Iterable[tuple[int, Tongue]]) -> dict[int, bool]:
    """Return, by feed, whether its entries of which anything is known are mostly English."""
    balances: Counter[int] = Counter()
    for feed, tongue in found:
        balances[feed] += {Tongue.ENGLISH: 1, Tongue.OTHER: -1, Tongue.UNKNOWN: 0}[tongue]
    return {feed: count >= 0 for feed, count in balances.items()}
