// A picture that is made of pieces, digits and scraps of digits, as the course's scenes are: each can be moved by
// itself, and what lies over another is added to it, up to full ink. Lengths are in pixels of the picture, 100 × 100;
// ink is uint8, 0 to 255. A piece is { kind: "digit" or "scrap", x, y, width, height, bytes } and may reach over the
// edge; pieces are drawn in their order.
import { SIDE } from "./live.js";

export const PEN = { radius: 1.25, edge: 1.25 }; // MNIST's strokes: 2.45 wide in the median, their edges as soft
export const ERASER = { radius: 4, edge: 1 };
const NEAR = 4; // a stroke so near to a digit belongs to it
const GRIP = 2; // of a piece that much stays in sight, to be fetched back
const SCRAPS = 8, CROP = 8, DIGIT = 28; // of the course's scenes

export class Sheet {
  pieces = [];
  past = []; // what `pieces` was before each change

  /** Start a change: pieces are free to be changed until `end`. */
  begin() {
    this.past.push(this.pieces);
    this.pieces = this.pieces.map((piece) => ({ ...piece, bytes: piece.bytes.slice() }));
  }

  /** End a change: the stroke joins the digit that it is near to, and what is blank goes. */
  end() {
    const stroke = this.stroke && cropped(this.stroke);
    this.stroke = null;
    this.pieces = this.pieces.map(cropped).filter(Boolean);
    if (stroke) {
      const parts = this.pieces.filter((piece) => piece.kind === "digit" && gap(piece, stroke) <= NEAR);
      this.pieces = [...this.pieces.filter((piece) => !parts.includes(piece)), parts.reduce(joined, stroke)];
    }
    if (alike(this.pieces, this.past.at(-1) ?? [])) this.past.pop(); // there is nothing to undo
  }

  undo() {
    if (this.past.length) this.pieces = this.past.pop();
  }

  /** Other pieces in place of all. */
  replace(pieces) {
    this.begin();
    this.pieces = pieces;
  }

  /** Other scraps, of the digits in `sources`: [{ bytes, box: [x0, y0, x1, y1] }], pictures and where a digit is. */
  scatter(sources, random = Math.random) {
    const below = (count) => Math.floor(random() * count);
    const scraps = Array.from({ length: SCRAPS }, () => {
      const { bytes, box: [x0, y0, x1, y1] } = sources[below(sources.length)];
      const corner = (from, to) => Math.floor((from + to - DIGIT) / 2) + below(DIGIT - CROP + 1);
      const at = { x: clip(corner(x0, x1), 0, SIDE - CROP), y: clip(corner(y0, y1), 0, SIDE - CROP) };
      const scrap = { kind: "scrap", ...at, width: CROP, height: CROP, bytes: part(bytes, at, CROP, CROP) };
      return Object.assign(scrap, { x: below(SIDE - CROP + 1), y: below(SIDE - CROP + 1) });
    });
    this.begin();
    this.pieces = [...scraps, ...this.pieces.filter((piece) => piece.kind !== "scrap")].map(cropped).filter(Boolean);
  }

  /** Draw from one point to another; the first of a change begins a stroke. */
  draw(from, to) {
    this.stroke ??= { kind: "digit", x: 0, y: 0, width: SIDE, height: SIDE, bytes: new Uint8Array(SIDE * SIDE) };
    brush(this.stroke, from, to, PEN, Math.max);
  }

  erase(from, to) {
    for (const piece of this.pieces) brush(piece, from, to, ERASER, (ink, value) => Math.min(ink, 255 - value));
  }

  /** Move the piece of this number to a corner; some of it stays in sight. */
  move(number, x, y) {
    const piece = this.pieces[number];
    if (!piece) return; // it has been taken away meanwhile, from Python or by undo
    piece.x = clip(Math.round(x), GRIP - piece.width, SIDE - GRIP);
    piece.y = clip(Math.round(y), GRIP - piece.height, SIDE - GRIP);
  }

  /** The number of the piece at a point: of ink nearby, digits first, or else of a box around it; or −1. */
  at(x, y) {
    const inside = (piece, slack) => x >= piece.x - slack && y >= piece.y - slack
      && x < piece.x + piece.width + slack && y < piece.y + piece.height + slack;
    const inky = (piece) => {
      for (let v = Math.floor(y) - 2; v <= Math.floor(y) + 2; v++)
        for (let u = Math.floor(x) - 2; u <= Math.floor(x) + 2; u++)
          if (inkAt(piece, u, v) > 40) return true;
      return false;
    };
    const last = (test) => this.pieces.findLastIndex(test);
    const found = [last((piece) => piece.kind === "digit" && inky(piece)), last(inky), last((p) => inside(p, 2))];
    return found.find((number) => number >= 0) ?? -1;
  }

  /** The picture: uint8, 100 × 100, written to `image`. */
  compose(image) {
    image.fill(0);
    for (const { bytes, width, height, x, y } of this.stroke ? [...this.pieces, this.stroke] : this.pieces) {
      const u0 = Math.max(0, -x), u1 = Math.min(width, SIDE - x), v1 = Math.min(height, SIDE - y);
      for (let v = Math.max(0, -y); v < v1; v++)
        for (let u = u0, to = (y + v) * SIDE + x + u0, from = v * width + u0; u < u1; u++, to++, from++)
          image[to] = Math.min(255, image[to] + bytes[from]);
    }
    return image;
  }
}

/**
 * The pieces of a picture: its connected inks (eight neighbours). What lies for the most part in one of `boxes`,
 * [x0, y0, x1, y1], is that digit, the others are scraps; without boxes, what is taller than a scrap is a digit.
 * @param {Uint8Array} image
 * @param {Box[]} boxes
 * @returns {Piece[]}
 */
export function split(image, boxes = []) {
  const seen = new Uint8Array(image.length), digits = boxes.map(() => /** @type {number[]} */ ([])), others = [];
  for (let start = 0; start < image.length; start++) {
    if (!image[start] || seen[start]) continue;
    const ink = connected(image, start, seen);
    const owner = boxes.findIndex(([x0, y0, x1, y1]) => 2 * ink.filter((i) => i % SIDE >= x0 && i % SIDE < x1
      && i >= y0 * SIDE && i < y1 * SIDE).length > ink.length);
    if (owner < 0) others.push(ink);
    else digits[owner].push(...ink);
  }
  const piece = (ink, kind) => {
    const bytes = new Uint8Array(image.length);
    for (const i of ink) bytes[i] = image[i];
    const whole = { kind: "", x: 0, y: 0, width: SIDE, height: SIDE, bytes }, made = cropped(whole) ?? whole;
    return { ...made, kind: kind ?? (made.height > CROP + 1 ? "digit" : "scrap") };
  };
  return [...others.map((ink) => piece(ink, boxes.length ? "scrap" : undefined)),
    ...digits.filter((ink) => ink.length).map((ink) => piece(ink, "digit"))];
}

/**
 * Indices of the ink that hangs together with that at `start`, marked in `seen`.
 * @param {Uint8Array} image
 * @param {number} start
 * @param {Uint8Array} seen
 */
function connected(image, start, seen) {
  const found = [start];
  seen[start] = 1;
  for (const at of found) { // grows as it goes
    const x = at % SIDE, y = Math.floor(at / SIDE);
    for (let v = Math.max(0, y - 1); v <= Math.min(SIDE - 1, y + 1); v++)
      for (let u = Math.max(0, x - 1); u <= Math.min(SIDE - 1, x + 1); u++) {
        const i = v * SIDE + u;
        if (!image[i] || seen[i]) continue;
        seen[i] = 1;
        found.push(i);
      }
  }
  return found;
}

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * @param {Piece} piece
 * @param {number} u
 * @param {number} v
 */
const inkAt = ({ x, y, width, height, bytes }, u, v) =>
  (u >= x && v >= y && u < x + width && v < y + height ? bytes[(v - y) * width + u - x] : 0);

/**
 * @param {Piece[]} some
 * @param {Piece[]} others
 */
const alike = (some, others) => some.length === others.length && some.every(({ x, y, width, bytes }, i) =>
  x === others[i].x && y === others[i].y && width === others[i].width
  && bytes.every((ink, j) => ink === others[i].bytes[j]));

/**
 * A rectangle out of a picture's bytes.
 * @param {Uint8Array} bytes
 * @param {{ x: number, y: number }} corner
 * @param {number} width
 * @param {number} height
 */
function part(bytes, { x, y }, width, height) {
  return Uint8Array.from({ length: width * height },
    (_, i) => bytes[(y + Math.floor(i / width)) * SIDE + x + (i % width)]);
}

/**
 * Change a piece's ink along a segment by `mix(ink, value)`: full where the segment is near, less at its edge.
 * @param {Piece} piece
 * @param {Point} from
 * @param {Point} to
 * @param {{ radius: number, edge: number }} tip
 * @param {(ink: number, value: number) => number} mix
 */
function brush(piece, [x0, y0], [x1, y1], { radius, edge }, mix) {
  const reach = radius + edge / 2, dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
  const right = Math.min(piece.x + piece.width, Math.ceil(Math.max(x0, x1) + reach));
  const bottom = Math.min(piece.y + piece.height, Math.ceil(Math.max(y0, y1) + reach));
  for (let y = Math.max(piece.y, Math.floor(Math.min(y0, y1) - reach)); y < bottom; y++)
    for (let x = Math.max(piece.x, Math.floor(Math.min(x0, x1) - reach)); x < right; x++) {
      const px = x + 0.5 - x0, py = y + 0.5 - y0; // from the start to the pixel's centre
      const along = length ? clip((px * dx + py * dy) / length, 0, 1) : 0;
      const distance = Math.hypot(px - along * dx, py - along * dy);
      const i = (y - piece.y) * piece.width + x - piece.x;
      piece.bytes[i] = mix(piece.bytes[i], Math.round(255 * clip((radius - distance) / edge + 0.5, 0, 1)));
    }
}

/**
 * A piece cut to its ink, or null where there is none.
 * @param {Piece} piece
 * @returns {Piece | null}
 */
function cropped(piece) {
  const { width, height, bytes } = piece;
  let x0 = width, x1 = 0, y0 = height, y1 = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!bytes[y * width + x]) continue;
      [x0, x1] = [Math.min(x0, x), Math.max(x1, x + 1)];
      [y0, y1] = [Math.min(y0, y), y + 1];
    }
  if (x1 - x0 === width && y1 - y0 === height) return piece;
  return x1 ? onto(piece, piece.x + x0, piece.y + y0, x1 - x0, y1 - y0) : null;
}

/**
 * The same piece in another frame.
 * @param {Piece} piece
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @returns {Piece}
 */
function onto(piece, x, y, width, height) {
  const bytes = new Uint8Array(width * height);
  for (let i = 0; i < bytes.length; i++) bytes[i] = inkAt(piece, x + (i % width), y + Math.floor(i / width));
  return { ...piece, x, y, width, height, bytes };
}

/**
 * Two pieces as one digit.
 * @param {Piece} a
 * @param {Piece} b
 * @returns {Piece}
 */
function joined(a, b) {
  const x = Math.min(a.x, b.x), y = Math.min(a.y, b.y);
  const width = Math.max(a.x + a.width, b.x + b.width) - x, height = Math.max(a.y + a.height, b.y + b.height) - y;
  const [one, other] = [a, b].map((piece) => onto(piece, x, y, width, height));
  return { ...one, kind: "digit", bytes: one.bytes.map((ink, i) => Math.max(ink, other.bytes[i])) };
}

/**
 * The pixels between the frames of two pieces, 0 where they touch or overlap.
 * @param {Piece} a
 * @param {Piece} b
 */
function gap(a, b) {
  return Math.max(0, a.x - b.x - b.width, b.x - a.x - a.width, a.y - b.y - b.height, b.y - a.y - a.height);
}
