package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.NanoClock;
import io.culvert.gateway.policy.Protocol;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpAddress;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Says which flows were decided by rules that ask for it, and which ones a rule in audit mode would
 * have refused. Whoever sends packets can provoke lines without end, so there are at most {@value
 * #LINES_PER_SECOND} in a second, and then how many more there were.
 *
 * <p>Confined to one worker.
 */
final class RuleLog {
    static final int LINES_PER_SECOND = 20;

    private static final long SECOND = 1_000_000_000L;

    /** A tenant says its own name; one that is longer than this is cut. */
    private static final int LONGEST_TENANT = 60;

    private static final Logger LOG = LoggerFactory.getLogger(RuleLog.class);

    private final NanoClock clock;
    private final Consumer<String> lines;

    private long secondBeganNanos;
    private int said;
    private long leftOut;

    RuleLog(NanoClock clock) {
        this(clock, LOG::info);
    }

    RuleLog(NanoClock clock, Consumer<String> lines) {
        this.clock = clock;
        this.lines = lines;
        secondBeganNanos = clock.nanoTime();
    }

    /** A flow that would have that key was decided so. */
    void decided(Ruling ruling, String tenant, FlowKey key) {
        decided(
                ruling,
                () ->
                        flow(
                                tenant,
                                key.protocol(),
                                key.sourceHigh(),
                                key.sourceLow(),
                                key.sourcePort(),
                                key.destinationHigh(),
                                key.destinationLow(),
                                key.destinationPort()));
    }

    /** A flow was decided so by what it said. */
    void decided(Ruling ruling, Flow flow) {
        decided(ruling, flow.tenant().name(), flow.key());
    }

    private void decided(Ruling ruling, Supplier<String> flow) {
        Ruling refusal = ruling.audited();
        if (refusal != null) {
            refusal.countWouldRefuse();
            if (mayBeSaid()) {
                say("%s would refuse %s; %s".formatted(name(refusal), flow.get(), verdict(ruling)));
            }
        }
        if (ruling.isLogged() && mayBeSaid()) {
            say(verdict(ruling) + ": " + flow.get());
        }
    }

    private boolean mayBeSaid() {
        tick();
        if (said < LINES_PER_SECOND) {
            said++;
            return true;
        }
        leftOut++;
        return false;
    }

    /** A moment has passed: says what was left out in the second that is over. */
    void tick() {
        if (clock.nanoTime() - secondBeganNanos < SECOND) {
            return;
        }
        secondBeganNanos = clock.nanoTime();
        said = 0;
        if (leftOut > 0) {
            say(
                    "%d more lines of rules that log or are in audit mode were left out"
                            .formatted(leftOut));
            leftOut = 0;
        }
    }

    private void say(String line) {
        lines.accept(line);
    }

    private static String verdict(Ruling ruling) {
        String does =
                switch (ruling.decision()) {
                    case FlowDecision.Refuse refuse -> refuse.answered() ? "rejects" : "denies";
                    case FlowDecision.Forward forward -> "forwards via " + forward.via();
                    case FlowDecision.Upgrade upgrade -> "upgrades via " + upgrade.via();
                };
        return name(ruling) + " " + does;
    }

    private static String name(Ruling ruling) {
        return ruling.rule() == null
                ? "the policy's default"
                : "rule \"%s\"%s"
                        .formatted(
                                ruling.name(),
                                ruling.where().isEmpty() ? "" : " (" + ruling.where() + ")");
    }

    private static String flow(
            String tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long destinationHigh,
            long destinationLow,
            int destinationPort) {
        boolean ports = Protocol.hasPorts(protocol);
        return "%s %s -> %s of %s"
                .formatted(
                        Protocol.word(protocol),
                        end(sourceHigh, sourceLow, ports ? sourcePort : 0),
                        end(destinationHigh, destinationLow, ports ? destinationPort : 0),
                        printable(tenant));
    }

    private static String end(long high, long low, int port) {
        IpAddress address = new IpAddress(high, low);
        if (port == 0) {
            return address.toString();
        }
        return (address.isIpv4() ? address.toString() : "[" + address + "]") + ":" + port;
    }

    private static String printable(String tenant) {
        StringBuilder text = new StringBuilder();
        tenant.codePoints()
                .limit(LONGEST_TENANT)
                .map(c -> Character.isISOControl(c) ? '\ufffd' : c)
                .forEach(text::appendCodePoint);
        return text.toString();
    }
}
