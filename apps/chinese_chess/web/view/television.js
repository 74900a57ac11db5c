// The game that most people watch, small, in the lobby.

import {pieceSet, script, t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {findGeneral, inCheck} from '../rules/moves.js';
import {START_FEN, parseFen} from '../rules/position.js';
import {formatTime} from '../model/game_clock.js';
import {BoardView} from './board_view.js';
import {describePosition} from './speech.js';
import {h} from './dom.js';
import {playerName} from './player_name.js';
import {setText} from './rows.js';

const TICK = 500;
// So long the end of a game stays on.
const LINGER = 6000;

export class Television {
  #board = new BoardView({onMove() {}, onCancel() {}});
  #lines = {black: new Line('black'), red: new Line('red')};
  #closers = [];
  #over = null;
  #gone = new Set(); // Ids of games that are listed, and are not to be shown.

  constructor(go) {
    this.element = h(
      'button',
      {
        type: 'button',
        class: 'card tv',
        onclick: () => {
          if (client.game !== null) go(`/game/${client.game.id}`);
        },
      },
      this.#lines.black.element,
      this.#board.element,
      this.#lines.red.element,
    );
    const timer = setInterval(() => this.#tick(), TICK);
    this.#closers.push(
      client.on('games', () => this.#choose()),
      client.on('game', (happened) => this.#happened(happened)),
      () => clearInterval(timer),
    );
    this.#choose();
    this.show();
  }

  close() {
    for (const close of this.#closers) close();
  }

  #happened(what) {
    // One's own, begun in another tab.
    const own = client.game?.known && client.game.you !== null;
    if (what === 'missing' || own) this.#skip();
    else this.show();
  }

  // The first that is not one's own: to look at that would count as being there.
  #choose() {
    const lingers = this.#over !== null && performance.now() - this.#over < LINGER;
    if (client.game !== null && (!client.game.over || lingers)) return;
    const game = client.games?.find(
      ({game: id}) => !client.ownGames.includes(id) && !this.#gone.has(id),
    );
    this.#over = null;
    if (game === undefined) client.leave();
    else client.enter(game.game);
    this.show();
  }

  // It is over for so long that the server has forgotten it, or not to be looked at.
  #skip() {
    this.#gone.add(client.game.id);
    client.leave();
    this.#choose();
  }

  show() {
    const {game} = client;
    if (game?.over) this.#over ??= performance.now();
    const position = game?.known ? game.position : parseFen(START_FEN);
    this.#board.show({
      position,
      lastMove: game?.moves.at(-1) ?? null,
      pieces: pieceSet(),
      script: script(),
      checked: inCheck(position, position.turn) ? findGeneral(position.cells, position.turn) : null,
      label: describePosition(position),
    });
    this.element.disabled = game === null;
    this.#tick();
  }

  #tick() {
    const {game} = client;
    const now = performance.now();
    for (const color of ['red', 'black']) {
      const line = this.#lines[color];
      if (game?.known) line.show(game, color, now);
      else line.clear(color === 'black' ? t('no_games') : '');
    }
  }
}

// A player: the same elements all the time, so that a click on them is one.
class Line {
  #name = h('b');
  #time = h('span');

  constructor(color) {
    this.element = h('p', {class: `tv-line ${color}`}, this.#name, this.#time);
  }

  show(game, color, now) {
    setText(this.#name, playerName(game.players[color]));
    setText(this.#time, formatTime(game.clock.left(color, now)));
    this.element.classList.toggle('to-move', !game.over && game.turn === color);
    this.element.classList.remove('empty');
  }

  // Nobody; `text` instead.
  clear(text) {
    setText(this.#name, text);
    setText(this.#time, '');
    this.element.classList.remove('to-move');
    this.element.classList.add('empty');
  }
}
