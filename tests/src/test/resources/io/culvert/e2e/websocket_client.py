"""Sends messages of every length's encoding (RFC 6455 section 5.2) and sees each come back.

Arguments: the URL, the address that its name stands for and, for TLS, the authority's file. Says one line for each thing that went
well; the exit status is 1 where one did not.
"""
import asyncio
import random
import ssl
import sys
import urllib.parse

import websockets


async def main():
    options = {"host": sys.argv[2], "max_size": None}
    if len(sys.argv) > 3:
        options["ssl"] = ssl.create_default_context(cafile=sys.argv[3])
        options["server_hostname"] = urllib.parse.urlsplit(sys.argv[1]).hostname
    async with websockets.connect(sys.argv[1], **options) as connection:
        for length in (0, 1, 125, 126, 65_535, 65_536, 1_000_000):
            message = random.Random(length).randbytes(length)
            await connection.send(message)
            assert await connection.recv() == message, length
        print("binary")
        text = "Grüße " * 10_000
        await connection.send(text)
        assert await connection.recv() == text
        print("text")
        await (await connection.ping(b"are you there"))
        print("ping")
        messages = [str(number) for number in range(1000)]
        for message in messages:
            await connection.send(message)
        assert [await connection.recv() for _ in messages] == messages
        print("many")
    print("closed", connection.close_code)


asyncio.run(main())
