// The words that client and server speak: one JSON object in each text frame.
//
// Everything that this client says is made here, and everything it hears is looked at
// here first: what is not of the form that it should have is dropped, so that no other
// file has to doubt what it is given.
//
//   socket.send(encode(say.move('k3v9', 4, 'h2e2'), '17'));
//   const message = decode(event.data);   // null: not for us

export const PATH = '/ws';

// What is undefined is not sent: the server refuses keys that it does not know.
export const say = {
  hello: (token, name) => ({t: 'hello', token: token || undefined, name: name || undefined}),
  ping: (n) => ({t: 'ping', n}),
  lobby: (on) => ({t: 'lobby', on}),
  pool: (control) => ({t: 'pool', control}),
  seek: ({control, casual, color}) => ({t: 'seek', control, casual, color: color || undefined}),
  accept: (seek) => ({t: 'accept', seek}),
  room: ({control, casual, color}) => ({t: 'room', control, casual, color: color || undefined}),
  enter: (code) => ({t: 'enter', code}),
  bot: ({level, control, color}) => ({t: 'bot', level, control, color: color || undefined}),
  cancel: () => ({t: 'cancel'}),
  games: () => ({t: 'games'}),
  history: (mine) => ({t: 'history', mine}),
  record: (game) => ({t: 'record', game}),
  join: (game, v, mute) => ({t: 'join', game, v, mute: mute || undefined}),
  leave: (game) => ({t: 'leave', game}),
  move: (game, ply, move, after) => ({t: 'move', game, ply, move, after}),
  offer: (game, offer) => ({t: 'offer', game, offer}),
  decline: (game, offer) => ({t: 'decline', game, offer}),
  resign: (game) => ({t: 'resign', game}),
  abort: (game) => ({t: 'abort', game}),
  claim: (game, draw) => ({t: 'claim', game, draw}),
  chat: (game, text) => ({t: 'chat', game, text}),
};

export const encode = (message, id) =>
  JSON.stringify(id === undefined ? message : {...message, id});

// --- What is heard -------------------------------------------------------------------------

const MOST_TEXT = 4096;

const text = (value) => typeof value === 'string' && value.length <= MOST_TEXT;
const number = (value) => Number.isFinite(value);
const count = (value) => Number.isSafeInteger(value) && value >= 0;
const flag = (value) => typeof value === 'boolean';
const color = (value) => value === 'red' || value === 'black';
const move = (value) => typeof value === 'string' && /^[a-i][0-9][a-i][0-9]$/.test(value);
const offer = (value) => value === 'draw' || value === 'takeback' || value === 'rematch';
const result = (value) => ['*', '1-0', '0-1', '1/2-1/2'].includes(value);
const maybe = (check) => (value) => value === undefined || check(value);
const listOf = (check) => (value) => Array.isArray(value) && value.every(check);
const shape = (fields) => (value) =>
  value !== null &&
  typeof value === 'object' &&
  Object.entries(fields).every(([name, check]) => check(value[name]));

const person = {id: text, name: text};
const side = shape({...person, online: flag, left_ms: number, grace_ms: maybe(number)});
const times = {at_ms: maybe(count), charged_ms: maybe(count)};
const timedMove = shape({move, ...times});
const event = {game: text, v: count};
const clocks = {red_ms: number, black_ms: number};
const clocksOfNow = {
  red_ms: maybe(number),
  black_ms: maybe(number),
  move_ms: maybe(number),
  clock: maybe(flag),
};

const SHAPES = {
  welcome: shape({player: text, name: text, token: text, games: listOf(text)}),
  error: shape({re: maybe(text), code: text, text}),
  ok: shape({re: maybe(text), game: maybe(text), ...clocksOfNow}),
  pong: shape({n: maybe(number)}),
  waiting: shape({re: text, code: maybe(text), seek: maybe(text)}),
  paired: shape({game: text, you: maybe(color)}),
  lobby: shape({
    connections: count,
    games: count,
    pools: listOf(shape({control: text, waiting: count})),
    seeks: listOf(
      shape({seek: text, player: shape(person), control: text, casual: flag, color: maybe(color)}),
    ),
  }),
  games: shape({
    games: listOf(
      shape({
        game: text,
        red: shape(person),
        black: shape(person),
        control: text,
        plies: count,
        viewers: count,
      }),
    ),
  }),
  history: shape({
    games: listOf(
      shape({
        game: text,
        red: text,
        black: text,
        control: text,
        result,
        reason: text,
        plies: count,
        finished_ms: number,
      }),
    ),
  }),
  record: shape({
    game: text,
    record: shape({
      moves: listOf(timedMove),
      result,
      reason: text,
      start: maybe(text),
      tags: maybe((tags) => tags !== null && typeof tags === 'object'),
    }),
  }),
  game: shape({
    ...event,
    you: maybe(color),
    control: text,
    casual: flag,
    red: side,
    black: side,
    turn: color,
    clock: flag,
    moves: listOf(timedMove),
    draw: maybe(color),
    takeback: maybe(color),
    rematch: maybe(color),
    warning: maybe(text),
    offender: maybe(color),
    result,
    reason: text,
    next: maybe(text),
    move_ms: maybe(number),
    chat: maybe(listOf(shape({by: maybe(color), name: text, text}))),
    viewers: count,
    delay_ms: maybe(count),
  }),
  move: shape({
    ...event,
    ...clocks,
    ...times,
    by: color,
    ply: count,
    move,
    warning: maybe(text),
    offender: maybe(color),
  }),
  offer: shape({...event, by: color, offer}),
  decline: shape({...event, by: color, offer}),
  takeback: shape({...event, ...clocks, ply: count}),
  presence: shape({...event, by: color, online: flag, grace_ms: maybe(number), ...clocksOfNow}),
  chat: shape({...event, by: maybe(color), name: text, text}),
  end: shape({...event, ...clocks, result, reason: text}),
  rematch: shape({...event, next: text}),
  skip: shape(event),
  viewers: shape({game: text, viewers: count, names: listOf(text)}),
};

// null for what is no message, and for one that is not what its name says.
export function decode(data) {
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof message?.t !== 'string' || !Object.hasOwn(SHAPES, message.t)) return null;
  return SHAPES[message.t](message) ? message : null;
}
