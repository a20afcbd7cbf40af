package io.culvert.gateway.plugin.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.Reason;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

class HandlerQuestionTest {
    private final HandClock clock = new HandClock();

    private HandlerQuestion handledBy(ConnectionHandler handler) {
        return new HandlerQuestion(handler, Flows.parse("tcp 10.0.0.1:1 > 10.0.0.2:2"), clock);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aRelayPassesBothDirectionsAndHalfClosesOn() throws Exception {
        HandlerOutcome outcome =
                handledBy(Connection::relay)
                        .client(peer -> peer.say("question").end().hear("answer").hearEnd())
                        .server(peer -> peer.hear("question").hearEnd().say("answer"))
                        .run()
                        .assertReason(Reason.FINISHED);

        assertEquals("answer", outcome.client().text());
        assertEquals("question", outcome.server().text());
    }

    @Test
    void aHandlerThatReturnsClosesBothSidesAndWhatItWroteArrives() throws Exception {
        HandlerOutcome outcome =
                handledBy(connection -> connection.initiator().write(bytes("bye")))
                        .run()
                        .assertReason(Reason.HANDLER_CLOSED);

        assertEquals("bye", outcome.client().text());
    }

    @Test
    void aHandlerThatThrowsResetsBothSides() throws Exception {
        HandlerOutcome outcome =
                handledBy(
                                connection -> {
                                    throw new StackOverflowError();
                                })
                        .client(Peer::hearReset)
                        .server(Peer::hearReset)
                        .run()
                        .assertReason(Reason.HANDLER_FAILED);

        assertInstanceOf(StackOverflowError.class, outcome.failure().orElseThrow());
    }

    @Test
    void anObserverThatThrowsResetsBothSidesAndIsTheCause() throws Exception {
        RelayObserver strict =
                new RelayObserver() {
                    @Override
                    public void fromInitiator(ByteBuffer bytes) throws IOException {
                        throw new IOException("not this");
                    }

                    @Override
                    public void fromTarget(ByteBuffer bytes) {}
                };
        HandlerOutcome outcome =
                handledBy(connection -> connection.relay(strict))
                        .client(peer -> peer.say("secret").hearReset())
                        .server(Peer::hearReset)
                        .run();

        assertEquals("", outcome.server().text());
        assertEquals("not this", outcome.failure().orElseThrow().getCause().getMessage());
    }

    @Test
    void anObserverThatRefusesHasNotFailed() throws Exception {
        RelayObserver strict =
                new RelayObserver() {
                    @Override
                    public void fromInitiator(ByteBuffer bytes) throws RefusedException {
                        throw new RefusedException("not this");
                    }

                    @Override
                    public void fromTarget(ByteBuffer bytes) {}
                };
        HandlerOutcome outcome =
                handledBy(connection -> connection.relay(strict))
                        .client(peer -> peer.say("secret").hearReset())
                        .server(Peer::hearReset)
                        .run()
                        .assertReason(Reason.HANDLER_REFUSED);

        assertEquals("", outcome.server().text());
        assertEquals("not this", outcome.failure().orElseThrow().getMessage());
    }

    @Test
    void aHandlerThatRefusesHasNotFailed() throws Exception {
        handledBy(
                        connection -> {
                            throw new RefusedException("nor this");
                        })
                .client(Peer::hearReset)
                .server(Peer::hearReset)
                .run()
                .assertReason(Reason.HANDLER_REFUSED);
    }

    @Test
    void aLimitOfTimeIsOfTheClockThatIsMoved() throws Exception {
        handledBy(
                        connection -> {
                            connection.initiator().timeout(Duration.ofMinutes(5));
                            assertThrows(
                                    SocketTimeoutException.class,
                                    () -> connection.initiator().read(ByteBuffer.allocate(1)));
                        })
                .client(peer -> peer.fallSilent(Duration.ofMinutes(5)).hearEnd())
                .run()
                .assertReason(Reason.HANDLER_CLOSED);
    }

    @Test
    void aTargetThatRefusesIsSeenOnlyByAHandlerThatAnswersFirst() throws Exception {
        handledBy(Connection::relay).serverRefuses().run().assertReason(Reason.DIAL_REFUSED);
        ConnectionHandler first =
                new ConnectionHandler() {
                    @Override
                    public boolean answersFirst() {
                        return true;
                    }

                    @Override
                    public void handle(Connection connection) {
                        assertThrows(ConnectException.class, connection::target);
                    }
                };
        handledBy(first).serverRefuses().run().assertReason(Reason.HANDLER_CLOSED);
    }

    @Test
    void aSideThatIsNotReadMakesTheOtherWait() throws Exception {
        byte[] much = new byte[1 << 20];
        HandlerOutcome outcome =
                handledBy(Connection::relay)
                        .client(peer -> peer.say(much).end().hearEnd())
                        .server(peer -> peer.hearEnd())
                        .run();

        assertEquals(much.length, outcome.server().bytes().length);
    }

    @Test
    void aScriptThatFailsFailsTheTest() {
        AssertionError failure =
                assertThrows(
                        AssertionError.class,
                        () ->
                                handledBy(Connection::relay)
                                        .client(peer -> peer.say("no").end().hearEnd())
                                        .server(peer -> peer.hear("yes"))
                                        .run());

        assertTrue(failure.getMessage().contains("the server heard \"no\" in place of \"yes\""));
    }
}
