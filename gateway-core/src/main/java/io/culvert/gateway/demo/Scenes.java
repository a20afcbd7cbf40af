package io.culvert.gateway.demo;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** What is played, in order, each over both families. */
final class Scenes {
    private static final List<Function<Family, Scene>> ALL =
            List.of(
                    family -> new Ping(family, 10, true),
                    family -> new Ping(family, 1, false),
                    family -> new UdpEcho(family, 200),
                    FailingDatagram::closedPort,
                    FailingDatagram::noRoute,
                    family -> new ShortRequests(family, 50, 8),
                    family -> new Transfer(family, Transfer.Way.DOWNLOAD),
                    family -> new Transfer(family, Transfer.Way.UPLOAD),
                    HalfClose::new,
                    FailingDial::closedPort,
                    FailingDial::noRoute,
                    FailingDial::rejected,
                    SilentDenial::new,
                    TwoTenants::new);

    private Scenes() {}

    static List<Scene> all() {
        return ALL.stream().flatMap(scene -> Stream.of(Family.values()).map(scene)).toList();
    }
}
