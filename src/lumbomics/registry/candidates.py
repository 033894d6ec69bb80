"""Pairs of records worth comparing, found through shared keys instead of trying all pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np
from rapidfuzz import process
from rapidfuzz.fuzz import ratio, token_sort_ratio

from lumbomics.registry.compare import LIKE_TITLE, Features

_LETTERS = 30
"""Letters of a title's beginning and end that make a key."""
_WORDS = 3
"""Longest words of a title that make keys together with author and year: one wrong letter spoils one of them."""
_AUTHORS = 6
"""Authors of a long list that make keys, the last one always among them."""
_CROWD = 400
"""A key shared by more records says nothing (a journal's name as title); only identifiers are exempt."""
_CHUNK = 200_000
_Keys = Callable[[Features], Iterable[tuple[object, ...]]]


def candidate_pairs(features: Sequence[Features]) -> list[tuple[int, int]]:
    """Places of the records in each pair worth a verdict, ascending.

    Two records are paired when they share a PMID or DOI, or volume, first page and year; and when their titles are
    alike and they share the title's beginning or end, or an author, a long word and (within one) the year.
    """
    certain = _pairs(features, _firm_keys)
    loose = _pairs(features, _loose_keys, crowd=_CROWD) - certain
    return sorted(certain | set(_alike(features, sorted(loose))))


def _pairs(features: Sequence[Features], keys: _Keys, *, crowd: int | None = None) -> set[tuple[int, int]]:
    blocks: dict[object, list[int]] = defaultdict(list)
    for place, one in enumerate(features):
        for key in set(keys(one)):
            blocks[key].append(place)
    found: set[tuple[int, int]] = set()
    for block in blocks.values():
        if len(block) > 1 and (crowd is None or len(block) <= crowd):
            found.update(combinations(block, 2))
    return found


def _firm_keys(one: Features) -> Iterator[tuple[object, ...]]:
    if one.record.doi:
        yield "doi", one.record.doi
    if one.record.pmid:
        yield "pmid", one.record.pmid
    if one.volume and one.page and one.families:
        yield "place", one.volume, one.page, one.families[0][:4]


def _loose_keys(one: Features) -> Iterator[tuple[object, ...]]:
    letters = one.title.replace(" ", "")
    if letters:
        yield "begins", letters[:_LETTERS]
        yield "ends", letters[-_LETTERS:]
    if one.record.year is not None:
        words = sorted(set(one.title.split()), key=lambda word: (-len(word), word))[:_WORDS]
        for family in _some(one.families):
            for word in words:
                yield family, word, one.record.year
                yield family, word, one.record.year + 1


def _some(families: Sequence[str]) -> Iterable[str]:
    return families if len(families) <= _AUTHORS else (*families[: _AUTHORS - 1], families[-1])


def _alike(features: Sequence[Features], pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Pairs whose titles are alike, whole, with their words sorted, or the shorter against the longer's beginning."""
    for start in range(0, len(pairs), _CHUNK):
        chunk = pairs[start : start + _CHUNK]
        first = [features[a].title for a, _ in chunk]
        second = [features[b].title for _, b in chunk]
        lengths = [min(len(x), len(y)) for x, y in zip(first, second, strict=True)]
        cut_first = [x[:n] for x, n in zip(first, lengths, strict=True)]
        cut_second = [y[:n] for y, n in zip(second, lengths, strict=True)]
        likeness = process.cpdist(cut_first, cut_second, scorer=ratio, score_cutoff=LIKE_TITLE)
        sorted_words = process.cpdist(first, second, scorer=token_sort_ratio, score_cutoff=LIKE_TITLE)
        for place in np.flatnonzero((likeness > 0) | (sorted_words > 0)).tolist():
            yield chunk[place]
