"""Why a structure cannot be measured, as an exception that the families turn into Absent."""

from __future__ import annotations

from lumbomics.core.errors import LumbomicsError
from lumbomics.core.measurement import Reason


class NotMeasurableError(LumbomicsError):
    """A structure is missing, cut off or cannot be described.

    Parameters
    ----------
    reason
        The class of obstacle, as Absent takes it.
    detail
        The obstacle in this case, in one sentence.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(detail)
