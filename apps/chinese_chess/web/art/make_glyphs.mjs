// Makes glyphs.js: the characters on the board and the pieces, as outlines, so that they
// look the same where no Chinese font is installed. README.md says how to run it.
//
//   node make_glyphs.mjs FONT_FILES_DIR > glyphs.js

import fs from 'node:fs';
import path from 'node:path';
import * as fontkit from 'fontkit';

const CHARACTERS = '帥仕相俥傌炮兵將士象車馬砲卒帅将马车楚河漢汉界一二三四五六七八九';

// In hundredths of the em, around the middle of what is drawn.
function outline(glyph, unitsPerEm) {
  const {minX, maxX, minY, maxY} = glyph.bbox;
  const scale = 100 / unitsPerEm;
  const x = (value) => Number(((value - (minX + maxX) / 2) * scale).toFixed(1));
  const y = (value) => Number((((minY + maxY) / 2 - value) * scale).toFixed(1));
  const letters = {
    moveTo: 'M',
    lineTo: 'L',
    quadraticCurveTo: 'Q',
    bezierCurveTo: 'C',
    closePath: 'Z',
  };
  return glyph.path.commands
    .map(
      ({command, args}) =>
        letters[command] + args.map((value, i) => (i % 2 === 0 ? x(value) : y(value))).join(' '),
    )
    .join('');
}

const directory = process.argv[2];
const fonts = fs
  .readdirSync(directory)
  .filter((name) => name.endsWith('-700-normal.woff2'))
  .map((name) => fontkit.openSync(path.join(directory, name)));
console.log(`// Made by make_glyphs.mjs from LXGW WenKai TC Bold; see OFL.txt. Around (0, 0), 100 to the em.
export const GLYPHS = {`);
for (const character of new Set(CHARACTERS)) {
  const font = fonts.find((candidate) => candidate.hasGlyphForCodePoint(character.codePointAt(0)));
  const glyph = font.glyphForCodePoint(character.codePointAt(0));
  console.log(`  '${character}': '${outline(glyph, font.unitsPerEm)}',`);
}
console.log('};');
