package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * Sends many messages by a connected socket that keeps them apart with few calls, sendmmsg(2). They
 * are copied by {@link #add} and leave at {@link #send}, in their order. Allocates nothing after
 * its construction; confined to one thread.
 */
public final class MessageWriter {
    private final ByteBuffer bytes;
    private final long address;
    private final MessageHeaders headers;
    private final int messages;
    private int used;
    private int count;
    private int sent;

    /**
     * @param messages how many may wait
     * @param bytes memory for them all
     */
    public MessageWriter(int messages, int bytes) {
        this.messages = messages;
        this.bytes = NativeMemory.allocate(bytes);
        this.address = NativeMemory.address(this.bytes);
        this.headers = new MessageHeaders(messages, messages, 0);
        for (int i = 0; i < messages; i++) {
            headers.prepareBare(i, i);
        }
    }

    /** Whether a message of that length can be added now. */
    public boolean hasRoom(int length) {
        return count < messages && length <= bytes.capacity() - used;
    }

    /**
     * Takes a message, for which there must be room.
     *
     * @param from only read, by index
     */
    public void add(ByteBuffer from, int offset, int length) {
        bytes.put(used, from, offset, length);
        headers.vector(count, address + used, length);
        used += length;
        count++;
    }

    /**
     * Sends what waits, as much as goes without waiting.
     *
     * @return 0 where nothing waits any more; else -errno of the first message that does
     */
    public int send(int fd) {
        while (sent < count) {
            int result =
                    Syscall.sendmmsg(
                            fd,
                            headers.address(sent),
                            count - sent,
                            Syscall.MSG_DONTWAIT | Syscall.MSG_NOSIGNAL);
            if (result < 0) {
                return result;
            }
            sent += result;
        }
        clear();
        return 0;
    }

    /** Forgets what waits. */
    public void clear() {
        used = 0;
        count = 0;
        sent = 0;
    }
}
