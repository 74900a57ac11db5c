// What the page knows, without a browser: messages, games, clocks, records, words.
//
//   node model_test.mjs XQ WEB_DIR

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const [xq, web] = process.argv.slice(2).map((argument) => path.resolve(argument));
const load = (file) => import(pathToFileURL(path.join(web, file)));
const {decode, encode, say} = await load('net/protocol.js');
const {GameModel} = await load('model/game_model.js');
const {GameClock, formatTime} = await load('model/game_clock.js');
const {parseControl, speedOf} = await load('model/time_control.js');
const {formatJson, formatPgn} = await load('model/record.js');
const {DICTIONARIES_FOR_TESTS: dictionaries} = await load('i18n/i18n.js');
const {settings} = await load('model/settings.js');
const {boardLabels} = await load('view/board_labels.js');
const {playerName} = await load('view/player_name.js');
const {statusText} = await load('view/status_text.js');

settings.set('language', 'en');

const side = (name) => ({id: name, name, online: true, left_ms: 600000});
const whole = (more = {}) => ({
  t: 'game',
  game: 'g',
  v: 5,
  you: 'red',
  control: '10+5',
  casual: true,
  red: side('Zhang'),
  black: side('Li'),
  turn: 'red',
  clock: true,
  moves: [],
  result: '*',
  reason: 'none',
  viewers: 0,
  ...more,
});
const move = (v, ply, text, more = {}) => ({
  t: 'move',
  game: 'g',
  v,
  by: ply % 2 === 0 ? 'red' : 'black',
  ply,
  move: text,
  at_ms: 1,
  charged_ms: 1,
  red_ms: 1000,
  black_ms: 2000,
  ...more,
});

const tests = {
  whatIsNoMessageIsDropped() {
    const bad = [
      '',
      'x',
      '1',
      'null',
      '[]',
      '{}',
      '{"t":1}',
      '{"t":"dance"}',
      '{"t":"toString"}',
      '{"t":"__proto__"}',
      '{"t":"move"}',
      '{"t":"pong","n":"1"}',
      undefined,
      new ArrayBuffer(3),
    ];
    for (const data of bad) assert.equal(decode(data), null, String(data));
    const good = [
      whole(),
      whole({delay_ms: 60000}),
      move(6, 0, 'h2e2'),
      {t: 'skip', game: 'g', v: 1},
      {t: 'ok', re: 'move'},
      {t: 'chat', game: 'g', v: 1, name: '<b>', text: '</script>'},
    ];
    for (const message of good) assert.deepEqual(decode(JSON.stringify(message)), message);
  },

  // Every key of every message, made wrong in many ways.
  messagesThatAreAlmostRightAreDropped() {
    const junk = [null, {}, [], 'x'.repeat(5000), -1.5, {toString: 1}];
    for (const message of [
      whole(),
      move(6, 0, 'h2e2'),
      {t: 'end', game: 'g', v: 1, red_ms: 1, black_ms: 1, result: '1-0', reason: 'checkmate'},
    ]) {
      for (const key of Object.keys(message)) {
        for (const value of junk) {
          const wrong = {...message, [key]: value};
          const game = new GameModel('g');
          game.receive(whole(), 0);
          const decoded = decode(JSON.stringify(wrong));
          // Whatever gets through must not throw, and leaves a game that can be drawn.
          if (decoded !== null && decoded.game === 'g') game.receive(decoded, 0);
          assert.equal(
            game.positions.length,
            game.moves.length + 1,
            `${key}: ${JSON.stringify(value)}`,
          );
          assert.equal(game.position.cells.length, 90);
        }
      }
    }
  },

  keysThatAreNotThereAreNotSent() {
    assert.equal(
      encode(say.seek({control: '5+3', casual: false, color: null, level: 3})),
      '{"t":"seek","control":"5+3","casual":false}',
    );
    assert.equal(
      encode(say.move('g', 4, 'h2e2'), '17'),
      '{"t":"move","game":"g","ply":4,"move":"h2e2","id":"17"}',
    );
    assert.equal(encode(say.hello('', '')), '{"t":"hello"}');
    assert.equal(encode(say.join('g', undefined, false)), '{"t":"join","game":"g"}');
    assert.equal(encode(say.join('g', 7, true)), '{"t":"join","game":"g","v":7,"mute":true}');
  },

  eventsComeInOrder() {
    const game = new GameModel('g');
    assert.equal(game.receive(move(6, 0, 'h2e2'), 0), 'gap');
    assert.equal(game.receive(whole(), 0), 'game');
    assert.ok(game.yourTurn);
    assert.equal(game.receive(move(5, 0, 'h2e2'), 0), 'stale');
    assert.equal(game.receive(move(7, 0, 'h2e2'), 0), 'gap');
    assert.equal(game.receive(move(6, 0, 'h2e2'), 0), 'move');
    assert.equal(game.receive(move(6, 0, 'h2e2'), 0), 'stale');
    assert.equal(game.turn, 'black');
    assert.equal(game.receive({t: 'skip', game: 'g', v: 7}, 0), 'skip');
    assert.equal(game.receive(move(8, 1, 'h9g7'), 0), 'move');
    assert.equal(game.version, 8);
    // What does not fit is as good as missing.
    assert.equal(game.receive(move(9, 2, 'a0a9'), 0), 'gap');
    assert.equal(game.receive(move(9, 3, 'h0g2'), 0), 'gap');
    assert.equal(game.ply, 2);
  },

  offersAndTakebacks() {
    const game = new GameModel('g');
    game.receive(whole({moves: [{move: 'h2e2'}, {move: 'h9g7'}], turn: 'red'}), 0);
    assert.ok(game.mayTakeBack);
    assert.equal(
      game.receive({t: 'offer', game: 'g', v: 6, by: 'black', offer: 'draw'}, 0),
      'offer',
    );
    assert.equal(game.offers.draw, 'black');
    assert.equal(
      game.receive({t: 'takeback', game: 'g', v: 7, by: 'red', ply: 0, red_ms: 5, black_ms: 6}, 0),
      'takeback',
    );
    assert.equal(game.ply, 0);
    assert.equal(game.offers.draw, null);
    assert.equal(game.clock.read('red', 0).main, 5);
    game.receive(
      {t: 'end', game: 'g', v: 8, result: '0-1', reason: 'resignation', red_ms: 1, black_ms: 2},
      0,
    );
    assert.ok(game.over);
    assert.equal(game.winner, 'black');
    assert.equal(game.clock.running, null);
  },

  // By the opponent, or because no game could begin: it may be offered again.
  aRematchThatIsDeclinedIsNoLongerOffered() {
    const game = new GameModel('g');
    game.receive(whole({result: '1-0', reason: 'timeout', clock: false, rematch: 'red'}), 0);
    assert.equal(game.offers.rematch, 'red');
    const message = {t: 'decline', game: 'g', v: 6, by: 'black', offer: 'rematch'};
    assert.equal(game.receive(message, 0), 'decline');
    assert.equal(game.offers.rematch, null);
  },

  // Whatever becomes of the event that tells of it.
  aRematchIsFollowedOnce() {
    const over = {result: '1-0', reason: 'timeout', clock: false};
    const game = new GameModel('g');
    game.receive(whole(over), 0);
    assert.equal(game.receive(whole({...over, v: 9, next: 'h'}), 0), 'rematch');
    assert.equal(game.receive(whole({...over, v: 9, next: 'h'}), 0), 'game');
    // Of one that is looked at later it is told.
    assert.equal(new GameModel('g').receive(whole({...over, next: 'h'}), 0), 'game');
  },

  chatComesWithTheGame() {
    const game = new GameModel('g');
    const lines = [
      {by: 'red', name: 'Zhang', text: 'hello'},
      {name: 'Wang', text: 'ssh'},
    ];
    game.receive(whole({chat: lines}), 0);
    assert.deepEqual(game.chat, [lines[0], {by: null, ...lines[1]}]);
    game.receive({t: 'chat', game: 'g', v: 6, by: 'black', name: 'Li', text: 'hi'}, 0);
    assert.equal(game.chat.length, 3);
    // Forgotten there, but not here.
    game.receive(whole({v: 100}), 0);
    assert.equal(game.chat.length, 3);
  },

  // The clock that runs has not stood still while one was away.
  whoComesBackReadsTheClockOfNow() {
    const game = new GameModel('g');
    const resumed = {t: 'ok', re: 'join', game: 'g', red_ms: 500000, black_ms: 570000};
    assert.equal(game.receive({...resumed, turn_ms: 1, clock: true}, 0), 'stale');
    game.receive(whole({moves: [{move: 'h2e2'}], turn: 'black'}), 0);
    assert.equal(
      game.receive(move(6, 1, 'h9g7', {red_ms: 590000, black_ms: 570000}), 90000),
      'move',
    );
    assert.equal(game.clock.read('red', 90000).main, 590000);
    const message = {...resumed, turn_ms: 90000, clock: true};
    assert.deepEqual(decode(JSON.stringify(message)), message);
    assert.equal(game.receive(message, 90000), 'clocks');
    assert.equal(game.clock.read('red', 91000).main, 499000);
    assert.equal(game.clock.read('black', 91000).main, 570000);
    // Nothing was missed, but the device has slept.
    assert.equal(game.receive({...message, red_ms: 400000}, 92000), 'clocks');
    assert.equal(game.clock.read('red', 92000).main, 400000);
    assert.equal(game.receive({...message, clock: false}, 93000), 'clocks');
    assert.equal(game.clock.running, null);
    assert.equal(game.receive({t: 'ok', re: 'join'}, 0), 'stale');
  },

  whoGetsALimitForTheMoveReadsWhatIsLeftOfIt() {
    const game = new GameModel('g');
    game.receive(whole({control: '20/60/30'}), 0);
    const clocks = {red_ms: 600000, black_ms: 600000, clock: true, move_ms: 15000};
    game.receive({t: 'ok', re: 'join', game: 'g', ...clocks}, 5000);
    assert.equal(game.clock.read('red', 5000).move, 15000);
    assert.equal(game.clock.read('red', 6000).move, 14000);
    // The next one begins.
    game.receive(move(6, 0, 'h2e2', {red_ms: 599000, black_ms: 600000}), 7000);
    assert.equal(game.clock.read('black', 8000).move, 59000);
    assert.equal(game.clock.read('red', 8000).move, 60000);
    assert.equal(decode(JSON.stringify({t: 'ok', re: 'join', move_ms: '1'})), null);
  },

  // The limit is of when the move began: 60 s, of which 31 have passed.
  timeForTheGameThatRanOutWhileOneWasAwayIsFollowedByThatForTheMove() {
    const red = {...side('Zhang'), left_ms: 0};
    const message = whole({control: '20/60/30', red, turn_ms: 31000, move_ms: 29000});
    assert.deepEqual(decode(JSON.stringify(message)), message);
    const game = new GameModel('g');
    game.receive(message, 0);
    assert.deepEqual(game.clock.read('red', 0), {main: 0, move: 29000, byoYomi: true});
    assert.equal(game.clock.left('red', 9000), 20000);
    const clocks = {red_ms: 0, black_ms: 600000, turn_ms: 41000, move_ms: 19000, clock: true};
    game.receive({t: 'ok', re: 'join', game: 'g', ...clocks}, 10000);
    assert.equal(game.clock.left('red', 11000), 18000);
  },

  // Who repeats the position knows it, also while there is check.
  theWarningNamesTheOffender() {
    const told = (you, warning) => {
      const game = new GameModel('g');
      game.receive(whole({you}), 0);
      const message = move(6, 0, 'h2e2', warning);
      assert.deepEqual(decode(JSON.stringify(message)), message);
      game.receive(message, 0);
      game.moves.at(-1).check = true;
      return statusText(game);
    };
    const check = {warning: 'perpetual_check', offender: 'red'};
    assert.match(told('red', check), /^You check for ever.*you lose/);
    assert.match(told('black', check), /^Your opponent checks for ever.*you win/);
    assert.match(told(undefined, check), /^Red checks for ever.*Red loses/);
    const chase = {warning: 'perpetual_chase', offender: 'black'};
    assert.match(told('black', chase), /^You chase .*you lose/);
    assert.match(told(undefined, chase), /^Black chases .*Black loses/);
    assert.match(told('red', {warning: 'repetition'}), /second time.*draw/);
    assert.match(told('black', {}), /Check!/);
    const game = new GameModel('g');
    game.receive(whole({...check, you: 'black'}), 0);
    assert.match(statusText(game), /^Your opponent checks/);
  },

  everyWarningHasWords() {
    for (const reason of ['perpetual_check', 'perpetual_chase']) {
      for (const who of ['you', 'they', 'red', 'black'])
        assert.ok(dictionaries.en[`warning_${reason}_${who}`], `${reason} ${who}`);
    }
  },

  // Of the server's refusals, those that people meet.
  refusalsHaveWords() {
    const codes = ['no_room', 'elsewhere', 'no_bot', 'busy', 'too_many'];
    for (const code of [...codes, 'too_many_games', 'other_busy', 'too_many_offers'])
      assert.ok(dictionaries.en[`error_${code}`], code);
  },

  theTurnHasLasted() {
    const game = new GameModel('g');
    game.receive(whole({control: '20/60/30', turn_ms: 45000, move_ms: 15000}), 0);
    assert.equal(game.clock.read('red', 5000).move, 10000);
  },

  absenceIsTimed() {
    const game = new GameModel('g');
    game.receive(whole({black: {...side('Li'), online: false, grace_ms: 30000}}), 1000);
    assert.equal(game.players.black.graceEnds, 31000);
    game.receive({t: 'presence', game: 'g', v: 6, by: 'black', online: true}, 2000);
    assert.ok(game.players.black.online);
  },

  // After a restart clocks wait for who is to move, but not for ever.
  theClockThatHasWaitedLongEnoughStarts() {
    const game = new GameModel('g');
    const away = {...side('Li'), online: false, grace_ms: 30000};
    game.receive(whole({moves: [{move: 'h2e2'}], turn: 'black', clock: false, black: away}), 0);
    assert.equal(game.clock.running, null);
    const told = {t: 'presence', game: 'g', v: 6, by: 'black', online: false, grace_ms: 0};
    const clocks = {red_ms: 500000, black_ms: 400000, turn_ms: 0, clock: true};
    const message = {...told, ...clocks};
    assert.deepEqual(decode(JSON.stringify(message)), message);
    assert.equal(decode(JSON.stringify({...message, black_ms: null})), null);
    assert.equal(game.receive(message, 30000), 'presence');
    assert.equal(game.clock.running, 'black');
    assert.equal(game.clock.read('black', 31000).main, 399000);
    assert.equal(game.clock.read('red', 31000).main, 500000);
    assert.ok(!game.players.black.online);
  },

  // That somebody leaves is no new turn, whose limit would be another.
  theLimitForTheMoveIsKeptWhenSomebodyLeaves() {
    const game = new GameModel('g');
    const red = {...side('Zhang'), left_ms: 5000};
    game.receive(whole({control: '20/60/30', red, turn_ms: 20000, move_ms: 35000}), 0);
    const told = {t: 'presence', game: 'g', v: 6, by: 'black', online: false, grace_ms: 30000};
    game.receive({...told, red_ms: 0, black_ms: 600000, turn_ms: 30000, clock: true}, 10000);
    assert.equal(game.clock.left('red', 10000), 25000);
    // And then it is Black's.
    game.receive(move(7, 0, 'h2e2', {red_ms: 0, black_ms: 600000}), 11000);
    assert.equal(game.clock.read('black', 12000).move, 59000);
  },

  clocksRunForOneSide() {
    const clock = new GameClock(parseControl('10+5'));
    clock.set({red: 60000, black: 50000}, 'red', 100);
    assert.deepEqual(clock.read('red', 10100), {main: 50000, move: null, byoYomi: false});
    assert.equal(clock.left('black', 10100), 50000);
    assert.equal(clock.left('red', 1e9), 0);
  },

  stagesOfTheChineseClock() {
    const clock = new GameClock(parseControl('20/60/30'));
    clock.set({red: 600000, black: 0}, 'red', 0);
    assert.deepEqual(clock.read('red', 10000), {main: 590000, move: 50000, byoYomi: false});
    assert.equal(clock.left('red', 70000), 0);
    clock.set({red: 600000, black: 0}, 'black', 0);
    assert.deepEqual(clock.read('black', 10000), {main: 0, move: 20000, byoYomi: true});
    // The game's time runs out in mid-move: thirty seconds follow.
    clock.set({red: 10000, black: 0}, 'red', 0);
    assert.equal(clock.left('red', 5000), 35000);
    assert.deepEqual(clock.read('red', 15000), {main: 0, move: 25000, byoYomi: true});
    assert.deepEqual(
      [parseControl('x'), parseControl('5'), parseControl('-1+5'), parseControl('5/5')],
      [null, null, null, null],
    );
    assert.deepEqual(['3+2', '10+5', '30+20', '20/60/30'].map(speedOf), [
      'blitz',
      'rapid',
      'classical',
      'classical',
    ]);
  },

  timesAreWritten() {
    const cases = [
      [0, '0:00.0'],
      [9949, '0:10.0'],
      [9500, '0:09.5'],
      [950, '0:01.0'],
      [10000, '0:10'],
      [59001, '1:00'],
      [605000, '10:05'],
      [3661000, '1:01:01'],
    ];
    for (const [ms, text] of cases) assert.equal(formatTime(ms), text, String(ms));
  },

  recordsAreReadByTheRulesLibrary() {
    const moves = 'h2e2 h9g7 h0g2 i9h9 e2e6 b9c7'
      .split(' ')
      .map((text, i) => ({move: text, at_ms: 1000 * i + 5, charged_ms: i < 2 ? 0 : 12345}));
    // What is not known is left out.
    delete moves[1].charged_ms;
    delete moves[4].at_ms;
    delete moves[4].charged_ms;
    const game = GameModel.fromRecord('g', {
      moves,
      result: '1-0',
      reason: 'resignation',
      tags: {Red: 'Zhang "the\\horse"', Black: '李\n四', TimeControl: '10+5', Date: 7},
    });
    for (const format of ['iccs', 'wxf', 'chinese']) {
      const pgn = formatPgn(game, format);
      const run = spawnSync(xq, ['record', '-', 'json'], {input: pgn, encoding: 'utf8'});
      assert.equal(run.status, 0, `${pgn}\n${run.stderr}`);
      const record = JSON.parse(run.stdout);
      assert.deepEqual(record.moves, moves);
      assert.equal(record.tags.Red, 'Zhang "the\\horse"');
      assert.equal(record.reason, 'resignation');
      // And what the library writes is read here.
      const again = decode(JSON.stringify({t: 'record', game: 'g', record}));
      assert.equal(GameModel.fromRecord('g', again.record).ply, moves.length);
    }
  },

  recordsAreJsonToo() {
    const game = new GameModel('g');
    game.receive(whole({moves: [{move: 'h2e2', at_ms: 5, charged_ms: 4}]}), 0);
    game.receive(move(6, 1, 'h9g7'), 0);
    const read = () => {
      const run = spawnSync(xq, ['record', '-', 'json'], {
        input: formatJson(game),
        encoding: 'utf8',
      });
      assert.equal(run.status, 0, run.stderr);
      return JSON.parse(run.stdout);
    };
    assert.equal(read().result, '*');
    const end = {t: 'end', game: 'g', v: 7, result: '0-1', reason: 'resignation'};
    game.receive({...end, red_ms: 1, black_ms: 2}, 0);
    const record = read();
    assert.deepEqual(record.moves, [
      {move: 'h2e2', at_ms: 5, charged_ms: 4},
      {move: 'h9g7', at_ms: 1, charged_ms: 1},
    ]);
    assert.equal(record.reason, 'resignation');
    assert.equal(record.tags.Red, 'Zhang');
    // The archive's, as it is.
    const kept = {...record, tags: {Event: 'Friday'}, comment: 'by candlelight'};
    assert.deepEqual(JSON.parse(formatJson(GameModel.fromRecord('g', kept))), kept);
  },

  theComputerIsCalledByItsLevel() {
    const bot = 'Bot 2 (Easy)';
    assert.equal(playerName({id: 'bot:2', name: bot}), 'Computer (Easy)');
    assert.equal(playerName({name: bot}), 'Computer (Easy)');
    assert.equal(playerName({id: '', name: bot}), 'Computer (Easy)');
    assert.equal(playerName({id: 'a1', name: bot}), bot);
    assert.equal(playerName({name: 'Bot'}), 'Bot');
  },
  numbersAtTheBoardCountFromTheRight() {
    assert.equal(boardLabels('chinese', false).bottom.join(''), '九八七六五四三二一');
    assert.equal(boardLabels('chinese', true).bottom.join(''), '987654321');
    assert.equal(boardLabels('chinese', true).top.join(''), '一二三四五六七八九');
    assert.equal(boardLabels('iccs', true).bottom.join(''), 'ihgfedcba');
  },

  everyWordIsInEveryLanguage() {
    const keys = Object.keys(dictionaries.en).sort();
    for (const [name, dictionary] of Object.entries(dictionaries)) {
      assert.deepEqual(Object.keys(dictionary).sort(), keys, name);
      for (const key of keys) {
        const values = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
        assert.equal(values(dictionary[key]), values(dictionaries.en[key]), `${name}: ${key}`);
      }
    }
    const used = new Set();
    for (const file of sources()) {
      const text = fs.readFileSync(path.join(web, file), 'utf8');
      for (const [, key] of text.matchAll(/\bt\('(\w+)'/g)) used.add(key);
    }
    assert.ok(used.size > 60);
    for (const key of used) assert.ok(key in dictionaries.en, key);
  },

  // What is imported or linked is there, and nothing comes from elsewhere.
  filesReferToFilesOfTheirOwn() {
    for (const file of sources()) {
      const text = fs.readFileSync(path.join(web, file), 'utf8');
      for (const [, target] of text.matchAll(/from '([^']+)'/g)) {
        if (file === 'art/make_glyphs.mjs') continue;
        assert.ok(fs.existsSync(path.join(web, path.dirname(file), target)), `${file}: ${target}`);
      }
      assert.ok(
        !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/.test(text),
        file,
      );
    }
    const page = fs.readFileSync(path.join(web, 'index.html'), 'utf8');
    const links = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, target]) => target);
    assert.ok(links.length > 5);
    for (const link of links) assert.ok(fs.existsSync(path.join(web, link)), link);
    // All that main.js leads to is fetched at once, not level by level.
    const ahead = [...page.matchAll(/"modulepreload" href="\/([^"]+)"/g)].map(
      ([, target]) => target,
    );
    assert.deepEqual(
      ahead.toSorted(),
      sources()
        .filter((file) => file !== 'main.js')
        .toSorted(),
    );
    assert.ok(!/<script>|style="| on\w+="/.test(page), 'inline code');
  },
};

function sources(directory = '') {
  return fs.readdirSync(path.join(web, directory), {withFileTypes: true}).flatMap((entry) => {
    const name = path.join(directory, entry.name);
    if (entry.isDirectory()) return sources(name);
    return name.endsWith('.js') ? [name] : [];
  });
}

for (const [name, test] of Object.entries(tests)) {
  test();
  console.log(`ok ${name}`);
}
