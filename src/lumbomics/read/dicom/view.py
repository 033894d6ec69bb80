"""One frame of a DICOM object with its header facts, whether classic, enhanced multi-frame or nuclear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, LookupError, OSError)


class FrameView:
    """Looks a keyword up in the frame's own functional groups, then the shared ones, then the object's header.

    Parameters
    ----------
    dataset
        The object, pixels not needed.
    index
        Frame number, from 0.
    shared
        Flattened shared functional groups, as ``flatten`` gives them.
    """

    def __init__(self, dataset: Dataset, index: int, shared: dict[str, Any]) -> None:
        self.dataset = dataset
        self._shared = shared
        self._own: dict[str, Any] = {}
        groups = value_of(dataset, "PerFrameFunctionalGroupsSequence")
        if groups is not None and index < len(groups):
            self._own = flatten(groups[index])

    def get(self, keyword: str) -> Any:
        """Value of a keyword; ``None`` where it is absent, empty or unreadable."""
        for place in (self._own, self._shared):
            if keyword in place:
                return place[keyword]
        return value_of(self.dataset, keyword)


def views(dataset: Dataset) -> Iterator[FrameView]:
    """All frames of an object, in stored order."""
    shared_groups = value_of(dataset, "SharedFunctionalGroupsSequence")
    shared = flatten(shared_groups[0]) if shared_groups else {}
    for index in range(int(value_of(dataset, "NumberOfFrames") or 1)):
        yield FrameView(dataset, index, shared)


def view(dataset: Dataset, index: int) -> FrameView:
    """One frame of an object."""
    shared_groups = value_of(dataset, "SharedFunctionalGroupsSequence")
    return FrameView(dataset, index, flatten(shared_groups[0]) if shared_groups else {})


def flatten(item: Dataset) -> dict[str, Any]:
    """Keyword -> value over all macros of one functional group item (the first item of each, and of its own)."""
    found: dict[str, Any] = {}
    for element in item:
        if element.VR != "SQ" or not element.value:
            continue
        for inner in element.value[0]:
            if inner.VR == "SQ":
                found |= _leaves(inner.value[0]) if inner.value else {}
            elif not inner.is_empty:
                found[inner.keyword] = inner.value
    return found


def _leaves(item: Dataset) -> dict[str, Any]:
    return {element.keyword: element.value for element in item if element.VR != "SQ" and not element.is_empty}


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Value of a top-level keyword; ``None`` where it is absent, empty or breaks its own type's rules."""
    try:
        value = dataset.get(keyword)
    except _UNREADABLE:
        return None
    return None if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0) else value


def listed(value: Any) -> list[Any]:
    """Values of a keyword as a list, whether there are none, one or many."""
    if value is None:
        return []
    return [value] if isinstance(value, str | int | float) else list(value)


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Exactly ``count`` finite numbers, or ``None``."""
    try:
        found = tuple(float(part) for part in value)
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and all(abs(n) < float("inf") for n in found) else None
