package io.culvert.gateway.upstream;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.util.concurrent.TimeUnit;

/**
 * One question to a server whether it is well: a connection and, where that is wanted, a GET over
 * it, in the protocol that requests come in.
 *
 * <p>Threading: on the loop that is given.
 */
final class HealthCheck {
    private HealthCheck() {}

    /**
     * Asks.
     *
     * @return what is wrong with the server; empty where it is well. Never fails
     */
    static Future<String> of(
            EventLoop loop, ServerConnector connector, ServerMember member, HealthSettings how) {
        Promise<String> result = loop.newPromise();
        Future<Channel> connecting = connector.check(loop, member);
        Future<?> alarm =
                loop.schedule(
                        () ->
                                result.trySuccess(
                                        "no answer within %d ms"
                                                .formatted(how.timeout().toMillis())),
                        how.timeout().toNanos(),
                        TimeUnit.NANOSECONDS);
        connecting.addListener(
                (Future<Channel> done) -> {
                    if (!done.isSuccess()) {
                        result.trySuccess(problem(done.cause()));
                    } else if (how.path().isEmpty()) {
                        result.trySuccess("");
                    } else if (!result.isDone()) {
                        ask(done.getNow(), member, how, result);
                    }
                });
        result.addListener(
                _ -> {
                    alarm.cancel(false);
                    if (connecting.isSuccess()) {
                        Future<?> unused = connecting.getNow().close();
                    } else {
                        connecting.cancel(false);
                    }
                });
        return result;
    }

    private static void ask(
            Channel channel, ServerMember member, HealthSettings how, Promise<String> result) {
        Promise<Integer> status = channel.eventLoop().newPromise();
        status.addListener(
                (Future<Integer> done) ->
                        result.trySuccess(
                                !done.isSuccess()
                                        ? problem(done.cause())
                                        : how.statuses().contains(done.getNow())
                                                ? ""
                                                : "status " + done.getNow()));
        channel.closeFuture()
                .addListener(_ -> result.trySuccess("it closed the connection without an answer"));
        HealthQuestion question =
                new HealthQuestion(member.authority(), how.path().orElseThrow(), member.isTls());
        if (isHttp2(channel, member)) {
            question.sendHttp2(channel, status);
        } else {
            question.sendHttp1(channel, status);
        }
        channel.config().setAutoRead(true);
    }

    private static boolean isHttp2(Channel channel, ServerMember member) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls == null
                ? member.protocol() == Protocol.HTTP2
                : ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol());
    }

    private static String problem(Throwable cause) {
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }
}
