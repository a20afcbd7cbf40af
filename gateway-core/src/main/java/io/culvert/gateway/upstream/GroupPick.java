package io.culvert.gateway.upstream;

/** A server of a group, chosen for one request. */
final class GroupPick implements Pick {
    private final Group group;
    private final ServerMember member;
    private final boolean retry;
    private boolean released;

    GroupPick(Group group, ServerMember member, boolean retry) {
        this.group = group;
        this.member = member;
        this.retry = retry;
    }

    @Override
    public Member member() {
        return member;
    }

    @Override
    public void succeeded(long firstByteNanos) {
        group.succeeded(member, firstByteNanos);
    }

    @Override
    public void failed(Failure kind) {
        group.failed(member, kind);
    }

    @Override
    public void released() {
        if (!released) {
            released = true;
            group.released(member, retry);
        }
    }
}
