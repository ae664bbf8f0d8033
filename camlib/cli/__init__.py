"""`python -m camlib`: the course's data, its shipped run, and the original project's pictures, from a terminal."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from .. import __version__
from ..data import digits, registry
from ..data.scenes import make_scenes, pair_scenes
from ..files import expanded, whole_file
from ..maps import cam
from ..training import runs
from . import deletion_command, endings_command, grade_command, photo_commands, vote_command
from .options import Misuse, check_can_write, silence, whole, write_json


def main(arguments=None):
    """Run one command. What goes wrong is told in a sentence, and exits with 1, with 2 where it is the options; Ctrl-C
    and a closed pipe end it as a shell expects."""
    options = _parser().parse_args(arguments)
    for name, value in vars(options).items():
        setattr(options, name, _expanded(value))  # a shell leaves --out=~/maps as it is
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever was reading has gone, as `head` does
        silence(sys.stdout)
        sys.exit(128 + 13)  # SIGPIPE
    except KeyboardInterrupt as stop:
        if str(stop):  # training says where it saved
            print(f"camlib {options.name}: {stop}", file=sys.stderr)
        sys.exit(128 + 2)  # SIGINT
    except Misuse as error:
        print(f"camlib {options.name}: {error}", file=sys.stderr)
        sys.exit(2)
    except (ValueError, OSError, registry.FetchError) as error:
        sys.exit(f"camlib {options.name}: {error}")


def _expanded(value):
    """An option's value, in which ~ is the home folder, where it is a path or a list of them."""
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    return expanded(value) if isinstance(value, Path) else value


def fetch_files(options):
    for name in options.names or [file.name for file in registry.REGISTRY.values() if file.essential]:
        print(registry.fetch(name))


def list_files(options):
    print(registry.listing())


def ship(options):
    """Train a run that data/ holds; its accuracies are measured on the 10,000 scenes that `accuracy` uses."""
    from ..training.recipes import SHIPPED
    from ..training.train import train

    recipe, snapshots = SHIPPED[options.network]
    folder = options.folder or runs.SHIPPED_RUNS[options.network]
    train_digits = digits.load_split()[0]
    run = train(replace(recipe, seed=options.seed), train_digits, _unseen_scenes(recipe, 10_000), folder,
                snapshots=snapshots)
    print(f"{folder}: {run.accuracy[-1]:.2%} after {run.scenes[-1]:,} scenes")


def _unseen_scenes(recipe, number):
    """Scenes of the digits that training never saw, such as those of the recipe's end."""
    last = recipe.stages[-1]
    return make_scenes(digits.load_split()[1], number, size=last.size, distractors=last.distractors)


def audit(options):
    """Train the networks of notebook 09, of which some have a fault; which, it does not say."""
    import secrets

    from ..training.audit import SEAL, make_dossiers

    check_can_write(options.folder / SEAL)
    make_dossiers(options.folder, secrets.randbits(64) if options.seed is None else options.seed)


def print_accuracy(options):
    from ..measure.intervals import bootstrap
    from ..training.accuracy import right_names

    run = runs.open_run(options.run)
    scenes = _unseen_scenes(run.recipe, options.scenes)
    network = None
    print(f"{len(scenes.labels):,} scenes of the 1,000 digits that training never saw; 95 % intervals over digits\n"
          "    step   scenes  accuracy  interval")
    for step, seen in zip(run.steps, run.scenes):
        if options.all or step == run.steps[-1]:
            network = run.load(step, network)
            right = bootstrap(100 * right_names(network, scenes), groups=scenes.digits)
            print(f"{step:8,} {seen:8,}  {right.value:7.2f}%  {right.low:.1f} to {right.high:.1f}")


def heatmaps(options):
    from .. import plot

    check_can_write(options.out / "accuracy.png")
    run = runs.open_run(options.run)
    scenes = make_scenes(digits.load_split()[1], options.images)
    plot.write_heatmaps(run, scenes, options.out)
    print(f"{options.out}: {options.images} images × {len(run.steps)} steps, and accuracy.png")


def picture(options):
    """The README's picture, of the first scene of seed 2, which notebook 00 shows too."""
    from matplotlib.backend_bases import FigureCanvasBase

    from .. import plot

    if options.out.suffix[1:].lower() not in (known := FigureCanvasBase.get_supported_filetypes()):
        raise Misuse(f"--out is {options.out}: expected a name that ends in .png, or another of {', '.join(known)}")
    check_can_write(options.out)
    run = runs.shipped_run()
    scenes = make_scenes(digits.load_split()[1], 1000, seed=2)
    story = cam.explain_run(run, scenes.images[:1])
    figure = plot.course_picture(
        scenes.images[0], story.maps[:, 0], run.steps, run.accuracy, story.logits[:, 0], scenes.labels[0]
    )
    with whole_file(options.out) as part:
        figure.savefig(part, dpi=100)
    print(options.out)


def localize(options):
    """How well the maps point, by every metric, beside rivals and baselines; all scenes show unseen digits."""
    from ..measure import table as tables
    from ..measure.intervals import bootstrap
    from ..training.accuracy import right_names

    check_can_write(options.json)
    run = runs.open_run(options.run)
    step = int(run.steps[-1]) if options.step is None else options.step
    network, untrained = run.load(step), run.load(int(run.steps[0]))
    unseen = digits.load_split()[1]
    scenes = make_scenes(unseen, options.scenes, seed=options.seed)
    pairs = pair_scenes(unseen, max(1, options.scenes // 2), seed=options.seed)
    table = tables.localization_table(network, scenes, pairs, options.methods or tables.USUAL, untrained)
    right = bootstrap(100 * right_names(network, scenes), groups=scenes.digits)
    print(f"step {step:,}, {options.scenes:,} scenes of 1,000 unseen digits, {right} % named rightly; all in percent, "
          "± half of a 95 % interval (over digits)")
    print(tables.as_text(table))
    first, *others = table
    print(f"\nless {first.name}, on the same scenes:")
    compared = [tables.Row(row.name, row.kind, {
        figure: tables.difference(row, first, figure, pairs.digits[:, 0] if "two" in figure else scenes.digits)
        for figure in tables.FIGURES}, {}, 0) for row in others]
    print(tables.as_text(compared))
    about = {"step": step, "scenes": options.scenes, "seed": options.seed, "accuracy": right}
    rows = [{"name": row.name, "kind": row.kind, "threshold": row.threshold} | row.figures for row in table]
    write_json(options.json, about | {"rows": rows})


def _parser():
    parser = argparse.ArgumentParser(prog="python -m camlib", description=__doc__)
    parser.add_argument("--version", action="version", version=f"camlib {__version__}")
    commands = parser.add_subparsers(dest="name", required=True)

    def add(name, command, about):
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(command=command)
        return sub

    sub = add("fetch", fetch_files, "download files into the cache; without a name, what the first notebooks need")
    sub.add_argument("names", nargs="*", metavar="NAME")
    add("list", list_files, "every remote file: size, licence, sources, and whether it is cached")
    sub = add("ship", ship, "train a shipped run from scratch, or go on with an interrupted one")
    sub.add_argument("--network", choices=runs.SHIPPED_RUNS, default="lenet_gap")
    sub.add_argument("--folder", type=Path, help="default: where the course's own lies")
    sub.add_argument("--seed", type=whole(0), default=0, help="decides weights and scenes (the shipped runs: 0)")
    sub = add("audit", audit, "train four networks to be audited, with faults drawn by lot and sealed")
    sub.add_argument("--folder", type=Path, required=True)
    sub.add_argument("--seed", type=whole(0), help="decides faults and weights (default: drawn, and told to nobody)")
    sub = add("accuracy", print_accuracy, "measure a run's accuracy on scenes of unseen digits")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--scenes", type=whole(1), default=10_000)
    sub.add_argument("--all", action="store_true", help="every snapshot, not only the last")
    sub = add("heatmaps", heatmaps, "the original project's pictures: OUT/img_N/cmap_STEP.png and accuracy.png")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--images", type=whole(1), default=50)
    sub.add_argument("--out", type=Path, default=Path("out"))
    sub = add("picture", picture, "draw the README's picture")
    sub.add_argument("--out", type=Path, default=runs.SHIPPED.parent / "course.png")
    sub = add("localize", localize, "measure how well a run's maps point: methods × metrics, beside baselines")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--step", type=int, help="the snapshot to measure (default: the last)")
    sub.add_argument("--scenes", type=whole(1), default=5_000)
    sub.add_argument("--seed", type=whole(0), default=0)
    sub.add_argument("--methods", nargs="+", metavar="NAME",
                     help="which to measure (default: cam and 'cam on ink')")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write the table to this file, too")
    deletion_command.declare(add)
    endings_command.declare(add)
    photo_commands.declare(add)
    vote_command.declare(add)
    grade_command.declare(add)
    return parser
