package io.culvert.gateway.demo;

import io.culvert.linux.NativeMemory;

import java.io.IOException;

/**
 * Both tenants connect from the same address and port to the same address and port, at the same
 * time: two flows that only the tenant tells apart.
 */
record TwoTenants(Family family) implements Scene {
    /** Below the range that the kernel takes ports from, so that no other socket has it. */
    private static final int LOCAL_PORT = 4_000;

    private static final int BUFFER = 4 * 1024;

    @Override
    public String title() {
        return "two tenants, same addresses over " + family;
    }

    @Override
    public String expectation() {
        return "a connection of its own for each tenant";
    }

    @Override
    public String play(Stage stage) throws IOException {
        try (Connection acme = connect(stage, Stage.ACME);
                Connection globex = connect(stage, Stage.GLOBEX)) {
            String first = ask(acme);
            String second = ask(globex);
            if (first.equals(second)) {
                throw new Surprise("one for both, " + first);
            }
            return "the server sees " + port(first) + " and " + port(second);
        }
    }

    private Connection connect(Stage stage, String tenant) throws IOException {
        return Connection.tcp(
                stage.client(tenant),
                LOCAL_PORT,
                family.server().address(),
                WebService.PORT,
                Patience.CALL);
    }

    private static String ask(Connection connection) throws IOException {
        Http http = new Http(connection, NativeMemory.allocate(BUFFER));
        http.writeHead("GET / HTTP/1.1", 0);
        return http.readText(http.readHead().contentLength()).strip();
    }

    private static String port(String answer) {
        return "port " + answer.substring(answer.lastIndexOf(':') + 1);
    }
}
