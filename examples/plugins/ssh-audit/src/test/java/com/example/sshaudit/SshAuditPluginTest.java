package com.example.sshaudit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.kit.HandlerOutcome;
import io.culvert.gateway.plugin.kit.HandlerQuestion;
import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class SshAuditPluginTest {
    private static PluginKit kit(boolean compatible) throws Exception {
        return PluginKit.of(SshAuditPlugin.class)
                .settings(new SshAuditPlugin.Settings(compatible))
                .start();
    }

    private static HandlerQuestion connection(PluginKit kit) {
        return kit.flow("tcp 10.0.0.1:50000 > 192.0.2.22:22").tenant("acme").handledBy("ssh-audit");
    }

    @Test
    void passesEverythingOnAndWritesALine() throws Exception {
        try (PluginKit kit = kit(false)) {
            HandlerOutcome outcome =
                    connection(kit)
                            .client(
                                    peer -> {
                                        peer.say("SSH-2.0-client\r\n");
                                        peer.hear("SSH-2.0-server comment\r\n");
                                        kit.clock().advance(Duration.ofMillis(1500));
                                        peer.say("question").hear("answer");
                                        peer.end().hearEnd();
                                    })
                            .server(
                                    peer -> {
                                        peer.hear("SSH-2.0-client\r\n");
                                        peer.say("SSH-2.0-server comment\r\n");
                                        peer.hear("question");
                                        peer.say("answer").hearEnd();
                                    })
                            .run();

            outcome.assertReason(Reason.FINISHED);
            assertEquals(
                    List.of(
                            "INFO: tenant=acme initiator=10.0.0.1:50000 target=192.0.2.22:22"
                                    + " client=\"SSH-2.0-client\""
                                    + " server=\"SSH-2.0-server comment\""
                                    + " sent=24 received=30 ms=1500 outcome=closed"),
                    kit.log());
        }
    }

    @Test
    void resetsBothSidesWhereTheServerSpeaksAnOldVersion() throws Exception {
        try (PluginKit kit = kit(false)) {
            HandlerOutcome outcome =
                    connection(kit)
                            .client(peer -> peer.hearReset())
                            .server(peer -> peer.say("SSH-1.99-old\n").hearReset())
                            .run();

            // So the flow log has it; why, only the plugin's own line says.
            outcome.assertReason(Reason.HANDLER_REFUSED);
            assertEquals("", outcome.client().text());
            assertTrue(
                    kit.log().getLast().endsWith("outcome=refused (server speaks version 1.99)"));
        }
    }

    @Test
    void letsACompatibleServerThroughWhereTheOperatorWantsIt() throws Exception {
        try (PluginKit kit = kit(true)) {
            connection(kit)
                    .client(peer -> peer.hear("SSH-1.99-old\n").end())
                    .server(peer -> peer.say("SSH-1.99-old\n").hearEnd())
                    .run()
                    .assertReason(Reason.FINISHED);
        }
    }

    @Test
    void findsTheGreetingBehindOtherLinesAndInPieces() throws Exception {
        try (PluginKit kit = kit(false)) {
            connection(kit)
                    .client(peer -> peer.hear("Welcome\r\nSSH-2.0-s\r\n").end())
                    .server(
                            peer -> {
                                for (char one : "Welcome\r\nSSH-2.0-s\r\n".toCharArray()) {
                                    peer.say(String.valueOf(one));
                                }
                                peer.hearEnd();
                            })
                    .run();

            assertTrue(kit.log().getLast().contains("server=\"SSH-2.0-s\""));
        }
    }

    @Test
    void refusesWhatIsNoSshAndForgesNoLogLine() throws Exception {
        try (PluginKit kit = kit(false)) {
            connection(kit)
                    .client(peer -> peer.say("SSH-2.0\"-x\u001b\n").hearReset())
                    .server(peer -> peer.hearReset())
                    .run();

            assertTrue(kit.log().getLast().contains("client=\"SSH-2.0?-x?\""), kit.log()::toString);
            assertTrue(
                    kit.log().getLast().endsWith("outcome=refused (client speaks version 2.0?)"));
        }
    }

    @Test
    void aResetOfTheClientIsLoggedAndReachesTheServer() throws Exception {
        try (PluginKit kit = kit(false)) {
            HandlerOutcome outcome =
                    connection(kit)
                            .client(peer -> peer.hear("SSH-2.0-s\n").reset())
                            .server(peer -> peer.say("SSH-2.0-s\n").hearReset())
                            .run();

            assertTrue(outcome.server().reset());
            assertTrue(kit.log().getLast().endsWith("outcome=reset"));
        }
    }
}
