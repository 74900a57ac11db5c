// Moves by keyboard, in any notation: h2e2, C2=5, 炮二平五.

import {t} from '../i18n/i18n.js';
import {readMove} from '../rules/notation.js';
import {h} from './dom.js';
import {toast} from './toast.js';

export class MoveEntry {
  #input = h('input', {
    type: 'text',
    class: 'move-entry',
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'off',
    maxlength: 8,
  });

  constructor({position, onMove}) {
    this.element = h(
      'form',
      {
        class: 'move-entry-form',
        onsubmit: (event) => {
          event.preventDefault();
          const move = readMove(position(), this.#input.value);
          this.#input.setAttribute('aria-invalid', move === null);
          if (move === null) {
            toast(t('error_illegal_move'), 'bad');
            return this.#input.select();
          }
          this.#input.value = '';
          onMove(move);
        },
      },
      this.#input,
    );
    this.#input.oninput = () => this.#input.removeAttribute('aria-invalid');
  }

  show(on) {
    this.element.hidden = !on;
    this.#input.placeholder = t('type_a_move');
    this.#input.setAttribute('aria-label', t('type_a_move'));
  }

  focus() {
    this.#input.focus();
  }
}
