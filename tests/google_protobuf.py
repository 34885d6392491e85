#!/usr/bin/env python3
"""Runs a program against a Pinba receiver that is Google's protobuf, and checks what it sends.

    pip install protobuf grpcio-tools
    python3 tests/google_protobuf.py -- cargo run --example simple

The program finds the receiver in PINBA_SERVER. Every datagram that it sends has to decode, and to
be canonical: Google's encoder makes the same bytes of it. One of them has to hold the timer of
the documentation, `timer!(foo = "bar", baz = ["seq1", "seq2"], qux = { map1 = "val1" })`, and no
other timer. Exit code 0 if so, 1 if not, 2 if this could not be found out.
"""

import argparse
import importlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROTO = pathlib.Path(__file__).resolve().parent.parent / "proto" / "pinba.proto"
SEED = [("baz", "seq1"), ("baz", "seq2"), ("foo", "bar"), ("qux.map1", "val1")]
# Loopback delivers at once; this is for a machine that is busy with other things.
LATE = 0.5


class Failure(Exception):
    """Something that is wrong with the program or its packets."""


def compile_schema(directory):
    """Lets Google's compiler make Python of proto/pinba.proto; gives the class `Request`."""
    from grpc_tools import protoc

    arguments = ["protoc", f"-I{PROTO.parent}", f"--python_out={directory}", str(PROTO)]
    if protoc.main(arguments) != 0:
        raise Failure(f"Google's compiler rejects {PROTO}")
    sys.path.insert(0, directory)
    return importlib.import_module("pinba_pb2").Request


def run(command, timeout):
    """Runs the command with a receiver; gives the datagrams that came until it ended."""
    datagrams = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        # The system's default holds some 250 small packets; this takes a burst.
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.05)
        host, port = receiver.getsockname()
        environment = dict(os.environ, PINBA_SERVER=f"{host}:{port}")
        # Switched off it would send nothing, and that would look like an error of the program.
        environment.pop("PINBA_ENABLED", None)
        # A session of its own, so that a timeout also ends what `cargo run` has started.
        child = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            deadline = time.monotonic() + timeout
            while child.poll() is None:
                if time.monotonic() > deadline:
                    raise Failure(
                        f"`{' '.join(command)}` still runs after {timeout:g} s"
                        f" and {len(datagrams)} datagrams"
                    )
                receive(receiver, datagrams)
            end = time.monotonic() + LATE
            while time.monotonic() < end:
                receive(receiver, datagrams)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if child.returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed with exit code {child.returncode}")
    return datagrams


def receive(receiver, datagrams):
    try:
        datagrams.append(receiver.recv(65536))
    except socket.timeout:
        pass


def decode(message_class, datagram):
    """Gives the message of a datagram, if it is one and written the way Google writes it."""
    from google.protobuf.message import DecodeError

    message = message_class()
    try:
        message.ParseFromString(datagram)
    except DecodeError as error:
        raise Failure(f"does not decode: {error}") from error
    if not message.IsInitialized():
        raise Failure(f"lacks required fields: {message.FindInitializationErrors()}")
    # Fields that the schema does not have survive this, therefore they are dropped first.
    known = message_class()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    if known.SerializeToString() != message.SerializeToString():
        raise Failure("has fields that the schema does not have")
    # proto2 takes any bytes for text, and Python then shows them as `bytes`.
    names = [message.hostname, message.server_name, message.script_name, message.schema]
    for word in [*names, *message.dictionary]:
        if not isinstance(word, str):
            raise Failure(f"has text that is not UTF-8: {word!r}")
    canonical = message.SerializeToString()
    if canonical != datagram:
        raise Failure(f"is not canonical, which would be {canonical.hex()}")
    return message


def timers(message):
    """Gives the pairs of each timer, sorted."""
    counts = message.timer_tag_count
    if not len(message.timer_hit_count) == len(message.timer_value) == len(counts):
        raise Failure("has timer arrays of different lengths")
    if not sum(counts) == len(message.timer_tag_name) == len(message.timer_tag_value):
        raise Failure("has another number of timer tags than its counts say")
    ids = list(zip(message.timer_tag_name, message.timer_tag_value))
    words = message.dictionary
    if any(max(pair) >= len(words) for pair in ids):
        raise Failure(f"has ids outside its dictionary of {len(words)} words")
    pairs = iter([(words[name], words[value]) for name, value in ids])
    return [sorted(next(pairs) for _ in range(count)) for count in counts]


def check(message_class, datagrams):
    """Raises a failure that names every bad packet, or the timers there are instead of ours."""
    problems, seen = [], []
    for number, datagram in enumerate(datagrams, 1):
        try:
            message = decode(message_class, datagram)
            seen.append((message.script_name, timers(message)))
        except Failure as failure:
            problems.append(f"packet {number} {failure}\n    {datagram.hex()}")
    if problems:
        raise Failure("\n".join(problems))
    if not any(found == [SEED] for _, found in seen):
        wanted = f"no packet has exactly one timer with exactly the pairs {text(SEED)}"
        packets = [
            f"    {script!r}: " + ("; ".join(map(text, found)) or "no timers")
            for script, found in seen
        ]
        raise Failure("\n".join([f"{wanted}; {len(seen)} packets came", *packets]))


def text(pairs):
    return ", ".join(f"{name}={value}" for name, value in pairs) or "(no tags)"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--timeout", type=float, default=300, help="seconds (%(default)s)")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --")
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        parser.error("no command given")
    try:
        with tempfile.TemporaryDirectory() as directory:
            message_class = compile_schema(directory)
            datagrams = run(command, arguments.timeout)
            check(message_class, datagrams)
    except Failure as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    except (ImportError, OSError) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return 2
    print(f"Google's protobuf reads all {len(datagrams)} packets, and the seed timer is there.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
