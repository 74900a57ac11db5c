// Game records as text; the forms are those of the rules library's pgn.h and
// record_json.h, with the times of all moves.
//
//   formatPgn(game, 'chinese');
//   formatJson(game);

import {START_FEN, formatFen, moveName} from '../rules/position.js';
import {formatMove} from '../rules/notation.js';

const FORMATS = {chinese: 'Chinese', wxf: 'WXF', iccs: 'ICCS'};
const RULES = 'axf-lite-1';

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
  tags.push(['Rules', RULES], ['Format', FORMATS[notation]]);
  const start = formatFen(game.positions[0]);
  if (!START_FEN.startsWith(start)) tags.push(['FEN', `${start} - - 0 1`]);
  return tags.map(([name, value]) => tag(name, value)).join('\n');
}

// "[%at 9.500]": seconds; '' for a time that is not known.
const timeText = (name, ms) =>
  ms === null ? '' : `[%${name} ${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}]`;

// When it was made, and what it was charged.
const commentOf = ({at, charged}) =>
  [timeText('at', at), timeText('emt', charged)].filter((text) => text !== '').join(' ');

// Two moves a line; one whose moves have comments.
function moveLines(game, notation) {
  const redBegins = game.positions[0].turn === 'red' ? 0 : 1;
  const lines = [];
  let begins = true;
  game.moves.forEach((move, i) => {
    const place = i + redBegins;
    const isRed = place % 2 === 0;
    if (begins)
      lines.push(`${String(Math.floor(place / 2) + 1).padStart(3)}.${isRed ? '' : ' ...'}`);
    const comment = commentOf(move);
    const text = formatMove(game.positions[i], move, notation);
    lines[lines.length - 1] += ` ${text}${comment === '' ? '' : ` {${comment}}`}`;
    begins = !isRed || comment !== '';
  });
  return lines;
}

export function formatPgn(game, notation) {
  const lines = [...moveLines(game, notation), `  ${game.result}`];
  return `${header(game, notation)}\n${lines.join('\n')}\n`;
}

const recordOf = (game) => ({
  format: 'chinese-chess-game-1',
  tags: {
    Rules: RULES,
    Red: game.players.red.name,
    Black: game.players.black.name,
    TimeControl: game.control,
  },
  start: START_FEN,
  moves: game.moves.map(({at, charged, ...move}) => ({
    move: moveName(move),
    at_ms: at ?? undefined,
    charged_ms: charged ?? undefined,
  })),
  result: game.result,
  reason: game.reason,
});

// What the archive has of the game; of one that is not from there, the same.
export const formatJson = (game) => `${JSON.stringify(game.record ?? recordOf(game))}\n`;
