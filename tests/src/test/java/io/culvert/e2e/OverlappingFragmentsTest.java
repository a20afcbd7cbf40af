package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Row 9: fragments that overlap, end elsewhere, are tiny or too far. Every way in which one
 * fragment more can lie to two or three that make a datagram, as OpenBSD's regression tests for
 * IPv6 fragments have them, in every order, where flows are upgraded and where they are forwarded.
 * What is delivered is the datagram or nothing, and where fragments contradict each other before it
 * is whole it is nothing.
 *
 * <p>Policy: an exact duplicate is passed over; anything else that overlaps drops the whole
 * datagram (RFC 8200 section 4.5, RFC 5722); what comes after a datagram was whole belongs to the
 * next one.
 */
@Tag("abuse")
@Timeout(300)
class OverlappingFragmentsTest {
    private static final int CLIENT_PORT = 5_000;

    /** Transport bytes of the datagram, UDP header included. */
    private static final int LENGTH = 96;

    private static final int HEADER = 8;

    /**
     * A fragment.
     *
     * @param other whether its data differs from the datagram's
     */
    private record Piece(int from, int to, boolean more, boolean other) {
        byte[] of(byte[] whole, byte[] different, int identification) {
            return RawPacket.fragment(
                    other ? different : whole, identification, from, to - from, more);
        }
    }

    /**
     * Some fragments, of which the first ones make the datagram.
     *
     * @param sound how many of them make it
     */
    private record Case(List<Piece> pieces, int sound) {
        /** Whether nothing has contradicted the datagram before it was whole. */
        boolean delivers(List<Integer> order) {
            List<Piece> arrived = new ArrayList<>();
            for (int index : order) {
                Piece piece = pieces.get(index);
                for (Piece each : arrived) {
                    if (!each.equals(piece) && contradicts(each, piece)) {
                        return false;
                    }
                }
                arrived.add(piece);
                if (arrived.containsAll(pieces.subList(0, sound))) {
                    return true;
                }
            }
            return false;
        }

        private static boolean contradicts(Piece one, Piece two) {
            boolean overlap = one.from < two.to && two.from < one.to;
            boolean beyondEnd =
                    (!one.more && two.to > one.to)
                            || (!two.more && one.to > two.to)
                            || (!one.more && !two.more && one.to != two.to);
            return overlap || beyondEnd;
        }
    }

    private static List<Case> cases() {
        List<List<Piece>> bases =
                List.of(
                        List.of(new Piece(0, 48, true, false), new Piece(48, LENGTH, false, false)),
                        List.of(
                                new Piece(0, 32, true, false),
                                new Piece(32, 64, true, false),
                                new Piece(64, LENGTH, false, false)));
        List<Case> cases = new ArrayList<>();
        for (List<Piece> base : bases) {
            cases.add(new Case(base, base.size()));
            // Each relation of two intervals that multiples of eight allow: before, meets,
            // overlaps, starts, during, finishes, equals, and their inverses.
            for (int from = 0; from < LENGTH + 16; from += 16) {
                for (int to = from + 16; to <= LENGTH + 16; to += 16) {
                    for (boolean more : new boolean[] {true, false}) {
                        for (boolean other : new boolean[] {true, false}) {
                            // A datagram of other bytes may have the same identification.
                            Piece extra = new Piece(from, to, more, other);
                            if (!completes(base, extra)) {
                                List<Piece> pieces = new ArrayList<>(base);
                                pieces.add(extra);
                                cases.add(new Case(pieces, base.size()));
                            }
                        }
                    }
                }
            }
        }
        return cases;
    }

    /** Whether it stands for one of them, so that there are two datagrams and not one. */
    private static boolean completes(List<Piece> base, Piece extra) {
        for (int drop = 1; drop < 1 << base.size(); drop++) {
            List<Piece> rest = new ArrayList<>();
            rest.add(extra);
            for (int i = 0; i < base.size(); i++) {
                if ((drop >> i & 1) == 0) {
                    rest.add(base.get(i));
                }
            }
            if (isWhole(rest)) {
                return extra.other() || extra.to() > LENGTH || !base.contains(extra);
            }
        }
        return false;
    }

    private static boolean isWhole(List<Piece> pieces) {
        List<Piece> sorted = new ArrayList<>(pieces);
        sorted.sort((a, b) -> Integer.compare(a.from(), b.from()));
        int at = 0;
        for (int i = 0; i < sorted.size(); i++) {
            Piece piece = sorted.get(i);
            if (piece.from() != at || piece.more() == (i == sorted.size() - 1)) {
                return false;
            }
            at = piece.to();
        }
        return true;
    }

    private static List<List<Integer>> orders(int count) {
        List<List<Integer>> orders = new ArrayList<>();
        permute(new ArrayList<>(), count, orders);
        return orders;
    }

    private static void permute(List<Integer> begun, int count, List<List<Integer>> into) {
        if (begun.size() == count) {
            into.add(List.copyOf(begun));
            return;
        }
        for (int i = 0; i < count; i++) {
            if (!begun.contains(i)) {
                begun.add(i);
                permute(begun, count, into);
                begun.removeLast();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversWhatDoesNotDependOnTheOrderWhereUpgraded(Family family) throws Exception {
        try (Topology topology = Topology.open();
                DatagramChannel server = topology.server().udp(family, family.server(), 0)) {
            deliver(topology, family, topology.client(), server, family.server(), "upgraded");
        }
    }

    @ParameterizedTest
    @EnumSource
    void deliversWhatDoesNotDependOnTheOrderWhereForwarded(Family family) throws Exception {
        try (Branches branches = Branches.open();
                DatagramChannel server = branches.near().udp(family, family.branch(), 0)) {
            deliver(
                    branches.topology(),
                    family,
                    branches.client(),
                    server,
                    family.branch(),
                    "forwarded");
        }
    }

    private static void deliver(
            Topology topology,
            Family family,
            Host client,
            DatagramChannel server,
            java.net.InetAddress to,
            String how)
            throws Exception {
        ConcurrentLinkedQueue<byte[]> received = new ConcurrentLinkedQueue<>();
        Thread.ofPlatform().daemon().start(() -> receive(server, received));
        int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        RawPacket packet = new RawPacket(family.client(), to);
        Map<Integer, Boolean> expected = new HashMap<>();
        Map<Integer, byte[]> contents = new HashMap<>();
        int number = 0;
        List<Case> cases = cases();
        try (GatewayLog log = GatewayLog.open();
                PacketSocket ramp = PacketSocket.on(client, Topology.DEVICE)) {
            for (Case each : cases) {
                for (List<Integer> order : orders(each.pieces().size())) {
                    byte[] content = content(number);
                    byte[] whole = packet.udp(CLIENT_PORT, port, content);
                    byte[] different =
                            packet.udp(CLIENT_PORT, port, new byte[LENGTH + 32 - HEADER]);
                    // What lies beyond the datagram's end comes from somewhere too.
                    byte[] longer = Arrays.copyOf(whole, whole.length + 32);
                    for (int index : order) {
                        ramp.send(each.pieces().get(index).of(longer, different, number + 1));
                    }
                    expected.put(number, each.delivers(order));
                    contents.put(number, content);
                    number++;
                    if (number % 50 == 0) {
                        // There is room for 64 datagrams of a source: the old ones have to go
                        // before they fill it, and refused ones stay for a while.
                        Eventually.atRest(
                                Duration.ofMillis(2),
                                () -> PacketFlood.received(topology.gateway()));
                    }
                }
            }
            Eventually.atRest(Duration.ofMillis(300), () -> (long) received.size());
            List<String> wrong = new ArrayList<>();
            for (byte[] each : received) {
                int which = ByteBuffer.wrap(each).getInt(0);
                if (!Arrays.equals(each, contents.get(which))) {
                    wrong.add("bytes of no datagram: " + Arrays.toString(each));
                } else if (!expected.remove(which)) {
                    wrong.add("delivered: " + which);
                }
            }
            expected.forEach(
                    (which, delivered) -> {
                        if (delivered) {
                            wrong.add("not delivered: " + which);
                        }
                    });
            Figures.print(
                    9,
                    "%s, %s: %d cases in every order, %d datagrams, %d delivered, otherwise than"
                            + " the policy says %d (0)",
                    family,
                    how,
                    cases.size(),
                    number,
                    received.size(),
                    wrong.size());
            assertTrue(cases.size() >= 57, "only " + cases.size());
            Collections.sort(wrong);
            assertEquals(List.of(), wrong);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    private static byte[] content(int number) {
        byte[] content = new Content(number).bytes(LENGTH - HEADER);
        ByteBuffer.wrap(content).putInt(0, number);
        return content;
    }

    private static void receive(DatagramChannel server, ConcurrentLinkedQueue<byte[]> into) {
        ByteBuffer datagram = ByteBuffer.allocate(2_000);
        try {
            while (server.receive(datagram.clear()) != null) {
                into.add(Arrays.copyOf(datagram.array(), datagram.position()));
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }
}
