package io.culvert.gateway.demo;

import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.SyscallException;

import java.io.IOException;

/** A port that the policy denies: no answer of any kind, and the packets counted as dropped. */
record SilentDenial(Family family) implements Scene {
    @Override
    public String title() {
        return "a port that the policy denies over " + family;
    }

    @Override
    public String expectation() {
        return "silence, and packets dropped because of " + Reason.POLICY_RULE;
    }

    @Override
    public String play(Stage stage) throws IOException {
        long before = dropped(stage);
        try (Connection connection =
                Connection.tcp(
                        stage.client(Stage.ACME),
                        0,
                        family.server().address(),
                        Stage.DENIED_PORT,
                        Patience.SILENCE)) {
            throw new Surprise("a connection to " + connection.peer());
        } catch (SyscallException e) {
            if (e.errno() != Errno.EINPROGRESS) {
                throw new Surprise(e.getMessage());
            }
        }
        long packets = dropped(stage) - before;
        if (packets == 0) {
            throw new Surprise("silence, but no packet counted as dropped");
        }
        return "silence for "
                + Amounts.time(Patience.SILENCE.toNanos())
                + ", dropped: "
                + Reason.POLICY_RULE;
    }

    private static long dropped(Stage stage) {
        long dropped = 0;
        for (PacketCounters counters : stage.gateway().counters()) {
            dropped += counters.droppedCount(Reason.POLICY_RULE);
        }
        return dropped;
    }
}
