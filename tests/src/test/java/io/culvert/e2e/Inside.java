package io.culvert.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * A program for inside of {@code culvert exec}: asks an address by TCP, UDP and ping, and prints
 * what each answered.
 */
final class Inside {
    private static final int PATIENCE_MILLIS = 10_000;
    private static final byte[] QUESTION = "hello".getBytes(US_ASCII);

    private Inside() {}

    /** The command that runs it. */
    static String[] command(InetAddress address, int tcpPort, int udpPort) {
        return new String[] {
            ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED",
            "-Djnr.ffi.x86asm.enabled=false",
            "-cp",
            System.getProperty("java.class.path"),
            Inside.class.getName(),
            address.getHostAddress(),
            Integer.toString(tcpPort),
            Integer.toString(udpPort)
        };
    }

    public static void main(String[] arguments) throws IOException {
        InetAddress address = InetAddress.getByName(arguments[0]);
        System.out.println("tcp " + tcp(address, Integer.parseInt(arguments[1])));
        System.out.println("udp " + udp(address, Integer.parseInt(arguments[2])));
        System.out.println("ping " + ping(address));
    }

    private static String tcp(InetAddress address, int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), PATIENCE_MILLIS);
            socket.getOutputStream().write(QUESTION);
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), US_ASCII);
        }
    }

    private static String udp(InetAddress address, int port) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.send(new DatagramPacket(QUESTION, QUESTION.length, address, port));
            DatagramPacket answer = new DatagramPacket(new byte[100], 100);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), US_ASCII);
        }
    }

    /** As ping(8) does where it is not privileged: icmp(7). */
    private static String ping(InetAddress address) throws IOException {
        boolean ipv6 = address instanceof Inet6Address;
        ByteBuffer message = ByteBuffer.allocateDirect(8 + QUESTION.length);
        message.put(0, (byte) (ipv6 ? 128 : 8)).put(8, QUESTION);
        long memory = NativeMemory.address(message);
        try (Fd socket = Sockets.echo(ipv6)) {
            Sockets.blocking(socket, true);
            Sockets.timeout(socket, Duration.ofMillis(PATIENCE_MILLIS));
            SocketAddressBuffer to =
                    new SocketAddressBuffer().set(new InetSocketAddress(address, 0));
            Syscall.connect(socket.number(), to.address(), to.length());
            Syscall.send(socket.number(), memory, message.capacity(), 0);
            int length = Syscall.recv(socket.number(), memory, message.capacity(), 0);
            if (length < 8) {
                throw new IOException("no reply: " + length);
            }
            byte[] answer = new byte[length - 8];
            message.get(8, answer);
            return new String(answer, US_ASCII);
        }
    }
}
