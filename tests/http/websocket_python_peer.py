"""Debian's python3-websockets as the other end.

websocket_python_peer.py client URL   checks an echo server
websocket_python_peer.py server       is one; prints its port
"""

import asyncio
import sys

import websockets

LIMIT = 2 << 20


async def check(url, compression):
    async with websockets.connect(
        url, compression=compression, max_size=LIMIT
    ) as peer:
        for size in (0, 1, 125, 126, 1000, 65535, 65536, 300000, 900000):
            text = "".join(f"{i * 7919 % 1009}," for i in range(size // 3 + 1))[:size]
            await peer.send(text)
            assert await peer.recv() == text, size
            await peer.send(text.encode())
            assert await peer.recv() == text.encode(), size
        # Fragments, with a control frame between.
        await peer.send(["frag", "ment", "ed \u4e2d\u56fd\u8c61\u68cb"])
        assert await peer.recv() == "fragmented \u4e2d\u56fd\u8c61\u68cb"
        pong = await peer.ping(b"12345678")
        await asyncio.wait_for(pong, 10)
        for i in range(1000):
            await peer.send(str(i))
        for i in range(1000):
            assert await peer.recv() == str(i)
        await peer.close(code=4001, reason="enough")
        assert peer.close_code == 4001, peer.close_code


async def check_too_big(url):
    async with websockets.connect(url, compression=None) as peer:
        await peer.send("x" * ((1 << 20) + 1))
        try:
            await peer.recv()
        except websockets.exceptions.ConnectionClosed:
            assert peer.close_code == 1009, peer.close_code
            return
        raise AssertionError("a message above the limit came back")


async def client(url):
    await check(url, None)
    await check(url, "deflate")
    await check_too_big(url)
    print("PASSED", websockets.__version__)


async def echo(peer):
    async for message in peer:
        await peer.send(message)


async def server():
    # Version 10 passes a path, too.
    async with websockets.serve(
        lambda peer, *_: echo(peer), "127.0.0.1", 0, max_size=LIMIT
    ) as running:
        for socket in running.sockets:
            print("listening on port", socket.getsockname()[1], flush=True)
        await asyncio.Future()


if sys.argv[1] == "client":
    asyncio.run(client(sys.argv[2]))
else:
    asyncio.run(server())
