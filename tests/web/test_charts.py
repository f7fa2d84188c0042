"""Charts: round axes, bars that keep proportion, drawings that stay inside their frame."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.charts import (
    NARROW,
    WIDE,
    BarState,
    Day,
    Limit,
    bar_chart,
    compact,
    full,
    nice_ticks,
    sparkline,
)


def days(*values: int) -> list[Day]:
    return [Day(f"{n} Nov", f"{n} November 2026", value) for n, value in enumerate(values, start=1)]


def height_of(path: str) -> Decimal:
    """Height of a bar's path: its straight side plus its shoulder."""
    side, shoulder = re.findall(r"v(-?[\d.]+)q0 (-?[\d.]+)", path)[0]
    return -Decimal(side) - Decimal(shoulder)


def test_the_axis_uses_round_steps_up_to_the_highest_figure() -> None:
    assert nice_ticks(269_000) == [0, 100_000, 200_000, 300_000]


def test_the_axis_of_counts_has_no_fractions_of_one() -> None:
    assert nice_ticks(3) == [0, 1, 2, 3]


def test_the_axis_of_fractions_may_have_fractions() -> None:
    assert nice_ticks(Decimal("0.4"), whole=False) == [Decimal(n) / 10 for n in range(5)]


def test_an_axis_without_figures_still_has_one_step() -> None:
    assert nice_ticks(0) == [0, 1]


def test_an_axis_refuses_what_lies_below_zero() -> None:
    with pytest.raises(ValueError, match="starts at zero"):
        nice_ticks(-1)


@given(st.integers(min_value=1, max_value=10**15))
def test_the_axis_ends_just_above_any_figure_in_few_equal_steps(highest: int) -> None:
    ticks = nice_ticks(highest)
    steps = {after - before for before, after in pairwise(ticks)}
    assert len(steps) == 1
    assert ticks[-2] < highest <= ticks[-1]
    assert 2 <= len(ticks) <= 6


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("999", "999"), ("300000", "300k"), ("1500000", "1.5M"), ("2E9", "2B"), ("0.25", "0.25")],
)
def test_axis_labels_are_short(value: str, text: str) -> None:
    assert compact(Decimal(value)) == text


def test_figures_are_written_in_full() -> None:
    assert [full(Decimal(1_234_567)), full(Decimal("1000")), full(Decimal("0.50"))] == [
        "1,234,567",
        "1,000",
        "0.5",
    ]


def test_bars_keep_the_proportion_of_their_figures() -> None:
    chart = bar_chart(days(50, 100, 25), title="Calls", unit="calls")
    first, second, third = (height_of(bar.path) for bar in chart.wide.bars)
    assert second == 2 * first == 4 * third


@given(
    st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=62),
    st.integers(min_value=0, max_value=10**12),
)
def test_nothing_is_drawn_outside_the_frame(values: list[int], limit: int) -> None:
    chart = bar_chart(days(*values), title="Calls", unit="calls", limit=Limit(limit, "Included per day"))
    for plot in (chart.wide, chart.narrow):
        assert plot.limit is not None
        levels = [tick.y for tick in plot.ticks] + [plot.limit.y]
        assert all(plot.top <= y <= plot.bottom for y in levels)
        assert all(0 <= height_of(bar.path) <= plot.bottom - plot.top for bar in plot.bars)
        assert all(plot.left <= bar.slot_x <= plot.right for bar in plot.bars)
        assert all(plot.left <= label.x <= plot.right for label in plot.day_labels)


def test_a_month_is_labelled_from_its_first_to_its_last_day_without_crowding() -> None:
    chart = bar_chart(days(*range(1, 31)), title="Calls", unit="calls")
    for plot, shape in ((chart.wide, WIDE), (chart.narrow, NARROW)):
        texts = [label.text for label in plot.day_labels]
        assert (texts[0], texts[-1]) == ("1 Nov", "30 Nov")
        assert len(texts) == shape.day_labels


def test_the_phone_drawing_is_narrower_and_taller() -> None:
    chart = bar_chart(days(1), title="Calls", unit="calls")
    assert chart.narrow.width < chart.wide.width
    assert chart.narrow.height > chart.wide.height


def test_a_bar_says_its_day_and_figure() -> None:
    chart = bar_chart(days(126_000), title="Calls", unit="calls")
    assert chart.wide.bars[0].text == "1 November 2026: 126,000 calls"


def test_days_to_come_have_a_stub_and_no_figure() -> None:
    coming = Day("2 Nov", "2 November 2026", 0, BarState.FUTURE)
    chart = bar_chart([*days(10), coming], title="Calls", unit="calls")
    assert chart.wide.bars[1].text == "2 November 2026"
    assert [figure.day for figure in chart.figures] == ["1 November 2026"]


def test_the_summary_names_the_lowest_and_the_highest_day() -> None:
    chart = bar_chart(days(5, 9, 2), title="Calls", unit="calls")
    assert chart.wide.summary.startswith("Between 2 calls on 3 November 2026 and 9 on 2 November 2026.")


def test_a_chart_of_days_to_come_says_that_there_is_nothing_yet() -> None:
    chart = bar_chart([Day("1 Nov", "1 November 2026", 0, BarState.FUTURE)], title="Calls", unit="calls")
    assert chart.wide.summary == "No calls yet."


def test_a_chart_without_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        bar_chart([], title="Calls", unit="calls")


def test_a_limit_above_all_figures_raises_the_axis() -> None:
    chart = bar_chart(days(10), title="Calls", unit="calls", limit=Limit(100, "Included per day"))
    assert chart.wide.ticks[-1].text == "100"


def test_a_trend_runs_from_left_to_right_and_ends_highest() -> None:
    spark = sparkline([0, 5, 10])
    assert spark is not None
    assert spark.line == "0.0,28.0 50.0,15.0 100.0,2.0"


def test_a_trend_needs_two_figures() -> None:
    assert sparkline([7]) is None


def test_a_trend_of_zeros_lies_on_the_ground() -> None:
    spark = sparkline([0, 0])
    assert spark is not None
    assert spark.line == "0.0,28.0 100.0,28.0"
