package io.culvert.gateway.upstream;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Promise;

/**
 * The GET of a health check. Only the status of its answer matters; the connection is closed after.
 */
record HealthQuestion(String authority, String path, boolean isTls) {
    private static final String AGENT = "culvert-health";

    /** Sends it as HTTP/1.1; the promise gets the status. */
    void sendHttp1(Channel channel, Promise<Integer> status) {
        channel.pipeline().addLast(new HttpClientCodec(), new Http1Status(status));
        DefaultFullHttpRequest request =
                new DefaultFullHttpRequest(
                        HttpVersion.HTTP_1_1, HttpMethod.GET, path, Unpooled.EMPTY_BUFFER);
        request.headers()
                .set(HttpHeaderNames.HOST, authority)
                .set(HttpHeaderNames.USER_AGENT, AGENT)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        channel.writeAndFlush(request).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    /** Sends it as HTTP/2; the promise gets the status. */
    void sendHttp2(Channel channel, Promise<Integer> status) {
        Http2Status answer = new Http2Status(status);
        channel.pipeline().addLast(Http2FrameCodecBuilder.forClient().build(), answer);
        Http2Headers headers =
                new DefaultHttp2Headers()
                        .method(HttpMethod.GET.asciiName())
                        .scheme(isTls ? "https" : "http")
                        .authority(authority)
                        .path(path)
                        .add(HttpHeaderNames.USER_AGENT, AGENT);
        channel.writeAndFlush(
                        new DefaultHttp2HeadersFrame(headers, true).stream(answer.newStream()))
                .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    /** Waits for a final answer (RFC 9110 section 15.2). */
    private static final class Http1Status extends SimpleChannelInboundHandler<HttpObject> {
        private final Promise<Integer> status;

        Http1Status(Promise<Integer> status) {
            this.status = status;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (message.decoderResult().isFailure()) {
                status.tryFailure(message.decoderResult().cause());
            } else if (message instanceof HttpResponse response
                    && response.status().code() >= 200) {
                status.trySuccess(response.status().code());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            status.tryFailure(cause);
        }
    }

    /** The same of HTTP/2. */
    private static final class Http2Status extends Http2ChannelDuplexHandler {
        private final Promise<Integer> status;

        Http2Status(Promise<Integer> status) {
            this.status = status;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                if (message instanceof Http2HeadersFrame frame
                        && frame.headers().status() != null) {
                    int code = Integer.parseInt(frame.headers().status().toString());
                    if (code >= 200) {
                        status.trySuccess(code);
                    }
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            status.tryFailure(cause);
        }
    }
}
