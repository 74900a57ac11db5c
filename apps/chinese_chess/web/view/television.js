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

const TICK = 500;
// So long the end of a game stays on.
const LINGER = 6000;

export class Television {
  #board = new BoardView({onMove() {}, onCancel() {}});
  #lines = {black: h('p', {class: 'tv-line black'}), red: h('p', {class: 'tv-line red'})};
  #closers = [];
  #over = null;

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
      this.#lines.black,
      this.#board.element,
      this.#lines.red,
    );
    const timer = setInterval(() => this.#tick(), TICK);
    this.#closers.push(
      client.on('games', () => this.#choose()),
      client.on('game', () => this.show()),
      () => clearInterval(timer),
    );
    this.#choose();
    this.show();
  }

  close() {
    for (const close of this.#closers) close();
  }

  // The first that is not one's own: to look at that would count as being there.
  #choose() {
    const lingers = this.#over !== null && performance.now() - this.#over < LINGER;
    if (client.game !== null && (!client.game.over || lingers)) return;
    const game = client.games?.find(({game: id}) => !client.ownGames.includes(id));
    this.#over = null;
    if (game === undefined) client.leave();
    else client.enter(game.game);
    this.show();
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
    for (const color of ['red', 'black']) {
      if (!game?.known) {
        this.#lines[color].replaceChildren(color === 'black' ? t('no_games') : '');
        continue;
      }
      const time = formatTime(game.clock.left(color, performance.now()));
      this.#lines[color].replaceChildren(
        h('b', null, playerName(game.players[color])),
        h('span', null, time),
      );
      this.#lines[color].classList.toggle('to-move', !game.over && game.turn === color);
    }
  }
}
