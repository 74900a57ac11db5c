// The npm package ws as the other end.
//
// websocket_node_peer.js PACKAGE client URL   checks an echo server
// websocket_node_peer.js PACKAGE server       is one; prints its port
'use strict';
const assert = require('assert');
const WebSocket = require(process.argv[2]);

function text(size) {
  let s = '';
  for (let i = 0; s.length < size; ++i) s += `${i * 7919 % 1009},`;
  return s.slice(0, size);
}

async function check(url, options) {
  const ws = new WebSocket(url, options);
  const waiting = [];
  ws.on('message', (data, binary) => waiting.shift()({data, binary}));
  const next = () => new Promise((resolve) => waiting.push(resolve));
  await new Promise((resolve, reject) => {
    ws.on('open', resolve);
    ws.on('error', reject);
  });
  for (const size of [0, 1, 125, 126, 1000, 65535, 65536, 300000, 900000]) {
    for (const binary of [false, true]) {
      const got = next();
      ws.send(binary ? Buffer.from(text(size)) : text(size), {binary});
      const {data, binary: wasBinary} = await got;
      assert.strictEqual(wasBinary, binary);
      assert.strictEqual(data.toString(), text(size));
    }
  }
  const joined = next();
  ws.send('frag', {fin: false});
  ws.ping('between');
  ws.send('mented', {fin: true});
  assert.strictEqual((await joined).data.toString(), 'fragmented');
  await new Promise((resolve) => {
    ws.on('pong', (data) => data.toString() === 'x' && resolve());
    ws.ping('x');
  });
  const closed = new Promise((resolve) => ws.on('close', resolve));
  ws.close(4001, 'enough');
  assert.strictEqual(await closed, 4001);
}

async function checkTooBig(url) {
  const ws = new WebSocket(url, {perMessageDeflate: false});
  ws.on('error', () => {});
  await new Promise((resolve) => ws.on('open', resolve));
  const closed = new Promise((resolve) => ws.on('close', resolve));
  ws.send('x'.repeat((1 << 20) + 1));
  assert.strictEqual(await closed, 1009);
}

async function client(url) {
  await check(url, {perMessageDeflate: false});
  await check(url, {perMessageDeflate: {threshold: 0}});
  await check(url, {
    perMessageDeflate: {
      threshold: 0,
      clientNoContextTakeover: true,
      serverNoContextTakeover: true,
      serverMaxWindowBits: 10,
    },
  });
  await checkTooBig(url);
  console.log('PASSED');
}

function server() {
  const wss = new WebSocket.Server(
      {port: 0, host: '127.0.0.1', perMessageDeflate: {threshold: 0}},
      () => console.log('listening on port', wss.address().port));
  wss.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, {binary}));
  });
}

if (process.argv[3] === 'client') {
  client(process.argv[4]).catch((error) => {
    console.error(error);
    process.exit(1);
  });
} else {
  server();
}
