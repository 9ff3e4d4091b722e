# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs on a host as a user, and stays: each line of its input is a question, each line of its output the answer, in JSON.

{"ask": [REQUEST in hexadecimal, ...]}  what the setuid helper answers to each: its status
{"run": [WORD, ...]}                    [exit status, standard output, standard error] of a command
"""
import json
import os
import socket
import subprocess
import sys

from ask_helper import receive

HELPER = sys.argv[1]


def ask(data):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(data)
        actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)]
        helper = os.posix_spawn(HELPER, [HELPER], {}, file_actions=actions)
        theirs.close()
        answer = receive(ours)
        os.waitpid(helper, 0)
    for descriptor in answer[1] if answer else []:
        os.close(descriptor)
    return answer and answer[0]


def run(words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps([ask(bytes.fromhex(data)) for data in question["ask"]] if "ask" in question else run(question["run"])), flush=True)
