"""Numbers as people write them: 80,000 and 0.99987, not 8.0e+04 and 0.99987240000001.

Negative numbers carry a real minus sign and powers of ten superscripts, so that the same text can
stand in HTML, in SVG and in Markdown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

NOT_FINITE = "not finite"

_BLOCKS = "▁▂▃▄▅▆▇█"

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_DIGITS = 17


def number(value: float | None, digits: int = 4) -> str:
    """`value` with about `digits` significant digits; ``not finite`` for none, NaN and infinities.

    Whole numbers keep all their digits. Just below one, digits count from the difference to one:
    a share of 0.99987 must not be shown as 1. Powers of ten tell the order of something tiny or
    huge, and carry half of the digits.
    """
    if value is None or not math.isfinite(value):
        return NOT_FINITE
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        return _scientific(value, digits - 2)
    if value == round(value):
        return _signed(f"{value:,.0f}")
    if 0 < 1 - value < 1e-6:
        # Spelling out the nines would hide how many there are, and few readers want to know.
        return "> 0.999999" if digits <= 4 else f"1 − {_scientific(1 - value, digits - 4)}"
    if 0.9 < size < 1:
        decimals = max(digits, 1 - math.floor(math.log10(1 - size)))
        return _signed(_without_trailing_zeros(f"{value:.{min(decimals, _MOST_DIGITS)}f}"))
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return _signed(_without_trailing_zeros(f"{value:,.{decimals}f}"))


def rounded(value: float | None, digits: int = 4) -> str:
    """`value` for where its last digits are not known: 253833 with 4 digits is 253,800."""
    if value is None or not math.isfinite(value) or value == 0:
        return number(value, digits)
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return number(round(value, places), digits)


def apart(value: float | None, others: Iterable[float | None], digits: int = 4) -> str:
    """`value` with as many digits as it takes to look different from every other that differs.

    A measurement of 0.99497 held against a threshold of 0.995 must not be shown as 0.995.
    """
    return _told_apart(value, others, digits, number)


def estimate(value: float | None, others: Iterable[float | None] = (), digits: int = 3) -> str:
    """A value that is not known to its last digit, as a mean over few values is: 144,767.2 is
    145,000. It has more digits only where it takes them to look different from one of `others`.
    """
    return _told_apart(value, others, digits, _short)


def _told_apart(
    value: float | None,
    others: Iterable[float | None],
    digits: int,
    text_of: Callable[[float | None, int], str],
) -> str:
    """The shortest text of so many digits or more that looks unlike that of each other value."""
    different = [other for other in others if other is not None and other != value]
    for precision in range(digits, _MOST_DIGITS + 1):
        text = text_of(value, precision)
        if all(text != text_of(other, precision) for other in different):
            return text
    return number(value, _MOST_DIGITS)


def _short(value: float | None, digits: int) -> str:
    # Just below one, digits count from the difference to one, and tiny ones are short anyway.
    is_large = value is not None and math.isfinite(value) and abs(value) >= 1
    return rounded(value, digits) if is_large else number(value, digits)


def decimal(value: float, decimals: int) -> str:
    """`value` with exactly so many decimals, for numbers that stand in a grid: 0.50, −0.12."""
    text = f"{value:.{decimals}f}"
    return _signed(text.removeprefix("-") if float(text) == 0 else text)


def percent(share: float) -> str:
    """A share or a confidence level in hundredths: 95 %, 99.9 %."""
    return f"{number(100 * share)} %"


def axis_numbers(ticks: Sequence[float]) -> list[str]:
    """Short labels for the ticks of one axis: 0, 200k, 400k, ... 1M."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    return [_axis_number(tick, thousands=largest >= 1e4) for tick in ticks]


def duration(seconds: float) -> str:
    """A span of time to two units: 29 s, 4 min 10 s, 1 h 12 min."""
    if not math.isfinite(seconds) or seconds < 0:
        return NOT_FINITE
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count(amount: int, noun: str, plural: str = "") -> str:
    """`amount` with its noun in the right number: 1 claim, 7 claims."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def sparkline(values: Sequence[float | None]) -> str:
    """Values as a line of small bars from the least to the greatest, a dot where one is not finite.

    Where all are the same, bars are half as high.
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    highest = len(_BLOCKS) - 1

    def bar(value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return "·"
        if low == high:
            return _BLOCKS[highest // 2]
        return _BLOCKS[round((value / 2 - low / 2) / (high / 2 - low / 2) * highest)]

    return "".join(map(bar, values))


def _axis_number(tick: float, *, thousands: bool) -> str:
    size = abs(tick)
    if size == 0:
        return "0"
    if thousands and 1e6 <= size < 1e10:
        return _signed(f"{tick / 1e6:.6g}M")
    if thousands and 1e3 <= size < 1e6:
        return _signed(f"{tick / 1e3:.6g}k")
    if size >= 1e10 or size < 1e-3:
        return _scientific(tick, 3)
    return _signed(f"{tick:,.6g}")


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{max(digits, 1) - 1}e}".split("e")
    mantissa = _without_trailing_zeros(mantissa)
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    if mantissa in ("1", "-1"):
        return _signed(mantissa.removesuffix("1") + power)
    return _signed(f"{mantissa} × {power}")


def _without_trailing_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(text: str) -> str:
    return text.replace("-", "−")
