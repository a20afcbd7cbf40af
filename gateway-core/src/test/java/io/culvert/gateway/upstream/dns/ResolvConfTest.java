package io.culvert.gateway.upstream.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class ResolvConfTest {
    private static ResolvConf parse(String... lines) {
        return ResolvConf.parse(List.of(lines));
    }

    private static List<String> servers(ResolvConf conf) {
        return conf.servers().stream()
                .map(one -> one.getAddress().getHostAddress() + " " + one.getPort())
                .toList();
    }

    @Test
    void readsServersDomainsAndOptions() {
        ResolvConf conf =
                parse(
                        "# made by hand",
                        "nameserver 192.0.2.53",
                        "nameserver\t2001:db8::53  ",
                        "nameserver fe80::1%eth0",
                        "nameserver nonsense",
                        "search one.example two.example .",
                        "options timeout:3 ndots:2 rotate");
        assertEquals(List.of("192.0.2.53 53", "2001:db8:0:0:0:0:0:53 53"), servers(conf));
        assertEquals(List.of("one.example", "two.example"), conf.search());
        assertEquals(2, conf.dots());
    }

    @Test
    void asksTheOwnHostWhereNobodyIsNamed() {
        assertEquals(List.of("127.0.0.1 53"), servers(parse("")));
        assertEquals(List.of("127.0.0.1 53"), servers(ResolvConf.read(Path.of("/nowhere/at/all"))));
    }

    @Test
    void takesNoMoreThanThreeServers() {
        assertEquals(
                3,
                parse(
                                "nameserver 192.0.2.1",
                                "nameserver 192.0.2.2",
                                "nameserver 192.0.2.3",
                                "nameserver 192.0.2.4")
                        .servers()
                        .size());
    }

    @Test
    void looksForShortNamesInItsDomainsFirst() {
        ResolvConf conf = parse("search one.example two.example", "options ndots:2");
        assertEquals(List.of("api.one.example", "api.two.example", "api"), conf.candidates("api"));
        assertEquals(
                List.of("a.b.c", "a.b.c.one.example", "a.b.c.two.example"),
                conf.candidates("a.b.c"));
        assertEquals(List.of("api"), conf.candidates("api."), "a name that is whole");
        assertEquals(List.of("api"), ResolvConf.NONE.candidates("api"));
    }

    @Test
    void isReadAgainWhenItChanges(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("resolv.conf");
        List<Path> reads = new ArrayList<>();
        FileReader<ResolvConf> reader =
                new FileReader<>(
                        file,
                        path -> {
                            reads.add(path);
                            return ResolvConf.read(path);
                        });
        reader.get();
        reader.get();
        assertEquals(1, reads.size());
        Files.writeString(file, "nameserver 192.0.2.53\n");
        assertEquals(List.of("192.0.2.53 53"), servers(reader.get()));
        Files.writeString(file, "nameserver 192.0.2.54 \n");
        assertEquals(List.of("192.0.2.54 53"), servers(reader.get()));
        assertEquals(3, reads.size());
    }

    @Test
    void asksServersThatAreSilentLast() {
        long[] now = {0};
        ServerOrder order = new ServerOrder(() -> now[0]);
        InetSocketAddress one = new InetSocketAddress("192.0.2.1", 53);
        InetSocketAddress two = new InetSocketAddress("192.0.2.2", 53);
        order.silent(one);
        assertEquals(List.of(two, one), order.of(List.of(one, two)));
        now[0] = Duration.ofSeconds(30).toNanos();
        assertEquals(List.of(one, two), order.of(List.of(one, two)));
        order.silent(one);
        order.answered(one);
        assertEquals(List.of(one, two), order.of(List.of(one, two)));
    }
}
