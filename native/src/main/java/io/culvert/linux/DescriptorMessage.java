package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Passes open descriptors between processes over a Unix socket: SCM_RIGHTS of unix(7). The receiver
 * gets descriptors of its own for the same open files. On a socket that does not block, both calls
 * may fail with EAGAIN.
 */
public final class DescriptorMessage {
    /** unix(7), SCM_MAX_FD: the descriptors that one message can carry. */
    public static final int MAXIMUM = 253;

    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_CMSG_CLOEXEC = 0x4000_0000;

    /** The descriptors, and credentials where the socket was asked to pass them. */
    private static final int CONTROL =
            MessageHeaders.controlSpace(MAXIMUM * Integer.BYTES) + MessageHeaders.controlSpace(64);

    private DescriptorMessage() {}

    /**
     * One message.
     *
     * @param length bytes of data; 0 with no descriptors means that the peer closed the connection
     * @param descriptors closed on exec, the receiver's to close
     * @param truncated whether the data was longer than its room and the rest of it is lost
     */
    public record Received(int length, List<Fd> descriptors, boolean truncated) {}

    /**
     * Sends the remaining data, all of it, with the descriptors at its first byte. They stay the
     * sender's too.
     *
     * @param data at least one byte, without which a stream carries no descriptors
     * @throws IllegalArgumentException for more than {@link #MAXIMUM} descriptors or no data
     */
    public static void send(Fd socket, ByteBuffer data, int... fds) throws SyscallException {
        if (fds.length > MAXIMUM || !data.hasRemaining()) {
            throw new IllegalArgumentException(
                    "a message takes 1 or more bytes and at most 253 descriptors, not "
                            + data.remaining()
                            + " and "
                            + fds.length);
        }
        int length = data.remaining();
        ByteBuffer direct = NativeMemory.allocate(length).put(data).flip();
        MessageHeaders headers = new MessageHeaders(1, 1, CONTROL);
        headers.prepareToSend(0, 0, 1);
        headers.vector(0, NativeMemory.address(direct), length);
        if (fds.length > 0) {
            int size = fds.length * Integer.BYTES;
            int at = headers.addControl(0, SocketOptions.SOL_SOCKET, SCM_RIGHTS, size);
            headers.bytes().slice(at, size).order(headers.bytes().order()).asIntBuffer().put(fds);
        }
        int sent =
                SyscallException.check(
                        Syscall.sendmsg(socket.number(), headers.address(0), Syscall.MSG_NOSIGNAL),
                        "send a message with " + fds.length + " descriptors");
        // Only a stream takes a part; the descriptors went with its first byte.
        while (sent < length) {
            long rest = NativeMemory.address(direct) + sent;
            sent +=
                    SyscallException.check(
                            Syscall.send(
                                    socket.number(), rest, length - sent, Syscall.MSG_NOSIGNAL),
                            "send the rest of a message");
        }
    }

    /**
     * Receives one message, its data into the buffer's remaining room, whose position moves behind
     * it.
     *
     * @throws SyscallException EMFILE when not all descriptors could be taken in; those that could
     *     are closed
     */
    public static Received receive(Fd socket, ByteBuffer into) throws SyscallException {
        ByteBuffer direct = NativeMemory.allocate(into.remaining());
        MessageHeaders headers = new MessageHeaders(1, 1, CONTROL);
        headers.vector(0, NativeMemory.address(direct), direct.capacity());
        headers.prepareToReceive(0, 0);
        int length =
                SyscallException.check(
                        Syscall.recvmsg(socket.number(), headers.address(0), MSG_CMSG_CLOEXEC),
                        "receive a message");
        List<Fd> descriptors = descriptors(headers);
        if ((headers.flags(0) & MSG_CTRUNC) != 0) {
            descriptors.forEach(Fd::close);
            throw new SyscallException(
                    "receive a message's descriptors, of which some are lost",
                    Errno.EMFILE.number());
        }
        into.put(direct.limit(length));
        return new Received(length, descriptors, (headers.flags(0) & Syscall.MSG_TRUNC) != 0);
    }

    private static List<Fd> descriptors(MessageHeaders headers) {
        int at = headers.find(0, SocketOptions.SOL_SOCKET, SCM_RIGHTS);
        if (at == MessageHeaders.ABSENT) {
            return List.of();
        }
        int count = headers.controlLength(at) / Integer.BYTES;
        List<Fd> descriptors = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            descriptors.add(new Fd(headers.bytes().getInt(at + i * Integer.BYTES)));
        }
        return descriptors;
    }
}
