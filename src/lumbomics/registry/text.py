"""Text of bibliographic records made comparable: titles, names, journals, identifiers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans(
    {"ß": "ss", "ẞ": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_TAG = re.compile(r"</?(?:i|b|u|em|strong|sub|sup|span|jats:[a-z]+)\b[^>]*>", re.IGNORECASE)
_NOT_WORD = re.compile(r"[^\w]+|_")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_PMID = re.compile(r"\d{1,9}")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_INITIALS = re.compile(r"[^\W\d_](?:[.\-\s]{0,2}[^\W\d_]){0,3}\.?")
_ROMAN = {
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "x": "10",
}
_NUMBER_WORDS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "first": "1",
    "second": "2",
    "third": "3",
}
_PARTS = {
    "part",
    "parts",
    "teil",
    "partie",
    "parte",
    "section",
    "chapter",
    "volume",
    "phase",
    "grade",
    "type",
    "study",
    "stage",
}
SMALL_WORDS = {"the", "of", "and", "for", "in", "on", "a", "an", "de", "la", "der", "und"}
_PREFIXES = {
    "von",
    "van",
    "de",
    "der",
    "den",
    "del",
    "della",
    "di",
    "da",
    "dos",
    "du",
    "la",
    "le",
    "el",
    "al",
    "ten",
    "ter",
    "zu",
}


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case words without diacritics, markup and punctuation, one blank between them."""
    plain = _TAG.sub("", text).casefold().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", plain)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", bare.casefold().translate(_LETTERS)).strip()


def find_doi(text: str) -> str:
    """First DOI in ``text``, lower case, without address and closing punctuation; empty if none."""
    found = _DOI.search(text.replace("%2F", "/").replace("%2f", "/"))
    if found is None:
        return ""
    doi = found.group().lower().rstrip(".,;:'\"]}>")
    while doi.endswith(")") and doi.count("(") < doi.count(")"):
        doi = doi[:-1].rstrip(".,;:")
    return doi


def find_pmid(text: str) -> str:
    """PMID when ``text`` is one (digits, perhaps after ``PMID:``), without leading zeros; empty if not."""
    bare = re.sub(r"^\s*pmid\s*:?\s*", "", text, flags=re.IGNORECASE).strip()
    return bare.lstrip("0") if _PMID.fullmatch(bare) else ""


def find_year(text: str) -> int | None:
    """First four-digit year in ``text``."""
    found = _YEAR.search(text)
    return int(found.group()) if found else None


def find_language(text: str) -> str:
    """Language as the three-letter code PubMed uses, or in lower case as found."""
    folded = fold(re.split(r"[;,]", text, maxsplit=1)[0])
    return _LANGUAGES.get(folded, folded)


_LANGUAGES = {
    **dict.fromkeys(("english", "en", "eng"), "eng"),
    **dict.fromkeys(("german", "deutsch", "de", "ger", "deu"), "ger"),
    **dict.fromkeys(("french", "francais", "fr", "fre", "fra"), "fre"),
    **dict.fromkeys(("spanish", "espanol", "es", "spa"), "spa"),
    **dict.fromkeys(("italian", "italiano", "it", "ita"), "ita"),
    **dict.fromkeys(("portuguese", "pt", "por"), "por"),
    **dict.fromkeys(("chinese", "zh", "chi", "zho"), "chi"),
    **dict.fromkeys(("japanese", "ja", "jpn"), "jpn"),
    **dict.fromkeys(("korean", "ko", "kor"), "kor"),
    **dict.fromkeys(("russian", "ru", "rus"), "rus"),
    **dict.fromkeys(("turkish", "tr", "tur"), "tur"),
    **dict.fromkeys(("polish", "pl", "pol"), "pol"),
    **dict.fromkeys(("dutch", "nl", "dut", "nld"), "dut"),
}


@lru_cache(maxsize=65536)
def family_name(author: str) -> str:
    """Family name of an author, folded, umlauts written out or not taken as equal, name particles dropped.

    ``Müller, Jörg``, ``Mueller J`` and ``Jörg Müller`` all give ``muller``.
    """
    name = author.strip().rstrip(".")
    words = name.split(",")[0].split()
    if "," not in name:
        given_first = len(words) > 1 and not _are_initials(words[-1])
        while len(words) > 1 and _are_initials(words[-1]):
            words.pop()
        words = words[-1:] if given_first else words
    family = " ".join(words)
    parts = [w for w in fold(family).split() if w not in _PREFIXES] or fold(family).split()
    return re.sub(r"(?<=[aou])e", "", "".join(parts))


def _are_initials(word: str) -> bool:
    return word.isupper() and _INITIALS.fullmatch(word) is not None


@lru_cache(maxsize=65536)
def numbers_in(title: str) -> frozenset[str]:
    """Numbers in a folded title: digits, and numerals or number words that follow ``part``, ``phase`` and the like.

    A Roman numeral at the title's end counts too (``... of the spine II``).
    """
    words = title.split()
    found = set(re.findall(r"\d+", title))
    for position, word in enumerate(words):
        follows = position > 0 and words[position - 1] in _PARTS
        last = position == len(words) - 1 and len(word) > 1
        if word in _ROMAN and (follows or last):
            found.add(_ROMAN[word])
        elif word in _NUMBER_WORDS and follows:
            found.add(_NUMBER_WORDS[word])
    return frozenset(found)


_MARKERS = {
    "erratum": ("erratum", "errata", "corrigendum", "corrigenda", "correction to", "correction"),
    "retraction": ("retraction", "retracted", "expression of concern"),
    "reply": ("reply", "in reply", "author reply", "authors reply", "response to", "author response"),
    "comment": ("comment on", "commentary", "commentary on", "letter to the editor", "re", "comments on"),
    "protocol": ("study protocol", "protocol for", "trial protocol"),
}
_ANYWHERE = {"erratum", "corrigendum", "study protocol", "letter to the editor", "author reply", "authors reply"}


@lru_cache(maxsize=65536)
def markers_in(title: str) -> frozenset[str]:
    """Find what makes a folded title another document than the paper it names: erratum, reply, comment, protocol."""
    found = set()
    for marker, phrases in _MARKERS.items():
        for phrase in phrases:
            starts = title.startswith(phrase + " ")
            if starts or title == phrase or (phrase in _ANYWHERE and phrase in title):
                found.add(marker)
    return frozenset(found)


@lru_cache(maxsize=16384)
def journal_words(journal: str) -> tuple[str, ...]:
    """Words of a journal's name without place in brackets, subtitle and small words."""
    short = re.split(r" : |=", re.sub(r"\(.*?\)|\[.*?\]", " ", journal), maxsplit=1)[0].replace("&", " ")
    return tuple(w for w in fold(short).split() if w not in SMALL_WORDS)


@lru_cache(maxsize=65536)
def same_journal(one: str, other: str) -> bool | None:
    """Whether two journal names agree, abbreviated or not; ``None`` where either is missing.

    Words must abbreviate each other in order (``Eur Spine J``, ``European Spine Journal``); a leading acronym
    (``AJNR Am J Neuroradiol``) and a single acronym of all words (``JAMA``) are understood.
    """
    first, second = journal_words(one), journal_words(other)
    if not first or not second:
        return None
    return any(_abbreviates(a, b) for a in _forms(first) for b in _forms(second))


def _forms(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    initials = "".join(w[0] for w in words[1:])
    leading_acronym = len(words) > 2 and 3 <= len(words[0]) <= 5 and words[0].startswith(initials[:2])
    return [words, words[1:]] if leading_acronym else [words]


def _abbreviates(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    if len(first) == len(second):
        return all(a.startswith(b) or b.startswith(a) for a, b in zip(first, second, strict=True))
    short, long = sorted((first, second), key=len)
    return len(short) == 1 and short[0] == "".join(w[0] for w in long)


def bare_pages(pages: str) -> str:
    """First page, lower case, without what follows a dash and without leading zeros."""
    return re.split(r"[-\u2013\u2014,;]", pages.strip().lower())[0].strip().lstrip("0")


def bare_volume(volume: str) -> str:
    """Volume as its digits (``Suppl 2`` and issue in brackets dropped), or folded where it has none."""
    found = re.match(r"\D{0,5}(\d+)", volume.strip())
    return found.group(1) if found else fold(volume)


_DOCUMENTS = (
    ("erratum", ("erratum", "corrigendum", "correction")),
    ("retraction", ("retraction of publication", "retraction notice")),
    ("preprint", ("preprint", "medrxiv", "biorxiv", "arxiv", "research square", "ssrn")),
    ("abstract", ("abstract", "abst", "conf", "conference", "meeting", "cpaper", "proceeding", "proceedings")),
    ("letter", ("letter", "comment")),
)


@lru_cache(maxsize=16384)
def document_kind(kind: str, journal: str) -> str:
    """Find what a record says it is: erratum, retraction, preprint, abstract, letter; empty where nothing special.

    "Nothing special" is most often a paper, but sources also leave the kind out; so it differs from no other kind
    surely, and a person decides.
    """
    words = f" {fold(kind)} {fold(journal) if 'rxiv' in journal.lower() or 'ssrn' in journal.lower() else ''} "
    return next((name for name, signs in _DOCUMENTS if any(f" {sign} " in words for sign in signs)), "")
