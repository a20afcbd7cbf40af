"""A WebSocket server that sends every message back. Argument: the port, on every address."""
import asyncio
import sys

import websockets


async def echo(connection, path):
    async for message in connection:
        await connection.send(message)


async def main():
    async with websockets.serve(echo, None, int(sys.argv[1]), max_size=None):
        await asyncio.Future()


asyncio.run(main())
