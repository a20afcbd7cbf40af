package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Requests and answers over one netlink socket (netlink(7)), which belongs to the network namespace
 * of the thread that made it and stays valid on every thread. Thread-safe: one request at a time.
 */
final class NetlinkSocket implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x8_0000;
    private static final int SOL_NETLINK = 270;

    /** Leave the request out of its error, and add a text. */
    private static final int NETLINK_CAP_ACK = 10;

    private static final int NETLINK_EXT_ACK = 11;

    /** Types of answers. */
    private static final int NLMSG_ERROR = 2;

    private static final int NLMSG_DONE = 3;

    /** Flags of answers: the list changed while it was read; the request is left out; a text. */
    private static final int NLM_F_DUMP_INTR = 0x10;

    private static final int NLM_F_CAPPED = 0x100;
    private static final int NLM_F_ACK_TLVS = 0x200;
    private static final int NLMSGERR_ATTR_MSG = 1;

    /** The kernel fills at most 32 KiB a read. */
    private static final int ANSWER_CAPACITY = 1 << 16;

    /** Readings of a list that changes all the time, after which the last one has to do. */
    private static final int MOST_READINGS = 10;

    private static final LibC.Functions C = LibC.INSTANCE;

    private final Fd socket;
    private final ByteBuffer request = NativeMemory.allocateNative(NetlinkMessage.CAPACITY);
    private final ByteBuffer answer = NativeMemory.allocateNative(ANSWER_CAPACITY);
    private int sequence;

    /** Of the answer being read. */
    private boolean changedWhileRead;

    private int refusal;
    private String refusalText;

    NetlinkSocket(int protocol) throws SyscallException {
        socket =
                new Fd(
                        SyscallException.check(
                                Syscall.answer(C.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol)),
                                "netlink socket"));
        // Both only make messages shorter and better: a kernel without them does as well.
        ByteBuffer one = NativeMemory.allocateNative(Integer.BYTES).putInt(0, 1);
        long address = NativeMemory.address(one);
        C.setsockopt(socket.number(), SOL_NETLINK, NETLINK_CAP_ACK, address, Integer.BYTES);
        C.setsockopt(socket.number(), SOL_NETLINK, NETLINK_EXT_ACK, address, Integer.BYTES);
    }

    /**
     * Sends a request and waits for its end.
     *
     * @param reader makes a value of each answer, whose fixed structure begins at index 0; null
     *     leaves the answer out
     * @param what begins the message of an exception; asked for only then
     */
    synchronized <T> List<T> ask(
            NetlinkMessage message, Function<ByteBuffer, T> reader, Supplier<String> what)
            throws SyscallException {
        for (int readings = 1; ; readings++) {
            changedWhileRead = false;
            send(message, ++sequence);
            List<T> values = new ArrayList<>();
            refusal = 0;
            refusalText = null;
            while (receive(message.dump(), reader, values)) {
                // until the end of the answer
            }
            if (refusal != 0) {
                // Copied first: the description may ask for the device's name.
                int number = refusal;
                String text = refusalText;
                throw new SyscallException(what.get(), number, text);
            }
            if (!changedWhileRead || readings == MOST_READINGS) {
                return values;
            }
        }
    }

    /**
     * Sends requests of netfilter that take effect together or not at all, and waits until they
     * have.
     *
     * @param messages none of them for a list, framed by what begins and ends such a batch
     * @param what begins the message of an exception; asked for only then
     */
    synchronized void askTogether(List<NetlinkMessage> messages, Supplier<String> what)
            throws SyscallException {
        int first = sequence + 1;
        ByteBuffer batch = NativeMemory.allocateNative(messages.size() * NetlinkMessage.CAPACITY);
        for (NetlinkMessage message : messages) {
            batch.put(message.finish(++sequence));
        }
        SyscallException.check(
                Syscall.send(socket.number(), NativeMemory.address(batch), batch.position(), 0),
                "netlink request");
        refusal = 0;
        refusalText = null;
        // The first and the last one are not answered, but a refusal of all of it names the first.
        int missing = messages.size() - 2;
        while (missing > 0 && refusal == 0) {
            missing -= receiveAcknowledgments(first);
        }
        if (refusal != 0) {
            throw new SyscallException(what.get(), refusal, refusalText);
        }
    }

    /** How many requests, of those since that one, it has the answers to; stops at a refusal. */
    private int receiveAcknowledgments(int first) throws SyscallException {
        int length = receive();
        int count = 0;
        int at = 0;
        while (at + NetlinkMessage.HEADER_LENGTH <= length && refusal == 0) {
            int size = answer.getInt(at);
            if (size < NetlinkMessage.HEADER_LENGTH || at + size > length) {
                break;
            }
            int number = answer.getInt(at + 8);
            if (Short.toUnsignedInt(answer.getShort(at + 4)) == NLMSG_ERROR
                    && number - first >= 0
                    && number - sequence <= 0) {
                end(NLMSG_ERROR, Short.toUnsignedInt(answer.getShort(at + 6)), payload(at, size));
                count++;
            }
            at += size + Integer.BYTES - 1 & -Integer.BYTES;
        }
        return count;
    }

    private int receive() throws SyscallException {
        return SyscallException.check(
                Syscall.recv(socket.number(), NativeMemory.address(answer), ANSWER_CAPACITY, 0),
                "netlink answer");
    }

    private ByteBuffer payload(int at, int size) {
        return answer.slice(at + NetlinkMessage.HEADER_LENGTH, size - NetlinkMessage.HEADER_LENGTH)
                .order(answer.order());
    }

    @Override
    public void close() {
        socket.close();
    }

    private void send(NetlinkMessage message, int number) throws SyscallException {
        ByteBuffer bytes = message.finish(number);
        int length = bytes.limit();
        request.put(0, bytes, 0, length);
        SyscallException.check(
                Syscall.send(socket.number(), NativeMemory.address(request), length, 0),
                "netlink request");
    }

    /** Whether more follows. */
    private <T> boolean receive(boolean dump, Function<ByteBuffer, T> reader, List<T> values)
            throws SyscallException {
        int length = receive();
        int at = 0;
        while (at + NetlinkMessage.HEADER_LENGTH <= length) {
            int size = answer.getInt(at);
            if (size < NetlinkMessage.HEADER_LENGTH || at + size > length) {
                break;
            }
            int type = Short.toUnsignedInt(answer.getShort(at + 4));
            int flags = Short.toUnsignedInt(answer.getShort(at + 6));
            // What an earlier request left behind is read over.
            if (answer.getInt(at + 8) == sequence) {
                changedWhileRead |= dump && (flags & NLM_F_DUMP_INTR) != 0;
                ByteBuffer payload = payload(at, size);
                if (type == NLMSG_ERROR || type == NLMSG_DONE) {
                    end(type, flags, payload);
                    return false;
                }
                T value = reader.apply(payload);
                if (value != null) {
                    values.add(value);
                }
            }
            at += size + Integer.BYTES - 1 & -Integer.BYTES;
        }
        return true;
    }

    /** The end of an answer holds an errno, negated, then perhaps the request, then attributes. */
    private void end(int type, int flags, ByteBuffer payload) {
        int error = payload.limit() < Integer.BYTES ? 0 : payload.getInt(0);
        if (error == 0) {
            return;
        }
        refusal = -error;
        if ((flags & NLM_F_ACK_TLVS) != 0) {
            int attributes = Integer.BYTES;
            if (type == NLMSG_ERROR) {
                attributes +=
                        (flags & NLM_F_CAPPED) != 0
                                ? NetlinkMessage.HEADER_LENGTH
                                : payload.getInt(Integer.BYTES) + 3 & -4;
            }
            refusalText =
                    NetlinkAttributes.read(payload, attributes).string(NLMSGERR_ATTR_MSG, null);
        }
    }
}
