package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;

class SocketAddressBufferTest {
    private final SocketAddressBuffer address = new SocketAddressBuffer();

    @Test
    void writesAMappedAddressAsIpv4() throws SyscallException {
        address.set(0, 0xffff_c000_0201L, 0xfde8);

        assertEquals("0200fde8c00002010000000000000000", bytes());
        assertFalse(address.isIpv6());
        assertEquals(0, address.addressHigh());
        assertEquals(0xffff_c000_0201L, address.addressLow());
        assertEquals(0xfde8, address.port());
        assertEquals(new InetSocketAddress("192.0.2.1", 65000), address.toInetSocketAddress());
    }

    @Test
    void writesAnyOtherAddressAsIpv6() throws SyscallException {
        address.set(0x2001_0db8_0000_0000L, 0x0000_0000_0000_0001L, 53);

        assertEquals(
                "0a000035" + "00000000" + "20010db8000000000000000000000001" + "00000000", bytes());
        assertTrue(address.isIpv6());
        assertEquals(0x2001_0db8_0000_0000L, address.addressHigh());
        assertEquals(1, address.addressLow());
        assertEquals(53, address.port());
        assertEquals(new InetSocketAddress("2001:db8::1", 53), address.toInetSocketAddress());
    }

    @Test
    void writesTheUnspecifiedAddressOfEitherFamily() throws SyscallException {
        assertEquals("02000050" + "00".repeat(12), bytes(address.setUnspecified(false, 80)));
        assertEquals("0a000050" + "00".repeat(24), bytes(address.setUnspecified(true, 80)));
    }

    @Test
    void writesAUnixPathWithItsFinalZero() throws SyscallException {
        assertEquals("0100" + "2f782f79" + "00", bytes(address.setUnix(Path.of("/x/y"))));
        assertEquals(0, address.port());
        assertThrows(IllegalStateException.class, address::toInetSocketAddress);
    }

    @Test
    void refusesAUnixPathThatTheKernelWouldCut() {
        assertEquals(110, address.setUnix(Path.of("x".repeat(107))).length());
        Path longer = Path.of("x".repeat(108));
        assertThrows(IllegalArgumentException.class, () -> address.setUnix(longer));
    }

    @Test
    void keepsTheScopeOfALinkLocalAddress() throws Exception {
        byte[] octets = HexFormat.of().parseHex("fe800000000000000000000000000001");
        InetSocketAddress scoped =
                new InetSocketAddress(Inet6Address.getByAddress(null, octets, 7), 9);

        assertEquals(
                "0a000009" + "00000000" + "fe800000000000000000000000000001" + "07000000",
                bytes(address.set(scoped)));
        assertEquals(scoped, address.toInetSocketAddress());
    }

    @Test
    void takesJavaAddressesOfBothFamilies() {
        InetSocketAddress ipv4 = new InetSocketAddress("192.0.2.1", 1);
        InetSocketAddress ipv6 = new InetSocketAddress("2001:db8::1", 65535);
        InetSocketAddress unresolved = InetSocketAddress.createUnresolved("host", 1);

        assertEquals(ipv4, address.set(ipv4).toInetSocketAddress());
        assertEquals(ipv6, address.set(ipv6).toInetSocketAddress());
        assertThrows(IllegalArgumentException.class, () -> address.set(unresolved));
    }

    @Test
    void forgetsEverythingWhenPreparedForACall() {
        address.set(0, 0xffff_c000_0201L, 1).prepare();

        assertEquals(128, address.length());
        assertEquals(0, address.addressLow());
        assertEquals(0, address.port());
    }

    private String bytes() throws SyscallException {
        return bytes(address);
    }

    private static String bytes(SocketAddressBuffer address) throws SyscallException {
        ByteBuffer length = ByteBuffer.wrap(memory(address.lengthAddress(), Integer.BYTES));
        assertEquals(address.length(), length.order(ByteOrder.nativeOrder()).getInt());
        return HexFormat.of().formatHex(memory(address.address(), address.length()));
    }

    /** What a system call sees there. */
    private static byte[] memory(long address, int length) throws SyscallException {
        ByteBuffer seen = NativeMemory.allocate(length);
        try (Pipe pipe = Pipe.open(4096)) {
            assertEquals(length, Syscall.write(pipe.writeEnd(), address, length));
            Syscall.read(pipe.readEnd(), NativeMemory.address(seen), length);
        }
        byte[] bytes = new byte[length];
        seen.get(bytes);
        return bytes;
    }
}
