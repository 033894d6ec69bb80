"""Words that the user chooses from, turned into the project's types."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from lumbomics.advise import load_protocols
from lumbomics.core.anatomy import Transition
from lumbomics.core.conventions import Convention
from lumbomics.core.errors import InputError, did_you_mean
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Posture
from lumbomics.read import EVERY_SERIES

E = TypeVar("E", bound=StrEnum)


def chosen_convention(word: Convention | str) -> Convention:
    """Label convention by name; InputError with the nearest names otherwise."""
    return _choose(Convention, str(word), "label convention")


def chosen_posture(word: str | None) -> Posture:
    """Posture by name; unknown where nothing was said."""
    return Posture.UNKNOWN if word is None else _choose(Posture, word, "posture")


def chosen_contrast(word: str | None) -> Contrast:
    """Kind of picture by name; unknown where nothing was said."""
    return Contrast.UNKNOWN if word is None else _choose(Contrast, word, "kind of image")


def chosen_transition(word: Transition | str | None) -> Transition | None:
    """Transitional anatomy by name; ``None`` where nothing was said."""
    return None if word is None else _choose(Transition, str(word), "transitional anatomy")


def chosen_question(word: str | None) -> str | None:
    """Question of a protocol by name; ``None`` where nothing was asked."""
    if word is None or word in load_protocols():
        return word
    raise InputError("unknown question", expected=", ".join(load_protocols()), got=repr(word))


def chosen_contrasts(words: tuple[str, ...]) -> dict[str, Contrast]:
    """Operator's words ``NAME=KIND`` as series name -> kind; a bare ``KIND`` holds for every series."""
    named = [word if "=" in word else f"{EVERY_SERIES}={word}" for word in words]
    pairs = [word.partition("=") for word in named]
    wrong = [word for word, (name, _, kind) in zip(words, pairs, strict=True) if not (name and kind)]
    if wrong:
        raise InputError("cannot read the kind of a series", expected="NAME=KIND or KIND", got=", ".join(wrong))
    return {name: chosen_contrast(kind) for name, _, kind in pairs}


def _choose(kinds: type[E], word: str, what: str) -> E:
    try:
        return kinds(word)
    except ValueError:
        values = [kind.value for kind in kinds]
        by_folded = {value.casefold(): value for value in values}
        if word.casefold() in by_folded:
            return kinds(by_folded[word.casefold()])
        hint = did_you_mean(word, values)
        raise InputError(f"unknown {what}", expected=", ".join(values), got=repr(word), hint=hint) from None
