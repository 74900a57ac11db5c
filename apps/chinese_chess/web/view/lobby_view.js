// Where players find each other, and games to watch.

import {language, pieceSet, t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {speedOf} from '../model/time_control.js';
import {say} from '../net/protocol.js';
import {button, h, icon, s} from './dom.js';
import {CONTROLS, askGameOptions} from './game_options.js';
import {drawPiece} from './piece_drawing.js';
import {playerName} from './player_name.js';
import {Television} from './television.js';
import {toast} from './toast.js';
import {WaitingCard} from './waiting_card.js';

const REFRESH = 5000;

export class LobbyView {
  #waiting = new WaitingCard();
  #closers = [() => this.#waiting.close()];
  #television;
  #running = h('div', {class: 'running-place'});
  #pools = h('div', {class: 'pools'});
  #seeks = h('div', {class: 'rows'});
  #games = h('div', {class: 'rows'});
  #history = h('div', {class: 'rows'});
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
          this.#pools,
        ),
        card('seeks', t('open_seeks'), this.#seeks),
        card('live', t('live_games'), this.#games),
        card('past', t('your_games'), this.#history),
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
          if (code !== '') client.request(say.enter(code));
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
    if (options === null) return;
    const answer = await client.ask(say.bot(options));
    if (answer.t === 'error' && answer.code !== 'no_answer') toast(t('no_bot'), 'bad');
  }

  async #refresh() {
    this.#showRunning();
    client.refreshGames();
    const answer = await client.ask(say.history(true));
    this.#showHistory(answer.t === 'history' ? answer.games : []);
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
    const {lobby, waiting} = client;
    const counts = new Map(lobby?.pools.map(({control, waiting: n}) => [control, n]));
    this.#counts.textContent = lobby
      ? t('counts', {players: lobby.connections, games: lobby.games})
      : '';
    const others = [...counts.keys()].filter((control) => !CONTROLS.includes(control)).slice(0, 6);
    this.#pools.replaceChildren(
      ...[...CONTROLS, ...others].map((control) => {
        const here = waiting?.what === 'pool' && waiting.message.control === control;
        const n = counts.get(control) ?? 0;
        return h(
          'button',
          {
            type: 'button',
            class: `pool ${here ? 'waiting-here' : ''}`,
            'data-control': control,
            onclick: () => (here ? client.stopWaiting() : client.waitFor(say.pool(control))),
          },
          h('b', null, control),
          h('span', null, t(speedOf(control))),
          n > 0 ? h('small', {class: 'count'}, t('n_waiting', {n})) : null,
        );
      }),
    );
    this.#showSeeks(lobby?.seeks ?? []);
  }

  #showSeeks(seeks) {
    this.#seeks.replaceChildren(
      ...seeks.slice(0, 50).map((seek) => {
        const own = seek.player.id === client.me?.id;
        return h(
          'button',
          {
            type: 'button',
            class: `row seek ${own ? 'own' : ''}`,
            'data-seek': seek.seek,
            onclick: () => (own ? client.stopWaiting() : client.request(say.accept(seek.seek))),
          },
          seekColor(seek.color),
          h('b', null, seek.player.name),
          h('span', null, seek.control),
          h('small', null, t(seek.casual ? 'casual' : 'serious')),
          h('span', {class: 'act'}, t(own ? 'cancel' : 'play')),
        );
      }),
    );
    if (seeks.length === 0) this.#seeks.append(h('p', {class: 'empty'}, t('no_seeks')));
  }

  #showGames() {
    const games = client.games ?? [];
    this.#games.replaceChildren(
      ...games.map((game) =>
        h(
          'button',
          {
            type: 'button',
            class: 'row live-game',
            'data-game': game.game,
            onclick: () => this.go(`/game/${game.game}`),
          },
          versus(playerName(game.red), playerName(game.black)),
          h('span', null, game.control),
          h('small', null, t('n_moves', {n: Math.ceil(game.plies / 2)})),
          h('small', {class: 'viewers'}, icon('eye'), game.viewers),
        ),
      ),
    );
    if (games.length === 0) this.#games.append(h('p', {class: 'empty'}, t('no_games')));
  }

  #showHistory(games) {
    this.#history.replaceChildren(
      ...games.map((game) =>
        h(
          'button',
          {
            type: 'button',
            class: 'row past-game',
            'data-game': game.game,
            onclick: () => this.go(`/record/${game.game}`),
          },
          versus(game.red, game.black),
          h('span', null, game.result.replaceAll('1/2', '½')),
          h('small', null, t(`reason_${game.reason}`)),
          h('small', null, new Date(game.finished_ms).toLocaleDateString(language())),
        ),
      ),
    );
    if (games.length === 0) this.#history.append(h('p', {class: 'empty'}, t('no_past_games')));
  }
}

const versus = (red, black) =>
  h(
    'span',
    {class: 'versus'},
    h('i', {class: 'red', 'aria-label': t('red')}),
    h('b', null, red),
    h('i', {class: 'black', 'aria-label': t('black')}),
    h('b', null, black),
  );

// What is left for who accepts.
const seekColor = (color) =>
  h('i', {
    class: `seek-color ${color === undefined ? 'any' : color === 'red' ? 'black' : 'red'}`,
    title: t(color === undefined ? 'any_color' : color === 'red' ? 'black' : 'red'),
  });
