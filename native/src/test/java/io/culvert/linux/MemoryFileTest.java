package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;

class MemoryFileTest {
    @Test
    void keepsWhatWasWrittenForWhoeverGetsItsDescriptor() throws IOException {
        Fd[] pair = Sockets.seqpacketPair();
        try (Fd mine = pair[0];
                Fd theirs = pair[1]) {
            try (Fd file = MemoryFile.create("tables");
                    FileChannel content = MemoryFile.open(file)) {
                content.write(ByteBuffer.allocate(8).putLong(0, 42), 1 << 20);
                DescriptorMessage.send(mine, ByteBuffer.allocate(1), file.number());
            }
            DescriptorMessage.Received got =
                    DescriptorMessage.receive(theirs, ByteBuffer.allocate(1));
            try (Fd file = got.descriptors().getFirst();
                    FileChannel content = MemoryFile.open(file)) {
                ByteBuffer into = ByteBuffer.allocate(8);
                assertEquals((1 << 20) + 8, content.size());
                assertEquals(8, content.read(into, 1 << 20));
                assertEquals(42, into.getLong(0));
            }
        }
    }

    @Test
    void sharesAMappingWithEveryOtherReader() throws IOException {
        try (Fd file = MemoryFile.create("shared")) {
            MappedByteBuffer mapping;
            try (FileChannel content = MemoryFile.open(file)) {
                mapping = content.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
            }
            mapping.putInt(100, 7);
            try (FileChannel content = MemoryFile.open(file)) {
                ByteBuffer into = ByteBuffer.allocate(4);
                assertEquals(4, content.read(into, 100));
                assertEquals(7, into.getInt(0));
            }
        }
    }
}
