"""Two records: the same report, different ones, or for a person to say.

The limits below are engineering defaults, set on synthetic exports with known duplicates and recorded in the decision
on deduplication. They lean to the queue: a wrong merge hides a study, a doubtful pair costs a look.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from rapidfuzz.distance import OSA, Levenshtein
from rapidfuzz.fuzz import ratio, token_sort_ratio

from lumbomics.registry.record import Record
from lumbomics.registry.text import (
    SMALL_WORDS,
    bare_pages,
    bare_volume,
    document_kind,
    family_name,
    fold,
    markers_in,
    numbers_in,
    same_journal,
)

SAME_TITLE = 95.0
"""Similarity (0 to 100) from which two titles count as the same."""
LIKE_TITLE = 85.0
"""Similarity from which two titles are alike enough for a person to look."""
OTHER_TITLE = 60.0
"""Similarity below which two titles have nothing in common, so that a shared DOI must be a shared volume's."""
SHARED_AUTHORS = 0.5
"""Share of the shorter author list that must be found in the longer."""
TRUNCATED_FROM = 30
"""Letters a cut title must have kept to be compared with the beginning of a whole one."""
SHORT_TITLE_WORDS = 4
"""Titles of fewer words (``Low back pain``) say too little alone."""

_SUPPLEMENT_PAGE = re.compile(r"s\d+")


class Likeness(StrEnum):
    """What two records are to each other."""

    SAME = "same"
    DOUBTFUL = "doubtful"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Likeness of two records, with the reason in words.

    Parameters
    ----------
    by_identifier
        True where a shared PMID or DOI decided.
    title_similarity
        0 to 100.
    """

    likeness: Likeness
    reason: str
    by_identifier: bool = False
    title_similarity: float = 0.0


@dataclass(frozen=True)
class Features:
    """What of a record is compared, worked out once."""

    record: Record

    @cached_property
    def title(self) -> str:
        """Folded title."""
        return fold(self.record.title)

    @cached_property
    def truncated(self) -> bool:
        """True where the source marks the title as cut."""
        return self.record.title.rstrip().endswith(("...", "\u2026"))

    @cached_property
    def families(self) -> tuple[str, ...]:
        """Family names in order."""
        names = (family_name(a) for a in self.record.authors if fold(a) not in {"et al", "others"})
        return tuple(n for n in names if n)

    @cached_property
    def volume(self) -> str:
        """Comparable volume."""
        return bare_volume(self.record.volume)

    @cached_property
    def page(self) -> str:
        """Comparable first page."""
        return bare_pages(self.record.start_page)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Numbers in the title."""
        return numbers_in(self.title)

    @cached_property
    def kind(self) -> str:
        """What the record says it is, where that is no plain paper; a supplement's page mostly means an abstract."""
        said = document_kind(self.record.kind, self.record.journal)
        return "abstract" if not said and _SUPPLEMENT_PAGE.fullmatch(self.page) else said

    @cached_property
    def markers(self) -> frozenset[str]:
        """What makes the title another document than the paper it names."""
        return markers_in(self.title)


def compare(one: Record, other: Record) -> Verdict:
    """Verdict on two records; symmetric."""
    return judge(Features(one), Features(other))


def judge(one: Features, other: Features) -> Verdict:
    """Verdict on two records' features: identifiers first, then title, authors, year and place."""
    pmid, doi = _agree(one.record.pmid, other.record.pmid), _agree(one.record.doi, other.record.doi)
    similarity = title_similarity(one, other)
    if pmid or (doi and pmid is None):
        return _same_identifier(one, other, "PMID" if pmid else "DOI", similarity)
    if doi:
        return Verdict(likeness=Likeness.DOUBTFUL, reason="same DOI, other PMID", title_similarity=similarity)
    if pmid is False:
        return Verdict(likeness=Likeness.DIFFERENT, reason="other PMID", title_similarity=similarity)
    likeness, reason = _by_content(one, other, similarity, other_doi=doi is False)
    return Verdict(likeness=likeness, reason=reason, title_similarity=similarity)


def contradicts(one: Features, other: Features) -> bool:
    """Whether two records cannot be one report whatever a third record suggests: identifier, number, kind or place."""
    pmid = _agree(one.record.pmid, other.record.pmid)
    if pmid is not None:
        return not pmid
    doi = _agree(one.record.doi, other.record.doi)
    if doi is not None:
        return not doi
    if not _same_numbers(one, other) or one.markers != other.markers:
        return True
    return bool(_other_place(one, other)) or (_year_gap(one, other) or 0) > 1


def title_similarity(one: Features, other: Features) -> float:
    """Similarity of two folded titles, 0 to 100; a title marked as cut, or cut short, is held against a beginning."""
    short, long = sorted((one.title, other.title), key=len)
    if not short:
        return 0.0
    whole = max(ratio(short, long), token_sort_ratio(short, long))
    cut = one.truncated or other.truncated
    if len(short) >= TRUNCATED_FROM and (cut or len(short) < len(long)):
        beginning = ratio(short, long[: len(short)])
        return max(whole, beginning if cut else min(beginning, SAME_TITLE - 1))
    return whole


def _same_identifier(one: Features, other: Features, name: str, similarity: float) -> Verdict:
    """Let a shared identifier decide unless the rest speaks against it (a volume's DOI, an erratum with a paper's)."""
    titled = bool(one.title and other.title)
    likeness, reason = Likeness.SAME, f"same {name}"
    if titled and similarity < OTHER_TITLE and name == "DOI" and _author_share(one, other) == 0:
        likeness, reason = Likeness.DIFFERENT, "same DOI, but neither title nor authors agree: the DOI of a volume"
    elif titled and similarity < LIKE_TITLE and not _same_place(one, other):
        likeness, reason = Likeness.DOUBTFUL, f"same {name}, other title"
    elif one.markers != other.markers or (titled and not _same_numbers(one, other)):
        likeness, reason = Likeness.DOUBTFUL, f"same {name}, but the titles name different documents or parts"
    return Verdict(likeness=likeness, reason=reason, by_identifier=True, title_similarity=similarity)


def _by_content(one: Features, other: Features, similarity: float, *, other_doi: bool) -> tuple[Likeness, str]:
    share = _author_share(one, other)
    if share is not None and share < SHARED_AUTHORS:
        if similarity >= SAME_TITLE and _same_place(one, other):
            return Likeness.DOUBTFUL, "same title, year and page, other authors"
        if similarity >= SAME_TITLE and share > 0 and _year_gap(one, other) in {0, 1} and not _other_place(one, other):
            return Likeness.DOUBTFUL, "same title, only some authors agree"
        return Likeness.DIFFERENT, "other authors"
    if similarity < LIKE_TITLE:
        if share is not None and _same_place(one, other):
            return Likeness.DOUBTFUL, "same authors, volume and page, other title: a translation?"
        return Likeness.DIFFERENT, "other title"
    if one.markers != other.markers:
        return Likeness.DIFFERENT, "one is an erratum, reply, comment or protocol"
    if not _same_numbers(one, other):
        return _other_numbers(one, other)
    if other_doi:
        return _other_doi(one, other, similarity)
    return _by_title(one, other, similarity, share)


def _other_numbers(one: Features, other: Features) -> tuple[Likeness, str]:
    if one.numbers < other.numbers or other.numbers < one.numbers:
        return Likeness.DOUBTFUL, "one title names a part or number that the other does not"
    if _agree(one.page, other.page) and _year_gap(one, other) == 0:
        return Likeness.DOUBTFUL, "same year and page, other numbers in the title"
    return Likeness.DIFFERENT, "the titles name other parts or numbers"


def _other_doi(one: Features, other: Features, similarity: float) -> tuple[Likeness, str]:
    if Levenshtein.distance(one.record.doi, other.record.doi) <= 2 and _same_place(one, other):
        return Likeness.DOUBTFUL, "all the same but one letter of the DOI"
    if similarity >= SAME_TITLE:
        return Likeness.DOUBTFUL, "same title and authors, other DOI: preprint, abstract or second publication?"
    return Likeness.DIFFERENT, "other DOI, title only alike"


def _by_title(one: Features, other: Features, similarity: float, share: float | None) -> tuple[Likeness, str]:
    """Titles alike, authors not contradicting, at most one DOI: year, place and the title's weight decide."""
    gap = _year_gap(one, other)
    against = _other_place(one, other)
    if gap is not None and gap > 2 and against is not False:
        return Likeness.DIFFERENT, f"{gap} years apart"
    if similarity < SAME_TITLE:
        return Likeness.DOUBTFUL, "title alike, authors agree"
    if against:
        return Likeness.DOUBTFUL, f"same title and authors, other {against}"
    if gap is None or gap > 1:
        return Likeness.DOUBTFUL, "same title and authors, the year is missing or differs"
    told = same_journal(one.record.journal, other.record.journal)
    if not _same_words(one, other) and not _same_place(one, other):
        return Likeness.DOUBTFUL, "same title but for a word, authors and year agree"
    if share is None and not _same_place(one, other):
        return Likeness.DOUBTFUL, "same title and year, authors missing"
    if gap == 1 and not told:
        return Likeness.DOUBTFUL, "same title and authors, a year apart, journal missing"
    if min(len(one.title.split()), len(other.title.split())) < SHORT_TITLE_WORDS and not _same_place(one, other):
        return Likeness.DOUBTFUL, "same title and authors, but the title is short"
    return Likeness.SAME, "same title, authors and year"


def _agree(one: str, other: str) -> bool | None:
    return one == other if one and other else None


def _author_share(one: Features, other: Features) -> float | None:
    """Share of the shorter list's family names found in the longer; ``None`` where a list is missing."""
    short, long = sorted(
        (sorted(set(one.families)), sorted(set(other.families))), key=lambda names: (len(names), names)
    )
    if not short:
        return None
    found = sum(1 for name in short if name in long or any(_one_holds_other(name, n) for n in long))
    return found / len(short)


def _one_holds_other(one: str, other: str) -> bool:
    """Compound names of which one source kept a part, and names with one wrong letter."""
    short, long = sorted((one, other), key=len)
    if len(short) < 4:
        return False
    return long.startswith(short) or long.endswith(short) or Levenshtein.distance(short, long, score_cutoff=1) <= 1


def _same_numbers(one: Features, other: Features) -> bool:
    """Whether the titles name the same numbers; what a cut title lost does not count."""
    if one.numbers == other.numbers:
        return True
    if not (one.truncated or other.truncated):
        return False
    short, long = sorted((one, other), key=lambda f: len(f.title))
    return short.numbers == numbers_in(long.title[: len(short.title)])


def _same_words(one: Features, other: Features) -> bool:
    """Whether two titles differ in wrong letters only, and not in a word: ``with`` and ``without``, left and right."""
    short, long = sorted((one.title, other.title), key=lambda title: (len(title), title))
    if short.replace(" ", "") == long.replace(" ", ""):
        return True
    missing, extra = _left_over(short, long), _left_over(long, short)
    for word in missing:
        partner = next(
            (w for w in extra if _one_letter_off(word, w) or (word == short.split()[-1] and w.startswith(word))), None
        )
        if partner is None:
            return False
        extra.remove(partner)
    return not extra or one.truncated or other.truncated


def _left_over(title: str, other: str) -> list[str]:
    """Words of a title that the other lacks, small words aside."""
    return sorted((Counter(title.split()) - Counter(other.split()) - Counter(dict.fromkeys(SMALL_WORDS, 9))).elements())


def _one_letter_off(one: str, other: str) -> bool:
    return min(len(one), len(other)) > 3 and OSA.distance(one, other, score_cutoff=1) <= 1


def _year_gap(one: Features, other: Features) -> int | None:
    first, second = one.record.year, other.record.year
    return None if first is None or second is None else abs(first - second)


def _same_place(one: Features, other: Features) -> bool:
    """Whether volume and first page are stated, equal, and nothing of year and journal speaks against it."""
    if not (one.volume and one.page and one.volume == other.volume and one.page == other.page):
        return False
    return (_year_gap(one, other) or 0) <= 1 and same_journal(one.record.journal, other.record.journal) is not False


def _other_place(one: Features, other: Features) -> str | bool:
    """Name what of the place contradicts (kind, journal, volume, page), False where all that is stated agrees."""
    if one.kind != other.kind:
        return "kind of publication"
    if same_journal(one.record.journal, other.record.journal) is False:
        return "journal"
    volume, page = _agree(one.volume, other.volume), _agree(one.page, other.page)
    if volume is False:
        return "volume"
    return "page" if page is False else False
