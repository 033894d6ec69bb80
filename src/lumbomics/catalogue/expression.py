"""The small language of rules, parsed by hand: facts, comparisons with literals, ``and``, ``or``, ``not``, parentheses.

Nothing of it is ever handed to Python's own parser or interpreter, so that no text can run as code.

    condition  = conjunction ("or" conjunction)*
    conjunction = negation ("and" negation)*
    negation   = "not" negation | "(" condition ")" | fact | fact operator literal
    literal    = number | text in quotes | "True" | "False" | "[" literal ("," literal)* "]"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from lumbomics.core.errors import CatalogueError

Literal = str | float | bool
_MOST_CHARACTERS, _DEEPEST = 2000, 40
_ORDER = ("<=", ">=", "==", "!=", "<", ">")
_WORDS = ("and", "or", "not", "in", "True", "False")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<text>\"[^\"\n]*\"|'[^'\n]*')"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign><=|>=|==|!=|[<>()\[\],]))",
    re.ASCII,
)


@dataclass(frozen=True)
class Truth:
    """A fact that is true or false by itself."""

    fact: str


@dataclass(frozen=True)
class Comparison:
    """A fact compared with one literal, or looked for in a list of them (``in``, ``not in``)."""

    fact: str
    operator: str
    literals: tuple[Literal, ...]

    @property
    def wants_list(self) -> bool:
        """Whether the operator looks into a list."""
        return self.operator in ("in", "not in")

    @property
    def has_order(self) -> bool:
        """Whether the operator needs ordered values."""
        return self.operator in ("<", "<=", ">", ">=")


@dataclass(frozen=True)
class Negation:
    """Not the part."""

    part: Condition


@dataclass(frozen=True)
class Conjunction:
    """All parts together."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Disjunction:
    """At least one part."""

    parts: tuple[Condition, ...]


Condition = Truth | Comparison | Negation | Conjunction | Disjunction
"""A parsed condition."""


class _Token(NamedTuple):
    kind: str
    text: str


_END = _Token("end", "")


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition:
    """Parse a condition.

    Raises
    ------
    CatalogueError
        If the text is no condition; the message says where it goes wrong.
    """
    if len(text) > _MOST_CHARACTERS:
        raise _unreadable(f"longer than {_MOST_CHARACTERS} characters")
    parser = _Parser(list(_tokens(text)))
    condition = parser.condition(0)
    parser.finish()
    return condition


def atoms(condition: Condition) -> Iterator[Truth | Comparison]:
    """Go through the facts and comparisons of a condition, from left to right."""
    if isinstance(condition, Truth | Comparison):
        yield condition
    elif isinstance(condition, Negation):
        yield from atoms(condition.part)
    else:
        for part in condition.parts:
            yield from atoms(part)


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise _forbidden(text[place:].strip()[:1])
        place = match.end()
        yield _Token(str(match.lastgroup), match[str(match.lastgroup)])


class _Parser:
    """Recursive descent over the tokens; ``depth`` counts what is still open."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place = tokens, 0

    def finish(self) -> None:
        rest = self._peek()
        if rest.text in (*_ORDER, "in", "not"):
            raise _no_comparison(rest.text)
        if rest is not _END:
            raise _forbidden(rest.text)

    def condition(self, depth: int) -> Condition:
        parts = [self._conjunction(depth)]
        while self._took("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Disjunction(tuple(parts))

    def _conjunction(self, depth: int) -> Condition:
        parts = [self._negation(depth)]
        while self._took("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def _negation(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise _unreadable(f"nested deeper than {_DEEPEST}")
        if self._took("not"):
            return Negation(self._negation(depth + 1))
        if self._took("("):
            inner = self.condition(depth + 1)
            self._need(")")
            return inner
        return self._statement()

    def _statement(self) -> Condition:
        token = self._next()
        if token is _END:
            raise _unreadable("it ends too early")
        if token.kind in ("number", "text") or token.text in ("True", "False", "["):
            raise _no_comparison(token.text)
        if token.kind != "word" or token.text in _WORDS:
            raise _forbidden(token.text)
        operator = self._operator()
        if operator is None:
            return Truth(token.text)
        literals, listed = self._literals()
        if listed != (operator in ("in", "not in")):
            raise CatalogueError("'in' takes a list, every other comparison one value", got=token.text)
        return Comparison(token.text, operator, literals)

    def _operator(self) -> str | None:
        for sign in (*_ORDER, "in"):
            if self._took(sign):
                return sign
        if self._peek().text == "not":
            self._next()
            self._need("in")
            return "not in"
        return None

    def _literals(self) -> tuple[tuple[Literal, ...], bool]:
        if not self._took("["):
            return (self._literal(),), False
        found = [self._literal()]
        while self._took(","):
            found.append(self._literal())
        self._need("]")
        return tuple(found), True

    def _literal(self) -> Literal:
        token = self._next()
        if token.kind == "number":
            return float(token.text)
        if token.kind == "text":
            return token.text[1:-1]
        if token.text in ("True", "False"):
            return token.text == "True"
        raise CatalogueError(f"{token.text or 'the end'!r} is no literal")

    def _peek(self) -> _Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._place += 1
        return token

    def _took(self, text: str) -> bool:
        token = self._peek()
        if token.text == text and token.kind in ("word", "sign"):
            self._place += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._took(text):
            raise _unreadable(f"expected {text!r}, got {self._peek().text or 'the end'!r}")


def _unreadable(why: str) -> CatalogueError:
    return CatalogueError(f"cannot be read as a condition ({why})")


def _forbidden(text: str) -> CatalogueError:
    return CatalogueError(f"{text!r} is not allowed: only facts, comparisons, and, or, not")


def _no_comparison(text: str) -> CatalogueError:
    return CatalogueError(f"{text!r}: not a comparison of one fact with a literal")
