package io.culvert.linux;

/**
 * Something of a network namespace that is not as it was, as {@link NetworkMonitor} heard of it.
 *
 * @param gone whether it is no more, else it is new or different
 * @param device a device's name; of a rule that of its input interface; empty where there is none
 * @param index a device's; of a route that of the device it leads out by, 0 for several
 * @param table of a route or rule
 */
public record NetworkChange(Kind kind, boolean gone, String device, int index, int table) {

    /** What has changed. */
    public enum Kind {
        LINK,
        ROUTE,
        RULE,
        /** More than could be told of: everything may be different. */
        UNKNOWN
    }

    static final NetworkChange ANYTHING = new NetworkChange(Kind.UNKNOWN, false, "", 0, 0);
}
