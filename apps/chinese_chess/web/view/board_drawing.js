// The board without its pieces: 900 by 1060, points 100 apart.

import {GLYPHS} from '../art/glyphs.js';
import {FILES, RANKS} from '../rules/position.js';
import {s} from './dom.js';

export const WIDTH = 900;
export const HEIGHT = 1060;
const BAND = 30; // For coordinates, above and below.

export const pointX = (column) => 50 + 100 * column;
export const pointY = (row) => BAND + 50 + 100 * row;

const line = (x1, y1, x2, y2) => `M${pointX(x1)} ${pointY(y1)}L${pointX(x2)} ${pointY(y2)}`;

function gridPath() {
  let path = '';
  for (let row = 0; row < RANKS; ++row) path += line(0, row, FILES - 1, row);
  for (let column = 0; column < FILES; ++column) {
    const edge = column === 0 || column === FILES - 1;
    path += edge
      ? line(column, 0, column, 9)
      : line(column, 0, column, 4) + line(column, 5, column, 9);
  }
  for (const row of [0, 7]) path += line(3, row, 5, row + 2) + line(5, row, 3, row + 2);
  return path;
}

// Four corners around a point, two at the edge.
function cornerMarks(column, row) {
  let path = '';
  for (const [dx, dy] of [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ]) {
    if (column + dx < 0 || column + dx >= FILES) continue;
    const [x, y] = [pointX(column) + 9 * dx, pointY(row) + 9 * dy];
    path += `M${x + 20 * dx} ${y}H${x}V${y + 20 * dy}`;
  }
  return path;
}

function marksPath() {
  let path = '';
  for (const row of [2, 7]) path += cornerMarks(1, row) + cornerMarks(7, row);
  for (const row of [3, 6]) {
    for (let column = 0; column < FILES; column += 2) path += cornerMarks(column, row);
  }
  return path;
}

function drawRiver(script) {
  const text = script === 'simplified' ? '楚河汉界' : '楚河漢界';
  return s(
    'g',
    {class: 'river'},
    [...text].map((character, i) =>
      s('path', {
        d: GLYPHS[character],
        transform: `translate(${[190, 310, 590, 710][i]} ${pointY(4.5)}) scale(.62)`,
      }),
    ),
  );
}

// A long grain, faint: wood, not a photograph of it.
function grainPath() {
  let path = '';
  for (let i = 0; i < 23; ++i) {
    const y = 14 + i * 46 + ((i * 37) % 23);
    const bend = ((i * 53) % 29) - 14;
    path += `M0 ${y}C240 ${y + bend} 420 ${y - bend} 900 ${y + bend / 2}`;
  }
  return path;
}

// Numbers are outlines for the same reason as pieces are.
function drawLabel(text, x, y) {
  const glyph = GLYPHS[text];
  if (glyph) return s('path', {d: glyph, transform: `translate(${x} ${y}) scale(.23)`});
  return s('text', {x, y: y + 8, 'text-anchor': 'middle'}, text);
}

// `labels`: {top, bottom}, nine texts each from left to right; null for none.
function drawCoordinates(labels) {
  const row = (texts, y) => texts.map((text, column) => drawLabel(text, pointX(column), y));
  return s('g', {class: 'coordinates'}, row(labels.top, 17), row(labels.bottom, HEIGHT - 17));
}

export function drawBoard({script = 'traditional', labels = null} = {}) {
  return s(
    'g',
    {class: 'board-drawing'},
    s('rect', {class: 'wood', fill: 'url(#wood)', width: WIDTH, height: HEIGHT, rx: 14}),
    s('path', {class: 'grain', d: grainPath()}),
    s('rect', {class: 'frame', x: 41, y: pointY(0) - 9, width: 818, height: 918}),
    s('path', {class: 'grid', d: gridPath()}),
    s('path', {class: 'marks', d: marksPath()}),
    drawRiver(script),
    labels ? drawCoordinates(labels) : null,
  );
}
