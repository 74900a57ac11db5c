"""kill -9 at random instants under load: finished games stay, running ones go on.

Half of the players speak lines, half WebSocket. After each kill, before the server starts
again, all that the players have heard of is looked for in the database; all games that run
in it must be told to their players.

  bazel test //tests/apps/chinese_chess/load:kill_test
  bazel run //tests/apps/chinese_chess/load:kill_test -- --kills 50
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time


class Server:
    """The game server, again and again on the same port and database."""

    def __init__(self, program, directory):
        self._program = program
        self._database = directory / "games.db"
        self._log = open(directory / "server.err", "w")
        self.port = 0

    def start(self):
        self._process = subprocess.Popen(
            [self._program, "--listen", f"127.0.0.1:{self.port}", "--threads", "2",
             "--db", self._database, "--credits", "1000000",
             # Games that are called off are not kept: none is, however slow the machine.
             "--first_move", "10m"],
            stdout=subprocess.PIPE, stderr=self._log, text=True)
        line = self._process.stdout.readline()
        found = re.search(r"listening.*:(\d+)", line)
        assert found, f"no server: {line!r}"
        self.port = int(found[1])

    def kill(self):
        self._process.kill()
        self._process.communicate()

    def read_database(self):
        """Of a copy, so that SQLite's own recovery is left to the server."""
        with tempfile.TemporaryDirectory(dir=self._database.parent) as name:
            for file in self._database.parent.glob("games.db*"):
                shutil.copy(file, name)
            database = sqlite3.connect(pathlib.Path(name) / "games.db")
            check = database.execute("PRAGMA integrity_check").fetchall()
            assert check == [("ok",)], check
            finished = {}
            for game, reason, plies, record in database.execute(
                    "SELECT id, reason, plies, record FROM finished"):
                assert len(json.loads(record)["moves"]) == plies, game
                finished[game] = reason
            running = {row[0] for row in database.execute("SELECT id FROM running")}
            database.close()
            assert not running & finished.keys(), running & finished.keys()
            return finished, running


class Load:
    """Players in pairs, who write down which ends they have seen."""

    def __init__(self, options, directory, server, seed, *flags):
        self.ends = directory / f"finished{seed}"
        self.ends.touch()
        self._errors = directory / f"load{seed}.err"
        longest = options.kills * (options.between + 5) + 10
        with open(self._errors, "w") as errors:
            self._process = subprocess.Popen(
                [options.load, "--players", str(options.players // 2), "--json",
                 "--quiet", "--duration", f"{longest}s", "--resign", "0.02",
                 "--draw", "0.02", "--drop", "0.01", "--away", "50ms",
                 "--seed", str(seed), "--finished", self.ends, *flags,
                 f"127.0.0.1:{server.port}"],
                stdout=subprocess.PIPE, stderr=errors, text=True)

    def check_runs(self):
        assert self._process.poll() is None, self._process.communicate()

    def finish(self, least_lost):
        self._process.send_signal(2)
        output, _ = self._process.communicate(timeout=60)
        print(output, self._errors.read_text())
        assert self._process.returncode == 0, f"exit code {self._process.returncode}"
        report = json.loads(output)
        assert report["wrong"] == 0 and report["games_lost"] == 0, report
        assert report["lost_connections"] >= least_lost, report


def heard_ends(loads):
    """Games that a player has seen end; the last line may be half written."""
    lines = [line for load in loads
             for line in load.ends.read_text().split("\n")[:-1]]
    return dict(line.split(" ", 1) for line in lines)


def check_ends(heard, finished):
    missing = {game: reason for game, reason in heard.items()
               if finished.get(game) != reason}
    assert not missing, f"told to a player, but not in the database: {missing}"


def run(options, directory):
    chance = random.Random(options.seed)
    server = Server(options.server, directory)
    server.start()
    loads = [Load(options, directory, server, options.seed),
             Load(options, directory, server, options.seed + 1, "--websocket")]
    before, resumed = {}, 0
    for kill in range(options.kills):
        # There is something to lose: games of both kinds have ended since the last time.
        deadline = time.monotonic() + 60
        while any(len(heard_ends([load]).keys() - before.keys()) < 3
                  for load in loads):
            for load in loads:
                load.check_runs()
            assert time.monotonic() < deadline, "no game ends any more"
            time.sleep(0.01)
        time.sleep(chance.uniform(0, options.between))
        server.kill()
        before = heard_ends(loads)
        finished, running = server.read_database()
        check_ends(before, finished)
        assert running, "no game was running"
        resumed += len(running)
        print(f"kill {kill + 1}: {len(before)} ends heard, {len(finished)} written, "
              f"{len(running)} games go on", flush=True)
        server.start()
    for load in loads:
        # Those who are on their way to a connection when it dies have lost none.
        load.finish(least_lost=options.kills * options.players / 8)
    server.kill()
    check_ends(heard_ends(loads), server.read_database()[0])
    again = collections.Counter(
        line.split(" ", 1)[0] for load in loads
        for line in load.ends.read_text().splitlines())
    assert max(again.values()) == 1, "a game has ended twice"
    print(f"{options.kills} kills, {resumed} games went on, "
          f"{len(again)} ended, none lost")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("load")
    parser.add_argument("server")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--players", type=int, default=200)
    parser.add_argument("--between", type=float, default=0.5, help="seconds, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.load = os.path.abspath(options.load)
    options.server = os.path.abspath(options.server)
    with tempfile.TemporaryDirectory() as directory:
        run(options, pathlib.Path(directory))


if __name__ == "__main__":
    main()
