"""The command for a vote in the lecture hall: do people judge a network better with its map than without?"""

from pathlib import Path

import numpy as np

from ..files import whole_file
from .options import check_can_write, whole

EACH = 5  # photographs that are named rightly, and as many that are not
SEEN = 800  # px, the longer side of a photograph


def declare(add):
    """Declare the command. add(name, function, about) returns an argparse parser for it."""
    sub = add("vote", vote, f"write {2 * EACH} photographs, alone and under the map of what AlexNet-GAP names, half "
              "of them named wrongly, and a key")
    sub.add_argument("--data", type=Path, metavar="DIR", help="a folder of categories (default: what there is)")
    sub.add_argument("--seed", type=whole(0), default=0)
    sub.add_argument("--out", type=Path, default=Path("out/vote"))


def vote(options):
    """Write NUMBER_alone.png and NUMBER_map.png for test photographs drawn by lot, and key.txt, for the lecturer.

    The pictures do not say what is named, as in HIVE (Kim et al., ECCV 2022): whoever reads it needs no map to judge.
    Raises ValueError where fewer than five are named rightly, or wrongly.
    """
    from ..data import photos
    from ..training.transfer import run_transfer

    check_can_write(options.out / "key.txt")
    found = photos.open_folder(options.data) if options.data else photos.find()
    result = run_transfer(found, seed=options.seed)
    said, truth = result.logits.argmax(axis=1), found.labels[result.test]
    if not EACH <= (said == truth).sum() <= len(said) - EACH:
        raise ValueError(f"{(said == truth).sum()} of {len(said)} photographs are named rightly: expected at least "
                         f"{EACH} that are, and as many that are not; take other photographs or another --seed")
    draw = np.random.default_rng(options.seed)
    chosen = np.concatenate([draw.choice(np.flatnonzero((said == truth) == right), EACH, replace=False)
                             for right in (True, False)])
    key = []
    for number, n in enumerate(draw.permutation(chosen), 1):
        name, file = found.names[said[n]], found.files[result.test[n]]
        _write(options.out, number, result.model, file, said[n], result.numbers["side"])
        key.append(f"{number}: “{name}” is {'right' if said[n] == truth[n] else f'wrong, {found.names[truth[n]]}'}")
    with whole_file(options.out / "key.txt") as part:
        part.write_text("\n".join(key) + "\n", encoding="utf-8")
    print(f"{options.out}: {2 * EACH} photographs, alone and with a map; key.txt says which are named rightly")


def _write(folder, number, model, file, label, side):
    from .. import plot
    from ..data import photos
    from ..maps import cam

    picture, squeezed = photos.read(file, within=SEEN), photos.read(file, side)
    map_ = cam.explain(model, squeezed[None]).maps[0, :, :, label]
    for kind, maps in {"alone": None, "map": [map_]}.items():
        figure = plot.grid([picture], maps, titles=[number], width=5)
        with whole_file(folder / f"{number:02}_{kind}.png") as part:
            figure.savefig(part, format="png", dpi=110)
