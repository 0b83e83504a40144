"""The class report's two figures, each with its words for those who do not see it."""

import base64
from collections import Counter
from collections.abc import Sequence
from math import ceil
from statistics import median
from textwrap import shorten

import matplotlib as mpl
from matplotlib.figure import Figure

from course_lib.grading.exports.class_summary import GROUPS, Summary
from course_lib.grading.exports.page import text
from course_lib.grading.exports.words import number, one_line
from course_lib.grading.records import Record
from course_lib.viz.show import to_png
from course_lib.viz.style import CATEGORICAL, INK, MASKED, PAPER, QUERY, use_style

# Told apart in grey print and by those who do not see colours: dark, light, hatched, dotted.
_LOOKS = ({"color": QUERY}, {"color": CATEGORICAL[1]}, {"color": CATEGORICAL[2], "hatch": "////"},
          {"color": MASKED, "hatch": "...."})


def distribution(records: Sequence[Record]) -> str:
    """How many have how many points, as an <img>."""
    points = [record.points for record in records]
    most = max(record.of for record in records)
    width = next((step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if most / step <= 20), most / 20)
    last = max(ceil(most / width) - 1, 0) if width > 1 else int(most)  # all points belong to the bar below them
    bins = Counter(min(int(each // width), last) for each in points)
    with mpl.rc_context():
        use_style()
        figure = Figure(figsize=(7.2, 2.8))
        ax = figure.subplots()
        ax.bar([(bin + 0.5) * width if width > 1 else bin for bin in bins], bins.values(), width=0.9 * width,
               color=QUERY)
        middle = median(points)
        ax.axvline(middle, color=INK, linestyle="--", linewidth=1.2, label=f"median: {number(middle)}")
        right = (last + 1) * width if width > 1 else most + 0.6
        ax.set(xlabel=f"points, of {number(most)}", ylabel="students", xlim=(0 if width > 1 else -0.6, right))
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="x", visible=False)
        ax.legend(loc="upper left", bbox_to_anchor=(0, 1.16))
        full = sum(record.points >= record.of for record in records)
        alt = (f"How many students have how many points. Median {number(middle)} of {number(most)}, lowest"
               f" {number(min(points))}, highest {number(max(points))}; {full} of {len(points)} have all.")
        return _img(figure, alt)


def outcomes(summaries: Sequence[Summary]) -> str:
    """What came of each exercise, a bar an exercise, as an <img>."""
    with mpl.rc_context():
        use_style()
        figure = Figure(figsize=(7.2, 0.9 + 0.32 * len(summaries)))
        ax = figure.subplots()
        left = [0.0] * len(summaries)
        for (word, statuses), look in zip(GROUPS, _LOOKS, strict=True):
            counts = [sum(each.statuses[status] for status in statuses) for each in summaries]
            ax.barh(range(len(counts)), counts, left=left, label=word, height=0.72, edgecolor=PAPER, **look)
            left = [a + b for a, b in zip(left, counts, strict=True)]
        ax.set(yticks=range(len(summaries)), xlabel="students")
        ax.set_yticklabels([_label(each) for each in summaries], parse_math=False)
        ax.set_ylim(len(summaries) - 0.4, -0.6)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", visible=False)
        figure.legend(loc="outside upper left", ncols=4, fontsize=9, handlelength=1.4, columnspacing=1.2)
        hardest = min(summaries, key=lambda each: each.share)
        alt = (f"For each of {len(summaries)} exercises, how many students were right, not yet right, stopped by"
               " an error or a limit, or did not try. The numbers are in the table below. Fewest points were earned"
               f" in {hardest.number} {hardest.title}: {hardest.share:.0%} of them.")
        return _img(figure, alt)


def _label(summary: Summary) -> str:
    return shorten(one_line(f"{summary.number} {summary.title}"), 44, placeholder=" ...")


def _img(figure: Figure, alt: str) -> str:
    data, width, height = to_png(figure)
    return (f'<figure><img src="data:image/png;base64,{base64.b64encode(data).decode()}" width="{width}"'
            f' height="{height}" alt="{text(alt)}"></figure>')
