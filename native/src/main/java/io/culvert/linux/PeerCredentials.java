package io.culvert.linux;

/**
 * Who made the other end of a Unix socket, at the time of connect(2), listen(2) or socketpair(2):
 * SO_PEERCRED of unix(7). The numbers are those of the asking process's namespaces; a user that is
 * unmapped there is 65534.
 */
public record PeerCredentials(int pid, int uid, int gid) {}
