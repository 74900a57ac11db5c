// How the pieces move, each on a strip of the board, for those who see the game for the
// first time.

import {pieceSet, script, t} from '../i18n/i18n.js';
import {legalTargets} from '../rules/moves.js';
import {FILES, RANKS, SQUARES, fileOf, parseFen, rankOf, squareAt} from '../rules/position.js';
import {drawBoard, pointX, pointY} from './board_drawing.js';
import {openDialog} from './dialog.js';
import {h, s} from './dom.js';
import {drawGradients} from './gradients.js';
import {drawPiece} from './piece_drawing.js';

// The pieces that are spoken of, where they stand with others, and the lowest of the ranks
// that are shown.
const LESSONS = [
  {piece: 'R', fen: '4k4/9/9/9/9/9/9/1p2R2P1/9/3K5', low: 0},
  {piece: 'N', fen: '4k4/9/9/9/9/9/2p6/4N4/4P4/3K5', low: 0},
  {piece: 'C', fen: '4k4/9/9/9/9/9/9/r2P1C3/9/3K5', low: 0},
  {piece: 'B', fen: '3k5/9/9/9/9/9/5p3/4B4/9/4K4', low: 0},
  {piece: 'A', fen: '3k5/9/9/9/9/9/9/9/4A4/5K3', low: 0},
  {piece: 'K', fen: '4k4/9/9/9/4p4/9/9/9/4K4/9', low: 0},
  {piece: 'P', fen: '3k5/9/9/9/6P2/9/2P6/9/9/4K4', low: 3},
];
const RANKS_SHOWN = 5;

const x = (square) => pointX(fileOf(square));
const y = (square) => pointY(RANKS - 1 - rankOf(square));

function drawStrip({piece, fen, low}) {
  const position = parseFen(`${fen} w`);
  const squares = Array.from({length: SQUARES}, (_, square) => square).filter(
    (square) => rankOf(square) >= low && rankOf(square) < low + RANKS_SHOWN,
  );
  const pieces = squares
    .filter((square) => position.cells[square] !== '')
    .map((square) =>
      s(
        'g',
        {transform: `translate(${x(square)} ${y(square)})`},
        drawPiece(position.cells[square], pieceSet()),
      ),
    );
  const targets = squares
    .filter((square) => position.cells[square] === piece)
    .flatMap((square) => legalTargets(position, square));
  const hints = targets.map((square) =>
    s('circle', {
      class: position.cells[square] === '' ? 'dot' : 'ring-hint',
      cx: x(square),
      cy: y(square),
      r: position.cells[square] === '' ? 15 : 48,
    }),
  );
  // Below the river's text.
  const top = y(squareAt(0, low + RANKS_SHOWN - 1)) - 18;
  const height = (RANKS_SHOWN - 1) * 100 + 68;
  return s(
    'svg',
    {class: 'board strip', viewBox: `0 ${top} ${FILES * 100} ${height}`, 'aria-hidden': 'true'},
    drawGradients(),
    drawBoard({script: script()}),
    pieces,
    s('g', {class: 'hints'}, hints),
  );
}

export function openLessons() {
  openDialog(
    t('learn'),
    () =>
      h(
        'div',
        {class: 'lessons'},
        h('p', {class: 'goal'}, t('learn_goal')),
        LESSONS.map((lesson) =>
          h('section', null, drawStrip(lesson), h('p', null, t(`learn_${lesson.piece}`))),
        ),
      ),
    'wide',
  );
}
