// Who wants to know is told: emitter.on('move', listener), emitter.emit('move', what).
export class Emitter {
  #listeners = new Map();

  // Returns what ends it.
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  emit(name, ...what) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(...what);
  }
}
