package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.List;
import java.util.Set;

/** In the test's own network namespace, on loopback. */
class NftablesTest {
    private static final int UDP = 17;
    private static final int FIRST_PORT = 40_000;
    private static final int LAST_PORT = 40_009;

    private Nftables nftables;
    private Nftables others;

    @BeforeEach
    void open() throws SyscallException {
        Loopback.up();
        nftables = new Nftables();
        others = new Nftables();
    }

    @AfterEach
    void close() {
        nftables.close();
        others.close();
    }

    @Test
    void listsWhatItMade() throws SyscallException {
        nftables.addOwned("one", List.of(chain(List.of(new NftRule().drop()))));

        assertEquals(List.of(new NftTable("one", true, "")), others.tables());
        assertEquals(List.of("chain"), others.rules("one"));
    }

    @Test
    void takesATableAwayWhenItIsClosed() throws SyscallException {
        nftables.addOwned("one", List.of(chain(List.of(new NftRule().drop()))));

        nftables.close();

        assertEquals(List.of(), others.tables());
    }

    @Test
    void keepsOthersFromItsTable() throws SyscallException {
        nftables.addOwned("one", List.of());

        assertEquals(
                Errno.EPERM,
                assertThrows(SyscallException.class, () -> others.delete("one")).errno());
    }

    @Test
    void leavesANoteUntilItIsDeleted() throws SyscallException {
        nftables.addNote("note", "reserved 40000-49999");
        nftables.close();

        NftTable expected = new NftTable("note", false, "reserved 40000-49999");
        assertEquals(List.of(expected), others.tables());

        others.delete("note");
        assertEquals(List.of(), others.tables());
    }

    /** Chain after rule: all of it or nothing. */
    @Test
    void makesNothingWhereAPartIsRefused() throws SyscallException {
        // No translation where packets are forwarded.
        NftChain impossible =
                new NftChain("impossible", true, NftChain.Place.FORWARDED, 0, List.of());
        List<NftChain> chains = List.of(chain(List.of()), impossible);

        SyscallException refusal =
                assertThrows(SyscallException.class, () -> nftables.addOwned("one", chains));

        assertTrue(
                refusal.getMessage().startsWith("add nftables table one: "), refusal::getMessage);
        assertEquals(List.of(), others.tables());
        nftables.addOwned("one", List.of());
        assertEquals(1, others.tables().size());
    }

    @Test
    void makesNoTableTwice() throws SyscallException {
        nftables.addOwned("one", List.of());

        // One of the same owner: what another owns may not even be looked at for that.
        assertEquals(
                Errno.EEXIST,
                assertThrows(SyscallException.class, () -> nftables.addOwned("one", List.of()))
                        .errno());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void dropsWhatGoesToAPortOfTheRange(String literal) throws Exception {
        InetAddress address = InetAddress.getByName(literal);
        NftRule rule =
                new NftRule()
                        .from(address)
                        .to(address)
                        .protocol(UDP)
                        .toPorts(FIRST_PORT, LAST_PORT)
                        .drop();
        try (DatagramChannel below = bound(address, FIRST_PORT - 1);
                DatagramChannel first = bound(address, FIRST_PORT);
                DatagramChannel last = bound(address, LAST_PORT);
                DatagramChannel above = bound(address, LAST_PORT + 1)) {
            nftables.addOwned("one", List.of(chain(List.of(rule))));
            for (DatagramChannel target : List.of(first, last, below, above)) {
                below.send(ByteBuffer.allocate(1), target.getLocalAddress());
            }

            assertTrue(received(below));
            assertTrue(received(above));
            assertFalse(received(first));
            assertFalse(received(last));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void tellsTheSocketsThatAreBoundToAnAddressFromTheOthers(String literal) throws Exception {
        InetAddress address = InetAddress.getByName(literal);
        List<NftRule> rules =
                List.of(
                        new NftRule().to(address).protocol(UDP).toBoundSocket().leave(),
                        new NftRule().to(address).protocol(UDP).drop());
        try (DatagramChannel bound = bound(address, FIRST_PORT);
                DatagramChannel wild =
                        bound(LinkAddress.anyAddress(literal.contains(":")), LAST_PORT)) {
            nftables.addOwned("one", List.of(chain(rules)));

            bound.send(ByteBuffer.allocate(1), new InetSocketAddress(address, LAST_PORT));
            bound.send(ByteBuffer.allocate(1), new InetSocketAddress(address, FIRST_PORT));

            assertTrue(received(bound));
            assertFalse(received(wild));
        }
    }

    /** By the address and ports that the receiver sees, and by where the answer goes. */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void translatesAConnectionAndForgetsIt(String literal) throws Exception {
        InetAddress address = InetAddress.getByName(literal);
        NftChain outwards =
                new NftChain(
                        "outwards",
                        true,
                        NftChain.Place.AFTER_ROUTING,
                        NftChain.SOURCES,
                        List.of(
                                new NftRule()
                                        .from(address)
                                        .protocol(UDP)
                                        .masquerade(address, FIRST_PORT, LAST_PORT)));
        try (DatagramChannel client = bound(address, 1_234);
                DatagramChannel server = bound(address, 5_678)) {
            nftables.addOwned("one", List.of(outwards));
            client.send(ByteBuffer.allocate(1), server.getLocalAddress());
            ByteBuffer datagram = ByteBuffer.allocate(1);
            server.configureBlocking(true);
            InetSocketAddress seen = (InetSocketAddress) server.receive(datagram);

            assertEquals(address, seen.getAddress());
            assertTrue(seen.getPort() >= FIRST_PORT && seen.getPort() <= LAST_PORT, "" + seen);
            server.send(datagram.flip(), seen);
            assertTrue(received(client));
            try (Conntrack conntrack = new Conntrack()) {
                assertEquals(0, conntrack.forget(Set.of(InetAddress.getByName("192.0.2.1"))));
                assertTrue(conntrack.forget(Set.of(address)) > 0);
                assertEquals(0, conntrack.forget(Set.of(address)));
            }
        }
    }

    private static NftChain chain(List<NftRule> rules) {
        return new NftChain("chain", false, NftChain.Place.BEFORE_ROUTING, 0, rules);
    }

    private static DatagramChannel bound(InetAddress address, int port) throws Exception {
        DatagramChannel channel = DatagramChannel.open().bind(new InetSocketAddress(address, port));
        channel.configureBlocking(false);
        return channel;
    }

    /** Loopback delivers within the call that sends. */
    private static boolean received(DatagramChannel channel) throws Exception {
        return channel.receive(ByteBuffer.allocate(1)) != null;
    }
}
