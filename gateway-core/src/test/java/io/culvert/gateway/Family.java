package io.culvert.gateway;

/** The addresses of a {@link LoneWorker} in one version of IP. */
enum Family {
    IPV4(
            "10.50.0.2",
            "10.50.0.3",
            "10.6.0.2",
            "10.50.9.9",
            "203.0.113.7",
            "203.0.113.8",
            "192.0.2.99",
            "198.51.100.7",
            "192.0.0.8"),
    IPV6(
            "2001:db8:50::2",
            "2001:db8:50::3",
            "2001:db8:6::2",
            "2001:db8:50::99",
            "2001:db8:1::7",
            "2001:db8:1::8",
            "2001:db8:99::1",
            "2001:db8:7::7",
            "fd00:c0:1::1");

    private final String client;
    private final String secondClient;
    private final String branch;
    private final String insideRouter;
    private final String server;
    private final String secondServer;
    private final String outsideRouter;
    private final String outside;
    private final String gateway;

    Family(
            String client,
            String secondClient,
            String branch,
            String insideRouter,
            String server,
            String secondServer,
            String outsideRouter,
            String outside,
            String gateway) {
        this.client = client;
        this.secondClient = secondClient;
        this.branch = branch;
        this.insideRouter = insideRouter;
        this.server = server;
        this.secondServer = secondServer;
        this.outsideRouter = outsideRouter;
        this.outside = outside;
        this.gateway = gateway;
    }

    boolean isIpv6() {
        return this == IPV6;
    }

    /** Behind the first tunnel. */
    End client(int port) {
        return new End(client, port);
    }

    /** Behind the first tunnel too. */
    End secondClient(int port) {
        return new End(secondClient, port);
    }

    /** Behind the second tunnel. */
    End branch(int port) {
        return new End(branch, port);
    }

    /** On the way from the first tunnel to its clients. */
    End insideRouter() {
        return new End(insideRouter, 0);
    }

    /** Behind the device. */
    End server(int port) {
        return new End(server, port);
    }

    /** Behind the device too. */
    End secondServer(int port) {
        return new End(secondServer, port);
    }

    /** On the way from the device to the servers. */
    End outsideRouter() {
        return new End(outsideRouter, 0);
    }

    /** The off-ramp's address. */
    String outside() {
        return outside;
    }

    /** Who errors of the gateway itself come from. */
    String gateway() {
        return gateway;
    }

    /** The type of a destination unreachable. */
    int unreachable() {
        return isIpv6() ? 1 : 3;
    }

    /** The code of a closed port. */
    int portUnreachable() {
        return isIpv6() ? 4 : 3;
    }

    int timeExceeded() {
        return isIpv6() ? 3 : 11;
    }
}
