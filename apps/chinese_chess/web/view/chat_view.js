// Talk: players with each other, spectators with each other.

import {t} from '../i18n/i18n.js';
import {settings} from '../model/settings.js';
import {h, iconButton} from './dom.js';

const MOST_CHARACTERS = 140;

export class ChatView {
  #lines = h('ul', {class: 'chat-lines', 'aria-live': 'polite'});
  #input = h('input', {
    type: 'text',
    maxlength: MOST_CHARACTERS,
    autocomplete: 'off',
    enterkeyhint: 'send',
  });
  #form;
  #toggle;
  #title = h('h2');
  #last = null;

  constructor(onSay) {
    this.#form = h(
      'form',
      {
        class: 'chat-form',
        onsubmit: (event) => {
          event.preventDefault();
          const text = this.#input.value.trim();
          if (text !== '') onSay(text);
          this.#input.value = '';
        },
      },
      this.#input,
      iconButton(t('send'), 'send', null, {type: 'submit'}),
    );
    this.#toggle = h('input', {
      type: 'checkbox',
      checked: settings.get('chat'),
      onchange: () => settings.set('chat', this.#toggle.checked),
    });
    this.element = h(
      'section',
      {class: 'card chat'},
      h(
        'header',
        null,
        this.#title,
        h('label', {class: 'switch'}, this.#toggle, h('span', null, t('show'))),
      ),
      this.#lines,
      this.#form,
    );
    this.#input.placeholder = t('say_something');
    this.#input.setAttribute('aria-label', t('say_something'));
  }

  show(game) {
    const on = settings.get('chat');
    this.#title.textContent = game.you === null ? t('chat_spectators') : t('chat');
    this.#lines.hidden = !on;
    this.#form.hidden = !on;
    const last = game.chat.at(-1);
    if (last === this.#last) return;
    this.#last = last;
    this.#lines.replaceChildren(
      ...game.chat.map(({by, name, text}) =>
        h('li', null, h('b', {class: by ?? 'spectator'}, name), ' ', text),
      ),
    );
    if (game.chat.length === 0) this.#lines.append(h('li', {class: 'empty'}, t('be_kind')));
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }
}
