// A game on the page: board, players, moves, talk. For those who play it, those who watch
// and those who replay it.
//
// What is shown follows the game until somebody steps back in it; then it stays where it
// is, whatever is played meanwhile, until they step forward to the end again.

import {notation, pieceSet, script, t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {settings} from '../model/settings.js';
import {findGeneral, inCheck, isLegal, legalTargets, premoveTargets} from '../rules/moves.js';
import {opponent} from '../rules/position.js';
import {BoardView} from './board_view.js';
import {ChatView} from './chat_view.js';
import {describePosition, spokenMove} from './speech.js';
import {GameActions} from './game_actions.js';
import {GameInfo} from './game_info.js';
import {MoveEntry} from './move_entry.js';
import {MoveList} from './move_list.js';
import {PlayerBar} from './player_bar.js';
import {boardLabels} from './board_labels.js';
import {h, iconButton} from './dom.js';
import {recordMenu} from './record_menu.js';
import {resultCard} from './result_card.js';
import {sounds} from './sounds.js';
import {resultText, statusText} from './status_text.js';

const TICK = 100;

export class GameView {
  #ply = null; // Shown: after so many moves; null: the newest.
  #flipped = null; // null: as the side wants it.
  #resultSeen = false;
  #closers = [];
  #actions;
  #chat;
  #entry;
  #board = new BoardView({
    onMove: (move) => this.#move(move),
    onCancel: () => this.#cancelPremove(),
  });
  #bars = [new PlayerBar(), new PlayerBar()]; // Top, bottom.
  #list = new MoveList((ply) => this.#go(ply));
  #info = new GameInfo();
  #live = h('div', {class: 'visually-hidden', 'aria-live': 'assertive'});
  #status = h('div', {class: 'status', role: 'status'});
  #overlay = h('div', {class: 'overlay-place'});

  // `replay`: a GameModel that is over; else client.game is followed.
  constructor({replay = null, go}) {
    this.replay = replay;
    this.go = go;
    this.#actions = new GameActions({onNewGame: () => go('')});
    this.#chat = new ChatView((text) => client.inGame('chat', text));
    this.#entry = new MoveEntry({
      position: () => this.#newest(),
      onMove: (move) => this.#move(move),
    });
    this.#resultSeen = replay !== null;
    if (replay !== null) this.#ply = 0;
    this.#build();
    this.#listen();
    this.show();
  }
  get game() {
    return this.replay ?? client.game;
  }

  close() {
    for (const close of this.#closers) close();
  }

  // --- Building --------------------------------------------------------------------------

  #build() {
    const controls = h(
      'div',
      {class: 'controls'},
      iconButton(t('first_move'), 'first', () => this.#go(0)),
      iconButton(t('previous_move'), 'previous', () => this.#step(-1), {class: 'previous'}),
      iconButton(t('next_move'), 'next', () => this.#step(1), {class: 'next'}),
      iconButton(t('last_move'), 'last', () => this.#go(null), {class: 'newest'}),
      iconButton(t('flip'), 'flip', () => this.#flip(), {class: 'flip'}),
      recordMenu(() => this.game),
    );
    const side = h(
      'section',
      {class: 'card side'},
      this.#status,
      this.#list.element,
      controls,
      this.#actions.absence,
      this.#actions.offers,
      this.#actions.element,
      this.#entry.element,
    );
    this.element = h(
      'main',
      {class: `game ${this.replay ? 'replay' : ''}`},
      h(
        'div',
        {class: 'board-column'},
        this.#bars[0].element,
        h('div', {class: 'board-place'}, this.#board.element, this.#overlay),
        this.#bars[1].element,
      ),
      side,
      h('aside', {class: 'talk'}, this.#info.element, this.replay ? null : this.#chat.element),
      this.#live,
    );
  }

  #listen() {
    const keys = (event) => this.#key(event);
    document.addEventListener('keydown', keys);
    const timer = setInterval(() => this.#tick(), TICK);
    this.#closers.push(
      () => document.removeEventListener('keydown', keys),
      () => clearInterval(timer),
      settings.on('change', () => this.show()),
    );
    if (this.replay === null) {
      this.#closers.push(
        client.on('game', (happened, details) => this.#happened(happened, details)),
      );
    }
  }

  // --- What has happened -----------------------------------------------------------------

  #happened(happened, {own = false} = {}) {
    const {game} = this;
    if (game === null || happened === 'missing') return;
    if (happened === 'move' && !own) this.#announce(game.ply - 1);
    if (happened === 'chat' && settings.get('chat')) this.#heard(game.chat.at(-1));
    if (happened === 'end') {
      sounds.play('end');
      this.#live.textContent = resultText(game);
    }
    // After a takeback what was looked at may be gone.
    if (this.#ply !== null && this.#ply >= game.ply) this.#ply = null;
    this.show();
  }

  #heard(line) {
    if (line.by !== this.game.you || line.by === null) sounds.play('message');
  }

  // Sound and speech of the move with the index `i`.
  #announce(i) {
    const {game} = this;
    const move = game.moves[i];
    sounds.play(move.check ? 'check' : move.capture ? 'capture' : 'move');
    this.#live.textContent = spokenMove(game.positions[i], move);
  }

  // --- Showing ---------------------------------------------------------------------------

  #newest() {
    return this.replay ? this.replay.position : client.shownPosition;
  }

  get #flippedNow() {
    return this.#flipped ?? this.game.you === 'black';
  }

  show() {
    const {game} = this;
    if (game === null) return;
    this.element.classList.toggle('loading', !game.known);
    const ply = this.#ply ?? game.ply;
    const newest = this.#ply === null;
    const position = newest ? this.#newest() : game.positions[ply];
    this.#showBoard(position, ply, newest);
    this.#showBars(position);
    this.#list.show({game, ply: newest ? game.ply : ply, notation: notation(), script: script()});
    this.#actions.show(game);
    this.#entry.show(game.yourTurn && newest);
    this.#info.show(game, this.replay !== null);
    if (!this.replay) this.#chat.show(game);
    this.#status.textContent = this.#statusText(newest);
    this.#status.className = `status ${newest ? '' : 'browsing'}`;
    this.#showResult(newest);
  }

  #showBoard(position, ply, newest) {
    const {game} = this;
    const pending = newest && !this.replay ? client.pending?.move : null;
    const checked = inCheck(position, position.turn)
      ? findGeneral(position.cells, position.turn)
      : null;
    const flipped = this.#flippedNow;
    this.#board.show({
      position,
      checked,
      flipped,
      lastMove: pending ?? game.moves[ply - 1] ?? null,
      premove: newest && !this.replay ? client.premove : null,
      ...this.#input(position, newest),
      pieces: pieceSet(),
      script: script(),
      labels: settings.get('coordinates') ? boardLabels(notation(), flipped) : null,
      label: describePosition(position),
    });
  }

  // Whose pieces may be picked up, and where they may go.
  #input(position, newest) {
    const {game} = this;
    if (game.you === null || game.over || !newest || !game.known) return {};
    if (game.yourTurn && client.pending === null) {
      return {mover: game.you, targets: (from) => legalTargets(position, from)};
    }
    return {mover: game.you, targets: (from) => premoveTargets(position, from)};
  }

  #showBars(position) {
    const {game} = this;
    const bottom = this.#flippedNow ? 'black' : 'red';
    [opponent(bottom), bottom].forEach((color, i) =>
      this.#bars[i].show({
        game,
        color,
        you: game.you === color,
        pieces: pieceSet(),
        taken: takenBy(color, game.positions[0], position),
      }),
    );
    for (const bar of this.#bars) bar.hideClock(this.replay !== null);
  }

  #statusText(newest) {
    const {game} = this;
    if (game.known && !newest) return t('browsing', {ply: this.#ply, of: game.ply});
    return statusText(game);
  }

  #showResult(newest) {
    const {game} = this;
    if (!game.over || this.#resultSeen || !newest) return this.#overlay.replaceChildren();
    if (this.#overlay.childElementCount > 0 && this.#overlay.dataset.key === resultKey(game))
      return;
    this.#overlay.dataset.key = resultKey(game);
    this.#overlay.replaceChildren(
      resultCard(game, {
        onClose: () => {
          this.#resultSeen = true;
          this.#overlay.replaceChildren();
        },
        onHome: () => this.go(''),
      }),
    );
  }

  #tick() {
    const now = performance.now();
    for (const bar of this.#bars) bar.tick(now);
    if (this.game !== null) this.#actions.show(this.game);
  }

  // --- Input -----------------------------------------------------------------------------

  #move(move) {
    const {game} = this;
    if (game.you === null || game.over) return;
    if (!game.yourTurn || client.pending !== null) return client.setPremove(move);
    if (!isLegal(game.position, move)) return;
    const before = game.position;
    if (!client.move(move)) return;
    const capture = before.cells[move.to] !== '';
    const gives = inCheck(client.shownPosition, opponent(game.you));
    sounds.play(gives ? 'check' : capture ? 'capture' : 'move');
    this.#live.textContent = spokenMove(before, {...move, check: gives, capture});
    this.show();
  }

  #cancelPremove() {
    if (client.premove !== null) client.setPremove(null);
  }

  #go(ply) {
    const {game} = this;
    const last = game.ply;
    this.#ply =
      ply === null || (ply >= last && !this.replay) ? null : Math.max(0, Math.min(ply, last));
    if (this.replay && ply === null) this.#ply = last;
    this.show();
  }

  #step(by) {
    const {game} = this;
    const from = this.#ply ?? game.ply;
    const to = from + by;
    if (to < 0 || to > game.ply) return;
    this.#go(to);
    if (by > 0) this.#announce(to - 1);
  }

  #flip() {
    this.#flipped = !this.#flippedNow;
    this.show();
  }

  #key(event) {
    if (
      event.target.closest('input, select, textarea, dialog') ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    const actions = {
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      ArrowUp: () => this.#go(0),
      ArrowDown: () => this.#go(null),
      Home: () => this.#go(0),
      End: () => this.#go(null),
      f: () => this.#flip(),
      m: () => this.#entry.focus(),
      Escape: () => this.#cancelPremove(),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }
}

const resultKey = (game) => [game.result, game.reason, game.next, game.offers.rematch].join();

// The other side's pieces that are gone since `start`.
function takenBy(color, start, position) {
  const count = (cells, piece) => cells.filter((cell) => cell === piece).length;
  const pieces = color === 'red' ? 'rcnbap' : 'RCNBAP';
  return [...pieces].flatMap((piece) => {
    const gone = count(start.cells, piece) - count(position.cells, piece);
    return new Array(Math.max(0, gone)).fill(piece);
  });
}
