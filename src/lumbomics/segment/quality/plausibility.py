"""Whether the bodies of a spine map can be those of one spine: order, numbers, distances, sizes, sides."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lumbomics.core.anatomy import SACRUM, VERTEBRA_NAMES, below, rank, sort_craniocaudal
from lumbomics.core.quality import Finding, Verdict
from lumbomics.segment.quality.facts import Block, SpineFacts
from lumbomics.segment.quality.settings import QualitySettings


def check_region(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether what was found can be a lumbar spine: enough bodies, of its size, at its distances."""
    bodies = facts.presacral
    if len(bodies) < limits.least_bodies:
        found = f"{len(bodies)} vertebral bod{'y' if len(bodies) == 1 else 'ies'} found"
        return [_region(f"{found}, at least {limits.least_bodies:.0f} expected: no lumbar spine in view")]
    depth = float(np.median([body.depth_mm for body in bodies]))
    if depth < limits.least_depth_mm:
        return [_region(f"bodies are {depth:.0f} mm deep, at least {limits.least_depth_mm:g} mm expected")]
    step = float(np.median(_steps(bodies)))
    if not limits.least_spacing_mm <= step <= limits.largest_spacing_mm:
        wanted = f"{limits.least_spacing_mm:g} to {limits.largest_spacing_mm:g} mm expected"
        return [_region(f"neighbouring bodies lie {step:.0f} mm apart, {wanted}")]
    return []


def check_order(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether the numbers of vertebrae and discs run from head to foot as the structures lie."""
    del limits
    found = []
    lying = list(facts.bodies)
    wrong = [lies for lies, should in zip(lying, sort_craniocaudal(lying), strict=True) if lies != should]
    if wrong:
        names = ", ".join(VERTEBRA_NAMES[n] for n in lying)
        found.append(_failed("order", f"from the head the vertebrae read {names}: the numbers are out of order", wrong))
    misplaced = [disc for disc in facts.discs.values() if not wrong and _is_misplaced(disc, facts)]
    for disc in misplaced:
        upper = VERTEBRA_NAMES[disc.value - 100]
        found.append(_failed("order", f"the disc below {upper} does not lie between its vertebrae", [disc.value]))
    return found


def check_gap(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether a number is left out between two vertebrae."""
    del limits
    present = sort_craniocaudal(facts.bodies)
    return [
        _failed(
            "gap",
            f"no vertebra is labelled between {VERTEBRA_NAMES[upper]} and {VERTEBRA_NAMES[lower]}",
            [upper, lower],
        )
        for upper, lower in pairwise(present)
        if below(upper, present) != lower and rank(lower) <= rank(SACRUM)
    ]


def check_spacing(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether neighbouring bodies lie as far apart as the others: a missing or a doubled body shows here."""
    bodies = facts.presacral
    if len(bodies) < 3:
        return []
    steps = _steps(bodies)
    found = []
    for (upper, lower), step, usual in zip(pairwise(bodies), steps, _usual(steps), strict=True):
        if not limits.narrowest_step <= step / usual <= limits.widest_step:
            names = f"{VERTEBRA_NAMES[upper.value]} and {VERTEBRA_NAMES[lower.value]}"
            message = f"{names} lie {step:.0f} mm apart, about {usual:.0f} mm expected"
            found.append(_failed("spacing", message, [upper.value, lower.value]))
    return found


def check_heights(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether bodies are as tall as those near them: two bodies drawn as one fail, a flat one is left out."""
    bodies = facts.presacral
    if len(bodies) < 3:
        return []
    found = []
    for body, usual in zip(bodies, _usual([body.height_mm for body in bodies]), strict=True):
        ratio = body.height_mm / usual
        name = VERTEBRA_NAMES[body.value]
        words = f"{name} is {body.height_mm:.0f} mm tall, about {usual:.0f} mm expected"
        if ratio > limits.highest_body:
            found.append(_failed("height", f"{words}: two bodies drawn as one?", [body.value]))
        elif ratio < limits.lowest_body and not _is_at_end(body, bodies):
            found.append(_left_out("height", f"{words}: drawn in part, or collapsed", [body.value]))
    return found


def check_volumes(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether a body is far smaller than both neighbours, as one drawn in part is; the outer ones may be cut."""
    found = []
    bodies = facts.presacral
    for above, body, under in zip(bodies, bodies[1:], bodies[2:], strict=False):
        usual = (above.volume_mm3 + under.volume_mm3) / 2
        if body.volume_mm3 < limits.smallest_body * usual:
            sizes = f"{body.volume_mm3 / 1000:.1f} mL, its neighbours {usual / 1000:.1f} mL"
            name = VERTEBRA_NAMES[body.value]
            found.append(_left_out("volume", f"the body of {name} holds {sizes}: drawn in part", [body.value]))
    return found


def check_balance(facts: SpineFacts, limits: QualitySettings) -> list[Finding]:
    """Whether a body reaches to both sides of the canal; only where the image does so by far."""
    found = []
    width = facts.labels.grid.shape[_slice_axis(facts)] * facts.labels.grid.spacing_mm[_slice_axis(facts)]
    usual = float(np.median([b.left_mm + b.right_mm for b in facts.presacral] or [0.0]))
    if not len(facts.canal_mm) or width < 1.2 * usual or usual == 0:
        return []
    for body in facts.presacral:
        uneven = (body.right_mm - body.left_mm) / max(body.right_mm + body.left_mm, 1e-9)
        if abs(uneven) > limits.one_sided:
            reach = f"{body.left_mm:.0f} mm to the left of the canal and {body.right_mm:.0f} mm to the right"
            found.append(_left_out("balance", f"{VERTEBRA_NAMES[body.value]} reaches {reach}", [body.value]))
    return found


def _slice_axis(facts: SpineFacts) -> int:
    return int(np.argmax(np.abs(facts.labels.grid.axes[0])))


def _steps(bodies: list[Block]) -> list[float]:
    return [float(np.linalg.norm(a.centre_mm - b.centre_mm)) for a, b in pairwise(bodies)]


def _usual(sizes: list[float]) -> list[float]:
    """Median of the others near each one: sizes and distances grow slowly from head to foot."""
    usual = []
    for position in range(len(sizes)):
        near = [sizes[i] for i in range(max(0, position - 2), min(len(sizes), position + 3)) if i != position]
        usual.append(float(np.median(near)))
    return usual


def _is_at_end(body: Block, bodies: list[Block]) -> bool:
    return body is bodies[0] or body is bodies[-1]


def _is_misplaced(disc: Block, facts: SpineFacts) -> bool:
    upper = disc.value - 100
    lower = below(upper, facts.bodies) if upper in facts.bodies else None
    if lower is None:
        return False
    top, foot = facts.bodies[upper].centre_mm, facts.bodies[lower].centre_mm
    share = float((disc.centre_mm - top) @ (foot - top) / max(float((foot - top) @ (foot - top)), 1e-9))
    return not 0.0 < share < 1.0


def _region(message: str) -> Finding:
    return Finding(check="out_of_distribution", message=message, verdict=Verdict.ARTIFACT)


def _failed(check: str, message: str, structures: list[int]) -> Finding:
    return Finding(check=check, message=message, verdict=Verdict.FAIL, structures=tuple(structures), excludes=True)


def _left_out(check: str, message: str, structures: list[int]) -> Finding:
    return Finding(check=check, message=message, structures=tuple(structures), excludes=True)
