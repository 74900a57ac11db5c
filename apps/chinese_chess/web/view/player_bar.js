// A player beside the board: name, whether they are there, what they have taken, clock.

import {t} from '../i18n/i18n.js';
import {formatTime} from '../model/game_clock.js';
import {h, s} from './dom.js';
import {drawPiece} from './piece_drawing.js';
import {playerName} from './player_name.js';
import {sounds} from './sounds.js';

const LOW = 20000;

export class PlayerBar {
  #badge = s('svg', {class: 'badge', viewBox: '-50 -50 100 100', 'aria-hidden': 'true'});
  #time = h('span', {class: 'time', role: 'timer'});
  #step = h('span', {class: 'step'});
  #clock = h('div', {class: 'clock'}, this.#time, this.#step);
  #presence = h('span', {class: 'presence'});
  #name = h('span', {class: 'name'});
  #note = h('span', {class: 'note'});
  #taken = h('span', {class: 'taken', 'aria-hidden': 'true'});
  #warned = false;
  #shown = '';
  #colored = null;

  constructor() {
    this.element = h(
      'div',
      {class: 'player-bar'},
      this.#badge,
      h('div', {class: 'who'}, h('div', null, this.#presence, this.#name, this.#note), this.#taken),
      this.#clock,
    );
  }

  show({game, color, you, pieces, taken}) {
    this.game = game;
    this.color = color;
    this.you = you;
    const player = game.players[color];
    if (this.#colored !== color + pieces) {
      this.#colored = color + pieces;
      this.#badge.replaceChildren(drawPiece(color === 'red' ? 'K' : 'k', pieces));
      this.element.dataset.color = color;
    }
    this.#name.textContent = playerName(player) || t(color);
    this.#note.textContent = you ? t('you') : '';
    this.#presence.className = `presence ${player.online ? 'online' : 'away'}`;
    this.#presence.title = t(player.online ? 'present' : 'away');
    this.#presence.hidden = game.over && !you;
    this.element.classList.toggle('to-move', !game.over && game.turn === color);
    this.#showTaken(taken, pieces);
    this.tick();
  }

  #showTaken(taken, pieces) {
    const key = taken.join('') + pieces;
    if (this.#taken.dataset.key === key) return;
    this.#taken.dataset.key = key;
    this.#taken.replaceChildren(
      ...taken.map((piece) => s('svg', {viewBox: '-46 -46 92 92'}, drawPiece(piece, pieces))),
    );
  }

  // Several times a second.
  tick(now = performance.now()) {
    const {game, color} = this;
    if (!game) return;
    const {main, move, byoYomi} = game.clock.read(color, now);
    const left = game.clock.left(color, now);
    const text = formatTime(byoYomi ? move : main);
    const step = move === null || byoYomi ? (byoYomi ? t('byo_yomi') : '') : formatTime(move);
    const low = left < LOW && !game.over;
    this.#clock.classList.toggle('low', low);
    this.#clock.classList.toggle('running', game.clock.running === color);
    this.#warn(low && this.you && game.clock.running === color, left);
    if (this.#shown === text + step) return;
    this.#shown = text + step;
    this.#time.textContent = text;
    this.#step.textContent = step;
  }

  #warn(low, left) {
    if (low && !this.#warned) sounds.play('low');
    if (low || left > LOW) this.#warned = low;
  }

  // For replays, where no clock runs.
  hideClock(hidden) {
    this.#clock.hidden = hidden;
  }
}
