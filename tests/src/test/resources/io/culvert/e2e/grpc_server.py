"""A gRPC server whose messages are bytes and nothing more. Argument: the port, on every address.

Says "gone METHOD" when it hears that the client of a call has gone.
"""
import sys
import threading
from concurrent import futures

import grpc

MEBIBYTE = 1024 * 1024


def unary(request, context):
    context.send_initial_metadata((("x-head", "early"),))
    context.set_trailing_metadata((("x-tail", "late"), ("x-tail-bin", b"\x00\xff")))
    return request


def refused(request, context):
    context.set_trailing_metadata((("x-tail", "late"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: " + request.decode())


def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number


def total(requests, context):
    return b"%d" % sum(len(request) for request in requests)


def chat(requests, context):
    for request in requests:
        yield b"echo " + request


def remaining(request, context):
    return b"%f" % context.time_remaining()


def silent(request, context):
    gone = threading.Event()
    context.add_callback(gone.set)
    gone.wait()
    return b""


def waits(request, context):
    gone = threading.Event()
    context.add_callback(gone.set)
    yield b"here"
    gone.wait()
    print("gone waits", flush=True)


def endless(request, context):
    context.add_callback(lambda: print("gone endless", flush=True))
    while context.is_active():
        yield b"x" * 1000


def enough(requests, context):
    """Ends the call while its client is still sending."""
    next(requests)
    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")


def cancels(requests, context):
    """Breaks the call off, without a status, in the middle of the answer."""
    yield b"first"
    next(requests)
    context.cancel()


class Calls(grpc.GenericRpcHandler):
    METHODS = {
        "/test/unary": grpc.unary_unary_rpc_method_handler(unary),
        "/test/refused": grpc.unary_unary_rpc_method_handler(refused),
        "/test/count": grpc.unary_stream_rpc_method_handler(count),
        "/test/total": grpc.stream_unary_rpc_method_handler(total),
        "/test/chat": grpc.stream_stream_rpc_method_handler(chat),
        "/test/remaining": grpc.unary_unary_rpc_method_handler(remaining),
        "/test/silent": grpc.unary_unary_rpc_method_handler(silent),
        "/test/waits": grpc.unary_stream_rpc_method_handler(waits),
        "/test/endless": grpc.unary_stream_rpc_method_handler(endless),
        "/test/enough": grpc.stream_stream_rpc_method_handler(enough),
        "/test/cancels": grpc.stream_stream_rpc_method_handler(cancels),
    }

    def service(self, details):
        return self.METHODS.get(details.method)


server = grpc.server(
    futures.ThreadPoolExecutor(32),
    handlers=[Calls()],
    options=[("grpc.max_receive_message_length", 64 * MEBIBYTE), ("grpc.so_reuseport", 0)],
)
server.add_insecure_port("[::]:" + sys.argv[1])
server.start()
server.wait_for_termination()
