// The moves, two a line, each a button that shows the position after it.
//
//   list.show({game, ply, notation: 'wxf', script});   // ply: after so many moves

import {t} from '../i18n/i18n.js';
import {formatMove} from '../rules/notation.js';
import {h} from './dom.js';

export class MoveList {
  #onGo;
  #list = h('ol', {class: 'moves', tabindex: '-1'});
  #key = '';
  #buttons = [];

  constructor(onGo) {
    this.#onGo = onGo;
    this.element = this.#list;
  }

  show({game, ply, notation, script}) {
    const key =
      game.moves.map((move) => `${move.from}.${move.to}`).join() +
      notation +
      script +
      game.result +
      game.reason;
    if (key !== this.#key) {
      this.#key = key;
      this.#draw(game, notation, script);
    }
    this.#buttons.forEach((button, i) => {
      button.classList.toggle('current', i === ply - 1);
      button.setAttribute('aria-current', i === ply - 1);
    });
    this.#scrollTo(this.#buttons[ply - 1]);
  }

  #draw(game, notation, script) {
    this.#buttons = game.moves.map((move, i) =>
      h(
        'button',
        {type: 'button', class: 'move', onclick: () => this.#onGo(i + 1)},
        formatMove(game.positions[i], move, notation, script) + (move.check ? '+' : ''),
      ),
    );
    const rows = [];
    for (let i = 0; i < this.#buttons.length; i += 2) {
      rows.push(
        h('li', null, h('span', {class: 'number'}, i / 2 + 1), this.#buttons.slice(i, i + 2)),
      );
    }
    this.#list.replaceChildren(...rows);
    if (rows.length === 0) this.#list.append(h('li', {class: 'empty'}, t('no_moves')));
    if (game.over)
      this.#list.append(h('li', {class: 'result'}, game.result === '*' ? '–' : game.result));
    // After a new move the newest is looked at, wherever one is.
    this.#scrollTo(this.#buttons.at(-1));
  }

  // The list scrolls, the page never.
  #scrollTo(button) {
    const list = this.#list;
    if (button === undefined) {
      list.scrollTop = 0;
      list.scrollLeft = 0;
      return;
    }
    const box = list.getBoundingClientRect();
    const place = button.getBoundingClientRect();
    if (place.top < box.top || place.bottom > box.bottom)
      list.scrollTop += place.top - box.top - box.height / 2;
    if (place.left < box.left || place.right > box.right)
      list.scrollLeft += place.left - box.left - box.width / 2;
  }
}
