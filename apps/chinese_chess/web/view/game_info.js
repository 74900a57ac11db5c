// What kind of game it is, and who watches.

import {t} from '../i18n/i18n.js';
import {speedOf} from '../model/time_control.js';
import {h, icon} from './dom.js';

const duration = (ms) =>
  ms < 120000
    ? t('seconds', {n: Math.round(ms / 1000)})
    : t('minutes', {n: Math.round(ms / 60000)});

export class GameInfo {
  #key = '';

  constructor() {
    this.element = h('section', {class: 'card info'});
  }

  show(game, replay) {
    const key = JSON.stringify([
      game.control,
      game.casual,
      game.viewers,
      game.viewerNames,
      game.date,
      game.delay,
      game.over,
      replay,
      t('viewers'),
    ]);
    if (key === this.#key) return;
    this.#key = key;
    const kind = replay ? t('finished_game') : t(game.casual ? 'casual' : 'serious');
    this.element.replaceChildren(
      h(
        'p',
        {class: 'kind'},
        icon('clock'),
        h('b', null, game.control),
        ' ',
        game.control ? t(speedOf(game.control)) : '',
        ' · ',
        kind,
      ),
      game.date ? h('p', {class: 'date'}, game.date) : '',
      replay ? '' : this.#viewers(game),
      game.delay > 0 && !game.over
        ? h('p', {class: 'delay'}, icon('clock'), t('delayed', {time: duration(game.delay)}))
        : '',
    );
  }

  #viewers(game) {
    const names = game.viewerNames;
    const more = game.viewers - names.length;
    return h(
      'p',
      {class: 'viewers'},
      icon('eye'),
      t('viewers', {n: game.viewers}),
      names.length > 0
        ? h('span', {class: 'names'}, names.join(', ') + (more > 0 ? ` +${more}` : ''))
        : null,
    );
  }
}
