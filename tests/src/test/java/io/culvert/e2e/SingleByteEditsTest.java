package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.corpus.CorpusPacket;
import io.culvert.flow.FlowListener;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/**
 * Row 18: headers that lie. Every packet of the corpus, and every edit of one byte of fifty of
 * them, into a whole gateway: each is accounted for, nothing is thrown, and it still works. That
 * nothing is read beyond the received length is {@code corpus.PacketBoundsTest}'s, whose buffers
 * end there.
 */
@Tag("abuse")
@Timeout(600)
class SingleByteEditsTest {
    private static final int SEEDS = 50;
    private static final int SHORTEST = 20;
    private static final int LONGEST = 60;
    private static final int MTU = 65_535;

    @Test
    void accountsForEveryEditWhereEverythingIsUpgraded() throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology =
                        Topology.open(
                                MTU,
                                Topology.UPGRADE_ALL + "limits: { flows: 20000, dials: 64 }\n",
                                FlowListener.NONE)) {
            attack(topology, topology.client(), log, "upgraded");
        }
    }

    @Test
    void accountsForEveryEditWhereEverythingIsForwarded() throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Branches branches =
                        Branches.open(
                                MTU,
                                Topology.offRamp(""),
                                Topology.FORWARD_ALL + "limits: { flows: 20000 }\n")) {
            branches.wide().mtu(Topology.DEVICE, MTU);
            attack(branches.topology(), branches.wide(), log, "forwarded");
        }
    }

    private static void attack(Topology topology, Host host, GatewayLog log, String how)
            throws Exception {
        List<CorpusPacket> seeds = seeds();
        long sent;
        TreeSet<String> shapes = new TreeSet<>();
        try (PacketFlood flood =
                PacketFlood.withinQueueOf(topology.gateway(), host, Topology.DEVICE)) {
            for (CorpusPacket each : CorpusPacket.all()) {
                shapes.add(each.shape());
                if (each.length() > 0 && each.length() <= PacketFlood.LONGEST) {
                    flood.send(bytes(each));
                }
            }
            for (CorpusPacket seed : seeds) {
                edits(flood, bytes(seed), false);
                if (seed.bytes().get(0) >> 4 == 4) {
                    // A wrong header checksum hides what comes after.
                    edits(flood, bytes(seed), true);
                }
            }
            flood.flush();
            sent = flood.sent();
        }
        Eventually.holds(
                "all are received", () -> PacketFlood.received(topology.gateway()) >= sent);
        topology.everyPacketIsAccountedFor();
        log.showsNoFailure();
        Figures.print(
                18,
                "%s: %d packets (%d shapes of the corpus, all edits of one byte of %d seeds),"
                        + " all accounted for, 0 exceptions; %s",
                how,
                sent,
                shapes.size(),
                SEEDS,
                topology.status().dropped());
        assertTrue(sent > 300_000, "only " + sent);
    }

    private static void edits(PacketFlood flood, byte[] seed, boolean mended) throws Exception {
        for (int at = 0; at < seed.length; at++) {
            byte before = seed[at];
            for (int value = 0; value < 256; value++) {
                seed[at] = (byte) value;
                byte[] packet = mended ? mend(seed) : seed;
                if (packet[0] >> 4 == 4 || packet[0] >> 4 == 6 || at == 0) {
                    flood.send(packet);
                }
            }
            seed[at] = before;
        }
    }

    private static byte[] mend(byte[] packet) {
        byte[] mended = packet.clone();
        int header = Math.min((mended[0] & 0xf) * 4, mended.length) & ~1;
        if (header < 20) {
            return mended;
        }
        ByteBuffer bytes = ByteBuffer.wrap(mended);
        bytes.putShort(10, (short) 0);
        int sum = 0;
        for (int i = 0; i < header; i += 2) {
            sum += bytes.getShort(i) & 0xffff;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = (sum & 0xffff) + (sum >>> 16);
        bytes.putShort(10, (short) ~sum);
        return mended;
    }

    private static byte[] bytes(CorpusPacket packet) {
        byte[] bytes = new byte[packet.length()];
        packet.bytes().get(0, bytes);
        return bytes;
    }

    private static List<CorpusPacket> seeds() {
        List<CorpusPacket> candidates = new ArrayList<>();
        for (CorpusPacket each : CorpusPacket.all()) {
            if (each.length() >= SHORTEST && each.length() <= LONGEST) {
                candidates.add(each);
            }
        }
        Collections.shuffle(candidates, new Random(18));
        return candidates.subList(0, SEEDS);
    }

    /** The gateway still works, which a test of its own shows with fewer packets before it. */
    static void stillWorks(Topology topology, Host client, Family family) throws Exception {
        try (TcpServer server =
                        TcpServer.on(
                                topology.server(), family, c -> new Content(1).send(c, 100_000));
                SocketChannel channel = client.connect(family, server.address())) {
            new Content(1).receiveAll(channel, 100_000);
        }
    }
}
