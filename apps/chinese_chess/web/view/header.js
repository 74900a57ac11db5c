// The top of every page: home, who one is, how good the line is, settings.

import {pieceSet, t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {settings} from '../model/settings.js';
import {button, h, iconButton, s} from './dom.js';
import {openDialog} from './dialog.js';
import {openLessons} from './lessons_dialog.js';
import {openSettings} from './settings_dialog.js';
import {drawPiece} from './piece_drawing.js';

const MOST_NAME = 20;

function askName() {
  return openDialog(t('your_name'), (close) => {
    const input = h('input', {
      type: 'text',
      name: 'name',
      maxlength: MOST_NAME,
      required: true,
      value: client.me?.name ?? '',
      autocomplete: 'nickname',
      'aria-label': t('your_name'),
    });
    return h(
      'form',
      {
        class: 'options',
        onsubmit: (event) => {
          event.preventDefault();
          close(input.value.trim());
        },
      },
      h('div', {class: 'field'}, input, h('p', {class: 'hint'}, t('name_help'))),
      h(
        'div',
        {class: 'buttons'},
        button(t('save'), null, null, {type: 'submit', class: 'primary'}),
      ),
    );
  });
}

export class Header {
  #sound;
  #name;
  #lag = h('span', {class: 'lag', title: ''}, h('i'), h('i'), h('i'));
  #closers = [];

  constructor() {
    this.#sound = iconButton(
      t('sound'),
      settings.get('sound') ? 'sound' : 'mute',
      () => settings.set('sound', !settings.get('sound')),
      {class: 'sound'},
    );
    this.#name = button(client.me?.name ?? '…', null, () => this.#rename(), {
      class: 'my-name',
      title: t('your_name'),
    });
    this.element = h(
      'header',
      {class: 'top'},
      h(
        'a',
        {class: 'brand', href: '#/'},
        s('svg', {viewBox: '-50 -50 100 100', 'aria-hidden': 'true'}, drawPiece('K', pieceSet())),
        h('span', null, t('xiangqi')),
      ),
      h('span', {class: 'gap'}),
      this.#lag,
      this.#name,
      this.#sound,
      iconButton(t('learn'), 'help', openLessons, {class: 'learn'}),
      iconButton(t('settings'), 'gear', openSettings, {class: 'settings'}),
    );
    this.#closers.push(
      client.on('welcome', () => this.#showName()),
      client.on('lag', (lag) => this.#showLag(lag)),
    );
    this.#showLag(client.lag);
  }

  close() {
    for (const close of this.#closers) close();
  }

  async #rename() {
    const name = await askName();
    if (name) client.rename(name);
  }

  #showName() {
    this.#name.replaceChildren(h('span', null, client.me.name));
  }

  #showLag(lag) {
    this.#lag.dataset.bars = lag === null ? 0 : lag < 120 ? 3 : lag < 350 ? 2 : 1;
    this.#lag.title = lag === null ? '' : t('lag', {ms: Math.round(lag)});
  }
}
