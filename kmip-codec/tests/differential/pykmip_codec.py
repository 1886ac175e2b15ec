"""Reads messages with PyKMIP and writes them again, for the differential test.

In: the kind of message (`Q` request, `R` response), its length in 4 bytes, the message. Out: what became of it (`=` read
and written, `!` refused), a length in 4 bytes, and the message as written or the error.
"""

import logging
import signal
import struct
import sys
import traceback
import warnings

from kmip.core import primitives
from kmip.core.messages import contents, messages
from kmip.core.utils import BytearrayStream

KINDS = {b"Q": messages.RequestMessage, b"R": messages.ResponseMessage}
SECONDS_MAX = 10


class Text(primitives.TextString):
    """PyKMIP writes eight bytes of padding too many after a text that it read, where its length needs none. That would
    hide every difference after it."""

    def read_value(self, istream, *args, **kwargs):
        original(self, istream, *args, **kwargs)
        self.padding_length %= self.PADDING_SIZE


original = primitives.TextString.read_value
primitives.TextString.read_value = Text.read_value


class TooSlow(Exception):
    """PyKMIP did not come to an end."""


def give_up(*_):
    raise TooSlow


def again(kind, message):
    """The message as PyKMIP understands it."""
    read = KINDS[kind]()
    read.read(BytearrayStream(message))
    header = read.request_header if kind == b"Q" else read.response_header
    written = BytearrayStream()
    read.write(written, contents.protocol_version_to_kmip_version(header.protocol_version))
    return bytes(written.buffer)


def told(error):
    """The error, and the structure in which it was met."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    owners = [frame.f_locals["self"] for frame in frames if isinstance(frame.f_locals.get("self"), primitives.Struct)]
    return f"{type(error).__name__} in {type(owners[-1]).__name__ if owners else None}: {error}"


def main():
    warnings.simplefilter("ignore")
    logging.disable()
    signal.signal(signal.SIGALRM, give_up)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(5):
        kind, length = head[:1], struct.unpack(">I", head[1:])[0]
        message = source.read(length)
        signal.alarm(SECONDS_MAX)
        try:
            mark, answer = b"=", again(kind, message)
        except Exception as error:  # Whatever it raises: it did not take the message.
            mark, answer = b"!", told(error).encode()
        signal.alarm(0)
        sink.write(mark + struct.pack(">I", len(answer)) + answer)
        sink.flush()


if __name__ == "__main__":
    main()
