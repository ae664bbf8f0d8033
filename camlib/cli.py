"""`python -m camlib`: the course's data, its shipped run, and the original project's pictures, from a terminal."""

import argparse
import json
import os
import sys
from itertools import count
from pathlib import Path

from .data import caltech, digits, photos, registry
from .data.scenes import make_scenes, pair_scenes
from .files import check_writable, whole_file
from .maps import cam
from .networks.alexnet import LARGEST, SMALLEST
from .training import runs

SEEN = 800  # px, the longer side of a photograph in a picture of maps: these are small, and cameras' are not


def main(arguments=None):
    """Run one command. What goes wrong is told in a sentence; Ctrl-C and a closed pipe end it as a shell expects."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever was reading has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python flushes once more, and complains
        sys.exit(128 + 13)  # SIGPIPE
    except KeyboardInterrupt as stop:
        if str(stop):  # training says where it saved
            print(f"camlib {options.name}: {stop}", file=sys.stderr)
        sys.exit(128 + 2)  # SIGINT
    except (ValueError, OSError, registry.FetchError) as error:
        sys.exit(f"camlib {options.name}: {error}")


def fetch_files(options):
    for name in options.names or [file.name for file in registry.REGISTRY.values() if file.essential]:
        print(registry.fetch(name))


def list_files(options):
    print(registry.listing())


def ship(options):
    """Train the run that data/ holds; its accuracies are measured on the 10,000 scenes that `accuracy` uses."""
    from .training.train import COURSE, train

    train_digits, test_digits = digits.load_split()
    run = train(COURSE, train_digits, make_scenes(test_digits, 10_000), options.folder)
    print(f"{options.folder}: {run.accuracy[-1]:.2%} after {run.scenes[-1]:,} scenes")


def print_accuracy(options):
    from .training.accuracy import accuracy

    run = runs.open_run(options.run)
    scenes = make_scenes(digits.load_split()[1], options.scenes)
    network = None
    print(f"{len(scenes.labels):,} scenes of the 1,000 digits that training never saw\n    step   scenes  accuracy")
    for step, seen in zip(run.steps, run.scenes):
        if options.all or step == run.steps[-1]:
            network = run.load(step, network)
            print(f"{step:8,} {seen:8,}  {accuracy(network, scenes):8.2%}")


def heatmaps(options):
    from .show import pictures

    run = runs.open_run(options.run)
    scenes = make_scenes(digits.load_split()[1], options.images)
    pictures.write_heatmaps(run, scenes, options.out)
    print(f"{options.out}: {options.images} images × {len(run.steps)} steps, and accuracy.png")


def picture(options):
    """The README's picture, of the first scene of seed 2, which notebook 00 shows too."""
    from .show import pictures

    run = runs.shipped_run()
    scenes = make_scenes(digits.load_split()[1], 1000, seed=2)
    story = cam.explain_run(run, scenes.images[:1])
    figure = pictures.course_picture(
        scenes.images[0], story.maps[:, 0], run.steps, run.accuracy, story.logits[:, 0], scenes.labels[0]
    )
    figure.savefig(options.out, dpi=100)
    print(options.out)


def localize(options):
    """How well the maps point, by every metric, beside rivals and baselines; all scenes show unseen digits."""
    from .measure import table as tables
    from .measure.intervals import bootstrap
    from .training.accuracy import right_names

    _check_can_write(options.json)
    run = runs.open_run(options.run)
    step = int(run.steps[-1]) if options.step is None else options.step
    network, untrained = run.load(step), run.load(int(run.steps[0]))
    unseen = digits.load_split()[1]
    scenes = make_scenes(unseen, options.scenes, seed=options.seed)
    pairs = pair_scenes(unseen, max(1, options.scenes // 2), seed=options.seed)
    table = tables.localization_table(network, scenes, pairs, options.methods or tables.USUAL, untrained)
    right = bootstrap(100 * right_names(network, scenes), groups=scenes.digits)
    print(f"step {step:,}, {options.scenes:,} scenes of 1,000 unseen digits, {right} % named rightly; all in percent, "
          "± half of a 95 % interval (bootstrap over digits)")
    print(tables.as_text(table))
    first, *others = table
    print(f"\nless {first.name}, on the same scenes:")
    compared = [tables.Row(row.name, row.kind, {
        figure: tables.difference(row, first, figure, pairs.digits[:, 0] if "two" in figure else scenes.digits)
        for figure in tables.FIGURES}, {}, 0) for row in others]
    print(tables.as_text(compared))
    about = {"step": step, "scenes": options.scenes, "seed": options.seed, "accuracy": right}
    rows = [{"name": row.name, "kind": row.kind, "threshold": row.threshold} | row.figures for row in table]
    _write_json(options.json, about | {"rows": rows})


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
    sub.add_argument("--scenes", type=_number(1), default=10_000)
    sub.add_argument("--all", action="store_true", help="every snapshot, not only the last")
    sub = add("heatmaps", heatmaps, "the original project's pictures: OUT/img_N/cmap_STEP.png and accuracy.png")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--images", type=_number(1), default=50)
    sub.add_argument("--out", type=Path, default=Path("out"))
    sub = add("picture", picture, "draw the README's picture")
    sub.add_argument("--out", type=Path, default=runs.SHIPPED.parent / "course.png")
    sub = add("localize", localize, "measure how well a run's maps point: methods × metrics, beside baselines")
    sub.add_argument("--run", type=Path, default=runs.SHIPPED)
    sub.add_argument("--step", type=int, help="the snapshot to measure (default: the last)")
    sub.add_argument("--scenes", type=_number(1), default=5_000)
    sub.add_argument("--seed", type=_number(0), default=0)
    sub.add_argument("--methods", nargs="+", metavar="NAME",
                     help="which to measure (default: cam and 'cam on ink')")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write the table to this file, too")
    _add_photo_commands(add)
    return parser


def _number(least, most=None):
    """A type for argparse: a whole number from `least` on, to `most` at most."""
    def whole_number(text):
        number = int(text)
        if number < least or (most and number > most):
            raise argparse.ArgumentTypeError(f"{number} is not a number from {least} {f'to {most}' if most else 'on'}")
        return number

    return whole_number


def _add_photo_commands(add):
    """Declare their commands. add(name, function, about) returns an argparse parser for one."""
    def add_trained(name, command, about):
        """A command that begins with a transfer."""
        sub = add(name, command, about)
        sub.add_argument("--data", type=Path, metavar="DIR", help="a folder of categories (default: what there is)")
        sub.add_argument("--per-class", type=_number(1), metavar="K", help="photographs a category to train "
                         f"on (default: {photos.PROTOCOL}, or half of the smallest category where that has no more)")
        sub.add_argument("--seed", type=_number(0), default=0)
        sub.add_argument("--side", type=_number(SMALLEST, LARGEST), default=224, help="px, to which photographs are "
                         f"squeezed: {SMALLEST} to {LARGEST}")
        sub.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
        return sub

    sub = add_trained("transfer", transfer, "train AlexNet-GAP on photographs, and measure it on the rest of them")
    sub.add_argument("--download", type=_number(2, caltech.ALL), metavar="N", help="get the first N categories of "
                     f"Caltech-256 first, and use these; {caltech.ALL} is all")
    sub.add_argument("--categories", type=_number(2), metavar="N", help="use the first N categories only")
    sub.add_argument("--curve", type=_number(2), nargs="?", const=10, metavar="DRAWS", help="measure instead how "
                     "accuracy grows with photographs, up to K, with ImageNet's convolutions and with random ones")
    sub.add_argument("--fine-tune", type=_number(0), default=0, metavar="EPOCHS")
    sub.add_argument("--out", type=Path, default=Path("out/transfer"), help="where the trained model goes")
    sub = add_trained("grid", grid, "train AlexNet-GAP on photographs, and measure where its maps of mosaics point")
    sub.add_argument("--mosaics", type=_number(1), default=100, metavar="N")
    sub = add("maps", maps, "write pictures of where a trained model looks, for the top classes of each photograph")
    sub.add_argument("model", type=Path, help="a folder that `transfer` wrote, or the model.keras in it")
    sub.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    sub.add_argument("--top", type=_number(1), default=5, metavar="N", help="how many classes")
    sub.add_argument("--out", type=Path, default=Path("out/maps"))


def transfer(options):
    """Print the protocol's numbers as a table, write them as JSON, and save the trained model."""
    from .training.transfer import MODEL, run_transfer, save

    if options.download and (options.data or options.categories):
        raise ValueError("--download says which photographs by itself: leave out --data and --categories")
    if options.curve and (options.seed or options.fine_tune):
        raise ValueError("--curve draws by seeds 0, 1, … and fits heads alone: leave out --seed and --fine-tune")
    _check_can_write(None if options.curve else options.out / MODEL, options.json)
    found = _photographs(options)
    print(found.about)
    per_class = options.per_class or photos.usual_per_class(found)
    if not options.per_class and per_class < photos.PROTOCOL:
        print(f"{per_class} of each to train on, half of the smallest category: {photos.PROTOCOL}, as is usual, would "
              "leave none to test on")
    if options.curve:
        return _learning_curve(found, per_class, options)
    result = run_transfer(found, per_class=per_class, seed=options.seed, side=options.side,
                          fine_tune=options.fine_tune)
    save(result, options.out)
    print(table(result.numbers))
    _write_json(options.json, result.numbers)
    print(f"{options.out / MODEL}: try  python -m camlib maps {options.out} PHOTO…")


def grid(options):
    """The grid pointing game on mosaics of photographs: what AlexNet-GAP's maps hit, beside controls and baselines."""
    from .measure import grid

    _check_can_write(options.json)
    found = photos.open_folder(options.data) if options.data else photos.find()
    print(found.about)
    numbers, rows = grid.measure(found, per_class=options.per_class, count=options.mosaics, seed=options.seed,
                                 side=options.side)
    print(f"{numbers['accuracy']:.1%} of the photographs kept for the test are named rightly (mean of the "
          f"classes); of these, {options.mosaics:,} mosaics of four, {2 * options.side} px\nin percent, with 95 % "
          "intervals (bootstrap over photographs): how often a class's maximum lies in its own quarter,\nand how much "
          f"of its positive part\n{grid.as_text(rows)}")
    _write_json(options.json, numbers | {"mosaics": options.mosaics, "grid": {
        name: {figure: interval._asdict() for figure, interval in row.items()} for name, row in rows.items()}})


def _photographs(options):
    if options.download:
        return photos.download(options.download if options.download < caltech.ALL else None)
    return photos.open_folder(options.data, options.categories) if options.data else photos.find(options.categories)


def _learning_curve(found, per_class, options):
    """Print what ever more photographs bring, with ImageNet's convolutions and with random ones, and write it."""
    from .measure.intervals import bootstrap
    from .training.transfer import learning_curve

    counts = [number for number in (1, 2, 5) if number < per_class] + [per_class]
    curves = {name: learning_curve(found, counts, draws=options.curve, side=options.side, network={"weights": weights})
              for name, weights in (("ImageNet", "imagenet"), ("random", None))}
    print(f"Mean of the classes in percent: mean of {options.curve} draws (95 % interval), least and most of one draw")
    for name, curve in curves.items():
        for number, column in zip(counts, 100 * curve.T):
            print(f"{name:8} {number:4} a category  {bootstrap(column)}   {column.min():.1f} … {column.max():.1f}")
    _write_json(options.json, {"data": found.about, "counts": counts}
                | {name: curve.tolist() for name, curve in curves.items()})


def _check_can_write(*files):
    """Raise OSError before hours of work are lost for a file that cannot be written. None is none."""
    for file in filter(None, files):
        if file.is_dir():
            raise OSError(f"{file} is a folder: expected the name of a file to write")
        if file.exists() and not file.is_file():
            continue  # a device or a pipe, whose folder does not matter
        folder = Path(os.path.realpath(file)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            check_writable(folder)
        except OSError as error:
            raise OSError(f"nothing can be written to {folder} ({error.strerror}): choose another folder") from error


def _write_json(file, numbers):
    if file:
        with whole_file(file) as part:
            part.write_text(json.dumps(numbers, indent=1) + "\n")


def table(numbers):
    """The numbers of a `Transfer` as text."""
    rows = [f"{name:24} {value:7.1%}" for name, value in numbers["accuracy_by_class"].items()]
    rows += ["", f"{'mean of the classes':24} {numbers['accuracy']:7.1%}   ({numbers['train']} photographs to train "
             f"on, {numbers['test']} to test on, {numbers['unreadable']} unreadable)"]
    rows += [f"{stage:24} {seconds:7.1f} s" for stage, seconds in numbers["seconds"].items()]
    return "\n".join(rows)


def maps(options):
    """Write OUT/PHOTO.png for each photograph: the photograph, and the maps of its top classes over it."""
    from .show import plot
    from .training.transfer import load

    model, names, side = load(options.model)
    written = set()
    for file in options.photos:
        try:
            picture, squeezed = photos.read(file, within=SEEN), photos.read(file, side)
        except (photos.Unreadable, FileNotFoundError) as error:
            print(f"left out: {error}")
            continue
        explanation = cam.explain(model, squeezed[None])
        path = options.out / _free_name(file.stem, written)
        figure = plot.top_classes(picture, explanation.maps[0], explanation.logits[0], names, options.top)
        with whole_file(path) as part:
            figure.savefig(part, format="png", dpi=110)
        print(path if path.stem == file.stem else f"{path} (of {file})")
    if not written:
        raise ValueError("none of the photographs could be read")


def _free_name(stem, taken):
    """STEM.png, or where that is among the names `taken`, STEM_2.png and so on; it is added to them."""
    names = (f"{stem}_{number}.png" if number > 1 else f"{stem}.png" for number in count(1))
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name
