"""Charts of measured numbers: each with the interval that says how far it can be trusted."""

import matplotlib.pyplot as plt
import numpy as np

from .plot import ACCENT, INK, QUIET, draw_box, overlay, show_image, write_range

STYLES = ("-", "--", ":")
SERIES = ((ACCENT, "o"), (INK, "s"), ("#4a7fb5", "^"))  # told apart by shape as well as by colour


def interval_chart(panels, *, width=6.8, xlabel="percent of scenes"):
    """Figures with their intervals as dots with bars, one line a name, one panel a question; a matplotlib figure.

    panels: dict of panel titles → dict of series → dict of names → (value, low, high). Names run from top to bottom,
    those of the first series; at most three series.
    """
    names = list(next(iter(next(iter(panels.values())).values())))
    figure, axes = plt.subplots(1, len(panels), figsize=(width, 0.9 + 0.27 * len(names)), layout="constrained",
                                sharey=True, squeeze=False)
    for panel, (title, series) in zip(axes[0], panels.items()):
        for place, ((label, figures), (color, marker)) in enumerate(zip(series.items(), SERIES)):
            at = np.arange(len(names)) + 0.24 * (place - (len(series) - 1) / 2)
            value, low, high = np.array([figures[name] for name in names]).T
            panel.errorbar(value, at, xerr=_reach(value, low, high), fmt=marker, color=color, ms=4.5, lw=1.2,
                           label=label)
        panel.set(title=title, xlabel=xlabel, xlim=(-3, 103), yticks=range(len(names)), yticklabels=names)
        panel.grid(axis="x", alpha=0.25)
    axes[0, 0].invert_yaxis()
    if len(series) > 1:
        figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=len(series), frameon=False)
    plt.close(figure)
    return figure


def curves(panels, *, xlabel, ylabel="percent of scenes", log=False, width=6.8):
    """Figures against a number, each line in a band that is its interval, one panel a question; a matplotlib figure.

    panels: dict of panel titles → (x, dict of lines → list of (value, low, high), one for each x); at most three lines
    in a panel. xlabel: a text, or one a panel. log: x in powers of ten above 1, for training steps that begin at 0.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(width, 3.6), layout="constrained", sharey=True, squeeze=False)
    xlabels = [xlabel] * len(panels) if isinstance(xlabel, str) else xlabel
    for panel, (title, (x, lines)), below in zip(axes[0], panels.items(), xlabels):
        for (label, intervals), (color, marker), style in zip(lines.items(), SERIES, STYLES):
            value, low, high = np.array(intervals).T
            panel.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
            panel.plot(x, value, color=color, marker=marker, ms=3.5, ls=style, label=label)
        panel.set(title=title, xlabel=below, ylim=(0, 103))
        if log:
            panel.set(xscale="symlog", xlim=(0, None))
        panel.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    axes[0, 0].set_ylabel(ylabel)
    plt.close(figure)
    return figure


def dossier_scenes(dossiers, columns=5):
    """Scenes of each dossier, a row each, no class twice in a row, the stamp's place outlined; a matplotlib figure.

    dossiers: dict of names → `training.audit.Dossier`.
    """
    figure, axes = plt.subplots(len(dossiers), columns, figsize=(6.8, 1.45 * len(dossiers)), layout="constrained",
                                squeeze=False)
    for row, (name, dossier) in zip(axes, dossiers.items()):
        _, firsts = np.unique(dossier.scenes.labels, return_index=True)
        for panel, which in zip(row, np.sort(firsts)):
            show_image(panel, dossier.scenes.images[which])
            draw_box(panel, dossier.places[which] + (-2, -2, 2, 2), lw=1)
            panel.set_title(dossier.scenes.labels[which], fontsize=9)
        row[0].set_ylabel(name, fontsize=9)
    plt.close(figure)
    return figure


def map_rows(rows):
    """Scenes under one map each, a row of them for each name, with the boxes of their digits; a matplotlib figure.

    rows: dict of names → (images, maps, boxes), (n, height, width), (n, rows, columns) and (n, 4). Each map is
    stretched to its own range, which is written below it.
    """
    columns = max(len(images) for images, _, _ in rows.values())
    figure, axes = plt.subplots(len(rows), columns, figsize=(6.8, 1.6 * len(rows)), layout="constrained",
                                squeeze=False)
    for line, (name, (images, maps, boxes)) in zip(axes, rows.items()):
        for panel, image, values, box in zip(line, images, maps, boxes):
            overlay(panel, image, values)
            draw_box(panel, box, color=INK)
            write_range(panel, values)
        line[0].set_ylabel(name, fontsize=9)
    plt.close(figure)
    return figure


def _reach(value, low, high):
    """How far a bar reaches to either side, never below zero: rounding can put a value beside its interval."""
    return np.maximum([value - low, high - value], 0)


def xy(series, *, xlabel, ylabel, title="", log="", width=5.6):
    """Lines and dots against numbers, in one panel; a matplotlib figure.

    series: dict of labels → (x, y, format); a format is matplotlib's, such as "-" or "o". At most three, told apart by
    more than their colour. log: which axes are in powers of ten: "", "x", "y" or "xy".
    """
    figure, panel = plt.subplots(figsize=(width, 3), layout="constrained")
    for (label, (x, y, style)), (color, _) in zip(series.items(), SERIES):
        panel.plot(x, y, style, color=color, label=label)
    panel.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if "x" in log else "linear",
              yscale="log" if "y" in log else "linear")
    panel.set_title(title, fontsize=10)
    for name in log:
        getattr(panel, f"{name}axis").set_major_formatter("{x:,.12g}")
    panel.legend(frameon=False, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)
    plt.close(figure)
    return figure


def bars(values, *, ylabel, title="", marked=(), unit="%"):
    """Numbers as bars, each with its value written above it; a matplotlib figure.

    values: dict of names → numbers, in `unit`. marked: the names whose bars stand out.
    """
    figure, panel = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
    colours = [ACCENT if name in marked else QUIET for name in values]
    drawn = panel.bar(list(values), list(values.values()), color=colours)
    panel.bar_label(drawn, labels=[f"{value:.1f} {unit}" for value in values.values()], padding=2)
    panel.set(ylabel=ylabel, ylim=(0, 1.2 * max(values.values())))
    panel.set_title(title, fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
    plt.close(figure)
    return figure


def histogram(groups, *, xlabel, ylabel, title="", bins=40, limits=(0, 1)):
    """How often values fall into each of `bins` equal parts of `limits`, a colour a group; a matplotlib figure.

    groups: dict of labels → values; at most three.
    """
    figure, panel = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
    for (label, values), (color, _), hatch in zip(groups.items(), SERIES, ("", "///", "...")):
        panel.hist(values, bins=np.linspace(*limits, bins + 1), fc=color, ec="white", hatch=hatch, label=label)
    panel.set(xlabel=xlabel, ylabel=ylabel)
    panel.set_title(title, fontsize=10)
    panel.legend(frameon=False)
    panel.spines[["top", "right"]].set_visible(False)
    plt.close(figure)
    return figure


def repeats(values, *, xlabel, title="", chance=None):
    """Repeated runs as circles, their mean as a bar, one line a name; a matplotlib figure.

    values: dict of names → numbers from 0 to 100, from top to bottom. chance: where a dotted line stands.
    """
    figure, panel = plt.subplots(figsize=(6.4, 0.8 + 0.4 * len(values)), layout="constrained")
    for place, runs in enumerate(values.values()):
        panel.plot(runs, [place] * len(runs), "o", color=QUIET, mfc="none")
        panel.plot(np.mean(runs), place, "|", color=ACCENT, ms=16, mew=2.5)
    if chance is not None:
        panel.axvline(chance, color=INK, ls=":", lw=1)
        panel.text(chance + 1, -0.45, "chance", fontsize=8)
    panel.set(xlim=(0, 100), ylim=(len(values) - 0.4, -0.7), xlabel=xlabel, yticks=range(len(values)),
              yticklabels=list(values))
    panel.set_title(title, fontsize=10)
    plt.close(figure)
    return figure
