"""Geometry of the charts on usage pages: where each bar, gridline and label of an SVG drawing stands. Pure: figures in,
coordinates out, drawn by templates/components/chart.html and meter.html. Coordinates are in units of the drawing's
viewBox, with one decimal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum

Number = int | Decimal
Format = Callable[[Decimal], str]

TENTH = Decimal("0.1")
CORNER = Decimal(3)
NICE = [Decimal(factor) for factor in ("1", "2", "2.5", "5", "10")]


class BarState(StrEnum):
    """What a bar's colour says; the legend says the same in words."""

    WITHIN = "within"
    OVER = "over"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class Day:
    """One figure of a chart. `label` is short ("1 Nov"), `name` is the date in full, for tooltip and table."""

    label: str
    name: str
    value: Number
    state: BarState = BarState.WITHIN


@dataclass(frozen=True, slots=True)
class Limit:
    """A level worth a line across the chart, such as what is included per day."""

    value: Number
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a drawing and how many labels fit on its axes."""

    width: int
    height: int
    left: int
    day_labels: int


WIDE = Shape(width=620, height=230, left=46, day_labels=7)
NARROW = Shape(width=360, height=280, left=48, day_labels=4)
TOP = 20
RIGHT_MARGIN = 4
BOTTOM_MARGIN = 28


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar and the slot of the day it stands in; the whole slot answers to the pointer."""

    path: str
    slot_x: Decimal
    slot_width: Decimal
    state: BarState
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A horizontal gridline, or the limit, with its text."""

    y: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class DayLabel:
    """A date under the bars."""

    x: Decimal
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything one drawing needs."""

    title: str
    summary: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    bars: list[Bar]
    ticks: list[Tick]
    day_labels: list[DayLabel]
    limit: Tick | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table below a chart."""

    day: str
    value: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """The same figures drawn for a screen and for a phone, and as rows of a table (days to come are left out)."""

    wide: Plot
    narrow: Plot
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Points of a small trend line and of the ground below it, in a drawing that is stretched to its card."""

    width: int
    height: int
    line: str
    area: str


def full(value: Decimal) -> str:
    """Write a quantity in full with thousands separated: 217,000 or 0.5."""
    return f"{value.normalize():,f}" if value else "0"


def compact(value: Decimal) -> str:
    """Write a quantity short enough for an axis: 300k, 1.5M, 0.2. At most one decimal from a thousand on."""
    for size, sign in ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(1000), "k")):
        if abs(value) >= size:
            return full((value / size).quantize(TENTH, ROUND_HALF_UP)) + sign
    return full(value)


def nice_ticks(highest: Number, count: int = 4, whole: bool = True) -> list[Decimal]:
    """Return evenly spaced round numbers from 0 to the first at or above `highest`, about `count` steps.

    Steps are 1, 2, 2.5 or 5 times a power of ten, and whole numbers when `whole`. With nothing to show the
    axis still has one step. Refuses a negative `highest` (ValueError).
    """
    top = Decimal(highest)
    if top < 0:
        raise ValueError("a chart starts at zero")
    if top == 0:
        return [Decimal(0), Decimal(1)]
    rough = top / count
    power = Decimal(1).scaleb(rough.adjusted())
    if whole:
        power = max(power, Decimal(1))
    sizes = [power * factor for factor in NICE]
    step = next(size for size in sizes if size >= rough and not (whole and size % 1))
    steps = int((top / step).to_integral_value(ROUND_CEILING))
    return [step * index for index in range(steps + 1)]


def sparkline(values: Sequence[Number], width: int = 100, height: int = 30) -> Sparkline | None:
    """Return the trend of `values`, oldest first, scaled from zero; None where fewer than two say nothing."""
    if len(values) < 2:
        return None
    highest = max(Decimal(1), *(Decimal(value) for value in values)) if any(values) else Decimal(1)
    room = Decimal(height - 4)
    points = [
        f"{_tenth(Decimal(width) * index / (len(values) - 1))},{_tenth(2 + room - room * value / highest)}"
        for index, value in enumerate(values)
    ]
    line = " ".join(points)
    return Sparkline(width, height, line, f"0,{height} {line} {width},{height}")


def bar_chart(
    days: Sequence[Day],
    *,
    title: str,
    unit: str,
    limit: Limit | None = None,
    axis_format: Format = compact,
    value_format: Format = full,
) -> BarChart:
    """Lay out one bar per day, with gridlines and an optional limit line. `unit` is a plural ("calls").

    Values are quantities and not negative. Refuses an empty sequence of days (ValueError): a page shows an empty
    state instead of an empty chart.
    """
    if not days:
        raise ValueError("a chart needs at least one day")
    known = [day for day in days if day.state is not BarState.FUTURE]
    summary = _summary(known, unit, value_format)

    def plot(shape: Shape) -> Plot:
        return _plot(days, shape, title, summary, unit, limit, axis_format, value_format)

    figures = [Figure(day.name, value_format(Decimal(day.value))) for day in known]
    return BarChart(plot(WIDE), plot(NARROW), figures)


def _plot(
    days: Sequence[Day],
    shape: Shape,
    title: str,
    summary: str,
    unit: str,
    limit: Limit | None,
    axis_format: Format,
    value_format: Format,
) -> Plot:
    highest = max(Decimal(day.value) for day in days)
    if limit:
        highest = max(highest, Decimal(limit.value))
    whole = all(Decimal(day.value) == int(day.value) for day in days)
    ticks = nice_ticks(highest, whole=whole)
    right, bottom = shape.width - RIGHT_MARGIN, shape.height - BOTTOM_MARGIN
    slot = Decimal(right - shape.left) / len(days)

    def y_of(value: Number) -> Decimal:
        return _tenth(bottom - (bottom - TOP) * Decimal(value) / ticks[-1])

    bars = []
    for index, day in enumerate(days):
        slot_x = shape.left + slot * index
        future = day.state is BarState.FUTURE
        # A day to come is a short stub on the base line: visible, and clearly not a quantity.
        peak = Decimal(bottom - 2) if future else y_of(day.value)
        text = day.name if future else f"{day.name}: {value_format(Decimal(day.value))} {unit}"
        bars.append(Bar(_bar_path(slot_x, slot, peak, bottom), _tenth(slot_x), _tenth(slot), day.state, text))
    return Plot(
        title=title,
        summary=summary,
        width=shape.width,
        height=shape.height,
        left=shape.left,
        right=right,
        top=TOP,
        bottom=bottom,
        bars=bars,
        ticks=[Tick(y_of(value), axis_format(value)) for value in ticks],
        day_labels=_day_labels(days, shape, slot, right),
        limit=Tick(y_of(limit.value), limit.text) if limit else None,
    )


def _bar_path(slot_x: Decimal, slot: Decimal, peak: Decimal, bottom: int) -> str:
    """Draw a bar with rounded shoulders and square feet, so that it stands on the base line."""
    width = min(slot * Decimal("0.8"), Decimal(48))
    left = slot_x + (slot - width) / 2
    height = bottom - peak
    corner = min(CORNER, height, width / 2)
    x, w, r = _tenth(left), _tenth(width), _tenth(corner)
    return f"M{x} {bottom}v{-(height - r)}q0 {-r} {r} {-r}h{w - 2 * r}q{r} 0 {r} {r}v{height - r}z"


def _day_labels(days: Sequence[Day], shape: Shape, slot: Decimal, right: int) -> list[DayLabel]:
    """Label the first and the last day and evenly some between, none of them near enough to touch."""
    last = len(days) - 1
    count = min(shape.day_labels, len(days))
    shown = sorted({last * step // (count - 1) for step in range(count)}) if count > 1 else [0]
    labels = []
    for index in shown:
        x, anchor = shape.left + slot * index + slot / 2, "middle"
        if index == last and last > 0 and slot < 40:
            x, anchor = Decimal(right), "end"
        labels.append(DayLabel(_tenth(x), days[index].label, anchor))
    return labels


def _summary(known: Sequence[Day], unit: str, value_format: Format) -> str:
    """Say in one sentence what a look at the chart says; screen readers read it in place of the drawing."""
    if not known:
        return f"No {unit} yet."
    lowest = min(known, key=lambda day: day.value)
    highest = max(known, key=lambda day: day.value)
    return (
        f"Between {value_format(Decimal(lowest.value))} {unit} on {lowest.name} and "
        f"{value_format(Decimal(highest.value))} on {highest.name}. The table below has every figure."
    )


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(TENTH, ROUND_HALF_UP)
