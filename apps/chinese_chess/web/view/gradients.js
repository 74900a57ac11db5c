// What makes wood and lacquer of flat shapes. Every board brings its own; their colours are
// in theme.css.

import {s} from './dom.js';

export function drawGradients() {
  const stops = (name, count) =>
    Array.from({length: count}, (_, i) =>
      s('stop', {class: `${name}-${i}`, offset: i / (count - 1)}),
    );
  return s(
    'defs',
    null,
    s('linearGradient', {id: 'wood', x1: 0, y1: 0, x2: 1, y2: 1}, stops('wood', 3)),
    s('radialGradient', {id: 'face', cx: 0.38, cy: 0.3, r: 0.8}, stops('face', 2)),
    s('linearGradient', {id: 'rim', x1: 0, y1: 0, x2: 0, y2: 1}, stops('rim', 2)),
    s('radialGradient', {id: 'check-glow'}, stops('glow', 3)),
  );
}
