"""What a file means by its numbers: colour profiles, empty alphas, other whites, and the kinds that are read."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from camlib.data import photos, pixels

# Rows: red, green, blue of Display P3 and of sRGB in CIE XYZ, both for white D65 (SMPTE EG 432-1, IEC 61966-2-1)
P3 = np.array([[0.48657, 0.22897, 0.0], [0.26567, 0.69174, 0.04511], [0.19822, 0.07929, 1.04394]])
SRGB = np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
D65, D50 = P3.sum(axis=0), np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def profile(space=b"RGB ", gamma=None):
    """An ICC profile (ICC.1:2001-04), bytes: Display P3, or grey of a gamma."""
    def xyz(values):
        return b"XYZ \0\0\0\0" + np.round(np.array(values) * 65536).astype(">i4").tobytes()

    if gamma:
        tags = {b"wtpt": xyz(D50), b"kTRC": b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))}
    else:
        to_d50 = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ D65)) @ BRADFORD
        curve = np.round(65535 * linear(np.linspace(0, 1, 1024))).astype(">u2").tobytes()
        tags = {name: xyz(to_d50 @ row) for name, row in zip((b"rXYZ", b"gXYZ", b"bXYZ"), P3)}
        tags |= {b"wtpt": xyz(D50)} | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"),
                                                    b"curv\0\0\0\0" + struct.pack(">I", 1024) + curve)
    table, data, at = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, at + len(data), len(content))
        data += content
    header = struct.pack(">I4xI4s4s4s12x4s", at + len(data), 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    return header.ljust(68, b"\0") + np.round(D50 * 65536).astype(">i4").tobytes().ljust(60, b"\0") + table + data


def linear(values):
    """sRGB's transfer function, which Display P3 shares: from 0 to 1 as stored to light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def stored(light):
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def from_p3(colours):
    """Display P3 as sRGB, uint8 to float 0 to 255, by the definition of both: through light and XYZ."""
    return 255 * stored(linear(colours / 255) @ P3 @ np.linalg.inv(SRGB))


COLOURS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg", "a.avif"])
def test_the_display_p3_of_phones_becomes_srgb(tmp_path, name):
    blocks = COLOURS if name in ("a.png", "a.tif") else np.full((32, 32, 3), (90, 200, 80), np.uint8)
    options = {"lossless": True} if name == "a.webp" else {} if name == "a.tif" else {"quality": 100}
    Image.fromarray(blocks).save(tmp_path / name, icc_profile=profile(), **options)
    expected = from_p3(blocks)
    assert abs(photos.read(tmp_path / name) - expected).max() < 3 + (name in ("a.jpg", "a.avif"))
    assert abs(blocks - expected).max() > 40 and photos.read(tmp_path / name, 8).shape == (8, 8, 3)


def test_a_palette_and_transparent_colours_are_of_the_profile_too(tmp_path):
    colour = np.full((6, 6, 3), (90, 200, 80), np.uint8)
    alpha = np.arange(36, dtype=np.uint8).reshape(6, 6, 1) * 7
    Image.fromarray(np.concatenate([colour, alpha], axis=2)).save(tmp_path / "a.png", icc_profile=profile())
    expected = from_p3(colour) * (alpha / 255) + 255 * (1 - alpha / 255)
    assert abs(photos.read(tmp_path / "a.png") - expected).max() < 3
    Image.fromarray(colour).quantize(4).save(tmp_path / "a.png", icc_profile=profile())
    assert abs(photos.read(tmp_path / "a.png") - from_p3(colour)).max() < 3


@pytest.mark.parametrize("mode, name", [("L", "a.png"), ("LA", "a.png"), ("L", "a.jpg"), ("I;16", "a.png")])
def test_grey_of_another_gamma_becomes_srgb(tmp_path, mode, name):
    grey = Image.new("L", (8, 8), 100)
    picture = grey.convert(mode) if mode != "I;16" else Image.fromarray(np.full((8, 8), 100 * 257, np.uint16))
    picture.save(tmp_path / name, icc_profile=profile(b"GRAY", gamma=1.0))
    assert abs(photos.read(tmp_path / name) - 255 * stored(np.array(100 / 255))).max() < 2


@pytest.mark.parametrize("content", [b"", b"no profile", profile()[:300], profile(b"GRAY", gamma=1.0),
                                     ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()],
                         ids=["empty", "text", "cut", "grey", "lab"])
def test_a_profile_that_cannot_be_of_the_picture_is_left_out(tmp_path, content):
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=content)
    assert np.array_equal(photos.read(tmp_path / "a.png"), COLOURS)


def test_a_photograph_with_a_profile_that_is_cut_short_is_unreadable(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(COLOURS.repeat(9, 0).repeat(9, 1)).save(path, icc_profile=profile())
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(photos.Unreadable, match="a.jpg cannot be read"):
        photos.read(path)


def bitmap(colours, alpha):
    """A Windows bitmap with a BITMAPV4HEADER and four bytes a pixel: blue, green, red, alpha."""
    height, width = colours.shape[:2]
    rows = np.concatenate([colours[::-1, :, ::-1], alpha[::-1, :, None]], axis=2).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    about = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(rows), 2835, 2835, 0, 0) + masks
    return b"BM" + struct.pack("<IHHI", 122 + len(rows), 0, 0, 122) + about.ljust(108, b"\0") + rows


def test_a_bitmap_whose_alpha_nobody_has_written_is_opaque(tmp_path):
    path, alpha = tmp_path / "a.bmp", np.zeros((12, 20), np.uint8)
    path.write_bytes(bitmap(COLOURS, alpha))
    assert np.array_equal(photos.read(path), COLOURS)
    alpha[3:5] = 255
    path.write_bytes(bitmap(COLOURS, alpha))
    expected = np.where(alpha[:, :, None], COLOURS, 255)
    assert np.array_equal(photos.read(path), expected)


@pytest.mark.parametrize("kind, white", [(np.uint16, 65535), (np.float32, 1.0)])
def test_where_white_is_zero_it_is(tmp_path, kind, white):
    values = (np.linspace(0, 1, 20).reshape(4, 5) * white).astype(kind)
    Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo={pixels.MEANING: pixels.WHITE_IS_ZERO})
    with Image.open(tmp_path / "a.tif") as stored_as:
        assert stored_as.tag_v2[262] == 0 and np.array_equal(np.asarray(stored_as), values)
    assert abs(photos.read(tmp_path / "a.tif")[..., 0] - (255 - 255 * (values / white))).max() <= 1


@pytest.mark.parametrize("with_profile", [False, True])
def test_the_one_value_that_is_transparent_has_sixteen_bits(tmp_path, with_profile):
    """Of 30·257 and its neighbour, which are one grey in 8 bits, the first is not seen: it is white."""
    values = np.array([[30 * 257, 30 * 257 + 1, 200 * 257]], np.uint16)
    options = {"icc_profile": profile(b"GRAY", gamma=2.2)} if with_profile else {}
    Image.fromarray(values).save(tmp_path / "a.png", transparency=30 * 257, **options)
    white, dark, light = photos.read(tmp_path / "a.png")[0].tolist()
    assert white == [255] * 3 and np.allclose([dark, light], [[30] * 3, [200] * 3], atol=8 if with_profile else 0)


@pytest.mark.parametrize("content", [
    b"P5 3 1 255\n\0\x80\xff", b"P5 3 1 65535\n\0\0\x80\x80\xff\xff", b"P5 3 1 1000\n\0\0\x01\xf6\x03\xe8",
    b"P2 3 1 255\n0 128 255\n", b"P6 3 1 255\n\0\0\0\x80\x80\x80\xff\xff\xff",
    b"Pf\n3 1\n-1.0\n" + np.array([0, 128 / 255, 1], "<f4").tobytes(),
], ids=["8 bits", "16 bits", "to 1000", "text", "colours", "floats"])
def test_portable_maps_are_read(tmp_path, content):
    """As faces (.pgm) and traffic signs (.ppm) are handed round."""
    (tmp_path / "a.pgm").write_bytes(content)
    assert photos.read(tmp_path / "a.pgm").tolist() == [[[0] * 3, [128] * 3, [255] * 3]]


def test_portable_maps_of_bits_are_read(tmp_path):
    (tmp_path / "a.pbm").write_bytes(b"P4 3 1\n\x40")  # 1 is black
    assert photos.read(tmp_path / "a.pbm")[0, :, 0].tolist() == [255, 0, 255]


@pytest.mark.parametrize("given", [None, b"a.jpg", 7, np.zeros((2, 2, 3), np.uint8)], ids=repr)
@pytest.mark.parametrize("look", [photos.read, photos.size_of])
def test_what_is_no_path_is_told_in_a_sentence(look, given):
    with pytest.raises(ValueError, match=f"given as {type(given).__name__}: expected the path of its file, or a file"):
        look(given)


def test_twelve_bits_are_twelve_bits(tmp_path):
    """Two values in three bytes, as TIFF packs them; Pillow reads such files and writes none."""
    values = np.array([[0, 4095], [2048, 1024]])
    rows = b"".join(bytes((a >> 4, (a & 15) << 4 | b >> 8, b & 255)) for a, b in values.tolist())
    entries = [(256, 3, 2), (257, 3, 2), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
               (278, 3, 2), (279, 4, len(rows))]
    ifd = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, kind, 1, value)
                                                     for tag, kind, value in entries) + bytes(4)
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<I", 8 + len(rows)) + rows + ifd)
    assert photos.read(tmp_path / "a.tif")[..., 0].tolist() == [[0, 255], [128, 64]]


@pytest.mark.parametrize("name", ["a.avif", "a.jfif", "a.JPE", "a.jpg", "a.pjpeg", "a.MPO", "a.apng", "a.pgm"])
def test_kinds_of_newer_and_older_names_are_read(tmp_path, name):
    kind = {"a.avif": "avif", "a.apng": "png", "a.pgm": "ppm"}.get(name, "jpeg")
    for shelf in ("cats", "dogs"):
        (tmp_path / shelf).mkdir()
        Image.new("RGB", (40, 30), (200, 30, 60)).save(tmp_path / shelf / name, kind)
    files = photos.open_folder(tmp_path).files
    assert len(files) == 2 and abs(photos.read(files[0]).astype(int) - (200, 30, 60)).max() < 6


@pytest.mark.parametrize("options", [{"side": -3}, {"side": 0}, {"side": 2.5}, {"within": 0}, {"within": "30"}],
                         ids=str)
def test_what_is_no_number_of_pixels_is_not_the_photographs_fault(options):
    (name, value), content = *options.items(), io.BytesIO()
    Image.new("RGB", (30, 20)).save(content, "png")
    with pytest.raises(ValueError, match=f"^{name} is {value!r}: expected a whole number of pixels") as caught:
        photos.read(content, **options)
    assert not isinstance(caught.value, photos.Unreadable)


@pytest.mark.parametrize("note", ["exif", "xmp"])
@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("name, options", [("a.jpg", {}), ("a.png", {}), ("a.tif", {}), ("a.webp", {}), ("a.avif", {}),
                                           ("a.tif", {"compression": "tiff_lzw"})])
def test_the_size_is_that_of_what_is_read(tmp_path, name, options, orientation, note):
    """Orientations 5 to 8 lay a picture on its side (Exif 2.3, tag 274); 0 and 9 are none."""
    exif, picture = Image.Exif(), Image.new("RGB", (40, 20), (200, 30, 60))
    if "compression" in options:
        orientation = min(max(orientation, 1), 8)  # libtiff writes no other
    exif[0x0112] = orientation
    xmp = f'<rdf:Description tiff:Orientation="{orientation}"/>'.encode()
    if note == "exif":
        options = options | {"exif": exif}
    elif name == "a.tif":
        options = options | {"tiffinfo": {700: xmp}}
    elif name == "a.png":
        options = {"pnginfo": PngImagePlugin.PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    else:
        options = {"xmp": xmp}
    picture.save(tmp_path / name, **options)
    height, width = photos.read(tmp_path / name).shape[:2]
    assert pixels.size_of(tmp_path / name) == (width, height)
    assert (width, height) == ((20, 40) if 5 <= orientation <= 8 else (40, 20))


def test_the_size_is_the_upright_files_whatever_is_read_of_it():
    turned, content = Image.Exif(), io.BytesIO()
    turned[0x0112] = 8
    Image.new("RGB", (300, 20)).save(content, "jpeg", exif=turned)
    assert pixels.size_of(content) == (20, 300) and photos.read(content, within=30).shape == (30, 2, 3)
