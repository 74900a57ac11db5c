// Moves as people write them: ICCS (h2e2), WXF (C2=5) and Chinese (炮二平五).
//
// The forms are those of the rules library; its headers wxf.h and chinese_notation.h say
// what they are. Reading takes any of the three, in any script and kind of digits.
//
//   formatMove(position, move, 'wxf');                    // 'C2=5'
//   formatMove(position, move, 'chinese', 'traditional'); // '炮二平五'
//   readMove(position, '马二进三');                        // {from, to} or null

import {
  FILES,
  RANKS,
  SQUARES,
  colorOf,
  fileOf,
  moveName,
  parseMove,
  rankOf,
  typeOf,
} from './position.js';
import {isLegal, legalMoves} from './moves.js';

export const NOTATIONS = ['wxf', 'chinese', 'iccs'];

const LETTERS = 'KABNRCP';
const NAMES = {
  simplified: {red: '帅仕相马车炮兵', black: '将士象马车炮卒'},
  traditional: {red: '帥仕相傌俥炮兵', black: '將士象馬車砲卒'},
};
const DIGITS = {red: '一二三四五六七八九', black: '１２３４５６７８９'};

export function pieceName(piece, script = 'simplified') {
  return NAMES[script][colorOf(piece)][LETTERS.indexOf(typeOf(piece))];
}

// 1-9 from the mover's right.
const ownFile = (square, color) => (color === 'red' ? FILES - fileOf(square) : fileOf(square) + 1);
// Ranks before it, from the opponent's back rank.
const depth = (square, color) => (color === 'red' ? RANKS - 1 - rankOf(square) : rankOf(square));

// How many of its kind stand on each file, and which of them it is.
function describeTandem(cells, from, color, file) {
  const places = Array.from({length: FILES + 1}, () => []);
  for (let square = 0; square < SQUARES; ++square) {
    if (cells[square] !== cells[from]) continue;
    places[ownFile(square, color)].push(depth(square, color));
  }
  const tandems = places.map((depths, i) => [depths.length, i]).filter(([n]) => n > 1);
  const own = depth(from, color);
  const fromFront = places[file].filter((other) => other < own).length;
  const earlier = tandems.filter(([, i]) => i < file);
  return {
    onFile: places[file].length,
    fromFront,
    files: tandems.length,
    count: tandems.reduce((sum, [n]) => sum + n, 0),
    place: earlier.reduce((sum, [n]) => sum + n, 0) + fromFront,
  };
}

function describe({cells}, {from, to}) {
  const color = colorOf(cells[from]);
  const type = typeOf(cells[from]);
  const file = ownFile(from, color);
  const steps = depth(from, color) - depth(to, color);
  const newFile = ownFile(to, color);
  const tandem = describeTandem(cells, from, color, file);
  return {
    color,
    type,
    file,
    tandem,
    byFile: tandem.onFile === 1 || type === 'A' || type === 'B',
    direction: Math.sign(steps),
    number: newFile === file ? Math.abs(steps) : newFile,
  };
}

function wxfMark(file, fromFront, count) {
  if (fromFront === 0) return '+';
  return fromFront === count - 1 ? '-' : String(file);
}

function wxfSoldier({file, tandem}) {
  const {fromFront, onFile} = tandem;
  const mark = wxfMark(file, fromFront, onFile);
  if (tandem.files > 1) return file + mark;
  if (onFile < 4) return 'P' + mark;
  if (fromFront === 0 || fromFront === onFile - 1) return mark + mark;
  return 'P' + wxfMark(file, fromFront - 1, onFile - 2);
}

function wxfHead(move) {
  const letter = {B: 'E', N: 'H'}[move.type] ?? move.type;
  if (move.byFile) return letter + move.file;
  if (move.type === 'P') return wxfSoldier(move);
  return letter + wxfMark(move.file, move.tandem.fromFront, move.tandem.onFile);
}

const formatWxf = (move) => wxfHead(move) + '-=+'[move.direction + 1] + move.number;

function chineseTandem({tandem, color}, traditional) {
  if (tandem.count > 3) return DIGITS[color][tandem.place];
  if (tandem.place === 0) return '前';
  if (tandem.place === tandem.count - 1) return traditional ? '後' : '后';
  return '中';
}

function formatChinese(move, script) {
  const traditional = script === 'traditional';
  const name = NAMES[script][move.color][LETTERS.indexOf(move.type)];
  const digit = (number) => DIGITS[move.color][number - 1];
  const head = move.byFile ? name + digit(move.file) : chineseTandem(move, traditional) + name;
  const direction = ['退', '平', traditional ? '進' : '进'][move.direction + 1];
  return head + direction + digit(move.number);
}

export function formatMove(position, move, notation, script = 'simplified') {
  if (notation === 'iccs') return moveName(move);
  const description = describe(position, move);
  return notation === 'wxf' ? formatWxf(description) : formatChinese(description, script);
}

// What differs between the ways to write the same, made one.
const FOLDED = [
  [/[帥將将]/g, '帅'],
  [/[士]/g, '仕'],
  [/[象]/g, '相'],
  [/[傌馬]/g, '马'],
  [/[俥車]/g, '车'],
  [/[砲包]/g, '炮'],
  [/[卒]/g, '兵'],
  [/[後]/g, '后'],
  [/[進]/g, '进'],
];

function fold(text) {
  let folded = text.trim().toUpperCase().replace(/\s+/g, '').replace(/\./g, '=');
  for (const [pattern, character] of FOLDED) folded = folded.replace(pattern, character);
  folded = folded.replace(
    /[一二三四五六七八九１２３４５６７８９]/g,
    (digit) => DIGITS.red.indexOf(digit) + 1 || DIGITS.black.indexOf(digit) + 1,
  );
  return folded.replace(/^B(?=[0-9+-])/, 'E').replace(/^N(?=[0-9+-])/, 'H');
}

// The legal move that `text` means; null if it is none, or could be several.
export function readMove(position, text) {
  const iccs = parseMove(text.trim());
  if (iccs !== null) return isLegal(position, iccs) ? iccs : null;
  const wanted = fold(text);
  const found = legalMoves(position).filter(
    (move) =>
      fold(formatMove(position, move, 'wxf')) === wanted ||
      fold(formatMove(position, move, 'chinese')) === wanted,
  );
  return found.length === 1 ? found[0] : null;
}
