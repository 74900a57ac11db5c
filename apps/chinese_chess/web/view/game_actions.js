// What a player may do besides moving; only that is shown.

import {t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {opponent} from '../rules/position.js';
import {button, h} from './dom.js';
import {Rows, setText} from './rows.js';

const CONFIRM_FOR = 5000;
const OFFERS = ['draw', 'takeback', 'rematch'];

export class GameActions {
  #confirming = null;
  #timer = null;
  #buttons = new Rows(h('div', {class: 'actions'}), (name) => this.#makers[name]());
  #questions = new Rows(h('div', {class: 'offers', role: 'status'}), (name) =>
    name === 'claim' ? this.#claim() : this.#question(...name.split(' ')),
  );
  #makers = {
    abort: () => act('abort', 'cross', () => client.inGame('abort')),
    takeback: () => act('takeback', 'undo', () => client.inGame('offer', 'takeback')),
    draw: () => act('draw', 'draw', () => client.inGame('offer', 'draw'), 'offer_draw'),
    resign: () => act('resign', 'flag', () => this.#confirm('resign')),
    'resign-sure': () => this.#resignSure(),
    rematch: () => this.#rematch(),
    'new-game': () => act('new-game', 'home', () => this.onNewGame(), 'new_game'),
  };

  constructor({onNewGame}) {
    this.onNewGame = onNewGame;
    this.offers = this.#questions.element;
    this.absence = h('p', {class: 'absence', hidden: true});
    this.element = this.#buttons.element;
  }

  show(game) {
    this.game = game;
    const wait = this.#untilClaim();
    this.absence.hidden = !(wait > 0);
    if (wait > 0) setText(this.absence, t('opponent_away', {s: Math.ceil(wait / 1000)}));
    this.#buttons.show(this.#actions());
    this.#questions.show(this.#asked(wait === 0));
  }

  // Milliseconds until the game may be claimed, for the opponent is away; null: is here.
  #untilClaim() {
    const {game} = this;
    if (game.you === null || game.over) return null;
    const {online, graceEnds} = game.players[opponent(game.you)];
    return online ? null : Math.max(0, graceEnds - performance.now());
  }

  // Names of buttons, with whether each may be used.
  #actions() {
    const {game} = this;
    const {you, offers} = game;
    if (you === null) return [];
    if (game.over) {
      const next = ['new-game', true];
      return game.next === null ? [['rematch', true], next] : [next];
    }
    if (game.ply < 2) return [['abort', true]];
    const rest = [
      ['draw', offers.draw === null],
      [this.#confirming === 'resign' ? 'resign-sure' : 'resign', true],
    ];
    const mayTakeBack = game.mayTakeBack && offers.takeback !== you;
    return game.casual ? [['takeback', mayTakeBack], ...rest] : rest;
  }

  #rematch() {
    const asked = () => this.game.offers.rematch === this.game.you;
    const row = act('rematch', 'again', () =>
      client.inGame(asked() ? 'decline' : 'offer', 'rematch'),
    );
    row.element.classList.add('primary');
    const label = row.element.querySelector('span');
    return {...row, show: () => setText(label, t(asked() ? 'cancel_rematch' : 'rematch'))};
  }

  // Twice, for the finger that slips.
  #resignSure() {
    const yes = () => {
      this.#confirm(null);
      client.inGame('resign');
    };
    const element = h(
      'span',
      {class: 'confirm'},
      t('resign_sure'),
      button(t('yes'), 'check', yes, {class: 'danger resign-yes'}),
      button(t('no'), 'cross', () => this.#confirm(null), {class: 'resign-no'}),
    );
    return {element};
  }

  #confirm(what) {
    clearTimeout(this.#timer);
    const focused = this.element.contains(document.activeElement);
    this.#confirming = what;
    if (what !== null) this.#timer = setTimeout(() => this.#confirm(null), CONFIRM_FOR);
    this.show(this.game);
    // Of who has no mouse; and not on "yes", for the key may still be down.
    if (focused) this.element.querySelector('.resign-no, .resign')?.focus();
  }

  // What the other side wants, or was asked, and what may be claimed.
  #asked(claim) {
    const {you, offers} = this.game;
    if (you === null) return [];
    const asked = OFFERS.filter((offer) => offers[offer] !== null).map((offer) => [
      `${offer} ${offers[offer] === you ? 'own' : 'theirs'}`,
    ]);
    return claim ? [...asked, ['claim']] : asked;
  }

  #question(offer, whose) {
    if (whose === 'own') return {element: h('p', null, t(`offered_${offer}`))};
    const element = h(
      'p',
      {class: 'question'},
      t(`offers_${offer}`),
      button(t('accept'), 'check', () => client.inGame('offer', offer), {
        class: `primary accept-${offer}`,
      }),
      button(t('decline'), 'cross', () => client.inGame('decline', offer)),
    );
    return {element};
  }

  #claim() {
    const element = h(
      'p',
      {class: 'question'},
      t('opponent_gone'),
      button(t('claim_win'), 'flag', () => client.inGame('claim', false), {class: 'primary'}),
      button(t('claim_draw'), 'draw', () => client.inGame('claim', true)),
    );
    return {element};
  }
}

// A button for one thing that may be done, with the class of that name.
function act(name, icon, onclick, word = name) {
  const element = button(t(word), icon, onclick, {class: name});
  const show = (allowed) => {
    element.disabled = !allowed;
  };
  return {element, show};
}
