"""Gradient boosted trees for several classes, and their ONNX form."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper
from sklearn.ensemble import HistGradientBoostingClassifier

from lumbomics.segment.axial.learned import INPUT, OUTPUT

_ROUNDS, _RATE, _LEAVES, _LEAST_PIXELS, _SHRINKAGE = 60, 0.13, 24, 40, 1.0
_OPSET, _OPSET_ML, _IR = 17, 3, 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """Fitted trees: every round holds one a class.

    Parameters
    ----------
    model
        The fitted model.
    width
        How many numbers it looks at.
    """

    model: HistGradientBoostingClassifier = field(repr=False)
    width: int

    @property
    def start(self) -> NDArray[np.float64]:
        """Scores (classes,) before the first round."""
        return np.asarray(self.model._baseline_prediction, dtype=np.float64).ravel()  # noqa: SLF001 - no public way

    @property
    def rounds(self) -> list[list[NDArray[np.void]]]:
        """Nodes of every tree: round, class, then a structured array."""
        return [[tree.nodes for tree in trees] for trees in self.model._predictors]  # noqa: SLF001 - no public way


def fit_trees(rows: NDArray[np.float32], kind: NDArray[np.intp], weight: NDArray[np.float64]) -> Trees:
    """Fit trees to pixels: numbers (n, width), class (n,), what each counts (n,)."""
    model = HistGradientBoostingClassifier(
        max_iter=_ROUNDS,
        learning_rate=_RATE,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_LEAST_PIXELS,
        l2_regularization=_SHRINKAGE,
        early_stopping=False,
        random_state=0,
    )
    model.fit(rows, kind, sample_weight=weight / weight.mean())
    return Trees(model=model, width=rows.shape[1])


def to_onnx(trees: Trees) -> bytes:
    """Write trees as one ONNX tree ensemble from numbers (n, width) to chances (n, classes)."""
    table: dict[str, list[int | float | str]] = {name: [] for name in _COLUMNS}
    leaves: dict[str, list[int | float]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    number = 0
    for each_round in trees.rounds:
        for kind, nodes in enumerate(each_round):
            _add_tree(table, leaves, nodes, number=number, kind=kind)
            number += 1
    classes = len(trees.start)
    node = helper.make_node(
        "TreeEnsembleClassifier",
        [INPUT],
        ["kind", OUTPUT],
        domain="ai.onnx.ml",
        classlabels_int64s=list(range(classes)),
        base_values=[float(value) for value in trees.start],
        post_transform="SOFTMAX",
        **{f"nodes_{name}": values for name, values in table.items()},
        **{f"class_{name}": values for name, values in leaves.items()},
    )
    graph = helper.make_graph(
        [node],
        "epidural",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, trees.width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, classes])],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _OPSET_ML)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="lumbomics")
    checker.check_model(model)
    return bytes(model.SerializeToString())


_COLUMNS = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")


def _add_tree(
    table: dict[str, list[int | float | str]],
    leaves: dict[str, list[int | float]],
    nodes: NDArray[np.void],
    *,
    number: int,
    kind: int,
) -> None:
    """Add one tree's nodes; a number up to the threshold goes left, as in the model."""
    for index, node in enumerate(nodes):
        leaf = bool(node["is_leaf"])
        row: tuple[int | float | str, ...] = (
            number,
            index,
            0 if leaf else int(node["feature_idx"]),
            "LEAF" if leaf else "BRANCH_LEQ",
            0.0 if leaf else float(node["num_threshold"]),
            0 if leaf else int(node["left"]),
            0 if leaf else int(node["right"]),
        )
        for name, value in zip(_COLUMNS, row, strict=True):
            table[name].append(value)
        if leaf:
            for name, value in (("treeids", number), ("nodeids", index), ("ids", kind), ("weights", node["value"])):
                leaves[name].append(float(value) if name == "weights" else int(value))
