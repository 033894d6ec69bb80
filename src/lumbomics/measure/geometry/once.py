"""What several biomarkers ask of the same spine is found once, obstacles included."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from lumbomics.measure.geometry.obstacle import NotMeasurableError

_P = ParamSpec("_P")
_R = TypeVar("_R")


def once(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Keep what a pure function returned, or why it could not, as long as its first argument lives.

    For functions of an object that stands for one patient (``ExaminedSpine``, ``SpineGeometry``; kept there as
    ``cached_property`` keeps) and of further hashable arguments, such as levels and sides. Callers share one result:
    they must not change it.
    """

    @wraps(function)
    def found(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        own: dict[Hashable, object] = vars(args[0]).setdefault("_once", {})
        key: Hashable = (function, args[1:], tuple(sorted(kwargs.items())))
        if key not in own:
            try:
                own[key] = function(*args, **kwargs)
            except NotMeasurableError as obstacle:
                own[key] = NotMeasurableError(obstacle.reason, obstacle.detail)
        result = own[key]
        if isinstance(result, NotMeasurableError):
            raise NotMeasurableError(result.reason, result.detail)
        return cast("_R", result)

    return found
