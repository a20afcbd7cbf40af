package io.culvert.gateway.share;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.culvert.linux.NftTable;
import io.culvert.linux.Nftables;
import io.culvert.nat.PortRange;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Ports that the host gives to no socket which asks for any ({@code ip_local_reserved_ports}, in
 * the kernel's ip-sysctl), beside those that others have reserved.
 *
 * <p><b>Theory of operation.</b> The kernel has one list for the network namespace and does not
 * know who reserved what, so a note says it: an nftables table without rules, whose comment is the
 * ports that were not reserved before by anybody but a gateway. A note stays when its gateway is
 * killed, and is in the very namespace that it tells of. It is left behind where the gateway's own
 * table is not there, which lives and dies with the process. Two gateways may have noted one port;
 * it is given back by the one that ends last.
 *
 * <p>Called in the namespace's thread.
 */
final class ReservedPorts {
    private static final Logger LOG = LoggerFactory.getLogger(ReservedPorts.class);
    private static final Path SETTING = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");

    /** Every second port, five digits and a comma each. */
    private static final int LONGEST_LIST = 1 << 18;

    private static final String TABLE = "culvert-nat-";
    private static final String NOTE = "culvert-ports-";
    private static final String RESERVED = "reserved ";

    private final Nftables nftables;

    ReservedPorts(Nftables nftables) {
        this.nftables = nftables;
    }

    /** The name of the table that lives as long as the gateway that has a device. */
    static String table(String device) {
        return TABLE + device;
    }

    /**
     * Reserves ports for a device, whose {@link #table} is there already. Answers those to be given
     * back.
     */
    PortSet reserve(String device, PortRange range) throws IOException {
        PortSet wanted = PortSet.of(range);
        PortSet before = read();
        PortSet ours = wanted.minus(before.minus(noted("")));
        String note = RESERVED + ours;
        if (note.length() > NftTable.LONGEST_COMMENT) {
            throw new IOException(
                    "%s has ports in too many places of the range %s; give another range"
                            .formatted(SETTING, range));
        }
        nftables.addNote(NOTE + device, note);
        try {
            write(before.plus(wanted));
        } catch (IOException e) {
            nftables.delete(NOTE + device);
            throw e;
        }
        return ours;
    }

    /** Gives the ports of a device back. Its note may be gone, with a {@code flush ruleset}. */
    void release(String device, PortSet ours) throws IOException {
        String note = NOTE + device;
        write(read().minus(ours.minus(noted(note))));
        if (nftables.tables().stream().anyMatch(table -> table.name().equals(note))) {
            nftables.delete(note);
        }
    }

    /** Gives back what gateways had reserved that were killed. */
    void releaseLeftBehind() throws IOException {
        List<NftTable> tables = nftables.tables();
        List<String> alive = tables.stream().filter(NftTable::owned).map(NftTable::name).toList();
        for (NftTable note : tables) {
            if (note.name().startsWith(NOTE)) {
                String device = note.name().substring(NOTE.length());
                if (!alive.contains(table(device))) {
                    LOG.info("Ports of {}, whose gateway is gone, are given back", device);
                    release(device, portsOf(note));
                }
            }
        }
    }

    /** What is noted but for the note of one name. */
    private PortSet noted(String except) throws IOException {
        PortSet ports = PortSet.EMPTY;
        for (NftTable table : nftables.tables()) {
            if (table.name().startsWith(NOTE) && !table.name().equals(except)) {
                ports = ports.plus(portsOf(table));
            }
        }
        return ports;
    }

    private static PortSet portsOf(NftTable note) {
        return note.comment().startsWith(RESERVED)
                ? PortSet.parse(note.comment().substring(RESERVED.length()))
                : PortSet.EMPTY;
    }

    private static PortSet read() throws IOException {
        byte[] list = new byte[LONGEST_LIST];
        try (InputStream setting = Files.newInputStream(SETTING)) {
            // At once: a second read of this file answers nothing, however much there is.
            int length = setting.read(list);
            return PortSet.parse(new String(list, 0, Math.max(0, length), US_ASCII));
        }
    }

    private static void write(PortSet ports) throws IOException {
        // An empty line empties the list; nothing at all would leave it.
        try {
            Files.writeString(SETTING, ports + "\n", StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new IOException(
                    "sysctl net.ipv4.ip_local_reserved_ports = %s: %s"
                            .formatted(ports, e.getMessage()),
                    e);
        }
    }
}
