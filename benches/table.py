"""The table: rows of figures, most of them with a limit and a result."""

import statistics
from dataclasses import dataclass, replace

import runs
from stage import MEGABYTE


@dataclass
class Row:
    """One line of the table. A row without a limit has no result."""

    what: str
    figure: str
    runs: int
    limit: str = ""
    ok: bool = True

    def cells(self):
        return self.what, self.figure, str(self.runs), self.limit, ("ok" if self.ok else "OVER") if self.limit else ""


def ratio(what, ratios, limit):
    count, within = len(ratios), statistics.median(ratios) <= limit
    return [
        Row(what, runs.spread(ratios, "{:.2f}"), count, f"{limit:.2f}", within),
        # If the limit is inside this interval, the result depends on chance as much as on taskpull.
        Row("  95 % confidence interval of the median", runs.confidence_interval(ratios, "{:.2f}"), count),
    ]


def times(*takes):
    return [milliseconds(f"  {what}", seconds) for what, seconds in takes]


def milliseconds(what, seconds, limit=None, judged=statistics.median):
    """Return a row of times; with a limit, the result compares `judged` (the median) of the times with it."""
    taken = [second * 1000 for second in seconds]
    row = Row(what, runs.spread(taken, "{:.1f}") + " ms", len(taken))
    return row if limit is None else replace(row, limit=f"{limit} ms", ok=judged(taken) <= limit)


def memory(what, peaks, limit):
    """Return a row of peak memories in bytes; the largest must be within a limit in megabytes."""
    taken = [peak / MEGABYTE for peak in peaks]
    return Row(what, runs.spread(taken, "{:.1f}") + " MB", len(taken), f"{limit} MB", max(taken) <= limit)


def growth(what, before, after, images, limit=None):
    """Return a row with the growth of peak memories (bytes) per image, with an optional limit in kilobytes."""
    taken = [(larger - smaller) / images / 1_000 for smaller, larger in zip(before, after)]
    row = Row(what, runs.spread(taken, "{:.0f}") + " KB", len(taken))
    return row if limit is None else replace(row, limit=f"{limit} KB", ok=statistics.median(taken) <= limit)


def prefixed(prefix, rows):
    """Return the rows with a prefix before each name that is not indented."""
    return [row if row.what.startswith(" ") else replace(row, what=prefix + row.what) for row in rows]


def calls(what, counts, limit):
    return Row(what, listed(counts), 1, str(limit), counts.total() <= limit)


def listed(counts):
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def print_table(rows):
    cells = [("measurement", "median (min–max)", "runs", "limit", "result"), *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    cells.insert(1, tuple("─" * width for width in widths))
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
