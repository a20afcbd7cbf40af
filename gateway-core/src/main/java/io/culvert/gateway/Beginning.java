package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Recipient;

/**
 * What a flow begins with, if one may: a packet that came out of a tunnel, or a connection that the
 * host's kernel has accepted. {@link FlowOpener} asks the same questions of either, and either
 * knows how it is refused, kept, and carried on with.
 *
 * <p>Exactly one of {@link #refuse}, {@link #drop}, {@link #handOver}, {@link #keep}, {@link
 * #carry} and {@link #belongsTo} comes last, or {@link #provesSender} with the answer {@code true}.
 *
 * <p>Confined to one worker.
 */
sealed interface Beginning permits PacketBeginning, ConnectionBeginning {
    /** What it came in by. */
    TunnelPort port();

    /** Sets the key of the flow. */
    void setKey(FlowKey key);

    /** What hooks are told of the flow. */
    FlowInfo info();

    /** Why it cannot open a flow of that decision; {@code null} where it can. */
    Reason obstacle(FlowDecision decision);

    /** Whether an obstacle refuses a flow, rather than a packet that would open none anyway. */
    boolean refusesFlow(Reason obstacle);

    /**
     * Whether it is about nothing but its sender, who is asked to show that it exists, or does.
     *
     * @param obstacle as {@link #obstacle} has it
     */
    boolean provesSender(FlowKey key, Reason obstacle);

    /** It opens nothing, and its sender is told where that is of use. */
    void refuse(Reason reason);

    /** The same without a word, where that can be. */
    void drop(Reason reason);

    /** Another worker is to own the flow. */
    void handOver(int worker);

    /** Keeps it until something is known that it waits for. */
    Kept keep();

    /** The flow is known already. */
    void belongsTo(Flow flow);

    /** The flow is open. */
    void opened(Flow flow);

    /**
     * Gives an upgraded flow its path.
     *
     * @param recipient who gets a TCP connection; {@code null} for the relay
     * @return {@code null}, or why there can be none
     */
    Reason upgrade(Flow flow, FlowDecision.Upgrade decision, Recipient recipient);

    /** The flow has its path. */
    void carry(Flow flow);

    /** One that waits, and packets of its flow that have come behind it. */
    interface Kept {
        /** Packets that wait. */
        int packets();

        /**
         * Keeps another packet of the flow.
         *
         * @return {@code null}, or why it cannot be kept
         */
        Reason add(TunnelPort port, Packet packet);

        /** The beginning as it was. */
        Beginning again();

        /** What came behind it is taken as that says, now that the beginning was. */
        void rest(Answer answer);
    }
}
