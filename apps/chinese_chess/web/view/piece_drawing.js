// A piece: a turned disc with a ring and a character, or a symbol.
//
//   board.append(drawPiece('R', 'traditional'));   // Red's chariot, around (0, 0)

import {GLYPHS} from '../art/glyphs.js';
import {SYMBOLS} from '../art/symbols.js';
import {colorOf, typeOf} from '../rules/position.js';
import {pieceName} from '../rules/notation.js';
import {s} from './dom.js';

export const PIECE_SETS = ['traditional', 'simplified', 'western'];

function drawSign(piece, set) {
  if (set === 'western') {
    return s('path', {
      class: 'sign',
      d: SYMBOLS[typeOf(piece)],
      transform: 'scale(.66)',
      'fill-rule': 'evenodd',
    });
  }
  return s('path', {class: 'sign', d: GLYPHS[pieceName(piece, set)], transform: 'scale(.6)'});
}

export function drawPiece(piece, set) {
  return s(
    'g',
    {class: `piece ${colorOf(piece)}`},
    s('circle', {class: 'shadow', cy: 4, r: 43.5}),
    s('circle', {class: 'rim', fill: 'url(#rim)', r: 43.5}),
    s('circle', {class: 'face', fill: 'url(#face)', cy: -1, r: 40}),
    s('circle', {class: 'ring', cy: -1, r: 35}),
    s('g', {transform: 'translate(0 -1)'}, drawSign(piece, set)),
  );
}
