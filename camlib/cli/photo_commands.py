"""The commands for photographs: transfer, the grid pointing game, boxes, and pictures of maps."""

from itertools import count
from pathlib import Path

import numpy as np

from ..data import caltech, photos
from ..files import whole_file
from ..maps import cam
from ..training.transfer import LARGEST, NETWORKS, SMALLEST
from ..training.vgg_sample import FILE as VGG_SAMPLE
from .options import Misuse, check_can_write, whole, write_json

SEEN = 800  # px, the longer side of a photograph in a picture of maps: these are small, and cameras' are not


def declare(add):
    """Declare their commands. add(name, function, about) returns an argparse parser for one."""
    def add_trained(name, command, about, per_class=None):
        """A command that begins with a transfer."""
        sub = add(name, command, about)
        sub.add_argument("--network", choices=NETWORKS, default="alexnet")
        sub.add_argument("--data", type=Path, metavar="DIR", help="a folder of categories (default: what there is)")
        sub.add_argument("--per-class", type=whole(1), default=per_class, metavar="K",
                         help="photographs a category to train on (default: "
                         f"{per_class or f'{photos.PROTOCOL}, or half of the smallest category if it has no more'})")
        sub.add_argument("--side", type=whole(SMALLEST, LARGEST), default=224, help="px, to which photographs are "
                         f"squeezed: {SMALLEST} to {LARGEST}")
        sub.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
        return sub

    sub = add_trained("transfer", transfer, "train a network on photographs, and measure it on the rest of them")
    sub.add_argument("--seed", type=whole(0), default=0)
    sub.add_argument("--download", type=whole(2, caltech.ALL), metavar="N", help="get the first N categories of "
                     f"Caltech-256 first, and use these; {caltech.ALL} is all")
    sub.add_argument("--categories", type=whole(2), metavar="N", help="use the first N categories only")
    sub.add_argument("--curve", type=whole(2), nargs="?", const=10, metavar="DRAWS", help="measure instead how "
                     "accuracy grows with photographs, up to K, with ImageNet's convolutions and with random ones")
    sub.add_argument("--fine-tune", type=whole(0), default=0, metavar="EPOCHS")
    sub.add_argument("--out", type=Path, default=Path("out/transfer"), help="where the trained model goes")
    sub = add_trained("grid", grid, "train a network on photographs, and measure where its maps of mosaics point", 11)
    sub.add_argument("--seed", type=whole(0), default=0)
    sub.add_argument("--mosaics", type=whole(1), metavar="N", help="at most (default: all that can be made)")
    sub = add_trained("boxes", boxes, "train a network on photographs that have boxes, and measure how well maps box")
    sub.add_argument("--seeds", type=whole(1), default=1, metavar="N", help="split the photographs by seeds 0 to "
                     "N − 1, and measure the mean")
    sub.add_argument("--mosaics", type=whole(1), metavar="N", help="at most (default: all that can be made)")
    sub = add("vgg-sample", vgg_sample, "look at the sample's photographs with VGG16-GAP, for data/vgg16_sample.npz")
    sub.add_argument("--out", type=Path, default=VGG_SAMPLE)
    sub = add("maps", maps, "write pictures of where a trained model looks, for the top classes of each photograph")
    sub.add_argument("model", type=Path, help="a folder that `transfer` wrote, or the model.keras in it")
    sub.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    sub.add_argument("--top", type=whole(1), default=5, metavar="N", help="how many classes")
    sub.add_argument("--out", type=Path, default=Path("out/maps"))


def transfer(options):
    """Print the protocol's numbers as a table, write them as JSON, and save the trained model."""
    from ..training.transfer import MODEL, run_transfer, save

    if options.download and (options.data or options.categories):
        raise Misuse("--download says which photographs by itself: leave out --data and --categories")
    if options.curve and (options.seed or options.fine_tune):
        raise Misuse("--curve draws by seeds 0, 1, … and fits heads alone: leave out --seed and --fine-tune")
    check_can_write(None if options.curve else options.out / MODEL, options.json)
    found = _photographs(options)
    print(found.about)
    per_class = options.per_class or photos.usual_per_class(found)
    if not options.per_class and per_class < photos.PROTOCOL:
        print(f"{per_class} of each to train on, half of the smallest category: {photos.PROTOCOL}, as is usual, would "
              "leave none to test on")
    if options.curve:
        return _learning_curve(found, per_class, options)
    result = run_transfer(found, network=options.network, per_class=per_class, seed=options.seed, side=options.side,
                          fine_tune=options.fine_tune)
    save(result, options.out)
    print(table(result.numbers))
    right, labels = result.logits.argmax(axis=1) == found.labels[result.test], found.labels[result.test]
    print(f"{'in percent':24} {_with_spread(right, labels)}")
    write_json(options.json, result.numbers)
    print(f"{options.out / MODEL}: try  python -m camlib maps {options.out} PHOTO…")


def grid(options):
    """The grid pointing game on mosaics of photographs: what a network's maps hit, beside controls."""
    from ..measure import grid

    check_can_write(options.json)
    found = photos.open_folder(options.data) if options.data else photos.find()
    print(found.about)
    numbers, rows, follow = grid.measure(found, network=options.network, per_class=options.per_class,
                                         count=options.mosaics, seed=options.seed, side=options.side)
    print(f"{numbers['network']}: {numbers['accuracy']:.1%} of the photographs kept for the test are named rightly "
          f"(mean of the classes); of these,\n{numbers['mosaics']:,} mosaics of four, {2 * options.side} px, each "
          "photograph once; in percent, with 95 % intervals over mosaics:\nhow often a class's maximum lies in its "
          f"own quarter, and how much of its positive part\n{grid.as_text(rows)}\nClasses that a mosaic does not show "
          f"have their maximum where the class-blind map has its own: {follow} % (by chance: 25)")
    write_json(options.json, numbers | {"grid": as_json(rows), "absent classes at the class-blind peak":
                                        follow._asdict()})


def boxes(options):
    """How well a network's maps box the objects in photographs, and in mosaics of them, beside rivals."""
    from ..measure import photo_boxes
    from ..measure.grid import as_text

    check_can_write(options.json)
    found = photos.open_folder(options.data) if options.data else photos.find()
    print(found.about)
    numbers, tables = photo_boxes.measure(found, network=options.network, per_class=options.per_class,
                                          seeds=options.seeds, count=options.mosaics, side=options.side)
    print(f"{numbers['network']}: {numbers['accuracy']} % of {numbers['test']} test photographs named rightly (mean "
          f"of the classes); splits: {numbers['seeds']}\nin percent, with 95 % intervals over photographs; right: IoU "
          f"≥ 0.5\n\nBoxes\n{as_text(tables['single'])}\n\nLocalisation error\n{as_text(tables['errors'])}\n")
    for name, title in (("area", "share of the picture"), ("distance", "distance from the middle, in sides")):
        print(f"Wrong boxes (τ trained), by the largest object's {title}\n{as_text(tables[name])}\n")
    print(f"{numbers['mosaics']} mosaics of four (seed 0), asked for each of their classes; intervals over mosaics\n"
          f"{as_text(tables['mosaics'])}\n\nThresholds that training photographs chose, as a share of the maximum")
    for kind, some in numbers["thresholds"].items():
        print(f"{kind:28}" + " ".join(f"{value:.2f}" for value in some))
    write_json(options.json, numbers | {"accuracy": numbers["accuracy"]._asdict(),
                                        "tables": {name: as_json(rows) for name, rows in tables.items()}})


def vgg_sample(options):
    """Make the file that the course ships, in some minutes."""
    from ..training.vgg_sample import write

    check_can_write(options.out)
    write(options.out)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def as_json(rows):
    """A table of `Interval`, a dict of rows of columns, as JSON has it."""
    return {name: {figure: interval._asdict() for figure, interval in row.items()} for name, row in rows.items()}


def _photographs(options):
    if options.download:
        return photos.download(options.download if options.download < caltech.ALL else None)
    return photos.open_folder(options.data, options.categories) if options.data else photos.find(options.categories)


def _learning_curve(found, per_class, options):
    """Print what ever more photographs bring, with ImageNet's convolutions and with random ones, and write it."""
    from ..training.transfer import learning_curve

    counts = [number for number in (1, 2, 5) if number < per_class] + [per_class]
    models = [NETWORKS[options.network](len(found.names), weights=weights) for weights in ("imagenet", None)]
    curves = dict(zip(("ImageNet", "random"), zip(*learning_curve(found, counts, models, draws=options.curve,
                                                                  side=options.side))))
    print(f"Mean of the classes in percent: mean of {options.curve} draws (95 % interval over photographs); over "
          "categories; least and most of one draw")
    for name, (accuracy, right) in curves.items():
        for column, number in enumerate(counts):
            draws = 100 * accuracy[:, column]
            judged = np.isfinite(right[:, column])
            photo = np.nonzero(judged)[1]
            print(f"{name:8} {number:4} a category  "
                  f"{_with_spread(right[:, column][judged], found.labels[photo], photo)}; "
                  f"draws {draws.min():.1f} to {draws.max():.1f}")
    write_json(options.json, {"data": found.about, "counts": counts}
               | {name: accuracy.tolist() for name, (accuracy, _) in curves.items()})


def _with_spread(right, labels, photo=None):
    """The mean of the classes' shares of right names with its interval over photographs, and that over categories."""
    from ..measure.intervals import bootstrap, mean_of_classes

    by_class = [100 * right[labels == label].mean() for label in np.unique(labels)]
    mean, over = mean_of_classes(right, labels, photo), bootstrap(np.array(by_class), share=False)
    return f"{mean} over photographs; {over.low:.1f} to {over.high:.1f} over categories"


def table(numbers):
    """The numbers of a `Transfer` as text."""
    rows = [f"{name:24} {value:7.1%}" for name, value in numbers["accuracy_by_class"].items()]
    rows += ["", f"{'mean of the classes':24} {numbers['accuracy']:7.1%}   ({numbers['train']} photographs to train "
             f"on, {numbers['test']} to test on, {numbers['unreadable']} unreadable)"]
    rows += [f"{stage:24} {seconds:7.1f} s" for stage, seconds in numbers["seconds"].items()]
    return "\n".join(rows)


def maps(options):
    """Write OUT/PHOTO.png for each photograph: the photograph, and the maps of its top classes over it."""
    from .. import plot
    from ..training.transfer import load

    check_can_write(options.out / "1.png")
    model, names, side = load(options.model)
    print(f"{model.name}, {len(names)} categories, {side} px")
    written = set()
    for file in options.photos:
        try:
            picture, squeezed = photos.read(file, within=SEEN), photos.read(file, side)
        except (photos.Unreadable, FileNotFoundError) as error:
            print(f"left out: {error}")
            continue
        explanation = cam.explain(model, squeezed[None])
        path = options.out / _free_name(file.stem, written)
        figure = plot.top_classes(picture, explanation.maps[0], explanation.logits[0], names, options.top,
                                  explanation.ending)
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
