package io.culvert.gateway.upstream;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The health checks of a group: each server by itself, at once when it is new and then every so
 * often, a little earlier or later each time so that they do not all come together.
 *
 * <p>Threading: one event loop.
 */
final class Checkups {
    private static final Logger LOG = LoggerFactory.getLogger(Checkups.class);

    private final Group group;
    private final EventLoop loop;
    private final ServerConnector connector;
    private final Map<ServerMember, Checkup> checkups = new HashMap<>();
    private HealthSettings settings;

    Checkups(Group group, EventLoop loop, ServerConnector connector) {
        this.group = group;
        this.loop = loop;
        this.connector = connector;
    }

    /**
     * From now on these servers are checked, in this way.
     *
     * @param next null where none is
     */
    void become(List<ServerMember> members, HealthSettings next) {
        boolean same = next != null && next.equals(settings);
        settings = next;
        checkups.values()
                .removeIf(
                        checkup -> {
                            boolean over = !same || !members.contains(checkup.member);
                            if (over) {
                                checkup.stop();
                            }
                            return over;
                        });
        if (next != null) {
            for (ServerMember member : members) {
                checkups.computeIfAbsent(member, Checkup::new).begin();
            }
        }
    }

    /** One server's. */
    private final class Checkup {
        private final ServerMember member;
        private boolean begun;
        private boolean over;
        private Future<?> next;
        private Future<String> question;

        Checkup(ServerMember member) {
            this.member = member;
        }

        void begin() {
            if (!begun) {
                begun = true;
                ask();
            }
        }

        void stop() {
            over = true;
            if (next != null) {
                next.cancel(false);
            }
            if (question != null) {
                // Closes what it has open.
                question.cancel(false);
            }
        }

        private void ask() {
            question = HealthCheck.of(loop, connector, member, settings);
            question.addListener(
                    (Future<String> done) -> {
                        if (!over) {
                            answered(done.getNow());
                        }
                    });
        }

        private void answered(String problem) {
            if (group.checked(member, problem)) {
                if (problem.isEmpty()) {
                    LOG.info("Upstream {}: {} is well again", group.name(), member.name());
                } else {
                    LOG.warn("Upstream {}: {} is down: {}", group.name(), member.name(), problem);
                }
            }
            next = loop.schedule(this::ask, aboutNanos(settings.interval()), TimeUnit.NANOSECONDS);
        }
    }

    /** A tenth less to a tenth more. */
    private static long aboutNanos(Duration interval) {
        long tenth = Math.max(1, interval.toNanos() / 10);
        return interval.toNanos() - tenth + ThreadLocalRandom.current().nextLong(2 * tenth);
    }
}
