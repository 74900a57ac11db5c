// Moves and positions in words, for those who do not see the board.

import {notation, script, t} from '../i18n/i18n.js';
import {formatMove, pieceName} from '../rules/notation.js';
import {colorOf, squareName, typeOf} from '../rules/position.js';

const nameOf = (piece) => {
  const word = t(`piece_${typeOf(piece)}`);
  return word || pieceName(piece, script());
};

// "Red: C2=5, cannon h2 to e2, captures soldier, check"
export function spokenMove(position, move) {
  const piece = position.cells[move.from];
  const words = [
    `${t(colorOf(piece))}: ${formatMove(position, move, notation(), script())}`,
    t('speak_move', {piece: nameOf(piece), from: squareName(move.from), to: squareName(move.to)}),
  ];
  if (move.capture) words.push(t('speak_takes', {piece: nameOf(position.cells[move.to])}));
  if (move.check) words.push(t('speak_check'));
  return words.join(', ');
}

export function describePosition({cells, turn}) {
  const side = (color) =>
    cells
      .flatMap((piece, square) =>
        colorOf(piece) === color ? [`${nameOf(piece)} ${squareName(square)}`] : [],
      )
      .join(', ');
  return `${t('board')}. ${t(`turn_${turn}`)}. ${t('red')}: ${side('red')}. ${t('black')}: ${side('black')}.`;
}
