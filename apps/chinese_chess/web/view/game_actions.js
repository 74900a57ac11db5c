// What a player may do besides moving; only that is shown.

import {t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {opponent} from '../rules/position.js';
import {button, h} from './dom.js';

const CONFIRM_FOR = 5000;

export class GameActions {
  #confirming = null;
  #timer = null;
  #key = '';

  constructor({onNewGame}) {
    this.onNewGame = onNewGame;
    this.offers = h('div', {class: 'offers', role: 'status'});
    this.absence = h('p', {class: 'absence', hidden: true});
    this.element = h('div', {class: 'actions'});
  }

  show(game) {
    this.game = game;
    const wait = this.#untilClaim();
    const claim = wait === 0;
    this.absence.hidden = !(wait > 0);
    if (wait > 0) this.absence.textContent = t('opponent_away', {s: Math.ceil(wait / 1000)});
    const key = JSON.stringify([
      game.you,
      game.over,
      game.ply < 2,
      game.ply,
      game.offers,
      game.next,
      claim,
      this.#confirming,
      game.yourTurn,
    ]);
    if (key === this.#key) return;
    this.#key = key;
    this.element.replaceChildren(...this.#buttons().filter(Boolean));
    this.offers.replaceChildren(...this.#questions(claim).filter(Boolean));
  }

  // Milliseconds until the game may be claimed, for the opponent is away; null: is here.
  #untilClaim() {
    const {game} = this;
    if (game.you === null || game.over) return null;
    const {online, graceEnds} = game.players[opponent(game.you)];
    return online ? null : Math.max(0, graceEnds - performance.now());
  }

  #buttons() {
    const {game} = this;
    if (game.you === null) return [];
    if (game.over) return this.#buttonsAfter();
    if (game.ply < 2)
      return [button(t('abort'), 'cross', () => client.inGame('abort'), {class: 'abort'})];
    return [
      game.casual &&
        button(t('takeback'), 'undo', () => client.inGame('offer', 'takeback'), {
          class: 'takeback',
          disabled: !game.mayTakeBack || game.offers.takeback === game.you,
        }),
      button(t('offer_draw'), 'draw', () => client.inGame('offer', 'draw'), {
        class: 'draw',
        disabled: game.offers.draw !== null,
      }),
      ...this.#resign(),
    ];
  }

  #buttonsAfter() {
    const {game} = this;
    const asked = game.offers.rematch;
    return [
      game.next === null &&
        button(
          t(asked === game.you ? 'cancel_rematch' : 'rematch'),
          'again',
          () =>
            asked === game.you
              ? client.inGame('decline', 'rematch')
              : client.inGame('offer', 'rematch'),
          {class: 'rematch primary'},
        ),
      button(t('new_game'), 'home', this.onNewGame, {class: 'new-game'}),
    ];
  }

  // Twice, for the finger that slips.
  #resign() {
    if (this.#confirming !== 'resign') {
      return [button(t('resign'), 'flag', () => this.#confirm('resign'), {class: 'resign'})];
    }
    return [
      h(
        'span',
        {class: 'confirm'},
        t('resign_sure'),
        button(
          t('yes'),
          'check',
          () => {
            this.#confirm(null);
            client.inGame('resign');
          },
          {class: 'danger resign-yes'},
        ),
        button(t('no'), 'cross', () => this.#confirm(null)),
      ),
    ];
  }

  #confirm(what) {
    clearTimeout(this.#timer);
    this.#confirming = what;
    if (what !== null) this.#timer = setTimeout(() => this.#confirm(null), CONFIRM_FOR);
    this.show(this.game);
  }

  // What the other side wants, and what may be claimed.
  #questions(claim) {
    const {game} = this;
    if (game.you === null) return [];
    const theirs = opponent(game.you);
    const questions = ['draw', 'takeback', 'rematch'].map((offer) => {
      if (game.offers[offer] === theirs) return this.#question(offer);
      return game.offers[offer] === game.you ? h('p', null, t(`offered_${offer}`)) : null;
    });
    if (claim) {
      questions.push(
        h(
          'p',
          {class: 'question'},
          t('opponent_gone'),
          button(t('claim_win'), 'flag', () => client.inGame('claim', false), {class: 'primary'}),
          button(t('claim_draw'), 'draw', () => client.inGame('claim', true)),
        ),
      );
    }
    return questions;
  }

  #question(offer) {
    return h(
      'p',
      {class: 'question'},
      t(`offers_${offer}`),
      button(t('accept'), 'check', () => client.inGame('offer', offer), {
        class: `primary accept-${offer}`,
      }),
      button(t('decline'), 'cross', () => client.inGame('decline', offer)),
    );
  }
}
