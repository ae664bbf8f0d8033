// The model that a view shows: a widget's, whose kernel may end at any time, or one without a kernel.

/** A model without a kernel, with the few methods of a widget's model that the view uses. */
export class LocalModel {
  constructor(state) {
    this.state = state;
    this.listeners = new Set();
  }
  get(name) { return this.state[name]; }
  set(name, value) { this.state[name] = value; }
  save_changes() { for (const listener of this.listeners) listener(); }
  on(_event, listener) { this.listeners.add(listener); }
  off(_event, listener) { this.listeners.delete(listener); }
}

/**
 * Call `listener` when `model` changes, until `over`. The model, which may live as long as its kernel, has a weak
 * reference to `element` and nothing else, so both go once the page has dropped the element.
 * @param {Model} model
 * @param {EventTarget} element
 * @param {() => void} listener
 * @param {AbortSignal} over
 */
export function hear(model, element, listener, over) {
  element.addEventListener("modelchange", listener, { signal: over });
  over.addEventListener("abort", relay(model, new WeakRef(element)));
}

/**
 * Hand what happens in the window, such as "beforeprint", on to `element`, on the same terms.
 * @param {string} name
 * @param {EventTarget} element
 * @param {AbortSignal} over
 */
export function overhear(name, element, over) {
  over.addEventListener("abort", handOn(name, new WeakRef(element)));
}

/**
 * @param {string} name
 * @param {WeakRef<EventTarget>} weak
 */
function handOn(name, weak) {
  const pass = () => {
    const element = weak.deref();
    if (element) element.dispatchEvent(new Event(name));
    else removeEventListener(name, pass);
  };
  addEventListener(name, pass);
  return () => removeEventListener(name, pass);
}

/**
 * @param {Model} model
 * @param {WeakRef<EventTarget>} weak
 */
function relay(model, weak) { // a function of its own: a closure beside the element would keep the element
  const pass = () => {
    const element = weak.deref();
    if (element) element.dispatchEvent(new Event("modelchange"));
    else model.off("change", pass);
  };
  model.on("change", pass);
  return () => model.off("change", pass);
}
