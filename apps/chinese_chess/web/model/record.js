// Game records as text; the form is that of the rules library's pgn.h.
//
//   formatPgn(game, 'chinese');

import {START_FEN, formatFen} from '../rules/position.js';
import {formatMove} from '../rules/notation.js';

const FORMATS = {chinese: 'Chinese', wxf: 'WXF', iccs: 'ICCS'};
const COLUMN = 76;

const tag = (name, value) =>
  `[${name} "${String(value)
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\\"]/g, '\\$&')}"]`;

function header(game, notation) {
  const tags = [
    ['Game', 'Chinese Chess'],
    ['Red', game.players.red.name],
    ['Black', game.players.black.name],
  ];
  if (game.date) tags.splice(1, 0, ['Date', game.date]);
  tags.push(['Result', game.result]);
  if (game.control) tags.push(['TimeControl', game.control]);
  if (game.over) tags.push(['Termination', game.reason]);
  tags.push(['Rules', 'axf-lite-1'], ['Format', FORMATS[notation]]);
  const start = formatFen(game.positions[0]);
  if (!START_FEN.startsWith(start)) tags.push(['FEN', `${start} - - 0 1`]);
  return tags.map(([name, value]) => tag(name, value)).join('\n');
}

export function formatPgn(game, notation) {
  const redBegins = game.positions[0].turn === 'red' ? 0 : 1;
  const words = game.moves.flatMap((move, i) => {
    const place = i + redBegins;
    const number = `${Math.floor(place / 2) + 1}.`;
    const text = formatMove(game.positions[i], move, notation);
    if (place % 2 === 0) return [number, text];
    return i === 0 ? [number, '...', text] : [text];
  });
  const lines = [''];
  for (const word of [...words, game.result]) {
    if (lines.at(-1).length + word.length > COLUMN) lines.push('');
    lines[lines.length - 1] += (lines.at(-1) === '' ? '' : ' ') + word;
  }
  return `${header(game, notation)}\n\n${lines.join('\n')}\n`;
}
