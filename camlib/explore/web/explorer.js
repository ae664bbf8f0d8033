// The explorer's face, in two hosts. In a live notebook it is the front end of an anywidget (`render`,
// `initialize`); in a page without a kernel `mountPage` runs it on the data that the page carries. Everything that
// moves is drawn here, so a slider answers within a frame; Python hears of it afterwards.
//
// Shapes: a map is a Float64Array of rows × columns, row by row; a picture is height × width pixels. Large pictures
// travel smaller than they are: boxes are in pixels of the picture as it was handed in, whose size is `data.size`.
import { LocalModel, hear } from "./model.js";
import { gunzip, load } from "./data.js";
import { mount } from "./view.js";

// The notebook shows the page form, which never goes stale, and widget models find it through this meeting place. It
// knows pages by weak references: a page belongs to its host element and goes with it, when an output is replaced.
const meeting = (globalThis.camlibMeeting ??= { models: new Map(), pages: new Set() });

/**
 * The pages of this key that are still in memory.
 * @param {string} key
 */
function pagesOf(key) {
  for (const reference of meeting.pages) if (!reference.deref()) meeting.pages.delete(reference);
  return [...meeting.pages].flatMap((reference) => reference.deref() ?? []).filter((page) => page.key === key);
}

/**
 * Where an image, by its number among all, lies in a page that has some of them; the first, where it is not there.
 * @param {Data} data
 * @param {number | undefined} number
 */
function placed({ of, kept, own }, number) {
  if (number === undefined) return {};
  return { image_index: own && number === of ? own.index : Math.max(kept.indexOf(number), 0) };
}

/**
 * Show a page's host with a model: the kernel's where there is one, its own otherwise. Rejects where it cannot.
 * @param {Page} page
 */
async function connect(page) {
  const turn = (page.turn = (page.turn ?? 0) + 1);
  const live = meeting.models.get(page.key);
  const data = await load(live ? bytesOf(live) : page.bytes);
  if (turn !== page.turn) return; // a model came or went meanwhile, and a later call sees to it
  page.stop?.();
  page.stop = undefined;
  const model = live ?? new LocalModel({ ...page.state, ...placed(data, page.left) });
  const unmount = mount(page.host, model, data, page.css);
  const unfollow = live ? follow(live.get("layout"), page.host) : () => {};
  page.stop = () => [unmount(), unfollow()];
  page.host.dataset.live = String(Boolean(live));
}

/**
 * Leave the still picture in its place, and say under it why.
 * @param {Page["host"]} host
 * @param {Error} error
 */
function giveUp(host, error) {
  if (host.camlibPage?.stop) return; // what it showed before, it still does
  host.shadowRoot?.replaceChildren(document.createElement("slot"));
  const note = host.querySelector("p");
  if (note) note.textContent = `A still picture, for this explorer cannot be shown (${error.message}). Run the cell `
    + "again, or get the page anew.";
  console.warn(error);
}

/**
 * The same as `connect`, for pages that are there already.
 * @param {Page} page
 */
const reconnect = (page) => connect(page).catch((error) => giveUp(page.host, error));

/** Give a host the layout (width, margin, …) of the widget that it stands for. */
function follow(layout, host) {
  const ending = new AbortController();
  const apply = () => {
    for (const [name, value] of Object.entries(layout.attributes))
      if (!name.startsWith("_")) host.style.setProperty(name.replaceAll("_", "-"), value ?? "");
  };
  hear(layout, host, apply, ending.signal);
  apply();
  return () => ending.abort();
}

const bytesOf = (model) => {
  const packed = model.get("_packed");
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
};

/**
 * The bytes of a text in base64; in a loop, for `Uint8Array.from` takes ten times as long.
 * @param {string} base64
 */
function decoded(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * Bring every explorer of this key to life that lies in the page, with the data that lies beside it. A notebook may
 * have taken the cell out of the page for a moment, so where there is none this looks again, for a minute.
 * @param {string} key
 */
export async function mountPage(key, tries = 240) {
  /** @type {NodeListOf<Page["host"]>} */
  const found = document.querySelectorAll(`.camlib-explorer[data-key="${key}"]:not([data-live])`), hosts = [...found];
  if (!hosts.length && tries) return void setTimeout(mountPage, 250, key, tries - 1);
  await Promise.all(hosts.map((host) => open(key, host).catch((error) => giveUp(host, error))));
}

/**
 * Bring one explorer to life with what lies in its host. Rejects where that is damaged.
 * @param {string} key
 * @param {Page["host"]} host
 */
async function open(key, host) {
  host.dataset.live = "false";
  const bytes = decoded(host.querySelector("script")?.textContent?.trim() ?? "");
  const css = host.querySelector("template")?.content.textContent ?? "";
  const state = JSON.parse(host.dataset.state ?? "{}");
  if (state.own_image) state.own_image = new DataView(await gunzip(decoded(state.own_image)));
  const page = (host.camlibPage = { key, host, bytes, css, state });
  meeting.pages.add(new WeakRef(page));
  return connect(page);
}

export default {
  async initialize({ model }) {
    const key = model.get("_key");
    meeting.models.set(key, model);
    await Promise.all(pagesOf(key).map(reconnect));
    return () => {
      if (meeting.models.get(key) !== model) return;
      meeting.models.delete(key); // the kernel has gone: the page goes on by itself from where it was
      for (const page of pagesOf(key)) {
        for (const name of Object.keys(page.state)) page.state[name] = model.get(name);
        page.left = model.get("image_index");
        reconnect(page);
      }
    };
  },
  async render({ model, el }) {
    return mount(el, model, await load(bytesOf(model)), model.get("_css"));
  },
};
