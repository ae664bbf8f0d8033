// The page's ground, which alone decides between dark and light: what the system prefers may be another thing.
import { contextOf } from "./data.js";
import { overhear } from "./model.js";

const LATER = 500; // milliseconds, for grounds that fade over

/**
 * The colour scheme for what lies behind an element: the page's canvas, and on it whatever its ancestors paint.
 * @param {HTMLElement} element
 */
export function schemeBehind(element) {
  element.style.outlineColor = "Canvas"; // drawn nowhere: it tells what colour this is here
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = contextOf(canvas, { willReadFrequently: true });
  const colours = [];
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement)
    colours.unshift(getComputedStyle(at).backgroundColor);
  for (const colour of [getComputedStyle(element).outlineColor, ...colours]) {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
  }
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
}

/**
 * Give an explorer the colours for the ground it lies on, and again whenever that may have changed.
 * @param {View} view
 * @returns {Part}
 */
export function followGround({ app, host, over }) {
  const follow = () => { app.style.colorScheme = schemeBehind(host); };
  app.addEventListener("groundchange", () => {
    follow();
    setTimeout(() => app.isConnected && follow(), LATER);
  });
  overhear("groundchange", app, over);
  watchGround();
  return { draw() {}, resize: follow };
}

/** Tell of changes of the page's theme, as its root and body and the system's preference tell of them; once a page. */
function watchGround() {
  if (globalThis.camlibGround) return;
  const tell = () => dispatchEvent(new Event("groundchange"));
  globalThis.camlibGround = new MutationObserver(tell);
  for (const element of [document.documentElement, document.body])
    globalThis.camlibGround.observe(element, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}
