package io.culvert.gateway.demo;

import io.culvert.linux.Errno;
import io.culvert.linux.SyscallException;
import io.culvert.wire.IpAddress;

import java.io.IOException;

/**
 * A connection that cannot be: the client has to hear it at once, and the reason that is true.
 *
 * @param what the title but for the family
 * @param told what connect(2) has to fail with
 */
record FailingDial(String what, Family family, IpAddress to, int port, Errno told)
        implements Scene {
    static FailingDial closedPort(Family family) {
        return new FailingDial(
                "connect to a closed port",
                family,
                family.server().address(),
                Stage.CLOSED_PORT,
                Errno.ECONNREFUSED);
    }

    static FailingDial noRoute(Family family) {
        return new FailingDial(
                "connect to an unreachable host",
                family,
                family.nowhere(),
                WebService.PORT,
                Errno.EHOSTUNREACH);
    }

    static FailingDial rejected(Family family) {
        return new FailingDial(
                "a port that the policy rejects",
                family,
                family.server().address(),
                Stage.REJECTED_PORT,
                Errno.ECONNREFUSED);
    }

    @Override
    public String title() {
        return what + " over " + family;
    }

    @Override
    public String expectation() {
        return "\"" + told.meaning() + "\" within " + Amounts.time(Patience.CALL.toNanos());
    }

    @Override
    public String play(Stage stage) throws IOException {
        long start = System.nanoTime();
        try (Connection connection = Connection.tcp(stage.client(Stage.ACME), to, port)) {
            throw new Surprise("a connection to " + connection.peer());
        } catch (SyscallException e) {
            if (e.errno() != told) {
                throw new Surprise(
                        e.errno() == Errno.EINPROGRESS ? "no answer at all" : e.getMessage());
            }
        }
        return told.meaning() + " after " + Amounts.time(System.nanoTime() - start);
    }
}
