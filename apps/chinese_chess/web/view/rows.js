// A list on the page that changes while somebody is about to click in it. A row stays the
// same element for as long as its key is there, for a press on an element that goes before
// the button is up is no click, and takes the focus with it. Only what a row shows changes.
//
//   const games = new Rows(element, (id) => ({
//     element: h('button', {onclick: () => go(id)}, name),
//     show: (game) => show(name, game.name),    // Called with every change.
//   }));
//   games.show([[id, game], ...]);

export class Rows {
  #make;
  #rows = new Map(); // By key.

  constructor(element, make) {
    this.element = element;
    this.#make = make;
  }

  // Keys with what their rows show, in order.
  show(items) {
    const rows = new Map();
    for (const [key, item] of items) {
      const row = this.#rows.get(key) ?? this.#make(key);
      row.show?.(item);
      rows.set(key, row);
    }
    this.#rows = rows;
    arrange(
      this.element,
      [...rows.values()].map(({element}) => element),
    );
  }
}

// Gives `parent` these children, and leaves alone what is in place already.
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let next = parent.firstChild;
  for (const child of children) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
}

// Text that is the same is not touched.
export function setText(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}
