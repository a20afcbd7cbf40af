package io.culvert.linux;

/**
 * Receives many messages of a connected socket that keeps them apart with one call, recvmmsg(2),
 * each into memory of its own, which is the caller's. Descriptors that come along are closed by the
 * kernel, as no room is made for them. Confined to one thread.
 */
public final class MessageReader {
    private final MessageHeaders headers;
    private final int messages;

    /**
     * @param addresses of the memory for each message
     * @param bytesEach room for each; a longer one is cut
     */
    public MessageReader(long[] addresses, int bytesEach) {
        messages = addresses.length;
        headers = new MessageHeaders(messages, messages, 0);
        for (int i = 0; i < messages; i++) {
            headers.vector(i, addresses[i], bytesEach);
            headers.prepareBare(i, i);
        }
    }

    /**
     * Messages received without waiting, at most that many, or -errno. Where the peer has gone, and
     * all before that is read, they are empty ones without end.
     */
    public int receive(int fd, int most) {
        return Syscall.recvmmsg(
                fd,
                headers.address(0),
                Math.min(most, messages),
                Syscall.MSG_DONTWAIT | Syscall.MSG_TRUNC);
    }

    /** The length of a message of the last {@link #receive}, in full where it was cut. */
    public int length(int i) {
        return headers.length(i);
    }
}
