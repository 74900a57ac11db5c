// How it ended, over the board.

import {t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {opponent} from '../rules/position.js';
import {button, h, iconButton} from './dom.js';

function headline(game) {
  if (game.reason === 'aborted') return t('aborted_title');
  if (game.winner === null) return t('drawn');
  if (game.you === null) return t(`wins_${game.winner}`);
  return t(game.winner === game.you ? 'you_won' : 'you_lost');
}

const outcomeClass = (game) => {
  if (game.winner === null || game.you === null) return '';
  return game.winner === game.you ? 'won' : 'lost';
};

export function resultCard(game, {onClose, onHome}) {
  const asked = game.offers.rematch;
  const rematch = game.you !== null && game.next === null;
  const wanted = rematch && asked === opponent(game.you);
  return h(
    'div',
    {class: `card result-card ${outcomeClass(game)}`, role: 'dialog', 'aria-label': headline(game)},
    iconButton(t('close'), 'cross', onClose, {class: 'close'}),
    h('h2', null, headline(game)),
    h(
      'p',
      {class: 'score'},
      game.result === '*' ? '' : game.result.replaceAll('1/2', '½').replace('-', ' – '),
    ),
    h('p', null, t(`reason_${game.reason}`)),
    h(
      'div',
      {class: 'buttons'},
      rematch &&
        button(
          t(wanted ? 'accept_rematch' : 'rematch'),
          'again',
          () => client.inGame('offer', 'rematch'),
          {class: 'primary', disabled: asked === game.you},
        ),
      button(t('new_game'), 'home', onHome),
    ),
    asked !== null && asked === game.you ? h('p', {class: 'waits'}, t('offered_rematch')) : null,
  );
}
