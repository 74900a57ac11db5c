// How a game stands, in a line.
//
//   statusText(game);       // 'Your turn'
//   resultText(game);       // 'Red wins: checkmate'

import {t} from '../i18n/i18n.js';

// The position is here for the second time. Who would lose by a third has to know, also
// while they are in check or give it: that is when it matters.
function warningText({warning: {reason, offender}, you}) {
  if (offender === null) return t('warning_repetition');
  const who = you === null ? offender : you === offender ? 'you' : 'they';
  return t(`warning_${reason}_${who}`);
}

export function statusText(game) {
  if (!game.known) return t('loading');
  if (game.over) return resultText(game);
  if (game.warning !== null) return warningText(game);
  if (game.moves.at(-1)?.check) return t(game.yourTurn ? 'you_are_in_check' : `check_${game.turn}`);
  if (game.you === null) return t(`turn_${game.turn}`);
  if (game.ply < 2 && game.yourTurn) return t('first_move_soon');
  return t(game.yourTurn ? 'your_turn' : 'their_turn');
}

export function resultText(game) {
  const reason = t(`reason_${game.reason}`);
  if (game.reason === 'aborted') return reason;
  const who = game.result === '1/2-1/2' ? t('drawn') : t(`wins_${game.winner}`);
  return t('result_by', {who, reason});
}
