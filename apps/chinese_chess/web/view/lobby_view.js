// Where players find each other, and games to watch.

import {language, pieceSet, t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {speedOf} from '../model/time_control.js';
import {say} from '../net/protocol.js';
import {button, h, icon, s} from './dom.js';
import {CONTROLS, askGameOptions} from './game_options.js';
import {drawPiece} from './piece_drawing.js';
import {playerName} from './player_name.js';
import {Rows, setText} from './rows.js';
import {Television} from './television.js';
import {WaitingCard} from './waiting_card.js';

const REFRESH = 5000;
const MOST_SEEKS = 50;

const rowsIn = (name, make) => new Rows(h('div', {class: name}), make);

export class LobbyView {
  #waiting = new WaitingCard();
  #closers = [() => this.#waiting.close()];
  #television;
  #running = h('div', {class: 'running-place'});
  #pools = rowsIn('pools', (control) => this.#poolRow(control));
  #seeks = rowsIn('rows', (id) => this.#seekRow(id));
  #games = rowsIn('rows', (id) => this.#gameRow(id));
  #history = rowsIn('rows', (id) => this.#pastRow(id));
  #counts = h('p', {class: 'counts'});
  #code = h('input', {
    type: 'text',
    maxlength: 32,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
  });

  constructor({go}) {
    this.go = go;
    this.#television = new Television(go);
    this.#closers.push(() => this.#television.close());
    this.#build();
    client.showLobby(true);
    this.#closers.push(
      client.on('lobby', () => this.#showLobby()),
      client.on('games', () => {
        this.#showGames();
        this.#showRunning();
      }),
      client.on('waiting', () => this.#showLobby()),
      client.on('welcome', () => this.#refresh()),
    );
    const timer = setInterval(() => client.refreshGames(), REFRESH);
    this.#closers.push(() => clearInterval(timer));
    this.#showLobby();
    this.#showGames();
    if (client.status === 'online') this.#refresh();
  }

  close() {
    for (const close of this.#closers) close();
    client.showLobby(false);
  }

  #build() {
    const card = (name, title, ...content) =>
      h('section', {class: `card ${name}`}, h('h2', null, title), content);
    this.element = h(
      'main',
      {class: 'lobby'},
      this.#running,
      this.#waiting.element,
      h(
        'div',
        {class: 'column'},
        h(
          'section',
          {class: 'card quick'},
          h('header', null, h('h2', null, t('quick_game')), this.#counts),
          this.#pools.element,
        ),
        card('seeks', t('open_seeks'), this.#seeks.element),
        card('live', t('live_games'), this.#games.element),
        card('past', t('your_games'), this.#history.element),
      ),
      h(
        'div',
        {class: 'column'},
        h(
          'section',
          {class: 'card ways'},
          this.#way('bot', ['n', 'c', 'R'], () => this.#playBot()),
          this.#way('room', ['K', 'k'], () => this.#open('room')),
          this.#way('seek', ['P', 'p', 'C'], () => this.#open('seek')),
          this.#codeForm(),
        ),
        this.#television.element,
      ),
    );
  }

  #codeForm() {
    this.#code.placeholder = t('room_code');
    this.#code.setAttribute('aria-label', t('room_code'));
    return h(
      'form',
      {
        class: 'enter',
        onsubmit: (event) => {
          event.preventDefault();
          const code = this.#code.value.trim();
          if (code !== '') client.waitFor(say.enter(code));
        },
      },
      this.#code,
      button(t('enter'), null, null, {type: 'submit'}),
    );
  }

  #way(what, pieces, onclick) {
    const fan = pieces.map((piece, i) =>
      s(
        'g',
        {transform: `translate(${(i - (pieces.length - 1) / 2) * 58} 0)`},
        drawPiece(piece, pieceSet()),
      ),
    );
    return h(
      'button',
      {type: 'button', class: `way ${what}`, onclick},
      s('svg', {viewBox: '-110 -52 220 104', 'aria-hidden': 'true'}, fan),
      h('span', null, h('b', null, t(`way_${what}`)), h('small', null, t(`way_${what}_help`))),
    );
  }

  async #open(what) {
    const options = await askGameOptions(what);
    if (options !== null) client.waitFor(say[what](options));
  }

  async #playBot() {
    const options = await askGameOptions('bot');
    if (options !== null) client.request(say.bot(options));
  }

  async #refresh() {
    this.#showRunning();
    client.refreshGames();
    const answer = await client.ask(say.history(true));
    // What is shown stays if the archive is busy.
    if (answer.t === 'history') this.#showHistory(answer.games);
    else if (answer.code === 'no_archive') this.#showHistory([]);
  }

  // --- Showing ---------------------------------------------------------------------------

  #showRunning() {
    const key = client.ownGames.join();
    if (key === this.#running.dataset.key) return;
    this.#running.dataset.key = key;
    this.#running.replaceChildren(
      ...client.ownGames.map((id) =>
        h(
          'section',
          {class: 'card going-on'},
          h('b', null, t('game_goes_on')),
          button(t('back_to_game'), 'next', () => this.go(`/game/${id}`), {class: 'primary'}),
        ),
      ),
    );
  }

  #showLobby() {
    const {lobby} = client;
    const counts = new Map(lobby?.pools.map(({control, waiting}) => [control, waiting]));
    this.#counts.textContent = lobby
      ? t('counts', {players: lobby.connections, games: lobby.games})
      : '';
    const others = [...counts.keys()].filter((control) => !CONTROLS.includes(control)).slice(0, 6);
    this.#pools.show(
      [...CONTROLS, ...others].map((control) => [control, counts.get(control) ?? 0]),
    );
    const seeks = lobby?.seeks.slice(0, MOST_SEEKS) ?? [];
    this.#seeks.show(orEmpty(seeks.map((seek) => [seek.seek, seek])));
  }

  #showGames() {
    this.#games.show(orEmpty((client.games ?? []).map((game) => [game.game, game])));
  }

  #showHistory(games) {
    this.#history.show(orEmpty(games.map((game) => [game.game, game])));
  }

  // --- Rows ------------------------------------------------------------------------------

  #poolRow(control) {
    const count = h('small', {class: 'count'});
    const waitsHere = () =>
      client.waiting?.what === 'pool' && client.waiting.message.control === control;
    const element = h(
      'button',
      {
        type: 'button',
        class: 'pool',
        'data-control': control,
        onclick: () => (waitsHere() ? client.stopWaiting() : client.waitFor(say.pool(control))),
      },
      h('b', null, control),
      h('span', null, t(speedOf(control))),
      count,
    );
    const show = (n) => {
      element.classList.toggle('waiting-here', waitsHere());
      count.hidden = n === 0;
      setText(count, t('n_waiting', {n}));
    };
    return {element, show};
  }

  #seekRow(id) {
    if (id === EMPTY) return emptyRow('no_seeks');
    const color = h('i');
    const [name, control, kind, act] = ['b', 'span', 'small', 'span'].map((tag) => h(tag));
    act.className = 'act';
    let own = false;
    const onclick = () => (own ? client.stopWaiting() : client.request(say.accept(id)));
    const element = h(
      'button',
      {type: 'button', class: 'row seek', 'data-seek': id, onclick},
      color,
      name,
      control,
      kind,
      act,
    );
    const show = (seek) => {
      own = seek.player.id === client.me?.id;
      element.classList.toggle('own', own);
      showSeekColor(color, seek.color);
      setText(name, seek.player.name);
      setText(control, seek.control);
      setText(kind, t(seek.casual ? 'casual' : 'serious'));
      setText(act, t(own ? 'cancel' : 'play'));
    };
    return {element, show};
  }

  #gameRow(id) {
    if (id === EMPTY) return emptyRow('no_games');
    const players = versus();
    const [control, plies, viewers] = ['span', 'small', 'span'].map((tag) => h(tag));
    const element = h(
      'button',
      {
        type: 'button',
        class: 'row live-game',
        'data-game': id,
        onclick: () => this.go(`/game/${id}`),
      },
      players.element,
      control,
      plies,
      h('small', {class: 'viewers'}, icon('eye'), viewers),
    );
    const show = (game) => {
      players.show(playerName(game.red), playerName(game.black));
      setText(control, game.control);
      setText(plies, t('n_moves', {n: Math.ceil(game.plies / 2)}));
      setText(viewers, game.viewers);
    };
    return {element, show};
  }

  #pastRow(id) {
    if (id === EMPTY) return emptyRow('no_past_games');
    const players = versus();
    const [result, reason, day] = ['span', 'small', 'small'].map((tag) => h(tag));
    const element = h(
      'button',
      {
        type: 'button',
        class: 'row past-game',
        'data-game': id,
        onclick: () => this.go(`/record/${id}`),
      },
      players.element,
      result,
      reason,
      day,
    );
    const show = (game) => {
      players.show(playerName({name: game.red}), playerName({name: game.black}));
      setText(result, game.result.replaceAll('1/2', '½'));
      setText(reason, t(`reason_${game.reason}`));
      setText(day, new Date(game.finished_ms).toLocaleDateString(language()));
    };
    return {element, show};
  }
}

// In place of rows. No id of a game's or a seek's.
const EMPTY = '';
const orEmpty = (items) => (items.length > 0 ? items : [[EMPTY, null]]);
const emptyRow = (word) => ({element: h('p', {class: 'empty'}, t(word))});

function versus() {
  const [red, black] = [h('b'), h('b')];
  const element = h(
    'span',
    {class: 'versus'},
    h('i', {class: 'red', 'aria-label': t('red')}),
    red,
    h('i', {class: 'black', 'aria-label': t('black')}),
    black,
  );
  const show = (redName, blackName) => {
    setText(red, redName);
    setText(black, blackName);
  };
  return {element, show};
}

// What is left for who accepts.
function showSeekColor(element, color) {
  const left = color === undefined ? 'any' : color === 'red' ? 'black' : 'red';
  element.className = `seek-color ${left}`;
  element.title = t(left === 'any' ? 'any_color' : left);
}
