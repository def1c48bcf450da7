#!/usr/bin/env python3
"""Hold a port as a serial monitor does, until killed: hold_port.py PORT [NAME].

Makes ./held when it does. NAME: what the process is called.
"""

import pathlib
import signal
import sys

import serial

if len(sys.argv) > 2:
    pathlib.Path("/proc/self/comm").write_text(sys.argv[2], encoding="ascii")
with serial.Serial(sys.argv[1], exclusive=True):
    pathlib.Path("held").touch()
    signal.pause()
