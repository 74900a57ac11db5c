// The board on the page: draws a position, slides pieces from one to the next, and turns
// what fingers, mice and pens do into moves.
//
// Who plays picks a piece up and drops it, or touches it and then where it goes. A drop
// where it may not go takes it back. Whether a move is legal is asked of `rules`.
//
//   const board = new BoardView({onMove: (move) => ..., onCancel: () => ...});
//   board.show({position, lastMove, flipped, mover: 'red', targets: (from) => [...]});

import {FILES, RANKS, colorOf, fileOf, rankOf, squareAt} from '../rules/position.js';
import {h, s} from './dom.js';
import {HEIGHT, WIDTH, drawBoard, pointX, pointY} from './board_drawing.js';
import {drawGradients} from './gradients.js';
import {drawPiece} from './piece_drawing.js';

// Pixels that a finger trembles.
const DRAG_AFTER = 5;
const SLIDE = 180;

const DEFAULTS = {
  position: null,
  lastMove: null,
  checked: null,
  flipped: false,
  premove: null,
  mover: null,
  targets: () => [],
  pieces: 'traditional',
  script: 'traditional',
  labels: null,
  label: '',
};

export class BoardView {
  #handlers;
  #shown = DEFAULTS;
  #nodes = new Map(); // By square: {piece, node}.
  #drawing = s('g');
  #marks = s('g', {class: 'mark-layer'});
  #pieces = s('g');
  #hints = s('g', {class: 'hints'});
  #selected = null;
  #drag = null;

  constructor(handlers) {
    this.#handlers = handlers;
    this.svg = s(
      'svg',
      {class: 'board', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img'},
      drawGradients(),
      this.#drawing,
      this.#marks,
      this.#pieces,
      this.#hints,
    );
    this.element = h('div', {class: 'board-box'}, this.svg);
    this.#listen();
  }

  show(what) {
    const before = this.#shown;
    this.#shown = {...DEFAULTS, ...what};
    const now = this.#shown;
    const redrawn =
      ['flipped', 'pieces', 'script'].some((name) => before[name] !== now[name]) ||
      String(before.labels?.bottom) !== String(now.labels?.bottom);
    if (redrawn || before.position === null) this.#redraw();
    this.#placePieces(!redrawn && before.position !== null);
    // Taken while it was held, or drawn anew.
    if (this.#drag !== null && this.#nodes.get(this.#drag.square)?.node !== this.#drag.node)
      this.#endDrag();
    if (this.#selected !== null && !this.#mayPick(this.#selected)) this.#select(null);
    this.#drawMarks();
    this.#drawHints();
    this.svg.setAttribute('aria-label', now.label);
    this.svg.classList.toggle('playable', now.mover !== null);
  }

  // --- Drawing ---------------------------------------------------------------------------

  #redraw() {
    const {labels, script} = this.#shown;
    this.#drawing.replaceChildren(drawBoard({script, labels}));
    this.#pieces.replaceChildren();
    this.#nodes.clear();
  }

  #column(square) {
    return this.#shown.flipped ? FILES - 1 - fileOf(square) : fileOf(square);
  }
  #row(square) {
    return this.#shown.flipped ? rankOf(square) : RANKS - 1 - rankOf(square);
  }
  #x(square) {
    return pointX(this.#column(square));
  }
  #y(square) {
    return pointY(this.#row(square));
  }

  #put(node, square) {
    node.style.transform = `translate(${this.#x(square)}px, ${this.#y(square)}px)`;
  }

  // Pieces that are still there slide to where they are now; the nearest of a kind each.
  #placePieces(slide) {
    const {cells} = this.#shown.position;
    const gone = new Map();
    for (const [square, held] of this.#nodes) {
      if (cells[square] !== held.piece) gone.set(square, held);
    }
    for (const square of gone.keys()) this.#nodes.delete(square);
    cells.forEach((piece, square) => {
      if (piece === '' || this.#nodes.has(square)) return;
      const from = slide ? nearest(gone, piece, square) : null;
      const held = from === null ? this.#newPiece(piece) : gone.get(from);
      gone.delete(from);
      this.#nodes.set(square, held);
      // On top of what it passes.
      if (from !== null) this.#pieces.append(held.node);
      this.#put(held.node, square);
    });
    for (const {node} of gone.values()) this.#remove(node, slide);
  }

  #newPiece(piece) {
    const node = drawPiece(piece, this.#shown.pieces);
    this.#pieces.append(node);
    return {piece, node};
  }

  #remove(node, slowly) {
    if (!slowly) return node.remove();
    // Below what has taken it.
    this.#pieces.prepend(node);
    node.classList.add('taken');
    setTimeout(() => node.remove(), SLIDE);
  }

  #drawMarks() {
    const {lastMove, premove, checked} = this.#shown;
    const marks = [];
    if (lastMove) {
      marks.push(this.#bracket(lastMove.from, 'last from'), this.#bracket(lastMove.to, 'last to'));
    }
    if (premove) {
      marks.push(this.#bracket(premove.from, 'premove'), this.#bracket(premove.to, 'premove'));
    }
    if (checked !== null) {
      const place = {cx: this.#x(checked), cy: this.#y(checked)};
      marks.push(
        s('circle', {class: 'checked', ...place, r: 74, fill: 'url(#check-glow)'}),
        s('circle', {class: 'checked-ring', ...place, r: 52}),
      );
    }
    if (this.#selected !== null) marks.push(this.#bracket(this.#selected, 'selected'));
    this.#marks.replaceChildren(...marks);
  }

  // Four corners around a square.
  #bracket(square, kind) {
    const corner = (dx, dy) => `M${46 * dx} ${24 * dy}V${46 * dy}H${24 * dx}`;
    return s('path', {
      class: `bracket ${kind}`,
      d: corner(-1, -1) + corner(1, -1) + corner(1, 1) + corner(-1, 1),
      transform: `translate(${this.#x(square)} ${this.#y(square)})`,
    });
  }

  #drawHints() {
    const {cells} = this.#shown.position;
    const targets = this.#selected === null ? [] : this.#shown.targets(this.#selected);
    this.#hints.replaceChildren(
      ...targets.map((square) =>
        s('circle', {
          class: cells[square] === '' ? 'dot' : 'ring-hint',
          cx: this.#x(square),
          cy: this.#y(square),
          r: cells[square] === '' ? 13 : 47,
        }),
      ),
    );
    this.svg.dataset.selected = this.#selected ?? '';
  }

  #select(square) {
    this.#selected = square;
    this.#drawMarks();
    this.#drawHints();
  }

  // --- Input -----------------------------------------------------------------------------

  #listen() {
    this.svg.addEventListener('pointerdown', (event) => this.#pressed(event));
    const ofDrag = (handle) => (event) => {
      if (event.pointerId === this.#drag?.pointer) handle(event);
    };
    this.svg.addEventListener(
      'pointermove',
      ofDrag((event) => this.#moved(event)),
    );
    this.svg.addEventListener(
      'pointerup',
      ofDrag((event) => this.#released(event)),
    );
    this.svg.addEventListener(
      'pointercancel',
      ofDrag(() => this.#endDrag()),
    );
    this.svg.addEventListener('contextmenu', (event) => this.#cancel(event));
  }

  // By the right button; a finger that rests on a piece which it holds means no such thing.
  #cancel(event) {
    if (this.#drag !== null) return event.preventDefault();
    if (this.#shown.premove === null && this.#selected === null) return;
    event.preventDefault();
    this.#select(null);
    this.#handlers.onCancel();
  }

  #point(event) {
    const box = this.svg.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * WIDTH,
      y: ((event.clientY - box.top) / box.height) * HEIGHT,
    };
  }

  // The square nearest to the pointer; null beside the board.
  #squareAt(event) {
    const {x, y} = this.#point(event);
    const column = Math.round((x - pointX(0)) / 100);
    const row = Math.round((y - pointY(0)) / 100);
    if (column < 0 || column >= FILES || row < 0 || row >= RANKS) return null;
    return this.#shown.flipped
      ? squareAt(FILES - 1 - column, row)
      : squareAt(column, RANKS - 1 - row);
  }

  #mayPick(square) {
    const {mover, position} = this.#shown;
    return mover !== null && colorOf(position.cells[square]) === mover;
  }

  #pressed(event) {
    if (event.button !== 0 || this.#shown.position === null) return;
    if (this.#drag !== null) {
      // Another finger; or the same one, whose lifting nobody has told.
      if (this.#drag.pointer !== event.pointerId) return;
      this.#endDrag();
    }
    const square = this.#squareAt(event);
    if (this.#shown.premove !== null) this.#handlers.onCancel();
    if (square === null) return this.#select(null);
    if (this.#selected !== null && this.#shown.targets(this.#selected).includes(square)) {
      return this.#try(this.#selected, square);
    }
    if (!this.#mayPick(square)) return this.#select(null);
    const again = this.#selected === square;
    this.#select(square);
    this.#drag = {
      square,
      node: this.#nodes.get(square).node,
      pointer: event.pointerId,
      again,
      x: event.clientX,
      y: event.clientY,
      moving: false,
    };
    this.svg.setPointerCapture(event.pointerId);
  }

  #moved(event) {
    const drag = this.#drag;
    if (!drag.moving && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < DRAG_AFTER)
      return;
    if (!drag.moving) {
      drag.moving = true;
      drag.node.classList.add('dragged');
      this.#pieces.append(drag.node);
    }
    const {x, y} = this.#point(event);
    drag.node.style.transform = `translate(${x}px, ${y}px) scale(1.12)`;
  }

  #released(event) {
    const drag = this.#drag;
    this.#endDrag();
    const square = this.#squareAt(event);
    if (!drag.moving) {
      if (drag.again) this.#select(null);
      return;
    }
    if (
      square !== null &&
      square !== drag.square &&
      this.#shown.targets(drag.square).includes(square)
    ) {
      this.#try(drag.square, square);
    } else {
      this.#select(null);
    }
  }

  // The piece goes back to where it stands, if it still does.
  #endDrag() {
    const {square, node, moving} = this.#drag;
    this.#drag = null;
    if (!moving) return;
    node.classList.remove('dragged');
    if (this.#nodes.get(square)?.node === node) this.#put(node, square);
  }

  #try(from, to) {
    this.#select(null);
    this.#handlers.onMove({from, to});
  }
}

function nearest(gone, piece, square) {
  let best = null;
  let least = Infinity;
  for (const [from, held] of gone) {
    const distance = Math.hypot(fileOf(from) - fileOf(square), rankOf(from) - rankOf(square));
    if (held.piece === piece && distance < least) [best, least] = [from, distance];
  }
  return best;
}
