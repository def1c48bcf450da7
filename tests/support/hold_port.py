#!/usr/bin/env python3
"""Hold a port as a serial monitor does, until killed: hold_port.py PORT. Makes ./held when it does."""

import pathlib
import signal
import sys

import serial

with serial.Serial(sys.argv[1], exclusive=True):
    pathlib.Path("held").touch()
    signal.pause()
