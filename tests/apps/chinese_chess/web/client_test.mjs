// The client's conversation, without a browser: the test is the server, and time.
//
//   node client_test.mjs XQ WEB_DIR

import assert from 'node:assert/strict';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const web = path.resolve(process.argv[3]);
// Once for each `version`.
const load = (file, version = 0) =>
  import(`${pathToFileURL(path.join(web, file))}${version > 0 ? `?${version}` : ''}`);

// --- A browser -----------------------------------------------------------------------------

// Timers that run when the test says.
const time = {
  now: 0,
  timers: new Map(),
  last: 0,
  add(run, delay, every = null) {
    this.timers.set(++this.last, {run, at: this.now + (delay ?? 0), every});
    return this.last;
  },
  async pass(ms) {
    for (const end = this.now + ms; ;) {
      const [id, next] =
        [...this.timers].filter(([, {at}]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0] ??
        [];
      this.now = next === undefined ? end : next.at;
      if (next === undefined) return settle();
      if (next.every === null) this.timers.delete(id);
      else next.at += next.every;
      next.run();
      await settle();
    }
  },
};
// What promises do comes first.
const settle = () => new Promise((resolve) => setImmediate(resolve));

class FakeSocket {
  static OPEN = 1;
  static last = null;
  readyState = 0;
  sent = [];

  constructor() {
    FakeSocket.last = this;
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
}

globalThis.setTimeout = (run, delay) => time.add(run, delay);
globalThis.setInterval = (run, delay) => time.add(run, delay, delay);
globalThis.clearTimeout = (id) => time.timers.delete(id);
globalThis.clearInterval = globalThis.clearTimeout;
performance.now = () => time.now;
const onWindow = {};
globalThis.addEventListener = (name, listener) => {
  onWindow[name] = listener;
};
let look = null; // The page is shown again.
globalThis.document = {
  addEventListener(_, listener) {
    look = listener;
  },
  visibilityState: 'visible',
};
globalThis.WebSocket = FakeSocket;

const {say} = await load('net/protocol.js');
let clients = 0;

// A client of its own for each test, and what it tells the views.
async function start() {
  const {client} = await load('model/client.js', ++clients);
  const told = [];
  for (const name of ['paired', 'refused', 'recoded', 'game'])
    client.on(name, (what) => told.push([name, what?.code ?? what]));
  client.start('ws://test/ws');
  return {client, told};
}

// --- The server ----------------------------------------------------------------------------

async function hear(message) {
  FakeSocket.last.onmessage({data: JSON.stringify(message)});
  await settle();
}

async function connect(games = []) {
  const socket = FakeSocket.last;
  socket.readyState = FakeSocket.OPEN;
  socket.onopen();
  await hear({t: 'welcome', player: 'p', name: 'Zhang', token: 'x', games});
}

// Time passes, and the connection stays.
async function live(seconds) {
  for (let i = 0; i < seconds; ++i) {
    await time.pass(1000);
    await hear({t: 'pong', n: 0});
  }
}

// The connection is lost; the next one is being made.
async function lose() {
  const lost = FakeSocket.last;
  lost.onclose();
  await time.pass(10000);
  assert.notEqual(FakeSocket.last, lost);
}

// The last message of that type.
const said = (type) => FakeSocket.last.sent.findLast(({t}) => t === type);
const saidTimes = (type) => FakeSocket.last.sent.filter(({t}) => t === type).length;
const refuse = (message, code) => hear({t: 'error', re: message.t, id: message.id, code, text: ''});

const side = (name) => ({id: name, name, online: true, left_ms: 600000});
const GAME = {
  t: 'game',
  game: 'g',
  v: 5,
  you: 'red',
  control: '10+5',
  casual: false,
  red: side('Zhang'),
  black: side('Li'),
  turn: 'red',
  clock: true,
  moves: [],
  result: '*',
  reason: 'none',
  viewers: 0,
};

// As the lobby lists them.
async function list(client, ids) {
  const person = {id: 'q', name: 'Wang'};
  const info = {red: person, black: person, control: '5+3', plies: 0, viewers: 0};
  const games = ids.map((game) => ({game, ...info}));
  client.refreshGames();
  await hear({t: 'games', id: said('games').id, games});
}

const ROOM = say.room({control: '5+3', casual: false, color: null});

const tests = {
  async whoComesBackReadsTheClockOfNow() {
    const {client, told} = await start();
    await connect();
    client.enter('g');
    await hear({...GAME, id: said('join').id});
    await time.pass(100);
    await lose();
    await connect(['g']);
    assert.equal(said('join').v, 5);
    const clocks = {red_ms: 550000, black_ms: 600000, turn_ms: 50000, clock: true};
    await hear({t: 'ok', re: 'join', id: said('join').id, game: 'g', ...clocks});
    assert.equal(client.game.clock.read('red', time.now).main, 550000);
    assert.deepEqual(told.at(-1), ['game', 'clocks']);
    // That of a game which is not looked at is nobody's.
    await hear({t: 'ok', re: 'join', game: 'h', ...clocks, red_ms: 1});
    await hear({t: 'ok', re: 'move', game: 'g', ply: 0});
    assert.equal(client.game.clock.read('red', time.now).main, 550000);
  },

  // The link has been sent: it must not change.
  async aRoomKeepsItsCode() {
    const {client} = await start();
    await connect();
    client.waitFor(ROOM);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    assert.equal(client.waiting.code, 'k3v9qh');
    await lose();
    assert.equal(client.waiting.code, 'k3v9qh');
    await connect();
    assert.equal(client.waiting.code, 'k3v9qh');
    const {id, ...room} = said('room');
    assert.deepEqual(room, JSON.parse(JSON.stringify(ROOM)));
    await hear({t: 'waiting', re: 'room', id, code: 'k3v9qh'});
    assert.equal(client.waiting.code, 'k3v9qh');
  },

  async aFriendWhoIsAwayIsWaitedFor() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.enter('k3v9qh'));
    await hear({t: 'waiting', re: 'enter', id: said('enter').id});
    assert.equal(client.waiting.what, 'enter');
    await hear({t: 'paired', game: 'g', you: 'black'});
    assert.equal(client.waiting, null);
    assert.deepEqual(told, [['paired', 'g']]);
  },

  async aRoomThatIsGoneIsNotWaitedFor() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.enter('k3v9qh'));
    await hear({t: 'waiting', re: 'enter', id: said('enter').id});
    await lose();
    await connect();
    await refuse(said('enter'), 'no_room');
    assert.equal(client.waiting, null);
    assert.deepEqual(told, [['refused', 'no_room']]);
  },

  // Who opened it has not come back.
  async whoWaitsForAFriendInARoomThatClosesIsTold() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.enter('k3v9qh'));
    await hear({t: 'waiting', re: 'enter', id: said('enter').id});
    let shown = null;
    client.on('waiting', () => (shown = client.waiting));
    await hear({t: 'error', re: 'enter', code: 'no_room', text: ''});
    assert.equal(client.waiting, null);
    assert.equal(shown, null);
    assert.deepEqual(told, [['refused', 'no_room']]);
    await lose();
    await connect();
    assert.equal(said('enter'), undefined);
  },

  // The owner came back, and the guest has begun too many games meanwhile.
  async aGuestWhomTheServerDropsIsTold() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.enter('k3v9qh'));
    await hear({t: 'waiting', re: 'enter', id: said('enter').id});
    // That of another question, and one to nothing in particular.
    await hear({t: 'error', re: 'accept', code: 'too_many_games', text: ''});
    await hear({t: 'error', code: 'bad_message', text: ''});
    assert.equal(client.waiting.what, 'enter');
    await hear({t: 'error', re: 'enter', code: 'too_many_games', text: ''});
    assert.equal(client.waiting, null);
    assert.deepEqual(told.at(-1), ['refused', 'too_many_games']);
    let shown = 0;
    client.on('waiting', () => ++shown);
    await hear({t: 'error', code: 'bad_message', text: ''});
    assert.equal(shown, 0, 'nobody waits');
  },

  // What is refused changes nothing: somebody might still come for what was before.
  async whatIsRefusedInsteadLeavesNothingWaitedForAtTheServer() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    assert.equal(said('cancel'), undefined);
    client.waitFor(say.enter('wrong'));
    await refuse(said('enter'), 'no_room');
    assert.equal(client.waiting, null);
    assert.equal(saidTimes('cancel'), 1);
    assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
    assert.deepEqual(told, [['refused', 'no_room']]);
  },

  async whatIsRefusedAsBusyInsteadEndsWhatWasBefore() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    client.waitFor(ROOM);
    for (let round = 1; round <= 2; ++round) {
      await refuse(said('room'), 'busy');
      assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
      assert.equal(saidTimes('cancel'), round);
      // The same mailbox is full; and the player has not said it.
      await hear({t: 'error', re: 'cancel', code: 'busy', text: ''});
      assert.equal(client.waiting.what, 'room');
      await live(1);
      assert.equal(FakeSocket.last.sent.at(-1).t, 'room', 'a cancel would end it');
    }
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    assert.equal(saidTimes('room'), 3);
    assert.equal(client.waiting.code, 'k3v9qh');
    assert.deepEqual(told, []);
  },

  async aServerTooBusyToCancelIsToldAgain() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.pool('5+3'));
    client.stopWaiting();
    const busy = {t: 'error', re: 'cancel', code: 'busy', text: ''};
    await hear(busy);
    await live(1);
    assert.equal(saidTimes('cancel'), 2);
    await hear(busy);
    client.waitFor(ROOM);
    await live(2);
    assert.equal(saidTimes('cancel'), 2, 'it would end what is waited for since');
    assert.deepEqual(told, []);
  },

  // The game was found before the server read on: that is where one plays.
  async whoIsPairedForTheEarlierWaitLeavesTheLaterOne() {
    for (const acceptedFirst of [false, true]) {
      const {client, told} = await start();
      await connect();
      client.waitFor(say.pool('5+3'));
      await hear({t: 'waiting', re: 'pool', id: said('pool').id});
      client.waitFor(say.pool('10+5'));
      const accepted = {t: 'waiting', re: 'pool', id: said('pool').id};
      if (acceptedFirst) await hear(accepted);
      await hear({t: 'paired', game: 'g', you: 'red'});
      assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
      if (!acceptedFirst) await hear(accepted);
      assert.deepEqual(told, [['paired', 'g']]);
      assert.equal(client.waiting, null);
      assert.equal(saidTimes('cancel'), 1);
    }
  },

  async aWaitThatWasRefusedAsBusyBeforeTheWelcomeIsSaidAgainWithIt() {
    const {client} = await start();
    FakeSocket.last.readyState = FakeSocket.OPEN;
    FakeSocket.last.onopen();
    client.waitFor(say.pool('5+3'));
    await refuse(said('pool'), 'busy');
    await live(2);
    assert.equal(saidTimes('pool'), 1);
    await hear({t: 'welcome', player: 'p', name: 'Zhang', token: 'x', games: []});
    assert.equal(saidTimes('pool'), 2);
  },

  async anOldGameIsNotTakenForOneThatHasBegunAtTheFirstWelcome() {
    const {client, told} = await start();
    client.waitFor(say.pool('5+3'));
    await connect(['old']);
    assert.equal(saidTimes('pool'), 1);
    assert.deepEqual(told, []);
  },

  // Its timers run once a minute then.
  async aHiddenPageKeepsItsConnection() {
    await start();
    await connect();
    const socket = FakeSocket.last;
    await hear({t: 'pong', n: 1});
    time.now += 60000;
    for (const timer of time.timers.values()) timer.at = Math.max(timer.at, time.now);
    await time.pass(1);
    assert.equal(FakeSocket.last, socket);
    assert.equal(socket.readyState, FakeSocket.OPEN);
    await time.pass(20000);
    assert.notEqual(FakeSocket.last, socket, 'no pong: it is dead');
  },

  // The clock may be running.
  async whoLooksAgainIsBackSoon() {
    await start();
    await connect();
    await hear({t: 'pong', n: 1});
    for (const answered of [true, false]) {
      const socket = FakeSocket.last;
      time.now += 3600000;
      for (const timer of time.timers.values()) timer.at += 3600000;
      look();
      if (answered) await hear({t: 'pong', n: said('ping').n});
      await time.pass(2500);
      assert.equal(FakeSocket.last === socket, answered);
    }
  },

  // A lobby that is too busy for the hello refuses what follows as well.
  async whatIsWaitedForBeforeTheWelcomeIsSaidWithIt() {
    const {client, told} = await start();
    const socket = FakeSocket.last;
    socket.readyState = FakeSocket.OPEN;
    socket.onopen();
    await refuse({t: 'hello'}, 'busy');
    client.waitFor(ROOM);
    await refuse(said('room'), 'hello_first');
    assert.equal(client.waiting.message, ROOM);
    assert.equal(said('cancel'), undefined);
    await time.pass(1000);
    assert.equal(saidTimes('hello'), 2);
    await hear({t: 'welcome', player: 'p', name: 'Zhang', token: 'x', games: []});
    assert.equal(saidTimes('room'), 2);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    assert.equal(client.waiting.code, 'k3v9qh');
    assert.deepEqual(told, []);
  },

  // As who opens a friend's link does.
  async whatIsWaitedForSinceTheWelcomeIsSaidOnce() {
    const {client, told} = await start();
    const stop = client.on('welcome', () => {
      stop();
      client.waitFor(say.enter('k3v9qh'));
    });
    await connect(['old']);
    assert.equal(saidTimes('enter'), 1);
    assert.equal(said('cancel'), undefined);
    assert.deepEqual(told, []);
    await hear({t: 'paired', game: 'g', you: 'red'});
    assert.deepEqual(told, [['paired', 'g']]);
  },

  // The answer to the first would have come with the game that could not begin.
  async anOldQuestionWithoutAnAnswerDoesNotEndWhatWasAcceptedSince() {
    const {client} = await start();
    await connect();
    client.waitFor(ROOM);
    await hear({t: 'error', re: 'paired', code: 'busy', text: ''});
    await live(1);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    await live(10);
    assert.equal(saidTimes('room'), 2);
    assert.equal(said('cancel'), undefined);
  },

  // It was an earlier wait's game that could not begin.
  async aServerTooBusyToHearOfAnAcceptedWaitAgainKeepsIt() {
    const {client} = await start();
    await connect();
    client.waitFor(ROOM);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    await hear({t: 'error', re: 'paired', code: 'busy', text: ''});
    await live(1);
    await refuse(said('room'), 'busy');
    assert.equal(said('cancel'), undefined);
    await live(1);
    await refuse(said('room'), 'too_many_games');
    assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
    assert.equal(client.waiting, null);
  },

  async aRematchEndsWhatIsWaitedFor() {
    const {client} = await start();
    await connect();
    client.enter('g');
    await hear({...GAME, v: 5, result: '1-0', reason: 'resignation'});
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    await hear({t: 'rematch', game: 'g', v: 6, next: 'h'});
    assert.equal(client.waiting, null);
    assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
  },

  // The browser may keep it, and its connection, for whoever goes back.
  async aPageThatIsLeftSaysGoodbyeAndComesBack() {
    const {client} = await start();
    await connect();
    const before = FakeSocket.last;
    onWindow.pagehide();
    assert.equal(before.readyState, 3);
    assert.equal(client.status, 'offline');
    onWindow.pageshow({persisted: true});
    assert.notEqual(FakeSocket.last, before);
    await connect();
    assert.equal(client.status, 'online');
  },

  async aRematchIsOnesOwnGameOnce() {
    const {client} = await start();
    await connect(['h']);
    client.enter('g');
    await hear({...GAME, v: 5, result: '1-0', reason: 'resignation'});
    await hear({t: 'rematch', game: 'g', v: 6, next: 'h'});
    assert.deepEqual(client.ownGames, ['h']);
  },

  // It reads on after a while, and both are there.
  async whoIsPairedForAWaitThatWasSaidTwiceLeavesTheSecond() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.pool('5+3'));
    await live(9);
    assert.equal(saidTimes('pool'), 2);
    await hear({t: 'paired', game: 'g', you: 'red'});
    assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
    assert.deepEqual(told, [['paired', 'g']]);
  },

  // The connection was open, and nobody welcome yet.
  async aWaitThatWasSaidBeforeTheWelcomeIsCancelledWithTheNext() {
    const {client, told} = await start();
    FakeSocket.last.readyState = FakeSocket.OPEN;
    FakeSocket.last.onopen();
    client.waitFor(say.pool('5+3'));
    assert.equal(saidTimes('pool'), 1);
    client.waitFor(say.enter('wrong'));
    await refuse(said('enter'), 'no_room');
    assert.equal(FakeSocket.last.sent.at(-1).t, 'cancel');
    assert.deepEqual(told, [['refused', 'no_room']]);
  },

  async aServerThatDropsTheEarlierWaitHasTheLaterOneYetToCome() {
    const {client} = await start();
    await connect();
    client.waitFor(ROOM);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    client.waitFor(say.room({control: '10+5', casual: false, color: null}));
    const elsewhere = {t: 'error', re: 'room', code: 'elsewhere', text: ''};
    await hear(elsewhere);
    assert.equal(client.waiting.what, 'room');
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'w8x2ab'});
    assert.equal(client.waiting.code, 'w8x2ab');
    await hear(elsewhere);
    assert.equal(client.waiting, null);
  },

  async aRefusalThatComesLateEndsTheWaitAllTheSame() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.enter('wrong'));
    const first = said('enter');
    await live(9);
    assert.equal(saidTimes('enter'), 2);
    await refuse(first, 'no_room');
    await refuse(said('enter'), 'no_room');
    assert.equal(client.waiting, null);
    assert.deepEqual(told, [['refused', 'no_room']], 'once');
    await live(10);
    assert.equal(saidTimes('enter'), 2);
  },

  async whoIsPairedBeforeTheRefusalIsNotToldOfIt() {
    const {client, told} = await start();
    await connect();
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    client.waitFor(say.enter('wrong'));
    await hear({t: 'paired', game: 'g', you: 'red'});
    await refuse(said('enter'), 'no_room');
    assert.deepEqual(told, [['paired', 'g']]);
  },

  // Who sees it rebuilds the card, under the hand that is about to press on it.
  async whatIsWaitedForIsShownWhenItChangesAndNotWhenItIsAskedForAgain() {
    const {client} = await start();
    await connect();
    let shown = 0;
    client.on('waiting', () => ++shown);
    client.waitFor(ROOM);
    assert.equal(shown, 1);
    for (let round = 0; round < 2; ++round) {
      await refuse(said('room'), 'busy');
      await live(1);
    }
    assert.equal(saidTimes('room'), 3);
    assert.equal(shown, 1);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    assert.equal(shown, 2, 'the code');
    await lose();
    await connect();
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    assert.equal(shown, 2);
    client.stopWaiting();
    assert.equal(shown, 3);
  },

  // No game could begin in it: the room was closed, and the friend has the code of that.
  async aRoomThatHasANewCodeSaysSo() {
    const {client, told} = await start();
    await connect();
    client.waitFor(ROOM);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    await hear({t: 'error', re: 'paired', code: 'busy', text: ''});
    await live(1);
    assert.deepEqual(told, []);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'w8x2ab'});
    assert.equal(client.waiting.code, 'w8x2ab');
    assert.deepEqual(told, [['recoded', undefined]]);
    // Another room is another room.
    client.waitFor(say.room({control: '10+5', casual: false, color: null}));
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'zzzzzz'});
    assert.deepEqual(told, [['recoded', undefined]]);
  },

  async whatOneWaitsForInAnotherTabIsNotWaitedForHere() {
    for (const message of [ROOM, say.enter('k3v9qh')]) {
      const {client, told} = await start();
      await connect();
      client.waitFor(message);
      const {t, id} = said(message.t);
      await hear({t: 'waiting', re: t, id, code: 'k3v9qh'});
      await hear({t: 'error', re: t, code: 'elsewhere', text: ''});
      assert.equal(client.waiting, null);
      assert.deepEqual(told, [['refused', 'elsewhere']]);
      await lose();
      await connect();
      assert.equal(said(t), undefined, 'it is the other one that waits');
    }
  },

  async whatIsNotWaitedForAnyMoreDoesNotEndTheWaiting() {
    const {client} = await start();
    await connect();
    client.waitFor(say.enter('k3v9qh'));
    client.waitFor(say.pool('5+3'));
    await hear({t: 'error', re: 'enter', code: 'no_room', text: ''});
    await hear({t: 'error', re: 'room', code: 'elsewhere', text: ''});
    assert.equal(client.waiting.what, 'pool');
  },

  // The server had not noticed yet that the connection was dead.
  async whoWasPairedWhileAwayGoesToTheGame() {
    const {client, told} = await start();
    await connect(['old']);
    client.waitFor(ROOM);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    await lose();
    await connect(['old', 'new']);
    assert.deepEqual(told, [['paired', 'new']]);
    assert.equal(client.waiting, null);
    assert.equal(said('room'), undefined);
    assert.deepEqual(client.ownGames, ['old', 'new']);
  },

  // The one way back to it; and it is not taken for a new one.
  async aPrivateGameIsKeptThoughNobodyListsIt() {
    const {client, told} = await start();
    await connect();
    client.waitFor(ROOM);
    await hear({t: 'paired', game: 'g', you: 'red'});
    await list(client, ['others']);
    assert.deepEqual(client.ownGames, ['g']);
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    await lose();
    await connect(['g']);
    assert.deepEqual(told, [['paired', 'g']]);
    assert.equal(client.waiting.what, 'pool');
    assert.equal(saidTimes('pool'), 1, 'asked for again');
  },

  async aListedGameThatIsGoneIsNoLongerOnesOwn() {
    const {client} = await start();
    await connect(['g', 'private']);
    await list(client, ['g', 'others']);
    assert.deepEqual(client.ownGames, ['g', 'private']);
    await list(client, ['others']);
    assert.deepEqual(client.ownGames, ['private']);
  },

  async whatIsOverOrMissingIsNoLongerOnesOwn() {
    const {client, told} = await start();
    await connect(['g', 'h', 'i']);
    client.enter('g');
    await hear({...GAME, id: said('join').id, result: '1-0', reason: 'timeout'});
    assert.deepEqual(client.ownGames, ['h', 'i']);
    client.enter('h');
    await refuse(said('join'), 'no_game');
    assert.deepEqual(told.at(-1), ['game', 'missing']);
    assert.deepEqual(client.ownGames, ['i']);
  },

  async whatIsAskedForNextIsNotMixedUpWithWhatWasBefore() {
    const {client, told} = await start();
    await connect();
    client.waitFor(ROOM);
    const room = said('room');
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'room', id: room.id, code: 'k3v9qh'});
    assert.equal(client.waiting.what, 'pool');
    assert.equal(client.waiting.code, null);
    assert.deepEqual(told, []);
  },

  async aHelloThatIsRefusedAsBusyIsSaidAgain() {
    const {client, told} = await start();
    const open = () => {
      FakeSocket.last.readyState = FakeSocket.OPEN;
      FakeSocket.last.onopen();
    };
    open();
    await refuse(said('hello'), 'busy');
    assert.equal(saidTimes('hello'), 1, 'not at once');
    await live(1);
    assert.equal(saidTimes('hello'), 2);
    // A new connection says it anyway, and once.
    await refuse(said('hello'), 'busy');
    const lost = FakeSocket.last;
    lost.onclose();
    while (FakeSocket.last === lost) await time.pass(10);
    open();
    await live(3);
    assert.equal(saidTimes('hello'), 1);
    await connect();
    assert.equal(client.status, 'online');
    assert.deepEqual(told, [], 'nothing to bother anybody with');
  },

  // The server has forgotten that one waits, and what for.
  async whoIsPairedWhileNoGameCanBeginWaitsAgain() {
    const {client, told} = await start();
    await connect();
    const busy = {t: 'error', re: 'paired', code: 'busy', text: ''};
    client.waitFor(say.pool('5+3'));
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    await hear(busy);
    assert.equal(client.waiting.what, 'pool');
    assert.equal(saidTimes('pool'), 1, 'not at once');
    await live(1);
    assert.equal(saidTimes('pool'), 2);
    // Still so; and then all is well.
    await refuse(said('pool'), 'busy');
    await live(1);
    assert.equal(saidTimes('pool'), 3);
    await hear({t: 'waiting', re: 'pool', id: said('pool').id});
    await live(20);
    assert.equal(saidTimes('pool'), 3);
    assert.equal(client.waiting.what, 'pool');
    assert.deepEqual(told, []);
  },

  async whatIsWaitedForInsteadIsAskedForOnce() {
    const {client, told} = await start();
    await connect();
    const busy = {t: 'error', re: 'paired', code: 'busy', text: ''};
    client.waitFor(say.pool('5+3'));
    await hear(busy);
    client.waitFor(ROOM);
    await hear({t: 'waiting', re: 'room', id: said('room').id, code: 'k3v9qh'});
    await live(3);
    assert.equal(saidTimes('pool'), 1);
    assert.equal(saidTimes('room'), 1);
    await hear(busy);
    client.stopWaiting();
    await live(3);
    assert.equal(saidTimes('room'), 1);
    assert.deepEqual(told, []);
    // Who asked for this game alone, and waits for nothing, has to know.
    await hear(busy);
    assert.deepEqual(told, [['refused', 'busy']]);
  },

  // The server could not pass it on.
  async aJoinThatIsRefusedAsBusyIsSaidAgain() {
    const {client, told} = await start();
    await connect();
    client.enter('g');
    await refuse(said('join'), 'busy');
    assert.deepEqual(told, []);
    await time.pass(1500);
    assert.equal(saidTimes('join'), 2);
    await hear({...GAME, id: said('join').id});
    assert.ok(client.game.known);
    await live(20);
    assert.equal(saidTimes('join'), 2, 'it has its answer');
  },

  async aJoinWithoutAnAnswerIsSaidAgain() {
    const {client, told} = await start();
    await connect();
    client.enter('g');
    await live(10);
    assert.equal(saidTimes('join'), 2);
    await refuse(said('join'), 'no_game');
    assert.deepEqual(told, [['game', 'missing']]);
  },

  async aMoveThatIsRefusedAsBusyIsSaidAgain() {
    const {client, told} = await start();
    await connect();
    client.enter('g');
    await hear({...GAME, id: said('join').id});
    assert.ok(client.move({from: 25, to: 22}));
    await refuse(said('move'), 'busy');
    assert.notEqual(client.pending, null);
    await live(3);
    assert.equal(saidTimes('move'), 2);
    await refuse(said('move'), 'illegal_move');
    assert.equal(client.pending, null);
    assert.deepEqual(told.at(-1), ['refused', 'illegal_move']);
  },
};

for (const [name, test] of Object.entries(tests)) {
  time.timers.clear();
  await test();
  console.log(`ok ${name}`);
}
