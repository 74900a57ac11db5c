// Chromium as the client of an echo server of ours: a page asks, and says what came.
//
// websocket_chromium_peer.mjs CHROMIUM PORT PID [deflate]
//   PORT and PID are the echo server's; it is told to end while the page is connected.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';

const [chromium, port, pid, deflate] = process.argv.slice(2);

// Runs in the page. Everything that it uses is inside.
async function page(url, deflate) {
  const check = (good, what) => {
    if (!good) throw new Error(what);
  };
  const open = () =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(url);
      ws.binaryType = 'arraybuffer';
      ws.onopen = () => resolve(ws);
      ws.onerror = () => reject(new Error('no connection'));
    });
  const next = (ws) => new Promise((resolve) => (ws.onmessage = (e) => resolve(e.data)));
  const ended = (ws) => new Promise((resolve) => (ws.onclose = resolve));
  const text = (size) => {
    let s = '';
    for (let i = 0; s.length < size; ++i) s += `${(i * 7919) % 1009},`;
    return s.slice(0, size);
  };
  const bytes = (size) => Uint8Array.from({length: size}, (_, i) => (i * 7919) >> 3);
  const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

  const ws = await open();
  check(ws.extensions.startsWith('permessage-deflate') === deflate, ws.extensions);
  for (const size of [0, 1, 125, 126, 127, 65535, 65536, 300000, 1 << 20]) {
    let got = next(ws);
    ws.send(text(size));
    check((await got) === text(size), `text of ${size}`);
    got = next(ws);
    ws.send(bytes(size));
    check(same(new Uint8Array(await got), bytes(size)), `${size} bytes`);
  }
  // A surrogate without its other half goes out as U+FFFD.
  for (const [sent, back] of [
    ['κόσμε \u{10FFFF} 象棋\0', 'κόσμε \u{10FFFF} 象棋\0'],
    ['\ud800', '\ufffd'],
  ]) {
    const got = next(ws);
    ws.send(sent);
    check((await got) === back, `text "${sent}"`);
  }
  // Without waiting, in order.
  const all = new Promise((resolve) => {
    const got = [];
    ws.onmessage = (e) => got.push(e.data) === 1000 && resolve(got);
  });
  for (let i = 0; i < 1000; ++i) ws.send(`${i} ${text(i)}`);
  (await all).forEach((data, i) => check(data === `${i} ${text(i)}`, `message ${i}`));
  let end = ended(ws);
  ws.send('x'.repeat((1 << 20) + 1));
  let {code, wasClean} = await end;
  check(code === 1009, `too big: ${code}`);

  for (const sent of [1000, 3000, 4999, undefined]) {
    const other = await open();
    end = ended(other);
    other.close(...(sent === undefined ? [] : [sent, '再见'.repeat(20)]));
    ({code, wasClean} = await end);
    check(code === (sent ?? 1005) && wasClean, `closed with ${sent}: ${code}`);
  }

  const last = await open();
  end = ended(last);
  await fetch('/stop-the-server', {method: 'POST'});
  ({code, wasClean} = await end);
  check(code === 1001 && wasClean, `the server goes: ${code}`);
}

const run = `<script>
  (${page})('ws://127.0.0.1:${port}/', ${deflate !== undefined})
    .then(() => 'PASSED', (error) => String(error))
    .then((body) => fetch('/result', {method: 'POST', body}));
</script>`;

// Below /tmp: the path of a socket in it may have 107 characters.
const profile = fs.mkdtempSync('/tmp/websocket_chromium.');
let browser;
let result = 'Chromium ended before the page did';

const pages = http.createServer((request, response) => {
  let body = '';
  request.on('data', (data) => (body += data));
  request.on('end', () => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(request.url === '/' ? run : '');
    if (request.url === '/stop-the-server') process.kill(Number(pid), 'SIGTERM');
    if (request.url !== '/result') return;
    result = body;
    process.kill(-browser.pid, 'SIGKILL'); // With its children: they would write on.
  });
});
pages.listen(0, '127.0.0.1', () => {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
    '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', `--user-data-dir=${profile}`];
  browser = spawn(chromium, [...flags, `http://127.0.0.1:${pages.address().port}/`],
    {stdio: 'ignore', detached: true});
  browser.on('exit', () => {
    fs.rmSync(profile, {recursive: true, force: true, maxRetries: 20});
    assert.equal(result, 'PASSED');
    process.exit(0);
  });
});
