// The shapes that the explorer's modules hand to each other; for the checker alone, no page carries it.

type Box = number[]; // x0, y0, x1, y1, half-open pixels, and for a box of one class alone that class
type Span = number[]; // the least and the largest value
type Point = number[]; // x, y
type Own = import("./own.js").Own;
type Sheet = import("./pieces.js").Sheet;
type Against = number | null;
type Numbers = Float32Array | Float64Array | number[];
type Net = import("./live.js").LiveNet;

/** What the controls are set to: the explorer's traits, but for the picture of one's own. */
interface State {
  image_index: number; class_index: number; step_index: number; opacity: number; colormap: string; threshold: number;
  smooth: boolean; show_box: boolean; scale: "classes" | "map"; order: "class" | "score"; cell: number[] | null;
  against: Against; show_terms: boolean; feature: number | null;
}

/** What `look` finds that a state shows. */
interface Shown extends State {
  version?: number; map: Float64Array; stretched: Float64Array; range: Span; box: Box | null; truths: Box[];
  overlap: number | null; logits: Numbers; limit: number; chances: number[]; net: Net | null; seen: Seen;
}

/** What the picture and the scale of colours show: the class's map, or that of one feature. */
interface Seen { map: Float64Array; stretched: Float64Array; range: Span; colormap: string; box: Box | null;
  feature?: true }

/** What a page carries, as `packing.py` packs it, and what `unpack` and `load` add. */
interface Data {
  shape: number[]; size: number[]; travelling: number[]; steps: number[] | null; accuracy: number[] | null;
  labels: number[] | null; boxes: Box[][] | null; class_names: string[]; title: string | null; of: number;
  ending: "softmax" | "sigmoid"; centred: boolean; paper: boolean; colormaps: string[]; controls: string[];
  images: string[]; tour: Stop[]; own_steps: number[] | null; kept: number[]; arrays: [name: string, type: string, count: number][];
  low: Float32Array; high: Float32Array; logits: Float32Array; bias: Float32Array; positive: Float32Array;
  levels: Uint8Array; codes: Uint8Array; tables: Uint8Array; weights: Uint8Array; loops: Uint8Array<ArrayBuffer>;
  map(step: number, image: number, c: number, against?: Against): Float64Array;
  range(step: number, image: number, c: number, against?: Against): Span;
  sharedRange(step: number, image: number, against?: Against): Span;
  ownClasses(image: number): number[];
  truths(image: number, c: number): Box[];
  positiveOf(step: number, image: number, c: number): number;
  netOf(step: number, image: number): Net | null; // that has seen the image, where the step's weights are here
  logitsOf(step: number, image: number): Float32Array | Float64Array;
  pictures: (HTMLImageElement | HTMLCanvasElement)[];
  own?: Own;
}

/** A sentence of the tour: what stands before its button, on it and after it, and what the button sets. */
type Stop = [before: string, words: string, after: string, changes: Partial<State>];

/** The methods of a widget's model, or of one without a kernel, that a view uses. */
interface Model {
  get(name: string): any;
  set(name: string, value: any): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** What the parts of a view share. */
interface View {
  data: Data; model: Model; host: HTMLElement; root: ShadowRoot; app: HTMLElement; over: AbortSignal;
  hovered: number[] | null; left: number[] | null; at: number[] | null; state(): State; tell(changes: Partial<State> & { own_image?: DataView }): void;
  draw(): void; request(): void;
  predicted(image: number): number; find(selector: string): any; all(selector: string): any[];
  isOwn(): boolean; editing(): boolean; done(changes?: Partial<State>): void; tool: string; // of the own picture
}

/** A view whose data have the reader's own picture. */
type OwnView = View & { data: { own: Own } };

/** A part of a view. */
interface Part { draw(shown: Shown, last: Partial<Shown>): void; resize?(): void }

/** Ink of a picture that is made of pieces. */
interface Piece { kind: string; x: number; y: number; width: number; height: number; bytes: Uint8Array }

/** What runs the network's loops. */
interface Engine {
  name: string; floats(count: number): Float32Array; integers(count: number): Int32Array;
  prepare(layer: any, numbers: any): object; conv(layer: any): void;
}

/** An explorer's place in a page. */
interface Page {
  key: string; host: HTMLElement & { camlibPage?: Page }; bytes: Uint8Array<ArrayBuffer>; css: string;
  state: Record<string, any>; turn?: number; left?: number; stop?: () => void;
}

declare var camlibMeeting: { models: Map<string, Model>; pages: Set<WeakRef<Page>> };
declare var camlibGround: MutationObserver | undefined;
