"""The terminal when the world is not as it should be: a server that goes or is none, a
reader who has gone, a script that cannot be played. The server is this test."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import unittest

TERMINAL = None
# What hangs is found by it; what works needs far less, also on a busy machine.
PATIENCE = 50

START = "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1"
GAME = {"t": "game", "game": "g", "v": 1, "you": "red", "control": "10+0",
        "red": {"name": "Zhang", "online": True, "left_ms": 600000},
        "black": {"name": "Li", "online": True, "left_ms": 600000},
        "turn": "red", "turn_ms": 0, "clock": True, "fen": START, "moves": [],
        "result": "*", "reason": "none"}
WELCOME = {"t": "welcome", "name": "Zhang", "token": "T", "games": []}


class Connection:
    """One that a terminal has made."""

    def __init__(self, listener):
        self._socket, _ = listener.accept()
        self._socket.settimeout(PATIENCE)
        self._lines = self._socket.makefile("rb")

    def hear(self, kind=None):
        """The next message, or the next of that type."""
        while True:
            line = self._lines.readline()
            assert line, "the terminal has hung up"
            message = json.loads(line)
            if kind in (None, message["t"]):
                return message

    def say(self, *messages):
        self._socket.sendall(
            "".join(json.dumps(message) + "\n" for message in messages).encode())

    def welcome(self, **more):
        hello = self.hear()
        assert hello["t"] == "hello", hello
        self.say({**WELCOME, **more})
        return hello

    def close(self):
        self._lines.close()
        self._socket.close()


class Terminal(unittest.TestCase):
    def setUp(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self._processes = []

    def tearDown(self):
        for process in self._processes:
            process.kill()
            process.communicate()
        self._listener.close()

    def start(self, *flags, stdin=subprocess.PIPE):
        port = self._listener.getsockname()[1]
        process = subprocess.Popen(
            [TERMINAL, *flags, f"127.0.0.1:{port}"], stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._processes.append(process)
        return process

    def type_at(self, *flags):
        """A terminal with somebody at a keyboard: what is written there is typed."""
        keyboard, stdin = pty.openpty()
        self.addCleanup(os.close, keyboard)
        process = self.start(*flags, stdin=stdin)
        os.close(stdin)
        return process, keyboard

    def connection(self):
        connection = Connection(self._listener)
        self.addCleanup(connection.close)
        return connection

    def type(self, process, *lines):
        process.stdin.write("".join(line + "\n" for line in lines).encode())
        process.stdin.flush()

    def read_until(self, process, beginning):
        while True:
            line = process.stdout.readline().decode()
            self.assertTrue(line, f"no {beginning!r}")
            if line.startswith(beginning):
                return line.rstrip("\n")

    def ends(self, process):
        """The exit code, all else that was printed, and the errors."""
        out, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, out.decode(), errors.decode()

    # --- Scripts that cannot be played -----------------------------------------------

    def test_what_needs_a_game_is_refused_where_none_is_to_come(self):
        for line in ("gmaes", "resign", "draw", "chat hello", "board", "moves",
                     "rematch", "claim", "wait over", "wait game"):
            with self.subTest(line):
                process = self.start()
                self.type(process, line, "quit")
                connection = self.connection()
                connection.welcome()
                code, out, _ = self.ends(process)
                self.assertEqual(code, 3, out)
                self.assertRegex(out, "(?m)^error (command|no_game): ")

    def test_a_script_goes_on_after_the_game_is_gone(self):
        process = self.start("--keep_going")
        self.type(process, "watch g", "wait over", "games", "quit")
        connection = self.connection()
        connection.welcome()
        join = connection.hear("join")
        connection.say({"t": "error", "re": "join", "id": join["id"], "code": "no_game",
                        "text": "there is no such game"})
        games = connection.hear("games")
        connection.say({"t": "games", "id": games["id"], "count": 0, "games": []})
        code, out, _ = self.ends(process)
        self.assertEqual(code, 3)
        self.assertIn("games: 0\n", out)

    def test_a_list_of_moves_without_a_game(self):
        process, keyboard = self.type_at()
        connection = self.connection()
        connection.welcome()
        self.read_until(process, "welcome")
        os.write(keyboard, b"moves\n")
        self.read_until(process, "error no_game")
        os.write(keyboard, b"watch g\nleave\nmoves\nquit\n")
        connection.hear("leave")
        code, out, _ = self.ends(process)
        self.assertEqual(code, 3)
        self.assertIn("error no_game", out)

    # --- Readers who have gone -------------------------------------------------------

    def test_nobody_reads_what_is_printed(self):
        process = self.start()
        connection = self.connection()
        connection.welcome()
        self.read_until(process, "welcome")
        process.stdout.close()
        self.assertEqual(process.wait(timeout=PATIENCE), 1)
        self.assertIn("standard output", process.stderr.read().decode())

    # --- Servers that go -------------------------------------------------------------

    def test_what_is_no_server_is_not_asked_without_pause(self):
        process, _ = self.type_at("--give_up", "2s")
        connections = 0
        self._listener.settimeout(0.05)
        while process.poll() is None:
            try:
                self._listener.accept()[0].close()
                connections += 1
            except TimeoutError:
                pass
            self.assertLess(connections, 15)
        code, out, errors = self.ends(process)
        self.assertEqual(code, 1)
        self.assertGreater(connections, 1)
        self.assertIn("no connection: ", out)
        self.assertIn("no connection to 127.0.0.1", errors)

    def test_a_script_ends_where_no_server_is(self):
        process = self.start()
        self.connection().close()
        code, _, errors = self.ends(process)
        self.assertEqual(code, 1)
        self.assertIn("no connection to 127.0.0.1", errors)

    def test_what_waits_in_the_lobby_waits_again(self):
        process = self.start()
        self.type(process, "room 5+3 casual red", "wait game", "board", "quit")
        first = self.connection()
        first.welcome()
        room = first.hear("room")
        first.say({"t": "waiting", "re": "room", "id": room["id"], "code": "abc123"})
        self.read_until(process, "room abc123")
        first.close()
        self.read_until(process, "connection lost")
        second = self.connection()
        self.assertEqual(second.welcome()["token"], "T")
        self.assertEqual(second.hear(), room)
        second.close()
        # The friend has come while nobody was here.
        third = self.connection()
        third.welcome(games=["g"])
        self.assertEqual(third.hear()["t"], "join")
        third.say(GAME)
        code, out, _ = self.ends(process)
        self.assertEqual(code, 0, out)
        self.assertIn("9  ", out)

    def test_the_clock_is_of_now_after_a_lost_connection(self):
        process = self.start()
        self.type(process, "watch g", "h2e2", "wait turn", "games", "clock", "quit")
        first = self.connection()
        first.welcome()
        join = first.hear("join")
        first.say({**GAME, "id": join["id"]})
        first.hear("move")
        first.close()
        second = self.connection()
        second.welcome()
        self.assertEqual(second.hear()["v"], 1)
        # Black has moved 400 s ago, when nobody was here.
        move = {"t": "move", "game": "g", "red_ms": 590000, "black_ms": 590000}
        second.say({**move, "v": 2, "by": "red", "ply": 0, "move": "h2e2"},
                   {**move, "v": 3, "by": "black", "ply": 1, "move": "h9g7"},
                   {"t": "ok", "re": "join", "game": "g", "red_ms": 190000,
                    "black_ms": 590000, "turn_ms": 400000, "clock": True})
        games = second.hear("games")
        second.say({"t": "games", "id": games["id"], "count": 0, "games": []})
        # A busy machine may take some of it.
        self.assertRegex(self.read_until(process, "clock"),
                         "^clock red (3:10|3:0.|2:..) black 9:50, red to move")
        self.assertEqual(self.ends(process)[0], 0)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    TERMINAL = os.path.abspath(sys.argv.pop(1))
    unittest.main()
