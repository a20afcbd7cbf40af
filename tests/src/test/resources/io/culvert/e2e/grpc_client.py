"""Every kind of call to grpc_server.py, and every way that one ends.

Arguments: the server's address as gRPC writes it, and one where nobody listens. Says one line for each thing that went well; the exit status is 1
where one did not.
"""
import queue
import random
import sys

import grpc

MEBIBYTE = 1024 * 1024
# For what has to come; nothing waits for it to pass.
PATIENCE = 30


def connect(address):
    return grpc.insecure_channel(
        address,
        options=[
            ("grpc.max_receive_message_length", 64 * MEBIBYTE),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
        ],
    )


channel = connect(sys.argv[1])


def sending():
    """A stream of requests that the caller goes on to fill."""
    requests = queue.Queue()
    return requests, iter(requests.get, None)


def fails(call):
    try:
        call()
    except grpc.RpcError as e:
        return e
    raise AssertionError("it went well")


def done(what, holds=True, told=""):
    assert holds, f"{what}: {told}"
    print(what, flush=True)


# A message and its answer, with what is said before and after it.
unary = channel.unary_unary("/test/unary")
big = random.Random(1).randbytes(5 * MEBIBYTE)
answer, call = unary.with_call(big, timeout=PATIENCE)
done("unary", answer == big)
done("metadata", ("x-head", "early") in call.initial_metadata(), call.initial_metadata())
done(
    "trailers",
    {("x-tail", "late"), ("x-tail-bin", b"\x00\xff")} <= set(map(tuple, call.trailing_metadata())),
    call.trailing_metadata(),
)
error = fails(lambda: channel.unary_unary("/test/refused")(b"why", timeout=PATIENCE))
done(
    "status",
    error.code() == grpc.StatusCode.FAILED_PRECONDITION
    and error.details() == "not now: why"
    and ("x-tail", "late") in map(tuple, error.trailing_metadata()),
    error,
)
error = fails(lambda: channel.unary_unary("/test/nothing")(b"", timeout=PATIENCE))
done("unimplemented", error.code() == grpc.StatusCode.UNIMPLEMENTED, error)

# Streams.
numbers = list(channel.unary_stream("/test/count")(b"1000", timeout=PATIENCE))
done("server's stream", numbers == [b"%d" % number for number in range(1000)])
total = channel.stream_unary("/test/total")((b"x" * 1000 for _ in range(1000)), timeout=PATIENCE)
done("client's stream", total == b"1000000", total)
requests, iterator = sending()
answers = channel.stream_stream("/test/chat")(iterator, timeout=PATIENCE)
for number in range(100):
    # Each is only said when the one before has been answered.
    requests.put(b"%d" % number)
    assert next(answers) == b"echo %d" % number
requests.put(None)
done("both streams", list(answers) == [] and answers.code() == grpc.StatusCode.OK)

# Ends that the client makes.
remaining = float(channel.unary_unary("/test/remaining")(b"", timeout=PATIENCE))
# On the way it has three digits, rounded up.
done("deadline told", 0 < remaining < 1.1 * PATIENCE, remaining)
error = fails(lambda: channel.unary_unary("/test/silent")(b"", timeout=0.2))
done("deadline", error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error)
answers = channel.unary_stream("/test/waits")(b"", timeout=PATIENCE)
assert next(answers) == b"here"
answers.cancel()
done("cancelled", answers.code() == grpc.StatusCode.CANCELLED, answers.code())
answers = channel.unary_stream("/test/endless")(b"", timeout=PATIENCE)
for _ in range(1000):
    next(answers)
answers.cancel()
done("cancelled in the middle", answers.code() == grpc.StatusCode.CANCELLED, answers.code())

# Ends that the server makes.
requests, iterator = sending()
answers = channel.stream_stream("/test/enough")(iterator, timeout=PATIENCE)
requests.put(b"first")
error = fails(lambda: next(answers))
done(
    "ended by the server",
    error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and error.details() == "enough",
    error,
)
requests.put(None)
requests, iterator = sending()
answers = channel.stream_stream("/test/cancels")(iterator, timeout=PATIENCE)
assert next(answers) == b"first"
requests.put(b"go on")
error = fails(lambda: next(answers))
done("cancelled by the server", error.code() == grpc.StatusCode.CANCELLED, error)
requests.put(None)

# Ends that the gateway makes.
error = fails(lambda: channel.unary_unary("/test/denied")(b"", timeout=PATIENCE))
done(
    "denied by the gateway",
    error.code() == grpc.StatusCode.PERMISSION_DENIED and "(POLICY_RULE)" in error.details(),
    error,
)
error = fails(lambda: connect(sys.argv[2]).unary_unary("/test/unary")(b"", timeout=PATIENCE))
done(
    "no server",
    error.code() == grpc.StatusCode.UNAVAILABLE and "(DIAL_REFUSED)" in error.details(),
    error,
)

# And the connection is as good as before.
done("after all", unary(b"still there", timeout=PATIENCE) == b"still there")
