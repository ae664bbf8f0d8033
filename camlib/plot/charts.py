"""Charts of measured numbers: each with the interval that says how far it can be trusted."""

import numpy as np

from ..colours import ACCENT, INK, QUIET
from .style import described, listed, number, plain, printable, subplots

STYLES = ("-", "--", ":")
SERIES = ((ACCENT, "o"), (INK, "s"), ("#4a7fb5", "^"))  # told apart by shape as well as by colour


def interval_chart(panels, *, width=6.8, xlabel="percent of scenes"):
    """Figures with their intervals as dots with bars, one line a name, one panel a question; a matplotlib figure.

    panels: dict of panel titles → dict of series → dict of names → (value, low, high). Names run from top to bottom,
    those of the first series; at most three series.
    """
    names = list(next(iter(next(iter(panels.values())).values())))
    figure, axes = subplots(1, len(panels), size=(width, 0.9 + 0.27 * len(names)), sharp=True, sharey=True)
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
    said = "; ".join(_said(f"{title} {label}", {name: figures[name][0] for name in names})
                     for title, series in panels.items() for label, figures in series.items())
    return described(figure, f"Figures with their intervals, {xlabel}. {said}.")


def curves(panels, *, xlabel, ylabel="percent of scenes", log=False, width=6.8):
    """Figures against a number, each line in a band that is its interval, one panel a question; a matplotlib figure.

    panels: dict of panel titles → (x, dict of lines → list of (value, low, high), one for each x); at most three lines
    in a panel. xlabel: a text, or one a panel. log: x in powers of ten above 1, for training steps that begin at 0.
    """
    figure, axes = subplots(1, len(panels), size=(width, 3.6), sharp=True, sharey=True)
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
    said = "; ".join(_went(f"{title} {label}", x, [value for value, *_ in line])
                     for title, (x, lines) in panels.items() for label, line in lines.items())
    return described(figure, f"Lines in bands, {ylabel} against {' and '.join(dict.fromkeys(xlabels))}. {said}.")


def xy(series, *, xlabel, ylabel, title="", log="", width=5.6):
    """Lines and dots against numbers, in one panel; a matplotlib figure.

    series: dict of labels → (x, y, format); a format is matplotlib's, such as "-" or "o". At most three, told apart by
    more than their colour. log: which axes are in powers of ten: "", "x", "y" or "xy".
    """
    figure, [[panel]] = subplots(size=(width, 3), sharp=True)
    for (label, (x, y, style)), (color, _) in zip(series.items(), SERIES):
        panel.plot(x, y, style, color=color, label=label)
    panel.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if "x" in log else "linear",
              yscale="log" if "y" in log else "linear")
    panel.set_title(title, fontsize=10)
    for name in log:
        getattr(panel, f"{name}axis").set_major_formatter("{x:,.12g}")
    panel.legend(frameon=False, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)
    return described(figure, f"A chart, {ylabel} against {xlabel}: " + "; ".join(
        _went(label, x, y) for label, (x, y, _) in series.items()) + ".")


def bars(values, *, ylabel, title="", marked=(), unit="%"):
    """Numbers as bars, each with its value written above it; a matplotlib figure.

    values: dict of names → numbers, in `unit`. marked: the names whose bars stand out.
    """
    figure, [[panel]] = subplots(size=(5.6, 2.6), sharp=True)
    colours = [ACCENT if name in marked else QUIET for name in values]
    drawn = panel.bar(list(values), list(values.values()), color=colours)
    panel.bar_label(drawn, labels=[f"{value:.1f} {unit}" for value in values.values()], padding=2)
    panel.set(ylabel=ylabel, ylim=(0, 1.2 * max(values.values())))
    panel.set_title(title, fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
    return described(figure, f"Bars, {_said(ylabel, values)}.")


def histogram(groups, *, xlabel, ylabel, title="", bins=40, limits=(0, 1)):
    """How often values fall into each of `bins` equal parts of `limits`, a colour a group; a matplotlib figure.

    groups: dict of labels → values; at most three.
    """
    figure, [[panel]] = subplots(size=(5.6, 2.6), sharp=True)
    for (label, values), (color, _), hatch in zip(groups.items(), SERIES, ("", "///", "...")):
        panel.hist(values, bins=np.linspace(*limits, bins + 1), fc=color, ec="white", hatch=hatch, label=label)
    panel.set(xlabel=xlabel, ylabel=ylabel)
    panel.set_title(title, fontsize=10)
    panel.legend(frameon=False)
    panel.spines[["top", "right"]].set_visible(False)
    middles = {label: np.median(values) for label, values in groups.items()}
    return described(figure, f"How often each {xlabel} occurs; medians: {_said('', middles)}.")


def repeats(values, *, xlabel, title="", chance=None):
    """Repeated runs as circles, their mean as a bar, one line a name; a matplotlib figure.

    values: dict of names → numbers from 0 to 100, from top to bottom. chance: where a dotted line stands.
    """
    figure, [[panel]] = subplots(size=(6.4, 0.8 + 0.4 * len(values)), sharp=True)
    for place, runs in enumerate(values.values()):
        panel.plot(runs, [place] * len(runs), "o", color=QUIET, mfc="none")
        panel.plot(np.mean(runs), place, "|", color=ACCENT, ms=16, mew=2.5)
    if chance is not None:
        panel.axvline(chance, color=INK, ls=":", lw=1)
        panel.text(chance + 1, -0.45, "chance", fontsize=8)
    panel.set(xlim=(0, 100), ylim=(len(values) - 0.4, -0.7), xlabel=xlabel, yticks=range(len(values)),
              yticklabels=list(values))
    panel.set_title(title, fontsize=10)
    return described(figure, f"Repeated runs, {xlabel}; means: "
                             f"{_said('', {name: np.mean(runs) for name, runs in values.items()})}.")


def accuracy_curve(run, *, target=None, against="scenes"):
    """Accuracy on unseen digits against scenes (or steps) seen.

    run: a `Run`. target: a fraction, drawn as a line to compare with.
    """
    figure, [[panel]] = subplots(size=(6.4, 3.4), sharp=True)
    panel.plot(getattr(run, against), 100 * run.accuracy, color=ACCENT, marker="o", ms=3.5, lw=1.8)
    if target is not None:
        panel.axhline(100 * target, color=INK, ls="--", lw=1)
        panel.annotate(f"{target:.1%}", (0.01, 100 * target), xycoords=("axes fraction", "data"),
                       xytext=(0, 3), textcoords="offset points", fontsize=8)
    panel.set(xlabel=f"{against} seen in training" if against == "scenes" else "training step",
              ylabel="accuracy on unseen digits (%)", ylim=(0, 101.5))
    panel.xaxis.set_major_formatter("{x:,.0f}")
    plain(panel)
    said = _went("Accuracy in percent", getattr(run, against), 100 * run.accuracy)
    return described(figure, f"{said} {against} of training.")


class LiveCurve:
    """A `watch` for `train.train`: the accuracy curve, redrawn in place after each snapshot."""

    def __init__(self, target=None):
        self.target = target
        self.handle = None

    def __call__(self, run):
        from IPython.display import display

        figure = accuracy_curve(run, target=self.target)
        if self.handle is None:
            self.handle = display(figure, display_id=True)
        else:
            self.handle.update(figure)


def _reach(value, low, high):
    """How far a bar reaches to either side, never below zero: rounding can put a value beside its interval."""
    return np.maximum([value - low, high - value], 0)


def _said(what, values):
    """Named numbers in words."""
    named = [f"{name} {number(value)}" for name, value in values.items()]
    return printable(f"{what}: {listed(named, 30)}" if what.strip() else listed(named, 30)).strip()


def _went(what, x, y):
    """A line, or one dot, in words: from where to where."""
    x, y = np.atleast_1d(x), np.atleast_1d(y)
    return f"{what.strip()} from {number(y[0])} at {number(x[0], 8)} to {number(y[-1])} at {number(x[-1], 8)}"
