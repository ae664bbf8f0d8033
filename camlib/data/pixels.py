"""A photograph's file as pixels: 8 bits of sRGB, upright, on white, whatever the file says them in."""

import io
import os
import stat
import struct
from contextlib import contextmanager, suppress

import cv2
import numpy as np

from ..files import expanded

FORMATS = "JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "PPM", "GIF"  # no other: for EPS Pillow starts Ghostscript
MOST_PIXELS = 80_000_000  # a larger picture is refused, not decoded: half a kilobyte of PNG can ask for gigabytes
READING = 3  # raised with each change to the pixels that `read` makes of a file: what was computed of others is stale
MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # a colour profile's space → Pillow's mode
BITS, MEANING, WHITE_IS_ZERO = 258, 262, 0  # TIFF's tags BitsPerSample and PhotometricInterpretation, and its value


class Unreadable(ValueError):
    """A file that is called a photograph and is not, or not whole."""


def read(path, side=None, within=None):
    """A photograph as uint8 RGB: (height, width, 3), or with `side` squeezed to (side, side, 3).

    path: of a file; or a file itself, open for reading bytes, whose `name` the errors then say, read from its start.
    side: px; a picture is squeezed, not cropped, so that nothing in it is lost and boxes scale along. within: px, for
    a picture to look at: a larger one is shrunk, as it is in proportion, until no side is longer.
    Grey, palette, CMYK and transparent pictures (on white) too, 16 bits (65,535 is white) and floats (1 is white);
    turned upright as the camera noted, and in sRGB: a colour profile in the file, such as the Display P3 of phones,
    is applied, one that is damaged or of another colour space left out. Of a GIF or WebP that moves, the first frame.
    Raises ValueError for what is no path and no file, and for a `side` or `within` that is no number of pixels,
    FileNotFoundError, and Unreadable (a ValueError) for what is not a whole picture in one of FORMATS, or has more
    than 80 megapixels, which its first bytes tell: at that limit one takes up to 1.2 GB for a moment.
    """
    from PIL import Image, ImageOps

    for name, pixels in (("side", side), ("within", within)):
        if pixels is not None:
            check_pixels(pixels, name)
    with _opened(path) as (picture, name):
        if least := side or within:
            picture.draft(None, (2 * least, 2 * least))  # a large JPEG is decoded at ½, ¼ or ⅛
        ImageOps.exif_transpose(picture, in_place=True)
        picture = _rgb(picture, name)
        if side:
            picture = picture.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3)
        elif within:
            picture.thumbnail((within, within), reducing_gap=3)
        return np.array(picture)


def check_pixels(pixels, name):
    """ValueError where what is called `name` is no whole number of pixels, at least 1."""
    if not isinstance(pixels, int | np.integer) or pixels < 1:
        raise ValueError(f"{name} is {pixels!r}: expected a whole number of pixels, such as 224")


def size_of(path):
    """(width, height), px, of the photograph that `read` gives of a path or file without `side` or `within`, from its
    first bytes. Raises what `read` raises."""
    from PIL import Image, ImageOps
    from PIL.ExifTags import Base

    with _opened(path) as (picture, _):
        upright = Image.new("L", (1, 2))
        if Base.Orientation not in getattr(picture, "tag_v2", ()):  # a TIFF's size is turned by its tag
            upright.getexif()[Base.Orientation] = picture.getexif().get(Base.Orientation)
        ImageOps.exif_transpose(upright, in_place=True)  # as `read` turns the picture
        return picture.size if upright.size == (1, 2) else picture.size[::-1]


@contextmanager
def _opened(path):
    """(Pillow's picture, its name) of a path or file; what goes wrong with it in the block is told as Unreadable."""
    from PIL import Image

    if not isinstance(path, str | os.PathLike) and not hasattr(path, "read"):
        raise ValueError(f"a photograph is given as {type(path).__name__}: expected the path of its file, or a file "
                         "open for reading bytes, which io.BytesIO(content) makes of bytes")
    source = path if hasattr(path, "read") else expanded(path)
    name = getattr(path, "name", "the upload") if source is path else source
    try:
        if source is path:
            path.seek(0)
        elif not stat.S_ISREG(os.stat(source).st_mode):  # a pipe would be waited for
            raise Unreadable(f"{name} is not a file: expected a photograph")
        with Image.open(source, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Unreadable(f"{name} has {picture.width}×{picture.height} pixels, more than {MOST_PIXELS:,}: "
                                 "make it smaller first")
            yield picture, name
    except (FileNotFoundError, Unreadable):
        raise
    except Image.UnidentifiedImageError as error:
        raise Unreadable(f"{name} cannot be read as a photograph: expected {', '.join(FORMATS[:-1])} or {FORMATS[-1]} "
                         "inside, whatever its name says: convert it") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:
        raise Unreadable(f"{name} cannot be read as a photograph: {error}") from error


def _rgb(picture, name):
    """A Pillow picture in sRGB, 8 bits; what its numbers mean is its mode's and its profile's to say, not theirs."""
    from PIL import Image

    picture.load()  # what is damaged is met here, not where a damaged profile is forgiven
    profile, kind = picture.info.get("icc_profile"), picture.format
    picture = _eight_bits(picture, name)
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    colours = _in_srgb(picture, profile) or picture.convert("RGB")
    if alpha is None or (kind == "BMP" and alpha.getextrema() == (0, 0)):  # a fourth byte that nobody has written
        return colours
    white = Image.new("RGB", colours.size, "white")
    white.paste(colours, mask=alpha)
    return white


def _eight_bits(picture, name):
    """A grey picture of other numbers than bytes as one of bytes; any other as it is."""
    from PIL import Image

    tags = getattr(picture, "tag_v2", {})  # of a TIFF
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PPM"):
        white = 2 ** tags.get(BITS, (16,))[0] - 1
        values = cv2.convertScaleAbs(np.asarray(picture, np.uint16), alpha=255 / white)  # of a PPM they run to 65,535
    elif picture.mode == "F":
        values = np.asarray(picture)
        if not -1 <= values.min() <= values.max() <= 2:  # a little beyond is resampling's; NaN is refused, too
            raise Unreadable(f"{name} holds floats from {values.min():g} to {values.max():g}: expected 0, black, to "
                             "1, white; save it with 8 bits")
        values = cv2.convertScaleAbs(values.clip(0, 1), alpha=255)
    elif picture.mode == "I":
        raise Unreadable(f"{name} holds 32-bit or signed integers, of which nothing says what is white: "
                         "save it with 8 or 16 bits")
    else:
        return picture  # here Pillow itself hears what is white
    grey = Image.fromarray(255 - values if tags.get(MEANING) == WHITE_IS_ZERO else values)
    if "transparency" in picture.info:  # a PNG's one value that is not seen, of 16 bits
        grey.putalpha(Image.fromarray(np.asarray(picture) != picture.info["transparency"]).convert("L"))
    return grey


def _in_srgb(picture, profile):
    """The colours that a profile (ICC, bytes, or None) gives a picture, or None where it does not say."""
    from PIL import ImageCms

    if not profile:
        return None
    with suppress(OSError, ImageCms.PyCMSError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = MODES.get(source.profile.xcolor_space)
        if mode == "RGB" or (mode == "L" and picture.mode in ("L", "LA")) or (mode == picture.mode == "CMYK"):
            return ImageCms.profileToProfile(picture.convert(mode), source, ImageCms.createProfile("sRGB"),
                                             outputMode="RGB")
    return None
