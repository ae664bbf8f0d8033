"""`python -m camlib transfer` and `python -m camlib maps`: photographs from a terminal."""

import json
import os
from pathlib import Path

from . import caltech, cam, photos
from .files import whole_file

MODEL, ABOUT = "model.keras", "transfer.json"


def add_commands(add):
    """Declare both commands. add(name, function, about) returns an argparse parser for one."""
    sub = add("transfer", transfer, "train AlexNet-GAP on photographs, and measure it on the rest of them")
    sub.add_argument("--data", type=Path, metavar="DIR", help="a folder of categories (default: what there is)")
    sub.add_argument("--download", type=int, metavar="N", help="get the first N categories of Caltech-256 first; "
                     f"{caltech.ALL} is all")
    sub.add_argument("--categories", type=int, metavar="N", help="use the first N categories only")
    sub.add_argument("--per-class", type=int, default=30, metavar="K", help="photographs a category to train on")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--side", type=int, default=224, help="px, to which photographs are squeezed")
    sub.add_argument("--fine-tune", type=int, default=0, metavar="EPOCHS")
    sub.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    sub.add_argument("--out", type=Path, default=Path("out/transfer"), help="where the trained model goes")
    sub = add("maps", maps, "write pictures of where a trained model looks, for the top classes of each photograph")
    sub.add_argument("model", type=Path, help="a folder that `transfer` wrote, or the model.keras in it")
    sub.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    sub.add_argument("--top", type=int, default=5, metavar="N", help="how many classes")
    sub.add_argument("--out", type=Path, default=Path("out/maps"))


def transfer(options):
    """Print the protocol's numbers as a table, write them as JSON, and save the trained model."""
    from .transfer import run_transfer

    if options.download:
        found = photos.download(options.download if options.download < caltech.ALL else None)
    elif options.data:
        found = photos.open_folder(options.data, options.categories)
    else:
        found = photos.find(options.categories)
    print(found.about)
    result = run_transfer(found, per_class=options.per_class, seed=options.seed, side=options.side,
                          fine_tune=options.fine_tune)
    print(table(result.numbers))
    save(result, options.out)
    if options.json:
        with whole_file(options.json) as part:
            part.write_text(json.dumps(result.numbers, indent=1))
    print(f"{options.out / MODEL}: try  python -m camlib maps {options.out} PHOTO…")


def table(numbers):
    """The numbers of a `Transfer` as text."""
    rows = [f"{name:24} {value:7.1%}" for name, value in numbers["accuracy_by_class"].items()]
    rows += ["", f"{'mean of the classes':24} {numbers['accuracy']:7.1%}   ({numbers['train']} photographs to train "
             f"on, {numbers['test']} to test on, {numbers['unreadable']} unreadable)"]
    rows += [f"{stage:24} {seconds:7.1f} s" for stage, seconds in numbers["seconds"].items()]
    cached = numbers["features_from_cache"]
    rows.append(f"{'speed of the features':24} {numbers['images_per_second']:7.0f} photographs/s"
                + (f" ({cached} from the cache)" if cached else ""))
    return "\n".join(rows)


def save(result, folder):
    """Write a `Transfer` to a folder: the model, and its numbers with the names of the classes."""
    folder.mkdir(parents=True, exist_ok=True)
    about = result.numbers | {"names": list(result.names)}
    with whole_file(folder / MODEL) as part:
        whole = part.with_name(f"{part.name}.keras")  # Keras insists on the ending
        try:
            result.model.save(whole)
            os.replace(whole, part)
        finally:
            whole.unlink(missing_ok=True)
    with whole_file(folder / ABOUT) as part:
        part.write_text(json.dumps(about, indent=1))


def load(folder):
    """The model and the names of its classes from a folder that `save` wrote. Raises ValueError where there is none."""
    from .alexnet import winners_layer
    from .backend import keras

    winners_layer()  # Keras must know the class before it reads one
    folder = Path(folder).parent if Path(folder).name == MODEL else Path(folder)
    try:
        about = json.loads((folder / ABOUT).read_text())
        return keras.saving.load_model(folder / MODEL), tuple(about["names"]), about["side"]
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} holds no trained model ({error}): make one with  python -m camlib transfer "
                         f"--out {folder}") from error


def maps(options):
    """Write OUT/PHOTO.png for each photograph: the photograph, and the maps of its top classes over it."""
    from . import plot

    model, names, side = load(options.model)
    unreadable = 0
    for file in options.photos:
        try:
            picture = photos.read(file)
        except (photos.Unreadable, FileNotFoundError) as error:
            unreadable += 1
            print(f"left out: {error}")
            continue
        explanation = cam.explain(model, photos.read(file, side)[None])
        path = options.out / f"{file.stem}.png"
        figure = plot.top_classes(picture, explanation.maps[0], explanation.logits[0], names, options.top)
        with whole_file(path) as part:
            figure.savefig(part, format="png", dpi=110)
        print(path)
    if unreadable == len(options.photos):
        raise ValueError("none of the photographs could be read")
