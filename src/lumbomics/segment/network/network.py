"""The network itself, run by ONNX Runtime on the processor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError, SegmentationError
from lumbomics.core.prediction import Tissue
from lumbomics.segment.network.weights import Card, Weights

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT, OUTPUT = "slices", "logits"
OUTPUTS = len(Tissue) + 1
"""The tissues in the order of :class:`Tissue`, then metal."""


@dataclass(frozen=True, eq=False)
class Network:
    """A loaded network; :meth:`load` makes it.

    Parameters
    ----------
    card
        What is known about the weights.
    session
        ONNX Runtime's session.
    """

    card: Card
    session: InferenceSession = field(repr=False)

    @classmethod
    def load(cls, weights: Weights, *, threads: int | None = None) -> Self:
        """Start ONNX Runtime.

        Parameters
        ----------
        weights
            Checked weights.
        threads
            Processor threads; one for every physical core where ``None``.

        Raises
        ------
        SegmentationError
            If the file is no network of the expected inputs and outputs.
        """
        import onnxruntime  # noqa: PLC0415 - 0.1 s that only those pay who segment
        from onnxruntime.capi import onnxruntime_pybind11_state as faults  # noqa: PLC0415

        if threads is not None and threads < 1:
            raise InputError("no thread to work on", expected="at least 1", got=str(threads))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait by spinning are as fast on an idle machine and many times slower on a busy one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(weights.onnx, options, providers=["CPUExecutionProvider"])
        except (faults.Fail, faults.InvalidGraph, faults.InvalidProtobuf, faults.NotImplemented) as error:
            raise SegmentationError(
                "ONNX Runtime cannot read the weights", got=str(error), hint="update onnxruntime"
            ) from error
        _check_ports(session)
        return cls(weights.card, session)

    def logits(self, stack: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (n, 6, h, w) of stacked slices (n, 3, h, w); h and w are multiples of 32."""
        (logits,) = self.session.run([OUTPUT], {INPUT: stack})
        return np.asarray(logits, dtype=np.float32)


def _check_ports(session: InferenceSession) -> None:
    names = [port.name for port in (*session.get_inputs(), *session.get_outputs())]
    channels = [port.shape[1] for port in (*session.get_inputs(), *session.get_outputs()) if len(port.shape) == 4]
    if names != [INPUT, OUTPUT] or channels != [3, OUTPUTS]:
        raise SegmentationError(
            "the network has other inputs or outputs",
            expected=f"{INPUT} (n, 3, h, w) to {OUTPUT} (n, {OUTPUTS}, h, w)",
            got=f"{', '.join(names)} with {channels} channels",
        )
