// People at browsers: headless Chromium, driven by playwright-core, and a line to the
// server that can be cut.
//
//   const people = await openBrowser(playwrightDir);
//   const zhang = await people.sitDown('http://127.0.0.1:8000/', {name: 'Zhang'});
//   await zhang.drag('h2e2');

import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import {createRequire} from 'node:module';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(playwrightDir) {
  const {chromium} = createRequire(import.meta.url)(path.resolve(playwrightDir));
  const browser = await chromium.launch({executablePath: CHROMIUM, args: FLAGS});
  return {
    async sitDown(url, {name = '', settings = {}, websocket = null, ...options} = {}) {
      const context = await browser.newContext({
        viewport: {width: 1360, height: 860},
        locale: 'en-US',
        ...options,
      });
      await context.addInitScript(
        (kept) => {
          if (localStorage.getItem('xiangqi.settings') === null)
            localStorage.setItem('xiangqi.settings', kept);
        },
        JSON.stringify({name, ...settings}),
      );
      const page = await context.newPage();
      if (websocket !== null) await page.routeWebSocket(/\/ws$/, websocket);
      const person = new Person(page, url);
      await page.goto(url);
      await person.until(() => xiangqi.client.status === 'online');
      return person;
    },
    close: () => browser.close(),
  };
}

const square = (text) => ({file: text.charCodeAt(0) - 97, rank: Number(text[1])});

class Person {
  troubles = [];

  constructor(page, url) {
    this.page = page;
    const {host} = new URL(url);
    page.on('pageerror', (error) => this.troubles.push(`error: ${error.stack}`));
    page.on('dialog', (dialog) => {
      this.troubles.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('console', (message) => {
      // A refused connection is what it is meant to be told.
      if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket/.test(message.text())) {
        this.troubles.push(`console: ${message.text()}`);
      }
    });
    page.on('request', (request) => {
      const asked = new URL(request.url());
      if (asked.protocol !== 'blob:' && asked.host !== host)
        this.troubles.push(`third party: ${asked}`);
    });
  }

  until(what, argument) {
    return this.page.waitForFunction(what, argument, {timeout: 20000});
  }
  atPly(ply) {
    return this.until(
      (n) => xiangqi.client.game?.ply === n && xiangqi.client.pending === null,
      ply,
    );
  }
  look(what, argument) {
    return this.page.evaluate(what, argument);
  }
  // Presses what is there, and lets go when `meanwhile` has happened.
  async pressThrough(selector, meanwhile) {
    const box = await this.page.locator(selector).boundingBox();
    const {mouse} = this.page;
    await mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await mouse.down();
    await meanwhile();
    await mouse.up();
  }
  hasFocus(selector) {
    return this.look((wanted) => document.activeElement.matches(wanted), selector);
  }
  text(selector) {
    return this.page.locator(selector).first().innerText();
  }

  // Where a square is on the screen.
  async place(text) {
    const box = await this.page.locator('main.game .board').boundingBox();
    const flipped = await this.look(() => xiangqi.client.game?.you === 'black');
    const {file, rank} = square(text);
    const [column, row] = flipped ? [8 - file, rank] : [file, 9 - rank];
    return [
      box.x + (box.width * (50 + 100 * column)) / 900,
      box.y + (box.height * (80 + 100 * row)) / 1060,
    ];
  }

  async drag(move) {
    const {mouse} = this.page;
    await mouse.move(...(await this.place(move.slice(0, 2))));
    await mouse.down();
    await mouse.move(...(await this.place(move.slice(2))), {steps: 4});
    await mouse.up();
  }
  async click(move) {
    for (const end of [move.slice(0, 2), move.slice(2)])
      await this.page.mouse.click(...(await this.place(end)));
  }
  async tap(move) {
    for (const end of [move.slice(0, 2), move.slice(2)])
      await this.page.touchscreen.tap(...(await this.place(end)));
  }
  // A finger that drags; the page must stay where it is.
  async swipe(move) {
    const before = await this.look(() => scrollY);
    const drop = await this.hold(move.slice(0, 2));
    await drop(move.slice(2));
    assert.equal(await this.look(() => scrollY), before, 'the board scrolls the page');
  }
  // A finger that has picked a piece up; what is returned drops it. `also`: where another
  // finger touches the board meanwhile.
  async hold(from, also = null) {
    const session = await this.page.context().newCDPSession(this.page);
    const start = await this.place(from);
    const other = also === null ? [] : [await this.place(also)];
    const send = (type, ...points) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: points.map(([x, y], id) => ({x, y, id})),
      });
    await send('touchStart', start);
    const on = (end, part) => start.map((value, i) => value + part * (end[i] - value));
    await send('touchMove', on([start[0], start[1] - 12], 1));
    if (also !== null) await send('touchStart', on([start[0], start[1] - 12], 1), ...other);
    return async (to) => {
      const end = await this.place(to);
      for (const part of [0.4, 0.7, 1]) await send('touchMove', on(end, part), ...other);
      await send('touchEnd');
      await session.detach();
    };
  }
  // By the mouse, whose right button is pressed on the way.
  async dragWithBothButtons(move) {
    const {mouse} = this.page;
    await mouse.move(...(await this.place(move.slice(0, 2))));
    await mouse.down();
    await mouse.down({button: 'right'});
    await mouse.up({button: 'right'});
    await mouse.move(...(await this.place(move.slice(2))), {steps: 4});
    await mouse.up();
  }
  async type(move) {
    await this.page.fill('.move-entry', move);
    await this.page.press('.move-entry', 'Enter');
  }

  async say(text) {
    await this.page.fill('.chat-form input', text);
    await this.page.press('.chat-form input', 'Enter');
    // Back to the board.
    await this.look(() => scrollTo(0, 0));
  }

  // Until nothing moves any more but what always does.
  settle() {
    return this.until(() =>
      document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity),
    );
  }

  // Whose piece is drawn on a square; '' for none.
  async drawnAt(text) {
    await this.settle();
    const [x, y] = await this.place(text);
    return this.look(
      ([left, top]) => {
        const piece = document.elementFromPoint(left, top)?.closest('.piece');
        return piece === null || piece === undefined
          ? ''
          : piece.classList.contains('red')
            ? 'red'
            : 'black';
      },
      [x, y],
    );
  }

  async shoot(directory, name) {
    if (!directory) return;
    await this.settle();
    await this.page.screenshot({path: path.join(directory, `chinese_chess_${name}.png`)});
  }

  hadNoTrouble() {
    assert.deepEqual(this.troubles, []);
  }
}

// Passes a port on, until it is cut.
export async function openLine(port) {
  const sockets = new Set();
  let cut = false;
  const server = net.createServer((client) => {
    if (cut) return client.destroy();
    const upstream = net.connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    cut() {
      cut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      cut = false;
    },
    close() {
      this.cut();
      server.close();
    },
  };
}
