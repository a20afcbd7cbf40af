package io.culvert.gateway.http;

/**
 * The fields that are of a single connection (RFC 9110 section 7.6.1), taken out and understood.
 *
 * <p>Reusable; confined to one thread.
 */
final class ConnectionOptions {
    private boolean close;
    private boolean keepAlive;
    private boolean upgrade;
    private boolean te;

    boolean isClose() {
        return close;
    }

    boolean isKeepAlive() {
        return keepAlive;
    }

    boolean isUpgrade() {
        return upgrade;
    }

    /** Whether {@code TE} is named, without which it is not believed. */
    boolean isTe() {
        return te;
    }

    /** Reads all {@code Connection} fields, and takes them and what they name out. */
    void read(Fields fields) {
        close = false;
        keepAlive = false;
        upgrade = false;
        te = false;
        int index = -1;
        while ((index = fields.find(FieldKind.CONNECTION, index + 1)) >= 0) {
            one(fields, index);
        }
        index = -1;
        while ((index = fields.find(FieldKind.PROXY_CONNECTION, index + 1)) >= 0) {
            fields.remove(index);
        }
        index = -1;
        while ((index = fields.find(FieldKind.KEEP_ALIVE, index + 1)) >= 0) {
            fields.remove(index);
        }
    }

    private void one(Fields fields, int index) {
        if (fields.isValue(index, "keep-alive")) {
            keepAlive = true;
        } else if (fields.isValue(index, "close")) {
            close = true;
        } else {
            for (String option : fields.value(index).split(",", -1)) {
                option(fields, option.strip());
            }
        }
        fields.remove(index);
    }

    private void option(Fields fields, String option) {
        if (option.equalsIgnoreCase("close")) {
            close = true;
        } else if (option.equalsIgnoreCase("keep-alive")) {
            keepAlive = true;
        } else if (option.equalsIgnoreCase("upgrade")) {
            upgrade = true;
        } else if (option.equalsIgnoreCase("te")) {
            te = true;
        } else if (!option.isEmpty()) {
            nominated(fields, option);
        }
    }

    /**
     * A client may not have the proxy take out what is meant for everybody behind it: only names
     * that the proxy knows nothing of go.
     */
    private static void nominated(Fields fields, String name) {
        int index = fields.find(name);
        if (index >= 0 && fields.kind(index) == FieldKind.OTHER) {
            fields.remove(name);
        }
    }
}
