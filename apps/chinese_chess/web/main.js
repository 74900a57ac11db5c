// The page: which view is shown, and what all of them share.
//
// Where one is stands behind the # of the address: "" or "/" the lobby, /game/ID,
// /room/CODE (enters it), /record/ID.

import {language, known, t} from './i18n/i18n.js';
import {client} from './model/client.js';
import {GameModel} from './model/game_model.js';
import {settings} from './model/settings.js';
import {PATH, say} from './net/protocol.js';
import {call, setTitle} from './view/attention.js';
import {h} from './view/dom.js';
import {GameView} from './view/game_view.js';
import {Header} from './view/header.js';
import {LobbyView} from './view/lobby_view.js';
import {playerName} from './view/player_name.js';
import {sounds} from './view/sounds.js';
import {toast} from './view/toast.js';

const page = h('div', {class: 'page'});
const banner = h('div', {class: 'banner', role: 'alert', hidden: true});
let header = null;
let view = null;
let downSince = null;
const darkSystem = matchMedia('(prefers-color-scheme: dark)');

function route() {
  const [, place = '', id = ''] = location.hash.replace(/^#/, '').split('/');
  // An id has ten characters; what is longer than a message may be is no question at all.
  return {place, id: id.slice(0, 64)};
}

function go(where) {
  const hash = `#${where || '/'}`;
  if (location.hash === hash) return render();
  location.hash = hash;
}

function show(makeView) {
  view?.close();
  const next = makeView();
  view = next;
  page.replaceChildren(next.element);
  document.body.dataset.view = next instanceof GameView ? 'game' : 'lobby';
  scrollTo(0, 0);
}

async function showRecord(id) {
  const answer = await client.ask(say.record(id));
  if (route().id !== id) return;
  if (answer.code === 'no_answer') return whenOnline(() => showRecord(id));
  if (answer.t !== 'record') {
    toast(t('no_such_game'), 'bad');
    return go('');
  }
  const replay = GameModel.fromRecord(id, answer.record);
  show(() => new GameView({replay, go}));
  showTitle();
}

// Again from nothing: what is shown depends on nothing but the address and the model.
function render() {
  const {place, id} = route();
  header?.close();
  header = new Header();
  document.querySelector('header.top')?.remove();
  document.body.prepend(header.element);
  // Also what the lobby's little board follows.
  if (place !== 'game') client.leave();
  if (place === 'game' && id !== '') {
    client.enter(id);
    show(() => new GameView({go}));
  } else if (place === 'record' && id !== '') {
    whenOnline(() => showRecord(id));
  } else {
    show(() => new LobbyView({go}));
    if (place === 'room' && id !== '') whenOnline(() => enterRoom(id));
  }
  showTitle();
}

function enterRoom(code) {
  history.replaceState(null, '', '#/');
  client.waitFor(say.enter(code));
}

function whenOnline(action) {
  if (client.status === 'online') return action();
  const stop = client.on('welcome', () => {
    stop();
    action();
  });
}

function showTitle() {
  const {game} = client;
  if (game === null || !game.known || route().place !== 'game') return setTitle(t('title'));
  const names = `${playerName(game.players.red)} – ${playerName(game.players.black)}`;
  setTitle(game.yourTurn ? `${t('your_turn')} · ${names}` : `${names} · ${t('xiangqi')}`);
}

function showStatus() {
  const online = client.status === 'online';
  // The clocks go on, but not by the server's word.
  document.body.classList.toggle('offline', !online);
  if (online) {
    downSince = null;
    banner.hidden = true;
    return;
  }
  downSince ??= performance.now();
  const seconds = Math.round((performance.now() - downSince) / 1000);
  // A blink is not worth a word.
  banner.hidden = performance.now() - downSince < 400;
  banner.textContent = t('reconnecting') + (seconds > 2 ? ` ${seconds} s` : '');
}

function applySettings() {
  const root = document.documentElement;
  root.lang = language();
  const theme = settings.get('theme');
  root.dataset.theme = theme === 'auto' ? (darkSystem.matches ? 'dark' : 'light') : theme;
  root.classList.toggle('contrast', settings.get('contrast'));
}

function gameHappened(happened) {
  const {game} = client;
  if (route().place !== 'game') return;
  if (happened === 'missing') return go(`/record/${game.id}`);
  showTitle();
  if (happened === 'move' && game.yourTurn) call(t('your_turn'));
  if (happened === 'end') call(t('game_over'));
  if (happened === 'rematch' && game.you !== null) go(`/game/${game.next}`);
}

function refused({re, code, text}) {
  // Who leaves what is gone has what they want.
  if (code === 'no_answer' || re === 'leave') return;
  toast(known(`error_${code}`) ?? text ?? code, 'bad');
}

function start() {
  applySettings();
  document.body.append(banner, page);
  client.on('status', showStatus);
  client.on('game', gameHappened);
  client.on('refused', refused);
  client.on('recoded', () => {
    toast(t('room_new_code'));
    call(t('room_new_code'));
  });
  client.on('paired', (id) => {
    sounds.play('begin');
    call(t('game_begins'));
    go(`/game/${id}`);
  });
  settings.on('change', (name) => {
    applySettings();
    // Everything with words on it.
    if (name === 'language' || name === 'pieces') render();
    if (name === 'sound') {
      header.close();
      const next = new Header();
      header.element.replaceWith(next.element);
      header = next;
    }
  });
  addEventListener('hashchange', render);
  darkSystem.addEventListener('change', applySettings);
  setInterval(showStatus, 500);
  const url = new URL(PATH, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  client.start(url.href);
  render();
}

start();

// For the tests.
globalThis.xiangqi = {client, settings};
