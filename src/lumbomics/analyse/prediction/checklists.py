"""TRIPOD+AI, CLEAR and METRICS, filled as far as a run knows; the rest is left open for the authors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import yaml

from lumbomics.analyse.prediction.choices import Learner, Task
from lumbomics.analyse.prediction.metrics import HEADLINE
from lumbomics.analyse.prediction.result import MODEL, Prediction
from lumbomics.core.errors import FaultsError, InputError

COLUMNS = ("checklist", "item", "asks", "state", "answer", "source")
OPEN, FILLED, STATED = "open", "filled", "stated"

_BUILDS = {
    Learner.ELASTIC_NET: "elastic net (logistic or linear), share of lasso and penalty tuned",
    Learner.BOOSTING: "gradient-boosted trees, leaves and learning rate tuned",
}


def checklists(prediction: Prediction, *, stated: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Fill the checklists from a run.

    Parameters
    ----------
    prediction
        The run.
    stated
        The authors' own answers by list and item, such as ``{"TRIPOD+AI 5b": "2019 to 2024"}``; they replace the run's.

    Returns
    -------
    pandas.DataFrame
        One row an item, columns ``COLUMNS``; state is filled (by the run), stated (by the authors) or open. A filled
        item says what was done, not that it was enough, and no score is made of them.

    Raises
    ------
    FaultsError
        If ``stated`` names items that do not exist.
    """
    lists, own = _lists(), dict(stated or {})
    known = {f"{one['name']} {item[0]}" for one in lists for item in one["items"]}
    strange = sorted(set(own) - known)
    if strange:
        hint = "list and item, such as 'TRIPOD+AI 5b'"
        raise FaultsError([InputError("no such item", got=repr(name), hint=hint) for name in strange])
    answers = _answers(prediction)
    rows = []
    for one in lists:
        for number, asks, key in one["items"]:
            said = own.get(f"{one['name']} {number}")
            answer = said if said is not None else answers.get(key, "")
            state = STATED if said is not None else FILLED if answer else OPEN
            rows.append((one["name"], number, asks, state, answer, one["source"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


@cache
def _lists() -> tuple[dict[str, Any], ...]:
    text = files("lumbomics.analyse.prediction").joinpath("checklists.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text)["checklists"])


def _answers(prediction: Prediction) -> dict[str, str]:
    """Collect what the run knows, by the names in ``checklists.yaml``; empty where it does not."""
    return {**_data_answers(prediction), **_model_answers(prediction), **_result_answers(prediction)}


def _data_answers(prediction: Prediction) -> dict[str, str]:
    d, s = prediction.design, prediction.size
    event = "" if d.event is None else f", event {d.event}"
    rarer = "" if d.events is None else f", {d.events} of the rarer class"
    verdict = "reached" if s.enough else "not reached"
    return {
        "aim": "development with internal validation by nested cross-validation",
        "checklists": "TRIPOD+AI, CLEAR and METRICS, filled from the run",
        "outcome": f"{d.outcome} ({d.task}{event}); its definition is the authors'",
        "predictors": f"{len(d.features)} features: {', '.join(d.features)}",
        "clinical": ", ".join(d.clinical),
        "size": f"Riley's criteria: {s.needed} participants for {s.parameters} columns; {s.patients} there ({verdict})",
        "missing": f"{100 * d.gaps:.1f} % of cells empty; median or most frequent word of the training rows; "
        f"{d.rows_without_outcome} rows without an outcome left out",
        "flow": f"{d.rows + d.rows_without_outcome} rows given, {d.rows} with an outcome used",
        "counts": f"{d.participants} participants{rarer}",
    }


def _model_answers(prediction: Prediction) -> dict[str, str]:
    d = prediction.design
    harmonised = f"; {', '.join(d.harmonise)} harmonised between values of {d.site} by ComBat" if d.harmonise else ""
    handling = f"gaps filled, words coded, centred and scaled{harmonised}; all learnt from training rows"
    folds = f"{d.outer} outer and {d.inner} inner folds, {d.repeats} repeats, grouped by participant; no external data"
    return {
        "preparation": handling,
        "handling": handling,
        "partition": folds,
        "model": f"{_BUILDS[d.learner]}; {folds}",
        "tuning": f"grid, smallest loss over {d.inner} inner folds grouped by participant",
        "selection": ""
        if d.select is None
        else f"{d.select} columns with the largest correlation with the outcome, chosen from training rows",
        "heterogeneity": "" if d.site is None else f"discrimination within values of {d.site}{harmonised}",
        "sites": f"column {d.site}" if d.site is not None else "",
        "imbalance": "no resampling and no weights; risks are those of the cohort" if d.task is Task.BINARY else "",
        "output": "risk of the event; no threshold set" if d.task is Task.BINARY else "a number in the outcome's unit",
        "code": "lumbomics, open source",
        "classical": "the model is a penalised regression" if d.learner is Learner.ELASTIC_NET else "",
    }


def _result_answers(prediction: Prediction) -> dict[str, str]:
    d = prediction.design
    name = HEADLINE[d.task]
    measures = ", ".join(prediction.performance["metric"].unique())
    limits = "one cohort; limits hold the trained models fixed; no external validation"
    return {
        "measures": measures + (", net benefit" if d.task is Task.BINARY else ""),
        "uncertainty": f"{100 * d.confidence:g} % limits from {d.bootstrap} bootstrap samples of participants",
        "performance": _value(prediction, name),
        "calibration": f"{_value(prediction, 'calibration_slope')}; {_value(prediction, 'ici')}",
        "site_performance": _value(prediction, f"{name}_within_site") if d.site is not None else "",
        "comparison": f"difference to {', '.join(d.clinical)}: {_value(prediction, name, 'difference')}"
        if d.clinical
        else "",
        "comparison_method": "paired bootstrap of the difference to the clinical-only model" if d.clinical else "",
        "limits": limits + "".join(f"; {leak.says}" for leak in prediction.leaks),
    }


def _value(prediction: Prediction, metric: str, model: str = MODEL) -> str:
    value, low, high = prediction.estimate(metric, model=model)
    return f"{metric} {value:.3f} [{low:.3f}, {high:.3f}]"
