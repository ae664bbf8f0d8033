"""`python -m camlib`: the course's data, its shipped run, and the original project's pictures, from a terminal."""

import argparse
import json
import sys
from pathlib import Path

from . import digits, fetch, photo_commands, runs
from .clutter import make_scenes
from .files import whole_file


def main(arguments=None):
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (ValueError, OSError, fetch.FetchError, KeyboardInterrupt) as error:  # a full disk, Ctrl-C: no traceback
        sys.exit(f"camlib {options.name}: {error or 'interrupted'}")


def fetch_files(options):
    for name in options.names or [file.name for file in fetch.REGISTRY.values() if file.essential]:
        print(fetch.fetch(name))


def list_files(options):
    print(fetch.listing())


def ship(options):
    """Train the run that data/ holds; its accuracies are measured on the 10,000 scenes that `accuracy` uses."""
    from .train import COURSE, train

    train_digits, test_digits = digits.load_split()
    run = train(COURSE, train_digits, make_scenes(test_digits, 10_000), options.folder)
    print(f"{options.folder}: {run.accuracy[-1]:.2%} after {run.scenes[-1]:,} scenes")


def print_accuracy(options):
    from .train import accuracy

    run = runs.open_run(options.run)
    scenes = make_scenes(digits.load_split()[1], options.scenes)
    network = None
    print(f"{len(scenes.labels):,} scenes of the 1,000 digits that training never saw\n    step   scenes  accuracy")
    for step, seen in zip(run.steps, run.scenes):
        if options.all or step == run.steps[-1]:
            network = run.load(step, network)
            print(f"{step:8,} {seen:8,}  {accuracy(network, scenes):8.2%}")


def heatmaps(options):
    from . import plot

    run = runs.open_run(options.run)
    scenes = make_scenes(digits.load_split()[1], options.images)
    plot.write_heatmaps(run, scenes, options.out)
    print(f"{options.out}: {options.images} images × {len(run.steps)} steps, and accuracy.png")


def picture(options):
    """The README's picture, of the first scene of seed 2, which notebook 00 shows too."""
    from . import cam, plot

    run = runs.shipped_run()
    scenes = make_scenes(digits.load_split()[1], 1000, seed=2)
    story = cam.explain_run(run, scenes.images[:1])
    figure = plot.course_picture(
        scenes.images[0], story.maps[:, 0], run.steps, run.accuracy, story.logits[:, 0], scenes.labels[0]
    )
    figure.savefig(options.out, dpi=100)
    print(options.out)


def localize(options):
    """How well the maps point, by every metric, beside every baseline; all scenes show unseen digits."""
    from . import evaluate
    from .train import accuracy

    run = runs.open_run(options.run)
    step = int(run.steps[-1]) if options.step is None else options.step
    network = run.load(step)
    unseen = digits.load_split()[1]
    scenes = make_scenes(unseen, options.scenes, seed=options.seed)
    pairs = evaluate.pair_scenes(unseen, max(1, options.scenes // 2), seed=options.seed)
    table = evaluate.localization_table(network, scenes, pairs, options.methods or evaluate.USUAL)
    right = 100 * accuracy(network, scenes)
    print(f"step {step:,}, {options.scenes:,} scenes of unseen digits, {right:.1f} % classified rightly; all in percent")
    print(evaluate.as_text(table))
    if options.json:
        about = {"step": step, "scenes": options.scenes, "seed": options.seed, "accuracy": right}
        with whole_file(options.json) as part:
            part.write_text(json.dumps(about | {"rows": [row._asdict() for row in table]}, indent=1) + "\n")


def _parser():
    parser = argparse.ArgumentParser(prog="python -m camlib", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)

    def add(name, command, about):
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(command=command)
        return sub

    sub = add("fetch", fetch_files, "download files into the cache; without a name, what the first notebooks need")
    sub.add_argument("names", nargs="*", metavar="NAME")
    add("list", list_files, "every remote file: size, licence, sources, and whether it is cached")
    sub = add("ship", ship, "train the shipped run from scratch, or go on with an interrupted one")
    sub.add_argument("--folder", type=Path, default=runs.SHIPPED)
    sub = add("accuracy", print_accuracy, "measure a run's accuracy on scenes of unseen digits")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--scenes", type=_positive, default=10_000)
    sub.add_argument("--all", action="store_true", help="every snapshot, not only the last")
    sub = add("heatmaps", heatmaps, "the original project's pictures: OUT/img_N/cmap_STEP.png and accuracy.png")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--images", type=_positive, default=50)
    sub.add_argument("--out", type=Path, default=Path("out"))
    sub = add("picture", picture, "draw the README's picture")
    sub.add_argument("--out", type=Path, default=runs.SHIPPED.parent / "course.png")
    sub = add("localize", localize, "measure how well a run's maps point: methods × metrics, beside baselines")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--step", type=int, help="the snapshot to measure (default: the last)")
    sub.add_argument("--scenes", type=_positive, default=1_000)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--methods", nargs="+", metavar="NAME",
                     help="which to measure (default: all but the slow score_cam and ablation_cam)")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write the table to this file, too")
    photo_commands.add_commands(add)
    return parser


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


if __name__ == "__main__":
    main()
