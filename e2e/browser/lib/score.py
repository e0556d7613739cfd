"""Prints wideband PESQ scores of what was heard of what was said over and over, window by window, lowest first.

`score.py SAID HEARD`: files of 48 kHz, 16 bit, mono samples.
"""

import json
import sys

import numpy as np
from pesq import pesq

RATE = 16_000
# P.862 wants 8 s or more.
WINDOW = 8 * RATE


def read(path):
    """Samples at 16 kHz, from -1 to 1."""
    samples = np.fromfile(path, dtype="<i2") / 32768
    taps = 255
    at = np.arange(taps) - taps // 2
    # A low pass at 7.6 kHz.
    cut = 7_600 / 48_000
    low_pass = 2 * cut * np.sinc(2 * cut * at) * np.hamming(taps)
    return np.convolve(samples, low_pass, mode="same")[::3]


def offset(long, short):
    """Where in the long one the short one fits best."""
    size = 1 << (len(long) + len(short)).bit_length()
    match = np.fft.irfft(np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size)), size)
    return int(np.argmax(match[: len(long) - len(short) + 1]))


said, heard = read(sys.argv[1]), read(sys.argv[2])
over_and_over = np.concatenate([said] * (2 + WINDOW // len(said)))
scores = []
for begin in range(0, len(heard) - WINDOW + 1, WINDOW):
    window = heard[begin : begin + WINDOW]
    at = offset(over_and_over, window)
    scores.append(pesq(RATE, over_and_over[at : at + WINDOW].astype(np.float32), window.astype(np.float32), "wb"))
print(json.dumps(sorted(float(score) for score in scores)))
