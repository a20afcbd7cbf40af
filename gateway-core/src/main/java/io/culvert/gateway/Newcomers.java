package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.gateway.tunnel.TextContext;
import io.culvert.hook.TunnelRequest.Credentials;
import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.PeerCredentials;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;
import io.culvert.upgrade.Poller;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Connections to an on-ramp's socket that have not said yet what they are, which the first message
 * of each does. Who says nothing for five seconds is refused; so is who comes while {@value #MOST}
 * wait, or while {@value #MOST_OF_A_USER} of the same user's do, so that no user keeps the others
 * out.
 *
 * <p>Where plugins say what the message means, the connection waits for them with what it has sent
 * behind it, and counts until they have answered, even if it has gone by then.
 *
 * <p>Where the process may open no more descriptors, connections wait in the socket's own queue.
 *
 * <p>Confined to the loop of one worker.
 */
final class Newcomers {
    private static final Logger LOG = LoggerFactory.getLogger(Newcomers.class);

    static final int MOST = 1024;
    static final int MOST_OF_A_USER = MOST / 4;

    /** From the connection to its first message. */
    private static final long PATIENCE_NANOS = Duration.ofSeconds(5).toNanos();

    private static final int NONBLOCKING_CLOSE_ON_EXEC = Syscall.NONBLOCK | Syscall.CLOEXEC;
    private static final int ACCEPTED_AT_ONCE = 64;

    /** Messages read off a connection that is refused, so that the refusal is not lost. */
    private static final int UNREAD = 256;

    private final Fd listener;
    private final String name;
    private final Poller poller;
    private final NanoClock clock;
    private final BooleanSupplier asksPlugins;
    private final TunnelQuestions questions;
    private final Arrival arrival;
    private final ByteBuffer message = NativeMemory.allocate(TextContext.LONGEST);

    /** In the order of their coming, with those that wait no more until they are its eldest. */
    private final ArrayDeque<Newcomer> queue = new ArrayDeque<>();

    private final UserCounts waiting = new UserCounts();
    private Poller.Watch door;
    private boolean exhausted;
    private boolean stopped;

    /** Told of a connection of which it is known what it is. */
    @FunctionalInterface
    interface Arrival {
        /**
         * The socket is whose who is told, unless it throws.
         *
         * @param admittance whose who is told, as the socket
         * @throws IllegalArgumentException with a sentence for the peer, which is then refused
         */
        void arrived(int socket, PeerCredentials peer, Admittance admittance);
    }

    private static final class Newcomer {
        private final int socket;
        private final PeerCredentials peer;
        private final long deadlineNanos;
        private Poller.Watch watch;
        private boolean waits = true;
        private boolean asked;

        Newcomer(int socket, PeerCredentials peer, long deadlineNanos) {
            this.socket = socket;
            this.peer = peer;
            this.deadlineNanos = deadlineNanos;
        }
    }

    /**
     * @param listener stays its owner's
     * @param name of the socket, for the log
     * @param asksPlugins whether they say what a first message means, or else it is text
     * @param questions to plugins
     */
    Newcomers(
            Fd listener,
            String name,
            Poller poller,
            NanoClock clock,
            BooleanSupplier asksPlugins,
            TunnelQuestions questions,
            Arrival arrival) {
        this.listener = listener;
        this.name = name;
        this.poller = poller;
        this.clock = clock;
        this.asksPlugins = asksPlugins;
        this.questions = questions;
        this.arrival = arrival;
    }

    void start() {
        door = poller.watch(listener.number(), Poller.IN, events -> accept());
    }

    /** Nobody comes any more. */
    void stop() {
        stopped = true;
    }

    private void accept() {
        for (int i = 0; i < ACCEPTED_AT_ONCE && !stopped; i++) {
            int socket = Syscall.accept(listener.number(), 0, 0, NONBLOCKING_CLOSE_ON_EXEC);
            if (socket >= 0) {
                exhausted = false;
                welcome(socket);
            } else if (Errno.EAGAIN.is(socket)) {
                return;
            } else if (!Errno.ECONNABORTED.is(socket)) {
                // EMFILE, ENFILE, ENOMEM: the socket stays ready, and would be told of again and
                // again. Of errors epoll always tells.
                door.events(Poller.ERROR);
                if (!exhausted) {
                    LOG.warn("No tunnel can come on {} now: {}", name, Errno.of(-socket));
                }
                exhausted = true;
                return;
            }
        }
    }

    private void welcome(int socket) {
        PeerCredentials peer;
        try {
            peer = credentials(socket);
        } catch (SyscallException e) {
            refuse(socket, "who you are cannot be told");
            return;
        }
        if (waiting.total() >= MOST || waiting.of(peer.uid()) >= MOST_OF_A_USER) {
            refuse(socket, "too many have come that have not said yet what they are; try again");
            return;
        }
        Newcomer newcomer = new Newcomer(socket, peer, clock.nanoTime() + PATIENCE_NANOS);
        try {
            newcomer.watch = poller.watch(socket, Poller.IN, events -> hear(newcomer));
        } catch (UncheckedIOException noWatch) {
            refuse(socket, "no room for another tunnel");
            return;
        }
        queue.add(newcomer);
        waiting.add(peer.uid());
    }

    private static PeerCredentials credentials(int socket) throws SyscallException {
        try (Fd borrowed = new Fd(socket)) {
            try {
                return Sockets.peerCredentials(borrowed);
            } finally {
                borrowed.release();
            }
        }
    }

    private void hear(Newcomer newcomer) {
        int socket = newcomer.socket;
        if (newcomer.asked) {
            // Nothing but the end of the connection was waited for.
            leave(newcomer);
            Syscall.close(socket);
            return;
        }
        int read =
                Syscall.recv(
                        socket,
                        NativeMemory.address(message),
                        message.capacity(),
                        Syscall.MSG_TRUNC);
        if (read > 0 && read <= message.capacity() && !stopped && asksPlugins.getAsBoolean()) {
            ask(newcomer, read);
            return;
        }
        leave(newcomer);
        if (read <= 0 || stopped) {
            // Whoever comes in our last moment is not refused, and so comes to the next gateway.
            Syscall.close(socket);
        } else if (read > message.capacity()) {
            refuse(socket, "the context has more than " + message.capacity() + " bytes");
        } else {
            try {
                Admittance text = Admittance.of(TextContext.parse(message.slice(0, read)));
                arrival.arrived(socket, newcomer.peer, text);
            } catch (IllegalArgumentException wrong) {
                refuse(socket, wrong.getMessage());
            }
        }
    }

    private void ask(Newcomer newcomer, int length) {
        byte[] context = new byte[length];
        message.get(0, context);
        newcomer.asked = true;
        // Packets that have come already stay in the socket.
        newcomer.watch.events(Poller.ERROR);
        PeerCredentials peer = newcomer.peer;
        questions.ask(
                context,
                Optional.of(new Credentials(peer.pid(), peer.uid(), peer.gid())),
                Optional.empty(),
                new TunnelQuestions.Taker() {
                    @Override
                    public void admitted(Admittance admittance) {
                        waiting.remove(peer.uid());
                        if (newcomer.waits) {
                            leave(newcomer);
                            admit(newcomer, admittance);
                        } else {
                            admittance.release();
                        }
                    }

                    @Override
                    public void refused(String why) {
                        waiting.remove(peer.uid());
                        if (newcomer.waits) {
                            leave(newcomer);
                            refuse(newcomer.socket, why);
                        }
                    }
                });
    }

    private void admit(Newcomer newcomer, Admittance admittance) {
        try {
            arrival.arrived(newcomer.socket, newcomer.peer, admittance);
        } catch (IllegalArgumentException wrong) {
            admittance.release();
            refuse(newcomer.socket, wrong.getMessage());
        }
    }

    private void leave(Newcomer newcomer) {
        newcomer.waits = false;
        newcomer.watch.cancel();
        if (!newcomer.asked) {
            waiting.remove(newcomer.peer.uid());
        }
    }

    /** Says why, and closes. */
    private void refuse(int socket, String why) {
        LOG.info("A tunnel was refused on {}: {}", name, why);
        long address = NativeMemory.address(message);
        for (int i = 0; i < UNREAD; i++) {
            // What is left unread would come before the refusal, as an error.
            if (Syscall.recv(socket, address, message.capacity(), 0) <= 0) {
                break;
            }
        }
        byte[] text = ("refused: " + why + "\n").getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, message.capacity());
        message.put(0, text, 0, length);
        Syscall.send(socket, address, length, Syscall.MSG_NOSIGNAL);
        Syscall.close(socket);
    }

    /** Looks at the clock, and whether there are descriptors again. */
    void tick() {
        if (exhausted) {
            door.events(Poller.IN);
        }
        long now = clock.nanoTime();
        for (Newcomer eldest = queue.peek(); eldest != null; eldest = queue.peek()) {
            if (eldest.waits && now - eldest.deadlineNanos < 0) {
                return;
            }
            queue.poll();
            if (eldest.waits) {
                leave(eldest);
                refuse(
                        eldest.socket,
                        eldest.asked ? "no plugin has answered in time" : "no context came");
            }
        }
    }

    /** The listener is about to be closed, and those that wait hear nothing more, either. */
    void leave() {
        door.cancel();
        for (Newcomer each : queue) {
            if (each.waits) {
                leave(each);
                Syscall.close(each.socket);
            }
        }
        queue.clear();
    }

    /** Once the loop runs no more. */
    void close() {
        queue.stream().filter(each -> each.waits).forEach(each -> Syscall.close(each.socket));
    }
}
