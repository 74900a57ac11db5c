// Two people play a whole game to mate, one of them loses the connection on the way and
// comes back; a third watches. All by mouse, finger and keyboard.
//
//   node browser_game.mjs PLAYWRIGHT_DIR PORT [SCREENSHOTS_DIR]
//
// The server at PORT has to be running. browser_game.sh does all of that.

import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import {connect} from 'node:net';
import {createInterface} from 'node:readline';
import {openBrowser, openLine} from './browser.mjs';

const [playwright, port, shots] = process.argv.slice(2);

const MOVES = (
  'g0e2 b7g7 h2h5 h7h0 e2g0 g7g3 h5h8 h0h1 a0a1 e9e8 a1e1 h1h6 b2b4 e8f8 ' +
  'e1i1 f8e8 i0h0 g6g5 b4e4 e8d8 i1d1'
).split(' ');
const PHONE = {
  viewport: {width: 390, height: 844},
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};
const JUNK = [
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '{"t":"game"}',
  '{"t":"move","game":1}',
  '{"t":"lobby","pools":{}}',
  '{"t":{"toString":1}}',
  '{"t":"viewers","viewers":-1,"names":[null]}',
  '{"t":"end","game":"x","v":9e99}',
  `{"t":"chat","text":"${'x'.repeat(100000)}"}`,
  '{"t":"error","code":"<img src=x onerror=alert(1)>","text":"<b>"}',
];

// What people are called; in pictures, what they might be called.
const RED = shots ? 'Mei' : '<b>Mei</b>';

const step = (text) => console.log(`- ${text}`);

// Red opens a private room, Black comes by its link.
async function meet(people, line) {
  const red = await people.sitDown(`http://127.0.0.1:${port}/`, {name: RED});
  const black = await people.sitDown(`http://127.0.0.1:${line.port}/`, {
    name: '老王',
    locale: 'zh-CN',
    ...PHONE,
  });
  await red.page.click('.way.room');
  await red.page.click('.color-choice:first-child');
  await red.page.click('dialog button.primary');
  const code = await red.text('.room-code');
  assert.match(code, /^\w{4,}$/);
  await comeBackToTheRoom(red, code);
  await black.look((hash) => {
    location.hash = hash;
  }, `/room/${code}`);
  for (const person of [red, black]) {
    await person.page.waitForSelector('main.game');
    await person.until(() => xiangqi.client.game?.known);
  }
  assert.equal(await red.look(() => xiangqi.client.game.you), 'red');
  assert.equal(await black.look(() => xiangqi.client.game.you), 'black');
  step(`two people met in the room ${code}`);
  return {red, black};
}

// Whose phone slept while the code was sent to a friend.
async function comeBackToTheRoom(red, code) {
  const welcomed = red.look(
    () => new Promise((resolve) => xiangqi.client.on('welcome', () => resolve())),
  );
  const bars = await red.look(() => {
    xiangqi.client.drop();
    return document.querySelector('.lag').dataset.bars;
  });
  assert.equal(bars, '0', 'no bars without a connection');
  await red.until(() => xiangqi.client.status === 'online');
  await welcomed;
  // Asked after it, so answered after it.
  await red.look(() => xiangqi.client.refreshGames());
  assert.equal(await red.text('.room-code'), code);
  step('the code of a room outlives the connection');
}

// Somebody plays the computer, for everybody to see; on a line, without a page.
function playTheComputer() {
  const socket = connect(Number(port), '127.0.0.1');
  const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
  say({t: 'hello', name: 'Wang'});
  say({t: 'bot', control: '10+5', color: 'red'});
  return new Promise((resolve) => {
    createInterface({input: socket}).on('line', (text) => {
      const {t, game, n} = JSON.parse(text);
      if (t === 'ping' && socket.writable) say({t: 'pong', n});
      if (t !== 'paired') return;
      say({t: 'join', game});
      say({t: 'move', game, ply: 0, move: 'h2e2'});
      const leave = () => {
        say({t: 'resign', game});
        socket.end();
      };
      resolve({game, leave});
    });
  });
}

// With junk on the line, which must not matter.
async function comeToWatch(people, id) {
  const shown = await playTheComputer();
  const watcher = await people.sitDown(`http://127.0.0.1:${port}/`, {
    name: '觀棋人',
    locale: 'zh-TW',
    colorScheme: 'dark',
    websocket: (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        if (!shots) for (const junk of JUNK) socket.send(junk);
        socket.send(message);
      });
    },
  });
  await zapPastWhatIsGone(watcher, shown.game);
  assert.ok(
    !(await watcher.look((hidden) => xiangqi.client.games.some(({game}) => game === hidden), id)),
    'a game of a private room is not listed',
  );
  await watcher.page.click(`.live-game[data-game="${shown.game}"]`);
  await watcher.page.waitForSelector('main.game');
  await watcher.until((game) => xiangqi.client.game?.id === game, shown.game);
  shown.leave();
  await watcher.look((hash) => {
    location.hash = hash;
  }, `/game/${id}`);
  await watcher.until(
    (game) => xiangqi.client.game?.id === game && xiangqi.client.game.known,
    id,
  );
  assert.equal(
    await watcher.page.locator('.actions button').count(),
    0,
    'a spectator has no buttons',
  );
  step('a spectator found a game in the list, and a private one by its link');
  return watcher;
}

// The lobby's little board does not stay on a game that is listed, but is not there.
async function zapPastWhatIsGone(watcher, id) {
  await watcher.until((real) => xiangqi.client.games?.some(({game}) => game === real), id);
  await watcher.look(() => {
    const {client} = xiangqi;
    client.leave();
    client.games = [{...client.games[0], game: 'nonesuch'}, ...client.games];
    client.emit('games');
  });
  await watcher.until((real) => xiangqi.client.game?.id === real && xiangqi.client.game.known, id);
  step('the little board shows a game that is there');
}

async function refuseIllegalMoves(red) {
  await red.drag('h2h8');
  assert.equal(await red.drawnAt('h2'), 'red', 'an illegal drop snaps back');
  assert.equal(await red.drawnAt('h8'), '');
  await red.drag('a9a8');
  assert.equal(await red.look(() => xiangqi.client.game.ply), 0, "not one's own piece");
  await red.page.mouse.click(...(await red.place('b2')));
  assert.equal(await red.page.locator('.hints .dot').count(), 11);
  assert.equal(await red.page.locator('.hints .ring-hint').count(), 1);
  await red.page.mouse.click(...(await red.place('b2')));
  assert.equal(await red.page.locator('.hints *').count(), 0);
  step('illegal moves were not made');
}

// Black thinks ahead; the move is made as soon as it may.
async function premove({red, black}) {
  await black.tap(MOVES[3]);
  await black.until(() => xiangqi.client.premove !== null);
  await red.click(MOVES[2]);
  for (const person of [red, black]) await person.atPly(4);
  step('a move made in advance');
}

async function loseTheLine({red, black}, line) {
  const ply = await black.look(() => xiangqi.client.game.ply);
  line.cut();
  await black.page.waitForSelector('.banner:not([hidden])');
  await red.until(() => !xiangqi.client.game.players.black.online);
  await red.click(MOVES[ply]);
  await red.atPly(ply + 1);
  assert.equal(await black.look(() => xiangqi.client.game.ply), ply);
  const version = await black.look(() => xiangqi.client.game.version);
  await black.look(() => {
    xiangqi.client.on('status', (status) => {
      if (status === 'online') xiangqi.back = performance.now();
    });
    xiangqi.client.on('game', (what) => {
      if (what === 'move') xiangqi.caughtUp ??= performance.now();
      if (what === 'game') xiangqi.wholeAgain = true;
    });
  });
  line.mend();
  await black.atPly(ply + 1);
  await red.until(() => xiangqi.client.game.players.black.online);
  const after = await black.look(() => ({
    version: xiangqi.client.game.version,
    ms: Math.round(xiangqi.caughtUp - xiangqi.back),
    whole: xiangqi.wholeAgain === true,
  }));
  assert.ok(after.version > version);
  assert.ok(!after.whole, 'what was missed was replayed, not sent whole');
  assert.ok(after.ms < 1000, `${after.ms} ms`);
  step(`the line was cut and came back; what was missed arrived ${after.ms} ms after the welcome`);
}

// Who looks back is left alone, until they want to see the newest again.
async function lookBack(watcher) {
  const {page} = watcher;
  const before = await watcher.look(() => xiangqi.client.game.ply);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  const shown = await page.locator('.move.current').innerText();
  return async () => {
    await watcher.until((ply) => xiangqi.client.game.ply > ply, before);
    assert.equal(await page.locator('.move.current').innerText(), shown);
    await page.keyboard.press('ArrowDown');
    assert.notEqual(await page.locator('.move.current').innerText(), shown);
    step('the spectator looked back and was left alone');
  };
}

async function playOn({red, black, watcher}, line) {
  const ways = [
    (i) => red.drag(MOVES[i]),
    (i) => black.tap(MOVES[i]),
    (i) => red.click(MOVES[i]),
    (i) => black.tap(MOVES[i]),
    (i) => red.type(MOVES[i]),
    (i) => black.swipe(MOVES[i]),
  ];
  let checkLookedBack = null;
  for (let ply = 4; ply < MOVES.length; ++ply) {
    if (ply === 8) await loseTheLine({red, black}, line);
    if (ply === 8) continue;
    if (ply === 12) checkLookedBack = await lookBack(watcher);
    if (ply === 16) await shootGame(red, watcher);
    await ways[ply % ways.length](ply);
    for (const person of [red, black]) await person.atPly(ply + 1);
    if (ply === 14) await checkLookedBack();
    if (ply === 18) await shootCheck(red, black);
  }
}

async function shootGame(red, watcher) {
  if (!shots) return;
  await red.page.mouse.click(...(await red.place('b4')));
  await red.shoot(shots, 'game');
  await red.page.mouse.click(...(await red.place('b4')));
  // For who cannot read the characters.
  const pieces = (set) =>
    watcher.look((value) => {
      xiangqi.settings.set('pieces', value);
    }, set);
  await pieces('western');
  await watcher.until(() => xiangqi.client.game?.known);
  await watcher.shoot(shots, 'symbols');
  await pieces('auto');
  await watcher.until(() => xiangqi.client.game?.known);
}

async function shootCheck(red, black) {
  await black.page.waitForSelector('.checked');
  await black.shoot(shots, 'phone');
  await red.shoot(shots, 'check');
}

async function chat({red, black}) {
  const text = shots ? 'Have a good game!' : '<script>alert(1)</script>';
  await red.say(text);
  await black.page.waitForSelector('.chat-lines b');
  assert.equal(await black.text('.chat-lines li'), `${RED} ${text}`);
  assert.equal(await black.page.locator('.chat-lines script, .player-bar .name b').count(), 0);
  step('chat and names are text');
  await red.page.reload();
  await red.page.waitForSelector('.chat-lines b');
  assert.equal(await red.text('.chat-lines li'), `${RED} ${text}`);
  step('who loads the page anew has the game and the chat');
}

// What is not wanted is not sent; wanted again, it is there.
async function muteTheChat({red, black}) {
  const lines = () => red.look(() => xiangqi.client.game.chat.length);
  const version = await red.look(() => xiangqi.client.game.version);
  await red.page.uncheck('.chat .switch input');
  // Answered by the game after what was said before.
  await red.look(() =>
    xiangqi.client.ask({t: 'decline', game: xiangqi.client.game.id, offer: 'draw'}),
  );
  await black.say('您好');
  await red.until((v) => xiangqi.client.game.version > v, version);
  assert.equal(await lines(), 1);
  await red.page.check('.chat .switch input');
  await red.until(() => xiangqi.client.game.chat.length === 2);
  step('the chat was switched off and on');
}

async function seeTheEnd({red, black, watcher}) {
  for (const person of [red, black, watcher]) {
    await person.until(() => xiangqi.client.game.over);
    await person.page.waitForSelector('.result-card');
    assert.equal(await person.look(() => xiangqi.client.game.result), '1-0');
    assert.equal(await person.look(() => xiangqi.client.game.reason), 'checkmate');
  }
  await red.shoot(shots, 'mate');
  await black.shoot(shots, 'phone_mate');
  await watcher.shoot(shots, 'dark');
  assert.match(await red.text('.result-card h2'), /You won/);
  assert.match(await black.text('.result-card h2'), /您输了/);
  step('mate, seen by all');
}

// What the file has that is saved.
async function save(person, format, name) {
  const [download] = await Promise.all([
    person.page.waitForEvent('download'),
    person.page.selectOption('select.download', format),
  ]);
  assert.equal(download.suggestedFilename(), name);
  return fs.readFile(await download.path(), 'utf8');
}

async function replay(red, id) {
  await red.page.click(`.past-game[data-game="${id}"]`);
  await red.page.waitForSelector('main.replay');
  assert.equal(await red.page.locator('.move').count(), MOVES.length);
  for (let i = 0; i < 5; ++i) await red.page.keyboard.press('ArrowRight');
  assert.equal(await red.page.locator('.move.current').innerText(), 'E5-3');
  assert.match(await save(red, 'chinese', `xiangqi-${id}.pgn`), /相三进五 \{\[%at \d+\.\d{3}\]/);
  const record = JSON.parse(await save(red, 'json', `xiangqi-${id}.json`));
  assert.equal(record.moves.length, MOVES.length);
  assert.ok(record.moves.every(({at_ms: at}) => at >= 0));
  step('the finished game was replayed and downloaded');
}

async function rematch({red, black}) {
  await red.page.click('.result-card .primary');
  await red.page.waitForSelector('.result-card .primary:disabled');
  // So it is told, too, if no game can begin.
  await black.page.click('.question button:last-child');
  await red.page.click('.result-card .primary:enabled');
  await black.page.waitForSelector('.accept-rematch');
  await black.page.click('.result-card .primary');
  await red.until(() => xiangqi.client.game?.known && xiangqi.client.game.you === 'black');
  await black.until(() => xiangqi.client.game?.known && xiangqi.client.game.you === 'red');
  await black.page.click('.abort');
  for (const person of [red, black])
    await person.until(() => xiangqi.client.game.reason === 'aborted');
  step('a rematch, declined at first, with the colours changed, aborted');
}

// What somebody is about to click stays where it is when there is news.
async function pressThroughNews({red, black}) {
  const seek = {t: 'seek', control: '15+10', casual: false};
  const seeks = (n) => red.until((count) => xiangqi.client.lobby?.seeks.length === count, n);
  await black.look((message) => xiangqi.client.waitFor(message), seek);
  await seeks(1);
  const pool = '.pool[data-control="10+5"]';
  await red.pressThrough(pool, async () => {
    await black.look(() => xiangqi.client.stopWaiting());
    await seeks(0);
  });
  await red.until(() => xiangqi.client.waiting?.what === 'pool');
  await red.page.focus(pool);
  await black.look((message) => xiangqi.client.waitFor(message), seek);
  await seeks(1);
  assert.ok(await red.hasFocus(pool), 'the focus is where it was');
  await red.page.keyboard.press('Enter');
  await red.until(() => xiangqi.client.waiting === null);
  await black.look(() => xiangqi.client.stopWaiting());
  await seeks(0);
  step('a press and the focus outlast the news in the lobby');
}

// Red takes a piece that Black holds; meanwhile the focus stays on Red's button.
async function takeWhatIsHeld({red, black}) {
  const drop = await black.hold('e6');
  await red.type('e2e6');
  await black.atPly(3);
  await drop('e5');
  await red.page.focus('.actions .resign');
  await black.tap('b9a7');
  for (const person of [red, black]) await person.atPly(4);
  assert.ok(await red.hasFocus('.actions .resign'), 'the focus is where it was');
  // The keyboard's way.
  await red.page.keyboard.press('Enter');
  assert.ok(await red.hasFocus('.resign-no'));
  await red.page.keyboard.press('Enter');
  assert.ok(await red.hasFocus('.actions .resign'));
  step('a piece was taken out of a hand');
}

// What is said is what the server has said; none of it is the computer's fault.
async function askForTheComputerInVain({red}) {
  await red.look(() => {
    const {client} = xiangqi;
    const {ask} = client;
    client.ask = async (message) => {
      if (message.t !== 'bot') return ask.call(client, message);
      delete client.ask;
      return {t: 'error', re: 'bot', code: 'too_many_games', text: ''};
    };
  });
  await red.page.click('.way.bot');
  await red.page.click('dialog button.primary');
  await red.page.waitForSelector('.toast.bad:has-text("as many games as you may")');
  step('a game with the computer was refused, and why');
}

// The server is busy while Red is about to press on what is shown; then the room is another.
async function waitThroughBusyTimes({red}) {
  await red.look(() => {
    const {client} = xiangqi;
    const {ask} = client;
    client.ask = async (message) =>
      message.t === 'room' ? xiangqi.answer : ask.call(client, message);
  });
  const answer = (what) =>
    red.look((next) => {
      xiangqi.answer = next;
      const {client} = xiangqi;
      return client.waitFor(client.waiting?.message ?? {t: 'room', control: '5+3', casual: false});
    }, what);
  await answer({t: 'waiting', re: 'room', code: 'k3v9qh'});
  await red.page.waitForSelector('.room-code:has-text("k3v9qh")');
  await red.page.focus('.waiting .cancel');
  await answer({t: 'error', re: 'room', code: 'busy', text: ''});
  await answer({t: 'waiting', re: 'room', code: 'k3v9qh'});
  assert.ok(await red.hasFocus('.waiting .cancel'), 'the focus is where it was');
  await answer({t: 'waiting', re: 'room', code: 'w8x2ab'});
  await red.page.waitForSelector('.toast:has-text("new code")');
  assert.equal(await red.text('.room-code'), 'w8x2ab');
  await red.page.click('.waiting .cancel');
  await red.look(() => {
    delete xiangqi.client.ask;
  });
  step('what waits is left alone, and a new code is told');
}

// A challenge in the lobby; then what players may ask of each other.
async function askThings({red, black}) {
  for (const person of [red, black]) {
    await person.look(() => {
      location.hash = '/';
    });
    await person.page.waitForSelector('main.lobby');
  }
  await pressThroughNews({red, black});
  await askForTheComputerInVain({red});
  await waitThroughBusyTimes({red});
  await red.page.click('.way.seek');
  await red.page.click('.color-choice:first-child');
  await red.page.check('input[name="casual"]');
  await red.page.click('dialog button.primary');
  await black.page.click('.row.seek:not(.own)');
  for (const person of [red, black]) {
    await person.until(() => xiangqi.client.game?.known && xiangqi.client.game.you !== null);
    await person.page.waitForSelector('main.game');
  }
  await red.dragWithBothButtons('h2e2');
  await black.atPly(1);
  const dropHorse = await black.hold('h9', 'b9');
  await dropHorse('g7');
  await red.atPly(2);
  await red.page.click('.actions .takeback');
  await black.page.click('.accept-takeback');
  for (const person of [red, black]) await person.atPly(0);
  assert.equal(await red.drawnAt('h2'), 'red');
  await red.type('炮二平五');
  await black.atPly(1);
  await black.tap('h9g7');
  for (const person of [red, black]) await person.atPly(2);
  await takeWhatIsHeld({red, black});
  await black.page.click('.actions .draw');
  await red.page.click('.question button:last-child');
  await black.until(() => xiangqi.client.game.offers.draw === null);
  await red.page.click('.actions .resign');
  assert.equal(
    await red.look(() => xiangqi.client.game.over),
    false,
    'resigning needs a second click',
  );
  await red.page.click('.resign-yes');
  for (const person of [red, black]) {
    await person.until(() => xiangqi.client.game.reason === 'resignation');
  }
  assert.match(await red.text('.result-card h2'), /You lost/);
  step('a challenge, a move taken back, a draw declined, resigned');
}

// It must not push what is to be pressed out of sight.
async function seekByALongName(people) {
  const person = await people.sitDown(`http://127.0.0.1:${port}/`, {
    name: 'W'.repeat(20),
    viewport: {width: 390, height: 844},
  });
  const seek = {t: 'seek', control: '20/60/30', casual: true, color: 'red'};
  await person.look((what) => xiangqi.client.ask(what), seek);
  await person.page.waitForSelector('.seeks .row');
  const right = (selector) =>
    person.look((found) => document.querySelector(found).getBoundingClientRect().right, selector);
  const edge = await right('.seeks');
  for (const part of ['.seeks .row', '.seeks .row > :last-child'])
    assert.ok((await right(part)) <= edge, `${part} leaves its card`);
  await person.look((what) => xiangqi.client.ask(what), {t: 'cancel'});
  person.hadNoTrouble();
  step('a long name is cut');
}

// Others, for the picture: one seeks, one waits, two play the computer.
async function shootLobby(people, red) {
  if (!shots) return;
  const come = (name) => people.sitDown(`http://127.0.0.1:${port}/`, {name});
  const ask = (person, message) => person.look((what) => xiangqi.client.ask(what), message);
  await ask(await come('Lin'), {t: 'seek', control: '15+10', casual: false, color: 'red'});
  await ask(await come('陈'), {t: 'pool', control: '5+3'});
  for (const [name, level] of Object.entries({Wu: 3, 孙: 6})) {
    const person = await come(name);
    await ask(person, {t: 'bot', control: '10+5', level, color: 'red'});
    await person.until(() => xiangqi.client.game?.known);
    for (const [i, move] of ['h2e2', 'h0g2', 'i0h0'].entries()) {
      await person.click(move);
      await person.atPly(2 * i + 2);
    }
  }
  await red.look(() => xiangqi.client.refreshGames());
  await red.until(() => xiangqi.client.game?.ply > 3);
  await red.shoot(shots, 'lobby');
}

const people = await openBrowser(playwright);
const line = await openLine(Number(port));
try {
  const {red, black} = await meet(people, line);
  const id = await red.look(() => xiangqi.client.game.id);
  const watcher = await comeToWatch(people, id);
  await seekByALongName(people);
  await refuseIllegalMoves(red);
  await red.drag(MOVES[0]);
  for (const person of [red, black]) await person.atPly(1);
  await black.tap(MOVES[1]);
  for (const person of [red, black]) await person.atPly(2);
  await premove({red, black});
  await chat({red, black});
  await muteTheChat({red, black});
  await playOn({red, black, watcher}, line);
  await seeTheEnd({red, black, watcher});
  await rematch({red, black});
  await askThings({red, black});
  await red.look(() => {
    location.hash = '/';
  });
  await red.page.waitForSelector('main.lobby');
  await shootLobby(people, red);
  await replay(red, id);
  for (const person of [red, black, watcher]) person.hadNoTrouble();
  console.log('a whole game in the browser: passed');
} finally {
  line.close();
  await people.close();
}
